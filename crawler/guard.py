"""What may be fetched: public addresses over http and https, within limits of size and time."""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import ip_address
from typing import Any, Final, Self
from urllib.parse import urlsplit
from urllib.request import getproxies

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import CannotResolveHostError, IgnoreRequest
from scrapy.resolver import CachingThreadedResolver
from twisted.internet.defer import Deferred
from twisted.internet.error import DNSLookupError

from core.settings import Network, Settings
from crawler.placeholders import PlaceholderMiddleware

__all__ = [
    "GuardedResolver",
    "RefusalMiddleware",
    "RefusedAddress",
    "is_allowed",
    "scrapy_settings",
]

_NETWORKS: Final = "MEMEERA_ALLOWED_NETWORKS"


class RefusedAddress(IgnoreRequest):
    """The host's address is not public, and no setting allows it."""


def scrapy_settings(settings: Settings) -> dict[str, Any]:
    """Scrapy's settings that keep the crawler polite and on the public web."""
    return {
        _NETWORKS: settings.allowed_networks,
        "TWISTED_DNS_RESOLVER": GuardedResolver,
        "DOWNLOADER_MIDDLEWARES": {
            PlaceholderMiddleware: 100,
            RefusalMiddleware: 560,  # nearer than the retries, at 550
        },
        "DOWNLOAD_HANDLERS": {"data": None, "file": None, "ftp": None, "s3": None},
        "DOWNLOAD_MAXSIZE": settings.max_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_TIMEOUT": settings.request_timeout_s,  # of the whole answer
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "TELNETCONSOLE_ENABLED": False,
        "REMOTE_CONTROL_ENABLED": False,
        "COOKIES_ENABLED": False,
        "USER_AGENT": settings.user_agent,
        "CONCURRENT_REQUESTS_PER_DOMAIN": settings.requests_per_site,
        "AUTOTHROTTLE_ENABLED": True,
        "AUTOTHROTTLE_START_DELAY": 0.05,  # seconds; it grows with the site's latency
        "AUTOTHROTTLE_TARGET_CONCURRENCY": settings.requests_per_site / 2,
    }


class GuardedResolver(CachingThreadedResolver):
    """Resolves names to public addresses alone.

    Every connection passes here, also those of redirects and of hosts written as numbers, so
    there is no spelling of a private address that slips by. Behind a proxy (http_proxy) the names
    are the proxy's to resolve, and to refuse.
    """

    def __init__(self, *args: Any, networks: Sequence[Network]) -> None:
        super().__init__(*args)
        self._networks = networks
        # A proxy is the user's own choice, and usually in their own network.
        urls = (url if "//" in url else f"//{url}" for url in getproxies().values())
        self._proxies = {urlsplit(url).hostname for url in urls}

    @classmethod
    def from_crawler(cls, crawler: Any, reactor: Any) -> Self:
        """As Scrapy makes it; the crawler is the process's, which has settings alone."""
        settings = crawler.settings
        return cls(
            reactor,
            settings.getint("DNSCACHE_SIZE"),
            settings.getfloat("DNS_TIMEOUT"),
            networks=settings[_NETWORKS],
        )

    def getHostByName(  # noqa: N802
        self, name: str, timeout: Sequence[int] = ()
    ) -> "Deferred[str]":
        """The public IPv4 address of a host; DNSLookupError where it has none."""
        deferred: Deferred[str] = super().getHostByName(name, timeout)
        return deferred.addCallback(self._check, name)

    def _check(self, address: str, name: str) -> str:
        if name not in self._proxies and not is_allowed(address, self._networks):
            raise DNSLookupError(f"{name} is at {address}, which is not public")
        return address


class RefusalMiddleware:
    """Tells a refused address from a name that does not exist, and saves the retries."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy makes it."""
        return cls(crawler.settings[_NETWORKS])

    async def process_exception(self, request: Request, exception: Exception) -> None:
        """Raise RefusedAddress where a host has an address after all, but not a public one."""
        if not isinstance(exception, CannotResolveHostError):
            return
        host = urlsplit(request.url).hostname or ""
        try:
            address = await asyncio.to_thread(socket.gethostbyname, host)
        except OSError:
            return  # there is no such host: Scrapy's own word stands
        if not is_allowed(address, self._networks):
            raise RefusedAddress(
                f"the address {address} is not public; where that is meant, set "
                f"{_NETWORKS}={address}/32"
            ) from exception


def is_allowed(address: str, networks: Sequence[Network]) -> bool:
    """Whether the crawler may connect to this IP address."""
    ip = ip_address(address)
    return (ip.is_global and not ip.is_multicast) or any(ip in network for network in networks)
