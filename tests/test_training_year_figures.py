"""The figures of years, checked by hand."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tests.test_training_assess import answers
from training.answers import Answers
from training.year_figures import year_figures

Said = int | dict[int, float]  # a year that is sure, or how likely some are


def told(said: Sequence[Said], *known: tuple[int | None, int | None]) -> Answers:
    """Answers from 2010 to 2025, and the years in which each meme was made."""
    n = len(known)
    years = np.zeros((n, 16), np.float32)
    for i, one in enumerate(said):
        for year, share in ({one: 1.0} if isinstance(one, int) else one).items():
            years[i, year - 2010] = share
    without = answers(["ironic"] * n, [[0, 1, 0]] * n)
    rows = [
        replace(row, year_low=low, year_high=high)
        for row, (low, high) in zip(without.rows, known, strict=True)
    ]
    return replace(without, rows=rows, first_year=2010, years=years)


def test_distances_are_to_the_interval_and_eras_count_alike() -> None:
    figures = year_figures(
        told([2012, 2015, 2020, 2021, 2019], *[(2012, 2012), (2012, 2013)], *[(2020, 2021)] * 3)
    )
    assert figures is not None
    # Off by 0 and 2 in the first era, by 0, 0 and 1 in the fourth.
    assert (figures.n, figures.off) == (5, round(3 / 5, 4))
    assert figures.by_era == {"to 2013": (2, 1.0), "2020-2022": (3, round(1 / 3, 4))}
    assert figures.eras_off == round((1 + 1 / 3) / 2, 4)
    # 2020 is off by 8 and 7; of all years between the eras the sum of both averages is the same,
    # 7.5 and 0, but for those before 2013 or after 2020.
    assert (figures.constant, figures.constant_off) == (2020, round(15 / 5, 4))
    assert figures.eras_constant_off == round(7.5 / 2, 4)
    assert str(figures).startswith("year 0.6 years off, always saying 2020 is 3.0 off; over eras")


def test_a_constant_is_no_better_than_itself() -> None:
    figures = year_figures(told([2014] * 4, (2012, 2012), (2014, 2014), (2014, 2015), (2016, 2017)))
    assert figures is not None
    assert figures.off == figures.constant_off == 1.0
    assert figures.constant == 2014
    assert figures.eras_off >= figures.eras_constant_off


def test_ranges_are_right_where_they_touch_and_their_width_is_told() -> None:
    wide: Said = {2011: 0.2, 2013: 0.5, 2017: 0.3}  # from 2011 to 2017
    figures = year_figures(told([wide, wide, 2015], (2017, 2018), (2018, 2018), (2015, 2015)))
    assert figures is not None
    assert figures.coverage == round(2 / 3, 4)
    assert figures.width == 6.0


def test_bounds_and_wide_intervals_do_not_count() -> None:
    unknown = [(None, 2012), (2012, None), (2012, 2014), (None, None), (2014, 2012)]
    assert year_figures(told([2012] * 5, *unknown)) is None
    figures = year_figures(told([2012] * 6, *unknown, (2012, 2013)))
    assert figures is not None
    assert (figures.n, figures.off) == (1, 0.0)
    before = year_figures(told([2010], (1999, 2000)))  # before the first year that can be told
    assert before is not None
    assert before.off == 0.0
