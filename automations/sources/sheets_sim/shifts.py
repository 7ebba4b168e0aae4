"""What happens to places when rows or columns are inserted, deleted or moved: pure arithmetic on indexes and spans."""

from __future__ import annotations

from dataclasses import dataclass

from automations.sources.sheets_sim.a1 import Area

__all__ = ["COLUMNS", "ROWS", "Shift", "deleted", "inserted", "moved"]

ROWS = "ROWS"
COLUMNS = "COLUMNS"


@dataclass(frozen=True, slots=True)
class Shift:
    """One change of one dimension of one tab: *kind* is insert, delete or move.

    Insert puts *count* new ones before *at*; delete takes *count* away from *at*; move takes *count* from *at* and
    puts them before *to*, counted as before the move.
    """

    sheet_id: int
    dimension: str
    kind: str
    at: int
    count: int
    to: int = 0

    @property
    def landing(self) -> int:
        """Return where the first moved one is afterwards."""
        return self.to if self.to <= self.at else self.to - self.count

    def point(self, index: int) -> int | None:
        """Return where one row or column is afterwards, or None when it is gone."""
        end = self.at + self.count
        if self.kind == "insert":
            return index + self.count if index >= self.at else index
        if self.kind == "delete":
            return index if index < self.at else None if index < end else index - self.count
        if self.at <= index < end:
            return index - self.at + self.landing
        without = index if index < self.at else index - self.count
        return without + self.count if without >= self.landing else without

    def span(self, start: int | None, end: int | None) -> tuple[int | None, int | None] | None:
        """Return where a stretch is afterwards, or None when nothing is left of it. Open edges stay open."""
        if self.kind == "insert":
            return _opened(start, end, self.at, self.count)
        if self.kind == "delete":
            return _closed(start, end, self.at, self.count)
        if start is not None and end is not None and self.at <= start and end <= self.at + self.count:
            return start - self.at + self.landing, end - self.at + self.landing
        left = _closed(start, end, self.at, self.count)
        return None if left is None else _opened(*left, self.landing, self.count)

    def area(self, area: Area) -> Area | None:
        """Return where an area is afterwards, or None when nothing is left of it."""
        if area.sheet_id != self.sheet_id:
            return area
        if self.dimension == ROWS:
            rows = self.span(area.top, area.bottom)
            return None if rows is None else area._replace(top=rows[0], bottom=rows[1])
        columns = self.span(area.left, area.right)
        return None if columns is None else area._replace(left=columns[0], right=columns[1])


def inserted(sheet_id: int, dimension: str, at: int, count: int) -> Shift:
    """Return the shift of *count* new rows or columns before *at*."""
    return Shift(sheet_id, dimension, "insert", at, count)


def deleted(sheet_id: int, dimension: str, at: int, count: int) -> Shift:
    """Return the shift of *count* rows or columns that go, the first at *at*."""
    return Shift(sheet_id, dimension, "delete", at, count)


def moved(sheet_id: int, dimension: str, at: int, count: int, to: int) -> Shift:
    """Return the shift of *count* rows or columns from *at* to before *to*."""
    return Shift(sheet_id, dimension, "move", at, count, to)


def _opened(start: int | None, end: int | None, at: int, count: int) -> tuple[int | None, int | None]:
    """A stretch grows only by what is inserted inside it, not by what is inserted at its ends."""
    return (
        start if start is None or start < at else start + count,
        end if end is None or end <= at else end + count,
    )


def _closed(start: int | None, end: int | None, at: int, count: int) -> tuple[int | None, int | None] | None:
    def edge(index: int) -> int:
        return index if index <= at else max(at, index - count)

    first = None if start is None else edge(start)
    last = None if end is None else edge(end)
    return None if last is not None and last <= (first or 0) else (first, last)
