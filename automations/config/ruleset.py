"""``scoring:``, ``score_caps:``, ``segments:``, ``stages:`` and ``stage_rules:`` to the rules that qualify a lead."""

from __future__ import annotations

from typing import NamedTuple

from automations.config import tables as t
from automations.config.columns import unique_labels
from automations.config.conditions import ConditionReader
from automations.config.nearest import hint
from automations.config.notes import Desk
from automations.config.sentence_shape import Said, Sentence
from automations.config.settings import Record
from automations.config.shapes import Entry, Found
from automations.config.spoken import SpokenFade
from automations.core.conditions import Condition, fields_of
from automations.core.leads import FieldType
from automations.core.policy import Fade, Ruleset, ScoringRule, SegmentRule, StageRule
from automations.located import Scalar

EVERYTHING_ELSE = "everything else"

BEFORE_SCORE = {
    "score": "it is what the rules are adding up",
    "segment": "it is decided after the score",
}
BEFORE_SEGMENT = {"segment": "it is what is being decided"}


class Readers(NamedTuple):
    """What reads the conditions of each kind of rule."""

    scoring: ConditionReader
    segments: ConditionReader
    anything: ConditionReader


def segment_names(record: Record) -> tuple[str, ...]:
    """Return the names under ``segments:``, in order."""
    return tuple(dict.fromkeys(record.names(t.SEGMENTS)))


def stage_names(record: Record, desk: Desk) -> tuple[str, ...]:
    """Return the names under ``stages:``, in order."""
    stages = record[t.STAGES]
    return unique_labels(stages or (), "stage", desk.inside("stages"))


def ruleset_of(record: Record, stages: tuple[str, ...], readers: Readers, desk: Desk) -> Ruleset:
    """Return the rules that could be read."""
    scoring = _scoring(record, readers.scoring, desk.inside("scoring"))
    return Ruleset(
        scoring=scoring,
        caps=_caps(record, desk.inside("score_caps")),
        segments=_segments(record[t.SEGMENTS] or (), readers.segments, desk.inside("segments")),
        stages=stages,
        stage_rules=_stage_rules(record, stages, readers.anything, desk.inside("stage_rules")),
    )


def _scoring(record: Record, reader: ConditionReader, desk: Desk) -> tuple[ScoringRule, ...]:
    found = record[t.SCORING] or ()
    rules = (_scoring_rule(each.value, reader, desk.inside(f"rule {each.number}")) for each in found)
    return tuple(rule for rule in rules if rule is not None)


def _scoring_rule(rule: Record, reader: ConditionReader, desk: Desk) -> ScoringRule | None:
    points, sentence = rule[t.POINTS], rule[t.WHEN]
    when = reader.read(sentence, desk) if sentence else None
    fade = rule.find(t.FADES)
    if points is None or when is None:
        return None
    fades = _fade(fade, when, reader, desk) if fade else None
    return ScoringRule(points, when, rule[t.BECAUSE] or when.text, rule[t.GROUP], fades)


def _fade(found: Found[SpokenFade], when: Condition, reader: ConditionReader, desk: Desk) -> Fade | None:
    fields = (*reader.scope.fields, *reader.scope.facts)
    dates = tuple(field.name for field in fields if field.type is FieldType.DATE)
    fade = found.value
    node = found.node
    if fade.since:
        if fade.since not in dates:
            place = (
                node.part(fade.since_at, fade.since_at + len(fade.since)) if isinstance(node, Scalar) else node.place()
            )
            what = f'points fade since a date, and there is no date column "{fade.since}"'
            desk.wrong(place, what, hint(fade.since, dates, kind="date columns"))
            return None
        return Fade(fade.share, fade.per, fade.since)
    asked = sorted(fields_of(when.tree) & set(dates))
    if len(asked) != 1:
        why = "asks about no date" if not asked else f"asks about several dates ({', '.join(asked)})"
        sample = asked[0] if asked else (dates[0] if dates else "asked_on")
        desk.wrong(node.place(), f"since when do the points fade? The rule {why}", f"add  since {sample}")
        return None
    return Fade(fade.share, fade.per, asked[0])


def _caps(record: Record, desk: Desk) -> tuple[tuple[str, int], ...]:
    groups = {rule.value[t.GROUP] for rule in record[t.SCORING] or ()} - {None}
    names = sorted(str(group) for group in groups)
    caps = []
    for entry in record[t.SCORE_CAPS] or ():
        name = entry.name.text.strip()
        if name not in names and record.find(t.SCORING) is not None:
            under = hint(name, names, kind="groups") if names else f"give a rule  group: {name}"
            desk.wrong(entry.name.place(), f'no scoring rule has the group "{name}"', under)
        caps.append((name, entry.value))
    return tuple(caps)


def _is_rest(sentence: Sentence) -> bool:
    return isinstance(sentence, Said) and " ".join(sentence.text.text.casefold().split()) == EVERYTHING_ELSE


def _segments(entries: tuple[Entry[Sentence], ...], reader: ConditionReader, desk: Desk) -> tuple[SegmentRule, ...]:
    unique_labels((Found(entry.name.text.strip(), entry.name) for entry in entries), "segment", desk)
    rules = []
    for number, entry in enumerate(entries, 1):
        name = entry.name.text.strip()
        if _is_rest(entry.value):
            if number < len(entries):
                what = f'"{EVERYTHING_ELSE}" leaves nothing for the segments below it'
                desk.inside(name).wrong(entry.node.place(), what, "move this line to the end")
            rules.append(SegmentRule(name, None))
        elif condition := reader.read(entry.value, desk.inside(name)):
            rules.append(SegmentRule(name, condition))
    if entries and not any(_is_rest(entry.value) for entry in entries):
        what = "a lead that fits none of these has no segment"
        desk.warn(entries[-1].name.place(), what, f"add  cold: {EVERYTHING_ELSE}")
    return tuple(rules)


def _stage_rules(record: Record, stages: tuple[str, ...], reader: ConditionReader, desk: Desk) -> tuple[StageRule, ...]:
    rules = []
    for found in record[t.STAGE_RULES] or ():
        inside = desk.inside(f"rule {found.number}")
        move_to = one_of(found.value.find(t.MOVE_TO), stages, "stage", inside)
        sentence = found.value[t.WHEN]
        when = reader.read(sentence, inside) if sentence else None
        if move_to is not None and when is not None:
            rules.append(StageRule(move_to, when))
    return tuple(rules)


def one_of(found: Found[str] | None, names: tuple[str, ...], noun: str, desk: Desk) -> str | None:
    """Return which of *names* is meant, in its own spelling; report a name that is none of them."""
    if found is None:
        return None
    for name in names:
        if name.casefold() == found.value.casefold():
            return name
    desk.wrong(found.node.place(), f'there is no {noun} "{found.value}"', hint(found.value, names, kind=f"{noun}s"))
    return None
