"""``leadwright preview``: one email, as one lead will get it."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import NamedTuple

import click

from automations.commands.common import Asked, as_command, asked_moment
from automations.core.leads import Lead
from automations.core.messages import UNSUBSCRIBE_LINES, Outgoing, Rendered
from automations.report.text import count, plain

_LINK = re.compile(r"https?://[^\s<>()]+")
_WORD = re.compile(r"\w[\w'\u2019-]*")


class Facts(NamedTuple):
    """What people look at before they send an email."""

    subject: str
    sender: str
    to: str
    words: int
    links: int
    may_unsubscribe: bool


@as_command("preview")
@click.argument("step")
@click.option("--lead", "key", metavar="LEAD", help="Who would get it; without, the first lead of the sheet.")
@click.option("--at", metavar="MOMENT", help='As if it were then: "2026-11-23 09:00".')
@click.option("--out", metavar="FILE.html", type=click.Path(path_type=Path), help="Save the HTML form, for a browser.")
@click.pass_obj
def command(asked: Asked, step: str, *, key: str | None, at: str | None, out: Path | None) -> int:
    """Show the email of STEP, whether it is due or not. Nothing is sent."""
    from automations.looking import preview  # noqa: PLC0415 - --help does not need it

    project = asked.project()
    outgoing, rendered, lead = preview(project, step, key, asked_moment(at, project.policy.business.zone))
    if out:
        out.write_text(rendered.html, encoding="utf-8")
    facts = facts_of(outgoing, rendered)
    asked.answer(preview_to_json(step, lead, facts, rendered), preview_screen(facts, rendered))
    if out:
        asked.say(f"\nSaved as {out}: open it in a browser.")
    return 0


def facts_of(outgoing: Outgoing, rendered: Rendered) -> Facts:
    """Return what is worth knowing of an email, read back from its very bytes."""
    message = message_from_bytes(outgoing.content, policy=SMTP)
    return Facts(
        subject=str(message["Subject"]),
        sender=str(message["From"]),
        to=str(message["To"]),
        words=len(_WORD.findall(_LINK.sub("", rendered.text))),
        links=len(_LINK.findall(rendered.text)),
        may_unsubscribe=any(line in rendered.text for line in UNSUBSCRIBE_LINES.values()),
    )


def preview_screen(facts: Facts, rendered: Rendered) -> str:
    """Return an email as text, under the facts about it."""
    told = [
        count(facts.words, "word"),
        count(facts.links, "link"),
        f"unsubscribe line {'is there' if facts.may_unsubscribe else 'is missing'}",
    ]
    body = "\n".join(plain(line) for line in rendered.text.rstrip().splitlines())
    head = (("Subject", facts.subject), ("From", facts.sender), ("To", facts.to), ("", ", ".join(told)))
    return "\n".join([*(f"{label:<9}{plain(text)}" for label, text in head), "", body])


def preview_to_json(step: str, lead: Lead, facts: Facts, rendered: Rendered) -> dict[str, object]:
    """Return an email and the facts about it, for a program."""
    return {"key": lead.key, "step": step, **facts._asdict(), "text": rendered.text, "html": rendered.html}
