"""Dates as posts show them, in the languages and the misreadings of real ones."""

import pytest

from core.words import Line
from core.written_dates import written_dates


def years(*texts: str, last_year: int = 2026) -> list[tuple[int, bool]]:
    """The year of each date in lines of these texts, and whether it is a post's."""
    lines = [Line(text, (0.1, 0.1, 0.9, 0.2), 0.9) for text in texts]
    return [(date.year, date.is_of_post) for date in written_dates(lines, last_year)]


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("2:31 PM · May 4, 2020 · Twitter for iPhone", 2020),
        ("8:20 AM·29 Aug 18", 2018),
        ("7/24/18, 4:57 AM", 2018),
        ("11:09 PM·12/18/18 · Twitter for Android", 2018),
        ("16:40 - 3 sept. 2017", 2017),
        ("11:05 - 13 sept. 2017 desde Bogotá. D.C. Colombia", 2017),
        ("2:32 PM· 23 ago. 17 desde Neiva, Colombia", 2017),
        ("1:03 vorm. · 21. Juli 2019 · Twitter Web App", 2019),
        ("6:12 PM - 14 Apr 2019", 2019),
        ("12:30 PM·11 May 20·Buffer", 2020),
        ("9:41 AM · 17May 15", 2015),
        ("12 de marzo de 2016 a las 18:43", 2016),
        ("18:02 · 19 out 20", 2020),
        ("10:12 - 4 февр. 2018", 2018),
        ("午後3:04 · 2019年5月12日", 2019),
        ("2016-03-02 14:05", 2016),
        ("Posted by somebody on Aug 3. 2014", 2014),
        ("November 2nd, 2013 at 9:12 PM", 2013),
    ],
)
def test_the_date_of_a_post_is_read(text: str, year: int) -> None:
    assert years(text) == [(year, True)]


@pytest.mark.parametrize("text", ["June 23, 2023", "from 3 March 2015 on", "31.12.2019"])
def test_a_date_alone_may_be_of_anything(text: str) -> None:
    ((_, is_of_post),) = years(text)
    assert not is_of_post


@pytest.mark.parametrize(
    "text",
    [
        "Matt Oswalt @MattOswaltVA · 2h",
        "Ben of the Beard@BenBeard6819921·Oct 16",
        "2020 be like",
        "7/10 would watch 24/7, 9/11 never forget",
        "10/18/23",  # a score as well as a date, where no time stands beside it
        "call 555-12-2019-44",
        "13/13/2019 4:05 PM",
        "12:30 PM 31 men 2019",
        "3:33 PM - Mar 13, 2000 - Twitter for iPhone",  # 2020, misread: there was no Twitter
        "version 2.10.2015.3",
        "Your package arrives 9:00 AM, May 5, 2031",
        "I have 3 may 20 be mine",
        "",
    ],
)
def test_what_only_looks_like_one_is_none(text: str) -> None:
    assert years(text) == []


def test_each_line_is_read_and_no_date_twice() -> None:
    assert years("Apr 9, 2014, 5:03 PM", "so i see", "5:04 PM 10 Apr 2014") == [
        (2014, True),
        (2014, True),
    ]
    assert years("2019-05-04 12:00") == [(2019, True)]
    assert years("1:00 PM · 5 Jan 2024", last_year=2023) == []
