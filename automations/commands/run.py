"""``leadwright run``: do what plan shows."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from datetime import timedelta
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, Self

import click

from automations.commands.common import Asked, as_command, as_json_text, is_conversation, now, screen_width, write
from automations.commands.progress import Progress
from automations.commands.saved import load_plan
from automations.core.plan import Plan
from automations.errors import INTERRUPTED_EXIT_CODE, LeadwrightError, RefusedByLimit, WrongUsage
from automations.report.plan_screen import Paper, plan_screen, summary
from automations.report.run_screen import run_screen, run_to_json
from automations.report.text import count

if TYPE_CHECKING:
    from automations.project import Project
    from automations.runner import RunReport

Approve = Callable[[Plan], str]
Handler = Any
"""What signal.signal returns: a function, a number, or None."""


class NotNow(LeadwrightError):  # noqa: N818 - it is what the person said
    """A person looked at the plan and said no."""

    exit_code = 0


@as_command("run")
@click.option("--yes", is_flag=True, help="Do not ask; for scripts and timers.")
@click.option("--plan", "name", metavar="PLAN", help="Do exactly this saved plan, or refuse.")
@click.option("--at-most", type=click.IntRange(min=0), metavar="N", help="Send no more than N emails this time.")
@click.option("--wait", metavar="SPAN", help='Stay for emails that have their turn later: "8 hours".')
@click.pass_obj
def command(asked: Asked, *, yes: bool, name: str | None, at_most: int | None, wait: str | None) -> int:
    """Read the leads, write what changed into the sheet, and send what is due.

    Asks before it does anything. Ends with 0 when all was done, 1 when some of it was not, 4 when a limit stopped it.
    """
    from automations.clock import SystemClock  # noqa: PLC0415 - --help needs none of these
    from automations.runner import run  # noqa: PLC0415

    if name and at_most is not None:
        raise WrongUsage(
            "--plan does exactly what was saved, so --at-most cannot go with it", fix="leave one of them out"
        )
    stays = _span(wait) if wait else None
    project = asked.project()
    reviewed = load_plan(name, asked.own_folder, now()) if name else None
    approve = _approval(asked, project, yes=yes, has_seen=reviewed is not None, has_said_how_many=at_most is not None)

    def look_and_say(plan: Plan) -> str:
        say.clear()
        return approve(plan)

    try:
        with Progress(wanted=not (asked.quiet or asked.as_json)) as say, SafeStop() as stop:
            report = run(
                project,
                SystemClock(),
                approve=stop.once_approved(look_and_say),
                reviewed=reviewed,
                at_most=at_most,
                say=say,
                stopping=stop.is_wanted,
            )
            say.clear()
            if not asked.as_json:  # not both: the name of a plan is a hash of all that is in it
                zone = project.policy.business.zone
                asked.say(run_screen(report, where_to=where_to(project, report.plan), zone=zone))
            turns = _in_turn(asked, project, report, stays, stop)
    except NotNow as no:
        asked.say(no.what)
        return no.exit_code
    if asked.as_json:
        later = {"in_turn": [run_to_json(each) for each in turns]} if stays else {}
        write(as_json_text(run_to_json(report) | later))
    return INTERRUPTED_EXIT_CODE if stop.is_wanted() else max(each.exit_code for each in (report, *turns))


def _span(text: str) -> timedelta:
    from automations.config.spoken import Amiss, read_span  # noqa: PLC0415 - only needed by those who wait

    try:
        return read_span(text)
    except Amiss as amiss:
        raise WrongUsage(f"--wait: {amiss.what}", fix=amiss.under or 'write it like  --wait "8 hours"') from None


def _in_turn(
    asked: Asked, project: Project, report: RunReport, stays: timedelta | None, stop: SafeStop
) -> list[RunReport]:
    """Wait for the emails that have their turn later, or say who sends them; return what came of each."""
    from automations.clock import SystemClock  # noqa: PLC0415 - --help needs none of these
    from automations.turns import send_until  # noqa: PLC0415

    turns = report.plan.in_turn
    zone = project.policy.business.zone
    if not turns:
        return []
    last = f"{turns[-1].at.astimezone(zone):%H:%M}"
    asked.say(f"{count(len(turns), 'email has its', 'emails have their')} turn later today, the last at {last}.")
    if stays is None:
        asked.say(f'leadwright serve  sends them, or  {asked.repeat("run")} --wait "8 hours"')
        return []
    clock, done = SystemClock(), []
    for each in send_until(project, clock, clock.now() + stays, stopping=stop.is_wanted):
        asked.say(f"  {clock.now().astimezone(zone):%H:%M}  {count(each.accepted, 'email')} sent")
        done.append(each)
    return done


def signals_to_stop() -> tuple[signal.Signals, ...]:
    """Return the signals that ask us to end: Ctrl-C, SIGTERM, and a closed terminal, unless nohup keeps that away."""
    hears_terminal = signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN
    return (signal.SIGINT, signal.SIGTERM, *((signal.SIGHUP,) if hears_terminal else ()))


class SafeStop:
    """Lets a run under way come to its next safe point when `signals_to_stop` ask it to end; a second Ctrl-C ends it.

    Until the plan is approved nothing is under way, and Ctrl-C works as everywhere.
    """

    def __init__(self) -> None:
        self._wanted = False
        self._before: dict[int, Handler] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def is_wanted(self) -> bool:
        """Return whether somebody asked the run to end."""
        return self._wanted

    def once_approved(self, approve: Approve) -> Approve:
        """Return *approve*, which begins to watch for signals when it says yes."""

        def watched(plan: Plan) -> str:
            refusal = approve(plan)
            if not refusal:
                self._before = {number: signal.signal(number, self._note) for number in signals_to_stop()}
            return refusal

        return watched

    def _note(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._wanted = True
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # Not print: a handler may have come in the middle of one.
        os.write(2, b"Stopping after the email under way. What was done is recorded.\n")


def _approval(asked: Asked, project: Project, *, yes: bool, has_seen: bool, has_said_how_many: bool) -> Approve:
    """Return who says yes to the plan: the command line, a person who is asked, or nobody."""
    most = project.policy.limits.ask_me_above

    def by_command_line(plan: Plan) -> str:
        if has_seen or has_said_how_many or most is None or plan.leaving <= most:
            return ""
        raise too_many(asked, plan.leaving, most)

    def by_person(plan: Plan) -> str:
        if is_nothing(plan):
            return ""
        if most is not None and plan.leaving > most:
            click.echo(f"{count(plan.leaving, 'email')}: more than the {most} of limits, ask_me_above.", err=True)
        columns, zone, paper = project.policy.columns, project.policy.business.zone, Paper(screen_width())
        return ask(plan, lambda: plan_screen(plan, columns, zone, everything=True, paper=paper))

    def by_nobody(plan: Plan) -> str:
        if is_nothing(plan):
            return ""
        raise RefusedByLimit(
            f"{summary(plan)} to do, and nobody here to say yes; nothing was sent or changed",
            fix=f"in a script or timer:  {asked.repeat('run --yes')}",
        )

    if yes:
        return by_command_line
    return by_person if is_conversation() else by_nobody


def is_nothing(plan: Plan) -> bool:
    """Return whether a plan has nothing that a person would want to be asked about."""
    return not (plan.leaving or plan.updates or plan.tasks)


def too_many(asked: Asked, sends: int, most: int) -> RefusedByLimit:
    """Return what stops a run that nobody looked at and that would send more than the owner wants unseen."""
    first = asked.repeat(f"run --yes --at-most {most}")
    return RefusedByLimit(
        f"{count(sends, 'email')} would leave, and more than {most} wait for your yes (limits, ask_me_above);"
        " nothing was sent or changed",
        fix=f"look:  {asked.repeat('plan')}  and do what it saved, or send the first:  {first}",
    )


def ask(plan: Plan, show_all: Callable[[], str]) -> str:
    """Return "" once a person said yes to a plan. Raises NotNow for a no."""
    new = f" New columns at the right end: {', '.join(plan.new_columns)}." if plan.new_columns else ""
    while True:
        verb = "Send" if plan.leaving else "Write"
        click.echo(f"{summary(plan)}.{new} {verb} now? [y]es / [n]o / [s]how all   ", nl=False)
        answer = sys.stdin.readline().strip().lower()
        if answer in ("y", "yes"):
            return ""
        if answer in ("s", "show", "show all"):
            click.echo("\n" + show_all() + "\n")
            continue
        raise NotNow("Nothing was sent or changed.")


def where_to(project: Project, plan: Plan) -> str:
    """Return where emails went, when that is a folder: `` to outbox/, as files``; else nothing."""
    connections = project.config.connections
    senders = sorted({send.sender for send in plan.sends})
    to_folder = [sender for sender in senders if connections.get(sender) is None]
    if not to_folder:
        return ""
    whose = "" if to_folder == senders else f", those of {' and '.join(to_folder)},"
    return f"{whose} as files into {project.config.outbox.name}/, not to the leads"
