"""Conditions as Python expressions: syntax trees, built from the checked conditions node by node.

No text of the owner's is ever parsed as Python: it appears only as constants, names are ours alone, and no attribute
is read, so generated code can reach nothing but what is bound here. `generated` makes functions of the expressions.

Names in generated code: ``v3`` the value of the fourth column, ``t3`` its text folded, ``a3`` the kinds of address it
is; ``f0`` the first fact of the ledger; ``k1`` a constant that has no literal; ``b1`` a bound that depends on the day.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from automations.core.conditions import Compare, Every, Negate, Node, Some
from automations.core.leads import Columns, FieldType, Value
from automations.core.meanings import (
    BUSINESS,
    DISPOSABLE,
    FREE,
    ROLE,
    TODAY,
    World,
    fold,
    is_disposable,
    span_ago,
    span_ahead,
)
from automations.core.operators import BY_NAME
from automations.core.policy import Facts
from automations.core.rules import LedgerFacts

_MOST_KEPT = 50_000
_DECIDED = ("score", "segment", "stage", "days_in_stage")
_FACT_TYPES: Mapping[str, FieldType] = MappingProxyType(
    {
        "emails_sent": FieldType.NUMBER,
        "last_emailed": FieldType.DATE,
        "days_in_stage": FieldType.NUMBER,
        "reply_says": FieldType.TEXT,
        "score": FieldType.NUMBER,
        "segment": FieldType.TEXT,
        "stage": FieldType.TEXT,
    }
)


_MAY_BE_EMPTY = frozenset({"last_emailed", "reply_says"})


@dataclass(frozen=True, slots=True)
class Slot:
    """Where the value of a field is found in generated code. *few*: it has few different values, worth remembering."""

    name: str
    type: FieldType
    may_be_empty: bool = True
    few: bool = False

    @property
    def folded(self) -> str:
        """Return the name of its text, folded."""
        return f"t{self.name[1:]}" if self.name[0] == "v" else f"t_{self.name}"

    @property
    def kinds(self) -> str:
        """Return the name of the kinds of address it is."""
        return f"a{self.name[1:]}" if self.name[0] == "v" else f"a_{self.name}"


def slots_of(columns: Columns) -> dict[str, Slot]:
    """Return where each field is found: columns, facts of the ledger, and what is decided on the way."""
    slots = {
        name: Slot(f"f{at}", _FACT_TYPES.get(name, FieldType.YES_NO), name in _MAY_BE_EMPTY, few=name == "reply_says")
        for at, name in enumerate(LedgerFacts._fields)
    }
    slots |= {name: Slot(name, _FACT_TYPES[name], may_be_empty=False, few=True) for name in _DECIDED}
    slots |= {each.name: Slot(f"v{at}", each.type, few=bool(each.choices)) for at, each in enumerate(columns.fields)}
    return slots


# --- Syntax, from small parts. ---


def named(name: str) -> ast.expr:
    """Return a name that is read."""
    return ast.Name(name, ast.Load())


def compared(left: ast.expr, operator: ast.cmpop, right: ast.expr) -> ast.expr:
    """Return one comparison."""
    return ast.Compare(left, [operator], [right])


def every_of(*parts: ast.expr) -> ast.expr:
    """Return ``parts[0] and parts[1] ...``."""
    return parts[0] if len(parts) == 1 else ast.BoolOp(ast.And(), list(parts))


def some_of(*parts: ast.expr) -> ast.expr:
    """Return ``parts[0] or parts[1] ...``."""
    return parts[0] if len(parts) == 1 else ast.BoolOp(ast.Or(), list(parts))


def negated(part: ast.expr) -> ast.expr:
    """Return ``not part``."""
    return ast.UnaryOp(ast.Not(), part)


def called(function: str, *arguments: ast.expr) -> ast.expr:
    """Return the call of a bound function."""
    return ast.Call(named(function), list(arguments), [])


def is_there(slot: Slot) -> tuple[ast.expr, ...]:
    """Return the question whether the cell is not empty, for a field that can be."""
    return (compared(named(slot.name), ast.IsNot(), ast.Constant(None)),) if slot.may_be_empty else ()


@dataclass(slots=True)
class Names:
    """What the conditions of one generated function use: bound constants, bounds of the day, folded text."""

    slots: Mapping[str, Slot]
    facts: Facts
    bound: dict[str, Any] = field(default_factory=dict)  # Any: whatever generated code may name
    bounds: list[ast.stmt] = field(default_factory=list)
    used: set[str] = field(default_factory=set)
    folded: dict[str, Slot] = field(default_factory=dict)
    kinds: dict[str, Slot] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.bound |= {"fold": fold, "folds": _Folds(), "kinds_of": kinds_of(self.facts)}
        self.bound |= {"starts_with": str.startswith, "ends_with": str.endswith}

    def slot(self, name: str) -> Slot:
        """Return where a field is found, and remember that it is used. Raises ValueError when it is not there."""
        if name not in self.slots:
            raise ValueError(f"no field {name!r} can be asked for here")
        self.used.add(self.slots[name].name)
        return self.slots[name]

    def text(self, slot: Slot) -> ast.expr:
        """Return the folded text of a field, and remember that it is used."""
        self.folded[slot.folded] = slot
        return named(slot.folded)

    def constant(self, value: object) -> ast.expr:
        """Return what stands for *value*: a literal, or a name when it has none."""
        if isinstance(value, str | int | float | bool | None):
            return ast.Constant(value)
        self.bound[name := f"k{len(self.bound)}"] = value
        return named(name)

    def operand(self, value: Value, slot: Slot) -> ast.expr:
        """Return what stands for an operand; `TODAY` is the day of the run."""
        return named("today") if slot.type is FieldType.DATE and value == TODAY else self.constant(value)

    def bound_of_day(self, function: Callable[..., object], *given: object) -> ast.expr:
        """Return a name for ``function(*given, today)``, which is asked once and not for every lead."""
        name = f"b{len(self.bounds)}"
        self.bound[f"{name}_of"] = function
        call = called(f"{name}_of", *(self.constant(each) for each in given), named("today"))
        self.bounds.append(ast.Assign([ast.Name(name, ast.Store())], call))
        return named(name)


class _Folds(dict[str | None, str]):
    """Texts that come up again and again, folded; "" for an empty cell."""

    def __missing__(self, text: str | None) -> str:
        if len(self) > _MOST_KEPT:
            self.clear()
        return self.setdefault(text, fold(text) if text else "")


def kinds_of(facts: Facts) -> Callable[[str], int]:
    """Return `meanings.address_kinds` for folded text, which asks for each domain once."""
    known: dict[str, int] = {}

    def domain_kinds(domain: str) -> int:
        if len(known) > _MOST_KEPT:
            known.clear()
        free = FREE * (domain in facts.free_mailbox_domains)
        return known.setdefault(domain, free | DISPOSABLE * is_disposable(domain, facts.disposable_domains))

    def kinds(text: str) -> int:
        local, _, domain = text.rpartition("@")
        if "+" in local:
            local = local.partition("+")[0]
        if not local or not domain:
            return 0
        found = known.get(domain)
        if found is None:
            found = domain_kinds(domain)
        return (found | ROLE if local in facts.role_names else found) or BUSINESS

    return kinds


# --- One fast form for each operator that has one. ---

_Form = Callable[[Slot, tuple[Value, ...], Names], ast.expr]


def _is(slot: Slot, operands: tuple[Value, ...], scope: Names) -> ast.expr:
    if slot.type is FieldType.TEXT:
        return compared(scope.text(slot), ast.Eq(), ast.Constant(fold(str(operands[0]))))
    if slot.type is FieldType.YES_NO:
        return compared(named(slot.name), ast.Is(), ast.Constant(operands[0] is True))
    return compared(named(slot.name), ast.Eq(), scope.operand(operands[0], slot))


def _is_one_of(slot: Slot, operands: tuple[Value, ...], scope: Names) -> ast.expr:
    if slot.type is FieldType.TEXT:
        names: list[ast.expr] = [ast.Constant(each) for each in dict.fromkeys(fold(str(each)) for each in operands)]
        return compared(scope.text(slot), ast.In(), ast.Set(names))
    return some_of(*(_is(slot, (each,), scope) for each in operands))


def _contains(slot: Slot, operands: tuple[Value, ...], scope: Names) -> ast.expr:
    return some_of(*(compared(ast.Constant(fold(str(each))), ast.In(), scope.text(slot)) for each in operands))


def _edge(function: str) -> _Form:
    def form(slot: Slot, operands: tuple[Value, ...], scope: Names) -> ast.expr:
        edges: list[ast.expr] = [ast.Constant(fold(str(each))) for each in operands]
        return called(function, scope.text(slot), ast.Tuple(edges, ast.Load()))

    return form


def _ordered(operator: type[ast.cmpop]) -> _Form:
    def form(slot: Slot, operands: tuple[Value, ...], scope: Names) -> ast.expr:
        return every_of(*is_there(slot), compared(named(slot.name), operator(), scope.operand(operands[0], slot)))

    return form


def _range(slot: Slot, first: ast.expr, last: ast.expr) -> ast.expr:
    return every_of(*is_there(slot), ast.Compare(first, [ast.LtE(), ast.LtE()], [named(slot.name), last]))


def _is_between(slot: Slot, operands: tuple[Value, ...], scope: Names) -> ast.expr:
    return _range(slot, scope.operand(operands[0], slot), scope.operand(operands[1], slot))


def _is_empty(slot: Slot, _operands: tuple[Value, ...], scope: Names) -> ast.expr:
    if slot.type is FieldType.TEXT:
        return negated(scope.text(slot))
    return compared(named(slot.name), ast.Is(), ast.Constant(None))


def _is_in_the_last(slot: Slot, operands: tuple[Value, ...], scope: Names) -> ast.expr:
    return _range(slot, scope.bound_of_day(span_ago, operands), named("today"))


def _is_in_the_next(slot: Slot, operands: tuple[Value, ...], scope: Names) -> ast.expr:
    return _range(slot, named("today"), scope.bound_of_day(span_ahead, operands))


def _is_older_than(slot: Slot, operands: tuple[Value, ...], scope: Names) -> ast.expr:
    bound = scope.bound_of_day(span_ago, operands)
    return every_of(*is_there(slot), compared(named(slot.name), ast.Lt(), bound))


def _is_kind(kind: int) -> _Form:
    def form(slot: Slot, _operands: tuple[Value, ...], scope: Names) -> ast.expr:
        scope.text(slot)
        scope.kinds[slot.kinds] = slot
        return compared(ast.BinOp(named(slot.kinds), ast.BitAnd(), ast.Constant(kind)), ast.NotEq(), ast.Constant(0))

    return form


_FORMS: Mapping[str, _Form] = MappingProxyType(
    {
        "alone": lambda slot, _operands, scope: _is(slot, (True,), scope),
        "is": _is,
        "is one of": _is_one_of,
        "contains": _contains,
        "starts with": _edge("starts_with"),
        "ends with": _edge("ends_with"),
        ">=": _ordered(ast.GtE),
        "<=": _ordered(ast.LtE),
        ">": _ordered(ast.Gt),
        "<": _ordered(ast.Lt),
        "is after": _ordered(ast.Gt),
        "is before": _ordered(ast.Lt),
        "is between": _is_between,
        "is empty": _is_empty,
        "is in the last": _is_in_the_last,
        "is in the next": _is_in_the_next,
        "is older than": _is_older_than,
        "is a free mailbox": _is_kind(FREE),
        "is a disposable address": _is_kind(DISPOSABLE),
        "is a role address": _is_kind(ROLE),
        "is a business address": _is_kind(BUSINESS),
    }
)


def _by_meaning(slot: Slot, compare: Compare, scope: Names) -> ast.expr:
    """Return the call of an operator's own meaning: any operator works, one without a form here is only slower."""
    meaning, operands = scope.constant(BY_NAME[compare.operator].holds), scope.constant(compare.operands)
    facts = scope.facts
    world = scope.bound_of_day(lambda today: World(today, facts))
    return ast.Call(meaning, [named(slot.name), operands, world], [])


def expression(node: Node, scope: Names) -> ast.expr:
    """Return the expression that is true for the leads a condition holds for."""
    match node:
        case Compare():
            return _comparison(node, scope)
        case Every():
            return every_of(*(expression(part, scope) for part in node.parts))
        case Some():
            return some_of(*(expression(part, scope) for part in node.parts))
        case Negate():
            return negated(expression(node.part, scope))


def _comparison(compare: Compare, scope: Names) -> ast.expr:
    slot = scope.slot(compare.field)
    if form := _FORMS.get(compare.operator):
        return form(slot, compare.operands, scope)
    opposite = BY_NAME[compare.operator].negates
    if opposite is not None and opposite in _FORMS:
        return negated(_FORMS[opposite](slot, compare.operands, scope))
    return _by_meaning(slot, compare, scope)
