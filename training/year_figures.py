"""How well years were told: by memes of which is known when they were made, beside a constant.

A bound says little: where only the last year is known, whatever is early enough is right, and so is
a constant. What counts here is how far an answer is from a narrow interval; and, as most memes of a
collection are from the same few years, that distance averaged over eras.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from training.answers import Answers
from training.years import year_percentiles

__all__ = ["YearFigures", "year_figures"]

_WIDEST: Final = 2  # years: of wider intervals, an answer is right too easily
_ERAS_FROM: Final = (0, 2014, 2017, 2020, 2023)  # up to the next

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class YearFigures:
    """Over memes that were made within two years at most which are known.

    Distances are in years, from the median answered to the nearest year of the interval.
    """

    n: int
    off: float  # the distance on average
    constant: int  # the year that, always answered, has the least
    constant_off: float
    eras_off: float  # the average over eras, each counting alike
    eras_constant_off: float  # the least that always answering one year has there
    by_era: dict[str, tuple[int, float]]  # memes and distance, by the era's first and last year
    coverage: (
        float  # the share of ranges, from the tenth to the ninetieth percentile, that touch it
    )
    width: float  # years of the range, the median

    def __str__(self) -> str:
        return (
            f"year {self.off:.1f} years off, always saying {self.constant} is "
            f"{self.constant_off:.1f} off; over eras {self.eras_off:.1f}, a constant "
            f"{self.eras_constant_off:.1f}; ranges of {self.width:.0f} years, "
            f"right for {self.coverage:.0%}; of {self.n} memes"
        )


def year_figures(answers: Answers) -> YearFigures | None:
    """The figures; None: of no meme is known when it was made, to two years."""
    first, last = answers.first_year, answers.first_year + answers.years.shape[1] - 1
    narrow = [
        (i, max(first, row.year_low), max(first, row.year_high))
        for i, row in enumerate(answers.rows)
        if row.year_low is not None
        and row.year_high is not None
        and row.year_low <= row.year_high < row.year_low + _WIDEST
    ]
    if not narrow:
        return None
    at, lowest, highest = np.array(narrow, np.int64).T  # (n,) each
    low, middle, high = year_percentiles(answers.years[at], first)
    off = _off(middle, lowest, highest)
    constants = np.arange(first, last + 1)
    constants_off = _off(constants[:, None], lowest, highest)  # (n_years, n)
    best = int(constants_off.mean(axis=1).argmin())
    era = np.searchsorted(_ERAS_FROM, highest, side="right") - 1
    eras = [np.flatnonzero(era == number) for number in np.unique(era)]
    over_eras = np.mean([constants_off[:, those].mean(axis=1) for those in eras], axis=0)
    return YearFigures(
        n=len(at),
        off=_rounded(off.mean()),
        constant=int(constants[best]),
        constant_off=_rounded(constants_off[best].mean()),
        eras_off=_rounded(np.mean([off[those].mean() for those in eras])),
        eras_constant_off=_rounded(over_eras.min()),
        by_era={_name(era[those[0]]): (len(those), _rounded(off[those].mean())) for those in eras},
        coverage=_rounded(((low <= highest) & (high >= lowest)).mean()),
        width=_rounded(np.median(high - low)),
    )


def _off(year: Integers, lowest: Integers, highest: Integers) -> Integers:
    """Years from one to the nearest of an interval."""
    off: Integers = np.maximum(0, np.maximum(lowest - year, year - highest))
    return off


def _name(era: int) -> str:
    begins, ends = [*_ERAS_FROM, None][era : era + 2]
    if not begins:
        return f"to {ends - 1}" if ends else "all"
    return f"{begins}-{ends - 1}" if ends else f"from {begins}"


def _rounded(value: Any) -> float:
    return round(float(value), 4)
