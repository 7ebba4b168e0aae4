"""What a mail server's answer means for the message, for the lead and for us."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automations.core.messages import Fault, Hand, MessageKey
from automations.mail.answers import Phase, asked_pause, classify, retry_time, split_enhanced

NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)

ANSWERS = [
    # phase, answer, how the hand-over ended, whose fault
    (Phase.CONNECT, "421 4.7.0 try later", Hand.DEFERRED, Fault.SERVER),
    (Phase.CONNECT, "554 5.7.1 your network is not welcome", Hand.DEFERRED, Fault.SERVER),
    (Phase.HELLO, "502 5.5.2 what", Hand.DEFERRED, Fault.SERVER),
    (Phase.TLS, "454 4.7.0 TLS not available", Hand.DEFERRED, Fault.SERVER),
    (Phase.LOGIN, "535 5.7.8 Username and Password not accepted", Hand.DEFERRED, Fault.ACCOUNT),
    (Phase.LOGIN, "535 5.7.139 SmtpClientAuthentication is disabled", Hand.DEFERRED, Fault.ACCOUNT),
    (Phase.LOGIN, "534 5.7.9 Application-specific password required", Hand.DEFERRED, Fault.ACCOUNT),
    (Phase.LOGIN, "454 4.7.0 Too many login attempts, please try again later", Hand.DEFERRED, Fault.QUOTA),
    (Phase.LOGIN, "454 4.3.0 Temporary authentication failure", Hand.DEFERRED, Fault.SERVER),
    (Phase.MAIL, "530 5.7.0 Authentication Required", Hand.DEFERRED, Fault.ACCOUNT),
    (Phase.MAIL, "550 5.7.60 Client does not have permissions to send as this sender", Hand.DEFERRED, Fault.ACCOUNT),
    (Phase.MAIL, "553 5.7.1 Sender address rejected: not owned by user", Hand.DEFERRED, Fault.ACCOUNT),
    (Phase.MAIL, "550 5.4.5 Daily user sending limit exceeded", Hand.DEFERRED, Fault.QUOTA),
    (Phase.MAIL, "421 4.7.0 Too many messages, rate limited", Hand.DEFERRED, Fault.QUOTA),
    (Phase.MAIL, "421 4.3.2 Service shutting down", Hand.DEFERRED, Fault.SERVER),
    (Phase.MAIL, "552 5.3.4 Message size exceeds fixed limit", Hand.REFUSED, Fault.CONTENT),
    (Phase.MAIL, "553 5.6.7 SMTPUTF8 needed", Hand.HELD, Fault.CONTENT),
    (Phase.RCPT, "550 5.1.1 The email account that you tried to reach does not exist", Hand.REFUSED, Fault.ADDRESS),
    (Phase.RCPT, "550 5.1.10 RESOLVER.ADR.RecipientNotFound", Hand.REFUSED, Fault.ADDRESS),
    (Phase.RCPT, "550 5.1.2 Host unknown", Hand.REFUSED, Fault.ADDRESS),
    (Phase.RCPT, "550 5.1.6 Recipient no longer on server", Hand.REFUSED, Fault.ADDRESS),
    (Phase.RCPT, "550 5.2.1 The email account is disabled", Hand.REFUSED, Fault.ADDRESS),
    (Phase.RCPT, "550 User unknown", Hand.REFUSED, Fault.ADDRESS),
    (Phase.RCPT, "550 No such user here", Hand.REFUSED, Fault.ADDRESS),
    (Phase.RCPT, "550 no", Hand.REFUSED, Fault.POLICY),
    (Phase.RCPT, "550 Requested action not taken: listed at a block list", Hand.REFUSED, Fault.POLICY),
    (Phase.RCPT, "554 5.7.1 Relay access denied", Hand.DEFERRED, Fault.ACCOUNT),
    (Phase.RCPT, "550 5.7.1 blocked by policy", Hand.REFUSED, Fault.POLICY),
    (Phase.RCPT, "550 5.7.515 Access denied, sending domain does not meet the level", Hand.REFUSED, Fault.POLICY),
    (Phase.RCPT, "552 5.2.2 mailbox full", Hand.DEFERRED, Fault.MAILBOX),
    (Phase.RCPT, "452 4.2.2 The email account is over quota", Hand.DEFERRED, Fault.MAILBOX),
    (Phase.RCPT, "450 4.2.1 The user is receiving mail at a rate that", Hand.DEFERRED, Fault.MAILBOX),
    (Phase.RCPT, "552 mailbox full", Hand.DEFERRED, Fault.MAILBOX),
    (Phase.RCPT, "451 4.7.1 Greylisting in action, please come back later", Hand.DEFERRED, Fault.RECEIVER),
    (Phase.RCPT, "550 5.4.5 Daily sending quota exceeded", Hand.DEFERRED, Fault.QUOTA),
    (Phase.RCPT, "421 4.7.28 unusual rate of mail from your address", Hand.DEFERRED, Fault.QUOTA),
    (Phase.DATA, "451 4.3.0 not now", Hand.DEFERRED, Fault.SERVER),
    (Phase.DATA, "550 5.7.1 content refused", Hand.REFUSED, Fault.POLICY),
    (Phase.DATA, "554 5.6.0 malformed", Hand.REFUSED, Fault.CONTENT),
    (Phase.DOT, "250 2.0.0 OK", Hand.ACCEPTED, Fault.NONE),
    (Phase.DOT, "451 4.3.0 local error", Hand.DEFERRED, Fault.SERVER),
    (Phase.DOT, "421 4.3.2 shutting down", Hand.DEFERRED, Fault.SERVER),
    (Phase.DOT, "452 4.2.2 over quota", Hand.DEFERRED, Fault.MAILBOX),
    (Phase.DOT, "552 5.2.2 over quota", Hand.DEFERRED, Fault.MAILBOX),
    (Phase.DOT, "550 5.7.26 This mail is unauthenticated", Hand.REFUSED, Fault.POLICY),
    (Phase.DOT, "554 This looks like spam", Hand.REFUSED, Fault.POLICY),
    (Phase.DOT, "552 5.3.4 too large", Hand.REFUSED, Fault.CONTENT),
    (Phase.DOT, "554 5.6.0 malformed", Hand.REFUSED, Fault.CONTENT),
    (Phase.DOT, "354 go on", Hand.IN_DOUBT, Fault.SERVER),
]


@pytest.mark.parametrize(("phase", "answer", "hand", "fault"), ANSWERS, ids=[f"{row[0]}-{row[1]}" for row in ANSWERS])
def test_an_answer_means_what_the_table_says(phase: Phase, answer: str, hand: Hand, fault: Fault) -> None:
    """An address is given up only when the server says that nobody is there; never for what we did."""
    code, _, text = answer.partition(" ")

    outcome = classify(phase, int(code), *split_enhanced(text))

    assert (outcome.hand, outcome.fault, outcome.reply) == (hand, fault, answer)


@given(
    phase=st.sampled_from(Phase),
    code=st.one_of(st.just(0), st.integers(100, 999)),
    enhanced=st.one_of(st.just(""), st.from_regex(r"[245]\.[0-9]{1,3}\.[0-9]{1,3}", fullmatch=True)),
    text=st.text(max_size=800),
)
def test_every_answer_has_a_meaning(phase: Phase, code: int, enhanced: str, text: str) -> None:
    """Only the end of a message can be accepted or in doubt, only a 2yz accepts, and only 5yz refuses."""
    outcome = classify(phase, code, enhanced, text)

    assert (outcome.hand is Hand.ACCEPTED) == (phase is Phase.DOT and 200 <= code < 300)
    assert (outcome.hand is Hand.IN_DOUBT) == (phase is Phase.DOT and code // 100 not in {2, 4, 5})
    assert outcome.hand is not Hand.REFUSED or 500 <= code < 600
    assert outcome.fault is not Fault.ADDRESS or (phase is Phase.RCPT and outcome.hand is Hand.REFUSED)
    assert len(outcome.reply) <= 500
    assert "\n" not in outcome.reply


def test_an_answer_of_many_lines_becomes_one() -> None:
    """What people read is one line, without the code repeated on each."""
    text = "5.1.1 The account does not exist.\n5.1.1 Please check\n5.1.1 for typos"

    assert classify(Phase.RCPT, 550, *split_enhanced(text)).reply == (
        "550 5.1.1 The account does not exist. Please check for typos"
    )


@pytest.mark.parametrize(
    ("tries", "minutes"), [(1, 10), (2, 30), (3, 60), (4, 120), (5, 240), (6, 240), (20, 240)], ids=str
)
def test_waits_grow_from_ten_minutes_to_four_hours(tries: int, minutes: int) -> None:
    """A deferred email comes back after 10 and 30 minutes, 1, 2 and then 4 hours, a fifth more or less."""
    waits = [retry_time(tries, NINE, MessageKey(f"key{n}")) - NINE for n in range(200)]

    assert min(waits) >= timedelta(minutes=minutes) * 0.8
    assert max(waits) <= timedelta(minutes=minutes) * 1.2
    assert max(waits) - min(waits) > timedelta(minutes=minutes) * 0.3


def test_a_wait_does_not_change_when_asked_again() -> None:
    """The same message, tried as often, waits as long: nothing is drawn by lot."""
    assert retry_time(1, NINE, MessageKey("abc")) == retry_time(1, NINE, MessageKey("abc"))
    assert retry_time(1, NINE, MessageKey("abc")) == datetime(2026, 11, 23, 9, 10, 59, 820723, tzinfo=UTC)


def test_no_wait_before_the_first_try() -> None:
    """A message that was never handed over has nothing to wait for."""
    with pytest.raises(ValueError, match="1 or more"):
        retry_time(0, NINE, MessageKey("abc"))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Greylisted, try again in 300 seconds", 300),
        ("4.7.1 rate limited; retry after 10 minutes", 600),
        ("Please wait 2 hours and try later", 7200),
        ("Greylisting in action, please come back in 00:04:59", 299),
        ("Greylisted for 300s, see http://postgrey.example/help/60s", 300),
        ("try again in 90 days", None),
        ("Try again later", None),
        ("mailbox 12345 is full", None),
        ("retry after 999999 hours", 86_400),
        ("", None),
    ],
)
def test_a_server_that_says_how_long_is_heard(text: str, seconds: int | None) -> None:
    """The wait is read from the words of an answer, and never is longer than a day."""
    expected = None if seconds is None else timedelta(seconds=seconds)

    assert asked_pause(text) == expected
    assert classify(Phase.RCPT, 451, "4.7.1", text).retry_after == expected


def test_only_what_is_put_off_has_a_wait() -> None:
    """A refusal is one, whatever it says about trying again."""
    assert classify(Phase.RCPT, 550, "5.1.1", "no such user, do not retry for 300 seconds").retry_after is None
