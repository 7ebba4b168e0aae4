"""``leadwright inbox``: what mails are that came back, and why we think so."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from automations.commands.common import Asked, as_command
from automations.errors import WrongUsage
from automations.report.inbox_screen import ReadMail, inbox_screen, inbox_to_json

if TYPE_CHECKING:
    from automations.core.incoming import Verdict
    from automations.mail.incoming.matching import Known
    from automations.mail.incoming.verdict import Context


@as_command("inbox")
@click.option("--read", is_flag=True, help="Only say what each FILE is, and why; nothing is recorded.")
@click.argument("files", metavar="[FILE]...", nargs=-1, type=click.Path(path_type=Path))
@click.pass_obj
def command(asked: Asked, *, read: bool, files: Sequence[Path]) -> int:
    """Read the mailboxes of the senders now: replies, absences, bounces, complaints; and what follows from them.

    What changes a lead is written into the sheet; no email leaves. With --read, stored mails are read instead, and
    nothing is changed: a FILE is one mail as it was received (.eml); of a folder, every file in it. Beside a
    config.yaml each is matched to the lead it belongs to.
    """
    if read != bool(files):
        raise WrongUsage("--read and files go together", fix="to look into the mailboxes:  leadwright inbox")
    return _read_files(asked, files) if read else _listen(asked)


def _listen(asked: Asked) -> int:
    from automations.clock import SystemClock  # noqa: PLC0415 - --help needs none of these
    from automations.commands.progress import Progress  # noqa: PLC0415
    from automations.listening import listen  # noqa: PLC0415
    from automations.report.heard_screen import heard_screen, heard_to_json  # noqa: PLC0415

    project = asked.project()
    if not project.inboxes():
        raise WrongUsage(
            "no sender has a mailbox to read",
            fix="add  imap: {host: ..., user: ..., password: $NAME}  to a sender in config.yaml",
        )
    with Progress(wanted=not (asked.quiet or asked.as_json)) as say:
        heard = listen(project, SystemClock(), say=say)
    asked.answer(heard_to_json(heard), heard_screen(heard))
    return heard.exit_code


def _read_files(asked: Asked, files: Sequence[Path]) -> int:
    from automations.mail.incoming.verdict import read_mail  # noqa: PLC0415 - --help does not need it

    context, known = _known(asked)
    mails = [_matched(str(file), read_mail(_beginning(file), context), known) for file in _mails(files)]
    asked.answer(inbox_to_json(mails), inbox_screen(mails))
    return 0


def _mails(files: Sequence[Path]) -> Iterator[Path]:
    for file in files:
        if file.is_dir():
            yield from sorted(each for each in file.rglob("*") if each.is_file())
        else:
            yield file


def _beginning(file: Path) -> bytes:
    from automations.mail.incoming.parse import MAX_BYTES  # noqa: PLC0415 - --help does not need it

    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except OSError as err:
        raise WrongUsage(
            f"{file} cannot be read: {err.strerror}", fix="name a mail that was stored as a file"
        ) from None


def _known(asked: Asked) -> tuple[Context, Known | None]:
    """Return who we are and what we sent; nothing where there is no config.yaml, or a wrong one."""
    from automations.mail.incoming.verdict import NO_CONTEXT  # noqa: PLC0415 - --help does not need it

    if not asked.config_file.is_file():
        return NO_CONTEXT, None
    from automations.collecting import understanding_for  # noqa: PLC0415 - --help does not need it
    from automations.project import read_project  # noqa: PLC0415 - --help does not need it

    project, problems, _ = read_project(asked.config_file, os.environ)
    if project is None:
        asked.heed(f"{asked.config_file.name} has {len(problems)} problems, so no mail is matched: leadwright check")
        return NO_CONTEXT, None
    with asked.ledger() as ledger:
        return understanding_for(project.policy, ledger.messages())


def _matched(file: str, verdict: Verdict, known: Known | None) -> ReadMail:
    from automations.mail.incoming.matching import UNMATCHED, match  # noqa: PLC0415 - --help does not need it

    found = UNMATCHED if known is None else match(verdict, known)
    return ReadMail(file, verdict, found.lead or "", found.how.value, tuple(found.colleagues))
