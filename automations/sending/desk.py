"""Where emails leave from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from automations.clock import Clock
from automations.core.messages import Outgoing
from automations.core.plan import Send
from automations.ledger import Ledger
from automations.mail import Mailer

Compose = Callable[[Send], Outgoing]
"""Makes the bytes of a message that is not stored yet."""

OpenMailer = Callable[[str], Mailer]
"""Returns the mailer of a sender, by the sender's name."""

AskAgain = Callable[[Send, datetime], str]
"""Asked right before the dot: why this email must not leave any more, or ""."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where emails leave from: everything handing over needs."""

    ledger: Ledger
    run: str
    clock: Clock
    compose: Compose
    open_mailer: OpenMailer
    ask_again: AskAgain
    stopping: Callable[[], bool]
    say: Callable[[str, int, int], None]
    between: Callable[[], object] = lambda: None
    """Called between two turns, while nothing is at the gate: whatever should happen from time to time."""
