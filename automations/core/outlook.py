"""What the ledger would know if everything a plan does went well: how a plan shows what follows from its own emails."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from automations.core.candidates import Candidate
from automations.core.history import (
    Enrollment,
    EnrollmentState,
    LeadHistory,
    MessageRecord,
    MessageState,
    StepDone,
    StepHow,
)
from automations.core.messages import message_key
from automations.core.plan import Move, MoveKind

_ENDS = {MoveKind.FINISH: EnrollmentState.FINISHED, MoveKind.STOP: EnrollmentState.STOPPED}
_HOW = {MoveKind.TASK: StepHow.TASK, MoveKind.SKIP: StepHow.SKIPPED}


def with_moves(known: LeadHistory, moves: Sequence[Move]) -> LeadHistory:
    """Return what is known of a lead once *moves* are recorded."""
    for move in moves:
        known = known._replace(enrollments=_moved(known.enrollments, move))
    return known


def _moved(enrollments: tuple[Enrollment, ...], move: Move) -> tuple[Enrollment, ...]:
    if move.kind is MoveKind.START:
        return (*enrollments, Enrollment(move.sequence, move.at))
    return tuple(_changed(each, move) if each.sequence == move.sequence else each for each in enrollments)


def _changed(enrollment: Enrollment, move: Move) -> Enrollment:
    if move.kind in _ENDS:
        return replace(enrollment, state=_ENDS[move.kind], why=move.why)
    return replace(enrollment, done=(*enrollment.done, StepDone(move.step, _HOW[move.kind], move.at)))


def with_email(known: LeadHistory, candidate: Candidate, now: datetime) -> LeadHistory:
    """Return what is known of a lead once this email is accepted at *now*."""
    key = message_key(candidate.sequence.name, candidate.step.name, candidate.lead.key)
    if candidate.starting:
        known = known._replace(enrollments=(*known.enrollments, Enrollment(candidate.sequence.name, now)))
    record = MessageRecord(
        key=key,
        sequence=candidate.sequence.name,
        step=candidate.step.name,
        lead_key=candidate.lead.key,
        address=candidate.lead.address,
        company=candidate.company,
        sender=candidate.sender.name if candidate.sender else "",
        state=MessageState.ACCEPTED,
        at=now,
        reserved_at=now,
        subject="",
        message_id="",
    )
    return known._replace(messages=(*(each for each in known.messages if each.key != key), record))
