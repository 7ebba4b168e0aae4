"""spreadsheets.batchUpdate: a list of requests, each one entry in a table; all are done, or none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from automations.sources.sheets_sim import batch_cells, batch_ranges, batch_sheets
from automations.sources.sheets_sim.messages import MESSAGES
from automations.sources.sheets_sim.refusals import Refusal, invalid
from automations.sources.sheets_sim.state import State

__all__ = ["carry_out"]

Work = Callable[[State, dict[str, Any], str], dict[str, Any]]
"""Changes the draft for one request of a caller, and returns its reply."""

WORKS: Mapping[str, Work] = {**batch_sheets.WORKS, **batch_ranges.WORKS, **batch_cells.WORKS}
"""What is done for each field of a Request."""

assert set(WORKS) == set(MESSAGES["Request"])  # noqa: S101 - a table that lacks a row must not start


def carry_out(state: State, requests: list[dict[str, Any]], who: str) -> list[dict[str, Any]]:
    """Do all requests in order on a draft and return their replies. Raises Refusal, naming the request."""
    if not requests:
        raise invalid("Must specify at least one request.")
    return [_one(state, request, index, who) for index, request in enumerate(requests)]


def _one(state: State, request: dict[str, Any], index: int, who: str) -> dict[str, Any]:
    if len(request) != 1:
        raise invalid(
            f"Invalid requests[{index}]: No request set."
            if not request
            else f"Invalid requests[{index}]: Only one request may be set."
        )
    ((name, wanted),) = request.items()
    try:
        reply = WORKS[name](state, wanted, who)
    except Refusal as refusal:
        message = f"Invalid requests[{index}].{name}: {refusal.message}"
        raise Refusal(refusal.status, message, refusal.details) from None
    return {name: reply} if reply else {}
