from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from automations.core.addresses import AddressProblem, address_identity, domain_of, normalise_address


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("eva@muster.example", "eva@muster.example"),
        ("  Eva@Muster.Example \n", "Eva@muster.example"),
        ("tom+shop@x.test", "tom+shop@x.test"),
        ("josé@x.test", "josé@x.test"),
        ("eva@müller.example", "eva@xn--mller-kva.example"),
        ("o'brien@x.test", "o'brien@x.test"),
    ],
)
def test_an_address_has_one_spelling(written: str, expected: str) -> None:
    """However an address is typed, we keep one spelling of it."""
    assert normalise_address(written) == expected


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("ann.gmial", "there is no @"),
        ("ann@gmial", "no period after the @"),
        ("bob@evil.test,carol@x.test", "it looks like more than one address"),
        ("bob@x.test; carol@x.test", "it looks like more than one address"),
        ("@x.test", "nothing stands before the @"),
        ("ann@", "nothing stands after the @"),
        ("ann smith@x.test", "it has a space or a sign that addresses do not have"),
        ("Ann <ann@x.test>", "it has a space or a sign that addresses do not have"),
        ("ann@x.test\r\nBcc: all@x.test", "it looks like more than one address"),
        (".ann@x.test", "a period stands where none may be"),
        ("a..n@x.test", "a period stands where none may be"),
        ("ann@x..test", "the part after the @ is not a domain name"),
        ("ann@-x.test", "the part after the @ is not a domain name"),
        ("ann@127.0.0.1", "the part after the @ is not a domain name"),
        (f"{'a' * 65}@x.test", "it is too long"),
        (f"ann@{'a.' * 130}test", "it is too long"),
    ],
)
def test_what_is_no_address_says_why(written: str, reason: str) -> None:
    """A cell that is not one address is refused with the reason, so that nobody else gets the email."""
    with pytest.raises(AddressProblem) as problem:
        normalise_address(written)

    assert str(problem.value) == reason


@given(st.text(max_size=80))
def test_any_text_is_an_address_or_a_problem(text: str) -> None:
    """Whatever stands in a cell, it is one address or a named problem."""
    try:
        address = normalise_address(text)
    except AddressProblem:
        return

    assert address.count("@") == 1
    assert normalise_address(address) == address
    assert not any(sign in address for sign in " ,;<>\r\n\t")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Eva@x.test", "eva@x.test", True),
        ("e.v.a@gmail.com", "eva@googlemail.com", True),
        ("eva+news@gmail.com", "eva@gmail.com", True),
        ("e.va@x.test", "eva@x.test", False),
        ("eva+news@x.test", "eva@x.test", False),
    ],
)
def test_spellings_of_one_mailbox_are_one_person(one: str, other: str, *, same: bool) -> None:
    """Two rows with the same mailbox in two spellings are one person, who is mailed once."""
    assert (address_identity(one) == address_identity(other)) is same


def test_a_domain_is_what_stands_behind_the_at() -> None:
    """The domain of an address is lower case; a text without @ has none."""
    assert domain_of("Eva@Muster.Example") == "muster.example"
    assert domain_of("nobody") == ""


@given(st.from_regex(r"[A-Za-z0-9_+.-]{1,12}@([a-z0-9-]{1,5}\.){1,3}[a-z0-9]{1,4}", fullmatch=True))
def test_the_quick_way_reads_what_the_careful_way_reads(address: str) -> None:
    """An address means the same whether it is read at a glance or, for the space around it, with care."""

    def said(text: str) -> str:
        try:
            return normalise_address(text)
        except AddressProblem as problem:
            return f"problem: {problem}"

    assert said(address) == said(f" {address} ")
