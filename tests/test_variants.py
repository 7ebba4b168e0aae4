"""Several texts of one email: variants that split evenly and for good, languages, greetings, segments, tagged links."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from good_config import GOOD, SECRETS, write_shop
from hypothesis import given
from hypothesis import strategies as st
from test_commands import Answer, say  # noqa: F401 - say is a fixture

from automations.config import load_config, read_config
from automations.core.leads import LeadKey
from automations.core.links import LinkTag
from automations.core.policy import Business, LinkTags
from automations.core.variants import variant_of
from automations.ledger.sqlite import open_ledger
from automations.project import read_project
from automations.templates import LeadValues, TemplateSet, load_templates, read_template

SHOP = Business("Shop", "Street 1, Berlin", ZoneInfo("Europe/Berlin"))
LEADS = [LeadKey(f"lead{number}@muster.example") for number in range(2000)]


def set_of(**texts: str) -> TemplateSet:
    """Return emails by name; a double underscore stands for the period before a language."""
    names = {name.replace("__", ".") + ".md": text for name, text in texts.items()}
    return TemplateSet({name: read_template(f"templates/{name}", text) for name, text in names.items()})


# --- variants


def test_variants_are_split_evenly() -> None:
    """Of two thousand leads about half get each of two texts, about a third each of three."""
    two = Counter(variant_of("welcome-1", key, 2) for key in LEADS)
    three = Counter(variant_of("welcome-1", key, 3) for key in LEADS)

    assert all(900 < two[number] < 1100 for number in range(2))
    assert all(570 < three[number] < 770 for number in range(3))


@given(st.text(min_size=1), st.text(min_size=1), st.integers(1, 25))
def test_one_more_variant_moves_leads_only_to_itself(step: str, key: str, count: int) -> None:
    """A third text takes its share; whoever does not get it keeps what they had."""
    before, after = (variant_of(step, LeadKey(key), number) for number in (count, count + 1))

    assert after in {before, count}


def test_two_steps_do_not_split_alike() -> None:
    """Whoever got A of the first email gets A or B of the second, so that each is measured by itself."""
    same = sum(variant_of("one", key, 2) == variant_of("two", key, 2) for key in LEADS)

    assert 900 < same < 1100


def test_a_step_may_name_several_emails(tmp_path: Path) -> None:
    """`email: [a.md, b.md]` is one step with two texts, known by the first one's name."""
    step = (
        load_config(
            write_shop(
                tmp_path,
                GOOD.replace("- email: hello.md", "- email: [hello.md, again.md]").replace(
                    "- email: again.md", "- email: hello.md\n        name: again"
                ),
            ),
            SECRETS,
        )
        .policy.sequences[0]
        .steps[0]
    )

    assert (step.name, step.templates) == ("hello", ("hello.md", "again.md"))


@pytest.mark.parametrize(
    ("wrong", "place", "what"),
    [
        ("- email: [hello.md, nowhere.md]", "69:27", 'there is no email "nowhere.md" in templates/'),
        ("- email: [hello.md, hello.md]", "69:27", '"hello.md" stands here twice'),
        ("- email: []", "69:16", "the list of templates is empty"),
    ],
)
def test_a_wrong_list_of_variants_is_named(wrong: str, place: str, what: str, tmp_path: Path) -> None:
    """The variant that is wrong is underlined, not the list."""
    _, problems, _ = read_config(write_shop(tmp_path, GOOD.replace("- email: hello.md", wrong)), SECRETS)

    found = [(each.place, each.what.partition(": ")[2]) for each in problems]
    assert [(f"{at.line}:{at.column}", said) for at, said in found if at] == [(place, what)]


def test_an_email_may_have_several_subjects() -> None:
    """Subject-B is a second text of the same email; files and subjects multiply."""
    emails = set_of(a="Subject: One\nSubject-B: Two\n\nHello", b="Subject: Three\n\nHello")

    assert emails.check(()) == ()
    assert emails.texts(("a.md", "b.md")) == (("a.md", "Subject"), ("a.md", "Subject-B"), ("b.md", "Subject"))
    assert emails.render("a.md", {}, SHOP, subject_line="Subject-B").subject == "Two"


def test_the_variant_is_on_record(say: Answer, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    """What each lead got stands in the ledger, so that answers can be counted by it."""
    hello = tmp_path / "templates/welcome-1.md"
    hello.write_text(hello.read_text("utf-8").replace("Subject:", "Subject-B: Another one\nSubject:", 1), "utf-8")

    say("run", "--yes")

    with closing(open_ledger(tmp_path / ".leadwright")) as ledger:
        facts = [
            (entry.facts["subject"], entry.facts["variant"])
            for key in ledger.history(datetime.now(UTC)).leads
            for entry in ledger.entries(key)
            if entry.kind == "message" and entry.facts["step"] == "welcome-1"
        ]
    assert {variant for _, variant in facts} == {"A", "B"}
    assert all((subject == "Another one") == (variant == "B") for subject, variant in facts)


# --- languages


def test_each_lead_reads_its_own_language(tmp_path: Path) -> None:
    """`welcome-1.de.md` beside `welcome-1.md` is the same email in German, with a German footer."""
    (tmp_path / "hello.md").write_text("Subject: Hello\n\n{{ greeting }},\n\nwelcome.\n")
    (tmp_path / "hello.de.md").write_text("Subject: Hallo\n\n{{ greeting }},\n\nwillkommen.\n")

    emails, problems = load_templates(tmp_path, ["hello.md"])

    assert problems == ()
    assert emails.check(("email", "name")) == ()
    assert [emails.in_language("hello.md", wanted) for wanted in (("de",), ("it", "de"), ("en",), ("fr",), ())] == [
        "hello.de.md",
        "hello.de.md",
        "hello.md",
        "hello.md",
        "hello.md",
    ]
    german = emails.render("hello.de.md", LeadValues({"name": "Eva Muster"}), SHOP)
    assert german.language == "de"
    assert german.text.startswith("Hallo Eva,\n\nwillkommen.")
    assert "Antworten Sie mit 'Abmelden'" in german.text


@pytest.mark.parametrize(
    ("name", "text", "what"),
    [
        ("hello__pl", "Subject: A\n\nHej", 'there is no footer in the language "pl" of this file\'s name'),
        (
            "hello__de",
            "Subject: A\nLanguage: fr\n\nHallo",
            'the file\'s name says the language is "de", and this line says "fr"',
        ),
        (
            "hello__de",
            "Subject: A\nSubject-B: B\n\nHallo",
            "templates/hello.md has Subject, and this email has Subject, Subject-B",
        ),
        (
            "hello__de",
            "Subject: A\n\nHallo {{ frist_name }}",
            "this email uses {{ frist_name }}; there is no such field",
        ),
    ],
)
def test_a_wrong_translation_is_found_before_a_lead_is_read(name: str, text: str, what: str) -> None:
    """Check reads all languages, not only the first."""
    emails = set_of(hello="Subject: A\n\nHello", **{name: text})

    assert [each.what for each in emails.check(("name",))] == [what]


# --- greetings and segments


@pytest.mark.parametrize(
    ("language", "name", "expected"),
    [
        ("en", "Eva Muster", "Hi Eva"),
        ("en", None, "Hi there"),
        ("de", None, "Guten Tag"),
        ("fr", "Zoë Martin", "Bonjour Zoë"),
        ("es", "", "Hola"),
    ],
)
def test_nobody_is_greeted_by_a_comma(language: str, name: str | None, expected: str) -> None:
    """A greeting without a name is still a greeting, in the language of the email."""
    assert LeadValues({"name": name}, language)["greeting"] == expected


@pytest.mark.parametrize("body", ["Hi {{ first_name }},", "Hi {{ first_name | upper }},", "Dear {{ name }}"])
def test_a_greeting_that_needs_a_name_is_warned_about(body: str) -> None:
    """Whoever has no name would not get the email; the warning says what to write."""
    (warning,) = set_of(hello=f"Subject: A\n\n{body}\n\nHello.").warnings(("email", "name"))

    assert warning.what.startswith("whoever has no ")
    assert 'or "there" }}' in warning.fix
    assert warning.place is not None
    assert warning.place.line == 3


@pytest.mark.parametrize(
    "body",
    [
        'Hi {{ first_name or "there" }},',
        'Hi {{ first_name | default("there") }},',
        "{% if first_name %}Hi {{ first_name }}{% else %}Hello{% endif %},",
        "{{ greeting }},",
        "Hello,\n\nwe know {{ company }}.",
    ],
)
def test_a_greeting_for_everybody_is_fine(body: str) -> None:
    """A field with something to say instead, or not in the greeting, is the owner's own affair."""
    assert set_of(hello=f"Subject: A\n\n{body}\n").warnings(("email", "name", "company")) == ()


def test_a_segment_that_does_not_exist_is_found() -> None:
    """`{% if segment == "Hot" %}` would never hold; check says so, with the right spelling."""
    body = '{% if segment == "Hot" %}Quick{% elif source in ["Referral", "Radio"] %}Kind{% else %}Hello{% endif %}'
    emails = set_of(hello=f"Subject: A\n\n{body}")

    found = emails.check(("source",), (), {"segment": ("hot", "warm"), "source": ("Website", "Referral")})

    assert [(each.what, each.fix) for each in found] == [
        ('segment is never "Hot"', "Did you mean hot?"),
        ('source is never "Radio"', "It is one of: Website, Referral."),
    ]


# --- links


@pytest.mark.parametrize(
    ("link", "expected"),
    [
        ("https://shop.example", "https://shop.example?utm_source=mail&utm_medium=email&utm_campaign=hi&utm_content=B"),
        (
            "https://www.shop.example/a?b=1#top",
            "https://www.shop.example/a?b=1&utm_source=mail&utm_medium=email&utm_campaign=hi&utm_content=B#top",
        ),
        ("https://shop.example/?utm_source=mine", "https://shop.example/?utm_source=mine"),
        ("https://other.example/shop.example", "https://other.example/shop.example"),
        ("https://notshop.example", "https://notshop.example"),
        ("mailto:anna@shop.example", "mailto:anna@shop.example"),
    ],
)
def test_only_links_to_our_own_site_are_tagged(link: str, expected: str) -> None:
    """A link elsewhere, one tagged by hand, and an address stay as they are."""
    assert LinkTag(LinkTags("shop.example", "mail"), "hi", "B").on(link) == expected


def test_tags_stand_in_the_email_that_leaves(say: Answer, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    """With tag_links, the address under a link names the email; without, nothing is added."""
    hello = tmp_path / "templates/welcome-1.md"
    hello.write_text(hello.read_text("utf-8") + "\nOur [prices](https://www.bergblick.example/prices).\n", "utf-8")
    before = say("preview", "welcome-1")[1]
    with (tmp_path / "config.yaml").open("a", encoding="utf-8") as file:
        file.write("tag_links: {site: bergblick.example}\n")

    after = say("preview", "welcome-1")[1]

    tags = "utm_source=leadwright&utm_medium=email&utm_campaign=welcome-1"
    assert "(https://www.bergblick.example/prices)" in before
    assert f"https://www.bergblick.example/prices?{tags}" in "".join(after.split())


def test_what_tag_links_needs(tmp_path: Path) -> None:
    """A site that is none is named with its place."""
    path = write_shop(tmp_path, GOOD + "tag_links: {source: mail}\n")

    _, problems, _ = read_config(path, SECRETS)

    assert [each.what for each in problems] == [
        'tag_links: "site" is missing: links that lead there are tagged, and those to parts of it, such as www.'
    ]
    assert load_config(write_shop(tmp_path, GOOD + "tag_links: {site: Shop.example}\n"), SECRETS).policy.tag_links == (
        LinkTags("shop.example")
    )


def test_check_warns_of_a_greeting(tmp_path: Path) -> None:
    """The warning comes with those of config.yaml, and stops nothing."""
    path = write_shop(tmp_path, GOOD.partition("tests:")[0])
    (tmp_path / "templates/hello.md").write_text("Subject: Hello\n\nHi {{ first_name }},\n\nwelcome.\n")

    project, problems, warnings = read_project(path, SECRETS)

    assert (project is not None, problems) == (True, ())
    assert "whoever has no first_name does not get this email" in [each.what for each in warnings]
