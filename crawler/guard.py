"""What may be fetched: public addresses over http and https, within limits of size and time."""

import asyncio
import socket
from collections.abc import Sequence
from contextvars import ContextVar
from ipaddress import ip_network
from typing import Any, Final, Self
from urllib.parse import urlsplit, urlunsplit

from scrapy import Request
from scrapy.core.downloader.handlers.http11 import HTTP11DownloadHandler, TunnelError
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.httpproxy import HttpProxyMiddleware
from scrapy.exceptions import CannotResolveHostError, DownloadFailedError, IgnoreRequest
from scrapy.http import Response
from scrapy.resolver import CachingThreadedResolver
from scrapy.utils.datatypes import LocalCache
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectError, DNSLookupError

from core.settings import Network, Settings
from crawler.addresses import is_allowed, is_public_name
from crawler.fetching import RETRY_DELAY, RobotsMiddleware
from crawler.heads import BoundedFactory
from crawler.placeholders import PlaceholderMiddleware

__all__ = [
    "GuardMiddleware",
    "GuardedHandler",
    "GuardedResolver",
    "ProxyMiddleware",
    "RefusedAddress",
    "scrapy_settings",
]

_NETWORKS: Final = "MEMEERA_ALLOWED_NETWORKS"
_N_HOSTS: Final = 10_000  # whose addresses are remembered

_proxy: Final[ContextVar[str | None]] = ContextVar("_proxy", default=None)
"""The host of the proxy that a connection is being made to; None: it is made to the site."""


class RefusedAddress(IgnoreRequest):
    """The host's address is not public, and no setting allows it."""


def scrapy_settings(settings: Settings) -> dict[str, Any]:
    """Scrapy's settings that keep the crawler polite and on the public web."""
    return {
        _NETWORKS: settings.allowed_networks,
        RETRY_DELAY: settings.retry_delay_s,
        "TWISTED_DNS_RESOLVER": GuardedResolver,
        "DOWNLOADER_MIDDLEWARES": {
            PlaceholderMiddleware: 100,
            RobotsMiddleware: 110,
            HttpProxyMiddleware: None,
            ProxyMiddleware: 750,
            GuardMiddleware: 760,  # behind the one that chooses the proxy
        },
        "DOWNLOAD_HANDLERS": {
            "http": GuardedHandler,
            "https": GuardedHandler,
            **dict.fromkeys(("data", "file", "ftp", "s3")),
        },
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


class GuardedHandler(HTTP11DownloadHandler):
    """Fetches, and lets the resolver know where a connection is made to the user's proxy."""

    lazy = True

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._pool._factory = BoundedFactory

    async def download_request(self, request: Request) -> Response:
        """The answer; whatever keeps a connection from being made is a DownloadFailedError."""
        proxy = request.meta.get("proxy")
        before = _proxy.set(proxy and urlsplit(proxy).hostname)
        try:
            return await super().download_request(request)
        except (ConnectError, TunnelError) as error:
            raise DownloadFailedError(str(error)) from error
        except NotImplementedError as error:  # a proxy that speaks TLS itself, for a site that does
            raise DownloadFailedError(f"{error}; give https_proxy as http://") from error
        finally:
            _proxy.reset(before)


class GuardedResolver(CachingThreadedResolver):
    """Resolves names to public addresses alone.

    Every connection passes here, also those of redirects and of hosts written as numbers, so
    there is no spelling of a private address that slips by, and no moment at which a name could
    become another address. A proxy is the user's own choice, and usually in their own network: what
    it is asked for is the middleware's to check.
    """

    def __init__(self, *args: Any, networks: Sequence[Network]) -> None:
        super().__init__(*args)
        self._networks = networks

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
        found: Deferred[str] = super().getHostByName(name, timeout)
        return found if name.lower() == _proxy.get() else found.addCallback(self._check, name)

    def _check(self, address: str, name: str) -> str:
        if not is_allowed(address, self._networks):
            raise DNSLookupError(f"{name} is at {address}, which is not public")
        return address


class ProxyMiddleware(HttpProxyMiddleware):
    """Has proxies asked for what the environment says, by their addresses.

    Their names are looked up once, before there is any request: Twisted looks up that of a proxy
    which leads to HTTPS at a moment when nothing says whether it is a proxy's or a site's.
    """

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        for scheme, (credentials, url) in self.proxies.items():
            self.proxies[scheme] = (credentials, _by_address(url))


class GuardMiddleware:
    """Refuses what a proxy must not be asked for, and says of other refusals what they are."""

    def __init__(self, networks: Sequence[Network]) -> None:
        self._networks = networks
        self._known: LocalCache[str, list[str]] = LocalCache(_N_HOSTS)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy makes it."""
        return cls(crawler.settings[_NETWORKS])

    async def process_request(self, request: Request) -> None:
        """Raise RefusedAddress where a proxy would be asked for what is not public.

        The proxy resolves names itself. A name that has addresses here is judged by all of them;
        one that has none, as behind many proxies, by what it is called.
        """
        if request.meta.get("proxy") is None:
            return  # the resolver sees to it
        parts = urlsplit(request.url)
        host = parts.hostname or ""
        if "@" in parts.netloc:  # what is before it, some proxies take for the host
            raise RefusedAddress(f"{host}: an address with a user's name is asked of no proxy")
        addresses = await self._addresses(host)
        self._refuse_private(addresses)
        if not addresses and not is_public_name(host):
            raise RefusedAddress(f"{host} is no name of the public web")

    async def process_exception(self, request: Request, exception: Exception) -> None:
        """Raise RefusedAddress where a host has an address after all, but not a public one."""
        if isinstance(exception, CannotResolveHostError) and not request.meta.get("proxy"):
            host = urlsplit(request.url).hostname or ""
            self._refuse_private(await asyncio.to_thread(_addresses, host))

    async def _addresses(self, host: str) -> list[str]:
        if host not in self._known:
            self._known[host] = await asyncio.to_thread(_addresses, host)
        return self._known[host]

    def _refuse_private(self, addresses: Sequence[str]) -> None:
        for address in addresses:
            if not is_allowed(address, self._networks):
                raise RefusedAddress(
                    f"the address {address} is not public; where that is meant, set "
                    f"{_NETWORKS}={ip_network(address.partition('%')[0])}"
                )


def _addresses(host: str) -> list[str]:
    """All that a host has, however it is written; none where there is no such host."""
    try:
        found = socket.getaddrinfo(host.removesuffix("."), None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return [str(address[0]) for *_, address in found]


def _by_address(proxy: str) -> str:
    parts = urlsplit(proxy)
    if parts.scheme == "https":  # its certificate is for its name
        return proxy
    try:
        address = socket.gethostbyname(parts.hostname or "")
        port = f":{parts.port}" if parts.port else ""
    except (OSError, UnicodeError, ValueError):
        return proxy  # as it is, it will be said to be none
    return urlunsplit((parts.scheme, address + port, "", "", ""))
