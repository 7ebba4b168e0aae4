"""What is in a cell. A plain value stands for itself; a `Cell` carries more: a formula, a note, how it looks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

__all__ = ["Cell", "CellError", "NumberFormat", "Plain", "Slot", "cell_of", "slot_of", "value_of"]

MAX_CHARACTERS = 50_000
"""The longest text of one cell."""

ERROR_TEXTS = {
    "ERROR": "#ERROR!",
    "NULL_VALUE": "#NULL!",
    "DIVIDE_BY_ZERO": "#DIV/0!",
    "VALUE": "#VALUE!",
    "REF": "#REF!",
    "NAME": "#NAME?",
    "NUM": "#NUM!",
    "N_A": "#N/A",
    "LOADING": "Loading...",
}


class CellError(NamedTuple):
    """A formula that failed, by Google's ErrorType."""

    kind: str
    message: str = ""

    def __str__(self) -> str:
        """Return what the cell shows."""
        return ERROR_TEXTS.get(self.kind, "#ERROR!")


class NumberFormat(NamedTuple):
    """How a number is shown: Google's NumberFormatType, and a pattern or "" for the locale's own."""

    kind: str
    pattern: str = ""


Plain = None | bool | int | float | str | CellError


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that is more than its value. *value* of a formula is what it last gave.

    *style* is the CellFormat entered for it without its numberFormat; *validation* a DataValidationRule. Both are
    JSON that nobody changes in place.
    """

    value: Plain = None
    formula: str = ""
    note: str = ""
    number_format: NumberFormat | None = None
    style: dict[str, Any] | None = None
    validation: dict[str, Any] | None = None


Slot = Plain | Cell
"""One place of a grid: most hold a plain value, which costs a hundred thousand rows less memory."""


def cell_of(slot: Slot) -> Cell:
    """Return a place as a cell."""
    return slot if isinstance(slot, Cell) else Cell(slot)


def slot_of(cell: Cell) -> Slot:
    """Return a cell in its smallest form."""
    return cell.value if cell == Cell(cell.value) else cell


def value_of(slot: Slot) -> Plain:
    """Return what a place holds; of a formula, what it last gave."""
    return slot.value if isinstance(slot, Cell) else slot


def with_content(old: Slot, new: Slot) -> Slot:
    """Return *old* with the value and formula of *new*, and its number format if it has one; the rest stays."""
    if not isinstance(old, Cell):
        return new
    fresh = cell_of(new)
    return slot_of(
        replace(old, value=fresh.value, formula=fresh.formula, number_format=fresh.number_format or old.number_format)
    )


def without_content(old: Slot) -> Slot:
    """Return *old* emptied as the Delete key does: looks, note and validation stay."""
    return slot_of(replace(old, value=None, formula="")) if isinstance(old, Cell) else None
