"""Sentences to conditions: read with the columns at hand, each problem at the very words that are wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from types import MappingProxyType
from typing import NamedTuple

from automations.config.notes import Desk
from automations.config.sentence_shape import Block, Said, Sentence
from automations.config.sentences import Scope, parse_condition, warnings_of
from automations.core.conditions import Condition, Every, Negate, Node, Some, fields_of
from automations.located import Scalar

_LINE_BREAK = re.compile(r"[\r\n]")


def where_of(node: Scalar) -> str:
    """Return where something is written, as `explain` shows it: ``config.yaml:36``."""
    return f"{PurePath(node.document.file).name}:{node.line}"


class ConditionReader(NamedTuple):
    """Reads the conditions of one kind of rule. *not_asked* are fields it cannot ask about, each with the reason.

    *unsure* are columns that could not be read: what sentences about them say cannot be judged.
    """

    scope: Scope
    unsure: frozenset[str] = frozenset()
    not_asked: Mapping[str, str] = MappingProxyType({})

    def read(self, sentence: Sentence, desk: Desk) -> Condition | None:
        """Return the condition, or None after reporting what is wrong with it."""
        if isinstance(sentence, Said):
            return self._said(sentence.text, desk)
        parts = tuple(self.read(part, desk) for part in sentence.parts)
        whole = tuple(part for part in parts if part is not None)
        if len(whole) < len(parts) or not whole:
            return None
        return _joined(sentence, whole)

    def _said(self, written: Scalar, desk: Desk) -> Condition | None:
        # A line break inside a sentence is a space; each has one character, so positions stay true.
        text = _LINE_BREAK.sub(" ", written.text)
        condition, problems = parse_condition(text, self.scope, where_of(written))
        if problems and any(re.search(rf"(?i)\b{re.escape(name)}\b", text) for name in self.unsure):
            return None
        for problem in problems:
            desk.wrong(written.part(problem.start, problem.end), problem.what, problem.under, problem.fix)
        if condition is None or problems:
            return None
        for warning in warnings_of(text, self.scope):
            desk.warn(written.part(warning.start, warning.end), warning.what, warning.under or warning.fix)
        return None if self._asks_too_much(condition, written, desk) else condition

    def _asks_too_much(self, condition: Condition, written: Scalar, desk: Desk) -> bool:
        wrong = sorted(fields_of(condition.tree) & self.not_asked.keys())
        for name in wrong:
            found = re.search(rf"(?i)\b{re.escape(name)}\b", written.text)
            place = written.part(found.start(), found.end()) if found else written.place()
            desk.wrong(place, f'this rule cannot ask about "{name}": {self.not_asked[name]}', "ask about a column")
        return bool(wrong)


_WORDS = {"all": " and ", "any": " or ", "none": " or "}


def _joined(block: Block, parts: tuple[Condition, ...]) -> Condition:
    """Return one condition that says what a block of them says."""
    trees = tuple(part.tree for part in parts)
    tree: Node = trees[0] if len(trees) == 1 else (Every(trees) if block.word == "all" else Some(trees))
    text = parts[0].text if len(parts) == 1 else _WORDS[block.word].join(f"({part.text})" for part in parts)
    if block.word == "none":
        tree, text = Negate(tree), f"not ({text})"
    return Condition(text, tree, parts[0].where)
