"""The sample that `init` makes: a workbook of twelve leads, rules, emails and a place for passwords."""

# ruff: noqa: RUF001 - people are called what they are called, in every script

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

from automations.errors import OutOfReach

WORKBOOK = "leads.xlsx"
ENV_TEXT = """\
# Passwords go here, one on each line, and nowhere else:  ANNA_PASSWORD=...
# config.yaml then says  password: $ANNA_PASSWORD
# This file is for your eyes only. It is kept out of git by .gitignore.
"""
GITIGNORE_TEXT = """\
# Secrets, leads, and what Leadwright keeps for itself
.env
google-key.json
.leadwright/
outbox/
*.xlsx
*.csv
~$*
"""

HEADERS = (
    "Email",
    "Full name",
    "Company",
    "Phone",
    "Country",
    "Office size",
    "Source",
    "Asked on",
    "Message",
    "Owner",
    "Score",
    "Segment",
    "Stage",
    "Next step",
    "Why",
    "Email status",
)

# Asked so many days ago, so that the sample is fresh whenever it is made. Addresses end in .example: nobody has them.
_LEADS: tuple[tuple[str, str, str, str, str, int | None, str, int, str, str], ...] = (
    ("eva@muster.example", "Eva Muster", "Muster AG", "+49 30 23125 101", "Germany", 80, "Referral", 7,
     "Angebot bitte, wir sind 80 Leute", "Anna"),
    ("martin.huber@huber-bau.example", "Martin Huber", "Huber Bau", "+43 1 5550 102", "Austria", 22, "Website", 12,
     "Please send an offer for two machines", "Anna"),
    ("zoe@harbour.example", "Zoë O'Brien", "Harbour Design", "+353 1 555 0103", "Ireland", 25, "Website", 2,
     "What is the price for 25 people?", "Jonas"),
    ("o.kovalenko@dnipro-soft.example", "Олена Коваленко", "Dnipro Soft", "+380 44 555 0104", "Ukraine", 55, "Referral",
     10, "Tom at Harbour told us about you", "Jonas"),
    ("yamada@yamada-trading.example", "山田 太郎", "山田商店", "+65 5550 0105", "Singapore", 35, "Trade fair", 3,
     "Nice to meet you in Cologne", "Anna"),
    ("lukasz@zak-logistyka.example", "Łukasz Żak", "Żak Logistyka", "+48 22 555 0106", "Poland", 140, "Trade fair", 40,
     "", "Jonas"),
    ("anneke@devries.example", "Anneke de Vries", "De Vries & Zoon", "+31 20 555 0107", "Netherlands", 8, "Referral", 5,
     "A friend of mine drinks your coffee", "Jonas"),
    ("fatma@yilmaz-mimarlik.example", "Fatma Yılmaz", "Yılmaz Mimarlık", "+90 212 555 0108", "Türkiye", 18, "Website",
     1, "Can we get a quote?", "Anna"),
    ("priya@nair-textiles.example", "प्रिया नायर", "Nair Textiles", "+91 22 5550 0109", "India", 300, "Cold list", 60,
     "", "Anna"),
    ("tom@reich.example", "Tom Reich", "Reich KG", "+49 40 66969 110", "Germany", 4, "Website", 30,
     "Just looking around", "Jonas"),
    ("jose@cafe-alvarez.example", "José Álvarez", "Café Álvarez", "+34 91 555 0111", "Spain", 12, "Website", 20,
     "¿Entregan en Madrid?", "Anna"),
    ("nikos@aegean-tours.example", "Νίκος Παπαδόπουλος", "Aegean Tours", "+30 21 5550 0112", "Greece", None,
     "Cold list", 90, "", "Jonas"),
)  # fmt: skip


def sample_folder() -> Path:
    """Return where the sample's config.yaml and templates/ stand: in the package, else at the top of a checkout.

    Raises OutOfReach when neither is there: the installation is not whole.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "sample", package.parent):
        if (folder / "config.yaml").is_file() and (folder / "templates").is_dir():
            return folder
    raise OutOfReach("the sample is missing from this installation", fix="install Leadwright again")


def sample_templates(folder: Path) -> Mapping[str, str]:
    """Return the sample's emails, by their path below templates/."""
    root = folder / "templates"
    return {path.relative_to(root).as_posix(): path.read_text("utf-8") for path in sorted(root.rglob("*.md"))}


def personal(config: str, business: str, address: str) -> str:
    """Return the sample's config.yaml with the owner's business name and email address, where they were given."""
    lines = config.splitlines(keepends=True)
    named = False
    for number, line in enumerate(lines):
        if business and not named and line.startswith("  name:"):
            lines[number] = f"  name: {yaml_text(business)}\n"
            named = True
        elif address and line.lstrip().startswith("from:") and "<" in line:
            start, _, rest = line.partition("<")
            lines[number] = f"{start}<{address}>{rest.partition('>')[2]}"
        elif address and line.startswith("  problem:"):
            lines[number] = f"  problem: {address}\n"
    return "".join(lines)


def yaml_text(text: str) -> str:
    r"""Return a text as it stands in config.yaml, a JSON string: nothing in it means anything to YAML.

    >>> yaml_text('Bob "the" Baker: bread')
    '"Bob \\"the\\" Baker: bread"'
    """
    return json.dumps(text, ensure_ascii=False)


def write_workbook(path: Path, today: date) -> None:
    """Write the twelve sample leads."""
    from openpyxl import Workbook  # noqa: PLC0415 - 300 ms that only init needs
    from openpyxl.styles import Font  # noqa: PLC0415
    from openpyxl.worksheet.worksheet import Worksheet  # noqa: PLC0415

    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)  # noqa: S101 - a new workbook has one
    sheet.title = "Leads"
    sheet.append(HEADERS)
    for row in _rows(today):
        sheet.append(row)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for letter, width in zip("ABCDEFGHIJKLMNOP", _WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    for (cell,) in sheet["H2:H13"]:
        cell.number_format = "yyyy-mm-dd"
    sheet.freeze_panes = "A2"
    book.save(path)
    book.close()


_WIDTHS = (32, 22, 18, 18, 13, 11, 12, 12, 36, 9, 8, 10, 12, 28, 36, 26)


def _rows(today: date) -> Sequence[tuple[str | int | date | None, ...]]:
    return [
        (*lead[:7], today - timedelta(days=lead[7]), lead[8] or None, lead[9], None, None, "New") for lead in _LEADS
    ]
