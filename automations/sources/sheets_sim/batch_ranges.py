"""Requests about what lies on ranges: protections, names, metadata, conditional formats, merges."""

from __future__ import annotations

from typing import Any

from automations.sources.sheets_sim import describing, metadata, moving, protecting
from automations.sources.sheets_sim.a1 import Area
from automations.sources.sheets_sim.masks import update_mask, updated, wants
from automations.sources.sheets_sim.refusals import invalid
from automations.sources.sheets_sim.state import Metadata, NamedRange, Protection, Sheet, State

__all__ = ["WORKS"]

Request = dict[str, Any]
Reply = dict[str, Any]


def add_protected_range(state: State, wanted: Request, who: str) -> Reply:
    """Protect a range. The reply does not name the editors yet, as Google's does not."""
    given = wanted.get("protectedRange", {})
    made = protecting.from_json(state, given, given.get("protectedRangeId") or state.fresh_id(), who)
    if any(each.protection_id == made.protection_id for sheet in state.sheets for each in sheet.protections):
        raise invalid(f"A protected range with id {made.protection_id} already exists.")
    sheet = state.sheet(made.area.sheet_id)
    sheet.protections = (*sheet.protections, made)
    shown = protecting.as_json(made, who)
    named = {name: value for name, value in given.get("editors", {}).items() if value}
    return {"protectedRange": {**shown, "editors": named} if "editors" in shown else shown}


def _protection(state: State, protection_id: int) -> tuple[Sheet, Protection]:
    for sheet in state.sheets:
        for each in sheet.protections:
            if each.protection_id == protection_id:
                return sheet, each
    raise invalid(f"No protected range with id: {protection_id}")


def _check_editor(each: Protection, who: str) -> None:
    if not protecting.may_edit(each, who):
        raise invalid("You do not have permission to edit this protected range.")


def update_protected_range(state: State, wanted: Request, who: str) -> Reply:
    """Change what the mask names of a protection."""
    mask = update_mask(wanted.get("fields"), "ProtectedRange")
    given = wanted.get("protectedRange", {})
    sheet, old = _protection(state, given.get("protectedRangeId", 0))
    _check_editor(old, who)
    after = protecting.from_json(state, updated(protecting.as_json(old, who), given, mask), old.protection_id, who)
    sheet.protections = tuple(each for each in sheet.protections if each is not old)
    target = state.sheet(after.area.sheet_id)
    target.protections = (*target.protections, after)
    return {}


def delete_protected_range(state: State, wanted: Request, who: str) -> Reply:
    """Take a protection away."""
    sheet, old = _protection(state, wanted.get("protectedRangeId", 0))
    _check_editor(old, who)
    sheet.protections = tuple(each for each in sheet.protections if each is not old)
    return {}


def add_named_range(state: State, wanted: Request, _who: str) -> Reply:
    """Give a range a name."""
    given = wanted.get("namedRange", {})
    name, area = given.get("name", ""), Area.from_json(given.get("range", {}))
    state.sheet(area.sheet_id)
    if not name or any(each.name.casefold() == name.casefold() for each in state.named_ranges):
        raise invalid(f'A named range with the name "{name}" already exists or is no name.')
    made = NamedRange(given.get("namedRangeId") or str(state.fresh_id()), name, area)
    state.named_ranges = (*state.named_ranges, made)
    return {"namedRange": describing.named_range_json(made)}


def update_named_range(state: State, wanted: Request, _who: str) -> Reply:
    """Change a name or where it lies."""
    mask = update_mask(wanted.get("fields"), "NamedRange")
    given = wanted.get("namedRange", {})
    old = _named(state, given.get("namedRangeId", ""))
    after = updated(describing.named_range_json(old), given, mask)
    area = Area.from_json(after.get("range", {}))
    state.sheet(area.sheet_id)
    new = NamedRange(old.range_id, after.get("name", ""), area)
    state.named_ranges = tuple(new if each is old else each for each in state.named_ranges)
    return {}


def delete_named_range(state: State, wanted: Request, _who: str) -> Reply:
    """Forget a name."""
    old = _named(state, wanted.get("namedRangeId", ""))
    state.named_ranges = tuple(each for each in state.named_ranges if each is not old)
    return {}


def _named(state: State, range_id: str) -> NamedRange:
    found = next((each for each in state.named_ranges if each.range_id == range_id), None)
    if found is None:
        raise invalid(f"No named range with id: {range_id}")
    return found


def create_developer_metadata(state: State, wanted: Request, _who: str) -> Reply:
    """Add metadata."""
    made = metadata.create(state, wanted.get("developerMetadata", {}))
    return {"developerMetadata": metadata.as_json(made)}


def update_developer_metadata(state: State, wanted: Request, _who: str) -> Reply:
    """Change all metadata that the filters match; the reply has them as they are now."""
    mask = update_mask(wanted.get("fields"), "DeveloperMetadata")
    found = _all_found(state, wanted.get("dataFilters", []))
    for each in found:
        after = updated(metadata.as_json(each), wanted.get("developerMetadata", {}), mask)
        where = (each.location, each.sheet_id, each.place)
        if wants(mask, "location"):
            where = metadata.located(state, after.get("location", {}))
        if not after.get("metadataKey") or after.get("visibility") not in {"DOCUMENT", "PROJECT"}:
            raise invalid("The metadata must keep a key and a visibility.")
        del state.metadata[each.metadata_id]
        new = Metadata(
            each.metadata_id, after["metadataKey"], after.get("metadataValue", ""), after["visibility"], *where
        )
        metadata.place(state, new)
    return {"developerMetadata": [metadata.as_json(state.metadata[each.metadata_id]) for each in found]}


def delete_developer_metadata(state: State, wanted: Request, _who: str) -> Reply:
    """Delete all metadata that the filter matches; the reply has what is gone."""
    found = _all_found(state, [wanted.get("dataFilter", {})])
    for each in found:
        del state.metadata[each.metadata_id]
    return {"deletedDeveloperMetadata": [metadata.as_json(each) for each in found]} if found else {}


def _all_found(state: State, data_filters: list[dict[str, Any]]) -> tuple[Metadata, ...]:
    """Return what any of the filters matches, each once, by id."""
    by_id = {each.metadata_id: each for one in data_filters for each in metadata.found(state, one)}
    return tuple(each for _, each in sorted(by_id.items()))


def add_conditional_format_rule(state: State, wanted: Request, _who: str) -> Reply:
    """Put a rule among those of the tab its first range lies on."""
    rule = wanted.get("rule", {})
    sheet = _sheet_of(state, rule)
    index = wanted.get("index", 0)
    if not 0 <= index <= len(sheet.conditional_formats):
        raise invalid(f"The index {index} must be between 0 and {len(sheet.conditional_formats)}.")
    sheet.conditional_formats = (*sheet.conditional_formats[:index], rule, *sheet.conditional_formats[index:])
    return {}


def _sheet_of(state: State, rule: Request) -> Sheet:
    ranges = rule.get("ranges", [])
    if not ranges or len({each.get("sheetId", 0) for each in ranges}) != 1:
        raise invalid("The rule must have at least one range, and all on one sheet.")
    return state.sheet(ranges[0].get("sheetId", 0))


def _rule(sheet: Sheet, index: int) -> Request:
    if not 0 <= index < len(sheet.conditional_formats):
        raise invalid(f"No conditional format on sheet: {sheet.sheet_id} at index: {index}")
    return sheet.conditional_formats[index]


def update_conditional_format_rule(state: State, wanted: Request, _who: str) -> Reply:
    """Put another rule in a rule's place, or move it."""
    index: int = wanted.get("index", 0)
    sheet = _sheet_of(state, wanted["rule"]) if "rule" in wanted else state.sheet(wanted.get("sheetId", 0))
    old = _rule(sheet, index)
    new: Request = wanted.get("rule", old)
    place: int = wanted.get("newIndex", index)
    rules = [each for number, each in enumerate(sheet.conditional_formats) if number != index]
    rules.insert(place, new)
    sheet.conditional_formats = tuple(rules)
    moved = {"oldIndex": index, "newIndex": place} if place != index else {}
    return {"newRule": new, "oldRule": old, **moved}


def delete_conditional_format_rule(state: State, wanted: Request, _who: str) -> Reply:
    """Take a rule away; those after it move up."""
    sheet, index = state.sheet(wanted.get("sheetId", 0)), wanted.get("index", 0)
    old = _rule(sheet, index)
    sheet.conditional_formats = sheet.conditional_formats[:index] + sheet.conditional_formats[index + 1 :]
    return {"rule": old}


def merge_cells(state: State, wanted: Request, who: str) -> Reply:
    """Merge cells."""
    area = Area.from_json(wanted.get("range", {}))
    protecting.check(*state.span(area), who)
    moving.merge(state, area, wanted.get("mergeType", "MERGE_ALL"))
    return {}


def unmerge_cells(state: State, wanted: Request, who: str) -> Reply:
    """Take all merges within a range apart. Raises Refusal when one is only partly in it."""
    sheet, span = state.span(Area.from_json(wanted.get("range", {})))
    protecting.check(sheet, span, who)
    grid = (sheet.row_count, sheet.column_count)
    if any(span.meets(each.within(*grid)) and not span.holds(each.within(*grid)) for each in sheet.merges):
        raise invalid("You must select all cells in a merged range to merge or unmerge them.")
    sheet.merges = tuple(each for each in sheet.merges if not span.holds(each.within(*grid)))
    return {}


WORKS = {
    "addProtectedRange": add_protected_range,
    "updateProtectedRange": update_protected_range,
    "deleteProtectedRange": delete_protected_range,
    "addNamedRange": add_named_range,
    "updateNamedRange": update_named_range,
    "deleteNamedRange": delete_named_range,
    "createDeveloperMetadata": create_developer_metadata,
    "updateDeveloperMetadata": update_developer_metadata,
    "deleteDeveloperMetadata": delete_developer_metadata,
    "addConditionalFormatRule": add_conditional_format_rule,
    "updateConditionalFormatRule": update_conditional_format_rule,
    "deleteConditionalFormatRule": delete_conditional_format_rule,
    "mergeCells": merge_cells,
    "unmergeCells": unmerge_cells,
}
