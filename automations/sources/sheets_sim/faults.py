"""What can go wrong on the way, by script: which call, and what happens to it instead of a proper answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from automations.sources.sheets_sim.quotas import exceeded
from automations.sources.sheets_sim.refusals import Refusal, not_found, not_shared

__all__ = [
    "Fault",
    "api_disabled",
    "dropped",
    "failed",
    "forbidden",
    "missing",
    "rate_limited",
    "silent",
    "storage_full",
    "too_many",
    "unavailable",
]

PROJECT = "000000000000"


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong. It meets calls whose path has *path* in it, the *nth* of those first, *times* in all.

    *applies* is whether the call is carried out before it goes wrong. What the caller sees is *status* with *body*;
    with *silent* nothing at all until it hangs up; with *drops* a connection that closes without an answer.
    """

    status: int = 0
    body: dict[str, Any] = field(default_factory=dict)
    path: str = ""
    method: str = ""
    nth: int = 1
    times: int = 1
    applies: bool = False
    silent: bool = False
    drops: bool = False
    retry_after: str = ""
    _met: int = 0

    def meets(self, method: str, path: str) -> bool:
        """Count a call, and return whether this one goes wrong."""
        if self.path not in path or self.method not in ("", method):
            return False
        self._met += 1
        return self.nth <= self._met < self.nth + self.times


def _answered(refusal: Refusal, **where: Any) -> Fault:  # noqa: ANN401 - the fields of Fault
    return Fault(int(refusal.status), refusal.as_json(), **where)


def too_many(*, retry_after: str = "", kind: str = "Write", **where: Any) -> Fault:  # noqa: ANN401
    """Return 429: the quota of the minute is used up."""
    refusal = exceeded(kind, "per minute per user", "PerMinutePerUser", PROJECT)
    return _answered(refusal, retry_after=retry_after, **where)


def unavailable(*, applies: bool = False, **where: Any) -> Fault:  # noqa: ANN401
    """Return 503, before or after the call was carried out."""
    refusal = Refusal(HTTPStatus.SERVICE_UNAVAILABLE, "The service is currently unavailable.")
    return _answered(refusal, applies=applies, **where)


def failed(*, applies: bool = False, **where: Any) -> Fault:  # noqa: ANN401
    """Return 500, before or after the call was carried out."""
    return _answered(Refusal(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal error encountered."), applies=applies, **where)


def missing(**where: Any) -> Fault:  # noqa: ANN401
    """Return 404: no such spreadsheet."""
    return _answered(not_found(), **where)


def forbidden(**where: Any) -> Fault:  # noqa: ANN401
    """Return 403: not shared with the caller."""
    return _answered(not_shared(), **where)


def _old_style(reason: str, message: str, domain: str = "usageLimits") -> dict[str, Any]:
    errors = [{"message": message, "domain": domain, "reason": reason}]
    return {"error": {"code": 403, "message": message, "errors": errors, "status": "PERMISSION_DENIED"}}


def rate_limited(*, reason: str = "userRateLimitExceeded", **where: Any) -> Fault:  # noqa: ANN401
    """Return 403 with one of the two reasons that mean: slower. The other is rateLimitExceeded."""
    return Fault(403, _old_style(reason, "User Rate Limit Exceeded"), **where)


def storage_full(**where: Any) -> Fault:  # noqa: ANN401
    """Return 403: the caller has no room to create files in."""
    message = "The user's Drive storage quota has been exceeded."
    return Fault(403, _old_style("storageQuotaExceeded", message), **where)


def api_disabled(**where: Any) -> Fault:  # noqa: ANN401
    """Return 403: the Sheets API was never switched on for the caller's project."""
    page = f"https://console.developers.google.com/apis/api/sheets.googleapis.com/overview?project={PROJECT}"
    message = (
        f"Google Sheets API has not been used in project {PROJECT} before or it is disabled. Enable it by visiting"
        f" {page} then retry. If you enabled this API recently, wait a few minutes for the action to propagate to our"
        " systems and retry."
    )
    link = {"description": "Google developers console API activation", "url": page}
    details: list[dict[str, Any]] = [
        {"@type": "type.googleapis.com/google.rpc.Help", "links": [link]},
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": "SERVICE_DISABLED",
            "domain": "googleapis.com",
            "metadata": {"service": "sheets.googleapis.com", "consumer": f"projects/{PROJECT}"},
        },
    ]
    return _answered(Refusal(HTTPStatus.FORBIDDEN, message, details), **where)


def silent(*, applies: bool = False, **where: Any) -> Fault:  # noqa: ANN401
    """Return no answer at all, until the caller gives up."""
    return Fault(silent=True, applies=applies, **where)


def dropped(*, applies: bool = False, **where: Any) -> Fault:  # noqa: ANN401
    """Return a connection that closes without an answer."""
    return Fault(drops=True, applies=applies, **where)
