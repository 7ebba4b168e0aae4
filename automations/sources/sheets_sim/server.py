"""The service on a socket of this machine: HTTP/1.1 with connections that stay open.

    with SheetsServer(SimSpreadsheet.from_rows({"Leads": rows})) as server:
        ...  # server.url + "/v4/spreadsheets/..."
        assert len(server.calls) == 3

Bounds: 64 MB a request, 180 s of silence on a connection.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from automations.sources.sheets_sim.faults import Fault
from automations.sources.sheets_sim.people import SimSpreadsheet
from automations.sources.sheets_sim.quotas import Quotas
from automations.sources.sheets_sim.service import Between, Call, Reply, SheetsService, Tokens

__all__ = ["HttpServer", "SheetsServer"]

MAX_REQUEST_BYTES = 64_000_000
IDLE_SECONDS = 180.0
LOOK_SECONDS = 0.05


Handle = Callable[[str, str, bytes, Mapping[str, str]], Reply]
"""Serves one call: method, path with query, body, headers."""


class HttpServer:
    """Threads that wait for calls on 127.0.0.1 and hand them on. *port* 0 takes a free one."""

    def __init__(self, handle: Handle, *, port: int = 0) -> None:
        self._http = _Http(("127.0.0.1", port), handle)
        self._thread = threading.Thread(target=self._http.serve_forever, args=(LOOK_SECONDS,), daemon=True)
        self.port = int(self._http.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()

    def stop(self) -> None:
        """Close every connection and wait for its thread."""
        self._http.stop()
        self._thread.join(10)


class SheetsServer:
    """The server, from ``with`` to its end, on 127.0.0.1. *port* 0 takes a free one."""

    def __init__(
        self,
        *worlds: SimSpreadsheet,
        quotas: Quotas | None = None,
        tokens: Tokens | None = None,
        port: int = 0,
    ) -> None:
        self.service = SheetsService(*worlds, quotas=quotas, tokens=tokens)
        self._server = HttpServer(self.service.handle, port=port)
        self.port = self._server.port
        self.url = self._server.url

    def __enter__(self) -> Self:
        """Start to listen."""
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection and wait for its thread."""
        self._server.stop()

    @property
    def calls(self) -> tuple[Call, ...]:
        """Return the calls so far, in the order in which they were served."""
        return self.service.calls

    def reset_calls(self) -> None:
        """Forget the calls so far."""
        self.service.reset_calls()

    def script(self, *faults: Fault) -> None:
        """Let these things go wrong from now on."""
        self.service.script(*faults)

    def between(self, callback: Between) -> None:
        """Let people do something before every call from now on."""
        self.service.between(callback)


class _Http(ThreadingHTTPServer):
    """Threads that are waited for at the end, and connections that can be closed from outside."""

    daemon_threads = False
    block_on_close = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handle: Handle) -> None:
        self.handle = handle
        self.stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base has it
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 - as the base has it
        with self._guard:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 - as the base has it
        """Say nothing: a caller that hangs up is no error here."""

    def stop(self) -> None:
        self.stopping.set()
        self.shutdown()
        with self._guard:
            for each in self._open:
                with contextlib.suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    server: _Http

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the base has it
        """Write no log: calls are kept by the service."""

    def _serve(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if "Transfer-Encoding" in self.headers or not length.isdecimal():
            self._refuse(HTTPStatus.LENGTH_REQUIRED)
        elif int(length) > MAX_REQUEST_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            body = self.rfile.read(int(length))
            self._send(self.server.handle(self.command, self.path, body, dict(self.headers.items())))

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _serve  # noqa: N815 - the names are http.server's

    def _refuse(self, status: int) -> None:
        self.close_connection = True
        self._send(Reply(status))

    def _send(self, reply: Reply) -> None:
        if reply.silent:
            self._wait_for_the_end()
        if reply.silent or reply.drops:
            self.close_connection = True
            return
        # One write for all of it: headers and body apart would wait for each other's acknowledgement.
        self.wfile.write(_head(reply, closes=self.close_connection) + reply.body)

    def _wait_for_the_end(self) -> None:
        """Say nothing until the caller hangs up, or the server ends."""
        while not self.server.stopping.is_set():
            readable, _, _ = select.select([self.connection], [], [], LOOK_SECONDS)
            if readable and not self.connection.recv(1, socket.MSG_PEEK):
                return
            if readable:
                self.server.stopping.wait(LOOK_SECONDS)


def _head(reply: Reply, *, closes: bool) -> bytes:
    """Return the first lines of an answer, with the empty one."""
    lines = [f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    if reply.status != HTTPStatus.NO_CONTENT:
        lines += [f"Content-Type: {reply.content_type}", f"Content-Length: {len(reply.body)}"]
    lines += ["Connection: close"] if closes else []
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")
