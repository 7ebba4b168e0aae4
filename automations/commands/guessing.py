"""Which column of a sheet is which of our fields, guessed from headers and from what stands below them.

Headers are compared by their words, without case, accents and punctuation, in English, German, French and Spanish.
A guess is only made when it is close: a wrong one would send a stranger's words to a lead, a missing one costs a line.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from automations.core.addresses import AddressProblem, normalise_address
from automations.core.leads import Cell, FieldType

CLOSE_ENOUGH = 88.0
"""Least likeness, of 100, of a header and a name we know."""

KNOWN_NAMES: Mapping[str, tuple[str, ...]] = {
    "email": (
        "email", "e-mail", "mail", "email address", "e-mail address", "mail address", "primary email", "work email",
        "business email", "contact email", "email 1", "e-mail 1 - value", "person email", "e-mail-adresse",
        "mailadresse", "emailadresse", "adresse e-mail", "courriel", "adresse mail", "correo", "correo electrónico",
        "e-mail privat", "dirección de correo", "dirección de correo electrónico", "lead email",
        "customer email", "your email",
    ),
    "name": (
        "name", "full name", "fullname", "contact name", "contact", "lead name", "person", "person name", "your name",
        "customer name", "client name", "contact person", "ansprechpartner", "kontakt", "kontaktperson", "kunde",
        "vor- und nachname", "vollständiger name", "nom complet", "nom et prénom", "interlocuteur", "nombre completo",
        "nombre y apellidos", "persona de contacto", "contacto", "display name",
    ),
    "first_name": (
        "first name", "firstname", "given name", "forename", "fname", "vorname", "prénom", "nombre", "primer nombre",
    ),
    "last_name": (
        "last name", "lastname", "surname", "family name", "lname", "nachname", "familienname", "nom", "nom de famille",
        "apellido", "apellidos",
    ),
    "company": (
        "company", "company name", "company / account", "account", "account name", "organization", "organisation",
        "organization name", "organization 1 - name", "business", "business name", "employer", "firm", "firma",
        "firmenname", "unternehmen", "entreprise", "société", "raison sociale", "empresa", "compañía", "organización",
        "associated company", "nombre de la empresa", "nom de l'entreprise",
    ),
    "phone": (
        "phone", "phone number", "telephone", "telephone number", "tel", "mobile", "mobile phone", "mobile number",
        "cell", "cell phone", "work phone", "business phone", "phone 1 - value", "telefon", "telefonnummer", "handy",
        "rufnummer", "teléfono", "móvil", "número de teléfono", "numéro de téléphone", "portable", "contact number",
        "primary phone",
    ),
    "country": ("country", "country/region", "land", "staat", "pays", "país", "mailing country", "billing country"),
    "timezone": ("timezone", "time zone", "zeitzone", "fuseau horaire", "zona horaria"),
    "employees": (
        "employees", "number of employees", "no. of employees", "employee count", "company size", "office size",
        "headcount", "team size", "staff", "mitarbeiter", "mitarbeiterzahl", "anzahl mitarbeiter", "effectif",
        "nombre de salariés", "empleados", "número de empleados",
    ),
    "source": (
        "source", "lead source", "origin", "channel", "how did you hear about us", "utm source", "quelle", "herkunft",
        "woher", "leadquelle", "kanal", "origine", "provenance", "origen", "fuente", "original source",
    ),
    "asked_on": (
        "asked on", "date", "created", "created at", "created on", "create date", "created date", "created time",
        "date created", "date added", "added on", "inquiry date", "enquiry date", "lead date", "submitted at",
        "submitted on", "timestamp", "datum", "angefragt am", "anfragedatum", "erstellt am", "eingang", "fecha",
        "fecha de creación", "fecha de solicitud", "date de création", "date de la demande", "date registered",
    ),
    "message": (
        "message", "comment", "comments", "inquiry", "enquiry", "request", "question", "your message", "nachricht",
        "anfrage", "kommentar", "commentaire", "commentaires", "demande", "mensaje", "comentario", "comentarios",
        "consulta", "what do you need",
    ),
    "owner": (
        "owner", "lead owner", "contact owner", "account owner", "sales rep", "salesperson", "assigned to", "assignee",
        "zuständig", "verantwortlich", "betreuer", "responsable", "propriétaire", "commercial", "propietario",
        "vendedor", "asignado a",
    ),
}  # fmt: skip
"""Our fields, the most telling first, and what other people's sheets call them."""

_TYPES = {"employees": FieldType.NUMBER, "asked_on": FieldType.DATE}
_LEAST_ADDRESSES = 0.5
_LEAST_TYPED = 0.95


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a sheet: its *header*, and the *cells* that were looked at, without empty ones."""

    header: str
    cells: tuple[Cell, ...] = ()


@dataclass(frozen=True, slots=True)
class Guess:
    """Which column one of our fields seems to be, and what its cells hold."""

    field: str
    column: Column
    type: FieldType = FieldType.TEXT


def words_of(header: str) -> str:
    """Return the words of a header, as they are compared.

    >>> words_of("E-Mail_Adresse*"), words_of("Prénom")
    ('e mail adresse', 'prenom')
    """
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header.replace("ß", "ss"))
    bare = "".join(c for c in unicodedata.normalize("NFKD", split) if not unicodedata.combining(c))
    return " ".join(re.findall(r"\w+", bare.casefold().replace("_", " ")))


def guess_columns(columns: Sequence[Column]) -> tuple[Guess, ...]:
    """Return the best guesses, at most one for each field and each column, in the order of our fields.

    One name is enough: first and last name are only guessed where no column has the whole name.
    """
    ranked = sorted(
        (
            (-likeness, order, place, field)
            for place, column in enumerate(columns)
            for order, field in enumerate(KNOWN_NAMES)
            if (likeness := _likeness(column, field)) >= CLOSE_ENOUGH
        ),
    )
    taken: dict[str, int] = {}
    for _, _, place, field in ranked:
        if field not in taken and place not in taken.values():
            taken[field] = place
    if "name" in taken:
        taken.pop("first_name", None)
        taken.pop("last_name", None)
    return tuple(
        Guess(field, columns[taken[field]], type_of(field, columns[taken[field]].cells))
        for field in KNOWN_NAMES
        if field in taken
    )


def _likeness(column: Column, field: str) -> float:
    """Return how much a column looks like a field: 0 to 100. What stands in the cells can speak against it."""
    from rapidfuzz import fuzz  # noqa: PLC0415 - only init guesses

    words = words_of(column.header)
    if not words:
        return 0.0
    addresses = _share_of_addresses(column.cells)
    if field == "email":
        if column.cells and addresses < _LEAST_ADDRESSES:
            return 0.0
        if addresses == 1.0:
            return max(CLOSE_ENOUGH, _best(words, field, fuzz.ratio))
    elif column.cells and addresses >= _LEAST_ADDRESSES:
        return 0.0
    return _best(words, field, fuzz.ratio)


def _best(words: str, field: str, ratio: object) -> float:
    assert callable(ratio)  # noqa: S101 - for the type checker: rapidfuzz is imported late
    return max(float(ratio(words, known)) for known in _words_of_names(field))


@cache
def _words_of_names(field: str) -> tuple[str, ...]:
    return tuple(words_of(name) for name in KNOWN_NAMES[field])


def spellings() -> frozenset[str]:
    """Return the names we know as programs and people write them, by which a header row is found under title lines."""
    names = [name for known in KNOWN_NAMES.values() for name in known]
    plain = [words_of(name) for name in names]
    return frozenset(
        [*names, *plain, *(word.replace(" ", glue) for word in plain for glue in ("_", "-", ""))],
    )


def _share_of_addresses(cells: Sequence[Cell]) -> float:
    if not cells:
        return 0.0
    return sum(_is_address(cell) for cell in cells) / len(cells)


def _is_address(cell: Cell) -> bool:
    try:
        return isinstance(cell, str) and bool(normalise_address(cell))
    except AddressProblem:
        return False


def type_of(field: str, cells: Sequence[Cell]) -> FieldType:
    """Return what a column holds: a number or date only if it ought to and nearly all of its cells are.

    For a few cells like "last week" nobody should lose the rules about dates; `plan` names their rows.
    """
    wanted = _TYPES.get(field, FieldType.TEXT)
    holds = {FieldType.NUMBER: _is_number, FieldType.DATE: _is_date}.get(wanted)
    return wanted if holds and cells and sum(map(holds, cells)) >= _LEAST_TYPED * len(cells) else FieldType.TEXT


def _is_number(cell: Cell) -> bool:
    if isinstance(cell, str):
        return re.fullmatch(r"\s*[+-]?\d+(\.\d+)?\s*", cell) is not None
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def _is_date(cell: Cell) -> bool:
    if isinstance(cell, str):
        return re.fullmatch(r"\s*\d{4}-\d{2}-\d{2}([ T].*)?\s*", cell) is not None
    return isinstance(cell, date)
