"""The answer to one read: rows of cells, and what is known of the tab around them.

The rows are most of an answer and are taken out of it while it arrives, so that neither the whole text nor a tree of
all its cells is ever held.
"""

from __future__ import annotations

import codecs
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from automations.errors import SourceOutOfReach

Row = TypeVar("Row")

COLUMN_KEY = "leadwright.column"
"""Key of the developer metadata on a column of ours; its value is the header it was made with."""
TAB_KEY = "leadwright.tab"
"""Key of the developer metadata on a tab; its value says which one it is to us."""

LEDGER_KEY = "leadwright.ledger"
"""Key of the developer metadata on the leads' tab that tells a ledger from a copy of it (`marks`)."""

_ROWS = re.compile(r'"rowData"\s*:\s*\[')
_NEXT = re.compile(r"[\s,]*")
_decode = json.JSONDecoder().raw_decode
_ENDLESS = 1 << 30
_TAIL = 64
"""How much of the text is kept back while the next rows are looked for: their name may be cut in two."""


class Protection(NamedTuple):
    """A protected range: columns from *first* to *last*, exclusive; None is without end. *ours* may be edited by us."""

    first_row: int
    last_row: int | None
    first: int
    last: int | None
    ours: bool
    description: str


class Block(NamedTuple):
    """One rectangle of rows; *marks* are the columns of ours in it, by the header each was made with."""

    first_row: int
    first_column: int
    rows: Sequence[Sequence[Any]]
    marks: Mapping[int, str]


class Tab(NamedTuple):
    """One tab as it was answered. *mark* is what it is to us, "" for a team's own."""

    sheet_id: int
    title: str
    row_count: int
    column_count: int
    hidden: bool
    blocks: tuple[Block, ...]
    protections: tuple[Protection, ...]
    mark: str
    formats: tuple[tuple[int, int], ...] = ()
    """The columns that have a conditional format, each as (first, end)."""
    is_grid: bool = True
    ledger: str | None = None
    """What was noted of the ledger on this tab; None when nothing was."""


class Spreadsheet(NamedTuple):
    """What one read found. *fingerprint* changes when the answer does."""

    title: str
    time_zone: str
    locale: str
    tabs: tuple[Tab, ...]
    fingerprint: str


class CutOff(Exception):  # noqa: N818 - a signal to ask again, never seen by a person
    """An answer that ends before its end, or is no JSON."""


def read_answer(chunks: Iterable[bytes], row_of: Callable[[Mapping[str, Any]], Row]) -> tuple[Any, list[list[Row]]]:
    """Return an answer as JSON in which every ``rowData`` is the number of its rows in the second value.

    *row_of* makes a row of the JSON of one. Raises CutOff when the answer is not whole.
    """
    text = _Text(chunks)
    skeleton: list[str] = []
    found: list[list[Row]] = []
    try:
        while text.find(_ROWS, skeleton):
            skeleton.append(f'"rowData":{len(found)}')
            found.append([row_of(row) for row in text.rows()])
        return json.loads("".join(skeleton)), found
    except (ValueError, TypeError, AttributeError, RecursionError) as err:
        raise CutOff(str(err)) from err


class _Text:
    """The text of an answer, as far as it has arrived and is not used yet."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        decoder = codecs.getincrementaldecoder("utf-8")()
        self._chunks = (decoder.decode(chunk) for chunk in chunks)
        self._buffer = ""
        self._at = 0

    def _more(self) -> bool:
        chunk = next(self._chunks, None)
        if chunk is None:
            return False
        self._buffer = self._buffer[self._at :] + chunk
        self._at = 0
        return True

    def find(self, pattern: re.Pattern[str], skipped: list[str]) -> bool:
        """Go on behind the next *pattern* and note what stands before it; False when there is none any more."""
        while not (found := pattern.search(self._buffer, self._at)):
            end = max(len(self._buffer) - _TAIL, self._at)
            skipped.append(self._buffer[self._at : end])
            self._at = end
            if not self._more():
                skipped.append(self._buffer[self._at :])
                return False
        skipped.append(self._buffer[self._at : found.start()])
        self._at = found.end()
        return True

    def rows(self) -> Iterator[Any]:
        """Return each value of the list that begins here, and go on behind its bracket."""
        while True:
            found = _NEXT.match(self._buffer, self._at)
            at = found.end() if found else self._at
            if self._buffer[at : at + 1] == "]":
                self._at = at + 1
                return
            try:
                value, self._at = _decode(self._buffer, at)
            except ValueError:
                if not self._more():
                    raise
                continue
            yield value


def hashed(chunks: Iterable[bytes], digest: hashlib._Hash) -> Iterator[bytes]:
    """Return *chunks* as they come, and note them in *digest*."""
    for chunk in chunks:
        digest.update(chunk)
        yield chunk


def spreadsheet_of(answer: Any, rows: Sequence[Sequence[Any]], fingerprint: str) -> Spreadsheet:  # noqa: ANN401 - JSON
    """Return what an answer of `read_answer` says. Raises SourceOutOfReach when it is none of Google's."""
    try:
        properties = answer.get("properties") or {}
        return Spreadsheet(
            title=str(properties.get("title") or ""),
            time_zone=str(properties.get("timeZone") or ""),
            locale=str(properties.get("locale") or ""),
            tabs=tuple(_tab(each, rows) for each in answer.get("sheets") or ()),
            fingerprint=fingerprint,
        )
    except (KeyError, TypeError, AttributeError, ValueError) as err:
        raise SourceOutOfReach(
            "the server under google: endpoint: does not answer as Google Sheets does",
            fix="correct the address in config.yaml",
        ) from err


def _tab(sheet: Mapping[str, Any], rows: Sequence[Sequence[Any]]) -> Tab:
    properties = sheet["properties"]
    grid = properties.get("gridProperties") or {}
    return Tab(
        sheet_id=int(properties.get("sheetId") or 0),
        title=str(properties["title"]),
        row_count=int(grid.get("rowCount") or 0),
        column_count=int(grid.get("columnCount") or 0),
        hidden=bool(properties.get("hidden")),
        blocks=tuple(_block(each, rows) for each in sheet.get("data") or ()),
        protections=tuple(_protection(each) for each in sheet.get("protectedRanges") or ()),
        mark=_mark(sheet.get("developerMetadata") or (), TAB_KEY),
        formats=tuple(_columns(area) for rule in sheet.get("conditionalFormats") or () for area in rule["ranges"]),
        is_grid=properties.get("sheetType", "GRID") == "GRID",
        ledger=_mark(sheet.get("developerMetadata") or (), LEDGER_KEY) or None,
    )


def _columns(area: Mapping[str, Any]) -> tuple[int, int]:
    return int(area.get("startColumnIndex") or 0), int(area.get("endColumnIndex") or _ENDLESS)


def _block(data: Mapping[str, Any], rows: Sequence[Sequence[Any]]) -> Block:
    first = int(data.get("startColumn") or 0)
    number = data.get("rowData")
    marks = {
        first + at: mark
        for at, column in enumerate(data.get("columnMetadata") or ())
        if (mark := _mark(column.get("developerMetadata") or (), COLUMN_KEY))
    }
    return Block(int(data.get("startRow") or 0), first, rows[number] if number is not None else (), marks)


def _mark(metadata: Iterable[Mapping[str, Any]], key: str) -> str:
    return next((str(each.get("metadataValue") or "") for each in metadata if each.get("metadataKey") == key), "")


def _protection(found: Mapping[str, Any]) -> Protection:
    area = found.get("range") or {}
    return Protection(
        first_row=int(area.get("startRowIndex") or 0),
        last_row=area.get("endRowIndex"),
        first=int(area.get("startColumnIndex") or 0),
        last=area.get("endColumnIndex"),
        ours=bool(found.get("requestingUserCanEdit") or found.get("warningOnly")),
        description=str(found.get("description") or ""),
    )
