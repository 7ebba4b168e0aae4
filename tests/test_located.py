"""YAML text to nodes that remember where they are written."""

from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from automations.errors import Problem
from automations.located import Listing, Mapping, Node, Refused, Scalar, read_yaml


def plain(node: Node | None) -> object:
    """Return a tree of nodes as plain Python values."""
    match node:
        case Scalar():
            return node.text
        case Mapping():
            return {pair.key.text: plain(pair.value) for pair in node.pairs}
        case Listing():
            return [plain(item) for item in node.items]
        case _:
            return None


def read(text: str | bytes) -> Node:
    """Return the root of a text in which nothing is wrong."""
    node, problems = read_yaml(text, "config.yaml")
    assert problems == ()
    assert node is not None
    return node


def told(text: str | bytes) -> list[tuple[str, str, str]]:
    """Return every problem of a text."""
    _, problems = read_yaml(text, "config.yaml")
    return [_told(problem) for problem in problems]


def _told(problem: Problem) -> tuple[str, str, str]:
    assert problem.place is not None
    return f"{problem.place.line}:{problem.place.column}", problem.what, problem.under or problem.fix


@pytest.mark.parametrize(
    "written",
    [
        "12:30",
        "22:00",
        "NO",
        "no",
        "off",
        "01234",
        "012",
        "1e5",
        "0x1F",
        "1_000",
        "~",
        "null",
        "2026-11-23",
        ".5",
        "1.0",
    ],
)
def test_nothing_is_guessed(written: str) -> None:
    """A time, a country code, a number with a leading zero: each stays exactly as it is written."""
    assert plain(read(f"a: {written}\n")) == {"a": written}


def test_every_value_knows_its_place() -> None:
    """Lines and columns count from 1, also behind letters that need more than one byte."""
    root = read("name: Räder 🚲\nlist: [é, 'two words', {x: 1}]\n")

    assert isinstance(root, Mapping)
    name, listing = (pair.value for pair in root.pairs)
    assert str(name.place()) == "config.yaml:1:7"
    assert name.place().width == 7
    assert isinstance(listing, Listing)
    assert [str(item.place()) for item in listing.items] == ["config.yaml:2:8", "config.yaml:2:11", "config.yaml:2:24"]
    assert listing.items[1].place().text == "list: [é, 'two words', {x: 1}]"


def _where_said(yaml_text: str, word: str) -> str:
    """Return the line:column and width of *word* in the value of the one setting of a text."""
    root = read(yaml_text)
    assert isinstance(root, Mapping)
    value = root.pairs[0].value
    assert isinstance(value, Scalar)
    start = value.text.index(word)
    place = value.part(start, start + len(word))
    return f"{place.line}:{place.column}+{place.width}"


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: one wrong two\n", "1:8+5"),
        ("a: 'one wrong two'\n", "1:9+5"),
        ("a: 'it''s wrong'\n", "1:11+5"),
        ('a: "one wrong two"\n', "1:9+5"),
        ('a: "\\u00e9\\t\\"wrong"\n', "1:15+5"),
        ('a: "one \\\n     wrong"\n', "2:6+5"),
        ('a: "one\n     wrong"\n', "2:6+5"),
        ("a: one\n  wrong two\n", "2:3+5"),
        ("a: >-\n   one\n   wrong two\n", "3:4+5"),
        ("a: |  # note\n  one\n  wrong\n", "3:3+5"),
        ("a: >\n\n  one\n\n  wrong\n", "5:3+5"),
        ("a: 'one\n\n  wrong'\n", "3:3+5"),
    ],
)
def test_words_inside_a_value_are_found_where_they_are_written(text: str, place: str) -> None:
    """In quotes, over several lines, in a block: the caret stands under the very word."""
    assert _where_said(text, "wrong") == place


@settings(max_examples=300)
@given(
    words=st.lists(st.text("ab'\"\\é ", min_size=1, max_size=6), min_size=1, max_size=5),
    style=st.sampled_from(["'", '"', "|", ">"]),
)
def test_every_sign_is_found_again(words: list[str], style: str) -> None:
    """However PyYAML writes a text, each visible sign of it is found where it stands."""
    said = " ".join(words).strip() + "x"
    text = yaml.dump({"a": said}, default_style=style, allow_unicode=True, width=20)
    root, problems = read_yaml(text, "config.yaml")
    assert problems == ()
    assert isinstance(root, Mapping)
    value = root.pairs[0].value
    assert isinstance(value, Scalar)

    assert value.text.strip() == said
    lines = text.split("\n")
    for position, sign in enumerate(value.text):
        place = value.part(position, position + 1)
        written = lines[place.line - 1][place.column - 1 :]
        if not sign.isspace():
            assert written.startswith((sign, "\\"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: 1\na: 2\n", ("2:1", '"a" is written twice, here and in line 1', "take one of the two out")),
        (
            "a: &x 1\n",
            (
                "1:4",
                "&x names a part of the file for use elsewhere",
                "take it out; a text that begins with & needs quotes",
            ),
        ),
        ("a: !!int 1\n", ("1:4", "a text cannot begin with !", "put it in quotes")),
        ("<<: {b: 1}\n", ("1:1", "<< would merge settings from elsewhere", "write them out here")),
        ("a: 1\n---\nb: 1\n", ("2:1", "a second document begins here", "a file has one: take this line out")),
        ("a: 1\n\tb: 2\n", ("2:1", "a tab stands here", "type spaces instead")),
        ("? [a]\n: b\n", ("1:3", "a name is expected here", "write one word and a colon")),
        ("a: {{ name }}\n", ("1:4", "a text cannot begin with {{", 'put the text in quotes: "{{ ... }} ..."')),
        ("", ("1:1", "the file is empty", "leadwright init writes one to start from")),
        ("# nothing\n", ("1:1", "the file is empty", "leadwright init writes one to start from")),
        (b"a: \xff\n", ("1:4", "this letter is not UTF-8", "save the file as UTF-8 in your editor")),
        ("a: b\n".encode("utf-16"), ("1:1", "the file is saved as UTF-16", "save it as UTF-8 in your editor")),
        ("a: b\0c\n", ("1:5", "an invisible sign stands here (U+0000)", "take it out: type the line again")),
        ("a: b\x85c\n", ("1:5", "an invisible sign stands here (U+0085)", "take it out: type the line again")),
        ("a: b\ufeffc\n", ("1:5", "an invisible sign stands here (U+FEFF)", "take it out: type the line again")),
        ("a: b\ud800c\n", ("1:5", "an invisible sign stands here (U+D800)", "take it out: type the line again")),
        ('a: "\\UFFFFFFFF"\n', ("1:7", "this cannot be read", "put it in plain words")),
        ("a: [b, c\nd: e\n", ("1:4", "this bracket is never closed", "close it")),
        ("a: 'b\nc: d\n", ("1:4", "this quote is never closed", "close it")),
        ("a: - b\n", ("1:4", 'a list item ("- ") begins inside a line', "begin it on a line of its own")),
        ("a: 1\n- b\n", ("2:1", "a list item stands where a setting belongs", "is it indented right?")),
        (
            "- a\nb: 1\n",
            ("2:1", "a setting stands where a list item belongs", 'begin it with "- ", or check how it is indented'),
        ),
        ("a: *\n", ("1:4", "a text cannot begin with *", "put it in quotes")),
        ("a: %b\n", ("1:4", "a text cannot begin with %", "put the text in quotes")),
        ("a: }\n", ("1:4", "this } does not belong here", "take it out, or put the text in quotes")),
        (
            "a: |x\n b\n",
            ("1:5", "after | or > the text begins in the next line", "move it there, or put it in quotes"),
        ),
    ],
)
def test_what_yaml_cannot_be_is_said_in_plain_words(text: str | bytes, expected: tuple[str, str, str]) -> None:
    """A slip of the pen is named where it stands, without a word of YAML's own."""
    assert told(text) == [expected]


def test_alias_bomb_is_refused_at_once() -> None:
    """Aliases that would grow to billions are not followed; each line that has one is named."""
    text = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(9))

    assert len(told(text)) == 10


@pytest.mark.parametrize("text", ["[" * 5_000, "{a: " * 5_000, "- " * 5_000, "[" * 100_000, "? " * 2_000])
def test_depth_costs_neither_stack_nor_time(text: str) -> None:
    """Thousands of brackets are refused at the twenty-first, quickly."""
    before = time.monotonic()

    problems = told(text)

    assert problems[0][1] == "this is nested more than 20 levels deep"
    assert time.monotonic() - before < 10


def test_twenty_levels_are_read() -> None:
    """As deep as is allowed."""
    assert isinstance(read("[" * 20 + "]" * 20), Listing)


def test_big_file_is_not_read() -> None:
    """A file of more than 256 KB is somebody's data, not a configuration."""
    at_most = b"#" * (256 * 1024 - 5) + b"\na: b"

    assert plain(read(at_most)) == {"a": "b"}
    assert told(at_most + b"c") == [
        ("1:1", "the file has 262,145 bytes; 262,144 are the most it may have", "is this the right file?")
    ]


def test_byte_order_mark_and_line_ends_do_not_matter() -> None:
    """Notepad's byte order mark and line ends of any kind: places stay right."""
    for end in ("\n", "\r\n", "\r"):
        root = read(f"\ufeffa: 1{end}b:{end}  c: 2{end}".encode())

        assert plain(root) == {"a": "1", "b": {"c": "2"}}
        assert isinstance(root, Mapping)
        assert str(root.pairs[0].key.place()) == "config.yaml:1:1"
        inner = root.pairs[1].value
        assert isinstance(inner, Mapping)
        assert str(inner.pairs[0].value.place()) == "config.yaml:3:6"


def test_all_double_names_are_told_in_file_order() -> None:
    """Names written twice, far apart and inside each other, are all found in one go."""
    assert [place for place, _, _ in told("a:\n  x: 1\n  x: 2\nb: 1\na: 2\nb: 2\n")] == ["3:3", "5:1", "6:1"]


@settings(max_examples=400)
@given(st.one_of(st.text(), st.binary(), st.text("ab:-#'\"{}[],&*!|>%@? \n\t\\é", max_size=60)))
def test_any_text_is_answered(content: str | bytes) -> None:
    """Whatever is in the file: nodes, or problems at places that exist. Never a traceback."""
    node, problems = read_yaml(content, "config.yaml")

    assert node is not None or problems
    for problem in problems:
        assert problem.place is not None
        assert problem.place.line >= 1
        assert problem.place.column >= 1


@settings(max_examples=200)
@given(
    st.recursive(
        st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp", "Cf"]), max_size=12),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc_", min_size=1), inner, max_size=3),
        max_leaves=12,
    )
)
def test_what_yaml_writes_is_read_back(value: object) -> None:
    """Any texts, lists and settings that PyYAML writes without aliases come back as they were."""

    class Plain(yaml.SafeDumper):
        def ignore_aliases(self, data: object) -> bool:
            del data
            return True

    assert plain(read(yaml.dump(value, Dumper=Plain, allow_unicode=True))) == value


def test_what_is_refused_is_not_blamed_twice() -> None:
    """An alias leaves a gap that nobody complains about again."""
    root, problems = read_yaml("a: *x\nb: 1\n", "config.yaml")

    assert len(problems) == 1
    assert isinstance(root, Mapping)
    assert isinstance(root.pairs[0].value, Refused)
    assert str(root.pairs[0].value.place()) == "config.yaml:1:4"
