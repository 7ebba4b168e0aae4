"""One run, from config.yaml to the report: the one place where everything meets.

`run` reads like the table in README's architecture section: lock, recover, read, decide, show, write, send, write what
follows, remember. A power cut between any two lines leaves a state from which the next run goes on by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from automations.clock import Clock
from automations.collecting import Post
from automations.core.alerts import Alert, hot_lead_alerts, stopped_alerts
from automations.core.books import key_rule, only_leads, read_book, wanted_headers
from automations.core.effects import CameBack
from automations.core.evidence import Doubt, Sighting
from automations.core.garbage import without_collections
from automations.core.history import History, Pause, Written
from automations.core.leads import Book, Cell, CellChange, CellOutcome, LeadKey, Role, WrittenCell
from automations.core.letters import Words, compose
from automations.core.plan import Known, Plan, RowUpdate
from automations.core.planning import Decision, decide, make_plan
from automations.core.playbook import Playbook
from automations.core.policy import Policy
from automations.crash import crash_at
from automations.doubts import Aftermath, clear_up
from automations.errors import (
    PARTLY_DONE_EXIT_CODE,
    LeadwrightError,
    Problem,
    RefusedByLimit,
    SourceBusy,
    SourceOutOfReach,
    StalePlan,
)
from automations.ledger import Ledger
from automations.mail import Mailer
from automations.mail.inbox import OpenMailbox
from automations.marks import Marks, leave_mark, refuse_strange
from automations.news import show_news
from automations.sending import Desk, Sent, send_all
from automations.sources import Source
from automations.telling import tell_replies
from automations.watch import RowWatch

Approve = Callable[[Plan], str]
"""Asked once, with the plan: "" for yes, else why not."""

Say = Callable[[str, int, int], None]
"""Told what is going on: what, how many are done, of how many (0: not known)."""


class Workplace(Protocol):
    """What a run needs to be given; `project.Project` is the one that config.yaml makes."""

    @property
    def policy(self) -> Policy:
        """Return what the owner asked for."""
        ...

    def open_source(self) -> Source:
        """Return where the leads live."""
        ...

    def open_ledger(self) -> AbstractContextManager[Ledger]:
        """Return the ledger, which is closed at the end."""
        ...

    def marks(self, source: Source) -> Marks:
        """Return where it is noted, outside the ledger, how far it has come."""
        ...

    def open_mailer(self, sender: str) -> Mailer:
        """Return what hands over the messages of a sender."""
        ...

    def look_up(self, sender: str, doubts: Sequence[Doubt], now: datetime) -> Sequence[Sighting]:
        """Look for emails in doubt of a sender in every place that may have a trace of them."""
        ...

    def inboxes(self) -> Mapping[str, OpenMailbox]:
        """Return the mailboxes in which answers to our emails arrive, by sender."""
        ...

    def next_run(self, now: datetime) -> datetime | None:
        """Return when the schedule runs next; None when it never does."""
        ...

    def tell(self, alert: Alert, now: datetime) -> str:
        """Hand an email to one of us over; return why it could not be, or ""."""
        ...

    def playbook(self, book: Book, now: datetime) -> Playbook:
        """Return the policy, ready to decide by, with the facts that this book and this day need."""
        ...

    def words(self, now: datetime) -> Words:
        """Return the templates, ready to render."""
        ...


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
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()
    seconds: float = 0.0
    exit_code: int = 0


@dataclass(frozen=True, slots=True)
class _Sheet:
    """What became of everything but emails to leads: cells written and left alone, and what a person should know."""

    written: int = 0
    skipped: int = 0
    notes: tuple[str, ...] = ()
    failed: bool = False

    def __add__(self, other: _Sheet) -> _Sheet:
        return _Sheet(
            self.written + other.written,
            self.skipped + other.skipped,
            self.notes + other.notes,
            self.failed or other.failed,
        )


def look(workplace: Workplace, now: datetime) -> Plan:
    """Return what a run at *now* would do. Changes nothing, and waits for nobody."""
    with workplace.open_ledger() as ledger, without_collections():
        source = workplace.open_source()
        book, playbook = _read(workplace, source, now)
        return make_plan(book, playbook, _history(ledger, source, now), now, workplace.words(now))


def _read(workplace: Workplace, source: Source, now: datetime) -> tuple[Book, Playbook]:
    """Return the leads, and what they are decided by."""
    columns = workplace.policy.columns
    book = read_book(source.read(wanted_headers(columns)), columns)
    return book, workplace.playbook(book, now)


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
        work = _Work(workplace, source, ledger, clock, ledger.start_run("run", clock.now()), say, stopping, post)
        if plan.sends:
            leave_mark(ledger, marks, clock.now())
        watch = RowWatch(found.book, {send.key for send in plan.sends}, found.playbook.facts, workplace.policy, source)
        # The leads of a large book are most of what a run holds, and only those that get an email are needed further.
        del found
        try:
            _add_columns(work, plan)
            sheet = _do_without_email(decision, work)
            if only is None:
                ledger.promise(work.run, [send for send in plan.later if send.promised])
            crash_at("after_first_write")
            sent = _send(decision, watch, work) if plan.sends else Sent()
            if plan.sends:
                sheet += _write_what_follows(work, at_most, only)
            crash_at("after_second_write")
            sheet += _tell(stopped_alerts(sent.stopped, workplace.policy), work)
            sheet += _hear(post, work)
        except LeadwrightError as error:
            ledger.end_run(work.run, clock.now(), error.exit_code, {})
            raise
        report = _report(work, plan, before, sheet, sent, time.monotonic() - began)
        ledger.end_run(work.run, clock.now(), report.exit_code, _counts(report))
        return replace(report, notes=report.notes + show_news(source, workplace, plan, _counts(report), clock.now()))


@dataclass(frozen=True, slots=True)
class Heard:
    """What one look into the mailboxes brought, and what it wrote into the sheet. *run* is "" when it wrote nothing."""

    came_back: tuple[CameBack, ...] = ()
    run: str = ""
    cells_written: int = 0
    cells_skipped: int = 0
    notes: tuple[str, ...] = ()
    exit_code: int = 0


def listen(workplace: Workplace, clock: Clock, *, say: Say = lambda _what, _done, _total: None) -> Heard:
    """Read the mailboxes, record what follows, and bring the sheet up to date where it does; no email leaves to a lead.

    A lead that would get an email just now is left to the next run.
    """
    source = workplace.open_source()
    with workplace.open_ledger() as ledger, ledger.lock():
        refuse_strange(ledger, workplace.marks(source))
        clear_up(ledger, workplace.look_up, clock.now())
        post = Post(workplace, ledger, clock, say)
        post.collect()
        run = ledger.start_run("inbox", clock.now()) if post.changes_leads else ""
        work = _Work(workplace, source, ledger, clock, run, say, lambda: False, post)
        sheet = _bring_up_to_date(work) if run else _Sheet()
        sheet += _hear(post, work)
        heard = Heard(
            came_back=tuple(post.mails),
            run=run,
            cells_written=sheet.written,
            cells_skipped=sheet.skipped,
            notes=sheet.notes,
            exit_code=PARTLY_DONE_EXIT_CODE if sheet.failed else 0,
        )
        if run:
            ledger.end_run(run, clock.now(), heard.exit_code, {"cells_written": sheet.written})
        return heard


def _bring_up_to_date(work: _Work) -> _Sheet:
    """Do what a run does for leads that get no email now; a sheet out of reach is a note, and waits."""
    try:
        decision = read_and_decide(work.place, work.source, work.ledger, work.clock.now()).decision
        # Columns are added by a run that a person said yes to.
        return _Sheet() if decision.plan.new_columns else _do_without_email(decision, work)
    except LeadwrightError as error:
        return _Sheet(notes=(f"{error.what}; the sheet is brought up to date by the next run",), failed=True)


def _report(work: _Work, plan: Plan, before: Aftermath, sheet: _Sheet, sent: Sent, seconds: float) -> RunReport:
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
        problems=(*plan.problems, *sent.problems),
        notes=(*stopped, *sheet.notes),
        seconds=seconds,
        exit_code=PARTLY_DONE_EXIT_CODE if failed else 0,
    )


def _counts(report: RunReport) -> dict[str, int]:
    names = ("accepted", "deferred", "refused", "in_doubt", "held", "cells_written", "cells_skipped")
    return {name: getattr(report, name) for name in names}


@dataclass(frozen=True, slots=True)
class Found:
    """What was read and decided: the leads, what they were decided by, and the decision."""

    book: Book
    playbook: Playbook
    decision: Decision


def read_and_decide(
    workplace: Workplace,
    source: Source,
    ledger: Ledger,
    now: datetime,
    at_most: int | None = None,
    only: Collection[LeadKey] | None = None,
) -> Found:
    """Read the leads and the ledger, and decide what should happen at *now*, to *only* some leads if not to all."""
    with without_collections():
        book, playbook = _read(workplace, source, now)
        book = book if only is None else only_leads(book, only)
        history = _history(ledger, source, now)
        return Found(book, playbook, decide(book, playbook, history, now, workplace.words(now), at_most))


def _history(ledger: Ledger, source: Source, now: datetime) -> History:
    """Return what the ledger knows; a pause that somebody asked for in the sheet counts like any other."""
    history = ledger.history(now)
    why = source.why_not_send() if history.pause is None else ""
    return replace(history, pause=Pause(now, why, "take the tick off to go on")) if why else history


def _refuse_stale(plan: Plan, reviewed: Plan | None) -> None:
    if reviewed is not None and plan != reviewed:
        raise StalePlan(
            "the sheet, config.yaml, a template or the ledger has changed since this plan was made; nothing was done",
            fix="look at a new one:  leadwright plan",
        )


def _add_columns(work: _Work, plan: Plan) -> None:
    if plan.new_columns:
        work.source.add_columns(plan.new_columns, wanted_headers(work.place.policy.columns))


@dataclass(frozen=True, slots=True)
class _Work:
    """What one run works with."""

    place: Workplace
    source: Source
    ledger: Ledger
    clock: Clock
    run: str
    say: Say
    stopping: Callable[[], bool]
    post: Post


def _do_without_email(decision: Decision, work: _Work) -> _Sheet:
    """Do all of a decision that concerns leads who get no email in it: cells, moves, and what is to be remembered."""
    mailed = {send.key for send in decision.plan.sends}
    work.ledger.moves(work.run, [move for move in decision.plan.moves if move.key not in mailed])
    updates = [update for update in decision.plan.updates if update.key not in mailed]
    sheet, cells = _write_cells(updates, work)
    known = (each for each in decision.known if each.key not in mailed)
    hot = [each for each in decision.hot if each.key not in mailed]
    # Told before it is remembered: after a power cut in between, somebody hears of a hot lead twice and not never.
    told = _tell(hot_lead_alerts(hot, work.place.policy), work)
    work.ledger.remember(work.run, _as_written(known, cells, work), work.clock.now())
    return sheet + told


def _write_what_follows(work: _Work, at_most: int | None, only: Collection[LeadKey] | None) -> _Sheet:
    """Read again and write what follows from the emails that left. A sheet that is out of reach is only a view."""
    try:
        after = read_and_decide(work.place, work.source, work.ledger, work.clock.now(), at_most, only)
    except SourceOutOfReach as error:
        note = f"{error.what}. What was sent is recorded; the next run writes it into the sheet."
        return _Sheet(notes=(note,), failed=True)
    return _do_without_email(after.decision, work)


def _tell(alerts: Iterable[Alert], work: _Work) -> _Sheet:
    """Send alerts; one that does not get through is noted, and stops nothing."""
    notes = [
        f"{alert.to} could not be told: {why}" for alert in alerts if (why := work.place.tell(alert, work.clock.now()))
    ]
    return _Sheet(notes=tuple(notes), failed=bool(notes))


def _hear(post: Post, work: _Work) -> _Sheet:
    """Tell what was answered to whoever is to know at once; and what could not be heard."""
    notes = (*post.notes.values(), *tell_replies(work.place, work.ledger, work.clock.now()))
    return _Sheet(notes=notes, failed=bool(notes))


def cell_changes(updates: Iterable[RowUpdate]) -> list[CellChange]:
    """Return what a source is asked to write."""
    return [CellChange(key, row, column, old, new) for key, row, column, old, new, _ in updates]


def _write_cells(updates: Sequence[RowUpdate], work: _Work) -> tuple[_Sheet, Sequence[WrittenCell]]:
    if not updates:
        return _Sheet(), ()
    work.say("writing the sheet", 0, len(updates))
    changes = cell_changes(updates)
    work.ledger.intend(work.run, changes)
    crash_at("after_intend")
    try:
        result = work.source.write(changes, key_rule(work.place.policy.columns))
    except SourceOutOfReach as error:
        said = error.what if isinstance(error, SourceBusy) else f"{error.what}."
        note = f"{said} {len(changes)} cells wait for the next run."
        skipped = [WrittenCell(change, CellOutcome.REFUSED, change.row, change.old, error.what) for change in changes]
        return _Sheet(0, len(changes), (note,), failed=True), skipped
    crash_at("after_write")
    work.ledger.cells(work.run, result.cells, work.clock.now())
    left = [cell for cell in result.cells if cell.outcome is not CellOutcome.WRITTEN]
    notes = (*(_left_alone(cell) for cell in left), *result.notes)
    failed = bool(result.notes) or any(cell.outcome in _FAILED for cell in left)
    return _Sheet(len(changes) - len(left), len(left), notes, failed=failed), result.cells


_LEFT = {
    CellOutcome.PERSON_WON: "someone edited it while we worked",
    CellOutcome.GONE: "the lead is no longer in the sheet",
    CellOutcome.DOUBLED: "the lead stands in more than one row",
    CellOutcome.REFUSED: "it cannot be written",
}


_FAILED = frozenset({CellOutcome.DOUBLED, CellOutcome.REFUSED})
"""What somebody has to put right; a person's edit or a deleted row is as it should be."""


def _left_alone(cell: WrittenCell) -> str:
    why = cell.detail or _LEFT[cell.outcome]
    return f"{cell.change.header} of {cell.change.key} was left alone: {why}"


def _as_written(known: Iterable[Known], cells: Sequence[WrittenCell], work: _Work) -> list[Known]:
    """Return what to remember, without the values of cells that were not written: those are not ours."""
    headers = {header: role for role, header in work.place.policy.columns.owned}
    left = {
        (cell.change.key, headers[cell.change.header]): cell.change.old
        for cell in cells
        if cell.outcome is not CellOutcome.WRITTEN
    }
    if not left:
        return list(known)
    return [each._replace(written=_without(left, each)) for each in known]


def _without(left: Mapping[tuple[LeadKey, Role], Cell], known: Known) -> Written:
    roles, cells = known.written
    return Written(roles, tuple([left.get((known.key, role), cell) for role, cell in zip(roles, cells, strict=True)]))


def _send(decision: Decision, watch: RowWatch, work: _Work) -> Sent:
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
