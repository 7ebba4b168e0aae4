"""What stands in an email in MJML: its words as text, and what is wrong with it, by line. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import NamedTuple

INSTALL = 'Install it:  pip install "leadwright[mjml]"'


class MissingMjml(Exception):  # noqa: N818 - what is so
    """The extra that compiles MJML is not installed."""

    def __init__(self) -> None:
        super().__init__("emails in MJML need a part that is not installed")


class Flaw(NamedTuple):
    """What is wrong on a *line*, from 1, and with which *word* of it."""

    line: int
    what: str
    fix: str
    word: str = ""


KNOWN = frozenset(
    [
        "mjml",
        "mj-head",
        "mj-body",
        "mj-attributes",
        "mj-all",
        "mj-class",
        "mj-breakpoint",
        "mj-html-attributes",
        "mj-selector",
        "mj-html-attribute",
        "mj-preview",
        "mj-style",
        "mj-title",
        "mj-accordion",
        "mj-accordion-element",
        "mj-accordion-title",
        "mj-accordion-text",
        "mj-button",
        "mj-carousel",
        "mj-carousel-image",
        "mj-column",
        "mj-divider",
        "mj-group",
        "mj-hero",
        "mj-image",
        "mj-navbar",
        "mj-navbar-link",
        "mj-raw",
        "mj-section",
        "mj-social",
        "mj-social-element",
        "mj-spacer",
        "mj-table",
        "mj-text",
        "mj-wrapper",
    ]
)
"""The tags of MJML that an email may use. Not mj-font and mj-include: they load from elsewhere."""

JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)

_ELSEWHERE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
_LINK = re.compile(r"https?://|mailto:|tel:", re.IGNORECASE)


class _Reader(HTMLParser):
    """Notes what is wrong with tags and with what they load."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.flaws: list[Flaw] = []
        self._open: list[tuple[str, int]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at a tag that opens."""
        self.handle_startendtag(tag, attrs)
        if tag.startswith("mj"):
            self._open.append((tag, self.getpos()[0]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Look at a tag, and at what it leads to."""
        line = self.getpos()[0]
        if tag.startswith("mj") and tag not in KNOWN:
            self.flaws.append(Flaw(line, f"an email has no <{tag}>", _near(tag), tag))
        for name, value in attrs:
            target = (value or "").strip()
            if name == "href" and not _LINK.match(target):
                fix = "A link in an email starts with https://, mailto: or tel:."
                self.flaws.append(Flaw(line, f'"{target}" leads nowhere from an email', fix, target))
            elif name in {"src", "background-url", "background"} and (_ELSEWHERE.match(target) or "{" in target):
                what = (
                    "an image that is not in the email is hidden by most mail programs, and tells its server who reads"
                )
                self.flaws.append(Flaw(line, what, "Put its file into templates/, and write its name.", target))

    def handle_endtag(self, tag: str) -> None:
        """Look whether a tag that closes is the one that is open."""
        if not tag.startswith("mj"):
            return
        opened, line = self._open.pop() if self._open else ("", self.getpos()[0])
        if opened != tag:
            what = f"<{opened}> is not closed" if opened else f"</{tag}> closes nothing"
            self.flaws.append(Flaw(line, what, f"Write </{opened}> where it ends." if opened else "Take it out."))
            self._open.clear()

    def unclosed(self) -> Iterator[Flaw]:
        """Yield what is still open at the end."""
        for tag, line in self._open[:1]:
            yield Flaw(line, f"<{tag}> is not closed", f"Write </{tag}> where it ends.", tag)


def _near(tag: str) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - only a mistake needs it

    close = get_close_matches(tag, KNOWN, n=1)
    return f"Did you mean <{close[0]}>?" if close else "Tags: https://documentation.mjml.io"


def flaws_of(body: str) -> tuple[Flaw, ...]:
    """Return what is wrong with an email in MJML, whatever the lead; lines count in *body*."""
    reader = _Reader()
    # What stands between braces may have quotes, and would end an attribute.
    reader.feed(JINJA.sub(lambda tag: "{}" + "\n" * tag[0].count("\n"), body))
    reader.close()
    found = reader.flaws + ([] if reader.flaws else list(reader.unclosed()))
    if not found and "<mjml" not in body:
        return (Flaw(1, "this email has no <mjml>", "Write  <mjml><mj-body> ... </mj-body></mjml>  below the head."),)
    return tuple(found)


_SILENT = frozenset({"head", "style", "script", "title"})
_BLOCKS: Mapping[str, str] = dict.fromkeys(
    ("p", "div", "table", "tr", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"), "\n\n"
) | {"li": "\n- ", "br": "\n", "td": " ", "th": " "}
_HIDDEN = re.compile(r"display:\s*none")
_VOID = frozenset({"br", "img", "meta", "link", "hr", "input", "col"})


class _Words(HTMLParser):
    """The words of a page, paragraph by paragraph; links as "text (address)"."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._links: list[tuple[str, int]] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a paragraph, a link, or what is not shown."""
        values = dict(attrs)
        if self._hidden or tag in _SILENT or _HIDDEN.search(values.get("style") or ""):
            self._hidden += tag not in _VOID
            return
        self.words.append(_BLOCKS.get(tag, ""))
        if tag == "img":
            self.words.append(values.get("alt") or "")
        if tag == "a":
            self._links.append((values.get("href") or "", len(self.words)))

    def handle_endtag(self, tag: str) -> None:
        """End one."""
        if self._hidden:
            self._hidden -= tag not in _VOID
            return
        if tag == "a" and self._links:
            address, start = self._links.pop()
            said = "".join(self.words[start:]).strip()
            if said not in {address, address.removeprefix("mailto:"), address.removeprefix("tel:")}:
                self.words.append(f" ({address})")
        self.words.append("\n\n" if tag in _BLOCKS and tag not in {"li", "br", "td", "th"} else "")

    def handle_data(self, data: str) -> None:
        """Take words, on one line."""
        if not self._hidden:
            self.words.append(re.sub(r"\s+", " ", data))


def text_of(html: str) -> str:
    """Return the words of a page, with an empty line between paragraphs; what is hidden or a comment is left out."""
    reader = _Words()
    reader.feed(html)
    reader.close()
    lines = (line.strip() for line in "".join(reader.words).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
