from __future__ import annotations

import pytest

from automations.core.addresses import normalise_address
from automations.core.mailboxes import FREE_MAILBOX_DOMAINS, ROLE_NAMES
from automations.core.meanings import fold


def test_free_mailbox_domains_are_written_as_addresses_have_them() -> None:
    """A lead's address can be compared with the list as it stands."""
    addresses = [f"eva@{domain}" for domain in FREE_MAILBOX_DOMAINS]

    assert [normalise_address(each) for each in addresses] == addresses


def test_role_names_are_written_as_they_are_compared() -> None:
    """No name on the list is lost for its capitals or its tag."""
    assert [each for each in ROLE_NAMES if each != fold(each) or "+" in each or "@" in each] == []


@pytest.mark.parametrize("name", ["info", "sales", "kontakt", "buchhaltung", "contact", "no-reply", "rrhh"])
def test_common_functions_are_known(name: str) -> None:
    """Addresses that half an office reads are told apart from a person's."""
    assert name in ROLE_NAMES


@pytest.mark.parametrize(
    "domain", ["gmail.com", "web.de", "gmx.net", "t-online.de", "orange.fr", "wp.pl", "mail.ru", "qq.com"]
)
def test_common_providers_are_known(domain: str) -> None:
    """Private addresses are recognised in the countries people sell to."""
    assert domain in FREE_MAILBOX_DOMAINS


@pytest.mark.parametrize("name", ["eva", "ola", "jonas", "li", "muster"])
def test_names_of_people_are_not_functions(name: str) -> None:
    """Nobody is taken for an office because of a short first name."""
    assert name not in ROLE_NAMES
