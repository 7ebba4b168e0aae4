"""``sequences:`` to what is sent, step by step, and by whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from automations.config import tables as t
from automations.config.columns import EMAIL
from automations.config.conditions import ConditionReader, where_of
from automations.config.nearest import hint, nearest
from automations.config.notes import Desk
from automations.config.sentence_shape import Said, Sentence
from automations.config.settings import AnySetting, Record
from automations.config.shapes import Entry, Found
from automations.config.template_files import template_file
from automations.core.conditions import Condition
from automations.core.leads import Field
from automations.core.policy import EmailSequence, Step, Wait
from automations.core.variants import MOST_VARIANTS
from automations.errors import Place
from automations.located import Scalar

SAME_COMPANY_REPLIED = "same_company_replied"


class Cast(NamedTuple):
    """Who and what a sequence may name: senders, columns (*unsure*: those that could not be read), templates."""

    senders: tuple[str, ...]
    fields: tuple[Field, ...]
    unsure: frozenset[str]
    templates: Path

    def sender(self, name: str) -> str | None:
        """Return the sender of that name, case aside, in its own spelling."""
        return next((each for each in self.senders if each.casefold() == name.casefold()), None)


def sequences_of(record: Record, cast: Cast, reader: ConditionReader, desk: Desk) -> tuple[EmailSequence, ...]:
    """Return the sequences that could be read."""
    entries = record[t.SEQUENCES] or ()
    found = (_sequence(entry, cast, reader, desk.inside(entry.name.text.strip())) for entry in entries)
    return tuple(sequence for sequence in found if sequence is not None)


def _sequence(entry: Entry[Record], cast: Cast, reader: ConditionReader, desk: Desk) -> EmailSequence | None:
    record, sentence = entry.value, entry.value[t.START_WHEN]
    start_when = reader.read(sentence, desk) if sentence else None
    senders, sender_field = _writers(record, cast, desk)
    step_records = record[t.STEPS]
    steps = _steps(step_records or (), cast, reader, desk)
    _check_mailable(record, cast, desk)
    stops = record[t.STOP_WHEN] or ()
    conditions = tuple(
        _stop(stop.value, reader, desk.inside(f"stop {stop.number}")) for stop in stops if not _is_special(stop.value)
    )
    if start_when is None:
        return None
    return EmailSequence(
        name=entry.name.text.strip(),
        start_when=start_when,
        steps=steps,
        senders=senders,
        sender_field=sender_field,
        stop_when=tuple(condition for condition in conditions if condition is not None),
        stop_on_company_reply=any(_is_special(stop.value) for stop in stops),
    )


def _is_special(sentence: Sentence) -> bool:
    return isinstance(sentence, Said) and sentence.text.text.strip() == SAME_COMPANY_REPLIED


def _stop(sentence: Sentence, reader: ConditionReader, desk: Desk) -> Condition | None:
    if (
        isinstance(sentence, Said)
        and "_" in sentence.text.text
        and nearest(sentence.text.text, (SAME_COMPANY_REPLIED,))
    ):
        under = f'did you mean "{SAME_COMPANY_REPLIED}"?'
        desk.wrong(sentence.text.place(), f'"{sentence.text.text}" is not a sentence', under)
        return None
    return reader.read(sentence, desk)


def _writers(record: Record, cast: Cast, desk: Desk) -> tuple[tuple[str, ...], str | None]:
    """Return the senders who take turns, mostly a single one, or the field that names one."""
    found = record.find(t.SEQUENCE_SENDER)
    if found is not None:
        if not isinstance(found.value, str):
            return _rotation(found.value, cast, desk), None
        sender, field = named_sender(Found(found.value, found.node), cast, desk)
        return (sender,) if sender else (), field
    if record.has(t.SEQUENCE_SENDER):
        return (), None
    if len(cast.senders) == 1:
        return cast.senders, None
    if cast.senders:
        what = '"sender" is missing, and there are several: ' + ", ".join(cast.senders)
        desk.wrong(record.anchor, what, fix=f"add  sender: {cast.senders[0]}")
    return (), None


def _rotation(listed: Sequence[Found[str]], cast: Cast, desk: Desk) -> tuple[str, ...]:
    """Return the senders of a list, each once; report whoever is none, or stands there twice."""
    names: list[str] = []
    for found in listed:
        sender = cast.sender(found.value)
        if sender is None and cast.senders:
            is_column = any(field.name == found.value for field in cast.fields)
            under = "a column stands alone" if is_column else hint(found.value, cast.senders, kind="senders")
            desk.wrong(found.node.place(), f'there is no sender "{found.value}"', under)
        elif sender in names:
            desk.wrong(found.node.place(), f'"{sender}" is in this list already', "name each sender once")
        elif sender:
            names.append(sender)
    return tuple(names)


def named_sender(found: Found[str], cast: Cast, desk: Desk) -> tuple[str | None, str | None]:
    """Return the sender that is named, or the field whose choices are all senders; report anything else."""
    sender = cast.sender(found.value)
    if sender is not None:
        return sender, None
    if not cast.senders or found.value in cast.unsure:
        return None, None
    field = next((each for each in cast.fields if each.name == found.value), None)
    if field is None:
        owners = tuple(each.name for each in cast.fields if each.choices and all(map(cast.sender, each.choices)))
        under = hint(found.value, (*cast.senders, *owners), kind="senders")
        desk.wrong(found.node.place(), f'there is no sender "{found.value}"', under)
        return None, None
    if not field.choices:
        what = f'the column "{field.name}" has no choices that are senders'
        desk.wrong(found.node.place(), what, f"give it choices: {', '.join(cast.senders)}")
    for choice in field.choices:
        if cast.sender(choice) is None:
            what = f'"{choice}" is a choice of {field.header}, but there is no sender of that name'
            under = hint(choice, cast.senders, kind="senders")
            desk.wrong(found.node.place(), what, under, f"add {choice.lower()} under senders, or take the choice out")
    return None, field.name


def _check_mailable(record: Record, cast: Cast, desk: Desk) -> None:
    """Emails need a column to take the address from."""
    emails = (step.value.find(t.EMAIL) for step in record[t.STEPS] or ())
    first = next((email for email in emails if email is not None), None)
    known = {field.name for field in cast.fields} | cast.unsure
    if first is not None and known and EMAIL not in known:
        what = f'there is no column "{EMAIL}", so nobody can be written to'
        desk.wrong(first.node.place(), what, f"add it under columns:  {EMAIL}: header in your sheet")


class _Walk:
    """What has been met on the way through the steps of one sequence."""

    def __init__(self) -> None:
        self.wait: Found[Wait] | None = None
        self.waited = False
        self.emailed = False
        self.tasks = 0


def _steps(found: Iterable[Found[Record]], cast: Cast, reader: ConditionReader, desk: Desk) -> tuple[Step, ...]:
    """Return the emails and tasks, each with the wait before it."""
    walk = _Walk()
    steps: list[Step] = []
    names: dict[str, int] = {}
    for each in found:
        inside = desk.inside(f"step {each.number}")
        if not _is_one_thing(each.value, inside):
            # It may have been a wait: say nothing about waits that are missing then.
            walk.wait, walk.waited = None, True
            continue
        if wait := each.value.find(t.WAIT):
            _take_wait(each.value, wait, walk, inside)
        elif step := _step(each.value, walk, cast, reader, inside):
            first = names.setdefault(step.name, each.number)
            if first != each.number:
                what = f'step {first} has the name "{step.name}" already'
                inside.wrong(_name_place(each.value), what, "give this one a name of its own", _name_fix(each.value))
            steps.append(step)
    if walk.wait is not None:
        desk.wrong(walk.wait.node.place(), "nothing comes after this wait", "take it out, or add an email")
    return tuple(steps)


def _name_place(record: Record) -> Place:
    """Return where a step's name is written, or what it is taken from."""
    settings: tuple[AnySetting, ...] = (t.STEP_NAME, t.EMAIL, t.TASK)
    found = next((found for setting in settings if (found := record.find(setting))), None)
    return found.node.place() if found else record.anchor


def _name_fix(record: Record) -> str:
    return "" if record.has(t.STEP_NAME) else "add a line  name: ...  to it"


_KINDS: tuple[AnySetting, ...] = (t.EMAIL, t.WAIT, t.TASK)


def _is_one_thing(record: Record, desk: Desk) -> bool:
    """Return whether a step is one of email, wait and task, and report when it is not."""
    kinds = [setting for setting in _KINDS if record.has(setting)]
    if len(kinds) == 1:
        return record.find(kinds[0]) is not None
    if not kinds and record.has_strangers(t.STEP.table):
        return False
    if not kinds:
        desk.wrong(
            record.anchor, "a step is an email, a wait or a task", fix="write  email: ..., wait: ... or task: ..."
        )
    else:
        what = f"one step cannot be {' and '.join(kind.name for kind in kinds)} at once"
        pair = next(pair for pair in record.node.pairs if pair.key.text == kinds[1].name)
        desk.wrong(pair.key.place(), what, "begin a new step with  - ")
    return False


def _take_wait(record: Record, wait: Found[Wait], walk: _Walk, desk: Desk) -> None:
    others: tuple[AnySetting, ...] = (t.ONLY_IF, t.STEP_NAME, t.LATE_AFTER)
    for setting in others:
        if other := record.find(setting):
            desk.wrong(other.node.place(), f'a wait cannot have "{setting.name}"', "put it on the step that follows")
    if walk.wait is not None:
        desk.wrong(wait.node.place(), "this wait follows another one", "make one wait of the two")
    walk.wait, walk.waited = wait, True


def _step(record: Record, walk: _Walk, cast: Cast, reader: ConditionReader, desk: Desk) -> Step | None:
    sentence = record[t.ONLY_IF]
    only_if = reader.read(sentence, desk) if sentence else None
    wait, walk.wait = walk.wait.value if walk.wait else None, None
    if email := record.find(t.EMAIL):
        if walk.emailed and not walk.waited:
            what = "this email would go together with the one before it"
            desk.wrong(email.node.place(), what, "add a step before it:  - wait: 3 business days")
        walk.emailed, walk.waited = True, False
        templates = tuple(template_file(each, cast.templates, desk) for each in email.value)
        if not templates:
            return None
        _check_variants(email.value, desk)
        name = record[t.STEP_NAME] or PurePosixPath(templates[0]).stem
        return Step(
            name,
            template=templates[0],
            variants=templates[1:],
            wait=wait,
            only_if=only_if,
            where=_where(email.value[0]),
            late_after=record[t.LATE_AFTER],
        )
    if task := record.find(t.TASK):
        if late := record.find(t.LATE_AFTER):
            desk.wrong(late.node.place(), 'a task cannot have "late_after"', "a person decides when to do it")
        walk.tasks += 1
        name = record[t.STEP_NAME] or f"task-{walk.tasks}"
        return Step(name, task=task.value, wait=wait, only_if=only_if, where=_where(task))
    return None


def _check_variants(found: Sequence[Found[str]], desk: Desk) -> None:
    names: set[str] = set()
    for each in found:
        if each.value in names:
            desk.wrong(each.node.place(), f'"{each.value}" stands here twice', "name each variant once")
        names.add(each.value)
    if len(found) > MOST_VARIANTS:
        desk.wrong(found[MOST_VARIANTS].node.place(), f"an email has at most {MOST_VARIANTS} variants", "take some out")


def _where(found: Found[str]) -> str:
    return where_of(found.node) if isinstance(found.node, Scalar) else ""
