"""Where leads live. A source fetches and hands over; it decides nothing.

A new source is one module here and one line in `config`'s table of sources.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from automations.core.leads import CellChange, KeyRule, Sheet, WriteResult
from automations.errors import Problem


@dataclass(frozen=True, slots=True)
class News:
    """What a team should see of the last run, where its leads live: *lines* as (what, how it stands).

    *rows* are the rows that cannot be used, each with where it stands.
    """

    lines: tuple[tuple[str, str], ...]
    rows: tuple[Problem, ...] = ()


class Source(Protocol):
    """One tab, workbook or CSV file of leads."""

    @property
    def label(self) -> str:
        """Return what people call it: ``leads.xlsx``."""
        ...

    def read(self, wanted: Collection[str]) -> Sheet:
        """Return the cells. The header row is the one, among the first 20, with most of the *wanted* headers.

        Raises SourceOutOfReach when it cannot be read, with what to do.
        """
        ...

    def write(self, changes: Sequence[CellChange], keys: KeyRule) -> WriteResult:
        """Change cells, each in its lead's own row wherever that is now, or not at all.

        The source is read again first; a cell that no longer holds *old* is left to the person who changed it.
        A file that still has the bytes of the last `read`, by their hash, need not be: rows and old values are taken
        from *changes*, which come from that read. A change with row 0 does not; its lead is looked for.
        All of it happens or none of it. Raises SourceBusy when somebody has it open, SourceOutOfReach otherwise.
        """
        ...

    def add_columns(self, headers: Sequence[str], beside: Collection[str]) -> None:
        """Write new headers at the right end of the header row, which is found by *beside*, the headers it has.

        A header that is there already is left alone. Raises as `write` does.
        """
        ...

    def fingerprint(self) -> str:
        """Return what changes when the stored bytes do, without reading them all if that can be helped."""
        ...

    def why_not_send(self) -> str:
        """Return why nobody is to be mailed now, as somebody said where the leads live; "" when nobody did.

        Never older than 30 seconds. Raises SourceOutOfReach when it cannot be asked.
        """
        ...

    def tell(self, news: News) -> None:
        """Show people the news in the sheet itself, if it has a place for them. Raises as `write` does."""
        ...
