"""What replies say, in config.yaml: the owner's own words, and rules that ask for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from good_config import GOOD, SECRETS, write_shop

from automations.config import load_config, read_config
from automations.config.sentences import Scope, fact_fields, parse_condition
from automations.core.conditions import Compare
from automations.core.history import LeadHistory, Signal, SignalKind
from automations.core.incoming import Says
from automations.core.leads import Lead, LeadKey
from automations.core.standing import stand

SENTENCES = ("is not now", "is not interested", "is not not now", "is not question")
OLD_RULE = "stage is New and emails_sent >= 1"
NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)


def test_own_words_are_read(tmp_path: Path) -> None:
    """The owner's phrases are kept by what they say, one alone as well as a list."""
    text = GOOD + "\nreplies:\n  not now: [nach der Messe, erst 2028]\n  wrong person: Herr Lang macht das\n"

    config = load_config(write_shop(tmp_path, text), SECRETS)

    assert config.policy.replies == (
        (Says.NOT_NOW, ("nach der Messe", "erst 2028")),
        (Says.WRONG_PERSON, ("Herr Lang macht das",)),
    )


def test_words_without_a_word(tmp_path: Path) -> None:
    """A phrase with nothing to look for is a mistake, shown where it stands."""
    config, problems, _ = read_config(write_shop(tmp_path, GOOD + '\nreplies: {not now: ["..."]}\n'), SECRETS)

    assert config is None
    assert [problem.what for problem in problems] == ["replies, phrase 1: there is no word to look for in this"]


def test_a_rule_may_ask_what_a_reply_says(tmp_path: Path) -> None:
    """``reply_says is not now`` is a sentence; a word that no reply can say is not."""
    asks = GOOD.replace(OLD_RULE, "reply_says is not now")
    wrong = GOOD.replace(OLD_RULE, "reply_says is later")

    _, right, _ = read_config(write_shop(tmp_path, asks), SECRETS)
    _, problems, _ = read_config(write_shop(tmp_path, wrong), SECRETS)

    assert asks != GOOD
    assert right == ()
    assert len(problems) == 1


def test_not_now_is_a_choice_and_not_a_negation() -> None:
    """``is not interested`` asks for the choice of that name, as it is read aloud; ``is not not now`` negates."""
    scope = Scope((), fact_fields((), ()))
    asked = {text: parse_condition(f"reply_says {text}", scope, "x")[0] for text in SENTENCES}

    assert {text: found and found.tree for text, found in asked.items()} == {
        "is not now": Compare("reply_says", "is", ("not now",), "reply_says is not now"),
        "is not interested": Compare("reply_says", "is", ("not interested",), "reply_says is not interested"),
        "is not not now": Compare("reply_says", "is not", ("not now",), "reply_says is not not now"),
        "is not question": Compare("reply_says", "is not", ("question",), "reply_says is not question"),
    }


def test_the_latest_reply_counts(tmp_path: Path) -> None:
    """What a lead said last is what a rule is told; a lead that never replied says nothing."""
    policy = load_config(write_shop(tmp_path), SECRETS).policy
    columns = policy.columns
    lead = Lead(LeadKey("eva"), 2, (None,) * len(columns.fields), (None,) * len(columns.owned))
    replies = (
        Signal(SignalKind.REPLIED, NOW, says=Says.NOT_NOW.value),
        Signal(SignalKind.REPLIED, NOW - timedelta(days=3), says=Says.INTERESTED.value),
    )

    said = stand(lead, LeadHistory(signals=replies), policy, NOW).given.facts.reply_says
    silent = stand(lead, LeadHistory(), policy, NOW).given.facts.reply_says

    assert (said, silent) == ("not now", None)
