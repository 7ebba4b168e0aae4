"""A month of a business of three senders as a plan and a model: who answers what and when, and what must become of it.

The leads answer by a plan made beforehand: for each of the four emails, what comes back and how many hours later. The
model knows that plan and the calendar, and nothing of the code under test: an email leaves on a working day when its
wait is over, nobody has said stop, and nobody is away.

People answer outside of the hours in which emails leave (9:30 to 14:00), so that it makes no difference to anything
whether a run had to be begun again.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Europe/Berlin")
FIRST_DAY = date(2026, 3, 16)
"""A Monday; clocks change in the second week, and there is no public holiday in the settings."""
SENDERS = ("anna", "jonas", "mara")
STEPS = ("hello", "more", "case", "last")
WAITS = (0, 2, 3, 4)
"""Business days before each email."""
LOOKS = (time(9, 30), time(12), time(14), time(17))
RUNS = frozenset({time(9, 30), time(14)})


class Answer(NamedTuple):
    """What comes back for one email: of what kind, how many hours later; *days* is the length of an absence."""

    kind: str
    hours: float
    days: int = 0


@dataclass(frozen=True, slots=True)
class Person:
    """A lead of the simulated month: from which day on it stands in the sheet, and what it answers, by email."""

    address: str
    name: str
    company: str
    owner: str
    day: int
    answers: Mapping[str, tuple[Answer, ...]]


@dataclass(slots=True)
class End:
    """Where a lead stands at the end of the month, and how it came there."""

    stage: str = "New"
    place: str = "not in it"
    suppressed: str = ""
    status: str = ""
    got: list[tuple[str, date]] = field(default_factory=list)


def people(count: int, dice: random.Random) -> list[Person]:
    """Return so many leads; a fifth of them have a colleague, who is written to by somebody else, perhaps later."""
    made = []
    for number in range(count):
        firm = number - 1 if number % 10 == 9 else number
        made.append(
            Person(
                address=f"lead{number}@kunde{firm}.example",
                name=dice.choice(("Eva", "Żaneta", "José", "Renée", "Nils", "花子")) + f" {number}",
                company=f"Kunde {firm} <GmbH> & Söhne",
                owner=SENDERS[number % 3],
                day=dice.randrange(12),
                answers=_answers(dice),
            )
        )
    return made


_ENDING = ("reply", "reply elsewhere", "not interested", "unsubscribe", "unsubscribe by mail", "dead", "complaint")
_PASSING = ("away", "away for long", "full", "policy", "delay", "ticket", "receipt", "calendar", "forged")


def _answers(dice: random.Random) -> dict[str, tuple[Answer, ...]]:
    if dice.random() < 0.05:
        return {step: (Answer("full", 8 + dice.random()),) for step in STEPS}
    answers: dict[str, tuple[Answer, ...]] = {}
    for step in STEPS:
        kinds = [dice.choice(_PASSING)] if dice.random() < 0.4 else []
        kinds += [dice.choice(_ENDING)] if dice.random() < 0.15 else []
        answers[step] = tuple(Answer(kind, _evening(dice), dice.randint(2, 12)) for kind in kinds)
    return answers


def _evening(dice: random.Random) -> float:
    """Return hours from an email that left between 9:30 and 14:30 to an evening or a night, today or days later."""
    return 24 * dice.choice((0, 0, 0, 1, 1, 2, 5)) + dice.choice((dice.uniform(7.8, 9.4), dice.uniform(15, 22)))


class Told(NamedTuple):
    """Something that reaches us: when, from whom, what, about which email."""

    at: datetime
    person: Person
    answer: Answer


def arrives(sent_on: date, answer: Answer) -> datetime:
    """Return when an answer to an email of a day comes: hours from 9:30 on, whichever run sent it."""
    return datetime.combine(sent_on, time(9, 30), ZONE) + timedelta(hours=answer.hours)


def away_until(told: Told) -> datetime:
    """Return when somebody is back, who says it or not."""
    if told.answer.kind == "away for long":
        return told.at + timedelta(days=7)
    back = (told.at.astimezone(ZONE) + timedelta(days=told.answer.days)).date()
    return datetime.combine(back, time(), ZONE)


_STOPS = {
    "reply": "replied",
    "reply elsewhere": "replied",
    "not interested": "replied",
    "unsubscribe": "unsubscribed",
    "unsubscribe by mail": "unsubscribed",
    "dead": "the address does not exist",
    "complaint": "marked an email as spam",
}
_SUPPRESSES = {
    "unsubscribe": "unsubscribed",
    "unsubscribe by mail": "unsubscribed",
    "dead": "address does not exist",
    "complaint": "marked an email as spam",
}
_WEEKDAYS, _MONTHS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"], ["Jan", "Feb", "Mar", "Apr", "May"]


def said(day: date) -> str:
    """Return a day as people read it."""
    return f"{_WEEKDAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def workdays_after(day: date, count: int) -> date:
    """Return the day so many working days later."""
    while count:
        day += timedelta(days=1)
        count -= day.weekday() < 5
    return day


class Model:
    """What should have happened: a calendar, a list of leads, and rules in as few words as there can be."""

    def __init__(self, leads: Sequence[Person]) -> None:
        self.leads = leads
        self.ends = {lead.address: End() for lead in leads}
        self.heard: dict[str, list[Told]] = {lead.address: [] for lead in leads}
        self.coming: list[Told] = []

    def live(self, days: int) -> dict[str, End]:
        """Live through so many days; return where every lead stands then."""
        for number in range(days):
            day = FIRST_DAY + timedelta(days=number)
            for look in LOOKS:
                self._hear(datetime.combine(day, look, ZONE))
                if look in RUNS and day.weekday() < 5:
                    for lead in self.leads:
                        self._write(lead, number, day, datetime.combine(day, look, ZONE))
        for lead in self.leads:
            self._sum_up(lead)
        return self.ends

    def _hear(self, now: datetime) -> None:
        for told in sorted(self.coming, key=lambda each: each.at):
            if told.at <= now:
                self.heard[told.person.address].append(told)
                self.coming.remove(told)
        for lead in self.leads:
            end = self.ends[lead.address]
            if end.place == "under way":
                why = self._why_stopped(lead)
                end.place = f"stopped: {why}" if why else end.place

    def _why_stopped(self, lead: Person) -> str:
        own = [_STOPS[told.answer.kind] for told in self.heard[lead.address] if told.answer.kind in _STOPS]
        if own:
            return own[0]
        colleagues = (each for each in self.leads if each.company == lead.company)
        answered = any(
            _STOPS.get(told.answer.kind) == "replied" for each in colleagues for told in self.heard[each.address]
        )
        return "someone at the same company replied" if answered else ""

    def _write(self, lead: Person, number: int, day: date, now: datetime) -> None:
        end = self.ends[lead.address]
        if number < lead.day or end.place not in {"not in it", "under way"} or self._why_stopped(lead):
            return
        sent = len(end.got)
        if sent and day < workdays_after(end.got[-1][1], WAITS[sent]):
            return
        heard = self.heard[lead.address]
        if any(now < away_until(told) for told in heard if told.answer.kind.startswith("away")):
            return
        if sent >= 3 and self._kept_coming_back(lead):
            return
        end.got.append((STEPS[sent], day))
        end.place = "finished" if sent + 1 == len(STEPS) else "under way"
        self.coming += [Told(arrives(day, each), lead, each) for each in lead.answers[STEPS[sent]]]

    def _kept_coming_back(self, lead: Person) -> bool:
        last = [step for step, _ in self.ends[lead.address].got[-3:]]
        back = {told.answer for told in self.heard[lead.address] if told.answer.kind in {"full", "policy"}}
        return all(any(each in back for each in lead.answers[step]) for step in last)

    def _sum_up(self, lead: Person) -> None:
        end, heard = self.ends[lead.address], self.heard[lead.address]
        kinds = {told.answer.kind for told in heard}
        end.suppressed = next((_SUPPRESSES[told.answer.kind] for told in heard if told.answer.kind in _SUPPRESSES), "")
        if end.suppressed or "not interested" in kinds:
            end.stage = "Lost"
        elif kinds & {"reply", "reply elsewhere"}:
            end.stage = "Replied"
        elif end.got:
            end.stage = "Contacted"
        end.status = self._status(end, heard)

    def _status(self, end: End, heard: Sequence[Told]) -> str:
        for kinds, text in _LASTING:
            days = [told.at.astimezone(ZONE).date() for told in heard if told.answer.kind in kinds]
            if days:
                return text.format(said(max(days)))
        lines = [(datetime.combine(day, time(14, 30), ZONE), f"{step} sent {said(day)}") for step, day in end.got]
        for told in heard:
            if told.answer.kind in _BACK:
                day = told.at.astimezone(ZONE).date()
                lines.append((told.at, f"came back {said(day)}: {_BACK[told.answer.kind]}"))
            elif told.answer.kind.startswith("away"):
                lines.append((told.at, f"out of office until {said(away_until(told).astimezone(ZONE).date())}"))
        return max(lines)[1] if lines else ""


_LASTING = (
    (("complaint",), "marked as spam {}"),
    (("unsubscribe", "unsubscribe by mail"), "unsubscribed {}"),
    (("dead",), "address does not exist"),
    (("reply", "reply elsewhere", "not interested"), "replied {}"),
)
_BACK = {"full": "the mailbox is full", "policy": "a rule of the recipient's side refused it"}
