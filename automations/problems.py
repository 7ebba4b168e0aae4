"""How a problem is drawn: where and what, the line, and a caret under the part that is wrong.

config.yaml:36:11  scoring, rule 1: there is no column "employes"
   |
36 |     when: employes >= 20
   |           ^^^^^^^^ did you mean "employees" (Office size)?
"""

from __future__ import annotations

import unicodedata

from automations.errors import Place, Problem

TAB_WIDTH = 4
MAX_WIDTH = 120
"""Columns of a drawing; a longer line is shown around the part that is wrong."""


def show(problem: Problem) -> str:
    """Return a problem as it is shown on a screen, without colour and without a line break at the end."""
    head = f"{problem.where}  {problem.what}"
    if problem.place is None or not problem.place.text:
        return "\n".join([head, *(f"    {hint}" for hint in (problem.under, problem.fix) if hint)])
    margin = " " * len(str(problem.place.line))
    line, caret = _drawn(problem.place)
    under = problem.under or problem.fix
    marked = f"{margin} | {caret}"
    if under and len(marked) + 1 + len(under) <= MAX_WIDTH:
        drawing = [f"{marked} {under}"]
    else:
        drawing = [marked, *([f"{margin} |     {under}"] if under else [])]
    if problem.under and problem.fix:
        drawing.append(f"{margin} = {problem.fix}")
    return "\n".join([head, f"{margin} |", f"{problem.place.line} | {line}", *drawing])


def _drawn(place: Place) -> tuple[str, str]:
    """Return the line as a terminal shows it, and spaces and carets to stand under it."""
    cells = [_cell(sign) for sign in place.text]
    start = place.column - 1
    end = max(start + 1, min(start + place.width, len(cells)))
    first, last = _cut(cells, start, end)
    shown = "".join(text for text, _ in cells[first:last])
    before = sum(width for _, width in cells[first:start])
    under = sum(width for _, width in cells[start : min(end, last)]) or 1
    left, right = ("... " if first else ""), (" ..." if last < len(cells) else "")
    return left + shown + right, " " * (len(left) + before) + "^" * under


def _cut(cells: list[tuple[str, int]], start: int, end: int) -> tuple[int, int]:
    """Return which cells to show: all, or those around the part that is wrong."""
    room = MAX_WIDTH - 20
    if len(cells) <= room:
        return 0, len(cells)
    first = max(0, min(start - room // 3, len(cells) - room))
    return first, min(len(cells), max(first + room, min(end, start + room)))


def _cell(sign: str) -> tuple[str, int]:
    """Return how a sign is shown, and on how many columns (Unicode Standard Annex 11)."""
    if sign == "\t":
        return " " * TAB_WIDTH, TAB_WIDTH
    if unicodedata.combining(sign) or unicodedata.category(sign) in ("Mn", "Me", "Cf"):
        return sign, 0
    if not sign.isprintable():
        return "\N{REPLACEMENT CHARACTER}", 1
    return sign, 2 if unicodedata.east_asian_width(sign) in ("W", "F") else 1
