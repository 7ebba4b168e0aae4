"""Rows as most programs write them, patched fast: one pattern for cells that stand side by side.

A row that is written in any other way is left to `rows`; the two ways give the same bytes, and a test compares them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from automations.core.leads import Cell
from automations.sources.ooxml.edits import Edit, RowEdits
from automations.sources.ooxml.references import column_letters, column_number
from automations.sources.ooxml.stream import RowSpan

_SPANS = re.compile(rb' spans="([0-9]+):([0-9]+)"')


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring columns that are written together: their cells, all optional, are one match of *pattern*."""

    columns: tuple[int, ...]
    names: tuple[bytes, ...]
    """How the tag of each cell begins, up to the row's number."""
    pattern: re.Pattern[bytes]


@lru_cache(maxsize=256)
def runs_of(prefix: bytes, columns: tuple[int, ...]) -> tuple[Run, ...]:
    """Return *columns* in runs of neighbours, in order."""
    ordered = sorted(columns)
    starts = [at for at in range(len(ordered)) if at == 0 or ordered[at] != ordered[at - 1] + 1]
    pieces = [tuple(ordered[start:end]) for start, end in zip(starts, [*starts[1:], len(ordered)], strict=True)]
    return tuple(_run(prefix, each) for each in pieces)


def _run(prefix: bytes, columns: tuple[int, ...]) -> Run:
    p = prefix
    names = tuple(b'<%bc r="%b' % (p, column_letters(column)) for column in columns)
    space = rb"(?: xml:space=\"preserve\")?+"
    value = rb"(?:<%bv>[^<]*+</%bv>|<%bis><%bt%b>[^<]*+</%bt></%bis>)?+" % (p, p, p, p, space, p, p)
    cell = rb"(?:%b[0-9]++\"((?: s=\"[0-9]++\")?+)(?: t=\"[A-Za-z]++\")?+(?:/>|>%b</%bc>))?+"
    return Run(columns, names, re.compile(b"".join(cell % (name, value, p) for name in names)))


@dataclass(frozen=True, slots=True)
class PlainRows:
    """Patches rows of one sheet. *content* makes the rest of a cell that has these attributes, *new_cell* a new one."""

    prefix: bytes
    content: Callable[[Cell, bytes], bytes]
    new_cell: Callable[[int, int, Edit, bytes], bytes]

    def patched(self, data: bytes, row: RowSpan, edits: RowEdits) -> bytes | None:
        """Return the row with *edits* done; None when one of its cells is not written plainly."""
        if row.closes_itself:
            return None
        number = b'%d"' % row.number
        pieces: list[bytes] = []
        at, look = row.start, row.tag_end
        for run in runs_of(self.prefix, tuple(edits)):
            start = self._start(data, row, run, look, number)
            if start < 0:
                return None
            found = run.pattern.match(data, start, row.end)
            kept = found.groups() if found else ()
            look = found.end() if found else row.end
            if not self._ends_after(data, look, row.end, run.columns[-1]):
                return None
            if None in kept and not _is_in_spans(data, row, run.columns):
                return None
            pieces.append(data[at:start])
            self._add_cells(pieces, data[row.start : row.tag_end], row.number, run, kept, edits)
            at = look
        pieces.append(data[at : row.end])
        return b"".join(pieces)

    def _add_cells(
        self,
        pieces: list[bytes],
        row_tag: bytes,
        number: int,
        run: Run,
        kept: Sequence[bytes | None],
        edits: RowEdits,
    ) -> None:
        named = b'%d"' % number
        for column, name, style in zip(run.columns, run.names, kept, strict=True):
            edit = edits[column]
            if style is None:
                pieces.append(self.new_cell(number, column, edit, row_tag))
            else:
                pieces += (name, named, style, self.content(edit.value, style))

    def _start(self, data: bytes, row: RowSpan, run: Run, look: int, number: bytes) -> int:
        """Return where the first cell of a run stands or belongs; -1 when that cannot be told for sure."""
        first = run.columns[0]
        start = data.find(run.names[0] + number, look, row.end)
        if start >= 0:
            return start
        last = data.rfind(b"<%bc" % self.prefix, look, row.end)
        if last < 0 or self._is_before(data, last, first):
            return self._end_of_cells(data, last, look, row.end)
        for name in run.names[1:]:
            start = data.find(name + number, look, row.end)
            if start >= 0:
                before = data.rfind(b"<%bc" % self.prefix, look, start)
                return start if before < 0 or self._is_before(data, before, first) else -1
        return -1

    def _is_before(self, data: bytes, at: int, column: int) -> bool:
        """Whether the cell at a place is named and stands left of *column*."""
        found = _named(self.prefix).match(data, at)
        return found is not None and column_number(found[1]) < column

    def _end_of_cells(self, data: bytes, last: int, look: int, end: int) -> int:
        """Return where the cells of a row end whose last one starts at *last*; -1 when something follows them."""
        place = data.rfind(b"</%brow>" % self.prefix, look, end)
        if last < 0:
            return place if place == look else -1
        closes = data.endswith(b"</%bc>" % self.prefix, last, place) if place >= 0 else False
        closes_itself = place >= 0 and data.endswith(b"/>", last, place) and data.rfind(b"<", last, place) == last
        return place if closes or closes_itself else -1

    def _ends_after(self, data: bytes, at: int, end: int, column: int) -> bool:
        """Whether what follows a run is the end of the row or a named cell right of *column*."""
        if data.startswith(b"</%brow>" % self.prefix, at, end):
            return True
        found = _named(self.prefix).match(data, at, end)
        return found is not None and column_number(found[1]) > column


@lru_cache(maxsize=16)
def _named(prefix: bytes) -> re.Pattern[bytes]:
    return re.compile(rb"<%bc r=\"([A-Z]{1,3})[0-9]" % prefix)


def _is_in_spans(data: bytes, row: RowSpan, columns: Sequence[int]) -> bool:
    """Whether a row's hint where its cells are still holds when it has cells in *columns*."""
    spans = _SPANS.search(data, row.start, row.tag_end)
    return spans is None or (int(spans[1]) <= columns[0] and columns[-1] <= int(spans[2]))
