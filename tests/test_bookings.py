"""Room for one more email: rates over any span, days of senders, slots at uneven minutes."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automations.core.bookings import Booked, Bookings, Slots, Start, free_at, slots_for
from automations.core.policy import Rate, Sender, SendWindow, WarmUp

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)  # Monday, 9:00 in Berlin
HOUR = timedelta(hours=1)
OFFICE = SendWindow(time(9), time(17))


def bookings(*, spread: bool = False, starts: dict[str, Start] | None = None) -> Bookings:
    """Return what a business in Berlin knows on Monday morning: nothing has left yet."""
    return Bookings(zone=BERLIN, now=NOW, spread_over=OFFICE if spread else None, starts=starts or {})


def booked(at: datetime, sender: str = "anna") -> Booked:
    """Return an email of a sender to somebody."""
    return Booked("eva@muster.example", "muster ag", "muster.example", sender, at)


@pytest.mark.parametrize(
    ("hours", "count", "start", "expected"),
    [
        ((), 1, 0, 0),
        ((0,), 1, 0, 3),
        ((0,), 1, 3, 3),
        ((2,), 1, 0, 5),
        ((4,), 1, 0, 0),
        ((0, 1), 2, 1, 3),
        ((0, 2), 2, 1, 3),
        ((0, 3), 2, 1, 1),
        ((0, 2, 4), 2, 0, 5),
    ],
)
def test_a_rate_leaves_room_before_and_behind(hours: tuple[int, ...], count: int, start: int, expected: int) -> None:
    """At most so many in any three hours, whether the others have left or are only booked."""
    times = [NOW + hour * HOUR for hour in hours]

    free = free_at(times, Rate(count, 3 * HOUR), NOW + start * HOUR)

    assert free == NOW + expected * HOUR


@given(st.lists(st.integers(0, 30), max_size=12), st.integers(1, 3), st.integers(1, 6), st.integers(0, 30))
def test_no_span_ever_has_too_many(hours: list[int], count: int, per: int, start: int) -> None:
    """Whatever has been booked by the rate's own rule, one more never makes too many in any span."""
    rate, times = Rate(count, per * HOUR), list[datetime]()
    for hour in [*hours, start]:
        at = free_at(times, rate, NOW + hour * HOUR)
        assert at >= NOW + hour * HOUR
        times = sorted([*times, at])

    for first in times:
        assert sum(1 for each in times if first <= each < first + rate.per) <= count


def test_a_full_day_means_the_next_one() -> None:
    """Two a day: the third email of Monday is one of Tuesday, which begins at midnight in the business's zone."""
    anna, found = Sender("anna", "Anna", "anna@shop.example", per_day=2), bookings()
    for hour in (0, 1):
        found.add(booked(NOW + hour * HOUR), anna)

    assert found.day_free(anna, NOW + 2 * HOUR) == datetime(2026, 11, 23, 23, tzinfo=UTC)
    assert found.day_free(Sender("jonas", "", "j@shop.example", per_day=2), NOW) == NOW


def test_a_new_sender_begins_slowly() -> None:
    """Fifteen on the first day, five more on each day after it, never more than per_day; half for a week after a no."""
    anna = Sender("anna", "Anna", "anna@shop.example", per_day=40, warm_up=WarmUp(15, 5))
    fresh = bookings()
    known = bookings(starts={"anna": Start(date(2026, 11, 20))})
    refused = bookings(starts={"anna": Start(date(2026, 11, 20), (date(2026, 11, 22),))})

    days = [date(2026, 11, 23) + timedelta(days=number) for number in (0, 1, 7, 8)]

    assert [fresh.most_on(anna, day) for day in days] == [15, 20, 40, 40]
    assert [known.most_on(anna, day) for day in days] == [30, 35, 40, 40]
    assert [refused.most_on(anna, day) for day in days] == [15, 17, 40, 40]


@pytest.mark.parametrize(
    ("a_day", "expected"),
    [(80, Slots(6, 1)), (1, Slots(480, 1)), (480, Slots(1, 1)), (1000, Slots(1, 3)), (100, Slots(4, 1))],
)
def test_a_day_is_cut_into_slots(a_day: int, expected: Slots) -> None:
    """Eight hours for eighty emails is one every six minutes; for a thousand, three a minute."""
    assert slots_for(a_day, OFFICE) == expected


def test_emails_of_one_sender_take_turns_at_uneven_minutes() -> None:
    """Each slot takes one; the minutes are whole, differ in their distance, and are the same when asked again."""
    anna = Sender("anna", "Anna", "anna@shop.example", per_day=80)
    minutes = []
    for found in (bookings(spread=True), bookings(spread=True)):
        at = [found.slot_free(anna, NOW)]
        for _ in range(40):
            found.add(booked(at[-1]), anna)
            at.append(found.slot_free(anna, NOW))
        minutes.append(at)

    assert minutes[0] == minutes[1]
    assert minutes[0][0] == NOW
    apart = [later - earlier for earlier, later in pairwise(minutes[0][1:])]
    assert min(apart) >= timedelta(minutes=3)
    assert max(apart) <= timedelta(minutes=9)
    assert len(set(apart)) > 3
    assert all((moment - NOW) % timedelta(minutes=1) == timedelta(0) for moment in minutes[0])


def test_what_was_missed_is_not_made_up_for_in_a_burst() -> None:
    """After an hour of standing still one email leaves, and the next has its turn in the next slot."""
    anna, found = Sender("anna", "Anna", "anna@shop.example", per_day=80), bookings(spread=True)
    later = NOW + HOUR

    assert found.slot_free(anna, later) == later
    found.add(booked(later), anna)

    assert later < found.slot_free(anna, later) <= later + timedelta(minutes=9)


@given(st.integers(1, 300), st.integers(0, 270 * 24 * 60), st.integers(1, 30))
def test_slots_go_on_over_midnight_and_changes_of_clocks(a_day: int, start: int, count: int) -> None:
    """From any moment on, turns only go forward, and no slot has more than its share."""
    moment = datetime(2026, 3, 1, tzinfo=UTC) + timedelta(minutes=start)
    anna, found = Sender("anna", "Anna", "anna@shop.example", per_day=a_day), bookings(spread=True)
    turns = []
    for _ in range(count):
        turns.append(found.slot_free(anna, moment))
        found.add(booked(turns[-1]), anna)

    assert turns == sorted(turns)
    assert all(turn >= moment for turn in turns)
    share = slots_for(a_day, OFFICE).emails
    assert all(turns.count(turn) <= share for turn in turns)
