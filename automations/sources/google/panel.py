"""The tab Automations: what the last run did, what cannot be used, and the box that stops all sending.

Column A says what, column B how it stands. The first row is the box. All of it is written in one change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from automations.errors import Problem
from automations.sources import News
from automations.sources.google.client import Json
from automations.sources.google.grid import TAB_KEY, Tab
from automations.sources.google.layout import rows_of

TITLE = "Automations"
PANEL = "panel"
"""What this tab is to us."""
PAUSED = "Paused"
"""Stands left of the box. It is looked for by this word, wherever people have moved it to."""
_HINT = "Tick the box, and no email leaves until somebody takes the tick off. It works within a minute."
_ROWS, _COLUMNS = 300, 4
_FIRST = 2
"""The row of the first line of news: below the box and its hint."""
_CELL = re.compile(r"!([A-Z]{1,3}\d{1,7})\b")


def is_paused(panel: Tab) -> bool:
    """Return whether somebody ticked the box."""
    return any(PAUSED in cells and True in cells[cells.index(PAUSED) + 1 :] for _, cells in rows_of(panel))


def new_panel(sheet_id: int, title: str) -> Iterator[Json]:
    """Return what makes the tab, with its box not ticked."""
    grid = {"rowCount": _ROWS, "columnCount": _COLUMNS}
    yield {"addSheet": {"properties": {"sheetId": sheet_id, "title": title, "gridProperties": grid}}}
    metadata = {
        "metadataKey": TAB_KEY,
        "metadataValue": PANEL,
        "location": {"sheetId": sheet_id},
        "visibility": "DOCUMENT",
    }
    yield {"createDeveloperMetadata": {"developerMetadata": metadata}}
    box = {"sheetId": sheet_id, "startRowIndex": 0, "endRowIndex": 1, "startColumnIndex": 1, "endColumnIndex": 2}
    yield {"setDataValidation": {"range": box, "rule": {"condition": {"type": "BOOLEAN"}, "strict": True}}}
    unticked = {"userEnteredValue": {"boolValue": False}}
    yield _cells(sheet_id, 0, [[_text(PAUSED), unticked], [_text(_HINT)]])


def news_requests(panel: Tab, news: News, leads_tab: int) -> Sequence[Json]:
    """Return what brings the tab up to date. Box and hint stay as they are; links go to cells of the leads' tab."""
    rows = [[_text(what), _text(how)] for what, how in news.lines]
    if news.rows:
        rows += [[_text("")], [_text("Rows that cannot be used"), _text("what is wrong"), _text("what to do")]]
        rows += [_problem(each, leads_tab) for each in news.rows]
    missing = _FIRST + len(rows) - panel.row_count
    grow = [{"appendDimension": {"sheetId": panel.sheet_id, "dimension": "ROWS", "length": missing}}]
    room = max(panel.row_count, _FIRST + len(rows)) - _FIRST
    blank: list[dict[str, Any]] = [{}, {}, {}]
    padded = [[*row, *blank[len(row) :]] for row in rows] + [blank] * (room - len(rows))
    return [*(grow if missing > 0 else []), _cells(panel.sheet_id, _FIRST, padded)]


def _cells(sheet_id: int, row: int, rows: Sequence[Sequence[Json]]) -> Json:
    start = {"sheetId": sheet_id, "rowIndex": row, "columnIndex": 0}
    return {
        "updateCells": {
            "start": start,
            "rows": [{"values": list(cells)} for cells in rows],
            "fields": "userEnteredValue",
        }
    }


def _text(text: str) -> Json:
    return {"userEnteredValue": {"stringValue": text}} if text else {}


def _problem(problem: Problem, leads_tab: int) -> list[Json]:
    """Return a row that names a problem, with a link to its cell where it has one."""
    found = _CELL.search(problem.where)
    where = _text(problem.where)
    if found:
        said = problem.where.replace('"', '""')
        where = {"userEnteredValue": {"formulaValue": f'=HYPERLINK("#gid={leads_tab}&range={found[1]}","{said}")'}}
    return [where, _text(problem.what), _text(problem.fix)]
