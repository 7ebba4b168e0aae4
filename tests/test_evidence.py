"""Emails in doubt: what the places where they leave a trace prove, and what follows from it."""

from __future__ import annotations

import random
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from crashes import Counters, bad_day, kills, run_and_kill, shop
from dovecot import Dovecot
from good_config import GOOD, SECRETS, write_shop
from ledgers import EVA, NILS, NOW, email, key_of, may_go
from worlds import HEADERS, MONDAY, World, row

from automations.config import load_config
from automations.connections import look_up
from automations.core.evidence import Absence, Clue, Doubt, Sighting, Verdict, clues_from, verdict
from automations.core.history import MessageRecord, MessageState
from automations.core.messages import Fault, Hand, Outcome
from automations.crash import POINTS
from automations.ledger.sqlite import SqliteLedger, open_memory_ledger
from automations.mail.evidence import look_into_outbox
from automations.mail.memory import MemoryMailer
from automations.mail.smtp_sim import Answer, obliging, script
from automations.sources.memory import MemorySource

SENT = "the Sent folder of anna"
NINE = datetime(2026, 11, 23, 9, tzinfo=UTC)


def after(minutes: int, *, place: str = SENT, is_there: bool = False, absence: Absence = Absence.LATER) -> Clue:
    """Return a look, so many minutes after the email left."""
    return Clue(NINE + timedelta(minutes=minutes), place, is_there, absence)


CASES = {
    "nothing is known": ((), Verdict.UNKNOWN),
    "found at once": ((after(0, is_there=True),), Verdict.SENT),
    "found where absence would mean nothing": (
        (after(1, is_there=True, absence=Absence.NOTHING),),
        Verdict.SENT,
    ),
    "missing, then found": ((after(16), after(22), after(40, is_there=True)), Verdict.SENT),
    "missing once": ((after(20),), Verdict.UNKNOWN),
    "missing twice, too soon": ((after(1), after(14)), Verdict.UNKNOWN),
    "missing twice, one of them too soon": ((after(14), after(20)), Verdict.UNKNOWN),
    "missing twice within a minute": ((after(20), after(21)), Verdict.UNKNOWN),
    "missing twice": ((after(15), after(20)), Verdict.NOT_SENT),
    "missing once in each of two places": ((after(20), after(30, place="the archive")), Verdict.UNKNOWN),
    "missing where copies are not always kept": (
        (after(20, absence=Absence.NOTHING), after(60, absence=Absence.NOTHING)),
        Verdict.UNKNOWN,
    ),
    "missing where what was sent must be": ((after(0, absence=Absence.PROOF),), Verdict.NOT_SENT),
}


@pytest.mark.parametrize(("clues", "expected"), CASES.values(), ids=CASES.keys())
def test_what_clues_prove(clues: tuple[Clue, ...], expected: Verdict) -> None:
    """Found anywhere is sent; missing counts twice, a quarter of an hour later, where every copy is filed."""
    assert verdict(Doubt(_record(), NINE, clues)) is expected


def _record() -> MessageRecord:
    return MessageRecord(
        key=key_of(),
        sequence="welcome",
        step="welcome-1",
        lead_key=EVA,
        address=str(EVA),
        company="Muster AG",
        sender="anna",
        state=MessageState.IN_DOUBT,
        at=NINE,
        reserved_at=NINE,
        subject="Coffee?",
        message_id="<m@shop.example>",
    )


def test_a_place_that_could_not_be_looked_into_tells_nothing() -> None:
    """A mailbox that is out of reach is no clue, neither for nor against."""
    blind = Sighting(SENT, frozenset({"<m@shop.example>"}), absence=Absence.PROOF, why_not="no connection")

    assert clues_from([blind], "<m@shop.example>", NINE) == ()


def in_doubt(*emails: tuple[object, object]) -> SqliteLedger:
    """Return a ledger with emails whose last line was on the way at `NOW` when the run was killed."""
    ledger = open_memory_ledger()
    run = ledger.start_run("run", NOW)
    ready = emails or (email(),)
    ledger.reserve(run, ready, NOW)  # type: ignore[arg-type]
    for send, _ in ready:
        ledger.mark(run, send.message, NOW, may_go)  # type: ignore[attr-defined]
    return ledger


def test_a_ledger_says_since_when_an_email_is_in_doubt() -> None:
    """Doubt counts from the moment the last line was on the way, not from the next run that found it."""
    with closing(in_doubt()) as ledger:
        ledger.recover(NOW + timedelta(hours=3))
        (doubt,) = ledger.doubts()

    assert (doubt.record.at, doubt.handed_over_at) == (NOW + timedelta(hours=3), NOW)


def test_every_look_is_kept() -> None:
    """What was looked for where, and not found, can be read later, in order."""
    looks = (after(1), after(20, absence=Absence.NOTHING))
    with closing(in_doubt()) as ledger:
        ledger.recover(NOW)
        ledger.note(key_of(), looks[:1])
        ledger.note(key_of(), looks[1:])

        assert ledger.doubts()[0].clues == looks


@pytest.mark.parametrize(
    ("was_sent", "state"), [(True, MessageState.ACCEPTED), (False, MessageState.RESERVED)], ids=["sent", "not sent"]
)
def test_evidence_settles_what_is_in_doubt_and_nothing_else(was_sent: bool, state: MessageState) -> None:
    """An email in doubt goes where the evidence puts it; one that a person decided about in the meantime stays."""
    with closing(in_doubt(email(), email(NILS))) as ledger:
        ledger.recover(NOW)
        ledger.decide(key_of(NILS), "drop", NOW)
        for lead in (EVA, NILS):
            ledger.resolve(key_of(lead), was_sent=was_sent, why="because of this test", now=NOW)
        states = {each.lead_key: each.state for each in ledger.history(NOW).messages}

        assert states == {EVA: state, NILS: MessageState.DROPPED}
        assert (
            ledger.entries(EVA)[-1].facts["reply"]
            == f"decided because of this test: {'sent' if was_sent else 'resend'}"
        )


def test_a_reply_proves_that_an_email_was_sent() -> None:
    """An answer, or a bounce, that names our Message-ID settles the doubt; a stranger's Message-ID is not ours."""
    with closing(in_doubt()) as ledger:
        ledger.recover(NOW)

        ours = ledger.witness(email()[1].message_id, "a reply", NOW)
        again = ledger.witness(email()[1].message_id, "a reply", NOW)
        strange = ledger.witness("<other@shop.example>", "a reply", NOW)
        (record,) = ledger.history(NOW).messages

    assert (ours, again, strange) == (True, True, False)
    assert (record.state, record.reply) == (MessageState.ACCEPTED, "decided because a reply came back: sent")


def test_the_outbox_folder_is_a_place_that_proves_both(tmp_path: Path) -> None:
    """A file is in the outbox as a whole or not at all, so both is certain at once."""
    (tmp_path / "20261123-090000-eva@muster.example-abcdefghijklmnopqrstuvwxyz.eml").write_bytes(b"")
    ids = ["<abcdefghijklmnopqrstuvwxyz@shop.example>", "<bbbbbbbbbbbbbbbbbbbbbbbbbb@shop.example>"]

    seen = look_into_outbox(tmp_path, ids)

    assert seen == Sighting(f"{tmp_path.name}/", frozenset(ids), frozenset(ids[:1]), Absence.PROOF)


EVA_ROW = row("eva@muster.example")
UNANSWERED = Outcome(Hand.IN_DOUBT, Fault.SERVER, "the line went dead")


def lossy(*ends: Outcome) -> World:
    """Return a business whose mail server answers for its emails one after another."""
    answers = iter(ends)
    return World(MemorySource("Leads", HEADERS, [EVA_ROW]), mailer=MemoryMailer(lambda _: next(answers)))


def test_an_email_that_is_found_counts_as_sent() -> None:
    """The next run finds the email in the Sent folder: it is sent, the sheet says so, and it never goes again."""
    world = lossy(UNANSWERED)
    world.run()
    world.sightings = [Sighting(SENT, found=frozenset({world.mailer.handed_over[0].message_id}))]
    world.clock.set(MONDAY + timedelta(minutes=1))

    report = world.run()

    assert [(each.verdict, each.why) for each in report.before.settled] == [(Verdict.SENT, f"found in {SENT}")]
    assert (report.exit_code, len(world.mailer.handed_over)) == (0, 1)
    assert str(world.source.grid[1][-1]).startswith("hello sent ")


def test_an_email_that_never_left_goes_again_in_the_same_words() -> None:
    """Looked for twice where every copy is filed, and not there: the same bytes go once more, to the same end."""
    world = lossy(UNANSWERED, Outcome(Hand.ACCEPTED))
    world.run()
    world.sightings = [Sighting(SENT, absence=Absence.LATER)]
    verdicts = []
    for minutes in (5, 16, 30):
        world.clock.set(MONDAY + timedelta(minutes=minutes))
        report = world.run()
        verdicts += [each.verdict for each in report.before.settled]

    assert verdicts == [Verdict.UNKNOWN, Verdict.UNKNOWN, Verdict.NOT_SENT]
    first, second = world.mailer.handed_over
    assert first == second
    assert report.accepted == 1


def test_a_mailbox_out_of_reach_leaves_the_email_in_doubt() -> None:
    """When the Sent folder cannot be read, nothing is guessed; the run goes on and says why."""
    world = lossy(UNANSWERED)
    world.run()
    world.sightings = [Sighting(SENT, why_not="imap.shop.example did not answer in time")]
    world.clock.set(MONDAY + timedelta(hours=1))

    report = world.run()

    assert [each.why for each in report.before.settled] == [
        f"{SENT} could not be looked into: imap.shop.example did not answer in time"
    ]
    assert len(world.mailer.handed_over) == 1


LEADS = 40
FEW = ("--at-most", "3")


@pytest.mark.needs_dovecot
def test_fault_03_killed_runs_leave_nothing_in_doubt_where_a_sent_folder_exists(tmp_path: Path) -> None:
    """Kills at every point, bad answers, and in the end every email is with its lead once, and nobody was asked."""
    with (
        Dovecot(tmp_path, users={"anna": "geheim"}) as box,
        shop(tmp_path, LEADS, bad_day(3), box) as at,
    ):
        for kill in kills(POINTS, 2, random.Random(3)):
            run_and_kill(at, kill, bad_day(3), *FEW)
            at.file_copies()
            at.check_after_a_kill()

        at.server.script = obliging
        later = [at.run_later(timedelta(minutes=minutes)) for minutes in (16, 32, 240, 480)]
        at.file_copies()

        refused = at.count().refused
        assert at.count() == Counters(waiting=0, accepted=LEADS - refused, deferred=0, refused=refused, in_doubt=0)
        assert at.stored().total() == LEADS - refused
        assert (later[-1].plan.sends, later[-1].plan.updates) == ((), ())


@pytest.mark.needs_dovecot
@pytest.mark.parametrize("taken", [True, False], ids=["stored", "lost"])
def test_fault_27_a_line_that_dies_after_the_dot(taken: bool, tmp_path: Path) -> None:
    """Stored and not answered: counted as sent. Lost and not answered: sent once more, by the third look."""
    with (
        Dovecot(tmp_path, users={"anna": "geheim"}) as box,
        shop(tmp_path, 1, script({(1, "dot"): Answer(close=True, store=taken)}), box) as at,
    ):
        first = at.run_later(timedelta())
        at.file_copies()
        later = [at.run_later(timedelta(minutes=minutes)) for minutes in (1, 20, 40)]
        at.server.settle()

        assert first.in_doubt == 1
        assert [each.verdict for report in later for each in report.before.settled] == (
            [Verdict.SENT] if taken else [Verdict.UNKNOWN, Verdict.UNKNOWN, Verdict.NOT_SENT]
        )
        assert at.stored().total() == 1
        assert at.count() == Counters(waiting=0, accepted=1, deferred=0, refused=0, in_doubt=0)


def test_a_witness_is_asked_wherever_its_mailbox_is(tmp_path: Path) -> None:
    """The copy for Jonas is looked up in the mailbox of Jonas, and a mailbox out of reach is named as what it is."""
    nobody = "host: 127.0.0.1, port: 9, security: none, password: $ANNA_PASSWORD"
    text = GOOD.replace(
        "    imap: {host: imap.shop.example, port: 993, user: anna, password: $ANNA_PASSWORD}\n",
        "    witness: Jonas@shop.example\n",
    ).replace("from: jonas@shop.example", f"from: jonas@shop.example\n    imap: {{{nobody}, user: jonas}}")
    config = load_config(write_shop(tmp_path, text), SECRETS)

    seen = look_up(config, "anna", [Doubt(_record(), NINE)], NINE)

    assert [(each.place, each.looked_for) for each in seen] == [
        ("the mailbox of the witness Jonas@shop.example", frozenset())
    ]
    assert "127.0.0.1" in seen[0].why_not
