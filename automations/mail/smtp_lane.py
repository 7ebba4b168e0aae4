"""One connection to a mail server, on which one message after another leaves.

    connect, EHLO, STARTTLS, login      once for many messages
    MAIL, RCPT, DATA                    in one flight where the server knows PIPELINING, else one by one
    body                                whatever fails up to here: nothing was delivered, and that is certain
    gate                                "no" closes the socket, and the server drops what it has
    .                                   from here to the answer the message is in doubt
    250 | 4yz | 5yz | nothing           accepted | deferred | refused | in doubt

Import it late: smtplib and ssl cost 25 ms.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Callable, Generator, Sequence
from time import monotonic
from typing import NamedTuple, NoReturn, TypeVar

from automations.core.messages import Fault, Hand, Outcome, Outgoing
from automations.crash import crash_at
from automations.errors import MailerOutOfReach
from automations.mail.answers import Phase, classify, split_enhanced
from automations.mail.dialogue import Dialogue, Distrust, NoAnswer, Reply, no_answer_within
from automations.mail.lanes import HandOver, Need
from automations.mail.smtp_values import NO_HABITS, Habits, Login, Server, Token, xoauth2

_Answer = TypeVar("_Answer")
_ENVELOPE_ADDRESS = re.compile(r"[!-;=?-~]+@[!-;=?-~]+\Z")
_CHUNK = 65_536
_CLOSING = 421
_GO_ON = 334


class _Command(NamedTuple):
    """A command of the envelope: in which phase it is said, and the first digit of the answer that is wanted."""

    phase: Phase
    hundreds: int
    text: str


_RESET = _Command(Phase.MAIL, 2, "RSET")
_DATA = _Command(Phase.DATA, 3, "DATA")


class _Refusal(NamedTuple):
    phase: Phase
    reply: Reply
    said: str


class _Ended(Exception):  # noqa: N818 - how a hand-over ended before the dot
    """Carries an outcome out of the steps before the dot."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome.reply)
        self.outcome = outcome


class _Stale(Exception):  # noqa: N818 - what happened
    """The kept connection had died before this message came: that is no attempt."""


class SmtpLane:
    """A connection that opens with its first message, and again when it was lost. *login* None: nobody logs in."""

    def __init__(self, server: Server, login: Login | None, habits: Habits = NO_HABITS) -> None:
        self._server = server
        self._login = login
        self._habits = habits
        self._dialogue: Dialogue | None = None
        self._deadline = 0.0

    @property
    def deadline(self) -> float:
        """Return until when the server's answer is waited for."""
        return self._deadline

    def fileno(self) -> int:
        """Return the descriptor of the connection; -1 when there is none."""
        sock = self._dialogue.sock if self._dialogue is not None else None
        return sock.fileno() if sock is not None else -1

    def say_quit(self) -> None:
        """Begin to take leave of the server, so that many connections can do so at once; `leave` ends it."""
        if self._dialogue is not None:
            self._dialogue.say_quit()

    def leave(self) -> None:
        """End taking leave of the server: after `say_quit`."""
        dialogue, self._dialogue = self._dialogue, None
        if dialogue is not None:
            dialogue.leave()

    def try_login(self) -> Outcome | None:
        """Connect and log in, and leave again; return how that failed, or None when a message could leave now."""
        try:
            self._connect()
        except _Ended as ended:
            return ended.outcome
        self.say_quit()
        self.leave()
        return None

    def hand_over(self, message: Outgoing) -> HandOver:
        """Hand one message over, step by step; see `automations.mail.lanes`."""
        message = self._habits.dressed(message)
        try:
            _must_have_plain_addresses(message)
            dialogue = yield from self._envelope(message)
            self._push_body(dialogue, message.content)
            if not (yield Need.AT_THE_DOT):
                self._hang_up()
                return Outcome(Hand.HELD, reply="held before the end of the message")
            return (yield from self._dot(dialogue))
        except _Ended as ended:
            return ended.outcome
        except BaseException:
            # Nobody knows what the connection has gone through: its transaction must not be ended by the next one.
            self._hang_up()
            raise

    def _envelope(self, message: Outgoing) -> Generator[Need, bool, Dialogue]:
        """Return the conversation with DATA accepted; a kept connection that has died is replaced, once."""
        kept = self._dialogue
        if kept is not None and not kept.look_ahead():
            try:
                yield from self._say_envelope(kept, message, is_kept=True)
            except _Stale:
                pass
            else:
                return kept
        self._hang_up()
        fresh = self._connect()
        yield from self._say_envelope(fresh, message, is_kept=False)
        return fresh

    def _say_envelope(self, dialogue: Dialogue, message: Outgoing, *, is_kept: bool) -> Generator[Need, bool, None]:
        commands = _envelope_commands(message, dialogue, self._habits.witness)
        for flight in (commands,) if dialogue.has_extn("pipelining") else [(each,) for each in commands]:
            refusal = yield from self._fly(dialogue, flight, may_be_stale=is_kept and flight[0] is commands[0])
            if refusal is not None:
                if refusal.reply.code == _CLOSING:
                    self._hang_up()
                raise _Ended(self._refused(refusal))

    def _refused(self, refusal: _Refusal) -> Outcome:
        outcome = classify(refusal.phase, *refusal.reply)
        if self._habits.witness and refusal.said == _rcpt(self._habits.witness):
            # Whatever is wrong with the witness's mailbox, the lead's own address must not suffer for it.
            said = f"the witness {self._habits.witness} was refused: {outcome.reply}"
            return Outcome(Hand.DEFERRED, Fault.SERVER, said)
        return outcome

    def _fly(
        self, dialogue: Dialogue, flight: Sequence[_Command], *, may_be_stale: bool
    ) -> Generator[Need, bool, _Refusal | None]:
        """Say commands at once and hear every answer (RFC 2920, section 3.1); return the first that is a no.

        Raises _Stale when the connection turns out to have died before the first of them.
        """
        seconds, at, refusal = self._server.timeouts.command, flight[0], None
        try:
            dialogue.push("".join(f"{each.text}\r\n" for each in flight).encode("ascii"), seconds)
            for at in flight:
                reply = yield from self._hear(dialogue, seconds)
                is_yes = reply.code // 100 == at.hundreds
                if at is flight[0] and may_be_stale and (reply.code == _CLOSING or (at is _RESET and not is_yes)):
                    raise _Stale
                if is_yes and at.phase is Phase.MAIL:
                    dialogue.has_transaction = at is not _RESET
                if is_yes and at is _DATA and refusal is not None:
                    # The server waits for a message although it took no recipient: it gets no dot, not even for none.
                    self._hang_up()
                if not is_yes and refusal is None:
                    refusal = _Refusal(at.phase, reply, at.text)
                if reply.code == _CLOSING:
                    break
        except (NoAnswer, OSError) as silence:
            if may_be_stale and at is flight[0]:
                raise _Stale from silence
            if refusal is None:
                raise self._lost(at.phase, silence) from None
            self._hang_up()
        return refusal

    def _hear(self, dialogue: Dialogue, seconds: float) -> Generator[Need, bool, Reply]:
        """Return the next answer. Raises NoAnswer when none comes within *seconds*."""
        self._deadline = monotonic() + seconds
        while (reply := dialogue.heard()) is None:
            if not (yield Need.HEAR):
                raise no_answer_within(seconds)
            dialogue.listen()
        return reply

    def _push_body(self, dialogue: Dialogue, content: bytes) -> None:
        """Send the body, dot-stuffed, without the end. A server that answers early has refused it: no dot is sent."""
        octets = (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:]
        if not octets.endswith(b"\r\n"):
            octets += b"\r\n"
        for start in range(0, len(octets), _CHUNK):
            try:
                dialogue.push(octets[start : start + _CHUNK], self._server.timeouts.body)
                has_spoken = dialogue.look_ahead()
            except OSError:
                has_spoken = True
            if has_spoken:
                reply = self._guarded(Phase.DATA, lambda: dialogue.answer(1.0))
                self._hang_up()
                raise _Ended(classify(Phase.DATA, *reply))

    def _dot(self, dialogue: Dialogue) -> HandOver:
        """Send the end of the message and return what the server makes of it."""
        crash_at("before_dot_sent")
        try:
            dialogue.push(b".\r\n", self._server.timeouts.body)
            crash_at("after_dot_sent")
            reply = yield from self._hear(dialogue, self._server.timeouts.dot)
        except (NoAnswer, OSError) as silence:
            self._hang_up()
            return classify(Phase.DOT, 0, "", f"the end of the message was sent, but then: {silence}")
        crash_at("after_answer")
        dialogue.has_transaction = False
        if reply.code == _CLOSING:
            self._hang_up()
        return classify(Phase.DOT, *reply)

    def _connect(self) -> Dialogue:
        """Return a new conversation: greeted, protected, logged in."""
        dialogue = self._dialogue = Dialogue(self._server.host, self._server.timeouts)
        at_once = self._trust() if self._server.security == "tls" else None
        self._step(Phase.CONNECT, lambda: dialogue.open(self._server.port, at_once))
        self._step(Phase.HELLO, dialogue.hello)
        if self._server.security == "starttls":
            if not dialogue.has_extn("starttls"):
                self._hang_up()
                raise _Ended(classify(Phase.TLS, 0, "", f"{self._server.host} offers no encryption (STARTTLS)"))
            context = self._trust()
            self._step(Phase.TLS, lambda: dialogue.secure(context))
        if self._login is not None:
            self._log_in(dialogue, self._login)
        return dialogue

    def _trust(self) -> ssl.SSLContext:
        # smtplib checks no certificate unless it is given a context that does.
        return ssl.create_default_context(cafile=self._server.ca_file)

    def _log_in(self, dialogue: Dialogue, login: Login) -> None:
        if login.token is not None:
            self._log_in_by_token(dialogue, login.user, login.token)
            return
        try:
            self._guarded(Phase.LOGIN, lambda: dialogue.login(login.user, login.password))
        except smtplib.SMTPAuthenticationError as error:
            octets = error.smtp_error
            text = octets.decode("utf-8", "replace") if isinstance(octets, bytes) else str(octets)
            said = login.without_secrets(text)
            self._refuse_login(classify(Phase.LOGIN, error.smtp_code, *split_enhanced(said)))
        except (smtplib.SMTPException, UnicodeError):
            said = f"{self._server.host} offers no way to log in that fits this user and password"
            self._refuse_login(Outcome(Hand.DEFERRED, Fault.ACCOUNT, said))

    def _log_in_by_token(self, dialogue: Dialogue, user: str, token: Token) -> None:
        """Log in by XOAUTH2. A token that is refused is asked for anew, once: then it is us who are refused."""
        for wants_new in (False, True):
            try:
                command = f"AUTH XOAUTH2 {xoauth2(user, token(wants_new))}"
            except MailerOutOfReach as error:
                self._refuse_login(Outcome(Hand.DEFERRED, Fault.ACCOUNT, error.what))
            reply = self._guarded(Phase.LOGIN, lambda command=command: dialogue.say(command))  # type: ignore[misc]
            if reply.code == _GO_ON:  # the reason, to be answered by an empty line
                reply = self._guarded(Phase.LOGIN, lambda: dialogue.say(""))
            if reply.code // 100 == 2:  # noqa: PLR2004 - a positive completion reply
                return
        self._refuse_login(classify(Phase.LOGIN, *reply))

    def _refuse_login(self, outcome: Outcome) -> NoReturn:
        self._hang_up()
        raise _Ended(outcome) from None

    def _step(self, phase: Phase, step: Callable[[], Reply]) -> None:
        """Take one step on the way to the first message; the hand-over ends unless the answer is a 2yz."""
        reply = self._guarded(phase, step)
        if reply.code // 100 != 2:  # noqa: PLR2004 - a positive completion reply (RFC 5321, section 4.2.1)
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
        raise self._lost(phase, silence)

    def _lost(self, phase: Phase, silence: Exception) -> _Ended:
        self._hang_up()
        return _Ended(classify(phase, 0, "", f"{self._server.host}:{self._server.port}: {_sentence(silence)}"))

    def _hang_up(self) -> None:
        dialogue, self._dialogue = self._dialogue, None
        if dialogue is not None:
            dialogue.close()


def _must_have_plain_addresses(message: Outgoing) -> None:
    for address in (message.envelope_from, message.envelope_to):
        if not _ENVELOPE_ADDRESS.match(address):
            raise _Ended(Outcome(Hand.HELD, Fault.CONTENT, f"{address!r} cannot stand in an envelope"))


def _rcpt(address: str) -> str:
    return f"RCPT TO:<{address}>"


def _envelope_commands(message: Outgoing, dialogue: Dialogue, witness: str) -> tuple[_Command, ...]:
    """Return what is said before the body; RSET first, where the message before this one came to nothing."""
    return (
        *((_RESET,) if dialogue.has_transaction else ()),
        _Command(Phase.MAIL, 2, _mail_command(message, dialogue)),
        _Command(Phase.RCPT, 2, _rcpt(message.envelope_to)),
        *((_Command(Phase.RCPT, 2, _rcpt(witness)),) if witness else ()),
        _DATA,
    )


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
