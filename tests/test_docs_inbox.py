"""The page about what comes back tells the truth: its table is today's, and every kind stands there."""

from __future__ import annotations

from pathlib import Path

import pytest
from corpus import corpus, needs_corpus
from inbox_scores import GROUPS, labelled_mail, ours, row, score

from automations.core.incoming import Kind
from automations.mail.incoming.parse import MAX_HEADER, MAX_PARTS

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "inbox.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_explained(kind: Kind) -> None:
    """Whoever sees a kind finds it in the table, with what it is known by and what follows."""
    assert f"\n| {kind.value} | " in PAGE


def test_bounds_are_those_of_the_code() -> None:
    """What is set aside is as large as the page says."""
    assert f"a header of {MAX_HEADER // 1024} KB, {MAX_PARTS} parts" in PAGE


@needs_corpus
@pytest.mark.parametrize("group", GROUPS)
def test_figures_are_todays(group: str) -> None:
    """The figures are those of today's code: `python benchmarks/inbox.py` prints the table anew."""
    mails = [each for each in labelled_mail(corpus("bounces").parent) if each.group == group]

    assert row(group, "Leadwright", score(mails, ours)) in PAGE
