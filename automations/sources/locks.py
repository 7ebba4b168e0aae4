"""Who has a workbook open: the files that Excel and LibreOffice lay beside it while they do.

Excel writes ``~$name.xlsx`` with the person's name ([MS-OFFCRYPTO] does not say; the layout is that of the files
themselves: a length, 54 bytes in the system's code page, a length, 54 UTF-16 letters). LibreOffice writes
``.~lock.name.xlsx#`` with fields between commas: name, account, machine, time, profile.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from automations.errors import SourceBusy

STALE_AFTER_SECONDS = 24 * 3600
"""A lock this old was left behind by a crash: nobody keeps one workbook open for a day without saving it."""

_ANSI_LETTERS = 54
_MAX_LOCK_BYTES = 4096
_CONFLICT = re.compile(
    r"\s?\(\d{1,3}\)"  # OneDrive, Google Drive and browsers: leads (1).xlsx
    r"|-(?:desktop|laptop|macbook)\b.*"  # OneDrive: leads-DESKTOP-4F2A.xlsx
    r"|.*(?:conflict|konflikt|conflit|conflicto|in conflitto|sync-conflict).*",
    re.IGNORECASE,
)
"""What sync services put between a file's name and its ending when two people changed it at once."""


def check_not_open(path: Path, label: str, waiting: str) -> None:
    """Raise SourceBusy, with the person's name, when somebody has *path* open or a sync service has split it in two.

    *waiting* says what waits: ``31 cells wait for the next run``.
    """
    for lock, read_owner in _locks(path):
        owner = _owner(lock, read_owner)
        if owner is not None:
            who = f" ({owner})" if owner else ""
            raise SourceBusy(f"{label} is open{who}. {waiting}", fix="close the file, or wait: the next run writes it")
    copy = _newer_conflict_copy(path)
    if copy is not None:
        raise SourceBusy(
            f"{label} has a conflict copy that is newer: {copy.name}. {waiting}",
            fix="decide which of the two files holds, then move the other one away",
        )


def _locks(path: Path) -> Iterator[tuple[Path, Callable[[bytes], str]]]:
    for place in dict.fromkeys((path, path.resolve())):
        yield place.with_name(f"~${place.name}"), _excel_owner
        yield place.with_name(f".~lock.{place.name}#"), _libreoffice_owner


def _owner(lock: Path, read_owner: Callable[[bytes], str]) -> str | None:
    """Return who holds a lock, empty when it does not say; None when there is no lock or it is stale."""
    try:
        # Compared with the clock that stamped it, the file system's, as far as this machine can tell.
        if time.time() - lock.stat().st_mtime > STALE_AFTER_SECONDS:
            return None
        with lock.open("rb") as file:
            return read_owner(file.read(_MAX_LOCK_BYTES))
    except FileNotFoundError:
        return None
    except OSError:
        # Excel may keep its lock file closed to others; that it is there says enough.
        return ""


def _excel_owner(data: bytes) -> str:
    wide_start = 1 + _ANSI_LETTERS
    if len(data) > wide_start + 2:
        length = data[wide_start]
        name = data[wide_start + 2 : wide_start + 2 + 2 * length].decode("utf-16-le", "replace")
    else:
        name = data[1 : 1 + data[0]].decode("cp1252", "replace") if data else ""
    return _clean(name)


def _libreoffice_owner(data: bytes) -> str:
    fields = data.decode("utf-8", "replace").split(",")
    return next((name for name in map(_clean, fields[:2]) if name), "")


def _clean(name: str) -> str:
    return "".join(letter for letter in name if letter.isprintable()).strip()


def _newer_conflict_copy(path: Path) -> Path | None:
    """Return a copy that Dropbox or OneDrive made of this file because two people changed it at once."""
    real = path.resolve()
    try:
        ours = real.stat().st_mtime
        beside = sorted(real.parent.glob(f"*{real.suffix}"))
        return next(
            (
                each
                for each in beside
                if each.name.startswith(real.stem)
                and _CONFLICT.fullmatch(each.stem.removeprefix(real.stem))
                and each.stat().st_mtime > ours
            ),
            None,
        )
    except OSError:
        return None
