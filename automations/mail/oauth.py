"""Logging in without a password: access tokens from Google or Microsoft, kept for one sender and renewed when they end.

What a person agreed to once (``leadwright connect``) is kept in a file that only its owner can read. A token is renewed
shortly before it ends, and once more when a server refuses it; when the provider says that the agreement is over, that
is an error, and nothing is tried in circles.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

from automations.core.hosts import is_this_machine
from automations.errors import MailerOutOfReach

GOOGLE_SCOPES = ("https://mail.google.com/",)
"""Gmail by SMTP, IMAP and its own API: Google has no smaller scope for the first two."""
MICROSOFT_SCOPES = (
    "https://outlook.office.com/SMTP.Send",
    "https://outlook.office.com/IMAP.AccessAsUser.All",
)
_SECONDS = 30


class Provider(Protocol):
    """Gives access tokens for one sender."""

    def __call__(self, fresh: bool) -> str:
        """Return a token that holds for some minutes at least; a new one when *fresh*.

        Raises MailerOutOfReach, with what to do, when there is none to be had.
        """
        ...


def token_file(state: Path, sender: str) -> Path:
    """Return where a sender's agreement is kept."""
    return state / "tokens" / f"{quote(sender, safe='')}.json"


def keep(file: Path, text: str) -> None:
    """Keep a text for its owner alone; the old one stays until the new one is whole."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = file.with_suffix(".part")
    part.unlink(missing_ok=True)
    with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as stream:  # noqa: PTH123 - the mode has to be there from the start
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(file)


def _agreement(file: Path, sender: str, provider: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise MailerOutOfReach(
            f"{sender} is not connected to {provider.title()} yet",
            fix=f"leadwright connect {provider} --sender {sender}",
        ) from None


def _over(sender: str, provider: str, reason: str) -> MailerOutOfReach:
    return MailerOutOfReach(
        f"{provider.title()} does not let {sender} in any more ({reason})",
        fix=f"connect again:  leadwright connect {provider} --sender {sender}",
    )


class GoogleToken:
    """Access tokens from Google, through google-auth."""

    def __init__(self, file: Path, sender: str) -> None:
        self._file, self._sender = file, sender
        self._turn = threading.Lock()
        # google-auth has no types: Any.
        self._credentials: Any = None

    def __call__(self, fresh: bool) -> str:
        """Return a token; see `Provider`."""
        from google.auth.exceptions import GoogleAuthError, RefreshError  # noqa: PLC0415 - 0.1 s
        from google.auth.transport.requests import Request  # noqa: PLC0415 - 0.2 s
        from requests import Session  # noqa: PLC0415 - the same

        with self._turn:
            if self._credentials is None:
                self._credentials = self._load()
            if fresh or not self._credentials.valid:
                try:
                    with Session() as session:
                        # A login server on this machine is never asked through a proxy.
                        session.trust_env = not is_this_machine(urlsplit(self._credentials.token_uri).hostname or "")
                        self._credentials.refresh(Request(session))
                except RefreshError as error:
                    # The second argument is the provider's answer; the first may quote more than a person needs.
                    answer = error.args[1] if len(error.args) > 1 and isinstance(error.args[1], Mapping) else {}
                    raise _over(self._sender, "google", str(answer.get("error", "no reason given"))) from None
                except GoogleAuthError:
                    raise MailerOutOfReach("Google's login server did not answer") from None
                keep(self._file, self._credentials.to_json())
            return str(self._credentials.token)

    def _load(self) -> object:
        from google.oauth2.credentials import Credentials  # noqa: PLC0415 - 0.1 s

        try:
            info = json.loads(_agreement(self._file, self._sender, "google"))
            # Not from_authorized_user_info: that puts Google's own address in the place of the one that was kept.
            return Credentials(  # type: ignore[no-untyped-call]
                info.get("token"),
                refresh_token=info["refresh_token"],
                token_uri=info.get("token_uri") or "https://oauth2.googleapis.com/token",
                client_id=info["client_id"],
                client_secret=info["client_secret"],
                scopes=GOOGLE_SCOPES,
                expiry=_expiry(info.get("expiry")),
            )
        except (ValueError, KeyError):
            raise _over(self._sender, "google", "its stored login cannot be read") from None


def _expiry(text: str | None) -> datetime:
    """Return when a stored token ends, in UTC without a zone, as google-auth wants it; without one, long ago."""
    return datetime.fromisoformat(text).replace(tzinfo=None) if text else datetime.min  # noqa: DTZ901 - see above


class MicrosoftToken:
    """Access tokens from Microsoft, through msal. *session* is what asks, a `requests.Session` of one's own or None."""

    def __init__(self, file: Path, sender: str, session: object = None) -> None:
        self._file, self._sender, self._session = file, sender, session
        self._turn = threading.Lock()

    def __call__(self, fresh: bool) -> str:
        """Return a token; see `Provider`."""
        with self._turn:
            stored = _agreement(self._file, self._sender, "microsoft")
            try:
                kept = json.loads(stored)
                app, cache = microsoft_app(kept["client_id"], kept["authority"], kept["cache"], self._session)
                account = app.get_accounts()[0]
            except (ValueError, KeyError, IndexError):
                raise _over(self._sender, "microsoft", "its stored login cannot be read") from None
            except OSError:
                raise MailerOutOfReach("Microsoft's login server did not answer") from None
            try:
                answer = app.acquire_token_silent_with_error(list(MICROSOFT_SCOPES), account, force_refresh=fresh)
            except OSError:
                raise MailerOutOfReach("Microsoft's login server did not answer") from None
            if not answer or "access_token" not in answer:
                raise _over(self._sender, "microsoft", str((answer or {}).get("error", "no reason given")))
            if cache.has_state_changed:
                keep(self._file, json.dumps({**kept, "cache": cache.serialize()}))
            return str(answer["access_token"])


# msal has no types: Any.
def microsoft_app(client_id: str, authority: str, cached: str, session: object = None) -> tuple[Any, Any]:
    """Return msal's application, and the cache it keeps tokens in. Asks Microsoft where its doors are."""
    import msal  # type: ignore[import-untyped]  # noqa: PLC0415 - an extra, and 0.3 s

    cache = msal.SerializableTokenCache()
    if cached:
        cache.deserialize(cached)
    app = msal.PublicClientApplication(
        client_id,
        authority=authority,
        token_cache=cache,
        http_client=session,
        instance_discovery=False,
        timeout=None if session else _SECONDS,
    )
    return app, cache


PROVIDERS = {"google": GoogleToken, "microsoft": MicrosoftToken}
"""By the name under ``login:``."""
