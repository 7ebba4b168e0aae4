"""One conversation with a mail server, command by command. Import it late: smtplib and ssl cost 25 ms.

smtplib drives it; what is replaced is reading: smtplib takes a garbled or endless answer for a code of its own making,
cannot tell a lost connection before the dot from one after it, and throws away what came with the answer to STARTTLS.
"""

from __future__ import annotations

import re
import smtplib
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import NamedTuple

from automations.mail.answers import split_enhanced

MAX_LINE_OCTETS = 8192
"""RFC 5321, section 4.5.3.1.5, says 512; servers say more."""
MAX_REPLY_OCTETS = 65_536
_CHUNK = 8192
_REPLY_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?\Z", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds to wait: for a connection, for the answer to a command, for the body to leave, for the final answer.

    Only the last one matters to anybody but us: before the dot a timeout merely defers. RFC 5321, section 4.5.3.2.6,
    asks for 600 there, because giving up early "would typically result in delivery of multiple copies".
    """

    connect: float = 30.0
    command: float = 120.0
    body: float = 180.0
    dot: float = 600.0


class Reply(NamedTuple):
    """A server's answer: reply code, enhanced code or "", and text."""

    code: int
    enhanced: str
    text: str


class NoAnswer(Exception):  # noqa: N818 - what happened, no error of ours
    """The server gave no answer, or none that makes sense; the text is a sentence."""


class Distrust(Exception):  # noqa: N818
    """The connection cannot be trusted; the text is a sentence."""


def no_answer_within(seconds: float) -> NoAnswer:
    """Return that the server kept silent for so long."""
    return NoAnswer(f"no answer within {seconds:g} seconds")


class Dialogue(smtplib.SMTP):
    """A conversation with *host*; not connected yet."""

    def __init__(self, host: str, timeouts: Timeouts) -> None:
        # Our own name, and no look-up of it: a resolver that does not answer would stop us here.
        name = socket.gethostname()
        super().__init__(local_hostname=name if "." in name else "[127.0.0.1]", timeout=timeouts.connect)
        self._host = host
        self._timeouts = timeouts
        self._received = bytearray()
        self._lost = ""
        self.has_transaction = False
        """Whether a MAIL command was said that nothing has ended yet."""

    def open(self, port: int, context: ssl.SSLContext | None) -> Reply:
        """Connect, by TLS from the first byte when *context* is given, and return the greeting.

        Raises OSError (ssl.SSLError is one) when that fails, NoAnswer when there is no greeting.
        """
        raw = socket.create_connection((self._host, port), self._timeouts.connect)
        self.sock = raw
        # Else the kernel holds the final dot back, and may deliver it after we were killed.
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if context is not None:
            self._protect(context)
        return self.answer(self._timeouts.command)

    def hello(self) -> Reply:
        """Say EHLO, or HELO to a server that knows no better, and return the answer; `has_extn` works afterwards."""
        code, text = self.ehlo()
        if code // 100 == 5:  # noqa: PLR2004 - it does not know EHLO (RFC 5321, section 3.2)
            code, text = self.helo()
        return Reply(code, *split_enhanced(_as_text(text)))

    def secure(self, context: ssl.SSLContext) -> Reply:
        """Say STARTTLS, and say EHLO again behind it; return the answer to STARTTLS when that is a no.

        Raises Distrust when something came along with the answer: it was not the server who could know our TLS.
        """
        reply = self.say("STARTTLS")
        if reply.code != 220:  # noqa: PLR2004
            return reply
        self.look_ahead()
        if self._received:
            raise Distrust("something was slipped in behind the server's answer to STARTTLS")
        self._protect(context)
        # All that was learned in the clear is forgotten (RFC 3207, section 4.2).
        self.ehlo_resp = self.helo_resp = None
        self.esmtp_features = {}
        self.does_esmtp = False
        return self.hello()

    def _protect(self, context: ssl.SSLContext) -> None:
        assert isinstance(self.sock, socket.socket)  # noqa: S101 - for mypy; both callers have just used it
        self.sock.settimeout(self._timeouts.command)
        self.sock = context.wrap_socket(self.sock, server_hostname=self._host)

    def say(self, command: str) -> Reply:
        """Send one command and return the answer. Raises NoAnswer, OSError or smtplib.SMTPServerDisconnected."""
        self.putcmd(command)
        return self.answer(self._timeouts.command)

    def push(self, octets: bytes, seconds: float) -> None:
        """Send bytes, all within *seconds*. Raises OSError."""
        sock = self._connected()
        sent = _sent_at_once(sock, octets)
        if sent < len(octets):
            sock.settimeout(seconds)
            sock.sendall(octets[sent:])

    def look_ahead(self) -> bool:
        """Return whether the server has spoken unasked, or left; without waiting."""
        self.listen()
        return bool(self._received) or bool(self._lost)

    def listen(self) -> None:
        """Take in what has come, without waiting; `heard` tells what it is."""
        sock = self._connected()
        _wait_for_nothing(sock)
        try:
            while octets := sock.recv(_CHUNK):
                self._received += octets
                # TLS gives no more than one record at a time, however much there is.
                has_all = len(octets) < _CHUNK and not isinstance(sock, ssl.SSLSocket)
                if has_all or len(self._received) > MAX_REPLY_OCTETS:
                    return
            self._lost = "the server closed the connection without an answer"
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError):
            return
        except OSError as error:
            self._lost = f"the connection was lost: {error.strerror or error}"

    def heard(self) -> Reply | None:
        """Return the next answer of those that have come; None while it is not whole. Raises NoAnswer."""
        found = self._whole_reply()
        return None if found is None else Reply(found[0], *split_enhanced(_as_text(found[1])))

    def getreply(self) -> tuple[int, bytes]:
        """Return the answer to a command as smtplib wants it: it logs in and says EHLO through this."""
        return self._wait_for_reply(self._timeouts.command)

    def answer(self, seconds: float) -> Reply:
        """Return the server's next answer, waiting *seconds* at most in all. Raises NoAnswer."""
        code, text = self._wait_for_reply(seconds)
        return Reply(code, *split_enhanced(_as_text(text)))

    def _wait_for_reply(self, seconds: float) -> tuple[int, bytes]:
        deadline = monotonic() + seconds
        while (found := self._whole_reply()) is None:
            sock = self._connected()
            sock.settimeout(max(deadline - monotonic(), 0.001))
            try:
                octets = sock.recv(_CHUNK)
            except TimeoutError:
                raise no_answer_within(seconds) from None
            except OSError as error:
                raise NoAnswer(f"the connection was lost: {error.strerror or error}") from None
            if not octets:
                raise NoAnswer("the server closed the connection without an answer")
            self._received += octets
        return found

    def _whole_reply(self) -> tuple[int, bytes] | None:
        """Take the first whole answer out of what has come; None when there is none yet."""
        lines: list[bytes] = []
        code, start = b"", 0
        while (end := self._received.find(b"\n", start)) >= 0:
            line = bytes(self._received[start:end]).removesuffix(b"\r")
            found = _REPLY_LINE.match(line)
            if found is None or len(line) > MAX_LINE_OCTETS or (code and found[1] != code):
                raise NoAnswer(f"the server's answer makes no sense: {line[:80].decode('ascii', 'replace')!r}")
            code, start = found[1], end + 1
            lines.append((found[3] or b"").strip())
            if found[2] != b"-":
                del self._received[:start]
                return int(code), b"\n".join(lines)
        if len(self._received) - start > MAX_LINE_OCTETS or start > MAX_REPLY_OCTETS:
            raise NoAnswer("the server's answer has no end")
        if self._lost:
            raise NoAnswer(self._lost)
        return None

    def _connected(self) -> socket.socket:
        if self.sock is None:
            raise NoAnswer("there is no connection")
        return self.sock

    def say_quit(self) -> None:
        """Say QUIT, and do not wait for the answer: `leave` does. Whatever goes wrong with it touches no message."""
        with suppress(OSError, NoAnswer):
            self.push(b"QUIT\r\n", 1.0)

    def leave(self) -> None:
        """Hear the answer to QUIT and close. Whatever goes wrong with that, no message is touched by it."""
        try:
            self.answer(1.0)
        except (OSError, NoAnswer):
            pass
        finally:
            self.close()


def _sent_at_once(sock: socket.socket, octets: bytes) -> int:
    """Return how many of *octets* the kernel took without waiting: mostly all."""
    _wait_for_nothing(sock)
    try:
        return sock.send(octets)
    except (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
        return 0


def _wait_for_nothing(sock: socket.socket) -> None:
    # Asking costs nothing, setting it a call of the system.
    if sock.gettimeout() != 0.0:
        sock.settimeout(0.0)


def _as_text(text: bytes) -> str:
    return text.decode("utf-8", "replace")
