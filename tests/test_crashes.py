"""200 runs killed with SIGKILL, against a mail server that answers 30 % badly: nobody twice, nobody lost in silence."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from crashes import Counters, Kill, Shop, bad_day, kills, other_members, run_and_kill, shop, stored_messages, theirs

from automations.crash import POINTS
from automations.mail.smtp_sim import Answer, Moment, Script, SmtpSim, obliging

MEMORY_DISK = Path("/dev/shm")  # noqa: S108 - only a place; the folders in it are made with names of their own
BOOKS = 8
KILLS = 25
"""In each book: at every named point once, the rest at random."""
LEADS = 90
FEW = ("--at-most", "3")


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk that is durable for as long as the machine runs, which is all that a kill can test."""
    if not os.access(MEMORY_DISK, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(prefix="leadwright-", dir=MEMORY_DISK) as name:
        yield Path(name)


@pytest.mark.parametrize("book", range(BOOKS))
def test_kills_at_every_point_and_at_random(book: int, folder: Path) -> None:
    """Whatever a kill hits: no email is stored twice, none is lost in silence, and the workbook stays whole."""
    planned = kills(POINTS, KILLS - len(POINTS), random.Random(book))
    with shop(folder, LEADS, bad_day(book), connections=1 + book % 3) as at:
        others = other_members(at.book)
        for kill in planned:
            _kill_a_run(at, kill, bad_day(book))
            at.check_after_a_kill()

        at.server.script = bad_day(book)
        _last_run(at)

        assert len(planned) == KILLS
        assert {kill.point for kill in planned} == {*POINTS, ""}
        _nothing_is_lost(at)
        _evidence_settles_the_rest(at)
        assert theirs(at.book) == at.people
        assert other_members(at.book) == others
        assert list(at.folder.glob(".*.tmp")) == []


def _kill_a_run(at: Shop, kill: Kill, weather: Script) -> None:
    """Kill a run at this moment; when one ended before it came, kill the next one sooner."""
    for _ in range(6):
        if run_and_kill(at, kill, weather, *FEW):
            return
        kill = kill.sooner()
    pytest.fail(f"no run comes to {kill}")


def _last_run(at: Shop) -> None:
    """Run once more, to the end; then nothing is on its way any more."""
    with at.start("--quiet", "run", "--yes", *FEW) as last:
        _, said = last.communicate(timeout=60)
    at.server.settle()
    assert last.returncode in {0, 1}, said + at.faults()


def _nothing_is_lost(at: Shop) -> None:
    """Assert that every email is on the server once, or told in sheet and plan, or planned for now."""
    found = at.count()
    plan = at.ask("plan")
    waiting = {each["key"] for each in plan["sends"]}
    held = Counter(hold["kind"] for hold in plan["holds"])

    assert (found.twice, found.claimed, found.denied, found.untold) == ((), (), (), ())
    assert found.waiting + found.accepted + found.deferred + found.refused + found.in_doubt == LEADS
    assert len(waiting) == found.waiting
    assert held["waiting to try again"] == found.deferred
    assert held["an earlier email is in doubt"] == found.in_doubt
    assert len(at.ask("settle")["in_doubt"]) == found.in_doubt
    assert {update["key"] for update in plan["updates"]} <= waiting


def _evidence_settles_the_rest(at: Shop) -> None:
    """Assert that a good day, and a person who looks what arrived, bring every email to its lead exactly once."""
    stored = at.stored()
    refused = at.count().refused
    at.server.script = obliging
    at.decide(lambda record: "sent" if stored[record.message_id] else "resend")

    at.run_later(timedelta(hours=3))
    again = at.run_later(timedelta(hours=3))
    at.server.settle()

    assert at.count() == Counters(waiting=0, accepted=LEADS - refused, deferred=0, refused=refused, in_doubt=0)
    assert at.stored().total() == LEADS - refused
    assert (again.plan.sends, again.plan.updates, again.plan.moves) == ((), (), ())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name)
def test_a_run_that_is_asked_to_stop_finishes_the_email_under_way(number: signal.Signals, folder: Path) -> None:
    """SIGTERM, Ctrl-C, a closed terminal: the email under way is settled, the rest stays due, the next run goes on."""

    def third_dot(moment: Moment) -> Answer | None:
        if (moment.transaction, moment.phase) == (3, "dot"):
            process.send_signal(number)
        return None

    with shop(folder, 20, third_dot) as at:
        process = at.start("run", "--yes")
        out, err = process.communicate(timeout=60)
        stopped, seen = at.count(), at.faults()
        with at.start("run", "--yes") as second:
            second.communicate(timeout=60)
        at.server.settle()

        assert (process.returncode, seen) == (130, "")
        assert "Stopping after the email under way. What was done is recorded." in err
        assert "3 sent, 17 held back" in out
        assert stopped == Counters(waiting=17, accepted=3, deferred=0, refused=0, in_doubt=0)
        assert second.returncode == 0
        assert at.count() == Counters(waiting=0, accepted=20, deferred=0, refused=0, in_doubt=0)


def test_a_loop_that_marks_after_sending_sends_twice(folder: Path) -> None:
    """The counters can fail: a script that sends, then notes it down, mails people twice on the same server."""
    with SmtpSim(script=bad_day(0), store=folder / "store") as server:
        ends = [
            subprocess.run(
                [sys.executable, "-c", "import naive, sys; naive.main(*sys.argv[1:])", str(server.port), str(folder)],
                env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
                check=False,
            ).returncode
            for _ in range(12)
        ]
        server.settle()

    assert ends.count(-signal.SIGKILL) == 6
    assert ends[-1] == 0
    stored = stored_messages(folder / "store")
    assert len(stored) == 40
    assert sum(times > 1 for times in stored.values()) >= 6
