"""Knowledge of the world that deciding needs: public holidays, kinds of mailboxes, and where countries are.

Fetched before deciding and handed over as frozen values, because `core` looks nothing up. What other people maintain
comes from their packages: holidays from `holidays`, disposable domains from `disposable-email-domains`, names of
countries in many languages from CLDR by `babel`, their time zones from the tz database by `tzdata`. Each is imported
only when something asks for it.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cache
from types import MappingProxyType
from zoneinfo import ZoneInfo

from automations.core.policy import Business, Days, Facts
from automations.core.schedules import place_key

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "nb", "fi", "cs", "tr", "ru", "uk", "ja", "zh")
"""Languages in which a country's name is looked for, in this order: where two differ, the first wins."""

_ALSO_CALLED = MappingProxyType(
    {
        "GB": "great britain, britain, england, scotland, wales, northern ireland, schottland, grossbritannien",
        "US": "america, united states of america, the states, vereinigte staaten von amerika, amerika",
        "NL": "holland, the netherlands, niederlande, olanda, holanda",
        "DE": "brd, bundesrepublik deutschland, federal republic of germany, d",
        "AT": "a, oesterreich",
        "CH": "swiss, schweiz/suisse",
        "FR": "f",
        "IT": "i",
        "BE": "b",
        "LU": "l",
        "ES": "e",
        "PT": "p",
        "SE": "s",
        "NO": "n",
        "IE": "republic of ireland, eire",
        "CZ": "czech republic, tschechische republik",
        "TR": "turkey, republic of turkiye",
        "RU": "russian federation, russische foderation",
        "KR": "korea, republic of korea, korea republic of",
        "CN": "prc, peoples republic of china, mainland china",
        "HK": "hong kong, hongkong",
        "MO": "macau, macao",
        "TW": "taiwan roc, taiwan province of china",
        "VN": "viet nam",
        "AE": "uae, emirates, emirate, vae, dubai, abu dhabi",
        "SA": "ksa, kingdom of saudi arabia",
        "CI": "ivory coast, cote divoire",
        "CV": "cape verde",
        "SZ": "swaziland",
        "MK": "macedonia, mazedonien",
        "MM": "burma",
        "CD": "drc, dr congo, democratic republic of the congo, congo democratic republic of the",
        "CG": "congo, republic of the congo",
        "PS": "palestine, palastina",
        "BA": "bosnia, bosnien",
        "XK": "kosovo",
    }
)
"""What people write besides the names in CLDR, as `_folded` leaves it; single letters are those on cars."""

_MAIN_ZONES = MappingProxyType(
    {
        "AU": "Australia/Sydney",
        "BR": "America/Sao_Paulo",
        "CA": "America/Toronto",
        "RU": "Europe/Moscow",
        "UA": "Europe/Kyiv",
        "UZ": "Asia/Tashkent",
    }
)
"""Where most people live in countries whose zones the tz database lists from one end to the other."""

_ZONES_BESIDES = MappingProxyType({"XK": ("Europe/Belgrade",)})
"""Zones of countries that ISO 3166, and so the tz database, does not list."""

_NO_ACCENTS = str.maketrans(
    {"ß": "ss", "ø": "o", "Ø": "o", "ł": "l", "Ł": "l", "\u0131": "i", ".": "", ",": " ", "'": "", "\u2019": ""}
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
_ISO_LETTERS = {2, 3}
_SATURDAY_AND_SUNDAY = frozenset({5, 6})


def gather_facts(business: Business, years: Iterable[int], places: Iterable[str] = ()) -> Facts:
    """Return what deciding needs to know: the holidays of *years*, and the zones of the *places* a book names.

    *places* are the texts of cells under ``country`` and ``timezone``; those nobody knows are left out.
    Raises ValueError when nobody knows the business's holidays.
    """
    from disposable_email_domains import blocklist  # noqa: PLC0415 - long lists, which checking does not need

    from automations.core import mailboxes  # noqa: PLC0415

    asked = tuple(years)
    found = {place_key(place): _zones_of_place(place) for place in places}
    return Facts(
        free_mailbox_domains=mailboxes.FREE_MAILBOX_DOMAINS,
        disposable_domains=frozenset(blocklist),
        role_names=mailboxes.ROLE_NAMES,
        holidays=holidays_of(business.holidays, asked),
        country_zones={place: _without_doubles(zones, asked) for place, zones in found.items() if zones},
        country_days=_country_days(business, asked, places),
    )


def _country_days(business: Business, years: Sequence[int], places: Iterable[str]) -> dict[str, Days]:
    """Return the days of the countries that *places* name, where they differ from the business's own.

    Holidays are the business's and the country's together: on neither is there somebody on both ends. A business that
    names none keeps none. A weekend that people share counts either way.
    """
    codes = {place_key(place): code_of_country(place) for place in places}
    ours = holidays_of(business.holidays, years)
    days = {code: _days_of(code, years, ours, keeps_holidays=bool(business.holidays)) for code in {*codes.values()}}
    usual = Days(ours)
    return {place: days[code] for place, code in codes.items() if code and days[code] != usual}


def _days_of(code: str, years: Sequence[int], ours: frozenset[date], *, keeps_holidays: bool) -> Days:
    if not code or not years:
        return Days(ours)
    from holidays import country_holidays  # noqa: PLC0415 - 55 ms, for books with countries

    try:
        found = country_holidays(code, years=years)
    except NotImplementedError:
        return Days(ours)
    holidays = ours | frozenset(found) if keeps_holidays else ours
    return Days(holidays, frozenset(range(7)) - _free_days(frozenset(found.weekend)))


def _free_days(weekend: frozenset[int]) -> frozenset[int]:
    """Return the days that are no weekdays: offices are open on Saturdays in Hong Kong, yet no one calls it a weekday.

    >>> sorted(_free_days(frozenset({6}))), sorted(_free_days(frozenset({4, 5})))
    ([5, 6], [4, 5])
    """
    return _SATURDAY_AND_SUNDAY if weekend.issubset(_SATURDAY_AND_SUNDAY) else weekend


def holidays_of(code: str, years: Sequence[int]) -> frozenset[date]:
    """Return the public holidays of a country (``DE``) or a part of it (``DE-BE``); none for an empty *code*.

    Days in lieu are among them. Raises ValueError for a code that `holidays` does not know.
    """
    if not code or not years:
        return frozenset()
    from holidays import country_holidays  # noqa: PLC0415 - 55 ms, for those who have holidays

    country, _, part = code.partition("-")
    try:
        return frozenset(country_holidays(country, subdiv=part or None, years=years))
    except NotImplementedError:
        raise ValueError(f"no public holidays are known for {code!r}") from None


def zones_of_country(text: str) -> tuple[ZoneInfo, ...]:
    """Return the time zones of a country as people write it, the main one first; none for what is no country.

    Known are ISO 3166 codes of two and three letters, names in 18 languages, and what people say besides. Costs 4 ms
    for each language that has to be looked through the first time.

    >>> zones_of_country("Austria") == zones_of_country("AUT") == zones_of_country(" österreich ")
    True
    """
    return _zones_of_code(code_of_country(text))


def code_of_country(text: str) -> str:
    """Return the two letters of a country as people write it; empty for what is no country."""
    # "Georgia, USA" is in the last part, "Iran, Islamic Republic of" in the first.
    parts = (text, text.rpartition(",")[2], text.partition(",")[0])
    return next((code for part in parts if (code := _country_code(_folded(part)))), "")


def _zones_of_place(text: str) -> tuple[ZoneInfo, ...]:
    name = _zone_names().get(place_key(text))
    return (ZoneInfo(name),) if name else zones_of_country(text)


@cache
def languages_of_country(text: str) -> tuple[str, ...]:
    """Return the official languages of a country as people write it, by their two letters, most spoken first.

    >>> languages_of_country("Switzerland")[:2]
    ('de', 'fr')
    """
    from babel.languages import get_official_languages  # noqa: PLC0415 - only emails in several languages need it

    code = code_of_country(text)
    return tuple(get_official_languages(code, de_facto=True)) if code else ()


@cache
def code_of_language(text: str) -> str:
    """Return the two letters of a language as people write it: ``de-AT``, ``German``, ``Deutsch``; empty if it is none.

    >>> code_of_language(" German"), code_of_language("de_AT"), code_of_language("Klingonese")
    ('de', 'de', '')
    """
    folded = _folded(text)
    code = folded.replace("_", "-").partition("-")[0]
    if len(code) == min(_ISO_LETTERS) and code in _names_of_languages(LANGUAGES[0]).values():
        return code
    return next((names[folded] for names in map(_names_of_languages, LANGUAGES) if folded in names), "")


@cache
def _names_of_languages(language: str) -> Mapping[str, str]:
    from babel.core import Locale  # noqa: PLC0415 - as above

    names = Locale(language).languages.items()
    return {_folded(name): code for code, name in names if len(code) == min(_ISO_LETTERS)}


@cache
def _zone_names() -> Mapping[str, str]:
    """Return the names of all time zones, by the key they are looked up by."""
    from importlib.resources import files  # noqa: PLC0415 - 4 ms, for books that name places

    return {place_key(name): name for name in files("tzdata").joinpath("zones").read_text().split()}


@cache
def _country_code(name: str) -> str:
    """Return the two letters of a country by its folded name; empty for what is no country."""
    return (
        (_code_of_iso(name.upper()) if len(name) in _ISO_LETTERS else "")
        or _also_called().get(name, "")
        or next((names[name] for names in map(_names_in, LANGUAGES) if name in names), "")
    )


def _code_of_iso(code: str) -> str:
    if code in _zones_by_code():
        return code
    from babel.core import get_global  # noqa: PLC0415 - 15 ms, for books with countries

    aliases = get_global("territory_aliases").get(code, ())
    return aliases[0] if len(aliases) == 1 and aliases[0] in _zones_by_code() else ""


@cache
def _also_called() -> Mapping[str, str]:
    return {name: code for code, names in _ALSO_CALLED.items() for name in names.split(", ")}


@cache
def _names_in(language: str) -> Mapping[str, str]:
    """Return the codes of all countries by their folded names in one language."""
    from babel.core import Locale  # noqa: PLC0415 - 15 ms, for books with countries

    names = {code: name for code, name in Locale(language).territories.items() if code in _zones_by_code()}
    spelled = {_folded(name.translate(_UMLAUTS)): code for code, name in names.items()}
    return spelled | {_folded(name): code for code, name in names.items()}


def _folded(name: str) -> str:
    """Return a name without what people leave out: case, accents, periods, apostrophes, an article, double spaces.

    >>> _folded(" The  U.S.A."), _folded("Côte d'Ivoire"), _folded("Bosnia & Herzegovina")
    ('usa', 'cote divoire', 'bosnia and herzegovina')
    """
    decomposed = unicodedata.normalize("NFKD", name.translate(_NO_ACCENTS))
    plain = "".join(sign for sign in decomposed if not unicodedata.combining(sign)).casefold().replace("&", " and ")
    return " ".join(plain.split()).removeprefix("the ")


@cache
def _zones_by_code() -> Mapping[str, tuple[str, ...]]:
    """Return the names of each country's zones, by its two letters, as the tz database lists them."""
    zones: dict[str, tuple[str, ...]] = dict(_ZONES_BESIDES)
    from importlib.resources import files  # noqa: PLC0415 - as above

    for line in files("tzdata").joinpath("zoneinfo", "zone.tab").read_text().splitlines():
        if line and not line.startswith("#"):
            code, _, name = line.split("\t")[:3]
            zones[code] = (*zones.get(code, ()), name)
    return zones


def _zones_of_code(code: str) -> tuple[ZoneInfo, ...]:
    names = _zones_by_code().get(code, ())
    main = _MAIN_ZONES.get(code)
    return tuple(ZoneInfo(name) for name in sorted(names, key=lambda name: name != main))


def _without_doubles(zones: tuple[ZoneInfo, ...], years: Sequence[int]) -> tuple[ZoneInfo, ...]:
    """Return *zones* without those whose clocks show, in *years*, what those of an earlier one do.

    Looked at weekly; nowhere do two parts of one country change to the same time within a week of each other.
    """
    weeks = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(weeks=week) for year in years for week in range(53)]
    by_clock: dict[tuple[timedelta | None, ...], ZoneInfo] = {}
    for zone in zones:
        by_clock.setdefault(tuple(week.astimezone(zone).utcoffset() for week in weeks), zone)
    return tuple(by_clock.values()) if weeks else zones
