"""Dated copies from before we wrote: made once a run, kept by number, readable by us alone, and easy to go back to."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from workbooks import BY_EMAIL, change, grid_rows, member, workbook

from automations.cli import main
from automations.core.leads import CellOutcome
from automations.errors import SourceBusy, SourceOutOfReach
from automations.sources.backups import Backups, backups_of, folder_for
from automations.sources.csv_file import CsvSource
from automations.sources.excel import ExcelSource
from automations.sources.saving import ChangedMeanwhile, Version
from automations.sources.syncing import is_synced

ROWS = grid_rows([["Email", "Score"], ["eva@muster.example", ""], ["nils@hafen.example", ""]])
MORNING = datetime(2026, 11, 23, 9, 14, 12, tzinfo=UTC)


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Return a workbook with two leads, alone in a folder."""
    folder = tmp_path / "shared"
    folder.mkdir()
    return workbook(folder / "leads.xlsx", ROWS)


def _run(path: Path, folder: Path, value: int, *, moment: datetime = MORNING, keep: int = 10) -> None:
    """Play one run that writes two times."""
    source = ExcelSource(path, backups=Backups(folder, keep, lambda: moment))
    old = value - 2 if value > 2 else None
    source.write([change("eva@muster.example", "Score", old, value - 1)], BY_EMAIL)
    source.write([change("eva@muster.example", "Score", value - 1, value)], BY_EMAIL)


def test_a_copy_is_kept_from_before_the_first_write_of_a_run(book: Path, tmp_path: Path) -> None:
    """One run writes twice and leaves one copy: the file as the team had it."""
    before = book.read_bytes()
    folder = tmp_path / "backups"

    _run(book, folder, 2)

    assert sorted(each.name for each in folder.iterdir()) == ["HOW TO GO BACK.txt", "leads-2026-11-23-091412.xlsx"]
    assert (folder / "leads-2026-11-23-091412.xlsx").read_bytes() == before
    assert [each.name for each in book.parent.iterdir()] == ["leads.xlsx"]


def test_copies_are_for_our_eyes_only(book: Path, tmp_path: Path) -> None:
    """Leads are personal data; nobody else on the machine reads the copies, whatever the file itself allows."""
    book.chmod(0o666)
    folder = tmp_path / "ours" / "backups"

    _run(book, folder, 2)

    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o600}


def test_going_back_is_copying_a_file(book: Path, tmp_path: Path) -> None:
    """The sentence that lies beside the copies works as it stands."""
    before = book.read_bytes()
    folder = tmp_path / "backups"
    _run(book, folder, 2)

    text = (folder / "HOW TO GO BACK.txt").read_text("utf-8")
    shutil.copyfile(backups_of(folder, book)[-1], book)

    assert f"close the file in Excel, then copy it over\n    {book}\n" in text
    assert book.read_bytes() == before


def test_the_oldest_copies_go(book: Path, tmp_path: Path) -> None:
    """After five runs three copies are left, the newest ones; files of others in the folder stay."""
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "leads-of-others.xlsx").touch()

    for day in range(5):
        _run(book, folder, 2 + 2 * day, moment=MORNING + timedelta(days=day), keep=3)

    assert sorted(each.name for each in folder.iterdir()) == [
        "HOW TO GO BACK.txt",
        "leads-2026-11-25-091412.xlsx",
        "leads-2026-11-26-091412.xlsx",
        "leads-2026-11-27-091412.xlsx",
        "leads-of-others.xlsx",
    ]


def test_runs_in_the_same_second_overwrite_nothing(book: Path, tmp_path: Path) -> None:
    """The second copy of a second gets a number, and counts as the younger one."""
    folder = tmp_path / "backups"

    for number in range(12):
        _run(book, folder, 2 + 2 * number, keep=4)

    assert [each.name for each in backups_of(folder, book)] == [
        "leads-2026-11-23-091412-9.xlsx",
        "leads-2026-11-23-091412-10.xlsx",
        "leads-2026-11-23-091412-11.xlsx",
        "leads-2026-11-23-091412-12.xlsx",
    ]


def test_a_clock_that_was_set_back_costs_no_copy(book: Path, tmp_path: Path) -> None:
    """The copy of this run stays, also when its date is older than that of all others."""
    folder = tmp_path / "backups"
    _run(book, folder, 2, keep=1)
    before = book.read_bytes()

    _run(book, folder, 4, keep=1, moment=MORNING - timedelta(hours=1))

    assert [each.read_bytes() for each in backups_of(folder, book)] == [before]


def test_a_run_that_writes_nothing_keeps_no_copy(book: Path, tmp_path: Path) -> None:
    """Cells that say it already, or a lead that is gone, are no reason for a copy."""
    source = ExcelSource(book, backups=Backups(tmp_path / "backups", 10, lambda: MORNING))

    result = source.write([change("gone@muster.example", "Score", None, 1)], BY_EMAIL)

    assert [cell.outcome for cell in result.cells] == [CellOutcome.GONE]
    assert not (tmp_path / "backups").exists()


def test_an_owner_who_wants_no_copies_gets_none(book: Path, tmp_path: Path) -> None:
    """``backups: 0`` keeps nothing."""
    _run(book, tmp_path / "backups", 2, keep=0)

    assert not (tmp_path / "backups").exists()
    assert "<v>2</v>" in member(book)


def test_without_a_copy_nothing_is_written(book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When no copy can be kept the workbook is left alone, and the reason names both folders' remedy."""
    before = book.read_bytes()

    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "open", full)

    with pytest.raises(SourceOutOfReach) as refusal:
        _run(book, tmp_path / "backups", 2)

    assert refusal.value.what == (
        f"no copy of leads.xlsx can be kept in {tmp_path / 'backups'}: no space left on device; nothing was changed"
    )
    assert "backups: 0" in refusal.value.fix
    assert book.read_bytes() == before


def test_a_copy_is_of_the_very_version_that_is_replaced(book: Path, tmp_path: Path) -> None:
    """Somebody saved between our reading and the copy: the run starts over, and no half copy stays."""
    backups = Backups(tmp_path / "backups", 10, lambda: MORNING)

    with pytest.raises(ChangedMeanwhile):
        backups.take(book, "leads.xlsx", Version(0, 0, 0, 0, "another digest"))

    assert list((tmp_path / "backups").iterdir()) == []


def test_what_a_killed_run_left_is_removed(book: Path, tmp_path: Path) -> None:
    """Half a copy is never taken for a whole one."""
    folder = tmp_path / "backups"
    folder.mkdir()
    (folder / "leads-2026-11-22-090000.xlsx.part").touch()

    _run(book, folder, 2)

    assert not list(folder.glob("*.part"))
    assert len(backups_of(folder, book)) == 1


def test_csv_files_are_kept_too(tmp_path: Path) -> None:
    """The same holds for leads in a CSV file."""
    path = tmp_path / "leads.csv"
    path.write_text("Email,Score\neva@muster.example,\n")

    CsvSource(path, Backups(tmp_path / "backups", 10, lambda: MORNING)).write(
        [change("eva@muster.example", "Score", None, 80)], BY_EMAIL
    )

    assert [each.read_text() for each in backups_of(tmp_path / "backups", path)] == [
        "Email,Score\neva@muster.example,\n"
    ]


@pytest.mark.parametrize(
    ("folder", "mark", "is_it"),
    [
        ("OneDrive - Bergblick/leads", "", True),
        ("Dropbox (Bergblick)", "", True),
        ("team", ".dropbox.cache", True),
        ("team/leads", "", False),
    ],
)
def test_copies_stay_out_of_folders_that_are_synced(tmp_path: Path, folder: str, mark: str, *, is_it: bool) -> None:
    """In a folder of OneDrive or Dropbox the copies would go to everybody, so they are kept in the home folder."""
    state = tmp_path / folder / ".leadwright"
    state.mkdir(parents=True)
    if mark:
        (tmp_path / folder / mark).touch()

    place = folder_for(state, {}, tmp_path / "home")

    assert is_synced(state) is is_it
    assert place.is_relative_to(tmp_path / "home" / ".local" / "state" / "leadwright" if is_it else state)


def test_a_run_keeps_a_copy_in_our_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sample's first run leaves the sheet as it was in .leadwright/backups; ``backups:`` says how many stay."""
    monkeypatch.chdir(tmp_path)
    main(["--quiet", "init", "--sample", "."])
    config = tmp_path / "config.yaml"
    config.write_text(config.read_text("utf-8").replace("\n  key: email", "\n  backups: 1\n  key: email"), "utf-8")
    before = (tmp_path / "leads.xlsx").read_bytes()

    code = main(["--quiet", "run", "--yes"])

    copies = backups_of(tmp_path / ".leadwright" / "backups", tmp_path / "leads.xlsx")
    assert code == 0
    assert "backups: 1" in config.read_text("utf-8")
    assert [each.read_bytes() for each in copies] == [before]


CONFLICTS = (
    "leads (1).xlsx",
    "leads(2).xlsx",
    "leads-DESKTOP-4F2A.xlsx",
    "leads (Anna's conflicted copy 2026-11-23).xlsx",
    "leads (Annas Konflikt 2026-11-23).xlsx",
    "leads.sync-conflict-20261123-091412.xlsx",
)


@pytest.mark.parametrize("name", CONFLICTS)
def test_a_newer_copy_by_a_sync_service_waits_for_a_person(book: Path, name: str) -> None:
    """Two people changed the file at once: a person decides which holds, and both are named."""
    os.utime(book, (1, 1))
    (book.parent / name).write_bytes(book.read_bytes())

    with pytest.raises(SourceBusy) as busy:
        ExcelSource(book).write([change("eva@muster.example", "Score", None, 80)], BY_EMAIL)

    assert busy.value.what == f"leads.xlsx has a conflict copy that is newer: {name}. 1 cell waits for the next run."


@pytest.mark.parametrize("name", ["leads 2025.xlsx", "leads-BERLIN.xlsx", "old leads (1).xlsx", "leads (1).csv"])
def test_other_files_beside_the_workbook_do_not_matter(book: Path, name: str) -> None:
    """Last year's list is no conflict copy."""
    os.utime(book, (1, 1))
    (book.parent / name).write_bytes(book.read_bytes())

    result = ExcelSource(book).write([change("eva@muster.example", "Score", None, 80)], BY_EMAIL)

    assert [cell.outcome for cell in result.cells] == [CellOutcome.WRITTEN]


def test_an_older_copy_was_decided_on_already(book: Path) -> None:
    """Only a copy that is newer than the workbook makes us wait."""
    copy = book.parent / "leads (1).xlsx"
    copy.write_bytes(book.read_bytes())
    os.utime(copy, (1, 1))

    result = ExcelSource(book).write([change("eva@muster.example", "Score", None, 80)], BY_EMAIL)

    assert [cell.outcome for cell in result.cells] == [CellOutcome.WRITTEN]


@pytest.mark.needs_root
def test_a_disk_that_is_really_full_leaves_the_old_file(tmp_path: Path) -> None:
    """On a disk without room for a second file, the first keeps its bytes and nothing lies beside it."""
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", str(small)], check=False).returncode:
        pytest.skip("needs the right to mount")
    try:
        path = workbook(small / "leads.xlsx", ROWS)
        filler = small / "filler"
        with filler.open("wb") as file:
            while file.write(b"x" * 512) and os.statvfs(small).f_bavail:
                file.flush()
        before = path.read_bytes()

        with pytest.raises(SourceOutOfReach) as refusal:
            ExcelSource(path).write([change("eva@muster.example", "Score", None, 80)], BY_EMAIL)

        assert refusal.value.what == "leads.xlsx cannot be saved: the disk is full; nothing was changed"
        assert path.read_bytes() == before
        assert sorted(each.name for each in small.iterdir()) == ["filler", "leads.xlsx"]
    finally:
        subprocess.run(["umount", str(small)], check=True)
