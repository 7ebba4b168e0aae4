"""One run after another: what a person does in between, what a power cut leaves behind, what goes wrong outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes

import pytest
from worlds import HEADERS, MONDAY, POLICY, PlainWords, World, row, sentence

from automations.core.alerts import Alert
from automations.core.history import SignalKind
from automations.core.leads import Cell, CellChange, KeyRule, LeadKey, WriteResult
from automations.core.messages import Fault, Hand, Outcome
from automations.core.plan import HoldKind
from automations.core.policy import Alerts, ScoringRule
from automations.errors import AlreadyRunning, RefusedByLimit, SourceBusy
from automations.mail.memory import MemoryMailer
from automations.runner import run
from automations.sources.memory import MemorySource

EVA = "eva@muster.example"


def world_of(*cells: Sequence[Cell], **changes: object) -> World:
    """Return a business with these rows in its sheet."""
    return World(MemorySource("Leads", HEADERS, cells), **changes)  # type: ignore[arg-type]  # World's own fields


def ours(world: World, at: int = 1) -> list[Cell]:
    """Return what our columns say in a row of the sheet."""
    return world.source.grid[at][6:]


class PowerCut(Exception):  # noqa: N818 - it is no error of anybody's
    """The run ends here."""


class CutSource(MemorySource):
    """A sheet during whose writing the power fails: the cells are written, nobody hears of it."""

    def write(self, changes: Sequence[CellChange], keys: KeyRule) -> WriteResult:
        """Write, and never return."""
        super().write(changes, keys)
        raise PowerCut


def test_what_a_killed_run_wrote_is_ours_and_not_a_persons() -> None:
    """After a power cut in the middle of writing, the next run, with new rules, changes its own values again."""
    world = World(CutSource("Leads", HEADERS, [row(EVA, employees=5, source="Cold list")]))
    with pytest.raises(PowerCut):
        world.run()
    assert ours(world)[:2] == [0, "cold"]
    rules = replace(POLICY.rules, scoring=(ScoringRule(40, sentence("employees = 5"), "small is fine"),))
    after = World(
        MemorySource("Leads", HEADERS, world.source.grid[1:]),
        policy=replace(POLICY, rules=rules),
        ledger=world.ledger,
    )

    after.run()

    assert ours(after)[:2] == [40, "warm"]


def test_a_typed_stage_stays_until_its_cell_is_cleared() -> None:
    """A person who moves a lead to Meeting keeps it there; clearing the cell gives it back to the rules."""
    world = world_of(row(EVA))
    world.run()
    world.source.grid[1][8] = "meeting"

    world.run()
    typed = world.source.grid[1][8]
    world.source.grid[1][8] = None
    world.run()

    assert typed == "meeting"
    assert world.source.grid[1][8] == "Contacted"
    assert len(world.mailer.handed_over) == 1


def test_a_stage_that_was_there_before_us_is_where_a_lead_begins() -> None:
    """Teams fill Stage in before we come: rules move it on from there, and a spelling in small letters stays."""
    world = world_of(
        row(EVA, "Eva", None, 80, "Referral", None, None, "new"),
        row("ana@hafen.example", "Ana", "Hafen", 80, "Referral", None, None, "meeting"),
    )

    world.run()

    assert [ours(world)[2], ours(world, 2)[2]] == ["Contacted", "meeting"]
    assert [message.envelope_to for message in world.mailer.handed_over] == [EVA]


def test_a_typed_value_wins_for_as_long_as_the_owner_says() -> None:
    """With override_for: 7 days a typed segment holds a week; then the rules decide again."""
    world = world_of(row(EVA, source="Cold list"), policy=replace(POLICY, override_for=timedelta(days=7)))
    world.run()
    world.source.grid[1][7] = "cold"
    world.run()
    world.clock.set(MONDAY + timedelta(days=6))
    world.run()
    after_six_days = world.source.grid[1][7]
    world.clock.set(MONDAY + timedelta(days=7))

    world.run()

    assert (after_six_days, world.source.grid[1][7]) == ("cold", "warm")


def test_stop_in_next_step_ends_all_sequences() -> None:
    """Typing stop in the sheet is enough: nothing more goes to this lead, and the word stays where it was typed."""
    world = world_of(row(EVA))
    world.run()
    world.source.grid[1][9] = "Stop"

    for days in range(1, 30):
        world.clock.set(MONDAY + timedelta(days=days))
        world.run()

    assert len(world.mailer.handed_over) == 1
    assert world.source.grid[1][9] == "Stop"


def test_snooze_in_next_step_waits() -> None:
    """Typing snooze 2 weeks puts everything off by two weeks."""
    world = world_of(row(EVA, "Eva Muster", None, 80, "Referral", None, None, None, "snooze 2 weeks"))

    plan = world.plan()
    world.run()
    world.clock.set(MONDAY + timedelta(days=14))
    world.run()

    assert [(hold.kind, hold.until) for hold in plan.holds] == [(HoldKind.SNOOZED, MONDAY + timedelta(days=14))]
    assert len(world.mailer.handed_over) == 1


def test_a_reply_ends_the_sequence_and_moves_the_stage() -> None:
    """Who answered gets no second email of the sequence, and stands at Replied."""
    world = world_of(row(EVA))
    world.run()
    world.ledger.signal(LeadKey(EVA), SignalKind.REPLIED, MONDAY + timedelta(hours=1), "")
    world.clock.set(MONDAY + timedelta(days=3))

    world.run()

    assert ours(world)[2] == "Replied"
    assert ours(world)[5] == "replied Mon 23 Nov 2026"
    assert [message.subject for message in world.mailer.handed_over] == ["hello for Eva"]


def test_a_refused_address_is_never_written_to_again() -> None:
    """A server that does not know the address stops everything to it, and the sheet says so."""
    unknown = Outcome(Hand.REFUSED, Fault.ADDRESS, "550 5.1.1 no such user")
    world = world_of(row(EVA), mailer=MemoryMailer(early=lambda _: unknown))

    report = world.run()
    world.clock.set(MONDAY + timedelta(days=30))
    world.mailer = MemoryMailer()
    world.run()

    assert (report.refused, report.exit_code) == (1, 1)
    assert world.mailer.handed_over == []
    assert ours(world)[5] == "address does not exist"


def test_a_rejected_login_stops_the_run_and_blames_no_lead() -> None:
    """When our own login fails, nothing else is tried, and every lead stays due."""
    no_login = Outcome(Hand.DEFERRED, Fault.ACCOUNT, "535 5.7.8 authentication failed")
    world = world_of(row(EVA), row("ana@hafen.example", company="Hafen"), mailer=MemoryMailer(early=lambda _: no_login))

    report = world.run()

    assert (report.accepted, report.deferred, report.held - len(report.plan.holds)) == (0, 1, 1)
    assert report.notes == (
        "Sending stopped: the mail server does not accept our login or sender: 535 5.7.8 authentication failed",
    )
    assert world.ledger.history(MONDAY).suppressed.by_address == {}


def test_an_open_workbook_costs_nothing_but_time() -> None:
    """While somebody has the file open emails still leave, the cells wait, and the next run writes them."""
    world = world_of(row(EVA))
    busy = SourceBusy("leads.xlsx is open (Anna).", fix="close it")

    def open_in_excel(step: str, _: MemorySource) -> None:
        if step == "write":
            raise busy

    world.source.between = open_in_excel

    report = world.run()
    world.source.between = None
    again = world.run()

    assert (report.accepted, report.cells_written, report.cells_skipped, report.exit_code) == (1, 0, 6, 1)
    assert report.notes == ("leads.xlsx is open (Anna). 6 cells wait for the next run.",)
    assert (again.accepted, again.cells_written) == (0, 6)
    assert len(world.mailer.handed_over) == 1


def test_a_row_changed_while_we_work_gets_no_email() -> None:
    """The sheet is asked once more before each email: whoever was edited just now waits for the next run."""
    world = world_of(row(EVA), row("ana@hafen.example", company="Hafen"))

    def edit(message: object) -> Outcome:
        del message
        world.source.grid[1][1] = "Eva Muster-Neu"
        world.source.grid[2][1] = "Ana Neu"
        return Outcome(Hand.ACCEPTED)

    world.mailer = MemoryMailer(edit)

    report = world.run()

    assert (report.accepted, report.held - len(report.plan.holds)) == (1, 1)
    assert [problem.what for problem in report.problems] == [
        "not sent: somebody changed this row while we worked; the next run looks at it again"
    ]


def test_a_pause_in_the_middle_of_a_run_stops_the_next_email() -> None:
    """Pause takes effect at once, not at the next run."""
    world = world_of(row(EVA), row("ana@hafen.example", company="Hafen"))

    def pause(message: object) -> Outcome:
        del message
        world.ledger.pause("wrong price list", world.clock.now())
        return Outcome(Hand.ACCEPTED)

    world.mailer = MemoryMailer(pause)

    report = world.run()

    assert len(world.mailer.handed_over) == 1
    assert (report.accepted, report.held - len(report.plan.holds)) == (1, 1)


def test_a_run_that_is_not_approved_changes_nothing() -> None:
    """Without a yes nothing is sent, written or recorded."""
    world = world_of(row(EVA))

    with pytest.raises(RefusedByLimit, match="not now"):
        run(world, world.clock, approve=lambda _: "not now")

    assert world.mailer.handed_over == []
    assert ours(world) == [None] * 6
    assert world.ledger.runs(5) == ()


def test_two_runs_at_once_are_one() -> None:
    """A second run ends at once while the first one works."""
    world = world_of(row(EVA))

    with world.ledger.lock(), pytest.raises(AlreadyRunning):
        world.run()


def test_who_owns_a_lead_is_told_once_when_it_turns_hot() -> None:
    """One email for all leads that turned hot, and none the next time."""
    policy = replace(POLICY, alerts=Alerts(hot_lead="jonas"))
    world = world_of(
        row(EVA, "Eva Muster"),
        row("ana@hafen.example", "Ana", "Hafen"),
        row("joe@tal.example", "Joe", "Tal", 5, "Cold list"),
        policy=policy,
    )

    world.run()
    world.clock.set(MONDAY + timedelta(hours=1))
    world.run()

    assert world.told == [
        Alert(
            "hot leads",
            "jonas@shop.example",
            "2 new hot leads",
            "Ana, Hafen: 65 points (big, referral, under way)\n"
            "Eva Muster, Muster AG: 65 points (big, referral, under way)\n\n"
            "They are in the sheet of Bergblick Office Coffee.",
        )
    ]


def test_a_person_is_told_when_sending_stops() -> None:
    """A login that fails goes at once to whoever hears of problems."""
    no_login = Outcome(Hand.DEFERRED, Fault.ACCOUNT, "535 authentication failed")
    world = world_of(
        row(EVA),
        mailer=MemoryMailer(early=lambda _: no_login),
        policy=replace(POLICY, alerts=Alerts(problem="boss@shop.example")),
    )

    world.run()

    assert [(alert.to, alert.subject) for alert in world.told] == [("boss@shop.example", "Sending emails has stopped")]


def test_a_message_in_doubt_is_shown_and_not_sent_again() -> None:
    """When nobody knows whether an email arrived, the sheet says so and the lead gets nothing more."""
    world = world_of(row(EVA), mailer=MemoryMailer(lambda _: Outcome(Hand.IN_DOUBT, Fault.SERVER, "no answer")))

    report = world.run()
    world.clock.set(MONDAY + timedelta(days=9))
    plan = world.plan()

    assert (report.in_doubt, report.exit_code) == (1, 1)
    assert [hold.kind for hold in plan.holds] == [HoldKind.IN_DOUBT]
    assert ours(world)[5] == "hello in doubt, see  leadwright settle"


def test_a_deferred_email_goes_again_with_the_same_bytes() -> None:
    """Put off at ten, sent at half past with the very same message."""
    answers = iter([Outcome(Hand.DEFERRED, Fault.MAILBOX, "451 later"), Outcome(Hand.ACCEPTED)])
    world = world_of(row(EVA), mailer=MemoryMailer(lambda _: next(answers)))

    first = world.run()
    world.clock.set(MONDAY + timedelta(minutes=30))
    world.source.grid[1][1] = "Eva Muster-Neu"
    second = world.run()

    assert (first.deferred, second.accepted) == (1, 1)
    one, other = world.mailer.handed_over
    assert one.content == other.content


def test_a_lead_without_a_name_is_held_and_named_before_anything_leaves() -> None:
    """An email that cannot be written for one lead holds that lead only, and the plan says which."""
    world = world_of(row(EVA, None), row("ana@hafen.example", "Ana", "Hafen"))

    plan = world.plan()

    assert [send.key for send in plan.sends] == ["ana@hafen.example"]
    assert [str(problem) for problem in plan.problems] == [
        (
            "welcome, hello for eva@muster.example: templates/hello.md:1: name is empty for this lead"
            " (fill in the cell, or give the template something to say instead)"
        )
    ]


def test_an_email_without_a_subject_answers_the_one_before_it() -> None:
    """The second email of a sequence stands in the same thread: Re:, In-Reply-To, References."""
    policy = replace(POLICY, sequences=POLICY.sequences[:1])
    world = world_of(row(EVA, "Eva", None), policy=policy, texts=PlainWords(without_subject={"more"}))
    world.run()
    world.clock.set(MONDAY + timedelta(days=2))

    world.run()

    first, second = (message_from_bytes(each.content) for each in world.mailer.handed_over)
    assert (first["Subject"], second["Subject"]) == ("hello for Eva", "Re: hello for Eva")
    assert (first["In-Reply-To"], second["In-Reply-To"]) == (None, first["Message-ID"])
    assert second["References"] == first["Message-ID"]


def test_an_email_with_a_subject_of_its_own_begins_anew() -> None:
    """A newsletter with its own subject does not pretend to be an answer."""
    world = world_of(row(EVA, "Eva", None), policy=replace(POLICY, sequences=POLICY.sequences[:1]))
    world.run()
    world.clock.set(MONDAY + timedelta(days=2))

    world.run()

    second = message_from_bytes(world.mailer.handed_over[1].content)
    assert (second["Subject"], second["In-Reply-To"], second["References"]) == ("more for Eva", None, None)


def test_a_cell_that_somebody_has_to_put_right_shows_in_the_exit_code() -> None:
    """A row that was doubled while we worked is left alone, and the run says that not all was done."""
    world = world_of(row(EVA, employees=5, source="Cold list"))

    def copy_row(step: str, source: MemorySource) -> None:
        if step == "write":
            source.grid.append(list(source.grid[1]))

    world.source.between = copy_row

    report = world.run()

    assert (report.cells_written, report.cells_skipped, report.exit_code) == (0, 4, 1)
    assert report.notes[0] == "Score of eva@muster.example was left alone: the lead stands in rows 2 and 3"
