"""Prove every workbook of a corpus, and count by reason those that would be left alone: for docs/workbooks.md.

Run it as ``python benchmarks/corpus_reasons.py --corpus ../shared/corpus/xlsx``, with --names for the files, too.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from io import BytesIO
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

PROVED = "proved: three cells changed, and nothing else"


def main() -> int:
    """Print the table; with --names the files of every line but the first, too."""
    from automations.sources.ooxml.proving import prove

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    beside = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "xlsx"
    parser.add_argument("--corpus", type=Path, default=beside)
    parser.add_argument("--names", action="store_true")
    asked = parser.parse_args()
    files: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(asked.corpus.glob("*.x*")):
        with path.open("rb") as file:
            refused = prove(file, path.name, {}, BytesIO()).refused
        files[refused.reason if refused else PROVED].append(path.name)
    print("| what became of it | workbooks |\n|---|---:|")
    for reason, names in sorted(files.items(), key=lambda each: (-len(each[1]), each[0])):
        print(f"| {reason} | {len(names)} |")
    print(f"| all | {sum(map(len, files.values()))} |")
    if asked.names:
        print(*(f"{reason}: {', '.join(names)}" for reason, names in files.items() if reason != PROVED), sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
