"""A whole run beside openpyxl, and how soon a command answers: ``python benchmarks/run.py [--rows 100000] [--runs 3]``.

- A run: read 100,000 leads of 20 columns, qualify them by 30 rules, write back. The first run fills our six columns in
  every row; the next finds that one lead in ten has replied, and changes all six in those rows.
- Beside it openpyxl loads the same workbook, sets the same cells and saves it: no rules, no ledger, no look back.
- Start-up: ``leadwright --help`` and ``check`` of the sample, beside a Python that does nothing.

Every run is a process of its own, in turn with the others; its processor time, from start to end, and its peak memory
are the system's count. Read the ratios, not the seconds.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

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
CACHE = Path(tempfile.gettempdir()) / f"leadwright-benchmark-{os.getuid()}"
"""Where compiled modules are kept, whatever the environment says about that."""
EVERY = 10
"""One lead in so many replies between the runs."""

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_STYLES = (
    f'<styleSheet {_MAIN}><fonts count="1"><font/></fonts><fills count="1"><fill><patternFill/></fill></fills>'
    '<borders count="1"><border/></borders><cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf/>'
    '<xf numFmtId="14"/></cellXfs><cellStyles count="1"><cellStyle name="Normal" xfId="0"/></cellStyles></styleSheet>'
)


# --- The book: a workbook as Excel writes one, and a config.yaml with 30 rules. ---


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


# --- What runs in a process of its own: python benchmarks/run.py PART FOLDER ROWS. ---


def make(folder: Path, rows: int) -> None:
    """Make the book of the first run."""
    write_config(folder)
    write_book(folder / "leads.xlsx", rows)


def reply(folder: Path, rows: int) -> None:
    """Have one lead in ten reply."""
    from automations.core.history import SignalKind
    from automations.core.leads import LeadKey
    from automations.ledger.sqlite import open_ledger

    draw = random.Random(1)
    now = datetime.now(UTC)
    with closing(open_ledger(folder / ".leadwright")) as ledger:
        for number in range(rows):
            address = lead(number, draw)[0]
            if number % EVERY == 0:
                ledger.signal(LeadKey(str(address)), SignalKind.REPLIED, now, "")


def openpyxl_tenth(folder: Path, rows: int) -> None:
    """Load, set our six cells in one row of ten, save."""
    _openpyxl(folder, range(2, rows + 2, EVERY))


def openpyxl_all(folder: Path, rows: int) -> None:
    """Load, set our six cells in every row, save."""
    _openpyxl(folder, range(2, rows + 2))


def _openpyxl(folder: Path, rows: range) -> None:
    from openpyxl import load_workbook

    book = load_workbook(folder / "leads.xlsx")
    sheet = book["Leads"]
    values: tuple[int | str, ...] = (
        88,
        "hot",
        "Replied",
        "Task 2 on Wed 25 Nov 2026",
        "reason 1, reason 2",
        "replied Mon 23 Nov 2026",
    )
    for row in rows:
        for column, value in enumerate(values, len(FIELDS) + 1):
            sheet.cell(row, column).value = value
    book.save(folder / "leads.xlsx")


PARTS: dict[str, Callable[[Path, int], None]] = {
    each.__name__: each for each in (make, reply, openpyxl_tenth, openpyxl_all)
}


# --- Measuring. ---


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took: seconds of processor time, and the most memory it held, in MiB."""

    seconds: float
    mebibytes: float


def cost(*command: str) -> Cost:
    """Return what a process takes that must succeed; its modules are compiled already, as those of a program are."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(CACHE)}
    quiet = [(os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)]
    child = os.posix_spawn(sys.executable, [sys.executable, *command], environment, file_actions=quiet)
    _, status, usage = os.wait4(child, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command)} failed")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def middle(costs: Sequence[Cost]) -> Cost:
    """Return the medians of several runs."""
    return Cost(median(each.seconds for each in costs), median(each.mebibytes for each in costs))


def part(name: str, folder: Path, rows: int) -> Cost:
    """Return what one of the parts above takes."""
    return cost(str(Path(__file__).resolve()), name, str(folder), str(rows))


def leadwright(folder: Path, *words: str) -> Cost:
    """Return what a command takes."""
    return cost("-m", "automations", "--config", str(folder / "config.yaml"), "--quiet", *words)


def in_turn(book: Path, work: Path, rows: int, runs: int, baseline: str) -> tuple[Cost, Cost]:
    """Return the medians of a run and of openpyxl over copies of one book, in turn."""
    measures: tuple[Callable[[], Cost], ...] = (
        lambda: leadwright(work, "run", "--yes"),
        lambda: part(baseline, work, rows),
    )
    costs: tuple[list[Cost], ...] = ([], [])
    for _ in range(runs):
        for found, measure in zip(costs, measures, strict=True):
            shutil.rmtree(work, ignore_errors=True)
            shutil.copytree(book, work)
            found.append(measure())
    return middle(costs[0]), middle(costs[1])


def show(name: str, ours: Cost, theirs: Cost, *, faster: float, smaller: float) -> None:
    """Print a line: what a run takes, what openpyxl takes, the ratios and the goals."""
    speed, size = theirs.seconds / ours.seconds, theirs.mebibytes / ours.mebibytes
    taken = "   ".join(f"{each.seconds:6.2f} s {each.mebibytes:5.0f} MiB" for each in (ours, theirs))
    ratios = f"{speed:4.1f} times faster (goal {faster:g}), 1/{size:.1f} of its memory (goal 1/{smaller:g})"
    print(f"{name:<18} {taken}   {ratios}", flush=True)


def measure_runs(folder: Path, rows: int, runs: int) -> None:
    """Print what runs take beside openpyxl."""
    book, work = folder / "book", folder / "work"
    book.mkdir()
    part("make", book, rows)
    print(f"{rows:,} leads, 20 columns, {len(RULES)} rules; medians of {runs}")
    print(f"{'':<18} {'leadwright':>19}   {'openpyxl':>19}")
    first = in_turn(book, work, rows, runs, "openpyxl_all")
    show("first run", *first, faster=10, smaller=4)
    leadwright(book, "run", "--yes")
    nothing = in_turn(book, work, rows, runs, "openpyxl_tenth")
    show("nothing changed", *nothing, faster=10, smaller=4)
    part("reply", book, rows)
    show("one row in ten", *in_turn(book, work, rows, runs, "openpyxl_tenth"), faster=10, smaller=4)


def measure_start(folder: Path, runs: int) -> None:
    """Print how soon a command answers."""
    cost("-m", "automations", "init", "--sample", str(folder / "sample"))
    leadwright(folder / "sample", "check")
    bare, help_, check = [], [], []
    for _ in range(runs):
        bare.append(cost("-c", "pass"))
        help_.append(cost("-m", "automations", "--help"))
        check.append(leadwright(folder / "sample", "check"))
    floor = middle(bare).seconds
    print(f"start-up, medians of {runs}; a Python that does nothing takes {floor * 1000:.0f} ms")
    for name, costs, goal in (("--help", help_, 6), ("check of the sample", check, 15)):
        seconds = middle(costs).seconds
        print(f"{name:<22} {seconds * 1000:5.0f} ms   {seconds / floor:4.1f} times that (goal {goal})")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split(":", maxsplit=1)[0])
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--starts", type=int, default=21)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="leadwright-") as name:
        if chosen.starts:
            measure_start(Path(name), chosen.starts)
        if chosen.runs:
            measure_runs(Path(name), chosen.rows, chosen.runs)


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in PARTS:
        PARTS[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main()
