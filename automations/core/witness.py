"""The sheet as a witness: what Email status tells of emails that the ledger does not know.

A ledger that was lost, or put back from an old copy, no longer knows whom we have written to; the cells we wrote still
do. The same goes for a row that was copied with our columns in it, and for a lead whose address was corrected.
"""

from __future__ import annotations

import re

from automations.core.cells import as_text
from automations.core.history import LeadHistory
from automations.core.leads import Columns, Lead, Role

_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{1,2} [A-Z][a-z]{2} \d{4}"
_SENT = re.compile(rf"(?P<step>.+) sent {_DAY}")
_TOLD = re.compile(rf"(?:replied|unsubscribed|marked as spam) {_DAY}|address does not exist|.+ in doubt, see .+")


def email_status_cell(lead: Lead, columns: Columns) -> str:
    """Return what Email status says in a lead's row; empty when there is no such column."""
    cells = zip(columns.owned, lead.owned, strict=False)
    return next((as_text(cell).strip() for (role, _), cell in cells if role is Role.STATUS), "")


def unknown_email(status: str, step: str, known: LeadHistory) -> str:
    """Return what *status* tells that the ledger does not know, when that forbids sending *step*; else nothing.

    *known* has no message of this step.

    >>> unknown_email("welcome-1 sent Mon 23 Nov 2026", "welcome-1", LeadHistory())
    'welcome-1 sent Mon 23 Nov 2026'
    >>> unknown_email("sent her the brochure in May", "welcome-1", LeadHistory())
    ''
    """
    if sent := _SENT.fullmatch(status):
        return status if sent["step"] == step or not known.messages else ""
    return status if _TOLD.fullmatch(status) and not (known.messages or known.signals) else ""
