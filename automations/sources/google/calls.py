"""What writing asks of a tab: where columns and leads are now, and the writing of values."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from automations.core.books import header_identity
from automations.core.leads import KeyRule
from automations.sources.google.client import Json
from automations.sources.google.layout import NO_COLUMN, Found, found_in, looks_of_rows
from automations.sources.google.tabs import LOOK_FIELDS, Asked, RowOf, Tabs, areas_of
from automations.sources.google.writing import Place
from automations.sources.headers import columns_by_header


class TabCalls:
    """`writing.Calls` on one tab: asks for the columns that were there when it was read, for all when they are not."""

    def __init__(self, tabs: Tabs, headers: Sequence[str], keys: KeyRule, wanted: Collection[str]) -> None:
        self.tabs = tabs
        self._headers = headers
        self._keys = keys
        self._wanted = wanted

    def look(self) -> tuple[Found, Place]:
        """Return where everything is now; in one call, unless columns were moved since the last look."""
        found, asked = self.look_at(looks_of_rows)
        return found, Place(asked.tab.sheet_id, asked.tab.protections)

    def look_at(self, rows: Callable[[], RowOf], also: Sequence[Json] = ()) -> tuple[Found, Asked]:
        """Return where everything is now, and the whole answer, with the tabs that *also* selects."""
        places = columns_by_header(dict(enumerate(self._headers)))
        areas = areas_of([at for header in self._wanted for at in places.get(header_identity(header), ())])
        asked = self.tabs.ask(LOOK_FIELDS, rows(), areas, also)
        found = found_in(asked.tab, self._keys, self._wanted)
        if areas and self._has_moved(found):
            asked = self.tabs.ask(LOOK_FIELDS, rows(), also=also)
            found = found_in(asked.tab, self._keys, self._wanted)
            self._headers = [found.headers.get(at, "") for at in range(max(found.headers, default=-1) + 1)]
        return found, asked

    def _has_moved(self, found: Found) -> bool:
        there = {header_identity(header) for header in found.headers.values()}
        return found.key_column == NO_COLUMN or any(header_identity(each) not in there for each in self._wanted)

    def write_values(self, body: Json) -> Json:
        """Write cells; see `SheetsClient.write_values`."""
        return self.tabs.client.write_values(body)

    def wait_in_doubt(self) -> None:
        """Wait; see `SheetsClient.wait_in_doubt`."""
        self.tabs.client.wait_in_doubt()
