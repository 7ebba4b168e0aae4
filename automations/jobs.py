"""Jobs of the schedule: when one is due, catching up after downtime, and staying on to run them.

Due times come from five-field cron lines in the business's zone, and are UTC. A time that spring takes away is due at
the end of the gap, one that autumn shows twice is due at the first; jobs of every hour or every few minutes follow
real time instead (as Debian's cron does).

The record in the ledger decides what is due, not how long this process has been up: after downtime each job runs once,
for its newest missed time, unless that is longer ago than the job's *late_by*. A due time is recorded before its job
begins, so that nothing, no crash and no clock set back, makes it begin twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from typing import Protocol
from zoneinfo import ZoneInfo

from automations.clock import Clock, never
from automations.core.schedules import missed
from automations.errors import AlreadyRunning, LeadwrightError

FAILURES_TO_ALERT = 3
"""After so many failures in a row somebody is told."""

TICK = timedelta(minutes=1)

_CHANGE_OF_CLOCKS = timedelta(hours=3)
"""More than any zone changes its clocks by."""


class Job(Protocol):
    """Configured work: its *cron* line, the owner's *text* of it, and by how much it may be late."""

    @property
    def job(self) -> str:
        """Return what is to be done: ``run``, ``report``."""
        ...

    @property
    def cron(self) -> str:
        """Return five fields: minute, hour, day of the month, month, day of the week."""
        ...

    @property
    def text(self) -> str:
        """Return how the owner wrote it: ``08:30 on weekdays``."""
        ...

    @property
    def late_by(self) -> timedelta:
        """Return by how much it may be late; later, it is left out until its next time."""
        ...


class DueRecord(Protocol):
    """What a ledger keeps of jobs."""

    def last_due(self, job: str, until: datetime | None = None) -> datetime | None:
        """Return the newest due time of a job that is over, of those up to and including *until* (None: of all)."""
        ...

    def record_due(self, job: str, due: datetime, now: datetime) -> None:
        """Record that a due time is over."""
        ...


class Log(Protocol):
    """Where a service says what it does; structlog's loggers are such."""

    def info(self, event: str, /, **facts: object) -> object:
        """Say what happened."""
        ...

    def warning(self, event: str, /, **facts: object) -> object:
        """Say what somebody should know."""
        ...

    def error(self, event: str, /, **facts: object) -> object:
        """Say what went wrong in the world."""
        ...

    def exception(self, event: str, /, **facts: object) -> object:
        """Say what went wrong in us, with where: called while an exception is handled."""
        ...


@dataclass(frozen=True, slots=True)
class Due:
    """A job whose time has come: when that was, and whether that is too long ago to do it still."""

    job: Job
    at: datetime
    is_missed: bool


def next_due(cron: str, zone: ZoneInfo, after: datetime) -> datetime:
    """Return the first due time later than *after*.

    Raises ValueError for what is no cron line, and for one that is never due (30 February).
    """
    for due in _due_times(cron, after.astimezone(zone), reverse=False):
        if due > after:
            # Where clocks change by half an hour (Lord Howe), CronSim passes over a time that it finds looking back.
            before = takewhile(lambda each: each > after, _due_times(cron, due.astimezone(zone), reverse=True))
            return min((due, *before))
    raise ValueError(f"{cron!r} is never due")


def last_due(cron: str, zone: ZoneInfo, now: datetime, since: datetime | None) -> datetime | None:
    """Return the newest due time in since < t <= now; None when there is none. *since* None: however long ago.

    Raises ValueError as `next_due` does.
    """
    # In the hour that autumn shows twice, a time that is over stands later on the wall clock than now.
    start = (now.astimezone(UTC) + _CHANGE_OF_CLOCKS).astimezone(zone)
    for due in _due_times(cron, start, reverse=True):
        if since is not None and due <= since:
            return None
        if due <= now:
            return due
    raise ValueError(f"{cron!r} is never due")


def _due_times(cron: str, start: datetime, *, reverse: bool) -> Iterator[datetime]:
    from cronsim import CronSim, CronSimError  # noqa: PLC0415 - only needed for schedules

    try:
        times = CronSim(cron, start, reverse)
    except CronSimError as error:
        raise ValueError(f"{cron!r} is no cron line: {error}") from error
    return (due.astimezone(UTC) for due in times)


def record_name(job: Job) -> str:
    """Return what a job is recorded by: a job whose time the owner changes starts anew, a reworded one does not."""
    return f"{job.job} {job.cron}"


def take_due(job: Job, zone: ZoneInfo, record: DueRecord, now: datetime) -> Due | None:
    """Return a job's newest due time if it has not been taken before, and record it; None when nothing is due.

    A job never seen before begins with its next time: what was due before counts as over, because nobody wants
    emails to leave at the moment a schedule is switched on. Times recorded by a clock that was ahead are not given
    again when they come, and do not keep others from coming.
    """
    name = record_name(job)
    since = record.last_due(name, now)
    at = last_due(job.cron, zone, now, since)
    if at is None:
        return None
    record.record_due(name, at, now)
    return None if since is None else Due(job, at, missed(at, now, job.late_by))


def serve_jobs(
    jobs: Sequence[Job],
    do: Callable[[Job], None],
    *,
    zone: ZoneInfo,
    record: DueRecord,
    clock: Clock,
    log: Log,
    alert: Callable[[Job, int, Exception], None],
    should_stop: Callable[[], bool],
    each_minute: Callable[[], None] = lambda: None,
    is_called: Callable[[], bool] = never,
    when_called: Callable[[], None] = lambda: None,
) -> None:
    """Run jobs when they are due, looking at the start of every minute, until *should_stop*.

    *each_minute* is called besides, behind the jobs; and *when_called* within a second of *is_called* becoming true,
    which it is to end. What they raise is logged.

    A job that raises is logged, and the others go on; it is due again at its next time. After three failures in a row
    *alert* is called with the job, that number and the error. Returns within a second of *should_stop*, or when the job
    under way ends.
    """
    desk = _Desk(do, zone, record, clock, log, alert)

    def tick() -> None:
        for job in jobs:
            if should_stop():
                return
            desk.attend(job)
        desk.attend_besides(each_minute, "emails in turn left out")

    tick()
    ticker = _Ticker(tick)
    while not should_stop():
        if clock.sleep(ticker.wait(), lambda: should_stop() or is_called()):
            ticker.run()
        elif is_called() and not should_stop():
            desk.attend_besides(when_called, "inbox not read")


class _Ticker:
    """Calls at second 0 of every minute, by the package `schedule`, which is used for nothing else.

    It goes by the wall clock, and would be silent for an hour when that is set back by an hour; then it is made anew.
    """

    def __init__(self, tick: Callable[[], None]) -> None:
        self._tick = tick
        self._start()

    def _start(self) -> None:
        from schedule import Scheduler  # noqa: PLC0415 - only needed by those who stay on

        self._scheduler = Scheduler()
        self._scheduler.every().minute.at(":00").do(self._tick)

    def _idle(self) -> timedelta:
        return timedelta(seconds=self._scheduler.idle_seconds or 0)

    def wait(self) -> timedelta:
        """Return how long to sleep until the next call, never more than a minute."""
        return min(max(self._idle(), timedelta(0)), TICK)

    def run(self) -> None:
        """Call, if it is time."""
        if self._idle() > TICK:
            self._start()
        self._scheduler.run_pending()


@dataclass(frozen=True, slots=True)
class _Desk:
    """Attends to one job after another; *failures* counts those in a row, by the name a job is recorded by."""

    do: Callable[[Job], None]
    zone: ZoneInfo
    record: DueRecord
    clock: Clock
    log: Log
    alert: Callable[[Job, int, Exception], None]
    failures: dict[str, int] = field(default_factory=dict)

    def attend(self, job: Job) -> None:
        """Do a job if it is due; never raises for what goes wrong in it."""
        try:
            due = take_due(job, self.zone, self.record, self.clock.now())
            if due is not None:
                self._do(due)
        except AlreadyRunning as busy:
            self.log.info("job left out", job=job.job, why=busy.what)
        except Exception as error:  # noqa: BLE001 - whatever a job does, the others go on
            self._failed(job, error)

    def attend_besides(self, act: Callable[[], None], left_out: str) -> None:
        """Do what is no job; never raises for what goes wrong in it, and logs *left_out* then."""
        try:
            act()
        except AlreadyRunning:
            pass
        except Exception as error:  # noqa: BLE001 - whatever goes wrong in it, the jobs go on
            say = self.log.error if isinstance(error, LeadwrightError) else self.log.exception
            say(left_out, why=str(error))

    def _do(self, due: Due) -> None:
        job = due.job
        if due.is_missed:
            self.log.warning("job missed", job=job.job, schedule=job.text, due=due.at.isoformat(), why="too long ago")
            return
        began = self.clock.elapsed()
        self.log.info("job begins", job=job.job, schedule=job.text, due=due.at.isoformat())
        self.do(job)
        took = (self.clock.elapsed() - began).total_seconds()
        self.log.info("job done", job=job.job, schedule=job.text, seconds=round(took, 1))
        self.failures.pop(record_name(job), None)

    def _failed(self, job: Job, error: Exception) -> None:
        name = record_name(job)
        count = self.failures[name] = self.failures.get(name, 0) + 1
        say = self.log.error if isinstance(error, LeadwrightError) else self.log.exception
        say("job failed", job=job.job, schedule=job.text, why=str(error), in_a_row=count)
        if count != FAILURES_TO_ALERT:
            return
        try:
            self.alert(job, count, error)
        except Exception as unheard:
            self.log.exception("alert failed", job=job.job, why=str(unheard))
