"""What an email carries besides its words: files that go with it, and the images that its HTML shows.

    multipart/mixed
    ├── multipart/alternative
    │   ├── text/plain
    │   └── multipart/related
    │       ├── text/html
    │       └── image/png           shown where the HTML has its Content-ID (RFC 2387, RFC 2392)
    └── application/pdf             a file of its own (RFC 2183)

A level that has nothing to hold is left out. Each file is encoded once, read back once by the standard library, and
the same bytes stand in every email that carries it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from automations.core.readback import MessageProblem

MAX_NAME = 150
"""Characters of a file's name."""

_PLAIN_NAME = 60


class Enclosure(NamedTuple):
    """One file: *name* is what the email calls it (``pictures/logo.png``), *part* all of its MIME part.

    *size* counts its own octets. An image that the HTML shows has a *cid*.
    """

    name: str
    size: int
    part: bytes
    cid: str = ""


def enclose(name: str, media_type: str, octets: bytes) -> Enclosure:
    """Return a file that goes with an email. Raises MessageProblem when it cannot be read back from what is made."""
    return _proven(name, media_type, octets, "attachment", "")


def picture(name: str, media_type: str, octets: bytes) -> Enclosure:
    """Return an image that the HTML of an email shows; the same image has the same Content-ID in every email."""
    return _proven(name, media_type, octets, "inline", f"{hashlib.sha256(octets).hexdigest()[:32]}@leadwright")


def _proven(name: str, media_type: str, octets: bytes, disposition: str, cid: str) -> Enclosure:
    from email import message_from_bytes  # noqa: PLC0415 - 20 ms that only emails with files need
    from email.policy import SMTP  # noqa: PLC0415 - the same

    called = name.rpartition("/")[2]
    head = (
        f"Content-Type: {media_type}\r\n"
        "Content-Transfer-Encoding: base64\r\n"
        f"Content-Disposition: {disposition};\r\n {file_name(called)}\r\n" + (f"Content-ID: <{cid}>\r\n" if cid else "")
    )
    part = f"{head}\r\n".encode("ascii") + base64.encodebytes(octets).replace(b"\n", b"\r\n")
    read = message_from_bytes(part, policy=SMTP)
    if (read.get_filename(), read.get_payload(decode=True), read.defects) != (called, octets, []):
        raise MessageProblem(f"the file {name!r} cannot be read back from what would leave")
    return Enclosure(name, len(octets), part, cid)


def file_name(name: str) -> str:
    """Return a file's name as a parameter of a header: as it is, else encoded and in pieces.

    Source: RFC 2231, sections 3 and 4. No line is longer than 76.

    >>> file_name("price list.pdf")
    'filename="price list.pdf"'
    >>> file_name("Größe.pdf")
    "filename*=utf-8''Gr%C3%B6%C3%9Fe.pdf"
    """
    if name.isascii() and name.isprintable() and len(name) <= _PLAIN_NAME and not set(name) & set('"\\'):
        return f'filename="{name}"'
    pieces = ["utf-8''"]
    for letter in (quote(each, safe="") for each in name):
        # No letter is taken apart: some readers decode each piece by itself.
        if len(pieces[-1]) + len(letter) > _PLAIN_NAME:
            pieces.append("")
        pieces[-1] += letter
    if len(pieces) == 1:
        return f"filename*={pieces[0]}"
    return ";\r\n ".join(f"filename*{number}*={piece}" for number, piece in enumerate(pieces))


def wrap(text: bytes, html: bytes, enclosures: tuple[Enclosure, ...], mark: str) -> tuple[str, bytes]:
    """Return the content type and the body of an email made of two ready parts and its files.

    *mark* tells the boundaries of this email from all others; none of them begins like another. Every part ends with a
    line end.
    """
    images = [each.part for each in enclosures if each.cid]
    files = [each.part for each in enclosures if not each.cid]
    if images:
        html = _as_part(*_multipart("related", [html, *images], f"=_r_{mark}", '; type="text/html"'))
    kind, body = _multipart("alternative", [text, html], f"=_{mark}")
    return _multipart("mixed", [_as_part(kind, body), *files], f"=_m_{mark}") if files else (kind, body)


def enclosed(enclosures: Sequence[Enclosure]) -> tuple[bytes, ...]:
    """Return the parts of files as they stand between their boundaries: images, then files of their own."""
    if not enclosures:
        return ()
    # The line end before a boundary belongs to the boundary (RFC 2046, section 5.1.1).
    return tuple(b"\r\n" + each.part[:-2] for each in sorted(enclosures, key=lambda each: not each.cid))


def _multipart(kind: str, parts: list[bytes], boundary: str, more: str = "") -> tuple[str, bytes]:
    frame = f"--{boundary}\r\n".encode("ascii")
    body = frame + frame.join(parts) + f"--{boundary}--\r\n".encode("ascii")
    return f'multipart/{kind}; boundary="{boundary}"{more}', body


def _as_part(content_type: str, body: bytes) -> bytes:
    return f"Content-Type: {content_type}\r\n\r\n".encode("ascii") + body


def shown_alone(html: str, enclosures: tuple[Enclosure, ...]) -> str:
    """Return the HTML of an email as one file that shows its images in any browser (RFC 2397)."""
    for each in enclosures:
        if each.cid:
            head, _, body = each.part.decode("ascii").partition("\r\n\r\n")
            media_type = head.partition("\r\n")[0].removeprefix("Content-Type: ")
            html = html.replace(f"cid:{each.cid}", f"data:{media_type};base64,{''.join(body.split())}")
    return html
