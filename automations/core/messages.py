"""Messages: their key, their Message-ID, and what handing one over can end in."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import lru_cache
from typing import NewType

from automations.core.enclosures import Enclosure
from automations.core.leads import LeadKey
from automations.core.policy import Business

MessageKey = NewType("MessageKey", str)


class Fault(StrEnum):
    """Whose fault an answer of a mail server tells of; this decides what follows from it."""

    NONE = ""
    ADDRESS = "address"
    MAILBOX = "mailbox"
    POLICY = "policy"
    CONTENT = "content"
    ACCOUNT = "account"
    QUOTA = "quota"
    SERVER = "server"
    RECEIVER = "receiver"
    """The server that the lead's mailbox is on puts it off, as for greylisting."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """The words of one email to one lead, before it has headers: one line of subject, text and HTML bodies.

    Both bodies end with the footer of `footer_lines` in *language*, one of `UNSUBSCRIBE_LINES`. *variant* is the letter
    of the text, where an email has several. *enclosures* are what it carries besides: an image is shown where the HTML
    has its Content-ID.
    """

    subject: str
    text: str
    html: str
    language: str = "en"
    variant: str = ""
    enclosures: tuple[Enclosure, ...] = ()


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
    variant: str = ""


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


@lru_cache(maxsize=1024)
def feedback_id(sequence: str, step: str, sender_address: str) -> str:
    """Return by what Gmail counts complaints: the sequence, the step, who writes, and that it is us who send.

    Nothing in it tells who reads it, and who writes is told by a hash only. What is not plain ASCII is told by a hash
    too. Source: Gmail's help page "Feedback Loop".

    >>> feedback_id("welcome", "welcome-1", "anna@muster.example")
    'welcome:welcome-1:e9058b68852f:leadwright'
    """
    named = (each if _PLAIN_LABEL.match(each) else _digest(each) for each in (sequence, step))
    return ":".join((*named, _digest(sender_address), "leadwright"))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


_PLAIN_LABEL = re.compile(r"[A-Za-z0-9._-]{1,40}\Z")


UNSUBSCRIBE_LINES: Mapping[str, str] = {
    "en": "Reply 'unsubscribe' and we will not write again.",
    "de": "Antworten Sie mit 'Abmelden', und wir schreiben Ihnen nicht mehr.",
    "es": "Responda 'baja' y no volveremos a escribirle.",
    "fr": "Répondez 'désinscription' et nous ne vous écrirons plus.",
    "it": "Risponda 'disiscrivimi' e non le scriveremo più.",
    "nl": "Antwoord 'afmelden' en wij schrijven u niet meer.",
}
"""How a lead stops our emails, by language. The word in quotes is what comes back as a reply."""


def footer_lines(business: Business, language: str) -> tuple[str, ...]:
    """Return what the law wants under every email: who we are, where, and how to stop it; each on one line.

    *language* is one of `UNSUBSCRIBE_LINES`. Sources: CAN-SPAM Act, 15 USC 7704(a)(5); ePrivacy Directive, article 13.
    """
    return one_line(business.name), one_line(business.address), UNSUBSCRIBE_LINES[language]


# Control characters that are no spaces; marks that turn the direction of what follows; halves of surrogate pairs.
_NEVER_PRINTED = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def one_line(text: str) -> str:
    r"""Return *text* as it may stand in a header or in a sentence: one line, single spaces, no control characters.

    >>> one_line(" Eva\r\nBcc:  all@muster.example\x00 ")
    'Eva Bcc: all@muster.example'
    """
    # Nothing that is to go can be printed, and a space is the only white space that can.
    if text.isprintable() and "  " not in text and text[:1] != " " != text[-1:]:
        return text
    return " ".join(_NEVER_PRINTED.sub("", text).split())
