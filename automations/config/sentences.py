"""Rule sentences: ``employees >= 20 and country is one of Germany, Austria``, read and checked.

`words` cuts a sentence into parts, the grammar below says how parts are joined, `operands` what each of them asks.
``and`` binds closer than ``or``, as everywhere; `warnings_of` tells where an owner may have meant it otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

from automations.config.operands import compare_of
from automations.config.words import Cutter, Part, Scope, SentenceProblem, Word
from automations.core.conditions import Compare, Condition, Every, Negate, Node, Some
from automations.core.incoming import Says
from automations.core.leads import Field, FieldType

if TYPE_CHECKING:
    from lark import Lark, Token, Tree

__all__ = ["Scope", "SentenceProblem", "fact_fields", "parse_condition", "warnings_of"]

MAX_LENGTH = 2_000
MAX_DEPTH = 30
_MOST_MENDED = 10

GRAMMAR = """
?some: every ("or" every)*
?every: one ("and" one)*
?one: "not" one -> negate
    | "(" some ")"
    | PART
%declare PART
"""
"""How parts are joined. The words between them reach lark by these names, which it gives to the signs above."""

_TERMINALS = {"PART": "PART", "AND": "AND", "OR": "OR", "NOT": "NOT", "OPEN": "LPAR", "CLOSE": "RPAR"}

_FACTS = (
    Field("emails_sent", "emails_sent", FieldType.NUMBER),
    Field("last_emailed", "last_emailed", FieldType.DATE),
    Field("replied", "replied", FieldType.YES_NO),
    Field("bounced", "bounced", FieldType.YES_NO),
    Field("unsubscribed", "unsubscribed", FieldType.YES_NO),
    Field("opened", "opened", FieldType.YES_NO),
    Field("clicked", "clicked", FieldType.YES_NO),
    Field("days_in_stage", "days_in_stage", FieldType.NUMBER),
    Field("reply_says", "reply_says", FieldType.TEXT, tuple(says.value for says in Says)),
    Field("score", "score", FieldType.NUMBER),
)


def fact_fields(stages: Sequence[str], segments: Sequence[str], without: Sequence[str] = ()) -> tuple[Field, ...]:
    """Return what the ledger and the rules know about every lead, as fields; those named in *without* are left out.

    A scoring rule may not ask for score and segment, a segment's sentence not for segment: they are what is decided.
    """
    known = (
        *_FACTS,
        Field("segment", "segment", FieldType.TEXT, tuple(segments)),
        Field("stage", "stage", FieldType.TEXT, tuple(stages)),
    )
    return tuple(each for each in known if each.name not in without)


def parse_condition(text: str, scope: Scope, where: str) -> tuple[Condition | None, tuple[SentenceProblem, ...]]:
    """Return the condition that *text* states, or None and every problem with it, from left to right. Never raises.

    *where* is kept in the condition. A sentence has at most `MAX_LENGTH` characters and `MAX_DEPTH` parentheses and
    "not" inside each other.
    """
    if len(text) > MAX_LENGTH:
        what = f"this sentence is longer than {MAX_LENGTH} characters"
        return None, (SentenceProblem(MAX_LENGTH, len(text), what, "write several under any: or all:"),)
    cutter = Cutter(text, scope)
    words = tuple(cutter.words())
    problem = _emptiness(text, words) or _depth(words)
    if problem:
        return None, (problem,)
    compares, wrong_parts = _compares(text, scope, words)
    tree, wrong_joints = (None, ()) if _is_plain(words) else _joined(words)
    problems = sorted({*cutter.problems, *wrong_parts, *wrong_joints}, key=lambda each: (each.start, each.end))
    if problems:
        return None, tuple(problems)
    node = _plain_node(words, compares) if tree is None else _node(tree, compares)
    return Condition(text, node, where), ()


def warnings_of(text: str, scope: Scope) -> tuple[SentenceProblem, ...]:
    """Return what is allowed but may be meant otherwise: ``and`` and ``or`` beside each other without parentheses."""
    levels: list[set[str]] = [set()]
    for word in Cutter(text[:MAX_LENGTH], scope).words():
        if word.kind == "OPEN":
            levels.append(set())
        elif word.kind == "CLOSE" and len(levels) > 1:
            levels.pop()
        elif word.kind in {"AND", "OR"}:
            levels[-1].add(word.kind)
            if len(levels[-1]) > 1:
                what = '"and" and "or" stand side by side: "and" goes first'
                return (SentenceProblem(word.start, word.end, what, "parentheses say which belong together"),)
    return ()


def _emptiness(text: str, words: Sequence[Word]) -> SentenceProblem | None:
    if words:
        return None
    return SentenceProblem(0, len(text), "there is no condition here", "for example: country is Germany")


def _depth(words: Sequence[Word]) -> SentenceProblem | None:
    depth = 0
    nots = 0
    for word in words:
        nots = nots + 1 if word.kind == "NOT" else 0
        depth += {"OPEN": 1, "CLOSE": -1}.get(word.kind, 0)
        if depth + nots > MAX_DEPTH:
            what = f"more than {MAX_DEPTH} parentheses are inside each other here"
            return SentenceProblem(word.start, word.end, what, "write several sentences under any: or all:")
    return None


def _compares(text: str, scope: Scope, words: Sequence[Word]) -> tuple[dict[int, Compare], tuple[SentenceProblem, ...]]:
    """Return what each part asks, by where it starts."""
    compares: dict[int, Compare] = {}
    problems: list[SentenceProblem] = []
    before: list[Part | None] = [None, None]
    for word in words:
        if word.part is not None:
            compare, wrong = compare_of(word.part, text, scope, before[-2])
            problems.extend(wrong)
            if compare is not None:
                compares[word.start] = compare
        before.append(word.part)
    return compares, tuple(problems)


# --- How parts are joined: lark's tree, and what to say when it finds none. ---


def _is_plain(words: Sequence[Word]) -> bool:
    """Return whether parts and the words between them take turns, without parentheses and "not".

    Most sentences are like that, and `check` of a book whose sentences all are need not load lark: 40 ms of 160.
    """
    kinds = [word.kind for word in words]
    return len(kinds) % 2 == 1 and set(kinds[::2]) == {"PART"} and set(kinds[1::2]) <= {"AND", "OR"}


def _plain_node(words: Sequence[Word], compares: dict[int, Compare]) -> Node:
    """Return what the grammar makes of plain words: "or" between groups that "and" joins."""
    groups: list[list[Node]] = [[]]
    for word in words:
        if word.kind == "OR":
            groups.append([])
        elif word.kind == "PART":
            groups[-1].append(compares[word.start])
    every = tuple(group[0] if len(group) == 1 else Every(tuple(group)) for group in groups)
    return every[0] if len(every) == 1 else Some(every)


@cache
def _parser() -> Lark:
    # Only commands that read sentences pay for lark: 20 ms to import, 10 to build this.
    from lark import Lark  # noqa: PLC0415
    from lark.common import LexerConf  # noqa: PLC0415
    from lark.lexer import Lexer, LexerState  # noqa: PLC0415

    class NoLexer(Lexer):
        """Words are fed one by one; lark has nothing to cut."""

        def __init__(self, lexer_conf: LexerConf) -> None:
            """Take nothing from *lexer_conf*."""

        def lex(self, lexer_state: LexerState, parser_state: object) -> Iterator[Token]:
            """Return nothing: it is never asked."""
            del lexer_state, parser_state
            return iter(())

    return Lark(GRAMMAR, start="some", parser="lalr", lexer=NoLexer, maybe_placeholders=False)


def _joined(words: Sequence[Word]) -> tuple[Tree[Token] | Token | None, tuple[SentenceProblem, ...]]:
    """Return the tree of *words*, and a problem for each place where words are mended until they have one."""
    from lark.exceptions import UnexpectedToken  # noqa: PLC0415

    problems: list[SentenceProblem] = []
    mended = list(words)
    while len(problems) < _MOST_MENDED:
        try:
            return _fed(mended), tuple(problems)
        except UnexpectedToken as error:
            at = len(mended) if error.token.type == "$END" else error.token.start_pos
            mend = _mend_value if "PART" in error.expected else _mend_joint
            problems.append(mend(mended, at or 0))
    return None, tuple(problems)


def _fed(words: Sequence[Word]) -> Tree[Token] | Token:
    """Return the tree. In lark's tokens ``start_pos`` is the position in *words*; the token's text is `Word.start`."""
    from lark import Token  # noqa: PLC0415

    parse = _parser().parse_interactive()
    for position, word in enumerate(words):
        parse.feed_token(Token(_TERMINALS[word.kind], str(word.start), start_pos=position))
    tree: Tree[Token] | Token = parse.feed_token(Token("$END", ""))
    return tree


def _mend_value(words: list[Word], at: int) -> SentenceProblem:
    """Put a part before position *at*, where one is missing."""
    here = words[at - 1] if at else words[at]
    beside = f"before {_said(here)}" if not at else f"behind {_said(here)}"
    words.insert(at, Word("PART", here.end, here.end))
    return SentenceProblem(here.start, here.end, f"a condition is missing {beside}", "add one, or take this out")


def _mend_joint(words: list[Word], at: int) -> SentenceProblem:
    """Put a word at position *at* that joins two parts, close what is open, or take out what closes nothing."""
    if at == len(words):
        opened = _innermost_open(words)
        words.append(Word("CLOSE", opened.end, opened.end))
        return SentenceProblem(opened.start, opened.end, "this parenthesis is not closed", "add ) where it ends")
    here = words[at]
    if here.kind == "CLOSE":
        del words[at]
        return SentenceProblem(here.start, here.end, "this parenthesis closes nothing", "take it out, or add ( before")
    words.insert(at, Word("AND", here.start, here.start))
    return SentenceProblem(here.start, here.end, "and or or is missing before this", "write one of them between two")


def _innermost_open(words: Sequence[Word]) -> Word:
    opened: list[Word] = []
    for word in words:
        if word.kind == "OPEN":
            opened.append(word)
        elif word.kind == "CLOSE" and opened:
            opened.pop()
    return opened[-1]


def _said(word: Word) -> str:
    return {"OPEN": "this parenthesis", "CLOSE": "this parenthesis"}.get(word.kind, f'"{word.kind.lower()}"')


def _node(tree: Tree[Token] | Token, compares: dict[int, Compare]) -> Node:
    from lark import Token  # noqa: PLC0415

    if isinstance(tree, Token):
        return compares[int(tree)]
    parts = tuple(_node(each, compares) for each in tree.children)
    return _NODES[str(tree.data)](parts)


_NODES: dict[str, Callable[[tuple[Node, ...]], Node]] = {
    "some": Some,
    "every": Every,
    "negate": lambda parts: Negate(parts[0]),
}
