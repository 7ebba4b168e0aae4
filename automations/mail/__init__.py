"""How email leaves. A mailer hands messages over and says what came of it; it decides nothing.

A new mailer is one module here and one line in `config`'s table of mailers.
"""

from __future__ import annotations

from types import TracebackType
from typing import Protocol, Self

from automations.core.messages import BeforeDot, Outcome, Outgoing


class Mailer(Protocol):
    """What hands messages over, one after another, for one sender. A context manager: it may keep a connection."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def send(self, message: Outgoing, before_dot: BeforeDot) -> Outcome:
        """Hand one message over.

        *before_dot* is called exactly once when nothing but the end of the message is missing, and not at all when
        it does not come to that. When it returns False the message is not delivered, and the outcome is HELD.
        Never raises for what a server or network does: that is an outcome. Before the dot nothing can be in doubt.
        """
        ...
