"""Evidence: what places where an email leaves a trace tell of one whose server never answered.

    found anywhere                                      it was sent
    not found where every sent email can be found       it was not: the same bytes may go again
    neither                                             a person decides

A copy may take its time to be filed: not finding it counts only from `FILED_WITHIN` after the email left, and twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from automations.core.history import MessageRecord

FILED_WITHIN = timedelta(minutes=15)
KEYS_KEPT = timedelta(hours=23)
LOOKS_APART = timedelta(minutes=5)


class Absence(StrEnum):
    """What it tells when an email is not found in a place."""

    NOTHING = "nothing"
    """Copies are not always kept there."""
    LATER = "later"
    """The server files a copy of all that it takes, sooner or later."""
    PROOF = "proof"
    """What was sent is there from the first moment; or sending once more does no harm."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One look into one *place* (``Anna's Sent folder``): which Message-IDs were *found* of those *looked_for*.

    *why_not* says why it could not be looked into; then nothing else counts.
    """

    place: str
    looked_for: frozenset[str] = frozenset()
    found: frozenset[str] = frozenset()
    absence: Absence = Absence.NOTHING
    why_not: str = ""


class Filed(NamedTuple):
    """A copy of a message in a folder: when it came there, and its header as far as it was read."""

    at: datetime
    header: bytes

    @property
    def subject(self) -> str:
        """Return the subject, decoded; "" when there is none."""
        from email import message_from_bytes, policy  # noqa: PLC0415 - a lost ledger may take its time, a plan may not

        return str(message_from_bytes(self.header, policy=policy.default)["Subject"] or "")


@dataclass(frozen=True, slots=True)
class SentMail:
    """Everything in one *place* for sent mail, by Message-ID; *why_not* says why it could not be read."""

    place: str
    ids: Mapping[str, Filed]
    why_not: str = ""


class Clue(NamedTuple):
    """What one look told of one email: in which *place*, and whether it *is_there*; if not, what that means."""

    at: datetime
    place: str
    is_there: bool
    absence: Absence = Absence.NOTHING


@dataclass(frozen=True, slots=True)
class Doubt:
    """An email in doubt: when its last line was on the way (UTC), and all clues so far, oldest first."""

    record: MessageRecord
    handed_over_at: datetime
    clues: tuple[Clue, ...] = ()


@dataclass(frozen=True, slots=True)
class CutOff:
    """A run that never came to its end: when it was last heard of, and what is certain about its emails."""

    run: str
    stopped_at: datetime
    accepted: int
    unsent: int


class Verdict(StrEnum):
    """What follows from the clues."""

    SENT = "sent"
    NOT_SENT = "not sent"
    UNKNOWN = "unknown"


def verdict(doubt: Doubt) -> Verdict:
    """Return what the clues prove; UNKNOWN when they prove nothing (yet)."""
    if any(clue.is_there for clue in doubt.clues):
        return Verdict.SENT
    if any(clue.absence is Absence.PROOF for clue in doubt.clues):
        return Verdict.NOT_SENT
    by_place: dict[str, list[datetime]] = {}
    for clue in doubt.clues:
        if clue.absence is Absence.LATER and clue.at - doubt.handed_over_at >= FILED_WITHIN:
            by_place.setdefault(clue.place, []).append(clue.at)
    twice = any(max(looks) - min(looks) >= LOOKS_APART for looks in by_place.values())
    return Verdict.NOT_SENT if twice else Verdict.UNKNOWN


def may_be_repeated(doubts: Sequence[Doubt], now: datetime, host: str) -> Sighting:
    """Return that young emails may go once more: a provider that knows their key takes each of them only once.

    Source: Resend keeps keys for 24 hours (https://resend.com/docs/send-with-smtp).
    """
    young = frozenset(doubt.record.message_id for doubt in doubts if now - doubt.handed_over_at < KEYS_KEPT)
    return Sighting(f"{host}, which takes it only once", young, absence=Absence.PROOF)


def clues_from(sightings: Sequence[Sighting], message_id: str, at: datetime) -> tuple[Clue, ...]:
    """Return what looks into several places at one moment tell of one email."""
    return tuple(
        Clue(at, each.place, is_there=message_id in each.found, absence=each.absence)
        for each in sightings
        if not each.why_not and message_id in each.looked_for
    )
