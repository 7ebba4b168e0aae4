"""One sheet of an open workbook: its rows with what is needed to read them, and its header row."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from automations.core.cells import as_text
from automations.core.leads import Cell
from automations.sources.headers import SEARCHED_ROWS, best_header_row
from automations.sources.ooxml.cells import CellReader, raw_cells
from automations.sources.ooxml.package import Package, SheetEntry
from automations.sources.ooxml.stream import Block, RowSpan, SheetStream
from automations.sources.ooxml.strings import SharedStrings
from automations.sources.ooxml.styles import Shown, date_styles


@dataclass(frozen=True, slots=True)
class Tables:
    """What cells refer to: shared strings and styles for dates. Stays true for one version of the file."""

    strings: SharedStrings
    dates: Mapping[bytes, Shown]


def load_tables(package: Package) -> Tables:
    """Return the tables of a workbook."""
    strings = package.related("sharedStrings")
    return Tables(SharedStrings(package.stream(strings)) if strings else SharedStrings(), load_styles(package))


def load_styles(package: Package) -> Mapping[bytes, Shown]:
    """Return which of the workbook's styles show dates."""
    styles = package.related("styles")
    return date_styles(package.read(styles)) if styles else {}


@dataclass(frozen=True, slots=True)
class OpenSheet:
    """One sheet that can be read as often as needed while its file is open."""

    package: Package
    entry: SheetEntry
    tables: Tables

    def stream(self) -> SheetStream:
        """Return the sheet from its beginning."""
        return SheetStream(self.package.stream(self.entry.part), self.entry.part)

    def reader(self, prefix: bytes) -> CellReader:
        """Return what reads cells of this sheet."""
        return CellReader(
            prefix, self.tables.strings, self.tables.dates, counts_from_1904=self.package.counts_from_1904
        )


@dataclass(frozen=True, slots=True)
class HeaderRow:
    """The header row: its number and the text of every header by column. Row 0 when the sheet is empty."""

    row: int
    headers: Mapping[int, str]
    styles: Mapping[int, bytes]

    @property
    def first_column(self) -> int:
        """Return the column of the leftmost header."""
        return min(self.headers, default=1)

    @property
    def last_column(self) -> int:
        """Return the column of the rightmost header."""
        return max(self.headers, default=0)


def take_header(
    blocks: Iterator[Block], reader: CellReader, wanted: Collection[str]
) -> tuple[HeaderRow, Iterator[Block]]:
    """Return the header row, and all blocks again."""
    taken: list[Block] = []
    rows: list[tuple[Block, RowSpan]] = []
    read: list[dict[int, Cell]] = []
    for block in blocks:
        taken.append(block)
        for row in block.rows:
            if len(read) < SEARCHED_ROWS and (cells := _cells_by_column(reader, block, row)):
                rows.append((block, row))
                read.append(cells)
        if len(read) == SEARCHED_ROWS:
            break
    every = chain(taken, blocks)
    if not read:
        return HeaderRow(0, {}, {}), every
    best = best_header_row([list(cells.values()) for cells in read], wanted)
    block, row = rows[best]
    headers = {column: text for column, cell in read[best].items() if (text := _header_text(cell)).strip()}
    styles = {cell.column: style for cell in raw_cells(block, row, reader.prefix) if (style := cell.style)}
    return HeaderRow(row.number, headers, styles), every


def _header_text(cell: Cell) -> str:
    return cell if isinstance(cell, str) else as_text(cell)


def _cells_by_column(reader: CellReader, block: Block, row: RowSpan) -> dict[int, Cell]:
    cells = ((cell.column, reader.cell(block, cell)) for cell in raw_cells(block, row, reader.prefix))
    return {column: value for column, value in cells if value is not None}
