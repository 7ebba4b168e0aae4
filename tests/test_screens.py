"""What people see: every screen at 80 columns, as it stands."""

# ruff: noqa: RUF001 - people are called what they are called, in every script

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from textwrap import dedent
from zoneinfo import ZoneInfo

import pytest

from automations.commands.preview import Facts as EmailFacts
from automations.commands.preview import preview_screen
from automations.commands.settle import settle_screen
from automations.core.effects import CameBack
from automations.core.evidence import Absence, Clue, CutOff, Doubt, Verdict
from automations.core.history import LeadHistory, MessageRecord, MessageState, Signal, SignalKind, Typed
from automations.core.leads import Columns, Lead, LeadKey, Role
from automations.core.messages import MessageKey, Rendered
from automations.core.plan import Hold, HoldKind, Move, Plan, RowUpdate, Send, Task
from automations.core.policy import Business, Policy
from automations.core.rules import Qualification, Reason
from automations.core.traces import Finding, ScoringTrace, SegmentTrace, Trace
from automations.doubts import Aftermath, Settled
from automations.errors import Problem
from automations.ledger import Entry, RunRecord
from automations.report.history_screen import history_screen, history_to_json, runs_screen, runs_to_json
from automations.report.lead_screen import lead_screen, lead_to_json
from automations.report.plan_screen import Paper, plan_screen, summary
from automations.report.run_screen import run_screen, run_to_json
from automations.report.text import SCREEN_WIDTH, cut, plain, width_of, wrapped

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 23, 9, tzinfo=BERLIN)
EVA, TOM, YAMADA = LeadKey("eva@muster.example"), LeadKey("tom@reich.example"), LeadKey("yamada@shop.example")
COLUMNS = Columns(
    (),
    key="email",
    email="email",
    owned=((Role.SCORE, "Score"), (Role.SEGMENT, "Segment"), (Role.STAGE, "Stage"), (Role.WHY, "Why")),
)
POLICY = Policy(Business("Bergblick", "Lindenstr. 12, Berlin", BERLIN), COLUMNS, rules=None)  # type: ignore[arg-type]


def screen(text: str) -> str:
    """Return a screen as it is written in a test: without line breaks around it, and without the margin.

    A screen that begins with spaces has a bar in its margin.
    """
    return "\n".join(line.removeprefix("|") for line in dedent(text).strip().splitlines())


def send(key: LeadKey, step: str, at: datetime = NOW, sender: str = "anna") -> Send:
    """Return an email of the sequence welcome."""
    return Send(key, key, "welcome", step, sender, at, "Coffee?", "hot", MessageKey(f"{key} {step}"))


PLAN = Plan(
    made_at=NOW,
    leads_read=412,
    updates=(
        RowUpdate(EVA, 14, "Score", 50, 80, "asks for a price +20, fresh +10"),
        RowUpdate(EVA, 14, "Segment", "warm", "hot", "asks for a price +20, fresh +10"),
        RowUpdate(TOM, 57, "Stage", "New", "Replied", "replied Fri 20 Nov"),
        RowUpdate(YAMADA, 9, "Score", None, 40, "big +30, fresh +10"),
        RowUpdate(YAMADA, 9, "Segment", None, "warm", "big +30, fresh +10"),
        RowUpdate(YAMADA, 9, "Why", "", "big, fresh", "its rules"),
    ),
    sends=(send(EVA, "welcome-1"), send(YAMADA, "welcome-1"), send(TOM, "welcome-2", sender="jonas")),
    later=(send(EVA, "welcome-2", NOW + timedelta(days=3)), send(YAMADA, "welcome-2", NOW + timedelta(days=50))),
    holds=(
        Hold(LeadKey("a"), "welcome, welcome-1", "it is night there", HoldKind.WINDOW, NOW),
        Hold(LeadKey("b"), "welcome, welcome-1", "it is night there", HoldKind.WINDOW, NOW),
        Hold(LeadKey("c"), "welcome, welcome-1", "a colleague got one", HoldKind.COMPANY, NOW),
        Hold(LeadKey("d"), "welcome, welcome-1", "unsubscribed", HoldKind.SUPPRESSED),
    ),
    tasks=(Task(EVA, "jonas", "Call Eva Muster on +49 30 23125 101", NOW, "welcome", "task-1"),),
    new_columns=("Score", "Why"),
    problems=(Problem("Leads!C131 (Ann Gruber)", '"ann@gmial" is not an email address: no period after the @'),),
    rows={"changed": 3, "unchanged": 404, "held": 4, "problem": 1},
    segments={"hot": (18, 4), "warm": (133, -2), "cold": (258, 0)},
    sheet="Leads",
    names={EVA: "Eva Muster, Muster AG", TOM: "Tom Reich, Reich KG", YAMADA: "山田 太郎, 株式会社山田商店東京本社"},
)


def test_emails_that_wait_for_several_moments_show_the_first() -> None:
    """Whoever reads that emails are held also reads when the first of them may go, whether or not all go together."""
    later = replace(PLAN.holds[1], until=NOW + timedelta(days=1))

    shown = plan_screen(replace(PLAN, holds=(PLAN.holds[0], later)), COLUMNS, BERLIN)

    assert "\n  held back  2 outside the sending hours until today 09:00 or later\n" in shown


def test_the_plan_shows_everything_in_the_order_in_which_people_ask() -> None:
    """The plan says how many leads, what changes in the sheet and why, who is mailed, who waits, who cannot be used."""
    shown = plan_screen(PLAN, COLUMNS, BERLIN)

    assert shown == screen("""
        Leads      412 rows in "Leads", 1 cannot be used
        Segments   hot 18 (+4)   warm 133 (-2)   cold 258
        Sheet      6 cells in 3 rows
                   columns Score, Segment, Stage, Why
                   new at the right end: Score and Why

          row  lead                    change                  because
            9  山田 太郎, 株式会社..   warm (40)               big +30, fresh +10
           14  Eva Muster, Muster AG   warm -> hot (50 -> 80)  asks for a price +20, f..
           57  Tom Reich, Reich KG     New -> Replied          replied Fri 20 Nov

        Emails     3 now, 2 later, 4 held back
          now              anna   welcome-1  2 leads
          now              jonas  welcome-2  1 lead
          Thu 26 Nov       anna   welcome-2  1 lead
          Tue 12 Jan 2027  anna   welcome-2  1 lead
          held back  2 outside the sending hours until today 09:00 ·
                     1 same company emailed too recently until today 09:00 ·
                     1 must not be written to

        Tasks      1 thing to do by hand
          jonas  Call Eva Muster on +49 30 23125 101

        Cannot use
          Leads!C131 (Ann Gruber): "ann@gmial" is not an email address: no period
            after the @
        """)


def test_no_line_of_the_plan_is_wider_than_the_screen() -> None:
    """A screen of 80 columns shows every line whole, whatever script the names are written in."""
    widths = [width_of(line) for line in plan_screen(PLAN, COLUMNS, BERLIN).splitlines()]

    assert max(widths) <= SCREEN_WIDTH


@pytest.mark.parametrize("width", [40, 60, 79])
def test_a_plan_fits_a_narrow_terminal(width: int) -> None:
    """On a small window no line is broken by the terminal: the columns of the tables share what room there is."""
    shown = plan_screen(PLAN, COLUMNS, BERLIN, everything=True, paper=Paper(width))

    assert max(map(width_of, shown.splitlines())) <= width
    assert "Eva Muster" in shown


def test_the_way_to_the_whole_plan_names_the_same_config() -> None:
    """Whoever asked with --config is told a command line that asks about the same business."""
    updates = tuple(RowUpdate(LeadKey(f"k{n:02}"), n, "Why", "", "fresh", "fresh +10") for n in range(2, 32))
    paper = Paper(show_all="leadwright --config demo/config.yaml plan --all")

    shown = plan_screen(Plan(NOW, 30, updates, sheet="Leads"), COLUMNS, BERLIN, paper=paper)

    assert "  ... 20 more: leadwright --config demo/config.yaml plan --all" in shown.splitlines()


def test_a_long_plan_is_cut_and_says_how_to_see_all() -> None:
    """Of 30 changed rows ten are shown, with the number of the others and the way to them."""
    updates = tuple(RowUpdate(LeadKey(f"k{n:02}"), n, "Why", "", "fresh", "fresh +10") for n in range(2, 32))
    plan = Plan(NOW, 30, updates, sheet="Leads")

    short = plan_screen(plan, COLUMNS, BERLIN).splitlines()
    whole = plan_screen(plan, COLUMNS, BERLIN, everything=True)

    assert "  ... 20 more: leadwright plan --all" in short
    assert sum("fresh +10" in line for line in short) == 10
    assert "more: leadwright" not in whole
    assert whole.count("fresh +10") == 30


def test_a_plan_of_nothing_says_so() -> None:
    """When nothing is due and nothing changes, the plan is three lines."""
    assert plan_screen(Plan(NOW, 3, sheet="Leads"), COLUMNS, BERLIN) == screen("""
        Leads      3 rows in "Leads"
        Sheet      nothing to write

        Emails     none now, none later
        """)


def test_a_cell_cannot_write_over_the_screen() -> None:
    """Signs that would move the cursor, colour the screen or turn the line around are not shown."""
    names = {EVA: "Eva\x1b[2J\nMuster\u202e"}
    plan = replace(PLAN, names=names)

    shown = plan_screen(plan, COLUMNS, BERLIN)

    assert "Eva[2J Muster " in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_the_question_before_a_run_counts_what_it_does() -> None:
    """The question names emails, cells and tasks, in this order."""
    assert summary(PLAN) == "3 emails, 6 cells, 1 task"


@dataclass(frozen=True)
class Ran:
    """What a run reports."""

    run: str = "2026-11-23-a"
    plan: Plan = PLAN
    before: Aftermath = field(default_factory=Aftermath)
    came_back: tuple[CameBack, ...] = ()
    accepted: int = 9
    deferred: int = 2
    refused: int = 0
    in_doubt: int = 0
    held: int = 4
    cells_written: int = 30
    cells_skipped: int = 1
    backup: str = ""
    problems: tuple[Problem, ...] = PLAN.problems
    notes: tuple[str, ...] = ("Stage of tom@reich.example was left alone: someone edited it while we worked",)
    seconds: float = 41.2
    exit_code: int = 1


DOUBT = MessageRecord(
    key=MessageKey("m" * 52),
    sequence="welcome",
    step="welcome-1",
    lead_key=LeadKey("nils@hafen.example"),
    address="nils@hafen.example",
    company="hafen.example",
    sender="anna",
    state=MessageState.IN_DOUBT,
    at=datetime(2026, 11, 23, 8, 14, tzinfo=UTC),
    reserved_at=datetime(2026, 11, 23, 8, 13, tzinfo=UTC),
    subject="Coffee for the harbour?",
    message_id="<m@bergblick.example>",
)


def test_a_run_says_what_became_of_every_email_and_cell() -> None:
    """The last screen of a run counts what was sent, put off, held back, written and left alone."""
    assert run_screen(Ran()) == screen("""
        |  emails      9 sent, 2 put off by the receiving server (they stay due),
        |              4 held back
        |  sheet       30 cells written, 1 left alone
        |              Stage of tom@reich.example was left alone: someone edited it while
        |              we worked
        |  tasks       1 thing to do by hand, under Next step in the sheet
        |  cannot use  1 row: leadwright plan shows which, and what to do
        |Done in 41 s.
        """)


def test_after_a_crash_the_run_names_what_is_in_doubt() -> None:
    """A run after a power cut begins with the emails nobody knows about, and what to do."""
    stopped = CutOff("2026-11-23-a", datetime(2026, 11, 23, 8, 14, tzinfo=UTC), accepted=6, unsent=4)
    unknown = Settled(DOUBT, Verdict.UNKNOWN)
    shown = run_screen(Ran(before=Aftermath(stopped, (DOUBT,), (unknown,)), in_doubt=1), zone=ZoneInfo("Europe/Berlin"))

    assert shown.startswith(
        screen("""
        The last run stopped at Mon 09:14. 6 emails left for certain, 4 were not sent, 1
        is in doubt.
        Nobody can say yet whether the emails to these have left: nils@hafen.example.
        Decide with  leadwright settle  ; nothing more goes to them until then.

        """)
    )
    assert "1 in doubt: decide with  leadwright settle" in shown


def test_what_evidence_settled_is_told_first() -> None:
    """What the Sent folder proved of emails in doubt is said, and what follows; what it could not prove, too."""
    others = [replace(DOUBT, address=f"{name}@hafen.example") for name in ("ole", "pia")]
    before = Aftermath(
        settled=(
            Settled(DOUBT, Verdict.SENT, "found in the Sent folder of anna"),
            Settled(others[0], Verdict.NOT_SENT, "not found in the Sent folder of anna"),
            Settled(others[1], Verdict.UNKNOWN, "the Sent folder of jonas could not be looked into: no connection"),
        )
    )

    assert run_screen(Ran(before=before)).startswith(
        screen("""
        nils@hafen.example: found in the Sent folder of anna. Counted as sent.
        ole@hafen.example: not found in the Sent folder of anna. It goes again, in the
        same words.
        pia@hafen.example: the Sent folder of jonas could not be looked into: no
        connection.
        Nobody can say yet whether the emails to these have left: pia@hafen.example.
        Decide with  leadwright settle  ; nothing more goes to them until then.

        """)
    )


def test_the_copy_of_the_sheet_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who looks for the sheet as it was finds its path, from where they are."""
    monkeypatch.chdir(tmp_path)
    backup = str(tmp_path / ".leadwright" / "backups" / "leads.xlsx")

    assert "a copy of it as it was: .leadwright/backups/leads.xlsx" in run_screen(Ran(backup=backup))


def test_emails_that_went_into_a_folder_are_not_called_sent_to_leads() -> None:
    """With no mail server set up, the screen says that no lead got anything."""
    where_to = " as files into outbox/, not to the leads"
    shown = run_screen(Ran(deferred=0, held=0, plan=Plan(NOW, 12), notes=()), where_to=where_to)

    assert shown == screen("""
        |  emails      9 sent as files into outbox/, not to the leads
        |  sheet       30 cells written, 1 left alone
        |Done in 41 s.
        """)


def test_a_run_tells_programs_the_fields_of_the_appendix() -> None:
    """What run --json prints has every count by its glossary name."""
    data = run_to_json(Ran())

    assert {
        name: data[name]
        for name in ("run", "accepted", "deferred", "refused", "in_doubt", "held", "cells_written", "cells_skipped")
    } == {
        "run": "2026-11-23-a",
        "accepted": 9,
        "deferred": 2,
        "refused": 0,
        "in_doubt": 0,
        "held": 4,
        "cells_written": 30,
        "cells_skipped": 1,
    }
    assert data["problems"] == [
        {
            "where": "Leads!C131 (Ann Gruber)",
            "what": '"ann@gmial" is not an email address: no period after the @',
            "fix": "",
        }
    ]


def fact(at: datetime, kind: str, **facts: str | float | None) -> Entry:
    """Return something that happened."""
    return Entry(at, kind, facts)


MONDAY = datetime(2026, 11, 16, 8, 12, tzinfo=UTC)
ENTRIES = (
    fact(MONDAY, "snapshot", run="a", score=50, segment="warm", stage="New", stage_since="2026-11-16T08:12:00Z"),
    fact(MONDAY, "move", run="a", sequence="welcome", move="start", step="", why=""),
    fact(MONDAY, "message", state="reserved", message="m1", step="welcome-1", subject="Coffee?", reply=""),
    fact(MONDAY, "message", state="handing over", message="m1", step="welcome-1", subject="Coffee?", reply=""),
    fact(MONDAY, "message", state="accepted", message="m1", step="welcome-1", subject="Coffee?", reply="250 ok"),
    fact(MONDAY, "cell", column="Stage", old="New", new="Contacted", outcome="written", found="New", detail=""),
    fact(MONDAY, "cell", column="Score", old=None, new=50, outcome="person won", found=99, detail=""),
    fact(MONDAY + timedelta(days=3), "message", state="reserved", message="m2", step="welcome-2", subject="", reply=""),
    fact(MONDAY + timedelta(days=4), "signal", signal="replied", detail=""),
    fact(MONDAY + timedelta(days=4), "move", run="b", sequence="welcome", move="stop", step="", why="replied"),
    fact(
        MONDAY + timedelta(days=5),
        "suppression",
        address="eva@muster.example",
        what="suppress",
        why="asked on the phone",
    ),
)


def test_the_history_of_a_lead_reads_like_a_diary() -> None:
    """Every line has a moment, what it is about, and what happened; steps on the way to a sent email are left out."""
    assert history_screen("Eva Muster", ENTRIES, BERLIN, NOW) == screen("""
        Eva Muster

        Mon 16 Nov 09:12  known      warm, 50 points, stage New
        Mon 16 Nov 09:12  step       emails begin (welcome)
        Mon 16 Nov 09:12  email      welcome-1 sent: "Coffee?"
        Mon 16 Nov 09:12  sheet      Stage: New -> Contacted
        Mon 16 Nov 09:12  sheet      Score left alone: person won, 99 stands there
        Thu 19 Nov 09:12  email      welcome-2 ready to be sent
        Fri 20 Nov 09:12  from them  replied
        Fri 20 Nov 09:12  step       emails stopped (welcome): replied
        Sat 21 Nov 09:12  stop       nothing may be sent to eva@muster.example: asked..
        """)


def test_the_history_of_an_unknown_lead_is_empty() -> None:
    """Nothing recorded is said in words."""
    assert history_screen("Eva", (), BERLIN, NOW) == "Eva\n\n  nothing has happened yet"


def test_programs_read_history_as_entries_with_a_moment_and_a_kind() -> None:
    """What history --json prints is the key and one object for each thing that happened, in the business's zone."""
    data = history_to_json("eva@muster.example", ENTRIES[4:5], BERLIN)

    assert data == {
        "key": "eva@muster.example",
        "entries": [
            {
                "at": "2026-11-16T09:12:00+01:00",
                "kind": "message",
                "state": "accepted",
                "message": "m1",
                "step": "welcome-1",
                "subject": "Coffee?",
                "reply": "250 ok",
            }
        ],
    }


RUNS = (
    RunRecord("2026-11-17-a", "run", MONDAY + timedelta(days=1), None, None),
    RunRecord("2026-11-16-a", "run", MONDAY, MONDAY + timedelta(seconds=41), 1),
)


def test_the_last_runs_say_how_they_ended() -> None:
    """A run without an end is at work or was cut off; the others say how they ended."""
    assert runs_screen(RUNS, BERLIN, NOW) == screen("""
        2026-11-17-a  run  Tue 17 Nov 09:12  not ended: it is at work, or it was cut off
        2026-11-16-a  run  Mon 16 Nov 09:12  done, but not all of it went well
        """)
    assert runs_to_json(RUNS[1:], BERLIN) == {
        "runs": [
            {
                "run": "2026-11-16-a",
                "command": "run",
                "started_at": "2026-11-16T09:12:00+01:00",
                "ended_at": "2026-11-16T09:12:41+01:00",
                "exit_code": 1,
            }
        ]
    }


def test_settle_says_what_is_in_doubt_and_how_to_decide() -> None:
    """The list names lead, step and subject, and the three ways to decide, ready to be copied."""
    looks = (
        Clue(DOUBT.at + timedelta(minutes=6), "the Sent folder of anna", is_there=False, absence=Absence.LATER),
        Clue(DOUBT.at + timedelta(minutes=16), "the Sent folder of anna", is_there=False, absence=Absence.LATER),
    )

    assert settle_screen([Doubt(DOUBT, DOUBT.at, looks)], lambda words: f"leadwright {words}") == screen("""
        1 email in doubt: the server never said whether it took over.
          nils@hafen.example  welcome-1  2026-11-23 08:14 UTC  "Coffee for the harbour?"
            2026-11-23 08:30 UTC: not in the Sent folder of anna

        Look into the sender's Sent folder, or ask the lead. Then:
          leadwright settle nils@hafen.example --sent     it arrived
          leadwright settle nils@hafen.example --resend   it did not: send it again
          leadwright settle nils@hafen.example --drop     leave it
        """)


def test_a_preview_shows_the_words_under_the_facts() -> None:
    """The preview has subject, sender, receiver, length, links and whether one can unsubscribe, then the email."""
    facts = EmailFacts(
        "Coffee for 80?", "Anna Weber <anna@b.example>", "eva@muster.example", 96, 1, may_unsubscribe=True
    )

    assert preview_screen(facts, Rendered("Coffee for 80?", "Hi Eva,\n\nhow are you?\n", "<p>Hi</p>")) == screen("""
        Subject  Coffee for 80?
        From     Anna Weber <anna@b.example>
        To       eva@muster.example
                 96 words, 1 link, unsubscribe line is there

        Hi Eva,

        how are you?
        """)


def found(text: str, where: str, *asked: tuple[str, str | int | date | None], holds: bool = True) -> Finding:
    """Return what a condition found."""
    return Finding(text, where, holds, asked, () if holds else (text,))


@dataclass(frozen=True)
class View:
    """What a look at one lead gives."""

    lead: Lead = field(default=Lead(EVA, 14, (), address="eva@muster.example"))
    name: str = "Eva Muster, Muster AG"
    qualification: Qualification = field(
        default=Qualification(40, "warm", "Contacted", (Reason(0, 30),), moved_by=None)
    )
    trace: Trace = field(
        default=Trace(
            Qualification(40, "warm", "Contacted"),
            (
                ScoringTrace(0, "big", "", 30, 30, found("employees >= 20", "config.yaml:36", ("employees", 80))),
                ScoringTrace(
                    1,
                    "fresh",
                    "",
                    10,
                    10,
                    replace(
                        found("asked_on is in the last 14 days", "config.yaml:48", ("asked_on", date(2026, 11, 16))),
                        ends=date(2026, 11, 30),
                    ),
                ),
                ScoringTrace(
                    2,
                    "near",
                    "",
                    0,
                    10,
                    found("country is one of Germany, Austria", "config.yaml:45", ("country", None), holds=False),
                ),
            ),
            (),
            (SegmentTrace("hot", None), SegmentTrace("warm", found("score >= 25", "config.yaml:70", ("score", 40)))),
            (),
        )
    )
    history: LeadHistory = field(
        default=LeadHistory(
            messages=(replace(DOUBT, lead_key=EVA, state=MessageState.ACCEPTED, at=MONDAY),),
            signals=(Signal(SignalKind.OPENED, MONDAY + timedelta(hours=2)),),
        )
    )
    sends: tuple[Send, ...] = ()
    later: tuple[Send, ...] = field(default=(send(EVA, "welcome-3", NOW + timedelta(days=3)),))
    holds: tuple[Hold, ...] = field(
        default=(
            Hold(
                EVA,
                "welcome, welcome-2",
                "a colleague at Muster AG got an email on Sun 22 Nov",
                HoldKind.COMPANY,
                NOW + timedelta(days=1),
            ),
        )
    )
    tasks: tuple[Task, ...] = ()
    moves: tuple[Move, ...] = ()


def test_explain_says_where_every_point_comes_from_and_what_becomes_of_the_emails() -> None:
    """Rules that gave points come first, then those that would; then the stage, what was sent, held and planned."""
    assert lead_screen(View(), POLICY, NOW) == screen("""
        Eva Muster, Muster AG, row 14                      warm, 40 points (score >= 25)
          +30  employees >= 20                       80               config.yaml:36
          +10  asked_on is in the last 14 days       2026-11-16       config.yaml:48
               until Mon 30 Nov
            0  country is one of Germany, Austria    (empty)          config.yaml:45
               would add 10
        Stage    Contacted: no rule moves it now
        Emails   welcome-1 sent Mon 16 Nov 09:12
                 opened Mon 16 Nov 11:12
                 welcome-2 is due, held: a colleague at Muster AG got an email on Sun 22
                 Nov, until Tue 24 Nov 09:00
        Next     welcome-2 on Tue 24 Nov
                 welcome-3 on Thu 26 Nov
        """)


def test_explain_says_that_a_typed_stage_stays() -> None:
    """A stage that somebody typed is not explained by a rule."""
    typed = LeadHistory(typed=(Typed(Role.STAGE, "Meeting", NOW),))
    view = View(history=typed, qualification=Qualification(40, "warm", "Meeting"))

    assert "Stage    Meeting: somebody typed it; no rule moves it" in lead_screen(view, POLICY, NOW).splitlines()


def test_programs_read_the_reasons_with_their_lines() -> None:
    """What explain --json prints has points, rule, reason, value and place of each rule, emails and what comes next."""
    data = lead_to_json(View(), POLICY, NOW)

    assert {name: data[name] for name in ("key", "score", "segment", "stage", "stage_because")} == {
        "key": "eva@muster.example",
        "score": 40,
        "segment": "warm",
        "stage": "Contacted",
        "stage_because": "Contacted: no rule moves it now",
    }
    assert data["reasons"][1] == {
        "points": 10,
        "rule": "asked_on is in the last 14 days",
        "because": "fresh",
        "value": "2026-11-16",
        "where": "config.yaml:48",
        "ends": "2026-11-30",
    }
    assert data["emails"] == [
        {
            "sequence": "welcome",
            "step": "welcome-1",
            "state": "accepted",
            "at": "2026-11-16T09:12:00+01:00",
            "why": "",
        },
        {
            "sequence": "welcome",
            "step": "welcome-2",
            "state": "held",
            "at": "2026-11-24T09:00:00+01:00",
            "why": "a colleague at Muster AG got an email on Sun 22 Nov",
        },
    ]
    assert data["next"] == [
        {
            "what": "email",
            "sequence": "welcome",
            "step": "welcome-3",
            "at": "2026-11-26T09:00:00+01:00",
            "text": "Coffee?",
        }
    ]


@pytest.mark.parametrize(
    ("text", "width", "shown"),
    [
        pytest.param("Muster AG", 9, "Muster AG", id="it fits"),
        pytest.param("Muster AG", 8, "Muster..", id="letters"),
        pytest.param("山田商店", 7, "山田..", id="two columns each"),
        pytest.param("José", 4, "José", id="composed"),
        pytest.param("Jose\u0301", 4, "Jose\u0301", id="an accent of its own"),
    ],
)
def test_text_is_cut_by_the_columns_it_takes(text: str, width: int, shown: str) -> None:
    """What is cut ends with two dots and never takes more columns than there are."""
    assert cut(text, width) == shown
    assert width_of(cut(text, width)) <= width


def test_persian_names_keep_their_joiners() -> None:
    """The sign that parts two letters of a Persian name is not a control character of the screen."""
    assert plain("علی\u200cرضا") == "علی\u200cرضا"


def test_a_long_word_is_never_broken() -> None:
    """An address longer than the line stands on a line of its own, whole."""
    assert wrapped(["see", "x" * 20, "there"], indent=2, width=12) == f"see\n  {'x' * 20}\n  there"
