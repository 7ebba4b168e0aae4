"""The faults that a run must survive, by their numbers: those tried here, and where the others are tried."""

from __future__ import annotations

import ast
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from crashes import Counters, Shop, shop
from dovecot import Dovecot

from automations.mail.smtp_sim import Answer, Moment, obliging

TESTS = Path(__file__).parent
LEADS = 6
CANARY = "canary-9c1f-password"

ELSEWHERE = {
    3: "test_evidence.py::test_fault_03_killed_runs_leave_nothing_in_doubt_where_a_sent_folder_exists",
    4: "test_crashes.py::test_kills_at_every_point_and_at_random",
    5: "test_crashes.py::test_a_run_that_is_asked_to_stop_finishes_the_email_under_way",
    6: "test_ledger_faults.py::test_the_mark_is_on_the_disk_before_the_end_of_the_email_leaves",
    7: "test_ledger_disks.py::test_a_full_ledger_takes_nothing_and_keeps_what_it_has",
    8: "test_ledger_disks.py::test_a_disk_that_fills_up_between_mark_and_settle",
    9: "test_ledger_disks.py::test_a_disk_that_turns_read_only",
    10: "test_ledger_opening.py::test_a_ledger_cut_short_is_refused",
    11: "test_identity.py::test_fault_11_a_deleted_ledger",
    12: "test_identity.py::test_fault_12_a_cloned_machine",
    14: "test_ledger_faults.py::test_a_killed_run_frees_the_book_at_once",
    15: "test_ledger_faults.py::test_a_program_started_meanwhile_does_not_keep_the_lock",
    16: "test_ledger_opening.py::test_a_shared_drive_is_refused",
    17: "test_serving.py::test_a_job_that_fails",
    27: "test_evidence.py::test_fault_27_a_line_that_dies_after_the_dot",
    38: "test_oauth.py::test_fault_38_a_token_that_ends_in_the_middle_of_a_run_is_renewed_once",
    39: "test_gmail.py::test_fault_39_drafts_get_decides",
    45: "test_doctor.py::test_fault_45_a_sender_whose_domain_changed_is_told_of",
    92: "test_faults_of_clocks.py::test_fault_92_a_clock_that_steps_within_a_run",
    114: "test_doctor.py::test_fault_114_what_receivers_look_at",
    115: "test_ledger_opening.py::test_an_older_ledger_is_copied_and_brought_up_to_date",
}
"""By the number of the fault, the test of it in another file."""


@pytest.mark.parametrize(("number", "where"), ELSEWHERE.items(), ids=str)
def test_a_fault_is_tried_where_the_table_says(number: int, where: str) -> None:
    """The table of faults names tests that are there."""
    file, _, name = where.partition("::")
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))

    assert number > 0
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def run(at: Shop, *words: str, crash_at: str = "") -> tuple[int, str]:
    """Run to its end, or its crash; return the exit code and all that was said."""
    with at.start("run", "--yes", *words, crash_at=crash_at) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out + err


@pytest.mark.parametrize("point", ["after_plan", "after_reserve"])
def test_fault_01_killed_before_anything_was_handed_over(point: str, tmp_path: Path) -> None:
    """A run killed after planning or reserving has sent nothing; the next one sends everything once."""
    with shop(tmp_path, LEADS, obliging) as at:
        killed, _ = run(at, crash_at=point)
        none = at.stored().total()
        code, _ = run(at)
        at.server.settle()

        assert (killed, none, code) == (-9, 0, 0)
        assert at.count() == Counters(waiting=0, accepted=LEADS, deferred=0, refused=0, in_doubt=0)


@pytest.mark.needs_dovecot
@pytest.mark.parametrize("point", ["after_mark", "before_dot_sent"])
def test_fault_02_killed_between_the_mark_and_the_dot(point: str, tmp_path: Path) -> None:
    """The server never got the end of it: evidence says that it is absent, and it is sent once."""
    with (
        Dovecot(tmp_path, users={"anna": "geheim"}) as box,
        shop(tmp_path, LEADS, obliging, box) as at,
    ):
        killed, _ = run(at, crash_at=point)
        _, said = run(at)
        at.file_copies()
        later = [at.run_later(timedelta(minutes=minutes)) for minutes in (20, 40)]
        at.server.settle()

        assert killed == -9
        assert "1 is in doubt" in " ".join(said.split())
        assert [each.accepted for each in later] == [0, 1]
        assert sorted(at.stored().values()) == [1] * LEADS


def test_fault_13_two_instances_at_once(tmp_path: Path) -> None:
    """While one run is at work, a second one says so, ends with 0 within a second or so, and sends nothing."""

    def slow(moment: Moment) -> Answer | None:
        return Answer(b"250 2.0.0 taken", seconds=3) if (moment.transaction, moment.phase) == (1, "dot") else None

    with shop(tmp_path, LEADS, slow) as at, at.start("run", "--yes") as first:
        while not at.server.commands or "DATA" not in at.server.commands:
            time.sleep(0.01)
        began = time.monotonic()
        code, said = run(at)
        took = time.monotonic() - began
        first.communicate(timeout=60)
        at.server.settle()

        assert code == 0
        assert "another run is at work on these leads" in said
        assert took < 3, "the second run waited for the first"
        assert sorted(at.stored().values()) == [1] * LEADS


LIMITS: dict[str, tuple[int, Callable[[], int]]] = {
    "memory": (resource.RLIMIT_AS, lambda: 44 * 2**20),
    "open files": (resource.RLIMIT_NOFILE, lambda: 8),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_fault_18_out_of_memory_or_files(limit: str, tmp_path: Path) -> None:
    """A run that gets no memory or no files fails before it hands anything over; the next one does all of it."""
    kind, most = LIMITS[limit]
    with shop(tmp_path, LEADS, obliging) as at:
        code = (
            "import resource, sys\n"
            f"resource.setrlimit({kind}, ({most()}, {most()}))\n"
            "from automations.cli import main\n"
            f"sys.exit(main(['--config', {str(at.config)!r}, 'run', '--yes']))\n"
        )
        starved = subprocess.run(
            [sys.executable, "-c", code], cwd=TESTS.parent, capture_output=True, timeout=60, check=False
        )
        at.server.settle()
        sent = at.stored().total()
        after, _ = run(at)
        at.server.settle()

        assert starved.returncode != 0
        assert sent == 0
        assert after == 0
        assert sorted(at.stored().values()) == [1] * LEADS


def test_fault_18_nobody_reads_what_a_run_says(tmp_path: Path) -> None:
    """With ``| head -0`` behind it, a run does all of its work and records it."""
    with shop(tmp_path, LEADS, obliging) as at:
        with at.start("run", "--yes") as process:
            assert process.stdout is not None
            process.stdout.close()
            process.wait(60)
        at.server.settle()

        assert process.returncode == 0
        assert at.count() == Counters(waiting=0, accepted=LEADS, deferred=0, refused=0, in_doubt=0)


def test_fault_111_no_secret_in_any_message_log_or_file(tmp_path: Path) -> None:
    """A server that repeats the password in its refusal, and one that knows it: it is written down nowhere."""
    repeat = f"535 5.7.8 {CANARY} is wrong".encode()
    with shop(tmp_path, 2, lambda moment: Answer(repeat) if moment.phase == "auth" else None) as at:
        text = at.config.read_text(encoding="utf-8")
        login = "security: none, user: anna, password: $ANNA_PASSWORD"
        at.config.write_text(text.replace("security: none", login), encoding="utf-8")
        (at.folder / ".env").write_text(f"ANNA_PASSWORD={CANARY}\n", encoding="utf-8")
        at.server.users["anna"] = "something else"
        said = [run(at)[1]]
        for words in (("--json", "doctor", "--resolver", "127.0.0.1:9"), ("history",), ("plan",), ("check",)):
            with at.start(*words) as process:
                said += process.communicate(timeout=60)
        with at.start("serve", "--once") as process:
            said += process.communicate(timeout=60)
        kept = [file for file in at.folder.rglob("*") if file.is_file() and file.name != ".env"]

        assert "the mail server does not accept our login" in " ".join(said[0].split())
        assert [text for text in said if CANARY in text] == []
        assert [file for file in kept if CANARY.encode() in file.read_bytes()] == []
