"""Progress, on standard error, and only when something takes more than a second."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

PATIENCE_SECONDS = 1.0


class Progress:
    """Told what is going on (`collecting.Say`); draws a line that is gone when all is done, if one is *wanted*."""

    def __init__(self, *, wanted: bool) -> None:
        self._wanted = wanted and sys.stderr.isatty()
        self._began = time.monotonic()
        self._bar: Bar | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def clear(self) -> None:
        """Take the line away, so that a question can be asked; the next call draws it anew."""
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._task = None

    def __call__(self, what: str, done: int, total: int) -> None:
        """Show *what* is going on; *total* 0: nobody knows how much there is."""
        if not self._wanted or time.monotonic() - self._began < PATIENCE_SECONDS:
            return
        if self._bar is None:
            self._bar = _new_bar()
            self._bar.start()
        if self._task is None:
            self._task = self._bar.add_task(what, total=total or None, completed=done)
        self._bar.update(self._task, description=what, completed=done, total=total or None)


def _new_bar() -> Bar:
    from rich.console import Console  # noqa: PLC0415 - 60 ms that most commands never need
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn  # noqa: PLC0415
    from rich.progress import Progress as Bar  # noqa: PLC0415

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    return Bar(*columns, console=Console(stderr=True), transient=True)
