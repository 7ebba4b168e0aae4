"""The table of shared strings, held once and packed: its texts are decoded when they are asked for.

Source: ECMA-376 part 1, 18.4. A rich text is the text of its runs; phonetic hints (rPh) are not part of it.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate

from automations.sources.ooxml.markup import check_text, hides_markup, masked, text_of
from automations.sources.ooxml.refusals import Reason, WorkbookRefused

_AT_ONCE = 1 << 16
_MAX_ITEM_BYTES = 8 << 20


def _item_pattern(prefix: bytes) -> re.Pattern[bytes]:
    """One item: its text where it is plain, else everything inside it."""
    p = prefix
    return re.compile(
        rb"<%bsi(?:>|\s[^>]*?>)(?:<%bt(?: xml:space=\"preserve\")?>([^<]*)</%bt></%bsi>|(.*?)</%bsi>)"
        rb"|<%bsi(?:\s[^>]*?)?/>" % (p, p, p, p, p, p),
        re.DOTALL,
    )


def _plain_item_pattern(prefix: bytes) -> re.Pattern[bytes]:
    """An item of plain text as every program writes it."""
    return re.compile(rb"<%bsi><%bt(?: xml:space=\"preserve\")?+>([^<]*+)</%bt></%bsi>" % ((prefix,) * 4))


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
    """The texts of a workbook by number; *texts* holds them all, empty ones as None, once `unpack` was called."""

    def __init__(self, blocks: Iterable[bytes] = ()) -> None:
        self.texts: Sequence[str | None] | None = None
        self._packed = bytearray()
        self._starts = array("Q", [0])
        self._rich: dict[int, str] = {}
        self._prefix = b""
        self._item = _item_pattern(b"")
        self._plain_item = _plain_item_pattern(b"")
        self._load(blocks)

    def __len__(self) -> int:
        return len(self._starts) - 1

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < len(self):
            raise WorkbookRefused(Reason.CUT_OFF, f"shared string {number} is missing")
        if self.texts is not None:
            return self.texts[number] or ""
        if number in self._rich:
            return self._rich[number]
        return text_of(bytes(self._packed[self._starts[number] : self._starts[number + 1] - 1]))

    def unpack(self) -> None:
        """Decode all texts at once: ten times as fast as one by one, for several times the memory."""
        if self.texts is not None:
            return
        texts: list[str | None] = []
        for first in range(0, len(self), _AT_ONCE):
            last = min(first + _AT_ONCE, len(self))
            raw = bytes(self._packed[self._starts[first] : self._starts[last] - 1])
            texts += [
                (text_of(text.encode()) if "&" in text or "_x" in text or "<" in text or "\r" in text else text) or None
                for text in raw.decode("utf-8", "replace").split("\0")
            ]
        for number, text in self._rich.items():
            texts[number] = text or None
        self.texts = texts
        self._packed = bytearray()

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
            self._item = _item_pattern(self._prefix)
            self._plain_item = _plain_item_pattern(self._prefix)
        return start[root.end() :]

    def _take(self, data: bytes) -> None:
        """Add the items of *data*, which are whole."""
        if b"\0" in data:
            # No letter of XML, and our mark between two texts.
            raise WorkbookRefused(Reason.CUT_OFF, "the table of shared strings is not XML")
        seen = masked(data) if hides_markup(data) else data
        items = self._plain_item.findall(data) if seen is data else []
        if len(items) != data.count(b"<%bsi" % self._prefix) or seen is not data:
            items = [
                self._text_of_item(number, found, data)
                for number, found in enumerate(self._item.finditer(seen), len(self))
            ]
        if items:
            self._packed += b"\0".join(items) + b"\0"
            ends = accumulate((len(item) + 1 for item in items), initial=self._starts.pop())
            self._starts.extend(ends)

    def _text_of_item(self, number: int, found: re.Match[bytes], data: bytes) -> bytes:
        """Return the bytes of a plain text; a rich one is noted apart."""
        if found[2] is not None:
            start, end = found.span(2)
            self._rich[number] = rich_text(data[start:end], found[2], self._prefix)
        return b"" if found[1] is None else data[found.start(1) : found.end(1)]
