"""Of a post with one odd field, that field is lost, and nothing else: in every source."""

import asyncio
import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import pytest

from core.settings import Settings
from crawler.listing import Lister
from crawler.sources import Fetch, Malformed, Page, Post, Source
from crawler.sources.arctic_shift import ArcticShift
from crawler.sources.lemmy import Lemmy
from crawler.sources.reddit_posts import post_of
from crawler.sources.youtube import YouTube
from db.frontier import due
from db.runs import Counts
from db.session import Database
from tests.reddit_fixtures import Json, gallery, image, linking, preview, submission
from tests.test_crawler_lemmy import SITE, view
from tests.test_crawler_listing import NoVisit
from tests.test_crawler_reddit_posts import REAL_REPLIES, real_posts
from tests.test_crawler_youtube import BASE, CHANNEL, entry, feed

ODD: Final[tuple[Any, ...]] = (
    None, {}, [], "", "x", -1, 0.5, float("inf"), float("nan"), 10**400, "1.2k", True, [None],
    {"x": {"x": ["x"]}}, [[["x"]]], "\0", "\ud800", "9" * 5000,
)  # fmt: skip
FEW: Final[tuple[Any, ...]] = (None, [], {}, ["x"], {"x": {}}, "\0", 10**400)
MISSING: Final = object()
Steps = tuple[str | int, ...]


def odd(data: Any) -> Iterator[tuple[Steps, Any, Any]]:
    """The same with one part replaced, or left out: where, by what, and the whole."""
    for steps in places(data):
        for value in (MISSING, *ODD):
            yield steps, value, replaced(data, steps, value)


def replaced(data: Any, steps: Steps, value: Any) -> Any:
    """A copy with another value there; MISSING: without any."""
    step, rest = steps[0], steps[1:]
    changed = data.copy()
    if rest:
        changed[step] = replaced(data[step], rest, value)
    elif value is MISSING:
        del changed[step]
    else:
        changed[step] = value
    return changed


def places(data: Any, at: Steps = ()) -> Iterator[Steps]:
    """Where an object or a list holds something, at any depth."""
    if isinstance(data, dict | list):
        for step, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield (*at, step)
            yield from places(value, (*at, step))


# Which fields of a post rest on which of Reddit's; all other fields of Reddit's bear on pictures.
BEARS_ON: Final = {
    "id": {"post_id"},  # "x" might be one
    "name": set[str](),
    "subreddit": {"community"},
    "title": {"title"},
    "author": {"author"},
    "created_utc": {"posted_at"},
    "score": {"score"},
    "over_18": {"nsfw"},
    "permalink": {"permalink"},
    "link_flair_text": {"flair"},
    "domain": set[str](),
}
# What is said with these is not odd: a post may be an advertisement, removed, or a text.
SAYS_TRUE: Final = {
    "over_18",
    "promoted",
    "removed",
    "is_created_from_ads_ui",
    "is_self",
    "is_deleted",
}
THREE: Final = {"aa1": image("aa1"), "bb2": image("bb2"), "cc3": image("cc3")}
SHAPES: Final[dict[str, tuple[Json, int]]] = {  # with how many pictures may be lost
    # Its address stands in two fields, so that none is lost with either.
    "picture": (submission(preview=preview(), link_flair_text="OC"), 0),
    "gallery": (gallery(THREE, preview=preview()), 1),
    "crosspost": (submission(crosspost_parent_list=[submission()]), 0),
    "video": (linking("https://v.redd.it/x", is_video=True, preview=preview()), 1),
    "text": (
        submission(
            is_self=True,
            selftext="![img](aa1) and ![img](bb2), ![img](cc3)",
            media_metadata=THREE,
            url="https://www.reddit.com/r/memes/comments/1abcde/a_title/",
            url_overridden_by_dest=None,
        ),
        1,
    ),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_of_reddits_posts_the_odd_field_alone_is_lost(shape: str) -> None:
    data, may_lose = SHAPES[shape]
    post = post_of(data)
    assert isinstance(post, Post)
    whole = asdict(post)
    for steps, value, changed in odd(data):
        read = post_of(changed)
        assert isinstance(read, Post), (steps, value)
        lost = {key for key, said in asdict(read).items() if said != whole[key]}
        key, last = steps[0], steps[-1]
        if value is True and last in SAYS_TRUE:
            continue
        assert lost - {"media", "reason"} <= BEARS_ON.get(str(key), set()), (steps, value, lost)
        if len(steps) == 1 and key in ("media_metadata", "selftext", "gallery_data"):
            continue  # with it go all the pictures that it names
        if shape == "text" and steps == ("media_metadata",):
            continue
        n_lost = len(set(whole["media"]) - set(read.media))
        assert n_lost <= may_lose, (steps, value, read.media)


@pytest.mark.skipif(not REAL_REPLIES.is_dir(), reason="the real replies of Reddit are not here")
def test_real_posts_with_an_odd_field_are_posts() -> None:
    for data in real_posts()[::20]:
        whole = post_of(data)
        assert isinstance(whole, Post)
        for key, value in itertools.product(data, FEW):
            read = post_of({**data, key: value})
            assert isinstance(read, Post), (key, value)
            assert read.post_id == whole.post_id


def lists(source: Source, answers: Callable[[str], bytes]) -> list[Post | Malformed]:
    """What a source lists from what it fetches."""

    class Answers(NoVisit):
        async def __call__(self, url: str) -> bytes:
            return answers(url)

    async def collect() -> list[Page]:
        return [page async for page in source.pages(Answers(), None)]

    return [post for page in asyncio.run(collect()) for post in page.posts]


def as_json(data: Any) -> bytes:
    """With what JSON of others may hold: NaN, 1e400, lone surrogates."""
    return json.dumps(data).replace("Infinity", "1e400").encode()


def test_a_line_of_a_dump_with_an_odd_field_is_a_post(tmp_path: Path) -> None:
    data = submission()
    lines = [as_json(changed) for _, _, changed in odd(data)]
    lines.append(as_json(data).replace(b"A title", b"A \xff\xfe title \x00\t"))
    lines.append(as_json(data).replace(b'"score": 7', b'"score": ' + b"7" * 5000))
    path = tmp_path / "RS.ndjson"
    path.write_bytes(b"\n".join(lines))
    read = lists(ArcticShift(path), lambda _: b"")
    assert len(read) == len(lines)
    assert all(isinstance(post, Post) for post in read)


def test_of_lemmys_posts_the_odd_field_alone_is_lost() -> None:
    words = "![](https://pics.example/b.png)"
    data = {**view(1, body=words), "creator": {"actor_id": "https://elsewhere.example/u/x"}}
    views = list(odd(data))
    body = as_json({"posts": [data, *(changed for _, _, changed in views)]})
    whole, *read = lists(Lemmy(SITE, "memes"), lambda _: body)
    assert isinstance(whole, Post)
    n_without_address = 0
    for (steps, value, _), post in zip(views, read, strict=True):
        if isinstance(post, Malformed):
            n_without_address += 1
            assert steps == ("post",)
            continue
        same = [
            post.posted_at == whole.posted_at or steps[-1] == "published",
            post.title == whole.title or steps[-1] == "name",
            post.score == whole.score or steps[0] == "counts",
            post.author == whole.author or steps[0] == "creator",
            post.community == whole.community or steps[0] == "community",
            len(post.media) == 2 or steps[-1] in ("url", "body") or value is True,
        ]
        assert all(same), (steps, value, same)
    assert n_without_address == len(ODD) + 1


@pytest.mark.parametrize(
    ("said", "odd_one"),
    [
        ("2024-03-05T06:07:08+00:00", ""),
        ("2024-03-05T06:07:08+00:00", "yesterday"),
        ("2024-03-05T06:07:08+00:00", "0001-01-01T00:00:00+05:00"),
        ('views="1234"', 'views="many"'),
        ('views="1234"', f'views="{"9" * 5000}"'),
        ("<yt:videoId>b</yt:videoId>", "<yt:videoId/>"),
        ("Cats &amp; dogs b", "\ufffe\0"),
        ('<link rel="alternate"', "<link"),
    ],
)
def test_of_youtubes_videos_the_odd_field_alone_is_lost(said: str, odd_one: str) -> None:
    second = entry("b")
    assert said in second
    body = feed(entry("a"), second.replace(said, odd_one), entry("c"))
    read = lists(YouTube(CHANNEL, BASE), lambda _: body)
    assert [post.post_id for post in read if isinstance(post, Post)] == ["a", "b", "c"]


def test_odd_texts_go_into_the_collection_and_come_out(database_settings: Settings) -> None:
    database = Database.open(database_settings)
    texts = ("a\0b", "\ud800 \udfff", "😀" * 3000, "\u202e\x1b[2J")
    listed = [submission(f"p{i}", title=text, author=text) for i, text in enumerate(texts)]

    class Listing:
        name = target = listing = "reddit"
        newest_first = False

        async def pages(self, fetch: Fetch, mark: str | None) -> Any:
            yield Page([post_of(data) for data in listed], "a mark")

    asyncio.run(Lister(database, Counts()).list(Listing(), NoVisit()))
    with database.reading() as session:
        media = due(session, None, without=(), limit=10)
    assert [medium.seen.title for medium in media] == list(texts)
    database.engine.dispose()
