"""Real workbooks by many programs: each is patched so that nothing else changes, or refused by name."""

from __future__ import annotations

import random
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from xml.parsers import expat
from zipfile import ZipFile

import pytest
from corpus import corpus_files, needs_corpus
from openpyxl import load_workbook
from python_calamine import CalamineError, CalamineWorkbook
from workbooks import stored_members

from automations.core.leads import Cell
from automations.sources.ooxml.editing import WorkbookEdit, verify_edited, write_edited
from automations.sources.ooxml.edits import Edit
from automations.sources.ooxml.inspection import refused_cells
from automations.sources.ooxml.package import Package
from automations.sources.ooxml.refusals import Reason, WorkbookRefused
from automations.sources.ooxml.rowreading import RowReader
from automations.sources.ooxml.sheets import OpenSheet, load_tables

FILES = corpus_files("xlsx/*.xls*") + corpus_files("xlsx/*.xlt*")
REFUSED = {
    "closedxml--~$LoadPivotTables.xlsx": Reason.NOT_A_WORKBOOK,
    "exceljs--missing-bits.xlsx": Reason.NOT_A_WORKBOOK,
    "exceljs--invalid-xml.xlsx": Reason.CUT_OFF,
    "excelize--BadWorkbook.xlsx": Reason.UNUSUAL,
    "excelize--encryptAES.xlsx": Reason.PASSWORD,
    "excelize--encryptSHA1.xlsx": Reason.PASSWORD,
    "poi--clusterfuzz-testcase-minimized-POIXSSFFuzzer-5089447305609216.xlsx": Reason.CUT_OFF,
    "poi--clusterfuzz-testcase-minimized-POIXSSFFuzzer-6123461607817216.xlsx": Reason.CUT_OFF,
    "poi--clusterfuzz-testcase-minimized-POIXSSFFuzzer-6448258963341312.xlsx": Reason.CUT_OFF,
    "poi--clusterfuzz-testcase-minimized-XLSX2CSVFuzzer-5636439151607808.xlsx": Reason.CUT_OFF,
    "poi--duplicate-filename-case-insensitive.xlsx": Reason.CUT_OFF,
    "poi--poc-xmlbomb-empty.xlsx": Reason.DTD,
    "umya--tdf76115.xlsx": Reason.ENCODING,
}
PATCHED = tuple(path for path in FILES if path.name not in REFUSED)

SEED = 20261123
"""What the three cells of each workbook are picked by, together with its name: every run picks the same."""
LARGEST_GRID = 1_000_000
"""So many cells are walked by openpyxl, which makes every empty one up to the last corner."""

Grid = dict[tuple[int, int], Cell]


def _grid(sheet: OpenSheet) -> Grid:
    """Return every cell with content; the fast reader and the careful one must agree."""
    stream = sheet.stream()
    reader = sheet.reader(stream.prefix)

    rows = RowReader(reader, 1, 300)
    grid: Grid = {}
    for block in stream.blocks():
        at_once = {number: list(cells) for number, cells in rows.rows(block)}
        assert at_once == {row.number: one for row in block.rows if (one := rows.careful_row(block, row))}
        for row in block.rows:
            cells = rows.row(block, row)
            careful = rows.careful_row(block, row)
            assert cells == careful, "the fast way and the careful way differ"
            grid |= {(row.number, at): cell for at, cell in enumerate(cells or (), 1) if cell is not None}
    return grid


def _calamine_grid(data: bytes, tab: str) -> Grid | None:
    """Return what another program's reader sees; None where it cannot read the file."""
    try:
        with CalamineWorkbook.from_filelike(BytesIO(data)) as book:
            sheet = book.get_sheet_by_name(tab)
            left = sheet.start[1] + 1 if sheet.start else 1
            rows = list(sheet.iter_rows())
    except CalamineError:
        return None
    return {(row, at): cell for row, cells in enumerate(rows, 1) for at, cell in enumerate(cells, left) if cell != ""}


def _edits(sheet: OpenSheet, name: str) -> dict[tuple[int, int], Cell]:
    """Return three cells: one that is there, one beside the data, one in a row below it. Refused ones are left out."""
    picks = random.Random(f"{SEED} {name}")
    grid = _grid(sheet)
    places = sorted(grid) or [(1, 1)]
    there = picks.choice(places)
    beside = (picks.choice(places)[0], max(column for _, column in places) + picks.randrange(1, 3))
    below = (max(row for row, _ in places) + picks.randrange(1, 4), picks.randrange(1, 5))
    wanted: dict[tuple[int, int], Cell] = {there: "=1 & <new>", beside: "00123", below: True}
    refused = refused_cells(sheet.stream(), wanted)
    return {cell: value for cell, value in wanted.items() if cell not in refused}


def _patched(path: Path) -> tuple[bytes, str, dict[tuple[int, int], Cell], frozenset[str]]:
    """Return the patched workbook, the tab, the cells that were set, and the members that may differ."""
    with path.open("rb") as file:
        package = Package(file)
        tables = load_tables(package)
        entry = next((each for each in package.sheets if each.has_cells), None)
        if entry is None:
            raise WorkbookRefused(Reason.UNUSUAL, "it has no tab with cells")
        sheet = OpenSheet(package, entry, tables)
        wanted = _edits(sheet, path.name)
        cells: dict[int, dict[int, Edit]] = {}
        for (row, column), value in wanted.items():
            cells.setdefault(row, {})[column] = Edit(value)
        target = BytesIO()
        changed = write_edited(sheet, WorkbookEdit(cells), target)
        verify_edited(package.container, target, changed)
        again = BytesIO()
        write_edited(sheet, WorkbookEdit(cells), again)
        assert again.getvalue() == target.getvalue(), "the same edit gave other bytes"
        return target.getvalue(), entry.name, wanted, changed


@needs_corpus
@pytest.mark.timeout(60)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_real_workbook_is_patched_or_refused(path: Path) -> None:
    """Three cells change; every other cell, in two readers, and every other member stays as it was."""
    before = path.read_bytes()
    if path.name in REFUSED:
        with pytest.raises(WorkbookRefused) as refusal:
            _patched(path)
        assert refusal.value.reason is REFUSED[path.name]
        assert refusal.value.fix
        return
    try:
        after, tab, wanted, changed = _patched(path)
    except WorkbookRefused as err:
        assert err.reason is Reason.SIGNED, err.what  # noqa: PT017 - any other reason belongs into the table above
        return

    _check_members(before, after, changed)
    _check_cells(before, after, tab, wanted)
    assert path.read_bytes() == before


def _check_members(before: bytes, after: bytes, changed: frozenset[str]) -> None:
    old, new = stored_members(before), stored_members(after)
    assert list(old) == list(new)
    assert {name for name in old if old[name] != new[name]} <= changed
    assert len(changed) <= 2
    with ZipFile(BytesIO(after)) as package:
        for name in changed:
            expat.ParserCreate().Parse(package.read(name), True)


def _check_cells(before: bytes, after: bytes, tab: str, wanted: dict[tuple[int, int], Cell]) -> None:
    grids = []
    for data in (before, after):
        package = Package(BytesIO(data))
        entry = next(each for each in package.sheets if each.name == tab and each.has_cells)
        grids.append(_grid(OpenSheet(package, entry, load_tables(package))))
    assert grids[1] == {**grids[0], **{cell: value for cell, value in wanted.items() if cell[1] <= 300}}
    calamine = _calamine_grid(before, tab)
    if calamine is not None:
        assert _calamine_grid(after, tab) == {**calamine, **wanted}


@needs_corpus
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("path", PATCHED, ids=lambda path: path.name)
def test_openpyxl_agrees(path: Path) -> None:
    """A third reader sees the new cells where they belong and the old ones as they were."""
    after, tab, wanted, _ = _patched(path)
    try:
        old = load_workbook(path, data_only=True)[tab]
    except Exception:  # noqa: BLE001 - what openpyxl cannot load it cannot judge
        return
    if old.max_row * old.max_column > LARGEST_GRID:
        return
    cells = {(cell.row, cell.column): cell.value for row in old.iter_rows() for cell in row if cell.value is not None}

    new = load_workbook(BytesIO(after), data_only=True)[tab]

    found = {(cell.row, cell.column): cell.value for row in new.iter_rows() for cell in row if cell.value is not None}
    assert found == {**cells, **wanted}


@needs_corpus
@pytest.mark.needs_libreoffice
@pytest.mark.parametrize("path", PATCHED[::6][:40], ids=lambda path: path.name)
def test_libreoffice_opens_it(path: Path, tmp_path: Path) -> None:
    """A spreadsheet program opens the patched workbook and writes it out again."""
    after, *_ = _patched(path)
    source = tmp_path / f"patched{path.suffix}"
    source.write_bytes(after)
    program = shutil.which("soffice") or shutil.which("libreoffice") or ""
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"

    subprocess.run(
        [program, profile, "--headless", "--convert-to", "csv", "--outdir", str(tmp_path), str(source)],
        check=True,
        capture_output=True,
        timeout=120,
    )

    assert (tmp_path / "patched.csv").exists()
