"""A whole run beside openpyxl, and how soon a command answers: ``python benchmarks/run.py [--rows 100000] [--runs 3]``.

- A run: read 100,000 leads of 20 columns, qualify them by 30 rules, write back. The first run fills our six columns in
  every row; the next finds that one lead in ten has replied, and changes all six in those rows.
- Each is measured twice. "alone" is what openpyxl can be compared with: from opening the workbook to the last byte
  written back, with what the ledger knows at hand; its copy of the book and its waiting for the disk are in it. "the
  command" is all of `leadwright run`, from the start of the process to its end, with the ledger opened, read and
  written.
- Beside them openpyxl loads the same workbook, sets the same cells and saves it: no rules, no ledger, no look back.
- Start-up: ``leadwright --help`` and ``check`` of the sample, beside a Python that does nothing.

Every run is a process of its own, in turn with the others; processor time and peak memory are the system's count, those
of "alone" counted within the process. Read the ratios, not the seconds.

What was tried and did not help: deciding each batch of leads right after reading it, while its cells may still be in
the processor's cache (as fast, with 35 MiB less; but what needs the whole book, such as doubles, would get hard);
deciding in the order of the rows instead of that of the keys (as fast); folding the texts of a column at once, each
different one once (slower, as soon as most of them differ).
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.big_book import FIELDS, OWNED, RULES, lead, write_book, write_config  # noqa: E402 - found by the line above

CACHE = Path(tempfile.gettempdir()) / f"leadwright-benchmark-{os.getuid()}"
"""Where compiled modules are kept, whatever the environment says about that."""
EVERY = 10
"""One lead in so many replies between the runs."""


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

    begin = time.process_time()
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
    print(time.process_time() - begin, flush=True)


def read_decide_write(folder: Path, rows: int) -> None:
    """Do with the book what a run does, by its own functions; print the seconds from opening it to the last byte."""
    from automations.core.books import key_rule
    from automations.core.history import History
    from automations.project import load_project
    from automations.sheetwork import cell_changes
    from automations.workplace import read_and_decide

    class Remembered:
        def __init__(self, known: History) -> None:
            self.known = known

        def history(self, _: datetime) -> History:
            return self.known

    project, now = load_project(folder / "config.yaml", os.environ), datetime.now(UTC)
    with project.open_ledger() as ledger:
        known = Remembered(ledger.history(now))
    begin = time.process_time()
    source = project.open_source()
    plan = read_and_decide(project, source, known, now).decision.plan
    if plan.leads_read != rows:
        raise SystemExit(f"{plan.leads_read} leads read, not {rows}")
    if plan.updates:
        source.write(cell_changes(plan.updates), key_rule(project.policy.columns))
    print(time.process_time() - begin, flush=True)
    os._exit(0)  # as the command does


PARTS: dict[str, Callable[[Path, int], None]] = {
    each.__name__: each for each in (make, reply, openpyxl_tenth, openpyxl_all, read_decide_write)
}


# --- Measuring. ---


@dataclass(frozen=True, slots=True)
class Cost:
    """What one process took: seconds of processor time, and the most memory it held, in MiB."""

    seconds: float
    mebibytes: float


def cost(*command: str, output: str = os.devnull) -> Cost:
    """Return what a process takes that must succeed; its modules are compiled already, as those of a program are."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPATH": str(ROOT), "PYTHONPYCACHEPREFIX": str(CACHE)}
    written = [(os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)]
    child = os.posix_spawn(sys.executable, [sys.executable, *command], environment, file_actions=written)
    _, status, usage = os.wait4(child, 0)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"{' '.join(command)} failed")
    return Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def middle(costs: Sequence[Cost]) -> Cost:
    """Return the medians of several runs."""
    return Cost(median(each.seconds for each in costs), median(each.mebibytes for each in costs))


def part(name: str, folder: Path, rows: int, output: str = os.devnull) -> Cost:
    """Return what one of the parts above takes, its process and all."""
    return cost(str(Path(__file__).resolve()), name, str(folder), str(rows), output=output)


def part_alone(name: str, folder: Path, rows: int) -> Cost:
    """Return what one of the parts takes by its own account, without the start of its process; but all its memory."""
    said = folder / "seconds"
    whole = part(name, folder, rows, output=str(said))
    return Cost(float(said.read_text(encoding="ascii")), whole.mebibytes)


def leadwright(folder: Path, *words: str) -> Cost:
    """Return what a command takes."""
    return cost("-m", "automations", "--config", str(folder / "config.yaml"), "--quiet", *words)


def in_turn(book: Path, work: Path, rows: int, runs: int, baseline: str) -> tuple[Cost, Cost, Cost]:
    """Return the medians of reading, deciding and writing alone, of the command, and of openpyxl, in turn."""
    measures: tuple[Callable[[], Cost], ...] = (
        lambda: part_alone("read_decide_write", work, rows),
        lambda: leadwright(work, "run", "--yes"),
        lambda: part_alone(baseline, work, rows),
    )
    costs: tuple[list[Cost], ...] = ([], [], [])
    for _ in range(runs):
        for found, measure in zip(costs, measures, strict=True):
            shutil.rmtree(work, ignore_errors=True)
            shutil.copytree(book, work)
            found.append(measure())
    return middle(costs[0]), middle(costs[1]), middle(costs[2])


def show(name: str, ours: Cost, theirs: Cost) -> None:
    """Print a line: what a run takes, what openpyxl takes, the ratios and the goals."""
    speed, size = theirs.seconds / ours.seconds, theirs.mebibytes / ours.mebibytes
    taken = "   ".join(f"{each.seconds:6.2f} s {each.mebibytes:5.0f} MiB" for each in (ours, theirs))
    print(
        f"{name:<30} {taken}   {speed:4.1f} times faster (goal 10), 1/{size:.1f} of its memory (goal 1/4)", flush=True
    )


def measure_runs(folder: Path, rows: int, runs: int) -> None:
    """Print what runs take beside openpyxl."""
    book, work = folder / "book", folder / "work"
    book.mkdir()
    part("make", book, rows)
    print(f"{rows:,} leads, {len(FIELDS) + len(OWNED)} columns, {len(RULES)} rules; medians of {runs}")
    print(f"{'':<30} {'leadwright':>19}   {'openpyxl':>19}")

    def measure(name: str, baseline: str) -> None:
        alone, command, theirs = in_turn(book, work, rows, runs, baseline)
        show(f"{name}, alone", alone, theirs)
        show(f"{name}, the command", command, theirs)

    measure("first run", "openpyxl_all")
    leadwright(book, "run", "--yes")
    measure("nothing changed", "openpyxl_tenth")
    part("reply", book, rows)
    measure("one row in ten", "openpyxl_tenth")


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
