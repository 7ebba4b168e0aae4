"""Values as people say them: times, spans, rates, shares, days and schedules."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time, timedelta

import pytest
from cronsim import CronSim
from hypothesis import given
from hypothesis import strategies as st

from automations.config import names, spoken
from automations.config.nearest import hint, nearest
from automations.config.spoken import Amiss
from automations.core.policy import Rate, SendWindow, Wait

EVERY_DAY = frozenset(range(7))


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30 days", timedelta(days=30)),
        ("1 day", timedelta(days=1)),
        ("a week", timedelta(days=7)),
        ("an hour", timedelta(hours=1)),
        ("90 minutes", timedelta(minutes=90)),
        ("2 Months", timedelta(days=60)),
        ("1 year", timedelta(days=365)),
    ],
)
def test_spans(text: str, span: timedelta) -> None:
    """A span is a number and a unit; a month is 30 days."""
    assert spoken.read_span(text) == span


@pytest.mark.parametrize(
    ("text", "wait"),
    [
        ("3 business days", Wait(business_days=3)),
        ("1 business day", Wait(business_days=1)),
        ("2 weeks", Wait(timedelta(days=14))),
        ("4 hours", Wait(timedelta(hours=4))),
    ],
)
def test_waits(text: str, wait: Wait) -> None:
    """A wait is a span, or business days."""
    assert spoken.read_wait(text) == wait


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("on weekdays", {0, 1, 2, 3, 4}),
        ("on weekends", {5, 6}),
        ("every day", set(range(7))),
        ("daily", set(range(7))),
        ("on Mondays", {0}),
        ("on Sunday", {6}),
        ("on Mon, Wed and Fri", {0, 2, 4}),
        ("on tues and thurs", {1, 3}),
    ],
)
def test_days(text: str, days: set[int]) -> None:
    """Days as spoken, in singular, plural or short."""
    assert spoken.read_days(text) == days


@pytest.mark.parametrize(
    ("text", "window"),
    [
        ("09:00-17:00 on weekdays", SendWindow(time(9), time(17), frozenset(range(5)))),
        ("8:30 - 12:00", SendWindow(time(8, 30), time(12), EVERY_DAY)),
        ("09:00 to 17:00 every day", SendWindow(time(9), time(17), EVERY_DAY)),
        ("09:00\u201317:00 on Saturdays", SendWindow(time(9), time(17), frozenset({5}))),
    ],
)
def test_sending_hours(text: str, window: SendWindow) -> None:
    """Hours with a hyphen, a dash or a word; without days they hold every day."""
    assert spoken.read_window(text) == window


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("1 every 3 days", Rate(1, timedelta(days=3))),
        ("2 a week", Rate(2, timedelta(days=7))),
        ("5 per day", Rate(5, timedelta(days=1))),
        ("1 every week", Rate(1, timedelta(days=7))),
        ("3 an hour", Rate(3, timedelta(hours=1))),
    ],
)
def test_rates(text: str, rate: Rate) -> None:
    """How often something may happen."""
    assert spoken.read_rate(text) == rate


@pytest.mark.parametrize(("text", "share"), [("5%", 0.05), ("2.5 %", 0.025), ("99.9%", 0.999)])
def test_shares(text: str, share: float) -> None:
    """A percentage is a share between nothing and all."""
    assert spoken.read_share(text) == pytest.approx(share)


@pytest.mark.parametrize(
    ("text", "fade"),
    [
        ("50% a month", spoken.SpokenFade(0.5, timedelta(days=30), "", 0)),
        ("10% every 2 weeks since asked_on", spoken.SpokenFade(0.1, timedelta(days=14), "asked_on", 24)),
        ("25% per year", spoken.SpokenFade(0.25, timedelta(days=365), "", 0)),
    ],
)
def test_fades(text: str, fade: spoken.SpokenFade) -> None:
    """How fast points lose their worth, and since when."""
    assert spoken.read_fade(text) == fade


# 23 November 2026 is a Monday.
FROM = datetime(2026, 11, 23, 8, 0)  # noqa: DTZ001 - cronsim counts on the wall clock here


@pytest.mark.parametrize(
    ("text", "cron", "first", "second"),
    [
        ("08:30 on weekdays", "30 8 * * 1,2,3,4,5", "Mon 08:30", "Tue 08:30"),
        ("08:00 on Mondays", "0 8 * * 1", "Mon 08:00", "Mon 08:00"),
        ("08:00 on Sundays", "0 8 * * 0", "Sun 08:00", "Sun 08:00"),
        ("08:00 on Mondays and Thursdays", "0 8 * * 1,4", "Thu 08:00", "Mon 08:00"),
        ("17:05 every day", "5 17 * * *", "Mon 17:05", "Tue 17:05"),
        ("8:00 daily", "0 8 * * *", "Tue 08:00", "Wed 08:00"),
        ("every 15 minutes", "*/15 * * * *", "Mon 08:15", "Mon 08:30"),
        ("every minute", "* * * * *", "Mon 08:01", "Mon 08:02"),
        ("every 2 hours", "0 */2 * * *", "Mon 10:00", "Mon 12:00"),
        ("every hour on weekends", "0 * * * 0,6", "Sat 00:00", "Sat 01:00"),
        ("08:00 on the 1st", "0 8 1 * *", "Tue 08:00", "Fri 08:00"),
        ("08:00 on the 15th of the month", "0 8 15 * *", "Tue 08:00", "Fri 08:00"),
    ],
)
def test_schedules_come_when_they_say(text: str, cron: str, first: str, second: str) -> None:
    """A schedule as spoken is due when a person would expect it, by the same cron reader that serve uses."""
    assert spoken.read_schedule(text) == cron

    due = CronSim(cron, FROM)
    if text == "08:00 on Mondays":
        due = CronSim(cron, FROM - timedelta(minutes=1))

    assert [next(due).strftime("%a %H:%M"), next(due).strftime("%a %H:%M")] == [first, second]


@pytest.mark.parametrize(
    ("read", "text", "what", "under", "part"),
    [
        (spoken.read_span, "3 fortnights", 'there is no unit of time "fortnights"', "units: ", "fortnights"),
        (spoken.read_span, "soon", '"soon" is not a time span', "write it like 3 days, 12 hours, 2 weeks", "soon"),
        (spoken.read_span, "11 years", '"11 years" is longer than ten years', "write a shorter time", "11 years"),
        (spoken.read_span, "99999 years", '"99999 years" is longer than ten years', "write a shorter", "99999 years"),
        (
            spoken.read_wait,
            "0 business days",
            '"0 business days" is no wait at all',
            "write at least",
            "0 business days",
        ),
        (spoken.read_clock, "24:00", '"24:00" is not a time of day', "write it like 08:30 or 17:00", "24:00"),
        (spoken.read_clock, "9am", '"9am" is not a time of day', "write it like 08:30 or 17:00", "9am"),
        (spoken.read_days, "Mondays", '"Mondays" does not say on which days', "write it like on weekdays", "Mondays"),
        (
            spoken.read_days,
            "on Mondays and Tusdays",
            'there is no day "Tusdays"',
            'did you mean "Tuesdays"?',
            "Tusdays",
        ),
        (spoken.read_window, "all day", '"all day" does not tell sending hours', "write it like 09:00", "all day"),
        (spoken.read_rate, "1 every 3 dayz", 'there is no unit of time "dayz"', 'did you mean "days"?', "3 dayz"),
        (spoken.read_rate, "3 days", '"3 days" does not say how often', "write it like 1 every 3 days", "3 days"),
        (spoken.read_share, "0%", '"0%" is not between 0% and 100%', "write it like 5%", "0%"),
        (spoken.read_fade, "fast", '"fast" does not say how points fade', "write it like 50% a month", "fast"),
        (spoken.read_schedule, "08:00 on the 31st", "not every month has a day 31", "1 to 28 will do", "31"),
        (
            spoken.read_schedule,
            "every 0 minutes",
            '"every 0 minutes" does not come at equal',
            "minutes that do: 1",
            "0",
        ),
        (spoken.read_schedule, "25:00 every day", '"25:00" is not a time of day', "write it like 08:30", "25:00"),
        (
            names.read_name,
            "Office size",
            '"Office size" cannot be a name in rules',
            'write it like "office_size"',
            None,
        ),
        (names.read_name, "größe", '"größe" cannot be a name in rules', 'write it like "gr_e"', None),
        (names.read_name, "1", '"1" cannot be a name in rules', "letters, digits and _ only", None),
        (names.read_mailbox, "Anna <anna>", '"anna" is not an email address: there is no @', "write it like", "anna"),
        (
            names.read_mailbox,
            "An\x07na <a@b.example>",
            "the sender's name has a sign that no",
            "type the name",
            "An\x07na ",
        ),
        (
            names.read_host,
            "smtp.h.example:587",
            "this is not the name of a server",
            "write it like smtp.gmail.com",
            None,
        ),
        (names.read_zone, "Berlin", 'there is no time zone "Berlin"', 'did you mean "Europe/Berlin"?', None),
        (names.read_zone, "Europe", 'there is no time zone "Europe"', "", None),
        (names.read_zone, "../etc/passwd", 'there is no time zone "../etc/passwd"', "", None),
        (names.read_zone, "New York", 'there is no time zone "New York"', 'did you mean "America/New_York"?', None),
        (names.read_line, "a\nb", "this text has more than one line", "write it in one line", None),
        (names.read_label, "x" * 81, "a name has one line and at most 80 characters", "shorten it", None),
    ],
)
def test_what_cannot_be_understood_is_named(
    read: Callable[[str], object], text: str, what: str, under: str, part: str | None
) -> None:
    """The very words that are wrong are told, with what to write instead."""
    with pytest.raises(Amiss) as caught:
        read(text)

    amiss = caught.value
    assert amiss.what.startswith(what)
    assert amiss.under.startswith(under)
    if part is not None:
        assert text[amiss.start : amiss.end] == part


READERS = (
    spoken.read_span,
    spoken.read_wait,
    spoken.read_clock,
    spoken.read_days,
    spoken.read_window,
    spoken.read_rate,
    spoken.read_share,
    spoken.read_fade,
    spoken.read_schedule,
    names.read_name,
    names.read_mailbox,
    names.read_host,
    names.read_zone,
    names.read_holidays,
    names.read_secret_name,
)
WORDS = st.lists(
    st.sampled_from(
        [
            "0",
            "1",
            "15",
            "99999",
            "a",
            "an",
            "every",
            "on",
            "and",
            "since",
            "per",
            "the",
            "1st",
            "day",
            "days",
            "business",
            "weekdays",
            "Mondays",
            "08:30",
            "25:00",
            "-",
            "5%",
            "%",
            "x",
            ",",
        ]
    ),
    max_size=6,
).map(" ".join)


def refusal(read: Callable[[str], object], text: str) -> Amiss | None:
    """Return why a text is refused; None when it is understood."""
    try:
        read(text)
    except Amiss as amiss:
        return amiss
    return None


@given(read=st.sampled_from(READERS), text=st.one_of(WORDS, st.text()))
def test_any_words_are_read_or_refused(read: Callable[[str], object], text: str) -> None:
    """Whatever is said: a value, or which part of it cannot be understood."""
    amiss = refusal(read, text)

    if amiss is not None:
        assert amiss.what
        assert 0 <= amiss.start <= len(text)
        assert amiss.end is None or amiss.start <= amiss.end <= len(text)


def test_nearest_spelling() -> None:
    """The nearest right word is offered in its own spelling; none when none is near."""
    assert nearest("refferal", ["Website", "Referral", "Trade fair"]) == "Referral"
    assert nearest("munday", ["sunday", "monday"]) == "monday"
    assert nearest("zzz", ["Website"]) is None
    assert nearest("", ["Website"]) is None


def test_hint_offers_one_word_or_all_of_them() -> None:
    """A near word, else a short list, else that there is nothing yet."""
    assert hint("runn", ["run", "inbox"], kind="jobs") == 'did you mean "run"?'
    assert hint("x", ["run", "inbox"], kind="jobs") == "jobs: run, inbox"
    assert hint("x", [], kind="jobs") == "there are no jobs yet"
    assert hint("x", "abcdefghij", kind="letters") == "letters: a, b, c, d, e, f, g, h, ..."


def test_holiday_codes_are_those_of_the_library() -> None:
    """Every country, and every part of Germany, that the library knows passes; others do not."""
    from holidays import list_supported_countries  # noqa: PLC0415 - 55 ms, and only here

    from automations.config.holiday_codes import check_holidays  # noqa: PLC0415

    known = list_supported_countries(include_aliases=True)
    for country, parts in known.items():
        check_holidays(country)
        for part in parts:
            if part.isascii() and part.isalnum() and len(part) <= 3:
                check_holidays(f"{country}-{part.upper()}")
    for code in ("XX", "DE-XX", "AT-BE", "US-DE2"):
        with pytest.raises(Amiss):
            check_holidays(code)
