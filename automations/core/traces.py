"""Rules over one lead, said in full: what each rule asked, what it found, and when that changes. For `explain`.

Everything is worked out in the obvious way, condition by condition, from the operators' own meanings: this is also the
reference that the generated code is tested against.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from automations.core.conditions import Compare, Every, Negate, Node, Some
from automations.core.leads import Columns, Value
from automations.core.meanings import TODAY, World, holding_days
from automations.core.operators import BY_NAME
from automations.core.policy import Facts, Ruleset
from automations.core.rules import Given, Points, Qualification, Reason, faded_points, scored
from automations.core.stages import is_forward, starting_stage


@dataclass(frozen=True, slots=True)
class Finding:
    """What one condition found. *asked* are the fields it names and their values, in the order it names them.

    *lacking* are the parts that would have to hold besides, in the owner's words; empty when it holds. If nothing in
    the sheet changes, it holds until the day *ends*, included, or from the day *begins* on.
    """

    text: str
    where: str
    holds: bool
    asked: tuple[tuple[str, Value], ...]
    lacking: tuple[str, ...] = ()
    ends: date | None = None
    begins: date | None = None


@dataclass(frozen=True, slots=True)
class ScoringTrace:
    """One scoring rule: *points* it gives today, *possible* what it gives when its condition holds."""

    rule: int
    because: str
    group: str
    points: int
    possible: int
    found: Finding


@dataclass(frozen=True, slots=True)
class SegmentTrace:
    """One segment; *found* is None for the one that takes everything else."""

    name: str
    found: Finding | None


@dataclass(frozen=True, slots=True)
class StageTrace:
    """One stage rule, asked where the lead stands in the end; *is_forward* says whether it could move it at all."""

    move_to: str
    is_forward: bool
    found: Finding


@dataclass(frozen=True, slots=True)
class Trace:
    """Everything the rules say about one lead. *capped* are the points that caps took away."""

    qualification: Qualification
    scoring: tuple[ScoringTrace, ...]
    capped: tuple[Reason, ...]
    segments: tuple[SegmentTrace, ...]
    stage_rules: tuple[StageTrace, ...]


@dataclass(frozen=True, slots=True)
class _Lead:
    """What conditions can ask about one lead on one day."""

    given: Given
    names: tuple[str, ...]
    world: World
    score: int | float
    segment: str
    stage: str
    days_in_stage: int

    def asked(self) -> Mapping[str, Value]:
        """Return the values of all fields; a column comes before a fact of the same name."""
        decided = {"score": self.score, "segment": self.segment, "stage": self.stage}
        facts = self.given.facts._asdict() | {"days_in_stage": self.days_in_stage}
        return {**facts, **decided, **dict(zip(self.names, self.given.values, strict=True))}


def holds(node: Node, asked: Mapping[str, Value], world: World) -> bool:
    """Return whether a condition holds for the values in *asked*."""
    match node:
        case Compare():
            return BY_NAME[node.operator].holds(asked[node.field], node.operands, world)
        case Every():
            return all(holds(part, asked, world) for part in node.parts)
        case Some():
            return any(holds(part, asked, world) for part in node.parts)
        case Negate():
            return not holds(node.part, asked, world)


def trace(given: Given, columns: Columns, rules: Ruleset, facts: Facts, today: date) -> Trace:
    """Return everything the rules say about one lead; its qualification is the one `Rules.qualify` gives."""
    qualification, lead = _qualified(given, columns, rules, World(today, facts))
    return Trace(
        qualification,
        tuple(_scoring_trace(rule, lead, rules) for rule in range(len(rules.scoring))),
        tuple(each for each in qualification.reasons if each.rule < 0),
        tuple(
            SegmentTrace(
                rule.name, _finding(rule.when.tree, rule.when.text, rule.when.where, lead) if rule.when else None
            )
            for rule in rules.segments
        ),
        tuple(
            StageTrace(
                rule.move_to,
                is_forward(rules.stages, old=lead.stage, new=rule.move_to),
                _finding(rule.when.tree, rule.when.text, rule.when.where, lead),
            )
            for rule in rules.stage_rules
        ),
    )


def qualify_one(given: Given, columns: Columns, rules: Ruleset, facts: Facts, today: date) -> Qualification:
    """Return what `Rules.qualify` returns for one lead, worked out slowly."""
    return _qualified(given, columns, rules, World(today, facts))[0]


def _qualified(given: Given, columns: Columns, rules: Ruleset, world: World) -> tuple[Qualification, _Lead]:
    stage, _ = starting_stage(rules.stages, given.stage)
    days = given.facts.days_in_stage if given.stage else 0
    moved: int | None = None
    while True:
        unscored = _Lead(given, columns.names(), world, 0, "", stage, days)
        score, reasons = scored(_points(unscored, rules), rules)
        if given.typed_score is not None:
            score_now: int | float = given.typed_score
        else:
            score_now = score
        segment = _segment(_Lead(given, columns.names(), world, score_now, "", stage, days), rules)
        lead = _Lead(given, columns.names(), world, score_now, segment, stage, days)
        move = _move(lead, rules)
        if move is None:
            return Qualification(score_now, segment, stage, reasons, moved), lead
        stage, days, moved = rules.stage_rules[move].move_to, 0, move


def _points(lead: _Lead, rules: Ruleset) -> Points:
    asked = lead.asked()
    return tuple(
        (at, _possible(at, lead, rules))
        for at, rule in enumerate(rules.scoring)
        if holds(rule.when.tree, asked, lead.world)
    )


def _possible(rule: int, lead: _Lead, rules: Ruleset) -> int:
    scoring = rules.scoring[rule]
    if scoring.fades is None:
        return scoring.points
    since = lead.asked()[scoring.fades.since]
    return faded_points(scoring.points, scoring.fades, since, lead.world.today) if isinstance(since, date) else 0


def _segment(lead: _Lead, rules: Ruleset) -> str:
    if lead.given.typed_segment is not None:
        return lead.given.typed_segment
    asked = lead.asked()
    fitting = (each.name for each in rules.segments if not each.when or holds(each.when.tree, asked, lead.world))
    return next(fitting, "")


def _move(lead: _Lead, rules: Ruleset) -> int | None:
    """Return which stage rule moves the lead."""
    if lead.given.stage_typed:
        return None
    asked = lead.asked()
    for at, rule in enumerate(rules.stage_rules):
        forward = is_forward(rules.stages, old=lead.stage, new=rule.move_to)
        if forward and holds(rule.when.tree, asked, lead.world):
            return at
    return None


# --- What a condition found. ---


def _scoring_trace(rule: int, lead: _Lead, rules: Ruleset) -> ScoringTrace:
    scoring = rules.scoring[rule]
    found = _finding(scoring.when.tree, scoring.when.text, scoring.when.where, lead)
    possible = _possible(rule, lead, rules)
    return ScoringTrace(rule, scoring.because, scoring.group or "", possible if found.holds else 0, possible, found)


def _finding(tree: Node, text: str, where: str, lead: _Lead) -> Finding:
    asked = lead.asked()
    is_true = holds(tree, asked, lead.world)
    change = _change(tree, lead)
    names = dict.fromkeys(compare.field for compare in _compares(tree))
    return Finding(
        text=text,
        where=where,
        holds=is_true,
        asked=tuple((name, asked[name]) for name in names),
        lacking=tuple(_lacking(tree, asked, lead.world)),
        ends=change - timedelta(days=1) if change and is_true else None,
        begins=None if is_true else change,
    )


def _compares(node: Node) -> Iterator[Compare]:
    match node:
        case Compare():
            yield node
        case Every() | Some():
            for part in node.parts:
                yield from _compares(part)
        case Negate():
            yield from _compares(node.part)


def _lacking(node: Node, asked: Mapping[str, Value], world: World) -> Iterator[str]:
    if holds(node, asked, world):
        return
    match node:
        case Every():
            for part in node.parts:
                yield from _lacking(part, asked, world)
        case _:
            yield _said(node)


def _said(node: Node) -> str:
    """Return a condition in words: the owner's own, joined as he joined them."""
    match node:
        case Compare():
            return node.text
        case Every():
            return " and ".join(f"({_said(each)})" if isinstance(each, Some) else _said(each) for each in node.parts)
        case Some():
            return " or ".join(_said(each) for each in node.parts)
        case Negate():
            return f"not {_said(node.part)}" if isinstance(node.part, Compare) else f"not ({_said(node.part)})"


def _change(tree: Node, lead: _Lead) -> date | None:
    """Return the first day after today on which the condition says something else, only because time passed."""
    today = lead.world.today
    now = holds(tree, lead.asked(), lead.world)
    days = sorted({day for compare in _compares(tree) for day in _turning_days(compare, lead) if day > today})
    return next((day for day in days if holds(tree, *_on(lead, day)) is not now), None)


def _on(lead: _Lead, day: date) -> tuple[Mapping[str, Value], World]:
    asked = dict(lead.asked())
    if "days_in_stage" not in lead.names:
        asked["days_in_stage"] = lead.days_in_stage + (day - lead.world.today).days
    return asked, World(day, lead.world.facts)


def _turning_days(compare: Compare, lead: _Lead) -> Iterator[date]:
    """Return the days on which one comparison may begin to say something else."""
    value = lead.asked()[compare.field]
    operator = BY_NAME[compare.operator]
    if isinstance(value, date):
        span = holding_days(operator.negates or operator.name, compare.operands, value)
        yield from _around(*span) if span else ()
        if TODAY in compare.operands:
            yield from _around(value, value)
    if compare.field == "days_in_stage" and isinstance(value, int):
        for operand in compare.operands:
            if isinstance(operand, int | float):
                ordinal = lead.world.today.toordinal() + int(operand) - value
                if 0 < ordinal < date.max.toordinal():
                    yield from _around(date.fromordinal(ordinal), date.fromordinal(ordinal))


def _around(first: date, last: date) -> Iterator[date]:
    yield first
    if last < date.max:
        yield last + timedelta(days=1)
