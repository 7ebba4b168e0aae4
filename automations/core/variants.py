"""Which of several texts of one email a lead gets: an even split that nobody's edit reshuffles."""

from __future__ import annotations

import hashlib

from automations.core.leads import LeadKey

MOST_VARIANTS = 26
"""As many as there are letters to call them by."""


def variant_of(step: str, key: LeadKey, count: int) -> int:
    """Return which of *count* texts, from 0, a lead gets in the step of that name.

    It depends on the lead and the step alone: not on the files' names, the other leads or the day. One more text takes
    its share evenly from the others and moves nobody else (rendezvous hashing: each text draws a lot, the highest
    wins).

    >>> [variant_of("welcome-1", LeadKey(f"{name}@muster.example"), 2) for name in ("eva", "tom", "li", "kim")]
    [0, 1, 0, 1]
    """
    return max(range(count), key=lambda number: hashlib.sha256(f"{step}\n{key}\n{number}".encode()).digest())


def letter_of(number: int) -> str:
    """Return how a text is called: A for the first."""
    return chr(ord("A") + number)
