"""Workbooks that we do not touch, by name: what is the matter with each and what its owner can do."""

from __future__ import annotations

from enum import StrEnum

from automations.errors import SourceOutOfReach


class Reason(StrEnum):
    """Why a whole workbook is refused."""

    NOT_A_WORKBOOK = "not a workbook"
    OLD_EXCEL = "the format of Excel 97-2003"
    PASSWORD = "protected by a password"  # noqa: S105 - a name, not a secret
    WEB_PAGE = "a web page"
    BINARY = "a binary workbook"
    OTHER_PROGRAM = "a document of another program"
    CUT_OFF = "cut off or damaged"
    TOO_BIG = "unpacks to more than we accept"
    DTD = "declares entities"
    SIGNED = "digitally signed"
    ENCODING = "not stored as UTF-8"
    UNUSUAL = "built in a way we do not know"


_SENTENCES: dict[Reason, tuple[str, str]] = {
    Reason.NOT_A_WORKBOOK: (
        "is not an Excel workbook",
        "open it in the program that made it and save it as an Excel workbook (.xlsx)",
    ),
    Reason.OLD_EXCEL: (
        "is a workbook of Excel 97-2003 (.xls), whatever its name says",
        "open it in Excel and save it as an Excel workbook (.xlsx)",
    ),
    Reason.PASSWORD: (
        "is protected by a password for opening",
        "open it in Excel and take the password away: File, Info, Protect Workbook, Encrypt with Password",
    ),
    Reason.WEB_PAGE: (
        "is a web page, whatever its name says",
        "open it in Excel and save it as an Excel workbook (.xlsx), or download it again while logged in",
    ),
    Reason.BINARY: (
        "is a binary workbook (.xlsb)",
        "open it in Excel and save it as an Excel workbook (.xlsx)",
    ),
    Reason.OTHER_PROGRAM: (
        "is a document of another program, not an Excel workbook",
        "open it in that program and save it as an Excel workbook (.xlsx)",
    ),
    Reason.CUT_OFF: (
        "is cut off or damaged",
        "copy it again from where it came, or open it in Excel and save it",
    ),
    Reason.TOO_BIG: (
        "unpacks to far more than a list of leads needs",
        "open it in Excel, delete empty rows and columns at the end, and save it",
    ),
    Reason.DTD: (
        "declares entities, which no spreadsheet program does and which can be used to attack",
        "open it in Excel and save it as an Excel workbook (.xlsx)",
    ),
    Reason.SIGNED: (
        "is digitally signed, and any change would break the signature",
        "remove the signature in Excel (File, Info, View Signatures), or let us work on an unsigned copy",
    ),
    Reason.ENCODING: (
        "is stored in a text encoding other than UTF-8",
        "open it in Excel and save it as an Excel workbook (.xlsx)",
    ),
    Reason.UNUSUAL: (
        "is built in a way we do not know",
        "open it in Excel and save it as an Excel workbook (.xlsx)",
    ),
}


class WorkbookRefused(SourceOutOfReach):
    """A workbook that is left exactly as it is; *reason* names why, *detail* says what was found."""

    def __init__(self, reason: Reason, detail: str = "", *, label: str = "the workbook") -> None:
        what, fix = _SENTENCES[reason]
        super().__init__(f"{label} {what}" + (f": {detail}" if detail else ""), fix=fix)
        self.reason = reason
        self.detail = detail

    def named(self, label: str) -> WorkbookRefused:
        """Return the same refusal with the name of the file."""
        return WorkbookRefused(self.reason, self.detail, label=label)
