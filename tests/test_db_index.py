"""Codes in memory: exact, also after some were taken out."""

import random

import pytest

from db.index import HashIndex


def code(number: int) -> str:
    """64 bits, of which the lowest are these."""
    return f"{number:016x}"


def filled(n: int) -> HashIndex:
    """Memes 1 to n, the code of each as many ones as its id."""
    index = HashIndex(64)
    index.append(list(range(1, n + 1)), [code((1 << meme) - 1) for meme in range(1, n + 1)])
    return index


def test_an_empty_index_has_nothing_near() -> None:
    assert HashIndex(64).nearest(code(0), 3) == []
    assert len(HashIndex(64)) == 0


def test_the_nearest_come_first_with_their_distances() -> None:
    assert filled(5).nearest(code(0), 3) == [(1, 1), (2, 2), (3, 3)]
    assert filled(2).nearest(code(0), 3) == [(1, 1), (2, 2)]


def test_of_equally_near_memes_the_older_comes_first() -> None:
    index = HashIndex(64)
    index.append([7, 3, 5], [code(1)] * 3)
    assert index.nearest(code(0), 3) == [(3, 1), (5, 1), (7, 1)]


def test_what_is_taken_out_is_not_found_and_those_behind_it_are() -> None:
    index = filled(20)
    index.update({1: [], 2: []})
    assert index.nearest(code(0), 2) == [(3, 3), (4, 4)]
    assert len(index) == 18


def test_a_meme_may_get_another_code_or_come_back() -> None:
    index = filled(20)
    index.update({1: [code((1 << 30) - 1)], 2: []})
    index.update({2: [code(0)]})
    assert index.nearest(code(0), 2) == [(2, 0), (3, 3)]
    assert index.nearest(code((1 << 30) - 1), 1) == [(1, 0)]


def test_a_meme_with_two_codes_is_found_once_by_the_nearer() -> None:
    index = HashIndex(64)
    index.update({1: [code(1), code(3)], 2: [code(7)]})
    assert index.nearest(code(0), 2) == [(1, 1), (2, 3)]


def test_what_is_held_already_is_not_added_again() -> None:
    index = filled(3)
    index.update({1: [code(1)], 3: [code(7)]})
    assert len(index) == 3


def test_an_unknown_meme_may_be_taken_out() -> None:
    index = filled(3)
    index.update({99: []})
    index.update({2: []})
    index.update({2: []})
    assert len(index) == 2


@pytest.mark.parametrize("seed", range(5))
def test_after_any_changes_the_answers_are_those_of_a_plain_search(seed: int) -> None:
    rng = random.Random(seed)
    index, held = HashIndex(64), dict[int, int]()
    for _ in range(60):
        wanted = {
            meme: rng.getrandbits(64) if rng.random() < 0.6 else None
            for meme in rng.sample(range(1, 80), rng.randint(1, 20))
        }
        index.update({m: [] if value is None else [code(value)] for m, value in wanted.items()})
        held = {m: v for m, v in (held | wanted).items() if v is not None}
        asked = rng.getrandbits(64)
        bits = {meme: (value ^ asked).bit_count() for meme, value in held.items()}
        found = index.nearest(code(asked), 5)
        assert [distance for _, distance in found] == sorted(bits.values())[:5]
        assert all(bits[meme] == distance for meme, distance in found)
        assert len({meme for meme, _ in found}) == len(found)
        assert len(index) == len(held)
