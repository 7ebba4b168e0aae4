"""A first look at a team's own sheet: its header row, its columns, and what stands in them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from automations.commands.guessing import Column, Guess, guess_columns, spellings
from automations.errors import WrongUsage
from automations.sources import Source

LOOKED_AT = 500
"""How many rows are looked at, to learn what a column holds."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A sheet's *name*, its *columns* with a header, and what they seem to be."""

    name: str
    columns: tuple[Column, ...]
    guesses: tuple[Guess, ...]


def look_at_sheet(path: Path) -> Seen:
    """Return what a workbook or CSV file holds. Raises WrongUsage or SourceOutOfReach when it is no table."""
    return look_at(_open(path))


def look_at(source: Source) -> Seen:
    """Return what a source holds. Raises WrongUsage or SourceOutOfReach when it is no table."""
    sheet = source.read(spellings())
    rows = list(islice(sheet.rows, LOOKED_AT))
    columns = tuple(
        Column(name, tuple(cells[place] for _, cells in rows if place < len(cells) and cells[place] not in (None, "")))
        for place, name in enumerate(sheet.headers)
        if name.strip()
    )
    if not columns:
        raise WrongUsage(
            f"{source.label} has no header row", fix="write a name above each column, like Email and Company"
        )
    return Seen(sheet.name, columns, guess_columns(columns))


def _open(path: Path) -> Source:
    if path.suffix.lower() in (".xlsx", ".xlsm"):
        from automations.sources.excel import ExcelSource  # noqa: PLC0415 - only what is used is loaded

        return ExcelSource(path, None)
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        from automations.sources.csv_file import CsvSource  # noqa: PLC0415 - only what is used is loaded

        return CsvSource(path)
    raise WrongUsage(
        f"{path} is no workbook we can use", fix="save it as .xlsx (File, Save as, Excel workbook) or as .csv"
    )
