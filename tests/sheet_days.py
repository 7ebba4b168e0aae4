"""Many short days in a shared sheet: we write while people sort, insert, delete, move, copy and edit between our calls.

Every lead has values of its own, so that a value in another lead's row is seen. The server is the real one without its
socket; the source is the real one, with a session that hands its calls to the server in this process.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

import requests
from urllib3 import HTTPResponse

from automations.clock import FixedClock
from automations.core.leads import CellChange, CellOutcome, KeyRule, LeadKey, WriteResult
from automations.errors import SourceOutOfReach
from automations.sources.google.auth import Login
from automations.sources.google.client import SheetsClient
from automations.sources.google.ours import NOTHING, Ours
from automations.sources.google.source import GoogleSource
from automations.sources.google.tabs import Where
from automations.sources.sheets_sim import UNLIMITED, SheetsService, SimSpreadsheet, Upcoming
from automations.sources.sheets_sim.refusals import Refusal

HEADERS = ("Email", "Name", "Segment")
NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
MAX_EDITS = 40
"""People get tired: after so many edits the sheet is left alone, so that every day ends."""


class InProcess(requests.Session):
    """Hands a request to the service in this process, and its answer back as it would come from the network."""

    def __init__(self, service: SheetsService) -> None:
        super().__init__()
        self._service = service

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]  # noqa: ANN401 - as requests has it
        """Return the service's answer. Preparing a request for a socket would be half of a day's work."""
        body = json.dumps(options["json"]).encode() if options.get("json") is not None else b""
        path = f"{urlsplit(url).path}?{urlencode(options.get('params') or {})}"
        reply = self._service.handle(method.upper(), path, body)
        response = requests.Response()
        response.status_code, response.url = reply.status, url
        response.headers["Content-Type"] = reply.content_type
        response.raw = HTTPResponse(io.BytesIO(reply.body), status=reply.status, preload_content=False)
        return response


@dataclass(slots=True)
class People:
    """The team: before each of our calls, with some chance, one of them does something.

    *typed* has the values that they typed over ours, *was* whose row a row was before its address was changed.
    """

    chance: random.Random
    heat: float
    deeds: tuple[Callable[[People, SimSpreadsheet], None], ...]
    left: int = MAX_EDITS
    number: int = 0
    typed: set[str] = field(default_factory=set)
    was: dict[str, str] = field(default_factory=dict)

    def between(self, world: SimSpreadsheet, _upcoming: Upcoming) -> None:
        """Do something, or nothing."""
        while self.left and self.chance.random() < self.heat:
            self.left -= 1
            self.number += 1
            self.chance.choice(self.deeds)(self, world)
            if self.chance.random() < 0.5:
                break


def _last(world: SimSpreadsheet) -> int:
    return len(world.values("Leads!A1:C"))


def _row(people: People, world: SimSpreadsheet) -> int:
    return people.chance.randint(2, max(2, _last(world)))


def sorts(people: People, world: SimSpreadsheet) -> None:
    """Sort all leads by a column."""
    column, descending = people.chance.choice("ABC"), people.chance.random() < 0.5
    world.sort(f"Leads!A2:C{_last(world)}", by=column, descending=descending)


def inserts(people: People, world: SimSpreadsheet) -> None:
    """Insert a new lead, or empty rows."""
    lead = [[f"late{people.number}@new.example", "Late", f"late-{people.number}"]]
    world.insert_rows("Leads", _row(people, world), lead if people.chance.random() < 0.7 else 2)


def deletes(people: People, world: SimSpreadsheet) -> None:
    """Delete one lead or two."""
    if _last(world) > 6:
        world.delete_rows("Leads", min(_row(people, world), _last(world) - 1), people.chance.randint(1, 2))


def moves(people: People, world: SimSpreadsheet) -> None:
    """Drag rows elsewhere."""
    first = _row(people, world)
    to = people.chance.choice([2, _last(world) + 1])
    if not first < to < first + 3:
        world.move_rows("Leads", first, to, count=2 if first + 1 < to or to <= first else 1)


def copies(people: People, world: SimSpreadsheet) -> None:
    """Copy a lead over an empty row below, so that it is there twice."""
    world.copy_row("Leads", _row(people, world), _last(world) + 1)


def types(people: People, world: SimSpreadsheet) -> None:
    """Type over one of our cells."""
    text = f"typed-{people.number}"
    people.typed.add(text)
    world.edit(f"Leads!C{_row(people, world)}", text)


def renames(people: People, world: SimSpreadsheet) -> None:
    """Change a lead's address."""
    row = _row(people, world)
    old, new = str(world.value(f"Leads!A{row}") or ""), f"other{people.number}@new.example"
    people.was[new] = people.was.get(old, old)
    world.edit(f"Leads!A{row}", new)


def inserts_column(people: People, world: SimSpreadsheet) -> None:
    """Insert a column on the right, or give the tab another place: nothing that moves a lead."""
    world.insert_columns("Leads", "E") if people.chance.random() < 0.5 else world.note("Leads!C2", "seen")


Deed = Callable[[People, SimSpreadsheet], None]

USUAL: tuple[Deed, ...] = (sorts, sorts, inserts, deletes, moves, types)
"""What a team does to a list all day: sort, insert, delete, move and edit."""

RARE: tuple[Deed, ...] = (copies, renames, inserts_column)
"""What makes a lead be there twice, or another: its row copied, its address changed; and columns that come."""


class Day(NamedTuple):
    """How one day ended. *wrong* are values in another lead's row, *silent* those of them that nobody was told of.

    *missing* are leads whose change was called written, although another value stands there that nobody typed and that
    nobody was told of.
    """

    calls: int
    edits: int
    wrong: tuple[str, ...]
    silent: tuple[str, ...]
    missing: tuple[str, ...]


Write = Callable[[SimSpreadsheet, SheetsService, list[CellChange], KeyRule], WriteResult | None]


def ours(world: SimSpreadsheet, service: SheetsService, changes: list[CellChange], keys: KeyRule) -> WriteResult | None:
    """Write as Leadwright does: by the source for Google Sheets."""
    return _by_source(world, service, changes, keys, NOTHING)


def _by_source(
    world: SimSpreadsheet, service: SheetsService, changes: list[CellChange], keys: KeyRule, how: Ours
) -> WriteResult | None:
    clock = FixedClock(NOW)
    client = SheetsClient(Login(InProcess(service), ""), "http://sheets.invalid", world.spreadsheet_id, clock)
    source = GoogleSource(client, Where("Leads", None), clock, how)
    try:
        list(source.read(HEADERS).rows)
        return source.write(changes, keys)
    except SourceOutOfReach:
        return None


def mirrored(
    world: SimSpreadsheet, service: SheetsService, changes: list[CellChange], keys: KeyRule
) -> WriteResult | None:
    """Write as ``write: mirror`` does."""
    return _by_source(world, service, changes, keys, Ours(is_mirrored=True))


def by_row_number(
    world: SimSpreadsheet, service: SheetsService, changes: list[CellChange], _keys: KeyRule
) -> WriteResult | None:
    """Write as popular automations do: read once, then write to the row where the lead was."""
    base = f"/v4/spreadsheets/{world.spreadsheet_id}/values"
    service.handle("GET", f"{base}/Leads!A1:C")
    data = [{"range": f"Leads!C{change.row}", "values": [[change.new]]} for change in changes]
    service.handle("POST", f"{base}:batchUpdate", json.dumps({"valueInputOption": "RAW", "data": data}).encode())
    return None


def one_day(
    seed: int, heat: float, write: Write = ours, *, deeds: tuple[Deed, ...] = USUAL, leads: int = 30, changes: int = 10
) -> Day:
    """Return how one day ended; the same seed is the same day."""
    chance = random.Random(seed)
    rows = [(f"lead{number}@co.example", f"Name {number}", f"old-{number}") for number in range(leads)]
    world = SimSpreadsheet.from_rows({"Leads": [HEADERS, *rows]})
    service = SheetsService(world, quotas=UNLIMITED)
    people = People(chance, heat, deeds)
    service.between(people.between)
    keys = KeyRule("Email", lambda cell: LeadKey(str(cell)) if cell else None)
    wanted = [
        CellChange(LeadKey(rows[number][0]), number + 2, "Segment", f"old-{number}", f"new-{number}")
        for number in sorted(chance.sample(range(leads), changes))
    ]
    try:
        result = write(world, service, wanted, keys)
    except Refusal:
        raise AssertionError(seed) from None
    return _judged(world, people, wanted, result, len(service.calls))


def _judged(
    world: SimSpreadsheet, people: People, wanted: list[CellChange], result: WriteResult | None, calls: int
) -> Day:
    rows = [[str(cell or "") for cell in (*row, "", "", "")][:3] for row in world.values("Leads!A2:C")]
    owners = {str(change.new): change.key for change in wanted}
    wrong = tuple(
        f"{value} beside {key or 'nobody'}"
        for key, _, value in rows
        if value in owners and owners[value] != LeadKey(people.was.get(key, key))
    )
    notes = " ".join(result.notes) if result else ""
    silent = tuple(each for each in wrong if not _is_flagged(each, notes))
    return Day(calls, people.number, wrong, silent, _missing(rows, people, result, notes))


def _is_flagged(wrong: str, notes: str) -> bool:
    value, _, key = wrong.partition(" beside ")
    return "rows without" in notes if key == "nobody" else key in notes and value in notes


def _missing(rows: list[list[str]], people: People, result: WriteResult | None, notes: str) -> tuple[str, ...]:
    by_key: dict[LeadKey, list[str]] = {}
    for key, _, value in rows:
        by_key.setdefault(LeadKey(key), []).append(value)
    return tuple(
        f"{cell.change.key}: {by_key[cell.change.key]}"
        for cell in (result.cells if result else ())
        if cell.outcome is CellOutcome.WRITTEN
        and cell.change.key in by_key
        and cell.change.key not in notes
        and not {str(cell.change.new), *people.typed} & set(by_key[cell.change.key])
    )


class Season(NamedTuple):
    """The sums of many days."""

    days: int
    edits: int
    calls: int
    most_calls: int
    days_wrong: int
    wrong: int
    silent: int
    missing: int


def season(
    days: range,
    heat: float,
    write: Write = ours,
    *,
    deeds: tuple[Deed, ...] = USUAL,
    leads: int = 30,
    changes: int = 10,
) -> Season:
    """Return the sums of the days with these seeds."""
    done = [one_day(seed, heat, write, deeds=deeds, leads=leads, changes=changes) for seed in days]
    return Season(
        len(done),
        sum(day.edits for day in done),
        sum(day.calls for day in done),
        max(day.calls for day in done),
        sum(1 for day in done if day.wrong),
        sum(len(day.wrong) for day in done),
        sum(len(day.silent) for day in done),
        sum(len(day.missing) for day in done),
    )


WRITERS: Mapping[str, Write] = {"ours": ours, "mirror": mirrored, "by row number": by_row_number}
