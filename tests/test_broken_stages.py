"""Stages that leads stand in, and that config.yaml does not have any more."""

from __future__ import annotations

from dataclasses import replace

from test_runner import EVA, world_of
from worlds import POLICY, row, sentence

from automations.core.policy import Limits, StageRule

RULES = replace(
    POLICY.rules, stages=("Neu", "Kontaktiert"), stage_rules=(StageRule("Kontaktiert", sentence("emails_sent >= 1")),)
)
RENAMED = replace(POLICY, limits=Limits(), rules=RULES, sequences=())


def test_a_lead_in_a_stage_that_is_gone_is_named() -> None:
    """Rules cannot move it, so nobody is left to wonder why it stays where it is."""
    world = world_of(row(EVA), policy=replace(POLICY, limits=Limits()))
    world.run()
    world.policy = RENAMED

    plan = world.plan()

    assert [(problem.where, problem.what, problem.fix) for problem in plan.problems] == [
        (
            "Leads, row 2 (Eva, Muster AG)",
            '"Contacted" is not a stage; there are: Neu, Kontaktiert',
            "correct the cell, or clear it and we fill it in",
        )
    ]


def test_clearing_the_cell_of_a_stage_that_is_gone_gives_the_lead_back_to_the_rules() -> None:
    """What the plan advises helps: the lead begins at the first stage, and the rules move it on."""
    world = world_of(row(EVA), policy=replace(POLICY, limits=Limits()))
    world.run()
    world.policy = RENAMED
    world.source.grid[1][8] = None

    world.run()

    assert world.source.grid[1][8] == "Kontaktiert"
    assert world.plan().problems == ()
