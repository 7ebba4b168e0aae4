"""What a mail server said about a recipient -> permanent or not, whose fault, and whether the address is dead.

Words come before numbers where they accuse us or our message: servers answer 5.1.1 also to those who send too much.
Numbers come before words where the number is exact (RFC 3463; the registry of RFC 5248; Microsoft's and Google's
lists of their own codes), and words decide what no number says.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from automations.core.incoming import DEAD_REASONS, Failure, Reason
from automations.mail.incoming.phrases import folded, says

MAX_SAID = 300
"""Characters of what a server said that are kept."""
_MAX_JUDGED = 4000

# Not inside an IP address, a version or a date.
_ENHANCED = re.compile(r"(?<![\d.])([245])\.(\d{1,3})\.(\d{1,3})(?![\d]|\.\d)")
_AFTER_REPLY = re.compile(r"(?<![\d.])([45]\d\d)[ -]+(?:[^\n\d]{0,3}|smtp;? ?)#?([245]\.\d{1,3}\.\d{1,3})(?![\d]|\.\d)")
_REPLY = re.compile(
    r"(?:(?<![\d.:/=-])|(?<= :))([45][0-5]\d)(?=[ -]|\Z|[^\w\s.:/])(?! *(?:bytes|kb|mb|seconds|hours|days|am|pm)\b)"
)
_OTHER_NUMBERS = re.compile(
    r"\[[0-9a-f.:]{3,45}\]|\b\d{1,3}(?:\.\d{1,3}){3}\b|\b\d{4}-\d\d-\d\d[t ][\d:.]+z?|https?://\S{1,300}",
    re.IGNORECASE,
)
_COMMANDS = re.compile(
    r"(?:in reply to|after|did not like our|smtp command|while sending|progress was|smtp:|response to|stage:?|>>>)"
    r"[ :\[]{0,3}(?:the |end of |pipelined ){0,3}"
    r"(mail from|mail\b|rcpt to|rcpt\b|data|final data|message body|initial connection|connect|helo|ehlo)",
    re.IGNORECASE,
)
_COMMAND_NAMES = {"mail": "mail", "rcpt": "rcpt", "data": "data", "fina": "data", "mess": "data"}


class Heard(NamedTuple):
    """All that was heard about one recipient.

    *status* is that of the report (RFC 3464), "" without one; *words* what the receiving server said; *around* what
    the reporting program wrote around it; *action* ``failed``, ``delayed`` or "".
    """

    address: str
    status: str = ""
    words: str = ""
    around: str = ""
    action: str = ""


# Exact enhanced codes, by their last two numbers.
_BY_STATUS = {
    "1.1": Reason.NO_ADDRESS, "1.2": Reason.NO_DOMAIN, "1.3": Reason.NO_ADDRESS, "1.4": Reason.NO_ADDRESS,
    "1.6": Reason.MOVED, "1.7": Reason.SENDER, "1.8": Reason.SENDER, "1.9": Reason.CONTENT, "1.10": Reason.NO_MAIL,
    "2.1": Reason.DISABLED, "2.2": Reason.FULL, "2.3": Reason.TOO_BIG, "2.4": Reason.POLICY,
    "3.1": Reason.SYSTEM, "3.2": Reason.SYSTEM, "3.3": Reason.SYSTEM, "3.4": Reason.TOO_BIG, "3.5": Reason.SYSTEM,
    "4.1": Reason.NETWORK, "4.2": Reason.NETWORK, "4.3": Reason.NETWORK, "4.4": Reason.NO_DOMAIN, "4.5": Reason.RATE,
    "4.6": Reason.SYSTEM, "4.7": Reason.EXPIRED, "5.3": Reason.RATE,
    "6.0": Reason.CONTENT, "6.1": Reason.CONTENT, "6.2": Reason.CONTENT, "6.3": Reason.CONTENT, "6.5": Reason.CONTENT,
    "6.6": Reason.CONTENT, "6.7": Reason.CONTENT,
    "7.13": Reason.DISABLED, "7.17": Reason.MOVED, "7.20": Reason.UNPROVEN, "7.21": Reason.UNPROVEN,
    "7.22": Reason.UNPROVEN, "7.23": Reason.UNPROVEN, "7.24": Reason.UNPROVEN, "7.25": Reason.BLOCKED,
    "7.26": Reason.UNPROVEN, "7.27": Reason.SENDER, "7.28": Reason.RATE, "7.29": Reason.UNPROVEN,
    "7.30": Reason.UNPROVEN, "7.64": Reason.RELAY, "7.509": Reason.UNPROVEN, "7.515": Reason.UNPROVEN,
    "7.606": Reason.BLOCKED, "7.705": Reason.RATE, "7.708": Reason.BLOCKED,
}  # fmt: skip
_BY_SUBJECT = {"1": Reason.NO_ADDRESS, "3": Reason.SYSTEM, "4": Reason.NETWORK, "6": Reason.CONTENT, "7": Reason.POLICY}

_Group = tuple[tuple[str, Reason], ...]
"""Sections of the phrase tables, in the order they are asked, and what each stands for."""

_ACCUSES_US: _Group = (
    ("no mail", Reason.NO_MAIL), ("rate", Reason.RATE), ("relay", Reason.RELAY), ("unproven", Reason.UNPROVEN),
    ("full", Reason.FULL), ("too big", Reason.TOO_BIG),
)  # fmt: skip
_CLOSE: _Group = (
    ("no answer yet", Reason.NETWORK), ("moved", Reason.MOVED), ("disabled", Reason.DISABLED),
    ("no domain", Reason.NO_DOMAIN), ("no address", Reason.NO_ADDRESS), ("filtered", Reason.FILTERED),
)  # fmt: skip
_REFUSES: _Group = (
    ("sender", Reason.SENDER), ("blocked", Reason.BLOCKED), ("content", Reason.CONTENT), ("spam", Reason.SPAM),
)  # fmt: skip
_FAR: _Group = (
    ("expired", Reason.EXPIRED), ("network", Reason.NETWORK), ("system", Reason.SYSTEM), ("policy", Reason.POLICY),
)  # fmt: skip
_NUMBER_DECIDES = frozenset({Reason.FULL, Reason.SENDER, Reason.MOVED, Reason.UNPROVEN, Reason.TOO_BIG, Reason.NO_MAIL})


class _Said(NamedTuple):
    """What decides the reason: the code, the server's folded *text*, the command it answered, the report's words."""

    status: str
    exact: Reason | None
    text: str
    command: str
    around: str
    has_reply: bool

    @property
    def subject(self) -> str:
        """Return the middle number of the code, which says what it is about (RFC 3463, section 2)."""
        return self.status.split(".")[1] if self.status else ""


def judge(heard: Heard) -> Failure:
    """Return what became of one recipient, and why."""
    words = heard.words[:_MAX_JUDGED]
    cleaned = _OTHER_NUMBERS.sub(" ", words)
    status, reply = status_of(heard.status, cleaned), reply_of(cleaned)
    command = command_of(words, heard.around)
    reason = reason_of(status, words, heard.around, command)
    permanent = _is_permanent(status or heard.status, reply, heard)
    dead = permanent and reason in DEAD_REASONS
    return Failure(
        address=heard.address,
        status=status,
        reply=reply,
        permanent=permanent,
        dead_address=dead,
        reason=reason,
        said=" ".join((words or heard.around).split())[:MAX_SAID],
    )


def status_of(reported: str, words: str) -> str:
    """Return the enhanced code that says most: the server's own before the report's, an exact one before x.0.0."""
    said = [match[2] for match in _AFTER_REPLY.finditer(words)] or [match[0] for match in _ENHANCED.finditer(words)]
    last = [each for each in said if not each.endswith(".0.0") and each[0] != "2"] or [
        each for each in said if each[0] != "2"
    ]
    own = last[-1] if last else ""
    if own and (not own.endswith(".0.0") or not reported):
        # "refused to talk to me: 550 5.7.1" is reported as 4.x.x: it will be tried again, whatever was said.
        return own if not reported or reported[0] == own[0] or reported.endswith(".0.0") else reported
    return reported


def reply_of(words: str) -> str:
    """Return the last code of an SMTP answer in *words*, "" without one (RFC 5321, section 4.2)."""
    found = _REPLY.findall(words)
    codes = [each for each in found if each != "503"] or found
    return codes[0] if codes else ""


def command_of(words: str, around: str) -> str:
    """Return which command the server answered: ``mail``, ``rcpt``, ``data``, ``connect``, or "" where none is told.

    A server that refuses our address at MAIL FROM may say "no such user", and means us.
    """
    lines = " ".join(around[:_MAX_JUDGED].split())
    place = lines.find(" ".join(words.split())[:60]) if words else -1
    before = list(_COMMANDS.finditer(lines[:place] if place > 0 else ""))
    own = _COMMANDS.search(" ".join(words.split())) or (before[-1] if before else _COMMANDS.search(lines))
    return _COMMAND_NAMES.get(own[1].lower()[:4], "connect") if own is not None else ""


def reason_of(status: str, words: str, around: str, command: str) -> Reason:
    """Return why, from the code and the words of the server; the report's own words count where it is silent."""
    exact = _BY_STATUS.get(status[2:])
    said = _Said(status, exact, folded(words), command, around, _REPLY.search(words) is not None)
    found = (rule(said) for rule in _RULES)
    return next((reason for reason in found if reason is not None), Reason.UNKNOWN)


def _by_program(said: _Said) -> Reason | None:
    """A program that delivers locally failed: its words are about files, whatever they say of users."""
    return Reason.SYSTEM if says("program", said.text) is not None else None


def _by_accusation(said: _Said) -> Reason | None:
    return _spoken(_ACCUSES_US, said.text)


def _by_exact_number(said: _Said) -> Reason | None:
    return said.exact if said.exact in _NUMBER_DECIDES else None


def _by_mail_command(said: _Said) -> Reason | None:
    """What a server answers to MAIL FROM is about us, also "no such user"."""
    if said.command != "mail" or said.exact in DEAD_REASONS:
        return None
    return _spoken(_REFUSES, said.text) or Reason.SENDER


def _by_close_words(said: _Said) -> Reason | None:
    close = _spoken(_CLOSE, said.text)
    if close is Reason.NO_ADDRESS and said.exact not in DEAD_REASONS:
        # "User unknown" after the data is a filter's answer, for the address had been taken. Where it is not told what
        # was answered, and no code speaks of the address, it may be one: no address is given up for that.
        silent = not said.command and not said.status and not said.has_reply
        return close if said.subject == "1" or said.command == "rcpt" or silent else Reason.FILTERED
    return None if close is Reason.DISABLED and said.exact in DEAD_REASONS else close


def _by_refusal(said: _Said) -> Reason | None:
    if said.exact is Reason.NO_ADDRESS or said.subject == "4":
        return None
    return _spoken(_REFUSES, said.text)


def _by_number(said: _Said) -> Reason | None:
    return said.exact or (Reason.NO_ADDRESS if said.subject == "1" else None)


def _by_far_words(said: _Said) -> Reason | None:
    return _spoken(_FAR, said.text)


def _by_report(said: _Said) -> Reason | None:
    """Where the server said next to nothing, the words around it tell."""
    if len(said.text) >= len("550 5.0.0 error"):
        return None
    words = folded(said.around)
    found = (_spoken(group, words) for group in (_ACCUSES_US, _CLOSE, _REFUSES, _FAR))
    return next((reason for reason in found if reason is not None), None)


def _by_subject(said: _Said) -> Reason | None:
    return _BY_SUBJECT.get(said.subject)


_RULES = (
    _by_program, _by_accusation, _by_exact_number, _by_mail_command, _by_close_words, _by_refusal, _by_number,
    _by_far_words, _by_report, _by_subject,
)  # fmt: skip
"""The first that knows a reason decides."""


def _spoken(group: _Group, text: str) -> Reason | None:
    return next((reason for name, reason in group if says(name, text) is not None), None)


def _is_permanent(status: str, reply: str, heard: Heard) -> bool:
    if heard.action == "delayed":
        return False
    if status[:1] in {"4", "5"}:
        return status[0] == "5"
    if reply:
        return reply[0] == "5"
    text = folded(f"{heard.words} {heard.around}")
    if says("retry words", text) is not None:
        return False
    return not (says("delay words", text) is not None and says("gave up words", text) is None)
