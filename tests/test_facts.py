"""Knowledge of the world: holidays, and where a country's clocks stand."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo, available_timezones

import pytest

from automations.core.policy import Business, SendWindow
from automations.core.schedules import next_open
from automations.facts import LANGUAGES, gather_facts, holidays_of, zones_of_country

BERLIN = ZoneInfo("Europe/Berlin")

NO_COUNTRY = {"AC", "BV", "CP", "CQ", "DG", "EA", "EU", "EZ", "HM", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
"""Codes of CLDR without a zone of their own: islands without people, parts of countries, groups of countries."""


def business(holidays: str = "") -> Business:
    """Return a business in Berlin."""
    return Business("Bergblick Office Coffee", "Lindenstr. 12, 10969 Berlin", BERLIN, holidays)


def test_holidays_of_a_part_of_a_country() -> None:
    """Berlin has its own holiday on 8 March, and Christmas as everywhere in Germany."""
    found = holidays_of("DE-BE", [2026])

    assert found == {
        date(2026, 1, 1),
        date(2026, 3, 8),
        date(2026, 4, 3),
        date(2026, 4, 6),
        date(2026, 5, 1),
        date(2026, 5, 14),
        date(2026, 5, 25),
        date(2026, 10, 3),
        date(2026, 12, 25),
        date(2026, 12, 26),
    }


def test_holidays_in_lieu() -> None:
    """A holiday that falls on a Saturday is kept on the Friday before, in the United States."""
    assert date(2026, 7, 3) in holidays_of("US", [2026])


@pytest.mark.parametrize(("code", "years"), [("", [2026]), ("DE-BE", [])], ids=["none wanted", "no year"])
def test_no_holidays(code: str, years: list[int]) -> None:
    """A business that names no holidays has none."""
    assert holidays_of(code, years) == frozenset()


@pytest.mark.parametrize("code", ["XX", "DE-XX"])
def test_unknown_holidays(code: str) -> None:
    """Holidays nobody knows are an error, never an empty calendar."""
    with pytest.raises(ValueError, match=f"no public holidays are known for '{code}'"):
        holidays_of(code, [2026])


@pytest.mark.parametrize(
    ("text", "first", "count"),
    [
        ("Germany", "Europe/Berlin", 2),
        ("deutschland", "Europe/Berlin", 2),
        ("  DE ", "Europe/Berlin", 2),
        ("DEU", "Europe/Berlin", 2),
        ("D", "Europe/Berlin", 2),
        ("Allemagne", "Europe/Berlin", 2),
        ("Германия", "Europe/Berlin", 2),
        ("ドイツ", "Europe/Berlin", 2),
        ("德国", "Europe/Berlin", 2),
        ("Österreich", "Europe/Vienna", 1),
        ("Oesterreich", "Europe/Vienna", 1),
        ("Osterreich", "Europe/Vienna", 1),
        ("UK", "Europe/London", 1),
        ("U.K.", "Europe/London", 1),
        ("England", "Europe/London", 1),
        ("USA", "America/New_York", 29),
        ("the United States", "America/New_York", 29),
        ("U.S.", "America/New_York", 29),
        ("Canada", "America/Toronto", 23),
        ("Australia", "Australia/Sydney", 12),
        ("Brasil", "America/Sao_Paulo", 16),
        ("Россия", "Europe/Moscow", 26),
        ("Türkei", "Europe/Istanbul", 1),
        ("Turkey", "Europe/Istanbul", 1),
        ("Côte d\u2019Ivoire", "Africa/Abidjan", 1),
        ("Korea, Republic of", "Asia/Seoul", 1),
        ("Iran, Islamic Republic of", "Asia/Tehran", 1),
        ("Georgia, USA", "America/New_York", 29),
        ("Hong Kong", "Asia/Hong_Kong", 1),
        ("Kosovo", "Europe/Belgrade", 1),
    ],
)
def test_zones_of_a_country(text: str, first: str, count: int) -> None:
    """A country is recognised however a team writes it, and the zone most of its people live in comes first."""
    zones = zones_of_country(text)

    assert str(zones[0]) == first
    assert len(zones) == count


@pytest.mark.parametrize("text", ["", " ", ",", "Select", "Atlantis", "n/a", "-", "XX", "EU", "ZZ", "12345", "../etc"])
def test_no_country(text: str) -> None:
    """What is no country has no zones."""
    assert zones_of_country(text) == ()


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_country_has_a_name_in_every_language(language: str) -> None:
    """Each country of the tz database is found by its name in each language, and all its zones exist."""
    from babel.core import Locale  # noqa: PLC0415 - an independent look at the same names

    names = [name for code, name in Locale(language).territories.items() if len(code) == 2 and code not in NO_COUNTRY]
    known = available_timezones()

    for name in names:
        zones = zones_of_country(name)
        assert zones, name
        assert {str(zone) for zone in zones} <= known


def test_facts_of_a_book() -> None:
    """Only the places a book names are looked up, each under its own spelling, with the zones that differ."""
    facts = gather_facts(
        business("DE-BE"), range(2025, 2028), ["USA", "germany", "america/new_york", "Select", "Canada"]
    )

    assert date(2026, 3, 8) in facts.holidays
    assert sorted(facts.country_zones) == ["america/new_york", "canada", "germany", "usa"]
    assert facts.country_zones["germany"] == (BERLIN,)
    assert facts.country_zones["america/new_york"] == (ZoneInfo("America/New_York"),)
    assert [str(zone) for zone in facts.country_zones["usa"]] == [
        "America/New_York",
        "America/Chicago",
        "America/Denver",
        "America/Phoenix",
        "America/Los_Angeles",
        "America/Anchorage",
        "America/Adak",
        "Pacific/Honolulu",
    ]
    assert len(facts.country_zones["canada"]) == 10


def test_facts_know_mailboxes() -> None:
    """Which mailboxes are free, disposable or a role's is known."""
    facts = gather_facts(business(), ())

    assert "gmail.com" in facts.free_mailbox_domains
    assert "mailinator.com" in facts.disposable_domains
    assert "info" in facts.role_names
    assert facts.holidays == frozenset()
    assert facts.country_zones == {}


def test_a_lead_in_canada_is_mailed_when_all_of_canada_is_at_work() -> None:
    """Leaving out zones that show the same time changes no answer."""
    now = datetime(2026, 11, 23, 6, tzinfo=UTC)
    few = gather_facts(business(), [2026], ["canada"]).country_zones["canada"]

    opening = next_open(SendWindow(), few, frozenset(), now)

    assert opening == next_open(SendWindow(), zones_of_country("Canada"), frozenset(), now)
    assert opening == datetime(2026, 11, 23, 17, tzinfo=UTC)
