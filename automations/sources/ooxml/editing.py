"""A workbook with some cells changed: the edited sheet, what must follow it, and every other member as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO

from automations.sources.ooxml.container import Container, open_container, rewrite, unpacked
from automations.sources.ooxml.edits import SheetEdits
from automations.sources.ooxml.patch import patched_sheet
from automations.sources.ooxml.recalculation import has_formulas, with_calculation_on_load
from automations.sources.ooxml.refusals import Reason, WorkbookRefused
from automations.sources.ooxml.sheets import OpenSheet


@dataclass(frozen=True, slots=True)
class WorkbookEdit:
    """Cells of one sheet, a change to what stands after its rows, and other parts that change with them."""

    cells: SheetEdits
    tail: Callable[[bytes], bytes] = bytes
    parts: Mapping[str, Callable[[bytes], bytes]] = field(default_factory=dict)
    sheet_has_formulas: bool | None = None
    """Whether the sheet has formulas, if a walk over it has already told."""


def write_edited(sheet: OpenSheet, edit: WorkbookEdit, target: BinaryIO) -> frozenset[str]:
    """Write the edited workbook and return the names of the members that changed.

    Raises WorkbookRefused for a signed one.
    """
    package = sheet.package
    if package.is_signed:
        raise WorkbookRefused(Reason.SIGNED)
    changed: dict[str, Iterable[bytes]] = {package.member(sheet.entry.part).name: _sheet(sheet, edit)}
    parts = dict(edit.parts)
    known = {} if edit.sheet_has_formulas is None else {sheet.entry.part: edit.sheet_has_formulas}
    # Without new values there is nothing to calculate.
    if edit.cells and has_formulas(package, known):
        before = parts.get(package.workbook_part, bytes)
        parts[package.workbook_part] = lambda data: with_calculation_on_load(before(data))
    for part, change in parts.items():
        old = package.read(part)
        new = change(old)
        if new != old:
            changed[package.member(part).name] = (new,)
    rewrite(package.file, package.container, changed, target)
    return frozenset(changed)


def _sheet(sheet: OpenSheet, edit: WorkbookEdit) -> Iterable[bytes]:
    return patched_sheet(
        sheet.stream(),
        edit.cells,
        sheet.tables.dates,
        counts_from_1904=sheet.package.counts_from_1904,
        tail=edit.tail,
    )


def verify_edited(before: Container, after: BinaryIO, changed: frozenset[str]) -> None:
    """Look at a finished workbook as a reader would: every member is there, and what changed unpacks whole.

    Raises WorkbookRefused when it is not so; then it must not take the place of the old one.
    """
    members = open_container(after).members
    for old, new in zip(before.members, members, strict=True):
        if old.name in changed:
            for _ in unpacked(after, new):
                pass
        elif (old.name, old.crc, old.packed, old.size) != (new.name, new.crc, new.packed, new.size):
            raise WorkbookRefused(Reason.CUT_OFF, f"{old.name} did not survive")
