"""Restraint over days: minutes that are kept, caps that hold, and no bursts, in a business run in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st
from worlds import FACTS, FIELDS, HEADERS, MONDAY, OWNED, POLICY, World, row, sentence

from automations.core.addresses import address_identity
from automations.core.history import SignalKind
from automations.core.leads import Book, Cell, Columns, Field, LeadKey
from automations.core.messages import Fault, Hand, Outcome, Outgoing
from automations.core.plan import HoldKind, Plan
from automations.core.playbook import Playbook, compile_playbook
from automations.core.policy import EmailSequence, Limits, Policy, Rate, Sender, SendWindow, Step, Wait, WarmUp
from automations.mail.memory import MemoryMailer
from automations.report.plan_screen import plan_screen
from automations.sources.memory import MemorySource
from automations.turns import send_in_turn, send_until

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
BERLIN, NEW_YORK, TOKYO = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")
ZONES: dict[str, tuple[ZoneInfo, ...]] = {
    "europe/berlin": (BERLIN,),
    "america/new_york": (NEW_YORK,),
    "asia/tokyo": (TOKYO,),
}
OFFICE = SendWindow(time(9), time(17))
SERIES = EmailSequence(
    "series",
    sentence("stage is New"),
    (
        Step("one", template="one.md"),
        Step("two", template="two.md", wait=Wait(business_days=1)),
        Step("three", template="three.md", wait=Wait(timedelta(days=2))),
    ),
    senders=("anna",),
)
CAREFUL = replace(
    POLICY,
    columns=Columns((*FIELDS, Field("timezone", "Notes")), key="email", email="email", owned=OWNED),
    rules=replace(POLICY.rules, stage_rules=()),
    senders=(Sender("anna", "Anna Weber", "anna@shop.example", per_day=20, warm_up=WarmUp(4, 2)),),
    limits=Limits(
        window=OFFICE,
        spread=True,
        per_company=Rate(2, 2 * DAY),
        per_domain=Rate(1, timedelta(seconds=90)),
        per_lead=Rate(2, 5 * DAY),
    ),
    sequences=(SERIES,),
)


@dataclass
class FarWorld(World):
    """A business whose leads name their time zone in the column Notes."""

    def playbook(self, book: Book, now: datetime) -> Playbook:
        """Return the policy ready to decide by, with the zones of the places that are named."""
        del book, now
        return compile_playbook(self.policy, replace(FACTS, country_zones=ZONES))


def far_row(address: str, zone: str | None = None, company: str | None = None) -> list[Cell]:
    """Return the row of a lead who works in *zone*."""
    cells = row(address, address.split("@", maxsplit=1)[0], company)
    cells[5] = zone
    return cells


def world_of(rows: Sequence[list[Cell]], policy: Policy = CAREFUL) -> FarWorld:
    """Return the business on Monday at nine in Berlin, its mail server keeping the times."""
    world = FarWorld(MemorySource("Leads", HEADERS, [list(each) for each in rows]), policy=policy)
    world.clock.set(MONDAY - timedelta(hours=1))
    return world


def timed(world: World, answer: Callable[[], Hand] = lambda: Hand.ACCEPTED) -> list[tuple[datetime, Outgoing]]:
    """Make the mail server keep when it took what; return that list, which grows."""
    taken: list[tuple[datetime, Outgoing]] = []

    def take(message: Outgoing) -> Outcome:
        hand = answer()
        if hand in {Hand.ACCEPTED, Hand.IN_DOUBT}:
            taken.append((world.clock.now(), message))
        fault = Fault.POLICY if hand is Hand.REFUSED else Fault.NONE
        return Outcome(hand, fault, hand.value)

    world.mailer = MemoryMailer(take)
    return taken


def minutes(plan: Plan) -> list[tuple[str, str]]:
    """Return who is written to later today, and at which minute in Berlin."""
    return [(send.key, f"{send.at.astimezone(BERLIN):%H:%M}") for send in plan.in_turn]


PEOPLE = [far_row(f"p{number}@firm{number}.example") for number in range(4)]


def test_with_spread_one_email_leaves_and_the_others_have_their_minute() -> None:
    """Four a day over eight hours are one every two hours, give or take; plan says which minute."""
    world = world_of(PEOPLE)

    plan = world.plan()

    assert [send.key for send in plan.sends] == ["p0@firm0.example"]
    assert [key for key, _ in minutes(plan)] == ["p1@firm1.example", "p2@firm2.example", "p3@firm3.example"]
    moments = [plan.sends[0].at, *(send.at for send in plan.in_turn)]
    assert all(HOUR <= later - earlier <= 3 * HOUR for earlier, later in pairwise(moments))
    assert (plan.holds, plan.leaving) == ((), 4)


def test_what_plan_named_is_the_minute_at_which_it_leaves() -> None:
    """Between two runs each email leaves at its minute, none before and none after it, and nobody new joins."""
    world = world_of(PEOPLE)
    taken = timed(world)
    planned = {send.key: send.at for send in world.plan().in_turn}
    world.run()
    world.source.grid.append(far_row("new@new.example"))

    reports = list(send_until(world, world.clock, world.clock.now() + 8 * HOUR))

    assert [report.accepted for report in reports] == [1, 1, 1]
    assert {LeadKey(message.envelope_to): at for at, message in taken[1:]} == planned
    assert send_in_turn(world, world.clock) is None


def test_a_cell_says_that_an_email_has_its_turn() -> None:
    """Whoever waits for a minute of today is not "held": the sheet says which email comes today."""
    world = world_of(PEOPLE)

    world.run()

    assert [each[9] for each in world.source.grid[1:]] == [
        "Email two on Tue 24 Nov 2026",
        *["Email one on Mon 23 Nov 2026"] * 3,
    ]


def test_the_screen_of_a_spread_day_says_from_when_to_when() -> None:
    """One line says how many leave today one by one, and at which minutes the first and the last of them do."""
    plan = world_of(PEOPLE).plan()
    first, last = minutes(plan)[0][1], minutes(plan)[-1][1]

    screen = plan_screen(plan, CAREFUL.columns, BERLIN)

    assert f"  today       anna  series, one  3 leads, {first} to {last}" in screen.splitlines()


def test_law_2_holds_for_a_day_that_is_spread() -> None:
    """After a run, a plan at the same moment has nothing to do now, and names the same minutes."""
    world = world_of(PEOPLE)
    first = world.plan()
    world.run()

    again = world.plan()

    assert (again.sends, again.updates, again.moves) == ((), (), ())
    assert minutes(again) == minutes(first)


def test_a_minute_that_was_given_is_kept_when_somebody_better_comes() -> None:
    """A new lead with a higher score does not push anybody who has a minute: it takes the next free one."""
    world = world_of([far_row(f"p{number}@firm{number}.example") for number in range(3)])
    world.run()
    given_before = minutes(world.plan())
    world.source.grid.append(far_row("a@best.example"))

    now_given = minutes(world.plan())

    assert now_given[:2] == given_before
    assert [key for key, _ in now_given[2:]] == ["a@best.example"]


def test_whoever_replies_before_their_minute_gets_nothing() -> None:
    """A minute is no promise to send: everything is asked again when it comes."""
    world = world_of(PEOPLE)
    taken = timed(world)
    world.run()
    for number in (1, 2, 3):
        world.ledger.suppress(f"p{number}@firm{number}.example", "unsubscribed", world.clock.now())

    reports = list(send_until(world, world.clock, world.clock.now() + 8 * HOUR))

    assert len(taken) == 1
    assert [report.accepted for report in reports] == [0, 0, 0]


def test_three_days_off_do_not_end_in_a_burst() -> None:
    """What waited while the machine was off leaves one by one, as many a day as on any other day."""
    world = world_of([far_row(f"p{number}@firm{number}.example") for number in range(12)])
    taken = timed(world)
    world.run()
    world.clock.set(MONDAY + 3 * DAY)

    world.run()

    assert len(taken) == 2
    plan = world.plan()
    # Ten a day by now, and one of them has just left; it is ten o'clock, and eight turns are left until five.
    assert len(plan.in_turn) == 8
    assert all(later.at - earlier.at >= 24 * MINUTE for earlier, later in pairwise(plan.in_turn))
    assert [send.at.day for send in plan.later if send.step == "one" and not send.promised] == [27, 27, 27]


def test_a_receiving_domain_gets_one_at_a_time() -> None:
    """Three people with one provider are written to a minute and a half apart."""
    limits = Limits(window=OFFICE, per_domain=Rate(1, timedelta(seconds=90)))
    world = world_of(
        [far_row(f"{name}@free.example") for name in ("ann", "bea", "cem")], replace(CAREFUL, limits=limits)
    )
    start = world.clock.now()

    plan = world.plan()

    assert [send.key for send in plan.sends] == ["ann@free.example"]
    assert [(send.key, send.at - start) for send in plan.in_turn] == [
        ("bea@free.example", timedelta(seconds=90)),
        ("cem@free.example", timedelta(seconds=180)),
    ]


def test_a_person_gets_so_many_over_all_sequences() -> None:
    """Two in five days: the third email waits until the first is five days old."""
    policy = replace(CAREFUL, limits=Limits(per_lead=Rate(2, 5 * DAY)))
    world = world_of([far_row("eva@muster.example")], policy)
    for _ in range(3):
        world.run()
        world.clock.set(world.clock.now() + DAY)

    held = world.plan().holds

    assert [(hold.what, hold.kind, hold.until) for hold in held] == [
        ("series, three", HoldKind.LEAD_FULL, MONDAY - HOUR + 5 * DAY)
    ]


def test_a_full_sender_says_the_day_each_email_really_leaves() -> None:
    """Eight leads and three a day, without spread: three now, three tomorrow, two on the day after."""
    anna = replace(CAREFUL.senders[0], per_day=3, warm_up=None)
    policy = replace(CAREFUL, limits=Limits(window=OFFICE), senders=(anna,))
    world = world_of([far_row(f"p{number}@firm{number}.example") for number in range(8)], policy)

    plan = world.plan()

    assert [hold.until.astimezone(BERLIN).day for hold in plan.holds if hold.until] == [24, 24, 24, 25, 25]
    assert len(plan.sends) == 3


LATE = replace(
    SERIES, steps=(SERIES.steps[0], replace(SERIES.steps[1], late_after=timedelta(hours=12)), SERIES.steps[2])
)


def test_an_email_that_is_too_late_is_held_and_left_out_when_the_next_is_due() -> None:
    """Due on Tuesday, twelve hours of grace: on Thursday it is held; on Friday the step behind it goes instead."""
    policy = replace(CAREFUL, limits=Limits(window=OFFICE), sequences=(LATE,))
    world = world_of([far_row("eva@muster.example")], policy)
    taken = timed(world)
    world.run()

    world.clock.set(MONDAY - HOUR + timedelta(days=2, hours=1))
    on_wednesday = world.plan()
    world.clock.set(MONDAY + 3 * DAY + HOUR)
    world.run()

    assert [(hold.kind, hold.until) for hold in on_wednesday.holds] == [(HoldKind.LATE, None)]
    assert on_wednesday.holds[0].why == (
        "it was due Tue 24 Nov 09:00 and would leave later than its late_after allows: it is left out when the next"
        " step is due, or raise late_after"
    )
    assert [message.subject for _, message in taken] == ["one for eva", "three for eva"]


def test_a_weekend_makes_no_email_late() -> None:
    """Lateness counts from when the lead could be reached first: what was due on Saturday is on time on Monday."""
    first = replace(SERIES.steps[1], wait=Wait(DAY), late_after=timedelta(hours=2))
    policy = replace(
        CAREFUL, limits=Limits(window=OFFICE), sequences=(replace(SERIES, steps=(SERIES.steps[0], first)),)
    )
    world = world_of([far_row("eva@muster.example")], policy)
    world.clock.set(MONDAY - 3 * DAY)
    world.run()
    world.clock.set(MONDAY)

    assert [send.step for send in world.plan().sends] == ["two"]


def test_too_many_complaints_stop_everything() -> None:
    """One in a hundred marked as spam is more than the 0.3% the owner allows; it stops until a person has looked."""
    limits = Limits(pause_if_complaints_over=0.003)
    rows = [far_row(f"p{number}@firm{number}.example") for number in range(100)]
    world = world_of(rows, replace(CAREFUL, limits=limits, senders=(Sender("anna", "Anna", "anna@shop.example"),)))
    world.run()
    world.ledger.signal(LeadKey("p0@firm0.example"), SignalKind.COMPLAINED, world.clock.now(), "")
    world.clock.set(world.clock.now() + 2 * DAY)

    held = world.plan().holds

    assert {hold.kind for hold in held} == {HoldKind.COMPLAINTS}
    assert held[0].why == (
        "1 of 100 emails of the last 7 days were marked as spam (limits.pause_if_complaints_over: 0.3%);"
        " write to fewer people, who asked for it"
    )


LEADS = st.lists(
    st.builds(
        far_row,
        st.sampled_from([f"{name}@{where}.example" for name in "abcd" for where in ("free", "muster", "hafen")]),
        st.sampled_from([None, "Europe/Berlin", "America/New_York", "Asia/Tokyo", "Mars/Base"]),
        st.sampled_from([None, "Muster AG", "Hafen"]),
    ),
    max_size=12,
    unique_by=lambda cells: cells[0],
)
ANSWERS = st.lists(st.sampled_from([*[Hand.ACCEPTED] * 4, Hand.DEFERRED, Hand.REFUSED, Hand.IN_DOUBT]), max_size=5)


@settings(max_examples=30)
@given(LEADS, ANSWERS, st.lists(st.tuples(st.integers(0, 20), st.integers(1, 30)), min_size=4, max_size=12))
def test_over_a_month_no_cap_is_exceeded_no_window_broken_and_nothing_comes_early(
    rows: list[list[Cell]], answers: list[Hand], days: list[tuple[int, int]]
) -> None:
    """Runs at any hour, with the hours behind them served minute by minute or not: every limit holds always."""
    world = world_of(rows)
    hands = [*answers, Hand.ACCEPTED]
    asked = iter(range(10**6))
    taken = timed(world, lambda: hands[next(asked) % len(hands)])
    promised: dict[str, datetime] = {}
    for served, pause in days:
        promised |= {send.message: send.at for send in world.run().plan.in_turn}
        for report in send_until(world, world.clock, world.clock.now() + served * HOUR):
            assert all(send.at >= promised.get(send.message, send.at) for send in report.plan.sends)
        world.clock.set(world.clock.now() + pause * HOUR)

    zones = {address_identity(str(each[0])): ZONES.get(str(each[5]).casefold(), (BERLIN,))[0] for each in rows}
    companies = {address_identity(str(each[0])): str(each[2] or "").casefold() for each in rows}
    by: defaultdict[tuple[str, str], list[datetime]] = defaultdict(list)
    for at, message in taken:
        assert at >= promised.get(message.key, at)
        who = address_identity(message.envelope_to)
        wall = at.astimezone(zones[who])
        assert time(9) <= wall.time() < time(17)
        assert wall.weekday() < 5
        assert wall.date() != date(2026, 12, 25)
        for kind, name in (
            ("lead", who),
            ("domain", who.rpartition("@")[2]),
            ("company", companies[who] or who.rpartition("@")[2].replace("free.example", who)),
            ("day", at.astimezone(BERLIN).date().isoformat()),
        ):
            by[kind, name].append(at)
    for (kind, name), times in by.items():
        if kind == "day":
            first = min(at for at, _ in taken).astimezone(BERLIN).date()
            assert len(times) <= min(20, 4 + 2 * (date.fromisoformat(name) - first).days)
            continue
        for count, span in _RATES[kind]:
            assert all(sum(1 for each in times if at <= each < at + span) <= count for at in times), (kind, name)


_RATES = {
    "lead": [(1, DAY), (2, 5 * DAY)],
    "domain": [(1, timedelta(seconds=90))],
    "company": [(2, 2 * DAY)],
}
