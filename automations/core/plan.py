"""The plan: everything one run will do, everything it will not do, and why. It survives JSON.

Lists are ordered by what they are about (key, sequence, step), never by the row, so that sorting the sheet changes
nothing but row numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from automations.core.history import Typed, Written
from automations.core.leads import Cell, LeadKey
from automations.core.messages import MessageKey
from automations.errors import Problem


class RowUpdate(NamedTuple):
    """One cell of one lead that will change. *column* is the header; *row* is where the lead was read."""

    key: LeadKey
    row: int
    column: str
    old: Cell
    new: Cell
    because: str


@dataclass(frozen=True, slots=True)
class Send:
    """One email. In `Plan.sends` it leaves now; in `Plan.later` it is expected at *at*, if nothing changes until then.

    *key* is the lead's, *message* the message's own. *digest* is the hash of its bytes (empty when later).
    *retry* says that its bytes are stored already: they go again as they are. *promised* says that it is due and leaves
    today at the minute *at*, when its turn has come. *variant* is which of the step's texts this lead gets (``B``).
    """

    key: LeadKey
    to: str
    sequence: str
    step: str
    sender: str
    at: datetime
    subject: str
    because: str
    message: MessageKey
    company: str = ""
    digest: str = ""
    retry: bool = False
    tries: int = 0
    promised: bool = False
    variant: str = ""


class HoldKind(StrEnum):
    """What keeps a due action back, for counting."""

    PAUSED = "sending is paused"
    SUPPRESSED = "must not be written to"
    IN_DOUBT = "an earlier email is in doubt"
    REFUSED = "an earlier email was refused"
    SNOOZED = "snoozed by a person"
    ABSENT = "out of office"
    FAILING = "the last emails came back"
    UNHEARD = "replies are not known"
    NO_ADDRESS = "no email address"
    NO_SENDER = "no sender"
    SAME_ADDRESS = "same address as another lead"
    WINDOW = "outside the sending hours"
    GAP = "emailed too recently"
    COMPANY = "same company emailed too recently"
    LEAD_FULL = "lead has reached its limit"
    DOMAIN = "receiving domain has reached its limit"
    TURN = "waiting for its turn"
    LATE = "too late"
    SENDER_FULL = "sender has reached the limit of the day"
    RETRY = "waiting to try again"
    CHANGED = "changed since the last email"
    RUN_FULL = "this run has reached its limit"
    BOUNCES = "too many emails bounced"
    COMPLAINTS = "too many emails marked as spam"
    NOT_RECORDED = "the sheet tells of emails that are not on record"
    TEMPLATE = "the email cannot be written for this lead"


@dataclass(frozen=True, slots=True)
class Hold:
    """Something due that is not done now. *what* names it, *why* is a sentence; *until* None: a person must act."""

    key: LeadKey
    what: str
    why: str
    kind: HoldKind
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """Something a person is asked to do."""

    key: LeadKey
    owner: str
    text: str
    due: datetime
    sequence: str
    step: str


class MoveKind(StrEnum):
    """What changes in a lead's place in a sequence, besides emails."""

    START = "start"
    SKIP = "skip"
    TASK = "task"
    FINISH = "finish"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class Move:
    """A change of a lead's place in a sequence, at *at*. *step* is set for SKIP and TASK, *why* for STOP and SKIP.

    *after* says that it follows from an email of the same plan: it happens only once that email is accepted.
    """

    key: LeadKey
    sequence: str
    kind: MoveKind
    at: datetime
    step: str = ""
    why: str = ""
    after: bool = False


class Known(NamedTuple):
    """What the ledger shall remember of a lead, for the next plan: its stage and since when, its segment and score.

    *written* is what our columns hold once the updates are written; *typed* are the roles a person typed over, with
    when that was first seen.
    """

    key: LeadKey
    score: int | float
    segment: str
    stage: str
    stage_since: datetime
    written: Written
    typed: tuple[Typed, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything one run will do.

    *rows* counts rows by what happens to them: changed, unchanged, held, problem; together they are *leads_read*.
    *segments* counts leads by segment, with the change against what was known before. *new_columns* are headers
    that the sheet does not have yet and gets at its right end. *sheet* is what was read, *names* what people call the
    leads that the plan is about (``Eva Muster, Muster AG``); a lead without a name goes by its key.
    """

    made_at: datetime
    leads_read: int
    updates: tuple[RowUpdate, ...] = ()
    sends: tuple[Send, ...] = ()
    later: tuple[Send, ...] = ()
    holds: tuple[Hold, ...] = ()
    tasks: tuple[Task, ...] = ()
    moves: tuple[Move, ...] = ()
    new_columns: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()
    rows: Mapping[str, int] = field(default_factory=dict)
    segments: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    sheet: str = ""
    names: Mapping[LeadKey, str] = field(default_factory=dict)

    @property
    def leaving(self) -> int:
        """Return how many emails leave because of this plan: now, and in their turn today."""
        return len(self.sends) + len(self.in_turn)

    @property
    def in_turn(self) -> tuple[Send, ...]:
        """Return the emails that leave later today, in order of their minutes."""
        return tuple(send for send in self.later if send.promised)
