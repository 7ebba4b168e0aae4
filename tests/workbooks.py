"""Workbooks for tests: built from the XML of one sheet, or looked at member by member."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

from automations.core.leads import Cell, CellChange, KeyRule, LeadKey

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_RELATIONSHIPS = "http://schemas.openxmlformats.org/package/2006/relationships"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"

STYLES = (
    f'<styleSheet {MAIN}><fonts count="1"><font/></fonts><fills count="1"><fill><patternFill/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="4"><xf/>'
    '<xf numFmtId="14" applyNumberFormat="1"/><xf numFmtId="46" applyNumberFormat="1"/><xf numFmtId="2"/></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>'
)
"""Style 1 shows dates, 2 durations, 3 two decimals."""


def sheet_xml(rows: str, *, head: str = "", tail: str = "") -> str:
    """Return the part of a sheet with these rows."""
    return f"<worksheet {MAIN}>{head}<sheetData>{rows}</sheetData>{tail}</worksheet>"


def parts_of(sheet: str | bytes, *, properties: str = "", strings: str | None = None) -> dict[str, str | bytes]:
    """Return the parts of a workbook with one tab, Leads."""
    relations = (
        f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        f'<Relationship Id="rId3" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
    )
    return {
        "[Content_Types].xml": f'<Types xmlns="{_TYPES}"><Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_SHEET_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_SHEET_TYPE}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_SHEET_TYPE}.styles+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_SHEET_TYPE}.sharedStrings+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_RELATIONSHIPS}"><Relationship Id="rId1" '
        f'Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{_OFFICE}">{properties}<sheets>'
        '<sheet name="Leads" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_RELATIONSHIPS}">{relations}</Relationships>',
        "xl/worksheets/sheet1.xml": sheet,
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": strings if strings is not None else f'<sst {MAIN} count="0" uniqueCount="0"/>',
    }


def write_parts(path: Path, parts: Mapping[str, str | bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    """Write the parts as a zip; every member carries the same moment."""
    with zipfile.ZipFile(path, "w", method) as package:
        for name, content in parts.items():
            package.writestr(zipfile.ZipInfo(name, (2026, 1, 5, 12, 0, 0)), content, method)
    return path


def workbook(path: Path, rows: str, *, head: str = "", tail: str = "", properties: str = "") -> Path:
    """Write a workbook whose one tab has these rows."""
    return write_parts(path, parts_of(sheet_xml(rows, head=head, tail=tail), properties=properties))


def text_cell(name: str, text: str) -> str:
    """Return the XML of one cell of text."""
    return f'<c r="{name}" t="inlineStr"><is><t>{text}</t></is></c>'


def grid_rows(grid: list[list[str]], first_row: int = 1) -> str:
    """Return the XML of rows of plain text, all cells named."""
    return "".join(
        f'<row r="{number}">'
        + "".join(
            f'<c r="{chr(65 + at)}{number}" t="inlineStr"><is><t>{text}</t></is></c>'
            for at, text in enumerate(row)
            if text
        )
        + "</row>"
        for number, row in enumerate(grid, first_row)
    )


def member(path: Path, name: str = "xl/worksheets/sheet1.xml") -> str:
    """Return the text of one member."""
    with zipfile.ZipFile(path) as package:
        return package.read(name).decode()


def stored_members(data: bytes) -> dict[str, tuple[object, ...]]:
    """Return every member with what must not change when another one is edited: its packed bytes and its header."""
    members: dict[str, tuple[object, ...]] = {}
    with zipfile.ZipFile(BytesIO(data)) as package:
        for info in package.infolist():
            start = info.header_offset + 30
            lengths = data[start - 4 : start]
            start += int.from_bytes(lengths[:2], "little") + int.from_bytes(lengths[2:], "little")
            packed = data[start : start + info.compress_size]
            members[info.filename] = (packed, info.date_time, info.compress_type, info.flag_bits, info.external_attr)
    return members


def text_key(cell: Cell) -> LeadKey | None:
    """Return a key that is the text of its cell."""
    return LeadKey(str(cell)) if cell not in {None, ""} else None


BY_EMAIL = KeyRule("Email", text_key)


def change(key: str, header: str, old: Cell, new: Cell, row: int = 0) -> CellChange:
    """Return a change of one cell of the lead with this key."""
    return CellChange(LeadKey(key), row, header, old, new)
