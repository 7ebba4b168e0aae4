"""Named places where a power cut can be played, so that tests can look at what it leaves behind.

One point per arrow of the send protocol and of a run. Without the environment variable nothing happens here.
"""

from __future__ import annotations

import os
import signal
from collections import Counter

VARIABLE = "LEADWRIGHT_CRASH_AT"

POINTS = (
    "after_plan",
    "after_intend",
    "before_replace",
    "after_replace",
    "after_write",
    "after_first_write",
    "after_reserve",
    "after_body",
    "after_mark",
    "before_dot_sent",
    "after_dot_sent",
    "after_answer",
    "before_settle",
    "after_settle",
    "after_second_write",
)
"""Every point that the code names, in the order a run passes them."""

_passed: Counter[str] = Counter()


def crash_at(point: str) -> None:
    """Kill this process as a power cut would, when the environment asks for it; otherwise do nothing.

    ``LEADWRIGHT_CRASH_AT=after_mark`` dies there the first time, ``after_mark:3`` the third time.
    """
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return
    name, _, count = wanted.partition(":")
    if name != point:
        return
    _passed[point] += 1
    if _passed[point] == int(count or 1):
        os.kill(os.getpid(), signal.SIGKILL)
