"""Files and images that emails carry: whole, under their names, from templates/ only, and never too heavy."""

from __future__ import annotations

import email
from email.message import EmailMessage, MIMEPart
from email.policy import SMTP
from pathlib import Path

import fast_mail_parser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_mime import BERGBLICK, built

from automations.core.enclosures import Enclosure, enclose, file_name, picture
from automations.core.messages import Outgoing, Rendered, feedback_id
from automations.core.mime import prove
from automations.core.readback import MessageProblem
from automations.errors import Problem
from automations.templates import TemplateSet, load_templates
from automations.templates.letter import write_letter

PDF = b"%PDF-1.7\n" + bytes(range(256))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(256))


def email_with(*enclosures: Enclosure, markdown: str = "Hi", **changes: object) -> Outgoing:
    """Return an email to Eva that carries files."""
    rendered = write_letter(
        subject="Prices", preview="", markdown=markdown, business=BERGBLICK, language="en", enclosures=enclosures
    )
    return built(rendered, **changes)


def tree(part: MIMEPart) -> object:
    """Return how an email is built: its type, and those of what is in it."""
    inside = [tree(each) for each in part.iter_parts()]
    return (part.get_content_type(), inside) if inside else part.get_content_type()


def read(outgoing: Outgoing) -> EmailMessage:
    """Return an email as a mail program reads it."""
    message = email.message_from_bytes(outgoing.content, policy=SMTP)
    assert isinstance(message, EmailMessage)
    return message


def test_an_email_with_a_file_and_an_image_is_built_as_mail_programs_expect() -> None:
    """The file is beside the words, the image belongs to the HTML, and the text stands first."""
    logo = picture("logo.png", "image/png", PNG)

    message = read(email_with(logo, enclose("prices.pdf", "application/pdf", PDF), markdown="Hi ![Our logo](logo.png)"))

    assert tree(message) == (
        "multipart/mixed",
        [
            ("multipart/alternative", ["text/plain", ("multipart/related", ["text/html", "image/png"])]),
            "application/pdf",
        ],
    )
    (attached,) = message.iter_attachments()
    assert (attached.get_filename(), attached.get_content_disposition()) == ("prices.pdf", "attachment")
    assert attached.get_content() == PDF
    image = next(part for part in message.walk() if part.get_content_type() == "image/png")
    assert (image["Content-ID"], image.get_payload(decode=True)) == (f"<{logo.cid}>", PNG)
    html = message.get_body(("html",))
    text = message.get_body(("plain",))
    assert html is not None
    assert f'<img src="cid:{logo.cid}" alt="Our logo"' in html.get_content()
    assert text is not None
    assert text.get_content().startswith("Hi Our logo\r\n")


def test_only_what_is_there_has_a_place() -> None:
    """A file alone, an image alone: no empty level around them."""
    file, logo = enclose("a.txt", 'text/plain; charset="utf-8"', b"x"), picture("logo.png", "image/png", PNG)

    assert tree(read(email_with(file))) == (
        "multipart/mixed",
        [("multipart/alternative", ["text/plain", "text/html"]), "text/plain"],
    )
    assert tree(read(email_with(logo, markdown="![](logo.png)"))) == (
        "multipart/alternative",
        ["text/plain", ("multipart/related", ["text/html", "image/png"])],
    )
    assert tree(read(email_with(logo))) == ("multipart/alternative", ["text/plain", "text/html"])


file_names = st.text(st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=60).filter(
    lambda name: "/" not in name and name == " ".join(name.split())
)


@settings(deadline=None)
@given(name=file_names, octets=st.binary(min_size=1, max_size=3000))
def test_two_parsers_find_the_file_and_its_name(name: str, octets: bytes) -> None:
    """Whatever a file is called and whatever is in it, both find just that, and every line is one any server takes."""
    content = email_with(enclose(f"{name}.pdf", "application/pdf", octets)).content

    message = email.message_from_bytes(content, policy=SMTP)
    assert isinstance(message, EmailMessage)
    (ours,) = message.iter_attachments()
    (theirs,) = fast_mail_parser.parse_email(content).attachments

    assert (ours.get_filename(), ours.get_content()) == (f"{name}.pdf", octets)
    assert bytes(theirs.content) == octets
    assert theirs.filename == f"{name}.pdf"
    assert content.isascii()
    assert max(map(len, content.split(b"\r\n"))) <= 78


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("price list.pdf", 'filename="price list.pdf"'),
        ('a"b.pdf', "filename*=utf-8''a%22b.pdf"),
        (
            "ä" * 20 + ".pdf",
            (
                "filename*0*=utf-8''%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4;\r\n "
                "filename*1*=%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4%C3%A4;\r\n "
                "filename*2*=%C3%A4%C3%A4.pdf"
            ),
        ),
    ],
)
def test_a_file_name_is_written_by_the_rules(name: str, written: str) -> None:
    """As it is where it can be; encoded, and in pieces when it is long (RFC 2231)."""
    assert file_name(name) == written


def test_what_was_slipped_in_or_left_out_is_refused() -> None:
    """The finished bytes are asked for the very files that were meant."""
    file = enclose("prices.pdf", "application/pdf", PDF)
    message = email_with(file)
    headers = [(name, str(value)) for name, value in email.message_from_bytes(message.content).items()]
    footer = ("Bergblick Office Coffee",)

    prove(message.content, headers, "eva@muster.example", footer, (file,))
    for meant in ((), (file, file), (enclose("prices.pdf", "application/pdf", PDF + b"x"),)):
        with pytest.raises(MessageProblem, match="carries other files"):
            prove(message.content, headers, "eva@muster.example", footer, meant)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return templates/ with an email that carries a price list and shows a logo."""
    made = tmp_path / "templates"
    made.mkdir()
    (made / "prices.pdf").write_bytes(PDF)
    (made / "logo.png").write_bytes(PNG)
    return made


def load(folder: Path, text: str) -> tuple[TemplateSet, list[str]]:
    """Return the email that *text* is, and what is wrong with its files."""
    (folder / "hello.md").write_text(text)
    templates, problems = load_templates(folder, ["hello.md"])
    return templates, [f"{problem.place}: {problem.what} | {problem.fix}" for problem in problems]


def test_a_file_named_in_the_head_goes_with_the_email(folder: Path) -> None:
    """The price list is attached, the logo shown, and an image that this lead does not see stays behind."""
    (folder / "other.gif").write_bytes(b"GIF89a...")
    text = "Subject: Hi\nAttach: prices.pdf\n\n![Logo](logo.png)\n\n{% if vip %}![Other](other.gif){% endif %}\n"
    templates, problems = load(folder, text)

    plain: Rendered = templates.render("hello.md", {"vip": None}, BERGBLICK)
    to_some: Rendered = templates.render("hello.md", {"vip": "yes"}, BERGBLICK)

    assert problems == []
    assert templates.check(["vip"]) == ()
    assert [each.name for each in plain.enclosures] == ["prices.pdf", "logo.png"]
    assert [each.name for each in to_some.enclosures] == ["prices.pdf", "logo.png", "other.gif"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "Subject: Hi\nAttach: price.pdf\n\nHi\n",
            "templates/hello.md:2:9: there is no file price.pdf in templates/ | Did you mean prices.pdf?",
        ),
        (
            "Subject: Hi\nAttach: ../secret.pdf\n\nHi\n",
            (
                "templates/hello.md:2:9: a file that goes with an email stands inside templates/ | "
                "Put it into templates/, and give its name only."
            ),
        ),
        (
            "Subject: Hi\nAttach: setup.exe\n\nHi\n",
            (
                "templates/hello.md:2:9: setup.exe is of a kind that mailboxes turn away | It may be: csv, docx, gif, "
                "ics, jpeg, jpg, odp, ods, odt, pdf, png, pptx, txt, vcf, xlsx."
            ),
        ),
        (
            "Subject: Hi\nAttach: fake.pdf\n\nHi\n",
            (
                "templates/hello.md:2:9: fake.pdf is not what its name says: it does not begin like a PDF file | "
                "Save it anew from the program that made it."
            ),
        ),
        (
            "Subject: Hi\nAttach: way-out.pdf\n\nHi\n",
            (
                "templates/hello.md:2:9: way-out.pdf leads out of templates/ | "
                "Put it into templates/, and give its name only."
            ),
        ),
        (
            "Subject: Hi\nAttach: big.txt\n\nHi\n",
            (
                "templates/hello.md:2:9: big.txt is 5.1 MB; an email carries 5 MB at most | "
                "Put it on your website, and write a link to it."
            ),
        ),
        (
            "Subject: Hi\nAttach: 3mb.txt, 2mb.csv\n\nHi\n",
            (
                "templates/hello.md:2:1: the files of this email are 5.1 MB together; 5 MB is the most | "
                "Put the large ones on your website, and write a link to them."
            ),
        ),
        (
            "Subject: Hi\n\nHi\n\n![Logo](prices.pdf)\n",
            "templates/hello.md:5:9: prices.pdf is no image that mail programs show | It may be: gif, jpeg, jpg, png.",
        ),
        (
            "Subject: Hi\nAttach: none.txt\n\nHi\n",
            "templates/hello.md:2:9: none.txt is empty | Save it again, and look at it before you send it.",
        ),
    ],
)
def test_check_names_a_file_that_cannot_go(folder: Path, text: str, told: str) -> None:
    """Missing, too big, out of the folder, of a wrong kind: said with line and column, before a lead is read."""
    (folder.parent / "secret.pdf").write_bytes(PDF)
    (folder / "way-out.pdf").symlink_to(folder.parent / "secret.pdf")
    (folder / "fake.pdf").write_bytes(b"MZ")
    (folder / "big.txt").write_bytes(b"x" * 5_100_000)
    (folder / "3mb.txt").write_bytes(b"x" * 3_000_000)
    (folder / "2mb.csv").write_bytes(b"x" * 2_100_000)
    (folder / "none.txt").write_bytes(b"")

    _, problems = load(folder, text)

    assert problems == [told]


def test_a_heavy_email_is_warned_of(folder: Path) -> None:
    """Over one megabyte it can go, but the owner knows what it costs."""
    (folder / "film.txt").write_bytes(b"x" * 1_200_000)
    templates, problems = load(folder, "Subject: Hi\nAttach: film.txt\n\nHi\n")

    assert problems == []
    (warning,) = templates.warnings(())
    assert str(warning.place) == "templates/hello.md:2:1"
    assert warning.what == "this email carries 1.2 MB of files, and the ledger keeps each email as it was sent"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("![x](https://x.example/a.png)", "an image that is not in the email is hidden by most mail programs"),
        ("![x]({{ company }})", "an image is the same for everybody: its file is named as it is"),
        ("![x]()", "this image has no file"),
    ],
)
def test_an_image_comes_with_the_email_or_not_at_all(folder: Path, body: str, told: str) -> None:
    """Nothing is loaded from elsewhere, so that nobody learns who reads."""
    templates, _ = load(folder, f"Subject: Hi\n\nHi\n\n{body}\n")

    (problem,) = templates.check(["company"])

    assert isinstance(problem, Problem)
    assert problem.what.startswith(told)


def test_an_image_that_is_named_by_detours_is_not_loaded_either() -> None:
    """Markdown has a second way to name an image; of one from the web only its words are left."""
    rendered = write_letter(
        subject="Hi",
        preview="",
        markdown="![A cup][c]\n\n[c]: https://x.example/c.png",
        business=BERGBLICK,
        language="en",
    )

    assert "x.example" not in rendered.html
    assert "A cup" in rendered.html


def test_complaints_are_counted_by_step_and_sender_and_nobody_is_named() -> None:
    """Gmail's feedback loop gets four short words; a name that is not plain, and every address, is a hash."""
    assert feedback_id("welcome", "welcome-1", "anna@muster.example") == "welcome:welcome-1:e9058b68852f:leadwright"
    assert feedback_id("Begrüßung", "a:b", "anna@muster.example") == (
        "ddd9bef1b715:6783a31eabf6:e9058b68852f:leadwright"
    )
    message = read(built(feedback_id="welcome:welcome-1:e9058b68852f:leadwright"))
    assert message["Feedback-ID"] == "welcome:welcome-1:e9058b68852f:leadwright"
