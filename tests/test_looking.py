"""Looking at one lead or one email: as people name leads, and as they read emails before they send them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import load_workbook
from openpyxl.worksheet.worksheet import Worksheet

from automations.cli import main

Answer = Callable[..., tuple[int, str, str]]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Answer:
    """Return what a command line answers in a folder with the sample."""
    monkeypatch.chdir(tmp_path)
    assert main(["init", "--sample", "."]) == 0
    capsys.readouterr()

    def answer(*words: str) -> tuple[int, str, str]:
        code = main(words)
        out = capsys.readouterr()
        return code, out.out, out.err

    return answer


def change_cells(folder: Path, **cells: str | None) -> None:
    """Type into cells of the sample's workbook."""
    book = load_workbook(folder / "leads.xlsx")
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    for name, value in cells.items():
        sheet[name] = value
    book.save(folder / "leads.xlsx")
    book.close()


def test_a_lead_answers_to_its_name(say: Answer) -> None:
    """Who remembers the name and not the address still gets the answer, whatever the order of the words."""
    by_key, by_name = say("explain", "eva@muster.example"), say("explain", "muster eva")

    assert by_name == by_key
    assert by_name[0] == 0


def test_several_leads_of_one_name_are_named(say: Answer, tmp_path: Path) -> None:
    """A name that two leads have is answered with their keys, not with one of the two."""
    change_cells(tmp_path, B3="Eva Muster")

    code, out, err = say("explain", "Eva Muster")

    assert (code, out) == (2, "")
    assert err == (
        '2 leads are called "Eva Muster"\n    name one of them: eva@muster.example, martin.huber@huber-bau.example\n'
    )


def test_an_answer_is_previewed_as_if_what_it_answers_was_sent(say: Answer) -> None:
    """The second email has no subject of its own; before anything was sent it can be read with the first one's."""
    code, out, _ = say("preview", "welcome-2", "--lead", "eva@muster.example")

    assert code == 0
    assert out.splitlines()[0] == "Subject  Re: Coffee for 80 people at Muster AG?"


def test_a_preview_shows_a_lead_that_somebody_writes_to(say: Answer, tmp_path: Path) -> None:
    """Without --lead the first lead is taken that has an owner; one that is asked for and has none is told about."""
    change_cells(tmp_path, J2=None)

    first = say("preview", "welcome-1")
    asked = say("preview", "welcome-1", "--lead", "eva@muster.example")

    assert first[1].splitlines()[2] == "To       Martin Huber <martin.huber@huber-bau.example>"
    assert asked == (
        1,
        "",
        (
            "nobody writes welcome-1 to eva@muster.example: owner is empty, so nobody is there to write\n"
            "    fill in the cell, or choose another lead with --lead\n"
        ),
    )


def test_an_example_that_fails_is_a_place_for_programs_too(say: Answer, tmp_path: Path) -> None:
    """An example that does not come out is reported to an editor with file and line, like any other problem."""
    config = tmp_path / "config.yaml"
    text = config.read_text("utf-8").replace("hot: score >= 60", "hot: score >= 600")
    config.write_text(text, "utf-8")

    code, out, _ = say("check", "--json")

    (problem,) = json.loads(out)["problems"]
    assert (code, problem["file"]) == (2, "config.yaml")
    assert text.splitlines()[problem["line"] - 1] == "  - name: Big referral asking for a price is hot"


def test_what_a_person_typed_is_told_before_the_next_run(say: Answer, tmp_path: Path) -> None:
    """Right after typing stop and a stage, explain says that the emails stop, why, and who set the stage."""
    say("run", "--yes")
    change_cells(tmp_path, M2="Meeting", N3="stop")

    stopped, moved = say("explain", "martin")[1], say("explain", "eva")[1]

    assert "welcome stops: stopped by a person in the sheet\n" in stopped
    assert "Stage    Meeting: somebody typed it; no rule moves it\n" in moved


def test_every_email_that_is_held_can_be_asked_for(say: Answer) -> None:
    """The plan counts what is held by reason; with --all each lead stands there with its own."""
    say("pause", "--because", "trade fair")

    few, everything = say("plan")[1], say("plan", "--all")[1]

    assert "\nHeld back\n" not in few
    held = everything.partition("\nHeld back\n")[2].partition("\n\n")[0]
    assert held.count("paused since today") == 11
    assert "  Eva Muster, Muster AG     welcome, welcome-1: paused since today" in held


def test_a_name_in_two_columns_is_a_name(say: Answer, tmp_path: Path) -> None:
    """With a column for first names and one for last names a lead is shown, found and greeted by both."""
    config = tmp_path / "config.yaml"
    text = config.read_text(encoding="utf-8")
    text = text.replace("    name: Full name\n", "    first_name: Full name\n    last_name: Surname\n")
    config.write_text(text.replace("{{ name }}", "{{ last_name }}"), encoding="utf-8")
    change_cells(tmp_path, B2="Eva", Q1="Surname", Q2="Muster", Q3="Huber")

    _, plan, _ = say("plan", "--at", "2026-11-23 10:00")
    code, explained, _ = say("explain", "muster eva")
    _, email, _ = say("preview", "welcome-1", "--lead", "eva@muster.example")

    assert "Eva Muster, Muster AG" in plan
    assert code == 0
    assert explained.startswith("Eva Muster, Muster AG, row 2 ")
    assert "To       Eva Muster <eva@muster.example>\n" in email


def test_no_name_at_all_is_not_taken_for_a_row_that_cannot_be_used(say: Answer, tmp_path: Path) -> None:
    """Asked about nobody, the answer is not the first bad row of the sheet."""
    change_cells(tmp_path, C3="no address")

    code, _, err = say("explain", "")

    assert code == 2
    assert "no address" not in err


def test_preview_without_a_name_says_which_emails_there_are(say: Answer) -> None:
    """Nobody has to look into config.yaml for the name of an email."""
    code, _, err = say("preview")

    assert code == 2
    assert err.splitlines()[0] == (
        "name one email to see, or --gallery for all: welcome-1, welcome-2, newsletter-hello, newsletter-tips"
    )


def test_a_test_email_without_a_mail_server_is_not_said_to_be_sent(say: Answer) -> None:
    """Who has no mail server yet is told that the test lies in the folder, and does not wait for it."""
    code, out, _ = say("preview", "welcome-1", "--to", "me")

    assert code == 0
    assert out.endswith(
        "\nLaid as a file into outbox/, not sent to anna@bergblick-coffee.example: "
        "the sender has no mail server.\nNothing was recorded.\n"
    )
