"""A book of leads to measure with: a workbook as Excel writes one, and a config.yaml with 30 rules."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape

COUNTRIES = ("Germany", "Austria", "Switzerland", "France", "Poland", "Italy", "Spain", "Norway")
CITIES = ("Berlin", "Wien", "Graz", "Paris", "Roma", "Oslo", "Zürich")
SOURCES = ("Website", "Referral", "Trade fair", "Cold list")
WORDS = ("please", "send", "price", "offer", "demo", "student", "machine", "Größe", "for", "our", "office", "urgent")
FIELDS = (
    ("email", "Email", "text"),
    ("name", "Full name", "text"),
    ("company", "Company", "text"),
    ("country", "Country", "text"),
    ("employees", "Office size", "number"),
    ("source", "Source", "text"),
    ("asked_on", "Asked on", "date"),
    ("message", "Message", "text"),
    ("owner", "Owner", "text"),
    ("phone", "Phone", "text"),
    ("revenue", "Revenue", "number"),
    ("active", "Active", "yes/no"),
    ("zip", "Zip", "text"),
    ("city", "City", "text"),
)
OWNED = ("Score", "Segment", "Stage", "Next step", "Why", "Email status")
RULES = (
    "employees >= 20",
    "employees is between 50 and 300",
    "employees > 300 and country is one of Germany, Austria, Switzerland",
    "revenue >= 500000",
    "revenue is empty and employees is empty",
    "revenue < 1000",
    "employees < 3 and not active",
    "source is Referral",
    "source is one of Website, Trade fair",
    "source is not Cold list and active",
    "country is one of Germany, Austria",
    "country is Switzerland or city is Wien",
    "country is not one of Norway, Poland and employees >= 10",
    "message contains price, quote, offer, Angebot",
    "message contains demo, trial",
    "message is not empty and not message contains student, thesis",
    "message starts with please",
    "company ends with GmbH, AG",
    "city is one of Berlin, Graz, Paris",
    "city is empty or message contains urgent",
    "asked_on is in the last 14 days",
    "asked_on is older than 6 months",
    "asked_on is in the next 3 months",
    "asked_on is before 2026-06-01",
    "email is a free mailbox and employees is empty",
    "email is a business address",
    "zip starts with 1, 8",
    "phone is not empty and owner is Anna",
    "not active and (revenue < 20000 or asked_on is empty)",
    "replied",
)
CONFIG = """\
version: 1
business: {{name: Bergblick, address: "Lindenstr. 12, 10969 Berlin", timezone: Europe/Berlin}}
leads:
  excel: leads.xlsx
  key: email
  columns:
{columns}
  write: {{score: Score, segment: Segment, stage: Stage, next_step: Next step, why: Why, status: Email status}}
scoring:
{rules}
segments: {{hot: score >= 60, warm: score >= 30, cold: everything else}}
stages: [New, Contacted, Replied, Won]
stage_rules:
  - {{move_to: Replied, when: replied}}
senders: {{anna: {{from: anna@bergblick.example}}}}
sequences:
  call_back:
    start_when: replied
    sender: anna
    steps:
      - wait: 2 business days
      - task: Call {{{{ name }}}} on {{{{ phone }}}}
"""
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = (
    f'<styleSheet {_MAIN}><fonts count="1"><font/></fonts><fills count="1"><fill><patternFill/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf/>'
    '<xf numFmtId="14"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0"/></cellStyles></styleSheet>'
)


def write_config(folder: Path) -> Path:
    """Write config.yaml, and return its path."""
    columns = "\n".join(f"    {name}: {{header: {header}, type: {kind}}}" for name, header, kind in FIELDS)
    rules = "\n".join(
        f'  - {{points: {(3, 5, 8, -4)[at % 4]}, when: "{rule}", because: reason {at + 1}}}'
        for at, rule in enumerate(RULES)
    )
    path = folder / "config.yaml"
    path.write_text(CONFIG.format(columns=columns, rules=rules), encoding="utf-8")
    return path


def lead(number: int, draw: random.Random) -> list[object]:
    """Return the cells of one lead: some texts all different, some that come up again, some empty."""
    domain = draw.choice(("gmail.com", f"firm{number % 9973}.example", f"shop{number}.example"))
    return [
        f"lead{number}@{domain}",
        f"First{draw.randrange(3000)} Last{draw.randrange(9000)}",
        f"Company {number % 5000} {draw.choice(('GmbH', 'AG', 'Ltd'))}",
        draw.choice(COUNTRIES),
        draw.choice((None, draw.randrange(500))),
        draw.choice(SOURCES),
        46_000 + draw.randrange(600),
        " ".join((*draw.choices(WORDS, k=6), str(number))) if draw.random() < 2 / 3 else None,
        draw.choice(("Anna", "Jonas")),
        f"+4930{draw.randrange(10**7):07d}",
        round(draw.random() * 1e6, 2) if draw.random() < 2 / 3 else None,
        draw.random() < 1 / 2,
        f"{draw.randrange(10**5):05d}",
        draw.choice((None, *CITIES)),
    ]


def write_book(path: Path, rows: int) -> None:
    """Write a workbook as Excel writes one: shared strings, spans, a style for dates."""
    strings: dict[str, int] = {}
    draw = random.Random(1)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        with package.open("xl/worksheets/sheet1.xml", "w") as sheet:
            head = f'<worksheet {_MAIN}><dimension ref="A1:T{rows + 1}"/><sheetData>'
            sheet.write(head.encode())
            titles: list[object] = [*(header for _, header, _ in FIELDS), *OWNED]
            sheet.write("".join(_row(1, titles, strings)).encode())
            for number in range(rows):
                sheet.write("".join(_row(number + 2, lead(number, draw), strings)).encode())
            sheet.write(b"</sheetData></worksheet>")
        items = "".join(f"<si><t>{escape(text)}</t></si>" for text in strings)
        counts = f'count="{len(strings)}" uniqueCount="{len(strings)}"'
        package.writestr("xl/sharedStrings.xml", f"<sst {_MAIN} {counts}>{items}</sst>")
        for name, text in _small_parts().items():
            package.writestr(name, text)


def _row(row: int, cells: Sequence[object], strings: dict[str, int]) -> Iterator[str]:
    yield f'<row r="{row}" spans="1:20">'
    for at, cell in enumerate(cells):
        name = f"{chr(65 + at)}{row}"
        match cell:
            case None:
                continue
            case bool():
                yield f'<c r="{name}" t="b"><v>{int(cell)}</v></c>'
            case str():
                yield f'<c r="{name}" t="s"><v>{strings.setdefault(cell, len(strings))}</v></c>'
            case _:
                style = ' s="1"' if FIELDS[at][2] == "date" else ""
                yield f'<c r="{name}"{style}><v>{cell}</v></c>'
    yield "</row>"


def _small_parts() -> dict[str, str]:
    def relation(number: int, kind: str, target: str) -> str:
        return f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'

    def override(part: str, kind: str) -> str:
        return f'<Override PartName="/xl/{part}.xml" ContentType="{_TYPE}.{kind}+xml"/>'

    relations = [("worksheet", "worksheets/sheet1"), ("styles", "styles"), ("sharedStrings", "sharedStrings")]
    inside = "".join(relation(at, kind, f"{target}.xml") for at, (kind, target) in enumerate(relations, 1))
    types = "".join(
        override(part, kind)
        for part, kind in (
            ("workbook", "sheet.main"),
            ("worksheets/sheet1", "worksheet"),
            ("styles", "styles"),
            ("sharedStrings", "sharedStrings"),
        )
    )
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{types}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        f"{relation(1, 'officeDocument', 'xl/workbook.xml')}</Relationships>",
        "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="Leads" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">{inside}</Relationships>',
        "xl/styles.xml": _STYLES,
    }
