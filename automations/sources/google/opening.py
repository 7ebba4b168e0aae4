"""Opening a Google Sheet: the key, the session, the source."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

from automations.sources.google.auth import TOKEN_FILE, Key, log_in, read_key, read_key_file
from automations.sources.google.client import SheetsClient, Time
from automations.sources.google.ours import Ours
from automations.sources.google.source import GoogleSource
from automations.sources.google.tabs import Where


class Connection(NamedTuple):
    """How a Google Sheet is reached. *key* is a file, the text of one, or None; *state* is our own folder."""

    spreadsheet: str
    endpoint: str
    key: Path | str | None
    state: Path
    on_this_machine: bool = False


def key_of(connection: Connection) -> Key | None:
    """Return the key; None asks nobody who we are. Raises SourceOutOfReach when it is no key."""
    if connection.key is None:
        return None
    return read_key_file(connection.key) if isinstance(connection.key, Path) else read_key(connection.key, "the key")


def open_sheet(
    connection: Connection, where: Where, time: Time, ours: Ours, owned: Collection[str] = ()
) -> GoogleSource:
    """Return a Google Sheet as a source. Nothing is asked of Google yet."""
    login = log_in(key_of(connection), connection.state / TOKEN_FILE, on_this_machine=connection.on_this_machine)
    client = SheetsClient(login, connection.endpoint, connection.spreadsheet, time)
    return GoogleSource(client, where, time, ours._replace(address=login.address), owned)
