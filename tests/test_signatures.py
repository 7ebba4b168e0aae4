"""A sender's signature: under every email of theirs, or where the email puts it, in both forms, checked before."""

from __future__ import annotations

from pathlib import Path

import pytest
from good_config import GOOD, SECRETS, write_shop
from hypothesis import example, given
from hypothesis import strategies as st
from test_commands import Answer, say  # noqa: F401 - say is a fixture
from test_enclosures import PNG
from test_variants import SHOP, set_of

from automations.core.leads import Value
from automations.core.messages import Rendered
from automations.project import read_project
from automations.templates import TemplateProblem, TemplateSet, load_templates
from automations.templates.signing import read_signature

SIGNED = "**{{ sender_name }}**\\\nPhone: 030 1234567\n\n[shop.example](https://shop.example)\n"
HELLO = "Subject: Hi\n\nHi {{ name }},\n\nhow are you?\n"
VALUES: dict[str, Value] = {"name": "Eva", "sender_name": "Anna Weber"}


def written(email: str, *, signature: str = SIGNED, values: dict[str, Value] = VALUES) -> Rendered:
    """Return an email to Eva, signed by Anna."""
    emails = TemplateSet(set_of(hello=email).templates, {"anna.md": read_signature("templates/anna.md", signature)})
    return emails.render("hello.md", values, SHOP, signature="anna.md")


def test_a_signature_stands_between_the_email_and_its_footer() -> None:
    """Whatever the email says, it ends with who wrote it, in text as in HTML; the law's lines come after that."""
    rendered = written(HELLO)

    assert rendered.text == (
        "Hi Eva,\n\nhow are you?\n\nAnna Weber\nPhone: 030 1234567\n\nshop.example (https://shop.example)\n\n"
        "-- \nShop\nStreet 1, Berlin\nReply 'unsubscribe' and we will not write again.\n"
    )
    assert "<strong>Anna Weber</strong><br>" in rendered.html
    assert rendered.html.index("how are you?") < rendered.html.index("Anna Weber") < rendered.html.index("Street 1")


def test_an_email_says_where_its_signature_stands() -> None:
    """A postscript comes after the signature, and there is one signature only."""
    rendered = written(f"{HELLO}Best,\n{{{{ signature }}}}\nPS: It is free.\n")

    assert rendered.text.startswith(
        "Hi Eva,\n\nhow are you? Best,\n\nAnna Weber\nPhone: 030 1234567\n\nshop.example (https://shop.example)\n\n"
        "PS: It is free.\n"
    )
    assert rendered.text.count("Anna Weber") == 1


def test_a_sender_without_signature_leaves_no_gap() -> None:
    """An email that says where signatures stand can be sent by somebody who has none."""
    emails = set_of(hello="Subject: Hi\n\nHi,\n\n{{ signature }}\n\nPS: It is free.\n")

    assert emails.render("hello.md", {}, SHOP).text.startswith("Hi,\n\nPS: It is free.\n\n-- \n")


def test_an_if_may_ask_for_a_signature() -> None:
    """Words that only make sense above a signature can depend on it."""
    email = "Subject: Hi\n\nHi,\n{% if signature %}\n\nYours,\n{{ signature }}\n{% else %}\n\nBye\n{% endif %}\n"

    assert "Yours,\n\nAnna Weber" in written(email).text
    assert set_of(hello=email).render("hello.md", {}, SHOP).text.startswith("Hi,\n\nBye\n")


@given(
    body=st.text(alphabet="ab *_[](){}#>-1.`\n&", min_size=1, max_size=40),
    name=st.one_of(st.sampled_from(["Eva", "O'Hara & Co", "x*y", "\ue000", "a_b_"]), st.text(min_size=1, max_size=20)),
)
@example(body="- one", name="Eva")
@example(body="x", name="\ue000")
def test_what_a_lead_typed_stays_text_beside_a_signature(body: str, name: str) -> None:
    """An appended signature is the email with the same words written below it, byte for byte."""
    text = body.replace("{", "").replace("}", "")
    email = f"Subject: Hi\n\nHi {{{{ name }}}}, x{text}\n"
    own = f"{email.rstrip()}\n\n{SIGNED}"
    plain = set_of(hello=own)
    try:
        expected = plain.render("hello.md", VALUES | {"name": name}, SHOP)
    except TemplateProblem:
        return  # A name of nothing visible is held, with a signature or without.

    assert written(email, values=VALUES | {"name": name}) == expected


def test_signatures_speak_the_language_of_the_email() -> None:
    """anna.de.md signs German emails, anna.md all others."""
    emails = TemplateSet(
        set_of(hello=HELLO, hello__de="Subject: Hallo\n\nHallo.\n").templates,
        {
            "anna.md": read_signature("templates/anna.md", "Best regards"),
            "anna.de.md": read_signature("templates/anna.de.md", "Viele Grüße"),
        },
    )

    assert "Best regards" in emails.render("hello.md", VALUES, SHOP, signature="anna.md").text
    assert "Viele Grüße" in emails.render("hello.de.md", VALUES, SHOP, signature="anna.md").text


def shop_with(folder: Path, *, email: str = "Hello.", signature: str | None = "Anna") -> tuple[str, ...]:
    """Return what `check` finds wrong in a shop whose Anna signs, each as place and sentence."""
    anna = "  anna:\n    from: Anna Weber <anna@shop.example>\n"
    assert anna in GOOD
    text = GOOD.replace(anna, anna + "    signature: anna.md\n") if signature is not None else GOOD
    path = write_shop(folder, text)
    (folder / "templates" / "hello.md").write_text(f"Subject: Hello\n\n{email}\n", encoding="utf-8")
    (folder / "templates" / "anna.md").write_text(signature or "", encoding="utf-8")
    _, problems, _ = read_project(path, SECRETS)
    of_templates = (problem for problem in problems if "config.yaml" not in problem.where)
    return tuple(f"{Path(problem.where).name} {problem.what} {problem.fix}" for problem in of_templates)


@pytest.mark.parametrize(
    ("email", "signature", "found"),
    [
        ("Hello.\n\n{{ signature }}", "Anna", ()),
        (
            "Hello.",
            "Anna\n{{ fone }}",
            ("anna.md:2:4 this email uses {{ fone }}; there is no such field",),
        ),
        (
            "Hello.",
            "<b>Anna</b>",
            ("anna.md:1:1 HTML would be shown as it stands", "anna.md:1:8 HTML would be shown as it stands"),
        ),
        ("Hello.", "[site](shop.example)", ('anna.md:1:8 "shop.example" leads nowhere from an email',)),
        ("Hello.", "  \n", ("anna.md:1:1 this signature says nothing",)),
        (
            "Hello.",
            "{{ signature }}",
            ("anna.md:1:4 this email uses {{ signature }}; there is no such field A signature stands",),
        ),
        ("Best, {{ signature }}", "Anna", ("hello.md:3:10 a signature stands on a line of its own",)),
        ("{{ signature | upper }}", "Anna", ("hello.md:3:4 a signature stands on a line of its own",)),
        ("Hello.\n{{ signature }}", None, ("hello.md:4:4 no sender has a signature",)),
    ],
)
def test_check_reads_signatures(email: str, signature: str | None, found: tuple[str, ...], tmp_path: Path) -> None:
    """What is wrong with a signature, or with its place in an email, is found before a lead is read."""
    problems = shop_with(tmp_path, email=email, signature=signature)

    assert len(problems) == len(found)
    assert all(problem.startswith(start) for problem, start in zip(problems, found, strict=True)), problems


def test_a_subject_has_no_signature(tmp_path: Path) -> None:
    """A signature stands in the body only."""
    problems = shop_with(tmp_path, email="Hello.\n")
    (tmp_path / "templates" / "hello.md").write_text("Subject: From {{ signature }}\n\nHello.\n", encoding="utf-8")
    _, found, _ = read_project(tmp_path / "config.yaml", SECRETS)

    assert problems == ()
    assert [problem.what for problem in found] == ["this email uses {{ signature }}; there is no such field"]


def test_a_signature_is_seen_before_anything_is_sent(say: Answer, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    """The preview of an email ends with the signature of whoever would send it."""
    config, signature = tmp_path / "config.yaml", "Anna signs this."
    text = config.read_text("utf-8")
    anna = "    from: Anna Weber <anna@bergblick-coffee.example>\n"
    assert anna in text
    config.write_text(text.replace(anna, f"{anna}    signature: signature-anna.md\n"), "utf-8")
    (tmp_path / "templates/signature-anna.md").write_text(signature, "utf-8")

    out = say("preview", "welcome-1", "--lead", "eva@muster.example")[1]

    assert signature in out


def test_a_logo_in_a_signature_goes_with_the_email(tmp_path: Path) -> None:
    """The image a signature shows is carried by every email it ends, once."""
    (tmp_path / "hello.md").write_text(f"{HELLO}\n![Logo](logo.png)\n", "utf-8")
    (tmp_path / "anna.md").write_text("Anna\n\n![Logo](logo.png)\n", "utf-8")
    (tmp_path / "logo.png").write_bytes(PNG)
    emails, problems = load_templates(tmp_path, ["hello.md"], ["anna.md"])

    rendered = emails.render("hello.md", VALUES, SHOP, signature="anna.md")

    assert problems == ()
    assert [each.name for each in rendered.enclosures] == ["logo.png"]
    assert rendered.html.count("cid:") == 2
