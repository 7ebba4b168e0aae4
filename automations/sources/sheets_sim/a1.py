"""Where cells are: areas of a grid, and the texts A1:B2 and R1C1:R2C2 for them.

Areas count from zero and exclude their end, as Google's GridRange does; an edge of None is open: it means as far as
the grid goes. Texts count from one and include their end, as people do.
"""

from __future__ import annotations

import re
from typing import Any, NamedTuple

__all__ = ["Area", "Span", "Written", "column_number", "column_word", "parse", "quoted", "span_text"]

MAX_COLUMN = 18_278
"""ZZZ: the last column Google knows."""

_CORNER = r"\$?([A-Za-z]{1,3})?\$?([0-9]{1,8})?"
_A1 = re.compile(rf"{_CORNER}(?::{_CORNER})?")
_R1C1 = re.compile(r"R([0-9]{1,8})C([0-9]{1,8})(?::R([0-9]{1,8})C([0-9]{1,8}))?", re.IGNORECASE)
_PLAIN_TITLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LIKE_A_CELL = re.compile(r"[A-Za-z]{1,3}[0-9]+|R[0-9]*C?[0-9]*|C[0-9]*|TRUE|FALSE", re.IGNORECASE)


class Span(NamedTuple):
    """A rectangle of cells whose four edges are known."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def is_empty(self) -> bool:
        """Whether there is no cell in it."""
        return self.top >= self.bottom or self.left >= self.right

    @property
    def cells(self) -> int:
        """Return how many cells are in it."""
        return max(0, self.bottom - self.top) * max(0, self.right - self.left)

    def meets(self, other: Span) -> bool:
        """Whether the two have a cell in common."""
        return (
            self.top < other.bottom and other.top < self.bottom and self.left < other.right and other.left < self.right
        )

    def holds(self, other: Span) -> bool:
        """Whether all of *other* is in this one."""
        return (
            self.top <= other.top
            and other.bottom <= self.bottom
            and self.left <= other.left
            and other.right <= self.right
        )


class Area(NamedTuple):
    """A rectangle on one tab, whose edges may be open."""

    sheet_id: int
    top: int | None = None
    bottom: int | None = None
    left: int | None = None
    right: int | None = None

    @classmethod
    def from_json(cls, grid_range: dict[str, Any]) -> Area:
        """Return what a GridRange names; a missing sheetId is zero, as everywhere in Google's JSON."""
        return cls(
            grid_range.get("sheetId", 0),
            grid_range.get("startRowIndex"),
            grid_range.get("endRowIndex"),
            grid_range.get("startColumnIndex"),
            grid_range.get("endColumnIndex"),
        )

    def as_json(self) -> dict[str, Any]:
        """Return it as a GridRange. Google leaves a sheetId of zero out, and writes an index of zero."""
        edges = {
            "startRowIndex": self.top,
            "endRowIndex": self.bottom,
            "startColumnIndex": self.left,
            "endColumnIndex": self.right,
        }
        known = {name: edge for name, edge in edges.items() if edge is not None}
        return {"sheetId": self.sheet_id, **known} if self.sheet_id else known

    def within(self, rows: int, columns: int) -> Span:
        """Return its cells on a grid of that size; open edges end with the grid, and so do those beyond it."""
        return Span(
            self.top or 0,
            rows if self.bottom is None else min(self.bottom, rows),
            self.left or 0,
            columns if self.right is None else min(self.right, columns),
        )


class Written(NamedTuple):
    """What a range text says: a tab's title, if any, and edges; no edge at all is the whole tab."""

    title: str | None
    top: int | None = None
    bottom: int | None = None
    left: int | None = None
    right: int | None = None


def column_number(word: str) -> int:
    """Return the index of a column by its letters: A is 0, AA is 26."""
    number = 0
    for letter in word.upper():
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def column_word(index: int) -> str:
    """Return the letters of a column: 0 is A, 26 is AA."""
    word = ""
    number = index + 1
    while number:
        number, rest = divmod(number - 1, 26)
        word = chr(ord("A") + rest) + word
    return word


def parse(text: str) -> Written | None:
    """Return what a range text says, or None when it is no range. Whether such a tab exists is not asked.

    A text without "!" that could be cells is cells; quotes make it a title.

    >>> parse("'Bob''s'!A2:C")
    Written(title="Bob's", top=1, bottom=None, left=0, right=3)
    """
    title, rest = _split(text)
    if rest is None:
        cells = parse_cells(text) if not text.startswith("'") else None
        return Written(None, *cells) if cells is not None else Written(title) if title else None
    cells = parse_cells(rest)
    return Written(title, *cells) if cells is not None and title else None


def _split(text: str) -> tuple[str, str | None]:
    if text.startswith("'"):
        found = re.match(r"'((?:[^']|'')*)'(?:!(.*))?$", text, re.DOTALL)
        return (found[1].replace("''", "'"), found[2]) if found else ("", "")
    title, mark, rest = text.rpartition("!")
    return (title, rest) if mark else (text, None)


def parse_cells(text: str) -> tuple[int | None, int | None, int | None, int | None] | None:
    """Return top, bottom, left and right of a range text without a tab, or None when it is none."""
    found = _R1C1.fullmatch(text)
    if found:
        row, column, last_row, last_column = (int(part) if part else None for part in found.groups())
        corners = (row, column, last_row or row, last_column or column)
        return _edges(*corners) if 0 not in corners else None
    found = _A1.fullmatch(text)
    if not found or not _is_range(text, found):
        return None
    letters, row_text, last_letters, last_row_text = found.groups()
    if ":" not in text:
        last_letters, last_row_text = letters, row_text
    rows = [int(part) if part else None for part in (row_text, last_row_text)]
    columns = [column_number(part) + 1 if part else None for part in (letters, last_letters)]
    if 0 in rows or any(each is not None and each > MAX_COLUMN for each in columns):
        return None
    return _edges(rows[0], columns[0], rows[1], columns[1])


def _is_range(text: str, found: re.Match[str]) -> bool:
    first, last = found.group(1, 2), found.group(3, 4)
    return any(first) and any(last) if ":" in text else all(first)


def _edges(
    row: int | None, column: int | None, last_row: int | None, last_column: int | None
) -> tuple[int | None, int | None, int | None, int | None]:
    top, bottom = _ordered(row, last_row)
    left, right = _ordered(column, last_column)
    return top, bottom, left, right


def _ordered(first: int | None, last: int | None) -> tuple[int | None, int | None]:
    """Return start and end of one dimension; one number alone is a start with an open end (A5:C)."""
    if first is None or last is None:
        only = first if last is None else last
        return (None if only is None else only - 1), None
    return min(first, last) - 1, max(first, last)


def quoted(title: str) -> str:
    """Return a tab's title as Google writes it before "!": in quotes unless it is a plain word."""
    if _PLAIN_TITLE.fullmatch(title) and not _LIKE_A_CELL.fullmatch(title):
        return title
    return "'" + title.replace("'", "''") + "'"


def span_text(title: str, span: Span) -> str:
    """Return the range text of a rectangle.

    >>> span_text("Leads", Span(0, 2, 0, 3))
    'Leads!A1:C2'
    """
    first = f"{column_word(span.left)}{span.top + 1}"
    last = f"{column_word(span.right - 1)}{span.bottom}"
    return f"{quoted(title)}!{first}" if first == last else f"{quoted(title)}!{first}:{last}"
