"""Opening the ledger: make it, upgrade it, or refuse it when it cannot be trusted."""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from automations.errors import LedgerOutOfReach
from automations.ledger.database import Database, connect, copy_into, is_wal_safe, sqlite_version
from automations.ledger.host import Host, check_host
from automations.ledger.joblock import job_lock
from automations.ledger.migrations import Migration, statements
from automations.ledger.troubles import RESTORE, damage_told_to_people, files_told_to_people, told_to_people

FILE_NAME = "ledger.db"
LOCK_NAME = "ledger.lock"
STOP_NAME = "STOP"

APPLICATION_ID = 0x4C454144
"""Marks the file as ours, for the program `file` and for us: the letters LEAD."""

WHOLE_CHECK_BYTES = 64 * 1024 * 1024
"""Up to this size every page is checked at each start; above it, those that decide whether somebody is mailed."""

_DECIDING = ("meta", "messages", "suppressions", "signals", "pauses", "moves", "known", "states")
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def open_file(folder: Path, host: Host, steps: Sequence[Migration]) -> Database:
    """Return a connection to the ledger in *folder*: made if it is not there, upgraded if it is older than *steps*.

    Raises LedgerOutOfReach when the place or the file cannot be trusted, AlreadyRunning when an upgrade has to wait.
    """
    file = folder / FILE_NAME
    with told_to_people(file), files_told_to_people(file):
        check_host(folder, host)
        _make(folder, host, steps)
        database = _connect(str(file))
        try:
            with damage_told_to_people(file):
                _refuse_foreign(database, file, steps[-1].number)
                _make_durable(database, "WAL" if is_wal_safe(sqlite_version()) else "DELETE")
                _check(database, file)
            _upgrade(database, folder, host, steps)
        except BaseException:
            database.close()
            raise
    return database


def open_memory(host: Host, steps: Sequence[Migration]) -> Database:
    """Return a connection to a ledger that is gone when it is closed."""
    database = _connect(":memory:")
    _migrate(database, steps, host)
    return database


def _make(folder: Path, host: Host, steps: Sequence[Migration]) -> None:
    """Make a ledger if there is none. It appears whole: one that is empty has lost what it knew, and is not taken."""
    file = folder / FILE_NAME
    if file.exists():
        return
    if not folder.is_dir():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _sync_folder(folder.parent)
    part = folder / f"ledger-{secrets.token_hex(4)}.new"
    _create(part)
    try:
        with closing(_connect(str(part))) as database:
            _make_durable(database, "DELETE")
            _migrate(database, steps, host)
        _give_name(part, file)
    finally:
        part.unlink(missing_ok=True)
    _sync_folder(folder)


def _create(file: Path) -> None:
    # Made here and not by SQLite, so that nobody else could read it even for a moment. SQLite gives its journal the
    # same rights.
    os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))


def _give_name(part: Path, file: Path) -> None:
    # A link, because it never replaces: of two processes that start on a new book, the second takes what is there.
    try:
        file.hardlink_to(part)
    except FileExistsError:
        return
    except OSError:  # FAT and its like have no links
        part.rename(file)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _connect(name: str) -> Database:
    database = connect(name)
    database.execute("PRAGMA foreign_keys = ON")
    database.execute("PRAGMA trusted_schema = OFF")
    return database


def _refuse_foreign(database: Database, file: Path, newest: int) -> None:
    ours = _pragma(database, "application_id")
    version = _pragma(database, "user_version")
    if not _has_tables(database) or (ours == APPLICATION_ID and version < 1):
        raise LedgerOutOfReach(f"{file}: the ledger is damaged", fix=RESTORE)
    if ours != APPLICATION_ID:
        raise LedgerOutOfReach(f"{file}: this file is a database of another program", fix=RESTORE)
    if version > newest:
        raise LedgerOutOfReach(
            f"{file}: a newer leadwright made this ledger (version {version}; this one knows up to {newest})",
            fix="Install the newer leadwright again. Nothing was sent or changed.",
        )


def _make_durable(database: Database, mode: str) -> None:
    """Make every commit survive a power cut from here on."""
    if database.execute("PRAGMA journal_mode").fetchone()[0].upper() != mode:
        database.execute(f"PRAGMA journal_mode = {mode}")
    # EXTRA also syncs the folder after the journal is deleted; in WAL mode it means the same as FULL.
    database.execute("PRAGMA synchronous = EXTRA")
    database.execute("PRAGMA fullfsync = ON")
    database.execute("PRAGMA checkpoint_fullfsync = ON")


def _check(database: Database, file: Path) -> None:
    # The bytes of messages are not lost from sight above the limit: each is compared with its own hash when used.
    is_small = _pragma(database, "page_count") * _pragma(database, "page_size") <= WHOLE_CHECK_BYTES
    names = ("",) if is_small else _DECIDING
    for name in names:
        found = database.execute(f"PRAGMA quick_check({name})" if name else "PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise LedgerOutOfReach(f"{file}: the ledger is damaged", fix=RESTORE)
    if _stored_seal(database) != _seal(database):
        raise LedgerOutOfReach(f"{file}: the ledger is damaged", fix=RESTORE)


def _seal(database: Database) -> str:
    """Return a hash of the tables' definitions and the ledger's own facts: quick_check does not read their text."""
    tables = database.execute("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY name")
    facts = database.execute("SELECT name, value FROM meta WHERE name <> 'seal' ORDER BY name")
    return hashlib.sha256(repr((tables.fetchall(), facts.fetchall())).encode()).hexdigest()


def _stored_seal(database: Database) -> str | None:
    row: tuple[str] | None = database.execute("SELECT value FROM meta WHERE name = 'seal'").fetchone()
    return None if row is None else row[0]


def _upgrade(database: Database, folder: Path, host: Host, steps: Sequence[Migration]) -> None:
    if _pragma(database, "user_version") == steps[-1].number:
        return
    # No run may be under way while its tables change, so this waits for the job lock like any run.
    with job_lock(folder / LOCK_NAME):
        version = _pragma(database, "user_version")
        if version < steps[-1].number:  # nobody else was faster
            durable_copy(database, folder / f"ledger-version-{version}.db")
            _migrate(database, steps, host)


def durable_copy(database: Database, to: Path) -> None:
    """Copy all of a ledger into the file *to*, which is there only when it is whole and on the disk."""
    part = to.with_suffix(".part")
    part.unlink(missing_ok=True)
    _create(part)
    copy_into(str(part), database)
    descriptor = os.open(part, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    part.replace(to)
    _sync_folder(to.parent)


def _migrate(database: Database, steps: Sequence[Migration], host: Host) -> None:
    database.execute("BEGIN IMMEDIATE")
    try:
        version = _pragma(database, "user_version")
        for step in steps:
            if step.number > version:
                for statement in statements(step.sql):
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {step.number}")
        if version == 0:
            _name(database, host)
        database.execute("INSERT OR REPLACE INTO meta (name, value) VALUES ('seal', ?)", (_seal(database),))
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def _name(database: Database, host: Host) -> None:
    database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    now: str
    (now,) = database.execute("SELECT strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')").fetchone()
    (milliseconds,) = database.execute("SELECT CAST(strftime('%s', ?) AS INTEGER) * 1000", (now,)).fetchone()
    facts = {
        "ledger_id": _ledger_id(milliseconds),
        "created_at": now,
        "machine_id": host.machine_id(),
        "address_salt": secrets.token_hex(32),
    }
    database.executemany("INSERT INTO meta (name, value) VALUES (?, ?)", facts.items())


def _ledger_id(milliseconds: int) -> str:
    """Return a ULID: 48 bits of time and 80 of chance, as 26 letters (https://github.com/ulid/spec)."""
    number = (milliseconds << 80) | secrets.randbits(80)
    return "".join(_CROCKFORD[(number >> shift) & 31] for shift in range(125, -1, -5))


def _pragma(database: Database, name: str) -> int:
    value: int = database.execute(f"PRAGMA {name}").fetchone()[0]
    return value


def _has_tables(database: Database) -> bool:
    return database.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
