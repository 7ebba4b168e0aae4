"""The clock, and waiting."""

from __future__ import annotations

import signal
import threading
import time
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine

from automations.clock import Clock, FixedClock, SystemClock

MONDAY = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)


def test_fixed_clock() -> None:
    """A clock that stands still moves only by what is slept or set."""
    clock: Clock = FixedClock(MONDAY.astimezone(ZoneInfo("Asia/Kathmandu")))

    assert clock.now() == clock.now() == MONDAY
    assert clock.now().tzinfo is UTC
    assert clock.sleep(timedelta(days=1))
    assert clock.now() == datetime(2026, 11, 24, 8, 30, tzinfo=UTC)
    assert clock.elapsed() == timedelta(days=1)


def test_fixed_clock_set_back() -> None:
    """Setting the clock back takes no time away."""
    clock = FixedClock(MONDAY)
    clock.sleep(timedelta(minutes=5))

    clock.set(MONDAY - timedelta(hours=1))

    assert clock.now() == datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
    assert clock.elapsed() == timedelta(minutes=5)


def test_fixed_clock_stops() -> None:
    """Who shall stop does not sleep."""
    clock = FixedClock(MONDAY)

    assert not clock.sleep(timedelta(minutes=5), lambda: True)
    assert clock.now() == MONDAY


def test_fixed_clock_needs_a_zone() -> None:
    """A time without a zone is no moment."""
    with pytest.raises(ValueError, match="no time zone"):
        FixedClock(datetime(2026, 11, 23, 8, 30))  # noqa: DTZ001 - that is the mistake


def test_system_clock_is_in_utc() -> None:
    """The time is told in UTC, wherever the machine stands."""
    with time_machine.travel(MONDAY, tick=False):
        assert SystemClock().now() == MONDAY
        assert SystemClock().now().utcoffset() == timedelta(0)


def test_sleeping_takes_its_time() -> None:
    """A sleep lasts at least as long as it was asked to."""
    before = time.monotonic()

    assert SystemClock().sleep(timedelta(milliseconds=30))

    assert time.monotonic() - before >= 0.03


@pytest.mark.parametrize("length", [timedelta(0), timedelta(-1)])
def test_sleeping_no_time(length: timedelta) -> None:
    """No time to sleep is over at once."""
    assert SystemClock().sleep(length)


def test_stopping_while_asleep() -> None:
    """A service that is told to stop wakes within a second, however long it meant to sleep."""
    stop = threading.Event()
    threading.Timer(0.05, stop.set).start()
    before = time.monotonic()

    assert not SystemClock().sleep(timedelta(hours=1), stop.is_set)

    assert time.monotonic() - before < 1.5


def test_a_signal_while_asleep() -> None:
    """SIGTERM, which systemd sends, ends a sleep through the flag its handler sets."""
    stop = threading.Event()
    before = signal.signal(signal.SIGTERM, lambda *_: stop.set())
    try:
        threading.Timer(0.05, signal.raise_signal, [signal.SIGTERM]).start()

        assert not SystemClock().sleep(timedelta(hours=1), stop.is_set)
    finally:
        signal.signal(signal.SIGTERM, before)


def test_the_wall_clock_set_back_while_asleep(monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock set back by a day does not make a sleeper sleep a day longer: sleeping never looks at it."""
    monkeypatch.setattr(SystemClock, "now", lambda _: pytest.fail("sleeping asked for the time of day"))

    assert SystemClock().sleep(timedelta(milliseconds=10))
