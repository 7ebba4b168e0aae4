"""An email as its owner wrote it: head lines and body, and where in its file each of them stands."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from automations.core.enclosures import Enclosure
from automations.core.messages import UNSUBSCRIBE_LINES
from automations.errors import Place, Problem

HEAD_LINES: Mapping[str, str] = {
    "Subject": "the subject of the email; without it, an email that is not the first answers the one before it",
    "Subject-B": "another subject, for every second lead; Subject-C and Subject-D likewise",
    "Subject-C": "a third one",
    "Subject-D": "a fourth one",
    "Preview": "what stands beside the subject in a list of messages",
    "Attach": "files in templates/ that go with the email: prices.pdf, terms.pdf; 5 MB at most",
    "Language": f"the language of the email and its footer: {', '.join(UNSUBSCRIBE_LINES)}",
}
"""What may stand above the empty line, and what it is. Only Subject must be there, and only in a first email."""

SUBJECTS = ("Subject", "Subject-B", "Subject-C", "Subject-D")

_HEAD_LINE = re.compile(r"([A-Za-z][A-Za-z-]*)[ \t]*:[ \t]*(.*)\Z")
_BRACES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")


@dataclass(frozen=True, slots=True)
class Template:
    """One email as it was read: *file* is its name for people, *lines* its text, *body_at* the body's first line.

    *head* has the value of each head line and the line it stands on, from 1. *enclosures* are the files it names.
    """

    file: str
    lines: tuple[str, ...]
    head: Mapping[str, tuple[str, int]]
    body_at: int
    enclosures: tuple[Enclosure, ...] = ()

    @property
    def is_mjml(self) -> bool:
        """Return whether its body is MJML; else it is Markdown."""
        return self.file.endswith(".mjml")

    @property
    def language(self) -> str:
        """Return what it is written in: what its head says, else its file's name (``welcome-1.de.md``), else en."""
        said = self.head.get("Language")
        return said[0] if said else language_in(self.file) or "en"

    @property
    def subjects(self) -> tuple[str, ...]:
        """Return the head lines that hold its subjects; of an answer, which has none, the one it could have."""
        return tuple(name for name in SUBJECTS if name in self.head) or SUBJECTS[:1]

    def source(self, part: str) -> str:
        """Return a head line's text, or the body (``Body``), with lines before it as it has in the file.

        So every line number that the language tells is a line of the file.
        """
        if part == "Body":
            return "\n" * (self.body_at - 1) + "\n".join(self.lines[self.body_at - 1 :])
        text, line = self.head.get(part, ("", 1))
        return "\n" * (line - 1) + text

    def problem(self, line: int, what: str, fix: str = "", *, word: str = "", nth: int = 0) -> Problem:
        """Return a problem of this file, underlining the *nth* *word* (from 0) of its *line*, or all of that line."""
        place = _place(self.file, line, self.lines[line - 1] if 0 < line <= len(self.lines) else "", word, nth)
        return Problem(str(place), what, fix, place)


_TRANSLATED = re.compile(r"(?P<stem>.+)\.(?P<language>[a-z]{2})\.(?P<kind>md|mjml)\Z")


def language_in(file: str) -> str:
    """Return the language that a file's name tells: ``de`` of ``welcome-1.de.md``; empty when it tells none."""
    found = _TRANSLATED.match(file)
    return found["language"] if found else ""


def untranslated(name: str) -> str:
    """Return the email that ``welcome-1.de.md`` says in another language: ``welcome-1.md``; empty for any other."""
    found = _TRANSLATED.match(name)
    return f"{found['stem']}.{found['kind']}" if found else ""


def read_template(file: str, text: str) -> Template:
    """Return the email that *text* is; *file* is what people call it. What is wrong with it, `check` says."""
    lines = tuple(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    head: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(lines, 1):
        found = _HEAD_LINE.match(line)
        if found is None:
            return Template(file, lines, head, number if line.strip() else number + 1)
        head.setdefault(_spelling(found[1]), (found[2].strip(), number))
    return Template(file, lines, head, len(lines) + 1)


def _spelling(name: str) -> str:
    return next((known for known in HEAD_LINES if known.lower() == name.lower()), name)


def _place(file: str, line: int, text: str, word: str, nth: int) -> Place:
    """Return where the *nth* *word* stands on a line, looking between braces first."""
    if word:
        pattern = re.compile(rf"(?<!\w){re.escape(word)}(?!\w)" if word.isidentifier() else re.escape(word))
        starts = [span.start() + hit.start() for span in _BRACES.finditer(text) for hit in pattern.finditer(span[0])]
        starts = starts or [hit.start() for hit in pattern.finditer(text)]
        if starts:
            return Place(file, line, starts[min(nth, len(starts) - 1)] + 1, len(word), text)
    shown = text.strip()
    return Place(file, line, text.find(shown) + 1 if shown else 1, max(len(shown), 1), text)
