"""Hearing of new mail at once: a connection that waits, on which the server speaks up by itself (IDLE, RFC 2177).

It only says that something came; reading it is `inbox`'s. Whatever goes wrong here costs minutes and no mail: the
mailbox is read by the schedule all the same.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from automations.errors import MailerOutOfReach

if TYPE_CHECKING:
    from imap_tools import BaseMailBox

OpenBox = Callable[[], AbstractContextManager["BaseMailBox"]]

_TURN_SECONDS = 25 * 60
"""A server may end an IDLE that lasts 30 minutes (RFC 2177, section 3)."""
_SLICE_SECONDS = 1.0
_REST_SECONDS = 60.0


class Listeners:
    """Threads that wait for mail, one for each mailbox, as long as this is entered. `take_call` tells what they heard.

    A server without IDLE is left to the schedule. A connection that ends is made anew a minute later.
    """

    def __init__(self, boxes: Mapping[str, OpenBox], rest_seconds: float = _REST_SECONDS) -> None:
        self._boxes = boxes
        self._rest_seconds = rest_seconds
        self._over = threading.Event()
        self._heard = threading.Event()

    def __enter__(self) -> Self:
        for name, open_box in self._boxes.items():
            # Not waited for at the end: a server that is silent must not keep us.
            threading.Thread(target=self._listen, args=(open_box,), name=f"mail of {name}", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def is_called(self) -> bool:
        """Return whether something came since `take_call` was asked."""
        return self._heard.is_set()

    def take_call(self) -> bool:
        """Return whether something came, and forget it."""
        called = self._heard.is_set()
        self._heard.clear()
        return called

    def _listen(self, open_box: OpenBox) -> None:
        while not self._over.is_set():
            try:
                with open_box() as box:
                    if "IDLE" not in box.client.capabilities:
                        return
                    box.folder.set("INBOX", readonly=True)
                    while not self._over.is_set():
                        self._wait(box)
            except MailerOutOfReach:
                pass
            self._over.wait(self._rest_seconds)

    def _wait(self, box: BaseMailBox) -> None:
        """Wait for one turn. Raises MailerOutOfReach when the connection has ended."""
        end = time.monotonic() + _TURN_SECONDS
        with box.idle as idle:
            while not self._over.is_set() and time.monotonic() < end:
                began = time.monotonic()
                said = idle.poll(timeout=_SLICE_SECONDS)
                if any(b"EXISTS" in line for line in said):
                    self._heard.set()
                elif not said and time.monotonic() - began < _SLICE_SECONDS / 2:
                    # A connection that ended gives nothing at once, again and again.
                    raise MailerOutOfReach("the connection ended")
