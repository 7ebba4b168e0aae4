"""Columns, leads, conditions and rules for tests, written out or drawn by Hypothesis."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st

from automations.config.sentences import Scope, fact_fields, parse_condition
from automations.core.conditions import Compare, Condition, Every, Negate, Node, Some
from automations.core.incoming import Says
from automations.core.leads import Columns, Field, FieldType, Value
from automations.core.meanings import EXAMPLE_FACTS, EXAMPLE_FIELDS, EXAMPLE_TODAY, SPAN_UNITS, Operands
from automations.core.operators import OPERATORS
from automations.core.policy import Fade, Ruleset, ScoringRule, SegmentRule, StageRule
from automations.core.rules import Given, LedgerFacts

TODAY = EXAMPLE_TODAY
FACTS = EXAMPLE_FACTS
STAGES = ("New", "Contacted", "Replied", "Won")
SEGMENTS = ("hot", "warm", "cold")
FIELDS = EXAMPLE_FIELDS
COLUMNS = Columns(FIELDS, key="email", email="email")
ALL_FACTS = fact_fields(STAGES, SEGMENTS)
SCOPE = Scope(FIELDS, ALL_FACTS)


def condition(text: str) -> Condition:
    """Return the condition a sentence states; the sentence is right."""
    read, problems = parse_condition(text, SCOPE, "config.yaml:1")
    assert read is not None, problems
    return read


def given(stage: str = "New", facts: LedgerFacts | None = None, **values: Value) -> Given:
    """Return a lead with these values; all other cells are empty."""
    return Given(tuple(values.get(each.name) for each in FIELDS), facts or LedgerFacts(), stage)


TEXTS = ("", "  ", "Muster AG", "muster ag ", "Straße", "STRASSE", "price", "Your Price", "\u00a0Preis", "ﬁn", "İ", "0")
ADDRESSES = ("tom@gmail.com", "info@muster.example", "x@eu.mailinator.com", "Eva+b@Muster.example", "none", "@", "a@")
NUMBERS = (0, 1, 2, 19, 20, 20.0, 20.5, -3, 10**9)
DAYS = st.dates(date(2026, 8, 1), date(2027, 3, 1)) | st.sampled_from([date.min, date.max, date(2026, 2, 28), TODAY])


def cells(field: Field) -> st.SearchStrategy[Value]:
    """Return what may stand in the cells of a column."""
    some: dict[FieldType, st.SearchStrategy[Value]] = {
        FieldType.TEXT: st.sampled_from((*field.choices, *TEXTS, *ADDRESSES)),
        FieldType.NUMBER: st.sampled_from(NUMBERS),
        FieldType.DATE: DAYS,
        FieldType.YES_NO: st.booleans(),
    }
    return st.none() | some[field.type]


def operands(kind: Operands, field: Field) -> st.SearchStrategy[tuple[Value, ...]]:
    """Return what may stand behind an operator of that kind."""
    some: dict[FieldType, st.SearchStrategy[Value]] = {
        FieldType.TEXT: st.sampled_from((*field.choices, *(each for each in TEXTS if each.strip()))),
        FieldType.NUMBER: st.sampled_from(NUMBERS),
        FieldType.DATE: DAYS | st.just("today"),
        FieldType.YES_NO: st.booleans(),
    }
    value = some[field.type]
    span = st.tuples(st.sampled_from((1, 2, 7, 14, 30, 10_000)), st.sampled_from(SPAN_UNITS))
    lengths = {Operands.NONE: (0, 0), Operands.ONE: (1, 1), Operands.SEVERAL: (1, 3), Operands.TWO: (2, 2)}
    if kind is Operands.SPAN:
        return span
    least, most = lengths[kind]
    return st.lists(value, min_size=least, max_size=most).map(tuple)


@st.composite
def compares(draw: st.DrawFn, without: tuple[str, ...] = ()) -> Compare:
    """Draw one question about one field."""
    field = draw(st.sampled_from([each for each in (*FIELDS, *ALL_FACTS) if each.name not in without]))
    operator = draw(st.sampled_from([each for each in OPERATORS if field.type in each.types]))
    return Compare(field.name, operator.name, draw(operands(operator.operands, field)), f"{field.name} {operator.name}")


def trees(without: tuple[str, ...] = ()) -> st.SearchStrategy[Node]:
    """Return any condition that asks for none of the fields *without*."""
    return st.recursive(
        compares(without),
        lambda part: (
            st.builds(Negate, part)
            | st.builds(Every, st.lists(part, min_size=1, max_size=3).map(tuple))
            | st.builds(Some, st.lists(part, min_size=1, max_size=3).map(tuple))
        ),
        max_leaves=5,
    )


def conditions(without: tuple[str, ...] = ()) -> st.SearchStrategy[Condition]:
    """Return any condition that asks for none of the fields *without*."""
    return st.builds(Condition, st.just("drawn"), trees(without), st.just("config.yaml:1"))


def ledger_facts() -> st.SearchStrategy[LedgerFacts]:
    """Return what a ledger may know about a lead."""
    yes_no = st.booleans()
    count = st.integers(0, 30)
    says = st.none() | st.sampled_from([each.value for each in Says])
    return st.builds(LedgerFacts, count, st.none() | DAYS, yes_no, yes_no, yes_no, yes_no, yes_no, count, says)


def leads() -> st.SearchStrategy[Given]:
    """Return any lead, now and then one that a person typed over."""
    rarely_score = st.none() | st.none() | st.sampled_from([80, 12.5])
    rarely_segment = st.none() | st.none() | st.sampled_from(SEGMENTS)
    return st.builds(
        Given,
        st.tuples(*(cells(each) for each in FIELDS)),
        ledger_facts(),
        st.sampled_from((*STAGES, "", "new", " WON ", "Old stage")),
        rarely_score,
        rarely_segment,
        st.sampled_from((False, False, True)),
    )


def fades() -> st.SearchStrategy[Fade | None]:
    """Return how points may fade."""
    share = st.sampled_from((0.01, 0.5, 0.99))
    per = st.sampled_from((timedelta(days=1), timedelta(days=30), timedelta(days=365)))
    return st.none() | st.builds(Fade, share, per, st.sampled_from(("asked_on", "renewal", "last_emailed")))


def rulesets() -> st.SearchStrategy[Ruleset]:
    """Return the rules of any book."""
    group = st.sampled_from((None, "interest", "size"))
    scoring = st.builds(
        ScoringRule, st.integers(-40, 40), conditions(("score", "segment")), st.just("because"), group, fades()
    )
    segment = st.builds(SegmentRule, st.sampled_from(SEGMENTS), st.none() | conditions(("segment",)))
    stage = st.builds(StageRule, st.sampled_from(STAGES), conditions())
    return st.builds(
        Ruleset,
        st.lists(scoring, max_size=5).map(tuple),
        st.sampled_from([(), (("interest", 25),), (("interest", 10), ("size", 0))]),
        st.lists(segment, max_size=3).map(tuple),
        st.just(STAGES),
        st.lists(stage, max_size=3).map(tuple),
    )
