"""Mails of the corpus, mutated: nothing may leave the reader but a verdict, in time, whatever it is given.

    python benchmarks/fuzz_mail.py --corpus ../shared/corpus --count 100000 --seed 1 [--seconds 3600]

Prints how many mails were read, the slowest, the memory at its highest, and each failure with what makes it again.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from fuzzed_mail import fuzz  # noqa: E402 - beside the tests, which read some of the same mails
from inbox_scores import seeds  # noqa: E402 - beside the tests


def main() -> None:
    """Print what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=Path("../shared/corpus"))
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3600)
    asked = parser.parse_args()
    found = fuzz(seeds(asked.corpus), asked.count, seed=asked.seed, until=time.monotonic() + asked.seconds)
    print(f"{sum(found.kinds.values())} mails: " + ", ".join(f"{n} {kind}" for kind, n in found.kinds.most_common()))
    print(f"slowest {found.slowest[0]:.3f} s (number {found.slowest[1]} of seed {asked.seed})")
    print(f"memory at its highest {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB")
    for each in found.failed:
        print(f"FAILED number {each.number}: {each.what}")
    sys.exit(1 if found.failed else 0)


if __name__ == "__main__":
    main()
