"""What a write came to, and putting right what it hit by mistake: leads, rows of nobody, headers, columns.

What a lead held before is known from the look before the write; what it holds now, from the echo or the next look.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from automations.core.leads import Cell, CellChange, CellOutcome, KeyRule, LeadKey, WrittenCell
from automations.sources.google.layout import NO_COLUMN, Found
from automations.sources.google.strips import Chunk, Echo
from automations.sources.matching import Targets, same_cell


class Sent(NamedTuple):
    """What was sent to one row, by header, and to which columns."""

    row: int
    values: Mapping[str, Cell]
    columns: Mapping[str, int]


@dataclass
class Work:
    """One write, as far as it is done.

    *before* is what every lead's cells held when we first looked. *stray* are values of ours that stand where they do
    not belong, by lead and header: they are nobody's typing. *orphans* are such values in rows without a key, and
    *unsure* is what was sent and got no answer, *astray* what stands in columns of the team's, by header and row.
    *unseen* are stray values whose repair no look has confirmed yet: a row may have been copied, or got another key,
    just before it.
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
    astray: list[tuple[str, int]] = field(default_factory=list)
    unseen: set[tuple[LeadKey, str, Cell]] = field(default_factory=set)
    suspects: set[tuple[LeadKey, str, Cell]] = field(default_factory=set)
    """Values of ours that went astray and stand in two rows of a lead, or beside one that came meanwhile."""

    def is_finished(self) -> bool:
        """Return whether nothing is left to do or to find out."""
        return len(self.done) == len(self.changes) and not (self.stray or self.orphans or self.unsure or self.unseen)

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


def value_at(found: Found, row: int, column: int) -> Cell:
    """Return what a cell held when we looked."""
    look = found.rows.get(row, {}).get(column)
    return look.value if look else None


def lost_headers(work: Work, found: Found) -> dict[int, dict[int, Cell]]:
    """Return the header cells that a write of ours hit, because a line was inserted above: what they have to say."""
    lost: dict[int, Cell] = {}
    for sent in work.unsure:
        for header, value in sent.values.items() if sent.row == found.header else ():
            column = sent.columns[header]
            if same_cell(value_at(found, sent.row, column), value) and not same_cell(value, header):
                lost[column] = header
    return {found.header: lost} if lost else {}


def remember(work: Work, found: Found, targets: Targets) -> None:
    """Note what every lead holds, the first time it is seen: that is what a stray value has to make room for.

    A lead that is first seen with a stray value has nothing of its own there.
    """
    for key, rows in found.lead_rows.items():
        for header, column in targets.columns.items():
            if len(rows) == 1 and (key, header) not in work.stray:
                work.before.setdefault((key, header), value_at(found, rows[0], column))


def compare(work: Work, found: Found, sent: Sequence[Sent], echo: Echo) -> None:
    """Note what a write hit: the leads it was meant for, other leads, or rows of nobody."""
    hit: dict[tuple[int, str], Cell] = {}
    missed: list[tuple[LeadKey | None, Sent]] = []
    for each in sent:
        key = work.keys.key_of(echo.keys.get(each.row))
        if key != found.keys.get(each.row):
            missed.append((key, each))
            continue
        stands = {header: echo.cells[column].get(each.row) for header, column in each.columns.items()}
        hit.update({(each.row, header): value for header, value in stands.items()})
        _note_repaired(work, key, stands)
    # After what was put right: somebody may have copied a lead, so that one of its rows was hit and the other missed.
    for key, each in missed:
        _note_stray(work, key, each)
    for at, cell in list(work.tried.items()):
        place = (cell.row - 1, cell.change.header)
        if place in hit and same_cell(hit[place], cell.change.new):
            work.done[at] = cell
            del work.tried[at]


def _note_repaired(work: Work, key: LeadKey | None, stands: Mapping[str, Cell]) -> None:
    """Forget strays that this write has put right.

    Rows of nobody have no key that could tell one from another: only the next look shows that they are clear.
    """
    for header, value in stands.items():
        if key is not None and (key, header) in work.stray and not same_cell(work.stray[key, header], value):
            # Only one of two rows may have been hit, if somebody copied the lead just before.
            work.unseen.add((key, header, work.stray.pop((key, header))))


def _note_stray(work: Work, key: LeadKey | None, sent: Sent) -> None:
    if key is None:
        work.orphans.append(sent)
        return
    for header, value in sent.values.items():
        own = work.own(key, header)
        # What a lead held anyway, or gets anyway, is nothing to put right.
        held = own or ((work.before[key, header],) if (key, header) in work.before else ())
        if not (held and same_cell(held[0], value)):
            work.stray[key, header] = value
            work.unseen.add((key, header, value))


def sent_of(chunk: Chunk, headers: Mapping[int, str]) -> list[Sent]:
    """Return what a request sends to each row."""
    rows: defaultdict[int, dict[str, Cell]] = defaultdict(dict)
    columns = {headers[piece.column]: piece.column for piece in chunk if piece.column in headers}
    for piece in chunk:
        for row, value in piece.cells.items() if piece.column in headers else ():
            rows[row][headers[piece.column]] = value
    return [Sent(row, values, {header: columns[header] for header in values}) for row, values in rows.items()]


def confirm_repairs(work: Work, found: Found, targets: Targets) -> None:
    """Note stray values that stand somewhere still, although an echo showed them gone.

    One in the only row of its lead is stray again; one in two rows, or beside a lead that came meanwhile, is told.
    """
    unseen, work.unseen = work.unseen, set()
    for key, header, value in sorted(unseen, key=str):
        column = targets.columns.get(header, NO_COLUMN)
        for lead, rows in found.lead_rows.items():
            is_new, own = (lead, header) not in work.before, work.own(lead, header)
            if not (lead == key or is_new) or (own and same_cell(own[0], value)):
                continue
            if any(same_cell(value_at(found, at, column), value) for at in rows):
                if lead == key and len(rows) == 1:
                    work.stray[lead, header] = value
                else:
                    work.suspects.add((lead, header, value))


def find_strays(work: Work, found: Found, targets: Targets) -> dict[int, dict[int, Cell]]:
    """Find what a write came to that got no answer, or hit rows and columns that had moved.

    Returns the cells of a new and empty column that such a write filled, to be cleared.
    """
    unsure, work.unsure = work.unsure, []
    clear: dict[int, dict[int, Cell]] = {}
    for sent in unsure:
        moved = {
            header: column
            for header, column in sent.columns.items()
            if targets.columns.get(header, column) != column and column not in found.marks
        }
        for header, column in moved.items():
            if same_cell(value_at(found, sent.row, column), sent.values[header]):
                _note_astray(work, found, targets, sent.row, column, sent.values[header], clear)
        if moved or not _holds(found, sent.row, sent.values, targets):
            continue
        key = found.keys.get(sent.row)
        if key is None or any(
            not same_cell(work.before.get((key, header)), value) for header, value in sent.values.items()
        ):
            _note_stray(work, key, sent)
    return clear


def _note_astray(
    work: Work,
    found: Found,
    targets: Targets,
    row: int,
    column: int,
    value: Cell,
    clear: dict[int, dict[int, Cell]],
) -> None:
    """Note a value that stands in another column, because somebody moved columns while it was on its way."""
    ours = {at: header for header, at in targets.columns.items()}
    key = found.keys.get(row)
    if column in ours and key is not None:
        work.stray[key, ours[column]] = value
    elif column not in found.headers:
        clear.setdefault(row, {})[column] = None
    else:
        work.astray.append((found.headers[column], row + 1))


def _holds(found: Found, row: int, values: Mapping[str, Cell], targets: Targets) -> bool:
    """Return whether a row holds exactly what was sent to it."""
    return row in found.rows and all(
        header in targets.columns and same_cell(value_at(found, row, targets.columns[header]), value)
        for header, value in values.items()
    )


def add_repairs(work: Work, found: Found, targets: Targets, wanted: dict[int, dict[int, Cell]]) -> None:
    """Add to *wanted* what gives back to other leads what they held, and clears rows of nobody."""
    for (key, header), value in list(work.stray.items()):
        rows, column = found.lead_rows.get(key, ()), targets.columns.get(header)
        if column is None or not any(same_cell(value_at(found, at, column), value) for at in rows):
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
            orphans.append(sent._replace(row=at))
    work.orphans = orphans


def _orphan_row(found: Found, targets: Targets, sent: Sent, taken: Collection[int]) -> int | None:
    """Return the row without a key that holds exactly what we wrote there by mistake, wherever it is now."""
    for at in (sent.row, *sorted(found.rows)):
        is_free = at > found.header and at not in found.keys and at not in taken
        if is_free and _holds(found, at, sent.values, targets):
            return at
    return None
