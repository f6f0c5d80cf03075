"""The one Scrapy spider: takes posts from any source and fetches their media."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import scrapy
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
)
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError

from core.errors import Reject
from crawler.guard import RefusedAddress
from crawler.sources import Malformed, Post, Source, SourceFailed
from db.memes import Collection, Seen
from db.runs import Counts
from db.sightings import file_at, known_media

__all__ = ["Fetched", "MemeSpider", "SeenAgain"]

logger = logging.getLogger(__name__)

# Scrapy drops longer ones without a word, and PostgreSQL cannot index much longer ones.
_MAX_URL: Final = 2000

_FETCH_ERRORS: Final = (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
    OSError,
)


@dataclass(frozen=True, slots=True)
class Fetched:
    """An item: the bytes of one medium and where they were found."""

    seen: Seen
    data: bytes = field(repr=False)  # Scrapy logs items that fail


@dataclass(frozen=True, slots=True)
class SeenAgain:
    """An item: an address that led to a known file before, found in another post."""

    seen: Seen
    sha256: str


class MemeSpider(scrapy.Spider):
    """Fetches the media of the posts of its sources, one source after another."""

    name = "memes"

    def __init__(
        self, sources: Sequence[Source], collection: Collection, counts: Counts, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.sources = sources
        self.collection = collection
        self.counts = counts
        self.errors: list[str] = []
        """Why sources could not be listed."""
        self.run_id: int | None = None
        self.close_reason = ""

    async def start(self) -> AsyncIterator[scrapy.Request | SeenAgain]:
        """List each source; one that fails does not end the others."""
        for source in self.sources:
            try:
                async for post in source.posts(self._fetch_listing):
                    if isinstance(post, Malformed):
                        self.counts.listed += 1
                        self.reject(Reject.MALFORMED, source.target, post.detail)
                        continue
                    known = await asyncio.to_thread(self._known, post)
                    for request_or_item in self._media_of(post, known):
                        yield request_or_item
            except SourceFailed as error:
                self.counts.failed += 1
                self.errors.append(str(error))

    def closed(self, reason: str) -> None:
        """Keep why Scrapy ended: "finished", or "shutdown" after a signal."""
        self.close_reason = reason

    def parse_media(self, response: Response, seen: Seen) -> Iterator[Fetched]:
        """The answer to a request for one medium."""
        yield Fetched(seen, response.body)

    def reject(self, reason: Reject, url: str, detail: str) -> None:
        """Count a medium that did not come to be a meme, and say why."""
        self.counts.rejected[reason] += 1
        logger.warning("%s: %s (%s)", url, detail, reason)

    async def _fetch_listing(self, url: str) -> bytes:
        assert self.crawler.engine is not None
        try:
            response = await self.crawler.engine.download_async(
                scrapy.Request(url, dont_filter=True, headers={"Accept": "application/json"})
            )
        except _FETCH_ERRORS as error:
            raise SourceFailed(f"{url} gave no answer: {error or type(error).__name__}") from error
        if response.status != 200:
            said = response.body[:200].decode(errors="replace")
            raise SourceFailed(f"{url} answered {response.status}: {said}")
        return bytes(response.body)

    def _known(self, post: Post) -> dict[int, str | None]:
        """Which media of a post need no fetching: the file at the address, or None if all is known.

        Keys are places in the post's media. Asks the database, so it runs in a thread.
        """
        with self.collection.database.reading() as session:
            recorded = known_media(session, post.source, [post.post_id])
            known: dict[int, str | None] = {index: None for _, index in recorded}
            for index, url in enumerate(post.media):
                if index not in known and (sha256 := file_at(session, url)) is not None:
                    known[index] = sha256
        return known

    def _media_of(
        self, post: Post, known: dict[int, str | None]
    ) -> Iterator[scrapy.Request | SeenAgain]:
        if not post.media:
            self.counts.listed += 1
            self.reject(Reject.NO_PICTURE, post.permalink or post.post_id, "a post without one")
        for index, url in enumerate(post.media):
            self.counts.listed += 1
            seen = _seen(post, index, url)
            if index not in known:
                yield from self._request(url, seen)
            elif (sha256 := known[index]) is not None:
                yield SeenAgain(seen, sha256)
            else:
                self.counts.known += 1

    def _request(self, url: str, seen: Seen) -> Iterator[scrapy.Request]:
        """The request for one medium; none where the address is none."""
        try:
            if len(url) > _MAX_URL:
                raise ValueError(f"longer than {_MAX_URL} characters")
            yield scrapy.Request(
                url,
                callback=self.parse_media,
                errback=self._fetch_failed,
                cb_kwargs={"seen": seen},
                # Two posts may link one picture, and both sightings count.
                dont_filter=True,
            )
        except ValueError as error:
            self.reject(Reject.BAD_ADDRESS, url[:100], str(error))

    def _fetch_failed(self, failure: Any) -> None:
        error = failure.value
        url = failure.request.cb_kwargs["seen"].image_url  # as posted, before redirects
        match error:
            case HttpError():
                self.reject(Reject.HTTP_ERROR, url, f"answered {error.response.status}")
            case RefusedAddress():
                self.reject(Reject.REFUSED_ADDRESS, url, str(error))
            case DownloadCancelledError():
                self.reject(Reject.TOO_MANY_BYTES, url, str(error))
            case _:
                self.reject(Reject.NO_ANSWER, url, str(error) or type(error).__name__)


def _seen(post: Post, index: int, url: str) -> Seen:
    return Seen(
        source=post.source,
        post_id=post.post_id,
        media_index=index,
        image_url=url,
        community=post.community,
        permalink=post.permalink,
        title=post.title,
        flair=post.flair,
        score=post.score,
        posted_at=post.posted_at,
        nsfw=post.nsfw,
    )
