"""Mailboxes by IMAP, on a real Dovecot: opened with care, and asked for what we sent."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from dovecot import SPECIAL, Dovecot
from imap_script import ImapScript

from automations.errors import MailerOutOfReach
from automations.mail.imap import Account, all_message_ids, find_messages, open_mailbox, sent_folders
from automations.mail.inbox import ImapMailbox

AUTHORITY = str(Path(__file__).parent / "certificates" / "authority.pem")
EVERYBODY = {"anna": "geheim", "jonas": "pässwörd", "many": "x"}


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    """One server for all tests here; each has a user or folder of its own."""
    with Dovecot(tmp_path_factory.mktemp("dovecot"), users=EVERYBODY) as running:
        yield running


def account(box: Dovecot, user: str = "anna") -> Account:
    """Return a user's mailbox on the test's own server."""
    return Account("127.0.0.1", box.port, user, EVERYBODY[user], security="none")


def email(message_id: str) -> bytes:
    """Return a small email."""
    return f"From: a@shop.example\r\nMessage-ID: {message_id}\r\nSubject: hello\r\n\r\nGood morning\r\n".encode()


@pytest.mark.needs_dovecot
def test_the_sent_folder_is_found_by_its_special_use(box: Dovecot) -> None:
    """The folder that the server calls the one for sent mail is it, whatever its name."""
    with open_mailbox(account(box)) as mailbox:
        assert sent_folders(mailbox) == ("Sent",)


@pytest.mark.needs_dovecot
def test_without_special_use_a_folder_is_found_by_its_usual_name(tmp_path: Path) -> None:
    """An older server tells no uses; then the usual names in a few languages are looked for."""
    special = {"Gesendete Elemente": "", "Sent reports": "", "Archive": ""}
    with (
        Dovecot(tmp_path, users={"anna": "geheim"}, special=special) as server,
        open_mailbox(account(server)) as mailbox,
    ):
        assert sent_folders(mailbox) == ("Gesendete Elemente",)


@pytest.mark.needs_dovecot
def test_messages_are_found_by_their_message_id(box: Dovecot) -> None:
    """Of those looked for, the ones in the folder are named; no message is marked as seen by that."""
    box.append("anna", "Sent", email("<one@shop.example>"))
    box.append("anna", "Sent", email("<two@shop.example>"))

    with open_mailbox(account(box)) as mailbox:
        found = find_messages(mailbox, "Sent", ["<two@shop.example>", "<three@shop.example>", '<x" OR ALL "@y>'])
        mailbox.folder.set("Sent", readonly=True)
        seen = mailbox.uids("SEEN")

    assert found == {"<two@shop.example>"}
    assert seen == []


@pytest.mark.needs_dovecot
def test_many_messages_are_found_in_one_answer(box: Dovecot) -> None:
    """Three hundred identifiers are compared at once; a folded Message-ID counts too."""
    for number in range(40):
        box.append("many", "Sent", email(f"<m{number}@shop.example>"))
    box.append("many", "Sent", email("\r\n <folded@shop.example>"))
    wanted = [f"<m{number}@shop.example>" for number in range(20, 320)] + ["<folded@shop.example>"]

    with open_mailbox(account(box, "many")) as mailbox:
        found = find_messages(mailbox, "Sent", wanted)
        later = all_message_ids(mailbox, "Sent", since=date(2100, 1, 1))

    assert found == {*(f"<m{number}@shop.example>" for number in range(20, 40)), "<folded@shop.example>"}
    assert later == {}


@pytest.mark.needs_dovecot
def test_a_password_may_have_letters_of_any_language(box: Dovecot) -> None:
    """A password with umlauts opens the mailbox."""
    with open_mailbox(account(box, "jonas")) as mailbox:
        assert {each.name for each in mailbox.folder.list()} == {"INBOX", *SPECIAL}


@pytest.mark.needs_dovecot
def test_a_wrong_password_is_told_without_it(box: Dovecot) -> None:
    """A login that fails says who was not let in, and never the password."""
    wrong = Account("127.0.0.1", box.port, "anna", "canary-7f3a", security="none")

    with pytest.raises(MailerOutOfReach) as error, open_mailbox(wrong):
        pass

    assert str(error.value.what).startswith("127.0.0.1 does not let anna in: ")
    assert "canary" not in f"{error.value!r} {error.value.what} {wrong!r}"


@pytest.mark.needs_dovecot
def test_certificates_are_checked(box: Dovecot) -> None:
    """A server whose certificate nobody we trust has signed gets no password."""
    with (
        pytest.raises(MailerOutOfReach, match="cannot prove that it is who it should be"),
        open_mailbox(Account("localhost", box.tls_port, "anna", "geheim")),
    ):
        pass


@pytest.mark.needs_dovecot
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_trusted_certificate_opens(box: Dovecot, security: str) -> None:
    """Both kinds of encryption work with a certificate that can be checked."""
    port = box.tls_port if security == "tls" else box.port
    trusted = Account("localhost", port, "anna", "geheim", security=security, ca_file=AUTHORITY)  # type: ignore[arg-type]

    with open_mailbox(trusted) as mailbox:
        assert sent_folders(mailbox) == ("Sent",)


def test_without_encryption_only_this_machine_is_spoken_to() -> None:
    """Nothing is said in the clear to another machine, not even a greeting."""
    with (
        pytest.raises(MailerOutOfReach, match=r"imap\.shop\.example cannot be read without encryption"),
        open_mailbox(Account("imap.shop.example", 143, "anna", "geheim", security="none")),
    ):
        pass


def test_a_silent_server_is_left() -> None:
    """A server that accepts the connection and says nothing is given up after the time limit."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        began = time.monotonic()

        with (
            pytest.raises(MailerOutOfReach, match=r"127\.0\.0\.1 did not answer in time"),
            open_mailbox(Account("127.0.0.1", server.getsockname()[1], "a", "b", security="none"), seconds=0.2),
        ):
            pass

        assert time.monotonic() - began < 5


def test_an_answer_that_makes_no_sense_is_told(tmp_path: Path) -> None:
    """A server of another kind behind the port is named; nothing of it is taken for an answer."""
    del tmp_path
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(b"220 mx.shop.example ESMTP\r\n")
                connection.recv(100)

        thread = threading.Thread(target=answer)
        thread.start()
        with (
            pytest.raises(MailerOutOfReach, match=r"127\.0\.0\.1 gave no proper answer"),
            open_mailbox(Account("127.0.0.1", server.getsockname()[1], "a", "b", security="none"), seconds=2),
        ):
            pass
        thread.join()


@pytest.mark.parametrize(("tokens", "asked"), [(["good"], 1), (["ended", "good"], 2)], ids=["at once", "renewed"])
def test_a_mailbox_opens_with_a_token(tokens: list[str], asked: int) -> None:
    """A sender without a password is let in by XOAUTH2; a token that has ended is renewed once."""
    given: list[bool] = []

    def token(renew: bool) -> str:
        given.append(renew)
        return tokens.pop(0)

    with ImapScript([b"Subject: hello\r\n\r\nHello\r\n"], breaks={}, lets_in="good") as server:
        account = replace(server.account, password="", token=token)
        with open_mailbox(account, seconds=5) as box:
            mailbox = ImapMailbox(box, ["INBOX"])
            (arrived,) = mailbox.fetch("INBOX", mailbox.listed("INBOX", 0))

    assert (arrived.content, given) == (b"Subject: hello\r\n\r\nHello\r\n", [False, True][:asked])
    assert "LOGIN" not in server.commands


def test_a_mailbox_that_refuses_every_token_is_asked_twice() -> None:
    """A token that is wrong stays wrong: it is said, without the token, and nobody is asked in circles."""
    with (
        ImapScript([], breaks={}, lets_in="good") as server,
        pytest.raises(MailerOutOfReach) as error,
        open_mailbox(replace(server.account, token=lambda _: "stolen"), seconds=5),
    ):
        pass

    assert error.value.what == "127.0.0.1 does not let anna in: [AUTHENTICATIONFAILED] Invalid credentials"
    assert server.commands.count("AUTHENTICATE") == 2
