"""Scores that are probabilities, and how far they are from it."""

import numpy as np
import pytest
from scipy.special import log_softmax

from training.calibration import calibration_error, fit_mix, left_out_scores, threshold

RNG = np.random.default_rng(1)


def said(truth: np.ndarray, strength: float, n_genres: int = 3) -> np.ndarray:
    """Log-scores that know the truth as well as so many standard deviations do: (N, C)."""
    logits = RNG.normal(size=(len(truth), n_genres))
    logits[np.arange(len(truth)), truth] += strength
    return np.asarray(log_softmax(logits, axis=1))


def test_the_error_is_the_distance_between_confidence_and_accuracy() -> None:
    # Four answers of .9, two of them right; two of .4, none right.
    scores = np.array([0.9, 0.9, 0.9, 0.9, 0.4, 0.4])
    is_right = np.array([True, True, False, False, False, False])
    assert calibration_error(scores, is_right) == pytest.approx((4 * 0.4 + 2 * 0.4) / 6)
    assert calibration_error(np.ones(3), np.ones(3, bool)) == 0


def test_the_mix_trusts_the_branch_that_knows() -> None:
    truth = RNG.integers(3, size=600)
    branches = np.stack([said(truth, 3.0), said(truth, 0.0)], axis=1)
    mix = fit_mix(branches, np.eye(3)[truth], np.ones(600))
    says = mix.weights.trace(axis1=1, axis2=2)
    assert says[0] > 3 * abs(says[1])
    scores = mix.scores(branches)
    assert np.allclose(scores.sum(axis=1), 1)
    assert (scores.argmax(axis=1) == truth).mean() > 0.9


def test_it_trusts_a_branch_for_the_genre_that_it_knows() -> None:
    truth = RNG.integers(3, size=1500)
    one, other = said(truth, 0.0), said(truth, 0.0)
    one[truth == 0] = said(truth[truth == 0], 4.0)  # knows the first genre by sight
    other[truth == 1] = said(truth[truth == 1], 4.0)
    mix = fit_mix(np.stack([one, other], axis=1), np.eye(3)[truth], np.ones(1500))
    assert mix.weights[0, 0, 0] > 2 * mix.weights[1, 0, 0]
    assert mix.weights[1, 1, 1] > 2 * mix.weights[0, 1, 1]


def test_few_memes_hardly_move_it_from_equal_shares() -> None:
    truth = np.array([0, 1, 2, 0])
    branches = np.stack([said(truth, 3.0), said(truth, 0.0)], axis=1)
    mix = fit_mix(branches, np.eye(3)[truth], np.ones(4))
    equal = np.broadcast_to(np.eye(3) / 2, (2, 3, 3))
    assert 0 < np.abs(mix.weights - equal).max() < 0.3


def test_it_makes_a_loud_branch_modest() -> None:
    truth = RNG.integers(3, size=2000)
    loud = log_softmax(5 * said(truth, 1.0), axis=1)[:, None]
    is_right = loud[:, 0].argmax(axis=1) == truth
    before = calibration_error(np.exp(loud[:, 0]).max(axis=1), is_right)
    scores = fit_mix(loud, np.eye(3)[truth], np.ones(2000)).scores(loud)
    after = calibration_error(scores.max(axis=1), scores.argmax(axis=1) == truth)
    assert before > 0.15
    assert after < 0.05


def test_memes_that_count_nothing_change_nothing() -> None:
    truth = RNG.integers(3, size=400)
    branches = said(truth, 2.0)[:, None]
    wrong = np.eye(3)[(truth + 1) % 3]
    genre = np.concatenate([np.eye(3)[truth], wrong])
    twice = np.concatenate([branches, branches])
    weight = np.repeat([1.0, 0.0], 400)
    mixes = [fit_mix(twice, genre, weight), fit_mix(branches, genre[:400], weight[:400])]
    assert mixes[0].weights == pytest.approx(mixes[1].weights, abs=1e-3)


def test_of_no_meme_at_all_the_mix_is_of_equal_shares() -> None:
    mix = fit_mix(np.zeros((2, 4, 3)), np.eye(3)[[0, 1]], np.zeros(2))
    assert np.allclose(mix.scores(np.log(np.tile([0.5, 0.3, 0.2], (1, 4, 1)))), [[0.5, 0.3, 0.2]])


def test_memes_left_out_are_not_known_by_heart() -> None:
    truth = RNG.integers(3, size=60)
    branches = np.stack([said(truth, 0.0) for _ in range(4)], axis=1)  # know nothing
    genre, weight = np.eye(3)[truth], np.ones(60)
    part = np.arange(60) % 5
    by_heart = fit_mix(branches, genre, weight).scores(branches)
    left_out = left_out_scores(branches, genre, weight, part)
    assert np.allclose(left_out.sum(axis=1), 1)
    likelihood = [np.log((scores * genre).sum(axis=1)).mean() for scores in (by_heart, left_out)]
    assert likelihood[0] > likelihood[1] + 0.05
    # Those of a part do not depend on its own genres.
    other = genre.copy()
    other[part == 2] = np.roll(other[part == 2], 1, axis=1)
    again = left_out_scores(branches, other, weight, part)
    assert np.allclose(again[part == 2], left_out[part == 2], atol=1e-6)
    assert not np.allclose(again[part == 1], left_out[part == 1], atol=1e-3)


def test_a_model_abstains_so_that_one_answer_in_twenty_is_wrong_at_most() -> None:
    scores = np.linspace(0.99, 0.30, 100)
    is_right = np.arange(100) < 76  # the 24 least sure are wrong
    limit = threshold(scores, is_right)
    answered = scores >= limit
    assert answered.sum() == 80
    assert (~is_right[answered]).sum() == 4


def test_and_never_on_more_than_three_in_ten() -> None:
    scores = np.linspace(0.99, 0.30, 100)
    assert (scores >= threshold(scores, np.zeros(100, bool))).sum() == 70
    assert (scores >= threshold(scores, np.ones(100, bool))).sum() == 100
