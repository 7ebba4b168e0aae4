"""Notices of Amazon's sending service: a delivery, a bounce or a complaint as JSON in a plain email.

Source: the developer guide of Amazon SES, "Amazon SNS notification contents for Amazon SES".
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from automations.mail.incoming.judging import Heard

_MAX_NOTICE = 60_000


class Notice(NamedTuple):
    """What such a notice says: *kind* is ``bounce``, ``complaint`` or ``delivery``; of whom; and our Message-ID."""

    kind: str
    heard: tuple[Heard, ...]
    recipients: tuple[str, ...]
    message_id: str


def notice_in(text: str) -> Notice | None:
    """Return the notice that *text* carries; None without one, or when it is damaged."""
    start = text.find('{"')
    if start < 0 or '"mail"' not in text or ("notificationType" not in text and "eventType" not in text):
        return None
    try:
        data, _ = json.JSONDecoder().raw_decode(text[start : start + _MAX_NOTICE].replace("\n", ""))
    except (ValueError, RecursionError):
        return None
    kind = str(_of(data, "notificationType") or _of(data, "eventType") or "").lower()
    if kind not in {"bounce", "complaint", "delivery"}:
        return None
    about = _of(data, kind)
    heard = tuple(_heard(each, _of(about, "bounceType")) for each in _listed(about, "bouncedRecipients"))
    named = [_of(each, "emailAddress") for each in _listed(about, "complainedRecipients")]
    if isinstance(reached := _of(about, "recipients"), list):
        named += reached
    common = _of(_of(data, "mail"), "commonHeaders")
    return Notice(
        kind, heard, tuple(each for each in named if isinstance(each, str)), str(_of(common, "messageId") or "")
    )


def _of(data: object, name: str) -> Any:  # noqa: ANN401 - JSON of a stranger: whatever stands there
    return data.get(name) if isinstance(data, Mapping) else None


def _listed(data: object, name: str) -> Iterator[Mapping[str, Any]]:
    found = _of(data, name)
    yield from (each for each in found if isinstance(each, Mapping)) if isinstance(found, list) else ()


def _heard(recipient: Mapping[str, Any], kind: object) -> Heard:
    status = str(recipient.get("status") or "")
    words = str(recipient.get("diagnosticCode") or "")
    lasting = {"Permanent": "5.0.0", "Transient": "4.0.0"}.get(str(kind), "")
    return Heard(
        str(recipient.get("emailAddress") or ""),
        status or lasting,
        words.partition(";")[2].strip() or words,
        "",
        "failed",
    )
