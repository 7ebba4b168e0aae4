"""Two thousand short days in a shared sheet: nothing of ours stays in another lead's row without a word."""

from __future__ import annotations

import pytest
from sheet_days import RARE, USUAL, by_row_number, one_day, season

CHUNK = 500


@pytest.mark.parametrize("first", range(0, 4 * CHUNK, CHUNK))
def test_no_value_stays_in_a_wrong_row_unseen(first: int) -> None:
    """People sort, insert, delete, move and edit between any two of our calls: what went wrong is repaired or told."""
    done = season(range(first, first + CHUNK), 0.25, leads=12, changes=5)

    assert done.edits > CHUNK // 2
    assert (done.silent, done.missing) == (0, 0)
    assert done.days_wrong <= CHUNK // 50
    assert done.most_calls <= 11


def test_a_calm_week_takes_three_calls_a_run() -> None:
    """Where people seldom edit in the same second, a run takes three calls, five when something has to be repaired."""
    done = season(range(200), 0.02, leads=12, changes=5)

    assert (done.wrong, done.silent, done.missing) == (0, 0, 0)
    assert done.calls / done.days < 3.1


def test_the_same_days_are_bad_for_who_writes_by_row_number() -> None:
    """The same days can go wrong: written by row number, every fifth leaves values with the wrong person, unseen."""
    done = season(range(500), 0.25, by_row_number, leads=12, changes=5)

    assert done.days_wrong > 75
    assert done.silent == done.wrong > 200


def test_rare_deeds_are_told_too_when_they_are_rare() -> None:
    """Also where leads are copied and addresses changed now and then, nothing of ours stays in a wrong row unseen."""
    done = season(range(300), 0.05, deeds=USUAL + RARE, leads=12, changes=5)

    assert (done.silent, done.missing) == (0, 0)


def test_a_day_is_the_same_twice() -> None:
    """The same seed is the same day, so that what fails can be looked at."""
    assert one_day(7, 0.5) == one_day(7, 0.5)


def test_a_stray_value_in_a_lead_that_came_meanwhile_is_cleared() -> None:
    """A lead that was inserted while we wrote, and got another's value, has an empty cell again in the end.

    On this day the first repair goes astray, too; the value was once taken for the new lead's own.
    """
    day = one_day(195, 0.6, leads=8, changes=4)

    assert (day.edits, day.wrong, day.missing) == (3, (), ())
