"""Asks the sources which posts are gone, and removes here what was seen in those alone."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import scrapy
from scrapy.crawler import CrawlerProcess
from scrapy.http import Response
from tqdm import tqdm

from core.batched import batched
from core.errors import MemeEraError
from core.settings import Settings
from crawler.fetching import fetch
from crawler.guard import scrapy_settings
from crawler.sources import Probe, lemmy, reddit, website, youtube
from crawler.sources.reddit_client import RedditAccount
from db.deletions import SeenPost, confirm, posts_to_check, remove_gone
from db.media import MediaStore
from db.session import Database

__all__ = ["SOURCES", "Tally", "ask_sources"]

_PROBES: Final[Mapping[str, Callable[[SeenPost], Probe]]] = {
    "lemmy": lemmy.probe,
    "site": website.probe,
    "youtube": youtube.probe,
}
SOURCES: Final = ("reddit", *_PROBES)
"""The sources that can be asked."""

_GONE: Final = (404, 410)
_N_TOGETHER: Final = 100  # posts asked about, or recorded, at a time
_FEW: Final = 20  # posts of which all may well be gone


@dataclass(slots=True)
class Tally:
    """What was asked of one source, and what came of it."""

    asked: int = 0  # posts
    gone: int = 0
    no_answer: int = 0  # they are asked about again
    memes_removed: int = 0
    files_removed: int = 0
    error: str | None = None

    def __str__(self) -> str:
        return (
            f"{self.asked} posts asked about: {self.gone} gone, {self.no_answer} without an "
            f"answer; {self.memes_removed} memes removed, {self.files_removed} files"
        )

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class _Found:
    """What a source said of some posts."""

    there: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()


def ask_sources(
    settings: Settings,
    sources: Sequence[str],
    *,
    account: RedditAccount | None,
    limit: int,
    max_share: float,
    dry_run: bool,
) -> dict[str, Tally]:
    """Ask each source about the posts that were asked about longest ago. Runs once a process.

    Args:
        settings: of the collection and the crawler.
        sources: of SOURCES.
        account: who asks Reddit; needed where that is among the sources.
        limit: posts of each source.
        max_share: where more of a source's posts seem to be gone, from 0 to 1, it is not believed:
            a site that has moved or is out of order says so of all.
        dry_run: only ask, and change nothing.
    """
    database = Database.open(settings)
    process = CrawlerProcess(_process_settings(settings))
    crawler = process.create_crawler(_Spider)
    work = _Work(database, MediaStore.open(settings), account, limit, max_share, dry_run)
    process.crawl(crawler, sources=sources, work=work)
    process.start()
    database.engine.dispose()
    assert isinstance(crawler.spider, _Spider)
    if crawler.spider.close_reason != "finished":  # a signal
        raise KeyboardInterrupt
    return crawler.spider.tallies


@dataclass(frozen=True, slots=True)
class _Work:
    database: Database
    media: MediaStore
    account: RedditAccount | None
    limit: int
    max_share: float
    dry_run: bool


class _Spider(scrapy.Spider):
    """Scrapy's part: it fetches politely, and refuses what must not be fetched."""

    name = "deletions"

    def __init__(self, sources: Sequence[str], work: _Work, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tallies = {source: Tally() for source in sources}
        self.close_reason = ""
        self._work = work

    async def start(self) -> AsyncIterator[Any]:
        """Ask one source after the other; nothing is left for Scrapy to do."""
        for source, tally in self.tallies.items():
            try:
                await self._sync(source, tally)
            except MemeEraError as error:
                tally.error = str(error)
        return
        yield

    def closed(self, reason: str) -> None:
        """Keep why Scrapy ended: "finished", or "shutdown" after a signal."""
        self.close_reason = reason

    async def _sync(self, source: str, tally: Tally) -> None:
        posts = await asyncio.to_thread(self._posts, source)
        there, gone = set[str](), set[str]()
        with tqdm(total=len(posts), desc=source, unit="", disable=None, file=sys.stderr) as bar:
            for some in batched(posts, _N_TOGETHER):
                found = await self._ask(source, some)
                there |= found.there
                gone |= found.gone
                bar.update(len(some))
        tally.asked, tally.gone = len(posts), len(gone)
        tally.no_answer = len(posts) - len(there) - len(gone)
        if len(gone) > max(_FEW, self._work.max_share * (len(there) + len(gone))):
            raise MemeEraError(
                f"{source}: {len(gone)} of {len(posts)} posts seem to be gone, which is not "
                "believed; look there, and where it is so, run it with --max-share 1"
            )
        if not self._work.dry_run:
            await asyncio.to_thread(self._record, source, there, gone, tally)

    async def _ask(self, source: str, posts: Sequence[SeenPost]) -> _Found:
        if source == reddit.Reddit.name:
            assert self._work.account is not None
            ids = frozenset(post.post_id for post in posts)
            gone = frozenset(await reddit.gone(self._work.account, ids))
            return _Found(ids - gone, gone)
        statuses = await asyncio.gather(*(self._status(_PROBES[source](post)) for post in posts))
        answers = list(zip(posts, statuses, strict=True))
        return _Found(
            frozenset(post.post_id for post, status in answers if status == 200),
            frozenset(post.post_id for post, status in answers if status in _GONE),
        )

    async def _status(self, probe: Probe) -> int | None:
        answer = await fetch(
            self.crawler, probe.url, accept=probe.accept, obey_robots=probe.obey_robots
        )
        return answer.status if isinstance(answer, Response) else None

    def _posts(self, source: str) -> list[SeenPost]:
        with self._work.database.reading() as session:
            return posts_to_check(session, source, self._work.limit)

    def _record(self, source: str, there: set[str], gone: set[str], tally: Tally) -> None:
        for some in batched(sorted(there), _N_TOGETHER):
            with self._work.database.writing() as session:
                confirm(session, source, some)
        for some in batched(sorted(gone), _N_TOGETHER):
            with self._work.database.writing_alone() as session:
                removed = remove_gone(session, self._work.media, source, some)
            tally.memes_removed += removed.memes
            tally.files_removed += removed.files


def _process_settings(settings: Settings) -> dict[str, Any]:
    return scrapy_settings(settings) | {
        "LOG_INSTALL_ROOT_HANDLER": False,  # our own shows warnings
        "RETRY_ENABLED": False,  # the next run asks again
    }
