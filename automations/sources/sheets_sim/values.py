"""spreadsheets.values: what is in ranges, read, written, added below, cleared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from automations.sources.sheets_sim import entering
from automations.sources.sheets_sim.a1 import Area, Span, column_word, span_text
from automations.sources.sheets_sim.cells import MAX_CHARACTERS, Cell, Plain, Slot, with_content, without_content
from automations.sources.sheets_sim.protecting import check
from automations.sources.sheets_sim.refusals import Refusal, invalid
from automations.sources.sheets_sim.shifts import COLUMNS, ROWS
from automations.sources.sheets_sim.showing import Show, shower
from automations.sources.sheets_sim.state import Sheet, State, beyond_grid, filled_width, is_filled

__all__ = ["Look", "Wrote", "append", "clear", "read", "totals", "write"]


class Look(NamedTuple):
    """How values are wanted in an answer."""

    dimension: str = ROWS
    render: str = "FORMATTED_VALUE"
    dates: str = "SERIAL_NUMBER"

    @classmethod
    def from_json(cls, request: dict[str, Any]) -> Look:
        """Return what a request to read asks for."""
        return cls(
            _dimension(request.get("majorDimension")),
            request.get("valueRenderOption", "FORMATTED_VALUE"),
            request.get("dateTimeRenderOption", "SERIAL_NUMBER"),
        )

    @classmethod
    def of_response(cls, request: dict[str, Any]) -> Look:
        """Return what a request to write asks to be shown of it."""
        return cls(
            ROWS,
            request.get("responseValueRenderOption", "FORMATTED_VALUE"),
            request.get("responseDateTimeRenderOption", "SERIAL_NUMBER"),
        )


def _dimension(word: str | None) -> str:
    return COLUMNS if word == COLUMNS else ROWS


def read(state: State, area: Area, look: Look) -> dict[str, Any]:
    """Return a ValueRange: rows without their empty ends, and without the empty rows at the end."""
    sheet, span = state.span(area)
    show = shower(look.render, look.dates, state.habits)
    rows = [_shown(row, show) for row in sheet.stretches(span)]
    if look.dimension == COLUMNS:
        rows = _turned(rows)
    while rows and not rows[-1]:
        rows.pop()
    answer: dict[str, Any] = {"range": span_text(sheet.title, span), "majorDimension": look.dimension}
    return {**answer, "values": rows} if rows else answer


def _shown(row: Sequence[Slot], show: Show) -> list[Any]:
    width = filled_width(row)
    return ["" if slot is None else show(slot) for slot in row[:width]]


def _turned(rows: list[list[Any]]) -> list[list[Any]]:
    """Return columns as rows, each without its empty end."""
    width = max(map(len, rows), default=0)
    columns = [[row[index] if index < len(row) else "" for row in rows] for index in range(width)]
    return [column[: _last(column)] for column in columns]


def _last(values: list[Any]) -> int:
    length = len(values)
    while length and values[length - 1] == "":
        length -= 1
    return length


@dataclass(frozen=True, slots=True)
class Wrote:
    """What a write did: where, and which rows, columns and how many cells. *asked* is the range of the request."""

    sheet: Sheet
    span: Span
    rows: frozenset[int]
    columns: frozenset[int]
    cells: int
    asked: Area

    def as_json(self) -> dict[str, Any]:
        """Return it as UpdateValuesResponse without the spreadsheet's id; what is zero is left out."""
        counts = {"updatedRows": len(self.rows), "updatedColumns": len(self.columns), "updatedCells": self.cells}
        return {
            "updatedRange": span_text(self.sheet.title, self.span),
            **{name: count for name, count in counts.items() if count},
        }


def write(state: State, asked: Area, values: dict[str, Any], *, entry: str, who: str, spills: bool = True) -> Wrote:
    """Write a ValueRange's values from the first cell of an area on; null leaves a cell alone, "" empties it.

    One cell stands for as many as there are values, if it *spills*. Raises Refusal when the values do not fit into
    the area or the grid, when a cell is protected, and for a value that is no plain one.
    """
    sheet = state.sheet(asked.sheet_id)
    if (asked.top or 0) >= sheet.row_count or (asked.left or 0) >= sheet.column_count:
        raise beyond_grid(sheet, asked)
    rows = _as_rows(values)
    span = _landing(sheet, asked, rows, spills=spills)
    check(sheet, span, who)
    enter = _entry(state, entry)
    touched_rows, touched_columns, cells = set[int](), set[int](), 0
    for index, row in enumerate(rows, start=span.top):
        touched = [column for column, value in enumerate(row, start=span.left) if value is not None]
        if touched:
            _write_row(sheet, index, span.left, [None if value is None else enter(value) for value in row], row)
            touched_rows.add(index)
            touched_columns.update(touched)
            cells += len(touched)
    return Wrote(sheet, span, frozenset(touched_rows), frozenset(touched_columns), cells, asked)


def _write_row(sheet: Sheet, index: int, left: int, slots: list[Slot], values: Sequence[Plain]) -> None:
    old = sheet.rows[index] if index < len(sheet.rows) else ()
    for offset, value in enumerate(values):
        before = old[left + offset] if left + offset < len(old) else None
        if value is None:
            slots[offset] = before
        elif isinstance(before, Cell):
            slots[offset] = with_content(before, slots[offset])
    sheet.put(index, left, slots)


def _entry(state: State, entry: str) -> Callable[[Plain], Slot]:
    if entry == "RAW":
        return entering.raw
    habits = state.habits

    def enter(value: Plain) -> Slot:
        slot = entering.typed(value, habits)
        if isinstance(slot, Cell) and slot.formula:
            state.has_formulas = True
        return slot

    return enter


def _as_rows(values: dict[str, Any]) -> list[Sequence[Any]]:
    rows = values.get("values", [])
    for row_index, row in enumerate(rows):
        for index, value in enumerate(row):
            if isinstance(value, dict | list):
                kind = "struct_value" if isinstance(value, dict) else "list_value"
                raise invalid(f"Invalid values[{row_index}][{index}]: {kind} {{\n}}\n")
            if isinstance(value, str) and len(value) > MAX_CHARACTERS:
                raise invalid(
                    f"Your input contains more than the maximum of {MAX_CHARACTERS} characters in a single cell."
                )
    if _dimension(values.get("majorDimension")) == COLUMNS:
        width = max(map(len, rows), default=0)
        return [[column[index] if index < len(column) else None for column in rows] for index in range(width)]
    return list(rows)


def _landing(sheet: Sheet, asked: Area, rows: Sequence[Sequence[Any]], *, spills: bool) -> Span:
    """Return the rectangle that the values cover; at least one cell, so that it has a name."""
    top, left = asked.top or 0, asked.left or 0
    span = Span(top, top + max(1, len(rows)), left, left + max(1, *map(len, rows)) if rows else left + 1)
    is_one_cell = asked.bottom == top + 1 and asked.right == left + 1
    if not (is_one_cell and spills):
        _check_inside(sheet, asked, span)
    if not sheet.grid.holds(span):
        raise beyond_grid(sheet, Area(sheet.sheet_id, *span))
    return span


def _check_inside(sheet: Sheet, asked: Area, span: Span) -> None:
    whole = asked.within(sheet.row_count, sheet.column_count)
    too_low = asked.bottom is not None and span.bottom > asked.bottom
    too_far = asked.right is not None and span.right > asked.right
    if too_low or too_far:
        where = f"row [{asked.bottom + 1}]" if too_low and asked.bottom else f"column [{column_word(asked.right or 0)}]"
        raise invalid(f"Requested writing within range [{span_text(sheet.title, whole)}], but tried writing to {where}")


def totals(wrote: Sequence[Wrote]) -> dict[str, int]:
    """Return the sums of a batch: rows and columns are counted once a tab, however many ranges touch them."""
    rows = {(each.sheet.sheet_id, row) for each in wrote for row in each.rows}
    columns = {(each.sheet.sheet_id, column) for each in wrote for column in each.columns}
    counts = {
        "totalUpdatedRows": len(rows),
        "totalUpdatedColumns": len(columns),
        "totalUpdatedCells": sum(each.cells for each in wrote),
        "totalUpdatedSheets": len({each.sheet.sheet_id for each in wrote if each.cells}),
    }
    return {name: count for name, count in counts.items() if count}


def append(state: State, asked: Area, values: dict[str, Any], *, entry: str, inserts: bool, who: str) -> dict[str, Any]:
    """Write below the last row of the table that an area touches; return AppendValuesResponse without the id.

    The table is what hangs together around the area's first filled cell, with no empty row or column between. Rows
    that the grid lacks are added; *inserts* makes new rows instead of writing over what is below.
    """
    sheet, span = state.span(asked)
    table = _table(sheet, span)
    top = span.top if table is None else table.bottom
    left = span.left if table is None else table.left
    rows = _as_rows(values)
    if inserts and table is not None:
        _make_room(state, sheet, top, len(rows))
    sheet.row_count = max(sheet.row_count, top + len(rows))
    sheet.column_count = max(sheet.column_count, left + max(map(len, rows), default=0))
    state.check_size()
    landing = Area(sheet.sheet_id, top, None, left, None)
    wrote = write(state, landing, {"values": rows}, entry=entry, who=who)
    answer: dict[str, Any] = {} if table is None else {"tableRange": span_text(sheet.title, table)}
    return {**answer, "wrote": wrote}


def _make_room(state: State, sheet: Sheet, top: int, count: int) -> None:
    from automations.sources.sheets_sim.moving import insert  # noqa: PLC0415 - moving knows nothing of values

    if top < sheet.row_count and count:
        insert(state, sheet.sheet_id, ROWS, top, count)


def _table(sheet: Sheet, span: Span) -> Span | None:
    """Return the rectangle of filled cells that hangs together with what is filled in a range, or None."""
    content = sheet.content()
    start = _first_filled(
        sheet, Span(span.top, min(span.bottom, content.bottom), span.left, min(span.right, content.right))
    )
    if start is None:
        return None
    table = Span(start[0], start[0] + 1, start[1], start[1] + 1)
    while True:
        wider = _wider(sheet, _taller(sheet, table, content), content)
        if wider == table:
            return table
        table = wider


def _first_filled(sheet: Sheet, span: Span) -> tuple[int, int] | None:
    places = ((row, column) for row in range(span.top, span.bottom) for column in range(span.left, span.right))
    return next((place for place in places if is_filled(sheet.slot(*place))), None)


def _taller(sheet: Sheet, table: Span, content: Span) -> Span:
    """Return the table with the rows above and below that touch it with a filled cell."""
    columns = range(max(0, table.left - 1), min(content.right, table.right + 1))

    def touches(row: int) -> bool:
        return 0 <= row < content.bottom and any(is_filled(sheet.slot(row, column)) for column in columns)

    top, bottom = table.top, table.bottom
    while touches(top - 1):
        top -= 1
    while touches(bottom):
        bottom += 1
    return table._replace(top=top, bottom=bottom)


def _wider(sheet: Sheet, table: Span, content: Span) -> Span:
    """Return the table with the columns beside it that touch it with a filled cell."""
    rows = range(max(0, table.top - 1), min(content.bottom, table.bottom + 1))

    def touches(column: int) -> bool:
        return 0 <= column < content.right and any(is_filled(sheet.slot(row, column)) for row in rows)

    left, right = table.left, table.right
    while touches(left - 1):
        left -= 1
    while touches(right):
        right += 1
    return table._replace(left=left, right=right)


def clear(state: State, asked: Area, who: str) -> str:
    """Empty an area; looks and notes stay. Return the range that was cleared."""
    sheet, span = state.span(asked)
    check(sheet, span, who)
    for index in range(span.top, min(span.bottom, len(sheet.rows))):
        row = sheet.rows[index]
        end = min(span.right, len(row))
        if span.left < end:
            sheet.put(index, span.left, map(without_content, row[span.left : end]))
    return span_text(sheet.title, span)


def numbered(error: Refusal, name: str, index: int) -> Refusal:
    """Return a refusal with the place in the request that it is about: Invalid data[3]: ..."""
    return Refusal(error.status, f"Invalid {name}[{index}]: {error.message}", error.details)


def each_numbered(name: str, items: Iterable[dict[str, Any]], work: Callable[[dict[str, Any]], Any]) -> list[Any]:
    """Return the work's results, item by item; a refusal says which item it is about."""
    done = []
    for index, item in enumerate(items):
        try:
            done.append(work(item))
        except Refusal as refusal:
            raise numbered(refusal, name, index) from None
    return done
