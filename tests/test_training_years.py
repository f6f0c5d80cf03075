"""The years of an answer: what the evidence says, never against what the collection knows."""

import numpy as np
import pytest

from core.written_dates import WrittenDate
from training.classifier import Answer, GenreScore, Prediction
from training.years import YearRange, by_dates, told, within

FIRST = 2005


def said(*likely: int) -> Prediction:
    """A model that is sure of these years alone, each as likely, of 2005 to 2026."""
    years = np.zeros(22, np.float32)
    years[[year - FIRST for year in likely]] = 1 / len(likely)
    nothing = np.zeros(1, np.float32)
    answer = Answer(nothing, years, years, nothing, nothing)
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


def test_what_is_known_is_a_reason() -> None:
    assert within(said(2008, 2009), FIRST, None, 2008).year.reasons == ("seen by 2008",)
    got = within(said(2015), FIRST, 2014, 2020).year
    assert got.reasons == ("known to be no older than 2014", "seen by 2020")


FLAT = np.full(22, 1 / 22, np.float32)


def post(year: int) -> WrittenDate:
    """The date of a post."""
    return WrittenDate(year, f"May 4, {year}", is_of_post=True)


def test_the_date_of_a_post_is_nearly_always_the_year_and_the_last_one_counts() -> None:
    years = by_dates(FLAT, FIRST, [post(2014), post(2018)])
    assert years.sum() == pytest.approx(1)
    assert years.argmax() + FIRST == 2018
    assert years[2018 - FIRST] > 0.8
    assert years[: 2018 - FIRST].sum() < 0.02
    assert years[2019 - FIRST] > years[2020 - FIRST] > years[2024 - FIRST] > 0
    assert told(years, FLAT, FIRST, [post(2014), post(2018)]) == YearRange(
        2018, 2018, 2019, ("a date is written in it: May 4, 2018",)
    )


def test_no_look_gainsays_a_date_but_between_years_it_decides() -> None:
    sure = said(2009).answer.years
    assert by_dates(sure, FIRST, [post(2020)]).argmax() + FIRST == 2020
    later = np.zeros(22, np.float32)
    later[2021 - FIRST] = 1
    one, other = (by_dates(look, FIRST, [post(2020)]) for look in (FLAT, later))
    assert other[2021 - FIRST] > 5 * one[2021 - FIRST]


def test_dates_of_no_post_and_of_no_year_that_the_model_knows_say_nothing() -> None:
    written = WrittenDate(2018, "5 May 2018", is_of_post=False)
    assert by_dates(FLAT, FIRST, [written, post(2050)]) is FLAT
    assert by_dates(FLAT, FIRST, []) is FLAT


def test_a_look_that_says_little_is_no_reason_and_is_told_as_such() -> None:
    flat = told(FLAT, FLAT, FIRST, [])
    assert (flat.reasons, flat.is_vague) == ((), True)
    assert flat.text == "before 2025, no closer"
    late = np.where(np.arange(22) >= 10, 1 / 12, 0).astype(np.float32)
    assert told(late, late, FIRST, []).text == "2016 to 2025, no closer"
    near = said(2014, 2015, 2016).answer.years
    assert told(near, near, FIRST, []) == YearRange(2015, 2014, 2016, ("the look: 2014-2016",))
    assert told(near, near, FIRST, []).text == "between 2014 and 2016, about 2015"
    assert YearRange(2016, 2016, 2016).text == "in 2016"
    assert YearRange(2016, 2016, 2017).text == "in 2016 or 2017"


def test_the_year_is_the_median_and_what_lies_between_the_first_and_the_last_tenth() -> None:
    years = np.zeros(22, np.float32)
    years[[3, 10, 11, 15]] = [0.05, 0.3, 0.4, 0.25]  # 2008, 2015, 2016, 2020
    got = told(years, years, FIRST, [])
    assert (got.value, got.low, got.high) == (2016, 2015, 2020)
