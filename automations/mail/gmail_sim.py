"""Gmail's drafts for rehearsals and tests: on this machine only, it delivers nothing and fails as it is told.

with GmailSim(fails={("send", 1): Failure(503, after_sending=True)}) as server:
GmailMailer(token, drafts, server.url)
"""

from __future__ import annotations

import base64
import json
import threading
from collections import Counter
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import NamedTuple, Self


class Failure(NamedTuple):
    """How a call ends instead: with *status*, or 0 for a connection that is closed; perhaps after it was done."""

    status: int
    reason: str = "backendError"
    after_sending: bool = False


Reply = tuple[int, dict[str, object]]


class GmailSim:
    """The server, from ``with`` to its end. *fails* says, by call and its number from 1, how it ends.

    Calls are ``profile``, ``create``, ``get``, ``send`` and ``delete``. *tokens* are those it accepts; None: any.
    """

    def __init__(self, fails: Mapping[tuple[str, int], Failure] | None = None) -> None:
        self.fails = dict(fails or {})
        self.tokens: set[str] | None = None
        self.drafts: dict[str, bytes] = {}
        self.sent: list[bytes] = []
        """The bytes of every message that was sent, in order."""
        self.calls: Counter[str] = Counter()
        self._made = 0
        sim = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer("profile" if self.path.endswith("/profile") else "get")

            def do_DELETE(self) -> None:
                self._answer("delete")

            def do_POST(self) -> None:
                self._answer("send" if self.path.endswith("/send") else "create")

            def _answer(self, call: str) -> None:
                octets = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                token = str(self.headers.get("Authorization", "")).removeprefix("Bearer ")
                reply = sim.answer(call, self.path.rpartition("/")[2], json.loads(octets or b"{}"), token)
                if reply is None:
                    self.close_connection = True
                    return
                body = json.dumps(reply[1]).encode()
                self.send_response(reply[0])
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name for it
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        """Start to answer."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def answer(self, call: str, name: str, body: dict[str, dict[str, str]], token: str) -> Reply | None:
        """Return the answer to one call; None to close the connection without one."""
        self.calls[call] += 1
        if self.tokens is not None and token not in self.tokens:
            return _error(401, "authError")
        failure = self.fails.get((call, self.calls[call]))
        if failure is None or failure.after_sending:
            reply = self._do(call, name, body)
            if failure is None:
                return reply
        return _error(failure.status, failure.reason) if failure.status else None

    def _do(self, call: str, name: str, body: dict[str, dict[str, str]]) -> Reply:
        if call == "profile":
            return 200, {"emailAddress": "anna@shop.example"}
        if call == "create":
            self._made += 1
            draft = f"r-{self._made}"
            self.drafts[draft] = base64.urlsafe_b64decode(body["message"]["raw"])
            return 200, {"id": draft, "message": {"id": f"m-{self._made}"}}
        draft = str(body["id"]) if call == "send" else name
        if draft not in self.drafts:
            return _error(404, "notFound")
        if call == "get":
            return 200, {"id": draft}
        content = self.drafts.pop(draft)
        if call == "send":
            self.sent.append(content)
        return 200, {"id": f"m-{draft}", "labelIds": ["SENT"]}


def _error(status: int, reason: str) -> Reply:
    return status, {"error": {"code": status, "message": reason, "errors": [{"reason": reason}]}}
