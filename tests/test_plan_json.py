"""A plan as JSON (law 7)."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from automations.core.leads import LeadKey
from automations.core.messages import MessageKey
from automations.core.plan import Hold, HoldKind, Move, MoveKind, Plan, RowUpdate, Send, Task
from automations.errors import Place, Problem
from automations.report.plan_json import plan_from_json, plan_id, plan_to_json

BERLIN = ZoneInfo("Europe/Berlin")
NINE = datetime(2026, 11, 23, 9, tzinfo=BERLIN)

ZONES = st.sampled_from((UTC, BERLIN, ZoneInfo("Asia/Kolkata"), ZoneInfo("America/St_Johns")))
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1)).map(lambda each: each.replace(tzinfo=UTC))  # noqa: DTZ001 - the zone follows
MOMENTS = st.builds(lambda instant, zone: instant.astimezone(zone), INSTANTS, ZONES)
CELLS = st.one_of(
    st.none(),
    st.text(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.dates(),
    st.times(),
    st.datetimes(),
    MOMENTS,
    st.timedeltas(),
)
KEYS = st.text(min_size=1).map(LeadKey)
TEXTS = st.text()
COUNTS = st.integers(0, 10**6)
SENDS = st.builds(
    Send,
    key=KEYS,
    to=TEXTS,
    sequence=TEXTS,
    step=TEXTS,
    sender=TEXTS,
    at=MOMENTS,
    subject=TEXTS,
    because=TEXTS,
    message=TEXTS.map(MessageKey),
    company=TEXTS,
    digest=TEXTS,
    retry=st.booleans(),
)
PLACES = st.builds(Place, TEXTS, COUNTS, COUNTS, COUNTS, TEXTS)
PROBLEMS = st.builds(Problem, TEXTS, TEXTS, TEXTS, st.none() | PLACES, TEXTS)


def few(strategy: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    """Return tuples of up to three."""
    return st.lists(strategy, max_size=3).map(tuple)


PLANS = st.builds(
    Plan,
    made_at=MOMENTS,
    leads_read=COUNTS,
    updates=few(st.builds(RowUpdate, KEYS, COUNTS, TEXTS, CELLS, CELLS, TEXTS)),
    sends=few(SENDS),
    later=few(SENDS),
    holds=few(st.builds(Hold, KEYS, TEXTS, TEXTS, st.sampled_from(HoldKind), st.none() | MOMENTS)),
    tasks=few(st.builds(Task, KEYS, TEXTS, TEXTS, MOMENTS, TEXTS, TEXTS)),
    moves=few(st.builds(Move, KEYS, TEXTS, st.sampled_from(MoveKind), MOMENTS, TEXTS, TEXTS, st.booleans())),
    new_columns=few(TEXTS),
    problems=few(PROBLEMS),
    rows=st.dictionaries(TEXTS, COUNTS, max_size=4),
    segments=st.dictionaries(TEXTS, st.tuples(COUNTS, st.integers()), max_size=3),
    sheet=TEXTS,
    names=st.dictionaries(KEYS, TEXTS, max_size=3),
)


@settings(max_examples=300, deadline=None)
@given(PLANS)
def test_a_plan_survives_json_and_comes_back_equal(plan: Plan) -> None:
    """A plan that was saved and read again is the plan that was shown (law 7)."""
    text = json.dumps(plan_to_json(plan), allow_nan=False)

    again = plan_from_json(json.loads(text))

    assert again == plan
    assert plan_id(again) == plan_id(plan)


SMALL = Plan(
    made_at=NINE,
    leads_read=2,
    updates=(RowUpdate(LeadKey("eva@muster.example"), 14, "Score", 50, 80, "asks for a price +30"),),
    sends=(
        Send(
            LeadKey("eva@muster.example"), "Eva@muster.example", "welcome", "welcome-1", "anna", NINE,
            "Coffee for 80 people?", "segment is hot", MessageKey("m1"),
        ),
    ),
    holds=(Hold(LeadKey("tom@reich.example"), "welcome, welcome-1", "it is night there", HoldKind.WINDOW, NINE),),
    tasks=(Task(LeadKey("eva@muster.example"), "anna", "Call Eva", NINE, "welcome", "task-1"),),
    problems=(Problem("Leads!C131 (Ann Gruber)", "there is no @", "correct the cell"),),
    rows={"changed": 1, "held": 1},
)  # fmt: skip


def test_programs_find_the_fields_of_the_appendix() -> None:
    """What plan --json prints has the fields that programs rely on, with the names of the glossary."""
    data = plan_to_json(SMALL)

    assert data["made_at"] == "2026-11-23T09:00:00+01:00"
    assert data["leads_read"] == 2
    assert data["updates"] == [
        {
            "key": "eva@muster.example",
            "row": 14,
            "column": "Score",
            "old": 50,
            "new": 80,
            "because": "asks for a price +30",
        }
    ]
    promised = ("key", "to", "sequence", "step", "sender", "at", "subject", "because")
    assert {name: data["sends"][0][name] for name in promised} == {
        "key": "eva@muster.example",
        "to": "Eva@muster.example",
        "sequence": "welcome",
        "step": "welcome-1",
        "sender": "anna",
        "at": "2026-11-23T09:00:00+01:00",
        "subject": "Coffee for 80 people?",
        "because": "segment is hot",
    }
    assert data["later"] == []
    assert data["holds"] == [
        {
            "key": "tom@reich.example",
            "what": "welcome, welcome-1",
            "why": "it is night there",
            "kind": "outside the sending hours",
            "until": "2026-11-23T09:00:00+01:00",
            "until_is": "Europe/Berlin",
        }
    ]
    assert data["tasks"][0]["owner"] == "anna"
    assert data["tasks"][0]["due"] == "2026-11-23T09:00:00+01:00"
    assert {name: data["problems"][0][name] for name in ("where", "what", "fix")} == {
        "where": "Leads!C131 (Ann Gruber)",
        "what": "there is no @",
        "fix": "correct the cell",
    }
    assert data["counts"] == {
        "rows_changed": 1,
        "rows_held": 1,
        "cells": 1,
        "sends": 1,
        "later": 0,
        "holds": 1,
        "tasks": 1,
        "problems": 1,
    }
    assert len(data["plan"]) == 8


@pytest.mark.parametrize(
    ("cell", "written", "mark"),
    [
        pytest.param(date(2026, 11, 16), "2026-11-16", "date", id="a day"),
        pytest.param(time(9, 30), "09:30:00", "time", id="a time of day"),
        pytest.param(timedelta(hours=1, microseconds=5), "PT3600.000005S", "duration", id="a duration"),
        pytest.param(timedelta(hours=-1), "-PT3600.000000S", "duration", id="a negative duration"),
        pytest.param(float("inf"), "inf", "number", id="a number JSON cannot hold"),
        pytest.param(datetime(2026, 11, 16, 9), "2026-11-16T09:00:00", "datetime", id="a day with its time"),  # noqa: DTZ001 - as Excel has it
    ],
)
def test_what_json_cannot_hold_is_text_with_a_mark(cell: object, written: str, mark: str) -> None:
    """A date in a cell is readable text for every program, and still a date when it comes back."""
    plan = Plan(NINE, 1, updates=(RowUpdate(LeadKey("k"), 2, "Asked on", None, cell, ""),))  # type: ignore[arg-type]

    data = plan_to_json(plan)

    assert (data["updates"][0]["new"], data["updates"][0]["new_is"]) == (written, mark)
    assert plan_from_json(data) == plan


def test_an_hour_that_autumn_shows_twice_comes_back_as_the_one_it_was() -> None:
    """Half past two of the night in October when clocks go back is told from the half past two an hour later."""
    second = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN)

    again = plan_from_json(plan_to_json(Plan(second, 0)))

    assert again.made_at == second
    assert again.made_at.astimezone(UTC) == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)


def _changed(**changes: object) -> dict[str, object]:
    return {**plan_to_json(SMALL), **changes}


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param({}, "is not a plan", id="something else"),
        pytest.param(_changed(leads_read=3), "was changed after it was saved", id="a number changed by hand"),
        pytest.param(_changed(plan="00000000"), "was changed after it was saved", id="another name"),
    ],
)
def test_a_plan_that_somebody_changed_is_refused(data: dict[str, object], why: str) -> None:
    """What was reviewed is what happens: a file edited in between is no longer what was reviewed."""
    with pytest.raises(ValueError, match=f"^{why}$"):
        plan_from_json(data)
