"""Words, widths and moments on a screen of 80 columns.

Text from a sheet is never trusted: control characters would let a cell write anywhere on the screen. Widths count
columns of a terminal, where East Asian letters take two and combining marks none.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

SCREEN_WIDTH = 80
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
_JOINERS = {"\u200c", "\u200d"}
"""Zero-width (non-)joiners: Persian and Hindi names are misspelt without them, and they cannot reorder a line."""


def plain(text: str) -> str:
    r"""Return *text* on one line: control and direction characters are left out, runs of space become one.

    >>> plain("Eva\n\x1b[31mMuster")
    'Eva [31mMuster'
    """
    spaced = re.sub(r"\s+", " ", text)
    return "".join(char for char in spaced if char in _JOINERS or unicodedata.category(char) not in _UNSEEN).strip()


def width_of(text: str) -> int:
    r"""Return how many columns of a terminal *text* takes.

    >>> width_of("Eva"), width_of("山田"), width_of("e\u0301")
    (3, 4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(_width_of_char(char) for char in text)


def _width_of_char(char: str) -> int:
    if unicodedata.combining(char) or unicodedata.category(char) in {"Mn", "Me", "Cf"}:
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cut(text: str, width: int) -> str:
    """Return *text* in at most *width* columns (at least 2), with two dots where something is missing.

    >>> cut("Bergblick Office Coffee", 11)
    'Bergblick..'
    """
    if width_of(text) <= width:
        return text
    kept, used = "", 0
    for char in text:
        used += _width_of_char(char)
        if used > width - 2:
            break
        kept += char
    return kept.rstrip() + ".."


def pad(text: str, width: int) -> str:
    """Return *text* cut or filled up to exactly *width* columns."""
    short = cut(text, width)
    return short + " " * (width - width_of(short))


def wrapped(parts: Iterable[str], *, indent: int, joint: str = " ", width: int = SCREEN_WIDTH) -> str:
    """Return *parts* with *joint* between them, broken so that no line but that of a very long part passes *width*.

    The first line is thought to begin at column *indent* already; the others are indented by as much.
    """
    lines: list[str] = []
    for part in parts:
        longer = lines[-1] + joint + part if lines else part
        if lines and width_of(longer) <= width - indent:
            lines[-1] = longer
        else:
            lines[-1:] = [*(line + joint.rstrip() for line in lines[-1:]), part]
    return ("\n" + " " * indent).join(lines)


def table(rows: Sequence[Sequence[str]], *, most: Sequence[int], width: int = SCREEN_WIDTH) -> list[str]:
    """Return *rows* in columns two spaces apart, none wider than its *most*, the last one as wide as there is room."""
    if not rows:
        return []
    widths = [min(limit, max(width_of(row[place]) for row in rows)) for place, limit in enumerate(most)]
    last = width - sum(widths) - 2 * len(widths)
    return ["  ".join([*map(pad, row[:-1], widths), cut(row[-1], last)]).rstrip() for row in rows]


def count(number: int, one: str, many: str = "") -> str:
    """Return a number with its noun.

    >>> count(1, "email"), count(2, "email"), count(3, "company", "companies")
    ('1 email', '2 emails', '3 companies')
    """
    return f"{number} {one if number == 1 else many or one + 's'}"


def listed(words: Iterable[str]) -> str:
    """Return words as one speaks them.

    >>> listed(["Score"]), listed(["Score", "Segment", "Stage"])
    ('Score', 'Score, Segment and Stage')
    """
    *head, last = words
    return f"{', '.join(head)} and {last}" if head else last


def say_cell(value: object) -> str:
    """Return a cell's value as people write it: 80 for 80.0, ``(empty)`` for nothing."""
    if value is None or value == "":
        return "(empty)"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.10g}"
    return plain(str(value))
