"""What an operator is, and what operators mean for one cell: comparison of text, spans of days, kinds of addresses.

Written to be obviously right. `generated` has faster forms of the same, and a property test that they agree.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache

from automations.core.addresses import domain_of
from automations.core.leads import Field, FieldType, Value
from automations.core.policy import Facts

TODAY = "today"
"""The operand of a date operator that stands for the day of the run."""


@dataclass(frozen=True, slots=True)
class World:
    """What an operator may know besides the cell: the day it is, and what kinds of addresses there are."""

    today: date
    facts: Facts = field(default_factory=Facts)


Meaning = Callable[[Value, tuple[Value, ...], World], bool]
"""Whether the operator holds for a cell and its operands. Never raises for a cell of the field's type."""

SPAN_UNITS = ("days", "weeks", "months", "years")
MAX_SPAN = 10_000
"""Most days, weeks, months or years a sentence may speak of."""


class Operands(StrEnum):
    """What stands behind an operator."""

    NONE = "nothing"
    ONE = "one value"
    SEVERAL = "one or more values with commas between them"
    TWO = "two values with and between them"
    SPAN = "a number of days, weeks, months or years"


@dataclass(frozen=True, slots=True)
class Shown:
    """An example: a *sentence* about one of `EXAMPLE_FIELDS`, the *cell* of that field, and whether it *holds*."""

    sentence: str
    cell: Value
    holds: bool


@dataclass(frozen=True, slots=True)
class Operator:
    """One way to ask about a field. *spellings* begins with the one we show; *meaning* ends ``holds when ...``."""

    name: str
    spellings: tuple[str, ...]
    meaning: str
    types: tuple[FieldType, ...]
    operands: Operands
    holds: Meaning
    examples: tuple[Shown, ...]
    negates: str | None = None


EXAMPLE_TODAY = date(2026, 11, 23)
EXAMPLE_FACTS = Facts(
    free_mailbox_domains=frozenset({"gmail.com"}),
    disposable_domains=frozenset({"mailinator.com"}),
    role_names=frozenset({"info"}),
)
EXAMPLE_FIELDS = (
    Field("company", "Company"),
    Field("email", "Email"),
    Field("message", "Message"),
    Field("employees", "Office size", FieldType.NUMBER),
    Field("source", "Source", FieldType.TEXT, ("Website", "Referral", "Trade fair", "Cold list")),
    Field("asked_on", "Asked on", FieldType.DATE),
    Field("renewal", "Renewal", FieldType.DATE),
    Field("newsletter", "Newsletter", FieldType.YES_NO),
)


def fold(text: str) -> str:
    """Return what two texts that read the same have in common; "" for nothing but space.

    Non-ASCII text is brought to NFKC, because a sheet's cells come from many programs: a no-break space is a space, a
    full-width letter a letter, e and a combining accent one letter (Unicode Standard Annex 15; section 3.13, D145).

    >>> fold("  STRASSE ") == fold("Straße")
    True
    """
    if text.isascii():
        return text.strip().lower()
    wide = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", wide).strip()


def _shifted_months(day: date, months: int) -> date:
    year, month0 = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year < date.min.year:
        return date.min
    if year > date.max.year:
        return date.max
    last = 31 if month0 == 11 else (date(year, month0 + 2, 1) - timedelta(1)).day  # noqa: PLR2004 - December
    return date(year, month0 + 1, min(day.day, last))


@lru_cache(maxsize=1024)
def shifted(day: date, amount: int, unit: str) -> date:
    """Return the day *amount* units after *day* (before, when negative); the calendar's first or last day at most.

    A month or year later is the same day of the month, or the month's last day when it has no such day.

    >>> shifted(date(2026, 3, 31), -1, "months")
    datetime.date(2026, 2, 28)
    """
    if unit in {"months", "years"}:
        return _shifted_months(day, amount * (12 if unit == "years" else 1))
    ordinal = day.toordinal() + amount * (7 if unit == "weeks" else 1)
    return date.fromordinal(max(1, min(ordinal, date.max.toordinal())))


def span_ago(operands: tuple[Value, ...], today: date) -> date:
    """Return the day that lies the span (amount, unit) before *today*."""
    amount, unit = operands
    return shifted(today, -int(str(amount)), str(unit))


def span_ahead(operands: tuple[Value, ...], today: date) -> date:
    """Return the day that lies the span (amount, unit) after *today*."""
    amount, unit = operands
    return shifted(today, int(str(amount)), str(unit))


def holding_days(operator: str, operands: tuple[Value, ...], day: date) -> tuple[date, date] | None:
    """Return the first and last *today* on which a span operator holds for a cell with *day*; None for other operators.

    Both are exact although months differ in length: a day that is clipped to a month's end counts, too.
    """
    match operator:
        case "is in the last":
            return day, _last_day_within(operands, day)
        case "is in the next":
            return _first_day_within(operands, day), day
        case "is older than":
            return shifted(_last_day_within(operands, day), 1, "days"), date.max
    return None


def _last_day_within(operands: tuple[Value, ...], day: date) -> date:
    last = span_ahead(operands, day)
    while last < date.max and span_ago(operands, last + timedelta(1)) <= day:
        last += timedelta(1)
    return last


def _first_day_within(operands: tuple[Value, ...], day: date) -> date:
    first = span_ago(operands, day)
    while first > date.min and span_ahead(operands, first - timedelta(1)) >= day:
        first -= timedelta(1)
    while span_ahead(operands, first) < day:
        first += timedelta(1)
    return first


def is_disposable(domain: str, disposable: frozenset[str]) -> bool:
    """Return whether *domain* (lower-case) or a domain above it is a known disposable one."""
    while domain:
        if domain in disposable:
            return True
        domain = domain.partition(".")[2]
    return False


FREE, DISPOSABLE, ROLE, BUSINESS = 1, 2, 4, 8


def address_kinds(cell: str, facts: Facts) -> int:
    """Return what kinds of address a cell holds, as a sum of FREE, DISPOSABLE, ROLE and BUSINESS; 0 for no address."""
    address = fold(cell)
    domain = domain_of(address)
    local = address.rpartition("@")[0].partition("+")[0]
    if not domain or not local:
        return 0
    kinds = FREE * (domain in facts.free_mailbox_domains)
    kinds |= DISPOSABLE * is_disposable(domain, facts.disposable_domains)
    kinds |= ROLE * (local in facts.role_names)
    return kinds or BUSINESS


def same(cell: Value, operand: Value, world: World) -> bool:
    """Return whether a cell is *operand*; an empty cell is not."""
    if isinstance(cell, str):
        return fold(cell) != "" and fold(cell) == fold(str(operand))
    if isinstance(cell, bool) or isinstance(operand, bool):
        return cell is operand
    return cell is not None and cell == _resolved(cell, operand, world)


def _resolved(cell: Value, operand: Value, world: World) -> Value:
    return world.today if isinstance(cell, date) and operand == TODAY else operand


def _size(value: Value) -> int | float | None:
    """Return a number that numbers and days can be ordered by; None for anything else."""
    if isinstance(value, date):
        return value.toordinal()
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _ordered(fits: Callable[[float, float], bool]) -> Meaning:
    def holds(cell: Value, operands: tuple[Value, ...], world: World) -> bool:
        size, other = _size(cell), _size(_resolved(cell, operands[0], world))
        return size is not None and other is not None and fits(size, other)

    return holds


def any_folded(fits: Callable[[str, str], bool]) -> Meaning:
    """Return the meaning: one of the operands stands in the cell, in the way of *fits(cell, operand)*."""

    def holds(cell: Value, operands: tuple[Value, ...], _world: World) -> bool:
        return isinstance(cell, str) and any(fits(fold(cell), fold(str(each))) for each in operands)

    return holds


def addressed(kind: int) -> Meaning:
    """Return the meaning: the cell holds an address of that *kind*."""

    def holds(cell: Value, _operands: tuple[Value, ...], world: World) -> bool:
        return isinstance(cell, str) and bool(address_kinds(cell, world.facts) & kind)

    return holds


def is_value(cell: Value, operands: tuple[Value, ...], world: World) -> bool:
    """Return whether the cell is the operand."""
    return same(cell, operands[0], world)


def one_of(cell: Value, operands: tuple[Value, ...], world: World) -> bool:
    """Return whether the cell is one of the operands."""
    return any(same(cell, each, world) for each in operands)


def between(cell: Value, operands: tuple[Value, ...], world: World) -> bool:
    """Return whether the cell lies between the two operands or is one of them."""
    return at_least(cell, operands[:1], world) and at_most(cell, operands[1:], world)


def empty(cell: Value, _operands: tuple[Value, ...], _world: World) -> bool:
    """Return whether nothing but space is in the cell."""
    return cell is None or (isinstance(cell, str) and fold(cell) == "")


def in_the_last(cell: Value, operands: tuple[Value, ...], world: World) -> bool:
    """Return whether the day is today, that long ago, or between."""
    return isinstance(cell, date) and span_ago(operands, world.today) <= cell <= world.today


def in_the_next(cell: Value, operands: tuple[Value, ...], world: World) -> bool:
    """Return whether the day is today, that far ahead, or between."""
    return isinstance(cell, date) and world.today <= cell <= span_ahead(operands, world.today)


def older_than(cell: Value, operands: tuple[Value, ...], world: World) -> bool:
    """Return whether the day is longer ago than that."""
    return isinstance(cell, date) and cell < span_ago(operands, world.today)


def yes(cell: Value, _operands: tuple[Value, ...], _world: World) -> bool:
    """Return whether the cell says yes."""
    return cell is True


def negation(holds: Meaning) -> Meaning:
    """Return the opposite meaning, which therefore holds for an empty cell."""

    def negated(cell: Value, operands: tuple[Value, ...], world: World) -> bool:
        return not holds(cell, operands, world)

    return negated


at_least = _ordered(lambda size, other: size >= other)
at_most = _ordered(lambda size, other: size <= other)
more = _ordered(lambda size, other: size > other)
less = _ordered(lambda size, other: size < other)
