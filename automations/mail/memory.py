"""A mailer that is a function: for rehearsals and tests."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self

from automations.core.messages import BeforeDot, Hand, Outcome, Outgoing

Answer = Callable[[Outgoing], Outcome]


def accept(message: Outgoing) -> Outcome:
    """Return that the message was taken."""
    del message
    return Outcome(Hand.ACCEPTED, reply="250 taken")


class MemoryMailer:
    """Hands messages to *answer*, once the gate before the dot is passed, and keeps them in *handed_over*.

    *early* is asked before the gate: an outcome it gives ends the hand-over there, as an answer to RCPT does.
    """

    def __init__(self, answer: Answer = accept, early: Callable[[Outgoing], Outcome | None] = lambda _: None) -> None:
        self._answer = answer
        self._early = early
        self.handed_over: list[Outgoing] = []
        """Every message whose end was sent, in order, whatever the answer was."""

    def __enter__(self) -> Self:
        """Return the mailer; there is nothing to open."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing; there is nothing to close."""

    def send(self, message: Outgoing, before_dot: BeforeDot) -> Outcome:
        """Hand one message over; see `automations.mail.Mailer`."""
        early = self._early(message)
        if early is not None:
            return early
        if not before_dot():
            return Outcome(Hand.HELD, reply="held before the end of the message")
        self.handed_over.append(message)
        return self._answer(message)
