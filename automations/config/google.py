"""``google:`` to how a Google Sheet is reached."""

from __future__ import annotations

import stat
from pathlib import Path

from automations.config import tables as t
from automations.config.model import GoogleSettings, Secret
from automations.config.names import NO_CREDENTIALS, host_of
from automations.config.notes import Desk
from automations.config.secrets import Secrets
from automations.config.settings import Record, Setting
from automations.core.hosts import is_this_machine
from automations.errors import Place

_PAGE = "docs/google-sheets.md tells how to get one, click by click"


def google_of(record: Record, secrets: Secrets, desk: Desk) -> GoogleSettings | None:
    """Return how the Google Sheet under ``leads:`` is reached; None when there is none, or not all could be read."""
    leads, google = record[t.FILE_LEADS], record[t.FILE_GOOGLE]
    link = leads.find(t.GOOGLE_SHEET) if leads is not None else None
    if link is None:
        if google is not None and leads is not None and not leads.has(t.GOOGLE_SHEET):
            desk.warn(google.anchor, "your leads are not in a Google Sheet, so this is not used", "take it out")
        return None
    endpoint = _of(google, t.GOOGLE_ENDPOINT)
    key: Secret | Path | None = None
    found = google.find(t.CREDENTIALS) if google is not None else None
    if found is not None:
        key = _key(found.value, secrets, found.node.place(), desk, endpoint)
    elif google is None or not google.has(t.CREDENTIALS):
        key = _key(_of(None, t.CREDENTIALS), secrets, link.node.place(), desk, endpoint)
    return GoogleSettings(
        spreadsheet=link.value.spreadsheet,
        gid=link.value.tab,
        endpoint=endpoint,
        key=key,
        protect=_of(google, t.PROTECT),
        is_mirrored=_of(google, t.WRITE_WHERE) == "mirror",
    )


def _of(google: Record | None, setting: Setting[str]) -> str:
    return str((google[setting] if google is not None else None) or setting.default)


def _key(written: str, secrets: Secrets, place: Place, desk: Desk, endpoint: str) -> Secret | Path | None:
    """Return the key that *written* names; None for no key, or one that there is not."""
    if written == NO_CREDENTIALS:
        if not is_this_machine(host_of(endpoint)):
            desk.wrong(place, "credentials: none is only for a server on this very machine", "write the file of a key")
        return None
    if written.startswith("$"):
        return secrets.look_up_text(written[1:], place, desk)
    return _key_file(written, secrets, place, desk)


def _key_file(written: str, secrets: Secrets, place: Place, desk: Desk) -> Path:
    path = secrets.folder / written
    try:
        mode = path.stat().st_mode
    except OSError:
        desk.wrong(place, f"there is no file {written} to log in to Google with", _PAGE)
        return path
    if not stat.S_ISREG(mode):
        desk.wrong(place, f"{written} is not a file", _PAGE)
    elif mode & (stat.S_IROTH | stat.S_IWOTH):
        desk.wrong(place, f"every user of this machine can read the key in {written}", f"run  chmod 600 {written}")
    return path
