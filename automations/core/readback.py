"""What the finished bytes of an email say: read by rules of its own, without looking at what they were made from.

Strict: whatever RFC 5322 and RFC 2045 to 2047 would let pass in a stranger's email, and ours never has, is refused. In
a tenth of the time of the standard library's parser, which the tests compare it with.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Callable, Mapping

Header = tuple[str, str]


class MessageProblem(ValueError):  # noqa: N818 - it is a problem of one lead's email, not an error of ours
    """Why one email cannot leave as it is, as a sentence; the lead is held."""


_FIELD = re.compile(r"([!-9;-~]+): ([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)\r\n")
_BLANK_FOLD = re.compile(r"\r\n[ \t]+(?:\r\n|\Z)")
_BOUNDARIES = {
    kind: re.compile(rf'multipart/{kind}; boundary="([^"]+)"{more}\Z')
    for kind, more in (("mixed", ""), ("alternative", ""), ("related", '; type="text/html"'))
}
# A part that stands inside another has given the line end after it to the boundary of that one.
_ENDS = frozenset({b"--\r\n", b"--"})
_ADDRESS = r'([^<>@,;:"()\s]+@[^<>@,;:"()\s]+)'
_MAILBOX = re.compile(rf'(?:(?:[^<>@,;:"()\\]*|"(?:[^"\\]|\\.)*") ?<{_ADDRESS}>|{_ADDRESS})\Z')
_DECODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "quoted-printable": binascii.a2b_qp,
    "base64": binascii.a2b_base64,
}
_PART_HEADS = {
    (kind, f'\r\nContent-Type: {kind}; charset="utf-8"\r\nContent-Transfer-Encoding: {name}'.encode()): decode
    for kind in ("text/plain", "text/html")
    for name, decode in _DECODERS.items()
}


def read_fields(content: bytes) -> tuple[Header, ...]:
    """Return the header fields of *content* (ASCII, CRLF), unfolded, in order. Raises MessageProblem."""
    text = content.partition(b"\r\n\r\n")[0].decode("ascii") + "\r\n"
    fields = _FIELD.findall(text)
    # ": " and CRLF are not in what was found; whatever else is missing is a line that is no field.
    if sum(len(name) + len(value) + 4 for name, value in fields) != len(text) or _BLANK_FOLD.search(text):
        raise MessageProblem("the finished email has a line among its headers that is none")
    return tuple((name, value.replace("\r\n", "")) for name, value in fields)


def read_recipient(to: str) -> str:
    """Return the one address of a To field; "" when it is not exactly one, as we write it."""
    found = _MAILBOX.match(to)
    return (found[1] or found[2]) if found else ""


def read_bodies(content: bytes, content_type: str) -> tuple[str, str, tuple[bytes, ...]]:
    """Return the text and the HTML, decoded, and the parts of the images and then of the files, as they stand there.

    Raises MessageProblem when *content* is not built as `automations.core.enclosures` draws it.
    """
    body = content.partition(b"\r\n\r\n")[2]
    images: list[bytes] = []
    files: list[bytes] = []
    if content_type.startswith("multipart/mixed;"):
        inside, *files = _parts("mixed", content_type, body)
        content_type, body = _inside(inside)
    text, html = _pair(content_type, body)
    if html.startswith(b"\r\nContent-Type: multipart/related;"):
        html, *images = _parts("related", *_inside(html))
    return _decoded(text, "text/plain"), _decoded(html, "text/html"), (*images, *files)


def _pair(content_type: str, body: bytes) -> tuple[bytes, bytes]:
    parts = _parts("alternative", content_type, body)
    if len(parts) != 2:  # noqa: PLR2004 - text and HTML
        raise _not_two()
    return parts[0], parts[1]


def _inside(part: bytes) -> tuple[str, bytes]:
    head, _, body = part.partition(b"\r\n\r\n")
    return head.decode("ascii").removeprefix("\r\nContent-Type: "), body


def _parts(kind: str, content_type: str, body: bytes) -> list[bytes]:
    """Return the parts of a multipart, each with the line end after its boundary; nothing stands around them."""
    found = _BOUNDARIES[kind].match(content_type)
    before, *parts = (b"\r\n" + body).split(b"\r\n--" + found[1].encode("ascii")) if found else [b""]
    if before or len(parts) < 2 or parts.pop() not in _ENDS:  # noqa: PLR2004 - a part, and the end
        raise _not_two()
    return parts


def _not_two() -> MessageProblem:
    return MessageProblem("the finished email does not consist of a text and an HTML part")


def _decoded(part: bytes, kind: str) -> str:
    head, _, body = part.partition(b"\r\n\r\n")
    decode = _PART_HEADS.get((kind, head))
    if decode is None:
        raise _not_two()
    try:
        return decode(body + b"\r\n").decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise MessageProblem("the finished email cannot be read back") from None
