"""A first config.yaml and first emails for a team's own sheet, made from the columns that were recognised.

Only what every team can use as it stands: a few rules over the columns that are there, two emails, and no mail server,
so that emails go into a folder until somebody decides otherwise.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from automations.commands.guessing import KNOWN_NAMES, Guess, words_of
from automations.commands.sample import yaml_text
from automations.core.books import header_identity
from automations.core.leads import FieldType, Role
from automations.core.rules import LedgerFacts

_OWN_HEADERS: Mapping[Role, str] = {
    Role.SCORE: "Score",
    Role.SEGMENT: "Segment",
    Role.STAGE: "Stage",
    Role.NEXT_STEP: "Next step",
    Role.WHY: "Why",
    Role.STATUS: "Email status",
}

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_NOT_FREE = frozenset({*LedgerFacts._fields, "score", "segment", "stage", *KNOWN_NAMES})
"""Names that rules or emails know already."""

# Points, the fields and the types a rule needs, the sentence, and the reason.
_RULES: tuple[tuple[int, str, FieldType, str, str], ...] = (
    (20, "employees", FieldType.NUMBER, "employees >= 20", "big enough"),
    (
        20,
        "message",
        FieldType.TEXT,
        "message contains price, quote, offer, Preis, Angebot, devis, precio",
        "asks for a price",
    ),
    (10, "asked_on", FieldType.DATE, "asked_on is in the last 14 days", "fresh"),
    (10, "company", FieldType.TEXT, "company is not empty", "gave a company"),
    (10, "phone", FieldType.TEXT, "phone is not empty", "can be called"),
    (10, "email", FieldType.TEXT, "email is a business address", "writes from work"),
    (-20, "email", FieldType.TEXT, "email is a disposable address", "a throw-away address"),
)


_HOT = 40
"""From so many points on a lead is hot, where the rules can give as many."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """The answers. *leads* is the file as config.yaml names it, *tab* its sheet, *taken* all its headers."""

    business: str
    address: str
    email: str
    leads: str
    tab: str
    columns: tuple[Guess, ...]
    taken: tuple[str, ...]
    zone: str = "UTC"
    google: tuple[str, ...] | None = None
    """For a Google Sheet, whose link is in *leads*: the lines that say how it is reached."""


def own_headers(taken: Iterable[str]) -> dict[Role, str]:
    """Return headers for our own columns that the sheet does not use for something else yet."""
    used = {header_identity(header) for header in taken}
    return {
        role: header if header_identity(header) not in used else f"Leadwright {header.lower()}"
        for role, header in _OWN_HEADERS.items()
    }


def config_text(wishes: Wishes) -> str:
    """Return config.yaml."""
    return "\n".join(["\n".join(section) for section in _sections(wishes)]) + "\n"


def _sections(wishes: Wishes) -> Iterator[Sequence[str]]:
    yield _HEAD
    yield (
        "business:",
        f"  name: {yaml_text(wishes.business)}",
        f"  address: {yaml_text(wishes.address)}    # printed under every email (the law asks for it)",
        f"  timezone: {wishes.zone}    # where your days begin and end, like Europe/Berlin",
        "",
    )
    yield _leads(wishes)
    yield _scoring(wishes)
    yield _MIDDLE
    yield (
        "senders:",
        "  me:",
        f"    from: {yaml_text(f'{_sender_name(wishes.business)} <{wishes.email}>')}",
        "    per_day: 80",
        "    # Without smtp emails are written into the folder outbox/, for you to look at. To send them for real:",
        "    # smtp: {host: smtp.your-provider.example, port: 587, user: you, password: $MAIL_PASSWORD}",
        "    # and in .env, beside this file:  MAIL_PASSWORD=...",
        "",
    )
    yield _END


def _sender_name(business: str) -> str:
    return "".join(char for char in business if char not in '<>"@,;:\\')


_HEAD = (
    "# yaml-language-server: $schema=./config.schema.json",
    "# Change this file, then run:  leadwright check   is it right?",
    "#                              leadwright plan    what would happen? nothing is sent",
    "version: 1",
    "",
)

_MIDDLE = (
    "stages: [New, Contacted, Replied, Meeting, Won, Lost]",
    "stage_rules:                    # a rule moves a lead forward, never back",
    "  - {move_to: Contacted, when: stage is New and emails_sent >= 1}",
    "  - {move_to: Replied, when: replied}",
    "",
)

_END = (
    "limits:",
    "  send_between: 09:00-17:00 on weekdays   # in the lead's own time zone",
    "  gap: 1 day                              # least time between two emails to one lead",
    "  per_company: 1 every 3 days",
    "  ask_me_above: 50                        # a run that would send more waits for your yes, like the first",
    "",
    "sequences:",
    "  welcome:",
    "    start_when: segment is one of hot, warm and stage is New",
    "    sender: me",
    "    steps:",
    "      - email: welcome-1.md               # in the folder templates/",
    "      - wait: 3 business days",
    "      - email: welcome-2.md",
    "    stop_when:                            # replies, bounces and unsubscribes always stop",
    "      - stage is one of Meeting, Won, Lost",
    "",
    "schedule:                                 # what  leadwright serve  does by itself",
    "  - {job: run, at: 08:30 on weekdays}",
)


def _leads(wishes: Wishes) -> Sequence[str]:
    google = wishes.google
    kind = (
        "google_sheet"
        if google is not None
        else "csv"
        if wishes.leads.lower().endswith((".csv", ".tsv", ".txt"))
        else "excel"
    )
    own = own_headers(wishes.taken)
    return (
        "leads:",
        f"  {kind}: {yaml_text(wishes.leads)}",
        *([f"  tab: {yaml_text(wishes.tab)}"] if kind == "excel" else []),
        "  key: email                    # how a lead is recognised when rows are sorted or moved",
        "  columns:                      # the name used below: the header in your sheet",
        *(f"    {guess.field}: {_column(guess)}" for guess in wishes.columns),
        *_not_used(wishes),
        "  write:                        # the only columns we ever change",
        *(f"    {role}: {yaml_text(header)}" for role, header in own.items()),
        "",
        *(google or ()),
    )


def _not_used(wishes: Wishes) -> Sequence[str]:
    """Return the other columns of the sheet as lines that only want their # taken away."""
    taken = {guess.field for guess in wishes.columns} | _NOT_FREE
    used = {guess.column.header for guess in wishes.columns}
    lines = []
    for header in wishes.taken:
        name = words_of(header).replace(" ", "_")
        if header not in used and name not in taken and _NAME.fullmatch(name):
            taken.add(name)
            lines.append(f"    # {name}: {yaml_text(header)}")
    if lines:
        lines.insert(0, "    # To use one of these too, take its # away; {header: ..., type: number} for a number:")
    return lines


def _column(guess: Guess) -> str:
    header = yaml_text(guess.column.header)
    return header if guess.type is FieldType.TEXT else f"{{header: {header}, type: {guess.type}}}"


def _scoring(wishes: Wishes) -> Sequence[str]:
    types = {guess.field: guess.type for guess in wishes.columns}
    lines = ["scoring:                        # points are added up; because is what your colleagues read"]
    for points, field, kind, sentence, because in _RULES:
        if types.get(field) is kind:
            lines += [f"  - points: {points}", f"    when: {sentence}", f"    because: {because}"]
    return [*lines, "", *_segments(types)]


def _segments(types: Mapping[str, FieldType]) -> Sequence[str]:
    """Return bounds that leads with these columns can reach."""
    most = sum(points for points, field, kind, _, _ in _RULES if points > 0 and types.get(field) is kind)
    hot = min(_HOT, most)
    return [
        "segments:                       # the first match from the top wins",
        f"  hot: score >= {hot}",
        f"  warm: score >= {hot // 2}",
        "  cold: everything else",
        "",
    ]


def first_emails(fields: Iterable[str]) -> dict[str, str]:
    """Return two emails that use no field which the sheet does not have, by their file names."""
    known = set(fields)
    greeting = 'Hello {{ first_name or "there" }},' if known & {"name", "first_name"} else "Hello,"
    company = "{% if company %} for {{ company }}{% endif %}" if "company" in known else ""
    return {
        "welcome-1.md": _FIRST.replace("GREETING", greeting).replace("COMPANY", company),
        "welcome-2.md": _SECOND.replace("GREETING", greeting),
    }


_FIRST = """\
Subject: Your question to {{ business_name }}

GREETING

thank you for your interest in {{ business_name }}.

Tell us in two lines what you needCOMPANY, and you get a proposal within one working day.

Kind regards
"""

_SECOND = """\
{# No subject above: this email is an answer to the one before it, in the same conversation. #}
GREETING

a few days ago we asked what you need from {{ business_name }}.
If a call is easier, answer with a time that suits you.

Kind regards
"""


def local_zone() -> str:
    """Return the time zone this computer is set to; UTC when it does not tell."""
    from zoneinfo import available_timezones  # noqa: PLC0415 - only init asks

    named = os.environ.get("TZ", "").lstrip(":")
    link = Path("/etc/localtime")
    linked = str(link.resolve()).partition("zoneinfo/")[2] if link.is_symlink() else ""
    known = available_timezones()
    return next((zone for zone in (named, linked) if zone in known), "UTC")
