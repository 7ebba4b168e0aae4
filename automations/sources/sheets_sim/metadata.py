"""Developer metadata: looked up, created within Google's limits, and told where it is now."""

from __future__ import annotations

from typing import Any

from automations.sources.sheets_sim.a1 import Area
from automations.sources.sheets_sim.refusals import invalid
from automations.sources.sheets_sim.shifts import COLUMNS, ROWS
from automations.sources.sheets_sim.state import Metadata, State

__all__ = ["as_json", "create", "found", "located", "looked_up", "place"]

MAX_CHARACTERS = 30_000
"""Per tab, and once more for the spreadsheet: keys and values together ("Metadata storage limits")."""

_DIMENSIONS = {"ROW": ROWS, "COLUMN": COLUMNS}


def as_json(each: Metadata) -> dict[str, Any]:
    """Return it as DeveloperMetadata, without an empty value."""
    value = {"metadataValue": each.value} if each.value else {}
    return {
        "metadataId": each.metadata_id,
        "metadataKey": each.key,
        **value,
        "location": _location_json(each),
        "visibility": each.visibility,
    }


def _location_json(each: Metadata) -> dict[str, Any]:
    if each.location == "SPREADSHEET":
        return {"locationType": "SPREADSHEET", "spreadsheet": True}
    if each.location == "SHEET":
        return {"locationType": "SHEET", "sheetId": each.sheet_id}
    sheet = {"sheetId": each.sheet_id} if each.sheet_id else {}
    dimension = {"dimension": _DIMENSIONS[each.location], "startIndex": each.place, "endIndex": each.place + 1}
    return {"locationType": each.location, "dimensionRange": {**sheet, **dimension}}


def located(state: State, location: dict[str, Any]) -> tuple[str, int, int]:
    """Return location type, sheet id and index of a DeveloperMetadataLocation. Raises Refusal when it is nowhere."""
    if location.get("spreadsheet"):
        return "SPREADSHEET", 0, 0
    stretch = location.get("dimensionRange")
    if stretch is None:
        if "sheetId" not in location:
            raise invalid("developerMetadata.location must be specified.")
        return "SHEET", state.sheet(location["sheetId"]).sheet_id, 0
    sheet = state.sheet(stretch.get("sheetId", 0))
    start, end = stretch.get("startIndex", 0), stretch.get("endIndex")
    size = sheet.row_count if stretch.get("dimension") == ROWS else sheet.column_count
    if end != start + 1 or not 0 <= start < size or stretch.get("dimension") not in {ROWS, COLUMNS}:
        raise invalid("The developerMetadata.location.dimensionRange must represent a single row or column.")
    return ("ROW" if stretch["dimension"] == ROWS else "COLUMN"), sheet.sheet_id, start


def create(state: State, wanted: dict[str, Any]) -> Metadata:
    """Add metadata. Raises Refusal without a key, without visibility, for an id that exists, and beyond the limit."""
    key, visibility = wanted.get("metadataKey", ""), wanted.get("visibility", "")
    if not key:
        raise invalid("The developerMetadata.metadataKey must be specified.")
    if visibility not in {"DOCUMENT", "PROJECT"}:
        raise invalid("The developerMetadata.visibility must be specified.")
    metadata_id = wanted.get("metadataId") or state.fresh_id()
    if metadata_id in state.metadata:
        raise invalid(f"Developer metadata with id {metadata_id} already exists.")
    kind, sheet_id, index = located(state, wanted.get("location", {}))
    made = Metadata(metadata_id, key, wanted.get("metadataValue", ""), visibility, kind, sheet_id, index)
    place(state, made)
    return made


def place(state: State, each: Metadata) -> None:
    """Keep metadata, new or changed. Raises Refusal when its tab, or the spreadsheet, would have too much of it."""
    state.metadata[each.metadata_id] = each
    on_spreadsheet = each.location == "SPREADSHEET"
    beside = [
        other
        for other in state.metadata.values()
        if (other.location == "SPREADSHEET") is on_spreadsheet and (on_spreadsheet or other.sheet_id == each.sheet_id)
    ]
    if sum(other.size for other in beside) > MAX_CHARACTERS:
        where = "spreadsheet" if on_spreadsheet else "sheet"
        raise invalid(f"The developer metadata of this {where} would exceed {MAX_CHARACTERS} characters.")


def looked_up(state: State, lookup: dict[str, Any]) -> tuple[Metadata, ...]:
    """Return the metadata that a DeveloperMetadataLookup matches, by id; all its conditions must hold."""
    where = _wanted_location(state, lookup.get("metadataLocation"))
    intersects = lookup.get("locationMatchingStrategy") == "INTERSECTING_LOCATION"
    return tuple(
        each
        for _, each in sorted(state.metadata.items())
        if _matches(each, lookup) and (where is None or _is_at(each, where, intersects=intersects))
    )


def _matches(each: Metadata, lookup: dict[str, Any]) -> bool:
    facts = {
        "metadataId": each.metadata_id,
        "metadataKey": each.key,
        "metadataValue": each.value,
        "visibility": each.visibility,
        "locationType": each.location,
    }
    return all(lookup.get(name, fact) == fact for name, fact in facts.items())


def _wanted_location(state: State, location: dict[str, Any] | None) -> Area | str | None:
    if location is None:
        return None
    if location.get("spreadsheet"):
        return "SPREADSHEET"
    stretch = location.get("dimensionRange")
    if stretch is None:
        return Area(state.sheet(location.get("sheetId", 0)).sheet_id)
    edges = (stretch.get("startIndex"), stretch.get("endIndex"))
    sheet_id = state.sheet(stretch.get("sheetId", 0)).sheet_id
    rows = stretch.get("dimension") == ROWS
    return Area(sheet_id, *edges) if rows else Area(sheet_id, None, None, *edges)


def _is_at(each: Metadata, where: Area | str, *, intersects: bool) -> bool:
    if where == "SPREADSHEET":
        return intersects or each.location == "SPREADSHEET"
    if isinstance(where, str) or each.location == "SPREADSHEET" or each.sheet_id != where.sheet_id:
        return False
    if intersects:
        return _meets(each, where)
    if where == Area(where.sheet_id):
        return each.location == "SHEET"
    row, column = (where.top, where.bottom), (where.left, where.right)
    return (row if each.location == "ROW" else column if each.location == "COLUMN" else None) == (
        each.place,
        each.place + 1,
    )


def _meets(each: Metadata, area: Area) -> bool:
    start, end = {"ROW": (area.top, area.bottom), "COLUMN": (area.left, area.right)}.get(each.location, (None, None))
    return (start or 0) <= each.place and (end is None or each.place < end)


def found(state: State, data_filter: dict[str, Any]) -> tuple[Metadata, ...]:
    """Return the metadata that a DataFilter matches: by lookup, or all that lies on an area."""
    if "developerMetadataLookup" in data_filter:
        return looked_up(state, data_filter["developerMetadataLookup"])
    area = (
        state.area(data_filter["a1Range"])
        if "a1Range" in data_filter
        else Area.from_json(data_filter.get("gridRange", {}))
    )
    return tuple(
        each
        for _, each in sorted(state.metadata.items())
        if each.location != "SPREADSHEET" and each.sheet_id == area.sheet_id and _meets(each, area)
    )


def areas(state: State, data_filter: dict[str, Any]) -> tuple[Area, ...]:
    """Return the areas that a DataFilter names now; none when no metadata matches.

    Raises Refusal when the filter is empty or names a tab that is not there.
    """
    if "gridRange" in data_filter:
        area = Area.from_json(data_filter["gridRange"])
        state.sheet(area.sheet_id)
        return (area,)
    if "a1Range" in data_filter:
        return (state.area(data_filter["a1Range"]),)
    if "developerMetadataLookup" not in data_filter:
        raise invalid("Must specify one of: a1Range, gridRange, developerMetadataLookup.")
    return tuple(_area(state, each) for each in looked_up(state, data_filter["developerMetadataLookup"]))


def _area(state: State, each: Metadata) -> Area:
    if each.location == "SPREADSHEET":
        return Area(state.sheets[0].sheet_id)
    if each.location == "SHEET":
        return Area(each.sheet_id)
    edges = (each.place, each.place + 1)
    return Area(each.sheet_id, *edges) if each.location == "ROW" else Area(each.sheet_id, None, None, *edges)
