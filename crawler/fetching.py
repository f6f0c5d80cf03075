"""Fetching through Scrapy's engine outside its callbacks: as sources do, and as robots.txt asks."""

import asyncio
from typing import Final, Self

from scrapy import Request
from scrapy.crawler import Crawler
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

from crawler.plain import said_in, why
from crawler.robots import Robots, Rules
from crawler.sources import Answer, SourceFailed
from crawler.waiting import answer_passes, retry_after

__all__ = ["OBEY", "RETRY_DELAY", "Fetcher", "RobotsMiddleware", "fetch"]

OBEY: Final = "obey_robots"
"""In a request's meta, whether it may be made only where robots.txt does not forbid it."""
RETRY_DELAY: Final = "MEMEERA_RETRY_DELAY_S"
"""Of Scrapy's settings: how long to rest after a failed attempt."""

_TRIES: Final = 4
_LONGEST_REST_S: Final = 120.0  # that a listing waits for a site that asks it to
_ACCEPT: Final = "application/json, */*"
_ACCEPT_PAGE: Final = "text/html, application/xhtml+xml, */*;q=0.8"
# Why there is no answer, and will be none: a refused or impossible address, or one too large.
_LASTING: Final = (DownloadCancelledError, IgnoreRequest, UnsupportedURLSchemeError, ValueError)
_PASSING: Final = (
    CannotResolveHostError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    ResponseDataLossError,
    OSError,
)


async def fetch(
    crawler: Crawler, url: str, *, accept: str = "*/*", obey_robots: bool = False
) -> Response | Exception:
    """What a site answers, with whatever status; or why there is no answer."""
    assert crawler.engine is not None
    try:
        request = Request(
            url, dont_filter=True, headers={"Accept": accept}, meta={OBEY: obey_robots}
        )
        return await crawler.engine.download_async(request)
    except (*_LASTING, *_PASSING, SourceFailed) as error:
        return error


class Fetcher:
    """Fetches what a source lists from; tries again where that may help."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._retry_delay_s = crawler.settings.getfloat(RETRY_DELAY)

    async def __call__(self, url: str) -> bytes:
        """What was made for programs.

        Raises:
            SourceFailed: there is no answer, or one of another status than 200.
        """
        return bytes((await self._fetched(url, _ACCEPT)).body)

    async def page(self, url: str) -> Answer:
        """A page made for people, where the robots.txt of no host that it leads to forbids it.

        Raises:
            SourceFailed: one does; there is no answer, or one of another status than 200.
        """
        answer = await self._fetched(url, _ACCEPT_PAGE, obey_robots=True)
        named = answer.headers.get("Content-Type")
        content_type = None if named is None else named.decode("latin-1")
        return Answer(answer.url, bytes(answer.body), content_type)

    async def rules(self, url: str) -> Rules:
        """What robots.txt says at this address's host.

        Raises:
            SourceFailed: it is out of reach.
        """
        middleware = self._crawler.get_downloader_middleware(RobotsMiddleware)
        assert middleware is not None
        return await middleware.robots.rules(url)

    async def _fetched(self, url: str, accept: str, *, obey_robots: bool = False) -> Response:
        for attempt in range(1, _TRIES + 1):
            answer = await fetch(self._crawler, url, accept=accept, obey_robots=obey_robots)
            if isinstance(answer, SourceFailed):
                raise answer
            if isinstance(answer, Response) and answer.status == 200:
                return answer
            rest_s = self._retry_delay_s * 2 ** (attempt - 1)
            if isinstance(answer, Response):
                if not answer_passes(url, answer.status, answer.body):
                    break
                rest_s = max(rest_s, retry_after(answer.headers.get("Retry-After")) or 0)
            elif isinstance(answer, _LASTING):
                break
            if rest_s > _LONGEST_REST_S or attempt == _TRIES:
                break
            await asyncio.sleep(rest_s)
        if isinstance(answer, Response):
            said = said_in(answer)
            words = f"{url} answered {answer.status}{said and f': {said}'}"
            raise SourceFailed(words, answer.status)
        raise SourceFailed(f"{url} gave no answer: {why(answer)}") from answer


class RobotsMiddleware:
    """Lets no request pass that robots.txt forbids, nor any that a redirect makes of it."""

    def __init__(self, robots: Robots) -> None:
        self.robots = robots

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy makes it."""
        return cls(Robots(Fetcher(crawler), crawler.settings["USER_AGENT"]))

    async def process_request(self, request: Request) -> None:
        """Raise Disallowed; or SourceFailed, where the rules of the host are out of reach."""
        if request.meta.get(OBEY):
            await self.robots.check(request.url)
