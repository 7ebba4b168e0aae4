"""The same tables for others: JSON Schema for editors, and the reference for README."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from automations.config import tables as t
from automations.config.sentence_shape import condition_schema
from automations.config.settings import AnySetting, Settings, default_of
from automations.config.shapes import Either, Items, Json, Named

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> Json:
    """Return the JSON Schema (draft 2020-12) of config.yaml: what an editor completes and underlines by.

    It is laxer than `read_config`: what sentences say and what parts must fit each other is not in it.
    """
    return {
        "$schema": DIALECT,
        "title": "Leadwright's config.yaml",
        **t.FILE.schema(),
        "$defs": {"condition": condition_schema()},
    }


def reference() -> str:
    """Return every setting as Markdown: one table for each part of the file, with meaning and default."""
    return "\n\n".join(_section(title, settings) for title, settings in _sections())


def _sections() -> Iterator[tuple[str, Settings]]:
    yield "config.yaml", t.FILE
    for setting in t.FILE.table:
        yield from _below(setting)


def _below(setting: AnySetting, path: str = "") -> Iterator[tuple[str, Settings]]:
    """Yield the tables under a setting, each with the path that leads to it: ``senders: NAME: smtp:``."""
    settings, path = _table_of(setting.shape, f"{path}{setting.name}:")
    if settings is not None:
        yield path, settings
        for inner in settings.table:
            yield from _below(inner, f"{path} ")


# The shapes of one table have many types; which one this is decides here.
def _table_of(shape: Any, path: str) -> tuple[Settings | None, str]:  # noqa: ANN401
    match shape:
        case Settings():
            return shape, path
        case Items():
            return _table_of(shape.item, f"{path} -")
        case Named():
            return _table_of(shape.item, f"{path} {shape.noun.upper()}:")
        case Either():
            return _table_of(shape.more, path)
        case _:
            return None, path


def _section(title: str, settings: Settings) -> str:
    rows = (f"| `{each.name}` | {_cell(described_words(each))} | {_cell(_default(each))} |" for each in settings.table)
    return "\n".join([f"**`{title}`**", "", "| setting | what it says | when left out |", "|---|---|---|", *rows])


def described_words(setting: AnySetting) -> str:
    """Return what a setting means and how a value looks."""
    examples = getattr(setting.shape, "examples", ()) or getattr(setting.shape, "options", ())
    return setting.meaning + (": " + ", ".join(f"`{each}`" for each in examples) if examples else "")


def _default(setting: AnySetting) -> str:
    if setting.required:
        return "it must be there"
    return default_of(setting) or "-"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
