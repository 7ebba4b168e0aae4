"""Rows and cells to values, in two forms that agree: a fast one for cells as programs write them, a slow one for all.

A cell is read as what it says, not as what it looks like: text stays text, whole numbers are whole, a number in a
style for dates is a date, an error is its text, a formula is its last result.
Source: ECMA-376 part 1, 18.3.1.4 (c), 18.18.11 (t), 18.17.4 (dates and times).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from functools import lru_cache

from automations.core.leads import Cell
from automations.sources.ooxml.markup import QUOTED, attributes, text_of
from automations.sources.ooxml.references import column_number, parse_reference
from automations.sources.ooxml.refusals import Reason, WorkbookRefused
from automations.sources.ooxml.stream import Block, RowSpan
from automations.sources.ooxml.strings import SharedStrings, rich_text
from automations.sources.ooxml.styles import Shown

_DAY = timedelta(days=1)
_MILLISECONDS_A_DAY = 86_400_000
_EPOCH_1900 = datetime(1899, 12, 30)  # noqa: DTZ001 - a workbook's clock has no zone
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001
_LEAP_BUG = 60
"""1900 is a leap year to Excel: serials up to its 29 February are one day early when counted from 1899-12-30."""
_LARGEST_EXACT = 2**53
_MAX_REMEMBERED = 1 << 15


@dataclass(frozen=True, slots=True)
class RawCell:
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
    return re.compile(rb"<%bc(?=[\s/>])(%b)>" % (prefix, QUOTED))


@lru_cache(maxsize=16)
def _plain_cell(prefix: bytes) -> re.Pattern[bytes]:
    """A cell as every program writes it: column, style, type, content."""
    names = {b"p": prefix, b"f": rb"(?:<%bf[^>]*>[^<]*</%bf>|<%bf[^>]*/>)?" % (prefix, prefix, prefix)}
    return re.compile(
        rb"<%(p)bc r=\"([A-Z]{1,3})[0-9]+\"(?: s=\"([0-9]+)\")?(?: t=\"([a-zA-Z]+)\")?"
        rb"(?:/>|>%(f)b(?:(?:<%(p)bv>|<%(p)bis><%(p)bt(?: xml:space=\"preserve\")?>)"
        rb"([^<]*)(?:</%(p)bv>|</%(p)bt></%(p)bis>))?</%(p)bc>)" % names
    )


def raw_cells(block: Block, row: RowSpan, prefix: bytes) -> Iterator[RawCell]:
    """Return the cells of one row, however they are written; a cell without r= follows the one before it."""
    if row.closes_itself:
        return
    closing = b"</%bc>" % prefix
    column = 0
    at = row.tag_end
    while found := _any_cell(prefix).search(block.seen, at, row.end):
        tag = found[1]
        name = attributes(tag).get(b"r")
        place = parse_reference(name) if name else None
        if name and (place is None or place[1] <= column):
            raise WorkbookRefused(Reason.UNUSUAL, f"the cells of row {row.number} are not in order")
        column = place[1] if place else column + 1
        closes_itself = tag.endswith(b"/")
        end = found.end()
        if not closes_itself:
            end = block.seen.find(closing, end, row.end) + len(closing)
            if end < found.end():
                raise WorkbookRefused(Reason.CUT_OFF, f"a cell of row {row.number} does not end")
        yield RawCell(column, found.start(), found.end(), end, tag, closes_itself, prefix)
        at = end


@dataclass(slots=True)
class CellReader:
    """What turns the cells of one sheet into values."""

    prefix: bytes
    strings: SharedStrings
    dates: Mapping[bytes, Shown]
    counts_from_1904: bool = False
    _texts: dict[bytes, str] = field(default_factory=dict)

    def row(self, block: Block, row: RowSpan, positions: Mapping[bytes, int], width: int) -> list[Cell] | None:
        """Return the cells of one row by *positions* (column letters to place), or None when all are empty."""
        found = _plain_cell(self.prefix).findall(block.seen, row.tag_end, row.end)
        if block.is_masked or len(found) != block.seen.count(b"<%bc" % self.prefix, row.tag_end, row.end):
            return self._careful_row(block, row, positions, width)
        cells: list[Cell] = [None] * width
        is_blank = True
        for letters, style, kind, raw in found:
            if raw and (position := positions.get(letters)) is not None:
                cells[position] = value = self.value(kind, style, raw)
                is_blank = is_blank and value is None
        return None if is_blank else cells

    def _careful_row(self, block: Block, row: RowSpan, positions: Mapping[bytes, int], width: int) -> list[Cell] | None:
        at = {column_number(letters): position for letters, position in positions.items()}
        cells: list[Cell] = [None] * width
        for cell in raw_cells(block, row, self.prefix):
            if (position := at.get(cell.column)) is not None:
                cells[position] = self.cell(block, cell)
        return None if all(cell is None for cell in cells) else cells

    def cell(self, block: Block, cell: RawCell) -> Cell:
        """Return the value of one cell, however it is written."""
        written = attributes(cell.tag)
        kind = written.get(b"t", b"")
        inside, seen = cell.inside(block.data), cell.inside(block.seen)
        p = self.prefix
        if kind == b"inlineStr":
            body = re.search(rb"<%bis(?:\s[^>]*)?>(.*)</%bis>" % (p, p), seen, re.DOTALL)
            return rich_text(inside[body.start(1) : body.end(1)], body[1], p) or None if body else None
        body = re.search(rb"<%bv(?:\s[^>]*)?>(.*?)</%bv>" % (p, p), seen, re.DOTALL)
        if body is None or not (raw := inside[body.start(1) : body.end(1)]):
            return None
        return self.value(kind, written.get(b"s", b""), raw)

    def value(self, kind: bytes, style: bytes, raw: bytes) -> Cell:
        """Return what a cell of type *kind* in *style* says with the bytes *raw*, which are not empty."""
        if kind == b"s":
            return self.strings[_whole(raw)] or None
        if not kind or kind == b"n":
            return self._number(style, raw)
        if kind == b"b":
            return raw.strip() in {b"1", b"true"}
        text = self._text(raw)
        return _iso_moment(text) if kind == b"d" else text or None

    def _text(self, raw: bytes) -> str:
        """Return a text, the same object for the same bytes: most columns repeat a few words."""
        text = self._texts.get(raw)
        if text is None:
            text = text_of(raw)
            if len(self._texts) >= _MAX_REMEMBERED:
                self._texts.clear()
            self._texts[raw] = text
        return text

    def _number(self, style: bytes, raw: bytes) -> Cell:
        if shown := self.dates.get(style):
            return _moment(float(text_of(raw)), shown, counts_from_1904=self.counts_from_1904)
        try:
            return int(raw)
        except ValueError:
            pass
        try:
            number = float(raw)
        except ValueError:
            return text_of(raw).strip() or None
        return int(number) if number.is_integer() and abs(number) < _LARGEST_EXACT else number


def _whole(raw: bytes) -> int:
    try:
        return int(raw)
    except ValueError:
        raise WorkbookRefused(Reason.CUT_OFF, "a cell refers to no shared string") from None


def _moment(serial: float, shown: Shown, *, counts_from_1904: bool) -> Cell:
    """Return a serial number as a date, a date with a time, a time of day or a duration, to the millisecond.

    A number that is no moment, such as a negative one, comes back as it is.
    """
    try:
        passed = timedelta(milliseconds=round(serial * _MILLISECONDS_A_DAY))
        if shown is Shown.DURATION:
            return passed
        if not timedelta(0) <= passed:
            return serial
        if passed < _DAY:
            return (_EPOCH_1904 + passed).time()
        if counts_from_1904:
            moment = _EPOCH_1904 + passed
        else:
            moment = _EPOCH_1900 + (passed + _DAY if serial < _LEAP_BUG else passed)
    except (OverflowError, ValueError):
        return serial
    return moment.date() if moment.time() == time(0) else moment


def _iso_moment(text: str) -> Cell:
    """Return what a cell of type d says (18.18.11): an ISO 8601 date, date and time, or time."""
    for read in (date.fromisoformat, datetime.fromisoformat, time.fromisoformat):
        try:
            moment = read(text.strip().removesuffix("Z"))
        except ValueError:
            continue
        if isinstance(moment, datetime):
            moment = moment.replace(tzinfo=None)
            return moment.date() if moment.time() == time(0) else moment
        return moment
    return text


def serial_of(value: date | time | timedelta, *, counts_from_1904: bool) -> float | None:
    """Return the number that stands for a moment, or None for one that the workbook's calendar does not have."""
    if isinstance(value, timedelta):
        return value / _DAY
    if isinstance(value, time):
        return (
            timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
            / _DAY
        )
    moment = value.replace(tzinfo=None) if isinstance(value, datetime) else datetime(value.year, value.month, value.day)  # noqa: DTZ001
    if counts_from_1904:
        serial = (moment - _EPOCH_1904) / _DAY
        return serial if serial >= 1 else None
    serial = (moment - _EPOCH_1900) / _DAY
    if serial <= _LEAP_BUG:
        serial -= 1
    return serial if serial >= 1 else None
