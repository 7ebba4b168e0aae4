"""What a run does first about emails in doubt: look where they leave a trace, and settle what that proves.

What stays in doubt is a person's to decide; nothing more goes to its lead until then.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from automations.core.evidence import CutOff, Doubt, Sighting, Verdict, clues_from, verdict
from automations.core.history import MessageRecord
from automations.ledger import Ledger

LookUp = Callable[[str, Sequence[Doubt], datetime], Sequence[Sighting]]
"""Looks for emails in doubt of one sender in every place there is, at a moment: what was seen in each."""


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of one email in doubt, and *why*, as the end of a sentence: ``found in Anna's Sent folder``."""

    record: MessageRecord
    verdict: Verdict
    why: str = ""


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What a run found of the one before: whether it was *cut_off*, and what became of each email in doubt."""

    cut_off: CutOff | None = None
    recovered: tuple[MessageRecord, ...] = ()
    settled: tuple[Settled, ...] = ()

    @property
    def is_open(self) -> bool:
        """Return whether an email that the killed run left is still in doubt."""
        unknown = {each.record.key for each in self.settled if each.verdict is Verdict.UNKNOWN}
        return any(record.key in unknown for record in self.recovered)


def clear_up(ledger: Ledger, look_up: LookUp, now: datetime) -> Aftermath:
    """Put in doubt what a killed run was handing over, settle what can be proven, and return what was found.

    Call it only under the ledger's lock, before the next run is recorded.
    """
    return Aftermath(ledger.cut_off(), ledger.recover(now), settle_doubts(ledger, look_up, now))


def settle_doubts(ledger: Ledger, look_up: LookUp, now: datetime) -> tuple[Settled, ...]:
    """Look for every email in doubt, record each look, settle what is proven; return what became of each.

    Call it only under the ledger's lock. Places are asked once for all emails of a sender.
    """
    doubts = sorted(ledger.doubts(), key=lambda doubt: doubt.record.sender)
    settled: list[Settled] = []
    for sender, group in groupby(doubts, key=lambda doubt: doubt.record.sender):
        theirs = tuple(group)
        sightings = look_up(sender, theirs, now)
        settled.extend(_settle(ledger, doubt, sightings, now) for doubt in theirs)
    return tuple(settled)


def _settle(ledger: Ledger, doubt: Doubt, sightings: Sequence[Sighting], now: datetime) -> Settled:
    key = doubt.record.key
    clues = clues_from(sightings, doubt.record.message_id, now)
    ledger.note(key, clues)
    known = Doubt(doubt.record, doubt.handed_over_at, (*doubt.clues, *clues))
    proven = verdict(known)
    if proven is Verdict.UNKNOWN:
        blind = [f"{each.place} could not be looked into: {each.why_not}" for each in sightings if each.why_not]
        return Settled(doubt.record, proven, "; ".join(blind))
    why = _reason(known, proven)
    ledger.resolve(key, was_sent=proven is Verdict.SENT, why=f"because it was {why}", now=now)
    return Settled(doubt.record, proven, why)


def _reason(doubt: Doubt, proven: Verdict) -> str:
    if proven is Verdict.SENT:
        return f"found in {next(clue.place for clue in doubt.clues if clue.is_there)}"
    return f"not found in {doubt.clues[-1].place}"
