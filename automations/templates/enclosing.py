"""The files that emails carry: named in a head line (``Attach: prices.pdf``) or shown (``![Our logo](logo.png)``).

They stand in templates/ like the emails, and are read once for all who get them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from automations.core.enclosures import MAX_NAME, Enclosure, enclose, picture
from automations.core.messages import one_line
from automations.core.readback import MessageProblem
from automations.errors import Problem
from automations.templates.words import nearest_of
from automations.templates.written import Template

MAX_BYTES = 5_000_000
"""All files of one email together; encoded they are a third larger, and many mailboxes take 10 MB at most."""
WARN_BYTES = 1_000_000

IMAGE = re.compile(r"!\[[^\]]*\]\(\s*(?P<framed><)?(?P<to>(?(framed)[^>\n]*|[^)\s]*))")
MJML_IMAGE = re.compile(r"<mj-(?:image|carousel-image)\b[^>]*?\ssrc=[\"'](?P<to>[^\"']*)", re.DOTALL)


class _Type(NamedTuple):
    media_type: str
    looks: Callable[[bytes], bool]
    """Whether a file's first octets are such a file's."""
    is_image: bool = False


def _begins(*starts: bytes) -> Callable[[bytes], bool]:
    return lambda octets: octets.startswith(starts)


def _is_text(octets: bytes) -> bool:
    try:
        return "\0" not in octets.decode("utf-8")
    except UnicodeDecodeError:
        return False


_OFFICE = "application/vnd.openxmlformats-officedocument."
_OPEN = "application/vnd.oasis.opendocument."
_ZIP = _begins(b"PK\x03\x04")
_JPEG = _Type("image/jpeg", _begins(b"\xff\xd8\xff"), is_image=True)
_TYPES: Mapping[str, _Type] = {
    "pdf": _Type("application/pdf", lambda octets: b"%PDF-" in octets[:1024]),
    "png": _Type("image/png", _begins(b"\x89PNG\r\n\x1a\n"), is_image=True),
    "jpg": _JPEG,
    "jpeg": _JPEG,
    "gif": _Type("image/gif", _begins(b"GIF87a", b"GIF89a"), is_image=True),
    "docx": _Type(f"{_OFFICE}wordprocessingml.document", _ZIP),
    "xlsx": _Type(f"{_OFFICE}spreadsheetml.sheet", _ZIP),
    "pptx": _Type(f"{_OFFICE}presentationml.presentation", _ZIP),
    "odt": _Type(f"{_OPEN}text", _ZIP),
    "ods": _Type(f"{_OPEN}spreadsheet", _ZIP),
    "odp": _Type(f"{_OPEN}presentation", _ZIP),
    "ics": _Type('text/calendar; charset="utf-8"', _begins(b"BEGIN:VCALENDAR")),
    "vcf": _Type('text/vcard; charset="utf-8"', _begins(b"BEGIN:VCARD")),
    "csv": _Type('text/csv; charset="utf-8"', _is_text),
    "txt": _Type('text/plain; charset="utf-8"', _is_text),
}
"""What an email may carry, by a file's ending: what reads everywhere, and nothing that runs."""


class _Asked(NamedTuple):
    """A file that an email names on *line*."""

    name: str
    line: int
    is_image: bool


class _Unusable(Exception):  # noqa: N818 - what is so
    """Why a file cannot go with an email, and what to do."""

    def __init__(self, what: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.fix = fix


class FileRoom:
    """The files of one folder, each read once however many emails carry it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._read: dict[tuple[str, bool], Enclosure | _Unusable] = {}

    def enclosures_of(self, template: Template) -> tuple[tuple[Enclosure, ...], tuple[Problem, ...]]:
        """Return what an email carries, and what is wrong with the files that it names."""
        found: dict[tuple[str, bool], Enclosure] = {}
        problems: list[Problem] = []
        for asked in _asked(template):
            try:
                found[asked.name, asked.is_image] = self._enclosure(asked)
            except _Unusable as why:
                problems.append(template.problem(asked.line, why.what, why.fix, word=asked.name))
        size = sum(each.size for each in found.values())
        if size > MAX_BYTES:
            what = f"the files of this email are {megabytes(size)} together; {megabytes(MAX_BYTES)} is the most"
            fix = "Put the large ones on your website, and write a link to them."
            problems.append(template.problem(next(_asked(template)).line, what, fix))
        return tuple(found.values()), tuple(problems)

    def _enclosure(self, asked: _Asked) -> Enclosure:
        known = self._read.get((asked.name, asked.is_image))
        if known is None:
            try:
                known = self._open(asked)
            except _Unusable as why:
                known = why
            self._read[asked.name, asked.is_image] = known
        if isinstance(known, _Unusable):
            raise known
        return known

    def _open(self, asked: _Asked) -> Enclosure:
        path = PurePosixPath(asked.name)
        kind = _kind_of(path, is_image=asked.is_image)
        octets = self._octets(path)
        if not octets:
            raise _Unusable(f"{asked.name} is empty", "Save it again, and look at it before you send it.")
        if not kind.looks(octets):
            what = f"{asked.name} is not what its name says: it does not begin like a {path.suffix[1:].upper()} file"
            raise _Unusable(what, "Save it anew from the program that made it.")
        try:
            return (picture if asked.is_image else enclose)(asked.name, kind.media_type, octets)
        except MessageProblem as problem:
            raise _Unusable(str(problem), "Give the file a plain name.") from problem

    def _octets(self, path: PurePosixPath) -> bytes:
        folder = self._folder
        stays = f"Put it into {folder.name}/, and give its name only."
        if path.is_absolute() or ".." in path.parts:
            raise _Unusable(f"a file that goes with an email stands inside {folder.name}/", stays)
        if one_line(path.name) != path.name or len(path.name) > MAX_NAME:
            raise _Unusable(f"a file's name is plain text of at most {MAX_NAME} letters", "Give it a shorter name.")
        try:
            real = (folder / path).resolve()
            if not real.is_relative_to(folder.resolve()):
                raise _Unusable(f"{path} leads out of {folder.name}/", stays)
            size = real.stat().st_size
            if size > MAX_BYTES:
                what = f"{path} is {megabytes(size)}; an email carries {megabytes(MAX_BYTES)} at most"
                raise _Unusable(what, "Put it on your website, and write a link to it.")
            return real.read_bytes()
        except FileNotFoundError:
            near = nearest_of(str(path), [each.relative_to(folder).as_posix() for each in folder.glob("**/*.*")])
            raise _Unusable(f"there is no file {path} in {folder.name}/", near or stays) from None
        except OSError as error:
            raise _Unusable(f"{path} cannot be read: {error.strerror}", "Look at its permissions.") from None


def _kind_of(path: PurePosixPath, *, is_image: bool) -> _Type:
    kind = _TYPES.get(path.suffix[1:].lower())
    if kind is None or (is_image and not kind.is_image):
        wanted = sorted(ending for ending, each in _TYPES.items() if each.is_image or not is_image)
        what = "is no image that mail programs show" if is_image else "is of a kind that mailboxes turn away"
        raise _Unusable(f"{path} {what}", f"It may be: {', '.join(wanted)}.")
    return kind


def _asked(template: Template) -> Iterator[_Asked]:
    """Yield the files that an email names, in the order in which they stand there."""
    named, line = template.head.get("Attach", ("", 1))
    yield from (_Asked(each.strip(), line, is_image=False) for each in named.split(",") if each.strip())
    body = template.source("Body")
    for found in (MJML_IMAGE if template.is_mjml else IMAGE).finditer(body):
        if found["to"] and not is_elsewhere(found["to"]):
            yield _Asked(found["to"], body.count("\n", 0, found.start("to")) + 1, is_image=True)


def is_elsewhere(target: str) -> bool:
    """Return whether an image is not one of our files: it is on the web, or only a lead's fields tell where."""
    return "{" in target or ":" in target or target.startswith("//")


def megabytes(size: int) -> str:
    """Return a size as people say it.

    >>> megabytes(5_000_000), megabytes(1_240_000)
    ('5 MB', '1.2 MB')
    """
    return f"{size / 1_000_000:.1f}".removesuffix(".0") + " MB"


def check_weight(template: Template) -> Iterator[Problem]:
    """Yield a warning for an email that is heavy for whoever gets it, and for the ledger."""
    size = sum(each.size for each in template.enclosures)
    if size > WARN_BYTES:
        what = f"this email carries {megabytes(size)} of files, and the ledger keeps each email as it was sent"
        fix = "A link to your website is lighter, and mailboxes like it better."
        yield template.problem(next(_asked(template)).line, what, fix)
