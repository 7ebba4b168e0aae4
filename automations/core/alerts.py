"""Alerts: what a person of ours is told at once, by email, without being asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from automations.core.books import display_name
from automations.core.courses import Moment
from automations.core.effects import CameBack
from automations.core.incoming import Kind
from automations.core.leads import Lead, LeadKey
from automations.core.policy import Policy
from automations.core.rules import Qualification
from automations.core.standing import Standing
from automations.core.wording import why

HOT = "hot"
"""The segment whose leads are told about."""
_MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class HotLead:
    """A lead that has just turned hot; *line* says who it is and why, *told* is the sender who hears of it."""

    key: LeadKey
    told: str
    line: str


@dataclass(frozen=True, slots=True)
class Alert:
    """One email to one of us: *kind* tells alerts apart that go to the same address at the same time."""

    kind: str
    to: str
    subject: str
    text: str


def hot_lead(standing: Standing, qualification: Qualification, moment: Moment) -> HotLead | None:
    """Return a lead that was not hot when we last looked and is now, if somebody is to be told."""
    policy = moment.playbook.policy
    is_hot = qualification.segment.casefold() == HOT and standing.known.segment.casefold() != HOT
    told = _told(standing, moment) if is_hot and policy.alerts.hot_lead else ""
    if not told:
        return None
    who = display_name(policy.columns, standing.lead)
    reasons = why(qualification, policy.rules)
    line = f"{who}: {qualification.score} points" + (f" ({reasons})" if reasons else "")
    return HotLead(standing.lead.key, told, line)


def _told(standing: Standing, moment: Moment) -> str:
    """Return the sender who is told: the one config.yaml names, or the one its column names for this lead."""
    policy = moment.playbook.policy
    return told_of(policy.alerts.hot_lead, standing.lead, policy)


def told_of(wanted: str, lead: Lead | None, policy: Policy) -> str:
    """Return the sender that *wanted* comes to: its name, or what its field says for a lead; "" when that is nobody."""
    names = [field.name for field in policy.columns.fields]
    named = wanted
    if wanted in names:
        named = str(lead.values[names.index(wanted)] or "") if lead else ""
    return next((sender.name for sender in policy.senders if sender.name.casefold() == named.casefold()), "")


def hot_lead_alerts(hot: Iterable[HotLead], policy: Policy) -> tuple[Alert, ...]:
    """Return one email for each of us who has new hot leads."""
    leads = tuple(hot)
    return tuple(
        _hot_lead_alert(sender.address, [each.line for each in leads if each.told == sender.name], policy)
        for sender in policy.senders
        if any(each.told == sender.name for each in leads)
    )


def _hot_lead_alert(to: str, lines: list[str], policy: Policy) -> Alert:
    count = len(lines)
    subject = f"{count} new hot leads" if count > 1 else f"A new hot lead: {lines[0].partition(': ')[0]}"
    more = [f"... and {count - _MOST_LINES} more"] if count > _MOST_LINES else []
    text = "\n".join([*lines[:_MOST_LINES], *more, "", f"They are in the sheet of {policy.business.name}."])
    return Alert("hot leads", to, subject, text)


def reply_alert(mail: CameBack, to: str, who: str) -> Alert:
    """Return the email that says at once what somebody answered: *who* they are, and only what they wrote now."""
    text = "\n".join([mail.new_text or "(no text)", "", "--", mail.because, f"From {mail.sender}."])
    return Alert(f"reply {mail.identity}", to, _REPLIED.get(mail.kind, "{who} wrote").format(who=who), text)


_REPLIED = {
    Kind.REPLY.value: "{who} replied",
    Kind.CHALLENGE.value: "{who} asks for a proof before they get your email",
}


def stopped_alerts(why_stopped: str, policy: Policy) -> tuple[Alert, ...]:
    """Return the email that says that sending stopped, if somebody is to be told of problems."""
    if not (why_stopped and policy.alerts.problem):
        return ()
    text = f"{why_stopped}\n\nWhat was sent is recorded, and nothing is sent twice. See  leadwright plan"
    return (Alert("stopped", policy.alerts.problem, "Sending emails has stopped", text),)
