"""What may stand between ``{{ }}`` and ``{% %}`` in an email. Import it late: jinja2 costs 40 ms.

The language is a small part of Jinja's: fields, filters, comparisons, arithmetic, ``if``. There are no loops, no
variables, no calls and no attributes, so the work an email can cause is bounded by its own length, and `check` can
name every field before a lead is read. The sandbox of `filling` stands behind that as a second wall.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from jinja2 import Environment, TemplateSyntaxError, nodes

from automations.templates.words import FILTERS, TESTS

MAX_DEPTH = 40
"""How deep ``if`` and parentheses may be nested."""

# Lines that hold nothing but {% %} leave no empty line behind, which would end a Markdown paragraph. Nothing is
# rendered with this one: it reads.
_READER = Environment(trim_blocks=True, lstrip_blocks=True, autoescape=True)


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is wrong on one *line* (from 1) of a text, and with which *word* of it: the *nth* there, from 0."""

    line: int
    what: str
    fix: str = ""
    word: str = ""
    nth: int = 0


_ALLOWED = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.Name, nodes.Const, nodes.Compare),
    *(nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.CondExpr, nodes.Concat, nodes.Filter, nodes.Test),
    *(nodes.List, nodes.Tuple, nodes.Keyword, nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv),
    *(nodes.Mod, nodes.Pow, nodes.Neg, nodes.Pos),
)

_TAG_OF: Mapping[type[nodes.Node], str] = {
    nodes.For: "for",
    nodes.Assign: "set",
    nodes.AssignBlock: "set",
    nodes.Macro: "macro",
    nodes.CallBlock: "call",
    nodes.FilterBlock: "filter",
    nodes.With: "with",
    nodes.Include: "include",
    nodes.Import: "import",
    nodes.FromImport: "from",
    nodes.Extends: "extends",
    nodes.Block: "block",
    nodes.ScopedEvalContextModifier: "autoescape",
}

_SYNTAX: Sequence[tuple[str, str, str]] = (
    (
        r"Unexpected end of template.*innermost block that needs to be closed is '(\w+)'",
        "{{% {0} %}} is opened, but never closed",
        "Write {{% end{0} %}} where it ends.",
    ),
    (r"unexpected end of template", '"{{{{" or "{{%" is opened, but never closed', 'Close it by "}}}}" or "%}}".'),
    (
        r"unknown tag '(\w+)'",
        "there is no {{% {0} %}}",
        "An email may use {{% if %}}, {{% elif %}}, {{% else %}} and {{% endif %}}.",
    ),
    (r"Missing end of comment", '"{{#" is opened, but never closed', 'Close it by "#}}".'),
    (r"Missing end of raw", "{{% raw %}} is opened, but never closed", "Write {{% endraw %}} where it ends."),
    (
        r"expected token '.*', got '(.*)'|unexpected '(.*)'",
        '"{0}" does not fit between the braces here',
        "Between {{{{ and }}}} stands one field: {{{{ company }}}}.",
    ),
)


_UNREADABLE = "what stands between the braces cannot be read", "Between {{ and }} stands one field: {{ company }}."


def _syntax_complaint(error: TemplateSyntaxError, source: str) -> Complaint:
    for pattern, what, fix in _SYNTAX:
        if found := re.search(pattern, error.message or ""):
            word = next((each for each in found.groups() if each), "")
            if word in source:
                return Complaint(error.lineno, what.format(word), fix.format(word), word)
    return Complaint(error.lineno, *_UNREADABLE)


@dataclass(frozen=True, slots=True)
class NameUse:
    """A field that is named on *line* (from 1), for the *nth* time (from 0) on that line."""

    name: str
    line: int
    nth: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A text that a field is compared with on *line*: ``segment == "hot"``."""

    name: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text uses: the *names* of fields, and the *complaints* about everything an email may not use.

    *printed* are the fields that are printed whatever they hold, outside every ``if``; *asked* are the texts that
    fields are compared with.
    """

    names: tuple[NameUse, ...] = ()
    printed: tuple[NameUse, ...] = ()
    asked: tuple[Asked, ...] = ()
    complaints: tuple[Complaint, ...] = ()


@lru_cache(maxsize=512)
def read(source: str) -> Reading:
    """Return what *source* uses, without working anything out."""
    try:
        tree = _READER.parse(source)
    except TemplateSyntaxError as error:
        return Reading(complaints=(_syntax_complaint(error, source),))
    except RecursionError:
        return Reading(complaints=(_TOO_DEEP,))
    names: list[NameUse] = []
    complaints: list[Complaint] = []
    seen: Counter[tuple[str, int]] = Counter()
    for found in _walk(tree):
        if isinstance(found, Complaint):
            complaints.append(found)
        else:
            place = found.name, found.lineno
            names.append(NameUse(*place, nth=seen[place]))
            seen[place] += 1
    places = {(use.name, use.line): use for use in reversed(names)}
    printed = tuple(places[each.name, each.lineno] for each in _printed(tree) if (each.name, each.lineno) in places)
    return Reading(tuple(names), printed, tuple(_asked(tree)), tuple(dict.fromkeys(complaints)))


_FILLS_IN = frozenset({"default", "d"})


def _printed(tree: nodes.Template) -> Iterator[nodes.Name]:
    """Yield the fields that are printed whatever they hold: not those in an if, and none with something instead."""
    for output in tree.body:
        for node in output.nodes if isinstance(output, nodes.Output) else ():
            inner: nodes.Node | None = node
            while isinstance(inner, nodes.Filter) and inner.name not in _FILLS_IN:
                inner = inner.node
            if isinstance(inner, nodes.Name):
                yield inner


def _asked(tree: nodes.Template) -> Iterator[Asked]:
    """Yield the texts that fields are compared with by ``==``, ``!=`` and ``in``."""
    for compare in tree.find_all(nodes.Compare):
        for operand in compare.ops:
            sides = (compare.expr, operand.expr)
            names = [side.name for side in sides if isinstance(side, nodes.Name)]
            texts = [text for side in sides for text in _texts(side)]
            if len(names) == 1 and operand.op in _COMPARES:
                yield from (Asked(names[0], text, compare.lineno) for text in texts)


_COMPARES = frozenset({"eq", "ne", "in", "notin"})


def _texts(node: nodes.Node) -> Iterator[str]:
    items = node.items if isinstance(node, nodes.List | nodes.Tuple) else [node]
    yield from (each.value for each in items if isinstance(each, nodes.Const) and isinstance(each.value, str))


_TOO_DEEP = Complaint(1, f"something is nested more than {MAX_DEPTH} deep", "Make it simpler.")


def _walk(node: nodes.Node, depth: int = 0) -> Iterator[Complaint | nodes.Name]:
    """Return the fields that are named under *node*, and what is refused there; nothing below what is refused."""
    refusal = _TOO_DEEP if depth > MAX_DEPTH else _refusal(node)
    if refusal is not None:
        yield refusal
        return
    if isinstance(node, nodes.Name):
        yield node
    for child in node.iter_child_nodes():
        yield from _walk(child, depth + 1)


def _refusal(node: nodes.Node) -> Complaint | None:
    match node:
        case nodes.Filter() if node.node is None or node.name not in FILTERS:
            return Complaint(node.lineno, f'there is no filter "{node.name}"', word=node.name)
        case nodes.Test() if node.name not in _TEST_NODES:
            return Complaint(node.lineno, f'there is no test "is {node.name}"', word=node.name)
        case nodes.Getattr():
            fix = f"Only plain fields can be used: {{{{ {node.attr} }}}}."
            return Complaint(node.lineno, f'".{node.attr}" cannot be used here', fix, node.attr)
        case nodes.Getitem():
            return Complaint(node.lineno, "[ ] cannot be used here", "Only plain fields can be used.")
        case nodes.Call():
            return _call_refusal(node)
        case _ if isinstance(node, _ALLOWED):
            return None
    tag = _TAG_OF.get(type(node), "")
    what = f"{{% {tag} %}} cannot be used in an email" if tag else "this cannot be used in an email"
    return Complaint(node.lineno or 1, what, "Only {% if %}, {% elif %}, {% else %} and {% endif %} can.", tag)


_TEST_NODES = frozenset(TESTS)


def _call_refusal(node: nodes.Call) -> Complaint:
    name = getattr(node.node, "attr", "") or getattr(node.node, "name", "")
    fix = f"Write it as a filter: | {name}." if name in FILTERS else "Only plain fields and filters can be used."
    return Complaint(node.lineno, f'"{name}(...)" cannot be used here', fix, name)
