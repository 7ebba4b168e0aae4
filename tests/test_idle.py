"""Hearing of new mail at once, on a real IMAP server."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest
from dovecot import Dovecot
from working import RUN, Service, at

from automations.errors import MailerOutOfReach
from automations.mail.idle import Listeners
from automations.mail.imap import Account, open_mailbox

MAIL = b"From: eva@muster.example\r\nSubject: hello\r\n\r\nCall me\r\n"


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    """Return a running server with a mailbox."""
    with Dovecot(tmp_path_factory.mktemp("dovecot"), users={"anna": "geheim"}) as running:
        yield running


def becomes_true(asked: Callable[[], bool], seconds: float = 15) -> bool:
    """Return whether something becomes true in time."""
    end = time.monotonic() + seconds
    while not asked():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def account(port: int) -> Account:
    """Return how to get into the mailbox."""
    return Account("127.0.0.1", port, "anna", "geheim", security="none")


@pytest.mark.needs_dovecot
def test_a_mail_is_heard_of_when_it_comes(server: Dovecot) -> None:
    """Seconds after a reply arrives we know; and once it was taken, it is quiet again."""
    with Listeners({"anna": partial(open_mailbox, account(server.port))}) as listeners:
        assert becomes_true(partial(heard_after_sending, server, listeners))
        listeners.take_call()
        assert not listeners.take_call()


def heard_after_sending(server: Dovecot, listeners: Listeners) -> bool:
    """Send one more mail and say whether any was heard: the connection may not wait yet when the first comes."""
    server.append("anna", "INBOX", MAIL)
    return becomes_true(listeners.is_called, 1.5)


@pytest.mark.needs_dovecot
def test_a_connection_that_ends_is_made_anew(server: Dovecot, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A mail server that was restarted is listened to again."""
    ports = [server.port]
    with Listeners({"anna": lambda: open_mailbox(account(ports[-1]))}, rest_seconds=0.1) as listeners:
        assert becomes_true(partial(heard_after_sending, server, listeners))
        server.__exit__(None, None, None)
        with Dovecot(tmp_path_factory.mktemp("again"), users={"anna": "geheim"}) as again:
            ports.append(again.port)
            listeners.take_call()
            assert becomes_true(partial(heard_after_sending, again, listeners))
        server.__enter__()


def test_a_service_that_is_called_acts_between_two_minutes() -> None:
    """The schedule has nothing to do until tomorrow; a call is answered all the same, and may fail."""
    service = Service(at("2026-11-23 12:00"))
    calls = [1, 2]
    answered: list[int] = []

    def answer() -> None:
        answered.append(calls.pop())
        raise MailerOutOfReach("mx.example did not answer in time")

    service.serve(RUN, until=at("2026-11-23 12:03"), is_called=lambda: bool(calls), when_called=answer)

    assert (answered, service.done) == ([2, 1], [])
