"""The commands, one after another, on the sample: what they answer, what they leave, how they end."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from automations.cli import main
from automations.clock import SystemClock
from automations.commands import run as run_command
from automations.crash import VARIABLE
from automations.jobs import record_name
from automations.project import load_project

ROOT = Path(__file__).resolve().parents[1]
Answer = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Answer:
    """Return what a command line answers in a folder with the sample; *typed* is what a person at a terminal types."""
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--sample", "."]) == 0
    capsys.readouterr()

    def answer(*words: str, typed: str | None = None) -> tuple[int, str, str]:
        monkeypatch.setattr(run_command, "is_conversation", lambda: typed is not None)
        monkeypatch.setattr("sys.stdin", io.StringIO(typed or ""))
        code = main(words)
        out = capsys.readouterr()
        return code, out.out, out.err

    return answer


def outbox(folder: Path) -> list[str]:
    """Return the emails that left for leads; those that tell an owner of a hot lead are not among them."""
    emails = (path.name for path in (folder / "outbox").rglob("*.eml"))
    return sorted(name for name in emails if "@bergblick-coffee.example" not in name)


def change(folder: Path, old: str, new: str) -> None:
    """Change one place of config.yaml."""
    path = folder / "config.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_looking_changes_nothing(say: Answer, tmp_path: Path) -> None:
    """After check and plan the sheet is the same to the byte, and no email has left."""
    before = (tmp_path / "leads.xlsx").read_bytes()

    codes = [say(*words)[0] for words in (["check"], ["plan"], ["plan", "--all"], ["plan", "--json"], ["history"])]

    assert codes == [0, 0, 0, 0, 0]
    assert (tmp_path / "leads.xlsx").read_bytes() == before
    assert outbox(tmp_path) == []


def test_a_run_does_the_plan_and_a_second_one_finds_nothing(say: Answer, tmp_path: Path) -> None:
    """What was planned is done once; planning again at the same moment plans nothing (law 2)."""
    planned = json.loads(say("plan", "--json")[1])

    code, out, err = say("run", "--yes", "--json")
    ran = json.loads(out)

    assert (code, err) == (0, "")
    assert len(planned["sends"]) == 11
    assert (ran["accepted"], ran["cells_written"]) == (11, len(planned["updates"]))
    assert len(outbox(tmp_path)) == 11
    assert say("plan")[1].endswith("There is nothing to do now.\n")
    again = json.loads(say("run", "--yes", "--json")[1])
    assert (again["accepted"], again["cells_written"]) == (0, 0)
    assert len(outbox(tmp_path)) == 11


def test_a_saved_plan_is_done_by_its_name(say: Answer, tmp_path: Path) -> None:
    """The last line of plan is a command that does exactly what was shown; for its owner's eyes only."""
    last = say("plan")[1].splitlines()[-1].split()
    (saved,) = (tmp_path / ".leadwright" / "plans").iterdir()

    code, out, _ = say(*last[1:], "--yes")

    assert last[:3] == ["leadwright", "run", "--plan"]
    assert saved.name == last[3]
    assert saved.stat().st_mode & 0o077 == 0
    assert code == 0
    assert "11 sent as files into outbox/, not to the leads" in out


def test_a_saved_plan_is_refused_when_something_changed(say: Answer, tmp_path: Path) -> None:
    """A rule that changed after the review makes the reviewed plan another one: nothing is done."""
    say("plan", "--out", "mine.json")
    change(tmp_path, "points: 30", "points: 31")

    code, out, err = say("run", "--plan", "mine.json", "--yes")

    assert (code, out) == (2, "")
    assert err.endswith("look at a new one:  leadwright plan\n")
    assert outbox(tmp_path) == []


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        pytest.param(lambda text: text.replace('"leads_read": 12', '"leads_read": 13'), "was changed", id="edited"),
        pytest.param(lambda _: "{}", "is not a plan", id="another file"),
        pytest.param(lambda text: text[:100], "is not a plan", id="cut off"),
        pytest.param(lambda _: "[]", "is not a plan", id="a list"),
    ],
)
def test_a_file_that_is_no_plan_of_ours_is_refused(
    edit: Callable[[str], str], said: str, say: Answer, tmp_path: Path
) -> None:
    """A plan that was edited by hand, or is none, is named with what to do; nothing happens."""
    say("plan", "--out", "mine.json")
    file = tmp_path / "mine.json"
    file.write_text(edit(file.read_text("utf-8")), "utf-8")

    code, out, err = say("run", "--plan", "mine.json", "--yes")

    assert (code, out) == (2, "")
    assert err.startswith(f"mine.json {said}")
    assert err.endswith("nothing was sent or changed\n    make a new one:  leadwright plan\n")


def test_a_plan_is_good_for_two_hours(say: Answer) -> None:
    """A plan of three hours ago is refused with its age, one of a time to come too."""
    earlier = (SystemClock().now() - timedelta(hours=3)).isoformat()
    say("plan", "--at", earlier, "--out", "old.json")

    code, _, err = say("run", "--plan", "old.json", "--yes")

    assert code == 2
    assert err == (
        "old.json is 180 minutes old, and a plan is good for 2 hours; nothing was sent or changed\n"
        "    make a new one:  leadwright plan\n"
    )


def test_without_a_person_and_without_yes_nothing_is_sent(say: Answer, tmp_path: Path) -> None:
    """A script that forgot --yes sends nothing, and is told what to write."""
    cells = len(json.loads(say("plan", "--json")[1])["updates"])

    code, out, err = say("run")

    assert (code, out) == (4, "")
    assert err == (
        f"11 emails, {cells} cells to do, and nobody here to say yes; nothing was sent or changed\n"
        "    in a script or timer:  leadwright run --yes\n"
    )
    assert outbox(tmp_path) == []


def test_a_person_is_asked_and_may_look_first(say: Answer, tmp_path: Path) -> None:
    """Show all, then yes: the plan is shown whole between the two questions, then done."""
    code, out, _ = say("run", typed="s\ny\n")

    assert code == 0
    assert out.startswith("11 emails, ")
    assert out.count(" cells. Send now? [y]es / [n]o / [s]how all") == 2
    assert "Νίκος Παπαδόπουλος" in out
    assert len(outbox(tmp_path)) == 11


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "maybe\n"])
def test_anything_but_yes_is_no(answer: str, say: Answer, tmp_path: Path) -> None:
    """Only a clear yes sends; no is an answer, not a failure."""
    code, out, err = say("run", typed=answer)

    assert (code, err) == (0, "")
    assert out.endswith("Nothing was sent or changed.\n")
    assert outbox(tmp_path) == []


def test_more_than_ask_me_above_waits_for_a_person(say: Answer, tmp_path: Path) -> None:
    """With a limit of 5, --yes alone does not send 11 emails; with --at-most the first 5 leave."""
    change(tmp_path, "ask_me_above: 50", "ask_me_above: 5 ")

    code, out, err = say("run", "--yes")

    assert (code, out) == (4, "")
    assert err == (
        "11 emails would leave, and more than 5 wait for your yes (limits, ask_me_above);"
        " nothing was sent or changed\n"
        "    look:  leadwright plan  and do what it saved, or send the first:  leadwright run --yes --at-most 5\n"
    )
    assert outbox(tmp_path) == []
    assert say("run", "--yes", "--at-most", "5")[0] == 0
    assert len(outbox(tmp_path)) == 5


def test_a_reviewed_plan_may_be_bigger(say: Answer, tmp_path: Path) -> None:
    """Whoever looked at a plan of 11 emails and names it has said yes to 11."""
    change(tmp_path, "ask_me_above: 50", "ask_me_above: 5 ")
    name = say("plan")[1].split()[-1]

    assert say("run", "--plan", name, "--yes")[0] == 0
    assert len(outbox(tmp_path)) == 11


def test_pause_stops_sending_even_while_the_config_is_broken(say: Answer, tmp_path: Path) -> None:
    """The stop button works in every state; the sheet is still written, and resume goes on."""
    change(tmp_path, "version: 1", "version: one")
    assert say("pause", "--because", "we moved")[:2] == (
        0,
        "Sending is paused (we moved). To go on:  leadwright resume\n",
    )
    change(tmp_path, "version: one", "version: 1")

    paused = json.loads(say("run", "--yes", "--json")[1])
    code, out, _ = say("resume")
    resumed = json.loads(say("run", "--yes", "--json")[1])

    assert (paused["accepted"], paused["held"]) == (0, 11)
    assert (code, out) == (0, "Sending goes on with the next run. To see what is due:  leadwright plan\n")
    assert resumed["accepted"] == 11
    assert say("resume")[1] == "Sending was not paused. To see what is due:  leadwright plan\n"


def test_history_knows_what_happened_to_a_lead(say: Answer) -> None:
    """After a run the history of a lead has its email and every cell; an address may be written in any case."""
    say("run", "--yes")

    code, out, _ = say("history", "EVA@muster.example", "--json")

    data = json.loads(out)
    assert (code, data["key"]) == (0, "eva@muster.example")
    assert {"message", "cell", "move", "snapshot"} == {entry["kind"] for entry in data["entries"]}
    assert {entry["column"]: entry["new"] for entry in data["entries"] if entry["kind"] == "cell"}["Segment"] == "hot"


def test_a_lead_nobody_knows_is_answered_with_the_nearest(say: Answer) -> None:
    """A misspelt address is answered with the one that was probably meant."""
    say("run", "--yes")

    assert say("history", "eve@muster.example") == (
        2,
        "",
        'nothing is recorded about "eve@muster.example"\n    did you mean "eva@muster.example"?\n',
    )


def test_explain_adds_up(say: Answer) -> None:
    """The points that explain names are the score, and every rule is named with its line."""
    code, out, err = say("explain", "eva@muster.example", "--json")

    data = json.loads(out)
    assert (code, err) == (0, "")
    assert data["score"] == sum(reason["points"] for reason in data["reasons"]) == 90
    assert all(reason["where"].startswith("config.yaml:") for reason in data["reasons"])
    assert data["segment"] == "hot"
    assert "hot, 90 points (score >= 60)" in say("explain", "eva@muster.example")[1].splitlines()[0]


def test_explain_answers_a_misspelt_lead_with_the_nearest(say: Answer) -> None:
    """A lead that is not in the sheet is answered with the one that was probably meant."""
    code, out, err = say("explain", "eve@muster.example")

    assert (code, out) == (2, "")
    assert "eva@muster.example" in err


def test_a_preview_is_the_email_that_leaves(say: Answer, tmp_path: Path) -> None:
    """The preview has the subject, the facts and the words, and can be saved for a browser; nothing leaves."""
    code, out, err = say("preview", "welcome-1", "--lead", "eva@muster.example", "--out", "look.html")

    assert (code, err) == (0, "")
    assert out.startswith("Subject  ")
    assert "unsubscribe line is there" in out
    assert out.endswith("\nSaved as look.html: open it in a browser.\n")
    assert "<html" in (tmp_path / "look.html").read_text("utf-8").lower()
    assert outbox(tmp_path) == []


def test_a_step_nobody_knows_is_answered_with_those_there_are(say: Answer) -> None:
    """A misspelt step is a sentence that names a step there is."""
    assert say("preview", "welcome-9", "--lead", "eva@muster.example") == (
        2,
        "",
        'there is no email "welcome-9"\n    did you mean "welcome-2"?\n',
    )


@pytest.mark.parametrize("words", [["plan"], ["explain", "eva@muster.example"], ["preview", "welcome-1"]])
def test_a_moment_that_is_none_is_said(words: list[str], say: Answer) -> None:
    """What --at does not understand is quoted, with an example."""
    assert say(*words, "--at", "tomorrow") == (
        2,
        "",
        '--at "tomorrow" is not a date and a time\n    write it like  --at "2026-11-23 09:00"\n',
    )


def test_the_schema_is_written_beside_the_config(say: Answer, tmp_path: Path) -> None:
    """The first line of config.yaml points to a file that schema writes; - shows it instead."""
    assert say("schema")[:2] == (0, "Wrote config.schema.json\n")

    written = json.loads((tmp_path / "config.schema.json").read_text("utf-8"))

    assert written == json.loads(say("schema", "-")[1])
    assert "properties" in written


def test_a_wrong_config_is_the_same_verdict_everywhere(say: Answer, tmp_path: Path) -> None:
    """What check refuses, plan, run and serve refuse with the same words and the same exit code (law 8)."""
    change(tmp_path, "when: employees >= 20", "when: employes >= 20")

    verdicts = {say(*words) for words in (("check",), ("plan",), ("run", "--yes"), ("serve", "--once"), ("history",))}

    ((code, out, err),) = verdicts
    assert (code, out) == (2, "")
    assert 'there is no column "employes"' in err
    assert err.endswith("1 problem. Nothing was sent or changed.\n")
    found = json.loads(say("check", "--json")[1])
    assert {name: found["problems"][0][name] for name in ("file", "line", "column")} == {
        "file": "config.yaml",
        "line": 42,
        "column": 11,
    }


def test_an_email_in_doubt_waits_for_a_decision(say: Answer, tmp_path: Path) -> None:
    """After a power cut nobody is mailed again until a person says what became of the email on the way."""
    killed = subprocess.run(
        [sys.executable, "-m", "automations", "run", "--yes"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), VARIABLE: "before_settle"},
        capture_output=True,
        check=False,
    )

    code, out, _ = say("settle")
    (doubt,) = json.loads(say("settle", "--json")[1])["in_doubt"]
    refused = say("settle", "nobody@muster.example", "--sent")
    decided = say("settle", doubt["key"], "--sent")

    assert killed.returncode == -signal.SIGKILL
    assert code == 0
    assert out.startswith("1 email in doubt: the server never said whether it took over.\n")
    assert refused[2] == 'no email to "nobody@muster.example" is in doubt\n    for the list:  leadwright settle\n'
    assert decided[1] == f"{doubt['step']} to {doubt['to']}: counted as sent; its sequence goes on.\n"
    assert say("settle")[1] == "No email is in doubt.\n"
    assert json.loads(say("run", "--yes", "--json")[1])["accepted"] == 10
    assert len(outbox(tmp_path)) == 11


def test_the_run_after_a_power_cut_says_what_it_found(say: Answer, tmp_path: Path) -> None:
    """The next run finds in the outbox what the killed one had written, counts it as sent, and sends the others."""
    subprocess.run(
        [sys.executable, "-m", "automations", "run", "--yes"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT), VARIABLE: "before_settle"},
        capture_output=True,
        check=False,
    )

    code, out, _ = say("run", "--yes")

    assert code == 0
    assert re.match(
        r"The last run stopped at \w+ \d\d:\d\d\. 0 emails left for certain, 10 were not sent,\n1 is in doubt\.\n"
        r"\S+: found in outbox/\. Counted as sent\.\n\n  emails  ",
        out,
    )
    assert len(outbox(tmp_path)) == 11


def test_serve_once_does_what_is_due(say: Answer, tmp_path: Path) -> None:
    """The first call takes note of the schedule; a later one does what became due meanwhile."""
    change(tmp_path, "at: 08:30 on weekdays", "at: every 1 minutes")

    _pretend_due_long_ago(tmp_path)
    code, out, err = say("serve", "--once")

    assert (code, err) == (0, "")
    assert [line.split("  ", 1)[1].split(":")[0] for line in out.splitlines()] == [
        "job begins",
        "run ended",
        "job done",
    ]
    lines = [json.loads(line) for line in (tmp_path / ".leadwright/log/serve.jsonl").read_text("utf-8").splitlines()]
    assert [line["event"] for line in lines] == ["job begins", "run ended", "job done"]
    assert lines[1]["accepted"] == 11
    assert len(outbox(tmp_path)) == 11


def test_serve_once_tells_of_a_job_that_failed(say: Answer, tmp_path: Path) -> None:
    """A job that fails where nobody looks at a screen is told to the address under alerts: before the process ends."""
    change(tmp_path, "at: 08:30 on weekdays", "at: every 1 minutes")
    _pretend_due_long_ago(tmp_path)
    (tmp_path / "leads.xlsx").rename(tmp_path / "moved.xlsx")

    code, _, err = say("serve", "--once")

    assert (code, "leads.xlsx is not there" in err) == (3, True)
    (alert,) = (tmp_path / "outbox").rglob("*.eml")
    text = alert.read_text("utf-8")
    assert "Subject: run failed" in text
    assert "leads.xlsx is not there" in text


def test_an_outbox_that_is_a_file_is_found_before_anything_leaves(say: Answer, tmp_path: Path) -> None:
    """Emails become files in a folder; where a file has the folder's name, check says so and a run does nothing."""
    (tmp_path / "outbox").write_text("not a folder", encoding="utf-8")

    code, _, err = say("run", "--yes")

    assert code == 2
    assert "outbox  this is a file, and emails are to be written into a folder of this name" in err
    assert "give the file another name, or take it away" in err
    assert not (tmp_path / ".leadwright").exists()


def _pretend_due_long_ago(folder: Path) -> None:
    project = load_project(folder / "config.yaml", {})
    with project.open_ledger() as ledger:
        for job in project.config.jobs:
            ledger.record_due(record_name(job), datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC))


def test_serve_without_a_schedule_says_what_to_add(say: Answer, tmp_path: Path) -> None:
    """Serving nothing is a mistake that is said at once."""
    change(tmp_path, "schedule:  ", "# ")
    change(tmp_path, "  - {job: run, at: 08:30 on weekdays}", "#")

    code, out, err = say("serve")

    assert (code, out) == (2, "")
    assert err.startswith("there is nothing to serve: config.yaml has no schedule\n")


def test_a_service_ends_cleanly_and_takes_over_a_changed_config(say: Answer, tmp_path: Path) -> None:
    """A wrong config.yaml is refused and the old one kept; a right one is taken over; SIGTERM ends with 0."""
    del say
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    service = subprocess.Popen(
        [sys.executable, "-m", "automations", "serve"],
        cwd=tmp_path,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    log = tmp_path / ".leadwright" / "log" / "serve.jsonl"
    try:
        _wait_for(log, "serving")
        change(tmp_path, "version: 1", "version: one")
        _wait_for(log, "config refused")
        change(tmp_path, "version: one", "version: 1 ")
        _wait_for(log, "config taken")
        service.send_signal(signal.SIGTERM)
        out, err = service.communicate(timeout=20)
    finally:
        service.kill()
        service.communicate()

    assert (service.returncode, err) == (0, "")
    assert out.splitlines()[-1].endswith("stopped")


def _wait_for(log: Path, event: str) -> None:
    """Wait until the service has logged *event*; it answers when it is ready, so there is no time to guess."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        if log.exists() and f'"event":"{event}"' in log.read_text("utf-8").replace('": "', '":"'):
            return
        time.sleep(0.05)
    pytest.fail(f"the service never said {event!r}: {log.read_text('utf-8') if log.exists() else 'no log'}")
