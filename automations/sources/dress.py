"""What a sheet of the team's may get once, besides cells: a drop-down of stages, colours for segments."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class Dress:
    """The columns to dress by their headers; *stages* and *segments* from first to last. An empty header means none."""

    stage_header: str = ""
    stages: tuple[str, ...] = ()
    segment_header: str = ""
    segments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dressed:
    """What was done: the headers of columns that got something, and of those that had it already; a *tab* we made."""

    added: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
    tab: str = ""


@runtime_checkable
class Dressable(Protocol):
    """A source that can be dressed."""

    def dress(self, dress: Dress, beside: Collection[str]) -> Dressed:
        """Put a drop-down and colours on the tab, once; the header row is found by *beside*. Raises as `write` does."""
        ...
