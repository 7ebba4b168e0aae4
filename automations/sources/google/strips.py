"""The ranges of a write, and what their echo says.

A strip is some neighbouring rows: the key column and the cells that change, as one range where they stand side by
side, as several where the team has other columns in between. All ranges of a strip go into one request, which Google
applies as a whole: the key cells that come back with the new values are those of the same moment.

Ranges of their own are right for cells apart, and one wide range with nulls is not: a wide one would also touch the
team's columns in between, and a request that touches one cell somebody protected fails whole, even where it leaves it
as it is; and all that stands in between would travel back with every echo.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from automations.core.leads import Cell
from automations.errors import SourceOutOfReach
from automations.sources.google.cells import to_json, whole

MAX_BYTES = 2_000_000
"""The longest request, as Google advises (Sheets API, usage limits: 2 MB)."""
_BRIDGE = 3
"""So many rows between two that change go along with nulls: that is shorter than a new range."""

Wanted = Mapping[int, Mapping[int, Cell]]
"""New values by row and column; None clears a cell."""


Json = Mapping[str, Any]
"""A part of a request or of an answer: its values can be any JSON."""
JsonCell = str | int | float | bool | None
MAX_ROW = 10_000_000
"""No row number is longer: a spreadsheet holds 10 million cells."""


class Strip(NamedTuple):
    """Neighbouring rows and the groups of neighbouring columns written in them, each as (first, end)."""

    first_row: int
    end_row: int
    groups: tuple[tuple[int, int], ...]


class Chunk(NamedTuple):
    """The strips of one request, and its body's ranges."""

    strips: tuple[Strip, ...]
    data: tuple[Json, ...]


class EchoedRow(NamedTuple):
    """What stands in a row after a write: its key cell, and the cells of the columns that were written."""

    key: Cell
    cells: Mapping[int, Cell]


class _Packer:
    """Gathers strips until the next row would make the request too long."""

    def __init__(self, sheet_id: int, groups: tuple[tuple[int, int], ...], max_bytes: int) -> None:
        self._sheet_id, self._groups, self._max_bytes = sheet_id, groups, max_bytes
        self._overhead = sum(len(json.dumps(_range(sheet_id, MAX_ROW, MAX_ROW, group, ()))) for group in groups)
        self._strips: list[Strip] = []
        self._data: list[Json] = []
        self._rows: list[Sequence[Sequence[JsonCell]]] = []
        self._first = 0
        self._size = 0

    def begin(self, row: int) -> None:
        """Begin a strip."""
        self._first, self._rows = row, []
        self._size += self._overhead

    def add(self, values: Sequence[Sequence[JsonCell]]) -> Chunk | None:
        """Add a row to the strip; return the chunk before it when there is no more room in that one."""
        length = sum(len(json.dumps(each)) + 2 for each in values)
        full = None
        if self._size + length > self._max_bytes and (self._rows or self._strips):
            row = self._first + len(self._rows)
            full = self.take()
            self.begin(row)
        self._rows.append(values)
        self._size += length
        return full

    def end(self) -> None:
        """End the strip."""
        if not self._rows:
            return
        end = self._first + len(self._rows)
        self._strips.append(Strip(self._first, end, self._groups))
        self._data += [
            _range(self._sheet_id, self._first, end, group, [values[number] for values in self._rows])
            for number, group in enumerate(self._groups)
        ]
        self._rows = []

    def take(self) -> Chunk:
        """Return all there is as a chunk, and begin anew."""
        self.end()
        chunk = Chunk(tuple(self._strips), tuple(self._data))
        self._strips, self._data, self._size = [], [], 0
        return chunk


def chunks_of(wanted: Wanted, key_column: int, sheet_id: int, max_bytes: int = MAX_BYTES) -> Iterator[Chunk]:
    """Return the requests that write *wanted*, each at most *max_bytes* long unless a single row is longer."""
    groups = _groups(sorted({key_column, *(column for cells in wanted.values() for column in cells)}))
    packer = _Packer(sheet_id, groups, max_bytes)
    for first, end in _runs(sorted(wanted)):
        packer.begin(first)
        for row in range(first, end):
            full = packer.add(_values(wanted.get(row, {}), groups))
            if full is not None:
                yield full
        packer.end()
    if wanted:
        yield packer.take()


def _groups(columns: Sequence[int]) -> tuple[tuple[int, int], ...]:
    groups: list[tuple[int, int]] = []
    for column in columns:
        if groups and groups[-1][1] == column:
            groups[-1] = (groups[-1][0], column + 1)
        else:
            groups.append((column, column + 1))
    return tuple(groups)


def _runs(rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Return rows that stand together, as (first, end): those with at most a few others in between."""
    if not rows:
        return
    first = last = rows[0]
    for row in rows[1:]:
        if row - last > _BRIDGE + 1:
            yield first, last + 1
            first = row
        last = row
    yield first, last + 1


def _values(cells: Mapping[int, Cell], groups: Sequence[tuple[int, int]]) -> list[list[JsonCell]]:
    """Return what is sent of one row, by group: null for a cell that stays as it is."""
    return [
        [to_json(cells[column]) if column in cells else None for column in range(first, end)] for first, end in groups
    ]


def _range(sheet_id: int, start: int, end: int, group: tuple[int, int], rows: Sequence[Sequence[JsonCell]]) -> Json:
    area = {
        "sheetId": sheet_id,
        "startRowIndex": start,
        "endRowIndex": end,
        "startColumnIndex": group[0],
        "endColumnIndex": group[1],
    }
    return {"dataFilter": {"gridRange": area}, "majorDimension": "ROWS", "values": rows}


def request_of(chunk: Chunk) -> Json:
    """Return the body of the request for a chunk: values as they are, and all of its ranges in the answer."""
    return {
        "valueInputOption": "RAW",
        "data": list(chunk.data),
        "includeValuesInResponse": True,
        "responseValueRenderOption": "UNFORMATTED_VALUE",
        "responseDateTimeRenderOption": "SERIAL_NUMBER",
    }


def echo_of(answer: Json, chunk: Chunk, key_column: int) -> dict[int, EchoedRow]:
    """Return what stands in every row of a chunk after it was written, by the row's position.

    Raises SourceOutOfReach when the answer does not say: then it is no answer of Google's.
    """
    areas = [(strip, group) for strip in chunk.strips for group in strip.groups]
    responses = _in_order(answer.get("responses"), areas)
    rows: dict[int, dict[int, Cell]] = {}
    for (strip, (first, end)), response in zip(areas, responses, strict=True):
        values = (response.get("updatedData") or {}).get("values") or []
        for at, row in enumerate(range(strip.first_row, strip.end_row)):
            cells = values[at] if at < len(values) else []
            echoed = rows.setdefault(row, {})
            for column in range(first, end):
                place = column - first
                echoed[column] = _cell(cells[place]) if place < len(cells) else None
    return {
        row: EchoedRow(cells.get(key_column), {column: cell for column, cell in cells.items() if column != key_column})
        for row, cells in rows.items()
    }


def _cell(value: Cell) -> Cell:
    if value == "" or value is None:
        return None
    return whole(value) if isinstance(value, float) else value


def _in_order(responses: object, areas: Sequence[tuple[Strip, tuple[int, int]]]) -> list[Json]:
    """Return the answer for each range. Each names its own, so that nothing hangs on the order they come in."""
    listed = [each for each in responses if isinstance(each, Mapping)] if isinstance(responses, list) else []
    by_place: dict[tuple[int, int], Json] = {}
    for each in listed:
        area = (each.get("dataFilter") or {}).get("gridRange") or {}
        by_place[int(area.get("startRowIndex") or 0), int(area.get("startColumnIndex") or 0)] = each
    try:
        return [by_place[strip.first_row, group[0]] for strip, group in areas]
    except KeyError:
        raise SourceOutOfReach(
            "Google did not say what it wrote", fix="run again: what was written is found again"
        ) from None
