"""What people type into Next step, as they type it, and for how long it holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from test_runner import EVA, world_of
from worlds import MONDAY, POLICY, row, sentence

from automations.core.policy import Limits


@pytest.mark.parametrize("word", ["stop", "STOP", " Stop ", "stop.", "Stop!", "snooze  2  weeks", "Snooze 1 month."])
def test_the_two_words_are_known_in_every_dress(word: str) -> None:
    """A full stop or a second space does not turn a stop into a note, and so into an email."""
    world = world_of(row(EVA, "Eva", "Muster AG", 80, "Referral", None, None, None, word))

    plan = world.plan()

    assert plan.sends == ()
    assert plan.problems == ()


@pytest.mark.parametrize("word", ["snooze", "snooze two weeks", "Snooze until Friday", "snooze 2w"])
def test_a_snooze_that_is_not_understood_is_named(word: str) -> None:
    """Nobody waits in silence for a snooze that does not happen."""
    world = world_of(row(EVA, "Eva", "Muster AG", 80, "Referral", None, None, None, word))

    plan = world.plan()

    assert [problem.what for problem in plan.problems] == [
        f'"{word.casefold()}" in Next step is not understood, so nothing waits: write it like  snooze 2 weeks'
    ]


def test_a_stop_does_not_run_out() -> None:
    """override_for gives back a score, a segment and a stage; stop holds until a person clears it."""
    welcome = replace(POLICY.sequences[0], start_when=sentence("employees >= 20"))
    policy = replace(POLICY, limits=Limits(), override_for=timedelta(days=7), sequences=(welcome,))
    world = world_of(row(EVA, employees=5), policy=policy)
    world.run()
    world.source.grid[1][9] = "stop"
    world.run()
    world.source.grid[1][3] = 80
    world.clock.set(MONDAY + timedelta(days=30))

    world.run()

    assert world.mailer.handed_over == []
    assert world.source.grid[1][9] == "stop"
