r"""New mail of a sender's mailbox, in the order it came, without changing anything in it.

    folder ──STATUS──> anything new? ──list──> numbers and sizes ──batches──> bytes ──> understood, recorded ──> place

Mails are known by their number (UID, RFC 3501 section 2.3.1.1), never by the \Seen flag: a teammate who reads or moves
a mail first does not hide it. The place in a folder moves on only once what it read is on record.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from automations.core.effects import FolderPlace

if TYPE_CHECKING:
    from imap_tools import BaseMailBox

LOOK_BACK = timedelta(days=30)
"""How far a folder is read back that was never read, or whose numbers are no longer those that we know."""

MOST_OF_ONE = 512 * 1024
"""Of a larger mail only so many octets are read: who wrote, and why, stands at its beginning."""

TRIES = 3
"""After so many readings that never ended, a mail is set aside and not looked at again."""

_BATCH = 50
_BATCH_OCTETS = 8 * 1024 * 1024
_NOT_READ = frozenset({"\\sent", "\\drafts", "\\noselect", "\\nonexistent"})
_ALL = "\\all"
_JUNK = "\\junk"
_MOST_FOLDERS = 100
_ITEM = re.compile(rb"\bUID (\d+)|\bRFC822\.SIZE (\d+)")
_UID = re.compile(rb"\bUID (\d+)")
_CAME = re.compile(rb'\bINTERNALDATE "([^"]+)"')
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Listed(NamedTuple):
    """A mail in a folder: its number there, and its size in octets."""

    uid: int
    size: int


class Arrived(NamedTuple):
    """A mail as it arrived, *at* in UTC. *is_whole* is False when only its first `MOST_OF_ONE` octets were read."""

    uid: int
    at: datetime | None
    content: bytes
    is_whole: bool = True


class Numbering(NamedTuple):
    """The numbers of a folder: they mean the same as long as *uidvalidity* is; the next mail gets *uidnext*."""

    uidvalidity: int
    uidnext: int


class Mailbox(Protocol):
    """A sender's mailbox, open to be read."""

    def folders(self) -> tuple[str, ...]:
        """Return the folders in which mail to us may be found."""
        ...

    def numbering(self, folder: str) -> Numbering:
        """Return the numbers of a folder as they are now."""
        ...

    def first_since(self, folder: str, day: date) -> int | None:
        """Return the number of the first mail that came on *day* or later; None when there is none."""
        ...

    def listed(self, folder: str, after: int) -> tuple[Listed, ...]:
        """Return the mails with a number above *after*, in order."""
        ...

    def fetch(self, folder: str, mails: Sequence[Listed]) -> tuple[Arrived, ...]:
        """Return mails with their bytes, in order; one that was deleted meanwhile is left out."""
        ...


OpenMailbox = Callable[[], AbstractContextManager[Mailbox]]
"""Opens a sender's mailbox. Raises MailerOutOfReach, also later, when it cannot be read."""


class Batch(NamedTuple):
    """Mails to be read together. *reading* is the place to record before, *after* the one to record once all is done.

    *set_aside*: its one mail was begun three times and never ended; it is not to be looked at.
    """

    mails: tuple[Listed, ...]
    reading: FolderPlace
    after: FolderPlace
    set_aside: bool = False


def new_place(mailbox: Mailbox, folder: str, known: FolderPlace | None, today: date) -> FolderPlace | None:
    """Return where to read on in a folder; None when nothing has come since *known*."""
    now = mailbox.numbering(folder)
    if known is not None and known.uidvalidity == now.uidvalidity:
        return known if now.uidnext - 1 > known.uid else None
    first = mailbox.first_since(folder, today - LOOK_BACK)
    return FolderPlace(now.uidvalidity, (first or now.uidnext) - 1)


def next_batch(place: FolderPlace, waiting: Sequence[Listed]) -> Batch:
    """Return what to read next of the mails that wait, which are not empty and in order.

    Where a reading was begun and never ended, mails are taken one by one, so that one that cannot be read is found.
    """
    first = waiting[0]
    if first.uid <= place.careful_until:
        after = place._replace(uid=first.uid, tries=0)
        return Batch((first,), place._replace(tries=place.tries + 1), after, place.tries >= TRIES)
    mails = tuple(_together(waiting))
    last = mails[-1].uid
    return Batch(mails, place._replace(careful_until=last, tries=0), FolderPlace(place.uidvalidity, last))


def _together(waiting: Sequence[Listed]) -> Iterator[Listed]:
    octets = 0
    for number, mail in enumerate(waiting[:_BATCH]):
        octets += min(mail.size, MOST_OF_ONE)
        if number and octets > _BATCH_OCTETS:
            return
        yield mail


class ImapMailbox:
    """`Mailbox` over an open IMAP connection; *wanted* names the folders to read, empty for all that can have any."""

    def __init__(self, box: BaseMailBox, wanted: Sequence[str] = ()) -> None:
        self._box = box
        self._wanted = tuple(wanted)
        self._selected = ""

    def folders(self) -> tuple[str, ...]:
        r"""Return the folders asked for, else every one but what was sent or is being written.

        Where the server has a folder of all mail (\All, RFC 6154), that and spam are enough.
        """
        found = self._box.folder.list()
        if self._wanted:
            there = {each.name for each in found}
            return tuple(name for name in self._wanted if name in there)
        uses = {each.name: frozenset(flag.casefold() for flag in each.flags) for each in found}
        everything = [name for name, flags in uses.items() if _ALL in flags]
        if everything:
            return (*everything, *(name for name, flags in uses.items() if _JUNK in flags))
        return tuple(name for name, flags in uses.items() if not flags & _NOT_READ)[:_MOST_FOLDERS]

    def numbering(self, folder: str) -> Numbering:
        """Return the numbers of a folder as they are now."""
        if folder == self._selected:
            # Of an open folder a server tells what it last told us, until we ask for news (RFC 3501, section 6.3.10).
            self._box.client.noop()
        status = self._box.folder.status(folder, ["UIDVALIDITY", "UIDNEXT"])
        return Numbering(status["UIDVALIDITY"], status["UIDNEXT"])

    def first_since(self, folder: str, day: date) -> int | None:
        """Return the number of the first mail that came on *day* or later; None when there is none."""
        self._open(folder)
        # Names of months are English in IMAP, whatever language the system speaks.
        uids = self._box.uids(f"SINCE {day.day}-{_MONTHS[day.month - 1]}-{day.year}", charset=None)
        return min(map(int, uids), default=None)

    def listed(self, folder: str, after: int) -> tuple[Listed, ...]:
        """Return the mails with a number above *after*, in order."""
        self._open(folder)
        _, lines = self._box.client.uid("FETCH", f"{after + 1}:*", "(RFC822.SIZE)")
        found = [_listed(line) for line in lines if isinstance(line, bytes)]
        # "*" is the last mail, also when its number is not above *after*.
        return tuple(sorted(each for each in found if each is not None and each.uid > after))

    def fetch(self, folder: str, mails: Sequence[Listed]) -> tuple[Arrived, ...]:
        """Return mails with their bytes, in order; one that was deleted meanwhile is left out."""
        self._open(folder)
        sizes = {mail.uid: mail.size for mail in mails}
        _, parts = self._box.client.uid(
            "FETCH", ",".join(map(str, sizes)), f"(UID INTERNALDATE BODY.PEEK[]<0.{MOST_OF_ONE}>)"
        )
        # What belongs to a mail may stand before its bytes or behind them.
        behind = [part if isinstance(part, bytes) else b"" for part in [*parts[1:], b""]]
        found = [
            _arrived(part[0] + tail, part[1], sizes)
            for part, tail in zip(parts, behind, strict=True)
            if isinstance(part, tuple)
        ]
        return tuple(sorted((each for each in found if each is not None), key=lambda each: each.uid))

    def _open(self, folder: str) -> None:
        if folder != self._selected:
            self._box.folder.set(folder, readonly=True)
            self._selected = folder


def _listed(line: bytes) -> Listed | None:
    found = {(1 if uid else 2): int(uid or size) for uid, size in _ITEM.findall(line)}
    return Listed(found[1], found.get(2, 0)) if 1 in found else None


def _arrived(head: bytes, content: bytes, sizes: Mapping[int, int]) -> Arrived | None:
    uid = _UID.search(head)
    if uid is None or int(uid[1]) not in sizes:
        return None
    number = int(uid[1])
    return Arrived(number, _came_at(head), content, sizes[number] <= MOST_OF_ONE)


def _came_at(head: bytes) -> datetime | None:
    came = _CAME.search(head)
    if came is None:
        return None
    return parsedate_to_datetime(came[1].decode("ascii").strip().replace("-", " ", 2)).astimezone(UTC)


@dataclass(slots=True)
class MemoryMailbox:
    """A mailbox without a server, for rehearsals, simulation and tests. *mails* are by folder, as they came."""

    mails: dict[str, list[Arrived]] = field(default_factory=lambda: {"INBOX": []})
    uidvalidity: int = 1

    @contextmanager
    def opened(self) -> Iterator[Mailbox]:
        """Open the mailbox; there is nothing to close."""
        yield self

    def deliver(self, content: bytes, at: datetime, folder: str = "INBOX") -> None:
        """Put a mail into a folder."""
        inside = self.mails.setdefault(folder, [])
        inside.append(Arrived(inside[-1].uid + 1 if inside else 1, at, content))

    def folders(self) -> tuple[str, ...]:
        """Return all folders."""
        return tuple(self.mails)

    def numbering(self, folder: str) -> Numbering:
        """Return the numbers of a folder as they are now."""
        inside = self.mails[folder]
        return Numbering(self.uidvalidity, inside[-1].uid + 1 if inside else 1)

    def first_since(self, folder: str, day: date) -> int | None:
        """Return the number of the first mail that came on *day* or later; None when there is none."""
        return next((each.uid for each in self.mails[folder] if each.at and each.at.date() >= day), None)

    def listed(self, folder: str, after: int) -> tuple[Listed, ...]:
        """Return the mails with a number above *after*, in order."""
        return tuple(Listed(each.uid, len(each.content)) for each in self.mails[folder] if each.uid > after)

    def fetch(self, folder: str, mails: Sequence[Listed]) -> tuple[Arrived, ...]:
        """Return mails with their bytes, in order."""
        wanted = {mail.uid for mail in mails}
        return tuple(each for each in self.mails[folder] if each.uid in wanted)
