"""Emails that have their turn at a minute of the day: between two runs, each is sent when its minute has come.

A run decides which, and puts their minutes on record. What is sent here is asked everything again, for the few leads
whose minute it is, in the very way of a run; nothing joins that no run has shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime

from automations.clock import Clock, never
from automations.runner import RunReport, run
from automations.workplace import Workplace


def send_in_turn(workplace: Workplace, clock: Clock, *, stopping: Callable[[], bool] = never) -> RunReport | None:
    """Send the emails whose minute has come, and return what came of it; None when there are none.

    Raises what `runner.run` does.
    """
    with workplace.open_ledger() as ledger:
        leads = ledger.awaited(clock.now())
    if not leads:
        return None
    return run(workplace, clock, approve=lambda _: "", only=frozenset(leads), stopping=stopping)


def send_until(
    workplace: Workplace, clock: Clock, end: datetime, *, stopping: Callable[[], bool] = never
) -> Iterator[RunReport]:
    """Wait for the minutes of emails up to *end*, and yield what came of each; stops early when *stopping* says so."""
    while not stopping():
        with workplace.open_ledger() as ledger:
            minute = ledger.next_minute(clock.now())
        if minute is None or minute > end or not clock.sleep(minute - clock.now(), stopping):
            return
        if report := send_in_turn(workplace, clock, stopping=stopping):
            yield report
