"""Staying on to run jobs: what a server does all day, and on odd days."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import pytest
from working import INBOX, RUN, Record, Service, Work, at

from automations.errors import AlreadyRunning, MailerOutOfReach


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
