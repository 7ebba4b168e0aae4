"""Laws of the patcher, over random sheets and edits: equal to a slow obvious way, in any order, once or twice."""

from __future__ import annotations

import random
from contextlib import suppress
from io import BytesIO
from itertools import count
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from workbooks import BY_EMAIL, change, parts_of, sheet_xml, write_parts

from automations.core.leads import Cell, CellOutcome
from automations.sources.excel import ExcelSource
from automations.sources.ooxml import stream as stream_module
from automations.sources.ooxml.editing import WorkbookEdit, write_edited
from automations.sources.ooxml.edits import Edit
from automations.sources.ooxml.package import Package
from automations.sources.ooxml.references import reference
from automations.sources.ooxml.refusals import WorkbookRefused
from automations.sources.ooxml.rowreading import RowReader
from automations.sources.ooxml.sheets import OpenSheet, load_tables

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=12)
VALUES = st.one_of(
    TEXT,
    st.integers(-(10**9), 10**9),
    st.floats(-1e9, 1e9, allow_nan=False).map(lambda number: round(number, 3)),
    st.booleans(),
)
PLACES = st.tuples(st.integers(1, 12), st.integers(1, 30))
GRIDS = st.dictionaries(PLACES, VALUES, max_size=30)


def _cell_xml(row: int, column: int, value: Cell, *, named: bool) -> str:
    name = f' r="{reference(row, column).decode()}"' if named else ""
    match value:
        case bool():
            return f'<c{name} t="b"><v>{int(value)}</v></c>'
        case int() | float():
            return f"<c{name}><v>{value!r}</v></c>"
        case _:
            safe = "".join(
                letter if letter.isalnum() else f"&#{ord(letter)};" for letter in str(value) if letter.isprintable()
            )
            return f'<c{name} t="inlineStr"><is><t xml:space="preserve">{safe}</t></is></c>'


def _sheet(grid: dict[tuple[int, int], Cell], picks: random.Random) -> bytes:
    """Return a sheet with these cells, in one of the many ways that programs write sheets."""
    rows = []
    for at, row in enumerate(sorted({row for row, _ in grid}), 1):
        columns = sorted(column for each, column in grid if each == row)
        dense = columns == list(range(1, len(columns) + 1))
        cells = [
            _cell_xml(row, column, grid[row, column], named=not (dense and picks.random() < 0.3)) for column in columns
        ]
        space = picks.choice(["", "\n  ", "<!-- <c> -->"]) if picks.random() < 0.3 else ""
        number = "" if row == at and picks.random() < 0.3 else f' r="{row}"'
        rows.append(f"<row{number}>{space.join(cells)}</row>")
    sheet = sheet_xml("".join(rows))
    return (sheet.replace("</c>", "</c >") if picks.random() < 0.2 else sheet).encode()


def _package(sheet: bytes) -> bytes:
    target = BytesIO()
    with ZipFile(target, "w") as package:
        for name, content in parts_of(sheet.decode()).items():
            package.writestr(name, content)
    return target.getvalue()


def _patch(data: bytes, edits: dict[tuple[int, int], Cell]) -> bytes:
    package = Package(BytesIO(data))
    sheet = OpenSheet(package, package.sheets[0], load_tables(package))
    cells: dict[int, dict[int, Edit]] = {}
    for (row, column), value in edits.items():
        cells.setdefault(row, {})[column] = Edit(value)
    target = BytesIO()
    write_edited(sheet, WorkbookEdit(cells), target)
    return target.getvalue()


def _openpyxl_grid(data: bytes) -> dict[tuple[int, int], object]:
    tab = load_workbook(BytesIO(data))["Leads"]
    return {
        (cell.row, cell.column): cell.value for row in tab.iter_rows() for cell in row if cell.value not in {None, ""}
    }


@given(GRIDS, GRIDS, st.integers(0, 2**32))
def test_patching_equals_setting_cells_one_by_one(
    grid: dict[tuple[int, int], Cell], edits: dict[tuple[int, int], Cell], seed: int
) -> None:
    """Another program reads back every edited cell as it was given, and every other cell as it was."""
    grid = {place: value.strip() if isinstance(value, str) else value for place, value in grid.items()}
    edits = {place: _printable(value) for place, value in edits.items()}
    data = _package(_sheet(grid, random.Random(seed)))

    patched = _openpyxl_grid(_patch(data, edits))

    assert patched == {place: value for place, value in {**_openpyxl_grid(data), **edits}.items() if value != ""}


def _printable(value: Cell) -> Cell:
    """Return *value* without what other readers do not resolve: escapes of control characters, space by entity."""
    return (
        "".join(letter for letter in value if letter.isprintable()).replace("_x", "-x")
        if isinstance(value, str)
        else value
    )


@given(GRIDS, GRIDS, st.integers(0, 2**32))
def test_patching_again_changes_nothing(
    grid: dict[tuple[int, int], Cell], edits: dict[tuple[int, int], Cell], seed: int
) -> None:
    """The same edits a second time give the same bytes."""
    once = _patch(_package(_sheet(grid, random.Random(seed))), edits)

    assert _patch(once, edits) == once


@given(GRIDS, GRIDS, st.integers(0, 2**32))
def test_edits_may_come_in_any_order(
    grid: dict[tuple[int, int], Cell], edits: dict[tuple[int, int], Cell], seed: int
) -> None:
    """One edit at a time, in any order, ends where all at once do."""
    data = _package(_sheet(grid, random.Random(seed)))
    places = list(edits)
    random.Random(seed).shuffle(places)

    one_by_one = data
    for place in places:
        one_by_one = _patch(one_by_one, {place: edits[place]})

    assert one_by_one == _patch(data, edits)


@given(GRIDS, GRIDS, st.integers(0, 2**32))
def test_the_fast_way_and_the_careful_one_write_the_same(
    grid: dict[tuple[int, int], Cell], edits: dict[tuple[int, int], Cell], seed: int
) -> None:
    """A comment in the sheet has every row taken apart cell by cell; its bytes are those of the fast way."""
    sheet = _sheet(grid, random.Random(seed))

    fast, careful = (_sheet_of(_patch(_package(each), edits)) for each in (sheet, sheet + b"<!--note-->"))

    assert careful == fast + b"<!--note-->"


def _sheet_of(data: bytes) -> bytes:
    with ZipFile(BytesIO(data)) as package:
        return package.read("xl/worksheets/sheet1.xml")


@given(GRIDS, PLACES, VALUES, st.integers(0, 2**32))
def test_bytes_outside_the_cell_stay(
    grid: dict[tuple[int, int], Cell], place: tuple[int, int], value: Cell, seed: int
) -> None:
    """What comes before and after the edited cell is byte for byte what it was."""
    sheet = _sheet(grid, random.Random(seed))
    patched = _sheet_of(_patch(_package(sheet), {place: value}))

    start = next((at for at, pair in enumerate(zip(sheet, patched, strict=False)) if pair[0] != pair[1]), len(sheet))
    rest = len(sheet) - start
    same = next((at for at in range(min(rest, len(patched) - start)) if sheet[-1 - at] != patched[-1 - at]), rest)
    changed = sheet[start : len(sheet) - same]
    assert changed.count(b"<c") <= 1
    assert b"row" not in changed


@given(TEXT)
def test_any_text_comes_back(text: str) -> None:
    """Every text that can be written reads back letter by letter, control characters and escapes among them."""
    data = _patch(_package(sheet_xml("").encode()), {(1, 1): text})
    package = Package(BytesIO(data))
    sheet = OpenSheet(package, package.sheets[0], load_tables(package))
    stream = sheet.stream()
    block = next(stream.blocks())

    assert RowReader(sheet.reader(b""), 1, 1).row(block, block.rows[0]) == ([text] if text else None)


_NUMBERS = count()


@given(st.lists(st.sampled_from(["sort", "delete", "insert", "type"]), max_size=4), st.integers(0, 2**32))
def test_a_person_between_read_and_write_never_costs_a_cell(
    tmp_path_factory: pytest.TempPathFactory, moves: list[str], seed: int
) -> None:
    """Whatever people do between our read and our write, each value lands in its own lead's row or nowhere."""
    picks = random.Random(seed)
    path = tmp_path_factory.getbasetemp() / f"people{next(_NUMBERS)}.xlsx"
    leads: list[list[Cell]] = [[f"lead{number}@example.test", number, "New"] for number in range(8)]
    _save(path, leads)
    source = ExcelSource(path)
    read = {str(cells[0]): (row, cells[1]) for row, cells in source.read(["Email", "Score"]).rows}
    for move in moves:
        _people(move, leads, picks)
    _save(path, leads)

    result = source.write([change(key, "Score", old, 100, row=row) for key, (row, old) in read.items()], BY_EMAIL)

    expected = [
        [email, 100 if score == read.get(str(email), (0, None))[1] else score, stage] for email, score, stage in leads
    ]
    assert [list(cells) for _, cells in source.read(["Email", "Score"]).rows] == expected
    outcomes = {cell.change.key: cell.outcome for cell in result.cells}
    emails = {str(email) for email, _, _ in leads}
    assert {key for key, outcome in outcomes.items() if outcome is CellOutcome.GONE} == set(read) - emails
    path.unlink()


def _people(move: str, leads: list[list[Cell]], picks: random.Random) -> None:
    at = picks.randrange(len(leads)) if leads else 0
    if move == "sort":
        picks.shuffle(leads)
    elif move == "delete" and leads:
        del leads[at]
    elif move == "insert":
        leads.insert(at, [f"new{picks.random()}@example.test", 1, "New"])
    elif leads:
        leads[at][1] = 1000 + at


def _save(path: Path, leads: list[list[Cell]]) -> None:
    grid = {(1, column): header for column, header in enumerate(["Email", "Score", "Stage"], 1)}
    cells = {(row, column): cell for row, lead in enumerate(leads, 2) for column, cell in enumerate(lead, 1)}
    write_parts(path, parts_of(_sheet({**grid, **cells}, random.Random(0))))


@given(st.data())
def test_a_damaged_workbook_is_read_or_refused(data: st.DataObject) -> None:
    """Any byte of a workbook may be wrong: it is still read, or refused by name; never a crash."""
    good = bytearray(_package(_sheet({(1, 1): "Email", (2, 1): "eva@muster.example"}, random.Random(1))))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    bad = bytes(good[: data.draw(st.integers(len(good) // 2, len(good)))])

    with suppress(WorkbookRefused):
        _patch(bad, {(2, 2): 80})


@pytest.mark.parametrize("size", [7, 64, 1000])
def test_where_blocks_end_does_not_matter(size: int) -> None:
    """A sheet that arrives in pieces of any size is patched to the same bytes."""
    sheet = _sheet({(row, column): row * column for row in range(1, 40) for column in range(1, 6)}, random.Random(2))

    stream = stream_module.SheetStream((sheet[at : at + size] for at in range(0, len(sheet), size)), "sheet")

    blocks = list(stream.blocks())
    assert stream.head + b"".join(block.data for block in blocks) + stream.tail == sheet
    assert [row.number for block in blocks for row in block.rows] == list(range(1, 40))
