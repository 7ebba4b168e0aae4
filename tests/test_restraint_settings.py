"""The settings of restraint in config.yaml: what they come to, and every mistake with its place and remedy."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from good_config import GOOD, SECRETS, write_shop
from test_config_mistakes import told

from automations.config import load_config, read_config
from automations.core.policy import Rate, WarmUp

CAREFUL = (
    GOOD.replace("    per_day: 80\n", "    per_day: 80\n    warm_up: {from: 15, add: 5}\n")
    .replace(
        "  gap: 2 days\n",
        "  gap: 2 days\n  spread: yes\n  per_lead: 4 a month\n  per_domain: 1 every 60 seconds\n",
    )
    .replace("over: 5%\n", "over: 5%\n  pause_if_complaints_over: 0.3%\n")
    .replace("only_if: segment is hot\n", "only_if: segment is hot\n        late_after: 12 hours\n")
)


def test_every_setting_of_restraint_is_read(tmp_path: Path) -> None:
    """A careful owner's limits come out as they were said."""
    policy = load_config(write_shop(tmp_path, CAREFUL), SECRETS).policy

    limits = policy.limits
    assert limits.spread
    assert limits.per_lead == Rate(4, timedelta(days=30))
    assert limits.per_domain == Rate(1, timedelta(seconds=60))
    assert limits.pause_if_complaints_over == pytest.approx(0.003)
    assert [sender.warm_up for sender in policy.senders] == [WarmUp(15, 5), None]
    assert [step.late_after for step in policy.sequences[0].steps] == [None, timedelta(hours=12), None]


def test_without_them_everything_due_leaves_at_once(tmp_path: Path) -> None:
    """Left out, the new limits change nothing."""
    policy = load_config(write_shop(tmp_path, GOOD), SECRETS).policy

    assert (policy.limits.spread, policy.limits.per_lead, policy.limits.per_domain) == (False, None, None)
    assert policy.limits.pause_if_complaints_over is None
    assert policy.senders[0].warm_up is None


@pytest.mark.parametrize(
    ("right", "wrong", "place", "what", "fix"),
    [
        ("spread: yes", "spread: maybe", "59:11", 'limits: "maybe" is not one of the answers: yes, no', ""),
        (
            "per_lead: 4 a month",
            "per_lead: 4",
            "60:13",
            'limits: "4" does not say how often',
            "write it like 1 every 3 days, or 2 a week",
        ),
        (
            "per_domain: 1 every 60 seconds",
            "per_domain: 1 every 0 seconds",
            "61:23",
            'limits: "0 seconds" is no time at all',
            "write at least 1 second",
        ),
        (
            "pause_if_complaints_over: 0.3%",
            "pause_if_complaints_over: 0.3",
            "64:29",
            'limits: "0.3" is not a percentage',
            "write it like 5%",
        ),
        (
            "warm_up: {from: 15, add: 5}",
            "warm_up: {from: 15}",
            "53:14",
            'senders, anna, warm_up: "add" is missing: how many more on each day after that',
            "add  add: ...",
        ),
        (
            "warm_up: {from: 15, add: 5}",
            "warm_up: slowly",
            "53:14",
            "senders, anna: expected the settings of a warm-up, like  from: ..., found a text",
            "",
        ),
        (
            "late_after: 12 hours",
            "late_after: soon",
            "78:21",
            'sequences, welcome, step 3: "soon" is not a time span',
            "write it like 3 days, 12 hours, 2 weeks",
        ),
        (
            "        name: call\n",
            "        name: call\n        late_after: 1 day\n",
            "81:21",
            'sequences, welcome, step 4: a task cannot have "late_after"',
            "a person decides when to do it",
        ),
    ],
)
def test_a_mistake_is_named_with_its_place_and_remedy(
    right: str, wrong: str, place: str, what: str, fix: str, tmp_path: Path
) -> None:
    """File, line and column of the value; what is wrong; what to write instead."""
    path = write_shop(tmp_path, CAREFUL.replace(right, wrong))

    _, problems, _ = read_config(path, SECRETS)

    assert [told(problem) for problem in problems] == [(place, what, fix)]
