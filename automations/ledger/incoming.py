"""What came back, on record: mails with their effects, each once, and how far every folder was read.

Every function works inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterator

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
