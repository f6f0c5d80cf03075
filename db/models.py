"""The tables. Every stage reads and writes these and nothing else of another stage."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, LargeBinary, String, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from db.columns import AnyText, Base, KeyText

__all__ = [
    "Base",
    "Channel",
    "Community",
    "Copy",
    "DecidedBy",
    "DecisionRecord",
    "DistinctPair",
    "Lease",
    "Meme",
    "MemeStatus",
    "Outcome",
    "PictureFile",
    "Prediction",
    "Rematch",
    "Run",
    "Sighting",
    "Template",
    "Verdict",
    "Vote",
]


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


class Channel(StrEnum):
    """How a vote came in."""

    LABEL = "label"
    GRID = "grid"
    REVIEW = "review"
    IMPORT = "import"  # with a labelled collection
    CORRECTION = "correction"  # from anybody at the window: it asks, and does not count


class Outcome(StrEnum):
    """What a picture was found to be when it was decided about."""

    REPOST = "repost"  # the same meme as another: it is, or became, a copy of it
    SAME_TEMPLATE = "same_template"  # a meme of its own, in a family that there was
    NEW = "new"  # a meme of its own, unlike the others
    SPLIT = "split"  # a person said that it was no repost: a meme of its own
    LEFT_FAMILY = "left_family"  # a person took it out of its family (`db.belonging`)
    JOINED_FAMILY = "joined_family"  # a person made its family one with another
    REMOVED = "removed"  # gone everywhere it was seen: its file was deleted


class DecidedBy(StrEnum):
    """What a decision rests on."""

    BITS = "bits"  # the perceptual hashes alone
    PIXELS = "pixels"  # the two pictures laid over each other
    WORDS = "words"  # what is written in them
    PERSON = "person"
    SOURCE = "source"  # the places it was seen at


class Template(Base):
    """A family of memes on one base picture."""

    __tablename__ = "template"

    id: Mapped[int] = mapped_column(primary_key=True)
    # Memes point to templates and back; the key is added after both tables exist.
    representative_id: Mapped[int | None] = mapped_column(ForeignKey("meme.id", use_alter=True))


class PictureFile:
    """The columns of a picture file that is kept, whether it is a meme's own or a copy's."""

    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    # Hex text: SQLite integers are signed.
    phash64: Mapped[str] = mapped_column(String(16))
    # Of the picture as if it were a crop; null in rows of before, until a rematch.
    wide_phash64: Mapped[str | None] = mapped_column(String(16))
    phash256: Mapped[str] = mapped_column(String(64))
    # Of the picture inside a screenshot's frame; null where there is no frame.
    inner_phash256: Mapped[str | None] = mapped_column(String(64))
    # Hashes of later frames of an animation, in hex; null for stills.
    motion: Mapped[str | None] = mapped_column(AnyText)
    format: Mapped[str] = mapped_column(String(8))
    width: Mapped[int]  # px, as stored in the file
    height: Mapped[int]  # px, as stored in the file
    frames: Mapped[int]
    n_bytes: Mapped[int]
    # A few KB for comparing pictures in detail; null in rows of before, until a rematch.
    signature: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
    # When the file was deleted, because it is gone everywhere it was seen.
    removed_at: Mapped[datetime | None]
    # The lines that were read in the picture; null: not read yet.
    words: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True), deferred=True)


class Meme(PictureFile, Base):
    """One distinct picture."""

    __tablename__ = "meme"
    __table_args__ = (
        # All that `db.matching` loads, so that it need not read the signatures in between: at a
        # million memes 2 s instead of 40, where the file is not in memory yet.
        Index("ix_meme_hashes", "status", "id", "phash64", "phash256", "inner_phash256"),
        # Ids are never used again: the decisions name memes that are gone.
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    template_id: Mapped[int] = mapped_column(ForeignKey("template.id"), index=True)
    status: Mapped[str] = mapped_column(String(16), default=MemeStatus.ACTIVE)
    nsfw: Mapped[bool] = mapped_column(default=False)
    posted_at: Mapped[datetime | None]  # of the earliest sighting whose time can be true
    added_at: Mapped[datetime]

    sightings: Mapped[list["Sighting"]] = relationship(
        back_populates="meme", order_by="Sighting.id"
    )


class Copy(PictureFile, Base):
    """One more file of a meme: other bytes that were found to be the same meme again."""

    __tablename__ = "copy"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    meme_id: Mapped[int] = mapped_column(ForeignKey("meme.id"), index=True)
    added_at: Mapped[datetime]


class Sighting(Base):
    """One place where a meme was seen."""

    __tablename__ = "sighting"
    __table_args__ = (UniqueConstraint("source", "post_id", "media_index"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meme_id: Mapped[int] = mapped_column(ForeignKey("meme.id"), index=True)
    # Which file was seen there; null: the meme's own.
    copy_id: Mapped[int | None] = mapped_column(ForeignKey("copy.id"), index=True)
    source: Mapped[str] = mapped_column(String(64))
    post_id: Mapped[str] = mapped_column(KeyText)
    media_index: Mapped[int]  # its place in a gallery, from 0
    community: Mapped[str | None] = mapped_column(KeyText, index=True)
    image_url: Mapped[str] = mapped_column(KeyText, index=True)
    permalink: Mapped[str | None] = mapped_column(AnyText)
    title: Mapped[str | None] = mapped_column(AnyText)
    flair: Mapped[str | None] = mapped_column(AnyText)
    score: Mapped[int | None]
    nsfw: Mapped[bool] = mapped_column(default=False)
    posted_at: Mapped[datetime | None]
    crawled_at: Mapped[datetime]
    # When the meme was made, as far as the source says: from year_low to year_high, both included.
    year_low: Mapped[int | None]
    year_high: Mapped[int | None]
    # Who posted it: a salted hash, by which one person's posts are known as such, and nobody found.
    author: Mapped[str | None] = mapped_column(String(16))
    licence: Mapped[str | None] = mapped_column(AnyText)  # as the source states it
    confirmed_at: Mapped[datetime | None]  # when it was last found still to be there
    gone_at: Mapped[datetime | None]  # when it was found to be gone
    # How a labelled collection divides itself: what belongs together, and the fold it is in.
    source_group: Mapped[str | None] = mapped_column(AnyText)
    fold: Mapped[int | None]

    meme: Mapped[Meme] = relationship(back_populates="sightings")


class DecisionRecord(Base):
    """One decision about one picture file; rows are never changed but for the mark of an undo.

    Both the record of why each file is where it is, and the feed by which other processes follow
    what becomes of memes (`db.matching.Matcher.follow`). So ids only grow, and memes are named
    without a foreign key: they may be gone.
    """

    __tablename__ = "decision"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256: Mapped[str] = mapped_column(String(64), index=True)
    outcome: Mapped[str] = mapped_column(String(16))
    meme_id: Mapped[int]  # what the file belongs to from then on
    gone_id: Mapped[int | None]  # the meme that it was, and that became a copy
    nearest_id: Mapped[int | None]  # the meme it was compared with
    score: Mapped[float | None]  # how unlike that one, in the unit of `by`
    by: Mapped[str] = mapped_column(String(16))
    annotator: Mapped[str | None] = mapped_column(AnyText)  # who, where a person said so
    decided_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class DistinctPair(Base):
    """Two files of which a person said that they are different memes; no machine joins them."""

    __tablename__ = "distinct_pair"
    __table_args__ = (UniqueConstraint("sha256_a", "sha256_b"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    sha256_a: Mapped[str] = mapped_column(String(64))  # the lesser of the two
    sha256_b: Mapped[str] = mapped_column(String(64), index=True)
    annotator: Mapped[str] = mapped_column(AnyText)
    created_at: Mapped[datetime]


class Rematch(Base):
    """One time that the whole collection was decided anew, and how far it came."""

    __tablename__ = "rematch"

    id: Mapped[int] = mapped_column(primary_key=True)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]  # none: still going, or killed
    last_meme_id: Mapped[int]  # memes up to here are done
    last_copy_id: Mapped[int]  # then copies, up to here
    counts: Mapped[dict[str, Any]]  # those of `db.rematch.Tally`


class Community(Base):
    """What the memes of one community usually are: the prior behind weak labels."""

    __tablename__ = "community"

    name: Mapped[str] = mapped_column(KeyText, primary_key=True)  # lower case
    genre: Mapped[str] = mapped_column(String(64))
    weight: Mapped[float]  # how far to trust the prior, 0 to 1


class Waiting:
    """The columns of a medium that was listed and is not in the collection."""

    id: Mapped[int] = mapped_column(primary_key=True)
    listing: Mapped[str] = mapped_column(KeyText, index=True)  # which one brought it up
    source: Mapped[str] = mapped_column(String(64))
    post_id: Mapped[str] = mapped_column(KeyText)
    media_index: Mapped[int]
    image_url: Mapped[str] = mapped_column(AnyText)
    seen: Mapped[dict[str, Any]]  # the rest of `db.memes.Seen`, as far as it is known
    attempts: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str | None] = mapped_column(String(32))  # of the last attempt (a `Reject`)
    detail: Mapped[str | None] = mapped_column(AnyText)


class Pending(Waiting, Base):
    """A medium that is known and not fetched yet: the frontier of all crawls."""

    __tablename__ = "pending"
    __table_args__ = (UniqueConstraint("source", "post_id", "media_index"),)

    next_try_at: Mapped[datetime] = mapped_column(index=True)


class Refused(Waiting, Base):
    """A medium that came to no picture, and why; no listing brings it up again."""

    __tablename__ = "refused"
    __table_args__ = (UniqueConstraint("source", "post_id", "media_index"),)

    refused_at: Mapped[datetime]


class Watermark(Base):
    """How far a listing has come: what is newer is new."""

    __tablename__ = "watermark"

    listing: Mapped[str] = mapped_column(KeyText, primary_key=True)
    mark: Mapped[str] = mapped_column(AnyText)  # in the source's own words
    moved_at: Mapped[datetime]


class Salt(Base):
    """What authors' names are hashed with: one row, made once, never shown."""

    __tablename__ = "salt"

    id: Mapped[int] = mapped_column(primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary)


class Run(Base):
    """One crawl or import, with its counts by outcome."""

    __tablename__ = "run"

    id: Mapped[int] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(AnyText)
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]  # none: still going, or killed
    # of `db.runs.Counts`: listed, known, added, ...; and rejected: {reason: n}
    counts: Mapped[dict[str, Any]]


class Vote(Base):
    """What one person said once; rows are never changed but for the mark of an undo."""

    __tablename__ = "vote"
    __table_args__ = (
        Index("ix_vote_annotator_created_at", "annotator", "created_at"),
        # Corrections are few: what they are about is found without a look at any other vote.
        Index(
            "ix_vote_corrections",
            "meme_id",
            sqlite_where=text("channel = 'correction'"),
            postgresql_where=text("channel = 'correction'"),
        ),
        # So are those that say when a meme was made.
        Index(
            "ix_vote_years",
            "meme_id",
            sqlite_where=text("year_high IS NOT NULL"),
            postgresql_where=text("year_high IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    # Follows the picture that was judged where it goes: to another meme, or to one of its own.
    meme_id: Mapped[int] = mapped_column(ForeignKey("meme.id"), index=True)
    # Where one file was judged, and not the meme: which; null: the meme's own.
    copy_id: Mapped[int | None] = mapped_column(ForeignKey("copy.id"), index=True)
    annotator: Mapped[str] = mapped_column(KeyText)
    channel: Mapped[str] = mapped_column(
        String(16), default=Channel.LABEL, server_default=Channel.LABEL
    )
    verdict: Mapped[str] = mapped_column(String(16))
    genre: Mapped[str | None] = mapped_column(String(64))  # set where the verdict is a genre
    second_genre: Mapped[str | None] = mapped_column(String(64))
    trust: Mapped[str | None] = mapped_column(AnyText)  # what an imported label says of itself
    saw_suggestion: Mapped[bool] = mapped_column(default=False)
    # Whether this person calls it not safe for work; null: they left it as the sources say.
    nsfw: Mapped[bool | None]
    # When this person says that the meme was made, both included; null, both: they do not say.
    year_low: Mapped[int | None]
    year_high: Mapped[int | None]
    # Whether it was said in knowledge of what others said, to settle it.
    settles: Mapped[bool] = mapped_column(default=False, server_default=false())
    idempotency_key: Mapped[str] = mapped_column(String(255), unique=True)
    created_at: Mapped[datetime]
    undone_at: Mapped[datetime | None]


class Lease(Base):
    """Who is looking at what, so that no two people are asked the same without need."""

    __tablename__ = "lease"
    __table_args__ = (UniqueConstraint("meme_id", "annotator"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    # A meme that is merged into another takes its leases and predictions with it.
    meme_id: Mapped[int] = mapped_column(ForeignKey("meme.id", ondelete="CASCADE"))
    annotator: Mapped[str] = mapped_column(KeyText, index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Prediction(Base):
    """What one model said of one meme."""

    __tablename__ = "prediction"
    __table_args__ = (UniqueConstraint("meme_id", "model_version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    meme_id: Mapped[int] = mapped_column(ForeignKey("meme.id", ondelete="CASCADE"))
    model_version: Mapped[str] = mapped_column(String(64))
    genre: Mapped[str] = mapped_column(String(64), index=True)  # the most likely one
    scores: Mapped[dict[str, Any]]  # probability by genre
    entropy: Mapped[float]  # of the scores, as a share of the greatest possible: 0 sure, 1 no idea
    # Years: as likely earlier as later; one in ten is earlier, one in ten is later.
    year: Mapped[int | None]
    year_low: Mapped[int | None]
    year_high: Mapped[int | None]
    # Whether the model had never learned from this meme, nor from its family.
    held_out: Mapped[bool]
    predicted_at: Mapped[datetime]
    # Where the model sees the meme (`db.embeddings`); None: an older memeEra asked.
    embedding: Mapped[bytes | None] = mapped_column(LargeBinary, deferred=True)
