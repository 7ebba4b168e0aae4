"""Finding the header row, which may stand under title lines, and columns in it by their headers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from automations.core.books import header_identity
from automations.core.cells import as_text
from automations.core.leads import Cell

SEARCHED_ROWS = 20
"""The header row is looked for among this many rows with content."""


def best_header_row(rows: Sequence[Sequence[Cell]], wanted: Collection[str]) -> int:
    """Return the position of the row with most of the *wanted* headers; of several such rows the first.

    >>> best_header_row([["Our leads"], ["Email", "Name"], ["a@b.example", "Ann"]], ["email", "name"])
    1
    """
    found = [count_headers(row, wanted) for row in rows]
    return found.index(max(found)) if found else 0


def count_headers(row: Sequence[Cell], wanted: Collection[str]) -> int:
    """Return how many of the *wanted* headers stand in a row."""
    return len({header_identity(header) for header in wanted} & {header_identity(as_text(cell)) for cell in row})


def written_headers(cells: Sequence[Cell]) -> tuple[str, ...]:
    """Return the headers as they stand, numbers as people read them, without empty ones at the right end."""
    headers = [cell if isinstance(cell, str) else as_text(cell) for cell in cells]
    while headers and not headers[-1].strip():
        headers.pop()
    return tuple(headers)


def columns_by_header(headers: Mapping[int, str]) -> dict[str, tuple[int, ...]]:
    """Return the columns of each header's identity; more than one when it stands twice."""
    columns: defaultdict[str, tuple[int, ...]] = defaultdict(tuple)
    for column, header in headers.items():
        if identity := header_identity(header):
            columns[identity] += (column,)
    return dict(columns)
