"""The tables of the ledger, as numbered steps from one version of them to the next. A step, once released, stays.

Each is a file ``NNNN_what_it_does.sql``; all its statements happen in one transaction, or none does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from importlib import resources

import apsw


@dataclass(frozen=True, slots=True)
class Migration:
    """The step that makes version *number* out of the version before it."""

    number: int
    sql: str


def migrations() -> tuple[Migration, ...]:
    """Return every step, in order."""
    files = resources.files(__name__).iterdir()
    steps = (
        Migration(int(file.name.partition("_")[0]), file.read_text(encoding="utf-8"))
        for file in files
        if file.name.endswith(".sql")
    )
    return tuple(sorted(steps, key=lambda step: step.number))


def statements(sql: str) -> Iterator[str]:
    """Yield the statements of a step one by one: `executescript` would commit first, and end the transaction.

    A statement ends with the line that ends it, so no two may share a line.
    """
    lines: list[str] = []
    for line in sql.splitlines():
        lines.append(line)
        text = "\n".join(lines)
        if apsw.complete(text):
            yield text
            lines.clear()
