"""Is a request well formed? Every place that is not, in Google's words, before anything is looked at or changed."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from automations.sources.sheets_sim.messages import ENUMS, MESSAGES
from automations.sources.sheets_sim.refusals import Refusal, Violation, invalid, malformed

__all__ = ["checked", "checked_query", "decoded", "snake"]

MAX_INT32 = 2**31
TYPE_NAMES = {
    "text": "TYPE_STRING",
    "mask": "TYPE_STRING",
    "int": "TYPE_INT32",
    "bool": "TYPE_BOOL",
    "number": "TYPE_DOUBLE",
    "list": "type.googleapis.com/google.protobuf.ListValue",
}
_PACKAGE = "type.googleapis.com/google.apps.sheets.v4."
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class Malformed(Exception):  # noqa: N818 - it goes to the caller below, not to a person
    """A value that its type does not take."""


def decoded(body: bytes) -> Any:  # noqa: ANN401 - whatever JSON says
    """Return the JSON of a request's body; an empty one is an empty object. Raises Refusal when it is none."""
    if not body.strip():
        return {}
    try:
        payload = json.loads(body, parse_constant=_no_constant)
        if _SURROGATE.search(body):
            json.dumps(payload, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        shown = body[:20].decode("utf-8", "replace")
        raise invalid(f"Invalid JSON payload received. Unexpected token.\n{shown}") from None
    return payload


def _no_constant(word: str) -> None:
    raise ValueError(word)


def checked(message: str, payload: object, *, path: str = "") -> dict[str, Any]:
    """Return the request's message with every field by its JSON name and in its type.

    Fields that are null are not there. Raises Refusal with all violations.
    """
    violations: list[Violation] = []
    if not isinstance(payload, dict):
        raise malformed([_bad_value(path, f"{_PACKAGE}{message}", payload)])
    found = _message(message, payload, path, violations)
    if violations:
        raise malformed(violations)
    return found


def _message(message: str, payload: Mapping[str, Any], path: str, violations: list[Violation]) -> dict[str, Any]:
    fields = MESSAGES[message]
    names = {**{snake(name): name for name in fields}, **{name: name for name in fields}}
    found: dict[str, Any] = {}
    for written, value in payload.items():
        name = names.get(written)
        if name is None:
            violations.append(_unknown(written, path))
        elif value is not None:
            found[name] = _field(fields[name], value, f"{path}.{snake(name)}".lstrip("."), violations)
    return found


def _field(kind: str, value: object, path: str, violations: list[Violation]) -> object:
    if not kind.startswith("*"):
        return _one(kind, value, path, violations)
    if not isinstance(value, list):
        # One that should be many is read as the only one, so that its own type is what is complained about.
        found = _one(kind[1:], value, path, violations)
        return [found]
    return [_one(kind[1:], each, f"{path}[{index}]", violations) for index, each in enumerate(value)]


def _one(kind: str, value: object, path: str, violations: list[Violation]) -> object:
    if kind in MESSAGES:
        if isinstance(value, dict):
            return _message(kind, value, path, violations)
        violations.append(_bad_value(path, _PACKAGE + kind, value))
        return None
    try:
        return _TAKES[kind](value) if kind in _TAKES else _enumerated(kind, value)
    except Malformed:
        violations.append(_bad_value(path, TYPE_NAMES.get(kind, _PACKAGE + kind), value))
        return None


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Malformed
    return value


def _int(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Malformed
    try:
        number = float(value)
        whole = int(number)
    except (ValueError, OverflowError):
        raise Malformed from None
    if whole != number or not -MAX_INT32 <= whole < MAX_INT32:
        raise Malformed
    return whole


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Malformed
    try:
        return value if isinstance(value, int | float) else float(value)
    except ValueError:
        raise Malformed from None


def _bool(value: object) -> bool:
    if value in ("true", "false"):
        return value == "true"
    if not isinstance(value, bool):
        raise Malformed
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise Malformed
    return value


def _object(value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed
    return value


_TAKES: Mapping[str, Callable[[Any], object]] = {
    "text": _text,
    "mask": _text,
    "int": _int,
    "number": _number,
    "bool": _bool,
    "list": _list,
    "{}": _object,
    "any": lambda value: value,
}


def _enumerated(kind: str, value: object) -> str:
    words = ENUMS[kind]
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < len(words):
        return words[value]
    if value not in words:
        raise Malformed
    return str(value)


def _unknown(name: str, path: str) -> Violation:
    place = f" at '{path}'" if path else ""
    return Violation(path, f'Invalid JSON payload received. Unknown name "{name}"{place}: Cannot find field.')


def _bad_value(path: str, kind: str, value: object) -> Violation:
    shown = json.dumps(value, ensure_ascii=False) if not isinstance(value, dict | list) else "..."
    return Violation(path, f"Invalid value at '{path}' ({kind}), {shown}")


def snake(name: str) -> str:
    """Return a field's name as Google's errors spell it: valueInputOption is value_input_option."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


STANDARD_QUERY = frozenset(
    [
        "alt",
        "key",
        "fields",
        "access_token",
        "oauth_token",
        "prettyPrint",
        "quotaUser",
        "callback",
        "uploadType",
        "upload_protocol",
        "$.xgafv",
    ]
)
"""What every method of Google's takes."""


def checked_query(allowed: Mapping[str, str], query: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """Return the parameters of a call in their types; *allowed* maps names to types as in `MESSAGES`.

    Raises Refusal with all violations.
    """
    violations: list[Violation] = []
    found: dict[str, Any] = {}
    names = {**{snake(name): name for name in allowed}, **{name: name for name in allowed}}
    for written, values in query.items():
        name = names.get(written)
        if name is not None:
            many = allowed[name].startswith("*")
            value = list(values) if many else _query_value(allowed[name], values[-1])
            found[name] = _field(allowed[name], value, snake(name), violations)
        elif written not in STANDARD_QUERY:
            said = (
                f'Invalid JSON payload received. Unknown name "{written}": Cannot bind query parameter.'
                f" Field '{written}' could not be found in request message."
            )
            violations.append(Violation("", said))
    if violations:
        raise malformed(violations)
    return found


def _query_value(kind: str, value: str) -> str:
    return value.lower() if kind == "bool" else value


def required(value: object, name: str) -> None:
    """Refuse a request without a parameter that it needs."""
    if value is None or str(value).endswith("_UNSPECIFIED"):
        raise Refusal(400, f"'{name}' is required but not specified")
