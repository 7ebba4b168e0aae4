"""What a person's reply says: wants no more, or interested, not now, not interested, wrong person, a question.

Plain tables of phrases, in the order a careful reader would ask: a refusal is seen before an interest, because "not
interested" has "interested" in it. Only the words decide; a text with words of two kinds is what comes first below,
and a text with none is unclear. The answer is a hint for the owner: nothing is done by it alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

from automations.core.incoming import Says
from automations.mail.incoming.phrases import Phrase, as_phrase, find, first_of, folded, section

_ORDER = (Says.WRONG_PERSON, Says.NOT_NOW, Says.NOT_INTERESTED, Says.QUESTION, Says.INTERESTED)
_MAX_TEXT = 5000
_SHORT = 400
"""Characters of a text in which plain words may mean an unsubscription; a longer one has other things to say."""

OwnPhrases = Mapping[Says, tuple[Phrase, ...]]
"""The owner's own phrases, by what they mean (`own_phrases`)."""


def own_phrases(written: Iterable[tuple[Says, Sequence[str]]]) -> OwnPhrases:
    """Return what the owner wrote under ``replies:`` ready to be looked for.

    Raises ValueError for a phrase without a word, which config.yaml is checked for.
    """
    return {says: tuple(as_phrase(each) for each in phrases) for says, phrases in written}


def what_it_says(text: str, own: OwnPhrases | None = None) -> tuple[Says, str]:
    """Return what the new *text* of a reply says, and the words that decided; "" for an unclear one.

    The owner's phrases are asked first.
    """
    words = folded(text[:_MAX_TEXT])
    for says, phrases in (own or {}).items():
        if (found := first_of(phrases, words)) is not None:
            return says, found.words
    for says in _ORDER:
        if says is Says.QUESTION:
            if (found := _question(text, words)) is not None:
                return says, found.words
        elif (found := first_of(section(says.value), words)) is not None:
            return says, found.words
    return Says.UNCLEAR, ""


def _question(text: str, words: str) -> Phrase | None:
    """Return the question word of a text with a question mark (in Japanese: with the word for one at its end)."""
    if "?" not in text and "\uff1f" not in text and not words.endswith(("か", "か。")):
        return None
    return first_of(section(Says.QUESTION.value), words) or as_phrase("what")


def wants_no_more(text: str) -> str:
    """Return the words in a reply's new *text* that ask us to stop writing; "" when it does not ask.

    A single word counts alone on its line. A whole sentence counts where the text is short; negations ("please don't
    unsubscribe me") take it back, and then a person decides.
    """
    words = folded(text[:_MAX_TEXT])
    if first_of(section("no unsubscribe"), words) is not None:
        return ""
    alone = {each.words: each for each in section("stop alone")}
    for line in (text[:_MAX_TEXT].splitlines() or [""])[:3]:
        bare = folded(re.sub(r"[\"'.!,;:*„“”«»()]+", "", line))
        if bare in alone and len(words) <= _SHORT:
            return alone[bare].words
        if bare:
            break
    if len(words) > _SHORT:
        return ""
    found = first_of(section("unsubscribe"), words)
    return "" if found is None or _asks_about(words, found) else found.words


def _asks_about(words: str, found: Phrase) -> bool:
    """Whether the sentence around a phrase is a question ("how do I unsubscribe?" is one that still asks for it)."""
    at = find(found, words)
    sentence = re.split(r"[.!\n]", words[at:])[0]
    return "?" in sentence and not words[:at].rstrip().endswith(("i", "please", "me"))
