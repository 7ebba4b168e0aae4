"""The page about workbooks tells the truth: every reason stands there, and its numbers are those of the command."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from corpus import corpus, needs_corpus

from automations.sources.ooxml.container import MAX_MEMBER_BYTES, MAX_MEMBERS, MAX_RATIO, MAX_TOTAL_BYTES
from automations.sources.ooxml.refusals import Reason

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / "docs" / "workbooks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_is_explained(reason: Reason) -> None:
    """Whoever is refused finds the reason on the page by the words of the refusal."""
    words = reason.value.removeprefix("the format of ").removeprefix("a ").removeprefix("protected ")

    assert words in PAGE


def test_limits_are_those_of_the_code() -> None:
    """The largest workbook is as large as the page says."""
    assert (MAX_TOTAL_BYTES, MAX_MEMBER_BYTES, MAX_MEMBERS, MAX_RATIO) == (2 << 30, 1 << 30, 5_000, 100)
    assert "2 GB in all, 1 GB a part, 5,000 parts, 100 times its packed size" in PAGE


@needs_corpus
@pytest.mark.timeout(300)
def test_the_table_is_what_the_command_prints() -> None:
    """The counts by reason are those of today's code over all workbooks."""
    folder = corpus("xlsx")

    done = subprocess.run(
        [sys.executable, "benchmarks/corpus_reasons.py", "--corpus", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
        timeout=280,
    )

    table = re.search(r"\| what became of it \|.*?\| all \| \d+ \|\n", PAGE, re.DOTALL)
    assert table is not None
    assert done.stdout == table[0]
