"""Where the header row, our columns and the leads of a tab are: found anew in every answer, never remembered.

A column of ours is known by the metadata it was made with, so that it may be renamed, moved and have others inserted
beside it; a column of the team's is known by its header.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from automations.core.books import header_identity
from automations.core.leads import Cell, KeyRule, LeadKey
from automations.sources.google.cells import CellData, cell_reader, has_formula
from automations.sources.google.grid import Block, Protection, Tab
from automations.sources.headers import SEARCHED_ROWS, best_header_row, columns_by_header, written_headers
from automations.sources.matching import LeadRow

FORMULA = "a formula stands there"
PROTECTED = "somebody protected the cell"


class Look(NamedTuple):
    """One cell of a look before writing: what it says, and whether a formula says it."""

    value: Cell
    is_formula: bool


def cells_of_rows() -> Callable[[Mapping[str, Any]], list[Cell]]:
    """Return what makes a list of values of a row's JSON, without empty ones at its end."""
    read = cell_reader()

    def row_of(row: Mapping[str, Any]) -> list[Cell]:
        cells = [read(each) for each in row.get("values") or ()]
        while cells and cells[-1] is None:
            cells.pop()
        return cells

    return row_of


def looks_of_rows() -> Callable[[Mapping[str, Any]], list[Look]]:
    """Return what makes a list of looks of a row's JSON."""
    read = cell_reader()

    def look(data: CellData) -> Look:
        return Look(read(data), has_formula(data))

    return lambda row: [look(each) for each in row.get("values") or ()]


class Header(NamedTuple):
    """The header row of a tab: its position, and its headers from column A as config.yaml knows them."""

    row: int
    headers: tuple[str, ...]


def find_header(
    rows: Iterable[tuple[int, Sequence[Cell]]], marks: Mapping[int, str], wanted: Collection[str]
) -> Header:
    """Return the header row among *rows*, each with its position; *marks* are columns of ours by their position."""
    filled = list(islice((each for each in rows if any(cell is not None for cell in each[1])), SEARCHED_ROWS))
    if not filled:
        return Header(0, ())
    named = [_renamed(cells, marks, wanted) for _, cells in filled]
    # What a mark says is in every row: only headers that stand there tell which row it is.
    best = best_header_row([cells for _, cells in filled], wanted)
    return Header(filled[best][0], written_headers(named[best]))


def _renamed(cells: Sequence[Cell], marks: Mapping[int, str], wanted: Collection[str]) -> list[Cell]:
    """Return a header row in which columns of ours have the headers they were made with."""
    known = {header_identity(header): header for header in wanted}
    named = list(cells)
    for at, mark in marks.items():
        header = known.get(header_identity(mark))
        if header is not None:
            named.extend([None] * (at + 1 - len(named)))
            named[at] = header
    return named


def rows_of(tab: Tab) -> Iterator[tuple[int, Sequence[Any]]]:
    """Return the rows of a whole tab that say anything, with their positions; what a row is, the reader said."""
    for block in tab.blocks:
        for at, cells in enumerate(block.rows, block.first_row):
            if cells:
                yield at, cells


def marks_of(tab: Tab) -> dict[int, str]:
    """Return the columns of ours in a tab, by the header each was made with."""
    return {at: mark for block in tab.blocks for at, mark in block.marks.items()}


NO_COLUMN = -1
"""Stands for a column that is not there, or there twice."""


class Found(NamedTuple):
    """What a look before writing found: where columns and leads are, and what every row holds in the columns asked for.

    *rows* are by position; *lead_rows* are those of each lead. A row without a key is in *rows* alone.
    """

    header: int
    headers: Mapping[int, str]
    key_column: int
    marks: Mapping[int, str]
    rows: Mapping[int, Mapping[int, Look]]
    keys: Mapping[int, LeadKey]
    lead_rows: Mapping[LeadKey, tuple[int, ...]]


def found_in(tab: Tab, keys: KeyRule, wanted: Collection[str]) -> Found:
    """Return what the columns that were asked for hold. Without one key column no lead is found."""
    rows, marks = _merged(tab.blocks)
    in_order = ((at, _dense(rows[at])) for at in sorted(rows))
    header = find_header(in_order, marks, wanted)
    headers = {at: name for at, name in enumerate(header.headers) if name.strip()}
    places = columns_by_header(headers).get(header_identity(keys.header), ())
    key_column = places[0] if len(places) == 1 else NO_COLUMN
    key_of: dict[int, LeadKey] = {}
    lead_rows: defaultdict[LeadKey, tuple[int, ...]] = defaultdict(tuple)
    for at, cells in rows.items():
        look = cells.get(key_column)
        key = keys.key_of(look.value) if at > header.row and look is not None else None
        if key is not None:
            key_of[at] = key
            lead_rows[key] += (at,)
    return Found(header.row, headers, key_column, marks, rows, key_of, dict(lead_rows))


def _merged(blocks: Iterable[Block]) -> tuple[dict[int, dict[int, Look]], dict[int, str]]:
    rows: defaultdict[int, dict[int, Look]] = defaultdict(dict)
    marks: dict[int, str] = {}
    for block in blocks:
        marks.update(block.marks)
        for at, looks in enumerate(block.rows, block.first_row):
            rows[at].update(enumerate(looks, block.first_column))
    return dict(rows), marks


def _dense(cells: Mapping[int, Look]) -> list[Cell]:
    return [cells[at].value if at in cells else None for at in range(max(cells, default=-1) + 1)]


def lead_row(found: Found, at: int, columns: Iterable[int], protections: Sequence[Protection]) -> LeadRow:
    """Return what a row holds in some columns, and which of its cells must not be written."""
    cells = found.rows[at]
    values: dict[int, Cell] = {}
    forbidden: dict[int, str] = {}
    for column in columns:
        look = cells.get(column)
        values[column] = look.value if look else None
        if look and look.is_formula:
            forbidden[column] = FORMULA
        elif any(_covers(each, at, column) for each in protections):
            forbidden[column] = PROTECTED
    return LeadRow(at + 1, values, forbidden)


def closes(area: Protection, column: int) -> bool:
    """Return whether an area keeps us from writing somewhere in a column."""
    return not area.ours and area.first <= column and (area.last is None or column < area.last)


def _covers(area: Protection, row: int, column: int) -> bool:
    return closes(area, column) and area.first_row <= row and (area.last_row is None or row < area.last_row)
