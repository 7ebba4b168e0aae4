from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given as each_of
from hypothesis import strategies as st
from rulebooks import COLUMNS, DAYS, FACTS, FIELDS, SCOPE, TODAY, condition

from automations.config.sentences import parse_condition
from automations.core.leads import Value
from automations.core.meanings import (
    BUSINESS,
    DISPOSABLE,
    FREE,
    ROLE,
    SPAN_UNITS,
    Operator,
    World,
    address_kinds,
    fold,
    holding_days,
    shifted,
)
from automations.core.operators import BY_NAME, BY_SPELLING, OPERATORS, table
from automations.core.policy import Facts
from automations.core.rules import Given, LedgerFacts, Qualification, compile_condition
from automations.core.traces import holds

SHOWN = [
    pytest.param(shown.sentence, shown.cell, shown.holds, id=f"{shown.sentence}: {shown.cell!r}")
    for operator in OPERATORS
    for shown in operator.examples
]
ANYTHING = Qualification(0, "", "New")


@pytest.mark.parametrize(("sentence", "cell", "expected"), SHOWN)
def test_every_example_of_the_operator_table_is_true(sentence: str, cell: Value, expected: bool) -> None:
    """What README says about an operator is what it does, in the fast form and in the plain one."""
    asked = condition(sentence)
    name = sentence.removeprefix("not ").split(maxsplit=1)[0]
    lead = Given(tuple(cell if each.name == name else None for each in FIELDS), LedgerFacts(), "New")

    fast = compile_condition(asked, COLUMNS, FACTS)(lead, ANYTHING, TODAY)
    plain = holds(asked.tree, {name: cell}, World(TODAY, FACTS))

    assert (fast, plain) == (expected, expected)


@pytest.mark.parametrize("operator", OPERATORS, ids=lambda each: each.name)
def test_every_operator_shows_a_case_that_holds_one_that_does_not_and_an_empty_cell(operator: Operator) -> None:
    """Nobody has to guess what an operator does with an empty cell."""
    examples = operator.examples

    assert {each.holds for each in examples} == {True, False}
    assert any(each.cell is None for each in examples)


@pytest.mark.parametrize("spelling", BY_SPELLING)
def test_every_spelling_is_read_as_its_operator(spelling: str) -> None:
    """However an owner puts it, it means what the table says."""
    operator = BY_SPELLING[spelling]
    field = next(each for each in FIELDS if each.type in operator.types and not each.choices)
    one = {"text": "x", "number": "5", "date": "2026-11-23", "yes/no": "yes"}[field.type]
    behind = {"nothing": "", "a number of days, weeks, months or years": "14 days"}.get(operator.operands, one)
    if operator.operands == "two values with and between them":
        behind = f"{one} and {one}"

    read, problems = parse_condition(f"{field.name} {spelling.upper()} {behind}", SCOPE, "")

    assert problems == ()
    assert read is not None
    assert getattr(read.tree, "operator", None) == operator.name


def test_the_readme_table_has_a_row_for_every_operator() -> None:
    """The table in README has a heading, a rule, and one row for each operator."""
    rows = table().splitlines()

    assert rows[0] == "| write | also | for | holds when | for example |"
    assert len(rows) == 2 + len(OPERATORS)
    assert (
        "| `is in the next` | `is within the next`, `in the next`, `within the next`, `is in next` | date "
        "| the day is today, that far ahead, or between; a day in the past is not "
        "| `renewal is in the next 2 months`: yes for 2026-11-23, 2027-01-23; "
        "no for 2026-11-22, 2027-01-24, an empty cell |"
    ) in rows


@pytest.mark.parametrize("operator", [each for each in OPERATORS if each.negates], ids=lambda each: each.name)
def test_an_operator_with_not_holds_exactly_when_the_other_does_not(operator: Operator) -> None:
    """A cell either is something or is not; an empty cell is nothing."""
    other = BY_NAME[operator.negates or ""]
    world = World(TODAY, FACTS)

    for shown in operator.examples:
        operands = getattr(condition(shown.sentence).tree, "operands", ())
        assert operator.holds(shown.cell, operands, world) is not other.holds(shown.cell, operands, world)


# --- Text ---


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("Straße", "STRASSE", id="sharp s"),
        pytest.param(" Eva ", "eva", id="space around"),
        pytest.param("Muster\u00a0AG", "muster ag", id="no-break space"),
        pytest.param("Jose\u0301", "JOSÉ", id="combining accent"),
        pytest.param("\uff21\uff22", "ab", id="full width"),
        pytest.param("ΣΊΣΥΦΟΣ", "σίσυφος", id="final sigma"),
    ],
)
def test_texts_that_read_the_same_are_the_same(one: str, other: str) -> None:
    """Who types a name on another keyboard or pastes it from a web page means the same name."""
    assert fold(one) == fold(other)


@each_of(st.text(max_size=20))
def test_folding_twice_changes_nothing(text: str) -> None:
    """Folded text is folded."""
    assert fold(fold(text)) == fold(text)


# --- Days ---


@pytest.mark.parametrize(
    ("day", "amount", "unit", "expected"),
    [
        pytest.param(date(2026, 3, 31), -1, "months", date(2026, 2, 28), id="to the end of a short month"),
        pytest.param(date(2028, 2, 29), 1, "years", date(2029, 2, 28), id="from a leap day"),
        pytest.param(date(2026, 12, 15), 1, "months", date(2027, 1, 15), id="over the year's end"),
        pytest.param(date(2026, 1, 15), -1, "months", date(2025, 12, 15), id="back over the year's end"),
        pytest.param(date(2026, 11, 23), 2, "weeks", date(2026, 12, 7), id="weeks"),
        pytest.param(date(2026, 11, 23), 10_000, "years", date.max, id="behind the last day there is"),
        pytest.param(date(2026, 11, 23), -10_000, "months", date(1193, 7, 23), id="long ago"),
        pytest.param(date(2026, 11, 23), -10_000, "years", date.min, id="before the first day there is"),
    ],
)
def test_spans_of_time_end_on_the_day_people_expect(day: date, amount: int, unit: str, expected: date) -> None:
    """A month later is the same day of the month, or its last."""
    assert shifted(day, amount, unit) == expected


@each_of(
    st.sampled_from(("is in the last", "is in the next", "is older than")),
    st.integers(1, 40),
    st.sampled_from(SPAN_UNITS),
    DAYS,
    DAYS,
)
def test_the_days_on_which_a_span_holds_are_exact(name: str, amount: int, unit: str, day: date, today: date) -> None:
    """Between its first and last day it holds, outside it does not."""
    span = holding_days(name, (amount, unit), day)

    assert span is not None
    first, last = span
    for asked in {today, first, last}:
        assert BY_NAME[name].holds(day, (amount, unit), World(asked)) is (first <= asked <= last) or asked == date.max
    if first > date.min:
        assert not BY_NAME[name].holds(day, (amount, unit), World(first - timedelta(1)))


# --- Addresses ---


@pytest.mark.parametrize(
    ("address", "kinds"),
    [
        pytest.param("tom@gmail.com", FREE, id="free"),
        pytest.param("info@gmail.com", FREE | ROLE, id="free and a role"),
        pytest.param("x@mailinator.com", DISPOSABLE, id="disposable"),
        pytest.param("x@a.b.mailinator.com", DISPOSABLE, id="below a disposable domain"),
        pytest.param("x@notmailinator.com", BUSINESS, id="only ends alike"),
        pytest.param("INFO+shop@muster.example", ROLE, id="a role with a tag"),
        pytest.param("eva@muster.example", BUSINESS, id="a business"),
        pytest.param("eva", 0, id="no address"),
        pytest.param("@muster.example", 0, id="nobody"),
        pytest.param("", 0, id="empty"),
    ],
)
def test_addresses_are_told_apart(address: str, kinds: int) -> None:
    """Free, disposable and role addresses are known; all others are a business's."""
    assert address_kinds(address, FACTS) == kinds


def test_no_address_is_free_when_nobody_told_which_are() -> None:
    """Deciding knows only what it is given."""
    assert address_kinds("tom@gmail.com", Facts()) == BUSINESS
