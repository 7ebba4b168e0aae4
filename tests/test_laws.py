"""The laws of DESIGN, one test each, over made-up sheets, people's edits, days and mail servers."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from worlds import HEADERS, MONDAY, OWNED, POLICY, World, row

from automations.core.addresses import address_identity
from automations.core.history import MessageState, SignalKind
from automations.core.leads import Cell, LeadKey
from automations.core.messages import Fault, Hand, Outcome, Outgoing
from automations.core.plan import Plan
from automations.errors import StalePlan
from automations.mail.memory import MemoryMailer
from automations.report.plan_json import plan_from_json, plan_to_json
from automations.sources.memory import MemorySource

ADDRESSES = [
    "eva@muster.example",
    "Tom@muster.example",
    "li@muster.example",
    "ana@hafen.example",
    "kim@free.example",
    "joe@free.example",
    "pia@berg.example",
    "max@tal.example",
]
NAMES = ["Eva Muster", "Zoë Ångström", "李小龙", "محمد", None]

rows = st.builds(
    row,
    st.sampled_from([*ADDRESSES, None, "ann@gmial"]),
    st.sampled_from(NAMES),
    st.sampled_from(["Muster AG", "Hafen", None]),
    st.sampled_from([None, 5, 20, 80, "ca. 20"]),
    st.sampled_from(["Website", "Referral", "Cold list", None]),
    st.sampled_from([None, None, 70, "n/a"]),
    st.sampled_from([None, None, "hot", "tepid"]),
    st.sampled_from([None, None, None, "Meeting", "Contacted", "new"]),
    st.sampled_from([None, None, None, "stop", "snooze 2 weeks", "ask Jonas"]),
)
sheets = st.lists(rows, max_size=8)
moments = st.integers(0, 5 * 24).map(lambda hours: MONDAY + timedelta(hours=hours))


def world_of(cells: Sequence[Sequence[Cell]]) -> World:
    """Return the business with these rows in its sheet."""
    return World(MemorySource("Leads", HEADERS, [list(each) for each in cells]))


def without_rows(plan: Plan) -> Plan:
    """Return a plan without row numbers and places in the sheet."""
    return replace(
        plan,
        updates=tuple(update._replace(row=0) for update in plan.updates),
        problems=tuple(sorted((replace(problem, where="") for problem in plan.problems), key=str)),
    )


def without_doubles(cells: Sequence[Sequence[Cell]]) -> list[Sequence[Cell]]:
    """Return the rows without a second row of one person, whose problem names both rows."""
    seen: dict[str, Sequence[Cell]] = {}
    for number, each in enumerate(cells):
        seen.setdefault(str(each[0] or number).casefold(), each)
    return list(seen.values())


@given(sheets, moments, st.randoms(use_true_random=False))
def test_law_1_sorting_the_sheet_changes_nothing(
    cells: list[list[Cell]], now: datetime, shuffled: random.Random
) -> None:
    """Same leads, same plan, in the same order, whatever order the rows are in."""
    cells = without_doubles(cells)  # type: ignore[assignment]  # the same rows, fewer
    world, again = world_of(cells), world_of(shuffled.sample(cells, len(cells)))
    world.clock.set(now)
    again.clock.set(now)

    assert without_rows(world.plan()) == without_rows(again.plan())
    assert world.plan() == world.plan()


@given(sheets, moments)
def test_law_2_after_a_run_nothing_is_left_to_plan(cells: list[list[Cell]], now: datetime) -> None:
    """Once everything succeeded, a plan at the same moment has nothing to do."""
    world = world_of(cells)
    world.clock.set(now)

    world.run()
    plan = world.plan()

    assert (plan.updates, plan.sends, plan.tasks, plan.moves) == ((), (), (), ())


class Days:
    """A business over many days: every run in order, with what the mail server was handed."""

    def __init__(self, cells: Sequence[Sequence[Cell]], answers: Sequence[Hand]) -> None:
        self.answers = [*answers, Hand.ACCEPTED]
        self.count = 0
        self.final: set[str] = set()
        self.world = world_of(cells)
        self.world.mailer = MemoryMailer(self.answer)
        self.times: dict[str, list[datetime]] = {}

    def answer(self, message: Outgoing) -> Outcome:
        """Answer in turn, and remember who got what when."""
        assert message.key not in self.final, "handed over again after its end was known"
        hand = self.answers[self.count % len(self.answers)]
        self.count += 1
        if hand is not Hand.DEFERRED:
            self.final.add(message.key)
        if hand in {Hand.ACCEPTED, Hand.IN_DOUBT}:
            self.times.setdefault(address_identity(message.envelope_to), []).append(self.world.clock.now())
        return Outcome(hand, Fault.CONTENT if hand is Hand.REFUSED else Fault.NONE, reply=f"{hand.value} by the test")


ANSWERS = st.lists(
    st.sampled_from([Hand.ACCEPTED, Hand.ACCEPTED, Hand.DEFERRED, Hand.REFUSED, Hand.IN_DOUBT]), max_size=6
)


@given(sheets, ANSWERS, st.lists(st.integers(1, 60), min_size=1, max_size=6), st.data())
def test_laws_3_and_4_over_days_nobody_gets_too_much_and_nothing_goes_twice(
    cells: list[list[Cell]], answers: list[Hand], pauses: list[int], data: st.DataObject
) -> None:
    """Over a series of runs: no message again once its end is known, the gap kept, the suppressed left alone."""
    days = Days(cells, answers)
    suppressed = data.draw(st.sampled_from(ADDRESSES))
    days.world.ledger.suppress(suppressed, "unsubscribed", MONDAY)

    for hours in pauses:
        days.world.run()
        if data.draw(st.booleans()):
            key = LeadKey(data.draw(st.sampled_from(ADDRESSES)).casefold())
            days.world.ledger.signal(key, SignalKind.REPLIED, days.world.clock.now(), "")
        days.world.clock.set(days.world.clock.now() + timedelta(hours=hours))

    assert address_identity(suppressed) not in days.times
    for moments_of_one in days.times.values():
        gaps = [later - earlier for earlier, later in pairwise(moments_of_one)]
        assert all(gap >= POLICY.limits.gap for gap in gaps)


@given(sheets, moments)
def test_law_5_every_row_is_accounted_for(cells: list[list[Cell]], now: datetime) -> None:
    """Changed, unchanged, held and problem rows add up to the rows read."""
    world = world_of(cells)
    world.clock.set(now)

    plan = world.plan()

    assert set(plan.rows) == {"changed", "unchanged", "held", "problem"}
    assert sum(plan.rows.values()) == plan.leads_read == len(cells)
    assert all(count >= 0 for count in plan.rows.values())


@given(sheets, moments)
def test_law_6_only_our_columns_change(cells: list[list[Cell]], now: datetime) -> None:
    """No cell outside the columns under write: is ever planned or written."""
    world = world_of(cells)
    world.clock.set(now)
    theirs = [each[:6] for each in cells]

    planned = {update.column for update in world.plan().updates}
    world.run()

    assert planned <= {header for _, header in OWNED}
    assert [list(each[:6]) for each in world.source.grid[1:]] == theirs


@given(st.lists(rows, min_size=1, max_size=6), st.data())
def test_law_6_what_a_person_types_while_we_work_stays(cells: list[list[Cell]], data: st.DataObject) -> None:
    """A cell of ours that a person changes between our reading and our writing keeps what the person typed."""
    world = world_of(cells)
    at = data.draw(st.integers(0, len(cells) - 1))
    column = data.draw(st.integers(6, 11))
    typed: list[int] = []

    def type_in(step: str, source: MemorySource) -> None:
        if step == "write" and not typed:
            typed.append(at)
            source.grid[1 + at][column] = "typed by Jonas"

    world.source.between = type_in

    world.run()
    world.run()

    assert [world.source.grid[1 + row_typed][column] for row_typed in typed[:1]] == ["typed by Jonas"][: len(typed)]


@given(sheets, moments)
def test_law_7_a_plan_survives_json_and_is_what_is_done(cells: list[list[Cell]], now: datetime) -> None:
    """A plan written down and read back is the same plan, and a run of it does exactly that."""
    world = world_of(cells)
    world.clock.set(now)
    plan = world.plan()

    again = plan_from_json(plan_to_json(plan))
    report = world.run(reviewed=again)

    assert again == plan
    assert report.plan == plan
    assert Counter(message.key for message in world.mailer.handed_over) == Counter(send.message for send in plan.sends)


def test_law_7_a_plan_is_refused_when_the_sheet_has_changed() -> None:
    """What was reviewed is done, or nothing is."""
    world = world_of([row("eva@muster.example")])
    plan = world.plan()
    world.source.grid[1][3] = 5

    with pytest.raises(StalePlan):
        world.run(reviewed=plan)

    assert world.mailer.handed_over == []
    assert world.source.grid[1][6:] == [None] * 6


def test_the_state_of_a_message_is_what_the_server_said() -> None:
    """Accepted is accepted, and the sheet says so in words."""
    world = world_of([row("eva@muster.example", "Eva Muster")])

    report = world.run()

    assert (report.accepted, report.exit_code) == (1, 0)
    assert world.source.grid[1][6:] == [
        65,
        "hot",
        "Contacted",
        "Email news on Tue 24 Nov 2026",
        "big, referral, under way",
        "hello sent Mon 23 Nov 2026",
    ]
    assert world.ledger.history(MONDAY).messages[0].state is MessageState.ACCEPTED
