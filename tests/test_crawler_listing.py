"""What listing makes of a source's pages, without a web."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import ClassVar

import pytest
from sqlalchemy import select

from core.errors import MemeEraError, Reject
from core.settings import Settings
from crawler.listing import Lister
from crawler.robots import Rules
from crawler.sources import Answer, Malformed, Page, Post, SourceFailed, Visit
from crawler.spider import MemeSpider
from db.frontier import mark_of, n_pending
from db.models import Pending, Refused
from db.runs import Counts
from db.session import Database

AT = datetime(2024, 5, 6, tzinfo=UTC)


@dataclass
class Shelf:
    """A source of pages that the test made."""

    listed: Sequence[Page | Exception]
    listing: str = "shelf:all"
    newest_first: bool = True
    marks: list[str | None] = field(default_factory=list)
    n_given: int = 0

    name: ClassVar[str] = "shelf"
    target: ClassVar[str] = "a shelf"

    async def pages(self, fetch: Visit, mark: str | None) -> AsyncIterator[Page]:
        self.marks.append(mark)
        for page in self.listed:
            if isinstance(page, Exception):
                raise page
            self.n_given += 1
            yield page


class NoVisit:
    """A shelf has all there is."""

    async def __call__(self, url: str) -> bytes:
        raise AssertionError(url)

    async def page(self, url: str) -> Answer:
        raise AssertionError(url)

    async def rules(self, url: str) -> Rules:
        raise AssertionError(url)


def post(name: str, *media: str, **more: object) -> Post:
    return Post("shelf", name, media, permalink=f"https://x.example/{name}", **more)  # type: ignore[arg-type]


@pytest.fixture
def database(settings: Settings) -> Iterator[Database]:
    opened = Database.open(settings)
    yield opened
    opened.engine.dispose()


def listed(
    database: Database, source: Shelf, *, since: datetime | None = None, dry_run: bool = False
) -> Counts:
    counts = Counts()
    lister = Lister(database, counts, since=since, dry_run=dry_run)
    asyncio.run(lister.list(source, NoVisit()))
    return counts


def pending(database: Database) -> list[tuple[str, int, str]]:
    with database.reading() as session:
        rows = session.scalars(select(Pending).order_by(Pending.id))
        return [(row.post_id, row.media_index, row.image_url) for row in rows]


def refused(database: Database) -> dict[str, str | None]:
    with database.reading() as session:
        return {row.post_id: row.reason for row in session.scalars(select(Refused))}


GALLERY = post("gallery", "https://a/1.png", "https://a/2.png")


def test_each_medium_of_a_post_becomes_pending_once(database: Database) -> None:
    source = Shelf([Page([GALLERY]), Page([GALLERY, post("one", "https://a/3.png")], mark="far")])
    counts = listed(database, source)
    assert (counts.listed, counts.known, counts.n_rejected) == (5, 2, 0)
    assert pending(database) == [
        ("gallery", 0, "https://a/1.png"),
        ("gallery", 1, "https://a/2.png"),
        ("one", 0, "https://a/3.png"),
    ]


def test_the_mark_is_given_to_the_next_listing(database: Database) -> None:
    source = Shelf([Page([GALLERY]), Page([], mark="far")])
    listed(database, source)
    listed(database, source)
    assert source.marks == [None, "far"]
    other = Shelf([Page([])], listing="shelf:other")
    listed(database, other)
    assert other.marks == [None]


def test_a_listing_that_breaks_off_keeps_what_it_gave_and_no_mark(database: Database) -> None:
    source = Shelf([Page([GALLERY]), SourceFailed("away")])
    with pytest.raises(SourceFailed):
        listed(database, source)
    assert len(pending(database)) == 2
    with database.reading() as session:
        assert mark_of(session, source.listing) is None


def test_posts_without_a_picture_are_recorded_with_their_reason(database: Database) -> None:
    page = Page(
        [
            post("words"),
            post("gone", reason=Reject.REMOVED),
            post("long", "https://a/" + "x" * 3000),
            Malformed("no title"),
        ]
    )
    counts = listed(database, Shelf([page]))
    expected = {"words": "no_picture", "gone": "removed", "long": "bad_address"}
    assert refused(database) == expected
    assert counts.listed == 4
    assert {str(r): n for r, n in counts.rejected.items()} == {
        **dict.fromkeys(expected.values(), 1),
        "malformed": 1,
    }
    again = listed(database, Shelf([page]))
    assert (again.known, dict(again.rejected)) == (3, {Reject.MALFORMED: 1})


def test_what_is_not_asked_for_is_counted_and_may_be_asked_for_later(database: Database) -> None:
    page = Page([post("poor", reason=Reject.FILTERED)])
    assert listed(database, Shelf([page])).rejected == {Reject.FILTERED: 1}
    assert refused(database) == {}


def test_older_posts_are_passed_over_and_end_a_listing_by_time(database: Database) -> None:
    def page(days: int) -> Page:
        at = AT - timedelta(days=days)
        return Page(
            [post(f"{days} a", "https://a/a", posted_at=at), post(f"{days} b", "https://a/b")]
        )

    def dated(days: int) -> Page:
        return Page([post(f"{days} c", "https://a/c", posted_at=AT - timedelta(days=days))])

    source = Shelf([page(0), page(10), dated(20), dated(30)])
    counts = listed(database, source, since=AT - timedelta(days=5))
    assert [name for name, *_ in pending(database)] == ["0 a", "0 b", "10 b"]
    assert counts.rejected == {Reject.FILTERED: 2}
    assert source.n_given == 3  # behind a page of old posts nothing new comes
    by_score = Shelf([dated(20), dated(0)], newest_first=False)
    listed(database, by_score, since=AT - timedelta(days=5))
    assert by_score.n_given == 2


def test_a_dry_run_counts_and_keeps_nothing(database: Database) -> None:
    source = Shelf([Page([GALLERY, post("words")], mark="far")])
    counts = listed(database, source, dry_run=True)
    assert (counts.listed, dict(counts.rejected)) == (3, {Reject.NO_PICTURE: 1})
    with database.reading() as session:
        assert (n_pending(session, None), mark_of(session, source.listing)) == (0, None)
    assert refused(database) == {}


def test_only_a_pseudonym_of_an_author_is_kept(database: Database) -> None:
    posts = [
        post("1", "https://a/1", author="somebody", licence="CC BY"),
        post("2", "https://a/2", author="somebody"),
        post("3", "https://a/3", author="somebody else"),
        post("4", "https://a/4"),
    ]
    listed(database, Shelf([Page(posts)]))
    with database.reading() as session:
        seen = [row.seen for row in session.scalars(select(Pending).order_by(Pending.id))]
    names = [said.get("author") for said in seen]
    assert names[0] == names[1] != names[2]
    assert names[3] is None
    assert "somebody" not in str(seen)
    assert seen[0]["licence"] == "CC BY"


def test_a_source_that_fails_or_errs_does_not_end_the_others(
    database: Database, settings: Settings
) -> None:
    counts = Counts()
    spider = MemeSpider(
        [
            Shelf([SourceFailed("away")]),
            Shelf([MemeEraError("the disk is full")]),
            Shelf([KeyError("title")]),
            Shelf([Page([GALLERY])]),
        ],
        database,
        counts,
        Lister(database, counts),
        settings,
    )
    asyncio.run(spider._list(NoVisit()))
    assert counts.failed == 3
    assert counts.listed == 2
    assert spider.errors == [
        "away",
        "the disk is full",
        "a shelf: KeyError('title'); a mistake, please report it",
    ]


def test_a_post_of_the_future_is_kept_without_its_time(database: Database) -> None:
    now = datetime.now(UTC)
    times = [now + timedelta(days=400), now + timedelta(hours=1), AT]
    posts = [post(str(i), f"https://x.example/{i}.png", posted_at=at) for i, at in enumerate(times)]
    asyncio.run(Lister(database, Counts()).list(Shelf([Page(posts)]), NoVisit()))
    with database.reading() as session:
        rows = session.scalars(select(Pending).order_by(Pending.post_id)).all()
        kept = [row.seen.get("posted_at") for row in rows]
    assert kept[0] is None
    assert kept[1] is not None
    assert datetime.fromisoformat(kept[1]) < times[1]  # by our clock, it is of now
    assert kept[2] == AT.isoformat()
