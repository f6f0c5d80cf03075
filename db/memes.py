"""Adds memes to the collection: the only code that writes a meme or a sighting."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.fingerprint import Fingerprint
from core.settings import Settings
from db.matching import Matcher, New, Repost, SameTemplate
from db.media import MediaStore
from db.models import Meme, Sighting, Template
from db.session import Database

__all__ = ["AddOutcome", "Added", "Adder", "Collection", "Known", "Reposted", "Seen"]


@dataclass(frozen=True, slots=True)
class Seen:
    """Where and when a picture was seen, and what its source says of it."""

    source: str
    post_id: str
    image_url: str
    media_index: int = 0
    community: str | None = None
    permalink: str | None = None
    title: str | None = None
    flair: str | None = None
    score: int | None = None
    posted_at: datetime | None = None
    nsfw: bool = False
    year_low: int | None = None
    year_high: int | None = None
    source_group: str | None = None
    fold: int | None = None

    def __post_init__(self) -> None:
        if self.posted_at is not None and self.posted_at.tzinfo is None:
            raise ValueError(f"{self.posted_at} has no time zone; times here are aware UTC")


@dataclass(frozen=True, slots=True)
class Added:
    """A new meme."""

    meme_id: int


@dataclass(frozen=True, slots=True)
class Reposted:
    """A meme that we have, seen in another place."""

    meme_id: int


@dataclass(frozen=True, slots=True)
class Known:
    """This very sighting was recorded before; what is said of it anew is added."""

    meme_id: int


AddOutcome = Added | Reposted | Known


class Collection:
    """The memes of one database with their picture files."""

    def __init__(self, database: Database, media: MediaStore) -> None:
        self.database = database
        self.media = media
        self._matcher = Matcher()
        self._lock = Lock()  # the matcher is one for all threads

    @classmethod
    def open(cls, settings: Settings) -> "Collection":
        """The collection that the settings name, made where there is none."""
        return cls(Database.open(settings), MediaStore.open(settings))

    @contextmanager
    def adding(self) -> Iterator["Adder"]:
        """A transaction in which memes are added, one process at a time; committed at the end."""
        with self._lock:
            try:
                with self.database.writing_alone() as session:
                    self._matcher.follow(session)
                    yield Adder(session, self._matcher, self.media)
            except BaseException:
                self._matcher.forget()  # it followed rows that are no more
                raise


class Adder:
    """Adds memes within one transaction."""

    def __init__(self, session: Session, matcher: Matcher, media: MediaStore) -> None:
        self.session = session
        self._matcher = matcher
        self._media = media

    def add(self, data: bytes, picture: Fingerprint, seen: Seen) -> AddOutcome:
        """Record that a picture was seen; the picture itself is kept once.

        The file is written before its row, so that no row ever lacks its file.

        Raises:
            MemeEraError: the file cannot be kept.
        """
        if (known := self._sighted(seen)) is not None:
            return _known(known, seen)
        if (meme_id := self._with_bytes(picture.sha256)) is not None:
            return self.see_again(meme_id, seen)
        match self._matcher.decide(picture):
            case Repost(of=meme_id):
                return self.see_again(meme_id, seen)
            case SameTemplate(template=template_id):
                template = self.session.get_one(Template, template_id)
            case New():
                template = Template()
                self.session.add(template)
                self.session.flush()
        self._media.put(picture.sha256, picture.header.format, data)
        meme = _meme(picture, template.id, seen)
        meme.sightings.append(_sighting(seen))
        self.session.add(meme)
        self.session.flush()
        if template.representative_id is None:
            template.representative_id = meme.id
        self._matcher.follow(self.session)
        return Added(meme.id)

    def see_again(self, meme_id: int, seen: Seen) -> AddOutcome:
        """Record one more place where a meme that we have was seen."""
        if (known := self._sighted(seen)) is not None:
            return _known(known, seen)
        meme = self.session.get_one(Meme, meme_id)
        sighting = _sighting(seen)
        sighting.meme_id = meme_id
        self.session.add(sighting)
        meme.nsfw = meme.nsfw or seen.nsfw
        if seen.posted_at and (meme.posted_at is None or seen.posted_at < meme.posted_at):
            meme.posted_at = seen.posted_at
        self.session.flush()
        return Reposted(meme_id)

    def _sighted(self, seen: Seen) -> Sighting | None:
        return self.session.scalar(
            select(Sighting).where(
                Sighting.source == seen.source,
                Sighting.post_id == seen.post_id,
                Sighting.media_index == seen.media_index,
            )
        )

    def _with_bytes(self, sha256: str) -> int | None:
        return self.session.scalar(select(Meme.id).where(Meme.sha256 == sha256))


def _known(sighting: Sighting, seen: Seen) -> Known:
    """What a labelled collection says may come after its pictures did."""
    for name in ("community", "year_low", "year_high", "source_group", "fold"):
        if (value := getattr(seen, name)) is not None:
            setattr(sighting, name, value.lower() if name == "community" else value)
    return Known(sighting.meme_id)


def _meme(picture: Fingerprint, template_id: int, seen: Seen) -> Meme:
    return Meme(
        sha256=picture.sha256,
        phash64=picture.phash64,
        phash256=picture.phash256,
        format=picture.header.format,
        width=picture.header.width,
        height=picture.header.height,
        frames=picture.header.frames,
        n_bytes=picture.n_bytes,
        template_id=template_id,
        nsfw=seen.nsfw,
        posted_at=seen.posted_at,
        added_at=datetime.now(UTC),
    )


def _sighting(seen: Seen) -> Sighting:
    return Sighting(
        source=seen.source,
        post_id=seen.post_id,
        media_index=seen.media_index,
        community=seen.community.lower() if seen.community else None,
        image_url=seen.image_url,
        permalink=seen.permalink,
        title=seen.title,
        flair=seen.flair,
        score=seen.score,
        posted_at=seen.posted_at,
        crawled_at=datetime.now(UTC),
        year_low=seen.year_low,
        year_high=seen.year_high,
        source_group=seen.source_group,
        fold=seen.fold,
    )
