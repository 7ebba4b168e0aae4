"""The faults of sending, by number, as the book of protocols lists them: which test shows each, and those left."""

from __future__ import annotations

import ast
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from test_mime import built
from test_smtp import QUICK, an_email, may_go, never_asked

from automations.core.messages import Fault, Hand, Outgoing
from automations.core.readback import MessageProblem
from automations.mail.dialogue import Timeouts
from automations.mail.smtp import SmtpMailer
from automations.mail.smtp_sim import Answer, SmtpSim, script

HERE = Path(__file__).resolve().parent

FAULTS = {
    19: (  # refused connection, unknown name, silence in place of TLS
        "test_smtp:test_nobody_listening_defers",
        "test_smtp:test_a_name_that_does_not_exist_defers",
        "test_smtp:test_a_silent_server_does_not_hold_us_longer_than_agreed",
        "test_faults_of_sending:test_a_server_that_is_silent_where_tls_should_begin",
        "test_sending:test_a_server_that_is_down_stops_its_sender_and_nobody_else",
    ),
    20: (  # 421 as greeting, 421 at MAIL, drop at MAIL
        "test_smtp:test_what_fails_before_the_end_is_certain",
        "test_faults_of_sending:test_smtp_sink_fails_before_the_end",
    ),
    21: (  # greylisted, then taken
        "test_ledger_sending:test_an_email_put_off_goes_again_as_it_was",
        "test_putoff:test_a_greylisted_email_goes_again_as_it_was",
        "test_sending:test_three_times_put_off_by_one_receiver_is_enough",
    ),
    22: (  # 550 5.1.1
        "test_faults_of_sending:test_smtp_sink_refuses_the_recipient",
        "test_ledger_sending:test_an_address_that_does_not_exist_is_never_written_to_again",
    ),
    23: (  # 550 5.7.515, 554 spam
        "test_faults_of_sending:test_smtp_sink_refuses_the_recipient",
        "test_ledger_sending:test_a_refusal_that_is_not_the_leads_fault_costs_no_lead",
        "test_putoff:test_three_refusals_as_unwanted_stop_the_run",
    ),
    24: ("test_putoff:test_a_daily_limit_holds_the_sender_until_it_is_over",),
    25: ("test_putoff:test_a_mailbox_that_is_full_three_times_holds_the_lead",),
    26: ("test_smtp:test_a_connection_cut_in_the_body_leaves_no_doubt",),
    27: (  # drop after the dot, stored or not
        "test_smtp:test_what_the_answer_to_the_end_means",
        "test_crashes:test_kills_at_every_point_and_at_random",
    ),
    28: ("test_faults_of_sending:test_smtp_sink_stalls_after_the_end", "test_faults_of_sending:test_ten_minutes"),
    29: ("test_faults_of_sending:test_smtp_sink_answers_the_end",),
    30: (  # 550 before the body is read
        "test_smtp:test_a_refusal_before_the_body_is_read_does_not_hang",
        "test_faults_of_sending:test_smtp_sink_refuses_before_it_reads",
    ),
    31: ("test_smtp:test_what_happens_after_acceptance_changes_nothing",),
    32: (  # garbage, 10 MB, non-ASCII, nothing
        "test_smtp:test_what_fails_before_the_end_is_certain",
        "test_smtp:test_what_the_answer_to_the_end_means",
    ),
    33: ("test_smtp:test_a_wrong_password_is_our_account_and_nobody_is_marked",),
    34: (  # no STARTTLS, self-signed, another's name
        "test_smtp:test_a_server_without_encryption_hears_no_password",
        "test_smtp:test_a_server_that_cannot_prove_who_it_is_hears_no_password",
    ),
    35: ("test_smtp:test_words_slipped_in_behind_starttls_end_the_conversation",),
    36: (  # SIZE, 8BITMIME, SMTPUTF8
        "test_smtp:test_a_message_larger_than_the_server_takes_is_held",
        "test_smtp:test_letters_outside_ascii_need_a_server_that_takes_them",
        "test_faults_of_sending:test_letters_before_the_at_that_not_every_server_takes",
    ),
    37: ("test_smtp:test_an_idle_connection_that_died_is_no_attempt",),
}
"""Number of the fault, and the tests that show it."""


def test_every_fault_has_its_test() -> None:
    """Each fault names tests that are there."""
    defined = {
        f"{file.stem}:{node.name}"
        for file in HERE.glob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }

    missing = {number: [test for test in tests if test not in defined] for number, tests in FAULTS.items()}

    assert {number: tests for number, tests in missing.items() if tests} == {}


@contextmanager
def sink(*options: str) -> Iterator[int]:
    """Run Postfix's own fault server; return its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    as_nobody = ("-u", "nobody") if os.geteuid() == 0 else ()
    program = shutil.which("smtp-sink", path=f"{os.environ['PATH']}:/usr/sbin:/sbin") or "smtp-sink"
    process = subprocess.Popen([program, *as_nobody, *options, f"127.0.0.1:{port}", "10"], stderr=subprocess.DEVNULL)
    try:
        _wait_for(port)
        yield port
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return


def mailer(port: int, timeouts: Timeouts = QUICK) -> SmtpMailer:
    """Return a mailer for a server on this machine."""
    return SmtpMailer(host="127.0.0.1", port=port, security="none", timeouts=timeouts)


def filled(kilobytes: int) -> Outgoing:
    """Return an email of that size."""
    return an_email(b"Message-ID: <a@b.example>\r\n\r\n" + (b"x" * 98 + b"\r\n") * 10 * kilobytes)


@pytest.mark.needs_smtp_sink
@pytest.mark.parametrize(
    "options", [("-Q", "connect"), ("-Q", "mail"), ("-q", "mail"), ("-q", "rcpt"), ("-q", "data"), ("-r", "data")]
)
def test_smtp_sink_fails_before_the_end(options: tuple[str, str]) -> None:
    """Fault 20: whatever Postfix's fault server does before the end, the email is put off and nobody is in doubt."""
    with sink(*options) as port, mailer(port) as anna:
        outcome = anna.send(an_email(), never_asked)

    assert outcome.hand is Hand.DEFERRED
    assert outcome.fault in {Fault.SERVER, Fault.RECEIVER}


@pytest.mark.needs_smtp_sink
@pytest.mark.parametrize(
    ("text", "fault"),
    [("550 5.1.1 no such user", "address"), ("550 5.7.515 access denied", "policy"), ("554 5.7.1 spam", "policy")],
)
def test_smtp_sink_refuses_the_recipient(text: str, fault: str) -> None:
    """Faults 22 and 23: who is at fault is read from the answer, and decides whether the lead is given up."""
    with sink("-f", "rcpt", "-B", text) as port, mailer(port) as anna:
        outcome = anna.send(an_email(), never_asked)

    assert (outcome.hand, outcome.fault, outcome.reply) == (Hand.REFUSED, Fault(fault), text)


@pytest.mark.needs_smtp_sink
def test_smtp_sink_stalls_after_the_end() -> None:
    """Fault 28: a server that takes the email and never says so leaves it in doubt, once the wait is over."""
    with sink("-W", ".:60") as port, mailer(port, Timeouts(connect=5, command=5, body=5, dot=0.4)) as anna:
        outcome = anna.send(an_email(), may_go)

    assert (outcome.hand, outcome.reply) == (
        Hand.IN_DOUBT,
        "the end of the message was sent, but then: no answer within 0.4 seconds",
    )


def test_ten_minutes() -> None:
    """Fault 28: the wait is ten minutes, as RFC 5321 asks, unless somebody says otherwise."""
    assert Timeouts().dot == 600.0


@pytest.mark.needs_smtp_sink
@pytest.mark.parametrize(("option", "hand"), [("-r", Hand.DEFERRED), ("-f", Hand.REFUSED)])
def test_smtp_sink_answers_the_end(option: str, hand: Hand) -> None:
    """Fault 29: a clear no after the end is a no."""
    with sink(option, ".") as port, mailer(port) as anna:
        assert anna.send(an_email(), may_go).hand is hand


@pytest.mark.needs_smtp_sink
def test_smtp_sink_refuses_before_it_reads() -> None:
    """Fault 30: a server that says no right after its go-ahead is heard while we are still talking."""
    with sink("-A", "1") as port, mailer(port) as anna:
        outcome = anna.send(filled(20_000), never_asked)

    assert (outcome.hand, outcome.reply[:3]) == (Hand.REFUSED, "550")


def test_letters_before_the_at_that_not_every_server_takes() -> None:
    """Fault 36: an address that needs SMTPUTF8 all the way is held with its reason; a domain is translated."""
    with pytest.raises(MessageProblem, match="letters before the @ that not every mail server can handle"):
        built(to_address="müller@kunde.example")

    assert built(to_address="eva@münchen.example").envelope_to == "eva@xn--mnchen-3ya.example"


def test_a_server_that_is_silent_where_tls_should_begin() -> None:
    """Fault 19: a port that takes the connection and says nothing is given up in time, and nothing is in doubt."""
    quick = Timeouts(connect=0.3, command=0.3, body=1, dot=1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = int(silent.getsockname()[1])
        with SmtpMailer(host="localhost", port=port, security="tls", timeouts=quick) as anna:
            outcome = anna.send(an_email(), never_asked)

    assert (outcome.hand, outcome.fault) == (Hand.DEFERRED, Fault.SERVER)


def test_the_goodbye_of_a_server_that_hangs_is_not_waited_for() -> None:
    """Fault 31: after acceptance nothing the server does matters, not even its silence."""
    began = time.monotonic()
    with SmtpSim(script=script({(1, "quit"): Answer(seconds=3)})) as server, mailer(server.port) as anna:
        outcome = anna.send(an_email(), may_go)

    assert outcome.hand is Hand.ACCEPTED
    assert time.monotonic() - began < 10
