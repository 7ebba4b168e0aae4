"""Workbooks made to hurt: each is read or refused by name within five seconds and 300 MB, in a process that ends there.

The limits are the kernel's own, so that nothing here believes what the code says of itself.
"""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from workbooks import MAIN, grid_rows, parts_of, sheet_xml, write_parts

HERE = Path(__file__).resolve().parent
SECONDS = 5
MEGABYTES = 300
ADDRESSES = 700 << 20
"""Address space, of which a Python with its libraries maps a part that it never touches."""

CHILD = """
import sys
from pathlib import Path
from workbooks import BY_EMAIL, change
from automations.errors import LeadwrightError
from automations.sources.excel import ExcelSource
source = ExcelSource(Path(sys.argv[1]))
said = []
for work in (
    lambda: f"{sum(1 for _ in source.read(['Email', 'Score']).rows)} rows",
    lambda: source.write([change("eva@muster.example", "Score", None, 80)], BY_EMAIL).cells[0].outcome,
):
    try:
        said.append(str(work()))
    except LeadwrightError as err:
        said.append(str(getattr(err, "reason", type(err).__name__)))
status = Path("/proc/self/status").read_text()
print(int(status.partition("VmHWM:")[2].split()[0]) // 1024, *said, sep="|")
"""

ROWS = grid_rows([["Email", "Score"], ["eva@muster.example", ""]])
TOO_BIG = "unpacks to more than we accept"
DAMAGED = "cut off or damaged"


def _thin(size: int) -> str:
    """Return text that packs well, but not suspiciously well."""
    draw = random.Random(1)
    return "".join(f"{draw.getrandbits(200):050x}".ljust(1000) for _ in range(size // 1000))


def _sheet(rows: str, **more: str) -> dict[str, str | bytes]:
    return parts_of(sheet_xml(rows, **more))


def _with(name: str, content: str | bytes) -> dict[str, str | bytes]:
    return {**_sheet(ROWS), name: content}


LOL = "".join(f'<!ENTITY l{at} "{f"&l{at - 1};" * 10}">' for at in range(1, 10))
ENTITIES = f'<!DOCTYPE x [<!ENTITY l0 "lol">{LOL}]>'
WRITTEN = "written"
MERGE = '<mergeCell ref="A1:XFD1048576"/>'
SPILL = '<f t="array" ref="A1:XFD1048576"/>'

HOSTILE: dict[str, tuple[Callable[[], dict[str, str | bytes]], str, str]] = {
    "bomb in the sheet": (lambda: _sheet(ROWS + " " * 120_000_000), TOO_BIG, TOO_BIG),
    "bomb beside it": (lambda: _with("xl/media/image1.png", bytes(120_000_000)), TOO_BIG, TOO_BIG),
    "entities that grow": (
        lambda: _with("xl/sharedStrings.xml", ENTITIES + f"<sst {MAIN}/>"),
        "declares entities",
        "declares entities",
    ),
    "a lone cell far away": (
        lambda: _sheet(ROWS + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        "1 rows",
        WRITTEN,
    ),
    "a million shared strings": (
        lambda: _with("xl/sharedStrings.xml", f"<sst {MAIN}>{'<si><t>text</t></si>' * 1_000_000}</sst>"),
        "1 rows",
        WRITTEN,
    ),
    "a zip in the zip": (lambda: _with("xl/embeddings/a.zip", b"PK\3\4" + os.urandom(1_000_000)), "1 rows", WRITTEN),
    "a row that never ends": (
        lambda: _sheet(f'{ROWS}<row r="3"><c r="A3" t="str"><v>{_thin(70_000_000)}'),
        TOO_BIG,
        TOO_BIG,
    ),
    "a head that never ends": (lambda: _sheet(ROWS, head=f"<cols>{_thin(70_000_000)}</cols>"), TOO_BIG, TOO_BIG),
    "a tail that never ends": (lambda: _sheet(ROWS, tail=f"<x>{_thin(70_000_000)}</x>"), TOO_BIG, TOO_BIG),
    "a comment around everything": (lambda: _sheet(f"{ROWS}<!--{_thin(70_000_000)}-->"), TOO_BIG, TOO_BIG),
    "a comment that never ends": (lambda: _sheet(f"{ROWS}<!--{'<' * 15_000_000}"), DAMAGED, DAMAGED),
    "millions of openings of a comment": (lambda: _sheet(ROWS + "<!--" * 4_500_000), DAMAGED, DAMAGED),
    "millions of openings of CDATA": (lambda: _sheet(ROWS + "<![CDATA[" * 2_000_000), DAMAGED, DAMAGED),
    "a row of two million cells without names": (
        lambda: _sheet(ROWS + f"<row>{'<c/>' * 2_000_000}</row>"),
        "built in a way we do not know",
        "built in a way we do not know",
    ),
    "more rows than there are": (
        lambda: _sheet(ROWS + '<row r="1048577"/>'),
        "built in a way we do not know",
        "built in a way we do not know",
    ),
    "a cell of a hundred thousand attributes": (
        lambda: _sheet(ROWS + f'<row r="3"><c r="A3" {"".join(f"a{at}= " for at in range(100_000))}</row>'),
        "1 rows",
        WRITTEN,
    ),
    "quotes that never close": (
        lambda: _sheet(ROWS + '<row r="3"><c r="A3" s="' + "'\"" * 5_000_000),
        "1 rows",
        WRITTEN,
    ),
    "a hundred thousand merged cells": (
        lambda: _sheet(ROWS, tail="<mergeCells>" + MERGE * 100_000 + "</mergeCells>"),
        "1 rows",
        "refused",
    ),
    "a hundred thousand spills": (
        lambda: _sheet(ROWS + f'<row r="3"><c r="A3">{SPILL * 100_000}</c></row>'),
        "1 rows",
        "refused",
    ),
    "styles of five million elements": (
        lambda: _with("xl/styles.xml", f"<styleSheet {MAIN}>{'<a/>' * 4_900_000}</styleSheet>"),
        TOO_BIG,
        TOO_BIG,
    ),
    "styles as deep as they are long": (lambda: _with("xl/styles.xml", "<a>" * 500_000), DAMAGED, DAMAGED),
    "a workbook of a million tabs": (
        lambda: _with("xl/workbook.xml", f"<workbook {MAIN}><sheets>{'<sheet/>' * 1_000_000}</sheets></workbook>"),
        TOO_BIG,
        TOO_BIG,
    ),
    "openings of strings": (
        lambda: _with("xl/sharedStrings.xml", f"<sst {MAIN}>{'<si>' * 1_900_000}"),
        DAMAGED,
        DAMAGED,
    ),
    "openings of texts": (
        lambda: _with("xl/sharedStrings.xml", f"<sst {MAIN}><si>{'<t>' * 1_900_000}</si></sst>"),
        "1 rows",
        WRITTEN,
    ),
    "openings of values": (
        lambda: _sheet(ROWS + f'<row r="3"><c r="A3" t="str">{"<v>" * 3_000_000}</c></row>'),
        "1 rows",
        WRITTEN,
    ),
    "one string of nineteen megabytes": (
        lambda: _with("xl/sharedStrings.xml", f"<sst {MAIN}><si><t>{'a' * 19_000_000}"),
        TOO_BIG,
        TOO_BIG,
    ),
    "a string of a million runs": (
        lambda: _with("xl/sharedStrings.xml", f"<sst {MAIN}><si>{'<rPh/><r><t>a</t></r>' * 350_000}</si></sst>"),
        "1 rows",
        WRITTEN,
    ),
    "a string of a hundred thousand hints": (
        lambda: _with("xl/sharedStrings.xml", f"<sst {MAIN}><si>{'<rPh><t>a</t></rPh><t>b</t>' * 100_000}</si></sst>"),
        "1 rows",
        WRITTEN,
    ),
}


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))


@pytest.mark.parametrize(("make", "read", "written"), HOSTILE.values(), ids=HOSTILE.keys())
def test_it_hurts_nobody(tmp_path: Path, make: Callable[[], dict[str, str | bytes]], read: str, written: str) -> None:
    """Five seconds of a processor and 300 MB are enough to read it, write into it, or say why not."""
    book = write_parts(tmp_path / "leads.xlsx", make())

    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(book)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join((str(HERE), str(HERE.parent)))},
        check=False,
        capture_output=True,
        text=True,
        preexec_fn=_limit,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr[-800:]
    peak, *said = done.stdout.strip().split("|")
    assert said == [read, written]
    assert int(peak) < MEGABYTES
