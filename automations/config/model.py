"""What config.yaml comes to: the policy to decide by, and the connections, folders and jobs around it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from urllib.parse import urlsplit

from automations.core.policy import Policy
from automations.errors import Problem


class Secret:
    """A text that is never shown by accident: not by repr, str, format or a traceback's locals.

    >>> str(Secret("hunter2")), repr(Secret("hunter2"))
    ('***', 'Secret(***)')
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself, to hand it to the one who needs it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __reduce__(self) -> str:
        """Refuse to be pickled: a secret is not stored."""
        raise TypeError("a secret cannot be pickled")


class Security(StrEnum):
    """How a connection is protected. NONE is for this very machine only."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SmtpSettings:
    """A mail server to send through. Without *user* nobody logs in, and *password* is None.

    *login* is ``password``, or whose token is used instead. *witness* gets a copy of every email.

    *files_copies* is whether it puts a copy of all it takes into the Sent folder; None: its name may tell.
    """

    host: str
    port: int
    user: str
    password: Secret | None
    security: Security
    files_copies: bool | None = None
    login: str = "password"
    idempotency_header: str = ""
    witness: str = ""
    connections: int = 1


@dataclass(frozen=True, slots=True)
class GmailSettings:
    """A Gmail mailbox to send from through Google's own API, at *server*."""

    server: str
    password: None = None

    @property
    def host(self) -> str:
        """Return the name of the server."""
        return urlsplit(self.server).hostname or ""


@dataclass(frozen=True, slots=True)
class ImapSettings:
    """A sender's mailbox. Without *folders* all those are read that may have mail to us."""

    host: str
    port: int
    user: str
    password: Secret | None
    security: Security = Security.TLS
    folders: tuple[str, ...] = ()
    login: str = "password"


@dataclass(frozen=True, slots=True)
class GoogleSettings:
    """A Google Sheet and how we reach it. *gid* is the number of the tab the link names.

    *key* is the text of a key, or the file it is in; None asks nobody who we are. *protect* is warn, strict or none.
    *is_mirrored* is for ``write: mirror``: our values in a tab of our own.
    """

    spreadsheet: str
    gid: int | None
    endpoint: str
    key: Secret | Path | None
    protect: str = "warn"
    is_mirrored: bool = False


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """Where the leads live: *kind* is ``excel``, ``csv`` or ``google``; *tab* None is the first.

    *path* is the file; of a Google Sheet it means nothing. *backups* is how many dated copies of a file are kept from
    before our writes. *is_sync_accepted* says that the owner lets us write into a folder that a sync service
    carries to other machines.
    """

    kind: str
    path: Path
    tab: str | None = None
    backups: int = 10
    is_sync_accepted: bool = False
    google: GoogleSettings | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """Configured work. *cron* has five fields in the business's zone; *text* is the owner's wording of it.

    A job that was missed by more than *late_by* is left out until its next time. *to* receives a report.
    """

    job: str
    cron: str
    text: str
    late_by: timedelta
    to: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True)
class Config:
    """config.yaml, read and checked as a whole. Every path stands on its own, whatever the current folder.

    *connections* has every sender by name; None is the folder mailer, which writes into *outbox*. *state* is our own
    folder: ledger, lock, logs. *warnings* stop nothing.
    """

    path: Path
    policy: Policy
    source: SourceSettings
    connections: Mapping[str, SmtpSettings | GmailSettings | None]
    outbox: Path
    templates: Path
    state: Path
    jobs: tuple[Job, ...] = ()
    inboxes: Mapping[str, ImapSettings] = field(default_factory=dict)
    selectors: Mapping[str, str] = field(default_factory=dict)
    """By sender, the name under which the domain's DKIM key is published, where config.yaml tells it."""
    resolver: str = ""
    """The name server that doctor asks; "" for those of the system."""
    warnings: tuple[Problem, ...] = ()

    def with_warnings(self, warnings: tuple[Problem, ...]) -> Config:
        """Return the same configuration with what was found besides."""
        return replace(self, warnings=warnings)
