"""Mailboxes by IMAP: opened with checked certificates and time limits, and asked for messages of ours.

Nothing here changes a mailbox: folders are opened to read, and no message is marked as seen.
Import it late: imaplib, ssl and imap_tools cost 60 ms.
"""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from imap_tools import BaseMailBox, MailBox, MailBoxStartTls, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError

from automations.core.evidence import Filed
from automations.core.hosts import is_this_machine
from automations.errors import MailerOutOfReach
from automations.mail.smtp_values import hide

Security = Literal["tls", "starttls", "none"]
Token = Callable[[bool], str]
"""Returns an access token for XOAUTH2; a new one when asked with True, because the last was refused."""

SECONDS = 60.0
"""How long any one answer may take: imaplib alone would wait for ever."""

_FEW = 10
"""Up to so many messages are searched for one by one; for more, all identifiers since a day are read at once."""
MESSAGE_ID = re.compile(rb"^Message-ID:[ \t\r\n]*(<[^<>\s]+>)", re.IGNORECASE | re.MULTILINE)
_CAME = re.compile(rb'INTERNALDATE "([ \d]\d)-(\w{3})-(\d{4} \d\d:\d\d:\d\d [+-]\d{4})"')
_SAFE_ID = re.compile(r'<[^<>\s"\\\x00-\x1f\x7f-\U0010ffff]+>\Z')
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_SENT_NAMES = frozenset(
    {
        "sent",
        "sent items",
        "sent messages",
        "sent mail",
        "sent-mail",
        "gesendet",
        "gesendete elemente",
        "gesendete objekte",
        "envoyés",
        "éléments envoyés",
        "enviados",
        "elementos enviados",
        "inviata",
        "posta inviata",
        "verzonden",
        "verzonden items",
    }
)


@dataclass(frozen=True, slots=True)
class Account:
    """A mailbox and how to get in: by *password*, or by XOAUTH2 when there is a *token*.

    *ca_file* names certificates to trust instead of the system's; the check itself cannot be turned off.
    """

    host: str
    port: int
    user: str
    password: str = field(default="", repr=False)
    security: Security = "tls"
    token: Token | None = field(default=None, repr=False)
    ca_file: str | None = None


@contextmanager
def open_mailbox(account: Account, seconds: float = SECONDS) -> Iterator[BaseMailBox]:
    """Open a mailbox, logged in, with no folder chosen. Every answer is waited for *seconds* at most.

    Raises MailerOutOfReach, as a sentence, for whatever goes wrong with the connection, also inside.
    """
    if account.security == "none" and not is_this_machine(account.host):
        raise MailerOutOfReach(
            f"{account.host} cannot be read without encryption: it is not this machine",
            fix="Use  security: tls  (port 993) or  security: starttls  (port 143).",
        )
    with _told_to_people(account.host):
        box = _connected(account, seconds)
        try:
            _log_in(box, account)
            yield box
        finally:
            # What was learned stays true, however the server takes our leave.
            with suppress(ImapToolsError, imaplib.IMAP4.error, OSError):
                box.logout()
            # A server that has fallen silent takes no leave, and the connection would stay open.
            with suppress(OSError):
                box.client.shutdown()


def _connected(account: Account, seconds: float) -> BaseMailBox:
    if account.security == "none":
        return MailBoxUnencrypted(account.host, account.port, timeout=seconds)
    # imaplib checks no certificate unless it is given a context that does.
    trust = ssl.create_default_context(cafile=account.ca_file)
    kind = MailBox if account.security == "tls" else MailBoxStartTls
    return kind(account.host, account.port, timeout=seconds, ssl_context=trust)


def _log_in(box: BaseMailBox, account: Account) -> None:
    try:
        if account.token is None:
            box.login_utf8(account.user, account.password, initial_folder=None)
            return
        try:
            box.xoauth2(account.user, account.token(False), initial_folder=None)
        except imaplib.IMAP4.abort:
            raise
        except (ImapToolsError, imaplib.IMAP4.error):
            # A token may have ended before its time. Once: a server that refuses a new one refuses us.
            box.xoauth2(account.user, account.token(True), initial_folder=None)
    except imaplib.IMAP4.abort:
        raise
    except (ImapToolsError, imaplib.IMAP4.error) as error:
        raise MailerOutOfReach(
            f"{account.host} does not let {account.user} in: {hide(_said(error), account.password, account.user)}",
            fix="Check user and password under imap; some providers want a password made for programs.",
        ) from None


@contextmanager
def _told_to_people(host: str) -> Iterator[None]:
    try:
        yield
    except ssl.SSLCertVerificationError as error:
        raise MailerOutOfReach(f"{host} cannot prove that it is who it should be ({error.verify_message})") from None
    except ssl.SSLError as error:
        raise MailerOutOfReach(f"no encryption could be agreed on with {host} ({error.reason})") from None
    except TimeoutError:
        raise MailerOutOfReach(f"{host} did not answer in time") from None
    except OSError as error:
        raise MailerOutOfReach(f"no connection to {host} ({error.strerror or error})") from None
    except (ImapToolsError, imaplib.IMAP4.error) as error:
        raise MailerOutOfReach(f"{host} gave no proper answer: {_said(error)}") from None


def _said(error: Exception) -> str:
    """Return what the server said, on one line; never what we said to it."""
    result = getattr(error, "command_result", None)
    parts = result[1] if isinstance(result, tuple) else error.args
    texts = (part.decode("utf-8", "replace") if isinstance(part, bytes) else str(part) for part in parts or ())
    return " ".join(" ".join(texts).split())[:200] or "no reason given"


def sent_folders(box: BaseMailBox) -> tuple[str, ...]:
    r"""Return the folders where the server, or mail programs, keep what was sent.

    Those with the special use \Sent (RFC 6154); where the server tells no uses, those with a usual name.
    """
    folders = box.folder.list()
    marked = tuple(each.name for each in folders if any(flag.casefold() == "\\sent" for flag in each.flags))
    return marked or tuple(each.name for each in folders if _last_part(each.name, each.delim) in _SENT_NAMES)


def _last_part(name: str, delimiter: str) -> str:
    return (name.rsplit(delimiter, 1)[-1] if delimiter else name).casefold()


def find_messages(box: BaseMailBox, folder: str, ids: Sequence[str], since: date | None = None) -> frozenset[str]:
    """Return which of *ids* (Message-IDs, with their brackets) are in a folder.

    *since* (a day that is certainly not after any of them) bounds what is looked through when there are many.
    """
    wanted = frozenset(each for each in ids if _SAFE_ID.match(each))
    box.folder.set(folder, readonly=True)
    if len(wanted) > _FEW:
        return wanted & all_message_ids(box, folder, since).keys()
    return frozenset(each for each in wanted if box.uids(_search_for(box, each), charset=None))


def _search_for(box: BaseMailBox, message_id: str) -> str:
    if "X-GM-EXT-1" in box.client.capabilities:
        # Gmail's own index of Message-IDs: exact, and quick in a folder of any size.
        return f'X-GM-RAW "rfc822msgid:{message_id[1:-1]}"'
    return f'HEADER Message-ID "{message_id}"'


def all_message_ids(box: BaseMailBox, folder: str, since: date | None = None) -> dict[str, Filed]:
    """Return every message in a folder by its Message-ID, of those that came since a day; in one answer."""
    box.folder.set(folder, readonly=True)
    # Names of months are English in IMAP, whatever the system speaks; a day's difference in zones must not matter.
    asked = f"SINCE {since.day}-{_MONTHS[since.month - 1]}-{since.year}" if since else "ALL"
    uids = box.uids(asked, charset=None)
    if not uids:
        return {}
    _, parts = box.client.uid("FETCH", _ranges(uids), "(INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID SUBJECT)])")
    found: dict[str, Filed] = {}
    for part in parts:
        if isinstance(part, tuple) and (name := MESSAGE_ID.search(part[1])) and (came := _CAME.search(part[0])):
            found[name[1].decode("ascii", "replace")] = Filed(_moment(came), part[1])
    return found


def _moment(came: re.Match[bytes]) -> datetime:
    day, month, rest = (text.decode("ascii") for text in came.groups())
    number = _MONTHS.index(month.title()) + 1
    return datetime.strptime(f"{day.strip()} {number} {rest}", "%d %m %Y %H:%M:%S %z")


def _ranges(uids: Sequence[str]) -> str:
    """Return message numbers as IMAP takes them, neighbours together: a line has its limits.

    >>> _ranges(["4", "5", "6", "9"])
    '4:6,9'
    """
    runs: list[list[int]] = []
    for uid in sorted(int(each) for each in uids):
        if runs and runs[-1][1] == uid - 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(f"{first}:{last}" if last > first else str(first) for first, last in runs)
