"""Telling one of us at once what a lead answered, with only what they wrote now.

A mail waits to be told until somebody was told, so that after a power cut in between they hear of it twice and not
never.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

from automations.core.alerts import Alert, reply_alert, told_of
from automations.core.books import display_name, read_book, wanted_headers
from automations.core.effects import CameBack
from automations.core.leads import Lead, LeadKey
from automations.core.policy import Policy
from automations.errors import LeadwrightError
from automations.ledger import Ledger
from automations.sources import Source


class Teller(Protocol):
    """What telling needs; every workplace is one."""

    @property
    def policy(self) -> Policy:
        """Return what the owner asked for."""
        ...

    def open_source(self) -> Source:
        """Return where the leads live."""
        ...

    def tell(self, alert: Alert, now: datetime) -> str:
        """Hand an email to one of us over; return why it could not be, or ""."""
        ...


def tell_replies(place: Teller, ledger: Ledger, now: datetime) -> tuple[str, ...]:
    """Tell of every mail that waits for it; return a note for each that could not be told, and stays to be."""
    waiting = ledger.untold()
    leads = _leads_of(place, waiting) if waiting else {}
    notes = []
    for mail in waiting:
        lead = leads.get(mail.lead)
        to = _address(place.policy, mail, lead)
        who = display_name(place.policy.columns, lead) if lead else mail.lead or mail.sender
        why = place.tell(reply_alert(mail, to, who), now) if to else ""
        if why:
            notes.append(f"{to} could not be told that {who} wrote: {why}")
        else:
            ledger.told(mail.identity)
    return tuple(notes)


def _leads_of(place: Teller, mails: tuple[CameBack, ...]) -> Mapping[LeadKey, Lead]:
    """Return the rows of the leads that wrote; none of them when the sheet is out of reach just now."""
    columns = place.policy.columns
    wanted = {mail.lead for mail in mails}
    try:
        book = read_book(place.open_source().read(wanted_headers(columns)), columns)
    except LeadwrightError:
        return {}
    return {lead.key: lead for lead in book.leads if lead.key in wanted}


def _address(policy: Policy, mail: CameBack, lead: Lead | None) -> str:
    """Return who is told: whom config.yaml names, else whoever wrote to the lead."""
    name = told_of(policy.alerts.reply, lead, policy) or mail.tell
    return next((sender.address for sender in policy.senders if sender.name == name), "")
