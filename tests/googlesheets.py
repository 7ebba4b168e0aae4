"""A Google Sheet on this machine, and our source for it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from automations.clock import FixedClock
from automations.core.leads import Cell
from automations.sources.dress import Dress
from automations.sources.google.opening import Connection, open_sheet
from automations.sources.google.ours import Ours
from automations.sources.google.source import GoogleSource
from automations.sources.google.tabs import Where
from automations.sources.sheets_sim import UNLIMITED, Quotas, SheetsServer, SimSpreadsheet

NOW = datetime(2026, 11, 23, 8, 30, tzinfo=UTC)
DRESS = Dress("Stage", ("New", "Contacted", "Won"), "Segment", ("hot", "warm", "cold"))
OURS = Ours(DRESS, open_headers=("Stage", "Next step"))

Rows = Sequence[Sequence[str | int | float | bool | None]]


class Desk:
    """A server with one spreadsheet, a clock that does not wait, and a source that works by them."""

    def __init__(self, server: SheetsServer, world: SimSpreadsheet, clock: FixedClock) -> None:
        self.server = server
        self.world = world
        self.clock = clock
        self.source = self.open()

    def open(self, tab: str | None = "Leads", gid: int | None = None, ours: Ours = OURS, **others: int) -> GoogleSource:
        """Return another source for the same spreadsheet."""
        where = Connection(self.world.spreadsheet_id, self.server.url, None, Path(), on_this_machine=True)
        source = open_sheet(where, Where(tab, gid), self.clock, ours, ("Score", "Segment", "Stage"))
        if others:
            source._max_bytes = others["max_bytes"]
        return source

    def calls(self) -> list[str]:
        """Return what was called since the last time, shortly: ``getByDataFilter``, and its status when not 200."""
        made = [
            (call.path.rpartition(":")[2] if ":" in call.path else "get")
            + ("" if call.status == 200 else f" {call.status}")
            for call in self.server.calls
        ]
        self.server.reset_calls()
        return made

    def column(self, header: str, tab: str = "Leads") -> dict[str, object]:
        """Return a column of the tab by the address in the row, as a person sees it."""
        rows = self.world.values(f"'{tab}'!A1:Z")
        at = next(at for at, row in enumerate(rows) if "Email" in row)
        key, wanted = rows[at].index("Email"), rows[at].index(header)
        empty: tuple[object, ...] = ("", None)
        return {
            str(row[key]): row[wanted] if wanted < len(row) and row[wanted] not in empty else None
            for row in rows[at + 1 :]
            if key < len(row) and row[key]
        }


@contextmanager
def a_sheet(
    tabs: Mapping[str, Rows], *, quotas: Quotas = UNLIMITED, clock: FixedClock | None = None, **world: str
) -> Iterator[Desk]:
    """Give a server with a spreadsheet of these tabs."""
    sheet = SimSpreadsheet.from_rows(tabs, **{"title": "Leads", "time_zone": "Europe/Berlin", **world})
    with SheetsServer(sheet, quotas=quotas) as server:
        yield Desk(server, sheet, clock or FixedClock(NOW))


def edited(world: SimSpreadsheet, edit: Callable[[list[list[Cell]]], None], tab: str = "Leads") -> None:
    """Let people change the rows of a tab as they like."""
    with world.change() as state:
        sheet = state.titled(tab)
        assert sheet is not None
        grid: list[list[Cell]] = [list(row) for row in sheet.rows]  # type: ignore[arg-type]  # the same
        edit(grid)
        sheet.rows = [tuple(row) for row in grid]  # type: ignore[arg-type]  # cells are plain
