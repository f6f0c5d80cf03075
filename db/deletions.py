"""What is gone at its source, or is to be forgotten, goes here: files, rows, and what was said.

Left is what keeps it out: of a file its SHA-256, by which the same bytes are not taken in again; of
a post a salted hash (`db.pseudonyms`), by which it is not listed again; and of a post whose picture
is still seen elsewhere the years in which that can have been made.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, delete, func, insert, select, update
from sqlalchemy.orm import Session

from core.errors import Reject
from core.shards import n_in_shards, take_out
from db.decisions import record_removal
from db.media import MediaStore
from db.models import (
    Copy,
    DistinctPair,
    Lease,
    Meme,
    MemeStatus,
    Pending,
    Prediction,
    Refused,
    Sighting,
    Vote,
)
from db.pseudonyms import FORGOTTEN, forgotten_post, salt
from db.regrouping import recount, swap_with_copy
from db.years import years_of

__all__ = [
    "Removed",
    "Removing",
    "SeenPost",
    "confirm",
    "half_removed",
    "posts_to_check",
    "remove_gone",
    "remove_memes",
    "sources_to_check",
]


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
    # What went with them, by where it was: votes, predictions, small_copies, ...
    also: Counter[str] = field(default_factory=Counter, compare=False)
    sha256s: list[str] = field(default_factory=list, compare=False)  # of the files

    def __iadd__(self, other: "Removed") -> "Removed":
        self.posts += other.posts
        self.memes += other.memes
        self.files += other.files
        self.also += other.also
        self.sha256s += other.sha256s
        return self


@dataclass(frozen=True, slots=True)
class Removing:
    """One transaction in which something is removed; under `Database.writing_alone`.

    Files are deleted before the rows say so: killed in between, the next time finds the same rows.
    """

    session: Session
    media: MediaStore
    data_dir: Path
    only_count: bool = False  # delete no file; whoever asks rolls the rows back

    def files(self, rows: Sequence[Meme | Copy]) -> int:
        """Delete the files of these rows, and small copies of them; gives how many of those."""
        sha256s = [row.sha256 for row in rows]
        if self.only_count:
            return n_in_shards(self.data_dir, sha256s)
        n_small = take_out(self.data_dir, sha256s)
        for row in rows:
            self.media.delete(row.sha256, row.format)
        return n_small


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


def half_removed(session: Session) -> dict[str, list[str]]:
    """The posts by source that an older memeEra removed, and kept the addresses of."""
    found: dict[str, list[str]] = {}
    for source, post_id in session.execute(
        select(Sighting.source, Sighting.post_id)
        .where(Sighting.gone_at.is_not(None), Sighting.post_id.not_like(f"{FORGOTTEN}%"))
        .distinct()
    ):
        found.setdefault(source, []).append(post_id)
    return found


def remove_gone(removing: Removing, source: str, post_ids: Collection[str]) -> Removed:
    """Remove these posts, and what was seen in them and nowhere else.

    A file goes with the last post that showed it, and a meme with its last file.

    Raises:
        MemeEraError: a file cannot be deleted.
    """
    session = removing.session
    where = (Sighting.source == source) & Sighting.post_id.in_(post_ids)
    sightings = session.scalars(select(Sighting).where(where)).all()
    removed = Removed(posts=len({one.post_id for one in sightings if one.gone_at is None}))
    removed.also.update(_forget_waiting(session, source, post_ids))
    memes = sorted({sighting.meme_id for sighting in sightings})
    _forget_places(session, sightings)
    for meme_id in memes:
        meme = session.get_one(Meme, meme_id)
        _remove_files(removing, meme, _gone_files(session, meme), removed)
    return removed


def remove_memes(removing: Removing, meme_ids: Collection[int]) -> Removed:
    """Remove these memes, all their files, and all that is known of where they were seen.

    Raises:
        MemeEraError: a file cannot be deleted.
    """
    session, removed = removing.session, Removed()
    for meme_id in sorted(meme_ids):
        meme = session.get_one(Meme, meme_id)
        sightings = session.scalars(select(Sighting).where(Sighting.meme_id == meme_id)).all()
        removed.posts += len({(s.source, s.post_id) for s in sightings if s.gone_at is None})
        _forget_places(session, sightings)
        files = [meme, *session.scalars(select(Copy).where(Copy.meme_id == meme_id))]
        _remove_files(removing, meme, [row for row in files if row.removed_at is None], removed)
    return removed


def _forget_places(session: Session, sightings: Iterable[Sighting]) -> None:
    """Keep of these sightings that there was one, and in which years the picture can be made."""
    key, now = salt(session), datetime.now(UTC)
    for seen in sightings:
        years = years_of([seen], ())
        seen.year_low, seen.year_high = years.low, years.high
        seen.post_id = forgotten_post(key, seen.source, seen.post_id)
        seen.gone_at = seen.gone_at or now
        seen.image_url = ""
        seen.community = seen.permalink = seen.title = seen.flair = seen.author = None
        seen.licence = seen.source_group = None
        seen.score = seen.fold = seen.posted_at = seen.confirmed_at = None
    session.flush()


def _forget_waiting(session: Session, source: str, post_ids: Collection[str]) -> Counter[str]:
    """Keep of media that are pending or refused what keeps them out."""
    key, n = salt(session), Counter[str]()
    for table in (Pending, Refused):
        rows: Sequence[Any] = session.scalars(  # either's: all that is read they have alike
            select(table).where(table.source == source, table.post_id.in_(post_ids))
        ).all()
        n[table.__tablename__] += len(rows)
        for row in rows:
            session.delete(row)
        session.flush()
        for row in rows:
            session.execute(
                insert(Refused).values(
                    listing=row.listing,
                    source=source,
                    post_id=forgotten_post(key, source, row.post_id),
                    media_index=row.media_index,
                    image_url="",
                    seen={},
                    attempts=0,
                    reason=Reject.REMOVED,
                    refused_at=datetime.now(UTC),
                )
            )
    return +n


def _gone_files(session: Session, meme: Meme) -> list[Meme | Copy]:
    """The files of a meme that every post which showed them is gone of.

    Where that is the meme's own and another is left, that one takes its place first.
    """
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
            gone.append(meme)
    return gone


def _remove_files(
    removing: Removing, meme: Meme, gone: Sequence[Meme | Copy], removed: Removed
) -> None:
    session = removing.session
    removed.also["small_copies"] += removing.files(gone)
    for row in gone:
        row.removed_at = datetime.now(UTC)
        row.signature = row.words = row.motion = row.wide_phash64 = row.inner_phash256 = None
        row.phash64 = row.phash256 = ""
        row.width = row.height = row.frames = row.n_bytes = 0
        session.flush()
        record_removal(session, row.sha256, meme.id)
        removed.files += 1
        removed.sha256s.append(row.sha256)
        _delete(session, removed, _told_apart(row.sha256), DistinctPair, "told_apart")
    if meme.removed_at is not None:
        removed.memes += meme.status != MemeStatus.REMOVED
        meme.status = MemeStatus.REMOVED
        for table in (Vote, Prediction, Lease):
            _delete(session, removed, table.meme_id == meme.id, table, f"{table.__tablename__}s")
    recount(session, meme.id)


def _told_apart(sha256: str) -> ColumnElement[bool]:
    return (DistinctPair.sha256_a == sha256) | (DistinctPair.sha256_b == sha256)


def _delete(
    session: Session,
    removed: Removed,
    where: ColumnElement[bool],
    table: type[DistinctPair | Vote | Prediction | Lease],
    name: str,
) -> None:
    ids = session.scalars(select(table.id).where(where)).all()
    if ids:
        session.execute(delete(table).where(where))
        removed.also[name] += len(ids)


def _is_gone(session: Session, meme: Meme, copy: Copy | None) -> bool:
    """Whether every post that showed a file is gone; what was seen nowhere stays."""
    where = Sighting.copy_id.is_(None) if copy is None else Sighting.copy_id == copy.id
    query = select(Sighting.gone_at).where(Sighting.meme_id == meme.id, where)
    times: Sequence[datetime | None] = session.scalars(query).all()
    return bool(times) and None not in times
