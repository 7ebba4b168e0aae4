"""The job lock: one run at a time on one book, and none that outlives its process."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from automations.errors import AlreadyRunning


def already_running() -> AlreadyRunning:
    """Return what is said to whoever comes second."""
    return AlreadyRunning(
        "another run is at work on these leads; nothing was done twice",
        fix="Let it finish. To stop all sending now: leadwright pause",
    )


@contextmanager
def job_lock(file: Path) -> Iterator[None]:
    """Hold *file* alone. Raises AlreadyRunning at once when another process, or this one, holds it.

    The lock belongs to the open file (flock(2)): the system frees it when the process ends, kill -9 included, and a
    program started meanwhile does not inherit it. The file itself stays: removing it would let two in.
    """
    descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise already_running() from None
        try:
            yield
        finally:
            # Closing alone would not do for a moment: a program that is just being started has the file open too.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)
