"""Email addresses: one spelling for each, and who is behind one.

Stricter than RFC 5321 on purpose: quoted local parts, comments, routes and address lists are refused, because
a sheet cell holding one is a mistake, and a lenient parser turns ``bob@x.test,carol@y.test`` into a wrong person.
"""

from __future__ import annotations

import hashlib
import re

_GMAIL_DOMAINS = frozenset({"gmail.com", "googlemail.com"})
_LOCAL_ATOM = re.compile(r"[^\x00-\x20\"(),:;<>@\[\\\]\x7f]+\Z")
# What nearly all addresses look like; one that matches and is not long is its own one spelling.
_PLAIN = re.compile(r"[A-Za-z0-9_+-]++(?:\.[A-Za-z0-9_+-]++)*+@(?:[a-z0-9]++(?:-++[a-z0-9]++)*+\.)++[a-z][a-z0-9]*+\Z")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")
MAX_LOCAL_OCTETS = 64
MAX_ADDRESS_OCTETS = 254


class AddressProblem(ValueError):  # noqa: N818 - it is a problem of the row's, not an error of ours
    """Why a text is not one email address, as the end of the sentence ``"..." is not an email address:``."""


def normalise_address(text: str) -> str:
    """Return the one spelling of an address: trimmed, domain in lower-case ASCII (A-labels), local part as written.

    Raises AddressProblem with the reason. Sources: RFC 5321, section 4.5.3.1 (64 and 254 octets); RFC 5890.

    >>> normalise_address(" Eva@Müller.example ")
    'Eva@xn--mller-kva.example'
    """
    if len(text) < MAX_LOCAL_OCTETS and _PLAIN.match(text):
        return text
    address = text.strip()
    local, at, domain = address.rpartition("@")
    if not at:
        raise AddressProblem("there is no @")
    if "@" in local or "," in address or ";" in address:
        raise AddressProblem("it looks like more than one address")
    if not local:
        raise AddressProblem("nothing stands before the @")
    if not domain:
        raise AddressProblem("nothing stands after the @")
    if not _LOCAL_ATOM.match(local):
        raise AddressProblem("it has a space or a sign that addresses do not have")
    if local.startswith(".") or local.endswith(".") or ".." in local:
        raise AddressProblem("a period stands where none may be")
    ascii_domain = _ascii_domain(domain)
    if len(local.encode()) > MAX_LOCAL_OCTETS or len(f"{local}@{ascii_domain}".encode()) > MAX_ADDRESS_OCTETS:
        raise AddressProblem("it is too long")
    return f"{local}@{ascii_domain}"


def _ascii_domain(domain: str) -> str:
    if "." not in domain:
        raise AddressProblem("no period after the @")
    try:
        text = domain if domain.isascii() else domain.encode("idna").decode("ascii")
    except UnicodeError:
        raise AddressProblem("the part after the @ is not a domain name") from None
    text = text.lower()
    labels = text.split(".")
    if not all(_LABEL.match(label) for label in labels) or labels[-1].isdigit():
        raise AddressProblem("the part after the @ is not a domain name")
    return text


def address_identity(address: str) -> str:
    """Return what two spellings of one mailbox have in common: case folded; for Gmail without dots and +tags.

    *address* is normalised. Nobody runs two people on one case-folded address, so we never mail both.

    >>> address_identity("E.va+shop@googlemail.com") == address_identity("eva@gmail.com")
    True
    """
    folded = address.casefold()
    local, _, domain = folded.rpartition("@")
    if domain in _GMAIL_DOMAINS:
        return local.partition("+")[0].replace(".", "") + "@gmail.com"
    # The same object where it can be: a book holds 100,000 of them twice, as the address and as the key.
    return address if folded == address else folded


def domain_of(address: str) -> str:
    """Return the part after the @, lower-case; empty when there is none.

    >>> domain_of("Eva@Muster.example")
    'muster.example'
    """
    return address.rpartition("@")[2].lower() if "@" in address else ""


def address_hash(identity: str, salt: bytes) -> bytes:
    """Return 16 bytes that stand for an `address_identity`, and that nobody without *salt* can test guesses against."""
    return hashlib.blake2b(identity.encode(), key=salt, digest_size=16).digest()
