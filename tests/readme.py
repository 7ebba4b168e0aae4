"""README as tests see it: its blocks, a session that types its commands, and the tables that the code makes.

``python tests/readme.py`` writes what the commands say and what the tables are now into README.md; read the
difference before you keep it.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"

SHIM = """\
#!{python}
# The command `leadwright`, on the day that README shows.
import sys
from datetime import datetime, timezone

import time_machine

sys.path.insert(0, {root!r})
from automations.cli import main

with time_machine.travel(datetime(2026, 11, 23, 8, 0, tzinfo=timezone.utc), tick=True):
    sys.exit(main())
"""

_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<kind>\w+(?: \w+)?)\n(?P<text>.*?)^(?P=indent)```$", re.MULTILINE | re.DOTALL
)
_GENERATED = re.compile(r"(<!-- (?P<name>[a-z ]+): made by tests/readme\.py -->\n).*?(<!-- end -->)", re.DOTALL)
_DURATION = re.compile(r"Done in \d+(\.\d)? s\.")
_PLAN_NAME = re.compile(r"plan-[0-9a-f]{8}")
_COPY_NAME = re.compile(r"-\d{6}\.xlsx")


@dataclass(frozen=True, slots=True)
class Block:
    """One block of code in README: its *kind* (``yaml minimum``), what it holds, and where that begins and ends."""

    kind: str
    text: str
    start: int
    end: int


def blocks(*kinds: str) -> list[Block]:
    """Return the blocks of these kinds, in order, without their indent."""
    found = [each for each in _BLOCK.finditer(README.read_text(encoding="utf-8")) if each["kind"] in kinds]
    return [Block(each["kind"], dedent(each["text"]), each.start("text"), each.end("text")) for each in found]


@dataclass(slots=True)
class Session:
    """A person at a terminal who types what README says. *home* begins empty."""

    home: Path
    environ: dict[str, str] = field(default_factory=dict)
    here: Path = field(init=False)

    def __post_init__(self) -> None:
        """Put the command on the path."""
        programs = self.home.with_name(self.home.name + "-bin")
        programs.mkdir()
        shim = programs / "leadwright"
        shim.write_text(SHIM.format(python=sys.executable, root=str(ROOT)), encoding="utf-8")
        shim.chmod(0o755)
        self.here = self.home
        keep = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        path = f"{programs}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        self.environ = {**keep, "PATH": path, "PYTHONUTF8": "1", **self.environ}

    def type(self, command: str) -> str:
        """Return what a command says, on both outputs, as a person sees it."""
        if command.startswith("cd "):
            self.here = self.here / command.removeprefix("cd ")
            return ""
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            cwd=self.here,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
            timeout=120,
        )
        return done.stdout

    def edit(self, difference: str) -> None:
        """Do to config.yaml what a block of differences shows: each line with - becomes the line with + below it."""
        file = self.here / "config.yaml"
        text = file.read_text(encoding="utf-8")
        for old, new in changed_lines(difference):
            if text.count(f"{old}\n") != 1:
                raise ValueError(f"config.yaml has {old!r} not once, but {text.count(old)} times")
            text = text.replace(f"{old}\n", f"{new}\n")
        file.write_text(text, encoding="utf-8")


def changed_lines(difference: str) -> list[tuple[str, str]]:
    """Return the pairs of lines that a block of differences changes."""
    lines = difference.splitlines()
    old = [line[1:] for line in lines if line.startswith("-")]
    new = [line[1:] for line in lines if line.startswith("+")]
    return list(zip(old, new, strict=True))


def exchanges(console: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block and what stands below it."""
    for part in re.split(r"^\$ ", console, flags=re.MULTILINE)[1:]:
        command, _, output = part.partition("\n")
        yield command, output


def normalised(text: str) -> str:
    """Return what a command said without what differs each time: how long it took, and the names of plans."""
    text = _PLAN_NAME.sub("plan-3f9c0a71", _DURATION.sub("Done in 0.3 s.", text))
    text = _COPY_NAME.sub("-090000.xlsx", text)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def options_in(command: str) -> set[str]:
    """Return the long options of a command line."""
    return {word.partition("=")[0] for word in shlex.split(command) if word.startswith("--") and len(word) > len("--")}


def tables() -> Mapping[str, Callable[[], str]]:
    """Return what makes each generated part of README."""
    from automations.config import reference  # noqa: PLC0415 - the command line below needs the path first
    from automations.core.operators import table  # noqa: PLC0415
    from automations.templates import EXTRA_NAMES, FILTERS, HEAD_LINES  # noqa: PLC0415

    return {
        "settings": lambda: reference().replace("**`", "#### `").replace("`**", "`"),
        "operators": table,
        "names in emails": lambda: two_columns("name", "what it is", EXTRA_NAMES),
        "filters in emails": lambda: two_columns("filter", "what it makes of a value", FILTERS),
        "head of an email": lambda: two_columns("line", "what it is", HEAD_LINES),
        "commands": commands_table,
    }


def two_columns(first: str, second: str, rows: Mapping[str, str]) -> str:
    """Return a table of names and what they are."""
    lines = [f"| {first} | {second} |", "|---|---|", *(f"| `{name}` | {_cell(what)} |" for name, what in rows.items())]
    return "\n".join(lines)


def commands_table() -> str:
    """Return every command with its options, in the words of its own help."""
    import click  # noqa: PLC0415

    from automations.cli import leadwright  # noqa: PLC0415
    from automations.commands import GROUPS  # noqa: PLC0415

    rows = ["| command | what it does | options |", "|---|---|---|"]
    context = click.Context(leadwright, info_name="leadwright")
    for group, commands in GROUPS:
        for name, what in commands:
            command = leadwright.get_command(context, name)
            assert command is not None
            options = [each for each in command.params if isinstance(each, click.Option) and not each.hidden]
            arguments = [each for each in command.params if isinstance(each, click.Argument)]
            usage = " ".join([name, *(each.make_metavar(context) for each in arguments)])
            said = "<br>".join(f"`{_shown(each, context)}` {_cell(each.help or '')}" for each in options)
            rows.append(f"| **{group}** `{usage}` | {_cell(what)} | {said} |")
    return "\n".join(rows)


def _shown(option: object, context: object) -> str:
    import click  # noqa: PLC0415

    assert isinstance(option, click.Option)
    assert isinstance(context, click.Context)
    return option.opts[0] if option.is_flag else f"{option.opts[0]} {option.make_metavar(context)}"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def generated_parts() -> dict[str, str]:
    """Return the parts of README that the code makes, as README has them now."""
    text = README.read_text(encoding="utf-8")
    return {
        each["name"]: each[0].partition("\n")[2].rpartition("<!-- end -->")[0] for each in _GENERATED.finditer(text)
    }


def walk(session: Session) -> Iterator[tuple[Block, list[tuple[str, str, str]]]]:
    """Do all that README says, in order; yield each console block with its commands, expected and true answers."""
    for block in blocks("console", "diff"):
        if block.kind == "diff":
            session.edit(block.text)
            continue
        yield block, [(command, said, normalised(session.type(command))) for command, said in exchanges(block.text)]


def rewrite() -> None:
    """Write the generated parts and the true answers into README."""
    makers = tables()
    text = _GENERATED.sub(
        lambda found: f"{found[1]}{makers[found['name']]()}\n{found[3]}", README.read_text(encoding="utf-8")
    )
    README.write_text(text, encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        home.mkdir()
        for block, answers in reversed(list(walk(Session(home)))):
            told = "".join(f"$ {command}\n{said}" for command, _, said in answers)
            text = text[: block.start] + told + text[block.end :]
    README.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    rewrite()
