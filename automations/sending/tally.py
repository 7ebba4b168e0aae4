"""What one run has seen of its senders and receivers, and when that is enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from automations.core.addresses import domain_of
from automations.core.messages import Fault, Hand, Outcome
from automations.core.plan import Send
from automations.errors import Problem


class _Whose(Enum):
    """For whom nothing more is tried in this run."""

    EVERYBODY = auto()
    SENDER = auto()
    SERVER = auto()
    DOMAIN = auto()


@dataclass(frozen=True, slots=True)
class _Patience:
    """After how many outcomes of one fault in a run we stop, for whom, and how that is said."""

    at: int
    whose: _Whose
    why: str


_PATIENCE: Mapping[Fault, _Patience] = {
    Fault.ACCOUNT: _Patience(1, _Whose.EVERYBODY, "the mail server does not accept our login or sender"),
    Fault.QUOTA: _Patience(1, _Whose.SENDER, "the mail server says the sender has reached its limit"),
    Fault.POLICY: _Patience(3, _Whose.EVERYBODY, "three emails were refused as unwanted"),
    Fault.SERVER: _Patience(5, _Whose.SERVER, "the mail server did not answer properly five times"),
    Fault.RECEIVER: _Patience(3, _Whose.DOMAIN, "three emails were put off"),
}
_COUNTED = {Hand.ACCEPTED: "accepted", Hand.DEFERRED: "deferred", Hand.REFUSED: "refused", Hand.IN_DOUBT: "in_doubt"}
_REMEDY = {
    Hand.DEFERRED: "it stays due and is tried again",
    Hand.REFUSED: "nothing more goes there until you decide",
    Hand.IN_DOUBT: "decide with  leadwright settle",
}


class Tally:
    """What one run has seen: the counts, the problems, and who is not tried any more."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.stopped = ""
        """Why nothing more is tried at all; "" while it is."""
        self._hands: Counter[str] = Counter()
        self._faults: Counter[tuple[Fault, str]] = Counter()
        self._senders: dict[str, str] = {}
        self._servers: dict[str, str] = {}
        self._server_of: dict[str, str] = {}
        self._domains: dict[str, str] = {}

    @property
    def why(self) -> str:
        """Return why some were not tried, for all and for single senders; "" when all were."""
        return "; ".join(filter(None, (self.stopped, *self._senders.values(), *self._servers.values())))

    def counts(self) -> dict[str, int]:
        """Return how many ended in which way; those that were held are not among them."""
        return {name: self._hands[name] for name in _COUNTED.values()}

    def meet(self, sender: str, server: str) -> None:
        """Note which server a sender's emails go through: several senders may share it, and its bad days."""
        self._server_of[sender] = server

    def is_over_for(self, send: Send) -> bool:
        """Return whether this email waits for the next run, because of what came before it; that is noted."""
        if send.sender in self._senders or self._server_of.get(send.sender, send.sender) in self._servers:
            return True
        why = self._domains.get(domain_of(send.to))
        if why is not None:
            self.problems.append(Problem(_where(send), f"not sent: {why}", _REMEDY[Hand.DEFERRED]))
        return why is not None

    def got_before(self, send: Send) -> None:
        """Note that the ledger has this email under another key, or in another state."""
        self.problems.append(Problem(_where(send), "not sent: this person got it before"))

    def note(self, send: Send, outcome: Outcome, why_held: str) -> None:
        """Note how one ended; *why_held* is what the gate said."""
        self._hands[_COUNTED.get(outcome.hand, "held")] += 1
        if outcome.hand is Hand.HELD:
            self.problems.append(Problem(_where(send), f"not sent: {why_held or outcome.reply}"))
        elif outcome.hand is not Hand.ACCEPTED:
            self.problems.append(Problem(_where(send), f"{outcome.hand.value}: {outcome.reply}", _REMEDY[outcome.hand]))
        self._lose_patience(send, outcome)

    def _lose_patience(self, send: Send, outcome: Outcome) -> None:
        patience = _PATIENCE.get(outcome.fault)
        if patience is None or outcome.hand is Hand.HELD:
            return
        whose = {
            _Whose.EVERYBODY: "",
            _Whose.SENDER: send.sender,
            _Whose.SERVER: self._server_of.get(send.sender, send.sender),
            _Whose.DOMAIN: domain_of(send.to),
        }[patience.whose]
        self._faults[outcome.fault, whose] += 1
        if self._faults[outcome.fault, whose] < patience.at:
            return
        why = f"{patience.why}: {outcome.reply}"
        match patience.whose:
            case _Whose.EVERYBODY:
                self.stopped = why
            case _Whose.SENDER:
                self._senders[whose] = why
            case _Whose.SERVER:
                self._servers[whose] = why
            case _Whose.DOMAIN:
                self._domains[whose] = f"{whose} has put off three emails of this run"


def _where(send: Send) -> str:
    return f"{send.sequence}, {send.step} to {send.key}"
