"""How far labeling has come: what is labelled, who does how much, and when the next goal is met."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from itertools import count, pairwise
from statistics import median
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, case, func, select, union_all
from sqlalchemy.orm import Session, with_loader_criteria

from core.batched import batched
from core.genres import GENRES
from db.columns import UtcDay
from db.labels import ANSWERS, consensus, last_words, weak_labels
from db.models import Channel, Meme, MemeStatus, Sighting, Verdict, Vote
from db.years import year_by_meme

__all__ = [
    "BREAK",
    "FIRST_GOAL",
    "FIRST_GOAL_OF_GENRE",
    "DayVotes",
    "Pace",
    "Person",
    "Progress",
    "Status",
    "minutes_to",
    "next_goal",
    "progress",
]

BREAK: Final = timedelta(minutes=5)
"""Whoever says nothing for longer does something else meanwhile."""

FIRST_GOAL: Final = 100
FIRST_GOAL_OF_GENRE: Final = 50

_N_DAYS: Final = 90
_N_TIMED: Final = 1_000  # a person's last votes
_RECENT: Final = timedelta(minutes=30)  # of work, which the present pace is taken from
# A key on the Grid page answers for many memes in one moment: less work than this tells no pace.
_LEAST_WORK: Final = timedelta(minutes=1)
_N_ASKED: Final = 5_000  # ids in one question, which names each four times: SQLite takes 32,766


class Status(StrEnum):
    """How far people are with a meme."""

    LABELLED = "labelled"  # a genre, of one mind, or settled by somebody
    DISPUTED = "disputed"  # people differ
    NO_GENRE = "no_genre"  # no meme, or nobody could say which genre
    WAITING = "waiting"  # for an answer
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class DayVotes:
    """What one person answered on one day, in UTC."""

    day: date
    annotator: str
    n: int


@dataclass(frozen=True, slots=True)
class Person:
    """What one person answered."""

    annotator: str
    n: int
    median_s: float | None  # from one of the last votes to the next; None: no two in one go


@dataclass(frozen=True, slots=True)
class Pace:
    """How many labels came in the last of the work, of all people together."""

    labels: dict[str, int]  # by genre
    minutes: float  # of work

    def a_minute(self, genre: str | None = None) -> float:
        """Labels a minute, of one genre or of all."""
        n = sum(self.labels.values()) if genre is None else self.labels.get(genre, 0)
        return n / self.minutes


@dataclass(frozen=True, slots=True)
class Progress:
    """All that the Progress page tells; removed memes count in `statuses` alone."""

    statuses: dict[Status, int]  # memes, each once
    genres: dict[str, int]  # memes by what most people say, disputed or not
    weak: dict[str, int]  # memes without an answer, by what their communities suggest
    sources: dict[str, int]  # memes; one seen in several counts in each; the largest first
    years: dict[int | None, int]  # memes by `db.years`, in order; None last: unknown
    days: list[DayVotes]  # the last 90
    people: list[Person]  # whoever answered most comes first
    pace: Pace | None  # None: too little work to tell

    @property
    def n_memes(self) -> int:
        """Of those that may be shown."""
        return sum(self.statuses.values()) - self.statuses[Status.REMOVED]

    @property
    def n_labelled(self) -> int:
        """Memes that have a genre by what most people say."""
        return sum(self.genres.values())


def progress(session: Session, now: datetime) -> Progress:
    """How far labeling has come; votes that were undone do not count, nor do skips."""
    statuses, genres = _judged(session)
    memes = _memes(session)
    return Progress(
        statuses={
            Status.LABELLED: statuses[Status.LABELLED],
            Status.DISPUTED: statuses[Status.DISPUTED],
            Status.NO_GENRE: statuses[Status.NO_GENRE],
            Status.WAITING: memes[MemeStatus.ACTIVE] - statuses.total(),
            Status.REMOVED: memes[MemeStatus.REMOVED],
        },
        genres={genre.key: genres[genre.key] for genre in GENRES},
        weak=_weak(session),
        sources=_sources(session),
        years=_years(session),
        days=_days(session, now),
        people=_people(session),
        pace=_pace(session),
    )


def next_goal(n: int, first: int) -> int:
    """The first goal above n: 1, 2 and 5 times the powers of ten, from a first one on."""
    goals: Iterator[int] = (step * 10**power for power in count() for step in (1, 2, 5))
    return next(goal for goal in goals if goal >= first and goal > n)


def minutes_to(goal: int, n: int, a_minute: float) -> float | None:
    """How long it takes at a pace; None: it never comes."""
    return (goal - n) / a_minute if a_minute > 0 else None


_WHAT: Final[ColumnElement[str]] = func.coalesce(Vote.genre, Vote.verdict)
# An import casts its votes within seconds.
_BY_HAND: Final = Vote.channel.in_((Channel.LABEL, Channel.GRID, Channel.REVIEW))


def _removed() -> Select[int]:
    return select(Meme.id).where(Meme.status == MemeStatus.REMOVED)


def _memes(session: Session) -> Counter[str]:
    by_status = select(Meme.status, func.count()).group_by(Meme.status)
    return _counter(session, by_status)


def _judged(session: Session) -> tuple[Counter[Status], Counter[str]]:
    """Memes that people answered for: by status, and by the genre that most say.

    What people agree on is counted as it is. Only the memes on which somebody ever said something
    else go through the consensus, which takes three times as long.
    """
    by_meme = (
        select(Vote.meme_id, func.min(_WHAT).label("first"), func.max(_WHAT).label("last"))
        .where(*ANSWERS, Vote.meme_id.not_in(_removed()))
        .group_by(Vote.meme_id)
        .subquery()
    )
    is_one = by_meme.c.first == by_meme.c.last
    one, mixed = case((is_one, by_meme.c.first)), case((is_one, None), else_=by_meme.c.meme_id)
    statuses: Counter[Status] = Counter()
    genres: Counter[str] = Counter()
    several = []
    for what, meme, n in session.execute(select(one, mixed, func.count()).group_by(one, mixed)):
        if meme is None:
            _count(statuses, genres, what, n, is_disputed=False)
        else:
            several.append(meme)
    for some in batched(several, _N_ASKED):
        for row in session.execute(_of_several(some)):
            _count(statuses, genres, row.what, row.n, is_disputed=row.is_disputed)
    return statuses, genres


def _count(
    statuses: Counter[Status], genres: Counter[str], what: str, n: int, *, is_disputed: bool
) -> None:
    is_genre = what not in set(Verdict)
    if is_genre:
        genres[what] += n
    if is_disputed:
        statuses[Status.DISPUTED] += n
    else:
        statuses[Status.LABELLED if is_genre else Status.NO_GENRE] += n


def _of_several(memes: Sequence[int]) -> Select[str, bool, int]:
    """What most say of these memes, and whether the last words on them differ, unsettled."""
    last = last_words(memes).c
    said = func.coalesce(last.genre, last.verdict)
    disputed = (
        select(last.meme_id)
        .group_by(last.meme_id)
        .having(func.min(said) != func.max(said))
        .having(func.max(case((last.settles, 1), else_=0)) == 0)
    )
    agreed = consensus(memes).subquery()
    what = func.coalesce(agreed.c.genre, agreed.c.verdict).label("what")
    is_disputed = agreed.c.meme_id.in_(disputed).label("is_disputed")
    return select(what, is_disputed, func.count().label("n")).group_by(what, is_disputed)


def _weak(session: Session) -> dict[str, int]:
    weak = weak_labels().subquery()
    judged = select(Vote.meme_id).where(*ANSWERS)
    is_open = Sighting.meme_id.not_in(union_all(judged, _removed()))
    found = _counter(
        session,
        select(weak.c.genre, func.count())
        .group_by(weak.c.genre)
        # Inside, before the communities are compared: half the time.
        .options(with_loader_criteria(Sighting, is_open)),
    )
    return {genre.key: found[genre.key] for genre in GENRES}


def _sources(session: Session) -> dict[str, int]:
    n = func.count(Sighting.meme_id.distinct())
    query = (
        select(Sighting.source, n)
        .where(Sighting.meme_id.not_in(_removed()))
        .group_by(Sighting.source)
        .order_by(n.desc(), Sighting.source)
    )
    return dict(_counter(session, query))


def _years(session: Session) -> dict[int | None, int]:
    of_meme = year_by_meme().subquery().c
    year = of_meme.year
    query = select(year, func.count()).where(of_meme.meme_id.not_in(_removed())).group_by(year)
    return dict(_counter(session, query.order_by(year.is_(None), year)))


def _days(session: Session, now: datetime) -> list[DayVotes]:
    since = datetime.combine(now.astimezone(UTC), time(), UTC) - timedelta(days=_N_DAYS - 1)
    day = UtcDay(Vote.created_at).label("day")
    query = (
        select(day, Vote.annotator, func.count())
        .where(*ANSWERS, Vote.created_at >= since)
        .group_by(day, Vote.annotator)
        .order_by(day, Vote.annotator)
    )
    return [DayVotes(date.fromisoformat(day), who, n) for day, who, n in session.execute(query)]


def _people(session: Session) -> list[Person]:
    query = (
        select(Vote.annotator, func.count())
        .where(*ANSWERS)
        .group_by(Vote.annotator)
        .order_by(func.count().desc(), Vote.annotator)
    )
    return [Person(who, n, _median_s(session, who)) for who, n in session.execute(query).all()]


def _median_s(session: Session, annotator: str) -> float | None:
    """Every vote took its time, also a skip, and one that was undone."""
    latest = (
        select(Vote.created_at)
        .where(Vote.annotator == annotator, _BY_HAND)
        .order_by(Vote.created_at.desc())
        .limit(_N_TIMED)
    )
    gaps = [later - earlier for later, earlier in pairwise(session.scalars(latest))]
    times = [gap.total_seconds() for gap in gaps if gap <= BREAK]
    return median(times) if times else None


def _pace(session: Session) -> Pace | None:
    labels: Counter[str] = Counter()
    work = timedelta()
    for (later, genre), (earlier, _) in pairwise(_latest(session)):
        gap = max(later - earlier, timedelta())  # of two transactions, the first may end last
        if gap > BREAK:
            continue
        work += gap
        if genre is not None:
            labels[genre] += 1
        if work >= _RECENT:
            break
    return Pace(dict(labels), work / timedelta(minutes=1)) if work >= _LEAST_WORK else None


def _latest(session: Session) -> Iterator[tuple[datetime, str | None]]:
    """When each vote was cast, the last first, and the genre that it stands for."""
    genre = case((Vote.undone_at.is_(None), Vote.genre))
    query = select(Vote.created_at, genre).where(_BY_HAND).order_by(Vote.id.desc())
    with session.execute(query.execution_options(yield_per=500)) as rows:
        yield from rows


def _counter(session: Session, query: Select[Any, int]) -> Counter[Any]:
    """The rows of a query, a value and how often it is there, in their order."""
    return Counter({value: n for value, n in session.execute(query)})  # noqa: C416
