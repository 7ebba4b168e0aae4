"""What our own columns shall say, where that differs from what they say now, and what the ledger shall remember."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from automations.core.courses import Waiting
from automations.core.leads import Cell, Role
from automations.core.plan import Hold, Known, RowUpdate
from automations.core.policy import Policy
from automations.core.rules import Qualification
from automations.core.standing import Standing, same_text
from automations.core.wording import because_of_score, email_status, next_step, why

_MOST_SHARED = 10_000
"""How many outcomes have their reasons kept as text; in a book with more, most are all different."""


class Told(NamedTuple):
    """Everything our columns tell about one lead. *task* is the text of the task it waits for, if any."""

    standing: Standing
    qualification: Qualification
    waiting: Sequence[Waiting]
    holds: Sequence[Hold]
    task: str


class Telling:
    """What our columns shall say at one moment; leads that were qualified alike share their reasons."""

    def __init__(self, policy: Policy, now: datetime) -> None:
        self._policy = policy
        self._now = now
        self._roles = tuple(role for role, _ in policy.columns.owned)
        self._zone = policy.business.zone
        everything = tuple(Role)
        self._places = None if self._roles == everything else tuple(everything.index(role) for role in self._roles)
        self._whys: dict[int, tuple[Qualification, Cell]] = {}

    def changes_of(self, told: Told) -> tuple[Sequence[RowUpdate], Known | None]:
        """Return the cells of one lead that shall change, and what is new to the ledger about it (None: nothing)."""
        standing, new = told.standing, self._values(told)
        if standing.as_left and new == standing.lead.owned and not standing.known.typed and _is_known(told):
            return (), None
        if standing.typed:
            return self._around_typed(told, new)
        written = tuple(zip(self._roles, new, strict=True))
        return self._updates(told, new, typed=frozenset()), _known(told, written, self._now)

    def _around_typed(self, told: Told, new: Sequence[Cell]) -> tuple[Sequence[RowUpdate], Known | None]:
        """Return the same for a lead some of whose cells a person typed: those stay, and what we wrote stays known."""
        typed = frozenset(each.role for each in told.standing.typed)
        before = dict(told.standing.known.written)
        pairs = zip(self._roles, new, strict=True)
        written = tuple([(role, before.get(role) if role in typed else value) for role, value in pairs])
        return self._updates(told, new, typed=typed), _known(told, written, self._now)

    def _updates(self, told: Told, new: Sequence[Cell], *, typed: frozenset[Role]) -> list[RowUpdate]:
        lead, policy = told.standing.lead, self._policy
        return [
            RowUpdate(lead.key, lead.row, header, cell, value, _because(role, told, policy))
            for (role, header), cell, value in zip(policy.columns.owned, lead.owned, new, strict=True)
            if cell != value and role not in typed and not same_text(cell, value)
        ]

    def _values(self, told: Told) -> tuple[Cell, ...]:
        """Return what our columns shall say, in their order; *values* are in the order of `Role`."""
        standing, found, waiting, holds, task = told
        values = (
            found.score,
            found.segment or None,
            found.stage or None,
            next_step(waiting, holds, task, self._zone),
            self._why(found),
            email_status(standing.known, self._zone),
        )
        return values if self._places is None else tuple([values[place] for place in self._places])

    def _why(self, found: Qualification) -> Cell:
        # By identity, which is quick: what is kept here stays alive, so no other can have the same.
        kept = self._whys.get(id(found))
        if kept is not None:
            return kept[1]
        text = why(found, self._policy.rules)
        if len(self._whys) < _MOST_SHARED:
            self._whys[id(found)] = found, text
        return text


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


def _is_known(told: Told) -> bool:
    """Return whether the ledger knows how this lead was qualified."""
    before, found = told.standing.known, told.qualification
    return (
        before.stage == found.stage
        and before.stage_since is not None
        and before.segment == found.segment
        and before.score == found.score
    )


def _known(told: Told, written: tuple[tuple[Role, Cell], ...], now: datetime) -> Known | None:
    before, found, typed = told.standing.known, told.qualification, told.standing.typed
    if before.written == written and before.typed == typed and _is_known(told):
        return None
    same_stage = before.stage == found.stage and before.stage_since is not None
    return Known(
        key=told.standing.lead.key,
        score=found.score,
        segment=found.segment,
        stage=found.stage,
        stage_since=before.stage_since if same_stage and before.stage_since else now,
        written=written,
        typed=typed,
    )
