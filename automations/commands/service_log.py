"""What a service says: JSON lines in .leadwright/log for programs, one line for people on the screen."""

from __future__ import annotations

import os
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from automations.commands.common import Asked, now
from automations.commands.failures import redacted
from automations.core.schedules import say_when
from automations.report.text import plain

if TYPE_CHECKING:
    from automations.jobs import Log

_ASIDE = frozenset({"event", "timestamp", "level", "exception", "pid"})
"""What a person on the screen does not need besides the sentence."""

Event = MutableMapping[str, Any]
"""structlog's own: the facts of one line."""


@contextmanager
def service_log(asked: Asked, name: str, zone: ZoneInfo) -> Iterator[Log]:
    """Open the log, and close it at the end. Secrets are blotted out of every line; nobody else may read the file."""
    import structlog  # noqa: PLC0415 - only services log

    folder = asked.own_folder / "log"
    folder.mkdir(parents=True, exist_ok=True)
    number = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def say(logger: object, method: str, event: Event) -> Event:
        del logger
        asked.say(_for_people(method, event, zone))
        return event

    with open(number, "a", encoding="utf-8") as file:  # noqa: PTH123 - it is open already
        yield structlog.wrap_logger(
            structlog.WriteLogger(file),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                say,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
                _without_secrets,
            ],
        )


def _for_people(method: str, event: Event, zone: ZoneInfo) -> str:
    moment = now()
    facts = ", ".join(f"{name} {_short(value)}" for name, value in event.items() if name not in _ASIDE and value)
    loud = "" if method == "info" else f"{method.upper()} "
    return f"{say_when(moment, moment, zone)}  {loud}{event['event']}" + (f": {plain(facts)}" if facts else "")


def _short(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _without_secrets(logger: object, method: str, line: Any) -> Any:  # noqa: ANN401 - structlog's own signature
    del logger, method
    return redacted(line, os.environ)
