"""What a team should see of a run in the sheet itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from automations.core.plan import Plan
from automations.core.policy import Policy
from automations.errors import SourceOutOfReach
from automations.sources import News, Source

_MOST_ROWS = 200
"""How many rows that cannot be used are shown."""
_COUNTS = {
    "accepted": "Emails sent",
    "deferred": "Emails put off by the receiving server",
    "refused": "Emails refused",
    "in_doubt": "Emails in doubt",
    "held": "Emails held back",
    "cells_written": "Cells written",
    "cells_skipped": "Cells left alone",
}


class Planner(Protocol):
    """Who knows when the next run is."""

    @property
    def policy(self) -> Policy:
        """Return what the owner asked for."""
        ...

    def next_run(self, now: datetime) -> datetime | None:
        """Return when the schedule runs next; None when it never does."""
        ...


def show_news(
    source: Source, planner: Planner, plan: Plan, counts: Mapping[str, int], now: datetime
) -> tuple[str, ...]:
    """Tell the team what a run did, where its leads live; return what could not be told, as notes."""
    try:
        source.tell(news_of(plan, counts, now, planner.next_run(now), planner.policy.business.zone))
    except SourceOutOfReach as error:
        return (f"The tab with the news could not be written: {error.what}",)
    return ()


def news_of(plan: Plan, counts: Mapping[str, int], now: datetime, next_run: datetime | None, zone: ZoneInfo) -> News:
    """Return what there is to say of a run. *next_run* None: nobody planned one."""
    lines = [
        ("Last run", _spoken(now, zone)),
        ("Next run", _spoken(next_run, zone) if next_run else "when somebody starts it"),
        ("Rows read", str(plan.leads_read)),
        ("Rows that cannot be used", str(plan.rows.get("problem", 0))),
        *((words, str(counts[name])) for name, words in _COUNTS.items() if counts.get(name)),
    ]
    return News(tuple(lines), plan.problems[:_MOST_ROWS])


def _spoken(moment: datetime, zone: ZoneInfo) -> str:
    """Return a moment as people say it: Mon 23 Nov 2026, 08:30."""
    return f"{moment.astimezone(zone):%a %d %b %Y, %H:%M}"
