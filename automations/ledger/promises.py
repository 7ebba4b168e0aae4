"""The minutes that runs gave to emails: kept, so that whoever sends them later keeps to what was shown.

Every function works inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from automations.core.leads import LeadKey
from automations.core.messages import MessageKey
from automations.core.plan import Send
from automations.ledger.database import Database
from automations.ledger.values import to_moment, to_text

KEPT_FOR = timedelta(days=1)
"""After this long a promise that was not kept is forgotten."""

TRIED_FOR = timedelta(hours=1)
"""How long after its minute an email is still tried between two runs; then it waits for the next one."""

_LEFT = "('handing over', 'accepted', 'deferred', 'refused', 'in doubt', 'dropped')"


def promise(database: Database, run: str, sends: Sequence[Send]) -> None:
    """Record the minute of each email; one that had another gets the new one."""
    database.executemany(
        "INSERT INTO promises (key, lead_key, at, run) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (key) DO UPDATE SET at = excluded.at, run = excluded.run",
        [(send.message, send.key, to_text(send.at), run) for send in sends],
    )


def promised(database: Database, now: datetime) -> dict[MessageKey, datetime]:
    """Return the minutes that were given and are not over for longer than `KEPT_FOR`, by message."""
    rows = database.execute("SELECT key, at FROM promises WHERE at > ?", (to_text(now - KEPT_FOR),))
    return {MessageKey(key): to_moment(at) for key, at in rows}


def awaited(database: Database, now: datetime) -> tuple[LeadKey, ...]:
    """Return the leads with an email whose minute has come and that has not left, in order of their keys."""
    rows = database.execute(
        "SELECT DISTINCT promises.lead_key FROM promises LEFT JOIN messages USING (key)"  # noqa: S608 - our own words
        f" WHERE promises.at <= ? AND promises.at > ? AND coalesce(state, '') NOT IN {_LEFT} ORDER BY 1",
        (to_text(now), to_text(now - TRIED_FOR)),
    )
    return tuple([LeadKey(key) for (key,) in rows])


def next_minute(database: Database, now: datetime) -> datetime | None:
    """Return the first minute after *now* that was given to an email which has not left; None when there is none."""
    row = database.execute(
        "SELECT min(promises.at) FROM promises LEFT JOIN messages USING (key)"  # noqa: S608 - our own words
        f" WHERE promises.at > ? AND coalesce(state, '') NOT IN {_LEFT}",
        (to_text(now),),
    ).fetchone()
    return to_moment(row[0]) if row[0] else None
