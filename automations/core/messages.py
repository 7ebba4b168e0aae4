"""Messages: their key, their Message-ID, and what handing one over can end in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from automations.core.history import Fault, MessageKey
from automations.core.leads import LeadKey


@dataclass(frozen=True, slots=True)
class Rendered:
    """The words of one email to one lead, before it has headers: one line of subject, text and HTML bodies."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Ready bytes for one recipient: what is reserved, handed over, and used again on a retry.

    *envelope_from* and *envelope_to* are bare addresses; *content* has CRLF line ends and is not dot-stuffed.
    """

    key: MessageKey
    message_id: str
    envelope_from: str
    envelope_to: str
    subject: str
    content: bytes


class Hand(StrEnum):
    """How a hand-over ended. HELD: the gate before the dot said no, and the server was told nothing."""

    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    IN_DOUBT = "in doubt"
    HELD = "held"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a mailer says about one message. *reply* is the server's own text, one line, at most 500 characters."""

    hand: Hand
    fault: Fault = Fault.NONE
    reply: str = ""
    retry_after: timedelta | None = None


BeforeDot = Callable[[], bool]
"""Asked when all but the end of the message is out: gate and mark. False: break off, nothing is delivered."""


def message_key(sequence: str, step: str, lead: LeadKey) -> MessageKey:
    """Return what makes a message this one and no other, as 52 characters a-z and 2-7.

    Steps count by name, so that one may be put in between. Lengths go in first, so that no two triples collide.
    """
    digest = hashlib.sha256()
    for part in (sequence, step, lead):
        data = part.encode()
        digest.update(len(data).to_bytes(4, "big") + data)
    return MessageKey(base64.b32encode(digest.digest()).decode("ascii").rstrip("=").lower())


def message_id(key: MessageKey, domain: str) -> str:
    """Return the Message-ID of a message: the same at every try, and without anything personal in it.

    The first 26 characters of the key are 130 bits: enough never to meet twice (RFC 5322, section 3.6.4).

    >>> message_id(MessageKey("a" * 52), "muster.example")
    '<aaaaaaaaaaaaaaaaaaaaaaaaaa@muster.example>'
    """
    return f"<{key[:26]}@{domain}>"
