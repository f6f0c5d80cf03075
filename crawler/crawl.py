"""One crawl: from sources to the collection, in this process."""

import sys
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, Self

from scrapy import signals
from scrapy.crawler import Crawler, CrawlerProcess
from tqdm import tqdm
from twisted.python.failure import Failure

from core.cli import warn
from core.errors import BadInput, MemeEraError, Reject
from core.settings import Settings
from crawler.communities import load_priors
from crawler.guard import scrapy_settings
from crawler.listing import Lister
from crawler.pipelines import UNSTORED, StoreMemes
from crawler.sources import Source
from crawler.spider import MemeSpider
from db.frontier import n_pending
from db.labels import set_priors
from db.runs import Counts, save_counts
from db.session import Database

__all__ = ["crawl"]

_TELL_EVERY_S: Final = 30.0  # where there is no terminal


class Progress:
    """A Scrapy extension: a line with the counts as they grow; without a terminal, one at times."""

    def __init__(self, spider: MemeSpider) -> None:
        self._counts = spider.counts
        self._bar = tqdm(desc="memes", unit="", disable=None, file=sys.stderr)
        self._began_at = self._told_at = time.monotonic()

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy makes it."""
        assert isinstance(crawler.spider, MemeSpider)
        progress = cls(crawler.spider)
        crawler.signals.connect(progress.show, signals.item_scraped)
        crawler.signals.connect(progress.close, signals.spider_closed)
        return progress

    def show(self) -> None:
        """Bring the line up to date."""
        counts, now = self._counts, time.monotonic()
        if self._bar.disable:
            if now - self._told_at >= _TELL_EVERY_S:
                self._told_at = now
                per_s = counts.n_done / (now - self._began_at)
                warn(f"memes: {counts}; {per_s:.1f} a second")
            return
        self._bar.total = max(counts.listed, counts.n_done)
        self._bar.n = counts.n_done
        self._bar.set_postfix(
            added=counts.added, reposts=counts.reposts, rejected=counts.n_rejected, refresh=False
        )
        self._bar.update(0)

    def close(self) -> None:
        """Leave the line as it stands."""
        self._bar.close()


def crawl(
    settings: Settings,
    sources: Sequence[Source],
    *,
    since: datetime | None = None,
    dry_run: bool = False,
) -> Counts:
    """Crawl the sources, store what they have, and give the counts. Runs once a process.

    Ctrl-C or SIGTERM ends it after the media under way; what was stored stays, and what was listed
    is fetched by the next run.

    Args:
        settings: of the collection and the crawler.
        sources: where to look.
        since: older posts are passed over.
        dry_run: only list, and count what there is.

    Raises:
        MemeEraError: nothing could be listed, or stored, at all; the message says why.
        KeyboardInterrupt: it was ended before its end.
    """
    database = Database.open(settings)
    with database.writing_alone() as session:
        set_priors(session, load_priors(settings))
    counts = Counts()
    lister = Lister(database, counts, since=since, dry_run=dry_run)
    process = CrawlerProcess(_process_settings(settings, dry_run))
    crawler = process.create_crawler(MemeSpider)
    failures: list[BaseException | None] = []

    def keep(failure: Failure) -> None:
        failures.append(failure.value)

    crawling = process.crawl(
        crawler,
        sources=sources,
        database=database,
        counts=counts,
        lister=lister,
        limits=settings,
        fetching=not dry_run,
    )
    crawling.addErrback(keep)
    process.start()
    if failures:
        what = str(failures[0]) or type(failures[0]).__name__
        raise MemeEraError(f"the crawl did not start: {what}") from failures[0]
    spider = crawler.spider
    assert isinstance(spider, MemeSpider)
    if spider.close_reason == UNSTORED:
        raise MemeEraError(f"{spider.errors[-1]}; what was listed waits for the next run")
    if spider.close_reason != "finished":  # a signal; its run stays marked as unfinished
        raise KeyboardInterrupt
    if not dry_run:
        _finish(database, spider, counts)
    database.engine.dispose()
    if spider.errors and counts.listed == 0:
        raise MemeEraError("nothing was listed: " + "; ".join(spider.errors))
    if lister.remarks and counts.listed == counts.rejected[Reject.MALFORMED]:
        raise BadInput("; ".join(lister.remarks))
    if counts.failed and not (counts.added or counts.reposts or counts.known):
        raise MemeEraError(f"nothing was stored: {counts}")
    for said in (*lister.remarks, *spider.errors):
        warn(said)
    return counts


def _finish(database: Database, spider: MemeSpider, counts: Counts) -> None:
    assert spider.run_id is not None
    with database.writing() as session:
        counts.pending = n_pending(session, [source.listing for source in spider.sources])
        save_counts(session, spider.run_id, counts.as_dict(), finished=True)


def _process_settings(settings: Settings, dry_run: bool) -> dict[str, Any]:
    return scrapy_settings(settings) | {
        "ITEM_PIPELINES": {} if dry_run else {StoreMemes: 100},
        "EXTENSIONS": {Progress: 0},
        # Of one response, which has one; for each, Scrapy makes so many tasks.
        "CONCURRENT_ITEMS": 1,
        "LOG_INSTALL_ROOT_HANDLER": False,  # our own shows warnings
        "RETRY_ENABLED": False,  # the frontier tries again, at once or in a later run
        "URLLENGTH_LIMIT": 0,  # longer ones it would drop without a word; the listing bounds them
        "CONCURRENT_REQUESTS": 64,  # of all sites; MEMEERA_REQUESTS_PER_SITE bounds each
    }
