"""Whole rows to values, fast: one pattern for the row as programs write it, the careful way for every other.

The two ways agree on every row; a test compares them on real workbooks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import lt
from re import DOTALL, Match, Pattern
from re import compile as compile_pattern
from typing import cast

from automations.core.leads import Cell
from automations.sources.ooxml.cells import CellReader, Converter, number_of, raw_cells, text_reader
from automations.sources.ooxml.markup import attributes
from automations.sources.ooxml.references import MAX_ROW, column_letters, column_number
from automations.sources.ooxml.stream import Block, RowSpan

_NAME = compile_pattern(rb" r=\"([A-Z]{1,3})[0-9]")
_WIDEST = 1024
"""Sheets with more columns are read the careful way; a pattern for them would take long to make."""


@lru_cache(maxsize=64)
def _plain_row(prefix: bytes, last_column: int) -> Pattern[bytes]:
    """A row whose cells are named and in order.

    Groups: its number; for each column its attributes and its value; what comes after the last column.
    """
    names = {b"p": prefix}
    start = rb"(?:<%(p)bv>|<%(p)bis><%(p)bt(?: xml:space=\"preserve\")?+>)" % names
    end = rb"(?:</%(p)bv>|</%(p)bt></%(p)bis>)" % names
    formula = rb"(?:<%(p)bf[^>]*+>(?:[^<]*+</%(p)bf>)?+)?+" % names
    value = rb"%b(?:%b([^<]*+)%b</%bc>|</%bc>)?+" % (formula, start, end, prefix, prefix)
    cells = [
        rb"(?:<%bc r=\"%b[0-9]++\"([^>]*+)>%b)?+" % (prefix, column_letters(at + 1), value) for at in range(last_column)
    ]
    beyond = rb"\s*+(?:(<%bc.*?)?</%brow>)?+\s*+" % (prefix, prefix)
    return compile_pattern(rb"<%brow r=\"([0-9]{1,7})\"[^>]*+>%b%b" % (prefix, b"".join(cells), beyond), DOTALL)


class _Converters(dict[bytes, Converter]):
    """What reads the values of cells, by the attributes of their tags; made when it is first asked for."""

    def __init__(self, reader: CellReader) -> None:
        super().__init__()
        self._reader = reader
        self._inline = text_reader()

    def __missing__(self, tag: bytes) -> Converter:
        written = attributes(tag)
        kind = written.get(b"t", b"")
        if kind in {b"str", b"inlineStr", b"e"}:
            made = self._inline
        else:
            made = self._reader.converter(kind, written.get(b"s", b""))
        self[tag] = made
        return made

    def many(self, tag: bytes, raws: Sequence[bytes]) -> Sequence[Cell]:
        """Return the values of many cells with the same attributes."""
        convert = self[tag]
        try:
            if convert is number_of:
                return list(map(int, raws))
            if convert == self._reader.strings.text:
                return self._reader.strings.many(raws)
        except (ValueError, IndexError):
            pass  # one of them is something else: each is looked at for itself
        return list(map(convert, raws))


class RowReader:
    """Reads the cells of rows from *first_column* to *last_column*."""

    def __init__(self, reader: CellReader, first_column: int, last_column: int) -> None:
        self._reader = reader
        self._first = first_column
        self._last = last_column
        self._pattern = _plain_row(reader.prefix, last_column) if last_column <= _WIDEST else None
        self._converters = _Converters(reader)

    def rows(self, block: Block) -> Iterator[tuple[int, Sequence[Cell]]]:
        """Return the number and the cells of every row that has any."""
        found = self._plain_groups(block) if self._first <= self._last else None
        if found is None:
            for row in block.rows:
                cells = self.careful_row(block, row)
                if cells is not None:
                    yield row.number, cells
            return
        numbers, *groups = zip(*found, strict=True)
        start = 2 * (self._first - 1)
        columns = map(self._column, groups[start:-1:2], groups[start + 1 : -1 : 2])
        width = self._last - self._first + 1
        for number, row_cells in zip(numbers, zip(*columns, strict=True), strict=True):
            if row_cells[0] is not None or row_cells.count(None) != width:
                yield int(number), row_cells

    def row(self, block: Block, row: RowSpan) -> Sequence[Cell] | None:
        """Return the cells of one row, or None when all are empty."""
        found = self._plain_match(block, row.start)
        if found is None or found.end() != row.end:
            return self.careful_row(block, row)
        groups = found.groups()[1:]
        start = 2 * (self._first - 1)
        pairs = zip(groups[start:-1:2], groups[start + 1 : -1 : 2], strict=True)
        convert = self._converters
        cells = [convert[tag](raw) if raw else None for tag, raw in pairs]
        return None if cells.count(None) == len(cells) else cells

    def values(self, tags: Sequence[bytes], raws: Sequence[bytes]) -> Sequence[Cell]:
        """Return what cells say whose tags have these attributes after their names and whose values are *raws*."""
        return self._column(tags, raws)

    def careful_row(self, block: Block, row: RowSpan) -> list[Cell] | None:
        """Return the same for a row that is written in any way."""
        cells: list[Cell] = [None] * (self._last - self._first + 1)
        for cell in raw_cells(block, row, self._reader.prefix):
            if self._first <= cell.column <= self._last:
                cells[cell.column - self._first] = self._reader.cell(block, cell)
        return None if cells.count(None) == len(cells) else cells

    def _plain_groups(self, block: Block) -> list[tuple[bytes, ...]] | None:
        """Return the groups of every row, or None when one of them is not written plainly."""
        found: list[tuple[bytes, ...]] = []
        at = 0
        while at < len(block.data):
            row = self._plain_match(block, at)
            if row is None:
                return None
            found.append(row.groups())
            at = row.end()
        numbers = [block.before, *(int(groups[0]) for groups in found)]
        in_order = all(map(lt, numbers, numbers[1:])) and numbers[-1] <= MAX_ROW
        return found if found and in_order else None

    def _plain_match(self, block: Block, at: int) -> Match[bytes] | None:
        """Return the match of the row at a place; None when it is not written plainly."""
        if self._pattern is None or block.is_masked:
            return None
        found = self._pattern.match(block.data, at)
        beyond = found[found.re.groups] if found else None
        if beyond:
            name = _NAME.search(beyond)
            if name is None or column_number(name[1]) <= self._last:
                return None
        return found

    def _column(self, tags: Sequence[bytes | None], raws: Sequence[bytes | None]) -> Sequence[Cell]:
        """Return the cells of one column in a block; those of one kind are converted at once."""
        kinds = set(tags)
        tag = kinds.pop() if len(kinds) == 1 else None
        if tag is not None and None not in raws and b"" not in raws:
            return self._converters.many(tag, cast("Sequence[bytes]", raws))
        convert = self._converters
        # A value has a tag; the empty one is for the type checker.
        return [convert[tag or b""](raw) if raw else None for tag, raw in zip(tags, raws, strict=True)]
