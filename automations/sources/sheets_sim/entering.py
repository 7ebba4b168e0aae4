"""What Google makes of an entry: RAW keeps it, USER_ENTERED reads it as if a person had typed it into the cell."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from automations.sources.sheets_sim.cells import Cell, NumberFormat, Plain, Slot
from automations.sources.sheets_sim.locales import Habits, serial_of

__all__ = ["number", "raw", "typed"]

MAX_EXACT = 2**53
TWO_DIGIT_YEARS = 1930
"""30 is 1930, 29 is 2029."""

_DIGITS = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)")
_SCIENTIFIC = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][+-]?[0-9]{1,3}")
_DATE = re.compile(r"([0-9]{1,4})([-/.])([0-9]{1,2})\2([0-9]{1,4})")
_TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}))?(?: ?([AaPp][Mm]))?")


def number(value: float) -> Plain:
    """Return a number in its simplest form: 4.0 is 4."""
    if isinstance(value, float) and value.is_integer() and abs(value) < MAX_EXACT:
        return int(value)
    return value


def raw(value: Plain) -> Slot:
    """Return what RAW stores: texts as they are, an empty one as an empty cell."""
    if isinstance(value, float):
        return number(value)
    return None if value == "" else value


def typed(value: Plain, habits: Habits) -> Slot:
    """Return what USER_ENTERED stores. A leading apostrophe keeps the rest as text."""
    if not isinstance(value, str):
        return raw(value)
    if value.startswith("'"):
        return value[1:]
    if value.startswith("=") and len(value) > 1:
        return Cell(formula=value)
    text = value.strip()
    truth = {"TRUE": True, "FALSE": False, habits.true: True, habits.false: False}.get(text.upper())
    if truth is not None:
        return truth
    for reading in (_number, _percent, _currency, _moment):
        found = reading(text, habits)
        if found is not None:
            return found
    return raw(value)


def _number(text: str, habits: Habits) -> Slot:
    plain = _without_groups(text, habits)
    if plain is None:
        return None
    if _DIGITS.fullmatch(plain):
        has_groups = habits.group in text
        return Cell(number(float(plain)), number_format=NumberFormat("NUMBER")) if has_groups else number(float(plain))
    if _SCIENTIFIC.fullmatch(plain):
        return Cell(number(float(plain)), number_format=NumberFormat("SCIENTIFIC"))
    return None


def _without_groups(text: str, habits: Habits) -> str | None:
    """Return digits with a decimal point, or None when groups are not of three (1,2 is text or a decimal)."""
    whole, mark, rest = text.partition(habits.decimal)
    if habits.group in whole:
        groups = whole.lstrip("+-").split(habits.group)
        if not 1 <= len(groups[0]) <= 3 or any(len(each) != 3 for each in groups[1:]):  # noqa: PLR2004 - thousands
            return None
        whole = whole.replace(habits.group, "")
    if habits.decimal != "." and "." in whole + rest:
        return None
    return f"{whole}.{rest}" if mark else whole


def _percent(text: str, habits: Habits) -> Slot:
    if not text.endswith("%"):
        return None
    found = _number(text[:-1].strip(), habits)
    value = found.value if isinstance(found, Cell) else found
    if isinstance(value, int | float):
        return Cell(number(round(value / 100, 15)), number_format=NumberFormat("PERCENT"))
    return None


def _currency(text: str, habits: Habits) -> Slot:
    bare = text.removeprefix(habits.currency).removesuffix(habits.currency).strip()
    if bare == text:
        return None
    found = _number(bare, habits)
    value = found.value if isinstance(found, Cell) else found
    return Cell(value, number_format=NumberFormat("CURRENCY")) if isinstance(value, int | float) else None


def _moment(text: str, habits: Habits) -> Slot:
    day_text, _, time_text = text.replace("T", " ", 1).partition(" ") if _DATE.match(text) else ("", "", text)
    day = _day(day_text, habits) if day_text else None
    fraction = _fraction(time_text) if time_text else None
    if (day_text and day is None) or (time_text and fraction is None):
        return None
    if day is None:
        return None if fraction is None else Cell(fraction, number_format=NumberFormat("TIME"))
    kind = "DATE" if fraction is None else "DATE_TIME"
    return Cell(number(serial_of(day) + (fraction or 0.0)), number_format=NumberFormat(kind))


def _day(text: str, habits: Habits) -> datetime | None:
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    parts = (int(found[1]), int(found[3]), int(found[4]))
    order = "ymd" if len(found[1]) == 4 else habits.date_order  # noqa: PLR2004 - a year in full comes first everywhere
    by_name = dict(zip(order, parts, strict=True))
    year = by_name["y"]
    if year < 100:  # noqa: PLR2004 - two digits
        year += 2000 if year + 1900 < TWO_DIGIT_YEARS else 1900
    try:
        return datetime(year, by_name["m"], by_name["d"], tzinfo=UTC)
    except ValueError:
        return None


def _fraction(text: str) -> float | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[4]:
        hour = hour % 12 + (12 if found[4].lower() == "pm" else 0)
    if hour > 23 or minute > 59 or second > 59:  # noqa: PLR2004 - a clock
        return None
    return (hour * 3600 + minute * 60 + second) / 86_400
