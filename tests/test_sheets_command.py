"""``leadwright sheets-sim``: a workbook as a Google Sheet on this machine."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path
from urllib.request import urlopen

import openpyxl
import pytest

from automations.cli import main
from automations.errors import SourceOutOfReach
from automations.sources.sheets_sim.books import spreadsheet_of
from automations.sources.sheets_sim.cells import CellError

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Return a workbook with two tabs: values of every kind, and a formula."""
    workbook = openpyxl.Workbook()
    tab = workbook.active
    assert tab is not None
    tab.title = "Leads"
    tab.append(["Email", "Asked on", "Score", "Phone"])
    tab.append(["eva@muster.example", date(2026, 1, 5), 80, "00123"])
    tab.append(["tom@reich.example", datetime(2026, 1, 5, 12), 20.5, None])  # noqa: DTZ001 - cells have no zone
    tab.append(["=C2*2", time(6), True, timedelta(hours=36)])
    tab["E1"].value = "#REF!"
    workbook.create_sheet("Bob's").sheet_state = "hidden"
    path = tmp_path / "leads.xlsx"
    workbook.save(path)
    return path


def test_a_workbook_becomes_a_spreadsheet(book: Path) -> None:
    """Tabs, texts, numbers, dates, errors and formulas of the workbook are those of the sheet."""
    world = spreadsheet_of(book, locale="de_DE", time_zone="Europe/Berlin", spreadsheet_id="1book")

    assert [(each.title, each.is_hidden) for each in world.state.sheets] == [("Leads", False), ("Bob's", True)]
    assert world.values("Leads!A2:D4") == [
        ["eva@muster.example", 46027, 80, "00123"],
        ["tom@reich.example", 46027.5, 20.5],
        [160, 0.25, True, 1.5],
    ]
    assert world.values("Leads!B2:B4", render="FORMATTED_VALUE") == [
        ["05.01.2026"],
        ["05.01.2026 12:00:00"],
        ["6:00:00"],
    ]
    assert world.cell("Leads!E1").value == CellError("REF")
    assert world.values("Leads!A4", render="FORMULA") == [["=C2*2"]]
    assert (world.state.locale, world.state.time_zone) == ("de_DE", "Europe/Berlin")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [("nobody.xlsx", None, "cannot be opened"), ("leads.csv", b"Email\n", "cannot be read as a workbook")],
    ids=["missing", "not a workbook"],
)
def test_a_file_that_is_no_workbook_is_named(tmp_path: Path, name: str, content: bytes | None, words: str) -> None:
    """A file that is not there, or is no workbook, is told by name."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SourceOutOfReach, match=words) as caught:
        spreadsheet_of(path, locale="en_US", time_zone="Etc/GMT", spreadsheet_id="1book")

    assert str(path) in caught.value.what


def test_the_command_serves_until_it_is_told_to_end(book: Path) -> None:
    """It says what to write in config.yaml, answers as Google does, leaves the file alone, and ends at once."""
    before = book.read_bytes()
    arguments = [sys.executable, "-m", "automations", "--json", "sheets-sim", "--port", "0", "--book", str(book)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True, env=environment, cwd=book.parent) as process:
        assert process.stdout is not None
        said = json.loads("".join(process.stdout.readline() for _ in range(4)))
        file_id = said["google_sheet"].split("/")[-2]
        with urlopen(f"{said['endpoint']}/v4/spreadsheets/{file_id}/values/Leads!A1:D1", timeout=20) as reply:  # noqa: S310 - http, to ourselves
            values = json.load(reply)["values"]
        process.send_signal(signal.SIGTERM)
        code = process.wait(20)

    assert values == [["Email", "Asked on", "Score", "Phone"]]
    assert code == 0
    assert book.read_bytes() == before


def test_a_port_in_use_is_told(book: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A port that another program has is named, with what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code = main(["sheets-sim", "--port", port, "--book", str(book)])

    assert code == 3
    assert f"port {port} of this machine is in use" in capsys.readouterr().err
