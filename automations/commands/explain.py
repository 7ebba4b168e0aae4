"""``leadwright explain``: why a lead is hot, or was not mailed."""

from __future__ import annotations

import click

from automations.commands.common import Asked, as_command, asked_moment
from automations.commands.strange import warn_of_strange
from automations.report.lead_screen import lead_screen, lead_to_json


@as_command("explain")
@click.argument("key", metavar="LEAD")
@click.option("--at", metavar="MOMENT", help='As if it were then: "2026-11-23 09:00".')
@click.pass_obj
def command(asked: Asked, key: str, at: str | None) -> int:
    """Show where every point of LEAD comes from, why it stands where it stands, and what becomes of its emails.

    LEAD is what stands in the key column: mostly an email address.
    """
    from automations.looking import look_at_lead  # noqa: PLC0415 - --help does not need it

    project = asked.project()
    moment = asked_moment(at, project.policy.business.zone)
    warn_of_strange(asked, project)
    view = look_at_lead(project, key, moment)
    asked.answer(lead_to_json(view, project.policy, moment), lead_screen(view, project.policy, moment))
    return 0
