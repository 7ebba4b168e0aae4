"""What shall change in a sheet: values by row and column."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from automations.core.leads import Cell


class Edit(NamedTuple):
    """What one cell shall say. *style* is for a cell that is not there yet; a cell that is keeps its own."""

    value: Cell
    style: bytes | None = None


RowEdits = Mapping[int, Edit]
"""Edits of one row by column."""

SheetEdits = Mapping[int, RowEdits]
"""Edits of one sheet by row, then by column."""
