"""Handing messages to a mail server over real sockets: what every answer, silence and cut means."""

from __future__ import annotations

import socket
import ssl
import threading
from asyncio import Server
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

from automations.core.messages import Fault, Hand, MessageKey, Outgoing
from automations.errors import MailerOutOfReach
from automations.mail.dialogue import Timeouts
from automations.mail.smtp import Security, SmtpMailer
from automations.mail.smtp_sim import Answer, Moment, SmtpSim, script

CERTIFICATES = Path(__file__).parent / "certificates"
QUICK = Timeouts(connect=5, command=5, body=5, dot=0.3)


def an_email(
    content: bytes = b"Message-ID: <a@b.example>\r\n\r\nHello\r\n",
    to: str = "eva@muster.example",
    sender: str = "anna@bergblick.example",
) -> Outgoing:
    """Return a message that is ready to go."""
    return Outgoing(MessageKey("k" * 52), "<a@b.example>", sender, to, "Hello", content)


def mailer(server: SmtpSim, security: Security = "none", login: tuple[str, str] = ("", "")) -> SmtpMailer:
    """Return a mailer for *server* that trusts the test authority."""
    return SmtpMailer(
        host="localhost",
        port=server.port,
        user=login[0],
        password=login[1],
        security=security,
        timeouts=QUICK,
        ca_file=str(CERTIFICATES / "authority.pem"),
    )


def may_go() -> bool:
    """Return that nothing forbids the message."""
    return True


def never_asked() -> bool:
    """Fail: the message must not come that far."""
    raise AssertionError("the gate was asked, although the message never came that far")


def certificate(name: str) -> ssl.SSLContext:
    """Return what a server needs to show the certificate *name*."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / name)
    return context


def test_a_message_arrives_as_it_was_made() -> None:
    """Lines that begin with a period arrive as they were written, whatever SMTP does to them on the way."""
    content = b"Message-ID: <a@b.example>\r\n\r\n.one\r\n..two\r\n.\r\nthree\r\n"

    with SmtpSim() as server, mailer(server) as anna:
        outcome = anna.send(an_email(content), may_go)

    assert (outcome.hand, outcome.reply) == (Hand.ACCEPTED, "250 2.0.0 taken")
    assert [each.content for each in server.messages] == [content]
    assert server.messages[0].recipients == ("eva@muster.example",)
    assert server.messages[0].mail_from == "anna@bergblick.example"


def test_one_connection_serves_many_messages() -> None:
    """Ten emails of one sender need one login, not ten."""
    with SmtpSim() as server, mailer(server) as anna:
        hands = [anna.send(an_email(), may_go).hand for _ in range(10)]

    assert hands == [Hand.ACCEPTED] * 10
    assert server.connections == 1


def test_the_gate_is_asked_when_only_the_end_is_missing() -> None:
    """When the gate is asked the server has the whole body, and has not accepted anything."""
    seen: list[tuple[int, str]] = []

    def gate() -> bool:
        seen.append((len(server.messages), server.commands[-1]))
        return True

    with SmtpSim() as server, mailer(server) as anna:
        anna.send(an_email(), gate)

    assert seen == [(0, "DATA")]


def test_a_message_held_at_the_gate_is_not_delivered() -> None:
    """A lead who unsubscribes while the email is being handed over does not get it; the next lead does."""
    with SmtpSim() as server, mailer(server) as anna:
        held = anna.send(an_email(), lambda: False)
        then = anna.send(an_email(to="nils@hafen.example"), may_go)

    assert (held.hand, then.hand) == (Hand.HELD, Hand.ACCEPTED)
    assert [each.recipients for each in server.messages] == [("nils@hafen.example",)]


def test_a_ledger_that_fails_at_the_gate_stops_the_message() -> None:
    """When the mark cannot be made durable, nothing is delivered, and the error is not swallowed."""

    def broken() -> bool:
        raise OSError(28, "No space left on device")

    with SmtpSim() as server, mailer(server) as anna:
        with pytest.raises(OSError, match="No space left"):
            anna.send(an_email(), broken)
        anna.send(an_email(to="nils@hafen.example"), may_go)

    assert [each.recipients for each in server.messages] == [("nils@hafen.example",)]


BEFORE_THE_DOT = [
    pytest.param("greeting", Answer(b"421 4.3.2 closing"), Hand.DEFERRED, Fault.SERVER, id="421-greeting"),
    pytest.param("greeting", Answer(b"554 5.7.1 no service"), Hand.DEFERRED, Fault.SERVER, id="554-greeting"),
    pytest.param("greeting", Answer(close=True), Hand.DEFERRED, Fault.SERVER, id="drop-at-greeting"),
    pytest.param("greeting", Answer(b"\r\n"), Hand.DEFERRED, Fault.SERVER, id="empty-line"),
    pytest.param("greeting", Answer(b"HTTP/1.1 400 Bad Request"), Hand.DEFERRED, Fault.SERVER, id="not-smtp"),
    pytest.param("greeting", Answer(b"2" * 10_000_000), Hand.DEFERRED, Fault.SERVER, id="10-MB-line"),
    pytest.param("greeting", Answer(b"220-x\r\n" * 100_000), Hand.DEFERRED, Fault.SERVER, id="endless-lines"),
    pytest.param("ehlo", Answer(b"\xff\xfe garbage"), Hand.DEFERRED, Fault.SERVER, id="garbage-at-ehlo"),
    pytest.param("mail", Answer(b"421 4.3.2 closing", close=True), Hand.DEFERRED, Fault.SERVER, id="421-at-mail"),
    pytest.param("mail", Answer(close=True), Hand.DEFERRED, Fault.SERVER, id="drop-at-mail"),
    pytest.param("mail", Answer(b"550 5.7.60 send as denied"), Hand.DEFERRED, Fault.ACCOUNT, id="not-your-address"),
    pytest.param("mail", Answer(b"530 5.7.0 log in first"), Hand.DEFERRED, Fault.ACCOUNT, id="login-needed"),
    pytest.param("rcpt", Answer(b"451 4.7.1 greylisted"), Hand.DEFERRED, Fault.RECEIVER, id="greylisted"),
    pytest.param("rcpt", Answer(b"550 5.1.1 no such user"), Hand.REFUSED, Fault.ADDRESS, id="no-such-user"),
    pytest.param("rcpt", Answer(b"550 5.7.515 bulk rules"), Hand.REFUSED, Fault.POLICY, id="outlook-bulk-rule"),
    pytest.param("rcpt", Answer(b"552 5.2.2 mailbox full"), Hand.DEFERRED, Fault.MAILBOX, id="mailbox-full"),
    pytest.param("rcpt", Answer(b"550 5.4.5 daily limit"), Hand.DEFERRED, Fault.QUOTA, id="daily-limit"),
    pytest.param("rcpt", Answer(close=True), Hand.DEFERRED, Fault.SERVER, id="drop-at-rcpt"),
    pytest.param("data", Answer(b"451 4.3.0 not now"), Hand.DEFERRED, Fault.SERVER, id="451-at-data"),
    pytest.param("data", Answer(b"554 5.6.0 no"), Hand.REFUSED, Fault.CONTENT, id="554-at-data"),
]


@pytest.mark.parametrize(("phase", "answer", "hand", "fault"), BEFORE_THE_DOT)
def test_what_fails_before_the_end_is_certain(phase: str, answer: Answer, hand: Hand, fault: Fault) -> None:
    """Whatever goes wrong before the end of the message, the gate is not asked and nothing is in doubt."""
    first = iter([answer])

    def once(moment: Moment) -> Answer | None:
        return next(first, None) if moment.phase == phase else None

    with SmtpSim(script=once) as server, mailer(server) as anna:
        outcome = anna.send(an_email(), never_asked)
        after = anna.send(an_email(), may_go)

    assert (outcome.hand, outcome.fault) == (hand, fault)
    assert after.hand is Hand.ACCEPTED
    assert len(server.messages) == 1


AT_THE_DOT = [
    pytest.param(Answer(b"250 2.0.0 queued"), Hand.ACCEPTED, Fault.NONE, 1, id="250"),
    pytest.param(Answer(b"250-one\r\n250 two"), Hand.ACCEPTED, Fault.NONE, 1, id="250-two-lines"),
    pytest.param(Answer(b"250"), Hand.ACCEPTED, Fault.NONE, 1, id="250-alone"),
    pytest.param(Answer(b"250 2.0.0 queued", close=True), Hand.ACCEPTED, Fault.NONE, 1, id="250-then-drop"),
    pytest.param(Answer(b"451 4.3.0 not now"), Hand.DEFERRED, Fault.SERVER, 0, id="451"),
    pytest.param(Answer(b"421 4.3.2 closing", close=True), Hand.DEFERRED, Fault.SERVER, 0, id="421"),
    pytest.param(Answer(b"452 4.2.2 mailbox full"), Hand.DEFERRED, Fault.MAILBOX, 0, id="452-mailbox"),
    pytest.param(Answer(b"550 5.6.0 no"), Hand.REFUSED, Fault.CONTENT, 0, id="550"),
    pytest.param(Answer(b"554 5.7.1 spam"), Hand.REFUSED, Fault.POLICY, 0, id="554-spam"),
    pytest.param(Answer(close=True, store=True), Hand.IN_DOUBT, Fault.SERVER, 1, id="drop-stored"),
    pytest.param(Answer(close=True, store=False), Hand.IN_DOUBT, Fault.SERVER, 0, id="drop-not-stored"),
    pytest.param(Answer(b"2", close=True), Hand.IN_DOUBT, Fault.SERVER, 1, id="half-an-answer"),
    pytest.param(Answer(b"OK queued", store=True), Hand.IN_DOUBT, Fault.SERVER, 1, id="garbage"),
    pytest.param(Answer(b"\xc3\xa4\xff", store=True), Hand.IN_DOUBT, Fault.SERVER, 1, id="not-ascii"),
    pytest.param(Answer(b"\r\n", store=True), Hand.IN_DOUBT, Fault.SERVER, 1, id="empty-line"),
    pytest.param(Answer(b"354 go on", store=True), Hand.IN_DOUBT, Fault.SERVER, 1, id="354-again"),
    pytest.param(Answer(b"9" * 10_000_000, store=True), Hand.IN_DOUBT, Fault.SERVER, 1, id="10-MB-line"),
    pytest.param(Answer(b"250 late", seconds=0.6, store=True), Hand.IN_DOUBT, Fault.SERVER, 1, id="too-late"),
]


@pytest.mark.parametrize(("answer", "hand", "fault", "stored"), AT_THE_DOT)
def test_what_the_answer_to_the_end_means(answer: Answer, hand: Hand, fault: Fault, stored: int) -> None:
    """After the end of the message only a clear answer decides; anything else leaves it in doubt, never "failed"."""
    asked: list[bool] = []

    def gate() -> bool:
        asked.append(True)
        return True

    with SmtpSim(script=script({(1, "dot"): answer})) as server, mailer(server) as anna:
        outcome = anna.send(an_email(), gate)
        after = anna.send(an_email(to="nils@hafen.example"), may_go)

    assert (outcome.hand, outcome.fault, asked) == (hand, fault, [True])
    assert [each.recipients for each in server.messages].count(("eva@muster.example",)) == stored
    assert after.hand is Hand.ACCEPTED


@pytest.mark.parametrize("answer", [b"421 4.3.2 closing", b"500 5.5.1 what", b""], ids=["421", "500", "drop"])
def test_what_happens_after_acceptance_changes_nothing(answer: bytes) -> None:
    """A server that has taken the message may be rude about the goodbye."""

    def rude(moment: Moment) -> Answer | None:
        return Answer(answer, close=True) if moment.phase in {"quit", "rset"} else None

    with SmtpSim(script=rude) as server:
        with mailer(server) as anna:
            outcome = anna.send(an_email(), may_go)

        assert outcome.hand is Hand.ACCEPTED
        assert len(server.messages) == 1


def test_a_connection_cut_in_the_body_leaves_no_doubt() -> None:
    """The end was never sent, so the message is deferred and the gate was not asked."""
    with SmtpSim(script=script({(1, "body"): Answer(close=True)})) as server, mailer(server) as anna:
        outcome = anna.send(an_email(b"X: 1\r\n\r\n" + b"line\r\n" * 1_000_000), never_asked)

    assert (outcome.hand, outcome.fault) == (Hand.DEFERRED, Fault.SERVER)
    assert server.messages == []


def test_a_refusal_before_the_body_is_read_does_not_hang() -> None:
    """A server that says 550 while we are still talking has refused, whether or not we hear it before the end."""
    no = Answer(b"550 5.7.1 we do not want this")
    with SmtpSim(script=script({(1, "body"): no})) as server, mailer(server) as anna:
        outcome = anna.send(an_email(b"X: 1\r\n\r\n" + b"line\r\n" * 50_000), may_go)

    assert (outcome.hand, outcome.fault) == (Hand.REFUSED, Fault.POLICY)
    assert outcome.reply == "550 5.7.1 we do not want this"
    assert server.messages == []


@pytest.mark.parametrize("answer", [Answer(b"421 4.4.2 idle too long", close=True), Answer(close=True)])
def test_an_idle_connection_that_died_is_no_attempt(answer: Answer) -> None:
    """A kept connection that the server has closed meanwhile is opened again, unnoticed."""
    tired = {(2, "mail"): answer}
    with SmtpSim(script=script(tired)) as server, mailer(server) as anna:
        hands = [anna.send(an_email(), may_go).hand for _ in range(2)]

    assert hands == [Hand.ACCEPTED, Hand.ACCEPTED]
    assert server.connections == 2


def test_nobody_listening_defers() -> None:
    """A server that is down costs nothing but time."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    with SmtpMailer(host="127.0.0.1", port=port, security="none", timeouts=QUICK) as anna:
        outcome = anna.send(an_email(), never_asked)

    assert (outcome.hand, outcome.fault) == (Hand.DEFERRED, Fault.SERVER)
    assert outcome.reply == f"127.0.0.1:{port}: no connection (Connection refused)"


def test_a_name_that_does_not_exist_defers() -> None:
    """A mistyped host is told as what it is."""
    with SmtpMailer(host="mail.nowhere.invalid", port=587, timeouts=QUICK) as anna:
        outcome = anna.send(an_email(), never_asked)

    assert (outcome.hand, outcome.fault) == (Hand.DEFERRED, Fault.SERVER)


def test_a_wrong_password_is_our_account_and_nobody_is_marked() -> None:
    """A login that is refused stops all sending; no lead is touched by it."""
    with SmtpSim(users={"anna": "right"}) as server, mailer(server, login=("anna", "wrong")) as anna:
        outcome = anna.send(an_email(), never_asked)

    assert (outcome.hand, outcome.fault) == (Hand.DEFERRED, Fault.ACCOUNT)
    assert outcome.reply == "535 5.7.8 user and password do not fit"


@pytest.mark.parametrize(
    ("password", "hand", "fault", "logins"),
    [("right", Hand.ACCEPTED, Fault.NONE, 1), ("päss wörd", Hand.DEFERRED, Fault.ACCOUNT, 0)],
)
def test_a_login_that_fits_is_made_once(password: str, hand: Hand, fault: Fault, logins: int) -> None:
    """Two messages, one login; a password SMTP cannot carry is told as a matter of our account."""
    with SmtpSim(users={"anna": "right"}) as server, mailer(server, login=("anna", password)) as anna:
        outcomes = [anna.send(an_email(), may_go) for _ in range(2)]

    assert [(each.hand, each.fault) for each in outcomes] == [(hand, fault)] * 2
    assert server.commands.count("AUTH") == logins


def test_a_server_that_offers_no_login_is_a_matter_of_our_account() -> None:
    """A user and a password for a server that wants none stop all sending, with a sentence."""
    with SmtpSim() as server, mailer(server, login=("anna", "right")) as anna:
        outcome = anna.send(an_email(), never_asked)

    assert (outcome.hand, outcome.fault) == (Hand.DEFERRED, Fault.ACCOUNT)
    assert outcome.reply == "localhost offers no way to log in that fits this user and password"


def test_too_many_logins_are_a_matter_of_pace() -> None:
    """Gmail's "too many login attempts" is waited out."""
    busy = {(0, "auth"): Answer(b"454 4.7.0 Too many login attempts")}
    with (
        SmtpSim(users={"anna": "right"}, script=script(busy)) as server,
        mailer(server, login=("anna", "right")) as anna,
    ):
        outcome = anna.send(an_email(), never_asked)

    assert (outcome.hand, outcome.fault) == (Hand.DEFERRED, Fault.QUOTA)


@pytest.mark.parametrize("at_once", [False, True], ids=["starttls", "tls"])
def test_a_server_that_proves_who_it_is_gets_login_and_message(at_once: bool) -> None:
    """With a certificate of its own name, both kinds of encryption carry messages, one connection for all."""
    tls = certificate("localhost.pem")
    with (
        SmtpSim(tls=tls, tls_at_once=at_once, users={"anna": "right"}) as server,
        mailer(server, "tls" if at_once else "starttls", login=("anna", "right")) as anna,
    ):
        hands = [anna.send(an_email(), may_go).hand for _ in range(3)]

    assert hands == [Hand.ACCEPTED] * 3
    assert (server.connections, server.commands.count("AUTH")) == (1, 1)


@pytest.mark.parametrize("at_once", [False, True], ids=["starttls", "tls"])
@pytest.mark.parametrize("name", ["self-signed.pem", "elsewhere.pem"])
def test_a_server_that_cannot_prove_who_it_is_hears_no_password(name: str, at_once: bool) -> None:
    """A certificate of nobody we trust, or of another host, ends the conversation before the login."""
    with (
        SmtpSim(tls=certificate(name), tls_at_once=at_once, users={"anna": "right"}) as server,
        mailer(server, "tls" if at_once else "starttls", login=("anna", "right")) as anna,
    ):
        outcome = anna.send(an_email(), never_asked)

    assert (outcome.hand, outcome.fault) == (Hand.DEFERRED, Fault.SERVER)
    assert "cannot prove that it is who it should be" in outcome.reply
    assert "AUTH" not in server.commands


def test_the_system_certificates_are_what_counts_unless_told_otherwise() -> None:
    """Without a ca_file, a certificate that only we know is not trusted."""
    with (
        SmtpSim(tls=certificate("localhost.pem")) as server,
        SmtpMailer(host="localhost", port=server.port, timeouts=QUICK) as anna,
    ):
        outcome = anna.send(an_email(), never_asked)

    assert "cannot prove that it is who it should be" in outcome.reply


def test_a_server_without_encryption_hears_no_password() -> None:
    """When STARTTLS is not offered, or somebody took it out of the offer, nothing is said."""
    with SmtpSim(users={"anna": "right"}) as server, mailer(server, "starttls", login=("anna", "right")) as anna:
        outcome = anna.send(an_email(), never_asked)

    assert (outcome.hand, outcome.reply) == (Hand.DEFERRED, "localhost offers no encryption (STARTTLS)")
    assert [each.split(" ")[0] for each in server.commands] == ["ehlo"]


def test_words_slipped_in_behind_starttls_end_the_conversation() -> None:
    """What comes in the clear behind the answer to STARTTLS was put there by somebody on the way."""
    slipped_in = {(0, "starttls"): Answer(b"220 go ahead\r\n250 AUTH PLAIN\r\n")}
    with (
        SmtpSim(tls=certificate("localhost.pem"), script=script(slipped_in), users={"anna": "right"}) as server,
        mailer(server, "starttls", login=("anna", "right")) as anna,
    ):
        outcome = anna.send(an_email(), never_asked)

    assert outcome.hand is Hand.DEFERRED
    assert outcome.reply.endswith("something was slipped in behind the server's answer to STARTTLS")
    assert "AUTH" not in server.commands


def test_encryption_may_be_missing_on_this_machine_only() -> None:
    """Without encryption, only a server on this very machine is spoken to."""
    with pytest.raises(MailerOutOfReach, match=r"^smtp\.gmail\.com cannot be used without encryption"):
        SmtpMailer(host="smtp.gmail.com", port=25, security="none")

    SmtpMailer(host="::1", port=25, security="none")


def test_a_message_larger_than_the_server_takes_is_held() -> None:
    """The size is known before a byte of the message leaves."""
    with SmtpSim(features=("SIZE 100",)) as server, mailer(server) as anna:
        outcome = anna.send(an_email(b"X: 1\r\n\r\n" + b"x" * 200), never_asked)
        after = anna.send(an_email(), may_go)

    assert (outcome.hand, outcome.fault) == (Hand.HELD, Fault.CONTENT)
    assert outcome.reply == "this email has 208 bytes; the server takes 100"
    assert after.hand is Hand.ACCEPTED


@pytest.mark.parametrize("features", [(), ("8BITMIME",)], ids=["7-bit-only", "8-bit"])
def test_letters_outside_ascii_need_a_server_that_takes_them(features: tuple[str, ...]) -> None:
    """An 8-bit message goes to a server that says it can, with the word for it, and to no other."""
    with SmtpSim(features=features) as server, mailer(server) as anna:
        outcome = anna.send(an_email("X: 1\r\n\r\nKäse\r\n".encode()), may_go)

    assert outcome.hand is (Hand.ACCEPTED if features else Hand.HELD)
    assert any("BODY=8BITMIME" in each for each in server.commands) is bool(features)


@pytest.mark.parametrize(
    "address", ["eva@muster.example>\r\nDATA", "eva muster@x.example", "éva@muster.example", "", "eva"]
)
def test_an_address_that_is_none_never_reaches_the_envelope(address: str) -> None:
    """What would say something else to the server than an address is held."""
    with SmtpSim() as server, mailer(server) as anna:
        outcome = anna.send(an_email(to=address), never_asked)

    assert (outcome.hand, server.commands) == (Hand.HELD, [])


class _Keeper:
    """An aiosmtpd handler that keeps what came."""

    def __init__(self) -> None:
        self.contents: list[bytes] = []

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        del server, session
        assert isinstance(envelope.content, bytes)
        self.contents.append(envelope.content)
        return "250 kept"


class _AnyPort(Controller):
    """A controller that takes a free port and finds out which."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def another_server(keeper: _Keeper) -> Iterator[int]:
    """Run aiosmtpd on a free port, and return the port."""
    controller = _AnyPort(keeper, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield int(controller.port)
    finally:
        controller.stop()


def test_a_server_written_by_others_agrees() -> None:
    """aiosmtpd, too, gets whole messages, nothing of a held one, and the next one on a new connection."""
    keeper = _Keeper()

    with (
        another_server(keeper) as port,
        SmtpMailer(host="127.0.0.1", port=port, security="none", timeouts=QUICK) as anna,
    ):
        hands = [
            anna.send(an_email(b"X: 1\r\n\r\n.first\r\n"), may_go).hand,
            anna.send(an_email(b"X: 2\r\n\r\nheld\r\n"), lambda: False).hand,
            anna.send(an_email(b"X: 3\r\n\r\nthird\r\n"), may_go).hand,
        ]

    assert hands == [Hand.ACCEPTED, Hand.HELD, Hand.ACCEPTED]
    assert keeper.contents == [b"X: 1\r\n\r\n.first\r\n", b"X: 3\r\n\r\nthird\r\n"]


def test_a_silent_server_does_not_hold_us_longer_than_agreed() -> None:
    """A server that drips one byte at a time is given up on when the time for an answer is over."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        stop = threading.Event()

        def drip() -> None:
            connection, _ = listener.accept()
            with connection:
                while not stop.wait(0.05):
                    try:
                        connection.sendall(b"2")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        slow = Timeouts(connect=1, command=0.4, body=1, dot=1)
        with SmtpMailer(host="127.0.0.1", port=listener.getsockname()[1], security="none", timeouts=slow) as anna:
            outcome = anna.send(an_email(), never_asked)
        stop.set()
        thread.join()

    assert outcome.hand is Hand.DEFERRED
    assert outcome.reply.endswith("no answer within 0.4 seconds")
