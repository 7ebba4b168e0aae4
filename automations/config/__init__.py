"""What the owner asked for: config.yaml, read and checked as a whole."""

from __future__ import annotations

from automations.config.model import (
    Config,
    ImapSettings,
    Job,
    Secret,
    Security,
    SmtpSettings,
    SourceSettings,
)
from automations.config.reading import load_config, read_config

__all__ = [
    "Config",
    "ImapSettings",
    "Job",
    "Secret",
    "Security",
    "SmtpSettings",
    "SourceSettings",
    "json_schema",
    "load_config",
    "read_config",
    "reference",
]


def json_schema() -> dict[str, object]:
    """Return the JSON Schema (draft 2020-12) of config.yaml, for editors."""
    from automations.config.schema import json_schema as made  # noqa: PLC0415 - only `schema` needs it

    return made()


def reference() -> str:
    """Return every setting with its meaning and default, as Markdown for README."""
    from automations.config.schema import reference as made  # noqa: PLC0415 - only README needs it

    return made()
