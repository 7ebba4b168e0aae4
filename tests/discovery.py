"""Google's own description of the Sheets interface, and whether a JSON value is what it describes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

from corpus import corpus

KINDS: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "boolean": bool,
    "integer": int,
    "number": (int, float),
    "object": dict,
}


@cache
def schemas() -> dict[str, Any]:
    """Return the messages of the interface by name; skips the test that asks when the corpus is absent."""
    text = corpus("sheets-api/discovery/sheets.v4.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)["schemas"]
    return found


def wrong(message: str, value: object, path: str = "") -> Iterator[str]:
    """Return the places where a value is not what the description says: a field too many, or another type."""
    if not isinstance(value, dict):
        yield f"{path}: no object"
        return
    fields = schemas()[message].get("properties", {})
    for name, each in value.items():
        if name in fields:
            yield from _wrong_field(fields[name], each, f"{path}.{name}")
        else:
            yield f"{path}.{name}: no such field of {message}"


def _wrong_field(field: dict[str, Any], value: object, path: str) -> Iterator[str]:
    if "$ref" in field:
        yield from wrong(field["$ref"], value, path)
    elif field["type"] == "array":
        if not isinstance(value, list):
            yield f"{path}: no list"
            return
        for index, each in enumerate(value):
            yield from _wrong_field(field["items"], each, f"{path}[{index}]")
    elif field["type"] != "any":
        # A truth is a number for Python, not for JSON.
        if isinstance(value, bool) is not (field["type"] == "boolean") or not isinstance(value, KINDS[field["type"]]):
            yield f"{path}: {value!r} is no {field['type']}"
        if "enum" in field and value not in field["enum"]:
            yield f"{path}: {value!r} is not one of its values"
