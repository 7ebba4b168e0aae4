"""A clock that steps: whole runs of the real program under libfaketime, with an hour lost and a day won on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from crashes import Counters, Shop, shop

from automations.mail.smtp_sim import Answer, Moment, Script, obliging

pytestmark = pytest.mark.needs_faketime

LEADS = 12


def library() -> str:
    """Return where libfaketime is."""
    return str(next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1")))


@contextmanager
def shop_with_clock(folder: Path, script: Script) -> Iterator[tuple[Shop, Path]]:
    """Return a shop, and the file that says by how much its clock is wrong."""
    clock = folder / "clock"
    clock.write_text("+0")
    with shop(folder, LEADS, script) as at:
        yield at, clock


def run_at(at: Shop, clock: Path, *words: str) -> int:
    """Run the program under the clock; return its exit code."""
    faked = {
        "LD_PRELOAD": library(),
        "FAKETIME_TIMESTAMP_FILE": str(clock),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    with at.start("--quiet", "run", "--yes", *words, **faked) as process:
        _, said = process.communicate(timeout=60)
    at.server.settle()
    assert process.returncode in {0, 1, 3, 4}, said + at.faults()
    return process.returncode


def test_fault_92_a_clock_that_steps_between_runs(tmp_path: Path) -> None:
    """A day ahead nothing is early, an hour back nothing goes twice; nine days on each lead has its second email."""
    with shop_with_clock(tmp_path, obliging) as (at, clock):
        run_at(at, clock)
        first = at.stored()
        for step in ("+1d", "-1h", "+0", "-1h", "+1d"):
            clock.write_text(step)
            run_at(at, clock)
        wandering = at.stored()
        clock.write_text("+10d")
        run_at(at, clock)
        run_at(at, clock)

        assert (len(first), wandering) == (LEADS, first)
        assert Counter(at.stored().values()) == Counter({1: 2 * LEADS})


def test_fault_92_a_clock_that_steps_within_a_run(tmp_path: Path) -> None:
    """A day ahead after the third email, an hour back after the sixth: everybody has one email, and it is on record."""
    clock = tmp_path / "clock"
    steps = {3: "+1d", 6: "-1h", 9: "+0"}

    def stepping(moment: Moment) -> Answer | None:
        if moment.phase == "mail" and moment.transaction in steps:
            clock.write_text(steps[moment.transaction])
        return None

    with shop_with_clock(tmp_path, stepping) as (at, _):
        run_at(at, clock)
        clock.write_text("+0")
        run_at(at, clock)

        assert at.count() == Counters(waiting=0, accepted=LEADS, deferred=0, refused=0, in_doubt=0)
        assert Counter(at.stored().values()) == Counter({1: LEADS})
