"""The clock: the only place of the product that asks the time or sleeps.

What must not wait for a wrong clock (sleeping, and how long something took) goes by the monotonic clock, which nobody
sets; what people and mail servers call the time goes by the wall clock.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

SLICE = timedelta(milliseconds=500)
"""The longest time in which a sleeper does not look whether it shall stop."""


def never() -> bool:
    """Return that nobody asks us to stop."""
    return False


class Clock(Protocol):
    """Tells the time and passes it."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC. It may go back: people and time servers set clocks."""
        ...

    def elapsed(self) -> timedelta:
        """Return the time since some moment of the past; it never goes back. Two of these make a duration."""
        ...

    def sleep(self, length: timedelta, should_stop: Callable[[], bool] = never) -> bool:
        """Wait; return True after *length*, or False within a second of *should_stop* becoming true."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the time, aware, in UTC."""
        return datetime.now(UTC)

    def elapsed(self) -> timedelta:
        """Return the time since the machine started, or thereabouts."""
        return timedelta(seconds=time.monotonic())

    def sleep(self, length: timedelta, should_stop: Callable[[], bool] = never) -> bool:
        """Wait in slices; a clock set back or forward meanwhile changes nothing. No *length* or less asks only."""
        end = self.elapsed() + length
        while not should_stop():
            left = end - self.elapsed()
            if left <= timedelta(0):
                return True
            # A handler that returns makes sleep go on with what is left of it (PEP 475), hence the slices.
            time.sleep(min(left, SLICE).total_seconds())
        return False


class FixedClock:
    """A clock that stands still until it is told to move: for asking about a moment, for simulation and for tests.

    >>> clock = FixedClock(datetime(2026, 11, 23, 8, 30, tzinfo=UTC))
    >>> clock.sleep(timedelta(minutes=15))
    True
    >>> clock.now()
    datetime.datetime(2026, 11, 23, 8, 45, tzinfo=datetime.timezone.utc)
    """

    def __init__(self, at: datetime) -> None:
        if at.tzinfo is None:
            raise ValueError(f"{at!r} has no time zone")
        self._now = at.astimezone(UTC)
        self._elapsed = timedelta(0)

    def now(self) -> datetime:
        """Return the time it was set to, plus what was slept since, in UTC."""
        return self._now

    def elapsed(self) -> timedelta:
        """Return how long was slept."""
        return self._elapsed

    def sleep(self, length: timedelta, should_stop: Callable[[], bool] = never) -> bool:
        """Move on by *length* at once, unless we shall stop."""
        if should_stop():
            return False
        slept = max(length, timedelta(0))
        self._now += slept
        self._elapsed += slept
        return True

    def set(self, at: datetime) -> None:
        """Set the wall clock, forward or back, as a person or a time server does; no time passes by it."""
        self._now = at.astimezone(UTC)
