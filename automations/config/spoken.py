"""Values as people say them: ``3 business days``, ``09:00-17:00 on weekdays``, ``1 every 3 days``, ``5%``.

Every reader takes the written text and returns the value, or raises Amiss with the part of the text that is wrong.
A month is 30 days and a year 365: nothing here knows a calendar.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import time, timedelta
from typing import NamedTuple

from automations.config.nearest import nearest
from automations.core.policy import Rate, SendWindow, Wait

# Patterns below are compiled when first used: most runs use few of them, and compiling all takes 4 ms.

MAX_DAYS = 3650
"""The longest time span that is taken for meant: ten years."""

_UNITS: Mapping[str, timedelta] = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=30),
    "year": timedelta(days=365),
}
_SECOND = "second"
_BUSINESS_DAY = "business day"
_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORTEST_DAY = len("mon")
_EVERY_DAY = frozenset(range(7))
_WEEKDAYS = frozenset(range(5))
_SPAN_EXAMPLES = "3 days, 12 hours, 2 weeks"


class Amiss(ValueError):  # noqa: N818 - a mistake of the owner's, not an error of ours
    """Why a text is not what it should be: *what* is a sentence about it, *under* what to write instead.

    *start* and *end* are the part that is wrong; the whole text when *end* is None. *secret*: the text may hold a
    password, so its line is not shown.
    """

    def __init__(
        self, what: str, under: str = "", *, start: int = 0, end: int | None = None, secret: bool = False
    ) -> None:
        super().__init__(what)
        self.what, self.under, self.start, self.end, self.secret = what, under, start, end, secret


def _unit(word: str, start: int, extra: tuple[str, ...] = ()) -> str:
    """Return the unit that *word*, which stands at *start*, means."""
    units = (*_UNITS, *extra)
    single = word.lower().removesuffix("s")
    if single in units:
        return single
    near = nearest(single, units)
    under = f'did you mean "{near}s"?' if near else "units: " + ", ".join(f"{unit}s" for unit in units)
    raise Amiss(f'there is no unit of time "{word}"', under, start=start, end=start + len(word))


_SPAN = r"(?ia)(\d{1,5}|an?)\s+(\S.*)\Z"


def _count(digits: str) -> int:
    return int(digits) if digits.isdigit() else 1


def read_span(text: str) -> timedelta:
    """Return a time span, longer than nothing and at most `MAX_DAYS`.

    >>> read_span("2 weeks"), read_span("an hour")
    (datetime.timedelta(days=14), datetime.timedelta(seconds=3600))
    """
    found = re.match(_SPAN, text)
    if not found:
        raise Amiss(f'"{text}" is not a time span', f"write it like {_SPAN_EXAMPLES}")
    if found[2].lower().removesuffix("s") == _BUSINESS_DAY:
        raise Amiss("business days are counted only in a wait", f"write it like {_SPAN_EXAMPLES}")
    span = _count(found[1]) * _UNITS[_unit(found[2], found.start(2))]
    return _within_reason(text, span)


def _within_reason(text: str, span: timedelta) -> timedelta:
    if not span:
        raise Amiss(f'"{text}" is no time at all', "write at least 1 minute")
    if span > timedelta(days=MAX_DAYS):
        raise Amiss(f'"{text}" is longer than ten years', "write a shorter time")
    return span


def read_wait(text: str) -> Wait:
    """Return a wait: a time span, or business days.

    >>> read_wait("3 business days")
    Wait(duration=datetime.timedelta(0), business_days=3)
    """
    found = re.match(_SPAN, text)
    if not found:
        raise Amiss(f'"{text}" is not a time to wait', "write it like 3 business days, 5 days, 2 weeks")
    unit = _unit(found[2], found.start(2), extra=(_BUSINESS_DAY,))
    count = _count(found[1])
    if count == 0:
        raise Amiss(f'"{text}" is no wait at all: both steps would go at once', "write at least 1 hour")
    if unit == _BUSINESS_DAY:
        _within_reason(text, timedelta(days=count))
        return Wait(business_days=count)
    return Wait(duration=_within_reason(text, count * _UNITS[unit]))


_CLOCK = r"(?a)(\d{1,2}):(\d{2})\Z"


def read_clock(text: str, start: int = 0) -> time:
    """Return a time of day, 00:00 to 23:59; *start* is where it stands in the owner's text."""
    found = re.match(_CLOCK, text)
    if found and int(found[1]) < 24 and int(found[2]) < 60:  # noqa: PLR2004 - hours of a day, minutes of an hour
        return time(int(found[1]), int(found[2]))
    raise Amiss(f'"{text}" is not a time of day', "write it like 08:30 or 17:00", start=start, end=start + len(text))


_DAY_SPLIT = r"[^\s,]+"


def read_days(text: str, start: int = 0) -> frozenset[int]:
    """Return weekdays (Monday is 0) from ``on weekdays``, ``every day``, ``on Mondays and Thursdays``.

    >>> sorted(read_days("on Mon, Wed and Fridays"))
    [0, 2, 4]
    """
    plain = " ".join(text.lower().split())
    fixed = {
        "every day": _EVERY_DAY,
        "daily": _EVERY_DAY,
        "on weekdays": _WEEKDAYS,
        "on weekends": _EVERY_DAY - _WEEKDAYS,
    }
    if plain in fixed:
        return fixed[plain]
    words = [found for found in re.finditer(_DAY_SPLIT, text) if found[0].lower() not in ("on", "and")]
    if not plain.startswith("on ") or not words:
        under = "write it like on weekdays, on Mondays and Thursdays, every day"
        raise Amiss(f'"{text}" does not say on which days', under, start=start, end=start + len(text))
    return frozenset(_weekday(found[0], start + found.start()) for found in words)


def _weekday(word: str, start: int) -> int:
    single = word.lower().removesuffix("s")
    for number, day in enumerate(_DAYS):
        if len(single) >= _SHORTEST_DAY and day.startswith(single):
            return number
    near = nearest(single, (*_DAYS, "weekday", "weekend"))
    under = f'did you mean "{near.capitalize() if near in _DAYS else near}s"?' if near else "days: Mondays ... Sundays"
    raise Amiss(f'there is no day "{word}"', under, start=start, end=start + len(word))


_WINDOW = r"(\S+?)\s*(?:-|\u2013|to)\s*([^\s-]+)(?:\s+(\S.*))?\Z"


def read_window(text: str) -> SendWindow:
    """Return sending hours: ``09:00-17:00 on weekdays``. Without days, every day."""
    found = re.match(_WINDOW, text)
    if not found:
        raise Amiss(f'"{text}" does not tell sending hours', "write it like 09:00-17:00 on weekdays")
    opens, closes = read_clock(found[1], found.start(1)), read_clock(found[2], found.start(2))
    if opens >= closes:
        what = f"sending would end at {found[2]}, before it begins at {found[1]}"
        raise Amiss(what, "the earlier time comes first", start=0, end=found.end(2))
    return SendWindow(opens, closes, read_days(found[3], found.start(3)) if found[3] else _EVERY_DAY)


_RATE = r"(?ia)(\d{1,6})\s+(?:(every|each)\s+)?((?:an?|per)\s+)?(\S.*)\Z"


def read_rate(text: str) -> Rate:
    """Return how often something may happen: ``1 every 3 days``, ``2 a week``.

    >>> read_rate("2 a week")
    Rate(count=2, per=datetime.timedelta(days=7))
    """
    found = re.match(_RATE, text)
    if not found or not (found[2] or found[3]):
        raise Amiss(f'"{text}" does not say how often', "write it like 1 every 3 days, or 2 a week")
    if int(found[1]) == 0:
        raise Amiss("0 would allow no email at all", "write at least 1", start=0, end=len(found[1]))
    span = found[4] if found[4][0].isdigit() else f"1 {found[4]}"
    try:
        return Rate(int(found[1]), _read_short_span(span))
    except Amiss as amiss:
        raise Amiss(amiss.what, amiss.under, start=found.start(4), end=len(text)) from None


def _read_short_span(text: str) -> timedelta:
    """Return a time span that may be as short as a second."""
    found = re.match(_SPAN, text)
    if found and found[2].lower().removesuffix("s") == _SECOND:
        if _count(found[1]) == 0:
            raise Amiss(f'"{text}" is no time at all', "write at least 1 second")
        return _within_reason(text, timedelta(seconds=_count(found[1])))
    return read_span(text)


_PERCENT = r"(?a)(\d{1,3}(?:\.\d{1,3})?)\s*%\Z"


def read_share(text: str) -> float:
    """Return a share as a fraction, more than 0 and less than 1, from ``5%``."""
    found = re.match(_PERCENT, text)
    if not found:
        raise Amiss(f'"{text}" is not a percentage', "write it like 5%")
    share = float(found[1]) / 100
    if not 0 < share < 1:
        raise Amiss(f'"{text}" is not between 0% and 100%', "write it like 5%")
    return share


class SpokenFade(NamedTuple):
    """``50% a month since asked_on``: *since* is empty when left out; *since_at* is where it stands."""

    share: float
    per: timedelta
    since: str
    since_at: int


_FADE = r"(?i)(\S+\s*%|\S+)\s+(?:every|each|an?|per)\s+(.+?)(?:\s+since\s+(\S+))?\Z"


def read_fade(text: str) -> SpokenFade:
    """Return how points fade."""
    found = re.match(_FADE, text)
    if not found:
        raise Amiss(f'"{text}" does not say how points fade', "write it like 50% a month, or 10% a week since asked_on")
    try:
        share = read_share(found[1])
    except Amiss as amiss:
        raise Amiss(amiss.what, "write it like 50%", start=0, end=found.end(1)) from None
    span = found[2] if found[2][0].isdigit() else f"1 {found[2]}"
    try:
        per = read_span(span)
    except Amiss as amiss:
        raise Amiss(amiss.what, amiss.under, start=found.start(2), end=found.end(2)) from None
    return SpokenFade(share, per, found[3] or "", found.start(3) if found[3] else 0)


_AT = r"(?a)(\d{1,2}:\d{2})\s+(\S.*)\Z"
_OF_MONTH = r"(?ia)on the (\d{1,2})(?:st|nd|rd|th)(?: of (?:the|every|each) month)?\Z"
_EVERY = r"(?ia)every\s+(?:(\d{1,4})\s+)?(minutes?|hours?)(?:\s+(on\s.*|every day|daily))?\Z"
_WHOLE = {"minute": 60, "hour": 24}
_LAST_SAFE_DAY = 28


def read_schedule(text: str) -> str:
    """Return when a job is due as a cron expression of five fields (Sunday is 0), in the business's zone.

    >>> read_schedule("08:30 on weekdays"), read_schedule("every 15 minutes")
    ('30 8 * * 1,2,3,4,5', '*/15 * * * *')
    """
    if found := re.match(_AT, text):
        clock = read_clock(found[1])
        if day := re.match(_OF_MONTH, found[2]):
            return f"{clock.minute} {clock.hour} {_day_of_month(day, found.start(2))} * *"
        return f"{clock.minute} {clock.hour} * * {_cron_days(read_days(found[2], found.start(2)))}"
    if found := re.match(_EVERY, text):
        unit = found[2].lower().removesuffix("s")
        step = _step(found, unit)
        days = _cron_days(read_days(found[3], found.start(3)) if found[3] else _EVERY_DAY)
        return f"{step} * * * {days}" if unit == "minute" else f"0 {step} * * {days}"
    under = "write it like 08:30 on weekdays, 08:00 on Mondays, every 15 minutes"
    raise Amiss(f'"{text}" does not say when', under)


def _day_of_month(found: re.Match[str], start: int) -> int:
    day = int(found[1])
    if not 1 <= day <= _LAST_SAFE_DAY:
        what = f"not every month has a day {day}"
        raise Amiss(what, f"1 to {_LAST_SAFE_DAY} will do", start=start + found.start(1), end=start + found.end(1))
    return day


def _step(found: re.Match[str], unit: str) -> str:
    """Return the cron step; only one that fits evenly into an hour or a day comes at equal times."""
    count, whole = int(found[1] or 1), _WHOLE[unit]
    if count == 0 or whole % count or count == whole:
        fitting = ", ".join(str(each) for each in range(1, whole) if whole % each == 0)
        what = f'"every {found[1]} {found[2]}" does not come at equal times'
        raise Amiss(what, f"{unit}s that do: {fitting}", start=found.start(1), end=found.end(1))
    return "*" if count == 1 else f"*/{count}"


def _cron_days(days: frozenset[int]) -> str:
    if days == _EVERY_DAY:
        return "*"
    return ",".join(str(each) for each in sorted((day + 1) % 7 for day in days))
