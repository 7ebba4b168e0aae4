"""make_plan: the one function that decides. Same input, same plan; it reads nothing and changes nothing.

    leads ──> stand ──> qualify ──> course ──> choose ──┬─> sends ──> outlook ──> stand ──> qualify ──> course ─┐
              what is   score,      what the   what may │             as if they were accepted                  │
              known     segment,    sequences  leave    └───────────────────────────────────────────────────────┴─> Plan
                        stage       want       now

The second turn, for leads that get an email now, shows what follows from it: nothing is left to plan afterwards.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain, repeat
from typing import NamedTuple

from automations.core.alerts import HotLead
from automations.core.books import display_name, full_name
from automations.core.candidates import Candidate
from automations.core.changes import Told
from automations.core.courses import NO_COURSE, Course, Moment, Waiting, because_of, calendar_of, course_of, sender_for
from automations.core.history import History, LeadHistory, SignalKind, StepHow
from automations.core.leads import Book, Lead, LeadKey
from automations.core.letters import Letter, Words, compose, key_of, send_of
from automations.core.limits import choose
from automations.core.messages import MessageKey, message_key
from automations.core.outlook import with_email, with_moves
from automations.core.plan import Hold, HoldKind, Known, Move, MoveKind, Plan, RowUpdate, Send, Task
from automations.core.playbook import CannotWrite, Playbook
from automations.core.policy import EmailSequence, Sender, Step
from automations.core.rules import Qualification
from automations.core.schedules import day_bounds
from automations.core.standing import Standing, Standings
from automations.core.tally import Tally
from automations.errors import Problem

_BATCH = 2_000
"""How many leads are decided at a time."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A plan, and what else a run needs to do it.

    *known* is what the ledger shall know of each lead whose state changed; *hot* are the leads that turned hot.

    Letters stand in the order of `Plan.sends`; one that goes again has none, because its bytes are stored.
    """

    plan: Plan
    known: tuple[Known, ...]
    letters: tuple[Letter, ...] = ()
    hot: tuple[HotLead, ...] = ()


class _Turn(NamedTuple):
    """One lead, one turn through the drawing above."""

    standing: Standing
    qualification: Qualification
    course: Course
    sent: bool = False


def make_plan(book: Book, playbook: Playbook, history: History, now: datetime, words: Words) -> Plan:
    """Return everything one run will do at *now*, everything it will not do, and why."""
    return decide(book, playbook, history, now, words).plan


def decide(
    book: Book,
    playbook: Playbook,
    history: History,
    now: datetime,
    words: Words,
    at_most: int | None = None,
) -> Decision:
    """Return the plan of at most *at_most* emails, what is to be remembered, and what its emails are made from."""
    moment = _moment(book, playbook, history, now)
    tally = Tally(moment, book.sheet)
    turns = _first_turns(book, history, words, moment, tally)
    by_key = {turn.standing.lead.key: turn for turn in turns}
    emails = _choose_emails(by_key, history, moment, words, at_most)
    after = _after_emails(by_key, emails.chosen, moment)
    final = [after.get(turn.standing.lead.key) or _in_turn(turn, emails.later) for turn in turns]
    holds = _holds(final, emails.limited, moment)
    tasks = _tasks([*turns, *after.values()], words, moment)
    for turn in final:
        key = turn.standing.lead.key
        tally.add(_told(turn, holds.get(key, ()), tasks.get(key, ()), words, moment))
    updates, later = tally.updates(), _later(final, moment, words)
    mailed = {send.key for send in (*emails.sends, *later)}
    plan = Plan(
        made_at=now,
        leads_read=book.rows_read,
        updates=updates,
        sends=emails.sends,
        later=later,
        holds=tuple(sorted(chain.from_iterable(holds.values()), key=lambda hold: (hold.key, hold.what))),
        tasks=tuple(chain.from_iterable(tasks.values())),
        moves=_moves(turns, after, emails.chosen, now),
        new_columns=book.missing,
        problems=(*book.problems, *tally.problems(), *_template_problems(emails.limited)),
        rows=_count_rows(book, updates, holds),
        segments=tally.segments(),
        sheet=book.sheet,
        names=_names(book, {update.key for update in updates}, mailed, holds, tasks),
    )
    return Decision(plan, tally.known(), emails.letters, tally.hot())


@dataclass(frozen=True, slots=True)
class _Emails:
    """Which due emails leave now, as the plan's lines and the letters behind them, and why the others do not."""

    chosen: tuple[Candidate, ...]
    later: Mapping[LeadKey, Sequence[Waiting]]
    limited: tuple[Hold, ...]
    sends: tuple[Send, ...]
    letters: tuple[Letter, ...]


def _choose_emails(
    by_key: Mapping[LeadKey, _Turn], history: History, moment: Moment, words: Words, at_most: int | None
) -> _Emails:
    """Write every email that may leave, to know that it can be written; its bytes are made again when it does."""
    policy = moment.playbook.policy
    ready: dict[MessageKey, tuple[Letter, Send]] = {}

    def writes(candidate: Candidate) -> str:
        if candidate.record is not None:
            return ""
        letter = _letter(candidate, by_key[candidate.lead.key], moment)
        try:
            ready[letter.key] = letter, send_of(candidate, compose(letter, words, policy), moment.now)
        except CannotWrite as reason:
            return str(reason)
        return ""

    chosen, later, limited = choose(
        (candidate for turn in by_key.values() for candidate in turn.course.candidates),
        policy=policy,
        history=history,
        now=moment.now,
        at_most=at_most,
        writes=writes,
    )
    written = [ready.get(key_of(each)) for each in chosen]
    turns: dict[LeadKey, list[Waiting]] = {}
    for each, at in later:
        turns.setdefault(each.lead.key, []).append(Waiting(each.sequence, each.step, at, in_turn=True))
    return _Emails(
        chosen,
        turns,
        limited,
        tuple(
            found[1] if found else send_of(each, None, moment.now) for each, found in zip(chosen, written, strict=True)
        ),
        tuple(found[0] for found in written if found),
    )


def _in_turn(turn: _Turn, later: Mapping[LeadKey, Sequence[Waiting]]) -> _Turn:
    """Return a turn whose lead also waits for the minute at which an email of it has its turn."""
    waiting = later.get(turn.standing.lead.key)
    return turn._replace(course=replace(turn.course, waiting=(*turn.course.waiting, *waiting))) if waiting else turn


def _letter(candidate: Candidate, turn: _Turn, moment: Moment) -> Letter:
    name = full_name(moment.playbook.policy.columns, turn.standing.lead.values)
    return Letter(candidate, turn.qualification, name, moment.now)


def _moment(book: Book, playbook: Playbook, history: History, now: datetime) -> Moment:
    replied = frozenset(
        record.company
        for known in history.leads.values()
        if known.messages and any(signal.kind is SignalKind.REPLIED for signal in known.signals)
        for record in known.messages
        if record.company
    )
    return Moment(
        playbook=playbook,
        now=now,
        today=now.astimezone(playbook.policy.business.zone).date(),
        replied_companies=replied,
        positions={name: at for at, name in enumerate(book.columns.names())},
        suppressed=history.suppressed,
    )


def _first_turns(book: Book, history: History, words: Words, moment: Moment, tally: Tally) -> list[_Turn]:
    """Return the turns of all leads that some sequence wants something of; the others are done with at once.

    A batch at a time, so that of a large book nothing has to be kept but what there is to do.
    """
    turns: list[_Turn] = []
    for start in range(0, len(book.leads), _BATCH):
        leads = [(lead, history.of(lead.key)) for lead in book.leads[start : start + _BATCH]]
        for turn in _take_turns(leads, moment):
            if turn.course is not NO_COURSE:
                turns.append(turn)
            elif not tally.is_at_rest(turn.standing, turn.qualification):
                tally.add(_told(turn, (), (), words, moment))
    return sorted(turns, key=lambda turn: turn.standing.lead.key)


def _take_turns(leads: Sequence[tuple[Lead, LeadHistory]], moment: Moment) -> Iterator[_Turn]:
    stand = Standings(moment.playbook.policy, moment.now).of
    standings = [stand(lead, known) for lead, known in leads]
    qualified = moment.playbook.rules.qualify([standing.given for standing in standings], moment.today)
    courses = map(course_of, standings, qualified, repeat(moment))
    return map(_Turn, standings, qualified, courses)


def _after_emails(by_key: Mapping[LeadKey, _Turn], chosen: Sequence[Candidate], moment: Moment) -> dict[LeadKey, _Turn]:
    """Return the second turn of every lead that gets an email: as if it was accepted and all moves were recorded."""
    outlook = [
        (
            each.lead,
            with_email(with_moves(each.known, by_key[each.lead.key].course.moves), each, moment.now),
        )
        for each in chosen
    ]
    return {turn.standing.lead.key: turn._replace(sent=True) for turn in _take_turns(outlook, moment)}


def _holds(turns: Iterable[_Turn], limited: Iterable[Hold], moment: Moment) -> dict[LeadKey, list[Hold]]:
    """Return why due emails wait, by lead. What becomes due right behind an email of this plan waits for the gap."""
    holds: dict[LeadKey, list[Hold]] = {}
    for hold in limited:
        holds.setdefault(hold.key, []).append(hold)
    for turn in turns:
        key = turn.standing.lead.key
        if turn.course.held:
            holds.setdefault(key, []).extend(turn.course.held)
        if turn.sent:
            holds[key] = [*turn.course.held, *(_behind(each, moment) for each in turn.course.candidates)]
    return {key: found for key, found in holds.items() if found}


def _behind(candidate: Candidate, moment: Moment) -> Hold:
    free = max(moment.now + moment.playbook.policy.limits.gap, candidate.due)
    until = candidate.calendar.next_open(free)
    return Hold(candidate.lead.key, candidate.what, "gets another email now", HoldKind.GAP, until)


def _later(turns: Iterable[_Turn], moment: Moment, words: Words) -> tuple[Send, ...]:
    sends = [
        _later_send(turn, each, moment, words) for turn in turns for each in turn.course.waiting if each.step.is_email
    ]
    return tuple(sorted(sends, key=lambda send: (send.at, send.key, send.sequence)))


def _later_send(turn: _Turn, waiting: Waiting, moment: Moment, words: Words) -> Send:
    lead, sequence, step = turn.standing.lead, waiting.sequence, waiting.step
    sender, _ = sender_for(sequence, turn.standing, moment)
    _, tomorrow = day_bounds(moment.now, moment.playbook.policy.business.zone)
    try:
        subject = words.email(step, lead, turn.qualification, sender).subject if sender else ""
    except CannotWrite:
        subject = ""
    return Send(
        key=lead.key,
        to=lead.address,
        sequence=sequence.name,
        step=step.name,
        sender=sender.name if sender else "",
        at=calendar_of(turn.standing, moment).next_open(waiting.at),
        subject=subject,
        because=because_of(sequence, step),
        message=message_key(sequence.name, step.name, lead.key),
        promised=waiting.in_turn and waiting.at < tomorrow,
    )


def _tasks(turns: Iterable[_Turn], words: Words, moment: Moment) -> dict[LeadKey, list[Task]]:
    """Return the tasks that are given out now, by lead."""
    tasks: dict[LeadKey, list[Task]] = {}
    for turn in turns:
        for sequence, step in turn.course.given_out:
            tasks.setdefault(turn.standing.lead.key, []).append(_task(turn, sequence, step, words, moment))
    return tasks


def _task(turn: _Turn, sequence: EmailSequence, step: Step, words: Words, moment: Moment) -> Task:
    sender, _ = sender_for(sequence, turn.standing, moment)
    return Task(
        key=turn.standing.lead.key,
        owner=sender.name if sender else "",
        text=_task_text(turn, step, sender, words),
        due=moment.now,
        sequence=sequence.name,
        step=step.name,
    )


def _task_text(turn: _Turn, step: Step, sender: Sender | None, words: Words) -> str:
    """Return what a person is asked to do; a task that cannot be written is still asked for, with what is missing."""
    try:
        return words.task(step, turn.standing.lead, turn.qualification, sender)
    except CannotWrite as reason:
        return f"{step.name} ({reason})"


def _open_task(turn: _Turn, tasks: Sequence[Task], words: Words, moment: Moment) -> str:
    """Return the newest task a lead waits for: one given out now, or the last one given out before."""
    if tasks:
        return tasks[-1].text
    given_out = [
        (done.at, enrollment.sequence, done.step)
        for enrollment in turn.standing.known.enrollments
        for done in enrollment.done
        if done.how is StepHow.TASK
    ]
    if not given_out:
        return ""
    _, sequence_name, step_name = max(given_out)
    for sequence in moment.playbook.policy.sequences:
        for step in sequence.steps:
            if (sequence.name, step.name) == (sequence_name, step_name):
                sender, _ = sender_for(sequence, turn.standing, moment)
                return _task_text(turn, step, sender, words)
    return ""


def _told(turn: _Turn, holds: Sequence[Hold], tasks: Sequence[Task], words: Words, moment: Moment) -> Told:
    """Return all that our columns tell about a lead."""
    has_task = tasks or turn.standing.known.enrollments
    task = _open_task(turn, tasks, words, moment) if has_task else ""
    return Told(turn.standing, turn.qualification, turn.course.waiting, holds, task)


def _moves(
    turns: Iterable[_Turn], after: Mapping[LeadKey, _Turn], chosen: Sequence[Candidate], start_at: datetime
) -> tuple[Move, ...]:
    """Return all moves in the order of leads: what comes before an email of this plan, then what follows from it."""
    starting = {each.lead.key: each for each in chosen if each.starting}
    moves: list[Move] = []
    for turn in turns:
        key = turn.standing.lead.key
        moves.extend(turn.course.moves)
        if start := starting.get(key):
            moves.append(Move(key, start.sequence.name, MoveKind.START, start_at))
        if key in after:
            moves.extend(replace(move, after=True) for move in after[key].course.moves)
    return tuple(moves)


def _template_problems(holds: Iterable[Hold]) -> list[Problem]:
    return [
        Problem(
            f"{hold.what} for {hold.key}", hold.why, "fill in the cell, or give the template something to say instead"
        )
        for hold in sorted(holds, key=lambda hold: (hold.key, hold.what))
        if hold.kind is HoldKind.TEMPLATE
    ]


def _count_rows(book: Book, updates: Iterable[RowUpdate], holds: Mapping[LeadKey, Sequence[Hold]]) -> dict[str, int]:
    """Return every row read in exactly one of four counts."""
    changed = {update.key for update in updates}
    held = len(holds.keys() - changed)
    return {
        "changed": len(changed),
        "unchanged": len(book.leads) - len(changed) - held,
        "held": held,
        "problem": book.unusable_rows,
    }


def _names(book: Book, *about: Iterable[LeadKey]) -> dict[LeadKey, str]:
    wanted = {key for keys in about for key in keys}
    return {lead.key: display_name(book.columns, lead) for lead in book.leads if lead.key in wanted}
