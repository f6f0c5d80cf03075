"""Same meme, same template, or neither: counted in bits of the hashes."""

import random
from contextlib import suppress
from dataclasses import replace

import pytest
from sqlalchemy import select

from core.fingerprint import Fingerprint
from core.images import Header
from core.settings import Settings
from db.matching import Decision, Matcher, New, Repost, SameTemplate
from db.memes import Added, Collection, Reposted, Seen
from db.models import Meme

BASE_64, BASE_256 = 0x0123456789ABCDEF, int("5a" * 32, 16)


class Stopped(Exception):
    """Something went wrong in the middle of a transaction."""


def flipped(value: int, n_bits: int, width: int, seed: int = 0) -> int:
    """The value with this many of its bits flipped."""
    for place in random.Random(seed).sample(range(width), n_bits):
        value ^= 1 << place
    return value


def taken(number: int, *, off_64: int = 0, off_256: int = 0, frames: int = 1) -> Fingerprint:
    """A fingerprint that many bits off the base picture's; another number has other bytes."""
    return Fingerprint(
        sha256=f"{number:064x}",
        phash64=f"{flipped(BASE_64, off_64, 64, number):016x}",
        phash256=f"{flipped(BASE_256, off_256, 256, number):064x}",
        header=Header("PNG", 100, 100, frames),
        n_bytes=1,
    )


def add(collection: Collection, *pictures: Fingerprint) -> list[int]:
    """Add pictures in one transaction; gives the meme of each."""
    with collection.adding() as adder:
        return [
            adder.add(b"x", picture, Seen("test", picture.sha256, "url")).meme_id
            for picture in pictures
        ]


def decide(collection: Collection, picture: Fingerprint) -> Decision:
    matcher = Matcher()
    with collection.database.reading() as session:
        matcher.follow(session)
    return matcher.decide(picture)


def test_to_an_empty_collection_every_picture_is_new() -> None:
    assert Matcher().decide(taken(1)) == New()


@pytest.mark.parametrize("distance", [0, 1, 15, 16])
def test_up_to_16_bits_of_256_it_is_the_same_meme(collection: Collection, distance: int) -> None:
    (meme,) = add(collection, taken(1))
    again = taken(2, off_64=32, off_256=distance)  # the short hash has no say
    assert decide(collection, again) == Repost(of=meme, distance=distance)
    assert add(collection, again) == [meme]


def test_at_17_bits_it_is_another_meme(collection: Collection) -> None:
    add(collection, taken(1))
    assert decide(collection, taken(2, off_64=32, off_256=17)) == New()


@pytest.mark.parametrize("distance", [0, 9, 10])
def test_up_to_10_bits_of_64_it_is_another_meme_on_the_same_template(
    collection: Collection, distance: int
) -> None:
    (first,) = add(collection, taken(1))
    other = taken(2, off_64=distance, off_256=17)
    found = decide(collection, other)
    assert isinstance(found, SameTemplate)
    assert found.distance == distance
    (second,) = add(collection, other)
    assert second != first  # a template never drops a meme
    assert templates(collection) == [found.template, found.template]


def test_at_11_bits_of_64_the_template_is_another(collection: Collection) -> None:
    add(collection, taken(1), taken(2, off_64=11, off_256=17))
    one, other = templates(collection)
    assert one != other


def templates(collection: Collection) -> list[int]:
    """The template of each meme, in the order they came."""
    with collection.database.reading() as session:
        return [meme.template_id for meme in session.scalars(select(Meme).order_by(Meme.id))]


def test_a_still_is_not_the_animation_it_was_taken_from(collection: Collection) -> None:
    moving, still = taken(1, frames=12), taken(2)
    first, second = add(collection, moving, still)
    assert first != second
    assert decide(collection, taken(3)) == Repost(of=second, distance=0)
    assert decide(collection, taken(4, frames=12)) == Repost(of=first, distance=0)
    assert len(set(templates(collection))) == 1


def test_of_several_the_nearest_is_the_repost(collection: Collection) -> None:
    low, high = (1 << 15) - 1, ((1 << 3) - 1) << 200  # 15 bits and 3 bits, none shared
    pictures = [
        replace(taken(number, off_64=32), phash256=f"{BASE_256 ^ bits:064x}")
        for number, bits in ((1, low), (2, high))
    ]
    _, near = add(collection, *pictures)  # 18 bits apart: two memes
    assert decide(collection, taken(3)) == Repost(of=near, distance=3)


def test_the_same_bytes_are_the_same_meme_whatever_their_hashes(collection: Collection) -> None:
    # Another version of Pillow may decode a file a little differently.
    (meme,) = add(collection, taken(1))
    hashed_otherwise = replace(taken(2, off_64=32, off_256=128), sha256=taken(1).sha256)
    with collection.adding() as adder:
        outcome = adder.add(b"x", hashed_otherwise, Seen("test", "elsewhere", "url"))
    assert outcome == Reposted(meme)


def test_memes_of_other_processes_are_followed(database_settings: Settings) -> None:
    one, other = Collection.open(database_settings), Collection.open(database_settings)
    (meme,) = add(one, taken(1))
    with other.adding() as adder:
        outcome = adder.add(b"x", taken(2, off_256=5), Seen("test", "2", "url"))
    assert outcome == Reposted(meme)
    for opened in (one, other):
        opened.database.engine.dispose()


def test_after_a_rollback_what_was_taken_back_is_no_repost(collection: Collection) -> None:
    with suppress(Stopped), collection.adding() as adder:
        assert isinstance(adder.add(b"x", taken(1), Seen("test", "1", "url")), Added)
        raise Stopped
    with collection.adding() as adder:
        assert isinstance(adder.add(b"x", taken(2), Seen("test", "2", "url")), Added)
        assert isinstance(adder.add(b"x", taken(3), Seen("test", "3", "url")), Reposted)


def test_after_a_rollback_what_was_there_before_is_still_known(collection: Collection) -> None:
    (meme,) = add(collection, taken(1))
    with suppress(Stopped), collection.adding():
        raise Stopped
    assert add(collection, taken(2, off_256=4)) == [meme]


def test_a_hundred_memes_of_one_template_are_a_hundred_memes(collection: Collection) -> None:
    # Two that are 40 bits off the base each share 6 of them on average: about 67 bits apart.
    pictures = [taken(number, off_64=2, off_256=40) for number in range(100)]
    assert len(set(add(collection, *pictures))) == 100
    assert len(set(templates(collection))) == 1
