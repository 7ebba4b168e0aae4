"""What all tests share: the real parts some of them need, and how much Hypothesis tries.

A test that needs a real part says so with a marker and is skipped where that part is missing. In CI nothing may be
skipped: there every part is installed, so a skip would hide a test that no longer runs.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator
from pathlib import Path
from typing import NamedTuple

import pytest
from corpus import CORPUS
from hypothesis import HealthCheck, settings


class Part(NamedTuple):
    """A real part that a test may need: what it is, and whether this machine has it."""

    what: str
    is_here: Callable[[], bool]


def _has_program(*names: str) -> Callable[[], bool]:
    return lambda: any(shutil.which(name, path=_PROGRAM_PATH) for name in names)


def _may_start_postfix() -> bool:
    return os.geteuid() == 0 and _has_program("postfix")()


def _has_libfaketime() -> bool:
    return any(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))


_PROGRAM_PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])

PARTS = {
    "needs_corpus": Part("the corpus beside the repository", CORPUS.is_dir),
    "needs_libreoffice": Part("LibreOffice Calc (soffice)", _has_program("soffice", "libreoffice")),
    "needs_strace": Part("strace", _has_program("strace")),
    "needs_smtp_sink": Part("Postfix's smtp-sink", _has_program("smtp-sink")),
    "needs_postfix": Part("Postfix, and the right to start it", _may_start_postfix),
    "needs_dovecot": Part("Dovecot", _has_program("dovecot")),
    "needs_faketime": Part("libfaketime", _has_libfaketime),
    "needs_root": Part("the rights of root", lambda: os.geteuid() == 0),
}

settings.register_profile(
    "leadwright",
    deadline=None,  # the machine is shared; how long one example takes says nothing
    max_examples=60,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("leadwright-ci", settings.get_profile("leadwright"), derandomize=True, max_examples=100)


def _is_ci() -> bool:
    return any(os.environ.get(name, "").lower() in {"1", "true", "yes"} for name in ("LEADWRIGHT_CI", "CI"))


settings.load_profile("leadwright-ci" if _is_ci() else "leadwright")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, one for each real part."""
    for marker, part in PARTS.items():
        config.addinivalue_line("markers", f"{marker}: the test needs {part.what}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip a test whose real part is missing."""
    for marker, part in PARTS.items():
        if item.get_closest_marker(marker) and not part.is_here():
            pytest.skip(f"needs {part.what}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure in CI."""
    del item, call
    report = yield
    if report.skipped and _is_ci() and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {_reason(report.longrepr)}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Turn the skip of a whole module into a failure in CI."""
    del collector
    report = yield
    if report.skipped and _is_ci():
        report.outcome = "failed"
        report.longrepr = f"skipped, which CI does not allow: {_reason(report.longrepr)}"
    return report


def _reason(longrepr: object) -> str:
    return str(longrepr[-1]) if isinstance(longrepr, tuple) else str(longrepr)
