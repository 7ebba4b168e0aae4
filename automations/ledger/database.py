"""The database under the ledger: SQLite as apsw brings it along.

Not the one that Python comes with: that is mostly too old for a write-ahead log with two writers (`is_wal_safe`), and
without one a durable commit takes four to five times as long (measured by benchmarks/mail.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, cast

import apsw

BUSY_SECONDS = 5.0


class Rows(Protocol):
    """What a statement gives. A row is a tuple whose types the statement knows, and the type checker does not: Any."""

    def __iter__(self) -> Iterator[Any]: ...

    def fetchone(self) -> Any:  # noqa: ANN401 - see the class
        """Return the next row; None when there is none."""
        ...

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        ...


class Database(Protocol):
    """The part of an apsw connection that the ledger uses."""

    @property
    def in_transaction(self) -> bool:
        """Return whether a transaction is open."""
        ...

    def execute(self, sql: str, values: Sequence[object] | Mapping[str, object] = ..., /) -> Rows:
        """Run one statement, up to its first row."""
        ...

    def executemany(self, sql: str, rows: Iterable[Sequence[object]], /) -> Rows:
        """Run one statement for each of *rows*."""
        ...

    def changes(self) -> int:
        """Return how many rows the last statement that writes has changed."""
        ...

    def close(self) -> None:
        """Close the file."""
        ...


def connect(name: str) -> Database:
    """Return a connection to the file *name*. Every transaction is begun and ended in words (autocommit).

    Several threads may use it, one after another.
    """
    database = apsw.Connection(name)
    database.set_busy_timeout(int(BUSY_SECONDS * 1000))
    return cast("Database", database)


def copy_into(name: str, database: Database) -> None:
    """Copy all of *database* into the file *name*."""
    copy = apsw.Connection(name)
    try:
        with copy.backup("main", cast("apsw.Connection", database), "main") as backup:
            backup.step()
    finally:
        copy.close()


def sqlite_version() -> tuple[int, ...]:
    """Return the version of the SQLite in use."""
    return tuple(int(part) for part in apsw.sqlite_lib_version().split("."))


def is_wal_safe(version: tuple[int, ...]) -> bool:
    """Return whether a SQLite of this version may use a write-ahead log with two writers.

    Others have the WAL-reset bug, which can lose what was committed: fixed in 3.51.3, 3.50.7 and 3.44.6
    (https://www.sqlite.org/wal.html, section 11).
    """
    return version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
