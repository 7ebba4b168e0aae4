"""When something may happen: send windows, waits, the business's days, lateness, and how a moment is said to a person.

Moments are aware; those returned are in UTC. A wall-clock time that a zone's clocks skip (spring) means the first
moment after the gap; one they show twice (autumn) means the first of the two. Ranges exclude their end. Differences
are taken in UTC, because Python subtracts two moments of one zone by their wall clocks and misses the hour that a
change of clocks takes or gives.

A wall clock is a moment plus an *offset*, so as long as no zone changes its offset, looking for the next opening is
plain addition; where a zone does change it, the search stops at the change and starts again from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from automations.core.leads import Columns, Lead, Value
from automations.core.policy import SendWindow, Wait

WORKDAYS = frozenset(range(5))
"""Monday to Friday."""

COUNTRY_FIELD = "country"
TIMEZONE_FIELD = "timezone"

_DAY = timedelta(days=1)
_MIDNIGHT = time(0)
_SEARCH = timedelta(days=400)
_A_MONDAY = datetime(2024, 1, 1)  # noqa: DTZ001 - the wall clock of no zone in particular
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Offsets = tuple[timedelta, ...]


def is_open(window: SendWindow, zones: tuple[ZoneInfo, ...], holidays: frozenset[date], now: datetime) -> bool:
    """Return whether an email may leave: the window is open in every zone a lead may live in.

    A country has more than one zone, and we do not know in which of them its leads are, so all must agree. Where they
    never can, because the country is too wide for the window, the first zone decides alone. A window that closes at
    00:00 closes at the end of its day. *zones* has at least one.
    """
    moment = now.astimezone(UTC)
    return all(
        _is_open_by_clock(window, holidays, _wall(moment, offset))
        for offset in _binding(window, _offsets(zones, moment))
    )


def next_open(window: SendWindow, zones: tuple[ZoneInfo, ...], holidays: frozenset[date], now: datetime) -> datetime:
    """Return the first moment from *now* on at which `is_open` holds; *now* itself when it does already.

    Raises ValueError when that is not within 400 days: a window without weekdays, or without a minute between
    opening and closing.
    """
    moment = start = now.astimezone(UTC)
    while moment - start < _SEARCH:
        offsets = _offsets(zones, moment)
        opening = max(_opens_by_clock(window, holidays, moment, offset) for offset in _binding(window, offsets))
        if opening == moment:
            return moment
        moment = _first_change(zones, offsets, moment, opening) or opening
    raise ValueError(f"the window {window.opens:%H:%M}-{window.closes:%H:%M} never opens")


def zones_for(
    lead: Lead, columns: Columns, places: Mapping[str, tuple[ZoneInfo, ...]], business_zone: ZoneInfo
) -> tuple[ZoneInfo, ...]:
    """Return the zones a lead may live in: by its field ``timezone``, else by ``country``, else the business's own.

    *places* is `Facts.country_zones`. A cell it does not know counts as empty.
    """
    names = columns.names()
    for field in (TIMEZONE_FIELD, COUNTRY_FIELD):
        if field in names and (found := places.get(place_key(lead.values[names.index(field)]))):
            return found
    return (business_zone,)


def place_key(value: Value) -> str:
    """Return what a country or time zone in a cell is looked up by.

    >>> place_key(" Deutschland")
    'deutschland'
    """
    return "" if value is None else str(value).strip().casefold()


@lru_cache(maxsize=4096)
def add_wait(
    start: datetime, wait: Wait, zone: ZoneInfo, holidays: frozenset[date], weekdays: frozenset[int] = WORKDAYS
) -> datetime:
    """Return when a wait that begins at *start* is over.

    Whole days keep the time of day in *zone*, also over a change of clocks; any other duration is exact. Business days
    are those on *weekdays* (Monday is 0) that are no holidays; the day of *start* is not counted, whatever it is.
    Raises ValueError for business days without *weekdays*.
    """
    local = start.astimezone(zone)
    if wait.business_days:
        day = _business_day(local.date(), wait.business_days, holidays, weekdays)
        return _at_wall(datetime.combine(day, local.time()), zone)
    if wait.duration and not wait.duration % _DAY:
        return _at_wall(local.replace(tzinfo=None, fold=0) + wait.duration, zone)
    return start.astimezone(UTC) + wait.duration


def day_bounds(now: datetime, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return when the day that *now* lies in begins and ends in *zone*; it may have 23 or 25 hours."""
    today = now.astimezone(zone).date()
    return _at_wall(datetime.combine(today, _MIDNIGHT), zone), _at_wall(datetime.combine(today + _DAY, _MIDNIGHT), zone)


def missed(due: datetime, now: datetime, late_by: timedelta) -> bool:
    """Return whether it is too late for what was due: more than *late_by* has passed since."""
    return now.astimezone(UTC) - due.astimezone(UTC) > late_by


def say_when(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return a moment as people in *zone* say it, with the year only when it is another one than now.

    >>> now = datetime(2026, 11, 23, tzinfo=UTC)
    >>> say_when(datetime(2026, 11, 26, 8, 12, tzinfo=UTC), now, ZoneInfo("Europe/Berlin"))
    'Thu 26 Nov 09:12'
    """
    return f"{say_day(moment, now, zone)} {moment.astimezone(zone):%H:%M}"


def say_day(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """Return the day of a moment as people in *zone* say it.

    >>> say_day(datetime(2027, 1, 4, tzinfo=UTC), datetime(2026, 12, 30, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    'Mon 4 Jan 2027'
    """
    day, today = moment.astimezone(zone).date(), now.astimezone(zone).date()
    return "today" if day == today else say_date(day, today)


def say_date(day: date, today: date) -> str:
    """Return a date with its weekday, in English whatever the machine's language, and the year if it is not today's.

    >>> say_date(date(2026, 11, 26), date(2026, 11, 26))
    'Thu 26 Nov'
    """
    year = "" if day.year == today.year else f" {day.year}"
    return f"{_WEEKDAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]}{year}"


def _offsets(zones: tuple[ZoneInfo, ...], moment: datetime) -> Offsets:
    """Return the different offsets that *zones* have at *moment*, in their order."""
    return tuple(dict.fromkeys(_offset(zone, moment) for zone in zones))


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


def _wall(moment: datetime, offset: timedelta) -> datetime:
    return moment.replace(tzinfo=None) + offset


def _binding(window: SendWindow, offsets: Offsets) -> Offsets:
    """Return the offsets that must all be open: every one, or the first where they never are together."""
    return offsets if len(offsets) == 1 or _ever_open_together(window, offsets) else offsets[:1]


@lru_cache(maxsize=1024)
def _ever_open_together(window: SendWindow, offsets: Offsets) -> bool:
    """Return whether there is a moment of an ordinary week at which the window is open at all *offsets*.

    If there is one, there is one at which somebody's window has just opened.
    """
    openings = (
        _A_MONDAY + weekday * _DAY + _since_midnight(window.opens) - offset
        for offset in offsets
        for weekday in window.weekdays
    )
    return any(
        all(_is_open_by_clock(window, frozenset(), opening + offset) for offset in offsets) for opening in openings
    )


def _is_open_by_clock(window: SendWindow, holidays: frozenset[date], wall: datetime) -> bool:
    return (
        window.opens <= wall.time()
        and (wall.time() < window.closes or window.closes == _MIDNIGHT)
        and _is_working(wall.date(), holidays, window.weekdays)
    )


def _opens_by_clock(window: SendWindow, holidays: frozenset[date], moment: datetime, offset: timedelta) -> datetime:
    """Return the first open moment from *moment* on, as if the offset never changed."""
    wall = _wall(moment, offset)
    if _is_open_by_clock(window, holidays, wall):
        return moment
    day = wall.date() if wall.time() < window.opens else wall.date() + _DAY
    last = day + _SEARCH
    while day < last and not _is_working(day, holidays, window.weekdays):
        day += _DAY
    return moment + (datetime.combine(day, window.opens) - wall)


def _is_working(day: date, holidays: frozenset[date], weekdays: frozenset[int]) -> bool:
    return day.weekday() in weekdays and day not in holidays


def _business_day(start: date, count: int, holidays: frozenset[date], weekdays: frozenset[int]) -> date:
    if not weekdays:
        raise ValueError("no day of the week is a business day")
    day = start
    for _ in range(count):
        day += _DAY
        while not _is_working(day, holidays, weekdays):
            day += _DAY
    return day


def _at_wall(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment at which clocks in *zone* show *wall*, or the end of the gap that swallowed it."""
    earlier, later = sorted(wall.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if earlier.astimezone(zone).replace(tzinfo=None, fold=0) == wall:
        return earlier
    # In a gap fold 0 counts with the offset before it, fold 1 with the one after (PEP 495): the change lies between.
    return _first_change((zone,), _offsets((zone,), earlier), earlier, later) or later


def _first_change(zones: tuple[ZoneInfo, ...], offsets: Offsets, start: datetime, end: datetime) -> datetime | None:
    """Return the first whole second in start < t <= end at which *zones* have other *offsets*; None if there is none.

    Clocks that change twice between the two moments and are back where they were at the end count as unchanged.
    """
    if _offsets(zones, end) == offsets:
        return None
    low, high = 0, -(-(end - start) // timedelta(seconds=1))
    base = start.replace(microsecond=0)
    while high - low > 1:
        middle = (low + high) // 2
        if _offsets(zones, base + timedelta(seconds=middle)) == offsets:
            low = middle
        else:
            high = middle
    return base + timedelta(seconds=high)


def _since_midnight(clock: time) -> timedelta:
    return datetime.combine(_A_MONDAY, clock) - _A_MONDAY
