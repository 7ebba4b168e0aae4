"""Emails in MJML: compiled once per file, then filled in for each lead; their plain text is made from the result.

    head lines, an empty line, <mjml> with {{ fields }} and {% if %} in it
      ──mrml──> HTML with fields ──filled, escaped──> html
           └──> text with fields ──filled, wrapped──> text

Import it late, and only for such an email: mrml is an extra.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from html import escape
from typing import NamedTuple

from automations.core.enclosures import Enclosure
from automations.core.leads import Value
from automations.core.messages import Rendered, footer_lines, one_line
from automations.core.policy import Business
from automations.templates import filling
from automations.templates.letter import FOOTER_STYLE, bodies_of, preview_line, wrapped_line
from automations.templates.mjml_reading import JINJA, MissingMjml, text_of

_MARK = re.compile(r"leadwright(\d+)mark")
_ROOT = re.compile(r"<mjml(?![^>]*\slang=)(?=[\s>])")
_SOURCE = re.compile(r"(\ssrc=[\"'])([^\"':{}]+)([\"'])")


class Compiled(NamedTuple):
    """One email with its fields still in it."""

    html: str
    text: str


@lru_cache(maxsize=64)
def compiled(body: str, language: str, images: tuple[tuple[str, str], ...]) -> Compiled:
    """Return an email in MJML as HTML and as text, with fields in both. *images*: names of files, and Content-IDs.

    Raises MissingMjml without the extra, and ValueError when it is no MJML.
    """
    try:
        from mrml import RenderOptions, to_html  # noqa: PLC0415 - an extra
    except ImportError:
        raise MissingMjml from None
    tags: list[str] = []

    def mark(found: re.Match[str]) -> str:
        tags.append(found[0])
        return f"leadwright{len(tags) - 1}mark"

    cids = dict(images)
    marked = _ROOT.sub(f'<mjml lang="{language}"', JINJA.sub(mark, body.strip()), count=1)
    marked = _SOURCE.sub(lambda found: f"{found[1]}{_shown(found[2], cids)}{found[3]}", marked)
    try:
        # No fonts: they would be loaded from elsewhere.
        html = to_html(marked, render_options=RenderOptions(fonts={})).content
    except OSError as error:
        raise ValueError(str(error)) from None

    def back(text: str) -> str:
        return _MARK.sub(lambda found: tags[int(found[1])], text)

    return Compiled(back(html), back(text_of(html)))


def _shown(source: str, cids: Mapping[str, str]) -> str:
    return f"cid:{cids[source]}" if source in cids else source


def write_mjml(
    *,
    subject: str,
    preview: str,
    body: str,
    values: Mapping[str, Value],
    business: Business,
    language: str,
    enclosures: tuple[Enclosure, ...] = (),
    signature: str = "",
) -> Rendered:
    """Return both bodies of an email in MJML; below its own stand *signature*, ready Markdown, and the footer.

    Raises `filling.Stumble` when a field is empty where something must stand, and what `compiled` raises.
    """
    images = tuple((each.name, each.cid) for each in enclosures if each.cid)
    form = compiled(body, language, images)
    signed, said = bodies_of(signature, images) if signature else ("", "")
    footer = footer_lines(business, language)
    below = "<br>\n".join(escape(line, quote=False) for line in footer)
    html = filling.fill_html(form.html, values)
    if preview:
        html = re.sub(r"<body[^>]*>", lambda found: f"{found[0]}\n{preview_line(preview)}", html, count=1)
    head, end, tail = html.rpartition("</body>")
    html = f'{head}{signed}<div style="{FOOTER_STYLE}">\n{below}\n</div>\n{end}{tail}'
    html = html.replace("<title></title>", f"<title>{escape(subject)}</title>", 1)
    words = (*_paragraphs(filling.fill(form.text, values)), said, "-- \n" + "\n".join(footer))
    text = "\n\n".join(filter(None, words))
    carried = tuple(each for each in enclosures if not each.cid or f"cid:{each.cid}" in html)
    return Rendered(subject, text + "\n", html, language, enclosures=carried)


def _paragraphs(text: str) -> Iterator[str]:
    for paragraph in re.split(r"\n\s*\n", text):
        lines = (one_line(line) for line in paragraph.split("\n"))
        if kept := "\n".join(wrapped_line(line) for line in lines if line):
            yield kept
