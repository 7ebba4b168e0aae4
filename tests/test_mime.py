"""The bytes of an email: read by the standard library, they say what was meant, and nothing else."""

from __future__ import annotations

import binascii
import email
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import default
from email.utils import getaddresses
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from automations.core.leads import LeadKey
from automations.core.messages import (
    UNSUBSCRIBE_LINES,
    MessageKey,
    Outgoing,
    Rendered,
    footer_lines,
    message_key,
    one_line,
)
from automations.core.mime import build_message, prove, reply_subject
from automations.core.policy import Business, Sender
from automations.core.readback import MessageProblem

BERGBLICK = Business("Bergblick Office Coffee", "Lindenstr. 12, 10969 Berlin, Germany", ZoneInfo("Europe/Berlin"))
ANNA = Sender("anna", "Anna Weber", "anna@bergblick.example")
KEY = message_key("welcome", "welcome-1", LeadKey("eva@muster.example"))
FOOTER = (
    "Bergblick Office Coffee\nLindenstr. 12, 10969 Berlin, Germany\nReply 'unsubscribe' and we will not write again.\n"
)
HTML = "<p>Hi</p><p>" + FOOTER.replace("\n", "<br>").replace("'", "&#39;") + "</p>"


def words(subject: str = "Coffee?", text: str = "Hi Eva", html: str = HTML, language: str = "en") -> Rendered:
    """Return the words of an email, footer included."""
    return Rendered(subject, f"{text}\n\n{FOOTER}", html, language)


def built(rendered: Rendered | None = None, **changes: Any) -> Outgoing:  # noqa: ANN401 - any argument of build_message
    """Return an email to Eva, with *changes*."""
    given_values: dict[str, Any] = {
        "sender": ANNA,
        "to_address": "eva@muster.example",
        "to_name": "Eva Muster",
        "message_key": KEY,
        "date": datetime(2026, 11, 23, 9, 0, tzinfo=ZoneInfo("Europe/Berlin")),
        "business": BERGBLICK,
    }
    return build_message(rendered or words(), **(given_values | changes))


def read(outgoing: Outgoing) -> EmailMessage:
    """Return an email as a mail program reads it."""
    message = email.message_from_bytes(outgoing.content, policy=default)
    assert isinstance(message, EmailMessage)
    return message


def name_and_address(outgoing: Outgoing) -> list[tuple[str, str]]:
    """Return whom an email is for.

    Not by the newer parser: in Python 3.11 it puts a space between two encoded words of a name, which RFC 2047,
    section 6.2, forbids.
    """
    field = str(email.message_from_bytes(outgoing.content)["To"])
    return [(str(make_header(decode_header(name))), address) for name, address in getaddresses([field])]


def body(message: EmailMessage, kind: str) -> str:
    """Return the text or the HTML of an email."""
    part = message.get_body((kind,))
    assert isinstance(part, EmailMessage)
    return str(part.get_content()).replace("\r\n", "\n")


def test_an_email_to_the_byte() -> None:
    """All of it, as it leaves."""
    expected = (
        "Date: Mon, 23 Nov 2026 09:00:00 +0100\r\n"
        "From: Anna Weber <anna@bergblick.example>\r\n"
        "To: Eva Muster <eva@muster.example>\r\n"
        "Subject: Coffee?\r\n"
        "Message-ID: <p66l5f73p66wf4niccuf2hb22f@bergblick.example>\r\n"
        "List-Unsubscribe: <mailto:anna@bergblick.example?subject=unsubscribe>\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/alternative; boundary="=_p66l5f73p66wf4niccuf2hb22f"\r\n'
        "\r\n"
        "--=_p66l5f73p66wf4niccuf2hb22f\r\n"
        'Content-Type: text/plain; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n"
        "\r\n"
        "Hi Eva\r\n"
        "\r\n"
        "Bergblick Office Coffee\r\n"
        "Lindenstr. 12, 10969 Berlin, Germany\r\n"
        "Reply 'unsubscribe' and we will not write again.\r\n"
        "\r\n"
        "--=_p66l5f73p66wf4niccuf2hb22f\r\n"
        'Content-Type: text/html; charset="utf-8"\r\n'
        "Content-Transfer-Encoding: quoted-printable\r\n"
        "\r\n"
        "<p>Hi</p><p>Bergblick Office Coffee<br>Lindenstr. 12, 10969 Berlin, Germany=\r\n"
        "<br>Reply &#39;unsubscribe&#39; and we will not write again.<br></p>\r\n"
        "\r\n"
        "--=_p66l5f73p66wf4niccuf2hb22f--\r\n"
    )

    outgoing = built()

    assert outgoing.content.decode("ascii") == expected
    assert outgoing == Outgoing(
        KEY,
        "<p66l5f73p66wf4niccuf2hb22f@bergblick.example>",
        "anna@bergblick.example",
        "eva@muster.example",
        "Coffee?",
        expected.encode(),
    )


MANY_SCRIPTS = st.text(
    st.one_of(
        st.sampled_from("äöüßéèñçøåŁŐğ"),
        st.sampled_from("中文繁體字かなカナ한국어ไทย"),
        st.sampled_from("العربيةעבריתΕλληνικάКириллицаहिन्दी"),
        st.sampled_from("☕👩‍🌾🏳️‍🌈\u200d\u0301"),
        st.characters(min_codepoint=32, max_codepoint=126),
        st.sampled_from("\r\n\t\0\x0b\x1f\x85\u2028\u2029\u202e\ud800"),
    ),
    max_size=90,
)


@given(name=MANY_SCRIPTS, subject=MANY_SCRIPTS, text=MANY_SCRIPTS)
@example(name='"Eva" <evil@x.example>, Bob', subject="=?utf-8?q?Free?=", text=".\r\n..\r\n")
@example(name="Eva\r\nBcc: all@x.example", subject="Hi\r\n\r\nBcc: all@x.example", text="--=_\r\nFrom me\r\n")
@example(name="=?utf-8?b?RXZh?=", subject="x " * 120, text="-- \r\n =20 = =\r\n")
@example(name='Muster, Eva (Dr.); \\ " @ <>', subject="a" * 255, text="\u2028")
def test_what_goes_in_comes_out(name: str, subject: str, text: str) -> None:
    """Whatever a name, a subject and a text contain, a mail program shows just that, and one recipient."""
    meant_subject, meant_name = one_line(subject), one_line(name)
    if not meant_subject:
        with pytest.raises(MessageProblem, match="the subject has 0 characters"):
            built(words(subject, text), to_name=name)
        return

    outgoing = built(words(subject, text), to_name=name)
    message = read(outgoing)

    assert message["Subject"] == meant_subject
    assert name_and_address(outgoing) == [(meant_name, "eva@muster.example")]
    assert [each.addr_spec for each in message["To"].addresses] == ["eva@muster.example"]
    assert [each.addr_spec for each in message["From"].addresses] == ["anna@bergblick.example"]
    assert message.keys() == [
        *("Date", "From", "To", "Subject", "Message-ID", "List-Unsubscribe", "MIME-Version", "Content-Type"),
    ]
    assert body(message, "html").rstrip("\n") == HTML
    assert not message.defects


@given(text=MANY_SCRIPTS)
@example("0\x85\x08 0")
def test_one_line_is_one_line(text: str) -> None:
    """Cleaned once, there is nothing left to clean, and no line to be broken."""
    assert one_line(one_line(text)) == one_line(text)
    assert len(one_line(text).splitlines()) <= 1


@given(text=st.text(st.sampled_from("Eva \t\n\x00\x1c\x85\xa0\u00e9\u2028\u202e\u2069\u3000\ud800\ue000")))
def test_one_line_keeps_what_can_be_printed_and_single_spaces(text: str) -> None:
    """What a person typed properly stays as it is; whatever is no letter goes, however it is mixed."""
    spaces = dict.fromkeys("\t\n\x1c\x85\xa0\u2028\u3000", " ")
    kept = "".join(spaces.get(each, each) for each in text if each not in "\x00\u202e\u2069\ud800")

    assert one_line(text) == " ".join(each for each in kept.split(" ") if each)


@given(text=st.text(st.characters(blacklist_categories=["Cc", "Cs"]), max_size=300))
@example(".\n..\n=20 \n \n\t\nend.")
def test_quoted_printable_is_that_of_the_whole_text(text: str) -> None:
    """Lines that many emails share are encoded once; the bytes are those of the whole text encoded at once."""
    outgoing = built(words(text=f"{text} Guten Morgen, wir bringen Kaffee ins Büro."))

    whole = f"{text} Guten Morgen, wir bringen Kaffee ins Büro.\n\n{FOOTER}".replace("\n", "\r\n").encode()
    quoted = binascii.b2a_qp(whole)
    assert (b"\r\n\r\n" + quoted in outgoing.content) == (len(quoted) * 3 <= len(whole) * 4)


@given(text=MANY_SCRIPTS, name=MANY_SCRIPTS, subject=MANY_SCRIPTS.filter(one_line))
def test_every_line_is_one_that_any_server_takes(text: str, name: str, subject: str) -> None:
    """ASCII only, CRLF only, headers of 76 characters a line, bodies of 76."""
    outgoing = built(words(subject, text * 20), to_name=name)

    assert outgoing.content.isascii()
    assert outgoing.content.replace(b"\r\n", b"").count(b"\n") == 0
    assert outgoing.content.replace(b"\r\n", b"").count(b"\r") == 0
    head, _, bodies = outgoing.content.partition(b"\r\n\r\n")
    assert max(len(line) for line in bodies.split(b"\r\n")) <= 76
    encoded = [line for line in head.split(b"\r\n") if b"=?" in line]
    assert max((len(line) for line in encoded), default=0) <= 76


@given(text=st.text(st.characters(blacklist_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=300))
def test_the_text_part_is_the_text(text: str) -> None:
    """Letters of every script arrive, and spaces at the ends of lines, where "-- " begins a signature."""
    message = read(built(words(text=text)))

    assert body(message, "plain").startswith(f"{text}\n\nBergblick Office Coffee\n")


def test_the_same_email_has_the_same_bytes() -> None:
    """Made again, after a crash or for another look, it is the same message."""
    assert built() == built()


def test_a_follow_up_joins_its_thread() -> None:
    """The subject of the first email with one "Re:", and the way back to it."""
    outgoing = built(words(""), in_reply_to="<2@x.example>", references=("<1@x.example>",), thread_subject="Coffee?")
    message = read(outgoing)

    assert (outgoing.subject, message["Subject"]) == ("Re: Coffee?", "Re: Coffee?")
    assert message["In-Reply-To"] == "<2@x.example>"
    assert message["References"] == "<1@x.example> <2@x.example>"


def test_a_long_thread_keeps_its_beginning_and_its_end() -> None:
    """Of 50 emails the first and the last 19 are named; folded at spaces, never encoded."""
    chain = tuple(f"<{'k' * 26}{n:02}@a-long-domain-name.muster.example>" for n in range(50))

    outgoing = built(in_reply_to=chain[-1], references=chain[:-1])

    message = email.message_from_bytes(outgoing.content, policy=default)
    assert message["References"].split() == [chain[0], *chain[31:]]
    assert b"=?" not in outgoing.content.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize(
    "identity", ["", "<>", "a@x.example", "<a@x.example> <b@x.example>", "<a@x\r\nBcc: b>", "<ä@x>"]
)
def test_what_is_no_message_id_is_refused(identity: str) -> None:
    """A thread cannot be joined by anything that would break the header."""
    with pytest.raises(MessageProblem, match="is not a Message-ID"):
        built(in_reply_to=identity)


@pytest.mark.parametrize(
    ("subject", "reply"),
    [
        ("Coffee", "Re: Coffee"),
        ("Re: Coffee", "Re: Coffee"),
        ("RE: AW: re:Coffee", "Re: Coffee"),
        ("Regarding coffee", "Re: Regarding coffee"),
    ],
)
def test_a_reply_has_one_re(subject: str, reply: str) -> None:
    """However often it went back and forth."""
    assert reply_subject(subject) == reply


def test_unsubscribing_by_mail_is_never_encoded() -> None:
    """The link stays a link, however long the address; a header field of encoded words would be dead."""
    sender = Sender("anna", "Anna", f"{'a' * 60}+{'b'}@{'c' * 60}.{'d' * 60}.{'e' * 60}.example")

    head = built(sender=sender).content.partition(b"\r\nMIME-Version")[0]

    assert head.endswith(f"List-Unsubscribe: <mailto:{sender.address}?subject=unsubscribe>".encode())


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("eva", "there is no @"),
        ("eva@x.example, bob@x.example", "more than one address"),
        ("eva@x.example\r\nBcc: bob@x.example", "more than one address"),
        ("Eva <eva@x.example>", "a space or a sign"),
        ("жanna@x.example", "not every mail server"),
    ],
)
def test_an_address_that_cannot_be_used_holds_the_lead(address: str, said: str) -> None:
    """The lead's own problem is said in a sentence, before anything leaves."""
    with pytest.raises(MessageProblem, match=said):
        built(to_address=address)


def test_a_domain_of_other_letters_is_written_in_ascii() -> None:
    """Every mail server can reach it."""
    assert built(to_address="eva@müller.example").envelope_to == "eva@xn--mller-kva.example"


def test_replies_go_where_the_sender_wants_them() -> None:
    """A Reply-To only when there is one."""
    sender = Sender("anna", "Anna", "anna@bergblick.example", reply_to="team@bergblick.example")

    assert read(built(sender=sender))["Reply-To"] == "team@bergblick.example"
    assert read(built())["Reply-To"] is None


@pytest.mark.parametrize("language", sorted(UNSUBSCRIBE_LINES))
def test_the_footer_stands_in_both_bodies(language: str) -> None:
    """In the finished bytes, not only in the template."""
    footer = "\n".join(footer_lines(BERGBLICK, language))

    good = Rendered("Hi", f"Hi\n{footer}", f"<b>Hi</b> {footer}", language)
    no_text, no_html = Rendered("Hi", "Hi", footer, language), Rendered("Hi", footer, f"<!-- {footer} -->", language)

    assert built(good).subject == "Hi"
    for bad in (no_text, no_html):
        with pytest.raises(MessageProblem, match="the finished email lacks 'Bergblick Office Coffee'"):
            built(bad)


def test_without_a_postal_address_nothing_leaves() -> None:
    """The law wants it under every email."""
    with pytest.raises(MessageProblem, match="no postal address"):
        built(business=Business("Bergblick Office Coffee", " ", ZoneInfo("Europe/Berlin")))


@pytest.mark.parametrize("length", [256, 5000])
def test_a_subject_without_end_is_refused(length: int) -> None:
    """A cell of five thousand letters does not become a subject."""
    with pytest.raises(MessageProblem, match=f"the subject has {length} characters; it may have 1 to 255"):
        built(words("x" * length))


def test_a_name_without_end_is_left_out() -> None:
    """The email goes to the address alone."""
    assert b"\r\nTo: eva@muster.example\r\n" in built(to_name="Eva " * 5000).content


HEADERS = (("From", "a@x.example"), ("To", "b@x.example"))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"From: a@x.example\r\nTo: b@x.example\r\nBcc: c@x.example\r\n\r\n", "other headers"),
        (b"From: a@x.example\r\n\r\nTo: b@x.example\r\n\r\n", "other headers"),
        (b"From: a@x.example\r\nTo: b@x.example, c@x.example\r\n\r\n", "other recipients"),
        (b"From: a@x.example\r\nTo: b@x.example\r\n\r\nhello", "does not consist of a text and an HTML part"),
        (b"From: a@x.example\nTo: b@x.example\r\n\r\n", "a character that must not be in one"),
        (b"From: a@x.example\r\nTo: b@x.example\r\n\r\n\0", "a character that must not be in one"),
        (b"From: a@x.example\r\nTo: b@x.example\r\n\r\n\xc3\xa4", "a character that must not be in one"),
        (b"From: a@x.example\r\nTo: b@x.example\r\n\r\n" + b"x" * 999, "longer than 998"),
    ],
)
def test_bytes_that_say_something_else_are_refused(content: bytes, said: str) -> None:
    """The proof reads the finished bytes and stops what was slipped in."""
    with pytest.raises(MessageProblem, match=said):
        prove(content, HEADERS, "b@x.example", ())


@given(lengths=st.lists(st.sampled_from([0, 1, 300, 500, 700, 996, 997, 998, 999, 1000, 1500]), min_size=1))
def test_a_line_too_long_is_found_wherever_it_stands(lengths: list[int]) -> None:
    """998 characters a line, whatever stands before and behind it."""
    said = "longer than 998" if max(lengths) > 998 else "other headers"
    with pytest.raises(MessageProblem, match=said):
        prove(b"Bcc: c@x.example\r\n\r\n" + b"\r\n".join(b"x" * each for each in lengths), HEADERS, "b@x.example", ())


def test_a_time_without_a_zone_is_a_mistake_of_ours() -> None:
    """Nobody could say when that is."""
    with pytest.raises(ValueError, match="aware"):
        built(date=datetime(2026, 11, 23, 9))  # noqa: DTZ001 - that is the mistake


def test_the_key_decides_the_message_id_and_nothing_personal_does() -> None:
    """Two leads, two ids; the address is in neither."""
    other = built(message_key=MessageKey("b" * 52), date=datetime(2026, 11, 23, 8, tzinfo=UTC))

    assert other.message_id == "<bbbbbbbbbbbbbbbbbbbbbbbbbb@bergblick.example>"
    assert other.message_id != built().message_id
