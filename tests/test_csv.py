"""CSV files as people and programs make them: read as text, written field by field."""

from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from workbooks import BY_EMAIL, change

from automations.core.leads import Cell, CellOutcome
from automations.errors import SourceOutOfReach
from automations.sources.csv_file import CsvSource
from automations.sources.csv_text import decode, records, spliced, with_fields

WANTED = ["Email", "Score"]


def _file(folder: Path, data: bytes) -> Path:
    path = folder / "leads.csv"
    path.write_bytes(data)
    return path


FILES = {
    "commas": (b"Email,Score\neva@muster.example,50\n", b"Email,Score\neva@muster.example,80\n"),
    "semicolons and CRLF": (
        b"Email;Score;Note\r\neva@muster.example;50;a,b\r\n",
        b"Email;Score;Note\r\neva@muster.example;80;a,b\r\n",
    ),
    "tabs and CR only": (b"Email\tScore\reva@muster.example\t50\r", b"Email\tScore\reva@muster.example\t80\r"),
    "BOM": (
        b"\xef\xbb\xbfEmail;Score\neva@muster.example;50",
        b"\xef\xbb\xbfEmail;Score\neva@muster.example;80",
    ),
    "UTF-16": (
        "\ufeffEmail\tScore\r\neva@muster.example\t50\r\n".encode("utf-16-le"),
        "\ufeffEmail\tScore\r\neva@muster.example\t80\r\n".encode("utf-16-le"),
    ),
    "UTF-16 without BOM": (
        "Email,Score\neva@muster.example,50\n".encode("utf-16-be"),
        "Email,Score\neva@muster.example,80\n".encode("utf-16-be"),
    ),
    "Windows-1252": (
        b"Name,Email,Score\nM\xfcller,eva@muster.example,50\n",
        b"Name,Email,Score\nM\xfcller,eva@muster.example,80\n",
    ),
    "quotes are kept": (
        b'"Email","Score"\n"eva@muster.example","50"\n"x ""y""",\n',
        b'"Email","Score"\n"eva@muster.example","80"\n"x ""y""",\n',
    ),
    "mixed line ends": (
        b"Email,Score\r\n\na,1\reva@muster.example,50\n",
        b"Email,Score\r\n\na,1\reva@muster.example,80\n",
    ),
    "named separator": (b"sep=|\nEmail|Score\neva@muster.example|50\n", b"sep=|\nEmail|Score\neva@muster.example|80\n"),
    "title line": (
        b"Our leads;;\n\nEmail;Score\neva@muster.example;50\n",
        b"Our leads;;\n\nEmail;Score\neva@muster.example;80\n",
    ),
    "lines in fields": (
        b'Email,Note,Score\neva@muster.example,"a\nb, c",50\n',
        b'Email,Note,Score\neva@muster.example,"a\nb, c",80\n',
    ),
}


@pytest.mark.parametrize(("before", "after"), FILES.values(), ids=FILES.keys())
def test_only_the_field_changes(tmp_path: Path, before: bytes, after: bytes) -> None:
    """Delimiter, encoding, line ends, quotes and every other field stay as they were."""
    path = _file(tmp_path, before)

    result = CsvSource(path).write([change("eva@muster.example", "Score", "50", 80)], BY_EMAIL)

    assert result.cells[0].outcome is CellOutcome.WRITTEN
    assert path.read_bytes() == after


def test_a_short_row_is_filled_up(tmp_path: Path) -> None:
    """A row that ends before our column gets empty fields up to it; other short rows stay short."""
    path = _file(tmp_path, b"Email,Name,Score,Stage\neva@muster.example\nnils@hafen.example,Nils\n")

    CsvSource(path).write(
        [change("eva@muster.example", "Stage", None, "New"), change("eva@muster.example", "Score", None, 5)], BY_EMAIL
    )

    assert path.read_bytes() == b"Email,Name,Score,Stage\neva@muster.example,,5,New\nnils@hafen.example,Nils\n"


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("=1+1", "'=1+1"),
        ("+44 20", "'+44 20"),
        ("-5", "'-5"),
        (-5, "-5"),
        ("@x", "'@x"),
        ("\t=1", "'\t=1"),
        ("'=1", "''=1"),
        ("'tis", "'tis"),
        ("a;b", '"a;b"'),
        ("a,b", "a,b"),
        ('say "x"', '"say ""x"""'),
        (" x", '" x"'),
        (True, "TRUE"),
        (0.5, "0.5"),
        ("00123", "00123"),
    ],
)
def test_how_a_value_is_written(tmp_path: Path, value: Cell, field: str) -> None:
    """Text that would run as a formula gets an apostrophe; what needs quotes gets quotes."""
    path = _file(tmp_path, b"Email;Score\neva@muster.example;\n")

    CsvSource(path).write([change("eva@muster.example", "Score", None, value)], BY_EMAIL)

    assert path.read_text() == f"Email;Score\neva@muster.example;{field}\n"


def test_a_letter_that_the_encoding_does_not_have_is_refused(tmp_path: Path) -> None:
    """A file in Windows-1252 cannot hold Chinese; the cell is named, the others are written."""
    path = _file(tmp_path, b"Email,Name,Score\neva@muster.example,M\xfcller,\n")

    result = CsvSource(path).write(
        [change("eva@muster.example", "Name", "Müller", "王"), change("eva@muster.example", "Score", None, 1)], BY_EMAIL
    )

    assert [(cell.outcome, cell.detail) for cell in result.cells] == [
        (CellOutcome.REFUSED, "the file is stored as Windows-1252, which has no '\\u738b'"),
        (CellOutcome.WRITTEN, ""),
    ]


def test_a_quote_that_is_never_closed_is_named_with_its_row(tmp_path: Path) -> None:
    """Everything after it would be one field; nobody can say what was meant."""
    path = _file(tmp_path, b'Email,Score\na@example.test,1\nb@example.test,"2\nc@example.test,3\n')

    with pytest.raises(SourceOutOfReach) as refusal:
        list(CsvSource(path).read(WANTED).rows)

    assert refusal.value.what == "leads.csv, row 3: a quote is opened and never closed; nothing was changed"


@pytest.mark.parametrize(
    "data", [b"Email,Score\na\0b,1\n", b"\x89PNG\r\n\x1a\n" + bytes(range(256))], ids=["NUL", "image"]
)
def test_what_is_no_text_is_refused(tmp_path: Path, data: bytes) -> None:
    """A picture, or a file with NUL bytes, is not a list of leads."""
    with pytest.raises(SourceOutOfReach, match=r"leads\.csv is not a text file"):
        CsvSource(_file(tmp_path, data)).read(WANTED)


def test_a_row_wrapped_in_one_pair_of_quotes_is_one_field(tmp_path: Path) -> None:
    """Some exports wrap damaged rows whole; such a row is handed over as it is, too short to be a lead."""
    path = _file(tmp_path, b'Email,Score,City\neva@muster.example,50,Berlin\n"nils@hafen.example,20,""Hamburg, DE"""\n')

    rows = list(CsvSource(path).read(WANTED).rows)

    assert rows[1] == (3, ['nils@hafen.example,20,"Hamburg, DE"'])


def test_an_empty_file_has_no_rows(tmp_path: Path) -> None:
    """Nothing is read from nothing."""
    sheet = CsvSource(_file(tmp_path, b"")).read(WANTED)

    assert (sheet.headers, list(sheet.rows)) == ((), [])


def test_new_headers_fill_the_empty_ones_at_the_end(tmp_path: Path) -> None:
    """An export with spare delimiters gets our headers right of the data, quoted as its own are."""
    path = _file(tmp_path, b'"Email","Name",\r\n"eva@muster.example","Eva",\r\n')

    CsvSource(path).add_columns(["Score", "Stage"], beside=["Email"])

    assert path.read_bytes() == b'"Email","Name","Score","Stage"\r\n"eva@muster.example","Eva",\r\n'


GRIDS = st.lists(
    st.lists(st.text(st.sampled_from("ab\"';,\n\r\t= é"), max_size=6), min_size=2, max_size=4), min_size=1, max_size=6
)


@given(GRIDS, st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]), st.sampled_from(["\n", "\r\n"]))
def test_fields_are_those_of_pythons_own_reader(grid: list[list[str]], quoting: int, ending: str) -> None:
    """Whatever another program wrote, each field is found where it stands and says what that program meant."""
    target = StringIO()
    csv.writer(target, delimiter=";", quoting=quoting, lineterminator=ending).writerows(grid)  # type: ignore[arg-type]
    text = target.getvalue()

    file = decode(text.encode(), "leads.csv", [])
    file = type(file)(text, file.bom, "utf-8", ";")

    found = [[text[field.start : field.end] for field in fields] for _, fields in records(file, "leads.csv")]
    again = [list(row) for row in csv.reader(StringIO(text, newline=""), delimiter=";")]
    assert [[_said(raw) for raw in row] for row in found] == [row or [""] for row in again]


def _said(raw: str) -> str:
    return raw[1:-1].replace('""', '"') if raw.startswith('"') else raw


@given(GRIDS, st.data())
def test_splicing_a_field_leaves_every_other_one(grid: list[list[str]], data: st.DataObject) -> None:
    """One field is replaced; the text before and after it is the text that was there."""
    target = StringIO()
    csv.writer(target, delimiter=";", lineterminator="\n").writerows(grid)
    file = decode(target.getvalue().encode(), "leads.csv", [])
    file = type(file)(file.text, file.bom, file.encoding, ";")
    rows = [fields for _, fields in records(file, "leads.csv")]
    fields = data.draw(st.sampled_from(rows))
    at = data.draw(st.integers(0, len(fields) - 1))

    new = spliced(file.text, with_fields(file, fields, {at: "NEW"}))

    assert new == file.text[: fields[at].start] + "NEW" + file.text[fields[at].end :]
