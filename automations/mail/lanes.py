"""Hand-overs side by side in one thread: each is a generator that says what it waits for.

    HEAR          until the server has spoken, or the time is over
    AT_THE_DOT    for the gate: nothing but the end of the message is missing
    return        the outcome

So one loop can bring the bodies of many messages out, ask the gate and make the marks durable for all of them in one
transaction, and then send all the dots.
"""

from __future__ import annotations

import select
from collections.abc import Generator, Mapping, Sequence
from enum import Enum, auto
from time import monotonic
from typing import Protocol, runtime_checkable

from automations.core.messages import BeforeDot, Outcome, Outgoing


class Need(Enum):
    """What a hand-over waits for; it goes on with the answer to it, yes or no."""

    HEAR = auto()
    """That the server speaks (yes) or that `Lane.deadline` passes (no)."""
    AT_THE_DOT = auto()
    """The gate: may the message go."""


HandOver = Generator[Need, bool, Outcome]


class Lane(Protocol):
    """One connection, on which one message after another leaves."""

    @property
    def deadline(self) -> float:
        """Return until when (`time.monotonic`) the server's answer is waited for."""
        ...

    def fileno(self) -> int:
        """Return the descriptor that becomes readable when the server speaks."""
        ...

    def hand_over(self, message: Outgoing) -> HandOver:
        """Hand one message over, step by step. Closing the generator drops the connection."""
        ...


@runtime_checkable
class HasLanes(Protocol):
    """A mailer that can hand over several messages at a time."""

    @property
    def lanes(self) -> Sequence[Lane]:
        """Return its connections; each opens when its first message comes."""
        ...


@runtime_checkable
class HasServer(Protocol):
    """A mailer that other senders' mailers may share a server with."""

    @property
    def server(self) -> str:
        """Return what tells this server from others."""
        ...


def wait(lanes: Sequence[Lane], at_most: float | None) -> Mapping[Lane, bool]:
    """Wait until a server speaks or a deadline passes, *at_most* so many seconds (None: no limit).

    Return whom the waiting is over for, and whether the server has spoken.
    """
    poll = select.poll()
    by_number = {lane.fileno(): lane for lane in lanes}
    for number in by_number:
        poll.register(number, select.POLLIN)
    until = min(lane.deadline for lane in lanes) - monotonic()
    seconds = max(0.0, until if at_most is None else min(until, at_most))
    # Rounded up: else the last part of a millisecond is waited for in circles.
    spoke = {by_number[number] for number, _ in poll.poll(int(seconds * 1000 + 0.999))}
    now = monotonic()
    return {lane: lane in spoke for lane in lanes if lane in spoke or lane.deadline <= now}


def hand_over_alone(lane: Lane, message: Outgoing, before_dot: BeforeDot) -> Outcome:
    """Hand one message over, waiting for each step; see `automations.mail.Mailer`."""
    steps = lane.hand_over(message)
    try:
        need = next(steps)
        while True:
            need = steps.send(before_dot() if need is Need.AT_THE_DOT else _has_spoken(lane))
    except StopIteration as end:
        outcome: Outcome = end.value
        return outcome
    finally:
        steps.close()


def _has_spoken(lane: Lane) -> bool:
    while not (over := wait([lane], None)):
        pass
    return over[lane]
