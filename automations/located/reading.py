"""YAML text to nodes, event by event."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import yaml
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.scanner import Scanner

from automations.errors import Place, Problem
from automations.located.nodes import Document, Listing, Mapping, Node, Pair, Refused, Scalar, Style, problem_at
from automations.located.words import syntax_problem

MAX_BYTES = 256 * 1024
MAX_DEPTH = 20

_UNSEEN = frozenset("\u200b\u2028\u2029\u2060\ufeff\ufffe\uffff")
"""Signs that no editor shows; the second and third would end a line that nobody sees end."""
_HARD_SPACE_INDENT = r"(?m)^[ \t]*(\xa0)"


def read_yaml(content: bytes | str, file: str) -> tuple[Node | None, tuple[Problem, ...]]:
    """Return the one document in *content*, and everything that is wrong with how it is written, in file order.

    The node is None when nothing can be read. *content* as bytes is UTF-8, with or without a byte order mark; at most
    `MAX_BYTES` long, at most `MAX_DEPTH` levels deep. Never raises for what stands in it.
    """
    text, problem = _decoded(content, file)
    if problem:
        return None, (problem,)
    document = Document.of(file, text)
    odd = _odd_sign(document)
    if odd:
        return None, (odd,)
    tree = _Tree(document)
    return tree.read(), tuple(tree.problems)


def _decoded(content: bytes | str, file: str) -> tuple[str, Problem | None]:
    size = len(content) if isinstance(content, bytes) else len(content.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        what = f"the file has {size:,} bytes; {MAX_BYTES:,} are the most it may have"
        return "", problem_at(Place(file, 1, 1), what, fix="is this the right file?")
    if isinstance(content, str):
        return content.removeprefix("\ufeff"), None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content[:2]:
        return "", problem_at(Place(file, 1, 1), "the file is saved as UTF-16", fix="save it as UTF-8 in your editor")
    try:
        return content.decode("utf-8-sig"), None
    except UnicodeDecodeError as error:
        readable = content.decode("utf-8", "replace").removeprefix("\ufeff")
        # Everything before the first wrong byte decodes to itself, so its length is the wrong sign's position.
        position = len(content[: error.start].decode("utf-8").removeprefix("\ufeff"))
        place = Document.of(file, readable).place(position, position + 1)
        return "", problem_at(place, "this letter is not UTF-8", "save the file as UTF-8 in your editor")


def _odd_sign(document: Document) -> Problem | None:
    odd = [document.text.index(sign) for sign in set(document.text) if _is_odd(sign)]
    if odd:
        position = min(odd)
        what = f"an invisible sign stands here (U+{ord(document.text[position]):04X})"
        return problem_at(document.place(position, position + 1), what, "take it out: type the line again")
    indent = re.search(_HARD_SPACE_INDENT, document.text) if "\xa0" in document.text else None
    if indent:
        place = document.place(indent.start(1), indent.end(1))
        return problem_at(place, "the line begins with a space that is not an ordinary one (U+00A0)", "type it again")
    return None


def _is_odd(sign: str) -> bool:
    """Return whether PyYAML would refuse a sign, or nobody would see it: controls, surrogates, unseen spaces."""
    code = ord(sign)
    is_control = (code < ord(" ") and sign not in "\t\n\r") or ord("\x7f") <= code < ord("\xa0")
    return is_control or "\ud800" <= sign <= "\udfff" or sign in _UNSEEN


class _Events(Reader, Scanner, Parser):
    """PyYAML's reader, scanner and parser, without composer, resolver and constructor."""

    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)


class _Open(NamedTuple):
    """A mapping or list whose end has not come yet. In a mapping, keys and values alternate in *nodes*."""

    start: int
    is_mapping: bool
    flow: bool
    nodes: list[Node]


class _TooDeep(Exception):  # noqa: N818 - a signal between two functions of this module
    pass


class _Tree:
    """Builds nodes from events on a stack of its own: depth costs no recursion."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.problems: list[Problem] = []
        self._stack: list[_Open] = []
        self._root: Node | None = None

    def read(self) -> Node | None:
        events = _Events(self.document.text)
        try:
            self._take_all(events)
        except yaml.MarkedYAMLError as error:
            self._add_problem(syntax_problem(self.document, error))
        except _TooDeep:
            pass
        except (ValueError, OverflowError):
            # PyYAML hands "\UFFFFFFFF" and %YAML 1.<5,000 digits> to chr() and int() as they are.
            position = min(events.index, len(self.document.text))
            self._refuse(position, position + 1, "this cannot be read", "put it in plain words")
        else:
            if self._root is None:
                self._refuse(0, 1, "the file is empty", fix="leadwright init writes one to start from")
            self.problems.sort(key=_line)
            return self._root
        return None

    def _take_all(self, events: _Events) -> None:
        documents = 0
        while events.check_event():
            event = events.get_event()  # type: ignore[no-untyped-call]  # the stubs leave it out
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    start = _span(event)[0]
                    self._refuse(
                        start, start + 3, "a second document begins here", "a file has one: take this line out"
                    )
                    return
            self._take(event)

    def _take(self, event: yaml.Event) -> None:
        start, end = _span(event)
        if isinstance(event, yaml.AliasEvent):
            fix = "write the settings out here; a text that begins with * needs quotes"
            self._refuse(start, end, f"*{event.anchor} points to another part of the file", fix)
            self._add(Refused(self.document, start, end))
        elif isinstance(event, yaml.ScalarEvent):
            self._refuse_extras(event, start)
            self._add(self._scalar(event, start, end))
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._refuse_extras(event, start)
            self._open(start, event)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            self._close(end)

    def _scalar(self, event: yaml.ScalarEvent, start: int, end: int) -> Scalar:
        style = {"'": Style.SINGLE, '"': Style.DOUBLE, "|": Style.BLOCK, ">": Style.BLOCK}.get(
            event.style or "", Style.PLAIN
        )
        if event.anchor is not None or event.tag is not None:
            start = _after_properties(self.document.text, start, end)
        written = self.document.text[start:end]
        return Scalar(self.document, start, start + len(written.rstrip()), event.value, style)

    def _open(self, start: int, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        if len(self._stack) >= MAX_DEPTH:
            self._refuse(start, start + 1, f"this is nested more than {MAX_DEPTH} levels deep", "take some levels out")
            raise _TooDeep
        self._stack.append(_Open(start, isinstance(event, yaml.MappingStartEvent), bool(event.flow_style), []))

    def _close(self, end: int) -> None:
        done = self._stack.pop()
        if done.is_mapping and self._is_template(done):
            fix = 'put the text in quotes: "{{ ... }} ..."'
            self._refuse(done.start, done.start + 2, "a text cannot begin with {{", fix)
            self._add(Refused(self.document, done.start, end))
        elif done.is_mapping:
            self._add(Mapping(self.document, done.start, end, tuple(self._pairs(done.nodes)), done.flow))
        else:
            self._add(Listing(self.document, done.start, end, tuple(done.nodes), done.flow))

    def _add(self, node: Node) -> None:
        if self._stack:
            self._stack[-1].nodes.append(node)
        else:
            self._root = node

    def _pairs(self, nodes: Sequence[Node]) -> Iterator[Pair]:
        seen: dict[str, Scalar] = {}
        for key, value in zip(nodes[::2], nodes[1::2], strict=True):
            if not isinstance(key, Scalar):
                self._refuse_key(key)
            elif key.text == "<<" and key.style is Style.PLAIN:
                if not isinstance(value, Refused):
                    self._refuse(key.start, key.end, "<< would merge settings from elsewhere", "write them out here")
            elif key.text in seen:
                what = f'"{key.text}" is written twice, here and in line {seen[key.text].line}'
                self._refuse(key.start, key.end, what, "take one of the two out")
            else:
                seen[key.text] = key
                yield Pair(key, value)

    def _is_template(self, done: _Open) -> bool:
        """Return whether braces hold nothing but braces: ``{{ name }}`` is a text whose quotes are missing."""
        return (
            bool(done.nodes) and isinstance(done.nodes[0], Mapping) and self.document.text.startswith("{{", done.start)
        )

    def _refuse_key(self, key: Node) -> None:
        if not isinstance(key, Refused):
            self._refuse(key.start, key.end, "a name is expected here", "write one word and a colon")

    def _refuse_extras(
        self, event: yaml.ScalarEvent | yaml.MappingStartEvent | yaml.SequenceStartEvent, start: int
    ) -> None:
        written = self.document.text[start : start + 1]
        if event.anchor is not None:
            fix = "take it out; a text that begins with & needs quotes"
            self._refuse(start, start + 1, f"&{event.anchor} names a part of the file for use elsewhere", fix)
        elif event.tag is not None:
            self._refuse(start, start + 1, f"a text cannot begin with {written}", "put it in quotes")

    def _refuse(self, start: int, end: int, what: str, under: str = "", fix: str = "") -> None:
        self._add_problem(problem_at(self.document.place(start, end), what, under, fix))

    def _add_problem(self, problem: Problem) -> None:
        """Keep one problem a line: what follows on the same line mostly follows from the first."""
        if _line(problem) not in map(_line, self.problems):
            self.problems.append(problem)


def _line(problem: Problem) -> int:
    return problem.place.line if problem.place else 0


def _after_properties(text: str, start: int, end: int) -> int:
    """Return where the content begins behind ``&name`` and ``!tag``."""
    found = re.compile(r"(?:[&!]\S*\s*)*").match(text, start, end)
    return found.end() if found else start


def _span(event: yaml.Event) -> tuple[int, int]:
    start, end = event.start_mark, event.end_mark
    return (start.index if start else 0), (end.index if end else 0)
