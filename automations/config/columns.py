"""``leads:`` to where the leads live and which columns are whose."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from automations.config import tables as t
from automations.config.model import SourceSettings
from automations.config.nearest import hint
from automations.config.notes import Desk
from automations.config.settings import AnySetting, Record
from automations.config.shapes import Entry, Found
from automations.core.books import header_identity
from automations.core.leads import Columns, Field, FieldType, Role
from automations.located import Scalar

EMAIL = "email"
"""The field that holds the address to write to."""

_TAKEN_IN_EMAILS = ("business_name", "business_address", "sender_name", "sender_address", "signature", "today")
_TAKEN_IN_RULES = ("and", "or", "not", "is")
_WORKBOOKS = (".xlsx", ".xlsm")


def source_of(leads: Record, folder: Path, desk: Desk) -> SourceSettings | None:
    """Return where the leads live; relative paths begin at *folder*. How a Google Sheet is reached, `google` adds."""
    known: tuple[AnySetting, ...] = (t.EXCEL, t.CSV, t.GOOGLE_SHEET)
    given = [setting for setting in known if leads.has(setting)]
    if not given:
        desk.wrong(
            leads.anchor,
            "it does not say where your leads are",
            fix="add  excel: leads.xlsx ,  csv: leads.csv  or  google_sheet: https://...",
        )
    for setting in given[1:]:
        if second := leads.find(setting):
            what = f'leads live in one place, and "{given[0].name}" names it already'
            desk.wrong(second.node.place(), what, "take one of the two out")
    if leads.find(t.GOOGLE_SHEET):
        return SourceSettings("google", folder, leads[t.TAB])
    if excel := leads.find(t.EXCEL):
        return _workbook(excel, leads, folder, desk)
    if csv := leads.find(t.CSV):
        if tab := leads.find(t.TAB):
            desk.wrong(tab.node.place(), "a CSV file has no tabs", "take this line out")
        return _settings("csv", folder / csv.value, leads)
    return None


def _workbook(excel: Found[str], leads: Record, folder: Path, desk: Desk) -> SourceSettings:
    path = folder / excel.value
    if path.suffix.lower() not in _WORKBOOKS:
        what = f'"{excel.value}" is not a workbook we can write to'
        under = "write  csv: instead of  excel:" if path.suffix.lower() == ".csv" else "save it in Excel as .xlsx"
        desk.wrong(excel.node.place(), what, under)
    return _settings("excel", path, leads)


def _settings(kind: str, path: Path, leads: Record) -> SourceSettings:
    return SourceSettings(kind, path, leads[t.TAB], leads[t.BACKUPS] or 0, leads[t.SYNC_FOLDER] is not None)


def columns_of(leads: Record, facts: Iterable[str], desk: Desk) -> Columns:
    """Return the columns that could be read. *facts* are the names that rules know without any column."""
    inside = desk.inside("columns")
    entries = leads[t.COLUMNS] or ()
    taken = dict.fromkeys(facts, "rules") | dict.fromkeys(_TAKEN_IN_EMAILS, "emails")
    taken |= dict.fromkeys(_TAKEN_IN_RULES, "rules")
    fields = []
    headers: dict[str, Scalar] = {}
    for entry in entries:
        name = entry.name.text.strip()
        if name in taken:
            what = f'"{name}" has a meaning of its own in {taken[name]}, so no column can have that name'
            inside.wrong(entry.name.place(), what, f"choose another, like sheet_{name}")
        field = _field(name, entry, inside.inside(name))
        if field is not None:
            fields.append(field)
            _note_header(field.header, _header_node(entry), headers, inside)
    owned = _owned(leads, headers, desk.inside("write"))
    names = tuple(field.name for field in fields)
    return Columns(tuple(fields), _key(leads, names, desk), EMAIL if EMAIL in names else None, owned)


def unsure_columns(leads: Record) -> frozenset[str]:
    """Return the names of columns that are written, but not so that one knows what they hold."""
    read = {entry.name.text.strip(): entry.value for entry in leads[t.COLUMNS] or ()}
    return frozenset(name for name in leads.names(t.COLUMNS) if not _is_sure(read.get(name)))


def _is_sure(value: str | Record | None) -> bool:
    if not isinstance(value, Record):
        return value is not None
    described: tuple[AnySetting, ...] = (t.TYPE, t.CHOICES)
    unread = (value.has(setting) and value.find(setting) is None for setting in described)
    return value[t.HEADER] is not None and not any(unread) and not value.has_strangers(t.COLUMN.table)


def _header_node(entry: Entry[str | Record]) -> Scalar:
    if isinstance(entry.value, Record) and (found := entry.value.find(t.HEADER)):
        return found.node if isinstance(found.node, Scalar) else entry.name
    return entry.node if isinstance(entry.node, Scalar) else entry.name


def _note_header(header: str, node: Scalar, headers: dict[str, Scalar], desk: Desk) -> None:
    first = headers.setdefault(header_identity(header), node)
    if first is not node:
        what = f'the header "{header}" is used twice, here and in line {first.line}'
        desk.wrong(node.place(), what, "each column of the sheet has one name")


def _field(name: str, entry: Entry[str | Record], desk: Desk) -> Field | None:
    if isinstance(entry.value, str):
        return Field(name, entry.value)
    header = entry.value[t.HEADER]
    if header is None:
        return None
    kind = FieldType(entry.value[t.TYPE] or FieldType.TEXT)
    if name == EMAIL and kind is not FieldType.TEXT and (found := entry.value.find(t.TYPE)):
        desk.wrong(found.node.place(), f'the column "{EMAIL}" holds addresses, which are text', "take the type out")
        kind = FieldType.TEXT
    choices = _choices(entry.value, kind, desk)
    return Field(name, header, kind, choices)


def _choices(column: Record, kind: FieldType, desk: Desk) -> tuple[str, ...]:
    found = column.find(t.CHOICES)
    if found is None:
        return ()
    if kind is not FieldType.TEXT:
        what = f"a column of type {kind} cannot have choices"
        desk.wrong(found.node.place(), what, "take out either type or choices")
        return ()
    return unique_labels(found.value, "choice", desk)


def unique_labels(found: Iterable[Found[str]], noun: str, desk: Desk) -> tuple[str, ...]:
    """Return names in order; one that is written twice, case aside, is reported."""
    seen: dict[str, str] = {}
    for each in found:
        if each.value.casefold() in seen:
            desk.wrong(each.node.place(), f'the {noun} "{each.value}" is written twice', "take one of the two out")
        seen.setdefault(each.value.casefold(), each.value)
    return tuple(seen.values())


def _key(leads: Record, names: tuple[str, ...], desk: Desk) -> str:
    found = leads.find(t.KEY)
    if found is None:
        if EMAIL not in names and not leads.has(t.KEY) and names:
            what = '"key" is missing: which column identifies a lead'
            desk.wrong(leads.anchor, what, fix=f"add  key: {names[0]}  or another name under columns")
        return EMAIL
    if found.value not in names:
        desk.wrong(found.node.place(), f'there is no column "{found.value}"', hint(found.value, names, kind="columns"))
    return found.value


def _owned(leads: Record, headers: dict[str, Scalar], desk: Desk) -> tuple[tuple[Role, str], ...]:
    owned: dict[Role, str] = {}
    ours = dict(headers)
    for entry in leads[t.WRITE] or ():
        try:
            role = Role(entry.name.text)
        except ValueError:
            what = f'we have no column "{entry.name.text}" to write'
            desk.wrong(entry.name.place(), what, hint(entry.name.text, tuple(Role), kind="ours"))
            continue
        node = entry.node if isinstance(entry.node, Scalar) else entry.name
        first = ours.setdefault(header_identity(entry.value), node)
        if first is not node:
            is_theirs = first in headers.values()
            what = f'"{entry.value}" is {"a column you read" if is_theirs else "written"} already in line {first.line}'
            desk.wrong(node.place(), what, "what we write needs a column of its own")
        owned[role] = entry.value
    return tuple((role, owned[role]) for role in Role if role in owned)
