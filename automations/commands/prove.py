"""``leadwright prove``: what we would do to a workbook, shown on a copy of it first."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import click

from automations.commands.common import Asked, as_command
from automations.core.cells import as_text
from automations.core.leads import Cell
from automations.errors import SourceOutOfReach, WrongUsage
from automations.report.text import count, cut, plain, say_cell, table, wrapped

if TYPE_CHECKING:
    from automations.sources.ooxml.proving import Proof

_SET = re.compile(r"(?:(?P<tab>.+?)!)?\$?(?P<letters>[A-Za-z]{1,3})\$?(?P<row>[0-9]{1,7})=(?P<text>.*)", re.DOTALL)
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]+)?", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_WORDS = {"TRUE": True, "FALSE": False, "": None}


@as_command("prove")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--set", "wanted", metavar="TAB!CELL=TEXT", multiple=True, help="A cell to change, like Leads!B2=hot.")
@click.option("--out", metavar="COPY", type=click.Path(path_type=Path), help="Keep the changed copy there.")
@click.pass_obj
def command(asked: Asked, file: Path, *, wanted: Sequence[str], out: Path | None) -> int:
    """Change three cells in a copy of FILE, and show that nothing else in it is different.

    FILE is only read, and needs no config.yaml. Without --set the cells are ours to choose: a text, a cell beside
    the data and one below it. Numbers, days (2026-11-23), TRUE and FALSE are written as such. Ends with 0 when it
    is proved, with 3 when the workbook would be left alone.
    """
    wishes = _wishes(wanted)
    proof = _proved(file, wishes, out)
    asked.answer(proof_to_json(proof), proof_screen(proof, file.name, out))
    return SourceOutOfReach.exit_code if proof.refused else 0


def _proved(file: Path, wishes: dict[str, dict[tuple[int, int], Cell]], out: Path | None) -> Proof:
    """Return the proof; the copy stays at *out* only when there is one."""
    from automations.sources.ooxml.proving import Proof, Refusal, prove  # noqa: PLC0415 - --help does not need it
    from automations.sources.saving import opened  # noqa: PLC0415 - --help does not need it

    is_proved = False
    with _copy(out) as copy:
        try:
            with opened(file, file.name) as original:
                proof = prove(original, file.name, wishes, copy)
            is_proved = proof.refused is None
        except SourceOutOfReach as err:
            proof = Proof(refused=Refusal(file.name, err.what, "name a workbook that we may read", "not there"))
        finally:
            if out and not is_proved:
                out.unlink()
    return proof


def _copy(out: Path | None) -> BinaryIO:
    if out is None:
        return tempfile.TemporaryFile()
    try:
        return out.open("x+b")
    except FileExistsError:
        raise WrongUsage(f"{out} is there already; nothing was written", fix="name a file that is not there") from None


def _wishes(wanted: Sequence[str]) -> dict[str, dict[tuple[int, int], Cell]]:
    """Return what ``--set`` asks for, by tab and place; the tab is "" when none is named."""
    from automations.sources.ooxml.references import parse_reference  # noqa: PLC0415 - --help does not need it

    wishes: dict[str, dict[tuple[int, int], Cell]] = {}
    for text in wanted:
        found = _SET.fullmatch(text)
        place = parse_reference(f"{found['letters']}{found['row']}".encode()) if found else None
        if found is None or place is None:
            raise WrongUsage(
                f'--set "{text}" names no cell and its new text', fix="write it like  --set 'Leads!B2=hot'"
            )
        wishes.setdefault(_tab(found["tab"] or ""), {})[place] = cell_of(found["text"])
    return wishes


def _tab(text: str) -> str:
    """Return a tab's name without the quotes that Excel puts around some."""
    is_quoted = len(text) > 1 and text[0] == text[-1] == "'"
    return text[1:-1].replace("''", "'") if is_quoted else text


def cell_of(text: str) -> Cell:
    """Return what a typed text is: a number, a day, yes or no, nothing, or the text as it stands.

    >>> cell_of("80"), cell_of("00123"), cell_of("=1+1"), cell_of("TRUE"), cell_of("")
    (80, '00123', '=1+1', True, None)
    """
    if text in _WORDS:
        return _WORDS[text]
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    if _DAY.fullmatch(text):
        with suppress(ValueError):
            return date.fromisoformat(text)
    return text


def proof_to_json(proof: Proof) -> dict[str, object]:
    """Return a proof for a program; days and times as texts."""
    refused = proof.refused
    return {
        "changed_members": list(proof.changed_members),
        "unchanged_members": proof.unchanged_members,
        "cells": [{"cell": each.cell, "old": _json(each.old), "new": _json(each.new)} for each in proof.cells],
        "refused": {"where": refused.where, "what": refused.what, "fix": refused.fix} if refused else None,
    }


def _json(cell: Cell) -> str | int | float | bool | None:
    if isinstance(cell, (datetime, date, time, timedelta)):
        return as_text(cell)
    return int(cell) if isinstance(cell, float) and cell.is_integer() else cell


def proof_screen(proof: Proof, name: str, out: Path | None) -> str:
    """Return a proof as a person reads it."""
    if proof.refused:
        refused = proof.refused
        where = "" if refused.what.startswith(refused.where) else f"{refused.where}: "
        return f"We would leave {name} alone. {where}{refused.what}.\n    {refused.fix}\nNothing was changed."
    rows = [(plain(each.cell), _shown(each.old), "->", _shown(each.new)) for each in proof.cells]
    same = count(proof.unchanged_members, "part is", "parts are")
    others = count(proof.other_cells, "other cell reads", "other cells read")
    words = f"{same} the same, byte for byte; {others} the same in another program (calamine).".split(" ")
    parts = f"Changed inside the file: {', '.join(plain(each) for each in proof.changed_members)}.".split(" ")
    return "\n".join(
        [
            f"Proved on a copy of {name}: {count(len(rows), 'cell')} changed, and nothing else.",
            *("  " + line for line in table(rows, most=(24, 24, 2), width=78)),
            wrapped(parts, indent=0),
            wrapped(words, indent=0),
            f"{name} was only read. " + (f"The copy is {out}." if out else "The copy is gone; keep it with --out."),
        ]
    )


def _shown(cell: Cell) -> str:
    return cut(say_cell(cell), 40)
