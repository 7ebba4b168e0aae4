"""Requests about what is in cells: values, formulas, notes, looks, validation, copying, finding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from automations.sources.sheets_sim import describing, entering, moving
from automations.sources.sheets_sim.a1 import Area, Span
from automations.sources.sheets_sim.cells import (
    MAX_CHARACTERS,
    Cell,
    CellError,
    NumberFormat,
    Plain,
    Slot,
    cell_of,
    slot_of,
)
from automations.sources.sheets_sim.masks import Mask, update_mask, updated
from automations.sources.sheets_sim.protecting import check
from automations.sources.sheets_sim.refusals import invalid
from automations.sources.sheets_sim.showing import formatted
from automations.sources.sheets_sim.state import Sheet, State

__all__ = ["WORKS"]

Request = dict[str, Any]
Reply = dict[str, Any]

PASTES_CONTENT = frozenset({"PASTE_NORMAL", "PASTE_NO_BORDERS"})


def update_cells(state: State, wanted: Request, who: str) -> Reply:
    """Write CellData from a cell on, or over a range; what the mask names and a cell lacks is emptied."""
    mask = update_mask(wanted.get("fields"), "CellData") if wanted.get("fields") else update_mask(None, "CellData")
    rows = wanted.get("rows", [])
    if "range" in wanted:
        sheet, span = state.span(Area.from_json(wanted["range"]))
        _check_data_fits(span, rows)
    else:
        start = wanted.get("start", {})
        sheet = state.sheet(start.get("sheetId", 0))
        top, left = start.get("rowIndex", 0), start.get("columnIndex", 0)
        width = max((len(row.get("values", [])) for row in rows), default=0)
        span = Span(top, top + len(rows), left, left + width)
        _check_on_grid(sheet, span)
    check(sheet, span, who)
    for index in range(span.top, span.bottom):
        given = rows[index - span.top].get("values", []) if index - span.top < len(rows) else []
        cells = (given[place] if place < len(given) else {} for place in range(span.right - span.left))
        _write(state, sheet, index, span.left, list(cells), mask)
    return {}


def _check_data_fits(span: Span, rows: list[Request]) -> None:
    width = max((len(row.get("values", [])) for row in rows), default=0)
    if len(rows) > span.bottom - span.top:
        raise invalid(f"Attempting to write row: {span.bottom}, beyond the last requested row of: {span.bottom - 1}")
    if width > span.right - span.left:
        raise invalid(
            f"Attempting to write column: {span.right}, beyond the last requested column of: {span.right - 1}"
        )


def _check_on_grid(sheet: Sheet, span: Span) -> None:
    if span.bottom > sheet.row_count:
        raise invalid(
            f"Attempting to write row: {sheet.row_count}, beyond the last requested row of: {sheet.row_count - 1}"
        )
    if span.right > sheet.column_count:
        last = sheet.column_count
        raise invalid(f"Attempting to write column: {last}, beyond the last requested column of: {last - 1}")


def append_cells(state: State, wanted: Request, who: str) -> Reply:
    """Write CellData below the last row with anything in it; rows that are missing are added."""
    mask = update_mask(wanted.get("fields"), "CellData")
    sheet, rows = state.sheet(wanted.get("sheetId", 0)), wanted.get("rows", [])
    top = sheet.content().bottom
    width = max((len(row.get("values", [])) for row in rows), default=0)
    sheet.row_count = max(sheet.row_count, top + len(rows))
    state.check_size()
    span = Span(top, top + len(rows), 0, width)
    _check_on_grid(sheet, span)
    check(sheet, span, who)
    for index, row in enumerate(rows, start=top):
        _write(state, sheet, index, 0, row.get("values", []), mask)
    return {}


def repeat_cell(state: State, wanted: Request, who: str) -> Reply:
    """Write one CellData into every cell of a range; formulas follow as if copied from the first."""
    mask = update_mask(wanted.get("fields"), "CellData")
    sheet, span = state.span(Area.from_json(wanted.get("range", {})))
    check(sheet, span, who)
    for index in range(span.top, span.bottom):
        cells = [wanted.get("cell", {})] * (span.right - span.left)
        _write(state, sheet, index, span.left, cells, mask, relative_to=(span.top, span.left))
    return {}


def _write(
    state: State,
    sheet: Sheet,
    row: int,
    left: int,
    cells: list[Request],
    mask: Mask,
    *,
    relative_to: tuple[int, int] | None = None,
) -> None:
    slots = []
    for column, given in enumerate(cells, start=left):
        slot = _changed(state, sheet.slot(row, column), given, mask)
        if relative_to is not None:
            slot = moving.relative(slot, row - relative_to[0], column - relative_to[1])
        state.has_formulas |= isinstance(slot, Cell) and bool(slot.formula)
        slots.append(slot)
    if any(slot is not None for slot in slots) or row < len(sheet.rows):
        sheet.put(row, left, slots)


def _changed(state: State, old: Slot, given: Request, mask: Mask) -> Slot:
    """Return a cell with what the mask names taken from CellData."""
    before = describing.cell_json(old, state.habits)
    after = updated(before, given, mask)
    entered = after.get("userEnteredFormat", {})
    number_format = entered.get("numberFormat")
    style = {name: value for name, value in entered.items() if name != "numberFormat"}
    cell = Cell(
        note=after.get("note", ""),
        number_format=NumberFormat(number_format.get("type", ""), number_format.get("pattern", ""))
        if number_format
        else None,
        style=style or None,
        validation=after.get("dataValidation") or None,
    )
    if after.get("userEnteredValue", {}) == before.get("userEnteredValue", {}):
        kept = cell_of(old)
        return slot_of(replace(cell, value=kept.value, formula=kept.formula))
    return slot_of(_with_value(cell, after.get("userEnteredValue", {})))


def _with_value(cell: Cell, entered: Request) -> Cell:
    if "formulaValue" in entered:
        formula = entered["formulaValue"]
        if not formula.startswith("="):
            raise invalid(f"Formula must start with =: {formula}")
        return replace(cell, formula=formula)
    return replace(cell, value=_plain(entered))


def _plain(entered: Request) -> Plain:
    if "errorValue" in entered:
        error = entered["errorValue"]
        return CellError(error.get("type", "ERROR"), error.get("message", ""))
    if "stringValue" in entered:
        text: str = entered["stringValue"]
        if len(text) > MAX_CHARACTERS:
            raise invalid(f"Your input contains more than the maximum of {MAX_CHARACTERS} characters in a single cell.")
        return text or None
    if "numberValue" in entered:
        return entering.number(entered["numberValue"])
    truth: bool | None = entered.get("boolValue")
    return truth


def set_data_validation(state: State, wanted: Request, who: str) -> Reply:
    """Put a validation rule on every cell of a range, or take it off. What the interface writes is not validated."""
    sheet, span = state.span(Area.from_json(wanted.get("range", {})))
    check(sheet, span, who)
    rule = wanted.get("rule")
    for row in range(span.top, span.bottom):
        if rule is None and row >= len(sheet.rows):
            break
        slots = (sheet.slot(row, column) for column in range(span.left, span.right))
        sheet.put(row, span.left, [slot_of(replace(cell_of(slot), validation=rule)) for slot in slots])
    return {}


def copy_paste(state: State, wanted: Request, who: str) -> Reply:
    """Copy a range over another; a larger destination is filled with repetitions."""
    source_sheet, source = state.span(Area.from_json(wanted.get("source", {})))
    sheet, span = state.span(Area.from_json(wanted.get("destination", {})))
    turned = wanted.get("pasteOrientation") == "TRANSPOSE"
    height, width = source.bottom - source.top, source.right - source.left
    if turned:
        height, width = width, height
    rows, columns = span.bottom - span.top, span.right - span.left
    rows = rows if rows % height == 0 else height
    columns = columns if columns % width == 0 else width
    target = Span(span.top, span.top + rows, span.left, span.left + columns)
    _check_on_grid(sheet, target)
    check(sheet, target, who)
    kind = wanted.get("pasteType", "PASTE_NORMAL")
    copied = {
        (row, column): source_sheet.slot(source.top + row, source.left + column)
        for row in range(source.bottom - source.top)
        for column in range(source.right - source.left)
    }
    for row in range(rows):
        slots = []
        for column in range(columns):
            place = (column % width, row % height) if turned else (row % height, column % width)
            by = (target.top + row - source.top - place[0], target.left + column - source.left - place[1])
            old = sheet.slot(target.top + row, target.left + column)
            slots.append(pasted(old, moving.relative(copied[place], *by), kind))
        sheet.put(target.top + row, target.left, slots)
    return {}


def pasted(old: Slot, new: Slot, kind: str) -> Slot:
    """Return what a cell is after something was pasted on it, by PasteType."""
    before, after = cell_of(old), cell_of(new)
    if kind in PASTES_CONTENT:
        return slot_of(after)
    results = {
        "PASTE_VALUES": replace(before, value=after.value, formula=""),
        "PASTE_FORMULA": replace(before, value=after.value, formula=after.formula),
        "PASTE_FORMAT": replace(before, style=after.style, number_format=after.number_format),
        "PASTE_DATA_VALIDATION": replace(before, validation=after.validation),
    }
    return slot_of(results.get(kind, before))


def cut_paste(state: State, wanted: Request, who: str) -> Reply:
    """Move the content of a range to where a cell is; what was there is overwritten."""
    source_sheet, source = state.span(Area.from_json(wanted.get("source", {})))
    place = wanted.get("destination", {})
    sheet = state.sheet(place.get("sheetId", 0))
    top, left = place.get("rowIndex", 0), place.get("columnIndex", 0)
    target = Span(top, top + source.bottom - source.top, left, left + source.right - source.left)
    _check_on_grid(sheet, target)
    check(source_sheet, source, who)
    check(sheet, target, who)
    kind = wanted.get("pasteType", "PASTE_NORMAL")
    width = source.right - source.left
    cut = [
        [source_sheet.slot(row, source.left + column) for column in range(width)]
        for row in range(source.top, source.bottom)
    ]
    for row in range(source.top, min(source.bottom, len(source_sheet.rows))):
        source_sheet.put(row, source.left, [None] * width)
    for index, slots in enumerate(cut, start=top):
        old = (sheet.slot(index, left + column) for column in range(width))
        sheet.put(index, left, [pasted(*pair, kind) for pair in zip(old, slots, strict=True)])
    return {}


def find_replace(state: State, wanted: Request, who: str) -> Reply:
    """Replace a text in the cells of a range, a tab or all tabs, and count what changed."""
    if not wanted.get("find"):
        raise invalid("Must specify a non-empty find string.")
    try:
        pattern = _pattern(wanted)
    except re.error:
        raise invalid(f"Invalid regular expression: {wanted['find']}") from None
    replacement = wanted.get("replacement", "")
    put = replacement.replace("$", "\\") if wanted.get("searchByRegex") else replacement.replace("\\", r"\\")
    counts = dict.fromkeys(
        ("valuesChanged", "formulasChanged", "rowsChanged", "sheetsChanged", "occurrencesChanged"), 0
    )
    for sheet, span in _searched(state, wanted):
        rows = set()
        for row, column, text, is_formula in _texts(state, sheet, span, formulas=wanted.get("includeFormulas", False)):
            after, count = pattern.subn(put, text)
            if count:
                check(sheet, Span(row, row + 1, column, column + 1), who)
                slot = entering.typed(after, state.habits)
                sheet.put(row, column, [slot])
                rows.add(row)
                counts["formulasChanged" if is_formula else "valuesChanged"] += 1
                counts["occurrencesChanged"] += count
        counts["rowsChanged"] += len(rows)
        counts["sheetsChanged"] += bool(rows)
    return {name: count for name, count in counts.items() if count}


def _pattern(wanted: Request) -> re.Pattern[str]:
    text = wanted["find"] if wanted.get("searchByRegex") else re.escape(wanted["find"])
    whole = rf"\A(?:{text})\Z" if wanted.get("matchEntireCell") else text
    return re.compile(whole, 0 if wanted.get("matchCase") else re.IGNORECASE)


def _searched(state: State, wanted: Request) -> list[tuple[Sheet, Span]]:
    if "range" in wanted:
        return [state.span(Area.from_json(wanted["range"]))]
    if wanted.get("allSheets"):
        return [(sheet, sheet.grid) for sheet in state.sheets]
    sheet = state.sheet(wanted.get("sheetId", 0))
    return [(sheet, sheet.grid)]


def _texts(state: State, sheet: Sheet, span: Span, *, formulas: bool) -> Iterator[tuple[int, int, str, bool]]:
    """Return row, column and text of the cells to search; a formula is searched only if *formulas*."""
    content = sheet.content()
    for row in range(span.top, min(span.bottom, content.bottom)):
        for column in range(span.left, min(span.right, content.right)):
            cell = cell_of(sheet.slot(row, column))
            if cell.formula and formulas:
                yield row, column, cell.formula, True
            elif cell.value is not None and not cell.formula:
                yield row, column, formatted(cell, state.habits), False


WORKS = {
    "updateCells": update_cells,
    "appendCells": append_cells,
    "repeatCell": repeat_cell,
    "setDataValidation": set_data_validation,
    "copyPaste": copy_paste,
    "cutPaste": cut_paste,
    "findReplace": find_replace,
}
