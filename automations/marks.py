"""Marks outside the ledger, and what they are for: a ledger that was copied, lost or put back sends nothing."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from automations.core.identity import Mark, mark_to_text, strange, text_to_mark
from automations.errors import LedgerNotOurs
from automations.ledger import Ledger

FILE_NAME = ".leadwright-mark"
BESIDE_CONFIG = "beside config.yaml"


class Marks(Protocol):
    """Where marks are kept."""

    def read(self) -> Sequence[Mark]:
        """Return every mark there is."""
        ...

    def write(self, mark: Mark) -> None:
        """Keep a mark in every place, in the stead of the one that was there."""
        ...


@runtime_checkable
class MarkedSource(Protocol):
    """A source that can carry a mark out of the way of people: a spreadsheet with metadata."""

    @property
    def label(self) -> str:
        """Return what people call it."""
        ...

    def read_mark(self) -> str:
        """Return the text that `write_mark` was given last; "" for none."""
        ...

    def write_mark(self, text: str) -> None:
        """Keep a text with the source, for as long as the source is there."""
        ...


@dataclass(frozen=True, slots=True)
class FileMarks:
    """Marks beside config.yaml and in the ledger's own folder, and with the leads where their source can carry one.

    The first place survives the loss of the ledger's folder, the second a config.yaml whose folder cannot be written.
    """

    config_folder: Path
    state: Path
    source: object = None

    def _files(self) -> tuple[tuple[Path, str], ...]:
        return (self.config_folder / FILE_NAME, BESIDE_CONFIG), (self.state / "mark", "beside the ledger")

    def read(self) -> tuple[Mark, ...]:
        """Return every mark there is. Raises SourceOutOfReach when the source cannot be asked."""
        found = [text_to_mark(_text(file), where) for file, where in self._files()]
        if isinstance(self.source, MarkedSource):
            found.append(text_to_mark(self.source.read_mark(), f"with {self.source.label}"))
        return tuple(mark for mark in found if mark is not None)

    def write(self, mark: Mark) -> None:
        """Keep a mark in every place. Raises LedgerNotOurs when no file can be written."""
        text = mark_to_text(mark)
        written = [_write_durably(file, text) for file, _ in self._files()]
        if not any(written):
            raise LedgerNotOurs(
                f"{self.config_folder / FILE_NAME} cannot be written, so a lost ledger would not be noticed",
                fix="Let the user who runs leadwright write in this folder. Nothing was sent.",
            )
        if isinstance(self.source, MarkedSource):
            self.source.write_mark(text)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _write_durably(file: Path, text: str) -> bool:
    part = file.with_name(f".{file.name.lstrip('.')}-{secrets.token_hex(4)}")
    try:
        with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as stream:  # noqa: PTH123 - the mode has to be there from the start
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(file)
    except OSError:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        return False
    return True


def refuse_strange(ledger: Ledger, marks: Marks) -> None:
    """Raise LedgerNotOurs when the ledger may not be the one that sent the emails before."""
    why = strange(ledger.identity(), marks.read())
    if why:
        raise not_ours(why)


def not_ours(why: Sequence[str]) -> LedgerNotOurs:
    """Return what is said when a ledger is strange."""
    return LedgerNotOurs(
        f"this ledger may not be the one that sent the emails before. {' '.join(why)} Nothing was sent or changed.",
        fix="To see what is known, and to go on with this one:  leadwright adopt",
    )


def leave_mark(ledger: Ledger, marks: Marks, now: datetime) -> None:
    """Note outside the ledger how far it has come, before anything is sent; the first time, make it this machine's."""
    ledger.own(now)
    identity = ledger.identity()
    marks.write(Mark(identity.ledger_id, identity.epoch))
