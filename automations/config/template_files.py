"""The files in ``templates/`` that config.yaml names."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from automations.config.nearest import hint
from automations.config.notes import Desk
from automations.config.shapes import Found

_EMAILS = frozenset({".md", ".mjml"})


def template_file(named: Found[str], folder: Path, desk: Desk, kind: str = "email") -> str:
    """Return a file's path in *folder*; report one that is not there, or is elsewhere. *kind* is what it should be."""
    path = PurePosixPath(named.value)
    if path.is_absolute() or ".." in path.parts:
        desk.wrong(named.node.place(), f'"{named.value}" is not inside templates/', "move the file there")
    elif not _is_file(folder / path):
        there = _templates_in(folder)
        under = hint(named.value, there, kind="emails there") if there else "the folder templates/ has no emails yet"
        desk.wrong(named.node.place(), f'there is no {kind} "{named.value}" in templates/', under)
    return str(path)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _templates_in(folder: Path) -> tuple[str, ...]:
    try:
        there = (path for path in folder.rglob("*") if path.suffix in _EMAILS)
        return tuple(sorted(path.relative_to(folder).as_posix() for path in there))
    except OSError:
        return ()
