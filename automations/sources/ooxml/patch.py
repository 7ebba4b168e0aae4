"""The patched bytes of one sheet, as a stream: what is not edited passes through untouched."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping

from automations.sources.ooxml.edits import SheetEdits
from automations.sources.ooxml.inspection import column_styles
from automations.sources.ooxml.markup import QUOTED, attributes, masked, with_attribute
from automations.sources.ooxml.references import parse_area
from automations.sources.ooxml.rows import RowPatcher
from automations.sources.ooxml.stream import Block, SheetStream
from automations.sources.ooxml.styles import Shown


def patched_sheet(
    stream: SheetStream,
    edits: SheetEdits,
    dates: Mapping[bytes, Shown],
    *,
    counts_from_1904: bool,
    tail: Callable[[bytes], bytes] = bytes,
) -> Iterator[bytes]:
    """Return the sheet with *edits* done; *tail* may change what stands after the rows."""
    prefix = stream.prefix
    patcher = RowPatcher(
        prefix, dates, counts_from_1904=counts_from_1904, column_styles=column_styles(stream.head, prefix)
    )
    waiting = sorted(edits)
    yield _with_dimension(stream.head, prefix, edits)
    if not stream.has_rows_element:
        yield b"<%bsheetData>" % prefix
    done = 0
    for block in stream.blocks():
        until = bisect_left(waiting, block.last + 1, done)
        # One piece for each block: what packs it is called less often.
        yield b"".join(_patched_block(block, waiting[done:until], edits, patcher)) if until > done else block.data
        done = until
    for number in waiting[done:]:
        yield patcher.new_row(number, edits[number])
    if not stream.has_rows_element:
        yield b"</%bsheetData>" % prefix
    yield tail(stream.tail)


def _patched_block(block: Block, waiting: list[int], edits: SheetEdits, patcher: RowPatcher) -> Iterator[bytes]:
    """Return one block with its rows patched and missing ones inserted before the next that is there."""
    at = 0
    for number in waiting:
        row = block.find(number, at)
        start = row.start if row else block.next_after(number)
        yield block.data[at:start]
        yield patcher.patched(block, row, edits[number]) if row else patcher.new_row(number, edits[number])
        at = row.end if row else start
    yield block.data[at:]


def _with_dimension(head: bytes, prefix: bytes, edits: SheetEdits) -> bytes:
    """Return the head with the sheet's used area grown to the edits, if it says one (ECMA-376, 18.3.1.35)."""
    found = re.search(rb"<%bdimension(?=[\s/>])(%b)>" % (prefix, QUOTED), masked(head))
    area = parse_area(attributes(found[1]).get(b"ref", b"")) if found else None
    if found is None or area is None:
        return head
    columns = set().union(*edits.values())
    corners = ((min(edits), min(columns)), (max(edits), max(columns))) if columns else ()
    grown = area.around(corners)
    if grown == area:
        return head
    closing = b"/" if found[1].endswith(b"/") else b""
    tag = with_attribute(found[1].removesuffix(b"/"), b"ref", grown.text()) + closing
    return head[: found.start(1)] + tag + head[found.end(1) :]
