"""The screen of `explain`: why a lead has its score, segment and stage, and why it got an email or did not."""

# ruff: noqa: D102 - the protocol names what is asked of a value that is described where it is made

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from automations.core.absences import FAILURES_TO_HOLD, failures_in_a_row
from automations.core.history import LeadHistory, MessageState, Signal, SignalKind
from automations.core.leads import Lead, Role
from automations.core.plan import Hold, HoldKind, Move, MoveKind, Send, Task
from automations.core.policy import Policy
from automations.core.rules import Qualification
from automations.core.schedules import say_date, say_day, say_when
from automations.core.traces import Finding, ScoringTrace, Trace
from automations.report.plan_screen import step_label
from automations.report.text import SCREEN_WIDTH, cut, pad, plain, say_cell, width_of, wrapped

_LABEL = 9
_RULE_WIDTH = 36
_VALUE_WIDTH = 15


class LeadView(Protocol):
    """What this module asks of a look at one lead (`looking.LeadView`)."""

    @property
    def lead(self) -> Lead: ...
    @property
    def name(self) -> str: ...
    @property
    def qualification(self) -> Qualification: ...
    @property
    def trace(self) -> Trace: ...
    @property
    def history(self) -> LeadHistory: ...
    @property
    def sends(self) -> tuple[Send, ...]: ...
    @property
    def later(self) -> tuple[Send, ...]: ...
    @property
    def holds(self) -> tuple[Hold, ...]: ...
    @property
    def tasks(self) -> tuple[Task, ...]: ...
    @property
    def moves(self) -> tuple[Move, ...]: ...


class Moment(NamedTuple):
    """When a question is asked, and in which zone it is answered."""

    now: datetime
    zone: ZoneInfo

    def say(self, moment: datetime) -> str:
        """Return a moment in words."""
        return say_when(moment, self.now, self.zone)

    def iso(self, moment: datetime | None) -> str | None:
        """Return a moment for a program."""
        return moment.astimezone(self.zone).isoformat() if moment else None


def lead_screen(view: LeadView, policy: Policy, now: datetime) -> str:
    """Return all that is to say about one lead."""
    moment = Moment(now, policy.business.zone)
    return "\n".join(
        [
            *_head(view),
            *_scoring(view, now.astimezone(moment.zone).date()),
            *_labelled("Stage", [stage_because(view, policy)]),
            *_labelled("Emails", _emails(view, moment)),
            *_labelled("Next", _next(view, moment)),
        ]
    )


def _head(view: LeadView) -> Iterator[str]:
    found = view.qualification
    chosen = next((each.found for each in view.trace.segments if each.name == found.segment), None)
    why = f" ({plain(chosen.text)})" if chosen else ""
    who = f"{plain(view.name)}, row {view.lead.row}"
    what = f"{found.segment or 'no segment'}, {say_cell(found.score)} points{why}"
    space = SCREEN_WIDTH - width_of(who) - width_of(what)
    yield who + " " * space + what if space > 1 else f"{who}\n{what}"


def _scoring(view: LeadView, today: date) -> Iterator[str]:
    given = [rule for rule in view.trace.scoring if rule.points]
    others = [rule for rule in view.trace.scoring if not rule.points]
    for rule in given:
        yield from _rule_lines(rule)
        if rule.found.ends:
            yield f"       until {say_date(rule.found.ends, today)}"
    for reason in view.trace.capped:
        yield f"{reason.points:+5}  the group {plain(reason.group)} gives no more than its limit"
    for rule in others:
        yield from _rule_lines(rule)
        begins = f" from {say_date(rule.found.begins, today)} on" if rule.found.begins else ""
        yield f"       would {'take' if rule.possible < 0 else 'add'} {abs(rule.possible)}{begins}"
    if Role.SCORE in {typed.role for typed in view.history.typed}:
        yield "       somebody typed the score; that wins"


def _rule_lines(rule: ScoringTrace) -> Iterator[str]:
    """Yield a rule with its points, the values it asked about and its place; its own words are never cut."""
    points = f"{rule.points:+}" if rule.points else "0"
    text, *more = wrapped(plain(rule.found.text).split(" "), indent=0, width=_RULE_WIDTH).splitlines()
    found = f"{pad(text, _RULE_WIDTH)}  {pad(_values(rule.found), _VALUE_WIDTH)}  {rule.found.where}"
    yield f"{points:>5}  {found}".rstrip()
    yield from (f"       {line}" for line in more)


def _values(found: Finding) -> str:
    return cut(", ".join(say_cell(value) for _, value in found.asked), _VALUE_WIDTH)


def stage_because(view: LeadView, policy: Policy) -> str:
    """Return which stage a lead stands in, and who put it there."""
    found = view.qualification
    if not found.stage:
        return "stages are not used"
    if Role.STAGE in {typed.role for typed in view.history.typed}:
        return f"{found.stage}: somebody typed it; no rule moves it"
    if found.moved_by is not None:
        rule = policy.rules.stage_rules[found.moved_by].when
        return f"{found.stage}: {plain(rule.text)} ({rule.where})"
    return f"{found.stage}: no rule moves it now"


def _labelled(label: str, lines: list[str]) -> Iterator[str]:
    for line in lines:
        yield label.ljust(_LABEL) + wrapped(line.split(" "), indent=_LABEL)
        label = ""


_STATES = {
    MessageState.RESERVED: "ready, goes with the next run",
    MessageState.HANDING_OVER: "on its way since",
    MessageState.ACCEPTED: "sent",
    MessageState.DEFERRED: "put off by the receiving server",
    MessageState.REFUSED: "refused by the receiving server",
    MessageState.IN_DOUBT: "in doubt since",
    MessageState.DROPPED: "dropped",
}


def _emails(view: LeadView, moment: Moment) -> list[str]:
    sent = [
        f"{step_label(each.sequence, each.step)} {_STATES[each.state]} {moment.say(each.at)}"
        + (f": {plain(each.reply)}" if each.reply and each.state is not MessageState.ACCEPTED else "")
        for each in view.history.messages
    ]
    signals = [_came_back(each, view.history, moment) for each in view.history.signals]
    stopped = [
        f"{each.sequence} {each.state.value}: {plain(each.why)}" for each in view.history.enrollments if each.why
    ]
    stops = [f"{each.sequence} stops: {plain(each.why)}" for each in view.moves if each.kind is MoveKind.STOP]
    held = [_held(each, moment) for each in view.holds]
    return [*sent, *signals, *stopped, *stops, *held] or ["none yet"]


_CAME_BACK = {
    SignalKind.REPLIED: "replied",
    SignalKind.BOUNCED: "address does not exist, known",
    SignalKind.UNSUBSCRIBED: "unsubscribed",
    SignalKind.COMPLAINED: "marked an email as spam",
    SignalKind.FAILED: "came back",
}


def _came_back(signal: Signal, known: LeadHistory, moment: Moment) -> str:
    """Return what a lead, or the server behind its address, let us know, and what that counts for."""
    detail = f": {plain(signal.detail)}" if signal.detail else ""
    if signal.kind is SignalKind.ABSENT and signal.until:
        return f"out of office until {moment.say(signal.until)}, heard {moment.say(signal.at)}{detail}"
    said = f" ({signal.says})" if signal.says else ""
    in_a_row = failures_in_a_row(known)
    if in_a_row and signal is in_a_row[0]:
        detail += f" ({len(in_a_row)} of {FAILURES_TO_HOLD} in a row that hold)"
    return f"{_CAME_BACK.get(signal.kind, signal.kind.value)} {moment.say(signal.at)}{said}{detail}"


def _held(hold: Hold, moment: Moment) -> str:
    until = f", until {moment.say(hold.until)}" if hold.until else ""
    label = step_label(*_step_of(hold))
    if hold.kind is HoldKind.SUPPRESSED:
        return f"{label} does not leave: {plain(hold.why)}"
    return f"{label} is due, held: {plain(hold.why)}{until}"


def _step_of(hold: Hold) -> tuple[str, str]:
    sequence, _, step = hold.what.rpartition(", ")
    return sequence, step


def _next(view: LeadView, moment: Moment) -> list[str]:
    now = [
        f'{step_label(each.sequence, each.step)} goes with the next run: "{plain(each.subject)}"' for each in view.sends
    ]
    tasks = [f"{plain(each.owner) or 'anyone'}: {plain(each.text)}" for each in view.tasks]
    dated = [(each.until, step_label(*_step_of(each))) for each in view.holds if each.until]
    dated += [(each.at, step_label(each.sequence, each.step)) for each in view.later]
    later = [f"{label} on {say_day(at, moment.now, moment.zone)}" for at, label in sorted(dated)]
    return [*now, *tasks, *later] or ["nothing planned"]


def lead_to_json(view: LeadView, policy: Policy, now: datetime) -> dict[str, Any]:
    """Return all that is to say about one lead, for a program."""
    moment = Moment(now, policy.business.zone)
    found = view.qualification
    return {
        "key": view.lead.key,
        "name": view.name,
        "row": view.lead.row,
        "score": found.score,
        "segment": found.segment,
        "stage": found.stage,
        "reasons": [_reason(rule) for rule in view.trace.scoring if rule.points] + _capped(view),
        "others": [
            {**_reason(rule), "possible": rule.possible, "lacking": list(rule.found.lacking)}
            for rule in view.trace.scoring
            if not rule.points
        ],
        "stage_because": stage_because(view, policy),
        "emails": _emails_json(view, moment),
        "came_back": [_signal_json(each, moment) for each in view.history.signals],
        "next": _next_json(view, moment),
    }


def _reason(rule: ScoringTrace) -> dict[str, Any]:
    return {
        "points": rule.points,
        "rule": rule.found.text,
        "because": rule.because,
        "value": _json_value(rule.found),
        "where": rule.found.where,
        "ends": rule.found.ends.isoformat() if rule.found.ends else None,
    }


def _json_value(found: Finding) -> Any:  # noqa: ANN401 - any value a field may hold
    values = {name: value.isoformat() if isinstance(value, date) else value for name, value in found.asked}
    return next(iter(values.values())) if len(values) == 1 else values


def _capped(view: LeadView) -> list[dict[str, Any]]:
    return [
        {"points": each.points, "rule": f"limit of {each.group}", "because": "", "value": None, "where": ""}
        for each in view.trace.capped
    ]


def _emails_json(view: LeadView, moment: Moment) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = [
        {"sequence": each.sequence, "step": each.step, "state": each.state.value, "at": each.at, "why": each.reply}
        for each in view.history.messages
    ]
    held: list[dict[str, Any]] = [
        {"sequence": _step_of(each)[0], "step": _step_of(each)[1], "state": "held", "at": each.until, "why": each.why}
        for each in view.holds
    ]
    due: list[dict[str, Any]] = [
        {"sequence": each.sequence, "step": each.step, "state": "due", "at": each.at, "why": each.because}
        for each in view.sends
    ]
    return [{**each, "at": moment.iso(each["at"])} for each in (*told, *held, *due)]


def _signal_json(signal: Signal, moment: Moment) -> dict[str, Any]:
    return {
        "kind": signal.kind.value,
        "at": moment.iso(signal.at),
        "detail": signal.detail,
        "says": signal.says or None,
        "until": moment.iso(signal.until),
    }


def _next_json(view: LeadView, moment: Moment) -> list[dict[str, Any]]:
    emails = [
        {"what": "email", "sequence": each.sequence, "step": each.step, "at": moment.iso(each.at), "text": each.subject}
        for each in (*view.sends, *view.later)
    ]
    tasks = [
        {"what": "task", "sequence": each.sequence, "step": each.step, "at": moment.iso(each.due), "text": each.text}
        for each in view.tasks
    ]
    return [*emails, *tasks]
