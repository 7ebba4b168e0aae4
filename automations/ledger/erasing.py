"""Forgetting a person, as the law can ask: what told of them goes, a hash that keeps us from writing to them stays.

Every function but `clean` works inside the caller's transaction. Source: GDPR, article 17; article 21(3) is why the
hash stays.
"""

from __future__ import annotations

import json
from typing import NamedTuple

from automations.core.addresses import AddressProblem, address_hash, address_identity, normalise_address
from automations.core.leads import LeadKey
from automations.errors import WrongUsage
from automations.ledger import Erased
from automations.ledger.database import Database
from automations.ledger.suppressing import ERASED, suppress_identity
from automations.ledger.values import encode

_TABLES = ("cells", "known", "snapshots", "moves", "signals", "incoming")
"""Where a row tells of one lead and of nobody else."""


class _Person(NamedTuple):
    """All that the ledger knows one person by."""

    keys: frozenset[LeadKey]
    digests: frozenset[bytes]


def erase(database: Database, who: str, at: str, salt: bytes) -> Erased:
    """Forget the person whose address or lead key *who* is. Raises WrongUsage when a key is not known."""
    person = _person(database, who, salt)
    database.execute("INSERT INTO erasing (lead) VALUES ('')")
    emails = sum(_erase_message(database, key, at, salt) for key in sorted(_messages(database, person)))
    entries = sum(_erase_rows(database, key) for key in person.keys) + _erase_mails(database, person, salt)
    if not person.digests:
        raise WrongUsage(
            f'nothing is recorded about "{who}", and it is no email address; nothing was erased',
            fix="name the person's email address, so that nothing is sent there again",
        )
    database.execute("DELETE FROM states WHERE id NOT IN (SELECT state FROM snapshots)")
    _erase_intents(database, person)
    for digest in person.digests:
        suppress_identity(database, "", digest, ERASED, at)
        database.execute("UPDATE suppressions SET address = '', why = ? WHERE address_hash = ?", (ERASED, digest))
    database.execute("DELETE FROM erasing")
    return Erased(emails, entries)


def clean(database: Database) -> None:
    """Write the file anew, so that nothing of what was erased is left between its pages."""
    database.execute("VACUUM")
    # The new file still stands in the write-ahead log, and the old one under it.
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _person(database: Database, who: str, salt: bytes) -> _Person:
    try:
        identity = address_identity(normalise_address(who))
    except AddressProblem:
        keys, digests = {LeadKey(who.strip())}, set()
    else:
        keys, digests = {LeadKey(who.strip()), LeadKey(identity)}, {address_hash(identity, salt)}
    # Once around: another address of a lead found by its key is theirs too; another lead at it may be somebody else's.
    keys |= {
        LeadKey(key)
        for digest in digests
        for (key,) in database.execute("SELECT lead_key FROM messages WHERE address_hash = ?", (digest,))
    }
    digests |= {
        digest
        for key in keys
        for (digest,) in database.execute("SELECT address_hash FROM messages WHERE lead_key = ?", (key,))
    }
    return _Person(frozenset(keys), frozenset(digests))


def _messages(database: Database, person: _Person) -> set[str]:
    rows = [database.execute("SELECT key FROM messages WHERE lead_key = ?", (key,)) for key in person.keys]
    return {message for found in rows for (message,) in found}


def _erase_message(database: Database, message: str, at: str, salt: bytes) -> int:
    """Take everything personal off a message; one that had not left is dropped."""
    # The key of a message follows from the lead's: whoever guesses an address could find it again.
    stands_for = address_hash(message, salt).hex()
    database.execute("DELETE FROM message_events WHERE message = (SELECT id FROM messages WHERE key = ?)", (message,))
    database.execute("DELETE FROM bodies WHERE message = (SELECT id FROM messages WHERE key = ?)", (message,))
    database.execute(
        "UPDATE messages SET state = 'dropped', at = ? WHERE key = ? AND state IN ('reserved', 'deferred', 'in doubt')",
        (at, message),
    )
    database.execute(
        "UPDATE messages SET key = ?, lead_key = 'erased', address = '', company = '', subject = '', message_id = ?,"
        " reply = '' WHERE key = ?",
        (f"erased-{stands_for}", f"<{stands_for}@erased.invalid>", message),
    )
    return 1


def _erase_rows(database: Database, key: LeadKey) -> int:
    statements = [f"DELETE FROM {table} WHERE lead_key = ?" for table in _TABLES]  # noqa: S608 - names of our own
    return sum(_deleted(database, statement, key) for statement in statements)


def _erase_mails(database: Database, person: _Person, salt: bytes) -> int:
    """Take out the mails of a person that belong to no lead: a wish to stop, or an answer nobody could match."""
    mails = database.execute("SELECT identity, sender FROM incoming WHERE lead_key = ''").fetchall()
    theirs = [each for each, sender in mails if address_hash(address_identity(sender), salt) in person.digests]
    return sum(_deleted(database, "DELETE FROM incoming WHERE identity = ?", each) for each in theirs)


def _deleted(database: Database, statement: str, key: LeadKey) -> int:
    database.execute(statement, (key,))
    return database.changes()


def _erase_intents(database: Database, person: _Person) -> None:
    for number, body in database.execute("SELECT rowid, body FROM intents").fetchall():
        kept = [entry for entry in json.loads(body) if entry[0] not in person.keys]
        database.execute("UPDATE intents SET body = ? WHERE rowid = ?", (encode(kept), number))
