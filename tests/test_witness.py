"""A ledger that was lost or put back from an old copy: the sheet remembers, and nobody is written to twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from worlds import HEADERS, MONDAY, POLICY, World, row

from automations.core.history import LeadHistory, MessageRecord, MessageState, Signal, SignalKind
from automations.core.leads import LeadKey
from automations.core.messages import MessageKey
from automations.core.plan import HoldKind
from automations.core.witness import unknown_email
from automations.core.wording import email_status
from automations.sources.memory import MemorySource

EVA, ANA = "eva@muster.example", "ana@hafen.example"
WELCOME = replace(POLICY, sequences=POLICY.sequences[:1])
SENT = MessageRecord(
    key=MessageKey("k"), sequence="welcome", step="hello", lead_key=LeadKey(EVA), address=EVA, company="",
    sender="anna", state=MessageState.ACCEPTED, at=MONDAY, reserved_at=MONDAY, subject="", message_id="",
)  # fmt: skip


def test_a_lost_ledger_sends_nothing_twice() -> None:
    """After .leadwright was lost, leads whose row tells of an email get none; new leads do."""
    world = World(MemorySource("Leads", HEADERS, [row(EVA, "Eva")]), WELCOME)
    world.run()
    world.source.grid[1][8] = "New"
    sheet = MemorySource("Leads", HEADERS, [world.source.grid[1], row(ANA, "Ana", "Hafen")])
    after = World(sheet, WELCOME)

    report = after.run()

    assert [message.envelope_to for message in after.mailer.handed_over] == [ANA]
    assert [(hold.key, hold.kind) for hold in report.plan.holds] == [(EVA, HoldKind.NOT_RECORDED)]
    assert report.plan.holds[0].why == (
        'the sheet says "hello sent Mon 23 Nov 2026", and that is not on record:'
        " put the newest .leadwright back, or clear the cell"
    )


def test_a_cleared_cell_is_a_persons_word() -> None:
    """Who clears the cell of a lead wants it to be written to."""
    world = World(MemorySource("Leads", HEADERS, [row(EVA, "Eva")]), WELCOME)
    world.run()
    world.source.grid[1][8] = "New"
    world.source.grid[1][11] = None
    after = World(MemorySource("Leads", HEADERS, world.source.grid[1:]), WELCOME)

    after.run()

    assert [message.envelope_to for message in after.mailer.handed_over] == [EVA]


def test_an_old_copy_of_the_ledger_does_not_repeat_the_email_after_it() -> None:
    """The copy knows the first email, the sheet tells of the second: the second is not sent again."""
    record = "more sent Wed 25 Nov 2026"

    assert unknown_email(record, "more", LeadHistory(messages=(SENT,))) == record
    assert unknown_email("hello sent Mon 23 Nov 2026", "more", LeadHistory(messages=(SENT,))) == ""


@pytest.mark.parametrize(
    "kind", [SignalKind.REPLIED, SignalKind.UNSUBSCRIBED, SignalKind.BOUNCED, SignalKind.COMPLAINED]
)
def test_everything_we_write_there_is_understood(kind: SignalKind) -> None:
    """Whatever Email status can say of the past forbids an email when nothing of it is on record."""
    zone = ZoneInfo("Europe/Berlin")
    known = LeadHistory(messages=(SENT,), signals=(Signal(kind, datetime(2026, 11, 5, 8, tzinfo=UTC)),))
    doubt = LeadHistory(messages=(replace(SENT, state=MessageState.IN_DOUBT, at=MONDAY + timedelta(days=9)),))

    texts = [email_status(each, zone) for each in (known, doubt, LeadHistory(messages=(SENT,)))]

    assert [unknown_email(text or "", "more", LeadHistory()) for text in texts] == texts


@pytest.mark.parametrize("text", ["", "sent her the brochure", "please call", "replied in May", "sent Mon"])
def test_what_people_write_there_forbids_nothing(text: str) -> None:
    """A team's own notes in a column of that name are not taken for ours."""
    assert unknown_email(text, "hello", LeadHistory()) == ""
