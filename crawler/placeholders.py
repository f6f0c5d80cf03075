"""Addresses of what hosts show in place of a picture that is gone, or never was."""

import re
from typing import Final

from scrapy import Request
from scrapy.exceptions import IgnoreRequest

__all__ = ["LedToPlaceholder", "PlaceholderMiddleware", "is_placeholder"]

_PLACEHOLDER: Final = re.compile(
    r"""
    https?:// (?:
        (?:i\.|m\.|www\.)? imgur\.com/ removed (?:\.\w+)?
      | i\.redd\.it/ [^?]* (?:deleted|removed) [^?]*
      | (?:www\.)? reddit\.com/static/ [^?]*
      | (?:www\.)? redditstatic\.com/ [^?]*
      | s\.yimg\.com/ .* photo_unavailable.*
      | (?:[\w-]+\.)? photobucket\.com/ .* bwe\.png
      | i\.ytimg\.com/vi/default\.jpg
    ) (?:[?].*)?
    """,
    re.IGNORECASE | re.VERBOSE,
)


def is_placeholder(url: str) -> bool:
    """Whether an address, also one that others were sent on to, leads to no picture of its own."""
    return _PLACEHOLDER.fullmatch(url) is not None


class LedToPlaceholder(IgnoreRequest):
    """The picture is gone: its host sends on to a placeholder."""


class PlaceholderMiddleware:
    """Does not ask for placeholders, where redirects lead to them."""

    async def process_request(self, request: Request) -> None:
        """Raise LedToPlaceholder instead of fetching one."""
        if is_placeholder(request.url):
            raise LedToPlaceholder(f"leads to {request.url}")
