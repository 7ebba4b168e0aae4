"""What came back, on record: mails with their effects, each once, and how far every folder was read.

Every function works inside the caller's transaction; `KeepsMailboxes` opens them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from automations.core.effects import CameBack, FolderPlace
from automations.core.history import MessageState
from automations.core.leads import LeadKey
from automations.core.messages import MessageKey
from automations.ledger import sending, suppressing
from automations.ledger.database import Database
from automations.ledger.values import to_moment, to_text


def place_in(database: Database, mailbox: str, folder: str) -> FolderPlace | None:
    """Return how far a folder was read; None when it never was."""
    row = database.execute(
        "SELECT uidvalidity, uid, careful_until, tries FROM folders WHERE mailbox = ? AND folder = ?", (mailbox, folder)
    ).fetchone()
    return None if row is None else FolderPlace(*row)


def move_to(database: Database, mailbox: str, folder: str, place: FolderPlace) -> None:
    """Record how far a folder was read."""
    database.execute(
        "INSERT INTO folders (mailbox, folder, uidvalidity, uid, careful_until, tries) VALUES (?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO UPDATE SET uidvalidity = excluded.uidvalidity, uid = excluded.uid,"
        " careful_until = excluded.careful_until, tries = excluded.tries",
        (mailbox, folder, *place),
    )


def take_in(database: Database, mail: CameBack, at: str, salt: bytes) -> bool:
    """Record a mail with all that follows from it, and return True; False when it was recorded before."""
    database.execute(
        "INSERT INTO incoming (identity, at, sender, kind, because, lead_key, message, matched_by, new_text, tell)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            mail.identity,
            to_text(mail.at),
            mail.sender,
            mail.kind,
            mail.because,
            mail.lead,
            mail.message,
            mail.matched_by,
            mail.new_text,
            mail.tell,
        ),
    )
    if database.changes() == 0:
        return False
    if mail.signal is not None:
        sending.signal(database, mail.lead, mail.signal)
    for address, why in mail.suppress:
        suppressing.suppress(database, address, why, at, salt)
    found = sending.find(database, mail.proves) if mail.proves else None
    if found is not None and found.state is MessageState.IN_DOUBT:
        sending.proven(database, found, at, f"known from what came back: {mail.kind}")
    return True


def untold(database: Database) -> Iterator[CameBack]:
    """Yield the mails that somebody of ours is still to be told of, oldest first."""
    rows = database.execute(
        "SELECT identity, at, sender, kind, because, lead_key, message, matched_by, new_text, tell"
        " FROM incoming WHERE tell <> '' ORDER BY at, identity"
    )
    for identity, at, sender, kind, because, lead, message, matched_by, new_text, tell in rows:
        yield CameBack(
            identity=identity,
            at=to_moment(at),
            sender=sender,
            kind=kind,
            because=because,
            lead=LeadKey(lead),
            message=MessageKey(message),
            matched_by=matched_by,
            new_text=new_text,
            tell=tell,
        )


def told(database: Database, identity: str) -> None:
    """Record that whoever was to be told of a mail has been."""
    database.execute("UPDATE incoming SET tell = '' WHERE identity = ?", (identity,))


def read_to_end(database: Database, mailbox: str, at: str) -> None:
    """Record that every folder of a mailbox was read."""
    database.execute(
        "INSERT INTO readings (mailbox, read_at) VALUES (?, ?)"
        " ON CONFLICT DO UPDATE SET read_at = excluded.read_at, failed_at = ''",
        (mailbox, at),
    )


def not_read(database: Database, mailbox: str, at: str) -> None:
    """Record that a mailbox could not be read."""
    database.execute(
        "INSERT INTO readings (mailbox, failed_at) VALUES (?, ?)"
        " ON CONFLICT DO UPDATE SET failed_at = excluded.failed_at",
        (mailbox, at),
    )


def unreadable_since(database: Database) -> dict[str, datetime | None]:
    """Return the mailboxes that could not be read when that was last tried, each with when it last could; or None."""
    rows = database.execute("SELECT mailbox, read_at FROM readings WHERE failed_at <> ''")
    return {mailbox: to_moment(read_at) if read_at else None for mailbox, read_at in rows}


class KeepsMailboxes(ABC):
    """The part of a ledger that is about what comes back; see `automations.ledger.Ledger`."""

    _salt: bytes

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Database]: ...

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Database]: ...

    def folder_place(self, mailbox: str, folder: str) -> FolderPlace | None:
        """Return how far a folder of a mailbox was read; None when it never was."""
        with self._reading() as database:
            return place_in(database, mailbox, folder)

    def begin_reading(self, mailbox: str, folder: str, place: FolderPlace) -> None:
        """Record that a folder is about to be read, so that a crash in it is noticed."""
        with self._writing() as database:
            move_to(database, mailbox, folder, place)

    def take_in(
        self, mailbox: str, folder: str, place: FolderPlace, mails: Sequence[CameBack], now: datetime
    ) -> tuple[CameBack, ...]:
        """Record mails with all that follows from them, and how far the folder was read, in one transaction.

        Return those that were not recorded before.
        """
        with self._writing() as database:
            new = tuple([mail for mail in mails if take_in(database, mail, to_text(now), self._salt)])
            move_to(database, mailbox, folder, place)
        return new

    def untold(self) -> tuple[CameBack, ...]:
        """Return the mails that somebody of ours is still to be told of, oldest first."""
        with self._reading() as database:
            return tuple(untold(database))

    def told(self, identity: str) -> None:
        """Record that whoever was to be told of a mail has been."""
        with self._writing() as database:
            told(database, identity)

    def mailbox_read(self, mailbox: str, now: datetime) -> None:
        """Record that a mailbox was read to its end."""
        with self._writing() as database:
            read_to_end(database, mailbox, to_text(now))

    def mailbox_not_read(self, mailbox: str, now: datetime) -> None:
        """Record that a mailbox could not be read."""
        with self._writing() as database:
            not_read(database, mailbox, to_text(now))
