"""Where a lead stands before anything is decided: what the ledger and a person's hand say about it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from automations.core.cells import CellProblem, as_text, read_number
from automations.core.history import LeadHistory, MessageState, SignalKind, Typed
from automations.core.leads import Cell, Lead, Role
from automations.core.policy import Policy
from automations.core.rules import Given, LedgerFacts
from automations.core.sequences import STOPPING_SIGNALS

NO_FACTS = LedgerFacts()
_new = tuple.__new__
_SNOOZE = re.compile(r"snooze (\d{1,3}) (day|week|month)s?\Z")
_EXPIRING = frozenset({Role.SCORE, Role.SEGMENT, Role.STAGE})
"""The columns whose typed values `Policy.override_for` takes back; a stop, a snooze or a note is not for us to end."""
_SNOOZE_DAYS = {"day": 1, "week": 7, "month": 30}


class Standing(NamedTuple):
    """A lead as rules see it (*given*), and what a person typed over our columns.

    *typed* are the values in force: no update touches their cells. *stopped* and *snoozed_until* are the two words
    that Next step obeys. *problems* name typed values we cannot use. *as_left* says that our columns hold what we wrote
    last, all of them.
    """

    lead: Lead
    known: LeadHistory
    given: Given
    typed: tuple[Typed, ...] = ()
    stopped: bool = False
    snoozed_until: datetime | None = None
    problems: tuple[str, ...] = ()
    as_left: bool = False


class Standings:
    """Where leads stand at one moment; what many of them share is worked out once."""

    def __init__(self, policy: Policy, now: datetime) -> None:
        self._policy = policy
        self._now = now
        self._roles = tuple(role for role, _ in policy.columns.owned)
        self._stages = frozenset(policy.rules.stages)
        self._stage_at = self._roles.index(Role.STAGE) if Role.STAGE in self._roles else None
        self._untouched_since: dict[datetime | None, LedgerFacts] = {None: NO_FACTS}

    def of(self, lead: Lead, known: LeadHistory) -> Standing:
        """Return where *lead* stands.

        A cell of ours that is not empty and does not hold what we last wrote was typed by a person. It wins until the
        cell is cleared, or until `Policy.override_for` has passed since we first saw it. A stage that stood there
        before we ever wrote one is where the lead begins: rules move it on.
        """
        written = known.written
        as_left = lead.owned == written.cells and self._roles == written.roles
        if not as_left:
            typed, expired = _typed(lead, known, self._policy, self._now)
            if typed or expired:
                return self._with_typed(lead, known, typed, expired)
        cell = self._stage_cell(lead)
        problems = () if not cell or cell in self._stages else _not_among(cell, self._policy.rules.stages, Role.STAGE)
        stage = cell or self._remembered_stage(known)
        # Without the detour by the classes' own constructors: of a large book these are made for every lead.
        given = _new(Given, (lead.values, self._facts(known), stage, None, None, False))
        return _new(Standing, (lead, known, given, (), False, None, problems, as_left))

    def _with_typed(self, lead: Lead, known: LeadHistory, typed: Sequence[Typed], expired: Sequence[Typed]) -> Standing:
        policy = self._policy
        said = {each.role: as_text(each.value) for each in typed}
        segments = [rule.name for rule in policy.rules.segments]
        typed_stage = _one_of(said.get(Role.STAGE), policy.rules.stages)
        # A typed stage whose time is over is where the rules go on from: they never move a lead backwards.
        old = next((as_text(each.value) for each in expired if each.role is Role.STAGE), None)
        ours = None if Role.STAGE in said else self._stage_cell(lead)
        stage = (
            typed_stage
            or _one_of(old, policy.rules.stages)
            or _one_of(ours, policy.rules.stages)
            or known.written.get(Role.STAGE)
            or known.stage
        )
        word = " ".join(said.get(Role.NEXT_STEP, "").casefold().rstrip(".! ").split())
        return Standing(
            lead=lead,
            known=known,
            given=Given(
                lead.values,
                self._facts(known),
                str(stage or ""),
                _number(said.get(Role.SCORE)),
                _one_of(said.get(Role.SEGMENT), segments),
                typed_stage is not None,
            ),
            typed=tuple(typed),
            stopped=word == "stop",
            snoozed_until=_snoozed_until(word, typed),
            problems=(
                *_not_a_number(said.get(Role.SCORE)),
                *_not_among(said.get(Role.SEGMENT), segments, Role.SEGMENT),
                *_not_among(said.get(Role.STAGE), policy.rules.stages, Role.STAGE),
                *_not_understood(word),
            ),
        )

    def _stage_cell(self, lead: Lead) -> str:
        cell = None if self._stage_at is None else lead.owned[self._stage_at]
        return cell.strip() if isinstance(cell, str) else as_text(cell)

    def _remembered_stage(self, known: LeadHistory) -> str:
        """Return the stage a lead had, when its cell says none; "" when config.yaml has no such stage any more."""
        stage = str(known.written.get(Role.STAGE) or known.stage or "")
        return stage if stage in self._policy.rules.stages else ""

    def _facts(self, known: LeadHistory) -> LedgerFacts:
        if known.messages or known.signals:
            return _facts(known, self._policy, self._now)
        facts = self._untouched_since.get(known.stage_since)
        if facts is None:
            facts = self._untouched_since[known.stage_since] = _facts(known, self._policy, self._now)
        return facts


def stand(lead: Lead, known: LeadHistory, policy: Policy, now: datetime) -> Standing:
    """Return where one lead stands at *now*."""
    return Standings(policy, now).of(lead, known)


def _typed(
    lead: Lead, known: LeadHistory, policy: Policy, now: datetime
) -> tuple[tuple[Typed, ...], tuple[Typed, ...]]:
    """Return what a person typed over ours: the values in force, and those whose time is over."""
    in_force: list[Typed] = []
    expired: list[Typed] = []
    for (role, header), cell in zip(policy.columns.owned, lead.owned, strict=True):
        if cell is None or cell == "":
            continue
        ours = known.written.get(role)
        if cell == ours or (text := as_text(cell)) == "" or same_text(text, ours):
            continue
        if any(name == header and same_text(text, value) for name, value in known.intended):
            continue
        if role is Role.STAGE and ours is None and _one_of(text, policy.rules.stages):
            continue
        since = next((each.seen_at for each in known.typed if each.role is role and as_text(each.value) == text), now)
        over = role in _EXPIRING and policy.override_for is not None and now >= since + policy.override_for
        (expired if over else in_force).append(Typed(role, cell, since))
    return tuple(in_force), tuple(expired)


def _number(text: str | None) -> int | float | None:
    try:
        return read_number(text)
    except CellProblem:
        return None


def _not_a_number(text: str | None) -> tuple[str, ...]:
    return (f'{Role.SCORE.value} "{text}" is not a number',) if text and _number(text) is None else ()


def _one_of(text: str | None, names: Sequence[str]) -> str | None:
    return None if text is None else next((name for name in names if same_text(name, text)), None)


def _not_among(text: str | None, names: Sequence[str], role: Role) -> tuple[str, ...]:
    if text is None or _one_of(text, names):
        return ()
    return (f'"{text}" is not a {role.value}; there are: {", ".join(names)}',)


def same_text(one: Cell, other: Cell) -> bool:
    """Return whether two cells say the same to a reader, who does not mind case: ``new`` is the stage New."""
    return as_text(one).casefold() == as_text(other).casefold()


def _not_understood(word: str) -> tuple[str, ...]:
    if not word.startswith("snooze") or _SNOOZE.match(word):
        return ()
    return (f'"{word}" in Next step is not understood, so nothing waits: write it like  snooze 2 weeks',)


def _snoozed_until(word: str, typed: Sequence[Typed]) -> datetime | None:
    found = _SNOOZE.match(word)
    if not found:
        return None
    since = next(each.seen_at for each in typed if each.role is Role.NEXT_STEP)
    return since + timedelta(days=int(found[1]) * _SNOOZE_DAYS[found[2]])


def _facts(known: LeadHistory, policy: Policy, now: datetime) -> LedgerFacts:
    zone = policy.business.zone
    sent = [record.at for record in known.messages if record.state is MessageState.ACCEPTED]
    kinds = {signal.kind for signal in known.signals}
    return LedgerFacts(
        emails_sent=len(sent),
        last_emailed=_day(max(sent), zone) if sent else None,
        replied=SignalKind.REPLIED in kinds,
        bounced=SignalKind.BOUNCED in kinds,
        unsubscribed=SignalKind.UNSUBSCRIBED in kinds or SignalKind.COMPLAINED in kinds,
        opened=SignalKind.OPENED in kinds,
        clicked=SignalKind.CLICKED in kinds,
        days_in_stage=(_day(now, zone) - _day(known.stage_since, zone)).days if known.stage_since else 0,
        reply_says=_reply_says(known),
    )


def _reply_says(known: LeadHistory) -> str | None:
    """Return what the latest reply says; None for a lead that has not replied."""
    replies = [signal for signal in known.signals if signal.kind is SignalKind.REPLIED]
    return max(replies, key=lambda signal: signal.at).says or None if replies else None


def _day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def stop_signal(known: LeadHistory) -> str:
    """Return what came back from a lead that forbids any new sequence (not a reply); "" for nothing."""
    return next(
        (
            STOPPING_SIGNALS[signal.kind]
            for signal in known.signals
            if signal.kind in STOPPING_SIGNALS and signal.kind is not SignalKind.REPLIED
        ),
        "",
    )
