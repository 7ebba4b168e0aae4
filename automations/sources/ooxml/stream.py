"""One sheet as a stream: what is before its rows, blocks of whole rows, what is after them.

A block ends just before a row that may not be complete yet, so a sheet of any length needs the memory of a block.
Source: ECMA-376 part 1, 18.3.1.73 (row), 18.3.1.80 (sheetData), 18.3.1.99 (worksheet).
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

from automations.sources.ooxml.markup import QUOTED, attributes, check_text, hides_markup, is_unclosed, masked
from automations.sources.ooxml.references import MAX_ROW
from automations.sources.ooxml.refusals import Reason, WorkbookRefused

_ROOT = re.compile(rb"<(?:([\w.-]+):)?worksheet(?=[\s/>])")
_ANY_ELEMENT = re.compile(rb"<[A-Za-z_]")
_ALTERNATIVES = re.compile(rb"<[\w.-]+:AlternateContent(?=[\s/>])")
_ROOT_WITHIN = 1 << 12
"""So many bytes are there before the first element is looked for."""
_MAX_PENDING_BYTES = 32 << 20
"""The longest head or single row that is held; twice that is the longest tail, or sheet with comments in it."""


class RowSpan(NamedTuple):
    """Where one row stands in its block: its tag from *start* to *tag_end*, all of it up to *end*."""

    number: int
    start: int
    tag_end: int
    end: int
    closes_itself: bool


@lru_cache(maxsize=16)
def _row_tag(prefix: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"<%brow(?=[\s/>])(?: r=\"([0-9]{1,7})\")?(%b)>" % (prefix, QUOTED))


class Block:
    """Whole rows as they stand; *seen* is equally long, with comments and CDATA masked, for finding tags.

    *before* is the number of the last row before the block. Where its rows are is worked out when it is asked for.
    """

    __slots__ = ("_near", "_row_bytes", "_rows", "before", "data", "prefix", "seen")

    def __init__(self, data: bytes, seen: bytes, before: int, prefix: bytes) -> None:
        self.data = data
        self.seen = seen
        self.before = before
        self.prefix = prefix
        self._rows: Sequence[RowSpan] | None = None
        self._near = before + 1, 0
        """The row that was found last, and where it starts: the next one is looked for a few lengths further."""
        self._row_bytes = 0

    @property
    def is_masked(self) -> bool:
        """Whether texts must be taken with care: some of what looks like letters is CDATA or a comment."""
        return self.seen is not self.data

    @property
    def rows(self) -> Sequence[RowSpan]:
        """Return where each row stands. Raises WorkbookRefused when they are not in order."""
        if self._rows is None:
            self._rows = self._spans()
        return self._rows

    @property
    def last(self) -> int:
        """Return the number of the last row."""
        at = self.seen.rfind(b"<%brow" % self.prefix)
        found = _row_tag(self.prefix).match(self.seen, at) if at >= 0 else None
        if found is not None and found[1]:
            return int(found[1])
        return self.rows[-1].number if self.rows else self.before

    def find(self, number: int, at: int) -> RowSpan | None:
        """Return a row by its number, looking from *at* on; None when it is not there."""
        if self._rows is None and not self.is_masked:
            start = self._start_of(number, at)
            found = _row_tag(self.prefix).match(self.data, start) if start >= 0 else None
            if found:
                end = self.data.find(b"<%brow" % self.prefix, found.end())
                end = end if end >= 0 else len(self.data)
                return RowSpan(number, start, found.end(), end, found[2].endswith(b"/"))
        index = bisect_left(self.rows, (number,))
        row = self.rows[index] if index < len(self.rows) else None
        return row if row and row.number == number else None

    def _start_of(self, number: int, at: int) -> int:
        """Return where a row starts that is written as programs do; -1 when it is not there."""
        if not self._row_bytes:
            self._row_bytes = len(self.data) // max(1, self.last - self.before) + 1
        tag = b'<%brow r="%d"' % (self.prefix, number)
        near, start = self._near
        # Rows are about equally long, and reading every byte up to the next one would take longer than all the rest.
        guess = max(at, start + (number - near) * self._row_bytes - self._row_bytes // 2)
        found = self.data.find(tag, guess, guess + 4 * self._row_bytes)
        if found < 0:
            found = self.data.find(tag, at)
        if found >= 0:
            self._near = number, found
        return found

    def next_after(self, number: int) -> int:
        """Return where the first row with a higher number starts; the end of the block if there is none."""
        index = bisect_left(self.rows, (number + 1,))
        return self.rows[index].start if index < len(self.rows) else len(self.data)

    def _spans(self) -> list[RowSpan]:
        found = list(_row_tag(self.prefix).finditer(self.seen))
        starts = [each.start() for each in found]
        starts.append(len(self.seen))
        spans: list[RowSpan] = []
        last = self.before
        for index, each in enumerate(found):
            number = int(each[1]) if each[1] else _number_of(each[2], last)
            if not last < number <= MAX_ROW:
                raise WorkbookRefused(Reason.UNUSUAL, "its rows are not in order")
            spans.append(RowSpan(number, starts[index], each.end(), starts[index + 1], each[2].endswith(b"/")))
            last = number
        return spans


def _number_of(tag: bytes, last: int) -> int:
    """Return the number of a row whose first attribute is not r; a row without one follows the last."""
    written = attributes(tag).get(b"r")
    return int(written) if written and written.isdigit() else last + 1


class SheetStream:
    """One sheet part. *head* is there at once; *tail* after all blocks were taken.

    *has_rows_element* is False for ``<sheetData/>``: then head ends before it and tail begins after it.
    """

    def __init__(self, blocks: Iterable[bytes], part: str) -> None:
        self._blocks = iter(blocks)
        self._part = part
        self._last_row = 0
        self._tail = b""
        self._rest = b""
        self.prefix = b""
        self.has_rows_element = True
        self.head = self._read_head()

    @property
    def tail(self) -> bytes:
        """Return what is after the rows."""
        return self._tail

    def blocks(self) -> Iterator[Block]:
        """Return the rows, block by block, in the order of the sheet. Can be walked once."""
        end_tag = b"</%bsheetData" % self.prefix
        row_tag = b"<%brow" % self.prefix
        waiting = self._rest
        if not self.has_rows_element:
            self._tail = self._remaining(waiting)
            return
        searched = 0
        while True:
            seen = waiting
            if hides_markup(waiting):
                waiting = self._remaining(waiting)
                seen = masked(waiting)
                if is_unclosed(seen):
                    raise WorkbookRefused(Reason.CUT_OFF, f"{self._part} has a comment that does not end")
            end = seen.find(end_tag, max(0, searched - len(end_tag)))
            if end >= 0:
                if end:
                    yield self._block(waiting, seen, end)
                self._tail = self._remaining(waiting[end:])
                return
            cut = seen.rfind(row_tag, max(0, searched - len(row_tag)))
            if cut > 0:
                yield self._block(waiting, seen, cut)
                waiting = waiting[cut:]
            searched = len(waiting)
            waiting = self._more(waiting)

    def _block(self, waiting: bytes, seen: bytes, length: int) -> Block:
        """Return the first *length* bytes as a block.

        Raises WorkbookRefused for rows or cells in several versions, of which each program takes the one it knows
        (ECMA-376 part 3, 7.6): whatever is written into one, others show another.
        """
        data = waiting[:length]
        block = Block(data, data if seen is waiting else seen[:length], self._last_row, self.prefix)
        if b"AlternateContent" in block.seen and _ALTERNATIVES.search(block.seen):
            raise WorkbookRefused(Reason.UNUSUAL, "some of its cells stand in several versions, one for each program")
        self._last_row = block.last
        return block

    def _read_head(self) -> bytes:
        """Return everything up to the first row, and keep what was read beyond it."""
        waiting = self._more(b"")
        while len(waiting) < _ROOT_WITHIN and not _ROOT.search(waiting):
            if not (block := next(self._blocks, b"")):
                break
            waiting += block
        start = _ANY_ELEMENT.search(masked(waiting))
        root_at = start.start() if start else len(waiting)
        check_text(waiting[:root_at], self._part)
        while True:
            if hides_markup(waiting[root_at:]):
                waiting = self._remaining(waiting)
            seen = masked(waiting)
            root = _ROOT.search(seen)
            if root is None:
                raise WorkbookRefused(Reason.UNUSUAL, f"{self._part} does not begin as a sheet")
            self.prefix = root[1] + b":" if root[1] else b""
            found = re.search(rb"<%bsheetData(?=[\s/>])(%b)>" % (self.prefix, QUOTED), seen)
            if found:
                self.has_rows_element = not found[1].endswith(b"/")
                cut = found.end() if self.has_rows_element else found.start()
                self._rest = waiting[found.end() :]
                return waiting[:cut]
            waiting = self._more(waiting)

    def _more(self, waiting: bytes) -> bytes:
        """Return *waiting* and at least one more block."""
        if len(waiting) > _MAX_PENDING_BYTES:
            raise WorkbookRefused(Reason.TOO_BIG, f"{self._part} has a row that never ends")
        pieces = [waiting]
        taken = 0
        # What waits is looked through again each time, so the longer it is, the more is added.
        while taken <= len(waiting) // 2 and (block := next(self._blocks, b"")):
            pieces.append(block)
            taken += len(block)
        if not taken:
            raise WorkbookRefused(Reason.CUT_OFF, f"{self._part} ends early")
        return b"".join(pieces)

    def _remaining(self, waiting: bytes) -> bytes:
        """Return *waiting* and everything after it."""
        pieces = [waiting]
        total = len(waiting)
        for block in self._blocks:
            pieces.append(block)
            total += len(block)
            if total > 2 * _MAX_PENDING_BYTES:
                raise WorkbookRefused(Reason.TOO_BIG, f"{self._part} has too much beside its rows")
        return b"".join(pieces)
