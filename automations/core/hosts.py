"""Which servers are this very machine: the only ones that may be spoken to without encryption."""

from __future__ import annotations


def is_this_machine(host: str) -> bool:
    """Return whether *host* names the machine we run on, so that nothing said to it passes a wire.

    A name is not looked up: who answers to it may change.

    >>> [is_this_machine(host) for host in ("localhost", "127.0.0.1", "[::1]", "mailpit", "mx.shop.example")]
    [True, True, True, False, False]
    """
    from ipaddress import ip_address  # noqa: PLC0415 - 5 ms that only a server without encryption costs

    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.lower() == "localhost"
