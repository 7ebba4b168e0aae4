"""``tests:`` to facts that the owner states: this lead comes out like that."""

from __future__ import annotations

from automations.config import tables as t
from automations.config.conditions import where_of
from automations.config.nearest import hint
from automations.config.notes import Desk
from automations.config.ruleset import one_of
from automations.config.sentences import Scope
from automations.config.settings import Record
from automations.config.shapes import Entry, Found
from automations.core.cells import CellProblem, reader_of
from automations.core.leads import Field, Value
from automations.core.policy import Example
from automations.located import Scalar


def examples_of(
    record: Record,
    scope: Scope,
    *,
    unsure: frozenset[str],
    segments: tuple[str, ...],
    stages: tuple[str, ...],
    sequences: tuple[str, ...],
    desk: Desk,
) -> tuple[Example, ...]:
    """Return the examples that could be read."""
    examples = []
    for found in record[t.TESTS] or ():
        inside = desk.inside(f"test {found.number}")
        expect = found.value[t.TEST_EXPECT]
        values = _values(found.value, scope, unsure, inside.inside("lead"))
        name = found.value.find(t.TEST_NAME)
        if expect is None:
            continue
        inner = inside.inside("expect")
        segment = one_of(expect.find(t.EXPECT_SEGMENT), segments, "segment", inner)
        stage = one_of(expect.find(t.EXPECT_STAGE), stages, "stage", inner)
        starts = one_of(expect.find(t.EXPECT_STARTS), sequences, "sequence", inner)
        if not expect.node.pairs:
            inner.wrong(expect.anchor, "nothing is expected", "write a score, segment, stage, or what it starts")
        if name is not None:
            examples.append(Example(name.value, values, expect[t.EXPECT_SCORE], segment, stage, starts, _where(name)))
    return tuple(examples)


def _where(found: Found[str]) -> str:
    return where_of(found.node) if isinstance(found.node, Scalar) else ""


def _values(test: Record, scope: Scope, unsure: frozenset[str], desk: Desk) -> tuple[tuple[str, Value], ...]:
    """Return the made-up lead's values, each as its column would hold it."""
    fields = {field.name: field for field in (*scope.fields, *scope.facts)}
    values = []
    for entry in test[t.TEST_LEAD] or ():
        name = entry.name.text.strip()
        if name in unsure:
            continue
        if name not in fields:
            under = hint(name, tuple(fields), kind="columns")
            desk.wrong(entry.name.place(), f'there is no column "{name}"', under)
        else:
            values.append((name, _value(fields[name], entry, desk)))
    return tuple(values)


def _value(field: Field, entry: Entry[Scalar], desk: Desk) -> Value:
    text = entry.value.text
    try:
        return reader_of(field)(text)
    except CellProblem as problem:
        desk.wrong(entry.value.place(), f'{field.header} "{text}" {problem}')
        return None
