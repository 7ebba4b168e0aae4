"""The mailers that need no network: a folder of files, and a function."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from automations.core.messages import Fault, Hand, MessageKey, Outcome, Outgoing
from automations.mail import Mailer
from automations.mail.folder import FolderMailer
from automations.mail.memory import MemoryMailer
from automations.mail.smtp import SmtpMailer

CONTENT = b"Date: Mon, 23 Nov 2026 09:00:00 +0100\r\nSubject: Hello\r\n\r\nHello\r\n"
NAME = f"20261123-080000-eva@muster.example-{'k' * 26}.eml"


def an_email(to: str = "eva@muster.example", content: bytes = CONTENT) -> Outgoing:
    """Return a message that is ready to go."""
    return Outgoing(MessageKey("k" * 52), "<k@b.example>", "anna@b.example", to, "Hello", content)


def test_an_email_becomes_one_file(tmp_path: Path) -> None:
    """A file that any mail program opens, named by time, recipient and key, readable by its owner only."""
    with FolderMailer(tmp_path / "outbox") as mailer:
        outcome = mailer.send(an_email(), lambda: True)

    assert outcome == Outcome(Hand.ACCEPTED, reply=f"written to {tmp_path / 'outbox' / NAME}")
    assert [path.name for path in (tmp_path / "outbox").iterdir()] == [NAME]
    assert (tmp_path / "outbox" / NAME).read_bytes() == CONTENT
    assert (tmp_path / "outbox" / NAME).stat().st_mode & 0o777 == 0o600


def test_the_same_email_is_never_there_twice(tmp_path: Path) -> None:
    """Handing a message over again, as after a crash, leaves the one file."""
    with FolderMailer(tmp_path) as mailer:
        hands = [mailer.send(an_email(), lambda: True).hand for _ in range(3)]

    assert hands == [Hand.ACCEPTED] * 3
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_held_email_leaves_nothing(tmp_path: Path) -> None:
    """When the gate says no, not even a draft stays; and while it is asked, there is no email yet."""
    seen: list[list[str]] = []

    def gate() -> bool:
        seen.append([path.name for path in tmp_path.glob("*.eml")])
        return False

    with FolderMailer(tmp_path) as mailer:
        outcome = mailer.send(an_email(), gate)

    assert (outcome.hand, seen, list(tmp_path.iterdir())) == (Hand.HELD, [[]], [])


def test_an_error_at_the_gate_leaves_nothing(tmp_path: Path) -> None:
    """When the mark cannot be made durable, nothing is written, and the error is not swallowed."""

    def broken() -> bool:
        raise OSError(errno.ENOSPC, "No space left on device")

    with FolderMailer(tmp_path) as mailer, pytest.raises(OSError, match="No space left"):
        mailer.send(an_email(), broken)

    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_defers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without room for the file, the gate is not asked and the email waits."""

    def no_room(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", no_room)
    asked: list[bool] = []

    with FolderMailer(tmp_path) as mailer:
        outcome = mailer.send(an_email(), lambda: not asked.append(True))  # type: ignore[func-returns-value]

    assert (outcome.hand, outcome.fault, asked) == (Hand.DEFERRED, Fault.SERVER, [])
    assert outcome.reply == f"{tmp_path / NAME} could not be written: No space left on device"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made_defers(tmp_path: Path) -> None:
    """A file where the folder should be is told, and nothing else happens."""
    (tmp_path / "outbox").write_text("not a folder")

    with FolderMailer(tmp_path / "outbox") as mailer:
        outcome = mailer.send(an_email(), lambda: True)

    assert outcome.hand is Hand.DEFERRED
    assert (tmp_path / "outbox").read_text() == "not a folder"


@pytest.mark.parametrize(
    ("to", "shown"),
    [
        ("a/../b@x.example", "a_.._b@x.example"),
        ("o'neil+shop@x.example", "o_neil+shop@x.example"),
        ("x" * 300, "x" * 100),
    ],
)
def test_an_address_cannot_choose_another_folder(to: str, shown: str, tmp_path: Path) -> None:
    """Whatever stands in an address, the file stays in its folder."""
    with FolderMailer(tmp_path) as mailer:
        mailer.send(an_email(to), lambda: True)

    assert [path.name for path in tmp_path.iterdir()] == [f"20261123-080000-{shown}-{'k' * 26}.eml"]


@pytest.mark.parametrize("content", [b"X: 1\r\n\r\nDate: Mon, 23 Nov 2026 09:00:00 +0100\r\n", b"Date: soon\r\n\r\n"])
def test_a_message_without_a_time_is_written_too(content: bytes, tmp_path: Path) -> None:
    """Only the Date among the headers counts."""
    with FolderMailer(tmp_path) as mailer:
        mailer.send(an_email(content=content), lambda: True)

    assert [path.name for path in tmp_path.iterdir()] == [f"undated-eva@muster.example-{'k' * 26}.eml"]


@pytest.mark.parametrize(
    ("point", "files"), [("before_dot_sent", 0), ("after_dot_sent", 1), ("after_answer", 1)], ids=str
)
def test_a_power_cut_leaves_a_whole_file_or_none(point: str, files: int, tmp_path: Path) -> None:
    """Killed at any point, the folder holds the email whole or not at all."""
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); from test_mailers import an_email, FolderMailer, Path\n"
        "FolderMailer(Path(sys.argv[2])).send(an_email(), lambda: True)"
    )
    environment = os.environ | {"LEADWRIGHT_CRASH_AT": point, "PYTHONPATH": os.pathsep.join(sys.path)}

    done = subprocess.run(
        [sys.executable, "-c", code, str(Path(__file__).parent), str(tmp_path)], env=environment, check=False
    )

    assert done.returncode == -signal.SIGKILL
    assert [path.read_bytes() for path in tmp_path.glob("*.eml")] == [CONTENT] * files


def test_every_mailer_keeps_the_same_promise(tmp_path: Path) -> None:
    """What sends does not know how: each mailer can stand where another stood."""
    mailers: list[Mailer] = [FolderMailer(tmp_path), MemoryMailer(), SmtpMailer(host="localhost", port=25)]

    for mailer in mailers:
        with mailer as entered:
            assert entered is mailer


def test_a_mailer_that_is_a_function() -> None:
    """The fake says what it is told to say, asks the gate as a server would, and keeps what it was given."""
    refused = Outcome(Hand.REFUSED, Fault.ADDRESS, "550 5.1.1 no such user")
    doubt = Outcome(Hand.IN_DOUBT, Fault.SERVER, "cut")
    mailer = MemoryMailer(lambda _: doubt, early=lambda message: refused if "no@" in message.envelope_to else None)

    with mailer:
        outcomes = [
            mailer.send(an_email("no@x.example"), lambda: pytest.fail("the gate was asked")),
            mailer.send(an_email("held@x.example"), lambda: False),
            mailer.send(an_email("eva@x.example"), lambda: True),
        ]

    assert [outcome.hand for outcome in outcomes] == [Hand.REFUSED, Hand.HELD, Hand.IN_DOUBT]
    assert [message.envelope_to for message in mailer.handed_over] == ["eva@x.example"]
    assert MemoryMailer().send(an_email(), lambda: True).hand is Hand.ACCEPTED
