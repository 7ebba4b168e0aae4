"""What the ledger knows, as a frozen value: what was sent, who answered, what we wrote, who must not be written to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from automations.core.addresses import address_hash, address_identity
from automations.core.leads import Cell, LeadKey, Role
from automations.core.messages import Fault, MessageKey

COUNTED = timedelta(days=60)
"""How far back `History.messages` goes."""


class MessageState(StrEnum):
    """Where a message stands. Reserved is safe to hand over; handing_over found at start is in doubt."""

    RESERVED = "reserved"
    HANDING_OVER = "handing over"
    ACCEPTED = "accepted"
    DEFERRED = "deferred"
    REFUSED = "refused"
    IN_DOUBT = "in doubt"
    DROPPED = "dropped"
    """A person decided that it shall not go (`settle --drop`), or its step's deadline passed."""


@dataclass(frozen=True, slots=True)
class MessageRecord:
    """One message the ledger knows. *company* is whose limit it counts against. *at* is when *state* began (UTC).

    *subject* and *message_id* serve the follow-ups' threading; *next_try_at* is set for a deferred message. *variant*
    is which of the step's texts it is, where there are several.
    """

    key: MessageKey
    sequence: str
    step: str
    lead_key: LeadKey
    address: str
    company: str
    sender: str
    state: MessageState
    at: datetime
    reserved_at: datetime
    subject: str
    message_id: str
    tries: int = 0
    next_try_at: datetime | None = None
    fault: Fault = Fault.NONE
    reply: str = ""
    variant: str = ""

    @property
    def is_untried(self) -> bool:
        """Return whether this is only prepared: its end was never sent to anybody, so it may still be written anew."""
        return self.state is MessageState.RESERVED and self.tries == 0


class SignalKind(StrEnum):
    """What came back from a lead."""

    REPLIED = "replied"
    BOUNCED = "bounced"
    UNSUBSCRIBED = "unsubscribed"
    COMPLAINED = "complained"
    OPENED = "opened"
    CLICKED = "clicked"
    FAILED = "failed"
    """An email came back, though its address may be right: a full mailbox, a spam filter, a server's fault."""
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Signal:
    """Something that came back from a lead, and when (UTC).

    *message* is the email of ours that it answers, "" when nobody can tell. *until* is the end of an absence. *says* is
    what a reply says, as one of the choices of the field ``reply_says``; "" for every other kind.
    """

    kind: SignalKind
    at: datetime
    detail: str = ""
    message: str = ""
    until: datetime | None = None
    says: str = ""


class StepHow(StrEnum):
    """How a step of a sequence ended."""

    TASK = "task"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class StepDone:
    """A step that is over without an email: a task given out, or one left out because its only_if did not hold.

    Emails are not among them: their `MessageRecord` tells.
    """

    step: str
    how: StepHow
    at: datetime


class EnrollmentState(StrEnum):
    """A lead's place in a sequence."""

    ACTIVE = "active"
    FINISHED = "finished"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Enrollment:
    """A lead's place in one sequence; *why* says what stopped it."""

    sequence: str
    started_at: datetime
    state: EnrollmentState = EnrollmentState.ACTIVE
    why: str = ""
    done: tuple[StepDone, ...] = ()


@dataclass(frozen=True, slots=True)
class Typed:
    """A value a person typed over ours, and when we first saw it (UTC)."""

    role: Role
    value: Cell
    seen_at: datetime


class Written(NamedTuple):
    """What we wrote into our own columns of one lead, or agreed with: *cells* in the order of *roles*."""

    roles: tuple[Role, ...] = ()
    cells: tuple[Cell, ...] = ()

    def get(self, role: Role) -> Cell:
        """Return the cell of one of our columns; None for one that we never wrote."""
        return self.cells[self.roles.index(role)] if role in self.roles else None


class LeadHistory(NamedTuple):
    """All the ledger knows about one lead.

    *written* is what we last wrote. *score*, *segment* and *stage* are
    those of the last snapshot; *stage_since* is when that stage began.
    """

    enrollments: tuple[Enrollment, ...] = ()
    messages: tuple[MessageRecord, ...] = ()
    signals: tuple[Signal, ...] = ()
    written: Written = Written()
    typed: tuple[Typed, ...] = ()
    stage: str = ""
    stage_since: datetime | None = None
    segment: str = ""
    score: int | float | None = None
    intended: tuple[tuple[str, Cell], ...] = ()
    """By header, what a killed run was about to write: a cell that holds it is ours too."""


NOTHING_KNOWN = LeadHistory()


@dataclass(frozen=True, slots=True)
class Suppression:
    """An address we must not write to, by its `address_identity`, and why."""

    address: str
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Suppressions:
    """Every address we must not write to. Of an erased one only the hash is known: `address_hash` under *salt*."""

    by_address: Mapping[str, Suppression] = field(default_factory=dict)
    erased: Mapping[bytes, Suppression] = field(default_factory=dict)
    salt: bytes = b""

    def of(self, address: str) -> Suppression | None:
        """Return why nothing may be sent to *address*, in whatever spelling; None when it may."""
        identity = address_identity(address)
        found = self.by_address.get(identity)
        if found is None and self.erased:
            found = self.erased.get(address_hash(identity, self.salt))
        return found


@dataclass(frozen=True, slots=True)
class Pause:
    """All sending stopped by a person; *how* says what to do to go on."""

    at: datetime
    why: str = ""
    how: str = "go on with  leadwright resume"


@dataclass(frozen=True, slots=True)
class History:
    """What the ledger knows about a book. Leads nobody did anything for are not in *leads*.

    *messages* are all those reserved or settled within `COUNTED`, of whatever lead, in order of their key: caps
    count them. Message keys are unique over all time, not over this.
    """

    leads: Mapping[LeadKey, LeadHistory] = field(default_factory=dict)
    messages: tuple[MessageRecord, ...] = ()
    suppressed: Suppressions = Suppressions()
    pause: Pause | None = None
    promised: Mapping[MessageKey, datetime] = field(default_factory=dict)
    """The minutes that runs of the last day gave to emails which have not left yet."""
    unreadable: Mapping[str, datetime | None] = field(default_factory=dict)
    """The senders whose mailbox could not be read when that was last tried: when it last was (UTC), None for never."""

    def of(self, key: LeadKey) -> LeadHistory:
        """Return what is known about a lead; nothing, for a lead not seen before."""
        return self.leads.get(key, NOTHING_KNOWN)
