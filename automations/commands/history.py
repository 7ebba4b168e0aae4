"""``leadwright history``: all we know about one lead, or the last runs."""

from __future__ import annotations

import click

from automations.commands.common import Asked, as_command, now
from automations.errors import WrongUsage
from automations.report.history_screen import history_screen, history_to_json, runs_screen, runs_to_json

LAST_RUNS = 20


@as_command("history")
@click.argument("key", metavar="[LEAD]", required=False)
@click.pass_obj
def command(asked: Asked, key: str | None) -> int:
    """Show all that happened to LEAD, oldest first; without LEAD the last 20 runs, newest first."""
    project = asked.project()
    zone = project.policy.business.zone
    with asked.ledger() as ledger:
        if key is None:
            runs = ledger.runs(LAST_RUNS)
            asked.answer(runs_to_json(runs, zone), runs_screen(runs, zone, now()))
            return 0
        from automations.core.books import key_rule  # noqa: PLC0415 - the list of runs does not need it

        lead_key = key_rule(project.policy.columns).key_of(key)
        entries = ledger.entries(lead_key) if lead_key else ()
        if lead_key is None or not entries:
            near = _nearest(key, ledger.history(now()).leads)
            raise WrongUsage(f'nothing is recorded about "{key}"', fix=near)
    asked.answer(history_to_json(lead_key, entries, zone), history_screen(lead_key, entries, zone, now()))
    return 0


def _nearest(key: str, known: object) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    keys = [str(each) for each in known] if isinstance(known, dict) else []
    near = get_close_matches(key.strip().casefold(), keys, n=1, cutoff=0.5)
    return f'did you mean "{near[0]}"?' if near else "a lead has a history once a run has seen it"
