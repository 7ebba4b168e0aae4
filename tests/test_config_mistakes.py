"""What an owner is told about each mistake in config.yaml, and that no mistake at all ends in a traceback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from broken_configs import MISTAKES, Mistake
from good_config import GOOD, SECRETS, write_shop
from hypothesis import given, settings
from hypothesis import strategies as st

from automations.config import read_config
from automations.errors import Problem
from automations.problems import show


def told(problem: Problem) -> tuple[str, str, str]:
    """Return a problem as the table of mistakes has it."""
    assert problem.place is not None
    remedy = "; ".join(filter(None, (problem.under, problem.fix)))
    return f"{problem.place.line}:{problem.place.column}", problem.what, remedy


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_mistake_is_named_with_its_place_and_remedy(
    mistake: Mistake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each mistake is found where it stands, said in plain words, and nothing else is blamed."""
    monkeypatch.chdir(tmp_path)
    assert GOOD.count(mistake.right) == 1
    write_shop(tmp_path, GOOD.replace(mistake.right, mistake.wrong))

    config, problems, _ = read_config(Path("config.yaml"), SECRETS)

    assert config is None
    assert tuple(map(told, problems)) == mistake.found
    assert all(problem.where.startswith("config.yaml:") for problem in problems)


def test_there_are_enough_mistakes() -> None:
    """At least sixty mistakes are known by heart, and each has its own name."""
    assert len(MISTAKES) >= 60
    assert len({mistake.name for mistake in MISTAKES}) == len(MISTAKES)


def test_every_mistake_is_told_at_once_in_file_order(tmp_path: Path) -> None:
    """An owner who made five mistakes hears of all five in one go, from the top."""
    text = GOOD.replace("Europe/Berlin", "Mars/Base").replace("employees >= 20", "employes >= 20")
    text = text.replace("source is Referral", "source is Refferal").replace("gap: 2 days", "gap: 2 dayz")
    text = text.replace("email: again.md", "email: agian.md")

    _, problems, _ = read_config(write_shop(tmp_path, text), SECRETS)

    places = [(problem.place.line, problem.place.column) for problem in problems if problem.place]
    assert places == [(5, 13), (26, 11), (29, 21), (57, 10), (71, 16)]


@pytest.mark.parametrize(
    ("part", "what"),
    [
        ("business", '"business" is missing: who you are'),
        ("leads", '"leads" is missing: where your leads live'),
        (
            "segments",
            (
                '"segments" is missing: groups of leads; the first match from the top wins,'
                " and  everything else  takes the rest"
            ),
        ),
        ("senders", '"senders" is missing: the people emails come from'),
    ],
)
def test_missing_part_is_asked_for_once(part: str, what: str, tmp_path: Path) -> None:
    """A part of the file that must be there is asked for, and rules that build on it are not blamed."""
    text = re.sub(rf"(?m)^{part}:\n(?: .*\n)+", "", GOOD)

    _, problems, _ = read_config(write_shop(tmp_path, text), SECRETS)

    assert problems[0].what == what
    assert not [problem for problem in problems if "column" in problem.what and part == "leads"]


def test_no_sender_is_one_problem(tmp_path: Path) -> None:
    """Without a single sender the owner is asked for one, and not for who writes each sequence."""
    text = re.sub(r"(?m)^senders:\n(?: .*\n)+", "senders: {}\n", GOOD)

    _, problems, _ = read_config(write_shop(tmp_path, text), SECRETS)

    assert [told(problem) for problem in problems] == [("46:10", "senders: there is no sender yet", "write at least 1")]


def test_sequence_without_steps_is_told_so(tmp_path: Path) -> None:
    """A sequence needs at least one step."""
    text = re.sub(r"(?m)^    steps:\n(?:      .*\n)+", "    steps: []\n", GOOD)

    _, problems, _ = read_config(write_shop(tmp_path, text), SECRETS)

    assert [told(problem) for problem in problems] == [
        ("68:12", "sequences, welcome: the list of steps is empty", "write at least 1 step")
    ]


CANARY = "hunter2-canary"


@pytest.mark.parametrize(
    "line",
    [
        f"    smtp: {{host: h.example, user: anna, password: {CANARY}}}",
        f"    smtp: {{host: h.example, port: x, user: anna, password: {CANARY}}}",
        f"    smtp: {{host: h.example, user: anna, pasword: {CANARY}}}",
        f"    smtp: {{host: h.example, user: anna, password: [{CANARY}]}}",
        f"    smtp: {{host: 'anna:{CANARY}@h.example', user: anna, password: $ANNA_PASSWORD}}",
        f"    smtp:\n      host: h.example\n      user: anna\n      password: |\n        {CANARY}",
        f"    smtp:\n      host: h.example\n      user: anna\n      password:\n        {CANARY}",
        f"    smtp:\n      host: h.example\n      user: anna\n      password: '{CANARY}",
        f"    smtp:\n      host: h.example\n      user: anna\n      password: {CANARY}\n      password: {CANARY}",
        f"    smtp: smtp://anna:{CANARY}@h.example",
        f"    smtp: {{host: h.example, user: anna, password: ${CANARY}}}",
        f"    smtp: {{host: h.example, user: anna, password: ${{{CANARY}}}}}",
        f"    smtp:\n      host: h.example\n      user: anna\n      password: {CANARY}: x",
    ],
)
def test_password_in_the_file_is_never_repeated(line: str, tmp_path: Path) -> None:
    """A password written into config.yaml is refused without being shown, whatever else is wrong with its line."""
    text = re.sub(r"(?m)^    smtp: .*$", lambda _: line, GOOD)

    _, problems, warnings = read_config(write_shop(tmp_path, text), SECRETS)

    shown = "\n".join(map(show, (*problems, *warnings))) + repr(problems)
    assert problems
    assert CANARY not in shown


def changed_at(position: int, sign: str, how: str) -> str:
    """Return the good file with one sign replaced, put in or taken out."""
    return GOOD[:position] + ("" if how == "delete" else sign) + GOOD[position + (how != "insert") :]


@settings(max_examples=700)
@given(
    position=st.integers(0, len(GOOD) - 1),
    sign=st.sampled_from("aZ09 \t\n:,-#'\"{}[]()&*!|>%@`$<=?\\\0é\u00a0\u2028漢😀"),
    how=st.sampled_from(["replace", "delete", "insert"]),
)
def test_one_broken_sign_never_ends_in_a_traceback(
    position: int, sign: str, how: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever one sign is broken, the answer is a configuration, or places on lines that exist."""
    text = changed_at(position, sign, how)
    path = write_shop(tmp_path_factory.getbasetemp(), text)

    config, problems, warnings = read_config(path, SECRETS)

    lines = re.split(r"\r\n|\r|\n", text)
    assert (config is None) == bool(problems)
    for problem in (*problems, *warnings):
        assert problem.what
        assert show(problem)
        assert problem.place is not None
        assert 1 <= problem.place.line <= len(lines)
        shown = lines[problem.place.line - 1]
        assert problem.place.text in ("", shown)
        assert 1 <= problem.place.column <= len(shown) + 1


@settings(max_examples=150)
@given(line=st.integers(0, GOOD.count("\n") - 1), words=st.text(max_size=40))
def test_any_words_as_a_value_are_answered(line: int, words: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever an owner pastes behind a colon, the answer is a configuration or a list of problems."""
    lines = GOOD.split("\n")
    lines[line] = lines[line].partition(":")[0] + ": " + words
    path = tmp_path_factory.getbasetemp() / "pasted.yaml"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))

    config, problems, _ = read_config(path, SECRETS)

    assert (config is None) == bool(problems)
    assert all(show(problem) for problem in problems)
