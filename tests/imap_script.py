r"""An IMAP server on loopback that does what a test tells it: it has one inbox, and breaks where it shall.

    with ImapScript([mail], breaks={"FETCH": half}) as server:
        open_mailbox(server.account, seconds=0.5)

It knows the few commands that reading needs. What *breaks* names is asked before a command is answered, and may end the
connection or say nothing; each break happens once.
"""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import BinaryIO, Self

from automations.mail.imap import Account

Break = Callable[[socket.socket, bytes], None]
"""What happens instead of an answer, which is given; then the connection ends."""


def drop(connection: socket.socket, answer: bytes) -> None:
    """End the connection without an answer."""
    del answer
    connection.shutdown(socket.SHUT_RDWR)


def half(connection: socket.socket, answer: bytes) -> None:
    """End the connection in the middle of the answer."""
    connection.sendall(answer[: len(answer) // 2])
    connection.shutdown(socket.SHUT_RDWR)


def bye(connection: socket.socket, answer: bytes) -> None:
    """Take leave, as a server that is shut down does (RFC 3501, section 7.1.5)."""
    del answer
    connection.sendall(b"* BYE shutting down\r\n")
    connection.shutdown(socket.SHUT_RDWR)


def silence(connection: socket.socket, answer: bytes) -> None:
    """Say nothing, until the other side has had enough."""
    del answer
    while connection.recv(4096):
        pass


class ImapScript:
    """The server, from ``with`` to its end. *commands* are the verbs that came, in order.

    Who shows the token *lets_in* comes in by XOAUTH2 (developers.google.com/workspace/gmail/imap/xoauth2-protocol).
    """

    def __init__(self, mails: Sequence[bytes], *, breaks: Mapping[str, Break], lets_in: str = "") -> None:
        self._mails = tuple(mails)
        self._breaks = dict(breaks)
        self._lets_in = lets_in
        self.commands: list[str] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._stopping = False
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def account(self) -> Account:
        """Return how to get in."""
        port = self._listener.getsockname()[1]
        return Account("127.0.0.1", port, "anna", "geheim", security="none")

    def __enter__(self) -> Self:
        """Start to listen."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until whoever is there has left."""
        self._stopping = True
        with socket.create_connection(self._listener.getsockname(), 5):
            pass  # It wakes the listener.
        self._thread.join(10)
        self._listener.close()

    def _serve(self) -> None:
        while not self._stopping:
            connection, _ = self._listener.accept()
            with connection, connection.makefile("rb") as lines:
                try:
                    connection.sendall(b"* OK hello\r\n")
                    for line in lines:
                        if b"AUTHENTICATE XOAUTH2" in line:
                            self._ask_for_token(connection, line, lines)
                        elif not self._answer(connection, line):
                            break
                except OSError:
                    continue

    def _ask_for_token(self, connection: socket.socket, line: bytes, lines: BinaryIO) -> None:
        self.commands.append("AUTHENTICATE")
        connection.sendall(b"+ \r\n")
        shown = base64.b64decode(lines.readline())
        tag = line.split()[0]
        if shown == f"user=anna\x01auth=Bearer {self._lets_in}\x01\x01".encode():
            connection.sendall(tag + b" OK welcome\r\n")
            return
        connection.sendall(b"+ " + base64.b64encode(b'{"status":"401"}') + b"\r\n")
        lines.readline()
        connection.sendall(tag + b" NO [AUTHENTICATIONFAILED] Invalid credentials\r\n")

    def _answer(self, connection: socket.socket, line: bytes) -> bool:
        tag, *words = line.decode().split()
        verb = words[1].upper() if words[0].upper() == "UID" else words[0].upper()
        self.commands.append(verb)
        answer = self._say(verb, line).encode("latin-1") + f"{tag} OK done\r\n".encode()
        is_of_mails = verb != "FETCH" or b"BODY.PEEK" in line
        if is_of_mails and (broken := self._breaks.pop(verb, None)):
            broken(connection, answer)
            return False
        connection.sendall(answer)
        return verb != "LOGOUT"

    def _say(self, verb: str, line: bytes) -> str:
        numbers = range(1, len(self._mails) + 1)
        if verb == "FETCH" and b"BODY.PEEK" in line:
            return "".join(
                f'* {each} FETCH (UID {each} INTERNALDATE "23-Nov-2026 11:00:00 +0100"'
                f" BODY[]<0> {{{len(mail)}}}\r\n{mail.decode('latin-1')})\r\n"
                for each, mail in zip(numbers, self._mails, strict=True)
            )
        said = {
            "CAPABILITY": "* CAPABILITY IMAP4rev1\r\n",
            "LIST": '* LIST (\\HasNoChildren) "/" INBOX\r\n',
            "STATUS": f"* STATUS INBOX (UIDVALIDITY 7 UIDNEXT {len(self._mails) + 1})\r\n",
            "EXAMINE": f"* {len(self._mails)} EXISTS\r\n* OK [UIDVALIDITY 7] fine\r\n",
            "SEARCH": f"* SEARCH {' '.join(map(str, numbers))}\r\n",
            "FETCH": "".join(f"* {n} FETCH (UID {n} RFC822.SIZE {len(m)})\r\n" for n, m in enumerate(self._mails, 1)),
            "LOGOUT": "* BYE see you\r\n",
        }
        return said.get(verb, "")
