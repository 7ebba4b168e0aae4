"""The connections of all senders at work, in one thread: who is at which step, and one transaction for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

from automations.core.messages import Hand, Outcome, Outgoing
from automations.core.plan import Send
from automations.crash import crash_at
from automations.ledger import Ended
from automations.mail import Mailer
from automations.mail.answers import retry_time
from automations.mail.lanes import HandOver, HasLanes, HasServer, Lane, Need, wait
from automations.sending.desk import Desk
from automations.sending.supply import Supply
from automations.sending.tally import Tally

TOGETHER_SECONDS = 0.002
"""How long an answer waits to be settled in one transaction with the next mark. A crash in that time leaves in doubt
what was answered; on a server that is not on this machine the next mark is further away, and the settling is alone."""


@dataclass(slots=True)
class _Job:
    """One message on its way over one connection."""

    send: Send
    lane: Lane
    steps: HandOver
    need: Need = Need.HEAR
    is_marked: bool = False
    why_held: str = ""


class Crew:
    """What hands messages over. As a context: what is between dot and answer when an error comes is waited for."""

    def __init__(self, desk: Desk, tally: Tally, stack: ExitStack) -> None:
        self._desk = desk
        self._tally = tally
        self._stack = stack
        self._mailers: dict[str, tuple[Mailer, Sequence[Lane]]] = {}
        self._jobs: dict[Lane, _Job] = {}
        self._ended: list[Ended] = []
        self._begun = 0

    def __enter__(self) -> Self:
        """Return the crew; connections open when they are needed."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of what has not left; settle what has, as far as the ledger lets us."""
        for job in [job for job in self._jobs.values() if not job.is_marked]:
            self._drop(job)
        if error is None or isinstance(error, Exception):
            while self._jobs:
                self._listen(None)
        if error is None:
            self.settle()
            return
        # It is the first error that is told; what cannot be settled is in doubt at the next start.
        with suppress(Exception):
            self.settle()
        for job in list(self._jobs.values()):
            self._drop(job)

    @property
    def is_busy(self) -> bool:
        """Return whether a message is on its way, or its end not on record."""
        return bool(self._jobs or self._ended)

    def begin(self, supply: Supply, total: int) -> bool:
        """Give every free connection its next message; return whether any was begun."""
        before = self._begun
        for sender in supply.senders:
            while not self._is_over():
                mailer, lanes = self._mailer(sender)
                lane = next((lane for lane in lanes if lane not in self._jobs), None)
                if lane is None and lanes:
                    break
                ready = supply.take(sender)
                if ready is None:
                    break
                self._desk.say("sending emails", self._begun, total)
                self._begun += 1
                send, message = ready
                if self._tally.is_over_for(send):
                    continue
                if lane is None:
                    self._hand_over_alone(send, message, mailer)
                else:
                    self._go_on(_Job(send, lane, lane.hand_over(message)), None)
        return self._begun > before

    def _is_over(self) -> bool:
        if not self._tally.stopped and self._desk.stopping():
            self._tally.stopped = "stopped by a person"
        return bool(self._tally.stopped)

    def _mailer(self, sender: str) -> tuple[Mailer, Sequence[Lane]]:
        if sender not in self._mailers:
            mailer = self._stack.enter_context(self._desk.open_mailer(sender))
            self._mailers[sender] = mailer, mailer.lanes if isinstance(mailer, HasLanes) else ()
            if isinstance(mailer, HasServer):
                self._tally.meet(sender, mailer.server)
        return self._mailers[sender]

    def _hand_over_alone(self, send: Send, message: Outgoing, mailer: Mailer) -> None:
        """Hand one message over by a mailer that knows no steps."""
        why_held = ""

        def before_dot() -> bool:
            nonlocal why_held
            (why_held,) = self._exchange([send])
            return not why_held

        self._end(send, mailer.send(message, before_dot), why_held)
        self.settle()

    def turn(self) -> None:
        """Take whatever steps can be taken; when no server has more to say, ask the gate for all that stand at it."""
        ready = [job for job in self._jobs.values() if job.need is Need.AT_THE_DOT]
        # Whoever stands at the gate does not wait for those who are still talking.
        patience = 0.0 if ready else TOGETHER_SECONDS if self._ended else None
        if self._listen(patience) or not (ready or self._ended):
            return
        if ready:
            crash_at("after_body")
        for job, why in zip(ready, self._exchange([job.send for job in ready]), strict=True):
            job.why_held, job.is_marked = why, not why
            self._go_on(job, not why)

    def _listen(self, at_most: float | None) -> bool:
        """Go on with every hand-over whose server has spoken, or kept silent too long; return whether any was there."""
        listening = [lane for lane, job in self._jobs.items() if job.need is Need.HEAR]
        heard = wait(listening, at_most) if listening else {}
        for lane, has_spoken in heard.items():
            self._go_on(self._jobs[lane], has_spoken)
        return bool(heard)

    def _go_on(self, job: _Job, answer: bool | None) -> None:
        try:
            job.need = next(job.steps) if answer is None else job.steps.send(answer)
        except StopIteration as end:
            self._jobs.pop(job.lane, None)
            self._end(job.send, end.value, job.why_held)
        else:
            self._jobs[job.lane] = job

    def _drop(self, job: _Job) -> None:
        del self._jobs[job.lane]
        job.steps.close()

    def _end(self, send: Send, outcome: Outcome, why_held: str) -> None:
        now = self._desk.clock.now()
        next_try = None
        if outcome.hand is Hand.DEFERRED:
            next_try = max(
                retry_time(send.tries + 1, now, send.message), now + outcome.retry_after if outcome.retry_after else now
            )
        self._ended.append(Ended(send.message, outcome, now, next_try))
        self._tally.note(send, outcome, why_held)

    def settle(self) -> None:
        """Put on record what has ended."""
        if self._ended:
            self._exchange([])

    def _exchange(self, sends: Sequence[Send]) -> tuple[str, ...]:
        """Put on record what has ended, and mark *sends*: in one transaction. Return why each must not go, or ""."""
        now = self._desk.clock.now()
        gates = {send.message: partial(self._desk.ask_again, send, now) for send in sends}
        whys = self._desk.ledger.settle_and_mark(self._desk.run, self._ended, gates, now)
        self._ended = []
        return tuple(whys[send.message] for send in sends)
