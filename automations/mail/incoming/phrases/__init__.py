"""Tables of phrases, one file per language, that a person can read and extend; and how a phrase is looked for.

A file has sections in square brackets and one phrase per line; ``#`` begins a comment. A phrase is found without
case, at word borders, and where spaces and line ends differ. ``...`` stands for up to 40 characters of anything,
``*`` at the end of a word for any ending. Looking is plain text search, so no phrase and no mail makes it slow.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "ja", "ru", "sv")
MAX_GAP = 40
_APOSTROPHES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u00b4": "'", "`": "'", "\u201c": '"', "\u201d": '"',
                              "\u2013": "-", "\u2014": "-", "\u00a0": " ", "\u200b": ""})  # fmt: skip
_CJK = "\u2e80"


class Piece(NamedTuple):
    """A run of text with nothing left open in it; *left* and *right* say whether a word must begin or end there."""

    text: str
    left: bool
    right: bool


class Phrase(NamedTuple):
    """A phrase ready to be looked for; *words* is how it was written, *start* what a text must have at least."""

    words: str
    start: str
    pieces: tuple[Piece, ...]


def folded(text: str) -> str:
    """Return *text* as phrases are compared: lower case, straight quotes, one space for any space.

    >>> folded(" Ich  bin im  URLAUB ")
    'ich bin im urlaub'
    """
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text).translate(_APOSTROPHES)
    return " ".join(text.lower().split())


def as_phrase(words: str) -> Phrase:
    """Return *words* ready to be looked for. Raises ValueError for a phrase without a letter or digit."""
    if not any(char.isalnum() for char in words):
        raise ValueError(f"{words!r} has no word to look for")
    pieces = folded(words).replace("* ", "*...").split("...")
    ready = tuple(_piece(each) for each in pieces if each.strip())
    return Phrase(words, ready[0].text, ready)


def _piece(text: str) -> Piece:
    text = text.strip()
    open_end = text.endswith("*")
    text = text.rstrip("*")
    return Piece(text, _is_word(text[:1]), not open_end and _is_word(text[-1:]))


def _is_word(char: str) -> bool:
    """Whether words begin and end beside this character: languages that write without spaces have no borders."""
    return char.isalnum() and char < _CJK


def find(phrase: Phrase, text: str) -> int:
    """Return where *phrase* begins in the folded *text*, -1 when it is not there."""
    first, *rest = phrase.pieces
    start = _next(first, text, 0, len(text))
    while start >= 0:
        end = start + len(first.text)
        for piece in rest:
            at = _next(piece, text, end, min(len(text), end + MAX_GAP + len(piece.text)))
            if at < 0:
                break
            end = at + len(piece.text)
        else:
            return start
        start = _next(first, text, start + 1, len(text))
    return -1


def _next(piece: Piece, text: str, start: int, stop: int) -> int:
    at = text.find(piece.text, start, stop)
    while at >= 0:
        end = at + len(piece.text)
        if not (piece.left and at and _is_word(text[at - 1])) and not (
            piece.right and end < len(text) and _is_word(text[end])
        ):
            return at
        at = text.find(piece.text, at + 1, stop)
    return -1


def first_of(phrases: Iterable[Phrase], text: str) -> Phrase | None:
    """Return the first of *phrases*, in their order, that the folded *text* has."""
    # Nearly every phrase fails by its start; asking for that first is what makes hundreds of them cheap.
    return next((each for each in phrases if each.start in text and find(each, text) >= 0), None)


def lines_of(text: str) -> Iterator[tuple[str, str]]:
    """Return (section, phrase) for every phrase of a table's text."""
    section = ""
    for line in text.splitlines():
        words = line.partition("#")[0].strip() if line.lstrip().startswith("#") else line.strip()
        if not words:
            continue
        if words.startswith("[") and words.endswith("]"):
            section = words[1:-1]
        else:
            yield section, words


@cache
def table(language: str) -> Mapping[str, tuple[Phrase, ...]]:
    """Return the phrases of one language by section. Raises FileNotFoundError for a language without a table."""
    text = files(__package__).joinpath(f"{language}.txt").read_text(encoding="utf-8")
    found: dict[str, list[Phrase]] = {}
    for section, words in lines_of(text):
        found.setdefault(section, []).append(as_phrase(words))
    return {section: tuple(phrases) for section, phrases in found.items()}


@cache
def section(name: str) -> tuple[Phrase, ...]:
    """Return the phrases of one section in all languages; none for a section no table has."""
    return tuple(phrase for language in LANGUAGES for phrase in table(language).get(name, ()))


def says(name: str, text: str) -> Phrase | None:
    """Return the first phrase of section *name*, in any language, that the folded *text* has."""
    return first_of(section(name), text)
