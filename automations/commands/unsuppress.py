"""``leadwright unsuppress``: allow an address again."""

from __future__ import annotations

import click

from automations.commands.common import Asked, as_command, now
from automations.core.addresses import AddressProblem, normalise_address
from automations.errors import WrongUsage


@as_command("unsuppress")
@click.argument("address")
@click.option(
    "--because", required=True, metavar="TEXT", help="Why it may be written to again; it must be said, and is kept."
)
@click.pass_obj
def command(asked: Asked, address: str, because: str) -> int:
    """Allow ADDRESS to be written to again: they asked for it, or the mailbox exists now.

    Sequences that were stopped stay stopped; new ones may begin. After a complaint an address stays on the list.
    """
    try:
        wanted = normalise_address(address)
    except AddressProblem as problem:
        raise WrongUsage(f'"{address}" is not an email address: {problem}; nothing was changed') from None
    if not because.strip():
        raise WrongUsage("--because is empty; nothing was changed", fix="say why, in a few words")
    with asked.ledger() as ledger:
        ledger.unsuppress(wanted, because, now())
    asked.answer({"unsuppressed": wanted, "because": because}, f"{wanted} may be written to again: {because}.")
    return 0
