"""Gathering what is wrong while reading goes on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import NamedTuple

from automations.errors import Place, Problem
from automations.located import Node, problem_at


class Notes:
    """Everything found so far, in whatever order. *secret_lines* are never shown."""

    def __init__(self, problems: Iterable[Problem] = ()) -> None:
        self.problems = list(problems)
        self.warnings: list[Problem] = []
        self.secret_lines: set[int] = set()

    def hide(self, node: Node) -> None:
        """Never show the lines of *node*: there is a secret in them."""
        last = max(node.end - 1, node.start)
        self.secret_lines.update(range(node.document.line(node.start), node.document.line(last) + 1))

    def in_file_order(self) -> tuple[tuple[Problem, ...], tuple[Problem, ...]]:
        """Return problems and warnings, each in file order, without the text of lines that hold a secret."""
        return self._shown(self.problems), self._shown(self.warnings)

    def _shown(self, problems: list[Problem]) -> tuple[Problem, ...]:
        return tuple(self._without_secret(each) for each in sorted(problems, key=_position))

    def _without_secret(self, problem: Problem) -> Problem:
        if problem.place and problem.place.line in self.secret_lines:
            return replace(problem, place=replace(problem.place, text=""))
        return problem


def _position(problem: Problem) -> tuple[int, int]:
    return (problem.place.line, problem.place.column) if problem.place else (0, 0)


class Desk(NamedTuple):
    """Where reading is just now: *trail* names it in words (``scoring, rule 1``)."""

    notes: Notes
    trail: str = ""

    def inside(self, part: str) -> Desk:
        """Return a desk for a part of what is read here."""
        return Desk(self.notes, f"{self.trail}, {part}" if self.trail else part)

    def wrong(self, place: Place, what: str, under: str = "", fix: str = "") -> None:
        """Report a problem: nothing will be run."""
        self.notes.problems.append(self._problem(place, what, under, fix))

    def warn(self, place: Place, what: str, fix: str = "") -> None:
        """Report something that does not stop anything."""
        self.notes.warnings.append(self._problem(place, what, "", fix))

    def _problem(self, place: Place, what: str, under: str, fix: str) -> Problem:
        return problem_at(place, f"{self.trail}: {what}" if self.trail else what, under, fix)
