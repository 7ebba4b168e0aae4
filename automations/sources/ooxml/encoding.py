"""Values to cells: what the bytes of a cell become when it says something else.

Text is written inside the cell (``t="inlineStr"``), so the table of shared strings keeps its bytes, and text that
begins with ``=`` is text: only ``<f>`` makes a formula. A date becomes a number only in a cell that shows dates; in
any other cell it is written as a person would, 2026-11-23, because its number would mean nothing there.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from math import isfinite

from automations.core.cells import as_text
from automations.core.leads import Cell
from automations.sources.ooxml.markup import attributes, raw_text
from automations.sources.ooxml.moments import serial_of
from automations.sources.ooxml.styles import Shown

MAX_TEXT = 32_767
"""The longest text a cell can hold, in UTF-16 units (Excel specifications and limits)."""
_PLAIN_TAG = re.compile(rb"((?: r=\"[A-Z]++[0-9]++\")?+(?: s=\"([0-9]++)\")?+)(?: t=\"[A-Za-z]++\")?+/?")
_GIVEN_UP = frozenset({b"t", b"cm", b"vm", b"ph"})
"""Attributes that speak of the old content: its type, its metadata, its phonetic hints."""


class Unwritable(ValueError):  # noqa: N818 - the end of a sentence, not an error of ours
    """Why a value cannot stand in a cell."""


def check_value(value: Cell) -> None:
    """Raise Unwritable, saying why, for a value that no cell can hold."""
    if isinstance(value, float) and not isfinite(value):
        raise Unwritable("the value is not a number")
    if isinstance(value, str) and not (value.isascii() and len(value) <= MAX_TEXT):
        try:
            length = len(value.encode("utf-16-le")) // 2
        except UnicodeEncodeError:
            raise Unwritable("the text has half a character in it") from None
        if length > MAX_TEXT:
            raise Unwritable(f"the text has {length:,} letters, and a cell holds {MAX_TEXT:,}")


def cell_bytes(
    value: Cell, *, tag: bytes, prefix: bytes, dates: Mapping[bytes, Shown], counts_from_1904: bool
) -> bytes:
    """Return a whole cell element that says *value*; *tag* is the inside of its old start tag, or of a new one."""
    kept, style = _kept(tag)
    return b"<%bc%b%b" % (prefix, kept, content_of(value, prefix, style in dates, counts_from_1904))


def _kept(tag: bytes) -> tuple[bytes, bytes]:
    """Return the attributes that stay, and the style among them: a cell keeps its place and its look."""
    if plain := _PLAIN_TAG.fullmatch(tag):
        return plain[1], plain[2] or b""
    tag = tag.rstrip(b"/ \t\r\n")
    written = attributes(tag)
    style = written.get(b"s", b"")
    if not _GIVEN_UP & written.keys():
        return tag, style
    kept = b"".join(
        b' %b="%b"' % (name, value.replace(b'"', b"&quot;")) for name, value in written.items() if name not in _GIVEN_UP
    )
    return kept, style


@lru_cache(maxsize=4096, typed=True)
def content_of(value: Cell, prefix: bytes, shows_dates: bool, counts_from_1904: bool) -> bytes:
    """Return the rest of a cell element, from its type to its end; remembered, because our words repeat."""
    number: float | None = None
    p = prefix
    if value is None or value == "":
        return b"/>"
    if isinstance(value, bool):
        return b' t="b"><%bv>%d</%bv></%bc>' % (p, value, p, p)
    if isinstance(value, (int, float)):
        number = value
    elif isinstance(value, (date, time, timedelta)) and shows_dates:
        number = serial_of(value, counts_from_1904=counts_from_1904)
    if number is not None:
        return b"><%bv>%b</%bv></%bc>" % (p, _digits(number), p, p)
    text = value if isinstance(value, str) else _written_out(value)
    space = b' xml:space="preserve"' if text != text.strip() or "\n" in text or "  " in text else b""
    return b' t="inlineStr"><%bis><%bt%b>%b</%bt></%bis></%bc>' % (p, p, space, raw_text(text), p, p, p)


def _digits(number: float) -> bytes:
    if isinstance(number, float) and number.is_integer() and abs(number) < 1e15:  # noqa: PLR2004 - 15 digits are exact
        number = int(number)
    return repr(number).encode()


def _written_out(value: Cell) -> str:
    return value.isoformat(sep=" ", timespec="seconds") if isinstance(value, datetime) else as_text(value)
