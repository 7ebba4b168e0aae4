"""``leadwright dress``: a drop-down of stages and colours for segments, put into the workbook once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from automations.commands.common import Asked, as_command
from automations.core.books import wanted_headers
from automations.core.leads import Role
from automations.errors import WrongUsage
from automations.report.text import listed, plain

if TYPE_CHECKING:
    from automations.core.policy import Policy
    from automations.sources.dress import Dress, Dressed


@as_command("dress")
@click.pass_obj
def command(asked: Asked) -> int:
    """Put a drop-down of your stages and colours for your segments into the workbook.

    From then on they are yours: change them in Excel as you like. A column that has a drop-down or our colours
    already is left as it is, so doing it twice changes nothing. Cells, formulas and all else stay the same.
    """
    from automations.sources.dress import Dressable  # noqa: PLC0415 - --help does not need it

    project = asked.project()
    source = project.open_source()
    if not isinstance(source, Dressable):
        raise WrongUsage(f"{source.label} is no workbook: a CSV file has no colours", fix="save it as .xlsx in Excel")
    dressed = source.dress(_dress(project.policy), wanted_headers(project.policy.columns))
    data = {"added": list(dressed.added), "kept": list(dressed.kept)} | ({"tab": dressed.tab} if dressed.tab else {})
    asked.answer(data, dressed_screen(dressed, source.label, project.policy))
    return 0


def _dress(policy: Policy) -> Dress:
    from automations.sources.dress import Dress  # noqa: PLC0415 - --help does not need it

    rules = policy.rules
    stage = policy.columns.header_of(Role.STAGE) if rules.stages else None
    segment = policy.columns.header_of(Role.SEGMENT)
    if not (stage or segment):
        raise WrongUsage("neither stage nor segment has a column", fix="add them to config.yaml under  write:")
    return Dress(stage or "", rules.stages, segment or "", tuple(each.name for each in rules.segments))


def dressed_screen(dressed: Dressed, label: str, policy: Policy) -> str:
    """Return what was put into the sheet, and what was there already."""
    what = {
        policy.columns.header_of(Role.STAGE): "a drop-down of your stages",
        policy.columns.header_of(Role.SEGMENT): "a colour for each segment",
    }
    lines = [f"{plain(header)} in {label} has {what[header]} now." for header in dressed.added]
    if dressed.kept:
        had = (
            "had theirs already and stayed as they were" if len(dressed.kept) > 1 else "had its own already and stayed"
        )
        lines.append(f"{listed(map(plain, dressed.kept))} {had}.")
    if dressed.tab:
        lines.append(f'The new tab "{plain(dressed.tab)}" tells of each run, and has a box that stops all sending.')
    return "\n".join(lines)
