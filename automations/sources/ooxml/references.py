"""Cell references: ``F12`` and ``A1:T100``; rows and columns count from 1."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

MAX_ROW = 1_048_576
MAX_COLUMN = 16_384

_REFERENCE = re.compile(rb"\$?([A-Za-z]{1,3})\$?([0-9]{1,7})\Z")


@lru_cache(maxsize=1024)
def column_number(letters: bytes) -> int:
    """Return the column of its letters.

    >>> column_number(b"A"), column_number(b"AA"), column_number(b"XFD")
    (1, 27, 16384)
    """
    number = 0
    for letter in letters.upper():
        number = number * 26 + letter - 64
    return number


@lru_cache(maxsize=1024)
def column_letters(number: int) -> bytes:
    """Return the letters of a column.

    >>> column_letters(1), column_letters(27), column_letters(16384)
    (b'A', b'AA', b'XFD')
    """
    letters = b""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = bytes([65 + rest]) + letters
    return letters


def reference(row: int, column: int) -> bytes:
    """Return the name of a cell.

    >>> reference(12, 6)
    b'F12'
    """
    return column_letters(column) + str(row).encode()


def parse_reference(text: bytes) -> tuple[int, int] | None:
    """Return (row, column), or None when *text* names no cell."""
    found = _REFERENCE.match(text)
    if not found:
        return None
    row, column = int(found[2]), column_number(found[1])
    return (row, column) if 1 <= row <= MAX_ROW and column <= MAX_COLUMN else None


@dataclass(frozen=True, slots=True)
class Area:
    """A rectangle of cells, both ends included."""

    top: int
    left: int
    bottom: int
    right: int

    def __contains__(self, cell: tuple[int, int]) -> bool:
        row, column = cell
        return self.top <= row <= self.bottom and self.left <= column <= self.right

    def around(self, cells: Iterable[tuple[int, int]]) -> Area:
        """Return the smallest area that holds this one and *cells*."""
        top, left, bottom, right = self.top, self.left, self.bottom, self.right
        for row, column in cells:
            top, left, bottom, right = min(top, row), min(left, column), max(bottom, row), max(right, column)
        return Area(top, left, bottom, right)

    def text(self) -> bytes:
        """Return the area as a reference; one cell by its name alone.

        >>> Area(1, 1, 9, 20).text(), Area(1, 1, 1, 1).text()
        (b'A1:T9', b'A1')
        """
        first, last = reference(self.top, self.left), reference(self.bottom, self.right)
        return first if first == last else first + b":" + last


def parse_area(text: bytes) -> Area | None:
    """Return the area that a reference names, or None when it names none."""
    first, _, last = text.strip().partition(b":")
    start = parse_reference(first)
    end = parse_reference(last) if last else start
    if start is None or end is None:
        return None
    (top, left), (bottom, right) = start, end
    return Area(min(top, bottom), min(left, right), max(top, bottom), max(left, right))
