"""``leadwright doctor``: whether everything is connected."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import click

from automations.commands.common import Asked, as_command, now
from automations.core.health import Finding, Level, examine
from automations.errors import PARTLY_DONE_EXIT_CODE
from automations.report.text import plain, wrapped

Painter = Callable[[Level], str]

_INDENT = 8
_COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


@as_command("doctor")
@click.option("--resolver", default="", metavar="HOST:PORT", help="Ask this name server, not the system's.")
@click.pass_obj
def command(asked: Asked, resolver: str) -> int:
    """Try every connection, and look at what receivers look at; nothing is sent or changed.

    Ends with 0 when nothing FAILs, with 1 otherwise.
    """
    from automations.doctor import gather  # noqa: PLC0415 - --help does not need it

    project = asked.project()
    findings = examine(gather(project, now(), resolver=resolver or project.config.resolver))
    asked.answer(
        {"checks": [{"level": each.level, "what": each.what, "fix": each.fix} for each in findings]},
        doctor_screen(findings, lambda level: asked.paint(level.ljust(4), _COLOURS[level])),
    )
    return PARTLY_DONE_EXIT_CODE if any(each.level is Level.FAIL for each in findings) else 0


def doctor_screen(findings: Sequence[Finding], say: Painter = lambda level: level.ljust(4)) -> str:
    """Return one line for each check, with what to do under it where something is wrong."""
    return "\n".join(line for finding in findings for line in _lines(finding, say))


def _lines(finding: Finding, say: Painter) -> Iterator[str]:
    yield f"  {say(finding.level)}  " + wrapped(plain(finding.what).split(" "), indent=_INDENT, joint=" ")
    if finding.fix:
        yield " " * _INDENT + wrapped(f"do this: {plain(finding.fix)}".split(" "), indent=_INDENT, joint=" ")
