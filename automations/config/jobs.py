"""``schedule:``, ``limits:``, ``tag_links:``, ``alerts:``: what happens by itself, how much of it, who hears of it."""

from __future__ import annotations

from datetime import timedelta

from automations.config import tables as t
from automations.config.conditions import where_of
from automations.config.model import Job
from automations.config.notes import Desk
from automations.config.sequences import Cast, named_sender
from automations.config.settings import Record
from automations.config.shapes import Found
from automations.core.policy import Alerts, Limits, LinkTags
from automations.located import Scalar

DEFAULT_LATE_BY = timedelta(hours=2)
NOT_YET = ("report",)
HOT = "hot"


def jobs_of(record: Record, desk: Desk) -> tuple[Job, ...]:
    """Return the jobs that could be read; a kind that is not there yet gets a warning."""
    jobs = (_job(found, desk.inside(f"job {found.number}")) for found in record[t.SCHEDULE] or ())
    return tuple(job for job in jobs if job is not None)


def _job(found: Found[Record], desk: Desk) -> Job | None:
    record = found.value
    job, at, to = record.find(t.JOB), record.find(t.AT), record.find(t.TO)
    if job is not None:
        _check_receivers(job, record, desk)
    if job is None or at is None or not isinstance(at.node, Scalar):
        return None
    if job.value in NOT_YET:
        desk.warn(job.node.place(), f"the job {job.value} is not there yet", "serve leaves it out")
    receivers = tuple(each.value for each in to.value) if to else ()
    return Job(job.value, at.value, at.node.text, record[t.LATE_BY] or DEFAULT_LATE_BY, receivers, where_of(at.node))


def _check_receivers(job: Found[str], record: Record, desk: Desk) -> None:
    to = record.find(t.TO)
    if job.value == "report" and not record.has(t.TO):
        desk.wrong(job.node.place(), '"to" is missing: who gets the report', "add  to: [you@shop.example]")
    if job.value != "report" and to is not None:
        desk.wrong(to.node.place(), f"the job {job.value} sends no report", "take out  to:")


def limits_of(record: Record | None) -> Limits:
    """Return the limits; those left out have their defaults."""
    usual = Limits()
    if record is None:
        return usual
    return Limits(
        window=record[t.SEND_BETWEEN],
        gap=record[t.GAP] or usual.gap,
        per_company=record[t.PER_COMPANY],
        ask_me_above=record[t.ASK_ME_ABOVE],
        pause_if_bounces_over=record[t.PAUSE_IF_BOUNCES_OVER],
        pause_if_complaints_over=record[t.PAUSE_IF_COMPLAINTS_OVER],
        per_domain=record[t.PER_DOMAIN],
        per_lead=record[t.PER_LEAD],
        spread=record[t.SPREAD] == "yes",
    )


def tags_of(record: Record | None) -> LinkTags | None:
    """Return what is added to links; None for nothing."""
    site = None if record is None else record[t.TAG_SITE]
    if record is None or site is None:
        return None
    return LinkTags(site.lower(), str(record[t.TAG_SOURCE]), str(record[t.TAG_MEDIUM]))


def alerts_of(record: Record | None, cast: Cast, segments: tuple[str, ...], desk: Desk) -> Alerts:
    """Return who is told of what."""
    if record is None:
        return Alerts()
    hot = record.find(t.HOT_LEAD)
    if hot is not None and HOT not in (segment.casefold() for segment in segments):
        desk.warn(hot.node.place(), f'no lead ever turns hot: there is no segment "{HOT}"', "nobody will be told")
    reply = record.find(t.ALERT_REPLY)
    return Alerts(_told(hot, cast, desk), _told(reply, cast, desk), record[t.ALERT_PROBLEM] or "")


def _told(found: Found[str] | None, cast: Cast, desk: Desk) -> str:
    """Return the sender who is told, or the field that names one; "" for nobody."""
    if found is None:
        return ""
    sender, field = named_sender(found, cast, desk)
    return sender or field or ""
