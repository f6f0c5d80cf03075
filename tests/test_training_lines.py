"""The words in a meme as numbers; each can be checked by hand."""

import math

import numpy as np

from core.words import Line
from training.lines import LAYOUT, N_GRAMS, written

TOP = Line("ONE does not", (0.1, 0.0, 0.9, 0.1), 0.9)
BOTTOM = Line("simply 42!", (0.3, 0.8, 0.7, 1.0), 0.7)


def told(lines: tuple[Line, ...], aspect: float) -> dict[str, float]:
    """The layout of these lines, by name."""
    return dict(zip(LAYOUT, written(lines, aspect).layout.tolist(), strict=True))


def test_the_layout_is_what_a_ruler_measures() -> None:
    layout = told((TOP, BOTTOM), 0.5)
    expected = {
        "log_aspect": math.log(0.5),
        "has_words": 1,
        "log_lines": math.log(3),
        "area": 0.8 * 0.1 + 0.4 * 0.2,
        "height_mean": 0.15 * 0.5,  # heights are shares of the width
        "height_max": 0.2 * 0.5,
        "height_min": 0.1 * 0.5,
        "log_characters": math.log(1 + 23),  # with the space in between
        "log_words": math.log(1 + 5),
        "capitals": 3 / 16,
        "digits": 2 / 23,
        "punctuation": 1 / 23,
        "beyond_ascii": 0,
        "leftmost": 0.1,
        "rightmost": 0.9,
        "topmost": 0,
        "bottommost": 1,
        "width_mean": 0.6,
        "confidence": 0.8,
        "middle": (0.08 * 0.05 + 0.08 * 0.9) / 0.16,
        "middle_third": 0,
        "band_0": 0.08,
        "band_4": 0.08,
        "band_2": 0,
    }
    for name, value in expected.items():
        assert abs(layout[name] - value) < 1e-5, name


def test_where_nothing_is_written_only_the_proportions_are_told() -> None:
    layout = told((), 2.0)
    assert layout.pop("log_aspect") == np.float32(math.log(2))
    assert set(layout.values()) == {0.0}
    nothing = written((), 2.0)
    assert len(nothing.ids) == 0
    assert not nothing.grams().any()


def test_the_same_words_have_the_same_grams_wherever_they_lie_and_however_large() -> None:
    here, there = written((TOP, BOTTOM), 1.0), written((BOTTOM, TOP), 3.0)
    assert (here.ids == there.ids).all()
    assert (here.counts == there.counts).all()
    lower = written((Line("one DOES not", TOP.box, 0.9), BOTTOM), 1.0)
    assert (here.ids == lower.ids).all()


def test_a_gram_counts_as_one_and_the_logarithm_of_how_often_it_comes() -> None:
    # "a", " a ", "a " and " a" are all that a word of one letter has, and " " twice.
    once = written((Line("a", TOP.box, 0.9),), 1.0)
    assert np.allclose(sorted(once.grams()[once.ids]), [1, 1, 1, 1, 1 + math.log(2)])
    thrice = written((Line("a a a", TOP.box, 0.9),), 1.0)
    assert (thrice.ids == once.ids).all()
    expected = [1 + math.log(3)] * 4 + [1 + math.log(6)]
    assert np.allclose(sorted(thrice.grams()[thrice.ids]), expected)
    assert thrice.grams().shape == (N_GRAMS,)


def test_no_number_tells_how_large_the_picture_is_or_goes_wild() -> None:
    point = Line("x", (0.5, 0.5, 0.5, 0.5), 0.5)
    assert np.isfinite(written((point,), 1.0).layout).all()
    assert np.isfinite(written((TOP,) * 300, 35.0).layout).all()
