"""What comes back, collected in a run: what follows from it, once, whatever happens meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from worlds import HEADERS, POLICY, World, row

from automations.core.history import MessageRecord, SignalKind
from automations.core.incoming import Says
from automations.core.leads import LeadKey
from automations.core.messages import Hand, Outcome
from automations.core.policy import Alerts
from automations.errors import MailerOutOfReach, SourceBusy
from automations.listening import listen
from automations.mail.inbox import Arrived, Listed, MemoryMailbox
from automations.mail.memory import MemoryMailer
from automations.sources.memory import MemorySource

EVA = LeadKey("eva@muster.example")
ANA = LeadKey("ana@hafen.example")
TOLD = replace(POLICY, alerts=Alerts(reply="jonas"))


def business(accepted: int = 2, **options: object) -> World:
    """Return a business whose first emails have left: one to Eva and one to Ana, of another company."""
    source = MemorySource("Leads", HEADERS, [row(EVA), row(ANA, "Ana", "Hafen")])
    world = World(source, **options)  # type: ignore[arg-type]  # World's own fields
    world.mailboxes["anna"] = MemoryMailbox()
    assert world.run().accepted == accepted
    world.clock.sleep(timedelta(hours=1))
    return world


def sent_to(world: World, lead: LeadKey) -> str:
    """Return the Message-ID of the email a lead got."""
    return next(each.message_id for each in world.ledger.messages() if each.lead_key == lead)


def answer(world: World, lead: LeadKey, text: str, *headers: str, sender: str = "") -> bytes:
    """Return an answer of a lead to our email, as it arrives."""
    number = len(world.mailboxes["anna"].mails["INBOX"])
    lines = (
        f"From: {sender or lead}",
        "To: anna@shop.example",
        "Subject: Re: hello for Eva",
        f"Message-ID: <{number}@answers.example>",
        f"In-Reply-To: {sent_to(world, lead)}",
        "Date: Mon, 23 Nov 2026 10:30:00 +0100",
        *headers,
        "Content-Type: text/plain; charset=utf-8",
        "",
        text,
        "",
    )
    return "\r\n".join(lines).encode()


def bounce(world: World, lead: LeadKey, status: str, said: str) -> bytes:
    """Return a delivery report about the email a lead got, in the standard form (RFC 3464)."""
    return f"""\
From: MAILER-DAEMON@mx.example
To: anna@shop.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <{status}.{lead}@mx.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I could not deliver your message.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {lead}
Action: failed
Status: {status}
Diagnostic-Code: smtp; 550 {status} {said}

--b
Content-Type: message/rfc822

From: anna@shop.example
To: {lead}
Message-ID: {sent_to(world, lead)}
Subject: hello

Good morning

--b--
""".replace("\n", "\r\n").encode()


def deliver(world: World, *mails: bytes) -> None:
    """Let mails arrive in Anna's inbox now."""
    for mail in mails:
        world.mailboxes["anna"].deliver(mail, world.clock.now())


def of_lead(world: World, lead: LeadKey) -> list[tuple[SignalKind, datetime | None]]:
    """Return what came back from a lead."""
    return [(each.kind, each.until) for each in world.ledger.history(world.clock.now()).of(lead).signals]


def test_a_reply_stops_the_sequence_moves_the_stage_and_is_told_at_once() -> None:
    """Eva answers: the sheet says so in the same run, her emails stop, and Jonas hears her words without the quote."""
    world = business(policy=TOLD)
    deliver(
        world,
        answer(
            world, EVA, "Yes please, Tuesday works.\n\nOn Mon, 23 Nov 2026 at 10:00, Anna Weber wrote:\n> Good morning"
        ),
    )

    report = world.run()

    assert [(mail.kind, mail.lead) for mail in report.came_back] == [("reply", EVA)]
    assert world.source.grid[1][8] == "Replied"
    assert str(world.source.grid[1][11]).startswith("replied Mon 23 Nov 2026")
    (alert,) = world.told
    assert (alert.to, alert.subject) == ("jonas@shop.example", "Eva, Muster AG replied")
    assert alert.text.startswith("Yes please, Tuesday works.\n\n--\n")
    world.clock.sleep(timedelta(days=7))
    assert all(send.key != EVA for send in world.plan().sends)
    assert world.run().came_back == ()
    assert len(world.told) == 1


def test_an_absence_holds_until_its_end_and_stops_nothing() -> None:
    """Ana is out of office until Friday in two weeks: no email before, the next one after."""
    world = business()
    text = "I am out of the office and will be back on 7 December 2026."
    deliver(world, answer(world, ANA, text, "Auto-Submitted: auto-replied"))

    world.run()

    ((kind, until),) = of_lead(world, ANA)
    assert (kind, str(until)[:16]) == (SignalKind.ABSENT, "2026-12-06 23:00")
    world.clock.sleep(timedelta(days=4))
    assert (ANA, "out of office") in [(hold.key, hold.kind.value) for hold in world.plan().holds]
    world.clock.sleep(timedelta(days=10))
    assert ANA in [send.key for send in world.plan().sends]


def test_a_dead_address_is_never_written_to_again_and_a_full_mailbox_is() -> None:
    """Eva's address does not exist: it is suppressed. Ana's mailbox is full: that only counts."""
    world = business()
    deliver(world, bounce(world, EVA, "5.1.1", "no such user"), bounce(world, ANA, "5.2.2", "mailbox full"))

    world.run()

    assert [kind for kind, _ in of_lead(world, EVA)] == [SignalKind.BOUNCED]
    assert [kind for kind, _ in of_lead(world, ANA)] == [SignalKind.FAILED]
    assert {each: found.why for each, found in world.ledger.suppressions().by_address.items()} == {
        EVA: "address does not exist"
    }
    assert world.source.grid[1][11] == "address does not exist"
    assert str(world.source.grid[2][11]).startswith("came back Mon 23 Nov 2026: the mailbox is full")


def test_a_forged_bounce_does_nothing() -> None:
    """A delivery report that names no email of ours may be anybody's; it is on record, and that is all."""
    world = business()
    deliver(world, bounce(world, EVA, "5.1.1", "no such user").replace(sent_to(world, EVA).encode(), b"<x@y.example>"))

    report = world.run()

    assert [(mail.kind, mail.signal, mail.suppress) for mail in report.came_back] == [("delivery failure", None, ())]
    assert of_lead(world, EVA) == []


def test_a_wish_to_stop_is_obeyed_for_both_addresses() -> None:
    """Somebody asks from another address than the one we wrote to: neither is written to again."""
    world = business()
    deliver(world, answer(world, EVA, "Please unsubscribe me.", sender="e.muster@home.example"))

    world.run()

    assert set(world.ledger.suppressions().by_address) == {EVA, "e.muster@home.example"}
    assert [kind for kind, _ in of_lead(world, EVA)] == [SignalKind.UNSUBSCRIBED]


def test_a_mail_in_two_folders_and_read_twice_has_its_effects_once() -> None:
    """A reply that a teammate copied, in a mailbox whose numbers changed: one reply, told once."""
    world = business(policy=TOLD)
    mail = answer(world, EVA, "Call me.")
    deliver(world, mail)
    world.mailboxes["anna"].deliver(mail, world.clock.now(), "Customers")

    assert len(world.run().came_back) == 1
    world.mailboxes["anna"].uidvalidity = 2
    assert world.run().came_back == ()
    assert len(world.told) == 1
    assert len(of_lead(world, EVA)) == 1


class Poisoned(MemoryMailbox):
    """A mailbox with one mail that ends the process that reads it."""

    def fetch(self, folder: str, mails: tuple[Listed, ...]) -> tuple[Arrived, ...]:  # type: ignore[override]
        """Return mails; die at the one that cannot be read."""
        found = super().fetch(folder, mails)
        if any(b"poison" in each.content for each in found):
            raise KeyboardInterrupt
        return found


def test_a_mail_that_kills_every_run_is_set_aside_after_three_and_the_rest_is_heard() -> None:
    """Three runs die at it; the fourth leaves it where it is, says so, and hears the reply behind it."""
    world = business()
    before = world.mailboxes["anna"]
    world.mailboxes["anna"] = Poisoned(before.mails)
    deliver(world, b"Subject: poison\r\n\r\n", answer(world, EVA, "Hello"))

    for _ in range(4):
        with pytest.raises(KeyboardInterrupt):
            world.run()
    report = world.run()

    assert [(mail.kind, mail.lead) for mail in report.came_back] == [("unreadable", ""), ("reply", EVA)]
    assert world.run().came_back == ()


def test_an_inbox_out_of_reach_is_said_and_stops_nothing() -> None:
    """Anna's mail server is down: the run goes on, says that replies are not known, and ends with 1."""
    world = business()
    world.mailboxes["anna"] = Down()

    report = world.run()

    assert report.exit_code == 1
    assert report.notes == (
        "the inbox of anna could not be read: mx.example did not answer in time; replies there are not known yet",
    )


class Down(MemoryMailbox):
    """A mailbox whose server does not answer."""

    def folders(self) -> tuple[str, ...]:
        """Fail as a server that is down does."""
        raise MailerOutOfReach("mx.example did not answer in time")


def test_what_comes_back_proves_that_an_email_in_doubt_was_sent() -> None:
    """An email whose fate nobody knew is answered: it was sent, and nobody has to decide."""
    dropped = MemoryMailer(lambda _: Outcome(Hand.IN_DOUBT, reply="the connection ended"))
    world = business(accepted=0, mailer=dropped)
    assert len(world.ledger.in_doubt()) == 2
    deliver(world, answer(world, EVA, "Thank you."))

    world.run()

    assert [each.lead_key for each in world.ledger.in_doubt()] == [ANA]


def test_between_two_runs_a_reply_reaches_the_sheet_and_no_email_leaves() -> None:
    """The job inbox: Eva's reply is in the sheet minutes later; who would get an email now waits for the next run."""
    world = business()
    deliver(world, answer(world, EVA, "Call me."))
    before = len(world.mailer.handed_over)

    heard = listen(world, world.clock)

    assert ([mail.kind for mail in heard.came_back], heard.exit_code, bool(heard.run)) == (["reply"], 0, True)
    assert world.source.grid[1][8] == "Replied"
    assert len(world.mailer.handed_over) == before
    assert listen(world, world.clock).run == ""


def somebody_has_it_open(step: str, source: MemorySource) -> None:
    """Keep the sheet from being written."""
    del source
    if step == "write":
        raise SourceBusy("leads.xlsx is open (Anna).")


def test_the_sheet_out_of_reach_costs_no_reply() -> None:
    """Somebody has the workbook open: the reply is on record and told, and the sheet is written later."""
    world = business(policy=TOLD)
    deliver(world, answer(world, EVA, "Call me."))
    world.source.between = somebody_has_it_open

    heard = listen(world, world.clock)

    assert [alert.subject for alert in world.told] == ["Eva, Muster AG replied"]
    assert [kind for kind, _ in of_lead(world, EVA)] == [SignalKind.REPLIED]
    assert heard.exit_code == 1


def test_while_nobody_can_read_a_mailbox_nobody_who_may_have_answered_is_written_to() -> None:
    """Anna's mail server is down for three days: no second email leaves; once it is back, it leaves after the replies.

    The day she takes it out of config.yaml, nobody waits for it any more.
    """
    world = business()
    mailbox = world.mailboxes["anna"]
    world.mailboxes["anna"] = Down()
    world.clock.sleep(timedelta(days=3))

    assert world.run().accepted == 0
    assert {(hold.key, hold.kind.value) for hold in world.plan().holds} == {
        (EVA, "replies are not known"),
        (ANA, "replies are not known"),
    }
    why = "the mailbox of anna was last read Mon 23 Nov 10:00, so nobody knows whether they answered"
    assert all(hold.why.startswith(why) for hold in world.plan().holds)
    world.mailboxes["anna"] = mailbox
    deliver(world, answer(world, EVA, "Call me."))
    assert [record.lead_key for record in sent_by(world)] == [ANA]
    del world.mailboxes["anna"]
    assert "replies are not known" not in {hold.kind.value for hold in world.plan().holds}


def test_a_mailbox_that_was_not_read_for_days_only_because_nobody_ran_is_no_reason_to_wait() -> None:
    """A business that runs once a week reads first and then writes; its plan says so beforehand, and is done."""
    world = business()
    world.clock.sleep(timedelta(days=7))
    plan = world.plan()

    report = world.run(reviewed=plan)

    assert report.accepted == len(plan.sends) == 2


def sent_by(world: World) -> list[MessageRecord]:
    """Run, and return the emails that left."""
    before = {record.key for record in world.ledger.messages()}
    world.run()
    return [record for record in world.ledger.messages() if record.key not in before]


OWN_WORDS = replace(POLICY, replies=((Says.NOT_NOW, ("nach der Messe",)),))


def test_the_owners_own_words_are_understood_in_a_run_too() -> None:
    """What config.yaml says under replies: counts for mail that is collected, not only for files."""
    world = business(policy=OWN_WORDS)
    deliver(world, answer(world, EVA, "Melden Sie sich nach der Messe."))

    world.run()

    (reply,) = world.ledger.history(world.clock.now()).of(EVA).signals
    assert reply.says == "not now"
