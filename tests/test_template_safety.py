"""Nothing a lead typed is anything but text, and nothing an owner writes breaks more than one email."""

from __future__ import annotations

import re
from datetime import date
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from automations.core.leads import Value
from automations.core.messages import one_line
from automations.core.policy import Business
from automations.templates import TemplateProblem, TemplateSet, read_template

BERGBLICK = Business("Bergblick Office Coffee", "Lindenstr. 12, 10969 Berlin, Germany", ZoneInfo("Europe/Berlin"))


def email_of(body: str, subject: str = "Hi") -> TemplateSet:
    """Return a set with one email, called ``hello``."""
    return TemplateSet({"hello": read_template("templates/hello.md", f"Subject: {subject}\n\n{body}")})


class _Page(HTMLParser):
    """What a browser would make of a page: its tags in order, its links, the text of its paragraphs."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: set[tuple[str, str]] = set()
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= {(name, value or "") for name, value in attrs if name != "style"}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def page_of(html: str) -> _Page:
    """Return a page as a browser reads it."""
    page = _Page()
    page.feed(html)
    page.close()
    return page


EVERYWHERE = (
    "# Hi {{ name }}\n\n{{ name }}\n\n**{{ name }}** {{ name }} "
    "[{{ name }}](https://x.example/?n={{ name | urlencode }})\n\n"
    "- {{ name }}\n\n1. {{ name }}\n\n> {{ name }}\n\n| a |\n|---|\n| {{ name }} |\n\n`{{ name }}`\n\n    {{ name }}\n"
)
HOSTILE = [
    "[x](http://evil.example)",
    "![x](http://evil.example/pixel.png)",
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "https://evil.example <https://evil.example>",
    "# heading",
    "- item",
    "1. item",
    "> quote",
    "**bold** _em_ ~~no~~ `code` ```",
    "a\n\n# b\n\n---\n\n    code",
    "| a | b |",
    "{{ 7 * 7 }} {% if 1 %}x{% endif %} {# no #}",
    "&lt;b&gt; &#42; &amp;amp;",
    "\\*a\\* \\",
    "[x]: http://evil.example",
    "</td></tr></table><h1>",
    '" onclick="x',
    "=\n===",
    "{{ name.__class__.__mro__ }}",
]
PLAIN = "Eva Muster"


@pytest.mark.parametrize("name", HOSTILE)
def test_what_a_lead_typed_stays_text(name: str) -> None:
    """Links, pictures, tags, headings, fields of Jinja's: all of it is shown just as it was typed, in both bodies."""
    templates = email_of(EVERYWHERE, "Hi {{ name }}")

    hostile = templates.render("hello", {"name": name}, BERGBLICK)
    plain = templates.render("hello", {"name": PLAIN}, BERGBLICK)

    page, usual = page_of(hostile.html), page_of(plain.html)
    shown = one_line(name)
    assert hostile.subject == f"Hi {shown}"
    assert page.tags == usual.tags
    assert {name for name, _ in page.attributes} == {name for name, _ in usual.attributes}
    assert [word.replace(PLAIN, shown) for word in usual.words] == page.words
    assert re.sub(r"\s+", " ", hostile.text).count(re.sub(r"\s+", " ", f"Hi {shown}")) == 1


@given(name=st.text(st.one_of(st.characters(), st.sampled_from("[](){}<>&;#*_`~|\\!-+=.:/\"'\n 1")), max_size=60))
@example("a\x00b\ufeff")
@example("\ud800")
def test_no_text_changes_what_an_email_is_made_of(name: str) -> None:
    """Whatever stands in a cell, the page has the same parts, and the cell's words in their places."""
    shown = one_line(name)
    if not shown:
        return
    templates = email_of(EVERYWHERE)

    page = page_of(templates.render("hello", {"name": name}, BERGBLICK).html)
    usual = page_of(templates.render("hello", {"name": PLAIN}, BERGBLICK).html)

    assert page.tags == usual.tags
    assert page.words.count(f"Hi {shown}") == usual.words.count(f"Hi {PLAIN}")


@pytest.mark.parametrize(
    "website", ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd"]
)
def test_a_link_out_of_a_cell_leads_to_the_web_or_nowhere(website: str) -> None:
    """A cell used as a link is only one when it is an ordinary address."""
    body = "[your page]({{ website }})"

    bad = page_of(email_of(body).render("hello", {"website": website}, BERGBLICK).html)
    good = page_of(email_of(body).render("hello", {"website": "https://muster.example"}, BERGBLICK).html)

    assert "a" not in bad.tags
    assert ("href", "https://muster.example") in good.attributes


NAMED = re.compile(r"templates/hello\.md:\d+: \S")


def written(templates: TemplateSet) -> tuple[str, str]:
    """Return the text of an email, or what is wrong with it."""
    values: dict[str, Value] = {"name": "Eva", "count": 3, "day": date(2026, 11, 23), "empty": None}
    try:
        return templates.render("hello", values, BERGBLICK).text, ""
    except TemplateProblem as problem:
        return "", str(problem)


PIECES = st.sampled_from(
    [
        *(
            "{{ ",
            " }}",
            "{% if ",
            " %}",
            "{% else %}",
            "{% endif %}",
            "{% elif ",
            "{# ",
            " #}",
            "{% raw %}",
            "{% endraw %}",
        ),
        *(
            "name",
            "count",
            "day",
            "empty",
            "nobody",
            " | ",
            "upper",
            "truncate(",
            "replace(",
            "date(",
            "default(",
            "int",
        ),
        *("round(", "urlencode", "length", " + ", " * ", " ** ", " % ", " - ", " / ", " ~ ", " in ", " not ", " and "),
        *(
            "(",
            ")",
            "[",
            "]",
            ", ",
            "1",
            "9e99",
            "99999999",
            '"x"',
            " >= ",
            " == ",
            " is ",
            "defined",
            "none",
            "\n",
            "-%}",
        ),
        *("\n\n", "# ", "- ", "> ", "`", "*", "[a](", "https://x.example", ")", "<b>", "| ", "---", "    ", ".", "Hi "),
    ]
)


@given(body=st.lists(PIECES, max_size=25).map("".join))
@example("{{ 1e308 + 1e308 }}")
@example("{{ 9e99 * 9e99 }}")
@example("{{ [1] }}{{ (1, 2) }}{{ [] }}")
@example("{{ name | truncate(9999999999) }}{{ name | default(default) }}")
@example("{% if name %}" * 41 + "{% endif %}" * 41)
@example("{{ " + "not " * 60 + "name }}")
@example("{{ 1 " + "+ 1" * 300 + " }}")
@example("{{ 1 " + "~ 1" * 3000 + " }}")
def test_no_email_of_the_owners_ends_in_a_traceback(body: str) -> None:
    """Whatever is written between the braces: a sentence that holds the lead, or an email."""
    templates = email_of(body)
    known = ("name", "count", "day", "empty")

    found = templates.check(known)
    text, problem = written(templates)

    assert text.endswith("Reply 'unsubscribe' and we will not write again.\n") or re.match(NAMED, problem)
    assert not text or not [each for each in found if "no such field" in each.what]
    assert all(each.place is not None and each.place.line >= 1 for each in found)


def test_one_bad_value_does_not_spoil_the_next_lead() -> None:
    """Nothing of one lead is kept for another."""
    templates = email_of("Hi {{ name }}")

    with pytest.raises(TemplateProblem):
        templates.render("hello", {"name": None}, BERGBLICK)

    assert templates.render("hello", {"name": "Nils"}, BERGBLICK).text.startswith("Hi Nils\n")
