from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, settings
from hypothesis import given as each_of
from hypothesis import strategies as st

from automations.config.sentences import (
    MAX_DEPTH,
    MAX_LENGTH,
    Scope,
    SentenceProblem,
    fact_fields,
    parse_condition,
    warnings_of,
)
from automations.core.conditions import Compare, Every, Negate, Node, Some
from automations.core.leads import Field, FieldType
from automations.core.operators import BY_SPELLING

COLUMNS = (
    Field("email", "Email"),
    Field("company", "Company"),
    Field("country", "Country"),
    Field("employees", "Office size", FieldType.NUMBER),
    Field("source", "Source", choices=("Website", "Referral", "Trade fair", "Cold list")),
    Field("colour", "Colour", choices=("Black", "Black and White", "Red, dark", "Before noon")),
    Field("asked_on", "Asked on", FieldType.DATE),
    Field("message", "Message"),
    Field("newsletter", "Newsletter", FieldType.YES_NO),
)
SCOPE = Scope(COLUMNS, fact_fields(("New", "Contacted", "Replied"), ("hot", "warm", "cold")))

BIG = Compare("employees", ">=", (20,), "employees >= 20")
REPLIED = Compare("replied", "alone", (), "replied")
REFERRAL = Compare("source", "is", ("Referral",), "source is Referral")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        pytest.param("employees >= 20", BIG, id="a comparison"),
        pytest.param(
            "employees>=20 AND NOT replied",
            Every((Compare("employees", ">=", (20,), "employees>=20"), Negate(REPLIED))),
            id="without spaces, in capitals",
        ),
        pytest.param(
            "country is one of Germany, Austria and asked_on is in the last 14 days",
            Every(
                (
                    Compare("country", "is one of", ("Germany", "Austria"), "country is one of Germany, Austria"),
                    Compare("asked_on", "is in the last", (14, "days"), "asked_on is in the last 14 days"),
                )
            ),
            id="a list",
        ),
        pytest.param(
            "message contains price, quote, Angebot",
            Compare("message", "contains", ("price", "quote", "Angebot"), "message contains price, quote, Angebot"),
            id="any of several words",
        ),
        pytest.param(
            "segment is one of (hot, WARM) and stage is new",
            Every(
                (
                    Compare("segment", "is one of", ("hot", "warm"), "segment is one of (hot, WARM)"),
                    Compare("stage", "is", ("New",), "stage is new"),
                )
            ),
            id="choices get their own spelling, a list may stand in parentheses",
        ),
        pytest.param(
            "source is not Cold list and emails_sent = 0",
            Every(
                (
                    Compare("source", "is not", ("Cold list",), "source is not Cold list"),
                    Compare("emails_sent", "is", (0,), "emails_sent = 0"),
                )
            ),
            id="a choice with a space",
        ),
        pytest.param(
            "colour is one of Black and White, Red, dark and replied",
            Every(
                (
                    Compare(
                        "colour",
                        "is one of",
                        ("Black and White", "Red, dark"),
                        "colour is one of Black and White, Red, dark",
                    ),
                    REPLIED,
                )
            ),
            id="choices with and and a comma in them",
        ),
        pytest.param(
            "colour is Black and replied",
            Every((Compare("colour", "is", ("Black",), "colour is Black"), REPLIED)),
            id="and the shorter choice",
        ),
        pytest.param(
            "colour is Before noon",
            Compare("colour", "is", ("Before noon",), "colour is Before noon"),
            id="a choice that looks like an operator",
        ),
        pytest.param(
            'company is "Smith and Sons" or company is „Vater, Sohn“',
            Some(
                (
                    Compare("company", "is", ("Smith and Sons",), 'company is "Smith and Sons"'),
                    Compare("company", "is", ("Vater, Sohn",), "company is „Vater, Sohn“"),
                )
            ),
            id="quotation marks",
        ),
        pytest.param(
            "company contains (GmbH & Co. KG) und Söhne",
            Compare(
                "company",
                "contains",
                ("(GmbH & Co. KG) und Söhne",),
                "company contains (GmbH & Co. KG) und Söhne",
            ),
            id="parentheses inside a value",
        ),
        pytest.param(
            "company is O'Brien's", Compare("company", "is", ("O'Brien's",), "company is O'Brien's"), id="apostrophes"
        ),
        pytest.param(
            "employees >= 20 or replied and source is Referral",
            Some((BIG, Every((REPLIED, REFERRAL)))),
            id="and goes before or",
        ),
        pytest.param(
            "(employees >= 20 or replied) and source is Referral",
            Every((Some((BIG, REPLIED)), REFERRAL)),
            id="parentheses",
        ),
        pytest.param(
            "not (employees >= 20 or not replied)",
            Negate(Some((BIG, Negate(REPLIED)))),
            id="not in front of parentheses",
        ),
        pytest.param(
            "employees is between 10 and 50 and replied",
            Every((Compare("employees", "is between", (10, 50), "employees is between 10 and 50"), REPLIED)),
            id="the and of between",
        ),
        pytest.param(
            "asked_on is between 2026-01-01 and today",
            Compare("asked_on", "is between", (date(2026, 1, 1), "today"), "asked_on is between 2026-01-01 and today"),
            id="today",
        ),
        pytest.param(
            "asked_on is older than 1 month",
            Compare("asked_on", "is older than", (1, "months"), "asked_on is older than 1 month"),
            id="a span with one",
        ),
        pytest.param(
            "asked_on is in the last week",
            Compare("asked_on", "is in the last", (1, "weeks"), "asked_on is in the last week"),
            id="a span without a number",
        ),
        pytest.param("newsletter is no", Compare("newsletter", "is", (False,), "newsletter is no"), id="yes and no"),
        pytest.param(
            "  employees   is   at   least   -2.5  ",
            Compare("employees", ">=", (-2.5,), "employees   is   at   least   -2.5"),
            id="any space",
        ),
        pytest.param(
            "email isn\u2019t a free mailbox",
            Compare("email", "is not", ("a free mailbox",), "email isn\u2019t a free mailbox"),
            id="a curly apostrophe",
        ),
    ],
)
def test_sentences_are_read(text: str, tree: Node) -> None:
    """A sentence means what it says, and keeps the owner's own words."""
    read, problems = parse_condition(text, SCOPE, "config.yaml:36")

    assert problems == ()
    assert read is not None
    assert (read.tree, read.text, read.where) == (tree, text, "config.yaml:36")


@pytest.mark.parametrize("text", ["2026-11-23", "23 Nov 2026", "23. November 2026", "23.11.2026", "23. 11. 2026"])
def test_days_are_read_in_the_ways_people_write_them(text: str) -> None:
    """Year first, the month as a word, or with periods: no reader takes these for another day."""
    read, _ = parse_condition(f"asked_on is {text}", SCOPE, "")

    assert read is not None
    assert read.tree == Compare("asked_on", "is", (date(2026, 11, 23),), f"asked_on is {text}")


FOR_DATES = "use one of: is, is one of, >=, <=, >, <, is between, is empty, is before, is after, is in the last"
COLUMN_NAMES = "email, company, country, employees, source, colour, asked_on, message, newsletter"

WRONG = [
    (
        "employes >= 20",
        "^^^^^^^^",
        'there is no column "employes"',
        'did you mean "employees" (Office size)?',
    ),
    (
        "Office size >= 20",
        "^^^^^^^^^^^",
        'there is no column "Office size"',
        'did you mean "employees" (Office size)?',
    ),
    ("replyed", "^^^^^^^", 'there is no column "replyed"', 'did you mean "replied"?'),
    (
        "zzz is 5",
        "^^^",
        'there is no column "zzz"',
        f"columns: {COLUMN_NAMES}, emails_sent, last_emailed, replied, ...",
    ),
    (
        "source is Refferal",
        "          ^^^^^^^^",
        '"Refferal" is not a choice of Source',
        'choices: Website, Referral, Trade fair, Cold list. Did you mean "Referral"?',
    ),
    (
        "source is one of Website, Fair",
        "                          ^^^^",
        '"Fair" is not a choice of Source',
        "choices: Website, Referral, Trade fair, Cold list",
    ),
    (
        "segment is hott",
        "           ^^^^",
        '"hott" is not a choice of segment',
        'choices: hot, warm, cold. Did you mean "hot"?',
    ),
    ("employees at_leest 20", "          ^^^^^^^^", '"at_leest" is not a way to compare', 'did you mean "at least"?'),
    ("employees => => 20", "             ^^^^^", '"=> 20" is not a number', "write 20"),
    ("employees ! 20", "          ^", '"!" is not a way to compare', 'did you mean "!="?'),
    ("employees of 20", "          ^^", '"of" is not a way to compare', "for example: employees >= 20"),
    (
        "employees contains 5",
        "          ^^^^^^^^",
        '"contains" does not work for employees, which holds numbers',
        "use one of: is, is one of, >=, <=, >, <, is between, is empty",
    ),
    (
        "asked_on is a free mailbox",
        "         ^^^^^^^^^^^^^^^^^",
        '"is a free mailbox" does not work for asked_on, which holds dates',
        f"{FOR_DATES}, is older than, is in the next",
    ),
    ("employees", "^^^^^^^^^", '"employees" alone is not a condition', "for example: employees >= 20"),
    ("employees >= many", "             ^^^^", '"many" is not a number', "write digits, for example: 20 or 2.5"),
    ("employees >= 20 people", "             ^^^^^^^^^", '"20 people" is not a number', "write 20"),
    ("employees >= 1 000", "             ^^^^^", '"1 000" is not a number as it stands', "write 1000"),
    ("employees >= 1,000", "               ^^^", '">=" takes one value', "a number has no comma: 1000"),
    ("employees >=", "          ^^", 'nothing stands behind ">="', "for example: employees >= 10"),
    ("company is and replied", "        ^^", 'nothing stands behind "is"', "for example: company is some text"),
    (
        "country is one of Germany, Austria,",
        "                                  ^",
        "a value is missing at this comma",
        "take the comma out",
    ),
    (
        "source is Website, Referral",
        "                   ^^^^^^^^",
        '"is" takes one value',
        'write "is one of" for several',
    ),
    (
        "company is empty nest",
        "                 ^^^^",
        'nothing may stand behind "is empty"',
        "write and or or before it, or take it out",
    ),
    (
        "employees is between 50 and 10",
        "                     ^^^^^^^^^",
        "nothing lies between these two",
        "the smaller one comes first: 10 and 50",
    ),
    (
        "employees is between 10",
        "          ^^^^^^^^^^",
        '"is between" needs two values',
        "for example: employees is between 10 and 50",
    ),
    (
        "asked_on is in the last 14",
        "                        ^^",
        '"14" is not a span of time',
        "for example: 14 days; there are days, weeks, months and years",
    ),
    (
        "asked_on is in the last 0 days",
        "                        ^^^^^^",
        '"0 days" is too short or too long',
        "from 1 to 10000 days",
    ),
    (
        "asked_on is before 03/04/2026",
        "                   ^^^^^^^^^^",
        '"03/04/2026" can be read as two days',
        "write 2026-04-03 or 2026-03-04",
    ),
    (
        "asked_on is before 23/11/26",
        "                   ^^^^^^^^",
        '"23/11/26" is not a date as it stands',
        "write 2026-11-23",
    ),
    (
        "asked_on is 31 Feb 2026",
        "            ^^^^^^^^^^^",
        'there is no day "31 Feb 2026"',
        "write it like 2026-11-23 or 23 Nov 2026",
    ),
    (
        "asked_on is Tuesday",
        "            ^^^^^^^",
        '"Tuesday" is not a date',
        "write it like 2026-11-23, 23 Nov 2026 or today",
    ),
    ("newsletter is maybe", "              ^^^^^", '"maybe" is neither yes nor no', "write yes or no"),
    (
        'company is ""',
        "           ^^",
        "there is nothing between the quotation marks",
        "for an empty cell: company is empty",
    ),
    ('company is "Muster', "           ^", "this quotation mark is not closed", "put another one behind the text"),
    (
        'company is "Muster" AG',
        "                    ^^",
        '"AG" stands behind the quotation mark',
        "write a comma, and or or before it, or put it inside",
    ),
    (
        "company is Smith and Sons",
        "                     ^^^^",
        'there is no column "Sons"',
        'if it belongs to the value before it, put it in quotes: "Smith and Sons"',
    ),
    (
        "company is Muster or Hafen",
        "                     ^^^^^",
        'there is no column "Hafen"',
        "for either of the two: company is one of Muster, Hafen",
    ),
    (
        "employees > 5.000",
        "            ^^^^^",
        '"5.000" is 5000 to one reader and 5 to another',
        "write 5000, or 5",
    ),
    (
        "employees > 5.000 EUR",
        "            ^^^^^^^^^",
        '"5.000 EUR" is not a number',
        "write 5000, or 5",
    ),
    (
        "source is one of Website, Referral or Trade fair",
        "                                      ^^^^^^^^^^",
        'there is no column "Trade fair"',
        "if it is one of the values, write a comma: Referral, Trade fair",
    ),
    ("(replied and newsletter", "^", "this parenthesis is not closed", "add ) where it ends"),
    ("replied) and newsletter", "       ^", "this parenthesis closes nothing", "take it out, or add ( before"),
    ("replied and", "        ^^^", 'a condition is missing behind "and"', "add one, or take this out"),
    ("or replied", "^^", 'a condition is missing before "or"', "add one, or take this out"),
    ("replied and or newsletter", "        ^^^", 'a condition is missing behind "and"', "add one, or take this out"),
    ("not", "^^^", 'a condition is missing behind "not"', "add one, or take this out"),
    ("()", "^", "a condition is missing behind this parenthesis", "add one, or take this out"),
    (
        "(replied) newsletter",
        "          ^^^^^^^^^^",
        "and or or is missing before this",
        "write one of them between two",
    ),
    ("replied (newsletter)", "        ^", "and or or is missing before this", "write one of them between two"),
]


@pytest.mark.parametrize(("text", "caret", "what", "under"), WRONG, ids=[each[0] for each in WRONG])
def test_what_is_wrong_is_said_and_shown(text: str, caret: str, what: str, under: str) -> None:
    """The owner sees the very word that is wrong, why, and what to write instead."""
    start, end = len(caret) - len(caret.lstrip()), len(caret)

    read, problems = parse_condition(text, SCOPE, "")

    assert read is None
    assert problems == (SentenceProblem(start, end, what, under),)


def test_all_problems_of_a_sentence_are_told_at_once() -> None:
    """Nobody runs check five times for five mistakes in one line."""
    text = "(employes >= 20 and company is and source is Foo or asked_on is before Tuesday"

    _, problems = parse_condition(text, SCOPE, "")

    assert [text[each.start : each.end] for each in problems] == ["(", "employes", "is", "Foo", "Tuesday"]


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_an_empty_sentence_is_a_problem(text: str) -> None:
    """Saying nothing is not the same as everything else."""
    assert parse_condition(text, SCOPE, "") == (
        None,
        (SentenceProblem(0, len(text), "there is no condition here", "for example: country is Germany"),),
    )


def test_a_sentence_has_a_longest_length() -> None:
    """A sentence of more than two thousand characters is refused before it is read."""
    text = "replied " + " " * MAX_LENGTH

    assert parse_condition(text, SCOPE, "") == (
        None,
        (
            SentenceProblem(
                2000, 2008, "this sentence is longer than 2000 characters", "write several under any: or all:"
            ),
        ),
    )


def test_parentheses_may_be_thirty_deep_and_no_deeper() -> None:
    """Thirty parentheses inside each other are read; the next is a problem, not a crash."""
    deep = "(" * MAX_DEPTH + "replied" + ")" * MAX_DEPTH
    read, _ = parse_condition(deep, SCOPE, "")

    _, problems = parse_condition(f"({deep})", SCOPE, "")

    assert read is not None
    assert problems == (
        SentenceProblem(
            30,
            31,
            "more than 30 parentheses are inside each other here",
            "write several sentences under any: or all:",
        ),
    )


def test_what_a_rule_decides_it_cannot_ask() -> None:
    """A scoring rule that asks for the score is told that there is no such thing yet."""
    scope = Scope(COLUMNS, fact_fields(("New",), ("hot",), without=("score", "segment")))

    _, problems = parse_condition("score >= 60", scope, "")

    assert problems == (
        SentenceProblem(0, 5, '"score" cannot be asked here', "it is known only after this is decided"),
    )


def test_and_beside_or_is_worth_a_warning() -> None:
    """Who writes "a and b or c" may have meant something else, and is told."""
    assert warnings_of("replied and newsletter or company is X", SCOPE) == (
        SentenceProblem(
            23,
            25,
            '"and" and "or" stand side by side: "and" goes first',
            "parentheses say which belong together",
        ),
    )
    assert warnings_of("(replied and newsletter) or company is X", SCOPE) == ()
    assert warnings_of("replied and newsletter and company is X", SCOPE) == ()
    assert warnings_of('company is "this and that or so"', SCOPE) == ()


WORDS = st.sampled_from(
    [
        *BY_SPELLING,
        *(each.name for each in (*SCOPE.fields, *SCOPE.facts)),
        *("and", "or", "not", "(", ")", ",", '"', "'", "„", "“", " ", "20", "14 days", "today", "03/04/2026"),
        *("Website", "Black and White", "Red, dark", "hot", "\u00a0", "é", "\x00", "\n", "²", "x" * 50),
    ]
)


@settings(max_examples=300)
@each_of(st.lists(WORDS, max_size=15).map(" ".join) | st.lists(WORDS, max_size=15).map("".join) | st.text(max_size=60))
@example("(" * MAX_LENGTH)
@example(")" * MAX_LENGTH)
@example("and " * 500)
@example("source is one of " + "a," * 900)
def test_no_text_makes_reading_fail(text: str) -> None:
    """Whatever stands in config.yaml, the owner gets a condition or problems that point into what he wrote."""
    read, problems = parse_condition(text, SCOPE, "")
    warnings_of(text, SCOPE)

    assert (read is None) is bool(problems)
    for problem in problems:
        assert 0 <= problem.start <= problem.end <= len(text)
        assert problem.start < problem.end or not text
        assert problem.what
        assert problem.under


@each_of(st.data())
def test_breaking_one_character_never_fails(data: st.DataObject) -> None:
    """One slip of the finger in a good sentence is a problem in that sentence, or still a sentence."""
    good = "employees >= 20 and country is one of Germany, Austria and not (replied or asked_on is before today)"
    at = data.draw(st.integers(0, len(good) - 1))
    slip = data.draw(st.sampled_from(["", " ", "x", "(", ")", ",", '"', "é"]))

    read, problems = parse_condition(good[:at] + slip + good[at + 1 :], SCOPE, "")

    assert (read is None) is bool(problems)
