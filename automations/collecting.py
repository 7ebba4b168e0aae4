"""What comes back, collected: new mail of every sender's mailbox, understood, matched, and recorded with its effects.

    mailbox ──> folder ──> batch ──> each mail: what is it, whose is it, what follows ──> ledger, in one transaction

The place in a folder moves on in the same transaction as the effects, and a mail has its effects once: reading again
changes nothing. A mailbox that cannot be read is a note; the others are read all the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from automations.clock import Clock
from automations.core.effects import CameBack
from automations.core.history import MessageRecord
from automations.core.incoming import Kind
from automations.core.mailboxes import FREE_MAILBOX_DOMAINS
from automations.core.policy import Policy
from automations.errors import MailerOutOfReach
from automations.ledger import Ledger
from automations.mail.inbox import Arrived, Batch, Listed, Mailbox, OpenMailbox, new_place, next_batch
from automations.mail.incoming.following import what_follows
from automations.mail.incoming.matching import Known, known_of, match
from automations.mail.incoming.replies import own_phrases
from automations.mail.incoming.verdict import Context, read_mail

OLD = timedelta(minutes=10)
"""When the mailboxes were last read so long ago, they are read again before more emails leave."""

Say = Callable[[str, int, int], None]
"""Told what is going on: what, how many are done, of how many (0: not known)."""

SET_ASIDE = "It could not be read three times, so it was left where it is."


class Understanding(NamedTuple):
    """What is needed to understand a mail: who we are, and what we sent."""

    context: Context
    known: Known


def understanding_for(policy: Policy, records: Iterable[MessageRecord]) -> Understanding:
    """Return what is needed to understand what comes back for the emails of *records*."""
    ours = {address.lower() for sender in policy.senders for address in (sender.address, sender.reply_to) if address}
    context = Context(frozenset(ours), frozenset(ours), own_phrases(policy.replies))
    return Understanding(context, known_of(records, FREE_MAILBOX_DOMAINS))


class Receiver(Protocol):
    """What collecting needs; every workplace is one."""

    @property
    def policy(self) -> Policy:
        """Return what the owner asked for."""
        ...

    def inboxes(self) -> Mapping[str, OpenMailbox]:
        """Return the mailboxes to read, by sender."""
        ...


class Post:
    """What comes back while one run, or one look into the mailboxes, is under way.

    *mails* are those that were not known before, in the order they were read; *notes* are sentences for a person.
    """

    def __init__(self, place: Receiver, ledger: Ledger, clock: Clock, say: Say) -> None:
        self._place = place
        self._ledger = ledger
        self._clock = clock
        self._say = say
        self._read_at: timedelta | None = None
        self.mails: list[CameBack] = []
        self.notes: dict[str, str] = {}

    @property
    def changes_leads(self) -> bool:
        """Return whether anything about a lead is different now."""
        return any(mail.signal or mail.suppress or mail.proves for mail in self.mails)

    def collect_if_old(self) -> None:
        """Read the mailboxes again when that was last done ten minutes ago: somebody may have answered meanwhile."""
        if self._read_at is not None and self._clock.elapsed() - self._read_at >= OLD:
            self.collect()

    def collect(self) -> None:
        """Read the new mail of every mailbox, and record what follows from it."""
        inboxes = self._place.inboxes()
        if not inboxes:
            return
        understanding = understanding_for(self._place.policy, self._ledger.messages())
        for number, (sender, open_mailbox) in enumerate(inboxes.items()):
            self._say("reading replies", number, len(inboxes))
            work = _Reading(sender, understanding, self._ledger, self._place.policy, self._clock.now)
            self._read(work, open_mailbox)
        self._read_at = self._clock.elapsed()

    def _read(self, work: _Reading, open_mailbox: OpenMailbox) -> None:
        self.notes.pop(work.sender, None)
        try:
            with open_mailbox() as mailbox:
                for folder in mailbox.folders():
                    self.mails += work.folder(mailbox, folder)
            self._ledger.mailbox_read(work.sender, self._clock.now())
        except MailerOutOfReach as error:
            self._ledger.mailbox_not_read(work.sender, self._clock.now())
            self.notes[work.sender] = (
                f"the inbox of {work.sender} could not be read: {error.what}; replies there are not known yet"
            )


@dataclass(frozen=True, slots=True)
class _Reading:
    """The reading of one sender's mailbox."""

    sender: str
    understanding: Understanding
    ledger: Ledger
    policy: Policy
    now: Callable[[], datetime]

    def folder(self, mailbox: Mailbox, folder: str) -> Iterator[CameBack]:
        """Read a folder on from where it was read to; yield what was not known before."""
        known = self.ledger.folder_place(self.sender, folder)
        place = new_place(mailbox, folder, known, self.now().date())
        if place is None:
            return
        waiting: Sequence[Listed] = mailbox.listed(folder, place.uid)
        if not waiting:
            self.ledger.begin_reading(self.sender, folder, place)
        while waiting:
            batch = next_batch(place, waiting)
            yield from self._batch(mailbox, folder, batch)
            place = batch.after
            waiting = waiting[len(batch.mails) :]

    def _batch(self, mailbox: Mailbox, folder: str, batch: Batch) -> tuple[CameBack, ...]:
        if batch.set_aside:
            mails: tuple[CameBack, ...] = (self._set_aside(folder, batch),)
        else:
            self.ledger.begin_reading(self.sender, folder, batch.reading)
            mails = tuple([self._understood(mail) for mail in mailbox.fetch(folder, batch.mails)])
        return self.ledger.take_in(self.sender, folder, batch.after, mails, self.now())

    def _understood(self, mail: Arrived) -> CameBack:
        verdict = read_mail(mail.content, self.understanding.context)
        found = match(verdict, self.understanding.known)
        identity = verdict.own_id or hashlib.sha256(mail.content).hexdigest()
        at = mail.at or self.now()
        zone = self.policy.business.zone
        came = what_follows(verdict, found, identity=identity, at=at, mailbox=self.sender, zone=zone)
        return came if self.policy.alerts.reply else came._replace(tell="")

    def _set_aside(self, folder: str, batch: Batch) -> CameBack:
        identity = f"{self.sender} {folder} {batch.after.uidvalidity} {batch.after.uid}"
        return CameBack(identity, self.now(), "", Kind.UNREADABLE.value, SET_ASIDE)
