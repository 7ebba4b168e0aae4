from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from automations.core.conditions import Compare, Condition
from automations.core.history import (
    Enrollment,
    LeadHistory,
    MessageRecord,
    MessageState,
    Signal,
    SignalKind,
    StepDone,
    StepHow,
)
from automations.core.leads import LeadKey
from automations.core.messages import MessageKey
from automations.core.policy import EmailSequence, Step, Wait
from automations.core.sequences import Walk, walk, why_stopped

START = datetime(2026, 11, 16, 9, tzinfo=UTC)
DAY = timedelta(days=1)
ALWAYS = Condition("stage is New", Compare("stage", "is", ("New",)))
HOT = Condition("segment is hot", Compare("segment", "is", ("hot",)))
HELLO = Step("hello", template="hello.md")
MORE = Step("more", template="more.md", wait=Wait(3 * DAY), only_if=HOT)
CALL = Step("call", task="Call {{ name }}", wait=Wait(2 * DAY))
WELCOME = EmailSequence("welcome", ALWAYS, (HELLO, MORE, CALL), senders=("anna",))


def message(step: str, state: MessageState, at: datetime) -> MessageRecord:
    """Return the record of one email to Eva."""
    return MessageRecord(
        key=MessageKey(step),
        sequence="welcome",
        step=step,
        lead_key=LeadKey("eva"),
        address="eva@muster.example",
        company="muster ag",
        sender="anna",
        state=state,
        at=at,
        reserved_at=at,
        subject="Hello",
        message_id=f"<{step}@x.test>",
    )


def go(enrollment: Enrollment, *messages: MessageRecord, now: datetime, hot: bool = True) -> Walk:
    """Walk through the welcome sequence, with waits that know no weekends."""
    return walk(
        WELCOME,
        enrollment,
        {each.step: each for each in messages},
        now=now,
        holds=lambda _: hot,
        add_wait=lambda start, wait: start + wait.duration,
    )


def test_a_new_lead_is_due_its_first_email() -> None:
    """Whoever enters a sequence is due its first email at once."""
    found = go(Enrollment("welcome", START), now=START)

    assert (found.step, found.at, found.over) == (HELLO, START, ())


def test_a_wait_counts_from_the_acceptance_of_the_email_before() -> None:
    """An email that left late puts off what follows it."""
    late = START + timedelta(hours=30)

    found = go(Enrollment("welcome", START), message("hello", MessageState.ACCEPTED, late), now=late + DAY)

    assert (found.step, found.at) == (MORE, late + 3 * DAY)
    assert not found.is_due(late + DAY)


def test_a_step_left_out_does_not_put_off_what_follows() -> None:
    """The task comes when it would have come, counted from when the skipped email would have left."""
    sent = message("hello", MessageState.ACCEPTED, START)

    found = go(Enrollment("welcome", START), sent, now=START + 4 * DAY, hot=False)

    assert [(over.step.name, over.at, over.skipped_because) for over in found.over] == [
        ("more", START + 3 * DAY, "not segment is hot")
    ]
    assert (found.step, found.at) == (CALL, START + 5 * DAY)


def test_a_task_that_is_due_is_given_out_and_ends_the_sequence() -> None:
    """A task needs no answer from us: it is given out and the walk goes on to the end."""
    sent = message("hello", MessageState.ACCEPTED, START)
    skipped = Enrollment("welcome", START, done=(StepDone("more", StepHow.SKIPPED, START + 3 * DAY),))

    found = go(skipped, sent, now=START + 6 * DAY)

    assert [(over.step.name, over.skipped_because) for over in found.over] == [("call", "")]
    assert found.step is None


@pytest.mark.parametrize("state", [MessageState.RESERVED, MessageState.IN_DOUBT, MessageState.REFUSED])
def test_nothing_follows_an_email_whose_end_is_open(state: MessageState) -> None:
    """As long as an email is not accepted, the sequence stands at it."""
    found = go(Enrollment("welcome", START), message("hello", state, START), now=START + 9 * DAY)

    assert found.step == HELLO
    assert found.record is not None


def test_an_email_put_off_waits_for_its_next_try() -> None:
    """A deferred email is due when its next try is."""
    deferred = replace(message("hello", MessageState.DEFERRED, START), next_try_at=START + timedelta(minutes=10))

    found = go(Enrollment("welcome", START), deferred, now=START)

    assert found.at == START + timedelta(minutes=10)


@pytest.mark.parametrize(("late", "given_up"), [(timedelta(hours=72), False), (timedelta(hours=72, seconds=1), True)])
def test_an_email_put_off_for_three_days_is_given_up(late: timedelta, *, given_up: bool) -> None:
    """A follow-up that comes later than three days does more harm than good."""
    deferred = message("hello", MessageState.DEFERRED, START)

    found = go(Enrollment("welcome", START), deferred, now=START + late)

    reasons = ["the receiving server put it off for too long"] if given_up else []
    assert [over.skipped_because for over in found.over] == reasons
    assert found.step == (MORE if given_up else HELLO)


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        (Signal(SignalKind.REPLIED, START + DAY), "replied"),
        (Signal(SignalKind.REPLIED, START - DAY), ""),
        (Signal(SignalKind.UNSUBSCRIBED, START - DAY), "unsubscribed"),
        (Signal(SignalKind.BOUNCED, START + DAY), "the address does not exist"),
        (Signal(SignalKind.COMPLAINED, START + DAY), "marked an email as spam"),
        (Signal(SignalKind.OPENED, START + DAY), ""),
    ],
    ids=["reply", "reply to something before", "unsubscribe before", "bounce", "complaint", "open"],
)
def test_what_comes_back_stops_a_sequence(signal: Signal, expected: str) -> None:
    """Replies, bounces, unsubscribes and complaints always stop; an old reply does not stop a new sequence."""
    known = LeadHistory(signals=(signal,))

    assert (
        why_stopped(WELCOME, Enrollment("welcome", START), known, stop_condition="", company_replied=False) == expected
    )


def test_a_colleagues_reply_stops_only_where_the_owner_asked_for_it() -> None:
    """same_company_replied is the owner's choice, sequence by sequence."""
    careful = replace(WELCOME, stop_on_company_reply=True)
    enrollment, known = Enrollment("welcome", START), LeadHistory()

    assert why_stopped(careful, enrollment, known, stop_condition="", company_replied=True) == (
        "someone at the same company replied"
    )
    assert why_stopped(WELCOME, enrollment, known, stop_condition="", company_replied=True) == ""
