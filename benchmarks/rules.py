"""What 30 rules over 100,000 leads cost: `Rules.qualify`, a closure per rule, and the bare generated conditions.

    python benchmarks/rules.py [LEADS]

Times are medians of processor seconds over alternating runs in one process, without making the leads. Memory is the
peak of a process of its own for each engine, less that of a process that only makes the leads. Read the ratios, not the
seconds. Nearly every lead has an outcome of its own here, which is the worst case: nothing can be shared.
"""

from __future__ import annotations

import ast
import gc
import random
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from automations.config.sentences import Scope, fact_fields, parse_condition
from automations.core.conditions import Compare, Condition, Every, Negate, Node, Some
from automations.core.expressions import Names, expression, slots_of
from automations.core.generated import code, function_of, prepared, unpacked
from automations.core.leads import Columns, Field, FieldType, Value
from automations.core.meanings import World, fold, span_ago
from automations.core.operators import BY_NAME
from automations.core.policy import Facts, Ruleset, ScoringRule, SegmentRule, StageRule
from automations.core.rules import Given, LedgerFacts, Qualification, Reason, compile_rules

TODAY = date(2026, 11, 23)
RUNS = 7
SOURCES = ("Website", "Referral", "Trade fair", "Cold list")
STAGES = ("New", "Contacted", "Replied", "Meeting", "Won", "Lost")
COUNTRIES = ("Germany", "Austria", "Switzerland", "France", "Poland", "Italy", "Spain", "Norway")
TEXTS = ("email", "name", "company", "phone", "city", "title", "message", "notes", "website", "industry")
FIELDS = (
    *(Field(name, name) for name in TEXTS),
    Field("country", "country"),
    Field("source", "source", choices=SOURCES),
    Field("owner", "owner", choices=("Anna", "Jonas")),
    *(Field(name, name, FieldType.NUMBER) for name in ("employees", "revenue", "visits", "pages")),
    *(Field(name, name, FieldType.DATE) for name in ("asked_on", "renewal")),
    Field("newsletter", "newsletter", FieldType.YES_NO),
)
COLUMNS = Columns(FIELDS, "email", "email")
FACTS = Facts(frozenset({"gmail.com", "gmx.example"}), frozenset({"mailinator.com"}), frozenset({"info", "sales"}))
SENTENCES = (
    "employees >= 20",
    "employees is between 50 and 500",
    "employees > 500 and country is one of Germany, Austria, Switzerland",
    "revenue >= 1000000",
    "revenue is empty and employees is empty",
    "visits > 3 and pages > 10",
    "pages at least 30",
    "visits = 0",
    "source is Referral",
    "source is one of Website, Trade fair",
    "source is not Cold list and newsletter",
    "country is one of Germany, Austria",
    "country is Switzerland or city is Vienna",
    "country is not one of Norway, Poland and employees >= 10",
    "message contains price, quote, offer, Angebot",
    "message contains demo, trial",
    "message is not empty and not message contains student, thesis",
    "title contains head, director, chief",
    "title starts with Dr., Prof.",
    "company ends with GmbH, AG",
    "industry is one of Software, Retail, Health",
    "industry is empty or notes contains urgent",
    "asked_on is in the last 14 days",
    "asked_on is older than 6 months",
    "renewal is in the next 3 months",
    "renewal is before 2026-06-01",
    "email is a free mailbox and employees is empty",
    "email is a business address",
    "not newsletter and (visits < 2 or asked_on is empty)",
    "replied or (opened and days_in_stage < 10)",
)


def conditions() -> list[Condition]:
    """Return the 30 conditions."""
    scope = Scope(FIELDS, fact_fields(STAGES, ("hot", "warm", "cold")))
    read = [parse_condition(each, scope, "") for each in SENTENCES]
    return [condition for condition, _ in read if condition is not None]


def ruleset() -> Ruleset:
    """Return a book's rules: 30 for the score, three segments, two stage rules."""
    scope = Scope(FIELDS, fact_fields(STAGES, ("hot", "warm", "cold")))
    said = ("score >= 60", "score >= 25", "stage is New and emails_sent >= 1", "replied")
    hot, warm, contacted, replied = (parse_condition(each, scope, "")[0] for each in said)
    if hot is None or warm is None or contacted is None or replied is None:
        raise AssertionError
    return Ruleset(
        scoring=tuple(ScoringRule(5 + at, each, "because") for at, each in enumerate(conditions())),
        segments=(SegmentRule("hot", hot), SegmentRule("warm", warm), SegmentRule("cold", None)),
        stages=STAGES,
        stage_rules=(StageRule("Contacted", contacted), StageRule("Replied", replied)),
    )


def leads(count: int) -> list[Given]:
    """Return made-up leads: some texts all different, some that come up again, a third of the cells empty."""
    draw = random.Random(7)
    words = (
        "please",
        "send",
        "price",
        "offer",
        "demo",
        "student",
        "machine",
        "Größe",
        "for",
        "our",
        "office",
        "urgent",
    )

    def maybe(value: Value) -> Value:
        return value if draw.random() < 2 / 3 else None

    def text(at: int) -> str:
        return " ".join((*draw.choices(words, k=8), str(at)))

    def row(at: int) -> tuple[Value, ...]:
        domain = draw.choice(("gmail.com", f"firm{at % 9973}.example", "mailinator.com", f"shop{at}.example"))
        return (
            f"{draw.choice(('info', 'eva', 'tom'))}{draw.choice(('', str(at)))}@{domain}",
            f"Person {at}",
            maybe(f"Firm {at} {draw.choice(('GmbH', 'AG', 'Ltd'))}"),
            maybe(f"+49 30 {at:07}"),
            maybe(draw.choice(("Vienna", "Berlin", "Graz"))),
            maybe(draw.choice(("Head of Sales", "Dr. med.", "Director", "Assistant"))),
            maybe(text(at)),
            maybe(text(at + 1)),
            maybe(f"https://firm{at}.example"),
            maybe(draw.choice(("Software", "Retail", "Health", "Steel"))),
            maybe(draw.choice(COUNTRIES)),
            maybe(draw.choice(SOURCES)),
            draw.choice(("Anna", "Jonas")),
            *(maybe(draw.randrange(top)) for top in (1000, 3_000_000, 10, 60)),
            *(maybe(TODAY + timedelta(draw.randrange(-400, span))) for span in (1, 200)),
            draw.random() < 0.5,
        )

    known = [
        LedgerFacts(),
        LedgerFacts(emails_sent=2, opened=True, days_in_stage=4),
        LedgerFacts(3, TODAY, replied=True),
    ]
    return [Given(row(at), draw.choices(known, (8, 1, 1))[0], draw.choice(("", *STAGES[:3]))) for at in range(count)]


# --- The engines: each returns a value for every lead. ---

Engine = Callable[[Sequence[Given]], list[object]]
Row = tuple[Any, ...]  # Any: a row is typed by its columns, which a type checker cannot see
Holds = Callable[[Row], bool]


def qualify_engine() -> Engine:
    """Return everything `Rules.qualify` does: score, reasons, segment, stage."""
    rules = compile_rules(COLUMNS, ruleset(), FACTS)
    return lambda given: list(rules.qualify(given, TODAY))


def bare_engine() -> Engine:
    """Return the generated conditions alone, each adding its bit to a number."""
    names = Names(slots_of(COLUMNS), FACTS)
    tests: list[ast.stmt] = []
    for at, condition in enumerate(conditions()):
        tests.append(ast.If(expression(condition.tree, names), code(f"mask |= {1 << at}"), []))
    (loop,) = code("for values, facts, stage, typed_score, typed_segment, stage_typed in leads: append(mask)")
    if not isinstance(loop, ast.For):
        raise TypeError
    days = code("days_in_stage = facts[7]\nmask = 0")
    loop.body = [*unpacked(names), *days, *prepared(names), *tests, *loop.body]
    run = function_of(("leads", "today", "append"), [*names.bounds, loop], names)

    def engine(given: Sequence[Given]) -> list[object]:
        found: list[object] = []
        run(given, TODAY, found.append)
        return found

    return engine


def closure_sum_engine() -> Engine:
    """Return a closure per condition, made of closures, operands made ready; the sum of points for each lead."""
    points = [(5 + at, _closure(each.tree, _POSITIONS)) for at, each in enumerate(conditions())]

    def engine(given: Sequence[Given]) -> list[object]:
        found: list[object] = []
        for lead in given:
            row = (*lead.values, *lead.facts)
            found.append(sum([gives for gives, holds in points if holds(row)]))
        return found

    return engine


def closure_engine() -> Engine:
    """Return the same closures doing all that `Rules.qualify` does: reasons, segment, and stages until none moves."""
    rules = ruleset()
    points = [(Reason(at, each.points), _closure(each.when.tree, _POSITIONS)) for at, each in enumerate(rules.scoring)]
    segments = [(each.name, _closure(each.when.tree, _POSITIONS) if each.when else None) for each in rules.segments]
    places = {name: at for at, name in enumerate(STAGES)}
    moves = [
        (at, places[each.move_to], each.move_to, _closure(each.when.tree, _POSITIONS))
        for at, each in enumerate(rules.stage_rules)
    ]

    def engine(given: Sequence[Given]) -> list[object]:
        found: list[object] = []
        for lead in given:
            stage, moved, days = lead.stage or STAGES[0], None, lead.facts.days_in_stage
            while True:
                row: Row = (*lead.values, *lead.facts[:-1], days, 0, "", stage)
                reasons = tuple([reason for reason, holds in points if holds(row)])
                score = sum([reason.points for reason in reasons])
                row = (*row[:-3], score, "", stage)
                segment = next(name for name, holds in segments if holds is None or holds(row))
                row = (*row[:-2], segment, stage)
                place = places[stage]
                for at, target, name, holds in moves:
                    if place < target and holds(row):
                        stage, moved, days = name, at, 0
                        break
                else:
                    break
            found.append(Qualification(score, segment, stage, reasons, moved))
        return found

    return engine


_POSITIONS = {name: at for at, name in enumerate((*COLUMNS.names(), *LedgerFacts._fields, "score", "segment", "stage"))}


def _closure(node: Node, positions: dict[str, int]) -> Holds:
    match node:
        case Compare():
            return _compare_closure(node, positions[node.field])
        case Every():
            parts = [_closure(each, positions) for each in node.parts]
            return lambda row: all([part(row) for part in parts]) if len(parts) > 2 else parts[0](row) and parts[1](row)  # noqa: C419 - faster than a generator
        case Some():
            one, other = (_closure(each, positions) for each in node.parts)
            return lambda row: one(row) or other(row)
        case Negate():
            inner = _closure(node.part, positions)
            return lambda row: not inner(row)


def _compare_closure(node: Compare, at: int) -> Holds:  # noqa: C901, PLR0912 - a plain rival, kept plain
    first = node.operands[0] if node.operands else None
    texts = tuple(fold(str(each)) for each in node.operands)
    some = frozenset(texts)
    text = texts[0] if texts else ""
    match node.operator:
        case "alone":
            return lambda row: row[at] is True
        case "is" if isinstance(first, str):
            return lambda row: (v := row[at]) is not None and fold(v) == text
        case "is not" if isinstance(first, str):
            return lambda row: (v := row[at]) is None or fold(v) != text
        case "is":
            return lambda row: row[at] == first
        case "is one of":
            return lambda row: (v := row[at]) is not None and fold(v) in some
        case "is not one of":
            return lambda row: (v := row[at]) is None or fold(v) not in some
        case "contains":
            return lambda row: (
                (v := row[at]) is not None and (t := fold(v)) != "" and any([each in t for each in texts])  # noqa: C419 - faster than a generator
            )
        case "starts with":
            return lambda row: (v := row[at]) is not None and fold(v).startswith(texts)
        case "ends with":
            return lambda row: (v := row[at]) is not None and fold(v).endswith(texts)
        case ">=":
            return lambda row: (v := row[at]) is not None and v >= first
        case ">":
            return lambda row: (v := row[at]) is not None and v > first
        case "<" | "is before":
            return lambda row: (v := row[at]) is not None and v < first
        case "is between":
            low, high = node.operands
            return lambda row: (v := row[at]) is not None and low <= v <= high
        case "is empty":
            return lambda row: not row[at]
        case "is not empty":
            return lambda row: bool(row[at])
        case "is in the last":
            since = span_ago(node.operands, TODAY)
            return lambda row: (v := row[at]) is not None and since <= v <= TODAY
        case "is older than":
            since = span_ago(node.operands, TODAY)
            return lambda row: (v := row[at]) is not None and v < since
        case _:
            holds, operands, world = BY_NAME[node.operator].holds, node.operands, World(TODAY, FACTS)
            return lambda row: holds(row[at], operands, world)


# --- Measuring. ---

ENGINES: dict[str, Callable[[], Engine]] = {
    "Rules.qualify": qualify_engine,
    "closures, doing the same": closure_engine,
    "generated conditions alone": bare_engine,
    "closures, adding points": closure_sum_engine,
}


def seconds_of(given: Sequence[Given]) -> dict[str, float]:
    """Return the median time of each engine; they take turns, so that a busy machine is fair to all."""
    engines = {name: make() for name, make in ENGINES.items()}
    times: dict[str, list[float]] = {name: [] for name in engines}
    for _ in range(RUNS):
        for name, engine in engines.items():
            gc.collect()
            start = time.process_time()
            engine(given)
            times[name].append(time.process_time() - start)
    return {name: statistics.median(each) for name, each in times.items()}


def peak_mib(engine: str, count: int) -> float:
    """Return the peak memory of a process that makes the leads and, if one is named, runs that engine over them."""
    ran = subprocess.run([sys.executable, __file__, str(count), engine], check=True, capture_output=True, text=True)
    return float(ran.stdout)


def run_alone(count: int, engine: str) -> None:
    """Make leads, run one engine (or none), and print this process's peak memory in MiB."""
    given = leads(count)
    kept = ENGINES[engine]()(given) if engine in ENGINES else []
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 + 0 * len(kept))


def main() -> None:
    """Print the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    if len(sys.argv) > 2:
        run_alone(count, sys.argv[2])
        return
    # Memory first: on Linux a process begins with the peak of the one that started it.
    peaks = {name: peak_mib(name, count) for name in ("none", *ENGINES)}
    given = leads(count)
    outcomes = len(set(qualify_engine()(given)))
    seconds = seconds_of(given)
    print(f"{len(SENTENCES)} rules, {count:,} leads of {len(FIELDS)} columns, {outcomes:,} different outcomes")
    print(f"{'':28}{'seconds':>10}{'us per rule and lead':>22}{'MiB over the leads':>20}")
    for name, each in seconds.items():
        per_rule = each / count / len(SENTENCES) * 1e6
        print(f"{name:28}{each:>10.3f}{per_rule:>22.3f}{peaks[name] - peaks['none']:>20.0f}")
    ours, rival, bare, plain = seconds.values()
    print(f"closures, doing the same / Rules.qualify        {rival / ours:.2f}   (goal: at least 3)")
    print(f"closures, adding points / generated conditions  {plain / bare:.2f}   (goal: at least 3)")
    print(f"Rules.qualify / generated conditions            {ours / bare:.2f}   (goal: at most 2)")


if __name__ == "__main__":
    main()
