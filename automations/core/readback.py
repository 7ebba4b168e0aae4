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


_FIELD = re.compile(r"([!-9;-~]+): ([^\r\n]*(?:\r\n[ \t][^\r\n]*\S[^\r\n]*)*)\r\n")
_BOUNDARY = re.compile(r'multipart/alternative; boundary="([^"]+)"\Z')
_DECODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "quoted-printable": binascii.a2b_qp,
    "base64": binascii.a2b_base64,
}


def read_fields(content: bytes) -> tuple[Header, ...]:
    """Return the header fields of *content* (ASCII, CRLF), unfolded, in order. Raises MessageProblem."""
    return _fields(content.partition(b"\r\n\r\n")[0])


def read_bodies(content: bytes) -> tuple[str, str]:
    """Return the text and the HTML of *content*, decoded. Raises MessageProblem when it is not made of these two."""
    head, _, body = content.partition(b"\r\n\r\n")
    kind = _BOUNDARY.match(dict(_fields(head)).get("Content-Type", ""))
    parts = (b"\r\n" + body).split(b"\r\n--" + kind[1].encode("ascii")) if kind else []
    if len(parts) != 4 or parts[0] or parts[3] != b"--\r\n":  # noqa: PLR2004 - before, text, HTML, and the end
        raise MessageProblem("the finished email does not consist of a text and an HTML part")
    return _decoded(parts[1], "text/plain"), _decoded(parts[2], "text/html")


def _fields(head: bytes) -> tuple[Header, ...]:
    text = head.decode("ascii") + "\r\n"
    fields = []
    position = 0
    while position < len(text):
        found = _FIELD.match(text, position)
        if found is None:
            raise MessageProblem("the finished email has a line among its headers that is none")
        fields.append((found[1], found[2].replace("\r\n", "")))
        position = found.end()
    return tuple(fields)


def _decoded(part: bytes, kind: str) -> str:
    head, _, body = part.partition(b"\r\n\r\n")
    says = dict(_fields(head.removeprefix(b"\r\n")))
    decode = _DECODERS.get(says.get("Content-Transfer-Encoding", ""))
    if decode is None or says.get("Content-Type") != f'{kind}; charset="utf-8"':
        raise MessageProblem("the finished email does not consist of a text and an HTML part")
    try:
        return decode(body + b"\r\n").decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise MessageProblem("the finished email cannot be read back") from None
