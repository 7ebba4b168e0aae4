"""Watching the rows of leads who get an email, up to the moment it leaves."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from automations.core.books import read_book, wanted_headers
from automations.core.calendars import calendar_for
from automations.core.leads import Book, LeadKey
from automations.core.plan import Send
from automations.core.policy import Facts, Policy
from automations.errors import LeadwrightError
from automations.sources import Source


class RowWatch:
    """Asks the sheet again right before each dot, but reads it anew only when its bytes have changed.

    *mailed* are the leads of *book* who get an email.
    """

    def __init__(self, book: Book, mailed: Collection[LeadKey], facts: Facts, policy: Policy, source: Source) -> None:
        self._facts = facts
        self._policy = policy
        self._source = source
        self._before = {lead.key: lead for lead in book.leads if lead.key in mailed}
        self._now = self._before
        self._fingerprint = book.fingerprint
        self.stopped = ""
        """Why nothing may leave any more in this run."""

    def why_not(self, send: Send, now: datetime) -> str:
        """Return why an email must not leave any more.

        Its window closed, somebody changed its lead's row or stopped all sending in the sheet, or nobody can tell.
        """
        stop = self._look()
        if stop:
            return stop
        lead = self._now.get(send.key)
        if lead is None:
            return "the lead is no longer in the sheet"
        before = self._before[send.key]
        if (lead.values, lead.owned, lead.address) != (before.values, before.owned, before.address):
            return "somebody changed this row while we worked; the next run looks at it again"
        if not calendar_for(lead, self._policy, self._facts).is_open(now):
            return "the sending hours are over where the lead is"
        return ""

    def wrote(self, before: str, after: str) -> None:
        """Take note that a sheet with the fingerprint *before* has *after* since, and by us: no row of ours changed."""
        if before and before == self._fingerprint:
            self._fingerprint = after

    def is_over(self) -> bool:
        """Return whether no email may leave any more in this run: the sheet is paused, or out of reach."""
        return bool(self._look())

    def _look(self) -> str:
        """Return why nothing may leave, after looking at the sheet again when that is due."""
        if not self.stopped:
            try:
                self._read_again()
                self.stopped = self._source.why_not_send()
            except LeadwrightError as error:
                self.stopped = f"the sheet cannot be asked any more: {error.what}"
        return self.stopped

    def _read_again(self) -> None:
        fingerprint = self._source.fingerprint()
        if fingerprint == self._fingerprint:
            return
        columns = self._policy.columns
        book = read_book(self._source.read(wanted_headers(columns)), columns)
        self._now = {lead.key: lead for lead in book.leads if lead.key in self._before}
        self._fingerprint = fingerprint
