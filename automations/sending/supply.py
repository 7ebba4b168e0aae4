"""What is ready to be handed over: rendered and reserved ahead of the connections, a batch at a time."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from itertools import islice

from automations.core.messages import Outgoing
from automations.core.plan import Send
from automations.sending.desk import Desk
from automations.sending.tally import Tally

BATCH = 50
"""How many messages are reserved in one transaction; their bytes, and those of what is left of the batch before, are
all that is held in memory."""
_LOW = BATCH // 2

Ready = tuple[Send, Outgoing]


class Supply:
    """The emails of a run, in their order for each sender."""

    def __init__(self, sends: Sequence[Send], desk: Desk, tally: Tally) -> None:
        self._left: Iterator[Send] = iter(sends)
        self._desk = desk
        self._tally = tally
        self._ready: defaultdict[str, deque[Ready]] = defaultdict(deque)
        self._is_empty = False

    @property
    def is_low(self) -> bool:
        """Return whether it is time to refill; never when nothing is left."""
        return not self._is_empty and sum(map(len, self._ready.values())) < _LOW

    @property
    def senders(self) -> tuple[str, ...]:
        """Return who has something ready."""
        return tuple(sender for sender, ready in self._ready.items() if ready)

    def take(self, sender: str) -> Ready | None:
        """Return the next email of a sender; None when none is ready."""
        ready = self._ready[sender]
        return ready.popleft() if ready else None

    def refill(self) -> None:
        """Render and reserve one batch more."""
        batch = list(islice(self._left, BATCH))
        self._is_empty = len(batch) < BATCH
        desk = self._desk
        new = {send.message: (send, desk.compose(send)) for send in batch if not send.retry}
        ours = set(desk.ledger.reserve(desk.run, tuple(new.values()), desk.clock.now())) if new else set()
        for send in batch:
            if send.retry:
                self._ready[send.sender].append((send, desk.ledger.stored(send.message)))
            elif send.message in ours:
                self._ready[send.sender].append(new[send.message])
            else:
                self._tally.got_before(send)
