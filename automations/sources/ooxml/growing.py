"""New header cells at the right end: beside the data, or inside the table (ListObject) when the data is one.

What a person sorts or filters by must move our columns along, so the table and a filter over the header row grow too.
Source: ECMA-376 part 1, 18.5.1 (tables), 18.3.1.2 (autoFilter), 18.2.5 (definedName _xlnm._FilterDatabase).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from automations.core.books import header_identity
from automations.errors import SourceOutOfReach
from automations.sources.ooxml.cells import CellReader, raw_cells
from automations.sources.ooxml.editing import WorkbookEdit
from automations.sources.ooxml.edits import Edit
from automations.sources.ooxml.inspection import Inspection
from automations.sources.ooxml.markup import (
    QUOTED,
    attributes,
    local,
    masked,
    named,
    raw_attribute,
    tree,
    with_attribute,
)
from automations.sources.ooxml.references import MAX_COLUMN, Area, column_letters, column_number, parse_area
from automations.sources.ooxml.sheets import HeaderRow, OpenSheet, take_header
from automations.sources.ooxml.stream import Block


@dataclass(frozen=True, slots=True)
class _Table:
    """One table of a sheet and the part it is stored in."""

    part: str
    area: Area
    is_query: bool


def with_new_columns(
    sheet: OpenSheet, headers: Sequence[str], beside: Collection[str], label: str
) -> WorkbookEdit | None:
    """Return the edit that adds those of *headers* that are not there; None when all are.

    Raises SourceOutOfReach when there is no header row, or no room for them.
    """
    stream = sheet.stream()
    inspection = Inspection(stream)
    reader = sheet.reader(stream.prefix)
    header, blocks = take_header(inspection.blocks(), reader, beside)
    there = {header_identity(text) for text in header.headers.values()}
    if not there & {header_identity(each) for each in beside}:
        raise SourceOutOfReach(
            f"{label} has no row with the headers {', '.join(sorted(beside))}; nothing was changed",
            fix="correct the headers under columns: in config.yaml, or in the sheet",
        )
    new = [each for each in headers if header_identity(each) not in there]
    if not new:
        return None
    table = next((each for each in _tables(sheet) if each.area.top == header.row and _holds(each.area, header)), None)
    last = _last_used_column(blocks, reader, header)
    if table:
        _check_room(table, last, label)
        last = table.area.right
    _check_allowed(inspection, header.row, last, len(new), label)
    style = header.styles.get(header.last_column, b"")
    cells = {header.row: {last + 1 + number: Edit(text, style) for number, text in enumerate(new)}}
    parts: dict[str, Callable[[bytes], bytes]] = {}
    if table:
        parts[table.part] = lambda data: _grown_table(data, table.area, new)
    old_right, new_right = header.last_column, last + len(new)
    if table is None and _filter_ends_at(stream.tail, stream.prefix, header.row, old_right):
        index = sheet.package.sheets.index(sheet.entry)
        parts[sheet.package.workbook_part] = lambda data: _grown_filter_name(data, index, new_right)
        return WorkbookEdit(
            cells, lambda tail: _grown_filter(tail, stream.prefix, new_right), parts, inspection.has_formulas
        )
    return WorkbookEdit(cells, parts=parts, sheet_has_formulas=inspection.has_formulas)


def _tables(sheet: OpenSheet) -> list[_Table]:
    found = []
    for relation in sheet.package.relations_of(sheet.entry.part):
        if relation.kind != "table":
            continue
        root = tree(sheet.package.read(relation.part), relation.part)
        area = parse_area(named(root.attrib, "ref").encode())
        has_header = named(root.attrib, "headerRowCount") != "0"
        if local(root.tag) == "table" and area and has_header:
            found.append(_Table(relation.part, area, is_query=named(root.attrib, "tableType") == "queryTable"))
    return found


def _holds(area: Area, header: HeaderRow) -> bool:
    """Whether the table is the one the headers stand in."""
    inside = sum(area.left <= column <= area.right for column in header.headers)
    return 2 * inside > len(header.headers)


def _last_used_column(blocks: Iterator[Block], reader: CellReader, header: HeaderRow) -> int:
    """Return the last column with content, from the header row down."""
    last = header.last_column
    below = ((block, row) for block in blocks for row in block.rows if row.number > header.row)
    for block, row in below:
        right = max((cell.column for cell in raw_cells(block, row, reader.prefix) if not cell.closes_itself), default=0)
        last = max(last, right)
    return last


def _check_room(table: _Table, last: int, label: str) -> None:
    where = f"the table {table.area.text().decode()} in {label}"
    if table.is_query:
        raise SourceOutOfReach(
            f"{where} is filled by a query, which would drop columns that it does not know; nothing was changed",
            fix="add the columns by hand, right of the table, with the headers under write:",
        )
    if last > table.area.right:
        raise SourceOutOfReach(
            f"the column right of {where} is not empty; nothing was changed",
            fix=f"free column {column_letters(table.area.right + 1).decode()} and those after it, then run again",
        )


def _check_allowed(inspection: Inspection, row: int, last: int, count: int, label: str) -> None:
    if last + count > MAX_COLUMN:
        raise SourceOutOfReach(f"{label} has no room for {count} more columns; nothing was changed")
    reasons = inspection.facts().forbidden([(row, last + 1 + number) for number in range(count)])
    if reasons:
        raise SourceOutOfReach(f"no column can be added to {label}: {next(iter(reasons.values()))}")


def _grown_table(data: bytes, area: Area, new: Sequence[str]) -> bytes:
    """Return a table part with columns added at its right end: ref, filter, list of columns."""
    grown = Area(area.top, area.left, area.bottom, area.right + len(new))
    columns_there = re.findall(rb"<[\w.:-]*tableColumn(?=[\s/>])(%b)>" % QUOTED, masked(data))
    numbers = [int(number) for tag in columns_there if (number := attributes(tag).get(b"id", b"")).isdigit()]
    prefix = re.search(rb"<((?:[\w.-]+:)?)table[\s>]", masked(data))
    p = prefix[1] if prefix else b""
    columns = b"".join(
        b'<%btableColumn id="%d" name="%b"/>' % (p, number, raw_attribute(text))
        for number, text in enumerate(new, max(numbers, default=0) + 1)
    )
    data = _with(data, p + b"table", b"ref", lambda _: grown.text())
    data = _with(data, p + b"autoFilter", b"ref", lambda old: _to_column(old, grown.right))
    data = _with(data, p + b"tableColumns", b"count", lambda _: b"%d" % (len(columns_there) + len(new)))
    end = masked(data).rfind(b"</%btableColumns" % p)
    return data[:end] + columns + data[end:]


def _with(data: bytes, name: bytes, attribute: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Return *data* with one attribute of the first element of a name changed, if it is there."""
    found = re.search(rb"<%b(?=[\s/>])(%b)>" % (name, QUOTED), masked(data))
    old = attributes(found[1]).get(attribute) if found else None
    if found is None or old is None:
        return data
    closing = b"/" if found[1].endswith(b"/") else b""
    tag = with_attribute(found[1].removesuffix(b"/"), attribute, change(old)) + closing
    return data[: found.start(1)] + tag + data[found.end(1) :]


def _to_column(reference: bytes, right: int) -> bytes:
    area = parse_area(reference)
    return Area(area.top, area.left, area.bottom, right).text() if area else reference


def _filter_ends_at(tail: bytes, prefix: bytes, row: int, right: int) -> bool:
    """Whether the sheet has a filter over the header row that ends at the last header."""
    found = re.search(rb"<%bautoFilter(?=[\s/>])(%b)>" % (prefix, QUOTED), masked(tail))
    area = parse_area(attributes(found[1]).get(b"ref", b"")) if found else None
    return area is not None and area.top == row and area.right == right


def _grown_filter(tail: bytes, prefix: bytes, right: int) -> bytes:
    return _with(tail, prefix + b"autoFilter", b"ref", lambda old: _to_column(old, right))


def _grown_filter_name(workbook: bytes, sheet_index: int, right: int) -> bytes:
    """Return the workbook part whose hidden name for the sheet's filter ends at another column."""
    name = re.compile(rb"<(?:[\w.-]+:)?definedName\s(%b)>([^<]*)<" % QUOTED)
    for found in name.finditer(masked(workbook)):
        tag = attributes(found[1])
        if tag.get(b"name") != b"_xlnm._FilterDatabase" or tag.get(b"localSheetId") != b"%d" % sheet_index:
            continue
        text = re.sub(rb"\$([A-Z]{1,3})(\$[0-9]+)\Z", lambda end: _not_left_of(end, right), found[2])
        return workbook[: found.start(2)] + text + workbook[found.end(2) :]
    return workbook


def _not_left_of(end: re.Match[bytes], right: int) -> bytes:
    return b"$" + column_letters(max(right, column_number(end[1]))) + end[2]
