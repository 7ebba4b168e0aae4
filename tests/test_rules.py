from __future__ import annotations

import ast
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given as each_of
from hypothesis import settings
from hypothesis import strategies as st
from rulebooks import (
    COLUMNS,
    FACTS,
    STAGES,
    TODAY,
    condition,
    conditions,
    given,
    leads,
    rulesets,
)

from automations.core.conditions import Condition
from automations.core.leads import Value
from automations.core.meanings import World
from automations.core.policy import Fade, Ruleset, ScoringRule, SegmentRule, StageRule
from automations.core.rules import (
    Given,
    LedgerFacts,
    Qualification,
    Reason,
    compile_condition,
    compile_rules,
    faded_points,
)
from automations.core.traces import holds, qualify_one, trace

THOROUGH = settings(max_examples=250)


def scoring(points: int, sentence: str, group: str | None = None, fades: Fade | None = None) -> ScoringRule:
    """Return a scoring rule."""
    return ScoringRule(points, condition(sentence), f"because {sentence}", group, fades)


RULES = Ruleset(
    scoring=(
        scoring(30, "employees >= 20"),
        scoring(20, "source is Referral", group="interest"),
        scoring(20, "message contains price, quote, Angebot", group="interest"),
        scoring(-30, "email is a free mailbox and employees is empty"),
    ),
    caps=(("interest", 25),),
    segments=(
        SegmentRule("hot", condition("score >= 60")),
        SegmentRule("warm", condition("score >= 25")),
        SegmentRule("cold", None),
    ),
    stages=STAGES,
    stage_rules=(
        StageRule("Contacted", condition("stage is New and emails_sent >= 1")),
        StageRule("Replied", condition("replied")),
    ),
)


def qualify(lead: Given, rules: Ruleset = RULES, today: date = TODAY) -> Qualification:
    """Return what the rules make of one lead."""
    (only,) = compile_rules(COLUMNS, rules, FACTS).qualify([lead], today)
    return only


# --- Score ---


def test_points_of_all_rules_that_hold_are_added_up() -> None:
    """A big company that came by referral gets the points of both, and both are the reason."""
    lead = given(employees=80, source="Referral")

    assert qualify(lead) == Qualification(50, "warm", "New", (Reason(0, 30), Reason(1, 20, "interest")))


def test_a_group_gives_no_more_than_its_cap() -> None:
    """A referral that asks for a price gets 25 points for interest, not 40, and the cap is a reason of its own."""
    lead = given(source="Referral", message="Angebot bitte")

    assert qualify(lead) == Qualification(
        25, "warm", "New", (Reason(1, 20, "interest"), Reason(2, 20, "interest"), Reason(-1, -15, "interest"))
    )


def test_a_lead_of_empty_cells_gets_no_points_and_no_error() -> None:
    """An empty row is cold, with zero points."""
    assert qualify(given()) == Qualification(0, "cold", "New", ())


def test_a_score_can_be_negative() -> None:
    """A private address of no known company stays below zero."""
    assert qualify(given(email="tom@gmail.com")) == Qualification(-30, "cold", "New", (Reason(3, -30),))


def test_a_typed_score_wins_and_decides_the_segment() -> None:
    """A person who types 90 into Score makes the lead hot; what the rules say is still told."""
    lead = given(employees=80)._replace(typed_score=90)

    assert qualify(lead) == Qualification(90, "hot", "New", (Reason(0, 30),))


def test_a_typed_segment_wins() -> None:
    """A person who types cold keeps the lead cold, whatever its score."""
    lead = given(employees=80, source="Referral", message="price")._replace(typed_segment="cold")

    assert qualify(lead).segment == "cold"
    assert qualify(lead).score == 55


FADE = Fade(0.5, timedelta(days=30), "asked_on")


@pytest.mark.parametrize(
    ("points", "days", "left"),
    [
        pytest.param(20, 0, 20, id="today"),
        pytest.param(20, 30, 10, id="one month"),
        pytest.param(20, 60, 5, id="two months"),
        pytest.param(20, 15, 14, id="half a month: 14.14"),
        pytest.param(5, 30, 3, id="a half is rounded up"),
        pytest.param(-5, 30, -3, id="minus points fade alike"),
        pytest.param(20, 3650, 0, id="nothing is left"),
        pytest.param(20, -400, 20, id="a date in the future has not begun to fade"),
    ],
)
def test_points_fade_with_the_days(points: int, days: int, left: int) -> None:
    """Half of the points are gone after thirty days, and half of the rest after thirty more."""
    assert faded_points(points, FADE, TODAY - timedelta(days=days), TODAY) == left


def test_a_rule_that_fades_gives_nothing_without_its_date() -> None:
    """Who has not asked gets no points for asking, even if the condition holds."""
    rules = Ruleset(scoring=(scoring(20, "company is Muster AG", fades=FADE),))

    assert qualify(given(company="Muster AG"), rules) == Qualification(0, "", "New", ())
    assert qualify(given(company="Muster AG", asked_on=date(2026, 10, 24)), rules).reasons == (Reason(0, 10),)


def test_points_that_faded_to_nothing_are_no_reason() -> None:
    """A ten year old request is not among the reasons."""
    rules = Ruleset(scoring=(scoring(20, "asked_on is not empty", fades=FADE),))

    assert qualify(given(asked_on=date(2016, 1, 1)), rules).reasons == ()


def test_faded_points_count_against_the_cap_as_they_are_today() -> None:
    """Two requests worth 20 each, one faded to 10, fit under a cap of 30 without a cut."""
    rules = Ruleset(
        scoring=(scoring(20, "asked_on is not empty", "g", FADE), scoring(20, "company is not empty", "g")),
        caps=(("g", 30),),
    )

    assert qualify(given(asked_on=date(2026, 10, 24), company="x"), rules) == Qualification(
        30, "", "New", (Reason(0, 10, "g"), Reason(1, 20, "g"))
    )


# --- Segment ---


def test_no_segment_when_none_fits() -> None:
    """Without "everything else", a lead may belong to no segment."""
    rules = replace(RULES, segments=(SegmentRule("hot", condition("score >= 60")),))

    assert qualify(given(), rules).segment == ""


def test_segments_may_ask_for_more_than_the_score() -> None:
    """The first segment from the top that fits takes the lead."""
    rules = replace(
        RULES,
        segments=(
            SegmentRule("warm", condition("source is Trade fair and stage is New")),
            SegmentRule("hot", condition("score >= 0")),
        ),
    )

    assert qualify(given(source="Trade fair", employees=500), rules).segment == "warm"
    assert qualify(given(stage="Won", source="Trade fair"), rules).segment == "hot"


# --- Stage ---


def test_a_lead_without_a_stage_begins_with_the_first() -> None:
    """An empty Stage cell becomes New; no rule did that."""
    assert qualify(given(stage="")) == Qualification(0, "cold", "New", (), None)


def test_a_rule_moves_a_lead_forward() -> None:
    """A lead that was emailed is Contacted, because of the first stage rule."""
    assert qualify(given(facts=LedgerFacts(emails_sent=1))) == Qualification(0, "cold", "Contacted", (), 0)


def test_stage_rules_are_asked_until_none_moves_the_lead() -> None:
    """A new lead that was emailed and has replied is moved twice in one run; the last rule is told."""
    lead = given(facts=LedgerFacts(emails_sent=1, replied=True))

    assert qualify(lead) == Qualification(0, "cold", "Replied", (), 1)


@pytest.mark.parametrize("stage", ["Replied", "Won", "replied"])
def test_no_rule_moves_a_lead_backwards(stage: str) -> None:
    """A lead that is further along stays there."""
    lead = given(stage=stage, facts=LedgerFacts(emails_sent=1, replied=True))

    assert qualify(lead).stage == stage.capitalize()
    assert qualify(lead).moved_by is None


def test_a_typed_stage_is_not_moved() -> None:
    """Where a person put the lead by hand, it stays, although the lead replied."""
    lead = given(stage="Contacted", facts=LedgerFacts(replied=True))._replace(stage_typed=True)

    assert qualify(lead).stage == "Contacted"


def test_a_stage_that_is_not_known_is_left_alone() -> None:
    """A stage that config.yaml does not name is neither moved nor spelled anew."""
    lead = given(stage="On ice", facts=LedgerFacts(replied=True))

    assert qualify(lead) == Qualification(0, "cold", "On ice", (), None)


def test_points_for_a_stage_count_from_the_move_on() -> None:
    """A lead that moves to Replied gets the points for Replied in the same run, and its segment by them."""
    rules = replace(RULES, scoring=(scoring(60, "stage is Replied"),))

    assert qualify(given(facts=LedgerFacts(replied=True)), rules) == Qualification(
        60, "hot", "Replied", (Reason(0, 60),), 1
    )


def test_a_lead_that_moves_has_been_in_its_stage_for_no_day() -> None:
    """A rule for leads that waited a week does not fire on the day the lead came into the stage."""
    rules = replace(
        RULES,
        stage_rules=(
            StageRule("Contacted", condition("days_in_stage >= 7")),
            StageRule("Replied", condition("stage is Contacted and days_in_stage >= 7")),
        ),
    )

    assert qualify(given(facts=LedgerFacts(days_in_stage=9)), rules).stage == "Contacted"


def test_a_book_without_stages_has_none() -> None:
    """Where nobody named stages, the column stays as it is."""
    rules = Ruleset(segments=(SegmentRule("all", None),))

    assert qualify(given(stage=""), rules).stage == ""
    assert qualify(given(stage="mine"), rules).stage == "mine"


# --- One condition ---


def test_a_condition_is_asked_with_the_new_segment_and_stage() -> None:
    """A sequence for hot leads starts for one that has just become hot."""
    lead = given(employees=80, source="Referral", message="price", facts=LedgerFacts(days_in_stage=9))
    test = compile_condition(condition("segment is warm and stage is New and days_in_stage > 5"), COLUMNS, FACTS)

    assert test(lead, qualify(lead), TODAY)
    assert not test(lead, qualify(lead)._replace(segment="cold"), TODAY)
    assert not test(lead, qualify(lead)._replace(moved_by=0), TODAY)


# --- What the configuration must not ask ---


@pytest.mark.parametrize(
    ("rules", "message"),
    [
        pytest.param(
            Ruleset(scoring=(scoring(1, "score >= 1"),)),
            "a scoring rule asks for score, which is decided later: score >= 1",
            id="score",
        ),
        pytest.param(
            Ruleset(segments=(SegmentRule("hot", condition("segment is hot")),)),
            "a segment asks for segment, which is decided later: segment is hot",
            id="segment",
        ),
        pytest.param(
            Ruleset(stages=("New",), stage_rules=(StageRule("Gone", condition("replied")),)),
            "a stage rule moves to 'Gone', which is not a stage",
            id="stage",
        ),
    ],
)
def test_rules_that_cannot_be_decided_are_refused(rules: Ruleset, message: str) -> None:
    """Nothing is asked for before it is known."""
    with pytest.raises(ValueError, match=message.replace("'", ".")):
        compile_rules(COLUMNS, rules, FACTS)


# --- The generated code ---


def test_generated_code_reads_no_attribute_and_imports_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an owner writes can ask about his leads, and reach nothing else."""
    trees: list[ast.AST] = []
    fixed = ast.fix_missing_locations

    def seen(tree: ast.AST) -> ast.AST:
        trees.append(tree)
        return fixed(tree)

    monkeypatch.setattr(ast, "fix_missing_locations", seen)
    hostile = scoring(1, "company is \"__import__('os').system('true')\"")

    compile_rules(COLUMNS, replace(RULES, scoring=(*RULES.scoring, hostile)), FACTS)

    kinds = {type(node).__name__ for tree in trees for node in ast.walk(tree)}
    assert "Compare" in kinds
    assert not kinds & {"Attribute", "Import", "ImportFrom", "Lambda", "Global", "Nonlocal"}


OUTCOMES = st.builds(
    Qualification,
    st.sampled_from((0, 20, 60, 12.5)),
    st.sampled_from(("hot", "warm", "")),
    st.sampled_from((*STAGES, "Old stage")),
    st.just(()),
    st.sampled_from((None, 0)),
)


@THOROUGH
@each_of(conditions(), leads(), OUTCOMES)
def test_one_generated_condition_says_what_the_reference_says(
    asked: Condition, lead: Given, outcome: Qualification
) -> None:
    """A condition holds for a lead exactly when its parts say so, one by one."""
    values: dict[str, Value] = dict(zip(COLUMNS.names(), lead.values, strict=True))
    values |= lead.facts._asdict() | {"score": outcome.score, "segment": outcome.segment, "stage": outcome.stage}
    if outcome.moved_by is not None or not lead.stage:
        values["days_in_stage"] = 0

    told = compile_condition(asked, COLUMNS, FACTS)(lead, outcome, TODAY)

    assert told is holds(asked.tree, values, World(TODAY, FACTS))


@THOROUGH
@each_of(rulesets(), st.lists(leads(), min_size=1, max_size=6))
def test_generated_rules_qualify_as_the_reference_does(rules: Ruleset, given_leads: list[Given]) -> None:
    """Whatever the rules and the leads, the fast way and the slow way come to the same result."""
    fast = compile_rules(COLUMNS, rules, FACTS).qualify(given_leads, TODAY)

    slow = [qualify_one(each, COLUMNS, rules, FACTS, TODAY) for each in given_leads]
    assert fast == slow
    assert [type(each.score) for each in fast] == [type(each.score) for each in slow]


@each_of(rulesets(), st.lists(leads(), max_size=6))
def test_the_order_of_leads_changes_nothing(rules: Ruleset, given_leads: list[Given]) -> None:
    """Sorting the sheet does not change what a lead is worth."""
    compiled = compile_rules(COLUMNS, rules, FACTS)
    turned = list(reversed(given_leads))

    assert compiled.qualify(turned, TODAY) == list(reversed(compiled.qualify(given_leads, TODAY)))


@each_of(rulesets(), leads())
def test_qualifying_the_outcome_again_changes_nothing(rules: Ruleset, lead: Given) -> None:
    """Planning again plans nothing: the stage does not move on by itself, nor do score and segment."""
    compiled = compile_rules(COLUMNS, rules, FACTS)
    (first,) = compiled.qualify([lead], TODAY)
    moved = first.moved_by is not None or not lead.stage
    facts = lead.facts._replace(days_in_stage=0) if moved else lead.facts

    (second,) = compiled.qualify([lead._replace(stage=first.stage, facts=facts)], TODAY)

    assert second == first._replace(moved_by=None)


@each_of(rulesets(), leads())
def test_a_lead_only_moves_forward(rules: Ruleset, lead: Given) -> None:
    """The stage after a run is the one before it or a later one."""
    known = [each.casefold() for each in STAGES]
    before = lead.stage.strip().casefold() or "new"

    (outcome,) = compile_rules(COLUMNS, rules, FACTS).qualify([lead], TODAY)

    if before in known:
        assert known.index(outcome.stage.casefold()) >= known.index(before)
    else:
        assert outcome.stage == lead.stage


def test_leads_with_one_outcome_share_it() -> None:
    """A million leads alike cost the memory of one outcome."""
    outcomes = compile_rules(COLUMNS, RULES, FACTS).qualify([given(employees=20), given(employees=21)], TODAY)

    assert outcomes[0] is outcomes[1]


def test_leads_with_typed_scores_do_not_lend_them_to_others() -> None:
    """A score typed for one lead stays with that lead, though all else is alike."""
    plain = given(employees=20)

    outcomes = compile_rules(COLUMNS, RULES, FACTS).qualify([plain._replace(typed_score=99), plain], TODAY)

    assert [each.score for each in outcomes] == [99, 30]


def test_many_rules_are_added_up_in_their_order() -> None:
    """Thirty rules of one point each, some about the stage, give thirty points and thirty reasons in order."""
    sentences = ["employees >= 20", "stage is New", "company is empty"] * 10
    rules = Ruleset(scoring=tuple(scoring(1, each) for each in sentences), stages=STAGES)

    assert qualify(given(employees=20), rules) == Qualification(30, "", "New", tuple(Reason(at, 1) for at in range(30)))


# --- The trace ---


def test_the_trace_says_what_each_rule_found() -> None:
    """Explain names what holds, what was asked, what is missing and when it ends."""
    rules = replace(
        RULES,
        scoring=(
            scoring(30, "employees >= 20"),
            scoring(10, "asked_on is in the last 14 days"),
            scoring(10, "source is Referral and (employees > 100 or message contains price)"),
        ),
    )
    lead = given(employees=80, asked_on=date(2026, 11, 16))

    told = trace(lead, COLUMNS, rules, FACTS, TODAY)

    assert told.qualification == Qualification(40, "warm", "New", (Reason(0, 30), Reason(1, 10)))
    assert [each.points for each in told.scoring] == [30, 10, 0]
    assert [each.possible for each in told.scoring] == [30, 10, 10]
    assert told.scoring[0].found.asked == (("employees", 80),)
    assert told.scoring[1].found.ends == date(2026, 11, 30)
    assert told.scoring[2].found.asked == (("source", None), ("employees", 80), ("message", None))
    assert told.scoring[2].found.lacking == ("source is Referral", "employees > 100 or message contains price")
    assert [each.name for each in told.segments] == ["hot", "warm", "cold"]
    assert [each.found.holds if each.found else None for each in told.segments] == [False, True, None]


@pytest.mark.parametrize(
    ("sentence", "asked_on", "ends", "begins"),
    [
        pytest.param("asked_on is in the last 14 days", date(2026, 11, 16), date(2026, 11, 30), None, id="last"),
        pytest.param("asked_on is in the last month", date(2026, 10, 31), date(2026, 11, 30), None, id="month"),
        pytest.param("asked_on is older than 14 days", date(2026, 11, 16), None, date(2026, 12, 1), id="older"),
        pytest.param("asked_on is in the next 7 days", date(2026, 12, 10), None, date(2026, 12, 3), id="next"),
        pytest.param("asked_on is after today", date(2026, 11, 25), date(2026, 11, 24), None, id="today"),
        pytest.param("asked_on is before 2027-01-01", date(2026, 11, 25), None, None, id="never"),
        pytest.param("asked_on is in the last 14 days and replied", date(2026, 11, 16), None, None, id="not by itself"),
        pytest.param("not asked_on is in the last 14 days", date(2026, 11, 16), None, date(2026, 12, 1), id="not"),
        pytest.param("days_in_stage >= 7", None, None, date(2026, 11, 28), id="days in stage"),
    ],
)
def test_the_trace_says_when_a_condition_changes_by_itself(
    sentence: str, asked_on: date | None, ends: date | None, begins: date | None
) -> None:
    """Explain says until when a condition holds, or from when on, if nobody changes the row."""
    rules = Ruleset(scoring=(scoring(10, sentence),))

    found = (
        trace(given(asked_on=asked_on, facts=LedgerFacts(days_in_stage=2)), COLUMNS, rules, FACTS, TODAY)
        .scoring[0]
        .found
    )

    assert (found.ends, found.begins) == (ends, begins)


@each_of(conditions(("segment",)), leads())
def test_what_the_trace_says_about_days_is_true(asked: Condition, lead: Given) -> None:
    """On the day before a change the condition says what it says today, on that day it says the opposite."""
    rules = Ruleset(segments=(SegmentRule("asked", asked),), stages=STAGES)
    lead = lead._replace(typed_segment=None, typed_score=1)

    def found(days: int) -> bool:
        later = (
            lead._replace(facts=lead.facts._replace(days_in_stage=lead.facts.days_in_stage + days))
            if lead.stage
            else lead
        )
        told = trace(later, COLUMNS, rules, FACTS, TODAY + timedelta(days)).segments[0].found
        assert told is not None
        return told.holds

    told = trace(lead, COLUMNS, rules, FACTS, TODAY).segments[0].found
    assert told is not None
    change = told.begins or (told.ends and told.ends + timedelta(1))
    if change and lead.stage:
        assert found((change - TODAY).days) is not told.holds
        assert found((change - TODAY).days - 1) is told.holds
    elif lead.stage:
        assert all(found(days) is told.holds for days in (1, 2, 7, 14, 31, 400))


def test_the_reference_is_what_it_looks_like() -> None:
    """One plain case by hand, so that two forms cannot be wrong alike without anyone noticing."""
    asked = condition("employees >= 20 and not (source is Referral or company is empty)")

    world = World(TODAY, FACTS)
    assert holds(asked.tree, {"employees": 20, "source": "Website", "company": "x"}, world)
    assert not holds(asked.tree, {"employees": 20, "source": "Website", "company": None}, world)
    assert not holds(asked.tree, {"employees": None, "source": "Website", "company": "x"}, world)
