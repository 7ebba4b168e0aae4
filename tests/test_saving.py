"""Saving a file that people share: locks, rights, links, power cuts. The old file or the new one, never less."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from workbooks import BY_EMAIL, change, grid_rows, member, workbook

from automations.core.leads import CellOutcome, WriteResult
from automations.errors import SourceBusy, SourceOutOfReach
from automations.sources import saving
from automations.sources.csv_file import CsvSource
from automations.sources.excel import ExcelSource
from automations.sources.locks import check_not_open
from automations.sources.saving import Manners

ROWS = grid_rows([["Email", "Score"], ["eva@muster.example", ""], ["nils@hafen.example", ""]])


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Return a workbook with two leads, alone in a folder."""
    folder = tmp_path / "shared"
    folder.mkdir()
    return workbook(folder / "leads.xlsx", ROWS)


def _write(path: Path) -> WriteResult:
    changes = [change("eva@muster.example", "Score", None, 80), change("nils@hafen.example", "Score", None, 20)]
    return ExcelSource(path).write(changes, BY_EMAIL)


def _excel_lock(name: str) -> bytes:
    short = name.encode("cp1252", "replace").ljust(54)
    return bytes([len(name)]) + short + bytes([len(name), 0]) + name.encode("utf-16-le").ljust(108)


def test_an_open_workbook_waits_and_says_who_has_it_open(book: Path) -> None:
    """Excel's lock file names the person; nothing is written, and what waits is counted."""
    (book.parent / "~$leads.xlsx").write_bytes(_excel_lock("Ängla Weber"))
    before = book.read_bytes()

    with pytest.raises(SourceBusy) as busy:
        _write(book)

    assert busy.value.what == "leads.xlsx is open (Ängla Weber). 2 cells wait for the next run."
    assert busy.value.fix == "close the file, or wait: the next run writes it"
    assert book.read_bytes() == before


def test_a_workbook_open_in_libreoffice_waits_too(book: Path) -> None:
    """LibreOffice keeps the person's name, or the account's, in its own lock file."""
    (book.parent / ".~lock.leads.xlsx#").write_text(",jonas,laptop,23.11.2026 09:00,file:///home/jonas;")

    with pytest.raises(SourceBusy, match=r"leads\.xlsx is open \(jonas\)\. 2 cells wait"):
        _write(book)


def test_a_lock_left_by_a_crash_is_no_lock(book: Path) -> None:
    """A lock file older than a day was forgotten there; the run goes on."""
    lock = book.parent / "~$leads.xlsx"
    lock.write_bytes(_excel_lock("Anna"))
    yesterday = lock.stat().st_mtime - 25 * 3600
    os.utime(lock, (yesterday, yesterday))

    assert {cell.outcome for cell in _write(book).cells} == {CellOutcome.WRITTEN}


def test_a_newer_conflict_copy_waits_for_a_person(book: Path) -> None:
    """A sync service made two files of one: a person decides which holds."""
    copy = book.parent / "leads (Anna's conflicted copy 2026-11-23).xlsx"
    copy.write_bytes(book.read_bytes())
    os.utime(book, (1, 1))

    with pytest.raises(SourceBusy, match="has a conflict copy that is newer: leads \\(Anna's conflicted copy"):
        _write(book)


def test_an_open_workbook_can_be_read(book: Path) -> None:
    """Reading disturbs nobody."""
    (book.parent / "~$leads.xlsx").write_bytes(_excel_lock("Anna"))

    assert len(list(ExcelSource(book).read(["Email"]).rows)) == 2


def test_mode_and_attributes_are_kept(book: Path) -> None:
    """The team keeps its rights to the file."""
    book.chmod(0o664)
    try:
        os.setxattr(book, "user.team", b"sales")
        has_attributes = True
    except OSError:
        has_attributes = False

    _write(book)

    assert stat.S_IMODE(book.stat().st_mode) == 0o664
    if has_attributes:
        assert os.getxattr(book, "user.team") == b"sales"


@pytest.mark.needs_root
def test_owner_and_group_are_kept(book: Path) -> None:
    """The file still belongs to the person it belonged to."""
    os.chown(book, 1234, 4321)

    _write(book)

    assert (book.stat().st_uid, book.stat().st_gid) == (1234, 4321)


def test_a_file_of_another_account_is_refused_rather_than_taken(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the right to give the file back to its owner it is not replaced."""

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "fchown", refuse)
    monkeypatch.setattr(os, "fstat", _with_owner(os.fstat))
    before = book.read_bytes()

    with pytest.raises(SourceOutOfReach, match="belongs to another account"):
        _write(book)

    assert book.read_bytes() == before
    assert [each.name for each in book.parent.iterdir()] == ["leads.xlsx"]


def _with_owner(fstat: Callable[[int], os.stat_result]) -> Callable[[int], os.stat_result]:
    def other(handle: int) -> os.stat_result:
        status = fstat(handle)
        return os.stat_result((*status[:4], status.st_uid + 1, *status[5:10]), status_of(status))

    return other


def status_of(status: os.stat_result) -> dict[str, int]:
    """Return the times of a status to the nanosecond, as `os.stat_result` takes them."""
    return {"st_mtime_ns": status.st_mtime_ns, "st_ctime_ns": status.st_ctime_ns}


def test_a_symbolic_link_stays_one(book: Path, tmp_path: Path) -> None:
    """The file behind the link is replaced, the link is not."""
    link = tmp_path / "leads.xlsx"
    link.symlink_to(book)

    _write(link)

    assert link.is_symlink()
    assert "<v>80</v>" in member(book)


def test_a_hard_link_is_refused(book: Path, tmp_path: Path) -> None:
    """Two names of one file would part, so it is left alone."""
    os.link(book, tmp_path / "second name.xlsx")

    with pytest.raises(SourceOutOfReach) as refusal:
        _write(book)

    assert refusal.value.what == (
        "leads.xlsx has 2 names (hard links), and replacing it would part them; nothing was changed"
    )


def test_nothing_is_left_beside_the_file(book: Path) -> None:
    """After a save the folder holds the workbook and nothing of ours."""
    _write(book)

    assert [each.name for each in book.parent.iterdir()] == ["leads.xlsx"]


def test_a_file_saved_meanwhile_is_read_again(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Someone saves just before our replace: we start over, and both changes are in the file."""
    saves = iter([grid_rows([["Email", "Score"], ["nils@hafen.example", ""], ["eva@muster.example", ""]])])
    _save_before_replace(book, monkeypatch, lambda: next(saves, None))

    result = _write(book)

    assert [(cell.outcome, cell.row) for cell in result.cells] == [(CellOutcome.WRITTEN, 3), (CellOutcome.WRITTEN, 2)]
    assert [list(cells) for _, cells in ExcelSource(book).read(["Email"]).rows] == [
        ["nils@hafen.example", 20],
        ["eva@muster.example", 80],
    ]


def test_a_file_that_is_saved_again_and_again_waits(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After three tries the cells wait for the next run; the person's last save is what stands."""
    numbers = iter(range(10))
    last: list[bytes] = []

    def rows() -> str:
        return grid_rows([["Email", "Score", "Note"], ["eva@muster.example", "", f"typed {next(numbers)}"]])

    _save_before_replace(book, monkeypatch, rows, last)

    with pytest.raises(
        SourceBusy, match=r"leads\.xlsx was saved by someone 3 times while we worked; nothing was changed"
    ):
        _write(book)

    assert len(last) == 3
    assert book.read_bytes() == last[-1]


def _save_before_replace(
    book: Path, monkeypatch: pytest.MonkeyPatch, rows: Callable[[], str | None], saved: list[bytes] | None = None
) -> None:
    """Play a person who saves at the last moment before the file is replaced."""

    def save(point: str) -> None:
        if point == "before_replace" and (xml := rows()):
            workbook(book, xml)
            if saved is not None:
                saved.append(book.read_bytes())

    monkeypatch.setattr(saving, "crash_at", save)


CHILD = """
import sys
sys.path[:0] = [sys.argv[2]]
from pathlib import Path
from test_saving import _write
_write(Path(sys.argv[1]))
"""


@pytest.mark.parametrize(("point", "is_written"), [("before_replace", False), ("after_replace", True)])
def test_a_power_cut_leaves_the_old_file_or_the_new_one(book: Path, point: str, is_written: bool) -> None:
    """Killed at either side of the one step that counts, the workbook is whole; the next run cleans up and finishes."""
    before = book.read_bytes()
    here = Path(__file__).resolve().parent

    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(book), str(here)],
        env={**os.environ, "LEADWRIGHT_CRASH_AT": point, "PYTHONPATH": str(here.parent)},
        check=False,
        timeout=60,
    )

    assert done.returncode == -signal.SIGKILL
    assert (book.read_bytes() != before) is is_written
    assert len(list(book.parent.iterdir())) == (1 if is_written else 2)
    assert {cell.outcome for cell in _write(book).cells} == {CellOutcome.WRITTEN}
    assert [cells[1] for _, cells in ExcelSource(book).read(["Email"]).rows] == [80, 20]
    assert [each.name for each in book.parent.iterdir()] == ["leads.xlsx"]


def test_a_file_that_another_run_is_writing_is_not_swept_away(book: Path) -> None:
    """Only what a dead run left is removed; a living one holds a lock on its own."""
    left, alive = book.parent / ".leads.xlsx.leadwright-a.tmp", book.parent / ".leads.xlsx.leadwright-b.tmp"
    left.touch()
    other = book.parent / ".other.tmp"
    other.touch()
    with alive.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)

        _write(book)

        assert sorted(each.name for each in book.parent.iterdir()) == [alive.name, other.name, "leads.xlsx"]


@pytest.mark.parametrize("place", ["OneDrive - Bergblick", "Dropbox (Team)", "Syncthing"])
def test_a_folder_that_a_sync_service_carries_waits_for_the_owners_word(tmp_path: Path, place: str) -> None:
    """Two machines that save at once get two files; only the owner can know that nobody does."""
    (tmp_path / place / "sales").mkdir(parents=True)
    book = workbook(tmp_path / place / "sales" / "leads.xlsx", ROWS)
    before = book.read_bytes()

    with pytest.raises(SourceBusy) as busy:
        _write(book)

    assert busy.value.what == (
        f"leads.xlsx lies in {tmp_path / place}, which a sync service carries to other machines; "
        "two people who save at once get two files. 2 cells wait for the next run."
    )
    assert busy.value.fix == (
        "move it to a shared folder that is not synced, or write  sync_folder: accepted  under leads:"
    )
    assert book.read_bytes() == before


def test_a_link_into_a_folder_of_a_sync_service_is_one(book: Path, tmp_path: Path) -> None:
    """What counts is where the file is; the mark of Syncthing tells its folders by whatever name."""
    (book.parent / ".stfolder").mkdir()
    link = tmp_path / "leads.xlsx"
    link.symlink_to(book)

    with pytest.raises(SourceBusy, match="which a sync service carries"):
        _write(link)


def test_the_owner_may_accept_a_folder_that_is_synced(book: Path) -> None:
    """Who says sync_folder: accepted has the cells written; an open workbook still waits."""
    (book.parent / ".dropbox").mkdir()
    source = ExcelSource(book, manners=Manners((check_not_open,)))

    result = source.write([change("eva@muster.example", "Score", None, 80)], BY_EMAIL)

    assert [cell.outcome for cell in result.cells] == [CellOutcome.WRITTEN]


@pytest.mark.parametrize(
    ("number", "what", "kind"),
    [
        (errno.ENOSPC, "leads.xlsx cannot be saved: the disk is full; nothing was changed", SourceOutOfReach),
        (errno.EBUSY, "leads.xlsx is in use by another program; nothing was changed", SourceBusy),
        (errno.EROFS, "cannot be saved in", SourceOutOfReach),
    ],
    ids=["full disk", "in use", "read-only"],
)
def test_a_save_that_fails_is_explained(
    book: Path, monkeypatch: pytest.MonkeyPatch, number: int, what: str, kind: type[Exception]
) -> None:
    """A full disk or a read-only folder is said in words, the old file stands, and nothing is left beside it."""

    def fail(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    before = book.read_bytes()

    with pytest.raises(kind) as refusal:
        _write(book)

    assert what in str(refusal.value)
    assert book.read_bytes() == before
    assert [each.name for each in book.parent.iterdir()] == ["leads.xlsx"]


def test_csv_files_are_saved_by_the_same_rules(tmp_path: Path) -> None:
    """A CSV file that is open in LibreOffice waits as well."""
    path = tmp_path / "leads.csv"
    path.write_text("Email,Score\neva@muster.example,\n")
    (tmp_path / ".~lock.leads.csv#").write_text("Anna Weber,anna,laptop,23.11.2026 09:00,;")

    with pytest.raises(SourceBusy, match=r"leads\.csv is open \(Anna Weber\)\. 1 cell waits for the next run\."):
        CsvSource(path).write([change("eva@muster.example", "Score", None, 80)], BY_EMAIL)


def test_a_pipe_is_no_file_to_wait_for(tmp_path: Path) -> None:
    """Something that is named like a file, but is a pipe, is refused at once."""
    os.mkfifo(tmp_path / "leads.csv")

    with pytest.raises(SourceOutOfReach, match=r"leads\.csv is not a file"):
        CsvSource(tmp_path / "leads.csv").read(["Email"])
