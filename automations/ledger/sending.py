"""A message's way through the ledger: reserve, mark, settle; and what a crash or a person makes of it.

    reserved ──mark──▶ handing over ──settle──▶ accepted | refused | deferred | in doubt
       ▲  ▲               │     deferred ──mark──▶ handing over
       │  └──settle held──┘
       └──decide resend── in doubt ──decide──▶ accepted | dropped

Accepted and dropped are final. What was refused a person can drop, and its sequence goes on. Every function works
inside the caller's transaction.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence

from automations.core.addresses import address_hash, address_identity
from automations.core.effects import NO_SUCH_ADDRESS
from automations.core.history import MessageRecord, MessageState, Signal, SignalKind
from automations.core.leads import LeadKey
from automations.core.messages import Fault, Hand, MessageKey, Outcome, Outgoing
from automations.core.plan import Send
from automations.errors import LedgerOutOfReach, WrongUsage
from automations.ledger.database import Database
from automations.ledger.suppressing import suppress_identity
from automations.ledger.troubles import RESTORE
from automations.ledger.values import to_moment, to_record, to_text

_CUT_OFF = "the run ended before the answer came"

_RESERVED, _HANDING_OVER = MessageState.RESERVED, MessageState.HANDING_OVER
_DEFERRED, _IN_DOUBT = MessageState.DEFERRED, MessageState.IN_DOUBT
_MAY_BE_MARKED = frozenset({_RESERVED, _DEFERRED})
_UNDER_WAY = frozenset({_RESERVED, _DEFERRED, _HANDING_OVER})

_ENDS = {
    Hand.ACCEPTED: MessageState.ACCEPTED,
    Hand.DEFERRED: MessageState.DEFERRED,
    Hand.REFUSED: MessageState.REFUSED,
    Hand.IN_DOUBT: MessageState.IN_DOUBT,
    Hand.HELD: MessageState.RESERVED,
}

_DECISIONS = {
    "sent": (MessageState.ACCEPTED, frozenset({_IN_DOUBT})),
    "resend": (MessageState.RESERVED, frozenset({_IN_DOUBT})),
    # A message whose deadline passed is dropped before it was ever in doubt.
    "drop": (MessageState.DROPPED, frozenset({_IN_DOUBT, _RESERVED, _DEFERRED, MessageState.REFUSED})),
}

_WHY_STOPPED = {
    SignalKind.REPLIED: "they replied",
    SignalKind.BOUNCED: "an email to them came back",
    SignalKind.UNSUBSCRIBED: "they unsubscribed",
    SignalKind.COMPLAINED: "they complained about an email",
}
"""The signals that stop all sending to a lead, and how that is said."""


def reserve(
    database: Database, run: str, ready: Sequence[tuple[Send, Outgoing]], at: str, salt: bytes
) -> Iterator[MessageKey]:
    """Store messages with their bytes; yield the keys of those that the ledger did not have, or had only prepared."""
    for send, message in ready:
        address = address_hash(address_identity(send.to), salt)
        if _insert(database, send, message, at, address) or _write_anew(database, send, message, at, address):
            # Bytes that were never tried make room for those of today's template; the database refuses any others.
            database.execute(
                "INSERT INTO bodies (message, envelope_from, envelope_to, content, sha256)"
                " SELECT id, ?, ?, ?, ? FROM messages WHERE key = ?"
                " ON CONFLICT (message) DO UPDATE SET envelope_from = excluded.envelope_from,"
                " envelope_to = excluded.envelope_to, content = excluded.content, sha256 = excluded.sha256",
                (
                    message.envelope_from,
                    message.envelope_to,
                    message.content,
                    hashlib.sha256(message.content).digest(),
                    message.key,
                ),
            )
            _event(database, message.key, run, at, _RESERVED)
            yield message.key


def _insert(database: Database, send: Send, message: Outgoing, at: str, address: bytes) -> bool:
    database.execute(
        "INSERT INTO messages (key, sequence, step, lead_key, address, address_hash, company, sender, state, at,"
        " reserved_at, subject, message_id, variant) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (
            message.key,
            send.sequence,
            send.step,
            send.key,
            send.to,
            address,
            send.company,
            send.sender,
            _RESERVED,
            at,
            at,
            message.subject,
            message.message_id,
            send.variant,
        ),
    )
    return database.changes() == 1


def _write_anew(database: Database, send: Send, message: Outgoing, at: str, address: bytes) -> bool:
    """Return whether a message that was prepared and never tried is the one in *message* from now on."""
    database.execute(
        "UPDATE OR IGNORE messages SET address = ?, address_hash = ?, company = ?, sender = ?, at = ?, reserved_at = ?,"
        " subject = ?, message_id = ?, variant = ? WHERE key = ? AND state = ? AND tries = 0",
        (
            send.to,
            address,
            send.company,
            send.sender,
            at,
            at,
            message.subject,
            message.message_id,
            send.variant,
            message.key,
            _RESERVED,
        ),
    )
    return database.changes() == 1


def stored(database: Database, key: MessageKey) -> Outgoing:
    """Return the bytes that were reserved. Raises LedgerOutOfReach when they are not the same any more."""
    row = database.execute(
        "SELECT message_id, envelope_from, envelope_to, subject, content, sha256"
        " FROM bodies JOIN messages ON messages.id = bodies.message WHERE key = ?",
        (key,),
    ).fetchone()
    if row is None:
        raise _unknown(key)
    message_id, envelope_from, envelope_to, subject, content, sha256 = row
    if hashlib.sha256(content).digest() != sha256:
        raise LedgerOutOfReach(f"the ledger is damaged: the stored email {key} has changed", fix=RESTORE)
    return Outgoing(
        key=key,
        message_id=message_id,
        envelope_from=envelope_from,
        envelope_to=envelope_to,
        subject=subject,
        content=content,
    )


_STANDING = """
    SELECT state,
        (SELECT why FROM suppressed WHERE suppressed.address_hash = message.address_hash ORDER BY id LIMIT 1),
        (SELECT group_concat(kind) FROM signals AS signal WHERE signal.lead_key = message.lead_key
            AND signal.at >= ifnull(iif(signal.kind = 'replied',
                (SELECT at FROM moves
                    WHERE lead_key = message.lead_key AND sequence = message.sequence AND kind = 'start'),
                (SELECT max(at) FROM suppressions
                    WHERE address_hash = message.address_hash AND what = 'lift')), ''))
    FROM messages AS message WHERE key = ?"""
"""How a message stands: its state, why its address is suppressed, and which signals came back from its lead. A reply
counts since its sequence began for the lead, any other signal since a person last allowed the address again. One
statement, because it is asked for every email right before its dot."""


def why_not(database: Database, key: MessageKey) -> str:
    """Return what the ledger has against handing this message over now; empty for nothing."""
    row = database.execute(_STANDING, (key,)).fetchone()
    if row is None:
        return "the ledger does not have this email"
    state, suppressed, kinds = row
    if state not in _MAY_BE_MARKED:
        return f"this email is {state} already"
    if suppressed:
        return f"this address must not be written to: {suppressed}"
    came_back = kinds.split(",") if kinds else ()
    return next((why for kind, why in _WHY_STOPPED.items() if kind in came_back), "")


def mark(database: Database, run: str, key: MessageKey, at: str) -> None:
    """Put a message into `handing over`. Ask `why_not` first, in the same transaction."""
    move(database, key, run, at, _HANDING_OVER)


_SETTLE = (
    "UPDATE messages SET state = ?, at = ?, fault = ?, reply = ?, next_try_at = ?, tries = tries + 1"  # noqa: S608
    f" WHERE key = ? AND state IN ({', '.join(repr(each.value) for each in MessageState if each in _UNDER_WAY)})"
)


def settle(database: Database, run: str, key: MessageKey, outcome: Outcome, at: str, next_try_at: str | None) -> None:
    """Record how a hand-over ended, and what follows from it. Every end but HELD counts as one try.

    Raises ValueError when the message is not under way: what has ended cannot end again.
    """
    if outcome.hand is Hand.HELD:
        if _under_way(database, key, outcome).state is _HANDING_OVER:
            move(database, key, run, at, _RESERVED, reply=outcome.reply)
        return
    state, try_at = _ENDS[outcome.hand], next_try_at if outcome.hand is Hand.DEFERRED else None
    database.execute(_SETTLE, (state, at, outcome.fault, outcome.reply, try_at, key))
    if database.changes() != 1:
        _under_way(database, key, outcome)
    _event(database, key, run, at, state, fault=outcome.fault, reply=outcome.reply, next_try_at=try_at)
    # A refusal for any other reason is not the lead's fault, and must not cost us the lead.
    if outcome.hand is Hand.REFUSED and outcome.fault is Fault.ADDRESS:
        message = _known(database, key)
        identity = address_identity(message.address)
        suppress_identity(database, identity, _address_hash(database, key), NO_SUCH_ADDRESS, at)
        signal(database, message.lead_key, Signal(SignalKind.BOUNCED, to_moment(at), outcome.reply, key))


def _under_way(database: Database, key: MessageKey, outcome: Outcome) -> MessageRecord:
    message = _known(database, key)
    if message.state not in _UNDER_WAY:
        raise ValueError(f"message {key} is {message.state} already, so it cannot end as {outcome.hand}")
    return message


def _known(database: Database, key: MessageKey) -> MessageRecord:
    message = find(database, key)
    if message is None:
        raise _unknown(key)
    return message


def _address_hash(database: Database, key: MessageKey) -> bytes:
    digest: bytes
    (digest,) = database.execute("SELECT address_hash FROM messages WHERE key = ?", (key,)).fetchone()
    return digest


def recover(database: Database, at: str) -> Iterator[MessageRecord]:
    """Put every message of a dead process that was being handed over in doubt; yield them in order of their key."""
    for message in _in_state(database, _HANDING_OVER):
        move(database, message.key, None, at, _IN_DOUBT, reply=_CUT_OFF, tries=message.tries + 1)
        changed = find(database, message.key)
        if changed is not None:
            yield changed


def in_doubt(database: Database) -> tuple[MessageRecord, ...]:
    """Return the messages in doubt, in order of their key."""
    return _in_state(database, _IN_DOUBT)


def decide(database: Database, key: MessageKey, decision: str, at: str, why: str = "by hand") -> None:
    """Record what was decided, and *why*. Raises WrongUsage when there is no such decision, or nothing to decide."""
    if decision not in _DECISIONS:
        raise WrongUsage(f"{decision!r} is not a decision", fix=f"Say one of: {', '.join(_DECISIONS)}.")
    target, sources = _DECISIONS[decision]
    message = _known(database, key)
    if message.state not in sources:
        raise WrongUsage(
            f"the email to {message.address} ({message.step}) is {message.state}; there is nothing to decide",
            fix="leadwright settle  lists the emails that wait for a decision. Nothing was changed.",
        )
    move(database, key, None, at, target, reply=f"decided {why}: {decision}", tries=message.tries)


def signal(database: Database, lead: LeadKey, found: Signal) -> None:
    """Record that something came back; the very same thing again changes nothing."""
    until = None if found.until is None else to_text(found.until)
    database.execute(
        "INSERT INTO signals (lead_key, kind, at, detail, message, until, says) VALUES (?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT DO NOTHING",
        (lead, found.kind, to_text(found.at), found.detail, found.message, until, found.says),
    )


def proven(database: Database, message: MessageRecord, at: str, how: str) -> None:
    """Count a message in doubt as accepted, because something shows that it was."""
    move(database, message.key, None, at, MessageState.ACCEPTED, reply=how, tries=message.tries)


def find(database: Database, key: MessageKey) -> MessageRecord | None:
    """Return a message as it stands; None when the ledger does not have it."""
    row = database.execute("SELECT * FROM message_records WHERE key = ?", (key,)).fetchone()
    return None if row is None else to_record(row)


def _in_state(database: Database, state: MessageState) -> tuple[MessageRecord, ...]:
    rows = database.execute("SELECT * FROM message_records WHERE state = ? ORDER BY key", (state,)).fetchall()
    return tuple(to_record(row) for row in rows)


def move(
    database: Database,
    key: MessageKey,
    run: str | None,
    at: str,
    state: MessageState,
    *,
    fault: Fault = Fault.NONE,
    reply: str = "",
    next_try_at: str | None = None,
    tries: int | None = None,
) -> None:
    """Put a message into another state, and record that it went there."""
    database.execute(
        "UPDATE messages SET state = ?, at = ?, fault = ?, reply = ?, next_try_at = ?, tries = coalesce(?, tries)"
        " WHERE key = ?",
        (state, at, fault, reply, next_try_at, tries, key),
    )
    _event(database, key, run, at, state, fault=fault, reply=reply, next_try_at=next_try_at)


def _event(
    database: Database,
    key: MessageKey,
    run: str | None,
    at: str,
    state: MessageState,
    *,
    fault: Fault = Fault.NONE,
    reply: str = "",
    next_try_at: str | None = None,
) -> None:
    database.execute(
        "INSERT INTO message_events (message, run, at, state, fault, reply, next_try_at)"
        " SELECT id, ?, ?, ?, ?, ?, ? FROM messages WHERE key = ?",
        (run, at, state, fault, reply, next_try_at, key),
    )


def _unknown(key: MessageKey) -> WrongUsage:
    return WrongUsage(
        f"the ledger has no email {key}", fix="leadwright settle  lists the emails that wait for a decision."
    )
