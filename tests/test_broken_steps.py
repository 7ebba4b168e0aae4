"""Steps that are renamed, taken out or put in while leads are under way in their sequence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from test_runner import EVA, world_of
from worlds import MONDAY, POLICY, World, row

from automations.core.policy import Limits, Step, Wait

HELLO = Step("hello", template="hello.md")
MORE = Step("more", template="more.md", wait=Wait(timedelta(days=2)))
LAST = Step("last", template="last.md", wait=Wait(timedelta(days=2)))


def world_with(*steps: Step) -> World:
    """Return a business with one lead and one sequence of these steps."""
    world = world_of(row(EVA), policy=replace(POLICY, limits=Limits()))
    edit(world, steps)
    return world


def edit(world: World, steps: Sequence[Step]) -> None:
    """Change the steps under sequences: in config.yaml."""
    welcome = replace(POLICY.sequences[0], steps=tuple(steps))
    world.policy = replace(world.policy, sequences=(welcome,))


def run_on(world: World, *days: int) -> list[str]:
    """Run on these days, counted from Monday, and return the subjects of all emails that have left."""
    for day in days:
        world.clock.set(MONDAY + timedelta(days=day))
        world.run()
    return [message.subject for message in world.mailer.handed_over]


def test_a_renamed_step_does_not_go_a_second_time() -> None:
    """Who got an email does not get it again because its template has another name: the plan asks what is meant."""
    world = world_with(HELLO, MORE)
    run_on(world, 0)
    edit(world, [replace(HELLO, name="good-morning", template="good-morning.md"), MORE])

    subjects = run_on(world, 1, 3, 9)
    plan = world.plan()

    assert subjects == ["hello for Eva"]
    assert [(hold.what, hold.why) for hold in plan.holds] == [
        (
            "welcome, good-morning",
            (
                "got hello last, which is no step of welcome any more: give the step in its place  name: hello"
                "  in config.yaml, or put it back"
            ),
        )
    ]


def test_a_renamed_step_that_keeps_its_name_goes_on() -> None:
    """With name: the past of a step stays its own, and the sequence goes on behind it."""
    world = world_with(HELLO, MORE)
    run_on(world, 0)
    edit(world, [replace(HELLO, template="good-morning.md"), MORE])

    assert run_on(world, 1, 3) == ["hello for Eva", "more for Eva"]


def test_a_step_put_in_before_one_that_was_sent_is_not_made_up_for() -> None:
    """A sequence goes forward: the new second email goes to new leads, not after the old second one."""
    world = world_with(HELLO, MORE, LAST)
    run_on(world, 0, 2)
    edit(world, [HELLO, Step("new", template="new.md", wait=Wait(timedelta(days=1))), MORE, LAST])

    assert run_on(world, 3, 4) == ["hello for Eva", "more for Eva", "last for Eva"]


def test_a_step_put_in_ahead_is_sent() -> None:
    """What comes after the last email a lead got is what config.yaml says today."""
    world = world_with(HELLO, LAST)
    run_on(world, 0)
    edit(world, [HELLO, MORE, LAST])

    assert run_on(world, 2, 4) == ["hello for Eva", "more for Eva", "last for Eva"]


def test_a_step_taken_out_ahead_is_left_out() -> None:
    """Steps a lead has not reached yet may go without a word."""
    world = world_with(HELLO, MORE, LAST)
    run_on(world, 0)
    edit(world, [HELLO, LAST])

    assert run_on(world, 2) == ["hello for Eva", "last for Eva"]
