"""When a meme was made, as far as sightings and people tell: one rule, in Python and in SQL.

It is no younger than where it was seen first. Only a source or a person that knows more says that
it is no older. Of those that contradict each other, the one that says earliest is right. A person
has one word on each meme: the years of their last vote that stands and has any, whatever else that
vote says; those of a visitor's correction never count.

Years are those of UTC, whatever time zone the database's session is in. A year that cannot be is
as good as none: one before FIRST_YEAR (a clock at its epoch, a slip of the pen), or after that in
which the sighting was recorded (a clock ahead). People's are looked at before they are kept
(`db.labels.cast`).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import (
    ColumnElement,
    Integer,
    ScalarSelect,
    Select,
    Subquery,
    case,
    cast,
    func,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from db.columns import UtcDay
from db.models import Channel, Meme, Sighting, Vote

__all__ = [
    "FIRST_YEAR",
    "Clues",
    "Telling",
    "Years",
    "believed",
    "clues_of",
    "posted_at_believed",
    "said_of",
    "told_of",
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


@dataclass(frozen=True, slots=True)
class Clues:
    """What is known of when a meme was made, by who says so."""

    seen: int | None  # the year of the first post of it
    sources: Years  # what sources say besides
    people: Years


def years_of(sightings: Iterable[Telling], said: Iterable[Years]) -> Years:
    """The years in which a meme can have been made.

    Args:
        sightings: all of the meme's.
        said: what people say of it, as `said_of` has it.
    """
    sightings = list(sightings)
    posts = (Years(None, _posted(seen)) for seen in sightings)
    return _agreed([*map(_of_source, sightings), *posts, *said])


def clues_of(sightings: Iterable[Telling], said: Iterable[Years]) -> Clues:
    """The same by who says so."""
    sightings = list(sightings)
    posted = (year for seen in sightings if (year := _posted(seen)) is not None)
    return Clues(min(posted, default=None), _agreed(map(_of_source, sightings)), _agreed(said))


def told_of(
    session: Session, meme_ids: Sequence[int]
) -> dict[int, tuple[list[Telling], list[Years]]]:
    """All that tells of when these memes were made: sightings, and what people say."""
    told: dict[int, tuple[list[Any], list[Years]]] = {meme: ([], []) for meme in meme_ids}
    seen = select(
        Sighting.meme_id,
        Sighting.year_low,
        Sighting.year_high,
        Sighting.posted_at,
        Sighting.crawled_at,
    )
    for row in session.execute(seen.where(Sighting.meme_id.in_(meme_ids))):
        told[row.meme_id][0].append(row)
    for meme, years in said_of(session, meme_ids).items():
        told[meme][1].extend(years)
    return told


def said_of(session: Session, among: Sequence[int] | None = None) -> dict[int, list[Years]]:
    """What people say of when memes were made, each person once; of all memes, or of some."""
    query = select(Vote.meme_id, Vote.year_low, Vote.year_high).where(*_counted())
    if among is not None:
        query = query.where(Vote.meme_id.in_(among))
    said: dict[int, list[Years]] = {}
    for meme, low, high in session.execute(query):
        said.setdefault(meme, []).append(Years(low, high))
    return said


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


def year_by_meme(among: Sequence[int] | None = None) -> Select[int, int | None]:
    """The query for the last year in which each meme can have been made; of all memes, or of some.

    Its columns are meme_id and year: the `high` of `years_of`.
    """
    told = _told(lambda meme: true() if among is None else meme.in_(among))
    return select(told.c.meme_id, func.min(told.c.year).label("year")).group_by(told.c.meme_id)


def year_of_meme() -> ScalarSelect[int | None]:
    """The same of the `Meme` of the query that this is part of."""
    told = _told(lambda meme: meme == Meme.id)
    return select(func.min(told.c.year)).scalar_subquery()


def _told(is_asked: Callable[[InstrumentedAttribute[int]], ColumnElement[bool]]) -> Subquery:
    """The years that memes are no younger than, as each sighting and each person has it."""
    seen = select(Sighting.meme_id, _last_year().label("year")).where(is_asked(Sighting.meme_id))
    said = select(Vote.meme_id, Vote.year_high).where(is_asked(Vote.meme_id), *_counted())
    return union_all(seen.correlate(Meme), said.correlate(Meme)).subquery()


def _last_year() -> ColumnElement[int | None]:
    """The year that a meme is no younger than, as one sighting has it."""
    posted, told = (_if_it_can_be(year) for year in (_year(Sighting.posted_at), Sighting.year_high))
    # Not least(): in SQLite that is min(), and NULL where either is.
    return case((told.is_(None), posted), (posted < told, posted), else_=told)


def _counted() -> tuple[ColumnElement[bool], ...]:
    """Which votes' years count: of each person the last that stands."""
    later = aliased(Vote)
    said_again = select(later.id).where(
        later.meme_id == Vote.meme_id,
        later.annotator == Vote.annotator,
        later.id > Vote.id,
        *_tells(later),
    )
    return *_tells(Vote), ~said_again.exists()


def _tells(vote: type[Vote]) -> tuple[ColumnElement[bool], ...]:
    """Whether a vote tells years; the index of these alone is used (`Vote.__table_args__`)."""
    return (
        vote.year_high.is_not(None),
        vote.undone_at.is_(None),
        vote.channel != Channel.CORRECTION,
    )


def _of_source(seen: Telling) -> Years:
    """What a source says of when a meme was made, besides that it was seen there."""
    low, high = (
        year if year and _can_be(year, seen.crawled_at) else None
        for year in (seen.year_low, seen.year_high)
    )
    return Years(low, high)


def _posted(seen: Telling) -> int | None:
    posted_at = believed(seen.posted_at, seen.crawled_at)
    return None if posted_at is None else posted_at.year


def _agreed(told: Iterable[Years]) -> Years:
    told = list(told)
    high = min((years.high for years in told if years.high is not None), default=None)
    lows = [years.low for years in told if years.low is not None]
    return Years(max((low for low in lows if high is None or low <= high), default=None), high)


def _can_be(year: int, crawled_at: datetime) -> bool:
    return FIRST_YEAR <= year <= crawled_at.astimezone(UTC).year


def _if_it_can_be(year: Any) -> ColumnElement[int | None]:
    return case((year.between(FIRST_YEAR, _year(Sighting.crawled_at)), year))


def _year(time: InstrumentedAttribute[Any]) -> ColumnElement[int]:
    return cast(func.substr(UtcDay(time), 1, 4), Integer)
