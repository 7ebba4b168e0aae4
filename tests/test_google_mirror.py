"""``write: mirror``: our values in a tab of our own, shown by formulas that follow every sort."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from googlesheets import DRESS, Desk, Rows, a_sheet
from sheet_days import mirrored, season
from test_google_job import shop
from workbooks import BY_EMAIL, change

from automations.cli import main
from automations.core.books import column_letters
from automations.core.leads import CellOutcome, WriteResult
from automations.sources.google.ours import Ours
from automations.sources.google.source import GoogleSource
from automations.sources.sheets_sim import SimSpreadsheet, Upcoming, faults

__all__ = ["shop"]

MIRROR = Ours(DRESS, open_headers=("Score", "Segment", "Stage"), is_mirrored=True)
WANTED = frozenset({"Email", "Name", "Score", "Segment", "Stage"})
OURS = "Leads (leadwright)"
ROWS: Rows = [
    ["Email", "Name", "Score", "Segment", "Stage"],
    ["eva@muster.example", "Eva"],
    ["nils@hafen.example", "Nils"],
    ["ana@costa.example", "Ana"],
]
WRITE = "values:batchUpdateByDataFilter"
SCORES = {"eva@muster.example": 80, "nils@hafen.example": 90, "ana@costa.example": None}


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Give a sheet with three leads, whose first values were written a moment ago."""
    with a_sheet({"Leads": ROWS}) as made:
        made.source = made.open(ours=MIRROR)
        read(made)
        made.calls()
        assert outcomes(scores(made.source, None, None)) == [CellOutcome.WRITTEN] * 2
        yield made


def read(desk: Desk) -> list[list[object]]:
    """Return the leads as a run reads them."""
    return [list(cells) for _, cells in desk.source.read(WANTED).rows]


def scores(source: GoogleSource, eva: int | None, nils: int | None, new: tuple[int, int] = (80, 90)) -> WriteResult:
    """Write a score for Eva and one for Nils, over those they had."""
    return source.write(
        [change("eva@muster.example", "Score", eva, new[0]), change("nils@hafen.example", "Score", nils, new[1])],
        BY_EMAIL,
    )


def outcomes(result: WriteResult) -> list[CellOutcome]:
    """Return how each change ended."""
    return [cell.outcome for cell in result.cells]


def before_nth(desk: Desk, path: str, nth: int, edit: Callable[[SimSpreadsheet], None]) -> None:
    """Let people do something right before the *nth* call that ends in *path*."""
    seen = 0

    def people(world: SimSpreadsheet, upcoming: Upcoming) -> None:
        nonlocal seen
        if upcoming.path.partition("?")[0].endswith(path):
            seen += 1
            if seen == nth:
                edit(world)

    desk.server.between(people)


def test_our_values_stand_in_our_own_tab(desk: Desk) -> None:
    """The team's tab holds formulas, our tab the values, and a read finds in the one what stands in the other."""
    assert desk.column("Score") == SCORES
    assert str(desk.world.cell("Leads!C2").formula).startswith(
        "=XLOOKUP(INDEX($A:$A;ROW());'Leads (leadwright)'!$A:$A;"
    )
    assert desk.world.values(f"'{OURS}'!A1:B9") == [
        ["Lead key", "Score"],
        ["eva@muster.example", 80],
        ["nils@hafen.example", 90],
    ]
    assert [row[2] for row in read(desk)] == [80, 90, None]


def test_the_first_write_makes_the_tab_and_a_later_one_takes_two_calls(desk: Desk) -> None:
    """Tab, rows and formulas are made once; from then on a write is one look and one request, to our tab alone."""
    first = desk.calls()
    read(desk)
    desk.calls()
    before = desk.world.cell("Leads!C2").formula

    result = scores(desk.source, 80, 90, (81, 91))

    assert first.count("batchUpdate") == 2
    assert outcomes(result) == [CellOutcome.WRITTEN] * 2
    assert desk.calls() == ["getByDataFilter", "batchUpdateByDataFilter"]
    assert desk.column("Score") == {**SCORES, "eva@muster.example": 81, "nils@hafen.example": 91}
    assert desk.world.cell("Leads!C2").formula == before


def test_what_shows_our_values_follows_every_sort(desk: Desk) -> None:
    """Somebody sorts before, while and after we write: every lead shows its own value, and no call is repeated."""
    desk.world.sort("Leads!A2:E4", by="B", descending=True)
    before_nth(desk, WRITE, 1, lambda world: world.sort("Leads!A2:E4", by="A"))
    read(desk)
    desk.calls()

    scores(desk.source, 80, 90, (81, 91))
    desk.world.sort("Leads!A2:E4", by="C", descending=True)

    assert desk.calls() == ["getByDataFilter", "batchUpdateByDataFilter"]
    assert desk.column("Score") == {**SCORES, "eva@muster.example": 81, "nils@hafen.example": 91}


def test_what_a_person_types_over_a_formula_wins(desk: Desk) -> None:
    """A typed value is what is read, and one that came since the read is left alone, in both tabs."""
    read(desk)
    desk.world.edit("Leads!C2", "55")

    result = scores(desk.source, 80, 90, (81, 91))

    assert [(cell.outcome, cell.found) for cell in result.cells] == [
        (CellOutcome.PERSON_WON, 55),
        (CellOutcome.WRITTEN, 90),
    ]
    assert [row[2] for row in read(desk)] == [55, 91, None]
    assert desk.world.value(f"'{OURS}'!B2") == 80


def test_the_rules_may_write_over_what_they_read(desk: Desk) -> None:
    """A typed value that the rules have moved on from becomes a formula again; one that was cleared does, too."""
    desk.world.edit("Leads!C2", "55")
    desk.world.edit("Leads!C3", "")
    read(desk)

    result = scores(desk.source, 55, None, (81, 91))

    assert outcomes(result) == [CellOutcome.WRITTEN] * 2
    assert desk.column("Score") == {**SCORES, "eva@muster.example": 81, "nils@hafen.example": 91}
    assert desk.world.cell("Leads!C2").formula == desk.world.cell("Leads!C3").formula != ""


def test_a_formula_that_lands_on_somebodys_typing_gives_it_back(desk: Desk) -> None:
    """Rows are sorted in the second in which Ana gets her formula: what was typed for Eva is still there after it."""
    desk.world.edit("Leads!C2", "007")
    desk.world.edit("Leads!C2", "'007")
    read(desk)
    before_nth(desk, WRITE, 2, lambda world: world.sort("Leads!A2:E4", by="B"))

    result = desk.source.write([change("ana@costa.example", "Score", None, 70)], BY_EMAIL)

    assert (outcomes(result), result.notes) == ([CellOutcome.WRITTEN], ())
    assert desk.column("Score") == {"eva@muster.example": "007", "nils@hafen.example": 90, "ana@costa.example": 70}


def test_a_persons_own_formula_is_left_alone(desk: Desk) -> None:
    """A formula that is not ours is a person's, also in a column of ours."""
    desk.world.edit("Leads!C2", "=5+5")
    read(desk)

    result = scores(desk.source, 10, 90, (81, 91))

    assert [(cell.outcome, cell.detail) for cell in result.cells] == [
        (CellOutcome.REFUSED, "a formula stands there"),
        (CellOutcome.WRITTEN, ""),
    ]
    assert desk.world.cell("Leads!C2").formula == "=5+5"


def test_columns_may_move(desk: Desk) -> None:
    """A column that is inserted, or the key that is moved, leaves every lead with its own value."""
    desk.world.insert_columns("Leads", "A")
    read(desk)

    assert outcomes(scores(desk.source, 80, 90, (81, 91))) == [CellOutcome.WRITTEN] * 2
    assert desk.column("Score") == {**SCORES, "eva@muster.example": 81, "nils@hafen.example": 91}


def test_a_formula_that_was_copied_into_another_column_is_put_right(desk: Desk) -> None:
    """Somebody drags Score over Segment: the next segment gets the formula of its own column."""
    desk.world.edit("Leads!D2", str(desk.world.cell("Leads!C2").formula))
    read(desk)

    desk.source.write([change("eva@muster.example", "Segment", 80, "hot")], BY_EMAIL)

    assert desk.column("Segment")["eva@muster.example"] == "hot"


def test_a_deleted_tab_of_ours_is_made_again(desk: Desk) -> None:
    """Somebody deletes our tab: our columns count as empty, and the next write makes it anew."""
    desk.world.delete_tab(OURS)
    empty = [row[2] for row in read(desk)]

    result = scores(desk.source, None, None)

    assert empty == [None, None, None]
    assert outcomes(result) == [CellOutcome.WRITTEN] * 2
    assert desk.column("Score") == SCORES


@pytest.mark.parametrize("applies", [True, False], ids=["made", "not made"])
@pytest.mark.parametrize("path", [WRITE, ":batchUpdate"])
def test_no_answer_is_looked_up(path: str, applies: bool) -> None:
    """503 on any of our writes, made or not: afterwards each lead has its value once."""
    with a_sheet({"Leads": ROWS}) as desk:
        desk.source = desk.open(ours=MIRROR)
        read(desk)
        desk.server.script(faults.unavailable(path=path, applies=applies))

        assert outcomes(scores(desk.source, None, None)) == [CellOutcome.WRITTEN] * 2
        assert desk.column("Score") == SCORES
        assert len(desk.world.values(f"'{OURS}'!A1:B9")) == 3


def test_gone_and_doubled_leads_are_named_as_ever(desk: Desk) -> None:
    """What counts is the team's tab: a lead that was deleted there is gone, one that was copied is there twice."""
    read(desk)
    desk.world.copy_row("Leads", 3, 6)
    desk.world.delete_rows("Leads", 2)

    assert outcomes(scores(desk.source, 80, 90)) == [CellOutcome.GONE, CellOutcome.DOUBLED]


def test_our_tab_is_protected_and_never_taken_for_the_leads(desk: Desk) -> None:
    """Who types into our tab is warned, and a link without a tab means the team's, even when ours comes first."""
    desk.world.reorder(OURS, 0)

    assert [each.is_warning for each in desk.world.sheet(OURS).protections] == [True]
    assert desk.open(None, ours=MIRROR).read(WANTED).name == "Leads"


def test_no_value_goes_astray_whatever_people_do() -> None:
    """Days full of sorting, inserting, deleting and moving: no value of ours beside another lead, told or not."""
    done = season(range(300), 0.25, mirrored, leads=10, changes=4)

    assert done.edits > 300
    assert (done.wrong, done.silent, done.missing) == (0, 0, 0)


def _letters(desk: Desk, header: str) -> str:
    return column_letters(desk.world.values("Leads!A1:Z1")[0].index(header) + 1)


def test_a_whole_run_gives_the_same_plan(shop: Desk, capsys: pytest.CaptureFixture[str]) -> None:
    """Mirrored, the plan is the one of the workbook; a run writes and sends, and a second has nothing to do."""
    config = Path("sheet/config.yaml")
    text = config.read_text("utf-8")
    config.write_text(text.replace("credentials: none}", "credentials: none, write: mirror}"), "utf-8")
    plans = {}
    for name in ("book", "sheet"):
        assert main(["--config", f"{name}/config.yaml", "--json", "plan", "--at", "2026-11-23 09:30"]) == 0
        plans[name] = json.loads(capsys.readouterr().out)
    assert plans["sheet"] == plans["book"]

    for name in ("book", "sheet"):
        assert main(["--config", f"{name}/config.yaml", "run", "--yes"]) == 0
    shop.calls()
    assert main(["--config", "sheet/config.yaml", "run", "--yes"]) == 0
    assert shop.calls() == ["getByDataFilter"]
    assert "=XLOOKUP" in shop.world.cell(f"Leads!{_letters(shop, 'Score')}2").formula
