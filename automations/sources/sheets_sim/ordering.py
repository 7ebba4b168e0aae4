"""Sorting as Google does it: numbers, texts whatever their case, FALSE and TRUE, errors, and empty cells last."""

from __future__ import annotations

from collections.abc import Sequence

from automations.sources.sheets_sim.a1 import Span
from automations.sources.sheets_sim.cells import CellError, Plain, Slot, value_of
from automations.sources.sheets_sim.moving import relative
from automations.sources.sheets_sim.state import Sheet

__all__ = ["sort_rows"]


def sort_rows(sheet: Sheet, span: Span, keys: Sequence[tuple[int, bool]]) -> None:
    """Sort the rows of a rectangle; *keys* are columns of the tab and whether each is descending.

    Equal rows keep their order. Only what is in the cells moves: metadata and heights stay with the row.
    """
    rows = [_padded(sheet, index, span) for index in range(span.top, span.bottom)]
    order = list(range(len(rows)))
    for column, is_descending in reversed(keys):
        place = column - span.left
        filled = [index for index in order if _value(rows[index], place) is not None]
        empty = [index for index in order if _value(rows[index], place) is None]
        filled.sort(key=lambda index: _rank(_value(rows[index], place)), reverse=is_descending)
        order = filled + empty
    for target, source in enumerate(order):
        if any(slot is not None for slot in rows[source]) or span.top + target < len(sheet.rows):
            sheet.put(span.top + target, span.left, [relative(slot, target - source, 0) for slot in rows[source]])


def _padded(sheet: Sheet, index: int, span: Span) -> tuple[Slot, ...]:
    row = sheet.rows[index][span.left : span.right] if index < len(sheet.rows) else ()
    return row + (None,) * (span.right - span.left - len(row))


def _value(row: tuple[Slot, ...], place: int) -> Plain:
    return value_of(row[place]) if 0 <= place < len(row) else None


def _rank(value: Plain) -> tuple[int, float, str]:
    if isinstance(value, bool):
        return 2, float(value), ""
    if isinstance(value, str):
        return 1, 0.0, value.casefold()
    return (3, 0.0, "") if isinstance(value, CellError) or value is None else (0, float(value), "")
