"""A sender's signature: Markdown in a file of its own, at the place an email gives it, else at the email's end."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from automations.errors import Problem
from automations.templates.written import Template

SIGNATURE = "signature"
"""The name by which an email says where the signature stands."""

_ALONE = re.compile(r"[ \t]*\{\{-?\s*signature\s*-?\}\}[ \t]*\Z")
_NAMED = re.compile(r"\{\{(?:[^{}]*\W)?signature\b[^{}]*\}\}")


class Markdown(str):
    """A text that is Markdown already, so it is written into an email as it stands. One of nothing is false."""

    __slots__ = ()

    def __bool__(self) -> bool:
        """Return whether it says anything."""
        return bool(self.strip())


def read_signature(file: str, text: str) -> Template:
    """Return the signature that *text* is: it has no head, so ``Phone: 030 1234567`` is a line of it."""
    return Template(file, tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n")), {}, 1)


def places_signature(body: str) -> bool:
    """Return whether an email says where the signature stands."""
    return SIGNATURE in body and any(_ALONE.match(line) for line in body.split("\n"))


def as_block(signature: str) -> Markdown:
    """Return a signature that no paragraph beside it runs into."""
    return Markdown(f"\n{signature}\n")


def check_place(template: Template, signatures: Collection[str]) -> Iterator[Problem]:
    """Yield what is wrong with where an email puts the signature."""
    for number, line in enumerate(template.source("Body").split("\n"), 1):
        if not _NAMED.search(line):
            continue
        if template.is_mjml:
            fix = "Take it out: it stands below every email in MJML, above the footer."
            yield template.problem(number, "an email in MJML has no place for the signature", fix, word=SIGNATURE)
        elif not signatures:
            fix = "Take it out, or write  signature: signature-anna.md  under a sender."
            yield template.problem(number, "no sender has a signature", fix, word=SIGNATURE)
        elif not _ALONE.match(line):
            fix = "Put  {{ signature }}  there, and nothing beside it."
            yield template.problem(number, "a signature stands on a line of its own", fix, word=SIGNATURE)
