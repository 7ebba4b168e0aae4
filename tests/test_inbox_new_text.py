"""What a person wrote now, in the ways mail programs quote, and the day somebody is back."""

from __future__ import annotations

import time
from datetime import date

import pytest

from automations.mail.incoming.absences import back_on
from automations.mail.incoming.html import html_to_text
from automations.mail.incoming.new_text import new_text

HEADINGS = {
    "Gmail, English": "On Mon, Nov 16, 2026 at 9:00 AM Anna Weber <anna@shop.example> wrote:",
    "broken line": "On Mon, Nov 16, 2026 at 9:00 AM Anna Weber <\nanna@shop.example> wrote:",
    "German": "Am Mo., 16. Nov. 2026 um 09:00 Uhr schrieb Anna Weber <anna@shop.example>:",
    "French": "Le lun. 16 nov. 2026 à 09:00, Anna Weber <anna@shop.example> a écrit :",
    "Spanish": "El lun, 16 nov 2026 a las 9:00, Anna Weber (<anna@shop.example>) escribió:",
    "Italian": "Il giorno lun 16 nov 2026 alle ore 09:00 Anna Weber <anna@shop.example> ha scritto:",
    "Portuguese": "Em seg., 16 de nov. de 2026 às 09:00, Anna Weber <anna@shop.example> escreveu:",
    "Dutch": "Op ma 16 nov 2026 om 09:00 schreef Anna Weber <anna@shop.example>:",
    "Polish": "pon., 16 lis 2026 o 09:00 Anna Weber <anna@shop.example> napisał(a):",
    "Japanese": "2026年11月16日(月) 9:00 Anna Weber <anna@shop.example>:",
    "Outlook": "From: Anna Weber <anna@shop.example>\nSent: Monday, 16 November 2026 09:00\nTo: Eva\nSubject: Coffee",
    "Outlook, German": "Von: Anna Weber\nGesendet: Montag, 16. November 2026 09:00\nAn: Eva Muster\nBetreff: Kaffee",
    "Outlook, bold": "*From:* Anna Weber\n*Sent:* Monday, 16 November 2026 09:00\n*To:* Eva Muster",
    "old Outlook": "-----Original Message-----\nFrom: Anna Weber",
    "old Outlook, German": "-----Ursprüngliche Nachricht-----\nVon: Anna Weber",
    "a rule above": "________________________________\nFrom: Anna Weber <anna@shop.example>\nSent: today\nTo: Eva",
}


@pytest.mark.parametrize("heading", HEADINGS)
def test_what_stands_above_a_quotation(heading: str) -> None:
    """The new text ends where a mail program announces what it quotes, in nine languages."""
    assert new_text(f"Yes please!\n\nEva\n\n{HEADINGS[heading]}\n\nWould you like coffee?\n") == "Yes please!\n\nEva"


def test_answers_between_the_lines() -> None:
    """Who answers between the quoted lines is heard; the quoted lines are left out."""
    text = "On Mon, 16 Nov 2026, Anna wrote:\n> How many are you?\n80\n> And when?\nTomorrow\n"

    assert new_text(text) == "80\nTomorrow"


@pytest.mark.parametrize(
    "text",
    [
        "From: now on we order tea.\nThanks",
        "On Monday we wrote a list.\nSee you",
        "We met at 9:00 on the fair: it was good.",
        "To: do\nCoffee for 80",
    ],
    ids=lambda text: text[:20],
)
def test_sentences_that_look_like_headings(text: str) -> None:
    """A sentence with "from:" or "wrote" in it is the writer's own."""
    assert new_text(text) == text


def test_html_quotations() -> None:
    """Of an HTML mail what its program marks as quoted is left out."""
    html = "<html><head><style>p {color: red}</style></head><body><p>Yes&nbsp;please</p><p>Eva</p>{}</body></html>"

    for quoted in (
        '<div class="gmail_quote">On Mon</div>',
        '<blockquote type="cite">x</blockquote>',
        '<hr id="stopSpelling">',
    ):
        assert html_to_text(html.replace("{}", quoted + "old"), until_quote=True) == "Yes please\n\nEva"


@pytest.mark.parametrize(
    "text", ["On a " * 8000, "On a\n" * 8000, "From: x\n" * 8000, "> " * 16000, "<" * 30000, "\n" * 40000, "a@b" * 9000]
)
def test_no_text_is_slow(text: str) -> None:
    """A text made to keep a reader busy is read in a moment."""
    begin = time.process_time()
    new_text(text)
    html_to_text(text)

    assert time.process_time() - begin < 2


RECEIVED = date(2026, 11, 16)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("I am out of the office until 27 November.", date(2026, 11, 28)),
        ("I will be back on Monday, November 30th.", date(2026, 11, 30)),
        ("I am away from 16 November to 20 November 2026 and will return on 23 November 2026.", date(2026, 11, 23)),
        ("Ich bin bis einschließlich 27.11.2026 nicht im Büro.", date(2026, 11, 28)),
        ("Ab dem 30. November bin ich wieder erreichbar.", date(2026, 11, 30)),
        ("Je suis absente jusqu'au 4 décembre inclus.", date(2026, 12, 5)),
        ("Estaré fuera de la oficina hasta el 4 de diciembre.", date(2026, 12, 5)),
        ("Sono in ferie fino al 4 dicembre 2026.", date(2026, 12, 5)),
        ("Estou de férias até 4 de dezembro.", date(2026, 12, 5)),
        ("Ik ben afwezig tot en met 4 december.", date(2026, 12, 5)),
        ("Jestem na urlopie do 4 grudnia.", date(2026, 12, 5)),
        ("12月4日まで休暇をいただいております。", date(2026, 12, 5)),
        ("Out until 2026-12-04", date(2026, 12, 5)),
        ("Back on 5 January.", date(2027, 1, 5)),
        ("I am away until 03/04/2027.", None),
        ("I am away for a while.", None),
        ("Since 1 October we have a new office; I am away.", None),
        ("I am away until 20 November. From 1 March until 15 May 2027 I am away again.", None),
        ("Back on 31 February.", None),
    ],
    ids=lambda value: str(value)[:40],
)
def test_the_day_somebody_is_back(text: str, day: date | None) -> None:
    """The first day back is read where a text says it clearly, and never guessed."""
    assert back_on(text, RECEIVED) == day
