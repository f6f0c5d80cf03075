"""What words say of two pictures whose pixels leave it open; boxes are those of a 192 px frame."""

import numpy as np
import pytest

from core.words import Line
from db.wording import Placed, placed, same_words

SIDE = 192
FRAME = (0.0, 0.0, float(SIDE), float(SIDE))
TOP, BOTTOM = (20.0, 10.0, 170.0, 30.0), (20.0, 160.0, 170.0, 180.0)


def line(letters: str, box: tuple[float, float, float, float] = TOP, sure: float = 0.99) -> Placed:
    return Placed(letters, box, sure)


def same(
    said: list[Placed],
    known: list[Placed],
    *,
    doubted: tuple[slice, slice] = (slice(10, 30), slice(20, 60)),  # the first letters of TOP
    captioned: bool = False,
    faint: bool = False,
) -> bool:
    where = np.zeros((SIDE, SIDE), dtype=np.bool_)
    where[doubted] = True
    return same_words(said, known, where, FRAME, captioned=captioned, faint=faint)


def test_the_same_words_are_the_same_meme() -> None:
    assert same([line("onedoesnotsimply")], [line("onedoesnotsimply")])


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("youdonotsimply", "onedoesnotsimply"),
        ("bravecats", "bravedogs"),
        ("theshipisred", "thechipisred"),  # a single letter, of which the reader is sure
        ("plagiarismischeating", "plagiarismkidscheating"),  # letters missing here and there
        ("onedoesnotsimplywalk", "onedoesnotsimply"),
    ],
)
def test_other_words_are_another_meme(said: str, known: str) -> None:
    assert not same([line(said)], [line(known)])


def test_a_slip_of_an_unsure_reader_is_forgiven() -> None:
    assert same([line("theshlpisred", sure=0.7)], [line("theshipisred")])
    assert not same([line("theshlqisred", sure=0.7)], [line("theshipisred")])


def test_where_the_pixels_hardly_differ_a_letter_is_a_slip_and_a_word_is_not() -> None:
    assert same([line("theshlpisred")], [line("theshipisred")], faint=True)
    assert not same([line("theshlqisred")], [line("theshipisred")], faint=True)
    known = [line("onedoesnotsimply"), line("walkintomordor", BOTTOM)]
    assert not same([line("onesimply")], known, faint=True)  # nothing covers the rest


def test_letters_under_a_sticker_are_missing_in_one_place() -> None:
    assert same([line("oesnotsimply")], [line("onedoesnotsimply"), line("walkintomordor", BOTTOM)])


def test_a_sticker_hides_no_more_than_a_part_of_a_meme() -> None:
    assert not same([line("ply")], [line("onedoesnotsimply")])
    assert not same([], [line("onedoesnotsimply")])


def test_a_line_set_anew_around_a_missing_word_is_another_meme() -> None:
    whole_line = (slice(10, 30), slice(20, 171))
    known = [line("onedoesnotsimply"), line("walkintomordor", BOTTOM)]
    assert not same([line("onenotsimply")], known, doubted=whole_line)


def test_what_the_pixels_vouch_for_is_not_read_again() -> None:
    nowhere = (slice(0, 0), slice(0, 0))
    assert same([line("misread")], [line("onedoesnotsimply")], doubted=nowhere)


def test_words_where_the_meme_has_none_are_another_meme() -> None:
    beneath = (slice(160, 180), slice(20, 170))
    said = [line("onedoesnotsimply"), line("walkintomordor", BOTTOM)]
    assert not same(said, [line("onedoesnotsimply")], doubted=beneath)


def test_words_beside_the_meme_count_only_as_a_caption() -> None:
    above = (20.0, -30.0, 170.0, -10.0)
    said = [line("whenthetestspass", above), line("onedoesnotsimply")]
    assert same(said, [line("onedoesnotsimply")])
    assert not same(said, [line("onedoesnotsimply")], captioned=True)


def test_without_any_words_nothing_can_be_told() -> None:
    assert not same([], [])
    assert same([], [], faint=True)
    assert not same([line("onedoesnotsimply")], [], faint=True)


def test_lines_are_placed_by_a_map_and_spelled_alike() -> None:
    read = [Line("I'LL 5EE  YOU!", (0.25, 0.5, 0.75, 0.6), 0.9), Line("?!", (0, 0, 1, 1), 0.9)]
    shift = np.array([[1.0, 0, 10], [0, 1, -5]])
    (only,) = placed(read, 100, shift)
    assert only.letters == "iiiseeyou"  # look-alikes are one letter: i and l, s and 5
    assert only.box == pytest.approx((35, 45, 85, 55))
