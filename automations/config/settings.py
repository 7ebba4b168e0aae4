"""Settings: names with shapes, in tables, and the records that are read by them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, NamedTuple, TypeVar

from automations.config.nearest import hint, nearest
from automations.config.notes import Desk
from automations.config.shapes import Found, Json, Shape, wrong_kind
from automations.errors import Place
from automations.located import Listing, Mapping, Node, Scalar, Style

T = TypeVar("T")


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
    """What was read under one table of settings."""

    __slots__ = ("node", "values")

    def __init__(self, node: Mapping) -> None:
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

    @property
    def anchor(self) -> Place:
        """Return where to point when something is missing: the brace, or the first name."""
        if self.node.flow or not self.node.pairs:
            return self.node.document.place(self.node.start, self.node.start + 1)
        return self.node.pairs[0].key.place()

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
        record = Record(node)
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
