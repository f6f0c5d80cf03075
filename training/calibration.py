"""Makes scores probabilities, and says how far they are from it: mix, ECE, abstention."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax

__all__ = [
    "Binned",
    "Mix",
    "binned",
    "calibration_error",
    "fit_mix",
    "left_out_scores",
    "threshold",
]

_N_BINS: Final = 15
# How strongly the mix is held, against the log-likelihood of all memes: a branch's say for the
# genre that it answers at an equal share, for others and the biases at 0. By the likelihood of
# left-out memes (decisions/0011).
_OWN_RIDGE: Final = 10.0
_OTHER_RIDGE: Final = 100.0
_BIAS_RIDGE: Final = 1.0

_MAX_WRONG: Final = 0.05  # of the answers that are given
_MAX_ABSTAINED: Final = 0.3  # of all

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Mix:
    """What each answer of several branches says for and against each genre.

    Weights (n_branches, C, C), from what is answered to what that speaks for, and a bias for each
    genre, (C,): a logistic regression on the branches' answers, as in stacking (Wolpert, Stacked
    Generalization, 1992).
    """

    weights: Floats
    biases: Floats

    def scores(self, said: Floats) -> Floats:
        """(N, n_branches, C) log-probabilities to (N, C) probabilities."""
        return np.asarray(np.exp(_log_scores(said, self.weights, self.biases)))


def fit_mix(said: Floats, genre: Floats, weight: Floats) -> Mix:
    """The mix under which these memes' genres are likeliest.

    It starts from equal shares, each branch speaking for what it answers alone; the more memes
    there are, the further they may lead away from that.

    Args:
        said: (N, n_branches, C), log-probabilities of each branch, for memes that it never saw.
        genre: (N, C), rows that sum to 1.
        weight: (N,), how much each meme counts.
    """
    counts = weight > 0
    said, genre = said[counts], genre[counts]
    n, n_branches, n_genres = said.shape
    one = np.eye(n_genres)
    equal = np.broadcast_to(one / n_branches, (n_branches, n_genres, n_genres))
    if not n:
        return Mix(equal, np.zeros(n_genres))
    counted = weight[counts] / weight[counts].mean()
    ridge = np.where(one > 0, _OWN_RIDGE, _OTHER_RIDGE)

    def cost(numbers: Floats) -> tuple[float, Floats]:
        weights, biases = numbers[:-n_genres].reshape(equal.shape), numbers[-n_genres:]
        log_scores = _log_scores(said, weights, biases)
        off = (np.exp(log_scores) - genre) * counted[:, None]  # (N, C), the slope at each logit
        from_equal = weights - equal
        value = -(counted * (genre * log_scores).sum(axis=1)).sum()
        value += (ridge * from_equal**2).sum() + _BIAS_RIDGE * (biases**2).sum()
        slope_weights = np.einsum("nd,nbc->bcd", off, said, optimize=True) + 2 * ridge * from_equal
        slope_biases = off.sum(axis=0) + 2 * _BIAS_RIDGE * biases
        return float(value) / n, np.concatenate([slope_weights.ravel(), slope_biases]) / n

    start = np.concatenate([equal.ravel(), np.zeros(n_genres)])
    found = minimize(cost, start, jac=True, method="L-BFGS-B", options={"maxiter": 1000}).x
    return Mix(found[:-n_genres].reshape(equal.shape), found[-n_genres:])


def left_out_scores(
    said: Floats, genre: Floats, weight: Floats, part: npt.NDArray[np.int64]
) -> Floats:
    """What mixes fitted without a part say of it, for each part in turn.

    How sure a mix is of the memes that it was fitted on tells little: of few, it knows some by
    heart.

    Args:
        said: as for `fit_mix`; so are genre and weight.
        part: (N,), the number of each meme's part; two parts or more.

    Returns:
        (N, C) probabilities.
    """
    scores = np.empty_like(genre, np.float64)
    for one in np.unique(part):
        here = part == one
        scores[here] = fit_mix(said[~here], genre[~here], weight[~here]).scores(said[here])
    return scores


def _log_scores(said: Floats, weights: Floats, biases: Floats) -> Floats:
    logits = np.einsum("nbc,bcd->nd", said, weights, optimize=True) + biases
    return np.asarray(log_softmax(logits, axis=1))


@dataclass(frozen=True, slots=True)
class Binned:
    """Answers by their scores, in bins of equal width; empty bins are left out.

    Attributes:
        confidence: the mean score in each bin, (n_bins,).
        accuracy: how many of them are right, (n_bins,).
        n: how many there are, (n_bins,).
    """

    confidence: Floats
    accuracy: Floats
    n: npt.NDArray[np.int64]


def binned(scores: Floats, is_right: npt.NDArray[np.bool_]) -> Binned:
    """Answers in 15 bins.

    Args:
        scores: (N,) of the genre answered.
        is_right: (N,) whether it is the one.
    """
    bins = np.minimum((scores * _N_BINS).astype(int), _N_BINS - 1)
    n = np.bincount(bins, minlength=_N_BINS)
    sums = [np.bincount(bins, weights=of, minlength=_N_BINS) for of in (scores, is_right)]
    confidence, accuracy = (of[n > 0] / n[n > 0] for of in sums)
    return Binned(confidence, accuracy, n[n > 0])


def calibration_error(scores: Floats, is_right: npt.NDArray[np.bool_]) -> float:
    """The expected calibration error: how far confidence is from accuracy, 0 to 1.

    Over 15 bins of equal width, weighted by their memes (Naeini et al., 2015).

    Args:
        scores: (N,) of the genre answered.
        is_right: (N,) whether it is the one.
    """
    said = binned(scores, is_right)
    off = np.abs(said.confidence - said.accuracy) * said.n
    return float(off.sum() / max(1, len(scores)))


def threshold(scores: Floats, is_right: npt.NDArray[np.bool_]) -> float:
    """Below which score to abstain, so that at most one in twenty answers given is wrong.

    At most three in ten memes are left without an answer for it.

    Args:
        scores: (N,) of the genre answered.
        is_right: (N,) whether it is the one.
    """
    order = np.argsort(-scores)
    wrong = np.cumsum(~is_right[order]) / np.arange(1, len(scores) + 1)
    good_enough = np.flatnonzero(wrong <= _MAX_WRONG)
    last = good_enough[-1] if good_enough.size else 0
    at_least = int(np.ceil(len(scores) * (1 - _MAX_ABSTAINED))) - 1
    lowest = order[max(last, at_least)]
    return float(scores[lowest])
