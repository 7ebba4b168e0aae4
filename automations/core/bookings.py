"""When there is room for one more email: what has left and what is promised, counted by everything that has a limit.

Every question has one form: the first moment from a given one on at which one more fits. Bookings only grow, so a
moment that did not fit once never fits again, and no search goes over full days and slots a second time. A booking
keeps a place in the future as well as it keeps one in the past: what is booked later never breaks what was booked
before, in whatever order the two of them leave.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right, insort
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from automations.core.addresses import address_identity
from automations.core.calendars import ANY_TIME
from automations.core.history import COUNTED, History, MessageRecord, MessageState
from automations.core.messages import Fault
from automations.core.policy import Policy, Rate, Sender, SendWindow
from automations.core.schedules import day_bounds

USUAL_A_DAY = 100
"""How many emails a day are spread by, of a sender without per_day: what a mailbox sends without being noticed."""

AFTER_REFUSAL = timedelta(days=7)
"""How long a sender who warms up sends half, after a server refused an email of theirs as unwanted."""

TAKEN = frozenset({MessageState.ACCEPTED, MessageState.IN_DOUBT, MessageState.HANDING_OVER})
"""States in which the message may be in somebody's inbox: these count against every cap."""

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
_NOON = time(12)


class Booked(NamedTuple):
    """One email that left, or that will at *at*: who may count it."""

    address: str
    company: str
    domain: str
    sender: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Start:
    """What a sender's warm-up goes by: their first day, and the days on which an email was refused as unwanted."""

    first: date
    refused: tuple[date, ...] = ()


class Slots(NamedTuple):
    """How a sender's day is cut up: a slot every *minutes*, each for *emails* of them."""

    minutes: int
    emails: int


def slots_for(a_day: int, window: SendWindow) -> Slots:
    """Return slots that let *a_day* emails leave within the hours of *window*.

    >>> slots_for(80, SendWindow())
    Slots(minutes=6, emails=1)
    """
    closes = window.closes.hour * 60 + window.closes.minute + (1 if window.closes.second else 0)
    hours = (closes or 24 * 60) - (window.opens.hour * 60 + window.opens.minute)
    minutes = max(1, hours // a_day)
    slots = max(1, hours // minutes)
    return Slots(minutes, -(-a_day // slots))


def free_at(times: Sequence[datetime], rate: Rate, start: datetime) -> datetime:
    """Return the first moment from *start* on at which one more fits: at most *count* in any span of *per*.

    *times* are in order, and may lie before and after the moment. Spans exclude their end.
    """
    moment = start
    first = max(0, bisect_right(times, start - rate.per) - rate.count)
    for at in range(first, len(times) - rate.count + 1):
        opening, closing = times[at], times[at + rate.count - 1]
        if opening >= moment + rate.per:
            break
        if closing - opening < rate.per and closing - rate.per < moment < opening + rate.per:
            moment = opening + rate.per
    return moment


class Bookings:
    """Everything that has left and is promised; the one value here that grows while we choose."""

    def __init__(
        self, *, zone: ZoneInfo, now: datetime, spread_over: SendWindow | None, starts: Mapping[str, Start]
    ) -> None:
        self._zone = zone
        self._now = now.astimezone(UTC)
        self._today = now.astimezone(zone).date()
        self._spread_over = spread_over
        self._starts = starts
        self._times: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)
        self._by_day: Counter[tuple[str, date]] = Counter()
        self._by_slot: Counter[tuple[str, datetime]] = Counter()
        self._known_full: dict[object, tuple[datetime, datetime]] = {}
        self._day_after: dict[tuple[str, date], date] = {}
        self._next_slot: dict[tuple[str, datetime], datetime] = {}
        self._senders: dict[str, Sender] = {}
        self._grids: dict[tuple[str, date], tuple[datetime, ...]] = {}

    def add(self, booked: Booked, sender: Sender | None) -> None:
        """Take one more into account."""
        at = booked.at.astimezone(UTC)
        for kind, name in (("address", booked.address), ("company", booked.company), ("domain", booked.domain)):
            if name:
                insort(self._times[kind, name], at)
        self._by_day[booked.sender, self._day(at)] += 1
        if sender is not None and self._spread_over is not None:
            self._by_slot[booked.sender, self._slot_of(sender, at)] += 1

    def nearest(self, kind: str, name: str, moment: datetime) -> datetime:
        """Return the newest email of before *moment*, else the first one after it; there is one."""
        times = self._times[kind, name]
        return times[max(0, bisect_right(times, moment) - 1)]

    def free(self, kind: str, name: str, rate: Rate | None, moment: datetime) -> datetime:
        """Return when an email may go to an address, a company or a domain, by a rate of theirs."""
        if rate is None or not name or (kind, name) not in self._times:
            return moment
        key = (kind, name, rate)
        return self._remembered(key, moment, free_at(self._times[kind, name], rate, self._from(key, moment)))

    def day_free(self, sender: Sender, moment: datetime) -> datetime:
        """Return when a sender has sent less than they may on that day: *moment*, or the beginning of a later day."""
        if self.most_on(sender, self._today) is None:
            return moment
        today = day = self._day(moment)
        full: list[date] = []
        while (most := self.most_on(sender, day)) is not None and self._by_day[sender.name, day] >= most:
            full.append(day)
            day = self._day_after.get((sender.name, day), day + _DAY)
        self._day_after.update(((sender.name, each), day) for each in full)
        return moment if day == today else day_bounds(datetime.combine(day, _NOON, self._zone), self._zone)[0]

    def most_on(self, sender: Sender, day: date) -> int | None:
        """Return how many emails a sender may send on a day; None is no limit.

        While they warm up, that is what the ramp says, half of it for a week after a refusal, and never nothing.
        """
        if sender.warm_up is None:
            return sender.per_day
        start = self._starts.get(sender.name, Start(self._today))
        most = sender.warm_up.first + sender.warm_up.add * max(0, (day - start.first).days)
        if any(each <= day < each + AFTER_REFUSAL for each in start.refused):
            most = max(1, most // 2)
        return most if sender.per_day is None else min(most, sender.per_day)

    def slot_free(self, sender: Sender, moment: datetime) -> datetime:
        """Return when it is a sender's turn: *moment* if nobody has used the slot it lies in, else a later slot."""
        if self._spread_over is None:
            return moment
        first = slot = self._slot_of(sender, moment)
        full: list[datetime] = []
        while self._by_slot[sender.name, slot] >= self._slots(sender, self._day(slot)).emails:
            full.append(slot)
            slot = self._next_slot.get((sender.name, slot)) or self._slot_after(sender, slot)
        self._next_slot.update(((sender.name, each), slot) for each in full)
        return moment if slot == first else slot

    def _from(self, key: object, moment: datetime) -> datetime:
        since, until = self._known_full.get(key, (moment, moment))
        return until if since <= moment <= until else moment

    def _remembered(self, key: object, moment: datetime, found: datetime) -> datetime:
        since, until = self._known_full.get(key, (moment, moment))
        self._known_full[key] = (min(since, moment), found) if since <= moment <= until else (moment, found)
        return found

    def _day(self, moment: datetime) -> date:
        return moment.astimezone(self._zone).date()

    def _slots(self, sender: Sender, day: date) -> Slots:
        return slots_for(self.most_on(sender, day) or USUAL_A_DAY, self._spread_over or SendWindow())

    def _slot_of(self, sender: Sender, moment: datetime) -> datetime:
        """Return the beginning of the slot that a moment lies in; before a day's first slot, the last one before it."""
        grid = self._grid(sender, moment)
        at = bisect_right(grid, moment)
        if at:
            return grid[at - 1]
        return self._grid(sender, day_bounds(moment, self._zone)[0] - _MINUTE)[-1]

    def _slot_after(self, sender: Sender, slot: datetime) -> datetime:
        grid = self._grid(sender, slot)
        at = bisect_right(grid, slot)
        return grid[at] if at < len(grid) else self._grid(sender, day_bounds(slot, self._zone)[1])[0]

    def _grid(self, sender: Sender, moment: datetime) -> tuple[datetime, ...]:
        """Return when the slots of a sender's day begin: at uneven minutes, the same ones whenever it is asked."""
        day = self._day(moment)
        if (sender.name, day) not in self._grids:
            begins, ends = day_bounds(moment, self._zone)
            minutes, _ = self._slots(sender, day)
            slots = (ends - begins) // (minutes * _MINUTE)
            self._grids[sender.name, day] = tuple(
                begins + (number * minutes + _jitter(sender.name, day, number, minutes)) * _MINUTE
                for number in range(slots)
            )
        return self._grids[sender.name, day]


def _jitter(sender: str, day: date, number: int, minutes: int) -> int:
    """Return by how many minutes a slot begins late: 0 to half of its length."""
    digest = hashlib.sha256(f"{sender}\n{day.isoformat()}\n{number}".encode()).digest()
    return int.from_bytes(digest[:4], "big") % (minutes // 2 + 1)


def bookings_of(history: History, policy: Policy, now: datetime) -> Bookings:
    """Return everything that has left, as what is planned from *now* on has to count it."""
    zone, limits = policy.business.zone, policy.limits
    bookings = Bookings(
        zone=zone,
        now=now,
        spread_over=(limits.window or ANY_TIME) if limits.spread else None,
        starts=_starts(history, policy),
    )
    senders = {sender.name: sender for sender in policy.senders}
    yesterday = day_bounds(now, zone)[0] - timedelta(days=1)
    for record in _counted(history, policy):
        booked = Booked(
            address_identity(record.address),
            record.company,
            record.address.rpartition("@")[2].lower(),
            record.sender,
            record.at,
        )
        bookings.add(booked, senders.get(record.sender) if record.at >= yesterday else None)
    return bookings


def _counted(history: History, policy: Policy) -> Iterator[MessageRecord]:
    """Return every message that may be in somebody's inbox and that some rate still counts.

    A rate over a longer span than `COUNTED` asks all messages there ever were.
    """
    limits = policy.limits
    rates = (limits.per_company, limits.per_domain, limits.per_lead)
    spans = (limits.gap, *(rate.per for rate in rates if rate))
    records: Iterable[MessageRecord] = history.messages
    if max(spans) >= COUNTED:
        records = (record for known in history.leads.values() for record in known.messages)
    return (record for record in records if record.state in TAKEN)


def _starts(history: History, policy: Policy) -> dict[str, Start]:
    """Return what the warm-up of each sender that has one goes by."""
    warming = {sender.name for sender in policy.senders if sender.warm_up}
    days: dict[str, list[tuple[date, bool]]] = {}
    if not warming:
        return {}
    for known in history.leads.values():
        for record in known.messages:
            refused = record.state is MessageState.REFUSED and record.fault is Fault.POLICY
            if record.sender in warming and (refused or record.state in TAKEN):
                day = record.at.astimezone(policy.business.zone).date()
                days.setdefault(record.sender, []).append((day, refused))
    return {
        name: Start(min(day for day, _ in found), tuple(sorted({day for day, refused in found if refused})))
        for name, found in days.items()
    }
