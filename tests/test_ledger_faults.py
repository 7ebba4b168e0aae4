"""Kills and two at once: what the ledger does when the world does not play along."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
from ledgers import ACCEPTED, EVA, NOW, email, finish, key_of, may_go, python

from automations.core.history import MessageState
from automations.crash import POINTS
from automations.errors import AlreadyRunning, LedgerOutOfReach
from automations.ledger.sqlite import SqliteLedger, open_ledger


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return where a ledger goes."""
    return tmp_path / ".leadwright"


# The job lock

HOLD = "from automations.ledger.joblock import job_lock; from pathlib import Path; import sys\n"
TRY = (
    HOLD
    + """
from automations.errors import AlreadyRunning
try:
    with job_lock(Path({file!r})):
        print("won", flush=True)
        sys.stdin.read()
except AlreadyRunning:
    print("busy", flush=True)
"""
)


def test_of_fifty_starts_at_once_one_runs(tmp_path: Path) -> None:
    """Fifty runs started at the same time: one works, forty-nine say at once that it does."""
    code = TRY.format(file=str(tmp_path / "ledger.lock"))
    processes = [python(code) for _ in range(50)]

    said = [process.stdout.readline() for process in processes if process.stdout]
    for process in processes:
        finish(process)

    assert sorted(said) == ["busy\n"] * 49 + ["won\n"]


def test_a_killed_run_frees_the_book_at_once(folder: Path) -> None:
    """After kill -9 the next run starts without waiting for anything to run out."""
    ledger = open_ledger(folder)
    holder = python(TRY.format(file=str(folder / "ledger.lock")))
    assert holder.stdout is not None
    assert holder.stdout.readline() == "won\n"

    began = time.monotonic()
    with pytest.raises(AlreadyRunning), ledger.lock():
        pass  # pragma: no cover - never reached
    took = time.monotonic() - began
    holder.kill()
    finish(holder)

    assert took < 1
    with ledger.lock():
        pass
    ledger.close()


def test_a_program_started_meanwhile_does_not_keep_the_lock(folder: Path) -> None:
    """A program that a run starts, and that outlives it, does not keep the book locked."""
    ledger = open_ledger(folder)

    with ledger.lock():
        outliving = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, close_fds=False)
    with ledger.lock():
        pass

    with outliving:
        outliving.communicate(b"\n", timeout=60)
    ledger.close()


def test_the_lock_file_is_nobody_elses_to_read(folder: Path) -> None:
    """Folder, ledger and lock file belong to the user who runs leadwright, and to nobody else."""
    with closing(open_ledger(folder)) as ledger, ledger.lock():
        pass

    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in [folder, *folder.iterdir()]}
    assert modes == {".leadwright": "0o700", "ledger.db": "0o600", "ledger.lock": "0o600"}


# Kills


@pytest.mark.parametrize(
    ("point", "state", "is_marked_again"),
    [
        ("after_reserve", MessageState.RESERVED, True),
        ("after_mark", MessageState.IN_DOUBT, False),
        ("before_settle", MessageState.IN_DOUBT, False),
        ("after_settle", MessageState.ACCEPTED, False),
    ],
)
def test_what_a_power_cut_leaves_behind(
    folder: Path, point: str, state: MessageState, *, is_marked_again: bool
) -> None:
    """Wherever a run is killed, the email is safe to send, in doubt or accepted; only what never left goes again."""
    process = python(f"import ledgers; ledgers.hand_over({str(folder)!r})", LEADWRIGHT_CRASH_AT=point)
    finish(process)

    ledger = open_ledger(folder)
    with ledger.lock():
        ledger.recover(NOW)
        (message,) = ledger.history(NOW).messages
        run = ledger.start_run("run", NOW)
        why = ledger.mark(run, key_of(), NOW, may_go)
    ledger.close()

    assert process.returncode == -signal.SIGKILL
    assert message.state is state
    assert (why == "") is is_marked_again


def test_the_power_can_be_cut_the_second_time_a_point_is_passed(folder: Path) -> None:
    """A test can ask for the crash at the n-th email of a run."""
    code = "from automations.crash import crash_at\nfor each in 'abc': crash_at('after_mark'); print(each, flush=True)"

    process = python(code, LEADWRIGHT_CRASH_AT="after_mark:2")

    assert finish(process) == "a\n"
    assert process.returncode == -signal.SIGKILL
    assert not folder.exists()


def test_every_crash_point_in_the_code_is_named() -> None:
    """The table of crash points has every one that the code passes."""
    package = Path(__file__).parent.parent / "automations"
    used = {
        point
        for file in package.rglob("*.py")
        for point in re.findall(r'\bcrash_at\("(\w+)"\)', file.read_text(encoding="utf-8"))
    }

    assert used <= set(POINTS)


@pytest.mark.needs_strace
def test_the_mark_is_on_the_disk_before_the_end_of_the_email_leaves(folder: Path, tmp_path: Path) -> None:
    """Reserve, mark and settle each reach the disk before the next thing happens: a power cut loses none of them."""
    trace = tmp_path / "trace.txt"
    code = f"""
import os, ledgers
from pathlib import Path
from automations.ledger.sqlite import open_ledger
ledger = open_ledger(Path({str(folder)!r}))
run = ledger.start_run("run", ledgers.NOW)
os.write(1, b"@reserve")
ledger.reserve(run, [ledgers.email()], ledgers.NOW)
os.write(1, b"@mark")
ledger.mark(run, ledgers.key_of(), ledgers.NOW, ledgers.may_go)
os.write(1, b"@settle")
ledger.settle(run, ledgers.key_of(), ledgers.ACCEPTED, ledgers.NOW, None)
os.write(1, b"@end")
"""

    process = python(code, under=["strace", "-f", "-e", "trace=write,fsync,fdatasync", "-o", str(trace)])
    finish(process)

    calls = re.findall(r'(@\w+)"|(fsync|fdatasync)\(', trace.read_text(encoding="utf-8"))
    steps = " ".join(word or "sync" for word, _ in calls)
    assert process.returncode == 0
    assert re.search(r"@reserve( sync)+ @mark( sync)+ @settle( sync)+ @end", steps), steps


# Two at once


def test_an_unsubscribe_that_is_stored_first_wins(folder: Path) -> None:
    """An unsubscribe from the web page, stored before the end of the email leaves, stops the email."""
    ledger, web = open_ledger(folder), open_ledger(folder)
    run = ledger.start_run("run", NOW)
    ledger.reserve(run, [email()], NOW)

    web.suppress(EVA, "unsubscribed", NOW)
    why = ledger.mark(run, key_of(), NOW, may_go)

    assert why == "this address must not be written to: unsubscribed"
    ledger.close()
    web.close()


def test_an_unsubscribe_cannot_slip_in_between_question_and_mark(folder: Path) -> None:
    """While it is asked whether an email may go nobody can change the answer."""
    ledger, web = open_ledger(folder), open_ledger(folder)
    run = ledger.start_run("run", NOW)
    ledger.reserve(run, [email()], NOW)
    web._database.execute("PRAGMA busy_timeout = 0")
    tried: list[str] = []

    def gate() -> str:
        try:
            web.suppress(EVA, "unsubscribed", NOW)
        except LedgerOutOfReach as err:
            tried.append(err.what)
        return ""

    why = ledger.mark(run, key_of(), NOW, gate)
    web.suppress(EVA, "unsubscribed", NOW)

    assert why == ""
    assert tried == [f"{folder / 'ledger.db'}: another program has kept the ledger busy for 5 seconds"]
    assert set(ledger.history(NOW).suppressed.by_address) == {EVA}
    ledger.close()
    web.close()


def test_a_pause_from_the_web_page_stops_a_run_under_way(folder: Path) -> None:
    """Pressing Pause stops the run of another process at its next email."""
    ledger, web = open_ledger(folder), open_ledger(folder)
    run = ledger.start_run("run", NOW)
    ledger.reserve(run, [email()], NOW)

    web.pause("wrong prices", NOW)

    assert ledger.mark(run, key_of(), NOW, may_go) == "sending is paused: wrong prices"
    ledger.close()
    web.close()


def test_of_two_runs_that_mark_one_email_one_does(folder: Path) -> None:
    """Even without the lock, two processes that want to hand over the same email cannot both begin."""
    ledgers = [open_ledger(folder) for _ in range(4)]
    run = ledgers[0].start_run("run", NOW)
    ledgers[0].reserve(run, [email()], NOW)
    start, answers = threading.Barrier(4), list[str]()

    def mark(ledger: SqliteLedger) -> None:
        start.wait()
        answers.append(ledger.mark(run, key_of(), NOW, may_go))

    threads = [threading.Thread(target=mark, args=[ledger]) for ledger in ledgers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == ["", *["this email is handing over already"] * 3]
    for ledger in ledgers:
        ledger.close()


def test_a_ledger_made_by_many_at_once_is_one_ledger(folder: Path) -> None:
    """Several processes that start on a new book at the same time make one ledger together."""
    start, found = threading.Barrier(6), list[str]()

    def make() -> None:
        start.wait()
        with closing(open_ledger(folder)) as ledger:
            found.append(ledger.ledger_id)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(found) == 6
    assert len(set(found)) == 1
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", found[0])


def test_threads_take_turns(folder: Path) -> None:
    """Senders that work side by side on one ledger do not get into each other's transactions."""
    ledger = open_ledger(folder)
    run = ledger.start_run("run", NOW)

    def send(step: str) -> None:
        ledger.reserve(run, [email(step=step)], NOW)
        ledger.mark(run, key_of(step=step), NOW, may_go)
        ledger.settle(run, key_of(step=step), ACCEPTED, NOW, None)

    threads = [threading.Thread(target=send, args=[f"step-{number}"]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [message.state for message in ledger.history(NOW).messages] == [MessageState.ACCEPTED] * 8
    ledger.close()
