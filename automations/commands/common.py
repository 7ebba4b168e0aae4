"""What every command shares: what was asked for besides its own options, and the ways to answer."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import click

from automations.errors import WrongUsage

if TYPE_CHECKING:
    from automations.ledger import Ledger
    from automations.project import Project

OWN_FOLDER = ".leadwright"
"""Beside config.yaml: ledger, logs, saved plans."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The options that go with every command. *colour* is wanted and possible."""

    config: Path = Path("config.yaml")
    as_json: bool = False
    quiet: bool = False
    colour: bool = False

    @property
    def config_file(self) -> Path:
        """Return the file; for a folder, the config.yaml in it."""
        return self.config / "config.yaml" if self.config.is_dir() else self.config

    @property
    def own_folder(self) -> Path:
        """Return the folder for what we keep."""
        return self.config_file.parent / OWN_FOLDER

    def answer(self, data: Mapping[str, Any], text: str) -> None:
        """Tell the outcome: as one JSON object, or as *text*; with --quiet no text."""
        if self.as_json:
            write(as_json_text(data))
        else:
            self.say(text)

    def say(self, text: str) -> None:
        """Tell a person something that no program needs."""
        if not (self.as_json or self.quiet):
            write(text)

    def heed(self, text: str) -> None:
        """Tell on standard error what must not be overlooked, also with --quiet."""
        click.echo(text, err=True)

    def paint(self, text: str, colour: str) -> str:
        """Return *text* in a colour, if colours are wanted."""
        return click.style(text, fg=colour) if self.colour else text

    def repeat(self, words: str) -> str:
        """Return a command line that means the same config.yaml: ``leadwright --config demo/config.yaml run``."""
        named = "" if self.config == Path("config.yaml") else f"--config {_quoted(str(self.config))} "
        return f"leadwright {named}{words}"

    def project(self) -> Project:
        """Return all that config.yaml and the templates say, checked. Raises WrongConfig, or WrongUsage without one."""
        from automations.project import load_project  # noqa: PLC0415 - pause and schema do not need it

        return load_project(self.found_config(), os.environ)

    @contextmanager
    def ledger(self) -> Iterator[Ledger]:
        """Open the ledger alone, for commands that must work while config.yaml is broken."""
        from automations.ledger.sqlite import open_ledger  # noqa: PLC0415 - check and schema do not need it

        self.found_config()
        ledger = open_ledger(self.own_folder)
        try:
            yield ledger
        finally:
            ledger.close()

    def found_config(self) -> Path:
        """Return the config file. Raises WrongUsage when it is not there."""
        if not self.config_file.is_file():
            raise WrongUsage(
                f"there is no {self.config_file}",
                fix="make one with  leadwright init  or name yours with  --config FILE",
            )
        return self.config_file


def _quoted(text: str) -> str:
    return text if all(char.isalnum() or char in "/._-\\:" for char in text) else f'"{text}"'


def write(text: str) -> None:
    """Write to standard output. When nobody reads any more (``| head``), what was begun still goes on."""
    try:
        click.echo(text)
    except BrokenPipeError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115, PTH123 - it stands in until the process ends


def screen_width() -> int:
    """Return how many columns a screen has room for: 80, unless the terminal has fewer; 40 at least."""
    # Where the output goes into a file or a program there is no terminal to ask, and no reason to cut.
    return (
        min(80, max(40, shutil.get_terminal_size().columns)) if sys.stdout is not None and sys.stdout.isatty() else 80
    )


def as_json_text(data: Mapping[str, Any]) -> str:
    """Return one JSON object, in letters the output can carry."""
    encoding = (getattr(sys.stdout, "encoding", None) or "utf-8").lower().replace("-", "")
    return json.dumps(data, indent=2, ensure_ascii=encoding != "utf8")


class Command(click.Command):
    """A command that takes --config and --json also after its own name, where people tend to write them."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - click's own, passed on
        super().__init__(*args, **kwargs)
        self.params += [
            _late_option("--config", lambda asked, value: replace(asked, config=value), click.Path(path_type=Path)),
            _late_option("--json", lambda asked, _: replace(asked, as_json=True), None),
            _late_option("--quiet", lambda asked, _: replace(asked, quiet=True), None),
            _late_option("--no-color", lambda asked, _: replace(asked, colour=False), None),
        ]


def _late_option(name: str, change: Callable[[Asked, Any], Asked], kind: click.ParamType[Any] | None) -> click.Option:
    def keep(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:  # noqa: ANN401 - the option's value
        del parameter
        if value:
            ctx.obj = change(ctx.obj, value)

    return click.Option(
        [name], type=kind, is_flag=kind is None, hidden=True, expose_value=False, is_eager=True, callback=keep
    )


as_command = partial(click.command, cls=Command)
"""Make a command; its function gets `Asked` as its first argument and returns the exit code."""


def moment_of(text: str, zone: ZoneInfo) -> datetime:
    """Return the moment that ``--at`` names, in the business's *zone* unless it says another offset.

    >>> moment_of("2026-11-23 09:00", ZoneInfo("Europe/Berlin")).isoformat()
    '2026-11-23T09:00:00+01:00'
    """
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise WrongUsage(
            f'--at "{text}" is not a date and a time', fix='write it like  --at "2026-11-23 09:00"'
        ) from None
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment


def asked_moment(at: str | None, zone: ZoneInfo) -> datetime:
    """Return the moment a command is about: the one asked for, else now, in the business's *zone*."""
    if at is not None:
        return moment_of(at, zone)
    return now().astimezone(zone)


def now() -> datetime:
    """Return this moment."""
    from automations.clock import SystemClock  # noqa: PLC0415 - --help needs no clock

    return SystemClock().now()


def is_conversation() -> bool:
    """Return whether a person sits at both ends, so that a question can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()
