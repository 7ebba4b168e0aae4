"""The goals on real mail that others collected: what is found, whose address it is, and that no person is lost."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from corpus import corpus, needs_corpus
from inbox_scores import Labelled, Score, Scores, labelled_mail, mail_of, new_texts, ours, score

from automations.core.incoming import Kind
from automations.mail.incoming.verdict import read_mail

pytestmark = needs_corpus


@pytest.fixture(scope="module")
def mails() -> tuple[Labelled, ...]:
    """Return all mail with labels, read once."""
    return labelled_mail(corpus("bounces").parent)


@pytest.fixture(scope="module")
def scores(mails: tuple[Labelled, ...]) -> Mapping[str, Scores]:
    """Return how we do on each set."""
    groups = dict.fromkeys(each.group for each in mails)
    return {group: score([each for each in mails if each.group == group], ours) for group in groups}


@pytest.mark.parametrize(
    ("what", "goal"),
    [("found", 0.96), ("address", 0.95), ("permanent", 0.94), ("precision", 0.93), ("recall", 0.93)],
)
def test_the_goals_on_the_largest_set(scores: Mapping[str, Scores], what: str, goal: float) -> None:
    """Of real bounces nearly all are found, with the right address, and dead addresses are told from living ones."""
    reached: Score = getattr(scores["sisimai"], what)

    assert reached.of > 90
    assert reached.share >= goal, f"{what}: {reached}"


def test_the_goals_on_the_other_sets(scores: Mapping[str, Scores]) -> None:
    """Nothing that flufl.bounce finds on its own mail is lost, and of the third set at most one in a hundred."""
    assert scores["flufl"].found.share == 1
    assert scores["flufl"].address.share == 1
    assert scores["rjbs"].found.share >= 0.99
    assert scores["rjbs"].address.share >= 0.99


def test_ordinary_mail_is_no_bounce(scores: Mapping[str, Scores]) -> None:
    """No ordinary, odd or damaged mail is called a bounce, no challenge, and no reply."""
    assert scores["ordinary"].alarms.right == 0
    assert scores["rjbs"].alarms.right == 0
    assert scores["replies"].alarms.right == 0


def test_no_person_is_lost(mails: tuple[Labelled, ...]) -> None:
    """Every reply that a person wrote is taken for one."""
    kinds = {each.path.name: read_mail(mail_of(each)).kind for each in mails if each.group == "replies"}

    assert {name: kind for name, kind in kinds.items() if kind is not Kind.REPLY} == {}


@pytest.mark.parametrize("half", ["A", "B"])
def test_rules_hold_on_mail_they_were_not_made_on(mails: tuple[Labelled, ...], half: str) -> None:
    """The half of the mail that was not looked at while the rules were made is read nearly as well as the other."""
    found = score([each for each in mails if each.group == "sisimai" and each.half == half], ours)

    assert found.found.share >= 0.96
    assert found.address.share >= 0.93
    assert found.permanent.share >= 0.94


def test_the_new_text_of_replies() -> None:
    """Of a reply its new words are kept, as the authors of the mail wrote them down."""
    texts = new_texts(corpus("replies").parent)

    assert texts.talon.share == 1
    assert (texts.equal.right + texts.cut) / texts.equal.of >= 0.9


def test_automatic_answers_are_told_from_people() -> None:
    """An absence counts as none, a challenge as a challenge; neither is a reply."""
    names = ("sisimai/rfc3834-01.eml", "sisimai/rfc3834-05.eml", "rjbs/boxbe-cr.msg", "rjbs/bluebottle.msg")
    folder: Path = corpus("bounces")

    kinds = [read_mail((folder / name).read_bytes()).kind for name in names]

    assert kinds == [Kind.ABSENCE, Kind.AUTO_REPLY, Kind.CHALLENGE, Kind.CHALLENGE]
