"""Which of several senders writes to a lead in a sequence: an even split, and whoever wrote first goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from automations.core.history import MessageRecord
from automations.core.leads import LeadKey
from automations.core.policy import EmailSequence, Sender


def writer_of(
    sequence: EmailSequence, key: LeadKey, messages: Sequence[MessageRecord], senders: Sequence[Sender]
) -> str:
    """Return the name of who writes to a lead; "" when the sequence names nobody.

    Where several take turns, whoever wrote to the lead last in this sequence goes on, as long as they are one of
    *senders* at all: taken out of the sequence's list, they begin with nobody new. For everybody else lots are drawn.
    """
    if len(sequence.senders) > 1:
        ours = {sender.name for sender in senders}
        wrote = [
            each for each in messages if each.sequence == sequence.name and each.sender in ours and not each.is_untried
        ]
        if wrote:
            return max(wrote, key=lambda each: (each.reserved_at, each.key)).sender
    return drawn(sequence.name, key, sequence.senders) if sequence.senders else ""


def drawn(sequence: str, key: LeadKey, names: Sequence[str]) -> str:
    """Return one of *names*, at least one, each for an even share of the leads.

    It depends on the sequence, the lead and the names alone, not on their order, the other leads or the day. A new
    name takes its share evenly from the others; the leads of one that leaves are split among those who stay
    (rendezvous hashing: each name draws a lot, the highest wins).

    >>> [drawn("welcome", LeadKey(f"{name}@muster.example"), ("anna", "jonas")) for name in ("eva", "tom", "li", "kim")]
    ['jonas', 'jonas', 'anna', 'jonas']
    """
    return max(names, key=lambda name: hashlib.sha256(f"{sequence}\n{key}\n{name}".encode()).digest())
