"""``leadwright prove``: what an owner runs before trusting us with the real workbook."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from corpus import corpus_files, needs_corpus
from openpyxl import load_workbook
from workbooks import MAIN, grid_rows, parts_of, sheet_xml, stored_members, workbook, write_parts

from automations.cli import main
from automations.sources.ooxml import proving, secondreader
from automations.sources.ooxml.proving import ProvedCell, prove
from automations.sources.ooxml.secondreader import Unreadable, compare_members

Said = tuple[int, str, str]
ROWS = grid_rows([["Email", "Score"], ["eva@muster.example", "10"], ["nils@hafen.example", ""]])
FORMULA_ROWS = ROWS.replace("</row>", '<c r="C1"><f>1+1</f><v>2</v></c></row>', 1)


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Return what a command line answers in a folder of its own: exit code, standard output, standard error."""
    monkeypatch.chdir(tmp_path)

    def answer(*words: str) -> Said:
        code = main(words)
        out = capsys.readouterr()
        return code, out.out, out.err

    return answer


def test_three_harmless_cells_prove_a_workbook(say: Callable[..., Said], tmp_path: Path) -> None:
    """A text, a cell beside the data and one below it change in a copy; the screen says what did not."""
    path = workbook(tmp_path / "leads.xlsx", ROWS)
    before = path.read_bytes()

    said = say("prove", "leads.xlsx")

    assert said == (
        0,
        (
            "Proved on a copy of leads.xlsx: 3 cells changed, and nothing else.\n"
            "  Leads!A2  eva@muster.example  ->  leadwright was here\n"
            "  Leads!C2  (empty)             ->  leadwright was here\n"
            "  Leads!A5  (empty)             ->  leadwright was here\n"
            "Changed inside the file: xl/worksheets/sheet1.xml.\n"
            "6 parts are the same, byte for byte; 4 other cells read the same in another\n"
            "program (calamine).\n"
            "leads.xlsx was only read. The copy is gone; keep it with --out.\n"
        ),
        "",
    )
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["leads.xlsx"]


def test_programs_read_the_four_fields(say: Callable[..., Said], tmp_path: Path) -> None:
    """The cells that are named change, numbers as numbers; a formula elsewhere asks for a calculation on opening."""
    workbook(tmp_path / "leads.xlsx", FORMULA_ROWS)

    code, out, _ = say("prove", "leads.xlsx", "--set", "leads!B2=80", "--set", "B3==1+1", "--json")

    assert code == 0
    assert json.loads(out) == {
        "changed_members": ["xl/workbook.xml", "xl/worksheets/sheet1.xml"],
        "unchanged_members": 5,
        "cells": [
            {"cell": "Leads!B2", "old": "10", "new": 80},
            {"cell": "Leads!B3", "old": None, "new": "=1+1"},
        ],
        "refused": None,
    }


def test_the_copy_is_kept_where_it_is_wanted(say: Callable[..., Said], tmp_path: Path) -> None:
    """The copy opens in any program with the new value in it."""
    workbook(tmp_path / "leads.xlsx", ROWS)

    code, out, _ = say("prove", "leads.xlsx", "--set", "Leads!B2=hot", "--out", "copy.xlsx")

    assert (code, out.splitlines()[-1]) == (0, "leads.xlsx was only read. The copy is copy.xlsx.")
    assert load_workbook(tmp_path / "copy.xlsx")["Leads"]["B2"].value == "hot"


def test_a_copy_never_takes_the_place_of_a_file(say: Callable[..., Said], tmp_path: Path) -> None:
    """Whoever names the workbook itself as the copy keeps it."""
    path = workbook(tmp_path / "leads.xlsx", ROWS)
    before = path.read_bytes()

    said = say("prove", "leads.xlsx", "--out", "leads.xlsx")

    assert said == (
        2,
        "",
        "leads.xlsx is there already; nothing was written\n    name a file that is not there\n",
    )
    assert path.read_bytes() == before


TABLE_PART = (
    f'<table {MAIN} id="1" name="T" displayName="T" ref="A1:B3"><tableColumns count="2">'
    '<tableColumn id="1" name="Email"/><tableColumn id="2" name="Score"/></tableColumns></table>'
)
TABLE_RELATION = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/table" Target="../tables/t1.xml"/>'
    "</Relationships>"
)


@pytest.mark.parametrize(
    ("cell", "tail", "where", "what", "fix"),
    [
        (
            "C1",
            "",
            "leads.xlsx, Leads!C1",
            "the cell has a formula",
            "write: needs a column without formulas",
        ),
        (
            "B3",
            '<mergeCells count="1"><mergeCell ref="A3:B3"/></mergeCells>',
            "leads.xlsx, Leads!B3",
            "the cell is part of the merged cell A3:B3",
            "unmerge it in Excel",
        ),
        (
            "B3",
            '<sheetProtection sheet="1"/>',
            "leads.xlsx, Leads!B3",
            "the tab is protected",
            "take the protection off in Excel: Review, Unprotect Sheet",
        ),
        (
            "B1",
            '<tableParts count="1"><tablePart xmlns:r="x" r:id="rId1"/></tableParts>',
            "leads.xlsx, Leads!B1",
            "the cell is the header or the total of the table A1:B4",
            "change it in Excel",
        ),
        ("Nope!B1", "", "leads.xlsx", 'leads.xlsx has no tab "Nope"', "name one of these: Leads"),
    ],
    ids=["formula", "merge", "protected", "table header", "tab"],
)
def test_a_cell_that_we_would_not_write_is_refused_by_name(
    say: Callable[..., Said], tmp_path: Path, cell: str, tail: str, where: str, what: str, fix: str
) -> None:
    """The refusal says where, why and what the owner can do, ends with 3, and leaves no copy."""
    parts = parts_of(sheet_xml(FORMULA_ROWS, tail=tail))
    if "tablePart" in tail:
        parts |= {"xl/worksheets/_rels/sheet1.xml.rels": TABLE_RELATION, "xl/tables/t1.xml": TABLE_PART}
    write_parts(tmp_path / "leads.xlsx", parts)

    code, out, _ = say("prove", "leads.xlsx", "--set", f"{cell}=hot", "--out", "copy.xlsx", "--json")

    assert code == 3
    assert json.loads(out) == {
        "changed_members": [],
        "unchanged_members": 0,
        "cells": [],
        "refused": {"where": where, "what": what, "fix": fix},
    }
    assert not (tmp_path / "copy.xlsx").exists()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"Email;Score\r\n", "leads.xlsx is not an Excel workbook"),
        (b"<html><table>", "leads.xlsx is a web page, whatever its name says"),
    ],
    ids=["text", "web page"],
)
def test_a_file_that_is_no_workbook_is_refused(
    say: Callable[..., Said], tmp_path: Path, content: bytes, what: str
) -> None:
    """The same sentences as in a run."""
    (tmp_path / "leads.xlsx").write_bytes(content)

    code, out, _ = say("prove", "leads.xlsx")

    assert code == 3
    assert out.startswith(f"We would leave leads.xlsx alone. {what}.\n    open it ")


def test_a_missing_file_is_refused(say: Callable[..., Said]) -> None:
    """A name with a slip in it is answered, not traced."""
    code, out, _ = say("prove", "leads.xlsx")

    assert code == 3
    assert "leads.xlsx is not there" in out


def test_a_set_that_names_no_cell_is_answered(say: Callable[..., Said], tmp_path: Path) -> None:
    """The form is shown by an example."""
    workbook(tmp_path / "leads.xlsx", ROWS)

    assert say("prove", "leads.xlsx", "--set", "Leads!2B=hot") == (
        2,
        "",
        "--set \"Leads!2B=hot\" names no cell and its new text\n    write it like  --set 'Leads!B2=hot'\n",
    )


def test_cells_in_two_tabs_are_proved_together(tmp_path: Path) -> None:
    """One edit after the other, and both are compared with the one original."""
    path = tmp_path / "leads.xlsx"
    parts = parts_of(sheet_xml(ROWS))
    parts["xl/worksheets/sheet2.xml"] = sheet_xml(grid_rows([["Note"], ["call"]]))
    relation = 'Target="worksheets/sheet1.xml"/>'
    rels = str(parts["xl/_rels/workbook.xml.rels"])
    first = rels[rels.index("<Relationship ") : rels.index(relation) + len(relation)]
    second = first.replace("rId1", "rId9").replace("sheet1", "sheet2")
    parts["xl/_rels/workbook.xml.rels"] = rels.replace(first, first + second)
    tab = '<sheet name="It\'s noted" sheetId="2" r:id="rId9"/></sheets>'
    parts["xl/workbook.xml"] = str(parts["xl/workbook.xml"]).replace("</sheets>", tab)
    write_parts(path, parts)
    copy = BytesIO()

    with path.open("rb") as file:
        proof = prove(file, "leads.xlsx", {"Leads": {(2, 2): 80}, "It's noted": {(2, 1): date(2026, 11, 23)}}, copy)

    assert proof.refused is None
    assert proof.changed_members == ("xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml")
    assert proof.cells == (
        ProvedCell("Leads!B2", "10", 80.0),
        ProvedCell("It's noted!A2", "call", "2026-11-23"),
    )


def test_a_number_in_a_cell_for_dates_reads_as_a_date(say: Callable[..., Said], tmp_path: Path) -> None:
    """The cell keeps its format, so another program shows the day that the number stands for."""
    workbook(tmp_path / "leads.xlsx", '<row r="1"><c r="A1" s="1"><v>46349</v></c></row>')

    code, out, _ = say("prove", "leads.xlsx", "--set", "A1=46350", "--json")

    assert code == 0
    assert json.loads(out)["cells"] == [{"cell": "Leads!A1", "old": "2026-11-23", "new": "2026-11-24"}]


def test_a_faulty_patcher_would_be_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If we ever changed another cell, the proof would say so instead of passing."""
    path = workbook(tmp_path / "leads.xlsx", ROWS)
    real_edits = proving._edits
    monkeypatch.setattr(proving, "_edits", lambda cells: real_edits({**cells, (3, 1): "someone else"}))

    with path.open("rb") as file:
        proof = prove(file, "leads.xlsx", {"Leads": {(2, 2): 80}}, BytesIO())

    assert proof.refused is not None
    assert proof.refused.what == "leads.xlsx cannot be proved: Leads, row 3 does not read as it should in the copy"


def test_a_part_that_was_lost_or_touched_would_be_found_out(tmp_path: Path) -> None:
    """A part that is gone is named as such; one whose bytes differ is listed."""
    path = workbook(tmp_path / "leads.xlsx", ROWS)
    parts = parts_of(sheet_xml(ROWS))
    parts["xl/styles.xml"] = str(parts["xl/styles.xml"]).replace("<font/>", "<font><b/></font>")
    touched = write_parts(tmp_path / "touched.xlsx", parts)
    del parts["xl/styles.xml"]
    lost = write_parts(tmp_path / "lost.xlsx", parts)

    with path.open("rb") as before, touched.open("rb") as after:
        members = compare_members(before, after)
    with path.open("rb") as before, lost.open("rb") as after, pytest.raises(Unreadable, match="not the same ones"):
        compare_members(before, after)

    assert (members.changed, members.unchanged) == (("xl/styles.xml",), 6)


def test_cells_too_far_apart_are_refused_before_they_fill_the_memory(tmp_path: Path) -> None:
    """The second reader keeps the whole rectangle in memory, so its size is asked first."""
    path = workbook(tmp_path / "leads.xlsx", ROWS + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')

    with path.open("rb") as file:
        proof = prove(file, "leads.xlsx", {"Leads": {(2, 2): 80}}, BytesIO())

    assert proof.refused is not None
    assert proof.refused.what == (
        "leads.xlsx cannot be proved: its cells reach to Leads!XFD1048576, too far for a second reader"
    )


@needs_corpus
@pytest.mark.timeout(60)
@pytest.mark.parametrize("path", corpus_files("xlsx/*.x*"), ids=lambda path: path.name)
def test_a_real_workbook_is_proved_or_refused(path: Path) -> None:
    """Charts, pivots and macros of others: three cells change and all else is the same, or a reason is given."""
    copy = BytesIO()

    with path.open("rb") as file:
        proof = prove(file, path.name, {}, copy)

    if proof.refused:
        assert proof.refused.what
        assert proof.refused.fix
        return
    old, new = stored_members(path.read_bytes()), stored_members(copy.getvalue())
    assert len(proof.cells) == 3
    assert {name for name in old if old[name] != new[name]} == set(proof.changed_members)
    assert ZipFile(copy).testzip() is None
    assert secondreader.read_all(copy, ()).count >= 2
