"""Is everything connected? A table of checks: each a small function over facts that were gathered, none of them asks.

A finding is one line: ok, WARN (it works, for now) or FAIL (it does not), with the one thing to do about it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from automations.core.addresses import domain_of
from automations.core.history import MessageRecord, MessageState
from automations.core.policy import Sender


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "WARN"
    FAIL = "FAIL"


class Finding(NamedTuple):
    """What one check found; *fix* is what to do, empty when there is nothing."""

    level: Level
    what: str
    fix: str = ""


def ok(what: str) -> Finding:
    """Return that something is as it should be."""
    return Finding(Level.OK, what)


def warn(what: str, fix: str) -> Finding:
    """Return that something works, but should be looked after."""
    return Finding(Level.WARN, what, fix)


def fail(what: str, fix: str) -> Finding:
    """Return that something does not work."""
    return Finding(Level.FAIL, what, fix)


@dataclass(frozen=True, slots=True)
class Tried:
    """Something that was tried: *what* (``anna: login, sends``), why it failed or "", and what to do then."""

    what: str
    problem: str = ""
    fix: str = ""


@dataclass(frozen=True, slots=True)
class DomainFacts:
    """What the name system says of a domain emails come from. *problem* says why it could not be asked.

    *txt* are the texts of the domain itself, *dmarc* those of ``_dmarc``, *dkim* those of each selector asked for.
    """

    domain: str
    txt: tuple[str, ...] = ()
    dmarc: tuple[str, ...] = ()
    dkim: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mx: tuple[str, ...] = ()
    problem: str = ""
    selector_is_known: bool = False
    """Whether the selector comes from config.yaml or a sent email, and is not a guess."""
    per_day: int = 0
    """The most emails that left in one day of the last seven."""
    per_day_gmail: int = 0
    per_day_yahoo: int = 0
    per_day_outlook: int = 0


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """A mail server of senders: its addresses with their names back, and whether it logs in with a password."""

    host: str
    senders: tuple[str, ...]
    names: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    uses_password: bool = False


class Moved(NamedTuple):
    """A sender whose address has another domain now than when it last wrote to *leads*."""

    sender: str
    was: str
    domain: str
    leads: int


def moved_senders(records: Iterable[MessageRecord], senders: Iterable[Sender]) -> tuple[Moved, ...]:
    """Return the senders whose leads would get the next email of a thread from another domain than the last one.

    The domain of an email is that of its Message-ID, which it keeps whatever becomes of the sender.
    """
    accepted = (each for each in records if each.state is MessageState.ACCEPTED)
    last = {(each.sender, each.lead_key): each for each in sorted(accepted, key=lambda each: each.at)}
    domains = {sender.name: domain_of(sender.address) for sender in senders}
    found = Counter((name, record.message_id.rpartition("@")[2].rstrip(">")) for (name, _), record in last.items())
    return tuple(
        Moved(name, was, domains[name], leads)
        for (name, was), leads in sorted(found.items())
        if name in domains and was != domains[name]
    )


@dataclass(frozen=True, slots=True)
class HouseFacts:
    """The machine and the ledger; *last_known* is the newest moment the ledger has seen."""

    today: date
    last_known: datetime | None = None
    now: datetime | None = None
    free_bytes: int = 0
    ledger_problem: str = ""
    ledger_fix: str = ""
    strange: tuple[str, ...] = ()
    last_copy: datetime | None = None
    ledger_copy: date | None = None
    jobs: tuple[tuple[str, datetime | None], ...] = ()
    last_run: datetime | None = None
    last_exit: int | None = None
    in_doubt: int = 0
    paused: str | None = None
    moved: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was gathered."""

    tried: tuple[Tried, ...] = ()
    domains: tuple[DomainFacts, ...] = ()
    servers: tuple[ServerFacts, ...] = ()
    house: HouseFacts = field(default_factory=lambda: HouseFacts(date.min))
    warnings: int = 0


MIN_FREE_BYTES = 50 * 1024 * 1024
LOW_FREE_BYTES = 500 * 1024 * 1024
CLOCK_TOLERANCE = timedelta(minutes=5)
OLD_COPY = timedelta(days=7)
OLD_LEDGER_COPY = timedelta(days=1)
BULK = 5_000
"""From so many emails a day on, Gmail, Yahoo and Outlook ask for DMARC and one-click unsubscribing.

Sources: https://support.google.com/a/answer/81126, https://senders.yahooinc.com/best-practices,
https://techcommunity.microsoft.com "Strengthening Email Ecosystem: Outlook's New Requirements".
"""
PASSWORDS_END = date(2026, 12, 31)
"""When Microsoft turns off password logins for sending by default (Exchange team blog, 2026-01-27)."""

_MICROSOFT = frozenset({"smtp.office365.com", "smtp-legacy.office365.com", "smtp-mail.outlook.com"})
_BIG_PROVIDERS = re.compile(r"(?:gmail|google|office365|outlook|amazonaws|sendgrid|mailgun|yahoo)\.(?:com|net|org)\Z")


def examine(facts: Facts) -> tuple[Finding, ...]:
    """Return what every check finds, in the order of the table."""
    return tuple(finding for check in CHECKS for finding in check(facts))


def _config(facts: Facts) -> list[Finding]:
    if facts.warnings:
        return [warn(f"config.yaml can be used, with {facts.warnings} warnings", "look at them:  leadwright check")]
    return [ok("config.yaml")]


def _tried(facts: Facts) -> list[Finding]:
    return [fail(f"{each.what}: {each.problem}", each.fix) if each.problem else ok(each.what) for each in facts.tried]


def _passwords(facts: Facts) -> list[Finding]:
    found = []
    for server in facts.servers:
        if server.host.lower() in _MICROSOFT and server.uses_password:
            ends = "turned off" if facts.house.today > PASSWORDS_END else "turns off"
            who = server.senders[0]
            found.append(
                warn(
                    f"{', '.join(server.senders)} (Microsoft 365): Microsoft {ends} password logins for sending by"
                    " default at the end of December 2026",
                    f"leadwright connect microsoft --sender {who}   (5 minutes, an admin must agree once)",
                )
            )
    return found


def _asked(facts: Facts) -> list[Finding]:
    return [
        warn(f"{each.domain} could not be looked up: {each.problem}", "try again, or name a resolver with --resolver")
        for each in facts.domains
        if each.problem
    ]


def _spf(facts: Facts) -> list[Finding]:
    return [_spf_of(each) for each in facts.domains if not each.problem]


def _spf_of(facts: DomainFacts) -> Finding:
    """Return what is wrong with a domain's SPF record. Source: RFC 7208, sections 3.2, 4.5 and 5.1."""
    records = [text for text in facts.txt if re.match(r"v=spf1(?: |\Z)", text, re.IGNORECASE)]
    if not records:
        line = f'{facts.domain}  TXT  "v=spf1 include:... ~all"   (your mail provider says what to include)'
        return fail(f"{facts.domain} has no SPF record: receivers cannot tell your emails from forged ones", line)
    if len(records) > 1:
        return fail(f"{facts.domain} has {len(records)} SPF records, so none of them counts", "make one of them")
    if re.search(r"(?<![-~?])\+?all\b", records[0].lower()) and not re.search(r"[-~?]all\b", records[0].lower()):
        return fail(f"{facts.domain}: SPF lets everybody send in your name (+all)", "end it with  ~all  instead")
    return ok(f"{facts.domain}: SPF")


def _dkim(facts: Facts) -> list[Finding]:
    return [_dkim_of(each) for each in facts.domains if not each.problem]


def _dkim_of(facts: DomainFacts) -> Finding:
    """Return whether the domain has a key to sign with; an empty p is a revoked key (RFC 6376, section 3.6.1)."""
    keys = {name: text for name, texts in facts.dkim.items() for text in texts if re.search(r"(?:^|;)\s*p=", text)}
    live = [name for name, text in keys.items() if re.search(r"(?:^|;)\s*p=\s*[^;\s]", text)]
    if live:
        return ok(f"{facts.domain}: DKIM ({live[0]})")
    if keys:
        return fail(f"{facts.domain}: the DKIM key {next(iter(keys))} is revoked", "make a new one at your provider")
    asked = ", ".join(facts.dkim)
    if facts.selector_is_known:
        return fail(
            f"{facts.domain} has no DKIM key {asked}: signatures cannot be checked",
            f"publish the key your provider gives you as {asked}._domainkey.{facts.domain}",
        )
    return warn(
        f"{facts.domain}: no DKIM key found under the usual names ({asked})",
        "turn on DKIM at your mail provider, or name its selector:  senders, dkim_selector",
    )


def _dmarc(facts: Facts) -> list[Finding]:
    return [_dmarc_of(each) for each in facts.domains if not each.problem]


def _dmarc_of(facts: DomainFacts) -> Finding:
    """Return what is wrong with a domain's DMARC record. Source: RFC 7489, section 6.3."""
    records = [text for text in facts.dmarc if re.match(r"v=DMARC1\s*(?:;|\Z)", text)]
    if len(records) != 1:
        count = "no DMARC record" if not records else f"{len(records)} DMARC records, so none of them counts"
        line = f'_dmarc.{facts.domain}  TXT  "v=DMARC1; p=none; rua=mailto:postmaster@{facts.domain}"'
        return fail(f"{facts.domain} has {count}: Gmail may refuse bulk mail", f"add this DNS line: {line}")
    if not re.search(r";\s*p\s*=\s*(?:none|quarantine|reject)\b", records[0], re.IGNORECASE):
        return fail(f"{facts.domain}: its DMARC record names no policy", "write  p=none  into it, or a stricter one")
    return ok(f"{facts.domain}: DMARC")


def _mx(facts: Facts) -> list[Finding]:
    return [
        ok(f"{each.domain}: MX")
        if any(each.mx) and each.mx != (".",)
        else fail(
            f"{each.domain} takes no email (no MX record): answers and bounces are lost",
            "write from an address whose domain takes email",
        )
        for each in facts.domains
        if not each.problem
    ]


def _ptr(facts: Facts) -> list[Finding]:
    """Return whether the addresses of a server of one's own have names. Source: Gmail's sender guidelines."""
    found = []
    for server in facts.servers:
        bare = [address for address, names in server.names.items() if not names]
        if bare and not _BIG_PROVIDERS.search(server.host.lower()):
            found.append(
                warn(
                    f"{server.host}: its address {bare[0]} has no name (PTR record); Gmail may refuse what it sends",
                    "ask whoever runs the address to set it",
                )
            )
        elif server.names:
            found.append(ok(f"{server.host}: PTR"))
    return found


def _bulk(facts: Facts) -> list[Finding]:
    found = []
    for each in facts.domains:
        counts = {"Gmail": each.per_day_gmail, "Yahoo": each.per_day_yahoo, "Outlook": each.per_day_outlook}
        for provider, count in counts.items():
            if count >= BULK:
                found.append(
                    warn(
                        f"{each.domain}: {count:,} emails to {provider} in one day; from {BULK:,} on it demands"
                        " DMARC, signatures that fit, and one-click unsubscribing",
                        "set them up first, or lower per_day",
                    )
                )
    return found


def _clock(facts: Facts) -> list[Finding]:
    house = facts.house
    if house.now and house.last_known and house.last_known > house.now + CLOCK_TOLERANCE:
        return [fail("the clock is behind what the ledger has seen", "turn on time synchronisation (NTP)")]
    return [ok("clock")]


def _disk(facts: Facts) -> list[Finding]:
    free = facts.house.free_bytes
    megabytes = f"{free // (1024 * 1024)} MB are free"
    if free < MIN_FREE_BYTES:
        return [fail(f"disk: {megabytes}, at least 50 MB are needed", "make room; nothing is sent until then")]
    return [warn(f"disk: {megabytes}", "make room soon")] if free < LOW_FREE_BYTES else [ok("disk")]


def _ledger(facts: Facts) -> list[Finding]:
    house = facts.house
    if house.ledger_problem:
        return [fail(f"ledger: {house.ledger_problem}", house.ledger_fix)]
    if house.strange:
        return [fail(f"ledger: {' '.join(house.strange)} Nothing is sent.", "look:  leadwright adopt")]
    found = [ok("ledger")]
    if house.in_doubt:
        found.append(warn(f"{house.in_doubt} emails are in doubt", "decide:  leadwright settle"))
    if house.paused is not None:
        because = f" ({house.paused})" if house.paused else ""
        found.append(warn(f"sending is paused{because}", "to go on:  leadwright resume"))
    return found


def _moved(facts: Facts) -> list[Finding]:
    return [
        warn(
            f"{each.sender} wrote to {each.leads} lead{'s' * (each.leads != 1)} from {each.was}, and writes from"
            f" {each.domain} now",
            "their next email joins the thread, but spam filters do not know the new domain: warm it up slowly",
        )
        for each in facts.house.moved
    ]


def _copy(facts: Facts) -> list[Finding]:
    house = facts.house
    if house.last_run is None:
        return []
    if house.ledger_copy is None:
        return [warn("there is no copy of the ledger", "the next run makes one, in .leadwright/backups/")]
    if (days := (house.last_run.date() - house.ledger_copy).days) > OLD_LEDGER_COPY.days:
        fix = "let the user who runs leadwright write in .leadwright/backups/, and make room there"
        return [warn(f"the last run was {days} days after the newest copy of the ledger", fix)]
    return [ok(f"copy of the ledger of {house.ledger_copy.isoformat()}")]


def _runs(facts: Facts) -> list[Finding]:
    house = facts.house
    found = []
    if house.last_exit not in (None, 0):
        found.append(warn(f"the last run ended with exit code {house.last_exit}", "what happened:  leadwright history"))
    elif house.last_run is not None:
        found.append(ok(f"last run {house.last_run:%a %H:%M}"))
    found += [
        ok(f"job {job}, last due {last:%a %H:%M}")
        if last
        else warn(f"job {job} has never run", "leadwright serve works the schedule")
        for job, last in house.jobs
    ]
    if house.last_copy is not None and house.now is not None and house.now - house.last_copy > OLD_COPY:
        days = (house.now - house.last_copy).days
        found.append(warn(f"the last copy of your leads is {days} days old", "a run that writes makes a new one"))
    return found


CHECKS: Sequence[Callable[[Facts], list[Finding]]] = (
    _config,
    _tried,
    _passwords,
    _asked,
    _spf,
    _dkim,
    _dmarc,
    _mx,
    _ptr,
    _bulk,
    _clock,
    _disk,
    _ledger,
    _moved,
    _copy,
    _runs,
)
"""Every check, in the order of the screen."""
