"""The last question before an email leaves: who and what can still stop it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from ledgers import EVA, NOW, email, key_of, may_go

from automations.core.history import (
    MessageState,
    Pause,
    SignalKind,
)
from automations.core.leads import LeadKey
from automations.core.plan import Move, MoveKind
from automations.ledger.sqlite import SqliteLedger, open_ledger, open_memory_ledger

LATER = NOW + timedelta(minutes=10)


@pytest.fixture(params=["file", "memory"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteLedger]:
    """Return a new ledger; every promise holds for the one in a file and for the one in memory."""
    opened = open_ledger(tmp_path / ".leadwright") if request.param == "file" else open_memory_ledger()
    yield opened
    opened.close()


@pytest.fixture
def run(ledger: SqliteLedger) -> str:
    """Return the name of a run that has begun."""
    return ledger.start_run("run", NOW)


def state_of(ledger: SqliteLedger, lead: LeadKey = EVA) -> MessageState:
    """Return where the only email to a lead stands."""
    (message,) = ledger.history(NOW).of(lead).messages
    return message.state


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        (SignalKind.REPLIED, "they replied"),
        (SignalKind.BOUNCED, "an email to them came back"),
        (SignalKind.UNSUBSCRIBED, "they unsubscribed"),
        (SignalKind.COMPLAINED, "they complained about an email"),
        (SignalKind.OPENED, ""),
        (SignalKind.CLICKED, ""),
    ],
)
def test_what_came_back_stops_the_next_email(ledger: SqliteLedger, run: str, kind: SignalKind, why: str) -> None:
    """A reply, bounce, unsubscribe or complaint stops an email that was reserved before; opening one does not."""
    ledger.reserve(run, [email()], NOW)
    ledger.signal(EVA, kind, NOW, "")

    assert ledger.mark(run, key_of(), LATER, may_go) == why


@pytest.mark.parametrize(
    ("kind", "replied_at", "why"),
    [
        (SignalKind.REPLIED, NOW - timedelta(days=90), ""),
        (SignalKind.REPLIED, NOW, "they replied"),
        (SignalKind.UNSUBSCRIBED, NOW - timedelta(days=90), "they unsubscribed"),
    ],
    ids=["replied to an earlier sequence", "replied to this one", "unsubscribed long ago"],
)
def test_an_old_reply_does_not_stop_a_new_sequence(
    ledger: SqliteLedger, run: str, kind: SignalKind, replied_at: datetime, why: str
) -> None:
    """A reply stops what was under way when it came; a later sequence may start. An unsubscribe is for ever."""
    ledger.signal(EVA, kind, replied_at, "")
    ledger.moves(run, [Move(EVA, "welcome", MoveKind.START, NOW)])
    ledger.reserve(run, [email()], NOW)

    assert ledger.mark(run, key_of(), LATER, may_go) == why


def test_a_suppressed_address_is_not_written_to_in_any_spelling(ledger: SqliteLedger, run: str) -> None:
    """Who is suppressed under one spelling of the address is suppressed under every other."""
    ledger.reserve(run, [email(to="eva.muster@gmail.com")], NOW)
    ledger.suppress("E.Va.Muster+shop@googlemail.com", "unsubscribed", NOW)

    assert ledger.mark(run, key_of(), LATER, may_go) == "this address must not be written to: unsubscribed"


def test_the_gate_has_the_last_word(ledger: SqliteLedger, run: str) -> None:
    """When the window has closed in the meantime the email is not marked, and stays reserved."""
    ledger.reserve(run, [email()], NOW)

    why = ledger.mark(run, key_of(), NOW, lambda: "outside the sending hours")

    assert why == "outside the sending hours"
    assert state_of(ledger) is MessageState.RESERVED


def test_a_gate_may_look_into_the_ledger(ledger: SqliteLedger, run: str) -> None:
    """A gate that asks the ledger whether sending is paused gets an answer."""
    ledger.reserve(run, [email()], NOW)

    assert ledger.mark(run, key_of(), NOW, lambda: "paused" if ledger.paused() else "") == ""


def test_a_gate_that_fails_marks_nothing(ledger: SqliteLedger, run: str) -> None:
    """When the gate itself breaks, nothing was marked, and the ledger goes on working."""
    ledger.reserve(run, [email()], NOW)

    with pytest.raises(ZeroDivisionError):
        ledger.mark(run, key_of(), NOW, lambda: str(1 // 0))

    assert state_of(ledger) is MessageState.RESERVED
    assert ledger.mark(run, key_of(), NOW, may_go) == ""


def test_a_pause_stops_an_email_that_is_almost_out(ledger: SqliteLedger, run: str) -> None:
    """Whoever pauses while a run is under way stops its next email; after `resume` it goes."""
    ledger.reserve(run, [email()], NOW)

    ledger.pause("prices are wrong", NOW)
    paused, why = ledger.paused(), ledger.mark(run, key_of(), NOW, may_go)
    ledger.resume(LATER)

    assert paused == Pause(NOW, "prices are wrong")
    assert why == "sending is paused: prices are wrong"
    assert ledger.paused() is None
    assert ledger.history(LATER).pause is None
    assert ledger.mark(run, key_of(), LATER, may_go) == ""


def test_a_file_named_stop_pauses(tmp_path: Path) -> None:
    """A person without the command can stop all sending by a file named STOP beside the ledger."""
    folder = tmp_path / ".leadwright"
    ledger = open_ledger(folder)
    run = ledger.start_run("run", NOW)
    ledger.reserve(run, [email()], NOW)

    (folder / "STOP").touch()
    why = ledger.mark(run, key_of(), NOW, may_go)
    pause = ledger.history(NOW).pause
    ledger.resume(LATER)

    assert why == f"sending is paused: there is a file {folder / 'STOP'}"
    assert pause is not None
    assert pause.why == f"there is a file {folder / 'STOP'}"
    assert not (folder / "STOP").exists()
    assert ledger.mark(run, key_of(), LATER, may_go) == ""
    ledger.close()
