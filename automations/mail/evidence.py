"""Looking for emails in doubt where they leave a trace: a Sent folder, a witness's mailbox, the outbox folder."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from automations.core.evidence import Absence, Filed, SentMail, Sighting
from automations.errors import MailerOutOfReach
from automations.mail.imap import MESSAGE_ID, Account, all_message_ids, find_messages, open_mailbox, sent_folders

FILES_COPIES = frozenset({"smtp.gmail.com", "smtp-relay.gmail.com", "smtp.googlemail.com", "smtp.office365.com"})
"""Mail servers that put a copy of what they take into the sender's Sent folder by themselves.

Sources: Gmail's IMAP extensions; Microsoft 365 does the same for SMTP AUTH (nextcloud/mail, issue 12932).
"""


def look_into_sent(account: Account, ids: Sequence[str], since: date, *, place: str, absence: Absence) -> Sighting:
    """Return which messages are in the folders where an account keeps what was sent. Never raises."""
    try:
        with open_mailbox(account) as box:
            folders = sent_folders(box)
            found = frozenset[str]().union(*(find_messages(box, each, ids, since) for each in folders))
    except MailerOutOfReach as error:
        return Sighting(place, why_not=error.what)
    if not folders:
        return Sighting(place, why_not=f"{account.host} has no folder for sent mail that we know the name of")
    return Sighting(place, frozenset(ids), found, absence)


def look_into_inbox(account: Account, ids: Sequence[str], since: date, *, place: str) -> Sighting:
    """Return which messages have come to a witness's inbox. Never raises."""
    try:
        with open_mailbox(account) as box:
            found = find_messages(box, "INBOX", ids, since)
    except MailerOutOfReach as error:
        return Sighting(place, why_not=error.what)
    return Sighting(place, frozenset(ids), found)


def look_into_outbox(folder: Path, ids: Sequence[str]) -> Sighting:
    """Return which messages are in the outbox folder: a file is there as a whole, or it was never written.

    The part of a Message-ID before its @ is in the file's name; see `automations.mail.folder.file_name`.
    """
    try:
        names = [path.name for path in folder.glob("*.eml")]
    except OSError as error:
        return Sighting(str(folder), why_not=f"{folder} cannot be read: {error.strerror or error}")
    found = frozenset(each for each in ids if any(f"-{each[1:].partition('@')[0]}.eml" in name for name in names))
    return Sighting(f"{folder.name}/", frozenset(ids), found, Absence.PROOF)


def all_sent(account: Account, *, place: str) -> SentMail:
    """Return every message in the folders where an account keeps what was sent. Never raises."""
    try:
        with open_mailbox(account) as box:
            ids = {name: filed for folder in sent_folders(box) for name, filed in all_message_ids(box, folder).items()}
    except MailerOutOfReach as error:
        return SentMail(place, {}, why_not=error.what)
    return SentMail(place, ids)


def all_in_outbox(folder: Path) -> SentMail:
    """Return every message in the outbox folder."""
    ids = {}
    for path in folder.glob("*.eml"):
        header = path.read_bytes().partition(b"\r\n\r\n")[0]
        if name := MESSAGE_ID.search(header):
            at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            ids[name[1].decode("ascii", "replace")] = Filed(at, header)
    return SentMail(f"{folder.name}/", ids)
