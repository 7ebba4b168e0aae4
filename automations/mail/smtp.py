"""Email by SMTP: one message at a time over one connection, with the end of each held back for the gate.

    connect, EHLO, STARTTLS, login      once for many messages
    MAIL, RCPT, DATA, body              whatever fails up to here: nothing was delivered, and that is certain
    before_dot()                        the gate; "no" closes the socket, and the server drops what it has
    .                                   from here to the answer the message is in doubt
    250 | 4yz | 5yz | nothing           accepted | deferred | refused | in doubt

Certificates are always checked. Only a server on this very machine may be spoken to without TLS.
Import it late: smtplib and ssl cost 25 ms.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Literal, NoReturn, Self, TypeVar

from automations.core.hosts import is_this_machine
from automations.core.messages import BeforeDot, Fault, Hand, Outcome, Outgoing
from automations.crash import crash_at
from automations.errors import MailerOutOfReach
from automations.mail.answers import Phase, classify, split_enhanced
from automations.mail.dialogue import Dialogue, Distrust, NoAnswer, Reply, Timeouts

Security = Literal["starttls", "tls", "none"]

_Answer = TypeVar("_Answer")
_ENVELOPE_ADDRESS = re.compile(r"[!-;=?-~]+@[!-;=?-~]+\Z")
_CHUNK = 65_536
_CLOSING = 421


class _Ended(Exception):  # noqa: N818 - how a hand-over ended before the dot
    """Carries an outcome out of the steps before the dot."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reply)
        self.outcome = outcome


class SmtpMailer:
    """Hands messages to the server at *host*, keeping one connection.

    *user* may be empty: then nobody logs in. *ca_file* names certificates to trust instead of the system's, for a
    server of one's own; the check itself cannot be turned off.
    Raises MailerOutOfReach for ``none`` and a host that is not this machine.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        user: str = "",
        password: str = "",
        security: Security = "starttls",
        timeouts: Timeouts | None = None,
        ca_file: str | None = None,
    ) -> None:
        if security == "none" and not is_this_machine(host):
            raise MailerOutOfReach(
                f"{host} cannot be used without encryption: it is not this machine",
                fix="Use  security: starttls  (port 587) or  security: tls  (port 465).",
            )
        self._host, self._port = host, port
        self._user, self._password = user, password
        self._security: Security = security
        self._timeouts = timeouts or Timeouts()
        self._ca_file = ca_file
        self._dialogue: Dialogue | None = None

    def __enter__(self) -> Self:
        """Return the mailer; it connects when the first message comes."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take leave of the server."""
        dialogue, self._dialogue = self._dialogue, None
        if dialogue is not None:
            dialogue.leave()

    def send(self, message: Outgoing, before_dot: BeforeDot) -> Outcome:
        """Hand one message over; see `automations.mail.Mailer`."""
        try:
            _must_have_plain_addresses(message)
            dialogue = self._all_but_the_dot(message)
            if not before_dot():
                self._hang_up()
                return Outcome(Hand.HELD, reply="held before the end of the message")
            return self._dot(dialogue)
        except _Ended as ended:
            return ended.outcome
        except BaseException:
            # Nobody knows what the connection has gone through: its transaction must not be ended by the next one.
            self._hang_up()
            raise

    def _all_but_the_dot(self, message: Outgoing) -> Dialogue:
        dialogue = self._begin(message)
        self._step(Phase.RCPT, 2, lambda: dialogue.say(f"RCPT TO:<{message.envelope_to}>"))
        self._step(Phase.DATA, 3, lambda: dialogue.say("DATA"))
        self._push_body(dialogue, message.content)
        return dialogue

    def _begin(self, message: Outgoing) -> Dialogue:
        """Return the conversation with MAIL accepted; a kept connection that has died is replaced, once."""
        kept = self._dialogue
        if kept is not None and not kept.look_ahead():
            command = _mail_command(message, kept)
            reply = _reply_or_none(lambda: kept.say(command))
            if reply is not None and reply.code != _CLOSING:
                self._want(Phase.MAIL, 2, reply)
                return kept
        self._hang_up()
        fresh = self._connect()
        command = _mail_command(message, fresh)
        self._step(Phase.MAIL, 2, lambda: fresh.say(command))
        return fresh

    def _push_body(self, dialogue: Dialogue, content: bytes) -> None:
        """Send the body, dot-stuffed, without the end. A server that answers early has refused it: no dot is sent."""
        octets = content if content.endswith(b"\r\n") else content + b"\r\n"
        octets = re.sub(rb"^\.", b"..", octets, flags=re.MULTILINE)
        for start in range(0, len(octets), _CHUNK):
            try:
                dialogue.push(octets[start : start + _CHUNK], self._timeouts.body)
                has_spoken = dialogue.look_ahead()
            except OSError:
                has_spoken = True
            if has_spoken:
                reply = self._guarded(Phase.DATA, lambda: dialogue.answer(1.0))
                self._hang_up()
                raise _Ended(classify(Phase.DATA, *reply))

    def _dot(self, dialogue: Dialogue) -> Outcome:
        """Send the end of the message and return what the server makes of it."""
        crash_at("before_dot_sent")
        try:
            dialogue.push(b".\r\n", self._timeouts.body)
            crash_at("after_dot_sent")
            reply = dialogue.answer(self._timeouts.dot)
        except (NoAnswer, OSError) as silence:
            self._hang_up()
            return classify(Phase.DOT, 0, "", f"the end of the message was sent, but then: {silence}")
        crash_at("after_answer")
        if reply.code == _CLOSING:
            self._hang_up()
        return classify(Phase.DOT, *reply)

    def _connect(self) -> Dialogue:
        """Return a new conversation: greeted, protected, logged in."""
        dialogue = self._dialogue = Dialogue(self._host, self._timeouts)
        at_once = self._trust() if self._security == "tls" else None
        self._step(Phase.CONNECT, 2, lambda: dialogue.open(self._port, at_once))
        self._step(Phase.HELLO, 2, dialogue.hello)
        if self._security == "starttls":
            if not dialogue.has_extn("starttls"):
                self._hang_up()
                raise _Ended(classify(Phase.TLS, 0, "", f"{self._host} offers no encryption (STARTTLS)"))
            context = self._trust()
            self._step(Phase.TLS, 2, lambda: dialogue.secure(context))
        if self._user:
            self._log_in(dialogue)
        return dialogue

    def _trust(self) -> ssl.SSLContext:
        # smtplib checks no certificate unless it is given a context that does.
        return ssl.create_default_context(cafile=self._ca_file)

    def _log_in(self, dialogue: Dialogue) -> None:
        try:
            self._guarded(Phase.LOGIN, lambda: dialogue.login(self._user, self._password))
        except smtplib.SMTPAuthenticationError as error:
            said = error.smtp_error
            text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
            self._refuse_login(classify(Phase.LOGIN, error.smtp_code, *split_enhanced(text)))
        except (smtplib.SMTPException, UnicodeError):
            said = f"{self._host} offers no way to log in that fits this user and password"
            self._refuse_login(Outcome(Hand.DEFERRED, Fault.ACCOUNT, said))

    def _refuse_login(self, outcome: Outcome) -> NoReturn:
        self._hang_up()
        raise _Ended(outcome) from None

    def _step(self, phase: Phase, hundreds: int, step: Callable[[], Reply]) -> None:
        """Take one step; the hand-over ends unless the answer is one of the *hundreds* that are wanted."""
        self._want(phase, hundreds, self._guarded(phase, step))

    def _want(self, phase: Phase, hundreds: int, reply: Reply) -> None:
        if reply.code // 100 == hundreds:
            return
        dialogue = self._dialogue
        may_stay = phase in {Phase.MAIL, Phase.RCPT, Phase.DATA} and reply.code != _CLOSING
        if dialogue is None or not may_stay or _reply_or_none(lambda: dialogue.say("RSET")) is None:
            self._hang_up()
        raise _Ended(classify(phase, *reply))

    def _guarded(self, phase: Phase, step: Callable[[], _Answer]) -> _Answer:
        """Return what *step* returns; whatever the network does instead ends the hand-over as an outcome of *phase*."""
        try:
            return step()
        except smtplib.SMTPServerDisconnected as error:
            silence: Exception = error
        except smtplib.SMTPException:
            raise
        except (NoAnswer, Distrust, OSError) as error:
            silence = error
        self._hang_up()
        raise _Ended(classify(phase, 0, "", f"{self._host}:{self._port}: {_sentence(silence)}"))

    def _hang_up(self) -> None:
        dialogue, self._dialogue = self._dialogue, None
        if dialogue is not None:
            dialogue.close()


def _must_have_plain_addresses(message: Outgoing) -> None:
    for address in (message.envelope_from, message.envelope_to):
        if not _ENVELOPE_ADDRESS.match(address):
            raise _Ended(Outcome(Hand.HELD, Fault.CONTENT, f"{address!r} cannot stand in an envelope"))


def _mail_command(message: Outgoing, dialogue: Dialogue) -> str:
    """Return the MAIL command; the hand-over is held when the server says beforehand that it cannot take the message.

    Sources: RFC 1870 (SIZE; 0 is no limit), RFC 6152 (8BITMIME).
    """
    size, is_ascii = len(message.content), message.content.isascii()
    announced = dialogue.esmtp_features.get("size", "").strip()
    if announced.isdigit() and 0 < int(announced) < size:
        raise _Ended(Outcome(Hand.HELD, Fault.CONTENT, f"this email has {size} bytes; the server takes {announced}"))
    if not is_ascii and not dialogue.has_extn("8bitmime"):
        raise _Ended(Outcome(Hand.HELD, Fault.CONTENT, "this email needs 8BITMIME, which the server does not have"))
    parameters = (f" SIZE={size}" if dialogue.has_extn("size") else "") + ("" if is_ascii else " BODY=8BITMIME")
    return f"MAIL FROM:<{message.envelope_from}>{parameters}"


def _reply_or_none(step: Callable[[], Reply]) -> Reply | None:
    try:
        return step()
    except (NoAnswer, OSError):
        return None


def _sentence(error: Exception) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return f"the server cannot prove that it is who it should be ({error.verify_message})"
        case ssl.SSLError():
            return f"no encryption could be agreed on ({error.reason})"
        case TimeoutError():
            return "no connection in time"
        case OSError() if error.strerror:
            return f"no connection ({error.strerror})"
        case _:
            return str(error)
