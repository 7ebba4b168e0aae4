"""Stages: which moves are allowed, and when a value that a person typed over ours is in force."""

from __future__ import annotations

from collections.abc import Sequence

from automations.core.meanings import fold


def starting_stage(stages: Sequence[str], stage: str) -> tuple[str, int]:
    """Return the stage a lead is in, in its own spelling, and its position in *stages*.

    A lead without a stage is in the first. A stage that is not known stays as it is, behind the last: no rule moves
    a lead out of what somebody else wrote there, or out of a stage that has left config.yaml.

    >>> starting_stage(("New", "Won"), " won"), starting_stage(("New", "Won"), ""), starting_stage(("New",), "Old")
    (('Won', 1), ('New', 0), ('Old', 1))
    """
    wanted = fold(stage)
    if not wanted:
        return (stages[0], 0) if stages else ("", 0)
    return next(((each, at) for at, each in enumerate(stages) if fold(each) == wanted), (stage, len(stages)))


def is_forward(stages: Sequence[str], *, old: str, new: str) -> bool:
    """Return whether a rule may move a lead from stage *old* to *new*: *new* is a stage that comes later."""
    known = starting_stage(stages, new)[1]
    return bool(fold(new)) and starting_stage(stages, old)[1] < known < len(stages)
