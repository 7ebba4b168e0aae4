"""``leadwright schema``: completion and red underlines for config.yaml in an editor."""

from __future__ import annotations

from pathlib import Path

import click

from automations.commands.common import Asked, as_command, as_json_text, write

FILE_NAME = "config.schema.json"


@as_command("schema")
@click.argument("file", required=False)
@click.pass_obj
def command(asked: Asked, file: str | None) -> int:
    """Write config.schema.json beside config.yaml, or to FILE; - is standard output.

    The first line of config.yaml points to it, so that an editor with a YAML extension completes and underlines.
    """
    from automations.config import json_schema  # noqa: PLC0415 - --help does not need it

    text = as_json_text(json_schema())
    if file == "-":
        write(text)
        return 0
    path = Path(file) if file else asked.config_file.with_name(FILE_NAME)
    path.write_text(text + "\n", encoding="utf-8")
    asked.answer({"wrote": str(path)}, f"Wrote {path}")
    return 0
