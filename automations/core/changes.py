"""What our own columns shall say, where that differs from what they say now, and what the ledger shall remember."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from automations.core.courses import Waiting
from automations.core.history import LeadHistory, Written
from automations.core.leads import Cell, Role
from automations.core.plan import Hold, Known, RowUpdate
from automations.core.policy import Policy
from automations.core.rules import Qualification
from automations.core.standing import Standing, same_text
from automations.core.wording import NOTHING_PLANNED, because_of_score, email_status, next_step, why

_MOST_SHARED = 10_000
"""How many outcomes have what is told of them kept; in a book with more, most are all different."""


class Told(NamedTuple):
    """Everything our columns tell about one lead. *task* is the text of the task it waits for, if any."""

    standing: Standing
    qualification: Qualification
    waiting: Sequence[Waiting]
    holds: Sequence[Hold]
    task: str


class Telling:
    """What our columns shall say at one moment; leads that were qualified alike share it."""

    def __init__(self, policy: Policy, now: datetime) -> None:
        self._policy = policy
        self._now = now
        self._roles = tuple(role for role, _ in policy.columns.owned)
        self._zone = policy.business.zone
        everything = tuple(Role)
        self._places = None if self._roles == everything else tuple(everything.index(role) for role in self._roles)
        self._outcomes: dict[int, tuple[Qualification, tuple[Cell, ...]]] = {}

    def is_told(self, standing: Standing, found: Qualification) -> bool:
        """Return whether sheet and ledger say it all of a lead that no sequence wants anything of."""
        known = standing.known
        return (
            standing.as_left
            and standing.lead.owned == self._of_outcome(found)
            and _is_known(known, found)
            and not (known.enrollments or known.signals or known.messages or known.typed or standing.problems)
        )

    def changes_of(self, told: Told) -> tuple[Sequence[RowUpdate], Known | None]:
        """Return the cells of one lead that shall change, and what is new to the ledger about it (None: nothing)."""
        new = self._values(told)
        if told.standing.typed:
            return self._around_typed(told, new)
        return self._updates(told, new, typed=frozenset()), _known(told, Written(self._roles, new), self._now)

    def _around_typed(self, told: Told, new: Sequence[Cell]) -> tuple[Sequence[RowUpdate], Known | None]:
        """Return the same for a lead some of whose cells a person typed: those stay, and what we wrote stays known."""
        typed = frozenset(each.role for each in told.standing.typed)
        before = told.standing.known.written
        pairs = zip(self._roles, new, strict=True)
        cells = tuple([before.get(role) if role in typed else value for role, value in pairs])
        return self._updates(told, new, typed=typed), _known(told, Written(self._roles, cells), self._now)

    def _updates(self, told: Told, new: Sequence[Cell], *, typed: frozenset[Role]) -> list[RowUpdate]:
        lead, policy = told.standing.lead, self._policy
        return [
            RowUpdate(lead.key, lead.row, header, cell, value, _because(role, told, policy))
            for (role, header), cell, value in zip(policy.columns.owned, lead.owned, new, strict=True)
            if cell != value and role not in typed and not same_text(cell, value)
        ]

    def _values(self, told: Told) -> tuple[Cell, ...]:
        """Return what our columns shall say, in their order."""
        standing, found, waiting, holds, task = told
        step = next_step(waiting, holds, task, self._zone)
        status = email_status(standing.known, self._zone)
        if step == NOTHING_PLANNED and status is None:
            return self._of_outcome(found)
        return self._in_order(found, step, status)

    def _of_outcome(self, found: Qualification) -> tuple[Cell, ...]:
        """Return what our columns shall say of a lead about which there is nothing but how it was qualified."""
        # By identity, which is quick: what is kept here stays alive, so no other can have the same.
        kept = self._outcomes.get(id(found))
        if kept is not None:
            return kept[1]
        values = self._in_order(found, NOTHING_PLANNED, None)
        if len(self._outcomes) < _MOST_SHARED:
            self._outcomes[id(found)] = found, values
        return values

    def _in_order(self, found: Qualification, step: str, status: str | None) -> tuple[Cell, ...]:
        """Return the values of our columns in their order; *values* are in the order of `Role`."""
        reasons = why(found, self._policy.rules)
        values = (found.score, found.segment or None, found.stage or None, step, reasons, status)
        return values if self._places is None else tuple([values[place] for place in self._places])


def _because(role: Role, told: Told, policy: Policy) -> str:
    match role:
        case Role.SCORE:
            return because_of_score(told.qualification, policy.rules)
        case Role.SEGMENT:
            return f"{told.qualification.score} points"
        case Role.STAGE:
            moved_by = told.qualification.moved_by
            return "first stage" if moved_by is None else policy.rules.stage_rules[moved_by].when.text
        case Role.NEXT_STEP | Role.WHY | Role.STATUS:
            return ""


def _is_known(before: LeadHistory, found: Qualification) -> bool:
    """Return whether the ledger knows how this lead was qualified."""
    return (
        before.stage == found.stage
        and before.stage_since is not None
        and before.segment == found.segment
        and before.score == found.score
    )


def _known(told: Told, written: Written, now: datetime) -> Known | None:
    before, found, typed = told.standing.known, told.qualification, told.standing.typed
    if before.written == written and before.typed == typed and _is_known(before, found):
        return None
    since = before.stage_since if before.stage == found.stage else None
    return Known(told.standing.lead.key, found.score, found.segment, found.stage, since or now, written, typed)
