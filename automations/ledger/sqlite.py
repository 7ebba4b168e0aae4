"""The ledger in one SQLite file beside config.yaml: ``.leadwright/ledger.db``.

Every method that changes something is one transaction, on the disk when it returns. A method that finds the disk full,
the file damaged or the ledger busy raises LedgerOutOfReach, and then nothing of it happened.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from pathlib import Path

import apsw

from automations.core.garbage import without_collections
from automations.core.history import COUNTED, History, MessageRecord, Signal, SignalKind, Suppressions
from automations.core.identity import Home
from automations.core.leads import CellChange, LeadKey, WrittenCell
from automations.core.messages import MessageKey, Outcome, Outgoing
from automations.core.plan import Known, Move, Send
from automations.crash import crash_at
from automations.ledger import (
    Ended,
    Entry,
    Erased,
    Gate,
    RunRecord,
    erasing,
    promises,
    reading,
    recording,
    sending,
    suppressing,
)
from automations.ledger.cells import of_run
from automations.ledger.copies import KeepsCopies
from automations.ledger.database import Database
from automations.ledger.evidence import KeepsEvidence
from automations.ledger.host import THIS_HOST, Host
from automations.ledger.identity import KeepsIdentity, home_of
from automations.ledger.incoming import KeepsMailboxes, unreadable_since
from automations.ledger.joblock import already_running, job_lock
from automations.ledger.migrations import migrations
from automations.ledger.opening import FILE_NAME, LOCK_NAME, STOP_NAME, open_file, open_memory
from automations.ledger.pausing import KeepsPauses
from automations.ledger.troubles import damage_told_to_people, files_told_to_people, told_to_people
from automations.ledger.values import to_moment, to_moment_or_none, to_text

Lock = Callable[[], AbstractContextManager[None]]


def open_ledger(folder: Path, host: Host = THIS_HOST) -> SqliteLedger:
    """Return the ledger in *folder* (``.leadwright/`` beside config.yaml), made if there is none yet.

    Raises LedgerOutOfReach when it cannot be opened, written or trusted; AlreadyRunning when it has to be upgraded
    and a run is under way.
    """
    database = open_file(folder, host, migrations())
    return SqliteLedger(
        database,
        file=folder / FILE_NAME,
        lock=lambda: job_lock(folder / LOCK_NAME),
        stop_file=folder / STOP_NAME,
        home=lambda: home_of(folder / FILE_NAME, host),
    )


def open_memory_ledger(host: Host = THIS_HOST) -> SqliteLedger:
    """Return a ledger that is gone when it is closed, and otherwise does the same: for tests and rehearsals."""
    return SqliteLedger(
        open_memory(host, migrations()), file=Path(":memory:"), lock=_lock_of_one_process(), stop_file=None, home=Home
    )


def _lock_of_one_process() -> Lock:
    lock = threading.Lock()

    @contextmanager
    def held() -> Iterator[None]:
        if not lock.acquire(blocking=False):
            raise already_running()
        try:
            yield
        finally:
            lock.release()

    return held


class SqliteLedger(KeepsCopies, KeepsEvidence, KeepsIdentity, KeepsMailboxes, KeepsPauses):
    """The record of one book in one SQLite file. Threads may share it: they take turns."""

    def __init__(
        self, database: Database, *, file: Path, lock: Lock, stop_file: Path | None, home: Callable[[], Home]
    ) -> None:
        self._database = database
        self._file = file
        self._lock = lock
        self._stop_file = stop_file
        self._home = home
        self._turn = threading.RLock()
        with self._reading() as opened:
            self._meta: dict[str, str] = dict(opened.execute("SELECT name, value FROM meta").fetchall())
            self._salt = bytes.fromhex(self._meta["address_salt"])

    @property
    def ledger_id(self) -> str:
        """Return what tells this ledger from every other; a copy of it has the same."""
        return self._meta["ledger_id"]

    @property
    def made_on(self) -> str:
        """Return the id of the machine this ledger was made on; empty when that had none."""
        return self._meta["machine_id"]

    @property
    def made_at(self) -> datetime:
        """Return when this ledger was made (UTC)."""
        return to_moment(self._meta["created_at"])

    @contextmanager
    def _reading(self) -> Iterator[Database]:
        with self._turn, told_to_people(self._file), damage_told_to_people(self._file):
            if self._database.in_transaction:  # a gate asks from within `mark`
                yield self._database
                return
            with self._transaction("BEGIN"):
                yield self._database

    @contextmanager
    def _writing(self) -> Iterator[Database]:
        with self._turn, told_to_people(self._file), self._transaction("BEGIN IMMEDIATE"):
            yield self._database

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        self._database.execute(begin)
        try:
            yield
            self._database.execute("COMMIT")
        except BaseException:
            # After a full disk or an I/O error SQLite may have rolled back by itself.
            with contextlib.suppress(apsw.Error):
                self._database.execute("ROLLBACK")
            raise

    def lock(self) -> AbstractContextManager[None]:
        """Hold the book alone. Raises AlreadyRunning at once when another process does; kill -9 frees it."""
        return self._holding()

    @contextmanager
    def _holding(self) -> Iterator[None]:
        with contextlib.ExitStack() as stack:
            with files_told_to_people(self._file.with_name(LOCK_NAME)):
                stack.enter_context(self._lock())
            yield

    def start_run(self, command: str, now: datetime) -> str:
        """Record that a run began; return its name: the date of *now* in its own zone, and a letter."""
        with self._writing() as database:
            return recording.start_run(database, command, now)

    def end_run(self, run: str, now: datetime, exit_code: int, counts: Mapping[str, int]) -> None:
        """Record how a run ended; it ends once."""
        with self._writing() as database:
            recording.end_run(database, run, now, exit_code, counts)

    def runs(self, at_most: int) -> tuple[RunRecord, ...]:
        """Return the newest runs, newest first."""
        with self._reading() as database:
            rows = database.execute(
                "SELECT run, command, started_at, ended_at, exit_code FROM runs LEFT JOIN run_ends USING (run)"
                " ORDER BY id DESC LIMIT ?",
                (at_most,),
            ).fetchall()
            return tuple(
                RunRecord(run, command, to_moment(started_at), to_moment_or_none(ended_at), exit_code)
                for run, command, started_at, ended_at, exit_code in rows
            )

    def recover(self, now: datetime) -> tuple[MessageRecord, ...]:
        """Put what a killed run was handing over in doubt, and return it. Call it only under the lock."""
        with self._writing() as database:
            return tuple(sending.recover(database, to_text(now)))

    def history(self, now: datetime) -> History:
        """Return all that planning needs to know, as of one moment."""
        begin = to_moment(to_text(now)) - COUNTED
        with self._reading() as database, without_collections():
            messages = reading.messages(database)
            return History(
                leads=reading.leads(database, messages),
                messages=reading.since(messages, begin),
                suppressed=suppressing.suppressions(database, self._salt),
                pause=self.paused(),
                promised=promises.promised(database, now),
                unreadable=unreadable_since(database),
            )

    def promise(self, run: str, sends: Sequence[Send]) -> None:
        """Record the minutes at which emails of a plan shall leave, in one transaction."""
        with self._writing() as database:
            promises.promise(database, run, sends)

    def awaited(self, now: datetime) -> tuple[LeadKey, ...]:
        """Return the leads with an email whose minute has come and that has not left."""
        with self._reading() as database:
            return promises.awaited(database, now)

    def next_minute(self, now: datetime) -> datetime | None:
        """Return the first minute after *now* that was given to an email which has not left."""
        with self._reading() as database:
            return promises.next_minute(database, now)

    def moves(self, run: str, moves: Sequence[Move]) -> None:
        """Record moves, in one transaction. Recording one again changes nothing."""
        with self._writing() as database:
            recording.moves(database, run, moves)

    def reserve(self, run: str, ready: Sequence[tuple[Send, Outgoing]], now: datetime) -> tuple[MessageKey, ...]:
        """Store messages and their bytes as `reserved`, in one transaction; return the keys that are ours to send."""
        with self._writing() as database:
            keys = tuple(sending.reserve(database, run, ready, to_text(now), self._salt))
        crash_at("after_reserve")
        return keys

    def stored(self, key: MessageKey) -> Outgoing:
        """Return the very bytes that were reserved. Raises LedgerOutOfReach when the disk has changed them."""
        with self._reading() as database:
            return sending.stored(database, key)

    def settle_and_mark(
        self, run: str, ended: Sequence[Ended], gates: Mapping[MessageKey, Gate], now: datetime
    ) -> dict[MessageKey, str]:
        """Put on record how hand-overs ended, then put messages into `handing over`, or return why not, by key.

        One transaction for all of it. Gates may read this ledger, and must not write. Every end but HELD counts as one
        try. Raises ValueError for a message that is not reserved, deferred or being handed over.
        """
        at = to_text(now)
        if ended:
            crash_at("before_settle")
        with self._writing() as database:
            for each in ended:
                try_at = None if each.next_try_at is None else to_text(each.next_try_at)
                sending.settle(database, run, each.key, each.outcome, to_text(each.at), try_at)
            paused = self._why_paused() if gates else ""
            whys = {key: self._mark(database, run, key, at, paused, gate) for key, gate in gates.items()}
        if ended:
            crash_at("after_settle")
        if not all(whys.values()):
            crash_at("after_mark")
        return whys

    def _mark(self, database: Database, run: str, key: MessageKey, at: str, paused: str, gate: Gate) -> str:
        why = sending.why_not(database, key) or paused or gate()
        if not why:
            sending.mark(database, run, key, at)
        return why

    def mark(self, run: str, key: MessageKey, now: datetime, gate: Gate) -> str:
        """Put a message into `handing over`, or return why not. *gate* may read this ledger, and must not write."""
        return self.settle_and_mark(run, (), {key: gate}, now)[key]

    def _why_paused(self) -> str:
        pause = self.paused()
        if pause is None:
            return ""
        return f"sending is paused: {pause.why}" if pause.why else "sending is paused"

    def settle(self, run: str, key: MessageKey, outcome: Outcome, now: datetime, next_try_at: datetime | None) -> None:
        """Record how a hand-over ended: `settle_and_mark` for one that is alone."""
        self.settle_and_mark(run, (Ended(key, outcome, now, next_try_at),), {}, now)

    def in_doubt(self) -> tuple[MessageRecord, ...]:
        """Return the messages a person has to decide about, in order of their key."""
        with self._reading() as database:
            return sending.in_doubt(database)

    def decide(self, key: MessageKey, decision: str, now: datetime) -> None:
        """Settle a message by hand: ``sent`` and ``resend`` when it is in doubt, ``drop`` also before it left.

        Raises WrongUsage when there is nothing to decide.
        """
        with self._writing() as database:
            sending.decide(database, key, decision, to_text(now))

    def intend(self, run: str, changes: Sequence[CellChange]) -> None:
        """Record what is about to be written into the sheet, in one transaction."""
        if not changes:
            return
        with self._writing() as database:
            recording.intend(database, run, changes)

    def cells(self, run: str, cells: Sequence[WrittenCell], now: datetime) -> None:
        """Record every cell change and how it ended, in one transaction."""
        if not cells:
            return
        with self._writing() as database:
            recording.cells(database, run, cells, now)

    def written_cells(self, run: str) -> tuple[WrittenCell, ...]:
        """Return the cells that a run changed or left alone, in the order they were recorded."""
        with self._reading() as database:
            return tuple(of_run(database, run))

    def remember(self, run: str, known: Sequence[Known], now: datetime) -> None:
        """Store what is known of leads, with a snapshot of each that changed, in one transaction."""
        if not known:
            return
        with self._writing() as database:
            recording.known(database, run, known, now)

    def signal(self, key: LeadKey, kind: SignalKind, at: datetime, detail: str) -> None:
        """Record that something came back from a lead; the very same thing again changes nothing."""
        with self._writing() as database:
            sending.signal(database, key, Signal(kind, at, detail))

    def messages(self) -> tuple[MessageRecord, ...]:
        """Return every message there ever was, in order of its key."""
        with self._reading() as database:
            return reading.messages(database)

    def suppress(self, address: str, why: str, now: datetime) -> None:
        """Record that nothing may be sent to *address*, nor to any other spelling of it."""
        with self._writing() as database:
            suppressing.suppress(database, address, why, to_text(now), self._salt)

    def suppress_all(self, reasons: Sequence[tuple[str, str]], now: datetime) -> None:
        """Record for many addresses, each with why, that nothing may be sent there, in one transaction."""
        with self._writing() as database:
            for address, why in reasons:
                suppressing.suppress(database, address, why, to_text(now), self._salt)

    def unsuppress(self, address: str, because: str, now: datetime) -> None:
        """Record that *address* may be written to again. Raises WrongUsage when it was not suppressed, or for ever."""
        with self._writing() as database:
            suppressing.lift(database, address, because, to_text(now), self._salt)

    def suppressions(self) -> Suppressions:
        """Return every address that nothing may be sent to."""
        with self._reading() as database:
            return suppressing.suppressions(database, self._salt)

    def erase(self, who: str, now: datetime) -> Erased:
        """Forget a person; only a keyed hash of the address stays, and nothing goes there again.

        Call it only under the lock. Raises WrongUsage when *who* is a key that nothing is known about.
        """
        with self._writing() as database:
            erased = erasing.erase(database, who, to_text(now), self._salt)
        with self._turn, told_to_people(self._file):
            erasing.clean(self._database)
        self._remove_copies()
        return erased

    def entries(self, key: LeadKey) -> tuple[Entry, ...]:
        """Return all that happened to one lead, oldest first."""
        with self._reading() as database:
            return reading.entries(database, key)

    def last_due(self, job: str, until: datetime | None = None) -> datetime | None:
        """Return the latest due time, up to and including *until*, that a scheduled job ran for."""
        latest = None if until is None else to_text(until)
        with self._reading() as database:
            (due,) = database.execute(
                "SELECT max(due) FROM jobs_due WHERE job = ? AND due <= coalesce(?, due)", (job, latest)
            ).fetchone()
            return to_moment_or_none(due)

    def record_due(self, job: str, due: datetime, now: datetime) -> None:
        """Record that a job ran for its time *due*; once more changes nothing."""
        with self._writing() as database:
            database.execute(
                "INSERT INTO jobs_due (job, due, at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
                (job, to_text(due), to_text(now)),
            )

    def close(self) -> None:
        """Close the file."""
        with self._turn:
            self._database.close()
