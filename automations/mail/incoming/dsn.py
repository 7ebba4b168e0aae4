"""Reports a program can read: delivery status (RFC 3464), complaints (RFC 5965), read receipts (RFC 8098)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.message import Message
from typing import NamedTuple

from automations.mail.incoming.judging import Heard
from automations.mail.incoming.parts import ADDRESS, header
from automations.mail.incoming.phrases import folded, says

_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")
_ACTIONS = {
    "failed": "failed", "failure": "failed", "fail": "failed", "delayed": "delayed", "delay": "delayed",
    "relayed": "delivered", "delivered": "delivered", "expanded": "delivered", "success": "delivered",
}  # fmt: skip


class Recipient(NamedTuple):
    """One recipient of a delivery report.

    *action* is ``failed``, ``delayed`` or ``delivered``; *status* an enhanced code or ""; *words* the diagnostic.
    *original* is whom we wrote to, *final* where it ended after forwarding; either may be "".
    """

    action: str
    status: str
    words: str
    original: str
    final: str


def recipients_of(groups: Iterable[Message]) -> tuple[Recipient, ...]:
    """Return the recipients of a delivery report; groups that name none, as the first, which is about the report."""
    found = []
    for group in groups:
        action = _ACTIONS.get(_word(header(group, "Action")), "")
        original = _address(header(group, "Original-Recipient"))
        final = _address(header(group, "Final-Recipient")) or _address(header(group, "X-Actual-Recipient"))
        status = _STATUS.search(header(group, "Status"))
        if not (original or final) or not (action or status):
            continue
        code = status[0] if status else ""
        found.append(Recipient(action or _by_code(code), code, _words(group), original, final))
    return tuple(dict.fromkeys(found))


def _by_code(code: str) -> str:
    return {"2": "delivered", "4": "delayed"}.get(code[:1], "failed")


def _word(text: str) -> str:
    found = re.match(r"\s*([A-Za-z]+)", text)
    return found[1].lower() if found else ""


def _words(group: Message) -> str:
    diagnostic = header(group, "Diagnostic-Code")
    kind, semicolon, words = diagnostic.partition(";")
    words = words if semicolon and len(kind) <= 20 and " " not in kind.strip() else diagnostic  # noqa: PLR2004 - a word
    comment = header(group, "Status").partition("(")[2].rstrip(") ")
    return words.strip() or comment


def _address(field: str) -> str:
    """Return the address in ``rfc822; eva@muster.example``, as written; what is no address counts as it stands."""
    value = field.partition(";")[2] if ";" in field else field
    value = value.strip().strip("<>").strip()
    if value.startswith("@") and ":" in value:
        # A route before the address: obsolete since RFC 5321, section 4.1.1.3, and still written.
        value = value.rpartition(":")[2]
    found = ADDRESS.search(value)
    return found[1] if found else value if "@" in value and " " not in value else ""


def heard_from(recipients: Iterable[Recipient], around: str, written_to: frozenset[str]) -> tuple[Heard, ...]:
    """Return what failed or waits, one entry for each person.

    *around* is the report's human text; *written_to* the recipients of our message, in lower case: they tell which of
    two addresses of one person is the one we know.
    """
    return tuple(
        Heard(_known(each, written_to), each.status, each.words, around, each.action)
        for each in recipients
        if each.action in {"failed", "delayed"}
    )


def _known(recipient: Recipient, written_to: frozenset[str]) -> str:
    if recipient.final.lower() in written_to:
        return recipient.final
    return recipient.original or recipient.final


class Complaint(NamedTuple):
    """A report of RFC 5965: its *kind* (``abuse``, ``not-spam``, ...), and who was written to, as far as it tells."""

    kind: str
    recipients: tuple[str, ...]


_FROM_LOOPS = re.compile(
    r"feedback|\bfbl|fbl\b|\babuse@|complaints?@|\bscomp@|staff@(?:hotmail|live|msn)\.|\bjmrp|reports?@", re.IGNORECASE
)


def complaint_by_words(message: Message, *, returned: Message | None) -> Complaint | None:
    """Return the complaint of a feedback loop that does not use the standard form; it returns our message all the same.

    Microsoft's loop, the oldest still running, names the recipient in a field of the returned message.
    """
    if returned is None:
        return None
    if returned.get("X-HmXmrOriginalRecipient"):
        return Complaint(
            "abuse", tuple(match[1] for match in ADDRESS.finditer(header(returned, "X-HmXmrOriginalRecipient")))
        )
    subject = folded(header(message, "Subject"))
    if says("complaint subject", subject) is None or not _FROM_LOOPS.search(header(message, "From")):
        return None
    return Complaint("abuse", ())


def complaint_of(groups: Iterable[Message]) -> Complaint | None:
    """Return the complaint that *groups* tell of; None when they are no such report."""
    for group in groups:
        if group.get("Feedback-Type"):
            named = [
                match[1]
                for name in ("Original-Rcpt-To", "Removal-Recipient", "X-HmXmrOriginalRecipient")
                for value in group.get_all(name, [])
                for match in ADDRESS.finditer(str(value)[:1000])
            ]
            return Complaint(header(group, "Feedback-Type").lower().strip(), tuple(dict.fromkeys(named)))
    return None


class Receipt(NamedTuple):
    """A receipt of RFC 8098: what was done with the message (``displayed``, ``deleted``), of which, and by whom."""

    disposition: str
    message_id: str
    recipient: str


def receipt_of(groups: Iterable[Message]) -> Receipt | None:
    """Return the receipt that *groups* tell of; None when they are no such report."""
    for group in groups:
        if group.get("Disposition"):
            said = header(group, "Disposition").partition(";")[2].strip().lower()
            who = _address(header(group, "Original-Recipient")) or _address(header(group, "Final-Recipient"))
            return Receipt(_word(said), header(group, "Original-Message-ID"), who)
    return None
