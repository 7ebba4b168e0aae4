"""Rules over leads. See `qualify`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from automations.core.leads import Value


class LedgerFacts(NamedTuple):
    """What the ledger knows about a lead, as fields a rule can ask about. Dates are days in the business's zone."""

    emails_sent: int = 0
    last_emailed: date | None = None
    replied: bool = False
    bounced: bool = False
    unsubscribed: bool = False
    opened: bool = False
    clicked: bool = False
    days_in_stage: int = 0


class Given(NamedTuple):
    """All that qualifies one lead. *values* in the order of `Columns.fields`; *stage* is where it stands now.

    *typed_score* and *typed_segment* are what a person typed over ours (None: nothing); *stage_typed* says that the
    stage was: then no rule moves it.
    """

    values: tuple[Value, ...]
    facts: LedgerFacts
    stage: str
    typed_score: int | float | None = None
    typed_segment: str | None = None
    stage_typed: bool = False


class Reason(NamedTuple):
    """Points one rule gave. *rule* is its position in `Ruleset.scoring`, or -1 for the part a cap took away again."""

    rule: int
    points: int
    group: str = ""


@dataclass(frozen=True, slots=True)
class Qualification:
    """What the rules made of a lead. *moved_by* is the position in `Ruleset.stage_rules` of the last rule that moved it."""

    score: int | float
    segment: str
    stage: str
    reasons: tuple[Reason, ...] = ()
    moved_by: int | None = None
