"""All figures of a test; those that can be are checked by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import BadInput
from tests.test_training_snapshot import row
from training.answers import Answers
from training.assess import assess, differences, selective_accuracy
from training.by_place import Mistaken, PlaceFigures, PlaceResult, by_place

CLASSES = ("rage_comic", "ironic", "political")


def answers(
    truth: list[str],
    scores: list[list[float]],
    years: list[list[float]] | None = None,
    **row_of: object,
) -> Answers:
    """Answers on as many memes; years are 2005 to 2008."""
    n = len(truth)
    return Answers(
        rows=[row(i, genre) for i, genre in enumerate(truth)],
        classes=CLASSES,
        scores=np.array(scores, np.float32),
        first_year=2005,
        years=np.array(years or [[0.25] * 4] * n, np.float32),
        abstained=np.array([max(one) < 0.5 for one in scores]),
    )


FOUR = answers(
    ["rage_comic", "rage_comic", "political", "ironic"],
    [[0.8, 0.1, 0.1], [0.6, 0.3, 0.1], [0.5, 0.1, 0.4], [0.35, 0.2, 0.45]],
)


def test_the_figures_of_the_genre_are_those_computed_by_hand() -> None:
    figures = assess(FOUR)
    # rage_comic: 2 of 3 said are right, 2 of 2 found: F1 .8; the others are never found.
    assert figures.genre.macro_f1 == round(0.8 / 3, 4)
    assert figures.genre.accuracy == 0.5
    assert figures.top_2 == 0.75  # the ironic one comes third
    assert figures.abstained == 0.25
    assert figures.accuracy_answered == round(2 / 3, 4)
    # Each score lies in a bin of its own: 0.8 and 0.6 right, 0.5 and 0.45 wrong.
    assert figures.calibration_error == pytest.approx((0.2 + 0.4 + 0.5 + 0.45) / 4, abs=1e-4)
    assert figures.macro_f1_trusted == figures.genre.macro_f1


def test_a_genre_with_a_guessed_label_is_left_out_of_the_trusted_figure() -> None:
    rows = [replace(one, trust="weak" if one.genre == "ironic" else "viewed") for one in FOUR.rows]
    assert assess(replace(FOUR, rows=rows)).macro_f1_trusted == 0.4  # .8 and 0


def test_the_interval_holds_the_figure_and_is_wider_where_memes_are_of_few_families() -> None:
    random = np.random.default_rng(1)
    truth = [CLASSES[i % 3] for i in range(300)]
    scores = random.dirichlet([1, 1, 1], size=300)
    scores[np.arange(300), [i % 3 for i in range(300)]] += 0.3
    alone = answers(truth, (scores / 1.3).tolist())
    rows = [replace(one, family=i // 30) for i, one in enumerate(alone.rows)]
    low, high = (assess(alone).macro_f1_interval.low, assess(alone).macro_f1_interval.high)
    assert low < assess(alone).genre.macro_f1 < high
    assert 0.05 < high - low < 0.2
    # Whole families rise and fall together, if their memes are right or wrong together.
    together = scores.copy()
    together[:150] = np.eye(3)[[i % 3 for i in range(150)]]
    together[150:] = np.eye(3)[[(i + 1) % 3 for i in range(150)]]
    joined = replace(alone, scores=together.astype(np.float32))
    of_few = assess(replace(joined, rows=rows)).macro_f1_interval
    of_many = assess(joined).macro_f1_interval
    assert of_few.high - of_few.low > 2 * (of_many.high - of_many.low)


def test_accuracy_rises_as_the_least_sure_are_left_out() -> None:
    coverage, accuracy = selective_accuracy(FOUR)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert accuracy == pytest.approx([1, 1, 2 / 3, 0.5])


def test_two_models_are_compared_on_the_same_draws() -> None:
    better = replace(FOUR, scores=FOUR.scores[[0, 1, 2, 3]].copy())
    better.scores[2] = [0, 0, 1]
    shuffled = Answers(
        [better.rows[i] for i in (3, 1, 0, 2)],
        CLASSES,
        better.scores[[3, 1, 0, 2]],
        2005,
        better.years,
        better.abstained,
    )
    gains = differences(FOUR, shuffled)
    assert gains.min() >= 0  # never worse on any draw
    assert gains.max() > 0.3
    assert (differences(FOUR, FOUR) == 0).all()


def test_places_count_alike_and_the_worst_tenth_is_told() -> None:
    # Place 0 has 50 memes, all right; places 1 to 10 five each, of which so many in ten are right:
    # none of place 1, all of the others but one of place 2; the last place has too few.
    where = ["0"] * 50 + [str(1 + i // 5) for i in range(50)] + ["small"] * 4
    wrong = {*range(50, 55), 55, *range(100, 104)}
    truth = ["rage_comic"] * len(where)
    scores = [[0.1, 0.1, 0.8] if i in wrong else [0.8, 0.1, 0.1] for i in range(len(where))]
    told = answers(truth, scores)
    rows = [replace(one, places=(at,)) for one, at in zip(told.rows, where, strict=True)]
    told = replace(told, rows=rows)
    figures = assess(told).places
    assert figures == PlaceFigures(n=11, mean=round((9 + 0.8) / 11, 4), worst_tenth=0.0)
    worst, small, *_ = by_place(told)
    assert worst == PlaceResult("1", 5, 0.0, Mistaken("rage_comic", "political", 5))
    assert (small.place, small.n) == ("small", 4)
    assert PlaceResult("0", 50, 1.0, None) in by_place(told)
    assert assess(FOUR).places is None


def test_answers_read_back_as_they_were_kept(tmp_path: Path) -> None:
    FOUR.save(tmp_path / "answers.npz")
    again = Answers.load(tmp_path / "answers.npz", FOUR.rows[::-1])
    assert again.rows == FOUR.rows
    assert again.classes == CLASSES
    assert (again.scores == FOUR.scores).all()
    assert (again.abstained == FOUR.abstained).all()
    for rows in ([], FOUR.rows[:2]):
        with pytest.raises(BadInput, match="not the answers of this model"):
            Answers.load(tmp_path / "answers.npz", rows)
    (tmp_path / "answers.npz").write_bytes(b"damaged")
    with pytest.raises(BadInput, match="not the answers of this model"):
        Answers.load(tmp_path / "answers.npz", FOUR.rows)


def test_some_of_the_answers_can_be_taken() -> None:
    some = FOUR.only([2, 0])
    assert [one.meme_id for one in some.rows] == [2, 0]
    assert some.genres == ["rage_comic", "rage_comic"]
    assert some.is_right.tolist() == [False, True]
    assert len(FOUR.only([])) == 0


def test_answers_of_models_that_know_other_genres_are_joined_by_name() -> None:
    other = replace(FOUR, classes=("political", "rage_comic", "text_post"))
    classes = ("rage_comic", "text_post", "ironic", "political")
    joined = Answers.joined([FOUR, other], classes)
    assert len(joined) == 8
    assert joined.scores[0] == pytest.approx([0.8, 0, 0.1, 0.1])
    assert joined.scores[4] == pytest.approx([0.1, 0.1, 0, 0.8])
