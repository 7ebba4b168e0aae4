"""What is written where: a text file, and the nodes of its YAML."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from enum import StrEnum
from typing import NamedTuple

from automations.errors import Place, Problem

# Patterns are compiled when first used: a right file needs few of them.
_LINE_END = r"\r\n|\r|\n"
_HIDDEN_LINE = r"(?i)(?:pass\w*|pwd|secret|token|api_?key)[\"']?\s*:\s*(?!\s|#|\$\w+\s*(?:$|[,}#]))"


class Style(StrEnum):
    """How a text is written."""

    PLAIN = "plain"
    SINGLE = "single quotes"
    DOUBLE = "double quotes"
    BLOCK = "block"


class Document(NamedTuple):
    """A text file. Positions in it count characters from 0; a `Place` counts lines and columns from 1."""

    file: str
    text: str
    starts: tuple[int, ...]

    def __repr__(self) -> str:
        """Return its name only: every node shows its document."""
        return f"Document({self.file!r})"

    @classmethod
    def of(cls, file: str, text: str) -> Document:
        """Return a document that knows where its lines begin."""
        return cls(file, text, (0, *(found.end() for found in re.finditer(_LINE_END, text))))

    def line(self, position: int) -> int:
        """Return the number of the line that *position* is in, from 1."""
        return bisect_right(self.starts, position)

    def place(self, start: int, end: int) -> Place:
        """Return the place from *start* up to, not including, *end*, cut off where its first line ends.

        The line's text is left out when it seems to hold a password.
        """
        line = self.line(start)
        begins = self.starts[line - 1]
        ends = self.starts[line] if line < len(self.starts) else len(self.text)
        shown = self.text[begins:ends].rstrip("\r\n")
        width = max(1, min(end, begins + len(shown)) - start)
        return Place(self.file, line, start - begins + 1, width, "" if re.search(_HIDDEN_LINE, shown) else shown)


class Scalar(NamedTuple):
    """One text: *text* is what it says, from *start* up to *end* is how it is written."""

    document: Document
    start: int
    end: int
    text: str
    style: Style = Style.PLAIN

    @property
    def line(self) -> int:
        """Return the number of the line it begins in, from 1."""
        return self.document.line(self.start)

    def place(self) -> Place:
        """Return where it is written, quotes included."""
        return self.document.place(self.start, self.end)

    def part(self, start: int, end: int) -> Place:
        """Return where characters *start* up to *end* of `text` are written, also inside quotes and blocks."""
        if not self.text:
            return self.place()
        spots = tuple(_written_at(self))
        first = min(max(start, 0), len(spots) - 1)
        last = min(max(end, first + 1), len(spots)) - 1
        return self.document.place(spots[first], spots[last] + 1)


class Pair(NamedTuple):
    """One setting: its name and what stands under it."""

    key: Scalar
    value: Node


class Mapping(NamedTuple):
    """Settings by name, in the order written; no name twice. *flow* is the style in braces."""

    document: Document
    start: int
    end: int
    pairs: tuple[Pair, ...]
    flow: bool = False

    def place(self) -> Place:
        """Return where its first line is written."""
        return self.document.place(self.start, self.end)


class Listing(NamedTuple):
    """Items in order."""

    document: Document
    start: int
    end: int
    items: tuple[Node, ...]
    flow: bool = False

    def place(self) -> Place:
        """Return where its first line is written."""
        return self.document.place(self.start, self.end)


class Refused(NamedTuple):
    """Something that a problem has been reported for already: nobody needs to complain about it again."""

    document: Document
    start: int
    end: int

    def place(self) -> Place:
        """Return where it is written."""
        return self.document.place(self.start, self.end)


Node = Scalar | Mapping | Listing | Refused


_BLOCK_HEADER = r"[|>][^\r\n]*(?:\r\n|\r|\n|\Z)"
_ESCAPED_DIGITS = {"x": 2, "u": 4, "U": 8}
_WHITE = " \t\r\n"
_CONTINUED_LINE = r"(?:\\(?:\r\n|\r|\n)[ \t]*)*"
_FOLDED = r"[ \t\r\n]*"
_FOLDED_OR_CONTINUED = r"(?:[ \t\r\n]|\\(?:\r\n|\r|\n))*"


def _written_at(scalar: Scalar) -> Iterator[int]:
    """Yield, for every character of a scalar's text, the position it is written at.

    Signs that are not white space are written in the same order as they are read, each exactly once; only white space
    is folded, and only quotes and escapes are longer than what they mean.
    """
    raw, position = scalar.document.text, scalar.start
    if scalar.style in (Style.SINGLE, Style.DOUBLE):
        position += 1
    elif scalar.style is Style.BLOCK and (header := re.compile(_BLOCK_HEADER).match(raw, position)):
        position = header.end()
    for sign in scalar.text:
        skipped = re.compile(_skipped_before(sign, scalar.style)).match(raw, position)
        position = skipped.end() if skipped else position
        yield min(position, scalar.end - 1)
        position += _written_length(raw[position : position + 2], scalar.style)


def _skipped_before(sign: str, style: Style) -> str:
    """Return what may be written before a sign without meaning anything: folded space, line ends behind a backslash."""
    if style is Style.DOUBLE:
        return _CONTINUED_LINE if sign in _WHITE else _FOLDED_OR_CONTINUED
    return "" if sign in _WHITE else _FOLDED


def _written_length(raw: str, style: Style) -> int:
    """Return how many characters one sign takes as it is written; *raw* begins with it."""
    if style is Style.DOUBLE and raw.startswith("\\"):
        return 2 + _ESCAPED_DIGITS.get(raw[1:], 0)
    return 2 if style is Style.SINGLE and raw.startswith("'") else 1


def problem_at(place: Place, what: str, under: str = "", fix: str = "") -> Problem:
    """Return a problem of a text file."""
    return Problem(where=str(place), what=what, fix=fix, place=place, under=under)
