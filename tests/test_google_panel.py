"""The tab Automations: made once, told of every run, and its box stops all sending."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from googlesheets import DRESS, Desk, Rows, a_sheet
from test_google_job import shop

from automations.cli import main
from automations.errors import Problem
from automations.sources import News
from automations.sources.dress import Dressed
from automations.sources.sheets_sim import faults

__all__ = ["shop"]

WANTED = frozenset({"Email", "Score", "Segment", "Stage"})
ROWS: Rows = [["Email", "Score", "Segment", "Stage"], ["eva@muster.example", 10, "cold", "New"]]
NEWS = News(
    (("Last run", "Mon 23 Nov 2026, 08:30"), ("Rows read", "412")),
    (Problem("Leads!C131 (Ann Gruber)", '"ann@gmial" is not an email address', "correct the address"),),
)


def test_dressing_makes_the_tab_once() -> None:
    """Drop-down, colours, marks and the tab come in one change; a second time there is nothing to do."""
    with a_sheet({"Leads": ROWS}) as desk:
        first, again = desk.source.dress(DRESS, WANTED), desk.source.dress(DRESS, WANTED)

        assert first == Dressed(("Segment", "Stage"), (), "Automations")
        assert again == Dressed((), ("Segment", "Stage"))
        assert desk.calls() == ["getByDataFilter", "batchUpdate", "getByDataFilter"]
        assert desk.world.values("Automations!A1:B3")[0] == ["Paused", False]
        assert len(desk.world.sheet("Leads").conditional_formats) == 3


def test_the_news_of_a_run_is_one_call() -> None:
    """What a run did stands in the tab, with a link to each cell that cannot be used; the box stays as it is."""
    with a_sheet({"Leads": ROWS}) as desk:
        desk.source.dress(DRESS, WANTED)
        desk.source.read(WANTED)
        desk.world.edit("Automations!B1", "TRUE")
        desk.calls()

        desk.source.tell(NEWS)
        desk.source.tell(News((("Last run", "Tue 24 Nov 2026, 08:30"),)))
        desk.source.tell(NEWS)

        assert desk.calls() == ["batchUpdate"] * 3
        rows = desk.world.values("Automations!A1:C9")
        assert rows[0] == ["Paused", True]
        assert rows[2:4] == [["Last run", "Mon 23 Nov 2026, 08:30"], ["Rows read", "412"]]
        assert rows[5] == ["Rows that cannot be used", "what is wrong", "what to do"]
        assert rows[6][1:] == ['"ann@gmial" is not an email address', "correct the address"]
        assert desk.world.cell("Automations!A7").formula == '=HYPERLINK("#gid=0&range=C131","Leads!C131 (Ann Gruber)")'


def test_without_the_tab_there_is_no_call() -> None:
    """Who does not want the tab pays nothing for it."""
    with a_sheet({"Leads": ROWS}) as desk:
        desk.source.read(WANTED)
        desk.calls()

        desk.source.tell(NEWS)

        assert desk.calls() == []


def test_a_tick_is_seen_within_half_a_minute() -> None:
    """Right before an email leaves, the box was looked at no longer than 30 seconds ago, by one call for all."""
    with a_sheet({"Leads": ROWS}) as desk:
        desk.source.dress(DRESS, WANTED)
        desk.source.read(WANTED)
        desk.world.edit("Automations!B1", "TRUE")
        desk.calls()

        answers = []
        for _ in range(8):
            answers.append(desk.source.why_not_send())
            desk.clock.sleep(timedelta(seconds=8))

        assert answers == [""] * 4 + ['somebody ticked Paused in the tab "Automations"'] * 4
        assert desk.calls() == ["getByDataFilter"]


def test_the_box_may_be_moved() -> None:
    """The box is found by the word beside it, wherever people have put it."""
    with a_sheet({"Leads": ROWS}) as desk:
        desk.source.dress(DRESS, WANTED)
        desk.world.edit("Automations!B1", "TRUE")
        desk.world.insert_rows("Automations", 1, 5)
        desk.world.rename_tab("Automations", "Robot")

        assert desk.source.why_not_send() == 'somebody ticked Paused in the tab "Robot"'


def test_a_ticked_box_holds_every_email(shop: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """While Paused is ticked a run scores and writes, and sends nothing; without the tick the emails leave."""
    assert main(["--config", "sheet/config.yaml", "run", "--yes", "--at-most", "0"]) in {0, 4}
    assert main(["--config", "sheet/config.yaml", "dress"]) == 0
    shop.world.edit("Automations!B1", "TRUE")
    capsys.readouterr()

    assert main(["--config", "sheet/config.yaml", "--json", "plan"]) == 0
    paused = json.loads(capsys.readouterr().out)
    shop.world.edit("Automations!B1", "FALSE")
    assert main(["--config", "sheet/config.yaml", "--json", "plan"]) == 0
    going = json.loads(capsys.readouterr().out)

    assert (len(paused["sends"]), len(going["sends"]) > 0) == (0, True)
    assert "somebody ticked Paused in the tab" in json.dumps(paused["holds"])


def test_doctor_tries_to_write_and_changes_nothing(shop: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Doctor says that the sheet can be written, or who has to let us; a protected column of ours is named."""
    before = shop.world.values("Leads!A1:Z20")
    main(["--config", "sheet/config.yaml", "doctor"])
    fine = capsys.readouterr().out
    shop.world.protect("Leads!A1:Z100", editors=["boss@shop.example"])
    main(["--config", "sheet/config.yaml", "doctor"])
    closed = capsys.readouterr().out

    assert 'the Google Sheet "Leads", 12 rows, can be written' in fine
    assert "is protected, and our address may not edit it" in " ".join(closed.split())
    assert shop.world.values("Leads!A1:Z20") == before


def test_the_ledger_is_noted_on_the_tab() -> None:
    """A run that follows finds the mark in what it reads anyway; noting it is one call, and none when it is there."""
    with a_sheet({"Leads": ROWS}) as desk:
        first = desk.source.read_mark()
        desk.source.read(WANTED)
        desk.source.write_mark("A")
        desk.source.write_mark("A")
        desk.source.write_mark("B")
        calls, other = desk.calls(), desk.open()

        assert (first, other.read_mark()) == ("", "B")
        other.read(WANTED)
        assert calls == ["getByDataFilter", "batchUpdate", "batchUpdate"]
        assert desk.calls() == ["getByDataFilter"]


@pytest.mark.parametrize("applies", [True, False], ids=["made", "not made"])
def test_a_mark_without_an_answer_is_looked_up(applies: bool) -> None:
    """503 when the mark is noted: it is there afterwards, once."""
    with a_sheet({"Leads": ROWS}) as desk:
        desk.server.script(faults.unavailable(path=":batchUpdate", applies=applies))

        desk.source.write_mark("A")

        assert desk.open().read_mark() == "A"
