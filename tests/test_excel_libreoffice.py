"""What a spreadsheet program makes of a workbook that we wrote: it opens it, calculates it, and runs no text."""

from __future__ import annotations

import csv
import shutil
import subprocess
from pathlib import Path

import pytest
from workbooks import BY_EMAIL, change, grid_rows, text_cell, workbook

from automations.sources.excel import ExcelSource

CALCULATE_ON_LOAD = (
    '<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry" '
    'xmlns:xs="http://www.w3.org/2001/XMLSchema"><item oor:path="/org.openoffice.Office.Calc/Formula/Load">'
    '<prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item></oor:items>'
)
"""Excel calculates when the workbook asks for it; LibreOffice does when its user's settings say so."""

pytestmark = pytest.mark.needs_libreoffice


def _as_seen(path: Path) -> list[list[str]]:
    """Return the cells as LibreOffice shows them."""
    settings = path.parent / "profile" / "user" / "registrymodifications.xcu"
    settings.parent.mkdir(parents=True)
    settings.write_text(CALCULATE_ON_LOAD)
    program = shutil.which("soffice") or shutil.which("libreoffice") or ""
    profile = f"-env:UserInstallation={(path.parent / 'profile').as_uri()}"
    subprocess.run(
        [program, profile, "--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76", str(path)],
        check=True,
        capture_output=True,
        cwd=path.parent,
        timeout=120,
    )
    with path.with_suffix(".csv").open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_formulas_that_depend_on_our_cells_are_calculated(tmp_path: Path) -> None:
    """The last result stands there until the workbook is opened; then the team's own formula shows our new score."""
    rows = (
        f'<row r="1">{text_cell("A1", "Email")}{text_cell("B1", "Score")}{text_cell("C1", "Double")}</row>'
        f'<row r="2">{text_cell("A2", "eva@muster.example")}<c r="B2"><v>50</v></c>'
        '<c r="C2"><f>B2*2</f><v>100</v></c></row>'
    )
    path = workbook(tmp_path / "leads.xlsx", rows)

    ExcelSource(path).write([change("eva@muster.example", "Score", 50, 80)], BY_EMAIL)
    meanwhile = [list(cells) for _, cells in ExcelSource(path).read(["Email", "Score", "Double"]).rows]

    assert meanwhile == [["eva@muster.example", 80, 100]]
    assert _as_seen(path) == [["Email", "Score", "Double"], ["eva@muster.example", "80", "160"]]


def test_no_text_becomes_a_formula(tmp_path: Path) -> None:
    """A lead's text that looks like a formula is shown letter by letter."""
    texts = ["=1+1", "+1+1", "-1+1", "@SUM(1)", '=HYPERLINK("http://x.test")', "00123", "+44 20 7946"]
    leads = [[f"lead{number}@example.test", ""] for number in range(len(texts))]
    path = workbook(tmp_path / "leads.xlsx", grid_rows([["Email", "Note"], *leads]))

    ExcelSource(path).write(
        [change(email, "Note", None, text) for (email, _), text in zip(leads, texts, strict=True)], BY_EMAIL
    )

    assert [row[1] for row in _as_seen(path)[1:]] == texts
