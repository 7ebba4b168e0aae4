"""Letters: what an email is written from, and its bytes. The same letter gives the same bytes every time."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from automations.core.candidates import Candidate
from automations.core.history import MessageRecord, MessageState
from automations.core.leads import Lead
from automations.core.messages import MessageKey, Outgoing, Rendered, feedback_id, message_key
from automations.core.mime import build_message
from automations.core.plan import Send
from automations.core.playbook import CannotWrite
from automations.core.policy import Policy, Sender, Step
from automations.core.readback import MessageProblem
from automations.core.rules import Qualification


class Words(Protocol):
    """How texts are written: the templates, ready to render. Both raise CannotWrite with the reason."""

    def email(self, step: Step, lead: Lead, qualification: Qualification, sender: Sender) -> Rendered:
        """Return the words of an email to one lead."""
        ...

    def task(self, step: Step, lead: Lead, qualification: Qualification, sender: Sender | None) -> str:
        """Return what a person is asked to do; *sender* is who writes to the lead, if anybody does."""
        ...


@dataclass(frozen=True, slots=True)
class Letter:
    """All that one email is written from; `compose` makes its bytes, the same ones every time."""

    candidate: Candidate
    qualification: Qualification
    name: str
    at: datetime

    @property
    def key(self) -> MessageKey:
        """Return the key of the message."""
        return key_of(self.candidate)


def key_of(candidate: Candidate) -> MessageKey:
    """Return the key of the message a candidate is about."""
    return message_key(candidate.sequence.name, candidate.step.name, candidate.lead.key)


def compose(letter: Letter, words: Words, policy: Policy) -> Outgoing:
    """Return the bytes of an email; without a subject of its own it answers the one before it in its sequence.

    Raises CannotWrite with the reason.
    """
    candidate = letter.candidate
    if candidate.sender is None:
        raise CannotWrite(candidate.sender_problem)
    rendered = words.email(candidate.step, candidate.lead, letter.qualification, candidate.sender)
    thread = () if rendered.subject else _thread(candidate)
    if not (rendered.subject or thread):
        raise CannotWrite("it has no subject, and no email before it was sent that it could answer")
    try:
        outgoing = build_message(
            rendered,
            sender=candidate.sender,
            to_address=candidate.lead.address,
            to_name=letter.name,
            message_key=letter.key,
            date=letter.at,
            business=policy.business,
            in_reply_to=thread[-1].message_id if thread else None,
            references=tuple(record.message_id for record in thread),
            thread_subject=thread[0].subject if thread else "",
            feedback_id=feedback_id(candidate.sequence.name, candidate.step.name, candidate.sender.address),
        )
    except MessageProblem as problem:
        raise CannotWrite(str(problem)) from problem
    return replace(outgoing, variant=rendered.variant) if rendered.variant else outgoing


def _thread(candidate: Candidate) -> tuple[MessageRecord, ...]:
    accepted = (
        record
        for record in candidate.known.messages
        if record.sequence == candidate.sequence.name and record.state is MessageState.ACCEPTED
    )
    return tuple(sorted(accepted, key=lambda record: record.at))


def send_of(candidate: Candidate, outgoing: Outgoing | None, now: datetime) -> Send:
    """Return the plan's line about an email that leaves at *now*; *outgoing* is None when its bytes are stored."""
    record = candidate.record
    return Send(
        key=candidate.lead.key,
        to=candidate.lead.address,
        sequence=candidate.sequence.name,
        step=candidate.step.name,
        sender=candidate.sender.name if candidate.sender else "",
        at=now,
        subject=outgoing.subject if outgoing else record.subject if record else "",
        because=candidate.because,
        message=key_of(candidate),
        company=candidate.company,
        digest=hashlib.sha256(outgoing.content).hexdigest()[:16] if outgoing else "",
        retry=record is not None,
        tries=record.tries if record else 0,
        variant=outgoing.variant if outgoing else record.variant if record else "",
    )
