"""Cells to values: what a cell means by the type of its column. Nothing is guessed.

Each reader takes a cell that is not empty and returns the value, or raises CellProblem with the end of the sentence
``Office size "ca. 20" ...``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from difflib import get_close_matches
from math import isfinite
from types import NoneType
from typing import cast

from automations.core.leads import Cell, Field, FieldType, Value

Reader = Callable[[Cell], Value]
ColumnReader = Callable[[Sequence[Cell]], Sequence[Value]]

ERROR_CELLS = frozenset(
    {"#REF!", "#N/A", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#ERROR!", "Loading..."}
)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?\Z", re.ASCII)
_ISO_DAY = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{1,2}:\d{2}.*)?\Z", re.ASCII)
_DOTTED_DAY = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})\Z", re.ASCII)
_NAMED_DAY = re.compile(r"(\d{1,2})\.? ([A-Za-z]{3,9}) (\d{4})\Z", re.ASCII)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_YES = frozenset({"yes", "y", "true", "x", "1", "ja", "oui", "sí", "si", "✓"})
_NO = frozenset({"no", "n", "false", "0", "nein", "non", "-"})


class CellProblem(ValueError):  # noqa: N818 - a problem of the row's, not an error of ours
    """Why a cell does not fit its column."""


def as_text(cell: Cell) -> str:
    """Return a cell as a person would read it out, without surrounding space: 80.0 is ``80``, a day ``2026-11-23``.

    >>> as_text(80.0), as_text(" 00123 "), as_text(None)
    ('80', '00123', '')
    """
    match cell:
        case None:
            return ""
        case str():
            return cell.strip()
        case bool():
            return "TRUE" if cell else "FALSE"
        case float():
            return str(int(cell)) if isfinite(cell) and cell == int(cell) else repr(cell)
        case datetime():
            return cell.date().isoformat() if cell.time() == time(0) else cell.isoformat(sep=" ", timespec="minutes")
        case date():
            return cell.isoformat()
        case int() | time() | timedelta():
            return str(cell)


def read_text(cell: Cell) -> str | None:
    """Return the text of a cell; numbers and days as a person reads them."""
    if isinstance(cell, str):
        return cell.strip() or None
    return as_text(cell) or None


def read_number(cell: Cell) -> int | float | None:
    """Return a number; text only when it has digits, one period at the most, and nothing else.

    ``12,345`` is refused: it is 12345 to one reader and 12.345 to another.
    """
    if cell is None:
        return None
    if cell.__class__ is int:
        return cell
    if isinstance(cell, bool) or not isinstance(cell, (int, float, str)):
        raise CellProblem("is not a number")
    if isinstance(cell, str):
        text = cell.strip()
        if not text:
            return None
        if not _NUMBER.match(text):
            raise CellProblem("is not a number" if "," not in text else "is not a plain number: write it without comma")
        number = float(text) if "." in text else int(text)
    else:
        number = cell
    if isinstance(number, float):
        if not isfinite(number):
            raise CellProblem("is not a number")
        if number == int(number):
            return int(number)
    return number


def read_date(cell: Cell) -> date | None:
    """Return a day: from a date cell, or from text such as 2026-11-23, 23.11.2026 or 23 Nov 2026.

    ``03/04/2026`` is refused: it is March to one reader and April to another.
    """
    if isinstance(cell, datetime):
        return cell.date()
    if isinstance(cell, date):
        return cell
    if not isinstance(cell, str):
        raise CellProblem("is a number, not a date: format the cell as a date")
    text = cell.strip()
    if not text:
        return None
    parts = _day_parts(text)
    if parts is None:
        raise CellProblem("is not a date: write it like 2026-11-23")
    try:
        return date(*parts)
    except ValueError:
        raise CellProblem("is not a day of the calendar") from None


def _day_parts(text: str) -> tuple[int, int, int] | None:
    if found := _ISO_DAY.match(text):
        return int(found[1]), int(found[2]), int(found[3])
    if found := _DOTTED_DAY.match(text):
        return int(found[3]), int(found[2]), int(found[1])
    if (found := _NAMED_DAY.match(text)) and found[2][:3].lower() in _MONTHS:
        return int(found[3]), _MONTHS.index(found[2][:3].lower()) + 1, int(found[1])
    return None


def read_yes_no(cell: Cell) -> bool | None:
    """Return yes or no: a checkbox, 1 or 0, or a word for it."""
    if isinstance(cell, bool):
        return cell
    word = as_text(cell).casefold()
    if word in _YES:
        return True
    if word in _NO:
        return False
    if not word:
        return None
    raise CellProblem("is neither yes nor no")


def choice_reader(choices: tuple[str, ...]) -> Reader:
    """Return a reader that takes one of *choices*, without regard to case, and gives the choice's own spelling."""
    spelling = {choice.casefold(): choice for choice in choices}

    def read_choice(cell: Cell) -> str | None:
        text = as_text(cell)
        if not text:
            return None
        choice = spelling.get(text.casefold())
        if choice is None:
            near = get_close_matches(text, choices, n=1)
            hint = f'did you mean "{near[0]}"?' if near else "choices: " + ", ".join(choices)
            raise CellProblem(f"is not one of the choices; {hint}")
        return choice

    return read_choice


READERS: dict[FieldType, Reader] = {
    FieldType.TEXT: read_text,
    FieldType.NUMBER: read_number,
    FieldType.DATE: read_date,
    FieldType.YES_NO: read_yes_no,
}


def reader_of(field: Field) -> Reader:
    """Return what turns this field's cells into values."""
    return choice_reader(field.choices) if field.choices else READERS[field.type]


def _same(cell: Cell) -> Value:
    return cast("Value", cell)


class _Choices(dict[Cell, Value]):
    """What the texts of a column with choices mean; each way to write one is read once."""

    def __init__(self, read: Reader) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: Cell) -> Value:
        return self.setdefault(text, self._read(text))


def _quick_readers(field: Field, read: Reader) -> Mapping[type, Reader]:
    """Return what does as *read* does, for cells of one type that need no more than that; "" from it is None."""
    if field.choices:
        return {str: _Choices(read).__getitem__}
    quick: dict[FieldType, dict[type, Reader]] = {
        FieldType.TEXT: {str: cast("Reader", str.strip)},
        FieldType.NUMBER: {int: _same},
        FieldType.DATE: {datetime: cast("Reader", datetime.date)},
        FieldType.YES_NO: {bool: _same},
    }
    return quick[field.type]


def column_reader(field: Field) -> ColumnReader:
    """Return what turns many of this field's cells into values; it raises CellProblem when it cannot turn one.

    The cells of a column are mostly of one type: what is to be done with them is found once for all of them.
    """
    read = reader_of(field)
    quick = _quick_readers(field, read)

    def read_column(cells: Sequence[Cell]) -> Sequence[Value]:
        kinds = set(map(type, cells)) - {NoneType}
        convert = quick.get(next(iter(kinds)), read) if len(kinds) == 1 else read
        if convert is _same:
            return cast("Sequence[Value]", cells)
        values = [None if cell is None else convert(cell) for cell in cells]
        return _without_errors(values) if str in kinds else values

    return read_column


def _without_errors(values: list[Value]) -> list[Value]:
    if not ERROR_CELLS.isdisjoint(values):
        raise CellProblem("shows that a formula failed")
    return [None if value == "" else value for value in values] if "" in values else values
