"""20,000 days in a shared sheet, ours beside writing by row number: ``python benchmarks/sheets_model.py [--days N]``.

Between any two of our calls people sort, insert, delete, move and edit, with a chance that is given for each row of the
table: calm is 2 in 100, hot 25 in 100, a storm 70 in 100. A day has 30 leads, 10 of which get a new value. Counted are
the days and the values that ended in another lead's row, and those of them that nobody was told of.

`rare` days have copied rows, changed addresses and new columns besides. After a repair there is one more look: a row
that was copied, or got another address, in the second before it could keep a value that nobody was told of. That
leaves, on one day in two hundred of a storm with rare deeds, a value beside a lead whose address changed twice or in
the last second of all; telling by value alone would name what people typed themselves.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from sheet_days import RARE, USUAL, WRITERS, season  # noqa: E402 - found only now

HEATS = {"calm": 0.02, "hot": 0.25, "storm": 0.7}


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--days", type=int, default=20_000)
    days = range(parser.parse_args().days)
    print(f"{'days':6} {'deeds':6} {'writer':14} {'edits':>7} {'calls a day':>11} {'most':>4}", end=" ")
    print(f"{'days wrong':>10} {'values':>7} {'untold':>7} {'seconds':>8}")
    for name, heat in HEATS.items():
        for deeds, chosen in {"usual": USUAL, "rare": USUAL + RARE}.items():
            for writer, write in WRITERS.items():
                began = time.process_time()
                done = season(days, heat, write, deeds=chosen)
                seconds = time.process_time() - began
                calls = done.calls / done.days
                print(f"{name:6} {deeds:6} {writer:14} {done.edits:7} {calls:11.2f} {done.most_calls:4}", end=" ")
                print(f"{done.days_wrong:10} {done.wrong:7} {done.silent + done.missing:7} {seconds:8.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
