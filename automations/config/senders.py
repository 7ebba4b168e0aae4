"""``senders:`` to who writes, and through what."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from automations.config import tables as t
from automations.config.columns import unique_labels
from automations.config.model import GmailSettings, ImapSettings, Secret, Security, SmtpSettings
from automations.config.notes import Desk
from automations.config.secrets import Secrets
from automations.config.settings import Record, Setting
from automations.config.shapes import Found
from automations.config.template_files import template_file
from automations.core.hosts import is_this_machine
from automations.core.policy import Sender, WarmUp

_PORTS: Mapping[Security, int] = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}
_IMAP_PORTS: Mapping[Security, int] = {Security.TLS: 993, Security.STARTTLS: 143, Security.NONE: 143}
_TLS_PORT = 465
_IN_THE_CLEAR = "everybody on the way to {host} could read emails and password"


class SenderParts(NamedTuple):
    """Everything about senders: *connections* has each by name, *inboxes* those that have one."""

    senders: tuple[Sender, ...]
    connections: Mapping[str, SmtpSettings | GmailSettings | None]
    inboxes: Mapping[str, ImapSettings]
    selectors: Mapping[str, str]


def senders_of(record: Record, secrets: Secrets, templates: Path, desk: Desk) -> SenderParts:
    """Return the senders that could be read; their signatures stand in *templates*."""
    entries = record[t.SENDERS] or ()
    unique_labels((Found(entry.name.text.strip(), entry.name) for entry in entries), "sender", desk)
    senders, inboxes = [], {}
    connections: dict[str, SmtpSettings | GmailSettings | None] = {}
    for entry in entries:
        name, inside = entry.name.text.strip(), desk.inside(entry.name.text.strip())
        sender = _sender(name, entry.value, _signature(entry.value, templates, inside))
        if sender is not None:
            senders.append(sender)
        smtp = entry.value[t.SENDER_SMTP]
        at_a_time = entry.value[t.CONNECTIONS] or 1
        connections[name] = (
            _smtp(smtp, at_a_time, entry.value[t.WITNESS] or "", secrets, inside.inside("smtp")) if smtp else None
        )
        if gmail := entry.value[t.SENDER_GMAIL]:
            connections[name] = _gmail(gmail, entry.value, inside)
        imap = entry.value[t.SENDER_IMAP]
        if imap and (inbox := _imap(imap, secrets, inside.inside("imap"))):
            inboxes[name] = inbox
    told = {entry.name.text.strip(): entry.value[t.DKIM_SELECTOR] for entry in entries}
    selectors = {name: selector for name, selector in told.items() if selector}
    return SenderParts(tuple(senders), connections, inboxes, selectors)


def _signature(record: Record, templates: Path, desk: Desk) -> str:
    found = record.find(t.SIGNATURE)
    return template_file(Found(found.value, found.node), templates, desk, "signature") if found else ""


def _sender(name: str, record: Record, signature: str) -> Sender | None:
    mailbox = record[t.FROM]
    if mailbox is None:
        return None
    display_name, address = mailbox
    warm_up = record[t.WARM_UP]
    return Sender(
        name,
        display_name,
        address,
        record[t.PER_DAY],
        record[t.REPLY_TO] or "",
        None if warm_up is None else _warm_up(warm_up),
        signature,
    )


def _warm_up(record: Record) -> WarmUp | None:
    first, add = record[t.WARM_UP_FROM], record[t.WARM_UP_ADD]
    return None if first is None or add is None else WarmUp(first, add)


def _smtp(record: Record, at_a_time: int, witness: str, secrets: Secrets, desk: Desk) -> SmtpSettings | None:
    host, user = record[t.SMTP_HOST], record[t.SMTP_USER]
    security = _security(record)
    if host is not None:
        _check_security(record, host, security, desk)
    password = _password(record, t.SMTP_PASSWORD, secrets, desk)
    _check_login(record, t.SMTP_USER, t.SMTP_PASSWORD, desk)
    if host is None:
        return None
    files = record[t.FILES_COPIES]
    return SmtpSettings(
        host,
        record[t.SMTP_PORT] or _PORTS[security],
        user or "",
        password,
        security,
        files_copies=None if files is None else files == "yes",
        login=record[t.LOGIN] or "password",
        idempotency_header=record[t.IDEMPOTENCY_HEADER] or "",
        witness=witness,
        connections=at_a_time,
    )


def _gmail(record: Record, sender: Record, desk: Desk) -> GmailSettings:
    settings = GmailSettings(record[t.GMAIL_SERVER] or "")
    found = record.find(t.GMAIL_SERVER)
    if found is not None and not settings.server.startswith("https://") and not is_this_machine(settings.host):
        desk.wrong(found.node.place(), _IN_THE_CLEAR.format(host=settings.host), "write https://")
    if sender.has(t.SENDER_SMTP):
        desk.wrong(record.anchor, "smtp and gmail are both written: one sends", "take out one of the two")
    return settings


def _security(record: Record) -> Security:
    chosen = record[t.SECURITY]
    if chosen is not None:
        return Security(chosen)
    return Security.TLS if record[t.SMTP_PORT] == _TLS_PORT else Security.STARTTLS


def _check_security(record: Record, host: str, security: Security, desk: Desk) -> None:
    found = record.find(t.SECURITY)
    if found is None:
        return
    if security is Security.NONE and not is_this_machine(host):
        desk.wrong(found.node.place(), _IN_THE_CLEAR.format(host=host), "write starttls or tls")
    if security is Security.STARTTLS and record[t.SMTP_PORT] == _TLS_PORT:
        desk.warn(found.node.place(), "port 465 mostly speaks tls from the start", "did you mean tls?")


def _imap(record: Record, secrets: Secrets, desk: Desk) -> ImapSettings | None:
    host, user = record[t.IMAP_HOST], record[t.IMAP_USER]
    password = _password(record, t.IMAP_PASSWORD, secrets, desk)
    security = Security(record[t.IMAP_SECURITY] or Security.TLS)
    found = record.find(t.IMAP_SECURITY)
    if found is not None and host is not None and security is Security.NONE and not is_this_machine(host):
        desk.wrong(found.node.place(), _IN_THE_CLEAR.format(host=host), "write starttls or tls")
    login = record[t.LOGIN] or "password"
    _check_login(record, t.IMAP_USER, t.IMAP_PASSWORD, desk)
    if host is None or user is None or (login == "password" and password is None):
        return None
    folders = tuple(each.value for each in record[t.IMAP_FOLDERS] or ())
    return ImapSettings(host, record[t.IMAP_PORT] or _IMAP_PORTS[security], user, password, security, folders, login)


def _check_login(record: Record, user: Setting[str], password: Setting[str], desk: Desk) -> None:
    """Report a login that lacks a part, or has one too many."""
    login = record.find(t.LOGIN)
    if login is not None and login.value != "password":
        if record.has(password):
            desk.wrong(login.node.place(), f"login: {login.value} needs no password", "take out  password:")
        if not record.has(user):
            desk.wrong(record.anchor, f'"{user.name}" is missing beside "login"', fix="write the address to log in as")
        return
    for given, missing in ((user, password), (password, user)):
        if record.has(given) and not record.has(missing):
            desk.wrong(record.anchor, f'"{missing.name}" is missing beside "{given.name}"', fix="a login needs both")


def _password(record: Record, setting: Setting[str], secrets: Secrets, desk: Desk) -> Secret | None:
    found = record.find(setting)
    return secrets.look_up(found.value, found.node.place(), desk) if found else None
