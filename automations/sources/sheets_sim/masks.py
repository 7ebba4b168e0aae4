"""Field masks: which fields of an answer are wanted, and which fields of a thing an update touches.

A mask is a tree of names; a name without anything below it means all that is below. Dots and slashes are the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from automations.sources.sheets_sim.messages import MESSAGES
from automations.sources.sheets_sim.refusals import Refusal, Violation, invalid, malformed

__all__ = ["Mask", "parse_mask", "pruned", "updated", "wants"]

Mask = dict[str, Any]
"""A name to the mask below it. Any: the type is recursive."""

ALL = "*"

_TOKEN = re.compile(r"[A-Za-z0-9_*]+|[./(),]")


def parse_mask(text: str, message: str) -> Mask:
    """Return the tree of a mask over *message*. Raises Refusal for a path that the message does not have."""
    tokens = _TOKEN.findall(text)
    if "".join(tokens) != text:
        raise _no_such_path(text)
    mask: Mask = {}
    _Parser(tokens, text).group(mask, ends=frozenset({""}))
    _check(mask, message, "", text)
    return {} if ALL in mask else mask


class _Parser:
    """Reads names, "." or "/" for below, "(" for several below, "," for beside."""

    def __init__(self, tokens: list[str], text: str) -> None:
        self._tokens = iter(tokens)
        self._text = text
        self._next = next(self._tokens, "")

    def _take(self) -> str:
        token, self._next = self._next, next(self._tokens, "")
        return token

    def group(self, into: Mask, ends: frozenset[str]) -> None:
        while True:
            self._path(into)
            if self._next in ends:
                self._take()
                return
            if self._take() != ",":
                raise _no_such_path(self._text)

    def _path(self, into: Mask) -> None:
        name = self._take()
        if not re.fullmatch(r"[A-Za-z0-9_]+|\*", name):
            raise _no_such_path(self._text)
        if self._next in {".", "/"}:
            self._take()
            self._path(_below(into, name))
        elif self._next == "(":
            self._take()
            self.group(_below(into, name), ends=frozenset({")"}))
        else:
            into[name] = {}


def _below(mask: Mask, name: str) -> Mask:
    """Return the mask under a name; one that is wanted whole stays whole."""
    if mask.get(name) == {}:
        return {}
    below: Mask = mask.setdefault(name, {})
    return below


def _check(mask: Mask, message: str, path: str, text: str) -> None:
    fields = MESSAGES.get(message)
    if fields is None:
        return
    for name in list(mask):
        if name == ALL:
            continue
        known = next((field for field in fields if field.casefold() == name.replace("_", "").casefold()), None)
        if known is None:
            raise _no_such_path(f"{path}.{name}".lstrip("."))
        if known != name:
            mask[known] = mask.pop(name)
        _check(mask[known], fields[known].lstrip("*"), f"{path}.{known}", text)


def _no_such_path(path: str) -> Refusal:
    said = f"Error expanding 'fields' parameter. Cannot find matching fields for path '{path}'."
    refusal = malformed([Violation(path, said)])
    return Refusal(refusal.status, "Request contains an invalid argument.", refusal.details)


def wants(mask: Mask, *path: str) -> bool:
    """Whether an answer under *mask* has anything of that path."""
    for name in path:
        if not mask or ALL in mask:
            return True
        if name not in mask:
            return False
        mask = mask[name]
    return True


def pruned(value: Any, mask: Mask) -> Any:  # noqa: ANN401 - any JSON
    """Return only what the mask names; lists are gone through."""
    if not mask or ALL in mask:
        return value
    if isinstance(value, list):
        return [pruned(each, mask) for each in value]
    if not isinstance(value, dict):
        return value
    kept = {name: pruned(value[name], below) for name, below in mask.items() if name in value}
    return {name: each for name, each in kept.items() if each != {} or value[name] == {}}


def update_mask(text: str | None, message: str) -> Mask:
    """Return the mask of an update, which must name something."""
    if not text:
        raise invalid("At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)")
    return parse_mask(text, message)


def updated(old: Mapping[str, Any], new: Mapping[str, Any], mask: Mask) -> dict[str, Any]:
    """Return *old* with what the mask names taken from *new*; what is named and not in *new* goes."""
    if not mask or ALL in mask:
        return dict(new)
    after = dict(old)
    for name, below in mask.items():
        if below and isinstance(old.get(name, {}), dict):
            after[name] = updated(old.get(name, {}), new.get(name, {}), below)
        elif name in new:
            after[name] = new[name]
        else:
            after.pop(name, None)
    return after


def leaves(mask: Mask, above: str = "") -> Iterator[str]:
    """Return the paths of a mask, with dots."""
    for name, below in mask.items():
        path = f"{above}.{name}".lstrip(".")
        if below:
            yield from leaves(below, path)
        else:
            yield path
