"""What leaves is what a real Postfix takes, queues and files: to the byte, from everybody at once."""

from __future__ import annotations

import email
from dataclasses import replace
from email.message import EmailMessage
from email.policy import SMTP

import pytest
from postfix import Postfix
from test_enclosures import PDF, PNG, email_with
from test_mime import built, words
from test_smtp import QUICK, may_go

from automations.core.enclosures import enclose, picture
from automations.core.leads import LeadKey
from automations.core.messages import Hand, Outgoing, message_key
from automations.mail.smtp import SmtpMailer

pytestmark = pytest.mark.needs_postfix

NAMES = ("Eva Muster", "Żaneta Łęcka", "محمد عبد الله", "王小明", 'O"Hara, Ltd.', "😀", "x" * 90, "")


def mails() -> list[Outgoing]:
    """Return emails that are awkward in every way: names, lines, subjects, threads, files."""
    texts = ("Hi", ".\n..\n.hidden", "From me\n>From you", "x" * 3000, "Grüße\n" * 200, "-- \nAnna", "=\n=20", "☕")
    plain = [
        built(
            words(f"{name} asks {text[:50]}", text),
            to_address=f"lead{number}@kunde.example",
            to_name=name,
            message_key=message_key("welcome", "hello", LeadKey(f"lead{number}")),
            in_reply_to=f"<{'k' * 26}@bergblick.example>",
            references=tuple(f"<{'k' * 25}{n}@bergblick.example>" for n in range(9)),
            feedback_id="welcome:hello:e9058b68852f:leadwright",
        )
        for number, (name, text) in enumerate(zip(NAMES, texts, strict=True))
    ]
    files = (picture("logo.png", "image/png", PNG), enclose("Größe.pdf", "application/pdf", PDF))
    with_files = email_with(*files, markdown="![Logo](logo.png)", to_address="files@kunde.example")
    return [*plain, with_files]


def filed(content: bytes) -> bytes:
    """Return an email as it was handed over: without what Postfix put on top, with the line ends of the wire."""
    start = content.index(b"Date: ")
    assert b"Received: " in content[:start]
    return content[start:].replace(b"\n", b"\r\n")


def test_a_real_postfix_files_what_was_handed_over() -> None:
    """Every byte of every email arrives, over one kept connection and with its commands in one flight."""
    sent = mails()
    with (
        Postfix() as server,
        SmtpMailer(host="127.0.0.1", port=server.port, security="none", timeouts=QUICK) as anna,
    ):
        outcomes = [anna.send(message, may_go) for message in sent]
        arrived = {filed(content) for content in server.mail(len(sent))}
        log = server.log()

    assert {outcome.hand for outcome in outcomes} == {Hand.ACCEPTED}
    assert all("queued as" in outcome.reply for outcome in outcomes)
    assert arrived == {message.content for message in sent}
    assert log.count(": connect from") == 2  # whoever asked whether it is up, and anna
    assert log.count("status=sent (delivered to maildir)") == len(sent)


def test_a_real_postfix_is_told_nothing_when_the_gate_says_no() -> None:
    """Closed before the end: nothing is queued, and the next email goes its way."""
    first, second, *_ = mails()
    with (
        Postfix() as server,
        SmtpMailer(host="127.0.0.1", port=server.port, security="none", timeouts=QUICK) as anna,
    ):
        held = anna.send(first, lambda: False)
        gone = anna.send(second, may_go)
        (only,) = server.mail(1)

    assert (held.hand, gone.hand) == (Hand.HELD, Hand.ACCEPTED)
    assert email.message_from_bytes(only)["Message-ID"] == second.message_id


def test_a_real_postfix_relays_for_nobody() -> None:
    """Its own words for it are our account's fault: nobody is given up for them."""
    stranger = replace(mails()[0], envelope_to="eva@elsewhere.example")
    with (
        Postfix() as server,
        SmtpMailer(host="127.0.0.1", port=server.port, security="none", timeouts=QUICK) as anna,
    ):
        outcome = anna.send(stranger, may_go)

    assert (outcome.hand.value, outcome.fault.value) == ("deferred", "account")
    assert "Relay access denied" in outcome.reply


def test_files_arrive_whole() -> None:
    """What a mail program finds in the mailbox is the file, under its name."""
    message = mails()[-1]
    with (
        Postfix() as server,
        SmtpMailer(host="127.0.0.1", port=server.port, security="none", timeouts=QUICK) as anna,
    ):
        anna.send(message, may_go)
        (content,) = server.mail(1)

    read = email.message_from_bytes(content, policy=SMTP)
    assert isinstance(read, EmailMessage)
    (file,) = read.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("Größe.pdf", PDF)
