"""What our own columns shall say, where that differs from what they say now, and what the ledger shall remember."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from automations.core.courses import Waiting
from automations.core.history import Typed
from automations.core.leads import Cell, Role
from automations.core.plan import Hold, Known, RowUpdate
from automations.core.policy import Policy
from automations.core.rules import Qualification
from automations.core.standing import Standing, same_text
from automations.core.wording import because_of_score, email_status, next_step, why


@dataclass(frozen=True, slots=True)
class Told:
    """Everything our columns tell about one lead. *task* is the text of the task it waits for, if any."""

    standing: Standing
    qualification: Qualification
    waiting: Sequence[Waiting]
    holds: Sequence[Hold]
    task: str


def changes_of(told: Told, policy: Policy, now: datetime) -> tuple[tuple[RowUpdate, ...], Known | None]:
    """Return the cells of one lead that shall change, and what is new to the ledger about it (None: nothing)."""
    standing = told.standing
    typed = {each.role for each in standing.typed}
    before = dict(standing.known.written)
    updates: list[RowUpdate] = []
    written: list[tuple[Role, Cell]] = []
    for (role, header), cell in zip(policy.columns.owned, standing.lead.owned, strict=True):
        if role in typed:
            written.append((role, before.get(role)))
            continue
        new = _VALUES[role](told, policy)
        written.append((role, new))
        if cell != new and not same_text(cell, new):
            because = _because(role, told, policy)
            updates.append(RowUpdate(standing.lead.key, standing.lead.row, header, cell, new, because))
    return tuple(updates), _known(told, tuple(written), standing.typed, now)


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


def _next_step(told: Told, policy: Policy) -> Cell:
    return next_step(told.waiting, told.holds, told.task, policy.business.zone)


_VALUES: Mapping[Role, Callable[[Told, Policy], Cell]] = {
    Role.SCORE: lambda told, _: told.qualification.score,
    Role.SEGMENT: lambda told, _: told.qualification.segment or None,
    Role.STAGE: lambda told, _: told.qualification.stage or None,
    Role.NEXT_STEP: _next_step,
    Role.WHY: lambda told, policy: why(told.qualification, policy.rules),
    Role.STATUS: lambda told, policy: email_status(told.standing.known, policy.business.zone),
}


def _known(told: Told, written: tuple[tuple[Role, Cell], ...], typed: tuple[Typed, ...], now: datetime) -> Known | None:
    before, found = told.standing.known, told.qualification
    same_stage = before.stage == found.stage and before.stage_since is not None
    if (
        same_stage
        and before.written == written
        and before.typed == typed
        and before.segment == found.segment
        and before.score == found.score
    ):
        return None
    return Known(
        key=told.standing.lead.key,
        score=found.score,
        segment=found.segment,
        stage=found.stage,
        stage_since=before.stage_since if same_stage and before.stage_since else now,
        written=written,
        typed=typed,
    )
