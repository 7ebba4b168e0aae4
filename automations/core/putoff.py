"""What mail servers said that holds back more than one try: a sender at its limit, a mailbox that stays full."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from automations.core.history import MessageRecord, MessageState
from automations.core.messages import Fault

ROLLING_DAY = timedelta(hours=24)
"""The span over which mail providers count a sender's emails (support.google.com/a/answer/166852)."""
LEAST_PAUSE = timedelta(hours=1)
MAILBOX_EMAILS = 3
"""So many emails in a row may find a mailbox full before a person is asked; the tries of one email count once."""


def quota_frees(records: Iterable[MessageRecord], sender: str) -> datetime | None:
    """Return when a sender that was told of a limit may try again; None for one that was not told since it last sent.

    That is when the oldest email of the 24 hours before leaves the count, and a whole day later when none is known.
    """
    own = [record for record in records if record.sender == sender]
    told = max((record.at for record in own if _is_over_quota(record)), default=None)
    if told is None:
        return None
    accepted = [record.at for record in own if record.state is MessageState.ACCEPTED]
    if any(at > told for at in accepted):
        return None
    oldest = min((at for at in accepted if at > told - ROLLING_DAY), default=told)
    return max(oldest + ROLLING_DAY, told + LEAST_PAUSE)


def _is_over_quota(record: MessageRecord) -> bool:
    return record.state is MessageState.DEFERRED and record.fault is Fault.QUOTA


def full_mailbox(records: Iterable[MessageRecord]) -> str:
    """Return why a lead, to whom *records* went, waits for a person: the last emails found its mailbox full; or ""."""
    tried = sorted((record for record in records if not record.is_untried), key=lambda record: record.at)
    last = tried[-MAILBOX_EMAILS:]
    if len(last) < MAILBOX_EMAILS or any(record.fault is not Fault.MAILBOX for record in last):
        return ""
    return f"the mailbox of {last[-1].address} was full for {MAILBOX_EMAILS} emails in a row: {last[-1].reply}"
