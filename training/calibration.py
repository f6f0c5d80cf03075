"""Makes scores probabilities, and says how far they are: temperature and mix, ECE, abstention."""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import log_softmax

__all__ = ["Binned", "Mix", "binned", "calibration_error", "fit_mix", "threshold"]

_N_BINS: Final = 15
# How strongly few memes hold the weights at equal shares, and the biases at 0.
_RIDGE: Final = 0.05
_BIAS_RIDGE: Final = 0.01

_MAX_WRONG: Final = 0.1  # of the answers that are given
_MAX_ABSTAINED: Final = 0.3  # of all

Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Mix:
    """How much each of several answers counts, (n_branches,), and a bias for each genre, (C,).

    The weights' sum is the inverse of a temperature (Guo et al., On Calibration of Modern Neural
    Networks, 2017).
    """

    weights: Floats
    biases: Floats

    def scores(self, said: Floats) -> Floats:
        """(N, n_branches, C) log-probabilities to (N, C) probabilities."""
        logits = np.einsum("nbc,b->nc", said, self.weights) + self.biases
        return np.asarray(np.exp(log_softmax(logits, axis=1)))


def fit_mix(said: Floats, genre: Floats, weight: Floats) -> Mix:
    """The mix under which these memes' genres are likeliest.

    Args:
        said: (N, n_branches, C), log-probabilities of each branch, for memes that it never saw.
        genre: (N, C), rows that sum to 1.
        weight: (N,), how much each meme counts.
    """
    n_branches, n_genres = said.shape[1:]
    share = weight / weight.sum()

    def cost(numbers: Floats) -> tuple[float, Floats]:
        weights, biases = numbers[:n_branches], numbers[n_branches:]
        log_scores = log_softmax(np.einsum("nbc,b->nc", said, weights) + biases, axis=1)
        off = (np.exp(log_scores) - genre) * share[:, None]  # (N, C), the slope at each logit
        from_equal = weights - 1 / n_branches
        value = -(share * (genre * log_scores).sum(axis=1)).sum()
        value += _RIDGE * (from_equal**2).sum() + _BIAS_RIDGE * (biases**2).sum()
        slope = np.concatenate(
            [
                np.einsum("nc,nbc->b", off, said) + 2 * _RIDGE * from_equal,
                off.sum(axis=0) + 2 * _BIAS_RIDGE * biases,
            ]
        )
        return float(value), slope

    start = np.concatenate([np.full(n_branches, 1 / n_branches), np.zeros(n_genres)])
    found = minimize(cost, start, jac=True, method="L-BFGS-B").x
    return Mix(found[:n_branches], found[n_branches:])


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
    """Below which score to abstain, so that at most a tenth of the answers given are wrong.

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
