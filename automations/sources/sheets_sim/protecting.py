"""Who may change what: protected ranges refuse the whole request of a caller who is not among their editors."""

from __future__ import annotations

from typing import Any

from automations.sources.sheets_sim.a1 import Area, Span
from automations.sources.sheets_sim.refusals import invalid
from automations.sources.sheets_sim.state import Protection, Sheet, State

__all__ = ["as_json", "check", "from_json", "may_edit"]


def may_edit(protection: Protection, who: str) -> bool:
    """Whether a caller may write inside; a warning is for people only, and stops no program."""
    return protection.is_warning or protection.domain_may_edit or who in protection.users


def check(sheet: Sheet, span: Span, who: str) -> None:
    """Refuse a change of cells that someone has protected. What has no cells changes nothing."""
    if span.is_empty:
        return
    for each in sheet.protections:
        if may_edit(each, who) or not each.area.within(sheet.row_count, sheet.column_count).meets(span):
            continue
        spared = any(one.within(sheet.row_count, sheet.column_count).holds(span) for one in each.exceptions)
        if not spared:
            raise invalid(
                "You are trying to edit a protected cell or object. Please contact the spreadsheet owner to remove"
                " protection if you need to edit."
            )


def as_json(each: Protection, who: str) -> dict[str, Any]:
    """Return it as the caller sees it: who may edit is shown to those who may."""
    editors = {
        "users": list(each.users),
        "groups": list(each.groups),
        "domainUsersCanEdit": each.domain_may_edit,
    }
    shown: dict[str, Any] = {
        "protectedRangeId": each.protection_id,
        "range": each.area.as_json(),
        "unprotectedRanges": [one.as_json() for one in each.exceptions],
        "description": each.description,
        "warningOnly": each.is_warning,
        "requestingUserCanEdit": may_edit(each, who),
    }
    shown = {name: value for name, value in shown.items() if value or name in {"range", "protectedRangeId"}}
    if may_edit(each, who) and not each.is_warning:
        shown["editors"] = {name: value for name, value in editors.items() if value}
    return shown


def from_json(state: State, wanted: dict[str, Any], protection_id: int, who: str) -> Protection:
    """Return a ProtectedRange as it is kept. Whoever protects a range may edit it, named or not."""
    area = Area.from_json(wanted.get("range", {}))
    if "namedRangeId" in wanted:
        named = next((each for each in state.named_ranges if each.range_id == wanted["namedRangeId"]), None)
        if named is None:
            raise invalid(f"No named range with id: {wanted['namedRangeId']}")
        area = named.area
    state.sheet(area.sheet_id)
    editors, is_warning = wanted.get("editors", {}), wanted.get("warningOnly", False)
    users = tuple(dict.fromkeys((*editors.get("users", ()), who)))
    return Protection(
        protection_id,
        area,
        wanted.get("description", ""),
        is_warning,
        () if is_warning else users,
        tuple(editors.get("groups", ())),
        editors.get("domainUsersCanEdit", False),
        tuple(Area.from_json(each) for each in wanted.get("unprotectedRanges", ())),
    )
