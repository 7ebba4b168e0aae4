"""Questions to a person at a terminal. An answer that cannot be right is asked for again, with the reason."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import click

from automations.core.addresses import AddressProblem, normalise_address
from automations.errors import WrongUsage

_WIDTH = 40


def ask_text(question: str, check: Callable[[str], str] = str, default: str | None = None) -> str:
    """Return an answer that *check* lets pass; it raises WrongUsage with the reason when it does not."""
    while True:
        answer = str(
            click.prompt(f"{question.ljust(_WIDTH)} ", prompt_suffix="", default=default, show_default=False)
        ).strip()
        if not answer and default is None:
            continue
        try:
            return check(answer)
        except WrongUsage as reason:
            click.echo(f"  {reason.what}")


def ask_choice(question: str, choices: Sequence[str]) -> int:
    """Return the position of the choice a person made, from 0."""
    click.echo(question)
    for number, choice in enumerate(choices, 1):
        click.echo(f"  {number}  {choice}")
    return int(click.prompt("  >", prompt_suffix=" ", type=click.IntRange(1, len(choices)))) - 1


def ask_yes(question: str) -> bool:
    """Return whether a person said yes; Enter alone is no."""
    return click.confirm(question, default=False)


def must_be_address(text: str) -> str:
    """Return an email address as it was typed. Raises WrongUsage with the reason when it is none."""
    try:
        normalise_address(text)
    except AddressProblem as reason:
        raise WrongUsage(
            f'"{text}" is not an email address: {reason}', fix="write it like  anna@shop.example"
        ) from None
    return text.strip()
