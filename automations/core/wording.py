"""What our own columns say about a lead: Next step, Email status, Why. Short, in words, with days and never "today".

"Today" would make every cell change overnight without anything having happened.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from automations.core.courses import Waiting
from automations.core.history import LeadHistory, MessageRecord, MessageState, SignalKind
from automations.core.plan import Hold
from automations.core.policy import Ruleset
from automations.core.rules import Qualification
from automations.core.schedules import say_date

NOTHING_PLANNED = "nothing planned"

_SIGNALS = {
    SignalKind.COMPLAINED: "marked as spam {day}",
    SignalKind.UNSUBSCRIBED: "unsubscribed {day}",
    SignalKind.BOUNCED: "address does not exist",
    SignalKind.REPLIED: "replied {day}",
}
_SOFT = {SignalKind.FAILED: "came back {day}: {why}", SignalKind.ABSENT: "out of office until {day}"}
"""What is told only as long as nothing has happened since."""

_STATES = {
    MessageState.ACCEPTED: "{step} sent {day}",
    MessageState.DEFERRED: "{step} put off by the receiving server",
    MessageState.REFUSED: "{step} refused by the mail server",
    MessageState.IN_DOUBT: "{step} in doubt, see  leadwright settle",
    MessageState.HANDING_OVER: "{step} in doubt, see  leadwright settle",
    MessageState.DROPPED: "{step} dropped",
}


@lru_cache(maxsize=4096)
def say_day(moment: datetime, zone: ZoneInfo) -> str:
    """Return a day as it stands in a cell.

    >>> from datetime import UTC
    >>> say_day(datetime(2026, 11, 26, 8, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    'Thu 26 Nov 2026'
    """
    return say_date(moment.astimezone(zone).date(), date.min)


def next_step(waiting: Sequence[Waiting], holds: Sequence[Hold], task: str, zone: ZoneInfo) -> str:
    """Return what happens next: the earliest of what is waited for or held, else the open *task*, else nothing."""
    if not (waiting or holds or task):
        return NOTHING_PLANNED
    dated = [(each.at, f"{'Email' if each.step.is_email else 'Task'} {each.step.name}") for each in waiting]
    dated += [(hold.until, f"Email {hold.what.rpartition(', ')[2]}") for hold in holds if hold.until]
    if dated:
        at, what = min(dated)
        return f"{what} on {say_day(at, zone)}"
    if task:
        return task
    stuck = [hold for hold in holds if hold.until is None]
    return f"held: {stuck[0].kind.value}" if stuck else NOTHING_PLANNED


def email_status(known: LeadHistory, zone: ZoneInfo) -> str | None:
    """Return the last thing that happened between us and a lead by email; None when nothing did."""
    if not (known.signals or known.messages):
        return None
    for kind, text in _SIGNALS.items():
        moments = [signal.at for signal in known.signals if signal.kind is kind]
        if moments:
            return text.format(day=say_day(max(moments), zone))
    told = [record for record in known.messages if record.state in _STATES]
    last = max(told, key=_doubt_then_time, default=None)
    soft = max((each for each in known.signals if each.kind in _SOFT), key=lambda each: each.at, default=None)
    if soft is not None and (last is None or soft.at >= last.at):
        return _SOFT[soft.kind].format(day=say_day(soft.until or soft.at, zone), why=soft.detail)
    if last is None:
        return None
    return _STATES[last.state].format(step=last.step, day=say_day(last.at, zone))


def _doubt_then_time(record: MessageRecord) -> tuple[bool, datetime, str]:
    return ("in doubt" in _STATES[record.state], record.at, record.step)


def why(qualification: Qualification, rules: Ruleset) -> str | None:
    """Return why a lead has its score, in the owner's own words; None when no rule gave it any."""
    scoring = rules.scoring
    return ", ".join([scoring[rule].because for rule, _, _ in qualification.reasons if rule >= 0]) or None


def because_of_score(qualification: Qualification, rules: Ruleset) -> str:
    """Return the sum, rule by rule: ``asks for a price +20, fresh +10``."""
    parts = [
        f"{rules.scoring[each.rule].because if each.rule >= 0 else f'limit of {each.group}'} {each.points:+d}"
        for each in qualification.reasons
    ]
    return ", ".join(parts) or "no rule holds"
