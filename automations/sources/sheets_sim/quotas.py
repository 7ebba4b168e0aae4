"""Google's quotas: so many calls a minute, for reads and writes separately, for the user and for the project."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from automations.sources.sheets_sim.refusals import Refusal

__all__ = ["UNLIMITED", "Quotas"]

MINUTE = 60.0


@dataclass(slots=True)
class Quotas:
    """How many calls the server takes in any minute. *clock* gives seconds; *project* is the number in refusals.

    None is no limit. One caller is one user here, so the two limits count the same calls.
    """

    per_user: int | None = 60
    per_project: int | None = 300
    clock: Callable[[], float] = time.monotonic
    project: str = "000000000000"
    _taken: dict[str, deque[float]] = field(default_factory=lambda: {"Read": deque(), "Write": deque()})

    def take(self, kind: str) -> None:
        """Count one call of kind Read or Write. Raises Refusal when it is one too many; that one is not counted."""
        now, taken = self.clock(), self._taken[kind]
        while taken and now - taken[0] >= MINUTE:
            taken.popleft()
        for limit, name, quota in (
            (self.per_user, "per minute per user", "PerMinutePerUser"),
            (self.per_project, "per minute", "PerMinutePerProject"),
        ):
            if limit is not None and len(taken) >= limit:
                raise exceeded(kind, name, quota, self.project)
        taken.append(now)


UNLIMITED = Quotas(None, None)
"""No quota at all; for tests that count calls themselves."""


def exceeded(kind: str, name: str, quota: str, project: str) -> Refusal:
    """Return Google's answer to one call too many."""
    message = (
        f"Quota exceeded for quota metric '{kind} requests' and limit '{kind} requests {name}' of service"
        f" 'sheets.googleapis.com' for consumer 'project_number:{project}'."
    )
    detail = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "RATE_LIMIT_EXCEEDED",
        "domain": "googleapis.com",
        "metadata": {
            "consumer": f"projects/{project}",
            "quota_limit": f"{kind}Requests{quota}",
            "quota_metric": f"sheets.googleapis.com/{kind.lower()}_requests",
            "service": "sheets.googleapis.com",
        },
    }
    return Refusal(HTTPStatus.TOO_MANY_REQUESTS, message, [detail])
