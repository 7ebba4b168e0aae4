"""One Markdown text -> the two bodies of an email: HTML that reads well anywhere, and text that needs no HTML.

Import it late: markdown-it and css-inline cost 55 ms.

    html      one column of 600 px at most, system fonts, black on white, dark where the reader likes it dark;
              styles inlined, because Gmail and Outlook drop style sheets; nothing is loaded from anywhere
    text      72 characters a line, links as "text (address)", the same words in the same order
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import count
from typing import NamedTuple
from urllib.parse import unquote

from css_inline import CSSInliner
from markdown_it import MarkdownIt
from markdown_it.token import Token

from automations.core.enclosures import Enclosure
from automations.core.links import LinkTag
from automations.core.messages import Rendered, footer_lines, one_line
from automations.core.policy import Business
from automations.templates.words import FIRST_MARK, MAX_MARKS, written_out

TEXT_WIDTH = 72

Images = tuple[tuple[str, str], ...]
"""The images an email carries: the name of the file, and its Content-ID."""

# No HTML: one source for both bodies. What looks like a tag is shown as it stands.
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable("table")
_INLINER = CSSInliner(load_remote_stylesheets=False)

_BODY_CSS = """
p { margin: 0 0 16px; }
h1 { margin: 24px 0 12px; font-size: 22px; line-height: 1.3; }
h2 { margin: 24px 0 12px; font-size: 19px; line-height: 1.3; }
h3, h4, h5, h6 { margin: 20px 0 8px; font-size: 16px; line-height: 1.3; }
a { color: #0b57d0; text-decoration: underline; }
ul, ol { margin: 0 0 16px; padding-left: 24px; }
li { margin: 0 0 6px; }
li p { margin: 0 0 6px; }
blockquote { margin: 0 0 16px; padding: 0 0 0 16px; border-left: 3px solid #c7c7c7; }
hr { margin: 24px 0; border: 0; border-top: 1px solid #d5d5d5; }
img { max-width: 100%; height: auto; border: 0; }
pre { margin: 0 0 16px; padding: 12px; border: 1px solid #d5d5d5; white-space: pre-wrap; overflow-wrap: anywhere; }
code { font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 14px; }
table { margin: 0 0 16px; border-collapse: collapse; }
th, td { padding: 6px 12px 6px 0; border-bottom: 1px solid #d5d5d5; text-align: left; vertical-align: top; }
"""

_FONT = "font-family: -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
FOOTER_STYLE = (
    f"padding: 16px 0 0; border-top: 1px solid #d5d5d5; color: #5f5f63; {_FONT}; font-size: 13px; line-height: 1.5;"
)
# width="600" is for Outlook on Windows, which knows no max-width.
_LAYOUT = (
    """\
<!DOCTYPE html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{subject}</title>
<style>
:root {{ color-scheme: light dark; }}
@media (prefers-color-scheme: dark) {{
  .page, .letter {{ background-color: #1b1b1d !important; color: #ececee !important; }}
  .letter a {{ color: #9cc2ff !important; }}
  .footer {{ color: #b4b4b8 !important; border-color: #4a4a4e !important; }}
}}
</style>
</head>
<body class="page" style="margin: 0; padding: 0; background-color: #ffffff; color: #1f1f1f;">
{preview}<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0">
<tr><td align="left" style="padding: 24px 16px;">
<table role="presentation" width="600" cellpadding="0" cellspacing="0" border="0" """
    """style="width: 100%; max-width: 600px;">
<tr><td class="letter" style="background-color: #ffffff; color: #1f1f1f; """
    + _FONT
    + """; font-size: 16px; line-height: 1.5; overflow-wrap: anywhere;">
{body}</td></tr>
<tr><td class="footer" style=\""""
    + FOOTER_STYLE
    + """\">
{footer}
</td></tr>
</table>
</td></tr>
</table>
</body>
</html>
"""
)
# Hidden everywhere but in the list of messages; the white space keeps the body's first words out of that list.
_PREVIEW = (
    '<div style="display: none; max-height: 0; overflow: hidden; mso-hide: all;">{text}'
    + "&#8199;&#847; " * 40
    + "</div>\n"
)


def preview_line(text: str) -> str:
    """Return what a list of messages shows beside the subject, as HTML that nobody sees in the email."""
    return _PREVIEW.format(text=escape(text))


def bodies_of(markdown: str, images: Images) -> tuple[str, str]:
    """Return a ready text in Markdown as HTML and as text, without anything around it."""
    form = _Form.of(markdown, None, images)
    return form.html(()), form.text(())


def write_letter(
    *,
    subject: str,
    preview: str,
    markdown: str,
    business: Business,
    language: str,
    fields: Sequence[str] = (),
    tag: LinkTag | None = None,
    enclosures: tuple[Enclosure, ...] = (),
) -> Rendered:
    """Return both bodies of an email, made of *markdown* and the footer the law wants (`footer_lines`).

    *fields* are what the marks in *markdown* stand for (`words.written_out`). What is said around them is worked out
    once for all who get the same, and gives the same bytes as if each email were made from its first letter. *tag* is
    what links to the business's own site get. *enclosures* go with it; the images among them are shown where the
    Markdown names their files.
    """
    images = tuple((each.name, each.cid) for each in enclosures if each.cid) if enclosures else ()
    form = _form(markdown, tag, images) if fields else None
    if form is None:
        form, fields = _Form.of(written_out(markdown, fields), tag, images), ()
    footer = footer_lines(business, language)
    html = _LAYOUT.format(
        language=language,
        subject=escape(subject),
        preview=preview_line(preview) if preview else "",
        body=form.html(fields),
        footer="<br>\n".join(escape(line, quote=False) for line in footer),
    )
    text = "\n\n".join((form.text(fields), "-- \n" + "\n".join(footer)))
    carried = tuple(each for each in enclosures if not each.cid or f"cid:{each.cid}" in html) if enclosures else ()
    return Rendered(subject, text + "\n", html, language, enclosures=carried)


@dataclass(frozen=True, slots=True)
class _Form:
    """What many emails have in common: HTML with marks, and text of which paragraphs with marks are wrapped anew."""

    body: str
    pieces: tuple[str, ...]
    """The body, cut before and after each mark."""
    blocks: tuple[str | _Paragraph | tuple[Token, ...], ...]

    @classmethod
    def of(cls, markdown: str, tag: LinkTag | None, images: Images) -> _Form:
        """Return the form of a text, with its marks left standing."""
        tokens = _with_images(_with_tag(_with_plain_code(_MARKDOWN.parse(markdown)), tag), images)
        body = _INLINER.inline_fragment(_MARKDOWN.renderer.render(tokens, _MARKDOWN.options, {}), _BODY_CSS)
        return cls(body, tuple(_EACH_MARK.split(body)), tuple(_kept_blocks(tokens)))

    def html(self, fields: Sequence[str]) -> str:
        """Return the HTML with *fields* in it, as the style inliner writes text."""
        return _joined(self.pieces, [_as_html(field) for field in fields])

    def text(self, fields: Sequence[str]) -> str:
        """Return the text with *fields* in it."""
        parts = (_written(block, fields) for block in self.blocks)
        return "\n\n".join(part for part in parts if part)


class _Paragraph(NamedTuple):
    """A paragraph's words, cut before and after each mark."""

    pieces: tuple[str, ...]


def _written(block: str | _Paragraph | tuple[Token, ...], fields: Sequence[str]) -> str:
    if isinstance(block, str):
        return block
    if isinstance(block, _Paragraph):
        return _wrapped(_joined(block.pieces, fields))
    return "\n\n".join(_blocks(block, dict(enumerate(fields, FIRST_MARK))))


def _joined(pieces: Sequence[str], written: Sequence[str]) -> str:
    """Return *pieces* (every second one is a mark), the marks *written* out; without that they are letters."""
    joined = list(pieces)
    if written:
        joined[1::2] = [written[ord(mark) - FIRST_MARK] for mark in pieces[1::2]]
    return "".join(joined)


def _as_html(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\xa0", "&nbsp;")


_MARK = f"[{chr(FIRST_MARK)}-{chr(FIRST_MARK + MAX_MARKS - 1)}]"
_HAS_MARK = re.compile(_MARK)
_EACH_MARK = re.compile(f"({_MARK})")
_MARK_IN_TAG = re.compile(f"<[^<>]*{_MARK}[^<>]*>")
# A number with a dot at the start of a line is a list, an ampersand and a word are a letter, what stands in brackets
# may be a link and the same as its address: there, the value decides.
_MARK_DECIDES = re.compile(
    rf"^[ \t>*+\-0-9.)]*[0-9]*{_MARK}[0-9{_MARK[1:-1]}]*[.)]|&#?[0-9A-Za-z]*{_MARK}|\[[^\]]*{_MARK}", re.MULTILINE
)


@lru_cache(maxsize=256)
def _form(markdown: str, tag: LinkTag | None, images: Images) -> _Form | None:
    """Return the form of a text with marks; None where what a mark stands for could change more than its own place."""
    if _MARK_DECIDES.search(markdown):
        return None
    form = _Form.of(markdown, tag, images)
    if _HAS_MARK.findall(form.body) != _HAS_MARK.findall(markdown) or _MARK_IN_TAG.search(form.body):
        return None
    return form


def _kept_blocks(tokens: Sequence[Token]) -> Iterator[str | _Paragraph | tuple[Token, ...]]:
    """Yield each block of a text: ready; or, when marks are in it, a paragraph's words, and any other's tokens."""
    position = 0
    while position < len(tokens):
        end = _end_of(tokens, position)
        block = tuple(tokens[position : end + 1])
        text = "\n\n".join(_blocks(block))
        if any(_HAS_MARK.search(token.content) for token in block):
            is_words = block[0].type in _WORDS
            yield _Paragraph(tuple(_EACH_MARK.split(_inline(block[1].children or ())))) if is_words else block
        elif text:
            yield text
        position = end + 1


_WORDS = frozenset({"heading_open", "paragraph_open"})
_REFERENCE = re.compile(r"&#(\d{2,3});")
_CODE = frozenset({"code_inline", "code_block", "fence"})


def _with_plain_code(tokens: list[Token]) -> list[Token]:
    """Return *tokens*, the fields inside code written out: Markdown reads no references there."""
    for token in tokens:
        if token.type in _CODE:
            token.content = _REFERENCE.sub(lambda found: chr(int(found[1])), token.content)
        _with_plain_code(token.children or [])
    return tokens


def _with_tag(tokens: list[Token], tag: LinkTag | None) -> list[Token]:
    """Return *tokens*, the links to the business's own site tagged."""
    for token in tokens if tag else ():
        if tag and token.type == "link_open":
            token.attrs["href"] = tag.on(str(token.attrs["href"]))
        _with_tag(token.children or [], tag)
    return tokens


def _with_images(tokens: list[Token], images: Images) -> list[Token]:
    """Return *tokens*, each image taken from the email itself; of any other only its words are left."""
    for token in tokens:
        if token.type == "image":
            cid = dict(images).get(unquote(str(token.attrs["src"])))
            if cid:
                token.attrs["src"] = f"cid:{cid}"
            else:
                token.type, token.children = "text", []
        else:
            _with_images(token.children or [], images)
    return tokens


_NO_MARKS: Mapping[int, str] = {}


def _blocks(tokens: Sequence[Token], by_mark: Mapping[int, str] = _NO_MARKS) -> Iterator[str]:
    """Return the paragraphs, lists, quotes and tables of a text, each ready to be printed."""
    position = 0
    while position < len(tokens):
        end = _end_of(tokens, position)
        block = _block(tokens[position], tokens[position + 1 : end], by_mark)
        if block:
            yield block
        position = end + 1


def _end_of(tokens: Sequence[Token], start: int) -> int:
    """Return the position of the token that closes the one at *start*; its own when there is nothing to close."""
    if tokens[start].nesting != 1:
        return start
    level = tokens[start].level
    return next(at for at in range(start + 1, len(tokens)) if tokens[at].nesting == -1 and tokens[at].level == level)


def _block(opening: Token, inside: Sequence[Token], by_mark: Mapping[int, str]) -> str:
    match opening.type:
        case "bullet_list_open" | "ordered_list_open":
            return _list(opening, inside, by_mark)
        case "blockquote_open":
            return textwrap.indent("\n\n".join(_blocks(inside, by_mark)), "> ", lambda _: True)
        case "table_open":
            return "\n".join(_rows(inside, by_mark))
        case "fence" | "code_block":
            return textwrap.indent(opening.content.translate(by_mark).rstrip("\n"), "    ")
        case "hr":
            return "-" * 24
        case "heading_open" | "paragraph_open":
            return _wrapped(_inline(inside[0].children or ()).translate(by_mark))
        case _:
            return ""


def _list(opening: Token, inside: Sequence[Token], by_mark: Mapping[int, str]) -> str:
    numbers = count(int(opening.attrs.get("start", 1)))
    items: list[str] = []
    position = 0
    while position < len(inside):
        end = _end_of(inside, position)
        mark = f"{next(numbers)}. " if opening.type == "ordered_list_open" else "- "
        content = "\n".join(_blocks(inside[position + 1 : end], by_mark))
        items.append(mark + textwrap.indent(content, " " * len(mark)).lstrip())
        position = end + 1
    return "\n".join(items)


def _rows(inside: Sequence[Token], by_mark: Mapping[int, str]) -> Iterator[str]:
    cells: list[str] = []
    for token in inside:
        if token.type == "inline":
            cells.append(_inline(token.children or ()).translate(by_mark))
        elif token.type == "tr_close":
            yield " | ".join(cells)
            cells = []


def _wrapped(text: str) -> str:
    # A line break the owner asked for stays.
    return "\n".join(wrapped_line(line) for line in text.split("\n"))


def wrapped_line(line: str) -> str:
    """Return a line broken at spaces so that none is longer than `TEXT_WIDTH`; a web address is never cut in two."""
    if "  " in line or line != line.strip() or not line.isprintable():
        return textwrap.fill(line, TEXT_WIDTH, break_long_words=False, break_on_hyphens=False)
    # What textwrap does with single spaces between words, in a third of the time.
    lines: list[str] = []
    start = 0
    while len(line) - start > TEXT_WIDTH:
        end = line.rfind(" ", start, start + TEXT_WIDTH + 1)
        if end < 0:
            end = line.find(" ", start)
            if end < 0:
                break
        lines.append(line[start:end])
        start = end + 1
    lines.append(line[start:])
    return "\n".join(lines)


def _inline(tokens: Sequence[Token]) -> str:
    """Return the words of one paragraph, on one line except where the owner broke it."""
    words: list[str] = []
    links: list[tuple[str, int]] = []
    for token in tokens:
        match token.type:
            case "softbreak":
                words.append(" ")
            case "hardbreak":
                words.append("\n")
            case "link_open":
                links.append((str(token.attrs.get("href", "")), len(words)))
            case "link_close":
                address, start = links.pop()
                words.append(_after_link(one_line("".join(words[start:])), address))
            case _:
                words.append(token.content)
    return "".join(words)


def _after_link(text: str, address: str) -> str:
    bare = address.removeprefix("mailto:").removeprefix("tel:")
    return "" if text in {address, bare} else f" ({bare})"
