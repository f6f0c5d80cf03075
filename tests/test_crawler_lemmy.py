"""What the Lemmy source makes of the API's replies."""

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from crawler.sources import Malformed, Page, Post, SourceFailed
from crawler.sources.lemmy import Lemmy, Sort

SITE = "https://lemmy.example"


def view(number: int, **post: Any) -> dict[str, Any]:
    """One post as the API shows it."""
    return {
        "post": {
            "id": number,
            "name": f"post {number}",
            "url": f"{SITE}/pictrs/image/{number}.jpg",
            "ap_id": f"https://elsewhere.example/post/{number}",
            "published": "2024-03-05T06:07:08.123456Z",
            "nsfw": False,
            **post,
        },
        "community": {"name": "memes", "nsfw": False},
        "counts": {"score": 7},
    }


def pages_of(
    source: Lemmy, pages: Mapping[str | None, Any], mark: str | None = None
) -> tuple[list[Page], list[str]]:
    """What a source makes of pages by cursor, and the addresses it asked for."""
    asked: list[str] = []

    async def fetch(url: str) -> bytes:
        asked.append(url)
        cursor = parse_qs(urlsplit(url).query).get("page_cursor", [None])[0]
        page = pages[cursor]
        return page if isinstance(page, bytes) else json.dumps(page).encode()

    async def collect() -> list[Page]:
        return [page async for page in source.pages(fetch, mark)]

    return asyncio.run(collect()), asked


def listed(
    source: Lemmy, pages: Mapping[str | None, Any]
) -> tuple[list[Post | Malformed], list[str]]:
    """The posts that a source lists from pages by cursor, and the addresses it asked for."""
    found, asked = pages_of(source, pages)
    return [post for page in found for post in page.posts], asked


def one(**post: Any) -> Post:
    """The one post that a page with these fields gives."""
    posts, _ = listed(Lemmy(SITE, "memes"), {None: {"posts": [view(1, **post)]}})
    (listed_post,) = posts
    assert isinstance(listed_post, Post)
    return listed_post


def test_a_post_keeps_what_its_source_says() -> None:
    post = one()
    assert post.source == "lemmy"
    assert post.post_id == "https://elsewhere.example/post/1"
    assert post.media == (f"{SITE}/pictrs/image/1.jpg",)
    assert post.community == "memes"
    assert post.title == "post 1"
    assert post.score == 7
    assert post.posted_at == datetime(2024, 3, 5, 6, 7, 8, 123456, tzinfo=UTC)


def test_pages_are_followed_by_cursor_until_an_empty_one() -> None:
    pages = {
        None: {"posts": [view(1), view(2)], "next_page": "Pa"},
        "Pa": {"posts": [view(3)], "next_page": "Pb"},
        "Pb": {"posts": []},
    }
    posts, asked = listed(Lemmy(SITE, "memes", Sort.top), pages)
    titles = [post.title for post in posts if isinstance(post, Post)]
    assert titles == ["post 1", "post 2", "post 3"]
    query = parse_qs(urlsplit(asked[0]).query)
    assert query["community_name"] == ["memes"]
    assert query["sort"] == ["TopAll"]


def test_a_cursor_that_repeats_ends_the_listing() -> None:
    first, last = ({"posts": [view(number)], "next_page": "Pa"} for number in (1, 2))
    posts, asked = listed(Lemmy(SITE, "memes"), {None: first, "Pa": last})
    assert len(posts) == 2
    assert len(asked) == 2


def test_a_post_that_moved_to_the_next_page_is_listed_once() -> None:
    pages = {
        None: {"posts": [view(3), view(2)], "next_page": "Pa"},
        "Pa": {"posts": [view(2), view(1)]},
    }
    posts, _ = listed(Lemmy(SITE, "memes"), pages)
    titles = [post.title for post in posts if isinstance(post, Post)]
    assert titles == ["post 3", "post 2", "post 1"]


@pytest.mark.parametrize(
    ("sort", "word"),
    [(Sort.new, "New"), (Sort.hot, "Hot"), (Sort.top, "TopAll"), (Sort.rising, "Active")],
)
def test_orders_are_asked_for_in_lemmys_words(sort: Sort, word: str) -> None:
    source = Lemmy(SITE, "memes", sort)
    _, asked = listed(source, {None: {"posts": []}})
    assert parse_qs(urlsplit(asked[0]).query)["sort"] == [word]
    assert source.listing == f"lemmy:{SITE}/c/memes:{sort.name}"


def on(day: int) -> dict[str, Any]:
    """A post of that day in March."""
    return view(day, published=at(day))


def at(day: int) -> str:
    """Its beginning, as the mark says it."""
    return datetime(2024, 3, day, tzinfo=UTC).isoformat()


DAYS = {
    None: {"posts": [on(9), on(8)], "next_page": "Pa"},
    "Pa": {"posts": [on(7), on(6)], "next_page": "Pb"},
    "Pb": {"posts": [on(5), on(4)]},
}
"""Two posts a page, one a day."""


def marks(source: Lemmy, mark: str | None = None) -> list[str | None]:
    """Those of the pages of the days."""
    pages, _ = pages_of(source, DAYS, mark)
    return [page.mark for page in pages]


def test_the_last_page_alone_carries_the_mark_of_the_newest_post() -> None:
    assert marks(Lemmy(SITE, "memes")) == [None, None, at(9)]
    assert marks(Lemmy(SITE, "memes", Sort.hot)) == [None, None, None]


def test_the_next_run_stops_where_all_is_older_than_a_day_before_the_mark() -> None:
    assert marks(Lemmy(SITE, "memes"), at(9)) == [None, at(9)]
    assert marks(Lemmy(SITE, "memes"), at(8)) == [None, None, at(9)]


def test_a_first_listing_is_whole_where_its_limit_ends_it() -> None:
    assert marks(Lemmy(SITE, "memes", limit=3)) == [None, at(9)]


@pytest.mark.parametrize("limit", [2, 3, 4, 5])
def test_a_limit_that_leaves_a_gap_moves_no_mark(limit: int) -> None:
    # Also in the middle of the page on which the listing ends: what is cut off would be lost.
    assert set(marks(Lemmy(SITE, "memes", limit=limit), at(4))) == {None}


def test_a_limit_that_is_just_enough_leaves_no_gap() -> None:
    assert marks(Lemmy(SITE, "memes", limit=6), at(4)) == [None, None, at(9)]


def test_the_limit_counts_posts_and_saves_pages() -> None:
    pages = {
        None: {"posts": [view(1), view(2)], "next_page": "Pa"},
        "Pa": {"posts": [view(3), view(4)], "next_page": "Pb"},
    }
    posts, asked = listed(Lemmy(SITE, "memes", limit=3), pages)
    assert len(posts) == 3
    assert len(asked) == 2
    posts, asked = listed(Lemmy(SITE, "memes", limit=2), pages)
    assert len(posts) == 2
    assert len(asked) == 1


@pytest.mark.parametrize(
    "post",
    [
        {"url": None},
        {"url": "magnet:?xt=1"},
        {"removed": True},
        {"deleted": True},
        {"url_content_type": "text/html"},
        {"url_content_type": "video/mp4"},
    ],
)
def test_a_post_without_a_picture_has_no_media(post: dict[str, Any]) -> None:
    assert one(**post).media == ()


def test_a_post_said_to_be_a_picture_has_it_whatever_its_name() -> None:
    assert one(url=f"{SITE}/x", url_content_type="image/png").media == (f"{SITE}/x",)


def test_a_time_without_a_zone_is_utc() -> None:
    assert one(published="2022-01-02T03:04:05").posted_at == datetime(
        2022, 1, 2, 3, 4, 5, tzinfo=UTC
    )


@pytest.mark.parametrize(
    "page",
    [
        b"<html>busy</html>",
        {"error": "couldnt_find_community"},
        {"posts": {}},
        [],
    ],
)
def test_an_answer_that_is_not_lemmys_ends_the_source_with_one_reason(page: Any) -> None:
    with pytest.raises(SourceFailed, match=r"c/memes at lemmy\.example"):
        listed(Lemmy(SITE, "memes"), {None: page})


@pytest.mark.parametrize("bad", ["?", None, {}, {"post": None}, {"post": {"id": -1, "ap_id": "x"}}])
def test_what_has_no_address_is_counted_and_does_not_end_the_listing(bad: Any) -> None:
    posts, _ = listed(Lemmy(SITE, "memes"), {None: {"posts": [view(1), bad, view(3)]}})
    assert [type(post) for post in posts] == [Post, Malformed, Post]


@pytest.mark.parametrize(
    ("post", "still"),
    [
        ({"url": f"{SITE}/a.mp4", "url_content_type": "video/mp4"}, True),
        ({"url": f"{SITE}/a.webm"}, True),
        ({"url": "https://www.youtube.com/watch?v=abcdefghi-_"}, True),
        ({"url": "https://tube.example/w/1", "embed_video_url": "https://tube.example/e/1"}, True),
        ({"url": "https://news.example/cat", "url_content_type": "text/html"}, False),
    ],
)
def test_a_video_is_its_still_and_an_article_is_no_picture(
    post: dict[str, Any], still: bool
) -> None:
    thumbnail = f"{SITE}/pictrs/image/still.webp"
    assert one(**post, thumbnail_url=thumbnail).media == ((thumbnail,) if still else ())


def test_a_post_shows_the_pictures_in_its_text() -> None:
    body = (
        "![a meme](https://pics.example/a_(1).png) and ![](/pictrs/image/b.webp 'of a cat')\n\n"
        '![blob](https://pics.example/blob.png "emoji blob") [no](https://pics.example/no.png) '
        "<img alt=c src='https://pics.example/c.gif?x=1&amp;y=2'> ![gone](<https://pics.example/d>)"
    )
    shown = (
        "https://pics.example/a_(1).png",
        "https://elsewhere.example/pictrs/image/b.webp",
        "https://pics.example/c.gif?x=1&y=2",
        "https://pics.example/d",
    )
    assert one(url=None, body=body).media == shown
    assert one(body=body).media == (f"{SITE}/pictrs/image/1.jpg", *shown)
    assert one(body=body, deleted=True).media == ()


def test_a_post_without_its_address_is_called_by_its_number_at_the_site() -> None:
    assert one(ap_id=None).post_id == f"{SITE}/post/1"


@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"posts": ' + b"[" * 100_000])
def test_an_answer_nested_too_deeply_is_one_line(body: bytes) -> None:
    with pytest.raises(SourceFailed, match=r"^c/memes .* is nested too deeply; is this a Lemmy"):
        listed(Lemmy(SITE, "memes"), {None: body})


def test_a_page_in_place_of_the_answer_is_not_told_whole() -> None:
    with pytest.raises(SourceFailed) as failed:
        listed(Lemmy(SITE, "memes"), {None: b"<!doctype html><h1>Bad gateway</h1>" * 100})
    assert "a page (HTML), not JSON" in str(failed.value)
    assert "<" not in str(failed.value)
