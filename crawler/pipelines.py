"""The item pipeline: what was fetched goes to the processes that store it, and is counted."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Final, Self

from scrapy import signals
from scrapy.crawler import Crawler

from core.isolated import Stopped, WorkerDied, Workers
from crawler.examining import Unusable
from crawler.items import Failed, Fetched, Item
from crawler.spider import MemeSpider
from crawler.storing import N_PROCESSES, Became, Outcome, Storekeeper
from db.runs import save_counts, start_run

__all__ = ["UNSTORED", "StoreMemes"]

logger = logging.getLogger(__name__)

UNSTORED: Final = "unstored"
"""Why a crawl ended before its end: nothing could be stored any more."""

# Stored in one transaction: those that come within so many seconds, and no more than so many.
_LINGER_S: Final = 0.03
_N_TOGETHER: Final = 32
# A full disk or a database that is gone will not store the next one either.
_MOST_FAILURES: Final = 10  # in a row
# For what is being stored when the crawl is told to end; a picture may take longer.
_GRACE_S: Final = 10.0
_LOOK_EVERY_S: Final = 0.2


class StoreMemes:
    """Has stored what the spider fetched and keeps the record of the run."""

    def __init__(self, spider: MemeSpider, crawler: Crawler) -> None:
        self._spider = spider
        self._crawler = crawler
        self._database = spider.database
        self._counts = spider.counts
        self._waiting: asyncio.Queue[tuple[Item, asyncio.Future[Outcome]]] = asyncio.Queue()
        self._n_failures = 0

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy makes it."""
        assert isinstance(crawler.spider, MemeSpider)
        pipeline = cls(crawler.spider, crawler)
        crawler.signals.connect(pipeline.count_failure, signals.item_error)
        return pipeline

    async def open_spider(self) -> None:
        """Record that the run began."""
        self._run_id = await asyncio.to_thread(self._start)
        self._spider.run_id = self._run_id
        self._workers = Workers(N_PROCESSES, Storekeeper, self._spider.limits, self._run_id)
        self._tasks = [asyncio.create_task(self._store()) for _ in range(N_PROCESSES)]
        self._tasks.append(asyncio.create_task(self._end_in_time()))

    async def process_item(self, item: Item) -> Item:
        """Wait until it is stored, or recorded why not; count here."""
        stored: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((item, stored))
        self._count(item, await stored)
        return item

    def count_failure(self, item: Item) -> None:
        """An item ended in an error that nobody foresaw; Scrapy logs it."""
        self._counts.failed += 1
        self._spider.left(item.medium)

    async def close_spider(self) -> None:
        """Record how far the run came."""
        for task in self._tasks:
            task.cancel()
        await asyncio.to_thread(self._workers.close)
        await asyncio.to_thread(self._save)

    async def _store(self) -> None:
        """Have stored what waits, some together: a transaction costs as much as what is in it."""
        while True:
            taken = [await self._waiting.get()]
            await asyncio.sleep(_LINGER_S)
            while len(taken) < _N_TOGETHER and not self._waiting.empty():
                taken.append(self._waiting.get_nowait())
            outcomes = await self._outcomes([item for item, _ in taken])
            for (_, stored), outcome in zip(taken, outcomes, strict=True):
                if not stored.done():  # or else nobody waits for it any more
                    stored.set_result(outcome)

    async def _outcomes(self, items: Sequence[Item]) -> list[Outcome]:
        """What becomes of them; where one ends its process, the others are tried one by one."""
        counts = self._counts.as_dict()
        try:
            return await asyncio.wrap_future(self._workers.submit(Storekeeper.store, items, counts))
        except WorkerDied as death:
            if len(items) > 1:
                return [one for item in items for one in await self._outcomes([item])]
            return await self._after_death(items[0], death)
        except Exception as error:  # noqa: BLE001  # whatever it is, the media stay pending
            detail = str(error) or type(error).__name__
            return [Outcome(Became.UNSTORED, detail=detail)] * len(items)

    async def _after_death(self, item: Item, death: WorkerDied) -> list[Outcome]:
        """What becomes of a medium whose process ended: it has failed once more."""
        if isinstance(death, Stopped) or not isinstance(item, Fetched):
            return [Outcome(Became.UNSTORED, detail=str(death))]
        why = Unusable.deadly(death)
        return await self._outcomes([Failed(item.medium, why.reason, why.detail, passes=True)])

    async def _end_in_time(self) -> None:
        """Wait for no picture that goes on for ever, once the crawl is told to end."""
        while self._crawler.crawling:
            await asyncio.sleep(_LOOK_EVERY_S)
        await asyncio.sleep(_GRACE_S)
        await asyncio.to_thread(self._workers.kill)

    def _count(self, item: Item, outcome: Outcome) -> None:
        counts, url = self._counts, item.medium.seen.image_url
        if outcome.became is Became.UNSTORED:  # it is pending still: the next run tries again
            counts.failed += 1
            logger.error("%s: %s", url, outcome.detail)
            self._spider.left(item.medium)
            self._give_up_after_many(outcome.detail)
            return
        self._n_failures = 0
        self._spider.settled(item.medium)
        match outcome.became:
            case Became.ADDED:
                counts.added += 1
            case Became.REPOST:
                counts.reposts += 1
            case Became.KNOWN:
                counts.known += 1
            case Became.REFUSED:
                assert outcome.reason is not None
                counts.rejected[outcome.reason] += 1
                logger.warning("%s: %s (%s)", url, outcome.detail, outcome.reason)
            case Became.LATER:
                logger.info("%s: %s (%s); again later", url, outcome.detail, outcome.reason)

    def _give_up_after_many(self, why: str) -> None:
        self._n_failures += 1
        if self._n_failures == _MOST_FAILURES:
            self._spider.errors.append(f"nothing can be stored any more: {why}")
            assert self._crawler.engine is not None
            self._closing = asyncio.create_task(
                self._crawler.engine.close_spider_async(reason=UNSTORED)
            )

    def _start(self) -> int:
        target = ", ".join(source.target for source in self._spider.sources)
        with self._database.writing() as session:
            return start_run(session, self._spider.sources[0].name, target)

    def _save(self) -> None:
        with self._database.writing() as session:
            save_counts(session, self._run_id, self._counts.as_dict())
