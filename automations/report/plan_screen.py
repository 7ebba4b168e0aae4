"""The screen of `plan`: what would happen, in the order in which people ask."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from automations.core.leads import Cell, Columns, LeadKey, Role
from automations.core.plan import Hold, HoldKind, Plan, RowUpdate, Send
from automations.core.schedules import say_day, say_when
from automations.report.text import SCREEN_WIDTH, count, listed, pad, plain, say_cell, table, width_of, wrapped

FEW = 10
"""How many lines of one kind are shown unless all are asked for."""

_MOST_TELLING = (Role.SEGMENT, Role.STAGE, Role.STATUS, Role.SCORE, Role.NEXT_STEP, Role.WHY)
_LABEL = 11
_ROW_WIDTH, _LEAD_WIDTH, _CHANGE_WIDTH = 7, 22, 26
_HELD_WIDTH = 24
_EMPTY: tuple[Cell, ...] = (None, "")


class Paper(NamedTuple):
    """What a plan is drawn on: *width* columns of a terminal (40 at least), and the command that shows all of it."""

    width: int = SCREEN_WIDTH
    show_all: str = "leadwright plan --all"

    def line(self, label: str, text: str) -> str:
        """Return words behind a label."""
        return label.ljust(_LABEL) + self.wrapped(text.split(" "), indent=_LABEL)

    def wrapped(self, parts: Iterable[str], *, indent: int, joint: str = " ") -> str:
        """Return parts on as many lines as they need."""
        whole = list(parts)
        if any(indent + width_of(part) > self.width for part in whole):
            whole, joint = joint.join(whole).split(" "), " "
        return wrapped(whole, indent=indent, joint=joint, width=self.width)

    def share(self, columns: int) -> int:
        """Return the share of this width that so many columns are of a whole screen's."""
        return columns * self.width // SCREEN_WIDTH

    def table(self, rows: Sequence[Sequence[str]], *, most: Sequence[int]) -> list[str]:
        """Return rows in columns, two spaces from the left edge."""
        return table(rows, most=most, width=self.width - 2)

    def more(self, number: int) -> list[str]:
        """Return the line that says how many lines are left out, if any are."""
        return [f"... {number} more: {self.show_all}"] if number > 0 else []


WHOLE_SCREEN = Paper()


class Shown(NamedTuple):
    """One line of the table of changes."""

    row: int
    lead: str
    change: str
    because: str


def plan_screen(
    plan: Plan, columns: Columns, zone: ZoneInfo, *, everything: bool = False, paper: Paper = WHOLE_SCREEN
) -> str:
    """Return what would happen, without the last line, which tells what to do next. *everything*: no line left out."""
    most = len(plan.updates) + len(plan.later) + len(plan.problems) + 1 if everything else FEW
    parts: tuple[list[str], ...] = (
        list(_head(plan, columns, paper)),
        _changes(plan, columns, most, paper),
        list(_emails(plan, zone, most, paper)),
        _held(plan, zone, paper) if everything else [],
        _tasks(plan, most, paper),
        _cannot_use(plan, most, paper),
    )
    return "\n\n".join("\n".join(part) for part in parts if part)


def summary(plan: Plan) -> str:
    """Return the plan in a few words: ``11 emails, 31 cells``.

    >>> from datetime import UTC, datetime
    >>> summary(Plan(datetime(2026, 11, 23, tzinfo=UTC), 12))
    'nothing to do'
    """
    parts = [
        count(len(found), noun)
        for noun, found in (("email", plan.sends), ("cell", plan.updates), ("task", plan.tasks))
        if found
    ]
    if plan.in_turn:
        parts.insert(1 if plan.sends else 0, f"{count(len(plan.in_turn), 'email')} in turn")
    return ", ".join(parts) or "nothing to do"


def _head(plan: Plan, columns: Columns, paper: Paper) -> Iterator[str]:
    unusable = plan.rows.get("problem", 0)
    bad = f", {unusable} cannot be used" if unusable else ""
    yield paper.line("Leads", f'{count(plan.leads_read, "row")} in "{plain(plan.sheet)}"{bad}')
    if plan.segments:
        spoken = [f"{name} {number}{_delta(delta)}" for name, (number, delta) in plan.segments.items()]
        yield "Segments".ljust(_LABEL) + paper.wrapped(spoken, indent=_LABEL, joint="   ")
    if not plan.updates:
        yield paper.line("Sheet", "nothing to write")
    else:
        rows = len({update.key for update in plan.updates})
        yield paper.line("Sheet", f"{count(len(plan.updates), 'cell')} in {count(rows, 'row')}")
        touched = {update.column for update in plan.updates}
        yield paper.line("", "columns " + ", ".join(header for _, header in columns.owned if header in touched))
    if plan.new_columns:
        yield paper.line("", f"new at the right end: {listed(map(plain, plan.new_columns))}")


def _delta(delta: int) -> str:
    return f" ({delta:+d})" if delta else ""


def _changes(plan: Plan, columns: Columns, most: int, paper: Paper) -> list[str]:
    lines = changed_leads(plan, columns)
    if not lines:
        return []
    rows = [("row", "lead", "change", "because"), *((str(r).rjust(3), *rest) for r, *rest in lines[:most])]
    shown = paper.table(rows, most=_widths(rows, paper))
    return ["  " + line for line in [*shown, *paper.more(len(lines) - most)]]


def _widths(rows: Sequence[Sequence[str]], paper: Paper) -> tuple[int, int, int]:
    """Return how wide row, lead and change may be: what no reason needs goes to the changes."""
    lead, change = paper.share(_LEAD_WIDTH), paper.share(_CHANGE_WIDTH)
    room = paper.width - 2 - _ROW_WIDTH - lead - 6
    return _ROW_WIDTH, lead, max(change, room - max(width_of(row[-1]) for row in rows))


def changed_leads(plan: Plan, columns: Columns) -> list[Shown]:
    """Return one line for each lead whose row changes, by row: the most telling change, and its reason."""
    by_key: dict[LeadKey, list[RowUpdate]] = defaultdict(list)
    for update in plan.updates:
        by_key[update.key].append(update)
    roles = {header: role for role, header in columns.owned}
    lines = [_shown(name_of(plan, key), updates, roles) for key, updates in by_key.items()]
    return sorted(lines)


def _shown(lead: str, updates: Sequence[RowUpdate], roles: Mapping[str, Role]) -> Shown:
    found = {roles[update.column]: update for update in updates if update.column in roles}
    telling = next((found[role] for role in _MOST_TELLING if role in found), updates[0])
    change = _change(telling)
    if telling.column not in (found[role].column for role in (Role.SEGMENT, Role.STAGE) if role in found):
        change = f"{plain(telling.column)}: {change}"
    if roles.get(telling.column) is Role.SEGMENT and Role.SCORE in found:
        change = f"{change} ({_change(found[Role.SCORE])})"
        telling = found[Role.SCORE]
    return Shown(updates[0].row, lead, change, plain(telling.because))


def _change(update: RowUpdate) -> str:
    if update.old in _EMPTY:
        return say_cell(update.new)
    return f"{say_cell(update.old)} -> {say_cell(update.new)}"


def name_of(plan: Plan, key: LeadKey) -> str:
    """Return what people call a lead of this plan."""
    return plain(plan.names.get(key, "") or key)


def _emails(plan: Plan, zone: ZoneInfo, most: int, paper: Paper) -> Iterator[str]:
    counts = [(len(plan.sends), "now"), (len(plan.later), "later"), (len(plan.holds), "held back")]
    spoken = ", ".join(f"{number} {word}" for number, word in counts if number)
    yield paper.line("Emails", spoken or "none now, none later")
    lines = [
        *_grouped(plan.sends, lambda _: "now"),
        *_grouped(plan.in_turn, lambda at: say_day(at, plan.made_at, zone), minutes=zone),
        *_grouped([send for send in plan.later if not send.promised], lambda at: say_day(at, plan.made_at, zone)),
    ]
    widths = (16, paper.share(12), paper.share(30))
    for line in [*paper.table(lines[:most], most=widths), *paper.more(len(lines) - most)]:
        yield f"  {line}"
    if plan.holds:
        kinds = Counter(hold.kind for hold in plan.holds)
        reasons = [f"{number} {kind.value}{_until(plan, kind, zone)}" for kind, number in kinds.most_common()]
        yield "  held back  " + paper.wrapped(reasons, indent=13, joint=" · ")


def _until(plan: Plan, kind: HoldKind, zone: ZoneInfo) -> str:
    """Return when emails that are held for one reason may go: the moment, or the first of several; "" when unknown."""
    moments = {hold.until for hold in plan.holds if hold.kind is kind}
    known = [moment for moment in moments if moment]
    later = " or later" if len(moments) > 1 else ""
    return f" until {say_when(min(known), plan.made_at, zone)}{later}" if known else ""


def _held(plan: Plan, zone: ZoneInfo, paper: Paper) -> list[str]:
    """Return every email that is held back, with its reason."""
    if not plan.holds:
        return []
    told = [(name_of(plan, hold.key), f"{hold.what}: {hold.why}{_end(hold, plan, zone)}") for hold in plan.holds]
    width = paper.share(_HELD_WIDTH)
    rows = [(pad(name, width), plain(why)) for name, why in told]
    return ["Held back", *(f"  {name}  " + paper.wrapped(why.split(" "), indent=width + 4) for name, why in rows)]


def _end(hold: Hold, plan: Plan, zone: ZoneInfo) -> str:
    return f", until {say_when(hold.until, plan.made_at, zone)}" if hold.until else ""


def _grouped(
    sends: Iterable[Send], day: Callable[[datetime], str], minutes: ZoneInfo | None = None
) -> list[tuple[str, str, str, str]]:
    """Return day, sender, step and number of leads for emails that have these in common, in order of time.

    With *minutes*, a zone, each line says from when to when its emails leave.
    """
    groups: defaultdict[tuple[str, str, str], list[datetime]] = defaultdict(list)
    for send in sorted(sends, key=lambda each: (each.at, each.sender, each.sequence, each.step)):
        groups[day(send.at), plain(send.sender), step_label(send.sequence, send.step)].append(send.at)
    return [
        (*group, count(len(times), "lead") + (_span(times, minutes) if minutes else ""))
        for group, times in groups.items()
    ]


def _span(times: Sequence[datetime], zone: ZoneInfo) -> str:
    first, last = (f"{moment.astimezone(zone):%H:%M}" for moment in (times[0], times[-1]))
    return f", {first}" if first == last else f", {first} to {last}"


def step_label(sequence: str, step: str) -> str:
    """Return how a step is shown: with its sequence, unless its own name tells that.

    >>> step_label("welcome", "welcome-1"), step_label("keep_warm", "newsletter-hello")
    ('welcome-1', 'keep_warm, newsletter-hello')
    """
    return step if step.startswith(sequence) else f"{sequence}, {step}"


def _tasks(plan: Plan, most: int, paper: Paper) -> list[str]:
    if not plan.tasks:
        return []
    lines = [(plain(task.owner) or "anyone", plain(task.text)) for task in plan.tasks]
    shown = [*paper.table(lines[:most], most=(12,)), *paper.more(len(lines) - most)]
    return [paper.line("Tasks", f"{count(len(lines), 'thing')} to do by hand"), *(f"  {line}" for line in shown)]


def _cannot_use(plan: Plan, most: int, paper: Paper) -> list[str]:
    if not plan.problems:
        return []
    lines = [paper.wrapped(plain(f"{each.where}: {each.what}").split(" "), indent=4) for each in plan.problems[:most]]
    return ["Cannot use", *(f"  {line}" for line in [*lines, *paper.more(len(plan.problems) - most)])]
