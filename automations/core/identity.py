"""Whether a ledger is the one that worked here last: a copy of it, or an older one, would send everything again.

A ledger knows its own name, the machine and the file it lives in, and how many runs it has seen. A mark outside of it
remembers the same. Where they differ, nothing is sent until a person has looked (``leadwright adopt``).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class Home(NamedTuple):
    """Where a ledger lives: the id of the machine, and of the file; "" where there is nothing to tell them by."""

    machine: str = ""
    file: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a ledger says of itself: its name, its *epoch* (how many runs it knows), where it belongs and is."""

    ledger_id: str
    epoch: int
    made_at: datetime
    belongs: Home
    here: Home
    emails: int = 0
    """How many emails it knows of that have left, or may have."""


class Mark(NamedTuple):
    """What was last noted of a ledger outside of it; *where* is said to people: ``beside config.yaml``."""

    ledger_id: str
    epoch: int
    where: str = ""


def mark_to_text(mark: Mark) -> str:
    """Return a mark as it is stored."""
    note = "Made by leadwright. It tells a ledger from a copy or an old backup of it: leave it here."
    return json.dumps({"ledger": mark.ledger_id, "runs": mark.epoch, "note": note})


def text_to_mark(text: str, where: str) -> Mark | None:
    """Return the mark that *text* holds; None when it holds none: a mark that was damaged must not stop the work.

    >>> text_to_mark(mark_to_text(Mark("01J", 3)), "beside config.yaml")
    Mark(ledger_id='01J', epoch=3, where='beside config.yaml')
    """
    try:
        found = json.loads(text)
        return Mark(str(found["ledger"]), int(found["runs"]), where)
    except (ValueError, KeyError, TypeError):
        return None


def strange(identity: Identity, marks: Sequence[Mark]) -> tuple[str, ...]:
    """Return why this ledger may not be the one that sent the emails before, as sentences; nothing when it is."""
    found = []
    if _differ(identity.belongs.machine, identity.here.machine):
        found.append("It was last used on another machine.")
    elif _differ(identity.belongs.file, identity.here.file):
        found.append("Its file is a copy, or was put back from a backup.")
    for mark in marks:
        if mark.ledger_id != identity.ledger_id:
            found.append(f"Another ledger worked here before, which is gone (its name is kept {mark.where}).")
        elif mark.epoch > identity.epoch:
            found.append(f"It knows of {identity.epoch} runs, but there were {mark.epoch} (as is kept {mark.where}).")
    return tuple(dict.fromkeys(found))


def _differ(one: str, other: str) -> bool:
    return bool(one and other) and one != other
