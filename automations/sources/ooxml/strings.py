"""The table of shared strings.

Source: ECMA-376 part 1, 18.4. A rich text is the text of its runs; phonetic hints (rPh) are not part of it.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable

from automations.sources.ooxml.markup import check_text, every_inside, hides_markup, masked, text_of
from automations.sources.ooxml.refusals import Reason, WorkbookRefused

_MAX_ITEM_BYTES = 8 << 20


def _item_pattern(prefix: bytes) -> re.Pattern[bytes]:
    """One item: its text where it is plain, else everything inside it."""
    p = prefix
    return re.compile(
        rb"<%bsi(?:>|\s[^>]*?(?<!/)>)(?:<%bt(?: xml:space=\"preserve\")?>([^<]*)</%bt></%bsi>|(.*?)</%bsi\s*>)"
        rb"|<%bsi(?:\s[^>]*?)?/>" % (p, p, p, p, p, p),
        re.DOTALL,
    )


def _plain_item_pattern(prefix: bytes) -> re.Pattern[bytes]:
    """An item of plain text as every program writes it."""
    return re.compile(rb"<%bsi><%bt(?: xml:space=\"preserve\")?+>([^<]*+)</%bt></%bsi>" % ((prefix,) * 4))


def rich_text(inside: bytes, seen: bytes, prefix: bytes) -> str:
    """Return the text of a string item or inline string; *seen* is *inside* with hidden markup masked."""
    hints = list(every_inside(seen, prefix, b"rPh"))
    starts = [start for start, _ in hints]
    texts = []
    for start, end in every_inside(seen, prefix, b"t"):
        hint = bisect_right(starts, start) - 1
        if hint < 0 or start >= hints[hint][1]:
            texts.append(text_of(inside[start:end]))
    return "".join(texts)


class SharedStrings:
    """The texts of a workbook by number; an empty one is None."""

    def __init__(self, blocks: Iterable[bytes] = ()) -> None:
        self.texts: list[str | None] = []
        self._prefix = b""
        self._item = _item_pattern(b"")
        self._plain_item = _plain_item_pattern(b"")
        self._load(blocks)

    def text(self, raw: bytes) -> str | None:
        """Return the text that a cell refers to by the number in *raw*."""
        try:
            number = int(raw)
        except ValueError:
            number = -1
        if not 0 <= number < len(self.texts):
            raise WorkbookRefused(Reason.CUT_OFF, "a cell refers to a shared string that is not there")
        return self.texts[number]

    def many(self, raws: Iterable[bytes]) -> list[str | None]:
        """Return the texts of many cells at once. Raises ValueError or IndexError when one of them is not there."""
        return list(map(self.texts.__getitem__, map(int, raws)))

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
            last = waiting.rfind(b"</%bsi" % self._prefix)
            cut = waiting.find(b">", last) + 1 if last >= 0 else 0
            if cut:
                self._take(waiting[:cut])
                waiting = waiting[cut:]
            elif len(waiting) > _MAX_ITEM_BYTES:
                raise WorkbookRefused(Reason.TOO_BIG, "a shared string is very long")
        self._take_last(waiting)

    def _take_last(self, data: bytes) -> None:
        """Add the items after the last one with a closing tag: those that close themselves."""
        for found in re.finditer(rb"<%bsi(?=[\s/>])[^>]*>" % self._prefix, masked(data)):
            if not found[0].endswith(b"/>"):
                raise WorkbookRefused(Reason.CUT_OFF, "a shared string does not end")
            self.texts.append(None)

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
        if not hides_markup(data):
            items = self._plain_item.findall(data)
            if len(items) == data.count(b"<%bsi" % self._prefix):
                # Decoding all at once is ten times as fast as one by one.
                texts = b"\0".join(items).decode("utf-8", "replace").split("\0") if items else []
                self.texts += [_resolved(text) or None for text in texts]
                return
        self.texts += [self._text_of_item(found, data) or None for found in self._item.finditer(masked(data))]

    def _text_of_item(self, found: re.Match[bytes], data: bytes) -> str:
        if found[2] is not None:
            start, end = found.span(2)
            return rich_text(data[start:end], found[2], self._prefix)
        return "" if found[1] is None else text_of(data[found.start(1) : found.end(1)])


def _resolved(text: str) -> str:
    """Return a decoded text with its entities and escapes resolved, if it has any."""
    return text_of(text.encode()) if "&" in text or "_x" in text or "\r" in text else text
