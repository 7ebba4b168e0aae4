"""The few things of XML that a workbook needs, on bytes in UTF-8.

A sheet is never built into a tree: its tags are found by pattern. That is exact as long as comments, CDATA and
processing instructions are out of sight, which `masked` sees to without moving a byte.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from xml.etree import ElementTree as ET  # a part with a DTD is refused before it is parsed

from automations.sources.ooxml.refusals import Reason, WorkbookRefused

_MAX_TAGS = 600_000
"""The largest small part; a tree of it takes about 100 MB."""
QUOTED = rb"""(?:[^<>"']++|"[^"<]*+"|'[^'<]*+')*+"""
"""The inside of a tag: attributes, in whose values ``>`` may stand."""

_ATTRIBUTE = re.compile(rb"""([^\s=<>"'/]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_CDATA, _COMMENT, _INSTRUCTION = b"<![CDATA[", b"<!--", b"<?"
_CLOSINGS = {_CDATA: b"]]>", _COMMENT: b"-->", _INSTRUCTION: b"?>"}
_LAST_CHARACTER, _FIRST_HALF, _LAST_HALF = 0x10FFFF, 0xD800, 0xDFFF
_ENTITY = re.compile(r"&(?:#[xX]([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(amp|lt|gt|quot|apos));")
_NAMED_ENTITIES = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}
_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
_LOOKS_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
_NOT_XML = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff]")
_ENCODING = re.compile(rb"""\A<\?xml[^>]*?encoding\s*=\s*["']([^"']+)""")
_UTF8_NAMES = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"})


def attributes(tag: bytes) -> dict[bytes, bytes]:
    """Return the attributes inside a tag as they are written, names with their prefix."""
    return {name: double or single for name, double, single in _ATTRIBUTE.findall(tag)}


def with_attribute(tag: bytes, name: bytes, value: bytes) -> bytes:
    """Return the inside of a tag with one attribute set, the others as they were.

    >>> with_attribute(b' ref="A1" x="2"', b"ref", b"B2"), with_attribute(b' x="2"', b"ref", b"B2")
    (b' ref="B2" x="2"', b' x="2" ref="B2"')
    """
    found = re.search(rb"""(?<![^\s"'])""" + re.escape(name) + rb"""\s*=\s*(?:"[^"]*"|'[^']*')""", tag)
    new = name + b'="' + value + b'"'
    if found:
        return tag[: found.start()] + new + tag[found.end() :]
    body = tag.rstrip()
    return body + b" " + new + tag[len(body) :]


def check_text(start: bytes, part: str) -> None:
    """Refuse a part that is not UTF-8 or declares entities; *start* is what comes before its first element."""
    if start.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in start[:64]:
        raise WorkbookRefused(Reason.ENCODING, part)
    declared = _ENCODING.search(start.removeprefix(b"\xef\xbb\xbf"))
    if declared and declared[1].lower() not in _UTF8_NAMES:
        raise WorkbookRefused(Reason.ENCODING, part)
    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
        raise WorkbookRefused(Reason.DTD, part)
    if masked(start.removeprefix(b"\xef\xbb\xbf")).strip():
        raise WorkbookRefused(Reason.CUT_OFF, f"{part} is not XML")


def tree(data: bytes, part: str) -> ET.Element:
    """Return a small part as a tree. Raises WorkbookRefused for a DTD or anything that is not XML."""
    if b"<!DOCTYPE" in data.replace(b"\0", b""):
        raise WorkbookRefused(Reason.DTD, part)
    if data.count(b"<") > _MAX_TAGS:
        raise WorkbookRefused(Reason.TOO_BIG, f"{part} has more than {_MAX_TAGS:,} tags")
    try:
        return ET.fromstring(data)  # noqa: S314 - without a DTD there are no entities to grow
    except (ET.ParseError, ValueError, LookupError) as err:
        raise WorkbookRefused(Reason.CUT_OFF, f"{part} is not XML") from err


def local(name: str) -> str:
    """Return an element's or attribute's name without its namespace: transitional and strict files share these."""
    return name.rpartition("}")[2]


def named(attributes_of: Mapping[str, str], name: str) -> str:
    """Return an attribute by its name without namespace; empty when it is not there."""
    return next((value for key, value in attributes_of.items() if local(key) == name), "")


def hides_markup(data: bytes) -> bool:
    """Whether *data* has comments, CDATA or processing instructions, so that tags must not be looked for as it is."""
    # One rare byte is found ten times as fast as two of which one is everywhere.
    return (b"!" in data and b"<!" in data) or (b"?" in data and b"<?" in data)


def masked(data: bytes) -> bytes:
    """Return *data*, equally long, with comments and instructions blanked and CDATA turned into plain letters.

    What is opened and never closed stays as it is.
    """

    def cover(opening: bytes, hidden: bytes) -> bytes:
        closing = _CLOSINGS[opening]
        return (b"x" if opening == _CDATA else b" ") * (len(opening) + len(hidden) + len(closing))

    return _replaced(data, tuple(_CLOSINGS), cover)


def is_unclosed(seen: bytes) -> bool:
    """Whether *seen*, the mask of something whole, still has a comment, CDATA or an instruction in it."""
    return hides_markup(seen) and any(opening in seen for opening in _CLOSINGS)


def _replaced(data: bytes, openings: Sequence[bytes], change: Callable[[bytes, bytes], bytes]) -> bytes:
    """Return *data* with what begins with one of *openings*, up to its closing, changed; each byte is read once."""
    pieces: list[bytes] = []
    at = look = 0
    left = list(openings)
    while left and (found := _any_of(tuple(left)).search(data, look)):
        opening = found[0]
        end = data.find(_CLOSINGS[opening], found.end())
        if end < 0:
            # None of its kind is closed from here on, so none is looked for.
            left.remove(opening)
            look = found.start()
            continue
        pieces += (data[at : found.start()], change(opening, data[found.end() : end]))
        at = look = end + len(_CLOSINGS[opening])
    pieces.append(data[at:])
    return b"".join(pieces)


@lru_cache(maxsize=8)
def _any_of(openings: tuple[bytes, ...]) -> re.Pattern[bytes]:
    return re.compile(b"|".join(map(re.escape, openings)))


def first_inside(data: bytes, prefix: bytes, name: bytes) -> tuple[int, int] | None:
    """Return from where to where the first element of a name has its content; None without one that is closed.

    A space may stand before the last bracket, as in ``</v >``.
    """
    found = re.search(rb"<%b%b(?:\s[^>]*)?>" % (prefix, name), data)
    end = data.find(b"</%b%b" % (prefix, name), found.end()) if found else -1
    return (found.end(), end) if found and end >= 0 and not found[0].endswith(b"/>") else None


def every_inside(data: bytes, prefix: bytes, name: bytes) -> Iterator[tuple[int, int]]:
    """Return the same for every element of a name; those in another one of that name are not seen."""
    tag = re.compile(rb"<%b%b(?:\s[^>]*)?>" % (prefix, name))
    closing = b"</%b%b" % (prefix, name)
    at = 0
    while found := tag.search(data, at):
        at = found.end()
        if not found[0].endswith(b"/>"):
            end = data.find(closing, at)
            if end < 0:
                return
            yield at, end
            at = end


def text_of(raw: bytes) -> str:
    r"""Return what a text node says: entities, CDATA and the escapes of ST_Xstring resolved (ECMA-376, 22.9.2.19).

    >>> text_of(b"A &amp; B"), text_of(b"one_x000D_two"), text_of(b"<![CDATA[a<b]]>")
    ('A & B', 'one\rtwo', 'a<b')
    """
    if b"<" in raw:
        raw = _replaced(raw, (_COMMENT, _INSTRUCTION), lambda *_: b"")
        raw = _replaced(raw, (_CDATA,), lambda _, text: text.replace(b"&", b"&amp;").replace(b"<", b"&lt;"))
    text = raw.decode("utf-8", "replace")
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    if "_x" in text:
        text = _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
        # Two escapes may be the halves of one character; half of one is none.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _character(entity: re.Match[str]) -> str:
    if entity[3]:
        return _NAMED_ENTITIES[entity[3]]
    number = int(entity[1], 16) if entity[1] else int(entity[2])
    is_one = number <= _LAST_CHARACTER and not _FIRST_HALF <= number <= _LAST_HALF
    return chr(number) if is_one else "\ufffd"


def raw_text(text: str) -> bytes:
    r"""Return a text node that says *text*, whatever it holds. Raises UnicodeEncodeError for half a character.

    >>> raw_text("A & B"), raw_text("bell\x07"), raw_text("_x0041_")
    (b'A &amp; B', b'bell_x0007_', b'_x005F_x0041_')
    """
    if "_x" in text:
        text = _LOOKS_ESCAPED.sub("_x005F_", text)
    text = _NOT_XML.sub(lambda found: f"_x{ord(found[0]):04X}_", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").encode("utf-8")


def raw_attribute(text: str) -> bytes:
    """Return *text* as the value of an attribute in double quotes."""
    return raw_text(text).replace(b'"', b"&quot;").replace(b"\n", b"&#10;").replace(b"\t", b"&#9;")
