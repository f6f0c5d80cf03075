"""Which memes still want an answer, and who is looking at which: nobody is asked without need."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, Subquery, case, delete, func, or_, select
from sqlalchemy.orm import Session

from core.genres import GENRES
from db.columns import contains_word
from db.engine import lock_leases
from db.models import Lease, Meme, MemeStatus, Prediction, Sighting, Verdict, Vote
from db.years import year_of_meme

__all__ = [
    "LEASE",
    "Filters",
    "Overlap",
    "Sources",
    "answered_by",
    "judged_families",
    "labelled_by",
    "labels_by_genre",
    "lease",
    "leased_to",
    "newest_model",
    "open_families",
    "release",
    "renew",
    "sources",
    "wanting",
]

LEASE: Final = timedelta(minutes=10)
"""How long a meme is kept for whoever was given it; the page renews it while it is open."""

_SHA256_SPAN: Final = 1 << 32  # of its first eight hex digits


@dataclass(frozen=True, slots=True)
class Overlap:
    """How many people judge each meme: all of them one, and a share of them several.

    Which ones is told by their SHA-256, so that it is the same for everybody and for good.
    """

    share: float = 0.0  # of the memes, 0 to 1
    votes: int = 2  # that those want

    def wanted(self, sha256: str) -> int:
        """How many people are to judge a meme."""
        return self.votes if int(sha256[:8], 16) < self._bound else 1

    @property
    def column(self) -> ColumnElement[int]:
        """The same for the database."""
        if self._bound == 0:
            return case((Meme.id > 0, 1))
        below = Meme.sha256 < f"{self._bound:08x}" if self._bound < _SHA256_SPAN else Meme.id > 0
        return case((below, self.votes), else_=1)

    @property
    def _bound(self) -> int:
        return round(self.share * _SHA256_SPAN)


@dataclass(frozen=True, slots=True)
class Filters:
    """Which memes are wanted; what is None or empty says nothing."""

    source: str | None = None
    community: str | None = None
    year_low: int | None = None
    year_high: int | None = None
    words: str = ""  # each of them in the picture or in a title
    suggested: str | None = None  # the genre that the newest model suggests
    template_id: int | None = None  # of this family

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """The same for the database; with `suggested`, the query has joined `Prediction`."""
        seen = select(Sighting.id).where(Sighting.meme_id == Meme.id)
        if self.source is not None:
            yield seen.where(Sighting.source == self.source).exists()
        if self.community is not None:
            yield seen.where(Sighting.community == self.community.lower()).exists()
        if self.year_low is not None or self.year_high is not None:
            year = year_of_meme()
            if self.year_low is not None:
                yield year >= self.year_low
            if self.year_high is not None:
                yield year <= self.year_high
        for word in self.words.split():
            yield or_(
                contains_word(Meme.words, word),
                seen.where(contains_word(Sighting.title, word)).exists(),
            )
        if self.suggested is not None:
            yield Prediction.genre == self.suggested
        if self.template_id is not None:
            yield Meme.template_id == self.template_id


@dataclass(frozen=True, slots=True)
class Sources:
    """What there is to choose from."""

    n_memes: int
    sources: list[str]
    communities: list[str]  # the largest first


def sources(session: Session) -> Sources:
    """The sources and communities of the memes that may be shown."""
    active = select(func.count(Meme.id)).where(Meme.status == MemeStatus.ACTIVE)
    community = Sighting.community
    by_size = select(community).where(community.is_not(None)).group_by(community)
    return Sources(
        session.scalar(active) or 0,
        sorted(session.scalars(select(Sighting.source).distinct())),
        [
            name
            for name in session.scalars(by_size.order_by(func.count().desc(), community))
            if name
        ],
    )


def wanting(session: Session, filters: Filters, overlap: Overlap) -> list[Row[Any]]:
    """The memes that want another answer: meme_id, template_id, entropy, genre.

    The last two are what the newest model says, or None where it says nothing.
    """
    judged = _judged()
    query = (
        select(Meme.id, Meme.template_id, Prediction.entropy, Prediction.genre)
        .outerjoin(judged, judged.c.meme_id == Meme.id)
        .outerjoin(
            Prediction,
            (Prediction.meme_id == Meme.id) & (Prediction.model_version == newest_model(session)),
        )
        .where(
            Meme.status == MemeStatus.ACTIVE,
            func.coalesce(judged.c.n, 0) < overlap.column,
            *filters.conditions(),
        )
        .order_by(Meme.id)
    )
    # Through the connection: the session would take longer over rows that are plain.
    return list(session.connection().execute(query))


def open_families(session: Session, overlap: Overlap, limit: int) -> dict[int, int]:
    """The template families with most memes that want another answer, and with how many."""
    judged = _judged()
    rows = session.execute(
        select(Meme.template_id, func.count().label("n"))
        .outerjoin(judged, judged.c.meme_id == Meme.id)
        .where(Meme.status == MemeStatus.ACTIVE, func.coalesce(judged.c.n, 0) < overlap.column)
        .group_by(Meme.template_id)
        .having(func.count() > 1)
        .order_by(func.count().desc(), Meme.template_id)
        .limit(limit)
    )
    return {row.template_id: row.n for row in rows}


def newest_model(session: Session) -> str | None:
    """The version of the model that predicted last."""
    return session.scalar(select(Prediction.model_version).order_by(Prediction.id.desc()).limit(1))


def judged_families(session: Session) -> dict[int, int]:
    """How many memes of each template family have an answer, of those that have any."""
    rows = session.execute(
        select(Meme.template_id, func.count(Vote.meme_id.distinct()))
        .join(Vote, Vote.meme_id == Meme.id)
        .where(Vote.undone_at.is_(None), Vote.verdict != Verdict.SKIP)
        .group_by(Meme.template_id)
    )
    return {template: n for template, n in rows}  # noqa: C416  # rows are no pairs to the types


def labels_by_genre(session: Session) -> dict[str, int]:
    """How often people named each genre; 0 where nobody did."""
    rows = session.execute(
        select(Vote.genre, func.count())
        .where(Vote.undone_at.is_(None), Vote.genre.is_not(None))
        .group_by(Vote.genre)
    )
    found = {genre: n for genre, n in rows}  # noqa: C416
    return {genre.key: found.get(genre.key, 0) for genre in GENRES}


def answered_by(session: Session, annotator: str) -> set[int]:
    """The memes that a person has answered or skipped."""
    standing = select(Vote.meme_id).where(Vote.annotator == annotator, Vote.undone_at.is_(None))
    return set(session.scalars(standing))


def labelled_by(session: Session, annotator: str) -> int:
    """How many votes of this person stand, skips aside."""
    return (
        session.scalar(
            select(func.count(Vote.id)).where(
                Vote.annotator == annotator, Vote.undone_at.is_(None), Vote.verdict != Verdict.SKIP
            )
        )
        or 0
    )


def lease(
    session: Session,
    annotator: str,
    meme_ids: Sequence[int],
    n: int,
    overlap: Overlap,
    *,
    held_too: bool = False,
) -> list[int]:
    """Keep the first n of these memes that this person may be asked about; gives which.

    That is those that this person has not answered, and that fewer people have answered, or are
    looking at, than are to judge it. What this person looks at in another window is given only
    where it is `held_too`.
    """
    lock_leases(session.connection())
    now = datetime.now(UTC)
    session.execute(delete(Lease).where(Lease.expires_at <= now))
    asked = select(Meme.id, Meme.sha256).where(
        Meme.id.in_(meme_ids), Meme.status == MemeStatus.ACTIVE
    )
    sha256s = {meme: sha256 for meme, sha256 in session.execute(asked)}  # noqa: C416
    judges, answered = _judges(session, sha256s, annotator)
    for meme, holder in session.execute(
        select(Lease.meme_id, Lease.annotator).where(Lease.meme_id.in_(sha256s))
    ):
        if holder != annotator:
            judges[meme].add(holder)
        elif not held_too:
            answered.add(meme)
    free = [
        meme
        for meme in meme_ids
        if meme in sha256s
        and meme not in answered
        and len(judges[meme]) < overlap.wanted(sha256s[meme])
    ][:n]
    _extend(session, annotator, free, now)
    return free


def leased_to(session: Session, annotator: str) -> set[int]:
    """The memes that are kept for a person."""
    now = datetime.now(UTC)
    kept = select(Lease.meme_id).where(Lease.annotator == annotator, Lease.expires_at > now)
    return set(session.scalars(kept))


def renew(session: Session, annotator: str, meme_ids: Collection[int]) -> None:
    """Keep what a person has before them for as long again."""
    lock_leases(session.connection())
    known = set(session.scalars(select(Meme.id).where(Meme.id.in_(meme_ids))))
    _extend(session, annotator, known, datetime.now(UTC))


def release(session: Session, annotator: str, meme_ids: Collection[int]) -> None:
    """Give back what a person does not look at any more."""
    session.execute(delete(Lease).where(Lease.annotator == annotator, Lease.meme_id.in_(meme_ids)))


def _judged() -> Subquery:
    """How many people have judged each meme that anybody has."""
    return (
        select(Vote.meme_id, func.count(Vote.annotator.distinct()).label("n"))
        .where(Vote.undone_at.is_(None), Vote.verdict != Verdict.SKIP)
        .group_by(Vote.meme_id)
        .subquery()
    )


def _judges(
    session: Session, memes: Collection[int], annotator: str
) -> tuple[dict[int, set[str]], set[int]]:
    """Who has judged each meme, and which of them a person has answered or skipped."""
    judges: dict[int, set[str]] = {meme: set() for meme in memes}
    answered = set()
    for meme, who, verdict in session.execute(
        select(Vote.meme_id, Vote.annotator, Vote.verdict).where(
            Vote.meme_id.in_(memes), Vote.undone_at.is_(None)
        )
    ):
        if who == annotator:
            answered.add(meme)
        if verdict != Verdict.SKIP:
            judges[meme].add(who)
    return judges, answered


def _extend(session: Session, annotator: str, meme_ids: Collection[int], now: datetime) -> None:
    release(session, annotator, meme_ids)
    session.add_all(
        Lease(meme_id=meme, annotator=annotator, expires_at=now + LEASE) for meme in meme_ids
    )
    session.flush()
