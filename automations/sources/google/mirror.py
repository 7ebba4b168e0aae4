"""``write: mirror``: our values stand in a tab of our own, and the team's tab shows them by formulas.

Nobody sorts a tab that only we write, so a value of ours is never on its way to a row that moves. What the team's tab
holds in our columns is one formula, the same in every row, that looks up the lead of its own row: it is right wherever
a sort takes it. The formula itself is put into a row by the same protocol as any value (`writing`): it could land on
something that a person typed in another row, which is then given back.

The tab is made by the first write that needs it. A lead gets its row there, with its key, the first time one of its
cells changes, and its formulas cell by cell, where the team's tab has none yet. What a person types over a formula is
a value like any other: it is read, and stays until the rules have something else to say there or somebody clears it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from automations.core.books import column_letters, header_identity
from automations.core.leads import Cell, CellChange, CellOutcome, KeyRule, LeadKey, WriteResult, WrittenCell
from automations.errors import SourceBusy
from automations.sources.google.calls import TabCalls
from automations.sources.google.cells import CellData, cell_reader, has_formula
from automations.sources.google.client import InDoubt, Json
from automations.sources.google.grid import Tab
from automations.sources.google.layout import FORMULA, NO_COLUMN, Found, Look, found_in, lead_row
from automations.sources.google.mirror_tab import KEY, Seen, Wish, missing_parts
from automations.sources.google.repairs import value_at
from automations.sources.google.tabs import RowOf, Tabs, Where, by_mark, mirror_mark, quoted
from automations.sources.google.writing import Place, write_changes
from automations.sources.matching import LeadRow, Targets, find_targets, settle

SHOWN = "\ue000shown"
"""Stands for the right formula of a column while a write is planned. The first sign means nothing to anybody."""
WRONG = "\ue000wrong"
"""Stands for a formula of ours that looks elsewhere: copied from another column, or left by a tab that is gone."""
ATTEMPTS = 5
"""How often both tabs are looked at before ours is there: made, with columns, with rows, and one answer lost."""
_OURS = re.compile(r"=XLOOKUP\(INDEX\(", re.IGNORECASE)
_FREE = re.compile(r"[\s$']")


def is_ours(data: CellData) -> bool:
    """Return whether a cell has a formula of ours."""
    return bool(_OURS.match((data.get("userEnteredValue") or {}).get("formulaValue") or ""))


def shown_rows() -> RowOf:
    """Return what reads a row of the team's tab. An error that a formula of ours shows is none: our tab is gone."""
    read = cell_reader()

    def row_of(row: Mapping[str, Any]) -> list[Cell]:
        cells = [
            None if "errorValue" in (each.get("effectiveValue") or ()) and is_ours(each) else read(each)
            for each in row.get("values") or ()
        ]
        while cells and cells[-1] is None:
            cells.pop()
        return cells

    return row_of


def entered_rows() -> RowOf:
    """Return what looks at a row of the team's tab: a formula of ours is looked at itself, not what it shows."""
    read = cell_reader()

    def look(data: CellData) -> Look:
        if is_ours(data):
            return Look(data["userEnteredValue"]["formulaValue"], is_formula=True)
        return Look(read(data), has_formula(data))

    return lambda row: [look(each) for each in row.get("values") or ()]


def formula(key_column: int, title: str, column: int) -> str:
    """Return what shows a column of our tab in any row of the team's. Semicolons are understood in every locale.

    >>> print(formula(0, "Leads (leadwright)", 2))
    =XLOOKUP(INDEX($A:$A;ROW());'Leads (leadwright)'!$A:$A;'Leads (leadwright)'!$C:$C;"")
    """
    ours, here = quoted(title), column_letters(key_column + 1)
    there = column_letters(column + 1)
    return f'=XLOOKUP(INDEX(${here}:${here};ROW());{ours}!$A:$A;{ours}!${there}:${there};"")'


def _same_formula(one: str, other: str) -> bool:
    """Return whether two formulas are one: Google writes separators and quotes as the sheet's locale has them."""
    return _FREE.sub("", one).replace(";", ",").casefold() == _FREE.sub("", other).replace(";", ",").casefold()


def with_formulas(found: Found, formulas: Mapping[int, str]) -> Found:
    """Return a look in which the right formula of ours is SHOWN, and one that looks elsewhere is WRONG."""

    def seen(column: int, look: Look) -> Look:
        if not look.is_formula or not isinstance(look.value, str) or not _OURS.match(look.value):
            return look
        is_right = column in formulas and _same_formula(look.value, formulas[column])
        return Look(SHOWN if is_right else WRONG, is_formula=False)

    rows = {at: {column: seen(column, look) for column, look in cells.items()} for at, cells in found.rows.items()}
    return found._replace(rows=rows)


class _Ready(NamedTuple):
    """One look at both tabs once ours has all it needs. *formulas* are by column of the *team*'s tab."""

    team: Found
    place: Place
    tab: Tab
    mirror: Found
    formulas: Mapping[int, str]


class _Mirror:
    """Both tabs, as far as some changes are concerned."""

    def __init__(self, calls: TabCalls, changes: Sequence[CellChange], keys: KeyRule, protection: Json | None) -> None:
        self.calls = calls
        self.keys = KeyRule(KEY, keys.key_of)
        self._wish = Wish(
            tuple(dict.fromkeys(change.header for change in changes)), {change.key for change in changes}, protection
        )

    def ready(self) -> _Ready:
        """Return a look at both tabs, in one call when ours has a column for each header and a row for each lead.

        What is missing is made. Raises SourceBusy when Google does not say whether it was.
        """
        client = self.calls.tabs.client
        for _ in range(ATTEMPTS):
            seen = self._look()
            missing = list(missing_parts(seen, self._wish))
            if not missing and seen.tab is not None and seen.mirror is not None:
                formulas = _formulas(seen.team, seen.tab, seen.mirror)
                team, place = (
                    with_formulas(seen.team, formulas),
                    Place(seen.asked.tab.sheet_id, seen.asked.tab.protections),
                )
                return _Ready(team, place, seen.tab, seen.mirror, formulas)
            try:
                for requests in missing:
                    client.change(requests)
            except InDoubt:
                client.wait_in_doubt()
        raise SourceBusy("Google does not say whether our own tab was made. What we would write waits.")

    def _look(self) -> Seen:
        mark = mirror_mark(self.calls.tabs.sheet_id)
        team, asked = self.calls.look_at(entered_rows, [by_mark(mark)])
        tab = asked.marked(mark)
        mirror = found_in(tab, self.keys, [KEY, *self._wish.headers]) if tab is not None else None
        return Seen(team, asked, tab, mirror)

    def own_calls(self, ready: _Ready) -> _OwnCalls:
        """Return the calls on our own tab, which was looked at a moment ago."""
        tabs = Tabs(self.calls.tabs.client, Where(None, ready.tab.sheet_id))
        calls = TabCalls(tabs, (), self.keys, [KEY, *self._wish.headers])
        return _OwnCalls(calls, (ready.mirror, Place(ready.tab.sheet_id, ready.tab.protections)))


def _formulas(team: Found, tab: Tab, mirror: Found) -> dict[int, str]:
    """Return the formula of every column of the team's tab that our tab has a column for."""
    there = {header_identity(header): at for at, header in mirror.headers.items()}
    return {
        at: formula(team.key_column, tab.title, there[header_identity(header)])
        for at, header in team.headers.items()
        if team.key_column != NO_COLUMN and header_identity(header) in there
    }


class _OwnCalls:
    """`writing.Calls` on our own tab. *seen* is a look that was taken a moment ago: nobody else writes there."""

    def __init__(self, calls: TabCalls, seen: tuple[Found, Place]) -> None:
        self._calls = calls
        self._seen: tuple[Found, Place] | None = seen
        self.write_values = calls.write_values
        self.wait_in_doubt = calls.wait_in_doubt

    def look(self) -> tuple[Found, Place]:
        """Return where everything is."""
        seen, self._seen = self._seen, None
        return seen or self._calls.look()


class _FormulaCalls:
    """`writing.Calls` that put formulas where SHOWN is to be written, into the team's tab."""

    def __init__(self, mirror: _Mirror) -> None:
        self._mirror = mirror
        self._formulas: dict[int | str, str] = {}
        self.wait_in_doubt = mirror.calls.wait_in_doubt

    def look(self) -> tuple[Found, Place]:
        """Return where everything is."""
        ready = self._mirror.ready()
        self._formulas.clear()
        for at, text in ready.formulas.items():
            self._formulas[at] = text
        marks = ready.team.marks.items()
        self._formulas.update((mark, ready.formulas[at]) for at, mark in marks if at in ready.formulas)
        return ready.team, ready.place

    def write_values(self, body: Json) -> Json:
        """Write cells as a person would; the echo says SHOWN where a formula was written."""
        planned = {_named(each["dataFilter"]): each for each in body["data"]}
        data = [_typed(each, self._formulas.get(_named(each["dataFilter"])[0])) for each in body["data"]]
        answer = self._mirror.calls.write_values({**body, "valueInputOption": "USER_ENTERED", "data": data})
        responses = answer.get("responses")
        echoes = [_as_planned(each, planned) for each in responses] if isinstance(responses, list) else []
        return {**answer, "responses": echoes}


def _named(where: Json) -> tuple[int | str, int]:
    """Return the column of a range, or its mark, and the first row."""
    area = where.get("gridRange")
    if area is None:
        return str((where.get("developerMetadataLookup") or {}).get("metadataValue")), 0
    return int(area.get("startColumnIndex") or 0), int(area.get("startRowIndex") or 0)


def _typed(part: Json, its_formula: str | None) -> Json:
    """Return a range with formulas for SHOWN, and texts with the sign that keeps Google from guessing what they are."""

    def typed(value: object) -> object:
        if value in {SHOWN, WRONG}:
            return its_formula
        return f"'{value}" if isinstance(value, str) and value else value

    return {**part, "values": [[typed(value) for value in line] for line in part["values"]]}


def _as_planned(echo: Json, planned: Mapping[tuple[int | str, int], Json]) -> Json:
    """Return an echo that says what was sent, where that was formulas: a request is done as a whole or not at all.

    What a formula shows says nothing of where it stands; the key cells beside it do.
    """
    part = planned.get(_named(echo.get("dataFilter") or {}))
    if part is None or all(value is None for line in part["values"] for value in line):
        return echo
    data = echo.get("updatedData") or {}
    values = {"majorDimension": part.get("majorDimension", "ROWS"), "values": part["values"]}
    return {**echo, "updatedData": {**data, **values}}


def write_mirrored(
    changes: Sequence[CellChange],
    keys: KeyRule,
    calls: TabCalls,
    label: str,
    *,
    protection: Json | None,
    max_bytes: int,
) -> WriteResult:
    """Write each change into our own tab, and a formula where the team's tab does not show it yet.

    Returns what became of each, by what the team's tab holds: a lead that is gone or there twice, what somebody typed
    since it was read. Raises as `write_changes` does.
    """
    mirror = _Mirror(calls, changes, keys, protection)
    ready = mirror.ready()
    targets = find_targets(label, ready.team.headers, changes, keys)
    settled = settle(changes, targets, _rows(ready, targets, changes))
    going = [at for at, cell in enumerate(settled) if cell.outcome is CellOutcome.WRITTEN]
    values = [changes[at]._replace(old=_ours(ready, changes[at])) for at in going]
    written = write_changes(values, mirror.keys, mirror.own_calls(ready), f"{label} our own tab", max_bytes=max_bytes)
    ended = dict(zip(going, written.cells, strict=True))
    bare = [
        at for at in going if ended[at].outcome is CellOutcome.WRITTEN and not _is_shown(ready, targets, settled[at])
    ]
    formulas = [changes[at]._replace(old=_stands(ready, targets, settled[at]), new=SHOWN) for at in bare]
    notes = written.notes
    if formulas:
        # What stands for a formula while it is planned is a twelfth as long, at least, as what is sent.
        shown = write_changes(formulas, keys, _FormulaCalls(mirror), label, max_bytes=max_bytes // 12)
        ended.update(zip(bare, shown.cells, strict=True))
        notes += tuple(note.replace(SHOWN, "a formula of ours") for note in shown.notes)
    cells = tuple(_told(settled[at], ended.get(at)) for at in range(len(changes)))
    return WriteResult(cells, notes=notes)


def _told(settled: WrittenCell, ended: WrittenCell | None) -> WrittenCell:
    """Return how a change ended, in the terms of the team's tab."""
    if ended is None or ended.outcome is CellOutcome.WRITTEN:
        return settled
    return settled._replace(outcome=ended.outcome, detail=ended.detail)


def _rows(ready: _Ready, targets: Targets, changes: Collection[CellChange]) -> dict[LeadKey, Sequence[LeadRow]]:
    """Return what leads hold in the team's tab as a person sees it: what a formula of ours shows stands in our tab."""
    columns, olds = targets.columns, {(change.key, change.header): change.old for change in changes}
    rows: dict[LeadKey, Sequence[LeadRow]] = {}
    for key in {change.key for change in changes} & ready.team.lead_rows.keys():
        found = [
            lead_row(ready.team, at, columns.values(), ready.place.protections) for at in ready.team.lead_rows[key]
        ]
        rows[key] = [_seen(ready, columns, olds, key, each) for each in found]
    return rows


def _seen(
    ready: _Ready, columns: Mapping[str, int], olds: Mapping[tuple[LeadKey, str], Cell], key: LeadKey, row: LeadRow
) -> LeadRow:
    values = dict(row.values)
    # What is protected in the team's tab may still change in ours, where it already shows that.
    forbidden = {at: why for at, why in row.forbidden.items() if why == FORMULA or values[at] != SHOWN}
    for header, at in columns.items():
        if values[at] == SHOWN:
            values[at] = _in_mirror(ready, key, header)
        elif values[at] == WRONG:
            values[at] = olds.get((key, header))
    return LeadRow(row.row, values, forbidden)


def _in_mirror(ready: _Ready, key: LeadKey, header: str) -> Cell:
    mirror = ready.mirror
    rows = mirror.lead_rows.get(key, ())
    column = next((at for at, each in mirror.headers.items() if header_identity(each) == header_identity(header)), None)
    return value_at(mirror, rows[0], column) if rows and column is not None else None


def _ours(ready: _Ready, change: CellChange) -> Cell:
    return _in_mirror(ready, change.key, change.header)


def _stands(ready: _Ready, targets: Targets, cell: WrittenCell) -> Cell:
    return value_at(ready.team, cell.row - 1, targets.columns[cell.change.header])


def _is_shown(ready: _Ready, targets: Targets, cell: WrittenCell) -> bool:
    return _stands(ready, targets, cell) == SHOWN
