"""Which machine and which file a ledger belongs to, and what taking one over does to its messages."""

from __future__ import annotations

import os
import secrets
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path

from automations.core.addresses import address_hash, address_identity
from automations.core.history import MessageRecord, MessageState
from automations.core.identity import Home, Identity
from automations.ledger import sending
from automations.ledger.database import Database
from automations.ledger.host import Host
from automations.ledger.values import to_moment, to_text

MACHINE_FILE = "machine"
_KEEPS_NUMBERS = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "zfs", "f2fs", "overlay", "tmpfs", "bcachefs"})
"""File systems on which a file keeps its number for as long as it is the same file."""
_GONE = "('accepted', 'refused', 'in doubt', 'handing over')"


def home_of(file: Path, host: Host) -> Home:
    """Return where the ledger in *file* lives.

    A machine without an id (a container mostly) gets one that is kept beside the ledger. The file is told by the
    number its file system gave it: a copy has another, a file that was only moved or renamed has not.
    """
    machine = host.machine_id() or _made_machine_id(file.with_name(MACHINE_FILE))
    if host.file_system_of(file.parent) not in _KEEPS_NUMBERS:
        return Home(machine)
    return Home(machine, str(file.stat().st_ino))


def _made_machine_id(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        made = secrets.token_hex(16)
        with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "w") as stream:  # noqa: PTH123 - the mode has to be there from the start
            stream.write(f"{made}\n")
        return made


class KeepsIdentity(ABC):
    """The part of a ledger that is about who it belongs to; see `automations.ledger.Ledger`."""

    _home: Callable[[], Home]
    _meta: dict[str, str]
    _salt: bytes

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Database]: ...

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Database]: ...

    def identity(self) -> Identity:
        """Return what the ledger says of itself."""
        with self._reading() as database:
            owner = database.execute("SELECT machine, file FROM owners ORDER BY id DESC LIMIT 1").fetchone()
            (epoch,) = database.execute("SELECT count(*) FROM runs").fetchone()
            (emails,) = database.execute(f"SELECT count(*) FROM messages WHERE state IN {_GONE}").fetchone()  # noqa: S608 - the text is ours
        return Identity(
            ledger_id=self._meta["ledger_id"],
            epoch=epoch,
            made_at=to_moment(self._meta["created_at"]),
            belongs=Home(self._meta["machine_id"]) if owner is None else Home(*owner),
            here=self._home(),
            emails=emails,
        )

    def own(self, now: datetime) -> None:
        """Record that the ledger belongs to this machine and this file from now on; once more changes nothing."""
        home = self._home()
        with self._writing() as database:
            owner = database.execute("SELECT machine, file FROM owners ORDER BY id DESC LIMIT 1").fetchone()
            if owner is None or Home(*owner) != home:
                database.execute(
                    "INSERT INTO owners (machine, file, at) VALUES (?, ?, ?)", (home.machine, home.file, to_text(now))
                )

    def adopt(self, run: str, sent: Sequence[MessageRecord], now: datetime) -> int:
        """Record messages that were found to have left; return how many the ledger did not know.

        Each of *sent* is `accepted`, *at* when it left. All others that are still on their way are put in doubt: the
        ledger that worked meanwhile may have sent them.
        """
        at = to_text(now)
        with self._writing() as database:
            new = [record for record in sent if _is_new(database, record)]
            for record in new:
                _record_as_sent(database, run, record, self._salt)
            for key, tries in database.execute(
                "SELECT key, tries FROM messages WHERE state IN ('reserved', 'deferred', 'handing over') ORDER BY key"
            ).fetchall():
                sending.move(
                    database, key, run, at, MessageState.IN_DOUBT, reply="the ledger was taken over", tries=tries + 1
                )
            return len(new)


def _is_new(database: Database, record: MessageRecord) -> bool:
    known = sending.find(database, record.key)
    return known is None or known.state not in {MessageState.ACCEPTED, MessageState.REFUSED, MessageState.DROPPED}


def _record_as_sent(database: Database, run: str, record: MessageRecord, salt: bytes) -> None:
    at, why = to_text(record.at), "found in the Sent folder when the ledger was taken over"
    database.execute(
        "INSERT INTO messages (key, sequence, step, lead_key, address, address_hash, company, sender, state, at,"
        " reserved_at, subject, message_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (
            record.key,
            record.sequence,
            record.step,
            record.lead_key,
            record.address,
            address_hash(address_identity(record.address), salt),
            record.company,
            record.sender,
            MessageState.RESERVED,
            at,
            at,
            record.subject,
            record.message_id,
        ),
    )
    if sending.find(database, record.key) is not None:  # else this person got the step under another key
        sending.move(database, record.key, run, at, MessageState.ACCEPTED, reply=why, tries=1)
    database.execute(
        "INSERT INTO moves (run, lead_key, sequence, kind, at, step, why) VALUES (?, ?, ?, 'start', ?, '', '')"
        " ON CONFLICT DO NOTHING",
        (run, record.lead_key, record.sequence, at),
    )
