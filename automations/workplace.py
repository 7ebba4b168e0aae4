"""Where runs work: what they are given, and the reading and deciding that every one of them begins with."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from automations.clock import Clock
from automations.collecting import Post, Say
from automations.core.alerts import Alert
from automations.core.books import only_leads, read_book, wanted_headers
from automations.core.evidence import Doubt, Sighting
from automations.core.garbage import without_collections
from automations.core.history import History, Pause
from automations.core.leads import Book, LeadKey
from automations.core.letters import Words
from automations.core.planning import Decision, decide
from automations.core.playbook import Playbook
from automations.core.policy import Policy
from automations.ledger import Ledger
from automations.mail import Mailer
from automations.mail.inbox import OpenMailbox
from automations.marks import Marks
from automations.sources import Source


class Workplace(Protocol):
    """What a run needs to be given; `project.Project` is the one that config.yaml makes."""

    @property
    def policy(self) -> Policy:
        """Return what the owner asked for."""
        ...

    def open_source(self) -> Source:
        """Return where the leads live."""
        ...

    def open_ledger(self) -> AbstractContextManager[Ledger]:
        """Return the ledger, which is closed at the end."""
        ...

    def marks(self, source: Source) -> Marks:
        """Return where it is noted, outside the ledger, how far it has come."""
        ...

    def open_mailer(self, sender: str) -> Mailer:
        """Return what hands over the messages of a sender."""
        ...

    def look_up(self, sender: str, doubts: Sequence[Doubt], now: datetime) -> Sequence[Sighting]:
        """Look for emails in doubt of a sender in every place that may have a trace of them."""
        ...

    def inboxes(self) -> Mapping[str, OpenMailbox]:
        """Return the mailboxes in which answers to our emails arrive, by sender."""
        ...

    def next_run(self, now: datetime) -> datetime | None:
        """Return when the schedule runs next; None when it never does."""
        ...

    def tell(self, alert: Alert, now: datetime) -> str:
        """Hand an email to one of us over; return why it could not be, or ""."""
        ...

    def playbook(self, book: Book, now: datetime) -> Playbook:
        """Return the policy, ready to decide by, with the facts that this book and this day need."""
        ...

    def words(self, now: datetime) -> Words:
        """Return the templates, ready to render."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """What one run works with."""

    place: Workplace
    source: Source
    ledger: Ledger
    clock: Clock
    run: str
    say: Say
    stopping: Callable[[], bool]
    post: Post


@dataclass(frozen=True, slots=True)
class Found:
    """What was read and decided: the leads, what they were decided by, and the decision."""

    book: Book
    playbook: Playbook
    decision: Decision


def read_and_decide(
    workplace: Workplace,
    source: Source,
    ledger: Ledger,
    now: datetime,
    at_most: int | None = None,
    only: Collection[LeadKey] | None = None,
) -> Found:
    """Read the leads and the ledger, and decide what should happen at *now*, to *only* some leads if not to all."""
    with without_collections():
        book, playbook = read_leads(workplace, source, now)
        book = book if only is None else only_leads(book, only)
        history = known_now(workplace, ledger, source, now)
        return Found(book, playbook, decide(book, playbook, history, now, workplace.words(now), at_most))


def known_now(workplace: Workplace, ledger: Ledger, source: Source, now: datetime) -> History:
    """Return what the ledger knows; a pause that somebody asked for in the sheet counts like any other.

    A mailbox that config.yaml names no more is nobody's to read.
    """
    known, inboxes = ledger.history(now), workplace.inboxes()
    history = replace(known, unreadable={name: at for name, at in known.unreadable.items() if name in inboxes})
    why = source.why_not_send() if history.pause is None else ""
    return replace(history, pause=Pause(now, why, "take the tick off to go on")) if why else history


def read_leads(workplace: Workplace, source: Source, now: datetime) -> tuple[Book, Playbook]:
    """Return the leads, and what they are decided by."""
    columns = workplace.policy.columns
    book = read_book(source.read(wanted_headers(columns)), columns)
    return book, workplace.playbook(book, now)
