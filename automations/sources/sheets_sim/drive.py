"""As much of Google Drive as clients use to create, find, copy and delete spreadsheets. Its times stand still."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

from automations.sources.sheets_sim import checking
from automations.sources.sheets_sim.masks import parse_mask, pruned
from automations.sources.sheets_sim.people import SimSpreadsheet
from automations.sources.sheets_sim.refusals import Refusal, not_found
from automations.sources.sheets_sim.service import Reply, SheetsService, encoded
from automations.sources.sheets_sim.state import Row, Sheet, State

__all__ = ["DriveFacade"]

SPREADSHEET = "application/vnd.google-apps.spreadsheet"
MOMENT = "2026-01-05T08:00:00.000Z"
IMPORTED_TIME_ZONE = "America/Los_Angeles"

Query = Mapping[str, Sequence[str]]


class DriveFacade:
    """Drive for one service: the files are the service's spreadsheets, the newest first. *bot* owns what it creates."""

    def __init__(self, service: SheetsService, *, bot: str = "robot@sheets-sim.example") -> None:
        self._service = service
        self._bot = bot
        self._made = 0
        self._routes: tuple[tuple[str, re.Pattern[str], Callable[..., Reply]], ...] = (
            ("POST", re.compile(r"/drive/v3/files"), self._create),
            ("GET", re.compile(r"/drive/v3/files"), self._list),
            ("GET", re.compile(r"/drive/v3/files/([^/]+)"), self._get),
            ("DELETE", re.compile(r"/drive/v3/files/([^/]+)"), self._delete),
            ("POST", re.compile(r"/drive/v3/files/([^/]+)/copy"), self._copy),
            ("GET", re.compile(r"/drive/v3/files/([^/]+)/comments"), self._comments),
            ("PUT", re.compile(r"/upload/drive/v2/files/([^/]+)"), self._import),
        )

    def answer(self, method: str, path: str, query: Query, body: bytes) -> Reply | None:
        """Return a reply to a call of Drive's, or None for another path."""
        for verb, pattern, work in self._routes:
            found = pattern.fullmatch(path)
            if found and verb == method:
                try:
                    return work(query, body, *map(unquote, found.groups()))
                except Refusal as refusal:
                    return Reply(refusal.status, encoded(refusal.as_json()))
        return None

    def _world(self, file_id: str) -> SimSpreadsheet:
        world = self._service.worlds.get(file_id)
        if world is None or world.is_trashed:
            raise not_found()
        return world

    def _fresh_id(self) -> str:
        self._made += 1
        return f"1Made{self._made:039d}"

    def _named(self, state: State) -> dict[str, Any]:
        return {"kind": "drive#file", "id": state.spreadsheet_id, "name": state.title, "mimeType": SPREADSHEET}

    def _add(self, state: State) -> Reply:
        self._service.worlds[state.spreadsheet_id] = SimSpreadsheet(state, bot=self._bot)
        return Reply(200, encoded(self._named(state)))

    def _create(self, _query: Query, body: bytes) -> Reply:
        wanted = checking.decoded(body)
        if not isinstance(wanted, dict) or wanted.get("mimeType") != SPREADSHEET:
            raise Refusal(501, "sheets-sim creates spreadsheets only.")
        name = str(wanted.get("name") or "Untitled spreadsheet")
        return self._add(State(self._fresh_id(), name, sheets=[Sheet(0, "Sheet1")]))

    def _copy(self, _query: Query, body: bytes, file_id: str) -> Reply:
        wanted = checking.decoded(body)
        state = self._world(file_id).state.draft()
        state.title = (wanted.get("name") if isinstance(wanted, dict) else None) or f"Copy of {state.title}"
        state.spreadsheet_id = self._fresh_id()
        return self._add(state)

    def _get(self, query: Query, _body: bytes, file_id: str) -> Reply:
        described = {**self._named(self._world(file_id).state), "createdTime": MOMENT, "modifiedTime": MOMENT}
        mask = parse_mask(query["fields"][-1], "drive#file") if "fields" in query else {}
        return Reply(200, encoded(pruned(described, mask)))

    def _list(self, query: Query, _body: bytes) -> Reply:
        """Return the files, by name if the query asks for one."""
        wanted = re.search(r'name = "((?:[^"\\]|\\.)*)"', query.get("q", [""])[-1])
        name = None if wanted is None else re.sub(r"\\(.)", r"\1", wanted[1])
        files = [
            {"id": key, "name": world.state.title, "createdTime": MOMENT, "modifiedTime": MOMENT}
            for key, world in reversed(self._service.worlds.items())
            if not world.is_trashed and name in {None, world.state.title}
        ]
        return Reply(200, encoded({"kind": "drive#fileList", "files": files}))

    def _delete(self, _query: Query, _body: bytes, file_id: str) -> Reply:
        self._world(file_id).trash()
        return Reply(204, content_type="text/html")

    def _comments(self, _query: Query, _body: bytes, file_id: str) -> Reply:
        self._world(file_id)
        return Reply(200, encoded({"comments": []}))

    def _import(self, _query: Query, body: bytes, file_id: str) -> Reply:
        """Put a CSV in the place of all tabs; the one new tab is called like the file."""
        world = self._world(file_id)
        with world.change() as state:
            rows: list[Row] = [tuple(row) for row in csv.reader(io.StringIO(body.decode("utf-8", "replace")))]
            state.sheets[:] = [Sheet(state.fresh_id(), state.title, rows)]
            state.metadata, state.named_ranges, state.time_zone = {}, (), IMPORTED_TIME_ZONE
        return Reply(200, encoded({"kind": "drive#file", "id": file_id, "title": world.state.title}))
