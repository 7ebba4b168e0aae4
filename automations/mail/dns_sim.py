"""A name server for rehearsals and tests: on this machine only, it knows what it is told.

with DnsSim({("shop.example", "MX"): ["10 mail.shop.example."]}) as server:
Resolver(f"127.0.0.1:{server.port}")
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

Zone = Mapping[tuple[str, str], Sequence[str]]
"""By name and kind of record: the records, as they are written in a zone file."""


class DnsSim:
    """The server, from ``with`` to its end. It does not answer at all for names in *silent*."""

    def __init__(self, zone: Zone, silent: Sequence[str] = ()) -> None:
        self._zone = {(name.lower().rstrip("."), kind): tuple(records) for (name, kind), records in zone.items()}
        self._silent = frozenset(silent)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port = int(self._socket.getsockname()[1])
        self.asked: list[tuple[str, str]] = []
        """Every question, in order."""
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        """Start to answer."""
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(5)
        self._socket.close()

    def _serve(self) -> None:
        while True:
            octets, client = self._socket.recvfrom(4096)
            if not octets:
                return
            answer = self._answer(dns.message.from_wire(octets))
            if answer is not None:
                self._socket.sendto(answer.to_wire(), client)

    def _answer(self, query: dns.message.Message) -> dns.message.Message | None:
        question = query.question[0]
        name, kind = question.name.to_text().lower().rstrip("."), dns.rdatatype.to_text(question.rdtype)
        self.asked.append((name, kind))
        if name in self._silent:
            return None
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        records = self._zone.get((name, kind), ())
        if records:
            response.answer.append(dns.rrset.from_text(question.name, 60, "IN", kind, *records))
        elif not any(known == name for known, _ in self._zone):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response
