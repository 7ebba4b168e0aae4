"""Emails as the owner writes them: ``templates/NAME.md``, a few head lines, an empty line, Markdown with fields.

    Subject: Coffee for {{ employees or "all of" }} you?
    Preview: What people see beside the subject, if they see anything
    Language: en

    Hi {{ first_name or "there" }},

Nothing here asks what a lead typed: its text goes in as text, in the subject, in the Markdown and in the plain part.
`check` finds what is wrong before a lead is read; what only a lead can show (an empty cell) is a TemplateProblem.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from automations.core.enclosures import Enclosure
from automations.core.leads import Value
from automations.core.links import LinkTag
from automations.core.messages import Rendered, one_line
from automations.core.policy import Business
from automations.errors import LeadwrightError, Problem
from automations.templates.checking import (
    LINK,
    NO_CHOICES,
    check_email,
    check_greeting,
    check_line,
    check_signature,
    check_translation,
    with_extra,
    with_parts,
)
from automations.templates.enclosing import FileRoom, check_weight
from automations.templates.mjml_reading import MissingMjml
from automations.templates.signing import as_block, places_signature, read_signature
from automations.templates.words import EXTRA_NAMES, FILTERS, TESTS, LeadValues, nearest_of, values_for, written_out
from automations.templates.written import HEAD_LINES, Template, language_in, read_template, untranslated

__all__ = [
    "EXTRA_NAMES",
    "FILTERS",
    "HEAD_LINES",
    "TESTS",
    "LeadValues",
    "Template",
    "TemplateProblem",
    "TemplateSet",
    "check_line",
    "load_templates",
    "read_template",
    "render_line",
    "values_for",
]

MAX_FILE_BYTES = 100_000
SUFFIXES = frozenset({".md", ".mjml"})
MAX_SUBJECT_LENGTH = 200
_TORN_LINK = re.compile(r"\]\(\s*(?!<)[^)\s]+\s+(?![\"'()])")


class TemplateProblem(LeadwrightError):  # noqa: N818 - it is a problem of one lead's email, which is held
    """One email cannot be written for one lead: *what* is wrong, and *where*, as ``templates/welcome-1.md:3``."""

    exit_code = 2

    def __init__(self, what: str, where: str) -> None:
        super().__init__(what)
        self.where = where

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


@dataclass(frozen=True, slots=True)
class TemplateSet:
    """The emails of one configuration, by the name that a step gives them."""

    templates: Mapping[str, Template] = field(default_factory=dict)
    signatures: Mapping[str, Template] = field(default_factory=dict)

    def texts(self, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
        """Return every text that the emails *names* offer for one step: its email, and the head line of its subject."""
        return tuple((name, subject) for name in names for subject in self.templates[name].subjects)

    def in_language(self, name: str, wanted: Sequence[str]) -> str:
        """Return the email *name* in the first of the *wanted* languages that it is written in, else *name* itself."""
        by_language = {self.templates[each].language: each for each in (*self.translations.get(name, ()), name)}
        return next((by_language[each] for each in wanted if each in by_language), name)

    @property
    def translations(self) -> Mapping[str, tuple[str, ...]]:
        """Return, by email, those that say the same in other languages."""
        found: dict[str, list[str]] = {}
        for name in self.templates:
            if base := untranslated(name):
                found.setdefault(base, []).append(name)
        return {base: tuple(names) for base, names in found.items() if base in self.templates}

    def warnings(self, known_names: Collection[str]) -> tuple[Problem, ...]:
        """Return what may keep an email from some lead: a name in its greeting that not everybody has, heavy files."""
        names = frozenset(known_names) - {"email"}
        return tuple(
            problem
            for template in self.templates.values()
            for problem in (*check_greeting(template, with_parts(names)), *check_weight(template))
        )

    def check(
        self,
        known_names: Collection[str],
        answers: Collection[str] = (),
        choices: Mapping[str, Sequence[str]] = NO_CHOICES,
    ) -> tuple[Problem, ...]:
        """Return everything that is wrong whatever the lead, in the order of files and lines.

        *known_names* are the fields under ``columns:``; `EXTRA_NAMES` are known besides. *answers* are the emails that
        always have one before them, and may answer it instead of having a subject. *choices* are the only values that
        some fields have. Renders nothing.
        """
        known = with_extra(known_names)
        found = (
            problem
            for name, template in self.templates.items()
            for problem in (
                *check_email(
                    template, known, choices, self.signatures, may_answer=(untranslated(name) or name) in answers
                ),
                *check_translation(template, self.templates.get(untranslated(name))),
            )
        )
        signatures = (
            problem
            for name, template in self.signatures.items()
            for problem in (
                *check_signature(template, known, choices),
                *check_translation(template, self.signatures.get(untranslated(name))),
            )
        )
        return tuple(sorted((*found, *signatures), key=lambda problem: (problem.place is None, problem.place)))

    def render(
        self,
        name: str,
        values: Mapping[str, Value],
        business: Business,
        *,
        subject_line: str = "Subject",
        tag: LinkTag | None = None,
        signature: str = "",
    ) -> Rendered:
        """Return the words of email *name* with *values*, footer included; an answer has no subject of its own.

        *subject_line* is the head line of its subject; *tag* is what links to the business's own site get. *signature*
        is one of `signatures`, or "".
        Raises TemplateProblem when a field is empty where something must stand, or the email cannot be written.
        """
        from automations.templates.letter import write_letter  # noqa: PLC0415 - 55 ms that only emails need

        template = self.templates[name]
        if isinstance(values, LeadValues):
            values = values.in_language(template.language)
        subject = one_line(_filled(template, subject_line, values))
        if subject_line in template.head and not 0 < len(subject) <= MAX_SUBJECT_LENGTH:
            what = f"the subject has {len(subject)} characters; it may have 1 to {MAX_SUBJECT_LENGTH}"
            raise TemplateProblem(what, f"{template.file}:{template.head[subject_line][1]}")
        signed, pictures = self._signed(signature, template.language, values)
        if template.is_mjml:
            return _written_in_mjml(template, values, business, subject, (signed, pictures))
        is_placed = places_signature(template.source("Body"))
        if is_placed:
            known = values if isinstance(values, LeadValues) else LeadValues(values)
            values = known.signed(as_block(signed))
        markdown, fields = _with_blanks(template, values)
        if not markdown.strip():
            raise TemplateProblem("nothing is left to say to this lead", f"{template.file}:{template.body_at}")
        if signed and not is_placed:
            markdown = f"{markdown.rstrip()}\n{as_block(signed)}"
        _refuse_torn_links(template, markdown, fields)
        return write_letter(
            subject=subject,
            preview=one_line(_filled(template, "Preview", values)),
            markdown=markdown.strip("\n"),
            fields=fields,
            business=business,
            language=template.language,
            tag=tag,
            enclosures=tuple(dict.fromkeys((*template.enclosures, *pictures))) if pictures else template.enclosures,
        )

    def _signed(self, name: str, language: str, values: Mapping[str, Value]) -> tuple[str, tuple[Enclosure, ...]]:
        """Return the signature *name* in a language, as filled-in Markdown, and its images; "" and none for no name."""
        if not name:
            return "", ()
        from automations.templates.filling import fill_markdown  # noqa: PLC0415 - jinja2 costs 40 ms

        path = PurePosixPath(name)
        template = self.signatures.get(str(path.with_suffix(f".{language}{path.suffix}"))) or self.signatures[name]
        markdown = _written(template, "Body", values, fill_markdown).strip()
        _refuse_torn_links(template, markdown, ())
        return markdown, template.enclosures


def load_templates(
    folder: Path, names: Sequence[str], signatures: Sequence[str] = ()
) -> tuple[TemplateSet, tuple[Problem, ...]]:
    """Return the emails *names* (``welcome-1.md``) of *folder*, and a problem for each that cannot be read.

    With each come those beside it that say the same in another language: ``welcome-1.de.md``.
    """
    emails, wrong = _load_all(folder, names, read_template)
    signed, also_wrong = _load_all(folder, signatures, read_signature)
    return TemplateSet(emails, signed), (*wrong, *also_wrong)


def _load_all(
    folder: Path, names: Sequence[str], read: Callable[[str, str], Template]
) -> tuple[dict[str, Template], list[Problem]]:
    templates: dict[str, Template] = {}
    problems: list[Problem] = []
    files = FileRoom(folder)
    for name in dict.fromkeys(each for asked in names for each in (asked, *_translations_of(folder, asked))):
        found = _load(folder, name, read)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            enclosures, wrong = files.enclosures_of(found)
            templates[name] = replace(found, enclosures=enclosures)
            problems += wrong
    return templates, problems


def _translations_of(folder: Path, name: str) -> list[str]:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or untranslated(name):
        return []
    beside = sorted((folder / path.parent).glob(f"{glob.escape(path.stem)}.??{path.suffix}"))
    return [str(path.parent / each.name) for each in beside if language_in(each.name)]


def render_line(text: str, values: Mapping[str, Value], where: str = "") -> str:
    """Return one line, such as the text of a task, with *values* written in.

    Raises TemplateProblem, with *where* (``config.yaml:95``) as its place.
    """
    from automations.templates import filling  # noqa: PLC0415 - jinja2 costs 40 ms

    try:
        return one_line(filling.fill(text, values))
    except filling.Stumble as stumble:
        raise TemplateProblem(stumble.what, where) from None


def _load(folder: Path, name: str, read: Callable[[str, str], Template]) -> Template | Problem:
    path = PurePosixPath(name)
    file = f"{folder.name}/{name}"
    if path.is_absolute() or ".." in path.parts:
        return Problem(file, f"an email stands inside {folder.name}/", "Move it there, and give its name only.")
    try:
        with (folder / path).open("rb") as opened:
            data = opened.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return Problem(file, "there is no such file", nearest_of(name, _files(folder)) or "Make it, or mend its name.")
    except OSError as error:
        return Problem(file, f"this file cannot be read: {error.strerror}")
    if len(data) > MAX_FILE_BYTES:
        return Problem(file, f"this file is larger than {MAX_FILE_BYTES} bytes", "An email is a page or two.")
    try:
        return read(file, data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        return Problem(file, "this file is not UTF-8 text", "Save it as UTF-8 in your editor.")


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob("**/*") if path.suffix in SUFFIXES)


def _written_in_mjml(
    template: Template,
    values: Mapping[str, Value],
    business: Business,
    subject: str,
    signed: tuple[str, tuple[Enclosure, ...]],
) -> Rendered:
    from automations.templates import filling, mjml  # noqa: PLC0415 - jinja2 costs 40 ms, and mrml is an extra

    try:
        return mjml.write_mjml(
            subject=subject,
            preview=one_line(_filled(template, "Preview", values)),
            body=template.source("Body"),
            values=values,
            business=business,
            language=template.language,
            enclosures=tuple(dict.fromkeys((*template.enclosures, *signed[1]))),
            signature=signed[0],
        )
    except filling.Stumble as stumble:
        raise TemplateProblem(stumble.what, f"{template.file}:{template.body_at}") from None
    except (ValueError, MissingMjml) as problem:
        raise TemplateProblem(str(problem), template.file) from None


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
    at = next((number for number, line in lines if any("{" in found["to"] for found in LINK.finditer(line))), 1)
    what = "a value with a space tears the link; write it in the link like  {{ name | urlencode }}"
    raise TemplateProblem(what, f"{template.file}:{at}")


def _filled(template: Template, part: str, values: Mapping[str, Value]) -> str:
    from automations.templates.filling import fill  # noqa: PLC0415 - jinja2 costs 40 ms

    return _written(template, part, values, fill)


def _written(
    template: Template, part: str, values: Mapping[str, Value], fill: Callable[[str, Mapping[str, Value]], str]
) -> str:
    from automations.templates.filling import Stumble  # noqa: PLC0415 - jinja2 costs 40 ms

    try:
        return fill(template.source(part), values)
    except Stumble as stumble:
        raise TemplateProblem(stumble.what, f"{template.file}:{stumble.line}") from None
