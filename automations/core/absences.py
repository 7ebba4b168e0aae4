"""What comes back and only holds: a person who is away, and a mailbox that keeps sending emails back."""

from __future__ import annotations

from datetime import datetime, timedelta

from automations.core.history import LeadHistory, MessageState, Signal, SignalKind

FAILURES_TO_HOLD = 3
"""So many emails in a row that come back hold a lead, though its address may be right."""

REST = timedelta(days=30)
"""How long such a lead is left alone: a full mailbox may be empty again then."""


def absent_until(known: LeadHistory, now: datetime) -> datetime | None:
    """Return when a lead is back; None when nothing says that they are away at *now*."""
    ends = [signal.until for signal in known.signals if signal.kind is SignalKind.ABSENT and signal.until is not None]
    last = max(ends, default=now)
    return last if last > now else None


def failing(known: LeadHistory, now: datetime) -> Signal | None:
    """Return the last of the failures that hold a lead at *now*; None when its emails seem to get through."""
    failed = {signal.message: signal for signal in known.signals if signal.kind is SignalKind.FAILED}
    accepted = [record for record in known.messages if record.state is MessageState.ACCEPTED]
    latest = sorted(accepted, key=lambda record: record.at)[-FAILURES_TO_HOLD:]
    if len(latest) < FAILURES_TO_HOLD or not all(record.key in failed for record in latest):
        return None
    last = max((failed[record.key] for record in latest), key=lambda signal: signal.at)
    return last if now < last.at + REST else None
