"""What the name system says of domains and servers, through the system's resolver or one that is named.

Import it late: dnspython costs 60 ms.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any

import dns.exception
import dns.resolver
import dns.reversename

from automations.core.health import DomainFacts
from automations.errors import WrongUsage

SECONDS = 5.0
USUAL_SELECTORS = ("google", "selector1", "selector2", "default", "mail", "dkim", "k1", "s1")
"""The names under which providers mostly keep their DKIM keys."""


class Resolver:
    """Asks one name server, or those of the system for *server* "". Each question takes `SECONDS` at most.

    *server* is an address with an optional port: ``127.0.0.1:5353``. Raises WrongUsage when it is none.
    """

    def __init__(self, server: str = "") -> None:
        if not server:
            self._resolver = dns.resolver.Resolver()
        else:
            host, _, port = server.rpartition(":") if server.count(":") == 1 else (server, "", "53")
            try:
                address = str(ipaddress.ip_address(host.strip("[]")))
                self._resolver = dns.resolver.Resolver(configure=False)
                self._resolver.nameservers = [address]
                self._resolver.port = int(port)
            except ValueError:
                raise WrongUsage(f"{server!r} is no name server", fix="write it like  --resolver 9.9.9.9:53") from None
        self._resolver.lifetime = SECONDS

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the TXT records of a name, each put together from its parts; none when there is no such name."""
        answers = self._ask(name, "TXT")
        return tuple(b"".join(each.strings).decode("utf-8", "replace") for each in answers)

    def exchanges(self, name: str) -> tuple[str, ...]:
        """Return the hosts that take a domain's email, the preferred first."""
        answers = sorted(self._ask(name, "MX"), key=lambda each: int(each.preference))
        return tuple(str(each.exchange) for each in answers)

    def addresses(self, host: str) -> tuple[str, ...]:
        """Return a host's addresses."""
        return tuple(str(each) for kind in ("A", "AAAA") for each in self._ask(host, kind))

    def names(self, address: str) -> tuple[str, ...]:
        """Return the names of an address (PTR)."""
        return tuple(str(each) for each in self._ask(dns.reversename.from_address(address).to_text(), "PTR"))

    def _ask(self, name: str, kind: str) -> Sequence[Any]:
        try:
            return list(self._resolver.resolve(name, kind))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []


def look_up_domain(resolver: Resolver, domain: str, selectors: Sequence[str]) -> DomainFacts:
    """Return what is published for a domain emails come from. Never raises."""
    try:
        return DomainFacts(
            domain,
            txt=resolver.texts(domain),
            dmarc=resolver.texts(f"_dmarc.{domain}") or resolver.texts(f"_dmarc.{_parent(domain)}"),
            dkim={each: resolver.texts(f"{each}._domainkey.{domain}") for each in selectors or USUAL_SELECTORS},
            mx=resolver.exchanges(domain),
            selector_is_known=bool(selectors),
        )
    except dns.exception.DNSException as error:
        return DomainFacts(domain, problem=_sentence(error))


def look_up_names(resolver: Resolver, host: str) -> dict[str, tuple[str, ...]]:
    """Return the addresses of a server with their names back; nothing when they cannot be found out."""
    try:
        return {address: resolver.names(address) for address in resolver.addresses(host)}
    except dns.exception.DNSException:
        return {}


def _parent(domain: str) -> str:
    """Return the domain above, whose DMARC record counts too (RFC 7489, section 6.6.3), as far as it has a dot."""
    above = domain.partition(".")[2]
    return above if "." in above else domain


def _sentence(error: dns.exception.DNSException) -> str:
    return next((what for kind, what in _SENTENCES if isinstance(error, kind)), str(error))


_SENTENCES: tuple[tuple[type[Exception], str], ...] = (
    (dns.resolver.LifetimeTimeout, "no answer in time"),
    (dns.resolver.NoNameservers, "the name server refused to answer"),
    (dns.exception.SyntaxError, "that is no domain"),
)
