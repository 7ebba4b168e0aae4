"""Email by SMTP: each message with its end held back for the gate, over one connection or several.

Certificates are always checked. Only a server on this very machine may be spoken to without TLS.
Import it late: smtplib and ssl cost 25 ms.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

from automations.core.hosts import is_this_machine
from automations.core.messages import BeforeDot, Outcome, Outgoing
from automations.errors import MailerOutOfReach
from automations.mail.dialogue import Timeouts
from automations.mail.lanes import hand_over_alone
from automations.mail.smtp_lane import SmtpLane
from automations.mail.smtp_values import NO_HABITS, Habits, Login, Security, Server, Token

__all__ = ["Habits", "Security", "SmtpMailer"]


class SmtpMailer:
    """Hands messages to the server at *host*, over *connections* that are kept open; each opens when it is needed.

    *user* may be empty: then nobody logs in. A *token* is used instead of the password (XOAUTH2). *ca_file* names
    certificates to trust instead of the system's, for a server of one's own; the check itself cannot be turned off.
    Raises MailerOutOfReach for ``none`` and a host that is not this machine.
    """

    def __init__(
        self,
        *,
        host: str,
        port: int,
        user: str = "",
        password: str = "",
        security: Security = "starttls",
        timeouts: Timeouts | None = None,
        ca_file: str | None = None,
        connections: int = 1,
        token: Token | None = None,
        habits: Habits = NO_HABITS,
    ) -> None:
        if security == "none" and not is_this_machine(host):
            raise MailerOutOfReach(
                f"{host} cannot be used without encryption: it is not this machine",
                fix="Use  security: starttls  (port 587) or  security: tls  (port 465).",
            )
        server = Server(host, port, security, timeouts or Timeouts(), ca_file)
        login = Login(user, password, token) if user else None
        self._where = f"{host.lower()}:{port}"
        self._lanes = tuple(SmtpLane(server, login, habits) for _ in range(connections))

    @property
    def lanes(self) -> tuple[SmtpLane, ...]:
        """Return the connections."""
        return self._lanes

    @property
    def server(self) -> str:
        """Return which server it is: its name and its port."""
        return self._where

    def try_login(self) -> Outcome | None:
        """Connect and log in, and leave again; return how that failed, or None when a message could leave now."""
        return self._lanes[0].try_login()

    def __enter__(self) -> Self:
        """Return the mailer; it connects when the first message comes."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take leave of the server."""
        for lane in self._lanes:
            lane.say_quit()
        for lane in self._lanes:
            lane.leave()

    def send(self, message: Outgoing, before_dot: BeforeDot) -> Outcome:
        """Hand one message over; see `automations.mail.Mailer`."""
        return hand_over_alone(self._lanes[0], message, before_dot)
