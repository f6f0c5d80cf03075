"""The item pipeline: bytes to fingerprint to the collection, and out of the frontier."""

import asyncio
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final, Self

from scrapy import signals
from scrapy.crawler import Crawler

from core.errors import ImageRejected, MemeEraError
from core.fingerprint import Fingerprint, fingerprint
from crawler.spider import Failed, Fetched, Item, MemeSpider, SeenAgain
from db.frontier import Tries, reject, settle, try_later
from db.memes import Added, Adder, Known, Reposted
from db.recognition import Looked
from db.runs import save_counts, start_run

__all__ = ["UNSTORED", "StoreMemes"]

logger = logging.getLogger(__name__)

UNSTORED: Final = "unstored"
"""Why a crawl ended before its end: nothing could be stored any more."""

_N_TOGETHER: Final = 32  # stored in one transaction, if so many wait
# A full disk or a database that is gone will not store the next one either.
_MOST_FAILURES: Final = 10  # in a row


@dataclass(frozen=True, slots=True)
class _Examined:
    """A medium that is a picture, and what was found out about it."""

    fetched: Fetched
    picture: Fingerprint
    looked: Looked


@dataclass(frozen=True, slots=True)
class _Later:
    """A medium that stays pending."""


@dataclass(frozen=True, slots=True)
class _Refused:
    """A medium that came to nothing."""


_Job = _Examined | SeenAgain | Failed
_Outcome = Added | Reposted | Known | _Later | _Refused


class StoreMemes:
    """Stores what the spider fetched and keeps the record of the run."""

    def __init__(self, spider: MemeSpider, crawler: Crawler) -> None:
        self._spider = spider
        self._crawler = crawler
        self._collection = spider.collection
        self._counts = spider.counts
        self._tries = Tries(first_rest_s=spider.limits.retry_delay_s)
        self._jobs: asyncio.Queue[tuple[_Job, asyncio.Future[_Outcome]]] = asyncio.Queue()
        self._n_failures = 0
        # One thread writes: the database takes one writer at a time, and must not block the
        # downloads while it waits for another process.
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        # A picture of 50 megapixels takes 800 MB while it is decoded: no more at once than cores.
        self._decoders = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="decode")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy makes it."""
        assert isinstance(crawler.spider, MemeSpider)
        pipeline = cls(crawler.spider, crawler)
        crawler.signals.connect(pipeline.count_failure, signals.item_error)
        return pipeline

    async def open_spider(self) -> None:
        """Record that the run began."""
        self._spider.run_id = await self._in_writer(self._start)
        self._storing = asyncio.create_task(self._store())

    async def process_item(self, item: Item) -> Item:
        """Decode in any thread, store in the one that writes, count here."""
        job = await self._examined(item) if isinstance(item, Fetched) else item
        stored: asyncio.Future[_Outcome] = asyncio.get_running_loop().create_future()
        self._jobs.put_nowait((job, stored))
        try:
            outcome = await stored
        except MemeEraError as error:  # it is pending still: the next run tries again
            self._counts.failed += 1
            logger.error("%s: %s", item.medium.seen.image_url, error)
            self._spider.left(item.medium)
            self._give_up_after_many(error)
        else:
            self._count(job, outcome)
            self._spider.settled(item.medium)
        return item

    def count_failure(self, item: Item) -> None:
        """An item ended in an error that nobody foresaw; Scrapy logs it."""
        self._counts.failed += 1
        self._spider.left(item.medium)

    async def close_spider(self) -> None:
        """Record how far the run came."""
        self._storing.cancel()
        if self._spider.run_id is not None:
            await self._in_writer(self._save, self._spider.run_id)
        self._decoders.shutdown()
        self._writer.shutdown()

    async def _examined(self, item: Fetched) -> _Examined | Failed:
        loop = asyncio.get_running_loop()
        try:
            picture, looked = await loop.run_in_executor(self._decoders, self._examine, item.data)
        except ImageRejected as error:
            return Failed(item.medium, error.reason, error.detail)
        return _Examined(item, picture, looked)

    def _examine(self, data: bytes) -> tuple[Fingerprint, Looked]:
        picture = fingerprint(data)
        return picture, self._collection.look(data, picture)

    async def _store(self) -> None:
        """Store what waits, some together: a transaction costs as much as what is in it."""
        while True:
            waiting = [await self._jobs.get()]
            while len(waiting) < _N_TOGETHER and not self._jobs.empty():
                waiting.append(self._jobs.get_nowait())
            jobs = [job for job, _ in waiting]
            counts = self._counts.as_dict()  # as they stand: this thread goes on counting
            outcomes = await self._in_writer(self._stored, jobs, counts)
            for (_, stored), outcome in zip(waiting, outcomes, strict=True):
                if isinstance(outcome, Exception):
                    stored.set_exception(outcome)
                else:
                    stored.set_result(outcome)

    def _stored(self, jobs: list[_Job], counts: dict[str, Any]) -> list[_Outcome | Exception]:
        """Store several in one transaction; where that fails, each in one of its own."""
        try:
            with self._collection.adding() as adder:
                outcomes = [self._settle(adder, job) for job in jobs]
                assert self._spider.run_id is not None
                save_counts(adder.session, self._spider.run_id, counts)
                return [*outcomes]
        except Exception as error:  # noqa: BLE001  # told to whoever waits for it
            if len(jobs) == 1:
                return [error]
        return [one for job in jobs for one in self._stored([job], counts)]

    def _settle(self, adder: Adder, job: _Job) -> _Outcome:
        """Let a medium leave the frontier, in the transaction that stores it."""
        session = adder.session
        match job:
            case _Examined(fetched, picture, looked):
                medium = fetched.medium
                outcome = adder.add(fetched.data, picture, medium.seen, looked)
                settle(session, medium.id)
                return outcome
            case SeenAgain(medium, sha256):
                outcome = adder.see_again(sha256, medium.seen)
                settle(session, medium.id)
                return outcome
            case Failed(medium, reason, detail, passes, not_before):
                if passes and try_later(
                    session, medium.id, reason, detail, self._tries, not_before=not_before
                ):
                    return _Later()
                if not passes:
                    reject(session, medium.id, reason, detail)
                return _Refused()

    def _count(self, job: _Job, outcome: _Outcome) -> None:
        self._n_failures = 0
        if isinstance(outcome, Added | Reposted | Known):
            self._counts.record(outcome)
            return
        assert isinstance(job, Failed)
        if isinstance(outcome, _Refused):
            self._counts.rejected[job.reason] += 1
        later = "; tried again later" if isinstance(outcome, _Later) else ""
        logger.warning("%s: %s (%s)%s", job.medium.seen.image_url, job.detail, job.reason, later)

    def _give_up_after_many(self, error: Exception) -> None:
        self._n_failures += 1
        if self._n_failures == _MOST_FAILURES:
            self._spider.errors.append(f"nothing can be stored any more: {error}")
            assert self._crawler.engine is not None
            self._closing = asyncio.create_task(
                self._crawler.engine.close_spider_async(reason=UNSTORED)
            )

    async def _in_writer(self, function: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._writer, function, *args)

    def _start(self) -> int:
        target = ", ".join(source.target for source in self._spider.sources)
        with self._collection.database.writing() as session:
            return start_run(session, self._spider.sources[0].name, target)

    def _save(self, run_id: int) -> None:
        with self._collection.database.writing() as session:
            save_counts(session, run_id, self._counts.as_dict())
