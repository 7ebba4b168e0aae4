"""What a message is made of: header fields as text, addresses, and its parts by what they are for."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message
from typing import NamedTuple

from automations.mail.incoming.html import html_to_text

MAX_TEXT = 100_000
"""Characters of one part that are read."""
_MAX_LEAVES = 200
_MAX_HEADER = 4000

ADDRESS = re.compile(
    r"(?<![A-Za-z0-9.!#$%&'*+/=?^_`{|}~-])([A-Za-z0-9!#$%&'*+/=?^_`{|}~][A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{0,127}"
    r"@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,62})){1,10})"
)
"""One address in running text. Every repetition has a bound, so that no text makes it slow."""
_MESSAGE_ID = re.compile(r"<[^<>\s@]{1,250}@[^<>\s@]{1,250}>")

# Codecs that turn bytes into text by computing, not by looking up: slow on purpose-made input, and never a mail's.
_NO_CHARSETS = frozenset({"punycode", "idna", "unicode_escape", "raw_unicode_escape", "undefined", "utf-7"})
_ALSO_CALLED = {"ansi_x3.4-1968": "ascii", "iso-8859-8-i": "iso-8859-8", "x-sjis": "cp932", "shift_jis": "cp932"}


class Parts(NamedTuple):
    """The parts of a message, in order.

    *report* is the text before any returned message, *html* is set where it had to be read from HTML. *groups* are
    the header-like groups of all machine-readable reports; *returned* the headers of a returned message.
    """

    report: str
    html: bool
    groups: tuple[Message, ...]
    returned: Message | None
    calendar: str
    """The method of a calendar part: ``reply``, ``request``; "" without one."""


def header(message: Message, name: str) -> str:
    """Return a header field as one line of text, decoded (RFC 2047), at most 4000 characters; "" without it.

    A field that cannot be decoded is returned as it stands.
    """
    try:
        value = message.get(name)
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        return ""
    return decoded(str(value)) if value is not None else ""


def decoded(value: str) -> str:
    """Return a header field's value as one line of text, with its encoded words read."""
    value = " ".join(value[:_MAX_HEADER].split())
    if "=?" not in value:
        return _no_surrogates(value)
    try:
        pieces = decode_header(value)
    except (HeaderParseError, ValueError, LookupError, TypeError):
        return _no_surrogates(value)
    return " ".join("".join(_piece(data, charset) for data, charset in pieces).split())


def _piece(data: bytes | str, charset: str | None) -> str:
    return _no_surrogates(data) if isinstance(data, str) else to_text(data, charset)


def _no_surrogates(text: str) -> str:
    if text.isascii():
        return text
    raw = text.encode("utf-8", "surrogateescape")
    return to_text(raw, "utf-8")


def to_text(data: bytes, charset: str | None) -> str:
    """Return *data* as text: by *charset* where it is one and fits, else UTF-8, else Latin-1. Never raises."""
    for name in (_ALSO_CALLED.get((charset or "ascii").lower(), charset or "ascii"), "utf-8"):
        try:
            codec = codecs.lookup(name)
            if codec.name in _NO_CHARSETS:
                continue
            return data.decode(codec.name)
        except (LookupError, ValueError, AssertionError):
            continue
    if charset and charset.lower() not in {"us-ascii", "ascii", "utf-8"}:
        try:
            return data.decode(charset, "replace")
        except (LookupError, ValueError, AssertionError):
            pass
    return data.decode("latin-1")


def addresses_in(text: str) -> tuple[str, ...]:
    """Return the addresses in running text, each once, in order; at most 200."""
    found: dict[str, None] = {}
    for match in ADDRESS.finditer(text):
        found.setdefault(match[1].rstrip("."), None)
        if len(found) >= _MAX_LEAVES:
            break
    return tuple(found)


def message_ids_in(text: str) -> tuple[str, ...]:
    """Return the Message-IDs in a field, each once, in order; at most 100 (RFC 5322, section 3.6.4)."""
    return tuple(dict.fromkeys(_MESSAGE_ID.findall(text[: _MAX_HEADER * 8])))[:100]


def content_type(part: Message) -> str:
    """Return what a part is (``text/plain``), in lower case; text/plain where that cannot be told."""
    try:
        return part.get_content_type()
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        return "text/plain"


def parameter(part: Message, name: str) -> str:
    """Return a parameter of the Content-Type field in lower case, "" without it."""
    try:
        value = part.get_param(name)
    except (ValueError, LookupError, TypeError, AttributeError, IndexError):
        return ""
    if isinstance(value, tuple):
        value = value[2]
    return value.strip().lower() if isinstance(value, str) else ""


def part_text(part: Message) -> str:
    """Return the text of a leaf, decoded; at most 100,000 characters. Of damaged encodings what can be read."""
    try:
        data = part.get_payload(decode=True)
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, IndexError):
        data = None
    if not isinstance(data, bytes):
        return ""
    return to_text(data[: MAX_TEXT * 4], parameter(part, "charset") or None)[:MAX_TEXT]


_RETURNED = frozenset(
    {"message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "text/rfc822", "message/global",
     "message/global-headers", "message/partial"}
)  # fmt: skip
_REPORTS = frozenset(
    {"message/delivery-status", "message/feedback-report", "message/disposition-notification",
     "message/global-delivery-status", "message/xdelivery-status", "message/global-disposition-notification",
     "text/delivery-status"}
)  # fmt: skip


def take_apart(message: Message) -> Parts:
    """Return the parts of *message*. What stands inside a returned message is not among them."""
    plain: list[str] = []
    html: list[str] = []
    groups: list[Message] = []
    returned: Message | None = None
    calendar = ""
    for part, kind in _leaves(message):
        if kind in _RETURNED:
            returned = returned or _headers_of(part, kind)
        elif kind in _REPORTS:
            groups += _groups_of(part)
        elif kind == "text/calendar":
            calendar = calendar or parameter(part, "method") or "unknown"
        elif kind.startswith("multipart/"):
            # Its parts were never found: the boundary is not the one that was announced. What is there is text.
            plain.append(part_text(part))
        elif returned is None and kind == "text/html":
            html.append(part_text(part))
        elif returned is None and kind.startswith("text/") and not _is_attached(part):
            plain.append(part_text(part))
    text = "\n".join(plain)
    if text.strip() or not html:
        return Parts(text, False, tuple(groups), returned, calendar)
    return Parts("\n".join(html_to_text(each) for each in html), True, tuple(groups), returned, calendar)


def _is_attached(part: Message) -> bool:
    return header(part, "Content-Disposition").lower().startswith("attachment")


def _leaves(message: Message) -> Iterator[tuple[Message, str]]:
    """Return the leaves in order, reports and returned messages whole; without recursion, and never more than 200."""
    waiting = [message]
    given = 0
    while waiting and given < _MAX_LEAVES:
        part = waiting.pop()
        kind = content_type(part)
        inner = part.get_payload() if part.is_multipart() else None
        if kind in _RETURNED | _REPORTS or not isinstance(inner, list):
            given += 1
            yield part, kind
        else:
            waiting += [each for each in reversed(inner) if isinstance(each, Message)]


def _headers_of(part: Message, kind: str) -> Message | None:
    inner = part.get_payload()
    if isinstance(inner, list):
        return next((each for each in inner if isinstance(each, Message)), None)
    text = part_text(part) if not kind.startswith("message/") or isinstance(inner, str) else ""
    return fields_in(text.splitlines()) if text else None


def _groups_of(part: Message) -> Iterable[Message]:
    inner = part.get_payload()
    if isinstance(inner, list):
        for each in inner:
            if isinstance(each, Message):
                # A group may be preceded by blank lines, which the parser takes for an empty group with a body.
                yield from _single(each) if len(each) else groups_in(part_text(each))
    else:
        yield from groups_in(part_text(part))


def groups_in(text: str) -> Iterator[Message]:
    """Return the groups of header fields in *text*, which blank lines part (RFC 3464, section 2.1)."""
    block: list[str] = []
    for line in [*text.splitlines(), ""]:
        if line.strip():
            block.append(line)
        elif block:
            yield from _single(fields_in(block))
            block = []


def _single(group: Message) -> Iterator[Message]:
    """Return the groups in one: some programs put no blank line between two recipients, or before the first."""
    if len(group.get_all("Final-Recipient", [])) <= 1:
        yield group
        return
    current = Message()
    for name, value in group.items():
        if name.lower() == "final-recipient" and current.get("Final-Recipient"):
            yield current
            current = Message()
        current[name] = value
    yield current


_FIELD_LINE = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,76})[ \t]*:(.*)", re.DOTALL)


def fields_in(lines: Iterable[str]) -> Message:
    """Return header fields as a message without a body; it ends at the first blank line, and odd lines are left out."""
    message = Message()
    name, value = "", ""
    for line in lines:
        if not line.strip():
            break
        if line[0] in " \t":
            value += " " + line.strip()
            continue
        found = _FIELD_LINE.match(line)
        if found is None:
            continue
        if name:
            message[name] = value
        name, value = found[1], found[2].strip()
    if name:
        message[name] = value
    return message
