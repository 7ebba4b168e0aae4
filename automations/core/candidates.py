"""Candidates: emails that are due, before any limit was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from automations.core.addresses import address_identity
from automations.core.calendars import Calendar
from automations.core.history import LeadHistory, MessageRecord
from automations.core.leads import Lead
from automations.core.messages import MessageKey, message_key
from automations.core.policy import EmailSequence, Sender, Step


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
    calendar: Calendar
    because: str
    sender: Sender | None
    sender_problem: str = ""
    record: MessageRecord | None = None
    starting: bool = False
    """Whether the lead enters the sequence with this email; it does so only if the email leaves."""
    snoozed_until: datetime | None = None
    latest: datetime | None = None
    """After which it does not leave by itself any more; None is never."""

    @property
    def key(self) -> MessageKey:
        """Return the key of the message it is about."""
        return message_key(self.sequence.name, self.step.name, self.lead.key)

    @property
    def domain(self) -> str:
        """Return the domain that receives it."""
        return self.lead.address.rpartition("@")[2].lower()

    @property
    def what(self) -> str:
        """Return how a hold names this email."""
        return f"{self.sequence.name}, {self.step.name}"

    @property
    def order(self) -> tuple[datetime, float, str, str]:
        """Return the place in the queue: nothing in it depends on the row."""
        return (self.due, -self.score, self.lead.key, self.sequence.name)


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


def first_of_address(queue: Sequence[Candidate]) -> dict[str, str]:
    """Return who is written to at each address: the smallest key, whatever the order of rows or of the queue."""
    first: dict[str, str] = {}
    for candidate in queue:
        identity = address_identity(candidate.lead.address)
        first[identity] = min(candidate.lead.key, first.get(identity, candidate.lead.key))
    return first
