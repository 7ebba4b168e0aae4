"""What came back, understood: one mail as a frozen value. Nothing here acts; whoever acts reads these values."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import NamedTuple


class Kind(StrEnum):
    """What a mail is. Only REPLY is a person's; UNSUBSCRIBE is a person's too, or their program's, who want no more."""

    REPLY = "reply"
    UNSUBSCRIBE = "unsubscribe"
    COMPLAINT = "complaint"
    FAILURE = "delivery failure"
    DELAY = "delivery delay"
    DELIVERED = "delivery notice"
    ABSENCE = "out of office"
    AUTO_REPLY = "automatic reply"
    CHALLENGE = "challenge"
    RECEIPT = "read receipt"
    CALENDAR = "calendar answer"
    OTHER = "no concern"
    UNREADABLE = "unreadable"


class Reason(StrEnum):
    """Why a delivery failed, as the end of the sentence "...: ". The first four can make an address a dead one."""

    NO_ADDRESS = "there is no such address"
    NO_DOMAIN = "there is no such domain"
    NO_MAIL = "the domain takes no mail"
    MOVED = "the person has moved"
    DISABLED = "the mailbox is switched off or on hold"
    FULL = "the mailbox is full"
    FILTERED = "the recipient's side refused it after reading it"
    TOO_BIG = "the message is too big"
    CONTENT = "the content was refused"
    SPAM = "it was taken for spam"
    BLOCKED = "the sending server is blocked"
    UNPROVEN = "the sender could not be proven (SPF, DKIM, DMARC)"
    SENDER = "the sender's address was refused"
    RELAY = "the server does not pass on mail for this sender"
    POLICY = "a rule of the recipient's side refused it"
    RATE = "too much was sent in a short time"
    EXPIRED = "it could not be delivered in time"
    NETWORK = "the receiving server could not be reached"
    SYSTEM = "the receiving server has a fault"
    UNKNOWN = "no reason was given that we know"


DEAD_REASONS = frozenset({Reason.NO_ADDRESS, Reason.NO_DOMAIN, Reason.NO_MAIL, Reason.MOVED})


class Says(StrEnum):
    """What a person's reply says, as far as its words tell; a hint for the owner, and a field in rules."""

    INTERESTED = "interested"
    NOT_NOW = "not now"
    NOT_INTERESTED = "not interested"
    WRONG_PERSON = "wrong person"
    QUESTION = "question"
    UNCLEAR = "unclear"


REPLY_MEANINGS = {
    Says.INTERESTED: "they want to hear more",
    Says.NOT_NOW: "not now, perhaps later",
    Says.NOT_INTERESTED: "they want none of it",
    Says.WRONG_PERSON: "somebody else is to be asked",
    Says.QUESTION: "they ask something",
}
"""What the owner's own phrases may stand for, in words."""


class Failure(NamedTuple):
    """One recipient a delivery failed for.

    *address* as it was reported, "" when none was; *status* an enhanced code of RFC 3463 (``5.1.1``) or "";
    *reply* a code of SMTP (``550``) or "". *said* is what the server said: one line, at most 300 characters.
    *dead_address* is set only for a permanent failure that lies in the address itself.
    """

    address: str
    status: str = ""
    reply: str = ""
    permanent: bool = False
    dead_address: bool = False
    reason: Reason = Reason.UNKNOWN
    said: str = ""


class Verdict(NamedTuple):
    """What one mail is, and why we think so.

    *sender* is the address it came from, *recipients* those it was sent to, both normalised to lower case; *address*
    is whom it speaks about: who failed, complained, is away, asked to stop, or wrote. *message_ids* are those of our
    messages it points to, the surest first; *tokens* the keys of ours found in plus addresses. *new_text* is what
    the writer wrote now, without what was quoted. *back_on* is the first day an absent person is there again.
    *because* is a sentence in plain words.
    """

    kind: Kind
    because: str
    address: str = ""
    sender: str = ""
    recipients: tuple[str, ...] = ()
    subject: str = ""
    failures: tuple[Failure, ...] = ()
    message_ids: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()
    own_id: str = ""
    new_text: str = ""
    back_on: date | None = None
    says: Says | None = None
    said_by: str = ""
    """The words in *new_text* that decided *says*."""

    @property
    def failure(self) -> Failure | None:
        """Return the failure that weighs most: a dead address first, then a permanent one."""
        return max(self.failures, key=lambda each: (each.dead_address, each.permanent), default=None)
