"""What the collection knows of a picture that somebody shows it; nothing is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.fingerprint import Fingerprint
from core.words import Line, from_json
from db.labels import consensus
from db.matching import Repost, SameTemplate
from db.memes import Collection
from db.models import Copy, Meme, MemeStatus, Sighting
from db.sightings import kept
from db.years import Years, posted_at_believed, told_of, years_of

__all__ = [
    "Known",
    "KnownMeme",
    "Place",
    "Relation",
    "known",
    "known_memes",
    "words_in_file",
    "years_of_file",
]


class Relation(StrEnum):
    """What a picture is to the memes of the collection."""

    SAME_FILE = "same_file"
    REPOST = "repost"  # another file of the same meme
    SAME_TEMPLATE = "same_template"  # another meme on the same base picture
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a meme was seen, and when."""

    source: str
    community: str | None
    title: str | None
    permalink: str | None
    posted_at: datetime | None  # None: the source does not say, or says what cannot be


@dataclass(frozen=True, slots=True)
class KnownMeme:
    """A meme of the collection, as others are told of it."""

    meme_id: int
    sha256: str
    genre: str | None  # what people agree on; None: nobody has said, or it is no meme
    nsfw: bool
    n_seen: int  # in how many places
    first_seen: Place | None
    years: Years  # in which it can have been made, both included


@dataclass(frozen=True, slots=True)
class Known:
    """What a picture is to the collection."""

    relation: Relation
    meme: KnownMeme | None  # the one it is, or one of its template
    n_of_template: int  # memes on the same base picture, as far as they are known


def known(collection: Collection, data: bytes, picture: Fingerprint) -> Known:
    """What a picture is to the collection, and what is known of that meme.

    Where pixels leave it open whether it is a repost, the words in both are read: that takes a
    second.

    Args:
        collection: is not changed.
        data: the file's bytes.
        picture: their fingerprint.
    """
    relation, meme_id = _relation(collection, data, picture)
    if meme_id is None:
        return Known(relation, None, 0)
    with collection.database.reading() as session:
        memes = known_memes(session, [meme_id])
        if not memes:  # it was removed meanwhile
            return Known(Relation.NEW, None, 0)
        return Known(relation, memes[0], _n_of_template(session, meme_id))


def known_memes(session: Session, meme_ids: Sequence[int]) -> list[KnownMeme]:
    """These memes, in this order; those that were removed are left out."""
    rows = {
        row.id: row
        for row in session.execute(
            select(Meme.id, Meme.sha256, Meme.nsfw).where(
                Meme.id.in_(meme_ids), Meme.status == MemeStatus.ACTIVE
            )
        )
    }
    genres = {row.meme_id: row.genre for row in session.execute(consensus(meme_ids))}
    seen = _first_seen(session, meme_ids)
    told = told_of(session, meme_ids)
    return [
        KnownMeme(
            meme_id=meme,
            sha256=row.sha256,
            genre=genres.get(meme),
            nsfw=row.nsfw,
            n_seen=seen[meme][0] if meme in seen else 0,
            first_seen=seen[meme][1] if meme in seen else None,
            years=years_of(*told[meme]),
        )
        for meme in meme_ids
        if (row := rows.get(meme)) is not None
    ]


def words_in_file(session: Session, sha256: str) -> tuple[Line, ...] | None:
    """The words in the file of these bytes, where they were read before; None: they were not."""
    for table in (Meme, Copy):
        words = session.scalar(select(table.words).where(table.sha256 == sha256))
        if words is not None:
            return from_json(words)
    return None


def years_of_file(session: Session, sha256: str) -> Years:
    """The years in which the meme of this file can have been made, as far as that is known."""
    file = kept(session, sha256)
    if file is None or file.is_removed:
        return Years(None, None)
    return years_of(*told_of(session, [file.meme_id])[file.meme_id])


def _relation(
    collection: Collection, data: bytes, picture: Fingerprint
) -> tuple[Relation, int | None]:
    with collection.database.reading() as session:
        file = kept(session, picture.sha256)
    if file is not None:
        return (Relation.NEW, None) if file.is_removed else (Relation.SAME_FILE, file.meme_id)
    match collection.look(data, picture).decision:
        case Repost(of=meme):
            return Relation.REPOST, meme
        case SameTemplate(nearest=meme):
            return Relation.SAME_TEMPLATE, meme
        case _:
            return Relation.NEW, None


def _first_seen(session: Session, meme_ids: Sequence[int]) -> dict[int, tuple[int, Place]]:
    """In how many places each meme was seen, and in which first."""
    posted_at = posted_at_believed()
    in_turn = (
        select(
            Sighting.meme_id,
            Sighting.source,
            Sighting.community,
            Sighting.title,
            Sighting.permalink,
            posted_at.label("posted_at"),
            func.count().over(partition_by=Sighting.meme_id).label("n"),
            func.row_number()
            .over(
                partition_by=Sighting.meme_id,
                order_by=(posted_at.is_(None), posted_at, Sighting.id),
            )
            .label("place"),
        )
        .where(Sighting.meme_id.in_(meme_ids), Sighting.gone_at.is_(None))
        .subquery()
    )
    return {
        row.meme_id: (
            row.n,
            Place(row.source, row.community, row.title, row.permalink, row.posted_at),
        )
        for row in session.execute(select(in_turn).where(in_turn.c.place == 1))
    }


def _n_of_template(session: Session, meme_id: int) -> int:
    family = select(Meme.template_id).where(Meme.id == meme_id).scalar_subquery()
    return (
        session.scalar(
            select(func.count(Meme.id)).where(
                Meme.template_id == family, Meme.status == MemeStatus.ACTIVE
            )
        )
        or 0
    )
