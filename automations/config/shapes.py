"""Shapes: what may stand under a setting. One description reads it, explains it and makes the JSON Schema of it.

A shape's `read` returns the value, or None after it has reported what is wrong: reading goes on, so that every problem
is found at once.

These are named tuples, not frozen dataclasses: defining one of those takes six times as long, and every command that
reads config.yaml pays for all of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Generic, NamedTuple, Protocol, TypeVar

from automations.config.nearest import nearest
from automations.config.notes import Desk
from automations.config.spoken import Amiss
from automations.errors import Place
from automations.located import Listing, Mapping, Node, Refused, Scalar

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
