"""Talking to Google Sheets over HTTP: one call in, one answer out, and patience with limits.

What is only looked at may be asked again. A change that got no answer is *in doubt*: whoever asked for it has to look
at what is there now. All waiting of a run together has one budget; the clock is the one that was given.
"""

from __future__ import annotations

import hashlib
import json
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from automations.errors import SourceOutOfReach
from automations.sources.google.auth import Login, why_no_login
from automations.sources.google.cells import CellData
from automations.sources.google.grid import CutOff, Spreadsheet, hashed, read_answer, spreadsheet_of
from automations.sources.google.refusals import Answer, Whom, answer_of, refused

if TYPE_CHECKING:
    from gspread.http_client import HTTPClient
    from requests import Response

Json = Mapping[str, Any]
"""A request or an answer: its values can be any JSON."""
_Result = TypeVar("_Result")

TIMEOUT = (10.0, 190.0)
"""Seconds to wait for a connection and for an answer: Google gives a request up after 180."""
BUDGET = timedelta(minutes=5)
"""How long all waiting of one run may take together."""
_LONGEST_WAIT = 64
_PIECE = 1 << 18


class Time(Protocol):
    """What is needed of a clock."""

    def now(self) -> datetime:
        """Return the time, aware."""
        ...

    def elapsed(self) -> timedelta:
        """Return the time since some moment of the past."""
        ...

    def sleep(self, length: timedelta) -> bool:
        """Wait."""
        ...


class InDoubt(Exception):  # noqa: N818 - a signal to look again, never seen by a person
    """A change was sent, and nobody knows whether it was made."""


class GivenUp(SourceOutOfReach):
    """The budget for waiting is used up."""


class _Later(Exception):  # noqa: N818 - a signal between a call and its repetition
    """Nothing was done, and asking again may help. *wait* is how long the server wants us to."""

    def __init__(self, why: SourceOutOfReach, wait: timedelta | None = None) -> None:
        super().__init__(why.what)
        self.why = why
        self.wait = wait


class SheetsClient:
    """The calls we make on one spreadsheet. *jitter* is a random number from 0 to 1."""

    def __init__(
        self, login: Login, endpoint: str, spreadsheet: str, time: Time, jitter: Callable[[], float] = random.random
    ) -> None:
        self._login = login
        self._base = f"{endpoint}/v4/spreadsheets/{spreadsheet}"
        self._http = _http_client(login)
        self._patience = Patience(time, jitter)
        self.whom = Whom("the Google Sheet", login.address, endpoint, login.is_user)

    def call_it(self, title: str) -> None:
        """Use the sheet's own name in sentences from now on."""
        self.whom = self.whom._replace(sheet=f'the Google Sheet "{title}"')

    def read(self, filters: list[Json], fields: str, row_of: Callable[[CellData], Any]) -> Spreadsheet:
        """Return what *filters* select, with the cells of each row made by *row_of*; without any, no cells at all."""

        def once() -> Spreadsheet:
            params = {"fields": fields, "prettyPrint": "false"}
            if filters:
                response = self._send("post", ":getByDataFilter", params, {"dataFilters": filters})
            else:
                response = self._send("get", "", params, None)
            digest = hashlib.sha256()
            try:
                answer, rows = read_answer(hashed(_chunks(response), digest), row_of)
            except CutOff as err:
                raise _Later(_unheard(self.whom)) from err
            return spreadsheet_of(answer, rows, digest.hexdigest())

        found = self._patience.ask(self._looking(once))
        self.call_it(found.title)
        return found

    def write_values(self, body: Json) -> Json:
        """Write cells, all or none, and return what stands in them. Raises InDoubt when that cannot be told."""
        return self._change("/values:batchUpdateByDataFilter", body)

    def change(self, requests: list[Json]) -> Json:
        """Change the spreadsheet itself, all of it or none. Raises InDoubt when it cannot be told which."""
        return self._change(":batchUpdate", {"requests": requests})

    def wait_in_doubt(self) -> None:
        """Wait before looking at what a change in doubt came to. Raises GivenUp when there is no time left."""
        self._patience.wait(_Later(_unheard(self.whom)))

    def _change(self, path: str, body: Json) -> Json:
        def once() -> Json:
            try:
                response = self._send("post", path, {"prettyPrint": "false"}, body)
                answer: object = json.loads(b"".join(_chunks(response)))
            except (CutOff, ValueError) as err:
                raise InDoubt from err
            if not isinstance(answer, dict):
                raise InDoubt
            return answer

        return self._patience.ask(once)

    def _looking(self, once: Callable[[], _Result]) -> Callable[[], _Result]:
        """Return *once* as a call that may be made again when it is in doubt."""

        def again() -> _Result:
            try:
                return once()
            except InDoubt as err:
                raise _Later(_unheard(self.whom)) from err

        return again

    def _send(self, method: str, path: str, params: Mapping[str, str], body: Json | None) -> Response:
        """Return the answer of one request. Raises _Later, InDoubt or SourceOutOfReach."""
        from google.auth.exceptions import GoogleAuthError, TransportError  # noqa: PLC0415 - loaded with the client
        from gspread.exceptions import APIError  # noqa: PLC0415 - the same
        from requests import exceptions  # noqa: PLC0415 - the same

        try:
            return self._http.request(method, self._base + path, params=dict(params), json=body)
        except APIError as error:
            raise self._meant(error.response) from None
        except TransportError as error:
            raise _Later(_offline(self.whom, "oauth2.googleapis.com")) from error
        except GoogleAuthError as error:
            if getattr(error, "retryable", False):
                raise _Later(_offline(self.whom, "oauth2.googleapis.com")) from error
            # Not chained: what Google's library says may quote a token.
            raise why_no_login(error, self._login.is_user, self._login.address) from None
        except exceptions.SSLError as error:
            raise SourceOutOfReach(
                f"the connection to {self.whom.server} cannot be trusted", fix="is a proxy or virus scanner in between?"
            ) from error
        except (exceptions.ConnectTimeout, exceptions.ProxyError) as error:
            raise _Later(_offline(self.whom)) from error
        except exceptions.RequestException as error:
            if _never_left(error):
                raise _Later(_offline(self.whom)) from error
            raise InDoubt from error

    def _meant(self, response: Response) -> Exception:
        """Return what to raise for a refusal."""
        try:
            body: object = response.json()
        except ValueError:
            body = None
        answer = answer_of(response.status_code, body, response.headers.get("Retry-After", ""))
        if answer.is_too_busy:
            return _Later(refused(answer, self.whom), self._patience.asked_for(answer))
        if answer.is_unsure:
            return InDoubt()
        if answer.is_missing_tab:
            return MissingTab(refused(answer, self.whom))
        return refused(answer, self.whom)


class MissingTab(SourceOutOfReach):
    """The tab that a call names is not there."""

    def __init__(self, why: SourceOutOfReach) -> None:
        super().__init__(why.what, fix=why.fix)


class Patience:
    """Repeats calls, each wait longer than the last and random (full jitter), until the budget is used up."""

    def __init__(self, time: Time, jitter: Callable[[], float]) -> None:
        self._time = time
        self._jitter = jitter
        self._left = BUDGET
        self._waits = 0

    def ask(self, once: Callable[[], _Result]) -> _Result:
        """Return what *once* does. Raises GivenUp when it asked for later until there was no time left."""
        import stamina  # noqa: PLC0415 - 50 ms
        from stamina.instrumentation import set_on_retry_hooks  # noqa: PLC0415 - the same

        # Its own hooks would log every wait to standard output.
        set_on_retry_hooks(())

        def wait_for(error: Exception) -> bool | timedelta:
            if not isinstance(error, _Later):
                return False
            # Waited here, by the clock we were given; stamina itself goes on at once.
            self.wait(error)
            return timedelta(0)

        self._waits = 0
        for attempt in stamina.retry_context(on=wait_for, attempts=None, timeout=None):
            with attempt:
                began = self._time.elapsed()
                try:
                    return once()
                except (_Later, InDoubt):
                    self._left -= self._time.elapsed() - began
                    raise
        raise AssertionError("stamina ends with an answer or an error")

    def wait(self, later: _Later) -> None:
        """Wait before the next attempt. Raises GivenUp when that would be too long."""
        most = min(_LONGEST_WAIT, 1 << min(self._waits, 6))
        length = max(timedelta(seconds=self._jitter() * most), later.wait or timedelta(0))
        self._waits += 1
        if length > self._left:
            raise GivenUp(later.why.what, fix=later.why.fix) from later
        self._left -= length
        self._time.sleep(length)

    def asked_for(self, answer: Answer) -> timedelta | None:
        """Return how long a server asks us to wait (RFC 9110, section 10.2.3); None when it does not."""
        text = answer.retry_after.strip()
        if text.isascii() and text.isdigit():
            return timedelta(seconds=min(int(text), 86_400))
        try:
            moment = parsedate_to_datetime(text)
        except (TypeError, ValueError):
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - self._time.now()


def _http_client(login: Login) -> HTTPClient:
    """Return gspread's client with our timeouts; it never repeats a call by itself."""
    from gspread.http_client import HTTPClient  # noqa: PLC0415 - 0.3 s

    client = HTTPClient(auth=None, session=login.session)  # type: ignore[arg-type]  # None is for "the session knows"
    client.set_timeout(TIMEOUT)
    # Answers are read while they arrive: a large sheet is never held as text.
    client.session.stream = True
    return client


def _chunks(response: Response) -> Iterator[bytes]:
    """Return the body of an answer while it arrives. Raises CutOff when it ends too early."""
    from requests.exceptions import RequestException  # noqa: PLC0415 - loaded with the client

    try:
        with response:
            yield from response.iter_content(_PIECE)
    except RequestException as err:
        raise CutOff(str(err)) from err


def _never_left(error: Exception) -> bool:
    """Return whether a request failed before anything of it was sent: there is no such server, or nobody answers."""
    from urllib3.exceptions import MaxRetryError, NewConnectionError  # noqa: PLC0415 - loaded with requests

    cause = error.args[0] if error.args else None
    return isinstance(cause, MaxRetryError) and isinstance(cause.reason, NewConnectionError)


def _offline(whom: Whom, server: str = "") -> SourceOutOfReach:
    name = server or whom.server.partition("://")[2]
    return SourceOutOfReach(f"{name} does not answer", fix="is this machine online? then run again")


def _unheard(whom: Whom) -> SourceOutOfReach:
    return SourceOutOfReach(f"Google gave no whole answer about {whom.sheet}", fix="run again in a while")
