"""What mail servers said that holds back more than one try."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from worlds import HEADERS, MONDAY, World, row

from automations.core.history import MessageRecord, MessageState
from automations.core.leads import LeadKey
from automations.core.messages import Fault, Hand, Outcome, message_key
from automations.core.plan import HoldKind
from automations.core.putoff import full_mailbox, quota_frees
from automations.mail.memory import MemoryMailer
from automations.sources.memory import MemorySource

EVA = LeadKey("eva@muster.example")


def record(at: datetime, state: MessageState = MessageState.ACCEPTED, fault: Fault = Fault.NONE) -> MessageRecord:
    """Return one email of anna's."""
    key = message_key("welcome", f"{at:%d%H%M}", EVA)
    about = (
        key,
        "welcome",
        "hello",
        EVA,
        str(EVA),
        "muster ag",
        "anna",
        state,
        at,
        at,
        "Hi",
        f"<{key[:26]}@a.example>",
    )
    return MessageRecord(*about, fault=fault, reply="552 5.2.2 mailbox full")


@pytest.mark.parametrize(
    ("sent", "frees"),
    [
        pytest.param([], timedelta(hours=24), id="nothing-known"),
        pytest.param([timedelta(hours=-20), timedelta(hours=-3)], timedelta(hours=4), id="oldest-leaves-the-day"),
        pytest.param([timedelta(hours=-23, minutes=-50)], timedelta(hours=1), id="never-at-once"),
        pytest.param([timedelta(hours=-30)], timedelta(hours=24), id="what-is-older-does-not-count"),
        pytest.param([timedelta(hours=-3), timedelta(hours=2)], None, id="over-once-one-was-accepted"),
    ],
)
def test_a_sender_at_its_limit_waits_for_the_rolling_day(sent: list[timedelta], frees: timedelta | None) -> None:
    """A sender that was told of a limit tries again when the oldest email of its last 24 hours is a day old."""
    told = record(MONDAY, MessageState.DEFERRED, Fault.QUOTA)
    records = [told, *(record(MONDAY + each) for each in sent)]

    assert quota_frees(records, "anna") == (None if frees is None else MONDAY + frees)
    assert quota_frees(records, "jonas") is None


@pytest.mark.parametrize(
    ("faults", "is_held"),
    [
        ("mailbox mailbox mailbox", True),
        ("server mailbox mailbox mailbox", True),
        ("mailbox mailbox", False),
        ("mailbox mailbox server mailbox", False),
        ("mailbox mailbox mailbox receiver", False),
        ("", False),
    ],
)
def test_a_mailbox_that_stays_full_waits_for_a_person(faults: str, *, is_held: bool) -> None:
    """Three emails in a row: then somebody has to look whether this lead still reads its mail. Tries do not count."""
    found = [
        replace(record(MONDAY + timedelta(days=day), MessageState.DEFERRED, Fault(fault)), tries=4)
        for day, fault in enumerate(faults.split())
    ]

    assert bool(full_mailbox(reversed(found))) is is_held


def test_a_daily_limit_holds_the_sender_until_it_is_over() -> None:
    """550 5.4.5: nobody is marked, the rest is held, and next day all of it leaves."""
    answers = iter([Outcome(Hand.ACCEPTED), Outcome(Hand.DEFERRED, Fault.QUOTA, "550 5.4.5 daily limit")])
    mailer = MemoryMailer(lambda _: next(answers, Outcome(Hand.ACCEPTED)))
    people = [row(f"lead{number}@kunde{number}.example", f"Lead {number}", f"Kunde {number}") for number in range(3)]
    world = World(MemorySource("Leads", HEADERS, people), mailer=mailer)

    first = world.run()
    world.clock.set(MONDAY + timedelta(hours=2))
    held = world.plan()
    world.clock.set(MONDAY + timedelta(hours=25))
    second = world.run()

    assert (first.accepted, first.deferred) == (1, 1)
    assert [hold.kind for hold in held.holds if hold.what == "welcome, hello"] == [HoldKind.SENDER_FULL] * 2
    assert second.accepted == 3  # these two, and an email of another sequence


def test_a_mailbox_that_is_full_three_times_holds_the_lead() -> None:
    """552 for three emails in a row: the lead waits for a person, and is not suppressed; the fourth try of one does."""
    full = Outcome(Hand.DEFERRED, Fault.MAILBOX, "552 5.2.2 mailbox full")
    world = World(MemorySource("Leads", HEADERS, [row(EVA)]), mailer=MemoryMailer(lambda _: full))

    for hours in (0, 1, 2, 5):
        world.clock.set(MONDAY + timedelta(hours=hours))
        world.run()
    one_email = world.plan().holds
    earlier = [record(MONDAY - timedelta(days=day), MessageState.DEFERRED, Fault.MAILBOX) for day in (2, 1)]
    now = world.ledger.history(world.clock.now()).messages

    assert [hold.kind for hold in one_email] == [HoldKind.RETRY]
    assert full_mailbox([*earlier, *now]) == (
        "the mailbox of eva@muster.example was full for 3 emails in a row: 552 5.2.2 mailbox full"
    )


def test_a_greylisted_email_goes_again_as_it_was() -> None:
    """451 at first, taken ten minutes later: the same bytes with the same Message-ID."""
    answers = iter([Outcome(Hand.DEFERRED, Fault.RECEIVER, "451 4.7.1 greylisted")])
    mailer = MemoryMailer(lambda _: next(answers, Outcome(Hand.ACCEPTED)))
    world = World(MemorySource("Leads", HEADERS, [row(EVA)]), mailer=mailer)

    first = world.run()
    world.clock.set(MONDAY + timedelta(minutes=7))
    too_early = world.run()
    world.clock.set(MONDAY + timedelta(minutes=13))
    second = world.run()

    assert (first.deferred, too_early.accepted + too_early.deferred, second.accepted) == (1, 0, 1)
    once, again = mailer.handed_over
    assert once == again


def test_three_refusals_as_unwanted_stop_the_run() -> None:
    """5.7.515: after the third nobody else is tried, and none of the leads is suppressed."""
    unwanted = Outcome(Hand.REFUSED, Fault.POLICY, "550 5.7.515 access denied")
    people = [row(f"lead{number}@kunde{number}.example", f"Lead {number}", f"Kunde {number}") for number in range(6)]
    world = World(MemorySource("Leads", HEADERS, people), mailer=MemoryMailer(lambda _: unwanted))
    world.policy = replace(world.policy, senders=tuple(replace(each, per_day=None) for each in world.policy.senders))

    report = world.run()

    assert (report.refused, len(world.mailer.handed_over)) == (3, 3)
    assert report.notes[0] == "Sending stopped: three emails were refused as unwanted: 550 5.7.515 access denied"
    suppressed = world.ledger.history(MONDAY).suppressed
    assert [suppressed.of(f"lead{number}@kunde{number}.example") for number in range(6)] == [None] * 6
