"""Rules as generated Python functions: one for all rules of a book over all its leads, one for a single condition.

What it looks like, for three scoring rules, two segments and one stage rule::

    def run(leads, today, append, get, make):
        b0 = b0_of(k7, today)
        for values, facts, stage, typed_score, typed_segment, stage_typed in leads:
            v3 = values[3]
            v7 = values[7]
            f0 = facts[0]
            stage, place = starts[stage]
            moved = None
            m0 = 0
            if v3 is not None and v3 >= 20:
                m0 |= 1
            if v7 is not None and b0 <= v7 <= today:
                m0 |= 2
            s0, r0 = c0[m0]
            while True:
                score = s0 + ...
                if typed_score is not None:
                    score = typed_score
                ...

Rules that follow each other are taken in chunks. Which rules of a chunk hold (its mask, m0) is looked up in the chunk's
table, which has their sum and their reasons ready; so points are added and reasons are made once for all leads alike,
and the tables stay small however many outcomes there are. Leads with one outcome share one `Qualification`.
`traces` says the same in the obvious way; a property test compares the two.
"""

from __future__ import annotations

import ast
import gc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from types import FunctionType
from typing import cast

from automations.core.conditions import Condition, fields_of
from automations.core.expressions import Names, Slot, expression, slots_of
from automations.core.leads import Columns, Value
from automations.core.policy import Facts, Fade, Ruleset
from automations.core.rules import Given, LedgerFacts, Points, Qualification, Reason, faded_points, scored
from automations.core.stages import starting_stage

Asked = Callable[[tuple[Value, ...], LedgerFacts, int | float, str, str, int, date], bool]
"""Values, facts, score, segment, stage, days in stage and today to whether a condition holds."""

_Entry = tuple[int | tuple[Reason, ...], ...]
"""Points and reasons of some rules, and the points that count for each capped group: (sum, reasons, sum, ...)."""

_CHUNK = 10
_MOST_SHARED = 10_000
_MOST_STAGES = 10_000


def tester(condition: Condition, columns: Columns, facts: Facts) -> Asked:
    """Return one condition as a function. Raises ValueError when it asks for a field that is not there."""
    names = Names(slots_of(columns), facts)
    answer = ast.Return(expression(condition.tree, names))
    body = [*names.bounds, *unpacked(names), *prepared(names), *prepared_later(names), answer]
    parameters = ("values", "facts", "score", "segment", "stage", "days_in_stage", "today")
    return cast("Asked", function_of(parameters, body, names))


def qualifier(columns: Columns, rules: Ruleset, facts: Facts) -> Callable[[Iterable[Given], date], list[Qualification]]:
    """Return `Rules.qualify`. Raises ValueError when a rule asks for what is not there or decided only later."""
    names = Names(slots_of(columns), facts)
    names.bound |= {"starts": _Starts(rules.stages), "none": _entry((), rules)}
    names.bound |= {"new": tuple.__new__, "kind": Qualification}
    body = _Work(rules, names).body()
    run = function_of(("leads", "today", "append", "made", "get"), body, names)

    def qualify(given: Iterable[Given], today: date) -> list[Qualification]:
        qualified: list[Qualification] = []
        made: dict[tuple[object, ...], Qualification] = {}
        with _no_collecting():
            run(given, today, qualified.append, made, made.get)
        return qualified

    return qualify


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Keep the garbage collector still: what is made here refers to nothing that refers back, so it finds nothing.

    Over many leads it would take as long as the rules do.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


# --- What is worked out once for all leads alike. ---


@dataclass(frozen=True, slots=True)
class _Chunk:
    """Scoring rules that follow each other: all ask where the lead stands (*moves*), or none does, or one fades."""

    number: int
    rules: tuple[int, ...]
    moves: bool
    fade: Fade | None = None


def _chunks(rules: Ruleset) -> tuple[_Chunk, ...]:
    chunks: list[_Chunk] = []
    for at, rule in enumerate(rules.scoring):
        moves = not fields_of(rule.when.tree).isdisjoint({"stage", "days_in_stage"})
        last = chunks[-1] if chunks else None
        if last and not rule.fades and not last.fade and last.moves is moves and len(last.rules) < _CHUNK:
            chunks[-1] = replace(last, rules=(*last.rules, at))
        else:
            chunks.append(_Chunk(len(chunks), (at,), moves, rule.fades))
    return tuple(chunks)


def _entry(points: Points, rules: Ruleset) -> _Entry:
    uncapped = replace(rules, caps=())
    score, reasons = scored(points, uncapped)
    return (score, reasons, *(sum(each.points for each in reasons if each.group == group) for group, _ in rules.caps))


class _Table(dict[int, _Entry]):
    """The entry of a chunk for each set of its rules that hold, as bits."""

    def __init__(self, chunk: _Chunk, rules: Ruleset) -> None:
        super().__init__()
        self._points = tuple((rule, rules.scoring[rule].points) for rule in chunk.rules)
        self._rules = rules

    def __missing__(self, mask: int) -> _Entry:
        held = tuple(points for bit, points in enumerate(self._points) if mask >> bit & 1)
        return self.setdefault(mask, _entry(held, self._rules))


class _Fading(dict[date, _Entry]):
    """The entry of a rule that fades, today, for each day that it fades since."""

    def __init__(self, rule: int, fade: Fade, rules: Ruleset, today: date) -> None:
        super().__init__()
        self._rule = rule
        self._fade = fade
        self._rules = rules
        self._today = today

    def __missing__(self, since: date) -> _Entry:
        points = faded_points(self._rules.scoring[self._rule].points, self._fade, since, self._today)
        return self.setdefault(since, _entry(((self._rule, points),), self._rules))


class _Cuts(dict[int, tuple[Reason, ...]]):
    """The reason for points that a cap takes away."""

    def __init__(self, group: str) -> None:
        super().__init__()
        self._group = group

    def __missing__(self, points: int) -> tuple[Reason, ...]:
        return self.setdefault(points, (Reason(-1, -points, self._group),))


class _Starts(dict[str, tuple[str, int]]):
    """The stage in which a lead is, in its own spelling, and its position."""

    def __init__(self, stages: Sequence[str]) -> None:
        super().__init__()
        self._stages = stages

    def __missing__(self, stage: str) -> tuple[str, int]:
        if len(self) > _MOST_STAGES:
            self.clear()
        return self.setdefault(stage, starting_stage(self._stages, stage))


# --- Statements. ---


def code(source: str) -> list[ast.stmt]:
    """Return the statements of *source*, which is always ours: our names and numbers, never the owner's text."""
    return ast.parse(source).body


def function_of(parameters: Sequence[str], body: list[ast.stmt], names: Names) -> FunctionType:
    """Return a function of *body*, in which nothing is bound but *names* and the parameters."""
    define = cast("ast.FunctionDef", code(f"def run({', '.join(parameters)}): pass")[0])
    define.body = body
    module = ast.fix_missing_locations(ast.Module([define], []))
    space: dict[str, object] = {"__builtins__": {}, **names.bound}
    exec(compile(module, "<rules>", "exec"), space)  # noqa: S102 - a tree we built, from checked conditions
    return cast("FunctionType", space["run"])


def unpacked(names: Names) -> list[ast.stmt]:
    """Return the statements that give the used values and facts of a lead their names."""
    sources = {"v": "values", "f": "facts"}
    used = sorted(each for each in names.used if each[1:].isdigit())
    return code("\n".join(f"{each} = {sources[each[0]]}[{each[1:]}]" for each in used))


def prepared(names: Names) -> list[ast.stmt]:
    """Return the statements that fold the texts of columns and facts and find kinds of addresses, for each lead."""
    folds = [_folded(each) for each in names.folded.values() if each.name[1:].isdigit()]
    kinds = [f"{each.kinds} = kinds_of({each.folded})" for each in names.kinds.values() if each.name[1:].isdigit()]
    return code("\n".join([*folds, *kinds]))


def prepared_later(names: Names, *wanted: str) -> list[ast.stmt]:
    """Return the same for what is decided on the way: segment and stage, or only for those *wanted*."""
    slots = {**names.folded, **names.kinds}.values()
    later = {each.name: each for each in slots if not each.name[1:].isdigit() and each.name in (wanted or (each.name,))}
    folds = [_folded(each) for each in later.values()]
    kinds = [f"{each.kinds} = kinds_of({each.folded})" for each in later.values() if each.kinds in names.kinds]
    return code("\n".join([*folds, *kinds]))


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
        self.chunks = _chunks(rules)
        _refuse([rule.when for rule in rules.scoring], {"score", "segment"}, "a scoring rule")
        _refuse([rule.when for rule in rules.segments if rule.when], {"segment"}, "a segment")

    def body(self) -> list[ast.stmt]:
        """Return the whole body; what a lead needs prepared is known only once its conditions are built."""
        still = [each for chunk in self.chunks if not chunk.moves for each in self._chunk(chunk)]
        turn = self._turn()
        asks_days = "days_in_stage" in self.names.used
        lead = [
            *unpacked(self.names),
            *(code(f"days_in_stage = facts[{LedgerFacts._fields.index('days_in_stage')}] if stage else 0") * asks_days),
            *code("stage, place = starts[stage]\nmoved = None"),
            *prepared(self.names),
            *still,
            *([ast.While(ast.Constant(True), turn, [])] if self.rules.stage_rules else turn),
            *self._ending(),
        ]
        given = "values, facts, stage, typed_score, typed_segment, stage_typed"
        loop = cast("ast.For", code(f"for {given} in leads: pass")[0])
        loop.body = lead
        return [*self.names.bounds, *code(f"room = {_MOST_SHARED}"), loop]

    def _chunk(self, chunk: _Chunk) -> list[ast.stmt]:
        """Return the statements that find a chunk's points and reasons."""
        tests = [expression(self.rules.scoring[rule].when.tree, self.names) for rule in chunk.rules]
        number = chunk.number
        sums = "".join(f", g{number}_{group}" for group in range(len(self.rules.caps)))
        found = f"s{number}, r{number}{sums} = "
        if chunk.fade:
            return self._fading(chunk.rules[0], chunk.fade, tests[0], found)
        self.names.bound[f"c{number}"] = _Table(chunk, self.rules)
        bits = [each for bit, test in enumerate(tests) for each in _if(test, code(f"m{number} |= {1 << bit}"), [])]
        return [*code(f"m{number} = 0"), *bits, *code(f"{found}c{number}[m{number}]")]

    def _fading(self, rule: int, fade: Fade, test: ast.expr, found: str) -> list[ast.stmt]:
        slot = self.names.slot(fade.since)
        rules = self.rules
        table = self.names.bound_of_day(lambda today: _Fading(rule, fade, rules, today))
        (assign,) = cast("list[ast.Assign]", code(f"{found}table[{slot.name}] if {slot.name} is not None else none"))
        choice = cast("ast.IfExp", assign.value)
        choice.body = ast.Subscript(table, ast.Name(slot.name, ast.Load()), ast.Load())
        choice.test = ast.BoolOp(ast.And(), [choice.test, test])
        return [assign]

    def _sum(self, term: str, nothing: str) -> str:
        return " + ".join(term.format(chunk.number) for chunk in self.chunks) or nothing

    def _turn(self) -> list[ast.stmt]:
        """Return one turn of the circle: score, segment, stage."""
        moving = [each for chunk in self.chunks if chunk.moves for each in self._chunk(chunk)]
        segment = self._segment()
        move = self._move()
        lines = [f"score = {self._sum('s{}', '0')}"]
        for group, (_, most) in enumerate(self.rules.caps):
            lines += [f"cut{group} = {self._sum(f'g{{}}_{group}', '0')} - {most}"]
            lines += [f"if cut{group} > 0: score -= cut{group}"]
        lines += ["if typed_score is not None: score = typed_score"]
        return [
            *prepared_later(self.names, "stage"),
            *moving,
            *code("\n".join(lines)),
            *segment,
            *prepared_later(self.names, "segment"),
            *move,
        ]

    def _segment(self) -> list[ast.stmt]:
        chain = code("segment = ''")
        for rule in reversed(self.rules.segments):
            then: list[ast.stmt] = [ast.Assign([ast.Name("segment", ast.Store())], ast.Constant(rule.name))]
            chain = then if rule.when is None else _if(expression(rule.when.tree, self.names), then, chain)
        typed = cast("ast.If", code("if typed_segment is not None: segment = typed_segment")[0])
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
            chain = _if(test, [stage, *code(f"place = {place}\nmoved = {at}\ndays_in_stage = 0")], chain)
        return [*_code_loop("if stage_typed: break"), *chain]

    def _ending(self) -> list[ast.stmt]:
        reasons = self._sum("r{}", "()")
        for group, (name, _) in enumerate(self.rules.caps):
            self.names.bound[f"cuts{group}"] = _Cuts(name)
            reasons += f" + (cuts{group}[cut{group}] if cut{group} > 0 else ())"
        held = "".join(f"s{chunk.number}, " if chunk.fade else f"m{chunk.number}, " for chunk in self.chunks)
        outcome = f"new(kind, (score, segment, stage, {reasons}, moved))"
        return code(
            f"if typed_score is not None: append({outcome})\n"
            "else:\n"
            f"    key = ({held}segment, stage, moved)\n"
            "    found = get(key)\n"
            "    if found is None:\n"
            f"        found = {outcome}\n"
            "        if room > 0:\n"
            "            room -= 1\n"
            "            made[key] = found\n"
            "    append(found)"
        )


def _code_loop(source: str) -> list[ast.stmt]:
    """Return the statements of *source*, which may break out of the loop they are put into."""
    return cast("ast.While", code(f"while True:\n {source}")[0]).body


def _refuse(conditions: Iterable[Condition], unknown: set[str], who: str) -> None:
    for condition in conditions:
        if asked := fields_of(condition.tree) & unknown:
            raise ValueError(f"{who} asks for {min(asked)}, which is decided later: {condition.text}")
