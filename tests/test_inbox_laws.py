"""Laws of reading mail: reports made up by the rules of their families are read right, and nothing ever gets out."""

from __future__ import annotations

from email.message import EmailMessage

import pytest
from corpus import corpus, needs_corpus
from fuzzed_mail import fuzz
from hypothesis import given
from hypothesis import strategies as st
from inbox_scores import seeds

from automations.core.incoming import DEAD_REASONS, Kind
from automations.mail.incoming.judging import Heard, judge
from automations.mail.incoming.new_text import new_text
from automations.mail.incoming.phrases import LANGUAGES, table
from automations.mail.incoming.verdict import read_mail

WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=3, max_size=8)
LOCALS = st.builds(lambda one, joint, two: one + joint + two, WORDS, st.sampled_from([".", "_", "-", "+"]), WORDS)
# Names that are machines' own (postmaster@...) are never leads.
ADDRESSES = st.builds("{}@{}.{}.example".format, LOCALS, WORDS, WORDS)
DEAD = st.sampled_from(["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"])
LASTING = st.sampled_from(["5.2.2", "5.3.4", "5.4.7", "5.7.1", "5.7.26", "5.7.515", "5.2.1", "5.6.0"])
PASSING = st.sampled_from(["4.2.2", "4.4.1", "4.4.7", "4.7.0", "4.3.2"])
CHARSETS = st.sampled_from(["utf-8", "iso-8859-1", "us-ascii", "iso-2022-jp", "windows-1252"])
LINE_ENDS = st.sampled_from([b"\r\n", b"\n", b"\r"])


def dsn(address: str, code: str, action: str, charset: str, line_end: bytes) -> bytes:
    """Return a report as RFC 3464 wants it, about *address*."""
    lines = [
        "Return-Path: <>", "From: Mail Delivery System <mailer-daemon@relay.example>", "To: anna@shop.example",
        "Subject: Delivery Status Notification", "MIME-Version: 1.0",
        'Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"', "",
        "--=_b", f"Content-Type: text/plain; charset={charset}", "", "Your message:", "",
        "--=_b", "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; relay.example", "",
        f"Final-Recipient: rfc822; {address}", f"Action: {action}", f"Status: {code}", "",
        "--=_b", "Content-Type: text/rfc822-headers", "", "From: anna@shop.example", f"To: {address}",
        "Message-ID: <key@shop.example>", "", "--=_b--", "",
    ]  # fmt: skip
    return line_end.join(line.encode() for line in lines)


@given(ADDRESSES, st.one_of(DEAD, LASTING, PASSING), CHARSETS, LINE_ENDS)
def test_standard_reports(address: str, code: str, charset: str, line_end: bytes) -> None:
    """Of a report in the standard form the address, the code and its meaning are read, in any charset and line ends."""
    verdict = read_mail(dsn(address, code, "failed", charset, line_end))

    assert verdict.failure is not None
    assert (verdict.kind, verdict.address, verdict.failure.status) == (Kind.FAILURE, address, code)
    assert verdict.failure.permanent is (code[0] == "5")
    assert verdict.message_ids == ("<key@shop.example>",)


@given(ADDRESSES, DEAD)
def test_codes_of_the_address_are_dead(address: str, code: str) -> None:
    """A code that speaks of the address makes it a dead one."""
    assert judge(Heard(address, code)).dead_address


@given(ADDRESSES, st.one_of(LASTING, PASSING))
def test_other_codes_are_not(address: str, code: str) -> None:
    """No other code does: not a full mailbox, not lateness, not what Microsoft says of our domain."""
    assert not judge(Heard(address, code)).dead_address


@given(ADDRESSES, st.text(max_size=200))
def test_only_lasting_failures_are_dead(address: str, words: str) -> None:
    """Whatever a server says, an address is dead only for a permanent failure that lies in the address."""
    failure = judge(Heard(address, "", words, words))

    assert not failure.dead_address or (failure.permanent and failure.reason in DEAD_REASONS)


@given(ADDRESSES, PASSING, st.sampled_from(["failed", "delayed"]))
def test_passing_failures_never_kill(address: str, code: str, action: str) -> None:
    """A code of the fourth class is never permanent, whatever it is called."""
    verdict = read_mail(dsn(address, code, action, "utf-8", b"\n"))

    assert verdict.kind is (Kind.DELAY if action == "delayed" else Kind.FAILURE)
    assert all(not each.permanent and not each.dead_address for each in verdict.failures)


QMAIL = """Hi. This is the qmail-send program at {host}.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<{address}>:
{ip} does not like recipient.
Remote host said: {words}
Giving up on {ip}.

--- Below this line is a copy of the message.

Return-Path: <anna@shop.example>
From: anna@shop.example
To: {address}
Message-ID: <key@shop.example>

Hello
"""
EXIM = """This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  {address}
    host {host} [{ip}]
    SMTP error from remote mail server after RCPT TO:<{address}>:
    {words}

------ This is a copy of the message, including all the headers. ------

Return-path: <anna@shop.example>
From: anna@shop.example
To: {address}
Message-ID: <key@shop.example>
"""
SENDMAIL = """The original message was received at Mon, 16 Nov 2026 09:00:00 +0100
from shop.example [{ip}]

   ----- The following addresses had permanent fatal errors -----
<{address}>
    (reason: {words})

   ----- Transcript of session follows -----
... while talking to {host}.:
>>> RCPT To:<{address}>
<<< {words}

   ----- Original message follows -----

Return-Path: <anna@shop.example>
From: anna@shop.example
To: {address}
Message-ID: <key@shop.example>
"""
POSTFIX = """This is the mail system at host relay.example.

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients. It's attached below.

For further assistance, please send mail to postmaster.

                   The mail system

<{address}>: host {host}[{ip}] said: {words} (in reply to RCPT TO command)
"""
EXCHANGE = """Delivery has failed to these recipients or groups:

{address}<mailto:{address}>
Your message couldn't be delivered.

Diagnostic information for administrators:

Generating server: {host}

{address}
Remote Server returned '{words}'

Original message headers:

Received: from shop.example ({ip}) by {host}
From: anna@shop.example
To: <{address}>
Message-ID: <key@shop.example>
"""
ANSWERS = st.sampled_from(
    [
        ("550 5.1.1 User unknown", True),
        ("550 5.1.1 <x>... No such user here", True),
        ("550 5.1.10 RESOLVER.ADR.RecipientNotFound; not found", True),
        ("552 5.2.2 Mailbox full", False),
        ("550 5.7.1 Message rejected as spam", False),
        ("550 5.7.26 This mail is unauthenticated", False),
        ("554 5.7.1 Service unavailable; client host blocked using zen.spamhaus.org", False),
        ("550 5.7.1 Relaying denied", False),
        ("452 4.2.2 Mailbox full", False),
    ]
)


@given(
    st.sampled_from([QMAIL, EXIM, SENDMAIL, POSTFIX, EXCHANGE]),
    ADDRESSES,
    ANSWERS,
    st.builds("mx.{}.example".format, WORDS),
    st.builds("{}.{}.{}.{}".format, *[st.integers(1, 254)] * 4),
    st.sampled_from(["Undelivered Mail Returned to Sender", "failure notice", "Returned mail", "Unzustellbar: Hallo"]),
)
def test_reports_for_people(
    form: str, address: str, answer: tuple[str, bool], host: str, ip: str, subject: str
) -> None:
    """In the families' own words too, the address and the server's answer are found, whatever stands in their place."""
    words, dead = answer
    mail = EmailMessage()
    mail["Return-Path"] = "<>"
    mail["From"] = f"Mail Delivery System <MAILER-DAEMON@{host}>"
    mail["To"] = "anna@shop.example"
    mail["Subject"] = subject
    mail.set_content(form.format(address=address, words=words, host=host, ip=ip))

    verdict = read_mail(mail.as_bytes())

    assert verdict.failure is not None
    assert (verdict.kind, verdict.address) == (Kind.FAILURE, address)
    assert verdict.failure.status == words.split(" ")[1]
    assert (verdict.failure.permanent, verdict.failure.dead_address) == (words[0] == "5", dead)


@pytest.mark.parametrize("language", LANGUAGES[:9])
@pytest.mark.parametrize("section", ["no address", "full"])
def test_failure_words_in_nine_languages(language: str, section: str) -> None:
    """What a server says of an unknown person or a full mailbox is understood in each of nine languages."""
    phrases = table(language)[section]

    reasons = {judge(Heard("", "", each.words.replace("...", " x ").rstrip("*"), "")).reason for each in phrases}

    assert len(phrases) >= 4
    assert {reason.name for reason in reasons} <= {"NO_ADDRESS", "NO_DOMAIN", "FULL", "DISABLED", "MOVED", "RATE"}


@pytest.mark.parametrize("language", LANGUAGES[:9])
@pytest.mark.parametrize("section", ["absence", "absence subject", "auto reply", "failure words", "not interested"])
def test_every_language_has_every_table(language: str, section: str) -> None:
    """Nine languages have words for absences, automatic answers, failures and what replies say."""
    assert len(table(language)[section]) >= 4


@given(st.binary(max_size=400))
def test_anything_gives_a_verdict(data: bytes) -> None:
    """Any bytes at all are read into a verdict with a reason."""
    assert read_mail(data).because


@given(st.text(max_size=300))
def test_new_text_is_part_of_the_text(text: str) -> None:
    """Every line of the new text stands in the text, and its new text is all of it."""
    found = new_text(text)

    lines = {line.strip() for line in text.replace("\ufeff", "").replace("\r", "\n").split("\n")}
    assert {line.strip() for line in found.split("\n")} <= lines | {""}
    assert new_text(found) == found


@needs_corpus
def test_mutated_mail() -> None:
    """Two thousand mails, real ones that were damaged: each has a verdict within a second, and nothing gets out."""
    found = fuzz(seeds(corpus("bounces").parent), 2_000, seed=7)

    assert found.failed == ()
    assert sum(found.kinds.values()) == 2_000
