"""The table of who may import whom, and what a command may cost before it does anything."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "automations"


class Part(NamedTuple):
    """One part of the package: the parts below that it may import, and the packages of others that it may."""

    may_import: str
    third_party: str = ""


ADAPTERS = "core errors located crash"

TABLE = {
    "errors": Part(""),
    "crash": Part(""),  # named points where a test cuts the power; it does nothing else
    "core": Part("errors"),
    "located": Part("errors", "yaml"),
    "problems": Part("errors"),
    "clock": Part("core errors"),
    "sources": Part(
        ADAPTERS,
        "python_calamine openpyxl isal gspread google google_auth_oauthlib oauthlib requests urllib3 stamina",
    ),
    "mail": Part(ADAPTERS, "imap_tools flufl dns google msal requests"),
    "ledger": Part(ADAPTERS, "apsw"),
    "templates": Part(ADAPTERS, "jinja2 markupsafe markdown_it css_inline nameparser mrml"),
    "facts": Part("core errors", "holidays babel disposable_email_domains"),
    "jobs": Part("core errors clock", "schedule cronsim"),
    "config": Part("core errors located", "lark rapidfuzz dotenv holidays"),
    "report": Part("core errors"),
    "connections": Part("core errors config mail"),
    "marks": Part("core errors ledger"),
    "project": Part("core errors clock jobs config connections marks sources mail ledger templates facts"),
    "doubts": Part("core errors ledger"),
    "sending": Part("core errors crash clock mail ledger"),
    "watch": Part("core errors sources"),
    "collecting": Part("core errors clock mail ledger"),
    "telling": Part("core errors sources ledger"),
    "news": Part("core errors sources"),
    "workplace": Part("core errors clock sources mail ledger marks collecting"),
    "sheetwork": Part("core errors crash collecting telling workplace"),
    "runner": Part("core errors crash clock sending watch news doubts marks collecting sheetwork workplace"),
    "listening": Part("core errors clock doubts marks collecting sheetwork workplace"),
    "doctor": Part("core errors clock jobs connections mail ledger sources marks runner project"),
    "turns": Part("clock workplace runner"),
    "adopting": Part("core errors ledger marks workplace project"),
    "looking": Part("core errors workplace"),
    "previews": Part("core errors workplace looking"),
    "web": Part("core errors clock config report project runner looking jobs", "starlette"),
    "commands": Part(
        "core errors problems clock config sources mail ledger facts jobs report project sending runner turns"
        " looking previews adopting doctor marks connections doubts collecting listening workplace",
        # rapidfuzz and openpyxl: init guesses columns and makes a sample
        "click rich rapidfuzz openpyxl structlog google_auth_oauthlib",
    ),
    "cli": Part("errors commands", "click"),
    "__main__": Part("cli"),
}
"""From the bottom to the top: a part imports only what stands above it here, and of that only what its row says."""

MAY_ASK_THE_TIME = {
    "clock.py": "it is the clock",
    "sources/locks.py": "a lock file's age is taken by the clock that stamped it",
}

TELLS_THE_TIME = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}
TELLS_THE_TIME |= {("time", "time"), ("time", "time_ns"), ("time", "sleep"), ("time", "localtime"), ("time", "gmtime")}


def modules() -> list[Path]:
    """Return every module of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def part_of(module: Path) -> str:
    """Return which part a module belongs to: the first name under the package."""
    return module.relative_to(PACKAGE).with_suffix("").parts[0]


def imported(module: Path) -> Iterator[str]:
    """Return the full name of everything a module imports, wherever in it; relative imports are not used."""
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{module} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imported_parts(module: Path) -> set[str]:
    """Return which other parts of the package a module imports; ``automations.__version__`` is free for all."""
    ours = (name.split(".") for name in imported(module) if name.split(".")[0] == "automations")
    return {name[1] for name in ours} - {part_of(module), "__version__"}


def imported_packages(module: Path) -> set[str]:
    """Return which packages of others a module imports."""
    names = {name.split(".")[0] for name in imported(module)}
    return names - sys.stdlib_module_names - {"automations"}


def by_name(module: Path) -> str:
    """Return how a test of one module is called."""
    return str(module.relative_to(PACKAGE))


@pytest.mark.parametrize("module", [each for each in modules() if part_of(each) != "__init__"], ids=by_name)
def test_a_module_imports_what_its_row_allows(module: Path) -> None:
    """Every module imports only those parts and packages that the table gives its part."""
    row = TABLE[part_of(module)]

    assert imported_parts(module) <= set(row.may_import.split())
    assert imported_packages(module) <= set(row.third_party.split())


def test_imports_go_one_way() -> None:
    """No part imports one that stands below it in the table."""
    order = list(TABLE)

    wrong = [
        (part, other)
        for part, row in TABLE.items()
        for other in row.may_import.split()
        if order.index(other) >= order.index(part)
    ]

    assert wrong == []


def test_adapters_do_not_know_each_other() -> None:
    """Sources, mailers, ledger and templates never import each other, so that each can be exchanged."""
    adapters = {"sources", "mail", "ledger", "templates", "clock"}

    assert all(adapters.isdisjoint(TABLE[each].may_import.split()) for each in adapters)


def test_the_package_itself_imports_nothing() -> None:
    """Importing the package costs nothing."""
    assert list(imported(PACKAGE / "__init__.py")) == []


@pytest.mark.parametrize("module", modules(), ids=by_name)
def test_only_the_clock_asks_the_time(module: Path) -> None:
    """Nothing but the clock asks what time it is, or sleeps; whoever decides is told the moment."""
    calls = {
        (node.func.value.id, node.func.attr)
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name)
    }
    names = {name for name in imported(module) if name in {"time.time", "time.sleep"}}

    if by_name(module) not in MAY_ASK_THE_TIME:
        assert calls & TELLS_THE_TIME == set()
        assert names == set()


LISTS_MODULES = """
import json, os, sys
from automations.cli import main
code = main(sys.argv[1:])
os.write(int(os.environ["TELL"]), json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]).encode())
"""


def modules_after(folder: Path, *arguments: str) -> tuple[int, set[str]]:
    """Return the exit code of one command line, and what was imported when it was done."""
    told = folder / "told"
    with told.open("wb") as tell:
        subprocess.run(
            [sys.executable, "-c", LISTS_MODULES, *arguments],
            cwd=folder,
            env={"PYTHONPATH": str(PACKAGE.parent), "TELL": str(tell.fileno()), "PATH": "", "LC_ALL": "C.UTF-8"},
            pass_fds=[tell.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            check=True,
            timeout=60,
        )
    code, names = json.loads(told.read_bytes())
    return code, set(names)


def test_help_imports_no_library(tmp_path: Path) -> None:
    """Asking for help is answered at once, without loading anything that works on leads."""
    heavy = {"jinja2", "lark", "yaml", "openpyxl", "python_calamine", "rich", "babel", "holidays", "apsw"}

    code, names = modules_after(tmp_path, "--help")

    assert code == 0
    assert names & (heavy | {"smtplib", "ssl", "structlog", "schedule", "cronsim", "rapidfuzz", "dotenv"}) == set()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the sample project once."""
    folder = tmp_path_factory.mktemp("looking")
    code, _ = modules_after(folder, "init", "--sample", "demo")
    assert code == 0
    return folder


@pytest.mark.parametrize(
    "command",
    ["check", "plan", "preview welcome-1", "explain eva@muster.example", "history", "schema"],
    ids=lambda command: command.split()[0],
)
def test_looking_does_not_load_what_writes(sample: Path, command: str) -> None:
    """Commands that only look load no library that writes workbooks, talks to Google or serves pages."""
    code, names = modules_after(sample, "--config", "demo/config.yaml", *command.split())

    assert code == 0
    assert names & {"gspread", "openpyxl", "starlette", "uvicorn", "schedule", "smtplib"} == set()


def test_checking_reads_no_lead(sample: Path) -> None:
    """Checking config.yaml loads no reader of workbooks, no ledger and no calendar of holidays."""
    code, names = modules_after(sample, "--config", "demo/config.yaml", "check")

    assert code == 0
    assert names & {"python_calamine", "apsw", "babel", "holidays", "isal"} == set()
