"""Cells to values, whatever program wrote them.

A cell is read as what it says, not as what it looks like: text stays text, whole numbers are whole, a number in a
style for dates is a date, an error is its text, a formula is its last result.
Source: ECMA-376 part 1, 18.3.1.4 (c), 18.18.11 (t).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from math import isfinite
from typing import NamedTuple

from automations.core.leads import Cell
from automations.sources.ooxml.markup import QUOTED, attributes, first_inside, text_of
from automations.sources.ooxml.moments import iso_moment, moment_of
from automations.sources.ooxml.references import MAX_COLUMN, column_number, parse_reference
from automations.sources.ooxml.refusals import Reason, WorkbookRefused
from automations.sources.ooxml.stream import Block, RowSpan
from automations.sources.ooxml.strings import SharedStrings, rich_text
from automations.sources.ooxml.styles import Shown

_LARGEST_EXACT = 2**53
_MAX_REMEMBERED = 1 << 15

Converter = Callable[[bytes], Cell]
"""What turns the bytes of a value into a cell; they are never empty."""


class RawCell(NamedTuple):
    """Where one cell stands in its block; *tag* is what its start tag says after the name."""

    column: int
    start: int
    tag_end: int
    end: int
    tag: bytes
    closes_itself: bool
    prefix: bytes = b""

    @property
    def style(self) -> bytes:
        """Return the number of the cell's style; empty for the default one."""
        return attributes(self.tag).get(b"s", b"")

    def inside(self, data: bytes) -> bytes:
        """Return the bytes between the tags."""
        return b"" if self.closes_itself else data[self.tag_end : self.end - len(self.prefix) - len(b"</c>")]


@lru_cache(maxsize=16)
def _any_cell(prefix: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"<%bc(?=[\s/>])((?: r=\"([A-Z]{1,3})[1-9][0-9]{0,6}\")?+%b)>" % (prefix, QUOTED))


def raw_cells(block: Block, row: RowSpan, prefix: bytes) -> Iterator[RawCell]:
    """Return the cells of one row, however they are written; a cell without r= follows the one before it."""
    if row.closes_itself:
        return
    closing = b"</%bc" % prefix
    last = 0
    at = row.tag_end
    search = _any_cell(prefix).search
    while found := search(block.seen, at, row.end):
        tag = found[1]
        column = column_number(found[2]) if found[2] else _column_of(tag, last)
        if not last < column <= MAX_COLUMN:
            raise WorkbookRefused(Reason.UNUSUAL, f"the cells of row {row.number} are not in order")
        last = column
        closes_itself = tag.endswith(b"/")
        end = found.end()
        if not closes_itself:
            # A space may stand before the bracket, as in </c >.
            last_tag = block.seen.find(closing, end, row.end)
            end = block.seen.find(b">", last_tag, row.end) + 1
            if last_tag < 0 or not end:
                raise WorkbookRefused(Reason.CUT_OFF, f"a cell of row {row.number} does not end")
        yield RawCell(column, found.start(), found.end(), end, tag, closes_itself, prefix)
        at = end


def _column_of(tag: bytes, last: int) -> int:
    """Return the column of a cell whose first attribute is not r; one without r= follows the *last*. 0 for nonsense."""
    name = attributes(tag).get(b"r")
    if name is None:
        return last + 1
    place = parse_reference(name)
    return place[1] if place else 0


class CellReader:
    """What turns the cells of one sheet into values."""

    def __init__(
        self, prefix: bytes, strings: SharedStrings, dates: Mapping[bytes, Shown], *, counts_from_1904: bool = False
    ) -> None:
        self.prefix = prefix
        self.strings = strings
        self.dates = dates
        self.counts_from_1904 = counts_from_1904

    def cell(self, block: Block, cell: RawCell) -> Cell:
        """Return the value of one cell, however it is written."""
        written = attributes(cell.tag)
        kind = written.get(b"t", b"")
        inside, seen = cell.inside(block.data), cell.inside(block.seen)
        p = self.prefix
        if kind == b"inlineStr":
            body = first_inside(seen, p, b"is")
            return rich_text(inside[slice(*body)], seen[slice(*body)], p) or None if body else None
        body = first_inside(seen, p, b"v")
        if body is None or not (raw := inside[slice(*body)]):
            return None
        return self.converter(kind, written.get(b"s", b""))(raw)

    def converter(self, kind: bytes, style: bytes) -> Converter:
        """Return what reads the values of cells of type *kind* in *style*."""
        if kind == b"s":
            return self.strings.text
        if kind == b"b":
            return _yes_or_no
        if kind == b"d":
            return lambda raw: iso_moment(text_of(raw))
        if kind not in {b"", b"n"}:
            return text_reader()
        shown = self.dates.get(style)
        return number_of if shown is None else _moment_reader(shown, counts_from_1904=self.counts_from_1904)


def text_reader() -> Converter:
    """Return a reader of text that gives one object for the same bytes: most columns repeat a few words."""
    known: dict[bytes, str | None] = {}

    def read(raw: bytes) -> Cell:
        if raw in known:
            return known[raw]
        if len(known) >= _MAX_REMEMBERED:
            known.clear()
        return known.setdefault(raw, text_of(raw) or None)

    return read


def _yes_or_no(raw: bytes) -> Cell:
    return raw.strip() in {b"1", b"true"}


def number_of(raw: bytes) -> Cell:
    """Return a number, whole when it is; text that is none as it stands."""
    try:
        return int(raw)
    except ValueError:
        pass
    try:
        number = float(raw)
    except ValueError:
        number = float("nan")
    if not isfinite(number):
        return text_of(raw).strip() or None
    return int(number) if number.is_integer() and abs(number) < _LARGEST_EXACT else number


def _moment_reader(shown: Shown, *, counts_from_1904: bool) -> Converter:
    @lru_cache(maxsize=4096)
    def read(raw: bytes) -> Cell:
        number = number_of(raw)
        if isinstance(number, (int, float)) and not isinstance(number, bool):
            return moment_of(float(number), shown, counts_from_1904=counts_from_1904)
        return number

    return read
