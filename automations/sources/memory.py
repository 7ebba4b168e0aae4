"""Leads in memory: the whole of a source without a file, for tests, rehearsals and examples.

People can be played: *between* is called with the name of each step, and may change the rows as a person would.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence

from automations.core.books import header_identity
from automations.core.leads import Cell, CellChange, CellOutcome, KeyRule, LeadKey, Sheet, WriteResult
from automations.errors import SourceOutOfReach
from automations.sources import News
from automations.sources.headers import (
    SEARCHED_ROWS,
    best_header_row,
    columns_by_header,
    count_headers,
    written_headers,
)
from automations.sources.matching import LeadRow, find_targets, same_cell, settle, wanted_headers


class MemorySource:
    """Rows in a list. *grid* holds every row from row 1, as a person sees them: title lines, header row, leads.

    *between* is called with ``"read"``, ``"write"`` or ``"add_columns"`` before each of them looks at the rows.
    """

    def __init__(
        self,
        name: str,
        headers: Sequence[str],
        rows: Iterable[Sequence[Cell]] = (),
        between: Callable[[str, MemorySource], None] | None = None,
    ) -> None:
        self._name = name
        self.grid: list[list[Cell]] = [list(headers), *(list(row) for row in rows)]
        self.between = between
        self.calls: list[str] = []
        self.stop = ""
        self.told: list[News] = []

    @property
    def label(self) -> str:
        """Return the name that was given."""
        return self._name

    def fingerprint(self) -> str:
        """Return the hash of all cells."""
        return hashlib.sha256(repr(self.grid).encode("utf-8", "surrogatepass")).hexdigest()

    def why_not_send(self) -> str:
        """Return what *stop* says."""
        return self.stop

    def tell(self, news: News) -> None:
        """Keep the news in *told*."""
        self.told.append(news)

    def read(self, wanted: Collection[str]) -> Sheet:
        """Return the cells as they are now; see `Source.read`. Later changes do not show in them."""
        self._step("read")
        header = self._header_at(wanted)
        return Sheet(
            name=self._name,
            header_row=header + 1,
            headers=written_headers(self.grid[header]) if self.grid else (),
            rows=[
                (number, [None if cell == "" else cell for cell in row])
                for number, row in enumerate(self.grid[header + 1 :], header + 2)
                if any(cell is not None and cell != "" for cell in row)
            ],
            fingerprint=self.fingerprint(),
        )

    def write(self, changes: Sequence[CellChange], keys: KeyRule) -> WriteResult:
        """Change cells where their leads are now; see `Source.write`."""
        self._step("write")
        if not changes:
            return WriteResult(())
        header = self._header_at(wanted_headers(changes, keys))
        headers = dict(enumerate(written_headers(self.grid[header])))
        targets = find_targets(self._name, headers, changes, keys)
        wanted = {change.key for change in changes}
        found: defaultdict[LeadKey, list[LeadRow]] = defaultdict(list)
        for number, row in enumerate(self.grid[header + 1 :], header + 2):
            key = keys.key_of(_cell(row, targets.key_column))
            if key in wanted:
                found[key].append(LeadRow(number, {at: _cell(row, at) for at in targets.columns.values()}))
        cells = settle(changes, targets, found)
        before = self.fingerprint()
        for cell in cells:
            if cell.outcome is CellOutcome.WRITTEN and not same_cell(cell.found, cell.change.new):
                _put(self.grid[cell.row - 1], targets.columns[cell.change.header], cell.change.new)
        return WriteResult(cells, before, self.fingerprint())

    def add_columns(self, headers: Sequence[str], beside: Collection[str]) -> None:
        """Write new headers right of the data; see `Source.add_columns`."""
        self._step("add_columns")
        header = self._header_at(beside)
        if not self.grid or not count_headers(self.grid[header], beside):
            raise SourceOutOfReach(
                f"{self._name} has no row with the headers {', '.join(sorted(beside))}; nothing was changed",
                fix="correct the headers under columns: in config.yaml",
            )
        there = columns_by_header(dict(enumerate(written_headers(self.grid[header]))))
        right = max(len(written_headers(row)) for row in self.grid[header:])
        for text in headers:
            if header_identity(text) not in there:
                _put(self.grid[header], right, text)
                right += 1

    def at(self, row: int, header: str) -> Cell:
        """Return one cell by its row number and header, as a person would look it up."""
        return _cell(self.grid[row - 1], self._column(header))

    def type(self, row: int, header: str, value: Cell) -> None:
        """Put a value into a cell, as a person would."""
        _put(self.grid[row - 1], self._column(header), value)

    def _column(self, header: str) -> int:
        row = self.grid[self._header_at([header])]
        return columns_by_header(dict(enumerate(written_headers(row))))[header_identity(header)][0]

    def _header_at(self, wanted: Collection[str]) -> int:
        filled = [at for at, row in enumerate(self.grid) if any(cell is not None and cell != "" for cell in row)]
        searched = filled[:SEARCHED_ROWS]
        return searched[best_header_row([self.grid[at] for at in searched], wanted)] if searched else 0

    def _step(self, name: str) -> None:
        self.calls.append(name)
        if self.between is not None:
            self.between(name, self)


def _cell(row: Sequence[Cell], column: int) -> Cell:
    return row[column] if column < len(row) else None


def _put(row: list[Cell], column: int, value: Cell) -> None:
    row.extend([None] * (column + 1 - len(row)))
    row[column] = value
