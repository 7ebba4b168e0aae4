"""Rules over leads: what qualifies one (`Given`), what comes of it (`Qualification`), and how it is decided.

    Given ──> score ──> segment ──> stage ──┐
               ^                            │ again, with the new stage and no days in it,
               └────────────────────────────┘ until no stage rule moves the lead any more

- Score: the sum of the points of all scoring rules that hold, or what a person typed. Points fade with the time since
  a date, and not at all before it; a rule that fades gives nothing to a lead without that date. The points of a group
  that exceed its cap are taken away again.
- Segment: what a person typed, else the first segment whose condition holds, else "".
- Stage: a lead without one begins with the first. The first stage rule, from the top, that holds and leads forward
  moves it; a lead whose stage a person typed is not moved, nor one in a stage that is not among `Ruleset.stages`.

A lead only moves forward, so the circle ends after at most as many turns as there are stages; and as it ends where no
rule moves the lead, qualifying the outcome again changes nothing (law 2).
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import NamedTuple

from automations.core.conditions import Condition
from automations.core.leads import Columns, Value
from automations.core.policy import Facts, Fade, Ruleset


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
    reply_says: str | None = None


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


class Qualification(NamedTuple):
    """What the rules made of a lead.

    *moved_by* is the position in `Ruleset.stage_rules` of the last rule that moved it; None when none did.
    *reasons* are what the rules say, also when a person typed the score. Leads with the same outcome share one value.
    """

    score: int | float
    segment: str
    stage: str
    reasons: tuple[Reason, ...] = ()
    moved_by: int | None = None


Test = Callable[[Given, Qualification, date], bool]
"""Whether a condition holds for a lead as it was qualified, on a day: with its new score, segment and stage."""

Points = tuple[tuple[int, int], ...]
"""Which rules hold, by position in `Ruleset.scoring`, and how many points each gives today."""


class Rules:
    """The rules of one book, compiled. Immutable; good for any number of leads and days."""

    __slots__ = ("_run",)

    def __init__(self, run: Callable[[Iterable[Given], date], list[Qualification]]) -> None:
        self._run = run

    def qualify(self, given: Iterable[Given], today: date) -> list[Qualification]:
        """Return what the rules make of each lead, in the order given."""
        return self._run(given, today)


def compile_rules(columns: Columns, rules: Ruleset, facts: Facts) -> Rules:
    """Return the rules of a book as one generated function over all its leads.

    Raises ValueError when a condition asks for a field that is not there, or for what it decides itself: a scoring
    rule for score or segment, a segment for segment. `config` refuses all of these beforehand.
    """
    from automations.core.generated import qualifier  # noqa: PLC0415 - it builds on the values above

    return Rules(qualifier(columns, rules, facts))


def compile_condition(condition: Condition, columns: Columns, facts: Facts) -> Test:
    """Return one condition as a function. Raises ValueError when it asks for a field that is not there."""
    from automations.core.generated import tester  # noqa: PLC0415 - it builds on the values above

    test = tester(condition, columns, facts)

    def holds(given: Given, qualification: Qualification, today: date) -> bool:
        moved = qualification.moved_by is not None or not given.stage
        days_in_stage = 0 if moved else given.facts.days_in_stage
        return test(
            given.values,
            given.facts,
            qualification.score,
            qualification.segment,
            qualification.stage,
            days_in_stage,
            today,
        )

    return holds


def faded_points(points: int, fade: Fade, since: date, today: date) -> int:
    """Return what is left of *points* after whole days from *since* to *today*; all of them before *since*.

    Halves are rounded away from zero, so that points and minus points fade alike.

    >>> faded_points(20, Fade(0.5, timedelta(days=30), "asked_on"), date(2026, 10, 24), date(2026, 11, 23))
    10
    """
    days = max(0, (today - since).days)
    left = abs(points) * (1 - fade.share) ** (days / (fade.per / timedelta(days=1)))
    return int(math.copysign(math.floor(left + 0.5), points))


def scored(points: Points, rules: Ruleset) -> tuple[int, tuple[Reason, ...]]:
    """Return the sum of *points* after caps, and its reasons: rules in their order, then caps in theirs.

    A rule that gives nothing is no reason.
    """
    reasons = [Reason(rule, given, rules.scoring[rule].group or "") for rule, given in points if given]
    sums: defaultdict[str, int] = defaultdict(int)
    for reason in reasons:
        sums[reason.group] += reason.points
    reasons += [Reason(-1, most - sums[group], group) for group, most in rules.caps if sums[group] > most]
    return sum(reason.points for reason in reasons), tuple(reasons)
