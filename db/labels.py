"""What people say of memes: votes, undo, and the label that follows."""

import hashlib
import itertools
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, case, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.errors import BadInput
from core.genres import genre as known_genre
from db.models import Community, Meme, MemeStatus, Sighting, Verdict, Vote

__all__ = [
    "Prior",
    "Progress",
    "cast",
    "cast_of_place",
    "consensus",
    "labelled_by",
    "next_unlabelled",
    "progress",
    "set_priors",
    "undo_last",
    "weak_labels",
]


@dataclass(frozen=True, slots=True)
class Prior:
    """What the memes of a community usually are."""

    community: str
    genre: str
    weight: float  # how far to trust it, 0 to 1


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one person has come."""

    n_memes: int  # in the collection
    n_labelled: int  # by this person, skips aside
    n_left: int  # that `next_unlabelled` would still give this person


def cast(
    session: Session,
    meme_id: int,
    annotator: str,
    *,
    genre: str | None = None,
    verdict: Verdict = Verdict.GENRE,
    trust: str | None = None,
    idempotency_key: str | None = None,
    copy_id: int | None = None,
) -> bool:
    """Record one vote; says whether it is new. The same idempotency key counts once.

    Where one of the meme's copies was judged, `copy_id` says which: the vote goes where it goes.

    Raises:
        BadInput: no such genre, or a genre is missing or given without need.
    """
    if (genre is not None) != (verdict is Verdict.GENRE):
        raise BadInput(f"a vote names a genre or says why not: {verdict=!s} {genre=}")
    if genre is not None:
        known_genre(genre)
    key = _fitting(idempotency_key or uuid.uuid4().hex)
    if _is_cast(session, key):
        return False
    vote = Vote(
        meme_id=meme_id,
        copy_id=copy_id,
        annotator=annotator,
        verdict=verdict,
        genre=genre,
        trust=trust,
        idempotency_key=key,
        created_at=datetime.now(UTC),
    )
    try:
        with session.begin_nested():
            session.add(vote)
    except IntegrityError:
        if _is_cast(session, key):  # by another process, since we looked
            return False
        raise
    return True


def cast_of_place(
    session: Session,
    meme_id: int,
    annotator: str,
    *,
    place: str,
    genre: str,
    trust: str | None,
    copy_id: int | None = None,
) -> bool:
    """Record what an imported set says of the picture at one place; says whether that is new.

    The same word again changes nothing; another word is another vote, also one taken back before.

    Raises:
        BadInput: no such genre.
    """
    mark = _digest(f"{annotator}:{place}")
    last: Vote | None = None
    for number in itertools.count():  # rarely past 1: how often the word on this place changed
        key = f"{mark}:{number}"
        vote = session.scalar(select(Vote).where(Vote.idempotency_key == key))
        if vote is None:
            break
        last = vote
    if last is not None and last.genre == genre and last.undone_at is None:
        return False
    return cast(
        session,
        meme_id,
        annotator,
        genre=genre,
        trust=trust,
        idempotency_key=key,
        copy_id=copy_id,
    )


def _fitting(key: str) -> str:
    """The key, or where it is longer than the column (a file's path may be), its hash."""
    return key if len(key) <= 255 else _digest(key)


def _digest(text: str) -> str:
    # A file's name may hold what is no text: it is escaped, as in the database.
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _is_cast(session: Session, key: str) -> bool:
    return session.scalar(select(Vote.id).where(Vote.idempotency_key == key)) is not None


def undo_last(session: Session, annotator: str) -> int | None:
    """Mark a person's last standing vote as undone; gives its meme, or None where none stands."""
    vote = session.scalar(
        select(Vote)
        .where(Vote.annotator == annotator, Vote.undone_at.is_(None))
        .order_by(Vote.id.desc())
        .limit(1)
    )
    if vote is None:
        return None
    vote.undone_at = datetime.now(UTC)
    return vote.meme_id


def next_unlabelled(session: Session, annotator: str) -> Meme | None:
    """The oldest meme that nobody has judged and this person has not skipped; None: all done."""
    return session.scalar(select(Meme).where(*_unlabelled(annotator)).order_by(Meme.id).limit(1))


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


def progress(session: Session, annotator: str) -> Progress:
    """How far this person has come with the memes that may be shown."""
    n_memes = select(func.count(Meme.id))
    return Progress(
        n_memes=session.scalar(n_memes.where(Meme.status == MemeStatus.ACTIVE)) or 0,
        n_labelled=labelled_by(session, annotator),
        n_left=session.scalar(n_memes.where(*_unlabelled(annotator))) or 0,
    )


def _unlabelled(annotator: str) -> tuple[ColumnElement[bool], ...]:
    standing = select(Vote.id).where(Vote.meme_id == Meme.id, Vote.undone_at.is_(None))
    return (
        Meme.status == MemeStatus.ACTIVE,
        ~standing.where(Vote.verdict != Verdict.SKIP).exists(),
        ~standing.where(Vote.annotator == annotator).exists(),
    )


def consensus() -> Select[tuple[int, str, str | None, str | None]]:
    """The query for what people agree on: meme_id, verdict, genre, trust; a row a judged meme.

    The last word of each person counts; most words win, and of equals the one said last. The
    trust is that of the last vote among them that has one.
    """
    last_words = (
        select(
            Vote.id,
            Vote.meme_id,
            Vote.verdict,
            Vote.genre,
            Vote.trust,
            func.row_number()
            .over(partition_by=(Vote.meme_id, Vote.annotator), order_by=Vote.id.desc())
            .label("age"),
        )
        .where(Vote.undone_at.is_(None), Vote.verdict != Verdict.SKIP)
        .subquery()
    )
    tally = (
        select(
            last_words.c.meme_id,
            last_words.c.verdict,
            last_words.c.genre,
            func.max(case((last_words.c.trust.is_not(None), last_words.c.id))).label("trusted_id"),
            func.row_number()
            .over(
                partition_by=last_words.c.meme_id,
                order_by=(func.count().desc(), func.max(last_words.c.id).desc()),
            )
            .label("place"),
        )
        .where(last_words.c.age == 1)
        .group_by(last_words.c.meme_id, last_words.c.verdict, last_words.c.genre)
        .subquery()
    )
    return (
        select(tally.c.meme_id, tally.c.verdict, tally.c.genre, Vote.trust)
        .outerjoin(Vote, Vote.id == tally.c.trusted_id)
        .where(tally.c.place == 1)
    )


def weak_labels() -> Select[tuple[int, str, float]]:
    """The query for what the communities suggest: meme_id, genre, weight; a row a meme.

    Where communities differ, the greatest sum of weights wins, and of equals the first by name.
    """
    tally = (
        select(
            Sighting.meme_id,
            Community.genre,
            func.max(Community.weight).label("weight"),
            func.row_number()
            .over(
                partition_by=Sighting.meme_id,
                order_by=(func.sum(Community.weight).desc(), Community.genre),
            )
            .label("place"),
        )
        .join(Community, Community.name == Sighting.community)
        .group_by(Sighting.meme_id, Community.genre)
        .subquery()
    )
    return select(tally.c.meme_id, tally.c.genre, tally.c.weight).where(tally.c.place == 1)


def set_priors(session: Session, priors: Iterable[Prior]) -> None:
    """Record what communities usually post; what was recorded of others stays."""
    for prior in priors:
        session.merge(
            Community(name=prior.community.lower(), genre=prior.genre, weight=prior.weight)
        )
