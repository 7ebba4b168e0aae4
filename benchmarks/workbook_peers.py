"""Six cells in a tenth of the rows, or in all, by us and by others: ``python benchmarks/workbook_peers.py``.

The workbook and the way of measuring are those of ``workbook.py``; each engine has a process of its own. WolfXL and
pandas are measured where they are installed (``pip install wolfxl pandas``). What each kept is counted by the zip's own
reader: parts of the file that are the same bytes afterwards, and rows that read the same by calamine.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import workbook as bench

GIVEN_UP = "not installed"


def patch_wolfxl(path: Path) -> None:
    """Open in modify mode, set the cells, save."""
    import wolfxl  # type: ignore[import-not-found]

    book = wolfxl.load_workbook(str(path), modify=True)
    tab = book["Leads"]
    columns = list(enumerate(bench.OWNED, len(bench.HEADERS) - len(bench.OWNED) + 1))
    for row in range(1 + bench.EVERY, bench._last_row(path) + 1, bench.EVERY):  # noqa: SLF001 - the other half of this
        for at, header in columns:
            tab.cell(row, at).value = bench._new_cell(row, header)  # noqa: SLF001 - the same
    book.save(str(path.with_suffix(".new.xlsx")))
    path.with_suffix(".new.xlsx").replace(path)


def patch_pandas(path: Path) -> None:
    """Read the table, set the cells, write the table."""
    import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

    table = pd.read_excel(path, sheet_name="Leads")
    table[list(bench.OWNED)] = table[list(bench.OWNED)].astype(object)
    for row in range(1 + bench.EVERY, len(table) + 2, bench.EVERY):
        table.loc[row - 2, bench.OWNED] = [bench._new_cell(row, header) for header in bench.OWNED]  # noqa: SLF001 - the same
    table.to_excel(path, sheet_name="Leads", index=False)


ENGINES: dict[str, Callable[[Path], None]] = {
    "floor: inflate and deflate the sheet": bench.floor,
    "leadwright, cells by place": bench.patch_ours,
    "leadwright, as read, durable": bench.write_ours,
    "leadwright, leads by key, durable": bench.write_ours_anew,
    "WolfXL, modify mode": patch_wolfxl,
    "openpyxl": bench.patch_openpyxl,
    "pandas": patch_pandas,
}


def main() -> None:
    """Make the workbook, run every engine, print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    options.add_argument("--every", type=int, nargs="+", default=[10, 1], help="change every so manieth row")
    options.add_argument("--only", default="", help="run only engines whose name contains this; several with a comma")
    options.add_argument("--seconds", type=float, default=600, help="end an engine that takes longer")
    options.add_argument("--engine", help=argparse.SUPPRESS)
    options.add_argument("--compare", type=Path, help=argparse.SUPPRESS)
    options.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    chosen = options.parse_args()
    bench.EVERY = chosen.every[0]
    if chosen.compare:
        print(_kept(chosen.compare, chosen.file, chosen.every[0]))
        return
    if chosen.engine:
        bench.ENGINES |= ENGINES
        bench.run_one(chosen.engine, chosen.file)
        return
    with tempfile.TemporaryDirectory() as folder:
        for rows in chosen.rows:
            original = Path(folder) / f"leads-{rows}.xlsx"
            make = [sys.executable, bench.__file__, "--make", str(original), "--rows", str(rows)]
            subprocess.run(make, check=True)
            for every in chosen.every:
                _print_table(original, rows, every, chosen.only.split(","), chosen.seconds)


def _print_table(original: Path, rows: int, every: int, only: list[str], seconds: float) -> None:
    size = original.stat().st_size
    changed = "all rows" if every == 1 else f"every {every}th row"
    print(f"\n{rows:,} leads x {len(bench.HEADERS)} columns, {size / 2**20:.1f} MiB; six cells change in {changed}")
    print(f"{'':38}{'seconds':>9}{'peak MiB':>10}{'size':>8}{'parts kept':>12}  first row that reads otherwise")
    for name in ENGINES:
        if any(word in name for word in only):
            print(f"{name:38}{_line(name, original, every, seconds)}", flush=True)


def _line(name: str, original: Path, every: int, seconds: float) -> str:
    """Return what came of one engine."""
    copy = original.with_name(f"copy-{original.stem.rpartition('-')[2]}.xlsx")
    shutil.copy(original, copy)
    command = [sys.executable, __file__, "--engine", name, "--file", str(copy), "--every", str(every)]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return f"  no end after {seconds:.0f} s"
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["killed"])[-1]
        return f"  {GIVEN_UP if 'ModuleNotFoundError' in last else last[:70]}"
    said = done.stdout.split()
    took, left = float(said[said.index("took") + 1]), said.index("left")
    growth = int(said[left + 2]) / original.stat().st_size - 1
    return f"{took:9.2f}{float(said[left + 1]):10.0f}{growth:+8.1%}{_compared(original, copy, every)}"


def _compared(original: Path, copy: Path, every: int) -> str:
    """Return what `_kept` says, from a process of its own: a child is charged with the memory its parent had."""
    command = [sys.executable, __file__, "--compare", str(original), "--file", str(copy), "--every", str(every)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.rstrip()


def _kept(original: Path, copy: Path, every: int) -> str:
    """Return how many parts are the same bytes, and the first row that reads otherwise though nobody changed it."""
    from automations.sources.ooxml.secondreader import Unreadable, compare_members, read_all

    columns = range(len(bench.HEADERS) - len(bench.OWNED) + 1, len(bench.HEADERS) + 1)
    last = bench._last_row(original)  # noqa: SLF001 - the other half of this
    cells = {("Leads", (row, column)) for row in range(1 + every, last + 1, every) for column in columns}
    with original.open("rb") as before, copy.open("rb") as after:
        try:
            members = compare_members(before, after)
            kept = f"{members.unchanged} of {members.unchanged + len(members.changed)}"
        except Unreadable:
            kept = "others"
        if last > 200_000:  # two readings of so many cells take more memory than the engines that are measured
            return f"{kept:>12}"
        other = read_all(before, cells).difference(read_all(after, cells))
    return f"{kept:>12}  {other or 'none'}"


if __name__ == "__main__":
    main()
