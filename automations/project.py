"""Everything config.yaml and the templates say, read once and checked as a whole.

`check`, `plan`, `run` and the web page all come through here, so that they give the same verdict (law 8).
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from automations.clock import SystemClock
from automations.config import Config, read_config
from automations.config.model import Secret
from automations.config.names import host_of
from automations.core.books import place_texts
from automations.core.doubts import doubts
from automations.core.examples import failed_examples
from automations.core.leads import Book, Lead, Role
from automations.core.links import LinkTag
from automations.core.messages import Hand, Rendered
from automations.core.playbook import CannotWrite, Playbook, compile_playbook
from automations.core.policy import Policy, Sender, Step
from automations.core.rules import Qualification
from automations.core.variants import letter_of, variant_of
from automations.errors import MailerOutOfReach, Place, Problem, WrongConfig
from automations.facts import code_of_language, gather_facts, languages_of_country
from automations.templates import (
    LeadValues,
    TemplateProblem,
    TemplateSet,
    check_line,
    load_templates,
    render_line,
    values_for,
)

if TYPE_CHECKING:
    # check reads no lead, opens no ledger and sends nothing: what these pull in would be half of its time.
    from automations.core.alerts import Alert
    from automations.core.evidence import Doubt, SentMail, Sighting
    from automations.ledger import Ledger
    from automations.mail import Mailer
    from automations.mail.idle import Listeners
    from automations.mail.inbox import OpenMailbox
    from automations.marks import FileMarks
    from automations.sources import Source
    from automations.sources.backups import Backups
    from automations.sources.google.opening import Connection
    from automations.sources.saving import Manners

_NOBODY = Sender("", "", "")

Verdict = tuple["Project | None", tuple[Problem, ...], tuple[Problem, ...]]
"""The project (None when it cannot be used), every problem, and every warning, each in the order of the files."""


@dataclass(frozen=True, slots=True)
class Project:
    """One config.yaml with its templates: what a run is given to work with."""

    config: Config
    templates: TemplateSet

    @property
    def policy(self) -> Policy:
        """Return what the owner asked for."""
        return self.config.policy

    def open_source(self) -> Source:
        """Return where the leads live."""
        return _SOURCES[self.config.source.kind](self.config)

    def open_ledger(self) -> AbstractContextManager[Ledger]:
        """Return the ledger, which is closed at the end."""
        from automations.ledger.sqlite import open_ledger  # noqa: PLC0415 - check needs no ledger

        return closing(open_ledger(self.config.state))

    def marks(self, source: object = None) -> FileMarks:
        """Return where it is noted, outside the ledger, how far it has come."""
        from automations.marks import FileMarks  # noqa: PLC0415 - check does not need the ledger's words

        return FileMarks(self.config.path.parent, self.config.state, source)

    def open_mailer(self, sender: str) -> Mailer:
        """Return what hands over the messages of a sender: its mail server, or the outbox folder without one."""
        from automations import connections  # noqa: PLC0415 - check talks to no server

        return connections.open_mailer(self.config, sender)

    def look_up(self, sender: str, doubts: Sequence[Doubt], now: datetime) -> Sequence[Sighting]:
        """Return what every place that may have a trace of a sender's messages tells of them."""
        from automations import connections  # noqa: PLC0415 - check talks to no server

        return connections.look_up(self.config, sender, doubts, now)

    def sent_mail(self, sender: str) -> SentMail | None:
        """Return all that a sender's place for sent mail holds; None when there is no such place."""
        from automations import connections  # noqa: PLC0415 - check talks to no server

        return connections.sent_mail(self.config, sender)

    def inboxes(self) -> Mapping[str, OpenMailbox]:
        """Return the mailboxes in which answers to our emails arrive, by sender."""
        from automations import connections  # noqa: PLC0415 - check talks to no server

        return connections.inboxes(self.config)

    def listeners(self) -> Listeners:
        """Return what waits for mail in the mailboxes of all senders, once it is entered."""
        from automations import connections  # noqa: PLC0415 - check talks to no server

        return connections.listeners(self.config)

    def next_run(self, now: datetime) -> datetime | None:
        """Return when the schedule runs next; None when it never does."""
        from automations.jobs import next_due  # noqa: PLC0415 - looking needs no schedule

        zone = self.policy.business.zone
        return min((next_due(job.cron, zone, now) for job in self.config.jobs if job.job == "run"), default=None)

    def tell(self, alert: Alert, now: datetime) -> str:
        """Hand an email to one of us over, from the first sender; return why it could not be, or ""."""
        from automations.mail.alerts import alert_message  # noqa: PLC0415 - only needed when there is something to tell

        sender = self.policy.senders[0]
        try:
            with self.open_mailer(sender.name) as mailer:
                outcome = mailer.send(alert_message(alert, sender, self.policy.business, now), lambda: True)
        except MailerOutOfReach as error:
            return error.what
        return "" if outcome.hand is Hand.ACCEPTED else outcome.reply or outcome.hand.value

    def playbook(self, book: Book, now: datetime) -> Playbook:
        """Return the policy ready to decide by, with the facts that this book and this day need."""
        years = range(now.year - 1, now.year + 3)
        return compile_playbook(self.policy, gather_facts(self.policy.business, years, place_texts(book)))

    def words(self, now: datetime) -> _TemplateWords:
        """Return the templates, ready to render."""
        return _TemplateWords(self.templates, self.policy, now)


def read_project(path: Path, environ: Mapping[str, str]) -> Verdict:
    """Return what *path* and its templates say, or everything that is wrong with them.

    The examples under ``tests:`` are tried once all else is right.
    """
    config, problems, warnings = read_config(path, environ)
    if config is None:
        return None, problems, warnings
    emails = [name for step in _steps(config) for name in step.templates]
    signatures = [sender.signature for sender in config.policy.senders if sender.signature]
    templates, found = load_templates(config.templates, emails, signatures)
    names = config.policy.columns.names()
    wrong = templates.check(names, _answers(config.policy), _choices(config.policy))
    problems = (*problems, *_wrong_tasks(config, names), *found, *wrong)
    warnings = (*warnings, *doubts(config.policy), *templates.warnings(names))
    problems = (*problems, *_wrong_outbox(config))
    if not problems:
        problems = _wrong_examples(config.policy)
    return (None if problems else Project(config, templates)), problems, warnings


def load_project(path: Path, environ: Mapping[str, str]) -> Project:
    """Return what *path* and its templates say. Raises WrongConfig with everything that is wrong with them."""
    project, problems, _ = read_project(path, environ)
    if project is None:
        raise WrongConfig(problems)
    return project


def _wrong_outbox(config: Config) -> tuple[Problem, ...]:
    """Return what keeps emails from becoming files, where some sender has no mail server."""
    has_server_for_all = all(settings is not None for settings in config.connections.values())
    if has_server_for_all or config.outbox.is_dir() or not config.outbox.exists():
        return ()
    what = "this is a file, and emails are to be written into a folder of this name"
    return (Problem(str(config.outbox), what, "give the file another name, or take it away"),)


def _steps(config: Config) -> list[Step]:
    return [step for sequence in config.policy.sequences for step in sequence.steps]


def _answers(policy: Policy) -> set[str]:
    """Return the templates of emails that always have one before them: these may do without a subject."""
    firsts: set[str] = set()
    answers: set[str] = set()
    for sequence in policy.sequences:
        is_first = True
        for step in sequence.steps:
            if step.is_email:
                (firsts if is_first else answers).update(step.templates)
                is_first = is_first and step.only_if is not None
    return answers - firsts


def _choices(policy: Policy) -> dict[str, Sequence[str]]:
    """Return the only values that a field, a segment or a stage can have, by name."""
    fields = {each.name: each.choices for each in policy.columns.fields if each.choices}
    segments = tuple(rule.name for rule in policy.rules.segments)
    return {**fields, "segment": segments, "stage": policy.rules.stages}


def _wrong_tasks(config: Config, names: tuple[str, ...]) -> list[Problem]:
    return [
        problem for step in _steps(config) if step.task for problem in check_line(step.task, names, _place(step.where))
    ]


def _place(where: str) -> Place:
    file, line, *column = where.split(":")
    return Place(file, int(line), int(column[0]) if column else 1)


def _wrong_examples(policy: Policy) -> tuple[Problem, ...]:
    if not policy.examples:
        return ()
    today = SystemClock().now().astimezone(policy.business.zone).date()
    # Examples ask about one lead's rules: no day is a holiday to them, and no place has a time.
    facts = gather_facts(replace(policy.business, holidays=""), ())
    return failed_examples(compile_playbook(policy, facts), today)


def _excel(config: Config) -> Source:
    from automations.sources.excel import ExcelSource  # noqa: PLC0415 - only what is used is loaded

    return ExcelSource(config.source.path, config.source.tab, _backups(config), _manners(config))


def _csv(config: Config) -> Source:
    from automations.sources.csv_file import CsvSource  # noqa: PLC0415 - only what is used is loaded

    return CsvSource(config.source.path, _backups(config), _manners(config))


def _manners(config: Config) -> Manners:
    """Return how we behave around the file of the leads."""
    from automations.sources.locks import check_not_open  # noqa: PLC0415 - only what is used is loaded
    from automations.sources.saving import SHARED, Manners  # noqa: PLC0415 - the same

    return Manners((check_not_open,)) if config.source.is_sync_accepted else SHARED


def _backups(config: Config) -> Backups:
    """Return what keeps copies of the leads for one run."""
    from automations.sources.backups import Backups, folder_for  # noqa: PLC0415 - only what is used is loaded

    zone = config.policy.business.zone
    folder = folder_for(config.state, os.environ, Path.home())
    return Backups(folder, config.source.backups, lambda: SystemClock().now().astimezone(zone))


def google_connection(config: Config) -> Connection | None:
    """Return how the Google Sheet of the leads is reached; None when they are elsewhere."""
    from automations.core.hosts import is_this_machine  # noqa: PLC0415 - only what is used is loaded
    from automations.sources.google.opening import Connection  # noqa: PLC0415 - the same

    google = config.source.google
    if google is None:
        return None
    key = google.key.reveal() if isinstance(google.key, Secret) else google.key
    on_this_machine = is_this_machine(host_of(google.endpoint))
    return Connection(google.spreadsheet, google.endpoint, key, config.state, on_this_machine)


def _google(config: Config) -> Source:
    from automations.sources.dress import Dress  # noqa: PLC0415 - only what is used is loaded
    from automations.sources.google.opening import open_sheet  # noqa: PLC0415 - the same
    from automations.sources.google.ours import Ours  # noqa: PLC0415 - the same
    from automations.sources.google.tabs import Where  # noqa: PLC0415 - the same

    google, connection = config.source.google, google_connection(config)
    assert google is not None  # noqa: S101 - read_config gives every Google Sheet its settings
    assert connection is not None  # noqa: S101 - the same
    columns, rules = config.policy.columns, config.policy.rules
    dress = Dress(
        columns.header_of(Role.STAGE) or "" if rules.stages else "",
        rules.stages,
        columns.header_of(Role.SEGMENT) or "",
        tuple(each.name for each in rules.segments),
    )
    where, owned = Where(config.source.tab, google.gid), [header for _, header in columns.owned]
    # What a formula shows may be typed over: the value itself stands in our own tab.
    open_roles = [role for role, _ in columns.owned] if google.is_mirrored else [Role.STAGE, Role.NEXT_STEP]
    may_type = tuple(filter(None, map(columns.header_of, open_roles)))
    ours = Ours(dress, may_type, google.protect, is_mirrored=google.is_mirrored)
    return open_sheet(connection, where, SystemClock(), ours, owned)


_SOURCES = {"excel": _excel, "csv": _csv, "google": _google}


@dataclass(frozen=True, slots=True)
class _TemplateWords:
    """`letters.Words` by templates."""

    templates: TemplateSet
    policy: Policy
    now: datetime

    def email(self, step: Step, lead: Lead, qualification: Qualification, sender: Sender) -> Rendered:
        """Return the words of an email to one lead. Raises CannotWrite with the reason."""
        texts = self.templates.texts(step.templates)
        number = variant_of(step.name, lead.key, len(texts))
        name, subject_line = texts[number]
        variant = letter_of(number) if len(texts) > 1 else ""
        tags = self.policy.tag_links
        try:
            rendered = self.templates.render(
                self._in_language(name, lead),
                self._values(lead, qualification, sender),
                self.policy.business,
                subject_line=subject_line,
                tag=LinkTag(tags, step.name, variant) if tags else None,
                signature=sender.signature,
            )
        except TemplateProblem as problem:
            raise CannotWrite(str(problem)) from problem
        return replace(rendered, variant=variant) if variant else rendered

    def _in_language(self, name: str, lead: Lead) -> str:
        """Return the email *name* in the lead's language: its own, else one of its country's."""
        if name not in self.templates.translations:
            return name
        fields = dict(zip(self.policy.columns.names(), lead.values, strict=True))
        if said := fields.get("language"):
            return self.templates.in_language(name, (code_of_language(str(said)),))
        country = fields.get("country")
        return self.templates.in_language(name, languages_of_country(str(country)) if country else ())

    def task(self, step: Step, lead: Lead, qualification: Qualification, sender: Sender | None) -> str:
        """Return what a person is asked to do. Raises CannotWrite with the reason."""
        try:
            return render_line(step.task, self._values(lead, qualification, sender or _NOBODY), step.where)
        except TemplateProblem as problem:
            raise CannotWrite(str(problem)) from problem

    def _values(self, lead: Lead, qualification: Qualification, sender: Sender) -> LeadValues:
        today = self.now.astimezone(self.policy.business.zone).date()
        return values_for(
            lead,
            columns=self.policy.columns,
            qualification=qualification,
            business=self.policy.business,
            sender=sender,
            today=today,
        )
