"""A list of addresses as people keep and exchange it: a CSV file with an address, why, and since when.

Any of the delimiters and encodings of `csv_text`; with a header row or without one. In a row the first field that has
an @ is the address; *why* is the field under a header ``why`` or ``reason``, else there is none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from automations.core.addresses import AddressProblem, normalise_address
from automations.core.history import Suppression
from automations.errors import Problem
from automations.sources.csv_text import CsvText, decode, records

HEADERS = ("address", "why", "since")
_WHY = frozenset({"why", "reason"})


@dataclass(frozen=True, slots=True)
class Listed:
    """One address of a list, normalised, and why it stands there ("" when the list does not say)."""

    address: str
    why: str = ""


def read_addresses(data: bytes, label: str) -> tuple[tuple[Listed, ...], tuple[Problem, ...]]:
    """Return the addresses of a CSV file, and every row that has none.

    Raises SourceOutOfReach when *data* is not text, or a quote in it is never closed.
    """
    file = decode(data, label, HEADERS)
    listed: list[Listed] = []
    problems: list[Problem] = []
    why_at: int | None = None
    first = True
    for number, fields in records(file, label):
        texts = [field.value.strip() for field in fields]
        if not any(texts):
            continue
        if first and not any("@" in text for text in texts):
            why_at = next((at for at, text in enumerate(texts) if text.casefold() in _WHY), None)
        else:
            found = _listed(texts, why_at, f"{label}, row {number}")
            if isinstance(found, Problem):
                problems.append(found)
            else:
                listed.append(found)
        first = False
    return tuple(listed), tuple(problems)


def _listed(texts: Sequence[str], why_at: int | None, where: str) -> Listed | Problem:
    text = next((text for text in texts if "@" in text), "")
    if not text:
        return Problem(where, f'"{" ".join(filter(None, texts))}" has no email address', "it was left out")
    try:
        address = normalise_address(text)
    except AddressProblem as problem:
        return Problem(where, f'"{text}" is not an email address: {problem}', "it was left out")
    return Listed(address, texts[why_at] if why_at is not None and why_at < len(texts) else "")


def to_csv(entries: Iterable[Suppression]) -> bytes:
    """Return a list as CSV in UTF-8 with a header row, in order of the address; `read_addresses` reads it back."""
    file = CsvText("", b"", "utf-8", ",")
    rows = [HEADERS, *((each.address, each.why, f"{each.at:%Y-%m-%d}") for each in entries)]
    return file.to_bytes("".join(",".join(file.field(cell, quoted=False) for cell in row) + "\r\n" for row in rows))
