"""An answer's years within what the collection knows of the picture: they never contradict it."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from training.classifier import Prediction, YearRange, year_percentiles

__all__ = ["within"]


def within(said: Prediction, model_first: int, low: int | None, high: int | None) -> Prediction:
    """The same, with no year before `low` nor after `high`.

    What the model says of the years between is kept, in proportion. Where its range lies wholly
    outside, the answer is what is known, not what the model says.

    Args:
        said: by a model.
        model_first: the first year that the model tells of.
        low: the first year in which the picture can have been made; None: nothing is known.
        high: the last; None: nothing is known.
    """
    if low is None and high is None:
        return said
    years = _cut(said.answer.years, model_first, low, high)
    if low is not None and said.year.high < low:
        year = YearRange(low, low, low if high is None else high)
    elif high is not None and said.year.low > high:
        year = YearRange(high, high if low is None else low, high)
    else:
        # Of the years that are left: not beyond the bound, and no wider than it.
        first, middle, last = (
            _clamped(int(one), low, high) for one in year_percentiles(years, model_first)
        )
        year = YearRange(middle, first, last)
    return replace(said, year=year, answer=replace(said.answer, years=years))


def _cut(
    years: npt.NDArray[np.float32], model_first: int, low: int | None, high: int | None
) -> npt.NDArray[np.float32]:
    """How likely each year is, none but those within; they sum to 1. (n_years,)"""
    last = len(years) - 1
    begin = 0 if low is None else min(max(low - model_first, 0), last)
    end = last if high is None else min(max(high - model_first, begin), last)
    cut = np.zeros_like(years)
    cut[begin : end + 1] = years[begin : end + 1]
    # A model that is sure of other years says nothing of these: all are alike.
    if cut.sum() < 1e-6:
        cut[begin : end + 1] = 1
    cut /= cut.sum()
    return cut


def _clamped(year: int, low: int | None, high: int | None) -> int:
    year = year if low is None else max(year, low)
    return year if high is None else min(year, high)
