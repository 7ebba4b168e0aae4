"""The day an absent person is back, where a text says it clearly: one date, or a span with an end.

Days and months are read as they are written in the languages of the tables. A date that can be read in two ways
(03/04) is read only where its order is known: dots mean day first, an ISO date is what it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from typing import NamedTuple

from automations.mail.incoming.phrases import LANGUAGES, MAX_GAP, Phrase, find, folded, section, table

MAX_AHEAD = timedelta(days=400)
"""A day further ahead is not believed: a person away for so long is no lead, or the date is none."""
MAX_BEHIND = timedelta(days=2)
_MAX_TEXT = 5000


class Said(NamedTuple):
    """A day found in a text, and where it begins and ends."""

    day: date
    start: int
    end: int


_ISO = re.compile(r"(?<![\d.])(20\d\d)[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_DOTTED = re.compile(r"(?<![\d.])(\d{1,2})\. ?(\d{1,2})\.(?: ?(20\d\d|\d\d)(?!\d))?")
_SLASHED = re.compile(r"(?<![\d/])(\d{1,2})[/-](\d{1,2})[/-](20\d\d|\d\d)(?![\d/])")
_JAPANESE = re.compile(r"(?:(20\d\d)年 ?)?(\d{1,2})月 ?(\d{1,2})日|(?<![\d/])(\d{1,2})/(\d{1,2})(?=\()")


@cache
def _month_names() -> Mapping[str, int]:
    """Return the number of every name of a month, in all languages."""
    names: dict[str, int] = {}
    for language in LANGUAGES:
        for number, phrase in enumerate(table(language).get("months", ()), start=1):
            for name in phrase.words.split():
                names.setdefault(name, number)
    return names


@cache
def _named() -> tuple[re.Pattern[str], re.Pattern[str]]:
    names = "|".join(sorted(map(re.escape, _month_names()), key=len, reverse=True))
    year = r"(?:[ ,.]{1,3}(?:de |del )?(20\d\d))?"
    of = r"(?: ?\.?,? ?(?:of |de |del |d')?)"
    day_first = re.compile(rf"(?<!\d)(\d{{1,2}})(?:st|nd|rd|th|er|º|°|e|\.)?{of}({names})\b\.?{year}")
    month_first = re.compile(rf"\b({names})\.? (\d{{1,2}})(?:st|nd|rd|th)?(?![\d:.])(?:,? (20\d\d))?")
    return day_first, month_first


def back_on(text: str, received: date, *, month_first: bool = False) -> date | None:
    """Return the first day an absent person is there again; None when *text* does not say it clearly.

    *received* is the day the answer came: a date without a year is the next one after it. "Until the 5th" means the
    6th. Several days that are all said to be the end, or one far away, are not clear. *month_first* reads 03/04/2027
    as an American does.
    """
    words = folded(text[:_MAX_TEXT])
    days = list(_days(words, received, month_first=month_first))
    ends: dict[date, None] = {}
    for said in days:
        ahead = words[max(0, said.start - MAX_GAP) : said.start]
        behind = words[said.end : said.end + 12]
        if (end := _meaning(said.day, ahead, behind)) is not None:
            ends.setdefault(end, None)
    likely = [day for day in ends if received - MAX_BEHIND <= day <= received + MAX_AHEAD]
    if len(likely) == 1:
        return likely[0]
    # "Away until 5 May, back on 6 May" names one day twice; anything else is a guess, and a guess is none.
    return max(likely) if likely and max(likely) - min(likely) <= timedelta(days=4) else None


def _meaning(day: date, ahead: str, behind: str) -> date | None:
    """Return the first day back that *day* means by the words around it; None where they say nothing of the kind."""
    last = _nearest("last day away", ahead)
    first = _nearest("first day back", ahead)
    if any(find(each, behind) == 0 for each in section("last day away") if not each.pieces[0].left):
        return day + timedelta(days=1)
    if any(0 <= find(each, behind) <= 4 for each in section("first day back") if not each.pieces[0].left):  # noqa: PLR2004
        return day
    if last < 0 and first < 0:
        return None
    return day + timedelta(days=1) if last > first else day


def _nearest(name: str, ahead: str) -> int:
    """Return where the phrase of a section that stands nearest before a date ends; -1 when none stands there."""
    best = -1
    for phrase in section(name):
        at = _last(phrase, ahead)
        if at >= 0:
            best = max(best, at + len(phrase.pieces[0].text))
    return best if best >= 0 and not re.search(r"\d", ahead[best:]) else -1


def _last(phrase: Phrase, text: str) -> int:
    found, start = -1, 0
    while (at := find(phrase, text[start:])) >= 0:
        found = start + at
        start = found + 1
    return found


def _days(words: str, received: date, *, month_first: bool) -> Iterator[Said]:
    day_first, name_first = _named()
    names = _month_names()
    for match in _ISO.finditer(words):
        yield from _said(match, match[1], match[2], match[3], received)
    for match in _DOTTED.finditer(words):
        yield from _said(match, match[3], match[2], match[1], received)
    for match in _SLASHED.finditer(words):
        one, two = int(match[1]), int(match[2])
        if month_first or two > 12 >= one:  # noqa: PLR2004 - no month has a number above 12
            yield from _said(match, match[3], one, two, received)
        elif one > 12 >= two or one == two:  # noqa: PLR2004
            yield from _said(match, match[3], two, one, received)
    for match in _JAPANESE.finditer(words):
        yield from _said(match, match[1], match[2] or match[4], match[3] or match[5], received)
    for match in day_first.finditer(words):
        yield from _said(match, match[3], names[match[2]], match[1], received)
    for match in name_first.finditer(words):
        yield from _said(match, match[3], names[match[1]], match[2], received)


def _said(match: re.Match[str], year: str | None, month: str | int, day: str | int, received: date) -> Iterator[Said]:
    try:
        if year is not None:
            whole = int(year) + (2000 if len(year) == 2 else 0)  # noqa: PLR2004 - 26 means 2026
            found = date(whole, int(month), int(day))
        else:
            found = _next_one(int(month), int(day), received)
    except ValueError:
        return
    yield Said(found, match.start(), match.end())


def _next_one(month: int, day: int, received: date) -> date:
    """Return the day without a year that is nearest ahead; a day just past counts as this year's."""
    this = date(received.year, month, day)
    return this if this >= received - timedelta(days=60) else date(received.year + 1, month, day)
