"""Jobs, a record of them, and a service in a world of its own, for the tests of the schedule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import time_machine

from automations.clock import FixedClock, never
from automations.jobs import Job, serve_jobs

BERLIN = ZoneInfo("Europe/Berlin")
WEEKDAYS_0830 = "30 8 * * 1-5"
EVERY_15_MINUTES = "*/15 * * * *"


@dataclass(frozen=True)
class Work:
    """A job as config.yaml gives it."""

    job: str = "run"
    cron: str = WEEKDAYS_0830
    text: str = "08:30 on weekdays"
    late_by: timedelta = timedelta(hours=12)


RUN = Work()
INBOX = Work("inbox", EVERY_15_MINUTES, "every 15 minutes", timedelta(minutes=15))


@dataclass
class Record:
    """A ledger's record of due times, without a file."""

    due: dict[str, set[datetime]] = field(default_factory=dict)

    def last_due(self, job: str, until: datetime | None = None) -> datetime | None:
        """Return the newest of a job."""
        return max((due for due in self.due.get(job, ()) if until is None or due <= until), default=None)

    def record_due(self, job: str, due: datetime, now: datetime) -> None:
        """Keep one."""
        del now
        self.due.setdefault(job, set()).add(due)


def at(text: str, *, fold: int = 0) -> datetime:
    """Return the moment at which clocks in Berlin show *text*, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN, fold=fold).astimezone(UTC)


def shown(moment: datetime | None) -> str:
    """Return what clocks in Berlin show at *moment*."""
    return f"{moment.astimezone(BERLIN):%a %Y-%m-%d %H:%M}" if moment else "never"


class Service:
    """A service in a world of its own: its clock is the machine's, which nothing moves but sleeping and `set`."""

    def __init__(self, start: datetime, record: Record | None = None) -> None:
        self.clock = FixedClock(start)
        self.record = record or Record()
        self.done: list[str] = []
        self.logged: list[str] = []
        self.alerts: list[str] = []
        self.sleeps: list[timedelta] = []
        self.breaks: dict[str, Exception] = {}
        self.alerting: Exception | None = None
        self.takes = timedelta(0)
        self.at_tick: dict[int, Callable[[], None]] = {}

    def now(self) -> datetime:
        """Tell the time."""
        return self.clock.now()

    def elapsed(self) -> timedelta:
        """Tell what was slept."""
        return self.clock.elapsed()

    def sleep(self, length: timedelta, should_stop: Callable[[], bool] = never) -> bool:
        """Move every clock on, and do what shall happen meanwhile."""
        self.sleeps.append(length)
        whole = self.clock.sleep(length, should_stop)
        self.at_tick.pop(len(self.sleeps), lambda: None)()
        self._traveller.move_to(self.clock.now())
        return whole

    def do(self, job: Job) -> None:
        """Note a job, and fail if it shall."""
        self.done.append(f"{job.job} {shown(self.clock.now())}")
        self.clock.sleep(self.takes)
        if job.job in self.breaks:
            raise self.breaks[job.job]

    def alert(self, job: Job, count: int, error: Exception) -> None:
        """Note what somebody is told."""
        if self.alerting:
            raise self.alerting
        self.alerts.append(f"{job.job} failed {count} times: {error}")

    def info(self, event: str, /, **facts: object) -> None:
        """Note what is logged."""
        self.logged.append(f"{event}: {facts.get('job', '')}")

    warning = error = exception = info

    def serve(
        self,
        *jobs: Job,
        until: datetime,
        is_called: Callable[[], bool] = never,
        when_called: Callable[[], None] = lambda: None,
    ) -> None:
        """Stay on until a moment."""
        with time_machine.travel(self.clock.now(), tick=False) as self._traveller:
            serve_jobs(
                jobs,
                self.do,
                zone=BERLIN,
                record=self.record,
                clock=self,
                log=self,
                alert=self.alert,
                should_stop=lambda: self.clock.now() >= until,
                is_called=is_called,
                when_called=when_called,
            )
