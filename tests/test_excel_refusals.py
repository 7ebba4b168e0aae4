"""Files that are no workbook, or none that we may touch: each is named, with what the owner can do."""

from __future__ import annotations

import struct
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from workbooks import BY_EMAIL, MAIN, change, grid_rows, parts_of, sheet_xml, workbook, write_parts

from automations.errors import SourceOutOfReach
from automations.sources.excel import ExcelSource
from automations.sources.ooxml.refusals import Reason, WorkbookRefused

ROWS = grid_rows([["Email", "Score"], ["eva@muster.example", ""]])
OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(504)


def _parts(**changed: str | bytes) -> dict[str, str | bytes]:
    names = {"workbook": "xl/workbook.xml", "sheet": "xl/worksheets/sheet1.xml", "strings": "xl/sharedStrings.xml"}
    return {**parts_of(sheet_xml(ROWS)), **{names[key]: content for key, content in changed.items()}}


def _zip(path: Path, parts: dict[str, str | bytes]) -> bytes:
    return write_parts(path, parts).read_bytes()


def _lying(data: bytes) -> bytes:
    """Return the zip whose sheet declares a tenth of its size."""
    at = data.index(b"PK\1\2" + data[data.index(b"PK\1\2") + 4 :][:0])
    while data[at + 46 : at + 46 + 24] != b"xl/worksheets/sheet1.xml":
        at = data.index(b"PK\1\2", at + 1)
    return data[: at + 24] + struct.pack("<L", 40) + data[at + 28 :]


DTD = '<!DOCTYPE x [<!ENTITY a "b"><!ENTITY c "&a;&a;&a;">]>'
PLAIN = sheet_xml(ROWS)

FILES = {
    "empty": (lambda _: b"", Reason.NOT_A_WORKBOOK),
    "text": (lambda _: b"Email;Score\r\n", Reason.NOT_A_WORKBOOK),
    "web page": (lambda _: b"\r\n<!DOCTYPE html><html><table><tr><td>Email", Reason.WEB_PAGE),
    "xls": (lambda _: OLE2 + "Workbook".encode("utf-16-le"), Reason.OLD_EXCEL),
    "password": (lambda _: OLE2 + "EncryptedPackage".encode("utf-16-le"), Reason.PASSWORD),
    "cut off": (lambda path: _zip(path, _parts())[:-600], Reason.CUT_OFF),
    "cut short": (lambda path: _zip(path, _parts())[:-1], Reason.CUT_OFF),
    "wrong checksum": (
        lambda path: _zip(path, _parts()).replace(zlib.crc32(PLAIN.encode()).to_bytes(4, "little"), b"abcd"),
        Reason.CUT_OFF,
    ),
    "declares too little": (lambda path: _lying(_zip(path, _parts())), Reason.TOO_BIG),
    "bomb": (lambda path: _zip(path, _parts(sheet=PLAIN + " " * 30_000_000)), Reason.TOO_BIG),
    "many parts": (
        lambda path: _zip(path, {**_parts(), **{f"a{number}": "" for number in range(5_000)}}),
        Reason.TOO_BIG,
    ),
    "entities in the sheet": (lambda path: _zip(path, _parts(sheet=DTD + PLAIN)), Reason.DTD),
    "entities in the strings": (lambda path: _zip(path, _parts(strings=f"{DTD}<sst {MAIN}/>")), Reason.DTD),
    "entities in the workbook": (lambda path: _zip(path, _parts(workbook=DTD + "<workbook/>")), Reason.DTD),
    "UTF-16": (lambda path: _zip(path, _parts(sheet=PLAIN.encode("utf-16"))), Reason.ENCODING),
    "Latin-1": (
        lambda path: _zip(path, _parts(sheet='<?xml version="1.0" encoding="ISO-8859-1"?>' + PLAIN)),
        Reason.ENCODING,
    ),
    "no sheet part": (
        lambda path: _zip(path, {name: part for name, part in _parts().items() if "sheet1" not in name}),
        Reason.UNUSUAL,
    ),
    "rows out of order": (lambda path: _zip(path, _parts(sheet=sheet_xml('<row r="2"/><row r="1"/>'))), Reason.UNUSUAL),
    "document": (
        lambda path: _zip(path, {"mimetype": "application/vnd.oasis.opendocument.spreadsheet"}),
        Reason.OTHER_PROGRAM,
    ),
    "binary workbook": (lambda path: _zip(path, {"xl/workbook.bin": ""}), Reason.BINARY),
    "any zip": (lambda path: _zip(path, {"a.txt": ""}), Reason.NOT_A_WORKBOOK),
}


@pytest.mark.parametrize(("make", "reason"), FILES.values(), ids=FILES.keys())
def test_what_is_no_workbook_is_named(tmp_path: Path, make: object, reason: Reason) -> None:
    """Reading and writing both refuse it in a moment, say why and what to do, and leave its bytes."""
    path = tmp_path / "leads.xlsx"
    assert callable(make)
    data = make(path)
    path.write_bytes(data)
    began = time.monotonic()

    for attempt in (
        lambda: list(ExcelSource(path).read(["Email"]).rows),
        lambda: ExcelSource(path).write([change("eva@muster.example", "Score", None, 80)], BY_EMAIL),
    ):
        with pytest.raises(WorkbookRefused) as refusal:
            attempt()
        assert refusal.value.reason is reason
        assert refusal.value.what.startswith("leads.xlsx is ") or refusal.value.what.startswith("leads.xlsx ")
        assert refusal.value.fix

    assert time.monotonic() - began < 5
    assert path.read_bytes() == data


def test_a_signed_workbook_is_read_but_not_written(tmp_path: Path) -> None:
    """Any change would break the signature, so there is none."""
    parts = {**_parts(), "_xmlsignatures/sig1.xml": "<Signature/>"}
    path = write_parts(tmp_path / "leads.xlsx", parts)
    before = path.read_bytes()
    source = ExcelSource(path)

    assert [cells[0] for _, cells in source.read(["Email"]).rows] == ["eva@muster.example"]
    with pytest.raises(WorkbookRefused) as refusal:
        source.write([change("eva@muster.example", "Score", None, 80)], BY_EMAIL)

    assert refusal.value.what == "leads.xlsx is digitally signed, and any change would break the signature"
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["leads.xlsx"]


def test_a_far_lone_cell_costs_nothing(tmp_path: Path) -> None:
    """A stray cell in the last row and column of the sheet is left out, in no time and no memory."""
    path = workbook(tmp_path / "leads.xlsx", ROWS + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    began = time.monotonic()

    rows = [(row, list(cells)) for row, cells in ExcelSource(path).read(["Email"]).rows]

    assert rows == [(2, ["eva@muster.example", None])]
    assert time.monotonic() - began < 1


def test_a_tab_that_is_not_there_is_named_with_those_that_are(tmp_path: Path) -> None:
    """A misspelt tab: the answer lists the tabs and the nearest one."""
    path = workbook(tmp_path / "leads.xlsx", ROWS)

    with pytest.raises(SourceOutOfReach) as refusal:
        ExcelSource(path, "Laeds").read(["Email"])

    assert refusal.value.what == 'leads.xlsx has no tab "Laeds"; it has Leads'
    assert refusal.value.fix == "did you mean Leads?"


def test_a_tab_is_found_without_regard_to_case(tmp_path: Path) -> None:
    """Excel does not tell "leads" from "Leads", so neither do we."""
    path = workbook(tmp_path / "leads.xlsx", ROWS)

    assert ExcelSource(path, " leads").read(["Email"]).name == "Leads"


def test_a_missing_file_is_named_with_its_folder(tmp_path: Path) -> None:
    """The owner sees which folder was looked in."""
    with pytest.raises(SourceOutOfReach) as refusal:
        ExcelSource(tmp_path / "leads.xlsx").read(["Email"])

    assert refusal.value.what == f"leads.xlsx is not there: {tmp_path} has no such file"


def test_a_folder_is_no_workbook(tmp_path: Path) -> None:
    """A folder of that name is said to be one."""
    with pytest.raises(SourceOutOfReach, match="is a folder"):
        ExcelSource(tmp_path).read(["Email"])


def test_a_zip_in_the_64_bit_format_is_read_and_written(tmp_path: Path) -> None:
    """Programs that write as a stream may use the format for huge files; the result is an ordinary one."""
    path = tmp_path / "leads.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in _parts().items():
            with package.open(zipfile.ZipInfo(name), "w", force_zip64=True) as part:
                part.write(content.encode() if isinstance(content, str) else content)

    ExcelSource(path).write([change("eva@muster.example", "Score", None, 80)], BY_EMAIL)

    assert [list(cells) for _, cells in ExcelSource(path).read(["Email"]).rows] == [["eva@muster.example", 80]]
    with zipfile.ZipFile(path) as package:
        assert package.testzip() is None
