"""One mail -> what it is.

The order of the questions is the rule: whatever proves itself comes before what only looks like something, and a
bounce before an automatic answer, because a third of all bounces call themselves one.

    unreadable? complaint? a service's notice? receipt? delivery report? calendar answer? automatic answer?
    unsubscribe? to many? a person's.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from automations.core.incoming import Failure, Kind, Reason, Verdict
from automations.mail.incoming.absences import back_on
from automations.mail.incoming.auto_replies import auto_kind, challenges, is_bulk, proof_of_program
from automations.mail.incoming.bounces import Report, report_of
from automations.mail.incoming.dsn import complaint_by_words, complaint_of, receipt_of
from automations.mail.incoming.judging import judge
from automations.mail.incoming.new_text import new_text, new_text_of_html
from automations.mail.incoming.notices import notice_in
from automations.mail.incoming.original import Original, original_of, split_at_original
from automations.mail.incoming.parse import Unreadable, parse
from automations.mail.incoming.parts import (
    Parts,
    addresses_in,
    content_type,
    groups_in,
    header,
    message_ids_in,
    part_text,
    take_apart,
)
from automations.mail.incoming.phrases import folded
from automations.mail.incoming.replies import OwnPhrases, wants_no_more, what_it_says

_TOKEN = re.compile(r"[+=-]([a-z2-7]{26}|[a-z2-7]{52})(?:[@=.+-]|\Z)", re.IGNORECASE)


class Context(NamedTuple):
    """What must be known to understand a mail: our own *addresses* (lower case), and the owner's *phrases*.

    *unsubscribe_addresses* are those our List-Unsubscribe field names; a mail to one asks us to stop when its subject
    is the one we put there, because it may be a sender's own address.
    """

    addresses: frozenset[str] = frozenset()
    unsubscribe_addresses: frozenset[str] = frozenset()
    phrases: OwnPhrases | None = None


NO_CONTEXT = Context()


class _Mail(NamedTuple):
    message: Message
    parts: Parts
    text: str
    """Its new text; "" while only its form is asked about."""
    base: Verdict
    context: Context


def read_mail(data: bytes, context: Context = NO_CONTEXT) -> Verdict:
    """Return what a mail is. Never raises: what cannot be understood is UNREADABLE, and its *because* says why."""
    try:
        message = parse(data)
        parts = take_apart(message)
        mail = _Mail(message, parts, "", _base(message), context)
        if (by_form := _first(_BY_FORM, mail)) is not None:
            return by_form
        mail = mail._replace(text=_own_words(message, parts))
        return _first(_BY_WORDS, mail) or _person(mail)
    except Unreadable as error:
        return Verdict(Kind.UNREADABLE, f"This mail was set aside: {error}.")
    except Exception as error:  # noqa: BLE001 - mail is made by strangers; one of theirs must not stop all others
        return Verdict(Kind.UNREADABLE, f"This mail was set aside: reading it failed ({type(error).__name__}).")


_Question = Callable[[_Mail], Verdict | None]


def _first(questions: tuple[_Question, ...], mail: _Mail) -> Verdict | None:
    return next((verdict for ask in questions if (verdict := ask(mail)) is not None), None)


def _base(message: Message) -> Verdict:
    senders = addresses_in(header(message, "From")) or addresses_in(header(message, "Return-Path"))
    to = " ".join(header(message, name) for name in ("To", "Cc", "Delivered-To", "X-Original-To", "Envelope-To"))
    recipients = tuple(each.lower() for each in addresses_in(to))
    replied = (
        *message_ids_in(header(message, "In-Reply-To")),
        *reversed(message_ids_in(header(message, "References"))),
    )
    tokens = [
        found[1].lower() for each in recipients for found in [_TOKEN.search(each.partition("@")[0] + "@")] if found
    ]
    return Verdict(
        Kind.OTHER,
        "",
        sender=senders[0].lower() if senders else "",
        recipients=recipients,
        subject=header(message, "Subject")[:300],
        message_ids=tuple(dict.fromkeys(replied)),
        tokens=tuple(dict.fromkeys(tokens)),
        own_id=next(iter(message_ids_in(header(message, "Message-ID"))), ""),
    )


def _own_words(message: Message, parts: Parts) -> str:
    """Return the new text: of the HTML where that is all there is, because HTML marks what it quotes."""
    if parts.html:
        html = next((part for part in message.walk() if content_type(part) == "text/html"), None)
        if html is not None:
            return new_text_of_html(part_text(html))
    return new_text(parts.report)


def _complaint(mail: _Mail) -> Verdict | None:
    fields = groups_in(mail.parts.report) if "feedback-type:" in mail.parts.report.lower() else ()
    complaint = complaint_of((*mail.parts.groups, *fields)) or complaint_by_words(
        mail.message, returned=mail.parts.returned
    )
    if complaint is None:
        return None
    original = original_of(mail.parts.returned)
    named = complaint.recipients or original.recipients
    base = mail.base._replace(
        message_ids=(*original.message_ids, *mail.base.message_ids), address=named[0].lower() if named else ""
    )
    if complaint.kind in {"not-spam", "auth-failure", "dmarc"}:
        return base._replace(kind=Kind.OTHER, because=f"A report of the kind {complaint.kind}: nobody complains.")
    return base._replace(
        kind=Kind.COMPLAINT, because=f"A mailbox provider passed on a complaint, of the kind {complaint.kind}."
    )


def _notice(mail: _Mail) -> Verdict | None:
    notice = notice_in(mail.parts.report)
    if notice is None:
        return None
    original = Original(message_ids=message_ids_in(notice.message_id))
    if notice.kind == "complaint":
        return mail.base._replace(
            kind=Kind.COMPLAINT,
            because="A sending service passed on a complaint.",
            address=next(iter(notice.recipients), "").lower(),
            message_ids=(*original.message_ids, *mail.base.message_ids),
        )
    failures = tuple(judge(each) for each in notice.heard)
    return _of_report(
        mail.base,
        Report(
            failures, delayed=False, delivered=not failures, original=original, read_by="a notice of a sending service"
        ),
    )


def _receipt(mail: _Mail) -> Verdict | None:
    receipt = receipt_of(mail.parts.groups)
    if receipt is None:
        return None
    report = report_of(mail.message, mail.parts)
    if report is not None and report.failures and receipt.disposition in {"deleted", "failed", "denied", ""}:
        # A mailbox that is full, told as a receipt (Dovecot's LDA).
        return _of_report(mail.base, report)
    ids = message_ids_in(receipt.message_id)
    done = {"displayed": "opened", "deleted": "deleted unread"}.get(receipt.disposition, receipt.disposition)
    return mail.base._replace(
        kind=Kind.RECEIPT,
        because=f"A receipt in the standard form (RFC 8098): the email was {done or 'dealt with'}.",
        message_ids=(*ids, *mail.base.message_ids),
        address=(receipt.recipient or mail.base.sender).lower(),
    )


def _report(mail: _Mail) -> Verdict | None:
    report = report_of(mail.message, mail.parts)
    if report is None:
        return None
    if report.delayed and challenges(folded(mail.base.subject), mail.parts.report):
        # Some protections ask for a proof of being a person in a report of a delay.
        return mail.base._replace(
            kind=Kind.CHALLENGE,
            because="A program wrote it: it asks the writer to prove being a person, in a report of a delay.",
            address=mail.base.sender,
            message_ids=tuple(dict.fromkeys((*report.original.message_ids, *mail.base.message_ids))),
        )
    return _of_report(mail.base, report)


def _of_report(base: Verdict, report: Report) -> Verdict:
    ids = tuple(dict.fromkeys((*report.original.message_ids, *base.message_ids)))
    tokens = [found[1].lower() for each in report.original.senders for found in [_TOKEN.search(each)] if found]
    base = base._replace(
        message_ids=ids, failures=report.failures, tokens=tuple(dict.fromkeys((*base.tokens, *tokens)))
    )
    if report.delivered:
        return base._replace(
            kind=Kind.DELIVERED, because=f"It is {report.read_by}, and says that the email arrived or was passed on."
        )
    worst = base.failure or Failure("")
    base = base._replace(address=worst.address)
    if report.delayed:
        return base._replace(
            kind=Kind.DELAY, because=f"It is {report.read_by}: the email is late, and they keep trying."
        )
    return base._replace(kind=Kind.FAILURE, because=_because_failed(worst, report.read_by))


def _because_failed(failure: Failure, read_by: str) -> str:
    codes = " ".join(each for each in (failure.reply, failure.status) if each)
    said = f" ({codes})" if codes else ""
    lasting = "for good" if failure.permanent else "for now"
    end = ": this address is dead" if failure.dead_address else ""
    why = failure.reason if failure.reason is not Reason.UNKNOWN else "the reason is not among those we know"
    return f"It is {read_by}: delivery failed {lasting}, {why}{said}{end}."


def _calendar(mail: _Mail) -> Verdict | None:
    if mail.parts.calendar not in {"reply", "counter", "declinecounter", "refresh", "cancel"}:
        return None
    return mail.base._replace(
        kind=Kind.CALENDAR,
        because=f"It carries an answer to an invitation (a calendar part with the method {mail.parts.calendar}).",
        address=mail.base.sender,
        new_text=mail.text,
    )


def _automatic(mail: _Mail) -> Verdict | None:
    if _asks_by_subject(mail):
        # Programs that unsubscribe for a person (RFC 2369) mark their mail as automatic, and mean it all the same.
        return None
    found = auto_kind(mail.message, mail.text)
    if found is None:
        return None
    kind, why = found
    returned = original_of(mail.parts.returned, split_at_original(mail.parts.report).copy)
    base = mail.base._replace(
        kind=kind,
        address=mail.base.sender,
        new_text=mail.text,
        message_ids=tuple(dict.fromkeys((*mail.base.message_ids, *returned.message_ids))),
        because=f"A program wrote it: {why}.",
    )
    if kind is not Kind.ABSENCE:
        return base
    day = back_on(f"{base.subject}\n{mail.text}", _received(mail.message))
    told = f" Back on {day.isoformat()}." if day else " It does not say clearly until when."
    return base._replace(back_on=day, because=base.because + told)


def _received(message: Message) -> date:
    """Return the day a mail was written by its own word; the first day there is for one that does not say."""
    try:
        return parsedate_to_datetime(header(message, "Date")).date()
    except (ValueError, TypeError, IndexError, OverflowError):
        return datetime.fromtimestamp(0, UTC).date()


def _asks_by_subject(mail: _Mail) -> bool:
    named = mail.context.unsubscribe_addresses
    return bool(named.intersection(mail.base.recipients)) and mail.base.subject.strip().lower() == "unsubscribe"


def _unsubscribe(mail: _Mail) -> Verdict | None:
    base = mail.base._replace(kind=Kind.UNSUBSCRIBE, address=mail.base.sender, new_text=mail.text)
    if _asks_by_subject(mail):
        return base._replace(because="It was sent to the address our emails name for unsubscribing.")
    if proof_of_program(mail.message) or is_bulk(mail.message):
        return None
    words = wants_no_more(mail.text)
    if not words:
        return None
    return base._replace(because=f'The new text asks us to stop: "{words}".', said_by=words)


def _many(mail: _Mail) -> Verdict | None:
    proof = proof_of_program(mail.message)
    answers = bool(mail.base.message_ids)
    if not (proof or (is_bulk(mail.message) and not answers)) and mail.base.sender not in mail.context.addresses:
        return None
    if mail.base.sender and mail.base.sender in mail.context.addresses:
        return mail.base._replace(because="We wrote it ourselves.", address=mail.base.sender)
    what = f"A program wrote it ({proof})" if proof else "It went to many, as a list or a newsletter"
    return mail.base._replace(because=f"{what}, and it answers nothing.", address=mail.base.sender, new_text=mail.text)


def _person(mail: _Mail) -> Verdict:
    says, said_by = what_it_says(mail.text, mail.context.phrases)
    how = f' Its words say {says}: "{said_by}".' if said_by else " Its words do not say clearly what they want."
    return mail.base._replace(
        kind=Kind.REPLY,
        because="Nothing in it says that a program wrote it." + how,
        address=mail.base.sender,
        new_text=mail.text,
        says=says,
        said_by=said_by,
    )


_BY_FORM: tuple[_Question, ...] = (_complaint, _notice, _receipt, _report)
"""What is told by how a mail is put together, or by a server's words; its new text is not needed."""

_BY_WORDS: tuple[_Question, ...] = (_calendar, _automatic, _unsubscribe, _many)
"""What is told by its header fields and its new words. What is left is a person's reply."""
