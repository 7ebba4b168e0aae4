"""What is wrong with an email whatever the lead, and what may keep it from some: found without rendering anything."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType

from automations.core.messages import UNSUBSCRIBE_LINES
from automations.errors import Place, Problem
from automations.templates.enclosing import IMAGE, is_elsewhere
from automations.templates.signing import SIGNATURE, check_place
from automations.templates.words import EXTRA_NAMES, FILTERS, PARTS_OF_NAME, TESTS, nearest_of
from automations.templates.written import HEAD_LINES, SUBJECTS, Template, language_in

_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]*(?:\s[^<>]*)?/?>|<!--")
LINK = re.compile(r"\]\(\s*<?(?P<to>[^)\s>]*)")
_GOOD_LINK = re.compile(r"https?://|mailto:|tel:|\{[{%]", re.IGNORECASE)


NO_CHOICES: Mapping[str, Sequence[str]] = MappingProxyType({})


def with_parts(names: frozenset[str]) -> frozenset[str]:
    """Return fields with the parts of a name that can be taken out of them."""
    return names | ({*PARTS_OF_NAME} if "name" in names else frozenset())


def with_extra(names: Collection[str]) -> frozenset[str]:
    """Return everything that an email can use of a lead with these fields."""
    known = frozenset(names)
    extra = EXTRA_NAMES.keys() - {SIGNATURE}
    return known | {each for each in extra if each not in PARTS_OF_NAME or "name" in known}


def check_translation(template: Template, base: Template | None) -> Iterator[Problem]:
    """Yield what keeps an email from standing in for the one whose words it says in another language."""
    if base is None:
        return
    named, written = language_in(template.file), template.head.get("Language", ("", 1))
    if named not in UNSUBSCRIBE_LINES:
        fix = f"Languages: {', '.join(UNSUBSCRIBE_LINES)}."
        yield template.problem(1, f'there is no footer in the language "{named}" of this file\'s name', fix)
    elif written[0] and written[0] != named:
        what = f'the file\'s name says the language is "{named}", and this line says "{written[0]}"'
        yield template.problem(written[1], what, "Take this line out.")
    if template.subjects != base.subjects:
        what = f"{base.file} has {', '.join(base.subjects)}, and this email has {', '.join(template.subjects)}"
        yield template.problem(1, what, "Give both the same subject lines, so that every variant is there.")


def check_greeting(template: Template, names: frozenset[str]) -> Iterator[Problem]:
    """Yield a warning for each field in the first line that would be missing for some lead."""
    body = template.source("Body")
    greeting = next((number for number, line in enumerate(body.split("\n"), 1) if line.strip()), 0)
    if "{{" not in body or template.is_mjml:
        return
    from automations.templates import language  # noqa: PLC0415 - jinja2 costs 40 ms

    for use in language.read(body).printed:
        if use.line == greeting and use.name in names:
            what = f"whoever has no {use.name} does not get this email"
            fix = f'Say what to write then: {{{{ {use.name} or "there" }}}}, or begin with {{{{ greeting }}}}.'
            yield template.problem(use.line, what, fix, word=use.name, nth=use.nth)


def check_email(
    template: Template,
    known: frozenset[str],
    choices: Mapping[str, Sequence[str]],
    signatures: Collection[str],
    *,
    may_answer: bool,
) -> Iterator[Problem]:
    """Yield everything that is wrong with an email; *may_answer* lets it have no subject."""
    if not (may_answer and "Subject" not in template.head):
        yield from _check_subject(template)
    yield from _check_head(template)
    for part in (*SUBJECTS, "Preview"):
        yield from _check_source(template, template.source(part), known, choices)
    body = template.source("Body")
    yield from _check_source(template, body, known | {SIGNATURE} if SIGNATURE in body else known, choices)
    yield from check_place(template, signatures)
    yield from (_check_mjml if template.is_mjml else _check_body)(template)


def check_signature(
    template: Template, known: frozenset[str], choices: Mapping[str, Sequence[str]]
) -> Iterator[Problem]:
    """Yield everything that is wrong with a signature."""
    if not template.source("Body").strip():
        yield template.problem(1, "this signature says nothing", "Write it here, or take it out under senders.")
        return
    yield from _check_source(template, template.source("Body"), known, choices)
    yield from _check_body(template)


def _check_mjml(template: Template) -> Iterator[Problem]:
    from automations.templates.mjml_reading import INSTALL, MissingMjml, flaws_of  # noqa: PLC0415 - only for such emails

    flaws = flaws_of(template.source("Body"))
    for flaw in flaws:
        yield template.problem(max(flaw.line, template.body_at), flaw.what, flaw.fix, word=flaw.word)
    if flaws:
        return
    from automations.templates.mjml import compiled  # noqa: PLC0415 - mrml is an extra

    try:
        compiled(template.source("Body"), template.language, ())
    except MissingMjml as problem:
        yield template.problem(template.body_at, str(problem), INSTALL, word="<mjml")
    except ValueError as problem:
        yield template.problem(template.body_at, f"this is no MJML: {problem}", "Look at its tags and quotes.")


def _check_subject(template: Template) -> Iterator[Problem]:
    text, line = template.head.get("Subject", ("", 1))
    if not text:
        yield template.problem(line, "this email has no subject", "Write  Subject: ...  on its first line.")


def _check_head(template: Template) -> Iterator[Problem]:
    for name, (text, line) in template.head.items():
        if name not in HEAD_LINES:
            fix = nearest_of(name, HEAD_LINES) or f"Above the empty line may stand: {', '.join(HEAD_LINES)}."
            yield template.problem(line, f'there is no head line "{name}:"', fix, word=name)
        elif name == "Language" and text not in UNSUBSCRIBE_LINES:
            fix = f"Languages: {', '.join(UNSUBSCRIBE_LINES)}."
            yield template.problem(line, f'there is no footer in the language "{text}"', fix, word=text)
    first = template.body_at
    if template.head and first <= len(template.lines) and template.lines[first - 2].strip():
        fix = "Put an empty line between the head and the email."
        yield template.problem(first, "an empty line is missing above this one", fix)


def _check_source(
    template: Template, source: str, known: frozenset[str], choices: Mapping[str, Sequence[str]] = NO_CHOICES
) -> Iterator[Problem]:
    if "{" not in source:
        return
    from automations.templates import language  # noqa: PLC0415 - jinja2 costs 40 ms

    reading = language.read(source)
    for complaint in reading.complaints:
        fix = complaint.fix or nearest_of(complaint.word, (*FILTERS, *TESTS)) or f"Filters: {', '.join(FILTERS)}."
        yield template.problem(complaint.line, complaint.what, fix, word=complaint.word, nth=complaint.nth)
    for use in reading.names:
        if use.name not in known:
            what = f"this email uses {{{{ {use.name} }}}}; there is no such field"
            yield template.problem(use.line, what, _field_fix(use.name, known), word=use.name, nth=use.nth)
    for asked in reading.asked:
        allowed = choices.get(asked.name)
        if allowed and asked.value not in allowed:
            what = f'{asked.name} is never "{asked.value}"'
            fix = nearest_of(asked.value, allowed) or f"It is one of: {', '.join(allowed)}."
            yield template.problem(asked.line, what, fix, word=asked.value)


def _field_fix(name: str, known: frozenset[str]) -> str:
    if name == SIGNATURE:
        return "A signature stands in the body of an email only."
    if name in PARTS_OF_NAME:
        return f"It is taken from a field called name: add  name: Your header  under columns:, or add {name} there."
    return nearest_of(name, known) or f"Fields: {', '.join(sorted(known))}."


def _check_body(template: Template) -> Iterator[Problem]:
    body = _COMMENT.sub(lambda found: "\n" * found[0].count("\n"), template.source("Body"))
    if not body.strip():
        last = min(template.body_at, len(template.lines))
        yield template.problem(last, "this email says nothing", "Write it below the head, after an empty line.")
    for number, line in enumerate(body.split("\n"), 1):
        for tag in _TAG.finditer(line):
            fix = "Write Markdown: **bold**, *italic*, [text](https://...), an empty line between paragraphs."
            yield template.problem(number, "HTML would be shown as it stands", fix, word=tag[0])
        images = {image.start("to"): image for image in IMAGE.finditer(line)}
        for image in images.values():
            yield from _check_image(template, number, image["to"])
        for link in LINK.finditer(line):
            if link.start("to") not in images and not _GOOD_LINK.match(link["to"]):
                fix = "A link in an email starts with https://, mailto: or tel:."
                yield template.problem(number, f'"{link["to"]}" leads nowhere from an email', fix, word=link["to"])


def _check_image(template: Template, number: int, target: str) -> Iterator[Problem]:
    if not target:
        yield template.problem(number, "this image has no file", "Write  ![Our logo](logo.png)  and put logo.png here.")
    elif "{" in target:
        what = "an image is the same for everybody: its file is named as it is"
        fix = "Write its name:  ![Our logo](logo.png)  - and  {% if ... %}  around it, if only some should see it."
        yield template.problem(number, what, fix, word=target)
    elif is_elsewhere(target):
        what = "an image that is not in the email is hidden by most mail programs, and tells its server who reads"
        fix = "Put its file into templates/, and write its name:  ![Our logo](logo.png)"
        yield template.problem(number, what, fix, word=target)


def check_line(text: str, known_names: Collection[str], place: Place) -> tuple[Problem, ...]:
    """Return what is wrong with a line such as the text of a task, whatever the lead; it is written at *place*."""
    problems = _check_source(Template(place.file, (text,), {}, 1), text, with_extra(known_names))
    return tuple(Problem(str(place), problem.what, problem.fix, place) for problem in problems)
