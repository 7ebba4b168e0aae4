"""Rules as generated Python functions: one for all rules of a book over all its leads, one for a single condition.

What it looks like, for two scoring rules, two segments and one stage rule::

    def run(leads, today, append, scores, made, build):
        b0 = b0_of(k7, today)
        for values, facts, stage, typed_score, typed_segment, stage_typed in leads:
            v3 = values[3]
            v7 = values[7]
            f0 = facts[0]
            stage, place = starts[stage]
            moved = None
            base = 0
            if v3 is not None and v3 >= 20:
                base |= 1
            if v7 is not None and b0 <= v7 <= today:
                base |= 2
            while True:
                mask = base
                score, reasons = scores[mask]
                ...

A lead's scoring is known by which rules hold (*mask*, and the points of each rule that fades), so the sum, the caps
and the reasons are worked out once for all leads alike, and leads with one outcome share one `Qualification`.
`traces` says the same in the obvious way; a property test compares the two.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from types import FunctionType
from typing import cast

from automations.core.conditions import Condition, fields_of
from automations.core.expressions import Names, Slot, expression, slots_of
from automations.core.leads import Columns, Value
from automations.core.policy import Facts, Ruleset, ScoringRule
from automations.core.rules import Given, LedgerFacts, Points, Qualification, Reason, faded_points, scored
from automations.core.stages import starting_stage

Asked = Callable[[tuple[Value, ...], LedgerFacts, int | float, str, str, int, date], bool]
"""Values, facts, score, segment, stage, days in stage and today to whether a condition holds."""

_Key = int | tuple[int, ...]
"""Which plain rules hold, as bits; with rules that fade, their points behind it."""


def tester(condition: Condition, columns: Columns, facts: Facts) -> Asked:
    """Return one condition as a function. Raises ValueError when it asks for a field that is not there."""
    names = Names(slots_of(columns), facts)
    answer = ast.Return(expression(condition.tree, names))
    body = [*names.bounds, *_unpacked(names), *_prepared(names), *_prepared_later(names), answer]
    parameters = ("values", "facts", "score", "segment", "stage", "days_in_stage", "today")
    return cast("Asked", _function(parameters, body, names))


def qualifier(columns: Columns, rules: Ruleset, facts: Facts) -> Callable[[Iterable[Given], date], list[Qualification]]:
    """Return `Rules.qualify`. Raises ValueError when a rule asks for what is not there or decided only later."""
    names = Names(slots_of(columns), facts)
    names.bound["starts"] = _Starts(rules.stages)
    work = _Work(rules, names)
    body = work.body()
    run = _function(("leads", "today", "append", "scores", "made", "build"), body, names)
    order = work.order()

    def qualify(given: Iterable[Given], today: date) -> list[Qualification]:
        qualified: list[Qualification] = []
        scores = _Scores(rules, order)
        run(given, today, qualified.append, scores, _Made(scores), Qualification)
        return qualified

    return qualify


# --- What is worked out once for all leads alike. ---


@dataclass(frozen=True, slots=True)
class _Order:
    """The positions of the scoring rules: the plain ones by their bit, then those that fade, as in a `_Key`."""

    plain: tuple[int, ...]
    fading: tuple[int, ...]


class _Scores(dict[_Key, tuple[int, tuple[Reason, ...]]]):
    """Score and reasons for each set of rules that hold."""

    def __init__(self, rules: Ruleset, order: _Order) -> None:
        super().__init__()
        self._rules = rules
        self._order = order
        self._shared: dict[Reason, Reason] = {}

    def __missing__(self, key: _Key) -> tuple[int, tuple[Reason, ...]]:
        mask, *faded = key if isinstance(key, tuple) else (key,)
        held = [
            (rule, self._rules.scoring[rule].points) for bit, rule in enumerate(self._order.plain) if mask >> bit & 1
        ]
        points: Points = tuple(sorted([*held, *zip(self._order.fading, faded, strict=True)]))
        score, reasons = scored(points, self._rules)
        shared = tuple(self._shared.setdefault(each, each) for each in reasons)
        return self.setdefault(key, (score, shared))


class _Made(dict[tuple[_Key, str, str, int | None], Qualification]):
    """The qualification of each outcome that came up."""

    def __init__(self, scores: _Scores) -> None:
        super().__init__()
        self._scores = scores

    def __missing__(self, key: tuple[_Key, str, str, int | None]) -> Qualification:
        points, segment, stage, moved = key
        score, reasons = self._scores[points]
        return self.setdefault(key, Qualification(score, segment, stage, reasons, moved))


class _Starts(dict[str, tuple[str, int]]):
    """The stage in which a lead is, in its own spelling, and its position."""

    _MOST = 10_000

    def __init__(self, stages: Sequence[str]) -> None:
        super().__init__()
        self._stages = stages

    def __missing__(self, stage: str) -> tuple[str, int]:
        if len(self) > self._MOST:
            self.clear()
        return self.setdefault(stage, starting_stage(self._stages, stage))


def _faded(rule: ScoringRule, today: date) -> dict[date, int]:
    class Faded(dict[date, int]):
        """What is left of the rule's points today, by the day they fade since."""

        def __missing__(self, since: date) -> int:
            return self.setdefault(since, faded_points(rule.points, rule.fades, since, today) if rule.fades else 0)

    return Faded()


# --- Statements. ---


def _code(source: str) -> list[ast.stmt]:
    """Return the statements of *source*, which is always ours: our names and numbers, never the owner's text."""
    return ast.parse(source).body


def _function(parameters: Sequence[str], body: list[ast.stmt], names: Names) -> FunctionType:
    """Return a function of *body*, in which nothing is bound but *names* and the parameters."""
    define = cast("ast.FunctionDef", _code(f"def run({', '.join(parameters)}): pass")[0])
    define.body = body
    module = ast.fix_missing_locations(ast.Module([define], []))
    space: dict[str, object] = {"__builtins__": {}, **names.bound}
    exec(compile(module, "<rules>", "exec"), space)  # noqa: S102 - a tree we built, from checked conditions
    return cast("FunctionType", space["run"])


def _unpacked(names: Names) -> list[ast.stmt]:
    sources = {"v": "values", "f": "facts"}
    used = sorted(each for each in names.used if each[1:].isdigit())
    return _code("\n".join(f"{each} = {sources[each[0]]}[{each[1:]}]" for each in used))


def _prepared(names: Names) -> list[ast.stmt]:
    """Return the statements that fold text and find kinds of addresses of the columns, once for each lead."""
    folds = [_folded(each) for each in names.folded.values() if each.name[0] == "v" and each.name[1:].isdigit()]
    kinds = [f"{each.kinds} = kinds_of({each.folded})" for each in names.kinds.values() if each.name[1:].isdigit()]
    return _code("\n".join([*folds, *kinds]))


def _prepared_later(names: Names, *wanted: str) -> list[ast.stmt]:
    """Return the same for what is decided on the way: segment and stage, or only for those *wanted*."""
    slots = {**names.folded, **names.kinds}.values()
    later = {each.name: each for each in slots if not each.name[1:].isdigit() and each.name in (wanted or (each.name,))}
    folds = [_folded(each) for each in later.values()]
    kinds = [f"{each.kinds} = kinds_of({each.folded})" for each in later.values() if each.kinds in names.kinds]
    return _code("\n".join([*folds, *kinds]))


def _folded(slot: Slot) -> str:
    once = f"{slot.folded} = folds[{slot.name}]"
    return once if slot.few else f"{slot.folded} = fold({slot.name}) if {slot.name} else ''"


def _if(test: ast.expr, then: list[ast.stmt], otherwise: list[ast.stmt]) -> list[ast.stmt]:
    return [ast.If(test, then, otherwise)]


class _Work:
    """The statements of `qualifier`'s function, put together from the rules."""

    def __init__(self, rules: Ruleset, names: Names) -> None:
        self.rules = rules
        self.names = names
        self.scoring = tuple(enumerate(rules.scoring))
        _refuse([rule.when for rule in rules.scoring], {"score", "segment"}, "a scoring rule")
        _refuse([rule.when for rule in rules.segments if rule.when], {"segment"}, "a segment")

    def order(self) -> _Order:
        return _Order(
            tuple(at for at, rule in self.scoring if not rule.fades),
            tuple(at for at, rule in self.scoring if rule.fades),
        )

    def body(self) -> list[ast.stmt]:
        """Return the whole body; what a lead needs prepared is known only once its conditions are built."""
        still = self._scoring("base", moving=False)
        turn = self._turn()
        asks_days = "days_in_stage" in self.names.used
        lead = [
            *_unpacked(self.names),
            *(
                _code(f"days_in_stage = facts[{LedgerFacts._fields.index('days_in_stage')}] if stage else 0")
                * asks_days
            ),
            *_code("stage, place = starts[stage]\nmoved = None\nbase = 0"),
            *_prepared(self.names),
            *still,
            *([ast.While(ast.Constant(True), turn, [])] if self.rules.stage_rules else turn),
            *self._ending(),
        ]
        given = "values, facts, stage, typed_score, typed_segment, stage_typed"
        loop = cast("ast.For", _code(f"for {given} in leads: pass")[0])
        loop.body = lead
        return [*self.names.bounds, loop]

    def _scoring(self, mask: str, *, moving: bool) -> list[ast.stmt]:
        """Return the scoring rules that do (*moving*) or do not ask where the lead stands."""
        statements: list[ast.stmt] = []
        bits = {rule: bit for bit, rule in enumerate(self.order().plain)}
        for at, rule in self.scoring:
            if bool(fields_of(rule.when.tree) & {"stage", "days_in_stage"}) is not moving:
                continue
            test = expression(rule.when.tree, self.names)
            if rule.fades is None:
                statements += _if(test, _code(f"{mask} |= {1 << bits[at]}"), [])
            else:
                statements += self._fading(at, rule, rule.fades.since, test)
        return statements

    def _fading(self, at: int, rule: ScoringRule, since: str, test: ast.expr) -> list[ast.stmt]:
        slot = self.names.slot(since)
        table = self.names.bound_of_day(lambda today: _faded(rule, today))
        there = ast.Compare(ast.Name(slot.name, ast.Load()), [ast.IsNot()], [ast.Constant(None)])
        points = ast.Subscript(table, ast.Name(slot.name, ast.Load()), ast.Load())
        value = ast.IfExp(ast.BoolOp(ast.And(), [there, test]), points, ast.Constant(0))
        return [ast.Assign([ast.Name(f"p{at}", ast.Store())], value)]

    def _key(self) -> str:
        fading = self.order().fading
        return f"(mask, {', '.join(f'p{at}' for at in fading)})" if fading else "mask"

    def _turn(self) -> list[ast.stmt]:
        """Return one turn of the circle: score, segment, stage."""
        moving = self._scoring("mask", moving=True)
        segment = self._segment()
        move = self._move()
        decided = f"key = {self._key()}\nscore, reasons = scores[key]\nif typed_score is not None: score = typed_score"
        return [
            *_prepared_later(self.names, "stage"),
            *_code("mask = base"),
            *moving,
            *_code(decided),
            *segment,
            *_prepared_later(self.names, "segment"),
            *move,
        ]

    def _segment(self) -> list[ast.stmt]:
        chain = _code("segment = ''")
        for rule in reversed(self.rules.segments):
            then: list[ast.stmt] = [ast.Assign([ast.Name("segment", ast.Store())], ast.Constant(rule.name))]
            chain = then if rule.when is None else _if(expression(rule.when.tree, self.names), then, chain)
        typed = cast("ast.If", _code("if typed_segment is not None: segment = typed_segment")[0])
        typed.orelse = chain
        return [typed]

    def _move(self) -> list[ast.stmt]:
        """Return the stage rules: the first that holds and leads forward moves the lead; when none does, break."""
        if not self.rules.stage_rules:
            return []
        chain: list[ast.stmt] = [ast.Break()]
        for at, rule in reversed(tuple(enumerate(self.rules.stage_rules))):
            if rule.move_to not in self.rules.stages:
                raise ValueError(f"a stage rule moves to {rule.move_to!r}, which is not a stage")
            place = self.rules.stages.index(rule.move_to)
            ahead = ast.Compare(ast.Name("place", ast.Load()), [ast.Lt()], [ast.Constant(place)])
            stage: ast.stmt = ast.Assign([ast.Name("stage", ast.Store())], ast.Constant(rule.move_to))
            test = ast.BoolOp(ast.And(), [ahead, expression(rule.when.tree, self.names)])
            chain = _if(test, [stage, *_code(f"place = {place}\nmoved = {at}\ndays_in_stage = 0")], chain)
        return [*_code_loop("if stage_typed: break"), *chain]

    def _ending(self) -> list[ast.stmt]:
        return _code(
            "if typed_score is None: append(made[key, segment, stage, moved])\n"
            "else: append(build(typed_score, segment, stage, reasons, moved))"
        )


def _code_loop(source: str) -> list[ast.stmt]:
    """Return the statements of *source*, which may break out of the loop they are put into."""
    return cast("ast.While", _code(f"while True:\n {source}")[0]).body


def _refuse(conditions: Iterable[Condition], unknown: set[str], who: str) -> None:
    for condition in conditions:
        if asked := fields_of(condition.tree) & unknown:
            raise ValueError(f"{who} asks for {min(asked)}, which is decided later: {condition.text}")
