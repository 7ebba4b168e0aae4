"""The local Google Sheets server: what a program sees of it over HTTP."""

from __future__ import annotations

import http.client
import threading
from collections.abc import Callable
from contextlib import closing

import pytest
from sheets import LEADS, ask, leads, served, target

from automations.sources.sheets_sim import Quotas, SimSpreadsheet, Upcoming, faults


def test_reading_gives_rows_without_their_empty_ends() -> None:
    """A range comes back row by row, without what is empty at the end of a row or of the range."""
    world = SimSpreadsheet.from_rows({"Leads": [["Email", "Name", None], ["eva@muster.example"], [], ["", "Tom"]]})

    with served(world) as server:
        answer = ask(server, "GET", target(world, "/values/Leads!A1:C"))

    assert answer.status == 200
    assert answer.json == {
        "range": "Leads!A1:C1000",
        "majorDimension": "ROWS",
        "values": [["Email", "Name"], ["eva@muster.example"], [], ["", "Tom"]],
    }


def test_a_write_echoes_the_whole_range_it_asked_for() -> None:
    """Null leaves the key alone, "" empties a cell, and the answer shows every value of the range."""
    world = leads()
    body = {
        "valueInputOption": "RAW",
        "includeValuesInResponse": True,
        "responseValueRenderOption": "UNFORMATTED_VALUE",
        "data": [
            {
                "dataFilter": {
                    "gridRange": {
                        "sheetId": 0,
                        "startRowIndex": 1,
                        "endRowIndex": 2,
                        "startColumnIndex": 0,
                        "endColumnIndex": 4,
                    }
                },
                "values": [[None, None, 90, ""]],
            }
        ],
    }

    with served(world) as server:
        answer = ask(server, "POST", target(world, "/values:batchUpdateByDataFilter"), body)

    assert answer.status == 200
    assert answer.json["responses"][0]["updatedData"] == {
        "range": "Leads!A2:D2",
        "majorDimension": "ROWS",
        "values": [["eva@muster.example", "Eva Muster", 90]],
    }
    assert answer.json["totalUpdatedCells"] == 2
    assert world.values("Leads!A2:D2") == [["eva@muster.example", "Eva Muster", 90]]


def test_a_batch_is_done_as_a_whole_or_not_at_all() -> None:
    """When one range of a batch cannot be written, none is."""
    world = leads()
    body = {
        "valueInputOption": "RAW",
        "data": [{"range": "Leads!C2", "values": [[1]]}, {"range": "Nobody!C2", "values": [[1]]}],
    }

    with served(world) as server:
        answer = ask(server, "POST", target(world, "/values:batchUpdate"), body)

    assert answer.status == 400
    assert answer.json["error"]["message"] == "Invalid data[1]: Unable to parse range: Nobody!C2"
    assert world.values("Leads!A1:D4") == [list(row) for row in LEADS]


def test_people_may_edit_between_two_calls() -> None:
    """What a person does just before a call is what the call meets."""
    world = leads()

    def sort_before_the_second(world: SimSpreadsheet, upcoming: Upcoming) -> None:
        if upcoming.number == 2:
            world.sort("Leads!A2:D4", by="C")

    with served(world) as server:
        server.between(sort_before_the_second)
        first = ask(server, "GET", target(world, "/values/Leads!A2:A4"))
        second = ask(server, "GET", target(world, "/values/Leads!A2:A4"))

    assert first.json["values"] == [["eva@muster.example"], ["tom@reich.example"], ["ana@costa.example"]]
    assert second.json["values"] == [["tom@reich.example"], ["ana@costa.example"], ["eva@muster.example"]]


WRITE = {"values": [[99]]}


@pytest.mark.parametrize("applies", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("fault", [faults.unavailable, faults.failed], ids=["503", "500"])
def test_a_server_error_comes_before_or_after_the_write(fault: Callable[..., faults.Fault], *, applies: bool) -> None:
    """A 5xx says nothing about whether the write was done: both happen."""
    world = leads()

    with served(world) as server:
        server.script(fault(applies=applies, path="/values/"))
        answer = ask(server, "PUT", target(world, "/values/Leads!C2", valueInputOption="RAW"), WRITE)

    assert answer.status in {500, 503}
    assert world.value("Leads!C2") == (99 if applies else 80)


@pytest.mark.parametrize("fault", [faults.silent, faults.dropped], ids=["silent", "dropped"])
@pytest.mark.parametrize("applies", [False, True], ids=["before", "after"])
def test_no_answer_at_all(fault: Callable[..., faults.Fault], *, applies: bool) -> None:
    """A call can stay without an answer, and still have been carried out."""
    world = leads()

    with served(world) as server:
        server.script(fault(applies=applies))
        with pytest.raises((TimeoutError, http.client.RemoteDisconnected)):
            ask(server, "PUT", target(world, "/values/Leads!C2", valueInputOption="RAW"), WRITE, seconds=0.3)
        again = ask(server, "GET", target(world, "/values/Leads!C2", valueRenderOption="UNFORMATTED_VALUE"))

        assert again.json["values"] == [[99 if applies else 80]]
        assert [each.status for each in server.calls] == [0, 200]


def test_the_scripted_call_is_the_one_that_fails() -> None:
    """A fault meets the calls it is written for, as often as it says, with the wait it names."""
    world = leads()

    with served(world) as server:
        server.script(faults.too_many(nth=2, times=2, retry_after="7"))
        answers = [ask(server, "GET", target(world, "")) for _ in range(5)]

    assert [each.status for each in answers] == [200, 429, 429, 200, 200]
    assert answers[1].headers["Retry-After"] == "7"


def test_quotas_count_reads_and_writes_apart_and_come_back_after_a_minute() -> None:
    """Sixty calls a minute are served, the next is refused, and a minute later there are sixty more."""
    world = leads()
    now = [0.0]

    with served(world, quotas=Quotas(per_user=2, clock=lambda: now[0])) as server:
        reads = [ask(server, "GET", target(world, "/values/Leads!A1")).status for _ in range(3)]
        write_status = ask(server, "PUT", target(world, "/values/Leads!C2", valueInputOption="RAW"), WRITE).status
        now[0] = 60.0
        later = ask(server, "GET", target(world, "/values/Leads!A1")).status

    assert (reads, write_status, later) == ([200, 200, 429], 200, 200)


def test_one_connection_serves_many_calls() -> None:
    """A connection stays open between calls, as clients expect of HTTP/1.1."""
    world = leads()

    with served(world) as server, closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)) as client:
        statuses = []
        for _ in range(20):
            client.request("GET", target(world, "/values/Leads!A1"))
            reply = client.getresponse()
            reply.read()
            statuses.append(reply.status)

    assert statuses == [200] * 20


def test_calls_at_once_lose_no_write() -> None:
    """Forty writers at the same time: every cell has its own writer's value."""
    world = leads()
    with served(world) as server:

        def write_row(row: int) -> None:
            at = target(world, f"/values/Leads!F{row}", valueInputOption="RAW")
            assert ask(server, "PUT", at, {"values": [[row]]}).status == 200

        threads = [threading.Thread(target=write_row, args=(row,)) for row in range(1, 41)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert world.values("Leads!F1:F40") == [[row] for row in range(1, 41)]


@pytest.mark.parametrize(
    ("change", "status"),
    [(SimSpreadsheet.trash, 404), (SimSpreadsheet.unshare, 403)],
    ids=["deleted", "no longer shared"],
)
def test_a_file_can_go_away(change: Callable[[SimSpreadsheet], None], status: int) -> None:
    """A file that was deleted is not found; one that is no longer shared may not be seen."""
    world = leads()

    with served(world) as server:
        change(world)
        answer = ask(server, "GET", target(world, ""))

    assert answer.status == status
