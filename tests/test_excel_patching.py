"""Writing into a workbook: exactly the cells that were asked for, whatever program wrote the file."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, time
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.worksheet.table import Table
from workbooks import (
    BY_EMAIL,
    MAIN,
    change,
    grid_rows,
    member,
    parts_of,
    sheet_xml,
    stored_members,
    text_cell,
    workbook,
    write_parts,
)

from automations.core.leads import Cell, CellOutcome
from automations.errors import SourceOutOfReach
from automations.sources.excel import ExcelSource

HEADER = f'<row r="1">{text_cell("A1", "Email")}{text_cell("B1", "Score")}</row>'
EVA = text_cell("A2", "eva@muster.example")


def _written(path: Path, value: Cell, old: Cell = None) -> str:
    """Write Eva's score and return the XML of the rows below the header."""
    result = ExcelSource(path, "Leads").write([change("eva@muster.example", "Score", old, value)], BY_EMAIL)
    assert [(cell.outcome, cell.detail) for cell in result.cells] == [(CellOutcome.WRITTEN, "")]
    xml = member(path)
    return xml[xml.index("</row>") + 6 : xml.index("</sheetData>")]


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        pytest.param(80, '<c r="B2"><v>80</v></c>', id="number"),
        pytest.param(80.0, '<c r="B2"><v>80</v></c>', id="whole"),
        pytest.param(0.5, '<c r="B2"><v>0.5</v></c>', id="fraction"),
        pytest.param(True, '<c r="B2" t="b"><v>1</v></c>', id="yes"),
        pytest.param("hot", '<c r="B2" t="inlineStr"><is><t>hot</t></is></c>', id="text"),
        pytest.param("=1+1", '<c r="B2" t="inlineStr"><is><t>=1+1</t></is></c>', id="formula-like"),
        pytest.param("A & <B>", '<c r="B2" t="inlineStr"><is><t>A &amp; &lt;B&gt;</t></is></c>', id="markup"),
        pytest.param(" x ", '<c r="B2" t="inlineStr"><is><t xml:space="preserve"> x </t></is></c>', id="space"),
        pytest.param("a\x07b", '<c r="B2" t="inlineStr"><is><t>a_x0007_b</t></is></c>', id="control"),
        pytest.param(date(2026, 3, 1), '<c r="B2" t="inlineStr"><is><t>2026-03-01</t></is></c>', id="day-as-text"),
    ],
)
def test_a_missing_cell_is_put_in_its_place(tmp_path: Path, value: Cell, cell: str) -> None:
    """A cell that was not there is inserted between its neighbours."""
    path = workbook(tmp_path / "leads.xlsx", HEADER + f'<row r="2">{EVA}<c r="C2"><v>1</v></c></row>')

    assert _written(path, value) == f'<row r="2">{EVA}{cell}<c r="C2"><v>1</v></c></row>'


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        pytest.param(date(2026, 3, 1), '<c r="B2" s="1"><v>46082</v></c>', id="day"),
        pytest.param(datetime(2026, 3, 1, 12), '<c r="B2" s="1"><v>46082.5</v></c>', id="moment"),  # noqa: DTZ001
        pytest.param(time(6), '<c r="B2" s="1"><v>0.25</v></c>', id="time"),
        pytest.param("soon", '<c r="B2" s="1" t="inlineStr"><is><t>soon</t></is></c>', id="text"),
        pytest.param(None, '<c r="B2" s="1"/>', id="empty"),
    ],
)
def test_a_cell_keeps_its_style(tmp_path: Path, value: Cell, cell: str) -> None:
    """A date goes into a cell for dates as a date, and its format is not touched."""
    path = workbook(tmp_path / "leads.xlsx", HEADER + f'<row r="2">{EVA}<c r="B2" s="1"><v>46000</v></c></row>')

    assert _written(path, value, old=date(2025, 12, 9)) == f'<row r="2">{EVA}{cell}</row>'


def test_a_workbook_that_counts_from_1904_does_so_when_we_write(tmp_path: Path) -> None:
    """Old Mac workbooks count days from 1904; our dates do too."""
    rows = HEADER + f'<row r="2">{EVA}<c r="B2" s="1"><v>44538</v></c></row>'
    path = workbook(tmp_path / "leads.xlsx", rows, properties='<workbookPr date1904="1"/>')

    assert _written(path, date(2026, 3, 1), old=date(2025, 12, 9)).endswith('<c r="B2" s="1"><v>44620</v></c></row>')


NAMELESS = '<c t="inlineStr"><is><t>{}</t></is></c>'
ODD_ROWS = {
    "no names": (
        (
            f"<row>{NAMELESS.format('Email')}{NAMELESS.format('Score')}</row>"
            f'<row>{NAMELESS.format("eva@muster.example")}<c s="3"><v>50</v></c><c><v>1</v></c></row>'
        ),
        f'<row>{NAMELESS.format("eva@muster.example")}<c s="3"><v>80</v></c><c><v>1</v></c></row>',
    ),
    "other order of attributes": (
        HEADER + "<row spans='1:2' r='2'>" + EVA + "<c s='3' r='B2'><v>50</v></c></row>",
        "<row spans='1:2' r='2'>" + EVA + "<c s='3' r='B2'><v>80</v></c></row>",
    ),
    "CDATA": (
        HEADER + f'<row r="2">{EVA}<c r="B2" t="str"><v><![CDATA[50]]></v></c></row><!-- <row r="3"> -->',
        f'<row r="2">{EVA}<c r="B2"><v>80</v></c></row><!-- <row r="3"> -->',
    ),
    "empty element": (
        HEADER + f'<row r="2">{EVA}<c r="B2" s="3"/><c r="C2" s="3" /></row>',
        f'<row r="2">{EVA}<c r="B2" s="3"><v>80</v></c><c r="C2" s="3" /></row>',
    ),
    "line breaks": (
        HEADER + f'\n <row r="2"\n spans="1:1">\n  {EVA}\n </row>\n <row r="4"/>\n',
        f'\n <row r="2"\n spans="1:2">\n  {EVA}<c r="B2"><v>80</v></c>\n </row>\n <row r="4"/>\n',
    ),
    "row style": (
        HEADER + f'<row r="2" s="3" customFormat="1">{EVA}</row>',
        f'<row r="2" s="3" customFormat="1">{EVA}<c r="B2" s="3"><v>80</v></c></row>',
    ),
    "linked data type": (
        HEADER + f'<row r="2">{EVA}<c r="B2" s="3" t="e" vm="1" cm="2"><v>#VALUE!</v></c></row>',
        f'<row r="2">{EVA}<c r="B2" s="3"><v>80</v></c></row>',
    ),
}


@pytest.mark.parametrize(("rows", "expected"), ODD_ROWS.values(), ids=ODD_ROWS.keys())
def test_any_way_of_writing_rows_is_understood(tmp_path: Path, rows: str, expected: str) -> None:
    """Programs write the same sheet in many ways; the bytes around our cell stay as that program wrote them."""
    path = workbook(tmp_path / "leads.xlsx", rows)
    old = {cells[0]: cells[1] for _, cells in ExcelSource(path).read(["Email", "Score"]).rows}

    assert _written(path, 80, old=old["eva@muster.example"]) == expected


def test_a_prefix_is_kept(tmp_path: Path) -> None:
    """Some programs name every element with a prefix; ours get it too, and text is found all the same."""
    rows = (
        '<x:row r="1"><x:c r="A1" t="inlineStr"><x:is><x:t>Email</x:t></x:is></x:c>'
        '<x:c r="B1" t="inlineStr"><x:is><x:t>Stage</x:t></x:is></x:c></x:row>'
        '<x:row r="2"><x:c r="A2" t="s"><x:v>1</x:v></x:c></x:row>'
    )
    main = MAIN.replace("xmlns", "xmlns:x")
    rich = "<x:si><x:r><x:t>eva@</x:t></x:r><x:r><x:t>muster.example</x:t></x:r></x:si>"
    strings = f"<x:sst {main}><x:si><x:t>no</x:t></x:si>{rich}</x:sst>"
    sheet = f"<x:worksheet {main}><x:sheetData>{rows}</x:sheetData></x:worksheet>"
    path = write_parts(tmp_path / "leads.xlsx", parts_of(sheet, strings=strings))

    ExcelSource(path).write([change("eva@muster.example", "Stage", None, "New")], BY_EMAIL)

    assert member(path).endswith(
        '<x:c r="A2" t="s"><x:v>1</x:v></x:c><x:c r="B2" t="inlineStr"><x:is><x:t>New</x:t></x:is></x:c></x:row>'
        "</x:sheetData></x:worksheet>"
    )


def test_the_used_area_grows_with_the_data(tmp_path: Path) -> None:
    """The sheet's own note of its used area follows a cell outside it."""
    path = workbook(tmp_path / "leads.xlsx", HEADER + f'<row r="2">{EVA}</row>', head='<dimension ref="A1:A2"/>')

    _written(path, 80)

    assert '<dimension ref="A1:B2"/>' in member(path)


REFUSALS = {
    "formula": (
        '<c r="B2"><f>1+1</f><v>2</v></c>',
        "",
        "the cell has a formula; write: needs a column without formulas",
    ),
    "shared formula": (
        '<c r="B2"><f t="shared" si="0"/><v>2</v></c>',
        "",
        "the cell has a formula; write: needs a column without formulas",
    ),
    "spill": (
        '<c r="B2"><v>2</v></c><c r="C2"/>',
        "",
        "a formula fills B1:B9; move the formula to another column",
    ),
    "merge": (
        '<c r="B2"><v>2</v></c>',
        '<mergeCells count="1"><mergeCell ref="A2:B2"/></mergeCells>',
        "the cell is part of the merged cell A2:B2; unmerge it in Excel",
    ),
    "protection": (
        '<c r="B2"><v>2</v></c>',
        '<sheetProtection sheet="1"/>',
        "the tab is protected; take the protection off in Excel: Review, Unprotect Sheet",
    ),
}


@pytest.mark.parametrize(("cell", "tail", "detail"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_cell_that_is_not_ours_to_write_is_refused(tmp_path: Path, cell: str, tail: str, detail: str) -> None:
    """A formula, its spill, a merged or protected cell is left alone and named; the file keeps its bytes."""
    header = HEADER
    if "spill" in detail or "fills" in detail:
        header = HEADER.replace("</row>", '<c r="D1"><f t="array" ref="B1:B9">X</f><v>1</v></c></row>')
    path = workbook(tmp_path / "leads.xlsx", header + f'<row r="2">{EVA}{cell}</row>', tail=tail)
    before = path.read_bytes()

    result = ExcelSource(path).write([change("eva@muster.example", "Score", 2, 80)], BY_EMAIL)

    assert [(each.outcome, each.found, each.detail) for each in result.cells] == [(CellOutcome.REFUSED, 2, detail)]
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("value", "detail"),
    [
        (float("nan"), "the value is not a number"),
        ("x" * 32_768, "the text has 32,768 letters, and a cell holds 32,767"),
        ("\ud800", "the text has half a character in it"),
    ],
    ids=["not a number", "too long", "half a character"],
)
def test_a_value_that_no_cell_can_hold_is_refused(tmp_path: Path, value: Cell, detail: str) -> None:
    """What Excel could not open again is never written."""
    path = workbook(tmp_path / "leads.xlsx", HEADER + f'<row r="2">{EVA}</row>')

    result = ExcelSource(path).write([change("eva@muster.example", "Score", None, value)], BY_EMAIL)

    assert [(cell.outcome, cell.detail) for cell in result.cells] == [(CellOutcome.REFUSED, detail)]


FORMULA_ROWS = (
    HEADER.replace("</row>", '<c r="D1"><f>B2*2</f><v>100</v></c></row>')
    + f'<row r="2">{EVA}<c r="B2"><v>50</v></c></row>'
)


def test_formulas_are_calculated_anew_and_keep_their_results(tmp_path: Path) -> None:
    """The workbook asks for one calculation when it is opened; until then every result is still there to read."""
    path = workbook(tmp_path / "leads.xlsx", FORMULA_ROWS)
    before = path.read_bytes()

    ExcelSource(path).write([change("eva@muster.example", "Score", 50, 80)], BY_EMAIL)

    assert '</sheets><calcPr fullCalcOnLoad="1"/></workbook>' in member(path, "xl/workbook.xml")
    assert '<c r="D1"><f>B2*2</f><v>100</v></c>' in member(path)
    old, new = stored_members(before), stored_members(path.read_bytes())
    assert {name for name in old if old[name] != new[name]} == {"xl/workbook.xml", "xl/worksheets/sheet1.xml"}


def test_without_formulas_only_the_sheet_changes(tmp_path: Path) -> None:
    """Every other member keeps its bytes, its moment, its method and its place."""
    path = tmp_path / "leads.xlsx"
    book = Workbook()
    tab = book.create_sheet("Leads", 0)
    tab.append(["Email", "Score"])
    tab.append(["eva@muster.example", 50])
    book.create_sheet("Other").append(["untouched"])
    book.save(path)
    before = path.read_bytes()

    ExcelSource(path, "Leads").write([change("eva@muster.example", "Score", 50, 80)], BY_EMAIL)

    old, new = stored_members(before), stored_members(path.read_bytes())
    assert list(old) == list(new)
    assert {name for name in old if old[name] != new[name]} == {"xl/worksheets/sheet1.xml"}
    assert new["xl/worksheets/sheet1.xml"][1:3] == old["xl/worksheets/sheet1.xml"][1:3]
    assert load_workbook(path)["Leads"]["B2"].value == 80


def test_a_calculation_setting_of_the_owners_stays(tmp_path: Path) -> None:
    """Manual calculation stays manual; only the request for one calculation is added."""
    parts = parts_of(sheet_xml(FORMULA_ROWS))
    parts["xl/workbook.xml"] = str(parts["xl/workbook.xml"]).replace(
        "</sheets>", '</sheets><calcPr calcId="1" calcMode="manual"/>'
    )
    path = write_parts(tmp_path / "leads.xlsx", parts)

    ExcelSource(path).write([change("eva@muster.example", "Score", 50, 80)], BY_EMAIL)

    assert '<calcPr calcId="1" calcMode="manual" fullCalcOnLoad="1"/>' in member(path, "xl/workbook.xml")


def test_stored_members_stay_stored_and_streamed_zips_are_read(tmp_path: Path) -> None:
    """Zips without compression, or written as a stream with sizes behind the data, are patched like any other."""
    parts = parts_of(sheet_xml(HEADER + f'<row r="2">{EVA}</row>'))
    stored = write_parts(tmp_path / "stored.xlsx", parts, zipfile.ZIP_STORED)
    streamed = tmp_path / "streamed.xlsx"

    class Pipe(BytesIO):
        def seekable(self) -> bool:
            return False

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    streamed.write_bytes(pipe.getvalue())

    for path in (stored, streamed):
        before = stored_members(path.read_bytes())
        assert _written(path, 80) == f'<row r="2">{EVA}<c r="B2"><v>80</v></c></row>'
        after = stored_members(path.read_bytes())
        del before["xl/worksheets/sheet1.xml"], after["xl/worksheets/sheet1.xml"]
        assert after == before


def _table_book(path: Path, *, beside: str = "") -> Path:
    book = Workbook()
    tab = book.create_sheet("Leads", 0)
    for row in [["Our leads"], ["Email", "Full name"], ["eva@muster.example", "Eva"], ["nils@hafen.example", "Nils"]]:
        tab.append(row)
    if beside:
        tab["C3"] = beside
    tab.add_table(Table(displayName="Leads", ref="A2:B4"))
    book.save(path)
    return path


def test_new_columns_join_the_table(tmp_path: Path) -> None:
    """When the leads are a table it grows with our columns, so sorting and filtering move them along."""
    path = _table_book(tmp_path / "leads.xlsx")

    ExcelSource(path, "Leads").add_columns(["Score", 'Why "so"?'], beside=["Email"])

    tab = load_workbook(path)["Leads"]
    table = tab.tables["Leads"]
    assert (table.ref, table.autoFilter.ref) == ("A2:D4", "A2:D4")
    assert [column.name for column in table.tableColumns] == ["Email", "Full name", "Score", 'Why "so"?']
    assert [cell.value for cell in tab[2]] == ["Email", "Full name", "Score", 'Why "so"?']


def test_a_table_without_room_is_refused(tmp_path: Path) -> None:
    """Something stands right of the table: nothing is overwritten, and the owner learns what to free."""
    path = _table_book(tmp_path / "leads.xlsx", beside="a note")

    with pytest.raises(SourceOutOfReach) as refusal:
        ExcelSource(path, "Leads").add_columns(["Score"], beside=["Email"])

    assert refusal.value.what == (
        "the column right of the table A2:B4 in leads.xlsx, tab Leads is not empty; nothing was changed"
    )
    assert refusal.value.fix == "free column C and those after it, then run again"


def test_a_filter_grows_with_our_columns(tmp_path: Path) -> None:
    """A filter over the header row takes our columns in, or sorting by it would tear the rows apart."""
    parts = parts_of(
        sheet_xml(grid_rows([["Email", "Name"], ["eva@muster.example", "Eva"]]), tail='<autoFilter ref="A1:B2"/>')
    )
    parts["xl/workbook.xml"] = str(parts["xl/workbook.xml"]).replace(
        "</sheets>",
        '</sheets><definedNames><definedName name="_xlnm._FilterDatabase" localSheetId="0" hidden="1">Leads!$A$1:$B$2'
        "</definedName></definedNames>",
    )
    path = write_parts(tmp_path / "leads.xlsx", parts)

    ExcelSource(path).add_columns(["Score"], beside=["Email"])

    assert '<autoFilter ref="A1:C2"/>' in member(path)
    assert ">Leads!$A$1:$C$2<" in member(path, "xl/workbook.xml")


def test_a_new_header_looks_like_its_neighbour(tmp_path: Path) -> None:
    """Our headers take the style of the last header, and stand right of anything below."""
    rows = (
        '<row r="1"><c r="A1" s="3" t="inlineStr"><is><t>Email</t></is></c></row>'
        f'<row r="2">{EVA}<c r="C2"><v>7</v></c></row>'
    )
    path = workbook(tmp_path / "leads.xlsx", rows)

    ExcelSource(path).add_columns(["Score"], beside=["Email"])

    assert '</c><c r="D1" s="3" t="inlineStr"><is><t>Score</t></is></c></row><row r="2">' in member(path)
