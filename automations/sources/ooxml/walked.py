"""What one walk over a whole sheet told, kept for the write after it while the file has the same bytes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from automations.core.leads import CellChange, KeyRule
from automations.sources.matching import Targets, find_targets
from automations.sources.ooxml.edits import Edit
from automations.sources.ooxml.inspection import SheetFacts
from automations.sources.ooxml.sheets import HeaderRow

MAX_WRITTEN_ROWS = 10_000
"""So many rows that we wrote ourselves are remembered; beyond that the sheet is looked at anew."""


@dataclass(frozen=True, slots=True)
class Walked:
    """A sheet as it is in the version of the file whose bytes have the hash *digest*.

    *written* are rows in which we changed cells since they were handed out.
    """

    digest: str
    header: HeaderRow
    facts: SheetFacts
    written: frozenset[int] = frozenset()

    def covers(self, digest: str, changes: Sequence[CellChange]) -> bool:
        """Whether the rows and old values of *changes* are those of the version with this hash, the same as ours."""
        return digest == self.digest and all(
            change.row > self.header.row and change.row not in self.written for change in changes
        )

    def targets(self, label: str, changes: Sequence[CellChange], keys: KeyRule) -> Targets:
        """Return the columns that *changes* are about."""
        return find_targets(label, self.header.headers, changes, keys)

    def forbidden(self, changes: Sequence[CellChange], targets: Targets) -> Mapping[int, Mapping[int, str]]:
        """Return by row and column why a cell must not be written, but for formulas, which show when it is."""
        reasons: defaultdict[int, dict[int, str]] = defaultdict(dict)
        if not self.facts.forbids_nothing:
            columns = targets.columns
            cells = [(each.row, columns[each.header]) for each in changes if each.header in columns]
            for (row, column), reason in self.facts.forbidden(cells).items():
                reasons[row][column] = reason
        return reasons

    def after(self, digest: str, rows: Collection[int]) -> Walked | None:
        """Return the same sheet after we wrote cells of *rows*; None when those are too many to remember."""
        if len(rows) + len(self.written) > MAX_WRITTEN_ROWS:
            return None
        return replace(self, digest=digest, written=self.written.union(rows))

    def with_headers(self, digest: str, added: Mapping[int, Edit]) -> Walked:
        """Return the same sheet after new headers were written, by column, over empty cells."""
        headers = {**self.header.headers, **{column: str(edit.value) for column, edit in added.items()}}
        return replace(self, digest=digest, header=replace(self.header, headers=headers))
