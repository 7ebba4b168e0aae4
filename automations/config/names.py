"""Names, addresses and other texts that must look right. Readers return the value or raise Amiss, as in `spoken`."""

from __future__ import annotations

import re
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from automations.config.nearest import nearest
from automations.config.spoken import Amiss
from automations.core.addresses import AddressProblem, normalise_address
from automations.core.hosts import is_this_machine

NAME_PATTERN = "^[A-Za-z][A-Za-z0-9_]*$"
SECRET_PATTERN = r"^\$[A-Za-z_][A-Za-z0-9_]*$"  # noqa: S105 - how the name of a password looks
_NAME = r"[A-Za-z][A-Za-z0-9_]*\Z"
_DOLLAR_NAME = r"\$([A-Za-z_][A-Za-z0-9_]*)\Z"
_HOST = r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?\Z|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*\Z"
_MAX_LABEL = 80
_MAX_TEXT = 2_000


def read_phrase(text: str) -> str:
    """Return words to look for: one line with a letter or a digit in it."""
    words = read_line(text).strip()
    if not any(char.isalnum() for char in words):
        raise Amiss("there is no word to look for in this", "write what people write, like  nach der Messe")
    return words


def read_line(text: str) -> str:
    """Return a text of one line, at most 2,000 characters."""
    if "\n" in text:
        raise Amiss("this text has more than one line", "write it in one line")
    if len(text) > _MAX_TEXT:
        raise Amiss(f"this text is longer than {_MAX_TEXT:,} characters", "shorten it")
    return text


def read_label(text: str) -> str:
    """Return a name as it is shown to people: one line, at most 80 characters."""
    if "\n" in text or len(text) > _MAX_LABEL:
        raise Amiss(f"a name has one line and at most {_MAX_LABEL} characters", "shorten it")
    return text


def read_name(text: str) -> str:
    """Return a name for rules and emails: letters, digits and underscores, a letter first."""
    if re.match(_NAME, text):
        return text
    plain = re.sub(r"\W+", "_", text, flags=re.ASCII).strip("_").lower()
    under = f'write it like "{plain}"' if re.match(_NAME, plain) else "letters, digits and _ only, a letter first"
    raise Amiss(f'"{text}" cannot be a name in rules', under)


def read_address(text: str) -> str:
    """Return an email address in its one spelling."""
    try:
        return normalise_address(text)
    except AddressProblem as problem:
        raise Amiss(f'"{text}" is not an email address: {problem}', "write it like anna@shop.example") from None


_NAMED_ADDRESS = r"(?s)(.*)<([^<>]*)>\Z"


def read_mailbox(text: str) -> tuple[str, str]:
    """Return display name and address of ``Anna Weber <anna@shop.example>``; the name is empty when there is none."""
    found = re.match(_NAMED_ADDRESS, text)
    if not found:
        return "", read_address(text)
    name = found[1].strip().strip('"').strip()
    if not name.isprintable():
        raise Amiss("the sender's name has a sign that no email can carry", "type the name again", end=found.end(1))
    try:
        return name, read_address(found[2])
    except Amiss as amiss:
        end = max(found.end(2), found.start(2) + 1)
        raise Amiss(amiss.what, amiss.under, start=found.start(2), end=end) from None


def read_host(text: str) -> str:
    """Return the name or number of a server, without protocol, port or path."""
    if re.match(_HOST, text):
        return text.lower()
    # The text is not repeated: it may be a whole address with a password in it.
    under = "write it like smtp.gmail.com; the port is a setting of its own"
    raise Amiss("this is not the name of a server", under, secret="@" in text)


_SHEET_LINK = r"(?:https?://docs\.google\.com/spreadsheets/(?:u/\d+/)?d/)([A-Za-z0-9_-]+)(?:[/?#].*)?\Z"
_SHEET_ID = r"[A-Za-z0-9_-]{20,}\Z"
_GID = r"[#&?]gid=(\d{1,10})\b"


class SheetLink(NamedTuple):
    """Which spreadsheet a link names, and which tab of it by its number, if it does."""

    spreadsheet: str
    tab: int | None = None


def read_sheet_link(text: str) -> SheetLink:
    """Return what the link in a browser's address line names; the bare id of a spreadsheet is good, too.

    >>> read_sheet_link("https://docs.google.com/spreadsheets/d/1AbCdEfG/edit?gid=7#gid=7")
    SheetLink(spreadsheet='1AbCdEfG', tab=7)
    """
    found = re.match(_SHEET_LINK, text)
    if found and found[1] != "e":
        tabs = re.findall(_GID, text)
        return SheetLink(found[1], int(tabs[-1]) if tabs else None)
    if re.match(_SHEET_ID, text):
        return SheetLink(text)
    under = "open the sheet in your browser and copy the whole address: https://docs.google.com/spreadsheets/d/..."
    raise Amiss("this is not the link of a Google Sheet", under)


_ENDPOINT = r"(https?)://([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?(/[A-Za-z0-9._~/-]*)?\Z"


def read_endpoint(text: str) -> str:
    """Return the address of a server without a slash at its end; plain http for this very machine only."""
    found = re.match(_ENDPOINT, text)
    if not found:
        # The text is not repeated: there may be a password in it.
        raise Amiss("this is not the address of a server", "write it like https://sheets.shop.example", secret=True)
    if found[1] == "http" and not is_this_machine(found[2]):
        raise Amiss(f"everybody on the way to {found[2]} could read your leads and our key", "write https://")
    return text.rstrip("/")


def host_of(endpoint: str) -> str:
    """Return the name of the server in an address that `read_endpoint` gave."""
    found = re.match(_ENDPOINT, endpoint)
    return found[2] if found else ""


NO_CREDENTIALS = "none"
"""What stands under credentials: when nobody is to be asked who we are."""
_LOOKS_LIKE_A_KEY = ("{", "-----", "ya29.", "AIza")


def read_google_credentials(text: str) -> str:
    """Return ``none``, ``$NAME`` or the path of a file. A key itself is refused, and never repeated."""
    if text.startswith(_LOOKS_LIKE_A_KEY) or "\n" in text:
        under = "save it as google-key.json beside config.yaml, and write  google-key.json  here"
        raise Amiss("a key does not belong in this file", under, secret=True)
    if text.startswith("$"):
        return "$" + read_secret_name(text)
    return read_line(text)


def read_zone(text: str) -> ZoneInfo:
    """Return a time zone by its name: ``Europe/Berlin``."""
    try:
        return ZoneInfo(text)
    # A folder of the zone data, a path out of it, a name with a NUL: each raises something else.
    except (KeyError, ValueError, OSError):
        near = _near_zone(text)
        under = f'did you mean "{near}"?' if near else "write it like Europe/Berlin"
        raise Amiss(f'there is no time zone "{text}"', under) from None


def _near_zone(text: str) -> str | None:
    """Return the zone that is meant; a right city counts more than a right continent (``Germany/Berlin``)."""
    zones = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))
    cities = {zone.rpartition("/")[2]: zone for zone in zones}
    city = text.rpartition("/")[2].strip().replace(" ", "_")
    near = next((name for name in cities if name.casefold() == city.casefold()), None)
    if near is not None:
        return cities[near]
    return nearest(text, zones)


_HOLIDAYS = r"[A-Za-z]{2}(?:-[A-Za-z0-9]{1,3})?\Z"


def read_holidays(text: str) -> str:
    """Return whose public holidays: ``DE`` or ``DE-BE`` (ISO 3166); not whether there are any."""
    if not re.match(_HOLIDAYS, text):
        raise Amiss(f'"{text}" is not a code for public holidays', "write a country like DE, or DE-BE for Berlin")
    return text.upper()


def read_secret_name(text: str) -> str:
    """Return the name of a secret from ``$NAME``. What else may be written is a secret, and is never repeated."""
    found = re.match(_DOLLAR_NAME, text)
    if not found:
        under = "write a name like $ANNA_PASSWORD here, and  ANNA_PASSWORD=...  in .env"
        raise Amiss("a password does not belong in this file", under)
    return found[1]
