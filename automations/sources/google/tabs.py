"""Finding the tab that is meant, and asking for it or parts of it in one call.

A tab is known by its number, which stays when it is renamed or moved. Where config.yaml names it by its title, the
number is learnt from the first answer; after a rename it is found by the mark that we left on it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, NamedTuple

from automations.core.books import header_identity
from automations.errors import SourceOutOfReach
from automations.sources.google.client import Json, MissingTab, SheetsClient
from automations.sources.google.grid import TAB_KEY, Spreadsheet, Tab
from automations.sources.google.panel import PANEL

_LEADS = "leads "
_MIRROR = "mirror "
_ABOUT = (
    "properties(title,timeZone,locale),"
    "sheets(properties(sheetId,title,sheetType,hidden,gridProperties(rowCount,columnCount)),developerMetadata,"
    "protectedRanges(range,requestingUserCanEdit,warningOnly,description)"
)
_CELLS = "data(startRow,startColumn,columnMetadata.developerMetadata,rowData.values(%s))"
TABS_FIELDS = f"{_ABOUT})"
DRESS_FIELDS = f"{_ABOUT},conditionalFormats.ranges,{_CELLS % 'effectiveValue,dataValidation.condition.type'})"
READ_FIELDS = f"{_ABOUT},{_CELLS % 'effectiveValue,effectiveFormat.numberFormat'})"
SHOWN_FIELDS = f"{_ABOUT},{_CELLS % 'effectiveValue,userEnteredValue.formulaValue,effectiveFormat.numberFormat'})"
LOOK_FIELDS = f"{_ABOUT},{_CELLS % 'effectiveValue,userEnteredValue,effectiveFormat.numberFormat'})"

RowOf = Callable[[Mapping[str, Any]], Any]
"""Makes a row of its JSON."""


class Where(NamedTuple):
    """Which tab is meant: by its *title*, else by the number in the link, else the first one people see."""

    title: str | None
    sheet_id: int | None


class Area(NamedTuple):
    """Columns of a tab, *end* not included, from *first_row* to the last."""

    first: int
    end: int
    first_row: int = 0


class Asked(NamedTuple):
    """One answer: the spreadsheet, and the tab that is meant in it."""

    spreadsheet: Spreadsheet
    tab: Tab

    def marked(self, mark: str) -> Tab | None:
        """Return the tab that is *mark* to us."""
        return next((tab for tab in self.spreadsheet.tabs if tab.mark == mark), None)


def by_mark(mark: str) -> Json:
    """Return the filter for the tab that is *mark* to us; without one it selects nothing."""
    return {"developerMetadataLookup": {"locationType": "SHEET", "metadataKey": TAB_KEY, "metadataValue": mark}}


def leads_mark(title: str) -> str:
    """Return what the team's tab is to us: the one that was called *title* when we made our columns."""
    return _LEADS + title


def mirror_mark(sheet_id: int | None) -> str:
    """Return what a tab of our own is to us that holds what the tab with this number shows."""
    return f"{_MIRROR}{sheet_id}"


def is_of_team(tab: Tab) -> bool:
    """Return whether a tab is none of those that we make."""
    return tab.mark != PANEL and not tab.mark.startswith(_MIRROR)


class Tabs:
    """The spreadsheet as far as one tab of it is concerned."""

    def __init__(self, client: SheetsClient, where: Where) -> None:
        self.client = client
        self.sheet_id = None if where.title else where.sheet_id
        self.title = where.title or ""
        self._where = where

    def ask(self, fields: str, row_of: RowOf, areas: Sequence[Area] = (), also: Sequence[Json] = ()) -> Asked:
        """Return the tab, or the *areas* of it, and the tabs that *also* selects. Raises SourceOutOfReach.

        One call, unless the tab has to be looked for: the first time when config.yaml names none, and after a rename.
        """
        if self.sheet_id is None and not self._where.title:
            self._find_it()
        try:
            return self._ask_once(fields, row_of, areas, also)
        except MissingTab:
            self._find_it()
            return self._ask_once(fields, row_of, areas, also)

    def _ask_once(self, fields: str, row_of: RowOf, areas: Sequence[Area], also: Sequence[Json]) -> Asked:
        if self.sheet_id is None:
            mine: list[Json] = [{"a1Range": quoted(self.title)}]
        else:
            mine = [_grid_range(self.sheet_id, area) for area in areas] or [{"gridRange": {"sheetId": self.sheet_id}}]
        found = self.client.read([*mine, *also], fields, row_of)
        tab = next((tab for tab in found.tabs if self._is_it(tab)), None)
        if tab is None:
            raise MissingTab(self._no_tab(found.tabs))
        self.sheet_id, self.title = tab.sheet_id, tab.title
        return Asked(found, tab)

    def _is_it(self, tab: Tab) -> bool:
        if self.sheet_id is not None:
            return tab.sheet_id == self.sheet_id
        return header_identity(tab.title) == header_identity(self.title)

    def _find_it(self) -> None:
        """Learn the number of the tab from the list of all. Raises SourceOutOfReach, naming those there are."""
        tabs = [tab for tab in self.client.read([], TABS_FIELDS, dict).tabs if tab.is_grid]
        for is_it in self._ways():
            found = next((tab for tab in tabs if is_it(tab)), None)
            if found is not None:
                self.sheet_id, self.title = found.sheet_id, found.title
                return
        raise self._no_tab(tabs)

    def _ways(self) -> Sequence[Callable[[Tab], bool]]:
        """Return by what the tab may be known, the best first."""
        title, sheet_id = self._where
        if title is not None:
            known = self.sheet_id
            return (
                lambda tab: tab.sheet_id == known,
                lambda tab: tab.title == title,
                lambda tab: header_identity(tab.title) == header_identity(title),
                lambda tab: tab.mark == leads_mark(title),
            )
        if sheet_id is not None:
            return (lambda tab: tab.sheet_id == sheet_id,)
        return (
            lambda tab: tab.sheet_id == self.sheet_id,
            lambda tab: not tab.hidden and is_of_team(tab),
        )

    def _no_tab(self, tabs: Sequence[Tab]) -> SourceOutOfReach:
        names = [tab.title for tab in tabs if is_of_team(tab)]
        has = f"; it has {', '.join(names)}" if names else ""
        if self._where.title is None:
            what = f"{self.client.whom.sheet} has no tab with the number in the link{has}"
            return SourceOutOfReach(what, fix="open the tab in your browser and copy its link anew")
        near = get_close_matches(self._where.title, names, n=1)
        return SourceOutOfReach(
            f'{self.client.whom.sheet} has no tab "{self._where.title}"{has}',
            fix=f"did you mean {near[0]}?" if near else "correct tab: under leads: in config.yaml",
        )


def quoted(title: str) -> str:
    """Return a title as a range that means the whole tab, also where it looks like a cell.

    >>> quoted("Bob's")
    "'Bob''s'"
    """
    return "'" + title.replace("'", "''") + "'"


def _grid_range(sheet_id: int, area: Area) -> Json:
    found = {"sheetId": sheet_id, "startColumnIndex": area.first, "endColumnIndex": area.end}
    return {"gridRange": {**found, "startRowIndex": area.first_row} if area.first_row else found}


def areas_of(columns: Sequence[int]) -> tuple[Area, ...]:
    """Return the fewest areas that hold some columns and no other."""
    areas: list[Area] = []
    for column in sorted(set(columns)):
        if areas and areas[-1].end == column:
            areas[-1] = areas[-1]._replace(end=column + 1)
        else:
            areas.append(Area(column, column + 1))
    return tuple(areas)
