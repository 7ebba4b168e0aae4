"""Folders that a sync service carries to other machines: OneDrive, Dropbox, Syncthing and the like.

Such a service copies a file when it likes and makes two of it when both sides changed; a person on another machine may
have it open, and nothing here says so.
"""

from __future__ import annotations

from pathlib import Path

from automations.errors import SourceBusy

_NAMES = ("onedrive", "dropbox", "google drive", "googledrive", "icloud drive", "nextcloud", "owncloud", "syncthing")
_MARKS = (
    ".dropbox",
    ".dropbox.cache",
    ".nextcloudsync.log",
    ".owncloudsync.log",
    ".stfolder",
    ".SynologyWorkingDirectory",
)


def is_synced(folder: Path) -> bool:
    """Whether a sync service seems to carry *folder*: by the names of the folders above it, or by its marks in them."""
    return synced_root(folder) is not None


def synced_root(folder: Path) -> Path | None:
    """Return the folder that a sync service carries and that holds *folder*, or None."""
    return next((each for each in (folder.absolute(), *folder.absolute().parents) if _is_root(each)), None)


def _is_root(folder: Path) -> bool:
    return folder.name.casefold().startswith(_NAMES) or any((folder / mark).exists() for mark in _MARKS)


def check_not_synced(path: Path, label: str, waiting: str) -> None:
    """Raise SourceBusy when a sync service carries *path*; *waiting* says what waits.

    The owner who knows that nobody edits the file elsewhere while we write says so, and then this is not asked.
    """
    root = synced_root(path.resolve().parent)
    if root is not None:
        raise SourceBusy(
            f"{label} lies in {root}, which a sync service carries to other machines; two people who save at once get "
            f"two files. {waiting}",
            fix="move it to a shared folder that is not synced, or write  sync_folder: accepted  under leads:",
        )
