"""Cells of a Google Sheet to values, and back. Nothing is guessed: what a cell is, Google says.

Source: Sheets API v4, CellData, ExtendedValue, ErrorType, NumberFormat; "Date and time serial numbers".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime, time, timedelta
from math import isfinite
from typing import Any

from automations.core.cells import as_text
from automations.core.leads import Cell

CellData = Mapping[str, Any]
"""One cell of an answer: JSON, so its values can be anything."""

MAX_TEXT = 50_000
"""The longest text a cell can hold, in characters (Google Sheets, limits)."""
_ERRORS = {
    "ERROR": "#ERROR!",
    "NULL_VALUE": "#NULL!",
    "DIVIDE_BY_ZERO": "#DIV/0!",
    "VALUE": "#VALUE!",
    "REF": "#REF!",
    "NAME": "#NAME?",
    "NUM": "#NUM!",
    "N_A": "#N/A",
    "LOADING": "Loading...",
}
_MOMENTS = frozenset({"DATE", "TIME", "DATE_TIME"})
_DURATION = re.compile(r"\[[hms]+\]", re.IGNORECASE)
_EPOCH = datetime(1899, 12, 30)  # noqa: DTZ001 - a sheet's clock has no zone of its own
_DAY = timedelta(days=1)
_MILLISECONDS_A_DAY = 86_400_000
_LARGEST_EXACT = 1e15
_MAX_REMEMBERED = 50_000


class Unwritable(ValueError):  # noqa: N818 - the end of a sentence, not an error of ours
    """Why a value cannot stand in a cell."""


def cell_reader() -> Callable[[CellData], Cell]:
    """Return what reads cells. It gives one object for the same text: most columns repeat a few words."""
    known: dict[str, str | None] = {}

    def read(data: CellData) -> Cell:
        value = data.get("effectiveValue")
        if not value:
            return None
        text = value.get("stringValue")
        if text is None:
            return _other(value, data)
        if text in known:
            return known[text]
        if len(known) >= _MAX_REMEMBERED:
            known.clear()
        return known.setdefault(text, text or None)

    return read


def _other(value: Mapping[str, Any], data: CellData) -> Cell:
    """Return a number, a moment, yes or no, or the name of an error."""
    if "numberValue" in value:
        number = whole(value["numberValue"])
        shown = (data.get("effectiveFormat") or {}).get("numberFormat") or {}
        return _moment(number, shown.get("pattern") or "") if shown.get("type") in _MOMENTS else number
    if "boolValue" in value:
        return bool(value["boolValue"])
    error = value.get("errorValue") or {}
    return _ERRORS.get(error.get("type") or "", "#ERROR!")


def whole(number: float) -> int | float:
    """Return a number without its fraction when it has none: 80.0 is 80."""
    return int(number) if isinstance(number, float) and number.is_integer() and abs(number) < _LARGEST_EXACT else number


def _moment(number: float, pattern: str) -> Cell:
    """Return a serial number as a day, a day with a time, a time or a duration, to the millisecond.

    Days count from 1899-12-30, in the spreadsheet's own zone. What no calendar has comes back as it is.
    """
    try:
        passed = timedelta(milliseconds=round(number * _MILLISECONDS_A_DAY))
        if _DURATION.search(pattern):
            return passed
        if passed < timedelta(0):
            return number
        if passed < _DAY:
            return (_EPOCH + passed).time()
        moment = _EPOCH + passed
    except (OverflowError, ValueError):
        return number
    return moment.date() if moment.time() == time(0) else moment


def has_formula(data: CellData) -> bool:
    """Return whether a cell is a formula's, its own or one that spills into it."""
    entered = data.get("userEnteredValue")
    if entered and "formulaValue" in entered:
        return True
    # A cell that shows something nobody entered is filled by an array formula beside it.
    return bool(data.get("effectiveValue")) and not entered


def to_json(value: Cell) -> str | int | float | bool:
    """Return a value as it is sent, with RAW: "" clears the cell. Raises Unwritable, saying why it cannot be."""
    if value is None:
        return ""
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        if not isfinite(value):
            raise Unwritable("the value is not a number")
        return whole(value)
    text = value if isinstance(value, str) else _written_out(value)
    if len(text) > MAX_TEXT:
        raise Unwritable(f"the text has {len(text):,} letters, and a cell holds {MAX_TEXT:,}")
    if "\0" in text:
        raise Unwritable("the text has a sign in it that no cell can hold")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Unwritable("the text has half a character in it") from None
    return text


def _written_out(value: date | time | timedelta) -> str:
    """Return a moment as a person writes it: its number would mean nothing in a cell that does not show dates."""
    return value.isoformat(sep=" ", timespec="seconds") if isinstance(value, datetime) else as_text(value)
