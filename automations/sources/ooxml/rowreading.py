"""Whole rows to values, fast: one pattern for the row as programs write it, the careful way for every other.

The two ways agree on every row; a test compares them on real workbooks.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from re import Pattern
from re import compile as compile_pattern

from automations.core.leads import Cell
from automations.sources.ooxml.cells import CellReader, Converter, raw_cells, text_reader, whole
from automations.sources.ooxml.markup import attributes
from automations.sources.ooxml.references import column_letters, column_number
from automations.sources.ooxml.refusals import Reason, WorkbookRefused
from automations.sources.ooxml.stream import Block, RowSpan

_WIDEST = 1024
"""Sheets with more columns are read the careful way; a pattern for them would take long to make."""


@lru_cache(maxsize=64)
def _plain_row(prefix: bytes, last_column: int) -> Pattern[bytes]:
    """A row whose cells are named and in order, each with its attributes and its value: two groups for each column."""
    names = {b"p": prefix}
    text = (
        rb"(?:<%(p)bv>|<%(p)bis><%(p)bt(?: xml:space=\"preserve\")?+>)([^<]*+)(?:</%(p)bv>|</%(p)bt></%(p)bis>)" % names
    )
    formula = rb"(?:<%(p)bf[^>]*+>(?:[^<]*+</%(p)bf>)?+)?+" % names
    after = rb"([^>]*+)>%b(?:%b</%bc>|</%bc>)?+)?+" % (formula, text, prefix, prefix)
    cells = [rb"(?:<%bc r=\"%b[0-9]++\"%b" % (prefix, column_letters(at + 1), after) for at in range(last_column)]
    return compile_pattern(rb"%b\s*+(?=</%brow>|<%bc r=\"([A-Z]++))" % (b"".join(cells), prefix, prefix))


class _Converters(dict[bytes, Converter]):
    """What reads the values of cells, by the attributes of their tags; made when it is first asked for."""

    def __init__(self, reader: CellReader) -> None:
        super().__init__()
        self._reader = reader
        self._inline = text_reader()

    def __missing__(self, tag: bytes) -> Converter:
        written = attributes(tag)
        kind = written.get(b"t", b"")
        if kind == b"s" and self._reader.strings.texts is not None:
            made = _shared_text_reader(self._reader.strings.texts)
        elif kind in {b"str", b"inlineStr", b"e"}:
            made = self._inline
        else:
            made = self._reader.converter(kind, written.get(b"s", b""))
        self[tag] = made
        return made


def _shared_text_reader(texts: Sequence[str | None]) -> Converter:
    def read(raw: bytes) -> Cell:
        number = whole(raw)
        if not 0 <= number < len(texts):
            raise WorkbookRefused(Reason.CUT_OFF, f"shared string {number} is missing")
        return texts[number]

    return read


class RowReader:
    """Reads the cells of rows from *first_column* to *last_column*."""

    def __init__(self, reader: CellReader, first_column: int, last_column: int) -> None:
        self._reader = reader
        self._first = first_column
        self._last = last_column
        self._pattern = _plain_row(reader.prefix, last_column) if last_column <= _WIDEST else None
        self._converters = _Converters(reader)

    def row(self, block: Block, row: RowSpan) -> list[Cell] | None:
        """Return the cells of one row, or None when all are empty."""
        if self._pattern is None or block.is_masked:
            return self.careful_row(block, row)
        found = self._pattern.match(block.data, row.tag_end, row.end)
        if found is None:
            return self.careful_row(block, row)
        groups = found.groups()
        beyond = groups[-1]
        if beyond is not None and column_number(beyond) <= self._last:
            return self.careful_row(block, row)
        convert = self._converters
        start = 2 * (self._first - 1)
        pairs = zip(groups[start:-1:2], groups[start + 1 : -1 : 2], strict=True)
        cells = [convert[tag](raw) if raw else None for tag, raw in pairs]
        return None if cells.count(None) == len(cells) else cells

    def value(self, tag: bytes, raw: bytes) -> Cell:
        """Return what a cell says whose tag has these attributes after its name and whose value is *raw*."""
        return self._converters[tag](raw)

    def careful_row(self, block: Block, row: RowSpan) -> list[Cell] | None:
        """Return the same for a row that is written in any way."""
        cells: list[Cell] = [None] * (self._last - self._first + 1)
        for cell in raw_cells(block, row, self._reader.prefix):
            if self._first <= cell.column <= self._last:
                cells[cell.column - self._first] = self._reader.cell(block, cell)
        return None if cells.count(None) == len(cells) else cells
