"""Every email on the wire: two parsers of others read what was meant, by the letter of the RFCs, and DKIM covers it."""

from __future__ import annotations

import base64
import email
import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import getaddresses
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import dkim  # type: ignore[import-untyped]  # it has no types
import fast_mail_parser
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from automations.core.leads import LeadKey
from automations.core.messages import Outgoing, Rendered, message_key, one_line
from automations.core.mime import build_message
from automations.core.policy import Business, Sender
from automations.core.readback import read_bodies, read_fields, read_recipient
from automations.templates.letter import write_letter

BUSINESS = Business("Bergblick Office Coffee", "Lindenstr. 12, 10969 Berlin, Germany", ZoneInfo("Europe/Berlin"))
DATE = datetime(2026, 11, 23, 8, tzinfo=UTC)
FIRST = ["Date", "From", "To", "Subject", "Message-ID", "List-Unsubscribe", "MIME-Version", "Content-Type"]
ANSWER = [*FIRST[:5], "In-Reply-To", "References", *FIRST[5:]]

SCRIPTS = (
    "Eva Muster",
    "Żaneta Łęcka",
    "Ιωάννα",
    "Мария",
    "محمد",
    "שרה",
    "王小明",
    "김민준",
    "नमस्ते",
    "😀👩‍👩‍👧",
    "O'Hara, Ltd.",
    '"',
)
names = st.lists(st.sampled_from(SCRIPTS), min_size=0, max_size=6).map(" ".join) | st.text(max_size=60)
subjects = names.filter(lambda text: 0 < len(one_line(text)) <= 200)
domains = st.sampled_from(("kunde.example", "münchen.example", "例え.example", f"{'a' * 60}.{'b' * 60}.example"))
locals_ = st.from_regex(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]{1,60}", fullmatch=True)
urls = st.from_regex(r"https://shop\.example/[a-z0-9/?=&%.-]{0,900}", fullmatch=True)
paragraphs = st.lists(names.map(one_line) | urls, max_size=5)


@cache
def key() -> RSAPrivateKey:
    """Return the key of the test's own domain."""
    return generate_private_key(public_exponent=65537, key_size=2048)


@st.composite
def emails(draw: st.DrawFn) -> tuple[Rendered, Outgoing, list[str], str]:
    """Return words, the message made of them, the header names it must have, and whom it is for."""
    rendered = write_letter(
        subject=one_line(draw(subjects)),
        preview=one_line(draw(names)),
        markdown="Hi\n\n" + "\n\n".join(draw(paragraphs)),
        business=BUSINESS,
        language=draw(st.sampled_from(("en", "de", "fr"))),
    )
    name = draw(names)
    thread = tuple(f"<{'k' * 26}{number}@bergblick.example>" for number in range(draw(st.integers(0, 30))))
    message = build_message(
        rendered,
        sender=Sender("anna", draw(names), "anna@bergblick.example"),
        to_address=f"{draw(locals_)}@{draw(domains)}",
        to_name=name,
        message_key=message_key("welcome", "welcome-1", LeadKey(draw(locals_))),
        date=DATE,
        business=BUSINESS,
        in_reply_to=thread[-1] if thread else None,
        references=thread,
    )
    return rendered, message, ANSWER if thread else FIRST, name


def name_of(field: Any) -> str:  # noqa: ANN401 - a header of either parser
    """Return the display name in a field of one mailbox."""
    return str(make_header(decode_header(getaddresses([str(field)])[0][0])))


@settings(deadline=None)
@given(made=emails())
def test_two_parsers_read_what_was_meant(made: tuple[Rendered, Outgoing, list[str], str]) -> None:
    """The standard library and a parser written in Rust both find our headers, our recipient and our words."""
    rendered, message, header_names, name = made
    first = email.message_from_bytes(message.content, policy=SMTP)
    second = fast_mail_parser.parse_email(message.content)

    assert isinstance(first, EmailMessage)
    assert first.keys() == header_names
    assert list(second.headers) == header_names
    assert (first["Subject"], second.subject) == (rendered.subject, rendered.subject)
    assert getaddresses([str(email.message_from_bytes(message.content)["To"])])[0][1] == message.envelope_to
    (to,) = second.headers["To"]
    assert read_recipient(f"<{to.rpartition(' ')[2].strip('<>')}>") == message.envelope_to
    shown = one_line(name) if len(one_line(name)) <= 100 else ""
    assert name_of(email.message_from_bytes(message.content)["To"]) == shown
    bodies = [str(part.get_content()).replace("\r\n", "\n").rstrip("\n") for part in first.iter_parts()]
    assert bodies == [each.replace("\r\n", "\n").rstrip("\n") for each in (second.text_plain[0], second.text_html[0])]
    assert bodies[0].split() == rendered.text.split()
    assert first.defects == []


@settings(deadline=None)
@given(made=emails())
def test_our_own_reader_reads_what_the_standard_library_reads(
    made: tuple[Rendered, Outgoing, list[str], str],
) -> None:
    """What is compared before an email is reserved is what a mail program will see."""
    _, message, header_names, _ = made
    plain = email.message_from_bytes(message.content)

    fields = read_fields(message.content)

    assert [field for field, _ in fields] == header_names
    assert [value for _, value in fields] == [str(value).replace("\r\n", "") for value in plain.values()]
    assert read_recipient(dict(fields)["To"]) == message.envelope_to
    text, html = (part.get_payload(decode=True) for part in plain.walk() if not part.is_multipart())
    assert isinstance(text, bytes)
    assert isinstance(html, bytes)
    *ours, files = read_bodies(message.content, dict(fields)["Content-Type"])
    assert files == ()
    assert [each.rstrip("\r\n") for each in ours] == [text.decode().rstrip("\r\n"), html.decode().rstrip("\r\n")]


@settings(deadline=None)
@given(made=emails())
def test_every_line_is_as_the_rfcs_want_it(made: tuple[Rendered, Outgoing, list[str], str]) -> None:
    """ASCII, CRLF, no line over 998; encoded words of 75 at most, each whole; none where they are not allowed."""
    content = made[1].content
    head = content.partition(b"\r\n\r\n")[0].decode("ascii")
    words = re.findall(r"=\?[^ \r\n]*", head)

    assert content.replace(b"\r\n", b"").translate(None, b"\r\n") == content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert all(len(word) <= 75 and re.fullmatch(r"=\?utf-8\?b\?[A-Za-z0-9+/=]+\?=", word) for word in words)
    for word in words:
        base64.b64decode(word[10:-2], validate=True).decode("utf-8")  # No character is split between two words.
    for field in head.replace("\r\n ", " ").split("\r\n"):
        if not field.startswith(("From:", "To:", "Subject:")):
            assert "=?" not in field


@settings(deadline=None, max_examples=15)
@given(made=emails())
def test_dkim_covers_both_list_unsubscribe_headers(made: tuple[Rendered, Outgoing, list[str], str]) -> None:
    """A signature that covers List-Unsubscribe and List-Unsubscribe-Post holds, and breaks when either is touched."""
    secret = key().private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    public = key().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    covered = (b"from", b"to", b"subject", b"date", b"message-id", b"list-unsubscribe", b"list-unsubscribe-post")

    def dns(name: bytes, timeout: int = 5) -> bytes:
        del name, timeout
        return record

    content = made[1].content
    signature = dkim.sign(content, b"mail", b"bergblick.example", secret, include_headers=list(covered))
    signed = bytes(signature) + content
    says = re.search(rb"h=([^;]+);", signature.replace(b"\r\n ", b"").replace(b" ", b""))
    added = signed.replace(b"MIME-Version:", b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nMIME-Version:", 1)

    assert says is not None
    assert {b"list-unsubscribe", b"list-unsubscribe-post"} <= set(says[1].split(b":"))
    assert dkim.verify(signed, dnsfunc=dns)
    assert not dkim.verify(signed.replace(b"subject=unsubscribe", b"subject=whatever", 1), dnsfunc=dns)
    assert not dkim.verify(added, dnsfunc=dns)
