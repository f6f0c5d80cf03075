"""One request through Scrapy's engine, outside its callbacks."""

from typing import Final

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

__all__ = ["fetch"]

_ERRORS: Final = (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadConnectionRefusedError,
    DownloadFailedError,
    DownloadTimeoutError,
    IgnoreRequest,
    ResponseDataLossError,
    UnsupportedURLSchemeError,
    OSError,
    ValueError,  # an address that is none
)


async def fetch(
    crawler: Crawler, url: str, *, accept: str = "*/*", obey_robots: bool = False
) -> Response | Exception:
    """What a site answers, with whatever status; or why there is no answer."""
    assert crawler.engine is not None
    try:
        request = Request(
            url,
            dont_filter=True,
            headers={"Accept": accept},
            meta={} if obey_robots else {"dont_obey_robotstxt": True},
        )
        return await crawler.engine.download_async(request)
    except _ERRORS as error:
        return error
