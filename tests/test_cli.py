"""The command line: groups, options, and what is said when something cannot be done."""

from __future__ import annotations

import errno
import io
import json
import os
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click
import pytest

from automations import __version__
from automations.cli import leadwright, main
from automations.commands import COMMANDS, progress
from automations.commands.common import Asked, moment_of
from automations.commands.failures import redacted, tell
from automations.commands.run import SafeStop
from automations.core.plan import Plan
from automations.errors import (
    AlreadyRunning,
    LedgerOutOfReach,
    Place,
    Problem,
    RefusedByLimit,
    StalePlan,
    WrongConfig,
    WrongUsage,
)

Said = tuple[int, str, str]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def say(here: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    """Return what a command line answers: exit code, standard output, standard error."""
    del here

    def answer(*words: str) -> Said:
        code = main(words)
        out = capsys.readouterr()
        return code, out.out, out.err

    return answer


HELP = """\
Usage: leadwright [OPTIONS] COMMAND ...

  The team's spreadsheet is the CRM, and this is what works it.

  Nothing is sent or changed unless you say so: look first, with plan.

Options:
  --config FILE  What you asked for.  [default: config.yaml]
  --json         One JSON object on standard output, for programs.
  --quiet        Only what went wrong.
  --no-color     No colours, also on a terminal.
  --version      Show the version and exit.
  -h, --help     Show this message and exit.

Look:
  check       is config.yaml right?
  plan        what would happen now? nothing is sent
  preview     see one email as one lead will get it
  explain     why is this lead hot, or not mailed?
  prove       is your workbook safe with us? tried on a copy

Do:
  run         do what plan shows
  pause       stop all sending now
  resume      go on sending
  settle      decide about emails left in doubt
  adopt       go on with a ledger that was copied, lost or put back
  suppress    whom nothing may be sent to: add, list, import, export
  unsuppress  allow an address again
  erase       forget a person who asked for it

Keep:
  serve       stay on and work the schedule
  doctor      is everything connected?
  history     all we know about one lead, or the last runs
  inbox       read replies and bounces now, or say what a stored mail is

Start:
  init        make config, sheet and templates
  connect     let Google or Microsoft in without a password
  dress       add a drop-down of stages and colours to the sheet
  schema      write config.schema.json for your editor
  sheets-sim  a Google Sheet to try things on, on this machine

  More about one command:  leadwright COMMAND --help
"""


def test_help_shows_four_groups_the_most_used_first(say: Callable[..., Said]) -> None:
    """Asking for help shows every command in the group of what it is for."""
    assert say("--help") == (0, HELP, "")


def test_the_version_is_told(say: Callable[..., Said]) -> None:
    """The version stands alone on a line."""
    assert say("--version") == (0, f"leadwright {__version__}\n", "")


def test_help_imports_no_command() -> None:
    """Help is answered without loading a command, a date, a path or any library but click."""
    script = "import sys; from automations.cli import main; main(['--help']); print(*sorted(sys.modules), sep='\\n')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    loaded = set(done.stdout.split())

    assert "click" in loaded
    assert not {f"automations.commands.{name}" for name in (*COMMANDS, "common", "failures")} & loaded
    assert not {"automations.errors", "pathlib", "rich", "yaml", "jinja2", "apsw", "lark"} & loaded


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_of_its_own(name: str, say: Callable[..., Said]) -> None:
    """Every command in the list exists, says what it does, and works on a screen of 80 columns."""
    code, out, err = say(name, "--help")

    assert (code, err) == (0, "")
    assert out.startswith(f"Usage: leadwright {name}")
    assert max(len(line) for line in out.splitlines()) <= 80


@pytest.mark.parametrize("name", COMMANDS)
def test_common_options_are_taken_after_the_command_too(name: str) -> None:
    """People write --config and --json where they think of them: before the command or after it."""
    command = leadwright.get_command(click.Context(leadwright), name)

    assert command is not None
    assert {"--config", "--json", "--quiet", "--no-color"} <= {opt for each in command.params for opt in each.opts}


def test_a_misspelt_command_is_answered_with_the_nearest(say: Callable[..., Said]) -> None:
    """A slip of the finger costs one more line, not a search through the help."""
    assert say("chek") == (
        2,
        "",
        'there is no command "chek". Did you mean "check"?\n    see  leadwright --help\n',
    )


def test_a_wrong_option_is_said_without_a_traceback(say: Callable[..., Said]) -> None:
    """An option that is not there is a sentence and the way to the help."""
    code, out, err = say("plan", "--evrything")

    assert (code, out) == (2, "")
    assert err.startswith("no such option")
    assert err.endswith("see  leadwright plan --help\n")


@pytest.mark.parametrize(
    "words",
    [
        ["check"],
        ["plan"],
        ["run", "--yes"],
        ["explain", "eva"],
        ["pause"],
        ["history"],
        ["settle"],
        ["suppress"],
        ["erase", "eva", "--yes"],
        ["serve"],
        ["dress"],
    ],
)
def test_without_a_config_every_command_says_how_to_make_one(words: list[str], say: Callable[..., Said]) -> None:
    """In an empty folder nothing works, and every command says the same remedy; none makes a folder."""
    assert say(*words) == (
        2,
        "",
        "there is no config.yaml\n    make one with  leadwright init  or name yours with  --config FILE\n",
    )
    assert os.listdir() == []  # noqa: PTH208 - the folder we are in


@pytest.mark.parametrize("words", [["--json", "plan"], ["plan", "--json"]])
def test_programs_get_an_error_as_an_object(words: list[str], say: Callable[..., Said]) -> None:
    """With --json a failure is one object on standard output, with the sentence, the remedy and the exit code."""
    code, out, err = say(*words)

    assert (code, err) == (2, "")
    assert json.loads(out) == {
        "error": {
            "kind": "WrongUsage",
            "what": "there is no config.yaml",
            "fix": "make one with  leadwright init  or name yours with  --config FILE",
            "exit_code": 2,
        }
    }


def test_a_folder_is_as_good_as_the_config_in_it(here: Path) -> None:
    """Who names the folder means the config.yaml in it."""
    (here / "demo").mkdir()

    assert Asked(config=Path("demo")).config_file == Path("demo/config.yaml")
    assert Asked(config=Path("demo")).repeat("plan") == "leadwright --config demo plan"
    assert Asked().repeat("plan") == "leadwright plan"


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        pytest.param(WrongUsage("no lead", fix="look"), 2, "no lead\n    look\n", id="a wrong word"),
        pytest.param(LedgerOutOfReach("the disk is full"), 3, "the disk is full\n", id="out of reach"),
        pytest.param(RefusedByLimit("60 emails", fix="--at-most"), 4, "60 emails\n    --at-most\n", id="a limit"),
        pytest.param(StalePlan("it changed"), 2, "it changed\n", id="an old plan"),
        pytest.param(AlreadyRunning("a run is at work"), 0, "a run is at work\n", id="busy"),
        pytest.param(
            KeyboardInterrupt(),
            130,
            "Interrupted.\n    What was done until then is recorded; the next run goes on from there.\n",
            id="ctrl-c",
        ),
        pytest.param(
            click.Abort(),
            130,
            "Interrupted.\n    What was done until then is recorded; the next run goes on from there.\n",
            id="ctrl-c at a question",
        ),
        pytest.param(
            PermissionError(errno.EACCES, "Permission denied", "leads.xlsx"),
            3,
            "leads.xlsx cannot be used: we may not use it\n    put that right and try again\n",
            id="a file of somebody else",
        ),
        pytest.param(
            OSError(errno.ENOSPC, "No space left on device", "plan.json"),
            3,
            "plan.json cannot be used: the disk is full\n    put that right and try again\n",
            id="a full disk",
        ),
    ],
)
def test_every_failure_is_a_sentence_and_an_exit_code(
    error: BaseException, code: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """What stops a command says what is wrong and what to do, and ends with the code of its kind."""
    assert tell(error, []) == code
    assert capsys.readouterr() == ("", text)


def test_a_wrong_config_shows_every_problem_and_their_number(capsys: pytest.CaptureFixture[str]) -> None:
    """All problems are drawn at once, then counted, and the last words say that nothing happened."""
    place = Place("config.yaml", 3, 11, 8, "    when: employes >= 20")
    problems = [
        Problem(str(place), 'there is no column "employes"', place=place, under='did you mean "employees"?'),
        Problem("templates/welcome.md", "there is no such file", "make it"),
    ]

    code = tell(WrongConfig(problems), [])

    assert code == 2
    assert capsys.readouterr().err == (
        'config.yaml:3:11  there is no column "employes"\n'
        "  |\n"
        "3 |     when: employes >= 20\n"
        '  |           ^^^^^^^^ did you mean "employees"?\n'
        "\n"
        "templates/welcome.md  there is no such file\n"
        "    make it\n"
        "\n"
        "2 problems. Nothing was sent or changed.\n"
    )


def test_a_fault_of_ours_shows_no_traceback_and_keeps_it_in_a_file(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What we did not think of is called our mistake; the details are in a file that only its owner can read."""
    monkeypatch.setenv("ANNA_PASSWORD", "correct-horse")

    code = tell(ZeroDivisionError("division by correct-horse"), ["plan"])

    err = capsys.readouterr().err
    (log,) = (here / ".leadwright" / "log").iterdir()
    assert code == 70
    assert err.startswith("This is our mistake, not yours. Details are in ")
    assert "Traceback" not in err
    assert log.name in err
    assert log.stat().st_mode & 0o077 == 0
    assert log.read_text().endswith("ZeroDivisionError: division by ***\n")


def test_a_fault_is_told_even_where_no_log_can_be_written(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder that takes no file does not hide the fault: the log goes where any program may write."""
    (here / ".leadwright").write_text("somebody's file")
    elsewhere = here / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))

    code = tell(ZeroDivisionError(), [])

    assert code == 70
    assert str(elsewhere) in capsys.readouterr().err


def test_secrets_are_blotted_out() -> None:
    """Values of variables that tell of a secret are not written into a log; other values are."""
    environ = {"MAIL_PASSWORD": "hunter22", "API_TOKEN": "abc", "HOME": "/home/anna"}

    text = redacted("hunter22 of /home/anna, abc, imap://anna:pw@mail.example", environ)

    assert text == "*** of /home/anna, abc, imap://***@mail.example"


def test_nobody_reading_any_more_is_no_failure(tmp_path: Path) -> None:
    """Piping into head ends quietly."""
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -m automations schema - | head -c 1'],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
        cwd=tmp_path,
    )

    assert (done.stdout, done.stderr) == ("{", "")


@pytest.mark.parametrize("text", ["tomorrow", "2026-13-01 09:00", "", "09:00"])
def test_a_moment_that_is_none_is_shown_how_to_write(text: str) -> None:
    """What --at does not understand is quoted, with an example."""
    with pytest.raises(WrongUsage) as caught:
        moment_of(text, ZoneInfo("Europe/Berlin"))

    assert caught.value.what == f'--at "{text}" is not a date and a time'
    assert caught.value.fix == 'write it like  --at "2026-11-23 09:00"'


class Terminal(io.StringIO):
    """A screen that says it is one."""

    def isatty(self) -> bool:
        """Return yes."""
        return True


@pytest.mark.parametrize(
    ("screen", "wanted", "patience", "is_drawn"),
    [
        pytest.param(Terminal(), True, 0.0, True, id="a terminal, and it takes long"),
        pytest.param(Terminal(), True, 3600.0, False, id="a terminal, and it is quick"),
        pytest.param(Terminal(), False, 0.0, False, id="quiet"),
        pytest.param(io.StringIO(), True, 0.0, False, id="a file"),
    ],
)
def test_progress_is_drawn_for_people_who_wait(
    screen: io.StringIO, wanted: bool, patience: float, is_drawn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Progress is only drawn on a terminal, only when it takes long, and is gone when all is done."""
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", patience)

    with progress.Progress(wanted=wanted) as say:
        say("sending", 1, 11)
        say.clear()
        say("sending", 2, 11)

    assert ("sending" in screen.getvalue()) is is_drawn


def test_ctrl_c_waits_for_the_email_under_way(capfd: pytest.CaptureFixture[str]) -> None:
    """The first Ctrl-C after the yes asks the run to end at a safe point; before it, it ends at once."""
    with SafeStop() as stop:
        before = signal.getsignal(signal.SIGINT)
        approve = stop.once_approved(lambda _: "")
        refuse = stop.once_approved(lambda _: "no")
        plan = Plan(datetime(2026, 11, 23, tzinfo=UTC), 0)
        assert refuse(plan) == "no"
        assert signal.getsignal(signal.SIGINT) is before
        assert approve(plan) == ""
        signal.raise_signal(signal.SIGINT)
        assert stop.is_wanted()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)

    assert signal.getsignal(signal.SIGINT) is before
    assert capfd.readouterr().err == "Stopping after the email under way. What was done is recorded.\n"


def test_a_command_ends_at_once_and_nothing_it_wrote_is_lost(tmp_path: Path) -> None:
    """The process ends without tidying up, but not before every word is out, and with the right exit code."""
    command = [sys.executable, "-m", "automations", "--config", str(tmp_path / "config.yaml"), "check"]

    ended = subprocess.run(command, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[1])

    assert ended.returncode == 2
    assert ended.stderr.startswith(f"there is no {tmp_path / 'config.yaml'}")


@pytest.mark.parametrize("words", [["--help"], ["--json", "check"], ["check"]])
def test_a_full_disk_under_the_output_is_one_sentence(words: list[str], tmp_path: Path) -> None:
    """What cannot be written because the disk is full is told in a sentence on standard error, and is no fault."""
    command = [sys.executable, "-m", "automations", *words]
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            command,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=_environment(),
            cwd=_shop(tmp_path),
        )

    assert ended.returncode == 3
    assert ended.stderr == "The disk is full.\n    Make room and try again. What was done until then is recorded.\n"


@pytest.mark.parametrize(("words", "code"), [(["--help"], 0), (["check"], 0), (["--json", "check"], 0)])
def test_a_closed_output_is_nobody_who_reads(words: list[str], code: int, tmp_path: Path) -> None:
    """A program that closes our output before we begin gets the exit code, and no complaint."""
    line = " ".join([shlex.quote(sys.executable), "-m", "automations", *words, ">&-"])
    ended = subprocess.run(
        ["/bin/sh", "-c", line], capture_output=True, text=True, check=False, env=_environment(), cwd=_shop(tmp_path)
    )

    assert (ended.returncode, ended.stderr) == (code, "")


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


def _shop(folder: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "automations", "init", "--sample", str(folder / "shop")],
        check=True,
        capture_output=True,
        env=_environment(),
    )
    return folder / "shop"
