"""The tab Automations: what the last run did, what cannot be used, and the box that stops all sending."""

from __future__ import annotations

from automations.sources.google.grid import Tab
from automations.sources.google.layout import rows_of

TITLE = "Automations"
PAUSED = "Paused"
"""Stands left of the box. It is looked for by this word, wherever people have moved it to."""


def is_paused(panel: Tab) -> bool:
    """Return whether somebody ticked the box."""
    return any(PAUSED in cells and True in cells[cells.index(PAUSED) + 1 :] for _, cells in rows_of(panel))
