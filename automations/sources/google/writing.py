"""Writing to leads whose rows move: look, write, compare, repair, and look again.

Google has no way to say "write this only if". So each request names, beside the cells it writes, the key cells of the
same rows, and gets back what they hold at that very moment: a write that hit another row, because somebody sorted or
inserted meanwhile, is seen at once. What was hit by mistake gets back what it held before; what was missed is written
where its lead is now. After a few rounds what is still open is named and left to the next run.

No request is ever repeated blindly: one without an answer is looked up like any other.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol

from automations.core.leads import Cell, CellChange, CellOutcome, KeyRule, LeadKey, WriteResult, WrittenCell
from automations.errors import SourceOutOfReach
from automations.sources.google.cells import Unwritable, to_json
from automations.sources.google.client import InDoubt, Json
from automations.sources.google.grid import Protection
from automations.sources.google.layout import Found, lead_row
from automations.sources.google.strips import Chunk, EchoedRow, Wanted, chunks_of, echo_of, request_of
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


class Sent(NamedTuple):
    """What was sent to one row, by header."""

    row: int
    values: Mapping[str, Cell]


@dataclass
class _Work:
    """One write, as far as it is done.

    *before* is what every lead's cells held when we first looked. *stray* are values of ours that stand where they do
    not belong, by lead and header: they are nobody's typing. *orphans* are such values in rows without a key, and
    *unsure* is what was sent and got no answer.
    """

    changes: Sequence[CellChange]
    keys: KeyRule
    label: str
    done: dict[int, WrittenCell] = field(default_factory=dict)
    tried: dict[int, WrittenCell] = field(default_factory=dict)
    before: dict[tuple[LeadKey, str], Cell] = field(default_factory=dict)
    stray: dict[tuple[LeadKey, str], Cell] = field(default_factory=dict)
    orphans: list[Sent] = field(default_factory=list)
    unsure: list[Sent] = field(default_factory=list)

    def is_finished(self) -> bool:
        """Return whether nothing is left to do or to find out."""
        return len(self.done) == len(self.changes) and not (self.stray or self.orphans or self.unsure)

    def own(self, key: LeadKey, header: str) -> tuple[Cell, ...]:
        """Return the value that a lead got, or shall get, in this write; nothing when it gets none."""
        at = self.position.get((key, header))
        if at is None or (at in self.done and self.done[at].outcome is not CellOutcome.WRITTEN):
            return ()
        return (self.changes[at].new,)

    @cached_property
    def position(self) -> Mapping[tuple[LeadKey, str], int]:
        """Return where in the changes each cell's is."""
        return {(change.key, change.header): at for at, change in enumerate(self.changes)}


def write_changes(
    changes: Sequence[CellChange], keys: KeyRule, calls: Calls, label: str, *, max_bytes: int
) -> WriteResult:
    """Write each change where its lead is now, or not at all, and return what became of it.

    Raises SourceOutOfReach when nothing could be written; GivenUp when Google had no time for us.
    """
    work = _Work(changes, keys, label)
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


def _one_round(work: _Work, calls: Calls, max_bytes: int) -> bool:
    """Look, find out what the last round came to, and write what is open; return whether anything was sent."""
    found, place = calls.look()
    targets = find_targets(work.label, found.headers, work.changes, work.keys)
    _find_strays(work, found, targets)
    wanted = _open_changes(work, found, targets, place)
    _add_repairs(work, found, targets, wanted)
    _remember(work, found, targets)
    headers = {column: header for header, column in targets.columns.items()}
    for chunk in chunks_of(wanted, found.key_column, place.sheet_id, max_bytes):
        try:
            echo = echo_of(calls.write_values(request_of(chunk)), chunk, found.key_column)
        except InDoubt:
            work.unsure += _sent(chunk, wanted, headers)
            calls.wait_in_doubt()
            break
        _compare(work, found, wanted, echo, headers)
        if work.stray or work.orphans:
            # The rows have moved: what is left of this look would only go wrong, too.
            break
    return bool(wanted)


def _open_changes(work: _Work, found: Found, targets: Targets, place: Place) -> dict[int, dict[int, Cell]]:
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


def _lead_rows(work: _Work, found: Found, targets: Targets, place: Place) -> dict[LeadKey, Sequence[LeadRow]]:
    columns = tuple(targets.columns.values())
    keys = {change.key for at, change in enumerate(work.changes) if at not in work.done}
    return {
        key: [lead_row(found, at, columns, place.protections) for at in found.lead_rows[key]]
        for key in keys
        if key in found.lead_rows
    }


def _with_stray(work: _Work, found: Found, targets: Targets, change: CellChange) -> CellChange:
    """Return a change that also takes a value of ours, which came here by mistake, for what was here before."""
    wrong = (change.key, change.header)
    rows = found.lead_rows.get(change.key, ())
    column = targets.columns.get(change.header)
    if wrong not in work.stray or len(rows) != 1 or column is None:
        return change
    stands = _value(found, rows[0], column)
    # Taken out: written over, or no longer there, it needs no repair.
    value = work.stray.pop(wrong)
    return change._replace(old=value) if same_cell(stands, value) else change


def _checked(cell: WrittenCell) -> WrittenCell:
    if cell.outcome is CellOutcome.WRITTEN:
        try:
            to_json(cell.change.new)
        except Unwritable as err:
            return cell._replace(outcome=CellOutcome.REFUSED, detail=str(err))
    return cell


def _value(found: Found, row: int, column: int) -> Cell:
    look = found.rows[row].get(column)
    return look.value if look else None


def _remember(work: _Work, found: Found, targets: Targets) -> None:
    """Note what every lead holds, the first time it is seen: that is what a stray value has to make room for."""
    for key, rows in found.lead_rows.items():
        for header, column in targets.columns.items():
            if len(rows) == 1:
                work.before.setdefault((key, header), _value(found, rows[0], column))


def _compare(
    work: _Work, found: Found, wanted: Wanted, echo: Mapping[int, EchoedRow], headers: Mapping[int, str]
) -> None:
    """Note what a write hit: the leads it was meant for, other leads, or rows of nobody."""
    hit: dict[int, EchoedRow] = {}
    for row, echoed in echo.items():
        if row not in wanted:
            continue
        key = work.keys.key_of(echoed.key)
        if key == found.keys.get(row):
            hit[row] = echoed
            _note_repaired(work, key, row, echoed, headers)
        else:
            _note_stray(work, key, Sent(row, {headers[column]: new for column, new in wanted[row].items()}))
    columns = {header: column for column, header in headers.items()}
    for at, cell in list(work.tried.items()):
        there = hit.get(cell.row - 1)
        if there and same_cell(there.cells.get(columns[cell.change.header]), cell.change.new):
            work.done[at] = cell
            del work.tried[at]


def _note_repaired(work: _Work, key: LeadKey | None, row: int, echoed: EchoedRow, headers: Mapping[int, str]) -> None:
    """Forget strays that this write has put right."""
    if key is None:
        work.orphans = [each for each in work.orphans if each.row != row or any(echoed.cells.values())]
        return
    for column, value in echoed.cells.items():
        stray = (key, headers.get(column, ""))
        if stray in work.stray and not same_cell(work.stray[stray], value):
            del work.stray[stray]


def _note_stray(work: _Work, key: LeadKey | None, sent: Sent) -> None:
    if key is None:
        work.orphans.append(sent)
        return
    for header, value in sent.values.items():
        own = work.own(key, header)
        if not (own and same_cell(own[0], value)):
            work.stray[key, header] = value


def _sent(chunk: Chunk, wanted: Wanted, headers: Mapping[int, str]) -> list[Sent]:
    """Return what a request sent to each row."""
    rows = (row for strip in chunk.strips for row in range(strip.first_row, strip.end_row) if row in wanted)
    return [Sent(row, {headers[column]: value for column, value in wanted[row].items()}) for row in rows]


def _find_strays(work: _Work, found: Found, targets: Targets) -> None:
    """Find values of a write without an answer that stand in the row they were sent to, under another lead's key."""
    unsure, work.unsure = work.unsure, []
    for sent in unsure:
        if not _holds(found, sent.row, sent.values, targets):
            continue
        key = found.keys.get(sent.row)
        if key is None or any(
            not same_cell(work.before.get((key, header)), value) for header, value in sent.values.items()
        ):
            _note_stray(work, key, sent)


def _holds(found: Found, row: int, values: Mapping[str, Cell], targets: Targets) -> bool:
    """Return whether a row holds exactly what was sent to it."""
    return row in found.rows and all(
        header in targets.columns and same_cell(_value(found, row, targets.columns[header]), value)
        for header, value in values.items()
    )


def _add_repairs(work: _Work, found: Found, targets: Targets, wanted: dict[int, dict[int, Cell]]) -> None:
    """Add to *wanted* what gives back to other leads what they held, and clears rows of nobody."""
    for (key, header), value in list(work.stray.items()):
        rows, column = found.lead_rows.get(key, ()), targets.columns.get(header)
        if column is None or not any(same_cell(_value(found, at, column), value) for at in rows):
            # The lead is gone, or somebody typed over it.
            del work.stray[key, header]
        elif len(rows) == 1:
            own = work.own(key, header)
            # A lead that was not there when we looked has nothing of ours to get back.
            wanted.setdefault(rows[0], {})[column] = own[0] if own else work.before.get((key, header))
    orphans: list[Sent] = []
    taken: set[int] = set()
    for sent in work.orphans:
        at = _orphan_row(found, targets, sent, taken)
        if at is not None:
            taken.add(at)
            wanted.setdefault(at, {}).update({targets.columns[header]: None for header in sent.values})
            orphans.append(Sent(at, sent.values))
    work.orphans = orphans


def _orphan_row(found: Found, targets: Targets, sent: Sent, taken: Collection[int]) -> int | None:
    """Return the row without a key that holds exactly what we wrote there by mistake, wherever it is now."""
    for at in (sent.row, *sorted(found.rows)):
        is_free = at > found.header and at not in found.keys and at not in taken
        if is_free and _holds(found, at, sent.values, targets):
            return at
    return None


def _result(work: _Work, why: str) -> WriteResult:
    """Return what became of every change; what is still open is refused, and stray values are named."""
    cells = tuple(
        work.done[at] if at in work.done else WrittenCell(change, CellOutcome.REFUSED, change.row, change.old, why)
        for at, change in enumerate(work.changes)
    )
    flagged = tuple(
        f'{header} of {key} may hold "{value}", which belongs to another lead: put it right'
        for (key, header), value in work.stray.items()
    )
    if work.orphans:
        flagged += (f"{len(work.orphans)} rows without {work.keys.header} may hold values of ours: clear them",)
    return WriteResult(cells, notes=flagged)
