"""Emails as the owner writes them: ``templates/NAME.md``, a few head lines, an empty line, Markdown with fields.

    Subject: Coffee for {{ employees or "all of" }} you?
    Preview: What people see beside the subject, if they see anything
    Language: en

    Hi {{ first_name or "there" }},

Nothing here asks what a lead typed: its text goes in as text, in the subject, in the Markdown and in the plain part.
`check` finds what is wrong before a lead is read; what only a lead can show (an empty cell) is a TemplateProblem.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from automations.core.leads import Value
from automations.core.messages import UNSUBSCRIBE_LINES, Rendered, one_line
from automations.core.policy import Business
from automations.errors import LeadwrightError, Place, Problem
from automations.templates.words import EXTRA_NAMES, FILTERS, PARTS_OF_NAME, TESTS, LeadValues, values_for, written_out

__all__ = [
    "EXTRA_NAMES",
    "FILTERS",
    "TESTS",
    "LeadValues",
    "Template",
    "TemplateProblem",
    "TemplateSet",
    "check_line",
    "load_templates",
    "render_line",
    "values_for",
]

MAX_FILE_BYTES = 100_000
MAX_SUBJECT_LENGTH = 200
HEAD_LINES: Mapping[str, str] = {
    "Subject": "the subject of the email; without it, an email that is not the first answers the one before it",
    "Preview": "what stands beside the subject in a list of messages",
    "Language": f"the language of the email and its footer: {', '.join(UNSUBSCRIBE_LINES)}",
}
"""What may stand above the empty line, and what it is. Only Subject must be there, and only in a first email."""

_HEAD_LINE = re.compile(r"([A-Za-z][A-Za-z-]*)[ \t]*:[ \t]*(.*)\Z")
_BRACES = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]*(?:\s[^<>]*)?/?>|<!--")
_LINK = re.compile(r"\]\(\s*<?(?P<to>[^)\s>]*)")
_TORN_LINK = re.compile(r"\]\(\s*(?!<)[^)\s]+\s+(?![\"'()])")
_GOOD_LINK = re.compile(r"https?://|mailto:|tel:|\{[{%]", re.IGNORECASE)


class TemplateProblem(LeadwrightError):  # noqa: N818 - it is a problem of one lead's email, which is held
    """One email cannot be written for one lead: *what* is wrong, and *where*, as ``templates/welcome-1.md:3``."""

    exit_code = 2

    def __init__(self, what: str, where: str) -> None:
        super().__init__(what)
        self.where = where

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class Template:
    """One email as it was read: *file* is its name for people, *lines* its text, *body_at* the body's first line.

    *head* has the value of each head line and the line it stands on, from 1.
    """

    file: str
    lines: tuple[str, ...]
    head: Mapping[str, tuple[str, int]]
    body_at: int

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


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """The emails of one configuration, by the name that a step gives them."""

    templates: Mapping[str, Template] = field(default_factory=dict)

    def check(self, known_names: Collection[str], answers: Collection[str] = ()) -> tuple[Problem, ...]:
        """Return everything that is wrong whatever the lead, in the order of files and lines.

        *known_names* are the fields under ``columns:``; `EXTRA_NAMES` are known besides. *answers* are the emails that
        always have one before them, and may answer it instead of having a subject. Renders nothing.
        """
        known = _with_extra(known_names)
        found = (
            problem
            for name, template in self.templates.items()
            for problem in _check(template, known, may_answer=name in answers)
        )
        return tuple(sorted(found, key=lambda problem: (problem.place is None, problem.place)))

    def render(self, name: str, values: Mapping[str, Value], business: Business) -> Rendered:
        """Return the words of email *name* with *values*, footer included; an answer has no subject of its own.

        Raises TemplateProblem when a field is empty where something must stand, or the email cannot be written.
        """
        from automations.templates.letter import write_letter  # noqa: PLC0415 - 55 ms that only emails need

        template = self.templates[name]
        subject = one_line(_filled(template, "Subject", values))
        if "Subject" in template.head and not 0 < len(subject) <= MAX_SUBJECT_LENGTH:
            what = f"the subject has {len(subject)} characters; it may have 1 to {MAX_SUBJECT_LENGTH}"
            raise TemplateProblem(what, f"{template.file}:{template.head['Subject'][1]}")
        markdown, fields = _with_blanks(template, values)
        if not markdown.strip():
            raise TemplateProblem("nothing is left to say to this lead", f"{template.file}:{template.body_at}")
        _refuse_torn_links(template, markdown, fields)
        return write_letter(
            subject=subject,
            preview=one_line(_filled(template, "Preview", values)),
            markdown=markdown.strip("\n"),
            fields=fields,
            business=business,
            language=template.head.get("Language", ("en", 1))[0],
        )


def load_templates(folder: Path, names: Sequence[str]) -> tuple[TemplateSet, tuple[Problem, ...]]:
    """Return the emails *names* (``welcome-1.md``) of *folder*, and a problem for each that cannot be read."""
    templates: dict[str, Template] = {}
    problems: list[Problem] = []
    for name in dict.fromkeys(names):
        found = _load(folder, name)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            templates[name] = found
    return TemplateSet(templates), tuple(problems)


def render_line(text: str, values: Mapping[str, Value], where: str = "") -> str:
    """Return one line, such as the text of a task, with *values* written in.

    Raises TemplateProblem, with *where* (``config.yaml:95``) as its place.
    """
    from automations.templates import filling  # noqa: PLC0415 - jinja2 costs 40 ms

    try:
        return one_line(filling.fill(text, values))
    except filling.Stumble as stumble:
        raise TemplateProblem(stumble.what, where) from None


def check_line(text: str, known_names: Collection[str], place: Place) -> tuple[Problem, ...]:
    """Return what is wrong with a line such as the text of a task, whatever the lead; it is written at *place*."""
    problems = _check_source(Template(place.file, (text,), {}, 1), text, _with_extra(known_names))
    return tuple(Problem(str(place), problem.what, problem.fix, place) for problem in problems)


def _load(folder: Path, name: str) -> Template | Problem:
    path = PurePosixPath(name)
    file = f"{folder.name}/{name}"
    if path.is_absolute() or ".." in path.parts:
        return Problem(file, f"an email stands inside {folder.name}/", "Move it there, and give its name only.")
    try:
        with (folder / path).open("rb") as opened:
            data = opened.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return Problem(file, "there is no such file", _nearest(name, _files(folder)) or "Make it, or mend its name.")
    except OSError as error:
        return Problem(file, f"this file cannot be read: {error.strerror}")
    if len(data) > MAX_FILE_BYTES:
        return Problem(file, f"this file is larger than {MAX_FILE_BYTES} bytes", "An email is a page or two.")
    try:
        return read_template(file, data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return Problem(file, "this file is not UTF-8 text", "Save it as UTF-8 in your editor.")


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob("**/*.md"))


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


def _with_extra(names: Collection[str]) -> frozenset[str]:
    known = frozenset(names)
    return known | {each for each in EXTRA_NAMES if each not in PARTS_OF_NAME or "name" in known}


def _check(template: Template, known: frozenset[str], *, may_answer: bool) -> Iterator[Problem]:
    if not (may_answer and "Subject" not in template.head):
        yield from _check_subject(template)
    yield from _check_head(template)
    for part in ("Subject", "Preview", "Body"):
        yield from _check_source(template, template.source(part), known)
    yield from _check_body(template)


def _check_subject(template: Template) -> Iterator[Problem]:
    text, line = template.head.get("Subject", ("", 1))
    if not text:
        yield template.problem(line, "this email has no subject", "Write  Subject: ...  on its first line.")


def _check_head(template: Template) -> Iterator[Problem]:
    for name, (text, line) in template.head.items():
        if name not in HEAD_LINES:
            fix = _nearest(name, HEAD_LINES) or f"Above the empty line may stand: {', '.join(HEAD_LINES)}."
            yield template.problem(line, f'there is no head line "{name}:"', fix, word=name)
        elif name == "Language" and text not in UNSUBSCRIBE_LINES:
            fix = f"Languages: {', '.join(UNSUBSCRIBE_LINES)}."
            yield template.problem(line, f'there is no footer in the language "{text}"', fix, word=text)
    first = template.body_at
    if template.head and first <= len(template.lines) and template.lines[first - 2].strip():
        fix = "Put an empty line between the head and the email."
        yield template.problem(first, "an empty line is missing above this one", fix)


def _check_source(template: Template, source: str, known: frozenset[str]) -> Iterator[Problem]:
    if "{" not in source:
        return
    from automations.templates import language  # noqa: PLC0415 - jinja2 costs 40 ms

    reading = language.read(source)
    for complaint in reading.complaints:
        fix = complaint.fix or _nearest(complaint.word, (*FILTERS, *TESTS)) or f"Filters: {', '.join(FILTERS)}."
        yield template.problem(complaint.line, complaint.what, fix, word=complaint.word, nth=complaint.nth)
    for use in reading.names:
        if use.name not in known:
            what = f"this email uses {{{{ {use.name} }}}}; there is no such field"
            yield template.problem(use.line, what, _field_fix(use.name, known), word=use.name, nth=use.nth)


def _field_fix(name: str, known: frozenset[str]) -> str:
    if name in PARTS_OF_NAME:
        return f"It is taken from a field called name: add  name: Your header  under columns:, or add {name} there."
    return _nearest(name, known) or f"Fields: {', '.join(sorted(known))}."


def _nearest(word: str, known: Collection[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 - 6 ms that only a mistake needs

    close = get_close_matches(word.lower(), known, n=1) or get_close_matches(word.capitalize(), known, n=1)
    return f"Did you mean {close[0]}?" if close else ""


def _check_body(template: Template) -> Iterator[Problem]:
    body = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), template.source("Body"))
    if not body.strip():
        last = min(template.body_at, len(template.lines))
        yield template.problem(last, "this email says nothing", "Write it below the head, after an empty line.")
    for number, line in enumerate(body.split("\n"), 1):
        for tag in _TAG.finditer(line):
            fix = "Write Markdown: **bold**, *italic*, [text](https://...), an empty line between paragraphs."
            yield template.problem(number, "HTML would be shown as it stands", fix, word=tag[0])
        for link in _LINK.finditer(line):
            if not _GOOD_LINK.match(link["to"]):
                fix = "A link in an email starts with https://, mailto: or tel:."
                yield template.problem(number, f'"{link["to"]}" leads nowhere from an email', fix, word=link["to"])


def _with_blanks(template: Template, values: Mapping[str, Value]) -> tuple[str, tuple[str, ...]]:
    from automations.templates import filling  # noqa: PLC0415 - jinja2 costs 40 ms

    try:
        return filling.fill_blanks(template.source("Body"), values)
    except filling.Stumble as stumble:
        raise TemplateProblem(stumble.what, f"{template.file}:{stumble.line}") from None


def _refuse_torn_links(template: Template, markdown: str, fields: Sequence[str]) -> None:
    """Raise TemplateProblem when a value has brought a space into the address of a link: then Markdown sees no link.

    Signs in values are references (`as_literal_markdown`), so whatever looks like a link here is the owner's.
    """
    if "](" not in markdown or not _TORN_LINK.search(written_out(markdown, fields)):
        return
    lines = enumerate(template.source("Body").split("\n"), 1)
    at = next((number for number, line in lines if any("{" in found["to"] for found in _LINK.finditer(line))), 1)
    what = "a value with a space tears the link; write it in the link like  {{ name | urlencode }}"
    raise TemplateProblem(what, f"{template.file}:{at}")


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


def _filled(template: Template, part: str, values: Mapping[str, Value]) -> str:
    from automations.templates import filling  # noqa: PLC0415 - jinja2 costs 40 ms

    try:
        return filling.fill(template.source(part), values)
    except filling.Stumble as stumble:
        raise TemplateProblem(stumble.what, f"{template.file}:{stumble.line}") from None
