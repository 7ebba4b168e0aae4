r"""Bytes of a mail -> its message, within bounds that no mail can make us leave.

The bounds keep the standard library's parser linear: what is longer is not parsed, or not to its end. A mail's text
stands at its beginning and so does the report of a bounce, so that the beginning of a huge mail is enough.
"""

from __future__ import annotations

import re
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32

MAX_BYTES = 512 * 1024
"""Octets of a mail that are read; the rest is not looked at."""
MAX_HEADER = 256 * 1024
"""Octets of header fields; more than this no mail program writes."""
MAX_PARTS = 500
MAX_BOUNDARIES = 60
_MAX_CONTENT_FIELD = 4096
_MAX_FIELD = 32 * 1024

_CONTENT_FIELD = re.compile(
    rb"^content-(?:type|disposition)[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*", re.IGNORECASE | re.MULTILINE
)
_FIELD = re.compile(rb"^[!-9;-~]+[ \t]*:[^\n]*(?:\n[ \t][^\n]*)*", re.MULTILINE)
_BOUNDARY = re.compile(rb'boundary[ \t]*=[ \t]*"?([^";\s]{1,100})', re.IGNORECASE)


class Unreadable(ValueError):  # noqa: N818 - it is about the mail, not an error of ours
    """Why a mail is not taken apart, as the end of the sentence "This mail was set aside: "."""


class _AsWritten(Compat32):
    """Fields as they were written: the standard policy puts question marks for letters that are not ASCII."""

    def header_fetch_parse(self, name: str, value: str) -> str:
        """Return *value* as it is."""
        del name
        return value


_POLICY = _AsWritten()


def parse(data: bytes) -> Message:
    """Return the mail's beginning as a message; every line of *data* may end as it likes (CRLF, LF or CR).

    Raises Unreadable for what no mail program writes: huge header fields, hundreds of parts, or parts in parts.
    """
    text = _one_line_end(data[: MAX_BYTES + 1])
    head, _, body = text.partition(b"\n\n")
    if len(head) > MAX_HEADER:
        raise Unreadable(f"its header is longer than {MAX_HEADER // 1024} KB")
    if any(len(field[0]) > _MAX_FIELD for field in _FIELD.finditer(head)):
        raise Unreadable(f"a header field is longer than {_MAX_FIELD // 1024} KB")
    if any(len(field[0]) > _MAX_CONTENT_FIELD for field in _CONTENT_FIELD.finditer(text)):
        raise Unreadable(f"a description of a part is longer than {_MAX_CONTENT_FIELD // 1024} KB")
    boundaries = set(_BOUNDARY.findall(text))
    if len(boundaries) > MAX_BOUNDARIES:
        raise Unreadable(f"it has parts in parts, more than {MAX_BOUNDARIES} deep or wide")
    if sum(body.count(b"\n--" + each) for each in boundaries) > MAX_PARTS:
        raise Unreadable(f"it has more than {MAX_PARTS} parts")
    try:
        return BytesParser(policy=_POLICY).parsebytes(_with_true_boundary(text, head, body))
    except (ValueError, LookupError, AttributeError, TypeError, IndexError, KeyError, RecursionError) as error:
        raise Unreadable("it is not put together as a mail is") from error


_TRUE_BOUNDARY = re.compile(rb"^ ?--([^\s-][^\n]{0,99})\ncontent-", re.IGNORECASE | re.MULTILINE)


def _with_true_boundary(text: bytes, head: bytes, body: bytes) -> bytes:
    """Return *text* with the boundary that its parts really have, where the header announces one that never comes."""
    declared = _BOUNDARY.search(head)
    if declared is None or b"--" + declared[1] in body:
        return text
    used = _TRUE_BOUNDARY.search(body)
    if used is None:
        return text
    return head[: declared.start(1)] + used[1].rstrip() + head[declared.end(1) :] + b"\n\n" + body


def _one_line_end(data: bytes) -> bytes:
    if data.startswith(b"From "):
        # A line that mailbox files put in front of a mail.
        data = data.partition(b"\n")[2] if b"\n" in data[:200] else data.partition(b"\r")[2]
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in data else data
