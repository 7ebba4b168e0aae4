"""The proof an owner asks for before we touch the real workbook: a copy is edited, and others say what changed in it.

The zip is compared by the standard library and the cells by calamine; neither shares a line with what made the edit.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, time, timedelta
from itertools import islice
from math import isclose
from typing import BinaryIO

from automations.core.leads import Cell
from automations.sources.matching import same_cell
from automations.sources.ooxml.cells import CellReader, raw_cells
from automations.sources.ooxml.editing import WorkbookEdit, verify_edited, write_edited
from automations.sources.ooxml.edits import Edit
from automations.sources.ooxml.encoding import Unwritable, check_value
from automations.sources.ooxml.inspection import refused_cells
from automations.sources.ooxml.markup import local, named, tree
from automations.sources.ooxml.moments import serial_of
from automations.sources.ooxml.package import Package, SheetEntry
from automations.sources.ooxml.references import MAX_COLUMN, MAX_ROW, Area, column_number, parse_area, reference
from automations.sources.ooxml.refusals import Reason, WorkbookRefused
from automations.sources.ooxml.secondreader import Place, Unreadable, compare_members, read_all
from automations.sources.ooxml.sheets import OpenSheet, load_tables
from automations.sources.ooxml.stream import Block, SheetStream

MAX_AREA = 25_000_000
"""calamine keeps the whole rectangle from the first to the last cell of a tab, some 32 bytes for each."""
_CANDIDATES = 40
_TRIES = 20
_A_SECOND = 1 / 86_400
_TEXT = "leadwright was here"
_AREA = re.compile(r" [A-Z]{1,3}[0-9]+(?::[A-Z]{1,3}[0-9]+)?")

Wishes = Mapping[str, Mapping[Place, Cell]]
"""What to write, by tab and place; no tab at all means three harmless cells."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a workbook, or a cell of it, is left as it is. *reason* is the short name, for counting."""

    where: str
    what: str
    fix: str
    reason: str


@dataclass(frozen=True, slots=True)
class ProvedCell:
    """One cell as calamine reads it before and after: *cell* is ``Leads!B2``."""

    cell: str
    old: Cell
    new: Cell


@dataclass(frozen=True, slots=True)
class Proof:
    """What changed in the copy, and what did not; with *refused* nothing did."""

    changed_members: tuple[str, ...] = ()
    unchanged_members: int = 0
    cells: tuple[ProvedCell, ...] = ()
    other_cells: int = 0
    refused: Refusal | None = None


class _Refused(Exception):  # noqa: N818 - a way out of the proof, caught in this module
    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.what)
        self.refusal = refusal


def prove(original: BinaryIO, label: str, wishes: Wishes, copy: BinaryIO) -> Proof:
    """Write the edited workbook into *copy* and return what others see in it.

    The original is only read. What is refused comes back as a value, never as an exception.
    """
    try:
        package = Package(original)
        chosen = _by_full_name(package, label, wishes) if wishes else _harmless_cells(package, label)
        for entry in package.sheets:
            _check_area(package, entry, label)
        _write_copy(original, label, chosen, copy)
        return _verdict(original, copy, chosen, counts_from_1904=package.counts_from_1904)
    except WorkbookRefused as err:
        named_error = err.named(label)
        return Proof(refused=Refusal(label, named_error.what, named_error.fix, err.reason))
    except Unreadable as err:
        return Proof(refused=_unproved(label, str(err)))
    except _Refused as err:
        return Proof(refused=err.refusal)


def _unproved(label: str, why: str) -> Refusal:
    return Refusal(
        label,
        f"{label} cannot be proved: {why}",
        "open it in Excel and save it as an Excel workbook (.xlsx), then try again",
        "not readable by the second reader",
    )


def _by_full_name(package: Package, label: str, wishes: Wishes) -> Wishes:
    """Return the wishes by the names that the tabs have; "" stands for the first visible one."""
    merged: dict[str, dict[Place, Cell]] = {}
    for tab, cells in wishes.items():
        merged.setdefault(_entry(package, label, tab).name, {}).update(cells)
    return merged


def _entry(package: Package, label: str, tab: str) -> SheetEntry:
    tabs = [each for each in package.sheets if each.has_cells]
    if not tabs:
        raise WorkbookRefused(Reason.UNUSUAL, "it has no tab with cells")
    if not tab:
        return next((each for each in tabs if not each.hidden), tabs[0])
    found = next((each for each in tabs if each.name == tab), None)
    found = found or next((each for each in tabs if each.name.casefold() == tab.casefold()), None)
    if found is None:
        names = ", ".join(each.name for each in tabs)
        raise _Refused(Refusal(label, f'{label} has no tab "{tab}"', f"name one of these: {names}", "no such tab"))
    return found


def _sheet(package: Package, entry: SheetEntry) -> OpenSheet:
    return OpenSheet(package, entry, load_tables(package))


def _write_copy(original: BinaryIO, label: str, wishes: Wishes, copy: BinaryIO) -> None:
    """Edit tab after tab; what one has made is what the next begins with."""
    source = original
    for tab, cells in wishes.items():
        package = Package(source)
        entry = next(each for each in package.sheets if each.has_cells and each.name == tab)
        sheet = _sheet(package, entry)
        _check_allowed(sheet, label, cells)
        made = tempfile.TemporaryFile()  # noqa: SIM115 - closed below, when the next tab is done
        try:
            changed = write_edited(sheet, WorkbookEdit(_edits(cells)), made)
            verify_edited(package.container, made, changed)
        except BaseException:
            made.close()
            raise
        finally:
            if source is not original:
                source.close()
        source = made
    with source if source is not original else tempfile.TemporaryFile() as last:
        last.seek(0)
        shutil.copyfileobj(last, copy)
        copy.flush()


def _edits(cells: Mapping[Place, Cell]) -> dict[int, dict[int, Edit]]:
    edits: dict[int, dict[int, Edit]] = {}
    for (row, column), value in cells.items():
        edits.setdefault(row, {})[column] = Edit(value)
    return edits


def _check_allowed(sheet: OpenSheet, label: str, cells: Mapping[Place, Cell]) -> None:
    """Raise for the first cell that must not be written."""
    tab = sheet.entry.name
    refused = {**_table_edges(sheet, cells), **refused_cells(sheet.stream(), cells)}
    for place in sorted(refused):
        what, _, fix = refused[place].partition("; ")
        reason = _AREA.sub("", what)
        raise _Refused(Refusal(f"{label}, {name_of(tab, place)}", what, fix or "choose another cell", reason))
    for place, value in cells.items():
        try:
            check_value(value)
        except Unwritable as err:
            raise _Refused(
                Refusal(f"{label}, {name_of(tab, place)}", str(err), "choose another value", "no value for a cell")
            ) from err


def _table_edges(sheet: OpenSheet, cells: Collection[Place]) -> dict[Place, str]:
    """Return the cells that are headers or totals of a table: their text stands in the table's own part, too."""
    return {
        (row, column): f"the cell is the header or the total of the table {area.text().decode()}; change it in Excel"
        for area in _tables(sheet)
        for row, column in cells
        if (row, column) in area and row in (area.top, area.bottom)
    }


def _tables(sheet: OpenSheet) -> Iterator[Area]:
    """Return the tables as areas from header to totals; the last row of one without totals lies outside."""
    for relation in sheet.package.relations_of(sheet.entry.part):
        if relation.kind != "table":
            continue
        root = tree(sheet.package.read(relation.part), relation.part)
        area = parse_area(named(root.attrib, "ref").encode())
        if local(root.tag) != "table" or area is None:
            continue
        top = area.top - (named(root.attrib, "headerRowCount") == "0")
        bottom = area.bottom + (named(root.attrib, "totalsRowCount") in {"", "0"})
        yield Area(top, area.left, bottom, area.right)


def name_of(tab: str, place: Place) -> str:
    """Return a cell as people name it.

    >>> name_of("Leads", (2, 3))
    'Leads!C2'
    """
    return f"{tab}!{reference(*place).decode()}"


def _harmless_cells(package: Package, label: str) -> Wishes:
    """Return three cells of the first visible tab that allows any: a text among the data, one beside, one below."""
    entry = _entry(package, label, "")
    tabs = [entry, *(each for each in package.sheets if each.has_cells and not each.hidden and each is not entry)]
    refusals = []
    for each in tabs:
        sheet = _sheet(package, each)
        wanted = _three_cells(sheet)
        try:
            _check_allowed(sheet, label, wanted)
        except _Refused as err:
            refusals.append(err)
            continue
        return {each.name: wanted}
    raise refusals[0]


def _three_cells(sheet: OpenSheet) -> dict[Place, Cell]:
    """Return one plain value among the data, one empty cell beside it, one below; others where one is forbidden."""
    plain, right, bottom = _look(sheet)
    row = next(iter(plain), (1, 1))[0]
    beside = [(row, column) for column in range(right + 1, min(right + _TRIES, MAX_COLUMN) + 1)]
    below = [(number, 1) for number in range(bottom + 2, min(bottom + 1 + _TRIES, MAX_ROW) + 1)]
    groups = (list(plain), beside, below)
    every = [place for group in groups for place in group]
    refused = {**_table_edges(sheet, every), **refused_cells(sheet.stream(), every)}
    allowed = [[place for place in group if place not in refused] for group in groups]
    first = [group[0] for group in allowed if group]
    rest = [place for group in allowed[1:] for place in group[1:]]
    chosen = [*first, *rest][:3] or every[:1]
    return {place: _other(plain[place]) if place in plain else _TEXT for place in chosen}


def _other(value: Cell) -> Cell:
    """Return another value of the same kind."""
    return value + 1 if isinstance(value, (int, float)) else _TEXT


def _look(sheet: OpenSheet) -> tuple[dict[Place, Cell], int, int]:
    """Return the first plain values below the first row, the last column and the last row with content, from 1."""
    stream = sheet.stream()
    reader = sheet.reader(stream.prefix)
    plain: dict[Place, Cell] = {}
    first = right = bottom = 0
    for block in stream.blocks():
        if content := _last_column(block, stream.prefix):
            right, bottom = max(right, content), block.last
            first = first or next((row.number for row in block.rows if not row.closes_itself), bottom)
        if len(plain) < _CANDIDATES:
            plain |= dict(islice(_plain(block, reader, first), _CANDIDATES - len(plain)))
    return plain, right, bottom


def _plain(block: Block, reader: CellReader, first: int) -> Iterator[tuple[Place, Cell]]:
    for row in block.rows:
        if row.number > first:
            for cell in raw_cells(block, row, reader.prefix):
                value = reader.cell(block, cell)
                if isinstance(value, (str, int, float)) and not isinstance(value, bool):
                    yield (row.number, cell.column), value


def _last_column(block: Block, prefix: bytes) -> int:
    """Return the last column with content in a block; 0 when there is none."""
    name = b"<%bc" % prefix
    every = block.seen.count(name + b" ") + block.seen.count(name + b">") + block.seen.count(name + b"/")
    if every == block.seen.count(name + b' r="'):
        full = re.findall(rb"<%bc r=\"([A-Z]{1,3})[0-9]++\"[^<>]*+(?<!/)>" % prefix, block.seen)
        return max(map(column_number, set(full)), default=0)
    every_cell = (cell for row in block.rows for cell in raw_cells(block, row, prefix))
    return max((cell.column for cell in every_cell if not cell.closes_itself), default=0)


def _check_area(package: Package, entry: SheetEntry, label: str) -> None:
    """Raise for a tab that calamine could not hold in memory."""
    if not entry.has_cells:
        return
    stream = SheetStream(package.stream(entry.part), entry.part)
    right = top = bottom = 0
    for block in stream.blocks():
        if content := _last_column(block, stream.prefix):
            right, bottom = max(right, content), block.last
            top = top or (block.rows[0].number if block.rows else bottom)
    if right * (bottom - top + 1) > MAX_AREA:
        far = name_of(entry.name, (bottom, right))
        raise _Refused(
            Refusal(
                label,
                f"{label} cannot be proved: its cells reach to {far}, too far for a second reader",
                "open it in Excel, delete empty rows and columns at the end, and save it",
                "cells too far apart for the second reader",
            )
        )


def _verdict(original: BinaryIO, copy: BinaryIO, wishes: Wishes, *, counts_from_1904: bool) -> Proof:
    """Return what others see in the finished copy. Raises when anything but the wishes differs."""
    members = compare_members(original, copy)
    places = [(tab, place) for tab, cells in wishes.items() for place in cells]
    before, after = read_all(original, places), read_all(copy, places)
    cells = tuple(
        ProvedCell(name_of(tab, place), before.cells.get((tab, place)), after.cells.get((tab, place)))
        for tab, place in places
    )
    different = before.difference(after) or next(
        (
            each.cell
            for each, (tab, place) in zip(cells, places, strict=True)
            if not _says(each.new, wishes[tab][place], counts_from_1904=counts_from_1904)
        ),
        "",
    )
    if different:
        raise Unreadable(f"{different} does not read as it should in the copy")
    return Proof(members.changed, members.unchanged, cells, before.count)


def _says(found: Cell, wanted: Cell, *, counts_from_1904: bool) -> bool:
    """Whether a cell says what was written; a number in a cell that shows dates reads as a date."""
    if same_cell(found, wanted):
        return True
    numbers = [
        serial_of(cell, counts_from_1904=counts_from_1904) if isinstance(cell, (date, time, timedelta)) else cell
        for cell in (found, wanted)
    ]
    if not all(isinstance(number, (int, float)) for number in numbers):
        return False
    one, other = (float(number) for number in numbers if isinstance(number, (int, float)))
    return isclose(one, other, rel_tol=1e-9, abs_tol=_A_SECOND)
