"""The tables. Every stage reads and writes these and nothing else of another stage."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    JSON,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

__all__ = [
    "Base",
    "Community",
    "Meme",
    "MemeStatus",
    "Run",
    "Sighting",
    "Template",
    "Verdict",
    "Vote",
]


class UtcDateTime(TypeDecorator[datetime]):
    """An aware UTC time; SQLite has no time zones, so it keeps the naive UTC time."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """To the database: UTC, naive where the database has no time zones."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"{value} has no time zone; times here are aware UTC")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """From the database: aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if dialect.name == "sqlite" else value.astimezone(UTC)


class AnyText(TypeDecorator[str]):
    """Text from the web or a file's name; what a database cannot hold is written as an escape.

    That is NUL, and the lone surrogates by which Python keeps bytes that are not UTF-8.
    """

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """To the database; what is looked up is escaped in the same way."""
        if value is None:
            return None
        return value.replace("\0", "\\x00").encode("utf-8", "backslashreplace").decode()


class Base(DeclarativeBase):
    """Root of all tables; constraint names are derived, so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_label)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: JSON}  # noqa: RUF012


class MemeStatus(StrEnum):
    """Whether a meme's picture may still be shown and learned from."""

    ACTIVE = "active"
    REMOVED = "removed"


class Verdict(StrEnum):
    """What a vote says."""

    GENRE = "genre"
    SKIP = "skip"
    NOT_A_MEME = "not_a_meme"
    UNSURE = "unsure"


class Template(Base):
    """A family of memes on one base picture."""

    __tablename__ = "template"

    id: Mapped[int] = mapped_column(primary_key=True)
    # Memes point to templates and back; the key is added after both tables exist.
    representative_id: Mapped[int | None] = mapped_column(ForeignKey("meme.id", use_alter=True))


class Meme(Base):
    """One distinct picture."""

    __tablename__ = "meme"

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    # Hex text: SQLite integers are signed.
    phash64: Mapped[str] = mapped_column(String(16))
    phash256: Mapped[str] = mapped_column(String(64))
    format: Mapped[str] = mapped_column(String(8))
    width: Mapped[int]  # px, as stored in the file
    height: Mapped[int]  # px, as stored in the file
    frames: Mapped[int]
    n_bytes: Mapped[int]
    template_id: Mapped[int] = mapped_column(ForeignKey("template.id"), index=True)
    status: Mapped[str] = mapped_column(String(16), default=MemeStatus.ACTIVE)
    nsfw: Mapped[bool] = mapped_column(default=False)
    posted_at: Mapped[datetime | None]  # of the earliest sighting that has a time
    added_at: Mapped[datetime]

    sightings: Mapped[list["Sighting"]] = relationship(
        back_populates="meme", order_by="Sighting.id"
    )


class Sighting(Base):
    """One place where a meme was seen."""

    __tablename__ = "sighting"
    __table_args__ = (UniqueConstraint("source", "post_id", "media_index"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meme_id: Mapped[int] = mapped_column(ForeignKey("meme.id"), index=True)
    source: Mapped[str] = mapped_column(String(64))
    post_id: Mapped[str] = mapped_column(AnyText)
    media_index: Mapped[int]  # its place in a gallery, from 0
    community: Mapped[str | None] = mapped_column(AnyText, index=True)
    image_url: Mapped[str] = mapped_column(AnyText, index=True)
    permalink: Mapped[str | None] = mapped_column(AnyText)
    title: Mapped[str | None] = mapped_column(AnyText)
    flair: Mapped[str | None] = mapped_column(AnyText)
    score: Mapped[int | None]
    posted_at: Mapped[datetime | None]
    crawled_at: Mapped[datetime]
    # When the meme was made, as far as the source says: from year_low to year_high, both included.
    year_low: Mapped[int | None]
    year_high: Mapped[int | None]
    # How a labelled collection divides itself: what belongs together, and the fold it is in.
    source_group: Mapped[str | None] = mapped_column(AnyText)
    fold: Mapped[int | None]

    meme: Mapped[Meme] = relationship(back_populates="sightings")


class Community(Base):
    """What the memes of one community usually are: the prior behind weak labels."""

    __tablename__ = "community"

    name: Mapped[str] = mapped_column(AnyText, primary_key=True)  # lower case
    genre: Mapped[str] = mapped_column(String(64))
    weight: Mapped[float]  # how far to trust the prior, 0 to 1


class Run(Base):
    """One crawl or import, with its counts by outcome."""

    __tablename__ = "run"

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(AnyText)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]  # none: still going, or killed
    # listed, known, added, reposts, failed; and rejected: {reason: n}
    counts: Mapped[dict[str, Any]]


class Vote(Base):
    """What one person said once; rows are never changed but for the mark of an undo."""

    __tablename__ = "vote"
    __table_args__ = (Index("ix_vote_annotator_created_at", "annotator", "created_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meme_id: Mapped[int] = mapped_column(ForeignKey("meme.id"), index=True)
    annotator: Mapped[str] = mapped_column(AnyText)
    verdict: Mapped[str] = mapped_column(String(16))
    genre: Mapped[str | None] = mapped_column(String(64))  # set where the verdict is a genre
    second_genre: Mapped[str | None] = mapped_column(String(64))
    trust: Mapped[str | None] = mapped_column(AnyText)  # what an imported label says of itself
    saw_suggestion: Mapped[bool] = mapped_column(default=False)
    idempotency_key: Mapped[str] = mapped_column(String(255), unique=True)
    created_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]
