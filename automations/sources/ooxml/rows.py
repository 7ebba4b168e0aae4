"""The patched bytes of one row: cells in it get new content, missing ones are put in their place.

Source: ECMA-376 part 1, 18.3.1.73 (row: r, s, customFormat, spans).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from automations.core.leads import Cell
from automations.sources.ooxml.cells import raw_cells
from automations.sources.ooxml.edits import Edit, RowEdits
from automations.sources.ooxml.encoding import cell_bytes, content_of
from automations.sources.ooxml.markup import attributes, with_attribute
from automations.sources.ooxml.plainrows import PlainRows
from automations.sources.ooxml.references import column_letters
from automations.sources.ooxml.stream import Block, RowSpan
from automations.sources.ooxml.styles import Shown

_SPANS = re.compile(rb'\sspans="([0-9]+):([0-9]+)"')


class FormulaMet(Exception):  # noqa: N818 - a signal to look at every cell, never seen by a person
    """A cell that was to be written has a formula; nothing is lost."""


class RowPatcher:
    """Patches the rows of one sheet. *column_styles* are (first column, last column, style)."""

    def __init__(
        self,
        prefix: bytes,
        dates: Mapping[bytes, Shown],
        *,
        counts_from_1904: bool,
        column_styles: Sequence[tuple[int, int, bytes]] = (),
    ) -> None:
        self.prefix = prefix
        self._dates = dates
        self._counts_from_1904 = counts_from_1904
        self._column_styles = column_styles
        self._style_attributes = frozenset(b' s="%b"' % style for style in dates if style)
        """How cells that show dates say so; a cell without a style has the first one (18.3.1.4, s)."""
        self._plain = PlainRows(prefix, self._content, self._new_cell)

    def patched(self, block: Block, row: RowSpan, edits: RowEdits) -> bytes:
        """Return the bytes of a row with *edits* done; every other byte is as it was.

        Raises FormulaMet rather than lose one.
        """
        simple = None if block.is_masked else self._plain.patched(block.data, row, edits)
        return simple or self._rebuilt(block, row, edits)

    def new_row(self, number: int, edits: RowEdits) -> bytes:
        """Return a row that was not there."""
        cells = b"".join(self._new_cell(number, column, edits[column], b"") for column in sorted(edits))
        return b'<%brow r="%d">%b</%brow>' % (self.prefix, number, cells, self.prefix)

    def _rebuilt(self, block: Block, row: RowSpan, edits: RowEdits) -> bytes:
        """Return the row with cells changed and inserted, however it is written."""
        data = block.data
        old = list(raw_cells(block, row, self.prefix))
        tag = data[row.start + len(self.prefix) + 4 : row.tag_end - 1]
        if row.closes_itself:
            tag = tag.rstrip(b"/ \t\r\n")
        pieces: list[bytes] = []
        at = row.tag_end
        for column in sorted(edits):
            cell = next((each for each in old if each.column >= column), None)
            if cell is not None and cell.column == column:
                if b"<%bf" % self.prefix in cell.inside(block.seen):
                    raise FormulaMet
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

    def _cell(self, tag: bytes, value: Cell) -> bytes:
        return cell_bytes(
            value, tag=tag, prefix=self.prefix, dates=self._dates, counts_from_1904=self._counts_from_1904
        )

    def _content(self, value: Cell, style_attribute: bytes) -> bytes:
        """Return a cell from the end of its attributes, the last of which is its style, if it has one."""
        shows_dates = style_attribute in self._style_attributes if style_attribute else b"" in self._dates
        return content_of(value, self.prefix, shows_dates, self._counts_from_1904)

    def _new_cell(self, row: int, column: int, edit: Edit, row_tag: bytes) -> bytes:
        style = edit.style if edit.style is not None else self._inherited_style(column, row_tag)
        attribute = b' s="%b"' % style if style else b""
        return b'<%bc r="%b%d"%b%b' % (
            self.prefix,
            column_letters(column),
            row,
            attribute,
            self._content(edit.value, attribute),
        )

    def _inherited_style(self, column: int, row_tag: bytes) -> bytes:
        """Return the style that an empty cell shows: its row's, else its column's."""
        if b"customFormat" in row_tag:
            written = attributes(row_tag)
            if written.get(b"customFormat") in {b"1", b"true"} and written.get(b"s"):
                return written[b"s"]
        return next((style for first, last, style in self._column_styles if first <= column <= last), b"")


def _with_spans(tag: bytes, columns: Sequence[int]) -> bytes:
    """Return a row's tag whose spans, an optional hint, still cover its cells."""
    spans = attributes(tag).get(b"spans", b"")
    found = _SPANS.match(b' spans="%b"' % spans)
    if found is None:
        return tag
    first, last = min(int(found[1]), columns[0]), max(int(found[2]), columns[-1])
    grown = b"%d:%d" % (first, last)
    return tag if grown == spans else with_attribute(tag, b"spans", grown)
