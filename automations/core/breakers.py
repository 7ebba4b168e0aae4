"""Breakers: what came back that stops all sending until a person has looked."""

from __future__ import annotations

from datetime import datetime, timedelta

from automations.core.bookings import TAKEN
from automations.core.history import History, MessageState, SignalKind
from automations.core.messages import Fault

BREAKER_SPAN = timedelta(days=7)
BREAKER_LEAST = 20
"""Below this many emails a share of bounces says nothing."""


def too_many_bounces(history: History, share: float | None, now: datetime) -> str:
    """Return why all sending stops: more than *share* of the last week's emails bounced; "" when not."""
    return _too_many(history, SignalKind.BOUNCED, share, now, _BOUNCED)


def too_many_complaints(history: History, share: float | None, now: datetime) -> str:
    """Return why all sending stops: more than *share* of the last week's emails were marked as spam; "" when not."""
    return _too_many(history, SignalKind.COMPLAINED, share, now, _COMPLAINED)


_BOUNCED = (
    "{came} of {sent} emails of the last 7 days bounced (limits.pause_if_bounces_over: {share});"
    " check where these leads come from"
)
_COMPLAINED = (
    "{came} of {sent} emails of the last 7 days were marked as spam (limits.pause_if_complaints_over: {share});"
    " write to fewer people, who asked for it"
)


def _too_many(history: History, kind: SignalKind, share: float | None, now: datetime, why: str) -> str:
    if share is None:
        return ""
    since = now - BREAKER_SPAN
    sent = sum(
        1
        for record in history.messages
        if record.at >= since
        and (record.state in TAKEN or (record.state is MessageState.REFUSED and record.fault is Fault.ADDRESS))
    )
    came = sum(
        1
        for known in history.leads.values()
        if any(signal.kind is kind and signal.at >= since for signal in known.signals)
    )
    return (
        ""
        if sent < BREAKER_LEAST or came <= share * sent
        else why.format(came=came, sent=sent, share=f"{share * 100:g}%")
    )
