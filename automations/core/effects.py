"""What follows from a mail that came back, as a frozen value, and how far a folder was read."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from automations.core.history import Signal
from automations.core.leads import LeadKey
from automations.core.messages import MessageKey

NO_SUCH_ADDRESS = "address does not exist"
UNSUBSCRIBED = "unsubscribed"
COMPLAINED = "marked an email as spam"
"""Why an address is suppressed after a complaint; that one is never lifted."""


class CameBack(NamedTuple):
    """One mail that came back, whom it is about, and what follows from it.

    *identity* is its Message-ID, else a hash of its bytes: what came once has its effects once. *lead* and *message*
    are "" when it could not be matched. *suppress* has addresses, each with why; *proves* is an email of ours that
    must have been accepted for this to come back. *tell* is the sender of ours who is to be told, "" for nobody.
    """

    identity: str
    at: datetime
    sender: str
    kind: str
    because: str
    lead: LeadKey = LeadKey("")
    message: MessageKey = MessageKey("")
    matched_by: str = ""
    new_text: str = ""
    signal: Signal | None = None
    suppress: tuple[tuple[str, str], ...] = ()
    proves: MessageKey = MessageKey("")
    tell: str = ""


class FolderPlace(NamedTuple):
    """How far a folder was read: up to *uid*, in the numbering of *uidvalidity* (RFC 3501, section 2.3.1.1).

    Up to *careful_until* mails are taken one by one, because a reading that far was begun and never ended; *tries* are
    those of the mail after *uid* alone.
    """

    uidvalidity: int
    uid: int
    careful_until: int = 0
    tries: int = 0
