"""What the robots.txt of a host allows a crawler, by RFC 9309."""

import asyncio
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from protego import Protego

from crawler.sources import Fetch, SourceFailed
from crawler.waiting import status_passes

__all__ = ["Disallowed", "Robots", "Rules"]

_LONGEST_DELAY_S: Final = 60.0  # whatever a Crawl-delay asks for
_MAX_BYTES: Final = 500 * 2**10  # what RFC 9309 asks a crawler to read at least


class Disallowed(SourceFailed):
    """A robots.txt asks this crawler not to fetch it."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What one host's robots.txt says to one crawler.

    Args:
        host: with its port, if it has one.
        robots: what its robots.txt says to all.
        user_agent: of the crawler.
    """

    host: str
    robots: Protego
    user_agent: str

    def allow(self, url: str) -> bool:
        """Whether nothing is said against fetching it; of other hosts, nothing ever is."""
        is_here = urlsplit(url).netloc.lower() == self.host.lower()
        return not is_here or self.robots.can_fetch(url, self.user_agent)

    @property
    def delay_s(self) -> float:
        """How long to wait between two pages; a minute at most, whatever is asked for."""
        return min(self.robots.crawl_delay(self.user_agent) or 0.0, _LONGEST_DELAY_S)


class Robots:
    """The rules of all hosts that a crawl comes to; each robots.txt is fetched once.

    Args:
        fetch: gets a robots.txt.
        user_agent: who asks.
    """

    def __init__(self, fetch: Fetch, user_agent: str) -> None:
        self._fetch = fetch
        self._user_agent = user_agent
        # Several pictures of one host may be asked about before its answer is there.
        self._known: dict[str, asyncio.Task[Rules]] = {}

    async def rules(self, url: str) -> Rules:
        """Those of this address's host.

        Raises:
            SourceFailed: they are out of reach, so that nothing of the host may be fetched.
        """
        parts = urlsplit(url)
        origin = f"{parts.scheme}://{parts.netloc}"
        if origin not in self._known:
            self._known[origin] = asyncio.create_task(self._ask(origin, parts.netloc))
        return await self._known[origin]

    async def check(self, url: str) -> None:
        """Let pass what may be fetched.

        Raises:
            Disallowed: the host's rules forbid it.
            SourceFailed: they are out of reach.
        """
        rules = await self.rules(url)
        if not rules.allow(url):
            raise Disallowed(f"the site's robots.txt does not allow {url} to {self._user_agent}")

    async def _ask(self, origin: str, host: str) -> Rules:
        robots = Protego.parse(await self._text(f"{origin}/robots.txt"))
        return Rules(host, robots, self._user_agent)

    async def _text(self, url: str) -> str:
        # RFC 9309: without a robots.txt all is allowed; with one that is out of reach, nothing.
        try:
            body = await self._fetch(url)
        except SourceFailed as error:
            if error.status is not None and not status_passes(error.status):
                return ""
            raise SourceFailed(
                f"its robots.txt is out of reach, so that nothing may be fetched; try again later "
                f"({error})",
                error.status,
            ) from error
        return body[:_MAX_BYTES].decode("utf-8-sig", errors="replace")
