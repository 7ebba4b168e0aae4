"""What config.yaml says about senders, turned into what talks to their servers: mailers, mailboxes, looks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from automations.config import Config
from automations.config.model import GmailSettings
from automations.core.evidence import Absence, Doubt, SentMail, Sighting, may_be_repeated
from automations.errors import MailerOutOfReach

if TYPE_CHECKING:
    from automations.core.messages import Outcome
    from automations.mail import Mailer
    from automations.mail.gmail import GmailMailer
    from automations.mail.idle import Listeners
    from automations.mail.imap import Account
    from automations.mail.inbox import Mailbox, OpenMailbox
    from automations.mail.oauth import Provider


_SECONDS = 20.0


@runtime_checkable
class LogsIn(Protocol):
    """A mailer that can say whether it would be let in."""

    def try_login(self) -> Outcome | None:
        """Connect and log in, and leave again; return how that failed, or None when a message could leave now."""
        ...


def open_mailer(config: Config, sender: str) -> Mailer:
    """Return what hands over the messages of a sender: its mail server, or the outbox folder without one."""
    settings = config.connections[sender]
    if settings is None:
        from automations.mail.folder import FolderMailer  # noqa: PLC0415 - only what is used is loaded

        return FolderMailer(config.outbox)
    if isinstance(settings, GmailSettings):
        return _gmail(config, sender, settings)
    from automations.mail.smtp import Habits, SmtpMailer  # noqa: PLC0415 - smtplib and ssl cost 50 ms

    return SmtpMailer(
        host=settings.host,
        port=settings.port,
        user=settings.user,
        password=settings.password.reveal() if settings.password else "",
        security=settings.security.value,
        token=_token(config, sender, settings.login),
        habits=Habits(settings.witness, settings.idempotency_header),
        connections=settings.connections,
    )


def _gmail(config: Config, sender: str, settings: GmailSettings) -> GmailMailer:
    from automations.mail.gmail import GmailMailer  # noqa: PLC0415 - requests costs 0.1 s
    from automations.mail.oauth import GoogleToken, token_file  # noqa: PLC0415 - the same

    token = GoogleToken(token_file(config.state, sender), sender)
    return GmailMailer(token, config.state / "drafts", settings.server)


def try_login(config: Config, sender: str) -> str:
    """Return why nothing could be sent for a sender right now, or "". Sends nothing. Never raises."""
    try:
        with open_mailer(config, sender) as mailer:
            outcome = mailer.try_login() if isinstance(mailer, LogsIn) else None
    except MailerOutOfReach as error:
        return error.what
    return "" if outcome is None else outcome.reply or outcome.hand.value


def try_mailbox(account: Account) -> str:
    """Return why a mailbox cannot be read right now, or "". Never raises."""
    from automations.mail.imap import open_mailbox, sent_folders  # noqa: PLC0415 - imaplib and ssl cost 60 ms

    try:
        with open_mailbox(account, _SECONDS) as box:
            return "" if sent_folders(box) else "it has no folder for sent mail that we know the name of"
    except MailerOutOfReach as error:
        return error.what


def mailbox_of(config: Config, sender: str) -> Account | None:
    """Return a sender's mailbox; None when config.yaml names none."""
    settings = config.inboxes.get(sender)
    if settings is None:
        return None
    from automations.mail.imap import Account  # noqa: PLC0415 - imaplib and ssl cost 60 ms

    return Account(
        settings.host,
        settings.port,
        settings.user,
        settings.password.reveal() if settings.password else "",
        security=settings.security.value,
        token=_token(config, sender, settings.login),
    )


def _token(config: Config, sender: str, login: str) -> Provider | None:
    if login == "password":
        return None
    from automations.mail.oauth import PROVIDERS, token_file  # noqa: PLC0415 - only what is used is loaded

    provider: Provider = PROVIDERS[login](token_file(config.state, sender), sender)
    return provider


def sent_mail(config: Config, sender: str) -> SentMail | None:
    """Return all that a sender's place for sent mail holds; None when there is no such place. Never raises."""
    from automations.mail import evidence  # noqa: PLC0415 - only needed when a ledger is taken over

    if config.connections[sender] is None:
        return evidence.all_in_outbox(config.outbox)
    account = mailbox_of(config, sender)
    return None if account is None else evidence.all_sent(account, place=sent_folder_of(sender))


def sent_folder_of(sender: str) -> str:
    """Return what a sender's Sent folder is called to people."""
    return f"the Sent folder of {sender}"


def inboxes(config: Config) -> dict[str, OpenMailbox]:
    """Return the mailboxes of all senders that have one, ready to be opened."""
    return {sender: partial(_open_inbox, config, sender) for sender in config.inboxes}


@contextmanager
def _open_inbox(config: Config, sender: str) -> Iterator[Mailbox]:
    from automations.mail.imap import open_mailbox  # noqa: PLC0415 - only what is used is loaded
    from automations.mail.inbox import ImapMailbox  # noqa: PLC0415

    account = mailbox_of(config, sender)
    if account is None:
        raise MailerOutOfReach(f"{sender} has no mailbox")
    with open_mailbox(account) as box:
        yield ImapMailbox(box, config.inboxes[sender].folders)


def listeners(config: Config) -> Listeners:
    """Return what waits for mail in the mailboxes of all senders, once it is entered."""
    from automations.mail.idle import Listeners  # noqa: PLC0415 - only serve waits for mail
    from automations.mail.imap import open_mailbox  # noqa: PLC0415

    accounts = {sender: mailbox_of(config, sender) for sender in config.inboxes}
    return Listeners({sender: partial(open_mailbox, account) for sender, account in accounts.items() if account})


def look_up(config: Config, sender: str, doubts: Sequence[Doubt], now: datetime) -> tuple[Sighting, ...]:
    """Return what every place that may have a trace of a sender's messages tells of them. Never raises."""
    from automations.mail import evidence  # noqa: PLC0415 - only needed when an email is in doubt

    ids = [doubt.record.message_id for doubt in doubts]
    since = min(doubt.handed_over_at for doubt in doubts).date() - timedelta(days=1)
    if sender not in config.connections:
        return ()  # somebody took the sender out of config.yaml
    smtp = config.connections[sender]
    if smtp is None:
        return (evidence.look_into_outbox(config.outbox, ids),)
    if isinstance(smtp, GmailSettings):
        with _gmail(config, sender, smtp) as mailer:
            return (mailer.look_up([(doubt.record.key, doubt.record.message_id) for doubt in doubts]),)
    repeats = (may_be_repeated(doubts, now, smtp.host),) if smtp.idempotency_header else ()
    files = smtp.host.lower() in evidence.FILES_COPIES if smtp.files_copies is None else smtp.files_copies
    absence = Absence.LATER if files else Absence.NOTHING
    seen = []
    if (account := mailbox_of(config, sender)) is not None:
        seen.append(evidence.look_into_sent(account, ids, since, place=sent_folder_of(sender), absence=absence))
    if (account := _witness(config, smtp.witness)) is not None:
        seen.append(evidence.look_into_inbox(account, ids, since, place=f"the mailbox of the witness {smtp.witness}"))
    return (*seen, *repeats)


def _witness(config: Config, address: str) -> Account | None:
    """Return the mailbox of a witness: that of any sender who logs in, or writes, under this address."""
    addresses = {sender.name: sender.address for sender in config.policy.senders}
    for sender, settings in config.inboxes.items():
        if address and address.casefold() in (settings.user.casefold(), addresses.get(sender, "").casefold()):
            return mailbox_of(config, sender)
    return None
