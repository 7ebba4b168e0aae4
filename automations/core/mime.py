"""The bytes of one email, made by hand and read back before anyone gets them.

    multipart/alternative
    ├── text/plain   UTF-8, quoted-printable or base64, whichever is shorter
    └── text/html    the same

With files it is as `automations.core.enclosures` draws it.
Made by hand, because the standard library's header classes fold and encode what must stay as it is (a long
List-Unsubscribe or References comes out as encoded words and is dead), and take fifty times as long. What is made is
parsed back by the standard library and compared, so that nothing leaves that reads differently from what was meant.
Every line ends with CRLF, every byte is ASCII: no server needs 8BITMIME.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from html import unescape
from urllib.parse import quote

from automations.core.addresses import AddressProblem, domain_of, normalise_address
from automations.core.enclosures import Enclosure, enclosed, wrap
from automations.core.messages import MessageKey, Outgoing, Rendered, footer_lines, message_id, one_line
from automations.core.policy import Business, Sender
from automations.core.readback import Header, MessageProblem, read_bodies, read_fields, read_recipient

MAX_LINE_OCTETS = 998
"""Without CRLF (RFC 5322, section 2.1.1)."""
MAX_REFERENCES = 20
MAX_NAME_LENGTH = 100
"""A longer name in a To field is left out: it is not a name."""
MAX_SUBJECT_LENGTH = 255

_LINE = 76
_ENCODED_WORD_FRAME = len("=?utf-8?b??=")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+\Z")
_MESSAGE_ID = re.compile(r"<[!-;=?-~]{1,240}>\Z")
_SAFE_IN_MAILTO = "@+=!$'*~"
_TAG = re.compile(r"<[^>]*>")
_REPLY_PREFIX = re.compile(r"(?:(?:re|aw|sv|antw)\s*:\s*)+", re.IGNORECASE)


def build_message(
    rendered: Rendered,
    *,
    sender: Sender,
    to_address: str,
    to_name: str,
    message_key: MessageKey,
    date: datetime,
    business: Business,
    in_reply_to: str | None = None,
    references: tuple[str, ...] = (),
    thread_subject: str = "",
    feedback_id: str = "",
) -> Outgoing:
    """Return the bytes of one email to one lead; the same input gives the same bytes.

    *date* is aware. A follow-up has *in_reply_to*, the Message-ID of the email before it, and *references*, those of
    the whole thread, oldest first. Without a subject of its own it has ``Re:`` and *thread_subject*. *feedback_id* is
    that of `automations.core.messages.feedback_id`; "" for none.
    Raises MessageProblem when what would leave is not what was meant: see `prove`.
    """
    sender_address, recipient = _usable(sender.address, "sender"), _usable(to_address, "lead")
    identity = message_id(message_key, domain_of(sender_address))
    subject = one_line(rendered.subject) or reply_subject(one_line(thread_subject))
    if not 0 < len(subject) <= MAX_SUBJECT_LENGTH:
        raise MessageProblem(f"the subject has {len(subject)} characters; it may have 1 to {MAX_SUBJECT_LENGTH}")
    reply_to = _usable(sender.reply_to, "Reply-To") if sender.reply_to else ""
    kind, body = _body(rendered, message_key)
    headers = (
        ("Date", format_datetime(_aware(date))),
        ("From", mailbox(sender.display_name, sender_address, used=len("From: "))),
        *((("Reply-To", reply_to),) if reply_to else ()),
        ("To", mailbox(to_name, recipient, used=len("To: "))),
        ("Subject", unstructured(subject, used=len("Subject: "))),
        ("Message-ID", identity),
        *_thread(in_reply_to, references),
        ("List-Unsubscribe", f"<mailto:{quote(sender_address, safe=_SAFE_IN_MAILTO)}?subject=unsubscribe>"),
        *((("Feedback-ID", feedback_id),) if feedback_id else ()),
        ("MIME-Version", "1.0"),
        ("Content-Type", kind),
    )
    content = _compose(headers, body)
    prove(content, headers, recipient, footer_lines(business, rendered.language), rendered.enclosures)
    return Outgoing(message_key, identity, sender_address, recipient, subject, content)


def reply_subject(subject: str) -> str:
    """Return the subject of a reply: one ``Re:``, whatever stood there before; empty when there is none to answer.

    >>> reply_subject("AW: Re: Coffee")
    'Re: Coffee'
    """
    if not subject:
        return ""
    prefix = _REPLY_PREFIX.match(subject)
    return f"Re: {subject[prefix.end() :] if prefix else subject}"


def mailbox(name: str, address: str, *, used: int) -> str:
    """Return ``name <address>`` as a header has it; only the address when there is no name to speak of.

    *used* is how many characters stand before it on the line. Sources: RFC 5322, section 3.4; RFC 2047, section 5.
    """
    shown = one_line(name)
    if not shown or len(shown) > MAX_NAME_LENGTH:
        return address
    if not _is_plain(shown):
        words = encoded_words(shown, used=used)
    elif _ATOMS.match(shown):
        words = shown
    else:
        words = '"' + shown.replace("\\", "\\\\").replace('"', '\\"') + '"'
    last = len(words.rpartition("\r\n")[2]) + ("\r\n" not in words) * used
    gap = " " if last + len(address) + 3 <= _LINE else "\r\n "
    return f"{words}{gap}<{address}>"


def unstructured(text: str, *, used: int) -> str:
    """Return a text as a header has it, folded; encoded words when it is not plain ASCII. *used* as in `mailbox`."""
    return fold(text.split(" "), used=used) if _is_plain(text) else encoded_words(text, used=used)


def _is_plain(text: str) -> bool:
    # What looks like an encoded word would be decoded by the reader: it has to be encoded itself.
    return text.isascii() and "=?" not in text


def fold(words: Sequence[str], *, used: int) -> str:
    """Return *words* with spaces between them, broken into lines at spaces only; a word is never taken apart."""
    lines, room = [""], _LINE - used
    for word in words:
        if not lines[-1]:
            lines[-1] = word
        elif len(lines[-1]) + 1 + len(word) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
            room = _LINE - 1
    return "\r\n ".join(lines)


def encoded_words(text: str, *, used: int) -> str:
    """Return *text* as RFC 2047 encoded words, no line longer than 76, no character in two words."""
    octets = text.encode()
    words: list[str] = []
    start, room = 0, _octets_in(_LINE - used)
    while len(octets) - start > room:
        end = start + room
        while octets[end] & 0xC0 == 0x80:  # noqa: PLR2004 - inside a character (RFC 3629, section 3)
            end -= 1
        words.append(_encoded_word(octets[start:end]))
        start, room = end, _octets_in(_LINE - 1)
    return "\r\n ".join((*words, _encoded_word(octets[start:])))


def _octets_in(line: int) -> int:
    return (min(line, _LINE - 1) - _ENCODED_WORD_FRAME) // 4 * 3


def _encoded_word(octets: bytes) -> str:
    return f"=?utf-8?b?{base64.b64encode(octets).decode('ascii')}?="


def _thread(in_reply_to: str | None, references: tuple[str, ...]) -> tuple[Header, ...]:
    if in_reply_to is None:
        return ()
    chain = references if in_reply_to in references else (*references, in_reply_to)
    for each in chain:
        if not _MESSAGE_ID.match(each):
            raise MessageProblem(f"{each!r} is not a Message-ID; the email cannot join its thread")
    # The first one names the thread, the last ones place the message in it (RFC 5537, section 3.4.4).
    kept = chain if len(chain) <= MAX_REFERENCES else (chain[0], *chain[1 - MAX_REFERENCES :])
    return ("In-Reply-To", in_reply_to), ("References", fold(kept, used=len("References: ")))


def _usable(address: str, whose: str) -> str:
    try:
        usable = normalise_address(address)
    except AddressProblem as problem:
        raise MessageProblem(f"{address!r} ({whose}) is not an email address: {problem}") from None
    if not usable.isascii():
        # RFC 6531: such an address can only be reached if every server on the way agrees.
        raise MessageProblem(f"{address!r} ({whose}) has letters before the @ that not every mail server can handle")
    return usable


def _aware(date: datetime) -> datetime:
    if date.tzinfo is None:
        raise ValueError("date must be aware")
    return date


def _compose(headers: Sequence[Header], body: bytes) -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    return head.encode("ascii", "strict") + b"\r\n" + body


def _body(rendered: Rendered, key: MessageKey) -> tuple[str, bytes]:
    # "=_" stands neither in base64 nor in quoted-printable text, so no body can contain the boundary.
    mark = key[:26]
    return wrap(_part("text/plain", rendered.text), _part("text/html", rendered.html), rendered.enclosures, mark)


def _part(content_type: str, text: str) -> bytes:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n").split("\n")
    encoding, body = "quoted-printable", b"".join(map(_quoted, lines))
    # A letter is an octet at least: where the letters settle it, nobody has to count octets.
    if len(body) * 3 > len(text) * 4 and len(body) * 3 > len(data := binascii.a2b_qp(body)) * 4:
        encoding, body = "base64", base64.encodebytes(data).replace(b"\n", b"\r\n")
    head = f'Content-Type: {content_type}; charset="utf-8"\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n'
    return head.encode() + body + b"\r\n"


_NEVER_IN_BODIES = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@lru_cache(maxsize=4096)
def _quoted(line: str) -> bytes:
    # Quoted-printable begins anew with each line, and most lines of an email are those of the email before it.
    return binascii.b2a_qp(_NEVER_IN_BODIES.sub("", line).encode("utf-8", "replace") + b"\r\n")


def prove(
    content: bytes,
    headers: Sequence[Header],
    recipient: str,
    footer: Sequence[str],
    enclosures: Sequence[Enclosure] = (),
) -> None:
    """Read the bytes back, and return only if they say what was meant.

    That is: the very headers that were set, in order; one recipient; every line of *footer* in the text and in the
    HTML; these *enclosures* and no others; no line longer than 998 octets; no lone CR or LF; ASCII only. Raises
    MessageProblem otherwise.
    """
    signs = content.replace(b"\r\n", b"")
    if not signs.isascii() or any(each in signs for each in (b"\0", b"\r", b"\n")):
        raise MessageProblem("the finished email has a character that must not be in one")
    if _has_long_line(content):
        raise MessageProblem(f"the finished email has a line longer than {MAX_LINE_OCTETS} characters")
    fields = read_fields(content)
    if [name for name, _ in fields] != [name for name, _ in headers]:
        raise MessageProblem("the finished email has other headers than the ones it was given")
    values = dict(fields)
    if read_recipient(values.get("To", "")) != recipient:
        raise MessageProblem("the finished email has other recipients than the lead")
    if not all(footer):
        raise MessageProblem("the business has no name or no postal address to print under the email")
    text, html, files = read_bodies(content, values.get("Content-Type", ""))
    # What should stand at the end of the HTML is looked for there first.
    shown = (" ".join(text.split()), _shown(html[-_END:]))
    for line in footer:
        if not (line in shown[0] and (line in shown[1] or line in _shown(html))):
            raise MessageProblem(f"the finished email lacks {line!r} in its text or its HTML")
    if files != enclosed(enclosures):
        raise MessageProblem("the finished email carries other files than the ones it was given")


def _has_long_line(content: bytes) -> bool:
    """Return whether a line is longer than `MAX_LINE_OCTETS`, going from the end of one line to the last in reach."""
    start = 0
    while len(content) - start > MAX_LINE_OCTETS:
        end = content.rfind(b"\r\n", start, start + MAX_LINE_OCTETS + 2)
        if end < 0:
            return True
        start = end + 2
    return False


def _shown(html: str) -> str:
    return " ".join(unescape(_TAG.sub(" ", html)).split())


_END = 800
"""Characters at the end of the HTML in which the footer should stand."""
