"""The spreadsheet that everyone works in: the program through the interface, and people by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace

from automations.sources.sheets_sim import entering, moving, values
from automations.sources.sheets_sim.a1 import column_number
from automations.sources.sheets_sim.calculating import calculate
from automations.sources.sheets_sim.cells import (
    Cell,
    Plain,
    Slot,
    cell_of,
    slot_of,
    with_content,
    without_content,
)
from automations.sources.sheets_sim.ordering import sort_rows
from automations.sources.sheets_sim.shifts import COLUMNS, ROWS
from automations.sources.sheets_sim.state import DEFAULT_COLUMNS, DEFAULT_ROWS, Protection, Sheet, State

__all__ = ["SimSpreadsheet"]

Rows = Sequence[Sequence[Plain]]


class SimSpreadsheet:
    """One spreadsheet that lives, with what people can do to it by hand.

    Rows are counted from 1 and columns named by letters, as on the screen. *bot* is the address the program works
    under. Every change is whole or not at all, and waits for the one before it.
    """

    def __init__(self, state: State, *, bot: str = "robot@sheets-sim.example") -> None:
        self.lock = threading.RLock()
        self.bot = bot
        self.state = state
        self.is_shared = True
        self.is_trashed = False

    @classmethod
    def from_rows(
        cls,
        tabs: Mapping[str, Rows],
        *,
        time_zone: str = "Etc/GMT",
        locale: str = "en_US",
        spreadsheet_id: str = "1SheetsSimSheetsSimSheetsSimSheetsSimSheets",
        title: str = "Leads",
        bot: str = "robot@sheets-sim.example",
    ) -> SimSpreadsheet:
        """Return a spreadsheet with those tabs; the first has the id 0. Texts are stored as they are.

        A text that begins with "=" becomes a formula. Every tab has at least 1,000 rows and 26 columns.
        """
        state = State(spreadsheet_id, title, locale, time_zone)
        for name, rows in tabs.items():
            sheet = Sheet(state.fresh_id() if state.sheets else 0, name)
            sheet.rows = [tuple(_given(value) for value in row) for row in rows]
            sheet.row_count = max(DEFAULT_ROWS, len(rows))
            sheet.column_count = max(DEFAULT_COLUMNS, *map(len, rows)) if rows else DEFAULT_COLUMNS
            state.has_formulas |= any(isinstance(slot, Cell) for row in sheet.rows for slot in row)
            state.sheets.append(sheet)
        state.is_stale = state.has_formulas
        return cls(state, bot=bot)

    @property
    def spreadsheet_id(self) -> str:
        """Return the id that its address has."""
        return self.state.spreadsheet_id

    @contextmanager
    def change(self) -> Iterator[State]:
        """Give a draft to change; it becomes the spreadsheet unless an exception leaves the block."""
        with self.lock:
            draft = self.settled().draft()
            yield draft
            draft.is_stale = draft.has_formulas
            self.state = draft

    def settled(self) -> State:
        """Return the spreadsheet as it stands, with the results of its formulas."""
        with self.lock:
            if self.state.is_stale:
                calculate(self.state)
                self.state.is_stale = False
            return self.state

    def sheet(self, title: str) -> Sheet:
        """Return a tab, to look at. Raises KeyError when there is none of that title."""
        found = self.state.titled(title)
        if found is None:
            raise KeyError(title)
        return found

    def values(self, where: str, *, render: str = "UNFORMATTED_VALUE") -> list[list[Plain]]:
        """Return what is in a range, row by row without empty ends."""
        with self.lock:
            found = values.read(self.settled(), self.state.area(where), values.Look(ROWS, render))
        rows: list[list[Plain]] = found.get("values", [])
        return rows

    def value(self, where: str) -> Plain:
        """Return what is in one cell, or None."""
        rows = self.values(where)
        return rows[0][0] if rows and rows[0] else None

    def cell(self, where: str) -> Cell:
        """Return one cell with its formula, note and looks."""
        state = self.settled()
        sheet, span = state.span(state.area(where))
        return cell_of(sheet.slot(span.top, span.left))

    def edit(self, where: str, entry: Plain) -> None:
        """Type into one cell: a formula, a date, a number or a text, read as the screen reads it; "" empties it."""
        with self.change() as state:
            sheet, span = state.span(state.area(where))
            slot = entering.typed("" if entry is None else entry, state.habits)
            state.has_formulas |= isinstance(slot, Cell) and bool(slot.formula)
            old = sheet.slot(span.top, span.left)
            sheet.put(span.top, span.left, [with_content(old, slot) if slot is not None else without_content(old)])

    def note(self, where: str, text: str) -> None:
        """Put a note on one cell."""
        with self.change() as state:
            sheet, span = state.span(state.area(where))
            cell = cell_of(sheet.slot(span.top, span.left))
            sheet.put(span.top, span.left, [slot_of(replace(cell, note=text))])

    def sort(self, where: str, by: str, *, descending: bool = False) -> None:
        """Sort the rows of a range by one of its columns, as the menu does."""
        with self.change() as state:
            sheet, span = state.span(state.area(where))
            sort_rows(sheet, span, [(column_number(by), descending)])

    def shuffle(self, where: str, order: Callable[[list[int]], None]) -> None:
        """Bring the rows of a range into another order: *order* rearranges a list of their numbers in place."""
        with self.change() as state:
            sheet, span = state.span(state.area(where))
            numbers = list(range(span.top, span.bottom))
            order(numbers)
            before = list(sheet.rows) + [()] * (span.bottom - len(sheet.rows))
            for index, source in zip(range(span.top, span.bottom), numbers, strict=True):
                padded = before[source] + (None,) * (span.right - len(before[source]))
                slots = [moving.relative(slot, index - source, 0) for slot in padded[span.left : span.right]]
                sheet.put(index, span.left, slots)

    def insert_rows(self, tab: str, before: int, rows: Rows | int = 1) -> None:
        """Insert rows above the row numbered *before*: so many empty ones, or these."""
        with self.change() as state:
            sheet = _tab(state, tab)
            moving.insert(state, sheet.sheet_id, ROWS, before - 1, rows if isinstance(rows, int) else len(rows))
            if not isinstance(rows, int):
                for index, row in enumerate(rows, start=before - 1):
                    sheet.put(index, 0, [_given(value) for value in row])

    def delete_rows(self, tab: str, first: int, count: int = 1) -> None:
        """Delete rows."""
        with self.change() as state:
            moving.delete(state, _tab(state, tab).sheet_id, ROWS, first - 1, count)

    def move_rows(self, tab: str, first: int, to: int, count: int = 1) -> None:
        """Drag rows to above the row that is numbered *to* before they move."""
        with self.change() as state:
            moving.move(state, _tab(state, tab).sheet_id, ROWS, first - 1, count, to - 1)

    def insert_columns(self, tab: str, before: str, count: int = 1) -> None:
        """Insert empty columns left of one."""
        with self.change() as state:
            moving.insert(state, _tab(state, tab).sheet_id, COLUMNS, column_number(before), count)

    def delete_columns(self, tab: str, first: str, count: int = 1) -> None:
        """Delete columns."""
        with self.change() as state:
            moving.delete(state, _tab(state, tab).sheet_id, COLUMNS, column_number(first), count)

    def move_columns(self, tab: str, first: str, to: str, count: int = 1) -> None:
        """Drag columns to left of the one that is called *to* before they move."""
        with self.change() as state:
            moving.move(state, _tab(state, tab).sheet_id, COLUMNS, column_number(first), count, column_number(to))

    def copy_row(self, tab: str, row: int, to: int) -> None:
        """Copy a row, with all that is in it, over another."""
        with self.change() as state:
            sheet = _tab(state, tab)
            slots = sheet.rows[row - 1] if row <= len(sheet.rows) else ()
            padded = slots + (None,) * (sheet.column_count - len(slots))
            sheet.put(to - 1, 0, [moving.relative(slot, to - row, 0) for slot in padded])

    def rename_tab(self, tab: str, title: str) -> None:
        """Give a tab another title; formulas that name it follow."""
        with self.change() as state:
            moving.rename(state, _tab(state, tab), title)

    def reorder(self, tab: str, index: int) -> None:
        """Drag a tab to another place, counted from 0."""
        with self.change() as state:
            sheet = _tab(state, tab)
            state.sheets.remove(sheet)
            state.sheets.insert(index, sheet)

    def add_tab(self, title: str, rows: Rows = ()) -> None:
        """Add a tab at the end."""
        with self.change() as state:
            sheet = Sheet(state.fresh_id(), title, [tuple(map(_given, row)) for row in rows])
            state.sheets.append(sheet)

    def delete_tab(self, tab: str) -> None:
        """Delete a tab with all that is on it."""
        with self.change() as state:
            moving.delete_tab(state, _tab(state, tab).sheet_id)

    def merge(self, where: str) -> None:
        """Merge the cells of a range: all but the first are emptied."""
        with self.change() as state:
            area = state.area(where)
            moving.merge(state, area, "MERGE_ALL")

    def protect(self, where: str, *, editors: Iterable[str] = (), warning_only: bool = False) -> None:
        """Protect a range so that only *editors* may write in it; the program is not among them unless named."""
        with self.change() as state:
            area = state.area(where)
            sheet = state.sheet(area.sheet_id)
            made = Protection(state.fresh_id(), area, is_warning=warning_only, users=tuple(editors))
            sheet.protections = (*sheet.protections, made)

    def filter(self, where: str, column: str, *hidden: str) -> None:
        """Put a filter on a range that hides the rows with these values in one column."""
        with self.change() as state:
            area = state.area(where)
            specs = [{"columnIndex": column_number(column), "filterCriteria": {"hiddenValues": list(hidden)}}]
            moving.set_filter(state.sheet(area.sheet_id), {"range": area.as_json(), "filterSpecs": specs})

    def trash(self) -> None:
        """Delete the file for good: from now on it is not found."""
        with self.lock:
            self.is_trashed = True

    def unshare(self) -> None:
        """Take the program off the list of people it is shared with."""
        with self.lock:
            self.is_shared = False

    def share(self) -> None:
        """Share it with the program again."""
        with self.lock:
            self.is_shared = True


def _given(value: Plain) -> Slot:
    if isinstance(value, str) and value.startswith("="):
        return Cell(formula=value)
    return entering.raw(value)


def _tab(state: State, title: str) -> Sheet:
    found = state.titled(title)
    if found is None:
        raise KeyError(title)
    return found
