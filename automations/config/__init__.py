"""What the owner asked for: config.yaml, read and checked as a whole."""

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
from automations.config.schema import json_schema, reference

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
