"""What the ledger knows, read back: the history that planning needs, and the entries that a person asks for.

Every function works inside the caller's transaction, so that what it returns is of one moment.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from operator import attrgetter

from automations.core.addresses import address_identity
from automations.core.history import (
    NOTHING_KNOWN,
    Enrollment,
    EnrollmentState,
    LeadHistory,
    MessageRecord,
    Signal,
    SignalKind,
    StepDone,
    StepHow,
)
from automations.core.leads import Cell, LeadKey
from automations.core.plan import MoveKind
from automations.ledger import Entry, cells
from automations.ledger.database import Database
from automations.ledger.states import StateReader, to_facts
from automations.ledger.suppressing import lifted_at
from automations.ledger.values import to_moment, to_moment_or_none, to_record, untag

_AT_ONCE = 500
_HOW = {MoveKind.SKIP: StepHow.SKIPPED, MoveKind.TASK: StepHow.TASK}
_END = {MoveKind.FINISH: EnrollmentState.FINISHED, MoveKind.STOP: EnrollmentState.STOPPED}
_KINDS = {kind.value: kind for kind in MoveKind}


@dataclass(slots=True)
class _Place:
    """A lead's place in one sequence, while its moves are added up."""

    started_at: datetime
    state: EnrollmentState = EnrollmentState.ACTIVE
    why: str = ""
    done: list[StepDone] = field(default_factory=list)

    def add(self, kind: MoveKind, at: datetime, step: str, why: str) -> None:
        if kind in _HOW:
            self.done.append(StepDone(step, _HOW[kind], at))
        elif kind in _END and self.state is EnrollmentState.ACTIVE:
            self.state, self.why = _END[kind], why

    def enrollment(self, sequence: str) -> Enrollment:
        return Enrollment(sequence, self.started_at, self.state, self.why, tuple(self.done))


def leads(database: Database, messages: tuple[MessageRecord, ...]) -> dict[LeadKey, LeadHistory]:
    """Return what is known of every lead. Leads in the same state of knowledge share one value."""
    histories = _known(database)
    places = _enrollments(database)
    signals = _signals(database)
    intended = _intended(database)
    sent: defaultdict[LeadKey, list[MessageRecord]] = defaultdict(list)
    for message in sorted(messages, key=attrgetter("reserved_at", "key")):
        sent[message.lead_key].append(message)
    for key in {**places, **signals, **sent, **intended}:
        histories[key] = histories.get(key, NOTHING_KNOWN)._replace(
            enrollments=tuple([place.enrollment(sequence) for sequence, place in places.get(key, {}).items()]),
            messages=tuple(sent.get(key, ())),
            signals=tuple(signals.get(key, ())),
            intended=tuple(intended.get(key, ())),
        )
    return histories


def _intended(database: Database) -> dict[LeadKey, list[tuple[str, Cell]]]:
    intended: defaultdict[LeadKey, list[tuple[str, Cell]]] = defaultdict(list)
    for (body,) in database.execute("SELECT body FROM intents"):
        for key, header, value in json.loads(body):
            intended[key].append((header, untag(value)))
    return intended


def _known(database: Database) -> dict[LeadKey, LeadHistory]:
    reader = StateReader()
    states: dict[int, LeadHistory] = {}
    cursor = iter(database.execute("SELECT id, body FROM states WHERE id IN (SELECT state FROM known)"))
    while rows := tuple(islice(cursor, _AT_ONCE)):
        ids, bodies = zip(*rows, strict=True)
        states.update(zip(ids, reader.read(bodies), strict=True))
    return {key: states[state] for key, state in database.execute("SELECT lead_key, state FROM known")}


def _enrollments(database: Database) -> dict[LeadKey, dict[str, _Place]]:
    places: dict[LeadKey, dict[str, _Place]] = {}
    rows = database.execute("SELECT lead_key, sequence, kind, at, step, why FROM moves ORDER BY id")
    for key, sequence, kind, at, step, why in rows:
        of_lead = places.setdefault(key, {})
        moment = to_moment(at)
        if sequence not in of_lead:
            of_lead[sequence] = _Place(moment)
        of_lead[sequence].add(_KINDS[kind], moment, step, why)
    return places


def _signals(database: Database) -> dict[LeadKey, list[Signal]]:
    """Return what came back from each lead; after a person allowed the address again, what came before is settled."""
    signals: defaultdict[LeadKey, list[Signal]] = defaultdict(list)
    lifted = _lifted(database)
    rows = database.execute("SELECT lead_key, kind, at, detail, message, until, says FROM signals ORDER BY at, id")
    for key, kind, at, detail, message, until, says in rows:
        if kind == SignalKind.REPLIED or at >= lifted.get(key, ""):
            signal = Signal(SignalKind(kind), to_moment(at), detail, message, to_moment_or_none(until), says)
            signals[key].append(signal)
    return signals


def _lifted(database: Database) -> dict[LeadKey, str]:
    """Return since when the address of a lead may be written to again, for leads of which that was ever said."""
    found = {}
    for digest, at in lifted_at(database):
        for (key,) in database.execute("SELECT lead_key FROM messages WHERE address_hash = ?", (digest,)):
            found[LeadKey(key)] = at
    return found


def messages(database: Database) -> tuple[MessageRecord, ...]:
    """Return every message there ever was, in order of its key."""
    rows = database.execute("SELECT * FROM message_records ORDER BY key")
    return tuple([to_record(row) for row in rows])


def since(records: tuple[MessageRecord, ...], begin: datetime) -> tuple[MessageRecord, ...]:
    """Return the messages that were reserved or changed their state since *begin*, that moment included."""
    return tuple([record for record in records if record.at >= begin])


def entries(database: Database, key: LeadKey) -> tuple[Entry, ...]:
    """Return all that happened to one lead, oldest first; at one moment, in the order of a run's steps."""
    found = [each for kind in _ENTRIES for each in kind(database, key)]
    return tuple(sorted(found, key=attrgetter("at")))


def _snapshots(database: Database, key: LeadKey) -> Iterator[Entry]:
    rows = database.execute(
        "SELECT batches.at, run, body FROM snapshots JOIN batches ON batches.id = batch"
        " JOIN states ON states.id = state WHERE lead_key = ? ORDER BY batch",
        (key,),
    )
    for at, run, body in rows:
        yield Entry(to_moment(at), "snapshot", {"run": run, **to_facts(body)})


def _moves(database: Database, key: LeadKey) -> Iterator[Entry]:
    rows = database.execute(
        "SELECT at, run, sequence, kind, step, why FROM moves WHERE lead_key = ? ORDER BY id", (key,)
    )
    for at, run, sequence, kind, step, why in rows:
        yield Entry(to_moment(at), "move", {"run": run, "sequence": sequence, "move": kind, "step": step, "why": why})


def _messages(database: Database, key: LeadKey) -> Iterator[Entry]:
    rows = database.execute(
        "SELECT event.at, event.run, event.state, event.fault, event.reply, event.next_try_at,"
        " key, sequence, step, sender, address, subject, message_id, variant"
        " FROM messages JOIN message_events AS event ON event.message = messages.id"
        " WHERE lead_key = ? ORDER BY event.id",
        (key,),
    )
    names = ("run", "state", "fault", "reply", "next_try_at", "message", "sequence", "step", "sender", "to", "subject")
    for at, *facts in rows:
        yield Entry(to_moment(at), "message", dict(zip((*names, "message_id", "variant"), facts, strict=True)))


def _came_back(database: Database, key: LeadKey) -> Iterator[Entry]:
    rows = database.execute("SELECT at, kind, detail, until, says FROM signals WHERE lead_key = ? ORDER BY id", (key,))
    for at, kind, detail, until, says in rows:
        yield Entry(to_moment(at), "signal", {"signal": kind, "detail": detail, "until": until, "says": says})


def _incoming(database: Database, key: LeadKey) -> Iterator[Entry]:
    """Yield the mails that came back and did nothing by themselves; those that did are among the signals."""
    rows = database.execute(
        "SELECT at, kind, sender, because FROM incoming WHERE lead_key = ? AND NOT EXISTS"
        " (SELECT 1 FROM signals WHERE signals.lead_key = incoming.lead_key AND signals.at = incoming.at)"
        " ORDER BY at, identity",
        (key,),
    )
    for at, kind, sender, because in rows:
        yield Entry(to_moment(at), "incoming", {"kind": kind, "from": sender, "because": because})


def _suppressions(database: Database, key: LeadKey) -> Iterator[Entry]:
    addresses = database.execute("SELECT DISTINCT address FROM messages WHERE lead_key = ?", (key,)).fetchall()
    identities = {address_identity(address) for (address,) in addresses} | {address_identity(key)}
    for identity in sorted(identities):
        rows = database.execute("SELECT at, what, why FROM suppressions WHERE address = ? ORDER BY id", (identity,))
        for at, what, why in rows:
            yield Entry(to_moment(at), "suppression", {"address": identity, "what": what, "why": why})


_ENTRIES = (_came_back, _incoming, _suppressions, _snapshots, _moves, cells.of_lead, _messages)
