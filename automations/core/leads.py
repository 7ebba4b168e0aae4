"""Leads: one person's row with an identity, and how cells become typed fields.

A source hands over a `Sheet` of raw cells; `books.read_book` turns it into a `Book`. Rows count from 1, as people
see them; positions inside tuples count from 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple, NewType

from automations.errors import Problem

LeadKey = NewType("LeadKey", str)

Cell = str | int | float | bool | datetime | date | time | timedelta | None
"""What a source gives for one cell: typed by the file, not by us. None and "" are empty."""

Value = str | int | float | bool | date | None
"""What a field holds for one lead; never a datetime. None is an empty cell."""


class FieldType(StrEnum):
    """What the cells of a column hold."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    YES_NO = "yes/no"


class Role(StrEnum):
    """What one of our own columns tells: the keys of ``write:``."""

    SCORE = "score"
    SEGMENT = "segment"
    STAGE = "stage"
    NEXT_STEP = "next_step"
    WHY = "why"
    STATUS = "status"


@dataclass(frozen=True, slots=True)
class Field:
    """Our *name* for a value, and the *header* of the column it stands in.

    *choices* is empty when any text will do; a cell is compared to them without case and surrounding space,
    and holds the choice's own spelling afterwards.
    """

    name: str
    header: str
    type: FieldType = FieldType.TEXT
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of the sheet are ours to read and ours to write."""

    fields: tuple[Field, ...]
    key: str
    """Name of the field that identifies a lead."""
    email: str | None
    """Name of the field with the address; without one nobody can be mailed."""
    owned: tuple[tuple[Role, str], ...] = ()
    """What we write, and the header of its column; in the order of `Role`."""

    def header_of(self, role: Role) -> str | None:
        """Return the header of one of our own columns, or None when the owner does not want it."""
        return dict(self.owned).get(role)

    def names(self) -> tuple[str, ...]:
        """Return the names of all fields, in the order of `Lead.values`."""
        return tuple(each.name for each in self.fields)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a source read: raw cells of the header row and of every row below it.

    *rows* can be walked once: (row number, cells); cells may be fewer than headers when the rest is empty, and
    rows without any content are left out. *headers* stand as written, from *first_column* (1 is column A).
    *name* is the tab's, or the file's; *fingerprint* changes when the stored bytes do.
    """

    name: str
    header_row: int
    headers: tuple[str, ...]
    rows: Iterable[tuple[int, Sequence[Cell]]]
    fingerprint: str
    first_column: int = 1


class Lead(NamedTuple):
    """One usable row.

    *values* stand in the order of `Columns.fields`. *owned* is what our own columns hold now, in the order of
    `Columns.owned`. *address* is normalised; empty when the row has none, so nobody can be mailed.
    """

    key: LeadKey
    row: int
    values: tuple[Value, ...]
    owned: tuple[Cell, ...] = ()
    address: str = ""


@dataclass(frozen=True, slots=True)
class Book:
    """Every row of one source: *leads* and *problems* together account for all *rows_read*.

    *missing* are headers under ``write:`` that the sheet does not have yet. *unusable* rows each have a problem.
    """

    sheet: str
    columns: Columns
    leads: tuple[Lead, ...]
    problems: tuple[Problem, ...] = ()
    rows_read: int = 0
    unusable_rows: int = 0
    missing: tuple[str, ...] = ()
    fingerprint: str = ""


class CellChange(NamedTuple):
    """One cell we want to change. *row* and *old* are what was read; the source looks for *key* anew."""

    key: LeadKey
    row: int
    header: str
    old: Cell
    new: Cell


class CellOutcome(StrEnum):
    """How one cell change ended."""

    WRITTEN = "written"
    PERSON_WON = "person won"
    GONE = "gone"
    DOUBLED = "doubled"
    REFUSED = "refused"


class WrittenCell(NamedTuple):
    """One cell change and how it ended; *found* is what stood in the cell, *row* where the lead was then (0: gone)."""

    change: CellChange
    outcome: CellOutcome
    row: int
    found: Cell = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What became of each cell change, in the order they were given.

    *before* and *after* are the fingerprints of what the changes were compared with and of what stands there since;
    equal when nothing had to be written, empty when nothing was asked for. A reader whose own fingerprint is *before*
    knows every cell at *after*: the ones named here, and the others as they were. *notes* name what a person has to
    look at. *backup* is where a copy from before the first write is kept; empty when there is none.
    """

    cells: tuple[WrittenCell, ...]
    before: str = ""
    after: str = ""
    notes: tuple[str, ...] = ()
    backup: str = ""


@dataclass(frozen=True, slots=True)
class KeyRule:
    """How a source finds a lead: the *header* of the key column and what its cells mean (None: no key there)."""

    header: str
    key_of: Callable[[Cell], LeadKey | None]
