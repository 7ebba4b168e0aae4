"""What a person is told to expect: only what would happen if nothing changed until then."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from worlds import HEADERS, MONDAY, POLICY, World, row

from automations.sources.memory import MemorySource

EVA, TOM = "eva@muster.example", "tom@reich.example"
WELCOME = replace(POLICY, sequences=POLICY.sequences[:1])


def test_an_email_that_would_be_left_out_is_not_promised() -> None:
    """A warm lead is not told to get the second email of the hot ones; what follows after it is what it waits for."""
    hot = row(EVA, "Eva", "Muster AG", 80, "Referral")
    warm = row(TOM, "Tom", "Reich KG", 30, "Website")
    world = World(MemorySource("Leads", HEADERS, [hot, warm]), WELCOME)

    plan = world.plan()

    later = [(send.key, send.step) for send in plan.later]
    steps = {update.key: update.new for update in plan.updates if update.column == "Next step"}
    assert later == [(EVA, "more")]
    assert steps == {EVA: "Email more on Wed 25 Nov 2026", TOM: "Task call on Wed 25 Nov 2026"}


def test_a_lead_that_turns_hot_in_time_gets_it_after_all() -> None:
    """Whether an email is left out is asked when its time comes, not when it was planned."""
    world = World(MemorySource("Leads", HEADERS, [row(TOM, "Tom", "Reich KG", 30, "Website")]), WELCOME)
    world.run()
    world.source.grid[1][4] = "Referral"
    world.clock.set(MONDAY + timedelta(days=2))

    world.run()

    assert [message.envelope_to for message in world.mailer.handed_over] == [TOM, TOM]
