"""Any site, by the CSS selectors that say where its pages have what; its robots.txt is obeyed."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, ClassVar, Final
from urllib.parse import urldefrag, urlsplit

import cssselect
from parsel import Selector

from core.errors import BadInput, Reject
from crawler.links import picture_at
from crawler.markup import Document, first, is_web, text_of, time_of
from crawler.robots import Rules
from crawler.sources import Malformed, Page, Post, Probe, SourceFailed, Visit
from db.deletions import SeenPost

__all__ = ["Selectors", "Site", "from_table", "probe"]

_N_MARKED: Final = 20  # posts that the next listing is to recognise
_KEYS: Final[Mapping[str, type]] = {
    "start_url": str,
    "item": str,
    "image": str,
    "title": str,
    "date": str,
    "link": str,
    "next_page": str,
    "date_format": str,
    "newest_first": bool,
    "max_pages": int,
    "limit": int,
    "licence": str,
}
_TYPES: Final[Mapping[type, str]] = {
    str: "text in quotes",
    bool: "true or false",
    int: "a whole number",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selectors:
    """Which elements of a page are what; all but the next page's link lie within an item.

    A selector may end in ::attr(name) or ::text where the value is not where it usually is.

    Args:
        item: one post.
        image: its pictures, wherever the page keeps their addresses: in src or href, in a srcset of
            which the largest is taken, in what scripts read, in <noscript>.
        title: the text.
        date: in the attribute datetime, or the text.
        link: to the post's own page; the address is in href.
        next_page: the link to the page that follows.

    Raises:
        BadInput: one is no CSS selector; the message names it.
    """

    item: str
    image: str = "img"
    title: str | None = None
    date: str | None = None
    link: str | None = None
    next_page: str | None = None

    def __post_init__(self) -> None:
        for key in fields(self):
            selector = getattr(self, key.name)
            if selector is not None:
                _check_selector(key.name, selector)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """The posts that a site's pages show, from a first page on.

    Args:
        site_name: the user's own word for it; what its posts have as their community.
        start_url: of the first page.
        selectors: where the pages have what.
        date_format: as strptime has it; ISO 8601 and the form of e-mail are understood without.
        newest_first: whether older posts follow newer ones.
        max_pages: are fetched at most.
        limit: posts.
        licence: of its pictures, as the site states it.
        sleep: waits some seconds between pages, if robots.txt asks for that.

    Raises:
        BadInput: one of them cannot be used; the message names it.
    """

    name: ClassVar[str] = "site"

    site_name: str
    start_url: str
    selectors: Selectors
    date_format: str | None = None
    newest_first: bool = True
    max_pages: int = 100
    limit: int | None = None
    licence: str | None = None
    sleep: Callable[[float], Awaitable[None]] = field(
        default=asyncio.sleep, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if not is_web(self.start_url):
            raise BadInput(f"start_url: {self.start_url!r} is no address such as https://a.example")
        if self.date_format is not None:
            _check_date_format(self.date_format)
        for key in ("max_pages", "limit"):
            if (number := getattr(self, key)) is not None and number < 1:
                raise BadInput(f"{key}: {number} is less than 1")

    @property
    def target(self) -> str:
        """For people: gallery at memes.example."""
        return f"{self.site_name} at {urlsplit(self.start_url).netloc}"

    @property
    def listing(self) -> str:
        """The site by its name, from where on."""
        return f"{self.name}:{self.site_name}:{self.start_url}"

    async def pages(self, fetch: Visit, mark: str | None) -> AsyncIterator[Page]:
        """List the posts page by page, following the links to the next one.

        The mark names the first posts of the first page. The listing ends behind a page with which
        half of the marked posts were passed: what follows is older. One alone says little, for it
        may be pinned to the top; nor may all be waited for, for some are deleted meanwhile.

        Raises:
            SourceFailed: a page could not be fetched, robots.txt forbids it, or the first one has
                no item.
        """
        marked = frozenset(json.loads(mark) if mark is not None and self.newest_first else ())
        missing, newest, n_left, visited = set(marked), list[str](), self.limit, set[str]()
        url, n_pages = urldefrag(self.start_url).url, 0
        while True:
            page = await self._page(url, fetch, is_first=not visited)
            visited |= {url, page.url}
            posts = page.posts[:n_left]
            n_left = None if n_left is None else n_left - len(posts)
            ids = [post.post_id for post in posts if isinstance(post, Post)]
            missing.difference_update(ids)
            newest = newest or ids[:_N_MARKED]
            is_known = bool(marked) and len(missing) <= len(marked) // 2
            is_end = is_known or page.next_url is None or page.next_url in visited
            n_pages += 1
            is_cut = n_left == 0 or n_pages == self.max_pages
            # What a limit left out of the first listing was not asked for; later, it is a gap.
            is_whole = is_end and len(posts) == len(page.posts)
            moves = self.newest_first and bool(newest) and (is_whole or (is_cut and mark is None))
            yield Page(posts, json.dumps(newest) if moves else None)
            if is_end or is_cut or page.next_url is None:
                return
            url = page.next_url

    async def _page(self, url: str, fetch: Visit, *, is_first: bool) -> "_Read":
        try:
            rules = await fetch.rules(url)
            if rules.delay_s and not is_first:
                await self.sleep(rules.delay_s)
            answer = await fetch.page(url)
            rules = await fetch.rules(answer.url)  # the host of its pictures may be another
        except SourceFailed as error:
            raise SourceFailed(f"{self.target}: {error}", error.status) from error
        page = self._read(Document.parse(answer.body, answer.url, answer.content_type), rules)
        if is_first and not page.posts:
            raise SourceFailed(
                f"{self.target}: item = {self.selectors.item!r} finds nothing at {url}; look there "
                "whether the page has changed, or is made by a script in the browser"
            )
        return page

    def _read(self, page: Document, rules: Rules) -> "_Read":
        posts = [self._post(item, page, rules) for item in page.root.css(self.selectors.item)]
        following = first(page.root, self.selectors.next_page)
        next_url = page.link(following) if following else None
        return _Read(page.url, posts, next_url if posts else None)

    def _post(self, item: Selector, page: Document, rules: Rules) -> Post | Malformed:
        link = first(item, self.selectors.link)
        permalink = page.permalink(link) if link else None
        images = page.images(item.css(self.selectors.image))
        if permalink is None and not images:
            return Malformed(f"{page.url}: an item has neither a picture nor a link")
        allowed = (picture_at(image) or image for image in images if rules.allow(image))
        media = tuple(dict.fromkeys(allowed))
        title = first(item, self.selectors.title)
        date = first(item, self.selectors.date)
        return Post(
            source=self.name,
            post_id=permalink or images[0],
            media=media,
            community=self.site_name,
            permalink=permalink,
            title=(text_of(title) or None) if title else None,
            posted_at=time_of(date, self.date_format) if date else None,
            licence=self.licence,
            reason=Reject.REFUSED_ADDRESS if images and not media else Reject.NO_PICTURE,
        )


def from_table(name: str, table: Mapping[str, object]) -> Site:
    """The site that a TOML table [site.NAME] defines: start_url, item and, where wanted, the rest.

    Raises:
        BadInput: a key is missing, unknown or has a value that cannot be used; the message names
            it.
    """
    try:
        _check_table(table)
        options: dict[str, Any] = dict(table)
        names = {key.name for key in fields(Selectors)}
        selectors = Selectors(**{key: options.pop(key) for key in names & options.keys()})
        return Site(site_name=name, selectors=selectors, **options)
    except BadInput as error:
        raise BadInput(f"[site.{name}]: {error}") from error


def probe(post: SeenPost) -> Probe:
    """What says whether a post is still there: its page, or the picture where it has none."""
    return Probe(post.permalink or post.image_url, obey_robots=True)


def _check_table(table: Mapping[str, object]) -> None:
    for key, value in table.items():
        if key not in _KEYS:
            raise BadInput(f"{key}: there is no such key; there are {', '.join(_KEYS)}")
        if type(value) is not _KEYS[key]:
            raise BadInput(f"{key}: {value!r} is not {_TYPES[_KEYS[key]]}")
    for key in ("start_url", "item"):
        if key not in table:
            raise BadInput(f"{key}: it is missing")


def _check_selector(key: str, selector: str) -> None:
    try:
        Selector(text="<html/>", type="html").css(selector)
        parts = cssselect.parse(selector)
    except (cssselect.SelectorError, ValueError) as error:
        raise BadInput(f"{key}: {selector!r} is no CSS selector: {error}") from error
    if key == "item" and any(part.pseudo_element is not None for part in parts):
        raise BadInput(f"{key}: {selector!r} is not an element, in which others can be found")


def _check_date_format(date_format: str) -> None:
    day = datetime(2001, 2, 3, tzinfo=UTC)
    try:
        again = datetime.strptime(day.strftime(date_format), date_format)  # noqa: DTZ007
    except (ValueError, re.error) as error:
        raise BadInput(f"date_format: {date_format!r}: {error}") from error
    if again.year != day.year:
        raise BadInput(f"date_format: {date_format!r} has no year, such as %Y")


@dataclass(frozen=True, slots=True)
class _Read:
    """What one page has."""

    url: str
    posts: list[Post | Malformed]
    next_url: str | None
