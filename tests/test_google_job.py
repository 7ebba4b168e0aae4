"""The whole main job on a Google Sheet: the same config.yaml as for a workbook, with only the source changed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path

import pytest
from googlesheets import Desk, a_sheet
from openpyxl import load_workbook

from automations.cli import main
from automations.core.books import column_letters

AT = ("--at", "2026-11-23 09:30")
LINK = "https://docs.google.com/spreadsheets/d/1SheetsSimSheetsSimSheetsSimSheetsSimSheets/edit#gid=0"


def rows_of_workbook(path: Path) -> list[list[object]]:
    """Return the cells of the sample's tab."""
    return [[cell.value for cell in row] for row in load_workbook(path)["Leads"].iter_rows()]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    """Make the sample twice: ``book`` on its workbook, ``sheet`` on a Google Sheet with the same rows."""
    monkeypatch.chdir(tmp_path)
    for name in ("book", "sheet"):
        assert main(["init", "--sample", name]) == 0
    capsys.readouterr()
    rows = rows_of_workbook(tmp_path / "book" / "leads.xlsx")
    plain = [[None if isinstance(cell, date) else cell for cell in row] for row in rows]
    with a_sheet({"Leads": plain}) as desk:  # type: ignore[dict-item]
        for number, row in enumerate(rows, 1):
            for column, cell in enumerate(row, 1):
                if isinstance(cell, date):
                    day = cell.date() if isinstance(cell, datetime) else cell
                    desk.world.edit(f"Leads!{column_letters(column)}{number}", day.isoformat())
        config = tmp_path / "sheet" / "config.yaml"
        text = config.read_text("utf-8").replace("excel: leads.xlsx ", f"google_sheet: {LINK} ")
        own = f"google: {{endpoint: '{desk.server.url}', credentials: none}}\n\nscoring:"
        config.write_text(text.replace("\nscoring:", "\n" + own, 1), "utf-8")
        yield desk


def planned(name: str, capsys: pytest.CaptureFixture[str]) -> object:
    """Return the plan of one of the two, as JSON."""
    assert main(["--config", f"{name}/config.yaml", "--json", "plan", *AT]) == 0
    return json.loads(capsys.readouterr().out)


def test_a_workbook_and_a_sheet_give_the_same_plan(shop: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """The same rows in Excel and in Google lead to the same plan, byte for byte, with the same checksum."""
    book, sheet = planned("book", capsys), planned("sheet", capsys)

    assert json.dumps(sheet) == json.dumps(book)
    assert shop.calls() == ["getByDataFilter"]


def test_the_main_job_runs_on_a_sheet(shop: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Read, score, write back and send: afterwards nothing is left to do, and that takes one call to find out."""
    code = main(["--config", "sheet/config.yaml", "run", "--yes"])
    first = capsys.readouterr()
    shop.calls()

    again = main(["--config", "sheet/config.yaml", "run", "--yes"])

    assert (code, first.err) == (0, "")
    assert "sent" in first.out
    assert again == 0
    assert shop.calls() == ["getByDataFilter"]
    assert set(shop.column("Segment").values()) <= {"hot", "warm", "cold", None}
    assert shop.column("Score")["eva@muster.example"] is not None


def test_both_write_the_same_cells(shop: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """After a run the sheet holds in every cell what the workbook holds."""
    for name in ("book", "sheet"):
        assert main(["--config", f"{name}/config.yaml", "run", "--yes"]) == 0
    capsys.readouterr()

    rows = rows_of_workbook(tmp_path / "book" / "leads.xlsx")

    ours = ("Score", "Segment", "Stage", "Next step", "Why", "Email status")
    for header in ours:
        at, key = rows[0].index(header), rows[0].index("Email")
        in_book = {str(row[key]): row[at] for row in rows[1:] if row[key]}
        assert shop.column(header) == in_book, header
