"""spreadsheets.get: what a spreadsheet is, in Google's JSON, as far as a field mask wants it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from automations.sources.sheets_sim import metadata, protecting
from automations.sources.sheets_sim.a1 import Area, Span
from automations.sources.sheets_sim.cells import Cell, CellError, Plain, Slot
from automations.sources.sheets_sim.constants import COLUMN_PIXELS, DEFAULT_FORMAT, ROW_PIXELS, THEME
from automations.sources.sheets_sim.locales import Habits
from automations.sources.sheets_sim.masks import Mask, pruned, wants
from automations.sources.sheets_sim.shifts import COLUMNS, ROWS
from automations.sources.sheets_sim.showing import formatted
from automations.sources.sheets_sim.state import Metadata, NamedRange, Row, Sheet, State

__all__ = ["cell_json", "named_range_json", "sheet_properties", "spreadsheet", "spreadsheet_properties"]


def spreadsheet(
    state: State, who: str, mask: Mask, *, with_data: bool, areas: Sequence[Area] | None = None
) -> dict[str, Any]:
    """Return a Spreadsheet: all tabs, or those on which *areas* lie, and of these only the areas' cells."""
    sheets = [
        _sheet(state, sheet, who, mask.get("sheets", {}), with_data=with_data, areas=areas)
        for sheet in state.sheets
        if areas is None or any(each.sheet_id == sheet.sheet_id for each in areas)
    ]
    whole = {
        "spreadsheetId": state.spreadsheet_id,
        "properties": spreadsheet_properties(state),
        "sheets": sheets,
        "namedRanges": [named_range_json(each) for each in state.named_ranges],
        "spreadsheetUrl": f"https://docs.google.com/spreadsheets/d/{state.spreadsheet_id}/edit",
        "developerMetadata": [metadata.as_json(each) for each in _metadata_of(state, "SPREADSHEET")],
    }
    without_sheets = {name: below for name, below in mask.items() if name != "sheets"}
    kept = {name: value for name, value in whole.items() if value != []}
    if not mask:
        return kept
    found: dict[str, Any] = pruned({name: value for name, value in kept.items() if name != "sheets"}, without_sheets)
    if not without_sheets:
        found = {}
    return {**found, "sheets": sheets} if "sheets" in mask and any(sheets) else found


def spreadsheet_properties(state: State) -> dict[str, Any]:
    """Return SpreadsheetProperties."""
    return {
        "title": state.title,
        "locale": state.locale,
        "autoRecalc": "ON_CHANGE",
        "timeZone": state.time_zone,
        "defaultFormat": DEFAULT_FORMAT,
        "spreadsheetTheme": THEME,
        **state.looks,
    }


def named_range_json(each: NamedRange) -> dict[str, Any]:
    """Return a NamedRange."""
    return {"namedRangeId": each.range_id, "name": each.name, "range": each.area.as_json()}


def sheet_properties(state: State, sheet: Sheet) -> dict[str, Any]:
    """Return SheetProperties; what is false or zero is left out, but for id and index."""
    grid = {"rowCount": sheet.row_count, "columnCount": sheet.column_count, **sheet.grid_looks}
    return {
        "sheetId": sheet.sheet_id,
        "title": sheet.title,
        "index": next(index for index, each in enumerate(state.sheets) if each.sheet_id == sheet.sheet_id),
        "sheetType": "GRID",
        "gridProperties": {name: value for name, value in grid.items() if value},
        **({"hidden": True} if sheet.is_hidden else {}),
        **{name: value for name, value in sheet.looks.items() if value},
    }


def _metadata_of(state: State, location: str, sheet_id: int = 0) -> list[Metadata]:
    return [each for each in state.metadata.values() if (each.location, each.sheet_id) == (location, sheet_id)]


def _sheet(
    state: State, sheet: Sheet, who: str, mask: Mask, *, with_data: bool, areas: Sequence[Area] | None
) -> dict[str, Any]:
    described: dict[str, Callable[[], Any]] = {
        "properties": lambda: sheet_properties(state, sheet),
        "merges": lambda: [each.as_json() for each in sheet.merges],
        "protectedRanges": lambda: [protecting.as_json(each, who) for each in sheet.protections],
        "conditionalFormats": lambda: list(sheet.conditional_formats),
        "basicFilter": lambda: sheet.basic_filter,
        "developerMetadata": lambda: [metadata.as_json(each) for each in _metadata_of(state, "SHEET", sheet.sheet_id)],
    }
    found = {name: pruned(describe(), mask.get(name, {})) for name, describe in described.items() if wants(mask, name)}
    if (with_data and wants(mask, "data")) or "data" in mask:
        found["data"] = _data(state, sheet, mask.get("data", {}), areas)
    return {name: value for name, value in found.items() if value not in ([], None, {})}


def _data(state: State, sheet: Sheet, mask: Mask, areas: Sequence[Area] | None) -> list[dict[str, Any]]:
    if areas is None:
        return [_grid(state, sheet, sheet.grid, mask)]
    own = (each for each in areas if each.sheet_id == sheet.sheet_id)
    return [_grid(state, sheet, state.span(each)[1], mask) for each in own]


def _grid(state: State, sheet: Sheet, span: Span, mask: Mask) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if span.top and wants(mask, "startRow"):
        found["startRow"] = span.top
    if span.left and wants(mask, "startColumn"):
        found["startColumn"] = span.left
    if wants(mask, "rowData"):
        rows = _row_data(sheet, span, mask.get("rowData", {}).get("values", {}), state.habits)
        found |= {"rowData": rows} if rows else {}
    if wants(mask, "rowMetadata"):
        stretch = range(span.top, span.bottom)
        found["rowMetadata"] = _dimensions(state, sheet, ROWS, stretch, mask.get("rowMetadata", {}))
    if wants(mask, "columnMetadata"):
        stretch = range(span.left, span.right)
        found["columnMetadata"] = _dimensions(state, sheet, COLUMNS, stretch, mask.get("columnMetadata", {}))
    return found


def _dimensions(state: State, sheet: Sheet, dimension: str, stretch: range, mask: Mask) -> list[dict[str, Any]]:
    """Return DimensionProperties of a stretch of rows or columns, with the metadata that sits on each."""
    location, looks, pixels = (
        ("ROW", sheet.row_looks, ROW_PIXELS) if dimension == ROWS else ("COLUMN", sheet.column_looks, COLUMN_PIXELS)
    )
    usual = pruned({"pixelSize": pixels}, mask)
    found = [usual] * len(stretch)
    special: dict[int, dict[str, Any]] = {
        index: {"pixelSize": pixels, **{name: value for name, value in each.items() if value}}
        for index, each in looks.items()
    }
    for each in _metadata_of(state, location, sheet.sheet_id):
        properties = special.setdefault(each.place, {"pixelSize": pixels})
        properties["developerMetadata"] = [*properties.get("developerMetadata", ()), metadata.as_json(each)]
    for index, properties in special.items():
        if index in stretch:
            found[index - stretch.start] = pruned(properties, mask)
    return found


def _row_data(sheet: Sheet, span: Span, mask: Mask, habits: Habits) -> list[dict[str, Any]]:
    describe = _describer(mask, habits)
    rows = []
    for row in sheet.stretches(span):
        values = [{} if slot is None else describe(slot) for slot in row[: _noted_width(row)]]
        rows.append({"values": values} if values else {})
    while rows and not rows[-1]:
        rows.pop()
    return rows


def _noted_width(row: Row) -> int:
    """Return how many places there are up to the last that has anything at all."""
    width = len(row)
    while width and row[width - 1] is None:
        width -= 1
    return width


def _describer(mask: Mask, habits: Habits) -> Callable[[Slot], dict[str, Any]]:
    """Return how to describe one cell; a mask that wants only values is served without building the rest."""
    if mask == {"effectiveValue": {}}:
        return lambda slot: _effective(slot.value if isinstance(slot, Cell) else slot)
    if mask and set(mask) <= {"effectiveValue", "userEnteredValue", "note"} and not any(mask.values()):
        wanted = frozenset(mask)
        return lambda slot: _some(slot, wanted)
    return lambda slot: pruned(cell_json(slot, habits), mask)


def _effective(value: Plain) -> dict[str, Any]:
    shown = value_json(value)
    return {"effectiveValue": shown} if shown else {}


def _some(slot: Slot, wanted: frozenset[str]) -> dict[str, Any]:
    if not isinstance(slot, Cell):
        value = value_json(slot)
        return {name: value for name in wanted if name != "note"} if value else {}
    entered = {"formulaValue": slot.formula} if slot.formula else value_json(slot.value)
    facts = {"userEnteredValue": entered, "effectiveValue": value_json(slot.value), "note": slot.note}
    return {name: fact for name, fact in facts.items() if name in wanted and fact}


def value_json(value: Plain) -> dict[str, Any]:
    """Return an ExtendedValue; of an empty cell, {}."""
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, CellError):
        return {"errorValue": {"type": value.kind, **({"message": value.message} if value.message else {})}}
    return {"stringValue": value} if isinstance(value, str) else {"numberValue": value}


def cell_json(slot: Slot, habits: Habits) -> dict[str, Any]:
    """Return CellData, without what it does not have."""
    cell = slot if isinstance(slot, Cell) else Cell(slot)
    entered_format = dict(cell.style or {})
    if cell.number_format:
        kind, pattern = cell.number_format
        entered_format["numberFormat"] = {"type": kind, **({"pattern": pattern} if pattern else {})}
    facts = {
        "userEnteredValue": {"formulaValue": cell.formula} if cell.formula else value_json(cell.value),
        "effectiveValue": value_json(cell.value),
        "formattedValue": formatted(cell, habits),
        "userEnteredFormat": entered_format,
        "effectiveFormat": {**DEFAULT_FORMAT, **entered_format} if cell.value is not None or entered_format else {},
        "note": cell.note,
        "dataValidation": cell.validation or {},
    }
    return {name: fact for name, fact in facts.items() if fact}
