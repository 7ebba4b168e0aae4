"""An email worked out for one lead: its fields written in, strictly and within bounds. Import it late: jinja2."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache, wraps
from html import escape
from typing import Any, NoReturn

from jinja2 import StrictUndefined, Template, Undefined, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from automations.core.leads import Value
from automations.core.messages import one_line
from automations.templates.language import NameUse, read
from automations.templates.signing import Markdown
from automations.templates.words import FILTERS, FIRST_MARK, MAX_MARKS, MAX_REFERENCE, as_literal_markdown, as_text

MAX_RENDERED = 200_000
"""Characters that an email may have once its fields are filled in."""
_MAX_NUMBER = 1e15
_MAX_EXPONENT = 64


class FieldIsEmpty(UndefinedError):  # noqa: N818 - it says what is so
    """Raised when an empty cell would be printed or counted with; its text is the field's name."""


class Refused(SecurityError):  # noqa: N818 - it says what is so
    """Raised when a value does not suit what is done with it, or would grow out of bounds; its text is a sentence."""


class EmptyField(Undefined):
    """An empty cell: false, equal to "", less and greater than nothing; never printed."""

    __slots__ = ()

    def __init__(self, name: str) -> None:
        super().__init__(hint=name, name=name, exc=FieldIsEmpty)

    def _is_nothing(self, other: object) -> bool:
        return other is None or other == "" or isinstance(other, EmptyField)

    def _is_never(self, other: object) -> bool:
        del other
        return False

    def __str__(self) -> str:  # noqa: PLE0307 - printing it is the mistake
        self.refuse()

    def refuse(self) -> NoReturn:
        """Raise FieldIsEmpty."""
        raise FieldIsEmpty(self._undefined_name)

    def __eq__(self, other: object) -> bool:
        return self._is_nothing(other)

    def __ne__(self, other: object) -> bool:
        return not self._is_nothing(other)

    __hash__ = Undefined.__hash__
    __lt__ = __le__ = __gt__ = __ge__ = _is_never  # type: ignore[assignment]


class _Environment(ImmutableSandboxedEnvironment):
    """Jinja with the operators bounded that can make much out of little."""

    intercepted_binops = frozenset({"*", "**", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401 - jinja2's own
        """Return what the operator makes of two numbers; raise Refused for anything else or anything huge."""
        del context
        for each in (left, right):
            if isinstance(each, EmptyField):
                each.refuse()
        if not all(isinstance(each, int | float) and abs(each) <= _MAX_NUMBER for each in (left, right)):
            raise Refused(f'"{operator}" works on numbers up to 15 digits only')
        if operator == "**" and abs(right) > _MAX_EXPONENT:
            raise Refused(f'"**" goes up to {_MAX_EXPONENT} only')
        return _BOUNDED[operator](left, right)


_BOUNDED: Mapping[str, Callable[[Any, Any], Any]] = {"*": operator.mul, "**": operator.pow, "%": operator.mod}
_TAKES_EMPTY = frozenset({"default", "d", "length"})


def _bounded(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a filter that refuses an empty cell, and a result longer than an email."""

    @wraps(function)
    def call(*given: Any, **named: Any) -> Any:  # noqa: ANN401 - filters take and give what Jinja does
        if name not in _TAKES_EMPTY:
            for each in given:
                if isinstance(each, EmptyField):
                    each.refuse()
        try:
            result = function(*given, **named)
        except (UndefinedError, SecurityError):
            raise
        except Exception:  # noqa: BLE001 - whatever a filter of Jinja's dislikes, the owner gets a sentence
            raise Refused(f'"{name}" cannot be used like this with this value') from None
        if isinstance(result, str) and len(result) > MAX_RENDERED:
            raise Refused(f'"{name}" makes a text longer than {MAX_RENDERED} characters')
        return result

    return call


def _replace(text: str, old: str, new: str) -> str:
    text, old, new = str(text), str(old), str(new)
    if not old:
        raise Refused('"replace" needs to know what to replace')
    if len(text) + text.count(old) * len(new) > MAX_RENDERED:
        raise Refused(f'"replace" makes a text longer than {MAX_RENDERED} characters')
    return text.replace(old, new)


_MAX_DATE_FORMAT = 60


def _date(value: Any, style: str = "") -> str:  # noqa: ANN401 - whatever the owner puts before the filter
    if not hasattr(value, "strftime"):
        raise Refused('"date" works on dates only; is the column\'s type date?')
    if len(style) > _MAX_DATE_FORMAT or re.search(r"%[^aAbBdmyYjUuVGBe%-]", style):
        raise Refused('"date" takes a short pattern of %d %m %y %Y %a %A %b %B: "%d.%m.%Y"')
    return str(value.strftime(style)) if style else as_text(value)


def _finish(write: Callable[[str], str]) -> Callable[[Any], str]:
    """Return what turns the value of one ``{{ }}`` into text, by *write*."""

    def finish(value: Any) -> str:  # noqa: ANN401 - any value a field or an expression has
        if isinstance(value, EmptyField):
            value.refuse()
        # An inline "if" without an "else" that does not hold.
        if isinstance(value, Markdown):
            return value
        return "" if value is None or isinstance(value, Undefined) else write(as_text(value))

    return finish


def _environment(write: Callable[[str], str]) -> _Environment:
    made = _Environment(
        trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined, autoescape=False, finalize=_finish(write)
    )
    own: Mapping[str, Callable[..., Any]] = {"replace": _replace, "date": _date}
    made.filters = {name: _bounded(name, own.get(name) or made.filters[name]) for name in FILTERS}
    made.globals.clear()
    made.tests["none"] = lambda value: value is None or isinstance(value, EmptyField)
    return made


class Blanks:
    """Notes values while a text is filled in, and leaves a mark for each: what is said around them is often the same.

    A mark is one letter of Unicode's private use area. A value that could change how Markdown reads what stands beside
    it (it begins or ends with something else than a letter or a digit) is written out.
    """

    def __init__(self) -> None:
        self.values: list[str] = []
        self._is_noting = False

    def write(self, text: str) -> str:
        """Return what stands for *text*."""
        # Constants of a template are written while it is compiled: they belong to what is said around the values.
        if not (self._is_noting and text and text[0].isalnum() and text[-1].isalnum() and len(self.values) < MAX_MARKS):
            return as_literal_markdown(text)
        self.values.append(text)
        return chr(FIRST_MARK + len(self.values) - 1)

    @contextmanager
    def noting(self) -> Iterator[list[str]]:
        """Note values, and return where."""
        self.values, self._is_noting = [], True
        try:
            yield self.values
        finally:
            self._is_noting = False


_BLANKS = Blanks()
_PLAIN = _environment(str)
_HTML = _environment(escape)
_MARKDOWN = _environment(as_literal_markdown)
_MARKED = _environment(_BLANKS.write)
_PRIVATE = re.compile(f"[{chr(FIRST_MARK)}-{chr(FIRST_MARK + MAX_MARKS - 1)}]")


class Stumble(Exception):  # noqa: N818 - what happened to one lead, no fault of the program
    """Why a text cannot be written for one lead: *what*, and on which *line*, from 1."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(what, line)
        self.what = what
        self.line = line


def fill(source: str, values: Mapping[str, Value]) -> str:
    """Return *source* with the fields of one lead written in as plain text. Raises Stumble."""
    return _fill(source, values, _PLAIN)


def fill_html(source: str, values: Mapping[str, Value]) -> str:
    """Return *source*, which is HTML, with the fields written in as nothing but text. Raises Stumble."""
    return _fill(source, values, _HTML)


def fill_markdown(source: str, values: Mapping[str, Value]) -> str:
    """Return *source*, which is Markdown, with the fields written in so that they stay literal text. Raises Stumble."""
    return _fill(source, values, _MARKDOWN)


def fill_blanks(source: str, values: Mapping[str, Value]) -> tuple[str, tuple[str, ...]]:
    """Return *source*, which is Markdown, with marks (`FIRST_MARK` and on) for fields, and what the marks stand for.

    Where that cannot be told apart from what is there, it is `fill_markdown` and nothing. Raises Stumble.
    """
    with _BLANKS.noting() as noted:
        marked = _fill(source, values, _MARKED)
    if len(_PRIVATE.findall(marked)) != len(noted) or any(map(_PRIVATE.search, noted)):
        return fill_markdown(source, values), ()
    if len(marked) + sum(map(len, noted)) * MAX_REFERENCE > MAX_RENDERED and (
        len(marked) + sum(len(as_literal_markdown(each)) for each in noted) > MAX_RENDERED + len(noted)
    ):
        raise Stumble(f"the email is longer than {MAX_RENDERED} characters", 1)
    return marked, tuple(noted)


@dataclass(frozen=True, slots=True)
class _Compiled:
    template: Template
    names: tuple[NameUse, ...]


_FILE = "<email>"


@lru_cache(maxsize=512)
def _compiled(source: str, environment: _Environment) -> _Compiled:
    reading = read(source)
    for complaint in reading.complaints:
        raise Stumble(complaint.what, complaint.line)
    code = environment.compile(source, _FILE, _FILE)
    return _Compiled(Template.from_code(environment, code, environment.globals), reading.names)


def _fill(source: str, values: Mapping[str, Value], environment: _Environment) -> str:
    try:
        compiled = _compiled(source, environment)
        text = compiled.template.render({use.name: _given(use, values) for use in compiled.names})
    except Stumble:
        raise
    except Exception as error:  # noqa: BLE001 - whatever the owner's text makes Jinja do, it is this lead that is held
        raise Stumble(_what_happened(error), _line_of(error)) from None
    if len(text) > MAX_RENDERED:
        raise Stumble(f"the email is longer than {MAX_RENDERED} characters", 1)
    return text


def _given(use: NameUse, values: Mapping[str, Value]) -> object:
    try:
        value = values[use.name]
    except KeyError:
        raise Stumble(f'there is no field "{use.name}"', use.line) from None
    if isinstance(value, str) and not isinstance(value, Markdown):
        # A cell of spaces, or of marks that print nothing, is empty to a reader.
        value = one_line(value)
    return EmptyField(use.name) if value is None or value == "" else value


def _what_happened(error: Exception) -> str:
    match error:
        case FieldIsEmpty():
            return f'the field "{error.message}" is empty; say what to write then: {{{{ {error.message} or "..." }}}}'
        case SecurityError():
            return error.message or "this takes too much"
        case ZeroDivisionError():
            return "a number is divided by zero"
        case TypeError():
            return "a number, a date and a text cannot be compared or counted together"
        case _:
            return "this cannot be worked out with the lead's values"


def _line_of(error: Exception) -> int:
    """Return the line of the text on which *error* arose; Jinja has put its own lines into the traceback."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return line
