"""The demo's posts: every kind of file that a crawl meets, in known numbers."""

import struct
from collections import Counter
from datetime import UTC, datetime, timedelta
from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from demo.broken import BOMB_SIDE_PX, bomb
from demo.collection import COMMUNITIES, DemoPost, PostKind, held_out, posts
from demo.drawing import DRAWERS

N = 16  # memes a genre
FORMATS = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "gif": "GIF"}


@pytest.fixture(scope="module")
def collection() -> list[DemoPost]:
    return posts(7, N)


def test_the_same_seed_gives_the_same_posts_to_the_last_byte() -> None:
    assert posts(3, 2) == posts(3, 2)


def test_another_seed_gives_other_posts() -> None:
    assert not {post.data for post in posts(3, 2) if post.data} & {
        post.data for post in posts(4, 2) if post.kind is PostKind.MEME
    }


def test_a_larger_collection_holds_the_memes_of_a_smaller_one() -> None:
    small, large = (
        {post.data for post in posts(3, n) if post.kind is PostKind.MEME} for n in (1, 2)
    )
    assert small < large


def test_every_kind_is_there_as_often_as_the_size_says(collection: list[DemoPost]) -> None:
    kinds = Counter(post.kind for post in collection)
    assert kinds == {
        PostKind.MEME: N * len(DRAWERS),
        PostKind.REPOST: N * len(DRAWERS) // 8,
        PostKind.SAME_TEMPLATE: 4,
        PostKind.BROKEN: 5,
    }
    memes = Counter(post.genre for post in collection if post.kind is PostKind.MEME)
    assert memes == dict.fromkeys(DRAWERS, N)


def test_ids_follow_the_dates_and_file_names_are_unique(collection: list[DemoPost]) -> None:
    assert [post.id for post in collection] == list(range(1, len(collection) + 1))
    dates = [post.published for post in collection]
    assert dates == sorted(dates)
    assert len({post.file_name for post in collection}) == len(collection)


def test_dates_are_utc_and_spread_over_the_years(collection: list[DemoPost]) -> None:
    dates = [post.published for post in collection]
    assert {date.utcoffset() for date in dates} == {timedelta(0)}
    assert min(dates) >= datetime(2008, 1, 1, tzinfo=UTC)
    assert max(dates) < datetime(2027, 1, 1, tzinfo=UTC)
    assert len({date.year for date in dates}) > 12


def test_every_community_belongs_to_the_genre_of_its_posts(collection: list[DemoPost]) -> None:
    assert set(COMMUNITIES) == set(DRAWERS)
    assert all(post.community in COMMUNITIES[post.genre] for post in collection)
    named = {name for names in COMMUNITIES.values() for name in names}
    assert {post.community for post in collection} == named


def test_all_formats_occur_and_some_extensions_are_wrong(collection: list[DemoPost]) -> None:
    memes = [post for post in collection if post.kind is PostKind.MEME]
    formats = Counter(_opened(post.data).format for post in memes)
    assert set(formats) == {"JPEG", "PNG", "WEBP", "GIF"}
    assert formats["JPEG"] > len(memes) / 3
    wrong = [post for post in memes if _promised(post) != _opened(post.data).format]
    assert 0.02 < len(wrong) / len(memes) < 0.2
    gifs = [post.data for post in memes if _opened(post.data).format == "GIF"]
    assert min(getattr(_opened(gif), "n_frames", 1) for gif in gifs) >= 3


def test_reposts_are_later_and_show_the_same_picture(collection: list[DemoPost]) -> None:
    by_id = {post.id: post for post in collection}
    reposts = [post for post in collection if post.kind is PostKind.REPOST]
    identical = 0
    for repost in reposts:
        assert repost.original_id is not None
        original = by_id[repost.original_id]
        assert repost.published > original.published
        assert repost.file_name != original.file_name
        identical += repost.data == original.data
        difference = np.abs(_thumbnail(repost.data) - _thumbnail(original.data)).mean()
        assert difference < 8
    assert identical == len(reposts) // 2


def test_posts_of_one_template_are_different_memes(collection: list[DemoPost]) -> None:
    shared = [post.data for post in collection if post.kind is PostKind.SAME_TEMPLATE]
    assert len(set(shared)) == 4
    assert len({_opened(data).size for data in shared}) == 1


def test_no_broken_file_decodes(collection: list[DemoPost]) -> None:
    broken = [post for post in collection if post.kind is PostKind.BROKEN]
    assert b"" in {post.data for post in broken}
    for post in broken:
        with pytest.raises((OSError, Image.DecompressionBombError)):
            _opened(post.data).load()


def test_every_other_file_decodes(collection: list[DemoPost]) -> None:
    for post in collection:
        if post.kind is not PostKind.BROKEN:
            image = _opened(post.data)
            image.load()
            assert image.width > 60


def test_the_bomb_is_small_and_declares_900_million_pixels(collection: list[DemoPost]) -> None:
    assert bomb() in {post.data for post in collection}
    assert len(bomb()) < 100
    assert struct.unpack(">II", bomb()[16:24]) == (30_000, 30_000)
    assert BOMB_SIDE_PX == 30_000


def test_held_out_memes_are_in_no_post(collection: list[DemoPost]) -> None:
    kept_back = held_out(7, 3)
    assert Counter(genre for genre, _ in kept_back) == dict.fromkeys(DRAWERS, 3)
    assert {_opened(data).format for _, data in kept_back} == {"JPEG"}
    posted = np.array(
        [_thumbnail(post.data) for post in collection if post.kind is not PostKind.BROKEN]
    )  # (N, 16, 16) float
    for _, data in kept_back:
        # a repost would be nearer than this even after a bad JPEG
        assert np.abs(posted - _thumbnail(data)).mean(axis=(1, 2)).min() > 1


def test_progress_is_told_meme_by_meme() -> None:
    told: list[tuple[int, int]] = []
    posts(1, 1, lambda done, total: told.append((done, total)))
    assert told == [(i + 1, len(DRAWERS)) for i in range(len(DRAWERS))]


def _opened(data: bytes) -> Image.Image:
    return Image.open(BytesIO(data))


def _promised(post: DemoPost) -> str:
    return FORMATS[post.file_name.rpartition(".")[2]]


def _thumbnail(data: bytes) -> NDArray[np.float64]:
    small = _opened(data).convert("L").resize((16, 16), Image.Resampling.BOX)
    return np.asarray(small, dtype=np.float64)
