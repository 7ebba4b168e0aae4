"""Serial numbers to dates, times and durations, and back.

Source: ECMA-376 part 1, 18.17.4 (dates and times), 18.18.11 (cells of type d).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from automations.core.leads import Cell
from automations.sources.ooxml.styles import Shown

_DAY = timedelta(days=1)
_MILLISECONDS_A_DAY = 86_400_000
_EPOCH_1900 = datetime(1899, 12, 30)  # noqa: DTZ001 - a workbook's clock has no zone
_EPOCH_1904 = datetime(1904, 1, 1)  # noqa: DTZ001 - the same
_LEAP_BUG = 60
"""1900 is a leap year to Excel: serials up to its 29 February are one day early when counted from 1899-12-30."""


def moment_of(serial: float, shown: Shown, *, counts_from_1904: bool) -> Cell:
    """Return a serial number as a date, a date with a time, a time of day or a duration, to the millisecond.

    A number that is no moment, such as a negative one, comes back as it is.
    """
    try:
        passed = timedelta(milliseconds=round(serial * _MILLISECONDS_A_DAY))
        if shown is Shown.DURATION:
            return passed
        if passed < timedelta(0):
            return serial
        if passed < _DAY:
            return (_EPOCH_1904 + passed).time()
        if counts_from_1904:
            moment = _EPOCH_1904 + passed
        else:
            moment = _EPOCH_1900 + (passed + _DAY if serial < _LEAP_BUG else passed)
    except (OverflowError, ValueError):
        return serial
    return moment.date() if moment.time() == time(0) else moment


def iso_moment(text: str) -> Cell:
    """Return what a cell of type d says: a date, a date with a time, or a time by ISO 8601; other text as it is."""
    for read in (date.fromisoformat, datetime.fromisoformat, time.fromisoformat):
        try:
            moment = read(text.strip().removesuffix("Z"))
        except ValueError:
            continue
        if isinstance(moment, datetime):
            moment = moment.replace(tzinfo=None)
            return moment.date() if moment.time() == time(0) else moment
        return moment
    return text


def serial_of(value: date | time | timedelta, *, counts_from_1904: bool) -> float | None:
    """Return the number that stands for a moment, or None for one that the workbook's calendar does not have."""
    if isinstance(value, timedelta):
        return value / _DAY
    if isinstance(value, time):
        return (datetime.combine(_EPOCH_1904, value.replace(tzinfo=None)) - _EPOCH_1904) / _DAY
    moment = value.replace(tzinfo=None) if isinstance(value, datetime) else datetime.combine(value, time(0))
    if counts_from_1904:
        serial = (moment - _EPOCH_1904) / _DAY
        return serial if serial >= 1 else None
    serial = (moment - _EPOCH_1900) / _DAY
    if serial <= _LEAP_BUG:
        serial -= 1
    return serial if serial >= 1 else None
