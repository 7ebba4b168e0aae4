"""Where a lead stands in a sequence and what comes next: enrolment, steps, waits, stop conditions.

A walk goes through the steps of one sequence for one lead, from the first, over everything that is done, to the first
thing that is not: an email that is due, a time to wait for, or the end. Nothing is remembered but what the ledger has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from automations.core.history import (
    Enrollment,
    EnrollmentState,
    LeadHistory,
    MessageRecord,
    MessageState,
    SignalKind,
    StepDone,
)
from automations.core.policy import EmailSequence, Step, Wait

DEADLINE = timedelta(hours=72)
"""How long a receiving server may put an email off; a follow-up that comes later than that does more harm than good."""

STOPPING_SIGNALS: Mapping[SignalKind, str] = {
    SignalKind.REPLIED: "replied",
    SignalKind.BOUNCED: "the address does not exist",
    SignalKind.UNSUBSCRIBED: "unsubscribed",
    SignalKind.COMPLAINED: "marked an email as spam",
}
_SETTLED = frozenset({MessageState.ACCEPTED, MessageState.DROPPED})

AddWait = Callable[[datetime, Wait], datetime]
"""When a wait that begins at a moment is over; business days and zones are its own affair."""


@dataclass(frozen=True, slots=True)
class StepOver:
    """A step that ends now without an email: a task given out, or a step left out and why."""

    step: Step
    at: datetime
    skipped_because: str = ""


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk found: *over* ends now; then either *step* (due, or waited for until *at*), or the sequence is done.

    *record* is the step's message when it was tried already: to be sent again, deferred, in doubt or refused. An email
    that is due does not leave by itself after *latest*; None is never.
    """

    over: tuple[StepOver, ...]
    step: Step | None = None
    at: datetime | None = None
    record: MessageRecord | None = None
    latest: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Return whether the step found may be done now."""
        return self.step is not None and self.at is not None and self.at <= now


def walk(
    sequence: EmailSequence,
    enrollment: Enrollment,
    messages: Mapping[str, MessageRecord],
    *,
    now: datetime,
    holds: Callable[[Step], bool],
    add_wait: AddWait,
    opens: Callable[[datetime], datetime] = lambda due: due,
) -> Walk:
    """Return where a lead stands in a sequence at *now*.

    *messages* are the lead's in this sequence, by step; *holds* says whether a step's only_if does. A step that was
    left out counts from when it would have been done, so that leaving it out does not put off what follows. *opens*
    returns when a lead may be reached first, from a moment on: lateness counts from there. An email that is too late
    waits for a person until the step behind it is due, and is left out then.

    The way goes forward only: a step that config.yaml has gained before the last one that is over is not made up for.
    """
    done = {each.step: each for each in enrollment.done}
    anchor = enrollment.started_at
    over: list[StepOver] = []
    for step in sequence.steps[_first_open(sequence, done, messages) :]:
        if step.name in done:
            anchor = done[step.name].at
            continue
        record = messages.get(step.name)
        if record is not None and record.state in _SETTLED:
            anchor = record.at
            continue
        due = anchor if step.wait is None else add_wait(anchor, step.wait)
        if record is not None:
            if record.state is MessageState.DEFERRED and now - record.reserved_at > (step.late_after or DEADLINE):
                over.append(StepOver(step, now, "the receiving server put it off for too long"))
                anchor = now
                continue
            return Walk(tuple(over), step, max(due, record.next_try_at or due), record)
        if due > now:
            return Walk(tuple(over), step, due)
        if step.only_if is not None and not holds(step):
            over.append(StepOver(step, due, f"not {step.only_if.text}"))
            anchor = due
            continue
        if step.is_email:
            latest = None if step.late_after is None else opens(due) + step.late_after
            if latest is not None and latest < now and _is_followed(sequence, step, due, now, add_wait):
                over.append(StepOver(step, due, f"it could leave only after {latest:%Y-%m-%d %H:%M} UTC"))
                anchor = due
                continue
            return Walk(tuple(over), step, due, latest=latest)
        over.append(StepOver(step, now))
        anchor = now
    return Walk(tuple(over))


def _is_followed(sequence: EmailSequence, step: Step, due: datetime, now: datetime, add_wait: AddWait) -> bool:
    """Return whether the step behind one that was due at *due* is due by now."""
    behind = sequence.steps[sequence.steps.index(step) + 1 :]
    return bool(behind) and (behind[0].wait is None or add_wait(due, behind[0].wait) <= now)


def _first_open(sequence: EmailSequence, done: Mapping[str, StepDone], messages: Mapping[str, MessageRecord]) -> int:
    """Return the place of the last step that is over: what stands before it is over too, or was put there later."""
    is_over = [
        step.name in done or (step.name in messages and messages[step.name].state in _SETTLED)
        for step in sequence.steps
    ]
    return max((at for at, is_one in enumerate(is_over) if is_one), default=0)


def lost_step(sequence: EmailSequence, enrollment: Enrollment, messages: Mapping[str, MessageRecord]) -> str:
    """Return the step whose email was a lead's last in a sequence, when config.yaml has no such step any more; else "".

    It may have another name now, and would go a second time as a step of that name.
    """
    sent = [record for record in messages.values() if record.state in _SETTLED]
    last = max(sent, key=lambda record: record.at, default=None)
    if last is None or any(step.name == last.step for step in sequence.steps):
        return ""
    names = {step.name for step in sequence.steps}
    is_past = any(each.step in names and each.at > last.at for each in enrollment.done)
    return "" if is_past else last.step


def why_stopped(
    sequence: EmailSequence,
    enrollment: Enrollment,
    known: LeadHistory,
    *,
    stop_condition: str,
    company_replied: bool,
) -> str:
    """Return why a sequence ends early for a lead; "" when it goes on.

    A reply counts when it came after the lead was enrolled; the other signals count whenever they came.
    *stop_condition* is the text of the first ``stop_when`` that holds, "" for none.
    """
    for signal in known.signals:
        why = STOPPING_SIGNALS.get(signal.kind)
        if why and (signal.kind is not SignalKind.REPLIED or signal.at >= enrollment.started_at):
            return why
    if sequence.stop_on_company_reply and company_replied:
        return "someone at the same company replied"
    return stop_condition


def enrollment_in(known: LeadHistory, sequence: str) -> Enrollment | None:
    """Return a lead's place in a sequence, or None when it never began."""
    return next((each for each in known.enrollments if each.sequence == sequence), None)


def messages_of(known: LeadHistory, sequence: str) -> dict[str, MessageRecord]:
    """Return a lead's messages in a sequence, by step; without those that are only prepared, as nothing has left."""
    return {record.step: record for record in known.messages if record.sequence == sequence and not record.is_untried}


def has_begun(known: LeadHistory, sequence: EmailSequence, enrollment: Enrollment) -> bool:
    """Return whether a lead is really in a sequence that it has a place in.

    The place is on record before its first email leaves. Where that email never left, because the run was stopped or
    the lead's row changed just then, nothing has begun, and start_when has to be asked again.
    """
    if sequence.steps[0].wait is not None or enrollment.done:
        return True
    return any(record.sequence == sequence.name and not record.is_untried for record in known.messages)


def is_active(enrollment: Enrollment | None) -> bool:
    """Return whether a lead is under way in a sequence."""
    return enrollment is not None and enrollment.state is EnrollmentState.ACTIVE
