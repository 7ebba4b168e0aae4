"""What one run did: its last screen, and its JSON."""

# ruff: noqa: D102 - the protocols name what is asked of values that are described where they are made

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, tzinfo
from typing import Any, Protocol

from automations.core.effects import CameBack
from automations.core.evidence import CutOff, Verdict
from automations.core.history import MessageRecord
from automations.core.plan import Plan
from automations.errors import Problem
from automations.report.heard_screen import came_back_to_json, say_came_back
from automations.report.plan_json import plan_id
from automations.report.text import count, plain, wrapped

_LABEL = 14
_FEW = 10


class Settled(Protocol):
    """What became of one email in doubt (`doubts.Settled`)."""

    @property
    def record(self) -> MessageRecord: ...
    @property
    def verdict(self) -> Verdict: ...
    @property
    def why(self) -> str: ...


class Aftermath(Protocol):
    """What a run found of the one before (`doubts.Aftermath`)."""

    @property
    def cut_off(self) -> CutOff | None: ...
    @property
    def recovered(self) -> tuple[MessageRecord, ...]: ...
    @property
    def settled(self) -> Sequence[Settled]: ...


class RunResult(Protocol):
    """What this module asks of a run's report (`runner.RunReport`)."""

    @property
    def run(self) -> str: ...
    @property
    def plan(self) -> Plan: ...
    @property
    def before(self) -> Aftermath: ...
    @property
    def came_back(self) -> tuple[CameBack, ...]: ...
    @property
    def accepted(self) -> int: ...
    @property
    def deferred(self) -> int: ...
    @property
    def refused(self) -> int: ...
    @property
    def in_doubt(self) -> int: ...
    @property
    def held(self) -> int: ...
    @property
    def cells_written(self) -> int: ...
    @property
    def cells_skipped(self) -> int: ...
    @property
    def backup(self) -> str: ...
    @property
    def problems(self) -> tuple[Problem, ...]: ...
    @property
    def notes(self) -> tuple[str, ...]: ...
    @property
    def seconds(self) -> float: ...
    @property
    def exit_code(self) -> int: ...


def run_screen(result: RunResult, *, where_to: str = "", zone: tzinfo = UTC) -> str:
    """Return what a run did, for a person. *where_to* says where its emails went, when not to their leads."""
    return "\n".join(
        [
            *_aftermath(result.before, zone),
            *_came_back(result),
            *_emails(result, where_to),
            *_sheet(result),
            *_tail(result),
        ]
    )


def run_to_json(result: RunResult) -> dict[str, Any]:
    """Return what a run did, for a program."""
    return {
        "run": result.run,
        "plan": plan_id(result.plan),
        "recovered": [
            {"key": each.lead_key, "to": each.address, "step": each.step, "message": each.key}
            for each in result.before.recovered
        ],
        "settled": [
            {"key": each.record.lead_key, "message": each.record.key, "verdict": each.verdict, "why": each.why}
            for each in result.before.settled
        ],
        "came_back": [came_back_to_json(mail) for mail in result.came_back],
        "accepted": result.accepted,
        "deferred": result.deferred,
        "refused": result.refused,
        "in_doubt": result.in_doubt,
        "held": result.held,
        "cells_written": result.cells_written,
        "cells_skipped": result.cells_skipped,
        "backup": result.backup or None,
        "problems": [{"where": each.where, "what": each.what, "fix": each.fix} for each in result.problems],
        "notes": list(result.notes),
        "seconds": round(result.seconds, 3),
        "exit_code": result.exit_code,
    }


def _aftermath(before: Aftermath, zone: tzinfo) -> Iterator[str]:
    """Yield what the run before left behind, and what became of it."""
    told = [*_certain(before, zone), *(_told(each) for each in before.settled if each.verdict is not Verdict.UNKNOWN)]
    unknown = [each for each in before.settled if each.verdict is Verdict.UNKNOWN]
    told += [f"{plain(each.record.address)}: {plain(each.why)}." for each in unknown if each.why]
    if unknown:
        who = ", ".join(plain(each.record.address) for each in unknown)
        told.append(f"Nobody can say yet whether the emails to these have left: {who}.")
        told.append("Decide with  leadwright settle  ; nothing more goes to them until then.")
    yield from (wrapped(text.split(" "), indent=0, joint=" ") for text in told)
    if told:
        yield ""


def _certain(before: Aftermath, zone: tzinfo) -> Iterator[str]:
    if before.cut_off is None:
        return
    stopped = before.cut_off.stopped_at.astimezone(zone)
    left = count(before.cut_off.accepted, "email")
    unsent = f"{before.cut_off.unsent} {'was' if before.cut_off.unsent == 1 else 'were'} not sent"
    doubt = len(before.recovered)
    in_doubt = f", {doubt} {'is' if doubt == 1 else 'are'} in doubt" if doubt else ""
    yield f"The last run stopped at {stopped:%a %H:%M}. {left} left for certain, {unsent}{in_doubt}."


_PROVEN = {Verdict.SENT: "Counted as sent.", Verdict.NOT_SENT: "It goes again, in the same words."}


def _told(settled: Settled) -> str:
    return f"{plain(settled.record.address)}: {plain(settled.why)}. {_PROVEN[settled.verdict]}"


def _came_back(result: RunResult) -> Iterator[str]:
    if result.came_back:
        yield _line("came back", say_came_back(result.came_back).split(", "))


def _emails(result: RunResult, where_to: str) -> Iterator[str]:
    accepted = f"{result.accepted} sent{where_to}" if result.accepted else ""
    told = (
        accepted,
        f"{result.deferred} put off by the receiving server (they stay due)" if result.deferred else "",
        f"{result.refused} refused by the receiving server" if result.refused else "",
        f"{result.in_doubt} in doubt: decide with  leadwright settle" if result.in_doubt else "",
        f"{result.held} held back" if result.held else "",
    )
    yield _line("emails", [text for text in told if text] or ["none were due"])


def _sheet(result: RunResult) -> Iterator[str]:
    told = [f"{count(result.cells_written, 'cell')} written" if result.cells_written else "nothing to write"]
    if result.cells_skipped:
        told = [f"{count(result.cells_written, 'cell')} written", f"{result.cells_skipped} left alone"]
    yield _line("sheet", told)
    if result.backup:
        yield _line("", f"a copy of it as it was: {plain(_near(result.backup))}".split(" "), joint=" ")


def _near(path: str) -> str:
    """Return a path as a person finds it from where they are: relative, where that is shorter."""
    return min(path, os.path.relpath(path), key=len)


def _tail(result: RunResult) -> Iterator[str]:
    for note in result.notes[:_FEW]:
        yield _line("", plain(note).split(" "), joint=" ")
    if len(result.notes) > _FEW:
        yield _line("", [f"... {len(result.notes) - _FEW} more: leadwright history LEAD"])
    if result.plan.tasks:
        yield _line(
            "tasks", [f"{count(len(result.plan.tasks), 'thing')} to do by hand", "under Next step in the sheet"]
        )
    unusable = result.plan.rows.get("problem", 0)
    if unusable:
        yield _line("cannot use", [f"{count(unusable, 'row')}: leadwright plan shows which, and what to do"])
    yield f"Done in {_span(result.seconds)}."


def _line(label: str, parts: Iterable[str], *, joint: str = ", ") -> str:
    return ("  " + label.ljust(_LABEL - 2)) + wrapped(parts, indent=_LABEL, joint=joint)


def _span(seconds: float) -> str:
    if seconds < 10:  # noqa: PLR2004 - tenths tell something only of a short time
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
