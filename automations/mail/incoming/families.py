"""Reports that only people were meant to read: who failed, and what was said about each.

There is no reader per program here. What all those texts have in common is used: the failed address stands at the
head of its own lines or in a sentence that says so, the server's answer stands below or beside it, and our own
message, if it came back, says whom we wrote to. qmail, Exim, Sendmail, Postfix, Courier, Exchange, Domino, GroupWise,
the mail of telephone companies and many gateways differ only in the words, and those are in the tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from automations.mail.incoming.judging import Heard
from automations.mail.incoming.parts import ADDRESS
from automations.mail.incoming.phrases import folded, says

_MAX_LINES = 400
_MAX_LINE = 1000
_NOBODY = re.compile(
    r"(?:mailer-daemon|postmaster|abuse|support|helpdesk|no-?reply|listserv|majordomo|root|admin)@", re.IGNORECASE
)
_NO_RECIPIENT = re.compile(
    r"mail from:|mail from ?<|envelope-from|return-path|reply-to|\bfrom ?:|sent by|contact|assistance"
    r"|forward (?:this|the)"
    r"|send (?:a )?mail to|e-?mail us|questions|message sent by|https?:|\bid \S{5,}|message-id",
    re.IGNORECASE,
)
_HEAD = re.compile(
    r"[\s>*\-\u2022\"']{0,12}(?:in: {0,3})?(?:(?:5\d\d|4\d\d)[ -])?(?:to|recipients?(?: address)?"
    r"|failed recipient|addressed to"
    r"|original address|user|error-for|rcpt to|final-recipient|e-?mail address|undeliverable address"
    r"|intended recipient)?"
    r"[\s:;]{0,3}(?:rfc822;|smtp:)?[\[\s<\"'(]{0,4}\Z",
    re.IGNORECASE,
)


class Place(NamedTuple):
    """An address in a report: on which *line*, and how much the line speaks for its being the failed one."""

    address: str
    line: int
    weight: int


def read_report(
    text: str, *, listed: Sequence[str], written_to: Sequence[str], never: frozenset[str]
) -> tuple[Heard, ...]:
    """Return who failed by the words of a report, and what was said about each; nothing when it names nobody.

    *listed* are recipients that a header field of the report names, *written_to* those of our message, both surer than
    the text; *never* are addresses, in lower case, that cannot have failed: our own.
    """
    lines = [line[:_MAX_LINE] for line in text.splitlines()[:_MAX_LINES]]
    places = _places(lines, never)
    chosen = _chosen(places, listed, written_to, never)
    if not chosen and never:
        # Somebody wrote to themselves.
        places = _places(lines, frozenset())
        chosen = _once(each.address for each in places if each.weight >= 3)  # noqa: PLR2004 - head and words
    if not chosen:
        return ()
    starts = sorted((_line_of(address, places), address) for address in chosen)
    return tuple(_heard(lines, starts, number) for number in range(len(starts)))


def said_about(address: str, text: str) -> str:
    """Return what a report's text says about one recipient: the lines from its address to the next; "" for nothing."""
    lines = [line[:_MAX_LINE] for line in text.splitlines()[:_MAX_LINES]]
    start = next((at for at, line in enumerate(lines) if address.lower() in line.lower()), None)
    if start is None:
        return ""
    others = (at for at in range(start + 1, len(lines)) if ADDRESS.search(lines[at]))
    own = lines[start : next(others, len(lines))]
    return _server_words(own) or "\n".join(_after(address, own))


def _places(lines: list[str], never: frozenset[str]) -> list[Place]:
    found = []
    for number, line in enumerate(lines):
        for match in ADDRESS.finditer(line):
            address = match[1].rstrip(".")
            if address.lower() in never:
                continue
            found.append(Place(address, number, _weight(lines, number, line[: match.start()], address)))
    return found


def _weight(lines: list[str], number: int, ahead: str, address: str) -> int:
    if _NO_RECIPIENT.search(ahead):
        return -1
    weight = 0
    if _HEAD.match(ahead):
        weight += 2
    if says("failure words", folded(lines[number])) is not None:
        weight += 2
    if _ANSWER.search(lines[number]):
        weight += 1
    if any(says("failure words", folded(each)) is not None for each in lines[max(0, number - 4) : number]):
        weight += 1
    return weight - (2 if _NOBODY.match(address) else 0)


def _chosen(
    places: list[Place], listed: Sequence[str], written_to: Sequence[str], never: frozenset[str]
) -> tuple[str, ...]:
    """Return the failed addresses: those listed; else those in the text that we wrote to; else the likeliest."""
    if listed:
        heads = (each.address for each in places if each.weight >= 3)  # noqa: PLR2004 - head and words
        return _once((*(each for each in listed if each.lower() not in never), *heads)) or tuple(listed)
    ours = {each.lower(): each for each in written_to}
    named = dict.fromkeys(each.address for each in places if each.address.lower() in ours)
    if named:
        others = dict.fromkeys(each.address for each in places if each.weight >= 3)  # noqa: PLR2004 - head and words
        return _once((*named, *others))
    best = max((each.weight for each in places), default=-1)
    if best > 0:
        return _once(each.address for each in places if each.weight == best or each.weight >= 3)  # noqa: PLR2004
    if len(ours) == 1:
        return tuple(ours.values())
    return ()


def _once(addresses: Iterable[str]) -> tuple[str, ...]:
    kept: dict[str, str] = {}
    for each in addresses:
        kept.setdefault(each.lower(), each)
    return tuple(kept.values())


def _line_of(address: str, places: list[Place]) -> int:
    """Return the line where it is said what became of *address*: the weightiest of those that name it."""
    lines = [each for each in places if each.address.lower() == address.lower()]
    return max(lines, key=lambda each: (each.weight, -each.line)).line if lines else 0


def _heard(lines: list[str], starts: list[tuple[int, str]], number: int) -> Heard:
    start, address = starts[number]
    end = starts[number + 1][0] if number + 1 < len(starts) else len(lines)
    alone = len(starts) == 1
    own = lines if alone else lines[start : max(end, start + 1)]
    below = lines[start : start + 12] if alone else own
    words = _server_words(own) or _server_words(lines if alone else below)
    around = lines if alone else own
    return Heard(address, "", words or "\n".join(_after(address, below)), "\n".join(around))


_ANSWER = re.compile(r"(?<![\d.:/=-])[45][0-5]\d(?:[ -]|\Z)(?:#?[245]\.\d{1,3}\.\d{1,3})?|#[245]\.\d{1,3}\.\d{1,3}")
_CODE = re.compile(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])")
_COMMAND = re.compile(r"\s*>>> ?(\w+)")


def _server_words(lines: list[str]) -> str:
    """Return the lines with a server's answer and what belongs to it: the first answer and the rest of its paragraph.

    Before the sign ``<<<`` stands what was answered, after ``>>>`` what was asked (Sendmail, and who copied it).
    """
    answers = [line for line in lines if line.lstrip().startswith("<<<") and not line.lstrip(" <").startswith("503")]
    if answers:
        return "\n".join(line.strip(" <") for line in answers)
    for pattern in (_ANSWER, _CODE):
        for number, line in enumerate(lines):
            if pattern.search(line) and not _COMMAND.match(line):
                rest = lines[number : number + 8]
                stop = next((at for at, each in enumerate(rest) if not each.strip()), len(rest))
                return "\n".join(rest[:stop])
    return ""


def _after(address: str, lines: list[str]) -> list[str]:
    """Return what is said of *address*: the rest of its line and the paragraph below it, or the one after a gap."""
    if not lines:
        return []
    first = lines[0][lines[0].find(address) + len(address) :].strip(" >:;)]\"'")
    rest = lines[1:]
    while rest and not rest[0].strip():
        rest = rest[1:]
    stop = next((at for at, each in enumerate(rest) if not each.strip()), len(rest))
    return [first, *rest[:stop]]
