"""What a person is told when a command cannot do what it was asked: a sentence, a remedy, never a traceback."""

from __future__ import annotations

import errno
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any

import click

from automations.commands.common import OWN_FOLDER, as_json_text, write
from automations.errors import (
    INTERRUPTED_EXIT_CODE,
    OUR_FAULT_EXIT_CODE,
    LeadwrightError,
    OutOfReach,
    Place,
    Problem,
    WrongConfig,
    WrongUsage,
)

_SECRET_NAME = re.compile(r"PASS|SECRET|TOKEN|KEY|CREDENTIAL", re.IGNORECASE)
_LOGIN_IN_URL = re.compile(r"(?<=://)[^/\s@]+@")
_SHORTEST_SECRET = 4
_FULL = (errno.ENOSPC, errno.EDQUOT)
_DISK = {
    errno.EACCES: "we may not use it",
    errno.EPERM: "we may not use it",
    errno.EROFS: "the disk is read-only",
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk is full",
    errno.ENOENT: "it is not there",
    errno.ENOTDIR: "a part of its path is no folder",
    errno.EISDIR: "it is a folder",
    errno.EEXIST: "a file of that name is there already",
}


def tell(error: BaseException, words: Sequence[str]) -> int:
    """Tell a person, or with --json a program, what went wrong; return the exit code. *words* is the command line."""
    said = _said(error, words)
    try:
        if "--json" in words:
            write(as_json_text({"error": _as_json(said)}))
            return said.exit_code
    except OSError:
        pass  # standard output is what cannot be written
    with suppress(OSError):
        click.echo(_as_text(said), err=True)
    return said.exit_code


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return a problem of a file as the appendix has it: {file, line, column, what, fix}."""
    place = problem.place or _written_place(problem.where)
    return {
        "file": place.file if place else problem.where,
        "line": place.line if place else None,
        "column": place.column if place else None,
        "what": problem.what,
        "fix": problem.fix or problem.under,
    }


def _written_place(where: str) -> Place | None:
    """Return the place that ``config.yaml:110`` or ``config.yaml:110:5`` tells of; None for other words."""
    found = re.fullmatch(r"([^:]+):(\d+)(?::(\d+))?", where)
    return Place(found[1], int(found[2]), int(found[3] or 1)) if found else None


def problems_text(problems: Sequence[Problem]) -> str:
    """Return every problem as it is drawn, and their number."""
    from automations.problems import show  # noqa: PLC0415 - only a wrong config needs it

    count = f"{len(problems)} problem{'s' if len(problems) != 1 else ''}. Nothing was sent or changed."
    return "\n\n".join([*(show(problem) for problem in problems), count])


def _as_text(error: LeadwrightError) -> str:
    if isinstance(error, WrongConfig):
        return problems_text(error.problems)
    return error.what + (f"\n    {error.fix}" if error.fix else "")


def _as_json(error: LeadwrightError) -> dict[str, Any]:
    told = {"kind": type(error).__name__, "what": error.what, "fix": error.fix, "exit_code": error.exit_code}
    if isinstance(error, WrongConfig):
        told["problems"] = [problem_json(problem) for problem in error.problems]
    return told


class Interrupted(LeadwrightError):  # noqa: N818 - named for what it says, as all in errors.py
    """A person pressed Ctrl-C."""

    exit_code = INTERRUPTED_EXIT_CODE


class OurFault(LeadwrightError):  # noqa: N818
    """Something we did not think of."""

    exit_code = OUR_FAULT_EXIT_CODE


def _said(error: BaseException, words: Sequence[str]) -> LeadwrightError:
    """Return any failure as a sentence."""
    if isinstance(error, LeadwrightError):
        return error
    for kind, saying in _SAYINGS:
        if isinstance(error, kind) and (said := saying(error)) is not None:
            return said
    return _our_fault(error, words)


def _interrupted(error: BaseException) -> LeadwrightError:
    del error
    return Interrupted("Interrupted.", fix="What was done until then is recorded; the next run goes on from there.")


def _usage(error: BaseException) -> LeadwrightError:
    assert isinstance(error, click.ClickException)  # noqa: S101 - by the table below
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else "leadwright"
    what = error.format_message().rstrip(".")
    return WrongUsage(what[:1].lower() + what[1:], fix=f"see  {path} --help")


def _disk(error: BaseException) -> LeadwrightError | None:
    assert isinstance(error, OSError)  # noqa: S101 - by the table below
    why = _DISK.get(error.errno or 0)
    if error.errno in _FULL and not error.filename:
        return OutOfReach("The disk is full.", fix="Make room and try again. What was done until then is recorded.")
    if why is None or not error.filename:
        return None
    return OutOfReach(f"{os.fspath(error.filename)} cannot be used: {why}", fix="put that right and try again")


_SAYINGS: tuple[tuple[type[BaseException], Callable[[BaseException], LeadwrightError | None]], ...] = (
    (KeyboardInterrupt, _interrupted),
    (click.Abort, _interrupted),
    (click.ClickException, _usage),
    (OSError, _disk),
)


def _our_fault(error: BaseException, words: Sequence[str]) -> LeadwrightError:
    import traceback  # noqa: PLC0415 - only a fault needs it

    text = redacted("".join(traceback.format_exception(error)), os.environ)
    log = _write_log(text, _log_folders(words))
    where = f"Details are in {log}" if log else "No file could be written with the details"
    return OurFault(
        f"This is our mistake, not yours. {where}.",
        fix="Emails that were sent are recorded, and none is sent twice. Please send us that file.",
    )


def redacted(text: str, environ: Mapping[str, str]) -> str:
    """Return *text* without the values of variables whose name tells of a secret, and without logins in addresses.

    >>> redacted("login hunter22 to smtp://anna:hunter22@mail.example", {"ANNA_PASSWORD": "hunter22"})
    'login *** to smtp://***@mail.example'
    """
    for name, value in environ.items():
        if _SECRET_NAME.search(name) and len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, "***")
    return _LOGIN_IN_URL.sub("***@", text)


def _log_folders(words: Sequence[str]) -> list[Path]:
    """Return where a log may be written, the best place first: beside config.yaml, else where any program may write."""
    import tempfile  # noqa: PLC0415 - it imports random numbers, which only a fault needs

    named = [after for before, after in pairwise(words) if before == "--config"]
    named += [word.removeprefix("--config=") for word in words if word.startswith("--config=")]
    config = Path(named[-1] if named else "config.yaml")
    folder = config if config.is_dir() else config.parent
    ours = [folder / OWN_FOLDER / "log"] if folder.is_dir() else []
    return [*ours, Path(tempfile.gettempdir())]


def _write_log(text: str, folders: Sequence[Path]) -> Path | None:
    """Write a log that only its owner may read, for names of leads may stand in it; None when no folder takes it."""
    import tempfile  # noqa: PLC0415 - as above

    heading = f"leadwright on Python {sys.version.split()[0]}, {sys.platform}\n\n"
    for folder in folders:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            number, name = tempfile.mkstemp(prefix="fault-", suffix=".txt", dir=folder)
            with open(number, "w", encoding="utf-8") as file:  # noqa: PTH123 - it is open already
                file.write(heading + text)
        except OSError:
            continue
        return Path(name)
    return None
