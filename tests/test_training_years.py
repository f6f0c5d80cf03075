"""The years of an answer never contradict what the collection knows."""

import numpy as np
import pytest

from training.classifier import Answer, GenreScore, Prediction, YearRange
from training.years import within

FIRST = 2005


def said(*likely: int) -> Prediction:
    """A model that is sure of these years alone, each as likely, of 2005 to 2026."""
    years = np.zeros(22, np.float32)
    years[[year - FIRST for year in likely]] = 1 / len(likely)
    nothing = np.zeros(1, np.float32)
    answer = Answer(nothing, years, nothing, nothing)
    middle = sorted(likely)[(len(likely) - 1) // 2]
    year = YearRange(middle, min(likely), max(likely))
    return Prediction("v", (GenreScore("ironic", 1.0),), year, None, False, 1.0, answer)


@pytest.mark.parametrize(
    ("likely", "low", "high", "expected"),
    [
        ((2005, 2006, 2007, 2008), None, 2020, (2006, 2005, 2008)),  # no contradiction
        ((2018, 2019, 2020, 2021), None, 2019, (2018, 2018, 2019)),
        ((2018, 2019, 2020, 2021), 2020, None, (2020, 2020, 2021)),
        ((2010, 2020), 2012, 2018, (2015, 2012, 2018)),  # around it, none within
        ((2022, 2023), None, 2015, (2015, 2015, 2015)),  # wholly after
        ((2022, 2023), 2013, 2015, (2015, 2013, 2015)),
        ((2007, 2008), 2019, None, (2019, 2019, 2019)),  # wholly before
        ((2007, 2008), 2019, 2020, (2019, 2019, 2020)),
        ((2007, 2008), None, 2003, (2003, 2003, 2003)),  # before all that the model tells of
        ((2007, 2008), 2007, 2007, (2007, 2007, 2007)),
    ],
)
def test_years_lie_within_what_is_known(
    likely: tuple[int, ...],
    low: int | None,
    high: int | None,
    expected: tuple[int, int, int],
) -> None:
    got = within(said(*likely), FIRST, low, high)
    assert (got.year.value, got.year.low, got.year.high) == expected
    years = got.answer.years
    assert years.sum() == pytest.approx(1)
    possible = np.flatnonzero(years) + FIRST
    assert low is None or min(possible) >= low
    assert high is None or max(possible) <= max(high, FIRST)
    for year in (got.year.low, got.year.value, got.year.high):
        assert low is None or year >= low
        assert high is None or year <= high


def test_where_nothing_is_known_nothing_is_changed() -> None:
    one = said(2008, 2009)
    assert within(one, FIRST, None, None) is one
