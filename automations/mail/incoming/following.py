"""What follows from a mail that came back. Nothing here acts; whoever acts reads the value that comes out.

    reply                     its lead's sequences stop; the stage moves by rule; one of us is told
    unsubscribe, complaint    nothing is sent there again
    delivery failure          a dead address: nothing is sent there again. Any other: it counts, and three in a row hold
    out of office             emails wait until its end
    anything else             is on record, and does nothing

Only a failure or a complaint that names an email of ours does anything: others can be forged. Whatever names an email
of ours proves that it was accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from automations.core.addresses import address_identity
from automations.core.effects import COMPLAINED, NO_SUCH_ADDRESS, UNSUBSCRIBED, CameBack
from automations.core.history import Signal, SignalKind
from automations.core.incoming import Kind, Verdict
from automations.core.leads import LeadKey
from automations.core.messages import MessageKey
from automations.mail.incoming.matching import How, Match, may_suppress

AWAY_WITHOUT_END = timedelta(days=7)
"""How long emails wait for somebody who is out of office and does not say until when."""

_MOST_TEXT = 4000
_MOST_DETAIL = 200


class _Follows(NamedTuple):
    kind: SignalKind | None = None
    detail: str = ""
    until: datetime | None = None
    suppress: tuple[tuple[str, str], ...] = ()
    tells: bool = False


_NOTHING = _Follows()


def what_follows(
    verdict: Verdict, match: Match, *, identity: str, at: datetime, mailbox: str, zone: ZoneInfo
) -> CameBack:
    """Return what follows from a mail that came *at* a moment into the *mailbox* of a sender.

    *zone* is the business's: an absence ends there at midnight.
    """
    found = _FOLLOWS.get(verdict.kind, _nothing)(verdict, match, at, zone)
    key = match.message.key if match.message else MessageKey("")
    signal = None
    if match.lead and found.kind:
        says = verdict.says.value if verdict.says else ""
        signal = Signal(found.kind, at, found.detail, key, found.until, says)
    return CameBack(
        identity=identity,
        at=at,
        sender=verdict.sender,
        kind=verdict.kind.value,
        because=verdict.because,
        lead=match.lead or LeadKey(""),
        message=key,
        matched_by=match.how.value,
        new_text=verdict.new_text[:_MOST_TEXT],
        signal=signal,
        suppress=found.suppress,
        proves=key if match.names_our_message else MessageKey(""),
        tell=(match.message.sender if match.message else mailbox) if found.tells else "",
    )


def _nothing(_verdict: Verdict, _match: Match, _at: datetime, _zone: ZoneInfo) -> _Follows:
    return _NOTHING


def _reply(verdict: Verdict, match: Match, _at: datetime, _zone: ZoneInfo) -> _Follows:
    if match.how is How.NOBODY:
        return _NOTHING
    return _Follows(SignalKind.REPLIED, _first_line(verdict.new_text), tells=True)


def _unsubscribe(verdict: Verdict, match: Match, _at: datetime, _zone: ZoneInfo) -> _Follows:
    """Obey the wish for the address it comes from, known or not, and for the one we wrote to."""
    addresses = {address_identity(each): each for each in (verdict.sender, match.address) if each}
    suppress = tuple((each, UNSUBSCRIBED) for each in addresses.values())
    return _Follows(SignalKind.UNSUBSCRIBED, _first_line(verdict.new_text), suppress=suppress)


def _complaint(verdict: Verdict, match: Match, _at: datetime, _zone: ZoneInfo) -> _Follows:
    if not may_suppress(verdict, match):
        return _NOTHING
    return _Follows(SignalKind.COMPLAINED, suppress=((match.address, COMPLAINED),))


def _failure(verdict: Verdict, match: Match, _at: datetime, _zone: ZoneInfo) -> _Follows:
    if not match.names_our_message:
        return _NOTHING
    why = verdict.failure.reason.value if verdict.failure else "no reason was given"
    if may_suppress(verdict, match):
        return _Follows(SignalKind.BOUNCED, why, suppress=((match.address, NO_SUCH_ADDRESS),))
    return _Follows(SignalKind.FAILED, why)


def _absence(verdict: Verdict, _match: Match, at: datetime, zone: ZoneInfo) -> _Follows:
    until = datetime.combine(verdict.back_on, time(), zone) if verdict.back_on else at + AWAY_WITHOUT_END
    return _Follows(SignalKind.ABSENT, "" if verdict.back_on else "they do not say until when", until)


def _challenge(_verdict: Verdict, match: Match, _at: datetime, _zone: ZoneInfo) -> _Follows:
    return _Follows(tells=match.lead is not None)


_FOLLOWS: Mapping[Kind, Callable[[Verdict, Match, datetime, ZoneInfo], _Follows]] = {
    Kind.REPLY: _reply,
    Kind.UNSUBSCRIBE: _unsubscribe,
    Kind.COMPLAINT: _complaint,
    Kind.FAILURE: _failure,
    Kind.ABSENCE: _absence,
    Kind.CHALLENGE: _challenge,
}


def _first_line(text: str) -> str:
    line = next((line.strip() for line in text.splitlines() if line.strip()), "")
    return line if len(line) <= _MOST_DETAIL else line[: _MOST_DETAIL - 1] + "…"
