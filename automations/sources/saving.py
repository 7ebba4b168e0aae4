"""Replacing a file so that a power cut leaves the old one or the new one, never less, and nobody's rights change.

The new file is written beside the old one, made durable, checked, given owner, rights and attributes of the old one,
and put in its place in one step. Before that step the old file is compared with what was read.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, TypeVar

from automations.crash import crash_at
from automations.errors import SourceBusy, SourceOutOfReach
from automations.sources.locks import check_not_open
from automations.sources.syncing import check_not_synced

_Result = TypeVar("_Result")

ATTEMPTS = 3
"""How often a change is made anew when the file changes meanwhile."""
TRIES = 10
SECONDS_BETWEEN = 0.5
"""A virus scanner or a preview holds a file for a moment, and a person who has it open for much longer."""
_MARK = ".leadwright-"
_MAX_NAME = 100
"""How much of a long file name goes into the name of our temporary file."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_IN_USE = frozenset({errno.EBUSY, errno.ETXTBSY})
_NOTHING_CHANGED = "nothing was changed"
COLUMNS_WAIT = "The new columns wait for the next run."
"""What is said when a file is open and headers were to be added."""
DRESS_WAITS = "Nothing was changed."
"""What is said when a file is open and was to get a drop-down and colours."""


Check = Callable[[Path, str, str], None]
"""Raises SourceBusy when a file must wait; given the file, what people call it, and the sentence about what waits."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How we behave around a file that people share.

    *checks* are asked before every attempt. While another program keeps the file for a moment, replacing it is tried
    `TRIES` times, with a *pause* of `SECONDS_BETWEEN` seconds before each but the first.
    """

    checks: tuple[Check, ...] = (check_not_open, check_not_synced)
    pause: Callable[[float], None] = time.sleep


SHARED = Manners()
"""What is due to a file of which nothing more is known."""


class ChangedMeanwhile(Exception):  # noqa: N818 - a signal to start over, never seen by a person
    """The file is no longer the one that was read."""


@dataclass(frozen=True, slots=True)
class Version:
    """One state of a file: what the file system says of it, and the hash of its bytes."""

    modified_ns: int
    changed_ns: int
    size: int
    inode: int
    digest: str


@dataclass(slots=True)
class Fingerprints:
    """Remembers the hash of a file's bytes for as long as the file system says that it is the same file."""

    _last: Version | None = None

    def of(self, file: BinaryIO) -> Version:
        """Return the version of an open file; its bytes are read only when it is not the version asked for last."""
        status = os.fstat(file.fileno())
        last = self._last
        if last is None or _identity(status) != (last.modified_ns, last.changed_ns, last.size, last.inode):
            file.seek(0)
            self._last = last = Version(*_identity(status), _digest(file))
        return last

    def forget(self) -> None:
        """Read the bytes again when asked next."""
        self._last = None


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := file.read(1 << 18):
        digest.update(piece)
    return digest.hexdigest()


def _identity(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


@contextmanager
def opened(path: Path, label: str) -> Generator[BinaryIO]:
    """Open a file for reading; raises SourceOutOfReach, saying why, when that cannot be."""
    try:
        # Asked before opening: a pipe would keep us waiting for somebody to write into it.
        kind = path.stat().st_mode
        if not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
            raise SourceOutOfReach(f"{label} is not a file", fix="name a file under leads: in config.yaml")
        file = path.open("rb")
    except FileNotFoundError:
        raise SourceOutOfReach(
            f"{label} is not there: {path.parent.absolute()} has no such file",
            fix="correct its name under leads: in config.yaml, or put the file there",
        ) from None
    except IsADirectoryError:
        raise SourceOutOfReach(f"{label} is a folder", fix="name the file in it under leads: in config.yaml") from None
    except OSError as err:
        raise SourceOutOfReach(
            f"{label} cannot be opened: {_said(err)}", fix="let the account that runs this read the file"
        ) from err
    with file:
        yield file


def cells_wait(count: int) -> str:
    """Return the sentence about cells that are not written now.

    >>> cells_wait(31), cells_wait(1)
    ('31 cells wait for the next run.', '1 cell waits for the next run.')
    """
    return f"{count} cells wait for the next run." if count != 1 else "1 cell waits for the next run."


def change_file(
    path: Path,
    label: str,
    waiting: str,
    fingerprints: Fingerprints,
    attempt: Callable[[], _Result],
    manners: Manners = SHARED,
) -> _Result:
    """Return what *attempt* returns, made again when the file changed under it.

    Raises SourceBusy, saying what is *waiting*, when somebody has the file open or keeps saving it.
    """
    for _ in range(ATTEMPTS):
        for check in manners.checks:
            check(path, label, waiting)
        try:
            return attempt()
        except ChangedMeanwhile:
            fingerprints.forget()
    raise SourceBusy(
        f"{label} was saved by someone {ATTEMPTS} times while we worked; {_NOTHING_CHANGED}",
        fix="nothing to do: the next run writes what waits",
    )


def replace_file(
    path: Path,
    label: str,
    expected: Version,
    *,
    write: Callable[[BinaryIO], None],
    verify: Callable[[BinaryIO], None],
    keep_copy: Callable[[Path, str, Version], None] | None = None,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Put what *write* writes in the place of *path*, if that still is the *expected* version.

    A symbolic link stays one: the file it points to is replaced. *verify* looks at the finished file before it counts.
    *keep_copy* is given the old file, its label and version before anything is written.

    Raises ChangedMeanwhile when somebody else saved it, SourceBusy when it is in use, SourceOutOfReach when its place
    cannot be written or its owner and rights cannot be kept.
    """
    real = _real_file(path, label)
    if keep_copy is not None:
        keep_copy(real, label, expected)
    try:
        _remove_stale(real)
        with _temporary(real) as (file, name):
            write(file)
            file.flush()
            _keep_rights(real, file, label)
            os.fsync(file.fileno())
            with Path(name).open("rb") as finished:
                verify(finished)
            crash_at("before_replace")
            _put_in_place(Path(name), real, expected, pause)
            crash_at("after_replace")
            _sync_folder(real.parent)
    except OSError as err:
        raise _explained(err, real, label) from err


def _put_in_place(new: Path, real: Path, expected: Version, pause: Callable[[float], None]) -> None:
    """Give *new* the name *real* if the file there still is the *expected* one, as soon as nobody keeps it."""
    for attempt in range(TRIES):
        if attempt:
            pause(SECONDS_BETWEEN)
        with real.open("rb") as now:
            if _digest(now) != expected.digest:
                raise ChangedMeanwhile
        try:
            new.replace(real)
        except OSError as err:
            if err.errno not in _IN_USE or attempt == TRIES - 1:
                raise
        else:
            return


def _real_file(path: Path, label: str) -> Path:
    try:
        real = path.resolve(strict=True)
        status = real.stat()
    except OSError as err:
        raise SourceOutOfReach(
            f"{label} is not there any more; {_NOTHING_CHANGED}", fix="put the file back, then run again"
        ) from err
    if status.st_nlink > 1:
        raise SourceOutOfReach(
            f"{label} has {status.st_nlink} names (hard links), and replacing it would part them; {_NOTHING_CHANGED}",
            fix="make a copy, delete the other names, or link them by symbolic links",
        )
    if not os.access(real, os.W_OK):
        raise SourceOutOfReach(
            f"{label} is read-only for us; {_NOTHING_CHANGED}", fix="let the account that runs this write the file"
        )
    return real


@contextmanager
def _temporary(real: Path) -> Generator[tuple[BinaryIO, str]]:
    """Give a new file beside *real*; it is gone afterwards unless it was put in a place of its own.

    The lock on it tells others that we are alive; a kill releases it.
    """
    handle, name = tempfile.mkstemp(prefix=f".{real.name[:_MAX_NAME]}{_MARK}", suffix=".tmp", dir=real.parent)
    try:
        with os.fdopen(handle, "w+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield file, name
    finally:
        Path(name).unlink(missing_ok=True)


def _remove_stale(real: Path) -> None:
    """Remove what a run that was killed left beside *real*."""
    for left in real.parent.glob(".*.tmp"):
        if not left.name.startswith(f".{real.name[:_MAX_NAME]}{_MARK}"):
            continue
        with suppress(OSError), left.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            left.unlink()


def _keep_rights(real: Path, file: BinaryIO, label: str) -> None:
    """Give *file* the owner, group, mode and extended attributes (access lists among them) of *real*."""
    old, new = real.stat(), os.fstat(file.fileno())
    if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        try:
            os.fchown(file.fileno(), old.st_uid, old.st_gid)
        except PermissionError:
            raise SourceOutOfReach(
                f"{label} belongs to another account (number {old.st_uid}), and replacing it would make it ours; "
                f"{_NOTHING_CHANGED}",
                fix="give the file to the account that runs this, with its group: chown",
            ) from None
    os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode))
    if hasattr(os, "listxattr"):
        for name in os.listxattr(real):
            try:
                os.setxattr(file.fileno(), name, os.getxattr(real, name))
            except OSError:
                # Labels under security. are the system's to give; an access list must not be lost.
                if not name.startswith("security."):
                    raise


def _sync_folder(folder: Path) -> None:
    """Make the new name durable; the file itself already is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _explained(err: OSError, real: Path, label: str) -> SourceOutOfReach:
    if err.errno in _FULL:
        return SourceOutOfReach(
            f"{label} cannot be saved: the disk is full; {_NOTHING_CHANGED}", fix=f"make room beside {real.parent}"
        )
    if err.errno in _IN_USE:
        return SourceBusy(f"{label} is in use by another program; {_NOTHING_CHANGED}", fix="close it, then run again")
    return SourceOutOfReach(
        f"{label} cannot be saved in {real.parent}: {_said(err)}; {_NOTHING_CHANGED}",
        fix="let the account that runs this write in that folder",
    )


def _said(err: OSError) -> str:
    return (err.strerror or "unknown error").lower()
