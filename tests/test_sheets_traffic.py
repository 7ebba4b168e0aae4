"""The local Google Sheets server against what others recorded of Google's: traffic, error bodies, description."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cassettes import cassettes, counted, differences, replay
from corpus import corpus, needs_corpus
from discovery import schemas, wrong
from sheets import batch, leads, service, target, told

from automations.sources.sheets_sim import Fault, Quotas, SheetsService, SimSpreadsheet, faults
from automations.sources.sheets_sim.messages import ENUMS, MESSAGES, OTHER_REQUESTS
from automations.sources.sheets_sim.methods import METHODS

pytestmark = needs_corpus

DOCS = Path(__file__).resolve().parents[1] / "docs" / "google-sheets.md"


@pytest.mark.parametrize("cassette", cassettes(), ids=lambda path: path.stem)
def test_recorded_traffic_replays(cassette: Path) -> None:
    """Every exchange that gspread recorded with Google gets the same status and the same body here."""
    found = [(verdict.exchange.endpoint, verdict.differences) for verdict in replay(cassette) if verdict.differences]

    assert found == []


def test_the_docs_state_how_much_replays() -> None:
    """The counts in the docs are those of the replay."""
    count, _, skipped = counted()

    sentence = (
        f"{count.sessions} recorded sessions hold {count.replayed + count.different + count.not_compared} exchanges:"
        f" {count.replayed} replay, {count.not_compared} are not implemented"
    )
    assert count.different == 0
    assert skipped == {"PUT /upload/drive/v2/files/{id}": 2}
    assert sentence in " ".join(DOCS.read_text(encoding="utf-8").split())


def test_a_difference_would_be_seen() -> None:
    """The replay compares values, and names that Google gives wherever they come again."""
    names: dict[object, object] = {}

    first = differences({"sheetId": 7, "title": "A"}, {"sheetId": 1, "title": "A"}, names)
    again = differences({"sheetId": 7, "title": "A"}, {"sheetId": 2, "title": "B"}, names)

    assert first == []
    assert again == [".sheetId: 2, recorded 7", ".title: 'B', recorded 'A'"]


@pytest.mark.parametrize("message", MESSAGES, ids=str)
def test_a_message_has_googles_fields(message: str) -> None:
    """Every message that the server knows has the fields of Google's description, no more and no fewer."""
    described = schemas()[message].get("properties", {})
    fields = MESSAGES[message]
    left_out = OTHER_REQUESTS if message == "Request" else _other_replies() if message == "Response" else frozenset()

    assert set(fields) == set(described) - left_out
    assert [name for name, kind in fields.items() if not _is_same(described[name], kind)] == []


def _other_replies() -> frozenset[str]:
    return frozenset(schemas()["Response"]["properties"]) & OTHER_REQUESTS


def _is_same(described: dict[str, Any], kind: str) -> bool:
    if described.get("type") == "array":
        items = described["items"]
        return kind == "*list" if items.get("type") == "array" else kind[0] == "*" and _is_same(items, kind[1:])
    if "$ref" in described:
        return kind in {described["$ref"], "{}"}
    if "enum" in described:
        return bool(list(ENUMS.get(kind, ())) == described["enum"])
    simple = {"string": {"text", "mask"}, "integer": {"int"}, "boolean": {"bool"}, "number": {"number"}}
    types: set[str] = {**simple, "object": {"{}"}, "any": {"any"}}[described["type"]]
    return kind in types


def test_every_method_of_the_description_is_there() -> None:
    """The server has every method of spreadsheets but create, which is Drive's here."""
    text = json.loads(corpus("sheets-api/discovery/sheets.v4.json").read_text(encoding="utf-8"))

    def names(resource: dict[str, Any]) -> list[str]:
        own = [method["id"].removeprefix("sheets.") for method in resource.get("methods", {}).values()]
        return own + [name for below in resource.get("resources", {}).values() for name in names(below)]

    assert set(names(text)) - {each.name for each in METHODS} == {"spreadsheets.create"}
    assert {each.name for each in METHODS} <= set(names(text))


def test_answers_are_what_the_description_says() -> None:
    """A spreadsheet with everything on it is described in fields that exist, with values of their types."""
    world = decorated()

    whole = told(service(world), "GET", target(world, "", includeGridData="true"))
    read = told(service(world), "GET", target(world, "/values/Leads!A1:D4"))

    assert whole.status == 200
    assert list(wrong("Spreadsheet", whole.json)) == []
    assert list(wrong("ValueRange", read.json)) == []
    assert {"protectedRanges", "conditionalFormats", "basicFilter", "merges", "developerMetadata", "data"} <= set(
        whole.json["sheets"][0]
    )


GRID = {"sheetId": 0, "startRowIndex": 1, "endRowIndex": 4, "startColumnIndex": 2, "endColumnIndex": 3}
BLUE = {"backgroundColor": {"blue": 1}}


def decorated() -> SimSpreadsheet:
    """Return a spreadsheet with all that the program puts on one."""
    world = leads(Mirror=[["=Leads!A2"], ["=1/0"], [True], [12.5]])
    world.edit("Leads!E2", "2026-01-05")
    formatted = {"condition": {"type": "TEXT_EQ", "values": [{"userEnteredValue": "hot"}]}, "format": BLUE}
    choices = {"type": "ONE_OF_LIST", "values": [{"userEnteredValue": "New"}]}
    column = {"sheetId": 0, "dimension": "COLUMNS", "startIndex": 2, "endIndex": 3}
    metadata = {"metadataKey": "score", "visibility": "DOCUMENT"}
    requests: list[dict[str, Any]] = [
        {"addProtectedRange": {"protectedRange": {"range": GRID, "description": "ours"}}},
        {"addConditionalFormatRule": {"rule": {"ranges": [GRID], "booleanRule": formatted}, "index": 0}},
        {"setDataValidation": {"range": GRID, "rule": {"condition": choices, "strict": True, "showCustomUi": True}}},
        {"setBasicFilter": {"filter": {"range": {"sheetId": 0}}}},
        {"mergeCells": {"range": {**GRID, "startColumnIndex": 7, "endColumnIndex": 8}, "mergeType": "MERGE_ALL"}},
        {"addNamedRange": {"namedRange": {"name": "Scores", "range": GRID}}},
        {"createDeveloperMetadata": {"developerMetadata": {**metadata, "location": {"dimensionRange": column}}}},
        {"createDeveloperMetadata": {"developerMetadata": {**metadata, "location": {"sheetId": 0}}}},
        {"createDeveloperMetadata": {"developerMetadata": {**metadata, "location": {"spreadsheet": True}}}},
        {"repeatCell": {"range": GRID, "cell": {"userEnteredFormat": BLUE, "note": "why"}, "fields": "*"}},
    ]
    answer = batch(service(world), world, *requests)
    assert answer.status == 200, answer.json
    assert list(wrong("BatchUpdateSpreadsheetResponse", answer.json)) == []
    return world


def bodies() -> list[dict[str, Any]]:
    """Return the error bodies that others recorded or quoted."""
    found: list[dict[str, Any]] = json.loads(corpus("sheets-api/error-bodies.json").read_text(encoding="utf-8"))
    return found


def body_like(message: str) -> dict[str, Any]:
    """Return the recorded body with that in its message."""
    found: dict[str, Any] = next(each["body"] for each in bodies() if message in each["body"]["error"]["message"])
    return found


def hidden_all() -> dict[str, Any]:
    """Return the answer to hiding the only tab."""
    world = leads()
    wanted = {"properties": {"sheetId": 0, "hidden": True}, "fields": "hidden"}
    found: dict[str, Any] = batch(service(world), world, {"updateSheetProperties": wanted}).json
    return found


def sized(title: str, rows: int, columns: int) -> SimSpreadsheet:
    """Return a spreadsheet with one tab of that size."""
    world = SimSpreadsheet.from_rows({title: []})
    grid = {"rowCount": rows, "columnCount": columns}
    wanted = {"properties": {"sheetId": 0, "gridProperties": grid}, "fields": "gridProperties"}
    assert batch(service(world), world, {"updateSheetProperties": wanted}).status == 200
    return world


def read_at(world: SimSpreadsheet, where: str) -> dict[str, Any]:
    """Return the answer to reading a range."""
    found: dict[str, Any] = told(service(world), "GET", target(world, f"/values/{where}")).json
    return found


def refused_by_protection() -> dict[str, Any]:
    """Return the answer to writing where someone else has protected."""
    world = leads()
    world.protect("Leads!C1:C9")
    at = target(world, "/values/Leads!C2", valueInputOption="RAW")
    found: dict[str, Any] = told(service(world), "PUT", at, {"values": [[1]]}).json
    return found


def one_call_too_many() -> dict[str, Any]:
    """Return the answer to the first write of a minute that has none left."""
    world = leads()
    quotas = Quotas(per_user=0, project="NNN")
    at = target(world, "/values/Leads!C2", valueInputOption="RAW")
    found: dict[str, Any] = told(SheetsService(world, quotas=quotas), "PUT", at, {"values": [[1]]}).json
    return found


def scripted(fault: Fault) -> dict[str, Any]:
    """Return the answer that a fault gives."""
    world = leads()
    local = service(world)
    local.script(fault)
    found: dict[str, Any] = told(local, "GET", target(world, "")).json
    return found


def appended_beyond() -> dict[str, Any]:
    """Return the answer to appending a row of 27 cells to a tab of 26 columns."""
    world = leads()
    cells = [{"values": [{"userEnteredValue": {"numberValue": 1}}] * 27}]
    wanted = {"sheetId": 0, "rows": cells, "fields": "userEnteredValue"}
    found: dict[str, Any] = batch(service(world), world, {"appendCells": wanted}).json
    return found


RECORDED = {
    "Requested entity was not found": lambda: told(service(leads()), "GET", "/v4/spreadsheets/nobody").json,
    "The caller does not have permission": lambda: scripted(faults.forbidden()),
    "You can't hide all": hidden_all,
    "Quota exceeded": one_call_too_many,
    "currently unavailable": lambda: scripted(faults.unavailable()),
    "Internal error": lambda: scripted(faults.failed()),
    "Unable to parse range": lambda: read_at(leads(**{"all prompts": []}), "'all prompts'!A1:[5"),
    "exceeds grid limits": lambda: read_at(sized("Solar", 981, 24), "Solar!Y1"),
    "Attempting to write column": appended_beyond,
    "protected cell": refused_by_protection,
}


@pytest.mark.parametrize("message", RECORDED, ids=lambda text: text.replace(" ", "-"))
def test_an_error_is_worded_as_googles(message: str) -> None:
    """A refusal has the body that others recorded of Google's, word for word."""
    assert RECORDED[message]() == body_like(message)


def test_too_many_cells_are_refused_in_googles_words() -> None:
    """The limit has moved since the wording was recorded; all but the number is the same."""
    world = leads()

    answer = batch(service(world), world, {"appendDimension": {"dimension": "ROWS", "length": 400_000}})

    recorded = body_like("above the limit")["error"]["message"]
    assert answer.status == 400
    assert answer.json["error"]["message"] == (
        "Invalid requests[0].appendDimension: " + re.sub("[0-9]+", "10000000", recorded)
    )


def test_two_recorded_bodies_are_not_made_here() -> None:
    """The wording of 2018 for a quota is history, and one body has its details left out: the cassette has them."""
    made = {json.dumps(body_like(message)) for message in RECORDED} | {json.dumps(body_like("above the limit"))}

    others = [each["body"]["error"]["message"] for each in bodies() if json.dumps(each["body"]) not in made]

    assert [message.split(" ")[0] for message in others] == ["Invalid", "Insufficient"]
