"""When jobs are due."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from working import BERLIN, EVERY_15_MINUTES, RUN, WEEKDAYS_0830, Record, at, shown

from automations.jobs import Due, last_due, next_due, take_due
from automations.ledger.sqlite import open_ledger

ZONES = tuple(
    ZoneInfo(name)
    for name in ("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia")
)
CRONS = (WEEKDAYS_0830, EVERY_15_MINUTES, "30 2 * * *", "0,15 1-3 * * *", "0 8 * * 1", "5 */2 * * *", "0 0 1 * *")


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


def test_where_clocks_change_by_half_an_hour_no_time_is_passed_over() -> None:
    """On Lord Howe Island 02:00 becomes 01:30 on 5 April; the job of 02:05 is due that night too."""
    before = datetime(2026, 4, 4, 13, 5, tzinfo=UTC)

    assert next_due("5 */2 * * *", ZoneInfo("Australia/Lord_Howe"), before) == datetime(2026, 4, 4, 15, 35, tzinfo=UTC)


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
