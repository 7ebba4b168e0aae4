"""The faults of shared files, by number, as the book of protocols lists them: which test shows each, and those left."""

from __future__ import annotations

import ast
import os
import shutil
import signal
import struct
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from workbooks import BY_EMAIL, MAIN, change, grid_rows, parts_of, sheet_xml, stored_members, workbook, write_parts

from automations.core.leads import CellOutcome
from automations.errors import SourceBusy
from automations.sources.excel import ExcelSource
from automations.sources.saving import Manners

HERE = Path(__file__).resolve().parent
ROWS = grid_rows([["Email", "Score"], ["eva@muster.example", ""], ["nils@hafen.example", ""]])

FAULTS = {
    69: (  # a lead says =HYPERLINK(...), +cmd|, @SUM
        "test_sources_contract:test_text_comes_back_as_it_was_written",
        "test_excel_libreoffice:test_no_text_becomes_a_formula",
    ),
    70: (  # the workbook is open; a lock was left behind
        "test_saving:test_an_open_workbook_waits_and_says_who_has_it_open",
        "test_saving:test_a_workbook_open_in_libreoffice_waits_too",
        "test_saving:test_a_lock_left_by_a_crash_is_no_lock",
    ),
    71: (  # the file changes between read and write
        "test_saving:test_a_file_saved_meanwhile_is_read_again",
        "test_saving:test_a_file_that_is_saved_again_and_again_waits",
        "test_excel_reading:test_rows_of_another_version_are_not_mixed_in",
    ),
    72: (  # killed while saving; disk full while saving
        "test_saving:test_a_power_cut_leaves_the_old_file_or_the_new_one",
        "test_faults_of_files:test_killed_at_any_call_the_workbook_is_the_old_one_or_the_new_one",
        "test_saving:test_a_save_that_fails_is_explained",
        "test_backups:test_a_disk_that_is_really_full_leaves_the_old_file",
    ),
    73: (  # owner, mode, access list, symbolic link, hard link
        "test_saving:test_owner_and_group_are_kept",
        "test_saving:test_mode_and_attributes_are_kept",
        "test_faults_of_files:test_an_access_list_is_kept",
        "test_saving:test_a_symbolic_link_stays_one",
        "test_saving:test_a_hard_link_is_refused",
    ),
    74: (  # a conflict copy appears; a sync service carries the folder
        "test_saving:test_a_folder_that_a_sync_service_carries_waits_for_the_owners_word",
        "test_saving:test_a_newer_conflict_copy_waits_for_a_person",
        "test_backups:test_a_newer_copy_by_a_sync_service_waits_for_a_person",
    ),
    75: (  # macros, pivots, slicers, sparklines, shapes, signatures
        "test_excel_corpus:test_a_real_workbook_is_patched_or_refused",
        "test_prove:test_a_real_workbook_is_proved_or_refused",
        "test_excel_refusals:test_a_signed_workbook_is_read_but_not_written",
    ),
    76: (  # zip bomb, entity bomb, far cell, a million shared strings, a zip in the zip
        "test_excel_refusals:test_what_is_no_workbook_is_named",
        "test_excel_refusals:test_a_far_lone_cell_costs_nothing",
        "test_faults_of_files:test_a_million_strings_stay_within_bounds",
        "test_faults_of_files:test_a_zip_in_the_workbook_is_bytes_like_any_other",
        "test_hostile_workbooks:test_it_hurts_nobody",
    ),
    77: ("test_excel_refusals:test_what_is_no_workbook_is_named",),  # no zip, cut off, password, old Excel, web page
    78: (  # another program keeps the file closed
        "test_saving:test_a_save_that_fails_is_explained",
        "test_faults_of_files:test_a_file_kept_closed_for_a_moment_is_tried_again",
        "test_faults_of_files:test_a_file_kept_closed_by_another_program_waits",
    ),
    79: (  # CSV: BOM, UTF-16, semicolons, CR only, an unclosed quote, NUL
        "test_csv:test_only_the_field_changes",
        "test_csv:test_a_quote_that_is_never_closed_is_named_with_its_row",
        "test_csv:test_what_is_no_text_is_refused",
    ),
}
"""Fault -> the tests that show what happens then, as ``module:function``."""


def test_every_fault_has_its_tests() -> None:
    """No fault of files is without a test, and no test in the table is gone."""
    there = {
        f"{module.stem}:{node.name}"
        for module in HERE.glob("test_*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }

    assert list(FAULTS) == list(range(69, 80))
    assert {test for tests in FAULTS.values() for test in tests} - there == set()


CHILD = """
import sys
sys.path[:0] = [sys.argv[2]]
from pathlib import Path
from test_faults_of_files import write_two
write_two(Path(sys.argv[1]))
"""


def write_two(path: Path) -> None:
    """Write two scores, whatever of them an earlier run has written already."""
    changes = [change("eva@muster.example", "Score", None, 80), change("nils@hafen.example", "Score", None, 20)]
    result = ExcelSource(path).write(changes, BY_EMAIL)
    assert {cell.outcome for cell in result.cells} == {CellOutcome.WRITTEN}


@pytest.mark.needs_strace
@pytest.mark.timeout(120)
def test_killed_at_any_call_the_workbook_is_the_old_one_or_the_new_one(tmp_path: Path) -> None:
    """The power is cut at each call that locks, makes durable, gives rights or renames, one after the other."""
    book = workbook(tmp_path / "leads.xlsx", ROWS)
    before = book.read_bytes()
    write_two(book)
    after = book.read_bytes()
    killed = 0

    for call in ("fsync", "fchmod", "rename", "flock"):
        for number in range(1, 9):
            book.write_bytes(before)
            code = _killed_at(book, call, number)
            assert book.read_bytes() in (before, after), f"{call} number {number}"
            if code == 0:
                break
            assert code == -signal.SIGKILL
            killed += 1
            write_two(book)
            assert book.read_bytes() == after
            assert [each.name for each in tmp_path.iterdir()] == ["leads.xlsx"]

    assert killed >= 5


def _killed_at(book: Path, call: str, number: int) -> int:
    """Return how a child ended that writes and is killed at one system call."""
    inject = [f"--trace={call}", f"--inject={call}:signal=KILL:when={number}"]
    strace = [shutil.which("strace") or "strace", "-f", "-qq", "-o", os.devnull, *inject]
    done = subprocess.run(
        [*strace, sys.executable, "-c", CHILD, str(book), str(HERE)],
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        check=False,
        timeout=60,
        capture_output=True,
    )
    # strace ends as its child did.
    return done.returncode


_ACL = struct.pack("<L", 2) + b"".join(
    struct.pack("<HHL", kind, rights, who)
    # The owner, a person of the team, the group, the mask, all others (acl(5), linux/posix_acl_xattr.h).
    for kind, rights, who in (
        (1, 6, 0xFFFFFFFF),
        (2, 6, 1234),
        (4, 4, 0xFFFFFFFF),
        (16, 6, 0xFFFFFFFF),
        (32, 0, 0xFFFFFFFF),
    )
)


def test_an_access_list_is_kept(tmp_path: Path) -> None:
    """A colleague who was let in by an access list still gets in."""
    book = workbook(tmp_path / "leads.xlsx", ROWS)
    try:
        os.setxattr(book, "system.posix_acl_access", _ACL)
    except OSError:
        pytest.skip("needs a file system with access lists")

    write_two(book)

    assert os.getxattr(book, "system.posix_acl_access") == _ACL


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (700 << 20, 700 << 20))
sys.path[:0] = [sys.argv[2]]
from pathlib import Path
from test_faults_of_files import write_two
write_two(Path(sys.argv[1]))
# Not ru_maxrss: what the test itself had in memory before it started us counts there, too.
status = Path("/proc/self/status").read_text()
print(int(status.partition("VmHWM:")[2].split()[0]) // 1024)
"""


def test_a_million_strings_stay_within_bounds(tmp_path: Path) -> None:
    """A workbook with a million texts that no lead uses is written in seconds and in less than 300 MB."""
    items = "".join(f"<si><t>text number {number}</t></si>" for number in range(1_000_000))
    strings = f'<sst {MAIN} count="1000000" uniqueCount="1000000">{items}</sst>'
    book = write_parts(tmp_path / "leads.xlsx", parts_of(sheet_xml(ROWS), strings=strings))
    began = time.monotonic()

    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(book), str(HERE)],
        env={**os.environ, "PYTHONPATH": str(HERE.parent)},
        check=True,
        timeout=60,
        capture_output=True,
        text=True,
    )

    assert int(done.stdout) < 300
    assert time.monotonic() - began < 20


def test_a_zip_in_the_workbook_is_bytes_like_any_other(tmp_path: Path) -> None:
    """A zip that someone embedded is never opened, and comes through as it is."""
    inner = BytesIO()
    with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as bomb:
        bomb.writestr("a", bytes(5_000_000))
    parts = {**parts_of(sheet_xml(ROWS)), "xl/embeddings/inner.zip": inner.getvalue()}
    book = write_parts(tmp_path / "leads.xlsx", parts)
    old = stored_members(book.read_bytes())["xl/embeddings/inner.zip"]

    write_two(book)

    assert stored_members(book.read_bytes())["xl/embeddings/inner.zip"] == old


def _mount(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)


@pytest.fixture
def kept_closed(tmp_path: Path) -> Iterator[Path]:
    """Return a workbook that the system says is in use (EBUSY) when it is replaced: something is mounted over it."""
    folder = tmp_path / "shared"
    folder.mkdir()
    book = workbook(folder / "leads.xlsx", ROWS)
    try:
        _mount("mount", "--bind", str(book), str(book))
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("nothing can be mounted here")
    yield book
    subprocess.run(["umount", "--lazy", str(book)], check=False, capture_output=True)


@pytest.mark.needs_root
def test_a_file_kept_closed_for_a_moment_is_tried_again(kept_closed: Path) -> None:
    """A virus scanner lets go after two seconds; then the cells are written."""
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 4:
            # Even while we read the workbook, its name is free again.
            _mount("umount", "--lazy", str(kept_closed))

    source = ExcelSource(kept_closed, manners=Manners(pause=pause))
    result = source.write([change("eva@muster.example", "Score", None, 80)], BY_EMAIL)

    assert [cell.outcome for cell in result.cells] == [CellOutcome.WRITTEN]
    assert pauses == [0.5, 0.5, 0.5, 0.5]


@pytest.mark.needs_root
def test_a_file_kept_closed_by_another_program_waits(kept_closed: Path) -> None:
    """After ten tries the old file stays as it was, nothing is left beside it, and the cells wait."""
    before = kept_closed.read_bytes()
    pauses: list[float] = []
    source = ExcelSource(kept_closed, manners=Manners(pause=pauses.append))

    with pytest.raises(SourceBusy, match=r"leads\.xlsx is in use by another program; nothing was changed"):
        source.write([change("eva@muster.example", "Score", None, 80)], BY_EMAIL)

    assert pauses == [0.5] * 9
    assert kept_closed.read_bytes() == before
    assert [each.name for each in kept_closed.parent.iterdir()] == ["leads.xlsx"]
