"""What the ledger has to know about the machine it is on: kind of file system, free space, machine id.

SQLite's locks and its syncs can only be trusted on a file system of this machine's own: over NFS and SMB they are
known to fail, and a FUSE program may answer "written" before it is (https://www.sqlite.org/howtocorrupt.html, 2.1).
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from automations.errors import LedgerOutOfReach

MIN_FREE_BYTES = 50 * 1024 * 1024
_FOREIGN = frozenset(
    {"nfs", "nfs4", "cifs", "smb", "smb2", "smb3", "smbfs", "ncpfs", "afs", "ceph", "lustre", "coda", "9p", "fuse"}
)
_MOUNTS = Path("/proc/self/mountinfo")
_MACHINE_ID = Path("/etc/machine-id")
MACHINE_ID_FILE = "LEADWRIGHT_MACHINE_ID_FILE"
_ESCAPE = re.compile(r"\\([0-7]{3})")


def mount_type(mountinfo: str, path: Path) -> str:
    r"""Return the kind of file system that holds *path* (absolute, resolved); empty when it is not listed.

    *mountinfo* is the text of /proc/self/mountinfo (proc(5)): octal escapes stand for blanks; of two mounts on one
    place the later one counts.

    >>> mount_type(r"30 1 0:26 / /mnt/our\040files rw - cifs //nas/files rw", Path("/mnt/our files/crm"))
    'cifs'
    """
    best, kind = -1, ""
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        fields, described = before.split(), after.split()
        if len(fields) < 5 or not described:  # noqa: PLR2004 - the mount point is the fifth field
            continue
        point = Path(_ESCAPE.sub(lambda found: chr(int(found[1], 8)), fields[4]))
        if path.is_relative_to(point) and len(point.parts) >= best:
            best, kind = len(point.parts), described[0]
    return kind


def file_system_of(folder: Path) -> str:
    """Return the kind of file system that holds *folder*; empty where the system does not tell."""
    try:
        mountinfo = _MOUNTS.read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return ""
    return mount_type(mountinfo, folder.resolve())


def free_bytes(folder: Path) -> int:
    """Return how much this user may still write into *folder*."""
    return shutil.disk_usage(folder).free


def machine_id() -> str:
    """Return what tells this machine from its copies; empty where there is nothing like it.

    The environment may name another file to read it from, for containers whose own changes at every start.
    """
    try:
        return Path(os.environ.get(MACHINE_ID_FILE) or _MACHINE_ID).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


@dataclass(frozen=True, slots=True)
class Host:
    """The machine, as far as the ledger asks about it."""

    file_system_of: Callable[[Path], str] = file_system_of
    free_bytes: Callable[[Path], int] = free_bytes
    machine_id: Callable[[], str] = machine_id


THIS_HOST = Host()


def check_host(folder: Path, host: Host) -> None:
    """Make sure that the ledger can be trusted and will fit in *folder*, which need not be there yet.

    Raises LedgerOutOfReach when not.
    """
    place = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    kind = host.file_system_of(place)
    if kind in _FOREIGN or kind.startswith("fuse."):
        raise LedgerOutOfReach(
            f"{folder}: this folder is on a shared or remote drive ({kind}), where two runs could not see each other",
            fix="Move config.yaml to a disk of this machine; the sheet may stay there. Nothing was sent or changed.",
        )
    free = host.free_bytes(place)
    if free < MIN_FREE_BYTES:
        raise LedgerOutOfReach(
            f"{folder}: {free // (1024 * 1024)} MB are free on this disk, at least 50 MB are needed",
            fix="Make room on the disk, then run the same command again. Nothing was sent or changed.",
        )
