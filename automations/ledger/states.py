"""What is known of a lead, as text that all leads in the same state share.

A book of 100,000 leads has a few thousand states. Each is stored once, under its own hash, and read once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import datetime

from automations.core.history import LeadHistory, Typed
from automations.core.leads import Cell, Role
from automations.core.plan import Known
from automations.ledger.values import Json, encode, to_moment, to_text, untag

_ROLES = {role.value: role for role in Role}
_MOST_SHARED = 20_000
"""How many different cells are kept once; beyond that they are as good as all different, and sharing costs more."""


def to_body(known: Known) -> str:
    """Return what is known of a lead, whoever it is, as JSON: leads in the same state have the same text."""
    return encode(
        {
            "score": known.score,
            "segment": known.segment,
            "stage": known.stage,
            "stage_since": to_text(known.stage_since),
            "written": dict(known.written),
            "typed": [(each.role, each.value, to_text(each.seen_at)) for each in known.typed],
        }
    )


def digest_of(body: str) -> bytes:
    """Return the name under which a state is stored: 16 bytes, so that no two states ever share one."""
    return hashlib.blake2b(body.encode("ascii"), digest_size=16).digest()


def to_facts(body: str) -> dict[str, str | int | float | bool | None]:
    """Return what a snapshot tells a person."""
    state = json.loads(body)
    return {name: state[name] for name in ("score", "segment", "stage", "stage_since")}


class StateReader:
    """Reads states back. Equal texts and moments are one object in all that one reader returns."""

    def __init__(self) -> None:
        self._pairs: dict[tuple[str, str], tuple[Role, Cell]] = {}
        self._moments: dict[str, datetime] = {}

    def read(self, bodies: Sequence[str]) -> list[LeadHistory]:
        """Return the history that each of *bodies* tells of, in their order: one call to the parser for all."""
        return [
            LeadHistory(
                written=self._written(state["written"].items()),
                typed=tuple([Typed(_ROLES[role], untag(cell), to_moment(seen)) for role, cell, seen in state["typed"]]),
                stage=state["stage"],
                stage_since=self._moment(state["stage_since"]),
                segment=state["segment"],
                score=state["score"],
            )
            for state in json.loads(f"[{','.join(bodies)}]")
        ]

    def _written(self, cells: Iterable[tuple[str, Json]]) -> tuple[tuple[Role, Cell], ...]:
        pairs = self._pairs
        written = []
        for role, cell in cells:
            # Texts only: a number is small, and 1 and True must stay what they are.
            pair = pairs.get((role, cell)) if isinstance(cell, str) else None
            if pair is None:
                pair = (_ROLES[role], untag(cell))
                if isinstance(cell, str) and len(pairs) < _MOST_SHARED:
                    pairs[role, cell] = pair
            written.append(pair)
        return tuple(written)

    def _moment(self, text: str) -> datetime:
        moment = self._moments.get(text)
        if moment is None:
            moment = self._moments[text] = to_moment(text)
        return moment
