"""When emails may leave, when a wait is over, and how a moment is said."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automations.core.policy import SendWindow, Wait
from automations.core.schedules import (
    add_wait,
    day_bounds,
    is_open,
    missed,
    next_open,
)

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
LOS_ANGELES = ZoneInfo("America/Los_Angeles")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
APIA = ZoneInfo("Pacific/Apia")
MOSCOW = ZoneInfo("Europe/Moscow")
KAMCHATKA = ZoneInfo("Asia/Kamchatka")
DUBAI = ZoneInfo("Asia/Dubai")

OFFICE_HOURS = SendWindow()
GULF_HOURS = SendWindow(weekdays=frozenset({6, 0, 1, 2, 3}))
NO_HOLIDAYS: frozenset[date] = frozenset()

ZONES = tuple(
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",  # half an hour of daylight saving
        "Asia/Kathmandu",  # 5 hours and 45 minutes ahead
        "Pacific/Apia",  # the other side of the date line
        "America/Santiago",  # changes its clocks at midnight
        "Africa/Casablanca",  # four changes of clocks a year
    )
)

zones = st.sampled_from(ZONES)
moments = st.datetimes(datetime(2024, 1, 1), datetime(2030, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
wall_times = st.builds(time, st.integers(0, 23), st.sampled_from((0, 15, 30, 45)))
windows = st.builds(
    lambda times, days: SendWindow(min(times), max(times), days),
    st.tuples(wall_times, wall_times).filter(lambda pair: pair[0] != pair[1]),
    st.frozensets(st.integers(0, 6), min_size=1),
)
free_days = st.frozensets(st.integers(-1, 9), max_size=5)


def at(zone: ZoneInfo, text: str, *, fold: int = 0) -> datetime:
    """Return the moment at which clocks in *zone* show *text*."""
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)


def shown(moment: datetime, zone: ZoneInfo) -> str:
    """Return what clocks in *zone* show at *moment*."""
    return f"{moment.astimezone(zone):%a %Y-%m-%d %H:%M}"


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param("2026-11-23 08:59", False, id="before the window opens"),
        pytest.param("2026-11-23 09:00", True, id="as it opens"),
        pytest.param("2026-11-23 16:59", True, id="just before it closes"),
        pytest.param("2026-11-23 17:00", False, id="as it closes"),
        pytest.param("2026-11-21 10:00", False, id="on a Saturday"),
        pytest.param("2026-12-25 10:00", False, id="on a holiday"),
    ],
)
def test_window(now: str, expected: bool) -> None:
    """Emails leave in office hours only, not at weekends and not on holidays."""
    assert is_open(OFFICE_HOURS, (BERLIN,), frozenset({date(2026, 12, 25)}), at(BERLIN, now)) is expected


@pytest.mark.parametrize(
    ("zone", "window", "now", "expected"),
    [
        pytest.param(BERLIN, OFFICE_HOURS, "2026-11-23 10:30", "Mon 2026-11-23 10:30", id="open already"),
        pytest.param(BERLIN, OFFICE_HOURS, "2026-11-23 18:00", "Tue 2026-11-24 09:00", id="tomorrow"),
        pytest.param(BERLIN, OFFICE_HOURS, "2026-11-20 17:00", "Mon 2026-11-23 09:00", id="after the weekend"),
        pytest.param(BERLIN, OFFICE_HOURS, "2026-12-24 17:00", "Mon 2026-12-28 09:00", id="after Christmas"),
        pytest.param(DUBAI, GULF_HOURS, "2026-11-19 18:00", "Sun 2026-11-22 09:00", id="weekend is Friday, Saturday"),
        pytest.param(
            BERLIN,
            SendWindow(time(2, 30), time(5), frozenset(range(7))),
            "2026-03-29 00:00",
            "Sun 2026-03-29 03:00",
            id="opens in the hour that spring takes away",
        ),
        pytest.param(
            BERLIN,
            SendWindow(time(2, 30), time(5), frozenset(range(7))),
            "2026-10-25 00:00",
            "Sun 2026-10-25 02:30",
            id="opens in the hour that autumn shows twice",
        ),
        pytest.param(
            LORD_HOWE,
            SendWindow(time(2, 15), time(5), frozenset(range(7))),
            "2026-10-04 00:00",
            "Sun 2026-10-04 02:30",
            id="opens in the half hour that spring takes away",
        ),
        pytest.param(APIA, OFFICE_HOURS, "2011-12-29 18:00", "Mon 2012-01-02 09:00", id="the Friday Samoa left out"),
        pytest.param(
            BERLIN,
            SendWindow(time(18), time(0), frozenset(range(7))),
            "2026-11-23 23:59",
            "Mon 2026-11-23 23:59",
            id="open until midnight",
        ),
    ],
)
def test_next_opening(zone: ZoneInfo, window: SendWindow, now: str, expected: str) -> None:
    """An email that may not leave now leaves when the window opens next, on the lead's own clock."""
    christmas = frozenset({date(2026, 12, 25)})

    opening = next_open(window, (zone,), christmas, at(zone, now))

    assert shown(opening, zone) == expected


def test_first_of_the_two_half_past_twos() -> None:
    """Where autumn shows the opening time twice, the window opens at the first."""
    window = SendWindow(time(2, 30), time(5), frozenset(range(7)))

    opening = next_open(window, (BERLIN,), NO_HOLIDAYS, at(BERLIN, "2026-10-25 00:00"))

    assert opening == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_window_of_a_wide_country() -> None:
    """A lead in the United States is mailed when it is office hours on both coasts."""
    both_coasts = (NEW_YORK, LOS_ANGELES)

    opening = next_open(OFFICE_HOURS, both_coasts, NO_HOLIDAYS, at(NEW_YORK, "2026-11-23 09:00"))

    assert shown(opening, LOS_ANGELES) == "Mon 2026-11-23 09:00"
    assert shown(opening, NEW_YORK) == "Mon 2026-11-23 12:00"
    assert not is_open(OFFICE_HOURS, both_coasts, NO_HOLIDAYS, at(NEW_YORK, "2026-11-23 11:59"))
    assert not is_open(OFFICE_HOURS, both_coasts, NO_HOLIDAYS, at(NEW_YORK, "2026-11-23 17:00"))


def test_window_of_a_country_too_wide() -> None:
    """Where office hours never meet, as from Moscow to Kamchatka, the first zone decides."""
    russia = (MOSCOW, KAMCHATKA)

    opening = next_open(OFFICE_HOURS, russia, NO_HOLIDAYS, at(MOSCOW, "2026-11-23 05:00"))

    assert shown(opening, MOSCOW) == "Mon 2026-11-23 09:00"
    assert is_open(OFFICE_HOURS, russia, NO_HOLIDAYS, opening)


@pytest.mark.parametrize(
    "window",
    [
        pytest.param(SendWindow(weekdays=frozenset()), id="no weekday"),
        pytest.param(SendWindow(opens=time(9), closes=time(9)), id="no minute"),
        pytest.param(SendWindow(opens=time(17), closes=time(9)), id="closes before it opens"),
    ],
)
def test_window_that_never_opens(window: SendWindow) -> None:
    """A window that never opens is said to, instead of being searched for ever."""
    with pytest.raises(ValueError, match="never opens"):
        next_open(window, (BERLIN,), NO_HOLIDAYS, at(BERLIN, "2026-11-23 09:00"))


def shows_open(window: SendWindow, zone: ZoneInfo, free: frozenset[date], moment: datetime) -> bool:
    """Return what a person with a wall clock and a calendar would say; windows here never close at midnight."""
    local = moment.astimezone(zone)
    return (
        window.opens <= local.time() < window.closes and local.weekday() in window.weekdays and local.date() not in free
    )


def days_from(first: date, days: frozenset[int]) -> frozenset[date]:
    """Return the dates so many days after the first."""
    return frozenset(first + timedelta(days=each) for each in days)


@given(window=windows, zone=zones, days_off=free_days, now=moments)
def test_opens_when_the_wall_clock_says_so(
    window: SendWindow, zone: ZoneInfo, days_off: frozenset[int], now: datetime
) -> None:
    """The next opening is in the window, and no minute before it is."""
    free = days_from(now.date(), days_off)

    opening = next_open(window, (zone,), free, now)

    assert opening >= now
    assert shows_open(window, zone, free, opening)
    assert next_open(window, (zone,), free, opening) == opening
    minutes = (opening - now) // timedelta(minutes=1)
    for minute in {*range(0, minutes, 11), *range(max(0, minutes - 200), minutes)}:
        assert not shows_open(window, zone, free, now + timedelta(minutes=minute))


@given(window=windows, zone=zones, clock=wall_times, days_off=st.frozensets(st.integers(0, 365)))
@pytest.mark.parametrize("year", [2025, 2026])
def test_opens_on_every_day_of_a_year(
    year: int, window: SendWindow, zone: ZoneInfo, clock: time, days_off: frozenset[int]
) -> None:
    """Whatever the clocks do in a year, open means the same to both questions."""
    free = days_from(date(year, 1, 1), days_off)

    for day in range(0, 365, 7):
        now = datetime.combine(date(year, 1, 1) + timedelta(days=day), clock, tzinfo=UTC)

        assert is_open(window, (zone,), free, now) == shows_open(window, zone, free, now)
        assert (next_open(window, (zone,), free, now) == now) == is_open(window, (zone,), free, now)


@given(window=windows, several=st.lists(zones, min_size=2, max_size=4), days_off=free_days, now=moments)
def test_opens_for_several_zones(
    window: SendWindow, several: list[ZoneInfo], days_off: frozenset[int], now: datetime
) -> None:
    """The next opening of a country is open, and no minute before it is."""
    country = tuple(several)
    free = days_from(now.date(), days_off)

    opening = next_open(window, country, free, now)

    assert is_open(window, country, free, opening)
    assert shows_open(window, country[0], free, opening)
    minutes = (opening - now) // timedelta(minutes=1)
    for minute in {*range(0, minutes, 47), *range(max(0, minutes - 70), minutes)}:
        assert not is_open(window, country, free, now + timedelta(minutes=minute))


@pytest.mark.parametrize("now", ["2026-03-28 23:00", "2026-10-24 22:00", "2026-12-31 22:00"])
@pytest.mark.parametrize("zone", ZONES, ids=str)
def test_every_minute_around_a_change_of_clocks(zone: ZoneInfo, now: str) -> None:
    """Through a night in which clocks change, each minute has one and the same next opening as the minute before."""
    window = SendWindow(time(1, 45), time(2, 40), frozenset(range(7)))
    start = at(ZoneInfo("UTC"), now)
    opening = next_open(window, (zone,), NO_HOLIDAYS, start)

    for minute in range(26 * 60):
        moment = start + timedelta(minutes=minute)
        if moment > opening:
            opening = next_open(window, (zone,), NO_HOLIDAYS, moment)
        assert next_open(window, (zone,), NO_HOLIDAYS, moment) == opening
        assert (opening == moment) == shows_open(window, zone, NO_HOLIDAYS, moment)


@pytest.mark.parametrize(
    ("zone", "start", "wait", "expected"),
    [
        pytest.param(BERLIN, "2026-11-23 09:12", Wait(timedelta(days=3)), "Thu 2026-11-26 09:12", id="3 days"),
        pytest.param(BERLIN, "2026-03-27 09:12", Wait(timedelta(days=3)), "Mon 2026-03-30 09:12", id="over spring"),
        pytest.param(BERLIN, "2026-10-23 09:12", Wait(timedelta(days=3)), "Mon 2026-10-26 09:12", id="over autumn"),
        pytest.param(BERLIN, "2026-03-28 12:00", Wait(timedelta(hours=36)), "Mon 2026-03-30 01:00", id="36 hours"),
        pytest.param(BERLIN, "2026-03-28 02:30", Wait(timedelta(days=1)), "Sun 2026-03-29 03:00", id="into the gap"),
        pytest.param(BERLIN, "2026-12-30 10:00", Wait(timedelta(days=3)), "Sat 2027-01-02 10:00", id="year end"),
        pytest.param(BERLIN, "2028-02-28 10:00", Wait(timedelta(days=1)), "Tue 2028-02-29 10:00", id="29 February"),
        pytest.param(BERLIN, "2027-02-28 10:00", Wait(timedelta(days=1)), "Mon 2027-03-01 10:00", id="no 29 February"),
        pytest.param(BERLIN, "2026-11-20 09:12", Wait(business_days=1), "Mon 2026-11-23 09:12", id="over a weekend"),
        pytest.param(BERLIN, "2026-11-21 09:12", Wait(business_days=1), "Mon 2026-11-23 09:12", id="from a Saturday"),
        pytest.param(BERLIN, "2026-11-20 09:12", Wait(business_days=5), "Fri 2026-11-27 09:12", id="a working week"),
        pytest.param(BERLIN, "2026-04-02 09:12", Wait(business_days=1), "Tue 2026-04-07 09:12", id="holiday on Monday"),
        pytest.param(BERLIN, "2026-12-30 09:12", Wait(business_days=3), "Tue 2027-01-05 09:12", id="New Year's Day"),
        pytest.param(BERLIN, "2028-02-25 09:12", Wait(business_days=3), "Wed 2028-03-01 09:12", id="leap year"),
        pytest.param(BERLIN, "2026-03-27 02:30", Wait(business_days=1), "Mon 2026-03-30 02:30", id="spring weekend"),
        pytest.param(
            APIA, "2011-12-29 10:00", Wait(timedelta(days=1)), "Sat 2011-12-31 00:00", id="the day Samoa left out"
        ),
    ],
)
def test_wait(zone: ZoneInfo, start: str, wait: Wait, expected: str) -> None:
    """Three days later is the same time of day, whatever clocks do; business days leave out weekends and feasts."""
    feasts = frozenset({date(2026, 4, 3), date(2026, 4, 6), date(2027, 1, 1)})

    end = add_wait(at(zone, start), wait, zone, feasts)

    assert shown(end, zone) == expected


def test_wait_where_the_weekend_is_friday_and_saturday() -> None:
    """In Dubai's old working week, the business day after Thursday is Sunday."""
    end = add_wait(at(DUBAI, "2026-11-19 09:12"), Wait(business_days=1), DUBAI, NO_HOLIDAYS, GULF_HOURS.weekdays)

    assert shown(end, DUBAI) == "Sun 2026-11-22 09:12"


def test_wait_from_the_second_half_past_two() -> None:
    """A wait that begins in the hour autumn shows twice ends at that time of day, or after its exact length."""
    start = at(BERLIN, "2026-10-25 02:30", fold=1)

    assert add_wait(start, Wait(timedelta(days=1)), BERLIN, NO_HOLIDAYS) == at(BERLIN, "2026-10-26 02:30")
    assert add_wait(start, Wait(timedelta(minutes=30)), BERLIN, NO_HOLIDAYS) == at(BERLIN, "2026-10-25 03:00")


def test_no_wait() -> None:
    """A wait of nothing is over at once."""
    assert add_wait(at(BERLIN, "2026-11-23 09:12"), Wait(), BERLIN, NO_HOLIDAYS) == datetime(
        2026, 11, 23, 8, 12, tzinfo=UTC
    )


def test_business_days_without_weekdays() -> None:
    """Business days in a week without any are refused, instead of being counted for ever."""
    with pytest.raises(ValueError, match="no day of the week"):
        add_wait(at(BERLIN, "2026-11-23 09:12"), Wait(business_days=1), BERLIN, NO_HOLIDAYS, frozenset())


@given(start=moments, days=st.integers(1, 400), zone=zones, days_off=free_days)
def test_waits_grow(start: datetime, days: int, zone: ZoneInfo, days_off: frozenset[int]) -> None:
    """A longer wait ends later, and no wait ends before it begins."""
    free = days_from(start.date(), days_off)

    ends = [add_wait(start, Wait(timedelta(days=n)), zone, free) for n in (days, days + 1)]
    business_ends = [add_wait(start, Wait(business_days=n), zone, free) for n in (days, days + 1)]

    assert start < ends[0] < ends[1]
    assert ends[0] <= business_ends[0] < business_ends[1]
    for end in business_ends:
        assert end.astimezone(zone).weekday() < 5
        assert end.astimezone(zone).date() not in free


@given(start=moments, seconds=st.integers(1, 10**7), zone=zones)
def test_hours_are_exact(start: datetime, seconds: int, zone: ZoneInfo) -> None:
    """A wait that is no number of whole days takes exactly as long as it says."""
    wait = timedelta(seconds=seconds)
    if wait % timedelta(days=1):
        assert add_wait(start, Wait(wait), zone, NO_HOLIDAYS) == start + wait


@pytest.mark.parametrize(
    ("zone", "now", "start", "hours"),
    [
        pytest.param("Europe/Berlin", "2026-11-23 13:00", "Sun 2026-11-22 23:00", 24, id="an ordinary day"),
        pytest.param("Europe/Berlin", "2026-03-29 12:00", "Sat 2026-03-28 23:00", 23, id="spring"),
        pytest.param("Europe/Berlin", "2026-10-25 12:00", "Sat 2026-10-24 22:00", 25, id="autumn"),
        pytest.param("America/Santiago", "2026-09-06 12:00", "Sun 2026-09-06 04:00", 23, id="no midnight in Santiago"),
        pytest.param("America/Havana", "2026-11-01 12:00", "Sun 2026-11-01 04:00", 25, id="two midnights in Havana"),
        pytest.param("Australia/Lord_Howe", "2026-10-04 12:00", "Sat 2026-10-03 13:30", 23.5, id="Lord Howe"),
    ],
)
def test_day(zone: str, now: str, start: str, hours: float) -> None:
    """The day of the business begins at its own midnight and is as long as its clocks make it."""
    place = ZoneInfo(zone)

    begins, ends = day_bounds(at(place, now), place)

    assert shown(begins, ZoneInfo("UTC")) == start
    assert ends - begins == timedelta(hours=hours)


@given(now=moments, zone=zones)
def test_days_follow_each_other(now: datetime, zone: ZoneInfo) -> None:
    """Every moment lies in its day, and the next day begins where this one ends."""
    begins, ends = day_bounds(now, zone)

    assert begins <= now < ends
    assert day_bounds(ends, zone)[0] == ends


@pytest.mark.parametrize(
    ("late", "expected"),
    [(timedelta(0), False), (timedelta(hours=2), False), (timedelta(hours=2, seconds=1), True), (timedelta(-1), False)],
    ids=["on time", "just in time", "a second too late", "not due yet"],
)
def test_missed(late: timedelta, expected: bool) -> None:
    """What is later than allowed is missed."""
    due = at(BERLIN, "2026-11-23 08:30")

    assert missed(due, due + late, timedelta(hours=2)) is expected


def test_lateness_counts_real_hours() -> None:
    """From midnight to midnight of the shortest day of the year 23 hours pass, not 24."""
    due, now = at(BERLIN, "2026-03-29 00:00"), at(BERLIN, "2026-03-30 00:00")

    assert not missed(due, now, timedelta(hours=23))
    assert missed(due, now, timedelta(hours=22, minutes=59))
