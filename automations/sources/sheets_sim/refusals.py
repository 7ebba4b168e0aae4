"""How Google says no: a status, one sentence, and for malformed requests where they are malformed.

The wordings are Google's own, as recorded by others; what nobody recorded is marked in docs/google-sheets.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, NamedTuple

__all__ = ["Refusal", "Violation", "invalid", "malformed"]

CODES = {
    HTTPStatus.BAD_REQUEST: "INVALID_ARGUMENT",
    HTTPStatus.UNAUTHORIZED: "UNAUTHENTICATED",
    HTTPStatus.FORBIDDEN: "PERMISSION_DENIED",
    HTTPStatus.NOT_FOUND: "NOT_FOUND",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "INVALID_ARGUMENT",
    HTTPStatus.TOO_MANY_REQUESTS: "RESOURCE_EXHAUSTED",
    HTTPStatus.INTERNAL_SERVER_ERROR: "INTERNAL",
    HTTPStatus.NOT_IMPLEMENTED: "UNIMPLEMENTED",
    HTTPStatus.SERVICE_UNAVAILABLE: "UNAVAILABLE",
}


class Violation(NamedTuple):
    """One thing wrong with a request's form: which field, by its path in the message, and what."""

    field: str
    description: str

    def as_json(self) -> dict[str, str]:
        """Return it as Google writes it: a violation of the whole request names no field."""
        said = {"description": self.description}
        return {"field": self.field, **said} if self.field else said


class Refusal(Exception):  # noqa: N818 - it is an answer, not an error of ours
    """An answer other than 200. *details* are Google's typed details, as JSON."""

    def __init__(self, status: int, message: str, details: Sequence[dict[str, Any]] = ()) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.details = tuple(details)

    def as_json(self) -> dict[str, Any]:
        """Return the body of the answer."""
        error: dict[str, Any] = {
            "code": int(self.status),
            "message": self.message,
            "status": CODES.get(HTTPStatus(self.status), "UNKNOWN"),
        }
        if self.details:
            error["details"] = [dict(each) for each in self.details]
        return {"error": error}


def invalid(message: str) -> Refusal:
    """Return a refusal of a request that is well formed and cannot be done."""
    return Refusal(HTTPStatus.BAD_REQUEST, message)


def malformed(violations: Sequence[Violation]) -> Refusal:
    """Return a refusal of a request that is not what the interface describes, with every place."""
    detail = {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "fieldViolations": [each.as_json() for each in violations],
    }
    return Refusal(HTTPStatus.BAD_REQUEST, "\n".join(each.description for each in violations), [detail])


def not_found() -> Refusal:
    """Return the answer for a spreadsheet, or a thing in it, that is not there."""
    return Refusal(HTTPStatus.NOT_FOUND, "Requested entity was not found.")


def not_shared() -> Refusal:
    """Return the answer for a spreadsheet that is there, but not shared with who asks."""
    return Refusal(HTTPStatus.FORBIDDEN, "The caller does not have permission")
