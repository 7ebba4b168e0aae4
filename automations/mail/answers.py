"""What an answer of a mail server means, and when to try again.

The meaning depends on the phase: the same words before the final dot prove that nothing was delivered, and after it
may come from a server that took the message. Sources: RFC 5321, sections 3.8, 4.2 and 4.5.4; RFC 3463 (enhanced
codes); the codes of Gmail, Microsoft 365 and Outlook.com as their help pages give them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from automations.core.messages import Fault, Hand, MessageKey, Outcome, one_line

MAX_REPLY = 500
"""Characters of a server's answer that are kept."""


class Phase(StrEnum):
    """How far a hand-over had come when the server answered, or did not. Only at DOT can a message be in doubt."""

    CONNECT = "connect"
    HELLO = "hello"
    TLS = "tls"
    LOGIN = "login"
    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"
    """From the DATA command to the last byte of the body; the final dot is not out."""
    DOT = "dot"


@dataclass(frozen=True, slots=True)
class _Row:
    """One meaning. It holds in *phases*, for codes that match *code*, enhanced codes that match *enhanced*, and words.

    *enhanced* and *words* are asked only when given. An answer without an enhanced code has "" there.
    """

    phases: frozenset[Phase]
    code: str
    hand: Hand
    fault: Fault
    enhanced: str = ".*"
    words: str = ""

    def holds(self, phase: Phase, code: int, enhanced: str, text: str) -> bool:
        return (
            phase in self.phases
            and re.fullmatch(self.code, str(code)) is not None
            and re.fullmatch(self.enhanced, enhanced) is not None
            and (not self.words or re.search(self.words, text, re.IGNORECASE) is not None)
        )


_ANY = frozenset(Phase)
_BEFORE_DOT = _ANY - {Phase.DOT}
_LOGIN = frozenset({Phase.LOGIN})
_MAIL = frozenset({Phase.MAIL})
_RCPT = frozenset({Phase.RCPT})
_DOT = frozenset({Phase.DOT})
_MESSAGE = frozenset({Phase.RCPT, Phase.DATA, Phase.DOT})
_FOR_US = frozenset({Phase.CONNECT, Phase.HELLO, Phase.TLS})

_LIMIT = r"\blimit|too many|rate|quota exceeded for sending|throttl"
_SPAM = r"spam|junk|block|black ?list|denied|reputation|policy|\bspf\b|\bdkim\b|\bdmarc\b|unsolicited|listed"
_UNKNOWN = (
    r"(user|mailbox|recipient|address|account)\b.{0,40}(unknown|not found|not exist|disabled|invalid|unavailable)"
    r"|(unknown|no such|invalid) (local )?(user|mailbox|recipient|address|account)|does(n.t| not) exist"
)
_FULL = r"mailbox.{0,20}full|over ?quota|quota exceeded|exceeded.{0,20}(quota|storage)"

# The first row that holds decides. Whatever accuses our account or our pace comes before what accuses the lead.
_TABLE = (
    _Row(_DOT, "2..", Hand.ACCEPTED, Fault.NONE),
    _Row(_ANY, "[45]..", Hand.DEFERRED, Fault.QUOTA, r"5\.4\.5|[45]\.7\.28"),
    _Row(_ANY, "4..", Hand.DEFERRED, Fault.QUOTA, r"4\.7\.0", _LIMIT),
    _Row(_LOGIN, "5..", Hand.DEFERRED, Fault.ACCOUNT),
    _Row(_BEFORE_DOT, "53[0458]", Hand.DEFERRED, Fault.ACCOUNT),
    _Row(_RCPT, "5..", Hand.DEFERRED, Fault.ACCOUNT, words=r"relay(ing)? (access )?(denied|not permitted|prohibited)"),
    _Row(_BEFORE_DOT, "55[03]", Hand.HELD, Fault.CONTENT, r"5\.6\.7"),
    _Row(_MAIL, "552", Hand.REFUSED, Fault.CONTENT),
    _Row(_MAIL, "503", Hand.DEFERRED, Fault.SERVER),
    _Row(_MAIL, "5..", Hand.DEFERRED, Fault.ACCOUNT),
    _Row(_MESSAGE, "[45]..", Hand.DEFERRED, Fault.MAILBOX, r"[45]\.2\.2|4\.2\.1"),
    _Row(_RCPT, "5..", Hand.REFUSED, Fault.ADDRESS, r"5\.1\.(1|10|2|3|6)|5\.2\.1"),
    _Row(_RCPT, "503", Hand.DEFERRED, Fault.SERVER),
    _Row(_MESSAGE, "5..", Hand.REFUSED, Fault.POLICY, r"5\.7\.\d+"),
    _Row(_RCPT, "55[024]", Hand.DEFERRED, Fault.MAILBOX, "", _FULL),
    _Row(_RCPT, "5..", Hand.REFUSED, Fault.POLICY, "|5\\.0\\.0", _SPAM),
    _Row(_RCPT, "5..", Hand.REFUSED, Fault.ADDRESS, "|5\\.0\\.0|5\\.1\\.0", _UNKNOWN),
    _Row(_MESSAGE, "554", Hand.REFUSED, Fault.POLICY, words=_SPAM),
    # An answer that names neither the lead nor us: it is never held against the address, and three stop the run.
    _Row(_RCPT, "5..", Hand.REFUSED, Fault.POLICY),
    _Row(_FOR_US, "[45]..", Hand.DEFERRED, Fault.SERVER),
    # "4yz: the command was not accepted, and the requested action did not occur", at the dot too.
    _Row(_ANY, "421", Hand.DEFERRED, Fault.SERVER),
    _Row(_ANY, "4..", Hand.DEFERRED, Fault.SERVER, r"4\.3\.\d+"),
    _Row(_MESSAGE, "4..", Hand.DEFERRED, Fault.RECEIVER),
    _Row(_ANY, "4..", Hand.DEFERRED, Fault.SERVER),
    _Row(_MESSAGE, "5..", Hand.REFUSED, Fault.CONTENT),
    # Not an answer that SMTP knows, or none at all.
    _Row(_DOT, ".*", Hand.IN_DOUBT, Fault.SERVER),
    _Row(_BEFORE_DOT, ".*", Hand.DEFERRED, Fault.SERVER),
)


def answer_rows() -> list[tuple[str, str, str, str]]:
    """Return the table for people, in the order in which it is asked: when, which answer, the outcome, whose fault."""
    return [(_when(row.phases), _which(row), row.hand.value, row.fault.value or "nobody's") for row in _TABLE]


def _when(phases: frozenset[Phase]) -> str:
    named = {_ANY: "at any time", _BEFORE_DOT: "before the end", _MESSAGE: "at RCPT, DATA or the end"}
    named |= {_FOR_US: "at greeting, EHLO or STARTTLS", _DOT: "at the end"}
    return named.get(phases) or "at " + ", ".join(phase.value.upper() for phase in Phase if phase in phases)


def _which(row: _Row) -> str:
    if row.code == ".*":
        return "anything else, or nothing"
    code = _spelled_out(row.code.replace("..", "xx"))
    enhanced = (
        "" if row.enhanced == ".*" else _spelled_out(row.enhanced.strip("|").replace("\\d+", "x").replace("\\", ""))
    )
    said = f"{code} {enhanced}".strip()
    return f"{said}, in words that say so" if row.words else said


def _spelled_out(pattern: str) -> str:
    """Return the choices of a pattern as a list.

    >>> _spelled_out(r"5.1.(1|2)|5.2.1")
    '5.1.1, 5.1.2, 5.2.1'
    """
    return ", ".join(dict.fromkeys(each for part in re.split(r"\|(?![^(]*\))", pattern) for each in _choices(part)))


def _choices(part: str) -> list[str]:
    found = re.search(r"\[(\w+)\]|\((.+?)\)", part)
    if found is None:
        return [part]
    choices = list(found[1]) if found[1] else found[2].split("|")
    return [f"{part[: found.start()]}{each}{part[found.end() :]}" for each in choices]


def classify(phase: Phase, code: int, enhanced: str, text: str) -> Outcome:
    """Return what an answer in *phase* means for the message.

    *code* is the reply code, 0 when there was no answer or none that makes sense; *enhanced* the code of RFC 3463 it
    began with (``5.1.1``), or ""; *text* the rest, or what happened instead of an answer.

    >>> classify(Phase.RCPT, 550, "5.1.1", "No such user").fault
    <Fault.ADDRESS: 'address'>
    >>> classify(Phase.DOT, 0, "", "the connection was lost").hand
    <Hand.IN_DOUBT: 'in doubt'>
    """
    row = next(row for row in _TABLE if row.holds(phase, code, enhanced, text))
    said = " ".join(each for each in (str(code) if code else "", enhanced, one_line(text)) if each)
    wait = asked_pause(text) if row.hand is Hand.DEFERRED else None
    return Outcome(row.hand, row.fault, said[:MAX_REPLY], wait)


_PAUSE_ASKED = re.compile(
    r"\b(?:again|retry|wait|back|greylist\w*|graylist\w*|delay\w*)\b[^0-9]{0,30}?"
    r"(?:(?P<h>\d{1,2}):(?P<m>\d\d):(?P<s>\d\d)|(?P<count>\d{1,6}) ?(?P<unit>s|m|h)(?:ec|in|our|r)?[a-z]*)\b",
    re.IGNORECASE,
)
_UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1)}
MOST_ASKED = timedelta(hours=24)
"""Longer than this nobody waits because a server asks for it: the email would come too late to be of use."""


def asked_pause(text: str) -> timedelta | None:
    """Return how long a server asks us to wait, in the words of its answer; None when it does not say.

    Never longer than `MOST_ASKED`. SMTP has no field for it: these are the words that servers use.

    >>> asked_pause("Greylisted, please try again in 300 seconds")
    datetime.timedelta(seconds=300)
    >>> asked_pause("rate limited, retry after 10 minutes")
    datetime.timedelta(seconds=600)
    >>> asked_pause("Greylisting in action, please come back in 00:04:59")
    datetime.timedelta(seconds=299)
    """
    found = _PAUSE_ASKED.search(text)
    if found is None:
        return None
    if found["unit"]:
        pause = int(found["count"]) * _UNITS[found["unit"].lower()]
    else:
        pause = timedelta(hours=int(found["h"]), minutes=int(found["m"]), seconds=int(found["s"]))
    return min(pause, MOST_ASKED)


_ENHANCED = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|\Z)")


def split_enhanced(text: str) -> tuple[str, str]:
    """Return the enhanced code an answer begins with, or "", and the text after it; on every line of it.

    >>> split_enhanced("5.1.1 No such user")
    ('5.1.1', 'No such user')
    """
    found = _ENHANCED.match(text)
    if found is None:
        return "", text
    return found[1], "\n".join(line.removeprefix(found[1]).strip() for line in text.split("\n"))


_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (10, 30, 60, 120))
_LAST_PAUSE = timedelta(hours=4)
_JITTER = 0.2


def retry_time(tries: int, now: datetime, key: MessageKey) -> datetime:
    """Return when to try again after *tries* hand-overs (1 or more): 10 min, 30 min, 1 h, 2 h, then every 4 h.

    Give or take a fifth, by the message's *key*, so that what failed together does not come back together.
    Source: RFC 5321, section 4.5.4.1; 10 minutes is what greylisting servers wait for.
    """
    if tries < 1:
        raise ValueError(f"tries must be 1 or more, not {tries}")
    pause = _PAUSES[tries - 1] if tries <= len(_PAUSES) else _LAST_PAUSE
    digest = hashlib.sha256(f"{key}:{tries}".encode()).digest()
    share = int.from_bytes(digest[:4], "big") / 0xFFFFFFFF
    return now + pause * (1 + _JITTER * (2 * share - 1))
