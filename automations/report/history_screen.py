"""What is recorded: all that happened to one lead, and the last runs."""

# ruff: noqa: D102 - the protocols name what is asked of values that are described where they are made

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from automations.core.schedules import say_when
from automations.report.text import plain, say_cell, table

Fact = str | int | float | bool | None
Facts = Mapping[str, Fact]


class Entry(Protocol):
    """One thing that happened to a lead (`ledger.Entry`)."""

    @property
    def at(self) -> datetime: ...
    @property
    def kind(self) -> str: ...
    @property
    def facts(self) -> Facts: ...


class RunRecord(Protocol):
    """One execution (`ledger.RunRecord`)."""

    @property
    def run(self) -> str: ...
    @property
    def command(self) -> str: ...
    @property
    def started_at(self) -> datetime: ...
    @property
    def ended_at(self) -> datetime | None: ...
    @property
    def exit_code(self) -> int | None: ...


def history_screen(heading: str, entries: Sequence[Entry], zone: ZoneInfo, now: datetime) -> str:
    """Return all that happened to one lead, oldest first; *heading* says who it is."""
    rows = [
        (say_when(entry.at, now, zone), *_said(entry, zone, now))
        for place, entry in enumerate(entries)
        if not _is_overtaken(entry, entries[place + 1 :])
    ]
    body = table(rows, most=(22, 9)) or ["  nothing has happened yet"]
    return "\n".join([plain(heading), "", *body])


def history_to_json(key: str, entries: Sequence[Entry], zone: ZoneInfo) -> dict[str, Any]:
    """Return all that happened to one lead, for a program. An entry's own facts stand beside *at* and *kind*."""
    return {
        "key": key,
        "entries": [
            {**entry.facts, "at": entry.at.astimezone(zone).isoformat(), "kind": entry.kind} for entry in entries
        ],
    }


def runs_screen(runs: Sequence[RunRecord], zone: ZoneInfo, now: datetime) -> str:
    """Return the last runs, newest first."""
    if not runs:
        return "No run yet. To see what one would do:  leadwright plan"
    return "\n".join(
        table(
            [(each.run, each.command, say_when(each.started_at, now, zone), _ended(each)) for each in runs],
            most=(16, 12, 22),
        )
    )


def runs_to_json(runs: Sequence[RunRecord], zone: ZoneInfo) -> dict[str, Any]:
    """Return the last runs, for a program."""
    return {
        "runs": [
            {
                "run": each.run,
                "command": each.command,
                "started_at": each.started_at.astimezone(zone).isoformat(),
                "ended_at": each.ended_at.astimezone(zone).isoformat() if each.ended_at else None,
                "exit_code": each.exit_code,
            }
            for each in runs
        ]
    }


_ENDINGS = {
    0: "done",
    1: "done, but not all of it went well",
    2: "stopped: the configuration or a template",
    3: "stopped: the sheet, the mail server or the ledger was out of reach",
    4: "stopped by a limit",
    130: "interrupted",
}


def _ended(run: RunRecord) -> str:
    if run.ended_at is None or run.exit_code is None:
        return "not ended: it is at work, or it was cut off"
    return _ENDINGS.get(run.exit_code, f"ended with exit code {run.exit_code}")


_ON_THE_WAY = ("reserved", "handing over")


def _is_overtaken(entry: Entry, later: Sequence[Entry]) -> bool:
    """Return whether a message's state was only a step to a later one, which tells all that a person wants to know."""
    if entry.kind != "message" or entry.facts.get("state") not in _ON_THE_WAY:
        return False
    return any(each.kind == "message" and each.facts.get("message") == entry.facts.get("message") for each in later)


def _said(entry: Entry, zone: ZoneInfo, now: datetime) -> tuple[str, str]:
    label, say = _SAYINGS.get(entry.kind, (entry.kind, _all_facts))
    facts, until = entry.facts, entry.facts.get("until")
    if until:
        facts = {**facts, "until": say_when(datetime.fromisoformat(str(until)), now, zone)}
    return label, plain(say(facts))


def _message(facts: Facts) -> str:
    state = _STATES.get(str(facts["state"]), str(facts["state"]))
    subject = f': "{facts["subject"]}"' if facts.get("subject") else ""
    reply = f" ({facts['reply']})" if facts.get("reply") and facts["state"] != "accepted" else ""
    return f"{facts['step']} {state}{reply}{subject}"


_STATES = {
    "reserved": "ready to be sent",
    "handing over": "on its way",
    "accepted": "sent",
    "deferred": "put off by the receiving server",
    "refused": "refused by the receiving server",
    "in doubt": "in doubt: decide with  leadwright settle",
    "dropped": "dropped",
}


def _cell(facts: Facts) -> str:
    column, old, new = str(facts["column"]), say_cell(facts["old"]), say_cell(facts["new"])
    if facts["outcome"] == "written":
        return f"{column}: {old} -> {new}"
    detail = f" ({facts['detail']})" if facts.get("detail") else ""
    return f"{column} left alone: {facts['outcome']}, {say_cell(facts['found'])} stands there{detail}"


def _move(facts: Facts) -> str:
    what = _MOVES.get(str(facts["move"]), str(facts["move"]))
    step = f" {facts['step']}" if facts.get("step") else ""
    why = f": {facts['why']}" if facts.get("why") else ""
    return f"{what}{step} ({facts['sequence']}){why}"


_MOVES = {
    "start": "emails begin",
    "skip": "left out",
    "task": "task given out:",
    "finish": "emails are done",
    "stop": "emails stopped",
}


def _snapshot(facts: Facts) -> str:
    return f"{say_cell(facts['segment'])}, {say_cell(facts['score'])} points, stage {say_cell(facts['stage'])}"


def _signal(facts: Facts) -> str:
    kind, says, until = str(facts["signal"]), facts.get("says"), facts.get("until")
    said = _SIGNALS.get(kind, kind)
    more = f" until {until}" if until else f" ({says})" if says else ""
    return f"{said}{more}" + (f": {facts['detail']}" if facts.get("detail") else "")


_SIGNALS = {
    "absent": "out of office",
    "bounced": "address does not exist",
    "complained": "marked an email as spam",
    "failed": "an email came back",
}


def _incoming(facts: Facts) -> str:
    return f"{facts['kind']} from {facts['from']}: {facts['because']}"


def _suppression(facts: Facts) -> str:
    return f"{_SUPPRESSED[str(facts['what'])]} {facts['address']}: {facts['why']}"


_SUPPRESSED = {"suppress": "nothing may be sent to", "lift": "may be written to again:"}


def _all_facts(facts: Facts) -> str:
    return ", ".join(f"{name} {value}" for name, value in facts.items())


_SAYINGS: Mapping[str, tuple[str, Callable[[Facts], str]]] = {
    "message": ("email", _message),
    "cell": ("sheet", _cell),
    "move": ("step", _move),
    "snapshot": ("known", _snapshot),
    "signal": ("from them", _signal),
    "incoming": ("came back", _incoming),
    "suppression": ("stop", _suppression),
}
