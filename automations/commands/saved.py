"""Plans in files: saved by `plan`, done by ``run --plan``, good for two hours."""

from __future__ import annotations

import json
import tempfile
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from automations.core.plan import Plan
from automations.errors import StalePlan, WrongUsage
from automations.report.plan_json import JsonObject, plan_from_json, plan_to_json

GOOD_FOR = timedelta(hours=2)
_NAME = "plan-{}.json"


def plans_folder(own_folder: Path) -> Path:
    """Return where plans are saved when nobody names a file."""
    return own_folder / "plans"


def save_plan(plan: Plan, path: Path) -> None:
    """Write a plan, for its owner's eyes only: it holds names and addresses. All of it, or nothing."""
    _write(plan_to_json(plan), path)


def _write(data: JsonObject, path: Path) -> None:
    text = json.dumps(data, ensure_ascii=False, indent=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    number, name = tempfile.mkstemp(prefix=f".{path.name}", dir=path.parent)
    try:
        with open(number, "w", encoding="utf-8") as file:  # noqa: PTH123 - it is open already
            file.write(text + "\n")
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def save_among_ours(plan: Plan, own_folder: Path, now: datetime) -> str | None:
    """Save a plan among our own; return the name to do it by, or None where nothing can be written.

    Older plans that are no longer good go: nobody can use them, and they are full of addresses.
    """
    folder = plans_folder(own_folder)
    data = plan_to_json(plan)
    name = _NAME.format(data["plan"])
    try:
        _write(data, folder / name)
        for old in folder.glob(_NAME.format("*")):
            if now.timestamp() - old.stat().st_mtime > GOOD_FOR.total_seconds():
                old.unlink(missing_ok=True)
    except OSError:
        return None
    return name


def load_plan(name: str, own_folder: Path, now: datetime) -> Plan:
    """Return a saved plan: a file, or the name of one of ours with or without its ending.

    Raises WrongUsage when it is not there or is no plan, StalePlan when it is too old.
    """
    path = _find(name, own_folder)
    try:
        plan = plan_from_json(json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        why = (
            str(error) if isinstance(error, ValueError) and str(error).startswith(("is ", "was ")) else "is not a plan"
        )
        raise WrongUsage(f"{path} {why}; nothing was sent or changed", fix="make a new one:  leadwright plan") from None
    if not timedelta(0) <= now - plan.made_at <= GOOD_FOR:
        minutes = round((now - plan.made_at) / timedelta(minutes=1))
        age = f"{minutes} minutes old" if minutes > 0 else "about a time to come"
        raise StalePlan(
            f"{path.name} is {age}, and a plan is good for 2 hours; nothing was sent or changed",
            fix="make a new one:  leadwright plan",
        )
    return plan


def _find(name: str, own_folder: Path) -> Path:
    ours = plans_folder(own_folder)
    for path in (Path(name), ours / name, ours / f"{name}.json"):
        if path.is_file():
            return path
    raise WrongUsage(
        f"there is no plan {name}", fix="leadwright plan  makes one and says its name; old ones are cleared away"
    )
