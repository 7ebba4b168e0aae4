"""Making the tab of our own that ``write: mirror`` needs: the tab, a column for each header, a row for each lead.

Only we write there, so that a place that was looked up a moment ago is still free.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from automations.core.books import header_identity
from automations.core.leads import Cell, LeadKey
from automations.sources.google.cells import to_json
from automations.sources.google.client import Json
from automations.sources.google.grid import TAB_KEY, Tab
from automations.sources.google.layout import Found
from automations.sources.google.repairs import value_at
from automations.sources.google.tabs import Asked, mirror_mark
from automations.sources.matching import same_cell

KEY = "Lead key"
"""The header of the first column of our tab."""
NOTE = "Written by leadwright, do not edit. The tab with your leads shows these values by formulas."
_ROWS_A_CALL = 20_000


class Wish(NamedTuple):
    """What our tab has to have: a column for each of *headers*, a row for each of *leads*; how it is protected."""

    headers: tuple[str, ...]
    leads: Collection[LeadKey]
    protection: Json | None


class Seen(NamedTuple):
    """One look at both tabs: the *team*'s, and ours; *tab* and *mirror* are None while there is none of ours."""

    team: Found
    asked: Asked
    tab: Tab | None
    mirror: Found | None


def missing_parts(seen: Seen, wish: Wish) -> Iterator[list[Json]]:
    """Return what makes our tab what it has to be for some changes, call by call."""
    tab, found = seen.tab, seen.mirror
    if tab is None or found is None:
        yield list(_new_tab(seen.asked, wish))
        return
    there = {header_identity(header) for header in found.headers.values()}
    new = [header for header in wish.headers if header_identity(header) not in there]
    if new or header_identity(KEY) not in there:
        yield list(_new_headers(tab, found, new, header_identity(KEY) in there))
        return
    cells = list(_key_cells(seen, found, wish))
    end = max((at for at, _ in cells), default=0) + 1
    if end > tab.row_count:
        grow = {"sheetId": tab.sheet_id, "dimension": "ROWS", "length": end - tab.row_count}
        yield [{"appendDimension": grow}]
    for first in range(0, len(cells), _ROWS_A_CALL):
        yield [_cell(tab.sheet_id, at, found.key_column, cell) for at, cell in cells[first : first + _ROWS_A_CALL]]


def _new_tab(asked: Asked, wish: Wish) -> Iterator[Json]:
    title, mark = f"{asked.tab.title} (leadwright)", mirror_mark(asked.tab.sheet_id)
    sheet_id = zlib.crc32(f"{asked.spreadsheet.title} {mark}".encode()) >> 1
    columns = len(wish.headers) + 1
    grid = {"rowCount": len(wish.leads) + 1, "columnCount": columns, "frozenRowCount": 1}
    yield {"addSheet": {"properties": {"sheetId": sheet_id, "title": title, "gridProperties": grid}}}
    metadata = {"metadataKey": TAB_KEY, "metadataValue": mark, "location": {"sheetId": sheet_id}}
    yield {"createDeveloperMetadata": {"developerMetadata": {**metadata, "visibility": "DOCUMENT"}}}
    for at, header in enumerate((KEY, *wish.headers)):
        yield _cell(sheet_id, 0, at, header, NOTE if at == 0 else "")
    if wish.protection is not None:
        area = {"range": {"sheetId": sheet_id}, "description": NOTE}
        yield {"addProtectedRange": {"protectedRange": {**area, **wish.protection}}}


def _new_headers(tab: Tab, found: Found, new: Sequence[str], has_key: bool) -> Iterator[Json]:
    end = max(found.headers, default=0) + 1
    if end + len(new) > tab.column_count:
        length = end + len(new) - tab.column_count
        yield {"appendDimension": {"sheetId": tab.sheet_id, "dimension": "COLUMNS", "length": length}}
    if not has_key:
        yield _cell(tab.sheet_id, found.header, 0, KEY, NOTE)
    for at, header in enumerate(new, end):
        yield _cell(tab.sheet_id, found.header, at, header)


def _key_cells(seen: Seen, found: Found, wish: Wish) -> Iterator[tuple[int, Cell]]:
    """Return the key cells to write in our tab: of leads that have no row there, and of those spelt another way now."""
    free = max(found.rows, default=found.header) + 1
    for key, rows in seen.team.lead_rows.items():
        if key not in wish.leads:
            continue
        cell = value_at(seen.team, rows[0], seen.team.key_column)
        have = found.lead_rows.get(key, ())
        if not have:
            yield free, cell
            free += 1
        elif not same_cell(value_at(found, have[0], found.key_column), cell):
            yield have[0], cell
        yield from ((at, None) for at in have[1:])


def _cell(sheet_id: int, row: int, column: int, value: Cell, note: str = "") -> Json:
    said = to_json(value) if value is not None else None
    kind = "boolValue" if isinstance(said, bool) else "stringValue" if isinstance(said, str) else "numberValue"
    cell: dict[str, Any] = {} if said is None else {"userEnteredValue": {kind: said}}
    start = {"sheetId": sheet_id, "rowIndex": row, "columnIndex": column}
    fields = "userEnteredValue,note" if note else "userEnteredValue"
    return {
        "updateCells": {
            "start": start,
            "rows": [{"values": [{**cell, "note": note} if note else cell]}],
            "fields": fields,
        }
    }
