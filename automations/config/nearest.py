"""The nearest right spelling of a wrong word."""

from __future__ import annotations

from collections.abc import Iterable

_CUTOFF = 0.6
_FIRST_LETTER = 0.01
_SHOWN = 8
"""Longest list of right words that is shown whole."""


def nearest(wrong: str, right: Iterable[str]) -> str | None:
    """Return the one of *right* that *wrong* was most likely meant to be, without regard to case; None if none is near.

    >>> nearest("refferal", ["Website", "Referral", "Trade fair"])
    'Referral'
    """
    # Only a mistake needs it: importing difflib costs as much as reading the whole file.
    from difflib import SequenceMatcher  # noqa: PLC0415

    meant = wrong.strip().casefold()
    matcher = SequenceMatcher(b=meant)
    best, most = None, _CUTOFF
    for each in right:
        folded = each.casefold()
        matcher.set_seq1(folded)
        # The first letter is seldom the wrong one: Munday is Monday, not Sunday.
        bonus = _FIRST_LETTER if folded[:1] == meant[:1] else 0.0
        if matcher.real_quick_ratio() + bonus > most and (likeness := matcher.ratio() + bonus) > most:
            best, most = each, likeness
    return best


def hint(wrong: str, right: Iterable[str], *, kind: str) -> str:
    """Return what to say under a wrong word: the nearest right one, or all of them when they are few.

    >>> hint("monday", ["run", "inbox"], kind="jobs")
    'jobs: run, inbox'
    """
    words = tuple(right)
    near = nearest(wrong, words)
    if near is not None:
        return f'did you mean "{near}"?'
    if not words:
        return f"there are no {kind} yet"
    shown = ", ".join(words[:_SHOWN]) + (", ..." if len(words) > _SHOWN else "")
    return f"{kind}: {shown}"
