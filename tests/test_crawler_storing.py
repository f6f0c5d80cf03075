"""What becomes of a batch with a picture in it that fails, kills its process, or never ends."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select

import crawler.examining
import crawler.pipelines
from core.errors import Reject
from core.isolated import Workers
from core.settings import Settings
from crawler.items import Fetched, Item
from crawler.pipelines import StoreMemes
from crawler.storing import Storekeeper
from db.frontier import Medium, enqueue
from db.memes import Adder, Collection, Seen
from db.models import Meme, Pending, Refused, Sighting
from db.runs import Counts, start_run
from tests.hostile import EATS, FAILS, HANGS, KILLS, REASONS, fingerprint_of, storekeeper
from tests.pictures import picture


class Spider(SimpleNamespace):
    """What the pipeline needs of one."""

    def settled(self, medium: object) -> None:
        pass

    def left(self, medium: object) -> None:
        pass


@pytest.fixture
def collection(settings: Settings) -> Iterator[Collection]:
    """On SQLite: what is tried here does not come to SQL."""
    opened = Collection.open(settings)
    yield opened
    opened.database.engine.dispose()


def run_of(collection: Collection) -> int:
    """The id of a run that began."""
    with collection.database.writing() as session:
        return start_run(session, "test", "test")


def fetched(collection: Collection, *files: bytes) -> list[Fetched]:
    """Files that were fetched for pending media."""
    seen = [Seen("test", f"p{i}", f"https://example.com/{i}") for i in range(len(files))]
    with collection.database.writing() as session:
        enqueue(session, "listing", seen)
    with collection.database.reading() as session:
        media = [
            Medium(row.id, one, row.attempts)
            for one, row in zip(
                seen, session.scalars(select(Pending).order_by(Pending.id)), strict=True
            )
        ]
    return [Fetched(medium, data) for medium, data in zip(media, files, strict=True)]


def stored(
    monkeypatch: pytest.MonkeyPatch,
    collection: Collection,
    settings: Settings,
    items: list[Fetched],
    *,
    crawling: bool = True,
    timeout_s: float = 0.3,
) -> Counts:
    """Have the pipeline store the items, all at once."""
    one_process = lambda _, __, *arguments: Workers(1, storekeeper, *arguments)  # noqa: E731
    monkeypatch.setattr(crawler.pipelines, "Workers", one_process)
    spider: Any = Spider(
        database=collection.database,
        counts=Counts(),
        limits=settings.model_copy(update={"answer_timeout_s": timeout_s, "retry_delay_s": 0.001}),
        sources=[SimpleNamespace(name="test", target="test")],
        errors=[],
    )
    scrapy: Any = SimpleNamespace(crawling=crawling)

    async def store_all() -> None:
        pipeline = StoreMemes(spider, scrapy)
        await pipeline.open_spider()
        await asyncio.gather(*(pipeline.process_item(item) for item in items))
        await pipeline.close_spider()

    asyncio.run(asyncio.wait_for(store_all(), 300))
    counts: Counts = spider.counts
    return counts


def test_no_picture_stops_the_batch_it_came_with(
    monkeypatch: pytest.MonkeyPatch, collection: Collection, settings: Settings
) -> None:
    good = [picture(i) for i in range(4)]
    items = fetched(
        collection, good[0], FAILS, good[1], KILLS, HANGS, good[2], EATS, good[3], b"no picture"
    )
    counts = stored(monkeypatch, collection, settings, items)
    assert (counts.added, counts.failed) == (4, 0)
    assert counts.rejected == {Reject.NOT_AN_IMAGE: 1}
    with collection.database.reading() as session:
        assert len(session.scalars(select(Sighting)).all()) == 4
        pending = {int(row.post_id[1:]): row for row in session.scalars(select(Pending))}
        why = {items[i].data: (row.reason, row.attempts) for i, row in pending.items()}
        assert why == {data: (reason, 1) for data, reason in REASONS.items()}
        assert all("\n" not in str(row.detail) for row in pending.values())


def test_what_fails_each_time_is_refused_in_the_end(
    monkeypatch: pytest.MonkeyPatch, collection: Collection, settings: Settings
) -> None:
    monkeypatch.setattr(crawler.examining, "fingerprint", fingerprint_of)
    keeper = Storekeeper(settings, run_of(collection))
    became = [
        str(keeper.store(fetched(collection, FAILS), Counts().as_dict())[0].became)
        for _ in range(6)
    ]
    assert became == ["later"] * 5 + ["refused"]
    with collection.database.reading() as session:
        (refused,) = session.scalars(select(Refused))
        assert (refused.reason, refused.attempts) == (Reject.UNFORESEEN, 6)
        assert "AttributeError" in str(refused.detail)


def test_an_end_is_not_held_up_by_a_picture_that_never_ends(
    monkeypatch: pytest.MonkeyPatch, collection: Collection, settings: Settings
) -> None:
    monkeypatch.setattr(crawler.pipelines, "_GRACE_S", 0.1)
    items = fetched(collection, HANGS, HANGS)
    counts = stored(monkeypatch, collection, settings, items, crawling=False, timeout_s=10_000)
    assert counts.failed == 2
    with collection.database.reading() as session:
        assert [row.attempts for row in session.scalars(select(Pending))] == [0, 0]


def test_what_fails_within_the_transaction_costs_its_own_medium_alone(
    monkeypatch: pytest.MonkeyPatch, collection: Collection, settings: Settings
) -> None:
    def add(self: Adder, data: bytes, *more: Any) -> object:
        if data == bad:
            raise IndexError("nobody foresaw it")
        return really_add(self, data, *more)

    bad, really_add = picture(1), Adder.add
    monkeypatch.setattr(Adder, "add", add)
    items: list[Item] = [*fetched(collection, picture(0), bad, picture(2))]
    outcomes = Storekeeper(settings, run_of(collection)).store(items, Counts().as_dict())
    assert [str(one.became) for one in outcomes] == ["added", "later", "added"]
    with collection.database.reading() as session:
        (row,) = session.scalars(select(Pending))
        assert (row.reason, row.attempts) == (Reject.UNFORESEEN, 1)
        assert len(session.scalars(select(Meme)).all()) == 2
