"""Sheets to books: which columns are whose, which rows are leads, and one problem for each row that is none."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from itertools import islice, repeat, zip_longest

from automations.core.addresses import AddressProblem, address_identity, normalise_address
from automations.core.cells import ERROR_CELLS, CellProblem, ColumnReader, as_text, column_reader
from automations.core.leads import Book, Cell, Columns, KeyRule, Lead, LeadKey, Sheet, Value
from automations.errors import Problem, WrongConfig

_Row = tuple[int, Sequence[Cell]]

_PARTS_OF_NAME = ("first_name", "last_name")
_BATCH = 1_000
"""How many rows are read at a time."""
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


@dataclass(frozen=True, slots=True)
class _Reading:
    """How the rows of one sheet are read: positions of our fields and owned columns in its cells."""

    sheet: Sheet
    columns: Columns
    fields: tuple[tuple[int, ColumnReader], ...]
    owned: tuple[int | None, ...]
    width: int
    key_of: Callable[[Cell], LeadKey | None]
    key_position: int
    key_is_address: bool
    email: int | None
    """Which of the fields is the address."""
    name_positions: tuple[int, ...]

    def cell_name(self, row: int, position: int, who: str) -> str:
        letters = column_letters(self.sheet.first_column + position)
        return f"{self.sheet.name}!{letters}{row}" + (f" ({who})" if who else "")


@dataclass(slots=True)
class _Found:
    """What the rows read so far are: leads, and rows that cannot be used, with their keys where they have one."""

    leads: list[Lead] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    unusable: list[tuple[LeadKey | None, int]] = field(default_factory=list)


def read_book(sheet: Sheet, columns: Columns) -> Book:
    """Return the leads of a sheet, and a problem for every row that cannot be used.

    Raises WrongConfig when a header that config.yaml names is missing or stands twice: then no row can be trusted.
    """
    reading, missing = _find_columns(sheet, columns)
    found = _Found()
    rows = iter(sheet.rows)
    while batch := list(islice(rows, _BATCH)):
        _read_batch(reading, batch, found)
    unique, doubled = _set_doubles_aside(reading, found.leads, found.unusable)
    return Book(
        sheet=sheet.name,
        columns=columns,
        leads=unique,
        problems=(*found.problems, *doubled),
        rows_read=len(found.leads) + len(found.unusable),
        unusable_rows=len(found.unusable) + len(found.leads) - len(unique),
        missing=missing,
        fingerprint=sheet.fingerprint,
    )


def _read_batch(reading: _Reading, batch: Sequence[_Row], found: _Found) -> None:
    """Read rows all at once; when one of them cannot be used by halves, down to that row."""
    try:
        found.leads.extend(_leads_of(reading, batch))
    except (CellProblem, AddressProblem):
        if len(batch) > 1:
            middle = len(batch) // 2
            _read_batch(reading, batch[:middle], found)
            _read_batch(reading, batch[middle:], found)
            return
        ((row, cells),) = batch
        padded = [*cells, *[None] * (reading.width - len(cells))]
        found.problems.extend(_row_problems(reading, row, padded))
        found.unusable.append((reading.key_of(padded[reading.key_position]), row))


def _leads_of(reading: _Reading, batch: Sequence[_Row]) -> Iterator[Lead]:
    """Return the leads of rows, read column by column: cells of one column are mostly alike.

    Raises CellProblem or AddressProblem when any of the rows cannot be used.
    """
    rows = [row for row, _ in batch]
    cells: list[tuple[Cell, ...]] = list(zip_longest(*[cells for _, cells in batch]))
    cells += [(None,) * len(batch)] * (reading.width - len(cells))
    values = [read(cells[at]) for at, read in reading.fields]
    owned = [cells[at] if at is not None else repeat(None) for at in reading.owned]
    addresses = _addresses(values[reading.email]) if reading.email is not None else [""] * len(rows)
    keys = (
        [LeadKey(address_identity(address)) if address else None for address in addresses]
        if reading.key_is_address
        else list(map(reading.key_of, cells[reading.key_position]))
    )
    if None in keys:
        raise CellProblem("has no key")
    each_owned = zip(*owned, strict=False) if owned else repeat(())
    return map(Lead._make, zip(keys, rows, zip(*values, strict=True), each_owned, addresses, strict=False))


def _addresses(values: Sequence[Value]) -> list[str]:
    return [normalise_address(as_text(value)) if value is not None else "" for value in values]


def _row_problems(reading: _Reading, row: int, cells: Sequence[Cell]) -> list[Problem]:
    """Return everything that keeps a row from being a lead."""
    who = " ".join(filter(None, (as_text(cells[at]) for at in reading.name_positions)))
    found: list[Problem] = []
    for (position, read), each in zip(reading.fields, reading.columns.fields, strict=True):
        cell = cells[position]
        where = reading.cell_name(row, position, who)
        shown = as_text(cell)
        if each.name == reading.columns.key and not shown:
            found.append(Problem(where, f"no {each.header}", f"fill in {each.header}, or delete the row"))
        elif shown in ERROR_CELLS:
            found.append(Problem(where, f"{each.header} shows {shown}", "mend the formula in this cell"))
        elif each.name == reading.columns.email and shown:
            try:
                normalise_address(shown)
            except AddressProblem as problem:
                found.append(Problem(where, f'"{shown}" is not an email address: {problem}', "correct the address"))
        elif cell is not None:
            try:
                read([cell])
            except CellProblem as problem:
                found.append(Problem(where, f'{each.header} "{shown}" {problem}', "correct the cell"))
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
        fields=tuple((found[field.name], column_reader(field)) for field in columns.fields),
        owned=owned,
        width=1 + max([*found.values(), *(at for at in owned if at is not None)], default=0),
        key_of=key_rule(columns).key_of,
        key_position=found[columns.key],
        key_is_address=columns.key == columns.email,
        email=columns.names().index(columns.email) if columns.email else None,
        name_positions=tuple(
            found[name] for name in (("name",) if "name" in found else _PARTS_OF_NAME) if name in found
        ),
    )
    return reading, tuple(header for (_, header), at in zip(columns.owned, owned, strict=True) if at is None)


def _doubled_header(sheet: Sheet, header: str, positions: Sequence[int]) -> Problem | None:
    if len(positions) < 2:  # noqa: PLR2004 - twice is two
        return None
    cells = " and ".join(f"{column_letters(sheet.first_column + at)}{sheet.header_row}" for at in positions)
    fix = "rename one of the two columns" if len(positions) == 2 else "rename all of these columns but one"  # noqa: PLR2004 - twice is two
    return Problem(f"{sheet.name}!{cells}", f'the header "{header}" stands more than once', fix)


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
    for each, value in zip(columns.fields, values, strict=True):
        if each.name == name:
            return value
    return None


def wanted_headers(columns: Columns) -> tuple[str, ...]:
    """Return all headers a sheet of this book is recognised by."""
    return (*(field.header for field in columns.fields), *(header for _, header in columns.owned))


def only_leads(book: Book, keys: Collection[LeadKey]) -> Book:
    """Return a book of some of its leads, as if it had no other rows."""
    leads = tuple(lead for lead in book.leads if lead.key in keys)
    return replace(book, leads=leads, problems=(), rows_read=len(leads), unusable_rows=0)


def display_name(columns: Columns, lead: Lead) -> str:
    """Return how a lead is shown to people: ``Eva Muster, Muster AG``; its key when it has no name."""
    parts = [full_name(columns, lead.values), value_of(columns, lead.values, "company")]
    return ", ".join(str(part) for part in parts if part) or lead.key


def full_name(columns: Columns, values: Sequence[Value]) -> str:
    """Return a person's name: the field name, or else first_name and last_name; "" when all are empty or missing."""
    if whole := value_of(columns, values, "name"):
        return str(whole)
    parts = (value_of(columns, values, name) for name in _PARTS_OF_NAME)
    return " ".join(str(part) for part in parts if part)


def place_texts(book: Book) -> frozenset[str]:
    """Return the countries and time zones that occur in a book, case folded: what `Facts.country_zones` has to know."""
    return frozenset((*_texts(book, "country"), *_texts(book, "timezone")))


def _texts(book: Book, name: str) -> Iterable[str]:
    names = book.columns.names()
    if name not in names:
        return ()
    at = names.index(name)
    return {str(value).casefold() for value in {lead.values[at] for lead in book.leads} if value is not None}
