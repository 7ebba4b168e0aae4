"""What the ledger promises: what is recorded is kept, and what may not be sent again is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import ACCEPTED, EVA, NILS, NOW, email, key_of, may_go

from automations.core.history import (
    Enrollment,
    EnrollmentState,
    Fault,
    LeadHistory,
    MessageState,
    Pause,
    Signal,
    SignalKind,
    StepDone,
    StepHow,
    Suppression,
    Typed,
)
from automations.core.leads import Cell, CellChange, CellOutcome, LeadKey, Role, WrittenCell
from automations.core.messages import Hand, Outcome
from automations.core.plan import Known, Move, MoveKind
from automations.errors import AlreadyRunning, WrongUsage
from automations.ledger import RunRecord
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


def put_in_doubt(ledger: SqliteLedger, run: str) -> None:
    """Leave Eva's email in doubt, as a run does that is killed after the mark."""
    ledger.reserve(run, [email()], NOW)
    ledger.mark(run, key_of(), NOW, may_go)
    ledger.recover(LATER)


# Runs


def test_the_runs_of_a_day_have_letters(ledger: SqliteLedger) -> None:
    """The runs of a day are called a, b, c; after z comes aa; a new day begins with a again."""
    names = [ledger.start_run("run", NOW) for _ in range(28)]
    tomorrow = ledger.start_run("run", NOW + timedelta(days=1))

    assert names[:3] == ["2026-11-23-a", "2026-11-23-b", "2026-11-23-c"]
    assert names[25:] == ["2026-11-23-z", "2026-11-23-aa", "2026-11-23-ab"]
    assert tomorrow == "2026-11-24-a"


def test_a_run_is_named_after_the_day_where_the_business_is(ledger: SqliteLedger) -> None:
    """A run at half past midnight in Sydney belongs to the new day there, whatever the date in London."""
    sydney = timezone(timedelta(hours=11))

    name = ledger.start_run("run", datetime(2026, 11, 24, 0, 30, tzinfo=sydney))

    assert name == "2026-11-24-a"


def test_the_newest_run_comes_first_and_a_killed_one_has_no_end(ledger: SqliteLedger) -> None:
    """The list of runs begins with the last one; a run that was killed shows no end."""
    first = ledger.start_run("run", NOW)
    ledger.end_run(first, LATER, 1, {"accepted": 9})
    ledger.start_run("serve", LATER)

    runs = ledger.runs(2)

    assert runs == (
        RunRecord("2026-11-23-b", "serve", LATER, None, None),
        RunRecord("2026-11-23-a", "run", NOW, LATER, 1),
    )


def test_only_as_many_runs_as_asked_for_are_listed(ledger: SqliteLedger) -> None:
    """Whoever asks for the last run gets the last run."""
    for _ in range(3):
        ledger.start_run("run", NOW)

    assert [each.run for each in ledger.runs(1)] == ["2026-11-23-c"]


# Sending


def test_an_email_goes_from_reserved_to_accepted(ledger: SqliteLedger, run: str) -> None:
    """An email is reserved, marked, handed over, and then known as accepted, with the server's own words."""
    reserved = ledger.reserve(run, [email()], NOW)
    why_not = ledger.mark(run, key_of(), NOW, may_go)
    ledger.settle(run, key_of(), ACCEPTED, LATER, None)

    (message,) = ledger.history(LATER).messages
    assert reserved == (key_of(),)
    assert why_not == ""
    assert message.state is MessageState.ACCEPTED
    assert (message.at, message.reserved_at, message.tries) == (LATER, NOW, 1)
    assert (message.sequence, message.step, message.lead_key) == ("welcome", "welcome-1", EVA)
    assert (message.address, message.company, message.sender) == ("eva@muster.example", "Muster AG", "anna")
    assert (message.subject, message.reply) == ("Coffee for 80 people?", "250 2.0.0 queued")
    assert message.message_id == f"<{key_of()[:26]}@shop.example>"


def test_the_bytes_that_were_reserved_are_the_bytes_that_leave(ledger: SqliteLedger, run: str) -> None:
    """What is handed over on a retry is what was reserved, to the byte."""
    _, message = email()
    ledger.reserve(run, [email()], NOW)

    assert ledger.stored(key_of()) == message


def test_a_message_is_reserved_once(ledger: SqliteLedger, run: str) -> None:
    """The same email reserved again is left out: it is in the ledger already."""
    ledger.reserve(run, [email()], NOW)

    again = ledger.reserve(run, [email(), email(NILS)], LATER)

    assert again == (key_of(NILS),)


@pytest.mark.parametrize("spelling", ["Eva@Muster.example", "EVA@muster.example", "eva@muster.example"])
def test_one_person_under_two_keys_gets_a_step_once(ledger: SqliteLedger, run: str, spelling: str) -> None:
    """A lead imported twice, under another key and in another spelling, does not get the same step twice."""
    ledger.reserve(run, [email()], NOW)

    again = ledger.reserve(run, [email(LeadKey("4711"), to=spelling)], LATER)

    assert again == ()


def test_two_steps_to_one_person_are_two_emails(ledger: SqliteLedger, run: str) -> None:
    """The next step of a sequence is another email."""
    ledger.reserve(run, [email()], NOW)

    second = ledger.reserve(run, [email(step="welcome-2")], LATER)

    assert second == (key_of(step="welcome-2"),)


@pytest.mark.parametrize(
    ("hand", "why"),
    [
        (Hand.ACCEPTED, "this email is accepted already"),
        (Hand.REFUSED, "this email is refused already"),
        (Hand.IN_DOUBT, "this email is in doubt already"),
    ],
    ids=["accepted", "refused", "in doubt"],
)
def test_what_is_over_is_not_handed_over_again(ledger: SqliteLedger, run: str, hand: Hand, why: str) -> None:
    """An email that was accepted, refused or is in doubt cannot be marked once more."""
    ledger.reserve(run, [email()], NOW)
    ledger.mark(run, key_of(), NOW, may_go)
    ledger.settle(run, key_of(), Outcome(hand, Fault.POLICY), NOW, None)

    assert ledger.mark(run, key_of(), LATER, may_go) == why


def test_an_email_under_way_is_not_marked_twice(ledger: SqliteLedger, run: str) -> None:
    """While an email is being handed over nobody else may begin to."""
    ledger.reserve(run, [email()], NOW)
    ledger.mark(run, key_of(), NOW, may_go)

    assert ledger.mark(run, key_of(), NOW, may_go) == "this email is handing over already"


def test_an_email_nobody_reserved_is_not_marked(ledger: SqliteLedger, run: str) -> None:
    """An email that the ledger does not know cannot be handed over."""
    assert ledger.mark(run, key_of(), NOW, may_go) == "the ledger does not have this email"


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


def test_an_email_put_off_goes_again_as_it_was(ledger: SqliteLedger, run: str) -> None:
    """An email put off by the server is known with its next try, and may be marked again then."""
    ledger.reserve(run, [email()], NOW)
    ledger.mark(run, key_of(), NOW, may_go)
    ledger.settle(run, key_of(), Outcome(Hand.DEFERRED, Fault.SERVER, "451 later"), NOW, LATER)
    (put_off,) = ledger.history(NOW).messages

    why_not = ledger.mark(run, key_of(), LATER, may_go)
    ledger.settle(run, key_of(), ACCEPTED, LATER, None)

    (accepted,) = ledger.history(LATER).messages
    assert (put_off.state, put_off.next_try_at, put_off.tries) == (MessageState.DEFERRED, LATER, 1)
    assert (put_off.fault, put_off.reply) == (Fault.SERVER, "451 later")
    assert why_not == ""
    assert (accepted.state, accepted.next_try_at, accepted.tries) == (MessageState.ACCEPTED, None, 2)


def test_a_failure_before_the_mark_is_recorded_too(ledger: SqliteLedger, run: str) -> None:
    """An email whose server could not be reached was never marked; it is put off all the same."""
    ledger.reserve(run, [email()], NOW)

    ledger.settle(run, key_of(), Outcome(Hand.DEFERRED, Fault.SERVER, "no answer"), NOW, LATER)

    assert state_of(ledger) is MessageState.DEFERRED


def test_an_email_held_at_the_last_moment_is_reserved_again(ledger: SqliteLedger, run: str) -> None:
    """When the dialogue was broken off before the end of the email it waits for the next run; no try is counted."""
    ledger.reserve(run, [email()], NOW)
    ledger.mark(run, key_of(), NOW, may_go)

    ledger.settle(run, key_of(), Outcome(Hand.HELD), LATER, None)

    (message,) = ledger.history(LATER).messages
    assert (message.state, message.tries) == (MessageState.RESERVED, 0)


def test_an_address_that_does_not_exist_is_never_written_to_again(ledger: SqliteLedger, run: str) -> None:
    """A refused address is suppressed and counts as a bounce, together with the refusal."""
    ledger.reserve(run, [email()], NOW)

    ledger.settle(run, key_of(), Outcome(Hand.REFUSED, Fault.ADDRESS, "550 5.1.1 no such user"), LATER, None)

    history = ledger.history(LATER)
    assert dict(history.suppressed) == {EVA: Suppression(EVA, "address does not exist", LATER)}
    assert history.of(EVA).signals == (Signal(SignalKind.BOUNCED, LATER, "550 5.1.1 no such user"),)


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.ADDRESS])
def test_a_refusal_that_is_not_the_leads_fault_costs_no_lead(ledger: SqliteLedger, run: str, fault: Fault) -> None:
    """When a server refuses our account, our words or our volume, the lead is neither suppressed nor a bounce."""
    ledger.reserve(run, [email()], NOW)

    ledger.settle(run, key_of(), Outcome(Hand.REFUSED, fault, "550 5.7.1 no"), LATER, None)

    history = ledger.history(LATER)
    assert dict(history.suppressed) == {}
    assert history.of(EVA).signals == ()


def test_what_has_ended_cannot_end_again(ledger: SqliteLedger, run: str) -> None:
    """An accepted email cannot turn into a refused one: that would be a fault of ours, and is said."""
    ledger.reserve(run, [email()], NOW)
    ledger.settle(run, key_of(), ACCEPTED, NOW, None)

    with pytest.raises(ValueError, match="is accepted already, so it cannot end as refused"):
        ledger.settle(run, key_of(), Outcome(Hand.REFUSED, Fault.CONTENT), LATER, None)


def test_what_a_killed_run_was_handing_over_is_in_doubt(ledger: SqliteLedger, run: str) -> None:
    """After a kill the email that was on its way is in doubt; the one that was only reserved is safe to send."""
    ledger.reserve(run, [email(), email(NILS)], NOW)
    ledger.mark(run, key_of(), NOW, may_go)

    recovered = ledger.recover(LATER)

    assert [(message.key, message.state, message.at) for message in recovered] == [
        (key_of(), MessageState.IN_DOUBT, LATER)
    ]
    assert ledger.in_doubt() == recovered
    assert state_of(ledger, NILS) is MessageState.RESERVED
    assert ledger.recover(LATER) == ()


@pytest.mark.parametrize(
    ("decision", "state", "may_be_marked"),
    [
        ("sent", MessageState.ACCEPTED, False),
        ("resend", MessageState.RESERVED, True),
        ("drop", MessageState.DROPPED, False),
    ],
)
def test_a_person_decides_what_is_in_doubt(
    ledger: SqliteLedger, run: str, decision: str, state: MessageState, *, may_be_marked: bool
) -> None:
    """An email in doubt counts as sent, goes again or is dropped, as a person says; only `resend` opens the way."""
    put_in_doubt(ledger, run)

    ledger.decide(key_of(), decision, LATER)

    assert state_of(ledger) is state
    assert ledger.in_doubt() == ()
    assert (ledger.mark(run, key_of(), LATER, may_go) == "") is may_be_marked


def test_an_email_that_waits_too_long_can_be_dropped(ledger: SqliteLedger, run: str) -> None:
    """An email whose time has passed is dropped without ever having been in doubt."""
    ledger.reserve(run, [email()], NOW)

    ledger.decide(key_of(), "drop", LATER)

    assert state_of(ledger) is MessageState.DROPPED


def test_only_what_is_in_doubt_can_be_decided(ledger: SqliteLedger, run: str) -> None:
    """Nobody can declare an email sent, or send it again, when the ledger knows what became of it."""
    ledger.reserve(run, [email()], NOW)
    ledger.settle(run, key_of(), ACCEPTED, NOW, None)

    with pytest.raises(WrongUsage) as refused:
        ledger.decide(key_of(), "resend", LATER)

    assert refused.value.what == ("the email to eva@muster.example (welcome-1) is accepted; there is nothing to decide")
    assert state_of(ledger) is MessageState.ACCEPTED


def test_a_decision_that_does_not_exist_is_named(ledger: SqliteLedger, run: str) -> None:
    """A decision that nobody knows changes nothing, and those that exist are listed."""
    put_in_doubt(ledger, run)

    with pytest.raises(WrongUsage) as refused:
        ledger.decide(key_of(), "retry", LATER)

    assert (refused.value.what, refused.value.fix) == ("'retry' is not a decision", "Say one of: sent, resend, drop.")


def test_an_email_the_ledger_does_not_have_cannot_be_asked_for(ledger: SqliteLedger) -> None:
    """Asking for an unknown email is answered with a sentence."""
    with pytest.raises(WrongUsage, match="the ledger has no email"):
        ledger.stored(key_of())
    with pytest.raises(WrongUsage, match="the ledger has no email"):
        ledger.decide(key_of(), "sent", NOW)


# Pauses


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


# What planning needs


def test_a_new_ledger_knows_nothing(ledger: SqliteLedger) -> None:
    """Before the first run nothing is known of anybody."""
    history = ledger.history(NOW)

    assert (dict(history.leads), history.messages, dict(history.suppressed), history.pause) == ({}, (), {}, None)


def test_what_was_known_of_a_lead_is_known_again(ledger: SqliteLedger, run: str) -> None:
    """Score, segment, stage, our cells and what a person typed come back as they were."""
    written: tuple[tuple[Role, Cell], ...] = (
        (Role.SCORE, 62.5),
        (Role.SEGMENT, "hot"),
        (Role.STAGE, "New"),
        (Role.WHY, "큰 사무실, größer als 20"),
        (Role.STATUS, None),
    )
    typed = (Typed(Role.STAGE, "Meeting", NOW),)

    ledger.remember(run, [Known(EVA, 62.5, "hot", "Meeting", NOW, written, typed)], NOW)

    assert ledger.history(NOW).of(EVA) == LeadHistory(
        written=written, typed=typed, stage="Meeting", stage_since=NOW, segment="hot", score=62.5
    )


def test_only_changes_leave_a_snapshot(ledger: SqliteLedger, run: str) -> None:
    """A lead about whom nothing is new leaves no trace of the run; a change leaves one snapshot."""
    for score in (10, 10, 30):
        ledger.remember(run, [Known(EVA, score, "cold", "New", NOW, ())], NOW)

    snapshots = [entry.facts["score"] for entry in ledger.entries(EVA)]
    assert snapshots == [10, 30]


def test_a_lead_that_is_missing_from_the_sheet_is_not_forgotten(ledger: SqliteLedger, run: str) -> None:
    """A lead whose row is gone today is known when it comes back tomorrow."""
    ledger.remember(run, [Known(EVA, 10, "cold", "New", NOW, ()), Known(NILS, 80, "hot", "New", NOW, ())], NOW)

    ledger.remember(run, [Known(NILS, 80, "hot", "Won", LATER, ())], LATER)

    history = ledger.history(LATER)
    assert (history.of(EVA).segment, history.of(EVA).stage) == ("cold", "New")
    assert (history.of(NILS).segment, history.of(NILS).stage) == ("hot", "Won")


def test_a_place_in_a_sequence_is_what_its_moves_add_up_to(ledger: SqliteLedger, run: str) -> None:
    """A lead starts, gets a task, skips a step, and the first thing that ends the sequence is why it ended."""
    moves = [
        Move(EVA, "welcome", MoveKind.START, NOW),
        Move(EVA, "welcome", MoveKind.TASK, NOW, "call"),
        Move(EVA, "welcome", MoveKind.SKIP, LATER, "welcome-2", "segment is warm"),
        Move(EVA, "welcome", MoveKind.STOP, LATER, why="replied"),
        Move(EVA, "welcome", MoveKind.FINISH, LATER),
        Move(EVA, "keep_warm", MoveKind.START, LATER),
    ]

    ledger.moves(run, moves)

    assert ledger.history(LATER).of(EVA).enrollments == (
        Enrollment(
            "welcome",
            NOW,
            EnrollmentState.STOPPED,
            "replied",
            (StepDone("call", StepHow.TASK, NOW), StepDone("welcome-2", StepHow.SKIPPED, LATER)),
        ),
        Enrollment("keep_warm", LATER),
    )


def test_recording_moves_again_changes_nothing(ledger: SqliteLedger, run: str) -> None:
    """A run that was killed and repeats its moves leaves the same places, with the first times."""
    moves = [Move(EVA, "welcome", MoveKind.START, NOW), Move(EVA, "welcome", MoveKind.TASK, NOW, "call")]
    ledger.moves(run, moves)
    before = ledger.history(NOW).leads

    ledger.moves(run, [Move(EVA, "welcome", MoveKind.START, LATER), Move(EVA, "welcome", MoveKind.TASK, LATER, "call")])

    assert ledger.history(NOW).leads == before
    assert len(ledger.entries(EVA)) == 2


def test_reading_the_mailbox_again_changes_nothing(ledger: SqliteLedger) -> None:
    """The same reply collected twice is one reply; a suppression keeps its first reason and day."""
    for moment in (NOW, LATER):
        ledger.signal(EVA, SignalKind.REPLIED, NOW, "<1@muster.example>")
        ledger.suppress(EVA, "unsubscribed", moment)
    ledger.suppress(EVA, "by hand", LATER)

    history = ledger.history(LATER)
    assert history.of(EVA).signals == (Signal(SignalKind.REPLIED, NOW, "<1@muster.example>"),)
    assert dict(history.suppressed) == {EVA: Suppression(EVA, "unsubscribed", NOW)}


def test_old_emails_do_not_count_against_limits_but_are_not_forgotten(ledger: SqliteLedger, run: str) -> None:
    """After 60 days an email counts against no limit any more, and still is never sent again."""
    ledger.reserve(run, [email()], NOW)
    ledger.settle(run, key_of(), ACCEPTED, NOW, None)

    on_the_day = ledger.history(NOW + timedelta(days=60))
    after_it = ledger.history(NOW + timedelta(days=60, seconds=1))

    assert [message.key for message in on_the_day.messages] == [key_of()]
    assert after_it.messages == ()
    assert [message.key for message in after_it.of(EVA).messages] == [key_of()]


def test_a_moment_without_a_zone_is_refused(ledger: SqliteLedger) -> None:
    """A time without a zone could mean any hour; it is never stored."""
    with pytest.raises(ValueError, match="has no time zone"):
        ledger.pause("", datetime(2026, 11, 23, 8))  # noqa: DTZ001 - this is the point

    assert ledger.paused() is None


# Cells and entries


def test_every_cell_is_recorded_with_before_and_after(ledger: SqliteLedger, run: str) -> None:
    """A cell comes back as it was and as it was written, so that a run can be undone."""
    cells = (
        WrittenCell(CellChange(EVA, 14, "Score", 50, 80), CellOutcome.WRITTEN, 15, 50),
        WrittenCell(
            CellChange(NILS, 57, "Stage", None, "Replied"),
            CellOutcome.PERSON_WON,
            57,
            "Meeting",
            "edited while we worked",
        ),
    )

    ledger.cells(run, cells, NOW)

    assert ledger.written_cells(run) == cells
    assert ledger.written_cells("2026-11-22-a") == ()


@given(
    st.one_of(
        st.none(),
        st.text(),
        st.characters(categories=["Cs"]),
        st.integers(min_value=-(2**70), max_value=2**70),
        st.floats(allow_nan=False),
        st.booleans(),
        st.datetimes(timezones=st.sampled_from([None, UTC, timezone(timedelta(hours=5, minutes=45))])),
        st.dates(),
        st.times(),
        st.timedeltas(),
    )
)
def test_whatever_a_cell_holds_comes_back(value: Cell) -> None:
    """Text, numbers, yes and no, dates and times come back with their value and their type."""
    ledger = open_memory_ledger()
    run = ledger.start_run("run", NOW)
    change = CellChange(EVA, 2, "Score", value, value)

    ledger.cells(run, [WrittenCell(change, CellOutcome.WRITTEN, 2, value)], NOW)
    ledger.remember(run, [Known(EVA, 1, "hot", "New", NOW, ((Role.SCORE, value),))], NOW)

    (cell,) = ledger.written_cells(run)
    ((_, known),) = ledger.history(NOW).of(EVA).written
    ledger.close()
    for found in (cell.change.old, cell.change.new, cell.found, known):
        assert (found, type(found)) == (value, type(value))


def test_all_that_happened_to_a_lead_can_be_told(ledger: SqliteLedger, run: str) -> None:
    """The history of a lead has every kind of event, oldest first, and nothing of anybody else."""
    minutes = [NOW + timedelta(minutes=each) for each in range(8)]
    ledger.remember(run, [Known(EVA, 80, "hot", "New", NOW, ())], minutes[0])
    ledger.moves(run, [Move(EVA, "welcome", MoveKind.START, minutes[1])])
    ledger.cells(
        run,
        [WrittenCell(CellChange(EVA, 14, "Asked on", None, date(2026, 11, 1)), CellOutcome.WRITTEN, 14)],
        minutes[2],
    )
    ledger.reserve(run, [email(), email(NILS)], minutes[3])
    ledger.mark(run, key_of(), minutes[4], may_go)
    ledger.settle(run, key_of(), ACCEPTED, minutes[5], None)
    ledger.signal(EVA, SignalKind.UNSUBSCRIBED, minutes[6], "one click")
    ledger.suppress("EVA@muster.example", "unsubscribed", minutes[7])

    entries = ledger.entries(EVA)

    assert [(entry.at, entry.kind) for entry in entries] == [
        (minutes[0], "snapshot"),
        (minutes[1], "move"),
        (minutes[2], "cell"),
        (minutes[3], "message"),
        (minutes[4], "message"),
        (minutes[5], "message"),
        (minutes[6], "signal"),
        (minutes[7], "suppression"),
    ]
    assert entries[2].facts["new"] == "2026-11-01"
    assert [entry.facts["state"] for entry in entries[3:6]] == ["reserved", "handing over", "accepted"]
    assert entries[5].facts["reply"] == "250 2.0.0 queued"
    assert ledger.entries(LeadKey("nobody@else.example")) == ()


# Jobs


def test_a_job_remembers_the_last_time_it_was_due(ledger: SqliteLedger) -> None:
    """The schedule knows after a restart which due time a job last ran for."""
    ledger.record_due("run", NOW, LATER)
    ledger.record_due("run", NOW - timedelta(days=1), LATER)
    ledger.record_due("run", NOW, LATER)

    assert ledger.last_due("run") == NOW
    assert ledger.last_due("run", until=NOW) == NOW
    assert ledger.last_due("run", until=NOW - timedelta(microseconds=1)) == NOW - timedelta(days=1)
    assert ledger.last_due("inbox") is None


# The lock, and the record itself


def test_two_runs_do_not_work_on_one_book(ledger: SqliteLedger) -> None:
    """The second run on a book is told that another one is at work; after the first it may start."""
    with ledger.lock(), pytest.raises(AlreadyRunning, match="another run is at work on these leads"), ledger.lock():
        pass  # pragma: no cover - never reached

    with ledger.lock():
        pass


GROWING = (
    "batches",
    "bodies",
    "cells",
    "jobs_due",
    "message_events",
    "moves",
    "pauses",
    "run_ends",
    "runs",
    "signals",
    "snapshots",
    "states",
    "suppressions",
)


def test_the_record_only_grows(ledger: SqliteLedger, run: str) -> None:
    """What was recorded can neither be changed nor taken out, not even by a fault of ours."""
    ledger.remember(run, [Known(EVA, 1, "hot", "New", NOW, ())], NOW)
    ledger.cells(run, [WrittenCell(CellChange(EVA, 2, "Score", 1, 2), CellOutcome.WRITTEN, 2)], NOW)
    ledger.moves(run, [Move(EVA, "welcome", MoveKind.START, NOW)])
    ledger.reserve(run, [email()], NOW)
    ledger.signal(EVA, SignalKind.OPENED, NOW, "")
    ledger.suppress(EVA, "by hand", NOW)
    ledger.pause("", NOW)
    ledger.record_due("run", NOW, NOW)
    ledger.end_run(run, NOW, 0, {})

    for table in GROWING:
        column = ledger._database.execute(f"PRAGMA table_info({table})").fetchone()[1]
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"):  # noqa: S608 - ours
            with pytest.raises(sqlite3.IntegrityError, match="only grow"):
                ledger._database.execute(statement)


def test_an_email_can_go_no_other_way_than_the_protocols(ledger: SqliteLedger, run: str) -> None:
    """Even if our code forgot it, the database itself refuses to take an email back from its end."""
    ways = {
        MessageState.RESERVED: {"handing over", "accepted", "deferred", "refused", "in doubt", "dropped"},
        MessageState.DEFERRED: {"handing over", "accepted", "deferred", "refused", "in doubt", "dropped"},
        MessageState.HANDING_OVER: {"accepted", "deferred", "refused", "in doubt", "reserved"},
        MessageState.IN_DOUBT: {"accepted", "reserved", "dropped"},
        MessageState.ACCEPTED: set[str](),
        MessageState.REFUSED: set[str](),
        MessageState.DROPPED: set[str](),
    }
    database = ledger._database

    for number, (state, targets) in enumerate(ways.items()):
        lead = LeadKey(f"{number}@muster.example")
        for target in MessageState:
            ledger.reserve(run, [email(lead, step=target)], NOW)
            key = key_of(lead, target)
            for way in _way_to(state):
                database.execute("UPDATE messages SET state = ? WHERE key = ?", (way, key))
            allowed = True
            try:
                database.execute("UPDATE messages SET state = ? WHERE key = ?", (target, key))
            except sqlite3.IntegrityError:
                allowed = False
            assert allowed is (target in targets), (state, target)


def _way_to(state: MessageState) -> list[MessageState]:
    return [] if state is MessageState.RESERVED else [state]


def test_times_of_day_are_kept_to_the_microsecond(ledger: SqliteLedger, run: str) -> None:
    """Two events a microsecond apart keep their order."""
    moment = datetime.combine(date(2026, 11, 23), time(8, 0, 0, 1), UTC)

    ledger.signal(EVA, SignalKind.REPLIED, moment, "")
    ledger.moves(run, [Move(EVA, "welcome", MoveKind.START, NOW)])

    assert [entry.at for entry in ledger.entries(EVA)] == [NOW, moment]
