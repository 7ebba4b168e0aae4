"""The playbook: the policy made ready to decide by, its conditions compiled once for the whole book."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from automations.core.policy import EmailSequence, Facts, Policy
from automations.core.rules import Rules, Test, compile_condition, compile_rules


class CannotWrite(Exception):  # noqa: N818 - it says why a text cannot be written for one lead
    """Why an email or a task cannot be written for a lead: where in which template, and what is missing."""


@dataclass(frozen=True, slots=True)
class SequenceTests:
    """The compiled conditions of one sequence. *stops* come with their text; *only_if* goes by the step's name."""

    sequence: EmailSequence
    starts: Test
    stops: tuple[tuple[Test, str], ...]
    only_if: Mapping[str, Test]


@dataclass(frozen=True, slots=True)
class Playbook:
    """Everything `make_plan` decides by that does not change from run to run."""

    policy: Policy
    facts: Facts
    rules: Rules
    sequences: tuple[SequenceTests, ...]


def compile_playbook(policy: Policy, facts: Facts) -> Playbook:
    """Return the policy with all its conditions compiled."""
    columns = policy.columns
    return Playbook(
        policy=policy,
        facts=facts,
        rules=compile_rules(columns, policy.rules, facts),
        sequences=tuple(
            SequenceTests(
                sequence=sequence,
                starts=compile_condition(sequence.start_when, columns, facts),
                stops=tuple((compile_condition(each, columns, facts), each.text) for each in sequence.stop_when),
                only_if={
                    step.name: compile_condition(step.only_if, columns, facts)
                    for step in sequence.steps
                    if step.only_if is not None
                },
            )
            for sequence in policy.sequences
        ),
    )
