"""The cells that runs wrote or left alone: one row for all cells of a lead that a run touched at once.

What became of a cell is told in full only where it is not what was wanted, which is rare.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby

from automations.core.leads import Cell, CellChange, CellOutcome, LeadKey, WrittenCell
from automations.ledger import Entry
from automations.ledger.database import Database
from automations.ledger.values import encode, to_moment, untag


def record(database: Database, batch: int, cells: Sequence[WrittenCell]) -> None:
    """Store cells, in their order."""
    database.executemany(
        "INSERT INTO cells (batch, number, lead_key, read_row, row, cells) VALUES (?, ?, ?, ?, ?, ?)",
        (
            (batch, number, key, read_row, row, encode([_stored(cell) for cell in of_lead]))
            for number, ((key, read_row, row), of_lead) in enumerate(groupby(cells, _lead))
        ),
    )


def _lead(cell: WrittenCell) -> tuple[LeadKey, int, int]:
    return cell.change.key, cell.change.row, cell.row


def _stored(cell: WrittenCell) -> tuple[Cell, ...]:
    change, outcome, _, found, detail = cell
    if outcome is CellOutcome.WRITTEN and found.__class__ is change.old.__class__ and found == change.old:
        return (change.header, change.old, change.new)
    return (change.header, change.old, change.new, outcome, found, detail)


def of_run(database: Database, run: str) -> Iterator[WrittenCell]:
    """Yield the cells that a run changed or left alone, in the order they were recorded."""
    rows = database.execute(
        "SELECT lead_key, read_row, row, cells FROM cells JOIN batches ON batches.id = batch"
        " WHERE run = ? ORDER BY batch, number",
        (run,),
    )
    for key, read_row, row, stored in rows:
        yield from _cells(LeadKey(key), read_row, row, stored)


def of_lead(database: Database, key: LeadKey) -> Iterator[Entry]:
    """Yield what became of the cells of one lead, in the order they were recorded."""
    rows = database.execute(
        "SELECT batches.at, run, read_row, row, cells FROM cells JOIN batches ON batches.id = batch"
        " WHERE lead_key = ? ORDER BY batch, number",
        (key,),
    )
    for at, run, read_row, row, stored in rows:
        for cell in _cells(key, read_row, row, stored):
            facts = {
                "run": run,
                "row": row,
                "column": cell.change.header,
                "old": _plain(cell.change.old),
                "new": _plain(cell.change.new),
                "outcome": cell.outcome.value,
                "found": _plain(cell.found),
                "detail": cell.detail,
            }
            yield Entry(to_moment(at), "cell", facts)


def _cells(key: LeadKey, read_row: int, row: int, stored: str) -> Iterator[WrittenCell]:
    for header, old, new, *rest in json.loads(stored):
        outcome, found, detail = rest or (CellOutcome.WRITTEN, old, "")
        change = CellChange(key, read_row, header, untag(old), untag(new))
        yield WrittenCell(change, CellOutcome(outcome), row, untag(found), detail)


def _plain(cell: Cell) -> str | int | float | bool | None:
    return cell if cell is None or isinstance(cell, (str, int, float)) else str(cell)
