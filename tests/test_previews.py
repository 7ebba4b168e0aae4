"""Emails before they leave: all of them on one page, and one mailed to ourselves."""

from __future__ import annotations

import re
from email import message_from_bytes
from email.policy import SMTP
from pathlib import Path

from test_commands import Answer, say  # noqa: F401 - say is a fixture

from automations.previews import Shot
from automations.report.gallery import gallery_page

ME = "anna@bergblick-coffee.example"


def test_the_gallery_has_every_email_for_every_awkward_name(say: Answer, tmp_path: Path) -> None:  # noqa: F811
    """Four emails, five leads each, four frames each; one file that loads nothing."""
    code, out, _ = say("preview", "--gallery", "gallery.html", "--lead", "eva@muster.example")

    page = (tmp_path / "gallery.html").read_text("utf-8")
    assert (code, out) == (0, "Saved as gallery.html: 20 emails; open it in a browser.\n")
    assert page.count("<iframe") == 4 * 5 * 4
    assert page.count("360 px, dark</figcaption>") == 20
    for name in ("Maximiliane-Alexandra", "Hi there", "山田", "محمد"):
        assert name in page
    assert re.findall(r'(?:src|href)="(?!#)[^"]*', page) == []
    assert "srcdoc" in page


def test_a_name_that_is_html_stays_text_in_the_gallery() -> None:
    """What a lead typed cannot break out of its frame, nor into the page."""
    shot = Shot("hello", "as it is: <script>x</script>", "<b>Hi</b>", '<p title="a">"quoted"</p>')

    page = gallery_page([shot], "Emails")

    assert "<script>x" not in page
    assert "<b>Hi</b>" not in page
    assert 'srcdoc="&lt;p title=&quot;a&quot;&gt;&quot;quoted&quot;&lt;/p&gt;"' in page


def test_an_email_that_cannot_be_written_says_so_in_the_gallery(say: Answer, tmp_path: Path) -> None:  # noqa: F811
    """A template that needs a name shows what somebody without one would not get."""
    hello = tmp_path / "templates/welcome-1.md"
    hello.write_text(hello.read_text("utf-8").replace('{{ first_name or "there" }}', "{{ first_name }}"), "utf-8")

    out = say("preview", "--gallery", "gallery.html")[1]

    assert "welcome-1, no name: " in out
    assert 'the field "first_name" is empty' in out
    assert '<p class="problem">' in (tmp_path / "gallery.html").read_text("utf-8")


def test_a_test_goes_to_ourselves_and_is_not_recorded(say: Answer, tmp_path: Path) -> None:  # noqa: F811
    """[TEST] stands in the subject; the lead still gets the real one, which has another Message-ID."""
    code, out, _ = say("preview", "welcome-1", "--lead", "eva@muster.example", "--to", "me")
    tests = [message_from_bytes(each.read_bytes(), policy=SMTP) for each in (tmp_path / "outbox").rglob("*.eml")]
    say("run", "--yes")
    sent = [message_from_bytes(each.read_bytes(), policy=SMTP) for each in (tmp_path / "outbox").rglob("*.eml")]

    assert code == 0
    assert f"Laid as a file into outbox/, not sent to {ME}: " in out
    assert [(str(each["To"]), str(each["Subject"])) for each in tests] == [
        (ME, "[TEST] Coffee for 80 people at Muster AG?")
    ]
    real = [each for each in sent if "eva@muster.example" in str(each["To"])]
    assert [str(each["Subject"]) for each in real] == ["Coffee for 80 people at Muster AG?"]
    assert real[0]["Message-ID"] != tests[0]["Message-ID"]


def test_a_test_never_goes_to_a_lead(say: Answer, tmp_path: Path) -> None:  # noqa: F811
    """--to takes our own addresses only."""
    code, _, err = say("preview", "welcome-1", "--to", "eva@muster.example")

    assert code == 2
    assert err.startswith("a test goes only to one of us, and eva@muster.example is none")
    assert list((tmp_path / "outbox").rglob("*.eml")) == []


def test_preview_asks_which_email(say: Answer) -> None:  # noqa: F811
    """One, or all: not neither."""
    assert say("preview")[0] == 2
