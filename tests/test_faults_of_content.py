"""Faults of people, texts, clocks and settings, by their number in the list of faults a run must survive."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from datetime import date, datetime, timedelta
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from good_config import GOOD, SECRETS, write_shop
from test_broken_sending import BY_NUMBER, LATER, CorrectedWords, InterruptedMailer, sent
from test_runner import EVA, world_of
from worlds import BUSINESS, FIELDS, MONDAY, POLICY, PlainWords, row, sentence

from automations.config import read_config
from automations.core.calendars import calendar_for
from automations.core.history import SignalKind
from automations.core.leads import Columns, Field, Lead, LeadKey
from automations.core.messages import MessageKey, Rendered, footer_lines
from automations.core.mime import build_message
from automations.core.plan import HoldKind
from automations.core.playbook import compile_playbook
from automations.core.policy import Business, Limits, Sender, SendWindow, Wait
from automations.core.readback import MessageProblem
from automations.core.rules import Given
from automations.core.standing import NO_FACTS
from automations.facts import gather_facts
from automations.mail.memory import MemoryMailer
from automations.templates import TemplateProblem, TemplateSet, read_template

DAY = timedelta(days=1)
HELLO = replace(POLICY.sequences[0], steps=POLICY.sequences[0].steps[:1], stop_when=(), stop_on_company_reply=False)
ONE_EMAIL = replace(POLICY, sequences=(HELLO,), limits=Limits())


# --- people and texts while a run is under way


@pytest.mark.parametrize("second", ["EVA@Muster.example", " eva@muster.example ", "Eva@MUSTER.EXAMPLE"])
def test_40_the_same_person_in_two_rows_gets_one_message(second: str) -> None:
    """Whatever the key column says, one mailbox is one person."""
    first, other = row(EVA), row(second)
    first[5], other[5] = "7", "8"
    world = world_of(first, other, policy=replace(BY_NUMBER, sequences=(HELLO,)))

    report = world.run()
    world.clock.set(MONDAY + 9 * DAY)
    world.run()

    assert len(world.mailer.handed_over) == 1
    assert [hold.kind for hold in report.plan.holds] == [HoldKind.SAME_ADDRESS]


def test_41_an_unsubscribe_just_before_the_dot_stops_the_message() -> None:
    """It was reserved, its body is out, and then the lead unsubscribes: nothing is delivered."""
    world = world_of(row(EVA), policy=ONE_EMAIL)
    world.mailer = InterruptedMailer(lambda: world.ledger.suppress(EVA, "unsubscribed", world.clock.now()))

    report = world.run()

    assert (sent(world), report.accepted, report.held) == ([], 0, 1)
    assert [hold.kind for hold in world.plan().holds] == [HoldKind.SUPPRESSED]


def test_42_a_reply_just_before_the_dot_stops_the_message_and_the_sequence() -> None:
    """Whoever answers while the run works is asked about at the last moment, and again by the next run."""
    world = world_of(row(EVA), policy=ONE_EMAIL)
    key = LeadKey(EVA)
    world.mailer = InterruptedMailer(lambda: world.ledger.signal(key, SignalKind.REPLIED, world.clock.now(), "yes"))

    world.run()
    world.mailer = MemoryMailer()
    world.run()

    plan = world.plan()
    assert sent(world) == []
    assert (plan.sends, plan.later) == ((), ())


def test_43_an_email_that_cannot_be_written_is_known_before_any_leaves() -> None:
    """Lead 57 has no name: the plan says so, that lead gets nothing, and everybody else does."""
    rows = [row(f"p{number}@firm{number}.example", None if number == 57 else "Eva") for number in range(1, 61)]
    policy = replace(ONE_EMAIL, senders=(Sender("anna", "Anna", "anna@shop.example"),))
    world = world_of(*rows, policy=policy)

    plan = world.plan()
    world.run()

    assert [(hold.key, hold.kind) for hold in plan.holds] == [("p57@firm57.example", HoldKind.TEMPLATE)]
    assert [problem.what for problem in plan.problems] == ["templates/hello.md:1: name is empty for this lead"]
    assert len(sent(world)) == 59


def test_44_a_template_edited_while_a_run_works_changes_nothing_that_is_under_way() -> None:
    """The run ends with the texts it began with, and a retry sends the very bytes of the first try."""
    world = world_of(row(EVA), row("tom@reich.example", "Tom", "Reich"), policy=ONE_EMAIL)

    def edited() -> None:
        world.texts = CorrectedWords()

    world.mailer = InterruptedMailer(edited)
    world.run()
    first = sent(world)
    late = world_of(row(EVA), policy=ONE_EMAIL, mailer=MemoryMailer(lambda _: LATER))
    late.run()
    (tried,) = late.mailer.handed_over
    late.texts, late.mailer = CorrectedWords(), MemoryMailer()
    late.clock.set(MONDAY + timedelta(hours=1))
    late.run()

    assert [subject for _, _, subject in first] == ["hello for Eva", "hello for Tom"]
    assert [each.content for each in late.mailer.handed_over] == [tried.content]


def test_45_a_new_domain_begins_with_the_next_message() -> None:
    """What left keeps its Message-ID; what follows has one of the new domain, and still answers the old one."""
    steps = (POLICY.sequences[0].steps[0], replace(POLICY.sequences[0].steps[1], only_if=None, wait=Wait(2 * DAY)))
    policy = replace(ONE_EMAIL, sequences=(replace(HELLO, steps=steps),), rules=replace(POLICY.rules, stage_rules=()))
    world = world_of(row(EVA), policy=policy)
    world.texts = PlainWords(without_subject=("more",))
    world.run()
    moved = tuple(replace(each, address=each.address.replace("shop.", "new-shop.")) for each in policy.senders)
    world.policy = replace(policy, senders=moved)
    world.clock.set(MONDAY + 2 * DAY)
    world.run()

    first, second = (message_from_bytes(each.content, policy=SMTP) for each in world.mailer.handed_over)
    assert first["Message-ID"].endswith("@shop.example>")
    assert second["Message-ID"].endswith("@new-shop.example>")
    assert second["In-Reply-To"] == first["Message-ID"]


# --- clocks and days


@pytest.mark.parametrize("jump", [timedelta(hours=-1), DAY, -3 * DAY, timedelta(minutes=1)])
def test_92_a_clock_that_jumps_sends_nothing_early_and_nothing_twice(jump: timedelta) -> None:
    """Forward, the caps of a day still hold; back, nothing is due that was not; and no email goes a second time."""
    rows = [row(f"p{number}@firm{number}.example") for number in range(9)]
    world = world_of(*rows, policy=replace(ONE_EMAIL, limits=Limits(window=SendWindow())))
    world.run()
    before = len(sent(world))

    world.clock.set(MONDAY + jump)
    world.run()
    world.clock.set(MONDAY)
    world.run()

    to = [address for _, address, _ in sent(world)]
    assert before == 3
    assert len(to) == len(set(to))
    assert len(to) <= 6


def test_93_a_zone_that_is_none_is_named_by_check(tmp_path: Path) -> None:
    """`Mars/Base` is an error in config.yaml with its place; in a lead's cell it counts as empty."""
    _, problems, _ = read_config(write_shop(tmp_path, GOOD.replace("Europe/Berlin", "Mars/Base")), SECRETS)
    lead = Lead(LeadKey("x"), 2, ("x@x.example", "Mars/Base"), (), "x@x.example")
    columns = Columns((Field("email", "Email"), Field("timezone", "Zone")), key="email", email="email")
    facts = gather_facts(BUSINESS, [2026], ["Mars/Base"])

    assert [f"{each.place.line}:{each.place.column}" for each in problems if each.place] == ["5:13"]
    assert calendar_for(lead, replace(POLICY, columns=columns), facts).zones == (BUSINESS.zone,)


def test_93_zones_are_known_where_the_machine_knows_none() -> None:
    """Without the system's zone files, as on Windows, those of the package are used."""
    code = "from zoneinfo import ZoneInfo; print(ZoneInfo('Europe/Berlin'))"
    environ = {**os.environ, "PYTHONTZPATH": ""}

    done = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "Europe/Berlin\n")


def test_94_three_days_off_are_not_made_up_for_at_once() -> None:
    """Twelve leads, three a day: after three days without a run, three leave, as on any day."""
    rows = [row(f"p{number}@firm{number}.example") for number in range(12)]
    world = world_of(*rows, policy=ONE_EMAIL)
    world.run()

    world.clock.set(MONDAY + 3 * DAY)
    world.run()

    assert len(sent(world)) == 6


@pytest.mark.parametrize(
    ("country", "start", "days", "expected"),
    [
        ("Germany", date(2028, 2, 28), 1, date(2028, 2, 29)),
        ("Germany", date(2027, 2, 26), 1, date(2027, 3, 1)),
        ("Germany", date(2026, 12, 31), 1, date(2027, 1, 4)),
        ("Germany", date(2026, 4, 2), 1, date(2026, 4, 7)),
        ("Saudi Arabia", date(2026, 11, 26), 1, date(2026, 11, 29)),
        ("Saudi Arabia", date(2026, 11, 27), 1, date(2026, 11, 29)),
        ("Israel", date(2026, 11, 26), 1, date(2026, 11, 29)),
        ("United Arab Emirates", date(2026, 11, 27), 1, date(2026, 11, 30)),
        ("Japan", date(2026, 11, 20), 1, date(2026, 11, 24)),
        ("Hong Kong", date(2026, 11, 27), 1, date(2026, 11, 30)),
        ("", date(2026, 11, 20), 1, date(2026, 11, 23)),
    ],
)
def test_95_business_days_are_those_of_the_leads_country(country: str, start: date, days: int, expected: date) -> None:
    """A leap day, the end of a year, Easter Monday, a Friday-Saturday weekend, a holiday elsewhere."""
    business = Business("Shop", "Street 1", ZoneInfo("Europe/Berlin"), holidays="DE")
    columns = Columns((Field("email", "Email"), Field("country", "Country")), key="email", email="email")
    policy = replace(POLICY, business=business, columns=columns, limits=Limits(window=SendWindow()))
    lead = Lead(LeadKey("x"), 2, ("x@x.example", country), (), "x@x.example")
    calendar = calendar_for(lead, policy, gather_facts(business, range(2025, 2030), [country] if country else []))
    noon = datetime(start.year, start.month, start.day, 12, tzinfo=calendar.zones[0])

    over = calendar.after(noon, Wait(business_days=days))

    assert over.astimezone(calendar.zones[0]).date() == expected
    assert calendar.is_open(over)


# --- texts that attack


@pytest.mark.parametrize(
    "name",
    [
        "Eva\r\nBcc: all@muster.example",
        "<script>alert(1)</script>",
        "Eva\nSubject: other",
        "Eva\u2028X-Other: 1",
        "{{ 7 * 7 }}",
        "[x](https://evil.example)",
        "x" * 10_000,
    ],
)
def test_103_a_name_is_only_ever_a_name(name: str) -> None:
    """No header more, no tag, no link, nothing worked out; what is too long for a subject holds its lead."""
    emails = TemplateSet({"a.md": read_template("templates/a.md", "Subject: Hi\n\nHi {{ name }},\n\nwelcome.\n")})
    rendered = emails.render("a.md", {"name": name}, BUSINESS)

    message = build_message(
        rendered,
        sender=POLICY.senders[0],
        to_address="eva@muster.example",
        to_name="",
        message_key=MessageKey("a" * 52),
        date=MONDAY,
        business=BUSINESS,
    )

    parsed = message_from_bytes(message.content, policy=SMTP)
    assert (parsed["Bcc"], parsed["X-Other"], parsed.get_all("Subject")) == (None, None, ["Hi"])
    assert "<script" not in rendered.html
    assert 'href="https://evil' not in rendered.html
    assert "49" not in rendered.text.replace("10969", "")


BOMB = "a: &a [x,x]\nb: &b [*a,*a]\n"


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        (BOMB, "1:4", "&a"),
        ("[" * 5000, "1:", "deep"),
        ("business:\n\tname: x\n", "2:1", "tab"),
        (GOOD + "version: 1\n", "88:1", "version"),
        (GOOD.replace("at: 08:30 on weekdays", "at: 12:30"), "79:20", "12:30"),
        (GOOD.replace("source: {header: Source", "source: {header: Source, typ: NO"), "16:30", "typ"),
    ],
    ids=["anchors", "nesting", "tab", "twice", "time", "unknown"],
)
def test_107_yaml_that_means_harm_or_something_else_has_its_place(
    text: str, place: str, word: str, tmp_path: Path
) -> None:
    """Each is refused within a second, with line and column; none is guessed at."""
    began = time.process_time()

    _, problems, _ = read_config(write_shop(tmp_path, text), SECRETS)

    assert time.process_time() - began < 1
    told = [(f"{each.place.line}:{each.place.column}", f"{each.what} {each.fix}") for each in problems if each.place]
    assert any(at.startswith(place) and word in what for at, what in told), told


@pytest.mark.parametrize(
    ("secrets", "line", "word"),
    [
        ({}, "password: $ANNA_PASSWORD, security", "no password called"),
        ({"ANNA_PASSWORD": ""}, "password: $ANNA_PASSWORD, security", "is empty"),
        ({"ANNA_PASSWORD": "two\nlines"}, "password: $ANNA_PASSWORD, security", "line break"),
        (SECRETS, "password: hunter2hunter2, security", "password"),
    ],
    ids=["missing", "empty", "newline", "in the file"],
)
def test_108_a_secret_that_is_none_is_refused_and_never_shown(
    secrets: dict[str, str], line: str, word: str, tmp_path: Path
) -> None:
    """Check says which password is wrong and where it is asked for, and repeats none of it."""
    text = GOOD.replace("password: $ANNA_PASSWORD, security", line)

    _, problems, _ = read_config(write_shop(tmp_path, text), secrets)

    said = "\n".join(str(problem) for problem in problems)
    assert word in said
    assert "hunter2" not in said
    assert "two" not in said


def test_108_a_secret_that_everybody_can_read_is_refused(tmp_path: Path) -> None:
    """An .env that others on the machine may read is an error, with what to type."""
    path = write_shop(tmp_path)
    (tmp_path / ".env").write_text("ANNA_PASSWORD=correct horse\n")
    (tmp_path / ".env").chmod(0o644)

    _, problems, warnings = read_config(path, {})

    assert any("chmod 600" in str(each) for each in (*problems, *warnings))


def test_109_a_rule_is_no_pattern_and_a_huge_cell_costs_nothing() -> None:
    """What looks like an evil regular expression is looked for as it stands, in a megabyte, within 50 ms."""
    columns = Columns(FIELDS, key="email", email="email")
    evil = sentence("name contains (a+)+$")
    welcome = replace(POLICY.sequences[0], start_when=evil)
    playbook = compile_playbook(replace(POLICY, columns=columns, sequences=(welcome,)), gather_facts(BUSINESS, [2026]))
    cell = "a" * 1_000_000 + "!"
    given = Given(("x@x.example", cell, None, None, None), NO_FACTS, "New")
    began = time.process_time()

    qualification = playbook.rules.qualify([given], date(2026, 11, 23))[0]
    holds = playbook.sequences[0].starts(given, qualification, date(2026, 11, 23))

    assert not holds
    assert time.process_time() - began < 0.05


@pytest.mark.parametrize(
    "body",
    [
        "{{ ''.__class__.__mro__ }}",
        "{% for a in range(90000) %}{% for b in range(90000) %}x{% endfor %}{% endfor %}",
        "{{ 'a' * 10 ** 8 }}",
        "{{ lead.items }}",
        "{{ nobody }}",
        "{{ cycler.__init__.__globals__ }}",
        "{% set x = 1 %}{{ x }}",
        "{{ name.__class__ }}",
    ],
)
def test_110_a_template_that_attacks_is_refused_or_bounded(body: str) -> None:
    """Check names what may not stand there, and what is left is worked out within bounds, in well under two seconds."""
    emails = TemplateSet({"a.md": read_template("templates/a.md", f"Subject: Hi\n\n{body}\n")})
    began = time.process_time()

    problems = emails.check(("name",))
    try:
        text = emails.render("a.md", {"name": "Eva"}, BUSINESS).text
    except TemplateProblem as error:
        text = str(error)

    assert time.process_time() - began < 2
    assert problems or "up to 15 digits" in text or "longer than" in text
    assert len(text) <= 200_000


@pytest.mark.parametrize("missing", [0, 1, 2])
def test_113_a_message_without_its_legal_lines_is_refused(missing: int) -> None:
    """Name, postal address and the way to unsubscribe stand in the very bytes, or nothing leaves."""
    lines = [line for number, line in enumerate(footer_lines(BUSINESS, "en")) if number != missing]
    text = "\n".join(["Hello", *lines])
    rendered = Rendered("Hi", text, "".join(f"<p>{line}</p>" for line in text.split("\n")))

    with pytest.raises(MessageProblem):
        build_message(
            rendered,
            sender=POLICY.senders[0],
            to_address="eva@muster.example",
            to_name="",
            message_key=MessageKey("a" * 52),
            date=MONDAY,
            business=BUSINESS,
        )
