"""Emails made from a form that many share are the same, to the byte, as emails made one by one."""

from __future__ import annotations

import textwrap
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from automations.core.leads import Value
from automations.core.policy import Business
from automations.templates import TemplateSet, read_template
from automations.templates.filling import Stumble, fill_blanks, fill_markdown
from automations.templates.letter import TEXT_WIDTH, wrapped_line, write_letter
from automations.templates.words import FIRST_MARK

BUSINESS = Business("Bergblick Office Coffee", "Lindenstr. 12, 10969 Berlin", ZoneInfo("Europe/Berlin"))
FIELDS = ("{{ a }}", "{{ b }}", "{{ a | upper }}", '{{ b or "there" }}', "{{ n }}", "{% if n > 3 %}many{% endif %}")
STRUCTURE = (
    *(
        " ",
        "\n",
        "\n\n",
        "\n- ",
        "\n1. ",
        "\n> ",
        "\n# ",
        "\n    ",
        "\n\n---\n\n",
        "\\\n",
        "  \n",
        "```\n",
        "\n|-|-|\n",
    ),
    *("**", "*", "_", "`", "[", "]", "](https://shop.example)", "](https://shop.example/?q=", ")", "!", ".", "&", ";"),
    *("&#", "&amp;", "\\", "<", ">", "|", "[Eva]: https://shop.example\n"),
)
WORDS = ("word", "a longer line of words that has to be wrapped somewhere", "ä", "\u00a0", "\ue000", "80", "x" * 70)
CELLS = ("Eva", "80", "x*y", "Müller & Söhne <GmbH>", "https://shop.example", "amp", "a\u00a0b", "\ue001", "7)")
VALUES = st.one_of(st.sampled_from(CELLS), st.text(min_size=1, max_size=30))
PIECES = st.one_of(st.sampled_from(FIELDS), st.sampled_from(STRUCTURE), st.sampled_from(WORDS))


@given(pieces=st.lists(PIECES, min_size=1, max_size=14), a=VALUES, b=VALUES, n=st.integers(0, 120))
@example(pieces=["{{ n }}", ".", " ", "word"], a="Eva", b="Eva", n=4)
@example(pieces=["&", "{{ a }}", ";"], a="amp", b="Eva", n=4)
@example(pieces=["[", "{{ a }}", "](https://shop.example)"], a="https://shop.example", b="Eva", n=4)
@example(pieces=["[", "{{ a }}", "]", "\n\n", "[Eva]: https://shop.example\n"], a="Eva", b="Eva", n=4)
@example(pieces=["[", "word", "](https://shop.example/?q=", "{{ a }}", ")"], a="Müller", b="Eva", n=4)
@example(pieces=["\n- ", "{{ a }}", "\n- ", "{{ b }}", " ", "`", "{{ b }}", "`"], a="Eva", b="a<b>c", n=4)
def test_an_email_from_a_form_is_the_email_made_alone(pieces: list[str], a: str, b: str, n: int) -> None:
    """Whatever a template says and a lead typed: both bodies are the same, byte for byte."""
    source = "".join(pieces)
    values: dict[str, Value] = {"a": a, "b": b, "n": n}
    try:
        alone = fill_markdown(source, values).strip("\n")
    except Stumble:
        return  # What cannot be filled in cannot be compared.
    marked, fields = fill_blanks(source, values)
    markdown = marked.strip("\n")

    shared = write_letter(subject="s", preview="", markdown=markdown, fields=fields, business=BUSINESS, language="en")

    assert shared == write_letter(subject="s", preview="", markdown=alone, business=BUSINESS, language="en")


@pytest.mark.parametrize(
    ("value", "fields"),
    [("Eva", ("Eva",)), ("O'Hara & Co", ("O'Hara & Co",)), ("(Eva)", ()), ("Eva!", ()), ("\ue000", ())],
)
def test_what_could_change_more_than_its_place_is_written_out(value: str, fields: tuple[str, ...]) -> None:
    """A value that begins or ends with a sign may be read as Markdown together with what stands beside it."""
    assert fill_blanks("Hi {{ a }},", {"a": value})[1] == fields


def test_many_leads_share_one_form() -> None:
    """Leads who get the same words but for their own values get them from one form."""
    template = read_template("templates/hello.md", "Subject: Hi\n\nGood morning {{ name }}, how are {{ n }} people?\n")
    emails = TemplateSet({"hello.md": template})
    rows: list[dict[str, Value]] = [{"name": f"Eva {number}", "n": number} for number in range(3)]

    texts = [emails.render("hello.md", row, BUSINESS).text.split("\n")[0] for row in rows]

    assert texts == [f"Good morning Eva {number}, how are {number} people?" for number in range(3)]
    assert fill_blanks("Hi {{ a }}", {"a": "Eva"})[0] == f"Hi {chr(FIRST_MARK)}"


@given(st.text(alphabet="ab -äß\u00a0\u3000\t", max_size=400))
def test_lines_break_where_textwrap_breaks_them(line: str) -> None:
    """The text part is wrapped as the standard library wraps it, only faster."""
    assert wrapped_line(line) == textwrap.fill(line, TEXT_WIDTH, break_long_words=False, break_on_hyphens=False)
