"""Adds memes to the collection: the only code that writes a sighting."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any, Final

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from core.fingerprint import Fingerprint
from core.settings import Settings
from db.columns import as_key, insert_row
from db.decisions import record
from db.matching import Decision, Matcher, New, Repost, newest_decision
from db.media import MediaStore
from db.models import Copy, Meme, Sighting
from db.pictures import as_columns, keep_words
from db.pseudonyms import FORGOTTEN, forgotten_post, salt_if_any
from db.recognition import Looked
from db.session import Database
from db.sightings import Kept, kept
from db.templates import family_for, lead
from db.years import believed

__all__ = [
    "BARRED",
    "AddOutcome",
    "Added",
    "Adder",
    "Barred",
    "Collection",
    "Known",
    "Reposted",
    "Seen",
]


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
    author: str | None = None  # a pseudonym (`db.pseudonyms`)
    licence: str | None = None

    def __post_init__(self) -> None:
        if self.posted_at is not None and self.posted_at.tzinfo is None:
            raise ValueError(f"{self.posted_at} has no time zone; times here are aware UTC")


@dataclass(frozen=True, slots=True)
class Added:
    """A new meme."""

    meme_id: int
    copy_id: None = None  # it is the meme's own file


@dataclass(frozen=True, slots=True)
class Reposted:
    """A meme that we have, seen in another place."""

    meme_id: int
    copy_id: int | None = None  # which file of the meme it was; None: the meme's own


@dataclass(frozen=True, slots=True)
class Known:
    """This very sighting was recorded before; what is said of it anew is added."""

    meme_id: int
    copy_id: int | None = None


@dataclass(frozen=True, slots=True)
class Barred:
    """A file that was removed, or a post that was forgotten; nothing is kept of it."""

    meme_id: int
    copy_id: None = None


# Made once: to put a statement together takes longer than to run it.
_SIGHTED: Final = select(Sighting.id).where(
    Sighting.source == bindparam("source"),
    Sighting.post_id.in_([bindparam("post"), bindparam("forgotten")]),
    Sighting.media_index == bindparam("index"),
)

BARRED: Final = "this very file, or the post, was removed before, and is kept out"

AddOutcome = Added | Reposted | Known | Barred


class Collection:
    """The memes of one database with their picture files."""

    def __init__(self, database: Database, media: MediaStore) -> None:
        self.database = database
        self.media = media
        self._matcher = Matcher(media)
        self._lock = Lock()  # the matcher is one for all threads

    @classmethod
    def open(cls, settings: Settings) -> "Collection":
        """The collection that the settings name, made where there is none."""
        return cls(Database.open(settings), MediaStore.open(settings))

    def look(self, data: bytes, picture: Fingerprint) -> Looked:
        """Find out what a picture is to the memes there are, before a transaction begins.

        `Adder.add` then has to look at none but those added meanwhile. What takes long, above all
        reading words, holds nobody up here; any number of threads may look at once.
        """
        looked = Looked()
        with self.database.reading() as session:
            if kept(session, picture.sha256) is None:
                n_forgotten = self._matcher.n_forgotten
                looked.as_of = self._followed(session)
                looked.decision = self._matcher.decide(session, picture, lambda: data, looked)
                if self._matcher.n_forgotten != n_forgotten:
                    looked.decision = None  # it may have been found in an index half loaded
        return looked

    def follow(self) -> None:
        """Learn of all memes there are, as the first look does: of a million, it takes seconds."""
        with self.database.reading() as session:
            self._followed(session)

    def _followed(self, session: Session) -> int:
        """Let the matcher know all memes that a session sees; gives the last decision among them.

        Who adds memes holds the lock for a whole transaction. Where the matcher knows as much
        already, or more, nobody waits for that.
        """
        newest, as_of = newest_decision(session), self._matcher.as_of
        if as_of is None or as_of < newest:
            with self._lock:
                self._matcher.follow(session)
        return newest

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
        self._salt = salt_if_any(session)

    def add(
        self, data: bytes, picture: Fingerprint, seen: Seen, looked: Looked | None = None
    ) -> AddOutcome:
        """Record that a picture was seen; each file is kept once, a repost's as well.

        The file is written before its row, so that no row ever lacks its file; one that was lost
        is put back. With what `Collection.look` found out before, it is quick.

        Raises:
            MemeEraError: the file cannot be kept.
        """
        file = kept(self.session, picture.sha256)
        if file is not None:
            self._put_back(file, data)
        if (known := self._sighted(seen)) is not None:
            return _known(known, seen)
        if file is not None:
            return self._see(file, seen)
        looked = Looked() if looked is None else looked
        decision: Decision | None = looked.decision
        if decision is None or looked.as_of != self._matcher.as_of:
            decision = self._matcher.decide(self.session, picture, lambda: data, looked)
        for meme_id, lines in looked.read.items():
            keep_words(self.session, meme_id, lines)
        self._media.put(picture.sha256, picture.header.format, data)
        if isinstance(decision, Repost):
            return self._see(self._add_copy(picture, decision), seen)
        template_id, now = family_for(self.session, decision), datetime.now(UTC)
        meme_id = insert_row(
            self.session,
            Meme,
            template_id=template_id,
            nsfw=seen.nsfw,
            posted_at=believed(seen.posted_at, now),
            added_at=now,
            words=decision.words,
            **as_columns(picture),
        )
        if isinstance(decision, New):
            lead(self.session, template_id, meme_id)
        insert_row(self.session, Sighting, meme_id=meme_id, **_of_sighting(seen))
        decision_id = record(self.session, picture.sha256, meme_id, decision)
        self._matcher.learn(meme_id, picture, decision_id)
        return Added(meme_id)

    def see_again(self, sha256: str, seen: Seen, data: bytes | None = None) -> AddOutcome:
        """Record one more place where a file that we have, by its SHA-256, was seen.

        Args:
            sha256: of the file's bytes.
            seen: where.
            data: the bytes, where they are at hand: the file is put back if it was lost.

        Raises:
            MemeEraError: the file cannot be kept.
        """
        file = kept(self.session, sha256)
        assert file is not None, f"{sha256} was never added"
        if data is not None:
            self._put_back(file, data)
        if (known := self._sighted(seen)) is not None:
            return _known(known, seen)
        return self._see(file, seen)

    def _put_back(self, file: Kept, data: bytes) -> None:
        if file.is_removed:
            return
        row: Copy | Meme
        if file.copy_id is not None:
            row = self.session.get_one(Copy, file.copy_id)
        else:
            row = self.session.get_one(Meme, file.meme_id)
        self._media.put(row.sha256, row.format, data)

    def _see(self, file: Kept, seen: Seen) -> Reposted | Barred:
        if file.is_removed:
            return Barred(file.meme_id)
        meme = self.session.get_one(Meme, file.meme_id)
        place = {"meme_id": file.meme_id, "copy_id": file.copy_id}
        insert_row(self.session, Sighting, **place, **_of_sighting(seen))
        meme.nsfw = meme.nsfw or seen.nsfw
        posted_at = believed(seen.posted_at, datetime.now(UTC))
        if posted_at and (meme.posted_at is None or posted_at < meme.posted_at):
            meme.posted_at = posted_at
        self.session.flush()
        return Reposted(file.meme_id, file.copy_id)

    def _add_copy(self, picture: Fingerprint, decision: Repost) -> Kept:
        copy_id = insert_row(
            self.session,
            Copy,
            meme_id=decision.of,
            added_at=datetime.now(UTC),
            words=decision.words,
            **as_columns(picture),
        )
        record(self.session, picture.sha256, decision.of, decision)
        return Kept(decision.of, copy_id)

    def _sighted(self, seen: Seen) -> Sighting | None:
        post = as_key(seen.post_id)  # as the column has it; parameters in a list know no column
        place = {
            "source": seen.source,
            "post": post,
            "forgotten": forgotten_post(self._salt, seen.source, post),
            "index": seen.media_index,
        }
        known = self.session.connection().scalar(_SIGHTED, place)
        return None if known is None else self.session.get_one(Sighting, known)


def _known(sighting: Sighting, seen: Seen) -> Known | Barred:
    """What a labelled collection says may come after its pictures did."""
    if sighting.post_id.startswith(FORGOTTEN):
        return Barred(sighting.meme_id)
    for name in ("community", "year_low", "year_high", "source_group", "fold"):
        if (value := getattr(seen, name)) is not None:
            setattr(sighting, name, value.lower() if name == "community" else value)
    return Known(sighting.meme_id, sighting.copy_id)


def _of_sighting(seen: Seen) -> dict[str, Any]:
    """The columns of a sighting but for which file it was."""
    return {
        **asdict(seen),
        "community": seen.community.lower() if seen.community else None,
        "crawled_at": datetime.now(UTC),
    }
