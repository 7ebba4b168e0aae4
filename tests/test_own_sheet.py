"""A team's own sheet as it really is: a few cells that are no dates, columns nobody guesses, a person who says y."""

from __future__ import annotations

import io
from datetime import date, timedelta
from pathlib import Path

import pytest
from openpyxl import Workbook

from automations.cli import main
from automations.commands import init as init_command

HEADERS = ("E-Mail", "Ansprechpartner", "Anfragedatum", "PLZ", "Räder (Stück)", "Budget €", "Stage", "Woher?", "%")
YES = ("--business", "Rad", "--address", "Am Sande 3, Lüneburg", "--email", "heike@rad.example")


@pytest.fixture
def sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the name of a workbook with forty leads; one of them asked "last week"."""
    book = Workbook()
    tab = book.create_sheet("Anfragen", 0)
    tab.append(("Lastenräder",))
    tab.append(HEADERS)
    for number in range(40):
        asked = date(2026, 11, 1) + timedelta(days=number % 20) if number != 7 else "letzte Woche"
        tab.append((f"lead{number}@rad.example", f"Anna {number}", asked, "01067", 3, 900, "neu", "Messe", 1))
    book.save(tmp_path / "anfragen.xlsx")
    book.close()
    monkeypatch.chdir(tmp_path)
    return "anfragen.xlsx"


def test_a_few_odd_cells_do_not_cost_the_rules_about_dates(sheet: str, capsys: pytest.CaptureFixture[str]) -> None:
    """A column of dates with one "last week" in it is a column of dates, and plan names the one row."""
    assert main(["init", "--excel", sheet, "--yes", *YES]) == 0

    assert '    asked_on: {header: "Anfragedatum", type: date}\n' in Path("config.yaml").read_text("utf-8")
    assert "asked_on is in the last 14 days" in Path("config.yaml").read_text("utf-8")
    assert main(["plan"]) == 0
    out = capsys.readouterr().out
    assert '40 rows in "Anfragen", 1 cannot be used' in out
    assert 'Anfragen!C10 (Anna 7): Anfragedatum "letzte Woche" is not a date' in out


def test_columns_that_were_not_guessed_wait_to_be_used(sheet: str) -> None:
    """Every other column stands in config.yaml with a name of its own; taking its # away is enough."""
    assert main(["init", "--excel", sheet, "--yes", *YES]) == 0

    config = Path("config.yaml").read_text("utf-8")
    assert (
        "    # To use one of these too, take its # away; {header: ..., type: number} for a number:\n"
        '    # plz: "PLZ"\n'
        '    # rader_stuck: "Räder (Stück)"\n'
        '    # budget: "Budget €"\n'
        "  write:"
    ) in config
    Path("config.yaml").write_text(config.replace("    # plz", "    plz").replace("    # rader", "    rader"), "utf-8")
    assert main(["check"]) == 0


def test_y_is_a_yes_to_the_guesses(
    sheet: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Asked whether the guesses are right, people type y as often as Enter."""
    monkeypatch.setattr(init_command, "is_conversation", lambda: True)
    monkeypatch.setattr("sys.stdin", io.StringIO("y\ny\n"))

    code = main(["init", "--excel", sheet, *YES])

    assert code == 0
    assert "There is no line" not in capsys.readouterr().out
