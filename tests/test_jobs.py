"""When jobs are due, and staying on to run them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from automations.clock import FixedClock, never
from automations.errors import AlreadyRunning, MailerOutOfReach
from automations.jobs import Due, Job, last_due, next_due, serve_jobs, take_due
from automations.ledger.sqlite import open_ledger

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = tuple(
    ZoneInfo(name)
    for name in ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")
)
WEEKDAYS_0830 = "30 8 * * 1-5"
EVERY_15_MINUTES = "*/15 * * * *"
CRONS = (WEEKDAYS_0830, EVERY_15_MINUTES, "30 2 * * *", "0,15 1-3 * * *", "0 8 * * 1", "5 */2 * * *", "0 0 1 * *")


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


@pytest.mark.parametrize(
    ("cron", "after", "expected"),
    [
        pytest.param(WEEKDAYS_0830, "2026-11-23 08:29", "Mon 2026-11-23 08:30", id="in a minute"),
        pytest.param(WEEKDAYS_0830, "2026-11-23 08:30", "Tue 2026-11-24 08:30", id="not the same again"),
        pytest.param(WEEKDAYS_0830, "2026-11-20 09:00", "Mon 2026-11-23 08:30", id="after the weekend"),
        pytest.param(EVERY_15_MINUTES, "2026-11-23 08:31", "Mon 2026-11-23 08:45", id="every 15 minutes"),
        pytest.param("30 2 * * *", "2026-03-29 01:00", "Sun 2026-03-29 03:00", id="in the hour spring takes"),
        pytest.param("30 2 * * *", "2026-03-29 03:00", "Mon 2026-03-30 02:30", id="after the hour spring takes"),
        pytest.param("30 2 * * *", "2026-10-25 02:00", "Sun 2026-10-25 02:30", id="the first of two"),
        pytest.param("30 2 * * *", "2026-10-25 02:30", "Mon 2026-10-26 02:30", id="not at the second of two"),
        pytest.param("0 8 29 2 *", "2026-03-01 00:00", "Tue 2028-02-29 08:00", id="29 February"),
        pytest.param("0 0 1 1 *", "2026-06-01 00:00", "Fri 2027-01-01 00:00", id="New Year"),
    ],
)
def test_next_due(cron: str, after: str, expected: str) -> None:
    """A job's next time is the one the owner wrote, on the clocks of the business."""
    assert shown(next_due(cron, BERLIN, at(after))) == expected


def test_due_once_in_autumn() -> None:
    """Asked between the two half past twos, the next one is tomorrow's and the last one is the first of today's."""
    first, second = at("2026-10-25 02:30"), at("2026-10-25 02:30", fold=1)
    between = at("2026-10-25 02:15", fold=1)

    assert first < between < second
    assert shown(next_due("30 2 * * *", BERLIN, between)) == "Mon 2026-10-26 02:30"
    assert last_due("30 2 * * *", BERLIN, between, None) == first
    assert last_due("30 2 * * *", BERLIN, second, first) is None


@pytest.mark.parametrize(
    ("now", "since", "expected"),
    [
        pytest.param("2026-11-23 08:30", "2026-11-20 08:30", "Mon 2026-11-23 08:30", id="now"),
        pytest.param("2026-11-23 08:29", "2026-11-20 08:30", "never", id="a minute early"),
        pytest.param("2026-11-23 12:00", "2026-11-23 08:30", "never", id="done"),
        pytest.param("2026-11-23 12:00", "2026-11-18 08:30", "Mon 2026-11-23 08:30", id="the newest of three"),
        pytest.param("2026-11-22 12:00", "2026-11-19 08:30", "Fri 2026-11-20 08:30", id="on Sunday, Friday's"),
        pytest.param("2026-11-23 08:00", "2026-11-24 08:30", "never", id="done already by a clock that was ahead"),
    ],
)
def test_last_due(now: str, since: str, expected: str) -> None:
    """After downtime a job is due once, for the newest time it missed."""
    assert shown(last_due(WEEKDAYS_0830, BERLIN, at(now), at(since))) == expected


@given(
    cron=st.sampled_from(CRONS),
    zone=st.sampled_from(ZONES),
    around=st.sampled_from(("2026-03-08", "2026-03-29", "2026-04-05", "2026-10-04", "2026-10-25", "2026-11-01")),
    minutes=st.integers(-2000, 2000),
)
def test_looking_back_finds_what_looking_ahead_did(cron: str, zone: ZoneInfo, around: str, minutes: int) -> None:
    """In every night of changed clocks, due times are the same whether asked before or after."""
    now = datetime.fromisoformat(around).replace(tzinfo=UTC) + timedelta(minutes=minutes)

    coming = next_due(cron, zone, now)

    assert coming > now
    assert last_due(cron, zone, coming, None) == coming
    assert last_due(cron, zone, coming - timedelta(seconds=1), now) is None
    assert last_due(cron, zone, coming, coming) is None
    past = last_due(cron, zone, now, None)
    assert past is not None
    assert past <= now
    assert next_due(cron, zone, past) == coming


@pytest.mark.parametrize("cron", ["", "8:30", "61 8 * * *", "30 8 * *", "0 0 30 2 *"])
def test_no_cron_line(cron: str) -> None:
    """What is no time at all is refused."""
    with pytest.raises(ValueError, match=r"cron line|never due"):
        next_due(cron, BERLIN, at("2026-11-23 08:30"))


def test_a_new_job_waits_for_its_next_time() -> None:
    """Switching a schedule on sends nothing at once: what was due before counts as over."""
    record = Record()

    assert take_due(RUN, BERLIN, record, at("2026-11-23 10:00")) is None
    assert take_due(RUN, BERLIN, record, at("2026-11-24 08:29")) is None
    assert take_due(RUN, BERLIN, record, at("2026-11-24 08:30")) == Due(RUN, at("2026-11-24 08:30"), is_missed=False)


def test_a_due_time_is_given_once() -> None:
    """However often a job is asked about, and whatever the clock does, one due time is given once."""
    record = Record({"run 30 8 * * 1-5": {at("2026-11-20 08:30")}})
    times = ("08:30", "08:31", "07:45", "08:30", "09:00", "08:00", "08:30")

    given_out = [take_due(RUN, BERLIN, record, at(f"2026-11-23 {time}")) for time in times]

    assert [due.at for due in given_out if due] == [at("2026-11-23 08:30")]


def test_a_clock_a_day_ahead() -> None:
    """After a clock was a day ahead for a while, today's job still runs today, and tomorrow's does not run again."""
    record = Record()
    take_due(RUN, BERLIN, record, at("2026-11-23 08:00"))

    ahead = take_due(RUN, BERLIN, record, at("2026-11-24 09:00"))
    today = take_due(RUN, BERLIN, record, at("2026-11-23 08:30"))
    tomorrow = take_due(RUN, BERLIN, record, at("2026-11-24 08:30"))
    later = take_due(RUN, BERLIN, record, at("2026-11-25 08:30"))

    assert [shown(due.at) if due else None for due in (ahead, today, tomorrow, later)] == [
        "Tue 2026-11-24 08:30",
        "Mon 2026-11-23 08:30",
        None,
        "Wed 2026-11-25 08:30",
    ]


@pytest.mark.parametrize(
    ("now", "is_missed"),
    [("2026-11-23 20:30", False), ("2026-11-23 20:31", True), ("2026-11-29 12:00", True)],
    ids=["just in time", "a minute too late", "on Sunday, Friday's"],
)
def test_too_late(now: str, is_missed: bool) -> None:
    """After three days of downtime a job is caught up once, unless even its newest time is too long ago."""
    record = Record({"run 30 8 * * 1-5": {at("2026-11-18 08:30")}})

    due = take_due(RUN, BERLIN, record, at(now))

    assert due is not None
    assert due.is_missed is is_missed
    assert take_due(RUN, BERLIN, record, at(now)) is None


def test_the_ledger_keeps_due_times(tmp_path: Path) -> None:
    """A restarted service knows what ran before."""
    with closing(open_ledger(tmp_path)) as ledger:
        take_due(RUN, BERLIN, ledger, at("2026-11-20 10:00"))
        first = take_due(RUN, BERLIN, ledger, at("2026-11-23 08:30"))
    with closing(open_ledger(tmp_path)) as ledger:
        again = take_due(RUN, BERLIN, ledger, at("2026-11-23 08:31"))

    assert first == Due(RUN, at("2026-11-23 08:30"), is_missed=False)
    assert again is None


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
        self.logged.append(f"{event}: {facts['job']}")

    warning = error = exception = info

    def serve(self, *jobs: Job, until: datetime) -> None:
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
            )


def test_a_morning() -> None:
    """Jobs run at their times, to the second, in the order of config.yaml."""
    service = Service(at("2026-11-23 08:05:20"))

    service.serve(RUN, INBOX, until=at("2026-11-23 09:01"))

    assert service.done == [
        "inbox Mon 2026-11-23 08:15",
        "run Mon 2026-11-23 08:30",
        "inbox Mon 2026-11-23 08:30",
        "inbox Mon 2026-11-23 08:45",
        "inbox Mon 2026-11-23 09:00",
    ]
    assert service.sleeps[:2] == [timedelta(seconds=40), timedelta(seconds=60)]
    assert max(service.sleeps) == timedelta(minutes=1)


def test_three_days_of_downtime() -> None:
    """A server that was off for three days runs each job once, and does not make up for every time."""
    record = Record({"run 30 8 * * 1-5": {at("2026-11-18 08:30")}})
    record.record_due("inbox */15 * * * *", at("2026-11-18 08:45"), at("2026-11-18 08:45"))
    service = Service(at("2026-11-23 10:02"), record)

    service.serve(RUN, INBOX, until=at("2026-11-23 10:10"))

    assert service.done == ["run Mon 2026-11-23 10:02", "inbox Mon 2026-11-23 10:02"]


def test_downtime_longer_than_allowed() -> None:
    """What is missed by more than its lateness allows is left out, once, and that is recorded."""
    record = Record({"run 30 8 * * 1-5": {at("2026-11-18 08:30")}})
    service = Service(at("2026-11-22 10:02"), record)

    service.serve(RUN, until=at("2026-11-22 10:10"))

    assert service.done == []
    assert service.logged == ["job missed: run"]


def test_a_job_that_fails() -> None:
    """A job that fails stops no other, is due again at its next time, and after three failures somebody is told."""
    service = Service(at("2026-11-23 08:05"))
    service.breaks["inbox"] = MailerOutOfReach("the mail server does not answer")

    service.serve(INBOX, RUN, until=at("2026-11-23 09:20"))

    assert service.done == [
        "inbox Mon 2026-11-23 08:15",
        "inbox Mon 2026-11-23 08:30",
        "run Mon 2026-11-23 08:30",
        "inbox Mon 2026-11-23 08:45",
        "inbox Mon 2026-11-23 09:00",
        "inbox Mon 2026-11-23 09:15",
    ]
    assert service.alerts == ["inbox failed 3 times: the mail server does not answer"]


def test_a_job_that_recovers() -> None:
    """Failures count in a row: one success starts the count anew."""
    service = Service(at("2026-11-23 08:05"))
    service.breaks["inbox"] = ValueError("a fault of ours")
    service.at_tick = {30: service.breaks.clear, 45: lambda: service.breaks.update(inbox=ValueError("again"))}

    service.serve(INBOX, until=at("2026-11-23 09:20"))

    assert service.logged.count("job failed: inbox") == 4
    assert service.logged.count("job done: inbox") == 1
    assert service.alerts == []


def test_an_alert_that_fails() -> None:
    """An alert that cannot be sent stops nothing."""
    service = Service(at("2026-11-23 08:05"))
    service.alerting = MailerOutOfReach("the mail server does not answer either")
    service.breaks["inbox"] = MailerOutOfReach("the mail server does not answer")

    service.serve(INBOX, until=at("2026-11-23 09:01"))

    assert len(service.done) == 4
    assert service.logged.count("alert failed: inbox") == 1


def test_another_run_is_at_work() -> None:
    """Finding another run at work is no failure: it does the same."""
    service = Service(at("2026-11-23 08:05"))
    service.breaks["inbox"] = AlreadyRunning("another run is at work")

    service.serve(INBOX, until=at("2026-11-23 09:01"))

    assert service.alerts == []
    assert service.logged.count("job left out: inbox") == 4


def test_stopping_between_jobs() -> None:
    """Told to stop while a job runs, the service finishes it and begins no other."""
    service = Service(at("2026-11-23 08:20"))
    service.takes = timedelta(seconds=10)

    service.serve(RUN, INBOX, until=at("2026-11-23 08:30:05"))

    assert service.done == ["run Mon 2026-11-23 08:30"]


def test_a_clock_set_back() -> None:
    """A clock set back by an hour silences nobody for that hour, and makes nothing run twice."""
    service = Service(at("2026-11-23 08:20"))
    service.at_tick = {25: lambda: service.clock.set(service.clock.now() - timedelta(hours=1))}
    report = Work("report", "50 7 * * *", "07:50", timedelta(hours=1))

    service.serve(RUN, report, until=at("2026-11-23 09:00"))

    assert service.done == ["run Mon 2026-11-23 08:30"]
    assert len(service.sleeps) > 95
    assert max(service.sleeps) <= timedelta(minutes=1)


def test_a_clock_that_steps_every_minute() -> None:
    """A clock that jumps to and fro every minute makes no job run early by it, twice or in a burst."""
    service = Service(at("2026-11-23 08:20"))
    forth, back = timedelta(minutes=7), -timedelta(minutes=7)

    def step(by: timedelta) -> None:
        service.clock.set(service.clock.now() + by)

    service.at_tick = {tick: partial(step, forth if tick % 2 else back) for tick in range(1, 61)}

    service.serve(RUN, INBOX, until=at("2026-11-23 09:10"))

    assert service.done == [
        "run Mon 2026-11-23 08:30",
        "inbox Mon 2026-11-23 08:30",
        "inbox Mon 2026-11-23 08:46",
        "inbox Mon 2026-11-23 09:00",
    ]


@pytest.mark.parametrize(("night", "hours"), [("2026-03-29", 3), ("2026-10-25", 5)], ids=["spring", "autumn"])
def test_the_night_clocks_change(night: str, hours: int) -> None:
    """In both nights of changed clocks a job at 02:30 runs once, and one every 15 minutes runs all real quarters."""
    service = Service(at(f"{night} 00:00"))
    nightly = Work("report", "30 2 * * *", "02:30", timedelta(hours=1))

    service.serve(nightly, INBOX, until=at(f"{night} 04:00"))

    assert len([done for done in service.done if done.startswith("report")]) == 1
    assert len([done for done in service.done if done.startswith("inbox")]) == hours * 4 - 1
