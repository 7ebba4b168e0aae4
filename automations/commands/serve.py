"""``leadwright serve``: stay on, and do what the schedule in config.yaml says."""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from automations.commands.common import Asked, as_command
from automations.commands.run import signals_to_stop, too_many
from automations.commands.saved import save_among_ours
from automations.commands.service_log import service_log
from automations.errors import WrongUsage
from automations.report.plan_screen import summary

if TYPE_CHECKING:
    from automations.clock import Clock
    from automations.core.plan import Plan
    from automations.jobs import Job, Log
    from automations.mail.idle import Listeners
    from automations.project import Project
    from automations.runner import RunReport

LOG_NAME = "serve.jsonl"


class Service:
    """What is served now: the last right config.yaml. A wrong one is told about and left aside; the old one stays."""

    def __init__(self, asked: Asked, project: Project, clock: Clock, log: Log) -> None:
        self._asked = asked
        self._clock = clock
        self._log = log
        self._seen = _state_of(asked)
        self.project = project
        self.stopping = False

    def stop(self, number: int, frame: FrameType | None) -> None:
        """Let what is under way come to its next safe point, then end. Called as a signal handler, so it only notes."""
        del number, frame
        self.stopping = True

    def must_start_over(self) -> bool:
        """Return whether to end, or to begin again with another config.yaml."""
        return self.stopping or self._has_changed()

    def _has_changed(self) -> bool:
        state = _state_of(self._asked)
        if state == self._seen:
            return False
        self._seen = state
        from automations.project import read_project  # noqa: PLC0415 - --help does not need it

        project, problems, _ = read_project(self._asked.config_file, os.environ)
        if project is None or problems:
            self._log.error("config refused", why="; ".join(map(str, problems)), kept="the one before stays in force")
            return False
        self.project = project
        self._log.info("config taken", file=self._asked.config_file.name)
        return True

    def do(self, job: Job) -> None:
        """Do one job of the schedule."""
        _JOBS[job.job](self)

    def send_in_turn(self) -> None:
        """Send the emails whose minute has come, between two runs."""
        from automations.turns import send_in_turn  # noqa: PLC0415 - --help does not need it

        if report := send_in_turn(self.project, self._clock, stopping=lambda: self.stopping):
            self._tell(report)

    def run(self) -> None:
        """Read, score, write back and send; a plan above ask_me_above is saved for a person instead."""
        from automations.runner import run  # noqa: PLC0415 - --help does not need it

        self._tell(run(self.project, self._clock, approve=self._approve, stopping=lambda: self.stopping))

    def _tell(self, report: RunReport) -> None:
        self._log.info(
            "run ended",
            run=report.run,
            plan=summary(report.plan),
            accepted=report.accepted,
            deferred=report.deferred,
            refused=report.refused,
            in_doubt=report.in_doubt,
            held=report.held,
            in_turn=len(report.plan.in_turn),
            cells_written=report.cells_written,
            cells_skipped=report.cells_skipped,
            problems=len(report.problems),
            notes=list(report.notes),
            exit_code=report.exit_code,
        )

    def inbox(self) -> None:
        """Read replies and bounces, and bring the sheet up to date where they change it."""
        from automations.listening import listen  # noqa: PLC0415 - --help does not need it

        heard = listen(self.project, self._clock)
        self._log.info(
            "inbox read",
            run=heard.run,
            came_back=dict(Counter(mail.kind for mail in heard.came_back)),
            cells_written=heard.cells_written,
            cells_skipped=heard.cells_skipped,
            notes=list(heard.notes),
            exit_code=heard.exit_code,
        )

    def leave_out(self) -> None:
        """Say nothing: check has warned about a job that is not there yet."""

    def _approve(self, plan: Plan) -> str:
        most = self.project.policy.limits.ask_me_above
        if most is None or plan.leaving <= most:
            return ""
        name = save_among_ours(plan, self._asked.own_folder, self._clock.now())
        if name:
            self._log.warning("waits for your yes", plan=name, emails=plan.leaving)
        raise too_many(self._asked, plan.leaving, most)

    def alert(self, job: Job, failures: int, error: Exception) -> None:
        """Tell the address under alerts: that a job keeps failing."""
        from automations.commands.alerts import send_alert  # noqa: PLC0415 - only needed when things go wrong

        send_alert(self.project, job.job, failures, error, self._clock.now())
        self._log.warning("alert sent", to=self.project.policy.alerts.problem, job=job.job)


_JOBS: dict[str, Callable[[Service], None]] = {
    "run": Service.run,
    "inbox": Service.inbox,
    "report": Service.leave_out,
}


@as_command("serve")
@click.option("--once", is_flag=True, help="Do what is due and end; for a timer or cron that calls every few minutes.")
@click.pass_obj
def command(asked: Asked, *, once: bool) -> int:
    """Stay on and do every job under schedule: when its time comes, until stopped (Ctrl-C, or SIGTERM).

    What was missed while it was off is caught up, unless it is later than the job's late_by. A changed config.yaml
    is checked and taken over; a wrong one is refused, and the one before stays in force.
    """
    from automations.clock import SystemClock  # noqa: PLC0415 - --help does not need it

    project = asked.project()
    if not project.config.jobs:
        raise WrongUsage(
            "there is nothing to serve: config.yaml has no schedule",
            fix="add   schedule:   with a line like   - {job: run, at: 08:30 on weekdays}",
        )
    with service_log(asked, LOG_NAME, project.policy.business.zone) as log:
        service = Service(asked, project, SystemClock(), log)
        with _stopped_by_signals(service):
            return _once(asked, service, log) if once else _stay(service, log)


def _stay(service: Service, log: Log) -> int:
    from automations.clock import SystemClock  # noqa: PLC0415 - --help does not need it
    from automations.jobs import serve_jobs  # noqa: PLC0415

    log.info("serving", jobs=[f"{job.job} {job.text}" for job in service.project.config.jobs], pid=os.getpid())
    while not service.stopping:
        project = service.project
        with project.open_ledger() as ledger, project.listeners() as listeners:

            def hear(listeners: Listeners = listeners) -> None:
                listeners.take_call()
                service.inbox()

            serve_jobs(
                project.config.jobs,
                service.do,
                zone=project.policy.business.zone,
                record=ledger,
                clock=SystemClock(),
                log=log,
                alert=service.alert,
                should_stop=service.must_start_over,
                each_minute=service.send_in_turn,
                is_called=listeners.is_called,
                when_called=hear,
            )
    log.info("stopped")
    return 0


def _once(asked: Asked, service: Service, log: Log) -> int:
    from automations.clock import SystemClock  # noqa: PLC0415 - --help does not need it
    from automations.jobs import take_due  # noqa: PLC0415

    project = service.project
    done, missed = [], []
    with project.open_ledger() as ledger:
        for job in project.config.jobs:
            due = take_due(job, project.policy.business.zone, ledger, SystemClock().now())
            if due is None or service.stopping:
                continue
            facts = {"job": job.job, "schedule": job.text, "due": due.at.isoformat()}
            if due.is_missed:
                log.warning("job missed", **facts, why="too long ago")
                missed.append(facts)
                continue
            log.info("job begins", **facts)
            try:
                service.do(job)
            except Exception as error:
                log.warning("job failed", **facts, why=str(error))
                service.alert(job, 1, error)
                raise
            log.info("job done", **facts)
            done.append(facts)
    service.send_in_turn()
    if asked.as_json:
        asked.answer({"done": done, "missed": missed}, "")
    return 0


@contextmanager
def _stopped_by_signals(service: Service) -> Iterator[None]:
    """Let SIGTERM, Ctrl-C and a closed terminal end the service between two steps, not in the middle of one."""
    before = {number: signal.signal(number, service.stop) for number in signals_to_stop()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _state_of(asked: Asked) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when config.yaml, an email or a file that goes with one does."""
    file = asked.config_file
    files = [file, *sorted((file.parent / "templates").glob("**/*.*")), file.with_name(".env")]
    return tuple(_stamp(path) for path in files)


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        stat = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), stat.st_mtime_ns, stat.st_size
