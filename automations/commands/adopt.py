"""``leadwright adopt``: go on with a ledger that was copied, lost, or put back from a backup."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from automations.commands.common import Asked, as_command, is_conversation, now
from automations.report.text import count

if TYPE_CHECKING:
    from automations.adopting import Look


@as_command("adopt")
@click.option("--yes", is_flag=True, help="Do not ask; take the ledger over.")
@click.pass_obj
def command(asked: Asked, *, yes: bool) -> int:
    """Show why the ledger is not trusted, look up what was sent meanwhile, and make it the one that works here.

    Needed after a move to another machine, a restored backup, or the loss of .leadwright/. Everything that is found in
    the Sent folders counts as sent; what may have been on its way is put in doubt, for  leadwright settle.
    """
    from automations.adopting import look_around, take_over  # noqa: PLC0415 - --help does not need it

    project = asked.project()
    with project.open_ledger() as ledger, ledger.lock():
        look = look_around(project, ledger)
        if not look.why:
            asked.answer({"strange": [], "adopted": False}, "This is the ledger that worked here last. Nothing to do.")
            return 0
        asked.say("\n".join(_screen(look)))
        if not (yes or _says_yes(asked)):
            text = f"Nothing was changed. To take it over:  {asked.repeat('adopt --yes')}"
            asked.answer({**_as_json(look), "adopted": False}, text)
            return 0
        learnt = take_over(project, ledger, look, now())
        in_doubt = len(ledger.in_doubt())
    asked.answer(
        {**_as_json(look), "adopted": True, "learnt": learnt, "in_doubt": in_doubt},
        "\n".join(_outcome(asked, learnt, in_doubt)),
    )
    return 0


def _says_yes(asked: Asked) -> bool:
    if asked.as_json or not is_conversation():
        return False
    click.echo("Take it over? [y]es / [n]o   ", nl=False)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _screen(look: Look) -> Iterator[str]:
    yield "Why this ledger is not trusted:"
    yield from (f"  {why}" for why in look.why)
    yield f"It was made {look.identity.made_at:%Y-%m-%d} and knows of {count(look.identity.emails, 'email')}."
    for place in look.seen:
        yield f"  read: {place}"
    yield from (f"  not read: {blind}" for blind in look.blind)
    if look.seen:
        yield f"Found there: {count(len(look.sent), 'email')} to leads of the sheet. They will count as sent."
    if look.blind:
        yield "Emails that only those could show may be sent again, unless Email status in the sheet tells of them."
    yield "Make sure that no other machine works with these leads: it would send the same emails."
    yield ""


def _outcome(asked: Asked, learnt: int, in_doubt: int) -> Iterator[str]:
    yield f"This ledger works here from now on. It learnt of {count(learnt, 'email')}."
    if in_doubt:
        yield f"{count(in_doubt, 'email')} may have left meanwhile. Decide with:  {asked.repeat('settle')}"
    yield f"Look before you send:  {asked.repeat('plan')}"


def _as_json(look: Look) -> dict[str, object]:
    return {
        "strange": list(look.why),
        "read": list(look.seen),
        "not_read": list(look.blind),
        "found": [
            {"key": each.lead_key, "step": each.step, "message_id": each.message_id, "at": each.at.isoformat()}
            for each in look.sent
        ],
    }
