"""How a cell is shown: formatted as people see it, unformatted, or as its formula."""

from __future__ import annotations

import re
from collections.abc import Callable

from automations.sources.sheets_sim.cells import Cell, CellError, NumberFormat, Plain, Slot
from automations.sources.sheets_sim.locales import Habits, moment_of

__all__ = ["DATE_KINDS", "formatted", "shower"]

DATE_KINDS = frozenset({"DATE", "TIME", "DATE_TIME"})

_TOKENS = re.compile(r'"[^"]*"|\\.|yyyy|yy|y|mmmm|mmm|mm|m|dddd|ddd|dd|d|hh|h|ss|s|am/pm|.', re.IGNORECASE | re.DOTALL)
_DIGIT_PATTERN = re.compile(r"([^0#]*)([#,]*0[0#,]*)(?:\.([0#]+))?(%?)([^0#]*)")

Show = Callable[[Slot], "bool | int | float | str"]


def shower(render: str, dates: str, habits: Habits) -> Show:
    """Return how to show a place that holds something, by ValueRenderOption and DateTimeRenderOption."""
    if render == "FORMATTED_VALUE":
        return lambda slot: formatted(slot, habits)
    as_text = dates == "FORMATTED_STRING"
    formulas = render == "FORMULA"

    def unformatted(slot: Slot) -> bool | int | float | str:
        if not isinstance(slot, Cell):
            return _bare(slot)
        if formulas and slot.formula:
            return slot.formula
        if as_text and slot.number_format and slot.number_format.kind in DATE_KINDS:
            return formatted(slot, habits)
        return _bare(slot.value)

    return unformatted


def _bare(value: Plain) -> bool | int | float | str:
    return "" if value is None else str(value) if isinstance(value, CellError) else value


def formatted(slot: Slot, habits: Habits) -> str:
    """Return what a person sees in the cell."""
    value, number_format = (slot.value, slot.number_format) if isinstance(slot, Cell) else (slot, None)
    if value is None:
        return ""
    if isinstance(value, bool):
        return habits.true if value else habits.false
    if isinstance(value, str | CellError):
        return str(value)
    if number_format is None:
        return general(value, habits)
    return _with_format(value, number_format, habits)


def general(value: float, habits: Habits) -> str:
    """Return a number without a format: ten significant digits, large and tiny ones by powers of ten."""
    text = f"{value:.15g}" if isinstance(value, int) else f"{value:.10g}"
    if "e" in text:
        digits, _, power = text.partition("e")
        text = f"{digits}E{power[0]}{power[1:].rjust(2, '0')}"
    return text.replace(".", habits.decimal)


def _with_format(value: float, number_format: NumberFormat, habits: Habits) -> str:
    kind, pattern = number_format
    if kind in DATE_KINDS:
        return _date(value, pattern or _DATE_PATTERNS[kind](habits))
    if kind == "TEXT" or (kind == "NUMBER_FORMAT_TYPE_UNSPECIFIED" and not pattern):
        return general(value, habits)
    found = _DIGIT_PATTERN.fullmatch(pattern or _NUMBER_PATTERNS.get(kind, "0"))
    if kind == "SCIENTIFIC" or found is None:
        return f"{value:.2E}".replace(".", habits.decimal) if kind == "SCIENTIFIC" else general(value, habits)
    before, whole, decimals, percent, after = found.groups()
    shown = value * 100 if percent else value
    text = f"{shown:{',' if ',' in whole else ''}.{len(decimals or '')}f}"
    swapped = text.translate({ord(","): habits.group, ord("."): habits.decimal})
    sign = habits.currency if kind == "CURRENCY" and not pattern else ""
    return f"{before}{sign}{swapped}{percent}{after}".replace('"', "")


_NUMBER_PATTERNS = {"NUMBER": "#,##0.00", "CURRENCY": "#,##0.00", "PERCENT": "0.00%"}

_DATE_PATTERNS: dict[str, Callable[[Habits], str]] = {
    "DATE": lambda habits: habits.date_pattern,
    "TIME": lambda _: "h:mm:ss",
    "DATE_TIME": lambda habits: f"{habits.date_pattern} h:mm:ss",
}


def _date(serial: float, pattern: str) -> str:
    moment = moment_of(serial)
    twelve = "am/pm" in pattern.lower()
    hour = moment.hour % 12 or 12 if twelve else moment.hour
    parts = {
        "yyyy": f"{moment.year:04d}",
        "yy": f"{moment.year % 100:02d}",
        "y": f"{moment.year}",
        "mmmm": f"{moment:%B}",
        "mmm": f"{moment:%b}",
        "dddd": f"{moment:%A}",
        "ddd": f"{moment:%a}",
        "dd": f"{moment.day:02d}",
        "d": f"{moment.day}",
        "hh": f"{hour:02d}",
        "h": f"{hour}",
        "ss": f"{moment.second:02d}",
        "s": f"{moment.second}",
        "am/pm": f"{moment:%p}",
    }
    shown: list[str] = []
    after_hour = False
    for token in _TOKENS.findall(pattern):
        name = token.lower()
        if name in {"m", "mm"}:
            number = moment.minute if after_hour else moment.month
            shown.append(f"{number:0{len(name)}d}")
            continue
        after_hour = name.startswith("h") or (after_hour and not name.isalpha())
        shown.append(parts.get(name, token.strip('"').removeprefix("\\")))
    return "".join(shown)
