"""Which cell styles show a number as a date, a time or a duration.

Source: ECMA-376 part 1, 18.8.30 (number formats, the built-in ones in its table) and 18.8.10 (cellXfs).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from automations.sources.ooxml.markup import local, named, tree


class Shown(StrEnum):
    """How a style shows a number, where that is not as a number."""

    MOMENT = "a date or a time"
    DURATION = "a duration"


_BUILT_IN = {
    **dict.fromkeys([*range(14, 23), *range(27, 37), 45, 47, *range(50, 59)], Shown.MOMENT),
    46: Shown.DURATION,
}
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.')
_ELAPSED = re.compile(r"\[(?:h+|m+|s+)\]", re.IGNORECASE)
_BRACKETED = re.compile(r"\[[^\]]*\]")
_GENERAL = re.compile(r"general", re.IGNORECASE)
_PARTS_OF_A_DATE = re.compile(r"[dmyhs]|am/pm", re.IGNORECASE)


def shown_by(code: str) -> Shown | None:
    """Return how a number format shows a number; only its first section counts, which is for positive numbers.

    >>> shown_by("dd/mm/yyyy"), shown_by("[h]:mm"), shown_by('0.00 "days"'), shown_by("[Red]0")
    (<Shown.MOMENT: 'a date or a time'>, <Shown.DURATION: 'a duration'>, None, None)
    """
    section = _LITERAL.sub("", code).partition(";")[0]
    if _ELAPSED.search(section):
        return Shown.DURATION
    plain = _GENERAL.sub("", _BRACKETED.sub("", section))
    return Shown.MOMENT if _PARTS_OF_A_DATE.search(plain) else None


def date_styles(styles: bytes) -> Mapping[bytes, Shown]:
    """Return the cell styles, as ``s=`` writes them, that show a number as a date or duration."""
    root = tree(styles, "styles")
    codes: dict[str, Shown | None] = {str(number): shown for number, shown in _BUILT_IN.items()}
    for entry in root.iter():
        if local(entry.tag) == "numFmt":
            codes[named(entry.attrib, "numFmtId")] = shown_by(named(entry.attrib, "formatCode"))
    formats = next((each for each in root if local(each.tag) == "cellXfs"), ())
    found: dict[bytes, Shown] = {}
    for number, entry in enumerate(formats):
        if shown := codes.get(named(entry.attrib, "numFmtId")):
            found[str(number).encode()] = shown
    if b"0" in found:
        # A cell that names no style has the first one (18.3.1.4, s).
        found[b""] = found[b"0"]
    return found
