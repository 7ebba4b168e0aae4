"""What few programs write and the standard allows: each is written into without harm, or refused by name."""

from __future__ import annotations

import zipfile
from datetime import date, datetime
from io import BytesIO
from pathlib import Path

import pytest
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook
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
from automations.sources.excel import ExcelSource
from automations.sources.ooxml.refusals import Reason, WorkbookRefused

SHEET = "xl/worksheets/sheet1.xml"
EVA = text_cell("A2", "eva@muster.example")
NILS = text_cell("A3", "nils@hafen.example")
HEADER = f'<row r="1">{text_cell("A1", "Email")}{text_cell("B1", "Score")}</row>'
MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'


def _write(path: Path, value: Cell = 80, old: Cell = None, key: str = "eva@muster.example") -> tuple[CellOutcome, str]:
    """Write a score and return what became of it."""
    result = ExcelSource(path).write([change(key, "Score", old, value)], BY_EMAIL)
    return result.cells[0].outcome, result.cells[0].detail


def _alternatives(first: str, second: str = "") -> str:
    return (
        f'<mc:AlternateContent><mc:Choice Requires="x14">{first}</mc:Choice>'
        f"<mc:Fallback>{second}</mc:Fallback></mc:AlternateContent>"
    )


def _calamine(path: Path) -> list[list[object]]:
    with CalamineWorkbook.from_path(str(path)) as book:
        return [list(row) for row in book.get_sheet_by_index(0).to_python()]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(
            HEADER + _alternatives(f'<row r="2">{EVA}<c r="B2"><v>1</v></c></row>', f'<row r="2">{EVA}</row>'),
            id="a row",
        ),
        pytest.param(
            HEADER + f'<row r="2">{EVA}' + _alternatives('<c r="B2"><v>1</v></c>', '<c r="B2"><v>2</v></c>') + "</row>",
            id="a cell",
        ),
        pytest.param(
            HEADER + f'<row r="2">{EVA}</row>' + _alternatives('<row r="5"><c r="C5"><v>1</v></c></row>'),
            id="a row elsewhere",
        ),
    ],
)
def test_cells_in_several_versions_are_refused(tmp_path: Path, rows: str) -> None:
    """Where each program shows another version of a cell, ours would be seen by some only: nothing is written."""
    parts = parts_of(f"<worksheet {MAIN} {MC}><sheetData>{rows}</sheetData></worksheet>")
    path = write_parts(tmp_path / "leads.xlsx", parts)
    before = path.read_bytes()

    with pytest.raises(WorkbookRefused, match="stand in several versions, one for each program") as refusal:
        _write(path)

    assert refusal.value.reason is Reason.UNUSUAL
    assert refusal.value.fix
    assert path.read_bytes() == before


def test_several_versions_of_other_things_are_kept(tmp_path: Path) -> None:
    """Buttons, settings and paths that Excel writes twice, for its old and new versions, keep their bytes."""
    head = '<sheetViews><sheetView workbookViewId="0"/></sheetViews>' + _alternatives("<x14:any/>", "<any/>")
    tail = _alternatives('<controls><control shapeId="1" r:id="rId9"/></controls>', '<legacyDrawing r:id="rId8"/>')
    rows = HEADER + f'<row r="2">{text_cell("A2", "eva@muster.example")}<c r="C2"><f>B2*2</f><v>6</v></c></row>'
    names = f'{MC} xmlns:x14="urn:x14" xmlns:r="urn:r"'
    parts = parts_of(f"<worksheet {MAIN} {names}>{head}<sheetData>{rows}</sheetData>{tail}</worksheet>")
    path_of = _alternatives('<x15ac:absPath xmlns:x15ac="urn:x15ac" url="C:\\"/>')
    parts["xl/workbook.xml"] = (
        str(parts["xl/workbook.xml"]).replace(" xmlns:r=", f" {MC} xmlns:r=").replace("<sheets>", path_of + "<sheets>")
    )
    path = write_parts(tmp_path / "leads.xlsx", parts)

    assert _write(path) == (CellOutcome.WRITTEN, "")

    assert member(path) == str(parts[SHEET]).replace('<c r="C2">', '<c r="B2"><v>80</v></c><c r="C2">')
    assert member(path, "xl/workbook.xml") == str(parts["xl/workbook.xml"]).replace(
        "</sheets>", '</sheets><calcPr fullCalcOnLoad="1"/>'
    )


def _strict(part: str | bytes) -> str:
    """Return a part in the namespaces of Strict Office Open XML."""
    return (
        str(part)
        .replace(
            "http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main"
        )
        .replace(
            "http://schemas.openxmlformats.org/officeDocument/2006/relationships",
            "http://purl.oclc.org/ooxml/officeDocument/relationships",
        )
    )


def test_a_strict_workbook_is_read_and_written(tmp_path: Path) -> None:
    """What Excel saves as Strict has other namespaces and dates as text; both are understood, and kept."""
    rows = HEADER + f'<row r="2">{EVA}<c r="B2" s="1" t="d"><v>2025-12-09</v></c><c r="C2"><v>7</v></c></row>'
    parts = {name: _strict(part) for name, part in parts_of(sheet_xml(rows)).items()}
    path = write_parts(tmp_path / "leads.xlsx", parts)

    found = [list(cells) for _, cells in ExcelSource(path).read(["Email", "Score"]).rows]

    assert found == [["eva@muster.example", date(2025, 12, 9)]]
    assert _write(path, date(2026, 3, 1), date(2025, 12, 9)) == (CellOutcome.WRITTEN, "")

    assert member(path) == parts[SHEET].replace(
        '<c r="B2" s="1" t="d"><v>2025-12-09</v></c>', '<c r="B2" s="1"><v>46082</v></c>'
    )
    assert _calamine(path)[1] == ["eva@muster.example", date(2026, 3, 1), 7.0]


MASTER = '<c r="C2"><f t="shared" ref="C2:C3" si="0">B2*2</f><v>0</v></c>'
FOLLOWER = '<c r="C3"><f t="shared" si="0"/><v>0</v></c>'


def test_beside_the_master_of_a_shared_formula_we_write(tmp_path: Path) -> None:
    """A column of one formula that is stored once stays whole when its neighbour gets a value."""
    rows = HEADER + f'<row r="2">{EVA}{MASTER}<c r="D2"><v>1</v></c></row><row r="3">{NILS}{FOLLOWER}</row>'
    path = workbook(tmp_path / "leads.xlsx", rows)

    assert _write(path) == (CellOutcome.WRITTEN, "")
    assert _write(path, 20, key="nils@hafen.example") == (CellOutcome.WRITTEN, "")

    assert member(path) == sheet_xml(
        rows.replace('<c r="C2">', '<c r="B2"><v>80</v></c><c r="C2">').replace(
            '<c r="C3">', '<c r="B3"><v>20</v></c><c r="C3">'
        )
    )
    with_formulas = load_workbook(path)["Leads"]
    assert [with_formulas[name].value for name in ("C2", "C3")] == ["=B2*2", "=B3*2"]


def test_the_master_of_a_shared_formula_is_never_overwritten(tmp_path: Path) -> None:
    """Without it all that follow would be lost; a plain value that stands among them is ours to write."""
    master, follower = (each.replace("C", "B").replace("B2*2", "E2*2") for each in (MASTER, FOLLOWER))
    plain = '<c r="B3"><v>5</v></c>'
    rows = HEADER + (
        f'<row r="2">{EVA}{master.replace("B3", "B4")}</row><row r="3">{NILS}{plain}</row>'
        f'<row r="4">{text_cell("A4", "ada@turm.example")}{follower.replace("B3", "B4")}</row>'
    )
    path = workbook(tmp_path / "leads.xlsx", rows)
    refused = (CellOutcome.REFUSED, "the cell has a formula; write: needs a column without formulas")

    assert _write(path, old=0) == refused
    assert _write(path, old=0, key="ada@turm.example") == refused
    assert _write(path, 6, old=5, key="nils@hafen.example") == (CellOutcome.WRITTEN, "")

    assert member(path) == sheet_xml(rows.replace(plain, '<c r="B3"><v>6</v></c>'))


BARE = '<c t="inlineStr"><is><t>{}</t></is></c>'
ROWS_AND_CELLS = {
    "some rows without numbers": (
        HEADER + f'<row>{EVA}</row><row r="5"><c><v>1</v></c></row><row><c><v>2</v></c></row>',
        HEADER + f'<row>{EVA}<c r="B2"><v>80</v></c></row><row r="5"><c><v>1</v></c></row><row><c><v>2</v></c></row>',
    ),
    "some cells without names": (
        HEADER + f'<row r="2">{BARE.format("eva@muster.example")}<c r="D2"><v>1</v></c><c><v>2</v></c></row>',
        HEADER + f'<row r="2">{BARE.format("eva@muster.example")}<c r="B2"><v>80</v></c><c r="D2"><v>1</v></c>'
        "<c><v>2</v></c></row>",
    ),
    "an empty cell without a name": (
        HEADER + f'<row>{BARE.format("eva@muster.example")}<c s="3"/><c><v>2</v></c></row>',
        HEADER + f'<row>{BARE.format("eva@muster.example")}<c s="3"><v>80</v></c><c><v>2</v></c></row>',
    ),
    "CDATA with tags in it": (
        HEADER + f'<row r="2">{EVA}<c r="C2" t="str"><v><![CDATA[</c><c r="B2"><v>9</v></c></row>]]></v></c></row>',
        HEADER + f'<row r="2">{EVA}<c r="B2"><v>80</v></c>'
        '<c r="C2" t="str"><v><![CDATA[</c><c r="B2"><v>9</v></c></row>]]></v></c></row>',
    ),
    "rich text in the neighbours": (
        HEADER + f'<row r="2">{EVA}<c r="C2" t="inlineStr"><is><r><rPr><b/></rPr><t>bo</t></r><r><t>ld</t></r></is></c>'
        '</row><row r="3" ht="20"/>',
        HEADER + f'<row r="2">{EVA}<c r="B2"><v>80</v></c><c r="C2" t="inlineStr"><is><r><rPr><b/></rPr><t>bo</t></r>'
        '<r><t>ld</t></r></is></c></row><row r="3" ht="20"/>',
    ),
    "space before the brackets": (
        HEADER + f'<row r="2" >{EVA.replace("</c>", "</c >")}<c r="C2" ><v >7</v ></c\n></row ><row r="3" ></row\t>',
        HEADER + f'<row r="2" >{EVA.replace("</c>", "</c >")}<c r="B2"><v>80</v></c>'
        '<c r="C2" ><v >7</v ></c\n></row ><row r="3" ></row\t>',
    ),
}


@pytest.mark.parametrize(("rows", "expected"), ROWS_AND_CELLS.values(), ids=ROWS_AND_CELLS.keys())
def test_every_byte_outside_our_cell_stays(tmp_path: Path, rows: str, expected: str) -> None:
    """Our cell is put in its place, and all else in the sheet is as that program wrote it."""
    path = workbook(tmp_path / "leads.xlsx", rows)

    assert _write(path) == (CellOutcome.WRITTEN, "")

    assert member(path) == sheet_xml(expected)


def test_a_space_in_a_closing_tag_costs_no_neighbour(tmp_path: Path) -> None:
    """XML allows </c >: the value of such a cell is read, and writing it leaves the next cell alone."""
    rows = HEADER + f'<row r="2">{EVA}<c r="B2"><v >50</v ></c ><c r="C2"><v>7</v></c></row>'
    strings = f"<sst {MAIN}><si><t>one</t ></si ><si><t>two</t></si></sst>"
    rows += f'<row r="3">{NILS}<c r="B3" t="s"><v>1</v></c></row>'
    path = write_parts(tmp_path / "leads.xlsx", parts_of(sheet_xml(rows), strings=strings))

    found = [list(cells)[1] for _, cells in ExcelSource(path).read(["Email", "Score"]).rows]

    assert found == [50, "two"]
    assert _write(path, old=50) == (CellOutcome.WRITTEN, "")
    assert '<c r="B2"><v>80</v></c><c r="C2"><v>7</v></c></row>' in member(path)


@pytest.mark.parametrize(
    ("cell", "old", "value", "expected"),
    [
        pytest.param('t="str"><v>cold</v></c>', "cold", "hot", ' t="inlineStr"><is><t>hot</t></is></c>', id="t=str"),
        pytest.param(
            's="1" t="d"><v>2025-12-09</v></c>',
            date(2025, 12, 9),
            date(2026, 3, 1),
            ' s="1"><v>46082</v></c>',
            id="t=d",
        ),
        pytest.param('s="1" t="d"><v>2025-12-09</v></c>', date(2025, 12, 9), None, ' s="1"/>', id="t=d emptied"),
        pytest.param('t="b"><v>0</v></c>', False, True, ' t="b"><v>1</v></c>', id="t=b"),
        pytest.param('t="e"><v>#N/A</v></c>', "#N/A", 80, "><v>80</v></c>", id="t=e"),
        pytest.param(
            't="inlineStr"><is><r><t>co</t></r><r><rPr><b/></rPr><t>ld</t></r></is></c>',
            "cold",
            "hot",
            ' t="inlineStr"><is><t>hot</t></is></c>',
            id="rich",
        ),
    ],
)
def test_a_cell_of_any_type_takes_any_value(tmp_path: Path, cell: str, old: Cell, value: Cell, expected: str) -> None:
    """The type of the old content goes with it; style and place stay."""
    path = workbook(tmp_path / "leads.xlsx", HEADER + f'<row r="2">{EVA}<c r="B2" {cell}<c r="C2"/></row>')

    assert _write(path, value, old) == (CellOutcome.WRITTEN, "")

    assert member(path) == sheet_xml(HEADER + f'<row r="2">{EVA}<c r="B2"{expected}<c r="C2"/></row>')


@pytest.mark.parametrize("base", ["", "<workbookPr date1904='true'/>"], ids=["1900", "1904"])
def test_a_date_stays_a_date_for_other_programs(tmp_path: Path, base: str) -> None:
    """In a cell with a date format another program shows the very day, from whichever day the workbook counts."""
    rows = HEADER + f'<row r="2">{EVA}<c r="B2" s="1"/></row>'
    path = workbook(tmp_path / "leads.xlsx", rows, properties=base)

    _write(path, date(2026, 3, 1))

    assert _calamine(path)[1] == ["eva@muster.example", date(2026, 3, 1)]
    assert load_workbook(path)["Leads"]["B2"].value == datetime(2026, 3, 1)  # noqa: DTZ001 - a workbook's cells know no zone


def _table_parts(*, total: bool, column: str = "") -> dict[str, str | bytes]:
    """Return a workbook whose rows 1 to 4 are a table, the last one its total when it has one."""
    rows = grid_rows([["Email", "Office"], ["eva@muster.example", "7"], ["nils@hafen.example", "8"], ["Total", "15"]])
    tail = '<tableParts count="1"><tablePart r:id="rId1"/></tableParts>'
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts = parts_of(sheet_xml(rows, tail=tail).replace("<worksheet", f'<worksheet xmlns:r="{office}"'))
    parts["xl/worksheets/_rels/sheet1.xml.rels"] = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{office}/table" Target="../tables/table1.xml"/></Relationships>'
    )
    filtered, totals = ("A1:B3", ' totalsRowCount="1"') if total else ("A1:B4", "")
    parts["xl/tables/table1.xml"] = (
        f'<table {MAIN} id="1" name="T" displayName="T" ref="A1:B4"{totals}><autoFilter ref="{filtered}">'
        '<filterColumn colId="1"><filters><filter val="7"/></filters></filterColumn></autoFilter>'
        f'<tableColumns count="2"><tableColumn id="1" name="Email" totalsRowLabel="Total"/>'
        f'<tableColumn {column or NAMED} totalsRowFunction="sum"/></tableColumns><tableStyleInfo name="S"/></table>'
    )
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.table+xml"
    parts["[Content_Types].xml"] = str(parts["[Content_Types].xml"]).replace(
        "</Types>", f'<Override PartName="/xl/tables/table1.xml" ContentType="{kind}"/></Types>'
    )
    return parts


NAMED = 'id="4" name="Office"'


@pytest.mark.parametrize(("total", "filtered"), [(True, "A1:C3"), (False, "A1:C4")], ids=["with total", "without"])
def test_a_table_with_its_filter_and_total_takes_our_column(tmp_path: Path, *, total: bool, filtered: str) -> None:
    """The filter ends above the total as before, what it hides stays hidden, and the total is not ours."""
    parts = _table_parts(total=total)
    path = write_parts(tmp_path / "leads.xlsx", parts)
    before = path.read_bytes()

    ExcelSource(path).add_columns(["Score"], beside=["Email"])

    table = str(parts["xl/tables/table1.xml"])
    assert member(path, "xl/tables/table1.xml") == (
        table.replace('ref="A1:B4"', 'ref="A1:C4"', 1)
        .replace(f'<autoFilter ref="{filtered.replace("C", "B")}"', f'<autoFilter ref="{filtered}"')
        .replace('count="2"', 'count="3"')
        .replace("</tableColumns>", '<tableColumn id="5" name="Score"/></tableColumns>')
    )
    old, new = stored_members(before), stored_members(path.read_bytes())
    assert {name for name in old if old[name] != new[name]} == {SHEET, "xl/tables/table1.xml"}
    assert member(path).count("<c ") == str(parts[SHEET]).count("<c ") + 1


def test_a_table_that_is_written_oddly_takes_our_column_too(tmp_path: Path) -> None:
    """A bracket in a column's name, a space in a closing tag, a count that is none: the number is a free one."""
    parts = _table_parts(total=True, column='name="a>b" id="9"')
    odd = str(parts["xl/tables/table1.xml"]).replace("</tableColumns>", "</tableColumns >").replace('"2"', '"two"')
    path = write_parts(tmp_path / "leads.xlsx", {**parts, "xl/tables/table1.xml": odd})

    ExcelSource(path).add_columns(["Score"], beside=["Email"])

    assert '<tableColumn id="10" name="Score"/></tableColumns >' in member(path, "xl/tables/table1.xml")
    assert '<tableColumns count="3">' in member(path, "xl/tables/table1.xml")


def test_a_prefixed_table_takes_our_column(tmp_path: Path) -> None:
    """The new column speaks as the others do."""
    parts = _table_parts(total=False)
    table = str(parts["xl/tables/table1.xml"]).replace("</", "</x:").replace("xmlns=", "xmlns:x=")
    for name in ("table ", "autoFilter", "filterColumn", "filters", "filter ", "tableColumn", "tableStyleInfo"):
        table = table.replace(f"<{name}", f"<x:{name}")
    path = write_parts(tmp_path / "leads.xlsx", {**parts, "xl/tables/table1.xml": table})

    ExcelSource(path).add_columns(["Score"], beside=["Email"])

    assert '<x:tableColumn id="5" name="Score"/></x:tableColumns>' in member(path, "xl/tables/table1.xml")
    assert load_workbook(path)["Leads"].tables["T"].ref == "A1:C4"


def test_results_stay_readable_until_someone_opens_the_file(tmp_path: Path) -> None:
    """The order of calculation keeps its bytes, and other programs read the last results meanwhile."""
    rows = HEADER + f'<row r="2">{EVA}<c r="B2"><v>50</v></c><c r="C2"><f>B2*2</f><v>100</v></c></row>'
    parts = parts_of(sheet_xml(rows))
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    parts["xl/_rels/workbook.xml.rels"] = str(parts["xl/_rels/workbook.xml.rels"]).replace(
        "</Relationships>",
        f'<Relationship Id="rId9" Type="{office}/calcChain" Target="calcChain.xml"/></Relationships>',
    )
    parts["xl/calcChain.xml"] = f'<calcChain {MAIN}><c r="C2" i="1"/></calcChain>'
    path = write_parts(tmp_path / "leads.xlsx", parts)
    before = stored_members(path.read_bytes())

    _write(path, old=50)

    after = stored_members(path.read_bytes())
    assert {name for name in before if before[name] != after[name]} == {SHEET, "xl/workbook.xml"}
    assert 'fullCalcOnLoad="1"' in member(path, "xl/workbook.xml")
    assert _calamine(path)[1] == ["eva@muster.example", 80.0, 100.0]


MACROS = "application/vnd.ms-excel.sheet.macroEnabled.main+xml"
TEMPLATE = "application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml"
ORDINARY = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"


@pytest.mark.parametrize(("name", "kind"), [("leads.xlsm", MACROS), ("leads.xltx", TEMPLATE), ("leads.xlsx", ORDINARY)])
def test_order_method_and_moment_of_every_part_are_kept(tmp_path: Path, name: str, kind: str) -> None:
    """Workbooks with macros and templates too: parts in any order, some unpacked, each with its own time."""
    parts = parts_of(sheet_xml(HEADER + f'<row r="2">{EVA}</row>'))
    parts["[Content_Types].xml"] = str(parts["[Content_Types].xml"]).replace(ORDINARY, kind)
    parts["xl/vbaProject.bin"] = bytes(range(256)) * 4
    path = tmp_path / name
    with zipfile.ZipFile(path, "w") as package:
        for number, (part, content) in enumerate(reversed(parts.items())):
            method = zipfile.ZIP_STORED if number % 2 else zipfile.ZIP_DEFLATED
            package.writestr(zipfile.ZipInfo(part, (2001 + number, 2, 3, 4, 5, 6)), content, method)
    original = path.read_bytes()
    old = stored_members(original)

    assert _write(path) == (CellOutcome.WRITTEN, "")
    once = path.read_bytes()
    path.write_bytes(original)
    assert _write(path) == (CellOutcome.WRITTEN, "")

    assert path.read_bytes() == once, "the same edit gave other bytes"
    new = stored_members(once)
    assert list(new) == list(reversed(parts))
    assert {part for part in old if old[part] != new[part]} == {SHEET}
    assert new[SHEET][1:] == old[SHEET][1:]
    with zipfile.ZipFile(BytesIO(once)) as package:
        assert package.testzip() is None
