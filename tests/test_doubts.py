"""What looks wrong in rules that are all right one by one: told by check, and never a reason to stop."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as cases
from hypothesis import settings
from hypothesis import strategies as st
from rulebooks import COLUMNS, FACTS, TODAY, condition, leads, trees

from automations.core.conditions import Condition, Node
from automations.core.doubts import doubts
from automations.core.policy import Business, Policy, Ruleset, ScoringRule, SegmentRule
from automations.core.rules import Given, Qualification, compile_condition

BUSINESS = Business("Bergblick", "Lindenstr. 12, 10969 Berlin", ZoneInfo("Europe/Berlin"))


def doubted(*sentences: str, segments: tuple[tuple[str, str | None], ...] = (), points: int = 10) -> list[str]:
    """Return what is doubted about scoring rules of these sentences, each of so many points, and these segments."""
    rules = Ruleset(
        scoring=tuple(ScoringRule(points, condition(each), "") for each in sentences),
        segments=tuple(SegmentRule(name, condition(when) if when else None) for name, when in segments),
    )
    return [problem.what for problem in doubts(Policy(BUSINESS, COLUMNS, rules))]


@pytest.mark.parametrize(
    "sentence",
    [
        "employees >= 50 and employees < 20",
        "employees > 20 and employees < 20",
        "employees is between 10 and 20 and employees > 20",
        "employees is 5 and employees >= 20",
        "employees is empty and employees >= 20",
        "company is empty and company contains AG",
        "source is Referral and source is Website",
        "source is one of Referral, Website and source is Trade fair",
        "source is Referral and source is not Referral",
        "asked_on is before 2026-01-01 and asked_on is after 2026-06-01",
        "company contains AG and (employees >= 50 and employees < 20)",
    ],
)
def test_a_sentence_that_contradicts_itself_is_named(sentence: str) -> None:
    """Two parts joined by and that no cell can meet at once make a rule that never gives its points."""
    (said,) = doubted(sentence)

    assert said.startswith("this can never hold: ")


@pytest.mark.parametrize(
    "sentence",
    [
        "employees >= 20 and employees <= 20",
        "employees >= 50 or employees < 20",
        "not employees >= 50 and employees < 20",
        "source is one of Referral, Website and source is Website",
        "asked_on is before today and asked_on is after 2026-06-01",
        "company contains AG and company contains GmbH",
        "employees >= 20",
    ],
)
def test_what_may_hold_is_left_alone(sentence: str) -> None:
    """Nothing is said about a sentence that some lead meets on some day."""
    assert doubted(sentence) == []


def test_a_segment_above_all_points_is_named() -> None:
    """Where all rules together give less than a segment asks for, no lead ever gets there."""
    said = doubted("employees >= 20", "source is Referral", segments=(("hot", "score >= 60"), ("warm", "score >= 20")))

    assert said == ["no lead can reach hot: all rules together give 20 points, and it asks for 60"]


def test_a_segment_behind_a_wider_one_is_named() -> None:
    """The first match from the top wins, so a segment behind one that asks for less stays empty."""
    segments = (("warm", "score >= 10"), ("hot", "score >= 20"), ("cold", None))

    assert doubted("employees >= 20", points=50, segments=segments) == [
        "no lead can be hot: warm comes first and takes everybody from 10 points"
    ]


@settings(max_examples=300)
@cases(trees(), st.lists(leads(), min_size=1, max_size=20))
def test_what_can_never_hold_never_does(tree: Node, found: list[Given]) -> None:
    """A warning is never wrong: no lead, whatever its cells, meets a sentence that is said to hold never."""
    sentence = Condition("a sentence", tree)
    policy = Policy(BUSINESS, COLUMNS, Ruleset(scoring=(ScoringRule(1, sentence, ""),)))
    if doubts(policy):
        test = compile_condition(sentence, COLUMNS, FACTS)

        assert not any(test(lead, Qualification(0, "", ""), TODAY) for lead in found)
