"""Who we are to Google: a robot with a key of its own, a person who logged in once, or nobody at all.

The scope is spreadsheets only: with a stolen key nobody reads mail or other files. Google's libraries are imported
here when something is opened, and not before.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from automations.errors import SourceOutOfReach

if TYPE_CHECKING:
    from google.auth.credentials import Credentials
    from requests import Session

SCOPES = ("https://www.googleapis.com/auth/spreadsheets",)
TOKEN_FILE = "google-token.json"  # noqa: S105 - the name of a file
"""Where the token of a person who logged in is kept, in our own folder, for our eyes only."""
_LOGIN_SECONDS = 30
_TOKEN_URI = "https://oauth2.googleapis.com/token"  # noqa: S105 - where tokens come from
_NEW_KEY = "make a new key for it (docs/google-sheets.md), and put it in the place of the old one"


class Login(NamedTuple):
    """A session that says who we are. *address* is our own at Google, "" when there is none or it is not known."""

    session: Session
    address: str
    is_user: bool = False


class Key(NamedTuple):
    """What a key file holds: *kind* is ``service_account``, ``installed`` (an app) or ``authorized_user``."""

    kind: str
    content: Mapping[str, Any]
    name: str

    @property
    def address(self) -> str:
        """Return the address that a sheet has to be shared with; "" for a person's own."""
        return str(self.content.get("client_email") or "")


def read_key(text: str, name: str) -> Key:
    """Return what the text of a key file says; *name* is for sentences. Raises SourceOutOfReach when it is none."""
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    if isinstance(content, Mapping):
        for kind in ("installed", "web"):
            if isinstance(content.get(kind), Mapping):
                return Key("installed", content, name)
        if content.get("type") in {"service_account", "authorized_user"}:
            return Key(str(content["type"]), content, name)
    raise SourceOutOfReach(
        f"{name} is not a key of Google's", fix="download it anew as JSON; docs/google-sheets.md tells where"
    )


def read_key_file(path: Path) -> Key:
    """Return the key in a file. Raises SourceOutOfReach when there is none."""
    try:
        return read_key(path.read_text("utf-8"), path.name)
    except (OSError, UnicodeDecodeError) as err:
        reason = getattr(err, "strerror", None) or "it is no text"
        raise SourceOutOfReach(
            f"{path.name} cannot be read: {reason.lower()}", fix="correct credentials: under google: in config.yaml"
        ) from err


def log_in(key: Key | None, token: Path, *, on_this_machine: bool) -> Login:
    """Return a session for a key; None is nobody. *token* is where a person's login is kept.

    Nothing is asked of Google yet. Raises SourceOutOfReach when the key cannot be used.
    """
    from google.auth.transport.requests import AuthorizedSession  # noqa: PLC0415 - 0.2 s
    from requests import Session  # noqa: PLC0415 - the same

    if key is None:
        return _login(Session(), on_this_machine=on_this_machine)
    session = AuthorizedSession(_credentials(key, token), refresh_timeout=_LOGIN_SECONDS)  # type: ignore[no-untyped-call]
    return _login(session, key.address, on_this_machine=on_this_machine)._replace(is_user=key.kind != "service_account")


def _login(session: Session, address: str = "", *, on_this_machine: bool) -> Login:
    # A server on this machine is never asked through a proxy, which would see the leads.
    session.trust_env = not on_this_machine
    return Login(session, address)


def _credentials(key: Key, token: Path) -> Credentials:
    from google.oauth2 import credentials, service_account  # noqa: PLC0415 - 0.1 s

    try:
        if key.kind == "service_account":
            return service_account.Credentials.from_service_account_info(key.content, scopes=SCOPES)  # type: ignore[no-untyped-call,no-any-return]
        info = key.content if key.kind == "authorized_user" else _stored(token)
        # Not by from_authorized_user_info: that asks Google itself, whatever the login says whom to ask.
        return credentials.Credentials(  # type: ignore[no-untyped-call]
            token=None,
            refresh_token=info["refresh_token"],
            token_uri=info.get("token_uri") or _TOKEN_URI,
            client_id=info["client_id"],
            client_secret=info["client_secret"],
            scopes=SCOPES,
        )
    except (ValueError, KeyError):
        # What it says may quote the key.
        raise SourceOutOfReach(f"{key.name} is damaged: Google's library cannot read it", fix=_NEW_KEY) from None


def _stored(token: Path) -> Mapping[str, Any]:
    try:
        content = json.loads(token.read_text("utf-8"))
    except FileNotFoundError:
        raise SourceOutOfReach(
            "you have not logged in to Google yet", fix="do it once:  leadwright connect google"
        ) from None
    except (OSError, ValueError):
        content = None
    if not isinstance(content, Mapping):
        raise SourceOutOfReach(f"{token.name} cannot be read", fix="log in again:  leadwright connect google")
    return content


def store_token(text: str, token: Path) -> None:
    """Keep a login, readable by nobody else; the old one stays until the new one is whole."""
    token.parent.mkdir(parents=True, exist_ok=True)
    new = token.with_name(token.name + ".new")
    new.unlink(missing_ok=True)
    number = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(number, "w", encoding="utf-8") as file:  # noqa: PTH123 - it is open already
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(token)


def why_no_login(error: Exception, login_is_user: bool, address: str) -> SourceOutOfReach:
    """Return the sentence for a login that Google refused. The error itself is not repeated: it may quote a token."""
    text = str(error)
    if "invalid_grant" in text and login_is_user:
        return SourceOutOfReach(
            "your login to Google is over: an app in testing is forgotten after 7 days, and so is one you took back",
            fix="log in again:  leadwright connect google   (for good: set the app to In production)",
        )
    if "invalid_grant" in text and "iat" in text:
        return SourceOutOfReach("this machine's clock is wrong, so Google does not accept our key", fix="set the clock")
    who = address or "the robot"
    return SourceOutOfReach(f"Google does not accept the key of {who}: it was deleted or turned off", fix=_NEW_KEY)


def ask_person(key: Key, *, port: int = 0, open_browser: bool = True) -> str:
    """Let a person log in with the browser, and return the token to keep.

    Raises SourceOutOfReach when *key* is not that of an app, or the person said no.
    """
    from google_auth_oauthlib.flow import InstalledAppFlow  # type: ignore[import-untyped]  # noqa: PLC0415 - 0.2 s
    from oauthlib.oauth2 import OAuth2Error  # type: ignore[import-untyped]  # noqa: PLC0415 - the same

    if key.kind != "installed":
        raise SourceOutOfReach(
            f"{key.name} is the key of a robot, which needs no login",
            fix=f"share the sheet with {key.address} as Editor" if key.address else "",
        )
    flow = InstalledAppFlow.from_client_config(key.content, SCOPES)
    try:
        login = flow.run_local_server(
            port=port,
            open_browser=open_browser,
            authorization_prompt_message="Open this page and say yes:\n\n  {url}\n",
            success_message="Done. You can close this page and go back to the terminal.",
            timeout_seconds=300,
            access_type="offline",
            prompt="consent",
        )
    except (OAuth2Error, AttributeError, OSError) as err:
        # Without an answer in time the flow reads the address of a request there was not: AttributeError.
        raise SourceOutOfReach("nobody logged in to Google", fix="try again:  leadwright connect google") from err
    return str(login.to_json())
