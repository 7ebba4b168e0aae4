"""What came back: a line for a run, a screen and JSON for a look into the mailboxes."""

# ruff: noqa: D102 - the protocol names what is asked of a value that is described where it is made

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

from automations.core.effects import CameBack
from automations.report.text import count, listed, plain, table

_FEW = 20
_MANY = {"reply": "replies", "delivery failure": "delivery failures", "out of office": "out of office"}


class HeardResult(Protocol):
    """What this module asks of a look into the mailboxes (`listening.Heard`)."""

    @property
    def came_back(self) -> tuple[CameBack, ...]: ...
    @property
    def run(self) -> str: ...
    @property
    def cells_written(self) -> int: ...
    @property
    def cells_skipped(self) -> int: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def exit_code(self) -> int: ...


def say_came_back(mails: Sequence[CameBack]) -> str:
    """Return how many of each kind came back: ``2 replies, 1 delivery failure``; "" for nothing."""
    kinds = Counter(mail.kind for mail in mails)
    return ", ".join(count(number, kind, _MANY.get(kind, "")) for kind, number in kinds.most_common())


def heard_screen(heard: HeardResult) -> str:
    """Return what came back and what it did, for a person."""
    if not heard.came_back:
        return "\n".join(["Nothing new came back.", *map(plain, heard.notes)])
    rows = [(mail.kind, plain(mail.lead or mail.sender), _did(mail)) for mail in heard.came_back[:_FEW]]
    lines = [f"Came back: {say_came_back(heard.came_back)}"]
    lines += ["  " + line for line in table(rows, most=(18, 28, 60), width=78)]
    if len(heard.came_back) > _FEW:
        lines.append(f"  ... {len(heard.came_back) - _FEW} more: leadwright history LEAD")
    if heard.cells_written:
        lines.append(f"{count(heard.cells_written, 'cell')} of the sheet brought up to date.")
    return "\n".join([*lines, *map(plain, heard.notes)])


def _did(mail: CameBack) -> str:
    """Return what follows from a mail, in a few words."""
    what = []
    if mail.signal is not None:
        what.append(plain(mail.signal.detail) or mail.signal.kind.value)
    if mail.suppress:
        what.append(f"nothing more goes to {listed(address for address, _ in mail.suppress)}")
    if not mail.lead:
        what.append("not from a lead")
    return "; ".join(what) or plain(mail.because)


def heard_to_json(heard: HeardResult) -> dict[str, Any]:
    """Return the same for a program."""
    return {
        "run": heard.run or None,
        "came_back": [came_back_to_json(mail) for mail in heard.came_back],
        "cells_written": heard.cells_written,
        "cells_skipped": heard.cells_skipped,
        "notes": list(heard.notes),
        "exit_code": heard.exit_code,
    }


def came_back_to_json(mail: CameBack) -> dict[str, Any]:
    """Return one mail; what does not apply is null."""
    return {
        "kind": mail.kind,
        "at": mail.at.isoformat(),
        "from": mail.sender or None,
        "key": mail.lead or None,
        "message": mail.message or None,
        "matched_by": mail.matched_by or None,
        "because": mail.because,
        "new_text": mail.new_text or None,
        "suppressed": [address for address, _ in mail.suppress],
        "until": mail.signal.until.isoformat() if mail.signal and mail.signal.until else None,
        "says": mail.signal.says or None if mail.signal else None,
    }
