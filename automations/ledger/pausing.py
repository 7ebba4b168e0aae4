"""Sending stopped and gone on with by a person: by the command, or by a file named STOP beside the ledger."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path

from automations.core.history import Pause
from automations.ledger.database import Database
from automations.ledger.troubles import files_told_to_people
from automations.ledger.values import to_moment, to_text


class KeepsPauses(ABC):
    """The part of a ledger that is about pauses; see `automations.ledger.Ledger`."""

    _stop_file: Path | None

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Database]: ...

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Database]: ...

    def pause(self, why: str, now: datetime) -> None:
        """Stop all sending until `resume`, also that of a run under way."""
        self._turn_sending("pause", why, now)

    def resume(self, now: datetime) -> None:
        """Go on; a STOP file is taken away, so that sending is really on again."""
        self._turn_sending("resume", "", now)
        if self._stop_file is not None:
            with files_told_to_people(self._stop_file):
                self._stop_file.unlink(missing_ok=True)

    def _turn_sending(self, what: str, why: str, now: datetime) -> None:
        with self._writing() as database:
            database.execute("INSERT INTO pauses (what, at, why) VALUES (?, ?, ?)", (what, to_text(now), why))

    def paused(self) -> Pause | None:
        """Return the pause that is in force: the last one asked for, or a file named STOP beside the ledger."""
        with self._reading() as database:
            row = database.execute("SELECT what, at, why FROM pauses ORDER BY id DESC LIMIT 1").fetchone()
            if row is not None and row[0] == "pause":
                return Pause(to_moment(row[1]), row[2])
            return self._stopped_by_file()

    def _stopped_by_file(self) -> Pause | None:
        if self._stop_file is None:
            return None
        with files_told_to_people(self._stop_file):
            try:
                changed_at = self._stop_file.lstat().st_mtime
            except FileNotFoundError:
                return None
        return Pause(datetime.fromtimestamp(changed_at, UTC), f"there is a file {self._stop_file}")
