"""What the mail server for rehearsals is told to do: an answer for every moment, as a function or a table."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Moment:
    """A point at which the server is about to answer.

    *phase* is greeting, ehlo, starttls, auth, mail, rcpt, data, body (before it is read), dot, rset, noop or quit.
    *connection* and *transaction* count from 1; transactions (MAIL commands) over all connections, 0 before the first.
    """

    phase: str
    connection: int
    transaction: int
    line: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server does instead of what is right: wait *seconds*, say *octets*, *close* the connection.

    *store* counts at the dot only: None stores the message when the answer is a 2yz, or when nothing is said.
    """

    octets: bytes = b""
    close: bool = False
    seconds: float = 0.0
    store: bool | None = None


Script = Callable[[Moment], Answer | None]
"""Asked at every moment; None does what is right."""


def obliging(moment: Moment) -> Answer | None:
    """Return that the server does what is right."""
    del moment
    return None


def script(answers: Mapping[tuple[int, str], Answer]) -> Script:
    """Return a script that answers by (transaction, phase); before the first MAIL, the transaction is 0."""
    return lambda moment: answers.get((moment.transaction, moment.phase))


_BAD_DAYS: tuple[tuple[str, Answer], ...] = (
    ("mail", Answer(b"421 4.3.2 back later", close=True)),
    ("mail", Answer(close=True)),
    ("rcpt", Answer(b"451 4.7.1 greylisted, come again")),
    ("rcpt", Answer(close=True)),
    ("rcpt", Answer(b"550 5.1.1 no such user")),
    ("data", Answer(b"451 4.3.0 not now")),
    ("body", Answer(close=True)),
    ("body", Answer(b"452 4.3.1 no room", close=True)),
    ("dot", Answer(b"451 4.3.0 not now")),
    ("dot", Answer(b"554 5.6.0 this cannot be read")),
    ("dot", Answer(b"250 2.0.0 taken", seconds=0.02)),
    ("dot", Answer(close=True, store=True)),
    ("dot", Answer(close=True, store=True, seconds=0.01)),
    ("dot", Answer(close=True, store=False)),
    ("dot", Answer(b"xyz", close=True, store=True)),
    ("dot", Answer(b"421 4.3.2 back later", close=True)),
    ("quit", Answer(b"500 5.0.0 no", close=True)),
)


def bad(share: float, seed: int) -> Script:
    """Return a script by which a *share* (0 to 1) of all transactions goes wrong, each in one of many ways.

    The same *seed* gives the same day: what happens depends on the transaction's number only.
    """

    def answer(moment: Moment) -> Answer | None:
        chance = random.Random(f"{seed}:{moment.transaction}")  # noqa: S311 - repeatable weather, no secret
        if chance.random() >= share:
            return None
        phase, what = chance.choice(_BAD_DAYS)
        return what if phase == moment.phase else None

    return answer
