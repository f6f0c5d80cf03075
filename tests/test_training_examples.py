"""A snapshot's memes as numbers."""

from dataclasses import replace

import numpy as np

from core.words import Line
from tests.test_training_snapshot import row
from training.examples import FIRST_YEAR, examples_of

GENRES = ("rage_comic", "political")
ROWS = [
    row(1, "political"),
    replace(row(2, "rage_comic"), weight=0.5, year_low=2007, year_high=2008),
    replace(row(3, "rage_comic"), year_high=None),
    replace(row(4, "rage_comic"), year_low=1999, year_high=2001),
]
WORDS = [(Line("hallo", (0, 0, 1, 1), 0.9),), (), None, None]
ASPECTS = {one.sha256: 1.5 for one in ROWS}


def years(possible: np.ndarray) -> list[int]:
    """The years that a row of the mask allows."""
    return [FIRST_YEAR + int(i) for i in np.flatnonzero(possible)]


def test_a_row_says_its_genre_and_the_years_in_which_it_may_have_been_made() -> None:
    examples = examples_of(ROWS, GENRES, 2026, WORDS, ASPECTS)
    assert examples.genre.tolist() == [[0, 1], [1, 0], [1, 0], [1, 0]]
    assert examples.genre_weight.tolist() == [1, 0.5, 1, 1]
    assert examples.year.shape == (4, 22)
    assert years(examples.year[0]) == list(range(2005, 2020))  # seen in 2019: not younger
    assert years(examples.year[1]) == [2007, 2008]
    assert years(examples.year[2]) == list(range(2005, 2027))
    assert years(examples.year[3]) == [2005]  # older than all: the first there is
    assert examples.year_weight.tolist() == [1, 1, 0, 1]  # what may be any year teaches nothing


def test_words_that_were_not_read_are_not_known_and_none_are_known_to_be_none() -> None:
    examples = examples_of(ROWS, GENRES, 2026, WORDS, ASPECTS)
    assert examples.text.known.tolist() == [True, True, False, False]
    assert np.diff(examples.text.starts)[0] > 0
    assert np.diff(examples.text.starts)[1] == 0


def test_balanced_each_genre_counts_the_same_in_sum_and_a_meme_one_on_average() -> None:
    weight = examples_of(ROWS, GENRES, 2026, WORDS, ASPECTS, balance=1.0).genre_weight
    assert np.isclose(weight.mean(), 1)
    assert np.isclose(weight[0], weight[1:].sum())
    assert np.isclose(weight[1] * 2, weight[2])  # the community's word, half as trusted


def test_a_teacher_is_believed_as_much_as_the_label() -> None:
    told = replace(ROWS[0], opinion={"rage_comic": 0.6, "political": 0.2, "ironic": 0.2})
    genre = examples_of([told], GENRES, 2026, WORDS[:1], ASPECTS).genre
    # Of the genres told apart, .6 and .2 are three to one.
    assert np.allclose(genre, [[0.5 * 0.75, 0.5 + 0.5 * 0.25]])
