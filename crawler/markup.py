"""What an HTML page's elements hold: addresses, texts, times and pictures."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Self
from urllib.parse import urldefrag, urljoin, urlsplit

from parsel import Selector
from w3lib.encoding import (
    html_body_declared_encoding,
    http_content_type_encoding,
    read_bom,
    to_unicode,
)
from w3lib.html import get_base_url

from crawler.pictures import addresses_of, is_stand_in, shown_once

__all__ = ["Document", "first", "is_web", "text_of", "time_of"]

# Those of the Encoding Standard, by Python's names. A label of another, such as base64 or
# unicode_escape, is as wrong for a page as one that nobody knows.
_ENCODINGS: Final = frozenset(
    {
        *("utf-8", "utf-16-be", "utf-16-le"),
        *("cp866", "koi8-r", "koi8-u", "mac-roman", "mac-cyrillic", "cp874"),
        *(f"iso8859-{part}" for part in (2, 3, 4, 5, 6, 7, 8, 10, 13, 14, 15, 16)),
        *(f"cp125{page}" for page in range(9)),
        *("gb18030", "big5hkscs", "euc_jp", "iso2022_jp", "cp932", "cp949"),
    }
)


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
    def parse(cls, body: bytes, url: str, content_type: str | None = None) -> Self:
        """The page that some bytes are.

        In the encoding of their byte order mark, else the one that the header Content-Type names,
        else the one that they name themselves, else the one that they seem to be in.
        """
        text = _decoded(body, content_type)
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

    def images(self, elements: Iterable[Selector]) -> list[str]:
        """Where the pictures of elements are, each once."""
        found = map(self.image, shown_once(elements))
        return list(dict.fromkeys(address for address in found if address is not None))

    def image(self, element: Selector) -> str | None:
        """Where the picture of an element is: the largest, and none that stands there meanwhile."""
        for address in addresses_of(element):
            url = self._address([address])
            if url is not None and not is_stand_in(url):
                return urldefrag(url).url
        return None

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


def _decoded(body: bytes, content_type: str | None) -> str:
    encoding, mark = read_bom(body)
    if encoding is None or mark is None:
        encoding, mark = _named_encoding(body, content_type) or _guessed_encoding(body), b""
    return to_unicode(body[len(mark) :], encoding)


def _named_encoding(body: bytes, content_type: str | None) -> str | None:
    by_header = http_content_type_encoding(content_type)
    if by_header == "utf-16":
        return "utf-16-le"
    by_page = html_body_declared_encoding(body)
    if by_page is not None and by_page.startswith("utf-16"):
        by_page = "utf-8"  # in UTF-16, those bytes would not have said so
    return next((name for name in (by_header, by_page) if name in _ENCODINGS), None)


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
