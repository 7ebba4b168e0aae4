"""What a spreadsheet's locale decides: how numbers and dates are typed and shown. And serial numbers of days.

A serial number counts days since 1899-12-30; its fraction is the time of day (DateTimeRenderOption).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

__all__ = ["EPOCH", "LOCALES", "Habits", "habits_of", "moment_of", "serial_of"]

EPOCH = datetime(1899, 12, 30, tzinfo=UTC)
MAX_SERIAL = 2_958_465
"""9999-12-31, the last day."""


class Habits(NamedTuple):
    """One locale's ways. *date_order* is the order in which day, month and year are typed."""

    decimal: str = "."
    group: str = ","
    date_order: str = "mdy"
    date_pattern: str = "M/d/yyyy"
    currency: str = "$"
    true: str = "TRUE"
    false: str = "FALSE"


_GERMAN = Habits(",", ".", "dmy", "dd.MM.yyyy", "€", "WAHR", "FALSCH")

_HABITS = {
    "en_US": Habits(),
    "en_GB": Habits(date_order="dmy", date_pattern="dd/MM/yyyy", currency="£"),
    "en_AU": Habits(date_order="dmy", date_pattern="dd/MM/yyyy"),
    "en_IE": Habits(date_order="dmy", date_pattern="dd/MM/yyyy", currency="€"),
    "en_CA": Habits(date_order="ymd", date_pattern="yyyy-MM-dd"),
    "de": _GERMAN,
    "de_DE": _GERMAN,
    "de_AT": _GERMAN,
    "de_CH": Habits(".", "\u2019", "dmy", "dd.MM.yyyy", "CHF", "WAHR", "FALSCH"),
    "fr_FR": Habits(",", "\u202f", "dmy", "dd/MM/yyyy", "€", "VRAI", "FAUX"),
    "it_IT": Habits(",", ".", "dmy", "dd/MM/yyyy", "€", "VERO", "FALSO"),
    "es_ES": Habits(",", ".", "dmy", "dd/MM/yyyy", "€", "VERDADERO", "FALSO"),
    "nl_NL": Habits(",", ".", "dmy", "d-M-yyyy", "€", "WAAR", "ONWAAR"),
    "pl_PL": Habits(",", "\u00a0", "dmy", "dd.MM.yyyy", "zł", "PRAWDA", "FAŁSZ"),
    "sv_SE": Habits(",", "\u00a0", "ymd", "yyyy-MM-dd", "kr", "SANT", "FALSKT"),
    "ja_JP": Habits(date_order="ymd", date_pattern="yyyy/MM/dd", currency="¥"),
}


LOCALES = frozenset(_HABITS)
"""The locales that a spreadsheet here may be given."""


def habits_of(locale: str) -> Habits:
    """Return the ways of a locale such as "de_DE"; one we do not know is taken for American."""
    return _HABITS.get(locale) or _HABITS.get(locale.partition("_")[0]) or _HABITS["en_US"]


def serial_of(moment: datetime) -> float:
    """Return the serial number of a moment, given as UTC whatever its zone: the spreadsheet's zone is not asked."""
    return (moment - EPOCH) / timedelta(days=1)


def moment_of(serial: float) -> datetime:
    """Return the moment of a serial number to the second, in UTC by name only. Beyond 9999 it is the last day."""
    return EPOCH + timedelta(seconds=round(min(max(serial, -MAX_SERIAL // 5), MAX_SERIAL) * 86_400))
