"""What PyYAML says about a syntax error, in plain words and at the place where it helps most."""

from __future__ import annotations

import re
from typing import NamedTuple

import yaml

from automations.errors import Problem
from automations.located.nodes import Document, problem_at


class _Plain(NamedTuple):
    """What a message of PyYAML means in plain words. *at_context* points to where the trouble began."""

    says: str
    what: str
    under: str
    at_context: bool = False


_PLAIN_WORDS = (
    _Plain(r"found character '\\t'", "a tab stands here", "type spaces instead"),
    _Plain(r"found character '(.+)' that cannot", "a text cannot begin with {0}", "put the text in quotes"),
    _Plain("unexpected (end of stream|document separator)", "this quote is never closed", "close it", at_context=True),
    _Plain("unknown escape character '(.+)'", "\\{0} means nothing inside double quotes", "use single quotes"),
    _Plain("expected escape sequence", "this sign means nothing inside double quotes", "use single quotes"),
    _Plain("got '<stream end>'|found '<stream end>'", "this bracket is never closed", "close it", at_context=True),
    _Plain(
        r"expected ',' or '(.)'",
        "a comma or {0} is missing before this",
        "close the bracket, or put the text in quotes",
    ),
    _Plain(
        "could not find expected ':'", "a colon is missing in this line", "write it like  name: value", at_context=True
    ),
    _Plain(
        "sequence entries are not allowed", 'a list item ("- ") begins inside a line', "begin it on a line of its own"
    ),
    _Plain(
        "found '<block sequence start>'|found '-'",
        "a list item stands where a setting belongs",
        "is it indented right?",
    ),
    _Plain(
        r"found '\?'", "a setting stands where a list item belongs", 'begin it with "- ", or check how it is indented'
    ),
    _Plain(
        "found '(<block mapping start>|<block end>)'", "this line does not fit the ones above", "is it indented right?"
    ),
    _Plain("found '([]},:])'", "this {0} does not belong here", "take it out, or put the text in quotes"),
    _Plain("expected the node content", "a value is missing here", "write one, or take this out"),
    _Plain("expected alphabetic or numeric", "a text cannot begin with {sign}", "put it in quotes", at_context=True),
    _Plain("undefined tag handle|expected URI|expected '!'", "a text cannot begin with !", "put the text in quotes"),
    _Plain(
        "indentation indicator", "after | or > the text begins in the next line", "move it there, or put it in quotes"
    ),
)


def syntax_problem(document: Document, error: yaml.MarkedYAMLError) -> Problem:
    """Return what PyYAML says, in plain words, where it helps most."""
    says = error.problem or ""
    mark = error.problem_mark or error.context_mark
    position = min(mark.index, max(len(document.text) - 1, 0)) if mark else 0
    if says.startswith("mapping values are not allowed"):
        return _stray_colon(document, position)
    if "found '<scalar>'" in says:
        return _stray_text(document, position)
    for plain in _PLAIN_WORDS:
        if found := re.search(plain.says, says):
            opened = error.context_mark.index if error.context_mark else position
            if plain.says.startswith("expected ',' or") and document.line(opened) != document.line(position):
                return problem_at(document.place(opened, opened + 1), "this bracket is never closed", "close it")
            if plain.at_context:
                position = opened
            words = plain.what.format(*found.groups(), sign=document.text[position : position + 1])
            return problem_at(document.place(position, position + 1), words, plain.under)
    return problem_at(document.place(position, position + 1), "this cannot be read", "is something missing before it?")


def _before(document: Document, position: int) -> str:
    return document.text[document.starts[document.line(position) - 1] : position]


def _stray_colon(document: Document, position: int) -> Problem:
    before = _before(document, position)
    if re.search(r":\s", before):
        place = document.place(position, position + 1)
        return problem_at(place, 'a second ": " stands in this line', "put everything after the first colon in quotes")
    start = position - len(before.lstrip(" "))
    what = "this setting does not fit under the line before"
    return problem_at(document.place(start, position), what, "is it indented right, and is there a colon above?")


def _stray_text(document: Document, position: int) -> Problem:
    place = document.place(position, position + 1)
    if _before(document, position).strip():
        return problem_at(place, "something stands behind the closing quote or bracket", "put the whole text in quotes")
    return problem_at(place, "this line does not fit the ones above", "is it indented right?")
