"""What has happened: an append-only record of runs, cells, messages, signals, suppressions and snapshots.

The ledger, not the sheet, knows what was sent. SQLite by default (`sqlite.SqliteLedger`).
Every method that changes something is durable when it returns (it survives a power cut), unless it says otherwise.
Times are aware; they are stored in UTC.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol

from automations.core.effects import CameBack, FolderPlace
from automations.core.evidence import Clue, CutOff, Doubt
from automations.core.history import History, MessageRecord, Pause, SignalKind, Suppressions
from automations.core.identity import Identity
from automations.core.leads import CellChange, LeadKey, WrittenCell
from automations.core.messages import MessageKey, Outcome, Outgoing
from automations.core.plan import Known, Move, Send


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened to a lead, for `history` and `explain`. *facts* are plain JSON values."""

    at: datetime
    kind: str
    facts: Mapping[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One execution. *ended_at* None: it is running, or it was killed."""

    run: str
    command: str
    started_at: datetime
    ended_at: datetime | None
    exit_code: int | None


@dataclass(frozen=True, slots=True)
class Erased:
    """How much was forgotten of a person: emails, and other entries."""

    emails: int
    entries: int


Gate = Callable[[], str]
"""Asked inside the marking transaction: why the message must not go, or "" when it may."""


class Ended(NamedTuple):
    """How and when the hand-over of one message ended; *next_try_at* is set for a deferred one."""

    key: MessageKey
    outcome: Outcome
    at: datetime
    next_try_at: datetime | None


class Ledger(Protocol):
    """The record of one book."""

    def identity(self) -> Identity:
        """Return what the ledger says of itself, to be compared with what is kept outside of it."""
        ...

    def own(self, now: datetime) -> None:
        """Record that the ledger belongs to this machine and this file from now on; once more changes nothing."""
        ...

    def adopt(self, run: str, sent: Sequence[MessageRecord], now: datetime) -> int:
        """Record messages that were found to have left (*at* when); return how many the ledger did not know.

        All others that are still on their way are put in doubt: another ledger may have sent them meanwhile.
        """
        ...

    def lock(self) -> AbstractContextManager[None]:
        """Hold the book alone. Raises AlreadyRunning at once when another process does. Freed by kill -9."""
        ...

    def start_run(self, command: str, now: datetime) -> str:
        """Record that a run began; return its name, made of the date and a letter (``2026-11-23-a``, ..., ``-aa``)."""
        ...

    def end_run(self, run: str, now: datetime, exit_code: int, counts: Mapping[str, int]) -> None:
        """Record how a run ended."""
        ...

    def runs(self, at_most: int) -> tuple[RunRecord, ...]:
        """Return the newest runs, newest first."""
        ...

    def recover(self, now: datetime) -> tuple[MessageRecord, ...]:
        """Turn what a killed run left in `handing over` into `in doubt`, and return those messages.

        Call it only under the lock: then their process is dead.
        """
        ...

    def history(self, now: datetime) -> History:
        """Return all that planning needs to know."""
        ...

    def promise(self, run: str, sends: Sequence[Send]) -> None:
        """Record the minutes at which emails of a plan shall leave, in one transaction; the newest one counts."""
        ...

    def awaited(self, now: datetime) -> tuple[LeadKey, ...]:
        """Return the leads with an email whose minute came within the last hour and that has not left, by key."""
        ...

    def next_minute(self, now: datetime) -> datetime | None:
        """Return the first minute after *now* that was given to an email which has not left; None without one."""
        ...

    def moves(self, run: str, moves: Sequence[Move]) -> None:
        """Record starts, skips, tasks, ends and stops, in one transaction. Recording one again changes nothing."""
        ...

    def reserve(self, run: str, ready: Sequence[tuple[Send, Outgoing]], now: datetime) -> tuple[MessageKey, ...]:
        """Store messages and their bytes as `reserved`, in one transaction; return the keys that are ours to send.

        One that was reserved before and never tried is written anew: nobody has seen its old bytes. Left out are keys
        the ledger has in any other state, and steps of a sequence that this address (`address_identity`) got under
        another key.
        """
        ...

    def stored(self, key: MessageKey) -> Outgoing:
        """Return the very bytes that were reserved."""
        ...

    def settle_and_mark(
        self, run: str, ended: Sequence[Ended], gates: Mapping[MessageKey, Gate], now: datetime
    ) -> dict[MessageKey, str]:
        """In one transaction: `settle` each of *ended*, then `mark` each of *gates* unless something forbids it.

        Return what `mark` says, for each of *gates*. When a gate raises, nothing of it happened.
        """
        ...

    def mark(self, run: str, key: MessageKey, now: datetime, gate: Gate) -> str:
        """In one transaction: `reserved` or `deferred` becomes `handing over`, unless something forbids it.

        Return "" when it is marked. Otherwise the reason it is not: its state, a suppression of the address, a signal
        that stops (replied, bounced, unsubscribed, complained), a pause, or what *gate* says; then nothing changed.
        """
        ...

    def settle(self, run: str, key: MessageKey, outcome: Outcome, now: datetime, next_try_at: datetime | None) -> None:
        """Record how a hand-over ended. HELD leaves the message reserved.

        An address that was refused is suppressed, and a BOUNCED signal recorded for its lead, in the same transaction.
        """
        ...

    def in_doubt(self) -> tuple[MessageRecord, ...]:
        """Return the messages a person has to decide about, in order of their key."""
        ...

    def decide(self, key: MessageKey, decision: str, now: datetime) -> None:
        """Settle a message in doubt by hand: *decision* is ``sent``, ``resend`` (same bytes) or ``drop``."""
        ...

    def doubts(self) -> tuple[Doubt, ...]:
        """Return the messages in doubt with every clue there is, in order of their key."""
        ...

    def cut_off(self) -> CutOff | None:
        """Return what is certain about the newest run, if it never ended; ask it under the lock, before the next."""
        ...

    def note(self, key: MessageKey, clues: Sequence[Clue]) -> None:
        """Record what a look for a message in doubt told."""
        ...

    def resolve(self, key: MessageKey, *, was_sent: bool, why: str, now: datetime) -> None:
        """Settle a message in doubt by evidence: accepted, or reserved again with the same bytes.

        *why* follows "decided ...". A message that is not in doubt stays as it is.
        """
        ...

    def witness(self, message_id: str, what: str, now: datetime) -> bool:
        """Record that *what* (``a reply``) came back for a Message-ID, which proves that it was sent.

        Return whether it is one of ours; if that was in doubt, it is accepted from now on.
        """
        ...

    def intend(self, run: str, changes: Sequence[CellChange]) -> None:
        """Record what is about to be written into the sheet, in one transaction, until `remember` closes it.

        A power cut between writing and remembering would otherwise leave our own values looking like a person's.
        """
        ...

    def cells(self, run: str, cells: Sequence[WrittenCell], now: datetime) -> None:
        """Record every cell change and how it ended, before and after, in one transaction."""
        ...

    def remember(self, run: str, known: Sequence[Known], now: datetime) -> None:
        """Store what was known of leads, where it changed, in one transaction; never forget what was known before."""
        ...

    def signal(self, key: LeadKey, kind: SignalKind, at: datetime, detail: str) -> None:
        """Record that something came back from a lead."""
        ...

    def folder_place(self, mailbox: str, folder: str) -> FolderPlace | None:
        """Return how far a folder of a mailbox was read; None when it never was."""
        ...

    def begin_reading(self, mailbox: str, folder: str, place: FolderPlace) -> None:
        """Record that a folder is about to be read, so that a crash in it is noticed."""
        ...

    def take_in(
        self, mailbox: str, folder: str, place: FolderPlace, mails: Sequence[CameBack], now: datetime
    ) -> tuple[CameBack, ...]:
        """Record mails with all that follows from them, and how far the folder was read, in one transaction.

        Return those that were not recorded before: a mail has its effects once, wherever it is found again.
        """
        ...

    def messages(self) -> tuple[MessageRecord, ...]:
        """Return every message there ever was, in order of its key."""
        ...

    def mailbox_read(self, mailbox: str, now: datetime) -> None:
        """Record that a mailbox was read to its end."""
        ...

    def mailbox_not_read(self, mailbox: str, now: datetime) -> None:
        """Record that a mailbox could not be read; from then on `History.unreadable` names it, until it is read."""
        ...

    def untold(self) -> tuple[CameBack, ...]:
        """Return the mails that somebody of ours is still to be told of, oldest first."""
        ...

    def told(self, identity: str) -> None:
        """Record that whoever was to be told of a mail has been."""
        ...

    def suppress(self, address: str, why: str, now: datetime) -> None:
        """Record that nothing may be sent to *address* (its `address_identity`)."""
        ...

    def suppress_all(self, reasons: Sequence[tuple[str, str]], now: datetime) -> None:
        """Record the same for many addresses, each with why, in one transaction."""
        ...

    def unsuppress(self, address: str, because: str, now: datetime) -> None:
        """Record that *address* may be written to again; bounces and requests before that count no more.

        Raises WrongUsage when it was not suppressed, and after a complaint: that stands for ever.
        """
        ...

    def suppressions(self) -> Suppressions:
        """Return every address that nothing may be sent to."""
        ...

    def keep_copy(self, day: date) -> None:
        """Keep a copy of the ledger as it is on a *day*, once; of the last week only.

        Raises LedgerOutOfReach when there is no room for it, or it cannot be written.
        """
        ...

    def erase(self, who: str, now: datetime) -> Erased:
        """Forget the person whose address or lead key *who* is: all rows about them, and the bytes of their emails.

        A keyed hash of the address stays, so that nothing goes there again, also when the lead comes back; with it
        stays that so many emails went out, and when. What was not sent yet is dropped. Call it only under the lock.
        The copies of the ledger are removed: they know that person. Raises WrongUsage when *who* is a key that nothing
        is known about.
        """
        ...

    def pause(self, why: str, now: datetime) -> None:
        """Stop all sending until `resume`. Takes effect at the next gate, also in a run that is under way."""
        ...

    def resume(self, now: datetime) -> None:
        """Go on."""
        ...

    def paused(self) -> Pause | None:
        """Return the pause that is in force."""
        ...

    def entries(self, key: LeadKey) -> tuple[Entry, ...]:
        """Return all that happened to one lead, oldest first."""
        ...

    def last_due(self, job: str, until: datetime | None = None) -> datetime | None:
        """Return the latest due time that a scheduled job ran for, of those up to and including *until* (None: all)."""
        ...

    def record_due(self, job: str, due: datetime, now: datetime) -> None:
        """Record that a job ran for its time *due*."""
        ...

    def close(self) -> None:
        """Close files; does not release anything that must outlive the process."""
        ...
