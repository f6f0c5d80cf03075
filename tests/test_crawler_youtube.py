"""What the YouTube source makes of a channel's feed."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest

from core.errors import BadInput
from crawler.sources import Malformed, Page, Post, SourceFailed
from crawler.sources.youtube import YouTube

CHANNEL = "UC0123456789abcdefgh_-AB"
BASE = "https://youtube.example"
FEED_URL = f"{BASE}/feeds/videos.xml?channel_id={CHANNEL}"
STATISTICS = '<media:statistics views="1234"/>'


def entry(
    video_id: str,
    *,
    published: str = "2024-03-05T06:07:08+00:00",
    thumbnail: str = "https://i2.ytimg.example/vi/{}/hqdefault.jpg",
    community: str = f'<media:starRating count="9" average="5.00"/>{STATISTICS}',
) -> str:
    """One video as a feed names it."""
    return f"""<entry>
      <id>yt:video:{video_id}</id>
      <yt:videoId>{video_id}</yt:videoId>
      <yt:channelId>{CHANNEL}</yt:channelId>
      <title>Cats &amp; dogs {video_id}</title>
      <link rel="alternate" href="https://www.youtube.com/shorts/{video_id}"/>
      <author><name>Somebody</name></author>
      <published>{published}</published>
      <updated>2025-01-01T00:00:00+00:00</updated>
      <media:group>
        <media:title>another title</media:title>
        <media:thumbnail url="{thumbnail.format(video_id)}" width="480" height="360"/>
        <media:community>{community}</media:community>
      </media:group>
    </entry>"""


def feed(*entries: str) -> bytes:
    """A channel's feed."""
    return f"""<?xml version="1.0" encoding="UTF-8"?>
    <feed xmlns:yt="http://www.youtube.com/xml/schemas/2015"
      xmlns:media="http://search.yahoo.com/mrss/" xmlns="http://www.w3.org/2005/Atom">
    <title>Somebody</title>
    <published>2006-01-01T00:00:00+00:00</published>
    {"".join(entries)}
    </feed>""".encode()


def page(body: bytes, limit: int | None = None) -> Page:
    """The one page that a feed gives."""
    bodies: Mapping[str, bytes] = {FEED_URL: body}

    async def fetch(url: str) -> bytes:
        return bodies[url]

    async def collect() -> list[Page]:
        return [page async for page in YouTube(CHANNEL, BASE, limit).pages(fetch, None)]

    (only,) = asyncio.run(collect())
    return only


def one(body: str) -> Post:
    """The post that a feed with this one entry gives."""
    (post,) = page(feed(body)).posts
    assert isinstance(post, Post)
    return post


def ids(listed: Page) -> list[str]:
    """The videos on a page."""
    return [post.post_id for post in listed.posts if isinstance(post, Post)]


def test_a_video_keeps_what_the_feed_says_and_its_still_is_the_picture() -> None:
    assert one(entry("dQw4w9WgXcQ")) == Post(
        source="youtube",
        post_id="dQw4w9WgXcQ",
        media=("https://i2.ytimg.example/vi/dQw4w9WgXcQ/hqdefault.jpg",),
        community=CHANNEL,
        permalink="https://www.youtube.com/shorts/dQw4w9WgXcQ",
        title="Cats & dogs dQw4w9WgXcQ",
        score=1234,
        posted_at=datetime(2024, 3, 5, 6, 7, 8, tzinfo=UTC),
        author=CHANNEL,
    )


@pytest.mark.parametrize("thumbnail", ["", "//i.ytimg.com/x.jpg", "file:///etc/hostname"])
def test_without_a_named_still_it_is_where_all_are(thumbnail: str) -> None:
    still = "https://i.ytimg.com/vi/dQw4w9WgXcQ/hqdefault.jpg"
    assert one(entry("dQw4w9WgXcQ", thumbnail=thumbnail)).media == (still,)


@pytest.mark.parametrize(
    ("community", "score"),
    [
        ('<media:starRating count="9"/>', 9),
        ("", None),
        ('<media:statistics views="0"/>', 0),
        # Some videos were seen more often than an integer column can hold.
        ('<media:statistics views="8500000000"/>', 2_147_483_647),
    ],
)
def test_the_score_is_the_views_or_else_the_ratings(community: str, score: int | None) -> None:
    assert one(entry("v", community=community)).score == score


def test_a_limit_takes_the_newest() -> None:
    assert ids(page(feed(entry("a"), entry("b"), entry("c")), limit=2)) == ["a", "b"]


def test_the_time_of_a_video_is_utc() -> None:
    posted_at = one(entry("v", published="2024-03-05T00:30:00+02:00")).posted_at
    assert posted_at == datetime(2024, 3, 4, 22, 30, tzinfo=UTC)
    assert posted_at is not None
    assert posted_at.tzinfo is UTC


@pytest.mark.parametrize(
    "bad",
    [
        "<entry/>",
        entry(""),
        entry("../../x"),
    ],
)
def test_a_malformed_entry_does_not_end_the_feed(bad: str) -> None:
    listed = page(feed(entry("a"), bad, entry("b")))
    assert [type(post) for post in listed.posts] == [Post, Malformed, Post]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"  \n",
        b"\xff\xfe\x00",
        b"{}",
        b"<!DOCTYPE html><html><body>Before you continue</body></html>",
        b"<feed><entry/></feed>",  # of no namespace: not Atom
    ],
)
def test_an_answer_that_is_no_feed_is_a_failure_of_the_channel(body: bytes) -> None:
    with pytest.raises(SourceFailed, match=CHANNEL):
        page(body)


def test_a_failure_to_fetch_is_the_sources() -> None:
    async def fetch(url: str) -> bytes:
        raise SourceFailed("answered 404", 404)

    async def collect() -> list[Page]:
        return [page async for page in YouTube(CHANNEL).pages(fetch, None)]

    with pytest.raises(SourceFailed, match="404"):
        asyncio.run(collect())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le"])
@pytest.mark.parametrize(
    "entities",
    [
        '<!ENTITY a9 "a word">',
        '<!ENTITY a9 SYSTEM "file:///etc/passwd">',
        # A billion laughs: ten times as many with each of nine levels.
        '<!ENTITY a0 "ha">'
        + "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10)),
    ],
)
@pytest.mark.parametrize(
    "using", [entry("v").replace("Cats", "&a9;"), entry("v", thumbnail="https://&a9;/")]
)
def test_a_document_that_defines_entities_is_no_feed(
    entities: str, using: str, encoding: str
) -> None:
    head, rest = feed(entry("u"), using).decode().split("<feed", 1)
    body = f"{head}<!DOCTYPE feed [{entities}]><feed{rest}".encode(encoding)
    with pytest.raises(SourceFailed, match="no feed"):
        page(body)


@pytest.mark.parametrize(
    "channel",
    [
        CHANNEL,
        f"  {CHANNEL}\n",
        f"https://www.youtube.com/channel/{CHANNEL}",
        f"https://www.youtube.com/channel/{CHANNEL}/videos?view=0",
        f"youtube.com/channel/{CHANNEL}?si=x",
        f"https://www.youtube.com/feeds/videos.xml?channel_id={CHANNEL}",
    ],
)
def test_a_channel_is_known_by_its_id_however_it_is_written(channel: str) -> None:
    source = YouTube(channel)
    assert source.channel == CHANNEL
    assert source == YouTube(CHANNEL)
    assert source.listing == f"youtube:{CHANNEL}"


@pytest.mark.parametrize(
    "channel",
    [
        "",
        "@somebody",
        "https://www.youtube.com/@somebody",
        "https://www.youtube.com/c/somebody",
        "https://www.youtube.com/watch?v=dQw4w9WgXcQ",
        CHANNEL[:-1],
        CHANNEL + "x",
        CHANNEL.lower(),
    ],
)
def test_what_holds_no_id_is_refused_with_how_to_find_it(channel: str) -> None:
    with pytest.raises(BadInput, match="Copy channel ID"):
        YouTube(channel)
