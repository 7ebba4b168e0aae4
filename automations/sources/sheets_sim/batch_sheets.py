"""Requests about tabs, rows and columns, and the spreadsheet itself."""

from __future__ import annotations

from typing import Any

from automations.sources.sheets_sim import describing, moving
from automations.sources.sheets_sim.a1 import Area, Span
from automations.sources.sheets_sim.locales import LOCALES
from automations.sources.sheets_sim.masks import update_mask, updated
from automations.sources.sheets_sim.ordering import sort_rows
from automations.sources.sheets_sim.protecting import check
from automations.sources.sheets_sim.refusals import invalid
from automations.sources.sheets_sim.shifts import COLUMNS, ROWS
from automations.sources.sheets_sim.showing import formatted
from automations.sources.sheets_sim.state import Sheet, State

__all__ = ["WORKS"]

Request = dict[str, Any]
Reply = dict[str, Any]

MAX_TITLE = 100
MAX_COLUMNS = 18_278
PIXELS_PER_LETTER = 7


def add_sheet(state: State, wanted: Request, _who: str) -> Reply:
    """Add a tab where its index says, else at the end."""
    properties = wanted.get("properties", {})
    if properties.get("sheetType", "GRID") != "GRID":
        raise invalid("Only sheets of type GRID can be added.")
    title = properties.get("title") or _free_title(state)
    if state.titled(title) is not None:
        raise moving.name_taken(title)
    sheet_id = properties.get("sheetId") or state.fresh_id()
    if any(each.sheet_id == sheet_id for each in state.sheets):
        raise invalid(f"Sheet with ID {sheet_id} already exists.")
    sheet = Sheet(sheet_id, title)
    index = min(properties.get("index", len(state.sheets)), len(state.sheets))
    state.sheets.insert(index, sheet)
    _set_properties(state, sheet, {**properties, "sheetId": sheet_id, "title": title, "index": index})
    return {"properties": describing.sheet_properties(state, sheet)}


def _free_title(state: State) -> str:
    return next(title for number in range(1, 10_000) if state.titled(title := f"Sheet{number}") is None)


def delete_sheet(state: State, wanted: Request, who: str) -> Reply:
    """Delete a tab."""
    sheet = state.sheet(wanted.get("sheetId", 0), what="sheet")
    check(sheet, sheet.grid, who)
    moving.delete_tab(state, sheet.sheet_id)
    return {}


def duplicate_sheet(state: State, wanted: Request, _who: str) -> Reply:
    """Copy a tab, with everything but its metadata and protections."""
    copy = moving.copied(
        state,
        wanted.get("sourceSheetId", 0),
        title=wanted.get("newSheetName", ""),
        new_id=wanted.get("newSheetId", 0),
        index=wanted.get("insertSheetIndex", 0),
    )
    return {"properties": describing.sheet_properties(state, copy)}


def update_sheet_properties(state: State, wanted: Request, who: str) -> Reply:
    """Change what the mask names of a tab's properties."""
    mask = update_mask(wanted.get("fields"), "SheetProperties")
    properties = wanted.get("properties", {})
    sheet = state.sheet(properties.get("sheetId", 0), what="sheet")
    before = describing.sheet_properties(state, sheet)
    after = updated(before, properties, mask)
    if after.get("gridProperties", {}) != before["gridProperties"]:
        check(sheet, _lost_cells(sheet, after.get("gridProperties", {})), who)
    _set_properties(state, sheet, {**after, "sheetId": sheet.sheet_id})
    return {}


def _lost_cells(sheet: Sheet, grid: Request) -> Span:
    """Return the cells that a smaller grid loses: rows first; none when it only grows."""
    rows, columns = grid.get("rowCount", 0), grid.get("columnCount", 0)
    if rows < sheet.row_count:
        return sheet.grid._replace(top=rows)
    return sheet.grid._replace(left=columns)


def _set_properties(state: State, sheet: Sheet, wanted: Request) -> None:
    title = wanted.get("title", "")
    if not title or len(title) > MAX_TITLE:
        raise invalid(f"The sheet name must be between 1 and {MAX_TITLE} characters long.")
    if title != sheet.title:
        moving.rename(state, sheet, title)
    sheet.is_hidden = wanted.get("hidden", False)
    if all(each.is_hidden for each in state.sheets):
        raise invalid("You can't hide all the sheets in a document.")
    known = {"sheetId", "title", "index", "sheetType", "gridProperties", "hidden"}
    sheet.looks = {name: value for name, value in wanted.items() if name not in known}
    _set_grid(state, sheet, wanted.get("gridProperties", {}))
    _set_index(state, sheet, wanted.get("index", 0))


def _set_grid(state: State, sheet: Sheet, wanted: Request) -> None:
    rows, columns = wanted.get("rowCount", sheet.row_count), wanted.get("columnCount", sheet.column_count)
    if rows < 1 or columns < 1:
        raise invalid("The grid must have at least one row and one column.")
    if columns > MAX_COLUMNS:
        raise invalid(f"The grid may have at most {MAX_COLUMNS} columns.")
    frozen = (wanted.get("frozenRowCount", 0), wanted.get("frozenColumnCount", 0))
    if frozen[0] >= rows or frozen[1] >= columns or min(frozen) < 0:
        raise invalid("You can't freeze all visible rows or columns on the sheet.")
    for dimension, size, now in ((ROWS, rows, sheet.row_count), (COLUMNS, columns, sheet.column_count)):
        if size < now:
            _clear_frozen(sheet, dimension)
            moving.delete(state, sheet.sheet_id, dimension, size, now - size)
    sheet.row_count, sheet.column_count = rows, columns
    sheet.grid_looks = {name: value for name, value in wanted.items() if name not in {"rowCount", "columnCount"}}
    state.check_size()


def _clear_frozen(sheet: Sheet, dimension: str) -> None:
    """Rows that are frozen do not keep others from going: the new frozen count is set with the new size."""
    name = "frozenRowCount" if dimension == ROWS else "frozenColumnCount"
    sheet.grid_looks = {**sheet.grid_looks, name: 0}


def _set_index(state: State, sheet: Sheet, index: int) -> None:
    """Move a tab; an index counts before the move, so that the place behind itself is no move."""
    now = next(place for place, each in enumerate(state.sheets) if each.sheet_id == sheet.sheet_id)
    if not 0 <= index <= len(state.sheets):
        raise invalid(f"The sheet index must be between 0 and {len(state.sheets)}.")
    state.sheets.remove(sheet)
    state.sheets.insert(index - (index > now), sheet)


def update_spreadsheet_properties(state: State, wanted: Request, _who: str) -> Reply:
    """Change title, locale, time zone or looks of the spreadsheet."""
    mask = update_mask(wanted.get("fields"), "SpreadsheetProperties")
    after = updated(describing.spreadsheet_properties(state), wanted.get("properties", {}), mask)
    if after.get("locale") not in LOCALES:
        raise invalid(f"Unsupported locale: {after.get('locale')}")
    if "/" not in after.get("timeZone", "") and after.get("timeZone") != "UTC":
        raise invalid(f"Invalid time zone: {after.get('timeZone')}")
    state.title, state.locale, state.time_zone = after.get("title", ""), after["locale"], after["timeZone"]
    looks = ("iterativeCalculationSettings", "autoRecalc", "defaultFormat", "spreadsheetTheme")
    state.looks = {name: after[name] for name in looks if name in after}
    return {}


def _stretch(state: State, stretch: Request) -> tuple[Sheet, str, int, int]:
    """Return tab, dimension, start and end of a DimensionRange, whose open edges end with the grid."""
    sheet = state.sheet(stretch.get("sheetId", 0))
    dimension = stretch.get("dimension", "DIMENSION_UNSPECIFIED")
    if dimension not in {ROWS, COLUMNS}:
        raise invalid("The dimension must be specified.")
    size = sheet.row_count if dimension == ROWS else sheet.column_count
    start, end = stretch.get("startIndex", 0), stretch.get("endIndex", size)
    if not 0 <= start < end:
        raise invalid(f"The start index {start} must be less than the end index {end}.")
    return sheet, dimension, start, end


def _cells_of(sheet: Sheet, dimension: str, start: int, end: int) -> Span:
    return (
        sheet.grid._replace(top=start, bottom=end) if dimension == ROWS else sheet.grid._replace(left=start, right=end)
    )


def insert_dimension(state: State, wanted: Request, _who: str) -> Reply:
    """Insert empty rows or columns."""
    sheet, dimension, start, end = _stretch(state, wanted.get("range", {}))
    size = sheet.row_count if dimension == ROWS else sheet.column_count
    if start > size or (start == size and not wanted.get("inheritFromBefore")):
        word = "row" if dimension == ROWS else "column"
        raise invalid(f"range.startIndex[{start}] must be less than the grid size ({size} {word}s).")
    if wanted.get("inheritFromBefore") and start == 0:
        raise invalid("inheritFromBefore cannot be true if inserting at index 0.")
    moving.insert(state, sheet.sheet_id, dimension, start, end - start)
    return {}


def delete_dimension(state: State, wanted: Request, who: str) -> Reply:
    """Delete rows or columns."""
    sheet, dimension, start, end = _stretch(state, wanted.get("range", {}))
    check(sheet, _cells_of(sheet, dimension, start, end), who)
    moving.delete(state, sheet.sheet_id, dimension, start, end - start)
    return {}


def move_dimension(state: State, wanted: Request, who: str) -> Reply:
    """Move rows or columns to before another."""
    sheet, dimension, start, end = _stretch(state, wanted.get("source", {}))
    size, to = (sheet.row_count if dimension == ROWS else sheet.column_count), wanted.get("destinationIndex", 0)
    if end > size or not 0 <= to <= size:
        raise invalid(f"The source and the destination must be within the grid of {size}.")
    if start < to < end:
        raise invalid("The destination index must not be within the source range.")
    check(sheet, _cells_of(sheet, dimension, start, end), who)
    moving.move(state, sheet.sheet_id, dimension, start, end - start, to)
    return {}


def append_dimension(state: State, wanted: Request, _who: str) -> Reply:
    """Add rows or columns at the end."""
    sheet = state.sheet(wanted.get("sheetId", 0))
    length, dimension = wanted.get("length", 0), wanted.get("dimension")
    if length < 1 or dimension not in {ROWS, COLUMNS}:
        raise invalid("The dimension and a positive length must be specified.")
    if dimension == ROWS:
        sheet.row_count += length
    else:
        sheet.column_count += length
    state.check_size()
    return {}


def update_dimension_properties(state: State, wanted: Request, _who: str) -> Reply:
    """Hide or show rows or columns, or make them wider."""
    mask = update_mask(wanted.get("fields"), "DimensionProperties")
    sheet, dimension, start, end = _stretch(state, wanted.get("range", {}))
    looks = sheet.row_looks if dimension == ROWS else sheet.column_looks
    for index in range(start, end):
        looks[index] = updated(looks.get(index, {}), wanted.get("properties", {}), mask)
    return {}


def auto_resize_dimensions(state: State, wanted: Request, _who: str) -> Reply:
    """Make columns as wide as their longest text, by our own measure of letters."""
    sheet, dimension, start, end = _stretch(state, wanted.get("dimensions", {}))
    if dimension == COLUMNS:
        for index in range(start, min(end, sheet.column_count)):
            shown = (formatted(sheet.slot(row, index), state.habits) for row in range(len(sheet.rows)))
            widest = max((len(line) for text in shown for line in text.split("\n")), default=0)
            pixels = {"pixelSize": widest * PIXELS_PER_LETTER + 6} if widest else {}
            sheet.column_looks[index] = {**sheet.column_looks.get(index, {}), **pixels}
    return {}


def sort_range(state: State, wanted: Request, who: str) -> Reply:
    """Sort the rows of a range."""
    sheet, span = state.span(Area.from_json(wanted.get("range", {})))
    specs = wanted.get("sortSpecs", [])
    if not specs:
        raise invalid("At least one sort spec must be specified.")
    keys = [(each.get("dimensionIndex", 0), each.get("sortOrder") == "DESCENDING") for each in specs]
    if any(not span.left <= column < span.right for column, _ in keys):
        raise invalid("The sort column must be within the range.")
    grid = (sheet.row_count, sheet.column_count)
    if any(span.meets(each.within(*grid)) for each in sheet.merges):
        raise invalid("Range contains merged cells. Unmerge them to sort.")
    check(sheet, span, who)
    sort_rows(sheet, span, keys)
    return {}


def set_basic_filter(state: State, wanted: Request, _who: str) -> Reply:
    """Put a filter on a tab, in place of the one it has."""
    basic_filter = wanted.get("filter", {})
    sheet = state.sheet(basic_filter.get("range", {}).get("sheetId", 0))
    moving.set_filter(sheet, basic_filter)
    return {}


def clear_basic_filter(state: State, wanted: Request, _who: str) -> Reply:
    """Take a tab's filter off."""
    moving.set_filter(state.sheet(wanted.get("sheetId", 0)), None)
    return {}


WORKS = {
    "addSheet": add_sheet,
    "deleteSheet": delete_sheet,
    "duplicateSheet": duplicate_sheet,
    "updateSheetProperties": update_sheet_properties,
    "updateSpreadsheetProperties": update_spreadsheet_properties,
    "insertDimension": insert_dimension,
    "deleteDimension": delete_dimension,
    "moveDimension": move_dimension,
    "appendDimension": append_dimension,
    "updateDimensionProperties": update_dimension_properties,
    "autoResizeDimensions": auto_resize_dimensions,
    "sortRange": sort_range,
    "setBasicFilter": set_basic_filter,
    "clearBasicFilter": clear_basic_filter,
}
