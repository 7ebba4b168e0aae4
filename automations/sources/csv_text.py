"""The text of a CSV file with every field's place in it, so that one field can change and no other letter does.

Source: RFC 4180; beyond it, as spreadsheet programs read: any of four delimiters, any line end, text after a closing
quote belongs to the field, a first line ``sep=;`` names the delimiter.

Text that begins like a formula is written with an apostrophe before it, because spreadsheet programs run formulas
from CSV files; the apostrophe is taken away again when it is read (OWASP, CSV Injection).
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from automations.core.cells import as_text
from automations.core.leads import Cell
from automations.errors import SourceOutOfReach
from automations.sources.headers import SEARCHED_ROWS, count_headers

DELIMITERS = ",;\t|"
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_WITHOUT_BOM = ("utf-8", "cp1252", "latin-1")
"""Tried in this order; each gives back the very bytes it was decoded from, and the last one takes anything."""
_SEPARATOR_LINE = re.compile(r"""\A"?sep=(.)"?(?:\r|\n|\Z)""")
_DANGEROUS = re.compile(r"'*[=+\-@\t\r]")
_NEEDS_QUOTES = re.compile(r'["\r\n]|\A\s|\s\Z')
_TRIED_LETTERS = 1 << 16
_PROGRAM_NAMES = {"cp1252": "Windows-1252", "latin-1": "Latin-1", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16"}


class Unwritable(ValueError):  # noqa: N818 - the end of a sentence, not an error of ours
    """Why a value cannot stand in this file."""


@dataclass(frozen=True, slots=True)
class CsvField:
    """One field: where it stands in the text, and what it says."""

    start: int
    end: int
    value: str
    is_quoted: bool


@dataclass(frozen=True, slots=True)
class CsvText:
    """A decoded file: *bom* + *text* in *encoding* are its bytes again."""

    text: str
    bom: bytes
    encoding: str
    delimiter: str

    def to_bytes(self, text: str) -> bytes:
        """Return a changed text as the bytes of a file."""
        return self.bom + text.encode(self.encoding)

    def field(self, value: Cell, *, quoted: bool) -> str:
        """Return *value* as a field. Raises Unwritable for what the file cannot hold."""
        text = value if isinstance(value, str) else _plain(value)
        if "\0" in text:
            raise Unwritable("the text has a NUL in it, which no spreadsheet can hold")
        try:
            text.encode(self.encoding)
        except UnicodeEncodeError as err:
            letter = text[err.start : err.end]
            name = _PROGRAM_NAMES.get(self.encoding, self.encoding.upper())
            raise Unwritable(f"the file is stored as {name}, which has no {letter!a}") from None
        if isinstance(value, str) and _DANGEROUS.match(text):
            text = f"'{text}"
        if quoted or self.delimiter in text or _NEEDS_QUOTES.search(text):
            return '"' + text.replace('"', '""') + '"'
        return text


def _plain(value: Cell) -> str:
    return value.isoformat(sep=" ", timespec="seconds") if isinstance(value, datetime) else as_text(value)


def decode(data: bytes, label: str, wanted: Collection[str]) -> CsvText:
    """Return the text of a file; the delimiter is the one that gives most of the *wanted* headers.

    Raises SourceOutOfReach when it is not text, or a quote is never closed.
    """
    bom, encoding = next(((mark, name) for mark, name in _BOMS if data.startswith(mark)), (b"", ""))
    body = data[len(bom) :]
    encoding = encoding or _unmarked_utf16(body[:4096])
    for name in (encoding,) if encoding else _WITHOUT_BOM:
        try:
            text = body.decode(name)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            break
        return CsvText(text, bom, name, _delimiter(text, wanted))
    raise SourceOutOfReach(
        f"{label} is not a text file: it has bytes that are no letters; nothing was changed",
        fix="open it in a spreadsheet program and save it as CSV (UTF-8)",
    )


def _unmarked_utf16(start: bytes) -> str:
    """Return the name of UTF-16 without a mark, which gives every Latin letter a NUL on one side; else nothing."""
    after, before = start[1::2].count(0), start[::2].count(0)
    if max(after, before) * 4 < len(start):
        return ""
    return "utf-16-le" if after > before else "utf-16-be"


def _delimiter(text: str, wanted: Collection[str]) -> str:
    if named := _SEPARATOR_LINE.match(text):
        return named[1]
    return max(DELIMITERS, key=lambda each: _fit(text, each, wanted))


def _fit(text: str, delimiter: str, wanted: Collection[str]) -> tuple[int, int]:
    """Return how well a delimiter fits: headers found, then fields in the first line that has any."""
    rows = []
    # A quote that never closes under a wrong delimiter must not make the whole file one line.
    for _, fields in _records(text[:_TRIED_LETTERS], delimiter):
        if any(field.value.strip() for field in fields):
            rows.append([field.value for field in fields])
        if len(rows) == SEARCHED_ROWS:
            break
    return max((count_headers(row, wanted) for row in rows), default=0), max(map(len, rows), default=0)


def records(file: CsvText, label: str) -> Iterator[tuple[int, Sequence[CsvField]]]:
    """Return every record by its number, counted as the rows of a spreadsheet: blank lines count, and so do titles.

    Raises SourceOutOfReach at a quote that is never closed.
    """
    for number, fields in _records(file.text, file.delimiter):
        last = fields[-1]
        if not last.is_quoted and file.text.startswith('"', last.start):
            raise SourceOutOfReach(
                f"{label}, row {number}: a quote is opened and never closed; nothing was changed",
                fix="close the quote in a text editor, or remove it",
            )
        yield number, fields


def _pattern(delimiter: str) -> re.Pattern[str]:
    mark = re.escape(delimiter)
    return re.compile(
        rf'(?:"((?:[^"]++|"")*+)"([^{mark}\r\n]*+)|([^{mark}\r\n]*+))({mark}|\r\n?|\n|\Z)',
    )


def _records(text: str, delimiter: str) -> Iterator[tuple[int, Sequence[CsvField]]]:
    number = 1
    fields: list[CsvField] = []
    at = 0
    match = _pattern(delimiter).match
    while at < len(text) or fields:
        found = match(text, at)
        if found is None:
            return  # never: the second form takes anything up to a delimiter
        inner, rest, bare, mark = found.groups()
        value = inner.replace('""', '"') + rest if inner is not None else bare
        fields.append(CsvField(at, found.start(4), unguarded(value), inner is not None))
        at = found.end()
        if mark != delimiter:
            yield number, fields
            number += 1
            fields = []


def unguarded(text: str) -> str:
    """Return what a field says without the apostrophe that keeps it from being a formula.

    >>> unguarded("'=1+1"), unguarded("'tis"), unguarded("=1+1")
    ('=1+1', "'tis", '=1+1')
    """
    return text[1:] if text.startswith("'") and _DANGEROUS.match(text) else text


def with_fields(file: CsvText, fields: Sequence[CsvField], changed: Mapping[int, str]) -> list[tuple[int, int, str]]:
    """Return the splices (start, end, text) that put *changed* fields, by position, into one record.

    A record that is too short is filled up with empty fields.
    """
    splices = [(fields[at].start, fields[at].end, text) for at, text in sorted(changed.items()) if at < len(fields)]
    beyond = sorted(at for at in changed if at >= len(fields))
    if beyond:
        added = "".join(file.delimiter + changed.get(at, "") for at in range(len(fields), beyond[-1] + 1))
        end = fields[-1].end
        if splices and splices[-1][1] == end:
            start, _, text = splices.pop()
            splices.append((start, end, text + added))
        else:
            splices.append((end, end, added))
    return splices


def spliced(text: str, splices: Sequence[tuple[int, int, str]]) -> str:
    """Return *text* with each span replaced; spans come in order and do not overlap."""
    pieces: list[str] = []
    at = 0
    for start, end, new in splices:
        pieces += (text[at:start], new)
        at = end
    pieces.append(text[at:])
    return "".join(pieces)
