"""When a meme was made, as far as its sightings tell: one rule, in Python and for the database.

It is no younger than where it was seen first. Only a source that knows more says that it is no
older. Years are those of UTC, whatever time zone the database's session is in. A year that cannot
be is as good as none: one before FIRST_YEAR (a clock at its epoch, a slip of the pen), or after
that in which the sighting was recorded (a clock ahead).
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import ColumnElement, Integer, ScalarSelect, Select, case, cast, func, select
from sqlalchemy.orm import InstrumentedAttribute

from db.columns import UtcDay
from db.models import Meme, Sighting

__all__ = [
    "FIRST_YEAR",
    "Telling",
    "Years",
    "believed",
    "posted_at_believed",
    "year_by_meme",
    "year_of_meme",
    "years_of",
]

FIRST_YEAR: Final = 1990
"""Nothing on the web is older; before, the word meant something else."""


class Telling(Protocol):
    """What a sighting says of when: a `Sighting`, or a row with these columns."""

    @property
    def year_low(self) -> int | None: ...
    @property
    def year_high(self) -> int | None: ...
    @property
    def posted_at(self) -> datetime | None: ...
    @property
    def crawled_at(self) -> datetime: ...


class Years(NamedTuple):
    """The first and the last year in which a meme can have been made; None: nothing is known."""

    low: int | None
    high: int | None


def years_of(sightings: Iterable[Telling]) -> Years:
    """The years in which a meme can have been made, by all its sightings.

    Of sources that contradict each other, the one that saw it first is right.
    """
    lows, highs = [], []
    for seen in sightings:
        posted = believed(seen.posted_at, seen.crawled_at)
        told = [seen.year_high, posted and posted.year]
        highs += [year for year in told if year and _can_be(year, seen.crawled_at)]
        if seen.year_low and _can_be(seen.year_low, seen.crawled_at):
            lows.append(seen.year_low)
    high = min(highs, default=None)
    return Years(max((low for low in lows if high is None or low <= high), default=None), high)


def believed(posted_at: datetime | None, crawled_at: datetime) -> datetime | None:
    """The time of a post, in UTC, where it can be true."""
    if posted_at is None:
        return None
    posted_at = posted_at.astimezone(UTC)
    return posted_at if _can_be(posted_at.year, crawled_at) else None


def posted_at_believed() -> ColumnElement[datetime | None]:
    """The same of a `Sighting`, for the database."""
    year = _if_it_can_be(_year(Sighting.posted_at))
    return case((year.is_not(None), Sighting.posted_at))


def year_by_meme() -> Select[int, int | None]:
    """The query for the last year in which each meme that was seen can have been made.

    Its columns are meme_id and year: the `high` of `years_of`.
    """
    year = func.min(_last_year()).label("year")
    return select(Sighting.meme_id, year).group_by(Sighting.meme_id)


def year_of_meme() -> ScalarSelect[int | None]:
    """The same of the `Meme` of the query that this is part of."""
    return select(func.min(_last_year())).where(Sighting.meme_id == Meme.id).scalar_subquery()


def _last_year() -> ColumnElement[int | None]:
    """The year that a meme is no younger than, as one sighting has it."""
    posted, told = (_if_it_can_be(year) for year in (_year(Sighting.posted_at), Sighting.year_high))
    # Not least(): in SQLite that is min(), and NULL where either is.
    return case((told.is_(None), posted), (posted < told, posted), else_=told)


def _can_be(year: int, crawled_at: datetime) -> bool:
    return FIRST_YEAR <= year <= crawled_at.astimezone(UTC).year


def _if_it_can_be(year: Any) -> ColumnElement[int | None]:
    return case((year.between(FIRST_YEAR, _year(Sighting.crawled_at)), year))


def _year(time: InstrumentedAttribute[Any]) -> ColumnElement[int]:
    return cast(func.substr(UtcDay(time), 1, 4), Integer)
