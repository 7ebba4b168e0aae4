"""Sheets to books: which columns are whose, which rows are leads, and one problem for each row that is none."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from operator import itemgetter
from typing import cast

from automations.core.addresses import AddressProblem, address_identity, normalise_address
from automations.core.cells import ERROR_CELLS, CellProblem, Reader, as_text, reader_of
from automations.core.leads import Book, Cell, Columns, Field, FieldType, KeyRule, Lead, LeadKey, Sheet, Value
from automations.errors import Problem, WrongConfig

_MANY = 5
"""Longest list of rows that a problem spells out."""


def header_identity(header: str) -> str:
    """Return what two spellings of one header share: composed, case folded, single spaces.

    >>> header_identity("  Office   SIZE ")
    'office size'
    """
    return " ".join(unicodedata.normalize("NFC", header).casefold().split())


def column_letters(number: int) -> str:
    """Return the letters of a column counted from 1.

    >>> column_letters(1), column_letters(27), column_letters(16384)
    ('A', 'AA', 'XFD')
    """
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def key_rule(columns: Columns) -> KeyRule:
    """Return how a source finds the leads of a book with these columns."""
    header = next(field.header for field in columns.fields if field.name == columns.key)
    return KeyRule(header, _address_key if columns.key == columns.email else _text_key)


def _text_key(cell: Cell) -> LeadKey | None:
    return LeadKey(as_text(cell)) or None


def _address_key(cell: Cell) -> LeadKey | None:
    try:
        return LeadKey(address_identity(normalise_address(as_text(cell))))
    except AddressProblem:
        return None


class _Choices(dict[Cell, Value]):
    """What the texts of a column with choices mean; each way to write one is read once."""

    def __init__(self, read: Reader) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, text: Cell) -> Value:
        return self.setdefault(text, self._read(text))


def _reader_of_texts(field: Field, read: Reader) -> Reader:
    """Return what reads cells of a field that hold text; "" from it is None."""
    if field.choices:
        return _Choices(read).__getitem__
    return cast("Reader", str.strip) if field.type is FieldType.TEXT else read


@dataclass(frozen=True, slots=True)
class _Reading:
    """How the rows of one sheet are read: positions of our fields and owned columns in its cells."""

    sheet: Sheet
    columns: Columns
    fields: tuple[tuple[int, Reader, Reader], ...]
    owned: Callable[[Sequence[Cell]], tuple[Cell, ...]]
    width: int
    key_of: Callable[[Cell], LeadKey | None]
    key_position: int
    key_is_address: bool
    email_position: int | None
    name_position: int | None

    def cell_name(self, row: int, position: int, who: str) -> str:
        letters = column_letters(self.sheet.first_column + position)
        return f"{self.sheet.name}!{letters}{row}" + (f" ({who})" if who else "")


def read_book(sheet: Sheet, columns: Columns) -> Book:
    """Return the leads of a sheet, and a problem for every row that cannot be used.

    Raises WrongConfig when a header that config.yaml names is missing or stands twice: then no row can be trusted.
    """
    reading, missing = _find_columns(sheet, columns)
    leads: list[Lead] = []
    problems: list[Problem] = []
    unusable: list[tuple[LeadKey | None, int]] = []
    rows_read = 0
    for row, cells in sheet.rows:
        rows_read += 1
        padded = cells if len(cells) >= reading.width else [*cells, *[None] * (reading.width - len(cells))]
        lead = _read_row(reading, row, padded)
        if isinstance(lead, Lead):
            leads.append(lead)
        else:
            problems.extend(lead)
            unusable.append((reading.key_of(padded[reading.key_position]), row))
    unique, doubled = _set_doubles_aside(reading, leads, unusable)
    return Book(
        sheet=sheet.name,
        columns=columns,
        leads=unique,
        problems=(*problems, *doubled),
        rows_read=rows_read,
        unusable_rows=len(unusable) + len(leads) - len(unique),
        missing=missing,
        fingerprint=sheet.fingerprint,
    )


def _read_row(reading: _Reading, row: int, cells: Sequence[Cell]) -> Lead | list[Problem]:
    try:
        values = tuple(
            [
                None if (cell := cells[at]) is None else read_text(cell) if cell.__class__ is str else read(cell)
                for at, read, read_text in reading.fields
            ]
        )
        address = _address(reading, cells)
    except (CellProblem, AddressProblem):
        return _row_problems(reading, row, cells)
    key = _key(reading, cells, address)
    if key is None or not ERROR_CELLS.isdisjoint(values):
        return _row_problems(reading, row, cells)
    if "" in values:
        values = tuple([None if value == "" else value for value in values])
    return Lead(key, row, values, reading.owned(cells), address)


def _key(reading: _Reading, cells: Sequence[Cell], address: str) -> LeadKey | None:
    if reading.key_is_address:
        return LeadKey(address_identity(address)) if address else None
    return reading.key_of(cells[reading.key_position])


def _address(reading: _Reading, cells: Sequence[Cell]) -> str:
    if reading.email_position is None:
        return ""
    text = as_text(cells[reading.email_position])
    return normalise_address(text) if text else ""


def _row_problems(reading: _Reading, row: int, cells: Sequence[Cell]) -> list[Problem]:
    """Return everything that keeps a row from being a lead: the slow, telling form of `_read_row`."""
    who = as_text(cells[reading.name_position]) if reading.name_position is not None else ""
    found: list[Problem] = []
    for (position, read, _), field in zip(reading.fields, reading.columns.fields, strict=True):
        cell = cells[position]
        where = reading.cell_name(row, position, who)
        shown = as_text(cell)
        if field.name == reading.columns.key and not shown:
            found.append(Problem(where, f"no {field.header}", f"fill in {field.header}, or delete the row"))
        elif shown in ERROR_CELLS:
            found.append(Problem(where, f"{field.header} shows {shown}", "mend the formula in this cell"))
        elif field.name == reading.columns.email and shown:
            try:
                normalise_address(shown)
            except AddressProblem as problem:
                found.append(Problem(where, f'"{shown}" is not an email address: {problem}', "correct the address"))
        elif cell is not None:
            try:
                read(cell)
            except CellProblem as problem:
                found.append(Problem(where, f'{field.header} "{shown}" {problem}', "correct the cell"))
    return found


def _set_doubles_aside(
    reading: _Reading, leads: list[Lead], unusable: Sequence[tuple[LeadKey | None, int]]
) -> tuple[tuple[Lead, ...], list[Problem]]:
    """Return the leads whose key stands in one row only, and a problem for every key that stands in more.

    A row that cannot be used counts: its key makes another row with the same one just as doubtful.
    """
    others = [(key, row) for key, row in unusable if key is not None]
    keys = {lead.key for lead in leads}
    if len(keys) == len(leads) and keys.isdisjoint(key for key, _ in others):
        return tuple(leads), []
    rows: defaultdict[LeadKey, list[int]] = defaultdict(list)
    for key, row in (*((lead.key, lead.row) for lead in leads), *others):
        rows[key].append(row)
    problems = [
        Problem(
            f"{reading.sheet.name}, rows {_and(sorted(numbers))}",
            f"the same {'person' if reading.columns.key == reading.columns.email else 'key'} ({key})",
            "keep one of the rows; until then none of them is changed or mailed",
        )
        for key, numbers in rows.items()
        if len(numbers) > 1
    ]
    return tuple(lead for lead in leads if len(rows[lead.key]) == 1), problems


def _and(rows: Sequence[int]) -> str:
    shown = [str(row) for row in rows[:_MANY]]
    if len(rows) > _MANY:
        return ", ".join(shown) + f" and {len(rows) - _MANY} more"
    return ", ".join(shown[:-1]) + f" and {shown[-1]}"


def _find_columns(sheet: Sheet, columns: Columns) -> tuple[_Reading, tuple[str, ...]]:
    places: defaultdict[str, list[int]] = defaultdict(list)
    for position, header in enumerate(sheet.headers):
        places[header_identity(header)].append(position)
    problems = [
        problem
        for header in (*(field.header for field in columns.fields), *(header for _, header in columns.owned))
        if (problem := _doubled_header(sheet, header, places[header_identity(header)]))
    ]
    problems += [
        _missing_header(sheet, columns, field.header, field.name)
        for field in columns.fields
        if not places[header_identity(field.header)]
    ]
    if problems:
        raise WrongConfig(problems)
    found = {field.name: places[header_identity(field.header)][0] for field in columns.fields}
    owned = tuple(next(iter(places[header_identity(header)]), None) for _, header in columns.owned)
    reading = _Reading(
        sheet=sheet,
        columns=columns,
        fields=tuple(
            (found[field.name], read := reader_of(field), _reader_of_texts(field, read)) for field in columns.fields
        ),
        owned=_picker(owned),
        width=1 + max([*found.values(), *(at for at in owned if at is not None)], default=0),
        key_of=key_rule(columns).key_of,
        key_position=found[columns.key],
        key_is_address=columns.key == columns.email,
        email_position=found[columns.email] if columns.email else None,
        name_position=found.get("name"),
    )
    return reading, tuple(header for (_, header), at in zip(columns.owned, owned, strict=True) if at is None)


def _picker(positions: Sequence[int | None]) -> Callable[[Sequence[Cell]], tuple[Cell, ...]]:
    """Return what takes the cells at *positions* from a row; there is none at None."""
    there = [at for at in positions if at is not None]
    if len(there) == len(positions) > 1:
        return itemgetter(*there)
    return lambda cells: tuple([None if at is None else cells[at] for at in positions])


def _doubled_header(sheet: Sheet, header: str, positions: Sequence[int]) -> Problem | None:
    if len(positions) < 2:  # noqa: PLR2004 - twice is two
        return None
    cells = " and ".join(f"{column_letters(sheet.first_column + at)}{sheet.header_row}" for at in positions)
    return Problem(
        f"{sheet.name}!{cells}", f'the header "{header}" stands more than once', "rename one of the two columns"
    )


def _missing_header(sheet: Sheet, columns: Columns, header: str, name: str) -> Problem:
    mine = {header_identity(field.header) for field in columns.fields}
    others = {head: at for at, head in enumerate(sheet.headers) if head.strip() and header_identity(head) not in mine}
    near = get_close_matches(header, list(others), n=1, cutoff=0.5)
    what = f'there is no header "{header}" (needed by field {name}).'
    if not near:
        return Problem(sheet.name, what, f"add the column, or put the right header behind {name}: in config.yaml")
    letters = column_letters(sheet.first_column + others[near[0]])
    return Problem(
        sheet.name,
        f'{what} It has "{near[0]}" in {letters}.',
        f"if it was renamed, put  {name}: {near[0]}  under columns: in config.yaml",
    )


def value_of(columns: Columns, values: Sequence[Value], name: str) -> Value:
    """Return a field's value by its name; None when there is no such field."""
    for field, value in zip(columns.fields, values, strict=True):
        if field.name == name:
            return value
    return None


def wanted_headers(columns: Columns) -> tuple[str, ...]:
    """Return all headers a sheet of this book is recognised by."""
    return (*(field.header for field in columns.fields), *(header for _, header in columns.owned))


def display_name(columns: Columns, lead: Lead) -> str:
    """Return how a lead is shown to people: ``Eva Muster, Muster AG``; its key when it has no name."""
    parts = [value_of(columns, lead.values, "name"), value_of(columns, lead.values, "company")]
    return ", ".join(str(part) for part in parts if part) or lead.key


def place_texts(book: Book) -> frozenset[str]:
    """Return the countries and time zones that occur in a book, case folded: what `Facts.country_zones` has to know."""
    return frozenset((*_texts(book, "country"), *_texts(book, "timezone")))


def _texts(book: Book, name: str) -> Iterable[str]:
    names = book.columns.names()
    if name not in names:
        return ()
    at = names.index(name)
    return {str(value).casefold() for value in {lead.values[at] for lead in book.leads} if value is not None}
