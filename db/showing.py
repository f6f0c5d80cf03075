"""What people are shown of memes: pictures, where they are from, and what a model makes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session

from core.errors import ImageRejected
from core.genres import GENRES
from core.images import thumbnail
from db.labels import ANSWERS, open_corrections
from db.media import MediaStore
from db.models import Channel, Copy, Meme, MemeStatus, Prediction, Sighting, Vote
from db.session import Database
from db.worklist import newest_model
from db.years import Clues, clues_of, told_of, years_of

__all__ = ["PictureRow", "Shown", "examples", "picture_row", "shown", "small_picture"]

_SMALL_PX: Final = 320  # twice as wide as it is shown, for screens with small pixels


@dataclass(frozen=True, slots=True)
class Shown:
    """One meme as people see it."""

    meme_id: int
    sha256: str
    width: int  # px, as stored in the file
    height: int
    frames: int
    nsfw: bool
    title: str | None = None
    community: str | None = None
    source: str | None = None
    permalink: str | None = None
    posted_at: datetime | None = None
    year: int | None = None  # the last in which it can have been made (`db.years`)
    clues: Clues | None = None  # who says so
    scores: dict[str, float] | None = None  # by genre, of the newest model
    visitors_say: tuple[str, ...] = ()  # genres, by corrections that nobody has answered


@dataclass(frozen=True, slots=True)
class PictureRow:
    """What has to be known of a picture file to read it."""

    sha256: str
    format: str


def picture_row(session: Session, sha256: str) -> PictureRow | None:
    """The file of these bytes, a meme's own or a copy; None: it is not, or no longer, kept."""
    row = session.execute(
        union_all(
            select(Meme.format).where(Meme.sha256 == sha256, Meme.removed_at.is_(None)),
            select(Copy.format).where(Copy.sha256 == sha256, Copy.removed_at.is_(None)),
        )
    ).first()
    return None if row is None else PictureRow(sha256, row[0])


def small_picture(
    database: Database, media: MediaStore, sha256: str, *, whole: bool = False
) -> bytes | None:
    """The file of these bytes made small, as a JPEG; None: it is not kept, or is damaged.

    Of a long comic the upper part, or the whole.

    Raises:
        MemeEraError: the database or the store does not answer.
    """
    with database.reading() as session:
        row = picture_row(session, sha256)
    if row is None:
        return None
    try:
        return thumbnail(media.get(row.sha256, row.format), _SMALL_PX, whole=whole)
    except ImageRejected:
        return None


def shown(session: Session, meme_ids: Sequence[int]) -> list[Shown]:
    """These memes, in this order; those that are gone meanwhile are left out."""
    memes = {
        row.id: row
        for row in session.execute(
            select(
                Meme.id,
                Meme.sha256,
                Meme.width,
                Meme.height,
                Meme.frames,
                Meme.nsfw,
                Meme.posted_at,
            ).where(Meme.id.in_(meme_ids))
        )
    }
    first = select(func.min(Sighting.id)).where(Sighting.meme_id.in_(meme_ids))
    seen = {
        row.meme_id: row
        for row in session.execute(
            select(
                Sighting.meme_id,
                Sighting.title,
                Sighting.community,
                Sighting.source,
                Sighting.permalink,
            ).where(Sighting.id.in_(first.group_by(Sighting.meme_id)))
        )
    }
    predicted = session.execute(
        select(Prediction.meme_id, Prediction.scores).where(
            Prediction.meme_id.in_(meme_ids), Prediction.model_version == newest_model(session)
        )
    )
    scores = {row.meme_id: row.scores for row in predicted}
    told = told_of(session, meme_ids)
    flags = _flags(session, meme_ids)
    said = _corrections(session, meme_ids)
    return [
        Shown(
            meme_id=meme,
            sha256=row.sha256,
            width=row.width,
            height=row.height,
            frames=row.frames,
            nsfw=flags.get(meme, row.nsfw),
            title=place and place.title,
            community=place and place.community,
            source=place and place.source,
            permalink=place and place.permalink,
            posted_at=row.posted_at,
            year=years_of(*told[meme]).high,
            clues=clues_of(*told[meme]),
            scores=scores.get(meme),
            visitors_say=tuple(said.get(meme, ())),
        )
        for meme in meme_ids
        if (row := memes.get(meme)) is not None
        for place in (seen.get(meme),)
    ]


def examples(session: Session, n: int) -> dict[str, list[int]]:
    """For each genre the memes that most people call so and nobody calls otherwise, at most n."""
    agreed = (
        select(
            Vote.meme_id,
            func.max(Vote.genre).label("genre"),
            func.row_number()
            .over(
                partition_by=func.max(Vote.genre),
                order_by=(func.count(Vote.annotator.distinct()).desc(), Vote.meme_id),
            )
            .label("place"),
        )
        .join(Meme, Meme.id == Vote.meme_id)
        .where(
            *ANSWERS,
            Meme.status == MemeStatus.ACTIVE,
            Meme.nsfw.is_(False),
        )
        .group_by(Vote.meme_id)
        .having(
            func.count(Vote.genre.distinct()) == 1,
            func.count(Vote.genre) == func.count(),
            func.count(Vote.nsfw) == 0,
        )
        .subquery()
    )
    found: dict[str, list[int]] = {genre.key: [] for genre in GENRES}
    for genre, meme in session.execute(
        select(agreed.c.genre, agreed.c.meme_id)
        .where(agreed.c.place <= n)
        .order_by(agreed.c.genre, agreed.c.place)
    ):
        found[genre].append(meme)
    return found


def _corrections(session: Session, meme_ids: Sequence[int]) -> dict[int, list[str]]:
    """The genres that visitors say memes have, of those that wait for an answer to it."""
    waiting = open_corrections()
    query = (
        select(Vote.meme_id, Vote.genre)
        .join(waiting, waiting.c.meme_id == Vote.meme_id)
        .where(
            Vote.meme_id.in_(meme_ids),
            Vote.channel == Channel.CORRECTION,
            Vote.undone_at.is_(None),
            Vote.genre.is_not(None),
        )
        .distinct()
        .order_by(Vote.meme_id, Vote.genre)
    )
    said: dict[int, list[str]] = {}
    for meme, genre in session.execute(query):
        said.setdefault(meme, []).append(str(genre))
    return said


def _flags(session: Session, meme_ids: Sequence[int]) -> dict[int, bool]:
    """What people said last of whether memes are safe for work, where anybody did."""
    said = select(Vote.meme_id, Vote.nsfw).where(
        Vote.meme_id.in_(meme_ids),
        Vote.undone_at.is_(None),
        Vote.nsfw.is_not(None),
        Vote.channel != Channel.CORRECTION,
    )
    return {meme: bool(nsfw) for meme, nsfw in session.execute(said.order_by(Vote.id))}
