"""A first look at a team's own sheet: its header row, its columns, and what stands in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from automations.commands.guessing import KNOWN_NAMES, Column, Guess, guess_columns, words_of
from automations.core.cells import as_text
from automations.core.leads import Cell, Sheet
from automations.errors import WrongUsage
from automations.sources import Source

LOOKED_AT = 500
"""How many rows are looked at, to learn what a column holds."""

_TITLE_ROWS = 20
_ENOUGH = 2
_EVERY_NAME = frozenset(name for names in KNOWN_NAMES.values() for name in names)


@dataclass(frozen=True, slots=True)
class Seen:
    """A sheet's *name*, its *columns* with a header, and what they seem to be."""

    name: str
    columns: tuple[Column, ...]
    guesses: tuple[Guess, ...]


def look_at_sheet(path: Path) -> Seen:
    """Return what a workbook or CSV file holds. Raises WrongUsage or SourceOutOfReach when it is no table."""
    source = _open(path)
    sheet = source.read(())
    rows = list(islice(sheet.rows, LOOKED_AT + _TITLE_ROWS))
    header = _header_below(sheet, rows)
    if header is not None:
        sheet = source.read(header)
        rows = list(islice(sheet.rows, LOOKED_AT))
    columns = tuple(
        Column(name, tuple(cells[place] for _, cells in rows if place < len(cells) and cells[place] not in (None, "")))
        for place, name in enumerate(sheet.headers)
        if name.strip()
    )
    if not columns:
        raise WrongUsage(f"{path} has no header row", fix="write a name above each column, like Email and Company")
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


def _header_below(sheet: Sheet, rows: Sequence[tuple[int, Sequence[Cell]]]) -> list[str] | None:
    """Return a row under title lines that looks more like headers than the first; None when none does."""
    best, most = None, _known(sheet.headers)
    for _, cells in rows[:_TITLE_ROWS]:
        texts = [as_text(cell) for cell in cells]
        if _known(texts) > max(most, _ENOUGH - 1):
            best, most = [text for text in texts if text], _known(texts)
    return best


def _known(texts: Sequence[str]) -> int:
    return sum(words_of(text) in _EVERY_NAME for text in texts)
