"""Emails in MJML: compiled once, filled in as text for each lead, and said in plain words too."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_enclosures import PNG
from test_mime import BERGBLICK

from automations.core.messages import Rendered
from automations.templates import TemplateProblem, TemplateSet, load_templates, read_template

BODY = """\
<mjml>
  <mj-body>
    <mj-section><mj-column>
      <mj-image src="logo.png" alt="Bergblick" />
      <mj-text>Hi {{ first_name or "there" }}, &amp; welcome.<br/>Your office: {{ company }}</mj-text>
      {% if vip == "yes" %}
      <mj-text>A table is <b>kept</b> for you.</mj-text>
      {% endif %}
      <mj-button href="https://shop.example/for/{{ company | urlencode }}">See prices</mj-button>
      <mj-table><tr><td>Cup</td><td>2</td></tr></mj-table>
    </mj-column></mj-section>
  </mj-body>
</mjml>
"""
EVA = {"first_name": "Eva", "company": 'Muster & <Co> "KG"', "vip": "yes"}


def mjml(body: str = BODY, head: str = "Subject: Hi\nPreview: For {{ company }}") -> TemplateSet:
    """Return an email in MJML."""
    return TemplateSet({"hello.mjml": read_template("templates/hello.mjml", f"{head}\n\n{body}")})


def said(templates: TemplateSet) -> list[str]:
    """Return what check says of it."""
    found = templates.check(["first_name", "company", "vip"])
    return [f"{each.place}: {each.what} | {each.fix}" for each in found]


def test_an_email_in_mjml_has_both_forms_and_the_footer() -> None:
    """What a lead typed is text in the HTML; the plain text has the same words, links and footer."""
    rendered: Rendered = mjml().render("hello.mjml", EVA, BERGBLICK)

    assert said(mjml()) == []
    assert "Hi Eva, &amp; welcome." in rendered.html
    assert "Muster &amp; &lt;Co&gt; &quot;KG&quot;" in rendered.html
    assert 'href="https://shop.example/for/Muster%20%26%20%3CCo%3E%20%22KG%22"' in rendered.html
    assert "For Muster &amp; &lt;Co&gt;" in rendered.html
    assert "fonts.googleapis.com" not in rendered.html
    assert rendered.text == (
        "Bergblick\n\n"
        "Hi Eva, & welcome.\n"
        'Your office: Muster & <Co> "KG"\n\n'
        "A table is kept for you.\n\n"
        "See prices (https://shop.example/for/Muster%20%26%20%3CCo%3E%20%22KG%22)\n\n"
        "Cup 2\n\n"
        "-- \n"
        "Bergblick Office Coffee\n"
        "Lindenstr. 12, 10969 Berlin, Germany\n"
        "Reply 'unsubscribe' and we will not write again.\n"
    )


def test_a_block_for_some_is_for_some() -> None:
    """What stands between two {% %} is in neither form for anybody else."""
    rendered = mjml().render("hello.mjml", {**EVA, "vip": None}, BERGBLICK)

    assert "kept" not in rendered.html + rendered.text


def test_its_images_come_along(tmp_path: Path) -> None:
    """An image of templates/ is carried inside the email, as in Markdown; welcome.de.mjml is its translation."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "logo.png").write_bytes(PNG)
    for name in ("hello.mjml", "hello.de.mjml"):
        (folder / name).write_text(f"Subject: Hi\n\n{BODY}")

    templates, problems = load_templates(folder, ["hello.mjml"])
    rendered = templates.render("hello.de.mjml", EVA, BERGBLICK)

    assert (problems, list(templates.templates)) == ((), ["hello.mjml", "hello.de.mjml"])
    (logo,) = rendered.enclosures
    assert f'src="cid:{logo.cid}"' in rendered.html
    assert ('lang="de"' in rendered.html, "Antworten Sie mit" in rendered.text) == (True, True)


@pytest.mark.parametrize(
    ("wrong", "right", "told"),
    [
        (
            "<mj-txt>A",
            "<mj-text>A",
            "templates/hello.mjml:10:8: an email has no <mj-txt> | Did you mean <mj-text>?",
        ),
        (
            "</mj-column></mj-section>",
            "</mj-section>",
            "templates/hello.mjml:6:5: <mj-column> is not closed | Write </mj-column> where it ends.",
        ),
        (
            'src="https://x.example/a.png"',
            'src="logo.png"',
            (
                "templates/hello.mjml:7:22: an image that is not in the email is hidden by most mail programs, and"
                " tells its server who reads | Put its file into templates/, and write its name."
            ),
        ),
        (
            'href="javascript:alert(1)"',
            'href="https://shop.example/for/{{ company | urlencode }}"',
            (
                'templates/hello.mjml:12:24: "javascript:alert(1)" leads nowhere from an email | '
                "A link in an email starts with https://, mailto: or tel:."
            ),
        ),
        (
            "{{ frist_name }}",
            "{{ company }}",
            (
                "templates/hello.mjml:8:83: this email uses {{ frist_name }}; there is no such field | "
                "Did you mean first_name?"
            ),
        ),
    ],
)
def test_check_says_where_an_email_in_mjml_is_wrong(wrong: str, right: str, told: str) -> None:
    """By line and column, before a lead is read."""
    body = BODY.replace(right, wrong) if wrong != "</mj-column></mj-section>" else BODY.replace(wrong, right)

    assert told in said(mjml(body))


def test_what_is_no_mjml_is_told() -> None:
    """HTML alone is none."""
    assert said(mjml("<p>Hi</p>")) == [
        (
            "templates/hello.mjml:4:1: this email has no <mjml> | "
            "Write  <mjml><mj-body> ... </mj-body></mjml>  below the head."
        )
    ]


def test_an_empty_field_holds_the_lead() -> None:
    """As in Markdown: nobody gets half a sentence."""
    with pytest.raises(TemplateProblem, match='the field "company" is empty'):
        mjml().render("hello.mjml", {**EVA, "company": None}, BERGBLICK)
