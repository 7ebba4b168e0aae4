"""What a single mail is: one of each kind, written by hand. Faults 80 to 86, 90 and 91 of the protocols' table."""

from __future__ import annotations

from datetime import date

import pytest

from automations.core.incoming import Failure, Kind, Reason, Says, Verdict
from automations.mail.incoming.verdict import Context, read_mail

OUR_ID = "<abcdefghijklmnopqrstuvwxyz@shop.example>"


def mail(
    text: str, *fields: str, sender: str = "Eva Muster <eva@muster.example>", subject: str = "Re: Coffee"
) -> bytes:
    """Return a mail to Anna; *fields* are further header fields."""
    head = [
        f"From: {sender}",
        "To: anna@shop.example",
        f"Subject: {subject}",
        "Date: Mon, 16 Nov 2026 09:00:00 +0100",
        "Message-ID: <reply-1@muster.example>",
        "Content-Type: text/plain; charset=utf-8",
        *fields,
    ]
    return ("\r\n".join(head) + "\r\n\r\n" + text.replace("\n", "\r\n")).encode()


def report(kind: str, *parts: tuple[str, str], subject: str = "Undelivered Mail Returned to Sender") -> bytes:
    """Return a multipart/report of *kind* (``delivery-status``); *parts* are content types and texts."""
    body = "".join(f"--b\r\nContent-Type: {name}\r\n\r\n{text}\r\n" for name, text in parts)
    return (
        "From: MAILER-DAEMON@relay.example\r\nTo: anna@shop.example\r\nAuto-Submitted: auto-replied\r\n"
        f"Subject: {subject}\r\nContent-Type: multipart/report; report-type={kind}; boundary=b\r\n\r\n{body}--b--\r\n"
    ).encode()


RETURNED = ("message/rfc822", f"From: anna@shop.example\r\nTo: eva@muster.example\r\nMessage-ID: {OUR_ID}\r\n\r\nHello")


def status(action: str, code: str, words: str) -> tuple[str, str]:
    """Return the machine-readable part of a delivery report about Eva."""
    fields = (
        f"Final-Recipient: rfc822; eva@muster.example\r\nAction: {action}\r\nStatus: {code}\r\nDiagnostic-Code: {words}"
    )
    return "message/delivery-status", f"Reporting-MTA: dns; relay.example\r\n\r\n{fields}\r\n"


def test_a_dead_address() -> None:
    """Fault 80: a server that knows no such person makes a dead address, and our email is named by its Message-ID."""
    told = status("failed", "5.1.1", "smtp; 550 5.1.1 <eva@muster.example>: User unknown")

    verdict = read_mail(report("delivery-status", ("text/plain", "It could not be delivered."), told, RETURNED))

    assert verdict == Verdict(
        kind=Kind.FAILURE,
        because="It is a delivery report in the standard form: delivery failed for good, "
        "there is no such address (550 5.1.1): this address is dead.",
        address="eva@muster.example",
        sender="mailer-daemon@relay.example",
        recipients=("anna@shop.example",),
        subject="Undelivered Mail Returned to Sender",
        failures=(
            Failure(
                address="eva@muster.example",
                status="5.1.1",
                reply="550",
                permanent=True,
                dead_address=True,
                reason=Reason.NO_ADDRESS,
                said="550 5.1.1 <eva@muster.example>: User unknown",
            ),
        ),
        message_ids=(OUR_ID,),
    )


@pytest.mark.parametrize(
    ("code", "words", "permanent", "reason"),
    [
        ("5.2.2", "smtp; 552 5.2.2 mailbox full", True, Reason.FULL),
        ("4.2.2", "smtp; 452 4.2.2 mailbox full", False, Reason.FULL),
        ("5.4.7", "smtp; delivery time expired", True, Reason.EXPIRED),
        ("4.4.7", "", False, Reason.EXPIRED),
        (
            "5.7.515",
            "smtp; 550 5.7.515 Access denied, sending domain does not meet the required",
            True,
            Reason.UNPROVEN,
        ),
        ("5.7.1", "smtp; 554 5.7.1 rejected, listed at zen.spamhaus.org", True, Reason.BLOCKED),
        ("5.0.0", "smtp; 550 5.7.1 this looks like spam", True, Reason.SPAM),
        ("5.7.1", "smtp; 550 5.7.1 relaying denied", True, Reason.RELAY),
        ("5.1.8", "smtp; 501 5.1.8 sender address rejected", True, Reason.SENDER),
        ("5.1.1", "smtp; 550 5.1.1 you have sent to too many recipients this hour", True, Reason.RATE),
        ("5.2.1", "smtp; 550 5.2.1 mailbox disabled", True, Reason.DISABLED),
    ],
    ids=lambda value: str(value)[:24],
)
def test_failures_that_are_not_the_address(code: str, words: str, permanent: bool, reason: Reason) -> None:
    """Fault 80: full, late, spam, a rule or our own fault: none of them makes an address a dead one."""
    verdict = read_mail(report("delivery-status", ("text/plain", "Sorry."), status("failed", code, words), RETURNED))

    assert verdict.failure is not None
    assert (verdict.kind, verdict.failure.permanent, verdict.failure.reason) == (Kind.FAILURE, permanent, reason)
    assert not verdict.failure.dead_address


def test_a_delay_is_no_failure() -> None:
    """Fault 80: a warning that they keep trying is a delay, and nothing has failed for good."""
    told = status("delayed", "4.4.1", "smtp; connect timed out")

    verdict = read_mail(report("delivery-status", ("text/plain", "We keep trying."), told, RETURNED))

    assert verdict.kind is Kind.DELAY
    assert verdict.failure is not None
    assert not verdict.failure.permanent


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_a_notice_of_delivery_is_no_failure(action: str) -> None:
    """A report that the email arrived, or was passed on, fails nobody."""
    told = status(action, "2.0.0", "smtp; 250 ok")

    verdict = read_mail(report("delivery-status", ("text/plain", "Done."), told, RETURNED))

    assert (verdict.kind, verdict.failures) == (Kind.DELIVERED, ())


def test_a_report_without_our_headers_names_no_email() -> None:
    """Fault 81: a report that returns nothing of ours is read, and points to no email of ours."""
    told = status("failed", "5.1.1", "smtp; 550 5.1.1 User unknown")

    verdict = read_mail(report("delivery-status", ("text/plain", "Sorry."), told))

    assert (verdict.kind, verdict.message_ids, verdict.tokens) == (Kind.FAILURE, (), ())


EXCHANGE_DE = """\
Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:

eva@muster.example
Die eingegebene E-Mail-Adresse konnte nicht gefunden werden.

Diagnoseinformationen für Administratoren:
Generierender Server: mail.muster.example
eva@muster.example
Remote Server returned '550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient eva@muster.example not found'
"""
FAMILIES = {
    "qmail": (
        "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver your message to the "
        "following addresses.\n\n<eva@muster.example>:\nSorry, no mailbox here by that name. (#5.1.1)\n\n"
        "--- Below this line is a copy of the message.\n\nTo: eva@muster.example\nFrom: anna@shop.example\n"
        f"Message-ID: {OUR_ID}\n\nHello"
    ),
    "exim": (
        "This message was created automatically by mail delivery software.\n\nA message that you sent could not be "
        "delivered to one or more of its\nrecipients. This is a permanent error. The following address(es) failed:\n\n"
        "  eva@muster.example\n    host mx.muster.example [192.0.2.1]\n    SMTP error from remote mail server after "
        "RCPT TO:<eva@muster.example>:\n    550 5.1.1 no such user\n\n------ This is a copy of the message. ------\n\n"
        f"Return-path: <anna@shop.example>\nTo: eva@muster.example\nMessage-ID: {OUR_ID}\n\nHello"
    ),
    "exchange": EXCHANGE_DE,
    "google": (
        "** Adresse nicht gefunden **\n\nIhre Nachricht wurde nicht an eva@muster.example zugestellt, weil die Adresse "
        "nicht gefunden wurde.\n\nAntwort:\n550 5.1.1 The email account that you tried to reach does not exist."
    ),
}


@pytest.mark.parametrize("family", FAMILIES)
def test_reports_for_people(family: str) -> None:
    """Fault 82: reports that only people were meant to read are read too, whatever wrote them and in what language."""
    verdict = read_mail(
        mail(
            FAMILIES[family],
            "Return-Path: <>",
            sender="Mail Delivery System <postmaster@mx.example>",
            subject="Nachricht",
        )
    )

    assert verdict.failure is not None
    assert (verdict.kind, verdict.address, verdict.failure.dead_address) == (Kind.FAILURE, "eva@muster.example", True)


def test_an_absence_with_its_end() -> None:
    """Fault 83: an out-of-office answer is no reply, and says when Eva is back."""
    verdict = read_mail(
        mail(
            "Ich bin bis einschließlich 27.11.2026 im Urlaub.\n",
            "Auto-Submitted: auto-replied",
            f"In-Reply-To: {OUR_ID}",
            subject="Automatische Antwort: Kaffee",
        )
    )

    assert (verdict.kind, verdict.back_on, verdict.message_ids) == (Kind.ABSENCE, date(2026, 11, 28), (OUR_ID,))
    assert "Back on 2026-11-28" in verdict.because


def test_a_ticket_robot_is_no_reply() -> None:
    """Fault 83: a help desk that opens a ticket has not replied."""
    verdict = read_mail(
        mail("We have received your request.", "Auto-Submitted: auto-generated", subject="[#4711] Coffee")
    )

    assert verdict.kind is Kind.AUTO_REPLY


def test_a_read_receipt_is_no_reply() -> None:
    """Fault 83: a receipt says that the email was opened, and of which."""
    fields = f"Final-Recipient: rfc822; eva@muster.example\r\nOriginal-Message-ID: {OUR_ID}\r\n"
    told = ("message/disposition-notification", fields + "Disposition: manual-action/MDN-sent-manually; displayed\r\n")

    verdict = read_mail(report("disposition-notification", ("text/plain", "Your message was read."), told))

    assert (verdict.kind, verdict.message_ids, verdict.address) == (Kind.RECEIPT, (OUR_ID,), "eva@muster.example")


def test_a_calendar_answer() -> None:
    """Who accepts an invitation has not written a reply; who invites us has."""
    body = "--b\r\nContent-Type: text/plain\r\n\r\nEva has accepted\r\n"
    body += "--b\r\nContent-Type: text/calendar; method=%s\r\n\r\nX"
    head = b"From: eva@muster.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"

    kinds = [read_mail(head + (body % method).encode()).kind for method in ("REPLY", "REQUEST")]

    assert kinds == [Kind.CALENDAR, Kind.REPLY]


def test_a_challenge() -> None:
    """A mailbox that asks us to prove being human has not replied, and nobody clicks."""
    text = (
        "My mailbox is protected. Please confirm you are human: click the link http://x.example/1 to deliver your mail."
    )

    assert read_mail(mail(text, "Auto-Submitted: auto-replied")).kind is Kind.CHALLENGE


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Unsubscribe", Kind.UNSUBSCRIBE),
        ("Please remove me from your list.\n\nEva", Kind.UNSUBSCRIBE),
        ("Abmelden", Kind.UNSUBSCRIBE),
        ("Bitte keine weiteren E-Mails.", Kind.UNSUBSCRIBE),
        ("désinscription", Kind.UNSUBSCRIBE),
        ("Baja", Kind.UNSUBSCRIBE),
        ("disiscrivimi", Kind.UNSUBSCRIBE),
        ("afmelden", Kind.UNSUBSCRIBE),
        ("Proszę nie pisać więcej.", Kind.UNSUBSCRIBE),
        ("配信停止してください。", Kind.UNSUBSCRIBE),
        ("Não quero mais receber estes e-mails.", Kind.UNSUBSCRIBE),
        ("Sounds good!\n\n> Reply 'unsubscribe' and we will not write again.", Kind.REPLY),
        (
            "Sounds good!\n\nOn Mon, 16 Nov 2026 at 09:00, Anna <anna@shop.example> wrote:\nReply 'unsubscribe'",
            Kind.REPLY,
        ),
        ("Please don't unsubscribe me, I am only slow.", Kind.REPLY),
        ("Please don't stop, we like this.", Kind.REPLY),
    ],
    ids=lambda value: str(value)[:30],
)
def test_who_wants_no_more(text: str, kind: Kind) -> None:
    """Fault 85: only the writer's own new words unsubscribe; our quoted footer and "please don't stop" do not."""
    assert read_mail(mail(text)).kind is kind


def test_the_unsubscribe_address() -> None:
    """A mail program's unsubscribe button writes to the address and with the subject our emails name for it."""
    context = Context(unsubscribe_addresses=frozenset({"anna@shop.example"}))

    verdict = read_mail(mail("", "Auto-Submitted: auto-generated", subject="unsubscribe"), context)

    assert (verdict.kind, verdict.address) == (Kind.UNSUBSCRIBE, "eva@muster.example")


def test_a_reply_from_another_address() -> None:
    """Fault 86: an assistant's answer points to our email by what it refers to."""
    verdict = read_mail(
        mail(
            "Mrs Muster asks me to send you our figures. How much is it for 80 people?",
            "In-Reply-To: <other@muster.example>",
            f"References: {OUR_ID} <other@muster.example>",
            sender="assistant@muster.example",
        )
    )

    assert (verdict.kind, verdict.says) == (Kind.REPLY, Says.QUESTION)
    assert verdict.message_ids == ("<other@muster.example>", OUR_ID)


def test_a_complaint() -> None:
    """Fault 91: a complaint names the person who complained, and our email."""
    told = ("message/feedback-report", "Feedback-Type: abuse\r\nVersion: 1\r\nOriginal-Rcpt-To: eva@muster.example\r\n")

    verdict = read_mail(report("feedback-report", ("text/plain", "An abuse report."), told, RETURNED, subject="Report"))

    assert (verdict.kind, verdict.address, verdict.message_ids) == (Kind.COMPLAINT, "eva@muster.example", (OUR_ID,))


def test_a_newsletter_is_no_concern() -> None:
    """A list's mail that answers nothing is of no concern; a person who writes through a list is."""
    newsletter = mail("News", "List-Unsubscribe: <mailto:off@list.example>", "Precedence: bulk", subject="News")
    through_a_list = mail("Yes please", "List-Id: <team.muster.example>", f"In-Reply-To: {OUR_ID}")

    assert read_mail(newsletter).kind is Kind.OTHER
    assert read_mail(through_a_list).kind is Kind.REPLY


def test_people_who_write_about_absences_and_bounces() -> None:
    """A person who mentions a holiday, an error or a full mailbox is still a person."""
    texts = (
        "I am out of office next week, can we talk after that?",
        "Your last email was returned to me as undeliverable by our filter, please send it again.",
        "Sorry, my mailbox was full. 550 people work here.",
    )

    assert [read_mail(mail(text, f"In-Reply-To: {OUR_ID}")).kind for text in texts] == [Kind.REPLY] * 3


HOSTILE = {
    "a header of 1 MB": b"From: eva@muster.example\r\nX-Long: " + b"a" * 1_000_000 + b"\r\n\r\nHello",
    "10,000 parts": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 10_000,
    "parts in parts": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(3000)
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_mail_made_to_hurt_is_set_aside(name: str) -> None:
    """Fault 90: mail that no program writes is set aside at once, with a reason, and never parsed for ever."""
    verdict = read_mail(HOSTILE[name])

    assert verdict.kind is Kind.UNREADABLE
    assert verdict.because.startswith("This mail was set aside: ")


def test_huge_and_damaged_mail_is_read() -> None:
    """Fault 90: a reply with 50 MB attached is read by its beginning, and damaged base64 by what is left of it."""
    huge = mail("Yes please") + b"\r\n" + b"QUJD" * 12_500_000
    damaged = mail("!!!!WWVzIHBsZWFzZQ==@@", "Content-Transfer-Encoding: base64")

    assert read_mail(huge).kind is Kind.REPLY
    assert read_mail(damaged).new_text == "Yes please"


def test_a_charset_that_cannot_be_written() -> None:
    """Fault 90: a charset's name made of broken letters keeps nobody from reading a server's report."""
    text = b"550 5.1.1 <eva@muster.example> user unknown \xc3"
    head = b"From: MAILER-DAEMON@mx.example\r\nSubject: failure notice\r\n"
    head += b"Content-Type: text/plain; charset=\xdc\xd5x\r\n\r\n"

    verdict = read_mail(head + text)

    assert (verdict.kind, verdict.address) == (Kind.FAILURE, "eva@muster.example")


def test_words_alone_are_no_report() -> None:
    """A mail from no machine that only speaks of a failure, and returns nothing, is a person's."""
    text = "Your invitation could not be delivered to my colleague Tom, he has left. Shall I forward it?"

    assert read_mail(mail(text, subject="Undeliverable: Coffee")).kind is Kind.REPLY
