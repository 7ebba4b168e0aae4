"""Which cell changes may be made: each lead is found by its key where it is now, and a person's typing wins."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from math import isclose

from automations.core.books import header_identity
from automations.core.cells import as_text
from automations.core.leads import Cell, CellChange, CellOutcome, KeyRule, LeadKey, WrittenCell
from automations.errors import SourceOutOfReach
from automations.sources.headers import columns_by_header

_EMPTY = (None, "")


@dataclass(frozen=True, slots=True)
class Targets:
    """Where the headers of some changes are now. *columns* are by header as the changes spell it."""

    key_column: int
    columns: Mapping[str, int]
    unknown: Mapping[str, str]
    """Why a header names no one column."""


@dataclass(frozen=True, slots=True)
class LeadRow:
    """One row of a lead we look for: its values by column, and why some of its cells must not be written."""

    row: int
    values: Mapping[int, Cell]
    forbidden: Mapping[int, str] = field(default_factory=dict)


def find_targets(label: str, headers: Mapping[int, str], changes: Sequence[CellChange], keys: KeyRule) -> Targets:
    """Return the columns that *changes* are about. Raises SourceOutOfReach when the key column cannot be told."""
    found = columns_by_header(headers)
    key_columns = found.get(header_identity(keys.header), ())
    if len(key_columns) != 1:
        what = "has no header" if not key_columns else "has two columns with the header"
        raise SourceOutOfReach(
            f'{label} {what} "{keys.header}", so no lead can be found; nothing was changed',
            fix="put the header back as it was, once, then run again",
        )
    columns: dict[str, int] = {}
    unknown: dict[str, str] = {}
    for header in dict.fromkeys(change.header for change in changes):
        places = found.get(header_identity(header), ())
        if len(places) == 1:
            columns[header] = places[0]
        else:
            unknown[header] = (
                f'there is no header "{header}"' if not places else f'two columns have the header "{header}"'
            )
    return Targets(key_columns[0], columns, unknown)


def settle(
    changes: Sequence[CellChange], targets: Targets, rows: Mapping[LeadKey, Sequence[LeadRow]]
) -> tuple[WrittenCell, ...]:
    """Return how each change ends, given where every lead is now. Those that are WRITTEN still have to be."""
    return tuple(_settle_one(change, targets, rows.get(change.key, ())) for change in changes)


def settle_as_read(
    changes: Sequence[CellChange], targets: Targets, forbidden: Mapping[int, Mapping[int, str]]
) -> tuple[WrittenCell, ...]:
    """Return how each change ends when rows and values are still those that were read.

    *forbidden* says by row and column why a cell must not be written.
    """
    if not targets.unknown and not forbidden:
        return tuple([WrittenCell(each, CellOutcome.WRITTEN, each.row, each.old) for each in changes])
    columns = targets.columns
    return tuple(
        _settle_one(
            each, targets, (LeadRow(each.row, {columns.get(each.header, 0): each.old}, forbidden.get(each.row, {})),)
        )
        for each in changes
    )


def _settle_one(change: CellChange, targets: Targets, rows: Sequence[LeadRow]) -> WrittenCell:
    if not rows:
        return WrittenCell(change, CellOutcome.GONE, 0, detail="the lead is no longer in the sheet")
    lead = rows[0]
    if len(rows) > 1:
        places = " and ".join(str(each.row) for each in rows[:2])
        return WrittenCell(change, CellOutcome.DOUBLED, lead.row, detail=f"the lead stands in rows {places}")
    if change.header in targets.unknown:
        return WrittenCell(change, CellOutcome.REFUSED, lead.row, detail=targets.unknown[change.header])
    column = targets.columns[change.header]
    found = lead.values.get(column)
    if column in lead.forbidden:
        return WrittenCell(change, CellOutcome.REFUSED, lead.row, found, lead.forbidden[column])
    if same_cell(found, change.new) or same_cell(found, change.old):
        return WrittenCell(change, CellOutcome.WRITTEN, lead.row, found)
    return WrittenCell(change, CellOutcome.PERSON_WON, lead.row, found, "someone changed the cell since it was read")


def same_cell(one: Cell, other: Cell) -> bool:
    """Whether two cells say the same: 80, 80.0 and "80" do; so do None and "", a day and its midnight.

    >>> same_cell(80, "80"), same_cell(None, ""), same_cell("00123", 123), same_cell(0, None)
    (True, True, False, False)
    """
    if one is None or other is None:
        return one in _EMPTY and other in _EMPTY
    if type(one) is type(other) and (one == other or (isinstance(one, str) and "\r" not in f"{one}{other}")):
        return one == other
    if _is_number(one) and _is_number(other):
        return isclose(float(one), float(other), rel_tol=1e-12)  # type: ignore[arg-type]  # _is_number says so
    if isinstance(one, datetime) and isinstance(other, datetime):
        return abs(_plain(one) - _plain(other)) < timedelta(seconds=1)
    return _said(one) == _said(other)


def _is_number(cell: Cell) -> bool:
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)


def _plain(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def _said(cell: Cell) -> str:
    """Return what a cell says, exactly where it is text: the space around it is the person's."""
    if isinstance(cell, str):
        return cell.replace("\r\n", "\n").replace("\r", "\n")
    if isinstance(cell, datetime) and cell.time() != time(0):
        return _plain(cell).isoformat(sep=" ", timespec="seconds")
    if isinstance(cell, date):
        return date(cell.year, cell.month, cell.day).isoformat()
    return as_text(cell)


def wanted_headers(changes: Collection[CellChange], keys: KeyRule) -> frozenset[str]:
    """Return the headers by which the header row is found again."""
    return frozenset({keys.header, *(change.header for change in changes)})
