"""Where the corpus is: real leads, workbooks, bounces and replies that others made. It is read in place, never copied.

A test that reads it carries the marker ``needs_corpus`` and asks ``corpus("leads/x-education")`` for the path.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_BESIDE_THE_REPOSITORY = Path(__file__).resolve().parents[2] / "shared" / "corpus"

CORPUS = Path(os.environ.get("LEADWRIGHT_CORPUS") or _BESIDE_THE_REPOSITORY)
"""The folder; it may not be there."""

needs_corpus = pytest.mark.needs_corpus
"""Skips a test where the corpus is not; in CI the test fails instead."""


def corpus(path: str) -> Path:
    """Return where one file or folder of the corpus is; skips the test that asks when it is not there.

    For test functions; what is listed while tests are collected uses `corpus_files`.
    """
    found = CORPUS / path
    if not found.exists():
        pytest.skip(f"the corpus has no {path}; set LEADWRIGHT_CORPUS to its folder")
    return found


def corpus_files(pattern: str) -> tuple[Path, ...]:
    """Return the files that match a glob pattern, sorted by name; none where the corpus is absent."""
    return tuple(sorted(CORPUS.glob(pattern))) if CORPUS.is_dir() else ()
