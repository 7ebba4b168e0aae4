"""Six cells in a tenth of the rows, or in all, by us and by others: ``python benchmarks/workbook_peers.py``.

The workbook and the way of measuring are those of ``workbook.py``; each engine has a process of its own. The others
are installed into a throw-away environment, or used from the one whose Python ``--peers`` names. An engine that takes
longer than ``--seconds`` is ended, and the table says so. What each kept is counted by the zip's own reader: parts of
the file that are the same bytes afterwards, and the first row that reads otherwise by calamine.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import workbook as bench

GIVEN_UP = "not installed"
PEERS = ("openpyxl", "wolfxl", "pandas")


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
    "openpyxl": bench.patch_openpyxl,
    "WolfXL, modify mode": patch_wolfxl,
    "pandas": patch_pandas,
    "floor: inflate and deflate the sheet": bench.floor,
    "leadwright, cells by place": bench.patch_ours,
    "leadwright, as read, durable": bench.write_ours,
    "leadwright, leads by key, durable": bench.write_ours_anew,
}
OTHERS = frozenset({"openpyxl", "WolfXL, modify mode", "pandas"})
"""What runs in the environment of the others."""


def main() -> None:
    """Make the workbook, run every engine, print the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000])
    options.add_argument("--every", type=int, nargs="+", default=[10, 1], help="change every so manieth row")
    options.add_argument("--only", default="", help="run only engines whose name contains this; several with a comma")
    options.add_argument("--seconds", type=float, default=600, help="end an engine that takes longer")
    options.add_argument("--peers", type=Path, help="the Python of an environment with openpyxl, wolfxl and pandas")
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
        peers = chosen.peers or _install_peers(Path(folder) / "peers")
        for rows in chosen.rows:
            original = Path(folder) / f"leads-{rows}.xlsx"
            make = [sys.executable, bench.__file__, "--make", str(original), "--rows", str(rows)]
            subprocess.run(make, check=True)
            for every in chosen.every:
                _print_table(_Task(original, rows, every, chosen.seconds, peers), chosen.only.split(","))


def _install_peers(folder: Path) -> Path:
    """Make an environment with the others in it, and return its Python."""
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    python = folder / "bin" / "python"
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PEERS], check=True)
    return python


@dataclass(frozen=True)
class _Task:
    """What every engine of one table is given."""

    original: Path
    rows: int
    every: int
    seconds: float
    peers: Path


def _print_table(task: _Task, only: list[str]) -> None:
    size = task.original.stat().st_size
    changed = "all rows" if task.every == 1 else f"every {task.every}th row"
    print(
        f"\n{task.rows:,} leads x {len(bench.HEADERS)} columns, {size / 2**20:.1f} MiB; six cells change in {changed}"
    )
    print(
        f"{'':38}{'seconds':>9}{'processor':>11}{'faster':>9}{'peak MiB':>10}{'memory':>8}{'size':>8}{'parts kept':>12}"
        "  first row that reads otherwise"
    )
    base: list[bench.Run] = []
    for name in ENGINES:
        if any(word in name for word in only):
            print(f"{name:38}{_line(name, task, base)}", flush=True)


def _line(name: str, task: _Task, base: list[bench.Run]) -> str:
    """Return what came of one engine, beside the first one that came to an end."""
    copy = task.original.with_name(f"copy-{task.original.stem.rpartition('-')[2]}.xlsx")
    shutil.copy(task.original, copy)
    python = str(task.peers) if name in OTHERS else sys.executable
    command = [python, __file__, "--engine", name, "--file", str(copy), "--every", str(task.every)]
    try:
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=task.seconds)
    except subprocess.TimeoutExpired:
        return f"  no end after {task.seconds:.0f} s"
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["killed for want of memory"])[-1]
        return f"  {GIVEN_UP if 'ModuleNotFoundError' in last else last[:70]}"
    run = bench.run_of(done.stdout)
    if not base:
        base.append(run)
    faster, memory = base[0].processor_seconds / run.processor_seconds, base[0].peak_mib / run.peak_mib
    growth = run.size / task.original.stat().st_size - 1
    return (
        f"{run.seconds:9.2f}{run.processor_seconds:11.2f}{faster:8.1f}x{run.peak_mib:10.0f}{memory:7.1f}x{growth:+8.1%}"
        f"{_compared(task.original, copy, task.every)}"
    )


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
