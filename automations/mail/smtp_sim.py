"""A mail server for rehearsals and tests: on this machine only, it delivers nothing and does what it is told.

    with SmtpSim(script=script({(2, "dot"): Answer(b"", close=True)})) as server:
        ...                                  # the second message is stored, and then the line goes dead

    python -m automations.mail.smtp_sim --port 0 --store DIR --bad 0.3 --seed 7

What it takes for good is written to ``DIR/accepted.jsonl`` and fsynced before the answer leaves, so that whoever kills
the client can tell afterwards what had arrived. Bounds: 64 connections, 30 MB a message, 60 s of silence.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import contextlib
import hashlib
import json
import os
import re
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from automations.mail.smtp_script import Answer, Moment, Script, bad, obliging, script

__all__ = ["Answer", "Moment", "Script", "SmtpSim", "Taken", "bad", "obliging", "script"]

MAX_CONNECTIONS = 64
MAX_MESSAGE_BYTES = 30_000_000
MAX_LINE_BYTES = 65_536
IDLE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Taken:
    """A message the server stored, without dot-stuffing; *heard* says that the client was told so."""

    mail_from: str
    recipients: tuple[str, ...]
    content: bytes
    heard: bool = True

    @property
    def message_id(self) -> str:
        """Return the Message-ID field, or ""."""
        found = re.search(rb"^Message-ID:\s*(\S+)", self.content, re.IGNORECASE | re.MULTILINE)
        return found[1].decode("ascii", "replace") if found else ""


class SmtpSim:
    """The server, from ``with`` to its end. *port* 0 takes a free one; *users* maps names to passwords.

    *tls* is offered by STARTTLS, or from the first byte with *tls_at_once*. *features* are the EHLO lines besides.
    One that is *eager* lets a message begin that it has no recipient for.
    """

    def __init__(
        self,
        *,
        script: Script = obliging,
        port: int = 0,
        store: Path | None = None,
        tls: ssl.SSLContext | None = None,
        tls_at_once: bool = False,
        users: Mapping[str, str] | None = None,
        eager: bool = False,
        features: Sequence[str] = ("8BITMIME", "ENHANCEDSTATUSCODES", "PIPELINING", "SIZE 10000000"),
    ) -> None:
        self.script = script
        self.tls, self.tls_at_once = tls, tls_at_once
        self.users = dict(users or {})
        self.features = tuple(features)
        self.eager = eager
        self.messages: list[Taken] = []
        """What was stored, in order."""
        self.commands: list[str] = []
        """Every line that came, in order; what follows AUTH is left out."""
        self.connections = 0
        self.transactions = 0
        self._lock = threading.Lock()
        self._store = store
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", port), backlog=MAX_CONNECTIONS)
        self.port = int(self._listener.getsockname()[1])
        self._stopping = False

    def __enter__(self) -> Self:
        """Start to listen."""
        self._start(self._listen)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close every connection and wait for its thread."""
        self._stopping = True
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
            pass  # It wakes the listener.
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def settle(self) -> None:
        """Wait until every client has left and been dealt with."""
        for thread in self._threads[1:]:
            thread.join(IDLE_SECONDS)

    def _start(self, work: Callable[[], None]) -> None:
        thread = threading.Thread(target=work, daemon=True)
        self._threads = [*(each for each in self._threads if each.is_alive()), thread]
        thread.start()

    def _listen(self) -> None:
        while not self._stopping:
            connection, _ = self._listener.accept()
            with self._lock:
                is_welcome = not self._stopping and len(self._open) < MAX_CONNECTIONS
                if is_welcome:
                    self._open.add(connection)
                    self.connections += 1
                    number = self.connections
            if is_welcome:
                self._start(partial(self._serve, connection, number))
            else:
                connection.close()

    def _serve(self, connection: socket.socket, number: int) -> None:
        connection.settimeout(IDLE_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        talk = _Talk(self, connection, number)
        try:
            with contextlib.suppress(OSError, _Over):
                talk.run()
        finally:
            with self._lock:
                self._open.discard(connection)
            talk.close()

    def begin(self) -> int:
        """Count a MAIL command and return its number."""
        with self._lock:
            self.transactions += 1
            return self.transactions

    def hear(self, line: str) -> None:
        """Keep a command line."""
        with self._lock:
            self.commands.append("AUTH" if line.upper().startswith("AUTH") else line)

    def keep(self, taken: Taken) -> None:
        """Store a message for good."""
        with self._lock:
            self.messages.append(taken)
            if self._store is not None:
                _write_down(self._store, taken)


def _write_down(store: Path, taken: Taken) -> None:
    store.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(taken.content).hexdigest()
    entry = {
        "message_id": taken.message_id,
        "from": taken.mail_from,
        "to": list(taken.recipients),
        "heard": taken.heard,
        "sha256": digest,
    }
    (store / f"{digest[:32]}.eml").write_bytes(taken.content)
    with (store / "accepted.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(entry) + "\n")
        file.flush()
        os.fsync(file.fileno())


class _Over(Exception):  # noqa: N818 - the conversation's end
    """The conversation is over."""


@dataclass(slots=True)
class _Transaction:
    number: int = 0
    mail_from: str = ""
    recipients: list[str] = field(default_factory=list)
    is_open: bool = False


class _Talk:
    """One conversation, in its own thread."""

    def __init__(self, server: SmtpSim, connection: socket.socket, number: int) -> None:
        self._server = server
        self._connection = connection
        self._number = number
        self._file: IO[bytes] = connection.makefile("rb")
        self._is_protected = False
        self._is_known = False
        self._transaction = _Transaction()
        self._handlers: Mapping[str, Callable[[str], object]] = {
            "EHLO": self._ehlo,
            "HELO": lambda line: self._say("ehlo", b"250 sim.invalid", line),
            "STARTTLS": self._starttls,
            "AUTH": self._auth,
            "MAIL": self._mail,
            "RCPT": self._rcpt,
            "DATA": self._data,
            "RSET": self._rset,
            "NOOP": lambda line: self._say("noop", b"250 2.0.0 still here", line),
            "QUIT": self._quit,
        }

    def run(self) -> None:
        if self._server.tls_at_once:
            self._protect()
        self._say("greeting", b"220 sim.invalid ESMTP, nothing is delivered")
        while True:
            line = self._read_line()
            self._server.hear(line)
            handler = self._handlers.get(line[:8].upper().split(" ")[0].strip())
            if handler is None:
                self._send(b"500 5.5.1 this is no command")
            else:
                handler(line)

    def close(self) -> None:
        for each in (self._file, self._connection):
            with contextlib.suppress(OSError):
                each.close()

    def _read_line(self) -> str:
        octets = self._file.readline(MAX_LINE_BYTES)
        if not octets.endswith(b"\n"):
            raise _Over
        return octets.decode("utf-8", "replace").rstrip("\r\n")

    def _send(self, octets: bytes) -> None:
        self._connection.sendall(octets if octets.endswith(b"\n") else octets + b"\r\n")

    def _ask(self, phase: str, line: str = "") -> Answer | None:
        answer = self._server.script(Moment(phase, self._number, self._transaction.number, line))
        if answer is not None and answer.seconds:
            threading.Event().wait(answer.seconds)
        return answer

    def _say(self, phase: str, usual: bytes, line: str = "") -> bool:
        """Answer; return whether what was said is what is usual."""
        answer = self._ask(phase, line)
        if answer is None or (not answer.octets and not answer.close):
            self._send(usual)
            return True
        self._carry_out(answer)
        return answer.octets[:1] == usual[:1]

    def _carry_out(self, answer: Answer) -> None:
        if answer.octets:
            self._send(answer.octets)
        if answer.close:
            raise _Over

    def _ehlo(self, line: str) -> None:
        features = list(self._server.features)
        if self._server.tls is not None and not self._is_protected:
            features.append("STARTTLS")
        if self._server.users:
            features.append("AUTH PLAIN LOGIN XOAUTH2")
        lines = ["sim.invalid", *features]
        marks = ["-"] * (len(lines) - 1) + [" "]
        self._say(
            "ehlo", "\r\n".join(f"250{mark}{text}" for mark, text in zip(marks, lines, strict=True)).encode(), line
        )

    def _starttls(self, line: str) -> None:
        if self._server.tls is None or self._is_protected:
            self._send(b"503 5.5.1 no TLS now")
        elif self._say("starttls", b"220 2.0.0 go ahead", line):
            self._protect()

    def _protect(self) -> None:
        assert self._server.tls is not None  # noqa: S101 - for mypy; both callers have asked
        self._file.close()
        self._connection = self._server.tls.wrap_socket(self._connection, server_side=True)
        self._file = self._connection.makefile("rb")
        self._is_protected = True

    def _auth(self, line: str) -> None:
        words = line.split(" ")
        if words[1:2] == ["XOAUTH2"]:
            name, _, token = _decoded(words[-1]).strip("\x01").removeprefix("user=").partition("\x01auth=Bearer ")
            if self._server.users.get(name) != token:
                self._challenge(b'{"status":"400","schemes":"Bearer"}')
            password = token
        elif words[1:2] == ["PLAIN"]:
            said = words[2] if len(words) > 2 else self._challenge(b"")  # noqa: PLR2004 - AUTH PLAIN initial-response
            name, _, password = _decoded(said).removeprefix("\0").partition("\0")
        else:
            name = _decoded(words[2] if len(words) > 2 else self._challenge(b"Username:"))  # noqa: PLR2004
            password = _decoded(self._challenge(b"Password:"))
        right = self._server.users.get(name) == password
        usual = b"235 2.7.0 welcome" if right else b"535 5.7.8 user and password do not fit"
        self._is_known = self._say("auth", usual) and right

    def _challenge(self, prompt: bytes) -> str:
        self._send(b"334 " + base64.b64encode(prompt))
        return self._read_line()

    def _mail(self, line: str) -> None:
        if self._server.users and not self._is_known:
            self._send(b"530 5.7.0 log in first")
            return
        self._transaction = _Transaction(self._server.begin(), _address_in(line))
        self._transaction.is_open = self._say("mail", b"250 2.1.0 go on", line)

    def _rcpt(self, line: str) -> None:
        if not self._transaction.is_open:
            self._send(b"503 5.5.1 nobody has said MAIL")
        elif self._say("rcpt", b"250 2.1.5 go on", line):
            self._transaction.recipients.append(_address_in(line))

    def _data(self, line: str) -> None:
        if not self._transaction.recipients and not self._server.eager:
            self._send(b"503 5.5.1 nobody to send it to")
            return
        if not self._say("data", b"354 go on", line):
            return
        early = self._ask("body")
        if early is not None:
            self._carry_out(early)
        content = self._read_body()
        # Whoever has answered early has answered: the rest is read and thrown away.
        if early is None or not early.octets:
            self._end(content)

    def _read_body(self) -> bytes:
        lines: list[bytes] = []
        size = 0
        while (octets := self._file.readline(MAX_LINE_BYTES)) != b".\r\n":
            size += len(octets)
            if not octets or size > MAX_MESSAGE_BYTES:
                raise _Over
            lines.append(octets.removeprefix(b"."))
        return b"".join(lines)

    def _end(self, content: bytes) -> None:
        transaction, answer = self._transaction, self._ask("dot")
        octets = b"250 2.0.0 taken" if answer is None or not (answer.octets or answer.close) else answer.octets
        stores = answer.store if answer is not None and answer.store is not None else octets[:1] in {b"2", b""}
        if stores:
            heard = octets[:1] == b"2"
            self._server.keep(Taken(transaction.mail_from, tuple(transaction.recipients), content, heard))
        self._carry_out(Answer(octets, close=answer is not None and answer.close))

    def _rset(self, line: str) -> None:
        self._transaction = _Transaction(self._transaction.number)
        self._say("rset", b"250 2.0.0 forgotten", line)

    def _quit(self, line: str) -> None:
        self._say("quit", b"221 2.0.0 goodbye", line)
        raise _Over


def _address_in(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]


def _decoded(text: str) -> str:
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or Ctrl-C; the first line printed is the port."""
    parser = argparse.ArgumentParser(
        prog="python -m automations.mail.smtp_sim", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one; it is printed")
    parser.add_argument("--store", type=Path, default=None, help="folder for what is taken; accepted.jsonl lists it")
    parser.add_argument("--bad", type=float, default=0.0, help="share of messages that go wrong, 0 to 1")
    parser.add_argument("--seed", type=int, default=0, help="which bad day it is")
    chosen = parser.parse_args(arguments)
    with SmtpSim(script=bad(chosen.bad, chosen.seed), port=chosen.port, store=chosen.store) as server:
        sys.stdout.write(f"{server.port}\n")
        sys.stdout.flush()
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
