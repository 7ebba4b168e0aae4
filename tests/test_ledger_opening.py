"""Opening the ledger: made once, upgraded with a copy, and refused in a sentence when it cannot be trusted."""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing, suppress
from functools import cache
from pathlib import Path

import apsw
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ledgers import ACCEPTED, EVA, HOST_WITH_ROOM, NOW, email, key_of, may_go

from automations.core.history import Written
from automations.core.plan import Known, Move, MoveKind
from automations.errors import AlreadyRunning, LedgerOutOfReach, WrongUsage
from automations.ledger import opening
from automations.ledger.database import is_wal_safe
from automations.ledger.host import THIS_HOST, Host, mount_type
from automations.ledger.joblock import job_lock
from automations.ledger.migrations import Migration, migrations
from automations.ledger.opening import open_file
from automations.ledger.sqlite import open_ledger, open_memory_ledger

RESTORE = (
    "Nothing was sent or changed. Move it aside, put your newest backup of it in its place, and run leadwright adopt. "
    "Emails that left after that backup are not in it: look with leadwright plan before you send."
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return where a ledger goes."""
    return tmp_path / ".leadwright"


def fill(folder: Path) -> None:
    """Make a ledger with one accepted email, and something known of its lead."""
    with closing(open_ledger(folder)) as ledger:
        run = ledger.start_run("run", NOW)
        ledger.remember(run, [Known(EVA, 80, "hot", "New", NOW, Written())], NOW)
        ledger.moves(run, [Move(EVA, "welcome", MoveKind.START, NOW)])
        ledger.reserve(run, [email()], NOW)
        ledger.mark(run, key_of(), NOW, may_go)
        ledger.settle(run, key_of(), ACCEPTED, NOW, None)
        ledger.end_run(run, NOW, 0, {"accepted": 1})


def refused(folder: Path, host: Host = THIS_HOST) -> LedgerOutOfReach:
    """Return what is said when the ledger in *folder* is opened."""
    with pytest.raises(LedgerOutOfReach) as error:
        open_ledger(folder, host)
    return error.value


# Keeping it


def test_what_was_recorded_is_there_after_a_restart(folder: Path) -> None:
    """A ledger that is closed and opened again is the same ledger and knows the same."""
    fill(folder)

    with closing(open_ledger(folder)) as first:
        before = (first.ledger_id, first.made_at, first.history(NOW))
    with closing(open_ledger(folder)) as again:
        after = (again.ledger_id, again.made_at, again.history(NOW))

    assert after == before


def test_a_ledger_remembers_the_machine_it_was_made_on(folder: Path) -> None:
    """A ledger copied to another machine still tells where it was made."""
    with closing(open_ledger(folder, Host(machine_id=lambda: "4c4c4544"))):
        pass

    with closing(open_ledger(folder, Host(machine_id=lambda: "ffffffff"))) as copied:
        assert copied.made_on == "4c4c4544"


def test_two_ledgers_are_told_apart() -> None:
    """No two ledgers have the same id."""
    with closing(open_memory_ledger()) as one, closing(open_memory_ledger()) as other:
        assert one.ledger_id != other.ledger_id


@pytest.mark.parametrize(
    ("version", "is_safe"),
    [
        ((3, 34, 1), False),
        ((3, 40, 1), False),
        ((3, 44, 5), False),
        ((3, 44, 6), True),
        ((3, 45, 0), False),
        ((3, 50, 6), False),
        ((3, 50, 7), True),
        ((3, 51, 2), False),
        ((3, 51, 3), True),
        ((3, 52, 0), True),
    ],
)
def test_a_write_ahead_log_is_used_where_it_loses_nothing(version: tuple[int, int, int], *, is_safe: bool) -> None:
    """The write-ahead log is used only with a SQLite in which its known fault is mended."""
    assert is_wal_safe(version) is is_safe


def test_every_commit_is_synced(folder: Path) -> None:
    """Whatever SQLite there is, a commit is on the disk when it returns."""
    with closing(open_ledger(folder)) as ledger:
        (journal,) = ledger._database.execute("PRAGMA journal_mode").fetchone()
        (synchronous,) = ledger._database.execute("PRAGMA synchronous").fetchone()

    extra = 3
    assert journal == "wal"
    assert synchronous == extra


# Damage


def test_a_file_that_is_no_ledger_is_refused(folder: Path) -> None:
    """A text file in the ledger's place is named, and left as it is."""
    folder.mkdir()
    (folder / "ledger.db").write_text("name,email\nEva,eva@muster.example\n" * 50, encoding="utf-8")

    error = refused(folder)

    assert (error.what, error.fix) == (
        f"{folder / 'ledger.db'}: this file is not a ledger, or it is damaged",
        RESTORE,
    )
    assert error.exit_code == 3


def test_the_database_of_another_program_is_refused(folder: Path) -> None:
    """A database that another program made is not touched."""
    folder.mkdir()
    with closing(sqlite3.connect(folder / "ledger.db")) as other:
        other.execute("CREATE TABLE bookmarks (url TEXT)")

    error = refused(folder)

    assert error.what == f"{folder / 'ledger.db'}: this file is a database of another program"


def test_a_ledger_cut_short_is_refused(folder: Path) -> None:
    """A ledger that lost its end, as after a copy that broke off, is refused with the steps to restore it."""
    fill(folder)
    file = folder / "ledger.db"
    file.write_bytes(file.read_bytes()[: 20 * 4096])

    error = refused(folder)

    assert (error.what, error.fix) == (f"{file}: the ledger is damaged", RESTORE)


@cache
def good_ledger() -> bytes:
    """Return the bytes of a ledger that is all right."""
    with tempfile.TemporaryDirectory() as place:
        fill(Path(place))
        return (Path(place) / "ledger.db").read_bytes()


def use(folder: Path) -> None:
    """Do with a ledger what a run does."""
    with closing(open_ledger(folder)) as ledger:
        ledger.history(NOW)
        ledger.runs(5)
        ledger.in_doubt()
        ledger.entries(EVA)
        ledger.paused()
        run = ledger.start_run("run", NOW)
        ledger.recover(NOW)
        ledger.remember(run, [Known(EVA, 10, "cold", "New", NOW, Written())], NOW)
        ledger.reserve(run, [email(step="welcome-2")], NOW)
        ledger.mark(run, key_of(step="welcome-2"), NOW, may_go)
        ledger.stored(key_of())


@given(place=st.floats(min_value=0, max_value=1, exclude_max=True), bits=st.integers(min_value=1, max_value=255))
@example(place=0.0, bits=1)
def test_a_flipped_bit_never_ends_in_a_traceback(place: float, bits: int) -> None:
    """Wherever the disk flips a bit, the ledger works or is refused in a sentence."""
    content = bytearray(good_ledger())
    content[int(place * len(content))] ^= bits

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "ledger.db").write_bytes(content)
        with suppress(LedgerOutOfReach, WrongUsage):
            use(Path(folder))


@given(length=st.integers(min_value=0, max_value=200_000))
@example(length=0)
@example(length=1)
def test_a_ledger_cut_anywhere_never_ends_in_a_traceback(length: int) -> None:
    """However much a ledger has lost, it is refused in a sentence; an empty one is not taken for a new one."""
    content = good_ledger()[:length]

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "ledger.db").write_bytes(content)
        if length >= len(good_ledger()):
            use(Path(folder))
        else:
            with pytest.raises(LedgerOutOfReach):
                use(Path(folder))


def test_a_big_ledger_is_checked_where_it_decides(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a ledger too big to be read whole at each start, the tables that decide who is mailed still are."""
    fill(folder)
    monkeypatch.setattr(opening, "WHOLE_CHECK_BYTES", 0)
    with closing(open_ledger(folder)) as ledger:
        (page,) = ledger._database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'messages'").fetchone()
    with (folder / "ledger.db").open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(bytes(8))

    error = refused(folder)

    assert error.what == f"{folder / 'ledger.db'}: the ledger is damaged"


def test_an_email_whose_bytes_changed_on_the_disk_is_not_sent(folder: Path) -> None:
    """The stored email is compared with its own hash: other words than those that were shown do not leave."""
    fill(folder)
    file = folder / "ledger.db"
    file.write_bytes(file.read_bytes().replace(b"Good morning", b"Bad  morning"))

    with closing(open_ledger(folder)) as ledger, pytest.raises(LedgerOutOfReach) as error:
        ledger.stored(key_of())

    assert error.value.what == f"the ledger is damaged: the stored email {key_of()} has changed"


# Versions

LATER_VERSION = Migration(2, "ALTER TABLE runs ADD COLUMN host TEXT NOT NULL DEFAULT '';")
BROKEN_VERSION = Migration(2, "CREATE TABLE more (id INTEGER);\nALTER TABLE nothing ADD COLUMN host TEXT;")


def test_an_older_ledger_is_copied_and_brought_up_to_date(folder: Path) -> None:
    """A newer leadwright keeps a copy of the ledger as it was, then adds what it needs; nothing is lost."""
    fill(folder)

    with closing(open_file(folder, THIS_HOST, (*migrations(), LATER_VERSION))) as upgraded:
        runs = upgraded.execute("SELECT run, host FROM runs").fetchall()
    with closing(sqlite3.connect(folder / "ledger-version-1.db")) as copy:
        version = copy.execute("PRAGMA user_version").fetchone()
        copied = copy.execute("SELECT state FROM messages").fetchall()

    assert runs == [("2026-11-23-a", "")]
    assert (version, copied) == ((1,), [("accepted",)])
    assert oct((folder / "ledger-version-1.db").stat().st_mode & 0o777) == "0o600"
    assert sorted(path.name for path in folder.iterdir()) == ["ledger-version-1.db", "ledger.db", "ledger.lock"]


def test_a_ledger_is_not_changed_under_a_run(folder: Path) -> None:
    """While a run is at work the tables stay as they are; the newer leadwright has to wait."""
    fill(folder)

    with job_lock(folder / "ledger.lock"), pytest.raises(AlreadyRunning):
        open_file(folder, THIS_HOST, (*migrations(), LATER_VERSION))

    with closing(open_ledger(folder)) as ledger:
        assert len(ledger.runs(5)) == 1


def test_an_upgrade_that_fails_leaves_the_ledger_as_it_was(folder: Path) -> None:
    """When an upgrade breaks half-way, the ledger is that of before, and the old leadwright works with it."""
    fill(folder)

    with pytest.raises(apsw.SQLError):
        open_file(folder, THIS_HOST, (*migrations(), BROKEN_VERSION))

    with closing(open_ledger(folder)) as ledger:
        tables = ledger._database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'more'").fetchone()
        assert tables == (0,)
        assert len(ledger.runs(5)) == 1


def test_a_newer_ledger_is_not_opened_by_an_older_program(folder: Path) -> None:
    """After a step back to an older leadwright the ledger is left alone: it holds what this one cannot know."""
    fill(folder)
    open_file(folder, THIS_HOST, (*migrations(), LATER_VERSION)).close()

    error = refused(folder)

    assert (error.what, error.fix) == (
        f"{folder / 'ledger.db'}: a newer leadwright made this ledger (version 2; this one knows up to 1)",
        "Install the newer leadwright again. Nothing was sent or changed.",
    )


def test_the_steps_are_numbered_without_a_gap() -> None:
    """Every version of the tables follows from the one before."""
    assert [step.number for step in migrations()] == list(range(1, len(migrations()) + 1))


# The place


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs", "fuse"])
def test_a_shared_drive_is_refused(folder: Path, kind: str) -> None:
    """On a shared drive two runs could not see each other, so nothing is sent from there."""
    error = refused(folder, Host(file_system_of=lambda _folder: kind))

    assert error.what == (
        f"{folder}: this folder is on a shared or remote drive ({kind}), where two runs could not see each other"
    )
    assert error.fix == (
        "Move config.yaml to a disk of this machine; the sheet may stay there. Nothing was sent or changed."
    )
    assert not folder.exists()


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "overlay", "tmpfs", "zfs", "apfs", "fuseblk", ""])
def test_a_disk_of_this_machine_will_do(folder: Path, kind: str) -> None:
    """A disk of this machine is trusted; so is one whose kind the system does not tell."""
    open_ledger(folder, Host(file_system_of=lambda _folder: kind)).close()

    assert (folder / "ledger.db").exists()


def test_a_disk_that_is_almost_full_is_refused(folder: Path) -> None:
    """A run does not begin on a disk that may be full before it ends."""
    error = refused(folder, Host(free_bytes=lambda _folder: 12 * 1024 * 1024))

    assert (error.what, error.fix) == (
        f"{folder}: 12 MB are free on this disk, at least 50 MB are needed",
        "Make room on the disk, then run the same command again. Nothing was sent or changed.",
    )


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    """When a file stands where the folder has to go, that is said in a sentence."""
    (tmp_path / "demo").write_text("not a folder", encoding="utf-8")

    error = refused(tmp_path / "demo" / ".leadwright", HOST_WITH_ROOM)

    assert error.what == (
        f"{tmp_path / 'demo' / '.leadwright' / 'ledger.db'}: this file of the ledger cannot be used (not a directory)"
    )
    assert (
        error.fix
        == "Let the user who runs leadwright read and write this folder and the files in it, then run it again."
    )


def test_a_folder_in_the_ledgers_place_is_said(folder: Path) -> None:
    """When a folder stands where the ledger has to go, that is said in a sentence."""
    (folder / "ledger.db").mkdir(parents=True)

    error = refused(folder)

    assert error.what == f"{folder / 'ledger.db'}: the ledger cannot be written"


MOUNTS = r"""
22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/root rw
30 22 0:26 / /srv rw,nosuid master:4 - xfs /dev/sdb rw
31 30 0:44 / /srv/our\040files rw - cifs //nas/files rw
32 30 0:45 / /srv/twice rw - ext4 /dev/sdc rw
33 30 0:46 / /srv/twice rw - nfs4 nas:/twice rw
a line that is not one
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/eva/leads", "ext4"),
        ("/srv/leads", "xfs"),
        ("/srv/our files/leads", "cifs"),
        ("/srv/our files", "cifs"),
        ("/srv/our files and more", "xfs"),
        ("/srv/twice/leads", "nfs4"),
    ],
)
def test_the_kind_of_disk_is_read_from_the_list_of_mounts(path: str, kind: str) -> None:
    """A folder is on the disk mounted nearest above it; of two disks on one place, the later one."""
    assert mount_type(MOUNTS, Path(path)) == kind
