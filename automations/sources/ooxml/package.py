"""A workbook's parts: which sheets it has, where they are stored, and what else an edit needs to know.

Source: ECMA-376 part 1, 12.3 and 18.2; part 2, 6.5 (relationships). Strict and transitional files differ only in
their namespaces, which are not looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from posixpath import dirname, join, normpath
from typing import BinaryIO

from automations.sources.ooxml.container import Container, Member, content, open_container, part_name, unpacked
from automations.sources.ooxml.markup import local, named, tree
from automations.sources.ooxml.refusals import Reason, WorkbookRefused

_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_TRUE = frozenset({"1", "true", "on"})


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """One tab: its *name*, where it is stored, and whether it holds cells (and is not a chart or dialog)."""

    name: str
    part: str
    has_cells: bool
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Relation:
    """A reference from one part to another; *kind* is the last word of its type."""

    name: str
    kind: str
    part: str


class Package:
    """An open workbook. Reading it moves the position of *file*, nothing else."""

    def __init__(self, file: BinaryIO) -> None:
        _check_magic(file)
        self.file = file
        self.container: Container = open_container(file)
        self.workbook_part = self._find_workbook()
        root = tree(self.read(self.workbook_part), self.workbook_part)
        if local(root.tag) != "workbook":
            raise WorkbookRefused(Reason.UNUSUAL, self.workbook_part)
        self.relations = self.relations_of(self.workbook_part)
        self.counts_from_1904 = any(
            named(each.attrib, "date1904") in _TRUE for each in root if local(each.tag) == "workbookPr"
        )
        self.sheets = tuple(self._sheets(entry.attrib for entry in root.iter() if local(entry.tag) == "sheet"))
        self.is_signed = any(part_name(each.name).startswith("_xmlsignatures/") for each in self.container.members)

    def member(self, part: str) -> Member:
        """Return the zip member of a part. Raises WorkbookRefused when it is missing."""
        found = self.container.find(part)
        if found is None:
            raise WorkbookRefused(Reason.CUT_OFF, f"{part} is missing")
        return found

    def read(self, part: str) -> bytes:
        """Return the content of a small part."""
        return content(self.file, self.member(part))

    def stream(self, part: str) -> Iterator[bytes]:
        """Return the content of a part in blocks."""
        return unpacked(self.file, self.member(part))

    def related(self, kind: str) -> str | None:
        """Return the workbook's one part of a kind, such as ``styles`` or ``sharedStrings``."""
        return next(
            (each.part for each in self.relations if each.kind == kind and self.container.find(each.part)), None
        )

    def relations_of(self, part: str) -> tuple[Relation, ...]:
        """Return what a part refers to inside the workbook."""
        folder = dirname(part)
        path = join(folder, "_rels", part.rpartition("/")[2] + ".rels")
        if self.container.find(path) is None:
            return ()
        return tuple(
            Relation(
                named(each.attrib, "Id"),
                named(each.attrib, "Type").rpartition("/")[2],
                _resolve(folder, named(each.attrib, "Target")),
            )
            for each in tree(self.read(path), path)
            if named(each.attrib, "TargetMode") != "External"
        )

    def _find_workbook(self) -> str:
        parts = [each.part for each in self.relations_of("") if each.kind == "officeDocument"]
        if not parts and self.container.find("xl/workbook.xml"):
            parts = ["xl/workbook.xml"]
        if any(part.endswith(".bin") for part in parts) or self.container.find("xl/workbook.bin"):
            raise WorkbookRefused(Reason.BINARY)
        if not parts and self.container.find("mimetype"):
            raise WorkbookRefused(Reason.OTHER_PROGRAM)
        if not parts:
            raise WorkbookRefused(Reason.NOT_A_WORKBOOK)
        if parts[0].startswith(("word/", "ppt/")):
            raise WorkbookRefused(Reason.OTHER_PROGRAM)
        return parts[0]

    def _sheets(self, entries: Iterator[Mapping[str, str]]) -> Iterator[SheetEntry]:
        by_name = {each.name: each for each in self.relations}
        for entry in entries:
            relation = by_name.get(named(entry, "id"))
            if relation is None or self.container.find(relation.part) is None:
                continue
            hidden = named(entry, "state") in {"hidden", "veryHidden"}
            yield SheetEntry(named(entry, "name"), relation.part, relation.kind == "worksheet", hidden)


def _resolve(folder: str, target: str) -> str:
    target = target.replace("\\", "/")
    return normpath(target).lstrip("/") if target.startswith("/") else normpath(join(folder, target)).lstrip("/")


def _check_magic(file: BinaryIO) -> None:
    """Refuse, by name, what is no zip."""
    file.seek(0)
    start = file.read(2048)
    if start.startswith(b"PK\3\4"):
        return
    if start.startswith(_OLE2):
        file.seek(0)
        # The names of an OLE2 file's streams stand in UTF-16 (MS-CFB 2.6.1).
        is_locked = "EncryptedPackage".encode("utf-16-le") in file.read(64 << 20)
        raise WorkbookRefused(Reason.PASSWORD if is_locked else Reason.OLD_EXCEL)
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if text.startswith((b"<!doctype html", b"<html", b"<table", b"<head", b"<body", b"<meta")) or b"<html" in text:
        raise WorkbookRefused(Reason.WEB_PAGE)
    raise WorkbookRefused(Reason.NOT_A_WORKBOOK, "" if start else "it is empty")
