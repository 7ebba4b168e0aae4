"""Finding leads in a sheet by their keys, in one walk over all rows, with what their cells hold now."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from automations.core.leads import Cell, CellChange, KeyRule, LeadKey
from automations.sources.matching import LeadRow, Targets, find_targets, wanted_headers
from automations.sources.ooxml.cells import CellReader, raw_cells
from automations.sources.ooxml.inspection import FORMULA, Inspection, SheetFacts, columns_with_formulas
from automations.sources.ooxml.references import column_letters
from automations.sources.ooxml.rowreading import RowReader
from automations.sources.ooxml.sheets import OpenSheet, take_header
from automations.sources.ooxml.stream import Block, RowSpan


@dataclass(frozen=True, slots=True)
class FoundLeads:
    """Where columns and leads are now, and what was learned about the sheet on the way."""

    targets: Targets
    rows: Mapping[LeadKey, Sequence[LeadRow]]
    facts: SheetFacts


def find_leads(sheet: OpenSheet, changes: Sequence[CellChange], keys: KeyRule, label: str) -> FoundLeads:
    """Return where the columns and the leads of *changes* are now."""
    stream = sheet.stream()
    inspection = Inspection(stream)
    reader = sheet.reader(stream.prefix)
    header, blocks = take_header(inspection.blocks(), reader, wanted_headers(changes, keys))
    targets = find_targets(label, header.headers, changes, keys)
    look = _Look.at(reader, targets)
    wanted = {change.key for change in changes}
    found: defaultdict[LeadKey, list[LeadRow]] = defaultdict(list)
    for block in blocks:
        at = 0
        for number, cell in look.keys(block):
            key = keys.key_of(cell)
            if number > header.row and key in wanted and (row := block.find(number, at)):
                found[key].append(look.lead_row(block, row))
                at = row.end
    facts = inspection.facts()
    return FoundLeads(targets, _with_forbidden(facts, targets, found), facts)


@dataclass(frozen=True, slots=True)
class _Look:
    """How the key and the cells of one row are looked at."""

    reader: CellReader
    key_column: int
    key: re.Pattern[bytes]
    columns: tuple[int, ...]
    rows: RowReader

    @classmethod
    def at(cls, reader: CellReader, targets: Targets) -> _Look:
        """Return the look at the columns of *targets*."""
        p = reader.prefix
        plain = rb"<%bc r=\"%b([0-9]{1,7})\"([^>]*+)>(?:<%bv>|<%bis><%bt>)([^<]++)<"
        columns = tuple(sorted(set(targets.columns.values())))
        return cls(
            reader,
            targets.key_column,
            re.compile(plain % (p, column_letters(targets.key_column), p, p, p)),
            columns,
            RowReader(reader, min(columns, default=1), max(columns, default=1)),
        )

    def keys(self, block: Block) -> Iterator[tuple[int, Cell]]:
        """Return the key of every row that has one, with the row's number."""
        if not block.is_masked:
            found = self.key.findall(block.data)
            # When there are as many as rows, each stands in its own row and none is written in another way.
            if found and len(found) == block.data.count(b"<%brow" % self.reader.prefix):
                numbers, tags, raws = zip(*found, strict=True)
                yield from zip(map(int, numbers), self.rows.values(tags, raws), strict=True)
                return
        for row in block.rows:
            cells = raw_cells(block, row, self.reader.prefix)
            cell = next((self.reader.cell(block, cell) for cell in cells if cell.column == self.key_column), None)
            if cell is not None:
                yield row.number, cell

    def lead_row(self, block: Block, row: RowSpan) -> LeadRow:
        """Return what the row of a lead holds in the columns we look at."""
        cells = self.rows.row(block, row)
        first = self.columns[0] if self.columns else 1
        values = {column: cells[column - first] for column in self.columns} if cells else {}
        return LeadRow(row.number, values, self._formulas(block, row))

    def _formulas(self, block: Block, row: RowSpan) -> dict[int, str]:
        return dict.fromkeys(columns_with_formulas(block, row, self.reader.prefix), FORMULA)


def _with_forbidden(
    facts: SheetFacts, targets: Targets, found: Mapping[LeadKey, Sequence[LeadRow]]
) -> Mapping[LeadKey, Sequence[LeadRow]]:
    """Return the rows with what is known only after the whole sheet was seen: merges, protection, spills."""
    if facts.forbids_nothing:
        return found
    cells = [(lead.row, column) for rows in found.values() for lead in rows for column in targets.columns.values()]
    reasons: defaultdict[int, dict[int, str]] = defaultdict(dict)
    for (row, column), reason in facts.forbidden(cells).items():
        reasons[row][column] = reason
    return {
        key: [replace(lead, forbidden={**lead.forbidden, **reasons.get(lead.row, {})}) for lead in rows]
        for key, rows in found.items()
    }
