"""What is known of a lead, as text that all leads in the same state share.

A book of 100,000 leads has a few thousand states. Each is stored once, under its own hash, and read once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from automations.core.history import LeadHistory, Typed, Written
from automations.core.leads import Role
from automations.core.plan import Known
from automations.ledger.values import Json, encode, to_moment, to_text, untag

_State = tuple[int | float, str, str, str, list[tuple[str, Json, str]], list[str], list[Json]]
"""Score, segment, stage, since when, what a person typed, and our cells behind their roles."""

_ROLES = {role.value: role for role in Role}
_MOST_SHARED = 20_000
"""How many different texts are remembered at a time."""


def to_body(known: Known) -> str:
    """Return what is known of a lead, whoever it is, as JSON: leads in the same state have the same text."""
    typed = [(each.role, each.value, to_text(each.seen_at)) for each in known.typed]
    since = to_text(known.stage_since)
    return encode((known.score, known.segment, known.stage, since, typed, known.written.roles, known.written.cells))


def digest_of(body: str) -> bytes:
    """Return the name under which a state is stored: 16 bytes, so that no two states ever share one."""
    return hashlib.blake2b(body.encode("ascii"), digest_size=16).digest()


def to_facts(body: str) -> dict[str, str | int | float | bool | None]:
    """Return what a snapshot tells a person."""
    score, segment, stage, since, *_ = json.loads(body)
    return {"score": score, "segment": segment, "stage": stage, "stage_since": since}


class _Moments(dict[str, datetime]):
    """Moments by their text, each read once."""

    def __missing__(self, text: str) -> datetime:
        return self.setdefault(text, to_moment(text))


class _Roles(dict[tuple[str, ...], tuple[Role, ...]]):
    """Roles by their names: nearly all states have the same."""

    def __missing__(self, names: tuple[str, ...]) -> tuple[Role, ...]:
        return self.setdefault(names, tuple(_ROLES[name] for name in names))


class StateReader:
    """Reads states back. Equal texts and moments are one object in all that one reader returns."""

    def __init__(self) -> None:
        self._moments = _Moments()
        self._texts: dict[str, str] = {}
        self._roles = _Roles()

    def read(self, bodies: Sequence[str]) -> list[LeadHistory]:
        """Return the history that each of *bodies* tells of, in their order: one call to the parser for all."""
        # Beyond a few thousand texts they are as good as all different, and keeping them costs more than it saves.
        if len(self._texts) > _MOST_SHARED:
            self._texts.clear()
        return list(map(self._history, json.loads(f"[{','.join(bodies)}]")))

    def _history(self, state: _State) -> LeadHistory:
        score, segment, stage, since, typed, roles, cells = state
        share = self._texts.setdefault
        written = [
            share(cell, cell) if isinstance(cell, str) else untag(cell) if isinstance(cell, dict) else cell
            for cell in cells
        ]
        return LeadHistory(
            written=Written(self._roles[tuple(roles)], tuple(written)),  # type: ignore[arg-type]  # no cell is a list
            typed=tuple([Typed(_ROLES[role], untag(cell), to_moment(seen)) for role, cell, seen in typed])
            if typed
            else (),
            stage=share(stage, stage),
            stage_since=self._moments[since],
            segment=share(segment, segment),
            score=score,
        )
