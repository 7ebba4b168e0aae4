"""The page about sending tells the truth: its table of answers decides, and its numbers are those of the code."""

from __future__ import annotations

from pathlib import Path

from automations.core.messages import Fault
from automations.core.putoff import MAILBOX_EMAILS
from automations.core.sequences import DEADLINE
from automations.mail.answers import answer_rows
from automations.mail.dialogue import Timeouts
from automations.sending.supply import BATCH

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "sending.md").read_text(encoding="utf-8")


def the_table() -> str:
    """Return the table of answers as the page has it."""
    head = "| when | the server says | the email is | whose fault |\n|---|---|---|---|\n"
    return head + "".join(f"| {' | '.join(row)} |\n" for row in answer_rows())


def test_the_table_of_answers_is_the_one_that_decides() -> None:
    """Whoever looks an answer up finds what the program makes of it, first match first."""
    assert the_table() in PAGE


def test_every_fault_is_explained() -> None:
    """What follows from each kind of fault stands on the page."""
    assert [fault for fault in Fault if fault and f"**{fault.value}**" not in PAGE] == []


def test_its_numbers_are_those_of_the_code() -> None:
    """The waits and counts on the page are the ones that are used."""
    assert (Timeouts().dot, DEADLINE.total_seconds() / 3600, MAILBOX_EMAILS, BATCH) == (600, 72, 3, 50)
    for said in ("600 seconds", "72 hours", "three emails in a row", "batches of 50"):
        assert said in PAGE
