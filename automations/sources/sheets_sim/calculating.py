"""Formulas, evaluated as far as `functions` goes; one that it does not know keeps its last value, or shows #NAME?."""

from __future__ import annotations

from dataclasses import replace

from automations.sources.sheets_sim.a1 import Area
from automations.sources.sheets_sim.cells import Cell, CellError, Plain, value_of
from automations.sources.sheets_sim.formulas import Application, Literal, Node, Unreadable, read
from automations.sources.sheets_sim.functions import CATCHING, FUNCTIONS, Grid, Value, one
from automations.sources.sheets_sim.references import Reference
from automations.sources.sheets_sim.state import Sheet, State

__all__ = ["calculate"]

CIRCULAR = CellError("REF", "Circular dependency detected.")
UNKNOWN = CellError("NAME", "Unknown function.")
NO_SUCH_TAB = CellError("REF", "Unresolved sheet name.")
ERRORS_WRITTEN = {"#REF!": "REF", "#N/A": "N_A", "#NAME?": "NAME", "#VALUE!": "VALUE", "#DIV/0!": "DIVIDE_BY_ZERO"}

Place = tuple[int, int, int]


def calculate(state: State) -> None:
    """Give every formula of a spreadsheet its value."""
    calculation = _Calculation(state)
    for sheet in state.sheets:
        for row, slots in enumerate(sheet.rows):
            if any(isinstance(slot, Cell) and slot.formula for slot in slots):
                sheet.rows[row] = tuple(
                    replace(slot, value=calculation.value(sheet, row, column))
                    if isinstance(slot, Cell) and slot.formula
                    else slot
                    for column, slot in enumerate(slots)
                )


class _Calculation:
    """The values of formulas so far, each worked out once, and the ranges they look into."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._known: dict[Place, Plain] = {}
        self._busy: set[Place] = set()
        self._grids: dict[Area, Grid] = {}

    def value(self, sheet: Sheet, row: int, column: int) -> Plain:
        slot = sheet.slot(row, column)
        if not isinstance(slot, Cell) or not slot.formula:
            return value_of(slot)
        place = (sheet.sheet_id, row, column)
        if place in self._known:
            return self._known[place]
        if place in self._busy:
            return CIRCULAR
        self._busy.add(place)
        try:
            found = one(self._evaluated(read(slot.formula), sheet, row, column))
        except Unreadable:
            found = UNKNOWN if slot.value is None else slot.value
        except RecursionError:
            found = CellError("ERROR", "Formulas depend on each other too deeply.")
        self._busy.discard(place)
        self._known[place] = found
        return found

    def _evaluated(self, node: Node, sheet: Sheet, row: int, column: int) -> Value:
        if isinstance(node, Literal):
            return node.value
        if isinstance(node, Reference):
            return self._referred(node, sheet)
        return self._applied(node, sheet, row, column)

    def _applied(self, node: Application, sheet: Sheet, row: int, column: int) -> Value:
        if node.name in ERRORS_WRITTEN:
            return CellError(ERRORS_WRITTEN[node.name])
        if node.name in {"ROW", "COLUMN"} and not node.arguments:
            return row + 1 if node.name == "ROW" else column + 1
        work = FUNCTIONS.get(node.name)
        if work is None:
            raise Unreadable(node.name)
        values = [self._evaluated(each, sheet, row, column) for each in node.arguments]
        if node.name not in CATCHING:
            for each in values:
                if isinstance(each, CellError):
                    return each
        try:
            return work(*values)
        except TypeError:
            return CellError("N_A", "Wrong number of arguments.")

    def _referred(self, reference: Reference, own: Sheet) -> Value:
        sheet = own if reference.title is None else self._state.titled(reference.title)
        if sheet is None:
            return NO_SUCH_TAB
        first, last = reference.first, reference.last
        if last is None:
            return self.value(sheet, first.row or 0, first.column or 0)
        rows = sorted((first.row or 0, last.row)) if last.row is not None else [first.row or 0, sheet.row_count - 1]
        columns = sorted((first.column or 0, sheet.column_count - 1 if last.column is None else last.column))
        return self._grid(sheet, Area(sheet.sheet_id, rows[0], rows[1] + 1, columns[0], columns[1] + 1))

    def _grid(self, sheet: Sheet, area: Area) -> Grid:
        """Return a range's values, but for the empty rows at the end of the tab."""
        if area not in self._grids:
            span = area.within(max(1, len(sheet.rows)), sheet.column_count)
            self._grids[area] = Grid(
                tuple(
                    tuple(self.value(sheet, row, column) for column in range(span.left, span.right))
                    for row in range(span.top, max(span.bottom, span.top + 1))
                )
            )
        return self._grids[area]
