"""What Google's refusals mean: a sentence for a person, and whether asking again can help.

The bodies are those of google.rpc.Status; reasons stand in ``details`` (google.rpc.ErrorInfo) or, in older answers,
in ``errors``. Sources: Sheets API, "Usage limits"; google.rpc.Code.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from automations.errors import SourceOutOfReach

_TOO_BUSY = frozenset({"ratelimitexceeded", "userratelimitexceeded", "rate_limit_exceeded"})
_OFF = frozenset({"accessnotconfigured", "service_disabled"})
_STORAGE = frozenset({"storagequotaexceeded", "storage_quota_exceeded"})
_TELL_US = "run again; tell us if it stays"
_PROTECTED = re.compile("protected cell", re.IGNORECASE)
_TAB_IS_GONE = re.compile(r"unable to parse range|no grid with id|no sheet with id", re.IGNORECASE)
_CELL_LIMIT = re.compile("number of cells", re.IGNORECASE)


class Answer(NamedTuple):
    """A refusal: the status of the answer, and what its body says."""

    status: int
    reasons: frozenset[str]
    text: str
    retry_after: str = ""

    @property
    def is_too_busy(self) -> bool:
        """Whether Google did nothing, and asks us to come back later."""
        return self.status == 429 or (self.status == 403 and bool(self.reasons & _TOO_BUSY))  # noqa: PLR2004 - HTTP

    @property
    def is_unsure(self) -> bool:
        """Whether nobody can say if what was asked for has been done."""
        return self.status == 408 or self.status >= 500  # noqa: PLR2004 - HTTP

    @property
    def is_missing_tab(self) -> bool:
        """Whether the tab we named is not there."""
        return self.status == 400 and bool(_TAB_IS_GONE.search(self.text))  # noqa: PLR2004 - HTTP


class Whom(NamedTuple):
    """Who asks for what, for sentences: the sheet's name, our address at Google ("" when not known), the server."""

    sheet: str
    address: str
    server: str
    is_user: bool = False


def answer_of(status: int, body: object, retry_after: str = "") -> Answer:
    """Return what a refusal says; *body* is its JSON, or anything else."""
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return Answer(status, frozenset(), str(error or ""), retry_after)
    reasons = {str(error.get("status") or "")}
    for part in ("errors", "details"):
        listed = error.get(part)
        for each in listed if isinstance(listed, list) else ():
            if isinstance(each, Mapping):
                reasons.add(str(each.get("reason") or ""))
    found = frozenset(reason.casefold() for reason in reasons if reason)
    return Answer(status, found, str(error.get("message") or ""), retry_after)


def refused(answer: Answer, whom: Whom) -> SourceOutOfReach:
    """Return the sentence for an answer after which asking again does not help."""
    meant = _BY_STATUS.get(answer.status, _odd)
    what, fix = meant(answer, whom)
    return SourceOutOfReach(what, fix=fix)


def _share(whom: Whom) -> str:
    if whom.is_user:
        return "ask its owner to share it with you as Editor, or log in as somebody who can:  leadwright connect google"
    who = whom.address or "the address in your key"
    return f"open the sheet, press Share, and add {who} as Editor"


def _forbidden(answer: Answer, whom: Whom) -> tuple[str, str]:
    if answer.reasons & _STORAGE:
        return (
            f"{whom.sheet} cannot grow: the Google account that owns it has no room left",
            "free some room there, or move the sheet to a shared drive; a robot owns no room of its own",
        )
    if answer.reasons & _OFF or "has not been used in project" in answer.text:
        link = re.search(r"https://console\S+[^\s.,]", answer.text)
        where = link[0] if link else "https://console.cloud.google.com/apis/library/sheets.googleapis.com"
        return "the Google Sheets API is turned off in the project of your key", f"turn it on: {where}"
    if _PROTECTED.search(answer.text):
        return _protected(whom)
    return f"{whom.sheet} is not shared with {whom.address or 'us'}", _share(whom)


def _protected(whom: Whom) -> tuple[str, str]:
    who = whom.address or "our address"
    return (
        f"a column we write in {whom.sheet} is protected, and {who} may not edit it; nothing was changed",
        f"in the sheet: Data, Protect sheets and ranges, choose the range, and let {who} edit it",
    )


def _wrong(answer: Answer, whom: Whom) -> tuple[str, str]:
    if _PROTECTED.search(answer.text):
        return _protected(whom)
    if answer.is_missing_tab:
        return f"the tab we work in is no longer in {whom.sheet}; nothing was changed", "put it back, then run again"
    if _CELL_LIMIT.search(answer.text):
        return f"{whom.sheet} is full: a spreadsheet holds 10 million cells", "delete rows and columns nobody needs"
    return (
        f"Google did not accept what we asked of {whom.sheet}: {_short(answer.text)}",
        "run again; tell us if it stays",
    )


def _unknown_login(answer: Answer, whom: Whom) -> tuple[str, str]:
    del answer
    if whom.is_user:
        return "Google does not accept our login any more", "log in again:  leadwright connect google"
    return "Google does not accept our key", "make a new key for the robot, and put it in the place of the old one"


def _missing(answer: Answer, whom: Whom) -> tuple[str, str]:
    del answer
    return (
        f"there is no such Google Sheet ({whom.sheet}), or it lies in the trash",
        "correct the link behind google_sheet: in config.yaml",
    )


def _busy(answer: Answer, whom: Whom) -> tuple[str, str]:
    del answer, whom
    return (
        "Google asks us to slow down, for five minutes now",
        "run again later; other programs use this key, too",
    )


def _odd(answer: Answer, whom: Whom) -> tuple[str, str]:
    if answer.is_unsure:
        return f"Google has trouble of its own just now (answer {answer.status})", "run again in a while"
    return f"{whom.server} answered {answer.status}: {_short(answer.text)}", _TELL_US


_BY_STATUS = {400: _wrong, 401: _unknown_login, 403: _forbidden, 404: _missing, 429: _busy}


def _short(text: str, most: int = 160) -> str:
    """Return one line of what a server says, for a person."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 3] + "..."
