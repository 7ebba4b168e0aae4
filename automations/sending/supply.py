"""What is ready to be handed over: rendered and reserved ahead of the connections, a batch at a time."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator, Sequence

from automations.core.messages import Outgoing
from automations.core.plan import Send
from automations.sending.desk import Desk
from automations.sending.tally import Tally

BATCH = 50
OCTETS = 16 * 1024 * 1024
"""A batch is reserved in one transaction. It ends at so many messages or octets, whichever comes first; that and half
as much of the batch before are all that is held in memory."""
_LOW = BATCH // 2

Ready = tuple[Send, Outgoing]


class Supply:
    """The emails of a run, in their order for each sender."""

    def __init__(self, sends: Sequence[Send], desk: Desk, tally: Tally) -> None:
        self._left: Iterator[Send] = iter(sends)
        self._desk = desk
        self._tally = tally
        self._ready: defaultdict[str, deque[Ready]] = defaultdict(deque)
        self._octets = 0
        self._is_empty = False

    @property
    def is_low(self) -> bool:
        """Return whether it is time to refill; never when nothing is left."""
        return not self._is_empty and self._octets < OCTETS // 2 and sum(map(len, self._ready.values())) < _LOW

    @property
    def senders(self) -> tuple[str, ...]:
        """Return who has something ready."""
        return tuple(sender for sender, ready in self._ready.items() if ready)

    def take(self, sender: str) -> Ready | None:
        """Return the next email of a sender; None when none is ready."""
        ready = self._ready[sender]
        if not ready:
            return None
        send, message = ready.popleft()
        self._octets -= len(message.content)
        return send, message

    def refill(self) -> None:
        """Render and reserve one batch more."""
        desk = self._desk
        batch = list(self._batch())
        new = [(send, message) for send, message in batch if not send.retry]
        ours = set(desk.ledger.reserve(desk.run, new, desk.clock.now())) if new else set()
        for send, message in batch:
            if send.retry or send.message in ours:
                self._ready[send.sender].append((send, message))
                self._octets += len(message.content)
            else:
                self._tally.got_before(send)

    def _batch(self) -> Iterator[Ready]:
        octets = 0
        for number, send in enumerate(self._left, 1):
            message = self._desk.ledger.stored(send.message) if send.retry else self._desk.compose(send)
            yield send, message
            octets += len(message.content)
            if number == BATCH or octets >= OCTETS:
                return
        self._is_empty = True
