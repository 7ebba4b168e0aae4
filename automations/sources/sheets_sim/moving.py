"""Rows and columns that come, go and move, and everything that goes with them: ranges, formulas, metadata.

A sort is not among these: it moves what is in the cells, and what hangs on rows stays where it is.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from automations.sources.sheets_sim.a1 import Area, Span
from automations.sources.sheets_sim.cells import Cell, Slot, value_of, without_content
from automations.sources.sheets_sim.references import Corner, Reference, rewritten
from automations.sources.sheets_sim.refusals import Refusal, invalid
from automations.sources.sheets_sim.shifts import ROWS, Shift, deleted, inserted, moved
from automations.sources.sheets_sim.state import Row, Sheet, State

__all__ = ["copied", "delete", "delete_tab", "insert", "merge", "move", "relative", "rename", "set_filter"]


def insert(state: State, sheet_id: int, dimension: str, at: int, count: int) -> None:
    """Put *count* empty rows or columns before index *at*."""
    sheet = state.sheet(sheet_id)
    if dimension == ROWS:
        if at < len(sheet.rows):
            sheet.rows[at:at] = [()] * count
        sheet.row_count += count
    else:
        sheet.rows = [row[:at] + (None,) * count + row[at:] if len(row) > at else row for row in sheet.rows]
        sheet.column_count += count
    state.check_size()
    _follow(state, inserted(sheet_id, dimension, at, count))


def delete(state: State, sheet_id: int, dimension: str, at: int, count: int) -> None:
    """Take *count* rows or columns away, the first at index *at*. Raises Refusal when none would be left."""
    sheet = state.sheet(sheet_id)
    word, size, frozen = _facts(sheet, dimension)
    end = min(at + count, size)
    if at >= size:
        raise invalid(
            f"Cannot delete a {word} that doesn't exist. Tried to delete {word} index {at} but there are only"
            f" {size} {word}s."
        )
    if at == 0 and end == size:
        raise invalid(f"You can't delete all the {word}s on the sheet.")
    if at <= frozen and end == size:
        raise invalid(f"Sorry, it is not possible to delete all non-frozen {word}s.")
    if dimension == ROWS:
        del sheet.rows[at:end]
        sheet.row_count -= end - at
    else:
        sheet.rows = [row[:at] + row[end:] for row in sheet.rows]
        sheet.column_count -= end - at
    _follow(state, deleted(sheet_id, dimension, at, end - at))


def move(state: State, sheet_id: int, dimension: str, at: int, count: int, to: int) -> None:
    """Move *count* rows or columns to before index *to*, counted as before the move."""
    shift = moved(sheet_id, dimension, at, count, to)
    sheet = state.sheet(sheet_id)
    if dimension == ROWS:
        sheet.rows.extend(() for _ in range(max(at + count, to) - len(sheet.rows)))
        block = sheet.rows[at : at + count]
        del sheet.rows[at : at + count]
        sheet.rows[shift.landing : shift.landing] = block
    else:
        sheet.rows = [_moved_within(row, shift) for row in sheet.rows]
    _follow(state, shift)


def _moved_within(row: Row, shift: Shift) -> Row:
    end = shift.at + shift.count
    padded = row + (None,) * (max(end, shift.to) - len(row))
    rest = padded[: shift.at] + padded[end:]
    return rest[: shift.landing] + padded[shift.at : end] + rest[shift.landing :]


def _facts(sheet: Sheet, dimension: str) -> tuple[str, int, int]:
    if dimension == ROWS:
        return "row", sheet.row_count, sheet.grid_looks.get("frozenRowCount", 0)
    return "column", sheet.column_count, sheet.grid_looks.get("frozenColumnCount", 0)


def _follow(state: State, shift: Shift) -> None:
    """Let everything that is bound to places follow."""
    sheet = state.sheet(shift.sheet_id)
    sheet.merges = tuple(area for each in sheet.merges if (area := shift.area(each)))
    sheet.protections = tuple(
        each._replace(area=area, exceptions=tuple(left for one in each.exceptions if (left := shift.area(one))))
        for each in sheet.protections
        if (area := shift.area(each.area))
    )
    sheet.conditional_formats = tuple(rule for each in sheet.conditional_formats if (rule := _rule(each, shift)))
    sheet.basic_filter = _filter(sheet.basic_filter, shift)
    state.named_ranges = tuple(
        each._replace(area=area) for each in state.named_ranges if (area := shift.area(each.area))
    )
    _looks(sheet, shift)
    _metadata(state, shift)
    if state.has_formulas:
        _formulas(state, shift)


def _rule(rule: dict[str, Any], shift: Shift) -> dict[str, Any] | None:
    areas = [shift.area(Area.from_json(each)) for each in rule.get("ranges", ())]
    left = [each.as_json() for each in areas if each is not None]
    return {**rule, "ranges": left} if left else None


def _filter(basic_filter: dict[str, Any] | None, shift: Shift) -> dict[str, Any] | None:
    if basic_filter is None:
        return None
    area = shift.area(Area.from_json(basic_filter.get("range", {})))
    return None if area is None else {**basic_filter, "range": area.as_json()}


def _looks(sheet: Sheet, shift: Shift) -> None:
    name = "row_looks" if shift.dimension == ROWS else "column_looks"
    looks: dict[int, dict[str, Any]] = getattr(sheet, name)
    setattr(sheet, name, {after: each for index, each in looks.items() if (after := shift.point(index)) is not None})
    frozen = "frozenRowCount" if shift.dimension == ROWS else "frozenColumnCount"
    count = sheet.grid_looks.get(frozen, 0)
    left = shift.span(0, count) if count and shift.kind != "move" else (0, count)
    sheet.grid_looks = {**sheet.grid_looks, frozen: left[1] if left else 0}


def _metadata(state: State, shift: Shift) -> None:
    location = "ROW" if shift.dimension == ROWS else "COLUMN"
    for each in tuple(state.metadata.values()):
        if each.sheet_id != shift.sheet_id or each.location != location:
            continue
        index = shift.point(each.place)
        if index is None:
            del state.metadata[each.metadata_id]
        elif index != each.place:
            state.metadata[each.metadata_id] = each._replace(place=index)


def _formulas(state: State, shift: Shift) -> None:
    title = state.sheet(shift.sheet_id).title.casefold()
    for sheet in state.sheets:
        is_own = sheet.sheet_id == shift.sheet_id
        change = partial(_shifted, shift=shift, title=title, is_own=is_own)
        sheet.rows = [_row_rewritten(row, change) for row in sheet.rows]


def _row_rewritten(row: Row, change: partial[Reference | None]) -> Row:
    if not any(isinstance(slot, Cell) and slot.formula for slot in row):
        return row
    return tuple(_slot_rewritten(slot, change) for slot in row)


def _slot_rewritten(slot: Slot, change: partial[Reference | None]) -> Slot:
    if isinstance(slot, Cell) and slot.formula:
        return replace(slot, formula=rewritten(slot.formula, change))
    return slot


def _shifted(reference: Reference, *, shift: Shift, title: str, is_own: bool) -> Reference | None:
    meant = is_own if reference.title is None else reference.title.casefold() == title
    if not meant:
        return reference
    first, last = reference.first, reference.last
    if last is None:
        index = first.row if shift.dimension == ROWS else first.column
        after = None if index is None else shift.point(index)
        return None if after is None else reference._replace(first=_placed(first, shift.dimension, after))
    return _stretch_shifted(reference, first, last, shift)


def _stretch_shifted(reference: Reference, first: Corner, last: Corner, shift: Shift) -> Reference | None:
    start, end = (first.row, last.row) if shift.dimension == ROWS else (first.column, last.column)
    if start is None:
        return reference
    left = shift.span(start, None if end is None else end + 1)
    if left is None or left[0] is None:
        return None
    after_last = last if left[1] is None else _placed(last, shift.dimension, left[1] - 1)
    return reference._replace(first=_placed(first, shift.dimension, left[0]), last=after_last)


def _placed(corner: Corner, dimension: str, index: int) -> Corner:
    return corner._replace(row=index) if dimension == ROWS else corner._replace(column=index)


def relative(slot: Slot, rows: int, columns: int) -> Slot:
    """Return what a cell holds after it was copied or sorted so many rows and columns further.

    References without "$" follow, as they do in the sheet; one that would leave it becomes #REF!.
    """
    if not isinstance(slot, Cell) or not slot.formula or (rows, columns) == (0, 0):
        return slot
    return replace(slot, formula=rewritten(slot.formula, partial(_further, rows=rows, columns=columns)))


def _further(reference: Reference, *, rows: int, columns: int) -> Reference | None:
    corners = [None if each is None else _corner_further(each, rows, columns) for each in reference[1:]]
    if corners[0] is None or (reference.last is not None and corners[1] is None):
        return None
    return Reference(reference.title, corners[0], corners[1])


def _corner_further(corner: Corner, rows: int, columns: int) -> Corner | None:
    row = corner.row if corner.row is None or corner.row_sign else corner.row + rows
    column = corner.column if corner.column is None or corner.column_sign else corner.column + columns
    if (row is not None and row < 0) or (column is not None and column < 0):
        return None
    return corner._replace(row=row, column=column)


def rename(state: State, sheet: Sheet, title: str) -> None:
    """Give a tab another title; formulas that name it follow. Raises Refusal for one that another tab has."""
    other = state.titled(title)
    if not title or (other is not None and other.sheet_id != sheet.sheet_id):
        raise name_taken(title)
    old, sheet.title = sheet.title.casefold(), title
    if state.has_formulas:
        change = partial(_retitled, old=old, new=title)
        for each in state.sheets:
            each.rows = [_row_rewritten(row, change) for row in each.rows]


def name_taken(title: str) -> Refusal:
    """Return the refusal of a title that another tab has."""
    return invalid(f'A sheet with the name "{title}" already exists. Please enter another name.')


def _retitled(reference: Reference, *, old: str, new: str) -> Reference | None:
    return reference._replace(title=new) if (reference.title or "").casefold() == old else reference


def delete_tab(state: State, sheet_id: int) -> None:
    """Delete a tab with its metadata and names; formulas that name it fail. Raises Refusal for the last visible one."""
    sheet = state.sheet(sheet_id, what="sheet")
    if not any(not each.is_hidden for each in state.sheets if each.sheet_id != sheet_id):
        raise invalid("You can't remove all the visible sheets in a document.")
    state.sheets.remove(sheet)
    state.metadata = {
        each.metadata_id: each
        for each in state.metadata.values()
        if each.location == "SPREADSHEET" or each.sheet_id != sheet_id
    }
    state.named_ranges = tuple(each for each in state.named_ranges if each.area.sheet_id != sheet_id)
    if state.has_formulas:
        change = partial(_lost, title=sheet.title.casefold())
        for each in state.sheets:
            each.rows = [_row_rewritten(row, change) for row in each.rows]


def _lost(reference: Reference, *, title: str) -> Reference | None:
    return None if (reference.title or "").casefold() == title else reference


def merge(state: State, area: Area, kind: str) -> None:
    """Merge cells: all of an area, or each of its rows or columns. All but the first cell of each are emptied."""
    sheet, span = state.span(area)
    for each in _merged_spans(span, kind):
        made = Area(area.sheet_id, *each)
        if any(other != made and other.within(*sheet.grid[1::2]).meets(each) for other in sheet.merges):
            sheet.merges = tuple(other for other in sheet.merges if not each.holds(other.within(*sheet.grid[1::2])))
            if any(other.within(*sheet.grid[1::2]).meets(each) for other in sheet.merges):
                raise invalid("You must select all cells in a merged range to merge or unmerge them.")
        sheet.merges = (*(other for other in sheet.merges if other != made), made)
        _keep_first(sheet, each)


def _merged_spans(span: Span, kind: str) -> list[Span]:
    if kind == "MERGE_COLUMNS":
        return [span._replace(left=column, right=column + 1) for column in range(span.left, span.right)]
    if kind == "MERGE_ROWS":
        return [span._replace(top=row, bottom=row + 1) for row in range(span.top, span.bottom)]
    return [span]


def _keep_first(sheet: Sheet, span: Span) -> None:
    for row in range(span.top, min(span.bottom, len(sheet.rows))):
        first = span.left + (row == span.top)
        sheet.put(row, first, [without_content(sheet.slot(row, column)) for column in range(first, span.right)])


def set_filter(sheet: Sheet, basic_filter: dict[str, Any] | None) -> None:
    """Put a filter on a tab, or take it off, and hide the rows it hides. All of them are still read and written."""
    sheet.row_looks = {
        row: {name: value for name, value in looks.items() if name != "hiddenByFilter"}
        for row, looks in sheet.row_looks.items()
    }
    sheet.basic_filter = basic_filter
    if basic_filter is None:
        return
    span = Area.from_json(basic_filter.get("range", {})).within(sheet.row_count, sheet.column_count)
    for spec in basic_filter.get("filterSpecs", ()):
        hidden = frozenset(spec.get("filterCriteria", {}).get("hiddenValues", ()))
        for row in range(span.top + 1, span.bottom):
            if str(value_of(sheet.slot(row, spec.get("columnIndex", 0))) or "") in hidden:
                sheet.row_looks[row] = {**sheet.row_looks.get(row, {}), "hiddenByFilter": True}


def copied(state: State, sheet_id: int, *, title: str = "", new_id: int = 0, index: int | None = None) -> Sheet:
    """Copy a tab, without its metadata, protections, filter and conditional formats; return the copy.

    It goes to the end unless *index* says where. Raises Refusal when its title or id is taken.
    """
    source = state.sheet(sheet_id, what="sheet")
    title = title or f"Copy of {source.title}"
    if state.titled(title) is not None:
        raise name_taken(title)
    new_id = new_id or state.fresh_id()
    if any(each.sheet_id == new_id for each in state.sheets):
        raise invalid(f"Sheet with ID {new_id} already exists.")
    copy = replace(
        source.draft(),
        sheet_id=new_id,
        title=title,
        merges=tuple(each._replace(sheet_id=new_id) for each in source.merges),
        protections=(),
        conditional_formats=(),
        basic_filter=None,
    )
    state.sheets.insert(len(state.sheets) if index is None else min(index, len(state.sheets)), copy)
    state.check_size()
    return copy
