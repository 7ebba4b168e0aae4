"""What commands that only look say when the ledger may not be the one that sent the emails before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from automations.commands.common import Asked
from automations.core.identity import strange

if TYPE_CHECKING:
    from automations.project import Project


def warn_of_strange(asked: Asked, project: Project) -> None:
    """Say on standard error that a run would send nothing, and why; say nothing when it would."""
    with project.open_ledger() as ledger:
        why = strange(ledger.identity(), project.marks().read())
    if why:
        asked.heed(f"A run would send nothing: {' '.join(why)}\nTo see what is known:  {asked.repeat('adopt')}\n")
