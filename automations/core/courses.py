"""What the sequences want of one lead now: places that change, tasks to give out, emails that are due or will be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from automations.core.absences import absent_until
from automations.core.addresses import address_identity
from automations.core.calendars import Calendar, calendar_for
from automations.core.candidates import Candidate, company_of
from automations.core.history import Enrollment, MessageRecord, MessageState, Suppressions
from automations.core.leads import LeadKey
from automations.core.plan import Hold, HoldKind, Move, MoveKind
from automations.core.playbook import Playbook, SequenceTests
from automations.core.policy import EmailSequence, Sender, Step, Wait
from automations.core.rotation import writer_of
from automations.core.rules import Given, Qualification, Test
from automations.core.sequences import (
    StepOver,
    Walk,
    enrollment_in,
    has_begun,
    is_active,
    lost_step,
    messages_of,
    walk,
    why_stopped,
)
from automations.core.standing import Standing, stop_signal


@dataclass(frozen=True, slots=True)
class Waiting:
    """An email or task that will be due at *at*, if nothing changes until then.

    *in_turn* says that it is due already and has its turn then.
    """

    sequence: EmailSequence
    step: Step
    at: datetime
    in_turn: bool = False


@dataclass(frozen=True, slots=True)
class Course:
    """What the sequences want of one lead. *given_out* are tasks (their step), *held* what cannot even be asked for."""

    moves: tuple[Move, ...] = ()
    given_out: tuple[tuple[EmailSequence, Step], ...] = ()
    candidates: tuple[Candidate, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    held: tuple[Hold, ...] = ()


NO_COURSE = Course()
_GOES_AGAIN = frozenset({MessageState.DEFERRED, MessageState.RESERVED})


@dataclass(frozen=True, slots=True)
class Moment:
    """What is the same for all leads of one plan. *replied_companies* are those somebody replied from."""

    playbook: Playbook
    now: datetime
    today: date
    replied_companies: frozenset[str]
    positions: Mapping[str, int]
    suppressed: Suppressions

    def value(self, standing: Standing, name: str) -> object:
        """Return a field's value by name; None when there is no such field."""
        at = self.positions.get(name)
        return None if at is None else standing.lead.values[at]


@dataclass(frozen=True, slots=True)
class _Asked:
    """One lead and one sequence."""

    tests: SequenceTests
    standing: Standing
    given: Given
    qualification: Qualification
    moment: Moment

    @property
    def name(self) -> str:
        return self.tests.sequence.name

    @property
    def key(self) -> LeadKey:
        return self.standing.lead.key

    def holds(self, test: Test) -> bool:
        return test(self.given, self.qualification, self.moment.today)


def course_of(standing: Standing, qualification: Qualification, moment: Moment) -> Course:
    """Return what all sequences want of one lead now, in the order of config.yaml."""
    course = NO_COURSE
    given = standing.given
    if qualification.stage != given.stage:
        given = _moved(given, qualification.stage)
    if not standing.known.enrollments and not _begins_any(given, qualification, moment):
        return course
    for tests in moment.playbook.sequences:
        enrollment = enrollment_in(standing.known, tests.sequence.name)
        asked = _Asked(tests, standing, given, qualification, moment)
        if enrollment is None:
            if asked.holds(tests.starts):
                course = _joined(course, _begin(asked))
        elif is_active(enrollment) and (
            has_begun(standing.known, tests.sequence, enrollment) or asked.holds(tests.starts)
        ):
            course = _joined(course, _go_on(asked, enrollment))
    return course


def _begins_any(given: Given, qualification: Qualification, moment: Moment) -> bool:
    for tests in moment.playbook.sequences:  # noqa: SIM110 - a generator takes as long as the question itself
        if tests.starts(given, qualification, moment.today):
            return True
    return False


def _moved(given: Given, stage: str) -> Given:
    """Return the lead as its sequences see it: in the stage the rules moved it to, since today."""
    return given._replace(stage=stage, facts=given.facts._replace(days_in_stage=0))


def _joined(first: Course, second: Course) -> Course:
    return Course(
        first.moves + second.moves,
        first.given_out + second.given_out,
        first.candidates + second.candidates,
        first.waiting + second.waiting,
        first.held + second.held,
    )


def _begin(asked: _Asked) -> Course:
    """Return the course of a lead for which a sequence's start_when holds, and which is not in it yet."""
    if why := stop_signal(asked.standing.known):
        return Course(held=(Hold(asked.key, asked.name, why, HoldKind.SUPPRESSED),))
    enrollment = Enrollment(asked.name, asked.moment.now)
    if asked.standing.stopped or _why_stopped(asked, enrollment):
        return NO_COURSE
    found = _walk(asked, enrollment)
    course = _course_of_walk(asked, found)
    if found.is_due(asked.moment.now) and not found.over:
        # A lead enters with its first email, not before: until that leaves, start_when is asked again.
        return replace(course, candidates=tuple(replace(each, starting=True) for each in course.candidates))
    start = Move(asked.key, asked.name, MoveKind.START, asked.moment.now)
    return replace(course, moves=(start, *course.moves))


def _go_on(asked: _Asked, enrollment: Enrollment) -> Course:
    why = "stopped by a person in the sheet" if asked.standing.stopped else _why_stopped(asked, enrollment)
    if why:
        return Course((Move(asked.key, asked.name, MoveKind.STOP, asked.moment.now, why=why),))
    found = _walk(asked, enrollment)
    lost = lost_step(asked.tests.sequence, enrollment, messages_of(asked.standing.known, asked.name))
    if lost and found.record is None and found.step is not None and found.is_due(asked.moment.now):
        why = (
            f"got {lost} last, which is no step of {asked.name} any more: give the step in its place  name: {lost}"
            "  in config.yaml, or put it back"
        )
        return Course(held=(Hold(asked.key, f"{asked.name}, {found.step.name}", why, HoldKind.CHANGED),))
    return _course_of_walk(asked, found)


def _why_stopped(asked: _Asked, enrollment: Enrollment) -> str:
    return why_stopped(
        asked.tests.sequence,
        enrollment,
        asked.standing.known,
        stop_condition=next((text for test, text in asked.tests.stops if asked.holds(test)), ""),
        company_replied=_company(asked.standing, asked.moment) in asked.moment.replied_companies,
    )


def _walk(asked: _Asked, enrollment: Enrollment) -> Walk:
    return walk(
        asked.tests.sequence,
        enrollment,
        messages_of(asked.standing.known, asked.name),
        now=asked.moment.now,
        holds=lambda step: asked.holds(asked.tests.only_if[step.name]),
        add_wait=lambda start, wait: _wait_over(asked, start, wait),
        opens=lambda due: calendar_of(asked.standing, asked.moment).next_open(due),
    )


def _wait_over(asked: _Asked, start: datetime, wait: Wait) -> datetime:
    return calendar_of(asked.standing, asked.moment).after(start, wait)


def _course_of_walk(asked: _Asked, found: Walk) -> Course:
    sequence = asked.tests.sequence
    moves = tuple(_move(asked, over) for over in found.over)
    given_out = tuple((sequence, over.step) for over in found.over if not over.skipped_because)
    if found.step is None:
        return Course((*moves, Move(asked.key, asked.name, MoveKind.FINISH, asked.moment.now)), given_out)
    at = found.at or asked.moment.now
    if at > asked.moment.now and found.record is None:
        return _put_off(asked, Course(moves, given_out, waiting=_waiting(asked, found.step, at)))
    candidate = _candidate(asked, found, found.step, at)
    if why := _goes_elsewhere(candidate):
        return Course(moves, given_out, held=(Hold(asked.key, candidate.what, why, HoldKind.CHANGED),))
    return Course(moves, given_out, (candidate,))


def _goes_elsewhere(candidate: Candidate) -> str:
    """Return why an email whose bytes are stored must not go again: its lead has another address now; else ""."""
    record, address = candidate.record, candidate.lead.address
    if (
        record is None
        or record.state not in _GOES_AGAIN
        or address_identity(record.address) == address_identity(address)
    ):
        return ""
    return f"it was put off on its way to {record.address}, and the row now says {address or 'nothing'}"


def _waiting(asked: _Asked, step: Step, at: datetime) -> tuple[Waiting, ...]:
    """Return the step that will be due next, going by what holds today, at most one.

    What is waited for is asked its only_if when its time comes; until then nobody is told of an email that would not
    be sent.
    """
    steps = asked.tests.sequence.steps
    for each in steps[steps.index(step) :]:
        if each is not step and each.wait is not None:
            at = _wait_over(asked, at, each.wait)
        if each.only_if is None or asked.holds(asked.tests.only_if[each.name]):
            return (Waiting(asked.tests.sequence, each, _once_back(asked, at) if each.is_email else at),)
    return ()


def _once_back(asked: _Asked, at: datetime) -> datetime:
    """Return *at*, or when a lead is back that is away then, or that a person put off."""
    ends = (absent_until(asked.standing.known, asked.moment.now), asked.standing.snoozed_until)
    return max([at, *(end for end in ends if end is not None)])


def _put_off(asked: _Asked, course: Course) -> Course:
    """Return the course of a lead who waits; an email to an address on the list waits for no day."""
    listed = asked.moment.suppressed.of(asked.standing.lead.address)
    if listed is None or not any(each.step.is_email for each in course.waiting):
        return course
    holds = [
        Hold(asked.key, f"{each.sequence.name}, {each.step.name}", listed.why, HoldKind.SUPPRESSED)
        for each in course.waiting
    ]
    return replace(course, waiting=(), held=tuple(holds))


def _move(asked: _Asked, over: StepOver) -> Move:
    kind = MoveKind.SKIP if over.skipped_because else MoveKind.TASK
    return Move(asked.key, asked.name, kind, over.at, over.step.name, over.skipped_because)


def _candidate(asked: _Asked, found: Walk, step: Step, at: datetime) -> Candidate:
    if found.record is None:
        sender, sender_problem = sender_for(asked.tests.sequence, asked.standing, asked.moment)
    else:
        sender, sender_problem = _who_wrote(found.record, asked.moment)
    return Candidate(
        lead=asked.standing.lead,
        known=asked.standing.known,
        sequence=asked.tests.sequence,
        step=step,
        due=at,
        score=asked.qualification.score,
        company=_company(asked.standing, asked.moment),
        calendar=calendar_of(asked.standing, asked.moment),
        because=because_of(asked.tests.sequence, step),
        sender=sender,
        sender_problem=sender_problem,
        record=found.record,
        snoozed_until=asked.standing.snoozed_until,
        latest=found.latest,
    )


def _who_wrote(record: MessageRecord, moment: Moment) -> tuple[Sender | None, str]:
    """Return the sender that stands in the bytes of an email, who alone may send them again; or why nobody may."""
    senders: Sequence[Sender] = moment.playbook.policy.senders
    sender = next((each for each in senders if each.name == record.sender), None)
    return sender, "" if sender else f"{record.sender} wrote it, and is not one of the senders any more"


def sender_for(sequence: EmailSequence, standing: Standing, moment: Moment) -> tuple[Sender | None, str]:
    """Return who writes to a lead in a sequence, or why nobody does."""
    senders: Sequence[Sender] = moment.playbook.policy.senders
    if sequence.sender_field is None:
        wanted = writer_of(sequence, standing.lead.key, standing.known.messages, senders)
    else:
        wanted = str(moment.value(standing, sequence.sender_field) or "")
        if not wanted:
            return None, f"{sequence.sender_field} is empty, so nobody is there to write"
    sender = next((each for each in senders if each.name.casefold() == wanted.casefold()), None)
    return sender, "" if sender else f'"{wanted}" is not one of the senders'


def because_of(sequence: EmailSequence, step: Step) -> str:
    """Return why an email is due: what starts its sequence, or the wait since the step before."""
    at = sequence.steps.index(step)
    if at == 0:
        return sequence.start_when.text
    before = sequence.steps[at - 1].name
    return f"{say_wait(step.wait)} after {before}" if step.wait else f"right after {before}"


def say_wait(wait: Wait) -> str:
    """Return a wait as it is spoken.

    >>> from datetime import timedelta
    >>> say_wait(Wait(business_days=3)), say_wait(Wait(timedelta(days=1))), say_wait(Wait(timedelta(hours=36)))
    ('3 business days', '1 day', '36 hours')
    """
    if wait.business_days:
        return _counted(wait.business_days, "business day")
    seconds = int(wait.duration.total_seconds())
    for size, name in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds % size == 0:
            return _counted(seconds // size, name)
    return _counted(seconds, "second")


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" + ("" if count == 1 else "s")


def _company(standing: Standing, moment: Moment) -> str:
    free = moment.playbook.facts.free_mailbox_domains
    return company_of(moment.value(standing, "company"), standing.lead.address, free)


def calendar_of(standing: Standing, moment: Moment) -> Calendar:
    """Return where and when a lead works."""
    return calendar_for(standing.lead, moment.playbook.policy, moment.playbook.facts)
