"""The operators of a rule sentence: one table that the parser, the generated code, the trace, README and tests read.

A new operator is one entry in `OPERATORS`; the generated code calls its `holds` unless `generated` knows a faster form.

Conventions, for all of them:

- An empty cell is never equal to, greater than, less than or part of anything. An operator with "not" in its name
  holds exactly when the one it negates does not, so also for an empty cell, as in a spreadsheet's filter.
- Text compares by `fold`: without case, surrounding space and differences in how a letter is encoded.
- Dates are days in the business's zone. Both ends of a span of days belong to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

from automations.core import meanings
from automations.core.leads import FieldType, Value
from automations.core.meanings import Operands, Operator, Shown, negation

_TEXT, _NUMBER, _DATE = FieldType.TEXT, FieldType.NUMBER, FieldType.DATE
_ANY = tuple(FieldType)


def _shown(sentence: str, *, yes: tuple[Value, ...], no: tuple[Value, ...]) -> tuple[Shown, ...]:
    return (*(Shown(sentence, cell, True) for cell in yes), *(Shown(sentence, cell, False) for cell in no))


_TABLE: tuple[Operator, ...] = (
    Operator(
        "alone",
        (),
        "the cell says yes",
        (FieldType.YES_NO,),
        Operands.NONE,
        meanings.yes,
        (
            *_shown("newsletter", yes=(True,), no=(False, None)),
            *_shown("not newsletter", yes=(False, None), no=(True,)),
        ),
    ),
    Operator(
        "is",
        ("is", "=", "==", "equals", "is equal to", "is exactly"),
        "the cell is that value",
        _ANY,
        Operands.ONE,
        meanings.is_value,
        (
            *_shown("source is Referral", yes=("Referral", " referral "), no=("Website", None)),
            *_shown("employees = 20", yes=(20, 20.0), no=(21, None)),
            *_shown("asked_on is 23 Nov 2026", yes=(date(2026, 11, 23),), no=(date(2026, 11, 22), None)),
            *_shown("newsletter is no", yes=(False,), no=(True, None)),
        ),
    ),
    Operator(
        "is not",
        ("is not", "!=", "<>", "isn't", "does not equal", "is not equal to"),
        "the cell is anything else, or empty",
        _ANY,
        Operands.ONE,
        negation(meanings.is_value),
        _shown("source is not Cold list", yes=("Website", None), no=("Cold list", "cold LIST")),
        negates="is",
    ),
    Operator(
        "is one of",
        ("is one of", "is any of", "one of", "is in"),
        "the cell is one of the values",
        (_TEXT, _NUMBER, _DATE),
        Operands.SEVERAL,
        meanings.one_of,
        (
            *_shown("source is one of Referral, Trade fair", yes=("Referral", "Trade fair"), no=("Website", None)),
            *_shown("employees is one of 1, 2", yes=(2,), no=(3, None)),
        ),
    ),
    Operator(
        "is not one of",
        ("is not one of", "is none of", "isn't one of", "not one of", "is not in"),
        "the cell is none of the values, or empty",
        (_TEXT, _NUMBER, _DATE),
        Operands.SEVERAL,
        negation(meanings.one_of),
        _shown("source is not one of Referral, Cold list", yes=("Website", None), no=("Referral",)),
        negates="is one of",
    ),
    Operator(
        "contains",
        ("contains", "contains any of", "contains one of", "includes"),
        "at least one of the texts stands somewhere in the cell",
        (_TEXT,),
        Operands.SEVERAL,
        meanings.any_folded(lambda cell, operand: operand in cell),
        _shown("message contains price, Angebot", yes=("Your PRICE, please", "angebot bitte"), no=("Hello", None)),
    ),
    Operator(
        "does not contain",
        ("does not contain", "doesn't contain", "contains none of", "does not include"),
        "none of the texts stands in the cell, or it is empty",
        (_TEXT,),
        Operands.SEVERAL,
        negation(meanings.any_folded(lambda cell, operand: operand in cell)),
        _shown("message does not contain student, thesis", yes=("Hello", None), no=("For my Thesis",)),
        negates="contains",
    ),
    Operator(
        "starts with",
        ("starts with", "begins with"),
        "the cell begins with one of the texts",
        (_TEXT,),
        Operands.SEVERAL,
        meanings.any_folded(str.startswith),
        _shown("company starts with Bau, Holz", yes=("Bauhof AG", "holz & mehr"), no=("Neubau", None)),
    ),
    Operator(
        "does not start with",
        ("does not start with", "doesn't start with", "does not begin with"),
        "the cell begins with none of the texts, or it is empty",
        (_TEXT,),
        Operands.SEVERAL,
        negation(meanings.any_folded(str.startswith)),
        _shown("company does not start with Test", yes=("Muster AG", None), no=("TEST company",)),
        negates="starts with",
    ),
    Operator(
        "ends with",
        ("ends with",),
        "the cell ends with one of the texts",
        (_TEXT,),
        Operands.SEVERAL,
        meanings.any_folded(str.endswith),
        _shown("email ends with .example, .test", yes=("eva@muster.EXAMPLE",), no=("eva@example.invalid", None)),
    ),
    Operator(
        "does not end with",
        ("does not end with", "doesn't end with"),
        "the cell ends with none of the texts, or it is empty",
        (_TEXT,),
        Operands.SEVERAL,
        negation(meanings.any_folded(str.endswith)),
        _shown("company does not end with e.V.", yes=("Muster AG", None), no=("Turnverein e.v.",)),
        negates="ends with",
    ),
    Operator(
        ">=",
        (">=", "at least", "is at least", "≥", "=>", "is on or after", "on or after", "is greater than or equal to"),
        "the number is that or more; the day is that or later",
        (_NUMBER, _DATE),
        Operands.ONE,
        meanings.at_least,
        (
            *_shown("employees >= 20", yes=(20, 80), no=(19.5, None)),
            *_shown("employees at least 20", yes=(20,), no=(19,)),
            *_shown("renewal is on or after 2026-12-01", yes=(date(2026, 12, 1),), no=(date(2026, 11, 30), None)),
        ),
    ),
    Operator(
        "<=",
        ("<=", "at most", "is at most", "≤", "=<", "is on or before", "on or before", "is less than or equal to"),
        "the number is that or less; the day is that or earlier",
        (_NUMBER, _DATE),
        Operands.ONE,
        meanings.at_most,
        (
            *_shown("employees <= 20", yes=(20, 0), no=(21, None)),
            *_shown("renewal is on or before 2026-12-01", yes=(date(2026, 12, 1),), no=(date(2026, 12, 2), None)),
        ),
    ),
    Operator(
        ">",
        (">", "more than", "is more than", "is greater than", "greater than", "is over"),
        "the number is more; the day is later",
        (_NUMBER, _DATE),
        Operands.ONE,
        meanings.more,
        _shown("employees more than 20", yes=(21,), no=(20, None)),
    ),
    Operator(
        "<",
        ("<", "less than", "is less than", "fewer than", "is fewer than", "is under"),
        "the number is less; the day is earlier",
        (_NUMBER, _DATE),
        Operands.ONE,
        meanings.less,
        _shown("employees < 20", yes=(19, -1), no=(20, None)),
    ),
    Operator(
        "is between",
        ("is between", "between"),
        "the cell is one of the two values or lies between them",
        (_NUMBER, _DATE),
        Operands.TWO,
        meanings.between,
        (
            *_shown("employees is between 10 and 50", yes=(10, 50), no=(9, 51, None)),
            *_shown("asked_on is between 2026-11-01 and today", yes=(date(2026, 11, 23),), no=(date(2026, 11, 24),)),
        ),
    ),
    Operator(
        "is not between",
        ("is not between", "not between"),
        "the cell lies outside the two values, or is empty",
        (_NUMBER, _DATE),
        Operands.TWO,
        negation(meanings.between),
        _shown("employees is not between 10 and 50", yes=(9, 51, None), no=(10, 50)),
        negates="is between",
    ),
    Operator(
        "is empty",
        ("is empty", "is blank", "is missing"),
        "nothing but space is in the cell",
        _ANY,
        Operands.NONE,
        meanings.empty,
        _shown("company is empty", yes=(None, "  "), no=("Muster AG",)),
    ),
    Operator(
        "is not empty",
        ("is not empty", "is not blank", "is filled", "isn't empty", "is not missing"),
        "something is in the cell",
        _ANY,
        Operands.NONE,
        negation(meanings.empty),
        _shown("employees is not empty", yes=(0, 12), no=(None,)),
        negates="is empty",
    ),
    Operator(
        "is before",
        ("is before", "before", "is earlier than"),
        "the day is earlier",
        (_DATE,),
        Operands.ONE,
        meanings.less,
        _shown("renewal is before 23.11.2026", yes=(date(2026, 11, 22),), no=(date(2026, 11, 23), None)),
    ),
    Operator(
        "is after",
        ("is after", "after", "is later than"),
        "the day is later",
        (_DATE,),
        Operands.ONE,
        meanings.more,
        _shown("renewal is after today", yes=(date(2026, 11, 24),), no=(date(2026, 11, 23), None)),
    ),
    Operator(
        "is in the last",
        ("is in the last", "is within the last", "in the last", "within the last", "is in the past", "is in last"),
        "the day is today, that long ago, or between; a day in the future is not",
        (_DATE,),
        Operands.SPAN,
        meanings.in_the_last,
        (
            *_shown(
                "asked_on is in the last 14 days",
                yes=(date(2026, 11, 23), date(2026, 11, 9)),
                no=(date(2026, 11, 8), date(2026, 11, 24), None),
            ),
            *_shown("asked_on is in the last month", yes=(date(2026, 10, 23),), no=(date(2026, 10, 22),)),
        ),
    ),
    Operator(
        "is not in the last",
        ("is not in the last", "is not within the last", "not in the last", "is not in the past"),
        "the day is longer ago or in the future, or the cell is empty",
        (_DATE,),
        Operands.SPAN,
        negation(meanings.in_the_last),
        _shown("asked_on is not in the last 2 weeks", yes=(date(2026, 11, 8), None), no=(date(2026, 11, 9),)),
        negates="is in the last",
    ),
    Operator(
        "is older than",
        ("is older than", "older than", "is longer ago than"),
        "the day is longer ago than that",
        (_DATE,),
        Operands.SPAN,
        meanings.older_than,
        _shown("asked_on is older than 14 days", yes=(date(2026, 11, 8),), no=(date(2026, 11, 9), None)),
    ),
    Operator(
        "is in the next",
        ("is in the next", "is within the next", "in the next", "within the next", "is in next"),
        "the day is today, that far ahead, or between; a day in the past is not",
        (_DATE,),
        Operands.SPAN,
        meanings.in_the_next,
        _shown(
            "renewal is in the next 2 months",
            yes=(date(2026, 11, 23), date(2027, 1, 23)),
            no=(date(2026, 11, 22), date(2027, 1, 24), None),
        ),
    ),
    Operator(
        "is a free mailbox",
        ("is a free mailbox", "is free mailbox", "is a free address", "is a freemail address"),
        "the address is one of a public provider of mailboxes, such as gmail.com",
        (_TEXT,),
        Operands.NONE,
        meanings.addressed(meanings.FREE),
        _shown("email is a free mailbox", yes=("Tom@Gmail.com",), no=("eva@muster.example", "none", None)),
    ),
    Operator(
        "is a disposable address",
        ("is a disposable address", "is disposable address", "is disposable", "is a throwaway address"),
        "the address is made to be thrown away, at mailinator.com and about 10,000 others",
        (_TEXT,),
        Operands.NONE,
        meanings.addressed(meanings.DISPOSABLE),
        _shown("email is a disposable address", yes=("x@eu.mailinator.com",), no=("eva@muster.example", None)),
    ),
    Operator(
        "is a role address",
        ("is a role address", "is role address", "is a shared address"),
        "the address belongs to a function, not to a person, such as info@ or sales@",
        (_TEXT,),
        Operands.NONE,
        meanings.addressed(meanings.ROLE),
        _shown("email is a role address", yes=("Info@muster.example",), no=("eva@muster.example", None)),
    ),
    Operator(
        "is a business address",
        ("is a business address", "is business address", "is a company address"),
        "there is an address, and it is neither free, disposable nor a role's",
        (_TEXT,),
        Operands.NONE,
        meanings.addressed(meanings.BUSINESS),
        _shown(
            "email is a business address",
            yes=("eva@muster.example",),
            no=("tom@gmail.com", "info@muster.example", "none", None),
        ),
    ),
)


def _opposite(operator: Operator) -> Operator:
    """Return the opposite of a kind of address, spelled like it: ``is not a free mailbox``."""
    name = operator.name.replace("is ", "is not ", 1)
    examples = tuple(Shown(f"email {name}", each.cell, not each.holds) for each in operator.examples)
    return Operator(
        name,
        tuple(each.replace("is ", "is not ", 1) for each in operator.spellings),
        "it is not such an address, or nothing is in the cell",
        operator.types,
        operator.operands,
        negation(operator.holds),
        examples,
        negates=operator.name,
    )


_KINDS = ("is a free mailbox", "is a disposable address", "is a role address", "is a business address")

OPERATORS = _TABLE + tuple(_opposite(each) for each in _TABLE if each.name in _KINDS)
"""Every operator, in the order README shows them."""

BY_NAME: Mapping[str, Operator] = MappingProxyType({each.name: each for each in OPERATORS})

BY_SPELLING: Mapping[str, Operator] = MappingProxyType(
    {spelling: each for each in OPERATORS for spelling in each.spellings}
)
"""Every spelling, in lower case, with one space between words."""


def table() -> str:
    """Return the operators as the Markdown table of README, without a line break at the end."""
    rows = ["| write | also | for | holds when | for example |", "|---|---|---|---|---|"]
    return "\n".join([*rows, *(_row(each) for each in OPERATORS)])


def _row(operator: Operator) -> str:
    write = f"`{operator.spellings[0]}`" if operator.spellings else "the field alone"
    also = ", ".join(f"`{each}`" for each in operator.spellings[1:])
    kinds = "all" if operator.types == _ANY else ", ".join(operator.types)
    return f"| {write} | {also} | {kinds} | {operator.meaning} | {_example(operator)} |"


def _example(operator: Operator) -> str:
    sentence = operator.examples[0].sentence
    shown = [each for each in operator.examples if each.sentence == sentence]
    yes = ", ".join(_cell(each.cell) for each in shown if each.holds)
    no = ", ".join(_cell(each.cell) for each in shown if not each.holds)
    return f"`{sentence}`: yes for {yes}; no for {no}"


def _cell(cell: Value) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if cell is None:
        return "an empty cell"
    return f'"{cell}"' if isinstance(cell, str) else str(cell)
