"""References inside formulas: found without understanding the rest, and rewritten when cells change places."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from automations.sources.sheets_sim.a1 import column_number, column_word, quoted

__all__ = ["TOKEN", "Reference", "reference_in", "rewritten", "shown"]

_SHEET = r"(?:(?:'(?:[^']|'')*'|[A-Za-z_][A-Za-z0-9_.]*)!)?"
_CORNER = r"\$?[A-Za-z]{1,3}\$?[0-9]{1,7}"
_COLUMN = r"\$?[A-Za-z]{1,3}"
_ROW = r"\$?[0-9]{1,7}"

REFERENCE = rf"{_SHEET}(?:{_CORNER}(?::(?:{_CORNER}|{_COLUMN}))?|{_COLUMN}:{_COLUMN}|{_ROW}:{_ROW})(?![A-Za-z0-9_(!])"

TOKEN = re.compile(rf'"(?:[^"]|"")*"|(?<![A-Za-z0-9_.]){REFERENCE}|[A-Za-z_][A-Za-z0-9_.]*|.', re.DOTALL)
"""Texts, references, words and single characters: enough to walk over any formula."""

_PARTS = re.compile(
    r"(?:('(?:[^']|'')*'|[A-Za-z_][A-Za-z0-9_.]*)!)?"
    r"(\$?)([A-Za-z]{0,3})(\$?)([0-9]*)(?::(\$?)([A-Za-z]{0,3})(\$?)([0-9]*))?"
)


class Corner(NamedTuple):
    """One end of a reference: indexes from zero, None where it names no column or no row; the signs are "$" or ""."""

    column: int | None
    row: int | None
    column_sign: str = ""
    row_sign: str = ""

    def __str__(self) -> str:
        """Return it as it is written."""
        column = "" if self.column is None else f"{self.column_sign}{column_word(self.column)}"
        return column + ("" if self.row is None else f"{self.row_sign}{self.row + 1}")


class Reference(NamedTuple):
    """A reference as written: the tab's title or None, and one or two corners."""

    title: str | None
    first: Corner
    last: Corner | None = None


def reference_in(token: str) -> Reference | None:
    """Return what a token of `TOKEN` refers to, or None when it is none."""
    if not re.fullmatch(REFERENCE, token):
        return None
    found = _PARTS.fullmatch(token)
    if found is None:
        return None
    title = found[1]
    if title and title.startswith("'"):
        title = title[1:-1].replace("''", "'")
    last = _corner(found[6], found[7], found[8], found[9]) if ":" in token[len(found[1] or "") :] else None
    return Reference(title, _corner(found[2], found[3], found[4], found[5]), last)


def _corner(column_sign: str, letters: str, row_sign: str, digits: str) -> Corner:
    if not letters:
        column_sign, row_sign = "", column_sign or row_sign
    return Corner(
        column_number(letters) if letters else None, int(digits) - 1 if digits else None, column_sign, row_sign
    )


def shown(reference: Reference) -> str:
    """Return a reference as it is written."""
    title = "" if reference.title is None else f"{quoted(reference.title)}!"
    last = "" if reference.last is None else f":{reference.last}"
    return f"{title}{reference.first}{last}"


def rewritten(formula: str, change: Callable[[Reference], Reference | None]) -> str:
    """Return the formula with every reference changed; one that is gone becomes #REF!."""

    def token_after(found: re.Match[str]) -> str:
        reference = reference_in(found[0])
        if reference is None:
            return found[0]
        after = change(reference)
        return "#REF!" if after is None else found[0] if after == reference else shown(after)

    return TOKEN.sub(token_after, formula)
