"""Everything that can go wrong, as values and as exceptions.

A `Problem` is a value: one bad row, one wrong line of config.yaml. Problems are
gathered and shown together. An exception ends the command:

    LeadwrightError               a sentence for a person, and an exit code
    ├── WrongConfig           2   config.yaml or a template; carries every problem
    ├── OutOfReach            3   something we need does not answer
    │   ├── SourceOutOfReach      the workbook, the sheet, the CSV file
    │   ├── SourceBusy            somebody has it open: what we had to write waits
    │   ├── MailerOutOfReach      the mail server
    │   └── LedgerOutOfReach      the ledger cannot be opened, locked or trusted
    │       └── LedgerNotOurs     it is a copy, or not the newest: it would send again
    ├── AlreadyRunning        0   another run holds this book; nothing to do
    ├── RefusedByLimit        4   the plan is bigger than the owner allowed
    ├── WrongUsage            2   the command line asks for something that is not there
    └── StalePlan             2   what was reviewed is no longer what would happen
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

INTERRUPTED_EXIT_CODE = 130
OUR_FAULT_EXIT_CODE = 70
PARTLY_DONE_EXIT_CODE = 1


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something is written: *line* and *column* count from 1, *width* in characters (at least 1)."""

    file: str
    line: int
    column: int
    width: int = 1
    text: str = ""
    """The whole line, so that it can be shown; empty when showing it would tell a secret."""

    def __str__(self) -> str:
        """Return ``file:line:column``.

        >>> str(Place("config.yaml", 14, 9))
        'config.yaml:14:9'
        """
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, where, and the one thing to do about it.

    *where* is for people: ``config.yaml:36:11`` or ``Leads!C131 (Ann Gruber)``.
    *place* is given for text files, so that the line can be shown and underlined.
    *under* is what stands behind the caret; *fix* is a sentence of its own.
    """

    where: str
    what: str
    fix: str = ""
    place: Place | None = None
    under: str = ""

    def __str__(self) -> str:
        """Return the problem in one line."""
        return f"{self.where}: {self.what}" + (f" ({self.fix})" if self.fix else "")


class LeadwrightError(Exception):
    """A sentence for a person; *fix* says what to do next."""

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


class WrongConfig(LeadwrightError):  # noqa: N818 - named for what it says, as all below
    """config.yaml or a template is wrong; *problems* has all of it, in file order."""

    exit_code = 2

    def __init__(self, problems: Sequence[Problem]) -> None:
        count = len(problems)
        super().__init__(f"{count} problem{'s' if count != 1 else ''}")
        self.problems = tuple(problems)


class OutOfReach(LeadwrightError):  # noqa: N818
    """Something we need does not answer."""

    exit_code = 3


class SourceOutOfReach(OutOfReach):
    """The workbook, sheet or CSV file cannot be read or written as it is."""


class SourceBusy(SourceOutOfReach):
    """Somebody has the file open, or it keeps changing; what we had to write waits for the next run."""


class MailerOutOfReach(OutOfReach):
    """The mail server cannot be used: no answer, no trust, no login."""


class LedgerOutOfReach(OutOfReach):
    """The ledger cannot be opened, written or trusted; nothing is sent without it."""


class LedgerNotOurs(LedgerOutOfReach):
    """The ledger may be a copy, or an older one: what it does not know of would be sent again."""


class AlreadyRunning(LeadwrightError):  # noqa: N818
    """Another run is at work on this book."""

    exit_code = 0


class RefusedByLimit(LeadwrightError):  # noqa: N818
    """The plan is bigger than the owner allowed."""

    exit_code = 4


class WrongUsage(LeadwrightError):  # noqa: N818
    """The command line names something that is not there."""

    exit_code = 2


class StalePlan(LeadwrightError):  # noqa: N818
    """The plan that was reviewed is not what would happen now."""

    exit_code = 2
