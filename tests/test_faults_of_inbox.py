"""Faults 80 to 91 by number: what comes back, in whatever shape, does in a run what it should, and only that.

What a single mail is, is told in test_inbox_kinds.py; here is what follows from it for leads, list and sheet.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from dovecot import Dovecot
from imap_script import Break, ImapScript, bye, drop, half, silence
from test_collecting import ANA, EVA, TOLD, answer, bounce, business, deliver, of_lead, sent_to
from worlds import World

from automations.core.history import SignalKind
from automations.core.leads import LeadKey
from automations.core.plan import Send
from automations.errors import WrongUsage
from automations.listening import listen
from automations.mail.imap import Account, open_mailbox
from automations.mail.inbox import ImapMailbox, Mailbox, MemoryMailbox

FAULTS = range(80, 92)


def test_every_fault_has_its_test() -> None:
    """No number of the table is left out."""
    text = Path(__file__).read_text(encoding="utf-8")

    assert {int(number) for number in re.findall(r"^def test_fault_(\d+)_", text, re.MULTILINE)} == set(FAULTS)


def planned(world: World, lead: LeadKey) -> list[Send]:
    """Return the emails that are planned for a lead, now or later."""
    plan = world.plan()
    return [send for send in (*plan.sends, *plan.later) if send.key == lead]


def listed(world: World) -> dict[str, str]:
    """Return who must not be written to, and why."""
    return {address: found.why for address, found in world.ledger.suppressions().by_address.items()}


def delayed(world: World, lead: LeadKey) -> bytes:
    """Return word from a server that goes on trying."""
    return bounce(world, lead, "4.4.1", "").replace(b"Action: failed", b"Action: delayed").replace(b"550 4", b"451 4")


def test_fault_80_a_dead_address_a_delay_and_a_full_mailbox_are_three_things() -> None:
    """The dead address is never written to again, the late email changes nothing, the full mailbox only counts."""
    world = business()
    deliver(world, delayed(world, EVA), bounce(world, ANA, "5.2.2", "mailbox full"))
    listen(world, world.clock)
    assert (of_lead(world, EVA), [kind for kind, _ in of_lead(world, ANA)]) == ([], [SignalKind.FAILED])
    assert planned(world, EVA)
    assert planned(world, ANA)
    assert listed(world) == {}

    deliver(world, bounce(world, EVA, "5.1.1", "no such user"))
    listen(world, world.clock)

    assert listed(world) == {EVA: "address does not exist"}
    assert planned(world, EVA) == []


@pytest.mark.parametrize(
    "forge",
    [
        lambda mail, ours: mail.replace(ours, b"<somebody@else.example>"),
        lambda mail, ours: mail.replace(b"Message-ID: " + ours + b"\r\n", b""),
        lambda mail, ours: mail.replace(ours, b"<" + ours[2:]),
    ],
    ids=["of somebody else", "without a header", "almost ours"],
)
def test_fault_81_a_report_that_anybody_could_write_does_nothing(forge: Callable[[bytes, bytes], bytes]) -> None:
    """Forged reports and backscatter are counted, and no address goes on the list for them."""
    world = business()
    deliver(world, forge(bounce(world, EVA, "5.1.1", "no such user"), sent_to(world, EVA).encode()))

    heard = listen(world, world.clock)

    assert [mail.kind for mail in heard.came_back] == ["delivery failure"]
    assert (listed(world), of_lead(world, EVA)) == ({}, [])
    assert planned(world, EVA)


NOT_ENGLISH = (
    "Ihre Nachricht konnte nicht zugestellt werden. Der Empfänger existiert nicht.",
    "Votre message n'a pas pu être remis. Adresse inconnue.",
    "El mensaje no se pudo entregar. La dirección de correo electrónico no existe.",
)


@pytest.mark.parametrize("text", NOT_ENGLISH, ids=["German", "French", "Spanish"])
def test_fault_82_a_report_in_another_language_is_a_failure_and_never_a_reply(text: str) -> None:
    """A server that speaks to people only, and not in English: it is no reply, whatever becomes of the sequence."""
    world = business()
    ours = sent_to(world, EVA)
    told = f"{text}\n\n<{EVA}>: 550 5.1.1\n\nMessage-ID: {ours}\nTo: {EVA}\n"
    mail = answer(world, EVA, told, sender="MAILER-DAEMON@mx.example").replace(b"Subject: Re: hello", b"Subject: hello")
    deliver(world, mail)

    heard = listen(world, world.clock)

    assert [mail.kind for mail in heard.came_back] == ["delivery failure"]
    assert SignalKind.REPLIED not in [kind for kind, _ in of_lead(world, EVA)]


ROBOTS = {
    "out of office": ("I am out of the office until further notice.", "Auto-Submitted: auto-replied"),
    "ticket": ("We have opened ticket #1234 for you.", "Auto-Submitted: auto-generated"),
    "acknowledgement": ("Thank you for your email. We will get back to you.", "X-Autoreply: yes"),
}


@pytest.mark.parametrize("robot", ROBOTS)
def test_fault_83_a_machine_never_ends_a_sequence(robot: str) -> None:
    """Out-of-office, tickets and acknowledgements are no replies: the emails go on, at most later."""
    world = business()
    text, header = ROBOTS[robot]
    deliver(world, answer(world, EVA, text, header))

    listen(world, world.clock)

    assert SignalKind.REPLIED not in [kind for kind, _ in of_lead(world, EVA)]
    assert planned(world, EVA)


def test_fault_84_nothing_that_comes_in_is_ever_answered() -> None:
    """A robot that answers each of our emails, and each answer to it, gets only what its sequence had planned."""
    world = business()
    before = len(world.mailer.handed_over)
    for text, header in ROBOTS.values():
        for _ in range(10):
            deliver(world, answer(world, EVA, text, header), bounce(world, ANA, "5.2.2", "mailbox full"))
            deliver(world, answer(world, EVA, "Please confirm that you are human.", "Auto-Submitted: auto-replied"))
            listen(world, world.clock)

    assert len(world.mailer.handed_over) == before
    assert {alert.to for alert in world.told} <= {sender.address for sender in world.policy.senders}


FOOTER = "> Reply 'unsubscribe' and we will not write again."


@pytest.mark.parametrize(
    "new", ["Please don't stop writing, I like it.", "Tuesday works for me."], ids=["please don't", "a date"]
)
def test_fault_85_the_footer_in_a_quotation_is_nobodys_wish(new: str) -> None:
    """A reply that quotes our footer is a reply: it is told to a person, and nobody goes on the list."""
    world = business()
    deliver(world, answer(world, EVA, f"{new}\n\nOn Mon, 23 Nov 2026 at 10:00, Anna Weber wrote:\n{FOOTER}"))

    listen(world, world.clock)

    assert [kind for kind, _ in of_lead(world, EVA)] == [SignalKind.REPLIED]
    assert listed(world) == {}


def test_fault_86_an_assistant_answers_from_another_address() -> None:
    """What the mail refers to tells whose it is; of a stranger at the company a person hears, and nothing stops."""
    world = business(policy=TOLD)
    deliver(world, answer(world, EVA, "She would like to talk.", sender="assistant@elsewhere.example"))
    listen(world, world.clock)
    assert [kind for kind, _ in of_lead(world, EVA)] == [SignalKind.REPLIED]

    stranger = answer(world, ANA, "Who are you?", sender="boss@hafen.example")
    deliver(world, stranger.replace(sent_to(world, ANA).encode(), b"<another@thread.example>"))
    (heard,) = listen(world, world.clock).came_back

    assert (heard.lead, heard.tell) == ("", "anna")
    assert of_lead(world, ANA) == []


@dataclass
class Real(MemoryMailbox):
    """A mailbox on a server."""

    account: Account = field(default_factory=lambda: Account("", 0, ""))

    @contextmanager
    def opened(self) -> Iterator[Mailbox]:
        """Open it, with little patience."""
        with open_mailbox(self.account, seconds=1) as box:
            yield ImapMailbox(box)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Dovecot]:
    """Return a real server with Anna's mailbox."""
    with Dovecot(tmp_path, users={"anna": "geheim"}) as running:
        running.command("anna", "CREATE", "Kunden")
        yield running


def on(server: Dovecot) -> World:
    """Return the business, with Anna's mailbox on a server."""
    world = business()
    account = Account("127.0.0.1", server.port, "anna", "geheim", security="none")
    world.mailboxes["anna"] = Real(account=account)
    assert listen(world, world.clock).came_back == ()
    return world


@pytest.mark.needs_dovecot
def test_fault_87_a_teammate_was_quicker(server: Dovecot) -> None:
    """A reply that somebody read and put into another folder before we looked still stops the emails; once."""
    world = on(server)
    world.mailboxes["anna"].mails = {"INBOX": []}
    server.append("anna", "INBOX", answer(world, EVA, "Call me."))
    with server._as("anna") as box:
        box.select("INBOX")
        box.store("1", "+FLAGS", "\\Seen")
        box.uid("MOVE", "1:*", "Kunden")

    heard = listen(world, world.clock)

    assert [(mail.kind, mail.lead) for mail in heard.came_back] == [("reply", EVA)]
    assert listen(world, world.clock).came_back == ()


@pytest.mark.needs_dovecot
def test_fault_88_numbers_that_mean_something_else_have_no_effect_twice(server: Dovecot) -> None:
    """A folder made anew, or numbers that jump: everything is read again, and nothing is done again."""
    world = on(server)
    reply = answer(world, EVA, "Call me.")
    server.append("anna", "Kunden", reply)
    assert len(listen(world, world.clock).came_back) == 1

    server.command("anna", "DELETE", "Kunden")
    server.command("anna", "CREATE", "Kunden")
    server.append("anna", "Kunden", reply)
    for number in range(20):
        server.append("anna", "Kunden", b"Subject: %d\r\nMessage-ID: <%d@x.example>\r\n\r\nx\r\n" % (number, number))
    with server._as("anna") as box:
        box.select("Kunden")
        box.store("2:19", "+FLAGS", "\\Deleted")
        box.expunge()
    world.mailboxes["anna"].mails = {"INBOX": []}
    server.append("anna", "Kunden", answer(world, ANA, "Hello.").replace(b"<0@answers", b"<new@answers"))

    heard = listen(world, world.clock)

    assert [mail.lead for mail in heard.came_back if mail.lead] == [ANA]
    assert len(of_lead(world, EVA)) == 1


@pytest.mark.parametrize("broken", [drop, half, bye, silence])
@pytest.mark.parametrize("verb", ["STATUS", "EXAMINE", "FETCH"])
def test_fault_89_a_server_that_fails_in_the_middle_costs_nothing(verb: str, broken: Break) -> None:
    """A connection that drops, a BYE, a silence: it is said, nothing is recorded, and the next look reads it all."""
    world = business()
    with ImapScript([answer(world, EVA, "Call me.")], breaks={verb: broken}) as server:
        world.mailboxes["anna"] = Real(account=server.account)

        first = listen(world, world.clock)
        assert (first.came_back, first.exit_code) == ((), 1)
        assert first.notes[0].startswith("the inbox of anna could not be read: ")
        place = world.ledger.folder_place("anna", "INBOX")
        assert place is None or place.uid == 0

        second = listen(world, world.clock)
        assert [(mail.kind, mail.lead) for mail in second.came_back] == [("reply", EVA)]
        assert second.exit_code == 0


def bad_mails(world: World) -> list[bytes]:
    """Return mail that no program should write."""
    huge = answer(world, EVA, "x", sender="a@b.example") + (b"x" * 70 + b"\r\n") * 700_000
    parts = b"".join(b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n" for _ in range(10_000))
    return [
        huge.replace(b"In-Reply-To", b"X-Other"),
        b'From: a@b.example\r\nMessage-ID: <parts@b.example>\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
        + parts
        + b"--b--\r\n",
        b"From: a@b.example\r\nMessage-ID: <base@b.example>\r\nContent-Transfer-Encoding: base64\r\n\r\n=%%%=A\r\n",
        b"From: a@b.example\r\nMessage-ID: <head@b.example>\r\nX-Long: " + b"y" * 1_000_000 + b"\r\n\r\nHello\r\n",
    ]


def test_fault_90_mail_that_no_program_should_write_is_passed_over() -> None:
    """50 MB, 10,000 parts, broken base64, a header of 1 MB: each is on record, and the reply behind them is heard."""
    world = business()
    deliver(world, *bad_mails(world))
    deliver(world, answer(world, EVA, "Call me."))

    heard = listen(world, world.clock)

    assert [mail.lead for mail in heard.came_back if mail.signal] == [EVA]
    assert len(heard.came_back) == len(bad_mails(world)) + 1
    place = world.ledger.folder_place("anna", "INBOX")
    assert place is not None
    assert place.uid == len(heard.came_back)


def complaint(world: World, lead: LeadKey) -> bytes:
    """Return a complaint in the standard form (RFC 5965)."""
    return (
        bounce(world, lead, "5.0.0", "")
        .replace(b"report-type=delivery-status", b"report-type=feedback-report")
        .replace(b"message/delivery-status", b"message/feedback-report")
        .replace(b"Reporting-MTA: dns; mx.example\r\n\r\n", b"Feedback-Type: abuse\r\nVersion: 1\r\n")
    )


def test_fault_91_whoever_marked_us_as_spam_is_never_written_to_again() -> None:
    """A complaint puts the address on the list for ever: no command takes it off, and the sheet says why."""
    world = business()
    deliver(world, complaint(world, EVA))

    listen(world, world.clock)

    assert listed(world) == {EVA: "marked an email as spam"}
    assert planned(world, EVA) == []
    assert str(world.source.grid[1][11]).startswith("marked as spam Mon 23 Nov 2026")
    with pytest.raises(WrongUsage, match="and that stays"):
        world.ledger.unsuppress(EVA, "they changed their mind", world.clock.now())
