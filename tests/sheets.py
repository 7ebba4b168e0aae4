"""A caller of the local Google Sheets server: what it asks over HTTP and what comes back, without any library."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from automations.sources.sheets_sim import UNLIMITED, Quotas, SheetsServer, SheetsService, SimSpreadsheet

LEADS = (
    ("Email", "Name", "Score", "Segment"),
    ("eva@muster.example", "Eva Muster", 80, "hot"),
    ("tom@reich.example", "Tom Reich", 20, "cold"),
    ("ana@costa.example", "Ana Costa", 45, "warm"),
)


class Answer(NamedTuple):
    """Status, body as JSON, and headers."""

    status: int
    json: Any  # whatever came
    headers: dict[str, str]


def leads(**tabs: Any) -> SimSpreadsheet:  # noqa: ANN401 - rows of any values
    """Return a spreadsheet with the tab Leads, and others by name."""
    return SimSpreadsheet.from_rows({"Leads": LEADS, **tabs}, time_zone="Europe/Berlin", locale="en_US")


def served(world: SimSpreadsheet, **options: Any) -> SheetsServer:  # noqa: ANN401 - the server's own
    """Return a server for one spreadsheet, without quotas unless they are given."""
    return SheetsServer(world, **{"quotas": Quotas(None, None), **options})


def service(world: SimSpreadsheet) -> SheetsService:
    """Return the same without wires."""
    return SheetsService(world, quotas=UNLIMITED)


def target(world: SimSpreadsheet, path: str, **query: Any) -> str:  # noqa: ANN401 - one value or several
    """Return path and query below a spreadsheet; *path* is not encoded yet."""
    words = urlencode(query, doseq=True)
    return f"/v4/spreadsheets/{world.spreadsheet_id}{quote(path, safe=':/')}" + (f"?{words}" if words else "")


def ask(server: SheetsServer, method: str, at: str, body: object = None, *, seconds: float = 20) -> Answer:
    """Call the server once over a connection of its own."""
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=seconds)) as connection:
        text = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
        connection.request(method, at, text, {"Content-Type": "application/json"})
        reply = connection.getresponse()
        octets = reply.read()
    return Answer(reply.status, json.loads(octets) if octets else None, dict(reply.getheaders()))


def told(service: SheetsService, method: str, at: str, body: object = None) -> Answer:
    """Call the service in this process."""
    octets = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    reply = service.handle(method, at, octets)
    return Answer(reply.status, json.loads(reply.body) if reply.body else None, dict(reply.headers))


def batch(service: SheetsService, world: SimSpreadsheet, *requests: dict[str, Any]) -> Answer:
    """Carry out requests of spreadsheets.batchUpdate."""
    return told(service, "POST", target(world, ":batchUpdate"), {"requests": list(requests)})
