"""The service without its wires: a request in, a reply out. The HTTP server and in-process tests call the same.

Order of one call: people's edits, scripted faults, credentials, quota, form, and then the work, on a draft.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qs, unquote, urlsplit

from automations.sources.sheets_sim import checking
from automations.sources.sheets_sim.faults import Fault
from automations.sources.sheets_sim.masks import parse_mask, pruned
from automations.sources.sheets_sim.messages import OTHER_REQUESTS
from automations.sources.sheets_sim.methods import METHODS, Ask, Method
from automations.sources.sheets_sim.people import SimSpreadsheet
from automations.sources.sheets_sim.quotas import Quotas
from automations.sources.sheets_sim.refusals import Refusal, not_found, not_shared

__all__ = ["Between", "Call", "Reply", "SheetsService", "Upcoming", "encoded"]

OK = 200
JSON_TYPE = "application/json; charset=UTF-8"
NO_CREDENTIALS = (
    "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid"
    " authentication credential. See https://developers.google.com/identity/sign-in/web/devconsole-project."
)


class Call(NamedTuple):
    """One call as it was answered; *status* 0 is no answer. *bytes* came in, *answered* went out."""

    method: str
    path: str
    status: int
    bytes: int
    answered: int = 0


class Upcoming(NamedTuple):
    """A call that is about to be served; *number* counts from 1."""

    number: int
    method: str
    path: str
    body: bytes


class Reply(NamedTuple):
    """What goes back; *silent* is nothing at all, *drops* a closed connection."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    silent: bool = False
    drops: bool = False
    content_type: str = JSON_TYPE


Between = Callable[[SimSpreadsheet, Upcoming], None]
"""What people do just before a call is served."""


class Tokens(Protocol):
    """Whoever knows which access tokens are good."""

    def accepts(self, token: str) -> bool:
        """Whether a token is one of ours and has not expired."""


class Facade(Protocol):
    """Another service that lives at the same address: it answers the paths that it knows."""

    def answer(self, method: str, path: str, query: Mapping[str, Sequence[str]], body: bytes) -> Reply | None:
        """Return a reply, or None for a path of someone else's."""


class Route(NamedTuple):
    """A method and the pattern of its paths, still percent-encoded."""

    method: Method
    pattern: re.Pattern[str]


def _route(method: Method) -> Route:
    parts = re.split(r"\{(\w+)\}", method.path)
    pattern = "".join(re.escape(part) if index % 2 == 0 else f"(?P<{part}>.+)" for index, part in enumerate(parts))
    return Route(method, re.compile(rf"/v4/spreadsheets/(?P<spreadsheetId>[^/:]+){pattern}"))


ROUTES = tuple(_route(each) for each in METHODS)


class SheetsService:
    """Google Sheets for the spreadsheets it is given. *tokens* refuses callers whose access token it does not know."""

    def __init__(self, *worlds: SimSpreadsheet, quotas: Quotas | None = None, tokens: Tokens | None = None) -> None:
        self.worlds = {each.spreadsheet_id: each for each in worlds}
        self.facades: list[Facade] = []
        self._quotas = Quotas() if quotas is None else quotas
        self._tokens = tokens
        self._lock = threading.RLock()
        self._calls: list[Call] = []
        self._faults: list[Fault] = []
        self._between: list[Between] = []
        self._number = 0

    @property
    def calls(self) -> tuple[Call, ...]:
        """Return the calls so far, in the order in which they were served."""
        with self._lock:
            return tuple(self._calls)

    def reset_calls(self) -> None:
        """Forget the calls so far."""
        with self._lock:
            self._calls.clear()

    def script(self, *faults: Fault) -> None:
        """Let these things go wrong from now on; each counts the calls that it meets for itself."""
        with self._lock:
            self._faults.extend(faults)

    def between(self, callback: Between) -> None:
        """Let people do something before every call from now on."""
        with self._lock:
            self._between.append(callback)

    def handle(self, method: str, target: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Reply:
        """Serve one call. *target* is path and query as on the request's first line."""
        split = urlsplit(target)
        query = parse_qs(split.query, keep_blank_values=True)
        given = {name.lower(): value for name, value in (headers or {}).items()}
        with self._lock:
            self._number += 1
            self._people_first(Upcoming(self._number, method, unquote(split.path), body))
            reply = self._faulty(method, split.path, query, body, given)
            self._calls.append(Call(method, unquote(split.path), reply.status, len(body), len(reply.body)))
        return reply

    def _people_first(self, upcoming: Upcoming) -> None:
        world = next((each for key, each in self.worlds.items() if key in upcoming.path), None)
        for each in self._between:
            if world is not None:
                each(world, upcoming)

    def _faulty(
        self, method: str, path: str, query: Mapping[str, Sequence[str]], body: bytes, headers: Mapping[str, str]
    ) -> Reply:
        met = [each for each in self._faults if each.meets(method, unquote(path))]
        if not met:
            return self._answered(method, path, query, body, headers)
        fault = met[0]
        if fault.applies:
            self._answered(method, path, query, body, headers)
        if fault.silent or fault.drops:
            return Reply(0, silent=fault.silent, drops=fault.drops)
        wait = (("Retry-After", fault.retry_after),) if fault.retry_after else ()
        return Reply(fault.status, encoded(fault.body), wait)

    def _answered(
        self, method: str, path: str, query: Mapping[str, Sequence[str]], body: bytes, headers: Mapping[str, str]
    ) -> Reply:
        for each in self.facades:
            reply = each.answer(method, path, query, body)
            if reply is not None:
                return reply
        try:
            self._check_token(headers.get("authorization", ""))
            return Reply(OK, encoded(self._done(method, path, query, body)))
        except Refusal as refusal:
            return Reply(refusal.status, encoded(refusal.as_json()))

    def _check_token(self, authorization: str) -> None:
        if self._tokens is not None and not self._tokens.accepts(authorization.removeprefix("Bearer ")):
            raise Refusal(401, NO_CREDENTIALS)

    def _done(self, method: str, path: str, query: Mapping[str, Sequence[str]], body: bytes) -> dict[str, Any]:
        called, parts = _called(method, path)
        self._quotas.take(called.quota)
        world = self._world(parts["spreadsheetId"])
        payload = _payload(called, body)
        asked = checking.checked_query(called.query, query)
        mask = parse_mask(query["fields"][-1], called.answer) if query.get("fields", [""])[-1] else {}
        if called.quota == "Read":
            with world.lock:
                answer = called.work(Ask(world.settled(), parts, asked, payload, mask, world.bot))
        else:
            with world.change() as state:
                answer = called.work(Ask(state, parts, asked, payload, mask, world.bot))
        found: dict[str, Any] = answer if called.answer == "Spreadsheet" else pruned(answer, mask)
        return found

    def _world(self, spreadsheet_id: str) -> SimSpreadsheet:
        world = self.worlds.get(spreadsheet_id)
        if world is None or world.is_trashed:
            raise not_found()
        if not world.is_shared:
            raise not_shared()
        return world


def _called(method: str, path: str) -> tuple[Method, dict[str, str]]:
    for route in ROUTES:
        found = route.pattern.fullmatch(path)
        if found and route.method.verb == method:
            return route.method, {name: unquote(part) for name, part in found.groupdict().items()}
    raise Refusal(404, "The requested URL was not found on this server.")


def _payload(called: Method, body: bytes) -> dict[str, Any]:
    """Return the checked body. Requests that Google knows and this server does not do are named as such."""
    if not called.body:
        return {}
    payload = checking.decoded(body)
    other = next(_others(payload), None) if called.name == "spreadsheets.batchUpdate" else None
    if other is not None:
        raise Refusal(501, f"sheets-sim does not carry out the request {other}.")
    return checking.checked(called.body, payload, path=called.body_path)


def _others(payload: Any) -> Iterator[str]:  # noqa: ANN401 - not checked yet
    requests = payload.get("requests") if isinstance(payload, dict) else None
    for each in requests if isinstance(requests, list) else ():
        if isinstance(each, dict):
            yield from (name for name in each if name in OTHER_REQUESTS)


def encoded(answer: Mapping[str, Any]) -> bytes:
    """Return JSON as it goes over the wire."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8")
