"""A sentence cut into its parts: ``employees >= 20``, ``and``, ``(``. What a part means is decided in `operands`.

Positions count characters from 0; a span excludes its end. A value without quotes runs until a comma, a closing
parenthesis, ``and`` or ``or``; a choice of the column may contain these, and is recognised all the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from automations.core.leads import Field
from automations.core.meanings import Operands, Operator, fold
from automations.core.operators import BY_NAME, BY_SPELLING


@dataclass(frozen=True, slots=True)
class Scope:
    """What a sentence may ask about: the sheet's columns, and the *facts* that the ledger and the rules know."""

    fields: tuple[Field, ...]
    facts: tuple[Field, ...] = ()

    def find(self, name: str) -> Field | None:
        """Return the field of that name, without regard to case; a column comes before a fact."""
        wanted = fold(name)
        return next((each for each in (*self.fields, *self.facts) if fold(each.name) == wanted), None)


@dataclass(frozen=True, slots=True)
class SentenceProblem:
    """What is wrong with ``text[start:end]``; *under* stands behind the caret, *fix* is a sentence of its own."""

    start: int
    end: int
    what: str
    under: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """One value behind an operator; *text* is without quotes and surrounding space, the span is with its quotes."""

    start: int
    end: int
    text: str
    quoted: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """One question about one field. *field* or *operator* None: there is a problem with it already."""

    start: int
    end: int
    field: Field | None
    operator: Operator | None
    asked: tuple[int, int]
    """Where the operator stands; the whole part, for a field alone."""
    pieces: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Word:
    """A part, or one of the words between parts: *kind* is PART, AND, OR, NOT, OPEN or CLOSE."""

    kind: str
    start: int
    end: int
    part: Part | None = None


_NAME = re.compile(r"[^\W\d]\w*")
_LETTERS = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?(?!\w)")
_SIGNS = re.compile(r"[<>=!≥≤≠]+")
_BETWEEN_PARTS = re.compile(r"(?:(?P<AND>and)|(?P<OR>or)|(?P<NOT>not))(?!\w)|(?P<OPEN>\()|(?P<CLOSE>\))", re.IGNORECASE)
_STOP = re.compile(r"[,()]|(?<![^\s)\"'])(?:and|or)(?=[\s(]|\Z)", re.IGNORECASE)
_SPACE = re.compile(r"\s*")
_QUOTES = {
    '"': '"',
    "'": "'",
    "\u201c": "\u201d",
    "\u201e": "\u201c\u201d",
    "«": "»",
    "\u2018": "\u2019",
    "\u201a": "\u2018\u2019",
}
"""What closes a quotation that each of these opens: English and German marks, and angles."""
_LONGEST_SPELLING = max(len(each.split()) for each in BY_SPELLING)
_WITH_CHOICES = frozenset({"is", "is not"})


def find_operator(text: str, at: int) -> tuple[Operator, int] | None:
    """Return the operator with the longest spelling that begins at *at*, and where it ends."""
    if signs := _SIGNS.match(text, at):
        operator = BY_SPELLING.get(signs[0])
        return (operator, signs.end()) if operator else None
    found: tuple[Operator, int] | None = None
    words: list[str] = []
    while len(words) < _LONGEST_SPELLING and (word := _LETTERS.match(text, _after_space(text, at))):
        words.append(word[0].lower().replace("\u2019", "'"))
        at = word.end()
        if operator := BY_SPELLING.get(" ".join(words)):
            found = operator, at
    return found


def _after_space(text: str, at: int) -> int:
    space = _SPACE.match(text, at)
    return space.end() if space else at


def _pairs(text: str) -> dict[int, int]:
    """Return where each parenthesis that is closed is closed."""
    opened: list[int] = []
    pairs = {}
    for at, sign in enumerate(text):
        if sign == "(":
            opened.append(at)
        elif sign == ")" and opened:
            pairs[opened.pop()] = at
    return pairs


class Cutter:
    """Cuts one sentence; `words` gives its words, and `problems` is what was found wrong on the way."""

    def __init__(self, text: str, scope: Scope) -> None:
        self.text = text
        self.scope = scope
        self.problems: list[SentenceProblem] = []
        self._pairs = _pairs(text)

    def words(self) -> Iterator[Word]:
        """Return all words from left to right; they cover everything but space."""
        at = _after_space(self.text, 0)
        while at < len(self.text):
            word = self._word(at)
            yield word
            at = _after_space(self.text, word.end)

    def _word(self, at: int) -> Word:
        match = _BETWEEN_PARTS.match(self.text, at)
        if match and match.lastgroup:
            return Word(match.lastgroup, at, match.end())
        part = self._part(at)
        return Word("PART", at, part.end, part)

    def _part(self, at: int) -> Part:
        name = _NAME.match(self.text, at)
        field = self.scope.find(name[0]) if name else None
        if name is None or field is None:
            return self._part_of_unknown(at)
        asked = _after_space(self.text, name.end())
        found = self._operator_of(field, asked)
        if found is None and (self._stops(asked) or self.text.startswith("(", asked)):
            return Part(at, name.end(), field, BY_NAME["alone"], (at, name.end()))
        if found is None:
            end = self._trimmed(asked, max(self._stop(asked), asked + 1))
            return Part(at, end, field, None, (asked, end))
        return self._with_values(at, field, found[0], (asked, found[1]))

    def _part_of_unknown(self, at: int) -> Part:
        stop = max(self._stop(at), at + 1)
        for space in re.finditer(r"\s+|(?=[<>=!≥≤≠])", self.text[at:stop]):
            found = find_operator(self.text, at + space.end())
            if found and space.start():
                part = self._with_values(at, None, found[0], (at + space.end(), found[1]))
                return Part(at, part.end, None, found[0], (at, at + space.start()), part.pieces)
        end = self._trimmed(at, stop)
        return Part(at, end, None, None, (at, end))

    def _operator_of(self, field: Field, at: int) -> tuple[Operator, int] | None:
        """Return the operator; of ``source is Before sale``, it is the one that leaves a choice of the column.

        So ``reply_says is not now`` asks for the choice "not now", and ``is not interested`` for "not interested".
        """
        found = find_operator(self.text, at)
        if found is None or not field.choices:
            return found
        for spelling, operator in BY_SPELLING.items():
            end = at + len(spelling)
            if operator.name in _WITH_CHOICES and self.text[at:end].lower() == spelling and end < found[1]:
                value = _after_space(self.text, end)
                if value > end and self._choice(value, field) is not None:
                    return operator, end
        return found

    def _with_values(self, at: int, field: Field | None, operator: Operator, asked: tuple[int, int]) -> Part:
        pieces = tuple(self._pieces(asked[1], field, operator))
        end = pieces[-1].end if pieces else asked[1]
        return Part(at, self._with_parenthesis(asked[1], end, operator), field, operator, asked, pieces)

    def _with_parenthesis(self, values: int, end: int, operator: Operator) -> int:
        closing = self._list_in_parentheses(values, operator)
        return end if closing is None else closing + 1

    def _list_in_parentheses(self, values: int, operator: Operator) -> int | None:
        """Return where the parenthesis around a whole list closes: ``is one of (hot, warm)``."""
        opening = _after_space(self.text, values)
        closing = self._pairs.get(opening)
        if operator.operands is Operands.SEVERAL and closing is not None and self._stops(closing + 1):
            return closing
        return None

    def _pieces(self, at: int, field: Field | None, operator: Operator) -> Iterable[Piece]:
        closing = self._list_in_parentheses(at, operator)
        if closing is not None:
            at = _after_space(self.text, at) + 1
        end = len(self.text) if closing is None else closing
        if self._stops(at) and not self.text.startswith(",", _after_space(self.text, at)):
            return
        while True:
            piece = self._piece(_after_space(self.text, at), end, field)
            yield piece
            at = _after_space(self.text, piece.end)
            word = _STOP.match(self.text, at)
            between = operator.operands is Operands.TWO and word and word[0].lower() == "and"
            if at >= end or not word or (word[0] != "," and not between):
                return
            at = word.end()
            if between:
                operator = BY_NAME["is"]

    def _piece(self, at: int, end: int, field: Field | None) -> Piece:
        closing = _QUOTES.get(self.text[at : at + 1])
        if closing and at < end:
            return self._quoted(at, closing)
        known = self._choice(at, field) if field else None
        stop = min(self._trimmed(at, self._stop(at)) if known is None else known, end)
        return Piece(at, max(stop, at), self.text[at:stop])

    def _quoted(self, at: int, closing: str) -> Piece:
        end = next((i for i in range(at + 1, len(self.text)) if self.text[i] in closing), None)
        if end is None:
            self.problems.append(
                SentenceProblem(at, at + 1, "this quotation mark is not closed", "put another one behind the text")
            )
            return Piece(at, len(self.text), self.text[at + 1 :].strip(), quoted=True)
        rest = self._trimmed(end + 1, self._stop(end + 1))
        if rest > end + 1:
            self.problems.append(
                SentenceProblem(
                    _after_space(self.text, end + 1),
                    rest,
                    f'"{self.text[_after_space(self.text, end + 1) : rest]}" stands behind the quotation mark',
                    "write a comma, and or or before it, or put it inside",
                )
            )
        return Piece(at, max(rest, end + 1), self.text[at + 1 : end].strip(), quoted=True)

    def _choice(self, at: int, field: Field) -> int | None:
        """Return where a choice of *field* ends that begins at *at*; the longest, if it is followed by a stop."""
        for choice in sorted(field.choices, key=len, reverse=True):
            end = at + len(choice.strip())
            if fold(self.text[at:end]) == fold(choice) and self._stops(end):
                return end
        return None

    def _stop(self, at: int) -> int:
        """Return where the value that begins at *at* ends; parentheses inside it belong to it."""
        while stop := _STOP.search(self.text, at):
            if stop[0] != "(":
                return stop.start()
            at = self._pairs.get(stop.start(), stop.start()) + 1
        return len(self.text)

    def _stops(self, at: int) -> bool:
        """Return whether a value may end at *at*: the end, a comma, a parenthesis, ``and`` or ``or`` is next."""
        at = _after_space(self.text, at)
        word = _STOP.match(self.text, at)
        return at >= len(self.text) or (word is not None and word[0] != "(")

    def _trimmed(self, start: int, end: int) -> int:
        return max(start, start + len(self.text[start:end].rstrip()))
