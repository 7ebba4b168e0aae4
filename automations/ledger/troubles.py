"""What SQLite and the disk complain about, as sentences for a person."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from automations.errors import LedgerOutOfReach

RESTORE = (
    "Nothing was sent or changed. Move it aside, put your newest backup of it in its place, and run leadwright adopt. "
    "Emails that left after that backup are not in it: look with leadwright plan before you send."
)
_RIGHTS = "Let the user who runs leadwright read and write this folder and the files in it, then run it again."
_ROOM = "Make room on the disk (at least 50 MB), then run the same command again. No more is sent until then."

_DAMAGED = ("the ledger is damaged", RESTORE)
_NO_RIGHTS = ("the ledger cannot be written", _RIGHTS)

# By the primary result codes of SQLite (https://www.sqlite.org/rescode.html): the low 8 bits of every error code.
_TROUBLES: dict[int, tuple[str, str]] = {
    apsw.SQLITE_CORRUPT: _DAMAGED,
    apsw.SQLITE_NOTADB: ("this file is not a ledger, or it is damaged", RESTORE),
    apsw.SQLITE_FULL: ("the disk is full", _ROOM),
    apsw.SQLITE_READONLY: _NO_RIGHTS,
    apsw.SQLITE_CANTOPEN: _NO_RIGHTS,
    apsw.SQLITE_PERM: _NO_RIGHTS,
    apsw.SQLITE_BUSY: (
        "another program has kept the ledger busy for 5 seconds",
        "Wait until the other run, or the program that has the file open, is done; then run the same command again.",
    ),
    apsw.SQLITE_IOERR: (
        "the disk answered with an error",
        "Look at the disk, then run the same command again. No more is sent until then.",
    ),
}


@contextmanager
def told_to_people(file: Path) -> Iterator[None]:
    """Turn what SQLite complains about into LedgerOutOfReach; a fault of ours stays what it is."""
    try:
        yield
    except UnicodeDecodeError as err:
        # Text that is not UTF-8 any more: apsw reports it while it reads.
        what, fix = _DAMAGED
        raise LedgerOutOfReach(f"{file}: {what}", fix=fix) from err
    except apsw.Error as err:
        trouble = _TROUBLES.get(_primary_code(err))
        if trouble is None:
            raise
        what, fix = trouble
        raise LedgerOutOfReach(f"{file}: {what}", fix=fix) from err


def _primary_code(err: apsw.Error) -> int:
    # Errors of apsw itself, such as a closed connection, have no code: they are ours.
    code: int = getattr(err, "extendedresult", 0)
    return code & 0xFF


@contextmanager
def damage_told_to_people(file: Path) -> Iterator[None]:
    """Turn what stored values that make no sense lead to into LedgerOutOfReach: SQLite does not see such damage.

    Only for reading: there, a table or column that is missing has been lost too.
    """
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, apsw.SQLError) as err:
        what, fix = _DAMAGED
        raise LedgerOutOfReach(f"{file}: {what}", fix=fix) from err


@contextmanager
def files_told_to_people(file: Path) -> Iterator[None]:
    """Turn what the system says about the ledger's files into LedgerOutOfReach."""
    try:
        yield
    except OSError as err:
        reason = (err.strerror or "no reason given").lower()
        raise LedgerOutOfReach(f"{file}: this file of the ledger cannot be used ({reason})", fix=_RIGHTS) from err
