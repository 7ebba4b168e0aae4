"""A shop whose runs are killed: its workbook, its ledger, its mail server on a bad day, and exact counters over all."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import sys
import threading
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dovecot import Dovecot
from openpyxl import Workbook
from python_calamine import CalamineWorkbook
from workbooks import stored_members

import automations
from automations.clock import FixedClock
from automations.core.history import MessageRecord, MessageState
from automations.core.leads import LeadKey
from automations.crash import VARIABLE
from automations.ledger.sqlite import open_ledger
from automations.mail.smtp_sim import Answer, Moment, Script, SmtpSim, bad
from automations.project import load_project
from automations.runner import RunReport, run

HEADERS = ("Email", "Full name", "Company", "Office size", "Double", "Notes")
SHEET_PART = "xl/worksheets/sheet1.xml"
_CONFIG = """\
version: 1
business:
  name: Nordlicht Räder
  address: Kaistr. 1, 24103 Kiel, Germany
  timezone: Europe/Berlin
leads:
  excel: leads.xlsx
  tab: Leads
  key: email
  columns:
    email: Email
    name: Full name
    company: Company
    employees: {{header: Office size, type: number}}
  write:
    score: Score
    segment: Segment
    stage: Stage
    next_step: Next step
    why: Why
    status: Email status
scoring:
  - points: 30
    when: employees >= 20
    because: big enough
segments:
  hot: score >= 30
  cold: everything else
stages: [New, Contacted]
stage_rules:
  - {{move_to: Contacted, when: stage is New and emails_sent >= 1}}
senders:
  anna:
    from: Anna Weber <anna@shop.example>
    connections: {connections}
    smtp: {{host: 127.0.0.1, port: {port}, security: none{more}}}
{imap}sequences:
  welcome:
    start_when: stage is New
    sender: anna
    steps:
      - email: hello.md
      - wait: 9 days
      - email: again.md
"""
_IMAP = "    imap: {{host: 127.0.0.1, port: {port}, user: anna, password: $ANNA_PASSWORD, security: none}}\n"
_ROOT = Path(automations.__file__).parents[1]


_SAID: Mapping[str, AbstractSet[MessageState | None]] = {
    "hello sent": {MessageState.ACCEPTED},
    "hello put off by the receiving server": {MessageState.DEFERRED},
    "hello refused by the mail server": {MessageState.REFUSED},
    "address does not exist": {MessageState.REFUSED},
    "hello in doubt, see  leadwright settle": {MessageState.IN_DOUBT},
    "": {MessageState.RESERVED, None},
}
"""What Email status says (without the day), and what may then stand in the ledger; None: no email was ever made."""
_NOT_HANDED_OVER = {MessageState.RESERVED, MessageState.DEFERRED, MessageState.REFUSED}


@dataclass(frozen=True, slots=True)
class Counters:
    """What became of every planned email, one to a lead; *waiting* was not tried yet.

    The lists at the end name the leads, or messages, of what must never be.
    """

    waiting: int
    accepted: int
    deferred: int
    refused: int
    in_doubt: int
    twice: tuple[str, ...] = ()
    """Stored by the server more than once."""
    claimed: tuple[str, ...] = ()
    """Accepted in the ledger, and not on the server: lost in silence."""
    denied: tuple[str, ...] = ()
    """Not handed over, deferred or refused in the ledger, and yet on the server."""
    untold: tuple[str, ...] = ()
    """The sheet does not say what the ledger knows."""


@dataclass(slots=True)
class Shop:
    """A folder with a config.yaml, a workbook and a ledger; its runs talk to *server*."""

    folder: Path
    server: SmtpSim
    leads: int
    box: Dovecot | None = None
    """Where its mail server files a copy of all it takes, as the big providers do."""
    people: list[list[Any]] = field(default_factory=list)
    """What people wrote, row by row: it must never change."""
    filed: int = 0

    @property
    def config(self) -> Path:
        """Return its config.yaml."""
        return self.folder / "config.yaml"

    @property
    def book(self) -> Path:
        """Return its workbook."""
        return self.folder / "leads.xlsx"

    def start(self, *words: str, crash_at: str = "", **more: str) -> subprocess.Popen[str]:
        """Start a command of the real program on this shop; *more* goes into its environment."""
        # Compiled modules are kept between runs, whatever the environment says: hundreds of runs start here.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment |= {"PYTHONPATH": str(_ROOT), "PYTHONPYCACHEPREFIX": str(self.folder / "compiled")}
        environment |= ({VARIABLE: crash_at} if crash_at else {}) | more
        return subprocess.Popen(
            [sys.executable, "-m", "automations", "--config", str(self.config), *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def ask(self, *words: str) -> dict[str, Any]:
        """Return what a command that only looks says in JSON."""
        with self.start("--json", *words) as process:
            out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        answer: dict[str, Any] = json.loads(out)
        return answer

    def run_later(self, by: timedelta) -> RunReport:
        """Run in this process, as if so much time had passed."""
        clock = FixedClock(datetime.now(UTC) + by)
        return run(load_project(self.config, os.environ), clock, approve=lambda _: "")

    def file_copies(self) -> None:
        """Put what the server has taken since the last time into the Sent folder, as big providers do by themselves."""
        self.server.settle()
        assert self.box is not None
        for message in self.server.messages[self.filed :]:
            self.box.append("anna", "Sent", message.content)
        self.filed = len(self.server.messages)

    def decide(self, decision: Callable[[MessageRecord], str]) -> None:
        """Settle every email in doubt, as a person who looks at each."""
        with closing(open_ledger(self.folder / ".leadwright")) as ledger:
            for record in ledger.in_doubt():
                ledger.decide(record.key, decision(record), datetime.now(UTC))

    def records(self) -> tuple[MessageRecord, ...]:
        """Return every message the ledger knows; none before it was made."""
        with closing(open_ledger(self.folder / ".leadwright")) as ledger:
            return ledger.history(datetime.now(UTC)).messages

    def stored(self) -> Counter[str]:
        """Return how often its server has stored each message for good."""
        return stored_messages(self.folder / "store")

    def count(self) -> Counters:
        """Return what became of every email, by comparing ledger, server and sheet."""
        stored, records = self.stored(), {record.lead_key: record for record in self.records()}
        leads = [LeadKey(f"lead{number}@kunde{number}.example") for number in range(self.leads)]
        states = {lead: records[lead].state if lead in records else None for lead in leads}
        says = self.says()
        of = Counter(states.values())
        return Counters(
            waiting=of[None] + of[MessageState.RESERVED],
            accepted=of[MessageState.ACCEPTED],
            deferred=of[MessageState.DEFERRED],
            refused=of[MessageState.REFUSED],
            in_doubt=of[MessageState.IN_DOUBT],
            twice=tuple(name for name, times in stored.items() if times > 1),
            claimed=tuple(
                lead for lead in leads if states[lead] is MessageState.ACCEPTED and not stored[records[lead].message_id]
            ),
            denied=tuple(
                lead for lead in leads if states[lead] in _NOT_HANDED_OVER and stored[records[lead].message_id]
            ),
            untold=tuple(lead for lead in leads if states[lead] not in _SAID[says.get(lead, "")]),
        )

    def says(self) -> dict[str, str]:
        """Return the Email status of each lead as the sheet has it, without the day."""
        header, *rows = CalamineWorkbook.from_path(str(self.book)).get_sheet_by_name("Leads").to_python()
        if "Email status" not in header:
            return {}
        at = header.index("Email status")
        return {str(row[0]): re.sub(r"(?<=sent) .*", "", str(row[at])) for row in rows}

    def faults(self) -> str:
        """Return what the program wrote down about faults of its own."""
        return "".join(file.read_text(encoding="utf-8") for file in self.folder.glob(".leadwright/log/fault-*.txt"))

    def check_after_a_kill(self) -> None:
        """Assert what holds at any time, however a run ended: the workbook is whole, and nobody was told wrong."""
        assert theirs(self.book) == self.people, "a cell of the team's has changed"
        with zipfile.ZipFile(self.book) as package:
            assert package.testzip() is None, "the workbook is damaged"
        if (self.folder / ".leadwright" / "ledger.db").exists():
            found = self.count()
            assert (found.twice, found.claimed, found.denied) == ((), (), ()), found


def stored_messages(store: Path) -> Counter[str]:
    """Return how often a server has stored each message for good, by Message-ID: from its own disk."""
    listed = store / "accepted.jsonl"
    lines = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
    return Counter(json.loads(line)["message_id"] for line in lines)


@contextmanager
def shop(folder: Path, leads: int, script: Script, box: Dovecot | None = None, connections: int = 1) -> Iterator[Shop]:
    """Make a shop with so many leads, every one of them due for one email, and its mail server.

    With a *box* (which has a user anna), the sender's Sent folder is there, and `Shop.file_copies` fills it.
    """
    with SmtpSim(script=script, store=folder / "store") as server:
        more = ", copies_to_sent: yes" if box else ""
        imap = _IMAP.format(port=box.port) if box else ""
        text = _CONFIG.format(port=server.port, more=more, imap=imap, connections=connections)
        (folder / "config.yaml").write_text(text, encoding="utf-8")
        (folder / ".env").write_text("ANNA_PASSWORD=geheim\n", encoding="utf-8")
        (folder / ".env").chmod(0o600)
        templates = folder / "templates"
        templates.mkdir()
        for name in ("hello.md", "again.md"):
            (templates / name).write_text("Subject: Wheels for {{ company }}\n\nGood morning.\n", encoding="utf-8")
        write_book(folder / "leads.xlsx", leads)
        yield Shop(folder, server, leads, box, theirs(folder / "leads.xlsx"))


def write_book(path: Path, leads: int) -> None:
    """Write a workbook with so many leads, a formula in every row, and a second tab."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Leads"
    sheet.append(HEADERS)
    for number in range(leads):
        row = number + 2
        name, company = f"Żaneta Muñoz {number}", f"Kunde {number} <GmbH> & Söhne"
        address = f"lead{number}@kunde{number}.example"
        sheet.append([address, name, company, number % 40, f"=D{row}*2", "call after five\n00123"])
    book.create_sheet("Prices").append(["Wheel", 12.5])
    book.save(path)
    book.close()


def theirs(path: Path) -> list[list[Any]]:
    """Return what stands in the columns of the team, by another reader than ours."""
    book = CalamineWorkbook.from_path(str(path))
    rows = book.get_sheet_by_name("Leads").to_python()
    return [row[: len(HEADERS)] for row in rows] + book.get_sheet_by_name("Prices").to_python()


def other_members(path: Path) -> dict[str, tuple[object, ...]]:
    """Return every member of a workbook with what must not change, but the sheet and what tells of recalculation."""
    members = stored_members(path.read_bytes())
    return {name: member for name, member in members.items() if name not in {SHEET_PART, "xl/workbook.xml"}}


@dataclass(frozen=True, slots=True)
class Kill:
    """When to kill a run: the *nth* time it passes a *point*, *seconds* after it began, or *answers* into a talk."""

    point: str = ""
    nth: int = 1
    seconds: float = 0.0
    answers: int = 0

    def sooner(self) -> Kill:
        """Return a kill of the same kind that comes earlier: for a run that had ended before this one."""
        return replace(self, nth=1, seconds=self.seconds / 2, answers=(self.answers + 1) // 2)


def kills(points: Sequence[str], random_ones: int, dice: random.Random) -> list[Kill]:
    """Return a kill at every one of *points*, not always the first time it is passed, and so many at random."""
    chosen = [
        *(Kill(point, nth=dice.choice((1, 1, 2))) for point in points),
        *(Kill(seconds=dice.uniform(0.05, 0.8)) for _ in range(random_ones // 2)),
        *(Kill(answers=dice.randint(1, 15)) for _ in range(random_ones - random_ones // 2)),
    ]
    dice.shuffle(chosen)
    return chosen


def run_and_kill(at: Shop, kill: Kill, weather: Script, *words: str) -> bool:
    """Run with a kill; return whether the run was killed before it came to its end."""
    at.server.script = weather
    process = at.start("--quiet", "run", "--yes", *words, crash_at=kill.point and f"{kill.point}:{kill.nth}")
    if kill.answers:
        at.server.script = _killing(process, kill.answers, weather)
    with process:
        try:
            _, said = process.communicate(timeout=kill.seconds or 60)
        except subprocess.TimeoutExpired:
            process.kill()
            _, said = process.communicate()
    assert process.returncode in {0, 1, -signal.SIGKILL}, said + at.faults()
    return process.returncode == -signal.SIGKILL


def _killing(process: subprocess.Popen[str], answers: int, weather: Script) -> Script:
    """Return *weather*, with a kill on its way, up to 10 ms long, once so many answers were given."""
    left = iter(range(answers - 1, -1, -1))

    def answer(moment: Moment) -> Answer | None:
        if next(left, None) == 0:
            timer = threading.Timer(random.Random(answers).uniform(0, 0.01), process.kill)
            timer.daemon = True
            timer.start()
        return weather(moment)

    return answer


def bad_day(seed: int) -> Script:
    """Return the weather of a day on which 30 % of all messages go wrong."""
    return bad(0.3, seed)
