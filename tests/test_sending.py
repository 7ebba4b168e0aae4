"""Several connections, one transaction: who is marked when, what is settled when something breaks, who has to wait."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from ledgers import NOW, email, finish, python

from automations.clock import FixedClock
from automations.core.history import MessageState
from automations.core.leads import LeadKey
from automations.core.messages import Fault, Hand, Outcome, Outgoing
from automations.core.plan import Send
from automations.errors import SourceOutOfReach
from automations.ledger.sqlite import SqliteLedger, open_memory_ledger
from automations.mail import Mailer
from automations.mail.dialogue import Timeouts
from automations.mail.memory import MemoryMailer
from automations.mail.smtp import SmtpMailer
from automations.mail.smtp_sim import Answer, Moment, SmtpSim
from automations.sending import Desk, Sent, send_all


@pytest.fixture
def ledger() -> Iterator[SqliteLedger]:
    """Return a ledger in memory."""
    with closing(open_memory_ledger()) as made:
        yield made


def leads(count: int, domain: str = "kunde{}.example") -> list[tuple[Send, Outgoing]]:
    """Return emails to so many people."""
    return [email(LeadKey(f"lead{number}@{domain.format(number)}")) for number in range(count)]


def mailer(server: SmtpSim, connections: int) -> SmtpMailer:
    """Return a mailer with so many connections to *server*."""
    timeouts = Timeouts(connect=5, command=5, body=5, dot=5)
    return SmtpMailer(host="127.0.0.1", port=server.port, security="none", timeouts=timeouts, connections=connections)


def deliver(
    emails: Sequence[tuple[Send, Outgoing]],
    ledger: SqliteLedger,
    open_mailer: Callable[[str], Mailer],
    ask_again: Callable[[Send], str] = lambda _: "",
) -> Sent:
    """Hand emails over, all of them new."""
    contents = {send.message: message for send, message in emails}
    desk = Desk(
        ledger=ledger,
        run=ledger.start_run("run", NOW),
        clock=FixedClock(NOW),
        compose=lambda send: contents[send.message],
        open_mailer=open_mailer,
        ask_again=lambda send, _: ask_again(send),
        stopping=lambda: False,
        say=lambda _what, _done, _total: None,
    )
    return send_all([send for send, _ in emails], desk)


def states(ledger: SqliteLedger) -> list[MessageState]:
    """Return where every message stands."""
    return [record.state for record in ledger.history(NOW).messages]


@pytest.mark.parametrize("connections", [1, 2, 4, 7])
def test_everybody_gets_one_email_over_any_number_of_connections(ledger: SqliteLedger, connections: int) -> None:
    """However many connections there are, each lead gets exactly one email, and the ledger knows of all."""
    with SmtpSim() as server:
        sent = deliver(leads(120), ledger, lambda _: mailer(server, connections))

    assert sent == Sent(accepted=120)
    assert server.connections == connections
    assert sorted(taken.recipients[0] for taken in server.messages) == sorted(str(send.key) for send, _ in leads(120))
    assert states(ledger) == [MessageState.ACCEPTED] * 120


def test_of_large_emails_only_a_few_are_made_ahead(ledger: SqliteLedger) -> None:
    """Emails with files of 5 MB: when the first is handed over, no more than four were made; all of them arrive."""
    made: list[LeadKey] = []
    at_first: list[int] = []

    def large(send: Send, message: Outgoing) -> Outgoing:
        made.append(send.key)
        return replace(message, content=message.content + b"x" * 5 * 1024 * 1024)

    def take(message: Outgoing) -> Outcome:
        del message
        at_first.append(len(made))
        return Outcome(Hand.ACCEPTED, reply="250 taken")

    contents = dict(leads(12))
    desk = Desk(
        ledger=ledger,
        run=ledger.start_run("run", NOW),
        clock=FixedClock(NOW),
        compose=lambda send: large(send, contents[send]),
        open_mailer=lambda _: MemoryMailer(take),
        ask_again=lambda _send, _now: "",
        stopping=lambda: False,
        say=lambda _what, _done, _total: None,
    )

    assert send_all(list(contents), desk).accepted == 12
    assert at_first[0] == 4


def test_the_gate_decides_for_each_email_of_a_transaction(ledger: SqliteLedger) -> None:
    """Of four emails that stand at the gate together, the lead who unsubscribed gets none, the others get theirs."""
    emails = leads(4)
    ledger.suppress("lead2@kunde2.example", "unsubscribed", NOW)
    changed = emails[1][0].key

    with SmtpSim() as server:
        sent = deliver(
            emails,
            ledger,
            lambda _: mailer(server, 4),
            lambda send: "somebody changed this row" if send.key == changed else "",
        )

    assert (sent.accepted, sent.held) == (2, 2)
    assert sorted(taken.recipients[0] for taken in server.messages) == ["lead0@kunde0.example", "lead3@kunde3.example"]
    assert sorted(problem.what for problem in sent.problems) == [
        "not sent: somebody changed this row",
        "not sent: this address must not be written to: unsubscribed",
    ]


def test_a_server_that_thinks_long_keeps_nobody_else_waiting(ledger: SqliteLedger) -> None:
    """While one connection waits for its answer the others go on, and their answers are on record."""
    seen: list[int] = []

    def slow(moment: Moment) -> Answer | None:
        if (moment.transaction, moment.phase) != (1, "dot"):
            return None
        for _ in range(400):
            if len(server.messages) == 19:
                break
            threading.Event().wait(0.01)
        seen.append(len(server.messages))
        return None

    with SmtpSim(script=slow) as server:
        sent = deliver(leads(20), ledger, lambda _: mailer(server, 2))

    assert sent == Sent(accepted=20)
    assert seen == [19]


def test_what_was_answered_is_settled_when_something_else_breaks(ledger: SqliteLedger) -> None:
    """A sheet that cannot be read any more ends the run; what the server has taken by then is on record as taken."""
    emails = leads(30)

    def gone(send: Send) -> str:
        if send.key == emails[9][0].key:
            raise SourceOutOfReach("the sheet is gone")
        return ""

    with SmtpSim() as server, pytest.raises(SourceOutOfReach):
        deliver(emails, ledger, lambda _: mailer(server, 4), gone)

    taken = {taken.recipients[0] for taken in server.messages}
    found = {str(record.lead_key): record.state for record in ledger.history(NOW).messages}
    assert {lead for lead, state in found.items() if state is MessageState.ACCEPTED} == taken
    assert set(found.values()) == {MessageState.ACCEPTED, MessageState.RESERVED}


def test_three_times_put_off_by_one_receiver_is_enough(ledger: SqliteLedger) -> None:
    """A receiving domain that put off three emails is left alone for this run; the others get theirs."""

    def greylisting(moment: Moment) -> Answer | None:
        return Answer(b"451 4.7.1 come again") if moment.phase == "rcpt" and "@grey.example" in moment.line else None

    emails = [*leads(8, "grey.example"), *leads(4)]
    with SmtpSim(script=greylisting) as server:
        sent = deliver(emails, ledger, lambda _: mailer(server, 1))

    assert (sent.accepted, sent.deferred, sent.held, sent.stopped) == (4, 3, 5, "")
    assert states(ledger).count(MessageState.RESERVED) == 5
    assert sent.problems[-1].what == "not sent: grey.example has put off three emails of this run"


def test_a_server_that_is_down_stops_its_sender_and_nobody_else(ledger: SqliteLedger) -> None:
    """Five emails that a mail server did not answer are enough for it; the other sender's server goes on."""
    emails = [
        (send if number % 2 else replace(send, sender="jonas"), message)
        for number, (send, message) in enumerate(leads(30))
    ]
    down = MemoryMailer(early=lambda _: Outcome(Hand.DEFERRED, Fault.SERVER, "no connection"))

    with SmtpSim() as server:
        sent = deliver(emails, ledger, lambda sender: down if sender == "jonas" else mailer(server, 2))

    assert (sent.accepted, sent.deferred, sent.held) == (15, 5, 10)
    assert sent.stopped == "the mail server did not answer properly five times: no connection"


def test_senders_that_share_a_server_share_its_breaker(ledger: SqliteLedger) -> None:
    """Five failures of one server are enough for all who send through it; whoever sends through another goes on."""
    names = ("anna", "jonas", "mara")
    emails = [(replace(send, sender=names[number % 3]), message) for number, (send, message) in enumerate(leads(30))]
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = int(closed.getsockname()[1])
    down = [SmtpMailer(host=host, port=port, security="none") for host in ("localhost", "LOCALHOST")]

    with SmtpSim() as server:
        sent = deliver(emails, ledger, lambda name: mailer(server, 1) if name == "mara" else down[name == "jonas"])

    assert (sent.accepted, sent.deferred, sent.held) == (10, 5, 15)
    assert sent.stopped.startswith("the mail server did not answer properly five times: ")


def test_a_refused_recipient_costs_no_new_connection(ledger: SqliteLedger) -> None:
    """After a refusal the connection is used on, also when all three commands went out at once."""

    def nobody(moment: Moment) -> Answer | None:
        return Answer(b"550 5.1.1 no such user") if moment.phase == "rcpt" and "lead1@" in moment.line else None

    with SmtpSim(script=nobody) as server:
        sent = deliver(leads(4), ledger, lambda _: mailer(server, 1))

    assert (sent.accepted, sent.refused, server.connections) == (3, 1, 1)
    assert server.commands.count("RSET") == 1


def test_a_server_that_wants_a_message_for_nobody_gets_none(ledger: SqliteLedger) -> None:
    """A server that says go on although it refused the recipient sees the connection close; nobody gets no dot."""

    def odd(moment: Moment) -> Answer | None:
        if moment.transaction != 1:
            return None
        return {"rcpt": Answer(b"550 5.1.1 no such user"), "data": Answer(b"354 go on")}.get(moment.phase)

    with SmtpSim(script=odd, eager=True) as server:
        sent = deliver(leads(2), ledger, lambda _: mailer(server, 1))

    assert (sent.accepted, sent.refused, server.connections) == (1, 1, 2)
    assert [taken.recipients for taken in server.messages] == [("lead1@kunde1.example",)]


@pytest.mark.parametrize(
    "features", [("8BITMIME", "SIZE 10000000"), ("PIPELINING",)], ids=["one-by-one", "in-one-flight"]
)
def test_both_ways_of_talking_bring_the_same(ledger: SqliteLedger, features: tuple[str, ...]) -> None:
    """With PIPELINING and without, the server hears the same commands in the same order."""
    with SmtpSim(features=features) as server:
        sent = deliver(leads(2), ledger, lambda _: mailer(server, 1))

    verbs = [re.split(r"[ :]", line)[0].upper() for line in server.commands]
    assert sent == Sent(accepted=2)
    assert verbs == ["EHLO", "MAIL", "RCPT", "DATA", "MAIL", "RCPT", "DATA", "QUIT"]


GROUP = """
import os, sys, test_sending
from contextlib import closing
from pathlib import Path
from automations.ledger.sqlite import open_ledger
with closing(open_ledger(Path({folder!r}))) as ledger:
    emails = test_sending.leads(8)
    test_sending.deliver(emails, ledger, lambda _: test_sending.client({port}, 4))
"""


def client(port: int, connections: int) -> SmtpMailer:
    """Return a mailer for a server of another process."""
    return SmtpMailer(host="127.0.0.1", port=port, security="none", connections=connections)


@pytest.mark.needs_strace
def test_one_sync_stands_before_all_the_dots_that_it_covers(tmp_path: Path) -> None:
    """Each end of an email leaves after a sync that came after its body: a power cut finds every one of them marked."""
    trace = tmp_path / "trace.txt"
    with SmtpSim() as server:
        code = GROUP.format(folder=str(tmp_path / ".leadwright"), port=server.port)
        process = python(
            code, under=["strace", "-f", "-s", "64", "-e", "trace=sendto,fsync,fdatasync", "-o", str(trace)]
        )
        finish(process)

    bodies: set[str] = set()
    marked: set[str] = set()
    syncs = dots = 0
    for call in re.finditer(r"(sendto)\((\d+), \"(.*?)\"|(fsync|fdatasync)\(", trace.read_text(encoding="utf-8")):
        _, socket, said, sync = call.groups()
        if sync:
            syncs += bool(bodies)
            marked |= bodies
            bodies = set()
        elif said == r".\r\n":
            assert socket in marked, "an end of an email left before its mark was on the disk"
            marked.discard(socket)
            dots += 1
        elif not re.match(r"EHLO|MAIL|RSET|QUIT", said):
            bodies.add(socket)

    assert process.returncode == 0
    assert dots == 8
    assert syncs < 8, "each email had a sync of its own"
