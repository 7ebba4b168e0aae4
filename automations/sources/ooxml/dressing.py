"""A drop-down for stages and soft colours for segments: one data validation and one conditional format per tab.

They belong to the team from then on: what is there already, of theirs or of ours, is never changed.
Source: ECMA-376 part 1, 18.3.1.32 (dataValidation), 18.3.1.18 (conditionalFormatting), 18.3.1.99 (order of a sheet's
elements), 18.8.14 (dxf), 18.8.39 (order of a style sheet's elements).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from automations.core.books import header_identity
from automations.errors import SourceOutOfReach
from automations.sources.dress import Dress, Dressed
from automations.sources.ooxml.editing import WorkbookEdit
from automations.sources.ooxml.inspection import tags
from automations.sources.ooxml.markup import (
    QUOTED,
    attributes,
    masked,
    raw_text,
    text_of,
    with_attribute,
)
from automations.sources.ooxml.references import MAX_ROW, Area, parse_area
from automations.sources.ooxml.sheets import HeaderRow, OpenSheet, take_header

RED, AMBER, BLUE = b"FFF4CCCC", b"FFFCE8B2", b"FFCFE2F3"
MAX_LIST = 255
"""The longest list that a validation can hold by itself (Excel specifications and limits)."""

_BEFORE_FORMATS = frozenset(
    b"sheetCalcPr sheetProtection protectedRanges scenarios autoFilter sortState dataConsolidate customSheetViews "
    b"mergeCells phoneticPr conditionalFormatting".split()
)
_BEFORE_DXFS = frozenset(b"numFmts fonts fills borders cellStyleXfs cellXfs cellStyles".split())
_TAG = re.compile(rb"<(/?)((?:[\w.-]+:)?[\w.-]+)(?=[\s/>])(%b)>" % QUOTED)


class _Child(NamedTuple):
    """One element below the root: its name without prefix, and where it begins, has its tag's end, and ends."""

    name: bytes
    start: int
    tag_end: int
    end: int


def with_dress(sheet: OpenSheet, dress: Dress, beside: Collection[str], label: str) -> tuple[WorkbookEdit, Dressed]:
    """Return the edit that puts *dress* on a tab whose header row is found by *beside*, and what it adds.

    Raises SourceOutOfReach when a column is not there, the tab is protected or a list is too long.
    """
    stream = sheet.stream()
    header, blocks = take_header(stream.blocks(), sheet.reader(stream.prefix), beside)
    for _ in blocks:
        pass
    tail, prefix = stream.tail, stream.prefix
    if any(tag.get(b"sheet") in {b"1", b"true"} for tag in tags(masked(tail), prefix, b"sheetProtection")):
        raise SourceOutOfReach(
            f"{label} is protected; nothing was changed",
            fix="take the protection off in Excel: Review, Unprotect Sheet",
        )
    seen = _Tab(sheet, header, tail, prefix, label)
    jobs = ((dress.segment_header, dress.segments, _coloured), (dress.stage_header, dress.stages, _with_choices))
    added, kept = [], []
    parts: dict[str, Callable[[bytes], bytes]] = {}
    for name, words, put_on in jobs:
        if not name:
            continue
        done = put_on(seen, _below(header, name, label), words)
        if done is None:
            kept.append(name)
        else:
            added.append(name)
            seen = replace(seen, tail=done.tail)
            parts |= done.parts
    new = seen.tail
    return WorkbookEdit({}, lambda _: new, parts), Dressed(tuple(added), tuple(kept))


@dataclass(frozen=True, slots=True)
class _Tab:
    """The tab that is dressed, as far as it is."""

    sheet: OpenSheet
    header: HeaderRow
    tail: bytes
    prefix: bytes
    label: str


class _Done(NamedTuple):
    """A new tail, and the other parts that change with it."""

    tail: bytes
    parts: Mapping[str, Callable[[bytes], bytes]]


def _coloured(tab: _Tab, column: Area, segments: Sequence[str]) -> _Done | None:
    """Return the tail with colours on a column; None when it has them already."""
    if _has_colours(tab.tail, tab.prefix, column, segments):
        return None
    package = tab.sheet.package
    part = package.related("styles")
    if part is None:
        raise SourceOutOfReach(
            f"{tab.label} has no styles to add colours to; nothing was changed", fix="open it in Excel and save it"
        )
    first = _count_dxfs(package.read(part))
    fills = colours(len(segments))
    tail = _with_colours(tab.tail, tab.prefix, column, segments, first)
    return _Done(tail, {part: lambda data: _with_dxfs(data, fills)})


def _with_choices(tab: _Tab, column: Area, stages: Sequence[str]) -> _Done | None:
    """Return the tail with a drop-down on a column; None when it has one already."""
    if _has_validation(tab.tail, column):
        return None
    return _Done(_with_drop_down(tab.tail, tab.prefix, column, _list_of(stages, tab.label)), {})


def colours(number: int) -> tuple[bytes, ...]:
    """Return a colour for each of so many segments: red for the first, blue for the last, amber between.

    >>> colours(3)
    (b'FFF4CCCC', b'FFFCE8B2', b'FFCFE2F3')
    """
    return (RED, *[AMBER] * (number - 2), BLUE)[:number]


def _below(header: HeaderRow, name: str, label: str) -> Area:
    """Return the cells under one header, down to the last row of the tab."""
    found = [column for column, text in header.headers.items() if header_identity(text) == header_identity(name)]
    if len(found) != 1:
        what = f'has no header "{name}"' if not found else f'has two columns with the header "{name}"'
        raise SourceOutOfReach(
            f"{label} {what}; nothing was changed", fix="the first run adds our columns, after asking: leadwright run"
        )
    return Area(min(header.row + 1, MAX_ROW), found[0], MAX_ROW, found[0])


def _list_of(stages: Sequence[str], label: str) -> bytes:
    """Return the formula of a drop-down's list."""
    text = ",".join(stages)
    if any("," in stage for stage in stages) or len(text) > MAX_LIST:
        raise SourceOutOfReach(
            f"{label} cannot get a drop-down: Excel takes {MAX_LIST} letters and no comma in a name, and the stages "
            f"have {len(text)}; nothing was changed",
            fix="shorten the names under stages:",
        )
    return raw_text('"' + text.replace('"', '""') + '"')


def _children(data: bytes) -> Iterator[_Child]:
    """Return the elements that stand one below the other in *data*, which begins behind the start tag around them."""
    seen = masked(data)
    depth = 0
    start = tag_end = 0
    for found in _TAG.finditer(seen):
        if found[1]:
            depth -= 1
            if depth < 0:
                return
        elif not found[3].endswith(b"/"):
            depth += 1
            if depth == 1:
                start, tag_end = found.start(), found.end()
            continue
        elif depth == 0:
            start = tag_end = found.start()
        if depth == 0:
            yield _Child(found[2].rpartition(b":")[2], start, max(tag_end, start), found.end())


def _after_rows(tail: bytes, prefix: bytes) -> int:
    """Return where the elements after the rows begin."""
    found = re.match(rb"</%bsheetData\s*>" % prefix, tail)
    return found.end() if found else 0


def _inserted(data: bytes, begin: int, before: Collection[bytes], new: bytes) -> bytes:
    """Return *data* with a new element behind the last of those that stand before it."""
    ends = [child.end for child in _children(data[begin:]) if child.name in before]
    place = begin + max(ends, default=0)
    return data[:place] + new + data[place:]


def _areas(references: bytes) -> list[Area]:
    return [area for each in references.split() if (area := parse_area(each))]


def _overlap(references: bytes, column: Area) -> bool:
    return any(
        area.left <= column.left <= area.right and area.bottom >= column.top and area.top <= column.bottom
        for area in _areas(references)
    )


def _has_validation(tail: bytes, column: Area) -> bool:
    """Whether the column has a validation of any kind, also one of those that Excel 2010 keeps in an extension."""
    seen = masked(tail)
    old = (attributes(found[1]) for found in re.finditer(rb"<(?:[\w.-]+:)?dataValidation\s(%b)>" % QUOTED, seen))
    references = [tag.get(b"sqref", b"") for tag in old]
    newer = re.finditer(
        rb"<[\w.-]+:dataValidation\s(?:(?!</[\w.-]+:dataValidation>).)*?sqref>([^<]*)<", seen, re.DOTALL
    )
    references += [found[1] for found in newer]
    return any(_overlap(each, column) for each in references)


def _with_drop_down(tail: bytes, prefix: bytes, column: Area, choices: bytes) -> bytes:
    """Return the tail with one more validation. It warns and does not forbid: a person may know better."""
    one = (
        b'<%bdataValidation type="list" errorStyle="warning" allowBlank="1" showErrorMessage="1" sqref="%b">'
        b"<%bformula1>%b</%bformula1></%bdataValidation>"
    ) % (prefix, column.text(), prefix, choices, prefix, prefix)
    begin = _after_rows(tail, prefix)
    there = next((child for child in _children(tail[begin:]) if child.name == b"dataValidations"), None)
    if there is None:
        new = b'<%bdataValidations count="1">%b</%bdataValidations>' % (prefix, one, prefix)
        return _inserted(tail, begin, _BEFORE_FORMATS, new)
    return _appended(tail, begin + there.start, begin + there.end, one, 1)


def _appended(data: bytes, start: int, end: int, new: bytes, number: int) -> bytes:
    """Return *data* whose element from *start* to *end* has *new* as its last children, and counts them."""
    found = _TAG.match(masked(data), start)
    if found is None:
        return data
    name, tag = found[2], found[3].rstrip(b"/")
    count = attributes(tag).get(b"count", b"")
    if count.isdigit():
        tag = with_attribute(tag, b"count", b"%d" % (int(count) + number))
    closing = b"</%b>" % name
    inside_end = found.end() if found[3].endswith(b"/") else data.rfind(b"</", start, end)
    inside = data[found.end() : inside_end]
    return data[:start] + b"<%b%b>" % (name, tag) + inside + new + closing + data[end:]


def _has_colours(tail: bytes, prefix: bytes, column: Area, segments: Collection[str]) -> bool:
    """Whether a conditional format over the column asks for one of the segments: ours, whatever became of it."""
    begin = _after_rows(tail, prefix)
    wanted = {_quoted(segment) for segment in segments}
    for child in _children(tail[begin:]):
        if child.name != b"conditionalFormatting":
            continue
        element = tail[begin + child.start : begin + child.end]
        tag = _TAG.match(element)
        formulas = re.findall(rb"<%bformula>([^<]*)<" % prefix, element)
        if tag and _overlap(attributes(tag[3]).get(b"sqref", b""), column) and wanted & set(map(text_of, formulas)):
            return True
    return False


def _quoted(segment: str) -> str:
    return '"' + segment.replace('"', '""') + '"'


def _with_colours(tail: bytes, prefix: bytes, column: Area, segments: Sequence[str], first_dxf: int) -> bytes:
    """Return the tail with one conditional format that has a rule for each segment, after all rules there are."""
    priorities = [tag.get(b"priority", b"") for tag in map(attributes, re.findall(rb"<[\w.:-]*cfRule\s([^>]*)>", tail))]
    last = max((int(each) for each in priorities if each.isdigit()), default=0)
    rules = b"".join(
        b'<%bcfRule type="cellIs" dxfId="%d" priority="%d" operator="equal"><%bformula>%b</%bformula></%bcfRule>'
        % (prefix, first_dxf + at, last + 1 + at, prefix, raw_text(_quoted(segment)), prefix, prefix)
        for at, segment in enumerate(segments)
    )
    new = b'<%bconditionalFormatting sqref="%b">%b</%bconditionalFormatting>' % (prefix, column.text(), rules, prefix)
    return _inserted(tail, _after_rows(tail, prefix), _BEFORE_FORMATS, new)


def _style_root(styles: bytes) -> tuple[bytes, int]:
    """Return the prefix of a style sheet and where its first element begins."""
    found = re.search(rb"<((?:[\w.-]+:)?)styleSheet(?=[\s>])(?:%b)>" % QUOTED, masked(styles))
    if found is None:
        raise SourceOutOfReach("the workbook's styles cannot be read; nothing was changed", fix="save it in Excel")
    return found[1], found.end()


def _dxfs(styles: bytes, begin: int) -> _Child | None:
    return next((child for child in _children(styles[begin:]) if child.name == b"dxfs"), None)


def _count_dxfs(styles: bytes) -> int:
    """Return how many formats there are for conditions: the number of the next one."""
    _, begin = _style_root(styles)
    there = _dxfs(styles, begin)
    if there is None or there.tag_end == there.start:
        return 0
    return sum(child.name == b"dxf" for child in _children(styles[begin + there.tag_end : begin + there.end]))


def _with_dxfs(styles: bytes, fills: Sequence[bytes]) -> bytes:
    """Return the style sheet with a fill for each colour."""
    p, begin = _style_root(styles)
    new = b"".join(
        b'<%bdxf><%bfill><%bpatternFill><%bbgColor rgb="%b"/></%bpatternFill></%bfill></%bdxf>'
        % (p, p, p, p, fill, p, p, p)
        for fill in fills
    )
    there = _dxfs(styles, begin)
    if there is None:
        return _inserted(styles, begin, _BEFORE_DXFS, b'<%bdxfs count="%d">%b</%bdxfs>' % (p, len(fills), new, p))
    return _appended(styles, begin + there.start, begin + there.end, new, len(fills))
