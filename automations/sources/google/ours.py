"""Making our columns: header, mark, note, protection, drop-down and colours in one change, all of it or nothing.

New columns are inserted, never written over: whatever somebody puts there in the same second moves aside. They belong
to the team from then on; what stands there already is not changed.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from automations.core.books import header_identity
from automations.core.leads import Cell
from automations.errors import SourceBusy, SourceOutOfReach
from automations.sources.dress import Dress, Dressed
from automations.sources.google.cells import cell_reader
from automations.sources.google.client import InDoubt, Json
from automations.sources.google.grid import COLUMN_KEY, LEDGER_KEY, TAB_KEY, Tab
from automations.sources.google.layout import Header, cells_of_rows, find_header, marks_of, rows_of
from automations.sources.google.panel import PANEL, TITLE, new_panel
from automations.sources.google.tabs import (
    DRESS_FIELDS,
    READ_FIELDS,
    TABS_FIELDS,
    Asked,
    RowOf,
    Tabs,
    by_mark,
    leads_mark,
)
from automations.sources.headers import columns_by_header, count_headers
from automations.sources.saving import COLUMNS_WAIT, DRESS_WAITS

ATTEMPTS = 3
"""How often a change is tried that nobody can tell the fate of."""
NOTE = "Written by leadwright, do not edit."
OPEN_NOTE = "Written by leadwright. You may edit it: what you type wins."
_COLOURS = ((0.957, 0.8, 0.8), (0.988, 0.91, 0.698), (0.812, 0.886, 0.953))
"""Soft red for the first segment, amber for those between, soft blue for the last."""


class Ours(NamedTuple):
    """What columns of ours are made with. *open_headers* are those people may type into.

    *is_mirrored* is for values in a tab of our own, which the team's tab shows (`mirror`).
    """

    dress: Dress = Dress()
    open_headers: tuple[str, ...] = ()
    protect: str = "warn"
    address: str = ""
    is_mirrored: bool = False


NOTHING = Ours()
"""Columns without any dress."""


class _Column(NamedTuple):
    sheet_id: int
    header_row: int
    at: int
    header: str


def add_columns(tabs: Tabs, headers: Sequence[str], beside: Collection[str], ours: Ours) -> None:
    """Make the columns that are not there yet; see `Source.add_columns`."""
    for _ in range(ATTEMPTS):
        asked = tabs.ask(READ_FIELDS, cells_of_rows())
        header = find_header(rows_of(asked.tab), marks_of(asked.tab), [*beside, *headers])
        if not count_headers(header.headers, beside):
            label = tabs.client.whom.sheet
            raise SourceOutOfReach(
                f"{label} has no row with the headers {', '.join(sorted(beside))}; nothing was changed",
                fix="correct the headers under columns: in config.yaml, or in the sheet",
            )
        there = {header_identity(each) for each in header.headers}
        new = [each for each in headers if header_identity(each) not in there]
        if not new:
            return
        right = max(len(cells) for at, cells in rows_of(asked.tab) if at >= header.row)
        try:
            tabs.client.change(list(_new_columns(asked, header, right, new, ours)))
        except InDoubt:
            tabs.client.wait_in_doubt()
            continue
        return
    raise SourceBusy(f"Google does not say whether {', '.join(headers)} were added. {COLUMNS_WAIT}")


def _new_columns(asked: Asked, header: Header, right: int, new: Sequence[str], ours: Ours) -> Iterator[Json]:
    tab = asked.tab
    if right < tab.column_count:
        area = {"sheetId": tab.sheet_id, "dimension": "COLUMNS", "startIndex": right, "endIndex": right + len(new)}
        yield {"insertDimension": {"range": area, "inheritFromBefore": right > 0}}
    else:
        yield {"appendDimension": {"sheetId": tab.sheet_id, "dimension": "COLUMNS", "length": len(new)}}
    if not tab.mark:
        yield _marked({"sheetId": tab.sheet_id}, TAB_KEY, leads_mark(tab.title))
    columns = [_Column(tab.sheet_id, header.row, right + at, each) for at, each in enumerate(new)]
    for column in columns:
        yield from _named(column, ours)
        yield from _protected(column, ours)
        if _is(column, ours.dress.stage_header):
            yield _with_choices(column, ours.dress.stages)
        if _is(column, ours.dress.segment_header):
            yield from _coloured(column, ours.dress.segments)


def _is(column: _Column, header: str) -> bool:
    return bool(header) and header_identity(column.header) == header_identity(header)


def _named(column: _Column, ours: Ours) -> Iterator[Json]:
    """Write the header with its note, and the mark the column is known by from now on."""
    cell = {"userEnteredValue": {"stringValue": column.header}, "note": _note(column, ours)}
    yield {
        "updateCells": {
            "start": {"sheetId": column.sheet_id, "rowIndex": column.header_row, "columnIndex": column.at},
            "rows": [{"values": [cell]}],
            "fields": "userEnteredValue,note",
        }
    }
    yield _column_mark(column)


def _note(column: _Column, ours: Ours) -> str:
    return OPEN_NOTE if any(_is(column, each) for each in ours.open_headers) else NOTE


def _column_mark(column: _Column) -> Json:
    area = {**_dimension(column), "dimension": "COLUMNS"}
    return _marked({"dimensionRange": area}, COLUMN_KEY, column.header)


def _dimension(column: _Column) -> dict[str, Any]:
    return {"sheetId": column.sheet_id, "startIndex": column.at, "endIndex": column.at + 1}


def _marked(location: Json, key: str, value: str) -> Json:
    metadata = {"metadataKey": key, "metadataValue": value, "location": location, "visibility": "DOCUMENT"}
    return {"createDeveloperMetadata": {"developerMetadata": metadata}}


def note_ledger(tabs: Tabs, tab: Tab, text: str) -> None:
    """Note a ledger's mark on the leads' tab, in one call. Raises SourceBusy when nobody knows whether it was noted.

    On the tab, and not on the spreadsheet: two tabs of one spreadsheet may have a ledger each.
    """
    for _ in range(ATTEMPTS):
        location = {"sheetId": tab.sheet_id}
        new = {"metadataKey": LEDGER_KEY, "metadataValue": text}
        if tab.ledger is None:
            request = _marked(location, LEDGER_KEY, text)
        else:
            where = {"locationType": "SHEET", "metadataKey": LEDGER_KEY, "metadataLocation": location}
            lookup = [{"developerMetadataLookup": where}]
            change = {"dataFilters": lookup, "developerMetadata": new, "fields": "metadataValue"}
            request = {"updateDeveloperMetadata": change}
        try:
            tabs.client.change([request])
        except InDoubt:
            tabs.client.wait_in_doubt()
            tab = tabs.ask(TABS_FIELDS, dict).tab
            if tab.ledger != text:
                continue
        return
    raise SourceBusy(f"Google does not say whether the mark of this ledger was noted in {tabs.client.whom.sheet}.")


def _protected(column: _Column, ours: Ours) -> Iterator[Json]:
    kind = protection_of(ours)
    if kind is None or any(_is(column, each) for each in ours.open_headers):
        return
    yield {"addProtectedRange": {"protectedRange": {"range": _cells(column), "description": NOTE, **kind}}}


def protection_of(ours: Ours) -> Json | None:
    """Return how strictly what only we write is protected, as a part of a protected range; None for not at all."""
    if ours.protect == "none":
        return None
    protection: dict[str, Any] = {"warningOnly": ours.protect == "warn"}
    if ours.protect == "strict" and ours.address:
        protection["editors"] = {"users": [ours.address]}
    return protection


def _cells(column: _Column, *, below: int | None = None) -> Json:
    found = {"sheetId": column.sheet_id, "startColumnIndex": column.at, "endColumnIndex": column.at + 1}
    return found if below is None else {**found, "startRowIndex": below}


def _with_choices(column: _Column, stages: Sequence[str]) -> Json:
    """Return a drop-down that warns of other words and does not refuse them: check says what they come to."""
    values = [{"userEnteredValue": stage} for stage in stages]
    rule = {"condition": {"type": "ONE_OF_LIST", "values": values}, "showCustomUi": True, "strict": False}
    return {"setDataValidation": {"range": _cells(column, below=column.header_row + 1), "rule": rule}}


def _coloured(column: _Column, segments: Sequence[str]) -> Iterator[Json]:
    """Return a format for each segment over the whole column, which people can change as one of their own."""
    for at, segment in enumerate(segments):
        red, green, blue = _COLOURS[0 if at == 0 else 2 if at == len(segments) - 1 else 1]
        colour = {"red": red, "green": green, "blue": blue}
        rule = {
            "ranges": [_cells(column, below=column.header_row + 1)],
            "booleanRule": {
                "condition": {"type": "TEXT_EQ", "values": [{"userEnteredValue": segment}]},
                "format": {"backgroundColorStyle": {"rgbColor": colour}},
            },
        }
        yield {"addConditionalFormatRule": {"rule": rule, "index": at}}


class _Worn(NamedTuple):
    """A cell as far as dressing is concerned."""

    value: Cell
    has_choices: bool


def _worn_rows() -> RowOf:
    read = cell_reader()
    return lambda row: [_Worn(read(each), bool(each.get("dataValidation"))) for each in row.get("values") or ()]


def dress_tab(tabs: Tabs, dress: Dress, beside: Collection[str], owned: Collection[str]) -> Dressed:
    """Put drop-down and colours on the columns that have none, and our mark on every one of the *owned* without it.

    Raises SourceOutOfReach when a column is not there.
    """
    for _ in range(ATTEMPTS):
        asked = tabs.ask(DRESS_FIELDS, _worn_rows(), also=[by_mark(PANEL)])
        requests, dressed = _missing_dress(asked.tab, dress, beside, owned, tabs.client.whom.sheet)
        if asked.marked(PANEL) is None:
            # A number of its own, so that the same change can go on to fill the tab: it must be one nobody has.
            requests += new_panel(zlib.crc32(tabs.client.whom.sheet.encode()) >> 1, TITLE)
            dressed = replace(dressed, tab=TITLE)
        if not requests:
            return dressed
        try:
            tabs.client.change(requests)
        except InDoubt:
            tabs.client.wait_in_doubt()
            continue
        return dressed
    raise SourceBusy(f"Google does not say whether drop-down and colours were added. {DRESS_WAITS}")


def _missing_dress(
    tab: Tab, dress: Dress, beside: Collection[str], owned: Collection[str], label: str
) -> tuple[list[Json], Dressed]:
    rows = [(at, [each.value for each in cells]) for at, cells in rows_of(tab)]
    header = find_header(rows, marks_of(tab), beside)
    places = columns_by_header(dict(enumerate(header.headers)))
    worn = {
        each for at, cells in rows_of(tab) if at > header.row for each, cell in enumerate(cells) if cell.has_choices
    }
    requests: list[Json] = [] if tab.mark else [_marked({"sheetId": tab.sheet_id}, TAB_KEY, leads_mark(tab.title))]
    marked = marks_of(tab)
    requests += [
        _column_mark(_Column(tab.sheet_id, header.row, at, name))
        for name in owned
        for at in places.get(header_identity(name), ())[:1]
        if at not in marked
    ]
    added: list[str] = []
    kept: list[str] = []
    if dress.segment_header:
        column = _one_column(tab, header, places, dress.segment_header, label)
        is_worn = any(first <= column.at < end for first, end in tab.formats)
        (kept if is_worn else added).append(dress.segment_header)
        requests += [] if is_worn else _coloured(column, dress.segments)
    if dress.stage_header:
        column = _one_column(tab, header, places, dress.stage_header, label)
        (kept if column.at in worn else added).append(dress.stage_header)
        requests += [] if column.at in worn else [_with_choices(column, dress.stages)]
    return requests, Dressed(tuple(added), tuple(kept))


def _one_column(tab: Tab, header: Header, places: Mapping[str, tuple[int, ...]], name: str, label: str) -> _Column:
    found = places.get(header_identity(name), ())
    if len(found) != 1:
        what = f'has no header "{name}"' if not found else f'has two columns with the header "{name}"'
        raise SourceOutOfReach(
            f"{label} {what}; nothing was changed", fix="the first run adds our columns, after asking: leadwright run"
        )
    return _Column(tab.sheet_id, header.row, found[0], name)
