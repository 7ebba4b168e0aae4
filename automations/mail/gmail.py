"""Email through Gmail's own API, by drafts: a draft that was sent is gone, so its fate can always be looked up.

    drafts.create                       all but the end: nothing is delivered by it
    the draft's id is kept, durably     from here on it can be asked what became of it
    before_dot()                        the gate; "no" takes the draft away again
    drafts.send                         200 accepted; no answer, or 5yz: drafts.get decides
    drafts.get                          404: it was sent; 200: it is still there, it was not

``messages.send`` is not used: it may fail and send all the same, and nobody can ask it afterwards.
Source: https://developers.google.com/workspace/gmail/api/guides/drafts
Import it late: requests costs 0.1 s.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlsplit

import requests

from automations.core.evidence import Absence, Sighting
from automations.core.hosts import is_this_machine
from automations.core.messages import BeforeDot, Fault, Hand, Outcome, Outgoing
from automations.crash import crash_at
from automations.errors import MailerOutOfReach
from automations.mail.oauth import keep

SERVER = "https://gmail.googleapis.com"
_CONNECT_SECONDS = 30.0
_ANSWER_SECONDS = 120.0
_DRAFTS = "/gmail/v1/users/me/drafts"
_PROFILE = "/gmail/v1/users/me/profile"

_OK, _BAD, _UNKNOWN_US, _FORBIDDEN, _GONE, _TOO_MANY = 200, 400, 401, 403, 404, 429
_FAULTS = {
    _BAD: (Hand.REFUSED, Fault.CONTENT),
    _UNKNOWN_US: (Hand.DEFERRED, Fault.ACCOUNT),
    _FORBIDDEN: (Hand.DEFERRED, Fault.ACCOUNT),
    _TOO_MANY: (Hand.DEFERRED, Fault.QUOTA),
}
_QUOTA_REASONS = frozenset({"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded", "dailyLimitExceeded"})


class Answer(NamedTuple):
    """What the API answered: *status* 0 when nothing came; *reason* is its own word for an error."""

    status: int
    content: dict[str, object]
    reason: str = ""


class GmailMailer:
    """Hands messages to Gmail for the user whose *token* it is; draft ids are kept in the folder *drafts*."""

    def __init__(self, token: Callable[[bool], str], drafts: Path, server: str = SERVER) -> None:
        host = urlsplit(server).hostname or ""
        if not server.startswith("https://") and not is_this_machine(host):
            raise MailerOutOfReach(f"{host} cannot be used without encryption: it is not this machine")
        self._token, self._drafts, self._server = token, drafts, server
        self._sent: list[Path] = []
        self._session = requests.Session()
        # A server on this machine is never asked through a proxy, which would see the emails.
        self._session.trust_env = not is_this_machine(host)

    def __enter__(self) -> Self:
        """Return the mailer; it connects when the first message comes."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection. What was sent is settled by now, and its drafts' names are not needed any more."""
        self._session.close()
        if error is None:
            for file in self._sent:
                _forget(file)

    def try_login(self) -> Outcome | None:
        """Ask who we are; return how that failed, or None when a message could leave now."""
        try:
            answer = self._ask("GET", _PROFILE)
        except MailerOutOfReach as error:
            return Outcome(Hand.DEFERRED, Fault.ACCOUNT, error.what)
        return None if answer.status == _OK else _outcome(answer)

    def send(self, message: Outgoing, before_dot: BeforeDot) -> Outcome:
        """Hand one message over; see `automations.mail.Mailer`."""
        file = self._drafts / message.key
        try:
            draft = _kept(file)
            if draft and self._ask("GET", f"{_DRAFTS}/{draft}").status != _OK:
                draft = ""
            if not draft:
                raw = base64.urlsafe_b64encode(message.content).decode("ascii")
                made = self._ask("POST", _DRAFTS, {"message": {"raw": raw}})
                if made.status != _OK:
                    return _outcome(made)
                draft = str(made.content["id"])
                keep(file, draft)
            if not before_dot():
                self._ask("DELETE", f"{_DRAFTS}/{draft}")
                _forget(file)
                return Outcome(Hand.HELD, reply="held before the end of the message")
            return self._send_draft(draft, file)
        except MailerOutOfReach as error:
            return Outcome(Hand.DEFERRED, Fault.ACCOUNT, error.what)

    def _send_draft(self, draft: str, file: Path) -> Outcome:
        crash_at("before_dot_sent")
        answer = self._ask_in_doubt("POST", f"{_DRAFTS}/send", {"id": draft})
        crash_at("after_dot_sent")
        if answer.status != _OK and (answer.status == 0 or answer.status >= 500):  # noqa: PLR2004 - RFC 9110, 15.6
            there = self._ask_in_doubt("GET", f"{_DRAFTS}/{draft}")
            if there.status not in (_OK, _GONE):
                said = f"Gmail did not say whether it sent the draft: {answer.reason}"
                return Outcome(Hand.IN_DOUBT, Fault.SERVER, said)
            if there.status == _OK:
                return _outcome(answer)
            answer = Answer(_OK, {}, "the draft is gone, so it was sent")
        crash_at("after_answer")
        if answer.status != _OK:
            return _outcome(answer)
        # Kept until the ledger surely knows: a run that is killed before it does asks the draft.
        self._sent.append(file)
        return Outcome(Hand.ACCEPTED, reply=answer.reason or f"sent as {answer.content.get('id', '')}")

    def look_up(self, keys: Sequence[tuple[str, str]]) -> Sighting:
        """Return which messages, as (key, Message-ID), are drafts no more, and so were sent."""
        looked_for, found = set(), set()
        try:
            for key, message_id in keys:
                draft = _kept(self._drafts / key)
                status = self._ask("GET", f"{_DRAFTS}/{draft}").status if draft else 0
                if status in (_OK, _GONE):
                    looked_for.add(message_id)
                    found |= {message_id} if status == _GONE else set()
        except MailerOutOfReach as error:
            return Sighting("Gmail's drafts", why_not=error.what)
        place = "what Gmail has sent of its drafts"
        return Sighting(place, frozenset(looked_for), frozenset(found), Absence.PROOF)

    def _ask_in_doubt(self, method: str, path: str, body: object = None) -> Answer:
        """Ask once a message may have been sent: what goes wrong then is no answer, and never raises."""
        try:
            return self._ask(method, path, body)
        except MailerOutOfReach as error:
            return Answer(0, {}, error.what)

    def _ask(self, method: str, path: str, body: object = None) -> Answer:
        """Return the API's answer; a token that it refuses is renewed, once. Raises MailerOutOfReach without one."""
        answer = self._ask_with(self._token(False), method, path, body)
        return self._ask_with(self._token(True), method, path, body) if answer.status == _UNKNOWN_US else answer

    def _ask_with(self, token: str, method: str, path: str, body: object) -> Answer:
        try:
            response = self._session.request(
                method,
                self._server + path,
                json=body,
                headers={"Authorization": f"Bearer {token}"},
                timeout=(_CONNECT_SECONDS, _ANSWER_SECONDS),
                allow_redirects=False,
            )
            content = response.json() if response.content else {}
        except requests.exceptions.JSONDecodeError:
            return Answer(response.status_code, {}, f"Gmail answered {response.status_code}")
        except requests.RequestException as error:
            return Answer(0, {}, f"Gmail did not answer ({type(error).__name__})")
        return Answer(response.status_code, content, _reason(content, response.status_code))


def _reason(content: object, status: int) -> str:
    error = content.get("error") if isinstance(content, dict) else None
    if not isinstance(error, dict):
        return "" if status < _BAD else f"Gmail answered {status}"
    details = error.get("errors")
    word = details[0].get("reason", "") if isinstance(details, list) and details else ""
    return f"{status} {word} {error.get('message', '')}".strip()[:500]


def _outcome(answer: Answer) -> Outcome:
    hand, fault = _FAULTS.get(answer.status, (Hand.DEFERRED, Fault.SERVER))
    if answer.status == _FORBIDDEN and any(word in answer.reason for word in _QUOTA_REASONS):
        fault = Fault.QUOTA
    return Outcome(hand, fault, answer.reason)


def _kept(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def _forget(file: Path) -> None:
    # A file that stays names a draft that is gone: the next look finds that out.
    with suppress(OSError):
        file.unlink()
