"""Which due emails may leave now: suppressions, caps, gaps, windows, breakers. Each no has a reason and an end.

`choose` goes through the candidates in a fixed order (what was promised, then due first, then score, then key). One
that may leave now is booked now; one that has to wait is booked at the first moment at which everything lets it leave.
So the plan as a whole stays within every limit, not each email alone, and the minute it names is the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from automations.core.absences import REST, absent_until, deaf_senders, failing, unheard
from automations.core.addresses import address_identity
from automations.core.bookings import Booked, Bookings, bookings_of
from automations.core.breakers import too_many_bounces, too_many_complaints
from automations.core.candidates import Candidate, first_of_address
from automations.core.history import History, MessageState
from automations.core.plan import Hold, HoldKind
from automations.core.policy import Policy, Rate
from automations.core.putoff import full_mailbox, quota_frees
from automations.core.schedules import say_when
from automations.core.witness import email_status_cell, unknown_email

_END_OF_TIME = datetime.max.replace(tzinfo=UTC)
_UNDECIDED = frozenset({MessageState.IN_DOUBT, MessageState.HANDING_OVER})


class Choice(NamedTuple):
    """What becomes of the candidates: leave now, take their turn at a minute of today or later, or are held."""

    chosen: tuple[Candidate, ...]
    later: tuple[tuple[Candidate, datetime], ...]
    holds: tuple[Hold, ...]


@dataclass(frozen=True, slots=True)
class _Question:
    """Everything a limit may ask about."""

    policy: Policy
    history: History
    now: datetime
    bookings: Bookings
    bounces: str
    complaints: str
    first_of_address: Mapping[str, str]
    got_already: Mapping[tuple[str, str, str], str]
    """Whose message it was: by sequence, step and address."""
    quotas: Mapping[str, datetime]
    """Until when the mail server of a sender takes no more, by the sender's name."""
    deaf: Mapping[str, datetime | None]
    """When the mailbox of a sender was last read, where that is long ago, by the sender's name; None is never."""

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
    doubtful = [each for each in candidate.known.messages if each.state in _UNDECIDED]
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
    why = f'the sheet says "{told}", and that is not on record: put the newest .leadwright back, or clear the cell'
    return why, None


def _refused(candidate: Candidate, _: _Question) -> Answer:
    record = candidate.record
    if record is None or record.state is not MessageState.REFUSED:
        return None
    return f"the mail server refused it: {record.reply}", None


def _snoozed(candidate: Candidate, ask: _Question) -> Answer:
    until = candidate.snoozed_until
    return ("snoozed in the sheet", until) if until and until > ask.now else None


def _absent(candidate: Candidate, ask: _Question) -> Answer:
    until = absent_until(candidate.known, ask.now)
    return (f"out of office until {ask.say(until)}", until) if until else None


def _failing(candidate: Candidate, ask: _Question) -> Answer:
    last = failing(candidate.known, ask.now)
    return (f"the last emails came back: {last.detail}", last.at + REST) if last else None


def _unheard(candidate: Candidate, ask: _Question) -> Answer:
    name = unheard(candidate.known, ask.deaf)
    if not name:
        return None
    read_at = ask.deaf[name]
    last = "could never be read" if read_at is None else f"was last read {ask.say(read_at)}"
    return f"the mailbox of {name} {last}, so nobody knows whether they answered: see  leadwright doctor", None


def _mailbox(candidate: Candidate, _: _Question) -> Answer:
    why = full_mailbox(candidate.known.messages)
    return (why, None) if why else None


def _quota(candidate: Candidate, ask: _Question) -> Answer:
    name = candidate.sender.name if candidate.sender else ""
    frees = ask.quotas.get(name)
    return (f"the mail server of {name} says that it has reached its limit", frees) if frees else None


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
    return f"paused since {ask.say(pause.at)}{reason}; {pause.how}", None


def _bounces(_: Candidate, ask: _Question) -> Answer:
    return (ask.bounces, None) if ask.bounces else None


def _complaints(_: Candidate, ask: _Question) -> Answer:
    return (ask.complaints, None) if ask.complaints else None


def _late(candidate: Candidate, ask: _Question) -> Answer:
    if candidate.latest is None or ask.now <= candidate.latest:
        return None
    return _too_late(candidate, ask), None


def _too_late(candidate: Candidate, ask: _Question) -> str:
    return (
        f"it was due {ask.say(candidate.due)} and would leave later than its late_after allows: it is left out when"
        " the next step is due, or raise late_after"
    )


def _retry(candidate: Candidate, ask: _Question) -> Answer:
    record = candidate.record
    if record is None or record.next_try_at is None or record.next_try_at <= ask.now:
        return None
    return "the receiving server put it off", record.next_try_at


def _window(candidate: Candidate, ask: _Question) -> Answer:
    opening = candidate.calendar.next_open(ask.now)
    return None if opening <= ask.now else ("it is outside the sending hours where the lead is", opening)


def _gap(candidate: Candidate, ask: _Question) -> Answer:
    return _by_rate(candidate, "gap", ask, "{got}")


def _lead(candidate: Candidate, ask: _Question) -> Answer:
    return _by_rate(candidate, "per_lead", ask, "{got}, and there is a limit per lead")


def _company(candidate: Candidate, ask: _Question) -> Answer:
    return _by_rate(candidate, "per_company", ask, f"a colleague at {candidate.company} {{got}}")


def _domain(candidate: Candidate, ask: _Question) -> Answer:
    return _by_rate(candidate, "per_domain", ask, f"{candidate.domain} {{got}}")


def _by_rate(candidate: Candidate, limit: str, ask: _Question, why: str) -> Answer:
    free = _FITS[limit](candidate, ask, ask.now)
    if free <= ask.now:
        return None
    kind, name = _COUNTED_BY[limit](candidate)
    nearest = ask.bookings.nearest(kind, name, ask.now)
    got = f"{'got' if nearest <= ask.now else 'gets'} an email {ask.say(nearest)}"
    return why.format(got=got), free


def _sender_full(candidate: Candidate, ask: _Question) -> Answer:
    free = _FITS["per_day"](candidate, ask, ask.now)
    if candidate.sender is None or free <= ask.now:
        return None
    most = ask.bookings.most_on(candidate.sender, ask.now.astimezone(ask.policy.business.zone).date())
    ramp = ", as much as its warm_up lets it" if most != candidate.sender.per_day else ""
    return f"{candidate.sender.name}'s {most} emails of today are given away{ramp}", free


def _turn(candidate: Candidate, ask: _Question) -> Answer:
    name = candidate.sender.name if candidate.sender else ""
    promised = ask.history.promised.get(candidate.key, ask.now)
    free = max(_FITS["spread"](candidate, ask, ask.now), promised)
    return None if free <= ask.now else (f"the emails of {name} leave one by one", free)


_COUNTED_BY: Mapping[str, Callable[[Candidate], tuple[str, str]]] = {
    "gap": lambda each: ("address", address_identity(each.lead.address)),
    "per_lead": lambda each: ("address", address_identity(each.lead.address)),
    "per_company": lambda each: ("company", each.company),
    "per_domain": lambda each: ("domain", each.domain),
}
"""Whose emails count against a rate: what kind of name, and which."""


def _rate(limit: str, ask: _Question) -> Rate | None:
    limits = ask.policy.limits
    rates = {
        "gap": Rate(1, limits.gap),
        "per_lead": limits.per_lead,
        "per_company": limits.per_company,
        "per_domain": limits.per_domain,
    }
    return rates[limit]


def _fit_of_rate(limit: str) -> Callable[[Candidate, _Question, datetime], datetime]:
    def fit(candidate: Candidate, ask: _Question, moment: datetime) -> datetime:
        return ask.bookings.free(*_COUNTED_BY[limit](candidate), _rate(limit, ask), moment)

    return fit


_FITS: Mapping[str, Callable[[Candidate, _Question, datetime], datetime]] = {
    "send_between": lambda each, _, moment: each.calendar.next_open(moment),
    **{limit: _fit_of_rate(limit) for limit in _COUNTED_BY},
    "per_day": lambda each, ask, moment: ask.bookings.day_free(each.sender, moment) if each.sender else moment,
    "spread": lambda each, ask, moment: ask.bookings.slot_free(each.sender, moment) if each.sender else moment,
}
"""For each limit that ends by itself: the first moment from a given one on that it has nothing against."""


def _first_fit(candidate: Candidate, start: datetime, ask: _Question) -> datetime:
    """Return the first moment from *start* on that no limit has anything against."""
    moment, before = start, None
    while moment != before:
        before = moment
        for fit in _FITS.values():
            moment = fit(candidate, ask, moment)
    return moment


LIMITS: tuple[tuple[HoldKind, Callable[[Candidate, _Question], Answer]], ...] = (
    (HoldKind.NO_ADDRESS, _no_address),
    (HoldKind.SUPPRESSED, _suppressed),
    (HoldKind.IN_DOUBT, _in_doubt),
    (HoldKind.NOT_RECORDED, _not_recorded),
    (HoldKind.REFUSED, _refused),
    (HoldKind.SNOOZED, _snoozed),
    (HoldKind.ABSENT, _absent),
    (HoldKind.FAILING, _failing),
    (HoldKind.FAILING, _mailbox),
    (HoldKind.UNHEARD, _unheard),
    (HoldKind.NO_SENDER, _no_sender),
    (HoldKind.SAME_ADDRESS, _same_address),
    (HoldKind.PAUSED, _paused),
    (HoldKind.BOUNCES, _bounces),
    (HoldKind.COMPLAINTS, _complaints),
    (HoldKind.LATE, _late),
    (HoldKind.RETRY, _retry),
    (HoldKind.GAP, _gap),
    (HoldKind.LEAD_FULL, _lead),
    (HoldKind.COMPANY, _company),
    (HoldKind.WINDOW, _window),
    (HoldKind.SENDER_FULL, _quota),
    (HoldKind.SENDER_FULL, _sender_full),
    (HoldKind.DOMAIN, _domain),
    (HoldKind.TURN, _turn),
)
"""What is asked, in this order; the first no is the reason that is shown."""


_TAKES_TURN = frozenset({HoldKind.DOMAIN, HoldKind.TURN})
"""What does not hold an email back, but gives it its minute."""


def choose(
    candidates: Iterable[Candidate],
    *,
    policy: Policy,
    history: History,
    now: datetime,
    at_most: int | None,
    writes: Callable[[Candidate], str],
) -> Choice:
    """Return the candidates whose emails may leave now, those that take their turn, and a hold for each of the others.

    *writes* renders an email and returns why it cannot be written, "" when it can; it is asked last, so that an email
    that cannot be written takes nobody's place.
    """
    queue = sorted(candidates, key=lambda each: (history.promised.get(each.key, _END_OF_TIME), each.order))
    ask = _question(queue, policy, history, now)
    chosen: list[Candidate] = []
    later: list[tuple[Candidate, datetime]] = []
    holds: list[Hold] = []
    for candidate in queue:
        hold = _first_no(candidate, ask)
        at = hold.until if hold else now
        if hold is None or hold.kind in _TAKES_TURN:
            no = _over(candidate, len(chosen) + len(later), at_most) or _unwritable(candidate, writes)
            if no:
                holds.append(no)
                continue
        if hold is None:
            chosen.append(candidate)
        elif hold.kind in _TAKES_TURN and at is not None:
            later.append((candidate, at))
        else:
            holds.append(hold)
        if at is not None:
            ask.bookings.add(_booked(candidate, at), candidate.sender)
    return Choice(tuple(chosen), tuple(later), tuple(holds))


def _question(queue: Sequence[Candidate], policy: Policy, history: History, now: datetime) -> _Question:
    return _Question(
        policy=policy,
        history=history,
        now=now,
        bookings=bookings_of(history, policy, now),
        bounces=too_many_bounces(history, policy.limits.pause_if_bounces_over, now),
        complaints=too_many_complaints(history, policy.limits.pause_if_complaints_over, now),
        first_of_address=first_of_address(queue),
        got_already={
            (record.sequence, record.step, address_identity(record.address)): record.lead_key
            for known in history.leads.values()
            for record in known.messages
        },
        quotas={
            sender.name: frees
            for sender in policy.senders
            if (frees := quota_frees(history.messages, sender.name)) is not None and frees > now
        },
        deaf=deaf_senders(history.unreadable, now),
    )


def _first_no(candidate: Candidate, ask: _Question) -> Hold | None:
    """Return the first reason not to send now, with the moment at which none is left."""
    for kind, question in LIMITS:
        if answer := question(candidate, ask):
            why, until = answer
            at = None if until is None else _first_fit(candidate, until, ask)
            if at is not None and candidate.latest is not None and at > candidate.latest:
                return Hold(candidate.lead.key, candidate.what, _too_late(candidate, ask), HoldKind.LATE)
            return Hold(candidate.lead.key, candidate.what, why, kind, at)
    return None


def _booked(candidate: Candidate, at: datetime) -> Booked:
    sender = candidate.sender.name if candidate.sender else ""
    return Booked(address_identity(candidate.lead.address), candidate.company, candidate.domain, sender, at)


def _over(candidate: Candidate, count: int, at_most: int | None) -> Hold | None:
    if at_most is None or count < at_most:
        return None
    why = f"this run stops after {at_most} email{'' if at_most == 1 else 's'}"
    return Hold(candidate.lead.key, candidate.what, why, HoldKind.RUN_FULL)


def _unwritable(candidate: Candidate, writes: Callable[[Candidate], str]) -> Hold | None:
    why = writes(candidate)
    return Hold(candidate.lead.key, candidate.what, why, HoldKind.TEMPLATE) if why else None
