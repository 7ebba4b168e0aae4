"""``leadwright suppress``: whom nothing may be sent to."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from automations.commands.common import Asked, as_command, now
from automations.core.addresses import AddressProblem, normalise_address
from automations.core.history import Suppression, Suppressions
from automations.errors import PARTLY_DONE_EXIT_CODE, WrongUsage
from automations.report.text import count, plain, table

BY_HAND = "by hand"


@as_command("suppress")
@click.argument("addresses", metavar="[ADDRESS]...", nargs=-1)
@click.option("--because", default="", metavar="TEXT", help="Why, for your colleagues.")
@click.option("--from", "list_file", type=click.Path(path_type=Path), metavar="FILE.csv", help="All in this list too.")
@click.option(
    "--export", type=click.Path(path_type=Path), metavar="FILE.csv", help="Write the list there; - for the screen."
)
@click.pass_obj
def command(asked: Asked, addresses: Sequence[str], because: str, list_file: Path | None, export: Path | None) -> int:
    """Never send anything to ADDRESS again, whatever lead or sequence; without one, show the list.

    The list holds for all sheets of this config.yaml. Who unsubscribes, complains, or has an address that does not
    exist comes onto it by itself. Works while config.yaml is broken.
    """
    if export:
        return _export(asked, export)
    if list_file:
        return _import(asked, list_file, because)
    if not addresses:
        return _list(asked)
    wanted = [_address(each) for each in addresses]
    with asked.ledger() as ledger:
        ledger.suppress_all([(address, because or BY_HAND) for address in wanted], now())
    undo = asked.repeat(f"unsuppress {wanted[0]} --because ...")
    asked.answer(
        {"suppressed": wanted, "because": because or BY_HAND},
        f"Nothing is sent to {_named(wanted)} any more. To allow it again:  {undo}",
    )
    return 0


def _named(addresses: Sequence[str]) -> str:
    return plain(addresses[0]) if len(addresses) == 1 else f"these {len(addresses)} addresses"


def _address(text: str) -> str:
    try:
        return normalise_address(text)
    except AddressProblem as problem:
        raise WrongUsage(
            f'"{text}" is not an email address: {problem}; nothing was changed', fix="write it like  eva@muster.example"
        ) from None


def _list(asked: Asked) -> int:
    with asked.ledger() as ledger:
        found = ledger.suppressions()
    asked.answer(
        {
            "suppressed": [
                {"address": each.address, "because": each.why, "at": each.at.isoformat()} for each in _sorted(found)
            ],
            "erased": len(found.erased),
        },
        list_screen(found),
    )
    return 0


def _sorted(found: Suppressions) -> list[Suppression]:
    return sorted(found.by_address.values(), key=lambda each: each.address)


def list_screen(found: Suppressions) -> str:
    """Return whom nothing may be sent to, why, and since when."""
    if not (found.by_address or found.erased):
        return "Nobody is on the list: everybody may be written to."
    rows = [(plain(each.address), f"{each.at:%Y-%m-%d}", plain(each.why)) for each in _sorted(found)]
    total = len(rows) + len(found.erased)
    lines = [f"Nothing is sent to {count(total, 'address', 'addresses')}:"]
    lines += ["  " + line for line in table(rows, most=(40, 10, 60), width=78)]
    if found.erased:
        too = "and " if rows else ""
        lines.append(f"  {too}{count(len(found.erased), 'person', 'people')} whose data were erased; a hash is left")
    return "\n".join(lines)


def _import(asked: Asked, file: Path, because: str) -> int:
    from automations.sources.address_list import read_addresses  # noqa: PLC0415 - only a list needs it

    try:
        data = file.read_bytes()
    except OSError as error:
        raise WrongUsage(
            f"{file} cannot be read: {error.strerror}; nothing was changed", fix="name a CSV file"
        ) from None
    listed, problems = read_addresses(data, file.name)
    with asked.ledger() as ledger:
        before = ledger.suppressions()
        new = {each.address for each in listed if before.of(each.address) is None}
        why = f"from the list {file.name}"
        ledger.suppress_all([(each.address, because or each.why or why) for each in listed], now())
    known = len(listed) - len(new)
    text = [str(problem) for problem in problems]
    text.append(f"{count(len(new), 'new address', 'new addresses')} from {file.name}; {known} were known.")
    asked.answer(
        {
            "added": sorted(new),
            "known": known,
            "problems": [{"where": each.where, "what": each.what, "fix": each.fix} for each in problems],
        },
        "\n".join(text),
    )
    return PARTLY_DONE_EXIT_CODE if problems else 0


def _export(asked: Asked, file: Path) -> int:
    from automations.sources.address_list import to_csv  # noqa: PLC0415 - only a list needs it

    with asked.ledger() as ledger:
        found = ledger.suppressions()
    data = to_csv(_sorted(found))
    if str(file) == "-":
        sys.stdout.write(data.decode())
    else:
        file.write_bytes(data)
        asked.answer(
            {"file": str(file), "addresses": len(found.by_address), "erased": len(found.erased)},
            f"{count(len(found.by_address), 'address', 'addresses')} written to {file}.",
        )
    if found.erased:
        asked.heed(
            f"{count(len(found.erased), 'erased person', 'erased people')} cannot be listed: only a hash is kept."
        )
    return 0
