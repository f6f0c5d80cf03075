"""What an HTML page's elements hold: addresses, texts, times, and the largest of their images."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Self
from urllib.parse import urldefrag, urljoin, urlsplit

from parsel import Selector
from w3lib.encoding import html_to_unicode
from w3lib.html import get_base_url

__all__ = ["Document", "first", "is_web", "text_of", "time_of"]

# One image of a srcset: its address may hold commas, but ends in none unless no size follows.
_CANDIDATE: Final = re.compile(r"([^\s,]\S*)(?:(?<!,)\s+(\d+(?:\.\d+)?)[wx][^,]*)?")


@dataclass(frozen=True, slots=True)
class Document:
    """One page, and what the addresses in it lead to.

    An element may also be what a selector's ::attr(name) or ::text found: then that is its value.

    Args:
        url: of the page.
        base: of relative addresses.
        root: of the elements.
    """

    url: str
    base: str
    root: Selector

    @classmethod
    def parse(cls, body: bytes, url: str) -> Self:
        """The page that some bytes are, in the encoding that they name or else seem to be in."""
        text = _decoded(body)
        return cls(url, _base(text, url), Selector(text=text, type="html"))

    def link(self, element: Selector) -> str | None:
        """Where a link leads on the web, without the fragment."""
        address = self._address(_values(element, "href"))
        return None if address is None else urldefrag(address).url

    def permalink(self, element: Selector) -> str | None:
        """Where a link to a post leads, spelt alike on all pages; the page itself is no post."""
        address = self._address(_values(element, "href"))
        if address is None:
            return None
        page, fragment = urldefrag(address)
        if page != urldefrag(self.url).url:
            return page
        # Of links within the page, the fragment is all that tells one from another.
        return address if fragment else None

    def image(self, element: Selector) -> str | None:
        """Where the picture of an element is: the largest of srcset, or data-src, src or href."""
        address = self._address(_image_candidates(element))
        return None if address is None else urldefrag(address).url

    def _address(self, candidates: Iterable[str]) -> str | None:
        for candidate in candidates:
            with suppress(ValueError):  # brackets that hold no IPv6 address
                url = urljoin(self.base, candidate.strip())
                if candidate.strip() and is_web(url):
                    return url
        return None


def first(within: Selector, selector: str | None) -> Selector | None:
    """The first element that a CSS selector finds; without a selector, none."""
    found = within.css(selector) if selector is not None else []
    return found[0] if found else None


def is_web(url: str) -> bool:
    """Whether it is a whole address, of http or https."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return False


def text_of(element: Selector) -> str:
    """The text within an element, with single spaces between the words."""
    is_text = isinstance(element.root, str)
    text = element.root if is_text else element.xpath("string()").get() or ""
    return " ".join(text.split())


def time_of(element: Selector, date_format: str | None = None) -> datetime | None:
    """The time in an element's attribute datetime, or else in its text, in UTC.

    Args:
        element: holds the time; one that names no zone is taken for UTC.
        date_format: as strptime has it; ISO 8601 and the form of e-mail are understood without.
    """
    parsers: list[Callable[[str], datetime]] = [datetime.fromisoformat, parsedate_to_datetime]
    if date_format is not None:
        parsers.insert(0, lambda text: datetime.strptime(text, date_format))  # noqa: DTZ007
    for text in (*_values(element, "datetime"), text_of(element)):
        for parse in parsers:
            with suppress(ValueError, OverflowError):
                time = parse(text.strip())
                return (time if time.tzinfo else time.replace(tzinfo=UTC)).astimezone(UTC)
    return None


def _values(element: Selector, attribute: str) -> list[str]:
    """What the selector led to: the text itself, or the element's attribute if it has it."""
    if isinstance(element.root, str):
        return [element.root]
    value = element.attrib.get(attribute)
    return [] if value is None else [value]


def _image_candidates(element: Selector) -> Iterator[str]:
    """The addresses that an image may have, the best first: src is often a placeholder."""
    if isinstance(element.root, str):
        yield element.root
        return
    for attribute in ("data-srcset", "srcset"):
        yield from _largest_first(element.attrib.get(attribute, ""))
    for attribute in ("data-src", "src", "href"):
        yield from _values(element, attribute)


def _largest_first(srcset: str) -> list[str]:
    images = [(float(size or 1), url) for url, size in _CANDIDATE.findall(srcset)]
    images.sort(key=lambda image: image[0], reverse=True)
    return [url.rstrip(",") for _, url in images]


def _decoded(body: bytes) -> str:
    try:
        _, text = html_to_unicode(None, body, auto_detect_fun=_guessed_encoding)
    except (LookupError, UnicodeError):  # the page names one that is not for text, such as base64
        text = body.decode(errors="replace")
    return text.encode(errors="replace").decode()  # unicode_escape makes lone surrogates


def _guessed_encoding(body: bytes) -> str:
    try:
        body.decode()
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def _base(text: str, url: str) -> str:
    try:
        return get_base_url(text, url)
    except ValueError:
        return url
