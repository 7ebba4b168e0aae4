"""Handing messages over: reserve, mark before the dot, settle; and knowing when to stop.

    reserve (durable) ──> MAIL, RCPT, DATA, body ──> gate + mark (durable) ──> the dot ──> answer ──> settle (durable)

Whatever is certain stays certain: before the mark nothing can have been delivered, after it only the answer tells.
Several connections share a transaction: their bodies go out, one commit marks them all, then their dots go out; the
answers are settled with the next marks, or alone when those are not there within two milliseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from automations.core.plan import Send
from automations.errors import Problem
from automations.sending.crew import Crew
from automations.sending.desk import AskAgain, Compose, Desk, OpenMailer
from automations.sending.supply import Supply
from automations.sending.tally import Tally

__all__ = ["AskAgain", "Compose", "Desk", "OpenMailer", "Sent", "send_all"]


@dataclass(frozen=True, slots=True)
class Sent:
    """What became of the emails of one run."""

    accepted: int = 0
    deferred: int = 0
    refused: int = 0
    in_doubt: int = 0
    held: int = 0
    problems: tuple[Problem, ...] = ()
    stopped: str = ""
    """Why the rest was not tried; "" when all were."""


def send_all(sends: Sequence[Send], desk: Desk) -> Sent:
    """Hand over *sends*, those of one sender in their order, and return what became of them.

    Stops early when somebody asks it to, and when the answers say that going on would do harm. What was reserved and
    not tried stays reserved: the next run hands over the same bytes.
    """
    tally = Tally()
    supply = Supply(sends, desk, tally)
    with ExitStack() as stack, Crew(desk, tally, stack) as crew:
        while True:
            desk.between()
            if supply.is_low and not tally.stopped:
                crew.settle()
                supply.refill()
            begun = crew.begin(supply, len(sends))
            if not (begun or crew.is_busy):
                break
            crew.turn()
    counts = tally.counts()
    return Sent(**counts, held=len(sends) - sum(counts.values()), problems=tuple(tally.problems), stopped=tally.why)
