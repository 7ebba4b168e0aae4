"""``leadwright preview``: one email, as one lead will get it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from automations.commands.common import Asked, as_command, asked_moment, now
from automations.core.enclosures import shown_alone
from automations.core.leads import Lead
from automations.core.messages import UNSUBSCRIBE_LINES, Hand, Outgoing, Rendered
from automations.errors import PARTLY_DONE_EXIT_CODE, WrongUsage
from automations.report.text import count, plain

if TYPE_CHECKING:
    from automations.previews import Shot

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
    files: tuple[str, ...] = ()


@as_command("preview")
@click.argument("step", required=False)
@click.option("--lead", "key", metavar="LEAD", help="Who would get it; without, the first lead of the sheet.")
@click.option("--at", metavar="MOMENT", help='As if it were then: "2026-11-23 09:00".')
@click.option("--out", metavar="FILE.html", type=click.Path(path_type=Path), help="Save the HTML form, for a browser.")
@click.option("--to", metavar="ME", help="Mail it to yourself: me, or one of your senders' addresses.")
@click.option(
    "--gallery",
    metavar="FILE.html",
    type=click.Path(path_type=Path),
    help="Save a page with every email, for awkward names, at 360 and 600 px, light and dark.",
)
@click.pass_obj
def command(
    asked: Asked,
    step: str | None,
    *,
    key: str | None,
    at: str | None,
    out: Path | None,
    to: str | None,
    gallery: Path | None,
) -> int:
    """Show the email of STEP, whether it is due or not. Nothing is sent to a lead."""
    from automations import previews  # noqa: PLC0415 - --help does not need it

    project = asked.project()
    if (step is None) == (gallery is None):
        raise WrongUsage(
            f"name one email to see, or --gallery for all: {', '.join(previews.email_names(project.policy))}",
            fix="write  leadwright preview STEP  or  leadwright preview --gallery gallery.html",
        )
    moment = asked_moment(at, project.policy.business.zone)
    if gallery is not None:
        return _save_gallery(asked, list(previews.gallery(project, key, moment)), gallery)
    address = previews.own_address(project.policy, to) if to else ""
    outgoing, rendered, lead = previews.preview(project, str(step), key, moment)
    if out:
        out.write_text(shown_alone(rendered.html, rendered.enclosures), encoding="utf-8")
    facts = facts_of(outgoing, rendered)
    asked.answer(preview_to_json(str(step), lead, facts, rendered), preview_screen(facts, rendered))
    if out:
        asked.say(f"\nSaved as {out}: open it in a browser.")
    if not address:
        return 0
    outcome = previews.mail_test(project, rendered, lead, str(step), address, now())
    is_sent = project.config.connections[previews.writer_of_tests(project.policy, address).name] is not None
    asked.say(f"\n{previews.told(outcome, address, None if is_sent else project.config.outbox.name)}")
    return 0 if outcome.hand is Hand.ACCEPTED else PARTLY_DONE_EXIT_CODE


def _save_gallery(asked: Asked, shots: Sequence[Shot], file: Path) -> int:
    from automations.report.gallery import gallery_page  # noqa: PLC0415 - only needed for this

    file.write_text(gallery_page(shots, "Every email, for awkward names"), encoding="utf-8")
    problems = [f"{shot.step}, {shot.who}: {shot.problem}" for shot in shots if shot.problem]
    data = {"file": str(file), "emails": len(shots), "problems": problems}
    said = [f"Saved as {file}: {count(len(shots), 'email')}; open it in a browser.", *map(plain, problems)]
    asked.answer(data, "\n".join(said))
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
        files=tuple(each.name for each in rendered.enclosures if not each.cid),
    )


def preview_screen(facts: Facts, rendered: Rendered) -> str:
    """Return an email as text, under the facts about it."""
    told = [
        count(facts.words, "word"),
        count(facts.links, "link"),
        f"unsubscribe line {'is there' if facts.may_unsubscribe else 'is missing'}",
    ]
    body = "\n".join(plain(line) for line in rendered.text.rstrip().splitlines())
    files = (("Files", ", ".join(facts.files)),) if facts.files else ()
    head = (("Subject", facts.subject), ("From", facts.sender), ("To", facts.to), *files, ("", ", ".join(told)))
    return "\n".join([*(f"{label:<9}{plain(text)}" for label, text in head), "", body])


def preview_to_json(step: str, lead: Lead, facts: Facts, rendered: Rendered) -> dict[str, object]:
    """Return an email and the facts about it, for a program."""
    return {"key": lead.key, "step": step, **facts._asdict(), "text": rendered.text, "html": rendered.html}
