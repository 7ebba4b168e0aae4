"""New mail of a mailbox: what is read, in what order, and what is not touched; on a real IMAP server."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from dovecot import Dovecot

from automations.core.effects import FolderPlace
from automations.errors import MailerOutOfReach
from automations.mail.imap import Account, open_mailbox
from automations.mail.inbox import MOST_OF_ONE, Batch, ImapMailbox, Listed, new_place, next_batch

TODAY = datetime.now(UTC).date()


def mail(number: int, size: int = 0) -> bytes:
    """Return a mail with a number in its subject."""
    return b"From: eva@muster.example\r\nSubject: %d\r\n\r\n%s\r\n" % (number, b"x" * size)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dovecot]:
    """Return a running server with three mailboxes."""
    users = dict.fromkeys(("anna", "jonas", "maria", "nils"), "geheim")
    with Dovecot(tmp_path_factory.mktemp("dovecot"), users=users) as running:
        yield running


def account(server: Dovecot, user: str) -> Account:
    """Return how to get into a mailbox."""
    return Account("127.0.0.1", server.port, user, "geheim", security="none")


@pytest.mark.needs_dovecot
def test_new_mail_comes_once_and_is_not_marked_as_seen(server: Dovecot) -> None:
    """What came since the last reading is read in order, once, and stays unread for the team."""
    server.append("anna", "INBOX", mail(1))
    server.append("anna", "INBOX", mail(2))
    with open_mailbox(account(server, "anna")) as box:
        mailbox = ImapMailbox(box)
        place = new_place(mailbox, "INBOX", None, TODAY)
        assert place is not None
        waiting = mailbox.listed("INBOX", place.uid)
        arrived = mailbox.fetch("INBOX", waiting)
        assert [each.content for each in arrived] == [mail(1), mail(2)]
        assert all(each.at is not None and each.at.tzinfo is UTC for each in arrived)
        after = next_batch(place, waiting).after
        assert new_place(mailbox, "INBOX", after, TODAY) is None
        server.append("anna", "INBOX", mail(3))
        assert new_place(mailbox, "INBOX", after, TODAY) == after
        assert [each.content for each in mailbox.fetch("INBOX", mailbox.listed("INBOX", after.uid))] == [mail(3)]
        assert box.folder.status("INBOX")["UNSEEN"] == 3


@pytest.mark.needs_dovecot
def test_mail_that_a_teammate_moved_or_threw_away_is_still_found(server: Dovecot) -> None:
    """Every folder is read but Sent and Drafts: also spam, and what somebody has put away."""
    server.command("jonas", "CREATE", "Customers")
    with open_mailbox(account(server, "jonas")) as box:
        assert set(ImapMailbox(box).folders()) == {"INBOX", "Junk", "Trash", "Customers"}
        assert ImapMailbox(box, ["Junk", "INBOX", "Gone"]).folders() == ("Junk", "INBOX")


@pytest.mark.needs_dovecot
def test_of_a_huge_mail_only_the_beginning_is_read(server: Dovecot) -> None:
    """A mail of 50 MB costs half a megabyte."""
    server.append("maria", "INBOX", mail(1, 50_000_000))
    with open_mailbox(account(server, "maria")) as box:
        mailbox = ImapMailbox(box)
        (listed,) = mailbox.listed("INBOX", 0)
        (arrived,) = mailbox.fetch("INBOX", [listed])

    assert listed.size > 50_000_000
    assert (len(arrived.content), arrived.is_whole) == (MOST_OF_ONE, False)


@pytest.mark.needs_dovecot
def test_a_folder_made_anew_is_read_from_its_last_month(server: Dovecot) -> None:
    """When the numbers of a folder mean something else, what came in the last 30 days is read again."""
    server.command("nils", "CREATE", "Orders")
    server.append("nils", "Orders", mail(1))
    with open_mailbox(account(server, "nils")) as box:
        mailbox = ImapMailbox(box)
        old = mailbox.numbering("Orders")
        place = FolderPlace(old.uidvalidity - 1, 99)
        assert new_place(mailbox, "Orders", place, TODAY) == FolderPlace(old.uidvalidity, 0)


def test_a_server_that_falls_silent_is_a_sentence() -> None:
    """A server that lets us in and then says nothing more is given up after the time it has; nobody waits for ever."""
    with silent_server() as port, pytest.raises(MailerOutOfReach, match=r"127\.0\.0\.1 did not answer in time"):
        read_all(Account("127.0.0.1", port, "anna", "geheim", security="none"))


def read_all(account: Account) -> None:
    """Read the inbox of a mailbox that has half a second for each answer."""
    with open_mailbox(account, seconds=0.5) as box:
        ImapMailbox(box).listed("INBOX", 0)


@contextmanager
def silent_server() -> Iterator[int]:
    """Serve one connection up to the login, then say nothing; give its port."""
    answers = {b"CAPABILITY": b"* CAPABILITY IMAP4rev1\r\n", b"LOGIN": b""}
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, connection.makefile("rb") as lines:
                connection.sendall(b"* OK hello\r\n")
                for line in lines:
                    tag, _, rest = line.partition(b" ")
                    verb = rest.split()[0]
                    if verb in answers:
                        connection.sendall(answers[verb] + tag + b" OK done\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


PLACE = FolderPlace(7, 10)


def test_mails_are_read_together_up_to_fifty_and_eight_megabytes() -> None:
    """A batch is bounded in number and in size; what is recorded before it tells how far it goes."""
    many = [Listed(uid, 1000) for uid in range(11, 100)]
    large = [Listed(uid, 10**9) for uid in range(11, 100)]

    assert next_batch(PLACE, many) == Batch(tuple(many[:50]), FolderPlace(7, 10, 60), FolderPlace(7, 60))
    assert len(next_batch(PLACE, large).mails) == 8 * 1024 * 1024 // MOST_OF_ONE


def test_a_mail_that_kills_us_three_times_is_set_aside() -> None:
    """After a crash mails are read one by one; the one that never ends is left out after three tries, and only it."""
    waiting = [Listed(11, 100), Listed(12, 100), Listed(13, 100)]
    place = next_batch(PLACE, waiting).reading
    assert place == FolderPlace(7, 10, 13)

    first = next_batch(place, waiting)
    assert (first.mails, first.after) == ((Listed(11, 100),), FolderPlace(7, 11, 13))
    place = first.after
    for tries in (1, 2, 3):
        again = next_batch(place, waiting[1:])
        assert (again.mails, again.reading.tries, again.set_aside) == ((Listed(12, 100),), tries, False)
        place = again.reading
    last = next_batch(place, waiting[1:])
    assert (last.mails, last.set_aside, last.after) == ((Listed(12, 100),), True, FolderPlace(7, 12, 13))
    assert not next_batch(last.after, waiting[2:]).set_aside
    assert next_batch(FolderPlace(7, 13, 13), [Listed(14, 1), Listed(15, 1)]).mails == (Listed(14, 1), Listed(15, 1))


def test_times_of_servers_are_understood() -> None:
    """The time a mail came, as IMAP writes it, whatever stands before or behind the mail."""
    from automations.mail.inbox import _arrived  # noqa: PLC0415

    head = b'1 (UID 11 INTERNALDATE " 3-Nov-2026 10:15:00 +0100" BODY[]<0> {4}'
    arrived = _arrived(head, b"x", {11: 1})
    assert arrived is not None
    assert arrived.at == datetime(2026, 11, 3, 9, 15, tzinfo=UTC)
    assert _arrived(b"1 (BODY[]<0> {4} UID 12)", b"x", {11: 1}) is None
