"""Law 8: what check passes, plan can start. Configurations are put together from right parts and some wrong ones."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from good_config import SECRETS, write_shop
from hypothesis import given
from hypothesis import strategies as st

from automations.core.leads import Cell
from automations.ledger import Ledger
from automations.ledger.sqlite import open_memory_ledger
from automations.project import Project, read_project
from automations.runner import look
from automations.sources.memory import MemorySource

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)

CONDITIONS = [
    "employees >= 20",
    "employees is between 5 and 50 or source is Referral",
    "not (email is a free mailbox) and message contains price, Angebot",
    "asked_on is in the last 14 days",
    "asked_on is empty or asked_on is before 2026-01-01",
    "name starts with E",
    "emails_sent = 0 and not replied",
    "days_in_stage > 3",
    "stage is one of New, Contacted",
] * 4 + ["employes >= 20", "source is Refferal"]
LATER = [*CONDITIONS, *["score >= 60", "segment is hot", "segment is one of hot, warm and score < 90"] * 4]
EMAILS = ["{email: hello.md}", "{email: again.md, only_if: score > 10}"]
TASK = "{task: Call {{ name }}}"
WAITS = ["{wait: 3 business days}", "{wait: 2 days}", "{wait: 90 minutes}"]
WRONG_STEPS = ["{email: nowhere.md}", "{task: Call {{ nam }}}", "{wait: 0 days}", "{wait: soon}", EMAILS[0]]

scoring = st.lists(
    st.builds(
        "  - {{points: {}, when: {}{}}}\n".format,
        st.sampled_from([30, -20, 5, 30, -20, 5, "many"]),
        st.sampled_from(CONDITIONS).map(repr),
        st.sampled_from(["", ", because: good", ", group: size", ", fades: 50% a month since asked_on"]),
    ),
    max_size=4,
)
stage_rules = st.lists(
    st.builds(
        "  - {{move_to: {}, when: {}}}\n".format,
        st.sampled_from(["Contacted", "Won", "Contacted", "Won", "Gone"]),
        st.sampled_from(LATER).map(repr),
    ),
    max_size=3,
)
right_steps = st.builds(
    lambda first, wait, second, task: [first, *task, wait, second],
    st.just(EMAILS[0]),
    st.sampled_from(WAITS),
    st.just(EMAILS[1]),
    st.sampled_from([[], [TASK]]),
)
steps = st.one_of(
    right_steps, right_steps, right_steps, st.lists(st.sampled_from([*EMAILS, TASK, *WAITS, *WRONG_STEPS]), min_size=1)
).map(lambda found: [f"      - {each}\n" for each in found])
sequences = st.lists(st.tuples(st.sampled_from(LATER).map(repr), steps), max_size=2).map(
    lambda found: "".join(
        f"  s{number}:\n    start_when: {when}\n    sender: anna\n    steps:\n{''.join(lines)}"
        for number, (when, lines) in enumerate(found)
    )
)
limits = st.sampled_from(
    ["", "limits: {send_between: 09:00-17:00 on weekdays, gap: 2 days}\n", "limits: {gap: 0 days}\n"]
)

CONFIG = """\
version: 1
business: {{name: Shop, address: Street 1, timezone: Europe/Berlin, holidays: DE-BE}}
leads:
  csv: leads.csv
  columns:
    email: Email
    name: Name
    company: Company
    country: Country
    employees: {{header: Size, type: number}}
    source: {{header: Source, choices: [Website, Referral]}}
    asked_on: {{header: Asked, type: date}}
    message: Message
  write: {{score: Score, segment: Segment, stage: Stage, next_step: Next, why: Why, status: Status}}
scoring:
{scoring}segments: {{hot: score >= 50, warm: score >= 20, cold: everything else}}
stages: [New, Contacted, Won]
stage_rules:
{stage_rules}senders: {{anna: {{from: Anna <anna@shop.example>, per_day: 5}}}}
{limits}sequences:
{sequences}"""
HEADERS = [
    *("Email", "Name", "Company", "Country", "Size", "Source", "Asked", "Message"),
    *("Score", "Segment", "Stage", "Next", "Why", "Status"),
]
ROWS: list[list[Cell]] = [
    ["eva@muster.example", "Eva Muster", "Muster AG", "Germany", 80, "Referral", "2026-11-20", "Angebot bitte"],
    ["tom@gmail.com", None, None, None, None, None, None, None],
    ["li@a.example", "李小龙", "A", "China", 5, "Website", "2025-01-01", "price?"],
    ["not an address", "X", None, "Nowhere", "many", "Radio", "someday", None],
]


class ShopInMemory(Project):
    """A project whose leads and ledger are in memory."""

    def open_source(self) -> MemorySource:
        """Return four rows: a good one, an empty one, a foreign one and a broken one."""
        return MemorySource("Leads", HEADERS, [[*row, *[None] * 6] for row in ROWS])

    def open_ledger(self) -> AbstractContextManager[Ledger]:
        """Return a ledger that knows nothing."""
        return closing(open_memory_ledger())


def config_of(scoring: Sequence[str], stage_rules: Sequence[str], limits: str, sequences: str) -> str:
    """Return a config.yaml of these parts, without the headings of parts that are empty."""
    text = CONFIG.format(scoring="".join(scoring), stage_rules="".join(stage_rules), limits=limits, sequences=sequences)
    for heading, part in (("scoring:\n", scoring), ("stage_rules:\n", stage_rules), ("sequences:\n", sequences)):
        text = text if part else text.replace(heading, "")
    return text


@given(scoring, stage_rules, limits, sequences)
def test_what_check_passes_plan_can_start(
    tmp_path_factory: pytest.TempPathFactory, scoring: list[str], stage_rules: list[str], limits: str, sequences: str
) -> None:
    """Either check names a problem, or a plan for good, empty, foreign and broken rows comes out."""
    folder: Path = tmp_path_factory.getbasetemp() / "law8"
    folder.mkdir(exist_ok=True)
    path = write_shop(folder, config_of(scoring, stage_rules, limits, sequences))

    project, problems, _ = read_project(path, SECRETS)

    assert (project is None) == bool(problems)
    if project:
        plan = look(ShopInMemory(project.config, project.templates), NOW)
        assert plan.leads_read == len(ROWS)
        assert plan.rows["problem"] == 1
