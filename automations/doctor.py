"""Gathering what `core.health` examines: everything is asked at once, each with a time limit, and nothing is sent."""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from automations.connections import mailbox_of, try_login, try_mailbox
from automations.core.addresses import domain_of
from automations.core.books import wanted_headers
from automations.core.health import DomainFacts, Facts, HouseFacts, ServerFacts, Tried, moved_senders
from automations.core.history import MessageRecord, MessageState
from automations.core.hosts import is_this_machine
from automations.core.identity import strange
from automations.errors import LeadwrightError, SourceOutOfReach
from automations.jobs import record_name
from automations.ledger import Ledger
from automations.ledger.copies import ledger_copies
from automations.project import Project
from automations.sources import Source

if TYPE_CHECKING:
    from automations.mail.dns import Resolver

_WEEK = timedelta(days=7)
_FAMILIES: Mapping[str, frozenset[str]] = {
    "gmail": frozenset({"gmail.com", "googlemail.com"}),
    "yahoo": frozenset({"yahoo.com", "aol.com", "ymail.com"}),
    "outlook": frozenset({"outlook.com", "hotmail.com", "live.com", "msn.com"}),
}
"""Personal mailboxes whose providers have rules for those who send many."""


def gather(project: Project, now: datetime, *, resolver: str = "") -> Facts:
    """Return all facts, gathered side by side. Raises WrongUsage when *resolver* is no name server."""
    from automations.mail.dns import Resolver  # noqa: PLC0415 - dnspython costs 60 ms

    names = Resolver(resolver)
    tries = _tries(project)
    domains = tuple(dict.fromkeys(domain_of(sender.address) for sender in project.policy.senders))
    servers = _servers(project)
    with ThreadPoolExecutor(max_workers=8) as pool:
        tried = [pool.submit(each) for each in tries]
        looked_up = [pool.submit(_domain, names, project, domain) for domain in domains]
        named = [pool.submit(_server, names, server) for server in servers]
        house, records = _house(project, now)
        return Facts(
            tried=tuple(each.result() for each in tried),
            domains=tuple(_counted(each.result(), project, records, now) for each in looked_up),
            servers=tuple(each.result() for each in named),
            house=house,
            warnings=len(project.config.warnings),
        )


def _tries(project: Project) -> Iterator[Callable[[], Tried]]:
    """Yield what is tried: the source, every sender's server, every sender's mailbox."""
    yield lambda: _try_source(project)
    for sender, settings in project.config.connections.items():
        if settings is None:
            what = f"{sender}: writes emails into {project.config.outbox.name}/, they are not sent"
            yield lambda what=what: Tried(what)  # type: ignore[misc]
            continue
        yield lambda sender=sender: _try_sender(project, sender)  # type: ignore[misc]
        account = mailbox_of(project.config, sender)
        if account is not None:
            yield lambda sender=sender, account=account: Tried(  # type: ignore[misc]
                f"{sender}: inbox, reads replies", try_mailbox(account), f"look at senders, {sender}, imap"
            )


def _try_sender(project: Project, sender: str) -> Tried:
    problem = try_login(project.config, sender)
    return Tried(f"{sender}: login, sends", problem, f"look at senders, {sender}, smtp, and at its password in .env")


def _try_source(project: Project) -> Tried:
    """Read the leads, and see whether they could be written."""
    try:
        source = project.open_source()
        sheet = source.read(wanted_headers(project.policy.columns))
        if project.config.source.kind == "google":
            _must_be_shared(source)
        else:
            _must_be_writable(project.config.source.path, source.label)
    except SourceOutOfReach as error:
        return Tried("leads", error.what, error.fix)
    return Tried(f"{source.label}, {sum(1 for _ in sheet.rows)} rows, can be written")


def _must_be_shared(source: Source) -> None:
    from automations.sources.google.source import GoogleSource  # noqa: PLC0415 - only for Google

    assert isinstance(source, GoogleSource)  # noqa: S101 - config.yaml says so
    source.check_writable()


def _must_be_writable(path: Path, label: str) -> None:
    from automations.sources.locks import check_not_open  # noqa: PLC0415 - only for sources that are files

    if not path.is_file():
        return
    check_not_open(path, label, "what there is to write waits")
    if not (os.access(path, os.W_OK) and os.access(path.resolve().parent, os.W_OK)):
        raise SourceOutOfReach(
            f"{label} cannot be written", fix="give the user who runs leadwright the right to write it and its folder"
        )


def _servers(project: Project) -> tuple[ServerFacts, ...]:
    by_host: dict[str, list[str]] = {}
    passwords: set[str] = set()
    for sender, settings in project.config.connections.items():
        if settings is not None:
            by_host.setdefault(settings.host, []).append(sender)
            passwords |= {settings.host} if settings.password is not None else set()
    return tuple(ServerFacts(host, tuple(who), uses_password=host in passwords) for host, who in by_host.items())


def _server(names: Resolver, server: ServerFacts) -> ServerFacts:
    from automations.mail.dns import look_up_names  # noqa: PLC0415 - dnspython costs 60 ms

    if is_this_machine(server.host):
        return server
    return replace(server, names=look_up_names(names, server.host))


def _domain(names: Resolver, project: Project, domain: str) -> DomainFacts:
    from automations.mail.dns import look_up_domain  # noqa: PLC0415 - dnspython costs 60 ms

    selectors = tuple(
        dict.fromkeys(
            project.config.selectors[sender.name]
            for sender in project.policy.senders
            if domain_of(sender.address) == domain and sender.name in project.config.selectors
        )
    )
    return look_up_domain(names, domain, selectors)


def _counted(domain: DomainFacts, project: Project, records: Sequence[MessageRecord], now: datetime) -> DomainFacts:
    """Return the facts with how many emails left the domain in the busiest day of the last week."""
    theirs = {sender.name for sender in project.policy.senders if domain_of(sender.address) == domain.domain}
    days: dict[str, Counter[object]] = {family: Counter() for family in _FAMILIES}
    for record in records:
        if record.sender in theirs and record.state is MessageState.ACCEPTED and now - record.at <= _WEEK:
            for family, members in _FAMILIES.items():
                days[family][record.at.date()] += domain_of(record.address) in members
    most = {family: max(counts.values(), default=0) for family, counts in days.items()}
    return replace(domain, per_day_gmail=most["gmail"], per_day_yahoo=most["yahoo"], per_day_outlook=most["outlook"])


def _house(project: Project, now: datetime) -> tuple[HouseFacts, tuple[MessageRecord, ...]]:
    """Return what the machine and the ledger tell, and the messages of the last weeks."""
    place = next(each for each in (project.config.state, *project.config.state.parents) if each.exists())
    house = HouseFacts(
        now.astimezone(project.policy.business.zone).date(), now=now, free_bytes=shutil.disk_usage(place).free
    )
    try:
        with project.open_ledger() as ledger:
            records = ledger.history(now).messages
            moved = moved_senders(records, project.policy.senders)
            return replace(_ledger_facts(project, ledger, house, now), moved=moved), records
    except LeadwrightError as error:
        return replace(house, ledger_problem=error.what, ledger_fix=error.fix), ()


def _ledger_facts(project: Project, ledger: Ledger, house: HouseFacts, now: datetime) -> HouseFacts:
    zone = project.policy.business.zone
    runs = ledger.runs(20)
    ended = next((run for run in runs if run.ended_at is not None and run.command == "run"), None)
    paused = ledger.paused()
    due = [(each.job, ledger.last_due(record_name(each))) for each in project.config.jobs]
    return replace(
        house,
        strange=strange(ledger.identity(), project.marks().read()),
        last_known=max((run.ended_at or run.started_at for run in runs), default=None),
        last_copy=_last_copy(project, now),
        ledger_copy=_ledger_copy(project),
        jobs=tuple((job, last.astimezone(zone) if last else None) for job, last in due),
        last_run=ended.started_at.astimezone(zone) if ended else None,
        last_exit=ended.exit_code if ended else None,
        in_doubt=len(ledger.in_doubt()),
        paused=None if paused is None else paused.why,
    )


def _ledger_copy(project: Project) -> date | None:
    copies = ledger_copies(project.config.state)
    return date.fromisoformat(copies[-1].stem.removeprefix("ledger-")) if copies else None


def _last_copy(project: Project, now: datetime) -> datetime | None:
    folder = project.config.state / "backups"
    ours = ledger_copies(project.config.state)
    files = [each for each in folder.iterdir() if each.is_file() and each not in ours] if folder.is_dir() else []
    times = [each.stat().st_mtime for each in files]
    return datetime.fromtimestamp(max(times), now.tzinfo) if times else None
