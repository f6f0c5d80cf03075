"""Codes in memory: exact, also after some were taken out."""

import random

import pytest

import db.index
from db.index import HashIndex


def code(number: int, n_bits: int = 64) -> str:
    """So many bits, of which the lowest are these."""
    return f"{number:0{n_bits // 4}x}"


def filled(n: int) -> HashIndex:
    """Memes 1 to n, the code of each as many ones as its id."""
    index = HashIndex(64)
    index.append(list(range(1, n + 1)), [code((1 << meme) - 1) for meme in range(1, n + 1)])
    return index


def near(index: HashIndex, number: int, k: int) -> list[tuple[int, int]]:
    """The nearest to a code, however far."""
    (found,) = index.nearest((code(number), 64, k))
    return found


def test_an_empty_index_has_nothing_near() -> None:
    assert near(HashIndex(64), 0, 3) == []
    assert HashIndex(64, 256).nearest((code(0), 64, 3), (code(0, 256), 256, 3)) == [[], []]
    assert len(HashIndex(64)) == 0


def test_the_nearest_come_first_with_their_distances() -> None:
    assert near(filled(5), 0, 3) == [(1, 1), (2, 2), (3, 3)]
    assert near(filled(2), 0, 3) == [(1, 1), (2, 2)]


def test_of_equally_near_memes_the_older_comes_first() -> None:
    index = HashIndex(64)
    index.append([7, 3, 5], [code(1)] * 3)
    assert near(index, 0, 3) == [(3, 1), (5, 1), (7, 1)]


def test_what_is_out_of_reach_is_not_found() -> None:
    assert filled(5).nearest((code(0), 2, 5)) == [[(1, 1), (2, 2)]]


def test_by_the_longer_code_only_those_are_compared_that_the_shorter_brings_in_reach() -> None:
    index = HashIndex(64, 256)
    short = [code(n) for n in (0b1, 0b11, 0b111)]
    index.append([1, 2, 3], short, [code(n, 256) for n in (0b1111, 0b111, 0b1)])
    zero, long_zero = code(0), code(0, 256)
    assert index.nearest((zero, 2, 1), (long_zero, 256, 3)) == [[(1, 1)], [(2, 3), (1, 4)]]
    assert index.nearest((zero, 64, 0), (long_zero, 3, 3)) == [[], [(3, 1), (2, 3)]]


def test_of_thousands_in_reach_the_nearest_few_are_found() -> None:
    index = HashIndex(64)
    index.append(list(range(1, 5001)), [code(0b111)] * 5000)
    index.append([5001, 5002], [code(0b11), code(0b1)])
    assert near(index, 0, 4) == [(5002, 1), (5001, 2), (1, 3), (2, 3)]


def test_what_is_taken_out_is_not_found_and_those_behind_it_are() -> None:
    index = filled(20)
    index.update({1: None, 2: None})
    assert near(index, 0, 2) == [(3, 3), (4, 4)]
    assert len(index) == 18


def test_a_meme_may_get_another_code_or_come_back() -> None:
    index = filled(20)
    index.update({1: [code((1 << 30) - 1)], 2: None})
    index.update({2: [code(0)]})
    assert near(index, 0, 2) == [(2, 0), (3, 3)]
    assert near(index, (1 << 30) - 1, 1) == [(1, 0)]


def test_what_is_held_already_is_not_added_again() -> None:
    index = filled(3)
    index.update({1: [code(1)], 3: [code(7)]})
    assert len(index) == 3


def test_an_unknown_meme_may_be_taken_out() -> None:
    index = filled(3)
    index.update({99: None})
    index.update({2: None})
    index.update({2: None})
    assert len(index) == 2


@pytest.mark.parametrize("seed", range(5))
def test_after_any_changes_the_answers_are_those_of_a_plain_search(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db.index, "_BLOCK", 7)
    rng = random.Random(seed)
    index, held = HashIndex(64, 256), dict[int, tuple[int, int]]()
    for _ in range(60):
        wanted = {
            meme: (rng.getrandbits(64), rng.getrandbits(256)) if rng.random() < 0.6 else None
            for meme in rng.sample(range(1, 80), rng.randint(1, 20))
        }
        index.update(
            {m: None if v is None else (code(v[0]), code(v[1], 256)) for m, v in wanted.items()}
        )
        held = {m: v for m, v in (held | wanted).items() if v is not None}
        short, long = rng.getrandbits(64), rng.getrandbits(256)
        expected = sorted(
            ((other ^ long).bit_count(), meme)
            for meme, (one, other) in held.items()
            if (one ^ short).bit_count() <= 32 and (other ^ long).bit_count() <= 130
        )[:5]
        _, found = index.nearest((code(short), 32, 0), (code(long, 256), 130, 5))
        assert [(distance, meme) for meme, distance in found] == expected
        assert len(index) == len(held)
