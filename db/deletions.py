"""What is gone at its source goes here as well: the file is deleted, and never taken in again.

The rows stay, without what they said of people: that a file was removed, and where it was seen, is
what keeps it out.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from db.decisions import record_removal
from db.media import MediaStore
from db.models import Copy, Meme, MemeStatus, Sighting
from db.regrouping import swap_with_copy

__all__ = ["Removed", "SeenPost", "confirm", "posts_to_check", "remove_gone", "sources_to_check"]


@dataclass(frozen=True, slots=True)
class SeenPost:
    """A post of which we have a picture."""

    post_id: str
    permalink: str | None
    image_url: str  # of its first picture


@dataclass(slots=True)
class Removed:
    """What went with posts that are gone."""

    posts: int = 0
    memes: int = 0  # that were seen nowhere else
    files: int = 0


def sources_to_check(session: Session) -> list[str]:
    """The sources of which there are posts that are not known to be gone."""
    query = select(Sighting.source).where(Sighting.gone_at.is_(None)).distinct()
    return sorted(session.scalars(query))


def posts_to_check(session: Session, source: str, limit: int) -> list[SeenPost]:
    """The posts of a source that were confirmed, or else seen, longest ago."""
    confirmed = func.min(func.coalesce(Sighting.confirmed_at, Sighting.crawled_at))
    query = (
        select(Sighting.post_id, func.min(Sighting.permalink), func.min(Sighting.image_url))
        .where(Sighting.source == source, Sighting.gone_at.is_(None))
        .group_by(Sighting.post_id)
        .order_by(confirmed, Sighting.post_id)
        .limit(limit)
    )
    return [SeenPost(*row) for row in session.execute(query)]


def confirm(session: Session, source: str, post_ids: Collection[str]) -> None:
    """Keep that these posts are still there."""
    here = (Sighting.source == source) & Sighting.post_id.in_(post_ids)
    session.execute(update(Sighting).where(here).values(confirmed_at=datetime.now(UTC)))


def remove_gone(
    session: Session, media: MediaStore, source: str, post_ids: Collection[str]
) -> Removed:
    """Remove what was seen in these posts and nowhere else; under `Database.writing_alone`.

    A file goes with the last post that showed it, and a meme with its last file. Files are deleted
    before the rows say so: killed in between, the next run finds the same posts gone again.

    Raises:
        MemeEraError: a file cannot be deleted.
    """
    sightings = session.scalars(
        select(Sighting).where(
            Sighting.source == source, Sighting.post_id.in_(post_ids), Sighting.gone_at.is_(None)
        )
    ).all()
    now = datetime.now(UTC)
    for sighting in sightings:
        sighting.gone_at = now
        sighting.title = sighting.flair = sighting.author = None  # people's own words and names
    session.flush()
    removed = Removed(posts=len({sighting.post_id for sighting in sightings}))
    for meme_id in sorted({sighting.meme_id for sighting in sightings}):
        _remove_files(session, media, session.get_one(Meme, meme_id), removed)
    return removed


def _remove_files(session: Session, media: MediaStore, meme: Meme, removed: Removed) -> None:
    copies = session.scalars(
        select(Copy).where(Copy.meme_id == meme.id, Copy.removed_at.is_(None)).order_by(Copy.id)
    ).all()
    gone: list[Meme | Copy] = [copy for copy in copies if _is_gone(session, meme, copy)]
    if meme.removed_at is None and _is_gone(session, meme, None):
        there = [copy for copy in copies if copy not in gone]
        if there:
            best = max(there, key=lambda copy: copy.width * copy.height)
            swap_with_copy(session, meme, best)
            gone.append(best)  # which has the file that is gone now
        else:
            meme.status = MemeStatus.REMOVED
            gone.append(meme)
            removed.memes += 1
    for row in gone:
        media.delete(row.sha256, row.format)
        row.removed_at = datetime.now(UTC)
        row.signature = row.words = None
        session.flush()
        record_removal(session, row.sha256, meme.id)
        removed.files += 1


def _is_gone(session: Session, meme: Meme, copy: Copy | None) -> bool:
    """Whether every post that showed a file is gone; what was seen nowhere stays."""
    where = Sighting.copy_id.is_(None) if copy is None else Sighting.copy_id == copy.id
    query = select(Sighting.gone_at).where(Sighting.meme_id == meme.id, where)
    times: Sequence[datetime | None] = session.scalars(query).all()
    return bool(times) and None not in times
