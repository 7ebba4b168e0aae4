"""Emails as the owner writes them: what is found wrong beforehand, and what a lead gets to read."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from automations.core.leads import Columns, Field, Lead, LeadKey, Value
from automations.core.policy import Business, Sender
from automations.core.rules import Qualification
from automations.errors import Place
from automations.templates import (
    EXTRA_NAMES,
    FILTERS,
    TemplateProblem,
    TemplateSet,
    check_line,
    load_templates,
    read_template,
    render_line,
    values_for,
)

BERGBLICK = Business("Bergblick Office Coffee", "Lindenstr. 12, 10969 Berlin, Germany", ZoneInfo("Europe/Berlin"))
FIELDS = ("email", "name", "company", "phone", "country", "employees", "source", "asked_on", "message", "owner")
OURS = "business_address, business_name, greeting, score, segment, sender_address, sender_name, stage, today"
EVA: dict[str, Value] = {
    "email": "eva@muster.example",
    "first_name": "Eva",
    "company": "Muster AG",
    "phone": None,
    "employees": 80.0,
    "asked_on": date(2026, 11, 16),
    "message": "Angebot bitte",
    "segment": "hot",
    "is_customer": False,
}


def email_of(text: str) -> TemplateSet:
    """Return a set with one email, called ``hello``."""
    return TemplateSet({"hello": read_template("templates/hello.md", text)})


def problems(text: str, fields: tuple[str, ...] = FIELDS) -> list[tuple[str, str, str]]:
    """Return where, what and fix of everything that is wrong with an email."""
    return [(each.where, each.what, each.fix) for each in email_of(text).check(fields)]


def body_problems(body: str) -> list[tuple[str, str, str]]:
    """Return what is wrong with the body of an email that has a subject; line 1 is the body's first."""
    found = email_of(f"Subject: Hi\n\n{body}").check(FIELDS)
    return [(f"{each.place.line - 2}:{each.place.column}", each.what, each.fix) for each in found if each.place]


def text_of(body: str, **values: Value) -> str:
    """Return the text an email with this body has for Eva, without the footer."""
    rendered = email_of(f"Subject: Hi\n\n{body}").render("hello", EVA | values, BERGBLICK)
    return rendered.text.partition("\n\n-- \n")[0]


def html_of(body: str, **values: Value) -> str:
    """Return the HTML an email with this body has for Eva, without what is around it."""
    html = email_of(f"Subject: Hi\n\n{body}").render("hello", EVA | values, BERGBLICK).html
    return html.partition('overflow-wrap: anywhere;">\n')[2].partition("\n</td>")[0]


def held(body: str, **values: Value) -> str:
    """Return why an email with this body cannot be written for Eva."""
    with pytest.raises(TemplateProblem) as caught:
        email_of(f"Subject: Hi\n\n{body}").render("hello", EVA | values, BERGBLICK)
    return str(caught.value)


def test_an_unknown_field_is_named_with_line_column_and_the_right_spelling() -> None:
    """Before a lead is read, every field that is not there is found, in the order of the file."""
    text = "Subject: Coffee for {{ compny }}\n\nHi {{ frist_name }},\nfrist_name {% if segmnt == 'hot' %}x{% endif %}\n"

    found = email_of(text).check(FIELDS)

    assert [(each.where, each.what, each.fix) for each in found] == [
        ("templates/hello.md:1:24", "this email uses {{ compny }}; there is no such field", "Did you mean company?"),
        (
            "templates/hello.md:3:7",
            "this email uses {{ frist_name }}; there is no such field",
            "Did you mean first_name?",
        ),
        ("templates/hello.md:4:18", "this email uses {{ segmnt }}; there is no such field", "Did you mean segment?"),
    ]
    assert found[1].place == Place("templates/hello.md", 3, 7, 10, "Hi {{ frist_name }},")


def test_a_field_is_underlined_where_it_stands() -> None:
    """The second of two equal mistakes on a line is the second place, and words outside of braces are none."""
    assert [where for where, _, _ in body_problems("nme: {{ nme }} and {{ nme }}")] == ["1:9", "1:23"]


def test_a_far_off_name_is_answered_with_what_there_is() -> None:
    """Where no spelling is near, the fields are listed."""
    assert problems("Subject: Hi\n\n{{ zzz }}\n", ("email",)) == [
        (
            "templates/hello.md:3:4",
            "this email uses {{ zzz }}; there is no such field",
            f"Fields: {OURS.replace('greeting', 'email, greeting')}.",
        )
    ]


def test_a_first_name_needs_a_name() -> None:
    """What is taken out of the field name cannot be had without it; a field of its own will do."""
    text = "Subject: Hi\n\n{{ first_name }}\n"

    assert problems(text, ("email",)) == [
        (
            "templates/hello.md:3:4",
            "this email uses {{ first_name }}; there is no such field",
            "It is taken from a field called name: add  name: Your header  under columns:, or add first_name there.",
        )
    ]
    assert problems(text, ("email", "first_name")) == []
    assert problems(text, ("email", "name")) == []


NOT_IN_AN_EMAIL = [
    (
        "{{ lead.first_name }}",
        "1:9",
        '".first_name" cannot be used here',
        "Only plain fields can be used: {{ first_name }}.",
    ),
    ("{{ name['x'] }}", "1:1", "[ ] cannot be used here", "Only plain fields can be used."),
    ("{{ name.upper() }}", "1:9", '"upper(...)" cannot be used here', "Write it as a filter: | upper."),
    ("{{ range(9) }}", "1:4", '"range(...)" cannot be used here', "Only plain fields and filters can be used."),
    (
        "{% for x in name %}{{ x }}{% endfor %}",
        "1:4",
        "{% for %} cannot be used in an email",
        "Only {% if %}, {% elif %}, {% else %} and {% endif %} can.",
    ),
    (
        "a\n{% set x = 1 %}",
        "2:4",
        "{% set %} cannot be used in an email",
        "Only {% if %}, {% elif %}, {% else %} and {% endif %} can.",
    ),
    ("{{ name | uper }}", "1:11", 'there is no filter "uper"', "Did you mean upper?"),
    ("{{ name | safe }}", "1:11", 'there is no filter "safe"', f"Filters: {', '.join(FILTERS)}."),
    ("{% if name is defnied %}x{% endif %}", "1:15", 'there is no test "is defnied"', "Did you mean defined?"),
    (
        "{% iff name %}",
        "1:4",
        "there is no {% iff %}",
        "An email may use {% if %}, {% elif %}, {% else %} and {% endif %}.",
    ),
    ("{% if name %}Hi", "1:4", "{% if %} is opened, but never closed", "Write {% endif %} where it ends."),
    ("Hi {{ name", "1:1", '"{{" or "{%" is opened, but never closed', 'Close it by "}}" or "%}".'),
    ("Hi {# name", "1:1", '"{#" is opened, but never closed', 'Close it by "#}".'),
    (
        "Hi {{ first name }}",
        "1:13",
        '"name" does not fit between the braces here',
        "Between {{ and }} stands one field: {{ company }}.",
    ),
    (
        "Hi {{ }}",
        "1:1",
        "what stands between the braces cannot be read",
        "Between {{ and }} stands one field: {{ company }}.",
    ),
    ("{{ " + "(" * 9999 + " }}", "-1:1", "something is nested more than 40 deep", "Make it simpler."),
    (
        "a <b>word</b>",
        "1:3",
        "HTML would be shown as it stands",
        "Write Markdown: **bold**, *italic*, [text](https://...), an empty line between paragraphs.",
    ),
    (
        "[book](www.x.example)",
        "1:8",
        '"www.x.example" leads nowhere from an email',
        "A link in an email starts with https://, mailto: or tel:.",
    ),
]


@pytest.mark.parametrize(
    ("body", "where", "what", "fix"), NOT_IN_AN_EMAIL, ids=[row[0][:30] for row in NOT_IN_AN_EMAIL]
)
def test_what_cannot_be_used_is_said_in_a_sentence(body: str, where: str, what: str, fix: str) -> None:
    """No word of Jinja's reaches the owner, only where, what and what to do; and such an email is never rendered."""
    assert body_problems(body)[0] == (where, what, fix)
    if "<b>" not in body and "www" not in body:
        assert held(body).startswith("templates/hello.md:")


def test_a_good_email_passes() -> None:
    """What an email may use, all in one."""
    body = (
        'Hi {{ first_name or "there" }}{# a note #},\n\n'
        '{% if employees >= 20 and source in ["Website", "Referral"] %}\n'
        "**{{ employees * 2 }}** cups, {{ message | truncate(40) | lower }}\n{% elif not phone %}\nx\n{% else %}\ny\n"
        "{% endif %}\n[book](https://x.example/?c={{ company | urlencode }}) <https://x.example> <anna@x.example>\n"
        '{{ asked_on | date("%d.%m.%Y") }} {{ "a" if stage is defined else "b" }} {{ name ~ "!" }} 1 < 2\n'
    )

    assert body_problems(body) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Hi Eva\n",
            [("templates/hello.md:1:1", "this email has no subject", "Write  Subject: ...  on its first line.")],
        ),
        (
            "Subject:\n\nHi\n",
            [("templates/hello.md:1:1", "this email has no subject", "Write  Subject: ...  on its first line.")],
        ),
        (
            "Subjekt: Hi\n\nHi\n",
            [
                ("templates/hello.md:1:1", 'there is no head line "Subjekt:"', "Did you mean Subject?"),
                ("templates/hello.md:1:1", "this email has no subject", "Write  Subject: ...  on its first line."),
            ],
        ),
        (
            "Subject: Hi\nLanguage: tlh\n\nHi\n",
            [
                (
                    "templates/hello.md:2:11",
                    'there is no footer in the language "tlh"',
                    "Languages: en, de, es, fr, it, nl.",
                )
            ],
        ),
        (
            "Subject: Hi\nHi Eva\n",
            [
                (
                    "templates/hello.md:2:1",
                    "an empty line is missing above this one",
                    "Put an empty line between the head and the email.",
                )
            ],
        ),
        (
            "Subject: Hi\n\n{# nothing yet #}\n",
            [("templates/hello.md:3:1", "this email says nothing", "Write it below the head, after an empty line.")],
        ),
        (
            "",
            [
                ("templates/hello.md:1:1", "this email has no subject", "Write  Subject: ...  on its first line."),
                ("templates/hello.md:1:1", "this email says nothing", "Write it below the head, after an empty line."),
            ],
        ),
    ],
    ids=["no-head", "empty-subject", "misspelt", "language", "no-empty-line", "no-body", "empty-file"],
)
def test_the_head_of_an_email(text: str, expected: list[tuple[str, str, str]]) -> None:
    """A subject has to be there, and an email below it."""
    assert problems(text) == expected


def test_windows_line_ends_and_a_byte_order_mark_are_no_matter(tmp_path: Path) -> None:
    """An email written in Notepad is an email."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "hello.md").write_bytes(
        b"\xef\xbb\xbfsubject: Hi {{ company }}\r\nPreview: News\r\n\r\nHi\r\n\r\nBye\r\n"
    )

    templates, found = load_templates(folder, ["hello.md"])
    rendered = templates.render("hello.md", EVA, BERGBLICK)

    assert (found, templates.check(FIELDS, answers={"welcome-2.md"})) == ((), ())
    assert (rendered.subject, rendered.text.partition("\n\n-- ")[0]) == ("Hi Muster AG", "Hi\n\nBye")


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """Each by itself, with what to do; the others are read."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "welcome-1.md").write_text("Subject: Hi\n\nHi\n")
    (folder / "latin.md").write_bytes("Subject: Käse\n\nHi\n".encode("latin-1"))
    (folder / "huge.md").write_bytes(b"x" * 100_001)
    (folder / "folder.md").mkdir()

    names = ["welcome-1.md", "welcom-1.md", "zzz.md", "latin.md", "huge.md", "folder.md", "../x.md", "/etc/passwd"]
    templates, found = load_templates(folder, names)

    assert list(templates.templates) == ["welcome-1.md"]
    assert [(each.where, each.what, each.fix) for each in found] == [
        ("templates/welcom-1.md", "there is no such file", "Did you mean welcome-1.md?"),
        ("templates/zzz.md", "there is no such file", "Make it, or mend its name."),
        ("templates/latin.md", "this file is not UTF-8 text", "Save it as UTF-8 in your editor."),
        ("templates/huge.md", "this file is larger than 100000 bytes", "An email is a page or two."),
        ("templates/folder.md", "this file cannot be read: Is a directory", ""),
        ("templates/../x.md", "an email stands inside templates/", "Move it there, and give its name only."),
        ("templates//etc/passwd", "an email stands inside templates/", "Move it there, and give its name only."),
    ]


def test_an_empty_cell_is_never_printed() -> None:
    """No email begins with "Hi ,": the lead is held, and the field and the line are named."""
    assert held("Hello\n\nCall {{ phone }}") == (
        'templates/hello.md:5: the field "phone" is empty; say what to write then: {{ phone or "..." }}'
    )


@pytest.mark.parametrize(
    "expression",
    ["phone", "phone ~ '!'", "phone | upper", "phone + 1", "phone * 2", "-phone", "'a' | replace('a', phone)"],
)
def test_nothing_is_made_of_an_empty_cell(expression: str) -> None:
    """Neither filters nor arithmetic turn nothing into something."""
    assert 'the field "phone" is empty' in held(f"{{{{ {expression} }}}}")


@pytest.mark.parametrize("cell", ["", "  ", "\n", "\u202e\x07"], ids=repr)
def test_a_cell_that_prints_nothing_is_empty(cell: str) -> None:
    """Spaces and marks that nobody sees are no name."""
    assert text_of('Hi {{ phone or "there" }}', phone=cell) == "Hi there"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ('{{ phone or "none" }}', "none"),
        ('{{ phone | default("none") }}', "none"),
        ("{% if phone %}a{% else %}b{% endif %}", "b"),
        ("{% if phone >= 20 or phone < 20 %}a{% else %}b{% endif %}", "b"),
        ("{% if 20 <= phone %}a{% else %}b{% endif %}", "b"),
        ('{% if phone == "" and phone is none and phone is not defined %}a{% endif %}', "a"),
        ('{% if "1" in phone %}a{% else %}b{% endif %}', "b"),
        ('{% if phone != "x" %}a{% endif %}', "a"),
        ("{{ phone | length }}", "0"),
        ('x{{ " (" ~ phone ~ ")" if phone }}', "x"),
    ],
)
def test_an_empty_cell_can_be_asked_about(body: str, text: str) -> None:
    """It is false, equal to nothing, and neither larger nor smaller than anything, as in the rules."""
    assert text_of(body) == text


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("{{ employees }} people", "80 people"),
        ("{{ employees / 3 }}", "26.6666666666667"),
        ("{{ employees * 1.1 | round(1) }}", "88"),
        ("{{ asked_on }}", "16 Nov 2026"),
        ('{{ asked_on | date("%d.%m.%y") }}', "16.11.26"),
        ("{{ asked_on | date }}", "16 Nov 2026"),
        ("{{ is_customer }}", "no"),
        ('{{ company | replace("AG", "Group") | upper }}', "MUSTER GROUP"),
        ("{{ 100000000000000000000.0 }}", "100000000000000000000"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        ("{{ company ~ 5 }}", "Muster AG5"),
    ],
)
def test_values_are_written_as_people_write_them(body: str, text: str) -> None:
    """80, not 80.0; a day with the name of its month; yes and no."""
    assert text_of(body) == text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{{ company + 1 }}", "a number, a date and a text cannot be compared or counted together"),
        ("{{ company >= 20 }}", "a number, a date and a text cannot be compared or counted together"),
        ("{{ employees / (employees - 80) }}", "a number is divided by zero"),
        ("{{ 'a' * 100000000 }}", '"*" works on numbers up to 15 digits only'),
        ("{{ [1] * 100000000 }}", '"*" works on numbers up to 15 digits only'),
        ("{{ 9 ** 9 ** 9 ** 9 }}", '"**" works on numbers up to 15 digits only'),
        ("{{ 9 ** 65 }}", '"**" goes up to 64 only'),
        ("{{ '%999999999d' % 1 }}", '"%" works on numbers up to 15 digits only'),
        ("{{ 1e308 * 10 }}", '"*" works on numbers up to 15 digits only'),
        ("{{ 1e308 + 1e308 }}", "this cannot be worked out with the lead's values"),
        ("{{ company | truncate(1) }}", '"truncate" cannot be used like this with this value'),
        ("{{ company | date }}", '"date" works on dates only; is the column\'s type date?'),
        ('{{ asked_on | date("%s") }}', '"date" takes a short pattern of %d %m %y %Y %a %A %b %B: "%d.%m.%Y"'),
        ("{{ message | replace('', company) }}", '"replace" needs to know what to replace'),
        ("{{ message" + " | replace('t', 'tttttttttttttttttttttt')" * 12 + " }}", '"replace" makes a text longer than'),
        ("{{ 'ü'" + " | urlencode" * 39 + " }}", "something is nested more than 40 deep"),
        ("{{ message ~ message }}" * 30, "the email is longer than 200000 characters"),
        ("{% if phone %}Hi{% endif %}", "nothing is left to say to this lead"),
    ],
)
def test_an_email_that_cannot_be_worked_out_holds_its_lead(body: str, said: str) -> None:
    """With a sentence, quickly, and without taking the machine's memory."""
    assert said in held(body, message="ein Angebot bitte " * 300)


def test_a_link_that_a_value_would_tear_holds_its_lead() -> None:
    """A name with a space in the address of a link would show the raw Markdown to the lead."""
    body = "Book here:\n\n[a date](https://shop.example/{{ name }})"

    said = held(body, name="Eva Muster")

    assert said.endswith("a value with a space tears the link; write it in the link like  {{ name | urlencode }}")
    assert "https://shop.example/Eva" in html_of(body, name="Eva")
    assert "https://shop.example/Eva%20Muster" in html_of(body.replace("name", "name | urlencode"), name="Eva Muster")


def test_a_long_subject_is_refused() -> None:
    """A cell of five thousand letters does not become a subject; nor does nothing."""
    templates = email_of("Subject: {{ company if company != 'Muster AG' }}\n\nHi\n")

    with pytest.raises(
        TemplateProblem, match=r"^templates/hello\.md:1: the subject has 5000 characters; it may have 1 to"
    ):
        templates.render("hello", {"company": "x" * 5000}, BERGBLICK)
    with pytest.raises(TemplateProblem, match="the subject has 0 characters"):
        templates.render("hello", {"company": "Muster AG"}, BERGBLICK)


def test_lines_with_braces_only_leave_no_gap() -> None:
    """A condition in the middle of a paragraph does not tear it apart."""
    assert text_of("one\n{% if segment == 'hot' %}\ntwo\n{% endif %}\nthree") == "one two three"


def test_markdown_becomes_text_that_reads_well() -> None:
    """Every kind of Markdown, as somebody without HTML reads it."""
    body = (
        "# Coffee\n\nA line that goes on until it has to be broken, because no line of an email is longer than that,\n"
        "with a [link](https://x.example/a) and <https://x.example/b> and <anna@x.example>.\n\n"
        "- **one**\n- *two*\n  1. a\n  2. b\n\n4. four\n5. five\n\n> said\n> somebody\n\n---\n\n"
        "| cup | cents |\n|---|---|\n| small | 20 |\n\n    code {{ company }}\n\n"
        "`{{ message }}` ![a cup](https://x.example/c.png)\n\nBye,\\\nAnna\n"
    )

    assert text_of(body) == (
        "Coffee\n\n"
        "A line that goes on until it has to be broken, because no line of an\n"
        "email is longer than that, with a link (https://x.example/a) and\n"
        "https://x.example/b and anna@x.example.\n\n"
        "- one\n- two\n  1. a\n  2. b\n\n4. four\n5. five\n\n> said somebody\n\n------------------------\n\n"
        "cup | cents\nsmall | 20\n\n    code Muster AG\n\nAngebot bitte a cup\n\nBye,\nAnna"
    )


def test_the_html_is_a_small_whole_page() -> None:
    """With language, title, preview, styles inlined, and nothing loaded from anywhere."""
    text = (
        "Subject: Hi {{ company }}\nPreview: For {{ first_name }}\nLanguage: de\n\nHallo, [hier](https://x.example/a)\n"
    )

    html = email_of(text).render("hello", EVA | {"company": "A & <b>"}, BERGBLICK).html

    assert html.startswith('<!DOCTYPE html>\n<html lang="de">\n')
    assert "<title>Hi A &amp; &lt;b&gt;</title>" in html
    assert 'mso-hide: all;">For Eva&#8199;' in html
    assert '<a href="https://x.example/a" style="color: #0b57d0;text-decoration: underline;">hier</a>' in html
    assert "Antworten Sie mit 'Abmelden', und wir schreiben Ihnen nicht mehr." in html
    assert "src=" not in html
    assert "url(" not in html
    assert len(html) < 4_000


def test_a_task_is_one_line() -> None:
    """The text of a task is checked and written like an email."""
    text = "Call {{ name }} on {{ phone }}"
    place = Place("config.yaml", 95, 15, len(text), f"      - task: {text}")

    assert render_line(text, {"name": "Eva\nMuster", "phone": "+49 30 1"}) == "Call Eva Muster on +49 30 1"
    assert check_line(text, ("name", "phone"), place) == ()
    assert [(each.where, each.what, each.fix) for each in check_line(text, ("name",), place)] == [
        (
            "config.yaml:95:15",
            "this email uses {{ phone }}; there is no such field",
            f"Fields: {OURS.replace('greeting, ', 'first_name, greeting, last_name, name, ')}.",
        )
    ]
    with pytest.raises(TemplateProblem, match=r'^config\.yaml:95: the field "phone" is empty'):
        render_line(text, {"name": "Eva", "phone": None}, "config.yaml:95")


def lead_values(**cells: Value) -> dict[str, Value]:
    """Return what an email to a lead with these cells can use."""
    columns = Columns(tuple(Field(name, name) for name in cells), key="email", email="email")
    lead = Lead(LeadKey("eva@muster.example"), 2, tuple(cells.values()))
    sender = Sender("anna", "Anna Weber", "anna@bergblick.example")
    values = values_for(
        lead,
        columns=columns,
        qualification=Qualification(80, "hot", "New"),
        business=BERGBLICK,
        sender=sender,
        today=date(2026, 11, 23),
    )
    assert len(values) == len(list(values))
    return dict(values)


def test_an_email_can_use_fields_and_a_little_more() -> None:
    """The lead's cells, and the names that are documented, each with its meaning."""
    assert lead_values(email="eva@muster.example", name="Dr. Eva Muster") == {
        "email": "eva@muster.example",
        "name": "Dr. Eva Muster",
        "first_name": "Eva",
        "last_name": "Muster",
        "greeting": "Hi Eva",
        "business_name": "Bergblick Office Coffee",
        "business_address": "Lindenstr. 12, 10969 Berlin, Germany",
        "sender_name": "Anna Weber",
        "sender_address": "anna@bergblick.example",
        "signature": None,
        "score": 80,
        "segment": "hot",
        "stage": "New",
        "today": date(2026, 11, 23),
    }
    assert set(EXTRA_NAMES) < set(lead_values(email="x", name="y"))


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("Eva Muster", "Eva", "Muster"),
        ("MUSTER, EVA", "Eva", "Muster"),
        ("eva muster", "Eva", "Muster"),
        ("Prof. Dr. Eva Muster", "Eva", "Muster"),
        ("Mr. Smith", "", "Smith"),
        ("Anna-Lena von der Heide", "Anna-Lena", "von der Heide"),
        (None, None, None),
    ],
)
def test_a_first_name_is_taken_from_the_name(name: str | None, first: str | None, last: str | None) -> None:
    """Without titles, in the order people write; nothing from nothing."""
    values = lead_values(email="x", name=name)

    assert (values["first_name"], values["last_name"]) == (first, last)


def test_a_first_name_of_its_own_comes_first() -> None:
    """What the sheet says is not guessed."""
    values = lead_values(email="x", name="Eva Muster", first_name="Evi")

    assert (values["first_name"], values["last_name"]) == ("Evi", "Muster")


SAMPLE = Path(__file__).parent.parent / "templates"


@pytest.mark.parametrize("cells", ["full", "empty"])
def test_the_sample_emails_suit_every_lead(cells: str) -> None:
    """With every cell filled and with every cell but the address empty, all four can be written."""
    names = ["welcome-1.md", "welcome-2.md", "newsletter-hello.md", "newsletter-tips.md"]
    full: dict[str, Value] = {
        "email": "eva@muster.example",
        "name": "Eva Muster",
        "company": "Muster AG",
        "phone": "+49 30 1",
        "country": "Germany",
        "employees": 80.0,
        "source": "Referral",
        "asked_on": date(2026, 11, 16),
        "message": "Angebot bitte",
        "owner": "Anna",
    }
    values = lead_values(**(full if cells == "full" else dict.fromkeys(full) | {"email": "eva@muster.example"}))

    templates, found = load_templates(SAMPLE, names)
    rendered = [templates.render(name, values, BERGBLICK) for name in names]

    assert (found, templates.check(FIELDS, answers={"welcome-2.md"})) == ((), ())
    assert [each.subject for each in rendered] == (
        [
            "Coffee for 80 people at Muster AG?",
            "",
            "One good cup, once a month",
            "Why the second cup tastes worse than the first",
        ]
        if cells == "full"
        else [
            "Coffee for your office?",
            "",
            "One good cup, once a month",
            "Why the second cup tastes worse than the first",
        ]
    )
