"""Reading a workbook: every cell as what it says, and the header row wherever it stands."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest
from workbooks import MAIN, grid_rows, parts_of, sheet_xml, text_cell, workbook, write_parts

from automations.core.leads import Cell
from automations.errors import SourceBusy
from automations.sources.excel import ExcelSource
from automations.sources.ooxml.styles import Shown, shown_by

HEADERS = grid_rows([["Email", "Value"]])


def _value(folder: Path, cell: str, *, properties: str = "", strings: str | None = None) -> Cell:
    rows = HEADERS + f'<row r="2"><c r="A2"><v>1</v></c>{cell}</row>'
    parts = parts_of(sheet_xml(rows), properties=properties, strings=strings)
    sheet = ExcelSource(write_parts(folder / "leads.xlsx", parts)).read(["Email", "Value"])
    return next(iter(sheet.rows))[1][1]


CELLS: dict[str, tuple[str, Cell]] = {
    "whole number": ('<c r="B2"><v>80</v></c>', 80),
    "whole number written with a point": ('<c r="B2"><v>80.0</v></c>', 80),
    "number": ('<c r="B2"><v>1.5E-3</v></c>', 0.0015),
    "typed number": ('<c r="B2" t="n"><v>7</v></c>', 7),
    "large number": ('<c r="B2"><v>1E+300</v></c>', 1e300),
    "text with zeros": ('<c r="B2" t="inlineStr"><is><t>00123</t></is></c>', "00123"),
    "phone": ('<c r="B2" t="inlineStr"><is><t>+44 20 7946</t></is></c>', "+44 20 7946"),
    "rich text": ('<c r="B2" t="inlineStr"><is><r><t>a</t></r><r><rPr><b/></rPr><t> b</t></r></is></c>', "a b"),
    "phonetic hint": ('<c r="B2" t="inlineStr"><is><t>東京</t><rPh sb="0" eb="2"><t>トウ</t></rPh></is></c>', "東京"),
    "yes": ('<c r="B2" t="b"><v>1</v></c>', True),
    "no": ('<c r="B2" t="b"><v>0</v></c>', False),
    "error": ('<c r="B2" t="e"><v>#REF!</v></c>', "#REF!"),
    "formula": ('<c r="B2"><f>A2*2</f><v>160</v></c>', 160),
    "formula with text": ('<c r="B2" t="str"><f>A2&amp;"x"</f><v>1x</v></c>', "1x"),
    "formula without a result": ('<c r="B2"><f>A2*2</f></c>', None),
    "formula with an empty text": ('<c r="B2" t="str"><f>""</f><v></v></c>', None),
    "date": ('<c r="B2" s="1"><v>46082</v></c>', date(2026, 3, 1)),
    "date and time": ('<c r="B2" s="1"><v>46082.75</v></c>', datetime(2026, 3, 1, 18)),  # noqa: DTZ001
    "time of day": ('<c r="B2" s="1"><v>0.4375</v></c>', time(10, 30)),
    "first day of 1900": ('<c r="B2" s="1"><v>1</v></c>', date(1900, 1, 1)),
    "last day before the leap day that was not": ('<c r="B2" s="1"><v>59</v></c>', date(1900, 2, 28)),
    "first day after it": ('<c r="B2" s="1"><v>61</v></c>', date(1900, 3, 1)),
    "duration": ('<c r="B2" s="2"><v>1.25</v></c>', timedelta(days=1, hours=6)),
    "date beyond the calendar": ('<c r="B2" s="1"><v>99999999</v></c>', 99999999.0),
    "ISO date": ('<c r="B2" t="d"><v>2026-03-01T18:00:00Z</v></c>', datetime(2026, 3, 1, 18)),  # noqa: DTZ001
    "decimals": ('<c r="B2" s="3"><v>46082</v></c>', 46082),
    "CDATA": ('<c r="B2" t="str"><v><![CDATA[A & B <c>]]></v></c>', "A & B <c>"),
    "entities": ('<c r="B2" t="str"><v>A &amp; B &#x4E2D;&#10;&quot;</v></c>', 'A & B 中\n"'),
    "escape": ('<c r="B2" t="str"><v>a_x000D_b_x005F_x0041_</v></c>', "a\rb_x0041_"),
    "styled and empty": ('<c r="B2" s="1"/>', None),
    "no cell": ("", None),
}


@pytest.mark.parametrize(("cell", "value"), CELLS.values(), ids=CELLS.keys())
def test_a_cell_is_what_it_says(tmp_path: Path, cell: str, value: Cell) -> None:
    """Text stays text, whole numbers are whole, dates are dates, errors are named."""
    found = _value(tmp_path, cell)

    assert (found, type(found)) == (value, type(value))


def test_days_counted_from_1904(tmp_path: Path) -> None:
    """A workbook of an old Mac counts from another day."""
    found = _value(tmp_path, '<c r="B2" s="1"><v>44620</v></c>', properties='<workbookPr date1904="true"/>')

    assert found == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("number", "text"), [(0, "plain"), (1, "A & B"), (2, "rich text"), (3, None), (4, " kept "), (5, "東京")]
)
def test_shared_strings(tmp_path: Path, number: int, text: str | None) -> None:
    """Texts that cells share are found by number, rich ones without their formats and hints."""
    strings = (
        f'<sst {MAIN}><si><t>plain</t></si><si><t>A &amp; B</t></si><si><r><t>rich</t></r><r><t xml:space="preserve">'
        ' text</t></r></si><si/><si><t xml:space="preserve"> kept </t></si>'
        '<si><t>東京</t><rPh sb="0" eb="1"><t>ト</t></rPh></si></sst>'
    )

    assert _value(tmp_path, f'<c r="B2" t="s"><v>{number}</v></c>', strings=strings) == text


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("General", None),
        ("0.00", None),
        ("dd/mm/yyyy", Shown.MOMENT),
        ("[$-407]d. mmmm yyyy", Shown.MOMENT),
        ("h:mm AM/PM", Shown.MOMENT),
        ("[h]:mm:ss", Shown.DURATION),
        ('0 "days"', None),
        ("[Red]-0", None),
        (r"0\d", None),
        ("#,##0_);[Red](#,##0)", None),
        ('"Stand:" yyyy', Shown.MOMENT),
    ],
)
def test_a_format_tells_dates_from_numbers(code: str, shown: Shown | None) -> None:
    """Letters in quotes, colours and currencies make no date."""
    assert shown_by(code) is shown


def test_data_that_starts_in_the_middle_of_the_sheet(tmp_path: Path) -> None:
    """Leads that begin at B4 keep their row numbers, and the first column is B."""
    rows = (
        f'<row r="4">{text_cell("B4", "Email")}{text_cell("C4", "Score")}</row>'
        f'<row r="7">{text_cell("B7", "eva@muster.example")}<c r="C7"><v>5</v></c><c r="E7"><v>9</v></c></row>'
    )

    sheet = ExcelSource(workbook(tmp_path / "leads.xlsx", rows)).read(["Email", "Score"])

    assert (sheet.header_row, sheet.first_column, sheet.headers) == (4, 2, ("Email", "Score"))
    assert [(row, list(cells)) for row, cells in sheet.rows] == [(7, ["eva@muster.example", 5])]


def test_of_two_header_rows_the_first_counts(tmp_path: Path) -> None:
    """A header row that is repeated further down is a row like any other; case, space and accents do not matter."""
    grid = [["Leads 2026"], ["  E-MAIL  adresse", "Größe"], ["E-Mail Adresse", "Größe"], ["eva@muster.example", "5"]]

    sheet = ExcelSource(workbook(tmp_path / "leads.xlsx", grid_rows(grid))).read(["E-Mail Adresse", "Gro\u0308ße"])

    assert sheet.header_row == 2
    assert [row for row, _ in sheet.rows] == [3, 4]


def test_an_empty_tab_has_no_headers_and_no_rows(tmp_path: Path) -> None:
    """A new, empty tab is read as what it is."""
    parts = parts_of(f"<worksheet {MAIN}><sheetData/></worksheet>")

    sheet = ExcelSource(write_parts(tmp_path / "leads.xlsx", parts)).read(["Email"])

    assert (sheet.headers, list(sheet.rows)) == ((), [])


def test_rows_of_another_version_are_not_mixed_in(tmp_path: Path) -> None:
    """The workbook is saved after its headers were read: walking the rows says so instead of guessing."""
    path = workbook(tmp_path / "leads.xlsx", grid_rows([["Email"], ["eva@muster.example"]]))
    sheet = ExcelSource(path).read(["Email"])
    workbook(path, grid_rows([["Name", "Email"], ["Eva", "eva@muster.example"]]))

    with pytest.raises(SourceBusy, match=r"leads\.xlsx was saved by someone while we read it"):
        list(sheet.rows)


@pytest.mark.parametrize(
    "rows",
    ['<row r="1" spans="1:1"/>', '<row r="6"><c r="F6" s="1"/></row>', '<row r="1"></row><row r="3"><c r="B3"/></row>'],
)
def test_a_tab_of_empty_cells_has_no_headers_and_no_rows(tmp_path: Path, rows: str) -> None:
    """Rows and cells that have a look and no value are nothing to read."""
    path = workbook(tmp_path / "leads.xlsx", rows)

    sheet = ExcelSource(path).read(["Email"])

    assert (sheet.headers, list(sheet.rows)) == ((), [])
