"""The leads of X Education as a workbook, and what a person types and sees who works with it.

python tests/xeducation.py          write tests/xeducation/transcript.txt anew
"""

from __future__ import annotations

import csv
import io
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import time_machine
from corpus import CORPUS
from openpyxl import Workbook

from automations.cli import main

HERE = Path(__file__).parent / "xeducation"
TRANSCRIPT = HERE / "transcript.txt"
LEADS = "leads/x-education/Lead Scoring.csv"
MONDAY = datetime(2026, 11, 23, 5, 30, tzinfo=UTC)
"""Eleven o'clock in Mumbai."""

WIDTH = 37
"""Columns of the list; then comes Email, which we made up."""

_NUMBERS = frozenset(
    {
        "Lead Number",
        "Converted",
        "TotalVisits",
        "Total Time Spent on Website",
        "Page Views Per Visit",
        "Asymmetrique Activity Score",
        "Asymmetrique Profile Score",
    }
)
_WITHOUT_ADDRESS = 40
"""Every so many leads (by their number) nobody knows the address."""

_STEPS: tuple[tuple[timedelta, str], ...] = (
    (timedelta(0), "check"),
    (timedelta(0), "plan"),
    (timedelta(minutes=5), "run --yes"),
    (timedelta(minutes=10), "plan"),
    (timedelta(minutes=10), "explain 660681"),
    (timedelta(minutes=15), "run --yes"),
    (timedelta(days=2), "plan"),
)
"""What is typed, and how long after the first command. Two days later is Wednesday: Tuesday was a holiday in India."""


def rows() -> list[list[str]]:
    """Return the list as it is, header first; a row that was wrapped whole in one pair of quotes has one field."""
    with (CORPUS / LEADS).open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def write_book(path: Path) -> None:
    """Write the list as a workbook: numbers as numbers, an Email column behind it, damaged rows in the first cell."""
    header, *leads = rows()
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Lead Scoring")
    sheet.append([*header, "Email"])
    for lead in leads:
        sheet.append(_cells(header, lead))
    book.create_sheet("Notes").append(["Numbers and texts as they came; addresses are made up"])
    book.save(path)


def _cells(header: list[str], lead: list[str]) -> list[str | float | None]:
    if len(lead) != WIDTH:
        return [*lead]
    cells = [_cell(name, text) for name, text in zip(header, lead, strict=True)]
    return [*cells, address_of(int(lead[1]))]


def _cell(name: str, text: str) -> str | float | None:
    if not text:
        return None
    return float(text) if name in _NUMBERS else text


def address_of(number: int) -> str | None:
    """Return the address made up for the lead with this number; None for those who left none."""
    return None if number % _WITHOUT_ADDRESS == 0 else f"lead-{number}@x-education.example"


def make_shop(folder: Path) -> Path:
    """Copy config.yaml and templates into *folder*, make the workbook beside them, and return the config's path."""
    shutil.copy(HERE / "config.yaml", folder)
    shutil.copytree(HERE / "templates", folder / "templates")
    write_book(folder / "leads.xlsx")
    return folder / "config.yaml"


@dataclass(frozen=True, slots=True)
class Typed:
    """A command, what it printed, on both outputs, and its exit code."""

    words: str
    printed: str
    code: int


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Have this process believe that it is *moment*."""
    with time_machine.travel(moment, tick=False):
        yield


def type_in(config: Path, words: str, moment: datetime) -> Typed:
    """Run one command as if it was typed at *moment*."""
    output = io.StringIO()
    with at(moment), redirect_stdout(output), redirect_stderr(output):
        code = main(["--config", str(config), *words.split()])
    return Typed(words, output.getvalue(), code)


def day(config: Path) -> Iterator[Typed]:
    """Type everything that the transcript shows, one after the other."""
    for later, words in _STEPS:
        yield type_in(config, words, MONDAY + later)


def as_transcript(typed: list[Typed], config: Path) -> str:
    """Return what was typed and printed, without what differs from one time to the next: paths, seconds, names."""
    text = "\n".join(f"$ leadwright {each.words}\n{each.printed}" for each in typed)
    text = text.replace(f"--config {config} ", "").replace(str(config.parent), ".")
    text = re.sub(r"plan-[0-9a-f]{8}", "plan-01234567", text)
    return re.sub(r"Done in .*", "Done in 0.0 s.", text)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        made = make_shop(Path(name))
        TRANSCRIPT.write_text(as_transcript(list(day(made)), made), encoding="utf-8")
    sys.stdout.write(f"{TRANSCRIPT} is new.\n")
