"""Leads in a CSV file: read as text, written field by field; every other byte stays as it was.

Everything in a CSV file is text: 00123 stays 00123, and a number is what the column's type makes of it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import BinaryIO, TypeVar

from automations.core.books import header_identity
from automations.core.leads import Cell, CellChange, CellOutcome, KeyRule, LeadKey, Sheet, WriteResult, WrittenCell
from automations.errors import SourceOutOfReach
from automations.sources import News
from automations.sources.backups import Backups, copy_of
from automations.sources.csv_text import CsvField, CsvText, Unwritable, decode, records, spliced, with_fields
from automations.sources.headers import SEARCHED_ROWS, best_header_row, count_headers, written_headers
from automations.sources.matching import LeadRow, Targets, find_targets, same_cell, settle, wanted_headers
from automations.sources.saving import (
    COLUMNS_WAIT,
    SHARED,
    Fingerprints,
    Manners,
    Version,
    cells_wait,
    change_file,
    opened,
    replace_file,
)

MAX_BYTES = 256 << 20

Record = tuple[int, Sequence[CsvField]]


_Result = TypeVar("_Result")


class CsvSource:
    """One CSV file. Delimiter, encoding, line ends and quoting are the file's own and stay so.

    *backups* keeps a copy before the first write.
    """

    def __init__(self, path: Path, backups: Backups | None = None, manners: Manners = SHARED) -> None:
        self._path = path
        self._backups = backups
        self._keep_copy = backups.take if backups else None
        self._manners = manners
        self._fingerprints = Fingerprints()

    @property
    def label(self) -> str:
        """Return the name of the file."""
        return self._path.name

    def fingerprint(self) -> str:
        """Return the hash of the file's bytes."""
        with opened(self._path, self.label) as file:
            return self._fingerprints.of(file).digest

    def why_not_send(self) -> str:
        """Return "": nobody can say so here."""
        return ""

    def tell(self, news: News) -> None:
        """Do nothing: a file has no place for news."""

    def read(self, wanted: Collection[str]) -> Sheet:
        """Return the fields of every row; see `Source.read`."""
        with self._decoded(wanted) as (text, version):
            (row, fields), _ = _header(text, self.label, wanted)
        return Sheet(
            name=self.label,
            header_row=row,
            headers=written_headers([field.value for field in fields]),
            rows=_Rows(text, self.label, row),
            fingerprint=version.digest,
        )

    def write(self, changes: Sequence[CellChange], keys: KeyRule) -> WriteResult:
        """Change fields where their leads are now; see `Source.write`."""
        if not changes:
            return WriteResult(())
        return self._change(cells_wait(len(changes)), lambda: self._write_once(changes, keys))

    def add_columns(self, headers: Sequence[str], beside: Collection[str]) -> None:
        """Write new headers right of the data; see `Source.add_columns`. Other rows stay as short as they are."""
        self._change(COLUMNS_WAIT, lambda: self._add_columns_once(headers, beside))

    def _change(self, waiting: str, attempt: Callable[[], _Result]) -> _Result:
        return change_file(self._path, self.label, waiting, self._fingerprints, attempt, self._manners)

    def _write_once(self, changes: Sequence[CellChange], keys: KeyRule) -> WriteResult:
        wanted = wanted_headers(changes, keys)
        with self._decoded(wanted) as (text, version):
            (_, header), rows = _header(text, self.label, wanted)
            targets = find_targets(self.label, {at: field.value for at, field in enumerate(header)}, changes, keys)
            found, fields_of = _find_leads(rows, changes, keys, targets)
            cells, edits = _rendered(text, settle(changes, targets, found), fields_of, targets)
            splices = [splice for row in sorted(edits) for splice in with_fields(text, fields_of[row], edits[row])]
            after = self._save(text, splices, version) if splices else version.digest
        return WriteResult(cells, version.digest, after, backup=copy_of(self._backups))

    def _add_columns_once(self, headers: Sequence[str], beside: Collection[str]) -> None:
        with self._decoded(beside) as (text, version):
            (_, fields), rows = _header(text, self.label, beside)
            if not count_headers([field.value for field in fields], beside):
                raise SourceOutOfReach(
                    f"{self.label} has no row with the headers {', '.join(sorted(beside))}; nothing was changed",
                    fix="correct the headers under columns: in config.yaml, or in the file",
                )
            there = {header_identity(field.value) for field in fields}
            new = [each for each in headers if header_identity(each) not in there]
            if new:
                right = max(_used(fields), max((_used(each) for _, each in rows), default=0))
                quoted = fields[_used(fields) - 1].is_quoted
                changed = {right + at: text.field(each, quoted=quoted) for at, each in enumerate(new)}
                self._save(text, with_fields(text, fields, changed), version)

    def _save(self, old: CsvText, splices: Sequence[tuple[int, int, str]], version: Version) -> str:
        """Put the changed text in the place of the old one, and return the hash of its bytes."""
        data = old.to_bytes(spliced(old.text, splices))

        def write(target: BinaryIO) -> None:
            target.write(data)

        def verify(finished: BinaryIO) -> None:
            if finished.read() != data:
                raise SourceOutOfReach(f"{self.label} could not be written whole; nothing was changed")

        replace_file(
            self._path,
            self.label,
            version,
            write=write,
            verify=verify,
            keep_copy=self._keep_copy,
            pause=self._manners.pause,
        )
        return hashlib.sha256(data).hexdigest()

    @contextmanager
    def _decoded(self, wanted: Collection[str]) -> Generator[tuple[CsvText, Version]]:
        """Give the text of the file and the version it is of."""
        with opened(self._path, self.label) as file:
            version = self._fingerprints.of(file)
            if version.size > MAX_BYTES:
                raise SourceOutOfReach(
                    f"{self.label} has {version.size:,} bytes, more than a list of leads needs",
                    fix="is it the right file? otherwise split it",
                )
            file.seek(0)
            yield decode(file.read(), self.label, wanted), version


@dataclass(frozen=True, slots=True)
class _Rows:
    """The records below the header row that say anything."""

    text: CsvText
    label: str
    header_row: int

    def __iter__(self) -> Iterator[tuple[int, Sequence[Cell]]]:
        for number, fields in records(self.text, self.label):
            if number > self.header_row and _used(fields):
                yield number, [field.value or None for field in fields]


def _header(text: CsvText, label: str, wanted: Collection[str]) -> tuple[Record, Iterator[Record]]:
    """Return the header row, and the records below it. An empty file has one empty header."""
    rows = records(text, label)
    first = list(islice((record for record in rows if _used(record[1])), SEARCHED_ROWS))
    if not first:
        return (1, (CsvField(0, 0, "", is_quoted=False),)), iter(())
    best = best_header_row([[field.value for field in fields] for _, fields in first], wanted)
    return first[best], chain(first[best + 1 :], rows)


def _used(fields: Sequence[CsvField]) -> int:
    """Return how many fields there are up to the last one that says something."""
    return next((at for at in range(len(fields), 0, -1) if fields[at - 1].value.strip()), 0)


def _value(fields: Sequence[CsvField], column: int) -> Cell:
    return (fields[column].value or None) if column < len(fields) else None


def _find_leads(
    rows: Iterator[Record], changes: Sequence[CellChange], keys: KeyRule, targets: Targets
) -> tuple[Mapping[LeadKey, Sequence[LeadRow]], Mapping[int, Sequence[CsvField]]]:
    """Return where the leads of *changes* are, and the fields of those rows."""
    found: defaultdict[LeadKey, list[LeadRow]] = defaultdict(list)
    fields_of: dict[int, Sequence[CsvField]] = {}
    wanted = {change.key for change in changes}
    for number, fields in rows:
        key = keys.key_of(_value(fields, targets.key_column))
        if key in wanted:
            found[key].append(LeadRow(number, {at: _value(fields, at) for at in targets.columns.values()}))
            fields_of[number] = fields
    return found, fields_of


def _rendered(
    text: CsvText, settled: Sequence[WrittenCell], fields_of: Mapping[int, Sequence[CsvField]], targets: Targets
) -> tuple[tuple[WrittenCell, ...], Mapping[int, Mapping[int, str]]]:
    """Return how each change ends, and the new fields by row and position; a field keeps its quotes."""
    cells: list[WrittenCell] = []
    edits: defaultdict[int, dict[int, str]] = defaultdict(dict)
    for cell in settled:
        cells.append(cell)
        if cell.outcome is not CellOutcome.WRITTEN or same_cell(cell.found, cell.change.new):
            continue
        column, fields = targets.columns[cell.change.header], fields_of[cell.row]
        try:
            edits[cell.row][column] = text.field(
                cell.change.new, quoted=column < len(fields) and fields[column].is_quoted
            )
        except Unwritable as err:
            cells[-1] = cell._replace(outcome=CellOutcome.REFUSED, detail=str(err))
    return tuple(cells), edits
