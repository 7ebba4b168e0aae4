"""What comes back and only holds: a person who is away, a mailbox that sends emails back; and what is not heard."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import takewhile

from automations.core.history import LeadHistory, MessageState, Signal, SignalKind

FAILURES_TO_HOLD = 3
"""So many emails in a row that come back hold a lead, though its address may be right."""

REST = timedelta(days=30)
"""How long such a lead is left alone: a full mailbox may be empty again then."""

_ARRIVED = frozenset({MessageState.ACCEPTED, MessageState.IN_DOUBT, MessageState.HANDING_OVER})

DEAF_AFTER = timedelta(hours=24)
"""When a sender's mailbox could not be read for so long, nobody the sender wrote to is written to again."""


def absent_until(known: LeadHistory, now: datetime) -> datetime | None:
    """Return when a lead is back; None when nothing says that they are away at *now*."""
    ends = [signal.until for signal in known.signals if signal.kind is SignalKind.ABSENT and signal.until is not None]
    last = max(ends, default=now)
    return last if last > now else None


def failures_in_a_row(known: LeadHistory) -> tuple[Signal, ...]:
    """Return the failures of a lead's latest emails, the newest email's first; empty when that one got through."""
    failed = {signal.message: signal for signal in known.signals if signal.kind is SignalKind.FAILED}
    accepted = [record for record in known.messages if record.state is MessageState.ACCEPTED]
    latest = sorted(accepted, key=lambda record: record.at, reverse=True)
    return tuple(failed[record.key] for record in takewhile(lambda record: record.key in failed, latest))


def failing(known: LeadHistory, now: datetime) -> Signal | None:
    """Return the last of the failures that hold a lead at *now*; None when its emails seem to get through."""
    latest = failures_in_a_row(known)[:FAILURES_TO_HOLD]
    if len(latest) < FAILURES_TO_HOLD:
        return None
    last = max(latest, key=lambda signal: signal.at)
    return last if now < last.at + REST else None


def unheard(known: LeadHistory, deaf: Mapping[str, datetime | None]) -> str:
    """Return the sender whose mailbox may hold an answer of a lead that nobody knows of; "" for none.

    *deaf* are the senders whose mailbox could not be read for long. A lead that got no email of theirs has nothing to
    answer.
    """
    return next((each.sender for each in known.messages if each.state in _ARRIVED and each.sender in deaf), "")


def deaf_senders(unreadable: Mapping[str, datetime | None], now: datetime) -> dict[str, datetime | None]:
    """Return the senders whose mailbox could not be read for more than `DEAF_AFTER`, or ever, and when it last was."""
    return {sender: at for sender, at in unreadable.items() if at is None or now - at > DEAF_AFTER}
