"""README tells the truth: what it shows is typed again, what it lists is compared with the code."""

from __future__ import annotations

import configparser
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from readme import README, ROOT, Session, blocks, generated_parts, normalised, options_in, tables, walk

from automations import errors
from automations.cli import leadwright
from automations.commands import COMMANDS
from automations.config import json_schema
from automations.templates import TemplateSet
from automations.templates import read_template as template_of

TEXT = README.read_text(encoding="utf-8")
PIP = "pip install . && "
SAMPLE_FIELDS = (
    "email", "name", "company", "phone", "country", "employees", "source", "asked_on", "message", "owner"
)  # fmt: skip

GLOSSARY = (
    "book, source", "lead, lead key", "field, column", "rule, condition, operator", "score, segment, stage",
    "qualification", "sequence, step, wait", "enrollment", "playbook", "standing", "course", "letter", "suppression",
    "hold", "override", "accepted, deferred, refused, in doubt", "mailer, sender", "job, schedule, due, run",
    "plan, action, problem, outcome", "ledger",
)  # fmt: skip


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """Return a terminal in an empty folder."""
    home = tmp_path / "home"
    home.mkdir()
    return Session(home)


def test_every_command_says_what_readme_shows(session: Session) -> None:
    """Whoever types the tour from its first to its last line sees what stands there."""
    shown, answered = [], []

    for _, answers in walk(session):
        shown += [(command, normalised(said)) for command, said, _ in answers]
        answered += [(command, answer) for command, _, answer in answers]

    assert shown
    assert answered == shown


def test_the_quick_start_is_these_two_lines() -> None:
    """One line from a clone to a finished run, one line to the tests."""
    lines = [block.text for block in blocks("sh")]

    assert lines == [
        "pip install . && leadwright init --sample demo && leadwright --config demo/config.yaml run --yes\n",
        "pip install '.[test]' && pytest\n",
    ]


def test_the_quick_start_works(session: Session) -> None:
    """The first line makes the sample, works it, and sends nothing to anybody."""
    answer = session.type(blocks("sh")[0].text.removeprefix(PIP))

    emails = list((session.home / "demo" / "outbox").glob("*.eml"))
    to_leads = [each for each in emails if "bergblick-coffee.example" not in each.name]
    assert answer.splitlines()[-5:-3] == [
        "  emails      11 sent as files into outbox/, not to the leads",
        "  sheet       68 cells written",
    ]
    assert len(to_leads) == 11


@pytest.mark.parametrize("name", tables())
def test_what_the_code_lists_is_what_readme_lists(name: str) -> None:
    """Settings, operators, names, filters and commands stand in README as the code has them today."""
    expected = tables()[name]()

    assert generated_parts()[name] == f"{expected}\n", "python tests/readme.py writes it anew"


def test_the_smallest_config_is_right(session: Session) -> None:
    """The 25 lines are all it takes, with an email to send."""
    (minimum,) = blocks("yaml minimum")
    write_project(session.home, minimum.text, {"hello.md": "Subject: Hello\n\n{{ greeting }},\n"})

    answer = session.type("leadwright check")

    assert minimum.text.count("\n") <= 25
    assert answer == "config.yaml is right: 2 columns, 1 rule, 1 sequence, 1 email, 0 jobs.\n"


@pytest.mark.parametrize("number", range(len(blocks("yaml"))))
def test_every_part_of_a_config_is_right_in_the_sample(session: Session, number: int) -> None:
    """Each part that README shows can stand in the place of the sample's."""
    session.type("leadwright init --sample .")
    session.environ["ANNA_PASSWORD"] = "correct horse"  # noqa: S105 - it opens nothing
    config = session.home / "config.yaml"
    config.write_text(
        with_parts(config.read_text(encoding="utf-8"), blocks("yaml")[number].text + "tests: []\n"), encoding="utf-8"
    )

    answer = json.loads(session.type("leadwright check --json"))

    assert answer["problems"] == []


def test_every_sentence_is_a_rule_in_the_sample(session: Session) -> None:
    """The sentences that explain rules are rules."""
    session.type("leadwright init --sample .")
    sentences = [line for block in blocks("text rules") for line in block.text.splitlines()]
    rules = "".join(f"  - points: 1\n    when: {json.dumps(each)}\n" for each in sentences)
    config = session.home / "config.yaml"
    config.write_text(with_parts(config.read_text(encoding="utf-8"), f"scoring:\n{rules}tests: []\n"), encoding="utf-8")

    answer = json.loads(session.type("leadwright check --json"))

    assert len(sentences) >= 3
    assert answer["problems"] == []


def test_the_email_that_is_shown_is_right() -> None:
    """The email that explains emails could be sent to the sample's leads."""
    (email,) = blocks("markdown")
    shown = TemplateSet({"shown.md": template_of("templates/shown.md", email.text)})

    assert shown.check(SAMPLE_FIELDS) == ()


def test_code_that_is_quoted_is_the_code() -> None:
    """Where README says which line of which file to add to, that line is there."""
    quotes = [block.text.split("\n", 1) for block in blocks("python")]

    missing = [
        (name, lines)
        for name, lines in quotes
        if lines.rstrip("\n") not in (ROOT / name.removeprefix("# ")).read_text(encoding="utf-8")
    ]

    assert len(quotes) >= 4
    assert missing == []


def test_files_that_are_named_are_there() -> None:
    """Every file of the code that README names exists."""
    named = set(re.findall(r"`((?:automations|tests|benchmarks|\.ci)/[\w./]+)`", TEXT))

    assert {each for each in named if not (ROOT / each).exists()} == set()


def test_the_units_for_a_server_call_commands_there_are() -> None:
    """A server is told to run what the command line understands."""
    service, timer = (parsed_unit(block.text) for block in blocks("ini"))
    line = shlex.split(service["Service"]["ExecStart"])

    assert line[0].endswith("/leadwright")
    assert line[1] in COMMANDS
    assert "--once" in options_of("serve")
    assert timer["Timer"]["Persistent"] == "true"


def test_every_command_and_option_is_documented() -> None:
    """No command and no option is known to the code alone."""
    missing = {
        f"{name} {option}"
        for name in COMMANDS
        for option in (name, *options_of(name))
        if not re.search(rf"`{re.escape(option)}[ `]", TEXT)
    }

    assert missing == set()


def test_no_option_is_made_up() -> None:
    """Every option that README uses is one of its command's."""
    context = click.Context(leadwright)
    anywhere = {name for each in leadwright.get_params(context) for name in each.opts} | {"--help"}
    lines = re.findall(r"^(?:\$ |    )leadwright ([^\n&|]+)", TEXT, re.MULTILINE)
    lines += re.findall(r"`leadwright ([^`]+)`", TEXT)

    unknown = [
        (line, option)
        for line in lines
        for option in options_in(line)
        if option not in {*anywhere, *(each for name in COMMANDS if name in line.split() for each in options_of(name))}
    ]

    assert unknown == []


def test_every_setting_is_documented() -> None:
    """No setting is known to the code alone."""
    missing = {name for name in setting_names(json_schema()) if f"`{name}`" not in TEXT}

    assert missing == set()


def test_every_word_is_explained() -> None:
    """The words we use for one thing and no other stand in one table."""
    section = TEXT.partition("\n## Words\n")[2].partition("\n## ")[0]
    explained = [line.split("|")[1].strip() for line in section.splitlines() if line.startswith("|")]

    assert tuple(explained[2:]) == GLOSSARY


def test_every_exit_code_is_explained() -> None:
    """Whatever a command can end with, a script's author finds in the table."""
    kinds = [each for each in vars(errors).values() if isinstance(each, type)]
    codes = {each.exit_code for each in kinds if issubclass(each, errors.LeadwrightError)}
    codes |= {errors.INTERRUPTED_EXIT_CODE, errors.OUR_FAULT_EXIT_CODE, errors.PARTLY_DONE_EXIT_CODE}

    assert {int(code) for code in re.findall(r"^\| (\d+) \| ", TEXT, re.MULTILINE)} == codes


def test_one_sentence_stands_on_one_line() -> None:
    """A difference between two versions of README shows the sentence that changed."""
    prose = re.sub(r"^ *```.*?^ *```$|<!-- .*? -->|`[^`]*`", "", TEXT, flags=re.MULTILINE | re.DOTALL)
    lines = [line for line in prose.splitlines() if line and not line.startswith(("|", "    "))]

    assert [line for line in lines if re.search(r"[a-z)][.?] \*{0,2}[A-Z]", line)] == []


def write_project(folder: Path, config: str, emails: dict[str, str]) -> None:
    """Write a config.yaml and its emails."""
    (folder / "config.yaml").write_text(config, encoding="utf-8")
    (folder / "templates").mkdir()
    for name, text in emails.items():
        (folder / "templates" / name).write_text(text, encoding="utf-8")


def with_parts(config: str, parts: str) -> str:
    """Return a config.yaml in which top-level parts are exchanged; one sender alone is added to the others."""
    for part in re.split(r"^(?=\w)", parts, flags=re.MULTILINE)[1:]:
        name = part.partition(":")[0]
        if name == "senders":
            sender = re.search(r"^  (\w+):", part, re.MULTILINE)
            assert sender is not None
            old, new = rf"^  {sender[1]}:\n(?:    .*\n)*", part.partition("\n")[2]
        else:
            old, new = rf"^{name}:.*\n(?:[ #].*\n|\n)*", part
        config, found = re.subn(old, new.replace("\\", r"\\"), config, count=1, flags=re.MULTILINE)
        config = config if found else config + part
    return config


def parsed_unit(text: str) -> configparser.ConfigParser:
    """Return a systemd unit."""
    unit = configparser.ConfigParser(interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]  # the way configparser is told to keep capitals
    unit.read_string(text)
    return unit


def options_of(name: str) -> list[str]:
    """Return the options of a command that its help shows."""
    command = leadwright.get_command(click.Context(leadwright), name)
    assert command is not None
    return [each.opts[0] for each in command.params if isinstance(each, click.Option) and not each.hidden]


def setting_names(schema: object) -> Iterator[str]:
    """Yield the name of every setting in a JSON Schema."""
    if isinstance(schema, dict):
        for name, inner in schema.items():
            if name == "properties":
                yield from inner
            yield from setting_names(inner)
    elif isinstance(schema, list):
        for each in schema:
            yield from setting_names(each)
