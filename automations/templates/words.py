"""How a field of a lead is written in an email: as a person would write it, and as nothing but text.

Standard library only: `check` needs the names and filters below before jinja2 is worth importing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from functools import lru_cache
from math import isfinite

from automations.core.leads import Columns, Lead, Value
from automations.core.messages import one_line
from automations.core.policy import Business, Sender
from automations.core.rules import Qualification

EXTRA_NAMES: Mapping[str, str] = {
    "first_name": "the first name, taken from the field name; a field called first_name comes before it",
    "last_name": "the last name, taken from the field name; a field called last_name comes before it",
    "greeting": "Hi Eva, or Hi there without a name, in the language of the email; the comma is yours",
    "business_name": "the name of your business",
    "business_address": "the postal address of your business",
    "sender_name": "the name of the person the email comes from",
    "sender_address": "the address of the person the email comes from",
    "signature": "the signature of the sender, on a line of its own; without it, the signature ends the email",
    "score": "the lead's score",
    "segment": "the lead's segment",
    "stage": "the lead's stage",
    "today": "the day the email is written",
}
"""What an email can use besides the fields under ``columns:``, and what it is."""

PARTS_OF_NAME: Mapping[str, str] = {"first_name": "first", "last_name": "last"}
"""What is taken out of the field ``name``, which must be there; and what the parser calls it."""

GREETINGS: Mapping[str, tuple[str, str]] = {
    "en": ("Hi {}", "Hi there"),
    "de": ("Hallo {}", "Guten Tag"),
    "es": ("Hola {}", "Hola"),
    "fr": ("Bonjour {}", "Bonjour"),
    "it": ("Buongiorno {}", "Buongiorno"),
    "nl": ("Dag {}", "Goedendag"),
}
"""How an email begins, by language: to somebody with a first name, and to somebody without."""

FILTERS: Mapping[str, str] = {
    "abs": "a number without its minus sign",
    "capitalize": "the first letter large, the others small",
    "d": "short for default",
    "date": 'a day written as you like: {{ asked_on | date("%d.%m.%Y") }}',
    "default": 'what to write when the cell is empty: {{ company | default("your company") }}',
    "first": "the first letter",
    "float": "a text read as a number",
    "int": "a number without what comes after the decimal point",
    "last": "the last letter",
    "length": "how many letters",
    "lower": "small letters",
    "replace": 'one text in place of another: {{ company | replace("GmbH", "") }}',
    "round": "a rounded number: {{ employees | round(-1) }}",
    "title": "Every Word With A Large Letter",
    "trim": "without spaces around it",
    "truncate": "at most so many letters: {{ message | truncate(40) }}",
    "upper": "LARGE LETTERS",
    "urlencode": "as part of a link",
}
"""Every filter an email may use, and what it makes of a value."""

TESTS = ("defined", "divisibleby", "even", "in", "none", "number", "odd", "string", "undefined")
"""Every test an email may use after ``is``."""

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def as_text(value: Value) -> str:
    """Return a value as people write it, on one line.

    Raises ValueError for a number without an end.

    >>> as_text(80.0), as_text(0.1 + 0.2), as_text(date(2026, 11, 23)), as_text(True)
    ('80', '0.3', '23 Nov 2026', 'yes')
    """
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return _number(value)
        case date():
            # Not strftime: its month names change with the machine's language, and then so would the email.
            return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"
        case _:
            return one_line(str(value))


def _number(value: float) -> str:
    if not isfinite(value):
        raise ValueError("a number is too large to be written")
    return str(int(value)) if value.is_integer() else f"{value:.15g}"


_ENTITIES = {ord(sign): f"&#{ord(sign)};" for sign in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"}

MAX_REFERENCE = len("&#126;")
"""Characters that `as_literal_markdown` makes of one, at most."""


def as_literal_markdown(text: str) -> str:
    """Return *text* so that Markdown and HTML both show just these letters: every sign of theirs as a reference.

    References "cannot be used in place of symbols indicating structure" (CommonMark 0.31, section 2.5), so nothing a
    lead typed becomes a link, a list or a tag.

    >>> as_literal_markdown("[x](y)")
    '&#91;x&#93;&#40;y&#41;'
    """
    return text if text.isalnum() else text.translate(_ENTITIES)


def nearest_of(word: str, known: Collection[str]) -> str:
    """Return a question that names the nearest right spelling; empty when nothing is near."""
    from difflib import get_close_matches  # noqa: PLC0415 - 6 ms that only a mistake needs

    close = get_close_matches(word.lower(), known, n=1) or get_close_matches(word.capitalize(), known, n=1)
    return f"Did you mean {close[0]}?" if close else ""


FIRST_MARK = 0xE000
"""The first letter that stands for a value whose place in an email is known and whose text is not written in yet."""
MAX_MARKS = 0x1000


def written_out(markdown: str, fields: Sequence[str]) -> str:
    """Return *markdown* with what its marks stand for, the first of *fields* for the first mark."""
    if not fields:
        return markdown
    return markdown.translate({FIRST_MARK + number: as_literal_markdown(text) for number, text in enumerate(fields)})


class LeadValues(Mapping[str, Value]):
    """Everything an email to one lead can use, by name; names are taken apart only when somebody asks for a part."""

    __slots__ = ("_language", "_values")

    def __init__(self, values: Mapping[str, Value], language: str = "en") -> None:
        self._values = values
        self._language = language

    def in_language(self, language: str) -> LeadValues:
        """Return the same values for an email in another language."""
        return LeadValues(self._values, language)

    def signed(self, signature: str) -> LeadValues:
        """Return the same values, and a signature that is Markdown."""
        return LeadValues({**self._values, "signature": signature}, self._language)

    def __getitem__(self, name: str) -> Value:
        """Return the value of a field, or of one of `EXTRA_NAMES`."""
        if name in PARTS_OF_NAME and name not in self._values:
            whole = self._values["name"]
            return part_of_name(PARTS_OF_NAME[name], str(whole)) if whole else None
        if name == "greeting" and name not in self._values:
            named, nameless = GREETINGS[self._language]
            first = self["first_name"] if {"name", "first_name"} & self._values.keys() else None
            return named.format(one_line(str(first))) if first else nameless
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._values
        yield from (part for part in PARTS_OF_NAME if part not in self._values and "name" in self._values)
        if "greeting" not in self._values:
            yield "greeting"

    def __len__(self) -> int:
        return sum(1 for _ in self)


def values_for(
    lead: Lead, *, columns: Columns, qualification: Qualification, business: Business, sender: Sender, today: date
) -> LeadValues:
    """Return what an email from *sender* to *lead* can use; the lead's own fields come before our extra names.

    *today* is a day in the business's zone.
    """
    extra: dict[str, Value] = {
        "business_name": business.name,
        "business_address": business.address,
        "sender_name": sender.display_name,
        "sender_address": sender.address,
        "signature": None,
        "score": qualification.score,
        "segment": qualification.segment,
        "stage": qualification.stage,
        "today": today,
    }
    return LeadValues(extra | dict(zip(columns.names(), lead.values, strict=True)))


@lru_cache(maxsize=4096)
def part_of_name(part: str, name: str) -> str:
    """Return the *part* (``first`` or ``last``) of a person's name without titles; empty when there is none.

    A name in one case only gets large letters where they belong.

    >>> [part_of_name("first", name) for name in ("Dr. Eva Muster", "muster, eva", "Mr. Smith")]
    ['Eva', 'Eva', '']
    """
    from nameparser import HumanName  # noqa: PLC0415 - its word lists cost 40 ms, and only greetings need them

    parsed = HumanName(name)
    parsed.capitalize()
    return str(getattr(parsed, part))
