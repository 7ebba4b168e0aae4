"""The table of shared strings, held once and packed: its texts are decoded when they are asked for.

Source: ECMA-376 part 1, 18.4. A rich text is the text of its runs; phonetic hints (rPh) are not part of it.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable

from automations.sources.ooxml.markup import check_text, hides_markup, masked, text_of
from automations.sources.ooxml.refusals import Reason, WorkbookRefused

_MAX_REMEMBERED = 1 << 15
_MAX_ITEM_BYTES = 8 << 20


def _item_pattern(prefix: bytes) -> re.Pattern[bytes]:
    """One item: its text where it is plain, else everything inside it."""
    p = prefix
    return re.compile(
        rb"<%bsi(?:>|\s[^>]*?>)(?:<%bt(?: xml:space=\"preserve\")?>([^<]*)</%bt></%bsi>|(.*?)</%bsi>)"
        rb"|<%bsi(?:\s[^>]*?)?/>" % (p, p, p, p, p, p),
        re.DOTALL,
    )


def rich_text(inside: bytes, seen: bytes, prefix: bytes) -> str:
    """Return the text of a string item or inline string; *seen* is *inside* with hidden markup masked."""
    p = prefix
    hints = [found.span() for found in re.finditer(rb"<%brPh[\s>].*?</%brPh>" % (p, p), seen, re.DOTALL)]
    texts = re.finditer(rb"<%bt(?:\s[^>]*?)?(?:/>|>(.*?)</%bt>)" % (p, p), seen, re.DOTALL)
    return "".join(
        text_of(inside[found.start(1) : found.end(1)])
        for found in texts
        if found[1] is not None and not any(start <= found.start() < end for start, end in hints)
    )


class SharedStrings:
    """The texts of a workbook by number."""

    def __init__(self, blocks: Iterable[bytes] = ()) -> None:
        self._packed = bytearray()
        self._ends = array("Q", [0])
        self._rich: dict[int, str] = {}
        self._known: dict[int, str] = {}
        self._prefix = b""
        self._pattern = _item_pattern(b"")
        self._load(blocks)

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int) -> str:
        known = self._known.get(number)
        if known is not None:
            return known
        if not 0 <= number < len(self):
            raise WorkbookRefused(Reason.CUT_OFF, f"shared string {number} is missing")
        text = self._rich.get(number)
        if text is None:
            text = text_of(bytes(self._packed[self._ends[number] : self._ends[number + 1]]))
        if len(self._known) >= _MAX_REMEMBERED:
            self._known.clear()
        self._known[number] = text
        return text

    def _load(self, blocks: Iterable[bytes]) -> None:
        """Take whole items out of the stream, block by block."""
        waiting = b""
        stream = iter(blocks)
        is_first = True
        for block in stream:
            waiting += block
            if is_first:
                waiting = self._start(waiting)
                is_first = False
            if hides_markup(waiting):
                waiting += b"".join(stream)
            end = b"</%bsi>" % self._prefix
            cut = waiting.rfind(end) + len(end)
            if cut >= len(end):
                self._take(waiting[:cut])
                waiting = waiting[cut:]
            elif len(waiting) > _MAX_ITEM_BYTES:
                raise WorkbookRefused(Reason.TOO_BIG, "a shared string is very long")
        self._take(waiting)

    def _start(self, start: bytes) -> bytes:
        """Learn the prefix from the root; return what follows it."""
        seen = masked(start)
        root = re.search(rb"<(?:([\w.-]+):)?sst(?=[\s/>])", seen)
        if root is None:
            raise WorkbookRefused(Reason.UNUSUAL, "the shared strings have no beginning")
        check_text(start[: root.start()], "the table of shared strings")
        if root[1]:
            self._prefix = root[1] + b":"
            self._pattern = _item_pattern(self._prefix)
        return start[root.end() :]

    def _take(self, data: bytes) -> None:
        seen = masked(data) if hides_markup(data) else data
        for found in self._pattern.finditer(seen):
            if found[1] is not None:
                self._packed += data[found.start(1) : found.end(1)]
            elif found[2] is not None:
                self._rich[len(self)] = rich_text(
                    data[found.start(2) : found.end(2)], seen[found.start(2) : found.end(2)], self._prefix
                )
            self._ends.append(len(self._packed))
