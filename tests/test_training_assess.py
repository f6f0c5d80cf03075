"""All figures of a test; those that can be are checked by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.errors import BadInput
from tests.test_training_snapshot import row
from training.answers import Answers
from training.assess import assess, differences, selective_accuracy

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


def test_the_figures_of_the_year_count_what_is_possible() -> None:
    sure: list[list[float]] = [
        [0, 0, 1, 0],
        [1, 0, 0, 0],
        [0.5, 0.3, 0.1, 0.1],
    ]  # 2007; 2005; 2005, 2005 to 2007
    told = answers(["political"] * 3, [[0, 0, 1]] * 3, sure)
    known = [(None, 2006), (2007, 2007), (2006, 2007)]
    rows = [
        replace(one, year_low=low, year_high=high)
        for one, (low, high) in zip(told.rows, known, strict=True)
    ]
    figures = assess(replace(told, rows=rows)).year
    assert figures is not None
    # The first is a year too late, the second two too early, the third's median one too early.
    assert (figures.n, figures.possible) == (3, 0.0)
    assert figures.off == round(4 / 3, 4)
    assert figures.coverage == round(1 / 3, 4)
    assert figures.width == round(2 / 3, 4)
    assert (figures.n_exact, figures.exact_off, figures.exact_coverage) == (1, 2.0, 0.0)
    # 2006 is possible for the first and the third, and one off for the second.
    assert (figures.constant, figures.constant_off) == (2006, round(1 / 3, 4))
    assert str(figures) == (
        "years told no better than by a constant: 1.3 off; always saying 2006 is 0.3 off"
    )


def test_years_that_a_constant_tells_as_well_are_no_merit() -> None:
    right: list[list[float]] = [[1, 0, 0, 0], [0, 0, 0, 1]]
    told = answers(["political"] * 2, [[0, 0, 1]] * 2, right)

    def line(*known: tuple[int | None, int]) -> str:
        rows = [
            replace(one, year_low=low, year_high=high)
            for one, (low, high) in zip(told.rows, known, strict=True)
        ]
        return str(assess(replace(told, rows=rows)).year)

    assert line((2005, 2005), (2008, 2008)).startswith(
        "year 0.0 years off; always saying 2005 is 1.5 off; range of 0.0 years, right for 100%"
    )
    # All are possible, as they always are where only the last year is known.
    assert line((None, 2005), (None, 2008)).startswith("years told no better than by a constant")


def test_without_any_known_year_there_are_no_figures_of_it() -> None:
    assert assess(replace(FOUR, rows=[replace(r, year_high=None) for r in FOUR.rows])).year is None


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
