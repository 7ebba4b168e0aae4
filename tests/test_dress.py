"""``leadwright dress``: a drop-down of stages and colours for segments, once, and nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
from io import BytesIO
from pathlib import Path
from xml.parsers import expat
from zipfile import ZipFile

import pytest
from corpus import corpus_files, needs_corpus
from openpyxl import load_workbook
from workbooks import MAIN, grid_rows, member, parts_of, sheet_xml, stored_members, workbook, write_parts

from automations.cli import main
from automations.core.leads import Cell
from automations.errors import SourceOutOfReach
from automations.sources.dress import Dress, Dressed
from automations.sources.excel import ExcelSource
from automations.sources.ooxml.dressing import with_dress
from automations.sources.ooxml.editing import write_edited
from automations.sources.ooxml.package import Package
from automations.sources.ooxml.refusals import WorkbookRefused
from automations.sources.ooxml.sheets import OpenSheet, load_tables, take_header

ROWS = grid_rows([["Email", "Segment", "Stage"], ["eva@muster.example", "hot", "New"]])
DRESS = Dress("Stage", ("New", "Won"), "Segment", ("hot", "warm", "cold"))
LABEL = "leads.xlsx"
BESIDE = ("Email", "Segment", "Stage")
COLOURS = (
    '<conditionalFormatting sqref="B2:B1048576">'
    '<cfRule type="cellIs" dxfId="0" priority="1" operator="equal"><formula>"hot"</formula></cfRule>'
    '<cfRule type="cellIs" dxfId="1" priority="2" operator="equal"><formula>"warm"</formula></cfRule>'
    '<cfRule type="cellIs" dxfId="2" priority="3" operator="equal"><formula>"cold"</formula></cfRule>'
    "</conditionalFormatting>"
)
DROP_DOWN = (
    '<dataValidation type="list" errorStyle="warning" allowBlank="1" showErrorMessage="1" sqref="C2:C1048576">'
    '<formula1>"New,Won"</formula1></dataValidation>'
)
FILLS = (
    '<dxf><fill><patternFill><bgColor rgb="FFF4CCCC"/></patternFill></fill></dxf>'
    '<dxf><fill><patternFill><bgColor rgb="FFFCE8B2"/></patternFill></fill></dxf>'
    '<dxf><fill><patternFill><bgColor rgb="FFCFE2F3"/></patternFill></fill></dxf>'
)


def _dressed(path: Path, dress: Dress = DRESS) -> Dressed:
    return ExcelSource(path).dress(dress, BESIDE)


def _tail(path: Path) -> str:
    return member(path).partition("</sheetData>")[2].removesuffix("</worksheet>")


def test_stages_get_a_drop_down_and_segments_colours(tmp_path: Path) -> None:
    """One validation, one conditional format, three fills; the cells and every other part stay the same bytes."""
    path = workbook(tmp_path / "leads.xlsx", ROWS, tail="<pageMargins/>")
    old, rows = stored_members(path.read_bytes()), member(path).partition("</sheetData>")[0]

    done = _dressed(path)

    assert done == Dressed(("Segment", "Stage"))
    assert member(path).partition("</sheetData>")[0] == rows
    assert _tail(path) == f'{COLOURS}<dataValidations count="1">{DROP_DOWN}</dataValidations><pageMargins/>'
    assert f'</cellStyles><dxfs count="3">{FILLS}</dxfs></styleSheet>' in member(path, "xl/styles.xml")
    new = stored_members(path.read_bytes())
    assert {name for name in old if old[name] != new[name]} == {"xl/styles.xml", "xl/worksheets/sheet1.xml"}


def test_doing_it_twice_changes_nothing(tmp_path: Path) -> None:
    """The second time everything is there, and the file keeps its very bytes and its time."""
    path = workbook(tmp_path / "leads.xlsx", ROWS)
    _dressed(path)
    before, saved_at = path.read_bytes(), path.stat().st_mtime_ns

    done = _dressed(path)

    assert done == Dressed((), ("Segment", "Stage"))
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, saved_at)


def test_what_the_team_has_is_kept(tmp_path: Path) -> None:
    """Validations, formats and fills of others stay first, and ours come after them."""
    theirs = '<dataValidation type="whole" sqref="A2:A9 E5"><formula1>1</formula1></dataValidation>'
    rule = '<cfRule type="expression" dxfId="0" priority="7"/>'
    stripes = f'<conditionalFormatting sqref="A2:C9">{rule}</conditionalFormatting>'
    tail = f'{stripes}<dataValidations count="1">{theirs}</dataValidations><hyperlinks/>'
    parts = parts_of(sheet_xml(ROWS, tail=tail))
    styles = str(parts["xl/styles.xml"]).replace("</cellStyles>", '</cellStyles><dxfs count="1"><dxf/></dxfs>')
    path = write_parts(tmp_path / "leads.xlsx", {**parts, "xl/styles.xml": styles})

    _dressed(path)

    ours = COLOURS
    for old, new in ((2, 3), (1, 2), (0, 1)):
        ours = ours.replace(f'dxfId="{old}" priority="{old + 1}"', f'dxfId="{new}" priority="{old + 8}"')
    assert (
        _tail(path) == f'{stripes}{ours}<dataValidations count="2">{theirs}{DROP_DOWN}</dataValidations><hyperlinks/>'
    )
    assert f'<dxfs count="4"><dxf/>{FILLS}</dxfs>' in member(path, "xl/styles.xml")


@pytest.mark.parametrize(
    "tail",
    [
        (
            '<dataValidations><dataValidation type="list" sqref="A1 C3:D4"><formula1>"a"</formula1></dataValidation>'
            "</dataValidations>"
        ),
        (
            '<extLst><ext xmlns:x14="y" xmlns:xm="z"><x14:dataValidations count="1"><x14:dataValidation type="list">'
            "<x14:formula1><xm:f>Lists!A1:A3</xm:f></x14:formula1><xm:sqref>C2:C50</xm:sqref></x14:dataValidation>"
            "</x14:dataValidations></ext></extLst>"
        ),
    ],
    ids=["plain", "with a list in another tab"],
)
def test_a_drop_down_of_the_teams_own_wins(tmp_path: Path, tail: str) -> None:
    """Whoever made a drop-down for stages keeps it, also one that reads its words from another tab."""
    path = workbook(tmp_path / "leads.xlsx", ROWS, tail=tail)

    done = _dressed(path)

    assert done == Dressed(("Segment",), ("Stage",))
    assert _tail(path) == COLOURS + tail if "extLst" in tail else tail in _tail(path)


def test_a_prefix_and_closed_elements_are_understood(tmp_path: Path) -> None:
    """A sheet with prefixed names, no rows' end tag to hold on to, and empty lists gets the same."""
    rows = ROWS.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:")
    sheet = (
        f"<x:worksheet {MAIN.replace('xmlns', 'xmlns:x')}><x:sheetData>{rows}</x:sheetData><!-- <x:a> -->"
        '<x:mergeCells count="1"><x:mergeCell ref="E1:F1"/></x:mergeCells><x:dataValidations count="0"/>'
        "<x:pageMargins/></x:worksheet>"
    )
    parts = parts_of(sheet)
    parts["xl/styles.xml"] = str(parts["xl/styles.xml"]).replace("</cellStyles>", '</cellStyles><dxfs count="0"/>')
    path = write_parts(tmp_path / "leads.xlsx", parts)

    _dressed(path)

    ours = COLOURS.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:")
    down = DROP_DOWN.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:")
    assert member(path).endswith(
        f'</x:mergeCells>{ours}<x:dataValidations count="1">{down}</x:dataValidations><x:pageMargins/></x:worksheet>'
    )
    assert f'</cellStyles><dxfs count="3">{FILLS}</dxfs>' in member(path, "xl/styles.xml")


@pytest.mark.parametrize(
    ("tail", "dress", "what"),
    [
        (
            '<sheetProtection sheet="1"/>',
            DRESS,
            "leads.xlsx, tab Leads, is protected; nothing was changed",
        ),
        ("", Dress("Phase", ("New",)), 'leads.xlsx, tab Leads, has no header "Phase"; nothing was changed'),
        (
            "",
            Dress("Stage", ("Won, at last",)),
            (
                "leads.xlsx, tab Leads, cannot get a drop-down: Excel takes 255 letters and no comma in a name, "
                "and the stages have 12; nothing was changed"
            ),
        ),
    ],
    ids=["protected", "no such header", "a comma in a stage"],
)
def test_what_cannot_be_dressed_is_left_alone(tmp_path: Path, tail: str, dress: Dress, what: str) -> None:
    """The reason is said, and the file keeps its bytes."""
    path = workbook(tmp_path / "leads.xlsx", ROWS, tail=tail)
    before = path.read_bytes()

    with pytest.raises(SourceOutOfReach) as refusal:
        _dressed(path, dress)

    assert refusal.value.what == what
    assert path.read_bytes() == before


def test_the_sample_is_dressed_by_one_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The owner types one word; another program sees the drop-down and the colours."""
    monkeypatch.chdir(tmp_path)
    main(["init", "--sample", "."])
    main(["run", "--yes"])
    capsys.readouterr()

    codes = [main(["dress"]), main(["dress"]), main(["dress", "--json"])]

    out = capsys.readouterr().out
    assert codes == [0, 0, 0]
    assert out.startswith(
        "Segment in leads.xlsx has a colour for each segment now.\n"
        "Stage in leads.xlsx has a drop-down of your stages now.\n"
        "Segment and Stage had theirs already and stayed as they were.\n"
    )
    assert json.loads(out[out.index("{") :]) == {"added": [], "kept": ["Segment", "Stage"]}
    sheet = load_workbook(tmp_path / "leads.xlsx")["Leads"]
    assert [each.formula1 for each in sheet.data_validations.dataValidation] == [
        '"New,Contacted,Replied,Meeting,Won,Lost"'
    ]


@pytest.mark.needs_libreoffice
@pytest.mark.timeout(120)
def test_libreoffice_sees_the_drop_down_and_the_colours(tmp_path: Path) -> None:
    """Another spreadsheet program opens it, and writes out the same list and the same three conditions."""
    path = workbook(tmp_path / "leads.xlsx", ROWS)
    _dressed(path)
    program = shutil.which("soffice") or shutil.which("libreoffice") or ""
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    out = tmp_path / "out"

    subprocess.run(
        [program, profile, "--headless", "--convert-to", "xlsx", "--outdir", str(out), str(path)],
        check=True,
        capture_output=True,
        timeout=100,
    )

    sheet = load_workbook(out / "leads.xlsx")["Leads"]
    assert [each.formula1 for each in sheet.data_validations.dataValidation] == ['"New,Won"']
    rules = [rule for each in sheet.conditional_formatting for rule in each.rules]
    assert [(rule.operator, rule.formula) for rule in rules] == [
        ("equal", ['"hot"']),
        ("equal", ['"warm"']),
        ("equal", ['"cold"']),
    ]


@needs_corpus
@pytest.mark.timeout(60)
@pytest.mark.filterwarnings("ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("path", corpus_files("xlsx/*.x*"), ids=lambda path: path.name)
def test_a_real_workbook_is_dressed_once(path: Path) -> None:
    """In workbooks of many programs two parts change, both are XML, and the second time there is nothing to do."""
    old = path.read_bytes()
    try:
        first, new = _dress_first_header(old)
    except (WorkbookRefused, SourceOutOfReach):
        return

    second, again = _dress_first_header(new)

    changed = {name for name, stored in stored_members(old).items() if stored_members(new)[name] != stored}
    assert len(changed) == (2 if first.added else 0)
    assert second.added == ()
    assert again == new
    with ZipFile(BytesIO(new)) as package:
        for name in changed:
            expat.ParserCreate().Parse(package.read(name), True)
    if _loads(old):
        assert _loads(new)


def _loads(data: bytes) -> bool:
    try:
        load_workbook(BytesIO(data)).close()
    except Exception:  # noqa: BLE001 - what openpyxl cannot load it cannot judge
        return False
    return True


def _dress_first_header(data: bytes) -> tuple[Dressed, bytes]:
    """Return a workbook whose first header is dressed as segment; a bare one as it is."""
    package = Package(BytesIO(data))
    entry = next((each for each in package.sheets if each.has_cells), None)
    if entry is None:
        return Dressed(), data
    sheet = OpenSheet(package, entry, load_tables(package))
    stream = sheet.stream()
    header, _ = take_header(stream.blocks(), sheet.reader(stream.prefix), ())
    names: list[Cell] = [each for each in header.headers.values() if list(header.headers.values()).count(each) == 1]
    if not names:
        return Dressed(), data
    dress = Dress(segment_header=str(names[0]), segments=("hot", "cold & <old>"))
    edit, dressed = with_dress(sheet, dress, (), LABEL)
    if not dressed.added:
        return dressed, data
    target = BytesIO()
    write_edited(sheet, edit, target)
    return dressed, target.getvalue()
