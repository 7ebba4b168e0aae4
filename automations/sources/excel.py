"""Leads in an Excel workbook: read as a stream, written cell by cell into the same bytes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import BinaryIO, TypeVar

from automations.core.books import header_identity
from automations.core.garbage import without_collections
from automations.core.leads import Cell, CellChange, CellOutcome, KeyRule, Sheet, WriteResult, WrittenCell
from automations.errors import SourceBusy, SourceOutOfReach
from automations.sources import News
from automations.sources.backups import Backups, copy_of
from automations.sources.dress import Dress, Dressed
from automations.sources.matching import Targets, same_cell, settle, settle_as_read
from automations.sources.ooxml.dressing import with_dress
from automations.sources.ooxml.editing import WorkbookEdit, verify_edited, write_edited
from automations.sources.ooxml.edits import Edit
from automations.sources.ooxml.encoding import Unwritable, check_value
from automations.sources.ooxml.finding import find_leads
from automations.sources.ooxml.growing import with_new_columns
from automations.sources.ooxml.inspection import Inspection
from automations.sources.ooxml.package import Package, SheetEntry
from automations.sources.ooxml.refusals import Reason, WorkbookRefused
from automations.sources.ooxml.rowreading import RowReader
from automations.sources.ooxml.rows import FormulaMet
from automations.sources.ooxml.sheets import HeaderRow, OpenSheet, Tables, load_tables, take_header
from automations.sources.ooxml.walked import Walked
from automations.sources.saving import (
    COLUMNS_WAIT,
    DRESS_WAITS,
    SHARED,
    Fingerprints,
    Manners,
    Version,
    cells_wait,
    change_file,
    opened,
    replace_file,
)

_Result = TypeVar("_Result")


class ExcelSource:
    """One tab of a workbook: *tab* by its name, or the first visible one with cells.

    *backups* keeps a copy before the first write. Symbolic links are followed.
    The workbook may be open in Excel while it is read, not while it is written.
    """

    def __init__(
        self, path: Path, tab: str | None = None, backups: Backups | None = None, manners: Manners = SHARED
    ) -> None:
        self._path = path
        self._tab = tab
        self._backups = backups
        self._keep_copy = backups.take if backups else None
        self._manners = manners
        self._fingerprints = Fingerprints()
        self._known: tuple[str, Tables] | None = None
        """The tables of the version of the file with this hash: what was read for a plan serves the write after it."""
        self._walked: Walked | None = None
        """What the rows that were handed out last are of; without it a write looks for every lead."""

    @property
    def label(self) -> str:
        """Return the name of the file."""
        return self._path.name

    def fingerprint(self) -> str:
        """Return the hash of the file's bytes."""
        with opened(self._path, self.label) as file:
            return self._fingerprints.of(file).digest

    def why_not_send(self) -> str:
        """Return "": nobody can say so here."""
        return ""

    def tell(self, news: News) -> None:
        """Do nothing: a file has no place for news."""

    def read(self, wanted: Collection[str]) -> Sheet:
        """Return the cells from the first to the last header; see `Source.read`. Rows are read while they are walked.

        Walking raises SourceBusy when the file is saved meanwhile. Rows and values of the last walk count for the
        writes after it for as long as the file has the same bytes.
        """
        self._walked = None
        with self._sheet() as (sheet, version):
            stream = sheet.stream()
            header, _ = take_header(stream.blocks(), sheet.reader(stream.prefix), wanted)
        first, last = header.first_column, header.last_column
        return Sheet(
            name=sheet.entry.name,
            header_row=header.row or 1,
            headers=tuple(header.headers.get(column, "") for column in range(first, last + 1)),
            rows=_Rows(self._again, header, sheet.tables, version, self._remember),
            fingerprint=version.digest,
            first_column=first,
        )

    def write(self, changes: Sequence[CellChange], keys: KeyRule) -> WriteResult:
        """Change cells where their leads are now; see `Source.write`. Only the tab's own part of the file changes."""
        if not changes:
            return WriteResult(())
        with without_collections():
            return self._change(cells_wait(len(changes)), lambda: self._write_once(changes, keys))

    def add_columns(self, headers: Sequence[str], beside: Collection[str]) -> None:
        """Write new headers right of the data, inside the table when the data is one; see `Source.add_columns`."""
        for header in headers:
            check_value(header)
        self._change(COLUMNS_WAIT, lambda: self._add_columns_once(headers, beside))

    def dress(self, dress: Dress, beside: Collection[str]) -> Dressed:
        """Put a drop-down of stages and colours of segments on the tab, once; the header row is found by *beside*.

        Only the tab and the workbook's styles change. Raises as `write` does.
        """
        return self._change(DRESS_WAITS, lambda: self._dress_once(dress, beside))

    def _change(self, waiting: str, attempt: Callable[[], _Result]) -> _Result:
        return change_file(self._path, self.label, waiting, self._fingerprints, attempt, self._manners)

    def _write_once(self, changes: Sequence[CellChange], keys: KeyRule) -> WriteResult:
        with self._sheet() as (sheet, version):
            walked = self._walked
            if walked is not None and walked.covers(version.digest, changes):
                # A formula in one of the cells is met when it would be lost, and named by looking at each.
                with suppress(FormulaMet):
                    return self._write_as_read(sheet, version, walked, changes, keys)
            return self._write_as_found(sheet, version, changes, keys)

    def _write_as_read(
        self, sheet: OpenSheet, version: Version, walked: Walked, changes: Sequence[CellChange], keys: KeyRule
    ) -> WriteResult:
        """Write into the rows that were read: the file has the bytes of then, so each lead stands where it stood."""
        targets = walked.targets(self._where(sheet), changes, keys)
        cells = settle_as_read(changes, targets, walked.forbidden(changes, targets))
        result = self._write_settled(sheet, version, cells, targets, walked.facts.has_formulas)
        if result.after != result.before:
            rows = {cell.row for cell in result.cells if cell.outcome is CellOutcome.WRITTEN}
            self._walked = walked.after(result.after, rows)
        return result

    def _write_as_found(
        self, sheet: OpenSheet, version: Version, changes: Sequence[CellChange], keys: KeyRule
    ) -> WriteResult:
        """Look for every lead and write into the rows where they are now."""
        found = find_leads(sheet, changes, keys, self._where(sheet))
        cells = settle(changes, found.targets, found.rows)
        return self._write_settled(sheet, version, cells, found.targets, found.facts.has_formulas)

    def _write_settled(
        self,
        sheet: OpenSheet,
        version: Version,
        settled: Iterable[WrittenCell],
        targets: Targets,
        has_formulas: bool,
    ) -> WriteResult:
        cells, edits = _edits(settled, targets)
        after = version.digest
        if edits:
            after = self._save(sheet, WorkbookEdit(edits, sheet_has_formulas=has_formulas), version)
        return WriteResult(cells, version.digest, after, backup=copy_of(self._backups))

    def _add_columns_once(self, headers: Sequence[str], beside: Collection[str]) -> None:
        with self._sheet() as (sheet, version):
            edit = with_new_columns(sheet, headers, beside, f"{self.label}, tab {sheet.entry.name}")
            if edit is not None:
                walked = self._walked
                digest = self._save(sheet, edit, version)
                if walked is not None and walked.digest == version.digest and [*edit.cells] == [walked.header.row]:
                    self._walked = walked.with_headers(digest, edit.cells[walked.header.row])

    def _dress_once(self, dress: Dress, beside: Collection[str]) -> Dressed:
        with self._sheet() as (sheet, version):
            edit, dressed = with_dress(sheet, dress, beside, self._where(sheet))
            if dressed.added:
                self._save(sheet, edit, version)
        return dressed

    def _save(self, sheet: OpenSheet, edit: WorkbookEdit, version: Version) -> str:
        """Put the edited workbook in the place of the old one, and return the hash of its bytes."""
        changed: frozenset[str] = frozenset()
        digest = ""

        def write(target: BinaryIO) -> None:
            nonlocal changed
            changed = write_edited(sheet, edit, target)

        def verify(finished: BinaryIO) -> None:
            nonlocal digest
            verify_edited(sheet.package.container, finished, changed)
            digest = Fingerprints().of(finished).digest

        replace_file(
            self._path,
            self.label,
            version,
            write=write,
            verify=verify,
            keep_copy=self._keep_copy,
            pause=self._manners.pause,
        )
        # No edit touches shared strings or how dates are shown, so these tables are those of the new file, too.
        self._known = digest, sheet.tables
        self._walked = None
        return digest

    def _remember(self, walked: Walked) -> None:
        self._walked = walked

    def _where(self, sheet: OpenSheet) -> str:
        return f"{self.label}, tab {sheet.entry.name},"

    @contextmanager
    def _sheet(self) -> Generator[tuple[OpenSheet, Version]]:
        """Give the tab and the version of the file it is read from; names the file in every refusal."""
        with self._named(), opened(self._path, self.label) as file:
            version = self._fingerprints.of(file)
            package = Package(file)
            yield OpenSheet(package, self._entry(package), self._tables(package, version)), version

    def _tables(self, package: Package, version: Version) -> Tables:
        if self._known is None or self._known[0] != version.digest:
            self._known = version.digest, load_tables(package)
        return self._known[1]

    @contextmanager
    def _again(self, tables: Tables, version: Version) -> Generator[OpenSheet]:
        """Give the tab anew, for tables that were loaded before, if the file still is that version."""
        with self._named(), opened(self._path, self.label) as file:
            self._check_same(file, version)
            package = Package(file)
            yield OpenSheet(package, self._entry(package), tables)
            self._check_same(file, version)

    def _check_same(self, file: BinaryIO, version: Version) -> None:
        if self._fingerprints.of(file).digest != version.digest:
            raise SourceBusy(f"{self.label} was saved by someone while we read it", fix="run again")

    @contextmanager
    def _named(self) -> Generator[None]:
        try:
            yield
        except WorkbookRefused as err:
            raise err.named(self.label) from err

    def _entry(self, package: Package) -> SheetEntry:
        with_cells = [each for each in package.sheets if each.has_cells]
        if not with_cells:
            raise WorkbookRefused(Reason.UNUSUAL, "it has no tab with cells")
        if self._tab is None:
            return next((each for each in with_cells if not each.hidden), with_cells[0])
        exact = [each for each in with_cells if each.name == self._tab]
        alike = [each for each in with_cells if header_identity(each.name) == header_identity(self._tab)]
        if exact or alike:
            return (exact or alike)[0]
        names = [each.name for each in with_cells]
        near = get_close_matches(self._tab, names, n=1)
        raise SourceOutOfReach(
            f'{self.label} has no tab "{self._tab}"; it has {", ".join(names)}',
            fix=f"did you mean {near[0]}?" if near else "correct tab: under leads: in config.yaml",
        )


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows below the header row; read from the file each time they are walked."""

    open_again: Callable[[Tables, Version], AbstractContextManager[OpenSheet]]
    header: HeaderRow
    tables: Tables
    version: Version
    walked: Callable[[Walked], None]
    """Told at the end of a whole walk over one version of the file."""

    def __iter__(self) -> Iterator[tuple[int, Sequence[Cell]]]:
        first, last = self.header.first_column, self.header.last_column
        below = self.header.row
        with self.open_again(self.tables, self.version) as sheet:
            stream = sheet.stream()
            reader = RowReader(sheet.reader(stream.prefix), first, last)
            inspection = Inspection(stream)
            for block in inspection.blocks():
                for number, cells in reader.rows(block):
                    if number > below:
                        yield number, cells
        self.walked(Walked(self.version.digest, self.header, inspection.facts()))


def _edits(
    settled: Iterable[WrittenCell], targets: Targets
) -> tuple[tuple[WrittenCell, ...], dict[int, dict[int, Edit]]]:
    """Return how each change ends, and what has to be written; a cell that says it already is left as it stands.

    A new value that cannot stand in a cell is refused.
    """
    cells: list[WrittenCell] = []
    edits: defaultdict[int, dict[int, Edit]] = defaultdict(dict)
    for cell in settled:
        change, new = cell.change, cell.change.new
        if cell.outcome is CellOutcome.WRITTEN and not same_cell(cell.found, new):
            try:
                check_value(new)
                edits[cell.row][targets.columns[change.header]] = Edit(new)
            except Unwritable as err:
                cells.append(WrittenCell(change, CellOutcome.REFUSED, cell.row, cell.found, str(err)))
                continue
        cells.append(cell)
    return tuple(cells), dict(edits)
