"""Forgetting a person, as the law can ask: what told of them goes, a hash that keeps us from writing to them stays.

Every function but `clean` works inside the caller's transaction. Source: GDPR, article 17; article 21(3) is why the
hash stays.
"""

from __future__ import annotations

import json
import sqlite3

from automations.core.addresses import address_hash, address_identity
from automations.core.leads import LeadKey
from automations.ledger import Erased
from automations.ledger.suppressing import ERASED, suppress_identity
from automations.ledger.values import encode

_TABLES = ("cells", "known", "snapshots", "moves", "signals")
"""Where a row tells of one lead and of nobody else."""


def erase(database: sqlite3.Connection, key: LeadKey, address: str, at: str, salt: bytes) -> Erased:
    """Forget whoever is known as *key* or got emails at *address*, in whatever spelling."""
    identity = address_identity(address)
    digest = address_hash(identity, salt)
    database.execute("INSERT INTO erasing (lead) VALUES ('')")
    keys = _keys(database, key, digest)
    emails = _erase_messages(database, keys, digest, at, salt)
    entries = sum(_erase_rows(database, each) for each in keys)
    database.execute("DELETE FROM states WHERE digest NOT IN (SELECT state FROM snapshots)")
    _erase_intents(database, keys)
    suppress_identity(database, identity, digest, ERASED, at)
    database.execute("UPDATE suppressions SET address = '', why = ? WHERE address_hash = ?", (ERASED, digest))
    database.execute("DELETE FROM erasing")
    return Erased(tuple(sorted(keys)), emails, entries)


def clean(database: sqlite3.Connection) -> None:
    """Write the file anew, so that nothing of what was erased is left between its pages."""
    database.execute("VACUUM")


def _keys(database: sqlite3.Connection, key: LeadKey, digest: bytes) -> set[LeadKey]:
    rows = database.execute("SELECT lead_key FROM messages WHERE address_hash = ?", (digest,))
    return {key, *(LeadKey(found) for (found,) in rows)}


def _erase_messages(database: sqlite3.Connection, keys: set[LeadKey], digest: bytes, at: str, salt: bytes) -> int:
    """Take everything personal off each message; what had not left is dropped."""
    found = {
        message
        for lead in keys
        for (message,) in database.execute(
            "SELECT key FROM messages WHERE lead_key = ? OR address_hash = ?", (lead, digest)
        )
    }
    for message in sorted(found):
        # The key of a message follows from the lead's: whoever guesses an address could find it again.
        stands_for = address_hash(message, salt).hex()
        database.execute("DELETE FROM message_events WHERE key = ?", (message,))
        database.execute("DELETE FROM bodies WHERE key = ?", (message,))
        database.execute(
            "UPDATE messages SET state = 'dropped', at = ? WHERE key = ?"
            " AND state IN ('reserved', 'deferred', 'in doubt')",
            (at, message),
        )
        database.execute(
            "UPDATE messages SET key = ?, lead_key = ?, address = '', company = '', subject = '', message_id = ?,"
            " reply = '' WHERE key = ?",
            (f"erased-{stands_for}", f"erased-{digest.hex()}", f"<{stands_for}@erased.invalid>", message),
        )
    return len(found)


def _erase_rows(database: sqlite3.Connection, lead: LeadKey) -> int:
    return sum(database.execute(f"DELETE FROM {table} WHERE lead_key = ?", (lead,)).rowcount for table in _TABLES)  # noqa: S608 - our own names


def _erase_intents(database: sqlite3.Connection, keys: set[LeadKey]) -> None:
    for number, body in database.execute("SELECT rowid, body FROM intents").fetchall():
        kept = [entry for entry in json.loads(body) if entry[0] not in keys]
        database.execute("UPDATE intents SET body = ? WHERE rowid = ?", (encode(kept), number))
