"""Emails as files: one .eml for each, which every mail program opens. The default mailer: it needs no account.

A file appears whole or not at all, under a name made of the message alone. So the same message is never there twice,
and what a killed run left in doubt can be looked up.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from datetime import UTC
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from automations.core.messages import BeforeDot, Fault, Hand, Outcome, Outgoing
from automations.crash import crash_at

_DATE = re.compile(rb"^Date:[ \t]*([^\r\n]+)", re.MULTILINE | re.IGNORECASE)
_UNSAFE = re.compile(r"[^A-Za-z0-9@._+-]")
_MAX_ADDRESS = 100


class FolderMailer:
    """Writes each message into *folder*, made when it is needed, as ``20261123-090000-eva@muster.example-KEY.eml``.

    The time is the message's own Date in UTC. Files are for their owner only: they hold personal data.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        """Return the mailer; the folder is made at the first message."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Do nothing; no file stays open."""

    def send(self, message: Outgoing, before_dot: BeforeDot) -> Outcome:
        """Write one message; see `automations.mail.Mailer`. A full disk or a folder that is not ours defers it."""
        path = self._folder / file_name(message)
        draft = path.with_name(f".{path.name}.draft")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            _write_durably(draft, message.content)
        except OSError as error:
            _remove(draft)
            return Outcome(Hand.DEFERRED, Fault.SERVER, _sentence(path, error))
        try:
            if not before_dot():
                return Outcome(Hand.HELD, reply="held before the end of the message")
            crash_at("before_dot_sent")
            return _publish(draft, path)
        finally:
            _remove(draft)


def _remove(draft: Path) -> None:
    # A draft that stays is overwritten the next time; what happened to the message is more important to tell.
    with suppress(OSError):
        draft.unlink()


def file_name(message: Outgoing) -> str:
    """Return the name of a message's file: its time, its recipient, and the part of its key that its Message-ID has."""
    found = _DATE.search(message.content.partition(b"\r\n\r\n")[0])
    address = _UNSAFE.sub("_", message.envelope_to)[:_MAX_ADDRESS]
    return f"{_time_of(found[1].decode('ascii', 'replace')) if found else 'undated'}-{address}-{message.key[:26]}.eml"


def _time_of(date: str) -> str:
    try:
        return parsedate_to_datetime(date).astimezone(UTC).strftime("%Y%m%d-%H%M%S")
    except ValueError:
        return "undated"


def _write_durably(path: Path, content: bytes) -> None:
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600), "wb") as file:  # noqa: PTH123 - the mode has to be there from the start
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _publish(draft: Path, path: Path) -> Outcome:
    """Give the finished file its name: that is the moment of the hand-over."""
    try:
        draft.replace(path)
    except OSError as error:
        return Outcome(Hand.DEFERRED, Fault.SERVER, _sentence(path, error))
    crash_at("after_dot_sent")
    try:
        _sync_folder(path.parent)
    except OSError as error:
        # The file is there, but a power cut may take it away again.
        return Outcome(Hand.IN_DOUBT, Fault.SERVER, _sentence(path, error))
    crash_at("after_answer")
    return Outcome(Hand.ACCEPTED, reply=f"written to {path}")


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sentence(path: Path, error: OSError) -> str:
    return f"{path} could not be written: {error.strerror or error}"
