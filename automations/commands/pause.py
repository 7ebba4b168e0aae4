"""``leadwright pause``: stop all sending now."""

from __future__ import annotations

import click

from automations.commands.common import Asked, as_command, now


@as_command("pause")
@click.option("--because", default="", metavar="TEXT", help="Why, for your colleagues.")
@click.pass_obj
def command(asked: Asked, because: str) -> int:
    """Stop all sending, also in a run that is under way, until resume.

    Leads are still read, scored and written back. Works while config.yaml is broken.
    """
    with asked.ledger() as ledger:
        ledger.pause(because, now())
    why = f" ({because})" if because else ""
    go_on = asked.repeat("resume")
    asked.answer({"paused": True, "because": because}, f"Sending is paused{why}. To go on:  {go_on}")
    return 0
