"""Laws of the local Google Sheets server: places that follow, texts of ranges, and requests of any kind."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sheets import batch, leads, service, target, told

from automations.sources.sheets_sim import SimSpreadsheet
from automations.sources.sheets_sim.a1 import Span, Written, column_number, column_word, parse, span_text
from automations.sources.sheets_sim.messages import MESSAGES
from automations.sources.sheets_sim.methods import METHODS

SIZE = 12

STEPS = st.one_of(
    st.tuples(st.just("insert"), st.integers(1, SIZE), st.integers(1, 3)),
    st.tuples(st.just("delete"), st.integers(1, SIZE), st.integers(1, 3)),
    st.tuples(st.just("move"), st.integers(1, SIZE), st.integers(1, SIZE)),
    st.tuples(st.just("sort"), st.just(1), st.just(1)),
)


def marked() -> SimSpreadsheet:
    """Return twelve rows with their number in A, each with metadata whose id is that number; the rest is cut off."""
    world = SimSpreadsheet.from_rows({"Leads": [[number] for number in range(1, SIZE + 1)]})
    grid = {"properties": {"sheetId": 0, "gridProperties": {"rowCount": SIZE}}, "fields": "gridProperties.rowCount"}
    marks = [
        {
            "createDeveloperMetadata": {
                "developerMetadata": {
                    "metadataId": number,
                    "metadataKey": "k",
                    "visibility": "DOCUMENT",
                    "location": {
                        "dimensionRange": {
                            "sheetId": 0,
                            "dimension": "ROWS",
                            "startIndex": number - 1,
                            "endIndex": number,
                        }
                    },
                }
            }
        }
        for number in range(1, SIZE + 1)
    ]
    assert batch(service(world), world, {"updateSheetProperties": grid}, *marks).status == 200
    return world


def stepped(world: SimSpreadsheet, rows: list[tuple[int, int]], step: tuple[str, int, int]) -> list[tuple[int, int]]:
    """Let people take one step, and return the same step on a list of (metadata id, value)."""
    kind, first, other = step
    size = len(rows)
    at = min(first, size)
    if kind == "insert":
        world.insert_rows("Leads", at, other)
        return rows[: at - 1] + [(0, 0)] * other + rows[at - 1 :]
    if kind == "delete":
        count = min(other, size - at + 1)
        if count == size:
            return rows
        world.delete_rows("Leads", at, count)
        return rows[: at - 1] + rows[at - 1 + count :]
    if kind == "move":
        to = min(other, size)
        world.move_rows("Leads", at, to)
        rest = rows[: at - 1] + rows[at:]
        landing = to - 1 if to <= at else to - 2
        return [*rest[:landing], rows[at - 1], *rest[landing:]]
    world.sort(f"Leads!A1:A{size}", by="A", descending=True)
    values = sorted((value for _, value in rows if value), reverse=True) + [0] * size
    return [(mark, values[index]) for index, (mark, _) in enumerate(rows)]


@given(st.lists(STEPS, max_size=8))
@settings(max_examples=120, deadline=None)
def test_metadata_follows_its_row_and_dies_with_it(steps: list[tuple[str, int, int]]) -> None:
    """Metadata goes where its row goes; a sort moves what is in the cells, and leaves metadata where it is."""
    world = marked()
    rows = [(number, number) for number in range(1, SIZE + 1)]

    for step in steps:
        rows = stepped(world, rows, step)

    places = {each.metadata_id: each.place for each in world.state.metadata.values()}
    assert places == {mark: index for index, (mark, _) in enumerate(rows) if mark}
    values = [row[0] if row else 0 for row in world.values("Leads!A:A")]
    assert values + [0] * (len(rows) - len(values)) == [value for _, value in rows]
    assert world.sheet("Leads").row_count == len(rows)


@given(st.lists(STEPS, max_size=5), st.integers(1, SIZE))
@settings(max_examples=60, deadline=None)
def test_a_lookup_reads_the_row_that_the_metadata_is_on(steps: list[tuple[str, int, int]], wanted: int) -> None:
    """A DataFilter by metadata gives the row where it is now, and nothing when the row is gone."""
    world = marked()
    rows = [(number, number) for number in range(1, SIZE + 1)]
    for step in steps:
        rows = stepped(world, rows, step)
    body = {
        "dataFilters": [{"developerMetadataLookup": {"metadataId": wanted}}],
        "valueRenderOption": "UNFORMATTED_VALUE",
    }

    answer = told(service(world), "POST", target(world, "/values:batchGetByDataFilter"), body)

    expected = [[[value]] if value else None for mark, value in rows if mark == wanted]
    assert [each["valueRange"].get("values") for each in answer.json.get("valueRanges", [])] == expected


@given(st.integers(0, 18_277))
def test_columns_have_letters(index: int) -> None:
    """A column's letters name that column and no other."""
    assert column_number(column_word(index)) == index


@given(
    st.text(min_size=1, max_size=12).filter(lambda text: not text.startswith("!")),
    st.tuples(st.integers(0, 50), st.integers(1, 9), st.integers(0, 50), st.integers(1, 9)),
)
def test_a_written_range_is_read_as_itself(title: str, place: tuple[int, int, int, int]) -> None:
    """Whatever a tab is called, the text of a range on it means that range."""
    top, rows, left, columns = place
    span = Span(top, top + rows, left, left + columns)

    assert parse(span_text(title, span)) == Written(title, *span)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("A1", Written(None, 0, 1, 0, 1)),
        ("A:C", Written(None, None, None, 0, 3)),
        ("2:5", Written(None, 1, 5, None, None)),
        ("Leads!A2:C", Written("Leads", 1, None, 0, 3)),
        ("D4:A1", Written(None, 0, 4, 0, 4)),
        ("R2C3:R4C5", Written(None, 1, 4, 2, 5)),
        ("'A1'", Written("A1")),
        ("'R1C1'!B2", Written("R1C1", 1, 2, 1, 2)),
        ("'Bob''s'!$A$1", Written("Bob's", 0, 1, 0, 1)),
        ("Leads", Written("Leads")),
        ("Leads!A1:[5", None),
        ("Leads!A0", None),
    ],
    ids=str,
)
def test_range_texts(text: str, meant: Written | None) -> None:
    """Ranges are read as the screen reads them; quotes make a title of what could be a cell."""
    assert parse(text) == meant


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 30),
    st.sampled_from([2**31, 1e308, -0.5]),
    st.sampled_from(["", "A1", "Leads!A1:C", "=A1", "=SUM(A:A)/0", "ROWS", "COLUMNS", "RAW", "USER_ENTERED", "*", "x"]),
    st.text(max_size=5),
)
NAMES = st.sampled_from(sorted({name for fields in MESSAGES.values() for name in fields})) | st.text(max_size=4)


def of_message(message: str, depth: int) -> st.SearchStrategy[object]:
    """Return JSON that is often, and not always, a message of that name."""
    fields = MESSAGES[message]
    if depth == 0 or not fields:
        return st.dictionaries(NAMES, VALUES, max_size=2)
    known = {name: of_field(kind, depth - 1) for name, kind in fields.items()}
    if message == "Request":
        return st.sampled_from(sorted(known)).flatmap(lambda name: st.fixed_dictionaries({name: known[name]}))
    return st.fixed_dictionaries({}, optional=known) | st.dictionaries(NAMES, VALUES, max_size=2)


def of_field(kind: str, depth: int) -> st.SearchStrategy[object]:
    """Return JSON that is often a field of that type."""
    if kind.startswith("*"):
        return st.lists(of_field(kind[1:], depth), max_size=3)
    if kind in MESSAGES:
        return of_message(kind, depth)
    rows: st.SearchStrategy[object] = st.lists(VALUES, max_size=3)
    return {"list": rows, "int": st.integers(-1, 9), "mask": st.sampled_from(["*", "x", "note", ""])}.get(kind, VALUES)


WRITES = [each for each in METHODS if each.body]


@given(st.data())
@settings(max_examples=250, deadline=None)
def test_a_request_of_any_kind_gets_an_answer(data: st.DataObject) -> None:
    """Whatever comes, the answer is Google's kind of JSON and never a fault of ours, and a refusal changes nothing."""
    world = leads(Mirror=[["=Leads!A2"]])
    method = data.draw(st.sampled_from(WRITES))
    body = data.draw(of_message(method.body, 5) | VALUES)
    path = method.path.replace("{range}", quote(data.draw(st.sampled_from(["Leads!A1:C3", "A1", "x", "'"])), safe=""))
    path = path.replace("{sheetId}", "0")
    before = world.values("Leads!A1:D9", render="FORMULA")

    query = (
        {"valueInputOption": data.draw(st.sampled_from(["RAW", "USER_ENTERED", "x"]))}
        if "{range}" in method.path
        else {}
    )
    at = (
        target(world, "") + path + ("?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else "")
    )
    answer = told(service(world), method.verb, at, json.dumps(body).encode())

    assert answer.status in {200, 400, 404, 501}
    assert isinstance(answer.json, dict)
    if answer.status != 200:
        assert answer.json["error"]["code"] == answer.status
        assert world.values("Leads!A1:D9", render="FORMULA") == before


@given(st.binary(max_size=40), st.text(max_size=30))
@settings(max_examples=150, deadline=None)
def test_no_path_and_no_bytes_are_too_odd(body: bytes, path: str) -> None:
    """Bytes that are no JSON, and paths that are none of ours, are refused."""
    world = leads()

    for at in (f"/{quote(path)}", target(world, ":batchUpdate"), target(world, "/values:batchUpdate")):
        answer = told(service(world), "POST", at, body)
        assert answer.status in {400, 404}
