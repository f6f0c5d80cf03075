"""The one Scrapy spider: lists sources into the frontier, and fetches what is pending there."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import scrapy
from scrapy import signals
from scrapy.exceptions import (
    DownloadCancelledError,
    IgnoreRequest,
    UnsupportedURLSchemeError,
)
from scrapy.http import Response
from scrapy.spidermiddlewares.httperror import HttpError

from core.errors import MemeEraError, Reject
from core.settings import Settings
from crawler.fetching import OBEY, Fetcher
from crawler.guard import RefusedAddress
from crawler.items import Failed, Fetched, Item, SeenAgain
from crawler.listing import Lister
from crawler.placeholders import LedToPlaceholder
from crawler.plain import why
from crawler.robots import Disallowed
from crawler.sources import Source, Visit
from crawler.sources.website import Site
from crawler.waiting import retry_after, status_passes
from db.frontier import Medium, due, next_due
from db.runs import Counts
from db.session import Database
from db.sightings import files_at

__all__ = ["MemeSpider"]

logger = logging.getLogger(__name__)

_N_TAKEN: Final = 200  # media read from the frontier at a time
_LOOK_AGAIN_S: Final = 0.05  # seconds, while there is nothing to do
# What was made for people, whose robots.txt is obeyed; the others' APIs are there for programs.
_FOR_PEOPLE: Final = frozenset({Site.name})


class MemeSpider(scrapy.Spider):
    """Lists its sources, one after another, and fetches their media meanwhile."""

    name = "memes"

    def __init__(
        self,
        sources: Sequence[Source],
        database: Database,
        counts: Counts,
        lister: Lister,
        limits: Settings,
        *,
        fetching: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.sources = sources
        self.database = database
        self.counts = counts
        self.errors: list[str] = []
        """Why sources could not be listed."""
        self.run_id: int | None = None
        self.close_reason = ""
        self._lister = lister
        self.limits = limits
        self._fetching = fetching
        self._listings = [source.listing for source in sources]
        self._under_way: set[int] = set()  # pending media that were taken and are not settled
        self._left: set[int] = set()  # to the next run, because they could not be recorded

    async def start(self) -> AsyncIterator[scrapy.Request | Item]:
        """List and fetch until nothing is due any more."""
        listing = asyncio.create_task(self._list(Fetcher(self.crawler)))
        try:
            if self._fetching:
                async for medium, sha256 in self._due(listing):
                    yield SeenAgain(medium, sha256) if sha256 else self._request(medium)
                    assert self.crawler.engine is not None
                    if self.crawler.engine.needs_backout():
                        await self.crawler.signals.wait_for(signals.scheduler_empty)
            await listing
        finally:
            listing.cancel()

    def closed(self, reason: str) -> None:
        """Keep why Scrapy ended: "finished", or "shutdown" after a signal."""
        self.close_reason = reason

    def settled(self, medium: Medium) -> None:
        """What became of a medium is recorded."""
        self._under_way.discard(medium.id)

    def left(self, medium: Medium) -> None:
        """A medium stays as it is until the next run."""
        self._left.add(medium.id)
        self._under_way.discard(medium.id)

    def parse_media(self, response: Response, medium: Medium) -> Iterator[Item]:
        """The answer to a request for one medium."""
        yield Fetched(medium, response.body)

    async def _list(self, fetch: Visit) -> None:
        for source in self.sources:
            try:
                await self._lister.list(source, fetch)
            except MemeEraError as error:
                self.counts.failed += 1
                self.errors.append(str(error))
            except Exception as error:
                # A mistake in one source must not end the others.
                logger.exception("%s could not be listed", source.target)
                self.counts.failed += 1
                self.errors.append(f"{source.target}: {error!r}; a mistake, please report it")

    async def _due(self, listing: "asyncio.Task[None]") -> AsyncIterator[tuple[Medium, str | None]]:
        """Media as they become due, until listing has ended and what is left may wait.

        With the SHA-256 of the file that their address led to before, if it did.
        """
        while True:
            listed = listing.done()  # before asking: what it found until then is seen
            media = await asyncio.to_thread(self._take)
            self._under_way.update(medium.id for medium, _ in media)
            for medium_and_file in media:
                yield medium_and_file
            if media:
                continue
            if listed and not self._under_way and not await self._rest():
                return
            await asyncio.sleep(_LOOK_AGAIN_S)

    def _take(self) -> list[tuple[Medium, str | None]]:
        with self.database.reading() as session:
            without = self._under_way | self._left
            media = due(session, self._listings, without=without, limit=_N_TAKEN)
            files = files_at(session, [medium.seen.image_url for medium in media])
            return [(medium, files.get(medium.seen.image_url)) for medium in media]

    async def _rest(self) -> bool:
        """Wait for what is due soon; False: nothing is."""
        at = await asyncio.to_thread(self._next_due)
        if at is None:
            return False
        wait_s = (at - datetime.now(UTC)).total_seconds()
        if wait_s > self.limits.patience_s:
            return False
        await asyncio.sleep(max(wait_s, 0))
        return True

    def _next_due(self) -> datetime | None:
        with self.database.reading() as session:
            return next_due(session, self._listings, without=self._left)

    def _request(self, medium: Medium) -> scrapy.Request | Failed:
        try:
            return scrapy.Request(
                medium.seen.image_url,
                callback=self.parse_media,
                errback=self._fetch_failed,
                cb_kwargs={"medium": medium},
                meta={OBEY: medium.seen.source in _FOR_PEOPLE},
                # Two posts may link one picture, and both sightings count.
                dont_filter=True,
            )
        except ValueError as error:
            return Failed(medium, Reject.BAD_ADDRESS, str(error))

    def _fetch_failed(self, failure: Any) -> Iterator[Failed]:
        error = failure.value
        medium: Medium = failure.request.cb_kwargs["medium"]
        match error:
            case HttpError():
                status, headers = error.response.status, error.response.headers
                rest_s = retry_after(headers.get("Retry-After"))
                yield Failed(
                    medium,
                    Reject.HTTP_ERROR,
                    f"answered {status}",
                    passes=status_passes(status),
                    not_before=None if rest_s is None else _from_now(rest_s),
                )
            case RefusedAddress() | Disallowed():
                yield Failed(medium, Reject.REFUSED_ADDRESS, str(error))
            case LedToPlaceholder():
                yield Failed(medium, Reject.PLACEHOLDER, str(error))
            case DownloadCancelledError():
                yield Failed(medium, Reject.TOO_MANY_BYTES, str(error))
            case UnsupportedURLSchemeError():
                yield Failed(medium, Reject.BAD_ADDRESS, str(error))
            case IgnoreRequest():  # too many redirects, or a body that unpacks to too much
                too_large = "DOWNLOAD_MAXSIZE" in str(error)
                yield Failed(
                    medium, Reject.TOO_MANY_BYTES if too_large else Reject.NO_ANSWER, str(error)
                )
            case _:
                yield Failed(medium, Reject.NO_ANSWER, why(error), passes=True)


def _from_now(seconds: float) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=seconds)
