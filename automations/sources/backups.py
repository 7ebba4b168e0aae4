"""Dated copies of a file from before we wrote to it: one before the first write of a run, the oldest pruned.

They are ours and not the team's: readable by this account alone, and never in a folder that a sync service carries
to everybody's machine.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from automations.errors import SourceOutOfReach
from automations.sources.saving import ChangedMeanwhile, Version
from automations.sources.syncing import is_synced

_NAME = "%Y-%m-%d-%H%M%S"
_DATED = r"-(\d{4}-\d{2}-\d{2}-\d{6})(?:-(\d+))?"
_UNFINISHED = ".part"
_READ_AT_ONCE = 1 << 20
_HELP_NAME = "HOW TO GO BACK.txt"
_HELP = """\
These are copies of {name} from before leadwright wrote to it; the last name is the newest.

To go back to one of them: close the file in Excel, then copy it over
    {path}

Nobody is mailed twice after that: what was sent stands in leadwright's own record, not in the sheet.
The next run writes scores, segments and the rest of our columns again.
"""


class Backups:
    """Makes at most one copy for as long as it lives, which is one run. *now* is the moment, in the owner's zone."""

    def __init__(self, folder: Path, keep: int, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._keep = keep
        self._now = now
        self._is_done = False
        self.copy: Path | None = None
        """The copy that was made; None before the first write, or when none are kept."""

    def take(self, real: Path, label: str, expected: Version) -> None:
        """Copy *real* before it is replaced, if this run has not done so yet, and prune.

        Raises ChangedMeanwhile when it is no longer the *expected* version, and SourceOutOfReach when no copy can be
        made: then it must not be replaced.
        """
        if self._is_done or self._keep < 1:
            return
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _remove_unfinished(self._folder, real)
            newest = _new_name(self._folder, real, self._now())
            _copy(real, newest, expected)
            _write_help(self._folder, real)
            _prune(self._folder, real, self._keep, newest)
        except OSError as err:
            raise SourceOutOfReach(
                f"no copy of {label} can be kept in {self._folder}: {(err.strerror or 'unknown error').lower()}; "
                "nothing was changed",
                fix="make room there and let the account that runs this write, or write  backups: 0  under leads:",
            ) from err
        self._is_done = True
        self.copy = newest


def copy_of(backups: Backups | None) -> str:
    """Return where the copy of this run is; empty when there is none."""
    return str(backups.copy) if backups and backups.copy else ""


def backups_of(folder: Path, real: Path) -> tuple[Path, ...]:
    """Return the copies of a file, the oldest first."""
    return tuple(copy for *_, copy in sorted(_dated(folder, real)))


def _dated(folder: Path, real: Path) -> list[tuple[str, int, Path]]:
    """Return each copy with its moment, and which one of that second it is."""
    name = re.compile(re.escape(real.stem) + _DATED + re.escape(real.suffix))
    found = ((name.fullmatch(each.name), each) for each in folder.iterdir())
    return [(match[1], int(match[2] or 1), each) for match, each in found if match]


def _new_name(folder: Path, real: Path, moment: datetime) -> Path:
    """Return a name that no copy has; one of a second that has some already gets the next number."""
    dated = moment.strftime(_NAME)
    last = max((number for each, number, _ in _dated(folder, real) if each == dated), default=0)
    return folder / f"{real.stem}-{dated}{f'-{last + 1}' if last else ''}{real.suffix}"


def _copy(real: Path, target: Path, expected: Version) -> None:
    """Write a copy under another name, make it durable, and name it when it is whole."""
    part = target.with_name(target.name + _UNFINISHED)
    digest = hashlib.sha256()
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as copy, real.open("rb") as file:
            while piece := file.read(_READ_AT_ONCE):
                digest.update(piece)
                copy.write(piece)
            copy.flush()
            os.fsync(copy.fileno())
        if digest.hexdigest() != expected.digest:
            raise ChangedMeanwhile
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)


def _remove_unfinished(folder: Path, real: Path) -> None:
    """Remove what a run that was killed while it copied left behind."""
    for left in folder.glob(f"*{_UNFINISHED}"):
        if left.name.startswith(f"{real.stem}-"):
            left.unlink(missing_ok=True)


def _write_help(folder: Path, real: Path) -> None:
    with suppress(FileExistsError):
        handle = os.open(folder / _HELP_NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(_HELP.format(name=real.name, path=real))


def _prune(folder: Path, real: Path, keep: int, newest: Path) -> None:
    """Remove the oldest copies; the one just made stays, wherever a clock that was set back puts it."""
    others = [each for each in backups_of(folder, real) if each != newest]
    for old in others[: max(0, len(others) - keep + 1)]:
        old.unlink(missing_ok=True)


def folder_for(state: Path, environ: Mapping[str, str], home: Path) -> Path:
    """Return where copies are kept: in our own *state* folder, or under *home* when a sync service carries that one."""
    if not is_synced(state):
        return state / "backups"
    own = Path(environ.get("XDG_STATE_HOME") or home / ".local" / "state")
    place = hashlib.sha256(os.fsencode(state.absolute())).hexdigest()[:8]
    return own / "leadwright" / f"backups-{state.absolute().parent.name}-{place}"
