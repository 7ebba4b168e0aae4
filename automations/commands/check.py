"""``leadwright check``: whether config.yaml is right."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from automations.commands.common import Asked, as_command
from automations.commands.failures import problem_json, problems_text
from automations.errors import Problem, WrongConfig
from automations.report.text import SCREEN_WIDTH, count, wrapped

if TYPE_CHECKING:
    from automations.project import Project


@as_command("check")
@click.pass_obj
def command(asked: Asked) -> int:
    """Check config.yaml, the emails it names, and your own examples under tests:.

    Reads no lead, sends and changes nothing. Ends with 0 when all is right, with 2 otherwise.
    """
    from automations.project import read_project  # noqa: PLC0415 - --help does not need it

    project, problems, warnings = read_project(asked.found_config(), os.environ)
    if asked.as_json:
        asked.answer(check_to_json(problems, warnings), "")
        return WrongConfig.exit_code if problems else 0
    for warning in warnings:
        asked.say(f"{asked.paint('note', 'yellow')}  {warning}")
    if problems or project is None:
        asked.heed(problems_text(problems))
        return WrongConfig.exit_code
    asked.say(asked.paint(good_line(project, asked.config_file.name), "green"))
    return 0


def check_to_json(problems: Sequence[Problem], warnings: Sequence[Problem]) -> dict[str, list[dict[str, object]]]:
    """Return what is wrong and what is worth knowing, for a program."""
    return {
        "problems": [problem_json(problem) for problem in problems],
        "warnings": [problem_json(warning) for warning in warnings],
    }


def good_line(project: Project, file: str) -> str:
    """Return what a right config.yaml has: ``config.yaml is right: 10 columns, 6 rules, ...``."""
    policy = project.policy
    emails = {step.template for sequence in policy.sequences for step in sequence.steps if step.is_email}
    parts = [
        count(len(policy.columns.fields), "column"),
        count(len(policy.rules.scoring), "rule"),
        count(len(policy.sequences), "sequence"),
        count(len(emails), "email"),
        count(len(project.config.jobs), "job"),
    ]
    if policy.examples:
        parts.append(count(len(policy.examples), "example passes", "examples pass"))
    return wrapped(f"{file} is right: {', '.join(parts)}.".split(" "), indent=0, width=SCREEN_WIDTH)
