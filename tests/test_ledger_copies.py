"""A copy of the ledger every day: what a lost one is replaced by."""

from __future__ import annotations

import shutil
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from ledgers import EVA, NOW, email
from test_commands import Answer, say  # noqa: F401 - say is a fixture
from test_runner import world_of
from worlds import row

from automations.core.health import Facts, HouseFacts, examine
from automations.ledger.copies import ledger_copies
from automations.ledger.sqlite import open_ledger

MONDAY = date(2026, 11, 23)


def names(state: Path) -> list[str]:
    """Return the names of the copies, the newest last."""
    return [each.name for each in ledger_copies(state)]


def test_a_copy_a_day_and_a_week_of_them(tmp_path: Path) -> None:
    """Many runs a day make one copy, and after a week the oldest goes."""
    with closing(open_ledger(tmp_path)) as ledger:
        for day in range(9):
            ledger.keep_copy(MONDAY + timedelta(days=day))
            ledger.keep_copy(MONDAY + timedelta(days=day))

    assert names(tmp_path) == [
        f"ledger-2026-{day}.db" for day in ("11-25", "11-26", "11-27", "11-28", "11-29", "11-30")
    ] + ["ledger-2026-12-01.db"]


def test_a_copy_in_the_place_of_a_lost_ledger_knows_what_was_sent(tmp_path: Path) -> None:
    """Whoever loses the ledger puts the newest copy back, and it knows who got which email."""
    send, message = email()
    with closing(open_ledger(tmp_path)) as ledger:
        run = ledger.start_run("run", NOW)
        assert ledger.reserve(run, [(send, message)], NOW)
        ledger.keep_copy(MONDAY)
    for each in tmp_path.glob("ledger.db*"):
        each.unlink()
    shutil.copy(ledger_copies(tmp_path)[-1], tmp_path / "ledger.db")

    with closing(open_ledger(tmp_path)) as ledger:
        assert [record.lead_key for record in ledger.history(NOW).messages] == [EVA]


def test_who_is_forgotten_is_in_no_copy(tmp_path: Path) -> None:
    """Forgetting a person takes away the copies that know them; the next run makes a new one."""
    send, message = email()
    with closing(open_ledger(tmp_path)) as ledger:
        run = ledger.start_run("run", NOW)
        ledger.reserve(run, [(send, message)], NOW)
        ledger.keep_copy(MONDAY)
        with ledger.lock():
            ledger.erase(str(EVA), NOW)
        assert names(tmp_path) == []
        ledger.keep_copy(MONDAY)

    assert str(EVA).encode() not in ledger_copies(tmp_path)[-1].read_bytes()


def test_every_run_leaves_a_copy_behind(say: Answer, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    """The first run of a day copies the ledger as it stands at its end; doctor tells of which day it is."""
    say("run", "--yes")
    state = tmp_path / ".leadwright"
    said = say("doctor", "--resolver", "127.0.0.1:9")[1]

    (copy,) = ledger_copies(state)
    assert f"copy of the ledger of {copy.stem.removeprefix('ledger-')}" in said


def test_a_copy_that_cannot_be_written_fails_no_run(tmp_path: Path) -> None:
    """The emails have left; that there is no copy is said at the end."""
    (tmp_path / "backups").write_text("in the way", "utf-8")
    world = world_of(row("eva@muster.example"), ledger=open_ledger(tmp_path))

    report = world.run()

    assert report.accepted == 1
    assert report.exit_code == 0
    assert [note.partition(":")[0] for note in report.notes] == ["no copy of the ledger was made today"]


@pytest.mark.parametrize(
    ("copy", "said"),
    [
        (None, "there is no copy of the ledger"),
        (MONDAY - timedelta(days=3), "the last run was 3 days after the newest copy of the ledger"),
        (MONDAY, "copy of the ledger of 2026-11-23"),
    ],
)
def test_doctor_tells_how_old_the_copy_is(copy: date | None, said: str) -> None:
    """A ledger that nobody copies any more is worth a warning, before it is lost."""
    house = HouseFacts(MONDAY, now=NOW, free_bytes=10**12, last_run=NOW, last_exit=0, ledger_copy=copy)

    assert said in [each.what for each in examine(Facts(house=house))]
