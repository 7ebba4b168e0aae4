"""What a person wrote now, apart from what was quoted below or between it.

Read line by line, so that its time grows with the text and no text makes it slow. mail-parser-reply, which does the
same in more languages, was tried: one line of 40 KB keeps its regular expressions busy for half a minute, and it leaves
quotations in French, Italian, Polish and Portuguese standing that it does not know the heading of.
"""

from __future__ import annotations

import re

from automations.mail.incoming.html import html_to_text
from automations.mail.incoming.quote_marks import FIELDS, FROM, OPENERS, SEPARATORS, WROTE

MAX_LINES = 4000
MAX_TEXT = 20_000
"""Characters of new text that are kept."""


def _any_of(words: tuple[str, ...]) -> str:
    return "|".join(sorted(map(re.escape, words), key=len, reverse=True))


_AFTER_WROTE = re.compile(r"[^\n:\uff1a]{0,100}[:\uff1a]?\s*\Z")
_WHEN = re.compile(
    r"\d{1,4}[./-]\s?\d{1,2}[./-]\s?\d{1,4}|\b\d{1,2}[:.h]\d{2}\b|\b(?:19|20)\d\d\b|\d{1,2}月\d{1,2}日|\S@\S",
    re.IGNORECASE,
)
# "30.09.2017, 18:30, "Jon" <jon@muster.example>:" and "2017-11-24 16:32 GMT+01:00 Jon <jon@muster.example>:"
_BARE_HEADING = re.compile(
    r"[\s>]*(?:\d{1,4}[./-]\d{1,2}[./-]\d{2,4}|\d{4}年\d{1,2}月\d{1,2}日)\D?.{0,120}"
    r"<[^<>\s]{1,250}@[^<>\s]{1,250}>\s*[:\uff1a]\s*\Z"
)
_STARTS = re.compile(rf"(?:{_any_of(OPENERS)})\b|\d|\w{{2,3}}[ .,]", re.IGNORECASE)
_SEPARATOR = re.compile(rf"[\s>]*[-_=*]{{2,}}\s*(?:{_any_of(SEPARATORS)})[^\n]{{0,60}}\Z", re.IGNORECASE)
_MARK_ABOVE = re.compile(
    r"[\s>]*(?:#{2,}-? |[-=_]{2,} ?)?(?:please )?(?:type|write|enter|add)? ?(?:your )?reply above this line",
    re.IGNORECASE,
)
_FIELD_FROM = re.compile(rf"[\s>*]*(?:{_any_of(FROM)})\s?\*?\s?[:\uff1a]", re.IGNORECASE)
_FIELD_OTHER = re.compile(rf"[\s>*]*(?:{_any_of(FIELDS)})\s?\*?\s?[:\uff1a]", re.IGNORECASE)
_RULE = re.compile(r"\s*[_-]{20,}\s*\Z")
_QUOTED = re.compile(r"\s{0,3}>")


def new_text(text: str) -> str:
    """Return what *text* says before and between what it quotes; at most 20,000 characters, with plain line ends.

    A heading as programs write it ("On ... wrote:", a block of From, Sent, To) ends the new text, unless nothing
    stands above it and something that is not quoted below: then only the quoted lines are left out.
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\ufeff", "").split("\n")[:MAX_LINES]
    end = _end(lines)
    kept = _without_quotes(lines[:end])
    if not kept.strip() and end < len(lines):
        kept = _without_quotes(_after_heading(lines, end))
    return kept.strip()[:MAX_TEXT]


def new_text_of_html(html: str) -> str:
    """Return what was written above the quotation that an HTML part marks as one, then as `new_text`."""
    return new_text(html_to_text(html, until_quote=True))


def _end(lines: list[str]) -> int:
    """Return the number of the line where what is not new begins; their count where all is new."""
    for number, line in enumerate(lines):
        if not line.strip():
            continue
        if (
            _SEPARATOR.match(line[:200])
            or _MARK_ABOVE.match(line[:200])
            or _is_block(lines, number)
            or _is_heading(lines, number)
        ):
            return _before_rule(lines, number)
    return len(lines)


def _before_rule(lines: list[str], number: int) -> int:
    """Return where to cut: a line of dashes or underscores right above a heading belongs to it."""
    above = number - 1
    while above >= 0 and not lines[above].strip():
        above -= 1
    return above if above >= 0 and _RULE.match(lines[above]) else number


def _is_heading(lines: list[str], number: int) -> bool:
    """Whether "On <date>, <name> wrote:" begins here; mail programs break it into up to four lines."""
    first = lines[number]
    if len(first) > 400 or not _may_start(first):  # noqa: PLR2004 - longer than any heading
        return False
    joined = ""
    for line in lines[number : number + 4]:
        if not line.strip() and joined:
            return False
        joined = f"{joined} {line.strip(' >')}".strip()
        if len(joined) > 500:  # noqa: PLR2004
            return False
        if not joined.endswith((":", "\uff1a")) and ("@" not in joined or len(joined) > 200):  # noqa: PLR2004
            continue
        if _BARE_HEADING.match(joined) or _ends_with_wrote(joined):
            return True
    return False


def _may_start(line: str) -> bool:
    stripped = line.strip(" >*\t")
    return bool(stripped) and (
        _STARTS.match(stripped) is not None or _WHEN.search(stripped) is not None or "@" in stripped
    )


def _ends_with_wrote(joined: str) -> bool:
    tail = joined[-160:].lower()
    return any((at := tail.rfind(word)) >= 0 and _AFTER_WROTE.match(tail, at + len(word)) for word in WROTE) and bool(
        _WHEN.search(joined)
    )


def _is_block(lines: list[str], number: int) -> bool:
    """Whether a block of header fields begins here, as Outlook writes one: a From, and two more right below it."""
    if not _FIELD_FROM.match(lines[number][:100]):
        return False
    near = [line[:100] for line in lines[number + 1 : number + 9]]
    below = sum(1 for line in near if _FIELD_OTHER.match(line))
    return below >= 2 or (below == 1 and "@" in lines[number])  # noqa: PLR2004 - Sent and To, or Sent with an address above


def _after_heading(lines: list[str], end: int) -> list[str]:
    """Return the lines below a heading at the very top, where people write below what they quote."""
    below = lines[end + 1 :]
    if not any(_QUOTED.match(line) for line in below):
        return []
    start = next(number for number, line in enumerate(below) if _QUOTED.match(line))
    return below[start:]


def _without_quotes(lines: list[str]) -> str:
    return "\n".join(line.rstrip() for line in lines if not _QUOTED.match(line))
