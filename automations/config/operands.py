"""What a part of a sentence means: its field, operator and values checked against each other, and typed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from types import MappingProxyType

from automations.config.nearest import nearest
from automations.config.words import Part, Piece, Scope, SentenceProblem
from automations.core.conditions import Compare
from automations.core.leads import Field, FieldType, Value
from automations.core.meanings import MAX_SPAN, SPAN_UNITS, TODAY, Operands, Operator, fold
from automations.core.operators import BY_SPELLING, OPERATORS

MAX_SHOWN = 12
MAX_DIGITS = 15

_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
# 5.000 is five in London and five thousand in Berlin; 0.125 and 5.00 are the same everywhere.
_TWO_WAYS = re.compile(r"([+-]?[1-9][0-9]{0,2})\.([0-9]{3})")
_GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:[ '_\u00a0\u202f][0-9]{3})+")
_NUMBER_INSIDE = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?")
_ISO_DAY = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_DOTTED_DAY = re.compile(r"([0-9]{1,2})\.\s?([0-9]{1,2})\.\s?([0-9]{4})")
_WORDED_DAY = re.compile(r"([0-9]{1,2})\.?\s+([^\W\d]+)\.?\s+([0-9]{4})")
_SLASHED_DAY = re.compile(r"([0-9]{1,2})[/-]([0-9]{1,2})[/-]([0-9]{2,4})")
_SPAN = re.compile(r"(?:([0-9]+)\s*)?([^\W\d]+)")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_LONG_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_UNITS: Mapping[str, str] = MappingProxyType({**{each: each for each in SPAN_UNITS}, **{u[:-1]: u for u in SPAN_UNITS}})
_YES_NO = MappingProxyType({"yes": True, "no": False, "true": True, "false": False})
_DECIDED = frozenset({"score", "segment", "stage", "days_in_stage"})
_CHOOSING = frozenset({"is", "is not", "is one of", "is not one of"})
_HOLDS = MappingProxyType(
    {FieldType.TEXT: "text", FieldType.NUMBER: "numbers", FieldType.DATE: "dates", FieldType.YES_NO: "yes or no"}
)
_FOR_EXAMPLE = MappingProxyType(
    {
        FieldType.TEXT: "{} is not empty",
        FieldType.NUMBER: "{} >= 20",
        FieldType.DATE: "{} is in the last 14 days",
        FieldType.YES_NO: "{}",
    }
)


class WrongValue(ValueError):  # noqa: N818 - it is a problem of the sentence's, not an error of ours
    """What is wrong with one value, *under* the caret what to do."""

    def __init__(self, what: str, under: str) -> None:
        super().__init__(what)
        self.what = what
        self.under = under


def compare_of(
    part: Part, text: str, scope: Scope, before: Part | None
) -> tuple[Compare | None, tuple[SentenceProblem, ...]]:
    """Return what *part* of the sentence *text* asks, or every problem with it. *before* is the part before it."""
    if part.field is None:
        return None, (_unknown_field(part, text, scope, before),)
    if part.operator is None:
        return None, (_unknown_operator(part, part.field, text),)
    if part.field.type not in part.operator.types:
        return None, (_wrong_type(part, part.field, part.operator),)
    problem = _wrong_count(part, part.field, part.operator, text)
    if problem:
        return None, (problem,)
    operands, problems = _operands(part.pieces, part.field, part.operator)
    if problems:
        return None, problems
    return Compare(part.field.name, part.operator.name, operands, text[part.start : part.end]), ()


def _operands(
    pieces: tuple[Piece, ...], field: Field, operator: Operator
) -> tuple[tuple[Value, ...], tuple[SentenceProblem, ...]]:
    values: list[Value] = []
    problems: list[SentenceProblem] = []
    for piece in pieces:
        try:
            values.extend(_values(piece, field, operator))
        except WrongValue as wrong:
            problems.append(SentenceProblem(piece.start, piece.end, wrong.what, wrong.under))
    if not problems and operator.operands is Operands.TWO and _is_backwards(values):
        start, end = pieces[0].start, pieces[1].end
        under = f"the smaller one comes first: {pieces[1].text} and {pieces[0].text}"
        problems.append(SentenceProblem(start, end, "nothing lies between these two", under))
    return tuple(values), tuple(problems)


def _is_backwards(values: list[Value]) -> bool:
    match values:
        case [int() | float() as low, int() | float() as high]:
            return low > high
        case [date() as first, date() as last]:
            return first > last
    return False


def _values(piece: Piece, field: Field, operator: Operator) -> tuple[Value, ...]:
    if operator.operands is Operands.SPAN:
        return span_of(piece.text)
    if field.type is not FieldType.TEXT:
        return (_TYPED[field.type](piece.text),)
    if not fold(piece.text):
        raise WrongValue("there is nothing between the quotation marks", f"for an empty cell: {field.name} is empty")
    if field.choices and operator.name in _CHOOSING:
        return (choice_of(piece.text, field),)
    return (piece.text,)


# --- One value of each type. ---


def choice_of(text: str, field: Field) -> str:
    """Return the choice of *field* that *text* names, in its own spelling. Raises WrongValue with all choices."""
    for choice in field.choices:
        if fold(choice) == fold(text):
            return choice
    near = nearest(text, field.choices)
    shown = ", ".join(field.choices[:MAX_SHOWN])
    more = len(field.choices) - MAX_SHOWN
    under = f"choices: {shown}" + (f" and {more} more" if more > 0 else "")
    raise WrongValue(
        f'"{text}" is not a choice of {field.header}', under + (f'. Did you mean "{near}"?' if near else "")
    )


def number_of(text: str) -> int | float:
    """Return the number that *text* is: digits, one period, a sign. Raises WrongValue.

    >>> number_of("20"), number_of("-2.5")
    (20, -2.5)
    """
    if two_ways := _TWO_WAYS.fullmatch(text):
        whole, rest = two_ways.groups()
        raise WrongValue(f'"{text}" is {whole}{rest} to one reader and {float(text):g} to another', _plainly(text))
    if _NUMBER.fullmatch(text):
        if len(text) > MAX_DIGITS + 1:
            raise WrongValue(f'"{text}" is too long for a number', f"at most {MAX_DIGITS} digits")
        return float(text) if "." in text else int(text)
    if _GROUPED.fullmatch(text):
        plain = re.sub(r"[^0-9+-]", "", text)
        raise WrongValue(f'"{text}" is not a number as it stands', f"write {plain}")
    inside = _NUMBER_INSIDE.search(text)
    under = _plainly(inside[0]) if inside else "write digits, for example: 20 or 2.5"
    raise WrongValue(f'"{text}" is not a number', under)


def _plainly(number: str) -> str:
    """Return the advice to write *number* so that nobody can take it for another."""
    two_ways = _TWO_WAYS.fullmatch(number)
    return f"write {two_ways[1]}{two_ways[2]}, or {float(number):g}" if two_ways else f"write {number}"


def day_of(text: str) -> date | str:
    """Return the day that *text* names: 2026-11-23, 23 Nov 2026, 23.11.2026, or `TODAY`. Raises WrongValue."""
    if fold(text) == TODAY:
        return TODAY
    for form, order in ((_ISO_DAY, (0, 1, 2)), (_DOTTED_DAY, (2, 1, 0)), (_WORDED_DAY, (2, 1, 0))):
        if match := form.fullmatch(text):
            parts = match.groups()
            year, month, day = (parts[each] for each in order)
            return _day(text, year, month, day)
    if match := _SLASHED_DAY.fullmatch(text):
        raise _ambiguous_day(text, *match.groups())
    raise WrongValue(f'"{text}" is not a date', "write it like 2026-11-23, 23 Nov 2026 or today")


def _day(text: str, year: str, month: str, day: str) -> date:
    try:
        return date(int(year), int(month) if month.isdigit() else _month_of(month), int(day))
    except ValueError:
        raise WrongValue(f'there is no day "{text}"', "write it like 2026-11-23 or 23 Nov 2026") from None


def _month_of(name: str) -> int:
    known = fold(name) if fold(name) != "sept" else "sep"
    return (_LONG_MONTHS if known in _LONG_MONTHS else _MONTHS).index(known) + 1


def _ambiguous_day(text: str, first: str, second: str, year: str) -> WrongValue:
    """Return the advice for 03/04/2026, which is the third of April here and the fourth of March there."""
    year = year if len(year) > 2 else f"20{year.zfill(2)}"  # noqa: PLR2004 - two digits of a year
    readings = []
    for month, day in ((second, first), (first, second)):
        try:
            readings.append(date(int(year), int(month), int(day)).isoformat())
        except ValueError:
            continue
    under = f"write {' or '.join(dict.fromkeys(readings))}" if readings else "write it like 2026-11-23"
    what = f'"{text}" can be read as two days' if len(set(readings)) > 1 else f'"{text}" is not a date as it stands'
    return WrongValue(what, under)


def yes_or_no(text: str) -> bool:
    """Return what *text* says. Raises WrongValue."""
    try:
        return _YES_NO[fold(text)]
    except KeyError:
        raise WrongValue(f'"{text}" is neither yes nor no', "write yes or no") from None


def span_of(text: str) -> tuple[int, str]:
    """Return a span of time as amount and unit; without an amount it is one: ``14 days``, ``month``.

    Raises WrongValue.
    """
    match = _SPAN.fullmatch(text)
    unit = _UNITS.get(fold(match[2])) if match else None
    if match is None or unit is None:
        digits = re.match(r"[0-9]+", text)
        under = f"for example: {digits[0] if digits else 14} days; there are days, weeks, months and years"
        raise WrongValue(f'"{text}" is not a span of time', under)
    amount = match[1] or "1"
    if len(amount) > MAX_DIGITS or not 0 < int(amount) <= MAX_SPAN:
        raise WrongValue(f'"{text}" is too short or too long', f"from 1 to {MAX_SPAN} {unit}")
    return int(amount), unit


_TYPED: Mapping[FieldType, Callable[[str], Value]] = MappingProxyType(
    {FieldType.NUMBER: number_of, FieldType.DATE: day_of, FieldType.YES_NO: yes_or_no}
)


# --- What is wrong, in words. ---


def _named(field: Field) -> str:
    return f'"{field.name}"' + (f" ({field.header})" if field.header and field.header != field.name else "")


def _unknown_field(part: Part, text: str, scope: Scope, before: Part | None) -> SentenceProblem:
    start, end = part.asked
    name = text[start:end]
    fields = (*scope.fields, *scope.facts)
    names = {each.name: each for each in fields}
    headers = {each.header: each for each in scope.fields}
    near = nearest(name, names) or nearest(name, headers)
    what = f'there is no column "{name}"'
    if before is not None and before.operator is not None and before.pieces and part.operator is None:
        return SentenceProblem(start, end, what, _belongs_before(before, before.operator, name, text[:end]))
    if fold(name) in _DECIDED:
        return SentenceProblem(start, end, f'"{name}" cannot be asked here', "it is known only after this is decided")
    if near:
        return SentenceProblem(start, end, what, f"did you mean {_named(names.get(near) or headers[near])}?")
    shown = ", ".join(each.name for each in fields[:MAX_SHOWN])
    return SentenceProblem(start, end, what, f"columns: {shown}{', ...' if len(fields) > MAX_SHOWN else ''}")


def _quoted(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'


def _belongs_before(before: Part, operator: Operator, name: str, text: str) -> str:
    """Return the advice for ``Smith and Sons`` and for ``one of A, B or C``, where a word ends a value too early."""
    last = before.pieces[-1]
    joint = fold(text[last.end : len(text) - len(name)])
    if joint == "or" and before.field is not None and f"{operator.name} one of" in BY_SPELLING:
        return f"for either of the two: {before.field.name} {operator.name} one of {last.text}, {name}"
    if operator.operands is Operands.SEVERAL:
        return f"if it is one of the values, write a comma: {last.text}, {name}"
    return f"if it belongs to the value before it, put it in quotes: {_quoted(text[last.start :])}"


def _unknown_operator(part: Part, field: Field, text: str) -> SentenceProblem:
    start, end = part.asked
    words = re.findall(r"\S+\s*", text[start:end])
    fitting = [each for each, operator in BY_SPELLING.items() if field.type in operator.types]
    tried = [text[start : start + len("".join(words[:count]).rstrip())] for count in range(1, min(len(words), 6) + 1)]
    meant = [(likeness(found, near), found, near) for found in tried if (near := nearest(found, fitting))]
    if meant:
        _, found, near = max(meant)
        what = f'"{found}" is not a way to compare'
        return SentenceProblem(start, start + len(found), what, f'did you mean "{near}"?')
    under = f"for example: {_FOR_EXAMPLE[field.type].format(field.name)}"
    return SentenceProblem(start, start + len(tried[0]), f'"{tried[0]}" is not a way to compare', under)


def likeness(one: str, other: str) -> float:
    """Return how much two spellings have in common, from 0 to 1."""
    from difflib import SequenceMatcher  # noqa: PLC0415 - only a wrong sentence pays for it

    return SequenceMatcher(None, fold(one), fold(other)).ratio()


def _wrong_type(part: Part, field: Field, operator: Operator) -> SentenceProblem:
    start, end = part.asked
    example = _FOR_EXAMPLE[field.type].format(field.name)
    if operator.name == "alone":
        return SentenceProblem(start, end, f'"{field.name}" alone is not a condition', f"for example: {example}")
    fitting = ", ".join(
        each.name for each in OPERATORS if field.type in each.types and each.spellings and not each.negates
    )
    what = f'"{operator.name}" does not work for {field.name}, which holds {_HOLDS[field.type]}'
    return SentenceProblem(start, end, what, f"use one of: {fitting}")


_WANTED = MappingProxyType(
    {Operands.ONE: (1, 1), Operands.SEVERAL: (1, 10_000), Operands.TWO: (2, 2), Operands.SPAN: (1, 1)}
)


def _wrong_count(part: Part, field: Field, operator: Operator, text: str) -> SentenceProblem | None:
    if operator.operands is Operands.NONE:
        return _too_much(part, operator)
    least, most = _WANTED[operator.operands]
    gap = next((each for each in part.pieces if each.start == each.end and not each.quoted), None)
    example = f"for example: {_example(field, operator)}"
    if not part.pieces or (gap and len(part.pieces) == 1):
        return SentenceProblem(*part.asked, f'nothing stands behind "{operator.spellings[0]}"', example)
    if gap:
        comma = text.rfind(",", 0, gap.start + 1)
        return SentenceProblem(comma, comma + 1, "a value is missing at this comma", "take the comma out")
    if len(part.pieces) < least:
        return SentenceProblem(*part.asked, f'"{operator.spellings[0]}" needs two values', example)
    if len(part.pieces) > most:
        return _too_many(part, field, operator)
    return None


def _too_much(part: Part, operator: Operator) -> SentenceProblem | None:
    if not part.pieces:
        return None
    start, end = part.pieces[0].start, part.pieces[-1].end
    what = f'nothing may stand behind "{operator.spellings[0]}"' if operator.spellings else "nothing may stand here"
    return SentenceProblem(start, end, what, "write and or or before it, or take it out")


def _too_many(part: Part, field: Field, operator: Operator) -> SentenceProblem:
    start, end = part.pieces[1].start, part.pieces[-1].end
    several = {"is": "is one of", "is not": "is not one of"}.get(operator.name)
    if several and field.type is not FieldType.YES_NO:
        return SentenceProblem(start, end, f'"{operator.name}" takes one value', f'write "{several}" for several')
    whole = "".join(each.text for each in part.pieces)
    under = f"a number has no comma: {whole}" if _NUMBER.fullmatch(whole) else "take the rest out"
    return SentenceProblem(start, end, f'"{operator.name}" takes {operator.operands}', under)


def _example(field: Field, operator: Operator) -> str:
    values = {
        FieldType.NUMBER: ("10", "50"),
        FieldType.DATE: ("2026-11-23", "2026-12-31"),
        FieldType.YES_NO: ("yes", "no"),
    }
    low, high = values.get(field.type, (field.choices[0] if field.choices else "some text", ""))
    behind = {Operands.SPAN: "14 days", Operands.TWO: f"{low} and {high}"}.get(operator.operands, low)
    return f"{field.name} {operator.spellings[0]} {behind}"
