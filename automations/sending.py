"""Handing messages over: reserve, mark before the dot, settle; and knowing when to stop.

    reserve (durable) ──> MAIL, RCPT, DATA, body ──> gate + mark (durable) ──> the dot ──> answer ──> settle (durable)

Whatever is certain stays certain: before the mark nothing can have been delivered, after it only the answer tells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime

from automations.clock import Clock
from automations.core.messages import Fault, Hand, MessageKey, Outcome, Outgoing
from automations.core.plan import Send
from automations.errors import Problem
from automations.ledger import Ledger
from automations.mail import Mailer
from automations.mail.answers import retry_time

Compose = Callable[[Send], Outgoing]
"""Makes the bytes of a message that is not stored yet."""

OpenMailer = Callable[[str], Mailer]
"""Returns the mailer of a sender, by the sender's name."""

AskAgain = Callable[[Send, datetime], str]
"""Asked right before the dot: why this email must not leave any more, or ""."""

BATCH = 50
"""How many messages are reserved in one transaction: their bytes are all that is held in memory."""


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


@dataclass(frozen=True, slots=True)
class _Patience:
    """After how many outcomes of one fault in a run we stop, for the sender alone or for everybody."""

    at: int
    everybody: bool
    why: str


_PATIENCE: Mapping[Fault, _Patience] = {
    Fault.ACCOUNT: _Patience(1, everybody=True, why="the mail server does not accept our login or sender"),
    Fault.QUOTA: _Patience(1, everybody=False, why="the mail server says the sender has reached its limit"),
    Fault.POLICY: _Patience(3, everybody=True, why="three emails were refused as unwanted"),
    Fault.SERVER: _Patience(5, everybody=True, why="the mail server did not answer properly five times"),
}
_COUNTED = {Hand.ACCEPTED: "accepted", Hand.DEFERRED: "deferred", Hand.REFUSED: "refused", Hand.IN_DOUBT: "in_doubt"}


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


class _Tally:
    """What one run has seen of each sender: the only thing here that changes."""

    def __init__(self) -> None:
        self.hands: Counter[str] = Counter()
        self.faults: Counter[tuple[Fault, str]] = Counter()
        self.problems: list[Problem] = []
        self.stopped_senders: dict[str, str] = {}
        self.stopped = ""

    def note(self, send: Send, outcome: Outcome, why_held: str) -> None:
        self.hands[_COUNTED.get(outcome.hand, "held")] += 1
        where = f"{send.sequence}, {send.step} to {send.key}"
        if outcome.hand is Hand.HELD:
            self.problems.append(Problem(where, f"not sent: {why_held}"))
        elif outcome.hand is not Hand.ACCEPTED:
            self.problems.append(Problem(where, f"{outcome.hand.value}: {outcome.reply}", _REMEDY[outcome.hand]))
        self._lose_patience(send, outcome)

    def _lose_patience(self, send: Send, outcome: Outcome) -> None:
        patience = _PATIENCE.get(outcome.fault)
        if patience is None or outcome.hand is Hand.HELD:
            return
        whose = "" if patience.everybody else send.sender
        self.faults[outcome.fault, whose] += 1
        if self.faults[outcome.fault, whose] < patience.at:
            return
        why = f"{patience.why}: {outcome.reply}"
        if patience.everybody:
            self.stopped = why
        else:
            self.stopped_senders[send.sender] = why


_REMEDY = {
    Hand.DEFERRED: "it stays due and is tried again",
    Hand.REFUSED: "nothing more goes there until you decide",
    Hand.IN_DOUBT: "decide with  leadwright settle",
}


def send_all(sends: Sequence[Send], desk: Desk) -> Sent:
    """Hand over *sends* in their order and return what became of them.

    Stops early when somebody asks it to, and when the answers say that going on would do harm. What was reserved and
    not tried stays reserved: the next run hands over the same bytes.
    """
    tally = _Tally()
    done = 0
    with ExitStack() as stack:
        mailers: dict[str, Mailer] = {}
        for batch in _batches(sends):
            for send in _reserved(batch, desk, tally):
                desk.say("sending emails", done, len(sends))
                done += 1
                if tally.stopped or desk.stopping():
                    tally.stopped = tally.stopped or "stopped by a person"
                    break
                if send.sender in tally.stopped_senders:
                    tally.hands["held"] += 1
                    continue
                if send.sender not in mailers:
                    mailers[send.sender] = stack.enter_context(desk.open_mailer(send.sender))
                _send_one(send, mailers[send.sender], desk, tally)
            if tally.stopped:
                break
    counts = {name: tally.hands[name] for name in ("accepted", "deferred", "refused", "in_doubt")}
    stopped = "; ".join(filter(None, (tally.stopped, *tally.stopped_senders.values())))
    return Sent(**counts, held=len(sends) - sum(counts.values()), problems=tuple(tally.problems), stopped=stopped)


def _batches(sends: Sequence[Send]) -> list[Sequence[Send]]:
    return [sends[start : start + BATCH] for start in range(0, len(sends), BATCH)]


def _reserved(batch: Sequence[Send], desk: Desk, tally: _Tally) -> list[Send]:
    """Reserve what is new in a batch, and return all of it that may be handed over."""
    new = [(send, desk.compose(send)) for send in batch if not send.retry]
    ours = set(desk.ledger.reserve(desk.run, new, desk.clock.now())) if new else set()
    for send, _ in new:
        if send.message not in ours:
            tally.problems.append(
                Problem(f"{send.sequence}, {send.step} to {send.key}", "not sent: this person got it before")
            )
    return [send for send in batch if send.retry or send.message in ours]


def _send_one(send: Send, mailer: Mailer, desk: Desk, tally: _Tally) -> None:
    key: MessageKey = send.message
    held = ""

    def before_dot() -> bool:
        nonlocal held
        now = desk.clock.now()
        held = desk.ledger.mark(desk.run, key, now, lambda: desk.ask_again(send, now))
        return not held

    outcome = mailer.send(desk.ledger.stored(key), before_dot)
    now = desk.clock.now()
    next_try = retry_time(send.tries + 1, now, key) if outcome.hand is Hand.DEFERRED else None
    if next_try and outcome.retry_after:
        next_try = max(next_try, now + outcome.retry_after)
    desk.ledger.settle(desk.run, key, outcome, now, next_try)
    tally.note(send, outcome, held)
