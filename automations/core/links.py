"""Links that say which email they were clicked in, to the statistics of the business's own website."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from automations.core.policy import LinkTags


class LinkTag(NamedTuple):
    """What one email adds to the links in it."""

    tags: LinkTags
    step: str
    variant: str = ""

    def on(self, address: str) -> str:
        """Return a link's address with utm_source and its like, when it leads to the site of the tags; else unchanged.

        What the owner has tagged by hand stays as it is. Nothing in the tags tells who clicked.

        >>> LinkTag(LinkTags("shop.example"), "welcome-1").on("https://www.shop.example/a?b=1#c")
        'https://www.shop.example/a?b=1&utm_source=leadwright&utm_medium=email&utm_campaign=welcome-1#c'
        """
        parts = urlsplit(address)
        if parts.scheme not in {"http", "https"} or not _is_part(parts.hostname or "", self.tags.site):
            return address
        if any(name.startswith("utm_") for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
            return address
        ours = (
            ("utm_source", self.tags.source),
            ("utm_medium", self.tags.medium),
            ("utm_campaign", self.step),
            ("utm_content", self.variant),
        )
        query = urlencode([(name, value) for name, value in ours if value])
        return urlunsplit(parts._replace(query=f"{parts.query}&{query}" if parts.query else query))


def _is_part(host: str, site: str) -> bool:
    return host == site or host.endswith(f".{site}")
