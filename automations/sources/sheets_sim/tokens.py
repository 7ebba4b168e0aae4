"""Google's sign-in to try on: access tokens for service accounts and for people, and refusals as Google words them.

    issuer = TokenIssuer(accounts=["robot@leads.example"], refresh_tokens=["1//anna"])
    with TokenServer(issuer) as tokens, SheetsServer(world, tokens=issuer) as server:
        ...  # {"token_uri": tokens.token_uri, "auth_uri": tokens.auth_uri} in the client's file

A service account's assertion is checked as far as its claims go (RFC 7523); its signature only if *verify* is given.
"""

from __future__ import annotations

import base64
import binascii
import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

from automations.sources.sheets_sim.server import HttpServer
from automations.sources.sheets_sim.service import Reply, encoded

__all__ = ["TokenIssuer", "TokenServer"]

JWT_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SPREADSHEETS = "https://www.googleapis.com/auth/spreadsheets"
SECONDS = 3599
MAX_ASSERTION_SECONDS = 3600

Form = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Grant:
    """Who gets a token, and for what."""

    scope: str
    refresh_token: str = ""


class _Refused(Exception):  # noqa: N818 - it becomes an answer
    """An OAuth error (RFC 6749, section 5.2)."""

    def __init__(self, error: str, description: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(error)
        self.error = error
        self.description = description
        self.status = status


class TokenIssuer:
    """Whoever gives out access tokens, and knows which are good. *clock* gives seconds and decides when they expire.

    *accounts* are the addresses of service accounts; *refresh_tokens* those of people. *verify* is given what was
    signed, the signature and the account's address. *seconds* is how long a token is good.
    """

    def __init__(
        self,
        *,
        accounts: Iterable[str] = (),
        refresh_tokens: Iterable[str] = (),
        verify: Callable[[bytes, bytes, str], bool] | None = None,
        clock: Callable[[], float] = time.monotonic,
        seconds: int = SECONDS,
    ) -> None:
        self._accounts = frozenset(accounts)
        self._refresh_tokens = set(refresh_tokens)
        self._verify = verify
        self._clock = clock
        self._seconds = seconds
        self._good_until: dict[str, float] = {}
        self._codes: dict[str, str] = {}
        self._refusals: list[_Refused] = []
        self._count = 0
        self._lock = threading.Lock()
        self.grants: list[str] = []
        """The grant type of every request for a token, in order."""

    def accepts(self, token: str) -> bool:
        """Whether an access token was given out here and has not expired."""
        with self._lock:
            return self._clock() < self._good_until.get(token, float("-inf"))

    def expire(self) -> None:
        """Let all access tokens expire now, before the time that was said."""
        with self._lock:
            self._good_until.clear()

    def revoke(self, refresh_token: str) -> None:
        """Take a person's consent back; it also happens after seven days while an app is being tested."""
        with self._lock:
            self._refresh_tokens.discard(refresh_token)

    def refuse(
        self, error: str, description: str = "", *, status: int = HTTPStatus.BAD_REQUEST, times: int = 1
    ) -> None:
        """Refuse the next requests for a token in these words."""
        with self._lock:
            self._refusals += [_Refused(error, description, status)] * times

    def handle(self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Reply:
        """Serve one call: /token, or /auth, where the browser is sent and agrees at once."""
        split = urlsplit(target)
        with self._lock:
            if (method, split.path) == ("POST", "/token"):
                return self._token({**_form(body.decode("utf-8", "replace")), **_basic(headers or {})})
            if (method, split.path) == ("GET", "/auth"):
                return self._consent(_form(split.query))
        return Reply(HTTPStatus.NOT_FOUND, encoded({"error": "not_found"}))

    def _token(self, form: Form) -> Reply:
        self.grants.append(form.get("grant_type", ""))
        try:
            if self._refusals:
                raise self._refusals.pop(0)
            return Reply(HTTPStatus.OK, encoded(self._given(self._granted(form))))
        except _Refused as refused:
            said = {"error": refused.error, "error_description": refused.description}
            return Reply(refused.status, encoded(said))

    def _given(self, grant: _Grant) -> dict[str, Any]:
        self._count += 1
        token = f"ya29.sim-{self._count}"
        self._good_until[token] = self._clock() + self._seconds
        answer = {"access_token": token, "expires_in": self._seconds, "scope": grant.scope, "token_type": "Bearer"}
        return {**answer, "refresh_token": grant.refresh_token} if grant.refresh_token else answer

    def _granted(self, form: Form) -> _Grant:
        grants: dict[str, Callable[[Form], _Grant]] = {
            JWT_GRANT: self._by_assertion,
            "refresh_token": self._by_refresh,
            "authorization_code": self._by_code,
        }
        kind = form.get("grant_type", "")
        if kind not in grants:
            raise _Refused("unsupported_grant_type", f"Invalid grant_type: {kind}")
        return grants[kind](form)

    def _by_assertion(self, form: Form) -> _Grant:
        signed, _, signature = form.get("assertion", "").rpartition(".")
        claims = _claims(signed)
        issuer = str(claims.get("iss", ""))
        if issuer not in self._accounts:
            raise _Refused("invalid_grant", "Invalid grant: account not found")
        if self._verify is not None and not self._verify(signed.encode(), _octets(signature), issuer):
            raise _Refused("invalid_grant", "Invalid JWT Signature.")
        issued, expires = claims.get("iat"), claims.get("exp")
        if not isinstance(issued, int) or not isinstance(expires, int):
            raise _Refused("invalid_grant", "Invalid JWT: iat and exp must be numbers of seconds.")
        if not 0 < expires - issued <= MAX_ASSERTION_SECONDS:
            raise _Refused(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your"
                " iat and exp values in the JWT claim.",
            )
        scope = str(claims.get("scope", ""))
        if not scope:
            raise _Refused("invalid_scope", "Invalid OAuth scope or ID token audience provided.")
        return _Grant(scope)

    def _by_refresh(self, form: Form) -> _Grant:
        _check_client(form)
        if form.get("refresh_token") not in self._refresh_tokens:
            raise _Refused("invalid_grant", "Token has been expired or revoked.")
        return _Grant(form.get("scope", SPREADSHEETS))

    def _by_code(self, form: Form) -> _Grant:
        _check_client(form)
        scope = self._codes.pop(form.get("code", ""), None)
        if scope is None:
            raise _Refused("invalid_grant", "Malformed auth code.")
        refresh_token = f"1//sim-{self._count}"
        self._refresh_tokens.add(refresh_token)
        return _Grant(scope, refresh_token)

    def _consent(self, form: Form) -> Reply:
        """Send the browser back with a code, as if the person had agreed."""
        code = f"4/sim-{len(self._codes) + self._count}"
        self._codes[code] = form.get("scope", SPREADSHEETS)
        back = {"state": form.get("state", ""), "code": code, "scope": form.get("scope", SPREADSHEETS)}
        location = f"{form.get('redirect_uri', '')}?{urlencode(back)}"
        return Reply(HTTPStatus.FOUND, headers=(("Location", location),))


def _form(text: str) -> Form:
    return {name: values[-1] for name, values in parse_qs(text).items()}


def _basic(headers: Mapping[str, str]) -> Form:
    """Return the client's name and secret, when they stand in the header (RFC 6749, section 2.3.1)."""
    kind, _, coded = next((value for name, value in headers.items() if name.lower() == "authorization"), "").partition(
        " "
    )
    name, colon, secret = _octets(coded).decode("utf-8", "replace").partition(":")
    return {"client_id": name, "client_secret": secret} if kind.lower() == "basic" and colon else {}


def _check_client(form: Form) -> None:
    if not form.get("client_id") or not form.get("client_secret"):
        raise _Refused("invalid_client", "The OAuth client was not found.", HTTPStatus.UNAUTHORIZED)


def _octets(part: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except (binascii.Error, ValueError):
        return b""


def _claims(signed: str) -> dict[str, Any]:
    """Return what a JSON Web Token claims. Raises _Refused when it is none."""
    try:
        claims = json.loads(_octets(signed.partition(".")[2]))
    except ValueError:
        claims = None
    if not isinstance(claims, dict):
        raise _Refused("invalid_grant", "Invalid JWT: Failed to parse.")
    return claims


class TokenServer:
    """The issuer on a socket of this machine, from ``with`` to its end."""

    def __init__(self, issuer: TokenIssuer, *, port: int = 0) -> None:
        self.issuer = issuer
        self._server = HttpServer(issuer.handle, port=port)
        self.token_uri = f"{self._server.url}/token"
        self.auth_uri = f"{self._server.url}/auth"

    def __enter__(self) -> Self:
        """Start to listen."""
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection and wait for its thread."""
        self._server.stop()
