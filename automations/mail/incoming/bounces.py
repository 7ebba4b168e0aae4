"""Whether a mail is a report about a delivery, and what it reports."""

from __future__ import annotations

import logging
import re
from email.message import Message
from typing import NamedTuple

from automations.core.incoming import Failure
from automations.mail.incoming.dsn import Recipient, heard_from, recipients_of
from automations.mail.incoming.families import read_report, said_about
from automations.mail.incoming.judging import Heard, judge
from automations.mail.incoming.original import NOTHING_RETURNED, Original, original_of, split_at_original
from automations.mail.incoming.parts import ADDRESS, Parts, addresses_in, groups_in, header, parameter
from automations.mail.incoming.phrases import folded, says

_MAX_REPORT = 20_000
"""Characters of what a server wrote that are read."""
_MAX_FLUFL = 64_000
"""Characters of a mail that are given to flufl.bounce: it reads every line some forty times."""


class Report(NamedTuple):
    """A report about a delivery: *failures*, or that the mail was *delivered*; *delayed* when it is only a warning.

    *original* is what is known of our message; *read_by* says, in words, what it was recognised by.
    """

    failures: tuple[Failure, ...]
    delayed: bool
    delivered: bool
    original: Original
    read_by: str


def report_of(message: Message, parts: Parts) -> Report | None:
    """Return what a delivery report says; None for a mail that is none."""
    split = split_at_original(parts.report)
    split = split._replace(before=split.before[:_MAX_REPORT])
    original = original_of(parts.returned, split.copy)
    groups = (*parts.groups, *_groups_in_text(split.before))
    recipients = recipients_of(groups)
    if recipients:
        return _from_fields(recipients, split.before, original)
    if not _looks_like_report(
        message, parts, split.before, returned=original != NOTHING_RETURNED or split.is_announced
    ):
        return None
    if _is_delivered(message, split.before):
        return Report((), delayed=False, delivered=True, original=original, read_by="the words of a mail server")
    heard, read_by = _from_text(message, parts, split.before, original)
    if not heard:
        return None
    delayed = _is_warning(message, split.before)
    failures = tuple(judge(each._replace(action="delayed" if delayed else "")) for each in heard)
    return Report(failures, delayed, delivered=False, original=original, read_by=read_by)


def _groups_in_text(text: str) -> tuple[Message, ...]:
    """Return the fields of a status report that was put into the text, as some programs do."""
    if "final-recipient:" not in text.lower():
        return ()
    return tuple(group for group in groups_in(text) if group.get("Final-Recipient"))


def _from_fields(recipients: tuple[Recipient, ...], around: str, original: Original) -> Report:
    heard = heard_from(recipients, around, frozenset(each.lower() for each in original.recipients))
    failed = [each for each in heard if each.action == "failed"]
    several = len(heard) > 1
    failures = tuple(judge(_completed(each, around, several=several)) for each in (failed or heard))
    return Report(
        failures,
        delayed=bool(heard) and not failed,
        delivered=not heard,
        original=original,
        read_by="a delivery report in the standard form",
    )


def _completed(heard: Heard, around: str, *, several: bool) -> Heard:
    """Return what was heard of one of *several*: where the fields say no words, those of the text that are about it."""
    if heard.words or not several:
        return heard
    said = said_about(heard.address, around)
    return heard._replace(words=said, around=said)


def _from_text(message: Message, parts: Parts, text: str, original: Original) -> tuple[tuple[Heard, ...], str]:
    never = _cannot_fail(message, original)
    listed = addresses_in(header(message, "X-Failed-Recipients"))
    if not listed and (found := _by_flufl(message)):
        # It reads on into the copy of our own message, and takes a Message-ID for an address.
        words = text.lower()
        listed = tuple(each for each in found if each.lower() not in never and each.lower() in words)
    heard = read_report(text, listed=listed, written_to=original.recipients, never=never)
    if heard:
        return heard, "the words of a mail server"
    if len(original.recipients) == 1:
        return (Heard(original.recipients[0], "", text, text),), "the words of a mail server about a returned email"
    if parts.groups or parameter(message, "report-type") == "delivery-status" or _from_machine(message):
        return (Heard("", "", text, text),), "a mail server's report that names nobody"
    return (), ""


def _cannot_fail(message: Message, original: Original) -> frozenset[str]:
    """Return who cannot be the one that failed: whom the report went to, who wrote it, and who wrote our message."""
    mine = [*addresses_in(header(message, "To")), *addresses_in(header(message, "From")), *original.senders]
    failed = {each.lower() for each in original.recipients}
    return frozenset(each.lower() for each in mine) - failed


def _by_flufl(message: Message) -> tuple[str, ...]:
    """Return whom flufl.bounce finds; nothing where it fails, which it does on some mail."""
    from flufl.bounce import all_failures  # noqa: PLC0415 - only for reports that are not in the standard form

    logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)
    try:
        if sum(len(part.get_payload()) for part in message.walk()) > _MAX_FLUFL:
            return ()
        temporary, permanent = all_failures(message)
    except Exception:  # noqa: BLE001 - whatever it stumbles over, the mail is still read by our own rules
        return ()
    found = (each.decode("ascii", "replace") for each in sorted(permanent) + sorted(temporary))
    return tuple(each for each in found if ADDRESS.fullmatch(each))


def _is_delivered(message: Message, text: str) -> bool:
    """Whether a report says that all went well, and nothing else."""
    subject, words = folded(header(message, "Subject")), folded(text)
    good = says("delivered subject", subject) or says("delivered words", words)
    return good is not None and says("failure words", words) is None


def _is_warning(message: Message, text: str) -> bool:
    subject = folded(header(message, "Subject"))
    if says("delay words", subject) is not None:
        return says("gave up words", folded(text)) is None
    words = folded(text)
    return says("delay words", words) is not None and says("gave up words", words) is None


def _from_machine(message: Message) -> bool:
    """Whether a mail comes from a mail server by its own word: its sender's name, or an empty return path."""
    sender = folded(header(message, "From"))
    if header(message, "Return-Path").strip() == "<>" or sender in {"", "<>"}:
        return True
    return says("machine sender", sender) is not None


_CODE_LINE = re.compile(r"(?<![\d.])[45][0-5]\d[ -](?:#?[45]\.\d{1,3}\.\d{1,3})?|#?[45]\.\d{1,3}\.\d{1,3}")


def _looks_like_report(message: Message, parts: Parts, text: str, *, returned: bool) -> bool:
    """Whether a mail without a standard report is one: two of its sender, its subject and its words must say so."""
    if message.get("X-Failed-Recipients") or parts.groups:
        return True
    machine = _from_machine(message)
    heading = folded(header(message, "Subject"))
    subject = says("failure subject", heading) is not None or says("delivered subject", heading) is not None
    words = folded(text[:8000])
    spoken = says("failure words", words) is not None or says("delay words", words) is not None
    if machine:
        return subject or spoken or (returned and _CODE_LINE.search(text[:8000]) is not None)
    answers = header(message, "In-Reply-To") != "" or header(message, "References") != ""
    return subject and spoken and not answers and (returned or _CODE_LINE.search(text[:8000]) is not None)
