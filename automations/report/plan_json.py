"""A plan as JSON, and back without loss (law 7).

The codec follows the fields of the values, so that a field added to a plan is saved without a word said here. What
JSON cannot hold is written as text with a mark beside it: ``"old": "2026-11-16", "old_is": "date"``. Times are
ISO 8601 with their offset; the mark names the zone they were in, because an offset alone does not tell an hour of
the repeated one in autumn from the other (PEP 495: such times never equal those of another zone).
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from types import NoneType, UnionType
from typing import Any, NamedTuple, TypeVar, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

from automations.core.leads import Cell
from automations.core.plan import Plan

JsonObject = dict[str, Any]
"""What json.loads returns for an object: its values can be anything, and are checked while they are read."""

Kind = TypeVar("Kind")

_DURATION = re.compile(r"(-?)PT(\d+)\.(\d{6})S")


class _Written(NamedTuple):
    """A value as JSON, and the *mark* that says what it was; empty when JSON can tell."""

    value: Any  # any JSON value
    mark: str = ""


@dataclass(frozen=True, slots=True)
class _Codec:
    """How one kind of value is written and read back; None: it is its own JSON."""

    write: Callable[[Any], _Written] | None = None
    read: Callable[[Any, str], Any] | None = None


_KNOWN_CODECS: dict[type, tuple[tuple[str, _Codec, bool], ...]] = {}


def plan_to_json(plan: Plan) -> JsonObject:
    """Return a plan as one JSON object: the fields of the appendix, and what else it takes to come back equal.

    *plan* in it is a hash of all the rest; *counts* are for reading, and are not read back.
    """
    written = _write_object(plan)
    return {"plan": _fingerprint(written), **written, "counts": _counts(plan)}


def plan_from_json(data: Mapping[str, Any]) -> Plan:
    """Return the plan that `plan_to_json` wrote.

    Raises ValueError, with the end of the sentence "this file ...", when it is none or somebody changed it.
    """
    content = {name: value for name, value in data.items() if name not in ("plan", "counts")}
    if "plan" not in data or "made_at" not in data:
        raise ValueError("is not a plan")
    if _fingerprint(content) != data["plan"]:
        raise ValueError("was changed after it was saved")
    try:
        return _read_object(Plan, content)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ValueError("was saved by another version") from error


def plan_id(plan: Plan) -> str:
    """Return the short name of a plan, made of all that is in it: eight characters 0-9 and a-f."""
    return _fingerprint(_write_object(plan))


def _fingerprint(written: JsonObject) -> str:
    text = json.dumps(written, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:8]


def _counts(plan: Plan) -> JsonObject:
    return {
        **{f"rows_{what.replace(' ', '_')}": number for what, number in plan.rows.items()},
        "cells": len(plan.updates),
        "sends": len(plan.sends),
        "later": len(plan.later),
        "holds": len(plan.holds),
        "tasks": len(plan.tasks),
        "problems": len(plan.problems),
    }


def _write_object(value: object) -> JsonObject:
    out: JsonObject = {}
    for name, codec, _ in _codecs(type(value)):
        held = getattr(value, name)
        if codec.write is None:
            out[name] = held
            continue
        out[name], mark = codec.write(held)
        if mark:
            out[f"{name}_is"] = mark
    return out


def _read_object(kind: type[Kind], data: Mapping[str, Any]) -> Kind:
    values = {}
    for name, codec, has_default in _codecs(kind):
        if name not in data and has_default:
            continue
        held = data[name]
        values[name] = held if codec.read is None else codec.read(held, data.get(f"{name}_is", ""))
    return kind(**values)


def _codecs(kind: type) -> tuple[tuple[str, _Codec, bool], ...]:
    """Return name and codec of each field of a value, and whether it may be missing; made once for each class."""
    if kind not in _KNOWN_CODECS:
        hints = get_type_hints(kind)
        _KNOWN_CODECS[kind] = tuple((name, _codec(hints[name]), has_default) for name, has_default in _fields(kind))
    return _KNOWN_CODECS[kind]


def _fields(kind: type) -> list[tuple[str, bool]]:
    """Return the fields of a dataclass or a named tuple, and whether each has a default."""
    if is_dataclass(kind):
        return [(each.name, not each.default is each.default_factory is MISSING) for each in fields(kind)]
    return [(name, name in kind._field_defaults) for name in kind._fields]  # type: ignore[attr-defined]  # a named tuple


def _codec(hint: object) -> _Codec:
    """Return how values of one type hint are written; TypeError for a hint that no plan had before."""
    hint = getattr(hint, "__supertype__", hint)
    if hint == Cell:
        return _Codec(_write_cell, _read_cell)
    if hint in (str, int, float, bool):
        return _Codec()
    if hint is datetime:
        return _Codec(_write_moment, _read_moment)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return _Codec(lambda value: _Written(value.value), lambda text, _: hint(text))
    if isinstance(hint, type) and (is_dataclass(hint) or hasattr(hint, "_fields")):
        return _Codec(lambda value: _Written(_write_object(value)), lambda data, _: _read_object(hint, data))
    return _codec_of_many(hint)


def _codec_of_many(hint: object) -> _Codec:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is UnionType and NoneType in inner:
        return _optional(_codec(next(each for each in inner if each is not NoneType)))
    if origin is tuple and inner[1:] == (...,):
        return _repeated(_codec(inner[0]))
    if origin is tuple:
        return _Codec(lambda value: _Written(list(value)), lambda data, _: tuple(data))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        each = _codec(inner[1])
        return _Codec(
            lambda value: _Written({key: _write_one(each, held) for key, held in value.items()}),
            lambda data, _: {key: _read_one(each, held) for key, held in data.items()},
        )
    raise TypeError(f"a plan cannot save {hint!r} yet")


def _optional(codec: _Codec) -> _Codec:
    write, read = codec.write, codec.read
    if write is None or read is None:
        return codec
    return _Codec(
        lambda value: _Written(None) if value is None else write(value),
        lambda data, mark: None if data is None else read(data, mark),
    )


def _repeated(codec: _Codec) -> _Codec:
    return _Codec(
        lambda values: _Written([_write_one(codec, value) for value in values]),
        lambda data, _: tuple(_read_one(codec, value) for value in data),
    )


def _write_one(codec: _Codec, value: object) -> object:
    return value if codec.write is None else codec.write(value).value


def _read_one(codec: _Codec, data: object) -> object:
    return data if codec.read is None else codec.read(data, "")


def _write_moment(value: datetime) -> _Written:
    return _Written(value.isoformat(), value.tzinfo.key if isinstance(value.tzinfo, ZoneInfo) else "")


def _read_moment(text: str, mark: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if mark:
        return moment.astimezone(ZoneInfo(mark))
    return moment.astimezone(UTC) if moment.utcoffset() == timedelta(0) else moment


def _write_cell(value: Cell) -> _Written:
    if value is None or isinstance(value, str | int) or (isinstance(value, float) and math.isfinite(value)):
        return _Written(value)
    if isinstance(value, float):
        return _Written(str(value), "number")
    if isinstance(value, datetime):
        written = _write_moment(value)
        return _Written(written.value, f"datetime {written.mark}".strip())
    if isinstance(value, timedelta):
        return _Written(_duration(value), "duration")
    return _Written(value.isoformat(), "time" if isinstance(value, time) else "date")


def _read_cell(data: str | float | bool | None, mark: str) -> Cell:
    if not mark:
        return data
    if not isinstance(data, str):
        raise TypeError(f"a {mark} is not text: {data!r}")
    kind, _, zone = mark.partition(" ")
    return _read_moment(data, zone) if kind == "datetime" else _CELL_READERS[kind](data)


def _duration(value: timedelta) -> str:
    """Return a duration in ISO 8601.

    >>> _duration(timedelta(hours=1, microseconds=5))
    'PT3600.000005S'
    """
    seconds, rest = divmod(abs(value) // timedelta(microseconds=1), 1_000_000)
    return f"{'-' if value < timedelta(0) else ''}PT{seconds}.{rest:06d}S"


def _read_duration(text: str) -> timedelta:
    found = _DURATION.fullmatch(text)
    if found is None:
        raise ValueError(f"not a duration: {text!r}")
    span = timedelta(seconds=int(found[2]), microseconds=int(found[3]))
    return -span if found[1] else span


_CELL_READERS: Mapping[str, Callable[[str], Cell]] = {
    "number": float,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "duration": _read_duration,
}
