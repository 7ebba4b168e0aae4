"""Plain sentences are joined without the grammar, to the same meaning that the grammar gives them."""

from __future__ import annotations

import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st

from automations.config import sentences
from automations.config.sentences import Scope, parse_condition
from automations.config.words import Cutter, Word
from automations.core.conditions import Compare, Condition
from automations.core.leads import Field, FieldType

SCOPE = Scope(tuple(Field(name, name.upper(), FieldType.NUMBER) for name in "abcd"), ())


def _by_grammar(text: str) -> Condition:
    words: tuple[Word, ...] = tuple(Cutter(text, SCOPE).words())
    compares, wrong = sentences._compares(text, SCOPE, words)
    tree, problems = sentences._joined(words)
    assert tree is not None
    assert (*wrong, *problems) == ()
    return Condition(text, sentences._node(tree, compares), "config.yaml:1")


@given(
    first=st.sampled_from("abcd"),
    rest=st.lists(st.tuples(st.sampled_from(["and", "or"]), st.sampled_from("abcd")), max_size=8),
)
def test_plain_sentences_mean_what_the_grammar_says(first: str, rest: list[tuple[str, str]]) -> None:
    """However "and" and "or" alternate, the quick way and the grammar come to the same condition."""
    text = f"{first} > 0" + "".join(f" {joint} {name} > {n}" for n, (joint, name) in enumerate(rest, 1))

    condition, problems = parse_condition(text, SCOPE, "config.yaml:1")

    assert problems == ()
    assert condition == _by_grammar(text)


def test_one_part_is_itself() -> None:
    """A sentence of one part is that part."""
    condition, _ = parse_condition("a > 1", SCOPE, "")

    assert condition == Condition("a > 1", Compare("a", ">", (1,), "a > 1"), "")


def test_plain_sentences_do_not_load_lark() -> None:
    """A book of plain sentences is checked without paying for the grammar; parentheses pay for it."""
    code = (
        "import sys; from automations.config.sentences import Scope, parse_condition;"
        "from automations.core.leads import Field; s = Scope((Field('a', 'A'),), ());"
        "parse_condition('a is x and a is not y', s, ''); before = 'lark' in sys.modules;"
        "parse_condition('(a is x)', s, ''); print(before, 'lark' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False True"
