"""What every source of leads promises, asked of each of them with the same book."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
from googlesheets import a_sheet, edited
from openpyxl import Workbook, load_workbook
from workbooks import BY_EMAIL, change

from automations.core.leads import Cell, CellOutcome
from automations.errors import SourceOutOfReach
from automations.sources import Source
from automations.sources.csv_file import CsvSource
from automations.sources.excel import ExcelSource
from automations.sources.memory import MemorySource

TITLE = ["Leads of Bergblick Office Coffee"]
HEADERS = ["Email", "Full name", "Zip", "Score", "Stage"]
LEADS: list[list[Cell]] = [
    ["eva@muster.example", "Eva Muster", "00123", "50", "New"],
    ["nils@hafen.example", "Nils Hafen", "20457", None, "New"],
    [],
    ["王@example.test", "王小明", "100000", "10", "Contacted"],
]
WANTED = frozenset({"email", "SCORE", "Stage", "Phone"})


class Rig:
    """One source, and the people who work in the same rows."""

    def __init__(
        self,
        source: Source,
        people: Callable[[Callable[[list[list[Cell]]], None]], None],
        close: Callable[[], None] = lambda: None,
    ) -> None:
        self.source = source
        self.let_people = people
        self.close = close

    def cells(self) -> dict[str, list[Cell]]:
        """Return the text of every lead's cells by address, as read anew."""
        sheet = self.source.read(WANTED)
        return {str(cells[0]): [None if cell is None else str(cell) for cell in cells] for _, cells in sheet.rows}


def _excel(folder: Path) -> Rig:
    path = folder / "leads.xlsx"

    def save(grid: list[list[Cell]]) -> None:
        book = Workbook()
        tab = book.create_sheet("Leads", 0)
        for row in grid:
            tab.append(row)
        book.save(path)

    def people(edit: Callable[[list[list[Cell]]], None]) -> None:
        tab = load_workbook(path)["Leads"]
        grid = [[cast("Cell", cell.value) for cell in row] for row in tab.iter_rows()]
        edit(grid)
        save(grid)

    save([list(TITLE), list(HEADERS), *LEADS])
    return Rig(ExcelSource(path, None), people)


def _csv(folder: Path) -> Rig:
    path = folder / "leads.csv"

    def save(grid: list[list[Cell]]) -> None:
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=";").writerows(grid)

    def people(edit: Callable[[list[list[Cell]]], None]) -> None:
        with path.open(newline="", encoding="utf-8") as file:
            grid: list[list[Cell]] = [list(row) for row in csv.reader(file, delimiter=";")]
        edit(grid)
        save(grid)

    save([list(TITLE), list(HEADERS), *LEADS])
    return Rig(CsvSource(path), people)


def _memory(folder: Path) -> Rig:
    del folder
    source = MemorySource("leads", TITLE, [HEADERS, *LEADS])
    return Rig(source, lambda edit: edit(source.grid))


def _google(folder: Path) -> Rig:
    del folder
    stack = ExitStack()
    desk = stack.enter_context(a_sheet({"Leads": [TITLE, HEADERS, *LEADS]}))  # type: ignore[list-item]

    def people(edit: Callable[[list[list[Cell]]], None]) -> None:
        edited(desk.world, edit)
        desk.clock.sleep(timedelta(seconds=31))

    return Rig(desk.source, people, stack.close)


@pytest.fixture(params=[_excel, _csv, _memory, _google], ids=["excel", "csv", "memory", "google"])
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Rig]:
    """Return each source with the same leads in it."""
    made: Rig = request.param(tmp_path)
    yield made
    made.close()


def test_headers_are_found_under_a_title_line(rig: Rig) -> None:
    """The header row is the one with most of our headers, whatever stands above it."""
    sheet = rig.source.read(WANTED)

    assert (sheet.header_row, sheet.headers, sheet.first_column) == (2, tuple(HEADERS), 1)


def test_rows_are_numbered_as_people_see_them(rig: Rig) -> None:
    """A blank row is left out, and the rows below it keep their numbers."""
    rows = [(number, list(cells)[:3]) for number, cells in rig.source.read(WANTED).rows]

    assert rows == [
        (3, ["eva@muster.example", "Eva Muster", "00123"]),
        (4, ["nils@hafen.example", "Nils Hafen", "20457"]),
        (6, ["王@example.test", "王小明", "100000"]),
    ]


def test_an_empty_cell_is_none(rig: Rig) -> None:
    """A lead without a score has no score, not an empty text."""
    scores = [list(cells)[3] for _, cells in rig.source.read(WANTED).rows]

    assert scores[1] is None


def test_a_score_is_written_to_its_lead(rig: Rig) -> None:
    """Writing changes that cell of that lead and nothing else."""
    before = rig.cells()

    result = rig.source.write([change("nils@hafen.example", "Score", None, 80)], BY_EMAIL)

    assert [(cell.outcome, cell.row) for cell in result.cells] == [(CellOutcome.WRITTEN, 4)]
    before["nils@hafen.example"][3] = "80"
    assert rig.cells() == before


def test_a_sorted_sheet_is_no_danger(rig: Rig) -> None:
    """The team sorts the sheet after we read it; each lead still gets its own score."""

    def sort(grid: list[list[Cell]]) -> None:
        grid[2:] = [list(LEADS[at]) for at in (3, 1, 0)]

    rig.let_people(sort)

    result = rig.source.write(
        [
            change("eva@muster.example", "Score", "50", 80, row=3),
            change("王@example.test", "Stage", "Contacted", "Replied", row=6),
        ],
        BY_EMAIL,
    )

    assert [cell.row for cell in result.cells] == [5, 3]
    cells = rig.cells()
    assert (cells["eva@muster.example"][3], cells["王@example.test"][4]) == ("80", "Replied")
    assert (cells["eva@muster.example"][4], cells["王@example.test"][3]) == ("New", "10")


def test_rows_and_columns_may_be_inserted_and_deleted(rig: Rig) -> None:
    """A new title line and a new column move everything; the lead and the header are found again."""

    def rearrange(grid: list[list[Cell]]) -> None:
        del grid[3]
        for row in grid[1:]:
            row[1:1] = ["Owner" if row and row[0] == "Email" else "Anna"]
        grid.insert(0, ["Please do not sort"])

    rig.let_people(rearrange)

    result = rig.source.write(
        [change("eva@muster.example", "Stage", "New", "Won"), change("nils@hafen.example", "Stage", "New", "Lost")],
        BY_EMAIL,
    )

    assert [(cell.outcome, cell.row) for cell in result.cells] == [(CellOutcome.WRITTEN, 4), (CellOutcome.GONE, 0)]
    assert rig.cells()["eva@muster.example"] == ["eva@muster.example", "Anna", "Eva Muster", "00123", "50", "Won"]


def test_a_person_wins(rig: Rig) -> None:
    """Someone typed another stage since we read it: the cell is left alone, and we say what stands there."""

    def type_stage(grid: list[list[Cell]]) -> None:
        grid[2][4] = "Meeting"

    rig.let_people(type_stage)

    result = rig.source.write(
        [change("eva@muster.example", "Stage", "New", "Contacted"), change("eva@muster.example", "Score", 50, 60)],
        BY_EMAIL,
    )

    assert (result.cells[0].outcome, result.cells[0].found) == (CellOutcome.PERSON_WON, "Meeting")
    assert result.cells[1].outcome is CellOutcome.WRITTEN
    assert rig.cells()["eva@muster.example"][3:] == ["60", "Meeting"]


def test_one_key_in_two_rows_is_nobodys(rig: Rig) -> None:
    """A lead that stands twice is written nowhere."""

    def copy_row(grid: list[list[Cell]]) -> None:
        grid.append(list(grid[2]))

    rig.let_people(copy_row)

    result = rig.source.write([change("eva@muster.example", "Score", 50, 80)], BY_EMAIL)

    assert [(cell.outcome, cell.row) for cell in result.cells] == [(CellOutcome.DOUBLED, 3)]


@pytest.mark.parametrize("old", ["50", 50, 50.0])
def test_numbers_are_compared_by_what_they_say(rig: Rig, old: Cell) -> None:
    """50, 50.0 and "50" are one score; a file that stores it otherwise is no person's edit."""
    result = rig.source.write([change("eva@muster.example", "Score", old, 51)], BY_EMAIL)

    assert result.cells[0].outcome is CellOutcome.WRITTEN


def test_writing_twice_is_writing_once(rig: Rig) -> None:
    """The same change again finds its value already there and does not touch the file."""
    changes = [change("eva@muster.example", "Score", "50", 80)]
    rig.source.write(changes, BY_EMAIL)
    after_one = rig.source.fingerprint()

    again = rig.source.write(changes, BY_EMAIL)

    assert again.cells[0].outcome is CellOutcome.WRITTEN
    assert rig.source.fingerprint() == after_one


def test_an_empty_value_clears_a_cell(rig: Rig) -> None:
    """None and an empty text both leave an empty cell."""
    rig.source.write(
        [change("eva@muster.example", "Score", "50", None), change("王@example.test", "Stage", "Contacted", "")],
        BY_EMAIL,
    )

    cells = rig.cells()
    assert (cells["eva@muster.example"][3], cells["王@example.test"][3:]) == (None, ["10", None])


INJECTIONS = [
    "=HYPERLINK(1)",
    "+cmd|' /C calc'!A0",
    "-2+3",
    "@SUM(1)",
    "\t=1",
    "'=1",
    "a\nb",
    'say "hi"; ok',
    "00123",
    " x ",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_text_comes_back_as_it_was_written(rig: Rig, text: str) -> None:
    """A text that looks like a formula or a number is text, and reads back letter by letter."""
    rig.source.write([change("eva@muster.example", "Stage", "New", text)], BY_EMAIL)

    sheet = rig.source.read(WANTED)
    assert next(iter(sheet.rows))[1][4] == text
    assert rig.source.write([change("eva@muster.example", "Stage", text, text)], BY_EMAIL).cells[0].found == text


def test_missing_columns_are_added_at_the_right_end(rig: Rig) -> None:
    """New headers stand right of the data; one that is there already is left alone."""
    rig.source.add_columns(["Segment", "score", "Next step"], beside={"Email", "Full name"})

    assert rig.source.read(WANTED).headers == (*HEADERS, "Segment", "Next step")
    result = rig.source.write([change("nils@hafen.example", "Next step", None, "Call")], BY_EMAIL)
    assert result.cells[0].outcome is CellOutcome.WRITTEN
    assert rig.cells()["nils@hafen.example"][:7] == [
        "nils@hafen.example",
        "Nils Hafen",
        "20457",
        None,
        "New",
        None,
        "Call",
    ]


def test_adding_columns_twice_adds_them_once(rig: Rig) -> None:
    """A second time there is nothing to add and the bytes stay."""
    rig.source.add_columns(["Segment"], beside=["Email"])
    before = rig.source.fingerprint()

    rig.source.add_columns(["segment "], beside=["Email"])

    assert rig.source.fingerprint() == before


def test_a_header_that_is_not_there_is_refused_by_name(rig: Rig) -> None:
    """A cell without a column is refused; the others are written."""
    result = rig.source.write(
        [change("eva@muster.example", "Segment", None, "hot"), change("eva@muster.example", "Score", "50", 80)],
        BY_EMAIL,
    )

    assert [(cell.outcome, cell.detail) for cell in result.cells] == [
        (CellOutcome.REFUSED, 'there is no header "Segment"'),
        (CellOutcome.WRITTEN, ""),
    ]


def test_without_the_key_column_nothing_is_written(rig: Rig) -> None:
    """When the key column was renamed no lead can be told from another."""

    def rename(grid: list[list[Cell]]) -> None:
        grid[1][0] = "Mail"

    rig.let_people(rename)
    before = rig.source.fingerprint()

    with pytest.raises(SourceOutOfReach, match='has no header "Email", so no lead can be found; nothing was changed'):
        rig.source.write([change("eva@muster.example", "Score", "50", 80)], BY_EMAIL)

    assert rig.source.fingerprint() == before


def test_the_fingerprint_follows_the_content(rig: Rig) -> None:
    """What was read and what is stored have one fingerprint until somebody changes a cell."""
    sheet = rig.source.read(WANTED)
    assert sheet.fingerprint == rig.source.fingerprint()

    def type_name(grid: list[list[Cell]]) -> None:
        grid[2][1] = "Eva Muster-Klein"

    rig.let_people(type_name)

    assert rig.source.fingerprint() != sheet.fingerprint
