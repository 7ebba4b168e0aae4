"""Whose a mail is: pure functions over what is known of the messages we sent.

Asked in the order of how sure the answer is. Only a bounce or a complaint that names one of our messages may ever
suppress an address: anybody can write a delivery report about anybody (forged reports, backscatter).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple

from automations.core.addresses import AddressProblem, address_identity, domain_of, normalise_address
from automations.core.history import MessageRecord
from automations.core.incoming import Kind, Verdict
from automations.core.leads import LeadKey

TOKEN_LENGTH = 26
"""Characters of a message's key that its Message-ID and a plus address carry (`core.messages.message_id`)."""


class How(StrEnum):
    """What a mail was matched by, the surest first."""

    TOKEN = "our token"  # noqa: S105 - it is no secret, it stands in every email
    MESSAGE = "the email it returns or answers"
    SENDER = "the sender's address"
    COMPANY = "the sender's company"
    NOBODY = ""


class Match(NamedTuple):
    """Whose a mail is.

    *lead* is None for nobody's, and for a COMPANY match, where a person decides which of *colleagues* is meant.
    *message* is the email of ours that it is about; *address* the one we sent that email to, or the lead's.
    """

    how: How = How.NOBODY
    lead: LeadKey | None = None
    message: MessageRecord | None = None
    address: str = ""
    colleagues: tuple[LeadKey, ...] = ()
    because: str = "none of our emails is named, and nobody we write to has this address"

    @property
    def names_our_message(self) -> bool:
        """Return whether the mail itself points to an email of ours, which a stranger could not know."""
        return self.how in {How.TOKEN, How.MESSAGE}


UNMATCHED = Match()


class Known(NamedTuple):
    """What matching needs to know, by what a mail may name: tokens, Message-IDs, addresses, domains."""

    by_token: Mapping[str, MessageRecord]
    by_id: Mapping[str, MessageRecord]
    by_address: Mapping[str, tuple[MessageRecord, ...]]
    by_domain: Mapping[str, tuple[LeadKey, ...]]


def known_of(records: Iterable[MessageRecord], shared_domains: frozenset[str] = frozenset()) -> Known:
    """Return what is known of messages, ready to be asked.

    *shared_domains* are those where anybody gets a mailbox: two people there are no colleagues.
    """
    by_token: dict[str, MessageRecord] = {}
    by_id: dict[str, MessageRecord] = {}
    by_address: dict[str, list[MessageRecord]] = {}
    by_domain: dict[str, dict[LeadKey, None]] = {}
    for record in sorted(records, key=lambda each: each.at):
        by_token[record.key[:TOKEN_LENGTH]] = record
        by_id[_same_id(record.message_id)] = record
        by_address.setdefault(identity_of(record.address), []).append(record)
        domain = domain_of(record.address)
        if domain and domain not in shared_domains:
            by_domain.setdefault(domain, {})[record.lead_key] = None
    return Known(
        by_token,
        by_id,
        {address: tuple(each) for address, each in by_address.items()},
        {domain: tuple(each) for domain, each in by_domain.items()},
    )


def identity_of(address: str) -> str:
    """Return what two spellings of an address have in common; of what is no address, the text in lower case."""
    try:
        return address_identity(normalise_address(address))
    except AddressProblem:
        return address.strip().casefold()


def match(verdict: Verdict, known: Known) -> Match:
    """Return whose the mail is: by our token, by a Message-ID of ours, by the sender, by the sender's company.

    A delivery report or a complaint comes from a machine, so that its sender says nothing: it is matched by what it
    names of ours, else by the address that failed, and then it may hold but never suppress (`may_suppress`).
    """
    found = (ask(verdict, known) for ask in _QUESTIONS)
    return next((each for each in found if each is not None), UNMATCHED)


def may_suppress(verdict: Verdict, matched: Match) -> bool:
    """Return whether a mail may put *matched.address* on the list of those we never write to again.

    A dead address and a complaint do when they name our message, a person's wish to unsubscribe also by its sender.
    A failure must be about the very person we wrote to, or about nobody by name: mail that was passed on and failed
    there is a failure of somebody else's address.
    """
    if verdict.kind is Kind.UNSUBSCRIBE:
        return matched.names_our_message or matched.how is How.SENDER
    if not matched.names_our_message:
        return False
    if verdict.kind is Kind.COMPLAINT:
        return True
    worst = verdict.failure
    if verdict.kind is not Kind.FAILURE or worst is None or not worst.dead_address:
        return False
    return not worst.address or identity_of(worst.address) == identity_of(matched.address)


def _by_token(verdict: Verdict, known: Known) -> Match | None:
    record = next(
        (known.by_token[each[:TOKEN_LENGTH]] for each in verdict.tokens if each[:TOKEN_LENGTH] in known.by_token), None
    )
    return None if record is None else _of(record, How.TOKEN, "it carries the token of one of our emails")


def _by_message(verdict: Verdict, known: Known) -> Match | None:
    for message_id in verdict.message_ids:
        # The part before the @ is the token: some services put a domain of their own behind it.
        token = message_id.strip("<>").partition("@")[0].lower()
        record = known.by_id.get(_same_id(message_id)) or known.by_token.get(token)
        if record is not None:
            return _of(record, How.MESSAGE, "it returns or answers one of our emails")
    return None


_FROM_MACHINES = frozenset({Kind.FAILURE, Kind.DELAY, Kind.DELIVERED, Kind.COMPLAINT})


def _by_sender(verdict: Verdict, known: Known) -> Match | None:
    about = verdict.address if verdict.kind in _FROM_MACHINES else verdict.sender
    records = known.by_address.get(identity_of(about), ()) if about else ()
    if not records or len({each.lead_key for each in records}) > 1:
        return None
    return _of(records[-1], How.SENDER, f"{about} is an address we wrote to")


def _by_company(verdict: Verdict, known: Known) -> Match | None:
    if verdict.kind in _FROM_MACHINES or not verdict.sender:
        return None
    colleagues = known.by_domain.get(domain_of(verdict.sender), ())
    if not colleagues:
        return None
    return Match(How.COMPANY, colleagues=colleagues, because=f"we wrote to a colleague at {domain_of(verdict.sender)}")


_QUESTIONS: tuple[Callable[[Verdict, Known], Match | None], ...] = (_by_token, _by_message, _by_sender, _by_company)


def _of(record: MessageRecord, how: How, because: str) -> Match:
    return Match(how, record.lead_key, record, record.address, (), because)


def _same_id(message_id: str) -> str:
    return message_id.strip().strip("<>").casefold()
