"""Values as the ledger stores them, and back: moments, cells and messages.

Moments are UTC text of one length, so that they sort as they read and a person can read them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import cast

from automations.core.history import MessageRecord, MessageState
from automations.core.leads import Cell, LeadKey
from automations.core.messages import Fault, MessageKey
from automations.errors import LedgerOutOfReach
from automations.ledger.troubles import RESTORE

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

MessageRow = tuple[str, str, str, str, str, str, str, str, str, str, str, str, int, str | None, str, str, str]
"""One row of the view message_records."""

_STATES = {state.value: state for state in MessageState}
_FAULTS = {fault.value: fault for fault in Fault}


@lru_cache(maxsize=1024)
def to_text(moment: datetime) -> str:
    """Return an aware moment as UTC text of 27 characters.

    Raises ValueError for a moment without a zone: it could mean any hour.

    >>> to_text(datetime(2026, 11, 23, 8, tzinfo=UTC))
    '2026-11-23T08:00:00.000000Z'
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone")
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def to_moment(text: str) -> datetime:
    """Return the moment that `to_text` wrote, in UTC."""
    return datetime.fromisoformat(text)


def to_moment_or_none(text: str | None) -> datetime | None:
    """Return the moment, or None where none was stored."""
    return None if text is None else datetime.fromisoformat(text)


def _tag(value: object) -> dict[str, str | list[int]]:
    if isinstance(value, timedelta):
        return {"timedelta": [value.days, value.seconds, value.microseconds]}
    # A datetime is a date too: it has to be asked first.
    for kind in (datetime, date, time):
        if isinstance(value, kind):
            return {kind.__name__: value.isoformat()}
    raise TypeError(f"{value!r} is not the content of a cell")


_UNTAG: dict[str, Callable[[str], Cell]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
}

# Escaped to ASCII, so that half of a surrogate pair in one cell cannot make a whole transaction fail.
encode = json.JSONEncoder(default=_tag, separators=(",", ":")).encode


def untag(value: Json) -> Cell:
    """Return the cell that JSON holds: *value* itself, unless it had to be tagged with its type."""
    if isinstance(value, dict):
        ((kind, content),) = value.items()
        if kind == "timedelta":
            return timedelta(*cast("list[int]", content))
        return _UNTAG[kind](cast("str", content))
    return cast("Cell", value)


def to_record(row: MessageRow) -> MessageRecord:
    """Return the message that a row of message_records holds. Raises LedgerOutOfReach when it makes no sense."""
    try:
        return _record(row)
    except (ValueError, KeyError) as err:
        raise LedgerOutOfReach("the ledger is damaged: one of its emails cannot be read", fix=RESTORE) from err


def _record(row: MessageRow) -> MessageRecord:
    key, sequence, step, lead_key, address, company, sender, state, at, reserved_at, subject = row[:11]
    message_id, tries, next_try_at, fault, reply, variant = row[11:]
    return MessageRecord(
        key=MessageKey(key),
        sequence=sequence,
        step=step,
        lead_key=LeadKey(lead_key),
        address=address,
        company=company,
        sender=sender,
        state=_STATES[state],
        at=to_moment(at),
        reserved_at=to_moment(reserved_at),
        subject=subject,
        message_id=message_id,
        tries=tries,
        next_try_at=to_moment_or_none(next_try_at),
        fault=_FAULTS[fault],
        reply=reply,
        variant=variant,
    )
