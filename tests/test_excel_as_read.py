"""Writing what was read: while a workbook has the bytes of the read, no lead is looked for again."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from workbooks import BY_EMAIL, change, grid_rows, member, text_cell, workbook

from automations.core.leads import Cell, CellChange, CellOutcome, KeyRule, LeadKey
from automations.sources.csv_file import CsvSource
from automations.sources.excel import ExcelSource
from automations.sources.ooxml.inspection import SheetFacts
from automations.sources.ooxml.sheets import HeaderRow
from automations.sources.ooxml.walked import Walked

HEADERS = ["Email", "Score", "Stage"]
ROWS = grid_rows([HEADERS, ["eva@muster.example", "50", "New"], ["nils@hafen.example", "", "New"]])
EVA, NILS = "eva@muster.example", "nils@hafen.example"


def _nobody_asks(cell: Cell) -> NoReturn:
    raise AssertionError(f"a lead was looked for by {cell!r}")


AS_READ = KeyRule("Email", _nobody_asks)
"""A rule that fails as soon as a row's key is looked at."""


def _read(path: Path) -> ExcelSource:
    source = ExcelSource(path)
    assert len(list(source.read(HEADERS).rows)) == 2
    return source


def test_a_workbook_nobody_touched_is_written_without_looking_again(tmp_path: Path) -> None:
    """Its bytes are those of the read, so every lead stands in the row it stood in."""
    path = workbook(tmp_path / "leads.xlsx", ROWS)

    result = _read(path).write([change(EVA, "Score", "50", 80, row=2), change(NILS, "Score", None, 20, row=3)], AS_READ)

    assert [(cell.outcome, cell.row, cell.found) for cell in result.cells] == [
        (CellOutcome.WRITTEN, 2, "50"),
        (CellOutcome.WRITTEN, 3, None),
    ]
    assert '<c r="B2"><v>80</v></c>' in member(path)
    assert '<c r="B3"><v>20</v></c>' in member(path)


def test_the_result_names_the_bytes_before_and_after(tmp_path: Path) -> None:
    """Who knew the sheet before knows it afterwards, without reading it again."""
    path = workbook(tmp_path / "leads.xlsx", ROWS)
    source = ExcelSource(path)
    sheet = source.read(HEADERS)

    result = source.write([change(EVA, "Score", "50", 80)], BY_EMAIL)
    again = source.write([change(EVA, "Score", "50", 80)], BY_EMAIL)

    assert result.before == sheet.fingerprint
    assert result.after == source.fingerprint() == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (again.before, again.after) == (result.after, result.after)


def test_a_csv_file_names_its_bytes_too(tmp_path: Path) -> None:
    """The same holds for a CSV file."""
    path = tmp_path / "leads.csv"
    path.write_text(f"Email,Score\n{EVA},50\n")
    source = CsvSource(path)
    before = source.fingerprint()

    result = source.write([change(EVA, "Score", "50", 80)], BY_EMAIL)

    assert (result.before, result.after) == (before, hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_person_who_saved_since_wins(tmp_path: Path) -> None:
    """One other byte in the file, and every lead is looked for where it is now."""
    path = workbook(tmp_path / "leads.xlsx", ROWS)
    source = _read(path)
    workbook(path, grid_rows([HEADERS, [NILS, "", "New"], [EVA, "99", "New"]]))

    result = source.write([change(EVA, "Score", "50", 80, row=2), change(NILS, "Score", None, 20, row=3)], BY_EMAIL)

    assert [(cell.outcome, cell.row, cell.found) for cell in result.cells] == [
        (CellOutcome.PERSON_WON, 3, "99"),
        (CellOutcome.WRITTEN, 2, None),
    ]


def test_rows_that_were_not_read_to_the_end_count_for_nothing(tmp_path: Path) -> None:
    """Only a whole walk tells what the rows are; after half of one every lead is looked for."""
    path = workbook(tmp_path / "leads.xlsx", ROWS)
    source = _read(path)
    next(iter(source.read(HEADERS).rows))

    result = source.write([change(EVA, "Score", "no longer", 80, row=3)], BY_EMAIL)

    assert [(cell.outcome, cell.row, cell.found) for cell in result.cells] == [(CellOutcome.PERSON_WON, 2, "50")]


REFUSED: dict[str, tuple[str, str, str]] = {
    "formula": ("<f>1+1</f><v>2</v>", "", "the cell has a formula; write: needs a column without formulas"),
    "formula with another attribute order": (
        '<f t="shared" si="0"/><v>2</v>',
        "",
        "the cell has a formula; write: needs a column without formulas",
    ),
    "merged": (
        "<v>2</v>",
        '<mergeCells><mergeCell ref="A2:B2"/></mergeCells>',
        "the cell is part of the merged cell A2:B2; unmerge it in Excel",
    ),
    "protected": (
        "<v>2</v>",
        '<sheetProtection sheet="1"/>',
        "the tab is protected; take the protection off in Excel: Review, Unprotect Sheet",
    ),
    "spill": (
        '<v>2</v></c><c r="C2"><f t="array" ref="B2:C3">D1:E2</f><v>1</v>',
        "",
        "a formula fills B2:C3; move the formula to another column",
    ),
}


@pytest.mark.parametrize(("inside", "tail", "detail"), REFUSED.values(), ids=REFUSED.keys())
def test_what_must_not_be_written_is_refused_as_ever(tmp_path: Path, inside: str, tail: str, detail: str) -> None:
    """What was read a moment ago is refused for the same reasons, and the other cells are written."""
    rows = (
        grid_rows([HEADERS])
        + f'<row r="2">{text_cell("A2", EVA)}<c r="B2">{inside}</c></row>'
        + grid_rows([[NILS, "7"]], first_row=4)
    )
    path = workbook(tmp_path / "leads.xlsx", rows, tail=tail)
    before = member(path)

    result = _read(path).write([change(EVA, "Score", 2, 80, row=2), change(NILS, "Score", "7", 20, row=4)], BY_EMAIL)

    assert (result.cells[0].outcome, result.cells[0].detail) == (CellOutcome.REFUSED, detail)
    other = "the tab is protected" not in detail
    assert (result.cells[1].outcome is CellOutcome.WRITTEN) is other
    assert (member(path) == before) is not other


def test_a_header_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    """A change for a column that nobody has does not stop the others."""
    path = workbook(tmp_path / "leads.xlsx", ROWS)

    changes = [change(EVA, "Segment", None, "hot", row=2), change(EVA, "Stage", "New", "Contacted", row=2)]
    result = _read(path).write(changes, AS_READ)

    assert [(cell.outcome, cell.detail) for cell in result.cells] == [
        (CellOutcome.REFUSED, 'there is no header "Segment"'),
        (CellOutcome.WRITTEN, ""),
    ]


def test_new_columns_are_known_without_reading_again(tmp_path: Path) -> None:
    """Headers that were just added move no lead."""
    path = workbook(tmp_path / "leads.xlsx", ROWS)
    source = _read(path)

    source.add_columns(["Segment"], HEADERS)
    result = source.write([change(EVA, "Segment", None, "hot", row=2)], AS_READ)

    assert [cell.outcome for cell in result.cells] == [CellOutcome.WRITTEN]
    assert '<c r="D2" t="inlineStr"><is><t>hot</t></is></c>' in member(path)


def test_rows_we_wrote_are_looked_at_again(tmp_path: Path) -> None:
    """A second write is compared with what the first one left; other rows are still those of the read."""
    path = workbook(tmp_path / "leads.xlsx", ROWS)
    source = _read(path)
    source.write([change(EVA, "Score", "50", 80, row=2)], AS_READ)

    other = source.write([change(NILS, "Score", None, 20, row=3)], AS_READ)
    same = source.write([change(EVA, "Score", "50", 90, row=2)], BY_EMAIL)

    assert [cell.outcome for cell in other.cells] == [CellOutcome.WRITTEN]
    assert [(cell.outcome, cell.found) for cell in same.cells] == [(CellOutcome.PERSON_WON, 80)]


def test_a_change_that_knows_no_row_is_looked_for(tmp_path: Path) -> None:
    """Row 0 says that nobody read where the lead is."""
    path = workbook(tmp_path / "leads.xlsx", ROWS)

    result = _read(path).write([change(NILS, "Score", "wrong", 20)], BY_EMAIL)

    assert [(cell.outcome, cell.row) for cell in result.cells] == [(CellOutcome.PERSON_WON, 3)]


def test_many_rows_of_ours_are_not_remembered_for_ever() -> None:
    """Beyond a bound the sheet is looked at anew."""
    header = HeaderRow(1, {1: "Email"}, {})
    known = Walked("a", header, SheetFacts())

    assert known.after("b", range(2, 10_002)) is not None
    assert known.after("b", range(2, 10_003)) is None


_TEXTS = st.sampled_from(["", "50", "New", "a & b", "=1+1", "  "])
_CELLS: st.SearchStrategy[Cell] = st.one_of(_TEXTS, st.integers(0, 99), st.booleans(), st.none())


@given(
    st.lists(st.tuples(_TEXTS, _TEXTS), min_size=1, max_size=8),
    st.lists(st.tuples(st.integers(0, 7), st.sampled_from(HEADERS[1:]), _CELLS), max_size=12),
)
def test_both_ways_of_writing_are_one(
    leads: Sequence[tuple[str, str]], wishes: Sequence[tuple[int, str, Cell]]
) -> None:
    """Without a person in between, writing as read and looking for every lead give the same bytes and words."""
    grid = [HEADERS, *([f"lead{at}@muster.example", *cells] for at, cells in enumerate(leads))]
    rows = grid_rows([[text.replace("&", "&amp;") for text in row] for row in grid])
    with TemporaryDirectory() as folder:
        one, other = (workbook(Path(folder) / name, rows) for name in ("one.xlsx", "other.xlsx"))
        source = ExcelSource(one)
        cells = {row: (str(values[0]), values[1:]) for row, values in source.read(HEADERS).rows}
        wanted = {(at % len(leads) + 2, header): new for at, header, new in wishes}
        changes = [
            CellChange(LeadKey(cells[row][0]), row, header, cells[row][1][HEADERS.index(header) - 1], new)
            for (row, header), new in wanted.items()
        ]

        as_read = source.write(changes, AS_READ)
        as_found = ExcelSource(other).write(changes, BY_EMAIL)

        assert as_read == as_found
        assert one.read_bytes() == other.read_bytes()
