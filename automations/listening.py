"""One look into the mailboxes, between two runs: what came back, what follows from it, and the sheet up to date."""

from __future__ import annotations

from dataclasses import dataclass

from automations.clock import Clock
from automations.collecting import Post, Say
from automations.core.effects import CameBack
from automations.doubts import clear_up
from automations.errors import PARTLY_DONE_EXIT_CODE, LeadwrightError
from automations.marks import refuse_strange
from automations.sheetwork import Done, do_without_email, hear
from automations.workplace import Work, Workplace, read_and_decide


@dataclass(frozen=True, slots=True)
class Heard:
    """What one look into the mailboxes brought, and what it wrote into the sheet. *run* is "" when it wrote nothing."""

    came_back: tuple[CameBack, ...] = ()
    run: str = ""
    cells_written: int = 0
    cells_skipped: int = 0
    notes: tuple[str, ...] = ()
    exit_code: int = 0


def listen(workplace: Workplace, clock: Clock, *, say: Say = lambda _what, _done, _total: None) -> Heard:
    """Read the mailboxes, record what follows, and bring the sheet up to date where it does; no email leaves to a lead.

    A lead that would get an email just now is left to the next run.
    """
    source = workplace.open_source()
    with workplace.open_ledger() as ledger, ledger.lock():
        refuse_strange(ledger, workplace.marks(source))
        clear_up(ledger, workplace.look_up, clock.now())
        post = Post(workplace, ledger, clock, say)
        post.collect()
        run = ledger.start_run("inbox", clock.now()) if post.changes_leads else ""
        work = Work(workplace, source, ledger, clock, run, say, lambda: False, post)
        sheet = _bring_up_to_date(work) if run else Done()
        sheet += hear(post, work)
        heard = Heard(
            came_back=tuple(post.mails),
            run=run,
            cells_written=sheet.written,
            cells_skipped=sheet.skipped,
            notes=sheet.notes,
            exit_code=PARTLY_DONE_EXIT_CODE if sheet.failed else 0,
        )
        if run:
            ledger.end_run(run, clock.now(), heard.exit_code, {"cells_written": sheet.written})
        return heard


def _bring_up_to_date(work: Work) -> Done:
    """Do what a run does for leads that get no email now; a sheet out of reach is a note, and waits."""
    try:
        decision = read_and_decide(work.place, work.source, work.ledger, work.clock.now()).decision
        # Columns are added by a run that a person said yes to.
        return Done() if decision.plan.new_columns else do_without_email(decision, work)
    except LeadwrightError as error:
        return Done(notes=(f"{error.what}; the sheet is brought up to date by the next run",), failed=True)
