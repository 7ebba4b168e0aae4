"""What a sheet says outside its rows, and which of its formulas fill other cells: all that forbids an edit.

Source: ECMA-376 part 1, 18.3.1.35 (dimension), 18.3.1.13 (col), 18.3.1.55 (mergeCell), 18.3.1.85 (sheetProtection),
18.3.1.40 (f: array and data table formulas own every cell of their ref).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from automations.sources.ooxml.cells import raw_cells
from automations.sources.ooxml.markup import QUOTED, attributes, masked
from automations.sources.ooxml.references import Area, parse_area
from automations.sources.ooxml.stream import Block, RowSpan, SheetStream

FORMULA = "the cell has a formula; write: needs a column without formulas"
_PROTECTED = "the tab is protected; take the protection off in Excel: Review, Unprotect Sheet"
_OWNING_FORMULAS = frozenset({b"array", b"dataTable"})


def tags(data: bytes, prefix: bytes, name: bytes) -> Iterator[dict[bytes, bytes]]:
    """Return the attributes of every element of one name."""
    for found in re.finditer(rb"<%b%b(?=[\s/>])(%b)>" % (prefix, name, QUOTED), data):
        yield attributes(found[1])


@dataclass(frozen=True, slots=True)
class SheetFacts:
    """What a walk over all of a sheet told: areas that are one cell, areas that one formula fills, protection."""

    merged: tuple[Area, ...] = ()
    owned_areas: tuple[Area, ...] = ()
    is_protected: bool = False
    has_formulas: bool = False

    @property
    def forbids_nothing(self) -> bool:
        """Whether every cell without a formula may be written."""
        return not (self.merged or self.owned_areas or self.is_protected)

    def forbidden(self, cells: Collection[tuple[int, int]]) -> dict[tuple[int, int], str]:
        """Return why each of *cells* that must not be written is not."""
        if self.is_protected:
            return dict.fromkeys(cells, _PROTECTED)
        reasons: dict[tuple[int, int], str] = {}
        for area, cell in _hits(self.merged, cells):
            if cell != (area.top, area.left):
                reasons[cell] = f"the cell is part of the merged cell {area.text().decode()}; unmerge it in Excel"
        for area, cell in _hits(self.owned_areas, cells):
            reasons[cell] = f"a formula fills {area.text().decode()}; move the formula to another column"
        return reasons


@dataclass(slots=True)
class Inspection:
    """Walks a sheet and remembers what forbids an edit; the facts are there when the walk has ended."""

    stream: SheetStream
    owned_areas: list[Area] = field(default_factory=list)
    has_formulas: bool = False

    def blocks(self) -> Iterator[Block]:
        """Return the rows of the sheet, block by block."""
        formula = b"<%bf" % self.stream.prefix
        for block in self.stream.blocks():
            # One letter is found ten times as fast as two, and many sheets have no f in a megabyte.
            if b"f" in block.seen and formula in block.seen:
                self.has_formulas = True
                self._note_owned_areas(block)
            yield block

    def _note_owned_areas(self, block: Block) -> None:
        for tag in tags(block.seen, self.stream.prefix, b"f"):
            if tag.get(b"t") in _OWNING_FORMULAS and (area := parse_area(tag.get(b"ref", b""))):
                self.owned_areas.append(area)

    def facts(self) -> SheetFacts:
        """Return what the walk told; ask after all rows were taken."""
        tail, prefix = masked(self.stream.tail), self.stream.prefix
        protections = tags(tail, prefix, b"sheetProtection")
        merges = (parse_area(tag.get(b"ref", b"")) for tag in tags(tail, prefix, b"mergeCell"))
        return SheetFacts(
            merged=tuple(area for area in merges if area is not None),
            owned_areas=tuple(self.owned_areas),
            is_protected=any(tag.get(b"sheet") in {b"1", b"true"} for tag in protections),
            has_formulas=self.has_formulas,
        )


def columns_with_formulas(block: Block, row: RowSpan, prefix: bytes) -> list[int]:
    """Return the columns of a row whose cells have a formula."""
    formula = b"<%bf" % prefix
    if block.seen.find(formula, row.tag_end, row.end) < 0:
        return []
    return [cell.column for cell in raw_cells(block, row, prefix) if formula in cell.inside(block.seen)]


def refused_cells(stream: SheetStream, cells: Collection[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """Return which of *cells*, as (row, column), must not be written, and why, after a walk over the sheet."""
    inspection = Inspection(stream)
    rows = {row for row, _ in cells}
    formulas = {
        (row.number, column): FORMULA
        for block in inspection.blocks()
        for row in block.rows
        if row.number in rows
        for column in columns_with_formulas(block, row, stream.prefix)
    }
    return {cell: formulas[cell] for cell in cells if cell in formulas} | inspection.facts().forbidden(cells)


def _hits(areas: Iterable[Area], cells: Collection[tuple[int, int]]) -> Iterator[tuple[Area, tuple[int, int]]]:
    """Return each cell with the area it lies in, in time bounded by the smaller of the two."""
    wanted = set(cells)
    for area in areas:
        size = (area.bottom - area.top + 1) * (area.right - area.left + 1)
        if size > len(wanted):
            yield from ((area, cell) for cell in wanted if cell in area)
        else:
            inside = (
                (row, column) for row in range(area.top, area.bottom + 1) for column in range(area.left, area.right + 1)
            )
            yield from ((area, cell) for cell in inside if cell in wanted)


def column_styles(head: bytes, prefix: bytes) -> Sequence[tuple[int, int, bytes]]:
    """Return (first column, last column, style) of the columns that have a style of their own."""
    return [
        (int(tag[b"min"]), int(tag[b"max"]), tag[b"style"])
        for tag in tags(masked(head), prefix, b"col")
        if tag.get(b"style", b"0") != b"0" and tag.get(b"min", b"").isdigit() and tag.get(b"max", b"").isdigit()
    ]
