"""What people say of memes: votes, undo, and the label that follows.

What a visitor of the window says (`Channel.CORRECTION`) is a question to those who label. It never
counts: what counts is the vote of somebody who was asked because of it.
"""

import hashlib
import itertools
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Select, Subquery, case, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.errors import BadInput
from core.genres import genre as known_genre
from db.models import Channel, Community, Sighting, Verdict, Vote
from db.years import FIRST_YEAR

__all__ = [
    "ANSWERS",
    "Answer",
    "Prior",
    "answers_of",
    "cast",
    "cast_of_place",
    "consensus",
    "last_words",
    "open_corrections",
    "set_priors",
    "standing_vote",
    "undo",
    "undo_last",
    "weak_labels",
]


ANSWERS: Final = (
    Vote.undone_at.is_(None),
    Vote.verdict != Verdict.SKIP,
    Vote.channel != Channel.CORRECTION,
)
"""Which votes say what a meme is."""


@dataclass(frozen=True, slots=True)
class Prior:
    """What the memes of a community usually are."""

    community: str
    genre: str
    weight: float  # how far to trust it, 0 to 1


def cast(
    session: Session,
    meme_id: int,
    annotator: str,
    *,
    genre: str | None = None,
    channel: Channel = Channel.LABEL,
    verdict: Verdict = Verdict.GENRE,
    second_genre: str | None = None,
    saw_suggestion: bool = False,
    nsfw: bool | None = None,
    years: tuple[int, int] | None = None,
    settles: bool = False,
    trust: str | None = None,
    idempotency_key: str | None = None,
    copy_id: int | None = None,
) -> bool:
    """Record one vote; says whether it is new. The same idempotency key counts once.

    Args:
        session: writes.
        meme_id: what was judged.
        annotator: who says it.
        genre: the genre, where the verdict is one.
        channel: how it came in.
        verdict: what the vote says.
        second_genre: what the meme is as well.
        saw_suggestion: whether a model's answer was shown before.
        nsfw: whether it is not safe for work; None: as the sources say.
        years: the first and the last in which it was made. They may come with any verdict, also
            with a skip: who cannot tell the genre may know the year.
        settles: whether it settles what others said.
        trust: what an imported label says of itself.
        idempotency_key: of the vote; None: a new one.
        copy_id: where one of the meme's copies was judged, which: the vote goes where it goes.

    Raises:
        BadInput: no such genre, or a genre is missing or given without need; or no such years.
    """
    if (genre is not None) != (verdict is Verdict.GENRE):
        raise BadInput(f"a vote names a genre or says why not: {verdict=!s} {genre=}")
    if second_genre is not None and second_genre == genre:
        raise BadInput(f"the second genre is another one than the first: {genre}")
    for named in (genre, second_genre):
        if named is not None:
            known_genre(named)
    low, high = (None, None) if years is None else _checked(*years)
    key = _fitting(idempotency_key or uuid.uuid4().hex)
    if _is_cast(session, key):
        return False
    vote = Vote(
        meme_id=meme_id,
        copy_id=copy_id,
        annotator=annotator,
        channel=channel,
        verdict=verdict,
        genre=genre,
        second_genre=second_genre,
        saw_suggestion=saw_suggestion,
        nsfw=nsfw,
        year_low=low,
        year_high=high,
        settles=settles,
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
        channel=Channel.IMPORT,
        trust=trust,
        idempotency_key=key,
        copy_id=copy_id,
    )


def _checked(low: int, high: int) -> tuple[int, int]:
    """Years as a person gives them, both included."""
    now = datetime.now(UTC).year
    for year in (low, high):
        if not FIRST_YEAR <= year <= now:
            raise BadInput(f"a meme was made in a year from {FIRST_YEAR} to {now}: {year}")
    if low > high:
        raise BadInput(f"the first year comes before the last: {low}-{high}")
    return low, high


def _fitting(key: str) -> str:
    """The key, or where it is longer than the column (a file's path may be), its hash."""
    return key if len(key) <= 255 else _digest(key)


def _digest(text: str) -> str:
    # A file's name may hold what is no text: it is escaped, as in the database.
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()


def _is_cast(session: Session, key: str) -> bool:
    return session.scalar(select(Vote.id).where(Vote.idempotency_key == key)) is not None


def undo(session: Session, annotator: str, idempotency_key: str) -> bool:
    """Mark a person's vote as undone; says whether it stood until now."""
    vote = standing_vote(session, annotator, idempotency_key)
    if vote is None:
        return False
    vote.undone_at = datetime.now(UTC)
    return True


def standing_vote(session: Session, annotator: str, idempotency_key: str) -> Vote | None:
    """A person's vote; None: there is none of this key, or it was undone."""
    return session.scalar(
        select(Vote).where(
            Vote.idempotency_key == _fitting(idempotency_key),
            Vote.annotator == annotator,
            Vote.undone_at.is_(None),
        )
    )


@dataclass(frozen=True, slots=True)
class Answer:
    """One standing vote of a person."""

    vote_id: int
    idempotency_key: str
    meme_id: int
    verdict: str
    genre: str | None
    second_genre: str | None
    year_low: int | None
    year_high: int | None


def answers_of(
    session: Session, annotator: str, *, before: int | None = None, limit: int
) -> list[Answer]:
    """A person's last standing votes, the newest first; those before a vote, by its id."""
    query = (
        select(
            Vote.id,
            Vote.idempotency_key,
            Vote.meme_id,
            Vote.verdict,
            Vote.genre,
            Vote.second_genre,
            Vote.year_low,
            Vote.year_high,
        )
        .where(Vote.annotator == annotator, Vote.undone_at.is_(None))
        .order_by(Vote.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(Vote.id < before)
    return [Answer(*row) for row in session.execute(query)]


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


def last_words(among: Sequence[int] | None = None) -> Subquery:
    """The votes that stand, of each person on each meme the last; a skip is no answer.

    Of some memes they are found by those alone: no condition around it gets past its windows.
    """
    age = func.row_number().over(
        partition_by=(Vote.meme_id, Vote.annotator), order_by=Vote.id.desc()
    )
    columns = (
        Vote.id,
        Vote.meme_id,
        Vote.annotator,
        Vote.verdict,
        Vote.genre,
        Vote.trust,
        Vote.settles,
    )
    answers = select(*columns, age.label("age")).where(*ANSWERS)
    if among is not None:
        answers = answers.where(Vote.meme_id.in_(among))
    aged = answers.subquery()
    return select(aged).where(aged.c.age == 1).subquery()


def open_corrections() -> Subquery:
    """The memes of which visitors said something that nobody has answered since: meme_id, newest.

    `newest` is the id of the last correction.
    """
    corrected = (
        select(Vote.meme_id, func.max(Vote.id).label("newest"))
        .where(Vote.channel == Channel.CORRECTION, Vote.undone_at.is_(None))
        .group_by(Vote.meme_id)
        .subquery()
    )
    answer = (
        select(Vote.id)
        .where(*ANSWERS, Vote.meme_id == corrected.c.meme_id, Vote.id > corrected.c.newest)
        .exists()
    )
    return select(corrected).where(~answer).subquery()


def consensus(
    among: Sequence[int] | None = None,
) -> Select[tuple[int, str, str | None, str | None]]:
    """The query for what people agree on: meme_id, verdict, genre, trust; a row a judged meme.

    Of all memes, or of some.

    The last word of each person counts; one that settles wins, else most words, and of equals the
    one said last. The trust is that of the last vote among them that has one.
    """
    words = last_words(among)
    tally = (
        select(
            words.c.meme_id,
            words.c.verdict,
            words.c.genre,
            func.max(case((words.c.trust.is_not(None), words.c.id))).label("trusted_id"),
            func.row_number()
            .over(
                partition_by=words.c.meme_id,
                order_by=(
                    func.max(case((words.c.settles, words.c.id), else_=0)).desc(),
                    func.count().desc(),
                    func.max(words.c.id).desc(),
                ),
            )
            .label("place"),
        )
        .group_by(words.c.meme_id, words.c.verdict, words.c.genre)
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
