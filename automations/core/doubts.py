"""What looks wrong in rules that are all right one by one: what can never hold, and what nobody can reach.

Only what is certain is told. A sentence is looked at when its parts are joined by ``and``; what compares with today, or
asks for an ``or``, may hold on some day, so nothing is said about it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import cast

from automations.core.conditions import Compare, Condition, Every, Node
from automations.core.leads import Value
from automations.core.meanings import TODAY, fold
from automations.core.policy import Policy, Ruleset, SegmentRule
from automations.errors import Problem

_Number = int | float | date
_LEAST = frozenset({">=", ">", "is after"})
_MOST = frozenset({"<=", "<", "is before"})
_OPEN = frozenset({">", "<", "is after", "is before"})
_ONE_OF = frozenset({"is", "is one of"})
_NONE_OF = frozenset({"is not", "is not one of"})
_ASKS_FOR_SOMETHING = frozenset({*_LEAST, *_MOST, *_ONE_OF, "is between", "contains", "starts with", "ends with"})


def doubts(policy: Policy) -> tuple[Problem, ...]:
    """Return a warning for every sentence that can never hold and every segment that no lead can reach."""
    found = [_never(condition) for condition in _conditions(policy)]
    return (*(each for each in found if each), *_unreached(policy.rules), *_taken(policy.rules.segments))


def _conditions(policy: Policy) -> Iterator[Condition]:
    yield from (rule.when for rule in policy.rules.scoring)
    yield from (rule.when for rule in policy.rules.segments if rule.when)
    yield from (rule.when for rule in policy.rules.stage_rules)
    for sequence in policy.sequences:
        yield sequence.start_when
        yield from sequence.stop_when
        yield from (step.only_if for step in sequence.steps if step.only_if)


def _never(condition: Condition) -> Problem | None:
    by_field: defaultdict[str, list[Compare]] = defaultdict(list)
    for part in _parts(condition.tree):
        if isinstance(part, Compare) and TODAY not in part.operands:
            by_field[part.field].append(part)
    for name, parts in by_field.items():
        if _is_impossible(parts):
            said = " and ".join(dict.fromkeys(part.text for part in parts if part.text)) or condition.text
            return Problem(condition.where, f"this can never hold: {said}", f"see what is meant by {name}")
    return None


def _parts(node: Node) -> Iterator[Node]:
    """Yield what must hold all at once."""
    if isinstance(node, Every):
        for part in node.parts:
            yield from _parts(part)
    else:
        yield node


def _is_impossible(parts: Sequence[Compare]) -> bool:
    operators = {part.operator for part in parts}
    if "is empty" in operators and not operators.isdisjoint({*_ASKS_FOR_SOMETHING, "is not empty"}):
        return True
    return _range_of(parts).is_empty() or _has_no_value(parts)


@dataclass(frozen=True, slots=True)
class _Range:
    """The numbers or days from *least* to *most*; None for no end, and an open end does not belong to it."""

    least: _Number | None = None
    most: _Number | None = None
    open_least: bool = False
    open_most: bool = False

    def is_empty(self) -> bool:
        if self.least is None or self.most is None:
            return False
        least, most = cast("int", self.least), cast("int", self.most)  # of one column, so of one type
        return least > most or (least == most and (self.open_least or self.open_most))


def _range_of(parts: Iterable[Compare]) -> _Range:
    """Return what is left of a column of numbers or days when all *parts* hold."""
    lowest: list[tuple[_Number, bool]] = []
    highest: list[tuple[_Number, bool]] = []
    for part in parts:
        values = [value for value in part.operands if isinstance(value, int | float | date)]
        if len(values) != len(part.operands) or not values:
            continue
        is_open = part.operator in _OPEN
        if part.operator in _LEAST or part.operator == "is":
            lowest.append((values[0], is_open))
        if part.operator in _MOST or part.operator == "is":
            highest.append((values[0], is_open))
        if part.operator == "is between":
            first, last = sorted(cast("list[int]", values))
            lowest.append((first, False))
            highest.append((last, False))
    least, open_least = max(lowest, default=(None, False))
    most, negative = min(((value, not is_open) for value, is_open in highest), default=(None, True))
    return _Range(least, most, open_least, open_most=not negative)


def _has_no_value(parts: Iterable[Compare]) -> bool:
    """Return whether no value is one of all that are asked for, and none of those that are ruled out."""
    wanted: set[Value] | None = None
    ruled_out: set[Value] = set()
    for part in parts:
        values = {fold(value) if isinstance(value, str) else value for value in part.operands}
        if part.operator in _ONE_OF:
            wanted = values if wanted is None else wanted & values
        elif part.operator in _NONE_OF:
            ruled_out |= values
    return wanted is not None and not wanted - ruled_out


def _unreached(rules: Ruleset) -> Iterator[Problem]:
    """Yield a warning for each segment that asks for more points than all rules together can give."""
    most = _most_points(rules)
    for segment in rules.segments:
        least = _least_score(segment)
        if segment.when and least is not None and most < least:
            yield Problem(
                segment.when.where,
                f"no lead can reach {segment.name}: all rules together give {most} points, and it asks for {least}",
                "lower the number, or raise the points under scoring",
            )


def _most_points(rules: Ruleset) -> int:
    sums: defaultdict[str | None, int] = defaultdict(int)
    for rule in rules.scoring:
        sums[rule.group] += max(0, rule.points)
    caps = dict(rules.caps)
    return sum(min(points, caps.get(group, points)) if group else points for group, points in sums.items())


def _least_score(segment: SegmentRule) -> float | None:
    if segment.when is None:
        return None
    parts = [part for part in _parts(segment.when.tree) if isinstance(part, Compare) and part.field == "score"]
    least = _range_of(parts).least
    return least if isinstance(least, int | float) else None


def _taken(segments: Sequence[SegmentRule]) -> Iterator[Problem]:
    """Yield a warning for each segment of a least score alone behind one that takes all these leads already."""
    for at, segment in enumerate(segments):
        asked = _only_least(segment)
        for before in segments[:at]:
            taken = _only_least(before)
            if segment.when and asked is not None and taken is not None and taken <= asked:
                yield Problem(
                    segment.when.where,
                    f"no lead can be {segment.name}: {before.name} comes first and takes everybody from {taken} points",
                    f"put {segment.name} above {before.name}",
                )
                break


def _only_least(segment: SegmentRule) -> float | None:
    tree = segment.when.tree if segment.when else None
    is_that = isinstance(tree, Compare) and tree.field == "score" and tree.operator == ">="
    return _least_score(segment) if is_that else None
