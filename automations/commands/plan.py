"""``leadwright plan``: what would happen now. Nothing is sent or changed."""

from __future__ import annotations

from pathlib import Path

import click

from automations.commands.common import Asked, as_command, asked_moment, now, screen_width
from automations.commands.saved import save_among_ours, save_plan
from automations.commands.strange import warn_of_strange
from automations.core.plan import Plan
from automations.core.schedules import say_when
from automations.report.plan_json import plan_to_json
from automations.report.plan_screen import Paper, plan_screen


@as_command("plan")
@click.option("--all", "everything", is_flag=True, help="Every line, not just the first ten of each kind.")
@click.option("--at", metavar="MOMENT", help='As if it were then: "2026-11-23 09:00".')
@click.option("--out", metavar="FILE", type=click.Path(path_type=Path), help="Save the plan there.")
@click.pass_obj
def command(asked: Asked, *, everything: bool, at: str | None, out: Path | None) -> int:
    """Show what a run would do now: which cells change, which emails leave, which wait, and why.

    The plan is saved, so that run --plan does exactly what you saw, or refuses when something has changed since.
    """
    from automations.runner import look  # noqa: PLC0415 - --help does not need it

    project = asked.project()
    zone = project.policy.business.zone
    plan = look(project, asked_moment(at, zone))
    warn_of_strange(asked, project)
    if out:
        save_plan(plan, out)
    if asked.as_json:
        asked.answer(plan_to_json(plan), "")
        return 0
    paper = Paper(screen_width(), asked.repeat("plan --all"))
    asked.say(plan_screen(plan, project.policy.columns, zone, everything=everything, paper=paper))
    asked.say("\n" + _last_lines(asked, plan, out, say_when(plan.made_at, now(), zone) if at else ""))
    return 0


def _last_lines(asked: Asked, plan: Plan, out: Path | None, moment: str) -> str:
    """Return what to do next. *moment* is set when the plan is about another one than now."""
    if moment:
        return f"This is about {moment}. Nothing was sent or changed.\nTo see what is due now:  {asked.repeat('plan')}"
    if not (plan.updates or plan.sends or plan.tasks or plan.moves):
        with asked.ledger() as ledger:
            is_paused = ledger.paused() is not None
        return f"Sending is paused. To go on:  {asked.repeat('resume')}" if is_paused else "There is nothing to do now."
    name = str(out) if out else save_among_ours(plan, asked.own_folder, now())
    todo = asked.repeat(f"run --plan {name}" if name else "run")
    good = "   (good for 2 hours)" if name else ""
    return f"Nothing was sent or changed. To do exactly this{good}:\n  {todo}"
