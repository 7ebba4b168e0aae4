from __future__ import annotations

from datetime import date, datetime, time
from typing import TYPE_CHECKING

import pytest

from automations.core.books import display_name, key_rule, read_book
from automations.core.cells import CellProblem, as_text, choice_reader, read_date, read_number, read_yes_no
from automations.core.leads import Cell, Columns, Field, FieldType, Lead, LeadKey, Role, Sheet
from automations.errors import WrongConfig

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS = Columns(
    fields=(
        Field("email", "Email"),
        Field("name", "Full name"),
        Field("employees", "Office size", FieldType.NUMBER),
        Field("source", "Source", choices=("Website", "Trade fair")),
        Field("asked_on", "Asked on", FieldType.DATE),
    ),
    key="email",
    email="email",
    owned=((Role.SCORE, "Score"), (Role.STAGE, "Stage")),
)
HEADERS = ("Email", "Full name", "Office size", "Source", "Asked on", "Notes", "Score", "Stage")


def sheet(*rows: Sequence[Cell], headers: Sequence[str] = HEADERS, columns_start: int = 1) -> Sheet:
    """Return a sheet named Leads with a header row and *rows* below it."""
    return Sheet("Leads", 1, tuple(headers), list(enumerate(rows, start=2)), "f", columns_start)


def test_a_row_becomes_a_lead_with_typed_values() -> None:
    """A good row is a lead: numbers are numbers, days are days, our own columns are kept as they are."""
    row = ("Eva@Muster.Example", " Eva Muster ", 80.0, "trade fair", datetime(2026, 11, 16, 9, 30), "x", 30, "New")  # noqa: DTZ001 - a workbook's cells know no zone

    book = read_book(sheet(row), COLUMNS)

    assert book.leads == (
        Lead(
            key=LeadKey("eva@muster.example"),
            row=2,
            values=("Eva@Muster.Example", "Eva Muster", 80, "Trade fair", date(2026, 11, 16)),
            owned=(30, "New"),
            address="Eva@muster.example",
        ),
    )
    assert book.problems == ()
    assert display_name(COLUMNS, book.leads[0]) == "Eva Muster"


def test_missing_cells_at_the_end_are_empty() -> None:
    """A short row is a lead whose other fields are empty, not an error."""
    book = read_book(sheet(("eva@muster.example",)), COLUMNS)

    assert book.leads[0].values == ("eva@muster.example", None, None, None, None)
    assert book.leads[0].owned == (None, None)


def test_rows_that_cannot_be_used_are_named_and_the_others_go_on() -> None:
    """Each unusable row is a problem with its cell, what is wrong and what to do; nothing else stops."""
    book = read_book(
        sheet(
            ("eva@muster.example", "Eva"),
            (None, "Nobody", 3),
            ("ann@gmial", "Ann Gruber"),
            ("tom@x.test", "Tom", "ca. 20", "Radio"),
            ("kim@x.test", "Kim", None, None, "#REF!"),
            ("lee@x.test", "Lee", "12,345"),
        ),
        COLUMNS,
    )

    assert [lead.key for lead in book.leads] == ["eva@muster.example"]
    assert [str(problem) for problem in book.problems] == [
        "Leads!A3 (Nobody): no Email (fill in Email, or delete the row)",
        'Leads!A4 (Ann Gruber): "ann@gmial" is not an email address: no period after the @ (correct the address)',
        'Leads!C5 (Tom): Office size "ca. 20" is not a number (correct the cell)',
        'Leads!D5 (Tom): Source "Radio" is not one of the choices; choices: Website, Trade fair (correct the cell)',
        "Leads!E6 (Kim): Asked on shows #REF! (mend the formula in this cell)",
        'Leads!C7 (Lee): Office size "12,345" is not a plain number: write it without comma (correct the cell)',
    ]
    assert (book.rows_read, book.unusable_rows, len(book.leads)) == (6, 5, 1)


def test_two_rows_with_one_key_are_both_set_aside() -> None:
    """When two rows are the same person, neither is touched and the problem names both."""
    book = read_book(
        sheet(("eva@muster.example", "Eva"), ("tom@x.test", "Tom"), ("EVA@muster.example", "Eva M.")), COLUMNS
    )

    assert [lead.key for lead in book.leads] == ["tom@x.test"]
    assert [str(problem) for problem in book.problems] == [
        (
            "Leads, rows 2 and 4: the same person (eva@muster.example)"
            " (keep one of the rows; until then none of them is changed or mailed)"
        )
    ]
    assert book.unusable_rows == 2


def test_a_row_that_cannot_be_used_still_makes_its_double_doubtful() -> None:
    """Two rows of one person are set aside also when one of them is broken in another cell."""
    book = read_book(sheet(("eva@muster.example", "Eva"), ("eva@muster.example", "Eva", "ca. 20")), COLUMNS)

    assert book.leads == ()
    assert [problem.where for problem in book.problems] == ["Leads!C3 (Eva)", "Leads, rows 2 and 3"]
    assert (book.rows_read, book.unusable_rows) == (2, 2)


def test_a_renamed_header_is_shown_with_its_likely_new_name() -> None:
    """A header that is gone stops the run, and the message says which column it may be now."""
    headers = ("Email", "Full name", "Office size (people)", "Source", "Asked on")

    with pytest.raises(WrongConfig) as wrong:
        read_book(sheet(headers=headers), COLUMNS)

    assert [str(problem) for problem in wrong.value.problems] == [
        (
            'Leads: there is no header "Office size" (needed by field employees). It has "Office size (people)" in C.'
            " (if it was renamed, put  employees: Office size (people)  under columns: in config.yaml)"
        )
    ]


def test_a_header_that_stands_three_times_is_not_called_two() -> None:
    """The remedy fits the number of columns: of three with one name, two are to be renamed."""
    headers = ("Email", "email", "EMAIL", "Full name", "Office size", "Source", "Asked on")

    with pytest.raises(WrongConfig) as wrong:
        read_book(sheet(headers=headers), COLUMNS)

    assert [problem.fix for problem in wrong.value.problems] == ["rename all of these columns but one"]


def test_a_header_that_stands_twice_stops_everything() -> None:
    """With two columns of one name nobody knows which is meant; the message names both cells."""
    headers = ("Email", "Full name", "Office size", "Source", "Asked on", "email ")

    with pytest.raises(WrongConfig) as wrong:
        read_book(sheet(headers=headers, columns_start=2), COLUMNS)

    assert [str(problem) for problem in wrong.value.problems] == [
        'Leads!B1 and G1: the header "Email" stands more than once (rename one of the two columns)'
    ]


def test_our_own_columns_may_be_missing() -> None:
    """A sheet without our columns is fine: the book says which ones are to be added."""
    book = read_book(sheet(("eva@muster.example",), headers=HEADERS[:5]), COLUMNS)

    assert book.missing == ("Score", "Stage")
    assert book.leads[0].owned == (None, None)


def test_a_key_column_other_than_the_address_allows_leads_without_one() -> None:
    """With a key of their own, leads without an address are leads that cannot be mailed."""
    columns = Columns((Field("number", "No"), Field("email", "Email")), key="number", email="email")

    book = read_book(sheet(("00123", None), ("7", "eva@muster.example"), headers=("No", "Email")), columns)

    assert [(lead.key, lead.address) for lead in book.leads] == [("00123", ""), ("7", "eva@muster.example")]
    assert key_rule(columns).key_of(7.0) == "7"
    assert key_rule(columns).key_of(" ") is None


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""),
        ("  00123 ", "00123"),
        ("+44 20", "+44 20"),
        (80.0, "80"),
        (0.5, "0.5"),
        (True, "TRUE"),
        (date(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1), "2026-03-01"),  # noqa: DTZ001 - a workbook's cells know no zone
        (datetime(2026, 3, 1, 14, 5), "2026-03-01 14:05"),  # noqa: DTZ001 - as above
        (time(9, 30), "09:30:00"),
    ],
)
def test_a_cell_reads_as_a_person_would_say_it(cell: Cell, text: str) -> None:
    """Numbers lose no zeros that were typed and gain none that were not."""
    assert as_text(cell) == text


@pytest.mark.parametrize("cell", ["12,345", "1e5", "ca. 20", "٣", True, float("nan"), date(2026, 1, 1)])
def test_no_number_is_guessed(cell: Cell) -> None:
    """What two people would read as two numbers is no number."""
    with pytest.raises(CellProblem):
        read_number(cell)


def test_plain_numbers_are_numbers() -> None:
    """A number may be typed as text."""
    assert [read_number(cell) for cell in (80, 80.0, "80", " -3.5 ", "", "007")] == [80, 80, 80, -3.5, None, 7]


@pytest.mark.parametrize("cell", ["2026-11-23", "23.11.2026", "23. 11. 2026", "23 Nov 2026", "23 november 2026"])
def test_days_that_nobody_misreads_are_days(cell: str) -> None:
    """A day typed as text counts when there is one way to read it."""
    assert read_date(cell) == date(2026, 11, 23)


@pytest.mark.parametrize("cell", ["03/04/2026", "2026-02-30", "tomorrow", 45000])
def test_days_that_could_be_two_days_are_refused(cell: Cell) -> None:
    """03/04 is March to one and April to another, so it is neither."""
    with pytest.raises(CellProblem):
        read_date(cell)


def test_yes_and_no_are_read_in_the_usual_words() -> None:
    """Check boxes and the words people type for them."""
    assert [read_yes_no(cell) for cell in (True, "yes", "x", "Ja", 1, "no", "0", False, "")] == [
        *[True] * 5,
        *[False] * 3,
        None,
    ]
    with pytest.raises(CellProblem, match="is neither yes nor no"):
        read_yes_no("maybe")


def test_a_choice_keeps_its_own_spelling() -> None:
    """A choice typed in another case is that choice; a new one is a problem with the nearest."""
    read = choice_reader(("Website", "Trade fair"))

    assert read(" website") == "Website"
    with pytest.raises(CellProblem, match=r'is not one of the choices; did you mean "Trade fair"\?'):
        read("Tradefair")
