"""Values to cells: what the bytes of a cell become when it says something else.

Text is written inside the cell (``t="inlineStr"``), so the table of shared strings keeps its bytes, and text that
begins with ``=`` is text: only ``<f>`` makes a formula. A date becomes a number only in a cell that shows dates; in
any other cell it is written as a person would, 2026-11-23, because its number would mean nothing there.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from math import isfinite

from automations.core.cells import as_text
from automations.core.leads import Cell
from automations.sources.ooxml.markup import attributes, raw_text
from automations.sources.ooxml.moments import serial_of

MAX_TEXT = 32_767
"""The longest text a cell can hold, in UTF-16 units (Excel specifications and limits)."""
_GIVEN_UP = frozenset({b"t", b"cm", b"vm", b"ph"})
"""Attributes that speak of the old content: its type, its metadata, its phonetic hints."""


class Unwritable(ValueError):  # noqa: N818 - the end of a sentence, not an error of ours
    """Why a value cannot stand in a cell."""


def check_value(value: Cell) -> None:
    """Raise Unwritable, saying why, for a value that no cell can hold."""
    if isinstance(value, float) and not isfinite(value):
        raise Unwritable("the value is not a number")
    if isinstance(value, str):
        try:
            length = len(value.encode("utf-16-le")) // 2
        except UnicodeEncodeError:
            raise Unwritable("the text has half a character in it") from None
        if length > MAX_TEXT:
            raise Unwritable(f"the text has {length:,} letters, and a cell holds {MAX_TEXT:,}")


def cell_bytes(value: Cell, *, tag: bytes, prefix: bytes, shows_dates: bool, counts_from_1904: bool) -> bytes:
    """Return a whole cell element that says *value*; *tag* is the inside of its old start tag, or of a new one."""
    kept = _kept(tag)
    kind, body = _content(value, prefix, shows_dates=shows_dates, counts_from_1904=counts_from_1904)
    if not body:
        return b"<%bc%b/>" % (prefix, kept)
    typed = b' t="%b"' % kind if kind else b""
    return b"<%bc%b%b>%b</%bc>" % (prefix, kept, typed, body, prefix)


def _kept(tag: bytes) -> bytes:
    """Return the attributes that stay: a cell keeps its place and its style."""
    tag = tag.rstrip(b"/ \t\r\n")
    written = attributes(tag)
    if not _GIVEN_UP & written.keys():
        return tag
    return b"".join(
        b' %b="%b"' % (name, value.replace(b'"', b"&quot;")) for name, value in written.items() if name not in _GIVEN_UP
    )


def _content(value: Cell, prefix: bytes, *, shows_dates: bool, counts_from_1904: bool) -> tuple[bytes, bytes]:
    """Return the type and the inside of a cell; no inside for an empty one."""
    number: float | None = None
    if value is None or value == "":
        return b"", b""
    if isinstance(value, bool):
        return b"b", b"<%bv>%d</%bv>" % (prefix, value, prefix)
    if isinstance(value, (int, float)):
        number = value
    elif isinstance(value, (date, time, timedelta)) and shows_dates:
        number = serial_of(value, counts_from_1904=counts_from_1904)
    if number is not None:
        return b"", b"<%bv>%b</%bv>" % (prefix, _digits(number), prefix)
    text = value if isinstance(value, str) else _written_out(value)
    space = b' xml:space="preserve"' if text != text.strip() or "\n" in text or "  " in text else b""
    p = prefix
    return b"inlineStr", b"<%bis><%bt%b>%b</%bt></%bis>" % (p, p, space, raw_text(text), p, p)


def _digits(number: float) -> bytes:
    if isinstance(number, float) and number.is_integer() and abs(number) < 1e15:  # noqa: PLR2004 - 15 digits are exact
        number = int(number)
    return repr(number).encode()


def _written_out(value: Cell) -> str:
    return value.isoformat(sep=" ", timespec="seconds") if isinstance(value, datetime) else as_text(value)
