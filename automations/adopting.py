"""Taking over a ledger that was copied, lost or put back: what is known, what was sent meanwhile, and going on.

The ledger that is gone knew whom we wrote to; so does the Sent folder. A message's identifier is made of sequence, step
and lead alone, so for every lead of the sheet and every step it can be told whether that email has left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from automations.core.books import read_book, value_of, wanted_headers
from automations.core.candidates import company_of
from automations.core.evidence import Filed, SentMail
from automations.core.history import MessageRecord, MessageState
from automations.core.identity import Identity, strange
from automations.core.leads import Book, Lead
from automations.core.messages import message_key
from automations.core.policy import Policy, Sender
from automations.ledger import Ledger
from automations.marks import leave_mark
from automations.workplace import Workplace

_KEPT = 26
"""How much of a message's key stands in its Message-ID; see `core.messages.message_id`."""


class Office(Workplace, Protocol):
    """A workplace whose senders' places for sent mail can be read."""

    def sent_mail(self, sender: str) -> SentMail | None:
        """Return all that a sender's place for sent mail holds; None when there is no such place."""
        ...


@dataclass(frozen=True, slots=True)
class Look:
    """What is known before a ledger is taken over: *why* it is strange, and which emails were *sent* for certain.

    *seen* are the places that were read, *blind* sentences about senders nothing could be found out about.
    """

    identity: Identity
    why: tuple[str, ...]
    sent: tuple[MessageRecord, ...]
    seen: tuple[str, ...]
    blind: tuple[str, ...]


def look_around(office: Office, ledger: Ledger) -> Look:
    """Read the marks, the sheet and every place for sent mail. Changes nothing."""
    source = office.open_source()
    identity = ledger.identity()
    columns = office.policy.columns
    book = read_book(source.read(wanted_headers(columns)), columns)
    sent: dict[str, MessageRecord] = {}
    seen, blind = [], []
    for sender in office.policy.senders:
        mail = office.sent_mail(sender.name)
        if mail is None or mail.why_not:
            blind.append(_blind(sender, mail))
            continue
        seen.append(mail.place)
        sent |= {record.key: record for record in _recognised(book, office.policy, sender, mail.ids)}
    return Look(
        identity, strange(identity, office.marks(source).read()), tuple(sent.values()), tuple(seen), tuple(blind)
    )


def _blind(sender: Sender, mail: SentMail | None) -> str:
    if mail is None:
        return f"{sender.name} has no imap: in config.yaml, so nobody can look what was sent."
    return f"{mail.place} could not be read: {mail.why_not}."


def _recognised(book: Book, policy: Policy, sender: Sender, ids: Mapping[str, Filed]) -> Iterator[MessageRecord]:
    """Yield a record of every email of a step to a lead whose identifier is among *ids*."""
    by_key = {name[1:].partition("@")[0]: (name, filed) for name, filed in ids.items()}
    for lead in book.leads:
        for sequence in policy.sequences:
            for step in sequence.steps:
                key = message_key(sequence.name, step.name, lead.key)
                if step.is_email and (found := by_key.get(key[:_KEPT])):
                    name, filed = found
                    yield MessageRecord(
                        key=key,
                        sequence=sequence.name,
                        step=step.name,
                        lead_key=lead.key,
                        address=lead.address,
                        company=_company(lead, policy),
                        sender=sender.name,
                        state=MessageState.ACCEPTED,
                        at=filed.at,
                        reserved_at=filed.at,
                        subject=filed.subject,
                        message_id=name,
                    )


def _company(lead: Lead, policy: Policy) -> str:
    return company_of(value_of(policy.columns, lead.values, "company"), lead.address, frozenset())


def take_over(office: Office, ledger: Ledger, look: Look, now: datetime) -> int:
    """Make a ledger the one that works here; return how many emails it learnt of. Call it under the ledger's lock."""
    run = ledger.start_run("adopt", now)
    learnt = ledger.adopt(run, look.sent, now)
    leave_mark(ledger, office.marks(office.open_source()), now)
    ledger.end_run(run, now, 0, {"accepted": learnt})
    return learnt
