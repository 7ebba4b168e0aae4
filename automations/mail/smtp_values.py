"""What an SMTP connection is made from: where it leads to, who logs in, and what every transaction has besides."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from automations.core.messages import Outgoing
from automations.mail.dialogue import Timeouts

Security = Literal["starttls", "tls", "none"]
Token = Callable[[bool], str]
"""Returns an access token; a new one when asked with True. Raises MailerOutOfReach when there is none to be had."""


@dataclass(frozen=True, slots=True)
class Server:
    """Where a connection leads to, and what it trusts."""

    host: str
    port: int
    security: Security
    timeouts: Timeouts
    ca_file: str | None


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in: by *password*, or by an access *token*."""

    user: str
    password: str = field(default="", repr=False)
    token: Token | None = field(default=None, repr=False)
    """Given, it is used instead of the password (XOAUTH2)."""

    def without_secrets(self, said: str) -> str:
        """Return what a server said about a login, without the password: some servers repeat what they were told."""
        return hide(said, self.password, self.user)


@dataclass(frozen=True, slots=True)
class Habits:
    """What a transaction has besides the message: a *witness* who gets a copy, a header that names the message's key.

    The witness is a second recipient, whom the same answer covers. Providers that know an *idempotency_header* take a
    message with the same key only once.
    """

    witness: str = ""
    idempotency_header: str = ""

    def dressed(self, message: Outgoing) -> Outgoing:
        """Return the message with the header; the same bytes for the same message, at every try."""
        if not self.idempotency_header:
            return message
        header = f"{self.idempotency_header}: {message.key}\r\n".encode("ascii")
        return replace(message, content=header + message.content)


NO_HABITS = Habits()


def hide(said: str, password: str, user: str) -> str:
    """Return *said* without a password, in none of the ways in which it goes over the wire."""
    if not password:
        return said
    plain = f"\0{user}\0{password}"
    forms = (password, *(base64.b64encode(each.encode()).decode("ascii") for each in (password, plain)))
    for form in sorted(forms, key=len, reverse=True):
        said = said.replace(form, "***")
    return said


def xoauth2(user: str, token: str) -> str:
    """Return what a client says to log in by an access token.

    Source: https://developers.google.com/workspace/gmail/imap/xoauth2-protocol (Microsoft does the same).
    """
    return base64.b64encode(f"user={user}\x01auth=Bearer {token}\x01\x01".encode()).decode("ascii")
