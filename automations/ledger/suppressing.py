"""Who must not be written to: one list for every book of a ledger, by address, and by its hash once that is erased.

Every function works inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterator

from automations.core.addresses import address_hash, address_identity
from automations.core.effects import COMPLAINED
from automations.core.history import Suppression, Suppressions
from automations.errors import WrongUsage
from automations.ledger.database import Database
from automations.ledger.values import to_moment

ERASED = "their data were erased at their request"


def suppress(database: Database, address: str, why: str, at: str, salt: bytes) -> None:
    """Record that nothing may be sent to *address*; for a reason that is in force already, nothing changes."""
    identity = address_identity(address)
    suppress_identity(database, identity, address_hash(identity, salt), why, at)


def suppress_identity(database: Database, identity: str, digest: bytes, why: str, at: str) -> None:
    """Do the same for an address whose identity and hash are at hand."""
    database.execute(
        "INSERT INTO suppressions (what, address, address_hash, why, at) SELECT 'suppress', ?, ?, ?, ?"
        " WHERE NOT EXISTS (SELECT 1 FROM suppressed WHERE address_hash = ? AND why = ?)",
        (identity, digest, why, at, digest, why),
    )


def lift(database: Database, address: str, because: str, at: str, salt: bytes) -> None:
    """Record that *address* may be written to again. Raises WrongUsage when it was not suppressed, or for ever."""
    identity = address_identity(address)
    digest = address_hash(identity, salt)
    reasons = [why for (why,) in database.execute("SELECT why FROM suppressed WHERE address_hash = ?", (digest,))]
    if not reasons:
        raise WrongUsage(f"{address} is not on the list, so nothing was changed", fix="the list:  leadwright suppress")
    if COMPLAINED in reasons:
        raise WrongUsage(
            f"{address} {COMPLAINED}, and that stays; nothing was changed",
            fix="write to this person from your own mailbox, if they ask you to",
        )
    database.execute(
        "INSERT INTO suppressions (what, address, address_hash, why, at) VALUES ('lift', ?, ?, ?, ?)",
        (identity, digest, because, at),
    )


def suppressions(database: Database, salt: bytes) -> Suppressions:
    """Return the list as it stands, with the reason that came first for each address."""
    by_address: dict[str, Suppression] = {}
    erased: dict[bytes, Suppression] = {}
    for address, digest, why, at in database.execute(
        "SELECT address, address_hash, why, at FROM suppressed ORDER BY id"
    ):
        found = Suppression(address, why, to_moment(at))
        if address:
            by_address.setdefault(address, found)
        else:
            erased.setdefault(digest, found)
    return Suppressions(by_address, erased, salt)


def lifted_at(database: Database) -> Iterator[tuple[bytes, str]]:
    """Yield the hash of every address that a person allowed again, and when that was last."""
    yield from database.execute("SELECT address_hash, max(at) FROM suppressions WHERE what = 'lift' GROUP BY 1")
