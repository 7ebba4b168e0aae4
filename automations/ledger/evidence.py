"""What was found out about emails in doubt: every look is kept, so that a person can see what a decision rests on.

Every function works inside the caller's transaction.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime

from automations.core.evidence import Absence, Clue, CutOff, Doubt
from automations.core.history import MessageRecord, MessageState
from automations.core.messages import MessageKey
from automations.ledger import sending
from automations.ledger.database import Database
from automations.ledger.values import to_moment, to_record, to_text


class KeepsEvidence(ABC):
    """The part of a ledger that is about emails in doubt; see `automations.ledger.Ledger`."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Database]: ...

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Database]: ...

    def doubts(self) -> tuple[Doubt, ...]:
        """Return the messages in doubt with every clue there is, in order of their key."""
        with self._reading() as database:
            return doubts(database)

    def cut_off(self) -> CutOff | None:
        """Return what is certain about the newest run, if it never ended; ask it under the lock, before the next."""
        with self._reading() as database:
            return cut_off(database)

    def note(self, key: MessageKey, clues: Sequence[Clue]) -> None:
        """Record what a look for a message in doubt told."""
        if not clues:
            return
        with self._writing() as database:
            note(database, key, clues)

    def resolve(self, key: MessageKey, *, was_sent: bool, why: str, now: datetime) -> None:
        """Settle a message in doubt by evidence; one that is not in doubt stays as it is."""
        with self._writing() as database:
            resolve(database, key, was_sent=was_sent, why=why, at=to_text(now))

    def witness(self, message_id: str, what: str, now: datetime) -> bool:
        """Record that something came back for a Message-ID, which proves that it was sent; return whether it is ours.

        Only for one in doubt is it a clue: of any other we know already.
        """
        with self._writing() as database:
            record = find_by_message_id(database, message_id)
            if record is not None and record.state is MessageState.IN_DOUBT:
                note(database, record.key, [Clue(now, what, is_there=True)])
                resolve(database, record.key, was_sent=True, why=f"because {what} came back", at=to_text(now))
            return record is not None


def doubts(database: Database) -> tuple[Doubt, ...]:
    """Return every email in doubt with what is known of it, in order of its key."""
    return tuple(
        Doubt(record, _handed_over_at(database, record), _clues(database, record.key))
        for record in sending.in_doubt(database)
    )


def _handed_over_at(database: Database, record: MessageRecord) -> datetime:
    (at,) = database.execute(
        "SELECT max(event.at) FROM messages JOIN message_events AS event ON event.message = messages.id"
        " WHERE key = ? AND event.state = ?",
        (record.key, MessageState.HANDING_OVER),
    ).fetchone()
    return record.at if at is None else to_moment(at)


def _clues(database: Database, key: MessageKey) -> tuple[Clue, ...]:
    rows = database.execute("SELECT at, place, is_there, absence FROM clues WHERE key = ? ORDER BY id", (key,))
    return tuple(
        Clue(to_moment(at), place, is_there=bool(is_there), absence=Absence(absence))
        for at, place, is_there, absence in rows.fetchall()
    )


def cut_off(database: Database) -> CutOff | None:
    """Return what is certain about the newest run, if it never ended."""
    last = database.execute(
        "SELECT run, started_at, ended_at FROM runs LEFT JOIN run_ends USING (run) ORDER BY id DESC LIMIT 1"
    ).fetchone()
    if last is None or last[2] is not None:
        return None
    run, started_at, _ = last
    newest = "SELECT max(id) AS id FROM message_events WHERE run = ? GROUP BY message"
    ends = database.execute(
        f"SELECT state, count(*), max(at) FROM message_events JOIN ({newest}) USING (id) GROUP BY state",  # noqa: S608 - both texts are ours
        (run,),
    ).fetchall()
    counts = {state: number for state, number, _ in ends}
    return CutOff(
        run,
        to_moment(max([started_at, *(at for *_, at in ends)])),
        accepted=counts.get(MessageState.ACCEPTED, 0),
        unsent=counts.get(MessageState.RESERVED, 0) + counts.get(MessageState.DEFERRED, 0),
    )


def note(database: Database, key: MessageKey, clues: Sequence[Clue]) -> None:
    """Keep what a look told of an email."""
    database.executemany(
        "INSERT INTO clues (key, at, place, is_there, absence) VALUES (?, ?, ?, ?, ?)",
        [(key, to_text(each.at), each.place, int(each.is_there), each.absence) for each in clues],
    )


def resolve(database: Database, key: MessageKey, *, was_sent: bool, why: str, at: str) -> None:
    """Put an email in doubt where the evidence puts it. One that is not in doubt any more stays as it is."""
    record = sending.find(database, key)
    if record is not None and record.state is MessageState.IN_DOUBT:
        sending.decide(database, key, "sent" if was_sent else "resend", at, why)


def find_by_message_id(database: Database, message_id: str) -> MessageRecord | None:
    """Return the email with a Message-ID; None when it is not ours."""
    row = database.execute("SELECT * FROM message_records WHERE message_id = ?", (message_id,)).fetchone()
    return None if row is None else to_record(row)
