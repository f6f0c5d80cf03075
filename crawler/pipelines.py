"""The item pipeline: bytes to fingerprint to the collection."""

import asyncio
import logging
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

from scrapy import signals
from scrapy.crawler import Crawler

from core.errors import ImageRejected, MemeEraError
from core.fingerprint import Fingerprint, fingerprint
from crawler.spider import Fetched, MemeSpider, SeenAgain
from db.memes import AddOutcome
from db.recognition import Looked
from db.runs import save_counts, start_run

__all__ = ["StoreMemes"]

logger = logging.getLogger(__name__)


class StoreMemes:
    """Stores what the spider fetched and keeps the record of the run."""

    def __init__(self, spider: MemeSpider) -> None:
        self._spider = spider
        self._collection = spider.collection
        self._counts = spider.counts
        # One thread writes: the database takes one writer at a time, and must not block the
        # downloads while it waits for another process.
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        # A picture of 50 megapixels takes 800 MB while it is decoded: no more at once than cores.
        self._decoders = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="decode")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Self:
        """As Scrapy makes it."""
        assert isinstance(crawler.spider, MemeSpider)
        pipeline = cls(crawler.spider)
        crawler.signals.connect(pipeline.count_failure, signals.item_error)
        return pipeline

    async def open_spider(self) -> None:
        """Record that the run began."""
        self._spider.run_id = await self._in_writer(self._start)

    async def process_item(self, item: Fetched | SeenAgain) -> Fetched | SeenAgain:
        """Decode in any thread, store in the one that writes, count here."""
        try:
            match item:
                case Fetched():
                    loop = asyncio.get_running_loop()
                    examined = await loop.run_in_executor(self._decoders, self._examine, item.data)
                    counts = self._counts.as_dict()  # as they stand: this thread goes on counting
                    outcome = await self._in_writer(self._add, item, examined, counts)
                case SeenAgain():
                    outcome = await self._in_writer(self._see_again, item)
        except ImageRejected as error:
            self._spider.reject(error.reason, item.seen.image_url, error.detail)
        except MemeEraError as error:
            self._counts.failed += 1
            logger.error("%s: %s", item.seen.image_url, error)
        else:
            self._counts.record(outcome)
        return item

    def count_failure(self) -> None:
        """An item ended in an error that nobody foresaw; Scrapy logs it."""
        self._counts.failed += 1

    async def close_spider(self) -> None:
        """Record how far the run came."""
        if self._spider.run_id is not None:
            await self._in_writer(self._save, self._spider.run_id)
        self._decoders.shutdown()
        self._writer.shutdown()

    async def _in_writer(self, function: Any, *args: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._writer, function, *args)

    def _start(self) -> int:
        target = ", ".join(source.target for source in self._spider.sources)
        with self._collection.database.writing() as session:
            return start_run(session, self._spider.sources[0].name, target)

    def _examine(self, data: bytes) -> tuple[Fingerprint, Looked]:
        picture = fingerprint(data)
        return picture, self._collection.look(data, picture)

    def _add(
        self, item: Fetched, examined: tuple[Fingerprint, Looked], counts: dict[str, Any]
    ) -> AddOutcome:
        picture, looked = examined
        with self._collection.adding() as adder:
            outcome = adder.add(item.data, picture, item.seen, looked)
            assert self._spider.run_id is not None
            save_counts(adder.session, self._spider.run_id, counts)
            return outcome

    def _see_again(self, item: SeenAgain) -> AddOutcome:
        with self._collection.adding() as adder:
            return adder.see_again(item.sha256, item.seen)

    def _save(self, run_id: int) -> None:
        with self._collection.database.writing() as session:
            save_counts(session, run_id, self._counts.as_dict())
