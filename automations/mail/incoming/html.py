"""HTML of a mail -> its words, one pass from left to right. What was quoted can be left out."""

from __future__ import annotations

import re
from html import unescape

_BREAKS = frozenset(
    {"br", "p", "div", "tr", "li", "ul", "ol", "table", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "blockquote", "pre",
     "dt", "dd", "section", "article"}
)  # fmt: skip
_SILENT = ("style", "script", "head", "title")
_SPACE = re.compile(r"[^\S\n]+")
_LINES = re.compile(r"\n\s*\n\s*\n")

# How mail programs mark what they quote: Gmail, Outlook on the web, Outlook, Yahoo, Thunderbird, Apple Mail, Proton,
# Zimbra, Mail.Ru, Zoho, Windows Mail.
_QUOTE_MARKS = re.compile(
    r"class=[\"']?[^\"'>]{0,200}(?:gmail_quote|gmail_attr|yahoo_quoted|moz-cite-prefix|protonmail_quote|zmail_extra"
    r"|WordSection0quote|mail_quote|quoted_text)|id=[\"']?(?:divRplyFwdMsg|appendonsend|reply-intro|stopSpelling"
    r"|mail-editor-reference-message-container|OLK_SRC_BODY_SECTION|x_divRplyFwdMsg|isForwardContent|mailruQuote)"
    r"|type=[\"']?cite|border(?:-top)?:\s?(?:none;\s?border-top:\s?)?solid #(?:B5C4DF|E1E1E1|AAAAAA|CCCCCC) 1\.0pt"
    r"|data-marker=[\"']?__QUOTED_TEXT__",
    re.IGNORECASE,
)


def html_to_text(html: str, *, until_quote: bool = False) -> str:
    """Return the words of *html*, a line for each block; with *until_quote* only what stands before a quotation."""
    pieces: list[str] = []
    place = 0
    while place < len(html):
        opened = html.find("<", place)
        if opened < 0:
            pieces.append(html[place:])
            break
        pieces.append(html[place:opened])
        tag, place = _tag(html, opened)
        name = tag.lstrip("/").split(None, 1)[0].strip("/").lower() if tag.strip("/ \n\t") else ""
        if until_quote and not tag.startswith("/") and _is_quote(name, tag):
            break
        if name in _SILENT and not tag.startswith("/"):
            place = _after(html, name, place)
        elif name in _BREAKS:
            pieces.append("\n")
        elif name in {"td", "th"}:
            pieces.append(" ")
    text = _SPACE.sub(" ", unescape("".join(_flat(each) for each in pieces)))
    return _LINES.sub("\n\n", "\n".join(line.strip() for line in text.split("\n"))).strip()


def _flat(piece: str) -> str:
    return piece if piece == "\n" else piece.replace("\n", " ")


def _is_quote(name: str, tag: str) -> bool:
    return (name == "blockquote" and "cite" in tag.lower()) or _QUOTE_MARKS.search(tag[:1000]) is not None


def _tag(html: str, opened: int) -> tuple[str, int]:
    """Return the inside of the tag at *opened* and where it ends; a comment counts as an empty tag."""
    if html.startswith("<!--", opened):
        closed = html.find("-->", opened)
        return "", len(html) if closed < 0 else closed + 3
    if not html[opened + 1 : opened + 2].strip("/!?").isalpha() and html[opened + 1 : opened + 2] not in {
        "/",
        "!",
        "?",
    }:
        return "", opened + 1
    closed = html.find(">", opened)
    if closed < 0:
        return "", len(html)
    return html[opened + 1 : closed], closed + 1


def _after(html: str, name: str, place: int) -> int:
    """Return where the element *name* is over; the end of the text when it never is."""
    closed = re.compile(f"</{name}", re.IGNORECASE).search(html, place)
    return len(html) if closed is None else closed.start()
