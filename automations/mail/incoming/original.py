"""The message a report is about: found as a part of its own, or as header fields that were quoted in the text."""

from __future__ import annotations

import re
from email.message import Message
from typing import NamedTuple

from automations.mail.incoming.parts import addresses_in, fields_in, header, message_ids_in
from automations.mail.incoming.phrases import find, folded, says

_FIELD = re.compile(r"(?:> ?)?([A-Za-z][A-Za-z0-9-]{1,60})[ \t]*:")
_KNOWN = frozenset(
    {"received", "return-path", "from", "to", "subject", "date", "message-id", "mime-version", "content-type",
     "x-mailer", "user-agent", "reply-to", "delivered-to", "dkim-signature", "x-original-to", "cc", "sender",
     "in-reply-to", "references", "x-envelope-from"}
)  # fmt: skip
_LEAST_FIELDS = 3
_MAX_LINES = 2000


class Split(NamedTuple):
    """A text before the copy of our message, and the header fields of that copy, None without one.

    *is_announced* says that a line announces the copy, also where none follows.
    """

    before: str
    copy: Message | None
    is_announced: bool = False


def split_at_original(text: str) -> Split:
    """Return what a server wrote, apart from our own message below it.

    The copy begins where a line says so, or where three header fields stand one after another, one of them such as
    only a message has.
    """
    lines = text.splitlines()[:_MAX_LINES]
    for number, line in enumerate(lines):
        if _begins_headers(lines, number):
            return Split("\n".join(lines[:number]), fields_in(_unquoted(lines[number:])))
        if number and _says_so(line):
            rest = lines[number + 1 :]
            start = next((at for at, each in enumerate(rest[:12]) if _begins_headers(rest, at, least=1)), None)
            return Split("\n".join(lines[:number]), None if start is None else fields_in(_unquoted(rest[start:])), True)
    return Split("\n".join(lines), None)


def _says_so(line: str) -> bool:
    words = folded(line.strip(" -=_*#>\t\n:.")) if len(line) < 200 else ""  # noqa: PLR2004 - longer than a heading
    if not words or len(words) > 90 or "@" in words:  # noqa: PLR2004 - a heading is a line, not a paragraph
        return False
    found = says("original follows", words)
    # "You may delete your own text from the attached returned message" is no heading.
    return found is not None and (line.strip()[0] in "-=_*#" or find(found, words) <= len("included is "))


def _begins_headers(lines: list[str], number: int, least: int = _LEAST_FIELDS) -> bool:
    """Whether a copy's header begins at this line: fields in a row, more than one of the well-known ones."""
    first = _FIELD.match(lines[number])
    if first is None or first[1].lower() not in _KNOWN:
        return False
    known = fields = 0
    for line in lines[number : number + 40]:
        if not line.strip():
            break
        if line[0] in " \t":
            continue
        found = _FIELD.match(line)
        if found is None:
            break
        fields += 1
        known += found[1].lower() in _KNOWN
    return fields >= least and known >= min(least, 2)


def _unquoted(lines: list[str]) -> list[str]:
    return [line.removeprefix("> ").removeprefix(">") for line in lines] if lines[0].startswith(">") else lines


class Original(NamedTuple):
    """What is known of our message: its Message-IDs, its recipients and its sender; empty where not told."""

    message_ids: tuple[str, ...] = ()
    recipients: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()


NOTHING_RETURNED = Original()


def original_of(*copies: Message | None) -> Original:
    """Return what the headers of returned copies tell."""
    found = [copy for copy in copies if copy is not None]
    return Original(
        message_ids=_all(found, ("Message-ID", "X-Original-Message-ID"), ids=True),
        recipients=_all(found, ("To", "X-Envelope-To", "X-Original-To", "Delivered-To"), ids=False),
        senders=_all(found, ("From", "Return-Path", "Sender", "X-Envelope-From", "Reply-To"), ids=False),
    )


def _all(copies: list[Message], names: tuple[str, ...], *, ids: bool) -> tuple[str, ...]:
    read = message_ids_in if ids else addresses_in
    return tuple(dict.fromkeys(each for copy in copies for name in names for each in read(header(copy, name))))
