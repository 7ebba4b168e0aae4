"""Which due emails may leave now: suppressions, caps, gaps, windows, breakers. Each no has a reason and an end.

`choose` goes through the candidates in a fixed order (due first, then score, then key) and keeps count as it goes, so
that the plan as a whole stays within every limit, not each email alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from automations.core.absences import REST, absent_until, failing
from automations.core.addresses import address_identity
from automations.core.history import History, LeadHistory, MessageRecord, MessageState, SignalKind
from automations.core.leads import Lead
from automations.core.messages import Fault
from automations.core.plan import Hold, HoldKind
from automations.core.policy import EmailSequence, Policy, Rate, Sender, SendWindow, Step
from automations.core.schedules import day_bounds, next_open, say_when
from automations.core.witness import email_status_cell, unknown_email

ANY_TIME = SendWindow(time(0), time.max, frozenset(range(7)))
"""The window of an owner who set none; holidays still count."""

BREAKER_SPAN = timedelta(days=7)
BREAKER_LEAST = 20
"""Below this many emails a share of bounces says nothing."""

_TAKEN = frozenset({MessageState.ACCEPTED, MessageState.IN_DOUBT, MessageState.HANDING_OVER})
"""States in which the message may be in somebody's inbox: these count against every cap."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One email that is due for one lead, before any limit was asked.

    *sender* is None when config.yaml names none for this lead, and *sender_problem* says why. *record* is the message
    the ledger has of it already. *snoozed_until* is what a person typed.
    """

    lead: Lead
    known: LeadHistory
    sequence: EmailSequence
    step: Step
    due: datetime
    score: float
    company: str
    zones: tuple[ZoneInfo, ...]
    because: str
    sender: Sender | None
    sender_problem: str = ""
    record: MessageRecord | None = None
    starting: bool = False
    """Whether the lead enters the sequence with this email; it does so only if the email leaves."""
    snoozed_until: datetime | None = None

    @property
    def what(self) -> str:
        """Return how a hold names this email."""
        return f"{self.sequence.name}, {self.step.name}"

    @property
    def order(self) -> tuple[datetime, float, str, str]:
        """Return the place in the queue: nothing in it depends on the row."""
        return (self.due, -self.score, self.lead.key, self.sequence.name)


@dataclass(slots=True)
class _Counts:
    """What has left already, with what this plan lets leave: the one value here that grows while we choose."""

    last_by_address: dict[str, datetime] = field(default_factory=dict)
    by_company: defaultdict[str, list[datetime]] = field(default_factory=lambda: defaultdict(list))
    today_by_sender: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, *, address: str, company: str, sender: str, at: datetime, today: bool) -> None:
        identity = address_identity(address)
        self.last_by_address[identity] = max(at, self.last_by_address.get(identity, at))
        if company:
            self.by_company[company].append(at)
        if today:
            self.today_by_sender[sender] += 1


@dataclass(frozen=True, slots=True)
class _Question:
    """Everything a limit may ask about."""

    policy: Policy
    history: History
    holidays: frozenset[date]
    now: datetime
    counts: _Counts
    bounces: str
    first_of_address: Mapping[str, str]
    got_already: Mapping[tuple[str, str, str], str]
    """Whose message it was: by sequence, step and address."""

    def opening(self, candidate: Candidate, moment: datetime) -> datetime:
        """Return the first moment from *moment* on at which an email may reach this lead."""
        window = self.policy.limits.window or ANY_TIME
        return next_open(window, candidate.zones, self.holidays, max(moment, self.now))

    def say(self, moment: datetime) -> str:
        return say_when(moment, self.now, self.policy.business.zone)


Answer = tuple[str, datetime | None] | None
"""Why not, and until when (None: a person must act); or nothing against it."""


def _no_address(candidate: Candidate, _: _Question) -> Answer:
    return None if candidate.lead.address else ("the row has no email address", None)


def _suppressed(candidate: Candidate, ask: _Question) -> Answer:
    found = ask.history.suppressed.of(candidate.lead.address)
    return (found.why, None) if found else None


def _in_doubt(candidate: Candidate, _: _Question) -> Answer:
    doubtful = [each for each in candidate.known.messages if each.state in _TAKEN - {MessageState.ACCEPTED}]
    if not doubtful:
        return None
    return f"nobody knows whether {doubtful[0].step} arrived: decide with  leadwright settle", None


def _not_recorded(candidate: Candidate, ask: _Question) -> Answer:
    if candidate.record is not None:
        return None
    status = email_status_cell(candidate.lead, ask.policy.columns)
    told = unknown_email(status, candidate.step.name, candidate.known)
    if not told:
        return None
    return (
        f'the sheet says "{told}", and that is not on record: put the newest .leadwright back, or clear the cell',
        None,
    )


def _refused(candidate: Candidate, _: _Question) -> Answer:
    record = candidate.record
    if record is None or record.state is not MessageState.REFUSED:
        return None
    return f"the mail server refused it: {record.reply}", None


def _snoozed(candidate: Candidate, ask: _Question) -> Answer:
    until = candidate.snoozed_until
    return ("snoozed in the sheet", ask.opening(candidate, until)) if until and until > ask.now else None


def _absent(candidate: Candidate, ask: _Question) -> Answer:
    until = absent_until(candidate.known, ask.now)
    return (f"out of office until {ask.say(until)}", ask.opening(candidate, until)) if until else None


def _failing(candidate: Candidate, ask: _Question) -> Answer:
    last = failing(candidate.known, ask.now)
    return (f"the last emails came back: {last.detail}", ask.opening(candidate, last.at + REST)) if last else None


def _no_sender(candidate: Candidate, _: _Question) -> Answer:
    return None if candidate.sender else (candidate.sender_problem, None)


def _same_address(candidate: Candidate, ask: _Question) -> Answer:
    identity = address_identity(candidate.lead.address)
    before = ask.got_already.get((candidate.sequence.name, candidate.step.name, identity), candidate.lead.key)
    if before != candidate.lead.key:
        return f"{candidate.lead.address} got this email already, as lead {before}", None
    first = ask.first_of_address[identity]
    if first == candidate.lead.key:
        return None
    return f"{candidate.lead.address} belongs to lead {first} too, who is written to", None


def _paused(_: Candidate, ask: _Question) -> Answer:
    pause = ask.history.pause
    if pause is None:
        return None
    reason = f": {pause.why}" if pause.why else ""
    return f"paused since {ask.say(pause.at)}{reason}; go on with  leadwright resume", None


def _bounces(_: Candidate, ask: _Question) -> Answer:
    return (ask.bounces, None) if ask.bounces else None


def _retry(candidate: Candidate, ask: _Question) -> Answer:
    record = candidate.record
    if record is None or record.next_try_at is None or record.next_try_at <= ask.now:
        return None
    return "the receiving server put it off", ask.opening(candidate, record.next_try_at)


def _gap(candidate: Candidate, ask: _Question) -> Answer:
    last = ask.counts.last_by_address.get(address_identity(candidate.lead.address))
    if last is None or last + ask.policy.limits.gap <= ask.now:
        return None
    return f"got an email {ask.say(last)}", ask.opening(candidate, last + ask.policy.limits.gap)


def _company(candidate: Candidate, ask: _Question) -> Answer:
    rate = ask.policy.limits.per_company
    if rate is None or not candidate.company:
        return None
    free = _free_at(ask.counts.by_company[candidate.company], rate, ask.now)
    if free <= ask.now:
        return None
    last = max(ask.counts.by_company[candidate.company])
    return f"a colleague at {candidate.company} got an email {ask.say(last)}", ask.opening(candidate, free)


def _window(candidate: Candidate, ask: _Question) -> Answer:
    opening = ask.opening(candidate, ask.now)
    return None if opening <= ask.now else ("it is outside the sending hours where the lead is", opening)


def _sender_full(candidate: Candidate, ask: _Question) -> Answer:
    sender = candidate.sender
    if sender is None or sender.per_day is None or ask.counts.today_by_sender[sender.name] < sender.per_day:
        return None
    _, tomorrow = day_bounds(ask.now, ask.policy.business.zone)
    return f"{sender.name} has sent {sender.per_day} emails today", ask.opening(candidate, tomorrow)


LIMITS: tuple[tuple[HoldKind, Callable[[Candidate, _Question], Answer]], ...] = (
    (HoldKind.NO_ADDRESS, _no_address),
    (HoldKind.SUPPRESSED, _suppressed),
    (HoldKind.IN_DOUBT, _in_doubt),
    (HoldKind.NOT_RECORDED, _not_recorded),
    (HoldKind.REFUSED, _refused),
    (HoldKind.SNOOZED, _snoozed),
    (HoldKind.ABSENT, _absent),
    (HoldKind.FAILING, _failing),
    (HoldKind.NO_SENDER, _no_sender),
    (HoldKind.SAME_ADDRESS, _same_address),
    (HoldKind.PAUSED, _paused),
    (HoldKind.BOUNCES, _bounces),
    (HoldKind.RETRY, _retry),
    (HoldKind.GAP, _gap),
    (HoldKind.COMPANY, _company),
    (HoldKind.WINDOW, _window),
    (HoldKind.SENDER_FULL, _sender_full),
)
"""What is asked, in this order; the first no is the reason that is shown."""


def choose(
    candidates: Iterable[Candidate],
    *,
    policy: Policy,
    history: History,
    holidays: frozenset[date],
    now: datetime,
    at_most: int | None,
    writes: Callable[[Candidate], str],
) -> tuple[tuple[Candidate, ...], tuple[Hold, ...]]:
    """Return the candidates whose emails may leave now, and a hold for each of the others.

    *writes* renders an email and returns why it cannot be written, "" when it can; it is asked last, so that an email
    that cannot be written takes nobody's place.
    """
    queue = sorted(candidates, key=lambda each: each.order)
    ask = _Question(
        policy=policy,
        history=history,
        holidays=holidays,
        now=now,
        counts=_counts(history, policy, now),
        bounces=too_many_bounces(history, policy.limits.pause_if_bounces_over, now),
        first_of_address=_first_of_address(queue),
        got_already={
            (record.sequence, record.step, address_identity(record.address)): record.lead_key
            for known in history.leads.values()
            for record in known.messages
        },
    )
    chosen: list[Candidate] = []
    holds: list[Hold] = []
    for candidate in queue:
        hold = _first_no(candidate, ask) or _over(candidate, len(chosen), at_most) or _unwritable(candidate, writes)
        if hold:
            holds.append(hold)
            continue
        chosen.append(candidate)
        sender = candidate.sender.name if candidate.sender else ""
        ask.counts.add(address=candidate.lead.address, company=candidate.company, sender=sender, at=now, today=True)
    return tuple(chosen), tuple(holds)


def _first_no(candidate: Candidate, ask: _Question) -> Hold | None:
    for kind, question in LIMITS:
        if answer := question(candidate, ask):
            why, until = answer
            return Hold(candidate.lead.key, candidate.what, why, kind, until)
    return None


def _over(candidate: Candidate, count: int, at_most: int | None) -> Hold | None:
    if at_most is None or count < at_most:
        return None
    why = f"this run stops after {at_most} email{'' if at_most == 1 else 's'}"
    return Hold(candidate.lead.key, candidate.what, why, HoldKind.RUN_FULL)


def _unwritable(candidate: Candidate, writes: Callable[[Candidate], str]) -> Hold | None:
    why = writes(candidate)
    return Hold(candidate.lead.key, candidate.what, why, HoldKind.TEMPLATE) if why else None


def _first_of_address(queue: Sequence[Candidate]) -> dict[str, str]:
    """Return who is written to at each address: the smallest key, whatever the order of rows or of the queue."""
    first: dict[str, str] = {}
    for candidate in queue:
        identity = address_identity(candidate.lead.address)
        first[identity] = min(candidate.lead.key, first.get(identity, candidate.lead.key))
    return first


def _counts(history: History, policy: Policy, now: datetime) -> _Counts:
    counts = _Counts()
    today, tomorrow = day_bounds(now, policy.business.zone)
    for record in history.messages:
        if record.state in _TAKEN:
            counts.add(
                address=record.address,
                company=record.company,
                sender=record.sender,
                at=record.at,
                today=today <= record.at < tomorrow,
            )
    return counts


def _free_at(times: Sequence[datetime], rate: Rate, now: datetime) -> datetime:
    """Return when one more fits into the rate: at most *count* in any span of *per*."""
    recent = sorted(at for at in times if at + rate.per > now)
    return now if len(recent) < rate.count else recent[len(recent) - rate.count] + rate.per


def too_many_bounces(history: History, share: float | None, now: datetime) -> str:
    """Return why all sending stops: more than *share* of the last week's emails bounced; "" when not."""
    if share is None:
        return ""
    since = now - BREAKER_SPAN
    sent = sum(
        1
        for record in history.messages
        if record.at >= since
        and (record.state in _TAKEN or (record.state is MessageState.REFUSED and record.fault is Fault.ADDRESS))
    )
    bounced = sum(
        1
        for known in history.leads.values()
        if any(signal.kind is SignalKind.BOUNCED and signal.at >= since for signal in known.signals)
    )
    if sent < BREAKER_LEAST or bounced <= share * sent:
        return ""
    return (
        f"{bounced} of {sent} emails of the last 7 days bounced (limits.pause_if_bounces_over: {share:.0%});"
        " check where these leads come from"
    )


def company_of(company: object, address: str, free_domains: frozenset[str]) -> str:
    """Return whose limit an email counts against: the company as written, else the address's own domain.

    Empty when nothing tells: a free mailbox without a company stands for itself.

    >>> company_of(" Muster AG ", "eva@muster.example", frozenset())
    'muster ag'
    """
    name = " ".join(str(company or "").casefold().split())
    if name:
        return name
    domain = address.rpartition("@")[2].lower()
    return "" if domain in free_domains else domain
