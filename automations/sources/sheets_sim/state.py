"""A spreadsheet as it stands: tabs, rows, and what hangs on them. Changes are made to a draft that is then adopted.

Rows are tuples, and a draft copies only the lists that hold them: taking one costs a pointer a row, so that every
request can be done as a whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from automations.sources.sheets_sim.a1 import Area, Span, Written, parse, quoted, span_text
from automations.sources.sheets_sim.cells import Cell, Slot, value_of
from automations.sources.sheets_sim.locales import Habits, habits_of
from automations.sources.sheets_sim.refusals import Refusal, invalid

__all__ = ["Metadata", "NamedRange", "Protection", "Row", "Sheet", "State"]

Row = tuple[Slot, ...]

MAX_CELLS = 10_000_000
"""The size of one spreadsheet, over all its tabs."""

DEFAULT_ROWS = 1000
DEFAULT_COLUMNS = 26


class Protection(NamedTuple):
    """A protected range, or with *area* open on all sides a protected tab."""

    protection_id: int
    area: Area
    description: str = ""
    is_warning: bool = False
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    domain_may_edit: bool = False
    exceptions: tuple[Area, ...] = ()


class NamedRange(NamedTuple):
    """A name for an area."""

    range_id: str
    name: str
    area: Area


class Metadata(NamedTuple):
    """Developer metadata: on the spreadsheet, on a tab, or on the row or column at index *place* of it."""

    metadata_id: int
    key: str
    value: str
    visibility: str
    location: str
    sheet_id: int = 0
    place: int = 0

    @property
    def size(self) -> int:
        """Return what it counts against Google's limit of 30,000 characters: key and value."""
        return len(self.key) + len(self.value)


@dataclass(slots=True)
class Sheet:
    """One tab. Rows may be shorter than the grid, and there may be fewer of them: the rest is empty.

    *looks* has the properties that only matter to people (tabColor, frozenRowCount, ...), as in Google's JSON.
    """

    sheet_id: int
    title: str
    rows: list[Row] = field(default_factory=list)
    row_count: int = DEFAULT_ROWS
    column_count: int = DEFAULT_COLUMNS
    is_hidden: bool = False
    looks: dict[str, Any] = field(default_factory=dict)
    grid_looks: dict[str, Any] = field(default_factory=dict)
    row_looks: dict[int, dict[str, Any]] = field(default_factory=dict)
    column_looks: dict[int, dict[str, Any]] = field(default_factory=dict)
    merges: tuple[Area, ...] = ()
    protections: tuple[Protection, ...] = ()
    conditional_formats: tuple[dict[str, Any], ...] = ()
    basic_filter: dict[str, Any] | None = None

    def draft(self) -> Sheet:
        """Return a copy that may be changed while this one is read."""
        return replace(self, rows=list(self.rows), row_looks=dict(self.row_looks), column_looks=dict(self.column_looks))

    @property
    def grid(self) -> Span:
        """Return all of it."""
        return Span(0, self.row_count, 0, self.column_count)

    def slot(self, row: int, column: int) -> Slot:
        """Return what is at one place; empty beyond what was ever written."""
        if row >= len(self.rows):
            return None
        slots = self.rows[row]
        return slots[column] if column < len(slots) else None

    def put(self, row: int, column: int, slots: Iterable[Slot]) -> None:
        """Write a stretch of one row."""
        new = tuple(slots)
        self.rows.extend(() for _ in range(row + 1 - len(self.rows)))
        old = self.rows[row]
        padded = old + (None,) * (column - len(old))
        self.rows[row] = padded[:column] + new + padded[column + len(new) :]

    def stretches(self, span: Span) -> Iterator[Row]:
        """Return the rows of a rectangle that exist, each without what lies beyond it."""
        whole = span.left == 0
        for row in self.rows[span.top : span.bottom]:
            yield row if whole and len(row) <= span.right else row[span.left : span.right]

    def content(self) -> Span:
        """Return the smallest rectangle from A1 that has every cell with a value or formula."""
        bottom = right = 0
        for number, row in enumerate(self.rows, start=1):
            width = filled_width(row)
            if width:
                bottom, right = number, max(right, width)
        return Span(0, bottom, 0, right)


def is_filled(slot: Slot) -> bool:
    """Whether a place has a value or a formula; a note or a colour alone does not count."""
    return slot is not None and (not isinstance(slot, Cell) or slot.value is not None or bool(slot.formula))


def filled_width(row: Sequence[Slot]) -> int:
    """Return how many places of a row there are up to the last with a value or a formula."""
    width = len(row)
    while width and not is_filled(row[width - 1]):
        width -= 1
    return width


@dataclass(slots=True)
class State:
    """One spreadsheet."""

    spreadsheet_id: str
    title: str
    locale: str = "en_US"
    time_zone: str = "Etc/GMT"
    sheets: list[Sheet] = field(default_factory=list)
    metadata: dict[int, Metadata] = field(default_factory=dict)
    named_ranges: tuple[NamedRange, ...] = ()
    looks: dict[str, Any] = field(default_factory=dict)
    seed: int = 1
    has_formulas: bool = False
    is_stale: bool = False

    def draft(self) -> State:
        """Return a copy that may be changed while this one is read."""
        return replace(self, sheets=[each.draft() for each in self.sheets], metadata=dict(self.metadata))

    @property
    def habits(self) -> Habits:
        """Return how its locale types and shows values."""
        return habits_of(self.locale)

    def fresh_id(self) -> int:
        """Return a number that no tab, protection or metadata has yet, as scattered as Google's."""
        taken = {each.sheet_id for each in self.sheets} | set(self.metadata)
        taken |= {each.protection_id for sheet in self.sheets for each in sheet.protections}
        while True:
            self.seed = (self.seed * 1_103_515_245 + 12_345) % 2**31
            if self.seed and self.seed not in taken:
                return self.seed

    def sheet(self, sheet_id: int, *, what: str = "grid") -> Sheet:
        """Return the tab with that id. Raises Refusal, which calls it *what*, when there is none."""
        for each in self.sheets:
            if each.sheet_id == sheet_id:
                return each
        raise invalid(f"No {what} with id: {sheet_id}")

    def titled(self, title: str) -> Sheet | None:
        """Return the tab with that title, whatever the case of its letters."""
        folded = title.casefold()
        exact = (each for each in self.sheets if each.title == title)
        return next(exact, None) or next((each for each in self.sheets if each.title.casefold() == folded), None)

    def first_visible(self) -> Sheet:
        """Return the tab that a range without a title means."""
        return next(each for each in self.sheets if not each.is_hidden)

    def area(self, text: str) -> Area:
        """Return what a range text means here. Raises Refusal when it is no range, or there is no such tab."""
        written = parse(text)
        if written is None:
            raise invalid(f"Unable to parse range: {text}")
        named = next((each for each in self.named_ranges if each.name.casefold() == text.casefold()), None)
        if named is not None and not text.startswith("'"):
            return named.area
        sheet = self.first_visible() if written.title is None else self.titled(written.title)
        if sheet is None:
            raise invalid(f"Unable to parse range: {_canonical(written, text)}")
        return Area(sheet.sheet_id, *written[1:])

    def span(self, area: Area) -> tuple[Sheet, Span]:
        """Return the tab and the cells of an area. Raises Refusal when it begins outside the grid."""
        sheet = self.sheet(area.sheet_id)
        beyond = (area.top or 0) >= sheet.row_count or (area.left or 0) >= sheet.column_count
        if beyond:
            raise beyond_grid(sheet, area)
        return sheet, area.within(sheet.row_count, sheet.column_count)

    def check_size(self) -> None:
        """Refuse a spreadsheet that has become too large."""
        if sum(each.grid.cells for each in self.sheets) > MAX_CELLS:
            raise invalid(
                f"This action would increase the number of cells in the workbook above the limit of {MAX_CELLS} cells."
            )

    def value(self, sheet_id: int, row: int, column: int) -> object:
        """Return the last known value of one cell."""
        return value_of(self.sheet(sheet_id).slot(row, column))


def _canonical(written: Written, text: str) -> str:
    if written.title is None or "!" not in text:
        return text
    return f"{quoted(written.title)}!{text.rpartition('!')[2]}"


def beyond_grid(sheet: Sheet, area: Area) -> Refusal:
    """Return the refusal of an area that is not all on the grid."""
    top, left = area.top or 0, area.left or 0
    span = Span(
        top,
        max(top + 1, sheet.row_count if area.bottom is None else area.bottom),
        left,
        max(left + 1, sheet.column_count if area.right is None else area.right),
    )
    return invalid(
        f"Range ({span_text(sheet.title, span)}) exceeds grid limits."
        f" Max rows: {sheet.row_count}, max columns: {sheet.column_count}"
    )
