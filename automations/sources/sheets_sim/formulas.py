"""Formulas as trees: names, references, operators. What is no formula we can read is told by an exception."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from automations.sources.sheets_sim.references import REFERENCE, Reference, reference_in

__all__ = ["Application", "Literal", "Node", "Unreadable", "read"]

_TOKENS = re.compile(
    rf'\s+|"(?:[^"]|"")*"|#(?:REF!|N/A|NAME\?|VALUE!|DIV/0!|NUM!)|(?<![A-Za-z0-9_.]){REFERENCE}'
    r"|[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]+)?|\.[0-9]+|[A-Za-z_][A-Za-z0-9_.]*|<=|>=|<>|.",
    re.DOTALL,
)

_LEVELS = (("=", "<>", "<", ">", "<=", ">="), ("&",), ("+", "-"), ("*", "/"), ("^",))
"""Operators from the loosest to the tightest."""

MAX_DEPTH = 60


class Unreadable(Exception):  # noqa: N818 - it goes to the caller, not to a person
    """A formula, or a function in it, that we do not know."""


class Literal(NamedTuple):
    """A value as written."""

    value: bool | int | float | str


class Application(NamedTuple):
    """A function, or an operator by its sign, applied to what is below it."""

    name: str
    arguments: tuple[Node, ...]


Node = Literal | Reference | Application


def read(formula: str) -> Node:
    """Return the tree of a formula that begins with "=". Raises Unreadable."""
    tokens = [token for token in _TOKENS.findall(formula[1:]) if not token.isspace()]
    reader = _Reader(iter([*tokens, ""]))
    node = reader.expression(0)
    if reader.ahead:
        raise Unreadable(formula)
    return node


class _Reader:
    """Precedence climbing over the tokens of one formula."""

    def __init__(self, tokens: Iterator[str]) -> None:
        self._tokens = tokens
        self._depth = 0
        self.ahead = next(tokens)

    def _take(self) -> str:
        token, self.ahead = self.ahead, next(self._tokens, "")
        return token

    def expression(self, level: int) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH * len(_LEVELS):
            raise Unreadable
        node = self._operations(level) if level < len(_LEVELS) else self._signed()
        self._depth -= 1
        return node

    def _operations(self, level: int) -> Node:
        node = self.expression(level + 1)
        while self.ahead in _LEVELS[level]:
            sign = self._take()
            node = Application(sign, (node, self.expression(level + 1)))
        return node

    def _signed(self) -> Node:
        if self.ahead in {"-", "+"}:
            sign = self._take()
            return Application(f"unary {sign}", (self.expression(len(_LEVELS)),))
        node = self._operand()
        while self.ahead == "%":
            self._take()
            node = Application("/", (node, Literal(100)))
        return node

    def _operand(self) -> Node:
        word = self._take()
        if word == "(":
            node = self.expression(0)
            self._expect(")")
            return node
        if word.startswith('"') and len(word) > 1:
            return Literal(word[1:-1].replace('""', '"'))
        if re.fullmatch(r"[0-9.]+(?:[eE][+-]?[0-9]+)?", word):
            return Literal(float(word))
        reference = reference_in(word)
        if reference is not None:
            return reference
        if word.startswith("#"):
            return Application(word, ())
        if word.upper() in {"TRUE", "FALSE"} and self.ahead != "(":
            return Literal(word.upper() == "TRUE")
        if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.]*", word) and self.ahead == "(":
            return Application(word.upper(), self._arguments())
        raise Unreadable(word)

    def _arguments(self) -> tuple[Node, ...]:
        """Return what stands in the parentheses; "," and ";" both part arguments, one left out is an empty text."""
        self._expect("(")
        arguments: list[Node] = []
        if self.ahead == ")":
            self._take()
            return ()
        while True:
            left_out = self.ahead in {",", ";", ")"}
            arguments.append(Literal("") if left_out else self.expression(0))
            mark = self._take()
            if mark == ")":
                return tuple(arguments)
            if mark not in {",", ";"}:
                raise Unreadable(mark)

    def _expect(self, sign: str) -> None:
        if self._take() != sign:
            raise Unreadable(sign)
