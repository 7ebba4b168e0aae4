"""config.yaml to `Config`: every part, and what must fit between the parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from automations.config import tables as t
from automations.config.columns import columns_of, source_of, unsure_columns
from automations.config.conditions import ConditionReader
from automations.config.examples import examples_of
from automations.config.google import google_of
from automations.config.holiday_codes import check_holidays
from automations.config.jobs import alerts_of, jobs_of, limits_of, tags_of
from automations.config.model import Config, SourceSettings
from automations.config.notes import Desk, Notes
from automations.config.ruleset import BEFORE_SCORE, BEFORE_SEGMENT, Readers, ruleset_of, segment_names, stage_names
from automations.config.secrets import Secrets
from automations.config.senders import senders_of
from automations.config.sentences import Scope, fact_fields
from automations.config.sequences import Cast, sequences_of
from automations.config.settings import Record
from automations.config.spoken import Amiss
from automations.core.incoming import REPLY_MEANINGS, Says
from automations.core.policy import Business, Policy
from automations.errors import Problem, WrongConfig
from automations.located import MAX_BYTES, Scalar, read_yaml

VERSION = 1

Reading = tuple[Config | None, tuple[Problem, ...], tuple[Problem, ...]]


def read_config(path: Path, environ: Mapping[str, str]) -> Reading:
    """Return the configuration, every problem and every warning, each in file order.

    The configuration is None when there is a problem. Never raises for what the owner wrote or left out; a file that
    is not there or cannot be read is a problem too. *environ* is where secrets are looked up first.
    """
    content, problem = _content(path)
    if problem is not None:
        return None, (problem,), ()
    root, problems = read_yaml(content, str(path))
    if root is None:
        return None, problems, ()
    notes = Notes(problems)
    desk = Desk(notes)
    record = t.FILE.read(root, desk)
    config = _assembled(path, record, environ, desk) if record is not None else None
    found, warnings = notes.in_file_order()
    if found or config is None:
        return None, found, warnings
    return config.with_warnings(warnings), (), warnings


def load_config(path: Path, environ: Mapping[str, str]) -> Config:
    """Return the configuration. Raises WrongConfig with every problem when there is one."""
    config, problems, _ = read_config(path, environ)
    if config is None:
        raise WrongConfig(problems)
    return config


def _content(path: Path) -> tuple[bytes, Problem | None]:
    try:
        if path.is_dir():
            return b"", Problem(str(path), "this is a folder", "name the file in it with --config")
        with path.open("rb") as file:
            # One byte more than may be read tells that there are too many, without reading them all.
            return file.read(MAX_BYTES + 1), None
    except FileNotFoundError:
        return b"", Problem(str(path), "there is no such file", "leadwright init writes one; --config names another")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name cannot be used"
        return b"", Problem(
            str(path), f"the file cannot be read: {reason.lower()}", "give yourself the right to read it"
        )


def _assembled(path: Path, record: Record, environ: Mapping[str, str], desk: Desk) -> Config | None:
    """Return the configuration as far as it could be read. Whether it may be used, the notes tell."""
    folder = path.absolute().parent
    _check_version(record, desk)
    business = _business(record[t.FILE_BUSINESS], desk.inside("business"))
    segments, stages = segment_names(record), stage_names(record, desk)
    facts = fact_fields(stages, segments)
    leads = record[t.FILE_LEADS]
    if leads is None:
        # Without columns every name in every rule would be reported as unknown.
        senders_of(
            record, Secrets(environ, folder, path.parent, desk.notes), folder / "templates", desk.inside("senders")
        )
        return None
    secrets = Secrets(environ, folder, path.parent, desk.notes)
    source = source_of(leads, folder, desk.inside("leads"))
    google = google_of(record, secrets, desk.inside("google"))
    if source is not None and source.kind == "google":
        source = replace(source, google=google)
    columns = columns_of(leads, (fact.name for fact in facts), desk.inside("leads"))
    unsure = unsure_columns(leads)
    anything = ConditionReader(Scope(columns.fields, facts), unsure)
    readers = Readers(anything._replace(not_asked=BEFORE_SCORE), anything._replace(not_asked=BEFORE_SEGMENT), anything)
    rules = ruleset_of(record, stages, readers, desk)
    people = senders_of(record, secrets, folder / "templates", desk.inside("senders"))
    cast = Cast(record.names(t.SENDERS), columns.fields, unsure, folder / "templates")
    outbox = record[t.OUTBOX]
    sequences = sequences_of(record, cast, anything, desk.inside("sequences"))
    alerts = alerts_of(record[t.FILE_ALERTS], cast, segments, desk.inside("alerts"))
    examples = examples_of(
        record,
        anything.scope,
        unsure=unsure,
        segments=segments,
        stages=stages,
        sequences=record.names(t.SEQUENCES),
        desk=desk.inside("tests"),
    )
    policy = Policy(
        business=business,
        columns=columns,
        rules=rules,
        sequences=sequences,
        senders=people.senders,
        limits=limits_of(record[t.FILE_LIMITS]),
        override_for=record[t.OVERRIDE_FOR],
        examples=examples,
        tag_links=tags_of(record[t.TAG_LINKS]),
        alerts=alerts,
        replies=replies_of(record[t.FILE_REPLIES]),
    )
    return Config(
        path=path.absolute(),
        policy=policy,
        source=source or SourceSettings("", folder),
        connections=people.connections,
        outbox=folder / (outbox or "outbox"),
        templates=folder / "templates",
        state=folder / ".leadwright",
        jobs=jobs_of(record, desk.inside("schedule")),
        inboxes=people.inboxes,
        selectors=people.selectors,
        resolver=record[t.RESOLVER] or "",
    )


def replies_of(record: Record | None) -> tuple[tuple[Says, tuple[str, ...]], ...]:
    """Return the owner's own phrases, by what they say."""
    if record is None:
        return ()
    written = ((says, record.values.get(says.value)) for says in REPLY_MEANINGS)
    return tuple((says, tuple(each.value for each in found.value)) for says, found in written if found is not None)


def _check_version(record: Record, desk: Desk) -> None:
    found = record.find(t.VERSION)
    if found is not None and found.value != VERSION:
        what = f"version {found.value} of this file's form is not known here"
        desk.inside("version").wrong(found.node.place(), what, f"write {VERSION}, or install a newer leadwright")


def _business(record: Record | None, desk: Desk) -> Business:
    if record is None:
        return Business("", "", ZoneInfo("UTC"))
    if not record.has(t.ZONE):
        what = "no timezone: days and sending hours are counted in UTC"
        desk.warn(record.anchor, what, "add a line like  timezone: Europe/Berlin")
    holidays = record.find(t.HOLIDAYS)
    if holidays is not None and isinstance(holidays.node, Scalar):
        try:
            check_holidays(holidays.value)
        except Amiss as amiss:
            end = len(holidays.value) if amiss.end is None else amiss.end
            desk.wrong(holidays.node.part(amiss.start, end), amiss.what, amiss.under)
    zone = record[t.ZONE] or ZoneInfo("UTC")
    return Business(record[t.BUSINESS_NAME] or "", record[t.BUSINESS_ADDRESS] or "", zone, record[t.HOLIDAYS] or "")
