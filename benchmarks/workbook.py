"""Reading and patching one large workbook, beside openpyxl and beside the floor: ``python benchmarks/workbook.py``.

Every engine runs in a process of its own, in turn, so that memory is its own and a busy moment hits all alike.
Seconds are of the work, without starting Python. The ratios are of processor time: every engine works on one core, and
a busy machine changes the time on the clock more than anything we do. Peak memory is of the whole process.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

HEADERS = (
    (
        "Email Full_name Company Country Office_size Source Asked_on Message Owner Phone Revenue Active Zip City "
        "Score Segment Stage Next_step Why Email_status"
    )
    .replace("_", "-")
    .split()
)
OWNED = HEADERS[-6:]
SHEET = "xl/worksheets/sheet1.xml"
EVERY = 10
"""Six cells change in each row whose number is a multiple of this."""
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


class _Strings:
    """The shared strings of a workbook in the making."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def cell(self, name: str, text: str) -> str:
        return f'<c r="{name}" t="s"><v>{self.numbers.setdefault(text, len(self.numbers))}</v></c>'

    def xml(self) -> str:
        items = "".join(f"<si><t>{text}</t></si>" for text in self.numbers)
        return f'<sst {_MAIN} count="{len(self.numbers)}" uniqueCount="{len(self.numbers)}">{items}</sst>'


def _lead(number: int, picks: random.Random) -> list[object]:
    company = number % 5000
    return [
        f"lead{number}@company{company}.example",
        f"First{picks.randrange(3000)} Last{picks.randrange(9000)}",
        f"Company {company} GmbH",
        picks.choice(["Germany", "Austria", "France", "Spain"]),
        picks.randrange(500),
        picks.choice(["Website", "Referral", "Trade fair"]),
        46_000 + picks.randrange(300),
        f"Please send a quote for item {picks.randrange(10**6)} soon",
        picks.choice(["Anna", "Jonas"]),
        f"+4930{picks.randrange(10**7):07d}",
        round(picks.random() * 1e6, 2),
        picks.random() < 0.5,
        f"{picks.randrange(10**5):05d}",
        picks.choice(["Berlin", "Wien", "Paris"]),
        picks.randrange(100),
        picks.choice(["hot", "warm", "cold"]),
        "New",
        "nothing planned",
        "big enough for a machine, asks for a price",
        picks.choice([None, "Email 1 sent"]),
    ]


def _rows(count: int, strings: _Strings) -> Iterator[str]:
    picks = random.Random(1)
    for number in range(count + 1):
        cells = HEADERS if number == 0 else _lead(number, picks)
        row = number + 1
        yield f'<row r="{row}" spans="1:20">'
        for at, cell in enumerate(cells):
            name = f"{chr(65 + at)}{row}"
            match cell:
                case None:
                    continue
                case bool():
                    yield f'<c r="{name}" t="b"><v>{int(cell)}</v></c>'
                case str():
                    yield strings.cell(name, cell)
                case _:
                    style = ' s="1"' if HEADERS[at] == "Asked-on" else ""
                    yield f'<c r="{name}"{style}><v>{cell}</v></c>'
        yield "</row>"


def make_workbook(path: Path, rows: int) -> None:
    """Write a workbook of leads the way Excel writes one: shared strings, spans, a style for dates."""
    strings = _Strings()
    body = "".join(_rows(rows, strings))
    sheet = f'<worksheet {_MAIN}><dimension ref="A1:T{rows + 1}"/><sheetData>{body}</sheetData></worksheet>'
    relation = f'<Relationship Id="rId{{}}" Type="{_OFFICE}/{{}}" Target="{{}}"/>'
    relations = [
        ("worksheet", "worksheets/sheet1.xml"),
        ("styles", "styles.xml"),
        ("sharedStrings", "sharedStrings.xml"),
    ]
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/{SHEET}" ContentType="{_TYPE}.worksheet+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{_TYPE}.styles+xml"/>'
        f'<Override PartName="/xl/sharedStrings.xml" ContentType="{_TYPE}.sharedStrings+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        + relation.format(1, "officeDocument", "xl/workbook.xml")
        + "</Relationships>",
        "xl/workbook.xml": f'<workbook {_MAIN} xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="Leads" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
        + "".join(relation.format(number, *each) for number, each in enumerate(relations, 1))
        + "</Relationships>",
        SHEET: sheet,
        "xl/styles.xml": f'<styleSheet {_MAIN}><fonts count="1"><font/></fonts>'
        '<fills count="1"><fill><patternFill/></fill></fills><borders count="1"><border/></borders>'
        '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="2"><xf/><xf numFmtId="14"/></cellXfs>'
        '<cellStyles count="1"><cellStyle name="Normal" xfId="0"/></cellStyles></styleSheet>',
        "xl/sharedStrings.xml": strings.xml(),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)


def _new_cell(row: int, header: str) -> object:
    return row % 97 if header == "Score" else f"new {row % 13}"


def read_openpyxl(path: Path) -> None:
    """Load everything, touch every cell."""
    from openpyxl import load_workbook

    for row in load_workbook(path)["Leads"].iter_rows(values_only=True):
        tuple(row)


def read_openpyxl_streaming(path: Path) -> None:
    """Read row by row, in read-only mode."""
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True)
    for row in book["Leads"].iter_rows(values_only=True):
        tuple(row)
    book.close()


def read_calamine(path: Path) -> None:
    """Iterate over rows."""
    from python_calamine import load_workbook

    for row in load_workbook(str(path)).get_sheet_by_name("Leads").iter_rows():
        tuple(row)


def read_ours(path: Path) -> None:
    """Read as `leadwright plan` does."""
    from automations.sources.excel import ExcelSource

    for _, cells in ExcelSource(path).read(HEADERS).rows:
        tuple(cells)


def patch_openpyxl(path: Path) -> None:
    """Load, set six cells in a tenth of the rows, save."""
    from openpyxl import load_workbook

    book = load_workbook(path)
    tab = book["Leads"]
    for row in range(1 + EVERY, tab.max_row + 1, EVERY):
        for at, header in enumerate(OWNED, len(HEADERS) - len(OWNED) + 1):
            tab.cell(row, at).value = _new_cell(row, header)  # type: ignore[assignment]
    book.save(path)


def patch_ours(path: Path) -> None:
    """Set the same cells by row and column, as openpyxl does."""
    from automations.sources.ooxml.editing import WorkbookEdit, write_edited
    from automations.sources.ooxml.edits import Edit
    from automations.sources.ooxml.package import Package
    from automations.sources.ooxml.sheets import OpenSheet, Tables, load_styles
    from automations.sources.ooxml.strings import SharedStrings

    with path.open("rb") as file, path.with_suffix(".new").open("wb") as target:
        package = Package(file)
        sheet = OpenSheet(package, package.sheets[0], Tables(SharedStrings(), load_styles(package)))
        columns = list(enumerate(OWNED, len(HEADERS) - len(OWNED) + 1))
        edits = {
            row: {column: Edit(_new_cell(row, header)) for column, header in columns}  # type: ignore[arg-type]
            for row in range(1 + EVERY, _last_row(path) + 1, EVERY)
        }
        write_edited(sheet, WorkbookEdit(edits), target)
    path.with_suffix(".new").replace(path)


def write_ours(path: Path) -> None:
    """Write as `leadwright run` does after reading: compare, patch, save durably, verify. Reading is not counted."""
    _write_ours(path, reads=True)


def write_ours_anew(path: Path) -> None:
    """Write as after somebody saved the workbook since it was read: find each lead by its key first."""
    _write_ours(path, reads=False)


def _write_ours(path: Path, *, reads: bool) -> None:
    from automations.core.leads import CellChange, CellOutcome, KeyRule, LeadKey
    from automations.sources.excel import ExcelSource

    picks = random.Random(1)
    changes = []
    for number in range(1, _last_row(path)):
        cells = _lead(number, picks)
        if number % EVERY == 0:
            changes += [
                CellChange(LeadKey(str(cells[0])), number + 1, header, cells[at], _new_cell(number + 1, header))  # type: ignore[arg-type]
                for at, header in enumerate(OWNED, len(HEADERS) - len(OWNED))
            ]
    source = ExcelSource(path)
    if reads:
        for _ in source.read(HEADERS).rows:
            pass
    began, used = time.perf_counter(), time.process_time()
    result = source.write(changes, KeyRule("Email", lambda cell: LeadKey(str(cell)) if cell else None))
    if any(cell.outcome is not CellOutcome.WRITTEN for cell in result.cells):
        raise SystemExit("not every cell was written")
    print(f"took {time.perf_counter() - began} {time.process_time() - used}")


def floor(path: Path) -> None:
    """Inflate and deflate the sheet part, and do nothing with it."""
    from automations.sources.ooxml.container import open_container, unpacked
    from automations.sources.ooxml.deflate import packer

    with path.open("rb") as file:
        stream = packer()
        for block in unpacked(file, next(each for each in open_container(file).members if each.name == SHEET)):
            stream.compress(block)
        stream.flush()


def _last_row(path: Path) -> int:
    return int(path.stem.rpartition("-")[2]) + 1


ENGINES: dict[str, Callable[[Path], None]] = {
    "read: openpyxl": read_openpyxl,
    "read: openpyxl read_only": read_openpyxl_streaming,
    "read: calamine, iterated": read_calamine,
    "read: leadwright": read_ours,
    "patch: openpyxl load, edit, save": patch_openpyxl,
    "patch: leadwright, cells by place": patch_ours,
    "patch: leadwright, as read, durable": write_ours,
    "patch: leadwright, leads by key, durable": write_ours_anew,
    "floor: inflate and deflate the sheet": floor,
}


def run_one(name: str, path: Path) -> None:
    """Run one engine here and print seconds, peak MiB and the size of the file afterwards."""
    began, used = time.perf_counter(), time.process_time()
    ENGINES[name](path)
    print(f"took {time.perf_counter() - began} {time.process_time() - used}")
    print(f"left {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024} {path.stat().st_size}")


@dataclass(frozen=True)
class Run:
    """One run of one engine."""

    seconds: float
    processor_seconds: float
    peak_mib: float
    size: int


def _measure(name: str, original: Path) -> Run:
    copy = original.with_name(f"copy-{original.stem.rpartition('-')[2]}.xlsx")
    shutil.copy(original, copy)
    command = [sys.executable, __file__, "--engine", name, "--file", str(copy)]
    return run_of(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def run_of(output: str) -> Run:
    """Return what an engine's process has printed about itself."""
    said = output.split()
    # An engine that prepares its work says itself, and first, what the work took.
    took, left = said.index("took"), said.index("left")
    return Run(float(said[took + 1]), float(said[took + 2]), float(said[left + 1]), int(said[left + 2]))


def main() -> None:
    """Make the workbook, run every engine in turn, print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--only", default="", help="run only engines whose name contains this")
    options.add_argument("--engine", help=argparse.SUPPRESS)
    options.add_argument("--make", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.make:
        make_workbook(chosen.make, chosen.rows)
        return
    if chosen.engine:
        run_one(chosen.engine, chosen.file)
        return
    with tempfile.TemporaryDirectory() as folder:
        original = Path(folder) / f"leads-{chosen.rows}.xlsx"
        # In a process of its own: a child is charged with the memory its parent had when it was started.
        subprocess.run([sys.executable, __file__, "--make", str(original), "--rows", str(chosen.rows)], check=True)
        names = [name for name in ENGINES if chosen.only in name]
        results: dict[str, list[Run]] = {name: [] for name in names}
        for _ in range(chosen.rounds):
            for name in names:
                results[name].append(_measure(name, original))
        _print_table(chosen.rows, original.stat().st_size, results)


def _print_table(rows: int, size: int, results: dict[str, list[Run]]) -> None:
    print(f"{rows:,} leads x {len(HEADERS)} columns, {size / 2**20:.1f} MiB; six cells change in every {EVERY}th row\n")
    print(f"{'':44}{'seconds':>9}{'processor':>11}{'peak MiB':>10}{'faster':>9}{'memory':>9}{'size':>8}")
    base: dict[str, tuple[float, float]] = {}
    for name, runs in results.items():
        seconds, used = median(run.seconds for run in runs), median(run.processor_seconds for run in runs)
        peak = median(run.peak_mib for run in runs)
        faster, memory = base.setdefault(name.partition(":")[0].replace("floor", "patch"), (used, peak))
        growth = runs[0].size / size - 1
        print(
            f"{name:44}{seconds:9.2f}{used:11.2f}{peak:10.0f}{faster / used:8.1f}x{memory / peak:8.1f}x{growth:+8.1%}"
        )


if __name__ == "__main__":
    main()
