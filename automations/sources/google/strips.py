"""The request of a write, and what its echo says.

A request has, for the rows that change, the key column, a cell of each header it relies on (all of these left alone by
null), and the cells to write. Google applies it as a whole: the key cells that come back are those of the very moment
in which the values were written.

The key column is a range of its own, and not one end of a wide range that reaches to our columns: a wide one would
also touch the team's columns in between, and a request that touches one cell somebody protected fails whole, even
where it leaves it as it is; and all that stands in between would travel back with every echo.

A column of ours that has our mark is named by the mark, not by its place: Google looks the column up while it applies
the request, so that a column somebody inserts in the same second moves nothing of ours into a column of the team's.
Such a range begins at the top of its column, hence the nulls before the first value: five bytes a row.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from automations.core.leads import Cell
from automations.sources.google.cells import to_json, whole
from automations.sources.google.grid import COLUMN_KEY

Json = Mapping[str, Any]
"""A part of a request or of an answer: its values can be any JSON."""
JsonCell = str | int | float | bool | None
Wanted = Mapping[int, Mapping[int, Cell]]
"""New values by row and column; None clears a cell."""

MAX_BYTES = 2_000_000
"""The longest request, as Google advises (Sheets API, usage limits: 2 MB)."""
_BRIDGE = 30
"""So many rows between two that change go along with nulls: that is shorter than a new range."""
_NULL = len("null, ")
_RANGE = 260
"""The length of a range without its values, at most."""
_START = re.compile(r"!?\$?[A-Z]*\$?(\d+)?(?::[^!]*)?\Z")


class Layout(NamedTuple):
    """Where a request writes: the tab, its header row, the key column, and the marks of columns that have one."""

    sheet_id: int
    header: int
    key_column: int
    marks: Mapping[int, str]


class Piece(NamedTuple):
    """The cells of one column in a request, by row; None clears one."""

    column: int
    cells: Mapping[int, Cell]


class Echo(NamedTuple):
    """What stands in the tab right after a write: header cells by column, key cells by row, our cells by column."""

    headers: Mapping[int, Cell]
    keys: Mapping[int, Cell]
    cells: Mapping[int, Mapping[int, Cell]]


Chunk = tuple[Piece, ...]
"""What goes into one request."""


def chunks_of(wanted: Wanted, layout: Layout, max_bytes: int = MAX_BYTES) -> Iterator[Chunk]:
    """Return what goes into each request, column by column, so that each is at most *max_bytes* long.

    A single cell that is longer goes alone.
    """
    packer = _Packer(layout, max_bytes)
    for column in sorted({column for cells in wanted.values() for column in cells}):
        packer.begin(column)
        for row in sorted(wanted):
            if column in wanted[row] and (full := packer.add(row, wanted[row][column])):
                yield full
    if wanted:
        yield packer.take()


class _Packer:
    """Gathers pieces until the next cell would make the request too long."""

    def __init__(self, layout: Layout, max_bytes: int) -> None:
        self._layout, self._max_bytes = layout, max_bytes
        self._pieces: dict[int, dict[int, Cell]] = {}
        self._column = 0
        self._rows: set[int] = set()
        self._last: int | None = None
        self._last_key: int | None = None
        self._size = 0

    def begin(self, column: int) -> None:
        """Begin a column."""
        self._column, self._last = column, None

    def add(self, row: int, value: Cell) -> Chunk | None:
        """Add a cell of the column; return the chunk before it when there is no more room in that one."""
        full = None
        if self._pieces and self._size + self._cost(row, value) > self._max_bytes:
            full = self.take()
        self._size += self._cost(row, value)
        self._pieces.setdefault(self._column, {})[row] = value
        if row not in self._rows:
            self._rows.add(row)
            self._last_key = row
        self._last = row
        return full

    def _cost(self, row: int, value: Cell) -> int:
        cost = len(json.dumps(to_json(value))) + 2
        if self._last is None:
            cost += 2 * _RANGE + (row * _NULL if self._column in self._layout.marks else 0)
        elif self._column in self._layout.marks or row - self._last <= _BRIDGE:
            cost += (row - self._last - 1) * _NULL
        else:
            cost += _RANGE
        if row not in self._rows:
            gap = row - self._last_key if self._last_key is not None else 0
            cost += gap * _NULL if 0 < gap <= _BRIDGE else _RANGE
        return cost

    def take(self) -> Chunk:
        """Return all there is as a chunk, and begin anew."""
        chunk = tuple(Piece(column, cells) for column, cells in self._pieces.items())
        self._pieces, self._rows, self._last, self._last_key, self._size = {}, set(), None, None, 0
        return chunk


def request_of(chunk: Chunk, layout: Layout) -> Json:
    """Return the body of the request for a chunk: values as they are, and all of its ranges in the answer."""
    rows = sorted({row for piece in chunk for row in piece.cells})
    guarded = [layout.key_column, *(piece.column for piece in chunk if piece.column not in layout.marks)]
    data = [_range(layout, column, layout.header, [None]) for column in guarded]
    data += [
        _range(layout, layout.key_column, first, [None] * (end - first))
        for first, end in _runs(rows)
        if first != layout.header
    ]
    for piece in chunk:
        data += _piece_ranges(piece, layout)
    return {
        "valueInputOption": "RAW",
        "data": data,
        "includeValuesInResponse": True,
        "responseValueRenderOption": "UNFORMATTED_VALUE",
        "responseDateTimeRenderOption": "SERIAL_NUMBER",
    }


def _piece_ranges(piece: Piece, layout: Layout) -> Iterator[Json]:
    mark = layout.marks.get(piece.column)
    runs = [(0, max(piece.cells) + 1)] if mark is not None else _runs(sorted(piece.cells))
    for first, end in runs:
        values: list[JsonCell] = [
            to_json(piece.cells[row]) if row in piece.cells else None for row in range(first, end)
        ]
        if mark is None:
            yield _range(layout, piece.column, first, values)
        else:
            lookup = {"locationType": "COLUMN", "metadataKey": COLUMN_KEY, "metadataValue": mark}
            yield {
                "dataFilter": {"developerMetadataLookup": lookup},
                "majorDimension": "COLUMNS",
                "values": [values],
            }


def _range(layout: Layout, column: int, first: int, values: Sequence[JsonCell]) -> Json:
    area = {
        "sheetId": layout.sheet_id,
        "startRowIndex": first,
        "endRowIndex": first + len(values),
        "startColumnIndex": column,
        "endColumnIndex": column + 1,
    }
    return {"dataFilter": {"gridRange": area}, "majorDimension": "COLUMNS", "values": [values]}


def _runs(rows: Sequence[int]) -> list[tuple[int, int]]:
    """Return rows that stand together, as (first, end): those with at most a few others in between."""
    runs: list[tuple[int, int]] = []
    for row in rows:
        if runs and row - runs[-1][1] < _BRIDGE:
            runs[-1] = (runs[-1][0], row + 1)
        else:
            runs.append((row, row + 1))
    return runs


def echo_of(answer: Json, chunk: Chunk, layout: Layout) -> Echo:
    """Return what an answer says stands there. What it does not say is missing: a column that is gone, for one."""
    headers: dict[int, Cell] = {}
    keys: dict[int, Cell] = {}
    cells: dict[int, dict[int, Cell]] = {piece.column: {} for piece in chunk}
    by_mark = {layout.marks[piece.column]: piece.column for piece in chunk if piece.column in layout.marks}
    responses = answer.get("responses")
    for each in responses if isinstance(responses, list) else ():
        where = each.get("dataFilter") or {}
        area = where.get("gridRange")
        if area is None:
            mark = (where.get("developerMetadataLookup") or {}).get("metadataValue")
            if mark in by_mark:
                cells[by_mark[mark]].update(_column_values(each))
            continue
        column, found = int(area.get("startColumnIndex") or 0), dict(_column_values(each))
        if int(area.get("startRowIndex") or 0) == layout.header and len(found) <= 1:
            headers[column] = found.get(layout.header)
        elif column == layout.key_column:
            # An empty cell at the end is left out of an answer, and is one for us.
            keys.update(dict.fromkeys(range(int(area.get("startRowIndex") or 0), int(area["endRowIndex"]))))
            keys.update(found)
        else:
            cells[column].update(found)
    return Echo(headers, keys, cells)


def _column_values(response: Json) -> Iterator[tuple[int, Cell]]:
    """Return the cells of one column by row, from the range they are said to stand in."""
    data = response.get("updatedData") or {}
    found = _START.search(str(data.get("range") or response.get("updatedRange") or ""))
    first = int(found[1]) - 1 if found and found[1] else 0
    values = data.get("values") or []
    if data.get("majorDimension") == "COLUMNS":
        column = values[0] if values else []
    else:
        column = [row[0] if row else None for row in values]
    return ((first + at, _cell(value)) for at, value in enumerate(column))


def _cell(value: Cell) -> Cell:
    if value == "" or value is None:
        return None
    return whole(value) if isinstance(value, float) else value
