"""Law 4 at the ledger: whatever happens in whatever order, no email is handed over again once its fate is known."""

from __future__ import annotations

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule
from ledgers import NOW, email, key_of

from automations.core.history import MessageState, SignalKind
from automations.core.leads import LeadKey
from automations.core.messages import Fault, Hand, Outcome
from automations.errors import WrongUsage
from automations.ledger.sqlite import open_memory_ledger

LEADS = tuple(LeadKey(f"{name}@muster.example") for name in ("eva", "nils", "tom"))
STEPS = ("welcome-1", "welcome-2")

leads = st.sampled_from(LEADS)
steps = st.sampled_from(STEPS)
Pair = tuple[LeadKey, str]


class SendingMachine(RuleBasedStateMachine):
    """A person, a mail server and power cuts in any order, beside the simplest account of what has to come of it."""

    under_way = Bundle("under_way")

    def __init__(self) -> None:
        super().__init__()
        self.ledger = open_memory_ledger()
        self.run = self.ledger.start_run("run", NOW)
        self.states: dict[Pair, str] = {}
        self.tried: set[Pair] = set()
        self.over: set[Pair] = set()  # accepted, refused, in doubt or dropped, and nobody decided since
        self.stopped: set[LeadKey] = set()
        self.bounced: Counter[LeadKey] = Counter()
        self.paused = False

    def teardown(self) -> None:
        """Close the ledger."""
        self.ledger.close()

    @rule(lead=leads, step=steps)
    def reserve(self, lead: LeadKey, step: str) -> None:
        """Reserve an email: it is ours until it was tried, and then never again."""
        pair = (lead, step)
        keys = self.ledger.reserve(self.run, [email(lead, step)], NOW)

        is_untried = self.states.get(pair, "reserved") == "reserved" and pair not in self.tried
        assert (keys == (key_of(lead, step),)) is is_untried
        self.states.setdefault(pair, "reserved")

    @rule(target=under_way, lead=leads, step=steps, gate=st.sampled_from(["", "", "", "closed"]))
    def mark(self, lead: LeadKey, step: str, gate: str) -> Pair:
        """Ask to hand an email over."""
        pair = (lead, step)
        why = self.ledger.mark(self.run, key_of(lead, step), NOW, lambda: gate)

        may = self.states.get(pair) in {"reserved", "deferred"}
        if may and lead not in self.stopped and not self.paused and not gate:
            assert why == ""
            assert pair not in self.over
            self.states[pair] = "handing over"
        else:
            assert why != ""
        return pair

    @rule(
        pair=consumes(under_way),
        hand=st.sampled_from(Hand),
        fault=st.sampled_from([Fault.NONE, Fault.ADDRESS, Fault.POLICY, Fault.SERVER]),
    )
    def settle(self, pair: Pair, hand: Hand, fault: Fault) -> None:
        """Let the server answer."""
        before = self.states.get(pair)
        if before not in {"reserved", "deferred", "handing over"}:
            return
        self.ledger.settle(self.run, key_of(*pair), Outcome(hand, fault), NOW, NOW if hand is Hand.DEFERRED else None)

        if hand is Hand.HELD:
            self.states[pair] = "reserved" if before == "handing over" else before
            return
        self.states[pair] = hand.value
        self.tried.add(pair)
        if hand is not Hand.DEFERRED:
            self.over.add(pair)
        if (hand, fault) == (Hand.REFUSED, Fault.ADDRESS):
            self.stopped.add(pair[0])

    @rule()
    def power_cut(self) -> None:
        """Kill the run and start the next one."""
        recovered = {message.key for message in self.ledger.recover(NOW)}

        lost = {pair for pair, state in self.states.items() if state == "handing over"}
        assert recovered == {key_of(*pair) for pair in lost}
        self.states.update(dict.fromkeys(lost, "in doubt"))
        self.over |= lost
        self.tried |= lost

    @rule(lead=leads, step=steps, decision=st.sampled_from(["sent", "resend", "drop"]))
    def decide(self, lead: LeadKey, step: str, decision: str) -> None:
        """Let a person decide about an email, whether that makes sense or not."""
        pair = (lead, step)
        allowed = {"in doubt"} if decision != "drop" else {"in doubt", "reserved", "deferred", "refused"}
        try:
            self.ledger.decide(key_of(lead, step), decision, NOW)
        except WrongUsage:
            assert self.states.get(pair) not in allowed
            return
        assert self.states[pair] in allowed
        self.states[pair] = {"sent": "accepted", "resend": "reserved", "drop": "dropped"}[decision]
        self.over.discard(pair)
        if decision != "resend":
            self.over.add(pair)

    @rule(lead=leads, kind=st.sampled_from(SignalKind))
    def something_comes_back(self, lead: LeadKey, kind: SignalKind) -> None:
        """Collect a reply, a bounce, an unsubscribe."""
        self.ledger.signal(lead, kind, NOW, "")
        if kind not in {SignalKind.OPENED, SignalKind.CLICKED}:
            self.stopped.add(lead)

    @rule(lead=leads)
    def suppress(self, lead: LeadKey) -> None:
        """Suppress an address, in another spelling."""
        self.ledger.suppress(lead.upper(), "by hand", NOW)
        self.stopped.add(lead)

    @rule(on=st.booleans())
    def pause(self, *, on: bool) -> None:
        """Press Pause, or go on."""
        if on:
            self.ledger.pause("", NOW)
        else:
            self.ledger.resume(NOW)
        self.paused = on

    @invariant()
    def the_ledger_tells_what_happened(self) -> None:
        """Compare what the ledger knows with what happened."""
        history = self.ledger.history(NOW)

        told = {(message.lead_key, message.step): message.state.value for message in history.messages}
        assert told == self.states
        of_leads = {(each.lead_key, each.step) for lead in LEADS for each in history.of(lead).messages}
        assert of_leads == set(self.states)
        assert (history.pause is not None) is self.paused
        in_doubt = {pair for pair, state in self.states.items() if state == MessageState.IN_DOUBT}
        assert {message.key for message in self.ledger.in_doubt()} == {key_of(*pair) for pair in in_doubt}


SendingMachine.TestCase.settings = settings(parent=settings(), max_examples=60, stateful_step_count=40, deadline=None)
TestSending = SendingMachine.TestCase
