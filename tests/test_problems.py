"""How a problem is drawn on a screen."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from automations.errors import Place, Problem
from automations.problems import MAX_WIDTH, show


def problem(text: str, column: int, width: int = 1, under: str = "here", fix: str = "") -> Problem:
    """Return a problem in line 36 of config.yaml."""
    place = Place("config.yaml", 36, column, width, text)
    return Problem(str(place), "scoring, rule 1: something is wrong", fix, place, under)


def test_the_screen_of_check() -> None:
    """Where, what, the line, a caret under the wrong words, and the nearest right spelling."""
    place = Place("config.yaml", 36, 11, 8, "    when: employes >= 20")
    what = 'scoring, rule 1: there is no column "employes"'

    shown = show(Problem(str(place), what, "", place, 'did you mean "employees" (Office size)?'))

    assert shown == (
        'config.yaml:36:11  scoring, rule 1: there is no column "employes"\n'
        "   |\n"
        "36 |     when: employes >= 20\n"
        '   |           ^^^^^^^^ did you mean "employees" (Office size)?'
    )


def test_hint_and_remedy_both_have_a_place() -> None:
    """What to write stands behind the caret, what to do besides on a line of its own."""
    assert show(problem("a: b", 4, fix="or take it out")).splitlines()[1:] == [
        "   |",
        "36 | a: b",
        "   |    ^ here",
        "   = or take it out",
    ]


def test_remedy_alone_stands_behind_the_caret() -> None:
    """A problem with one remedy shows it where the eye is."""
    assert show(problem("a: b", 4, under="", fix="take it out")).endswith("   |    ^ take it out")


def test_wide_letters_are_two_columns() -> None:
    """The caret stands under the right word behind Chinese, and behind accents that take no column."""
    assert show(problem("名前: x wrong", 7, 5)).splitlines()[-1] == "   |         ^^^^^ here"
    assert show(problem("e\u0301: wrong", 5, 5)).splitlines()[-1] == "   |    ^^^^^ here"


def test_tabs_are_shown_as_spaces() -> None:
    """A tab is drawn four columns wide, and so is the caret under it."""
    assert show(problem("\ta: b", 1)).splitlines()[-2:] == ["36 |     a: b", "   | ^^^^ here"]
    assert show(problem("\ta: b", 5)).splitlines()[-1] == "   |        ^ here"


def test_controls_do_not_reach_the_terminal() -> None:
    """A sign that would move the cursor or colour the screen is shown as a box."""
    assert "\x1b" not in show(problem("a: \x1b[31mred", 4))


def test_line_with_a_secret_is_not_shown() -> None:
    """Without the line, hint and remedy are still told."""
    assert show(problem("", 4, fix="put it in .env")).splitlines()[1:] == ["    here", "    put it in .env"]


def test_problem_without_a_place() -> None:
    """A row of the sheet is told in one line and its remedy."""
    shown = show(Problem("Leads!C131 (Ann Gruber)", '"ann@gmial" is not an email address', "correct the cell"))

    assert shown == 'Leads!C131 (Ann Gruber)  "ann@gmial" is not an email address\n    correct the cell'


def test_long_line_is_shown_around_the_wrong_words() -> None:
    """Of a very long line the part that matters is drawn, with dots where it goes on."""
    line = "a: " + "x" * 500 + " wrong " + "y" * 500

    drawn = show(problem(line, 505, 5)).splitlines()

    assert drawn[2].startswith("36 | ... x")
    assert drawn[2].endswith("y ...")
    start = drawn[3].index("^")
    assert drawn[2][start : start + 5] == "wrong"


@given(
    text=st.text(st.characters(exclude_characters="\r\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"), max_size=300),
    column=st.integers(1, 320),
    width=st.integers(1, 320),
)
def test_any_place_is_drawn(text: str, column: int, width: int) -> None:
    """Wherever a problem points, the drawing has a caret and fits a wide screen."""
    drawn = show(problem(text, column, width)).splitlines()

    if text:
        assert any("^" in line for line in drawn[3:])
        assert all(len(line) <= 2 * MAX_WIDTH for line in drawn)
