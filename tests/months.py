"""A month of a business of three senders, lived: its real servers, its sheet, its leads, and runs that are killed."""

from __future__ import annotations

import csv
import imaplib
import os
import random
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes
from email.message import Message
from pathlib import Path

from dovecot import Dovecot
from month_mail import About, noise, text_of, write
from month_model import FIRST_DAY, LOOKS, RUNS, SENDERS, STEPS, ZONE, End, Person, Told, arrives, away_until

from automations.clock import FixedClock
from automations.core.history import EnrollmentState, MessageState
from automations.core.leads import LeadKey
from automations.crash import VARIABLE
from automations.ledger.sqlite import open_ledger
from automations.listening import listen
from automations.mail.smtp_sim import SmtpSim
from automations.project import load_project
from automations.runner import run

KILLED = {
    1: "after_dot_sent:7",
    4: "before_replace",
    8: "after_mark:3",
    10: "after_first_write",
    15: "after_settle:2",
    17: "after_reserve",
    22: "after_write",
    24: "before_settle:2",
}
"""The days whose first run is killed, and where."""
_PASSWORD = "geheim"  # noqa: S105 - of a server that lives as long as one test

_CONFIG = """\
version: 1
business:
  name: Nordlicht Räder
  address: Kaistr. 1, 24103 Kiel, Germany
  timezone: Europe/Berlin
leads:
  csv: leads.csv
  key: email
  columns:
    email: Email
    name: Name
    company: Company
    owner: {{header: Owner, choices: [anna, jonas, mara]}}
  write: {{stage: Stage, next_step: Next step, status: Email status, score: Score, segment: Segment, why: Why}}
scoring:
  - {{points: 10, when: name is not empty, because: has a name}}
segments:
  warm: everything else
stages: [New, Contacted, Replied, Lost]
stage_rules:
  - {{move_to: Contacted, when: stage is New and emails_sent >= 1}}
  - {{move_to: Replied, when: replied}}
  - {{move_to: Lost, when: reply_says is not interested or unsubscribed or bounced}}
senders:
{senders}limits:
  send_between: 09:00-17:00 on weekdays
sequences:
  welcome:
    start_when: email is not empty
    sender: owner
    steps:
      - email: hello.md
      - wait: 2 business days
      - email: more.md
      - wait: 3 business days
      - email: case.md
      - wait: 4 business days
      - email: last.md
    stop_when:
      - same_company_replied
"""
_SENDER = """\
  {name}:
    from: {title} Weber <{name}@shop.example>
    smtp: {{host: 127.0.0.1, port: {smtp}, security: none, copies_to_sent: yes}}
    imap: {{host: 127.0.0.1, port: {imap}, user: {name}, password: $MAIL_PASSWORD, security: none}}
"""


class Month:
    """The business with its servers, on its way through the month."""

    def __init__(self, folder: Path, leads: Sequence[Person], smtp: SmtpSim, box: Dovecot, dice: random.Random) -> None:
        self.folder = folder
        self.leads = {lead.address: lead for lead in leads}
        self.smtp = smtp
        self.box = box
        self._dice = dice
        self._coming: list[tuple[Told, Message]] = []
        self._numbers = iter(range(10**6))
        self._filed = 0
        self.killed = 0
        self._write_config()

    def _write_config(self) -> None:
        senders = "".join(
            _SENDER.format(name=name, title=name.title(), smtp=self.smtp.port, imap=self.box.port) for name in SENDERS
        )
        (self.folder / "config.yaml").write_text(_CONFIG.format(senders=senders), encoding="utf-8")
        (self.folder / ".env").write_text(f"MAIL_PASSWORD={_PASSWORD}\n", encoding="utf-8")
        (self.folder / ".env").chmod(0o600)
        (self.folder / "templates").mkdir()
        for step in STEPS:
            text = f"Subject: {step} for {{{{ name }}}}\n\nGood morning,\n\nthis is {step}.\n"
            (self.folder / "templates" / f"{step}.md").write_text(text, encoding="utf-8")
        columns = "Email,Name,Company,Owner,Phone,Stage,Next step,Email status,Score,Segment,Why\n"
        (self.folder / "leads.csv").write_text(columns, encoding="utf-8")

    def live(self, days: int) -> None:
        """Live through so many days: people add leads and answer, the service looks and runs, and nights restart it."""
        for number in range(days):
            day = FIRST_DAY + timedelta(days=number)
            self._add_leads(number)
            for look in LOOKS:
                now = datetime.combine(day, look, ZONE)
                self._deliver(now)
                if look == time(9, 30) and number in KILLED:
                    self.killed += work_and_die(self.folder, now, KILLED[number])
                    self._take_out(day)
                    now += timedelta(minutes=30)
                work(self.folder, now, sends=look in RUNS)
                self._take_out(day)
            if number % 7 == 6:
                self._move_house()

    def _add_leads(self, number: int) -> None:
        with (self.folder / "leads.csv").open("a", encoding="utf-8") as sheet:
            for lead in self.leads.values():
                if lead.day == number:
                    sheet.write(f"{lead.address},{lead.name},{lead.company},{lead.owner},00123,,,,,,\n")

    def _take_out(self, day: date) -> None:
        """Let every email reach its lead, who makes up their mind; its sender's server files a copy at once."""
        self.smtp.settle()
        new = self.smtp.messages[self._filed :]
        self._filed = len(self.smtp.messages)
        for sender in SENDERS:
            copies = [each.content for each in new if each.mail_from.startswith(sender)]
            if copies:
                with self._open(sender) as box:
                    for copy in copies:
                        box.append("Sent", "", "", copy)
        for taken in new:
            email = message_from_bytes(taken.content)
            lead = self.leads[taken.recipients[0]]
            for answer in lead.answers[step_of(email)]:
                self._coming.append((Told(arrives(day, answer), lead, answer), email))

    def _deliver(self, now: datetime) -> None:
        """Bring what has come until now into the mailboxes; here and there a colleague is quicker than we."""
        here = sorted((each for each in self._coming if each[0].at <= now), key=lambda each: each[0].at)
        self._coming = [each for each in self._coming if each[0].at > now]
        for sender in SENDERS:
            with self._open(sender) as box:
                for told, email in here:
                    if told.person.owner == sender:
                        number = next(self._numbers)
                        about = About(email, told.person.address, told.at, away_until(told), number)
                        _put(box, write(told.answer.kind, about), told.at, seen=number % 5 == 0)
                        if number % 11 == 0:
                            _put(box, noise(number, told.at), told.at, seen=False)
                if self._dice.random() < 0.1:
                    _tidy(box)

    def _move_house(self) -> None:
        """Make a folder of a mailbox anew, as a move to another server does: all numbers in it are others."""
        with self._open("anna") as box:
            box.select("Kunden")
            _, found = box.search(None, "ALL")
            numbers = found[0].decode().split()
            mails = [box.fetch(each, "(INTERNALDATE BODY.PEEK[])")[1][0] for each in numbers]
            box.close()
            box.delete("Kunden")
            box.create("Kunden")
            for mail in mails:
                assert isinstance(mail, tuple)
                box.append("Kunden", "", '"' + mail[0].decode().split('"')[1] + '"', mail[1])

    @contextmanager
    def _open(self, sender: str) -> Iterator[imaplib.IMAP4]:
        box = imaplib.IMAP4("127.0.0.1", self.box.port, timeout=20)
        try:
            box.login(sender, _PASSWORD)
            if box.select("Kunden")[0] != "OK":
                box.create("Kunden")
            yield box
        finally:
            box.logout()

    def ends(self) -> dict[str, End]:
        """Return where every lead stands, by the ledger, the sheet and the mail server."""
        ends = {address: End() for address in self.leads}
        with closing(open_ledger(self.folder / ".leadwright")) as ledger:
            history = ledger.history(datetime(2026, 4, 20, tzinfo=UTC))
            listed = ledger.suppressions()
            assert not ledger.in_doubt()
        with (self.folder / "leads.csv").open(encoding="utf-8", newline="") as sheet:
            header, *rows = csv.reader(sheet)
        for row in rows:
            cells = dict(zip(header, row, strict=True))
            end = ends[cells["Email"]]
            end.stage, end.status = cells["Stage"], cells["Email status"]
        for address, end in ends.items():
            known = history.of(LeadKey(address))
            found = listed.of(address)
            end.suppressed = found.why if found else ""
            for place in known.enrollments:
                end.place = _PLACES[place.state] + (f": {place.why}" if place.why else "")
            end.got = sorted(
                (
                    (each.step, each.at.astimezone(ZONE).date())
                    for each in known.messages
                    if each.state is MessageState.ACCEPTED
                ),
                key=lambda got: STEPS.index(got[0]),
            )
        return ends

    def received(self) -> dict[str, list[str]]:
        """Return the emails that the mail server took for each lead, in order."""
        received: dict[str, list[str]] = {address: [] for address in self.leads}
        for taken in self.smtp.messages:
            received[taken.recipients[0]].append(step_of(message_from_bytes(taken.content)))
        return received


_PLACES = {
    EnrollmentState.ACTIVE: "under way",
    EnrollmentState.FINISHED: "finished",
    EnrollmentState.STOPPED: "stopped",
}


def step_of(email: Message) -> str:
    """Return which of the four an email of ours is."""
    text = text_of(email)
    return next(step for step in STEPS if f"this is {step}." in text)


def _put(box: imaplib.IMAP4, mail: bytes, at: datetime, *, seen: bool) -> None:
    answer, detail = box.append("INBOX", "\\Seen" if seen else "", imaplib.Time2Internaldate(at), mail)
    assert answer == "OK", detail


def _tidy(box: imaplib.IMAP4) -> None:
    """Read everything and put it away, before we have looked."""
    _, counted = box.select("INBOX")
    if counted == [b"0"]:
        return
    box.store("1:*", "+FLAGS", "\\Seen")
    box.uid("MOVE", "1:*", "Kunden")


def work(folder: Path, now: datetime, *, sends: bool) -> None:
    """Do what the service does at one moment, as a process that has just been started."""
    project = load_project(folder / "config.yaml", {})
    clock = FixedClock(now)
    if sends:
        run(project, clock, approve=lambda _: "")
    else:
        listen(project, clock)


def work_by_name(folder: str, now: str) -> None:
    """Do the same with words, as they come from a command line."""
    work(Path(folder), datetime.fromisoformat(now), sends=True)


def work_and_die(folder: Path, now: datetime, point: str) -> bool:
    """Run in a process of its own that is killed at a point; return whether it was."""
    code = "import months, sys; months.work_by_name(*sys.argv[1:])"
    path = os.pathsep.join([str(Path(__file__).parent), str(Path(__file__).parents[1])])
    environment = {**os.environ, VARIABLE: point, "PYTHONPATH": path}
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder), now.isoformat()],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode in {0, -9}, done.stderr
    return done.returncode == -9


@contextmanager
def month(folder: Path, leads: Sequence[Person], dice: random.Random) -> Iterator[Month]:
    """Return the business on the evening before its first day."""
    users = dict.fromkeys(SENDERS, _PASSWORD)
    with SmtpSim() as smtp, Dovecot(folder, users=users) as box:
        yield Month(folder, leads, smtp, box, dice)
