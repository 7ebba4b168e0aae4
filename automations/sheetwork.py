"""What a run does besides emails to leads: cells, moves, what is to be remembered, and whom of us it tells."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from automations.collecting import Post
from automations.core.alerts import Alert, hot_lead_alerts
from automations.core.books import key_rule
from automations.core.history import Written
from automations.core.leads import Cell, CellChange, CellOutcome, LeadKey, Role, WrittenCell
from automations.core.plan import Known, RowUpdate
from automations.core.planning import Decision
from automations.crash import crash_at
from automations.errors import SourceBusy, SourceOutOfReach
from automations.telling import tell_replies
from automations.workplace import Work, read_and_decide


@dataclass(frozen=True, slots=True)
class Done:
    """What became of everything but emails to leads: cells written and left alone, and what a person should know.

    *before*, *after* and *backup* are those of the source's `WriteResult`.
    """

    written: int = 0
    skipped: int = 0
    notes: tuple[str, ...] = ()
    failed: bool = False
    before: str = ""
    after: str = ""
    backup: str = ""

    def __add__(self, other: Done) -> Done:
        return Done(
            self.written + other.written,
            self.skipped + other.skipped,
            self.notes + other.notes,
            self.failed or other.failed,
            self.before or other.before,
            other.after or self.after,
            self.backup or other.backup,
        )


def do_without_email(decision: Decision, work: Work) -> Done:
    """Do all of a decision that concerns leads who get no email in it: cells, moves, and what is to be remembered."""
    mailed = {send.key for send in decision.plan.sends}
    work.ledger.moves(work.run, [move for move in decision.plan.moves if move.key not in mailed])
    updates = [update for update in decision.plan.updates if update.key not in mailed]
    sheet, cells = _write_cells(updates, work)
    known = (each for each in decision.known if each.key not in mailed)
    hot = [each for each in decision.hot if each.key not in mailed]
    # Told before it is remembered: after a power cut in between, somebody hears of a hot lead twice and not never.
    told = tell(hot_lead_alerts(hot, work.place.policy), work)
    work.ledger.remember(work.run, _as_written(known, cells, work), work.clock.now())
    return sheet + told


def write_what_follows(work: Work, at_most: int | None, only: Collection[LeadKey] | None) -> Done:
    """Read again and write what follows from the emails that left. A sheet that is out of reach is only a view."""
    try:
        after = read_and_decide(work.place, work.source, work.ledger, work.clock.now(), at_most, only)
    except SourceOutOfReach as error:
        note = f"{error.what}. What was sent is recorded; the next run writes it into the sheet."
        return Done(notes=(note,), failed=True)
    return do_without_email(after.decision, work)


def tell(alerts: Iterable[Alert], work: Work) -> Done:
    """Send alerts; one that does not get through is noted, and stops nothing."""
    notes = [
        f"{alert.to} could not be told: {why}" for alert in alerts if (why := work.place.tell(alert, work.clock.now()))
    ]
    return Done(notes=tuple(notes), failed=bool(notes))


def hear(post: Post, work: Work) -> Done:
    """Tell what was answered to whoever is to know at once; and what could not be heard."""
    notes = (*post.notes.values(), *tell_replies(work.place, work.ledger, work.clock.now()))
    return Done(notes=notes, failed=bool(notes))


def cell_changes(updates: Iterable[RowUpdate]) -> list[CellChange]:
    """Return what a source is asked to write."""
    return [CellChange(key, row, column, old, new) for key, row, column, old, new, _ in updates]


def _write_cells(updates: Sequence[RowUpdate], work: Work) -> tuple[Done, Sequence[WrittenCell]]:
    if not updates:
        return Done(), ()
    work.say("writing the sheet", 0, len(updates))
    changes = cell_changes(updates)
    work.ledger.intend(work.run, changes)
    crash_at("after_intend")
    try:
        result = work.source.write(changes, key_rule(work.place.policy.columns))
    except SourceOutOfReach as error:
        said = error.what if isinstance(error, SourceBusy) else f"{error.what}."
        note = f"{said} {len(changes)} cells wait for the next run."
        skipped = [WrittenCell(change, CellOutcome.REFUSED, change.row, change.old, error.what) for change in changes]
        return Done(0, len(changes), (note,), failed=True), skipped
    crash_at("after_write")
    work.ledger.cells(work.run, result.cells, work.clock.now())
    left = [cell for cell in result.cells if cell.outcome is not CellOutcome.WRITTEN]
    notes = (*(_left_alone(cell) for cell in left), *result.notes)
    failed = bool(result.notes) or any(cell.outcome in _FAILED for cell in left)
    done = Done(
        written=len(changes) - len(left),
        skipped=len(left),
        notes=notes,
        failed=failed,
        before=result.before,
        after=result.after,
        backup=result.backup,
    )
    return done, result.cells


_LEFT = {
    CellOutcome.PERSON_WON: "someone edited it while we worked",
    CellOutcome.GONE: "the lead is no longer in the sheet",
    CellOutcome.DOUBLED: "the lead stands in more than one row",
    CellOutcome.REFUSED: "it cannot be written",
}


_FAILED = frozenset({CellOutcome.DOUBLED, CellOutcome.REFUSED})
"""What somebody has to put right; a person's edit or a deleted row is as it should be."""


def _left_alone(cell: WrittenCell) -> str:
    why = cell.detail or _LEFT[cell.outcome]
    return f"{cell.change.header} of {cell.change.key} was left alone: {why}"


def _as_written(known: Iterable[Known], cells: Sequence[WrittenCell], work: Work) -> list[Known]:
    """Return what to remember, without the values of cells that were not written: those are not ours."""
    headers = {header: role for role, header in work.place.policy.columns.owned}
    left = {
        (cell.change.key, headers[cell.change.header]): cell.change.old
        for cell in cells
        if cell.outcome is not CellOutcome.WRITTEN
    }
    if not left:
        return list(known)
    return [each._replace(written=_without(left, each)) for each in known]


def _without(left: Mapping[tuple[LeadKey, Role], Cell], known: Known) -> Written:
    roles, cells = known.written
    return Written(roles, tuple([left.get((known.key, role), cell) for role, cell in zip(roles, cells, strict=True)]))
