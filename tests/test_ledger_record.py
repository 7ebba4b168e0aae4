"""What the ledger keeps: runs, what was known of leads, moves, cells, jobs; and that it only grows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledgers import ACCEPTED, EVA, NILS, NOW, email, key_of, may_go

from automations.core.history import (
    Enrollment,
    EnrollmentState,
    LeadHistory,
    Signal,
    SignalKind,
    StepDone,
    StepHow,
    Suppression,
    Typed,
    Written,
)
from automations.core.leads import Cell, CellChange, CellOutcome, LeadKey, Role, WrittenCell
from automations.core.plan import Known, Move, MoveKind
from automations.errors import AlreadyRunning
from automations.ledger import Ledger, RunRecord
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


def test_it_is_a_ledger(ledger: SqliteLedger) -> None:
    """Whatever works with the record of a book works with this one: the type checker reads this line."""
    record: Ledger = ledger

    assert record.paused() is None


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


# What planning needs


def test_a_new_ledger_knows_nothing(ledger: SqliteLedger) -> None:
    """Before the first run nothing is known of anybody."""
    history = ledger.history(NOW)

    assert (dict(history.leads), history.messages, dict(history.suppressed.by_address), history.pause) == (
        {},
        (),
        {},
        None,
    )


def test_what_was_known_of_a_lead_is_known_again(ledger: SqliteLedger, run: str) -> None:
    """Score, segment, stage, our cells and what a person typed come back as they were."""
    written = Written(
        (Role.SCORE, Role.SEGMENT, Role.STAGE, Role.WHY, Role.STATUS),
        (62.5, "hot", "New", "큰 사무실, größer als 20", None),
    )
    typed = (Typed(Role.STAGE, "Meeting", NOW),)

    ledger.remember(run, [Known(EVA, 62.5, "hot", "Meeting", NOW, written, typed)], NOW)

    assert ledger.history(NOW).of(EVA) == LeadHistory(
        written=written, typed=typed, stage="Meeting", stage_since=NOW, segment="hot", score=62.5
    )


def test_only_changes_leave_a_snapshot(ledger: SqliteLedger, run: str) -> None:
    """A lead about whom nothing is new leaves no trace of the run; a change leaves one snapshot."""
    for score in (10, 10, 30):
        ledger.remember(run, [Known(EVA, score, "cold", "New", NOW, Written())], NOW)

    snapshots = [entry.facts["score"] for entry in ledger.entries(EVA)]
    assert snapshots == [10, 30]


def test_a_lead_that_is_missing_from_the_sheet_is_not_forgotten(ledger: SqliteLedger, run: str) -> None:
    """A lead whose row is gone today is known when it comes back tomorrow."""
    ledger.remember(
        run, [Known(EVA, 10, "cold", "New", NOW, Written()), Known(NILS, 80, "hot", "New", NOW, Written())], NOW
    )

    ledger.remember(run, [Known(NILS, 80, "hot", "Won", LATER, Written())], LATER)

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
    assert dict(history.suppressed.by_address) == {EVA: Suppression(EVA, "unsubscribed", NOW)}


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
    ledger.remember(run, [Known(EVA, 1, "hot", "New", NOW, Written((Role.SCORE,), (value,)))], NOW)

    (cell,) = ledger.written_cells(run)
    (known,) = ledger.history(NOW).of(EVA).written.cells
    ledger.close()
    for found in (cell.change.old, cell.change.new, cell.found, known):
        assert (found, type(found)) == (value, type(value))


def test_all_that_happened_to_a_lead_can_be_told(ledger: SqliteLedger, run: str) -> None:
    """The history of a lead has every kind of event, oldest first, and nothing of anybody else."""
    minutes = [NOW + timedelta(minutes=each) for each in range(8)]
    ledger.remember(run, [Known(EVA, 80, "hot", "New", NOW, Written())], minutes[0])
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
    ledger.remember(run, [Known(EVA, 1, "hot", "New", NOW, Written())], NOW)
    ledger.cells(run, [WrittenCell(CellChange(EVA, 2, "Score", 1, 2), CellOutcome.WRITTEN, 2)], NOW)
    ledger.moves(run, [Move(EVA, "welcome", MoveKind.START, NOW)])
    ledger.reserve(run, [email()], NOW)
    ledger.mark(run, key_of(), NOW, may_go)
    ledger.signal(EVA, SignalKind.OPENED, NOW, "")
    ledger.suppress(EVA, "by hand", NOW)
    ledger.pause("", NOW)
    ledger.record_due("run", NOW, NOW)
    ledger.end_run(run, NOW, 0, {})

    for table in GROWING:
        column = ledger._database.execute(f"PRAGMA table_info({table})").fetchone()[1]
        for statement in (f"DELETE FROM {table}", f"UPDATE {table} SET {column} = {column}"):  # noqa: S608 - ours
            with pytest.raises(apsw.ConstraintError, match="only grow"):
                ledger._database.execute(statement)


def test_times_of_day_are_kept_to_the_microsecond(ledger: SqliteLedger, run: str) -> None:
    """Two events a microsecond apart keep their order."""
    moment = datetime.combine(date(2026, 11, 23), time(8, 0, 0, 1), UTC)

    ledger.signal(EVA, SignalKind.REPLIED, moment, "")
    ledger.moves(run, [Move(EVA, "welcome", MoveKind.START, NOW)])

    assert [entry.at for entry in ledger.entries(EVA)] == [NOW, moment]
