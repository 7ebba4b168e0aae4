"""What two workbooks have in common, as software that is not ours sees them: the standard library's zip, and calamine.

Our own reader may share a fault with our own writer; these two share nothing with either.
"""

from __future__ import annotations

import zipfile
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, BinaryIO
from xml.parsers import expat

from automations.core.leads import Cell

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

_LOCAL_HEADER = 30
_READ_AT_ONCE = 1 << 20

Place = tuple[int, int]
"""Row and column, from 1."""


class Unreadable(Exception):  # noqa: N818 - the end of a sentence: why a reader cannot read it
    """Another program cannot read the file."""


@dataclass(frozen=True, slots=True)
class Members:
    """The members of one zip: those that differ from another, and how many are the same, byte for byte."""

    changed: tuple[str, ...]
    unchanged: int


def compare_members(before: BinaryIO, after: BinaryIO) -> Members:
    """Return which members differ; those that do are unpacked whole and must be XML, before and after.

    Raises Unreadable when a member is missing, new or in another place, or when one that changed is damaged.
    """
    with _opened(before) as old, _opened(after) as new:
        names = [each.filename for each in old.infolist()]
        if names != [each.filename for each in new.infolist()]:
            raise Unreadable("its parts are not the same ones in the same order")
        changed = tuple(
            one.filename
            for one, other in zip(old.infolist(), new.infolist(), strict=True)
            if not _same(before, one, after, other)
        )
        for name in changed:
            _check_xml(old, name, "is not XML")
            _check_xml(new, name, "is not XML any more")
    return Members(changed, len(names) - len(changed))


@contextmanager
def _opened(file: BinaryIO) -> Iterator[zipfile.ZipFile]:
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as archive:
            yield archive
    except (zipfile.BadZipFile, EOFError, NotImplementedError, UnicodeDecodeError, ValueError) as err:
        raise Unreadable(f"its zip is not in order: {err}") from err


def _same(before: BinaryIO, one: zipfile.ZipInfo, after: BinaryIO, other: zipfile.ZipInfo) -> bool:
    """Whether two members have the same header, packed bytes and directory entry."""
    told = ("CRC", "file_size", "compress_size", "compress_type", "date_time", "flag_bits", "external_attr", "extra")
    if any(getattr(one, name) != getattr(other, name) for name in told):
        return False
    return all(x == y for x, y in zip(_stored(before, one), _stored(after, other), strict=True))


def _stored(file: BinaryIO, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """Return a member's header and packed bytes as they are stored."""
    file.seek(member.header_offset)
    header = file.read(_LOCAL_HEADER)
    names = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    yield header
    left = names + member.compress_size
    while left > 0:
        piece = file.read(min(_READ_AT_ONCE, left))
        if not piece:
            raise Unreadable(f"{member.filename} is cut off")
        left -= len(piece)
        yield piece


def _check_xml(archive: zipfile.ZipFile, name: str, problem: str) -> None:
    try:
        with archive.open(name) as part:
            parser = expat.ParserCreate()
            while piece := part.read(_READ_AT_ONCE):
                parser.Parse(piece)
            parser.Parse(b"", True)
    except expat.ExpatError as err:
        raise Unreadable(f"{name} {problem}") from err


@dataclass(frozen=True, slots=True)
class Seen:
    """What calamine reads in every tab: one short digest a row without the cells looked for, and those cells."""

    rows: Mapping[str, Mapping[int, bytes]]
    cells: Mapping[tuple[str, Place], Cell] = field(default_factory=dict)
    count: int = 0
    """How many cells with content there are, without those looked for."""

    def difference(self, other: Seen) -> str:
        """Return the first row that does not read the same, as ``Leads, row 7``; empty when all do."""
        for tab in dict.fromkeys([*self.rows, *other.rows]):
            one, two = self.rows.get(tab), other.rows.get(tab)
            if one is None or two is None:
                return f"tab {tab}"
            for row in sorted(one.keys() | two.keys()):
                if one.get(row) != two.get(row):
                    return f"{tab}, row {row}"
        return ""


def read_all(file: BinaryIO, looked_for: Collection[tuple[str, Place]]) -> Seen:
    """Return what calamine reads in all tabs. Raises Unreadable, with its words, when it cannot."""
    from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum  # noqa: PLC0415 - for proofs only

    file.seek(0)
    try:
        with CalamineWorkbook.from_filelike(file) as book:
            tabs = [each.name for each in book.sheets_metadata if each.typ == SheetTypeEnum.WorkSheet]
            return _all_tabs(book, tabs, looked_for)
    except CalamineError as err:
        raise Unreadable(f"calamine says {err}") from err
    except BaseException as err:
        # A fault inside calamine itself comes as an exception that is no Exception.
        if type(err).__name__ != "PanicException":
            raise
        raise Unreadable("calamine cannot read it") from err


def _all_tabs(book: CalamineWorkbook, tabs: Collection[str], looked_for: Collection[tuple[str, Place]]) -> Seen:
    rows: dict[str, dict[int, bytes]] = {}
    found: dict[tuple[str, Place], Cell] = {}
    count = 0
    for tab in tabs:
        wanted: defaultdict[int, set[int]] = defaultdict(set)
        for name, (row, column) in looked_for:
            if name == tab:
                wanted[row].add(column)
        digests: dict[int, bytes] = {}
        sheet = book.get_sheet_by_name(tab)
        left = sheet.start[1] + 1 if sheet.start else 1
        for number, cells in enumerate(sheet.iter_rows(), 1):
            full = [(column, cell) for column, cell in enumerate(cells, left) if cell != ""]
            if number in wanted:
                found |= {((tab, (number, column))): cell for column, cell in full if column in wanted[number]}
                full = [(column, cell) for column, cell in full if column not in wanted[number]]
            if full:
                digests[number] = blake2b(repr(full).encode("utf-8", "surrogatepass"), digest_size=16).digest()
                count += len(full)
        rows[tab] = digests
    return Seen(rows, found, count)
