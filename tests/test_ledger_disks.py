"""Full and failing disks: nothing is half recorded, and what cannot be recorded is not sent."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ledgers import ACCEPTED, HOST_WITH_ROOM, NOW, email, key_of, may_go

from automations.errors import LedgerOutOfReach
from automations.ledger.sqlite import open_ledger

ROOM_FIX = "Make room on the disk (at least 50 MB), then run the same command again. No more is sent until then."


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return where a ledger goes."""
    return tmp_path / ".leadwright"


# Full and failing disks


def test_a_full_ledger_takes_nothing_and_keeps_what_it_has(folder: Path) -> None:
    """When the disk is full nothing is half reserved; with room again, everything goes on."""
    ledger = open_ledger(folder)
    run = ledger.start_run("run", NOW)
    pages = ledger._database.execute("PRAGMA page_count").fetchone()[0]
    ledger._database.execute(f"PRAGMA max_page_count = {pages}")
    many = [email(step=f"step-{number}") for number in range(200)]

    with pytest.raises(LedgerOutOfReach) as full:
        ledger.reserve(run, many, NOW)
    before = ledger.history(NOW).messages
    ledger._database.execute("PRAGMA max_page_count = 1000000")

    assert (full.value.what, full.value.fix) == (f"{folder / 'ledger.db'}: the disk is full", ROOM_FIX)
    assert before == ()
    assert len(ledger.reserve(run, many, NOW)) == 200
    ledger.close()


@contextmanager
def small_disk(at: Path) -> Iterator[Path]:
    """Mount a disk of 400 KB, and take it away again."""
    at.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=400k", "tmpfs", str(at)], check=False)
    if mounted.returncode != 0:
        pytest.skip("this root may not mount a disk")
    try:
        yield at
    finally:
        subprocess.run(["umount", "-l", str(at)], check=True)


def fill(disk: Path) -> None:
    """Write to a disk until it is full."""
    with (disk / "rest").open("wb", buffering=0) as rest:
        try:
            while True:
                rest.write(bytes(4096))
        except OSError:
            return


@pytest.mark.needs_root
def test_a_disk_that_fills_up_between_mark_and_settle(tmp_path: Path) -> None:
    """When the answer of the server cannot be stored, the email is in doubt: neither sent again nor forgotten."""
    with small_disk(tmp_path / "disk") as disk:
        ledger = open_ledger(disk / ".leadwright", HOST_WITH_ROOM)
        run = ledger.start_run("run", NOW)
        ledger.reserve(run, [email()], NOW)
        ledger.mark(run, key_of(), NOW, may_go)
        fill(disk)

        with pytest.raises(LedgerOutOfReach) as full:
            ledger.settle(run, key_of(), ACCEPTED, NOW, None)
        with pytest.raises(LedgerOutOfReach, match="the disk is full"):
            ledger.reserve(run, [email(step="welcome-2")], NOW)
        (disk / "rest").unlink()
        (in_doubt,) = ledger.recover(NOW)
        ledger.close()

    assert full.value.fix == ROOM_FIX
    assert in_doubt.key == key_of()


@pytest.mark.needs_root
def test_a_disk_that_turns_read_only(tmp_path: Path) -> None:
    """A disk that the system has made read-only is told in a sentence."""
    with small_disk(tmp_path / "disk") as disk:
        folder = disk / ".leadwright"
        ledger = open_ledger(folder, HOST_WITH_ROOM)
        ledger.start_run("run", NOW)
        ledger.close()
        subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)

        with pytest.raises(LedgerOutOfReach) as refused:
            open_ledger(folder, HOST_WITH_ROOM)

    assert refused.value.what == f"{folder / 'ledger.db'}: the ledger cannot be written"
    assert refused.value.exit_code == 3


def test_a_ledger_that_turns_read_only_under_way(folder: Path) -> None:
    """When the ledger can suddenly not be written any more, the email in hand is not marked, and so does not leave."""
    ledger = open_ledger(folder)
    run = ledger.start_run("run", NOW)
    ledger.reserve(run, [email()], NOW)
    ledger._database.execute("PRAGMA query_only = ON")

    with pytest.raises(LedgerOutOfReach) as refused:
        ledger.mark(run, key_of(), NOW, may_go)

    assert refused.value.what == f"{folder / 'ledger.db'}: the ledger cannot be written"
    ledger.close()
