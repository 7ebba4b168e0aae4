"""One tab of a shared Google Sheet as a source of leads."""

from __future__ import annotations

from collections.abc import Collection, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta

from automations.core.books import header_identity
from automations.core.leads import Cell, CellChange, KeyRule, Sheet, WriteResult
from automations.errors import SourceBusy, SourceOutOfReach
from automations.sources import News
from automations.sources.dress import Dress, Dressed
from automations.sources.google.calls import TabCalls
from automations.sources.google.client import GivenUp, InDoubt, SheetsClient, Time
from automations.sources.google.grid import Protection, Tab
from automations.sources.google.layout import (
    Header,
    cells_of_rows,
    closes,
    find_header,
    marks_of,
    rows_of,
)
from automations.sources.google.mirror import shown_rows, write_mirrored
from automations.sources.google.ours import NOTHING, Ours, add_columns, dress_tab, note_ledger, protection_of
from automations.sources.google.panel import PANEL, is_paused, news_requests
from automations.sources.google.strips import MAX_BYTES
from automations.sources.google.tabs import READ_FIELDS, SHOWN_FIELDS, Asked, Tabs, Where, by_mark
from automations.sources.google.writing import write_changes
from automations.sources.headers import columns_by_header
from automations.sources.matching import wanted_headers
from automations.sources.saving import COLUMNS_WAIT, DRESS_WAITS

FRESH = timedelta(seconds=30)
"""How old the last look may be before the sheet is asked again: right before an email leaves, that is."""


class GoogleSource:
    """One tab of a spreadsheet. Tab, columns and leads are found anew in every answer; people work in it all the time.

    *ours* says how our columns are made, *owned* are their headers, *max_bytes* is the longest request.
    """

    def __init__(
        self,
        client: SheetsClient,
        where: Where,
        time: Time,
        ours: Ours = NOTHING,
        owned: Collection[str] = (),
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._tabs = Tabs(client, where)
        self._ours = ours
        self._owned = owned
        self._time = time
        self._max_bytes = max_bytes
        self._header = Header(0, ())
        self._fingerprint = ""
        self._asked_at = timedelta(0)
        self._unread: Asked | None = None
        self._panel: Tab | None = None
        self._tab: Tab | None = None
        self._protections: Sequence[Protection] = ()

    @property
    def label(self) -> str:
        """Return the name people gave the spreadsheet; before the first read, what it is."""
        return self._tabs.client.whom.sheet

    @property
    def gid(self) -> int | None:
        """Return the number of the tab, which stays when it is renamed; None before the first read."""
        return self._tabs.sheet_id

    def fingerprint(self) -> str:
        """Return what stands for all that was last read, which is never older than 30 seconds."""
        if not self._fingerprint or self._time.elapsed() - self._asked_at >= FRESH:
            self._unread = self._ask()
        return self._fingerprint

    def why_not_send(self) -> str:
        """Return why nobody is to be mailed now, as somebody said in the sheet; see `Source.why_not_send`.

        Asks the sheet when the last look is older than 30 seconds.
        """
        self.fingerprint()
        panel = self._panel
        return f'somebody ticked Paused in the tab "{panel.title}"' if panel and is_paused(panel) else ""

    def read_mark(self) -> str:
        """Return what `write_mark` noted last, "" for nothing; no call of its own when a `read` follows at once."""
        self.fingerprint()
        return (self._tab.ledger or "") if self._tab else ""

    def write_mark(self, text: str) -> None:
        """Note what tells our ledger from a copy of it, on the tab and out of people's sight; one call."""
        if self._tab is None:
            self.fingerprint()
        tab = self._tab
        if tab is None or tab.ledger == text:
            return
        self._forget()
        with self._patiently("Nothing was sent."):
            note_ledger(self._tabs, tab, text)
        self._tab = tab._replace(ledger=text)

    def read(self, wanted: Collection[str]) -> Sheet:
        """Return the cells of the whole tab, in one call; see `Source.read`."""
        if self._time.elapsed() - self._asked_at >= FRESH:
            self._unread = None
        asked, self._unread = self._unread or self._ask(), None
        header = self._header = find_header(rows_of(asked.tab), marks_of(asked.tab), wanted)
        return Sheet(
            name=asked.tab.title,
            header_row=header.row + 1,
            headers=header.headers,
            rows=_padded(asked.tab, header),
            fingerprint=asked.spreadsheet.fingerprint,
        )

    def write(self, changes: Sequence[CellChange], keys: KeyRule) -> WriteResult:
        """Change cells where their leads are now; see `Source.write` and `writing`.

        Each request is made whole or not at all. Raises SourceBusy when Google has no time for us, and SourceOutOfReach
        when the sheet cannot be written; then the next run writes what waits.
        """
        if not changes:
            return WriteResult(())
        self._forget()
        calls = TabCalls(self._tabs, self._header.headers, keys, wanted_headers(changes, keys))
        label = f"{self.label}, tab {self._tabs.title},"
        with self._patiently(""):
            if self._ours.is_mirrored:
                protection = protection_of(self._ours)
                return write_mirrored(changes, keys, calls, label, protection=protection, max_bytes=self._max_bytes)
            return write_changes(changes, keys, calls, label, max_bytes=self._max_bytes)

    def check_writable(self) -> None:
        """Raise SourceOutOfReach when we may not write, here or in a column of ours; changes nothing.

        Asks for a write that leaves its one cell as it is. To be called after `read`.
        """
        if self._tabs.sheet_id is None:
            raise SourceOutOfReach(f"{self.label} was not read yet")
        cell = {"startRowIndex": self._header.row, "endRowIndex": self._header.row + 1}
        area = {"sheetId": self._tabs.sheet_id, **cell, "startColumnIndex": 0, "endColumnIndex": 1}
        body = {"valueInputOption": "RAW", "data": [{"dataFilter": {"gridRange": area}, "values": [[None]]}]}
        with self._patiently(""), suppress(InDoubt):
            self._tabs.client.write_values(body)
        places = columns_by_header(dict(enumerate(self._header.headers)))
        closed = [
            header
            for header in self._owned
            for column in places.get(header_identity(header), ())
            if any(closes(each, column) for each in self._protections)
        ]
        if closed:
            who = self._tabs.client.whom.address or "our address"
            raise SourceOutOfReach(
                f"{', '.join(closed)} in {self.label} is protected, and {who} may not edit it",
                fix=f"in the sheet: Data, Protect sheets and ranges, choose the range, and let {who} edit it",
            )

    def add_columns(self, headers: Sequence[str], beside: Collection[str]) -> None:
        """Insert new columns right of the data, with everything they need; see `Source.add_columns` and `ours`."""
        self._forget()
        with self._patiently(COLUMNS_WAIT):
            add_columns(self._tabs, headers, beside, self._ours)

    def dress(self, dress: Dress, beside: Collection[str]) -> Dressed:
        """Put a drop-down of stages and colours of segments on the tab, once, and mark our columns as ours."""
        self._forget()
        with self._patiently(DRESS_WAITS):
            return dress_tab(self._tabs, dress, beside, self._owned)

    def tell(self, news: News) -> None:
        """Write the news into the tab Automations, in one call; without that tab, in none.

        What it came to when there is no answer, the next run's news will say.
        """
        if self._panel is None or self._tabs.sheet_id is None:
            return
        with self._patiently(""), suppress(InDoubt):
            self._tabs.client.change(list(news_requests(self._panel, news, self._tabs.sheet_id)))

    def _forget(self) -> None:
        """Take nothing for known any more: we are about to change it."""
        self._unread, self._fingerprint = None, ""

    @contextmanager
    def _patiently(self, waits: str) -> Generator[None]:
        """Say what waits for the next run when Google has no time for us."""
        try:
            yield
        except GivenUp as err:
            raise SourceBusy(f"{err.what}. {waits}".strip(), fix=err.fix) from err

    def _ask(self) -> Asked:
        rows, fields = (shown_rows(), SHOWN_FIELDS) if self._ours.is_mirrored else (cells_of_rows(), READ_FIELDS)
        asked = self._tabs.ask(fields, rows, also=[by_mark(PANEL)])
        self._fingerprint, self._asked_at = asked.spreadsheet.fingerprint, self._time.elapsed()
        self._tab = asked.tab._replace(blocks=())
        self._panel, self._protections = asked.marked(PANEL), asked.tab.protections
        return asked


def _padded(tab: Tab, header: Header) -> Iterator[tuple[int, Sequence[Cell]]]:
    """Return the rows below the header, numbered as people see them; Google leaves out empty cells at the end."""
    width = len(header.headers)
    for at, cells in rows_of(tab):
        if at > header.row:
            yield at + 1, cells if len(cells) >= width else [*cells, *[None] * (width - len(cells))]
