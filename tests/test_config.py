"""config.yaml as a whole: what it comes to, its defaults, its secrets, and what others get from its tables."""

from __future__ import annotations

import copy
import json
import os
import pickle
import re
import traceback
from datetime import date, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import jsonschema
import pytest
from good_config import GOOD, SECRETS, write_shop

from automations.config import (
    Config,
    Job,
    Secret,
    Security,
    SmtpSettings,
    SourceSettings,
    json_schema,
    load_config,
    read_config,
    reference,
)
from automations.config.model import ImapSettings
from automations.core.conditions import Compare, Every, Negate, Node, Some
from automations.core.leads import Columns, Field, FieldType, Role
from automations.core.policy import Fade, Limits, Rate, Sender, SendWindow, Wait
from automations.errors import Problem, WrongConfig
from automations.located import Listing, Mapping, Scalar, read_yaml

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "config.yaml"

MINIMAL = """\
business:
  name: Nordlicht Räder
  address: Kaistr. 1, 24103 Kiel, Germany
  timezone: Europe/Berlin
leads:
  csv: leads.csv
  columns:
    email: Email
segments:
  all: everything else
senders:
  anna:
    from: anna@shop.example
"""


def told(problems: tuple[Problem, ...]) -> list[str]:
    """Return problems without the folder they are in."""
    return [f"{Path(problem.where).name} {problem.what}" for problem in problems]


@pytest.fixture
def good(tmp_path: Path) -> Config:
    """Return the good configuration."""
    return load_config(write_shop(tmp_path), SECRETS)


def test_business_and_source(good: Config, tmp_path: Path) -> None:
    """Who we are and where the leads live; paths begin where config.yaml stands."""
    business = good.policy.business

    assert (business.name, business.address) == ("Nordlicht Räder", "Kaistr. 1, 24103 Kiel, Germany")
    assert (business.zone, business.holidays) == (ZoneInfo("Europe/Berlin"), "DE-SH")
    assert good.source == SourceSettings("excel", tmp_path / "leads.xlsx", "Leads")
    assert good.path == tmp_path / "config.yaml"
    assert (good.outbox, good.templates) == (tmp_path / "outbox", tmp_path / "templates")
    assert good.state == tmp_path / ".leadwright"


def test_columns(good: Config) -> None:
    """Left our name, right the sheet's header; types and choices as written."""
    assert good.policy.columns == Columns(
        fields=(
            Field("email", "Email"),
            Field("name", "Full name"),
            Field("company", "Company"),
            Field("employees", "Office size", FieldType.NUMBER),
            Field("source", "Source", FieldType.TEXT, ("Website", "Referral", "Trade fair")),
            Field("asked_on", "Asked on", FieldType.DATE),
            Field("message", "Message"),
            Field("owner", "Owner", FieldType.TEXT, ("Anna", "Jonas")),
        ),
        key="email",
        email="email",
        owned=((Role.SCORE, "Score"), (Role.SEGMENT, "Segment"), (Role.STAGE, "Stage")),
    )


def test_rules_know_what_they_give_and_where_they_stand(good: Config) -> None:
    """Points, reason, group and fading of each rule, and the line that explain shows."""
    rules = good.policy.rules

    assert [(rule.points, rule.when.text, rule.because, rule.group) for rule in rules.scoring] == [
        (30, "employees >= 20", "big enough", None),
        (20, "source is Referral", "came by referral", "origin"),
        (10, "asked_on is in the last 14 days", "fresh", None),
    ]
    assert rules.scoring[2].fades == Fade(0.5, timedelta(days=30), "asked_on")
    assert [rule.where for rule in rules.scoring] == ["config.yaml:26", "config.yaml:29", "config.yaml:33"]
    assert rules.caps == (("origin", 25),)
    assert [(rule.name, rule.when.text if rule.when else None) for rule in rules.segments] == [
        ("hot", "score >= 60"),
        ("warm", "score >= 25"),
        ("cold", None),
    ]
    assert rules.stages == ("New", "Contacted", "Won")
    assert [rule.move_to for rule in rules.stage_rules] == ["Contacted"]
    assert good.policy.override_for == timedelta(days=30)


def test_senders_and_what_they_send_through(good: Config) -> None:
    """A sender with a server, and one without: the folder mailer writes for that one."""
    assert good.policy.senders == (
        Sender("anna", "Anna Weber", "anna@shop.example", 80, "office@shop.example"),
        Sender("jonas", "", "jonas@shop.example"),
    )
    assert good.connections == {
        "anna": SmtpSettings("smtp.shop.example", 587, "anna", Secret("correct horse"), Security.STARTTLS),
        "jonas": None,
    }
    assert good.inboxes == {"anna": ImapSettings("imap.shop.example", 993, "anna", Secret("correct horse"))}


def test_limits(good: Config) -> None:
    """Limits as spoken."""
    assert good.policy.limits == Limits(
        window=SendWindow(time(9), time(17), frozenset({0, 1, 2, 3, 4})),
        gap=timedelta(days=2),
        per_company=Rate(1, timedelta(days=3)),
        ask_me_above=50,
        pause_if_bounces_over=0.05,
    )


def test_sequence_has_waits_before_its_steps(good: Config) -> None:
    """Each email and task knows how long after the step before it comes; the block under all is one condition."""
    (welcome,) = good.policy.sequences

    assert [(step.name, step.template, step.task, step.wait) for step in welcome.steps] == [
        ("hello", "hello.md", "", None),
        ("again", "again.md", "", Wait(business_days=3)),
        ("call", "", "Call {{ name }}", None),
    ]
    assert welcome.start_when.text == "(segment is one of hot, warm) and (stage is New)"
    assert isinstance(welcome.start_when.tree, Every)
    assert (welcome.senders, welcome.sender_field) == ((), "owner")
    assert [stop.text for stop in welcome.stop_when] == ["stage is Won"]
    assert welcome.stop_on_company_reply


def test_jobs_alerts_and_examples(good: Config) -> None:
    """What happens by itself, who hears of it, and what the owner states about made-up leads."""
    assert good.jobs == (
        Job("run", "30 8 * * 1,2,3,4,5", "08:30 on weekdays", timedelta(hours=2), (), "config.yaml:79"),
    )
    assert (good.policy.alerts.hot_lead, good.policy.alerts.problem) == ("owner", "anna@shop.example")
    (example,) = good.policy.examples
    assert example.values == (
        ("email", "eva@muster.example"),
        ("employees", 80),
        ("source", "Referral"),
        ("asked_on", date(2026, 11, 20)),
        ("stage", "New"),
    )
    assert (example.score, example.segment, example.stage, example.starts) == (60, "hot", "New", "welcome")


def test_least_that_must_be_written(tmp_path: Path) -> None:
    """Business, leads, segments and one sender are enough; everything else has a default."""
    config = load_config(write_shop(tmp_path, MINIMAL), {})

    assert config.source == SourceSettings("csv", tmp_path / "leads.csv")
    assert config.policy.limits == Limits(gap=timedelta(days=1))
    assert config.policy.rules.scoring == ()
    assert config.policy.sequences == ()
    assert config.policy.override_for is None
    assert config.policy.columns.owned == ()
    assert config.connections == {"anna": None}
    assert config.outbox == tmp_path / "outbox"
    assert config.jobs == ()
    assert config.warnings == ()


def test_reason_of_a_rule_is_its_sentence_when_left_out(tmp_path: Path) -> None:
    """Without because, salespeople read the sentence itself."""
    config = load_config(write_shop(tmp_path, GOOD.replace("    because: big enough\n", "")), SECRETS)

    assert config.policy.rules.scoring[0].because == "employees >= 20"


def test_only_sender_writes_every_sequence(tmp_path: Path) -> None:
    """With one sender, a sequence need not say who writes."""
    text = MINIMAL + "sequences:\n  hi:\n    start_when: emails_sent = 0\n    steps:\n      - email: hello.md\n"

    config = load_config(write_shop(tmp_path, text), {})

    assert config.policy.sequences[0].senders == ("anna",)


def _block(tmp_path: Path, block: str) -> Node:
    text = MINIMAL.replace("    email: Email\n", "    email: Email\n    country: Country\n    city: City\n")
    text += f"sequences:\n  hi:\n    start_when:\n{block}    steps:\n      - email: hello.md\n"
    return load_config(write_shop(tmp_path, text), {}).policy.sequences[0].start_when.tree


def test_blocks_of_sentences(tmp_path: Path) -> None:
    """Under any one must hold, under none none may, and blocks may stand in blocks."""
    any_of = _block(tmp_path, "      any:\n        - country is Chile\n        - city is Arica\n")
    none_of = _block(tmp_path, "      none:\n        - country is Chile\n")
    both = _block(tmp_path, "      all: country is Chile\n      none:\n        - all: [city is Arica, city is empty]\n")

    assert isinstance(any_of, Some)
    assert isinstance(none_of, Negate)
    assert isinstance(none_of.part, Compare)
    assert isinstance(both, Every)
    assert isinstance(both.parts[1], Negate)
    assert isinstance(both.parts[1].part, Every)


@pytest.mark.parametrize(
    ("smtp", "expected"),
    [
        ("{host: h.example}", SmtpSettings("h.example", 587, "", None, Security.STARTTLS)),
        ("{host: h.example, port: 465}", SmtpSettings("h.example", 465, "", None, Security.TLS)),
        ("{host: h.example, security: tls}", SmtpSettings("h.example", 465, "", None, Security.TLS)),
        ("{host: localhost, security: none}", SmtpSettings("localhost", 25, "", None, Security.NONE)),
        ("{host: '::1', port: 2525, security: none}", SmtpSettings("::1", 2525, "", None, Security.NONE)),
        ("{host: 127.0.0.1, port: 1025, security: none}", SmtpSettings("127.0.0.1", 1025, "", None, Security.NONE)),
    ],
)
def test_mail_server_defaults(smtp: str, expected: SmtpSettings, tmp_path: Path) -> None:
    """A connection is protected unless the server is this very machine."""
    config = load_config(write_shop(tmp_path, MINIMAL + f"    smtp: {smtp}\n"), {})

    assert config.connections["anna"] == expected


# --- Warnings, which stop nothing ---


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        (
            MINIMAL.replace("  timezone: Europe/Berlin\n", ""),
            "config.yaml:2:3 business: no timezone: days and sending hours are counted in UTC",
        ),
        (
            MINIMAL.replace("all: everything else", "some: email is not empty"),
            "config.yaml:10:3 segments: a lead that fits none of these has no segment",
        ),
        (
            MINIMAL + "schedule:\n  - {job: report, at: 08:00 on Mondays, to: anna@shop.example}\n",
            "config.yaml:15:11 schedule, job 1: the job report is not there yet",
        ),
        (
            MINIMAL + "schedule:\n  - {job: report, at: 08:00 on Mondays, to: a@shop.example}\n",
            "config.yaml:15:11 schedule, job 1: the job report is not there yet",
        ),
        (
            MINIMAL + "alerts: {hot_lead: anna}\n",
            'config.yaml:14:20 alerts: no lead ever turns hot: there is no segment "hot"',
        ),
    ],
)
def test_what_is_odd_but_allowed_is_a_warning(text: str, warning: str, tmp_path: Path) -> None:
    """What may be meant is said, and stops nothing."""
    config, problems, warnings = read_config(write_shop(tmp_path, text), {})

    assert problems == ()
    assert config is not None
    assert told(warnings) == [warning]
    assert config.warnings == warnings


# --- Files that are not there or cannot be read ---


def test_missing_file_is_a_problem_with_a_way_out(tmp_path: Path) -> None:
    """Started in the wrong folder, the owner is told how to get or name a config.yaml."""
    path = tmp_path / "config.yaml"

    config, problems, _ = read_config(path, {})

    assert config is None
    assert problems == (
        Problem(str(path), "there is no such file", "leadwright init writes one; --config names another"),
    )


def test_folder_is_not_a_file(tmp_path: Path) -> None:
    """A folder given as config.yaml is named as one."""
    _, problems, _ = read_config(tmp_path, {})

    assert problems == (Problem(str(tmp_path), "this is a folder", "name the file in it with --config"),)


def test_name_that_cannot_be() -> None:
    """A name no file can have is answered too."""
    _, problems, _ = read_config(Path("a\0b"), {})

    assert problems[0].what == "the file cannot be read: its name cannot be used"


def test_load_raises_every_problem_together(tmp_path: Path) -> None:
    """What a command raises has all of it, and ends with exit code 2."""
    path = write_shop(tmp_path, GOOD.replace("email: hello.md", "email: helo.md").replace("gap: 2 days", "gap: 2"))

    with pytest.raises(WrongConfig) as caught:
        load_config(path, SECRETS)

    assert len(caught.value.problems) == 2
    assert str(caught.value) == "2 problems"
    assert caught.value.exit_code == 2


# --- Secrets ---


def test_secret_comes_from_the_env_file(tmp_path: Path) -> None:
    """Quotes, export and comments as in any .env file."""
    path = write_shop(tmp_path)
    env = tmp_path / ".env"
    env.write_text("# mine\nexport ANNA_PASSWORD='pass # word'   # of the app\n", encoding="utf-8")
    env.chmod(0o600)

    config = load_config(path, {})

    assert config.connections["anna"] == SmtpSettings(
        "smtp.shop.example", 587, "anna", Secret("pass # word"), Security.STARTTLS
    )
    assert config.warnings == ()


def test_environment_comes_before_systemd_and_env_file(tmp_path: Path) -> None:
    """The environment wins; then what systemd hands over; then .env."""
    path = write_shop(tmp_path)
    (tmp_path / ".env").write_text("ANNA_PASSWORD=from-file\n", encoding="utf-8")
    (tmp_path / ".env").chmod(0o600)
    credentials = tmp_path / "credentials"
    credentials.mkdir()
    (credentials / "ANNA_PASSWORD").write_text("from-systemd\n", encoding="utf-8")

    found = [
        load_config(path, environ).inboxes["anna"].password
        for environ in (
            {},
            {"CREDENTIALS_DIRECTORY": str(credentials)},
            {"CREDENTIALS_DIRECTORY": str(credentials), "ANNA_PASSWORD": "from-environment"},
        )
    ]

    assert found == [Secret("from-file"), Secret("from-systemd"), Secret("from-environment")]


@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("", "senders, anna, smtp: the password ANNA_PASSWORD is empty"),
        ("   ", "senders, anna, smtp: the password ANNA_PASSWORD is empty"),
        ("hunter2\n", "senders, anna, smtp: the password ANNA_PASSWORD has a line break in it"),
        ("hun\rter2", "senders, anna, smtp: the password ANNA_PASSWORD has a line break in it"),
    ],
)
def test_secret_that_cannot_be_one(value: str, what: str, tmp_path: Path) -> None:
    """An empty password, or one with a line break, is refused at check and told once, without showing it."""
    _, problems, _ = read_config(write_shop(tmp_path), {"ANNA_PASSWORD": value})

    assert [problem.what for problem in problems] == [what]
    assert "hunter2" not in repr(problems)


def test_misspelt_secret_is_recognised(tmp_path: Path) -> None:
    """The name in .env that is nearest is offered."""
    path = write_shop(tmp_path, GOOD.replace("$ANNA_PASSWORD", "$ANA_PASSWORD"))
    (tmp_path / ".env").write_text("ANNA_PASSWORD=x\n", encoding="utf-8")
    (tmp_path / ".env").chmod(0o600)

    _, problems, _ = read_config(path, {})

    assert [(problem.what, problem.under) for problem in problems] == [
        ("senders, anna, smtp: there is no password called ANA_PASSWORD", "did you mean $ANNA_PASSWORD?")
    ]


def test_env_file_for_everybody_is_refused(tmp_path: Path) -> None:
    """Passwords that every user of the machine can read are not used until only their owner can."""
    path = write_shop(tmp_path)
    (tmp_path / ".env").write_text("ANNA_PASSWORD=x\nthis is no line\n", encoding="utf-8")
    (tmp_path / ".env").chmod(0o644)

    config, problems, warnings = read_config(path, {})

    assert config is None
    env = tmp_path / ".env"
    assert [(each.where, each.what, each.fix) for each in problems] == [
        (str(env), "every user of this machine can read your passwords", f"run  chmod 600 {env}")
    ]
    assert told(warnings) == [".env:2:1 this line of .env cannot be read"]


def test_env_file_that_is_not_text(tmp_path: Path) -> None:
    """A broken .env is named, and nothing of it is shown."""
    path = write_shop(tmp_path)
    (tmp_path / ".env").write_bytes(b"ANNA_PASSWORD=\xff\xfe\n")

    _, problems, _ = read_config(path, {})

    assert told(problems)[0] == ".env is not saved as UTF-8"


def test_secret_shows_itself_to_nobody() -> None:
    """Printed, formatted, compared, in a traceback: a secret stays one."""
    secret = Secret("hunter2")

    assert (str(secret), repr(secret), f"{secret}") == ("***", "Secret(***)", "***")
    assert secret == Secret("hunter2")
    assert secret != Secret("hunter3")
    assert len({secret, Secret("hunter2")}) == 1
    assert secret.reveal() == "hunter2"
    for way in (pickle.dumps, copy.copy):
        with pytest.raises(TypeError, match="cannot be pickled"):
            way(secret)
    assert "hunter2" not in "".join(traceback.format_exception(ValueError(secret)))


# --- The tables, for others ---


def data_of(node: object) -> object:
    """Return nodes as a YAML 1.2 reader would type them, which is what an editor checks."""
    match node:
        case Mapping():
            return {pair.key.text: data_of(pair.value) for pair in node.pairs}
        case Listing():
            return [data_of(item) for item in node.items]
        case Scalar() if re.fullmatch(r"-?\d+", node.text):
            return int(node.text)
        case Scalar():
            return node.text
    raise AssertionError(node)


@pytest.mark.parametrize("text", [GOOD, MINIMAL, SAMPLE.read_text("utf-8")], ids=["good", "minimal", "sample"])
def test_schema_accepts_what_check_accepts(text: str) -> None:
    """An editor underlines nothing in a file that is right."""
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)

    root, problems = read_yaml(text, "config.yaml")

    assert problems == ()
    jsonschema.Draft202012Validator(schema).validate(data_of(root))


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("scoring:", "skoring:"),
        ("type: number", "type: numbers"),
        ("points: 30", "points: thirty"),
        ("port: 587", "port: 99999"),
        ("      all:", "      al:"),
        ("job: run", "job: send"),
        ("password: $ANNA_PASSWORD, security", "password: hunter2, security"),
        ("  excel: leads.xlsx", "  exel: leads.xlsx"),
    ],
)
def test_schema_underlines_what_check_refuses(right: str, wrong: str) -> None:
    """Misspelt names, wrong kinds and passwords are underlined while the owner types."""
    root, _ = read_yaml(GOOD.replace(right, wrong), "config.yaml")

    assert not jsonschema.Draft202012Validator(json_schema()).is_valid(data_of(root))


def test_schema_is_plain_json_and_describes_every_setting() -> None:
    """Every setting tells an editor what it means, in a sentence."""
    schema = json_schema()

    assert json.loads(json.dumps(schema)) == schema

    def described(part: object) -> None:
        if isinstance(part, dict):
            for name, inner in part.get("properties", {}).items():
                assert re.match(r"[A-Z].*\.\Z", inner["description"]), name
            for inner in part.values():
                described(inner)
        elif isinstance(part, list):
            for inner in part:
                described(inner)

    described(schema)


def test_reference_has_every_setting() -> None:
    """README's reference is made from the tables: each setting with its meaning and default."""
    text = reference()

    assert "| `points` | how many points the rule gives; may be less than 0 | it must be there |" in text
    assert "**`senders: SENDER: smtp:`**" in text
    assert "| `port` | its port | 993; 143 with security: starttls or none |" in text
    written = set(re.findall(r"^\| `(\w+)` \|", text, re.MULTILINE))
    completed = set(re.findall(r'"(\w+)": \{"description"', json.dumps(json_schema())))
    assert completed - {"all", "any", "none"} <= written


def test_sample_needs_nothing(tmp_path: Path) -> None:
    """The sample that init writes is right as it stands: no account, no password, no warning."""
    (tmp_path / "templates").symlink_to(ROOT / "templates")
    (tmp_path / "config.yaml").write_bytes(SAMPLE.read_bytes())

    config, problems, warnings = read_config(tmp_path / "config.yaml", {})

    assert problems == ()
    assert warnings == ()
    assert config is not None
    assert set(config.connections.values()) == {None}
    assert len(config.policy.columns.fields) == 10
    assert len(config.policy.rules.scoring) == 6
    assert [len(sequence.steps) for sequence in config.policy.sequences] == [3, 2]


def test_reading_does_not_look_at_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is handed over counts: the same file and names give the same verdict anywhere."""
    path = write_shop(tmp_path)
    monkeypatch.setitem(os.environ, "ANNA_PASSWORD", "set")

    config, _, _ = read_config(path, {})

    assert config is None
