"""A workbook as a spreadsheet on the local server: its tabs, values, formulas with their last results, and dates."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from automations.errors import SourceOutOfReach
from automations.sources.sheets_sim.cells import Cell, CellError, NumberFormat, Plain, Slot
from automations.sources.sheets_sim.entering import number, raw
from automations.sources.sheets_sim.locales import serial_of
from automations.sources.sheets_sim.people import SimSpreadsheet
from automations.sources.sheets_sim.state import DEFAULT_COLUMNS, DEFAULT_ROWS, Sheet, State

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook

__all__ = ["spreadsheet_of"]

ERRORS = {
    "#REF!": "REF",
    "#N/A": "N_A",
    "#NAME?": "NAME",
    "#VALUE!": "VALUE",
    "#DIV/0!": "DIVIDE_BY_ZERO",
    "#NUM!": "NUM",
    "#NULL!": "NULL_VALUE",
}
LIBRARY_ERRORS = (ValueError, KeyError, TypeError, IndexError, AttributeError, EOFError)


def spreadsheet_of(path: Path, *, locale: str, time_zone: str, spreadsheet_id: str) -> SimSpreadsheet:
    """Return a workbook's tabs as a spreadsheet; the file is only read. Raises SourceOutOfReach when it cannot be."""
    values, formulas = _opened(path, data_only=True), _opened(path, data_only=False)
    state = State(spreadsheet_id, path.stem, locale, time_zone)
    for tab in values.worksheets:
        sheet = Sheet(state.fresh_id() if state.sheets else 0, tab.title)
        written = formulas[tab.title].iter_rows()
        for shown_row, row in zip(tab.iter_rows(), written, strict=False):
            pairs = zip(shown_row, row, strict=False)
            sheet.rows.append(tuple(_slot(shown.value, cell.value) for shown, cell in pairs))
        sheet.row_count = max(DEFAULT_ROWS, len(sheet.rows))
        sheet.column_count = max(DEFAULT_COLUMNS, *map(len, sheet.rows)) if sheet.rows else DEFAULT_COLUMNS
        sheet.is_hidden = tab.sheet_state != "visible"
        state.has_formulas |= any(isinstance(slot, Cell) and slot.formula for row in sheet.rows for slot in row)
        state.sheets.append(sheet)
    state.is_stale = state.has_formulas
    return SimSpreadsheet(state)


def _opened(path: Path, *, data_only: bool) -> Workbook:
    from zipfile import BadZipFile  # noqa: PLC0415 - only this command opens workbooks whole

    from openpyxl import load_workbook  # noqa: PLC0415 - as above

    try:
        with path.open("rb") as file:
            return load_workbook(file, data_only=data_only)
    except OSError as error:
        raise SourceOutOfReach(
            f"{path} cannot be opened: {error.strerror}", fix="name a workbook that is there"
        ) from error
    except (BadZipFile, *LIBRARY_ERRORS) as error:
        raise SourceOutOfReach(
            f"{path} cannot be read as a workbook: {error}", fix="give an .xlsx file, such as init makes"
        ) from error


def _slot(value: Any, entered: Any) -> Slot:  # noqa: ANN401 - openpyxl's values
    plain = _plain(value)
    if isinstance(entered, str) and entered.startswith("="):
        last = plain.value if isinstance(plain, Cell) else plain
        return Cell(last, formula=entered)
    return plain


def _plain(value: Any) -> Slot:  # noqa: ANN401 - openpyxl's values
    if isinstance(value, datetime):
        kind = "DATE" if value.time() == time(0) else "DATE_TIME"
        return Cell(number(serial_of(value.replace(tzinfo=UTC))), number_format=NumberFormat(kind))
    if isinstance(value, date):
        moment = datetime(value.year, value.month, value.day, tzinfo=UTC)
        return Cell(number(serial_of(moment)), number_format=NumberFormat("DATE"))
    if isinstance(value, time | timedelta):
        since = (
            value
            if isinstance(value, timedelta)
            else timedelta(hours=value.hour, minutes=value.minute, seconds=value.second)
        )
        return Cell(number(since / timedelta(days=1)), number_format=NumberFormat("TIME"))
    if isinstance(value, str) and value in ERRORS:
        return CellError(ERRORS[value])
    simple: Plain = value if isinstance(value, bool | int | float | str | None) else str(value)
    return raw(simple)
