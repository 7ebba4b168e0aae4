"""Faults 46 to 68 of the list in PROTOCOLS: what people and Google do to a shared sheet while we work in it.

Every test speaks HTTP with the server of `sheets_sim`; people's edits happen between two calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta

import pytest
from googlesheets import Desk, a_sheet, edited
from hypothesis import given, settings
from hypothesis import strategies as st
from workbooks import BY_EMAIL, change

from automations.core.books import read_book
from automations.core.leads import Cell, CellOutcome, Columns, Field, FieldType, WriteResult
from automations.errors import SourceBusy, SourceOutOfReach, WrongConfig
from automations.sources.dress import Dress
from automations.sources.google.client import BUDGET
from automations.sources.sheets_sim import Fault, SimSpreadsheet, Upcoming, faults

Row = list[str | int | float | bool | None]
HEADERS: Row = ["Email", "Name", "Owner", "Score", "Segment", "Stage"]
EVA: Row = ["eva@muster.example", "Eva", "Anna", 10, "cold", "New"]
NILS: Row = ["nils@hafen.example", "Nils", "Jonas", 20, "cold", "New"]
ANA: Row = ["ana@costa.example", "Ana", "Anna", 30, "warm", "Won"]
WANTED = frozenset({"Email", "Name", "Score", "Segment", "Stage"})
WRITE = "values:batchUpdateByDataFilter"
LOOK = ":getByDataFilter"
FIVE_CALLS = [LOOK[1:], "batchUpdateByDataFilter", LOOK[1:], "batchUpdateByDataFilter"]

Edit = Callable[[SimSpreadsheet], None]


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Give a sheet with three leads that was read a moment ago."""
    with a_sheet({"Leads": [HEADERS, EVA, NILS, ANA]}) as made:
        list(made.source.read(WANTED).rows)
        made.calls()
        yield made


def before(desk: Desk, path: str, edit: Edit, nth: int = 1) -> None:
    """Let people do something right before the *nth* call that ends in *path*."""
    seen = 0

    def people(world: SimSpreadsheet, upcoming: Upcoming) -> None:
        nonlocal seen
        if upcoming.path.partition("?")[0].endswith(path):
            seen += 1
            if seen == nth:
                edit(world)

    desk.server.between(people)


def two_scores(desk: Desk) -> WriteResult:
    """Write a score for Eva and one for Nils."""
    return desk.source.write(
        [change("eva@muster.example", "Score", 10, 80), change("nils@hafen.example", "Score", 20, 90)], BY_EMAIL
    )


def outcomes(result: WriteResult) -> list[CellOutcome]:
    """Return how each change ended."""
    return [cell.outcome for cell in result.cells]


BOTH = [CellOutcome.WRITTEN, CellOutcome.WRITTEN]
RIGHT = {"eva@muster.example": 80, "nils@hafen.example": 90, "ana@costa.example": 30}


def test_46_a_sheet_sorted_between_read_and_write(desk: Desk) -> None:
    """Somebody sorts by name after we read: each score still reaches its lead, without another call."""
    desk.world.sort("Leads!A2:F4", by="B", descending=True)

    result = two_scores(desk)

    assert (outcomes(result), desk.column("Score")) == (BOTH, RIGHT)
    assert desk.calls() == ["getByDataFilter", "batchUpdateByDataFilter"]


def test_46_a_sheet_sorted_while_we_write(desk: Desk) -> None:
    """Somebody sorts in the second between our look and our write: the echo shows it, and all is put right."""
    before(desk, WRITE, lambda world: world.sort("Leads!A2:F4", by="B"))

    result = two_scores(desk)

    assert (outcomes(result), desk.column("Score")) == (BOTH, RIGHT)
    assert desk.calls() == [*FIVE_CALLS, LOOK[1:]]


MOVES: dict[str, Edit] = {
    "inserted": lambda world: world.insert_rows("Leads", 2, [["new@lead.example", "New", "Anna"]]),
    "empty row": lambda world: world.insert_rows("Leads", 3),
    "moved": lambda world: world.move_rows("Leads", 2, 5),
    "title line": lambda world: world.insert_rows("Leads", 1, [["Please do not sort"]]),
    "column": lambda world: world.insert_columns("Leads", "D"),
}


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
def test_47_rows_move_while_we_write(desk: Desk, move: Edit) -> None:
    """A row is inserted, dragged or cut in the second between look and write: what was hit gets its value back."""
    before(desk, WRITE, move)

    result = two_scores(desk)

    assert outcomes(result) == BOTH
    scores = desk.column("Score")
    assert {key: scores[key] for key in RIGHT} == RIGHT
    assert scores.get("new@lead.example") is None
    assert result.notes == ()


def test_47_a_row_deleted_while_we_write(desk: Desk) -> None:
    """Eva's row is deleted in that second: her score hits Nils and one an empty row; both are put right."""
    before(desk, WRITE, lambda world: world.delete_rows("Leads", 2))

    result = two_scores(desk)

    assert outcomes(result) == [CellOutcome.GONE, CellOutcome.WRITTEN]
    assert desk.column("Score") == {"nils@hafen.example": 90, "ana@costa.example": 30}
    assert desk.world.values("Leads!A4:F9") == []


def test_47_a_value_past_the_last_lead_is_cleared(desk: Desk) -> None:
    """The last lead is deleted while its score is on the way: the score does not stay in an empty row."""
    before(desk, WRITE, lambda world: world.delete_rows("Leads", 4))

    result = desk.source.write([change("ana@costa.example", "Score", 30, 99)], BY_EMAIL)

    assert outcomes(result) == [CellOutcome.GONE]
    assert desk.world.values("Leads!A4:F9") == []


def test_48_a_deleted_lead_is_gone(desk: Desk) -> None:
    """A lead whose row was deleted is written nowhere; that it is not mailed either, the watch on its row sees to."""
    desk.world.delete_rows("Leads", 2)

    assert outcomes(two_scores(desk)) == [CellOutcome.GONE, CellOutcome.WRITTEN]


def test_49_a_copied_row_is_nobodys(desk: Desk) -> None:
    """A row that was copied with its address: neither of the two is touched."""
    desk.world.copy_row("Leads", 2, 6)

    result = two_scores(desk)

    assert outcomes(result) == [CellOutcome.DOUBLED, CellOutcome.WRITTEN]
    assert [row[3] for row in desk.world.values("Leads!A2:F6") if row] == [10, 90, 30, 10]


def test_50_an_emptied_or_edited_key_is_another_lead(desk: Desk) -> None:
    """Without its address a row is nobody's, and with another one it is another lead's: neither gets the score."""
    desk.world.edit("Leads!A2", "")
    desk.world.edit("Leads!A3", "nils@hafen-neu.example")

    result = two_scores(desk)

    assert outcomes(result) == [CellOutcome.GONE, CellOutcome.GONE]
    assert [row[3] for row in desk.world.values("Leads!A2:F4")] == [10, 20, 30]
    assert desk.calls() == ["getByDataFilter"]


def test_51_a_column_of_ours_may_be_renamed_and_moved() -> None:
    """A column that we made is known by its mark: the team may rename it, move it and insert others before it."""
    with a_sheet({"Leads": [["Email", "Name"], ["eva@muster.example", "Eva"]]}) as desk:
        desk.source.add_columns(["Score", "Stage"], ["Email", "Name"])
        desk.world.edit("Leads!C1", "Points so far")
        desk.world.insert_columns("Leads", "B", 2)
        desk.world.move_columns("Leads", "E", "A")

        sheet = desk.source.read(WANTED)
        result = desk.source.write([change("eva@muster.example", "Score", None, 80)], BY_EMAIL)

        assert sheet.headers == ("Score", "Email", "", "", "Name", "Stage")
        assert outcomes(result) == [CellOutcome.WRITTEN]
        assert desk.column("Points so far") == {"eva@muster.example": 80}


def test_51_a_renamed_column_of_the_teams_is_named_with_its_neighbour(desk: Desk) -> None:
    """A column of the team's that was renamed cannot be guessed: the nearest header is named."""
    desk.world.edit("Leads!B1", "Names")
    columns = Columns((Field("email", "Email"), Field("name", "Name")), "email", "email")

    with pytest.raises(WrongConfig) as error:
        read_book(desk.source.read(WANTED), columns)

    assert [(each.where, each.what) for each in error.value.problems] == [
        ("Leads", 'there is no header "Name" (needed by field name). It has "Names" in B.')
    ]


COLUMN_MOVES: dict[str, Edit] = {
    "at the left": lambda world: world.insert_columns("Leads", "A"),
    "right before ours": lambda world: world.insert_columns("Leads", "D"),
    "the key moved": lambda world: world.move_columns("Leads", "A", "D"),
    "ours moved": lambda world: world.move_columns("Leads", "D", "B"),
}


@pytest.mark.parametrize("move", COLUMN_MOVES.values(), ids=COLUMN_MOVES)
def test_51_columns_with_our_mark_may_move_while_we_write(desk: Desk, move: Edit) -> None:
    """With our mark on a column, nothing of ours lands in a column of the team's, whatever is inserted or moved."""
    desk.source.dress(Dress(), WANTED)
    list(desk.source.read(WANTED).rows)
    before(desk, WRITE, move)

    result = two_scores(desk)

    assert (outcomes(result), desk.column("Score"), result.notes) == (BOTH, RIGHT, ())
    assert desk.column("Owner") == {each[0]: each[2] for each in (EVA, NILS, ANA)}
    assert desk.column("Segment") == {each[0]: each[4] for each in (EVA, NILS, ANA)}


def test_51_a_new_column_while_we_write_without_a_mark(desk: Desk) -> None:
    """Without our mark a score may fall into a column that was inserted that second: it is taken out again."""
    before(desk, WRITE, lambda world: world.insert_columns("Leads", "D"))

    result = two_scores(desk)

    assert (outcomes(result), desk.column("Score"), result.notes) == (BOTH, RIGHT, ())
    assert [row[3] for row in desk.world.values("Leads!A2:G4")] == ["", "", ""]


def test_51_a_column_moved_while_we_write_without_a_mark(desk: Desk) -> None:
    """Without our mark a score may even fall into a column of the team's: then every such cell is named."""
    before(desk, WRITE, lambda world: world.insert_columns("Leads", "A"))

    result = two_scores(desk)

    assert (outcomes(result), desk.column("Score")) == (BOTH, RIGHT)
    assert result.notes == tuple(
        f'columns were moved while we wrote: "Owner" in row {row} holds a value of ours, put it right (Ctrl+Z)'
        for row in (2, 3)
    )


BAD_HEADERS: dict[str, tuple[list[Row], str]] = {
    "doubled": ([["Email", "Score", "Score"]], 'two columns have the header "Score"'),
    "blank": ([["Email", "", "Stage"]], 'there is no header "Score"'),
    "two header rows": ([["Contact", "", ""], ["Email", "Points", "Stage"]], 'there is no header "Score"'),
}


@pytest.mark.parametrize(("rows", "why"), BAD_HEADERS.values(), ids=BAD_HEADERS)
def test_52_odd_headers_are_named(rows: list[Row], why: str) -> None:
    """A header that stands twice or not at all: the cell is refused by name, and nothing is written."""
    with a_sheet({"Leads": [*rows, ["eva@muster.example", "1", "2"]]}) as desk:
        desk.source.read(WANTED)

        result = desk.source.write([change("eva@muster.example", "Score", None, 80)], BY_EMAIL)

        assert [(cell.outcome, cell.detail) for cell in result.cells] == [(CellOutcome.REFUSED, why)]
        assert "batchUpdateByDataFilter" not in desk.calls()


def test_52_a_trailing_space_or_a_merged_title_is_no_matter() -> None:
    """Space around a header and a merged title line above it change nothing."""
    with a_sheet({"Leads": [["Leads 2026", "", ""], ["Email ", " Score"], ["eva@muster.example", 10]]}) as desk:
        desk.world.merge("Leads!A1:C1")

        assert desk.source.read(WANTED).header_row == 2
        assert outcomes(desk.source.write([change("eva@muster.example", "Score", 10, 80)], BY_EMAIL)) == [
            CellOutcome.WRITTEN
        ]


def test_53_a_tab_may_be_renamed_and_moved_while_we_work(desk: Desk) -> None:
    """The tab is known by its number: a new title or another place in between changes nothing."""
    desk.world.add_tab("Notes")

    def rename(world: SimSpreadsheet) -> None:
        world.rename_tab("Leads", "Leads 2027")
        world.reorder("Leads 2027", 1)

    before(desk, WRITE, rename)

    assert outcomes(two_scores(desk)) == BOTH
    assert desk.column("Score", "Leads 2027") == RIGHT


def test_53_a_tab_renamed_before_a_run_is_found_by_our_mark(desk: Desk) -> None:
    """The next run still finds the tab that config.yaml knows under its old title."""
    desk.source.add_columns(["Next step"], ["Email"])
    desk.world.rename_tab("Leads", "Leads 2027")
    desk.calls()

    sheet = desk.open("Leads").read(WANTED)

    assert sheet.name == "Leads 2027"
    assert desk.calls() == ["getByDataFilter 400", "get", "getByDataFilter"]


GONE: dict[str, tuple[Edit, str]] = {
    "tab": (lambda world: world.delete_tab("Leads"), 'the Google Sheet "Leads" has no tab "Leads"; it has Notes'),
    "trash": (
        lambda world: world.trash(),
        'there is no such Google Sheet (the Google Sheet "Leads"), or it lies in the trash',
    ),
    "sharing": (lambda world: world.unshare(), 'the Google Sheet "Leads" is not shared with us'),
}


@pytest.mark.parametrize(("leave", "what"), GONE.values(), ids=GONE)
def test_54_a_sheet_that_goes_away(desk: Desk, leave: Edit, what: str) -> None:
    """Tab deleted, file in the trash, sharing taken back: one clear sentence, and nothing is written."""
    desk.world.add_tab("Notes")
    before(desk, LOOK, leave)

    with pytest.raises(SourceOutOfReach) as error:
        two_scores(desk)

    assert error.value.what == what


@pytest.mark.parametrize("title", ["A1", "R1C1", "Bob's", "Leads!A1", "Ünïcode 🎉", "'"])
def test_55_a_tab_may_have_any_title(title: str) -> None:
    """A tab that is called like a cell, or has a quote in its name, is found and written."""
    with a_sheet({"Other": [["Email"], ["x@y.example"]], title: [HEADERS, EVA]}) as desk:
        source = desk.open(title)

        rows = [cells[0] for _, cells in source.read(WANTED).rows]
        result = source.write([change("eva@muster.example", "Score", 10, 80)], BY_EMAIL)

        assert (rows, outcomes(result)) == (["eva@muster.example"], [CellOutcome.WRITTEN])


def test_56_filters_hide_nothing_from_us(desk: Desk) -> None:
    """A filter that hides rows changes neither what is read nor what is written, and stays as it is."""
    desk.world.filter("Leads!A1:F4", "E", "cold")
    filtered = desk.world.sheet("Leads").basic_filter

    assert len(list(desk.source.read(WANTED).rows)) == 3
    assert (outcomes(two_scores(desk)), desk.column("Score")) == (BOTH, RIGHT)
    assert desk.world.sheet("Leads").basic_filter == filtered


def test_57_protected_cells_are_named_and_the_rest_is_written(desk: Desk) -> None:
    """A range that somebody else protected is seen in the look: those cells are refused, the others are written."""
    desk.world.protect("Leads!D2:D2", editors=["boss@shop.example"])

    result = two_scores(desk)

    assert [(cell.outcome, cell.detail) for cell in result.cells] == [
        (CellOutcome.REFUSED, "somebody protected the cell"),
        (CellOutcome.WRITTEN, ""),
    ]


def test_57_a_protection_made_while_we_write(desk: Desk) -> None:
    """A protection that comes in between refuses the whole request: nothing is written, and we say who may help."""
    before(desk, WRITE, lambda world: world.protect("Leads!D2:D3", editors=["boss@shop.example"]))

    with pytest.raises(SourceOutOfReach) as error:
        two_scores(desk)

    assert error.value.what == (
        'a column we write in the Google Sheet "Leads" is protected, and our address may not edit it;'
        " nothing was changed"
    )
    assert desk.column("Score")["eva@muster.example"] == 10


def test_58_a_person_wins(desk: Desk) -> None:
    """What somebody typed since we read stays, and we say what stands there."""
    desk.world.edit("Leads!D2", "55")

    result = two_scores(desk)

    assert [(cell.outcome, cell.found) for cell in result.cells] == [
        (CellOutcome.PERSON_WON, 55),
        (CellOutcome.WRITTEN, 20),
    ]


def test_58_a_formula_is_never_overwritten(desk: Desk) -> None:
    """A formula in a column of ours stays, even where it shows what we wrote last."""
    desk.world.edit("Leads!D2", "=5+5")

    result = two_scores(desk)

    assert [(cell.outcome, cell.detail) for cell in result.cells] == [
        (CellOutcome.REFUSED, "a formula stands there"),
        (CellOutcome.WRITTEN, ""),
    ]
    assert desk.world.cell("Leads!D2").formula == "=5+5"


def test_59_an_error_is_a_problem_of_its_row() -> None:
    """#REF! and its kind are no values: the row is named, the others are used."""
    with a_sheet({"Leads": [["Email", "Size"], ["eva@muster.example", "=NA()"], ["nils@hafen.example", 5]]}) as desk:
        columns = Columns((Field("email", "Email"), Field("size", "Size", FieldType.NUMBER)), "email", "email")

        book = read_book(desk.source.read(["Email", "Size"]), columns)

        assert [lead.key for lead in book.leads] == ["nils@hafen.example"]
        assert [(each.where, each.what[:11]) for each in book.problems] == [("Leads!B2", "Size shows ")]


def test_60_a_full_quota_is_waited_for(desk: Desk) -> None:
    """Google says "slow down" three times: we wait longer each time, and the write is made once."""
    desk.server.script(faults.too_many(path=WRITE, times=3))
    began = desk.clock.elapsed()

    result = two_scores(desk)

    assert (outcomes(result), desk.column("Score")) == (BOTH, RIGHT)
    assert timedelta(0) < desk.clock.elapsed() - began <= timedelta(seconds=1 + 2 + 4)
    assert desk.calls() == ["getByDataFilter", *["batchUpdateByDataFilter 429"] * 3, "batchUpdateByDataFilter"]


def test_60_retry_after_is_honoured(desk: Desk) -> None:
    """When Google says how long, we wait that long."""
    desk.server.script(faults.too_many(path=WRITE, retry_after="37"))
    began = desk.clock.elapsed()

    two_scores(desk)

    assert desk.clock.elapsed() - began == timedelta(seconds=37)


def test_60_a_quota_full_for_ten_minutes(desk: Desk) -> None:
    """After five minutes of waiting in a run we give the sheet up: the cells wait for the next run."""
    desk.server.script(faults.too_many(times=10_000))
    began = desk.clock.elapsed()

    with pytest.raises(SourceBusy) as error:
        two_scores(desk)

    assert desk.clock.elapsed() - began <= BUDGET
    assert error.value.what == "Google asks us to slow down, for five minutes now."
    assert 8 < len(desk.calls()) < 60


@pytest.mark.parametrize("fault", [faults.unavailable, faults.failed, faults.dropped])
def test_61_a_write_that_failed_and_was_made(desk: Desk, fault: Callable[..., Fault]) -> None:
    """503 after the write was made: looking again finds it, and it is not made a second time."""
    desk.server.script(fault(path=WRITE, applies=True))

    result = two_scores(desk)

    assert (outcomes(result), desk.column("Score")) == (BOTH, RIGHT)
    assert [each.partition(" ")[0] for each in desk.calls()] == [
        "getByDataFilter",
        "batchUpdateByDataFilter",
        "getByDataFilter",
    ]


@pytest.mark.parametrize("fault", [faults.unavailable, faults.failed, faults.dropped])
def test_61_a_write_that_failed_and_was_not_made(desk: Desk, fault: Callable[..., Fault]) -> None:
    """503 and nothing was written: looking again shows it, and then it is written."""
    desk.server.script(fault(path=WRITE))

    result = two_scores(desk)

    assert (outcomes(result), desk.column("Score")) == (BOTH, RIGHT)


def test_61_a_write_in_doubt_that_hit_others(desk: Desk) -> None:
    """Sorted in between, written, and no answer: the values are found under the wrong leads and put right."""

    def sort(world: SimSpreadsheet) -> None:
        world.sort("Leads!A2:F4", by="B")

    before(desk, WRITE, sort)
    desk.server.script(faults.unavailable(path=WRITE, applies=True))

    result = two_scores(desk)

    assert (outcomes(result), desk.column("Score"), result.notes) == (BOTH, RIGHT, ())


def test_62_no_answer_at_all(desk: Desk) -> None:
    """A server that says nothing is given up after the time limit, and then we look what became of it."""
    assert desk.source._tabs.client._http.timeout == (10.0, 190.0)
    desk.source._tabs.client._http.set_timeout((1.0, 0.5))
    desk.server.script(faults.silent(path=WRITE, applies=True))

    result = two_scores(desk)

    assert (outcomes(result), desk.column("Score")) == (BOTH, RIGHT)


def test_63_new_columns_are_added_once(desk: Desk) -> None:
    """The answer to an addition is lost: we find the columns there and do not add them again. Nothing is appended."""
    desk.server.script(faults.dropped(path=":batchUpdate", applies=True))

    desk.source.add_columns(["Next step"], ["Email"])

    assert desk.world.values("Leads!A1:Z1") == [[*HEADERS, "Next step"]]
    assert not any("append" in call for call in desk.calls())


REFUSALS = [
    (
        faults.storage_full(path=WRITE),
        SourceOutOfReach,
        'the Google Sheet "Leads" cannot grow: the Google account that owns it has no room left',
    ),
    (faults.forbidden(path=WRITE), SourceOutOfReach, 'the Google Sheet "Leads" is not shared with us'),
    (
        faults.api_disabled(path=WRITE),
        SourceOutOfReach,
        "the Google Sheets API is turned off in the project of your key",
    ),
]


@pytest.mark.parametrize(("fault", "kind", "what"), REFUSALS, ids=["storage", "permission", "api off"])
def test_64_a_403_says_what_it_is(desk: Desk, fault: Fault, kind: type[SourceOutOfReach], what: str) -> None:
    """No room, not shared, switched off: three sentences, each with its own remedy, and none is asked again."""
    desk.server.script(fault)

    with pytest.raises(kind) as error:
        two_scores(desk)

    assert (error.value.what, bool(error.value.fix)) == (what, True)
    assert desk.calls() == ["getByDataFilter", "batchUpdateByDataFilter 403"]


@pytest.mark.parametrize("reason", ["rateLimitExceeded", "userRateLimitExceeded"])
def test_64_a_403_about_the_rate_is_waited_for(desk: Desk, reason: str) -> None:
    """A 403 that only means "slower" is waited for."""
    desk.server.script(faults.rate_limited(reason=reason, path=WRITE))

    assert outcomes(two_scores(desk)) == BOTH


def many(count: int) -> list[Row]:
    """Return so many leads."""
    leads: list[Row] = [[f"lead{number}@shop.example", None] for number in range(count)]
    return [["Email", "Score"], *leads]


def test_65_fifty_thousand_leads_in_three_calls() -> None:
    """Reading 50,000 leads and writing a score for each takes one read, one look and one write."""
    with a_sheet({"Leads": many(50_000)}) as desk:
        rows = list(desk.source.read(["Email", "Score"]).rows)

        result = desk.source.write([change(str(cells[0]), "Score", None, 80) for _, cells in rows], BY_EMAIL)

        assert {cell.outcome for cell in result.cells} == {CellOutcome.WRITTEN}
        sizes = [call.bytes for call in desk.server.calls]
        assert desk.calls() == ["getByDataFilter", "getByDataFilter", "batchUpdateByDataFilter"]
        assert max(sizes) <= 2_000_000


def test_65_more_than_one_chunk() -> None:
    """What is longer than 2 MB goes in several requests, none longer than that, and one call each."""
    text = "big enough for a machine, asks for a price, " * 10
    with a_sheet({"Leads": many(12_000)}) as desk:
        rows = list(desk.source.read(["Email", "Score"]).rows)

        result = desk.source.write([change(str(cells[0]), "Score", None, text) for _, cells in rows], BY_EMAIL)

        sizes = [call.bytes for call in desk.server.calls if call.path.endswith(WRITE)]
        assert {cell.outcome for cell in result.cells} == {CellOutcome.WRITTEN}
        assert (len(sizes), max(sizes) <= 2_000_000, sum(sizes) > 5_000_000) == (3, True, True)
        assert len(desk.calls()) == 2 + 3


def test_66_what_people_typed_is_kept_as_it_is() -> None:
    """Zip codes, telephone numbers, numbers in quotes and yes/no come out as they are, typed by their columns only."""
    texts = ["007", "+4479", "1e5", "12,345", "TRUE", " 5", "1.10", "nan", "03/04/2026"]
    with a_sheet(
        {"Leads": [["Email", "Text"], *([f"a{at}@b.example", each] for at, each in enumerate(texts))]}
    ) as desk:
        assert [cells[1] for _, cells in desk.source.read(["Email"]).rows] == texts


def test_66_numbers_moments_and_ticks_are_typed_by_google() -> None:
    """A day is a day in the spreadsheet's own zone, a number a number, a ticked box a yes."""
    typed = ["2026-11-16", "2026-11-16 14:30:00", "14:30:00", "12.5", "80", "TRUE", "1900-02-28"]
    with a_sheet({"Leads": [["Email", "Value"], *([f"a{at}@b.example"] for at in range(len(typed)))]}) as desk:
        for at, text in enumerate(typed):
            desk.world.edit(f"Leads!B{at + 2}", text)

        assert [cells[1] for _, cells in desk.source.read(["Email"]).rows] == [
            date(2026, 11, 16),
            datetime(2026, 11, 16, 14, 30),  # noqa: DTZ001 - a cell has no zone
            time(14, 30),
            12.5,
            80,
            True,
            date(1900, 2, 28),
        ]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=40))
def test_67_any_text_is_stored_or_refused_by_name(text: str) -> None:
    """Emoji, right-to-left, U+2028, NUL, half characters: stored letter by letter, or refused with the reason."""
    with a_sheet({"Leads": [HEADERS, EVA]}) as desk:
        list(desk.source.read(WANTED).rows)

        (cell,) = desk.source.write([change("eva@muster.example", "Stage", "New", text)], BY_EMAIL).cells

        if cell.outcome is CellOutcome.WRITTEN:
            assert desk.world.value("Leads!F2") in ({text} if text else {None, ""})
        else:
            assert cell.detail


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a\0b", "the text has a sign in it that no cell can hold"),
        ("a\ud800b", "the text has half a character in it"),
        ("x" * 50_001, "the text has 50,001 letters, and a cell holds 50,000"),
    ],
    ids=["NUL", "half a character", "too long"],
)
def test_67_what_no_cell_can_hold_is_refused_by_name(desk: Desk, text: str, why: str) -> None:
    """A text that cannot be stored is refused by itself; the other cells are written."""
    result = desk.source.write(
        [change("eva@muster.example", "Stage", "New", text), change("nils@hafen.example", "Stage", "New", "Won")],
        BY_EMAIL,
    )

    assert [(cell.outcome, cell.detail) for cell in result.cells] == [
        (CellOutcome.REFUSED, why),
        (CellOutcome.WRITTEN, ""),
    ]


def test_68_short_and_empty_rows(desk: Desk) -> None:
    """Missing cells at the end are empty, blank rows in the middle and a thousand below are left out."""
    blank: list[list[Cell]] = [[""] for _ in range(1000)]
    edited(desk.world, lambda grid: grid.extend([[], [], [], ["leo@ende.example"], *blank]))

    rows = [(number, list(cells)) for number, cells in desk.source.read(WANTED).rows]

    assert rows[-1] == (8, ["leo@ende.example", None, None, None, None, None])
    assert len(rows) == 4
