"""How a moment is said, and where a lead's clocks stand."""

from __future__ import annotations

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from automations.core.leads import Columns, Field, Lead, LeadKey
from automations.core.schedules import say_date, say_day, say_when, zones_for

BERLIN = ZoneInfo("Europe/Berlin")
NEW_YORK = ZoneInfo("America/New_York")
MOSCOW = ZoneInfo("Europe/Moscow")


def at(zone: ZoneInfo, text: str) -> datetime:
    """Return the moment at which clocks in *zone* show *text*."""
    return datetime.fromisoformat(text).replace(tzinfo=zone)


@pytest.mark.parametrize(
    ("moment", "when", "day"),
    [
        ("2026-11-23 14:05", "today 14:05", "today"),
        ("2026-11-26 09:12", "Thu 26 Nov 09:12", "Thu 26 Nov"),
        ("2026-11-22 23:59", "Sun 22 Nov 23:59", "Sun 22 Nov"),
        ("2027-01-01 00:00", "Fri 1 Jan 2027 00:00", "Fri 1 Jan 2027"),
        ("2025-11-23 09:12", "Sun 23 Nov 2025 09:12", "Sun 23 Nov 2025"),
    ],
)
def test_saying_when(moment: str, when: str, day: str) -> None:
    """A moment is said with its weekday, today by name, and with the year only when it is another one."""
    now = at(BERLIN, "2026-11-23 08:30")

    assert say_when(at(BERLIN, moment), now, BERLIN) == when
    assert say_day(at(BERLIN, moment), now, BERLIN) == day


def test_saying_a_date() -> None:
    """A bare date is said the same way."""
    assert say_date(date(2026, 12, 3), date(2026, 11, 23)) == "Thu 3 Dec"
    assert say_date(date(2028, 2, 29), date(2026, 11, 23)) == "Tue 29 Feb 2028"


@pytest.mark.parametrize(
    ("country", "timezone", "expected"),
    [
        pytest.param("Germany", None, (BERLIN,), id="by country"),
        pytest.param(" germany ", None, (BERLIN,), id="however it is written"),
        pytest.param("Germany", "America/New_York", (NEW_YORK,), id="a time zone wins"),
        pytest.param("Germany", "Mars/Base", (BERLIN,), id="a time zone nobody knows does not"),
        pytest.param("Atlantis", None, (MOSCOW,), id="a country nobody knows"),
        pytest.param(None, None, (MOSCOW,), id="nothing known: the business's own"),
        pytest.param(49, None, (MOSCOW,), id="a number"),
    ],
)
def test_zones_of_a_lead(country: str | None, timezone: str | None, expected: tuple[ZoneInfo, ...]) -> None:
    """A lead lives in the zone of its own column, else in its country's, else where the business is."""
    columns = Columns((Field("email", "Email"), Field("country", "Land"), Field("timezone", "Zone")), "email", "email")
    lead = Lead(LeadKey("eva@muster.example"), 2, ("eva@muster.example", country, timezone))
    places = {"germany": (BERLIN,), "america/new_york": (NEW_YORK,)}

    assert zones_for(lead, columns, places, MOSCOW) == expected


def test_zones_without_such_columns() -> None:
    """Without a column for country or time zone every lead lives where the business is."""
    columns = Columns((Field("email", "Email"),), "email", "email")
    lead = Lead(LeadKey("eva@muster.example"), 2, ("eva@muster.example",))

    assert zones_for(lead, columns, {}, BERLIN) == (BERLIN,)
