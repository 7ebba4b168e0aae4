"""The methods of spreadsheets and spreadsheets.values: checked request in, answer out, on one draft of the state."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from automations.sources.sheets_sim import batch, describing, metadata, moving, values
from automations.sources.sheets_sim.a1 import Area
from automations.sources.sheets_sim.checking import required
from automations.sources.sheets_sim.masks import Mask
from automations.sources.sheets_sim.refusals import invalid, not_found
from automations.sources.sheets_sim.state import State
from automations.sources.sheets_sim.values import Look, each_numbered

__all__ = ["METHODS", "Ask", "Method"]

_RENDER = {"valueRenderOption": "ValueRenderOption", "dateTimeRenderOption": "DateTimeRenderOption"}
_READ = {"majorDimension": "Dimension", **_RENDER}
_WRITE = {
    "valueInputOption": "ValueInputOption",
    "includeValuesInResponse": "bool",
    "responseValueRenderOption": "ValueRenderOption",
    "responseDateTimeRenderOption": "DateTimeRenderOption",
}


class Ask(NamedTuple):
    """One call: the parts of its path, its query and its body, both checked, the mask of its answer, and who asks."""

    state: State
    parts: Mapping[str, str]
    query: dict[str, Any]
    body: dict[str, Any]
    mask: Mask
    who: str

    @property
    def spreadsheet_id(self) -> str:
        """Return the id of the spreadsheet."""
        return self.state.spreadsheet_id


class Method(NamedTuple):
    """One method: how it is called, what its query and body may have, what it answers with, and what it does.

    *path* follows the spreadsheet's id; ``{name}`` stands for one part. *quota* is Read or Write. *body_path* is where
    Google puts the body in the request, as its errors name it.
    """

    name: str
    verb: str
    path: str
    work: Callable[[Ask], dict[str, Any]]
    query: Mapping[str, str]
    answer: str
    body: str = ""
    quota: str = "Read"
    body_path: str = ""


def _get(ask: Ask) -> dict[str, Any]:
    texts = ask.query.get("ranges")
    areas = [ask.state.area(text) for text in texts] if texts else None
    with_data = ask.query.get("includeGridData", False)
    return describing.spreadsheet(ask.state, ask.who, ask.mask, with_data=with_data, areas=areas)


def _get_by_data_filter(ask: Ask) -> dict[str, Any]:
    filters = ask.body.get("dataFilters")
    areas = [area for each in filters for area in metadata.areas(ask.state, each)] if filters else None
    with_data = ask.body.get("includeGridData", False)
    return describing.spreadsheet(ask.state, ask.who, ask.mask, with_data=with_data, areas=areas)


def _batch_update(ask: Ask) -> dict[str, Any]:
    replies = batch.carry_out(ask.state, ask.body.get("requests", []), ask.who)
    answer: dict[str, Any] = {"spreadsheetId": ask.spreadsheet_id, "replies": replies}
    if ask.body.get("includeSpreadsheetInResponse"):
        texts = ask.body.get("responseRanges")
        areas = [ask.state.area(text) for text in texts] if texts else None
        with_data = ask.body.get("responseIncludeGridData", False)
        mask = ask.mask.get("updatedSpreadsheet", {})
        answer["updatedSpreadsheet"] = describing.spreadsheet(
            ask.state, ask.who, mask, with_data=with_data, areas=areas
        )
    return answer


def _metadata_get(ask: Ask) -> dict[str, Any]:
    text = ask.parts["metadataId"]
    found = ask.state.metadata.get(int(text)) if text.isdecimal() else None
    if found is None:
        raise not_found()
    return metadata.as_json(found)


def _metadata_search(ask: Ask) -> dict[str, Any]:
    """Return all metadata that any filter matches, each once, with the filters that matched it."""
    matches: dict[int, list[dict[str, Any]]] = {}
    for each in ask.body.get("dataFilters", []):
        for found in metadata.found(ask.state, each):
            matches.setdefault(found.metadata_id, []).append(each)
    matched = [
        {"developerMetadata": metadata.as_json(ask.state.metadata[metadata_id]), "dataFilters": filters}
        for metadata_id, filters in sorted(matches.items())
    ]
    return {"matchedDeveloperMetadata": matched} if matched else {}


def _values_get(ask: Ask) -> dict[str, Any]:
    return values.read(ask.state, ask.state.area(ask.parts["range"]), Look.from_json(ask.query))


def _values_batch_get(ask: Ask) -> dict[str, Any]:
    look = Look.from_json(ask.query)
    ranges = [values.read(ask.state, ask.state.area(text), look) for text in ask.query.get("ranges", [])]
    return {"spreadsheetId": ask.spreadsheet_id, **({"valueRanges": ranges} if ranges else {})}


def _values_batch_get_by_data_filter(ask: Ask) -> dict[str, Any]:
    """Return the ranges that the filters name; one that several name comes once, with all of them."""
    matched: dict[Area, list[dict[str, Any]]] = {}
    for each in ask.body.get("dataFilters", []):
        for area in metadata.areas(ask.state, each):
            matched.setdefault(area, []).append(each)
    look = Look.from_json(ask.body)
    ranges = [
        {"valueRange": values.read(ask.state, area, look), "dataFilters": filters} for area, filters in matched.items()
    ]
    return {"spreadsheetId": ask.spreadsheet_id, **({"valueRanges": ranges} if ranges else {})}


def _wrote(ask: Ask, wrote: values.Wrote, options: Mapping[str, Any], dimension: str | None) -> dict[str, Any]:
    """Return what was written, and if wanted what the whole requested range has now, written by us or not."""
    answer = wrote.as_json()
    if options.get("includeValuesInResponse"):
        look = Look.of_response(dict(options))._replace(dimension="COLUMNS" if dimension == "COLUMNS" else "ROWS")
        one_cell = wrote.asked.top is not None and wrote.asked.bottom == wrote.asked.top + 1
        one_cell = one_cell and wrote.asked.right == (wrote.asked.left or 0) + 1
        area = Area(wrote.asked.sheet_id, *wrote.span) if one_cell else wrote.asked
        answer["updatedData"] = values.read(ask.state, area, look)
    return answer


def _values_update(ask: Ask) -> dict[str, Any]:
    required(ask.query.get("valueInputOption"), "valueInputOption")
    area = ask.state.area(ask.parts["range"])
    _check_range(ask)
    wrote = values.write(ask.state, area, ask.body, entry=ask.query["valueInputOption"], who=ask.who)
    said = _wrote(ask, wrote, ask.query, ask.body.get("majorDimension"))
    return {"spreadsheetId": ask.spreadsheet_id, **said}


def _check_range(ask: Ask) -> None:
    """Refuse a body that names another range than the path."""
    inner, outer = ask.body.get("range"), ask.parts["range"]
    if inner and ask.state.area(inner) != ask.state.area(outer):
        raise invalid(f"Requested range [{outer}] does not match the range of the values [{inner}].")


def _values_batch_update(ask: Ask) -> dict[str, Any]:
    required(ask.body.get("valueInputOption"), "valueInputOption")
    entry = ask.body["valueInputOption"]

    def one(data: dict[str, Any]) -> values.Wrote:
        area = ask.state.area(data.get("range", ""))
        return values.write(ask.state, area, data, entry=entry, who=ask.who)

    items = ask.body.get("data", [])
    wrote = each_numbered("data", items, one)
    responses = [
        {"spreadsheetId": ask.spreadsheet_id, **_wrote(ask, each, ask.body, data.get("majorDimension"))}
        for each, data in zip(wrote, items, strict=True)
    ]
    answer = {"spreadsheetId": ask.spreadsheet_id, **values.totals(wrote)}
    return {**answer, "responses": responses} if responses else answer


def _values_batch_update_by_data_filter(ask: Ask) -> dict[str, Any]:
    """Write to what the filters name now. Values that exceed it fail, also those for one cell."""
    required(ask.body.get("valueInputOption"), "valueInputOption")
    entry = ask.body["valueInputOption"]

    def one(data: dict[str, Any]) -> list[tuple[values.Wrote, dict[str, Any]]]:
        found = metadata.areas(ask.state, data.get("dataFilter", {}))
        return [(values.write(ask.state, area, data, entry=entry, who=ask.who, spills=False), data) for area in found]

    done = [pair for pairs in each_numbered("data", ask.body.get("data", []), one) for pair in pairs]
    responses = [
        {**_wrote(ask, wrote, ask.body, data.get("majorDimension")), "dataFilter": data.get("dataFilter", {})}
        for wrote, data in done
    ]
    answer = {"spreadsheetId": ask.spreadsheet_id, **values.totals([wrote for wrote, _ in done])}
    return {**answer, "responses": responses} if responses else answer


def _values_append(ask: Ask) -> dict[str, Any]:
    required(ask.query.get("valueInputOption"), "valueInputOption")
    area = ask.state.area(ask.parts["range"])
    inserts = ask.query.get("insertDataOption") == "INSERT_ROWS"
    done = values.append(ask.state, area, ask.body, entry=ask.query["valueInputOption"], inserts=inserts, who=ask.who)
    wrote = done.pop("wrote")
    written = wrote if not ask.query.get("includeValuesInResponse") else _whole(wrote)
    said = _wrote(ask, written, ask.query, ask.body.get("majorDimension"))
    return {"spreadsheetId": ask.spreadsheet_id, **done, "updates": {"spreadsheetId": ask.spreadsheet_id, **said}}


def _whole(wrote: values.Wrote) -> values.Wrote:
    """Return a write whose requested range is what it wrote: an append is asked for no range of its own."""
    return values.Wrote(
        wrote.sheet, wrote.span, wrote.rows, wrote.columns, wrote.cells, Area(wrote.sheet.sheet_id, *wrote.span)
    )


def _values_clear(ask: Ask) -> dict[str, Any]:
    cleared = values.clear(ask.state, ask.state.area(ask.parts["range"]), ask.who)
    return {"spreadsheetId": ask.spreadsheet_id, "clearedRange": cleared}


def _values_batch_clear(ask: Ask) -> dict[str, Any]:
    cleared = [values.clear(ask.state, ask.state.area(text), ask.who) for text in ask.body.get("ranges", [])]
    return {"spreadsheetId": ask.spreadsheet_id, **({"clearedRanges": cleared} if cleared else {})}


def _values_batch_clear_by_data_filter(ask: Ask) -> dict[str, Any]:
    areas = [area for each in ask.body.get("dataFilters", []) for area in metadata.areas(ask.state, each)]
    cleared = [values.clear(ask.state, area, ask.who) for area in areas]
    return {"spreadsheetId": ask.spreadsheet_id, **({"clearedRanges": cleared} if cleared else {})}


def _copy_to(ask: Ask) -> dict[str, Any]:
    """Copy a tab within the spreadsheet; another one is not found, because there is no other here."""
    if ask.body.get("destinationSpreadsheetId") != ask.spreadsheet_id:
        raise not_found()
    text = ask.parts["sheetId"]
    if not text.isdecimal():
        raise not_found()
    copy = moving.copied(ask.state, int(text))
    return describing.sheet_properties(ask.state, copy)


_GET = {"ranges": "*text", "includeGridData": "bool", "excludeTablesInBandedRanges": "bool"}
_GET = {**_GET, "commentsViewMode": "CommentsViewMode"}

METHODS = (
    Method("spreadsheets.get", "GET", "", _get, _GET, "Spreadsheet"),
    Method(
        "spreadsheets.getByDataFilter",
        "POST",
        ":getByDataFilter",
        _get_by_data_filter,
        {},
        "Spreadsheet",
        "GetSpreadsheetByDataFilterRequest",
    ),
    Method(
        "spreadsheets.batchUpdate",
        "POST",
        ":batchUpdate",
        _batch_update,
        {},
        "BatchUpdateSpreadsheetResponse",
        "BatchUpdateSpreadsheetRequest",
        "Write",
    ),
    Method(
        "spreadsheets.developerMetadata.get",
        "GET",
        "/developerMetadata/{metadataId}",
        _metadata_get,
        {},
        "DeveloperMetadata",
    ),
    Method(
        "spreadsheets.developerMetadata.search",
        "POST",
        "/developerMetadata:search",
        _metadata_search,
        {},
        "SearchDeveloperMetadataResponse",
        "SearchDeveloperMetadataRequest",
    ),
    Method(
        "spreadsheets.sheets.copyTo",
        "POST",
        "/sheets/{sheetId}:copyTo",
        _copy_to,
        {},
        "SheetProperties",
        "CopySheetToAnotherSpreadsheetRequest",
        "Write",
    ),
    Method(
        "spreadsheets.values.batchGet",
        "GET",
        "/values:batchGet",
        _values_batch_get,
        {"ranges": "*text", **_READ},
        "BatchGetValuesResponse",
    ),
    Method(
        "spreadsheets.values.batchGetByDataFilter",
        "POST",
        "/values:batchGetByDataFilter",
        _values_batch_get_by_data_filter,
        {},
        "BatchGetValuesByDataFilterResponse",
        "BatchGetValuesByDataFilterRequest",
    ),
    Method(
        "spreadsheets.values.batchUpdate",
        "POST",
        "/values:batchUpdate",
        _values_batch_update,
        {},
        "BatchUpdateValuesResponse",
        "BatchUpdateValuesRequest",
        "Write",
    ),
    Method(
        "spreadsheets.values.batchUpdateByDataFilter",
        "POST",
        "/values:batchUpdateByDataFilter",
        _values_batch_update_by_data_filter,
        {},
        "BatchUpdateValuesByDataFilterResponse",
        "BatchUpdateValuesByDataFilterRequest",
        "Write",
    ),
    Method(
        "spreadsheets.values.batchClear",
        "POST",
        "/values:batchClear",
        _values_batch_clear,
        {},
        "BatchClearValuesResponse",
        "BatchClearValuesRequest",
        "Write",
    ),
    Method(
        "spreadsheets.values.batchClearByDataFilter",
        "POST",
        "/values:batchClearByDataFilter",
        _values_batch_clear_by_data_filter,
        {},
        "BatchClearValuesByDataFilterResponse",
        "BatchClearValuesByDataFilterRequest",
        "Write",
    ),
    Method(
        "spreadsheets.values.append",
        "POST",
        "/values/{range}:append",
        _values_append,
        {"insertDataOption": "InsertDataOption", **_WRITE},
        "AppendValuesResponse",
        "ValueRange",
        "Write",
        "data",
    ),
    Method(
        "spreadsheets.values.clear",
        "POST",
        "/values/{range}:clear",
        _values_clear,
        {},
        "ClearValuesResponse",
        "ClearValuesRequest",
        "Write",
    ),
    Method("spreadsheets.values.get", "GET", "/values/{range}", _values_get, _READ, "ValueRange"),
    Method(
        "spreadsheets.values.update",
        "PUT",
        "/values/{range}",
        _values_update,
        _WRITE,
        "UpdateValuesResponse",
        "ValueRange",
        "Write",
        "data",
    ),
)
"""Every method; of two that fit a call, the first is meant."""
