"""The patched bytes of one row: cells in it get new content, missing ones are put in their place.

Source: ECMA-376 part 1, 18.3.1.73 (row: r, s, customFormat, spans).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from automations.core.leads import Cell
from automations.sources.ooxml.cells import raw_cells
from automations.sources.ooxml.encoding import cell_bytes
from automations.sources.ooxml.markup import attributes, with_attribute
from automations.sources.ooxml.references import column_letters, column_number, reference
from automations.sources.ooxml.stream import Block, RowSpan
from automations.sources.ooxml.styles import Shown

_SPANS = re.compile(rb'\sspans="([0-9]+):([0-9]+)"')


@lru_cache(maxsize=16)
def _plain_cell(prefix: bytes) -> re.Pattern[bytes]:
    """A whole cell as programs write it; the group is the inside of its tag."""
    return re.compile(rb"<%bc((?: [a-z]++=\"[^\"<>]*+\")++)\s*+(?:/>|>.*?</%bc>)" % (prefix, prefix), re.DOTALL)


@lru_cache(maxsize=16)
def _next_cell(prefix: bytes) -> re.Pattern[bytes]:
    """The tag of a cell that is named first; the groups are its column and a slash if it closes itself."""
    return re.compile(rb"<%bc r=\"([A-Z]{1,3})[0-9]++\"(?: [a-z]++=\"[^\"<>]*+\")*+\s*+(/?+)>" % prefix)


class FormulaMet(Exception):  # noqa: N818 - a signal to look at every cell, never seen by a person
    """A cell that was to be written has a formula; nothing is lost."""


@dataclass(frozen=True, slots=True)
class Edit:
    """What one cell shall say. *style* is for a cell that is not there yet; a cell that is keeps its own."""

    value: Cell
    style: bytes | None = None


RowEdits = Mapping[int, Edit]
"""Edits of one row by column."""


@dataclass(frozen=True, slots=True)
class RowPatcher:
    """What is the same for every row of one sheet."""

    prefix: bytes
    dates: Mapping[bytes, Shown]
    counts_from_1904: bool
    column_styles: Sequence[tuple[int, int, bytes]] = ()

    def patched(self, block: Block, row: RowSpan, edits: RowEdits) -> bytes:
        """Return the bytes of a row with *edits* done; every other byte is as it was.

        Raises FormulaMet rather than lose one.
        """
        simple = None if block.is_masked else self._replaced(block, row, edits)
        return simple or self._rebuilt(block, row, edits)

    def new_row(self, number: int, edits: RowEdits) -> bytes:
        """Return a row that was not there."""
        cells = b"".join(self._new_cell(number, column, edits[column], None) for column in sorted(edits))
        return b'<%brow r="%d">%b</%brow>' % (self.prefix, number, cells, self.prefix)

    def _replaced(self, block: Block, row: RowSpan, edits: RowEdits) -> bytes | None:
        """Return the row if its cells are written as programs do, named and in order; None asks for the careful way."""
        data = block.data
        pieces: list[bytes] = []
        at = row.start
        for column in sorted(edits):
            start = data.find(b'<%bc r="%b%d"' % (self.prefix, column_letters(column), row.number), at, row.end)
            if start < 0:
                place = self._plain_place(data, row, column, max(at, row.tag_end))
                if place is None:
                    return None
                tag = data[row.start + len(self.prefix) + 4 : row.tag_end - 1]
                pieces += (data[at:place], self._new_cell(row.number, column, edits[column], tag))
                at = place
                continue
            found = _plain_cell(self.prefix).match(data, start, row.end)
            if found is None:
                return None
            self._check_formula(found[0])
            pieces += (data[at:start], self._cell(found[1], edits[column].value))
            at = found.end()
        pieces.append(data[at : row.end])
        return b"".join(pieces)

    def _plain_place(self, data: bytes, row: RowSpan, column: int, at: int) -> int | None:
        """Return where a cell that is missing belongs, looking from *at*, which is before it; None when unsure."""
        name = b"<%bc" % self.prefix
        spans = _SPANS.search(data, row.start, row.tag_end)
        is_plain = data.count(name, at, row.end) == data.count(name + b' r="', at, row.end)
        if row.closes_itself or not is_plain or (spans and not int(spans[1]) <= column <= int(spans[2])):
            return None
        while found := _next_cell(self.prefix).match(data, at, row.end):
            if column_number(found[1]) > column:
                return at
            at = (
                data.find(b"</%bc>" % self.prefix, found.end(), row.end) + len(name) + 2
                if not found[2]
                else found.end()
            )
        return at if data.startswith(b"</%brow" % self.prefix, at) else None

    def _rebuilt(self, block: Block, row: RowSpan, edits: RowEdits) -> bytes:
        """Return the row with cells changed and inserted, however it is written."""
        data = block.data
        old = list(raw_cells(block, row, self.prefix))
        tag = data[row.start + len(self.prefix) + 4 : row.tag_end - 1].rstrip(b"/ \t\r\n")
        pieces: list[bytes] = []
        at = row.tag_end
        for column in sorted(edits):
            cell = next((each for each in old if each.column >= column), None)
            if cell is not None and cell.column == column:
                self._check_formula(cell.inside(block.seen))
                pieces += (data[at : cell.start], self._cell(cell.tag, edits[column].value))
                at = cell.end
                continue
            place = cell.start if cell is not None else (old[-1].end if old else row.tag_end)
            place = max(place, at)
            pieces += (data[at:place], self._new_cell(row.number, column, edits[column], tag))
            at = place
        start = b"<%brow%b>" % (self.prefix, _with_spans(tag, sorted(edits)))
        if row.closes_itself:
            # What follows a row that closed itself is space between rows.
            return start + b"".join(pieces) + b"</%brow>" % self.prefix + data[row.tag_end : row.end]
        return start + b"".join(pieces) + data[at : row.end]

    def _check_formula(self, cell: bytes) -> None:
        if b"<%bf" % self.prefix in cell:
            raise FormulaMet

    def _cell(self, tag: bytes, value: Cell) -> bytes:
        return cell_bytes(value, tag=tag, prefix=self.prefix, dates=self.dates, counts_from_1904=self.counts_from_1904)

    def _new_cell(self, row: int, column: int, edit: Edit, row_tag: bytes | None) -> bytes:
        style = edit.style if edit.style is not None else self._inherited_style(column, row_tag)
        named = b' r="%b"' % reference(row, column)
        return self._cell(named + b' s="%b"' % style if style else named, edit.value)

    def _inherited_style(self, column: int, row_tag: bytes | None) -> bytes:
        """Return the style that an empty cell shows: its row's, else its column's."""
        written = attributes(row_tag) if row_tag else {}
        if written.get(b"customFormat") in {b"1", b"true"} and written.get(b"s"):
            return written[b"s"]
        return next((style for first, last, style in self.column_styles if first <= column <= last), b"")


def _with_spans(tag: bytes, columns: Sequence[int]) -> bytes:
    """Return a row's tag whose spans, an optional hint, still cover its cells."""
    spans = attributes(tag).get(b"spans", b"")
    found = _SPANS.match(b' spans="%b"' % spans)
    if found is None:
        return tag
    first, last = min(int(found[1]), columns[0]), max(int(found[2]), columns[-1])
    grown = b"%d:%d" % (first, last)
    return tag if grown == spans else with_attribute(tag, b"spans", grown)
