"""When a meme was made, by all the evidence there is, with the reasons in words.

The model says how it looks. A date that is written in it says more: that of a post is hardly ever
before the meme, and mostly of the same year. What the collection knows bounds both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import numpy.typing as npt

from core.written_dates import WrittenDate

if TYPE_CHECKING:
    from training.classifier import Prediction

__all__ = ["YearRange", "by_dates", "told", "within", "year_percentiles"]

Floats = npt.NDArray[np.float32]

# How many of a hundred memes that show a post were made in the post's year, the next and so on;
# the rest are far older posts, shown again, and dates that were misread. Of 59 real ones whose
# year is known to two years at most: 50, 5, 0, 1, 1, and four later (docs/results.md).
_SINCE_POST: Final = (85.0, 7.0, 2.0, 1.0)
_LONG_SINCE: Final = 0.5
_BEFORE_POST: Final = 0.1
# So much of the model's word is given to all years alike: it is never sure enough to gainsay a
# date.
_DOUBT: Final = 0.2

_VAGUE: Final = 7  # years: a wider range says little
_EARLY: Final = 2008  # hardly a meme is much older: a range from here on has no beginning


@dataclass(frozen=True, slots=True)
class YearRange:
    """When a meme was made, as a distribution over years has it."""

    value: int  # the median
    low: int  # one in ten was made before it
    high: int  # one in ten was made after it
    reasons: tuple[str, ...] = ()  # what speaks for it, in words

    def as_dict(self) -> dict[str, Any]:
        """In the form that the API and the command line give."""
        return {
            "value": self.value,
            "low": self.low,
            "high": self.high,
            "text": self.text,
            "vague": self.is_vague,
            "reasons": list(self.reasons),
        }

    @property
    def is_vague(self) -> bool:
        """Whether it says so little that a curve of it would mislead."""
        return self.high - self.low > _VAGUE

    @property
    def text(self) -> str:
        """In words, to stand after "made"."""
        if self.low == self.high:
            return f"in {self.value}"
        if self.low + 1 == self.high:
            return f"in {self.low} or {self.high}"
        if not self.is_vague:
            return f"between {self.low} and {self.high}, about {self.value}"
        since = f"before {self.high + 1}" if self.low <= _EARLY else f"{self.low} to {self.high}"
        return f"{since}, no closer"


def told(years: Floats, look: Floats, first_year: int, dates: Sequence[WrittenDate]) -> YearRange:
    """The range of a distribution over years, with its reasons.

    Args:
        years: how likely each is, (n_years,).
        look: the same, by the model's look alone.
        first_year: which the first of them is.
        dates: that are written in the meme.
    """
    low, value, high = (int(year) for year in year_percentiles(years, first_year))
    if (post := _last_post(dates)) is not None:
        return YearRange(value, low, high, (f"a date is written in it: {post.text}",))
    looks_low, _, looks_high = year_percentiles(look, first_year)
    if looks_high - looks_low > _VAGUE:
        return YearRange(value, low, high)
    return YearRange(value, low, high, (f"the look: {looks_low}-{looks_high}",))


def by_dates(look: Floats, first_year: int, dates: Sequence[WrittenDate]) -> Floats:
    """How likely each year is, once the dates that are written in a meme count too.

    Args:
        look: how likely each is by the model's look, (n_years,).
        first_year: which the first of them is.
        dates: of which the last of a post counts: what shows it is no older.

    Returns:
        (n_years,), the look itself where no date is that of a post.
    """
    post = _last_post(dates)
    if post is None or not first_year <= post.year < first_year + len(look):
        return look
    since = first_year + np.arange(len(look)) - post.year
    counts = np.where(since < 0, _BEFORE_POST, _LONG_SINCE)
    for n_years, share in enumerate(_SINCE_POST):
        counts[since == n_years] = share
    weighed = counts * ((1 - _DOUBT) * look + _DOUBT / len(look))
    return np.asarray(weighed / weighed.sum(), np.float32)


def within(said: "Prediction", model_first: int, low: int | None, high: int | None) -> "Prediction":
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
        year = YearRange(middle, first, last, said.year.reasons)
    known = [
        f"known to be no older than {low}" if low is not None else "",
        f"seen by {high}" if high is not None else "",
    ]
    year = replace(year, reasons=(*filter(None, known), *year.reasons))
    return replace(said, year=year, answer=replace(said.answer, years=years))


def year_percentiles(years: Floats, first_year: int) -> npt.NDArray[np.int64]:
    """The tenth, the fiftieth and the ninetieth percentile of distributions over years.

    Args:
        years: (..., n_years), how likely each is.
        first_year: which the first of them is.

    Returns:
        (3, ...): the years by whose end so many tenths lie.
    """
    up_to = np.cumsum(years, axis=-1)
    places = [(up_to < share).sum(axis=-1) for share in (0.1, 0.5, 0.9)]
    return np.asarray(first_year + np.minimum(places, years.shape[-1] - 1))


def _last_post(dates: Sequence[WrittenDate]) -> WrittenDate | None:
    return max((date for date in dates if date.is_of_post), key=lambda d: d.year, default=None)


def _cut(years: Floats, model_first: int, low: int | None, high: int | None) -> Floats:
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
