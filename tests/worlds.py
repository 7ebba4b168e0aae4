"""A small made-up business to run in memory: its policy, its leads, its sheet, its ledger, its mail server."""

from __future__ import annotations

import weakref
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from automations.clock import FixedClock
from automations.config.sentences import Scope, fact_fields, parse_condition
from automations.core.alerts import Alert
from automations.core.conditions import Condition
from automations.core.evidence import Doubt, Sighting
from automations.core.identity import Mark
from automations.core.leads import Book, Cell, Columns, Field, FieldType, Lead, Role
from automations.core.messages import Rendered, footer_lines
from automations.core.plan import Plan
from automations.core.playbook import CannotWrite, Playbook, compile_playbook
from automations.core.policy import (
    Business,
    EmailSequence,
    Facts,
    Limits,
    Policy,
    Rate,
    Ruleset,
    ScoringRule,
    SegmentRule,
    Sender,
    SendWindow,
    StageRule,
    Step,
    Wait,
)
from automations.core.rules import Qualification
from automations.ledger import Ledger
from automations.ledger.sqlite import open_memory_ledger
from automations.mail import Mailer
from automations.mail.inbox import MemoryMailbox, OpenMailbox
from automations.mail.memory import MemoryMailer
from automations.runner import RunReport, look, run
from automations.sources.memory import MemorySource

MONDAY = datetime(2026, 11, 23, 9, tzinfo=UTC)
"""Ten o'clock in Berlin, on a business day."""

STAGES = ("New", "Contacted", "Replied", "Meeting", "Won", "Lost")
FIELDS = (
    Field("email", "Email"),
    Field("name", "Name"),
    Field("company", "Company"),
    Field("employees", "Office size", FieldType.NUMBER),
    Field("source", "Source", choices=("Website", "Referral", "Cold list")),
)
HEADERS = (*(each.header for each in FIELDS), "Notes", "Score", "Segment", "Stage", "Next step", "Why", "Email status")
OWNED = (
    (Role.SCORE, "Score"),
    (Role.SEGMENT, "Segment"),
    (Role.STAGE, "Stage"),
    (Role.NEXT_STEP, "Next step"),
    (Role.WHY, "Why"),
    (Role.STATUS, "Email status"),
)
_SCOPE = Scope(FIELDS, fact_fields(stages=STAGES, segments=("hot", "warm", "cold")))


def sentence(text: str) -> Condition:
    """Return a rule sentence about the fields of this business."""
    condition, problems = parse_condition(text, _SCOPE, "config.yaml:1")
    assert condition is not None, problems
    return condition


BUSINESS = Business("Bergblick Office Coffee", "Lindenstr. 12, 10969 Berlin", ZoneInfo("Europe/Berlin"))
ANNA = Sender("anna", "Anna Weber", "anna@shop.example", per_day=3)
JONAS = Sender("jonas", "Jonas Lang", "jonas@shop.example")
POLICY = Policy(
    business=BUSINESS,
    columns=Columns(FIELDS, key="email", email="email", owned=OWNED),
    rules=Ruleset(
        scoring=(
            ScoringRule(30, sentence("employees >= 20"), "big"),
            ScoringRule(20, sentence("source is Referral"), "referral"),
            ScoringRule(15, sentence("stage is Contacted"), "under way", group="contact"),
            ScoringRule(10, sentence("replied"), "answers", group="contact"),
            ScoringRule(-20, sentence("employees is empty"), "unknown size"),
        ),
        caps=(("contact", 20),),
        segments=(
            SegmentRule("hot", sentence("score >= 50")),
            SegmentRule("warm", sentence("score >= 20")),
            SegmentRule("cold", None),
        ),
        stages=STAGES,
        stage_rules=(
            StageRule("Contacted", sentence("stage is New and emails_sent >= 1")),
            StageRule("Replied", sentence("replied")),
        ),
    ),
    senders=(ANNA, JONAS),
    limits=Limits(window=SendWindow(time(9), time(17)), per_company=Rate(2, timedelta(days=2)), ask_me_above=None),
    sequences=(
        EmailSequence(
            "welcome",
            sentence("segment is one of hot, warm and stage is New"),
            (
                Step("hello", template="hello.md"),
                Step("more", template="more.md", wait=Wait(business_days=2), only_if=sentence("segment is hot")),
                Step("call", task="Call {{ name }}"),
            ),
            senders=("anna",),
            stop_when=(sentence("stage is one of Meeting, Won, Lost"),),
            stop_on_company_reply=True,
        ),
        EmailSequence(
            "keep_warm",
            sentence("source is not Cold list and (segment is cold or stage is Contacted)"),
            (
                Step("note", task="Look at {{ name }}"),
                Step("news", template="news.md"),
                Step("tips", template="tips.md", wait=Wait(timedelta(days=7))),
            ),
            senders=("jonas",),
        ),
    ),
)
FACTS = Facts(free_mailbox_domains=frozenset({"free.example"}), holidays=frozenset({date(2026, 12, 25)}))


@dataclass
class PlainWords:
    """Emails and tasks without templates: a lead without a name cannot be written to."""

    without_subject: Collection[str] = ()

    def email(self, step: Step, lead: Lead, qualification: Qualification, sender: Sender) -> Rendered:
        """Return a short email with its footer."""
        if lead.values[1] is None:
            raise CannotWrite(f"templates/{step.template}:1: name is empty for this lead")
        del qualification, sender
        footer = footer_lines(BUSINESS, "en")
        text = "\n".join(["Good morning", *footer])
        subject = "" if step.name in self.without_subject else f"{step.name} for {lead.values[1]}"
        return Rendered(subject, text, "".join(f"<p>{line}</p>" for line in text.split("\n")))

    def task(self, step: Step, lead: Lead, qualification: Qualification, sender: Sender | None) -> str:
        """Return what to do."""
        del qualification, sender
        return f"{step.name} {lead.values[1]}"


@dataclass
class World:
    """A business with everything in memory. *mailer* is what all its senders hand their messages to."""

    source: MemorySource
    policy: Policy = POLICY
    mailer: MemoryMailer = field(default_factory=MemoryMailer)
    ledger: Ledger = field(default_factory=open_memory_ledger)
    told: list[Alert] = field(default_factory=list)
    texts: PlainWords = field(default_factory=PlainWords)
    clock: FixedClock = field(default_factory=lambda: FixedClock(MONDAY))
    kept_marks: list[Mark] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    mailboxes: dict[str, MemoryMailbox] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Close the ledger when nobody needs this business any more."""
        weakref.finalize(self, self.ledger.close)

    def open_source(self) -> MemorySource:
        """Return the sheet."""
        return self.source

    def open_ledger(self) -> AbstractContextManager[Ledger]:
        """Return the one ledger, which stays open."""
        return nullcontext(self.ledger)

    def marks(self, source: object) -> World:
        """Return where marks are kept: here."""
        del source
        return self

    def read(self) -> tuple[Mark, ...]:
        """Return every mark there is."""
        return tuple(self.kept_marks)

    def write(self, mark: Mark) -> None:
        """Keep one mark."""
        self.kept_marks = [mark]

    def open_mailer(self, sender: str) -> Mailer:
        """Return the one mail server."""
        del sender
        return self.mailer

    def look_up(self, sender: str, doubts: Sequence[Doubt], now: datetime) -> tuple[Sighting, ...]:
        """Return what is seen of a sender's messages; by itself, nothing can be seen anywhere."""
        del sender, now
        return tuple(
            replace(each, looked_for=frozenset(one.record.message_id for one in doubts)) for each in self.sightings
        )

    def inboxes(self) -> dict[str, OpenMailbox]:
        """Return the mailboxes of the senders that have one."""
        return {sender: mailbox.opened for sender, mailbox in self.mailboxes.items()}

    def next_run(self, now: datetime) -> datetime | None:
        """Return that nobody planned another run."""
        del now
        return None

    def tell(self, alert: Alert, now: datetime) -> str:
        """Keep what one of us was told."""
        del now
        self.told.append(alert)
        return ""

    def playbook(self, book: Book, now: datetime) -> Playbook:
        """Return the policy ready to decide by."""
        del book, now
        return compile_playbook(self.policy, FACTS)

    def words(self, now: datetime) -> PlainWords:
        """Return the emails."""
        del now
        return self.texts

    def plan(self) -> Plan:
        """Return what a run would do now."""
        return look(self, self.clock.now())

    def run(self, **options: object) -> RunReport:
        """Run now, with a yes to everything."""
        return run(self, self.clock, approve=lambda _: "", **options)  # type: ignore[arg-type]  # options of run's own


def row(
    email: str | None,
    name: str | None = "Eva",
    company: str | None = "Muster AG",
    employees: Cell = 80,
    source: str | None = "Referral",
    *ours: Cell,
) -> list[Cell]:
    """Return a row of the sheet; *ours* are our own columns from Score on."""
    return [email, name, company, employees, source, "call after five", *ours, *[None] * (6 - len(ours))]
