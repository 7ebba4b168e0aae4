"""Writing to leads whose rows move: look, write, compare, repair, and look again.

Google has no way to say "write this only if". So each request names, beside the cells it writes, the key cells of the
same rows, and gets back what they hold at that very moment: a write that hit another row, because somebody sorted or
inserted meanwhile, is seen at once. What was hit by mistake gets back what it held before; what was missed is written
where its lead is now. After a few rounds what is still open is named and left to the next run.

No request is ever repeated blindly: one without an answer is looked up like any other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from automations.core.books import header_identity
from automations.core.leads import Cell, CellChange, CellOutcome, KeyRule, LeadKey, WriteResult, WrittenCell
from automations.errors import SourceOutOfReach
from automations.sources.google.cells import Unwritable, to_json
from automations.sources.google.client import InDoubt, Json
from automations.sources.google.grid import Protection
from automations.sources.google.layout import Found, closes, lead_row
from automations.sources.google.repairs import (
    Work,
    add_repairs,
    compare,
    confirm_repairs,
    find_strays,
    lost_headers,
    remember,
    sent_of,
    value_at,
)
from automations.sources.google.strips import Chunk, Echo, Layout, Wanted, chunks_of, echo_of, request_of
from automations.sources.matching import LeadRow, Targets, find_targets, same_cell, settle

ROUNDS = 5
"""How often is looked and written before what is still open is left to the next run."""


class Place(NamedTuple):
    """The tab that is written: its number, and what in it is protected from us."""

    sheet_id: int
    protections: Sequence[Protection]


class Calls(Protocol):
    """What writing needs of the spreadsheet."""

    def look(self) -> tuple[Found, Place]:
        """Return where everything is now. Raises SourceOutOfReach."""
        ...

    def write_values(self, body: Json) -> Json:
        """Write cells, all or none, and return what stands in them. Raises InDoubt or SourceOutOfReach."""
        ...

    def wait_in_doubt(self) -> None:
        """Wait before a look at what became of a write. Raises GivenUp."""
        ...


def write_changes(
    changes: Sequence[CellChange], keys: KeyRule, calls: Calls, label: str, *, max_bytes: int
) -> WriteResult:
    """Write each change where its lead is now, or not at all, and return what became of it.

    Raises SourceOutOfReach when nothing could be written; GivenUp when Google had no time for us.
    """
    work = Work(changes, keys, label)
    for _ in range(ROUNDS):
        try:
            has_written = _one_round(work, calls, max_bytes)
        except SourceOutOfReach as error:
            if not any(cell.outcome is CellOutcome.WRITTEN for cell in work.done.values()):
                raise
            return _result(work, error.what)
        if work.is_finished() or not has_written:
            break
    return _result(work, "the sheet kept changing while we wrote")


def _one_round(work: Work, calls: Calls, max_bytes: int) -> bool:
    """Look, find out what the last round came to, and write what is open; return whether anything was sent."""
    found, place = calls.look()
    if lost := lost_headers(work, found):
        # Without its header a column cannot be told from any other: nothing else is done in this round.
        _send(work, found, _layout(found, place, {}), lost, {}, calls, max_bytes)
        return True
    targets = find_targets(work.label, found.headers, work.changes, work.keys)
    confirm_repairs(work, found, targets)
    clear = find_strays(work, found, targets)
    wanted = _open_changes(work, found, targets, place)
    for row, cells in clear.items():
        wanted.setdefault(row, {}).update(cells)
    add_repairs(work, found, targets, wanted)
    remember(work, found, targets)
    headers = {column: header for header, column in targets.columns.items()}
    _send(work, found, _layout(found, place, headers), wanted, headers, calls, max_bytes)
    return bool(wanted)


def _layout(found: Found, place: Place, headers: Mapping[int, str]) -> Layout:
    """Return where to write. A column that is protected in part goes by its place: all of it would be refused."""
    marks = {
        column: mark
        for column, mark in found.marks.items()
        if column in headers
        and header_identity(mark) == header_identity(headers[column])
        and list(found.marks.values()).count(mark) == 1
        and not any(closes(each, column) for each in place.protections)
    }
    return Layout(place.sheet_id, found.header, found.key_column, marks)


def _send(
    work: Work,
    found: Found,
    layout: Layout,
    wanted: Wanted,
    headers: Mapping[int, str],
    calls: Calls,
    max_bytes: int,
) -> None:
    """Write *wanted*, request by request, until one goes astray or gets no answer."""
    for chunk in chunks_of(wanted, layout, max_bytes):
        sent = sent_of(chunk, headers)
        try:
            echo = echo_of(calls.write_values(request_of(chunk, layout)), chunk, layout)
        except InDoubt:
            work.unsure += sent
            calls.wait_in_doubt()
            return
        if not headers:
            continue
        if not _is_in_place(found, layout, echo, chunk):
            # Columns or the header row have moved: what the rows hold now, only a new look can tell.
            work.unsure += sent
            return
        compare(work, found, sent, echo)
        if work.stray or work.orphans:
            # The rows have moved: what is left of this look would only go wrong, too.
            return


def _is_in_place(found: Found, layout: Layout, echo: Echo, chunk: Chunk) -> bool:
    """Return whether the header cells that a request relied on were where they were looked for."""
    relied_on = [layout.key_column, *(piece.column for piece in chunk if piece.column not in layout.marks)]
    return all(same_cell(echo.headers.get(column), value_at(found, layout.header, column)) for column in relied_on)


def _open_changes(work: Work, found: Found, targets: Targets, place: Place) -> dict[int, dict[int, Cell]]:
    """Return what is to be written now, by row and column; changes that need no writing are done."""
    rows = _lead_rows(work, found, targets, place)
    still = [(at, change) for at, change in enumerate(work.changes) if at not in work.done]
    asked = [_with_stray(work, found, targets, change) for _, change in still]
    wanted: defaultdict[int, dict[int, Cell]] = defaultdict(dict)
    work.tried = {}
    for (at, change), cell in zip(still, settle(asked, targets, rows), strict=True):
        settled = _checked(cell._replace(change=change))
        if settled.outcome is CellOutcome.WRITTEN and not same_cell(settled.found, change.new):
            wanted[settled.row - 1][targets.columns[change.header]] = change.new
            work.tried[at] = settled
        else:
            before = work.before.get((change.key, change.header), settled.found)
            is_ours = settled.outcome is CellOutcome.WRITTEN
            work.done[at] = settled._replace(found=before) if is_ours else settled
    return dict(wanted)


def _lead_rows(work: Work, found: Found, targets: Targets, place: Place) -> dict[LeadKey, Sequence[LeadRow]]:
    columns = tuple(targets.columns.values())
    keys = {change.key for at, change in enumerate(work.changes) if at not in work.done}
    return {
        key: [lead_row(found, at, columns, place.protections) for at in found.lead_rows[key]]
        for key in keys
        if key in found.lead_rows
    }


def _with_stray(work: Work, found: Found, targets: Targets, change: CellChange) -> CellChange:
    """Return a change that also takes a value of ours, which came here by mistake, for what was here before."""
    wrong = (change.key, change.header)
    rows = found.lead_rows.get(change.key, ())
    column = targets.columns.get(change.header)
    if wrong not in work.stray or len(rows) != 1 or column is None:
        return change
    # It stays a stray until an echo shows it gone: the write that puts it right can go astray, too.
    value = work.stray[wrong]
    return change._replace(old=value) if same_cell(value_at(found, rows[0], column), value) else change


def _checked(cell: WrittenCell) -> WrittenCell:
    if cell.outcome is CellOutcome.WRITTEN:
        try:
            to_json(cell.change.new)
        except Unwritable as err:
            return cell._replace(outcome=CellOutcome.REFUSED, detail=str(err))
    return cell


def _result(work: Work, why: str) -> WriteResult:
    """Return what became of every change; what is still open is refused, and stray values are named."""
    cells = tuple(
        work.done[at] if at in work.done else WrittenCell(change, CellOutcome.REFUSED, change.row, change.old, why)
        for at, change in enumerate(work.changes)
    )
    told = {(key, header, value) for (key, header), value in work.stray.items()} | work.unseen | work.suspects
    flagged = tuple(
        f'{header} of {key} may hold "{value}", which belongs to another lead: put it right'
        for key, header, value in sorted(told, key=str)
    )
    if work.orphans:
        flagged += (f"{len(work.orphans)} rows without {work.keys.header} may hold values of ours: clear them",)
    flagged += tuple(
        f'columns were moved while we wrote: "{header}" in row {row} holds a value of ours, put it right (Ctrl+Z)'
        for header, row in work.astray
    )
    return WriteResult(cells, notes=flagged)
