"""Conditions: what a rule sentence means, once it has been read and checked.

A tree of frozen values. Fields are named, operators are names in the table of `operators`, operands are typed.
"""

from __future__ import annotations

from dataclasses import dataclass

from automations.core.leads import Value


@dataclass(frozen=True, slots=True)
class Compare:
    """One field, one operator, its operands: ``employees >= 20``. *text* is the owner's own wording of this part."""

    field: str
    operator: str
    operands: tuple[Value, ...] = ()
    text: str = ""


@dataclass(frozen=True, slots=True)
class Every:
    """All *parts* hold (``and``). Never empty."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one of *parts* holds (``or``). Never empty."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Negate:
    """*part* does not hold (``not``)."""

    part: Node


Node = Compare | Every | Some | Negate


@dataclass(frozen=True, slots=True)
class Condition:
    """A checked sentence: the owner's *text*, its *tree*, and *where* it is written (``config.yaml:36``)."""

    text: str
    tree: Node
    where: str = ""


def fields_of(node: Node) -> frozenset[str]:
    """Return the names of all fields a condition asks about."""
    match node:
        case Compare():
            return frozenset({node.field})
        case Every() | Some():
            return frozenset().union(*(fields_of(part) for part in node.parts))
        case Negate():
            return fields_of(node.part)
