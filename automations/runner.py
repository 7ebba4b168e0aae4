"""One run, from config.yaml to the report: the one place where everything meets.

`run` reads like the table in README's architecture section: lock, recover, read, decide, show, write, send, write what
follows, remember. A power cut between any two lines leaves a state from which the next run goes on by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import datetime

from automations.clock import Clock
from automations.collecting import Post, Say
from automations.core.alerts import stopped_alerts
from automations.core.books import wanted_headers
from automations.core.effects import CameBack
from automations.core.garbage import without_collections
from automations.core.leads import LeadKey
from automations.core.letters import compose
from automations.core.plan import Plan
from automations.core.planning import Decision, make_plan
from automations.crash import crash_at
from automations.doubts import Aftermath, clear_up
from automations.errors import (
    PARTLY_DONE_EXIT_CODE,
    LeadwrightError,
    LedgerOutOfReach,
    Problem,
    RefusedByLimit,
    StalePlan,
)
from automations.marks import leave_mark, refuse_strange
from automations.news import show_news
from automations.sending import Desk, Sent, send_all
from automations.sheetwork import Done, do_without_email, hear, tell, write_what_follows
from automations.watch import RowWatch
from automations.workplace import Work, Workplace, known_now, read_and_decide, read_leads

Approve = Callable[[Plan], str]
"""Asked once, with the plan: "" for yes, else why not."""


@dataclass(frozen=True, slots=True)
class RunReport:
    """What one run did. *before* is what it found of the run before; *notes* are sentences for a person."""

    run: str
    plan: Plan
    before: Aftermath = field(default_factory=Aftermath)
    came_back: tuple[CameBack, ...] = ()
    accepted: int = 0
    deferred: int = 0
    refused: int = 0
    in_doubt: int = 0
    held: int = 0
    cells_written: int = 0
    cells_skipped: int = 0
    backup: str = ""
    """Where a copy of the leads from before this run's first write is kept; empty when there is none."""
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    exit_code: int = 0


def look(workplace: Workplace, now: datetime) -> Plan:
    """Return what a run at *now* would do. Changes nothing, and waits for nobody."""
    with workplace.open_ledger() as ledger, without_collections():
        source = workplace.open_source()
        book, playbook = read_leads(workplace, source, now)
        return make_plan(book, playbook, known_now(workplace, ledger, source, now), now, workplace.words(now))


def run(
    workplace: Workplace,
    clock: Clock,
    *,
    approve: Approve,
    reviewed: Plan | None = None,
    at_most: int | None = None,
    only: Collection[LeadKey] | None = None,
    say: Say = lambda _what, _done, _total: None,
    stopping: Callable[[], bool] = lambda: False,
) -> RunReport:
    """Do everything that is due, and return what came of it.

    *only* are the leads it is about, if not all: those whose minute has come (`promises`).

    *reviewed* is a plan that a person read: the run does exactly that or raises StalePlan. Raises RefusedByLimit with
    what *approve* said; then nothing was changed, sent or written. *stopping* is asked before every email.
    """
    began = time.monotonic()
    source = workplace.open_source()
    with workplace.open_ledger() as ledger, ledger.lock():
        now = reviewed.made_at if reviewed else clock.now()
        marks = workplace.marks(source)
        refuse_strange(ledger, marks)
        before = clear_up(ledger, workplace.look_up, clock.now())
        post = Post(workplace, ledger, clock, say)
        post.collect()
        say("reading leads", 0, 0)
        found = read_and_decide(workplace, source, ledger, now, at_most, only)
        decision, plan = found.decision, found.decision.plan
        _refuse_stale(plan, reviewed)
        crash_at("after_plan")
        if refusal := approve(plan):
            raise RefusedByLimit(refusal)
        work = Work(workplace, source, ledger, clock, ledger.start_run("run", clock.now()), say, stopping, post)
        if plan.sends:
            leave_mark(ledger, marks, clock.now())
        watch = RowWatch(found.book, {send.key for send in plan.sends}, found.playbook.facts, workplace.policy, source)
        # The leads of a large book are most of what a run holds, and only those that get an email are needed further.
        del found
        try:
            _add_columns(work, plan)
            sheet = do_without_email(decision, work)
            watch.wrote(sheet.before, sheet.after)
            if only is None:
                ledger.promise(work.run, [send for send in plan.later if send.promised])
            crash_at("after_first_write")
            sent = _send(decision, watch, work) if plan.sends else Sent()
            if plan.sends:
                sheet += write_what_follows(work, at_most, only)
            crash_at("after_second_write")
            sheet += tell(stopped_alerts(sent.stopped, workplace.policy), work)
            sheet += hear(post, work)
        except LeadwrightError as error:
            ledger.end_run(work.run, clock.now(), error.exit_code, {})
            raise
        report = _report(work, plan, before, sheet, sent, time.monotonic() - began)
        ledger.end_run(work.run, clock.now(), report.exit_code, _counts(report))
        notes = show_news(source, workplace, plan, _counts(report), clock.now()) + _kept(work)
        return replace(report, notes=report.notes + notes)


def _kept(work: Work) -> tuple[str, ...]:
    """Keep today's copy of the ledger; return why there is none: that is no reason for a run to fail."""
    try:
        work.ledger.keep_copy(work.clock.now().astimezone(work.place.policy.business.zone).date())
    except LedgerOutOfReach as error:
        return (f"no copy of the ledger was made today: {error.what}",)
    return ()


def _report(work: Work, plan: Plan, before: Aftermath, sheet: Done, sent: Sent, seconds: float) -> RunReport:
    stopped = (f"Sending stopped: {sent.stopped}",) if sent.stopped else ()
    failed = sheet.failed or bool(sent.stopped or sent.refused or sent.deferred or sent.in_doubt or before.is_open)
    return RunReport(
        run=work.run,
        plan=plan,
        before=before,
        came_back=tuple(work.post.mails),
        accepted=sent.accepted,
        deferred=sent.deferred,
        refused=sent.refused,
        in_doubt=sent.in_doubt,
        held=len(plan.holds) + sent.held,
        cells_written=sheet.written,
        cells_skipped=sheet.skipped,
        backup=sheet.backup,
        problems=(*plan.problems, *sent.problems),
        notes=(*stopped, *sheet.notes),
        seconds=seconds,
        exit_code=PARTLY_DONE_EXIT_CODE if failed else 0,
    )


def _counts(report: RunReport) -> dict[str, int]:
    names = ("accepted", "deferred", "refused", "in_doubt", "held", "cells_written", "cells_skipped")
    return {name: getattr(report, name) for name in names}


def _refuse_stale(plan: Plan, reviewed: Plan | None) -> None:
    if reviewed is not None and plan != reviewed:
        raise StalePlan(
            "the sheet, config.yaml, a template or the ledger has changed since this plan was made; nothing was done",
            fix="look at a new one:  leadwright plan",
        )


def _add_columns(work: Work, plan: Plan) -> None:
    if plan.new_columns:
        work.source.add_columns(plan.new_columns, wanted_headers(work.place.policy.columns))


def _send(decision: Decision, watch: RowWatch, work: Work) -> Sent:
    """Hand over the emails of a decision, once the places their leads take in sequences are recorded."""
    mailed = {send.key for send in decision.plan.sends}
    before = [move for move in decision.plan.moves if move.key in mailed and not move.after]
    work.ledger.moves(work.run, before)
    letters = {letter.key: letter for letter in decision.letters}
    words = work.place.words(decision.plan.made_at)
    desk = Desk(
        ledger=work.ledger,
        run=work.run,
        clock=work.clock,
        compose=lambda send: compose(letters[send.message], words, work.place.policy),
        open_mailer=work.place.open_mailer,
        ask_again=watch.why_not,
        stopping=lambda: work.stopping() or watch.is_over(),
        say=work.say,
        between=work.post.collect_if_old,
    )
    sent = send_all(decision.plan.sends, desk)
    return replace(sent, stopped=watch.stopped) if sent.stopped and watch.stopped else sent
