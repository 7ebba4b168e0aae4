"""The first five minutes: a sample, or a config.yaml around a team's own sheet."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path

import pytest
from corpus import corpus, needs_corpus
from openpyxl import Workbook, load_workbook

from automations.cli import main
from automations.commands import init as init_command
from automations.commands import run as run_command
from automations.commands.guessing import Column, guess_columns, words_of
from automations.commands.new_config import own_headers
from automations.core.leads import FieldType, Role

Answer = Callable[..., tuple[int, str, str]]
SAMPLE_FILES = [
    ".env",
    ".gitignore",
    "config.yaml",
    "leads.xlsx",
    "templates/newsletter-hello.md",
    "templates/newsletter-tips.md",
    "templates/welcome-1.md",
    "templates/welcome-2.md",
]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Answer:
    """Return what a command line answers in an empty folder; the keyword *typed* is what a person types."""
    monkeypatch.chdir(tmp_path)

    def answer(*words: str, typed: str | None = None) -> tuple[int, str, str]:
        monkeypatch.setattr(init_command, "is_conversation", lambda: typed is not None)
        monkeypatch.setattr(run_command, "is_conversation", lambda: typed is not None)
        monkeypatch.setattr("sys.stdin", io.StringIO(typed or ""))
        code = main(words)
        out = capsys.readouterr()
        return code, out.out, out.err

    return answer


def files_in(folder: Path) -> list[str]:
    """Return the files below a folder, without what Leadwright keeps for itself."""
    files = (path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    return sorted(name for name in files if not name.startswith(".leadwright/"))


def test_the_sample_is_made_without_asking(say: Answer, tmp_path: Path) -> None:
    """One command makes a sheet, rules, emails and a place for passwords, and says what to do next."""
    code, out, err = say("init", "--sample", "demo")

    assert (code, err) == (0, "")
    assert files_in(tmp_path / "demo") == SAMPLE_FILES
    assert out == (
        "Made 4 things in demo:\n"
        "  leads.xlsx   a sheet with 12 sample leads         open it in Excel\n"
        "  config.yaml  your rules, with notes               open it in any editor\n"
        "  templates/   4 emails to change\n"
        "  .env         passwords go here (kept out of git)\n"
        "\n"
        "Nothing will be sent until you say so. Next:  leadwright --config demo/config.yaml plan\n"
    )


def test_passwords_are_for_their_owner_alone(say: Answer, tmp_path: Path) -> None:
    """The file for passwords can be read by nobody else, and git never sees it, nor the leads."""
    say("init", "--sample", "demo")

    ignored = (tmp_path / "demo" / ".gitignore").read_text("utf-8").splitlines()
    assert (tmp_path / "demo" / ".env").stat().st_mode & 0o077 == 0
    assert {".env", ".leadwright/", "outbox/", "*.xlsx"} <= set(ignored)


@pytest.mark.parametrize("there", ["config.yaml", "leads.xlsx", ".env", "templates/welcome-1.md"])
def test_nothing_is_ever_overwritten(there: str, say: Answer, tmp_path: Path) -> None:
    """When one file of the sample is there already, nothing at all is made."""
    file = tmp_path / "demo" / there
    file.parent.mkdir(parents=True)
    file.write_text("mine")

    code, out, err = say("init", "--sample", "demo")

    assert (code, out) == (2, "")
    assert err == (
        f"demo/{there} is there already; nothing was made\n    choose another folder, or move that file away first\n"
    )
    assert files_in(tmp_path / "demo") == [there]
    assert file.read_text() == "mine"


def test_a_folder_that_takes_no_files_is_said(say: Answer, tmp_path: Path) -> None:
    """Where nothing can be written, that is said, without a traceback."""
    (tmp_path / "demo").write_text("a file, not a folder")

    code, out, err = say("init", "--sample", "demo")

    assert (code, out) == (3, "")
    assert err == "demo cannot be used: a file of that name is there already\n    put that right and try again\n"


def test_programs_learn_what_was_made(say: Answer) -> None:
    """With --json the names of the files are told."""
    _, out, _ = say("init", "--sample", "demo", "--json")

    assert json.loads(out) == {
        "folder": "demo",
        "made": [
            "config.yaml",
            "templates/newsletter-hello.md",
            "templates/newsletter-tips.md",
            "templates/welcome-1.md",
            "templates/welcome-2.md",
            ".env",
            ".gitignore",
            "leads.xlsx",
        ],
        "columns_added": [],
    }


def test_the_sample_is_right_and_has_leads_of_every_kind(say: Answer) -> None:
    """The sample passes its own check, every row can be used, and hot, warm and cold leads all occur."""
    say("init", "--sample", "demo")

    code, out, err = say("--config", "demo", "check")
    assert (code, err) == (0, "")
    assert out == "config.yaml is right: 10 columns, 6 rules, 2 sequences, 4 emails, 1 job, 2\nexamples pass.\n"
    code, out, err = say("--config", "demo", "plan", "--json")
    plan = json.loads(out)
    assert (code, err) == (0, "")
    assert plan["leads_read"] == 12
    assert plan["problems"] == []
    assert {name: number for name, (number, _) in plan["segments"].items()} == {"hot": 4, "warm": 5, "cold": 3}


def test_answers_go_into_the_sample(say: Answer, tmp_path: Path) -> None:
    """Someone without a sheet answers three questions and gets a sample in the name of the business."""
    typed = 'Bob "the" Baker: bread\n3\nnot an address\nbob@bread.example\n'

    code, out, err = say("init", typed=typed)

    config = (tmp_path / "config.yaml").read_text("utf-8")
    assert (code, err) == (0, "")
    assert files_in(tmp_path) == SAMPLE_FILES
    assert '"not an address" is not an email address: there is no @' in out
    assert out.endswith("Nothing will be sent until you say so. Next:  leadwright plan\n")
    assert '  name: "Bob \\"the\\" Baker: bread"\n' in config
    assert "Anna Weber <bob@bread.example>" in config
    assert say("check")[0] == 0


def test_nobody_is_asked_where_nobody_sits(say: Answer) -> None:
    """Without a terminal init asks nothing and says how to do it without questions."""
    code, out, err = say("init")

    assert (code, out) == (2, "")
    assert err.startswith("init asks questions, and nobody is here to answer them\n    leadwright init --sample FOLDER")


ROWS = (
    ("Unsere Kontakte 2026",),
    (),
    ("Nr.", "Ansprechpartner", "Firma", "E-Mail Adresse", "Telefon", "Land", "Mitarbeiter", "Datum", "Score"),
    (
        1,
        "Eva Muster",
        "Muster AG",
        "eva@muster.example",
        "+49 30 23125 101",
        "Deutschland",
        80,
        date(2026, 11, 16),
        "A",
    ),
    (2, "José Álvarez", "Café Álvarez", "jose@cafe.example", None, "Spanien", 12, date(2026, 11, 2), None),
    (3, "Łukasz Żak", None, "lukasz@zak.example", "00123", "Polen", 140, date(2026, 10, 1), None),
)
YES = ("--business", "Bäckerei: Ost", "--address", "Hof 1, 10115 Berlin", "--email", "ina@ost.example", "--yes")


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    """Return a German sheet with title lines above its headers, and a Score of its own."""
    path = tmp_path / "kontakte.xlsx"
    book = Workbook()
    sheet = book.create_sheet("Kontakte", 0)
    for row in ROWS:
        sheet.append(row)
    book.save(path)
    book.close()
    return path


def test_a_teams_own_sheet_is_understood_without_asking(say: Answer, workbook: Path, tmp_path: Path) -> None:
    """A German sheet gets a config that passes its check, and our columns at the right end; theirs stay."""
    code, out, err = say("init", "--excel", workbook.name, *YES)

    assert (code, err) == (0, "")
    assert out == (
        "\n"
        "Made 3 things:\n"
        "  config.yaml  your columns and first rules, with notes  open it in any editor\n"
        "  templates/   2 emails to change\n"
        "  .env         passwords go here (kept out of git)\n"
        "\n"
        "Added 6 columns to your sheet:\n  Leadwright score, Segment, Stage, Next step, Why, Email status\n"
        "\n"
        "Nothing will be sent until you say so. Next:  leadwright plan\n"
    )
    config = (tmp_path / "config.yaml").read_text("utf-8")
    assert '    email: "E-Mail Adresse"\n' in config
    assert '    name: "Ansprechpartner"\n' in config
    assert '    employees: {header: "Mitarbeiter", type: number}\n' in config
    assert '    asked_on: {header: "Datum", type: date}\n' in config
    assert '    score: "Leadwright score"\n' in config
    code, _, err = say("check")
    assert (code, err) == (0, "")
    book = load_workbook(workbook)
    assert [cell.value for cell in book["Kontakte"][3]][:9] == list(ROWS[2])
    assert [cell.value for cell in book["Kontakte"][3]][9:] == [
        "Leadwright score",
        "Segment",
        "Stage",
        "Next step",
        "Why",
        "Email status",
    ]
    book.close()
    code, out, _ = say("plan", "--json")
    assert (code, json.loads(out)["leads_read"]) == (0, 3)


def test_a_csv_file_is_as_good_as_a_workbook(say: Answer, tmp_path: Path) -> None:
    """Leads in a CSV file get a config of their own too."""
    (tmp_path / "leads.csv").write_text("Email,First Name,Company\neva@muster.example,Eva,Muster AG\n", "utf-8")

    assert say("init", "--excel", "leads.csv", *YES)[0] == 0

    assert '  csv: "leads.csv"\n' in (tmp_path / "config.yaml").read_text("utf-8")
    assert say("check")[0] == 0
    code, out, _ = say("plan", "--json")
    assert (code, json.loads(out)["leads_read"]) == (0, 1)


def test_guesses_are_shown_and_can_be_put_right(say: Answer, workbook: Path, tmp_path: Path) -> None:
    """The owner sees three values of each column, corrects one guess, and says no to new columns for now."""
    typed = "Ost\n2\nkontakte.xlsx\nina@ost.example\nHof 1, Berlin\nphone\n10\n\nn\n"

    code, out, err = say("init", typed=typed)

    assert (code, err) == (0, "")
    assert (
        'Your columns in "Kontakte":\n'
        "  email      E-Mail Adresse   eva@muster.e.., jose@cafe.ex.., lukasz@zak.e..\n"
        "  name       Ansprechpartner  Eva Muster, José Álvarez, Łukasz Żak\n"
        "  company    Firma            Muster AG, Café Álvarez\n"
        "  phone      Telefon          +49 30 23125.., 00123\n"
        "  country    Land             Deutschland, Spanien, Polen\n"
        "  employees  Mitarbeiter      80, 12, 140\n"
        "  asked_on   Datum            2026-11-16, 2026-11-02, 2026-10-01\n"
        "Not used: Nr., Score\n"
    ) in out
    assert "Nothing was added. The first run adds them, after asking." in out
    assert "phone:" not in (tmp_path / "config.yaml").read_text("utf-8")
    book = load_workbook(workbook)
    assert book["Kontakte"].max_column == 9
    book.close()


def test_a_sheet_without_addresses_is_refused(say: Answer, tmp_path: Path) -> None:
    """Without a column of addresses nothing is made, and the columns that are there are named."""
    (tmp_path / "leads.csv").write_text("Email,Company\nnobody,Muster AG\n", "utf-8")

    code, _, err = say("init", "--excel", "leads.csv", *YES)

    assert code == 2
    assert err == (
        'no column of "leads.csv" holds email addresses; nothing was made\n'
        "    its columns are Email, Company. Run init without --yes to choose one\n"
    )
    assert files_in(tmp_path) == ["leads.csv"]


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("E-Mail_Adresse*", "e mail adresse"),
        ("firstName", "first name"),
        ("Prénom", "prenom"),
        ("Größe", "grosse"),
        ("  Phone  ", "phone"),
    ],
)
def test_headers_are_compared_by_their_words(header: str, words: str) -> None:
    """Case, accents, punctuation and glued words make no difference."""
    assert words_of(header) == words


def guessed(*headers: str) -> Mapping[str, str]:
    """Return what is guessed from headers alone."""
    return {guess.field: guess.column.header for guess in guess_columns([Column(header) for header in headers])}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        pytest.param(
            ("Nachname", "Vorname", "Firma", "E-Mail", "Telefonnummer", "Quelle"),
            {"email": "E-Mail", "first_name": "Vorname", "last_name": "Nachname", "company": "Firma",
             "phone": "Telefonnummer", "source": "Quelle"},
            id="German",
        ),
        pytest.param(
            ("Nom", "Prénom", "Entreprise", "Courriel", "Pays"),
            {"email": "Courriel", "first_name": "Prénom", "last_name": "Nom", "company": "Entreprise",
             "country": "Pays"},
            id="French",
        ),
        pytest.param(
            ("Nombre", "Apellidos", "Empresa", "Correo electrónico", "Teléfono", "País"),
            {"email": "Correo electrónico", "first_name": "Nombre", "last_name": "Apellidos", "company": "Empresa",
             "phone": "Teléfono", "country": "País"},
            id="Spanish",
        ),
        pytest.param(
            ("Email opt-in", "Email status", "Company size", "Name of pet"),
            {"employees": "Company size"},
            id="headers that only look alike",
        ),
    ],
)  # fmt: skip
def test_columns_are_guessed_in_four_languages(headers: tuple[str, ...], expected: Mapping[str, str]) -> None:
    """A guess is made where a header is close to a name we know, and not where it only shares a word."""
    assert guessed(*headers) == expected


@needs_corpus
@pytest.mark.parametrize(
    ("product", "expected"),
    [
        (
            "hubspot_contacts",
            {"email": "Email", "first_name": "First Name", "last_name": "Last Name", "company": "Associated Company",
             "phone": "Phone Number", "source": "Lead Source", "asked_on": "Create Date", "owner": "Contact owner"},
        ),
        (
            "salesforce_lead_report",
            {"email": "Email", "first_name": "First Name", "last_name": "Last Name", "company": "Company / Account",
             "source": "Lead Source", "owner": "Lead Owner"},
        ),
        ("brevo", {"email": "EMAIL", "first_name": "FIRSTNAME", "last_name": "LASTNAME"}),
        (
            "systeme_io",
            {"email": "Email", "first_name": "First name", "last_name": "Surname", "phone": "Phone number",
             "country": "Country", "asked_on": "Date registered"},
        ),
        (
            "linkedin_connections",
            {"email": "Email Address", "first_name": "First Name", "last_name": "Last Name", "company": "Company"},
        ),
        ("kit_convertkit", {"email": "email", "first_name": "first_name", "asked_on": "created_at"}),
    ],
)  # fmt: skip
def test_exports_of_other_products_are_recognised(product: str, expected: Mapping[str, str]) -> None:
    """The header rows that known products export are understood, and nothing else is taken for a field."""
    headers = json.loads(corpus("exports/headers.json").read_text("utf-8"))[product]["headers"]

    assert guessed(*headers) == expected


def test_what_stands_in_a_column_counts_more_than_its_header() -> None:
    """A column full of addresses is the email column whatever it is called; one without any is not."""
    columns = [
        Column("Email", ("yes", "no", "yes")),
        Column("Reach me at", ("eva@muster.example", "tom@reich.example")),
        Column("Contact", ("eva@muster.example", "tom@reich.example")),
    ]

    guesses = guess_columns(columns)

    assert [(guess.field, guess.column.header) for guess in guesses] == [("email", "Reach me at")]


def test_a_column_is_a_number_only_if_all_of_it_is() -> None:
    """One "20-50" among the sizes makes the column text: a cell that cannot be read would lose the whole row."""
    numbers = Column("Employees", (80, "12", 3.5))
    mixed = Column("Employees", (80, "20-50"))

    assert guess_columns([numbers])[0].type is FieldType.NUMBER
    assert guess_columns([mixed])[0].type is FieldType.TEXT


def test_our_columns_never_take_over_one_of_theirs() -> None:
    """A sheet that has a Stage of its own keeps it: ours gets another name."""
    headers = own_headers(["email", "STAGE"])

    assert headers[Role.STAGE] == "Leadwright stage"
    assert headers[Role.SCORE] == "Score"
