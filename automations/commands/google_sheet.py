"""What init and connect do about a Google Sheet: whose address to share it with, waiting for that, and a first read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from automations.commands.asking import ask_text
from automations.commands.common import Asked, is_conversation
from automations.config.names import SheetLink, host_of, read_endpoint, read_sheet_link
from automations.config.spoken import Amiss
from automations.core.hosts import is_this_machine
from automations.errors import SourceOutOfReach, WrongUsage

if TYPE_CHECKING:
    from automations.sources.google.opening import Connection
    from automations.sources.google.source import GoogleSource

KEY_FILE = "google-key.json"
ENDPOINT = "https://sheets.googleapis.com"
_LINK = "https://docs.google.com/spreadsheets/d/{}/edit#gid={}"
_NO_KEY = "docs/google-sheets.md tells how to get one, click by click: ten minutes, once"


class GoogleWish(NamedTuple):
    """A Google Sheet as a person names it. *key* None asks nobody who we are; *endpoint* "" is Google."""

    link: SheetLink
    key: Path | None
    endpoint: str = ""


def must_be_link(text: str) -> str:
    """Return the link of a Google Sheet as it was typed. Raises WrongUsage when it is none."""
    try:
        read_sheet_link(text)
    except Amiss as amiss:
        raise WrongUsage(f"{amiss.what}: {amiss.under}") from None
    return text


def wish_of(link: str, key: Path | None, endpoint: str, folder: Path) -> GoogleWish:
    """Return what the command line says of a Google Sheet. Raises WrongUsage for what cannot be."""
    named = read_sheet_link(must_be_link(link))
    try:
        server = read_endpoint(endpoint) if endpoint else ""
    except Amiss as amiss:
        raise WrongUsage(f"--endpoint: {amiss.what}", fix=amiss.under) from None
    path = key or folder / KEY_FILE
    if not path.is_file():
        # A server on this machine, like that of sheets-sim, asks nobody who they are.
        if server and key is None and is_this_machine(host_of(server)):
            return GoogleWish(named, None, server)
        raise WrongUsage(f"there is no key at {path}; nothing was made", fix=_NO_KEY)
    return GoogleWish(named, path, server)


def connection_of(wish: GoogleWish, folder: Path) -> Connection:
    """Return how the sheet of a wish is reached."""
    from automations.sources.google.opening import Connection  # noqa: PLC0415 - only for Google

    endpoint = wish.endpoint or ENDPOINT
    state = folder / ".leadwright"
    return Connection(wish.link.spreadsheet, endpoint, wish.key, state, is_this_machine(host_of(endpoint)))


def open_wish(wish: GoogleWish, folder: Path) -> GoogleSource:
    """Return the sheet of a wish as a source; its tab is the one the link names, else the first."""
    from automations.clock import SystemClock  # noqa: PLC0415 - only for Google
    from automations.sources.google.opening import open_sheet  # noqa: PLC0415 - the same
    from automations.sources.google.ours import NOTHING  # noqa: PLC0415 - the same
    from automations.sources.google.tabs import Where  # noqa: PLC0415 - the same

    return open_sheet(connection_of(wish, folder), Where(None, wish.link.tab), SystemClock(), NOTHING)


def wait_for_access(asked: Asked, source: GoogleSource, address: str, *, ask: bool) -> None:
    """Say whose address to share the sheet with, and test it, again and again until it works or the person gives up.

    Without *ask* it has to work at once. Raises SourceOutOfReach with what is wrong.
    """
    if address:
        asked.say(f"Open the sheet, press Share, and add this address as Editor:\n\n  {address}\n")
        if ask:
            ask_text("Press Enter when that is done.", default="")
    while True:
        try:
            source.fingerprint()
        except SourceOutOfReach as error:
            if not ask:
                raise
            click.echo(f"{error.what}\n    {error.fix}")
            if ask_text("Enter to try again, or  stop", default="").casefold() == "stop":
                raise
            continue
        asked.say(f"It works: {source.label} can be read.")
        return


def config_lines(wish: GoogleWish, folder: Path) -> tuple[str, ...]:
    """Return the part of config.yaml that says how the sheet is reached; nothing where all is as it is by itself."""
    said = []
    if wish.key is None:
        said.append("credentials: none")
    elif wish.key.resolve() != (folder / KEY_FILE).resolve():
        said.append(f"credentials: {os.path.relpath(wish.key.resolve(), folder.resolve())}")
    if wish.endpoint:
        said.append(f'endpoint: "{wish.endpoint}"')
    return ("google:", *(f"  {line}" for line in said), "") if said else ()


def link_of(wish: GoogleWish, gid: int) -> str:
    """Return the link for config.yaml: it names the tab by its number, which no renaming changes."""
    return _LINK.format(wish.link.spreadsheet, gid)


def connect_sheet(asked: Asked) -> int:
    """Connect to the Google Sheet that config.yaml names, and test it; return the exit code.

    With a robot's key it says which address to share the sheet with. With an app's key a person logs in, once: the page
    of Google opens, and the login is kept in .leadwright, for this account alone.
    """
    from automations.project import google_connection  # noqa: PLC0415 - --help does not need it
    from automations.sources.google.auth import TOKEN_FILE, ask_person, store_token  # noqa: PLC0415 - the same
    from automations.sources.google.opening import key_of  # noqa: PLC0415 - the same
    from automations.sources.google.source import GoogleSource  # noqa: PLC0415 - the same

    project = asked.project()
    connection = google_connection(project.config)
    if connection is None:
        raise WrongUsage(
            "your leads are not in a Google Sheet",
            fix="name one under leads: in config.yaml, or for emails say  --sender NAME",
        )
    key = key_of(connection)
    if key is not None and key.kind == "installed":
        store_token(ask_person(key), connection.state / TOKEN_FILE)
    source = project.open_source()
    assert isinstance(source, GoogleSource)  # noqa: S101 - its connection is one to Google
    address = key.address if key else ""
    wait_for_access(asked, source, address, ask=is_conversation())
    asked.answer({"connected": True, "address": address}, "Next:  " + asked.repeat("plan"))
    return 0
