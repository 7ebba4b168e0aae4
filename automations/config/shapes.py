"""Shapes: what may stand under a setting. One description reads it, explains it and makes the JSON Schema of it.

A shape's `read` returns the value, or None after it has reported what is wrong: reading goes on, so that every problem
is found at once.

These are named tuples, not frozen dataclasses: defining one of those takes six times as long, and every command that
reads config.yaml pays for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from automations.config.nearest import hint, nearest
from automations.config.notes import Desk
from automations.config.spoken import Amiss
from automations.errors import Place
from automations.located import Listing, Mapping, Node, Refused, Scalar, Style

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
A = TypeVar("A")
B = TypeVar("B")
Json = dict[str, object]


class Shape(Protocol[T_co]):
    """What may stand somewhere. *words* says it in the reference: ``a whole number``."""

    @property
    def words(self) -> str:
        """Return what is expected, to complete a sentence."""
        ...

    def read(self, node: Node, desk: Desk) -> T_co | None:
        """Return the value, or None after reporting what is wrong."""
        ...

    def schema(self) -> Json:
        """Return the JSON Schema, draft 2020-12."""
        ...


class Found(NamedTuple, Generic[T]):
    """A value and the node it was read from; *number* is its position in a list, from 1."""

    value: T
    node: Node
    number: int = 0


class Entry(NamedTuple, Generic[T]):
    """A value that has a name of the owner's own: ``hot: score >= 60``."""

    name: Scalar
    value: T
    node: Node


_KINDS: dict[type[Node], str] = {Scalar: "a text", Mapping: "settings", Listing: "a list"}


def wrong_kind(node: Node, desk: Desk, expected: str) -> None:
    """Report that something of another kind stands here. What it says is not repeated: it may be a secret."""
    if isinstance(node, Refused):
        return
    if isinstance(node, Scalar) and not node.text:
        desk.wrong(node.place(), f"nothing is written here; expected {expected}", "write it here, or take this out")
        return
    if isinstance(node, Scalar) and "@" in node.text:
        # Where the settings of a server are expected, somebody may have written  smtp://user:password@host
        desk.notes.hide(node)
    desk.wrong(node.place(), f"expected {expected}, found {_KINDS[type(node)]}")


class Value(NamedTuple, Generic[T]):
    """A text that *parse* turns into a value or refuses by Amiss. *words* completes "expected ...".

    Where a *secret* is expected, what is written instead may be one: its lines are never shown.
    """

    parse: Callable[[str], T]
    words: str
    examples: tuple[str, ...] = ()
    pattern: str = ""
    secret: bool = False

    def read(self, node: Node, desk: Desk) -> T | None:
        """Return the value."""
        if not isinstance(node, Scalar) or not node.text.strip():
            wrong_kind(node, desk, self.words)
        else:
            try:
                return self.parse(node.text.strip())
            except Amiss as amiss:
                desk.wrong(_place_of(amiss, node), amiss.what, amiss.under)
                if amiss.secret:
                    desk.notes.hide(node)
        if self.secret:
            desk.notes.hide(node)
        return None

    def schema(self) -> Json:
        """Return the schema of a text."""
        schema: Json = {"type": "string", "pattern": self.pattern} if self.pattern else {"type": list(_TEXT_TYPES)}
        return {**schema, "examples": list(self.examples)} if self.examples else schema


_TEXT_TYPES = ("string", "number", "boolean")
"""What other readers of YAML take a plain text for."""


def _place_of(amiss: Amiss, node: Scalar) -> Place:
    if amiss.end is None and amiss.start == 0:
        return node.place()
    skipped = len(node.text) - len(node.text.lstrip())
    end = len(node.text.strip()) if amiss.end is None else amiss.end
    return node.part(skipped + amiss.start, skipped + end)


class AnyText(NamedTuple):
    """Whatever text is written, also none: what it means is decided elsewhere."""

    words: str = "a text"

    def read(self, node: Node, desk: Desk) -> Scalar | None:
        """Return the text as it is written."""
        if isinstance(node, Scalar):
            return node
        wrong_kind(node, desk, self.words)
        return None

    def schema(self) -> Json:
        """Return the schema of any one value."""
        return {"type": ["string", "number", "boolean", "null"]}


_SIGNED = re.compile(r"[+-]?\d{1,9}\Z", re.ASCII)


class Number(NamedTuple):
    """A whole number, bounds included."""

    at_least: int = -1_000_000
    at_most: int = 1_000_000
    words: str = "a whole number"

    def read(self, node: Node, desk: Desk) -> int | None:
        """Return the number."""
        if not isinstance(node, Scalar) or not node.text:
            wrong_kind(node, desk, self.words)
            return None
        if not _SIGNED.match(node.text):
            desk.wrong(node.place(), f'"{node.text}" is not a whole number', "write digits only, like 25")
            return None
        number = int(node.text)
        if not self.at_least <= number <= self.at_most:
            bound = f"at least {self.at_least}" if number < self.at_least else f"at most {self.at_most:,}"
            desk.wrong(node.place(), f"{number} is out of range", f"write {bound}")
            return None
        return number

    def schema(self) -> Json:
        """Return the schema of a whole number."""
        return {"type": "integer", "minimum": self.at_least, "maximum": self.at_most}


class Choice(NamedTuple):
    """One of a few words, by *kind*: ``jobs``."""

    options: tuple[str, ...]
    kind: str

    @property
    def words(self) -> str:
        """Return the options."""
        return "one of " + ", ".join(self.options)

    def read(self, node: Node, desk: Desk) -> str | None:
        """Return the option in its own spelling."""
        if not isinstance(node, Scalar) or not node.text:
            wrong_kind(node, desk, self.words)
            return None
        for option in self.options:
            if option.casefold() == node.text.strip().casefold():
                return option
        what = f'"{node.text}" is not one of the {self.kind}: {", ".join(self.options)}'
        near = nearest(node.text, self.options)
        desk.wrong(node.place(), what, f'did you mean "{near}"?' if near else "")
        return None

    def schema(self) -> Json:
        """Return the schema of a choice."""
        return {"enum": list(self.options)}


class Items(NamedTuple, Generic[T]):
    """A list; *noun* counts its items in messages (``rule 3``). A lone item need not be a list."""

    item: Shape[T]
    noun: str
    at_least: int = 0
    or_alone: bool = False

    @property
    def words(self) -> str:
        """Return what is expected."""
        return f"a list of {self.noun}s"

    def read(self, node: Node, desk: Desk) -> tuple[Found[T], ...] | None:
        """Return the items that could be read."""
        if self.or_alone and isinstance(node, Scalar) and node.text:
            nodes: tuple[Node, ...] = (node,)
        elif isinstance(node, Listing):
            nodes = node.items
        else:
            wrong_kind(node, desk, self.words)
            return None
        if len(nodes) < self.at_least:
            desk.wrong(
                node.place(), f"the list of {self.noun}s is empty", f"write at least {self.at_least} {self.noun}"
            )
        found = []
        for number, each in enumerate(nodes, 1):
            value = self.item.read(each, desk.inside(f"{self.noun} {number}"))
            if value is not None:
                found.append(Found(value, each, number))
        return tuple(found)

    def schema(self) -> Json:
        """Return the schema of a list."""
        schema: Json = {"type": "array", "items": self.item.schema()}
        if self.at_least:
            schema["minItems"] = self.at_least
        return {"anyOf": [schema, self.item.schema()]} if self.or_alone else schema


class Named(NamedTuple, Generic[T]):
    """Values under names that the owner chooses; *noun* is one of them (``segment``)."""

    item: Shape[T]
    noun: str
    name: Value[str]
    at_least: int = 0
    reads_empty: bool = False

    @property
    def words(self) -> str:
        """Return what is expected."""
        return f"{self.noun}s by name"

    def read(self, node: Node, desk: Desk) -> tuple[Entry[T], ...] | None:
        """Return the values that could be read, in the order written."""
        if not isinstance(node, Mapping):
            wrong_kind(node, desk, f"{self.words}, like  name: ...")
            return None
        if len(node.pairs) < self.at_least:
            desk.wrong(node.place(), f"there is no {self.noun} yet", f"write at least {self.at_least}")
        entries = []
        for pair in node.pairs:
            named = self.name.read(pair.key, desk)
            value = self.item.read(pair.value, desk.inside(pair.key.text))
            if named is not None and value is not None:
                entries.append(Entry(pair.key, value, pair.value))
        return tuple(entries)

    def schema(self) -> Json:
        """Return the schema of a mapping with free names."""
        schema: Json = {"type": "object", "additionalProperties": self.item.schema()}
        if self.name.pattern:
            schema["propertyNames"] = {"pattern": self.name.pattern}
        if self.at_least:
            schema["minProperties"] = self.at_least
        return schema


class Either(NamedTuple, Generic[A, B]):
    """One shape for a text, another for settings or a list."""

    text: Shape[A]
    more: Shape[B]

    @property
    def words(self) -> str:
        """Return both."""
        return f"{self.text.words}, or {self.more.words}"

    def read(self, node: Node, desk: Desk) -> A | B | None:
        """Return what the fitting one reads."""
        return self.text.read(node, desk) if isinstance(node, Scalar) else self.more.read(node, desk)

    def schema(self) -> Json:
        """Return a schema that lets both."""
        return {"anyOf": [self.text.schema(), self.more.schema()]}


class Setting(NamedTuple, Generic[T]):
    """One setting: its *name*, what may stand there, what it means, and what holds when it is left out.

    *unless* says the default in words, where *default* itself does not.
    """

    name: str
    shape: Shape[T]
    meaning: str
    default: T | None = None
    required: bool = False
    unless: str = ""


# Settings of one table hold values of many types; each is typed again by the Setting that asks for it.
AnySetting = Setting[Any]


class Record:
    """What was read under one table of settings. *anchor* is where to point when something is missing in it."""

    __slots__ = ("anchor", "node", "values")

    def __init__(self, anchor: Place, node: Mapping) -> None:
        self.anchor = anchor
        self.node = node
        # Settings of one table hold values of many types; each is typed again by the Setting that asks for it.
        self.values: dict[str, Found[Any]] = {}

    def __getitem__(self, setting: Setting[T]) -> T | None:
        """Return a setting's value; its default when it is left out, or could not be read."""
        found = self.values.get(setting.name)
        return setting.default if found is None else found.value

    def find(self, setting: Setting[T]) -> Found[T] | None:
        """Return a setting's value with where it is written; None when it is not."""
        return self.values.get(setting.name)

    def names(self, setting: AnySetting) -> tuple[str, ...]:
        """Return the names written under a setting, also those whose values could not be read."""
        under = (pair.value for pair in self.node.pairs if pair.key.text == setting.name)
        return tuple(pair.key.text.strip() for node in under if isinstance(node, Mapping) for pair in node.pairs)

    def has_strangers(self, table: Sequence[AnySetting]) -> bool:
        """Return whether something is written that is no setting of *table*: perhaps one of them, misspelt."""
        known = {setting.name for setting in table}
        return any(pair.key.text not in known for pair in self.node.pairs)

    def has(self, setting: AnySetting) -> bool:
        """Return whether a setting is written, right or wrong."""
        return any(pair.key.text == setting.name for pair in self.node.pairs)


class Settings(NamedTuple):
    """A fixed table of settings; *kind* names it: ``a sender``."""

    table: tuple[AnySetting, ...]
    kind: str

    @property
    def words(self) -> str:
        """Return what is expected."""
        return f"the settings of {self.kind}"

    def read(self, node: Node, desk: Desk) -> Record | None:
        """Return the settings that could be read; unknown and missing ones are reported."""
        if not isinstance(node, Mapping):
            wrong_kind(node, desk, f"{self.words}, like  {self.table[0].name}: ...")
            return None
        by_name = {setting.name: setting for setting in self.table}
        record = Record(_anchor(node), node)
        for pair in node.pairs:
            setting = by_name.get(pair.key.text)
            if setting is None:
                self._unknown(node, pair.key, pair.value, desk)
                continue
            inner = desk if desk.trail and isinstance(pair.value, (Scalar, Listing)) else desk.inside(setting.name)
            value = setting.shape.read(pair.value, inner)
            if value is not None:
                record.values[setting.name] = Found(value, pair.value)
        self._report_missing(record, desk)
        return record

    def _unknown(self, node: Mapping, key: Scalar, value: Node, desk: Desk) -> None:
        # `{when: source is one of Referral, Website}` is two settings for YAML, the second without a value.
        cut_off = node.flow and isinstance(value, Scalar) and not value.text and value.style is Style.PLAIN
        names = tuple(setting.name for setting in self.table)
        if cut_off and nearest(key.text, names) is None:
            what = f'"{key.text}" stands alone: inside {{ }} a comma begins a new setting'
            desk.wrong(key.place(), what, "put the whole text before it in quotes")
            return
        near = nearest(key.text, names)
        if any(setting.name == near and getattr(setting.shape, "secret", False) for setting in self.table):
            desk.notes.hide(value)
        desk.wrong(key.place(), f'there is no setting "{key.text}" here', hint(key.text, names, kind="settings"))

    def _report_missing(self, record: Record, desk: Desk) -> None:
        for setting in self.table:
            if setting.required and not record.has(setting):
                fix = f"add  {setting.name}: {_sample(setting)}"
                desk.wrong(record.anchor, f'"{setting.name}" is missing: {setting.meaning}', fix)

    def schema(self) -> Json:
        """Return the schema of a mapping with fixed names."""
        schema: Json = {
            "type": "object",
            "additionalProperties": False,
            "properties": {setting.name: described(setting) for setting in self.table},
        }
        required = [setting.name for setting in self.table if setting.required]
        return {**schema, "required": required} if required else schema


def _anchor(node: Mapping) -> Place:
    """Return where to point when something is missing: the brace, or the first name."""
    if node.flow or not node.pairs:
        return node.document.place(node.start, node.start + 1)
    return node.pairs[0].key.place()


def _sample(setting: AnySetting) -> str:
    examples: Sequence[str] = getattr(setting.shape, "examples", ())
    return examples[0] if examples else "..."


def default_of(setting: AnySetting) -> str:
    """Return in words what holds when a setting is left out; empty when it must be there, or nothing holds."""
    if setting.unless or setting.default is None:
        return setting.unless
    return str(setting.default)


def described(setting: AnySetting) -> Json:
    """Return the schema of one setting with its meaning, for editors."""
    default = default_of(setting)
    text = setting.meaning[:1].upper() + setting.meaning[1:] + "."
    return {"description": text + (f" Default: {default}." if default else ""), **setting.shape.schema()}
