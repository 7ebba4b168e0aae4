"""``leadwright resume``: go on sending."""

from __future__ import annotations

import click

from automations.commands.common import Asked, as_command, now


@as_command("resume")
@click.pass_obj
def command(asked: Asked) -> int:
    """Go on sending after a pause. What became due meanwhile goes with the next run, within its limits."""
    with asked.ledger() as ledger:
        was_paused = ledger.paused() is not None
        if was_paused:
            ledger.resume(now())
    text = "Sending goes on with the next run." if was_paused else "Sending was not paused."
    asked.answer({"paused": False, "was_paused": was_paused}, f"{text} To see what is due:  {asked.repeat('plan')}")
    return 0
