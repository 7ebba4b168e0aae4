"""``leadwright erase``: forget a person who asked for it."""

from __future__ import annotations

from pathlib import Path

import click

from automations.commands.asking import ask_yes
from automations.commands.common import Asked, as_command, is_conversation, now
from automations.commands.saved import plans_folder
from automations.errors import WrongUsage
from automations.report.text import count

_BACKUPS = "backups"


@as_command("erase")
@click.argument("who", metavar="LEAD")
@click.option("--yes", is_flag=True, help="Do not ask; it cannot be undone.")
@click.pass_obj
def command(asked: Asked, who: str, *, yes: bool) -> int:
    """Forget all that is recorded about LEAD, an email address or a lead's key. It cannot be undone.

    What stays is a hash of the address, from which nobody can read it, so that nothing is ever sent there again, also
    when the lead is entered anew. The row in your sheet is yours to delete. Works while config.yaml is broken.
    """
    if not (yes or (is_conversation() and ask_yes(f"Forget all about {who}? It cannot be undone."))):
        raise WrongUsage(
            "nothing was erased", fix=f"to erase without being asked:  {asked.repeat(f'erase {who} --yes')}"
        )
    with asked.ledger() as ledger, ledger.lock():
        ledger.recover(now())
        erased = ledger.erase(who, now())
    plans = _forget_plans(asked.own_folder)
    left = _left(asked)
    gone = [count(erased.emails, "email"), count(erased.entries, "entry", "entries"), count(plans, "saved plan")]
    known = erased.emails or erased.entries
    first = f"Erased: {', '.join(gone)}." if known else f"Nothing was recorded about {who}; is it written right?"
    lines = [f"{first} Nothing is sent there again.", "What is yours to delete:"]
    lines += [f"  {each}" for each in left]
    asked.answer({"emails": erased.emails, "entries": erased.entries, "plans": plans, "left": left}, "\n".join(lines))
    return 0


def _forget_plans(own_folder: Path) -> int:
    """Delete all saved plans: they are good for two hours only, and full of names."""
    plans = sorted(plans_folder(own_folder).glob("*.json"))
    for plan in plans:
        plan.unlink(missing_ok=True)
    return len(plans)


def _left(asked: Asked) -> list[str]:
    """Return where the person may still stand: places that are the team's, or that a person has to look at."""
    left = ["the row in your sheet"]
    if any((asked.own_folder / _BACKUPS).glob("*")):
        left.append(f"the copies of the sheet in {asked.own_folder / _BACKUPS}: they go by themselves as new ones come")
    if (asked.config_file.parent / "outbox").is_dir():
        left.append("emails as files in outbox/")
    left.append("emails in the Sent folders and inboxes of your senders")
    return left
