"""Senders without a password: tokens from Google and Microsoft, renewed once, and never in circles."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from automations.core.leads import LeadKey
from automations.core.messages import Fault, Hand, Outgoing, message_id, message_key
from automations.errors import MailerOutOfReach
from automations.mail.oauth import MICROSOFT_SCOPES, GoogleToken, MicrosoftToken, keep, microsoft_app, token_file
from automations.mail.oauth_sim import TokenSim
from automations.mail.smtp import Habits, SmtpMailer
from automations.mail.smtp_sim import Answer, SmtpSim, script

USER = "anna@shop.example"


def message(number: int) -> Outgoing:
    """Return a small email."""
    key = message_key("welcome", f"step {number}", LeadKey("eva@muster.example"))
    content = f"Message-ID: {message_id(key, 'shop.example')}\r\n\r\nGood morning\r\n".encode()
    return Outgoing(key, message_id(key, "shop.example"), USER, "eva@muster.example", "Hello", content)


def mailer(server: SmtpSim, token: object) -> SmtpMailer:
    """Return what sends for Anna by token."""
    return SmtpMailer(host="127.0.0.1", port=server.port, user=USER, security="none", token=token)  # type: ignore[arg-type]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where Anna's agreement is kept."""
    return token_file(tmp_path, "anna")


def test_an_agreement_is_kept_for_its_owner_alone(tmp_path: Path) -> None:
    """Nobody else on the machine can read a token, and a sender's name cannot lead anywhere else."""
    file = token_file(tmp_path, "../anna & co")
    keep(file, "secret")

    assert file == tmp_path / "tokens" / "..%2Fanna%20%26%20co.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_google_gives_a_token_that_is_used_until_it_ends(file: Path) -> None:
    """One token serves for an hour, also after a restart; asked for a new one, it is renewed."""
    with TokenSim() as google:
        keep(file, google.google_login())
        token = GoogleToken(file, "anna")
        first, again = token(False), token(False)
        restarted = GoogleToken(file, "anna")(False)
        fresh = token(True)

    assert (first, again, restarted, fresh) == ("token-1", "token-1", "token-1", "token-2")


def test_fault_38_a_token_that_ends_in_the_middle_of_a_run_is_renewed_once(file: Path) -> None:
    """The server refuses the old token after a reconnect: a new one is fetched, and the email leaves."""
    closing = script({(1, "dot"): Answer(b"421 4.7.0 reconnect", close=True, store=False)})
    with TokenSim() as google, SmtpSim(users={USER: "token-1"}, script=closing) as server:
        keep(file, google.google_login())
        with mailer(server, GoogleToken(file, "anna")) as hands:
            first = hands.send(message(1), lambda: True)
            server.users[USER] = "token-2"
            second = hands.send(message(2), lambda: True)

    assert (first.hand, second.hand) == (Hand.DEFERRED, Hand.ACCEPTED)
    assert google.given == ["token-1", "token-2"]


def test_fault_38_invalid_grant_stops_and_is_not_tried_in_circles(file: Path) -> None:
    """When the person took the agreement back, every email is put off for our account, with what to do."""
    with TokenSim() as google, SmtpSim(users={USER: "token-1"}) as server:
        keep(file, google.google_login())
        google.revoked = True
        with mailer(server, GoogleToken(file, "anna")) as hands:
            outcome = hands.send(message(1), lambda: True)

    assert (outcome.hand, outcome.fault) == (Hand.DEFERRED, Fault.ACCOUNT)
    assert outcome.reply == "Google does not let anna in any more (invalid_grant)"
    assert google.asked == ["refresh_token"]
    assert server.messages == []


def test_fault_38_a_server_that_refuses_every_token_is_asked_twice(file: Path) -> None:
    """A user whom the server does not know is refused with the new token too; then it ends."""
    with TokenSim() as google, SmtpSim(users={}) as server:
        keep(file, google.google_login())
        server.users["somebody@else.example"] = "x"
        with mailer(server, GoogleToken(file, "anna")) as hands:
            outcome = hands.send(message(1), lambda: True)

    assert (outcome.hand, outcome.fault) == (Hand.DEFERRED, Fault.ACCOUNT)
    assert google.given == ["token-1", "token-2"]


def test_a_sender_that_was_never_connected_is_told_how(file: Path) -> None:
    """Without an agreement the sentence has the command."""
    with pytest.raises(MailerOutOfReach) as error:
        GoogleToken(file, "anna")(False)

    assert error.value.what == "anna is not connected to Google yet"
    assert error.value.fix == "leadwright connect google --sender anna"


class _ToSim(HTTPAdapter):
    """Leads what is meant for Microsoft to the server on this machine."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self._url = url

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:  # noqa: ANN401 - requests' own
        request.url = str(request.url).replace("https://login.microsoftonline.com", self._url)
        return super().send(request, *args, **kwargs)


def test_microsoft_gives_tokens_through_its_own_library(file: Path) -> None:
    """A person types a code once; then tokens are taken from the cache, renewed when refused, until it is over."""
    with TokenSim() as microsoft, requests.Session() as session:
        session.trust_env = False
        session.mount("https://", _ToSim(microsoft.url))
        authority = "https://login.microsoftonline.com/common"
        app, cache = microsoft_app("client", authority, "", session)
        flow = app.initiate_device_flow(list(MICROSOFT_SCOPES))
        answer = app.acquire_token_by_device_flow(flow)
        keep(file, json.dumps({"client_id": "client", "authority": authority, "cache": cache.serialize()}))
        token = MicrosoftToken(file, "sales", session)

        first, fresh = token(False), token(True)
        microsoft.revoked = True
        with pytest.raises(MailerOutOfReach) as error:
            token(True)

    assert "ABCD-EFGH" in flow["message"]
    assert (answer["access_token"], first, fresh) == ("token-1", "token-1", "token-2")
    assert error.value.what == "Microsoft does not let sales in any more (invalid_grant)"


def test_a_witness_gets_a_copy_in_the_same_transaction() -> None:
    """One answer covers both recipients; a witness that is refused puts the email off and blames no lead."""
    habits = Habits("archive@shop.example", "Resend-Idempotency-Key")
    refusing = script({})
    with SmtpSim(script=refusing) as server:
        with SmtpMailer(host="127.0.0.1", port=server.port, security="none", habits=habits) as hands:
            taken = hands.send(message(1), lambda: True)
            server.script = lambda moment: (
                Answer(b"550 5.1.1 no such user") if moment.phase == "rcpt" and "archive" in moment.line else None
            )
            refused = hands.send(message(2), lambda: True)
        (stored,) = server.messages

    assert taken.hand is Hand.ACCEPTED
    assert stored.recipients == ("eva@muster.example", "archive@shop.example")
    assert stored.content.startswith(f"Resend-Idempotency-Key: {message(1).key}\r\nMessage-ID: ".encode())
    assert (refused.hand, refused.fault) == (Hand.DEFERRED, Fault.SERVER)
    assert refused.reply.startswith("the witness archive@shop.example was refused: ")
