"""What a run did to the book besides sending, put on record: the run itself, moves, cells, what was known of leads.

Every function works inside the caller's transaction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from automations.core.leads import CellChange, WrittenCell
from automations.core.plan import Known, Move
from automations.ledger.cells import record
from automations.ledger.database import Database
from automations.ledger.states import digest_of, to_body
from automations.ledger.values import encode, to_text


def start_run(database: Database, command: str, now: datetime) -> str:
    """Record that a run began; return its name: the date of *now* in its own zone, and a letter."""
    day = now.date().isoformat()
    (count,) = database.execute(
        "SELECT count(*) FROM runs WHERE run >= ? AND run < ?", (f"{day}-", f"{day}.")
    ).fetchone()
    run = f"{day}-{letters(count)}"
    database.execute("INSERT INTO runs (run, command, started_at) VALUES (?, ?, ?)", (run, command, to_text(now)))
    return run


def letters(count: int) -> str:
    """Return the letters of the run that has *count* runs of its day before it.

    >>> letters(0), letters(25), letters(26), letters(701), letters(702)
    ('a', 'z', 'aa', 'zz', 'aaa')
    """
    text = ""
    number = count + 1
    while number:
        number, rest = divmod(number - 1, 26)
        text = chr(ord("a") + rest) + text
    return text


def end_run(database: Database, run: str, now: datetime, exit_code: int, counts: Mapping[str, int]) -> None:
    """Record how a run ended; it ends once."""
    database.execute(
        "INSERT INTO run_ends (run, ended_at, exit_code, counts) VALUES (?, ?, ?, ?)",
        (run, to_text(now), exit_code, json.dumps(dict(counts))),
    )


def moves(database: Database, run: str, moves: Sequence[Move]) -> None:
    """Record moves. Recording one again changes nothing."""
    database.executemany(
        "INSERT INTO moves (run, lead_key, sequence, kind, at, step, why) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        [(run, move.key, move.sequence, move.kind, to_text(move.at), move.step, move.why) for move in moves],
    )


def intend(database: Database, run: str, changes: Sequence[CellChange]) -> None:
    """Record what is about to be written, until what is known of these leads is."""
    body = encode([[change.key, change.header, change.new] for change in changes])
    database.execute("INSERT INTO intents (run, body) VALUES (?, ?)", (run, body))


def cells(database: Database, run: str, written: Sequence[WrittenCell], now: datetime) -> None:
    """Record every cell change and how it ended."""
    record(database, _batch(database, run, now), written)


def known(database: Database, run: str, known: Sequence[Known], now: datetime) -> None:
    """Store what is known of leads, and a snapshot of each that changed; of two values for one lead, the later one.

    With that, no intent is open any more.
    """
    database.execute("DELETE FROM intents")
    bodies = {each.key: to_body(each) for each in known}
    digests = {body: digest_of(body) for body in set(bodies.values())}
    # In order of the digest, as its index is: each page is then written once.
    states = sorted((digest, body) for body, digest in digests.items())
    database.executemany("INSERT INTO states (digest, body) VALUES (?, ?) ON CONFLICT DO NOTHING", states)
    batch = _batch(database, run, now)
    database.executemany(
        "INSERT INTO known (lead_key, state, batch) SELECT ?, id, ? FROM states WHERE digest = ?"
        " ON CONFLICT (lead_key) DO UPDATE"
        " SET state = excluded.state, batch = excluded.batch WHERE state <> excluded.state",
        ((key, batch, digests[bodies[key]]) for key in sorted(bodies)),
    )


def _batch(database: Database, run: str, now: datetime) -> int:
    database.execute("INSERT INTO batches (run, at) VALUES (?, ?)", (run, to_text(now)))
    number: int
    (number,) = database.execute("SELECT last_insert_rowid()").fetchone()
    return number
