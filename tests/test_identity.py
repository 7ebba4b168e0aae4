"""A ledger that was copied, lost or put back sends nothing until a person has looked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from crashes import Shop, shop
from dovecot import Dovecot

from automations.core.identity import Home, Identity, Mark, strange, text_to_mark
from automations.ledger.host import MACHINE_ID_FILE
from automations.mail.smtp_sim import obliging
from automations.marks import FILE_NAME, FileMarks

LEADS = 6
MADE_AT = datetime(2026, 11, 23, tzinfo=UTC)
AT_HOME = Home("m1", "7")


def identity(here: Home = AT_HOME) -> Identity:
    """Return a ledger that belongs to machine m1 and has seen three runs."""
    return Identity("01J", 3, MADE_AT, belongs=AT_HOME, here=here)


CASES = {
    "at home": (identity(), [Mark("01J", 3, "here")], ()),
    "no mark": (identity(), [], ()),
    "a mark behind, as after a power cut": (identity(), [Mark("01J", 2, "here")], ()),
    "another machine": (identity(Home("m2", "7")), [], ("It was last used on another machine.",)),
    "a copied file": (identity(Home("m1", "8")), [], ("Its file is a copy, or was put back from a backup.",)),
    "nothing to tell machines by": (identity(Home("", "")), [], ()),
    "lost": (
        identity(),
        [Mark("01H", 9, "beside config.yaml")],
        ("Another ledger worked here before, which is gone (its name is kept beside config.yaml).",),
    ),
    "older": (
        identity(),
        [Mark("01J", 5, "beside config.yaml")],
        ("It knows of 3 runs, but there were 5 (as is kept beside config.yaml).",),
    ),
}


@pytest.mark.parametrize(("ledger", "marks", "expected"), CASES.values(), ids=CASES.keys())
def test_what_makes_a_ledger_strange(ledger: Identity, marks: list[Mark], expected: tuple[str, ...]) -> None:
    """Machine, file, name and number of runs must be what they were; what cannot be told is not held against it."""
    assert strange(ledger, marks) == expected


def test_a_mark_is_kept_in_two_places(tmp_path: Path) -> None:
    """The mark survives the loss of the ledger's folder, and a damaged one is as good as none."""
    (tmp_path / "state").mkdir()
    marks = FileMarks(tmp_path, tmp_path / "state")
    marks.write(Mark("01J", 3))
    shutil.rmtree(tmp_path / "state")

    assert marks.read() == (Mark("01J", 3, "beside config.yaml"),)
    assert text_to_mark("{", "here") is None
    assert [file.name for file in tmp_path.iterdir()] == [FILE_NAME]


class Sheet:
    """A source that can carry a mark."""

    label = "the sheet"
    text = ""

    def read_mark(self) -> str:
        """Return the mark."""
        return self.text

    def write_mark(self, text: str) -> None:
        """Keep a mark."""
        self.text = text


def test_a_source_that_can_carry_a_mark_does(tmp_path: Path) -> None:
    """When the whole disk was put back, the mark in the sheet still knows how far the ledger had come."""
    sheet = Sheet()
    (tmp_path / "a").mkdir()
    FileMarks(tmp_path, tmp_path / "a", sheet).write(Mark("01J", 3))

    assert FileMarks(tmp_path / "b", tmp_path / "b", sheet).read() == (Mark("01J", 3, "with the sheet"),)


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Shop]:
    """Return a shop in which one half of the leads has got its email."""
    with shop(tmp_path, LEADS, obliging) as made:
        assert run(made, "--at-most", "3")[0] == 0
        yield made


def run(at: Shop, *words: str, **environment: str) -> tuple[int, str]:
    """Run, and return the exit code and what was said on standard error."""
    with at.start("run", "--yes", *words, **environment) as process:
        _, said = process.communicate(timeout=60)
    return process.returncode, said


def assert_sends_nothing(at: Shop, why: str, **environment: str) -> None:
    """Assert that a run refuses with a reason, and that looking still works and says so."""
    before = at.stored().total()
    code, said = run(at, **environment)
    with at.start("plan", **environment) as plan:
        out, warned = plan.communicate(timeout=60)

    assert code == 3
    assert why in " ".join(said.split())
    assert "leadwright adopt" in said
    assert at.stored().total() == before
    assert plan.returncode == 0
    assert out.startswith("Leads ")
    assert why in " ".join(warned.split())


def test_fault_11_a_deleted_ledger(at: Shop) -> None:
    """Without the ledger nobody knows who got an email; the mark beside config.yaml knows that there was one."""
    shutil.rmtree(at.folder / ".leadwright")

    assert_sends_nothing(at, "Another ledger worked here before, which is gone")


def test_fault_11_an_older_backup_put_back_in_place(at: Shop) -> None:
    """An old copy written over the file, so that even its number stays, knows of fewer runs than there were."""
    ledger = at.folder / ".leadwright" / "ledger.db"
    backup = ledger.read_bytes()
    assert run(at, "--at-most", "1")[0] == 0
    for old in at.folder.glob(".leadwright/ledger.db-*"):
        old.unlink()
    ledger.write_bytes(backup)

    assert_sends_nothing(at, "It knows of 1 runs, but there were 2")


def test_fault_11_a_folder_put_back_as_a_whole(at: Shop) -> None:
    """When marks and ledger are put back together, the file is still another one than it was."""
    put_back(at)

    assert_sends_nothing(at, "Its file is a copy, or was put back from a backup.")


def put_back(at: Shop) -> None:
    """Put a copy of the ledger in its place, as from a backup of this very moment."""
    copy = at.folder / "copy.db"
    shutil.copy(at.folder / ".leadwright" / "ledger.db", copy)
    copy.replace(at.folder / ".leadwright" / "ledger.db")


def test_fault_12_a_cloned_machine(at: Shop, tmp_path: Path) -> None:
    """The clone of a machine has another id, and sends nothing; the machine itself goes on."""
    (tmp_path / "machine-id").write_text("0123456789abcdef0123456789abcdef\n")

    assert_sends_nothing(at, "It was last used on another machine.", **{MACHINE_ID_FILE: str(tmp_path / "machine-id")})
    assert run(at)[0] == 0
    assert at.stored().total() == LEADS


def test_a_container_without_an_id_gets_one(at: Shop, tmp_path: Path) -> None:
    """Where the machine has no id, one is made beside the ledger; that is no reason to stop."""
    nowhere = {MACHINE_ID_FILE: str(tmp_path / "nowhere")}
    shutil.rmtree(at.folder / ".leadwright")
    (at.folder / FILE_NAME).unlink()

    codes = [run(at, "--at-most", "1", **nowhere)[0] for _ in range(2)]

    assert codes == [0, 0]
    assert len((at.folder / ".leadwright" / "machine").read_text().strip()) == 32


@pytest.mark.needs_dovecot
def test_adopting_a_lost_ledger_learns_from_the_sent_folder(tmp_path: Path) -> None:
    """Every email found in the Sent folder counts as sent again, so that only the others leave; nobody gets two."""
    with (
        Dovecot(tmp_path, users={"anna": "geheim"}) as box,
        shop(tmp_path, LEADS, obliging, box) as at,
    ):
        run(at, "--at-most", "4")
        at.file_copies()
        shutil.rmtree(at.folder / ".leadwright")
        with at.start("adopt") as asked:
            shown, _ = asked.communicate(timeout=60)
        refused, _ = run(at)
        with at.start("--json", "adopt", "--yes") as adopting:
            adopted = json.loads(adopting.communicate(timeout=60)[0])
        code, _ = run(at)
        at.server.settle()

        assert "Found there: 4 emails to leads of the sheet. They will count as sent." in shown
        assert "Nothing was changed. To take it over:" in shown
        assert (refused, adopted["learnt"], adopted["in_doubt"]) == (3, 4, 0)
        assert code == 0
        assert sorted(at.stored().values()) == [1] * LEADS
        assert {record.subject for record in at.records()} == {f"Wheels for Kunde {n} <GmbH> & Söhne" for n in range(6)}


def test_adopting_without_a_mailbox_asks_about_what_was_on_its_way(at: Shop) -> None:
    """With no Sent folder to look into, what the ledger had only prepared may have left: a person is asked."""
    with at.start("run", "--yes", crash_at="after_reserve") as killed:
        killed.communicate(timeout=60)
    put_back(at)

    with at.start("--json", "adopt", "--yes") as adopting:
        adopted = json.loads(adopting.communicate(timeout=60)[0])

    assert adopted["not_read"] == ["anna has no imap: in config.yaml, so nobody can look what was sent."]
    assert adopted["in_doubt"] == 3
    assert at.count().in_doubt == 3


def test_adopting_what_is_ours_does_nothing(at: Shop) -> None:
    """A ledger at home needs no adoption."""
    with at.start("adopt", "--yes") as process:
        out, _ = process.communicate(timeout=60)

    assert (process.returncode, out) == (0, "This is the ledger that worked here last. Nothing to do.\n")
