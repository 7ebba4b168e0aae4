"""Sending as the ledger promises it: what may not be handed over again is not, and every end is known."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import apsw
import pytest
from ledgers import ACCEPTED, EVA, NILS, NOW, email, key_of, may_go

from automations.core.history import MessageState, Signal, SignalKind, Suppression
from automations.core.leads import LeadKey
from automations.core.messages import Fault, Hand, Outcome
from automations.errors import WrongUsage
from automations.ledger.sqlite import SqliteLedger, open_ledger, open_memory_ledger

LATER = NOW + timedelta(minutes=10)


@pytest.fixture(params=["file", "memory"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqliteLedger]:
    """Return a new ledger; every promise holds for the one in a file and for the one in memory."""
    opened = open_ledger(tmp_path / ".leadwright") if request.param == "file" else open_memory_ledger()
    yield opened
    opened.close()


@pytest.fixture
def run(ledger: SqliteLedger) -> str:
    """Return the name of a run that has begun."""
    return ledger.start_run("run", NOW)


def state_of(ledger: SqliteLedger, lead: LeadKey = EVA) -> MessageState:
    """Return where the only email to a lead stands."""
    (message,) = ledger.history(NOW).of(lead).messages
    return message.state


def put_in_doubt(ledger: SqliteLedger, run: str) -> None:
    """Leave Eva's email in doubt, as a run does that is killed after the mark."""
    ledger.reserve(run, [email()], NOW)
    ledger.mark(run, key_of(), NOW, may_go)
    ledger.recover(LATER)


# Sending


def test_an_email_goes_from_reserved_to_accepted(ledger: SqliteLedger, run: str) -> None:
    """An email is reserved, marked, handed over, and then known as accepted, with the server's own words."""
    reserved = ledger.reserve(run, [email()], NOW)
    why_not = ledger.mark(run, key_of(), NOW, may_go)
    ledger.settle(run, key_of(), ACCEPTED, LATER, None)

    (message,) = ledger.history(LATER).messages
    assert reserved == (key_of(),)
    assert why_not == ""
    assert message.state is MessageState.ACCEPTED
    assert (message.at, message.reserved_at, message.tries) == (LATER, NOW, 1)
    assert (message.sequence, message.step, message.lead_key) == ("welcome", "welcome-1", EVA)
    assert (message.address, message.company, message.sender) == ("eva@muster.example", "Muster AG", "anna")
    assert (message.subject, message.reply) == ("Coffee for 80 people?", "250 2.0.0 queued")
    assert message.message_id == f"<{key_of()[:26]}@shop.example>"


def test_the_bytes_that_were_reserved_are_the_bytes_that_leave(ledger: SqliteLedger, run: str) -> None:
    """What is handed over on a retry is what was reserved, to the byte."""
    _, message = email()
    ledger.reserve(run, [email()], NOW)

    assert ledger.stored(key_of()) == message


def test_a_message_that_was_tried_is_reserved_once(ledger: SqliteLedger, run: str) -> None:
    """The same email reserved again is left out: a server has heard of it already."""
    ledger.reserve(run, [email()], NOW)
    ledger.settle(run, key_of(), Outcome(Hand.DEFERRED, reply="451"), NOW, LATER)

    again = ledger.reserve(run, [email(), email(NILS)], LATER)

    assert again == (key_of(NILS),)


def test_a_message_that_was_never_tried_is_written_anew(ledger: SqliteLedger, run: str) -> None:
    """What was prepared and never left takes the text and the address of today."""
    ledger.reserve(run, [email(LeadKey("7"), to="old@muster.example")], NOW)
    send, message = email(LeadKey("7"), to="new@muster.example")

    again = ledger.reserve(run, [(send, message)], LATER)

    assert again == (message.key,)
    assert ledger.stored(message.key) == message
    assert [(each.address, each.reserved_at) for each in ledger.history(LATER).messages] == [
        ("new@muster.example", LATER)
    ]


def test_a_message_is_not_written_anew_to_somebody_who_got_it(ledger: SqliteLedger, run: str) -> None:
    """A lead whose address becomes that of another lead does not bring that person the same step again."""
    ledger.reserve(run, [email(), email(LeadKey("7"), to="old@muster.example")], NOW)

    again = ledger.reserve(run, [email(LeadKey("7"), to=EVA)], LATER)

    assert again == ()
    assert ledger.stored(key_of(LeadKey("7"))).envelope_to == "old@muster.example"


@pytest.mark.parametrize("spelling", ["Eva@Muster.example", "EVA@muster.example", "eva@muster.example"])
def test_one_person_under_two_keys_gets_a_step_once(ledger: SqliteLedger, run: str, spelling: str) -> None:
    """A lead imported twice, under another key and in another spelling, does not get the same step twice."""
    ledger.reserve(run, [email()], NOW)

    again = ledger.reserve(run, [email(LeadKey("4711"), to=spelling)], LATER)

    assert again == ()


def test_two_steps_to_one_person_are_two_emails(ledger: SqliteLedger, run: str) -> None:
    """The next step of a sequence is another email."""
    ledger.reserve(run, [email()], NOW)

    second = ledger.reserve(run, [email(step="welcome-2")], LATER)

    assert second == (key_of(step="welcome-2"),)


@pytest.mark.parametrize(
    ("hand", "why"),
    [
        (Hand.ACCEPTED, "this email is accepted already"),
        (Hand.REFUSED, "this email is refused already"),
        (Hand.IN_DOUBT, "this email is in doubt already"),
    ],
    ids=["accepted", "refused", "in doubt"],
)
def test_what_is_over_is_not_handed_over_again(ledger: SqliteLedger, run: str, hand: Hand, why: str) -> None:
    """An email that was accepted, refused or is in doubt cannot be marked once more."""
    ledger.reserve(run, [email()], NOW)
    ledger.mark(run, key_of(), NOW, may_go)
    ledger.settle(run, key_of(), Outcome(hand, Fault.POLICY), NOW, None)

    assert ledger.mark(run, key_of(), LATER, may_go) == why


def test_an_email_under_way_is_not_marked_twice(ledger: SqliteLedger, run: str) -> None:
    """While an email is being handed over nobody else may begin to."""
    ledger.reserve(run, [email()], NOW)
    ledger.mark(run, key_of(), NOW, may_go)

    assert ledger.mark(run, key_of(), NOW, may_go) == "this email is handing over already"


def test_an_email_nobody_reserved_is_not_marked(ledger: SqliteLedger, run: str) -> None:
    """An email that the ledger does not know cannot be handed over."""
    assert ledger.mark(run, key_of(), NOW, may_go) == "the ledger does not have this email"


def test_an_email_put_off_goes_again_as_it_was(ledger: SqliteLedger, run: str) -> None:
    """An email put off by the server is known with its next try, and may be marked again then."""
    ledger.reserve(run, [email()], NOW)
    ledger.mark(run, key_of(), NOW, may_go)
    ledger.settle(run, key_of(), Outcome(Hand.DEFERRED, Fault.SERVER, "451 later"), NOW, LATER)
    (put_off,) = ledger.history(NOW).messages

    why_not = ledger.mark(run, key_of(), LATER, may_go)
    ledger.settle(run, key_of(), ACCEPTED, LATER, None)

    (accepted,) = ledger.history(LATER).messages
    assert (put_off.state, put_off.next_try_at, put_off.tries) == (MessageState.DEFERRED, LATER, 1)
    assert (put_off.fault, put_off.reply) == (Fault.SERVER, "451 later")
    assert why_not == ""
    assert (accepted.state, accepted.next_try_at, accepted.tries) == (MessageState.ACCEPTED, None, 2)


def test_a_failure_before_the_mark_is_recorded_too(ledger: SqliteLedger, run: str) -> None:
    """An email whose server could not be reached was never marked; it is put off all the same."""
    ledger.reserve(run, [email()], NOW)

    ledger.settle(run, key_of(), Outcome(Hand.DEFERRED, Fault.SERVER, "no answer"), NOW, LATER)

    assert state_of(ledger) is MessageState.DEFERRED


def test_an_email_held_at_the_last_moment_is_reserved_again(ledger: SqliteLedger, run: str) -> None:
    """When the dialogue was broken off before the end of the email it waits for the next run; no try is counted."""
    ledger.reserve(run, [email()], NOW)
    ledger.mark(run, key_of(), NOW, may_go)

    ledger.settle(run, key_of(), Outcome(Hand.HELD), LATER, None)

    (message,) = ledger.history(LATER).messages
    assert (message.state, message.tries) == (MessageState.RESERVED, 0)


def test_an_address_that_does_not_exist_is_never_written_to_again(ledger: SqliteLedger, run: str) -> None:
    """A refused address is suppressed and counts as a bounce, together with the refusal."""
    ledger.reserve(run, [email()], NOW)

    ledger.settle(run, key_of(), Outcome(Hand.REFUSED, Fault.ADDRESS, "550 5.1.1 no such user"), LATER, None)

    history = ledger.history(LATER)
    assert dict(history.suppressed.by_address) == {EVA: Suppression(EVA, "address does not exist", LATER)}
    assert history.of(EVA).signals == (Signal(SignalKind.BOUNCED, LATER, "550 5.1.1 no such user", key_of()),)


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.ADDRESS])
def test_a_refusal_that_is_not_the_leads_fault_costs_no_lead(ledger: SqliteLedger, run: str, fault: Fault) -> None:
    """When a server refuses our account, our words or our volume, the lead is neither suppressed nor a bounce."""
    ledger.reserve(run, [email()], NOW)

    ledger.settle(run, key_of(), Outcome(Hand.REFUSED, fault, "550 5.7.1 no"), LATER, None)

    history = ledger.history(LATER)
    assert dict(history.suppressed.by_address) == {}
    assert history.of(EVA).signals == ()


def test_what_has_ended_cannot_end_again(ledger: SqliteLedger, run: str) -> None:
    """An accepted email cannot turn into a refused one: that would be a fault of ours, and is said."""
    ledger.reserve(run, [email()], NOW)
    ledger.settle(run, key_of(), ACCEPTED, NOW, None)

    with pytest.raises(ValueError, match="is accepted already, so it cannot end as refused"):
        ledger.settle(run, key_of(), Outcome(Hand.REFUSED, Fault.CONTENT), LATER, None)


def test_what_a_killed_run_was_handing_over_is_in_doubt(ledger: SqliteLedger, run: str) -> None:
    """After a kill the email that was on its way is in doubt; the one that was only reserved is safe to send."""
    ledger.reserve(run, [email(), email(NILS)], NOW)
    ledger.mark(run, key_of(), NOW, may_go)

    recovered = ledger.recover(LATER)

    assert [(message.key, message.state, message.at) for message in recovered] == [
        (key_of(), MessageState.IN_DOUBT, LATER)
    ]
    assert ledger.in_doubt() == recovered
    assert state_of(ledger, NILS) is MessageState.RESERVED
    assert ledger.recover(LATER) == ()


@pytest.mark.parametrize(
    ("decision", "state", "may_be_marked"),
    [
        ("sent", MessageState.ACCEPTED, False),
        ("resend", MessageState.RESERVED, True),
        ("drop", MessageState.DROPPED, False),
    ],
)
def test_a_person_decides_what_is_in_doubt(
    ledger: SqliteLedger, run: str, decision: str, state: MessageState, *, may_be_marked: bool
) -> None:
    """An email in doubt counts as sent, goes again or is dropped, as a person says; only `resend` opens the way."""
    put_in_doubt(ledger, run)

    ledger.decide(key_of(), decision, LATER)

    assert state_of(ledger) is state
    assert ledger.in_doubt() == ()
    assert (ledger.mark(run, key_of(), LATER, may_go) == "") is may_be_marked


def test_an_email_that_waits_too_long_can_be_dropped(ledger: SqliteLedger, run: str) -> None:
    """An email whose time has passed is dropped without ever having been in doubt."""
    ledger.reserve(run, [email()], NOW)

    ledger.decide(key_of(), "drop", LATER)

    assert state_of(ledger) is MessageState.DROPPED


def test_only_what_is_in_doubt_can_be_decided(ledger: SqliteLedger, run: str) -> None:
    """Nobody can declare an email sent, or send it again, when the ledger knows what became of it."""
    ledger.reserve(run, [email()], NOW)
    ledger.settle(run, key_of(), ACCEPTED, NOW, None)

    with pytest.raises(WrongUsage) as refused:
        ledger.decide(key_of(), "resend", LATER)

    assert refused.value.what == ("the email to eva@muster.example (welcome-1) is accepted; there is nothing to decide")
    assert state_of(ledger) is MessageState.ACCEPTED


def test_a_decision_that_does_not_exist_is_named(ledger: SqliteLedger, run: str) -> None:
    """A decision that nobody knows changes nothing, and those that exist are listed."""
    put_in_doubt(ledger, run)

    with pytest.raises(WrongUsage) as refused:
        ledger.decide(key_of(), "retry", LATER)

    assert (refused.value.what, refused.value.fix) == ("'retry' is not a decision", "Say one of: sent, resend, drop.")


def test_an_email_the_ledger_does_not_have_cannot_be_asked_for(ledger: SqliteLedger) -> None:
    """Asking for an unknown email is answered with a sentence."""
    with pytest.raises(WrongUsage, match="the ledger has no email"):
        ledger.stored(key_of())
    with pytest.raises(WrongUsage, match="the ledger has no email"):
        ledger.decide(key_of(), "sent", NOW)


# Pauses


def test_an_email_can_go_no_other_way_than_the_protocols(ledger: SqliteLedger, run: str) -> None:
    """Even if our code forgot it, the database itself refuses to take an email back from its end."""
    ways = {
        MessageState.RESERVED: {"handing over", "accepted", "deferred", "refused", "in doubt", "dropped"},
        MessageState.DEFERRED: {"handing over", "accepted", "deferred", "refused", "in doubt", "dropped"},
        MessageState.HANDING_OVER: {"accepted", "deferred", "refused", "in doubt", "reserved"},
        MessageState.IN_DOUBT: {"accepted", "reserved", "dropped"},
        MessageState.ACCEPTED: set[str](),
        MessageState.REFUSED: {"dropped"},
        MessageState.DROPPED: set[str](),
    }
    database = ledger._database

    for number, (state, targets) in enumerate(ways.items()):
        lead = LeadKey(f"{number}@muster.example")
        for target in MessageState:
            ledger.reserve(run, [email(lead, step=target)], NOW)
            key = key_of(lead, target)
            for way in _way_to(state):
                database.execute("UPDATE messages SET state = ? WHERE key = ?", (way, key))
            allowed = True
            try:
                database.execute("UPDATE messages SET state = ? WHERE key = ?", (target, key))
            except apsw.ConstraintError:
                allowed = False
            assert allowed is (target in targets), (state, target)


def _way_to(state: MessageState) -> list[MessageState]:
    return [] if state is MessageState.RESERVED else [state]
