"""``leadwright settle``: a person decides about emails that may or may not have arrived."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import click

from automations.commands.common import Asked, as_command, now
from automations.core.evidence import Doubt
from automations.core.history import MessageRecord, MessageState
from automations.errors import AlreadyRunning, WrongUsage
from automations.ledger import Ledger
from automations.report.text import count, plain, table

_SAID = {
    "sent": "counted as sent; its sequence goes on",
    "resend": "goes again with the next run, in the same words",
    "drop": "dropped: it is not sent again",
}


@as_command("settle")
@click.argument("key", metavar="[LEAD]", required=False)
@click.option("--sent", "decision", flag_value="sent", help="It arrived: count it as sent.")
@click.option("--resend", "decision", flag_value="resend", help="It did not arrive: send it again.")
@click.option("--drop", "decision", flag_value="drop", help="Leave it: neither count nor send it.")
@click.pass_obj
def command(asked: Asked, key: str | None, decision: str | None) -> int:
    """List the emails in doubt, or decide about the one to LEAD.

    An email is in doubt when the connection or the computer died after its last line was on the way and before the
    server answered. Look into the sender's Sent folder, or ask the lead, then decide. An email that was refused can be
    dropped: its sequence then goes on without it.
    """
    if decision and not key:
        raise WrongUsage(f"--{decision} needs the lead it is about", fix="for the list:  leadwright settle")
    with asked.ledger() as ledger:
        _recover(ledger)
        in_doubt = ledger.doubts()
        if not key:
            return _list(asked, in_doubt)
        found = _find((*in_doubt, *_refused(ledger)) if decision == "drop" else in_doubt, key)
        if not decision:
            return _list(asked, [found])
        ledger.decide(found.record.key, decision, now())
    asked.answer(
        {"decided": {**_as_json(found), "decision": decision}},
        f"{found.record.step} to {plain(found.record.address)}: {_SAID[decision]}.",
    )
    return 0


def _refused(ledger: Ledger) -> list[Doubt]:
    """Return the emails that a mail server refused: there is nothing to find out, but a person may drop them."""
    refused = (record for record in ledger.history(now()).messages if record.state is MessageState.REFUSED)
    return [Doubt(record, record.at) for record in refused]


def _recover(ledger: Ledger) -> None:
    """Bring to light what a killed run left; a run at work still knows what it is doing."""
    try:
        with ledger.lock():
            ledger.recover(now())
    except AlreadyRunning:
        return


def _find(in_doubt: Sequence[Doubt], key: str) -> Doubt:
    wanted = key.strip().casefold()
    found = [each for each in in_doubt if wanted in _names(each.record)]
    if not found:
        raise WrongUsage(f'no email to "{key}" is in doubt', fix="for the list:  leadwright settle")
    if len(found) > 1:
        keys = ", ".join(f"{each.record.key} ({each.record.step})" for each in found)
        raise WrongUsage(f'{len(found)} emails to "{key}" are in doubt', fix=f"name one of them instead: {keys}")
    return found[0]


def _names(record: MessageRecord) -> tuple[str, ...]:
    return record.lead_key.casefold(), record.address.casefold(), record.key


def _list(asked: Asked, in_doubt: Sequence[Doubt]) -> int:
    asked.answer({"in_doubt": [_as_json(each) for each in in_doubt]}, settle_screen(in_doubt, asked.repeat))
    return 0


def settle_screen(in_doubt: Sequence[Doubt], repeat: Callable[[str], str]) -> str:
    """Return the emails in doubt with what is known of each, and how to decide."""
    if not in_doubt:
        return "No email is in doubt."
    rows = [
        (plain(each.address), each.step, _say(each.at), f'"{plain(each.subject)}"')
        for each in (doubt.record for doubt in in_doubt)
    ]
    lines = table(rows, most=(26, 16, 20), width=78)
    settle = repeat(f"settle {in_doubt[0].record.lead_key}")
    return "\n".join(
        [
            f"{count(len(in_doubt), 'email')} in doubt: the server never said whether it took over.",
            *(line for doubt, row in zip(in_doubt, lines, strict=True) for line in ("  " + row, *_known(doubt))),
            "",
            "Look into the sender's Sent folder, or ask the lead. Then:",
            f"  {settle} --sent     it arrived",
            f"  {settle} --resend   it did not: send it again",
            f"  {settle} --drop     leave it",
        ]
    )


def _known(doubt: Doubt) -> Iterator[str]:
    """Yield what the looks so far have told, the last one of each place."""
    last = {clue.place: clue for clue in doubt.clues}
    for clue in last.values():
        yield f"    {_say(clue.at)}: {'' if clue.is_there else 'not '}in {plain(clue.place)}"


def _say(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _as_json(doubt: Doubt) -> dict[str, Any]:
    record = doubt.record
    return {
        "key": record.lead_key,
        "to": record.address,
        "sequence": record.sequence,
        "step": record.step,
        "sender": record.sender,
        "subject": record.subject,
        "at": record.at.isoformat(),
        "message": record.key,
        "message_id": record.message_id,
        "looked": [{"at": each.at.isoformat(), "in": each.place, "found": each.is_there} for each in doubt.clues],
    }
