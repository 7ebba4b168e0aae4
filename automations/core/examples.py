"""The owner's own examples (``tests:`` in config.yaml), and which of them do not come out as stated."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from automations.core.leads import Value
from automations.core.playbook import Playbook
from automations.core.policy import Example
from automations.core.rules import Given, LedgerFacts, Qualification
from automations.errors import Problem

Stated = tuple[str, Value, Value]
"""What was asked about, what was expected, what came out."""


def failed_examples(playbook: Playbook, today: date) -> tuple[Problem, ...]:
    """Return a problem for each example that does not come out as stated, with the points that led there."""
    problems: list[Problem] = []
    for example in playbook.policy.examples:
        given = given_of(example, playbook.policy.columns.names())
        qualification = playbook.rules.qualify([given], today)[0]
        wrong = [
            f"expected {what} {expected}, got {found or 'none'}"
            for what, expected, found in _stated(
                example, qualification, _started(playbook, given, qualification, today)
            )
            if expected is not None and not _same(expected, found)
        ]
        if wrong:
            sum_up = f" ({qualification.score} points: {_reasons(playbook, qualification)})"
            problems.append(Problem(example.where, f"{example.name}: {'; '.join(wrong)}{sum_up}", _REMEDY))
    return tuple(problems)


_REMEDY = "correct the rule, or the example if it no longer says what you want"


def given_of(example: Example, names: Iterable[str]) -> Given:
    """Return the lead an example describes: its fields, what the ledger would know, and its stage."""
    values = dict(example.values)
    known = {name: value for name, value in values.items() if name in LedgerFacts._fields}
    facts = LedgerFacts()._replace(**known)  # type: ignore[arg-type]  # config has typed each of them by its field
    return Given(tuple(values.get(name) for name in names), facts, str(values.get("stage") or ""))


def _started(playbook: Playbook, given: Given, qualification: Qualification, today: date) -> tuple[str, ...]:
    return tuple(tests.sequence.name for tests in playbook.sequences if tests.starts(given, qualification, today))


def _stated(example: Example, found: Qualification, started: tuple[str, ...]) -> tuple[Stated, ...]:
    starts = example.starts if example.starts in started else ", ".join(started)
    return (
        ("score", example.score, found.score),
        ("segment", example.segment, found.segment),
        ("stage", example.stage, found.stage),
        ("sequence", example.starts, starts),
    )


def _same(expected: Value, found: Value) -> bool:
    return str(expected).casefold() == str(found).casefold()


def _reasons(playbook: Playbook, found: Qualification) -> str:
    rules = playbook.policy.rules.scoring
    parts = [f"{each.points:+d} {rules[each.rule].because}" for each in found.reasons if each.rule >= 0]
    return ", ".join(parts) or "no rule holds"
